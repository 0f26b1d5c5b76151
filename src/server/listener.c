/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opens and watches the listening sockets. Must not look into datagrams.
 */
#include "server/listener.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "quic/endpoint.h"
#include "quic/quic.h"
#include "runtime/clock.h"
#include "runtime/driver.h"
#include "server/handed.h"
#include "runtime/loop.h"

struct listen_socket {
	struct jvpn_listener *listener;
	struct jvpn_endpoint *endpoint;
	struct jvpn_watch *watch;
};

struct jvpn_listener {
	struct jvpn_loop *loop;
	struct jvpn_quic *quic;
	struct listen_socket socket[JVPN_LISTEN_MAX];
	size_t count;
};

static void on_readable(void *user, uint64_t now_ns)
{
	struct listen_socket *s = user;
	int rv = jvpn_quic_receive(s->listener->quic, s->endpoint, now_ns,
				   jvpn_clock_wall_ms() / JVPN_MS_PER_S);

	if (rv < 0)
		jvpn_log_error(JVPN_LOG_QUIC, "reading the UDP socket: %s", jvpn_err_text(rv));
}

/* The endpoint's sentence does not know which of several addresses it was. */
static int name_address(int rv, const struct sockaddr_storage *address, char *error,
			size_t error_size)
{
	char where[80], why[256];

	jvpn_driver_format_address(address, where, sizeof(where));
	snprintf(why, sizeof(why), "%s", error);
	snprintf(error, error_size, "listen %s: %s", where, why);
	return rv;
}

static void tell_features(const struct jvpn_endpoint *endpoint,
			  const struct sockaddr_storage *address)
{
	char where[80], features[80];

	jvpn_driver_format_address(address, where, sizeof(where));
	jvpn_endpoint_describe(endpoint, features, sizeof(features));
	jvpn_log_info(JVPN_LOG_QUIC, "%s: offloads: %s", where, features);
}

static int open_one(struct jvpn_listener *l, const struct jvpn_listener_config *config, char *error,
		    size_t error_size)
{
	struct jvpn_endpoint_config endpoint = {.buffer_bytes = config->buffer_bytes,
						.disable_gso = !config->offload,
						.disable_gro = !config->offload,
						.join = config->join != NULL};
	struct listen_socket *s = &l->socket[l->count];
	int rv, fd = -1;

	if (config->join) /* the kernel may have chosen the port */
		jvpn_endpoint_local(config->join->socket[l->count].endpoint, &endpoint.local);
	else
		endpoint.local = config->address[l->count];
	if (config->handed)
		fd = jvpn_handed_take(config->handed, &endpoint.local);
	endpoint.handed_fd = fd > 0 ? fd : 0;
	rv = jvpn_endpoint_open(&endpoint, &s->endpoint, error, error_size);
	if (rv)
		return name_address(rv, &endpoint.local, error, error_size);
	if (!config->join) /* the others are of the same kernel */
		tell_features(s->endpoint, &endpoint.local);
	s->listener = l;
	l->count++;
	if (config->share && fd < 0 && jvpn_endpoint_share(s->endpoint))
		jvpn_log_warn(JVPN_LOG_QUIC, "the kernel does not share UDP ports");
	return jvpn_loop_watch_readable(l->loop, jvpn_endpoint_fd(s->endpoint), on_readable, s,
					&s->watch);
}

int jvpn_listener_open(struct jvpn_loop *loop, struct jvpn_quic *quic,
		       const struct jvpn_listener_config *config, struct jvpn_listener **out,
		       char *error, size_t error_size)
{
	struct jvpn_listener *l;
	int rv = 0;

	if (config->count > JVPN_LISTEN_MAX)
		return JVPN_ERANGE;
	l = calloc(1, sizeof(*l));
	if (!l)
		return JVPN_ENOMEM;
	l->loop = loop;
	l->quic = quic;
	for (size_t i = 0; i < config->count && !rv; i++)
		rv = open_one(l, config, error, error_size);
	if (rv) {
		jvpn_listener_free(l);
		return rv;
	}
	*out = l;
	return 0;
}

int jvpn_listener_steer(struct jvpn_listener *first, size_t server_id_len, unsigned workers)
{
	int rv = 0;

	for (size_t i = 0; i < first->count && !rv; i++)
		rv = jvpn_endpoint_steer(first->socket[i].endpoint, server_id_len, workers);
	return rv;
}

size_t jvpn_listener_index(const struct jvpn_listener *listener,
			   const struct jvpn_endpoint *endpoint)
{
	size_t i = 0;

	while (i + 1 < listener->count && listener->socket[i].endpoint != endpoint)
		i++;
	return i;
}

struct jvpn_endpoint *jvpn_listener_endpoint(const struct jvpn_listener *listener, size_t index)
{
	return listener->socket[index].endpoint;
}

void jvpn_listener_free(struct jvpn_listener *listener)
{
	if (!listener)
		return;
	for (size_t i = 0; i < listener->count; i++) {
		jvpn_loop_unwatch(listener->loop, listener->socket[i].watch);
		jvpn_quic_forget_endpoint(listener->quic, listener->socket[i].endpoint);
		jvpn_endpoint_free(listener->socket[i].endpoint);
	}
	free(listener);
}
