/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log handle: the only mutable global of the project. One line per call, one write each.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LOG_LINE_BYTES   1024
#define LOG_STATUS_BYTES 256
#define LOG_ERASE        "\r\033[K"

static struct {
	const char *name;
	enum jvpn_log_level level;
	int journal;
	char status[LOG_STATUS_BYTES];
} handle = {"jvpn", JVPN_LOG_INFO, 0, ""};

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

bool jvpn_log_has_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && !handle.journal && term && term[0] &&
	       strcmp(term, "dumb") != 0;
}

/* Wider than the terminal it would wrap, and only its end could be erased. The cursor goes back to the
 * start, so that lines of others (events on standard output) write over it. */
static void draw_status(void)
{
	char text[sizeof(LOG_ERASE) + LOG_STATUS_BYTES + 1];
	struct winsize size;
	int width = LOG_STATUS_BYTES - 1, len;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && size.ws_col <= width)
		width = size.ws_col - 1;
	len = snprintf(text, sizeof(text), LOG_ERASE "%.*s%s", width, handle.status,
		       handle.status[0] ? "\r" : "");
	if (write(STDERR_FILENO, text, (size_t)len) < 0)
		return;
}

void jvpn_log_set_status(const char *text)
{
	if (!handle.status[0] && !text[0])
		return;
	snprintf(handle.status, sizeof(handle.status), "%s", text);
	for (char *c = handle.status; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
	draw_status();
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
	if (handle.status[0] && write(STDERR_FILENO, LOG_ERASE, sizeof(LOG_ERASE) - 1) < 0)
		return;
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
	if (handle.status[0])
		draw_status();
}
