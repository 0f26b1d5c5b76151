/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Capsules of the Jumping extension to events: decode, verify, hand over. A message that is
 * malformed or comes from the wrong end is counted and dropped; nothing is mutated here.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "crypto/challenge.h"
#include "proto/jvmsg.h"
#include "runtime/driver_internal.h"

/* One received message with what is needed to verify it. */
struct taken {
	struct jvpn_transport *transport;
	struct jvpn_msg msg;
	const uint8_t *value;
	size_t len;
	uint32_t generation;
};

static bool verify(const struct taken *m)
{
	struct jvpn_live *live = m->transport->live;

	return live->has_keys && m->transport->has_control &&
	       jvpn_control_verify(&m->transport->control, &live->keys, &live->core.id, &m->msg,
				   m->value, m->len);
}

/* Was the challenge of the request issued for the tuple that the request came from? */
static bool challenge_matches(const struct taken *m)
{
	const struct jvpn_msg_reattach_request *req = &m->msg.u.reattach_request;
	const struct jvpn_driver *d = m->transport->driver;
	struct sockaddr_storage remote;
	struct jvpn_challenge_scope scope = {.conn_nonce = jvpn_conn_nonce(m->transport->conn),
					     .remote = (const struct sockaddr *)&remote};

	if (!req->has_challenge ||
	    jvpn_conn_path_remote(m->transport->conn, m->generation, &remote))
		return false;
	return jvpn_challenge_check(&d->challenge_key, &scope, d->now_ns, req->challenge);
}

/* Neighbours behind one address share its bucket; an IPv6 host has a /64 to itself. */
static struct jvpn_bucket *source_bucket(struct jvpn_transport *t)
{
	struct jvpn_driver *d = t->driver;
	struct sockaddr_storage remote;
	const uint8_t *address;
	size_t len;

	if (jvpn_conn_path_remote(t->conn, jvpn_conn_bound_generation(t->conn), &remote))
		return NULL;
	if (remote.ss_family == AF_INET6) {
		address = ((const struct sockaddr_in6 *)&remote)->sin6_addr.s6_addr;
		len = 8;
	} else {
		address = (const uint8_t *)&((const struct sockaddr_in *)&remote)->sin_addr;
		len = 4;
	}
	return &d->source[jvpn_siphash(d->hash_seed, address, len) % JVPN_SOURCE_BUCKETS];
}

bool jvpn_driver_charge_refusal(struct jvpn_transport *transport)
{
	struct jvpn_transport *t = transport;

	switch (jvpn_refusals_charge(&t->refusals, source_bucket(t), t->driver->now_ns)) {
	case JVPN_REFUSAL_ANSWER:
		return true;
	case JVPN_REFUSAL_CLOSE:
		t->driver->refused_silently++;
		jvpn_conn_close(t->conn, JVPN_APP_REFUSED,
				jvpn_reason_name(JVPN_REASON_REATTACH_REFUSED));
		return false;
	case JVPN_REFUSAL_NONE:
	case JVPN_REFUSAL_DROP:
	case JVPN_REFUSAL_COUNT:
		t->driver->refused_silently++;
		break;
	}
	return false;
}

static void fill_request(const struct taken *m, bool proof_ok, struct jvpn_request *out)
{
	const struct jvpn_msg_reattach_request *req = &m->msg.u.reattach_request;

	out->counter = req->counter;
	out->server_version = req->server_version;
	out->age_ms = req->age_ms;
	out->reason = req->reason;
	snprintf(out->label, sizeof(out->label), "%s", req->label);
	memcpy(out->ranking, req->ranking, sizeof(out->ranking));
	out->detect_us = req->detect_us;
	out->proof_ok = proof_ok;
	out->has_challenge = req->has_challenge;
	out->challenge_matches = proof_ok && challenge_matches(m);
	out->handshake_validated = m->generation == 0;
}

static void take_request(const struct taken *m)
{
	struct jvpn_transport *t = m->transport;
	struct jvpn_event event = {
		.type = JVPN_EVENT_REATTACH_REQUEST, .slot = t->slot, .generation = m->generation};
	bool ours = jvpn_id_equal(&m->msg.u.reattach_request.session_id, &t->live->core.id);
	bool proof_ok = ours && verify(m);

	if (!proof_ok && !jvpn_driver_charge_refusal(t))
		return;
	fill_request(m, proof_ok, &event.u.request);
	jvpn_driver_step(t->live, &event);
}

static void take_required(const struct taken *m, struct jvpn_event *event)
{
	const struct jvpn_msg_reattach_required *in = &m->msg.u.reattach_required;

	event->type = JVPN_EVENT_REQUIRED;
	memcpy(event->u.required.challenge, in->challenge, sizeof(in->challenge));
	event->u.required.server_version = in->server_version;
	event->u.required.age_ms = in->age_ms;
	event->u.required.reason = in->reason;
	event->u.required.verified = verify(m);
}

