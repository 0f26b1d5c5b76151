/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Those who have no key (replays and forgeries, which must not change a byte), and one who has it
 * and does not play by the rules. Packets that are copied from other tuples are made in net.c.
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"

void sim_capture(struct sim *w, const struct sim_msg *msg)
{
	w->capture[w->captures++ % SIM_CAPTURES] = *msg;
}

static struct sim_live *any_live(struct sim *w, enum jvpn_role role)
{
	int first = (int)sim_below(w, SIM_LIVES);

	for (int i = 0; i < SIM_LIVES; i++) {
		struct sim_live *l = w->lives[(first + i) % SIM_LIVES];

		if (l && l->used && l->role == role && l->core.state != JVPN_STATE_BIRTH)
			return l;
	}
	return NULL;
}

static struct sim_conn *any_conn(struct sim *w, const struct sim_live *l, uint8_t *slot)
{
	uint8_t first = (uint8_t)sim_below(w, JVPN_SLOTS);

	for (uint8_t i = 0; i < JVPN_SLOTS; i++) {
		*slot = (uint8_t)((first + i) % JVPN_SLOTS);
		if (l->slot[*slot])
			return l->slot[*slot];
	}
	return NULL;
}

static const struct sim_msg *any_request(struct sim *w)
{
	uint32_t first = (uint32_t)sim_below(w, SIM_CAPTURES);

	for (uint32_t i = 0; i < SIM_CAPTURES; i++) {
		const struct sim_msg *m = &w->capture[(first + i) % SIM_CAPTURES];

		if (m->m.type == JVPN_MSG_REATTACH_REQUEST && m->key)
			return m;
	}
	return NULL;
}

/* Any bit of any field. What is flipped inside the MAC's reach breaks it; all of it is. */
static void flip(struct sim *w, struct sim_msg *msg)
{
	struct jvpn_msg_reattach_request *r = &msg->m.u.reattach_request;
	uint64_t bit = 1ULL << sim_below(w, 64);

	msg->altered = true;
	switch (sim_below(w, 6)) {
	case 0:
		r->counter ^= bit;
		break;
	case 1:
		r->server_version ^= bit;
		break;
	case 2:
		r->age_ms ^= bit;
		break;
	case 3:
		r->challenge[sim_below(w, JVPN_CHALLENGE_BYTES)] ^=
			(uint8_t)(1U << sim_below(w, 8));
		break;
	case 4:
		r->has_challenge = !r->has_challenge;
		break;
	default:
		break; /* a bit of the MAC itself */
	}
}

/* A request that was caught (and maybe altered) arrives on a connection of the session, its own or
 * another one, or in another session. */
static void replay_request(struct sim *w, bool forge)
{
	const struct sim_msg *caught = any_request(w);
	struct jvpn_event event = {.type = JVPN_EVENT_REATTACH_REQUEST};
	struct jvpn_request *r = &event.u.request;
	struct sim_live *l;
	struct sim_conn *c;
	struct sim_msg msg;

	if (!caught)
		return;
	msg = *caught;
	if (forge)
		flip(w, &msg);
	l = sim_chance(w, 800000) ? sim_server_find(w, &caught->m.u.reattach_request.session_id)
				  : any_live(w, JVPN_ROLE_SERVER);
	c = l ? any_conn(w, l, &event.slot) : NULL;
	if (!c)
		return;
	r->counter = msg.m.u.reattach_request.counter;
	r->server_version = msg.m.u.reattach_request.server_version;
	r->age_ms = msg.m.u.reattach_request.age_ms;
	snprintf(r->label, sizeof(r->label), "%s", msg.m.u.reattach_request.label);
	r->proof_ok = sim_mac_holds(l, &msg, c);
	r->has_challenge = msg.m.u.reattach_request.has_challenge;
	event.generation =
		c->has_candidate && sim_chance(w, 500000) ? c->candidate_gen : c->bound_gen;
	r->handshake_validated = event.generation == 0;
	/* The genuine one may still be on its way: then this is no replay but a faster path. */
	if (r->proof_ok && !jvpn_replay_has_seen(&l->core.replay, r->counter))
		return;
	w->n.replays += r->proof_ok;
	r->challenge_matches = r->proof_ok && r->has_challenge;
	sim_step(w, l, &event, SIM_HOSTILE);
}

