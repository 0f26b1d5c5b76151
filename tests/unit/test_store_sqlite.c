/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What only the SQLite store does: group commit, deadlines against a writer that is held up, full
 * disks and I/O errors at every call (a VFS in front of SQLite's own fails the n-th one).
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "store_fixture.h"
#include "unit.h"

static struct store_fixture f;

/* --- a VFS whose writes and syncs fail on request --- */

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	sqlite3_io_methods methods[2]; /* the database's, other files': SQLite's differ too */
	const sqlite3_io_methods *real_methods[2];
	int rc;     /* what the calls that fail say */
	long skip;  /* so many go well first; __atomic: the writer's thread counts down */
	long times; /* then so many fail */
	bool syncs_only;
} fault;

static int judge(bool sync)
{
	if (fault.syncs_only && !sync)
		return SQLITE_OK;
	if (__atomic_sub_fetch(&fault.skip, 1, __ATOMIC_SEQ_CST) >= 0)
		return SQLITE_OK;
	if (__atomic_sub_fetch(&fault.times, 1, __ATOMIC_SEQ_CST) >= 0)
		return __atomic_load_n(&fault.rc, __ATOMIC_SEQ_CST);
	return SQLITE_OK;
}

static int which(const sqlite3_file *file)
{
	return file->pMethods == &fault.methods[1];
}

static int fault_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	int rc = judge(false);

	return rc ? rc : fault.real_methods[which(file)]->xWrite(file, data, len, at);
}

static int fault_sync(sqlite3_file *file, int flags)
{
	int rc = judge(true);

	return rc ? rc : fault.real_methods[which(file)]->xSync(file, flags);
}

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int rc = fault.real->xOpen(fault.real, name, file, flags, out);
	int other = (flags & SQLITE_OPEN_MAIN_DB) == 0;

	(void)vfs;
	if (rc == SQLITE_OK && file->pMethods) {
		fault.real_methods[other] = file->pMethods;
		fault.methods[other] = *file->pMethods;
		fault.methods[other].xWrite = fault_write;
		fault.methods[other].xSync = fault_sync;
		file->pMethods = &fault.methods[other];
	}
	return rc;
}

static void vfs_install(void)
{
	fault.real = sqlite3_vfs_find(NULL);
	fault.vfs = *fault.real;
	fault.vfs.zName = "jvpn-test";
	fault.vfs.pNext = NULL;
	fault.vfs.xOpen = fault_open;
	ck_assert_int_eq(sqlite3_vfs_register(&fault.vfs, 1), SQLITE_OK);
}

static void vfs_fail(int rc, long skip, long times)
{
	__atomic_store_n(&fault.rc, rc, __ATOMIC_SEQ_CST);
	__atomic_store_n(&fault.times, times, __ATOMIC_SEQ_CST);
	__atomic_store_n(&fault.skip, skip, __ATOMIC_SEQ_CST);
}

static void setup(void)
{
	vfs_install();
	vfs_fail(SQLITE_OK, 0, 0);
	fixture_init(&f, JVPN_STORE_BACKEND_SQLITE);
	ck_assert_msg(fixture_open(&f) == 0, "%s", f.error);
}

static void teardown(void)
{
	vfs_fail(SQLITE_OK, 0, 0);
	fixture_clear(&f);
}

START_TEST(store_group__load__shares_commits)
{
	struct jvpn_store_stats stats;

	for (uint32_t n = 0; n < 2000; n++) {
		struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_CAS, n, 0, 1);

		ck_assert_int_eq(jvpn_store_submit(f.store, &op, 1), 0);
	}
	fixture_wait(&f, 2000);
	jvpn_store_get_stats(f.store, &stats);
	ck_assert_uint_eq(stats.ok, 2000);
	ck_assert_uint_eq(stats.committed_ops, 2000);
	ck_assert_uint_ge(stats.commits, 2000 / JVPN_STORE_GROUP_MAX);
	ck_assert_uint_lt(stats.commits, 1000);
	fixture_reopen(&f);
	ck_assert_uint_eq(fixture_records(&f), 2000);
}
END_TEST

START_TEST(store_group__same_session_in_one_group__keeps_order)
{
	for (uint64_t v = 0; v < 50; v++) {
		struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_CAS, 1, v, v + 1);

		ck_assert_int_eq(jvpn_store_submit(f.store, &op, 1), 0);
	}
	fixture_wait(&f, 50);
	for (uint64_t v = 0; v < 50; v++) {
		ck_assert_int_eq(f.result[v].status, JVPN_STORE_OK);
		ck_assert_uint_eq(f.result[v].to_version, v + 1);
	}
}
END_TEST

