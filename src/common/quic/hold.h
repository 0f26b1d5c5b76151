/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inner packets that wait for a decision: uplink packets of a candidate tuple until it is bound, and
 * on a client what the server sent before its acknowledgement was read (session.md "Path change").
 * Bounded per connection and per process; keeps the order; delivers nothing by itself.
 */
#ifndef JVPN_QUIC_HOLD_H
#define JVPN_QUIC_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jvpn_hold_packet {
	struct jvpn_hold_packet *next;
	uint64_t at_ns;
	uint32_t generation;
	size_t len;
	uint8_t data[];
};

/* Shared by all queues of a process (or worker). */
struct jvpn_hold_budget {
	uint64_t bytes, max_bytes;
};

/* Part of its connection. */
struct jvpn_hold {
	struct jvpn_hold_packet *head, **tail;
	struct jvpn_hold_budget *budget; /* borrowed */
	size_t count, max_count;
	size_t bytes, max_bytes;
	uint64_t queued, dropped; /* for the statistics, over the whole life */
};

/* Packets of the present read, before it is known what their tuple is. UINT32_MAX is "no generation"
 * elsewhere and must not match. */
#define JVPN_HOLD_UNDECIDED (UINT32_MAX - 1)

void jvpn_hold_init(struct jvpn_hold *hold, struct jvpn_hold_budget *budget, size_t max_count,
		    size_t max_bytes);
/* Frees what waits (counted as dropped). */
void jvpn_hold_clear(struct jvpn_hold *hold);
/* Copies the packet to the end; drops it (counted) when a bound is reached. */
void jvpn_hold_add(struct jvpn_hold *hold, uint32_t generation, const uint8_t *packet, size_t len,
		   uint64_t now_ns);
/* Drops (counted) what was added before that time. */
void jvpn_hold_expire(struct jvpn_hold *hold, uint64_t before_ns);
/* Undecided packets get this generation. */
void jvpn_hold_decide(struct jvpn_hold *hold, uint32_t generation);
/* Drops (counted) everything that has neither of these generations. */
void jvpn_hold_keep(struct jvpn_hold *hold, uint32_t generation, uint32_t other_generation);
/* Takes the first packet of a generation off the queue; the caller frees it. NULL: none. */
struct jvpn_hold_packet *jvpn_hold_take(struct jvpn_hold *hold, uint32_t generation);

#endif
