/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The only place where the core meets the world: executes the effects of jvpn_session_step() and
 * turns what connections, clocks and the store say into events. Both programs use it; what differs
 * (admission, addresses, TUN) comes back through struct jvpn_driver_ops.
 *
 * Objects: a *live session* is one struct jvpn_session with what the core must not know (keys,
 * queue, figures); a *transport* is one QUIC connection, attached to a live session or not yet. The
 * driver owns both. IP packets never pass through the core: they go queue -> connection and back.
 *
 * With a store (persist.h) its operations are answered later, by jvpn_driver_store_result(). Without
 * one the process's memory is the store: a commit is durable when it is made, and answered in the same
 * turn (docs/adr/0002).
 */
#ifndef JVPN_RUNTIME_DRIVER_H
#define JVPN_RUNTIME_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/map.h"
#include "core/liveness.h"
#include "core/quality.h"
#include "core/session.h"
#include "crypto/proof.h"
#include "crypto/secret.h"
#include "proto/connectip.h"
#include "quic/quic.h"
#include "runtime/control.h"
#include "tun/forward.h"
#include "tun/queue.h"

struct jvpn_events;
struct jvpn_driver;
struct jvpn_live;
struct jvpn_held;
struct jvpn_persist;
struct jvpn_persist_ticket;

#define JVPN_USER_MAX 63
/* A session carries traffic until so many heartbeat intervals have passed without an inner packet. */
#define JVPN_BUSY_HEARTBEATS 4
/* Sources share a bucket when their keyed hashes meet: bounded memory, no eviction to abuse. */
#define JVPN_SOURCE_BUCKETS 4096

/* One QUIC connection. Owner: the driver; dies in on_closed of its connection. */
struct jvpn_transport {
	struct jvpn_driver *driver;
	struct jvpn_conn *conn;
	struct jvpn_live *live; /* NULL: not attached to a session */
	uint8_t slot;           /* of live; JVPN_SLOT_NONE */
	bool has_control;
	struct jvpn_control control;
	struct jvpn_liveness liveness;
	struct jvpn_quality quality;
	struct jvpn_conn_stats seen;  /* as of the last activity */
	uint64_t quality_from_ns;     /* losses before say nothing about the path as it is now */
	uint64_t stragglers_until_ns; /* inner packets of the binding it was are taken until then */
	uint64_t born_ns;
	struct jvpn_refusals refusals;
	char label[JVPN_LABEL_MAX + 1];
	char peer[64];                            /* "192.0.2.1:443" of the newest tuple */
	void *user;                               /* the program's */
	struct jvpn_transport *next, **prev_next; /* in driver->transports */
};

/* One session at one end. Owner: the driver; dies after on_ended. */
struct jvpn_live {
	struct jvpn_session core;
	struct jvpn_driver *driver;
	struct jvpn_session_keys keys;
	bool has_keys;
	bool in_step;
	uint32_t generation; /* of the tuple that the present event is about */
	bool over;
	enum jvpn_reason over_reason;
	enum jvpn_reason reason; /* of the last transition; NONE: none yet in this process */
	enum jvpn_reason denied; /* why the last REATTACH was that failed */
	enum jvpn_state counted; /* where it stands in driver->states */
	char *cause;             /* the operator who has asked for the next one; NULL: nobody */
	struct jvpn_transport *slot[JVPN_SLOTS];
	const struct jvpn_connectip_addresses
		*addresses;      /* never NULL; jvpn_live_set_addresses() */
	struct jvpn_queue queue; /* inner packets that wait for the binding */
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes;
	struct jvpn_forward_limit icmp; /* errors caused by this session's packets */
	size_t mtu;                     /* largest inner packet of the binding; 0: no binding yet */
	char user[JVPN_USER_MAX + 1];
	struct jvpn_heap_node timer;
	struct jvpn_live *next, **prev_next; /* in driver->lives */
	const char *note;                    /* client: detail of SessionCreated; the program's */
	/* client: goes in front of the DCIDs of further transports (wire.md) */
	uint8_t route_prefix[JVPN_ROUTE_PREFIX_MAX];
	uint8_t route_prefix_len;
	uint64_t carried_ns; /* newest inner packet of the binding, either way; 0 none yet */
	uint64_t compare_ns; /* client: when standbys are compared with the binding again */
	bool busy;           /* it carries traffic: standbys are measured */
	bool plain;          /* server: the peer has no jumping-session extension */
	bool indexed;        /* 'index' is valid */
	uint32_t index;      /* the program's (table entry) */
	/* the store operation that is answered right after the effects of this step */
	bool store_pending;
	uint64_t store_nonce;
	enum jvpn_store_status store_status;
	struct jvpn_persist_ticket *ticket; /* the one that is answered later; NULL: none */
	bool learned;                       /* the present event says that a write is durable */
	bool unanswered;                    /* server: its CONNECT waits for the first commit */
	/* client with a state directory: requests with a higher counter wait (jvpn_driver_hold) */
	uint64_t counter_limit;
	struct jvpn_held *held;
};

