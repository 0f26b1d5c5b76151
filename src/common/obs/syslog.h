/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A line of the event stream as a message of syslog (RFC 5424): the header is made from the line, the
 * line itself is the message.
 */
#ifndef JVPN_OBS_SYSLOG_H
#define JVPN_OBS_SYSLOG_H

#include <stddef.h>

#include "obs/sink.h"

#define JVPN_SYSLOG_SOCKET     "/dev/log"
#define JVPN_SYSLOG_HOST_MAX   64
#define JVPN_SYSLOG_DAEMON     3 /* facility */
#define JVPN_SYSLOG_FACILITIES 24

struct jvpn_syslog {
	unsigned facility;
	const char *program; /* static: APP-NAME */
	char host[JVPN_SYSLOG_HOST_MAX + 1];
};

/* host: what the machine is called; anything. */
void jvpn_syslog_init(struct jvpn_syslog *syslog, unsigned facility, const char *program,
		      const char *host);
/* user: a struct jvpn_syslog. A jvpn_sink_format_fn. */
size_t jvpn_syslog_format(const void *user, const char *line, size_t len,
			  char out[JVPN_SINK_MESSAGE_MAX]);

#endif
