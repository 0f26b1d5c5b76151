/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of client/statedir and client/saver: modes, the lock, atomic replacement, a disk that fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "client/saved.h"
#include "client/saver.h"
#include "client/statedir.h"
#include "unit.h"

static char top[64], dir[128], error[JVPN_STATEDIR_ERROR_MAX];
static uint8_t digest[JVPN_SHA256_BYTES] = {1, 2, 3};
static struct jvpn_statedir_owner owner = {"vpn.example.org", digest, "laptop"};
static struct jvpn_statedir state;
static pid_t holder;

static void setup(void)
{
	snprintf(top, sizeof(top), "/tmp/jvpn-statedir.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/a/b", top);
}

static void teardown(void)
{
	char command[256];

	jvpn_statedir_close(&state);
	snprintf(command, sizeof(command), "chmod -R u+rwX %s; rm -rf %s", top, top);
	ck_assert_int_eq(system(command), 0);
}

static int open_state(void)
{
	return jvpn_statedir_open(dir, &owner, &state, &holder, error);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static size_t read_state(char *out, size_t size)
{
	size_t len = 0;

	ck_assert_int_eq(jvpn_statedir_read(&state, (uint8_t *)out, size, &len, error), 0);
	return len;
}

START_TEST(statedir_open__nothing_there__made_with_0700)
{
	char copy[64];

	umask(0);
	ck_assert_int_eq(open_state(), 0);
	ck_assert_uint_eq(mode_of(dir), 0700);
	ck_assert_uint_eq(mode_of(state.lock_path), 0600);
	ck_assert_int_eq(
		jvpn_statedir_read(&state, (uint8_t *)copy, sizeof(copy), &(size_t){0}, error),
		JVPN_ENOTFOUND);
	ck_assert_int_eq(jvpn_statedir_write(state.path, "one", 3), 0);
	ck_assert_uint_eq(mode_of(state.path), 0600);
	ck_assert_int_eq(jvpn_statedir_write(state.path, "other", 5), 0);
	ck_assert_uint_eq(read_state(copy, sizeof(copy)), 5);
	ck_assert_mem_eq(copy, "other", 5);
	ck_assert_int_eq(jvpn_statedir_remove(state.path), 0);
	ck_assert_int_eq(jvpn_statedir_remove(state.path), 0);
}
END_TEST

START_TEST(statedir_open__open_to_others__refused_with_what_to_do)
{
	ck_assert_int_eq(open_state(), 0);
	jvpn_statedir_close(&state);
	ck_assert_int_eq(chmod(dir, 0750), 0);
	ck_assert_int_eq(open_state(), JVPN_EPERM);
	ck_assert_ptr_nonnull(strstr(error, "chmod 700 /tmp/"));
	snprintf(dir, sizeof(dir), "/dev/null/x");
	ck_assert_int_lt(open_state(), 0);
	ck_assert_ptr_nonnull(strstr(error, "state_dir: none"));
}
END_TEST

START_TEST(statedir_open__names__differ_with_server_ca_and_node)
{
	char first[PATH_MAX];

	ck_assert_int_eq(open_state(), 0);
	memcpy(first, state.path, sizeof(first));
	jvpn_statedir_close(&state);
	owner.node_id = "phone";
	ck_assert_int_eq(open_state(), 0);
	ck_assert_str_ne(first, state.path);
	jvpn_statedir_close(&state);
	owner.node_id = "laptop";
	digest[0] = 9;
	ck_assert_int_eq(open_state(), 0);
	ck_assert_str_ne(first, state.path);
	ck_assert_ptr_nonnull(strstr(state.path, "/vpn.example.org-"));
}
END_TEST

START_TEST(statedir_open__second_process__refused_naming_the_pid)
{
	char pid[32];
	int status;
	pid_t child;

	ck_assert_int_eq(open_state(), 0);
	snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
	child = fork();
	if (child == 0)
		_exit(open_state() == JVPN_EBUSY && holder == getppid() && strstr(error, pid) &&
				      strstr(error, state.path)
			      ? 0
			      : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	jvpn_statedir_close(&state);
	child = fork();
	if (child == 0)
		_exit(open_state() == 0 ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(statedir_read__not_ours_to_read__refused_and_left_alone)
{
	char text[16];
	size_t len;

	ck_assert_int_eq(open_state(), 0);
	ck_assert_int_eq(jvpn_statedir_write(state.path, "0123456789", 10), 0);
	ck_assert_int_eq(jvpn_statedir_read(&state, (uint8_t *)text, 9, &len, error),
			 JVPN_EMALFORMED);
	ck_assert_int_eq(chmod(state.path, 0604), 0);
	ck_assert_int_eq(jvpn_statedir_read(&state, (uint8_t *)text, sizeof(text), &len, error),
			 JVPN_EPERM);
	ck_assert_ptr_nonnull(strstr(error, state.path));
	ck_assert_int_eq(unlink(state.path), 0);
	ck_assert_int_eq(symlink("/etc/passwd", state.path), 0);
	ck_assert_int_lt(jvpn_statedir_read(&state, (uint8_t *)text, sizeof(text), &len, error), 0);
	ck_assert_int_eq(unlink(state.path), 0);
	ck_assert_int_eq(mkfifo(state.path, 0600), 0);
	ck_assert_int_eq(jvpn_statedir_read(&state, (uint8_t *)text, sizeof(text), &len, error),
			 JVPN_EMALFORMED);
}
END_TEST

START_TEST(statedir_write__killed_writers_rest__in_nobodys_way)
{
	char rest[PATH_MAX + 8], text[16];

	ck_assert_int_eq(open_state(), 0);
	snprintf(rest, sizeof(rest), "%s.new", state.path);
	close(open(rest, O_CREAT | O_WRONLY, 0644));
	ck_assert_int_eq(jvpn_statedir_write(state.path, "fresh", 5), 0);
	ck_assert_uint_eq(read_state(text, sizeof(text)), 5);
	ck_assert_int_eq(access(rest, F_OK), -1);
}
END_TEST

/* A disk that takes nothing more, in this process (check forks one for each test). */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit = {bytes, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(statedir_write__no_room__old_file_stays)
{
	char text[128], command[256];

	ck_assert_int_eq(open_state(), 0);
	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(jvpn_statedir_write(state.path, "old", 3), 0);
	limit_files(64);
	ck_assert_int_eq(jvpn_statedir_write(state.path, text, sizeof(text)), -EFBIG);
	ck_assert_uint_eq(read_state(text, sizeof(text)), 3);
	snprintf(command, sizeof(command), "ls %s | grep -q new", dir);
	ck_assert_int_ne(system(command), 0);
}
END_TEST

static void wait_news(struct jvpn_saver *saver, struct jvpn_saver_result *r)
{
	struct pollfd p = {.fd = jvpn_saver_fd(saver), .events = POLLIN};

	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	jvpn_saver_take(saver, r);
}

START_TEST(saver__many_snapshots__the_newest_is_on_disk)
{
	struct jvpn_saver *saver;
	struct jvpn_saver_result r = {0};
	char text[16];

	ck_assert_int_eq(open_state(), 0);
	ck_assert_int_eq(jvpn_saver_new(state.path, &saver), 0);
	for (uint64_t i = 1; i <= 100; i++) {
		snprintf(text, sizeof(text), "%03u", (unsigned)i);
		jvpn_saver_submit(saver, text, 3, i);
	}
	ck_assert(jvpn_saver_wait(saver, 5000));
	wait_news(saver, &r);
	ck_assert_uint_eq(r.ticket, 100);
	ck_assert_int_eq(r.error, 0);
	ck_assert_uint_eq(read_state(text, sizeof(text)), 3);
	ck_assert_mem_eq(text, "100", 3);
	jvpn_saver_submit(saver, NULL, 0, 101);
	ck_assert(jvpn_saver_wait(saver, 5000));
	ck_assert_int_eq(access(state.path, F_OK), -1);
	jvpn_saver_free(saver);
}
END_TEST

START_TEST(saver__disk_fails_and_comes_back__said_and_tried_again)
{
	struct jvpn_saver *saver;
	struct jvpn_saver_result r = {0};
	char text[128];

	ck_assert_int_eq(open_state(), 0);
	memset(text, 'y', sizeof(text));
	ck_assert_int_eq(jvpn_saver_new(state.path, &saver), 0);
	jvpn_saver_submit(saver, "good", 4, 64);
	ck_assert(jvpn_saver_wait(saver, 5000));
	wait_news(saver, &r);
	limit_files(64);
	jvpn_saver_submit(saver, text, sizeof(text), 128);
	wait_news(saver, &r);
	ck_assert_int_eq(r.error, EFBIG);
	ck_assert_uint_eq(r.ticket, 64);
	ck_assert(!jvpn_saver_wait(saver, 50));
	ck_assert_uint_eq(read_state(text, sizeof(text)), 4);
	limit_files(RLIM_INFINITY);
	wait_news(saver, &r);
	ck_assert_int_eq(r.error, 0);
	ck_assert_uint_eq(r.ticket, 128);
	ck_assert_uint_eq(read_state(text, sizeof(text)), 128);
	jvpn_saver_free(saver);
}
END_TEST

START_TEST(saver__freed_while_nothing_works__ends)
{
	struct jvpn_saver *saver;

	ck_assert_int_eq(open_state(), 0);
	ck_assert_int_eq(jvpn_saver_new("/nonexistent/x", &saver), 0);
	jvpn_saver_submit(saver, "a", 1, 1);
	ck_assert(!jvpn_saver_wait(saver, 50));
	jvpn_saver_free(saver);
	jvpn_saver_free(NULL);
}
END_TEST

UNIT_TESTS(statedir)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, statedir_open__nothing_there__made_with_0700);
	tcase_add_test(tc, statedir_open__open_to_others__refused_with_what_to_do);
	tcase_add_test(tc, statedir_open__names__differ_with_server_ca_and_node);
	tcase_add_test(tc, statedir_open__second_process__refused_naming_the_pid);
	tcase_add_test(tc, statedir_read__not_ours_to_read__refused_and_left_alone);
	tcase_add_test(tc, statedir_write__killed_writers_rest__in_nobodys_way);
	tcase_add_test(tc, statedir_write__no_room__old_file_stays);
	tcase_add_test(tc, saver__many_snapshots__the_newest_is_on_disk);
	tcase_add_test(tc, saver__disk_fails_and_comes_back__said_and_tried_again);
	tcase_add_test(tc, saver__freed_while_nothing_works__ends);
}
