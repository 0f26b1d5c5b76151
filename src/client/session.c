/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's session as the driver sees it: requests, answers, and what follows when it ends. What
 * the states mean is the core's matter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/advice.h"
#include "client/client.h"
#include "crypto/wipe.h"
#include "proto/connectip.h"
#include "proto/jvfield.h"

/* How often in a row a server may say that another worker has the session. */
#define ELSEWHERE_MAX 3
/* First wait after a 503 with Retry-After; doubled with each further one, up to 16 times. */
#define TURNED_AWAY_HOLD_MS 125

int jvpn_client_start_session(struct jvpn_client *client)
{
	struct jvpn_event create = {.type = JVPN_EVENT_CREATE, .slot = JVPN_SLOT_NONE};
	int rv = jvpn_driver_session_new(client->engine.driver, &client->live);

	if (rv)
		return rv;
	client->live->note = client->ended;
	client->has_addresses = false;
	client->has_routes = false;
	jvpn_resume_begin(client);
	jvpn_driver_step(client->live, &create);
	return 0;
}

void jvpn_client_stop(struct jvpn_client *client, int code)
{
	client->stopping = true;
	client->exit_code = code;
	jvpn_loop_stop(client->engine.loop, code);
}

/* ---- requests ---- */

static void fill_request(const struct jvpn_client *client, struct jvpn_h3_request *request)
{
	const struct jvpn_client_config *c = &client->options->config;

	snprintf(request->method, sizeof(request->method), "CONNECT");
	snprintf(request->protocol, sizeof(request->protocol), "connect-ip");
	snprintf(request->scheme, sizeof(request->scheme), "https");
	snprintf(request->authority, sizeof(request->authority), "%.240s:%u", c->server_name,
		 c->servers.item[0].port);
	snprintf(request->path, sizeof(request->path), "%s", JVPN_CONNECTIP_PATH);
	request->capsule_protocol = true;
}

static void send_request(struct jvpn_client *client, struct jvpn_transport *t,
			 const struct jvpn_jvfield *field)
{
	struct jvpn_h3_request request = {0};
	int rv;

	fill_request(client, &request);
	if (field->op == JVPN_JVFIELD_CREATE)
		snprintf(request.authorization, sizeof(request.authorization), "Bearer %.500s",
			 client->options->config.token);
	rv = jvpn_jvfield_print(field, request.jumping_session, sizeof(request.jumping_session));
	if (!rv)
		rv = jvpn_conn_request(t->conn, &request);
	jvpn_wipe(&request, sizeof(request));
	if (rv) {
		jvpn_log_error(JVPN_LOG_SESSION, "cannot send the request: %s", jvpn_err_text(rv));
		jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "request failed");
	}
}

static void request_session(struct jvpn_client *client, struct jvpn_transport *t)
{
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_CREATE};

	snprintf(field.label, sizeof(field.label), "%s", t->label);
	send_request(client, t, &field);
}

/* The core takes the transport: in BIRTH it waits for SESSION_CREATED, later it asks to attach. */
static void tell_ready(struct jvpn_client *client, struct jvpn_transport *t)
{
	struct jvpn_event ready = {.type = JVPN_EVENT_TRANSPORT_READY, .slot = t->slot};
	struct jvpn_conn_stats stats;

	jvpn_conn_get_stats(t->conn, &stats);
	snprintf(ready.u.attached.label, sizeof(ready.u.attached.label), "%s", t->label);
	ready.u.attached.pto_ns = stats.pto_ns;
	jvpn_driver_step(client->live, &ready);
}

void jvpn_client_join(struct jvpn_client *client, struct jvpn_transport *transport)
{
	const struct jvpn_dialled *s = transport->user;
	bool in_birth = client->live->core.state == JVPN_STATE_BIRTH;
	char label[JVPN_LABEL_MAX + 1];

	jvpn_candidate_label(s ? s->candidate->device : "", label);
	if (client->options->config.label[0])
		snprintf(label, sizeof(label), "%s", client->options->config.label);
	if (jvpn_driver_attach(client->live, transport, label)) {
		jvpn_conn_close(transport->conn, JVPN_APP_NO_ERROR, "no slot");
		return;
	}
	tell_ready(client, transport);
	if (in_birth && transport->live)
		request_session(client, transport);
}

