/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The session and its store: two-phase commits and the journal of what acts already and is not
 * durable yet (session.md, "Then the commit"). At most one store operation is in flight. Must not
 * check requests: reattach.c does.
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"
#include "core/text.h"

static void ask_store(struct jvpn_step *st, enum jvpn_effect_type type, uint64_t to_version)
{
	struct jvpn_session *s = st->s;
	struct jvpn_effect *e = jvpn_core_effect(st, type, JVPN_SLOT_NONE);

	e->u.store.from_version = s->first_stored ? s->durable_version : 0;
	e->u.store.to_version = to_version;
	e->u.store.nonce = type == JVPN_EFFECT_STORE_APPEND ? s->append_nonce : s->commit.nonce;
	e->u.store.state = JVPN_STATE_ATTACHED; /* what every commit ends in */
	if (type == JVPN_EFFECT_STORE_APPEND)
		e->u.store.state = (enum jvpn_state)s->journal[s->append_count - 1].to;
}

static uint64_t retry_at(const struct jvpn_step *st)
{
	return jvpn_time_add(st->now_ns, jvpn_ms_to_ns(JVPN_STORE_RETRY_MS));
}

/* At the end of a step: one append for everything that happened in it. */
void jvpn_core_flush_store(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (s->journal_count == 0 || s->append_count != 0 || s->commit.active)
		return;
	s->append_count = s->journal_count;
	s->append_nonce = ++s->last_nonce;
	s->store_retry_ns = 0;
	ask_store(st, JVPN_EFFECT_STORE_APPEND, s->state_version);
}

/* An operation whose outcome is unknown is settled by asking again, until the store answers. */
void jvpn_core_store_retry(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (s->store_retry_ns == 0 || st->now_ns < s->store_retry_ns)
		return;
	s->store_retry_ns = 0; /* armed again by the answer: one operation in flight */
	if (s->commit.active)
		jvpn_core_effect(st, JVPN_EFFECT_STORE_REREAD, JVPN_SLOT_NONE)->u.store.nonce =
			s->commit.nonce;
	else if (s->append_count != 0)
		ask_store(st, JVPN_EFFECT_STORE_APPEND, s->durable_version + s->append_count);
}

void jvpn_core_begin_commit(struct jvpn_step *st, const struct jvpn_commit *plan)
{
	struct jvpn_session *s = st->s;

	s->commit = *plan;
	s->commit.active = true;
	s->commit.started_ns = st->now_ns;
	s->commit.nonce = ++s->last_nonce;
	ask_store(st, JVPN_EFFECT_STORE_CAS, s->state_version + plan->k);
}

/* Another node owns the session: no word to the client, no transition here. */
static void drop_copy(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	jvpn_core_unbind(st);
	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (s->slot[i].used)
			jvpn_core_close_slot(st, i, JVPN_REASON_OWNERSHIP_CONFLICT);
	(void)jvpn_core_emit(st, JVPN_AUDIT_OWNERSHIP_LOST, JVPN_REASON_OWNERSHIP_CONFLICT);
	s->journal_count = 0;
	s->append_count = 0;
	s->store_retry_ns = 0;
	s->state_version = s->durable_version;
	s->dropped = true;
	(void)jvpn_core_effect(st, JVPN_EFFECT_DROPPED, JVPN_SLOT_NONE);
}

static bool is_grave(enum jvpn_state to)
{
	return to == JVPN_STATE_VOLATILE || to == JVPN_STATE_DEGRADED;
}

/* The append is durable: now its events may be told, in version order. */
static void append_done(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	struct jvpn_journal_entry last = s->journal[s->append_count - 1];

	for (uint8_t i = 0; i < s->append_count; i++)
		jvpn_core_emit_change(st, &s->journal[i], ++s->durable_version);
	memmove(s->journal, s->journal + s->append_count,
		(size_t)(s->journal_count - s->append_count) * sizeof(s->journal[0]));
	s->journal_count = (uint8_t)(s->journal_count - s->append_count);
	s->append_count = 0;
	s->store_retry_ns = 0;
	if (s->journal_count == 0 && s->state == JVPN_STATE_TERMINATED) {
		jvpn_core_emit_terminated(st);
		jvpn_core_effect(st, JVPN_EFFECT_TERMINATED, JVPN_SLOT_NONE)->u.reason =
			(enum jvpn_reason)s->terminated_reason;
		return;
	}
	if (s->journal_count == 0 && is_grave((enum jvpn_state)last.to))
		jvpn_core_send_state_all(st, (enum jvpn_reason)last.reason);
	jvpn_core_recheck_all(st);
}

