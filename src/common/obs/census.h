/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the event stream has said so far, as numbers: the counters of the metrics that are about events.
 * Counted where seq is given (obs/events.c), so that they are what a reader of the stream would count;
 * lines that no reader got are in it, too. Owner: the event stream, under its lock.
 */
#ifndef JVPN_OBS_CENSUS_H
#define JVPN_OBS_CENSUS_H

#include <stdint.h>

#include "base/delays.h"
#include "core/audit.h"

struct jvpn_census {
	uint64_t lines[JVPN_AUDIT_COUNT];
	/* What the lines stand for: 'count' where a line tells of several occurrences, else one. By
	 * reason_code; NONE where there is none. */
	uint64_t happened[JVPN_AUDIT_COUNT][JVPN_REASON_COUNT];
	uint64_t transitions[JVPN_STATE_COUNT][JVPN_STATE_COUNT][JVPN_REASON_COUNT];
	struct jvpn_delays detect, commit, recovery; /* of TransportSwitch; the last is the sum */
};

void jvpn_census_count(struct jvpn_census *census, const struct jvpn_audit *audit);
/* Of all reasons. */
uint64_t jvpn_census_happened(const struct jvpn_census *census, enum jvpn_audit_type type);

#endif
