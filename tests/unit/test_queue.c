/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of tun/queue.
 */
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "packet.h"
#include "proto/ippkt.h"
#include "tun/queue.h"
#include "unit.h"

static struct jvpn_queue queue_of(size_t packets, size_t bytes, uint64_t sojourn_ns)
{
	struct jvpn_queue_config config = {
		.max_packets = packets, .max_bytes = bytes, .max_sojourn_ns = sojourn_ns};
	struct jvpn_queue queue;

	jvpn_queue_init(&queue, &config);
	return queue;
}

static void push(struct jvpn_queue *queue, uint8_t mark, size_t len, uint64_t now_ns)
{
	uint8_t packet[2000];

	memset(packet, mark, sizeof(packet));
	ck_assert_int_eq(jvpn_queue_push(queue, packet, len, now_ns), 0);
}

/* As one, wherever it stands. */
static uint8_t *peek(struct jvpn_queue *queue, uint64_t now_ns, size_t *len)
{
	static uint8_t whole[4096];
	const struct jvpn_queue_piece *piece = jvpn_queue_peek(queue, now_ns);

	if (!piece)
		return NULL;
	*len = piece->head_len + piece->body_len;
	if (piece->body_len == 0)
		return piece->head;
	ck_assert_uint_le(*len, sizeof(whole));
	memcpy(whole, piece->head, piece->head_len);
	memcpy(whole + piece->head_len, piece->body, piece->body_len);
	return whole;
}

static void expect_next(struct jvpn_queue *queue, uint8_t mark, size_t len, uint64_t now_ns)
{
	size_t got = 0;
	const uint8_t *packet = peek(queue, now_ns, &got);

	ck_assert_ptr_nonnull(packet);
	ck_assert_uint_eq(got, len);
	ck_assert_uint_eq(packet[0], mark);
	ck_assert_uint_eq(packet[len - 1], mark);
	jvpn_queue_pop(queue);
}

START_TEST(queue_push__three_packets__come_out_in_order)
{
	struct jvpn_queue queue = queue_of(10, 10000, JVPN_TIME_NEVER);
	size_t len;

	push(&queue, 1, 100, 0);
	push(&queue, 2, 1500, 0);
	push(&queue, 3, 1, 0);
	ck_assert_uint_eq(queue.bytes, 1601);
	expect_next(&queue, 1, 100, 5);
	expect_next(&queue, 2, 1500, 5);
	expect_next(&queue, 3, 1, 5);
	ck_assert(jvpn_queue_is_empty(&queue));
	ck_assert_ptr_null(peek(&queue, 5, &len));
	ck_assert_uint_eq(queue.counters.taken, 3);
	ck_assert_uint_eq(queue.bytes, 0);
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_push__over_the_packet_limit__drops_the_oldest)
{
	struct jvpn_queue queue = queue_of(2, 10000, JVPN_TIME_NEVER);

	push(&queue, 1, 10, 0);
	push(&queue, 2, 10, 0);
	push(&queue, 3, 10, 0);
	ck_assert_uint_eq(queue.packets, 2);
	ck_assert_uint_eq(queue.counters.dropped_full, 1);
	expect_next(&queue, 2, 10, 0);
	jvpn_queue_clear(&queue);
	ck_assert_uint_eq(queue.counters.dropped_other, 1);
	ck_assert(jvpn_queue_is_empty(&queue));
}
END_TEST