struct jvpn_driver_ops {
	/* Server: a CONNECT-IP request of a connection that has no session yet. */
	void (*on_request)(void *user, struct jvpn_transport *transport,
			   const struct jvpn_h3_request *request);
	/* Server: the first commit of an 'unanswered' session is durable (NONE), or there will be none:
	 * the connection is closed next. */
	void (*on_create_answer)(void *user, struct jvpn_transport *transport,
				 enum jvpn_reason reason);
	/* Client: TLS and SETTINGS are there. */
	void (*on_ready)(void *user, struct jvpn_transport *transport);
	void (*on_response)(void *user, struct jvpn_transport *transport,
			    const struct jvpn_h3_response *response);
	/* Client: send CONNECT with op=attach and these signed fields. */
	void (*on_send_attach)(void *user, struct jvpn_transport *transport,
			       const struct jvpn_msg_reattach_request *request);
	/* Server: answer the attach of this transport: accepted, or refused with deny. */
	void (*on_attach_answer)(void *user, struct jvpn_transport *transport, bool accepted,
				 const struct jvpn_msg_reattach_deny *deny);
	/* Capsules that are not ours: ADDRESS_ASSIGN, ROUTE_ADVERTISEMENT ... */
	void (*on_capsule)(void *user, struct jvpn_transport *transport, uint64_t type,
			   const uint8_t *data, size_t len);
	/* An inner packet that the gate admitted; changed in place if wanted. */
	void (*on_packet)(void *user, struct jvpn_live *live, uint8_t *packet, size_t len);
	/* The largest inner packet of the binding changed. */
	void (*on_mtu)(void *user, struct jvpn_live *live);
	/* Server: a datagram of another worker; see jvpn_quic_ops. */
	bool (*on_misdirected)(void *user, struct jvpn_endpoint *endpoint,
			       const struct jvpn_datagram *datagram, unsigned worker);
	/* Client: a server is there, where this socket has knocked (jvpn_quic_knock). */
	void (*on_knock_answered)(void *user, struct jvpn_endpoint *endpoint);
	/* Client: an ICMP error for a transport without a session yet; see jvpn_quic_ops. */
	void (*on_hint)(void *user, struct jvpn_transport *transport, bool port_closed);
	/* A step is over: state, binding or candidates may have changed. */
	void (*on_stepped)(void *user, struct jvpn_live *live, enum jvpn_state before);
	/* Client: what follows the end of a session, for SessionTerminated; NULL: nothing to say. */
	const char *(*what_follows)(void *user, enum jvpn_reason reason);
	/* The session is over; 'live' dies when this returns. */
	void (*on_ended)(void *user, struct jvpn_live *live, enum jvpn_reason reason);
	/* The connection is gone; 'transport' dies when this returns. */
	void (*on_transport_closed)(void *user, struct jvpn_transport *transport,
				    const struct jvpn_close_info *info);
};

struct jvpn_driver_config {
	enum jvpn_role role;
	const struct jvpn_policy *policy;  /* copied */
	struct jvpn_events *events;        /* borrowed */
	const struct jvpn_driver_ops *ops; /* borrowed */
	void *user;
	const struct jvpn_secret *challenge_key; /* server: copied */
	size_t max_sessions;
	struct jvpn_persist *persist;           /* server: borrowed; NULL: memory is the store */
	uint8_t hash_seed[JVPN_MAP_SEED_BYTES]; /* random, of this process */
	struct jvpn_queue_config queue;         /* of each session */
};

/* Owner: main. */
struct jvpn_driver {
	enum jvpn_role role;
	struct jvpn_policy policy;
	struct jvpn_events *events;
	struct jvpn_persist *persist;
	const struct jvpn_driver_ops *ops;
	void *user;
	struct jvpn_secret challenge_key;
	uint8_t route_prefix[JVPN_ROUTE_PREFIX_MAX]; /* server: filled by the engine */
	uint8_t route_prefix_len;                    /* 0: there is none */
	struct jvpn_queue_config queue;
	struct jvpn_pool pool; /* of the queues */
	struct jvpn_bucket global_reattach;
	struct jvpn_bucket source[JVPN_SOURCE_BUCKETS]; /* requests without a valid proof */
	uint8_t hash_seed[JVPN_MAP_SEED_BYTES];
	struct jvpn_heap timers;
	struct jvpn_live *lives;
	struct jvpn_transport *transports;
	struct jvpn_effects *effects;
	size_t states[JVPN_STATE_COUNT]; /* sessions in each; read by other threads, too */
	uint64_t now_ns, wall_ms;        /* of this turn */
	uint64_t malformed, unexpected;  /* messages that were dropped */
	uint64_t refused_silently;       /* requests without a valid proof that got no answer */
	/* of all sessions, also of those that are gone */
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes;
	struct jvpn_queue_figures queues;
};