static void on_append_result(struct jvpn_step *st, enum jvpn_store_status status)
{
	switch (status) {
	case JVPN_STORE_OK:
	case JVPN_STORE_FOUND:
		append_done(st);
		break;
	case JVPN_STORE_CONFLICT:
	case JVPN_STORE_NOT_OWNER:
		drop_copy(st);
		break;
	case JVPN_STORE_FAILED:
	case JVPN_STORE_TIMEOUT:
	case JVPN_STORE_NOT_FOUND:
		st->s->store_retry_ns = retry_at(st);
		break;
	case JVPN_STORE_NONE:
	case JVPN_STORE_COUNT:
		break;
	}
}

static bool is_timeout(enum jvpn_reason reason)
{
	return reason == JVPN_REASON_TRANSPORT_TTL_EXCEEDED ||
	       reason == JVPN_REASON_SESSION_LIFETIME_EXCEEDED;
}

/* What waited for the outcome of a commit. */
static void settle(struct jvpn_step *st, const struct jvpn_commit *c, bool committed)
{
	struct jvpn_session *s = st->s;

	if (is_timeout((enum jvpn_reason)c->deferred_terminate)) {
		/* a transport may be bound now: what is over is judged by the clock again */
		jvpn_core_run_timers(st);
		if (s->state == JVPN_STATE_TERMINATED)
			return;
	} else if (c->deferred_terminate != 0) {
		jvpn_core_terminate(st, (enum jvpn_reason)c->deferred_terminate,
				    c->deferred_terminate != JVPN_REASON_CLIENT_CLOSED);
		return;
	}
	if (committed && c->target_lost) {
		jvpn_core_unbind(st);
		jvpn_core_instability(st, (enum jvpn_reason)c->lost_reason, 0);
	} else if (!committed && c->deferred_instability != 0) {
		jvpn_core_instability(st, (enum jvpn_reason)c->deferred_instability, 0);
	}
	if (s->draining && s->state == JVPN_STATE_ATTACHED) {
		jvpn_core_unbind(st);
		jvpn_core_instability(st, JVPN_REASON_NODE_DRAINING, 0);
	}
	if (!committed || c->target_lost)
		jvpn_core_run_timers(st); /* a deadline may have waited for the outcome */
	jvpn_core_recheck_all(st);
}

/* The figures of the switch: from the last good packet to the observation, and on to the commit. */
static void measure(struct jvpn_step *st, const struct jvpn_commit *c, uint64_t *detect_us,
		    uint64_t *recover_us)
{
	const struct jvpn_session *s = st->s;
	const struct jvpn_slot *p = &s->slot[c->slot];
	uint64_t seen = s->detect_seen_ns, good = s->detect_good_ns;

	if (p->pending != JVPN_PENDING_NONE && p->pending_generation == c->generation) {
		seen = p->pending_since_ns;
		good = p->pending_good_ns;
	} else if (c->k == 3) {
		seen = c->started_ns; /* it was healthy until the peer asked: its word */
		good = jvpn_time_since(seen, (uint64_t)c->detect_us * JVPN_NS_PER_US);
	}
	*detect_us = jvpn_time_since(seen, good) / JVPN_NS_PER_US;
	*recover_us = jvpn_time_since(st->now_ns, seen) / JVPN_NS_PER_US;
}

