/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * I3 to I6: what the policy bounds, and what must not end a session.
 */
#include <inttypes.h>

#include "audit/verify_internal.h"

#define MINUTE_MS 60000
#define HOUR_MS   3600000

/* What a limit may fall short: the slack, and a thousandth for a clock that is slewed. */
static uint64_t shorter(const struct jvpn_trail_verify *v, uint64_t limit_ms)
{
	uint64_t slack = limit_ms ? v->config.early_ms + limit_ms / 1000 : 0;

	return limit_ms > slack ? limit_ms - slack : 0;
}

/* TTL and lifetime are the server's; the client was told them. */
static const struct jvpn_policy *limits_of(const struct jvpn_trail_verify *v,
					   const struct life *life)
{
	bool server = v->node[v->process[life->process].node].role == JVPN_ROLE_SERVER;

	return server ? life->policy : v->identity[life->identity].policy;
}

static void add_switch(struct jvpn_trail_verify *v, struct life *life, uint64_t now)
{
	uint64_t minute = shorter(v, MINUTE_MS), hour = shorter(v, HOUR_MS);

	life->switched_ms = now;
	if (jvpn_windows_put(&life->switched, now, minute, hour))
		return;
	v->error = jvpn_windows_grow(&life->switched);
	if (!v->error)
		(void)jvpn_windows_put(&life->switched, now, minute, hour);
}

static void check_window(struct jvpn_trail_verify *v, const struct life *life, uint64_t window_ms,
			 uint64_t max)
{
	uint32_t count = window_ms == MINUTE_MS ? jvpn_windows_in_minute(&life->switched)
						: jvpn_windows_in_hour(&life->switched);

	if (count > max)
		verify_bad(v, v->place, "I4",
			   "session %s: %" PRIu32 " switches within %" PRIu64
			   " s, the policy allows %" PRIu64,
			   verify_name(life), count, window_ms / 1000, max);
}

void limits_charge(struct jvpn_trail_verify *v, struct life *life,
		   const struct jvpn_trail_line *line)
{
	const struct jvpn_policy *limits = life->policy;
	uint64_t now = line->ts_ms, last;
	bool exempt = life->exempt;

	/* The first switch after a restart or a drain is free. */
	life->exempt = false;
	if (exempt || !limits || line->event.reason == JVPN_REASON_NODE_RESTART ||
	    line->event.reason == JVPN_REASON_NODE_DRAINING)
		return;
	last = life->switched.count ? life->switched_ms : NOT_KNOWN;
	if (last != NOT_KNOWN && now < last + shorter(v, limits->switch_cooldown_ms))
		verify_bad(v, v->place, "I4",
			   "session %s: %" PRId64
			   " ms between two switches, the cooldown is %" PRIu64 " ms",
			   verify_name(life), (int64_t)(now - last), limits->switch_cooldown_ms);
	add_switch(v, life, now);
	if (v->error)
		return;
	check_window(v, life, MINUTE_MS, limits->max_switches_per_min);
	check_window(v, life, HOUR_MS, limits->max_switches_per_hour);
}

void limits_recovering(struct jvpn_trail_verify *v, const struct life *life, uint64_t now)
{
	uint64_t window, stay;

	if (!life->policy || life->since == NOT_KNOWN || now < life->since)
		return;
	window = life->policy->recovery_window_ms;
	stay = now - life->since;
	if (stay > window + v->config.late_ms)
		verify_bad(v, v->place ? v->place : &life->place, "I5",
			   "session %s was RECOVERING for %" PRIu64 " ms, the window is %" PRIu64
			   " ms",
			   verify_name(life), stay, window);
}

static void check_policy_end(struct jvpn_trail_verify *v, const struct life *life,
			     const struct jvpn_trail_line *line)
{
	uint64_t limit, stay;

	if (!life->policy || line->role != JVPN_ROLE_SERVER || !life->state)
		return;
	limit = life->policy->degraded_terminate_ms;
	stay = life->since != NOT_KNOWN && line->ts_ms > life->since ? line->ts_ms - life->since
								     : 0;
	if (life->state != JVPN_STATE_DEGRADED || !limit || stay + v->config.early_ms < limit)
		verify_bad(v, v->place, "I3",
			   "session %s is ended by policy out of %s after %" PRIu64 " ms",
			   verify_name(life), jvpn_state_name(life->state), stay);
}

