/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file of the SQLite store: a second owner, damage, foreign files. Every refusal names the file
 * and leaves every octet as it was.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "store_fixture.h"
#include "unit.h"

#define FILE_MAX_BYTES (4 << 20)

static struct store_fixture f;

/* A closed store with 200 sessions in it. */
static void setup(void)
{
	fixture_init(&f, JVPN_STORE_BACKEND_SQLITE);
	ck_assert_msg(fixture_open(&f) == 0, "%s", f.error);
	for (uint32_t n = 0; n < 200; n++) {
		struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_CAS, n, 0, 1);

		ck_assert_int_eq(jvpn_store_submit(f.store, &op, 1), 0);
	}
	fixture_wait(&f, 200);
	fixture_close(&f);
}

static void teardown(void)
{
	fixture_clear(&f);
}

static size_t slurp(const char *path, uint8_t *out)
{
	FILE *file = fopen(path, "r");
	size_t n;

	ck_assert_msg(file != NULL, "%s", path);
	n = fread(out, 1, FILE_MAX_BYTES, file);
	fclose(file);
	return n;
}

/* Writes 'len' octets of 'value' at 'at'. */
static void scribble(const char *path, off_t at, int value, size_t len)
{
	uint8_t junk[4096];
	int fd = open(path, O_RDWR);

	memset(junk, value, sizeof(junk));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, junk, len, at), (ssize_t)len);
	close(fd);
}

/* The file as it is now is refused with 'err', a text with the path and 'word', and stays. */
static void expect_refused(int err, const char *word)
{
	static uint8_t before[FILE_MAX_BYTES], after[FILE_MAX_BYTES];
	size_t n = slurp(f.path, before);

	ck_assert_msg(fixture_open(&f) == err, "error: %s", f.error);
	ck_assert_ptr_null(f.store);
	ck_assert_msg(strstr(f.error, f.path) != NULL, "%s", f.error);
	ck_assert_msg(strstr(f.error, word) != NULL, "%s", f.error);
	ck_assert_uint_eq(slurp(f.path, after), n);
	ck_assert_mem_eq(after, before, n);
}

START_TEST(store_file__closed_and_opened__has_everything)
{
	ck_assert_int_eq(fixture_open(&f), 0);
	ck_assert(jvpn_store_is_durable(f.store));
	ck_assert_uint_eq(fixture_records(&f), 200);
	ck_assert_uint_eq(fixture_version(&f, 199), 1);
	ck_assert_int_eq(fixture_reread(&f, 7, 1), JVPN_STORE_FOUND);
}
END_TEST

