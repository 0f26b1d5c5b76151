/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of audit/histogram: percentiles close to those of the sorted values, whatever is put in.
 */
#include "audit/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct jvpn_histogram h;

static void setup(void)
{
	memset(&h, 0, sizeof(h));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

START_TEST(histogram_percentile__many_values__within_a_percent)
{
	static uint64_t v[5000];
	uint64_t x = 88172645463325252ULL;

	for (unsigned i = 0; i < 5000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		v[i] = x >> (20 + x % 40); /* of every size */
		jvpn_histogram_put(&h, v[i] &= (UINT64_C(1) << 41) - 1);
	}
	qsort(v, 5000, sizeof(v[0]), compare);
	for (unsigned p = 1; p <= 100; p++) {
		uint64_t exact = v[5000 * p / 100 - 1], got = jvpn_histogram_percentile(&h, p);
		uint64_t off = got > exact ? got - exact : exact - got;

		ck_assert_msg(off <= exact / 100 + 1, "p%u: %llu for %llu", p,
			      (unsigned long long)got, (unsigned long long)exact);
	}
	ck_assert_uint_eq(jvpn_histogram_percentile(&h, 100), v[4999]);
	ck_assert_uint_eq(h.least_us, v[0]);
}
END_TEST

START_TEST(histogram_percentile__none_one_and_two__exact)
{
	ck_assert_uint_eq(jvpn_histogram_percentile(&h, 99), 0);
	jvpn_histogram_put(&h, 123457);
	ck_assert_uint_eq(jvpn_histogram_percentile(&h, 1), 123457);
	ck_assert_uint_eq(jvpn_histogram_percentile(&h, 99), 123457);
	jvpn_histogram_put(&h, 7);
	ck_assert_uint_eq(jvpn_histogram_percentile(&h, 50), 7);
	ck_assert_uint_eq(jvpn_histogram_percentile(&h, 51), 123457);
}
END_TEST

START_TEST(histogram_put__largest_value__kept)
{
	jvpn_histogram_put(&h, UINT64_MAX);
	jvpn_histogram_put(&h, 0);
	ck_assert_uint_eq(jvpn_histogram_percentile(&h, 100), UINT64_MAX);
	ck_assert_uint_eq(h.bar[0], 1);
	ck_assert_uint_eq(h.bar[JVPN_HISTOGRAM_BARS - 1], 1);
}
END_TEST

START_TEST(histogram_bars__bounds__inclusive)
{
	jvpn_histogram_put(&h, 1000);
	jvpn_histogram_put(&h, 1001);
	jvpn_histogram_put(&h, 50000000);
	jvpn_histogram_put(&h, 50000001);
	ck_assert_uint_eq(h.bar[0], 1);
	ck_assert_uint_eq(h.bar[1], 1);
	ck_assert_uint_eq(h.bar[JVPN_HISTOGRAM_BARS - 2], 1);
	ck_assert_uint_eq(h.bar[JVPN_HISTOGRAM_BARS - 1], 1);
}
END_TEST

START_TEST(histogram_add__two__as_if_put_into_one)
{
	static struct jvpn_histogram a, b;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	for (uint64_t i = 0; i < 100; i++) {
		jvpn_histogram_put(i % 3 ? &a : &b, i * i * 100);
		jvpn_histogram_put(&h, i * i * 100);
	}
	jvpn_histogram_add(&a, &b);
	ck_assert_mem_eq(&a, &h, sizeof(h));
}
END_TEST

UNIT_TESTS(histogram)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, histogram_percentile__many_values__within_a_percent);
	tcase_add_test(tc, histogram_percentile__none_one_and_two__exact);
	tcase_add_test(tc, histogram_put__largest_value__kept);
	tcase_add_test(tc, histogram_bars__bounds__inclusive);
	tcase_add_test(tc, histogram_add__two__as_if_put_into_one);
}
