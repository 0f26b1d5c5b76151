/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Deadlines of the connections of one worker: a binary heap of pointers that its owner embeds. Reads
 * no clock and calls nothing.
 */
#ifndef JVPN_QUIC_TIMER_H
#define JVPN_QUIC_TIMER_H

#include <stddef.h>
#include <stdint.h>

/* Embedded; zero-initialised means "not armed". */
struct jvpn_timer {
	uint64_t deadline_ns;
	size_t slot; /* position in the heap + 1; 0: not in it */
};

/* Owner: struct jvpn_quic. The timers belong to the connections. */
struct jvpn_timer_heap {
	struct jvpn_timer **v;
	size_t count, capacity;
};

void jvpn_timer_heap_clear(struct jvpn_timer_heap *heap);
/* Room for 'count' timers, so that _arm() cannot fail. JVPN_ENOMEM. */
int jvpn_timer_heap_reserve(struct jvpn_timer_heap *heap, size_t count);
/* JVPN_TIME_NEVER disarms. */
void jvpn_timer_arm(struct jvpn_timer_heap *heap, struct jvpn_timer *timer, uint64_t deadline_ns);
void jvpn_timer_disarm(struct jvpn_timer_heap *heap, struct jvpn_timer *timer);
/* The earliest, or NULL. */
struct jvpn_timer *jvpn_timer_first(const struct jvpn_timer_heap *heap);

#endif
