/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Programs beside the loop: order, results, limits, environment, input.
 */
#include "client/runner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "unit.h"

static struct jvpn_loop *loop;
static struct jvpn_runner runner;
static char path[64];
static int results[8];
static size_t count, stop_after;

static uint64_t turn(void *user, uint64_t now_ns)
{
	(void)user;
	jvpn_runner_poll(&runner, now_ns);
	return jvpn_runner_next_deadline(&runner);
}

static void on_done(void *user, const struct jvpn_job *job, int result)
{
	(void)user, (void)job;
	results[count++ % 8] = result;
	if (count == stop_after)
		jvpn_loop_stop(loop, 0);
}

static void setup(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/jvpn-runner-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(jvpn_loop_new(&loop), 0);
	jvpn_loop_set_turn(loop, NULL, turn, NULL);
	jvpn_runner_init(&runner, loop);
	count = 0;
}

static void teardown(void)
{
	jvpn_runner_clear(&runner);
	jvpn_loop_free(loop);
	(void)unlink(path);
}

static struct jvpn_job *shell(const char *command, uint64_t timeout_ms)
{
	struct jvpn_job *job = jvpn_job_new("test", timeout_ms);

	ck_assert_ptr_nonnull(job);
	ck_assert(jvpn_job_add_arg(job, "sh") && jvpn_job_add_arg(job, "-c") &&
		  jvpn_job_add_arg(job, command) && jvpn_job_add_env(job, "OUT", path));
	job->done = on_done;
	return job;
}

static void run(size_t jobs)
{
	stop_after = jobs;
	jvpn_loop_run(loop);
	ck_assert_uint_eq(count, jobs);
}

static const char *written(void)
{
	static char text[512];
	FILE *f = fopen(path, "re");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	fclose(f);
	text[n] = '\0';
	return text;
}

START_TEST(runner__several__one_after_another)
{
	struct jvpn_job *job;

	jvpn_runner_add(&runner, shell("sleep 0.1; echo one >>$OUT", 60000));
	jvpn_runner_add(&runner, shell("echo two >>$OUT; exit 7", 60000));
	job = jvpn_job_new("test", 60000);
	ck_assert(jvpn_job_add_arg(job, "no-such-program-of-jvpn"));
	job->done = on_done;
	jvpn_runner_add(&runner, job);
	jvpn_runner_add(&runner, shell("kill -TERM $$", 60000));
	run(4);
	ck_assert_str_eq(written(), "one\ntwo\n");
	ck_assert_int_eq(results[0], 0);
	ck_assert_int_eq(results[1], 7);
	ck_assert_int_eq(results[2], JVPN_ENOTFOUND);
	ck_assert_int_eq(results[3], 128 + 15);
	ck_assert(jvpn_runner_next_deadline(&runner) == JVPN_TIME_NEVER);
}
END_TEST