START_TEST(queue_push__over_the_octet_limit__drops_as_many_as_needed)
{
	struct jvpn_queue queue = queue_of(100, 1000, JVPN_TIME_NEVER);

	for (uint8_t i = 1; i <= 10; i++)
		push(&queue, i, 100, 0);
	ck_assert_uint_eq(queue.counters.dropped_full, 0);
	push(&queue, 11, 150, 0);
	ck_assert_uint_eq(queue.counters.dropped_full, 2);
	ck_assert_uint_eq(queue.bytes, 950);
	expect_next(&queue, 3, 100, 0);
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_push__larger_than_the_queue_or_empty__is_refused_and_nothing_lost)
{
	struct jvpn_queue queue = queue_of(100, 1000, JVPN_TIME_NEVER), none = {0};
	uint8_t packet[1001] = {0};

	push(&queue, 1, 100, 0);
	ck_assert_int_eq(jvpn_queue_push(&queue, packet, 1001, 0), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_queue_push(&queue, packet, 0, 0), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_queue_push(&none, packet, 1, 0), JVPN_ERANGE);
	ck_assert_uint_eq(queue.packets, 1);
	ck_assert_uint_eq(queue.counters.dropped_other, 2);
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_figures__of_two_queues__are_their_sum_and_outlive_them)
{
	struct jvpn_queue_figures figures = {.marked = 0};
	struct jvpn_queue a = queue_of(2, 10000, JVPN_TIME_NEVER);
	struct jvpn_queue b = queue_of(2, 10000, 50 * JVPN_NS_PER_MS);

	a.config.figures = b.config.figures = &figures;
	for (uint8_t i = 1; i <= 3; i++)
		push(&a, i, 10, 0);
	expect_next(&a, 2, 10, 7 * JVPN_NS_PER_MS);
	push(&b, 1, 10, 0);
	push(&b, 2, 10, 10 * JVPN_NS_PER_MS);
	expect_next(&b, 2, 10, 60 * JVPN_NS_PER_MS);
	jvpn_queue_clear(&a);
	jvpn_queue_clear(&b);
	ck_assert_uint_eq(figures.dropped_full, 1);
	ck_assert_uint_eq(figures.dropped_stale, 1);
	ck_assert_uint_eq(figures.dropped_other, 1);
	ck_assert_uint_eq(jvpn_delays_total(&figures.delay), 2);
	ck_assert_uint_eq(figures.delay.sum_ns, 57 * JVPN_NS_PER_MS);
}
END_TEST

/* The one that is chosen waits on while the window is full. */
START_TEST(queue_figures__a_chosen_packet__has_waited_until_it_leaves)
{
	struct jvpn_queue_figures figures = {.marked = 0};
	struct jvpn_queue queue = queue_of(2, 10000, JVPN_TIME_NEVER);
	size_t len;

	queue.config.figures = &figures;
	push(&queue, 1, 10, 0);
	ck_assert_ptr_nonnull(peek(&queue, 5, &len));
	expect_next(&queue, 1, 10, 9 * JVPN_NS_PER_MS);
	ck_assert_uint_eq(figures.delay.sum_ns, 9 * JVPN_NS_PER_MS);
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_peek__packets_older_than_the_limit__are_dropped)
{
	struct jvpn_queue queue = queue_of(100, 10000, 50 * JVPN_NS_PER_MS);

	push(&queue, 1, 10, 0);
	push(&queue, 2, 10, 10 * JVPN_NS_PER_MS);
	push(&queue, 3, 10, 30 * JVPN_NS_PER_MS);
	expect_next(&queue, 1, 10, 50 * JVPN_NS_PER_MS);
	expect_next(&queue, 3, 10, 61 * JVPN_NS_PER_MS);
	ck_assert_uint_eq(queue.counters.dropped_stale, 1);
	ck_assert_uint_eq(queue.counters.taken, 2);
	jvpn_queue_pop(&queue);
	ck_assert_uint_eq(queue.counters.taken, 2);
	jvpn_queue_clear(&queue);
}
END_TEST

/* A datagram of one flow: port and number can be read back. */
static void push_flow(struct jvpn_queue *queue, uint8_t port, uint8_t number, size_t len,
		      uint64_t now_ns)
{
	uint8_t packet[PACKET_MAX];
	size_t n = packet_ipv4(packet, JVPN_IP_PROTO_UDP, len - JVPN_IPV4_HEADER_BYTES);

	packet[JVPN_IPV4_HEADER_BYTES] = port;
	packet[JVPN_IPV4_HEADER_BYTES + 8] = number;
	if (port & 1) {
		packet[1] = 2; /* ECT(0) */
		packet_ipv4_checksum(packet);
	}
	ck_assert_int_eq(jvpn_queue_push(queue, packet, n, now_ns), 0);
}

