/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Is the far end of one transport still there? A clock of our own, because QUIC's PTO restarts at
 * each send (RFC 9002 section 6.2.1): under steady traffic a dead path would be noticed only when
 * the congestion window is full. This one depends on times alone, never on packet counts or rates.
 * Pure: no clock, no I/O; one struct per transport, at both ends (session.md, "Liveness").
 *
 * The driver's part, per transport:
 *   on_sent()      an ack-eliciting packet that wants an answer left (inner packet, control capsule;
 *                  not our own probes and keepalives, the verdicts below account for those)
 *   on_received()  an authenticated packet came from the bound tuple; inner: it carried an inner packet
 *   on_acked()     the peer acknowledged something new; oldest_unacked_ns as ngtcp2 knows it
 *   poll()         whenever next_deadline() is reached (and as often as one likes besides)
 */
#ifndef JVPN_CORE_LIVENESS_H
#define JVPN_CORE_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/policy.h"

/* First probe after max(1 PTO, this) of unacknowledged age or silence. */
#define JVPN_LIVENESS_PROBE_MIN_MS 50
/* So many probes must be lost before a transport may be called dead. */
#define JVPN_LIVENESS_DEAD_PROBES 2
/* A downstream that pauses is probed after 1, 2, 4 and 8 times the first delay, each from the answer
 * before; only then is the pause taken for its end. Else a path that dies between an answer and the
 * next packet of a slow stream would not be missed by anybody. */
#define JVPN_LIVENESS_FLOW_ANSWERS 4
/* Idle: so many keepalives, then this much more, and the transport is dead (max_idle_timeout). */
#define JVPN_LIVENESS_KEEPALIVES    3
#define JVPN_LIVENESS_IDLE_SLACK_MS 5000
/* One end is enough to keep a NAT open and a standby heard. The passive end (the server) waits this much
 * longer with its keepalive, and twice the interval with a heartbeat; it measures a standby itself
 * once in so many intervals. */
#define JVPN_LIVENESS_PASSIVE_SLACK_MS    2500
#define JVPN_LIVENESS_PASSIVE_SILENCE     2
#define JVPN_LIVENESS_PASSIVE_MEASUREMENT 4
/* Heartbeat or keepalive, its acknowledgement, and now and then one of that (QUIC stacks ask for it after
 * a few packets of acknowledgements alone). */
#define JVPN_LIVENESS_PACKETS_PER_QUESTION 3
/* A dead transport is probed on, in case it comes back: every 100 ms for 10 s, then ever slower (a
 * standby: every heartbeat, then the same). */
#define JVPN_LIVENESS_DEAD_PROBE_MS   100
#define JVPN_LIVENESS_DEAD_FAST_MS    10000
#define JVPN_LIVENESS_DEAD_SLOWEST_MS 5000

/* A hint from outside brings the next probe forward, but not more often than this: anybody can make
 * ICMP errors up. */
#define JVPN_LIVENESS_HINT_MS 1000

enum jvpn_liveness_verdict {
	JVPN_LIVENESS_NONE = 0,
	JVPN_LIVENESS_PROBE,     /* send a probe now (jvpn_conn_probe), ahead of everything */
	JVPN_LIVENESS_KEEPALIVE, /* idle: send a PING now; no answer is no instability */
	JVPN_LIVENESS_DROPS,     /* fact: max_consecutive_drops probes lost in a row; said once */
	JVPN_LIVENESS_HEARTBEAT_TIMEOUT, /* fact (standby): heartbeats unanswered; said once */
	JVPN_LIVENESS_DEAD,    /* fact: the transport is dead; said once until it is heard again */
	JVPN_LIVENESS_HEALTHY, /* fact: an answer after DROPS, HEARTBEAT_TIMEOUT or DEAD; said once */
	JVPN_LIVENESS_COUNT
};

enum jvpn_liveness_mode {
	JVPN_LIVENESS_BOUND = 0, /* the binding: expectation clock, keepalive when idle */
	JVPN_LIVENESS_STANDBY,   /* a candidate of a session that carries traffic: heartbeats */
	JVPN_LIVENESS_RESTING    /* a candidate of an idle session: keepalive only */
};

struct jvpn_liveness {
	enum jvpn_liveness_mode mode;
	bool passive;    /* the other end keeps it alive; set after _init() */
	uint64_t pto_ns; /* latest; 0 counts as the probe minimum */
	uint64_t last_received_ns;
	uint64_t answered_ns; /* the last answer to something of ours: the heartbeat clock */
	uint64_t
		last_activity_ns; /* inner traffic or answer in either direction: the keepalive clock */
	uint64_t unacked_since_ns; /* oldest unacknowledged wanting packet; 0 none */
	uint64_t probe_sent_ns;    /* last probe or heartbeat; 0 none outstanding */
	uint64_t first_probe_ns;   /* first of the probes in a row that got no answer */
	uint32_t probes_lost;      /* in a row, each unanswered for 1 PTO */
	uint32_t keepalives;       /* sent in this silence */
	uint64_t hint_ns;          /* the last hint that was heeded; 0 never */
	bool hinted;               /* ... and its probe is still to be sent */
	bool probe_counted;        /* the last probe is already in probes_lost */
	bool flowing;              /* inner packets were coming in, or were a moment ago */
	uint8_t flow_answers;      /* answers since the last of them */
	bool said_drops, said_heartbeat, said_dead;
	bool healthy_due;
};

void jvpn_liveness_init(struct jvpn_liveness *l, uint64_t now_ns);
/* Changing the mode forgets expectations and probes, not what was heard. */
void jvpn_liveness_set_mode(struct jvpn_liveness *l, enum jvpn_liveness_mode mode, uint64_t now_ns);
void jvpn_liveness_on_sent(struct jvpn_liveness *l, uint64_t now_ns);
void jvpn_liveness_on_received(struct jvpn_liveness *l, bool inner, uint64_t now_ns);
/* oldest_unacked_ns: send time of the oldest packet still unacknowledged, 0 when none is. */
void jvpn_liveness_on_acked(struct jvpn_liveness *l, uint64_t oldest_unacked_ns, uint64_t now_ns);
/* Something that cannot be trusted says that the far end is gone: it is asked at once, when no probe is
 * out already. The answer settles it; no answer counts from here on like any other. */
void jvpn_liveness_on_hint(struct jvpn_liveness *l, uint64_t now_ns);
/* Somebody knows better (its link went): dead now, and probed like any dead one. False: it was. */
bool jvpn_liveness_declare_dead(struct jvpn_liveness *l, uint64_t now_ns);
void jvpn_liveness_set_pto(struct jvpn_liveness *l, uint64_t pto_ns);
/* One verdict per call; call again until it says NONE. PROBE and KEEPALIVE count as sent at now_ns. */
enum jvpn_liveness_verdict jvpn_liveness_poll(struct jvpn_liveness *l,
					      const struct jvpn_policy *policy, uint64_t now_ns);
/* When poll() may have something to say next; JVPN_TIME_NEVER when only traffic can change it. */
uint64_t jvpn_liveness_next_deadline(const struct jvpn_liveness *l,
				     const struct jvpn_policy *policy);
/* Since when nothing was heard although an answer is wanted; 0 when nothing is wanted. */
uint64_t jvpn_liveness_silence_ns(const struct jvpn_liveness *l, uint64_t now_ns);

#endif
