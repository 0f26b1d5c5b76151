/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The simulated world: virtual time, one seed, clients and one server that drive the real session
 * core, and everything around it as a model (docs/internals/simulator.md). No clock, no sockets, no
 * cryptography: a MAC is the key it was made with, a connection is two halves and a tuple.
 */
#ifndef JVPN_TESTS_SIM_H
#define JVPN_TESTS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/time.h"
#include "core/invariant.h"
#include "core/liveness.h"
#include "core/session.h"

#define SIM_CLIENTS_MAX 16
#define SIM_IFACES      3
#define SIM_CONNS       512
#define SIM_LIVES       128
#define SIM_TRACKS      512
#define SIM_OUT         32
#define SIM_COOL        4
#define SIM_PROVEN      128
#define SIM_CAPTURES    64
#define SIM_SWITCHES    4096
#define SIM_RING        60
#define SIM_LINE        240
#define SIM_MS          ((uint64_t)JVPN_NS_PER_MS)
#define SIM_S           ((uint64_t)JVPN_NS_PER_S)

/* ---- network ---- */

enum sim_packet_kind {
	SIM_INITIAL = 1, /* client: first flight */
	SIM_HELLO,       /* server: first flight */
	SIM_STREAM,      /* one message of the CONNECT stream */
	SIM_DATA,        /* one inner packet */
	SIM_PING,
	SIM_ACK,
	SIM_CHALLENGE,
	SIM_RESPONSE,
	SIM_CLOSE,
	SIM_RESET /* stateless */
};

struct sim_packet {
	uint16_t conn;
	uint32_t uid; /* of the connection: a reused index is another connection */
	uint8_t kind;
	bool to_server;
	bool restarting; /* of a CLOSE */
	uint32_t pn, seq, stream_ack;
	uint64_t sent_ns, echo_ns;
	uint64_t tuple;  /* the client's side as the server sees it */
	uint64_t cookie; /* of CHALLENGE and RESPONSE: the generation */
};

enum sim_msg_kind {
	SIM_MSG_CREATE = 1,
	SIM_MSG_ATTACH,
	SIM_MSG_OK,
	SIM_MSG_REFUSED, /* m.u.reattach_deny */
	SIM_MSG_ERROR,   /* status */
	SIM_MSG_CAPSULE
};

/* A message with its MAC modelled: who made it, for which connection, and was it altered. */
struct sim_msg {
	enum sim_msg_kind kind;
	int status;
	struct jvpn_msg m;
	uint64_t key;      /* that made the MAC; 0: none */
	uint32_t exporter; /* uid of the connection it was made for */
	bool to_server;
	bool altered;
};

struct sim_live;

/* One end of a connection. */
struct sim_half {
	bool alive, established;
	uint64_t doomed_at; /* it ends then; 0 never */
	uint32_t pn_next, pn_high;
	uint64_t pn_seen; /* bit n: pn_high - n arrived */
	struct sim_msg out[SIM_OUT];
	uint32_t out_base, out_next, in_next;
	uint64_t in_mask; /* bit n: message in_next + n arrived */
	uint64_t rto_at;
	uint32_t rto_tries;
	uint64_t echo_ns;                         /* newest send time seen from the peer */
	uint64_t last_sent_ns, oldest_unacked_ns; /* ack-eliciting */
	uint64_t last_rx_ns, born_ns;
	struct jvpn_liveness liveness;
	uint64_t wake_at;
	uint64_t tx_counter, rx_counter; /* of control messages */
	struct sim_live *live;
	uint8_t slot;
	bool permit;
	uint32_t permit_gen;
};

enum { SIM_CLIENT_END = 0, SIM_SERVER_END = 1 };

