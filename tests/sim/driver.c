/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What runtime/driver.c is in the real programs: events through the core, effects carried out in
 * order on the model. Decides nothing; the oracle looks at every step.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

/* Every so many steps the same step is made twice on copies (I8). */
#define RECHECK_EVERY 16

struct sim_live *sim_live_new(struct sim *w, enum jvpn_role role, uint8_t client)
{
	static struct sim_live store[SIM_LIVES];

	for (uint16_t i = 0; i < SIM_LIVES; i++) {
		struct sim_live *l = &store[i];

		if (w->lives[i] && w->lives[i]->used)
			continue;
		memset(l, 0, sizeof(*l));
		w->lives[i] = l;
		l->used = true;
		l->index = i;
		l->uid = ++w->live_uid;
		l->role = role;
		l->client = client;
		l->wake_at = JVPN_TIME_NEVER;
		jvpn_session_init(&l->core, role);
		jvpn_session_set_slots(&l->core, l->core_slots);
		return l;
	}
	return NULL;
}

void sim_live_free(struct sim *w, struct sim_live *l)
{
	for (int i = 0; i < JVPN_SLOTS; i++)
		if (l->slot[i]) {
			struct sim_half *h =
				&l->slot[i]->end[l->role == JVPN_ROLE_SERVER ? SIM_SERVER_END
									     : SIM_CLIENT_END];

			h->live = NULL;
			h->slot = JVPN_SLOT_NONE;
			h->permit = false;
			l->slot[i] = NULL;
		}
	l->used = false;
	(void)w;
}

static int end_of(const struct sim_live *l)
{
	return l->role == JVPN_ROLE_SERVER ? SIM_SERVER_END : SIM_CLIENT_END;
}

bool sim_attach(struct sim_live *l, struct sim_conn *c)
{
	struct sim_half *h = &c->end[end_of(l)];
	uint8_t slot = jvpn_session_free_slot(&l->core);

	if (slot >= JVPN_SLOTS || l->slot[slot])
		return false;
	l->slot[slot] = c;
	h->live = l;
	h->slot = slot;
	return true;
}

/* ---- MACs ---- */

static bool counter_is_new(struct sim_half *h, uint64_t counter)
{
	if (counter <= h->rx_counter)
		return false;
	h->rx_counter = counter;
	return true;
}

bool sim_mac_holds(const struct sim_live *l, const struct sim_msg *msg, struct sim_conn *c)
{
	struct sim_half *h = &c->end[end_of(l)];
	bool here = msg->exporter == c->uid;

	if (!l->has_key || msg->key != l->key || msg->altered ||
	    msg->to_server != (l->role == JVPN_ROLE_SERVER))
		return false;
	switch (msg->m.type) {
	case JVPN_MSG_REATTACH_REQUEST:
		return here && jvpn_id_equal(&msg->m.u.reattach_request.session_id, &l->core.id);
	case JVPN_MSG_REATTACH_ACK:
	case JVPN_MSG_REATTACH_DENY:
		return true;
	case JVPN_MSG_SESSION_STATE:
		return here && counter_is_new(h, msg->m.u.session_state.conn_counter);
	case JVPN_MSG_REATTACH_REQUIRED:
		return here && counter_is_new(h, msg->m.u.reattach_required.conn_counter);
	case JVPN_MSG_TERMINATE:
		return here && counter_is_new(h, msg->m.u.terminate.conn_counter);
	case JVPN_MSG_NONE:
	case JVPN_MSG_SESSION_CREATED:
	case JVPN_MSG_TRANSPORT_HINT:
	case JVPN_MSG_COUNT:
		break;
	}
	return false;
}

static void count_message(struct sim_half *h, struct jvpn_msg *m)
{
	if (m->type == JVPN_MSG_SESSION_STATE)
		m->u.session_state.conn_counter = ++h->tx_counter;
	else if (m->type == JVPN_MSG_REATTACH_REQUIRED)
		m->u.reattach_required.conn_counter = ++h->tx_counter;
	else if (m->type == JVPN_MSG_TERMINATE)
		m->u.terminate.conn_counter = ++h->tx_counter;
}