START_TEST(store_group__one_conflict__does_not_hurt_the_others)
{
	fixture_cas(&f, 1, 0, 5);
	for (uint32_t n = 1; n <= 30; n++) {
		struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_CAS, n, 0, 1);

		jvpn_store_submit(f.store, &op, 1);
	}
	fixture_wait(&f, 31);
	for (size_t i = 1; i < 31; i++)
		ck_assert_int_eq(f.result[i].status, i == 1 ? JVPN_STORE_CONFLICT : JVPN_STORE_OK);
}
END_TEST

START_TEST(store_close__operations_in_flight__are_written)
{
	for (uint32_t n = 0; n < 300; n++) {
		struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_CAS, n, 0, 1);

		ck_assert_int_eq(jvpn_store_submit(f.store, &op, 1), 0);
	}
	fixture_reopen(&f);
	ck_assert_uint_eq(fixture_records(&f), 300);
}
END_TEST

START_TEST(store_deadline__writer_held_up__is_certain_or_unknown_and_settles)
{
	struct jvpn_store_op op;
	sqlite3 *shell;

	fixture_cas(&f, 1, 0, 1);
	/* somebody's shell holds the write lock: the writer waits in BEGIN */
	ck_assert_int_eq(sqlite3_open(f.path, &shell), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(shell, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 1, 2);
	jvpn_store_submit(f.store, &op, f.now_ns);
	f.now_ns += jvpn_ms_to_ns(JVPN_STORE_TIMEOUT_MS);
	jvpn_store_dispatch(f.store, f.now_ns);
	ck_assert_uint_eq(f.count, 2);
	ck_assert(f.result[1].status == JVPN_STORE_FAILED ||
		  f.result[1].status == JVPN_STORE_TIMEOUT);
	ck_assert_int_eq(sqlite3_exec(shell, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(shell);
	if (fixture_reread(&f, 1, 2) == JVPN_STORE_FOUND) {
		ck_assert_int_eq(f.result[1].status, JVPN_STORE_TIMEOUT);
		ck_assert_uint_eq(fixture_version(&f, 1), 2);
	} else {
		ck_assert_int_eq(f.result[2].status, JVPN_STORE_NOT_FOUND);
		ck_assert_uint_eq(fixture_version(&f, 1), 1);
	}
}
END_TEST

START_TEST(store_reserve__little_room__refuses_new_sessions_only)
{
	char text[JVPN_STORE_ERROR_MAX];

	fixture_cas(&f, 1, 0, 1);
	f.config.reserve_bytes = UINT64_MAX - 1;
	fixture_reopen(&f);
	ck_assert_int_eq(fixture_cas(&f, 2, 0, 1), JVPN_STORE_FAILED);
	ck_assert_int_eq(jvpn_store_health(f.store, text), JVPN_STORE_HEALTH_FULL);
	ck_assert_msg(strstr(text, "disk is full") != NULL, "%s", text);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_records(&f), 1);
}
END_TEST

START_TEST(store_full__write_fails__refuses_then_recovers)
{
	char text[JVPN_STORE_ERROR_MAX];
	struct jvpn_store_op op;

	fixture_cas(&f, 1, 0, 1);
	vfs_fail(SQLITE_FULL, 0, 1000000);
	ck_assert_int_eq(fixture_cas(&f, 2, 0, 1), JVPN_STORE_FAILED);
	op = fixture_op(JVPN_STORE_OP_APPEND, 1, 1, 2);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_FAILED);
	ck_assert_int_eq(jvpn_store_health(f.store, text), JVPN_STORE_HEALTH_FULL);
	vfs_fail(SQLITE_OK, 0, 0);
	ck_assert_int_eq(fixture_reread(&f, 1, 2), JVPN_STORE_NOT_FOUND);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK); /* the retry */
	ck_assert_int_eq(jvpn_store_health(f.store, text), JVPN_STORE_HEALTH_OK);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(fixture_records(&f), 1);
}
END_TEST

