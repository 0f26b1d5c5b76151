/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The liveness clock of liveness.h. Must not depend on how many packets there are, only on when.
 */
#include "core/liveness.h"

#include <string.h>

#include "base/time.h"
#include "core/prelude.h"

static uint64_t pto_of(const struct jvpn_liveness *l)
{
	return l->pto_ns != 0 ? l->pto_ns : jvpn_ms_to_ns(JVPN_LIVENESS_PROBE_MIN_MS);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t probe_after_ns(const struct jvpn_liveness *l)
{
	return max_u64(pto_of(l), jvpn_ms_to_ns(JVPN_LIVENESS_PROBE_MIN_MS));
}

static void forget_probes(struct jvpn_liveness *l)
{
	l->probe_sent_ns = 0;
	l->first_probe_ns = 0;
	l->probes_lost = 0;
	l->probe_counted = false;
}

void jvpn_liveness_init(struct jvpn_liveness *l, uint64_t now_ns)
{
	memset(l, 0, sizeof(*l));
	l->last_received_ns = now_ns;
	l->last_activity_ns = now_ns;
	l->answered_ns = now_ns;
}

void jvpn_liveness_set_mode(struct jvpn_liveness *l, enum jvpn_liveness_mode mode, uint64_t now_ns)
{
	if (l->mode == mode)
		return;
	l->mode = mode;
	l->unacked_since_ns = 0;
	l->flowing = false;
	l->last_activity_ns = now_ns;
	forget_probes(l);
}

bool jvpn_liveness_declare_dead(struct jvpn_liveness *l, uint64_t now_ns)
{
	if (l->said_dead)
		return false;
	l->said_dead = true;
	if (l->unacked_since_ns == 0)
		l->unacked_since_ns = now_ns;
	return true;
}

void jvpn_liveness_set_pto(struct jvpn_liveness *l, uint64_t pto_ns)
{
	l->pto_ns = pto_ns;
}

/* Only the first packet of an expectation sets a clock: later ones must not push it back. */
void jvpn_liveness_on_sent(struct jvpn_liveness *l, uint64_t now_ns)
{
	if (l->unacked_since_ns == 0)
		l->unacked_since_ns = now_ns;
	l->last_activity_ns = now_ns;
}

/* It is heard: whatever was said against it is over. */
static void note_answer(struct jvpn_liveness *l)
{
	if (l->said_drops || l->said_heartbeat || l->said_dead)
		l->healthy_due = true;
	l->said_drops = false;
	l->said_heartbeat = false;
	l->said_dead = false;
}

void jvpn_liveness_on_received(struct jvpn_liveness *l, bool inner, uint64_t now_ns)
{
	l->last_received_ns = now_ns;
	l->keepalives = 0;
	if (inner) {
		l->flowing = true;
		l->flow_answers = 0;
		l->last_activity_ns = now_ns;
	}
	if (l->said_dead)
		note_answer(l);
}

void jvpn_liveness_on_acked(struct jvpn_liveness *l, uint64_t oldest_unacked_ns, uint64_t now_ns)
{
	l->last_received_ns = now_ns;
	l->last_activity_ns = now_ns;
	l->answered_ns = now_ns;
	l->keepalives = 0;
	l->unacked_since_ns = oldest_unacked_ns;
	if (l->flowing && ++l->flow_answers >= JVPN_LIVENESS_FLOW_ANSWERS)
		l->flowing = false;
	forget_probes(l);
	note_answer(l);
}

void jvpn_liveness_on_hint(struct jvpn_liveness *l, uint64_t now_ns)
{
	if (l->mode == JVPN_LIVENESS_RESTING || l->probe_sent_ns != 0 || l->said_dead ||
	    (l->hint_ns != 0 &&
	     jvpn_time_since(now_ns, l->hint_ns) < jvpn_ms_to_ns(JVPN_LIVENESS_HINT_MS)))
		return;
	l->hint_ns = now_ns;
	l->hinted = true;
	if (l->unacked_since_ns == 0)
		l->unacked_since_ns = now_ns;
}

/* Since when an answer is owed, 0 when none is: the first wanting packet, or the last packet of a
 * downstream that flowed. */
static uint64_t owed_since(const struct jvpn_liveness *l)
{
	uint64_t since = l->unacked_since_ns;

	if (l->mode != JVPN_LIVENESS_BOUND)
		return 0;
	if (l->flowing && (since == 0 || l->last_received_ns < since))
		since = l->last_received_ns;
	return since;
}

/* Silence counts from the last sign of life, but not from before something was wanted. */
static uint64_t silent_since(const struct jvpn_liveness *l)
{
	uint64_t owed = owed_since(l);

	if (owed == 0)
		return 0;
	return l->flowing ? l->last_received_ns : max_u64(l->last_received_ns, owed);
}

uint64_t jvpn_liveness_silence_ns(const struct jvpn_liveness *l, uint64_t now_ns)
{
	uint64_t since = silent_since(l);

	return since == 0 ? 0 : jvpn_time_since(now_ns, since);
}

/* Nothing answers at all: quick at first, then a quarter of the silence, 5 s at most. */
static uint64_t dead_interval_ns(const struct jvpn_liveness *l)
{
	uint64_t quiet = jvpn_time_since(l->probe_sent_ns, l->last_received_ns);

	if (quiet < jvpn_ms_to_ns(JVPN_LIVENESS_DEAD_FAST_MS))
		return max_u64(pto_of(l), jvpn_ms_to_ns(JVPN_LIVENESS_DEAD_PROBE_MS));
	return jvpn_time_min(quiet / 4, jvpn_ms_to_ns(JVPN_LIVENESS_DEAD_SLOWEST_MS));
}

static uint64_t heartbeat_ns(const struct jvpn_policy *policy)
{
	return jvpn_ms_to_ns(policy->heartbeat_interval_ms);
}

static uint64_t probe_interval_ns(const struct jvpn_liveness *l, const struct jvpn_policy *policy)
{
	bool given_up = l->said_dead || l->said_heartbeat;

	if (l->mode == JVPN_LIVENESS_STANDBY)
		return given_up ? max_u64(heartbeat_ns(policy), dead_interval_ns(l))
				: heartbeat_ns(policy);
	return given_up ? dead_interval_ns(l) : pto_of(l);
}

/* The first probe of an expectation: each kind has a clock of its own. */
static uint64_t first_probe_due_ns(const struct jvpn_liveness *l)
{
	uint64_t after = probe_after_ns(l), at = JVPN_TIME_NEVER;

	if (l->unacked_since_ns != 0)
		at = jvpn_time_add(l->unacked_since_ns, after);
	if (l->flowing)
		at = jvpn_time_min(at,
				   jvpn_time_add(l->last_received_ns, after << l->flow_answers));
	return at;
}

/* Heartbeats of one end show both that it lives; the passive one asks when it hears none, and now and
 * then for figures of its own. */
static uint64_t first_heartbeat_due_ns(const struct jvpn_liveness *l,
				       const struct jvpn_policy *policy)
{
	uint64_t interval = heartbeat_ns(policy);

	if (!l->passive)
		return jvpn_time_add(l->answered_ns, interval);
	return jvpn_time_min(
		jvpn_time_add(max_u64(l->last_received_ns, l->last_activity_ns),
			      interval * JVPN_LIVENESS_PASSIVE_SILENCE),
		jvpn_time_add(l->answered_ns, interval * JVPN_LIVENESS_PASSIVE_MEASUREMENT));
}

/* When the next probe or heartbeat is due. */
static uint64_t probe_due_ns(const struct jvpn_liveness *l, const struct jvpn_policy *policy)
{
	if (l->mode == JVPN_LIVENESS_RESTING)
		return JVPN_TIME_NEVER;
	if (l->mode == JVPN_LIVENESS_BOUND && owed_since(l) == 0 && !l->said_heartbeat)
		return JVPN_TIME_NEVER;
	if (l->probe_sent_ns != 0)
		return jvpn_time_add(l->probe_sent_ns, probe_interval_ns(l, policy));
	if (l->hinted)
		return l->hint_ns;
	if (l->mode == JVPN_LIVENESS_STANDBY)
		return first_heartbeat_due_ns(l, policy);
	/* nothing is bound, and a standby that was given up may be back */
	return l->said_heartbeat ? jvpn_time_add(l->last_activity_ns, probe_after_ns(l))
				 : first_probe_due_ns(l);
}

static uint64_t probe_lost_ns(const struct jvpn_liveness *l)
{
	if (l->probe_sent_ns == 0 || l->probe_counted)
		return JVPN_TIME_NEVER;
	return jvpn_time_add(l->probe_sent_ns, pto_of(l));
}

static uint64_t dead_due_ns(const struct jvpn_liveness *l, const struct jvpn_policy *policy)
{
	uint64_t since = silent_since(l);

	if (l->said_dead || since == 0 || l->probes_lost < JVPN_LIVENESS_DEAD_PROBES)
		return JVPN_TIME_NEVER;
	return jvpn_time_add(since, max_u64(jvpn_ms_to_ns(policy->path_silence_ms), 3 * pto_of(l)));
}

static uint64_t heartbeat_due_ns(const struct jvpn_liveness *l, const struct jvpn_policy *policy)
{
	if (l->mode != JVPN_LIVENESS_STANDBY || l->said_heartbeat || l->first_probe_ns == 0)
		return JVPN_TIME_NEVER;
	return jvpn_time_add(l->first_probe_ns, jvpn_ms_to_ns(policy->heartbeat_volatile_ms));
}

static uint64_t keepalive_due_ns(const struct jvpn_liveness *l, const struct jvpn_policy *policy)
{
	uint64_t interval = jvpn_ms_to_ns(policy->idle_keepalive_ms);
	uint64_t idle_since = max_u64(l->last_received_ns, l->last_activity_ns);
	uint64_t slack = l->passive ? jvpn_ms_to_ns(JVPN_LIVENESS_PASSIVE_SLACK_MS) : 0;

	if (l->said_dead || (l->mode == JVPN_LIVENESS_BOUND && owed_since(l) != 0) ||
	    l->mode == JVPN_LIVENESS_STANDBY)
		return JVPN_TIME_NEVER;
	if (l->keepalives == JVPN_LIVENESS_KEEPALIVES)
		return jvpn_time_add(idle_since,
				     jvpn_time_add(interval * JVPN_LIVENESS_KEEPALIVES,
						   jvpn_ms_to_ns(JVPN_LIVENESS_IDLE_SLACK_MS)));
	return jvpn_time_add(idle_since, interval * (l->keepalives + 1) + slack);
}

static enum jvpn_liveness_verdict send_probe(struct jvpn_liveness *l, uint64_t now_ns)
{
	l->probe_sent_ns = now_ns;
	l->hinted = false;
	if (l->first_probe_ns == 0)
		l->first_probe_ns = now_ns;
	l->probe_counted = false;
	return JVPN_LIVENESS_PROBE;
}

static enum jvpn_liveness_verdict keepalive(struct jvpn_liveness *l)
{
	if (l->keepalives < JVPN_LIVENESS_KEEPALIVES) {
		l->keepalives++;
		return JVPN_LIVENESS_KEEPALIVE;
	}
	l->said_dead = true;
	return JVPN_LIVENESS_DEAD;
}

enum jvpn_liveness_verdict jvpn_liveness_poll(struct jvpn_liveness *l,
					      const struct jvpn_policy *policy, uint64_t now_ns)
{
	if (l->healthy_due) {
		l->healthy_due = false;
		return JVPN_LIVENESS_HEALTHY;
	}
	if (now_ns >= probe_lost_ns(l)) {
		l->probe_counted = true;
		l->probes_lost++;
	}
	if (now_ns >= dead_due_ns(l, policy)) {
		l->said_dead = true;
		return JVPN_LIVENESS_DEAD;
	}
	if (now_ns >= heartbeat_due_ns(l, policy)) {
		l->said_heartbeat = true;
		return JVPN_LIVENESS_HEARTBEAT_TIMEOUT;
	}
	if (l->mode == JVPN_LIVENESS_BOUND && !l->said_drops &&
	    l->probes_lost >= policy->max_consecutive_drops) {
		l->said_drops = true;
		return JVPN_LIVENESS_DROPS;
	}
	if (now_ns >= probe_due_ns(l, policy))
		return send_probe(l, now_ns);
	if (now_ns >= keepalive_due_ns(l, policy))
		return keepalive(l);
	return JVPN_LIVENESS_NONE;
}

uint64_t jvpn_liveness_next_deadline(const struct jvpn_liveness *l,
				     const struct jvpn_policy *policy)
{
	uint64_t at = probe_due_ns(l, policy);

	if (l->healthy_due)
		return 0;
	at = jvpn_time_min(at, probe_lost_ns(l));
	at = jvpn_time_min(at, dead_due_ns(l, policy));
	at = jvpn_time_min(at, heartbeat_due_ns(l, policy));
	return jvpn_time_min(at, keepalive_due_ns(l, policy));
}