struct sim_conn {
	bool used;
	uint16_t index;
	uint32_t uid;
	uint8_t client, iface;
	struct sim_half end[2];
	/* the server's gate */
	uint64_t bound_tuple, candidate_tuple, previous_tuple;
	uint32_t bound_gen, candidate_gen, previous_gen, last_gen;
	bool has_candidate, candidate_validated;
	uint8_t challenges;
	uint64_t challenge_at;
	uint64_t cool_tuple[SIM_COOL], cool_until[SIM_COOL];
	uint64_t limit_until, bound_heard_ns;
	/* ground truth for the oracle */
	bool bound_validated;
	uint32_t proven_gen[SIM_PROVEN];
	uint8_t proven_count;
};

/* ---- sessions ---- */

enum sim_op_kind { SIM_OP_NONE = 0, SIM_OP_CAS, SIM_OP_APPEND, SIM_OP_REREAD };

/* What the world knows about a session, kept beyond crashes; written by the oracle alone. */
struct sim_track {
	bool used, id_known;
	enum jvpn_role role;
	uint8_t client;
	uint32_t sid; /* short name in the log; the same on both ends */
	struct jvpn_id id;
	uint64_t born_ns;
	/* rebuilt from the event stream alone */
	enum jvpn_state state;
	uint64_t version;
	bool said_created, said_terminated;
	/* deadlines */
	uint64_t state_since_ns, unbound_since_ns;
	enum jvpn_state seen_state;
	uint64_t seen_version;
	bool seen_bound;
	uint64_t window_ms, lifetime_max_ms, lifetime_min_ms, ttl_max_ms, ttl_min_ms;
	/* switches */
	uint64_t switch_ns[SIM_SWITCHES]; /* not exempt ones */
	uint32_t switches;
	bool exempt;
	uint32_t bound_uid, bound_gen; /* the last binding; uid 0: none yet */
	/* what may end it */
	bool may_end[JVPN_REASON_COUNT];
	enum jvpn_reason ended_reason;
	bool ended;
	uint64_t server_version; /* client: newest seen */
	/* the store's record (server) */
	bool stored;
	uint64_t store_version, store_nonce, store_at_ns, store_key;
	uint32_t store_incarnation;
	struct jvpn_session_record record;
};

struct sim_live {
	bool used, over;
	uint16_t index;
	uint32_t uid;
	enum jvpn_role role;
	uint8_t client;
	struct jvpn_session core;
	struct jvpn_slot core_slots[JVPN_SLOTS];
	struct sim_conn *slot[JVPN_SLOTS];
	uint64_t key;
	bool has_key;
	uint64_t wake_at;
	struct sim_track *track;
	/* the one store operation in flight */
	enum sim_op_kind op;
	uint64_t op_serial;
	uint64_t op_nonce, op_from, op_to, op_at_ns;
	enum jvpn_store_status op_answer;
	bool op_applied, op_late; /* late: arrives after its time-out */
	struct jvpn_session_record op_record;
	/* limits in force when the commit was given to the store */
	uint64_t limit_min, limit_hour, limit_cooldown_ns;
	bool switched, reattached; /* in this step */
};

struct sim_iface {
	bool up;
	uint64_t nat, nat_before; /* present and previous mapping */
	uint32_t loss_up_ppm, loss_down_ppm;
	uint64_t bad_until; /* end of the spell */
	bool said_loss;
	uint64_t delay_ns;
	uint64_t copy_until;  /* an attacker copies packets */
	uint64_t relay_until; /* ... and forwards both ways */
	uint64_t attacker_tuple;
	uint64_t dial_again_ns;
};

enum sim_traffic { SIM_IDLE = 0, SIM_UP = 1, SIM_DOWN = 2, SIM_BOTH = 3 };

struct sim_client {
	uint8_t index;
	bool running;
	bool standby; /* keeps further transports */
	struct sim_live *live;
	struct sim_iface iface[SIM_IFACES];
	uint8_t traffic;
	uint64_t traffic_gap_ns;
	uint64_t compare_at_ns;
	uint32_t starts;
	/* state directory */
	bool saved;
	struct jvpn_session_record record;
	uint64_t saved_key, saved_at_ns;
	struct sim_track *saved_track;
};