static void forge_attach(struct sim *w)
{
	const struct sim_msg *caught = any_request(w);
	struct jvpn_event event = {.type = JVPN_EVENT_ATTACH_REQUEST};
	struct jvpn_request *r = &event.u.request;
	struct sim_live *l;

	if (!caught)
		return;
	l = sim_server_find(w, &caught->m.u.reattach_request.session_id);
	if (!l)
		return;
	event.slot = jvpn_session_free_slot(&l->core);
	if (event.slot >= JVPN_SLOTS || l->slot[event.slot])
		return;
	r->counter = caught->m.u.reattach_request.counter + sim_below(w, 3);
	r->server_version = l->core.durable_version;
	r->age_ms = caught->m.u.reattach_request.age_ms;
	r->identity_mismatch = sim_chance(w, 300000);
	r->handshake_validated = true;
	snprintf(r->label, sizeof(r->label), "x");
	sim_step(w, l, &event, SIM_HOSTILE);
}

static enum jvpn_reason any_reason(struct sim *w)
{
	return (enum jvpn_reason)(1 + sim_below(w, JVPN_REASON_COUNT - 1));
}

static enum jvpn_reason any_mac_reason(struct sim *w)
{
	enum jvpn_reason reason = any_reason(w);

	/* reattach_refused has no MAC: the certificate speaks for it. */
	return reason == JVPN_REASON_REATTACH_REFUSED ? JVPN_REASON_RATE_LIMITED : reason;
}

/* Anything that a client takes, without a valid MAC. */
static void forge_to_client(struct sim *w)
{
	struct sim_live *l = any_live(w, JVPN_ROLE_CLIENT);
	struct jvpn_event event = {0};
	uint64_t version;

	if (!l || !any_conn(w, l, &event.slot))
		return;
	version = l->core.server_version + sim_below(w, 4);
	switch (sim_below(w, 5)) {
	case 0:
		event.type = JVPN_EVENT_ACK;
		event.u.ack.counter = l->core.attempt.counter;
		event.u.ack.server_version = version;
		break;
	case 1:
		event.type = JVPN_EVENT_DENY;
		event.u.deny.counter = l->core.attempt.counter;
		event.u.deny.reason = any_mac_reason(w);
		event.u.deny.server_version = version;
		break;
	case 2:
		event.type = JVPN_EVENT_REQUIRED;
		event.u.required.server_version = version;
		event.u.required.reason = any_reason(w);
		break;
	case 3:
		event.type = JVPN_EVENT_STATE;
		event.u.state.state = JVPN_STATE_TERMINATED;
		event.u.state.reason = any_reason(w);
		event.u.state.server_version = version;
		break;
	default:
		event.type = JVPN_EVENT_PEER_TERMINATE;
		event.u.peer.reason = any_reason(w);
		break;
	}
	sim_step(w, l, &event, SIM_HOSTILE);
}

static uint64_t answer_version(const struct sim_msg *m)
{
	return m->m.type == JVPN_MSG_REATTACH_ACK ? m->m.u.reattach_ack.server_version
						  : m->m.u.reattach_deny.server_version;
}

