/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/limiter: boundaries exact to the millisecond, and "never more than N in any window".
 */
#include "unit.h"

#include "base/rng.h"
#include "core/limiter.h"

#define MS 1000000ULL
#define T0 (1000000 * MS)

START_TEST(bucket__burst_then_rate__one_token_each_interval)
{
	struct jvpn_bucket b = {0};

	for (int i = 0; i < 10; i++)
		ck_assert(jvpn_bucket_take(&b, 5, 10, T0));
	ck_assert(!jvpn_bucket_take(&b, 5, 10, T0));
	ck_assert_uint_eq(jvpn_bucket_wait_ns(&b, 5, 10, T0), 200 * MS);
	ck_assert(!jvpn_bucket_take(&b, 5, 10, T0 + 200 * MS - 1));
	ck_assert(jvpn_bucket_take(&b, 5, 10, T0 + 200 * MS));
	ck_assert(!jvpn_bucket_has(&b, 5, 10, T0 + 200 * MS));
	ck_assert(jvpn_bucket_has(&b, 5, 10, T0 + 400 * MS));
}
END_TEST

START_TEST(bucket__extreme_values__saturate)
{
	struct jvpn_bucket b = {0};

	ck_assert(jvpn_bucket_take(&b, 1, UINT64_MAX, UINT64_MAX - 5));
	ck_assert_uint_eq(b.full_ns, UINT64_MAX);
	b.full_ns = 0;
	ck_assert(jvpn_bucket_take(&b, 0, 0, 0)); /* counts as 1 */
	ck_assert(!jvpn_bucket_take(&b, 0, 0, 999 * MS));
	ck_assert(jvpn_bucket_take(&b, 0, 0, 1000 * MS));
}
END_TEST

START_TEST(bucket__rate_that_does_not_divide__is_never_exceeded)
{
	struct jvpn_bucket b = {0};
	int taken = 0;

	for (uint64_t t = 0; t < 1000; t++) /* 1 s in steps of 1 ms */
		taken += jvpn_bucket_take(&b, 7, 1, T0 + t * MS);
	ck_assert_int_le(taken, 7);
	ck_assert_int_ge(taken, 6);
}
END_TEST

START_TEST(tally__boundary__exact_to_the_millisecond)
{
	struct jvpn_tally_entry e[8];
	uint8_t used = 0;
	struct jvpn_tally t = {e, &used, 8};

	jvpn_tally_add(&t, 60000, 1000);
	jvpn_tally_add(&t, 60000, 2000);
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, 2000), 2);
	ck_assert_uint_eq(jvpn_tally_wait_ms(&t, 60000, 3, 2000), 0);
	ck_assert_uint_eq(jvpn_tally_wait_ms(&t, 60000, 2, 2000), 59000);
	ck_assert_uint_eq(jvpn_tally_wait_ms(&t, 60000, 1, 2000), 60000);
	ck_assert_uint_eq(jvpn_tally_wait_ms(&t, 60000, 0, 2000), 60000);
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, 60999), 2);
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, 61000), 1);
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, 62000), 0);
}
END_TEST

/* Whatever is admitted by "sum < limit": never more than the limit in any window, also when the
 * tally had to merge. */
static void any_window(uint64_t limit, uint32_t window, uint64_t seed)
{
	static uint64_t admitted[20000];
	struct jvpn_tally_entry e[24];
	uint8_t used = 0;
	struct jvpn_tally t = {e, &used, 24};
	struct jvpn_rng rng;
	uint64_t now = 0;
	size_t n = 0;

	jvpn_rng_init(&rng, seed);
	for (int i = 0; i < 20000; i++) {
		now += jvpn_rng_below(&rng, 2 * window / limit);
		if (jvpn_tally_wait_ms(&t, window, limit, now) != 0)
			continue;
		jvpn_tally_add(&t, window, now);
		admitted[n++] = now;
		ck_assert(n <= limit || admitted[n - 1 - limit] + window <= now);
	}
	ck_assert_uint_gt(n, limit);
}

START_TEST(tally__random_load__never_over_the_limit_in_any_window)
{
	any_window(8, 60000, 1);
	any_window(24, 60000, 2);
	any_window(120, 3600000, 3);
	any_window(600, 60000, 4);
	any_window(1, 60000, 5);
}
END_TEST

