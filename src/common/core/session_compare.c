/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Client: is a standby better than the healthy binding? (session.md, "Candidate selection"). Proposes a
 * planned handover, rarely and only when the server will not deny it; must not act on a binding that is
 * in doubt (session_client.c).
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"
#include "core/quality.h"

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t jvpn_session_compare_interval_ms(const struct jvpn_policy *policy)
{
	return max_u64(policy->min_stability_ms, policy->heartbeat_interval_ms);
}

/* It must be better for a whole window of other samples than those that made it look so: of two equal
 * ways with jitter one looks better now and then. */
static uint64_t patience_ms(const struct jvpn_policy *policy)
{
	return max_u64(policy->min_stability_ms,
		       policy->heartbeat_interval_ms * JVPN_QUALITY_SPACED);
}

/* The same that check 10 of the server will ask. */
static bool is_allowed(const struct jvpn_step *st)
{
	const struct jvpn_session *s = st->s;
	const struct jvpn_policy *p = st->policy;

	if (st->now_ns < s->better.not_before_ns)
		return false;
	if (s->last_switch_ns != 0 &&
	    jvpn_time_since(st->now_ns, s->last_switch_ns) < jvpn_ms_to_ns(p->switch_cooldown_ms))
		return false;
	return jvpn_core_budget_wait_ms(s, p, st->now_ns) == 0;
}

static bool is_settled(const struct jvpn_session *s)
{
	const struct jvpn_slot *p;

	if (s->state != JVPN_STATE_ATTACHED || s->attempt.active || s->draining ||
	    s->bound == JVPN_SLOT_NONE)
		return false;
	p = &s->slot[s->bound];
	return p->alive && !p->suspect;
}

static void describe_binding(const struct jvpn_step *st, struct jvpn_select_candidate *c)
{
	jvpn_core_describe(st, st->s->bound, c);
	c->loss_ppm = st->event->u.compare.loss_ppm;
	c->latency_us = st->event->u.compare.latency_us;
	c->typical_us = st->event->u.compare.typical_us;
	c->spread_us = st->event->u.compare.spread_us;
	c->settled = st->event->u.compare.settled;
}

static int find_better(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	struct jvpn_select_candidate v[JVPN_SLOTS], binding;
	struct jvpn_select_result result;
	size_t n = 0;

	describe_binding(st, &binding);
	for (uint8_t i = 0; i < JVPN_SLOTS; i++) {
		const struct jvpn_slot *p = &s->slot[i];

		if (!p->used || !p->ready || !p->alive || p->suspect || i == s->bound)
			continue;
		jvpn_core_describe(st, i, &v[n]);
		n += jvpn_select_is_better(&v[n], &binding, st->policy);
	}
	jvpn_select(v, n, &binding, st->policy, &result);
	memcpy(st->ranking, result.text, sizeof(st->ranking));
	return result.slot;
}

/* Has the same one been better at each comparison, long enough? */
static bool has_lasted(struct jvpn_step *st, int slot)
{
	struct jvpn_session *s = st->s;
	uint64_t gap = 4 * jvpn_ms_to_ns(jvpn_session_compare_interval_ms(st->policy));
	bool goes_on = slot >= 0 && s->better.slot == slot &&
		       jvpn_time_since(st->now_ns, s->better.compared_ns) <= gap;

	if (!goes_on)
		s->better.since_ns = st->now_ns;
	s->better.slot = slot < 0 ? JVPN_SLOT_NONE : (uint8_t)slot;
	s->better.compared_ns = st->now_ns;
	return goes_on && jvpn_time_since(st->now_ns, s->better.since_ns) >=
				  jvpn_ms_to_ns(patience_ms(st->policy));
}

/* A way may look better only because nothing is on it. Each proposal makes the next one wait longer. */
static void hold_off(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	uint64_t quiet = jvpn_time_since(st->now_ns, s->better.not_before_ns);

	if (s->better.not_before_ns == 0 || quiet >= jvpn_ms_to_ns(JVPN_BETTER_FORGET_MS))
		s->better.pause_ms = JVPN_BETTER_PAUSE_MS;
	else if (s->better.pause_ms < JVPN_BETTER_PAUSE_MAX_MS)
		s->better.pause_ms *= 2;
	s->better.not_before_ns = jvpn_time_add(st->now_ns, jvpn_ms_to_ns(s->better.pause_ms));
	s->better.slot = JVPN_SLOT_NONE;
}

void jvpn_core_client_compare(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	int slot = -1;

	if (is_settled(s) && is_allowed(st))
		slot = find_better(st);
	if (!has_lasted(st, slot)) {
		st->ranking[0] = '\0';
		return;
	}
	hold_off(st);
	jvpn_core_instability(st, JVPN_REASON_PLANNED_HANDOVER, 0);
	jvpn_core_client_request(st, (uint8_t)slot, JVPN_REASON_PLANNED_HANDOVER);
}