/* ---- the queue of what is to come ---- */

enum sim_item_type {
	SIM_ITEM_PACKET = 1,
	SIM_ITEM_LIVE, /* the core's deadline */
	SIM_ITEM_HALF, /* liveness of one end */
	SIM_ITEM_RTO,
	SIM_ITEM_IDLE,
	SIM_ITEM_PATH,
	SIM_ITEM_TRAFFIC,
	SIM_ITEM_DIAL,
	SIM_ITEM_STORE,
	SIM_ITEM_CHAOS,
	SIM_ITEM_AUDIT,
	SIM_ITEM_SERVER_START,
	SIM_ITEM_DRAINED,
	SIM_ITEM_CLIENT_START,
	SIM_ITEM_IFACE, /* up again */
	SIM_ITEM_OWNER  /* a session comes back from another node */
};

struct sim_item {
	uint64_t at, serial; /* equal times in the order they were made */
	uint8_t type, b;
	uint16_t a;
	uint32_t uid;
	uint64_t x;
	struct sim_packet packet;
};

enum sim_fault {
	SIM_FAULT_LOSS = 1 << 0,
	SIM_FAULT_NAT = 1 << 1,
	SIM_FAULT_IFACE = 1 << 2,
	SIM_FAULT_DEATH = 1 << 3,
	SIM_FAULT_RESTART = 1 << 4,
	SIM_FAULT_CLIENT = 1 << 5,
	SIM_FAULT_STORE = 1 << 6,
	SIM_FAULT_ATTACK = 1 << 7,
	SIM_FAULT_FACTS = 1 << 8,
	SIM_FAULT_POLICY = 1 << 9,
	SIM_FAULT_OPERATOR = 1 << 10,
	SIM_FAULT_OWNER = 1 << 11,
	SIM_FAULT_ALL = (1 << 12) - 1
};

/* What a run wants. */
struct sim_options {
	uint64_t seed, events;
	const char *policy; /* default, bench, tight */
	uint32_t faults;
	bool trace;
	const char *argv0;
};

/* What was exercised, for the summary: a simulator that never gets anywhere finds nothing. */
struct sim_counts {
	uint64_t steps, packets, hostile, verified_hostile, switches, exempt_switches, commits;
	uint64_t transition[JVPN_STATE_COUNT][JVPN_STATE_COUNT];
	uint64_t denied[JVPN_REASON_COUNT], ended[JVPN_REASON_COUNT];
	uint64_t heals, rechecked, restarts, drains, client_restarts, sessions, replays;
	uint64_t path_validated, path_failed, path_superseded, store_faults, dropped, data;
	uint64_t heal_ns_max;
};

struct sim {
	struct sim_options options;
	struct jvpn_rng rng;
	uint64_t now_ns;
	struct sim_item *heap;
	size_t heap_count, heap_size;
	uint64_t serial;
	struct sim_conn *conns[SIM_CONNS];
	uint32_t conn_uid, live_uid, next_sid;
	struct sim_live *lives[SIM_LIVES]; /* both roles */
	struct sim_track *tracks[SIM_TRACKS];
	struct sim_client client[SIM_CLIENTS_MAX];
	uint8_t clients;
	struct jvpn_policy policy, base_policy;
	struct jvpn_bucket global_reattach;
	struct jvpn_effects fx, fx_again;
	/* the server node */
	bool server_up, draining;
	uint32_t incarnation;
	uint64_t alive_at_ns, drain_until;
	enum jvpn_authority authority;
	uint64_t authority_until, store_bad_until, jitter_until;
	uint64_t next_tuple, nonce;
	bool hostile;   /* ... of a hostile message */
	bool executing; /* effects are carried out: no step may start */
	bool calm;      /* no faults: everything heals */
	uint64_t calm_since_ns, good_since_ns, calm_bound_ns;
	struct sim_msg capture[SIM_CAPTURES];
	uint32_t captures;
	/* the log */
	char ring[SIM_RING][SIM_LINE];
	uint64_t lines, hash;
	bool failed;
	char failure[SIM_LINE];
	struct sim_counts n;
	struct jvpn_session_copy before; /* scratch of a step */
	struct jvpn_session_copy again;
};

