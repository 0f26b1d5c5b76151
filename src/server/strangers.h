/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is told about those who have no session: refused requests, at most so many events a second
 * with a count of the others, and figures of what was turned away before there was a request. A flood
 * must not fill the disk of whoever keeps the events. Events of sessions never pass here.
 */
#ifndef JVPN_SERVER_STRANGERS_H
#define JVPN_SERVER_STRANGERS_H

#include <stdint.h>

#include "core/fsm_table.h"
#include "core/limiter.h"
#include "quic/quic.h"

struct jvpn_driver;
struct jvpn_transport;

#define JVPN_STRANGERS_EVENTS_PER_S 10
#define JVPN_STRANGERS_EVENTS_BURST 20
/* RateLimited with the figures: at most once in so long. */
#define JVPN_STRANGERS_TELL_NS 1000000000ULL

/* Owner: struct jvpn_server. All zero: nothing happened yet. */
struct jvpn_strangers {
	struct jvpn_bucket bucket;
	uint64_t suppressed;        /* refusals without an event, not told yet */
	uint64_t told_ns;           /* of the last RateLimited */
	uint64_t unanswered;        /* as of then */
	struct jvpn_quic_stats was; /* as of then */
};

/* A request was refused: UnauthorizedTransportAttempt and a line in the log, or one more that is
 * counted. */
void jvpn_strangers_refused(struct jvpn_strangers *strangers,
			    const struct jvpn_transport *transport, enum jvpn_reason reason);
/* Once a turn: RateLimited, when limits refused something since the last one. */
void jvpn_strangers_poll(struct jvpn_strangers *strangers, struct jvpn_driver *driver,
			 const struct jvpn_quic *quic);
/* When refusals that were counted are told at the latest. */
uint64_t jvpn_strangers_next_deadline(const struct jvpn_strangers *strangers);

#endif
