/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of commands. Data only.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <string.h>

static const struct jvpn_ctl_command commands[] = {
#define X(id, name, roles, acts, keys, required, cost, help)                                       \
	{JVPN_CTL_##id, (name), (roles), (acts), (keys), (required), (cost), (help)},
	JVPN_CTL_COMMAND_MAP(X)
#undef X
};

#define COUNT (sizeof(commands) / sizeof(commands[0]))

const struct jvpn_ctl_command *jvpn_ctl_command_find(const char *name, unsigned role)
{
	for (size_t i = 0; i < COUNT; i++)
		if ((commands[i].roles & role) && strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

const struct jvpn_ctl_command *jvpn_ctl_command_get(enum jvpn_ctl_command_id id)
{
	return id > JVPN_CTL_NONE && id < JVPN_CTL_COUNT ? &commands[id - 1] : NULL;
}

void jvpn_ctl_command_list(unsigned role, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNT && at < size; i++)
		if (commands[i].roles & role)
			at += (size_t)snprintf(out + at, size - at, at ? ", %s" : "%s",
					       commands[i].name);
}