/* queue.c */
void sim_push(struct sim *w, struct sim_item *item, uint64_t at_ns);
bool sim_pop(struct sim *w, struct sim_item *item);

/* trace.c */
void sim_log(struct sim *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first failure stays; the run ends with it. */
void sim_fail(struct sim *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_print_failure(const struct sim *w);
void sim_print_counts(const struct sim_counts *n);

/* net.c */
struct sim_conn *sim_conn_new(struct sim *w, uint8_t client, uint8_t iface);
void sim_conn_send(struct sim *w, struct sim_conn *c, int end, const struct sim_msg *msg);
void sim_conn_data(struct sim *w, struct sim_conn *c, int end);
/* Ends one half; says CLOSE unless silent. The session is not told. */
void sim_half_end(struct sim *w, struct sim_conn *c, int end, bool say, bool restarting);
/* The same, and the session is told. */
void sim_half_lost(struct sim *w, struct sim_conn *c, int end, bool restarting);
/* The end comes later: the answer is delivered first. */
void sim_half_doom(struct sim *w, struct sim_conn *c, int end, uint64_t after_ns);
void sim_net_packet(struct sim *w, const struct sim_packet *p);
void sim_net_rto(struct sim *w, const struct sim_item *item);
void sim_net_idle(struct sim *w, const struct sim_item *item);
void sim_half_wake(struct sim *w, const struct sim_item *item);
void sim_half_poll(struct sim *w, struct sim_conn *c, int end);
uint64_t sim_pto_ns(const struct sim *w, const struct sim_conn *c);
struct sim_conn *sim_conn_at(struct sim *w, uint16_t index, uint32_t uid);
void sim_emit_packet(struct sim *w, struct sim_conn *c, int end, struct sim_packet *p);

/* gate.c */
/* false: the datagram is dropped before QUIC sees it. */
bool sim_gate_admits(struct sim *w, struct sim_conn *c, uint64_t tuple);
void sim_gate_settle(struct sim *w, struct sim_conn *c, uint64_t tuple, bool newest);
void sim_gate_response(struct sim *w, struct sim_conn *c, uint32_t generation);
void sim_gate_timer(struct sim *w, const struct sim_item *item);
void sim_gate_commit(struct sim *w, struct sim_conn *c, uint32_t generation);
void sim_gate_drop(struct sim *w, struct sim_conn *c, uint32_t generation, uint64_t cooldown_ns);
uint32_t sim_gate_generation(const struct sim_conn *c, uint64_t tuple);
bool sim_gate_tuple(const struct sim_conn *c, uint32_t generation, uint64_t *tuple);
bool sim_gate_proven(const struct sim_conn *c, uint32_t generation);
void sim_gate_prove(struct sim_conn *c, uint32_t generation);

/* driver.c */
struct sim_live *sim_live_new(struct sim *w, enum jvpn_role role, uint8_t client);
void sim_live_free(struct sim *w, struct sim_live *l);
/* How far an event may be trusted, for the oracle. */
enum sim_trust {
	SIM_GENUINE = 0,
	SIM_HOSTILE, /* forged or replayed: not a byte may change */
};
/* One event through the core. false: 'l' is gone. */
bool sim_step(struct sim *w, struct sim_live *l, struct jvpn_event *event, enum sim_trust trust);
bool sim_fact(struct sim *w, struct sim_conn *c, int end, enum jvpn_fact_kind kind);
/* Client: are the standbys better than the binding? */
void sim_compare(struct sim *w, struct sim_live *l);
bool sim_attach(struct sim_live *l, struct sim_conn *c);
void sim_live_wake(struct sim *w, const struct sim_item *item);
void sim_live_arm(struct sim *w, struct sim_live *l);
void sim_terminate(struct sim *w, struct sim_live *l, enum jvpn_reason reason);
bool sim_mac_holds(const struct sim_live *l, const struct sim_msg *msg, struct sim_conn *c);

/* server.c, client.c */
void sim_server_message(struct sim *w, struct sim_conn *c, const struct sim_msg *msg,
			uint64_t tuple);
void sim_server_stop(struct sim *w);
void sim_server_start(struct sim *w);
void sim_server_drain(struct sim *w);
void sim_server_restore(struct sim *w, struct sim_track *track);
struct sim_live *sim_server_find(struct sim *w, const struct jvpn_id *id);
void sim_client_message(struct sim *w, struct sim_conn *c, const struct sim_msg *msg);
void sim_client_ready(struct sim *w, struct sim_conn *c);
void sim_client_dial(struct sim *w, uint8_t client);
void sim_client_start(struct sim *w, uint8_t client);
void sim_client_stop(struct sim *w, uint8_t client, bool drain);
void sim_client_ended(struct sim *w, struct sim_live *l, enum jvpn_reason reason);
void sim_traffic(struct sim *w, uint8_t client);

/* store.c */
void sim_store_begin(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect);
void sim_store_answer(struct sim *w, const struct sim_item *item);
/* A crash: what was under way is done or never happened. */
void sim_store_settle(struct sim *w, struct sim_live *l);

/* oracle.c (each step), stream.c (events), deadline.c (time and ends) */
struct sim_track *sim_track_new(struct sim *w, enum jvpn_role role, uint8_t client);
void sim_oracle_before(struct sim *w, struct sim_live *l, const struct jvpn_event *event);
void sim_oracle_after(struct sim *w, struct sim_live *l, const struct jvpn_event *event,
		      enum sim_trust trust);
void sim_oracle_effect(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect);
/* After the effects were executed. */
void sim_oracle_settled(struct sim *w, struct sim_live *l);
void sim_oracle_emit(struct sim *w, struct sim_live *l, const struct jvpn_audit *audit);
void sim_oracle_audit(struct sim *w);
void sim_oracle_ended(struct sim *w, struct sim_live *l);
struct sim_track *sim_track_of(struct sim *w, uint32_t sid, enum jvpn_role role);
void sim_oracle_policy(struct sim *w);
void sim_oracle_may_end(struct sim_track *track, enum jvpn_reason reason);
void sim_oracle_restored(struct sim *w, struct sim_live *l);

/* attack.c */
void sim_attack(struct sim *w);
void sim_hostile_client(struct sim *w);
void sim_capture(struct sim *w, const struct sim_msg *msg);

/* chaos.c */
void sim_chaos(struct sim *w);
void sim_calm(struct sim *w);
void sim_log_client(struct sim *w, uint8_t index);
bool sim_is_good(struct sim *w, char *why, size_t size);
uint64_t sim_calm_bound_ns(const struct sim *w);

/* policy.c */
void sim_policy_named(struct jvpn_policy *policy, const char *name);
void sim_policy_set(struct sim *w, const struct jvpn_policy *policy);
void sim_policy_random(struct sim *w);

/* world.c */
struct sim *sim_new(const struct sim_options *options);
void sim_free(struct sim *w);
/* Runs until 'events' steps were made and the last calm ended. */
bool sim_run(struct sim *w);

static inline uint64_t sim_below(struct sim *w, uint64_t bound)
{
	return jvpn_rng_below(&w->rng, bound);
}

static inline bool sim_chance(struct sim *w, uint64_t ppm)
{
	return jvpn_rng_below(&w->rng, 1000000) < ppm;
}

/* Uniform in from..to milliseconds, in nanoseconds. */
static inline uint64_t sim_between_ms(struct sim *w, uint64_t from, uint64_t to)
{
	return (from * 1000 + jvpn_rng_below(&w->rng, (to - from) * 1000 + 1)) * JVPN_NS_PER_US;
}

#endif
