/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Server: the first attach, further attaches, and REATTACH requests, from verdict to commit or
 * denial. The checks themselves are in reattach.c.
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"
#include "core/text.h"

/* The server gives every tuple a number of its own: label#n. */
static void take_numbered_slot(struct jvpn_step *st, uint8_t slot, const char *label)
{
	jvpn_core_take_slot(st, slot, label);
	st->s->slot[slot].ready = true;
	st->s->slot[slot].n = ++st->s->last_n;
}

void jvpn_core_on_attached(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	uint8_t slot = st->event->slot;
	struct jvpn_commit plan = {.first = true, .slot = slot, .k = 1};

	if (s->state != JVPN_STATE_BIRTH || s->commit.active || slot >= JVPN_SLOTS ||
	    !jvpn_session_has_slots(s) || s->slot[slot].used)
		return;
	take_numbered_slot(st, slot, st->event->u.attached.label);
	s->slot[slot].pto_us = (uint32_t)(st->event->u.attached.pto_ns / JVPN_NS_PER_US);
	plan.fsm_event[0] = JVPN_FSM_ATTACH_OK;
	plan.reason[0] = JVPN_REASON_ATTACHED_TO_TRANSPORT;
	jvpn_core_begin_commit(st, &plan);
}

/* Whose place a new candidate takes when all are taken: the one with the same label, else the one
 * heard longest ago. Never the binding, never the target of a commit in flight. */
static uint8_t find_victim(const struct jvpn_session *s, const char *label)
{
	uint8_t oldest = JVPN_SLOT_NONE;

	for (uint8_t i = 0; i < JVPN_SLOTS; i++) {
		const struct jvpn_slot *p = &s->slot[i];

		if (!p->used || i == s->bound || (s->commit.active && s->commit.slot == i))
			continue;
		if (strcmp(p->label, label) == 0)
			return i;
		if (oldest == JVPN_SLOT_NONE || p->heard_ns < s->slot[oldest].heard_ns)
			oldest = i;
	}
	return oldest;
}

static uint64_t candidates(const struct jvpn_session *s)
{
	uint64_t n = 0;

	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (s->slot[i].used && i != s->bound)
			n++;
	return n;
}

static void make_room(struct jvpn_step *st, const char *label)
{
	while (candidates(st->s) >= st->policy->max_candidate_count) {
		uint8_t victim = find_victim(st->s, label);

		if (victim == JVPN_SLOT_NONE)
			break;
		jvpn_core_close_slot(st, victim, JVPN_REASON_CANDIDATE_REPLACED);
	}
}

/* Requests that are not verified leave no trace in the session, not even in a limiter: the listener
 * has charged their source and their connection. */
static void charge(struct jvpn_step *st, const struct jvpn_request *r, const struct jvpn_verdict *v)
{
	struct jvpn_session *s = st->s;
	const struct jvpn_policy *p = st->policy;

	if (v->charge_counter)
		jvpn_replay_commit(&s->replay, r->counter, p->replay_window_size);
	if (v->charge_session)
		(void)jvpn_bucket_take(&s->reattach_bucket, p->reattach_rate_per_session_per_s,
				       p->reattach_burst, st->now_ns);
	if (v->charge_global)
		(void)jvpn_bucket_take(st->ctx->global_reattach, p->reattach_rate_global_per_s,
				       p->reattach_rate_global_per_s, st->now_ns);
}

static struct jvpn_audit *emit_request(struct jvpn_step *st, enum jvpn_audit_type type,
				       enum jvpn_reason reason)
{
	const struct jvpn_request *r = &st->event->u.request;
	struct jvpn_audit *a = jvpn_core_emit_slot(st, type, reason, st->event->slot);

	a->has |= JVPN_HAS_REQUEST;
	a->counter = r->counter;
	a->request_version = r->server_version;
	if (r->ranking[0] != '\0') {
		a->has |= JVPN_HAS_TEXT;
		memcpy(a->text, r->ranking, sizeof(a->text));
	}
	if (st->event->slot < JVPN_SLOTS && !(a->has & JVPN_HAS_TRANSPORT)) {
		st->fx->v[st->fx->count - 1].slot = st->event->slot;
		a->has |= JVPN_HAS_TRANSPORT;
		memcpy(a->transport, r->label, sizeof(r->label));
	}
	return a;
}