static void send_as(struct sim *w, struct sim_live *l, struct sim_conn *c,
		    const struct jvpn_effect *effect, enum sim_msg_kind kind)
{
	struct sim_msg msg = {.kind = kind,
			      .m = effect->u.msg,
			      .key = l->key,
			      .exporter = c->uid,
			      .to_server = l->role == JVPN_ROLE_CLIENT};
	uint64_t uid = c->uid, tuple;

	if (msg.m.type == JVPN_MSG_REATTACH_REQUIRED) {
		if (!sim_gate_tuple(c, effect->generation, &tuple))
			return;
		memcpy(msg.m.u.reattach_required.challenge, &uid, 8);
		memcpy(msg.m.u.reattach_required.challenge + 8, &tuple, 8);
	}
	if (w->hostile)
		return; /* the answer goes to who sent it */
	count_message(&c->end[end_of(l)], &msg.m);
	sim_capture(w, &msg);
	sim_conn_send(w, c, end_of(l), &msg);
}

/* ---- effects ---- */

static void forget(struct sim_live *l, struct sim_conn *c)
{
	struct sim_half *h = &c->end[end_of(l)];

	l->slot[h->slot] = NULL;
	h->live = NULL;
	h->slot = JVPN_SLOT_NONE;
	h->permit = false;
}

static void accept_attach(struct sim *w, struct sim_live *l, struct sim_conn *c,
			  const struct jvpn_effect *effect)
{
	struct sim_msg ok = {.kind = SIM_MSG_OK};

	sim_conn_send(w, c, SIM_SERVER_END, &ok);
	if (effect->u.msg.type != JVPN_MSG_NONE)
		send_as(w, l, c, effect, SIM_MSG_CAPSULE);
}

static void set_permit(struct sim *w, struct sim_live *l, struct sim_conn *c, uint32_t generation)
{
	struct sim_half *h = &c->end[end_of(l)];

	h->permit = true;
	h->permit_gen = generation;
	(void)w;
}

static void execute_on(struct sim *w, struct sim_live *l, struct sim_conn *c,
		       const struct jvpn_effect *effect)
{
	switch (effect->type) {
	case JVPN_EFFECT_PERMIT_SET:
		set_permit(w, l, c, effect->generation);
		break;
	case JVPN_EFFECT_PERMIT_CLEAR:
		c->end[end_of(l)].permit = false;
		break;
	case JVPN_EFFECT_PATH_COMMIT:
		sim_gate_commit(w, c, effect->generation);
		break;
	case JVPN_EFFECT_PATH_DROP:
		sim_gate_drop(w, c, effect->generation, effect->u.cooldown_ns);
		break;
	case JVPN_EFFECT_OFFPATH_LIMIT:
		c->limit_until = w->now_ns + effect->u.cooldown_ns;
		break;
	case JVPN_EFFECT_SEND:
		send_as(w, l, c, effect, SIM_MSG_CAPSULE);
		break;
	case JVPN_EFFECT_SEND_ATTACH:
		send_as(w, l, c, effect, SIM_MSG_ATTACH);
		break;
	case JVPN_EFFECT_ATTACH_ACCEPT:
		accept_attach(w, l, c, effect);
		break;
	case JVPN_EFFECT_ATTACH_REFUSE:
		send_as(w, l, c, effect, SIM_MSG_REFUSED);
		forget(l, c);
		sim_half_doom(w, c, SIM_SERVER_END, JVPN_NS_PER_S);
		break;
	case JVPN_EFFECT_CLOSE_TRANSPORT:
		sim_half_end(w, c, end_of(l), true, effect->u.reason == JVPN_REASON_NODE_DRAINING);
		break;
	default:
		break;
	}
}

static void execute(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect)
{
	struct sim_conn *c = effect->slot < JVPN_SLOTS ? l->slot[effect->slot] : NULL;

	sim_oracle_effect(w, l, effect);
	switch (effect->type) {
	case JVPN_EFFECT_EMIT:
		sim_oracle_emit(w, l, &effect->u.audit);
		break;
	case JVPN_EFFECT_STORE_CAS:
	case JVPN_EFFECT_STORE_APPEND:
	case JVPN_EFFECT_STORE_REREAD:
		sim_store_begin(w, l, effect);
		break;
	case JVPN_EFFECT_TERMINATED:
	case JVPN_EFFECT_DROPPED:
		l->over = true;
		break;
	default:
		if (c)
			execute_on(w, l, c, effect);
		break;
	}
}

/* ---- steps ---- */

