/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When to try to reach the server on one candidate, and how often while nothing answers
 * (ADR 0008). Pure: no clock, no randomness, no I/O.
 *
 * An attempt is one QUIC connection on a fresh socket. QUIC repeats its Initial ever more slowly, so
 * between the repetitions the client *knocks*: one small question every 100 ms that a server answers
 * without keeping any state. The answer is a sign of life, and a sign of life makes an attempt that
 * has heard nothing give way to a fresh one.
 */
#ifndef JVPN_CLIENT_ATTEMPT_H
#define JVPN_CLIENT_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

/* Eager for so long: attempts of 1 s and 2 s in turn, a knock every 100 ms. */
#define JVPN_ATTEMPT_EAGER_MS 10000
#define JVPN_ATTEMPT_LIFE_MS  1000
#define JVPN_ATTEMPT_KNOCK_MS 100
/* Then attempts of 3 s with pauses that double up to this, with jitter. */
#define JVPN_ATTEMPT_PATIENT_LIFE_MS  3000
#define JVPN_ATTEMPT_BACKOFF_FIRST_MS 250
#define JVPN_ATTEMPT_BACKOFF_MAX_MS   5000
/* Between the starts of two attempts, whatever became of the first: a server that accepts and ends
 * each session at once is not asked a thousand times a second. */
#define JVPN_ATTEMPT_SPACING_MS 100
/* An attempt younger than this is not replaced: its own answer may be under way. */
#define JVPN_ATTEMPT_YOUNG_MS 50
/* A server that answers knocks and no attempts does not get a fresh one for every knock. */
#define JVPN_ATTEMPT_RENEW_MS 1000
/* ... nor does it make the client eager again sooner than that. */
#define JVPN_ATTEMPT_TRUST_MS 60000

/* While the host says that the port is closed: a patient attempt goes on and knocks as often as this,
 * and the pause after it is no longer than this. Without such words for so long: as before. */
#define JVPN_ATTEMPT_CLOSED_MS      500
#define JVPN_ATTEMPT_CLOSED_HOLD_MS 3000

enum jvpn_attempt_step {
	JVPN_ATTEMPT_WAIT = 0,
	JVPN_ATTEMPT_START,  /* begin one */
	JVPN_ATTEMPT_KNOCK,  /* knock on the socket of the running one */
	JVPN_ATTEMPT_GIVE_UP /* end the running one */
};

struct jvpn_attempt {
	uint64_t failing_since_ns; /* 0: the last one succeeded, or there was none */
	uint64_t started_ns;       /* the last one; 0: none yet */
	uint64_t until_ns;         /* the running one is given up then; 0: none is running */
	uint64_t again_ns;         /* the next one not before that */
	uint64_t knock_ns;         /* the running one's next knock */
	uint64_t renewed_ns;       /* last replacement for a sign of life; 0 never */
	uint64_t closed_ns;        /* the host last said that nobody listens; 0 never */
	uint32_t backoff_ms;
	uint32_t count; /* since the last success or event */
};

/* What is due. Only whoever wants a connection asks; START counts when jvpn_attempt_begin() says. */
enum jvpn_attempt_step jvpn_attempt_due(const struct jvpn_attempt *a, uint64_t now_ns);
/* When something will be due. */
uint64_t jvpn_attempt_next(const struct jvpn_attempt *a);
void jvpn_attempt_begin(struct jvpn_attempt *a, uint64_t now_ns);
void jvpn_attempt_knocked(struct jvpn_attempt *a, uint64_t now_ns);
/* It ended without an answer, or could not even begin. 'random' makes the jitter. */
void jvpn_attempt_failed(struct jvpn_attempt *a, uint64_t now_ns, uint64_t random);
/* The server let the transport in. */
void jvpn_attempt_succeeded(struct jvpn_attempt *a);
/* Ended for a reason of our own: neither failure nor success. */
void jvpn_attempt_dropped(struct jvpn_attempt *a);
/* The link, an address or a route changed, or the machine has slept: no first try ever sleeps. */
void jvpn_attempt_urge(struct jvpn_attempt *a);
/* The server has shown that it is there. True: end the running attempt, which has heard nothing, and
 * begin a fresh one. */
bool jvpn_attempt_answered(struct jvpn_attempt *a, uint64_t now_ns);
/* The host says that nobody listens there (anybody can make that up): the next answer may come any
 * moment, from a server that starts. */
void jvpn_attempt_port_closed(struct jvpn_attempt *a, uint64_t now_ns);
/* The server asks not to be asked before that. */
void jvpn_attempt_hold(struct jvpn_attempt *a, uint64_t until_ns);

#endif
