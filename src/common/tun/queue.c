/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * FQ-CoDel. Must not look into a packet but for its flow and its ECN field.
 */
#include "tun/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "proto/ippkt.h"

#define ECN_CE 3u

/* Of the queue, and of all together. */
#define COUNT(q, what)                                                                             \
	do {                                                                                       \
		(q)->counters.what++;                                                              \
		if ((q)->config.figures)                                                           \
			(q)->config.figures->what++;                                               \
	} while (0)

/* A packet, or a super-packet with the segments that are left of it. */
struct jvpn_queue_packet {
	struct jvpn_queue_packet *next;
	uint64_t since_ns;
	size_t len; /* of the packet */
	bool is_in_flow;
	struct jvpn_super *super; /* NULL: a packet */
	uint8_t data[];
};

struct jvpn_queue_flow {
	struct jvpn_queue_packet *head, *tail;
	struct jvpn_queue_flow *next; /* in fresh or turns */
	size_t bytes;
	int32_t deficit;
	bool has_turn; /* is in fresh or turns */
	struct jvpn_codel codel;
};

void jvpn_queue_init(struct jvpn_queue *q, const struct jvpn_queue_config *config)
{
	memset(q, 0, sizeof(*q));
	q->config = *config;
}

bool jvpn_queue_is_empty(const struct jvpn_queue *q)
{
	return q->packets == 0;
}

/* ---- packets ---- */

static void *take_buffer(struct jvpn_queue *q, size_t bytes)
{
	return q->config.pool ? jvpn_pool_take(q->config.pool, bytes) : malloc(bytes);
}

static void give_buffer(struct jvpn_queue *q, struct jvpn_queue_packet *p)
{
	if (q->config.pool)
		jvpn_pool_give(q->config.pool, p, sizeof(*p) + p->len);
	else
		free(p);
}

static void free_packet(struct jvpn_queue *q, struct jvpn_queue_packet *p)
{
	if (p->super)
		jvpn_super_free(q->config.pool, p->super);
	give_buffer(q, p);
}

static size_t next_len(const struct jvpn_queue_packet *p)
{
	return p->super ? jvpn_segment_next_len(&p->super->segmenter) : p->len;
}

/* 'len' octets have been taken from the flow's head: it goes when that was all. */
static void shorten(struct jvpn_queue_flow *f, size_t len)
{
	struct jvpn_queue_packet *p = f->head;

	f->bytes -= len;
	if (p->super && next_len(p) != 0)
		return;
	p->is_in_flow = false;
	f->head = p->next;
	if (!f->head)
		f->tail = NULL;
}

/* The flow's next packet is not sent at all. */
static void drop(struct jvpn_queue *q, struct jvpn_queue_flow *f)
{
	struct jvpn_queue_packet *p = f->head;
	size_t len = next_len(p);

	if (p->super)
		jvpn_segment_skip(&p->super->segmenter);
	shorten(f, len);
	q->packets--;
	q->bytes -= len;
	if (!p->is_in_flow && p != q->next)
		free_packet(q, p);
}

/* The flow's next packet is the one to send. */
static void choose_head(struct jvpn_queue *q, struct jvpn_queue_flow *f)
{
	struct jvpn_queue_packet *p = f->head;
	struct jvpn_queue_piece piece = {.head = p->data, .head_len = p->len};
	size_t len = next_len(p);

	if (p->super) {
		piece.head = p->super->head;
		piece.head_len = p->super->segmenter.header_bytes;
		piece.body_len = len - piece.head_len;
		piece.body = jvpn_segment_next_head(&p->super->segmenter, piece.head);
	}
	shorten(f, len);
	q->next = p;
	q->piece = piece;
}

/* What was chosen leaves the queue. */
static void release(struct jvpn_queue *q)
{
	struct jvpn_queue_packet *p = q->next;

	q->packets--;
	q->bytes -= q->piece.head_len + q->piece.body_len;
	q->next = NULL;
	if (!p->is_in_flow)
		free_packet(q, p);
}

static void drop_flows(struct jvpn_queue *q)
{
	free(q->flow);
	q->flow = NULL;
	q->fresh = q->turns = (struct jvpn_queue_turns){0};
}

static bool is_stale(const struct jvpn_queue *q, const struct jvpn_queue_packet *p, uint64_t now_ns)
{
	return jvpn_time_since(now_ns, p->since_ns) > q->config.max_sojourn_ns;
}

void jvpn_queue_clear(struct jvpn_queue *q)
{
	if (q->next) {
		release(q);
		COUNT(q, dropped_other);
	}
	for (size_t i = 0; q->flow && i < JVPN_QUEUE_FLOWS; i++)
		while (q->flow[i].head) {
			drop(q, &q->flow[i]);
			COUNT(q, dropped_other);
		}
	drop_flows(q);
}

