/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How much of one connection may be under way, beyond what its congestion control allows: no more than
 * keeps the bottleneck of the path busy. What is above that stands in a queue somewhere in the network,
 * and everybody waits behind it; held back here it is in our own queue, which has turns for every flow
 * and tells the inner senders in time (docs/adr/0013). A pure state machine; sends nothing.
 *
 * Once a round trip the smallest RTT of it is compared with the smallest ever: what lies above
 * JVPN_INFLIGHT_TARGET_NS is a standing queue, and the limit becomes delivery rate * (smallest RTT +
 * target). When the queue does not go away although we hold back, it is somebody else's: then there is
 * no limit for a while, or loss-based neighbours would take everything.
 */
#ifndef JVPN_QUIC_INFLIGHT_H
#define JVPN_QUIC_INFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

/* A standing queue that keeps the bottleneck busy between two bursts. */
#define JVPN_INFLIGHT_TARGET_NS 10000000ULL
/* Below so many octets a round an RTT says more about delayed acknowledgements than about queues. */
#define JVPN_INFLIGHT_MIN_BYTES 12000u
#define JVPN_INFLIGHT_NONE      UINT64_MAX

/* What is known when packets were acknowledged. */
struct jvpn_inflight_sample {
	uint64_t now_ns;
	uint64_t rtt_ns;     /* of the newest acknowledgement */
	uint64_t min_rtt_ns; /* of the path, ever; 0: not known */
	uint64_t delivered;  /* octets that were acknowledged, since the beginning */
	bool was_held;       /* the limit held something back since the last sample */
};

/* Part of its connection. Zeroed and _init() are the same but for the limit. */
struct jvpn_inflight {
	uint64_t limit; /* octets; JVPN_INFLIGHT_NONE */
	/* the round under way */
	uint64_t round_ns, round_delivered, round_rtt_ns;
	bool round_held;
	uint64_t rate[2]; /* octets per second of the last two rounds */
	uint64_t floor;   /* three quarters of the first limit since the queue was last short */
	uint64_t yield_until_ns;
	unsigned patience; /* rounds that the queue has outlived our holding back */
	unsigned yields;   /* in a row */
};

void jvpn_inflight_init(struct jvpn_inflight *inflight);
/* Once for each batch of received packets that acknowledged something new. */
void jvpn_inflight_on_acked(struct jvpn_inflight *inflight,
			    const struct jvpn_inflight_sample *sample);

#endif