static void on_ready(void *user, struct jvpn_transport *transport)
{
	jvpn_dial_ready(user, transport);
}

static void on_send_attach(void *user, struct jvpn_transport *transport,
			   const struct jvpn_msg_reattach_request *request)
{
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_ATTACH, .attach = *request};

	send_request(user, transport, &field);
}

/* ---- answers ---- */

static void on_accepted(struct jvpn_client *client, struct jvpn_transport *t,
			const struct jvpn_jvfield *field)
{
	struct jvpn_event event = {.type = JVPN_EVENT_ATTACH_ACCEPTED, .slot = t->slot};

	if (field->op != JVPN_JVFIELD_OK) {
		jvpn_log_error(JVPN_LOG_SESSION,
			       "the server does not know the jumping-session extension: it is no "
			       "jvpn-server; look at server.address");
		jvpn_client_stop(client, JVPN_EXIT_SESSION_ENDED);
		return;
	}
	memcpy(event.u.accepted.transport_id, field->transport_id, sizeof(field->transport_id));
	client->sent_elsewhere = client->turned_away = 0;
	jvpn_dial_succeeded(client, t);
	if (t->live && t->live->core.state != JVPN_STATE_BIRTH)
		jvpn_driver_step(t->live, &event);
	/* It takes our word for the end by now; a commit under way may come to its own first. */
	client->reached = true;
}

/* A refused attach is a DENY with or without a MAC; the core decides what it means. */
static void on_attach_refused(struct jvpn_client *client, struct jvpn_transport *t,
			      const struct jvpn_jvfield *field)
{
	struct jvpn_event event = {.type = JVPN_EVENT_DENY, .slot = t->slot};
	const struct jvpn_msg_reattach_deny *deny = &field->deny;
	struct jvpn_live *live = t->live;

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
	/* Verified, it frees the slot in the core; else the core hears of the connection's end. */
	if (event.u.deny.verified) {
		jvpn_driver_detach(t);
		jvpn_dial_refused(client, t, deny->retry_after_ms);
	}
	jvpn_driver_step(live, &event);
	jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "refused");
}

/* No refusal of ours (a proxy, a server that drains): a living session tries again. A server that asks for
 * patience is about to restart as a rule, so not as late as it says, but not at every knock either: each
 * try is a change of state. */
static void on_attach_failed(struct jvpn_client *client, struct jvpn_transport *t,
			     const struct jvpn_h3_response *response)
{
	unsigned doublings = client->turned_away < 4 ? client->turned_away : 4;

	if (client->turned_away == 0)
		jvpn_log_warn(JVPN_LOG_SESSION, "%s does not let the session attach: status %d %s",
			      t->peer, response->status, response->body);
	client->turned_away++;
	if (response->retry_after_s)
		jvpn_dial_refused(client, t, (uint64_t)TURNED_AWAY_HOLD_MS << doublings);
	jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "refused");
}

/* A server whose workers have changed, or its id in connection IDs: the way there has another sign. Not
 * for ever, and not to where we were. */
static void on_elsewhere(struct jvpn_client *client, struct jvpn_transport *t,
			 const struct jvpn_jvfield *field, const struct jvpn_h3_response *response)
{
	struct jvpn_live *live = t->live;

	if (client->sent_elsewhere == ELSEWHERE_MAX) {
		on_attach_failed(client, t, response);
		return;
	}
	client->sent_elsewhere++;
	memcpy(live->route_prefix, field->prefix, sizeof(live->route_prefix));
	live->route_prefix_len = field->prefix_len;
	jvpn_log_debug(JVPN_LOG_SESSION, "%s: the session is with another worker", t->peer);
	jvpn_dial_elsewhere(client, t);
}

