/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One session of jvpn-load: what jvpn-client does for its one session, without TUN, routes and
 * candidates.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "load.h"
#include "proto/capsule.h"
#include "proto/connectip.h"
#include "proto/ippkt.h"
#include "proto/jvfield.h"
#include "quic/endpoint.h"
#include "quic/quic.h"

#define ECHO_BYTES    64
#define IPV4_BYTES    20
#define ICMP_ECHO     8
#define ICMP_REPLY    0
#define PROTOCOL_ICMP 1

void load_samples_add(struct load_samples *samples, double ms)
{
	if (samples->count == samples->size) {
		size_t size = samples->size ? 2 * samples->size : 4096;
		double *bigger = reallocarray(samples->ms, size, sizeof(*bigger));

		if (!bigger)
			abort();
		samples->ms = bigger;
		samples->size = size;
	}
	samples->ms[samples->count++] = ms;
}

static double ms_since(const struct load *load, uint64_t then_ns)
{
	return (double)(load->engine.driver->now_ns - then_ns) / 1e6;
}

static struct load_session *session_of(struct load *load, const struct jvpn_live *live)
{
	return &load->session[live->index];
}

static struct load_socket *next_socket(struct load *load)
{
	load->next_socket = (load->next_socket + 1) % load->opt.sockets;
	return &load->socket[load->next_socket];
}

/* --- connections --- */

void load_session_dial(struct load *load, struct load_session *s)
{
	struct jvpn_driver *driver = load->engine.driver;
	struct jvpn_quic_target target = {.server_name = load->opt.name,
					  .remote = (const struct sockaddr *)&load->opt.server,
					  .dcid_prefix = s->live->route_prefix,
					  .dcid_prefix_len = s->live->route_prefix_len};
	struct jvpn_conn *conn;

	s->wanted = false;
	s->detached = false;
	s->socket = next_socket(load);
	target.endpoint = s->socket->endpoint;
	load_ticket_offer(load, s);
	if (jvpn_quic_connect(load->engine.quic, &target, driver->now_ns, &conn)) {
		s->wanted = true;
		return;
	}
	if (jvpn_driver_transport_new(driver, conn, &s->transport)) {
		jvpn_conn_close(conn, JVPN_APP_NO_ERROR, "");
		return;
	}
	s->transport->user = s;
	s->dialled_ns = driver->now_ns;
	load->dialling++;
}

static void dialling_is_over(struct load *load, struct load_session *s)
{
	if (s->dialled_ns)
		load->dialling--;
	s->dialled_ns = 0;
}

void load_session_start(struct load *load, size_t index)
{
	struct load_session *s = &load->session[index];
	struct jvpn_event create = {.type = JVPN_EVENT_CREATE, .slot = JVPN_SLOT_NONE};

	if (jvpn_driver_session_new(load->engine.driver, &s->live))
		abort();
	s->live->index = (uint32_t)index;
	load->started++;
	jvpn_driver_step(s->live, &create);
	load_session_dial(load, s);
}

void load_session_move(struct load *load, struct load_session *s)
{
	struct load_socket *fresh = next_socket(load);

	if (!s->transport || !s->live || s->live->core.state != JVPN_STATE_ATTACHED)
		return;
	if (fresh == s->socket)
		fresh = next_socket(load);
	if (jvpn_conn_move(s->transport->conn, fresh->endpoint, load->engine.driver->now_ns))
		return;
	s->socket = fresh;
	s->moved_ns = load->engine.driver->now_ns;
	load->moves++;
	(void)jvpn_conn_probe(s->transport->conn);
}

void load_session_close(struct load_session *s)
{
	s->wanted = false;
	s->detached = true;
	if (s->live)
		jvpn_driver_terminate(s->live, JVPN_REASON_CLIENT_CLOSED);
}

void load_session_detach(struct load_session *s)
{
	s->wanted = false;
	s->detached = true;
	if (s->transport)
		jvpn_conn_close(s->transport->conn, JVPN_APP_NO_ERROR, "");
}

/* --- what the client says and hears (client/session.c) --- */

