/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reaching the server: addresses, one attempt at a time, pauses between attempts (session.md,
 * "Liveness": no first try ever sleeps). Knows nothing of sessions but whether one wants a transport.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "crypto/random.h"
#include "quic/endpoint.h"
#include "runtime/clock.h"

/* While nothing answers: a fresh socket and Initial so often, for so long ... */
#define DIAL_ATTEMPT_MS 1000
#define DIAL_EAGER_MS   10000
/* ... then pauses that double up to this, with jitter. */
#define DIAL_BACKOFF_FIRST_MS 250
#define DIAL_BACKOFF_MAX_MS   5000
/* Between the starts of two attempts, whatever became of the first: a server that accepts and ends
 * each session at once is not asked a thousand times a second. */
#define DIAL_SPACING_MS 100
#define DIAL_HOLD_MAX_S 60

int jvpn_dial_resolve(struct jvpn_client *client, char *error, size_t error_size)
{
	const struct jvpn_config_host *server = &client->options->config.server;
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;
	struct jvpn_dial *dial = &client->dial;
	char port[8];
	int rv;

	snprintf(port, sizeof(port), "%u", server->port);
	rv = getaddrinfo(server->host, port, &hints, &list);
	if (rv) {
		snprintf(error, error_size, "%s: %s", server->host, gai_strerror(rv));
		return JVPN_ENOTFOUND;
	}
	dial->count = 0;
	dial->next = 0;
	for (struct addrinfo *ai = list; ai && dial->count < JVPN_CLIENT_ADDRESSES_MAX;
	     ai = ai->ai_next)
		if (ai->ai_family == AF_INET || ai->ai_family == AF_INET6)
			memcpy(&dial->address[dial->count++], ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(list);
	if (dial->count)
		return 0;
	snprintf(error, error_size, "%s: no IPv4 or IPv6 address", server->host);
	return JVPN_ENOTFOUND;
}

static void on_socket_readable(void *user, uint64_t now_ns)
{
	struct jvpn_dialled *s = user;
	int rv = jvpn_quic_receive(s->client->engine.quic, s->endpoint, now_ns,
				   jvpn_clock_wall_ms() / JVPN_MS_PER_S);

	if (rv < 0)
		jvpn_log_error(JVPN_LOG_QUIC, "reading the UDP socket: %s", jvpn_err_text(rv));
}

static void socket_free(struct jvpn_dialled *s)
{
	jvpn_loop_unwatch(s->client->engine.loop, s->watch);
	if (s->endpoint)
		jvpn_quic_forget_endpoint(s->client->engine.quic, s->endpoint);
	jvpn_endpoint_free(s->endpoint);
	free(s);
}

void jvpn_dial_free_sockets(struct jvpn_client *client)
{
	while (client->closed_sockets) {
		struct jvpn_dialled *s = client->closed_sockets;

		client->closed_sockets = s->next;
		socket_free(s);
	}
}

void jvpn_dial_close_all(struct jvpn_client *client)
{
	for (struct jvpn_transport *t = client->engine.driver->transports; t; t = t->next)
		if (t->user)
			jvpn_dial_closed(client, t);
	jvpn_dial_free_sockets(client);
}

static int open_socket(struct jvpn_client *client, sa_family_t family, struct jvpn_dialled **out)
{
	const struct jvpn_client_config *c = &client->options->config;
	struct jvpn_endpoint_config config = {.fwmark = (uint32_t)c->fwmark,
					      .device = c->interface[0] ? c->interface : NULL,
					      .buffer_bytes = (int)c->quic_socket_buffer_bytes,
					      .disable_gso = !c->quic_offload,
					      .disable_gro = !c->quic_offload};
	struct jvpn_dialled *s = calloc(1, sizeof(*s));
	char error[256] = "";
	int rv;

	if (!s)
		return JVPN_ENOMEM;
	s->client = client;
	config.local.ss_family = family;
	rv = jvpn_endpoint_open(&config, &s->endpoint, error, sizeof(error));
	if (!rv)
		rv = jvpn_loop_watch_readable(client->engine.loop, jvpn_endpoint_fd(s->endpoint),
					      on_socket_readable, s, &s->watch);
	if (rv) {
		jvpn_log_warn(JVPN_LOG_QUIC, "%s", error[0] ? error : jvpn_err_text(rv));
		socket_free(s);
		return rv;
	}
	*out = s;
	return 0;
}

static int connect_to(struct jvpn_client *client, const struct sockaddr_storage *remote,
		      uint64_t now_ns)
{
	struct jvpn_engine *engine = &client->engine;
	struct jvpn_quic_target target = {.remote = (const struct sockaddr *)remote,
					  .server_name = client->options->config.server_name};
	struct jvpn_dialled *s;
	struct jvpn_conn *conn;
	int rv = open_socket(client, remote->ss_family, &s);

	if (rv)
		return rv;
	target.endpoint = s->endpoint;
	rv = jvpn_quic_connect(engine->quic, &target, now_ns, &conn);
	if (rv) {
		socket_free(s);
		return rv;
	}
	rv = jvpn_driver_transport_new(engine->driver, conn, &client->dial.trying);
	if (rv) {
		/* Its on_closed finds no transport; the socket goes with the program. */
		jvpn_conn_close(conn, JVPN_APP_NO_ERROR, "");
		return rv;
	}
	client->dial.trying->user = s;
	return 0;
}

/* After the eager seconds: 0.25 s doubling to 5 s, each pause between half and the whole of it. */
static uint64_t next_pause_ns(struct jvpn_dial *dial, uint64_t now_ns)
{
	uint64_t jitter = 0;

	if (now_ns - dial->failing_since_ns < jvpn_ms_to_ns(DIAL_EAGER_MS))
		return 0;
	dial->backoff_ms = dial->backoff_ms ? dial->backoff_ms * 2 : DIAL_BACKOFF_FIRST_MS;
	if (dial->backoff_ms > DIAL_BACKOFF_MAX_MS)
		dial->backoff_ms = DIAL_BACKOFF_MAX_MS;
	(void)jvpn_random(&jitter, sizeof(jitter));
	return jvpn_ms_to_ns(dial->backoff_ms / 2 + jitter % (dial->backoff_ms / 2));
}

static void attempt_failed(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_dial *dial = &client->dial;
	uint64_t pause;

	if (!dial->failing_since_ns)
		dial->failing_since_ns = now_ns;
	pause = next_pause_ns(dial, now_ns);
	/* An attempt that failed at once (unreachable) must not spin. */
	dial->again_ns = now_ns + (pause ? pause : jvpn_ms_to_ns(100));
}

static uint64_t attempt_lifetime_ns(const struct jvpn_client *client, uint64_t now_ns)
{
	const struct jvpn_dial *dial = &client->dial;

	if (!dial->failing_since_ns ||
	    now_ns - dial->failing_since_ns < jvpn_ms_to_ns(DIAL_EAGER_MS))
		return jvpn_ms_to_ns(DIAL_ATTEMPT_MS << (dial->attempts & 1));
	return jvpn_ms_to_ns(client->options->config.quic_handshake_timeout_ms);
}

static void start_attempt(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_dial *dial = &client->dial;
	const struct sockaddr_storage *remote = &dial->address[dial->next++ % dial->count];
	char text[80];

	jvpn_driver_format_address(remote, text, sizeof(text));
	if (!dial->attempts++)
		jvpn_log_info(JVPN_LOG_MAIN, "connecting to %s", text);
	else
		jvpn_log_debug(JVPN_LOG_MAIN, "attempt %u: %s", dial->attempts, text);
	if (dial->attempts == 4)
		jvpn_log_warn(JVPN_LOG_MAIN, "%s does not answer; going on trying", text);
	dial->started_ns = now_ns;
	if (connect_to(client, remote, now_ns))
		attempt_failed(client, now_ns);
	else
		dial->trying_until_ns = now_ns + attempt_lifetime_ns(client, now_ns);
}

static uint64_t next_start_ns(const struct jvpn_dial *dial)
{
	uint64_t spaced_ns = dial->started_ns + jvpn_ms_to_ns(DIAL_SPACING_MS);

	return dial->started_ns && spaced_ns > dial->again_ns ? spaced_ns : dial->again_ns;
}

void jvpn_dial_poll(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_dial *dial = &client->dial;

	if (dial->trying && dial->trying_until_ns <= now_ns) {
		struct jvpn_transport *t = dial->trying;

		dial->trying_until_ns = JVPN_TIME_NEVER;
		jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "no answer");
		return;
	}
	if (dial->trying || client->stopping || !client->live || next_start_ns(dial) > now_ns)
		return;
	if (jvpn_session_wants_transport(&client->live->core))
		start_attempt(client, now_ns);
}