/* JVPN_ENOMEM, JVPN_EINVAL. */
int jvpn_driver_new(const struct jvpn_driver_config *config, struct jvpn_driver **out);
/* Frees sessions and transports without a word. */
void jvpn_driver_free(struct jvpn_driver *driver);
/* What jvpn_quic_new() wants; its user pointer is the driver. */
const struct jvpn_quic_ops *jvpn_driver_quic_ops(void);
/* Takes a new policy for the driver and its sessions; deadlines follow at once. Writes no event. */
void jvpn_driver_set_policy(struct jvpn_driver *driver, const struct jvpn_policy *policy);
/* Once at the start of each turn. */
void jvpn_driver_set_now(struct jvpn_driver *driver, uint64_t now_ns);
/* Sessions whose deadline is reached. */
void jvpn_driver_on_timer(struct jvpn_driver *driver);
uint64_t jvpn_driver_next_deadline(const struct jvpn_driver *driver);
/* Writes an event that belongs to no session. */
void jvpn_driver_emit(struct jvpn_driver *driver, const struct jvpn_audit *audit);

/* A new session in BIRTH. JVPN_ENOMEM, JVPN_EFULL. */
int jvpn_driver_session_new(struct jvpn_driver *driver, struct jvpn_live **out);
/* One event through the core, effects executed. 'live' may be gone when this returns false. */
bool jvpn_driver_step(struct jvpn_live *live, struct jvpn_event *event);
/* The answer to a store operation of the session. */
void jvpn_driver_store_result(struct jvpn_live *live, uint64_t nonce,
			      enum jvpn_store_status status);
/* Drops a session that has not had its first event yet: on_ended with NONE, no event line. */
void jvpn_driver_abandon(struct jvpn_live *live);
/* Ends a session with a reason. */
void jvpn_driver_terminate(struct jvpn_live *live, enum jvpn_reason reason);
/* A HANDOVER or TERMINATE that an operator asks for: 'who' goes into the detail of the event lines that
 * it causes. JVPN_EAGAIN: the session's state does not take it now, and nothing has changed. 'live' may
 * be gone when this returns 0. */
int jvpn_driver_operate(struct jvpn_live *live, struct jvpn_event *event, const char *who);
/* Puts the transport into a free slot of the session (before TRANSPORT_ATTACHED and the like).
 * JVPN_EFULL, JVPN_ENOMEM. */
int jvpn_driver_attach(struct jvpn_live *live, struct jvpn_transport *transport, const char *label);
/* Takes it out again, without a word to the core. */
void jvpn_driver_detach(struct jvpn_transport *transport);
/* Server: what further transports of a session put in front of their first connection IDs. Its worker
 * octet is the first one of the session id, so that it outlives the process and leads to whoever owns
 * that octet, with any number of workers. Returns how many octets; 0: none. */
uint8_t jvpn_driver_route_prefix(const struct jvpn_driver *driver, const struct jvpn_id *id,
				 uint8_t out[JVPN_ROUTE_PREFIX_MAX]);
/* Takes the session key from the exporter of the connection that creates the session 'id'.
 * JVPN_EAGAIN before the handshake is complete, JVPN_ECRYPTO. */
int jvpn_driver_derive_keys(struct jvpn_live *live, struct jvpn_transport *transport,
			    const struct jvpn_id *id);
/* Client: a connection that was just started. JVPN_ENOMEM. */
int jvpn_driver_transport_new(struct jvpn_driver *driver, struct jvpn_conn *conn,
			      struct jvpn_transport **out);
/* Its link went: the session hears at once what silence would say later. */
void jvpn_driver_transport_lost(struct jvpn_transport *transport);
/* Charges a request without a valid proof to its connection and its source (check 1): an IPv4
 * address, an IPv6 /64. False: it gets no answer; the tenth of a connection closes it. */
bool jvpn_driver_charge_refusal(struct jvpn_transport *transport);
/* Client: counters up to this one are reserved on disk; sends what waited for it. A new session has
 * no limit. */
void jvpn_live_set_counter_limit(struct jvpn_live *live, uint64_t limit);
/* Inner addresses that are the session's; copied. JVPN_ENOMEM: they are what they were. */
int jvpn_live_set_addresses(struct jvpn_live *live,
			    const struct jvpn_connectip_addresses *addresses);
/* The transport of the binding, NULL when there is none. */
struct jvpn_transport *jvpn_live_binding(const struct jvpn_live *live);
/* Queues an inner packet for the binding (or for the next one). */
void jvpn_live_send(struct jvpn_live *live, const uint8_t *packet, size_t len);
/* The same without copying: the caller writes the 'len' octets to *at at once. 'hash' is
 * jvpn_queue_hash() of the flow. Errors of jvpn_queue_reserve(). */
int jvpn_live_reserve(struct jvpn_live *live, uint32_t hash, size_t len, uint8_t **at);
/* Queues a super-packet and takes it over, when 0 is returned. Errors of jvpn_queue_put_super(). */
int jvpn_live_give(struct jvpn_live *live, uint32_t hash, struct jvpn_super *super);
/* "192.0.2.1:443", "[2001:db8::1]:443". */
void jvpn_driver_format_address(const struct sockaddr_storage *address, char *out, size_t size);

#endif
