/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What can happen to a session: the inputs of jvpn_session_step(). Facts and verdicts only; the
 * driver has checked every MAC and measured every path before it makes one of these.
 *
 * A *slot* names a transport (one QUIC connection) of the session: the driver picks a free one with
 * jvpn_session_free_slot() and keeps it until CLOSE_TRANSPORT, TRANSPORT_CLOSED or TERMINATED. A
 * *generation* names a 4-tuple on that connection (quic.h): 0 is the handshake's own.
 */
#ifndef JVPN_CORE_EVENT_H
#define JVPN_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "core/fsm_table.h"
#include "core/msg.h"

struct jvpn_session_record;

#define JVPN_SLOT_NONE 0xff

enum jvpn_event_type {
	JVPN_EVENT_NONE = 0,

	/* --- both roles --- */
	/* jvpn_session_next_deadline() is reached. Harmless at any other time. */
	JVPN_EVENT_TIMER,
	/* First event of a new session (BIRTH). u.create. Server: authentication succeeded. Client: it
	 * starts dialling; id, lifetime and TTL come with CREATED. No effects. */
	JVPN_EVENT_CREATE,
	/* First event of a session that comes from the store or the state directory. u.restore. */
	JVPN_EVENT_RESTORE,
	/* The first attach will not succeed (BIRTH only): auth_failed, policy_denied,
	 * capacity_exceeded or attach_timeout. u.reason. */
	JVPN_EVENT_ATTACH_FAILED,
	/* The connection of 'slot' is gone. u.closed. Not for connections that CLOSE_TRANSPORT named. */
	JVPN_EVENT_TRANSPORT_CLOSED,
	/* Something became known about the transport in 'slot'. u.fact. */
	JVPN_EVENT_FACT,
	/* End the session: operator_terminated, client_closed (client), node_shutdown,
	 * resource_exhausted (eviction), internal_invariant, security_failure (restore). u.reason. */
	JVPN_EVENT_TERMINATE,
	/* The peer's authenticated TERMINATE. u.peer. */
	JVPN_EVENT_PEER_TERMINATE,
	/* A planned move: interface about to vanish, better candidate, operator. 'slot' is the wanted
	 * target or JVPN_SLOT_NONE. Server: goes VOLATILE and asks the client. Client: asks the server. */
	JVPN_EVENT_HANDOVER,
	/* Orderly stop that keeps the session (server with a durable store, client with a state
	 * directory): VOLATILE (node_draining), connections closed with "restarting". */
	JVPN_EVENT_DRAIN,
	/* The traffic keys of the connection of 'slot' were changed. u.keys. Never a transition. */
	JVPN_EVENT_KEYS,

	/* --- server --- */
	/* The creating connection may be bound (BIRTH -> ATTACHED after the store said yes). u.attached. */
	JVPN_EVENT_TRANSPORT_ATTACHED,
	/* CONNECT with op=attach on a new connection in a free slot: checks 1-9, then a candidate
	 * (ATTACH_ACCEPT) or a refusal (ATTACH_REFUSE; the slot stays free). u.request. */
	JVPN_EVENT_ATTACH_REQUEST,
	/* REATTACH_REQUEST capsule on 'slot', from the tuple 'generation'. u.request. */
	JVPN_EVENT_REATTACH_REQUEST,
	/* An authenticated packet came from another tuple of 'slot'. u.path. */
	JVPN_EVENT_PATH_CANDIDATE,
	/* QUIC validated, gave up on, or no longer needs the tuple 'generation' of 'slot'. */
	JVPN_EVENT_PATH_VALIDATED,
	JVPN_EVENT_PATH_FAILED,
	JVPN_EVENT_PATH_SUPERSEDED, /* the bound tuple was heard again first */
	/* The outcome of STORE_CAS, STORE_APPEND or STORE_REREAD. u.store. */
	JVPN_EVENT_STORE_RESULT,

	/* --- client --- */
	/* TLS on 'slot' is ready for a CONNECT with op=attach. u.attached. Emits SEND_ATTACH, and
	 * REATTACH_REQUEST in the same flight when the session has no living binding. */
	JVPN_EVENT_TRANSPORT_READY,
	/* The server took the attach (2xx): the candidate in 'slot' may be measured and bound. */
	JVPN_EVENT_ATTACH_ACCEPTED,
	/* SESSION_CREATED on 'slot'. u.created. */
	JVPN_EVENT_CREATED,
	/* REATTACH_REQUIRED on 'slot'. u.required. */
	JVPN_EVENT_REQUIRED,
	/* REATTACH_ACK on 'slot'. u.ack. */
	JVPN_EVENT_ACK,
	/* REATTACH_DENY on 'slot', or (attach) the refusal of a CONNECT with op=attach. u.deny. */
	JVPN_EVENT_DENY,
	/* SESSION_STATE on 'slot'. u.state. */
	JVPN_EVENT_STATE,
	/* The figures of all standbys are as of now (MEASURE), u.compare has the binding's: is one better?
	 * Each jvpn_session_compare_interval_ms() while the session carries traffic. */
	JVPN_EVENT_COMPARE,
	JVPN_EVENT_COUNT
};

enum jvpn_fact_kind {
	JVPN_FACT_NONE = 0,
	JVPN_FACT_DEAD,              /* liveness: dead */
	JVPN_FACT_LOSS,              /* quality: loss over the threshold */
	JVPN_FACT_DROPS,             /* liveness: consecutive probes lost */
	JVPN_FACT_LATENCY,           /* quality: p95 over the threshold */
	JVPN_FACT_HEARTBEAT_TIMEOUT, /* liveness of a standby */
	JVPN_FACT_HEALTHY,           /* it answers again, values are good again */
	JVPN_FACT_MEASURE, /* figures only, for ranking and TransportSwitch; never a transition */
	JVPN_FACT_COUNT
};

