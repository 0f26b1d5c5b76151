/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a service manager hears of this process: sd_notify(3)'s protocol, without libsystemd. Nobody asked
 * (no NOTIFY_SOCKET): everything here does nothing. Never blocks for longer than NOTIFY_WAIT_MS.
 */
#ifndef JVPN_RUNTIME_NOTIFY_H
#define JVPN_RUNTIME_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define JVPN_NOTIFY_STATUS_MAX 200
/* The status is told at most so often. */
#define JVPN_NOTIFY_STATUS_NS (1000 * 1000 * 1000ULL)

/* Owner: main. All zero: nobody asked. */
struct jvpn_notify {
	bool is_on;
	int fd;
	struct sockaddr_un address;
	socklen_t address_len;
	uint64_t
		watchdog_ns; /* a sign of life is due so often, half of what is allowed; 0: not wanted */
	uint64_t alive_at_ns;  /* and the next one then */
	uint64_t status_at_ns; /* not sooner than that */
	bool status_waits;
	char status[JVPN_NOTIFY_STATUS_MAX]; /* what was told last */
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child has them;
 * what is malformed counts as absent and is logged. While there is one thread. */
void jvpn_notify_open(struct jvpn_notify *notify);
void jvpn_notify_close(struct jvpn_notify *notify);
/* The start is over, or a reload is. */
void jvpn_notify_ready(const struct jvpn_notify *notify);
void jvpn_notify_reloading(const struct jvpn_notify *notify, uint64_t now_ns);
void jvpn_notify_stopping(const struct jvpn_notify *notify);
/* In each turn: is a status wanted now? "No" is remembered, and the deadline brings another turn. */
bool jvpn_notify_wants_status(struct jvpn_notify *notify, uint64_t now_ns);
/* Told if it is another one than the last. */
void jvpn_notify_status(struct jvpn_notify *notify, const char *text, uint64_t now_ns);
/* Is a sign of life due? Whoever can vouch for all of the process gives it then, or says that he cannot. */
bool jvpn_notify_alive_is_due(const struct jvpn_notify *notify, uint64_t now_ns);
void jvpn_notify_alive(struct jvpn_notify *notify, bool is_alive, uint64_t now_ns);
/* JVPN_TIME_NEVER: none. */
uint64_t jvpn_notify_next_deadline(const struct jvpn_notify *notify);

#endif
