/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log: for people. By source and level, to stderr. Audit events are not logs (obs/events.h).
 * Never pass secrets, tokens or packet payload.
 */
#ifndef JVPN_BASE_LOG_H
#define JVPN_BASE_LOG_H

#include <stdbool.h>

enum jvpn_log_level { JVPN_LOG_ERROR = 0, JVPN_LOG_WARN, JVPN_LOG_INFO, JVPN_LOG_DEBUG };

enum jvpn_log_source {
	JVPN_LOG_MAIN = 0,
	JVPN_LOG_SESSION,
	JVPN_LOG_QUIC,
	JVPN_LOG_TUN,
	JVPN_LOG_STORE,
	JVPN_LOG_CTL,
	JVPN_LOG_SOURCE_COUNT
};

/* The program name that starts each line ("jvpn-server"); 'name' must outlive the process.
 * journald priorities ("<n>") are written when stderr is connected to the journal. */
void jvpn_log_init(const char *name, enum jvpn_log_level level);
enum jvpn_log_level jvpn_log_get_level(void);
void jvpn_log(enum jvpn_log_level level, enum jvpn_log_source source, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Is it read by somebody at a terminal, who can see a line being changed? */
bool jvpn_log_has_terminal(void);
/* A line without an end below everything that is logged, until it is "". Only with a terminal. */
void jvpn_log_set_status(const char *text);

#define jvpn_log_error(source, ...) jvpn_log(JVPN_LOG_ERROR, (source), __VA_ARGS__)
#define jvpn_log_warn(source, ...)  jvpn_log(JVPN_LOG_WARN, (source), __VA_ARGS__)
#define jvpn_log_info(source, ...)  jvpn_log(JVPN_LOG_INFO, (source), __VA_ARGS__)
#define jvpn_log_debug(source, ...)                                                                \
	do {                                                                                       \
		if (jvpn_log_get_level() >= JVPN_LOG_DEBUG)                                        \
			jvpn_log(JVPN_LOG_DEBUG, (source), __VA_ARGS__);                           \
	} while (0)

#endif
