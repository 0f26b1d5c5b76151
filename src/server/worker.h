/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A worker: one loop with its QUIC connections, its sessions, its sockets and its queue of the TUN.
 * What the workers share is in server.h. The first one runs on the main thread; several have a thread
 * each, and everything here but the mailbox belongs to it. docs/internals/workers.md.
 */
#ifndef JVPN_SERVER_WORKER_H
#define JVPN_SERVER_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slack.h"
#include "runtime/engine.h"
#include "runtime/mailbox.h"
#include "server/strangers.h"
#include "tun/forward.h"

struct jvpn_endpoint;
struct jvpn_datagram;
struct jvpn_listener;
struct jvpn_persist;
struct jvpn_pump;
struct jvpn_server;
struct jvpn_server_options;
struct jvpn_tun;

/* Of other workers' finds: a few milliseconds at full speed. */
#define JVPN_WORKER_LETTERS      2048
#define JVPN_WORKER_LETTER_BYTES (4 * 1024 * 1024)

/* What a worker has read that was another one's. Its own thread's. */
struct jvpn_worker_handed {
	uint64_t datagrams, packets; /* given to their owner */
	uint64_t dropped;            /* its mailbox was full, or no memory */
};

/* Owner: struct jvpn_server. */
struct jvpn_worker {
	_Alignas(64) struct jvpn_server *server;
	uint8_t id; /* its place in server->worker */
	struct jvpn_engine engine;
	struct jvpn_listener *listener;
	struct jvpn_tun *tun; /* its queue */
	struct jvpn_watch *tun_watch;
	struct jvpn_pump *pump;
	struct jvpn_forward uplink, downlink;
	struct jvpn_strangers strangers;
	struct jvpn_slack slack;
	struct jvpn_persist *persist; /* its lane of the store, NULL: memory is the store */
	/* With several workers: */
	struct jvpn_mailbox *mailbox;
	struct jvpn_watch *mail_watch;
	pthread_t thread; /* of all but the first */
	bool has_thread;
	atomic_uint turns;   /* of its loop */
	unsigned seen_turns; /* by the first worker, at the last sign of life */
	struct jvpn_worker_handed handed;
};

/* How many the configuration asks for; auto: one for each CPU that this process may use,
 * one in all where there are two or fewer. */
size_t jvpn_workers_count(const struct jvpn_server_options *options);
/* Makes 'count' workers, empty. JVPN_ENOMEM. */
int jvpn_workers_new(struct jvpn_server *server, size_t count);
void jvpn_workers_free(struct jvpn_server *server);
/* Its loop, driver and QUIC. An exit code; the failure is logged. */
int jvpn_worker_open_engine(struct jvpn_worker *worker);
/* In the order of the workers. */
int jvpn_worker_open_sockets(struct jvpn_worker *worker);
/* After that. */
void jvpn_workers_steer(struct jvpn_server *server);
/* What it gave to others, for the log. */
void jvpn_worker_say_handed(const struct jvpn_worker *worker);
/* The threads of all but the first one. An exit code. */
int jvpn_workers_start(struct jvpn_server *server);
/* Ends their loops and joins them. */
void jvpn_workers_join(struct jvpn_server *server);
/* Runs fn on the thread of this worker, or of each, one after the other, and waits. From the first one's thread
 * only; fn must not wait for another worker. */
void jvpn_worker_run(struct jvpn_worker *worker, void (*fn)(struct jvpn_worker *worker, void *user),
		     void *user);
void jvpn_workers_each(struct jvpn_server *server,
		       void (*fn)(struct jvpn_worker *worker, void *user), void *user);
/* On its thread: ends the session, if it is there. */
void jvpn_worker_terminate(struct jvpn_worker *worker, const struct jvpn_id *id,
			   enum jvpn_reason reason);
/* Evicts the session there, soon; any thread. */
void jvpn_worker_evict(struct jvpn_worker *worker, const struct jvpn_id *id);
/* Its loop has a turn; any thread. */
void jvpn_worker_wake(struct jvpn_worker *worker);
/* An inner packet from the wrong queue of the TUN; 'worker' is the one that read it. */
void jvpn_worker_hand_packet(struct jvpn_worker *worker, struct jvpn_worker *owner,
			     const struct jvpn_forward_packet *packet);
/* A datagram whose connection ID names another one (jvpn_driver_ops). */
bool jvpn_worker_on_misdirected(void *user, struct jvpn_endpoint *endpoint,
				const struct jvpn_datagram *datagram, unsigned owner);
/* JVPN_ENOMEM, JVPN_EIO. */
int jvpn_worker_open_mailbox(struct jvpn_worker *worker);
void jvpn_worker_close_mailbox(struct jvpn_worker *worker);
/* Its sessions end, and the clients are told so in this turn. */
void jvpn_worker_end_sessions(struct jvpn_worker *worker);
/* Its sessions stay in the store; their connections say "restarting". */
void jvpn_worker_drain_sessions(struct jvpn_worker *worker);
void jvpn_worker_close_sockets(struct jvpn_worker *worker);
void jvpn_worker_close_engine(struct jvpn_worker *worker);

#endif
