/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log handle: the only mutable global of the project. One line per call, one write each.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_BYTES 1024

static struct {
	const char *name;
	enum jvpn_log_level level;
	int journal;
} handle = {"jvpn", JVPN_LOG_INFO, 0};

static const char *const source_names[JVPN_LOG_SOURCE_COUNT] = {
	[JVPN_LOG_MAIN] = "main", [JVPN_LOG_SESSION] = "session", [JVPN_LOG_QUIC] = "quic",
	[JVPN_LOG_TUN] = "tun",   [JVPN_LOG_STORE] = "store",     [JVPN_LOG_CTL] = "ctl",
};

/* sd-daemon(3) priorities in the order of enum jvpn_log_level. */
static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};

void jvpn_log_init(const char *name, enum jvpn_log_level level)
{
	handle.name = name;
	handle.level = level;
	handle.journal = getenv("JOURNAL_STREAM") != NULL && !isatty(STDERR_FILENO);
}

enum jvpn_log_level jvpn_log_get_level(void)
{
	return handle.level;
}

void jvpn_log(enum jvpn_log_level level, enum jvpn_log_source source, const char *fmt, ...)
{
	static const char *const level_words[] = {"error: ", "warning: ", "", "debug: "};
	char line[LOG_LINE_BYTES];
	va_list ap;
	int len;

	if (level > handle.level)
		return;
	len = snprintf(line, sizeof(line), "%s%s: %s: %s", handle.journal ? priorities[level] : "",
		       handle.name, source_names[source], level_words[level]);
	va_start(ap, fmt);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	/* A newline from outside must not start a line of its own. */
	for (int i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = '?';
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}