/* A packet that waits too long for a binding is dropped when somebody looks: here without one. */
static void drop_stale(struct jvpn_queue *q, uint64_t now_ns)
{
	if (q->next && is_stale(q, q->next, now_ns)) {
		release(q);
		COUNT(q, dropped_stale);
	}
	for (size_t i = 0; i < JVPN_QUEUE_FLOWS; i++)
		while (q->flow[i].head && is_stale(q, q->flow[i].head, now_ns)) {
			drop(q, &q->flow[i]);
			COUNT(q, dropped_stale);
		}
}

void jvpn_queue_rest(struct jvpn_queue *q, uint64_t now_ns)
{
	if (!q->flow || jvpn_time_since(now_ns, q->filled_ns) < JVPN_QUEUE_REST_NS)
		return;
	drop_stale(q, now_ns);
	if (jvpn_queue_is_empty(q))
		drop_flows(q);
}

/* ---- turns ---- */

static void append_turn(struct jvpn_queue_turns *t, struct jvpn_queue_flow *f)
{
	f->next = NULL;
	if (t->last)
		t->last->next = f;
	else
		t->first = f;
	t->last = f;
}

static struct jvpn_queue_flow *take_turn(struct jvpn_queue_turns *t)
{
	struct jvpn_queue_flow *f = t->first;

	t->first = f->next;
	if (!t->first)
		t->last = NULL;
	return f;
}

/* ---- in ---- */

static uint64_t mix(uint64_t h, const uint8_t *data, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, data, len);
	h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

uint32_t jvpn_queue_hash(const struct jvpn_queue *q, const uint8_t *packet, size_t len)
{
	struct jvpn_ippkt view;
	uint64_t h = q->config.hash_seed;

	if (jvpn_ippkt_parse(packet, len, &view))
		return (uint32_t)h;
	h = mix(h ^ view.protocol, jvpn_ippkt_src(&view, packet), view.address_len);
	h = mix(h, jvpn_ippkt_dst(&view, packet), view.address_len);
	/* All fragments of a packet in one flow, although the later ones have no ports. */
	if ((view.protocol == JVPN_IP_PROTO_TCP || view.protocol == JVPN_IP_PROTO_UDP) &&
	    !view.is_fragment && (size_t)view.payload_offset + 4 <= len)
		h = mix(h, packet + view.payload_offset, 4);
	return (uint32_t)h;
}

/* RFC 8290 section 4.1: the flow with most octets pays, with its oldest packet. */
static void make_room(struct jvpn_queue *q)
{
	struct jvpn_queue_flow *longest = &q->flow[0];

	for (size_t i = 1; i < JVPN_QUEUE_FLOWS; i++)
		if (q->flow[i].bytes > longest->bytes)
			longest = &q->flow[i];
	if (longest->head)
		drop(q, longest);
	else
		release(q); /* the only one left */
	COUNT(q, dropped_full);
}

static size_t most_bytes(const struct jvpn_queue *q)
{
	if (q->config.pool && jvpn_pool_is_scarce(q->config.pool) &&
	    q->config.max_bytes > JVPN_QUEUE_SCARCE_BYTES)
		return JVPN_QUEUE_SCARCE_BYTES;
	return q->config.max_bytes;
}

/* Room for so much more. */
static int make_room_for(struct jvpn_queue *q, size_t packets, size_t bytes)
{
	if (bytes == 0 || bytes > most_bytes(q) || packets > q->config.max_packets)
		return JVPN_ERANGE;
	if (!q->flow)
		q->flow = calloc(JVPN_QUEUE_FLOWS, sizeof(*q->flow));
	if (!q->flow)
		return JVPN_ENOMEM;
	while (q->packets + packets > q->config.max_packets || q->bytes + bytes > most_bytes(q))
		make_room(q);
	return 0;
}

static void put(struct jvpn_queue *q, struct jvpn_queue_flow *f, struct jvpn_queue_packet *p,
		size_t bytes)
{
	p->next = NULL;
	p->is_in_flow = true;
	if (f->tail)
		f->tail->next = p;
	else
		f->head = p;
	f->tail = p;
	f->bytes += bytes;
	q->bytes += bytes;
	q->filled_ns = p->since_ns;
	if (f->has_turn)
		return;
	f->has_turn = true;
	f->deficit = JVPN_QUEUE_QUANTUM;
	append_turn(&q->fresh, f);
}

