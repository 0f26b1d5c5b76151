/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys control.* that both configurations have, and where the control socket is, as seen from the
 * program that makes it and from a command that looks for it.
 */
#ifndef JVPN_CONFIG_CONTROL_H
#define JVPN_CONFIG_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "config/file.h"
#include "config/schema.h"

struct jvpn_load;

#define JVPN_CONTROL_GROUP_MAX 31

enum jvpn_group_may { JVPN_GROUP_MAY_READ = 0, JVPN_GROUP_MAY_ACT };

struct jvpn_config_control {
	char socket[JVPN_CONFIG_PATH_MAX]; /* "": auto; "off" */
	char group[JVPN_CONTROL_GROUP_MAX + 1];
	int group_may; /* enum jvpn_group_may */
};

extern const struct jvpn_word jvpn_control_group_words[];

/* Elements of a program's table of keys. */
#define JVPN_CONTROL_KEYS(type_, field_)                                                           \
	{.path = "control.socket",                                                                 \
	 .type = JVPN_KEY_SOCKET,                                                                  \
	 .offset = offsetof(type_, field_.socket),                                                 \
	 .flags = JVPN_KEY_AUTO,                                                                   \
	 .def = "auto",                                                                            \
	 .help = "Unix socket for the control commands; auto: its usual place, if it is free."},   \
		{.path = "control.group",                                                          \
		 .type = JVPN_KEY_NAME,                                                            \
		 .offset = offsetof(type_, field_.group),                                          \
		 .min = 1,                                                                         \
		 .max = JVPN_CONTROL_GROUP_MAX,                                                    \
		 .help = "Group, by name or number, whose members may use it; the program's own "  \
			 "if missing."},                                                           \
	{                                                                                          \
		.path = "control.group_may", .type = JVPN_KEY_WORD,                                \
		.offset = offsetof(type_, field_.group_may), .words = jvpn_control_group_words,    \
		.def = "read",                                                                     \
		.help = "What members of the group may do; root and the program's user may "       \
			"do everything."                                                           \
	}

/* The usual place: RUNSTATEDIR/server.sock; RUNSTATEDIR/client-NAME.sock, NAME after the file of the
 * configuration (.../NAME.yaml). */
void jvpn_control_default_path(bool server, const char *config_path,
			       char out[JVPN_CONFIG_PATH_MAX]);
/* Where a command looks: 'given' if it is not NULL, else what the configuration says as far as it can
 * be read (keys: the whole table of the program; values: zeroed memory of its struct; control: inside
 * it), else the usual place. False: it says off. */
bool jvpn_control_find_path(bool server, const char *config_path, const struct jvpn_load *load,
			    void *values, struct jvpn_config_control *control);

#endif
