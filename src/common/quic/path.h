/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The path gate of one connection: which 4-tuple is bound, which one is a candidate, and what may
 * pass from or to which (session.md "Path change on a living connection"). A pure state machine: no
 * sockets, no ngtcp2, no clock; the connection feeds it facts and asks it questions.
 *
 * ngtcp2 must not see real addresses: it resets congestion state only when the *address* of a path
 * changes, and after a port-only rebinding a full window would keep even PATH_CHALLENGE from being
 * written. So every tuple gets a number of its own (never used twice) that the connection dresses up
 * as an IPv6 address. A second reason: while ngtcp2 probes the path it has left, it ignores that the
 * peer is back on it; giving the same tuple a new number makes it a new path for ngtcp2.
 */
#ifndef JVPN_QUIC_PATH_H
#define JVPN_QUIC_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "quic/endpoint.h"
#include "quic/quic.h"

/* Bound, candidate, previous, ngtcp2's history of four, its fallback and old-path probe, tuples that
 * only sent probing packets; the least recently heard makes room. */
#define JVPN_PATH_SLOTS  16
#define JVPN_PATH_EVENTS 8
/* A tuple whose validation failed is ignored for so long, exactly that one. */
#define JVPN_PATH_FAILED_COOLDOWN_NS 1000000000ULL
/* The longest time stragglers of the previous tuple are taken (wire.md "Paths"). */
#define JVPN_PATH_STRAGGLER_MAX_NS 2000000000ULL
/* How often it is asked then. */
#define JVPN_PATH_RECHECK_NS    50000000ULL
#define JVPN_PATH_NO_GENERATION UINT32_MAX

/* An address without the padding of sockaddr_storage: comparable with memcmp. */
struct jvpn_path_addr {
	uint16_t family; /* AF_INET, AF_INET6, AF_UNSPEC */
	uint16_t port;   /* network order */
	uint32_t scope_id;
	uint8_t address[16];
};

struct jvpn_path_tuple {
	struct jvpn_path_addr local, remote;
};

struct jvpn_path_slot {
	struct jvpn_path_tuple tuple;
	struct jvpn_endpoint *endpoint; /* last arrival; borrowed, not part of the identity */
	uint64_t id;                    /* what ngtcp2 knows it by; 0: the slot is free */
	uint64_t local_id;              /* the same for the local address alone */
	uint64_t old_id;                /* before _renew(); 0: none */
	uint64_t heard_ns;              /* last new authenticated packet */
	uint64_t cooldown_until_ns;
	uint32_t generation; /* as binding or candidate, or JVPN_PATH_NO_GENERATION */
	bool validated;      /* ngtcp2 has validated this id */
	bool heard_aside;    /* heard without moving: ngtcp2 may keep a connection ID for this id */
};

struct jvpn_path_config {
	bool client; /* the server's tuple never changes: everything else is dropped */
};

struct jvpn_path_stats {
	uint64_t dropped;     /* off-tuple datagrams that QUIC did not see */
	uint64_t candidates;  /* opened */
	uint64_t unconfirmed; /* candidates that ended without being bound */
};

/* Part of its connection; the pointers point into slots or at scratch. */
struct jvpn_path {
	struct jvpn_path_config config;
	struct jvpn_path_slot slots[JVPN_PATH_SLOTS];
	struct jvpn_path_slot scratch; /* an arrival that has not authenticated yet */
	struct jvpn_path_slot *bound, *candidate, *previous, *arrival;
	uint64_t last_id;
	uint64_t began_id;            /* ngtcp2 began to validate this id during the present read */
	uint64_t validating_id;       /* ngtcp2 validates the path it sends to; 0: it does not */
	uint64_t validating_until_ns; /* it should have ended by then */
	uint64_t probe_id;            /* ngtcp2 probes the path it has left */
	uint64_t probe_until_ns;      /* over then, when ngtcp2 gets to look at it */
	uint64_t probe_gone_ns;       /* over for certain */
	uint64_t previous_until_ns;
	uint64_t limited_until_ns; /* the session layer has seen too many unconfirmed candidates */
	uint64_t pto_ns;           /* of the path before the present read */
	uint64_t old_pto_ns;       /* of the bound path when the candidate was opened */
	uint32_t generation;       /* the newest */
	bool candidate_validated, strict;
	bool is_renewing; /* _renew() in the present read, not settled yet */
	struct jvpn_path_event events[JVPN_PATH_EVENTS];
	size_t event_count, event_next;
	struct jvpn_path_stats stats;
};

/* What the gate must know about this moment. */
struct jvpn_path_moment {
	uint64_t now_ns;
	uint64_t pto_ns;  /* ngtcp2's for the current path */
	bool established; /* the handshake is over: before it no path may change (RFC 9000 9) */
};

enum jvpn_path_admission {
	JVPN_PATH_DELIVER = 1, /* an inner packet may go to the TUN */
	JVPN_PATH_HOLD,        /* it waits for the commit */
	JVPN_PATH_REFUSE
};