int jvpn_queue_reserve(struct jvpn_queue *q, uint32_t hash, size_t len, uint64_t now_ns,
		       uint8_t **at)
{
	struct jvpn_queue_packet *p;
	int rv = make_room_for(q, 1, len);

	p = rv ? NULL : take_buffer(q, sizeof(*p) + len);
	if (!p) {
		COUNT(q, dropped_other);
		return rv ? rv : JVPN_ENOMEM;
	}
	p->since_ns = now_ns;
	p->len = len;
	p->super = NULL;
	put(q, &q->flow[hash % JVPN_QUEUE_FLOWS], p, len);
	q->packets++;
	q->counters.queued++;
	*at = p->data;
	return 0;
}

int jvpn_queue_put_super(struct jvpn_queue *q, uint32_t hash, struct jvpn_super *super,
			 uint64_t now_ns)
{
	struct jvpn_queue_packet *p;
	size_t bytes, packets = jvpn_segment_left(&super->segmenter, &bytes);
	int rv = make_room_for(q, packets, bytes);

	if (rv)
		return rv;
	p = take_buffer(q, sizeof(*p));
	if (!p)
		return JVPN_ENOMEM;
	p->since_ns = now_ns;
	p->len = 0;
	p->super = super;
	put(q, &q->flow[hash % JVPN_QUEUE_FLOWS], p, bytes);
	q->packets += packets;
	q->counters.queued += packets;
	return 0;
}

int jvpn_queue_push(struct jvpn_queue *q, const uint8_t *packet, size_t len, uint64_t now_ns)
{
	uint8_t *at;
	int rv = jvpn_queue_reserve(q, jvpn_queue_hash(q, packet, len), len, now_ns, &at);

	if (!rv)
		memcpy(at, packet, len);
	return rv;
}

/* ---- out ---- */

/* RFC 6040: the inner packet says it, when its ends speak ECN. */
static bool mark(const struct jvpn_queue_piece *piece)
{
	struct jvpn_ippkt view;

	/* Of a segment only the headers stand there: nothing else is looked at. */
	return jvpn_ippkt_parse(piece->head, piece->head_len + piece->body_len, &view) == 0 &&
	       view.ecn != 0 && jvpn_ippkt_ecn_set(&view, piece->head, ECN_CE) == 0;
}

/* Chooses the flow's next packet, past those that are too old and those that CoDel wants gone. */
static bool next_of(struct jvpn_queue *q, struct jvpn_queue_flow *f, uint64_t now_ns)
{
	while (f->head) {
		uint64_t waited_ns = jvpn_time_since(now_ns, f->head->since_ns);
		bool is_too_much;

		if (waited_ns > q->config.max_sojourn_ns) {
			COUNT(q, dropped_stale);
			drop(q, f);
			continue;
		}
		choose_head(q, f);
		is_too_much = jvpn_codel_should_drop(&f->codel, &q->config.codel, waited_ns,
						     f->bytes, now_ns);
		if (!is_too_much)
			return true;
		if (mark(&q->piece)) {
			COUNT(q, marked);
			return true;
		}
		COUNT(q, dropped_codel);
		release(q);
	}
	return false;
}

/* Whose turn it is: fresh flows first. A flow that has used up its octets goes to the end; an empty one
 * loses its turn, a fresh one only after a round among the others (RFC 8290 section 4.2). */
static void choose(struct jvpn_queue *q, uint64_t now_ns)
{
	while (q->fresh.first || q->turns.first) {
		bool is_fresh = q->fresh.first != NULL;
		struct jvpn_queue_turns *t = is_fresh ? &q->fresh : &q->turns;
		struct jvpn_queue_flow *f = t->first;

		if (f->deficit <= 0) {
			f->deficit += JVPN_QUEUE_QUANTUM;
			append_turn(&q->turns, take_turn(t));
			continue;
		}
		if (next_of(q, f, now_ns)) {
			f->deficit -= (int32_t)(q->piece.head_len + q->piece.body_len);
			return;
		}
		(void)take_turn(t);
		if (is_fresh)
			append_turn(&q->turns, f);
		else
			f->has_turn = false;
	}
}

const struct jvpn_queue_piece *jvpn_queue_peek(struct jvpn_queue *q, uint64_t now_ns)
{
	if (q->next && is_stale(q, q->next, now_ns)) {
		COUNT(q, dropped_stale);
		release(q);
	}
	if (!q->next)
		choose(q, now_ns);
	if (!q->next)
		return NULL;
	q->waited_ns = jvpn_time_since(now_ns, q->next->since_ns);
	return &q->piece;
}

void jvpn_queue_pop(struct jvpn_queue *q)
{
	if (!q->next)
		return;
	if (q->config.figures)
		jvpn_delays_observe(&q->config.figures->delay, q->waited_ns);
	release(q);
	q->counters.taken++;
}
