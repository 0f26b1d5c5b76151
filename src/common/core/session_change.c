/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What changes a session: transitions through the table, the binding and its permit, the end. Every
 * state change of the core goes through jvpn_core_transit(); nothing else writes 'state'.
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"
#include "core/text.h"

static void reject(struct jvpn_step *st, enum jvpn_fsm_event event, enum jvpn_reason reason)
{
	struct jvpn_session *s = st->s;
	struct jvpn_audit *a;

	if (!jvpn_bucket_take(&s->invalid_bucket, JVPN_INVALID_TRANSITION_PER_S,
			      JVPN_INVALID_TRANSITION_PER_S, st->now_ns)) {
		s->invalid_suppressed++;
		return;
	}
	a = jvpn_core_emit(st, JVPN_AUDIT_INVALID_TRANSITION, reason);
	a->has |= JVPN_HAS_FSM_EVENT | JVPN_HAS_STATES | JVPN_HAS_COUNT;
	a->from = s->state;
	a->to = s->state;
	a->fsm_event = event;
	a->count = s->invalid_suppressed + 1;
	s->invalid_suppressed = 0;
}

/* A transition is told when it is durable: now, or when the store has its append. */
static void record(struct jvpn_step *st, const struct jvpn_journal_entry *change)
{
	struct jvpn_session *s = st->s;
	bool told_now = s->role == JVPN_ROLE_CLIENT || st->adopting || !s->first_stored;

	if (!told_now) {
		s->journal[s->journal_count++] = *change;
		return;
	}
	if (s->role == JVPN_ROLE_SERVER && change->from == JVPN_STATE_BIRTH)
		jvpn_core_emit_created(st);
	s->durable_version = s->state_version;
	jvpn_core_emit_change(st, change, s->state_version);
}

/* Endless ping-pong while the store is away is bounded: the last two places are for leaving
 * RECOVERING and for the end. */
static bool journal_has_room(const struct jvpn_session *s, enum jvpn_fsm_event event)
{
	return event != JVPN_FSM_SWITCH_START || s->journal_count < JVPN_JOURNAL_MAX - 2;
}

enum jvpn_cell_kind jvpn_core_transit(struct jvpn_step *st, enum jvpn_fsm_event event,
				      enum jvpn_reason reason)
{
	struct jvpn_session *s = st->s;
	struct jvpn_cell cell = jvpn_fsm_decide(s->state, event, reason);
	struct jvpn_journal_entry change = {(uint8_t)s->state, (uint8_t)cell.next, (uint8_t)event,
					    (uint8_t)reason};

	if (cell.kind == JVPN_CELL_REJECT)
		reject(st, event, reason);
	if (cell.kind == JVPN_CELL_GO && !journal_has_room(s, event))
		return JVPN_CELL_ABSORB;
	if (cell.kind != JVPN_CELL_GO)
		return cell.kind;
	s->state = cell.next;
	s->state_version++;
	s->transitions++;
	s->state_since_ns = st->now_ns;
	if (s->state == JVPN_STATE_ATTACHED)
		s->attached_version = s->state_version;
	record(st, &change);
	return JVPN_CELL_GO;
}

void jvpn_core_instability(struct jvpn_step *st, enum jvpn_reason reason, uint64_t last_good_ns)
{
	struct jvpn_session *s = st->s;

	if (s->state != JVPN_STATE_ATTACHED)
		return;
	if (s->commit.active) {
		if (s->commit.deferred_instability == 0)
			s->commit.deferred_instability = (uint8_t)reason;
		return;
	}
	s->instability = (uint8_t)reason;
	s->detect_seen_ns = st->now_ns;
	s->detect_good_ns = last_good_ns != 0 ? last_good_ns : st->now_ns;
	(void)jvpn_core_transit(st, JVPN_FSM_INSTABILITY, reason);
}

