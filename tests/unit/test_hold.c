/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The hold queue: order, bounds, and what belongs to whom.
 */
#include <stdlib.h>
#include <string.h>

#include "quic/hold.h"
#include "unit.h"

static struct jvpn_hold_budget budget;

static void add(struct jvpn_hold *h, uint32_t generation, uint8_t number, size_t len)
{
	uint8_t packet[256];

	memset(packet, number, sizeof(packet));
	jvpn_hold_add(h, generation, packet, len, 0);
}

static void expect(struct jvpn_hold *h, uint32_t generation, uint8_t number)
{
	struct jvpn_hold_packet *p = jvpn_hold_take(h, generation);

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->data[0], number);
	free(p);
}

START_TEST(hold_take__two_generations__keeps_each_order)
{
	struct jvpn_hold h;

	budget = (struct jvpn_hold_budget){.max_bytes = 1000};
	jvpn_hold_init(&h, &budget, 10, 1000);
	add(&h, 1, 1, 10);
	add(&h, JVPN_HOLD_UNDECIDED, 2, 10);
	add(&h, 1, 3, 10);
	jvpn_hold_decide(&h, 2);
	add(&h, 2, 4, 10);
	expect(&h, 2, 2);
	expect(&h, 1, 1);
	expect(&h, 1, 3);
	ck_assert_ptr_null(jvpn_hold_take(&h, 1));
	expect(&h, 2, 4);
	add(&h, 2, 5, 10);
	expect(&h, 2, 5);
	ck_assert_uint_eq(budget.bytes, 0);
	ck_assert_uint_eq(h.queued, 5);
	ck_assert_uint_eq(h.dropped, 0);
}
END_TEST

START_TEST(hold_add__each_bound__drops_and_counts)
{
	struct jvpn_hold h, other;

	budget = (struct jvpn_hold_budget){.max_bytes = 250};
	jvpn_hold_init(&h, &budget, 3, 150);
	jvpn_hold_init(&other, &budget, 100, 1000);
	for (int i = 0; i < 4; i++)
		add(&h, 1, 1, 10);
	ck_assert_uint_eq(h.dropped, 1); /* count */
	jvpn_hold_clear(&h);
	ck_assert_uint_eq(h.dropped, 4);
	add(&h, 1, 1, 100);
	add(&h, 1, 1, 51);
	ck_assert_uint_eq(h.dropped, 5); /* bytes of the connection */
	add(&other, 1, 1, 151);
	ck_assert_uint_eq(other.dropped, 1); /* bytes of the process */
	add(&other, 1, 1, 150);
	ck_assert_uint_eq(other.dropped, 1);
	jvpn_hold_clear(&h);
	jvpn_hold_clear(&other);
	ck_assert_uint_eq(budget.bytes, 0);
}
END_TEST

START_TEST(hold_keep__others__are_dropped_and_the_tail_stays_right)
{
	struct jvpn_hold h;

	budget = (struct jvpn_hold_budget){.max_bytes = 1000};
	jvpn_hold_init(&h, &budget, 10, 1000);
	for (uint8_t i = 0; i < 6; i++)
		add(&h, i % 3, i, 10);
	jvpn_hold_keep(&h, 0, 1);
	ck_assert_uint_eq(h.dropped, 2);
	add(&h, 0, 9, 10);
	expect(&h, 0, 0);
	expect(&h, 0, 3);
	expect(&h, 0, 9);
	jvpn_hold_keep(&h, UINT32_MAX, UINT32_MAX);
	ck_assert_uint_eq(h.count, 0);
	add(&h, 4, 7, 10);
	expect(&h, 4, 7);
}
END_TEST

START_TEST(hold_expire__old_ones__are_dropped_and_counted)
{
	struct jvpn_hold h;

	budget = (struct jvpn_hold_budget){.max_bytes = 1000};
	jvpn_hold_init(&h, &budget, 10, 1000);
	for (uint64_t t = 1; t <= 4; t++)
		jvpn_hold_add(&h, 1, (const uint8_t *)"x", 1, t);
	jvpn_hold_expire(&h, 3);
	ck_assert_uint_eq(h.count, 2);
	ck_assert_uint_eq(h.dropped, 2);
	ck_assert_uint_eq(budget.bytes, 2);
	jvpn_hold_expire(&h, 100);
	ck_assert_ptr_null(h.head);
	jvpn_hold_add(&h, 1, (const uint8_t *)"x", 1, 5);
	ck_assert_uint_eq(h.count, 1);
	jvpn_hold_clear(&h);
}
END_TEST

START_TEST(hold_undecided__is_not_the_generation_that_means_none)
{
	struct jvpn_hold h;

	budget = (struct jvpn_hold_budget){.max_bytes = 1000};
	jvpn_hold_init(&h, &budget, 10, 1000);
	add(&h, JVPN_HOLD_UNDECIDED, 1, 10);
	jvpn_hold_keep(&h, UINT32_MAX, 0);
	ck_assert_uint_eq(h.count, 0);
}
END_TEST

UNIT_TESTS(hold)
{
	tcase_add_test(tc, hold_take__two_generations__keeps_each_order);
	tcase_add_test(tc, hold_add__each_bound__drops_and_counts);
	tcase_add_test(tc, hold_keep__others__are_dropped_and_the_tail_stays_right);
	tcase_add_test(tc, hold_expire__old_ones__are_dropped_and_counted);
	tcase_add_test(tc, hold_undecided__is_not_the_generation_that_means_none);
}
