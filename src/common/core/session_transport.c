/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What happens to transports: facts, closing, planned moves, drain. Must not look at requests.
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"

/* RECOVERING without anything that could recover ends at once. */
static void give_up_if_alone(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (s->slot[i].used &&
		    (s->slot[i].alive || s->slot[i].pending != JVPN_PENDING_NONE))
			return;
	if (s->state == JVPN_STATE_RECOVERING && !s->commit.active)
		(void)jvpn_core_transit(st, JVPN_FSM_REATTACH_INVALID,
					JVPN_REASON_NO_CANDIDATE_TRANSPORTS);
}

static void mark_commit_lost(struct jvpn_step *st, uint8_t slot, enum jvpn_reason reason)
{
	struct jvpn_commit *c = &st->s->commit;

	if (!c->active || c->slot != slot || c->generation != st->s->slot[slot].generation)
		return;
	c->target_lost = true;
	c->lost_reason = (uint8_t)reason;
}

/* The binding is gone: the permit at once, the transition as soon as it may be made. */
static void lose_binding(struct jvpn_step *st, uint8_t slot, enum jvpn_reason reason,
			 uint64_t last_good_ns)
{
	struct jvpn_session *s = st->s;

	jvpn_core_unbind(st);
	jvpn_core_instability(st, reason, last_good_ns);
	if (s->role == JVPN_ROLE_SERVER && !s->commit.active)
		jvpn_core_send_required_others(st, slot, reason);
}

static void follow_loss(struct jvpn_step *st)
{
	give_up_if_alone(st);
	if (st->s->role == JVPN_ROLE_CLIENT)
		jvpn_core_client_seek(st);
}

void jvpn_core_on_closed(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	uint8_t slot = st->event->slot;
	enum jvpn_reason reason = st->event->u.closed.restarting ? JVPN_REASON_NODE_DRAINING
								 : JVPN_REASON_TRANSPORT_DEAD;

	if (slot >= JVPN_SLOTS || !s->slot[slot].used)
		return;
	if (slot == s->bound)
		lose_binding(st, slot, reason, st->event->u.closed.last_good_ns);
	else if (s->state != JVPN_STATE_BIRTH) /* then nobody has heard of it */
		(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED,
					  JVPN_REASON_TRANSPORT_CLOSED, slot);
	jvpn_core_end_pending(st, slot);
	jvpn_core_free_slot(st, slot);
	/* The server's restart is what is exempt: a client that says so would have no budget (I4). */
	if (st->event->u.closed.restarting && s->role == JVPN_ROLE_CLIENT)
		s->exempt = true;
	if (s->state == JVPN_STATE_BIRTH && s->role == JVPN_ROLE_SERVER && !s->commit.active)
		jvpn_core_attach_failed(st, JVPN_REASON_ATTACH_TIMEOUT);
	follow_loss(st);
}

static uint64_t trouble_since(const struct jvpn_event *e)
{
	return e->u.fact.since_ns != 0 ? e->u.fact.since_ns : e->u.fact.last_good_ns;
}

static void on_dead(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_slot *p = &st->s->slot[slot];

	mark_commit_lost(st, slot, JVPN_REASON_TRANSPORT_DEAD);
	if (!p->alive)
		return; /* a repeated fact */
	p->alive = false;
	p->failed_ns = st->now_ns;
	if (slot == st->s->bound)
		lose_binding(st, slot, JVPN_REASON_TRANSPORT_DEAD, trouble_since(st->event));
	follow_loss(st);
}

static enum jvpn_reason bad_reason(enum jvpn_fact_kind kind)
{
	if (kind == JVPN_FACT_LOSS)
		return JVPN_REASON_LOSS_THRESHOLD_EXCEEDED;
	if (kind == JVPN_FACT_DROPS)
		return JVPN_REASON_CONSECUTIVE_DROP_EXCEEDED;
	if (kind == JVPN_FACT_LATENCY)
		return JVPN_REASON_LATENCY_THRESHOLD_EXCEEDED;
	return JVPN_REASON_HEARTBEAT_TIMEOUT;
}

/* Unstable, not dead: a binding keeps carrying packets while something better is sought. */
static void on_bad(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_slot *p = &s->slot[slot];
	enum jvpn_fact_kind kind = st->event->u.fact.kind;

	p->suspect = true;
	p->silent = kind == JVPN_FACT_DROPS;
	p->failed_ns = st->now_ns;
	p->stable_since_ns = st->now_ns;
	if (slot != s->bound) {
		if (kind == JVPN_FACT_HEARTBEAT_TIMEOUT)
			p->alive = false;
		return;
	}
	jvpn_core_instability(st, bad_reason(kind), trouble_since(st->event));
	if (s->role == JVPN_ROLE_CLIENT)
		jvpn_core_client_seek(st);
}

