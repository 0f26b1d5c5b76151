/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server program as a model: admission, messages to events, stop, drain and restart from the
 * store.
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"

#define ALIVE_NS         JVPN_NS_PER_S
#define AUTH_FAILURE_PPM 30000
#define BUSY_PPM         20000
#define DRAIN_MAX_NS     (5 * JVPN_NS_PER_S)

static const char *const labels[SIM_IFACES] = {"eth0", "lte", "wlan0"};

struct sim_live *sim_server_find(struct sim *w, const struct jvpn_id *id)
{
	for (int i = 0; i < SIM_LIVES; i++) {
		struct sim_live *l = w->lives[i];

		if (l && l->used && l->role == JVPN_ROLE_SERVER && jvpn_id_equal(&l->core.id, id))
			return l;
	}
	return NULL;
}

static void answer_error(struct sim *w, struct sim_conn *c, int status)
{
	struct sim_msg msg = {.kind = SIM_MSG_ERROR, .status = status};

	sim_conn_send(w, c, SIM_SERVER_END, &msg);
	sim_half_doom(w, c, SIM_SERVER_END, JVPN_NS_PER_S);
}

static void answer_refused(struct sim *w, struct sim_conn *c)
{
	struct sim_msg msg = {.kind = SIM_MSG_REFUSED};

	msg.m.type = JVPN_MSG_REATTACH_DENY;
	msg.m.u.reattach_deny.reason = JVPN_REASON_REATTACH_REFUSED;
	sim_conn_send(w, c, SIM_SERVER_END, &msg);
	sim_half_doom(w, c, SIM_SERVER_END, JVPN_NS_PER_S);
}

/* ---- a new session ---- */

static size_t session_count(const struct sim *w)
{
	size_t n = 0;

	for (int i = 0; i < SIM_LIVES; i++)
		if (w->lives[i] && w->lives[i]->used && w->lives[i]->role == JVPN_ROLE_SERVER)
			n++;
	return n;
}

/* The longest transportless session makes room (session.md, "Table full"). */
static void evict(struct sim *w)
{
	struct sim_live *victim = NULL;

	for (int i = 0; i < SIM_LIVES; i++) {
		struct sim_live *l = w->lives[i];

		if (!l || !l->used || l->role != JVPN_ROLE_SERVER ||
		    l->core.bound != JVPN_SLOT_NONE || l->core.state == JVPN_STATE_BIRTH ||
		    jvpn_session_candidate_count(&l->core))
			continue;
		if (!victim || l->track->unbound_since_ns < victim->track->unbound_since_ns)
			victim = l;
	}
	if (victim)
		sim_terminate(w, victim, JVPN_REASON_RESOURCE_EXHAUSTED);
}

static void make_id(struct sim *w, struct jvpn_id *id)
{
	uint64_t half[2] = {jvpn_rng_u64(&w->rng), jvpn_rng_u64(&w->rng)};

	memcpy(id->b, half, sizeof(id->b));
}

static void give_birth(struct sim *w, struct sim_live *l, struct sim_conn *c)
{
	struct jvpn_event create = {.type = JVPN_EVENT_CREATE, .slot = JVPN_SLOT_NONE};
	struct jvpn_event attached = {.type = JVPN_EVENT_TRANSPORT_ATTACHED};
	struct sim_msg ok = {.kind = SIM_MSG_OK};

	make_id(w, &create.u.create.id);
	create.u.create.user_hash = c->client;
	l->key = jvpn_rng_u64(&w->rng) | 1;
	l->has_key = true;
	w->n.sessions++;
	if (!sim_step(w, l, &create, SIM_GENUINE))
		return;
	sim_attach(l, c);
	sim_gate_prove(c, 0); /* the credential was checked on this connection */
	sim_conn_send(w, c, SIM_SERVER_END, &ok);
	if (!c->used || !c->end[SIM_SERVER_END].live)
		return;
	attached.slot = c->end[SIM_SERVER_END].slot;
	attached.u.attached.pto_ns = sim_pto_ns(w, c);
	snprintf(attached.u.attached.label, sizeof(attached.u.attached.label), "%s",
		 labels[c->iface]);
	sim_step(w, l, &attached, SIM_GENUINE);
}

