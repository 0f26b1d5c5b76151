/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Answers of the control socket for people: tables, durations, units, colours. What comes from outside
 * is printed as plain text and nothing else: it cannot steer the terminal.
 */
#ifndef JVPN_CTL_SHOW_H
#define JVPN_CTL_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/fsm_table.h"
#include "ctl/ask.h"

struct jvpn_ctl_show {
	FILE *out;
	bool colours;
	enum jvpn_ctl_command_id command;
	unsigned lines; /* of the list so far */
	/* what was learned from the answer, for the exit code */
	enum jvpn_state state; /* NONE: there was none in it */
	bool draining;
	bool refused;
	char code[32]; /* of the error */
	int exit_code; /* that the daemon proposes; 0: none */
};

/* One line of the answer. False: it is no JSON. */
bool jvpn_ctl_show_line(struct jvpn_ctl_show *show, enum jvpn_ctl_line kind, const char *json);
/* The same, but only what is learned from it. */
bool jvpn_ctl_learn_line(struct jvpn_ctl_show *show, enum jvpn_ctl_line kind, const char *json);
/* "3.2 s", "4 min 10 s", "2 h 05 min", "3 d 04 h". */
void jvpn_ctl_show_duration(uint64_t ms, char *out, size_t size);
/* "12 B", "1.5 KiB", "3.0 MiB" ... */
void jvpn_ctl_show_bytes(uint64_t bytes, char *out, size_t size);

#endif