/* A busy hour must not make the minute refuse what is far below its limit. */
START_TEST(tally__one_switch_each_30_s_for_hours__minute_stays_exact_hour_within_a_tenth)
{
	struct jvpn_tally_entry e[32];
	uint8_t used = 0;
	struct jvpn_tally t = {e, &used, 32};

	for (uint64_t now = 0; now < 4 * 3600000; now += 30000) {
		if (now >= 3600000) {
			ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, now), 1);
			ck_assert_uint_ge(jvpn_tally_sum(&t, 3600000, now), 119);
			ck_assert_uint_le(jvpn_tally_sum(&t, 3600000, now), 132);
		}
		jvpn_tally_add(&t, 3600000, now);
	}
}
END_TEST

/* Four a second, as a bench policy allows: 240 a minute, 14400 an hour. */
START_TEST(tally__four_a_second_for_hours__within_a_fifth)
{
	struct jvpn_tally_entry e[32];
	uint8_t used = 0;
	struct jvpn_tally t = {e, &used, 32};

	for (uint64_t now = 0; now < 3 * 3600000; now += 250) {
		jvpn_tally_add(&t, 3600000, now);
		if (now < 3600000)
			continue;
		ck_assert_uint_ge(jvpn_tally_sum(&t, 60000, now), 240);
		ck_assert_uint_le(jvpn_tally_sum(&t, 60000, now), 288);
		ck_assert_uint_ge(jvpn_tally_sum(&t, 3600000, now), 14400);
		ck_assert_uint_le(jvpn_tally_sum(&t, 3600000, now), 17280);
	}
}
END_TEST

START_TEST(tally__up_to_its_entries__loses_nothing)
{
	struct jvpn_tally_entry e[24];
	uint8_t used = 0;
	struct jvpn_tally t = {e, &used, 24};

	for (uint64_t i = 0; i < 24; i++)
		jvpn_tally_add(&t, 60000, i * 100);
	ck_assert_uint_eq(jvpn_tally_wait_ms(&t, 60000, 24, 2300), 57700);
	jvpn_tally_add(&t, 60000, 2400); /* now two are merged, at the later time */
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, 2400), 25);
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, 60000), 24);
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, 60100), 24); /* 100 counts as 200 */
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, 60200), 22);
}
END_TEST

START_TEST(tally__time_beyond_32_bits__saturates_towards_refusal)
{
	struct jvpn_tally_entry e[2];
	uint8_t used = 0;
	struct jvpn_tally t = {e, &used, 2};

	jvpn_tally_add(&t, 60000, UINT64_MAX);
	ck_assert_uint_eq(jvpn_tally_sum(&t, 60000, UINT32_MAX), 1);
}
END_TEST

START_TEST(refusals__ten_of_a_connection__close_it)
{
	struct jvpn_refusals conn = {{0}, 0};

	for (int i = 1; i < JVPN_REFUSAL_CLOSE_AFTER; i++)
		ck_assert_int_eq(jvpn_refusals_charge(&conn, NULL, T0), JVPN_REFUSAL_ANSWER);
	ck_assert_int_eq(jvpn_refusals_charge(&conn, NULL, T0), JVPN_REFUSAL_CLOSE);
	ck_assert_int_eq(jvpn_refusals_charge(&conn, NULL, T0 + 3600000 * MS), JVPN_REFUSAL_CLOSE);
}
END_TEST

START_TEST(refusals__many_connections_of_a_source__are_dropped)
{
	struct jvpn_bucket source = {0};
	int answered = 0;

	for (int i = 0; i < 100; i++) {
		struct jvpn_refusals conn = {{0}, 0};

		answered += jvpn_refusals_charge(&conn, &source, T0) == JVPN_REFUSAL_ANSWER;
	}
	ck_assert_int_eq(answered, JVPN_REFUSAL_SOURCE_BURST);
}
END_TEST

UNIT_TESTS(limiter)
{
	tcase_add_test(tc, bucket__burst_then_rate__one_token_each_interval);
	tcase_add_test(tc, bucket__extreme_values__saturate);
	tcase_add_test(tc, bucket__rate_that_does_not_divide__is_never_exceeded);
	tcase_add_test(tc, tally__boundary__exact_to_the_millisecond);
	tcase_add_test(tc, tally__random_load__never_over_the_limit_in_any_window);
	tcase_add_test(
		tc, tally__one_switch_each_30_s_for_hours__minute_stays_exact_hour_within_a_tenth);
	tcase_add_test(tc, tally__four_a_second_for_hours__within_a_fifth);
	tcase_add_test(tc, tally__up_to_its_entries__loses_nothing);
	tcase_add_test(tc, tally__time_beyond_32_bits__saturates_towards_refusal);
	tcase_add_test(tc, refusals__ten_of_a_connection__close_it);
	tcase_add_test(tc, refusals__many_connections_of_a_source__are_dropped);
}