/* May this node mutate the session? (check 11) A single node always OWNED. */
enum jvpn_authority {
	JVPN_AUTHORITY_OWNED = 0,
	JVPN_AUTHORITY_TAKE,    /* nobody's lease holds: the STORE_CAS of the commit takes it */
	JVPN_AUTHORITY_CONFLICT /* another node owns it */
};

enum jvpn_store_status {
	JVPN_STORE_NONE = 0,
	JVPN_STORE_OK,
	JVPN_STORE_CONFLICT,  /* refused: the record is not at from_version */
	JVPN_STORE_NOT_OWNER, /* refused: another node owns the record */
	JVPN_STORE_FAILED,    /* refused for certain and not written (disk full ...) */
	JVPN_STORE_TIMEOUT,   /* unknown: the core answers with STORE_REREAD */
	JVPN_STORE_FOUND,     /* re-read: our nonce stands in the record */
	JVPN_STORE_NOT_FOUND, /* re-read: it does not, and the attempt can no longer arrive */
	JVPN_STORE_COUNT
};

/* A REATTACH or attach request: its fields, and the verdicts the driver reached about it. */
struct jvpn_request {
	uint64_t counter;
	uint64_t server_version;
	uint64_t age_ms;
	enum jvpn_reason reason; /* as the client says; logged, not trusted */
	char label[JVPN_LABEL_MAX + 1];
	bool proof_ok; /* MAC right, for the challenge the request carries and this connection */
	bool identity_mismatch; /* a credential was presented and it is not the session's */
	char ranking[JVPN_RANKING_MAX + 1]; /* as the client says; logged */
	uint32_t detect_us; /* the same: how long it took the client to find the binding out */
	bool has_challenge;
	bool challenge_matches; /* that challenge was issued for the tuple the request came from */
	bool handshake_validated; /* generation 0: the handshake validated the tuple (RFC 9000 8.1) */
	bool forbidden;           /* the address or transport is against the ACL */
	bool class_denied;        /* the transport class is not in transport.allowed */
};

struct jvpn_event {
	enum jvpn_event_type type;
	uint64_t now_ns;     /* monotonic; never smaller than in the event before */
	uint8_t slot;        /* 0..JVPN_SLOTS-1, JVPN_SLOT_NONE where none is meant */
	uint32_t generation; /* PATH_* and REATTACH_REQUEST */
	union {
		struct {
			struct jvpn_id id;  /* client: all zero, unknown yet */
			uint64_t user_hash; /* for max_sessions_per_user */
			bool plain;         /* server: the peer has no jumping-session extension */
		} create;
		struct {
			const struct jvpn_session_record *record; /* borrowed for the call */
		} restore;
		enum jvpn_reason reason;
		struct {
			bool restarting;       /* the peer closed it with JVPN_APP_RESTARTING */
			uint64_t last_good_ns; /* last authenticated packet; 0 unknown */
		} closed;
		struct {
			enum jvpn_fact_kind kind;
			uint64_t
				last_good_ns; /* last authenticated packet on the bound tuple; 0 unknown */
			uint64_t since_ns; /* a bad fact: the trouble began then; 0: last_good_ns */
			uint32_t loss_ppm; /* jvpn_quality_* figures, taken over by every fact */
			uint32_t latency_us;
			uint32_t typical_us, spread_us;
			bool settled;
			uint64_t pto_ns;
		} fact;
		struct {
			enum jvpn_reason reason;
			bool verified;
		} peer;
		struct {
			uint32_t generation; /* how often so far on this connection */
			bool by_peer;        /* which end began it */
		} keys;
		struct {
			char label[JVPN_LABEL_MAX + 1]; /* the server makes label#n of it */
			uint64_t pto_ns;                /* 0 unknown */
		} attached;
		struct jvpn_request request;
		struct {
			uint64_t last_good_ns; /* when the bound tuple was last heard */
		} path;
		struct {
			uint64_t nonce;
			enum jvpn_store_status status;
		} store;
		struct {
			struct jvpn_id id;
			uint64_t server_version;
			uint64_t age_ms;
			uint64_t lifetime_ms;
			uint64_t transport_lost_ttl_ms;
			char transport_id[JVPN_TRANSPORT_ID_MAX + 1];
		} created;
		struct {
			uint8_t challenge[JVPN_CHALLENGE_BYTES];
			uint64_t server_version;
			uint64_t age_ms;
			enum jvpn_reason reason;
			bool verified;
		} required;
		struct {
			char transport_id[JVPN_TRANSPORT_ID_MAX + 1]; /* "" not said */
		} accepted;                                           /* ATTACH_ACCEPTED */
		struct {
			uint64_t counter;
			uint64_t server_version;
			uint64_t age_ms;
			char transport_id[JVPN_TRANSPORT_ID_MAX + 1];
			bool verified;
		} ack;
		struct {
			uint64_t counter;
			enum jvpn_reason reason;
			uint64_t retry_after_ms;
			uint64_t server_version;
			uint64_t age_ms;
			bool verified; /* MAC right; for reattach_refused: the server's certificate was */
			bool attach; /* it refuses the CONNECT: the slot is free again */
		} deny;
		struct {
			enum jvpn_state state;
			enum jvpn_reason reason;
			uint64_t server_version;
			uint64_t age_ms;
			bool verified;
		} state;
		struct {
			uint32_t loss_ppm, latency_us, typical_us, spread_us;
			bool settled;
		} compare;
	} u;
};

/* For traces: "timer", "reattach_request" ...; "none" out of range. */
const char *jvpn_event_type_name(enum jvpn_event_type type);

#endif