/* The candidate tuple of the slot becomes its bound one. */
static void take_path(struct jvpn_step *st, uint8_t slot, uint32_t generation)
{
	struct jvpn_slot *p = &st->s->slot[slot];

	if (p->pending == JVPN_PENDING_NONE || p->pending_generation != generation)
		return;
	p->generation = generation;
	p->n = p->pending_n;
	p->validated = true;
	p->pending = JVPN_PENDING_NONE;
	p->undecided_said = false;
	jvpn_core_effect(st, JVPN_EFFECT_PATH_COMMIT, slot)->generation = generation;
}

static void apply_transitions(struct jvpn_step *st, const struct jvpn_commit *c)
{
	if (c->k == 3)
		st->s->instability = c->reason[0];
	st->adopting = true;
	for (uint8_t i = 0; i < c->k; i++)
		(void)jvpn_core_transit(st, (enum jvpn_fsm_event)c->fsm_event[i],
					(enum jvpn_reason)c->reason[i]);
	st->adopting = false;
}

/* The bound tuple was confirmed by an older request while another tuple waits: its question may be
 * answered already, so it is asked again and its clock starts anew. */
static void ask_for_pending(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_slot *p = &st->s->slot[slot];

	if (p->pending == JVPN_PENDING_NONE || st->s->plain)
		return;
	p->undecided_said = false;
	p->pending_since_ns = st->now_ns;
	jvpn_core_send_required(st, slot, p->pending_generation, JVPN_REASON_PATH_CHANGE_OBSERVED);
}

static void bind_committed(struct jvpn_step *st, const struct jvpn_commit *c)
{
	struct jvpn_session *s = st->s;
	uint8_t old = s->last_slot;
	char previous[JVPN_TRANSPORT_ID_MAX + 1];
	uint64_t detect_us, recover_us;

	measure(st, c, &detect_us, &recover_us);
	jvpn_text_transport_id(previous, sizeof(previous), s->last_label, s->last_n_bound);
	jvpn_core_withdraw_permit(st);
	take_path(st, c->slot, c->generation);
	jvpn_core_bind(st, c->slot);
	s->bind_counter = c->counter;
	if (c->is_switch && !c->first)
		jvpn_core_charge_switch(s, st->now_ns);
	s->exempt = false;
	apply_transitions(st, c);
	s->first_stored = true;
	if (c->first) {
		(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_ATTACHED,
					  JVPN_REASON_ATTACHED_TO_TRANSPORT, c->slot);
		jvpn_core_send_created(st, c->slot);
		return;
	}
	if (!c->plain)
		jvpn_core_send_ack(st, c->slot, c->counter);
	if (c->is_switch)
		jvpn_core_note_switch(st, (enum jvpn_reason)s->instability, previous, detect_us,
				      recover_us);
	(void)jvpn_core_emit_slot(st, JVPN_AUDIT_REATTACH_RESULT, JVPN_REASON_REATTACH_SUCCESS,
				  c->slot);
	jvpn_core_leave_slot(st, old);
	ask_for_pending(st, c->slot);
}

/* The store has it, but what it was meant for is gone: the k events stand, nothing is permitted. */
static void adopt_lost(struct jvpn_step *st, const struct jvpn_commit *c)
{
	struct jvpn_session *s = st->s;

	jvpn_core_unbind(st);
	s->exempt = false;
	apply_transitions(st, c);
	s->first_stored = true;
	(void)jvpn_core_emit(st, JVPN_AUDIT_TRANSPORT_SWITCH_FAILED,
			     (enum jvpn_reason)(c->deferred_terminate != 0 ? c->deferred_terminate
									   : c->lost_reason));
}

static void adopt(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	struct jvpn_commit c = s->commit;
	/* What is to end now is not given a permit for a moment. */
	/* All but the TTL, which a binding may have stopped. */
	bool ends = c.deferred_terminate != 0 &&
		    c.deferred_terminate != JVPN_REASON_TRANSPORT_TTL_EXCEEDED;
	bool lost = c.target_lost || !s->slot[c.slot].used || ends;

	memset(&s->commit, 0, sizeof(s->commit));
	s->store_retry_ns = 0;
	if (lost && c.lost_reason == 0)
		c.lost_reason = JVPN_REASON_TRANSPORT_DEAD;
	c.target_lost = lost;
	if (lost)
		adopt_lost(st, &c);
	else
		bind_committed(st, &c);
	settle(st, &c, true);
}