/* An old ACK or DENY verifies (its MAC covers the request's counter): it must find no request. */
static void replay_answer(struct sim *w)
{
	const struct sim_msg *m = &w->capture[sim_below(w, SIM_CAPTURES)];
	struct sim_live *l = any_live(w, JVPN_ROLE_CLIENT);
	struct jvpn_event event = {.type = JVPN_EVENT_ACK};

	if (!l || !m->key || m->key != l->key || !any_conn(w, l, &event.slot))
		return;
	if (m->m.type == JVPN_MSG_REATTACH_ACK) {
		event.u.ack.counter = m->m.u.reattach_ack.counter;
		event.u.ack.server_version = m->m.u.reattach_ack.server_version;
		event.u.ack.age_ms = m->m.u.reattach_ack.age_ms;
		event.u.ack.verified = true;
	} else if (m->m.type == JVPN_MSG_REATTACH_DENY) {
		event.type = JVPN_EVENT_DENY;
		event.u.deny.counter = m->m.u.reattach_deny.counter;
		event.u.deny.reason = m->m.u.reattach_deny.reason;
		event.u.deny.server_version = m->m.u.reattach_deny.server_version;
		event.u.deny.age_ms = m->m.u.reattach_deny.age_ms;
		event.u.deny.verified = true;
		if (event.u.deny.reason == JVPN_REASON_REATTACH_REFUSED)
			return;
	} else {
		return;
	}
	/* Still asked for, or newer than what came: then it is the answer, only by another way. */
	if ((l->core.attempt.active && event.u.ack.counter >= l->core.attempt.first_counter) ||
	    answer_version(m) > l->core.server_version)
		return;
	w->n.replays++;
	sim_step(w, l, &event, SIM_HOSTILE);
}

static void forge_terminate(struct sim *w)
{
	struct sim_live *l = any_live(w, JVPN_ROLE_SERVER);
	struct jvpn_event event = {.type = JVPN_EVENT_PEER_TERMINATE};

	if (!l || !any_conn(w, l, &event.slot))
		return;
	event.u.peer.reason = JVPN_REASON_CLIENT_CLOSED;
	sim_step(w, l, &event, SIM_HOSTILE);
}

void sim_attack(struct sim *w)
{
	for (uint64_t n = 1 + sim_below(w, 12); n > 0 && !w->failed; n--)
		switch (sim_below(w, 7)) {
		case 0:
		case 1:
			replay_request(w, false);
			break;
		case 2:
			replay_request(w, true);
			break;
		case 3:
			forge_attach(w);
			break;
		case 4:
			forge_to_client(w);
			break;
		case 5:
			replay_answer(w);
			break;
		default:
			forge_terminate(w);
			break;
		}
}

/* ---- a key holder that misbehaves ---- */

static void misstate(struct sim *w, const struct jvpn_session *s, struct jvpn_request *r)
{
	switch (sim_below(w, 5)) {
	case 0:
		r->server_version = s->state_version + 1 + sim_below(w, 5);
		break;
	case 1:
		r->age_ms = r->age_ms > 20000 && sim_chance(w, 500000) ? 0 : UINT64_MAX;
		break;
	case 2:
		r->identity_mismatch = true;
		break;
	case 3:
		r->forbidden = true;
		break;
	default:
		r->class_denied = true;
		break;
	}
}

/* A right MAC and a new counter, on a living connection, from its bound tuple. */
void sim_hostile_client(struct sim *w)
{
	struct sim_live *l = any_live(w, JVPN_ROLE_SERVER), *client;
	struct jvpn_event event = {.type = JVPN_EVENT_REATTACH_REQUEST};
	struct jvpn_request *r = &event.u.request;
	struct sim_conn *c = l ? any_conn(w, l, &event.slot) : NULL;

	if (!c)
		return;
	client = w->client[c->client].live;
	if (!client || !jvpn_id_equal(&client->core.id, &l->core.id))
		return;
	r->counter = l->core.replay.highest + 1 + sim_below(w, 3);
	r->server_version = l->core.durable_version;
	r->age_ms = jvpn_session_age_ms(&l->core, w->now_ns);
	r->reason = any_reason(w);
	r->proof_ok = true;
	event.generation = c->bound_gen;
	r->handshake_validated = event.generation == 0;
	r->has_challenge = sim_chance(w, 500000);
	r->challenge_matches = r->has_challenge && sim_chance(w, 700000);
	misstate(w, &l->core, r);
	w->n.verified_hostile++;
	sim_step(w, l, &event, SIM_GENUINE);
}