void jvpn_path_fold(const struct jvpn_tuple *tuple, struct jvpn_path_tuple *out);
void jvpn_path_unfold(const struct jvpn_path_tuple *tuple, struct jvpn_tuple *out);

/* The handshake's tuple is bound, generation 0, id 1. */
void jvpn_path_init(struct jvpn_path *p, const struct jvpn_path_config *config,
		    const struct jvpn_path_tuple *tuple, struct jvpn_endpoint *endpoint);
/* RFC 9484 without our extension: an off-tuple datagram never reaches QUIC. */
void jvpn_path_set_strict(struct jvpn_path *p, bool strict);
/* Too many unconfirmed candidates (the session layer counts them): until then off-tuple datagrams
 * are dropped, but only while the bound tuple was heard within 1 PTO. */
void jvpn_path_limit(struct jvpn_path *p, uint64_t until_ns);

/* A datagram arrived. NULL: drop it before QUIC sees it (counted). Else the slot whose id and
 * local_id make the path for ngtcp2; it is the arrival until _settle(). */
const struct jvpn_path_slot *jvpn_path_arrive(struct jvpn_path *p,
					      const struct jvpn_path_tuple *tuple,
					      struct jvpn_endpoint *endpoint,
					      const struct jvpn_path_moment *moment);
/* The arrival is the bound tuple, after a silence in which a full window has been sent to nobody:
 * under a new number ngtcp2 takes it for a new path, forgets what is in flight and sends at once
 * (instead of waiting for a backed-off PTO). Taken back by _settle() unless ngtcp2 did move. */
void jvpn_path_renew(struct jvpn_path *p);
/* Client: the same before ngtcp2 is made to migrate. Both numbers are new. */
void jvpn_path_renew_client(struct jvpn_path *p);
/* ngtcp2's begin_path_validation and path_validation callbacks. current_id: the path ngtcp2 sends
 * to at that moment. */
void jvpn_path_on_begin(struct jvpn_path *p, uint64_t id, uint64_t current_id,
			const struct jvpn_path_moment *moment);
enum jvpn_path_result { JVPN_PATH_SUCCESS = 1, JVPN_PATH_FAILURE, JVPN_PATH_ABORTED };
void jvpn_path_on_result(struct jvpn_path *p, uint64_t id, enum jvpn_path_result result,
			 uint64_t now_ns);
/* When ngtcp2 must be made to look at a validation that ought to be over: blocked by the 3x limit it
 * has no timer of its own for that. JVPN_TIME_NEVER: none. */
uint64_t jvpn_path_deadline(const struct jvpn_path *p);
/* The deadline has passed; ngtcp2 will be asked to write. */
void jvpn_path_on_timer(struct jvpn_path *p, uint64_t now_ns);
/* Was something heard from this tuple, not the bound one, that did not move the path? */
bool jvpn_path_is_heard_aside(const struct jvpn_path *p, const struct jvpn_path_tuple *tuple);
/* A validation, or the probe of a left path, is (or may be) under way. */
bool jvpn_path_is_validating(const struct jvpn_path *p, uint64_t now_ns);
/* May an inner packet of the present arrival pass? permitted: the forwarding permit is set for the
 * bound tuple. Called inside the read, when it is not yet known whether the path moves. */
enum jvpn_path_admission jvpn_path_admit(const struct jvpn_path *p, bool permitted,
					 uint64_t now_ns);
/* ngtcp2 is through with what came from the arrival. authenticated: at least one packet was new and
 * authentic (pkt_recv grew). current_id: the path ngtcp2 sends to now. */
void jvpn_path_settle(struct jvpn_path *p, bool authenticated, uint64_t current_id,
		      uint64_t now_ns);

/* Takes the next event off the queue; false when there is none. */
bool jvpn_path_next_event(struct jvpn_path *p, struct jvpn_path_event *event);

/* Binds the candidate; stragglers of the old tuple are taken for its PTO + rtt_ns, at most 2 s.
 * JVPN_ENOTFOUND: it is not the candidate (any more). JVPN_EAGAIN: not validated. */
int jvpn_path_commit(struct jvpn_path *p, uint32_t generation, uint64_t rtt_ns, uint64_t now_ns);
/* Forgets the candidate, if it is this one; its tuple is ignored for cooldown_ns. */
void jvpn_path_drop(struct jvpn_path *p, uint32_t generation, uint64_t cooldown_ns,
		    uint64_t now_ns);

/* The tuple behind a number that ngtcp2 wants to send to; NULL when it was forgotten. */
const struct jvpn_path_slot *jvpn_path_by_id(const struct jvpn_path *p, uint64_t id);
/* The slot of a generation that is bound, candidate or remembered; NULL. */
const struct jvpn_path_slot *jvpn_path_by_generation(const struct jvpn_path *p,
						     uint32_t generation);
/* Generation of the candidate, or JVPN_PATH_NO_GENERATION. */
uint32_t jvpn_path_candidate(const struct jvpn_path *p);
uint32_t jvpn_path_bound_generation(const struct jvpn_path *p);

#endif
