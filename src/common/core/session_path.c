/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Path change on a living connection (session.md): one pending tuple per transport, which becomes
 * the binding by a proof *and* QUIC's validation, in either order. A tuple alone changes nothing:
 * no transition, no budget, no cooldown.
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"
#include "core/text.h"

static struct jvpn_audit *emit_pending(struct jvpn_step *st, enum jvpn_audit_type type,
				       enum jvpn_reason reason, uint8_t slot)
{
	const struct jvpn_slot *p = &st->s->slot[slot];
	struct jvpn_audit *a = jvpn_core_emit_slot(st, type, reason, slot);

	st->fx->v[st->fx->count - 1].generation = p->pending_generation;
	jvpn_text_transport_id(a->transport, sizeof(a->transport), p->label, p->pending_n);
	return a;
}

void jvpn_core_end_pending(struct jvpn_step *st, uint8_t slot)
{
	if (st->s->slot[slot].pending != JVPN_PENDING_NONE)
		(void)emit_pending(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED,
				   JVPN_REASON_TRANSPORT_CLOSED, slot);
	st->s->slot[slot].pending = JVPN_PENDING_NONE;
}

void jvpn_core_drop_pending(struct jvpn_step *st, uint8_t slot, enum jvpn_reason reason,
			    uint64_t cooldown_ns)
{
	struct jvpn_slot *p = &st->s->slot[slot];
	struct jvpn_commit *c = &st->s->commit;
	struct jvpn_effect *e;

	if (p->pending == JVPN_PENDING_NONE)
		return;
	(void)emit_pending(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED, reason, slot);
	e = jvpn_core_effect(st, JVPN_EFFECT_PATH_DROP, slot);
	e->generation = p->pending_generation;
	e->u.cooldown_ns = cooldown_ns;
	if (c->active && c->slot == slot && c->generation == p->pending_generation) {
		c->target_lost = true;
		c->lost_reason = JVPN_REASON_PATH_CHANGE_OBSERVED;
	}
	if (p->parked && p->parked_generation == p->pending_generation)
		p->parked = false;
	p->pending = JVPN_PENDING_NONE;
	p->undecided_said = false;
}

static uint64_t tuple_cooldown_ns(const struct jvpn_step *st)
{
	uint64_t ms = st->policy->switch_cooldown_ms;

	return jvpn_ms_to_ns(ms > JVPN_PATH_COOLDOWN_MIN_MS ? ms : JVPN_PATH_COOLDOWN_MIN_MS);
}

static void refuse_tuple(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_effect *e = jvpn_core_effect(st, JVPN_EFFECT_PATH_DROP, slot);

	e->generation = st->event->generation;
	e->u.cooldown_ns = tuple_cooldown_ns(st);
}

/* A newer tuple replaces the pending one; the clock of "undecided" runs on, or somebody who keeps
 * racing would keep it from ever ending. */
static void on_candidate(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_slot *p = &s->slot[slot];
	uint32_t generation = st->event->generation;
	bool replaces = p->pending != JVPN_PENDING_NONE;
	bool said = p->undecided_said;

	if (generation <= p->generation || (replaces && generation <= p->pending_generation))
		return;
	if (s->plain && st->policy->plain_peers == JVPN_PLAIN_PEERS_STRICT) {
		refuse_tuple(st, slot);
		return;
	}
	jvpn_core_drop_pending(st, slot, JVPN_REASON_CANDIDATE_REPLACED, 0);
	if (s->commit.active && s->commit.slot == slot) {
		s->commit.target_lost = true;
		s->commit.lost_reason = JVPN_REASON_PATH_CHANGE_OBSERVED;
	}
	p->pending = JVPN_PENDING_UNDECIDED;
	p->pending_generation = generation;
	p->pending_n = ++s->last_n;
	p->undecided_said = replaces && said;
	if (!replaces) {
		p->pending_since_ns = st->now_ns;
		p->pending_good_ns = st->event->u.path.last_good_ns != 0
					     ? st->event->u.path.last_good_ns
					     : st->now_ns;
	}
	(void)emit_pending(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED,
			   JVPN_REASON_PATH_CHANGE_OBSERVED, slot);
	jvpn_core_send_required(st, slot, generation, JVPN_REASON_PATH_CHANGE_OBSERVED);
}

/* A standby moves on its own: it carries no inner packet, so QUIC's validation is enough for its
 * control traffic. To be bound it needs the proof from there like any other. */
static void move_standby(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_slot *p = &st->s->slot[slot];

	(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED,
				  JVPN_REASON_CANDIDATE_REPLACED, slot);
	p->generation = p->pending_generation;
	p->n = p->pending_n;
	p->pending = JVPN_PENDING_NONE;
	p->validated = true;
	jvpn_core_effect(st, JVPN_EFFECT_PATH_COMMIT, slot)->generation = p->generation;
}