static enum jvpn_audit_type security_type(enum jvpn_reason reason)
{
	if (reason == JVPN_REASON_REPLAY_DETECTED)
		return JVPN_AUDIT_SECURITY_REPLAY_DETECTED;
	if (reason == JVPN_REASON_RATE_LIMITED)
		return JVPN_AUDIT_RATE_LIMITED;
	if (reason == JVPN_REASON_INVALID_TRANSPORT_CANDIDATE ||
	    reason == JVPN_REASON_IDENTITY_MISMATCH)
		return JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT;
	if (reason == JVPN_REASON_OWNERSHIP_CONFLICT)
		return JVPN_AUDIT_OWNERSHIP_CONFLICT;
	return JVPN_AUDIT_NONE;
}

static void emit_denial(struct jvpn_step *st, uint8_t slot, uint64_t counter,
			const struct jvpn_verdict *v)
{
	struct jvpn_audit *a = jvpn_core_emit_slot(st, JVPN_AUDIT_REATTACH_RESULT, v->reason, slot);
	enum jvpn_audit_type type = security_type(v->reason);

	a->has |= JVPN_HAS_REQUEST | JVPN_HAS_RETRY_AFTER;
	a->counter = counter;
	a->retry_after_ms = v->retry_after_ms;
	if (type != JVPN_AUDIT_NONE)
		jvpn_core_emit_limited(st, type, v->reason, slot);
	if (v->step >= JVPN_LADDER_POLICY && v->is_switch)
		jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_SWITCH_DENIED, v->reason, slot);
}

/* What a denial of a verified request does to the state: check 10 with policy_denied or
 * switch_rate_limited, nothing else (session.md, transition table). */
static void follow_denial(struct jvpn_step *st, const struct jvpn_verdict *v)
{
	struct jvpn_session *s = st->s;

	if (v->step == JVPN_LADDER_PATH)
		jvpn_core_count_failure(s, st->now_ns);
	if (v->step != JVPN_LADDER_POLICY || s->commit.active)
		return;
	if (s->state == JVPN_STATE_RECOVERING && (v->reason == JVPN_REASON_POLICY_DENIED ||
						  v->reason == JVPN_REASON_SWITCH_RATE_LIMITED))
		(void)jvpn_core_transit(st, JVPN_FSM_REATTACH_INVALID, v->reason);
	else if (s->state == JVPN_STATE_VOLATILE && v->reason == JVPN_REASON_SWITCH_RATE_LIMITED)
		(void)jvpn_core_transit(st, JVPN_FSM_DEGRADE, v->reason);
}

static enum jvpn_reason instability_for(const struct jvpn_session *s, uint8_t slot,
					uint32_t generation, enum jvpn_reason asked)
{
	const struct jvpn_slot *p = &s->slot[slot];

	if (p->pending != JVPN_PENDING_NONE && p->pending_generation == generation)
		return JVPN_REASON_PATH_CHANGE_OBSERVED;
	if (asked == JVPN_REASON_PLANNED_HANDOVER)
		return JVPN_REASON_PLANNED_HANDOVER;
	return JVPN_REASON_PEER_REATTACH;
}

static enum jvpn_reason recovery_for(const struct jvpn_session *s, const struct jvpn_commit *plan,
				     enum jvpn_reason instability)
{
	const struct jvpn_slot *p = &s->slot[plan->slot];

	if (!plan->is_switch)
		return JVPN_REASON_HEALTH_RECOVERED;
	if (p->pending != JVPN_PENDING_NONE && p->pending_generation == plan->generation)
		return JVPN_REASON_PATH_CHANGE_RECOVERY;
	return jvpn_core_recovery_reason(instability);
}