static void send_request(struct load *load, struct jvpn_transport *t,
			 const struct jvpn_jvfield *field)
{
	struct jvpn_h3_request request = {.capsule_protocol = true};
	const struct sockaddr_in *in = (const struct sockaddr_in *)&load->opt.server;

	snprintf(request.method, sizeof(request.method), "CONNECT");
	snprintf(request.protocol, sizeof(request.protocol), "connect-ip");
	snprintf(request.scheme, sizeof(request.scheme), "https");
	snprintf(request.authority, sizeof(request.authority), "%.200s:%u", load->opt.name,
		 ntohs(in->sin_port));
	snprintf(request.path, sizeof(request.path), "%s", JVPN_CONNECTIP_PATH);
	if (field->op == JVPN_JVFIELD_CREATE)
		snprintf(request.authorization, sizeof(request.authorization), "Bearer %.400s",
			 load->opt.token);
	if (jvpn_jvfield_print(field, request.jumping_session, sizeof(request.jumping_session)) ||
	    jvpn_conn_request(t->conn, &request))
		jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "request failed");
}

static void on_ready(void *user, struct jvpn_transport *t)
{
	struct load *load = user;
	struct load_session *s = t->user;
	struct jvpn_event ready = {.type = JVPN_EVENT_TRANSPORT_READY};
	struct jvpn_jvfield create = {.op = JVPN_JVFIELD_CREATE, .label = "load"};
	struct jvpn_conn_stats stats;

	if (load->opt.mute)
		return;
	if (!s || !s->live || load->stopping || jvpn_driver_attach(s->live, t, "load")) {
		jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "");
		return;
	}
	jvpn_conn_get_stats(t->conn, &stats);
	ready.slot = t->slot;
	snprintf(ready.u.attached.label, sizeof(ready.u.attached.label), "load");
	ready.u.attached.pto_ns = stats.pto_ns;
	jvpn_driver_step(s->live, &ready);
	if (s->live && s->live->core.state == JVPN_STATE_BIRTH)
		send_request(load, t, &create);
}

static void on_send_attach(void *user, struct jvpn_transport *t,
			   const struct jvpn_msg_reattach_request *request)
{
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_ATTACH, .attach = *request};

	send_request(user, t, &field);
}

static void on_refused(struct load *load, struct jvpn_transport *t,
		       const struct jvpn_jvfield *field)
{
	struct jvpn_event event = {.type = JVPN_EVENT_DENY, .slot = t->slot};
	const struct jvpn_msg_reattach_deny *deny = &field->deny;
	struct jvpn_live *live = t->live;

	load->refused++;
	if (live && field->op == JVPN_JVFIELD_REFUSED) {
		event.u.deny.attach = true;
		event.u.deny.counter = deny->counter;
		event.u.deny.reason = deny->reason;
		event.u.deny.retry_after_ms = deny->retry_after_ms;
		event.u.deny.server_version = deny->server_version;
		event.u.deny.age_ms = deny->age_ms;
		event.u.deny.verified =
			deny->reason == JVPN_REASON_REATTACH_REFUSED ||
			(field->has_mac &&
			 jvpn_control_verify_deny(&t->control, &live->keys, &live->core.id, deny));
		if (event.u.deny.verified)
			jvpn_driver_detach(t);
		jvpn_driver_step(live, &event);
	}
	jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "refused");
}

static void on_response(void *user, struct jvpn_transport *t,
			const struct jvpn_h3_response *response)
{
	struct load *load = user;
	struct jvpn_event accepted = {.type = JVPN_EVENT_ATTACH_ACCEPTED, .slot = t->slot};
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_NONE};

	(void)jvpn_jvfield_parse(response->jumping_session, strlen(response->jumping_session),
				 &field);
	if (response->status / 100 != 2) {
		jvpn_log_warn(JVPN_LOG_SESSION, "refused: status %d %s", response->status,
			      response->body);
		on_refused(load, t, &field);
	} else if (t->live && t->live->core.state != JVPN_STATE_BIRTH) {
		memcpy(accepted.u.accepted.transport_id, field.transport_id,
		       sizeof(field.transport_id));
		jvpn_driver_step(t->live, &accepted);
	}
}

static void on_capsule(void *user, struct jvpn_transport *t, uint64_t type, const uint8_t *data,
		       size_t len)
{
	struct jvpn_connectip_addresses addresses;
	struct jvpn_reader r;

	(void)user;
	jvpn_reader_init(&r, data, len);
	if (t->live && type == JVPN_CAPSULE_ADDRESS_ASSIGN && t->live->addresses->count == 0 &&
	    !jvpn_connectip_assign_decode(&r, &addresses))
		(void)jvpn_live_set_addresses(t->live, &addresses);
}

