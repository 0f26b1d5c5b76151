/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server as one object: what its workers share (worker.h has what each has of its own).
 */
#ifndef JVPN_SERVER_SERVER_H
#define JVPN_SERVER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/table.h"
#include "crypto/keyring.h"
#include "proto/connectip.h"
#include "proto/dnsassign.h"
#include "server/handed.h"
#include "runtime/notify.h"
#include "runtime/operator.h"
#include "server/metrics.h"
#include "server/options.h"
#include "server/worker.h"

struct jvpn_auth;
struct jvpn_lease_pool;
struct jvpn_netcfg;
struct jvpn_persist;
struct jvpn_tls;

/* The sessions of this node: the core's index, and what stands behind each entry. Under the server's
 * lock; a live session is only for the thread of its worker, which alone takes it out. */
struct jvpn_server_index {
	struct jvpn_table table;
	struct jvpn_table_entry *entry;
	struct jvpn_live **live; /* parallel to entry */
	struct jvpn_map *by_id, *by_user;
};

/* Owner: main. 'lock' is for what may change while there are several workers: tokens, addresses, index.
 * Nobody calls the driver, the store or the event stream with it, and no packet needs it. */
struct jvpn_server {
	pthread_mutex_t lock;
	const struct jvpn_server_options *options;
	struct jvpn_keyring keys;
	struct jvpn_tls *tls;
	struct jvpn_auth *auth;
	struct jvpn_netcfg *netcfg;
	struct jvpn_lease_pool *leases;
	struct jvpn_server_index index;
	struct jvpn_connectip_routes routes; /* advertised to every client */
	struct jvpn_dnsassign dns;           /* told to every client */
	struct jvpn_worker *worker;          /* the first one has the signals and the store */
	size_t worker_count;
	struct jvpn_operator operator; /* the control socket; the first worker's */
	struct jvpn_notify notify;     /* the service manager; the first worker's */
	struct jvpn_handed handed;     /* what it opened for us */
	struct jvpn_metrics metrics;
	/* The first worker's, beside its own: before QUIC is flushed, and the program's timers. */
	void (*on_turn)(void *user, uint64_t now_ns);
	uint64_t (*next_deadline)(void *user);
	struct jvpn_persist *persist; /* NULL: memory is the store */
	struct jvpn_watch *store_watch;
	size_t stored;        /* sessions that were in the store at the start */
	size_t capacity;      /* max_sessions, or 'stored' if that is more */
	atomic_bool draining; /* no new sessions; the present ones were told */
	atomic_bool stopping; /* sessions were told; end when everything is written */
	uint64_t stop_by_ns;  /* or then */
};

/* admission.c: who gets a session. 'user' of an op is the worker. */
int jvpn_server_index_init(struct jvpn_server_index *index, size_t capacity);
void jvpn_server_index_clear(struct jvpn_server_index *index);
/* Where a session would be, if there is one: the worker that its id names. */
struct jvpn_worker *jvpn_server_owner(struct jvpn_server *server, const struct jvpn_id *id);
/* The session, if it is this worker's; on its thread. */
struct jvpn_live *jvpn_server_find(const struct jvpn_worker *worker, const struct jvpn_id *id);
size_t jvpn_server_session_count(struct jvpn_server *server);
void jvpn_server_on_request(void *user, struct jvpn_transport *transport,
			    const struct jvpn_h3_request *request);
void jvpn_server_on_create_answer(void *user, struct jvpn_transport *transport,
				  enum jvpn_reason reason);
void jvpn_server_on_attach_answer(void *user, struct jvpn_transport *transport, bool accepted,
				  const struct jvpn_msg_reattach_deny *deny);
void jvpn_server_on_stepped(void *user, struct jvpn_live *live, enum jvpn_state before);
void jvpn_server_on_ended(void *user, struct jvpn_live *live, enum jvpn_reason reason);

/* service.c: what came from the service manager: sockets, of which each address of 'listen' has none or one
 * for each worker. An exit code. */
int jvpn_server_service_open(struct jvpn_server *server);
/* Before and after the sockets are opened: none of them may be without a worker. An exit code. */
int jvpn_server_service_check(const struct jvpn_server *server);
int jvpn_server_service_end_open(const struct jvpn_server *server);
/* The number of workers that 'auto' means by the sockets; 0: they do not say. */
size_t jvpn_server_service_workers(const struct jvpn_server *server);
/* What it hears, in each turn of the first worker. */
void jvpn_server_service_turn(struct jvpn_server *server, uint64_t now_ns);

/* restore.c: the store, opened before sockets and devices are. Errors of jvpn_store_open(). */
int jvpn_server_store_open(struct jvpn_server *server, char *error, size_t error_size);
/* Its sessions are back when this returns: index, addresses, clocks. Before the first datagram. */
int jvpn_server_restore(struct jvpn_server *server, char *error, size_t error_size);

/* gateway.c: inner packets between TUN and sessions. */
/* Configured prefixes as the ranges of ROUTE_ADVERTISEMENT, in its order; a prefix inside another
 * one is left out. */
void jvpn_server_make_routes(const struct jvpn_config_prefixes *prefixes,
			     struct jvpn_connectip_routes *out);
/* Device, addresses and pool of the server, and the queue of each worker. */
int jvpn_server_gateway_open(struct jvpn_server *server, char *error, size_t error_size);
void jvpn_server_gateway_close(struct jvpn_server *server);
/* A packet from the TUN to its session, or to the worker that has it; 'user' is the worker. */
void jvpn_server_route_packet(void *user, struct jvpn_forward_packet *packet);
/* Inner packets that were joined go to the kernel. Once a turn, and after each flush of QUIC. */
void jvpn_server_gateway_flush(struct jvpn_worker *worker);
void jvpn_server_on_packet(void *user, struct jvpn_live *live, uint8_t *packet, size_t len);

#endif
