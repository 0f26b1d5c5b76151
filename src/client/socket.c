/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sockets of the client's connections: bound to the candidate's device and source address, marked,
 * so that their packets stay out of the tunnel. Decides nothing.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "quic/endpoint.h"
#include "runtime/clock.h"

static void on_readable(void *user, uint64_t now_ns)
{
	struct jvpn_dialled *s = user;
	int rv = jvpn_quic_receive(s->client->engine.quic, s->endpoint, now_ns,
				   jvpn_clock_wall_ms() / JVPN_MS_PER_S);

	if (rv < 0)
		jvpn_log_error(JVPN_LOG_QUIC, "reading the UDP socket: %s", jvpn_err_text(rv));
}

/* Those of the first socket are those of all: the kernel is the same. */
static void tell_features(const struct jvpn_dialled *s)
{
	char features[80];

	if (s->client->told_features)
		return;
	s->client->told_features = true;
	jvpn_endpoint_describe(s->endpoint, features, sizeof(features));
	jvpn_log_info(JVPN_LOG_QUIC, "UDP sockets: offloads: %s", features);
}

int jvpn_dialled_open(struct jvpn_client *client, struct jvpn_candidate *candidate,
		      struct jvpn_dialled **out, char *error, size_t error_size)
{
	const struct jvpn_client_config *c = &client->options->config;
	struct jvpn_endpoint_config config = {.local = candidate->source,
					      .fwmark = client->fwmark,
					      .device = candidate->device[0] ? candidate->device
									     : NULL,
					      .buffer_bytes = (int)c->quic_socket_buffer_bytes,
					      .want_hints = true,
					      .disable_gso = !c->quic_offload,
					      .disable_gro = !c->quic_offload};
	struct jvpn_dialled *s = calloc(1, sizeof(*s));
	int rv;

	if (!s)
		return JVPN_ENOMEM;
	s->client = client;
	s->candidate = candidate;
	rv = jvpn_endpoint_open(&config, &s->endpoint, error, error_size);
	if (!rv)
		tell_features(s);
	if (!rv)
		rv = jvpn_loop_watch_readable(client->engine.loop, jvpn_endpoint_fd(s->endpoint),
					      on_readable, s, &s->watch);
	if (rv) {
		jvpn_dialled_free(s);
		return rv;
	}
	*out = s;
	return 0;
}

void jvpn_dialled_free(struct jvpn_dialled *s)
{
	jvpn_loop_unwatch(s->client->engine.loop, s->watch);
	if (s->endpoint)
		jvpn_quic_forget_endpoint(s->client->engine.quic, s->endpoint);
	jvpn_endpoint_free(s->endpoint);
	free(s);
}

void jvpn_dialled_retire(struct jvpn_dialled *s)
{
	s->next = s->client->closed_sockets;
	s->client->closed_sockets = s;
}