/* The transitions that lead from here to ATTACHED. */
static void plan_transitions(const struct jvpn_session *s, struct jvpn_commit *plan,
			     enum jvpn_reason asked)
{
	enum jvpn_reason instability = (enum jvpn_reason)s->instability;
	uint8_t k = 0;

	if (s->state == JVPN_STATE_ATTACHED) {
		instability = instability_for(s, plan->slot, plan->generation, asked);
		plan->fsm_event[k] = JVPN_FSM_INSTABILITY;
		plan->reason[k++] = (uint8_t)instability;
	}
	if (s->state != JVPN_STATE_RECOVERING) {
		plan->fsm_event[k] = JVPN_FSM_SWITCH_START;
		plan->reason[k++] = (uint8_t)recovery_for(s, plan, instability);
	}
	plan->fsm_event[k] = JVPN_FSM_REATTACH_VALID;
	plan->reason[k++] = JVPN_REASON_REATTACH_SUCCESS;
	plan->k = k;
}

static void commit_to(struct jvpn_step *st, const struct jvpn_asked *asked, bool is_switch,
		      bool plain)
{
	struct jvpn_commit plan = {.is_switch = is_switch,
				   .plain = plain,
				   .slot = asked->slot,
				   .generation = asked->generation,
				   .detect_us = asked->detect_us,
				   .counter = asked->counter};

	plan_transitions(st->s, &plan, asked->reason);
	jvpn_core_begin_commit(st, &plan);
}

/* A proof for what holds already, on a healthy binding: somebody copied a packet of the client and
 * made us ask, or our answer was lost. A repeated fact: answered, no transition (I10, ADR 0006). */
static bool confirms_binding(const struct jvpn_session *s, const struct jvpn_asked *asked,
			     bool is_switch)
{
	const struct jvpn_slot *p = &s->slot[asked->slot];

	return !is_switch && s->state == JVPN_STATE_ATTACHED && s->permit &&
	       s->bound == asked->slot && p->generation == asked->generation && p->alive &&
	       !p->suspect && !s->commit.active;
}

/* Older requests that are still under way are overtaken by it, as by a commit. */
static void confirm(struct jvpn_step *st, const struct jvpn_asked *asked)
{
	if (asked->counter > st->s->bind_counter)
		st->s->bind_counter = asked->counter;
	jvpn_core_send_ack(st, asked->slot, asked->counter);
}

void jvpn_core_decide(struct jvpn_step *st, const struct jvpn_asked *asked,
		      const struct jvpn_verdict *verdict)
{
	switch (verdict->answer) {
	case JVPN_ANSWER_COMMIT:
		if (confirms_binding(st->s, asked, verdict->is_switch))
			confirm(st, asked);
		else
			commit_to(st, asked, verdict->is_switch, false);
		break;
	case JVPN_ANSWER_REQUIRED:
		jvpn_core_send_required(st, asked->slot, asked->generation,
					JVPN_REASON_PATH_CHANGE_OBSERVED);
		break;
	case JVPN_ANSWER_DENY:
		jvpn_core_send_deny(st, asked->slot, asked->counter, verdict);
		emit_denial(st, asked->slot, asked->counter, verdict);
		follow_denial(st, verdict);
		break;
	case JVPN_ANSWER_PARK:
	case JVPN_ANSWER_NONE:
		break;
	}
}

static void park(struct jvpn_step *st)
{
	const struct jvpn_request *r = &st->event->u.request;
	struct jvpn_slot *p = &st->s->slot[st->event->slot];

	p->parked = true;
	p->parked_counter = r->counter;
	p->parked_version = r->server_version;
	p->parked_generation = st->event->generation;
	p->parked_reason = (uint8_t)r->reason;
	p->parked_detect_us = r->detect_us;
}

/* The answer to a request without a proof: refused, and the log has the true reason. */
static void refuse(struct jvpn_step *st, const struct jvpn_verdict *v)
{
	if (st->policy->emit_security_events)
		(void)emit_request(st, JVPN_AUDIT_SECURITY_VALIDATION_FAILED, v->reason);
}

