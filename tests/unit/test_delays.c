/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of base/delays: classes, their borders, sums.
 */
#include "base/delays.h"

#include "base/time.h"
#include "unit.h"

START_TEST(delays_observe__borders__belong_to_the_lower_class)
{
	struct jvpn_delays h = {.sum_ns = 0};

	jvpn_delays_observe(&h, 0);
	jvpn_delays_observe(&h, jvpn_delays_bound_ns[0]);
	jvpn_delays_observe(&h, jvpn_delays_bound_ns[0] + 1);
	jvpn_delays_observe(&h, 30 * JVPN_NS_PER_S);
	jvpn_delays_observe(&h, 30 * JVPN_NS_PER_S + 1);
	ck_assert_uint_eq(h.count[0], 2);
	ck_assert_uint_eq(h.count[1], 1);
	ck_assert_uint_eq(h.count[JVPN_DELAYS_BOUNDS - 1], 1);
	ck_assert_uint_eq(h.count[JVPN_DELAYS_BOUNDS], 1);
	ck_assert_uint_eq(jvpn_delays_total(&h), 5);
	ck_assert_uint_eq(h.sum_ns, 2 * jvpn_delays_bound_ns[0] + 60 * JVPN_NS_PER_S + 2);
}
END_TEST

START_TEST(delays_bounds__all__grow)
{
	for (size_t i = 1; i < JVPN_DELAYS_BOUNDS; i++)
		ck_assert_uint_gt(jvpn_delays_bound_ns[i], jvpn_delays_bound_ns[i - 1]);
}
END_TEST

START_TEST(delays_add__two__is_their_sum)
{
	struct jvpn_delays a = {.sum_ns = 0}, b = {.sum_ns = 0};

	jvpn_delays_observe(&a, 1);
	jvpn_delays_observe(&b, 2);
	jvpn_delays_observe(&b, JVPN_NS_PER_S);
	jvpn_delays_add(&a, &b);
	ck_assert_uint_eq(a.count[0], 2);
	ck_assert_uint_eq(jvpn_delays_total(&a), 3);
	ck_assert_uint_eq(a.sum_ns, JVPN_NS_PER_S + 3);
}
END_TEST

UNIT_TESTS(delays)
{
	tcase_add_test(tc, delays_observe__borders__belong_to_the_lower_class);
	tcase_add_test(tc, delays_bounds__all__grow);
	tcase_add_test(tc, delays_add__two__is_their_sum);
}