static bool next_is(struct jvpn_queue *queue, uint8_t port, uint8_t number, uint64_t now_ns)
{
	size_t len;
	const uint8_t *p = peek(queue, now_ns, &len);
	bool is = p && p[JVPN_IPV4_HEADER_BYTES] == port && p[JVPN_IPV4_HEADER_BYTES + 8] == number;

	jvpn_queue_pop(queue);
	return is;
}

START_TEST(queue_peek__bulk_and_a_single_packet__single_one_does_not_wait)
{
	struct jvpn_queue queue = queue_of(1000, 1000000, JVPN_TIME_NEVER);

	for (uint8_t i = 0; i < 20; i++)
		push_flow(&queue, 2, i, 1400, 0);
	ck_assert(next_is(&queue, 2, 0, 0));
	ck_assert(next_is(&queue, 2, 1, 0));
	ck_assert(next_is(&queue, 2, 2, 0));
	push_flow(&queue, 4, 0, 100, 0);
	ck_assert(next_is(&queue, 4, 0, 0));
	ck_assert(next_is(&queue, 2, 3, 0));
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_peek__two_bulk_flows__share_by_octets_in_order)
{
	struct jvpn_queue queue = queue_of(1000, 1000000, JVPN_TIME_NEVER);
	size_t bytes[8] = {0}, len;
	uint8_t number[8] = {0};

	for (uint8_t i = 0; i < 100; i++)
		push_flow(&queue, 2, i, 1400, 0);
	for (uint8_t i = 0; i < 200; i++)
		push_flow(&queue, 4, i, 350, 0);
	for (int i = 0; i < 150; i++) {
		const uint8_t *p = peek(&queue, 0, &len);
		uint8_t port = p[JVPN_IPV4_HEADER_BYTES];

		ck_assert_uint_eq(p[JVPN_IPV4_HEADER_BYTES + 8], number[port]);
		number[port]++;
		bytes[port] += len;
		jvpn_queue_pop(&queue);
	}
	ck_assert_uint_gt(bytes[4] + 4000, bytes[2]);
	ck_assert_uint_gt(bytes[2] + 4000, bytes[4]);
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_push__full__the_longest_flow_pays)
{
	struct jvpn_queue queue = queue_of(10, 1000000, JVPN_TIME_NEVER);

	push_flow(&queue, 4, 0, 100, 0);
	for (uint8_t i = 0; i < 20; i++)
		push_flow(&queue, 2, i, 1400, 0);
	ck_assert_uint_eq(queue.packets, 10);
	ck_assert_uint_eq(queue.counters.dropped_full, 11);
	ck_assert(next_is(&queue, 4, 0, 0));
	ck_assert(next_is(&queue, 2, 11, 0));
	jvpn_queue_clear(&queue);
}
END_TEST

/* One packet a millisecond comes in, one leaves, 30 stand in between. Returns how many at the end. */
static uint64_t standing_queue(struct jvpn_queue *queue, uint8_t port, bool *marked)
{
	uint64_t now = 0;
	uint8_t in = 0;

	while (in < 30)
		push_flow(queue, port, in++, 1400, now);
	*marked = false;
	for (int i = 0; i < 400; i++) {
		size_t len;
		const uint8_t *p;

		now += JVPN_NS_PER_MS;
		push_flow(queue, port, in++, 1400, now);
		p = peek(queue, now, &len);
		ck_assert_ptr_nonnull(p);
		*marked |= (p[1] & 3) == 3;
		jvpn_queue_pop(queue);
	}
	return queue->packets;
}

