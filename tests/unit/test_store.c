/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What every store must do, run against each backend that is built in (_i).
 */
#include <stdio.h>
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
	ck_assert_msg(fixture_open(&f) == 0, "%s", f.error);
}

static void teardown(void)
{
	fixture_clear(&f);
}

/* Adds lines to an operation; the array lives as long as the test. */
static void with_lines(struct jvpn_store_op *op, const char *a, const char *b)
{
	static struct jvpn_store_line line[8][2];
	static int next;
	struct jvpn_store_line *l = line[next++ % 8];

	l[0] = (struct jvpn_store_line){a, strlen(a)};
	op->line = l;
	op->line_count = 1;
	if (b) {
		l[1] = (struct jvpn_store_line){b, strlen(b)};
		op->line_count = 2;
	}
}

START_TEST(store_cas__new_then_next__is_ok)
{
	start(_i);
	ck_assert_int_eq(fixture_cas(&f, 1, 0, 1), JVPN_STORE_OK);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 4), JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_version(&f, 1), 4);
	ck_assert_uint_eq(fixture_records(&f), 1);
}
END_TEST

START_TEST(store_cas__wrong_from_version__conflicts_and_changes_nothing)
{
	struct jvpn_store_op op;
	const struct jvpn_store_result *r;

	start(_i);
	fixture_cas(&f, 1, 0, 3);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 2, 5);
	with_lines(&op, "never", NULL);
	r = fixture_do(&f, &op);
	ck_assert_int_eq(r->status, JVPN_STORE_CONFLICT);
	ck_assert_uint_eq(r->version, 3);
	ck_assert_uint_eq(fixture_version(&f, 1), 3);
	ck_assert_str_eq(fixture_audit(&f, 0), "");
}
END_TEST

START_TEST(store_cas__insert_over_existing__conflicts)
{
	start(_i);
	fixture_cas(&f, 1, 0, 3);
	ck_assert_int_eq(fixture_cas(&f, 1, 0, 1), JVPN_STORE_CONFLICT);
	ck_assert_uint_eq(fixture_version(&f, 1), 3);
}
END_TEST

START_TEST(store_cas__unknown_session__conflicts_with_version_0)
{
	struct jvpn_store_op op;
	const struct jvpn_store_result *r;

	start(_i);
	op = fixture_op(JVPN_STORE_OP_CAS, 9, 1, 2);
	r = fixture_do(&f, &op);
	ck_assert_int_eq(r->status, JVPN_STORE_CONFLICT);
	ck_assert_uint_eq(r->version, 0);
	ck_assert_uint_eq(fixture_records(&f), 0);
}
END_TEST

START_TEST(store_append__same_nonce_again__is_ok_and_written_once)
{
	struct jvpn_store_op op;

	start(_i);
	fixture_cas(&f, 1, 0, 1);
	op = fixture_op(JVPN_STORE_OP_APPEND, 1, 1, 2);
	op.state = JVPN_STATE_VOLATILE;
	with_lines(&op, "volatile", NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_version(&f, 1), 2);
	ck_assert_str_eq(fixture_audit(&f, 0), "volatile,");
}
END_TEST

START_TEST(store_append__same_version_other_nonce__conflicts)
{
	struct jvpn_store_op op;

	start(_i);
	fixture_cas(&f, 1, 0, 1);
	op = fixture_op(JVPN_STORE_OP_APPEND, 1, 1, 2);
	fixture_do(&f, &op);
	op.nonce.incarnation++;
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_CONFLICT);
	op.nonce.incarnation--;
	op.nonce.counter++;
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_CONFLICT);
}
END_TEST

START_TEST(store_reread__own_nonce__is_found)
{
	start(_i);
	fixture_cas(&f, 1, 0, 1);
	fixture_cas(&f, 1, 1, 4);
	ck_assert_int_eq(fixture_reread(&f, 1, 4), JVPN_STORE_FOUND);
	ck_assert_uint_eq(f.result[f.count - 1].version, 4);
}
END_TEST

