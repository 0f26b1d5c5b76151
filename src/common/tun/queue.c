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

struct jvpn_queue_packet {
	struct jvpn_queue_packet *next;
	uint64_t since_ns;
	size_t len;
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

/* A packet that is in no flow any more leaves the queue. */
static void forget(struct jvpn_queue *q, struct jvpn_queue_packet *p)
{
	q->packets--;
	q->bytes -= p->len;
	give_buffer(q, p);
}

static struct jvpn_queue_packet *take_head(struct jvpn_queue_flow *f)
{
	struct jvpn_queue_packet *p = f->head;

	f->head = p->next;
	if (!f->head)
		f->tail = NULL;
	f->bytes -= p->len;
	return p;
}

void jvpn_queue_clear(struct jvpn_queue *q)
{
	if (q->next) {
		forget(q, q->next);
		q->counters.dropped_other++;
	}
	for (size_t i = 0; q->flow && i < JVPN_QUEUE_FLOWS; i++)
		while (q->flow[i].head) {
			forget(q, take_head(&q->flow[i]));
			q->counters.dropped_other++;
		}
	free(q->flow);
	q->flow = NULL;
	q->next = NULL;
	q->fresh = q->turns = (struct jvpn_queue_turns){0};
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
	if (longest->head) {
		forget(q, take_head(longest));
	} else {
		forget(q, q->next); /* the only one left */
		q->next = NULL;
	}
	q->counters.dropped_full++;
}

static bool is_over(const struct jvpn_queue *q, size_t len)
{
	return q->packets + 1 > q->config.max_packets || q->bytes + len > q->config.max_bytes;
}

static void put(struct jvpn_queue *q, struct jvpn_queue_flow *f, struct jvpn_queue_packet *p)
{
	p->next = NULL;
	if (f->tail)
		f->tail->next = p;
	else
		f->head = p;
	f->tail = p;
	f->bytes += p->len;
	q->packets++;
	q->bytes += p->len;
	q->counters.queued++;
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

	if (len == 0 || len > q->config.max_bytes || q->config.max_packets == 0) {
		q->counters.dropped_other++;
		return JVPN_ERANGE;
	}
	if (!q->flow)
		q->flow = calloc(JVPN_QUEUE_FLOWS, sizeof(*q->flow));
	p = q->flow ? take_buffer(q, sizeof(*p) + len) : NULL;
	if (!p) {
		q->counters.dropped_other++;
		return JVPN_ENOMEM;
	}
	while (is_over(q, len))
		make_room(q);
	p->since_ns = now_ns;
	p->len = len;
	put(q, &q->flow[hash % JVPN_QUEUE_FLOWS], p);
	*at = p->data;
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
static bool mark(struct jvpn_queue_packet *p)
{
	struct jvpn_ippkt view;

	return jvpn_ippkt_parse(p->data, p->len, &view) == 0 && view.ecn != 0 &&
	       jvpn_ippkt_ecn_set(&view, p->data, ECN_CE) == 0;
}

/* The flow's next packet, past those that are too old and those that CoDel wants gone. */
static struct jvpn_queue_packet *next_of(struct jvpn_queue *q, struct jvpn_queue_flow *f,
					 uint64_t now_ns)
{
	while (f->head) {
		struct jvpn_queue_packet *p = take_head(f);
		uint64_t waited_ns = jvpn_time_since(now_ns, p->since_ns);

		if (waited_ns > q->config.max_sojourn_ns) {
			q->counters.dropped_stale++;
			forget(q, p);
			continue;
		}
		if (!jvpn_codel_should_drop(&f->codel, &q->config.codel, waited_ns, f->bytes,
					    now_ns))
			return p;
		if (mark(p)) {
			q->counters.marked++;
			return p;
		}
		q->counters.dropped_codel++;
		forget(q, p);
	}
	return NULL;
}

/* Whose turn it is: fresh flows first. A flow that has used up its octets goes to the end; an empty one
 * loses its turn, a fresh one only after a round among the others (RFC 8290 section 4.2). */
static struct jvpn_queue_packet *choose(struct jvpn_queue *q, uint64_t now_ns)
{
	while (q->fresh.first || q->turns.first) {
		bool is_fresh = q->fresh.first != NULL;
		struct jvpn_queue_turns *t = is_fresh ? &q->fresh : &q->turns;
		struct jvpn_queue_flow *f = t->first;
		struct jvpn_queue_packet *p;

		if (f->deficit <= 0) {
			f->deficit += JVPN_QUEUE_QUANTUM;
			append_turn(&q->turns, take_turn(t));
			continue;
		}
		p = next_of(q, f, now_ns);
		if (p) {
			f->deficit -= (int32_t)p->len;
			return p;
		}
		(void)take_turn(t);
		if (is_fresh)
			append_turn(&q->turns, f);
		else
			f->has_turn = false;
	}
	return NULL;
}

uint8_t *jvpn_queue_peek(struct jvpn_queue *q, uint64_t now_ns, size_t *len)
{
	if (q->next && jvpn_time_since(now_ns, q->next->since_ns) > q->config.max_sojourn_ns) {
		q->counters.dropped_stale++;
		forget(q, q->next);
		q->next = NULL;
	}
	if (!q->next)
		q->next = choose(q, now_ns);
	if (!q->next)
		return NULL;
	*len = q->next->len;
	return q->next->data;
}

void jvpn_queue_pop(struct jvpn_queue *q)
{
	if (!q->next)
		return;
	forget(q, q->next);
	q->next = NULL;
	q->counters.taken++;
}