START_TEST(queue_peek__standing_queue__codel_drops_or_marks)
{
	struct jvpn_queue queue = queue_of(1000, 1000000, JVPN_TIME_NEVER);
	bool marked;
	uint64_t left;

	queue.config.codel = (struct jvpn_codel_config){.target_ns = 5 * JVPN_NS_PER_MS,
							.interval_ns = 100 * JVPN_NS_PER_MS};
	left = standing_queue(&queue, (uint8_t)(2 + _i), &marked);
	if (_i == 0) {
		ck_assert(!marked);
		ck_assert_uint_gt(queue.counters.dropped_codel, 3);
		ck_assert_uint_lt(left, 28);
	} else { /* ECT: nothing is lost, the sender is told */
		ck_assert(marked);
		ck_assert_uint_gt(queue.counters.marked, 3);
		ck_assert_uint_eq(queue.counters.dropped_codel, 0);
		ck_assert_uint_eq(left, 30);
	}
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_peek__burst_after_an_outage__nothing_is_dropped)
{
	struct jvpn_queue queue = queue_of(1000, 1000000, 250 * JVPN_NS_PER_MS);

	queue.config.codel = (struct jvpn_codel_config){.target_ns = 5 * JVPN_NS_PER_MS,
							.interval_ns = 100 * JVPN_NS_PER_MS};
	for (uint8_t i = 0; i < 200; i++)
		push_flow(&queue, 2, i, 1400, i * JVPN_NS_PER_MS);
	for (uint8_t i = 0; i < 200; i++)
		ck_assert(next_is(&queue, 2, i, 210 * JVPN_NS_PER_MS + i * 10000ULL));
	ck_assert_uint_eq(queue.counters.taken, 200);
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue__pool__buffers_come_back_and_are_bounded)
{
	struct jvpn_pool pool = {0};
	struct jvpn_queue queue = queue_of(10000, 100000000, JVPN_TIME_NEVER);

	queue.config.pool = &pool;
	for (int i = 0; i < 1000; i++)
		push(&queue, 1, 1500, 0);
	for (int i = 0; i < 1000; i++)
		expect_next(&queue, 1, 1500, 0);
	ck_assert_uint_eq(pool.usual.kept, JVPN_POOL_KEEP);
	jvpn_queue_clear(&queue);
	jvpn_pool_clear(&pool);
	ck_assert_ptr_null(pool.usual.first);
}
END_TEST

/* ---- super-packets ---- */

#define TCP_BYTES 20
#define SEGMENT   100

/* TCP over IPv4, 'payload' octets that count up; the segmenter is set. */
static struct jvpn_super *super_of(struct jvpn_pool *pool, uint8_t port, size_t payload)
{
	struct jvpn_tun_offload offload = {.gso = JVPN_GSO_TCP4, .segment_bytes = SEGMENT};
	struct jvpn_super *super = jvpn_super_new(pool);
	size_t len = packet_ipv4(super->data, JVPN_IP_PROTO_TCP, TCP_BYTES + payload);
	uint8_t *tcp = super->data + JVPN_IPV4_HEADER_BYTES;

	memset(tcp, 0, TCP_BYTES);
	tcp[0] = port;
	tcp[12] = TCP_BYTES / 4 << 4;
	tcp[13] = 0x18;
	for (size_t i = 0; i < payload; i++)
		tcp[TCP_BYTES + i] = (uint8_t)i;
	ck_assert_int_eq(jvpn_segment_init(&super->segmenter, &offload, super->data, len), 0);
	return super;
}

static uint32_t hash_of(const struct jvpn_queue *queue, const struct jvpn_super *super)
{
	return jvpn_queue_hash(queue, super->data, super->segmenter.len);
}

static void put_super(struct jvpn_queue *queue, struct jvpn_super *super, uint64_t now_ns)
{
	ck_assert_int_eq(jvpn_queue_put_super(queue, hash_of(queue, super), super, now_ns), 0);
}

/* Many slow sessions: each keeps a little, and whoever is short loses nothing. */
START_TEST(queue__all_have_too_much__a_long_queue_gets_shorter)
{
	static struct jvpn_pool pool;
	struct jvpn_queue many = queue_of(4096, 3000000, JVPN_TIME_NEVER);
	struct jvpn_queue few = queue_of(4096, 3000000, JVPN_TIME_NEVER);

	many.config.pool = few.config.pool = &pool;
	for (int i = 0; i < 2000; i++)
		push(&many, 1, 1000, 0);
	push(&few, 2, 1000, 0);
	ck_assert_uint_eq(many.bytes, 2000000);
	ck_assert_uint_ge(pool.used, 2001000);
	pool.used += JVPN_POOL_SCARCE_BYTES;
	push(&many, 1, 1000, 0);
	push(&few, 2, 1000, 0);
	ck_assert_uint_le(many.bytes, JVPN_QUEUE_SCARCE_BYTES);
	ck_assert_uint_ge(many.bytes, JVPN_QUEUE_SCARCE_BYTES - 1000);
	ck_assert_uint_eq(few.bytes, 2000);
	pool.used -= JVPN_POOL_SCARCE_BYTES;
	jvpn_queue_clear(&many);
	jvpn_queue_clear(&few);
	ck_assert_uint_eq(pool.used, 0);
	jvpn_pool_clear(&pool);
}
END_TEST

