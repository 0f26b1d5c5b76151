/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A worker: one loop with its QUIC connections, its sessions, its sockets and its queue of the TUN.
 * What the workers share is in server.h.
 */
#ifndef JVPN_SERVER_WORKER_H
#define JVPN_SERVER_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/engine.h"
#include "server/strangers.h"
#include "tun/forward.h"

struct jvpn_listener;
struct jvpn_pump;
struct jvpn_server;
struct jvpn_tun;

/* Owner: struct jvpn_server. */
struct jvpn_worker {
	struct jvpn_server *server;
	uint8_t id; /* its place in server->worker */
	struct jvpn_engine engine;
	struct jvpn_listener *listener;
	struct jvpn_tun *tun; /* its queue */
	struct jvpn_watch *tun_watch;
	struct jvpn_pump *pump;
	struct jvpn_forward uplink, downlink;
	struct jvpn_strangers strangers;
};

/* Makes 'count' workers, empty. JVPN_ENOMEM. */
int jvpn_workers_new(struct jvpn_server *server, size_t count);
void jvpn_workers_free(struct jvpn_server *server);
/* Its loop, driver and QUIC. An exit code; the failure is logged. */
int jvpn_worker_open_engine(struct jvpn_worker *worker);
int jvpn_worker_open_sockets(struct jvpn_worker *worker);
/* Its sessions end, and the clients are told so in this turn. */
void jvpn_worker_end_sessions(struct jvpn_worker *worker);
/* Its sessions stay in the store; their connections say "restarting". */
void jvpn_worker_drain_sessions(struct jvpn_worker *worker);
void jvpn_worker_close_sockets(struct jvpn_worker *worker);
void jvpn_worker_close_engine(struct jvpn_worker *worker);

#endif
