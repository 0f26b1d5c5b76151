/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of tun/codel: RFC 8289's control law against its own words.
 */
#include "base/time.h"
#include "tun/codel.h"
#include "unit.h"

#define MS(n) ((uint64_t)(n)*JVPN_NS_PER_MS)

static const struct jvpn_codel_config usual = {.target_ns = MS(5), .interval_ns = MS(100)};

static bool ask(struct jvpn_codel *c, uint64_t waited_ms, uint64_t at_ms)
{
	return jvpn_codel_should_drop(c, &usual, MS(waited_ms), 100000, MS(at_ms));
}

START_TEST(codel__below_the_target__never_drops)
{
	struct jvpn_codel c = {0};

	for (uint64_t t = 0; t < 10000; t++)
		ck_assert(!ask(&c, 4, t));
}
END_TEST

START_TEST(codel__above_for_less_than_an_interval__does_not_drop)
{
	struct jvpn_codel c = {0};

	for (uint64_t t = 0; t < 10000; t++)
		ck_assert(!ask(&c, t % 100 == 99 ? 1 : 50, t));
}
END_TEST

START_TEST(codel__stays_above__first_drop_after_an_interval_then_ever_faster)
{
	struct jvpn_codel c = {0};
	uint64_t last = 0, gap = 0, drops = 0;

	for (uint64_t t = 0; t < 1000; t++) {
		if (!ask(&c, 50, t))
			continue;
		drops++;
		if (drops == 1)
			ck_assert_uint_eq(t, 100);
		if (drops == 2)
			ck_assert_uint_eq(t, 200);
		if (drops == 3) /* 100 / sqrt(2) */
			ck_assert_uint_eq(t, 271);
		if (drops > 2)
			ck_assert_uint_le(t - last, gap + 1);
		gap = t - last;
		last = t;
	}
	ck_assert_uint_gt(drops, 20);
}
END_TEST

START_TEST(codel__less_than_a_packet_behind__does_not_drop)
{
	struct jvpn_codel c = {0};

	for (uint64_t t = 0; t < 1000; t++)
		ck_assert(!jvpn_codel_should_drop(&c, &usual, MS(50), 1499, MS(t)));
}
END_TEST

START_TEST(codel__target_0__is_off)
{
	struct jvpn_codel_config off = {0};
	struct jvpn_codel c = {0};

	for (uint64_t t = 0; t < 1000; t++)
		ck_assert(!jvpn_codel_should_drop(&c, &off, MS(500), 100000, MS(t)));
}
END_TEST

UNIT_TESTS(codel)
{
	tcase_add_test(tc, codel__below_the_target__never_drops);
	tcase_add_test(tc, codel__above_for_less_than_an_interval__does_not_drop);
	tcase_add_test(tc, codel__stays_above__first_drop_after_an_interval_then_ever_faster);
	tcase_add_test(tc, codel__less_than_a_packet_behind__does_not_drop);
	tcase_add_test(tc, codel__target_0__is_off);
}