START_TEST(queue_put_super__segments__are_those_of_the_segmenter)
{
	struct jvpn_pool pool = {0};
	struct jvpn_queue queue = queue_of(100, 100000, JVPN_TIME_NEVER);
	struct jvpn_super *super = super_of(&pool, 1, 950);
	struct jvpn_segmenter alone;
	uint8_t out[2000], data[2000];
	size_t len;

	queue.config.pool = &pool;
	memcpy(data, super->data, super->segmenter.len);
	alone = super->segmenter;
	alone.packet = data;
	put_super(&queue, super, 0);
	ck_assert_uint_eq(queue.packets, 10);
	ck_assert_uint_eq(queue.bytes, 950 + 10 * (JVPN_IPV4_HEADER_BYTES + TCP_BYTES));
	while ((len = jvpn_segment_next_len(&alone)) != 0) {
		size_t got = 0;
		const uint8_t *p = peek(&queue, 0, &got);

		jvpn_segment_next(&alone, out);
		ck_assert_uint_eq(got, len);
		ck_assert_mem_eq(p, out, len);
		ck_assert(packet_tcp_checksum_is_right(out, len));
		ck_assert_mem_eq(peek(&queue, 0, &got), out, len); /* until it is popped */
		jvpn_queue_pop(&queue);
	}
	ck_assert(jvpn_queue_is_empty(&queue));
	ck_assert_uint_eq(queue.bytes, 0);
	ck_assert_uint_eq(queue.counters.taken, 10);
	ck_assert_uint_eq(pool.large.kept, 1);
	jvpn_queue_clear(&queue);
	jvpn_pool_clear(&pool);
}
END_TEST

START_TEST(queue_put_super__another_flow__has_its_turn_in_between)
{
	struct jvpn_queue queue = queue_of(1000, 1000000, JVPN_TIME_NEVER);
	size_t len, got = 0;

	put_super(&queue, super_of(NULL, 1, 30000), 0);
	(void)peek(&queue, 0, &len);
	jvpn_queue_pop(&queue);
	push_flow(&queue, 9, 1, 100, 0);
	/* What is left of the first flow's turn, and then the new one at once. */
	while (got < 20 && peek(&queue, 0, &len)[JVPN_IPV4_HEADER_BYTES] != 9) {
		jvpn_queue_pop(&queue);
		got++;
	}
	ck_assert_uint_le(got, JVPN_QUEUE_QUANTUM / SEGMENT);
	ck_assert(next_is(&queue, 9, 1, 0));
	jvpn_queue_clear(&queue); /* with what is left of the super-packet */
	ck_assert_uint_eq(queue.packets, 0);
	ck_assert_uint_eq(queue.bytes, 0);
}
END_TEST

START_TEST(queue_put_super__full_while_a_segment_is_out__it_stays_whole)
{
	struct jvpn_queue queue = queue_of(10, 100000, JVPN_TIME_NEVER);
	uint8_t before[200];
	size_t len, again;

	put_super(&queue, super_of(NULL, 1, 5 * SEGMENT), 0);
	memcpy(before, peek(&queue, 0, &len), sizeof(before) < SEGMENT ? sizeof(before) : SEGMENT);
	/* The two that follow are pushed out, and the chosen one is not. */
	for (uint8_t i = 0; i < 7; i++)
		push_flow(&queue, 2, i, 40, 0);
	ck_assert_uint_eq(queue.packets, 10);
	ck_assert_uint_eq(queue.counters.dropped_full, 2);
	ck_assert_mem_eq(peek(&queue, 0, &again), before, SEGMENT);
	ck_assert_uint_eq(again, len);
	jvpn_queue_pop(&queue);
	for (int i = 0; i < 9; i++) {
		ck_assert_ptr_nonnull(peek(&queue, 0, &len));
		jvpn_queue_pop(&queue);
	}
	ck_assert(jvpn_queue_is_empty(&queue));
	ck_assert_uint_eq(queue.bytes, 0);
	/* The same, with the queue cleared meanwhile. */
	put_super(&queue, super_of(NULL, 1, 5 * SEGMENT), 0);
	(void)peek(&queue, 0, &len);
	jvpn_queue_clear(&queue);
	ck_assert_uint_eq(queue.bytes, 0);
}
END_TEST