static void take_create(struct sim *w, struct sim_conn *c)
{
	struct sim_live *l;

	if (w->draining || (!w->calm && sim_chance(w, BUSY_PPM))) {
		answer_error(w, c, 503);
		return;
	}
	if (!w->calm && sim_chance(w, AUTH_FAILURE_PPM)) {
		answer_error(w, c, 401);
		return;
	}
	if (session_count(w) >= SIM_LIVES - 2 * SIM_CLIENTS_MAX)
		evict(w);
	l = sim_live_new(w, JVPN_ROLE_SERVER, c->client);
	if (l)
		l->track = sim_track_new(w, JVPN_ROLE_SERVER, c->client);
	if (!l || !l->track) {
		answer_error(w, c, 503);
		return;
	}
	give_birth(w, l, c);
}

/* ---- requests ---- */

static bool challenge_matches(const struct sim_conn *c, uint64_t tuple, const uint8_t *challenge)
{
	uint64_t uid = c->uid;

	return !memcmp(challenge, &uid, 8) && !memcmp(challenge + 8, &tuple, 8);
}

static void fill_request(const struct sim_live *l, struct sim_conn *c, const struct sim_msg *msg,
			 struct jvpn_request *r)
{
	const struct jvpn_msg_reattach_request *in = &msg->m.u.reattach_request;

	r->counter = in->counter;
	r->server_version = in->server_version;
	r->age_ms = in->age_ms;
	r->reason = in->reason;
	snprintf(r->label, sizeof(r->label), "%s", in->label);
	r->proof_ok = sim_mac_holds(l, msg, c);
	r->has_challenge = in->has_challenge;
}

/* The index knows it (session.md, check 2), but another node has it for the moment. */
static bool is_elsewhere(const struct sim *w, const struct jvpn_id *id)
{
	for (int i = 0; i < SIM_TRACKS; i++) {
		const struct sim_track *t = w->tracks[i];

		if (t && t->used && t->role == JVPN_ROLE_SERVER && t->stored && !t->ended &&
		    jvpn_id_equal(&t->id, id))
			return true;
	}
	return false;
}

static void take_attach(struct sim *w, struct sim_conn *c, const struct sim_msg *msg)
{
	struct jvpn_event event = {.type = JVPN_EVENT_ATTACH_REQUEST};
	struct sim_live *l = sim_server_find(w, &msg->m.u.reattach_request.session_id);

	if (w->draining || (!l && is_elsewhere(w, &msg->m.u.reattach_request.session_id))) {
		answer_error(w, c, 503);
		return;
	}
	if (!l || !sim_attach(l, c)) {
		answer_refused(w, c);
		return;
	}
	event.slot = c->end[SIM_SERVER_END].slot;
	fill_request(l, c, msg, &event.u.request);
	event.u.request.handshake_validated = true;
	sim_step(w, l, &event, SIM_GENUINE);
}

static void take_request(struct sim *w, struct sim_conn *c, const struct sim_msg *msg,
			 uint64_t tuple)
{
	const struct jvpn_msg_reattach_request *in = &msg->m.u.reattach_request;
	struct sim_half *h = &c->end[SIM_SERVER_END];
	struct sim_live *l = h->live;
	struct jvpn_event event = {.type = JVPN_EVENT_REATTACH_REQUEST, .slot = h->slot};
	uint32_t generation = sim_gate_generation(c, tuple);

	if (generation == UINT32_MAX)
		return;
	if (!sim_fact(w, c, SIM_SERVER_END, JVPN_FACT_MEASURE) || !c->used || h->live != l)
		return;
	event.generation = generation;
	fill_request(l, c, msg, &event.u.request);
	event.u.request.handshake_validated = generation == 0;
	event.u.request.challenge_matches = event.u.request.proof_ok && in->has_challenge &&
					    challenge_matches(c, tuple, in->challenge);
	if (event.u.request.proof_ok && (generation == 0 || event.u.request.challenge_matches))
		sim_gate_prove(c, generation);
	sim_step(w, l, &event, SIM_GENUINE);
}

static void take_terminate(struct sim *w, struct sim_conn *c, const struct sim_msg *msg)
{
	struct sim_half *h = &c->end[SIM_SERVER_END];
	struct jvpn_event event = {.type = JVPN_EVENT_PEER_TERMINATE, .slot = h->slot};

	event.u.peer.reason = msg->m.u.terminate.reason;
	event.u.peer.verified = sim_mac_holds(h->live, msg, c);
	if (event.u.peer.verified)
		sim_oracle_may_end(h->live->track, JVPN_REASON_CLIENT_CLOSED);
	sim_step(w, h->live, &event, SIM_GENUINE);
}