uint64_t jvpn_dial_next_deadline(const struct jvpn_client *client)
{
	const struct jvpn_dial *dial = &client->dial;

	if (dial->trying)
		return dial->trying_until_ns;
	if (client->stopping || !client->live || !jvpn_session_wants_transport(&client->live->core))
		return JVPN_TIME_NEVER;
	return next_start_ns(dial);
}

void jvpn_dial_succeeded(struct jvpn_client *client, const struct jvpn_transport *transport)
{
	struct jvpn_dial *dial = &client->dial;

	if (dial->trying == transport)
		dial->trying = NULL;
	dial->failing_since_ns = 0;
	dial->backoff_ms = 0;
	dial->again_ns = 0;
	dial->attempts = 0;
}

void jvpn_dial_hold(struct jvpn_client *client, uint32_t seconds)
{
	uint64_t s = seconds < DIAL_HOLD_MAX_S ? seconds : DIAL_HOLD_MAX_S;

	client->dial.again_ns = client->engine.driver->now_ns + s * JVPN_NS_PER_S;
	/* The attempt has its answer: its end must not shorten the pause. */
	client->dial.trying = NULL;
}

void jvpn_dial_closed(struct jvpn_client *client, struct jvpn_transport *transport)
{
	struct jvpn_dialled *s = transport->user;

	if (s) {
		s->next = client->closed_sockets;
		client->closed_sockets = s;
		transport->user = NULL;
	}
	if (client->dial.trying == transport) {
		client->dial.trying = NULL;
		attempt_failed(client, client->engine.driver->now_ns);
	}
}
