/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client program as a model: dialling on several interfaces, messages to events, a state
 * directory that survives, and inner traffic.
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"

#define RESERVED          64 /* counters are reserved on disk in blocks */
#define COMPARE_NS        (2 * JVPN_NS_PER_S)
#define CONNECTING_MAX_NS (2 * JVPN_NS_PER_S)

static const char *const labels[SIM_IFACES] = {"eth0", "lte", "wlan0"};

/* ---- life ---- */

static void begin_session(struct sim *w, struct sim_client *client)
{
	struct jvpn_event event = {.type = JVPN_EVENT_CREATE, .slot = JVPN_SLOT_NONE};
	struct sim_live *l = sim_live_new(w, JVPN_ROLE_CLIENT, client->index);

	if (!l)
		return;
	l->track = sim_track_new(w, JVPN_ROLE_CLIENT, client->index);
	client->live = l;
	sim_step(w, l, &event, SIM_GENUINE);
}

static void resume_session(struct sim *w, struct sim_client *client)
{
	struct jvpn_event event = {.type = JVPN_EVENT_RESTORE, .slot = JVPN_SLOT_NONE};
	struct sim_live *l = sim_live_new(w, JVPN_ROLE_CLIENT, client->index);
	struct jvpn_session_record record = client->record;
	uint64_t elapsed = jvpn_ns_to_ms(w->now_ns - client->saved_at_ns);

	if (!l)
		return;
	client->saved = false;
	client->live = l;
	l->track = client->saved_track;
	l->key = client->saved_key;
	l->has_key = true;
	record.age_ms += elapsed;
	record.transportless_ms += elapsed;
	event.u.restore.record = &record;
	sim_oracle_restored(w, l);
	sim_step(w, l, &event, SIM_GENUINE);
}

void sim_client_start(struct sim *w, uint8_t index)
{
	struct sim_client *client = &w->client[index];

	if (client->live)
		return;
	client->running = true;
	client->starts++;
	if (client->saved)
		resume_session(w, client);
	else
		begin_session(w, client);
	if (client->live)
		sim_client_dial(w, index);
}

static void save(struct sim *w, struct sim_client *client)
{
	struct sim_live *l = client->live;

	client->saved = l->core.state != JVPN_STATE_BIRTH &&
			l->core.state != JVPN_STATE_TERMINATED && l->has_key;
	client->saved_at_ns = w->now_ns;
	client->saved_key = l->key;
	client->saved_track = l->track;
	jvpn_session_export(&l->core, w->now_ns, &client->record);
	client->record.counter += RESERVED - client->record.counter % RESERVED;
	if (!client->saved)
		l->track->used = false;
}

void sim_client_stop(struct sim *w, uint8_t index, bool drain)
{
	struct jvpn_event event = {.type = JVPN_EVENT_DRAIN, .slot = JVPN_SLOT_NONE};
	struct sim_client *client = &w->client[index];

	client->running = false;
	if (drain && client->live)
		sim_step(w, client->live, &event, SIM_GENUINE);
	if (client->live) {
		save(w, client);
		sim_live_free(w, client->live);
		client->live = NULL;
	}
	for (uint16_t i = 0; i < SIM_CONNS; i++)
		if (w->conns[i] && w->conns[i]->used && w->conns[i]->client == index)
			sim_half_end(w, w->conns[i], SIM_CLIENT_END, drain, false);
	sim_log(w, "client %u stops%s", index, drain ? " in order" : "");
}

void sim_client_ended(struct sim *w, struct sim_live *l, enum jvpn_reason reason)
{
	struct sim_client *client = &w->client[l->client];
	struct sim_item item = {.type = SIM_ITEM_CLIENT_START, .b = l->client};

	(void)reason;
	client->live = NULL;
	client->saved = false;
	/* The connections are of no use to another session. */
	for (uint16_t i = 0; i < SIM_CONNS; i++)
		if (w->conns[i] && w->conns[i]->used && w->conns[i]->client == l->client)
			sim_half_end(w, w->conns[i], SIM_CLIENT_END, true, false);
	sim_push(w, &item, w->now_ns + sim_between_ms(w, 50, 2000));
}

/* ---- dialling ---- */

struct found {
	bool any, connecting;
};

static struct found look(struct sim *w, uint8_t index, uint8_t iface, uint64_t too_old_ns)
{
	struct found found = {0};

	for (uint16_t i = 0; i < SIM_CONNS; i++) {
		struct sim_conn *c = w->conns[i];
		const struct sim_half *h;

		if (!c || !c->used || c->client != index ||
		    (iface < SIM_IFACES && c->iface != iface))
			continue;
		h = &c->end[SIM_CLIENT_END];
		if (!h->alive)
			continue;
		if (!h->established && h->born_ns + too_old_ns <= w->now_ns) {
			sim_half_end(w, c, SIM_CLIENT_END, false, false);
			continue;
		}
		found.any = true;
		found.connecting |= !h->established;
	}
	return found;
}

