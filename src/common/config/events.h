/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys events.* that both configurations have: where the event stream goes.
 */
#ifndef JVPN_CONFIG_EVENTS_H
#define JVPN_CONFIG_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/file.h"
#include "config/schema.h"

struct jvpn_load;

#define JVPN_CONFIG_OUTPUTS_MAX 4

struct jvpn_config_outputs {
	size_t count;
	char item[JVPN_CONFIG_OUTPUTS_MAX][JVPN_CONFIG_PATH_MAX];
};

struct jvpn_config_events {
	struct jvpn_config_outputs outputs; /* "stdout", "journald", "syslog" or a path */
	char journal_socket[JVPN_CONFIG_PATH_MAX];
	char syslog_socket[JVPN_CONFIG_PATH_MAX];
	int syslog_facility; /* RFC 5424 */
};

extern const struct jvpn_word jvpn_events_facilities[];

/* Elements of a program's table of keys. */
#define JVPN_EVENTS_KEYS(type_, field_)                                                            \
	{.path = "events.output",                                                                  \
	 .type = JVPN_KEY_OUTPUTS,                                                                 \
	 .offset = offsetof(type_, field_.outputs),                                                \
	 .min = 1,                                                                                 \
	 .flags = JVPN_KEY_SINGLE,                                                                 \
	 .def = "stdout",                                                                          \
	 .help = "Where the event stream goes."},                                                  \
		{.path = "events.journal_socket",                                                  \
		 .type = JVPN_KEY_PATH,                                                            \
		 .offset = offsetof(type_, field_.journal_socket),                                 \
		 .def = "/run/systemd/journal/socket",                                             \
		 .help = "Datagram socket of the output journald."},                               \
		{.path = "events.syslog_socket",                                                   \
		 .type = JVPN_KEY_PATH,                                                            \
		 .offset = offsetof(type_, field_.syslog_socket),                                  \
		 .def = "/dev/log",                                                                \
		 .help = "Datagram socket of the output syslog."},                                 \
	{                                                                                          \
		.path = "events.syslog_facility", .type = JVPN_KEY_WORD,                           \
		.offset = offsetof(type_, field_.syslog_facility),                                 \
		.words = jvpn_events_facilities, .def = "daemon",                                  \
		.help = "Facility of the output syslog."                                           \
	}

/* Rules between the keys; errors go to the report. */
void jvpn_config_events_check(struct jvpn_load *load, const struct jvpn_config_events *events);
/* --events: this output alone. False: its path is too long or empty. */
bool jvpn_config_events_override(struct jvpn_config_events *events, const char *output);

#endif