void limits_end(struct jvpn_trail_verify *v, const struct life *life,
		const struct jvpn_trail_line *line)
{
	const char *name = verify_name(life);
	enum jvpn_reason reason = line->event.reason;
	bool attached = life->state == JVPN_STATE_ATTACHED;

	if (reason == JVPN_REASON_INTERNAL_INVARIANT)
		verify_bad(v, v->place, "I3", "session %s ended with internal_invariant", name);
	if (reason == JVPN_REASON_RESOURCE_EXHAUSTED && (attached || life->candidates))
		verify_bad(v, v->place, "I3", "session %s is evicted with a binding or a candidate",
			   name);
	if (reason == JVPN_REASON_SESSION_UNKNOWN_TO_SERVER && line->role == JVPN_ROLE_CLIENT &&
	    life->refused < 2)
		verify_bad(v, v->place, "I3", "session %s gave up after %" PRIu64 " refusals", name,
			   life->refused);
	if (reason == JVPN_REASON_TRANSPORT_TTL_EXCEEDED && attached)
		verify_bad(v, v->place, "I3",
			   "session %s ends with transport_ttl_exceeded while it is ATTACHED",
			   name);
	if (reason == JVPN_REASON_POLICY_TERMINATION)
		check_policy_end(v, life, line);
}

static void check_age(struct jvpn_trail_verify *v, const struct life *life,
		      const struct jvpn_trail_line *line, enum jvpn_reason ending)
{
	bool ttl = ending == JVPN_REASON_TRANSPORT_TTL_EXCEEDED;
	const struct jvpn_policy *limits = limits_of(v, life);
	uint64_t limit = ttl ? limits->transport_lost_ttl_ms : limits->max_lifetime_ms;
	uint64_t age = ttl ? line->event.transportless_age_ms : line->event.session_age_ms;
	const char *what = ttl ? "without a transport" : "old";
	/* The clocks run on through a restart: what was over meanwhile ends at once. */
	bool restored = life->restored_at != NOT_KNOWN &&
			line->ts_ms <= life->restored_at + v->config.late_ms;

	if (!restored && age > limit + v->config.late_ms)
		verify_bad(v, v->place, "I6",
			   "session %s is %" PRIu64 " ms %s, the limit is %" PRIu64 " ms",
			   verify_name(life), age, what, limit);
	if (line->event.reason == ending && age + v->config.early_ms < limit)
		verify_bad(v, v->place, "I3",
			   "session %s ends with %s, but is %" PRIu64
			   " ms %s and the limit is %" PRIu64 " ms",
			   verify_name(life), jvpn_reason_name(ending), age, what, limit);
}

void limits_totals(struct jvpn_trail_verify *v, const struct life *life,
		   const struct jvpn_trail_line *line)
{
	if (!limits_of(v, life))
		return;
	check_age(v, life, line, JVPN_REASON_SESSION_LIFETIME_EXCEEDED);
	check_age(v, life, line, JVPN_REASON_TRANSPORT_TTL_EXCEEDED);
}

/* At the end of the stream the session still lives. */
void limits_open(struct jvpn_trail_verify *v, const struct life *life)
{
	const struct jvpn_policy *limits = limits_of(v, life);
	uint64_t now = v->process[life->process].last_ts, late = v->config.late_ms;

	if (life->state == JVPN_STATE_RECOVERING)
		limits_recovering(v, life, now);
	if (!limits)
		return;
	if (life->alone_since != NOT_KNOWN && now > life->alone_since &&
	    now - life->alone_since > limits->transport_lost_ttl_ms + late)
		verify_bad(v, &life->place, "I6",
			   "session %s is without a transport for %" PRIu64
			   " ms at the end, transport_lost_ttl_ms is %" PRIu64,
			   verify_name(life), now - life->alone_since,
			   limits->transport_lost_ttl_ms);
	if (life->born != NOT_KNOWN && now > life->born &&
	    now - life->born > limits->max_lifetime_ms + late)
		verify_bad(v, &life->place, "I6",
			   "session %s lives %" PRIu64
			   " ms after its birth, max_lifetime_ms is %" PRIu64,
			   verify_name(life), now - life->born, limits->max_lifetime_ms);
}