START_TEST(store_reread__other_nonce_or_session__is_not_found)
{
	start(_i);
	fixture_cas(&f, 1, 0, 1);
	fixture_cas(&f, 1, 1, 4);
	ck_assert_int_eq(fixture_reread(&f, 1, 1), JVPN_STORE_NOT_FOUND);
	ck_assert_uint_eq(f.result[f.count - 1].version, 4);
	ck_assert_int_eq(fixture_reread(&f, 2, 4), JVPN_STORE_NOT_FOUND);
}
END_TEST

START_TEST(store_terminated__record__becomes_a_tombstone)
{
	struct jvpn_store_op op;

	start(_i);
	fixture_cas(&f, 1, 0, 1);
	op = fixture_op(JVPN_STORE_OP_APPEND, 1, 1, 2);
	op.state = JVPN_STATE_TERMINATED;
	op.record_len = 0;
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_records(&f), 0);
	/* idempotent, found, and never alive again */
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	ck_assert_int_eq(fixture_reread(&f, 1, 2), JVPN_STORE_FOUND);
	ck_assert_int_eq(fixture_cas(&f, 1, 2, 3), JVPN_STORE_CONFLICT);
	ck_assert_int_eq(fixture_cas(&f, 1, 0, 9), JVPN_STORE_CONFLICT);
	ck_assert_uint_eq(fixture_records(&f), 0);
}
END_TEST

START_TEST(store_terminated__never_stored__is_ok)
{
	struct jvpn_store_op op;

	start(_i);
	op = fixture_op(JVPN_STORE_OP_APPEND, 1, 0, 1);
	op.state = JVPN_STATE_TERMINATED;
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_records(&f), 0);
}
END_TEST

START_TEST(store_remove__record__ends_it_with_its_lines)
{
	struct jvpn_store_op op;

	start(_i);
	fixture_cas(&f, 1, 0, 7);
	op = fixture_op(JVPN_STORE_OP_REMOVE, 1, 6, 0);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_CONFLICT);
	op.from_version = 7;
	with_lines(&op, "removed", NULL);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_records(&f), 0);
	ck_assert_str_eq(fixture_audit(&f, 0), "removed,");
	ck_assert_int_eq(fixture_cas(&f, 1, 7, 8), JVPN_STORE_CONFLICT);
}
END_TEST

START_TEST(store_audit__lines__come_back_in_order)
{
	struct jvpn_store_op op;

	start(_i);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 0, 3);
	with_lines(&op, "a1", "a2");
	fixture_do(&f, &op);
	op = fixture_op(JVPN_STORE_OP_AUDIT, 0, 0, 0);
	memset(&op.id, 0, sizeof(op.id));
	with_lines(&op, "policy", NULL);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	op = fixture_op(JVPN_STORE_OP_CAS, 2, 0, 1);
	with_lines(&op, "b1", NULL);
	fixture_do(&f, &op);
	ck_assert_str_eq(fixture_audit(&f, 0), "a1,a2,policy,b1,");
	ck_assert_str_eq(fixture_audit(&f, 2), "policy,b1,");
	ck_assert_str_eq(fixture_audit(&f, UINT64_MAX), "");
}
END_TEST

static int stop_at_once(void *user, const struct jvpn_store_audit_entry *entry)
{
	int *calls = user;

	(void)entry;
	++*calls;
	return 77;
}

START_TEST(store_audit__callback_says_stop__stops)
{
	struct jvpn_store_op op;
	int calls = 0;

	start(_i);
	op = fixture_op(JVPN_STORE_OP_AUDIT, 1, 0, 0);
	with_lines(&op, "x", "y");
	fixture_do(&f, &op);
	ck_assert_int_eq(jvpn_store_audit(f.store, 0, stop_at_once, &calls, f.error), 77);
	ck_assert_int_eq(calls, 1);
}
END_TEST