static void on_validated(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_slot *p = &s->slot[slot];
	uint32_t generation = st->event->generation;
	bool pending = p->pending != JVPN_PENDING_NONE && p->pending_generation == generation;

	if (pending)
		p->pending = JVPN_PENDING_VALIDATED;
	else if (generation == p->generation)
		p->validated = true;
	else
		return;
	if (pending && s->plain)
		jvpn_core_plain_finding(st, slot, generation);
	jvpn_core_recheck_parked(st, slot);
	if (p->pending == JVPN_PENDING_VALIDATED && s->bound != JVPN_SLOT_NONE &&
	    s->bound != slot && !(s->commit.active && s->commit.slot == slot))
		move_standby(st, slot);
}

/* A verified request waited for this path: now it is denied at check 12. */
static void deny_parked(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_slot *p = &st->s->slot[slot];
	struct jvpn_verdict v = {.answer = JVPN_ANSWER_DENY,
				 .step = JVPN_LADDER_PATH,
				 .reason = JVPN_REASON_INVALID_TRANSPORT_CANDIDATE,
				 .wire_reason = JVPN_REASON_INVALID_TRANSPORT_CANDIDATE,
				 .verified = true,
				 .is_switch = true};
	struct jvpn_asked asked = {slot, p->parked_generation, p->parked_counter, JVPN_REASON_NONE,
				   0};

	if (!p->parked || p->parked_generation != st->event->generation)
		return;
	p->parked = false;
	jvpn_core_decide(st, &asked, &v);
}

static void on_failed(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_slot *p = &s->slot[slot];

	if (p->pending == JVPN_PENDING_NONE || p->pending_generation != st->event->generation)
		return;
	deny_parked(st, slot);
	(void)emit_pending(st, JVPN_AUDIT_TRANSPORT_SWITCH_FAILED,
			   JVPN_REASON_PATH_VALIDATION_FAILED, slot);
	jvpn_core_drop_pending(st, slot, JVPN_REASON_PATH_VALIDATION_FAILED, tuple_cooldown_ns(st));
	if (s->state == JVPN_STATE_RECOVERING && !s->commit.active &&
	    (slot == s->bound || s->bound == JVPN_SLOT_NONE))
		(void)jvpn_core_transit(st, JVPN_FSM_REATTACH_INVALID,
					JVPN_REASON_PATH_VALIDATION_FAILED);
}

static void charge_unconfirmed(struct jvpn_step *st, uint8_t slot)
{
	const struct jvpn_policy *policy = st->policy;
	struct jvpn_bucket *b = &st->s->unconfirmed_bucket;
	uint64_t rate = policy->reattach_rate_per_session_per_s;
	uint64_t burst = policy->reattach_burst;

	(void)jvpn_bucket_take(b, rate, burst, st->now_ns);
	if (jvpn_bucket_has(b, rate, burst, st->now_ns))
		return;
	jvpn_core_effect(st, JVPN_EFFECT_OFFPATH_LIMIT, slot)->u.cooldown_ns =
		jvpn_bucket_wait_ns(b, rate, burst, st->now_ns);
	jvpn_core_emit_limited(st, JVPN_AUDIT_RATE_LIMITED, JVPN_REASON_UNCONFIRMED_LIMITED, slot);
}

static void on_superseded(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_slot *p = &s->slot[slot];

	if (p->pending == JVPN_PENDING_NONE || p->pending_generation != st->event->generation)
		return;
	jvpn_core_drop_pending(st, slot, JVPN_REASON_BINDING_HEARD_AGAIN, 0);
	charge_unconfirmed(st, slot);
	if (slot != s->bound || s->state == JVPN_STATE_ATTACHED)
		return;
	if (s->plain)
		jvpn_core_plain_finding(st, slot, p->generation);
	else
		jvpn_core_send_required(st, slot, p->generation, (enum jvpn_reason)s->instability);
}

void jvpn_core_on_path(struct jvpn_step *st)
{
	uint8_t slot = st->event->slot;

	if (slot >= JVPN_SLOTS || !st->s->slot[slot].used)
		return;
	if (st->event->type == JVPN_EVENT_PATH_CANDIDATE)
		on_candidate(st, slot);
	else if (st->event->type == JVPN_EVENT_PATH_VALIDATED)
		on_validated(st, slot);
	else if (st->event->type == JVPN_EVENT_PATH_FAILED)
		on_failed(st, slot);
	else
		on_superseded(st, slot);
}

/* path_silence_ms without a decision about the bound transport's new tuple. */
void jvpn_core_path_undecided(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	struct jvpn_slot *p = &s->slot[s->bound];

	p->undecided_said = true;
	jvpn_core_instability(st, JVPN_REASON_PATH_CHANGE_OBSERVED, p->pending_good_ns);
	s->detect_seen_ns = p->pending_since_ns;
	if (s->state == JVPN_STATE_VOLATILE || s->state == JVPN_STATE_DEGRADED)
		(void)jvpn_core_transit(st, JVPN_FSM_SWITCH_START,
					JVPN_REASON_PATH_CHANGE_RECOVERY);
}