static void take_ack(const struct taken *m, struct jvpn_event *event)
{
	const struct jvpn_msg_reattach_ack *in = &m->msg.u.reattach_ack;

	event->type = JVPN_EVENT_ACK;
	event->u.ack.counter = in->counter;
	event->u.ack.server_version = in->server_version;
	event->u.ack.age_ms = in->age_ms;
	snprintf(event->u.ack.transport_id, sizeof(event->u.ack.transport_id), "%s",
		 in->transport_id);
	event->u.ack.verified = verify(m);
}

static void take_deny(const struct taken *m, struct jvpn_event *event)
{
	const struct jvpn_msg_reattach_deny *in = &m->msg.u.reattach_deny;

	event->type = JVPN_EVENT_DENY;
	event->u.deny.counter = in->counter;
	event->u.deny.reason = in->reason;
	event->u.deny.retry_after_ms = in->retry_after_ms;
	event->u.deny.server_version = in->server_version;
	event->u.deny.age_ms = in->age_ms;
	/* Without a shared key nothing but the connection's certificate speaks for it. */
	event->u.deny.verified = in->reason == JVPN_REASON_REATTACH_REFUSED || verify(m);
}

static void take_state(const struct taken *m, struct jvpn_event *event)
{
	const struct jvpn_msg_session_state *in = &m->msg.u.session_state;

	event->type = JVPN_EVENT_STATE;
	event->u.state.state = in->state;
	event->u.state.reason = in->reason;
	event->u.state.server_version = in->server_version;
	event->u.state.age_ms = in->age_ms;
	event->u.state.verified = verify(m);
}

static void take_created(const struct taken *m, struct jvpn_event *event)
{
	const struct jvpn_msg_session_created *in = &m->msg.u.session_created;
	struct jvpn_live *live = m->transport->live;

	/* Once per session. TLS alone authenticates it: its id makes the session key. */
	if (live->has_keys || jvpn_driver_derive_keys(live, m->transport, &in->session_id))
		return;
	memcpy(live->route_prefix, in->route_prefix, sizeof(live->route_prefix));
	live->route_prefix_len = in->route_prefix_len;
	event->type = JVPN_EVENT_CREATED;
	event->u.created.id = in->session_id;
	event->u.created.server_version = in->server_version;
	event->u.created.age_ms = in->age_ms;
	event->u.created.lifetime_ms = in->lifetime_ms;
	event->u.created.transport_lost_ttl_ms = in->transport_lost_ttl_ms;
	snprintf(event->u.created.transport_id, sizeof(event->u.created.transport_id), "%s",
		 in->transport_id);
}

/* What only a client takes. */
static void take_from_server(const struct taken *m)
{
	struct jvpn_event event = {.type = JVPN_EVENT_NONE, .slot = m->transport->slot};

	switch (m->msg.type) {
	case JVPN_MSG_SESSION_CREATED:
		take_created(m, &event);
		break;
	case JVPN_MSG_SESSION_STATE:
		take_state(m, &event);
		break;
	case JVPN_MSG_REATTACH_ACK:
		take_ack(m, &event);
		break;
	case JVPN_MSG_REATTACH_DENY:
		take_deny(m, &event);
		break;
	case JVPN_MSG_REATTACH_REQUIRED:
		take_required(m, &event);
		break;
	case JVPN_MSG_TRANSPORT_HINT:
	case JVPN_MSG_NONE:
	case JVPN_MSG_REATTACH_REQUEST:
	case JVPN_MSG_TERMINATE:
	case JVPN_MSG_COUNT:
		break;
	}
	if (event.type == JVPN_EVENT_NONE)
		m->transport->driver->unexpected++;
	else
		jvpn_driver_step(m->transport->live, &event);
}

static void take_terminate(const struct taken *m)
{
	struct jvpn_event event = {.type = JVPN_EVENT_PEER_TERMINATE, .slot = m->transport->slot};

	event.u.peer.reason = m->msg.u.terminate.reason;
	event.u.peer.verified = verify(m);
	jvpn_driver_step(m->transport->live, &event);
}

void jvpn_driver_take_capsule(struct jvpn_transport *transport, uint64_t type, const uint8_t *data,
			      size_t len, uint32_t generation)
{
	struct jvpn_driver *d = transport->driver;
	struct taken m = {
		.transport = transport, .value = data, .len = len, .generation = generation};
	struct jvpn_reader r;

	jvpn_reader_init(&r, data, len);
	if (!transport->live || jvpn_jvmsg_decode(type, &r, &m.msg)) {
		d->malformed++;
		if (d->role == JVPN_ROLE_SERVER && transport->live)
			(void)jvpn_driver_charge_refusal(transport);
		return;
	}
	if (m.msg.type == JVPN_MSG_TERMINATE)
		take_terminate(&m);
	else if (d->role == JVPN_ROLE_CLIENT)
		take_from_server(&m);
	else if (m.msg.type == JVPN_MSG_REATTACH_REQUEST)
		take_request(&m);
	else
		d->unexpected++;
}