void jvpn_core_withdraw_permit(struct jvpn_step *st)
{
	if (!st->s->permit)
		return;
	(void)jvpn_core_effect(st, JVPN_EFFECT_PERMIT_CLEAR, st->s->bound);
	st->s->permit = false;
}

void jvpn_core_unbind(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (s->bound == JVPN_SLOT_NONE)
		return;
	jvpn_core_withdraw_permit(st);
	s->bound = JVPN_SLOT_NONE;
	s->transportless_since_ns = st->now_ns;
	s->transportless_ref_ms = 0;
}

void jvpn_core_bind(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_slot *p = &s->slot[slot];

	jvpn_core_withdraw_permit(st);
	s->bound = slot;
	s->permit = true;
	s->transportless_ref_ms = 0;
	s->last_slot = slot;
	s->last_generation = p->generation;
	s->last_n_bound = p->n;
	memcpy(s->last_label, p->label, sizeof(s->last_label));
	p->alive = true;
	p->suspect = false;
	p->silent = false;
	p->leave_ns = 0;
	p->heard_ns = st->now_ns;
	jvpn_core_effect(st, JVPN_EFFECT_PERMIT_SET, slot)->generation = p->generation;
}

void jvpn_core_note_switch(struct jvpn_step *st, enum jvpn_reason reason, const char *previous,
			   uint64_t detect_us, uint64_t recover_us)
{
	struct jvpn_session *s = st->s;
	const struct jvpn_slot *p = &s->slot[s->bound];
	struct jvpn_audit *a;

	s->total_switches++;
	a = jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_SWITCH, reason, s->bound);
	a->has |= JVPN_HAS_SWITCH;
	memcpy(a->previous_transport, previous, JVPN_TRANSPORT_ID_MAX + 1);
	a->candidate_count = jvpn_session_candidate_count(s);
	a->loss_ppm = p->loss_ppm;
	a->latency_us = p->latency_us;
	a->detect_us = detect_us;
	a->recover_us = recover_us;
}

void jvpn_core_take_slot(struct jvpn_step *st, uint8_t slot, const char *label)
{
	struct jvpn_slot *p = &st->s->slot[slot];
	struct jvpn_text text;

	memset(p, 0, sizeof(*p));
	p->used = true;
	p->alive = true;
	p->validated = true;
	p->stable_since_ns = st->now_ns;
	p->heard_ns = st->now_ns;
	jvpn_text_init(&text, p->label, sizeof(p->label));
	jvpn_text_add(&text, label);
}

void jvpn_core_free_slot(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;

	if (s->commit.active && s->commit.slot == slot) {
		s->commit.target_lost = true;
		s->commit.lost_reason = JVPN_REASON_TRANSPORT_DEAD;
	}
	if (s->attempt.challenge_slot == slot)
		s->attempt.challenge_slot = JVPN_SLOT_NONE;
	/* The next transport in this slot has not been asked for anything yet. */
	if (s->attempt.slot == slot)
		s->attempt.active = false;
	s->attempt.asked &= (uint16_t) ~(1U << slot);
	memset(&s->slot[slot], 0, sizeof(s->slot[slot]));
}

void jvpn_core_close_slot(struct jvpn_step *st, uint8_t slot, enum jvpn_reason reason)
{
	if (!st->s->slot[slot].used)
		return;
	if (slot != st->s->bound)
		(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED, reason, slot);
	jvpn_core_end_pending(st, slot);
	jvpn_core_effect(st, JVPN_EFFECT_CLOSE_TRANSPORT, slot)->u.reason = reason;
	jvpn_core_free_slot(st, slot);
}

/* The new one's PTO is never less than its round trip. */
static uint64_t stragglers_ns(const struct jvpn_session *s, uint8_t old)
{
	uint64_t ns = ((uint64_t)s->slot[old].pto_us + s->slot[s->bound].pto_us) * JVPN_NS_PER_US;
	uint64_t least = jvpn_ms_to_ns(JVPN_STRAGGLERS_MIN_MS);
	uint64_t most = jvpn_ms_to_ns(JVPN_STRAGGLERS_MAX_MS);

	return ns < least ? least : ns > most ? most : ns;
}

