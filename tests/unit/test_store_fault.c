/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Failing, late and lost operations, and what the front makes of them: certain or unknown, settled by
 * a re-read, late outcomes swallowed.
 */
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "store_fixture.h"
#include "unit.h"

static const enum jvpn_store_backend_kind backends[] = {
	JVPN_STORE_BACKEND_MEMORY,
#ifdef JVPN_STORE_SQLITE
	JVPN_STORE_BACKEND_SQLITE,
#endif
};

#define BACKENDS ((int)(sizeof(backends) / sizeof(backends[0])))

static struct store_fixture f;

static void start(int i)
{
	fixture_init(&f, backends[i]);
	ck_assert_int_eq(jvpn_store_fault_new(&f.config.fault), 0);
	f.config.timeout_ms = 500;
	ck_assert_msg(fixture_open(&f) == 0, "%s", f.error);
	ck_assert_int_eq(fixture_cas(&f, 1, 0, 1), JVPN_STORE_OK);
}

static void teardown(void)
{
	fixture_clear(&f);
	jvpn_store_fault_free(f.config.fault);
}

static void rule(enum jvpn_store_fault_kind kind, enum jvpn_store_kind op, uint64_t nth)
{
	struct jvpn_store_fault_rule r = {.kind = kind, .op = op, .nth = nth};

	ck_assert_int_eq(jvpn_store_fault_add(f.config.fault, &r), 0);
}

/* Submits a CAS of session 1 whose answer does not come, and lets its deadline pass. */
static enum jvpn_store_status cas_until_deadline(uint64_t from, uint64_t to)
{
	struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_CAS, 1, from, to);
	size_t before = f.count;

	ck_assert_int_eq(jvpn_store_submit(f.store, &op, f.now_ns), 0);
	ck_assert_uint_eq(jvpn_store_next_deadline(f.store), f.now_ns + 500 * JVPN_NS_PER_MS);
	jvpn_store_dispatch(f.store, f.now_ns + 500 * JVPN_NS_PER_MS - 1);
	ck_assert_uint_eq(f.count, before);
	f.now_ns += 500 * JVPN_NS_PER_MS;
	jvpn_store_dispatch(f.store, f.now_ns);
	ck_assert_uint_eq(f.count, before + 1);
	return f.result[before].status;
}

START_TEST(fault_fail__nth__only_that_one_and_not_written)
{
	start(_i);
	rule(JVPN_STORE_FAULT_FAIL, JVPN_STORE_OP_CAS, 2);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_OK);
	ck_assert_int_eq(fixture_reread(&f, 1, 2),
			 JVPN_STORE_FOUND); /* does not count: not a CAS */
	ck_assert_int_eq(fixture_cas(&f, 1, 2, 3), JVPN_STORE_FAILED);
	ck_assert_uint_eq(fixture_version(&f, 1), 2);
	ck_assert_int_eq(fixture_cas(&f, 1, 2, 3), JVPN_STORE_OK);
}
END_TEST

START_TEST(fault_fail__count__so_many)
{
	struct jvpn_store_fault_rule r = {JVPN_STORE_FAULT_FAIL, JVPN_STORE_OP_NONE, 1, 3};

	start(_i);
	jvpn_store_fault_add(f.config.fault, &r);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_FAILED);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_OK);
	ck_assert_uint_eq(jvpn_store_fault_seen(f.config.fault), 5);
}
END_TEST

START_TEST(fault_conflict__any__says_conflict)
{
	start(_i);
	rule(JVPN_STORE_FAULT_CONFLICT, JVPN_STORE_OP_CAS, 1);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_CONFLICT);
	ck_assert_uint_eq(fixture_version(&f, 1), 1);
}
END_TEST

START_TEST(fault_full__submit__is_refused_without_a_result)
{
	struct jvpn_store_op op;
	size_t before;

	start(_i);
	before = f.count;
	rule(JVPN_STORE_FAULT_FULL, JVPN_STORE_OP_CAS, 1);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 1, 2);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, f.now_ns), JVPN_EFULL);
	jvpn_store_dispatch(f.store, JVPN_TIME_NEVER - 1);
	ck_assert_uint_eq(f.count, before);
	ck_assert_uint_eq(jvpn_store_pending(f.store), 0);
}
END_TEST

START_TEST(fault_delay__deadline_before_it_began__is_certain)
{
	start(_i);
	rule(JVPN_STORE_FAULT_DELAY, JVPN_STORE_OP_CAS, 1);
	ck_assert_int_eq(cas_until_deadline(1, 2), JVPN_STORE_FAILED);
	ck_assert_uint_eq(jvpn_store_fault_release(f.config.fault), 0);
	ck_assert_int_eq(fixture_reread(&f, 1, 2), JVPN_STORE_NOT_FOUND);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_OK);
}
END_TEST

START_TEST(fault_delay__released_in_time__is_ok)
{
	struct jvpn_store_op op;
	size_t before;

	start(_i);
	before = f.count;
	rule(JVPN_STORE_FAULT_DELAY, JVPN_STORE_OP_CAS, 1);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 1, 2);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, f.now_ns), 0);
	f.now_ns += 7;
	ck_assert_uint_eq(jvpn_store_fault_release(f.config.fault), 1);
	fixture_wait(&f, before + 1);
	ck_assert_int_eq(f.result[before].status, JVPN_STORE_OK);
	ck_assert_uint_eq(f.result[before].latency_ns, 7);
}
END_TEST

