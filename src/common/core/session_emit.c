/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Effects: audit events and messages with the fields that every one of them needs. Must not change
 * the session, but for the limiter of security events.
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"
#include "core/text.h"

struct jvpn_effect *jvpn_core_effect(struct jvpn_step *st, enum jvpn_effect_type type, uint8_t slot)
{
	struct jvpn_effects *fx = st->fx;
	struct jvpn_effect *e;

	if (fx->count == JVPN_EFFECTS_MAX) {
		fx->overflow = true;
		fx->count--; /* the last one is overwritten; the driver ends the session */
	}
	e = &fx->v[fx->count++];
	memset(e, 0, sizeof(*e));
	e->type = type;
	e->slot = slot;
	return e;
}

static bool id_is_known(const struct jvpn_session *s)
{
	static const struct jvpn_id none;

	return !jvpn_id_equal(&s->id, &none);
}

struct jvpn_audit *jvpn_core_emit(struct jvpn_step *st, enum jvpn_audit_type type,
				  enum jvpn_reason reason)
{
	struct jvpn_effect *e = jvpn_core_effect(st, JVPN_EFFECT_EMIT, JVPN_SLOT_NONE);
	struct jvpn_audit *a = &e->u.audit;

	a->type = type;
	a->reason = reason;
	if (id_is_known(st->s)) {
		a->has |= JVPN_HAS_SESSION;
		a->session_id = st->s->id;
		a->state_version = st->s->durable_version;
	}
	return a;
}

struct jvpn_audit *jvpn_core_emit_slot(struct jvpn_step *st, enum jvpn_audit_type type,
				       enum jvpn_reason reason, uint8_t slot)
{
	struct jvpn_audit *a = jvpn_core_emit(st, type, reason);

	if (slot < JVPN_SLOTS && st->s->slot[slot].used) {
		st->fx->v[st->fx->count - 1].slot = slot;
		a->has |= JVPN_HAS_TRANSPORT;
		jvpn_session_transport_id(st->s, slot, a->transport);
	}
	return a;
}

void jvpn_core_emit_change(struct jvpn_step *st, const struct jvpn_journal_entry *change,
			   uint64_t version)
{
	struct jvpn_audit *a = jvpn_core_emit(st, JVPN_AUDIT_SESSION_STATE_CHANGE,
					      (enum jvpn_reason)change->reason);

	a->has |= JVPN_HAS_STATES | JVPN_HAS_FSM_EVENT;
	a->state_version = version;
	a->from = (enum jvpn_state)change->from;
	a->to = (enum jvpn_state)change->to;
	a->fsm_event = (enum jvpn_fsm_event)change->fsm_event;
}

/* Version 1, BIRTH: before the first SessionStateChange of the session. */
void jvpn_core_emit_created(struct jvpn_step *st)
{
	struct jvpn_audit *a = jvpn_core_emit(st, JVPN_AUDIT_SESSION_CREATED, JVPN_REASON_NONE);

	a->state_version = 1;
}

void jvpn_core_emit_terminated(struct jvpn_step *st)
{
	struct jvpn_audit *a = jvpn_core_emit(st, JVPN_AUDIT_SESSION_TERMINATED,
					      (enum jvpn_reason)st->s->terminated_reason);

	a->has |= JVPN_HAS_TOTALS;
	a->session_age_ms = jvpn_session_age_ms(st->s, st->now_ns);
	a->transportless_age_ms = st->s->terminated_transportless_ms;
	a->total_switches = st->s->total_switches;
}

void jvpn_core_emit_limited(struct jvpn_step *st, enum jvpn_audit_type type,
			    enum jvpn_reason reason, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_audit *a;

	if (!st->policy->emit_security_events)
		return;
	if (!jvpn_bucket_take(&s->security_bucket, JVPN_SECURITY_EVENTS_PER_S,
			      JVPN_SECURITY_EVENTS_PER_S, st->now_ns)) {
		s->security_suppressed++;
		return;
	}
	a = jvpn_core_emit_slot(st, type, reason, slot);
	if (s->security_suppressed > 0) {
		a->has |= JVPN_HAS_COUNT;
		a->count = s->security_suppressed + 1;
		s->security_suppressed = 0;
	}
}

