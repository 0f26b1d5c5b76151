/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The list of configuration errors. Bounded: what does not fit is counted, not kept.
 */
#include "config/report.h"

#include <stdarg.h>
#include <stdlib.h>

struct jvpn_report *jvpn_report_new(void)
{
	return calloc(1, sizeof(struct jvpn_report));
}

void jvpn_report_free(struct jvpn_report *report)
{
	free(report);
}

/* A wrong file is what has to be repaired first; a mode can only be judged once it is right. */
static void raise_exit_code(struct jvpn_report *report, enum jvpn_exit code)
{
	if (report->exit_code == JVPN_EXIT_OK || code == JVPN_EXIT_CONFIG)
		report->exit_code = (int)code;
}

static int format_place(char *text, const char *file, unsigned line, unsigned column)
{
	int len = snprintf(text, JVPN_REPORT_LINE_MAX, "%s:", file);

	if (line && len >= 0 && len < JVPN_REPORT_LINE_MAX)
		len += snprintf(text + len, JVPN_REPORT_LINE_MAX - (size_t)len, "%u:%u:", line,
				column);
	if (len >= 0 && len < JVPN_REPORT_LINE_MAX)
		len += snprintf(text + len, JVPN_REPORT_LINE_MAX - (size_t)len, " ");
	return len;
}

void jvpn_report_add(struct jvpn_report *report, enum jvpn_exit code, const char *file,
		     unsigned line, unsigned column, const char *fmt, ...)
{
	struct jvpn_report_line *slot;
	va_list ap;
	int len = 0;

	raise_exit_code(report, code);
	if (report->count++ >= JVPN_REPORT_LINES_MAX)
		return;
	slot = &report->line[report->count - 1];
	slot->line = line;
	slot->column = column;
	if (file)
		len = format_place(slot->text, file, line, column);
	if (len >= 0 && len < JVPN_REPORT_LINE_MAX) {
		va_start(ap, fmt);
		vsnprintf(slot->text + len, JVPN_REPORT_LINE_MAX - (size_t)len, fmt, ap);
		va_end(ap);
	}
	/* A file must not be able to steer the terminal it is reported on. */
	for (char *c = slot->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

bool jvpn_report_is_clean(const struct jvpn_report *report)
{
	return report->count == 0;
}

void jvpn_report_print(const struct jvpn_report *report, const char *program, FILE *stream)
{
	size_t kept = report->count < JVPN_REPORT_LINES_MAX ? report->count : JVPN_REPORT_LINES_MAX;

	for (size_t i = 0; i < kept; i++)
		fprintf(stream, "%s: %s\n", program, report->line[i].text);
	if (report->count > kept)
		fprintf(stream, "%s: %zu more errors\n", program, report->count - kept);
}