START_TEST(fault_delay__reread_beyond_its_deadline__stays_unknown)
{
	struct jvpn_store_op op;
	size_t before;

	start(_i);
	before = f.count;
	rule(JVPN_STORE_FAULT_DELAY, JVPN_STORE_OP_REREAD, 1);
	op = fixture_op(JVPN_STORE_OP_REREAD, 1, 0, 1);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, f.now_ns), 0);
	f.now_ns += 500 * JVPN_NS_PER_MS;
	jvpn_store_dispatch(f.store, f.now_ns);
	ck_assert_uint_eq(f.count, before + 1);
	ck_assert_int_eq(f.result[before].status, JVPN_STORE_TIMEOUT);
}
END_TEST

START_TEST(fault_lose_answer__written__reread_finds_it_and_late_answer_is_swallowed)
{
	struct jvpn_store_stats stats;

	start(_i);
	rule(JVPN_STORE_FAULT_LOSE_ANSWER, JVPN_STORE_OP_CAS, 1);
	ck_assert_int_eq(cas_until_deadline(1, 4), JVPN_STORE_TIMEOUT);
	ck_assert_int_eq(fixture_reread(&f, 1, 4), JVPN_STORE_FOUND);
	ck_assert_uint_eq(fixture_version(&f, 1), 4);
	size_t before = f.count;

	ck_assert_uint_eq(jvpn_store_fault_release(f.config.fault), 1);
	jvpn_store_dispatch(f.store, f.now_ns);
	ck_assert_uint_eq(f.count, before);
	jvpn_store_get_stats(f.store, &stats);
	ck_assert_uint_eq(stats.late, 1);
	ck_assert_uint_eq(stats.timeout, 1);
	ck_assert_uint_eq(stats.orphaned, 0);
}
END_TEST

START_TEST(fault_lose_request__not_written__reread_does_not_find_it)
{
	start(_i);
	rule(JVPN_STORE_FAULT_LOSE_REQUEST, JVPN_STORE_OP_CAS, 1);
	ck_assert_int_eq(cas_until_deadline(1, 4), JVPN_STORE_TIMEOUT);
	ck_assert_int_eq(fixture_reread(&f, 1, 4), JVPN_STORE_NOT_FOUND);
	ck_assert_uint_eq(fixture_version(&f, 1), 1);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 5), JVPN_STORE_OK);
}
END_TEST

START_TEST(fault_lose_request__orphans__count_against_the_limit)
{
	struct jvpn_store_fault_rule r = {JVPN_STORE_FAULT_LOSE_REQUEST, JVPN_STORE_OP_CAS, 1, 9};
	struct jvpn_store_op op;

	fixture_init(&f, backends[_i]);
	ck_assert_int_eq(jvpn_store_fault_new(&f.config.fault), 0);
	f.config.timeout_ms = 500;
	f.config.queue_max = 2;
	ck_assert_int_eq(fixture_open(&f), 0);
	jvpn_store_fault_add(f.config.fault, &r);
	cas_until_deadline(0, 1);
	cas_until_deadline(0, 1);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 0, 1);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, f.now_ns), JVPN_EFULL);
}
END_TEST

START_TEST(fault_add__nonsense_or_too_many__is_refused)
{
	struct jvpn_store_fault_rule r = {JVPN_STORE_FAULT_FAIL, JVPN_STORE_OP_NONE, 0, 1};

	start(_i);
	ck_assert_int_eq(jvpn_store_fault_add(f.config.fault, &r), JVPN_EINVAL);
	r.nth = 1000;
	for (int i = 0; i < JVPN_STORE_FAULTS_MAX; i++)
		ck_assert_int_eq(jvpn_store_fault_add(f.config.fault, &r), 0);
	ck_assert_int_eq(jvpn_store_fault_add(f.config.fault, &r), JVPN_EFULL);
	jvpn_store_fault_reset(f.config.fault);
	ck_assert_int_eq(jvpn_store_fault_add(f.config.fault, &r), 0);
}
END_TEST

UNIT_TESTS(store_fault)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, fault_fail__nth__only_that_one_and_not_written, 0, BACKENDS);
	tcase_add_loop_test(tc, fault_fail__count__so_many, 0, BACKENDS);
	tcase_add_loop_test(tc, fault_conflict__any__says_conflict, 0, BACKENDS);
	tcase_add_loop_test(tc, fault_full__submit__is_refused_without_a_result, 0, BACKENDS);
	tcase_add_loop_test(tc, fault_delay__deadline_before_it_began__is_certain, 0, BACKENDS);
	tcase_add_loop_test(tc, fault_delay__released_in_time__is_ok, 0, BACKENDS);
	tcase_add_loop_test(tc, fault_delay__reread_beyond_its_deadline__stays_unknown, 0,
			    BACKENDS);
	tcase_add_loop_test(
		tc, fault_lose_answer__written__reread_finds_it_and_late_answer_is_swallowed, 0,
		BACKENDS);
	tcase_add_loop_test(tc, fault_lose_request__not_written__reread_does_not_find_it, 0,
			    BACKENDS);
	tcase_add_loop_test(tc, fault_lose_request__orphans__count_against_the_limit, 0, BACKENDS);
	tcase_add_loop_test(tc, fault_add__nonsense_or_too_many__is_refused, 0, BACKENDS);
}
