/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the control socket is. Opens nothing but the configuration.
 */
#include "config/control.h"

#include <stdio.h>
#include <string.h>

#include "config/load.h"

const struct jvpn_word jvpn_control_group_words[] = {
	{"read", JVPN_GROUP_MAY_READ},
	{"act", JVPN_GROUP_MAY_ACT},
	{NULL, 0},
};

/* "/etc/jvpn/office.yaml" -> "office" */
static void instance_of(const char *config_path, char out[64])
{
	const char *slash = strrchr(config_path, '/'), *name = slash ? slash + 1 : config_path;
	const char *dot = strrchr(name, '.');
	size_t len = dot && dot != name ? (size_t)(dot - name) : strlen(name);

	if (len > 63)
		len = 63;
	for (size_t i = 0; i < len; i++)
		out[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '-';
	out[len] = '\0';
}

void jvpn_control_default_path(bool server, const char *config_path, char out[JVPN_CONFIG_PATH_MAX])
{
	char name[64];

	instance_of(config_path, name);
	if (server)
		snprintf(out, JVPN_CONFIG_PATH_MAX, "%s/server.sock", JVPN_RUNSTATEDIR);
	else
		snprintf(out, JVPN_CONFIG_PATH_MAX, "%s/client-%s.sock", JVPN_RUNSTATEDIR, name);
}

bool jvpn_control_find_path(bool server, const char *config_path, const struct jvpn_load *load,
			    void *values, struct jvpn_config_control *control)
{
	struct jvpn_load mine = {.keys = load->keys, .count = load->count, .path = config_path};

	/* What else is wrong with the file is no matter of this command. */
	mine.report = jvpn_report_new();
	if (mine.report) {
		jvpn_schema_init(mine.keys, mine.count, config_path, values);
		(void)jvpn_load_file(&mine, values);
		jvpn_load_clear(&mine);
	}
	jvpn_report_free(mine.report);
	if (!control->socket[0])
		jvpn_control_default_path(server, config_path, control->socket);
	return strcmp(control->socket, "off") != 0;
}
