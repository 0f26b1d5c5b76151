/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The session: one state machine for both ends, authoritative on the server, a mirror on the client
 * (session.md). Pure: no clock, no randomness, no allocation, no I/O, no callbacks, no floats; the
 * same state, event, policy and time give the same result on every machine.
 *
 * How to drive it:
 *   jvpn_session_init(&s, role);
 *   jvpn_session_step(&s, &ctx, &event, &effects);   first event: CREATE or RESTORE
 *   execute effects.v[0..count) in order; feed what comes back as further events
 *   jvpn_invariant_check(...) after every step; broken -> TERMINATE (internal_invariant)
 *   wake up at jvpn_session_next_deadline() with a TIMER event
 *
 * Life of a server session: CREATE, TRANSPORT_ATTACHED -> STORE_CAS -> STORE_RESULT(OK) -> ATTACHED
 * (SessionCreated, SESSION_CREATED, PERMIT_SET) ... -> TERMINATED effect.
 * Life of a client session: CREATE, CREATED -> ATTACHED (PERMIT_SET) ... -> TERMINATED effect.
 * The client has no store: its transitions are durable at once.
 *
 * Two versions on the server: state_version (memory) and durable_version (in the store); every event
 * line and message carries durable ones only, so SessionStateChange of a taking-permission
 * transition comes out of the step that learns of its append.
 */
#ifndef JVPN_CORE_SESSION_H
#define JVPN_CORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/effect.h"
#include "core/event.h"
#include "core/fsm_table.h"
#include "core/limiter.h"
#include "core/policy.h"
#include "core/replay.h"

/* The binding, max_candidate_count (<= 8) candidates, and one for a candidate that replaces another. */
#define JVPN_SLOTS           10
#define JVPN_JOURNAL_MAX     8
#define JVPN_SWITCH_ENTRIES  32
#define JVPN_FAILURE_ENTRIES 8

#define JVPN_ATTACH_TIMEOUT_MS      10000 /* BIRTH lasts no longer */
#define JVPN_STORE_RETRY_MS         200   /* between two attempts to settle an unknown outcome */
#define JVPN_PATH_COOLDOWN_MIN_MS   1000  /* a tuple that failed validation: max(this, cooldown) */
#define JVPN_REQUEST_TIMEOUT_MIN_MS 100   /* client: no answer within max(1 PTO, this) */
#define JVPN_REQUEST_RETRY_MAX_MS   5000  /* client: longest pause between attempts */
#define JVPN_STALE_RETRIES          4 /* client: corrections at once, then it waits like for loss */
#define JVPN_REFUSED_MAX            2 /* client: then session_unknown_to_server */
/* client: between two proposals of a better standby; doubled each time, forgotten after a quiet time */
#define JVPN_BETTER_PAUSE_MS     60000
#define JVPN_BETTER_PAUSE_MAX_MS 3600000
#define JVPN_BETTER_FORGET_MS    3600000
#define JVPN_PLANNED_PATIENCE_MS 1000 /* client: until the server says where to move */
/* What is under way on a binding that was left is taken for PTO(old) + RTT(new), within these; a dead
 * one is closed only then. */
#define JVPN_STRAGGLERS_MIN_MS        200
#define JVPN_STRAGGLERS_MAX_MS        2000
#define JVPN_INVALID_TRANSITION_PER_S 1 /* InvalidTransition events */
#define JVPN_SECURITY_EVENTS_PER_S    5 /* security events of one session */

/* A tuple that was seen and is not bound yet. */
enum jvpn_pending_state { JVPN_PENDING_NONE = 0, JVPN_PENDING_UNDECIDED, JVPN_PENDING_VALIDATED };

/* One transport. Owner: the session. */
struct jvpn_slot {
	char label[JVPN_LABEL_MAX + 1];
	uint32_t n;          /* transport_id is label#n; 0: not known yet (client) */
	uint32_t generation; /* its tuple: the committed one; 0 the handshake's */
	uint32_t loss_ppm, latency_us, typical_us, spread_us;
	uint32_t pto_us;
	bool settled; /* measured long enough to be compared with a living binding */
	bool used;
	bool ready;          /* client: attached; server: always while used */
	bool alive;          /* not known to be dead */
	bool suspect;        /* a bad fact without a HEALTHY after it */
	bool silent;         /* the bad fact is that it does not answer */
	bool parked;         /* one verified request waits (for validation or for the store) */
	uint8_t pending;     /* enum jvpn_pending_state */
	bool undecided_said; /* path_silence_ms is over for the pending tuple */
	bool validated;      /* its tuple is validated */
	uint64_t stable_since_ns;
	uint64_t heard_ns;  /* newest sign of life the core was told of */
	uint64_t failed_ns; /* last failure; 0 never */
	uint64_t leave_ns;  /* dead, and another one is bound: closed then; 0 never was */
	/* the pending tuple (server) */
	uint32_t pending_generation, pending_n;
	uint64_t pending_since_ns; /* first observation since the tuple was last in order */
	uint64_t pending_good_ns;  /* the bound tuple was last heard */
	/* the parked request: what checks 3-6 and 10-12 need again */
	uint64_t parked_counter, parked_version;
	uint32_t parked_generation, parked_detect_us;
	uint8_t parked_reason; /* enum jvpn_reason */
};