static void fill_ctx(struct sim *w, const struct sim_live *l, struct jvpn_step_ctx *ctx)
{
	ctx->policy = &w->policy;
	ctx->global_reattach = l->role == JVPN_ROLE_SERVER ? &w->global_reattach : NULL;
	/* What was begun is decided by the store; a new session has no other owner. */
	ctx->authority = l->role == JVPN_ROLE_SERVER && !l->core.commit.active &&
					 l->core.state != JVPN_STATE_BIRTH
				 ? w->authority
				 : JVPN_AUTHORITY_OWNED;
}

/* I8: once more on a copy; everything that is a result must be the same. */
static void step_again(struct sim *w, const struct sim_live *l, const struct jvpn_event *event,
		       struct jvpn_bucket global, struct jvpn_step_ctx ctx)
{
	if (ctx.global_reattach)
		ctx.global_reattach = &global;
	jvpn_session_copy(&w->before.session, &w->again);
	jvpn_session_step(&w->again.session, &ctx, event, &w->fx_again);
	w->n.rechecked++;
	if (!jvpn_session_is_same(&w->again.session, &l->core) || w->fx_again.count != w->fx.count)
		sim_fail(w, "I8: the same step gave two results (%s)",
			 jvpn_event_type_name(event->type));
	for (size_t i = 0; i < w->fx.count && i < w->fx_again.count; i++)
		if (w->fx.v[i].type != w->fx_again.v[i].type ||
		    w->fx.v[i].slot != w->fx_again.v[i].slot)
			sim_fail(w, "I8: the same step gave two effects (%s)",
				 jvpn_event_type_name(event->type));
}

static void log_step(struct sim *w, const struct sim_live *l, const struct jvpn_event *event,
		     enum sim_trust trust)
{
	const struct jvpn_session *s = &l->core;

	sim_log(w,
		"%c%u %s%s slot %d gen %u -> %s v%" PRIu64 "/%" PRIu64 " bound %d permit %d fx %zu",
		l->role == JVPN_ROLE_SERVER ? 's' : 'c', l->track ? l->track->sid : 0,
		trust == SIM_HOSTILE ? "!" : "", jvpn_event_type_name(event->type),
		event->slot == JVPN_SLOT_NONE ? -1 : event->slot, event->generation,
		jvpn_state_name(s->state), s->state_version, s->durable_version,
		s->bound == JVPN_SLOT_NONE ? -1 : s->bound, s->permit, w->fx.count);
}

static void finish(struct sim *w, struct sim_live *l)
{
	enum jvpn_reason reason = (enum jvpn_reason)l->core.terminated_reason;

	if (l->role == JVPN_ROLE_CLIENT)
		sim_client_ended(w, l, reason);
	sim_live_free(w, l);
}

static void run_core(struct sim *w, struct sim_live *l, struct jvpn_event *event,
		     enum sim_trust trust)
{
	struct jvpn_bucket global = w->global_reattach;
	struct jvpn_witness witness;
	struct jvpn_step_ctx ctx;
	int broken;

	fill_ctx(w, l, &ctx);
	event->now_ns = w->now_ns;
	sim_oracle_before(w, l, event);
	jvpn_invariant_capture(&l->core, &witness);
	jvpn_session_step(&l->core, &ctx, event, &w->fx);
	broken = jvpn_invariant_check(&witness, &l->core, &ctx, event, &w->fx);
	w->n.steps++;
	log_step(w, l, event, trust);
	if (w->fx.overflow)
		sim_fail(w, "the effects do not fit");
	if (broken)
		sim_fail(w, "jvpn_invariant_check: I%d, %s", broken, jvpn_invariant_text(broken));
	if (w->n.steps % RECHECK_EVERY == 0)
		step_again(w, l, event, global, ctx);
	if (trust == SIM_HOSTILE && memcmp(&global, &w->global_reattach, sizeof(global)))
		sim_fail(w, "I10: a forged or replayed message was charged to the global bucket");
	sim_oracle_after(w, l, event, trust);
}

static void run_due_timers(struct sim *w, struct sim_live *l)
{
	struct jvpn_event timer = {.type = JVPN_EVENT_TIMER, .slot = JVPN_SLOT_NONE};

	if (jvpn_session_next_deadline(&l->core, &w->policy) <= w->now_ns)
		sim_step(w, l, &timer, SIM_GENUINE);
}

