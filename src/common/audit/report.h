/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Evaluation figures for people, programs and browsers.
 */
#ifndef JVPN_AUDIT_REPORT_H
#define JVPN_AUDIT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "audit/figures.h"

/* A table of at most 80 columns; 'utf8': bars of blocks, else ASCII alone. Errors of 'out' are its owner's. */
void jvpn_report_text(const struct jvpn_figures_result *r, bool utf8, FILE *out);
/* One document in one line. Its keys are an interface (docs/audit.md): they are added, never renamed. */
void jvpn_report_json(const struct jvpn_figures_result *r, FILE *out);
/* One page that needs nothing else: no scripts, no references, plots in SVG. */
void jvpn_report_html(const struct jvpn_figures_result *r, FILE *out);

/* Reasons with a count, the most frequent first. Returns how many. */
unsigned jvpn_report_order(const uint64_t by_reason[JVPN_REASON_COUNT],
			   uint8_t order[JVPN_REASON_COUNT]);

#endif
