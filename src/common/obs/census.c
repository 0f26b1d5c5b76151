/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One event to its counters. Must not judge: a line is counted for what it says.
 */
#include "obs/census.h"

#include <stdbool.h>

#include "base/time.h"

/* Limited ones: 'count' says how often it happened since the last line of the kind. In the others it says
 * something else, or is never there. */
static const bool is_limited[JVPN_AUDIT_COUNT] = {
	[JVPN_AUDIT_TRANSPORT_SWITCH_DENIED] = true,
	[JVPN_AUDIT_TRANSPORT_SWITCH_FAILED] = true,
	[JVPN_AUDIT_REATTACH_ATTEMPT] = true,
	[JVPN_AUDIT_REATTACH_RESULT] = true,
	[JVPN_AUDIT_SECURITY_REPLAY_DETECTED] = true,
	[JVPN_AUDIT_SECURITY_VALIDATION_FAILED] = true,
	[JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT] = true,
	[JVPN_AUDIT_RATE_LIMITED] = true,
	[JVPN_AUDIT_OWNERSHIP_CONFLICT] = true,
	[JVPN_AUDIT_INVALID_TRANSITION] = true,
};

static uint64_t occurrences(const struct jvpn_audit *audit)
{
	return is_limited[audit->type] && (audit->has & JVPN_HAS_COUNT) ? audit->count : 1;
}

static void count_switch(struct jvpn_census *census, const struct jvpn_audit *audit)
{
	uint64_t detect_ns = audit->detect_us * JVPN_NS_PER_US;
	uint64_t commit_ns = audit->recover_us * JVPN_NS_PER_US;

	jvpn_delays_observe(&census->detect, detect_ns);
	jvpn_delays_observe(&census->commit, commit_ns);
	jvpn_delays_observe(&census->recovery, jvpn_time_add(detect_ns, commit_ns));
}

void jvpn_census_count(struct jvpn_census *census, const struct jvpn_audit *audit)
{
	unsigned type = (unsigned)audit->type, reason = (unsigned)audit->reason;

	if (type >= JVPN_AUDIT_COUNT || reason >= JVPN_REASON_COUNT)
		return;
	census->lines[type]++;
	census->happened[type][reason] += occurrences(audit);
	if (type == JVPN_AUDIT_TRANSPORT_SWITCH)
		count_switch(census, audit);
	if (type == JVPN_AUDIT_SESSION_STATE_CHANGE && audit->from < JVPN_STATE_COUNT &&
	    audit->to < JVPN_STATE_COUNT)
		census->transitions[audit->from][audit->to][reason]++;
}

uint64_t jvpn_census_happened(const struct jvpn_census *census, enum jvpn_audit_type type)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < JVPN_REASON_COUNT; i++)
		sum += census->happened[type][i];
	return sum;
}