START_TEST(runner__too_long__killed_with_its_children)
{
	jvpn_runner_add(&runner, shell("(sleep 1; echo late >>$OUT) & sleep 1000", 100));
	jvpn_runner_add(&runner, shell("sleep 1.2", 60000));
	run(2);
	ck_assert_int_eq(results[0], JVPN_ETIMEOUT);
	ck_assert_int_eq(results[1], 0);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(runner__environment_and_input__as_given)
{
	struct jvpn_job *job = shell("cat >>$OUT; echo \"$A $B\" >>$OUT", 60000);

	setenv("A", "old", 1);
	setenv("B", "kept", 1);
	ck_assert(jvpn_job_add_env(job, "A", "new $(reboot)"));
	ck_assert(jvpn_job_set_input(job, "text\n"));
	jvpn_runner_add(&runner, job);
	run(1);
	ck_assert_str_eq(written(), "text\nnew $(reboot) kept\n");
}
END_TEST

START_TEST(runner__child__has_no_descriptor_of_ours_and_no_signal_ignored)
{
	signal(SIGPIPE, SIG_IGN); /* as the event stream does */
	jvpn_runner_add(&runner, shell("ls -l /proc/self/fd | grep -c anon_inode >>$OUT; "
				       "grep -c 'SigIgn:.*0000000$' /proc/self/status >>$OUT",
				       60000));
	run(1);
	/* no epoll, no timer, no pidfd */
	ck_assert_str_eq(written(), "0\n1\n");
}
END_TEST

START_TEST(runner_drop_group__waiting_and_running__gone)
{
	struct jvpn_job *job;

	for (int i = 0; i < 3; i++) {
		job = shell(i == 2 ? "echo last >>$OUT" : "sleep 1000", 60000);
		job->group = i == 2 ? 2 : 1;
		jvpn_runner_add(&runner, job);
	}
	jvpn_runner_poll(&runner, jvpn_loop_now(loop));
	ck_assert(jvpn_runner_has_group(&runner, 1));
	jvpn_runner_drop_group(&runner, 1);
	run(1);
	ck_assert(!jvpn_runner_has_group(&runner, 1));
	ck_assert_str_eq(written(), "last\n");
}
END_TEST

START_TEST(runner_finish__without_the_loop__all_of_them)
{
	jvpn_runner_add(&runner, shell("echo one >>$OUT; exec >&- 2>&-; sleep 0.2", 60000));
	jvpn_runner_add(&runner, shell("sleep 1000", 100));
	jvpn_runner_add(&runner, shell("yes | head -n 20000; echo three >>$OUT", 60000));
	ck_assert(jvpn_runner_finish(&runner, 1, JVPN_TIME_NEVER));
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(results[1], JVPN_ETIMEOUT);
	ck_assert_str_eq(written(), "one\nthree\n");
}
END_TEST

static struct jvpn_job *of_group(struct jvpn_job *job, int group)
{
	job->group = group;
	return job;
}

START_TEST(runner_finish__limit__the_others_still_run)
{
	jvpn_runner_add(&runner, of_group(shell("sleep 1000", 60000), 10));
	jvpn_runner_add(&runner, of_group(shell("echo one >>$OUT", 60000), 1));
	jvpn_runner_add(&runner, of_group(shell("echo two >>$OUT", 60000), 11));
	ck_assert(!jvpn_runner_finish(&runner, 10, jvpn_clock_mono_ns() + jvpn_ms_to_ns(200)));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(written(), "one\n");
}
END_TEST

START_TEST(runner_finish__signal__not_waited_for)
{
	jvpn_runner_add(&runner, of_group(shell("kill -INT $PPID; sleep 1000", 600000), 10));
	jvpn_runner_add(&runner, of_group(shell("echo one >>$OUT", 60000), 1));
	ck_assert(!jvpn_runner_finish(&runner, 10, JVPN_TIME_NEVER));
	ck_assert_str_eq(written(), "one\n");
	jvpn_runner_add(&runner, of_group(shell("echo two >>$OUT", 60000), 10));
	ck_assert(jvpn_runner_finish(&runner, 10, JVPN_TIME_NEVER));
	ck_assert_str_eq(written(), "one\ntwo\n");
}
END_TEST

START_TEST(runner_add_ahead__before_those_that_wait)
{
	jvpn_runner_add(&runner, of_group(shell("sleep 0.1; echo one >>$OUT", 60000), 10));
	jvpn_runner_poll(&runner, jvpn_loop_now(loop));
	jvpn_runner_add(&runner, of_group(shell("echo four >>$OUT", 60000), 10));
	jvpn_runner_add_ahead(&runner, of_group(shell("echo two >>$OUT", 60000), 1), 10);
	jvpn_runner_add_ahead(&runner, of_group(shell("echo three >>$OUT", 60000), 1), 10);
	jvpn_runner_add(&runner, of_group(shell("echo five >>$OUT", 60000), 10));
	run(5);
	ck_assert_str_eq(written(), "one\ntwo\nthree\nfour\nfive\n");
}
END_TEST

START_TEST(runner_add__too_many__dropped)
{
	for (int i = 0; i < JVPN_RUNNER_JOBS_MAX + 3; i++)
		jvpn_runner_add(&runner, of_group(shell("true", 60000), 1));
	run(JVPN_RUNNER_JOBS_MAX);
	ck_assert(!jvpn_runner_has_group(&runner, 1));
}
END_TEST

/* What a parent that ignores SIGCHLD leaves: the kernel throws the status away. */
START_TEST(runner__children_that_nobody_keeps__no_success)
{
	signal(SIGCHLD, SIG_IGN);
	jvpn_runner_add(&runner, shell("exit 0", 60000));
	run(1);
	ck_assert_int_eq(results[0], JVPN_EIO);
	jvpn_runner_init(&runner, loop);
	jvpn_runner_add(&runner, shell("exit 3", 60000));
	run(2);
	ck_assert_int_eq(results[1], 3);
}
END_TEST

START_TEST(jvpn_job__too_much__refused)
{
	struct jvpn_job *job = jvpn_job_new("test", 1);
	char large[JVPN_RUNNER_INPUT_MAX + 2];

	for (size_t i = 0; i < JVPN_RUNNER_ARGS_MAX; i++)
		ck_assert(jvpn_job_add_arg(job, "x"));
	ck_assert(!jvpn_job_add_arg(job, "x"));
	for (size_t i = 0; i < JVPN_RUNNER_ENV_MAX; i++)
		ck_assert(jvpn_job_add_env(job, "A", "x"));
	ck_assert(!jvpn_job_add_env(job, "A", "x"));
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	ck_assert(!jvpn_job_set_input(job, large));
	jvpn_job_free(job);
}
END_TEST

UNIT_TESTS(runner)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, runner__several__one_after_another);
	tcase_add_test(tc, runner__too_long__killed_with_its_children);
	tcase_add_test(tc, runner__environment_and_input__as_given);
	tcase_add_test(tc, runner__child__has_no_descriptor_of_ours_and_no_signal_ignored);
	tcase_add_test(tc, runner_drop_group__waiting_and_running__gone);
	tcase_add_test(tc, runner_finish__without_the_loop__all_of_them);
	tcase_add_test(tc, runner_finish__limit__the_others_still_run);
	tcase_add_test(tc, runner_finish__signal__not_waited_for);
	tcase_add_test(tc, runner_add_ahead__before_those_that_wait);
	tcase_add_test(tc, runner_add__too_many__dropped);
	tcase_add_test(tc, runner__children_that_nobody_keeps__no_success);
	tcase_add_test(tc, jvpn_job__too_much__refused);
}
