/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The packets of one session that wait for its binding: FQ-CoDel (RFC 8290). Flows take turns by
 * octets, a flow that has just become active goes first, each is kept short by CoDel (congestion
 * experienced instead of a drop where ECN allows it, RFC 6040); beyond the limits the longest flow
 * loses its oldest packet. Sends nothing, reads no clock.
 */
#ifndef JVPN_TUN_QUEUE_H
#define JVPN_TUN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/delays.h"
#include "base/time.h"
#include "tun/codel.h"
#include "tun/pool.h"
#include "tun/super.h"

/* Flows that are told apart; more share one. */
#define JVPN_QUEUE_FLOWS 64
/* What a flow may send in its turn. */
#define JVPN_QUEUE_QUANTUM 1514
/* What a queue may have while all of them together have too much (jvpn_pool_is_scarce). */
#define JVPN_QUEUE_SCARCE_BYTES (256 * 1024)

/* Nothing has come for so long: an empty queue needs no flows (jvpn_queue_rest). */
#define JVPN_QUEUE_REST_NS (2 * JVPN_NS_PER_S)

/* Of several queues together, also of those that are gone. One thread. */
struct jvpn_queue_figures {
	uint64_t dropped_full, dropped_stale, dropped_codel, dropped_other, marked;
	struct jvpn_delays delay; /* of packets that were taken */
};

struct jvpn_queue_config {
	size_t max_packets;
	size_t max_bytes;
	uint64_t max_sojourn_ns; /* JVPN_TIME_NEVER: no limit */
	struct jvpn_codel_config codel;
	uint64_t hash_seed;     /* random: nobody outside can choose which flows share one */
	struct jvpn_pool *pool; /* borrowed; NULL: the allocator */
	struct jvpn_queue_figures *figures; /* borrowed; NULL: nobody wants them */
};

struct jvpn_queue_counters {
	uint64_t queued, taken;
	uint64_t dropped_full;  /* pushed out by newer packets */
	uint64_t dropped_stale; /* waited longer than max_sojourn_ns */
	uint64_t dropped_codel, marked;
	uint64_t dropped_other; /* larger than the whole queue, no memory, or _clear() */
};

struct jvpn_queue_packet; /* private */
struct jvpn_queue_flow;   /* private */

/* Flows that have packets, in the order of their turns. */
struct jvpn_queue_turns {
	struct jvpn_queue_flow *first, *last;
};

/* The octets of one packet, in two places when it is a segment of a super-packet. */
struct jvpn_queue_piece {
	uint8_t *head; /* the headers, or all of it; may be changed in place */
	size_t head_len;
	const uint8_t *body;
	size_t body_len; /* 0: nothing more */
};

/* Owner: whoever sends from it. Zeroed is an empty queue that takes nothing. */
struct jvpn_queue {
	struct jvpn_queue_config config;
	struct jvpn_queue_counters counters;
	struct jvpn_queue_flow *flow; /* JVPN_QUEUE_FLOWS, allocated with the first packet */
	struct jvpn_queue_turns fresh, turns;
	struct jvpn_queue_packet *next; /* what _peek() has chosen, or a segment of it */
	struct jvpn_queue_piece piece;  /* its octets */
	uint64_t waited_ns;             /* how long it has */
	size_t packets, bytes;
	uint64_t filled_ns; /* when the newest packet came */
};

void jvpn_queue_init(struct jvpn_queue *queue, const struct jvpn_queue_config *config);
/* Drops and frees what waits (counted as dropped_other). */
void jvpn_queue_clear(struct jvpn_queue *queue);
/* Called now and then, also without a binding: when nothing has come for JVPN_QUEUE_REST_NS, drops what
 * is too old and gives the memory of an empty queue back. Counters stay. */
void jvpn_queue_rest(struct jvpn_queue *queue, uint64_t now_ns);
/* Which flow a packet belongs to: addresses, protocol and ports. Any octets. */
uint32_t jvpn_queue_hash(const struct jvpn_queue *queue, const uint8_t *packet, size_t len);
/* Room for one packet of the flow 'hash': the caller writes its 'len' octets to *at before the next
 * call. Makes room by dropping from the longest flow. JVPN_ERANGE: empty, or larger than the whole
 * queue; JVPN_ENOMEM. */
int jvpn_queue_reserve(struct jvpn_queue *queue, uint32_t hash, size_t len, uint64_t now_ns,
		       uint8_t **at);
/* The same with a copy of the packet. */
int jvpn_queue_push(struct jvpn_queue *queue, const uint8_t *packet, size_t len, uint64_t now_ns);
/* A super-packet of the flow 'hash', whose segments wait as if each had been pushed: taken over, nothing
 * is copied. Its segmenter is set, its headers fit jvpn_super.head. The queue owns it when 0 is returned.
 * JVPN_ERANGE: no segments, or larger than the whole queue; JVPN_ENOMEM. */
int jvpn_queue_put_super(struct jvpn_queue *queue, uint32_t hash, struct jvpn_super *super,
			 uint64_t now_ns);
/* The next packet to send; NULL when there is none. Stays the next one until _pop(), unless it gets too
 * old. */
const struct jvpn_queue_piece *jvpn_queue_peek(struct jvpn_queue *queue, uint64_t now_ns);
/* Removes what _peek() returned. */
void jvpn_queue_pop(struct jvpn_queue *queue);
bool jvpn_queue_is_empty(const struct jvpn_queue *queue);

#endif
