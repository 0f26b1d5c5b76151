/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bounded queue of IP packets: limits in packets, octets and time; when it is full the oldest
 * goes (fresh data is worth more than stale data). One FIFO now; FQ-CoDel fits behind the same
 * calls. Sends nothing, reads no clock.
 */
#ifndef JVPN_TUN_QUEUE_H
#define JVPN_TUN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jvpn_queue_config {
	size_t max_packets;
	size_t max_bytes;
	uint64_t max_sojourn_ns; /* JVPN_TIME_NEVER: no limit */
};

struct jvpn_queue_counters {
	uint64_t queued, taken;
	uint64_t dropped_full;  /* pushed out by newer packets */
	uint64_t dropped_stale; /* waited longer than max_sojourn_ns */
	uint64_t dropped_other; /* larger than the whole queue, no memory, or _clear() */
};

struct jvpn_queue_packet; /* private */

/* Owner: whoever sends from it. Zeroed is an empty queue that takes nothing. */
struct jvpn_queue {
	struct jvpn_queue_config config;
	struct jvpn_queue_counters counters;
	struct jvpn_queue_packet *head, *tail;
	size_t packets, bytes;
};

void jvpn_queue_init(struct jvpn_queue *queue, const struct jvpn_queue_config *config);
/* Drops and frees what waits (counted as dropped_other). */
void jvpn_queue_clear(struct jvpn_queue *queue);
/* Copies the packet; makes room by dropping from the head. JVPN_ERANGE: empty, or larger than the
 * whole queue; JVPN_ENOMEM. */
int jvpn_queue_push(struct jvpn_queue *queue, const uint8_t *packet, size_t len, uint64_t now_ns);
/* The same without copying: the caller writes the 'len' octets to *at before its next call. */
int jvpn_queue_reserve(struct jvpn_queue *queue, size_t len, uint64_t now_ns, uint8_t **at);
/* The next packet to send, stale ones dropped first; NULL when there is none. Stays valid until the
 * next call that changes the queue. The octets may be changed in place. */
uint8_t *jvpn_queue_peek(struct jvpn_queue *queue, uint64_t now_ns, size_t *len);
/* Removes what _peek() returned. */
void jvpn_queue_pop(struct jvpn_queue *queue);
bool jvpn_queue_is_empty(const struct jvpn_queue *queue);

#endif