static void on_birth_refused(struct jvpn_client *client, struct jvpn_transport *t,
			     const struct jvpn_h3_response *response)
{
	jvpn_log_error(JVPN_LOG_SESSION, "the server refused the session: status %d %s",
		       response->status, response->body);
	jvpn_log_error(JVPN_LOG_SESSION, "%s", jvpn_advice_status(response->status));
	if (response->status == 401) {
		jvpn_client_stop(client, JVPN_EXIT_AUTH_REFUSED);
	} else if (response->status != 429 && response->status != 503) {
		jvpn_client_stop(client, JVPN_EXIT_SESSION_ENDED);
	} else if (response->retry_after_s) {
		jvpn_log_info(JVPN_LOG_SESSION, "trying again in %u s as the server asks",
			      response->retry_after_s);
		jvpn_dial_hold(client, response->retry_after_s);
	}
	jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "refused");
}

static void on_response(void *user, struct jvpn_transport *transport,
			const struct jvpn_h3_response *response)
{
	struct jvpn_client *client = user;
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_NONE};

	/* What does not parse counts as absent. */
	(void)jvpn_jvfield_parse(response->jumping_session, strlen(response->jumping_session),
				 &field);
	if (response->status / 100 == 2)
		on_accepted(client, transport, &field);
	else if (!transport->live || transport->live->core.state == JVPN_STATE_BIRTH)
		on_birth_refused(client, transport, response);
	else if (response->status == 421 && field.op == JVPN_JVFIELD_ELSEWHERE)
		on_elsewhere(client, transport, &field, response);
	else if (field.op == JVPN_JVFIELD_REFUSED)
		on_attach_refused(client, transport, &field);
	else
		on_attach_failed(client, transport, response);
}

/* ---- life ---- */

static void say_state(const struct jvpn_client *client, const struct jvpn_live *live,
		      enum jvpn_state before)
{
	char id[JVPN_ID_HEX_LEN + 1];
	const struct jvpn_transport *t = jvpn_live_binding(live);

	jvpn_id_format(&live->core.id, id);
	if (before == JVPN_STATE_BIRTH && live->core.state == JVPN_STATE_ATTACHED && t)
		jvpn_log_info(JVPN_LOG_SESSION, "connected: session %s, %s, %s", id,
			      jvpn_conn_cipher(t->conn), jvpn_conn_group(t->conn));
	else if (live->core.state != JVPN_STATE_TERMINATED && client->was_attached)
		jvpn_log_info(JVPN_LOG_SESSION, "%s -> %s", jvpn_state_name(before),
			      jvpn_state_name(live->core.state));
}

static void on_stepped(void *user, struct jvpn_live *live, enum jvpn_state before)
{
	struct jvpn_client *client = user;

	if (before == live->core.state)
		return;
	say_state(client, live, before);
	if (live->core.state == JVPN_STATE_ATTACHED) {
		client->was_attached = true;
		client->tunnel_due = true;
		if (client->disconnecting)
			jvpn_client_stop(client, JVPN_EXIT_OK);
	}
}

/* on_terminated: new_session, except where a new one would be refused or is not wanted. */
static bool wants_new_session(const struct jvpn_client *client, enum jvpn_reason reason)
{
	/* A session that never was is tried again: connect_timeout bounds that. */
	if (reason == JVPN_REASON_ATTACH_TIMEOUT)
		return true;
	return client->options->config.on_terminated == JVPN_ON_TERMINATED_NEW_SESSION &&
	       !client->disconnecting && reason != JVPN_REASON_SECURITY_FAILURE &&
	       reason != JVPN_REASON_OPERATOR_TERMINATED && reason != JVPN_REASON_CLIENT_CLOSED &&
	       reason != JVPN_REASON_POLICY_DENIED && reason != JVPN_REASON_AUTH_FAILED;
}