static void commit_failed(struct jvpn_step *st, enum jvpn_reason reason)
{
	struct jvpn_session *s = st->s;
	struct jvpn_commit c = s->commit;
	struct jvpn_verdict v = {.wire_reason = reason, .verified = true};

	memset(&s->commit, 0, sizeof(s->commit));
	s->store_retry_ns = 0;
	if (c.first) {
		jvpn_core_attach_failed(st, reason == JVPN_REASON_STORE_UNAVAILABLE
						    ? JVPN_REASON_ATTACH_TIMEOUT
						    : JVPN_REASON_CAPACITY_EXCEEDED);
		return;
	}
	if (!c.plain && s->slot[c.slot].used)
		jvpn_core_send_deny(st, c.slot, c.counter, &v);
	(void)jvpn_core_emit_slot(st, JVPN_AUDIT_REATTACH_RESULT, reason, c.slot);
	if (c.is_switch)
		(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_SWITCH_FAILED, reason, c.slot);
	settle(st, &c, false);
}

static void on_commit_result(struct jvpn_step *st, enum jvpn_store_status status)
{
	struct jvpn_session *s = st->s;

	switch (status) {
	case JVPN_STORE_OK:
	case JVPN_STORE_FOUND:
		adopt(st);
		break;
	case JVPN_STORE_CONFLICT:
	case JVPN_STORE_FAILED:
		commit_failed(st, JVPN_REASON_ATOMICITY_FAILED);
		break;
	case JVPN_STORE_NOT_FOUND:
		commit_failed(st, s->commit.first ? JVPN_REASON_STORE_UNAVAILABLE
						  : JVPN_REASON_ATOMICITY_FAILED);
		break;
	case JVPN_STORE_NOT_OWNER:
		(void)jvpn_core_emit_slot(st, JVPN_AUDIT_OWNERSHIP_CONFLICT,
					  JVPN_REASON_OWNERSHIP_CONFLICT, s->commit.slot);
		commit_failed(st, JVPN_REASON_OWNERSHIP_CONFLICT);
		if (s->first_stored && s->state != JVPN_STATE_TERMINATED)
			drop_copy(st);
		break;
	case JVPN_STORE_TIMEOUT:
		if (s->commit.unknown) { /* of the re-read: not at once again */
			s->store_retry_ns = retry_at(st);
			break;
		}
		s->commit.unknown = true;
		jvpn_core_effect(st, JVPN_EFFECT_STORE_REREAD, JVPN_SLOT_NONE)->u.store.nonce =
			s->commit.nonce;
		break;
	case JVPN_STORE_NONE:
	case JVPN_STORE_COUNT:
		break;
	}
}

void jvpn_core_on_store_result(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	uint64_t nonce = st->event->u.store.nonce;
	enum jvpn_store_status status = st->event->u.store.status;

	if (s->dropped)
		return;
	if (s->commit.active && nonce == s->commit.nonce)
		on_commit_result(st, status);
	else if (s->append_count != 0 && nonce == s->append_nonce)
		on_append_result(st, status);
}

/* Validation ended or the store is free again: the waiting request is judged once more. */
void jvpn_core_recheck_parked(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_slot *p = &st->s->slot[slot];
	struct jvpn_asked asked = {slot, p->parked_generation, p->parked_counter,
				   (enum jvpn_reason)p->parked_reason, p->parked_detect_us};
	struct jvpn_verdict verdict;

	if (!p->used || !p->parked)
		return;
	jvpn_reattach_recheck(st->s, st->ctx, slot, st->now_ns, &verdict);
	if (verdict.answer == JVPN_ANSWER_PARK)
		return;
	p->parked = false;
	jvpn_core_decide(st, &asked, &verdict);
}

void jvpn_core_recheck_all(struct jvpn_step *st)
{
	for (uint8_t i = 0; i < JVPN_SLOTS && !st->s->commit.active; i++)
		jvpn_core_recheck_parked(st, i);
}