void sim_server_message(struct sim *w, struct sim_conn *c, const struct sim_msg *msg,
			uint64_t tuple)
{
	if (msg->kind == SIM_MSG_CREATE) {
		if (!c->end[SIM_SERVER_END].live)
			take_create(w, c);
		return;
	}
	if (msg->kind == SIM_MSG_ATTACH) {
		if (!c->end[SIM_SERVER_END].live)
			take_attach(w, c, msg);
		return;
	}
	if (msg->kind != SIM_MSG_CAPSULE || !c->end[SIM_SERVER_END].live)
		return;
	if (msg->m.type == JVPN_MSG_REATTACH_REQUEST)
		take_request(w, c, msg, tuple);
	else if (msg->m.type == JVPN_MSG_TERMINATE)
		take_terminate(w, c, msg);
}

/* ---- stop and start ---- */

void sim_server_stop(struct sim *w)
{
	for (int i = 0; i < SIM_LIVES; i++) {
		struct sim_live *l = w->lives[i];

		if (!l || !l->used || l->role != JVPN_ROLE_SERVER)
			continue;
		sim_store_settle(w, l);
		sim_live_free(w, l);
	}
	for (uint16_t i = 0; i < SIM_CONNS; i++)
		if (w->conns[i] && w->conns[i]->used)
			sim_half_end(w, w->conns[i], SIM_SERVER_END, false, false);
	w->server_up = false;
	w->draining = false;
	w->alive_at_ns = w->now_ns - w->now_ns % ALIVE_NS;
	memset(&w->global_reattach, 0, sizeof(w->global_reattach));
	sim_log(w, "server stops");
}

void sim_server_restore(struct sim *w, struct sim_track *track)
{
	struct jvpn_event event = {.type = JVPN_EVENT_RESTORE, .slot = JVPN_SLOT_NONE};
	struct sim_live *l = sim_live_new(w, JVPN_ROLE_SERVER, track->client);
	struct jvpn_session_record record = track->record;
	uint64_t elapsed = jvpn_ns_to_ms(w->now_ns - track->store_at_ns);

	if (!l)
		return;
	l->track = track;
	l->key = track->store_key;
	l->has_key = true;
	record.age_ms += elapsed;
	if (record.state == JVPN_STATE_ATTACHED || !record.transportless_ms)
		record.transportless_ms = jvpn_ns_to_ms(w->now_ns - w->alive_at_ns);
	else
		record.transportless_ms += elapsed;
	event.u.restore.record = &record;
	sim_oracle_restored(w, l);
	sim_step(w, l, &event, SIM_GENUINE);
}

void sim_server_start(struct sim *w)
{
	if (w->server_up)
		return;
	w->server_up = true;
	w->incarnation++;
	sim_log(w, "server starts, incarnation %u", w->incarnation);
	for (int i = 0; i < SIM_TRACKS; i++) {
		struct sim_track *t = w->tracks[i];

		if (!t || !t->used || t->role != JVPN_ROLE_SERVER)
			continue;
		if (t->stored && t->record.state != JVPN_STATE_TERMINATED)
			sim_server_restore(w, t);
		else
			t->used = false;
	}
}

static bool is_drained(const struct sim *w)
{
	for (int i = 0; i < SIM_LIVES; i++) {
		const struct sim_live *l = w->lives[i];

		if (l && l->used && l->role == JVPN_ROLE_SERVER &&
		    (l->op != SIM_OP_NONE || l->core.durable_version != l->core.state_version))
			return false;
	}
	return true;
}

void sim_server_drain(struct sim *w)
{
	struct jvpn_event event = {.type = JVPN_EVENT_DRAIN, .slot = JVPN_SLOT_NONE};
	struct sim_item item = {.type = SIM_ITEM_DRAINED};

	if (!w->draining) {
		w->draining = true;
		w->drain_until = w->now_ns + DRAIN_MAX_NS;
		sim_log(w, "server drains");
		for (int i = 0; i < SIM_LIVES; i++)
			if (w->lives[i] && w->lives[i]->used &&
			    w->lives[i]->role == JVPN_ROLE_SERVER) {
				w->lives[i]->track->exempt = true;
				sim_step(w, w->lives[i], &event, SIM_GENUINE);
			}
	}
	if (!is_drained(w) && w->drain_until > w->now_ns) {
		sim_push(w, &item, w->now_ns + 20 * SIM_MS);
		return;
	}
	sim_server_stop(w);
	item.type = SIM_ITEM_SERVER_START;
	sim_push(w, &item, w->now_ns + sim_between_ms(w, 20, 3000));
}
