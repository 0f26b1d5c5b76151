/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "audit/runs.h"

static struct jvpn_trail_runs runs;

START_TEST(runs__gaps__are_counted_by_process)
{
	runs = (struct jvpn_trail_runs){0};
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 7, 5), 0);
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 8, 100), 0);
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 7, 6), 0);
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 7, 10), 3);
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 8, 102), 1);
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 8, 102), 0);
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 8, 3), 0);
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 8, UINT64_MAX), UINT64_MAX - 4);
}
END_TEST

START_TEST(runs__too_many_processes__the_first_is_forgotten)
{
	runs = (struct jvpn_trail_runs){0};
	for (uint64_t pid = 1; pid <= JVPN_TRAIL_RUNS_MAX + 1; pid++)
		ck_assert_uint_eq(jvpn_trail_runs_take(&runs, pid, 10 * pid), 0);
	ck_assert_uint_eq(runs.count, JVPN_TRAIL_RUNS_MAX);
	for (uint64_t pid = 2; pid <= JVPN_TRAIL_RUNS_MAX + 1; pid++)
		ck_assert_uint_eq(jvpn_trail_runs_take(&runs, pid, 10 * pid + 3), 2);
	ck_assert_uint_eq(jvpn_trail_runs_take(&runs, 1, 1000), 0);
}
END_TEST

UNIT_TESTS(runs)
{
	tcase_add_test(tc, runs__gaps__are_counted_by_process);
	tcase_add_test(tc, runs__too_many_processes__the_first_is_forgotten);
}
