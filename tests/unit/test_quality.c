/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/quality: windows, thresholds, hysteresis.
 */
#include "unit.h"

#include "core/quality.h"

#define MS 1000000ULL
#define T0 (1000000 * MS)

static struct jvpn_policy policy;
static struct jvpn_quality q;

static void setup(void)
{
	jvpn_policy_init(&policy);
	jvpn_quality_init(&q, T0);
}

START_TEST(quality_loss__fewer_than_20_packets__says_nothing)
{
	setup();
	jvpn_quality_on_packets(&q, &policy, 19, 19, T0);
	ck_assert_uint_eq(jvpn_quality_loss_ppm(&q, &policy, T0), 0);
	jvpn_quality_on_packets(&q, &policy, 1, 0, T0);
	ck_assert_uint_eq(jvpn_quality_loss_ppm(&q, &policy, T0), 950000);
}
END_TEST

START_TEST(quality_loss__threshold__is_inclusive_and_said_once)
{
	setup();
	jvpn_quality_on_packets(&q, &policy, 1000, 199, T0);
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, T0), JVPN_QUALITY_NONE);
	jvpn_quality_on_packets(&q, &policy, 0, 1, T0);
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, T0), JVPN_QUALITY_LOSS);
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, T0), JVPN_QUALITY_NONE);
}
END_TEST

START_TEST(quality_loss__window_passes__is_forgotten)
{
	setup();
	jvpn_quality_on_packets(&q, &policy, 100, 50, T0);
	ck_assert_uint_eq(jvpn_quality_loss_ppm(&q, &policy, T0 + 1999 * MS), 500000);
	ck_assert_uint_eq(jvpn_quality_loss_ppm(&q, &policy, T0 + 2000 * MS), 0);
}
END_TEST

/* Just below the threshold is not good again; half of it for min_stability_ms is. */
START_TEST(quality__hysteresis__healthy_only_after_stability)
{
	uint64_t t = T0;

	setup();
	jvpn_quality_on_packets(&q, &policy, 100, 30, t);
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, t), JVPN_QUALITY_LOSS);
	for (int i = 0; i < 40; i++) { /* 19 %: below the threshold, above half of it */
		t += 100 * MS;
		jvpn_quality_on_packets(&q, &policy, 100, 19, t);
		ck_assert_int_eq(jvpn_quality_poll(&q, &policy, t), JVPN_QUALITY_NONE);
	}
	t += 4000 * MS;
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, t), JVPN_QUALITY_NONE);
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, t + 999 * MS), JVPN_QUALITY_NONE);
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, t + 1000 * MS), JVPN_QUALITY_HEALTHY);
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, t + 1000 * MS), JVPN_QUALITY_NONE);
}
END_TEST

START_TEST(quality_latency__p95__nearest_rank_in_the_window)
{
	setup();
	ck_assert_uint_eq(jvpn_quality_p95_us(&q, &policy, T0), 0);
	for (uint32_t i = 20; i >= 1; i--)
		jvpn_quality_on_rtt(&q, &policy, i * 1000, T0);
	ck_assert_uint_eq(jvpn_quality_p95_us(&q, &policy, T0), 19000);
	jvpn_quality_on_rtt(&q, &policy, 500, T0 + 1999 * MS);
	ck_assert_uint_eq(jvpn_quality_p95_us(&q, &policy, T0 + 2000 * MS), 500);
}
END_TEST

START_TEST(quality_latency__threshold__off_by_default)
{
	setup();
	jvpn_quality_on_rtt(&q, &policy, 4000000, T0);
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, T0), JVPN_QUALITY_NONE);
	policy.latency_volatile_threshold_ms = 4000;
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, T0), JVPN_QUALITY_NONE);
	policy.latency_volatile_threshold_ms = 3999;
	ck_assert_int_eq(jvpn_quality_poll(&q, &policy, T0), JVPN_QUALITY_LATENCY);
}
END_TEST

UNIT_TESTS(quality)
{
	tcase_add_test(tc, quality_loss__fewer_than_20_packets__says_nothing);
	tcase_add_test(tc, quality_loss__threshold__is_inclusive_and_said_once);
	tcase_add_test(tc, quality_loss__window_passes__is_forgotten);
	tcase_add_test(tc, quality__hysteresis__healthy_only_after_stability);
	tcase_add_test(tc, quality_latency__p95__nearest_rank_in_the_window);
	tcase_add_test(tc, quality_latency__threshold__off_by_default);
}
