/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of tun/queue.
 */
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "tun/queue.h"
#include "unit.h"

static struct jvpn_queue queue_of(size_t packets, size_t bytes, uint64_t sojourn_ns)
{
	struct jvpn_queue_config config = {packets, bytes, sojourn_ns};
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

static void expect_next(struct jvpn_queue *queue, uint8_t mark, size_t len, uint64_t now_ns)
{
	size_t got = 0;
	const uint8_t *packet = jvpn_queue_peek(queue, now_ns, &got);

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
	ck_assert_ptr_null(jvpn_queue_peek(&queue, 5, &len));
	ck_assert_uint_eq(queue.counters.taken, 3);
	ck_assert_uint_eq(queue.bytes, 0);
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
}
END_TEST

UNIT_TESTS(queue)
{
	tcase_add_test(tc, queue_push__three_packets__come_out_in_order);
	tcase_add_test(tc, queue_push__over_the_packet_limit__drops_the_oldest);
	tcase_add_test(tc, queue_push__over_the_octet_limit__drops_as_many_as_needed);
	tcase_add_test(tc, queue_push__larger_than_the_queue_or_empty__is_refused_and_nothing_lost);
	tcase_add_test(tc, queue_peek__packets_older_than_the_limit__are_dropped);
}
