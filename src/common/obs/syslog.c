/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The header of RFC 5424. No structured data: everything stands in the message.
 */
#include "obs/syslog.h"

#include <stdio.h>
#include <string.h>

#include "obs/event_scan.h"
#include "obs/event_spec.h"

#define NIL "-"

void jvpn_syslog_init(struct jvpn_syslog *syslog, unsigned facility, const char *program,
		      const char *host)
{
	size_t n = 0;

	syslog->facility = facility < JVPN_SYSLOG_FACILITIES ? facility : JVPN_SYSLOG_DAEMON;
	syslog->program = program;
	/* PRINTUSASCII */
	for (; *host && n < JVPN_SYSLOG_HOST_MAX; host++)
		if (*host > ' ' && *host < 0x7f)
			syslog->host[n++] = *host;
	syslog->host[n] = '\0';
	if (!n)
		memcpy(syslog->host, NIL, sizeof(NIL));
}

/* The value of a member for the header, NIL when it is not there. */
static void take(const char *line, size_t len, const char *name, char out[48])
{
	struct jvpn_event_item item;

	if (!jvpn_event_find(line, len, name, &item) || !item.value_len || item.value_len > 47) {
		memcpy(out, NIL, sizeof(NIL));
		return;
	}
	memcpy(out, item.value, item.value_len);
	out[item.value_len] = '\0';
}

size_t jvpn_syslog_format(const void *user, const char *line, size_t len,
			  char out[JVPN_SINK_MESSAGE_MAX])
{
	const struct jvpn_syslog *syslog = user;
	char severity[48], ts[48], pid[48], type[48];
	int n;

	if (len && line[len - 1] == '\n')
		len--;
	take(line, len, "severity", severity);
	take(line, len, "ts", ts);
	take(line, len, "pid", pid);
	take(line, len, "event_type", type);
	n = snprintf(out, JVPN_SINK_MESSAGE_MAX, "<%u>1 %s %s %s %s %s - ",
		     syslog->facility * 8 + jvpn_severity_syslog(severity, strlen(severity)), ts,
		     syslog->host, syslog->program, pid, type);
	if (n < 0 || len > JVPN_SINK_MESSAGE_MAX - (size_t)n)
		return 0;
	memcpy(out + n, line, len);
	return (size_t)n + len;
}
