/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jvpn-load: thousands of real sessions from one process, without a TUN. What its two files share.
 */
#ifndef JVPN_BENCH_LOAD_H
#define JVPN_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "config/report.h"
#include "core/policy.h"
#include "quic/tls.h"
#include "runtime/engine.h"

struct jvpn_endpoint;
struct load;

#define LOAD_SOCKETS_MAX 256
#define LOAD_FROM_MAX    16
#define LOAD_PHASES_MAX  16

enum load_phase {
	LOAD_OPEN = 1,
	LOAD_CHURN,
	LOAD_DETACH,
	LOAD_REATTACH,
	LOAD_ATTACK,
	LOAD_CLOSE,
	LOAD_IDLE
};
/* REATTACH requests for ids that do not exist, with wrong proofs, with right ones. */
enum load_attack { LOAD_ATTACK_UNKNOWN = 0, LOAD_ATTACK_PROOF, LOAD_ATTACK_VERIFIED };

/* One local port. */
struct load_socket {
	struct load *load;
	struct jvpn_endpoint *endpoint;
	struct jvpn_watch *watch;
};

/* A TLS session as octets. */
struct load_ticket {
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX];
	size_t len; /* 0: none */
};

/* One session. Its number is live->index. */
struct load_session {
	struct jvpn_live *live;
	struct jvpn_transport *transport; /* the newest; NULL: none */
	struct load_socket *socket;
	uint64_t dialled_ns; /* 0: no connection is being made */
	uint64_t moved_ns;   /* 0: no move waits for its ACK */
	bool wanted;         /* a connection is wanted and not begun */
	bool detached;       /* on purpose: none is wanted */
	bool attached;       /* at least once */
	bool is_attached;    /* now: counted in load->attached */
	bool is_over;
	uint16_t echo_seq;
	struct load_ticket *ticket; /* with opt.own_tickets: what the next connection brings */
};

/* Milliseconds of one kind of thing. */
struct load_samples {
	double *ms;
	size_t count, size;
};

struct load_options {
	struct sockaddr_storage server, from[LOAD_FROM_MAX];
	size_t from_count, sessions, sockets, inflight;
	const char *name, *ca, *token, *events, *echo;
	uint64_t churn_ns, move_interval_ns, idle_ns;
	double packets_per_s;
	enum load_phase phase[LOAD_PHASES_MAX];
	size_t phases;
	bool step, detach_at_once;
	bool own_tickets; /* else all sessions resume from the newest TLS session of any */
	bool mute;        /* connections that never ask for a tunnel */
	enum load_attack attack;
	uint64_t attack_ns;
	double attack_per_s;
	struct jvpn_policy policy;
};

struct load {
	struct load_options opt;
	struct jvpn_engine engine;
	struct jvpn_tls *tls;
	struct load_socket socket[LOAD_SOCKETS_MAX];
	struct load_session *session;
	size_t started, dialling, attached; /* attached: sessions that are so now */
	/* the phase */
	size_t phase;
	bool in_phase, go;
	uint64_t phase_start_ns;
	size_t cursor; /* of what is done to one session after the other */
	size_t move_cursor, echo_cursor;
	uint64_t moves, echoes, attacks; /* begun in this phase */
	uint64_t resumed, hybrid;        /* of its handshakes; hybrid: with X25519MLKEM768 */
	struct load_samples handshake, move, reattach;
	/* figures */
	uint64_t echo_sent, echo_received, connections_lost, sessions_ended, refused;
	uint64_t ended_by[256]; /* by reason */
	size_t next_socket;
	struct load_ticket ticket; /* the newest that came */
	uint64_t ticket_number;
	bool stopping;
};

/* load_session.c */
extern const struct jvpn_driver_ops load_ops;
/* Makes a session in BIRTH and dials. Errors are counted. */
void load_session_start(struct load *load, size_t index);
/* A connection for this session: its first, or another one. */
void load_session_dial(struct load *load, struct load_session *s);
/* NAT churn: on from another local port at once. */
void load_session_move(struct load *load, struct load_session *s);
/* Ends it; its place can be used for another one when it is over. */
void load_session_close(struct load_session *s);
/* Closes its connection; the session stays. */
void load_session_detach(struct load_session *s);
/* One ICMP echo through the tunnel. */
void load_session_echo(struct load *load, struct load_session *s);
/* load_attack.c */
bool load_attack_parse(const char *name, enum load_attack *out);
/* As many requests as are due since the phase began. */
void load_attack_run(struct load *load, uint64_t age_ns);
void load_samples_add(struct load_samples *samples, double ms);
/* load_ticket.c: with opt.own_tickets a session brings what its own last connection was given, and
 * makes a full handshake without it. */
void load_ticket_offer(struct load *load, struct load_session *s);
/* Its handshake is over: counted, and its ticket is kept. */
void load_ticket_keep(struct load *load, struct load_session *s);

#endif