static const char *what_follows(void *user, enum jvpn_reason reason)
{
	const struct jvpn_client *client = user;

	if (client->stopping || client->disconnecting || client->hooks.down_begun)
		return NULL;
	return wants_new_session(client, reason) ? "on_terminated: new_session"
						 : "on_terminated: exit";
}

/* On the terminal, and for the events of the next session. */
static void say_end(struct jvpn_client *client, const struct jvpn_live *live,
		    enum jvpn_reason reason)
{
	char id[JVPN_ID_HEX_LEN + 1];

	if (reason == JVPN_REASON_ATTACH_TIMEOUT)
		return;
	jvpn_id_format(&live->core.id, id);
	jvpn_log_info(JVPN_LOG_SESSION, "session %s ended: %s; %s", id, jvpn_reason_name(reason),
		      wants_new_session(client, reason) ? "a new one follows" : "no other follows");
	if (!wants_new_session(client, reason) && reason != JVPN_REASON_CLIENT_CLOSED)
		jvpn_log_info(JVPN_LOG_SESSION, "%s", jvpn_advice_end(reason));
	snprintf(client->ended, sizeof(client->ended), "follows %s (%s)", id,
		 jvpn_reason_name(reason));
}

static void on_ended(void *user, struct jvpn_live *live, enum jvpn_reason reason)
{
	struct jvpn_client *client = user;

	client->live = NULL;
	if (!client->hooks.down_begun)
		jvpn_hooks_note_end(client, live, reason);
	if (!client->keep)
		jvpn_resume_forget(client);
	/* pre_down runs: what follows is decided. */
	if (client->stopping || client->hooks.down_begun)
		return;
	say_end(client, live, reason);
	if (client->disconnecting)
		jvpn_client_stop(client, JVPN_EXIT_OK);
	else if (!wants_new_session(client, reason))
		jvpn_client_stop(client, JVPN_EXIT_SESSION_ENDED);
}

static void on_transport_closed(void *user, struct jvpn_transport *transport,
				const struct jvpn_close_info *info)
{
	struct jvpn_client *client = user;
	const char *advice;

	jvpn_dial_closed(client, transport, info);
	if (client->stopping || info->kind == JVPN_CLOSE_LOCAL)
		return;
	if (info->kind == JVPN_CLOSE_CERTIFICATE || info->kind == JVPN_CLOSE_TLS)
		jvpn_log_error(JVPN_LOG_QUIC, "%s: %s", transport->peer, info->text);
	else
		jvpn_log_info(JVPN_LOG_QUIC, "%s: connection closed: %s", transport->peer,
			      info->text);
	/* A session that was once attached is worth waiting for; a first try is not. */
	if (client->was_attached)
		return;
	advice = jvpn_advice_close(info->kind, info->text);
	if (advice)
		jvpn_log_error(JVPN_LOG_QUIC, "%s", advice);
	if (info->kind == JVPN_CLOSE_CERTIFICATE)
		jvpn_client_stop(client, JVPN_EXIT_CERTIFICATE);
	else if (info->kind == JVPN_CLOSE_TLS)
		jvpn_client_stop(client, JVPN_EXIT_UNREACHABLE);
}

static void on_hint(void *user, struct jvpn_transport *transport, bool port_closed)
{
	if (port_closed)
		jvpn_dial_closed_port(user, transport);
}

static void on_knock_answered(void *user, struct jvpn_endpoint *endpoint)
{
	(void)endpoint;
	jvpn_dial_answered(user);
}

const struct jvpn_driver_ops jvpn_client_driver_ops = {
	.on_ready = on_ready,
	.on_response = on_response,
	.on_send_attach = on_send_attach,
	.on_capsule = jvpn_tunnel_on_capsule,
	.on_packet = jvpn_tunnel_on_packet,
	.on_mtu = jvpn_tunnel_on_mtu,
	.on_knock_answered = on_knock_answered,
	.on_hint = on_hint,
	.what_follows = what_follows,
	.on_stepped = on_stepped,
	.on_ended = on_ended,
	.on_transport_closed = on_transport_closed,
};