START_TEST(queue_put_super__larger_than_the_queue__stays_the_callers)
{
	struct jvpn_queue queue = queue_of(9, 100000, JVPN_TIME_NEVER);
	struct jvpn_super *super = super_of(NULL, 1, 10 * SEGMENT);

	ck_assert_int_eq(jvpn_queue_put_super(&queue, 1, super, 0), JVPN_ERANGE);
	queue.config.max_packets = 10;
	queue.config.max_bytes = 10 * SEGMENT;
	ck_assert_int_eq(jvpn_queue_put_super(&queue, 1, super, 0), JVPN_ERANGE);
	jvpn_super_free(NULL, super);
	jvpn_queue_clear(&queue);
}
END_TEST

/* 64 KiB in segments of 16 octets are more than a queue may hold when all are short. */
START_TEST(queue_put_super__tiny_segments_and_all_have_too_much__stays_the_callers)
{
	static struct jvpn_pool pool;
	struct jvpn_tun_offload offload = {.gso = JVPN_GSO_TCP4, .segment_bytes = 8};
	struct jvpn_queue queue = queue_of(8192, 3000000, JVPN_TIME_NEVER);
	struct jvpn_super *super = super_of(&pool, 1, 60000);

	queue.config.pool = &pool;
	ck_assert_int_eq(
		jvpn_segment_init(&super->segmenter, &offload, super->data, super->segmenter.len),
		0);
	push(&queue, 2, 1000, 0);
	pool.used += JVPN_POOL_SCARCE_BYTES;
	ck_assert_int_eq(jvpn_queue_put_super(&queue, 1, super, 0), JVPN_ERANGE);
	ck_assert_uint_eq(queue.packets, 1);
	pool.used -= JVPN_POOL_SCARCE_BYTES;
	jvpn_super_free(&pool, super);
	jvpn_queue_clear(&queue);
	jvpn_pool_clear(&pool);
}
END_TEST

START_TEST(queue_put_super__standing_queue__one_segment_is_marked)
{
	struct jvpn_queue queue = queue_of(1000, 1000000, JVPN_TIME_NEVER);
	struct jvpn_super *super = super_of(NULL, 1, 30000);
	uint8_t *p;
	size_t len, marked = 0;

	queue.config.codel = (struct jvpn_codel_config){.target_ns = 5 * JVPN_NS_PER_MS,
							.interval_ns = 100 * JVPN_NS_PER_MS};
	super->data[1] |= 2; /* ECT(0) */
	packet_ipv4_checksum(super->data);
	ck_assert_int_eq(jvpn_segment_init(&super->segmenter,
					   &(struct jvpn_tun_offload){.gso = JVPN_GSO_TCP4,
								      .segment_bytes = SEGMENT},
					   super->data, super->segmenter.len),
			 0);
	put_super(&queue, super, 0);
	for (uint64_t at_ms = 50; (p = peek(&queue, at_ms * JVPN_NS_PER_MS, &len)); at_ms++) {
		struct jvpn_ippkt view;

		ck_assert_int_eq(jvpn_ippkt_parse(p, len, &view), 0);
		ck_assert(packet_tcp_checksum_is_right(p, len));
		marked += view.ecn == 3;
		jvpn_queue_pop(&queue);
		if (at_ms == 160)
			break;
	}
	ck_assert_uint_eq(marked, 1);
	ck_assert_uint_eq(queue.counters.marked, 1);
	ck_assert_uint_eq(queue.counters.dropped_codel, 0);
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_rest__empty_for_long__gives_its_memory_back_and_works_again)
{
	struct jvpn_queue queue = queue_of(10, 10000, JVPN_TIME_NEVER);

	jvpn_queue_rest(&queue, 0);
	push(&queue, 1, 100, 1000);
	jvpn_queue_rest(&queue, 1000 + JVPN_QUEUE_REST_NS);
	ck_assert_ptr_nonnull(queue.flow); /* it waits */
	expect_next(&queue, 1, 100, 1000);
	jvpn_queue_rest(&queue, 1000 + JVPN_QUEUE_REST_NS - 1);
	ck_assert_ptr_nonnull(queue.flow); /* nothing is allocated for each packet */
	jvpn_queue_rest(&queue, 1000 + JVPN_QUEUE_REST_NS);
	ck_assert_ptr_null(queue.flow);
	ck_assert_uint_eq(queue.counters.queued, 1);
	ck_assert_uint_eq(queue.counters.taken, 1);
	push(&queue, 2, 100, JVPN_QUEUE_REST_NS);
	push(&queue, 3, 100, JVPN_QUEUE_REST_NS);
	expect_next(&queue, 2, 100, JVPN_QUEUE_REST_NS);
	expect_next(&queue, 3, 100, JVPN_QUEUE_REST_NS);
	ck_assert_uint_eq(queue.counters.taken, 3);
	jvpn_queue_clear(&queue);
}
END_TEST