static void on_attached(struct load *load, struct load_session *s)
{
	load->attached++;
	s->is_attached = true;
	if (s->dialled_ns)
		load_samples_add(s->attached ? &load->reattach : &load->handshake,
				 ms_since(load, s->dialled_ns));
	if (s->dialled_ns)
		load_ticket_keep(load, s);
	dialling_is_over(load, s);
	if (s->moved_ns)
		load_samples_add(&load->move, ms_since(load, s->moved_ns));
	s->moved_ns = 0;
	s->attached = true;
	if (load->opt.detach_at_once && load->opt.phase[load->phase] == LOAD_OPEN)
		load_session_detach(s);
}

static void not_attached(struct load *load, struct load_session *s)
{
	load->attached -= s->is_attached;
	s->is_attached = false;
}

static void on_stepped(void *user, struct jvpn_live *live, enum jvpn_state before)
{
	struct load *load = user;

	if (before != JVPN_STATE_ATTACHED && live->core.state == JVPN_STATE_ATTACHED)
		on_attached(load, session_of(load, live));
	else if (before == JVPN_STATE_ATTACHED && live->core.state != JVPN_STATE_ATTACHED)
		not_attached(load, session_of(load, live));
}

static void on_ended(void *user, struct jvpn_live *live, enum jvpn_reason reason)
{
	struct load *load = user;
	struct load_session *s = session_of(load, live);

	not_attached(load, s); /* on_stepped is not called for the last step */
	s->live = NULL;
	s->wanted = false;
	s->is_over = true;
	load->sessions_ended += !load->stopping;
	load->ended_by[(uint8_t)reason]++;
	dialling_is_over(load, s);
}

static void on_transport_closed(void *user, struct jvpn_transport *t,
				const struct jvpn_close_info *info)
{
	struct load *load = user;
	struct load_session *s = t->user;

	if (!s || s->transport != t)
		return;
	s->transport = NULL;
	dialling_is_over(load, s);
	/* refused, or given up by the core: the client would dial again as well */
	s->wanted = s->live != NULL && !s->detached && !load->stopping;
	if (info->kind == JVPN_CLOSE_LOCAL)
		return;
	load->connections_lost++;
	jvpn_log_info(JVPN_LOG_QUIC, "connection lost: %s", info->text);
}

/* --- inner traffic --- */

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Source address of the session; the server's own inner address answers. */
static bool fill_echo(const struct load *load, const struct load_session *s, uint8_t *packet)
{
	const struct jvpn_connectip_addresses *a = s->live->addresses;
	uint8_t *icmp = packet + IPV4_BYTES;
	size_t i = 0;

	while (i < a->count && a->address[i].version != 4)
		i++;
	if (i == a->count)
		return false;
	memset(packet, 0, ECHO_BYTES);
	packet[0] = 0x45;
	put16(packet + 2, ECHO_BYTES);
	packet[8] = 64;
	packet[9] = PROTOCOL_ICMP;
	memcpy(packet + 12, a->address[i].address, 4);
	if (inet_pton(AF_INET, load->opt.echo, packet + 16) != 1)
		return false;
	put16(packet + 10, jvpn_ip_checksum(packet, IPV4_BYTES, 0));
	icmp[0] = ICMP_ECHO;
	put16(icmp + 4, (uint16_t)s->live->index);
	put16(icmp + 6, s->echo_seq);
	put16(icmp + 2, jvpn_ip_checksum(icmp, ECHO_BYTES - IPV4_BYTES, 0));
	return true;
}

void load_session_echo(struct load *load, struct load_session *s)
{
	uint8_t packet[ECHO_BYTES];

	if (!s->live || s->live->core.bound == JVPN_SLOT_NONE || !fill_echo(load, s, packet))
		return;
	s->echo_seq++;
	load->echo_sent++;
	jvpn_live_send(s->live, packet, sizeof(packet));
}

static void on_packet(void *user, struct jvpn_live *live, uint8_t *packet, size_t len)
{
	struct load *load = user;

	(void)live;
	if (len >= IPV4_BYTES + 8 && packet[0] == 0x45 && packet[9] == PROTOCOL_ICMP &&
	    packet[IPV4_BYTES] == ICMP_REPLY)
		load->echo_received++;
}

static void on_mtu(void *user, struct jvpn_live *live)
{
	(void)user;
	(void)live;
}

const struct jvpn_driver_ops load_ops = {
	.on_ready = on_ready,
	.on_response = on_response,
	.on_send_attach = on_send_attach,
	.on_capsule = on_capsule,
	.on_packet = on_packet,
	.on_mtu = on_mtu,
	.on_stepped = on_stepped,
	.on_ended = on_ended,
	.on_transport_closed = on_transport_closed,
};