START_TEST(store_full__once_in_a_group__existing_sessions_go_through)
{
	struct jvpn_store_op op;
	sqlite3 *shell;

	fixture_cas(&f, 1, 0, 1);
	/* hold the writer until both wait in one group */
	ck_assert_int_eq(sqlite3_open(f.path, &shell), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(shell, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	op = fixture_op(JVPN_STORE_OP_CAS, 2, 0, 1);
	jvpn_store_submit(f.store, &op, 1);
	op = fixture_op(JVPN_STORE_OP_APPEND, 1, 1, 2);
	jvpn_store_submit(f.store, &op, 1);
	vfs_fail(SQLITE_FULL, 0, 1);
	sqlite3_exec(shell, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(shell);
	fixture_wait(&f, 3);
	ck_assert_int_eq(f.result[1].status, JVPN_STORE_FAILED);
	ck_assert_int_eq(f.result[2].status, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_version(&f, 1), 2);
	ck_assert_uint_eq(fixture_version(&f, 2), 0);
}
END_TEST

START_TEST(store_io__sync_fails__is_unknown_until_a_later_commit)
{
	struct jvpn_store_op op;

	fixture_cas(&f, 1, 0, 1);
	fault.syncs_only = true;
	op = fixture_op(JVPN_STORE_OP_CAS, 1, 1, 2);
	vfs_fail(SQLITE_IOERR_FSYNC, 0, 1000000);
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_TIMEOUT);
	/* no re-read is answered while nothing can be made durable */
	ck_assert_int_eq(fixture_reread(&f, 1, 2), JVPN_STORE_TIMEOUT);
	vfs_fail(SQLITE_OK, 0, 0);
	ck_assert_int_eq(fixture_reread(&f, 1, 2), JVPN_STORE_NOT_FOUND);
	fixture_reopen(&f);
	ck_assert_uint_eq(fixture_version(&f, 1), 1);
}
END_TEST

static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC};

/* The n-th write or sync fails, n = 1, 2 ...: an answer of OK is always true, one of FAILED never
 * becomes true, and the store works again afterwards. */
START_TEST(store_io__nth_call_fails__answers_are_true)
{
	uint64_t version = 0;

	for (long n = 0; n < 40; n++) {
		struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_CAS, 1, version, version + 1);
		enum jvpn_store_status status, settled;

		vfs_fail(codes[_i], n, 1);
		status = fixture_do(&f, &op)->status;
		vfs_fail(SQLITE_OK, 0, 0);
		settled = fixture_reread(&f, 1, version + 1);
		ck_assert_int_ne(status, JVPN_STORE_CONFLICT);
		if (status == JVPN_STORE_OK)
			ck_assert_int_eq(settled, JVPN_STORE_FOUND);
		if (status == JVPN_STORE_FAILED)
			ck_assert_int_eq(settled, JVPN_STORE_NOT_FOUND);
		version += settled == JVPN_STORE_FOUND ? 1 : 0;
		if (n % 8 == 7)
			fixture_reopen(&f);
		ck_assert_uint_eq(fixture_version(&f, 1), version);
	}
	ck_assert_uint_gt(version, 0);
}
END_TEST

START_TEST(store_broken__damage_while_running__stops_writing_and_says_so)
{
	char text[JVPN_STORE_ERROR_MAX];

	fixture_cas(&f, 1, 0, 1);
	vfs_fail(SQLITE_CORRUPT, 0, 1);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_FAILED);
	ck_assert_int_eq(jvpn_store_health(f.store, text), JVPN_STORE_HEALTH_BROKEN);
	ck_assert_msg(strstr(text, f.path) != NULL, "%s", text);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_FAILED);
	ck_assert_int_eq(fixture_reread(&f, 1, 2), JVPN_STORE_TIMEOUT);
}
END_TEST

UNIT_TESTS(store_sqlite)
{
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, store_group__load__shares_commits);
	tcase_add_test(tc, store_group__same_session_in_one_group__keeps_order);
	tcase_add_test(tc, store_group__one_conflict__does_not_hurt_the_others);
	tcase_add_test(tc, store_close__operations_in_flight__are_written);
	tcase_add_test(tc, store_deadline__writer_held_up__is_certain_or_unknown_and_settles);
	tcase_add_test(tc, store_reserve__little_room__refuses_new_sessions_only);
	tcase_add_test(tc, store_full__write_fails__refuses_then_recovers);
	tcase_add_test(tc, store_full__once_in_a_group__existing_sessions_go_through);
	tcase_add_test(tc, store_io__sync_fails__is_unknown_until_a_later_commit);
	tcase_add_loop_test(tc, store_io__nth_call_fails__answers_are_true, 0,
			    (int)(sizeof(codes) / sizeof(codes[0])));
	tcase_add_test(tc, store_broken__damage_while_running__stops_writing_and_says_so);
}