/* A commit that was given to the store and is not decided yet. */
struct jvpn_commit {
	bool active;
	bool unknown;   /* timed out: being re-read */
	bool is_switch; /* binding or tuple changes */
	bool first;     /* BIRTH -> ATTACHED */
	bool plain;     /* the server's own finding for a plain peer */
	uint8_t slot;
	uint8_t k;
	uint8_t fsm_event[3];
	uint8_t reason[3];
	uint32_t generation;
	uint32_t detect_us; /* as the client says */
	uint64_t nonce;
	uint64_t counter; /* of the request */
	uint64_t started_ns;
	/* what came in between and waits for the outcome */
	bool target_lost;           /* the target's transport died or its tuple changed */
	uint8_t deferred_terminate; /* enum jvpn_reason */
	uint8_t deferred_instability;
	uint8_t lost_reason; /* enum jvpn_reason: why target_lost */
};

/* A transition that acts in memory and is not durable yet. */
struct jvpn_journal_entry {
	uint8_t from, to, fsm_event, reason;
};

/* Fixed size; copied with jvpn_session_copy(). Owner: the driver's table. Fields are read by tests,
 * invariants and control commands; only jvpn_session_step() writes them. */
struct jvpn_session {
	struct jvpn_id id;
	uint64_t user_hash;
	enum jvpn_role role;
	enum jvpn_state state;
	uint64_t state_version;    /* client: local_version */
	uint64_t durable_version;  /* server; client: = state_version */
	uint64_t attached_version; /* of the last ATTACHED */
	uint64_t server_version;   /* client: last authenticated value */
	uint64_t transitions;      /* ever made in this process: grows exactly with state_version */
	uint64_t state_since_ns;
	uint64_t age_ref_ns, age_ref_ms; /* the session was age_ref_ms old at age_ref_ns */
	uint64_t transportless_since_ns; /* |A| = 0 since (and transportless_ref_ms before that) */
	uint64_t transportless_ref_ms;
	uint64_t lifetime_ms, transport_lost_ttl_ms; /* client: what the server said; server: 0 */

	uint8_t bound; /* slot of the binding, JVPN_SLOT_NONE: |A| = 0 */
	bool permit;   /* inner packets may pass */
	bool plain;    /* server: no extension */
	bool exempt;   /* the next REATTACH costs no cooldown and no budget */
	bool started;  /* CREATE or RESTORE came */
	bool draining;
	bool dropped; /* lost to another node: nothing happens any more */
	uint8_t terminated_reason;
	uint8_t instability; /* reason of the last ATTACHED -> VOLATILE */
	uint32_t last_n;     /* n of the newest transport id */
	/* the last binding, for "is this a switch" and TransportSwitch, also while |A| = 0 */
	uint8_t last_slot;
	uint32_t last_generation;
	uint32_t last_n_bound;
	char last_label[JVPN_LABEL_MAX + 1];
	uint64_t terminated_transportless_ms;
	uint64_t
		bind_counter; /* counter of the request that bound; 0: first attach or plain peer */
	uint64_t detect_good_ns, detect_seen_ns; /* of the present instability */
	uint64_t total_switches;
	uint64_t last_switch_ns, previous_switch_ns; /* 0 never */
	bool last_switch_exempt;

	/* JVPN_SLOTS of them, the owner's; shared zeros as long as it has given none. They are half of
	 * the memory, and a session that waits for a transport needs none. */
	struct jvpn_slot *slot;
	struct jvpn_commit commit;
	struct jvpn_journal_entry journal[JVPN_JOURNAL_MAX];
	uint8_t journal_count;
	uint8_t append_count; /* journal entries of the append in flight; 0 none */
	uint64_t append_nonce;
	uint64_t last_nonce;
	uint64_t store_retry_ns; /* 0: nothing to repeat */
	bool first_stored;       /* the record exists */

	struct jvpn_replay replay;
	struct jvpn_bucket reattach_bucket, unconfirmed_bucket, invalid_bucket, security_bucket;
	uint32_t invalid_suppressed, security_suppressed;
	struct jvpn_tally_entry switches[JVPN_SWITCH_ENTRIES];
	uint8_t switches_used;
	struct jvpn_tally_entry failures[JVPN_FAILURE_ENTRIES]; /* verified requests denied at 12 */
	uint8_t failures_used;