bool sim_step(struct sim *w, struct sim_live *l, struct jvpn_event *event, enum sim_trust trust)
{
	uint32_t uid = l->uid;

	if (!l->used || l->over)
		return false;
	if (w->failed)
		return true;
	if (w->executing) {
		sim_fail(w, "the simulator nests steps");
		return true;
	}
	if (trust == SIM_HOSTILE) {
		run_due_timers(w, l);
		if (l->uid != uid || !l->used)
			return false;
		w->n.hostile++;
	}
	run_core(w, l, event, trust);
	w->executing = true;
	w->hostile = trust == SIM_HOSTILE;
	for (size_t i = 0; i < w->fx.count && !w->failed; i++)
		execute(w, l, &w->fx.v[i]);
	w->executing = false;
	w->hostile = false;
	sim_oracle_settled(w, l);
	if (l->over) {
		finish(w, l);
		return false;
	}
	sim_live_arm(w, l);
	return true;
}

bool sim_fact(struct sim *w, struct sim_conn *c, int end, enum jvpn_fact_kind kind)
{
	struct sim_half *h = &c->end[end];
	struct jvpn_event event = {.type = JVPN_EVENT_FACT, .slot = h->slot};
	const struct sim_iface *f = &w->client[c->client].iface[c->iface];
	uint32_t loss = end == SIM_CLIENT_END ? f->loss_up_ppm : f->loss_down_ppm;

	event.u.fact.kind = kind;
	event.u.fact.last_good_ns = h->liveness.last_received_ns;
	event.u.fact.loss_ppm = f->bad_until > w->now_ns ? loss : 0;
	event.u.fact.latency_us = (uint32_t)(2 * f->delay_ns / JVPN_NS_PER_US);
	event.u.fact.typical_us = event.u.fact.latency_us;
	event.u.fact.settled = true;
	event.u.fact.pto_ns = sim_pto_ns(w, c);
	return sim_step(w, h->live, &event, SIM_GENUINE);
}

/* What the client's driver does while there is traffic: all figures, then the question. */
void sim_compare(struct sim *w, struct sim_live *l)
{
	struct jvpn_event event = {.type = JVPN_EVENT_COMPARE, .slot = JVPN_SLOT_NONE};
	uint32_t uid = l->uid;
	const struct sim_conn *bound;
	const struct sim_iface *f;

	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (l->slot[i] && l->core.slot[i].used &&
		    (!sim_fact(w, l->slot[i], SIM_CLIENT_END, JVPN_FACT_MEASURE) || !l->used ||
		     l->uid != uid))
			return;
	bound = l->core.bound < JVPN_SLOTS ? l->slot[l->core.bound] : NULL;
	if (!bound)
		return;
	f = &w->client[bound->client].iface[bound->iface];
	event.u.compare.loss_ppm = f->bad_until > w->now_ns ? f->loss_up_ppm : 0;
	event.u.compare.latency_us = (uint32_t)(2 * f->delay_ns / JVPN_NS_PER_US);
	event.u.compare.typical_us = event.u.compare.latency_us;
	event.u.compare.settled = true;
	sim_step(w, l, &event, SIM_GENUINE);
}

void sim_terminate(struct sim *w, struct sim_live *l, enum jvpn_reason reason)
{
	struct jvpn_event event = {.type = JVPN_EVENT_TERMINATE, .slot = JVPN_SLOT_NONE};

	event.u.reason = reason;
	sim_oracle_may_end(l->track, reason);
	sim_step(w, l, &event, SIM_GENUINE);
}

void sim_live_arm(struct sim *w, struct sim_live *l)
{
	uint64_t at = jvpn_session_next_deadline(&l->core, &w->policy);
	struct sim_item item = {.type = SIM_ITEM_LIVE, .a = l->index, .uid = l->uid};

	if (at == JVPN_TIME_NEVER || at >= l->wake_at)
		return;
	l->wake_at = at > w->now_ns ? at : w->now_ns;
	sim_push(w, &item, l->wake_at);
}

void sim_live_wake(struct sim *w, const struct sim_item *item)
{
	struct jvpn_event timer = {.type = JVPN_EVENT_TIMER, .slot = JVPN_SLOT_NONE};
	struct sim_live *l = w->lives[item->a];

	if (!l || !l->used || l->uid != item->uid || l->wake_at != item->at)
		return;
	l->wake_at = JVPN_TIME_NEVER;
	if (jvpn_session_next_deadline(&l->core, &w->policy) > w->now_ns) {
		sim_live_arm(w, l);
		return;
	}
	if (!sim_step(w, l, &timer, SIM_GENUINE))
		return;
	if (jvpn_session_next_deadline(&l->core, &w->policy) <= w->now_ns)
		sim_fail(w, "I6: a deadline stays due after its timer");
}