static struct jvpn_ladder_input ladder_input(const struct jvpn_step *st)
{
	struct jvpn_ladder_input in = {.session = st->s,
				       .ctx = st->ctx,
				       .request = &st->event->u.request,
				       .slot = st->event->slot,
				       .generation = st->event->generation,
				       .now_ns = st->now_ns};

	return in;
}

void jvpn_core_on_reattach_request(struct jvpn_step *st)
{
	struct jvpn_ladder_input in = ladder_input(st);
	const struct jvpn_request *r = in.request;
	struct jvpn_asked asked = {in.slot, in.generation, r->counter, r->reason, r->detect_us};
	struct jvpn_verdict v;

	if (in.slot >= JVPN_SLOTS)
		return;
	jvpn_reattach_check(&in, &v);
	if (!v.verified) {
		jvpn_core_send_deny(st, in.slot, r->counter, &v);
		refuse(st, &v);
		return;
	}
	if (v.charge_counter) {
		(void)emit_request(st, JVPN_AUDIT_REATTACH_ATTEMPT, r->reason);
		st->s->slot[in.slot].heard_ns = st->now_ns; /* a replay is no sign of life (I10) */
	}
	charge(st, r, &v);
	if (v.answer == JVPN_ANSWER_PARK)
		park(st);
	else
		jvpn_core_decide(st, &asked, &v);
}

static void refuse_attach(struct jvpn_step *st, const struct jvpn_verdict *v)
{
	struct jvpn_effect *e = jvpn_core_effect(st, JVPN_EFFECT_ATTACH_REFUSE, st->event->slot);
	struct jvpn_msg_reattach_deny *deny = &e->u.msg.u.reattach_deny;

	e->u.msg.type = JVPN_MSG_REATTACH_DENY;
	deny->counter = st->event->u.request.counter;
	deny->reason = v->wire_reason;
	if (!v->verified) {
		refuse(st, v);
		return;
	}
	deny->retry_after_ms = v->retry_after_ms;
	deny->server_version = st->s->durable_version;
	deny->age_ms = jvpn_session_age_ms(st->s, st->now_ns);
	emit_denial(st, JVPN_SLOT_NONE, deny->counter, v);
}

void jvpn_core_on_attach_request(struct jvpn_step *st)
{
	struct jvpn_ladder_input in = ladder_input(st);
	struct jvpn_effect *e;
	struct jvpn_verdict v;

	if (in.slot >= JVPN_SLOTS || !jvpn_session_has_slots(st->s) || st->s->slot[in.slot].used)
		return;
	jvpn_reattach_check_attach(&in, &v);
	if (v.verified)
		charge(st, in.request, &v);
	if (v.answer == JVPN_ANSWER_DENY) {
		refuse_attach(st, &v);
		return;
	}
	make_room(st, in.request->label);
	take_numbered_slot(st, in.slot, in.request->label);
	(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED,
				  JVPN_REASON_TRANSPORT_ATTACHED, in.slot);
	e = jvpn_core_effect(st, JVPN_EFFECT_ATTACH_ACCEPT, in.slot);
	jvpn_core_fill_state(st, &e->u.msg, (enum jvpn_reason)st->s->instability);
}

/* A peer without the extension: the server's own finding takes the place of the REATTACH. */
void jvpn_core_plain_finding(struct jvpn_step *st, uint8_t slot, uint32_t generation)
{
	struct jvpn_ladder_input in = ladder_input(st);
	struct jvpn_asked asked = {slot, generation, 0, JVPN_REASON_NONE, 0};
	struct jvpn_request none = {0};
	struct jvpn_verdict v;

	in.slot = slot;
	in.generation = generation;
	jvpn_reattach_check_plain(&in, &v);
	charge(st, &none, &v);
	if (v.answer == JVPN_ANSWER_COMMIT) {
		commit_to(st, &asked, v.is_switch, true);
	} else if (v.answer == JVPN_ANSWER_DENY) {
		emit_denial(st, slot, 0, &v);
		follow_denial(st, &v);
	}
}