START_TEST(queue_rest__nobody_takes_them__what_is_too_old_goes)
{
	struct jvpn_queue queue = queue_of(10, 10000, 100);
	size_t len;

	push(&queue, 1, 100, 0);
	push(&queue, 2, 100, 0);
	ck_assert_ptr_nonnull(peek(&queue, 0, &len)); /* chosen, not taken */
	jvpn_queue_rest(&queue, JVPN_QUEUE_REST_NS);
	ck_assert_ptr_null(queue.flow);
	ck_assert_uint_eq(queue.counters.dropped_stale, 2);
	ck_assert_uint_eq(queue.bytes, 0);
	ck_assert_ptr_null(peek(&queue, JVPN_QUEUE_REST_NS, &len));
	jvpn_queue_clear(&queue);
}
END_TEST

UNIT_TESTS(queue)
{
	tcase_add_test(tc, queue__all_have_too_much__a_long_queue_gets_shorter);
	tcase_add_test(tc, queue_put_super__segments__are_those_of_the_segmenter);
	tcase_add_test(tc, queue_put_super__another_flow__has_its_turn_in_between);
	tcase_add_test(tc, queue_put_super__full_while_a_segment_is_out__it_stays_whole);
	tcase_add_test(tc, queue_put_super__larger_than_the_queue__stays_the_callers);
	tcase_add_test(tc, queue_put_super__tiny_segments_and_all_have_too_much__stays_the_callers);
	tcase_add_test(tc, queue_put_super__standing_queue__one_segment_is_marked);
	tcase_add_test(tc, queue_push__three_packets__come_out_in_order);
	tcase_add_test(tc, queue_push__over_the_packet_limit__drops_the_oldest);
	tcase_add_test(tc, queue_push__over_the_octet_limit__drops_as_many_as_needed);
	tcase_add_test(tc, queue_push__larger_than_the_queue_or_empty__is_refused_and_nothing_lost);
	tcase_add_test(tc, queue_figures__of_two_queues__are_their_sum_and_outlive_them);
	tcase_add_test(tc, queue_figures__a_chosen_packet__has_waited_until_it_leaves);
	tcase_add_test(tc, queue_peek__packets_older_than_the_limit__are_dropped);
	tcase_add_test(tc, queue_peek__bulk_and_a_single_packet__single_one_does_not_wait);
	tcase_add_test(tc, queue_peek__two_bulk_flows__share_by_octets_in_order);
	tcase_add_test(tc, queue_push__full__the_longest_flow_pays);
	tcase_add_loop_test(tc, queue_peek__standing_queue__codel_drops_or_marks, 0, 2);
	tcase_add_test(tc, queue_peek__burst_after_an_outage__nothing_is_dropped);
	tcase_add_test(tc, queue__pool__buffers_come_back_and_are_bounded);
	tcase_add_test(tc, queue_rest__empty_for_long__gives_its_memory_back_and_works_again);
	tcase_add_test(tc, queue_rest__nobody_takes_them__what_is_too_old_goes);
}
