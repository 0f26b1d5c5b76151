/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How often things happened over time, in a fixed room: bins of one width, which doubles when they do not
 * suffice for the time between the earliest and the latest.
 */
#ifndef JVPN_AUDIT_ACTIVITY_H
#define JVPN_AUDIT_ACTIVITY_H

#include <stdint.h>

#define JVPN_ACTIVITY_BINS 120

enum jvpn_activity_kind {
	JVPN_ACTIVITY_DISTURBANCES,
	JVPN_ACTIVITY_SWITCHES,
	JVPN_ACTIVITY_DENIALS,
	JVPN_ACTIVITY_KINDS
};

struct jvpn_activity {
	uint64_t from_ms, width_ms; /* width 0: nothing yet; from_ms is a multiple of the width */
	uint64_t bin[JVPN_ACTIVITY_KINDS][JVPN_ACTIVITY_BINS];
};

/* Any times, in any order. */
void jvpn_activity_put(struct jvpn_activity *a, enum jvpn_activity_kind kind, uint64_t ts_ms,
		       uint64_t count);
/* How many bins there are as far as the last one with something in it. */
unsigned jvpn_activity_used(const struct jvpn_activity *a);

#endif