static uint64_t trim(uint64_t max_bytes, uint64_t before_ms)
{
	struct jvpn_store_op op = {
		.kind = JVPN_STORE_OP_TRIM, .max_bytes = max_bytes, .before_wall_ms = before_ms};
	const struct jvpn_store_result *r = fixture_do(&f, &op);

	ck_assert_int_eq(r->status, JVPN_STORE_OK);
	return r->count;
}

static void say(uint32_t n, uint64_t wall_ms, const char *text)
{
	struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_AUDIT, n, 0, 0);

	op.wall_ms = wall_ms;
	with_lines(&op, text, NULL);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
}

START_TEST(store_trim__within_limits__deletes_nothing)
{
	start(_i);
	say(1, 1000, "one");
	ck_assert_uint_eq(trim(1 << 20, 1000), 0);
	ck_assert_str_eq(fixture_audit(&f, 0), "one,");
}
END_TEST

START_TEST(store_trim__too_old__goes)
{
	start(_i);
	say(1, 1000, "one");
	say(1, 2000, "two");
	say(1, 3000, "three");
	ck_assert_uint_eq(trim(1 << 20, 3000), 2);
	ck_assert_str_eq(fixture_audit(&f, 0), "three,");
}
END_TEST

START_TEST(store_trim__too_large__longest_ended_session_goes_first)
{
	struct jvpn_store_stats stats;
	struct jvpn_store_op op;

	start(_i);
	fixture_cas(&f, 1, 0, 1);
	fixture_cas(&f, 2, 0, 1);
	say(1, 1, "living");
	say(2, 2, "ended");
	op = fixture_op(JVPN_STORE_OP_APPEND, 2, 1, 2);
	op.state = JVPN_STATE_TERMINATED;
	with_lines(&op, "over", NULL);
	fixture_do(&f, &op);
	say(1, 3, "still");
	jvpn_store_get_stats(f.store, &stats);
	ck_assert_uint_eq(trim(stats.audit_bytes - 1, 0), 2);
	ck_assert_str_eq(fixture_audit(&f, 0), "living,still,");
	/* nobody has ended any more: the oldest goes, one is enough */
	jvpn_store_get_stats(f.store, &stats);
	ck_assert_uint_eq(trim(stats.audit_bytes - 1, 0), 1);
	ck_assert_str_eq(fixture_audit(&f, 0), "still,");
	ck_assert_uint_eq(trim(0, 0), 1);
	ck_assert_str_eq(fixture_audit(&f, 0), "");
	jvpn_store_get_stats(f.store, &stats);
	ck_assert_uint_eq(stats.audit_bytes, 0);
}
END_TEST

START_TEST(store_trim__more_than_a_batch__says_so)
{
	struct jvpn_store_line line[JVPN_STORE_LINES_MAX];
	struct jvpn_store_op op = {.kind = JVPN_STORE_OP_TRIM};

	fixture_init(&f, backends[_i]);
	ck_assert_int_eq(fixture_open(&f), 0);
	for (int i = 0; i < JVPN_STORE_LINES_MAX; i++)
		line[i] = (struct jvpn_store_line){"line", 4};
	for (int i = 0; i < 70; i++) {
		struct jvpn_store_op add = fixture_op(JVPN_STORE_OP_AUDIT, 1, 0, 0);

		add.line = line;
		add.line_count = JVPN_STORE_LINES_MAX;
		ck_assert_int_eq(jvpn_store_submit(f.store, &add, f.now_ns), 0);
	}
	fixture_wait(&f, 70);
	fixture_do(&f, &op);
	ck_assert_uint_eq(f.result[70].count, JVPN_STORE_TRIM_BATCH);
	ck_assert(f.result[70].more);
	fixture_do(&f, &op);
	ck_assert_uint_eq(f.result[71].count, 70 * JVPN_STORE_LINES_MAX - JVPN_STORE_TRIM_BATCH);
	ck_assert(!f.result[71].more);
}
END_TEST