static void dial_birth(struct sim *w, uint8_t index)
{
	uint8_t first = (uint8_t)sim_below(w, SIM_IFACES);

	if (look(w, index, SIM_IFACES, CONNECTING_MAX_NS).any)
		return;
	for (uint8_t i = 0; i < SIM_IFACES; i++)
		if (w->client[index].iface[(first + i) % SIM_IFACES].up) {
			sim_conn_new(w, index, (uint8_t)((first + i) % SIM_IFACES));
			return;
		}
}

static void dial_more(struct sim *w, uint8_t index, bool wanted)
{
	struct sim_client *client = &w->client[index];

	for (uint8_t i = 0; i < SIM_IFACES; i++) {
		struct sim_iface *f = &client->iface[i];
		struct found found = look(w, index, i, CONNECTING_MAX_NS);

		if (!f->up || found.connecting || f->dial_again_ns > w->now_ns)
			continue;
		if (found.any && !wanted)
			continue;
		if (!wanted && (!client->standby || i == 2))
			continue;
		f->dial_again_ns = w->now_ns + sim_between_ms(w, 100, wanted ? 600 : 2000);
		sim_conn_new(w, index, i);
	}
}

void sim_client_dial(struct sim *w, uint8_t index)
{
	struct sim_live *l = w->client[index].live;

	if (!l || l->core.state == JVPN_STATE_TERMINATED)
		return;
	if (l->core.state == JVPN_STATE_BIRTH)
		dial_birth(w, index);
	else
		dial_more(w, index, jvpn_session_wants_transport(&l->core));
}

void sim_client_ready(struct sim *w, struct sim_conn *c)
{
	struct sim_live *l = w->client[c->client].live;
	struct jvpn_event event = {.type = JVPN_EVENT_TRANSPORT_READY};
	struct sim_msg create = {.kind = SIM_MSG_CREATE, .to_server = true};

	if (!l || l->core.state == JVPN_STATE_TERMINATED || !sim_attach(l, c)) {
		sim_half_end(w, c, SIM_CLIENT_END, true, false);
		return;
	}
	if (l->core.state == JVPN_STATE_BIRTH) {
		sim_conn_send(w, c, SIM_CLIENT_END, &create);
		return;
	}
	event.slot = c->end[SIM_CLIENT_END].slot;
	event.u.attached.pto_ns = sim_pto_ns(w, c);
	snprintf(event.u.attached.label, sizeof(event.u.attached.label), "%s", labels[c->iface]);
	sim_step(w, l, &event, SIM_GENUINE);
}

/* ---- answers ---- */

static void take_created(struct sim *w, struct sim_conn *c, const struct sim_msg *msg)
{
	const struct jvpn_msg_session_created *in = &msg->m.u.session_created;
	struct sim_half *h = &c->end[SIM_CLIENT_END];
	struct jvpn_event event = {.type = JVPN_EVENT_CREATED, .slot = h->slot};

	if (h->live->has_key)
		return;
	h->live->key = msg->key;
	h->live->has_key = true;
	event.u.created.id = in->session_id;
	event.u.created.server_version = in->server_version;
	event.u.created.age_ms = in->age_ms;
	event.u.created.lifetime_ms = in->lifetime_ms;
	event.u.created.transport_lost_ttl_ms = in->transport_lost_ttl_ms;
	snprintf(event.u.created.transport_id, sizeof(event.u.created.transport_id), "%s",
		 in->transport_id);
	sim_step(w, h->live, &event, SIM_GENUINE);
}

static void fill_deny(const struct sim_msg *msg, struct jvpn_event *event)
{
	const struct jvpn_msg_reattach_deny *in = &msg->m.u.reattach_deny;

	event->type = JVPN_EVENT_DENY;
	event->u.deny.counter = in->counter;
	event->u.deny.reason = in->reason;
	event->u.deny.retry_after_ms = in->retry_after_ms;
	event->u.deny.server_version = in->server_version;
	event->u.deny.age_ms = in->age_ms;
}

static void take_refused(struct sim *w, struct sim_conn *c, const struct sim_msg *msg)
{
	struct sim_half *h = &c->end[SIM_CLIENT_END];
	struct jvpn_event event = {.slot = h->slot};
	struct sim_live *l = h->live;

	fill_deny(msg, &event);
	event.u.deny.attach = true;
	event.u.deny.verified =
		event.u.deny.reason == JVPN_REASON_REATTACH_REFUSED || sim_mac_holds(l, msg, c);
	if (event.u.deny.verified)
		sim_oracle_may_end(l->track, event.u.deny.reason);
	sim_half_end(w, c, SIM_CLIENT_END, true, false);
	sim_step(w, l, &event, SIM_GENUINE);
}