	/* client: the attempt to be bound */
	struct {
		bool active;
		uint8_t slot;
		uint8_t tries;  /* without an answer */
		uint16_t asked; /* slots that were asked in this round */
		uint8_t stale_tries;
		uint8_t refused;        /* authenticated reattach_refused in a row */
		uint8_t reason;         /* enum jvpn_reason: said in the request */
		uint8_t challenge_slot; /* JVPN_SLOT_NONE: none is held */
		uint8_t challenge[JVPN_CHALLENGE_BYTES];
		uint64_t first_counter, counter; /* of this attempt */
		uint64_t next_ns;                /* when to ask again; 0 not at all */
	} attempt;
	uint64_t counter; /* client: last one used. The driver reserves blocks on disk */

	/* client: a standby that is better than the healthy binding */
	struct {
		uint8_t slot; /* at the last comparison; JVPN_SLOT_NONE: none was */
		uint64_t since_ns, compared_ns;
		uint64_t not_before_ns; /* the next proposal */
		uint64_t pause_ms;
	} better;
};

/* What a restart needs (session.md, "Restart"). Plain values; secrets and inner addresses are the
 * driver's. Durations, no clock readings: the driver converts to stored wall time. */
struct jvpn_session_record {
	struct jvpn_id id;
	uint64_t user_hash;
	enum jvpn_state state;
	uint64_t state_version;
	uint64_t attached_version;
	uint64_t server_version; /* client */
	uint64_t age_ms;
	uint64_t transportless_ms;                   /* 0 while a transport was bound */
	uint64_t lifetime_ms, transport_lost_ttl_ms; /* client */
	uint64_t total_switches;
	uint64_t counter; /* client: nothing at or below it is used again */
	uint64_t last_nonce;
	uint32_t last_n;
	bool plain;
	struct jvpn_replay replay; /* server */
};

/* What step needs besides the session and the event. */
struct jvpn_step_ctx {
	const struct jvpn_policy *policy; /* valid (jvpn_policy_check) */
	struct jvpn_bucket
		*global_reattach; /* server: shared by all sessions; NULL: no global limit */
	enum jvpn_authority authority;
};

/* BIRTH without a word; the first event must be CREATE or RESTORE. */
void jvpn_session_init(struct jvpn_session *s, enum jvpn_role role);
/* Room for JVPN_SLOTS transports, zeroed by this, before the event that puts the first one into a slot;
 * NULL takes it away again. True when it had to be done; false when a slot is used, or there is room
 * already. */
bool jvpn_session_set_slots(struct jvpn_session *s, struct jvpn_slot *slots);
bool jvpn_session_has_slots(const struct jvpn_session *s);
/* A copy that lives on its own, slots included. */
struct jvpn_session_copy {
	struct jvpn_session session;
	struct jvpn_slot slot[JVPN_SLOTS];
};
void jvpn_session_copy(const struct jvpn_session *s, struct jvpn_session_copy *copy);
/* Byte for byte, slots included. */
bool jvpn_session_is_same(const struct jvpn_session *a, const struct jvpn_session *b);
/* The only mutator. Resets *effects and fills it. Never fails: what does not fit the state is
 * absorbed or rejected as fsm_table.h says. Timers that are due run first, except before a request
 * without a valid proof, which changes nothing at all (I10). */
void jvpn_session_step(struct jvpn_session *s, const struct jvpn_step_ctx *ctx,
		       const struct jvpn_event *event, struct jvpn_effects *effects);
/* When to send the next TIMER event (absolute, monotonic). JVPN_TIME_NEVER once TERMINATED and
 * durable. The policy is the one that the next step will get. */
uint64_t jvpn_session_next_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy);

/* Questions. */
uint64_t jvpn_session_age_ms(const struct jvpn_session *s, uint64_t now_ns);
/* Time without any binding; 0 while there is one. */
uint64_t jvpn_session_transportless_ms(const struct jvpn_session *s, uint64_t now_ns);
/* A slot that is not used, JVPN_SLOT_NONE when all are (never while max_candidate_count holds). */
uint8_t jvpn_session_free_slot(const struct jvpn_session *s);
/* Living transports that are not the binding, without pending tuples. */
uint32_t jvpn_session_candidate_count(const struct jvpn_session *s);
/* Client: how often the driver sends COMPARE while the session carries traffic. */
uint64_t jvpn_session_compare_interval_ms(const struct jvpn_policy *policy);
/* Client: no living transport is attached; dial (again) now. */
bool jvpn_session_wants_transport(const struct jvpn_session *s);
/* "label#n", or "label" while n is unknown; "" for a slot that is not used. */
void jvpn_session_transport_id(const struct jvpn_session *s, uint8_t slot,
			       char out[JVPN_TRANSPORT_ID_MAX + 1]);
/* The record of the session as it is in memory now. */
void jvpn_session_export(const struct jvpn_session *s, uint64_t now_ns,
			 struct jvpn_session_record *record);

#endif
