/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Collects every error of a configuration in one pass as "file:line:col: key: text" lines. Prints
 * nothing by itself and never holds a secret's value.
 */
#ifndef JVPN_CONFIG_REPORT_H
#define JVPN_CONFIG_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/exit.h"

#define JVPN_REPORT_LINES_MAX 100
#define JVPN_REPORT_LINE_MAX  1536

struct jvpn_report_line {
	unsigned line, column; /* 0: about the file as a whole */
	char text[JVPN_REPORT_LINE_MAX];
};

/* Owner: the caller; about 150 KiB: on the heap, by _new. */
struct jvpn_report {
	size_t count;  /* errors seen; those beyond JVPN_REPORT_LINES_MAX are counted only */
	int exit_code; /* JVPN_EXIT_OK, or the gravest so far: CONFIG, then PERMISSION */
	struct jvpn_report_line line[JVPN_REPORT_LINES_MAX];
};

/* NULL when memory is exhausted. */
struct jvpn_report *jvpn_report_new(void);
/* NULL is fine. */
void jvpn_report_free(struct jvpn_report *report);
/* Adds an error at a place of a file. line and column count from 1, 0 leaves them out. Control
 * characters in the text become '?'. */
void jvpn_report_add(struct jvpn_report *report, enum jvpn_exit code, const char *file,
		     unsigned line, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
bool jvpn_report_is_clean(const struct jvpn_report *report);
/* Writes one "program: text" line per error, ordered as found, and a count of those left out. */
void jvpn_report_print(const struct jvpn_report *report, const char *program, FILE *stream);

#endif