/* No way back to ATTACHED but through a REATTACH, also on the same transport. */
static void on_healthy(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_slot *p = &s->slot[slot];

	if (p->leave_ns != 0 && slot != s->bound)
		(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED,
					  JVPN_REASON_NONE, slot);
	p->leave_ns = 0;
	p->alive = true;
	p->suspect = false;
	p->silent = false;
	p->stable_since_ns = st->now_ns;
	p->heard_ns = st->now_ns;
	if (s->state == JVPN_STATE_ATTACHED || s->state == JVPN_STATE_BIRTH ||
	    s->state == JVPN_STATE_TERMINATED || (s->bound != JVPN_SLOT_NONE && s->bound != slot))
		return;
	if (s->role == JVPN_ROLE_CLIENT)
		jvpn_core_client_request(st, slot, JVPN_REASON_HEALTH_RECOVERED);
	else if (s->plain)
		jvpn_core_plain_finding(st, slot, p->generation);
	else
		jvpn_core_send_required(st, slot, p->generation, (enum jvpn_reason)s->instability);
}

static void take_figures(struct jvpn_step *st, struct jvpn_slot *p)
{
	p->loss_ppm = st->event->u.fact.loss_ppm;
	p->latency_us = st->event->u.fact.latency_us;
	p->typical_us = st->event->u.fact.typical_us;
	p->spread_us = st->event->u.fact.spread_us;
	p->settled = st->event->u.fact.settled;
	p->pto_us = (uint32_t)(st->event->u.fact.pto_ns / JVPN_NS_PER_US);
	if (st->event->u.fact.last_good_ns > p->heard_ns)
		p->heard_ns = st->event->u.fact.last_good_ns;
}

void jvpn_core_on_fact(struct jvpn_step *st)
{
	uint8_t slot = st->event->slot;

	if (slot >= JVPN_SLOTS || !st->s->slot[slot].used)
		return;
	take_figures(st, &st->s->slot[slot]);
	switch (st->event->u.fact.kind) {
	case JVPN_FACT_DEAD:
		on_dead(st, slot);
		break;
	case JVPN_FACT_LOSS:
	case JVPN_FACT_DROPS:
	case JVPN_FACT_LATENCY:
	case JVPN_FACT_HEARTBEAT_TIMEOUT:
		on_bad(st, slot);
		break;
	case JVPN_FACT_HEALTHY:
		on_healthy(st, slot);
		break;
	case JVPN_FACT_NONE:
	case JVPN_FACT_MEASURE:
	case JVPN_FACT_COUNT:
		break;
	}
}

/* Client: the wanted target, or the best of the others. */
static int handover_target(struct jvpn_step *st)
{
	uint8_t slot = st->event->slot;

	if (slot < JVPN_SLOTS)
		return st->s->slot[slot].used && st->s->slot[slot].alive ? slot : -1;
	return jvpn_core_client_select(st);
}

void jvpn_core_on_handover(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	uint8_t slot = st->event->slot;
	int target;

	if (s->state != JVPN_STATE_ATTACHED || s->commit.active)
		return;
	if (s->role == JVPN_ROLE_SERVER) {
		jvpn_core_instability(st, JVPN_REASON_PLANNED_HANDOVER, 0);
		if (slot < JVPN_SLOTS && s->slot[slot].used)
			jvpn_core_send_required(st, slot, s->slot[slot].generation,
						JVPN_REASON_PLANNED_HANDOVER);
		else
			jvpn_core_send_required_others(st, s->bound, JVPN_REASON_PLANNED_HANDOVER);
		return;
	}
	target = handover_target(st);
	if (target < 0 || target == s->bound)
		return;
	jvpn_core_instability(st, JVPN_REASON_PLANNED_HANDOVER, 0);
	jvpn_core_client_request(st, (uint8_t)target, JVPN_REASON_PLANNED_HANDOVER);
}

void jvpn_core_on_drain(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (s->state == JVPN_STATE_BIRTH || s->state == JVPN_STATE_TERMINATED)
		return;
	s->draining = true;
	s->exempt = true;
	s->attempt.active = false;
	jvpn_core_unbind(st);
	jvpn_core_instability(st, JVPN_REASON_NODE_DRAINING, 0);
	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		jvpn_core_close_slot(st, i, JVPN_REASON_NODE_DRAINING);
	give_up_if_alone(st);
}