static struct jvpn_msg *send(struct jvpn_step *st, enum jvpn_msg_type type, uint8_t slot)
{
	struct jvpn_effect *e = jvpn_core_effect(st, JVPN_EFFECT_SEND, slot);

	e->u.msg.type = type;
	return &e->u.msg;
}

void jvpn_core_send_required(struct jvpn_step *st, uint8_t slot, uint32_t generation,
			     enum jvpn_reason reason)
{
	struct jvpn_msg *msg;

	if (st->s->plain)
		return;
	msg = send(st, JVPN_MSG_REATTACH_REQUIRED, slot);
	st->fx->v[st->fx->count - 1].generation = generation;
	msg->u.reattach_required.reason = reason;
	msg->u.reattach_required.server_version = st->s->durable_version;
	msg->u.reattach_required.age_ms = jvpn_session_age_ms(st->s, st->now_ns);
}

void jvpn_core_send_required_others(struct jvpn_step *st, uint8_t except, enum jvpn_reason reason)
{
	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (i != except && st->s->slot[i].used && st->s->slot[i].alive)
			jvpn_core_send_required(st, i, st->s->slot[i].generation, reason);
}

/* Without a valid proof the answer says nothing about the session. */
void jvpn_core_send_deny(struct jvpn_step *st, uint8_t slot, uint64_t counter,
			 const struct jvpn_verdict *verdict)
{
	struct jvpn_msg *msg = send(st, JVPN_MSG_REATTACH_DENY, slot);

	msg->u.reattach_deny.counter = counter;
	msg->u.reattach_deny.reason = verdict->wire_reason;
	if (!verdict->verified)
		return;
	msg->u.reattach_deny.retry_after_ms = verdict->retry_after_ms;
	msg->u.reattach_deny.server_version = st->s->durable_version;
	msg->u.reattach_deny.age_ms = jvpn_session_age_ms(st->s, st->now_ns);
}

void jvpn_core_send_ack(struct jvpn_step *st, uint8_t slot, uint64_t counter)
{
	struct jvpn_msg *msg = send(st, JVPN_MSG_REATTACH_ACK, slot);

	msg->u.reattach_ack.counter = counter;
	msg->u.reattach_ack.server_version = st->s->durable_version;
	msg->u.reattach_ack.age_ms = jvpn_session_age_ms(st->s, st->now_ns);
	jvpn_session_transport_id(st->s, slot, msg->u.reattach_ack.transport_id);
}

void jvpn_core_send_created(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_msg *msg;

	if (st->s->plain)
		return;
	msg = send(st, JVPN_MSG_SESSION_CREATED, slot);
	msg->u.session_created.session_id = st->s->id;
	msg->u.session_created.server_version = st->s->durable_version;
	msg->u.session_created.age_ms = jvpn_session_age_ms(st->s, st->now_ns);
	msg->u.session_created.lifetime_ms = st->policy->max_lifetime_ms;
	msg->u.session_created.transport_lost_ttl_ms = st->policy->transport_lost_ttl_ms;
	jvpn_session_transport_id(st->s, slot, msg->u.session_created.transport_id);
}

void jvpn_core_fill_state(struct jvpn_step *st, struct jvpn_msg *msg, enum jvpn_reason reason)
{
	msg->type = JVPN_MSG_SESSION_STATE;
	msg->u.session_state.state = st->s->state;
	msg->u.session_state.reason = reason;
	msg->u.session_state.server_version = st->s->durable_version;
	msg->u.session_state.age_ms = jvpn_session_age_ms(st->s, st->now_ns);
}

void jvpn_core_send_state_all(struct jvpn_step *st, enum jvpn_reason reason)
{
	if (st->s->plain)
		return;
	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (st->s->slot[i].used && st->s->slot[i].alive)
			jvpn_core_fill_state(st, send(st, JVPN_MSG_SESSION_STATE, i), reason);
}