void jvpn_core_leave_slot(struct jvpn_step *st, uint8_t old)
{
	struct jvpn_session *s = st->s;

	if (old == JVPN_SLOT_NONE || old == s->bound || !s->slot[old].used)
		return;
	if (s->slot[old].alive)
		(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED,
					  JVPN_REASON_NONE, old);
	else
		s->slot[old].leave_ns = jvpn_time_add(st->now_ns, stragglers_ns(s, old));
}

static bool is_left(const struct jvpn_session *s, uint8_t slot)
{
	const struct jvpn_slot *p = &s->slot[slot];

	return p->used && p->leave_ns != 0 && !p->alive && slot != s->bound;
}

uint64_t jvpn_core_leave_deadline(const struct jvpn_session *s)
{
	uint64_t at = JVPN_TIME_NEVER;

	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (is_left(s, i))
			at = jvpn_time_min(at, s->slot[i].leave_ns);
	return at;
}

void jvpn_core_close_left(struct jvpn_step *st)
{
	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (is_left(st->s, i) && st->s->slot[i].leave_ns <= st->now_ns)
			jvpn_core_close_slot(st, i, JVPN_REASON_TRANSPORT_DEAD);
}

static void close_everything(struct jvpn_step *st, enum jvpn_reason reason, bool tell_peer)
{
	struct jvpn_session *s = st->s;

	for (uint8_t i = 0; i < JVPN_SLOTS; i++) {
		struct jvpn_effect *e;

		if (!s->slot[i].used)
			continue;
		if (tell_peer && !s->plain) {
			e = jvpn_core_effect(st, JVPN_EFFECT_SEND, i);
			e->u.msg.type = JVPN_MSG_TERMINATE;
			e->u.msg.u.terminate.reason = reason;
		}
		jvpn_core_effect(st, JVPN_EFFECT_CLOSE_TRANSPORT, i)->u.reason = reason;
		jvpn_core_free_slot(st, i);
	}
}

/* What follows TERMINATED, from the attach that failed as well. */
static void finish(struct jvpn_step *st, enum jvpn_reason reason, bool tell_peer)
{
	struct jvpn_session *s = st->s;

	s->terminated_reason = (uint8_t)reason;
	s->terminated_transportless_ms = jvpn_session_transportless_ms(s, st->now_ns);
	s->attempt.active = false;
	jvpn_core_unbind(st);
	close_everything(st, reason, tell_peer);
	if (s->durable_version != s->state_version)
		return; /* the append is told first */
	jvpn_core_emit_terminated(st);
	jvpn_core_effect(st, JVPN_EFFECT_TERMINATED, JVPN_SLOT_NONE)->u.reason = reason;
}

void jvpn_core_terminate(struct jvpn_step *st, enum jvpn_reason reason, bool tell_peer)
{
	struct jvpn_session *s = st->s;

	if (s->commit.active) {
		jvpn_core_withdraw_permit(st);
		if (s->commit.deferred_terminate == 0)
			s->commit.deferred_terminate = (uint8_t)reason;
		return;
	}
	if (jvpn_core_transit(st, JVPN_FSM_TERMINATE, reason) == JVPN_CELL_GO)
		finish(st, reason, tell_peer);
}

void jvpn_core_attach_failed(struct jvpn_step *st, enum jvpn_reason reason)
{
	if (st->s->commit.active) {
		jvpn_core_terminate(st, JVPN_REASON_CLIENT_CLOSED, false);
		return;
	}
	if (jvpn_core_transit(st, JVPN_FSM_ATTACH_FAILED, reason) == JVPN_CELL_GO)
		finish(st, reason, false);
}