START_TEST(store_alive__committed__comes_back)
{
	struct jvpn_store_op op = {.kind = JVPN_STORE_OP_ALIVE};
	struct jvpn_stamp stamp;

	start(_i);
	ck_assert_int_eq(jvpn_store_alive(f.store, &stamp), JVPN_ENOTFOUND);
	for (uint64_t i = 1; i <= 2; i++) {
		op.stamp = (struct jvpn_stamp){1790000000000 + i, 555 + i, {7, 8, 9}};
		ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
	}
	ck_assert_int_eq(jvpn_store_alive(f.store, &stamp), 0);
	ck_assert_mem_eq(&stamp, &op.stamp, sizeof(stamp));
}
END_TEST

START_TEST(store_submit__nonsense__is_refused)
{
	struct jvpn_store_line empty = {"", 0};
	struct jvpn_store_op op;

	start(_i);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 2, 2);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EINVAL);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 0, 1ULL << 63);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EINVAL);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 0, 1);
	op.record_len = 0;
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EINVAL);
	op.record_len = JVPN_RECORD_MAX + 1;
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EINVAL);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 0, 1);
	op.state = JVPN_STATE_NONE;
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EINVAL);
	op = fixture_op(JVPN_STORE_OP_AUDIT, 1, 0, 0);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EINVAL);
	op.line = &empty;
	op.line_count = 1;
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EINVAL);
	op.kind = JVPN_STORE_OP_NONE;
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EINVAL);
	ck_assert_uint_eq(jvpn_store_pending(f.store), 0);
}
END_TEST

START_TEST(store_submit__too_many_in_flight__is_full)
{
	struct jvpn_store_op op;
	struct jvpn_store_stats stats;

	fixture_init(&f, backends[_i]);
	f.config.queue_max = 4;
	ck_assert_int_eq(fixture_open(&f), 0);
	for (uint32_t n = 0; n < 4; n++) {
		op = fixture_op(JVPN_STORE_OP_CAS, n, 0, 1);
		ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), 0);
	}
	op = fixture_op(JVPN_STORE_OP_CAS, 4, 0, 1);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), JVPN_EFULL);
	fixture_wait(&f, 4);
	ck_assert_int_eq(jvpn_store_submit(f.store, &op, 0), 0);
	fixture_wait(&f, 5);
	jvpn_store_get_stats(f.store, &stats);
	ck_assert_uint_eq(stats.refused, 1);
	ck_assert_uint_eq(stats.ok, 5);
	ck_assert_uint_eq(fixture_records(&f), 5);
}
END_TEST

START_TEST(store_result__any__says_whose_it_is)
{
	struct jvpn_store_op op;
	const struct jvpn_store_result *r;
	struct jvpn_id id = fixture_id(3);

	start(_i);
	op = fixture_op(JVPN_STORE_OP_CAS, 3, 0, 2);
	op.tag = 4711;
	r = fixture_do(&f, &op);
	ck_assert_int_eq(r->kind, JVPN_STORE_OP_CAS);
	ck_assert_uint_eq(r->tag, 4711);
	ck_assert(jvpn_id_equal(&r->id, &id));
	ck_assert_uint_eq(r->nonce.counter, 2);
	ck_assert_uint_eq(r->to_version, 2);
	ck_assert_uint_eq(jvpn_store_next_deadline(f.store), JVPN_TIME_NEVER);
}
END_TEST