static void take_error(struct sim *w, struct sim_conn *c, int status)
{
	struct jvpn_event event = {.type = JVPN_EVENT_ATTACH_FAILED, .slot = JVPN_SLOT_NONE};
	struct sim_packet close = {.kind = SIM_CLOSE};
	struct sim_live *l = c->end[SIM_CLIENT_END].live;

	if (status == 401 && l->core.state == JVPN_STATE_BIRTH) {
		event.u.reason = JVPN_REASON_AUTH_FAILED;
		sim_half_end(w, c, SIM_CLIENT_END, true, false);
		sim_step(w, l, &event, SIM_GENUINE);
		return;
	}
	sim_emit_packet(w, c, SIM_CLIENT_END, &close);
	sim_half_lost(w, c, SIM_CLIENT_END, false);
}

static bool fill_capsule(const struct sim_live *l, struct sim_conn *c, const struct sim_msg *msg,
			 struct jvpn_event *event)
{
	const struct jvpn_msg *m = &msg->m;
	bool verified = sim_mac_holds(l, msg, c);

	if (m->type == JVPN_MSG_SESSION_STATE) {
		event->type = JVPN_EVENT_STATE;
		event->u.state.state = m->u.session_state.state;
		event->u.state.reason = m->u.session_state.reason;
		event->u.state.server_version = m->u.session_state.server_version;
		event->u.state.age_ms = m->u.session_state.age_ms;
		event->u.state.verified = verified;
	} else if (m->type == JVPN_MSG_REATTACH_ACK) {
		event->type = JVPN_EVENT_ACK;
		event->u.ack.counter = m->u.reattach_ack.counter;
		event->u.ack.server_version = m->u.reattach_ack.server_version;
		event->u.ack.age_ms = m->u.reattach_ack.age_ms;
		snprintf(event->u.ack.transport_id, sizeof(event->u.ack.transport_id), "%s",
			 m->u.reattach_ack.transport_id);
		event->u.ack.verified = verified;
	} else if (m->type == JVPN_MSG_REATTACH_DENY) {
		fill_deny(msg, event);
		event->u.deny.verified =
			event->u.deny.reason == JVPN_REASON_REATTACH_REFUSED || verified;
		if (verified)
			sim_oracle_may_end(l->track, event->u.deny.reason);
	} else if (m->type == JVPN_MSG_REATTACH_REQUIRED) {
		event->type = JVPN_EVENT_REQUIRED;
		memcpy(event->u.required.challenge, m->u.reattach_required.challenge,
		       sizeof(event->u.required.challenge));
		event->u.required.server_version = m->u.reattach_required.server_version;
		event->u.required.age_ms = m->u.reattach_required.age_ms;
		event->u.required.reason = m->u.reattach_required.reason;
		event->u.required.verified = verified;
	} else if (m->type == JVPN_MSG_TERMINATE) {
		event->type = JVPN_EVENT_PEER_TERMINATE;
		event->u.peer.reason = m->u.terminate.reason;
		event->u.peer.verified = verified;
		if (verified)
			sim_oracle_may_end(l->track, event->u.peer.reason);
	} else {
		return false;
	}
	return true;
}

void sim_client_message(struct sim *w, struct sim_conn *c, const struct sim_msg *msg)
{
	struct sim_half *h = &c->end[SIM_CLIENT_END];
	struct jvpn_event event = {.type = JVPN_EVENT_ATTACH_ACCEPTED, .slot = h->slot};

	if (!h->live)
		return;
	if (msg->kind == SIM_MSG_REFUSED)
		take_refused(w, c, msg);
	else if (msg->kind == SIM_MSG_ERROR)
		take_error(w, c, msg->status);
	else if (msg->kind == SIM_MSG_CAPSULE && msg->m.type == JVPN_MSG_SESSION_CREATED)
		take_created(w, c, msg);
	else if ((msg->kind == SIM_MSG_OK && h->live->core.state != JVPN_STATE_BIRTH) ||
		 (msg->kind == SIM_MSG_CAPSULE && fill_capsule(h->live, c, msg, &event)))
		sim_step(w, h->live, &event, SIM_GENUINE);
}

/* ---- traffic ---- */

static struct sim_conn *binding(const struct sim_live *l)
{
	return l && l->core.bound < JVPN_SLOTS ? l->slot[l->core.bound] : NULL;
}

void sim_traffic(struct sim *w, uint8_t index)
{
	struct sim_client *client = &w->client[index];
	struct sim_item item = {.type = SIM_ITEM_TRAFFIC, .b = index};
	struct sim_live *server;
	struct sim_conn *c;

	sim_push(w, &item,
		 w->now_ns + client->traffic_gap_ns / 2 + sim_below(w, client->traffic_gap_ns));
	if (client->live && client->traffic && client->compare_at_ns <= w->now_ns &&
	    jvpn_session_candidate_count(&client->live->core) > 0) {
		client->compare_at_ns = w->now_ns + COMPARE_NS;
		sim_compare(w, client->live);
	}
	if (!client->live)
		return;
	c = binding(client->live);
	if ((client->traffic & SIM_UP) && c)
		sim_conn_data(w, c, SIM_CLIENT_END);
	if (!client->live || !(client->traffic & SIM_DOWN))
		return;
	server = sim_server_find(w, &client->live->core.id);
	c = binding(server);
	if (c)
		sim_conn_data(w, c, SIM_SERVER_END);
}