START_TEST(store_file__mode__is_for_the_owner_only)
{
	struct stat st;

	ck_assert_int_eq(stat(f.path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(store_file__second_store_in_process__is_refused)
{
	struct jvpn_store *second = NULL;

	ck_assert_int_eq(fixture_open(&f), 0);
	ck_assert_int_eq(jvpn_store_open(&f.config, &second, f.error, sizeof(f.error)), JVPN_EBUSY);
	ck_assert_ptr_null(second);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_OK);
}
END_TEST

/* Opens the store in a child that commits, says one octet and waits for its end. */
static pid_t owner(int *ready)
{
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		int failed = fixture_open(&f);

		if (failed || fixture_cas(&f, 1, 1, 2) != JVPN_STORE_OK ||
		    write(fds[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	*ready = fds[0];
	return pid;
}

START_TEST(store_file__second_process__is_refused_until_the_first_is_killed)
{
	char octet, pid_text[32], alias[300];
	int ready;
	pid_t pid = owner(&ready);

	ck_assert_int_eq(read(ready, &octet, 1), 1);
	expect_refused(JVPN_EBUSY, "another running process");
	snprintf(pid_text, sizeof(pid_text), "pid %ld", (long)pid);
	ck_assert_msg(strstr(f.error, pid_text) != NULL, "%s", f.error);
	/* another name of the same file is the same store */
	snprintf(alias, sizeof(alias), "%s/alias", f.dir);
	ck_assert_int_eq(symlink(f.path, alias), 0);
	f.config.path = alias;
	ck_assert_int_eq(fixture_open(&f), JVPN_EBUSY);
	f.config.path = f.path;
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_msg(fixture_open(&f) == 0, "%s", f.error);
	ck_assert_uint_eq(fixture_records(&f), 200);
	close(ready);
}
END_TEST

static int count_octets(void *user, const struct jvpn_store_audit_entry *entry)
{
	*(size_t *)user += entry->len;
	return 0;
}

/* Closing what was refused must not move the WAL of a killed process into a damaged file. */
START_TEST(store_file__damaged_with_a_wal__keeps_both)
{
	static uint8_t before[FILE_MAX_BYTES], after[FILE_MAX_BYTES];
	char octet, wal[320];
	struct stat st;
	int ready;
	pid_t pid = owner(&ready);
	size_t n;

	ck_assert_int_eq(read(ready, &octet, 1), 1);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(ready);
	snprintf(wal, sizeof(wal), "%s-wal", f.path);
	n = slurp(wal, before);
	ck_assert_uint_gt(n, 0);
	ck_assert_int_eq(stat(f.path, &st), 0);
	for (off_t at = 4096; at + 4096 <= st.st_size; at += 4096)
		scribble(f.path, at, 0xa5, 4096);
	expect_refused(JVPN_EMALFORMED, "is damaged");
	ck_assert_uint_eq(slurp(wal, after), n);
	ck_assert_mem_eq(after, before, n);
}
END_TEST

START_TEST(store_file__audit_export__works_beside_the_owner)
{
	struct jvpn_store_line line = {"said", 4};
	struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_AUDIT, 1, 0, 0);
	size_t got = 0;

	ck_assert_int_eq(fixture_open(&f), 0);
	op.line = &line;
	op.line_count = 1;
	fixture_do(&f, &op);
	ck_assert_int_eq(jvpn_store_audit_file(f.path, 0, count_octets, &got, f.error), 0);
	ck_assert_uint_eq(got, 4);
	ck_assert_int_eq(fixture_cas(&f, 1, 1, 2), JVPN_STORE_OK);
}
END_TEST

START_TEST(store_file__empty__is_refused)
{
	ck_assert_int_eq(truncate(f.path, 0), 0);
	expect_refused(JVPN_EMALFORMED, "is empty");
}
END_TEST

START_TEST(store_file__cut_off__is_refused)
{
	struct stat st;

	ck_assert_int_eq(stat(f.path, &st), 0);
	/* in the header; in the middle of a page; at the end of one */
	ck_assert_int_eq(truncate(f.path, st.st_size - 4096), 0);
	expect_refused(JVPN_EMALFORMED, "is damaged");
	ck_assert_int_eq(truncate(f.path, st.st_size / 2 + 100), 0);
	expect_refused(JVPN_EMALFORMED, "is damaged");
	ck_assert_int_eq(truncate(f.path, 60), 0);
	expect_refused(JVPN_EMALFORMED, "cut off");
}
END_TEST

START_TEST(store_file__another_format__is_refused)
{
	scribble(f.path, 0, 'x', 16);
	expect_refused(JVPN_EMALFORMED, "no SQLite header");
}
END_TEST

START_TEST(store_file__another_program__is_refused)
{
	scribble(f.path, 68, 0, 4);
	expect_refused(JVPN_EMALFORMED, "another program");
}
END_TEST

START_TEST(store_file__another_version__is_refused)
{
	scribble(f.path, 63, 9, 1);
	expect_refused(JVPN_EUNSUPPORTED, "record_version_unsupported");
}
END_TEST

START_TEST(store_file__rollback_journal_beside_it__is_refused)
{
	char name[320];

	snprintf(name, sizeof(name), "%s-journal", f.path);
	close(open(name, O_CREAT | O_WRONLY, 0600));
	expect_refused(JVPN_EMALFORMED, "-journal");
	ck_assert_int_eq(access(name, F_OK), 0);
}
END_TEST

START_TEST(store_file__not_in_wal_mode__is_refused)
{
	scribble(f.path, 18, 1, 2);
	expect_refused(JVPN_EMALFORMED, "WAL mode");
}
END_TEST

START_TEST(store_file__damaged_pages__are_refused)
{
	struct stat st;
	unsigned int refused = 0;

	ck_assert_int_eq(stat(f.path, &st), 0);
	ck_assert_int_gt(st.st_size, 8 * 4096);
	/* one page at a time: those of the session table must be noticed */
	for (off_t at = 4096; at + 4096 <= st.st_size; at += 4096) {
		static uint8_t whole[FILE_MAX_BYTES];
		size_t n = slurp(f.path, whole);
		FILE *file;

		scribble(f.path, at, 0xa5, 4096);
		if (fixture_open(&f) == 0) {
			fixture_close(&f); /* a page of another table or a free one */
		} else {
			refused++;
			ck_assert_msg(strstr(f.error, f.path) != NULL, "%s", f.error);
		}
		file = fopen(f.path, "w");
		ck_assert_uint_eq(fwrite(whole, 1, n, file), n);
		fclose(file);
	}
	/* 200 records of more than 60 octets: at least three leaves and their root */
	ck_assert_uint_ge(refused, 4);
	fixture_reopen(&f);
	ck_assert_uint_eq(fixture_records(&f), 200);
}
END_TEST

START_TEST(store_file__table_is_missing__is_refused)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "DROP TABLE audit", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	expect_refused(JVPN_EMALFORMED, "is damaged");
}
END_TEST

START_TEST(store_file__wal_without_its_database__is_refused)
{
	char wal[320];

	snprintf(wal, sizeof(wal), "%s-wal", f.path);
	ck_assert_int_eq(rename(f.path, wal), 0);
	ck_assert_int_eq(fixture_open(&f), JVPN_EMALFORMED);
	ck_assert_msg(strstr(f.error, "is missing") != NULL, "%s", f.error);
	ck_assert_int_eq(access(wal, F_OK), 0);
	ck_assert_int_ne(access(f.path, F_OK), 0);
}
END_TEST

START_TEST(store_file__writable_by_others__is_refused)
{
	ck_assert_int_eq(chmod(f.path, 0620), 0);
	expect_refused(JVPN_EPERM, "chmod go-w");
}
END_TEST

START_TEST(store_file__directory_fifo_or_no_directory__is_refused)
{
	char name[320];

	snprintf(name, sizeof(name), "%s/fifo", f.dir);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	f.config.path = name;
	ck_assert_int_eq(fixture_open(&f), JVPN_EMALFORMED);
	ck_assert_msg(strstr(f.error, "regular file") != NULL, "%s", f.error);
	f.config.path = f.dir;
	ck_assert_int_eq(fixture_open(&f), JVPN_EMALFORMED);
	ck_assert_msg(strstr(f.error, "directory") != NULL, "%s", f.error);
	snprintf(name, sizeof(name), "%s/nowhere/sessions.db", f.dir);
	f.config.path = name;
	ck_assert_int_eq(fixture_open(&f), JVPN_EIO);
	ck_assert_msg(strstr(f.error, "create it") != NULL, "%s", f.error);
	f.config.path = f.path;
}
END_TEST

START_TEST(store_file__unwritable_for_this_user__is_refused)
{
	int status = 0;
	pid_t pid;

	ck_assert_int_eq(chmod(f.dir, 0755), 0);
	ck_assert_int_eq(chmod(f.path, 0644), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534))
			_exit(9);
		if (geteuid() != 65534)
			chmod(f.path, 0444); /* not root: our own file, taken away */
		_exit(fixture_open(&f) == JVPN_EPERM && strstr(f.error, f.dir) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(store_file__killed_while_being_created__starts_anew)
{
	char draft[320];

	fixture_clear(&f);
	fixture_init(&f, JVPN_STORE_BACKEND_SQLITE);
	snprintf(draft, sizeof(draft), "%s.new", f.path);
	close(open(draft, O_CREAT | O_WRONLY, 0600));
	ck_assert_msg(fixture_open(&f) == 0, "%s", f.error);
	ck_assert_int_ne(access(draft, F_OK), 0);
	ck_assert_int_eq(fixture_cas(&f, 1, 0, 1), JVPN_STORE_OK);
}
END_TEST

UNIT_TESTS(store_file)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, store_file__closed_and_opened__has_everything);
	tcase_add_test(tc, store_file__mode__is_for_the_owner_only);
	tcase_add_test(tc, store_file__second_store_in_process__is_refused);
	tcase_add_test(tc, store_file__second_process__is_refused_until_the_first_is_killed);
	tcase_add_test(tc, store_file__damaged_with_a_wal__keeps_both);
	tcase_add_test(tc, store_file__audit_export__works_beside_the_owner);
	tcase_add_test(tc, store_file__empty__is_refused);
	tcase_add_test(tc, store_file__cut_off__is_refused);
	tcase_add_test(tc, store_file__another_format__is_refused);
	tcase_add_test(tc, store_file__another_program__is_refused);
	tcase_add_test(tc, store_file__another_version__is_refused);
	tcase_add_test(tc, store_file__rollback_journal_beside_it__is_refused);
	tcase_add_test(tc, store_file__not_in_wal_mode__is_refused);
	tcase_add_test(tc, store_file__damaged_pages__are_refused);
	tcase_add_test(tc, store_file__table_is_missing__is_refused);
	tcase_add_test(tc, store_file__wal_without_its_database__is_refused);
	tcase_add_test(tc, store_file__writable_by_others__is_refused);
	tcase_add_test(tc, store_file__directory_fifo_or_no_directory__is_refused);
	tcase_add_test(tc, store_file__unwritable_for_this_user__is_refused);
	tcase_add_test(tc, store_file__killed_while_being_created__starts_anew);
}