START_TEST(store_mem__full_of_records__refuses_then_gives_tombstones_away)
{
	struct jvpn_store_op op;

	fixture_init(&f, JVPN_STORE_BACKEND_MEMORY);
	f.config.memory_records = 2;
	ck_assert_int_eq(fixture_open(&f), 0);
	ck_assert(!jvpn_store_is_durable(f.store));
	fixture_cas(&f, 1, 0, 1);
	fixture_cas(&f, 2, 0, 1);
	ck_assert_int_eq(fixture_cas(&f, 3, 0, 1), JVPN_STORE_FAILED);
	op = fixture_op(JVPN_STORE_OP_REMOVE, 1, 0, 0);
	fixture_do(&f, &op);
	ck_assert_int_eq(fixture_cas(&f, 3, 0, 1), JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_records(&f), 2);
}
END_TEST

START_TEST(store_mem__audit_beyond_its_limit__drops_the_oldest)
{
	fixture_init(&f, JVPN_STORE_BACKEND_MEMORY);
	f.config.memory_audit_bytes = 140; /* two entries: 64 + 1 octets each */
	ck_assert_int_eq(fixture_open(&f), 0);
	say(1, 1, "a");
	say(1, 1, "b");
	say(1, 1, "c");
	ck_assert_str_eq(fixture_audit(&f, 0), "b,c,");
}
END_TEST

START_TEST(store_open__no_backend__is_invalid)
{
	fixture_init(&f, JVPN_STORE_BACKEND_NONE);
	ck_assert_int_eq(fixture_open(&f), JVPN_EINVAL);
	ck_assert_str_ne(f.error, "");
}
END_TEST

UNIT_TESTS(store)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, store_cas__new_then_next__is_ok, 0, BACKENDS);
	tcase_add_loop_test(tc, store_cas__wrong_from_version__conflicts_and_changes_nothing, 0,
			    BACKENDS);
	tcase_add_loop_test(tc, store_cas__insert_over_existing__conflicts, 0, BACKENDS);
	tcase_add_loop_test(tc, store_cas__unknown_session__conflicts_with_version_0, 0, BACKENDS);
	tcase_add_loop_test(tc, store_append__same_nonce_again__is_ok_and_written_once, 0,
			    BACKENDS);
	tcase_add_loop_test(tc, store_append__same_version_other_nonce__conflicts, 0, BACKENDS);
	tcase_add_loop_test(tc, store_reread__own_nonce__is_found, 0, BACKENDS);
	tcase_add_loop_test(tc, store_reread__other_nonce_or_session__is_not_found, 0, BACKENDS);
	tcase_add_loop_test(tc, store_terminated__record__becomes_a_tombstone, 0, BACKENDS);
	tcase_add_loop_test(tc, store_terminated__never_stored__is_ok, 0, BACKENDS);
	tcase_add_loop_test(tc, store_remove__record__ends_it_with_its_lines, 0, BACKENDS);
	tcase_add_loop_test(tc, store_audit__lines__come_back_in_order, 0, BACKENDS);
	tcase_add_loop_test(tc, store_audit__callback_says_stop__stops, 0, BACKENDS);
	tcase_add_loop_test(tc, store_trim__within_limits__deletes_nothing, 0, BACKENDS);
	tcase_add_loop_test(tc, store_trim__too_old__goes, 0, BACKENDS);
	tcase_add_loop_test(tc, store_trim__too_large__longest_ended_session_goes_first, 0,
			    BACKENDS);
	tcase_add_loop_test(tc, store_trim__more_than_a_batch__says_so, 0, BACKENDS);
	tcase_add_loop_test(tc, store_alive__committed__comes_back, 0, BACKENDS);
	tcase_add_loop_test(tc, store_submit__nonsense__is_refused, 0, BACKENDS);
	tcase_add_loop_test(tc, store_submit__too_many_in_flight__is_full, 0, BACKENDS);
	tcase_add_loop_test(tc, store_result__any__says_whose_it_is, 0, BACKENDS);
	tcase_add_test(tc, store_mem__full_of_records__refuses_then_gives_tombstones_away);
	tcase_add_test(tc, store_mem__audit_beyond_its_limit__drops_the_oldest);
	tcase_add_test(tc, store_open__no_backend__is_invalid);
}
