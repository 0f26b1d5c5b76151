/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A stretch of time divided into cells, with ticks at round values; and times as texts.
 */
#ifndef JVPN_AUDIT_SCALE_H
#define JVPN_AUDIT_SCALE_H

#include <stddef.h>
#include <stdint.h>

#define JVPN_SCALE_TEXT_MAX 40

struct jvpn_scale {
	uint64_t from_ms;
	uint64_t span_ms; /* at least 1 */
	unsigned cells;   /* at least 1 */
	uint64_t step_ms; /* between two ticks */
};

/* From 'from_ms' to 'to_ms'; at most about 'ticks' ticks. */
void jvpn_scale_init(struct jvpn_scale *s, uint64_t from_ms, uint64_t to_ms, unsigned cells,
		     unsigned ticks);
/* The cell in which this is; the first or the last one for what is outside. */
unsigned jvpn_scale_cell(const struct jvpn_scale *s, uint64_t ts_ms);
/* The first instant of a cell; of 'cells': the end. */
uint64_t jvpn_scale_begin(const struct jvpn_scale *s, unsigned cell);
/* Where it is between 0 and 'length'. */
double jvpn_scale_place(const struct jvpn_scale *s, uint64_t ts_ms, double length);
/* Text of a tick that far from the beginning: "250 ms", "15 s", "1:30 min", "2:00 h", "3 d". */
void jvpn_scale_tick(const struct jvpn_scale *s, uint64_t offset_ms, char out[JVPN_SCALE_TEXT_MAX]);

/* "21 ms", "1.08 s", "4 min 10 s", "2 h 05 min", "3 d 04 h". */
void jvpn_scale_duration(uint64_t ms, char out[JVPN_SCALE_TEXT_MAX]);
/* "21.4 ms", "1.08 s": of microseconds. */
void jvpn_scale_micros(uint64_t us, char out[JVPN_SCALE_TEXT_MAX]);
/* "2026-11-28 23:57:01.062", UTC. */
void jvpn_scale_instant(uint64_t ts_ms, char out[JVPN_SCALE_TEXT_MAX]);

#endif
