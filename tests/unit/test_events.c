/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of obs/events and obs/sink: slow readers, dead readers, full disks, rotation, the exit.
 */
#include "obs/events.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "obs/event_json.h"
#include "obs/sink.h"
#include "unit.h"

#define SMALL_BUFFER 16384

static char dir[64], path[128];
static struct jvpn_events *events;
static char error[256];
static int saved_stdout = -1;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/jvpn-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	fflush(stdout);
	saved_stdout = dup(STDOUT_FILENO);
}

static void teardown(void)
{
	char command[128];

	jvpn_events_close(&events, 0, 0);
	dup2(saved_stdout, STDOUT_FILENO);
	close(saved_stdout);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		ck_abort_msg("cannot clean up");
}

static int open_events(const char *output)
{
	struct jvpn_events_config config = {.role = JVPN_ROLE_CLIENT,
					    .node_id = "n1",
					    .output = {output},
					    .buffer_bytes = SMALL_BUFFER};

	return jvpn_events_open(&config, &events, error, sizeof(error));
}

static void emit_texts(unsigned n, size_t len)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_NODE_STARTED, .has = JVPN_HAS_TEXT};

	memset(audit.text, 'x', len);
	for (unsigned i = 0; i < n; i++)
		jvpn_events_emit(events, &audit, 1000 + i);
}

static void emit_many(unsigned n)
{
	emit_texts(n, 100);
}

static struct jvpn_events_stats stats(void)
{
	struct jvpn_events_stats s;

	jvpn_events_get_stats(events, &s);
	return s;
}

/* What is in the file, and that it is whole lines. The caller frees. */
static char *content(const char *name)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(name, "r");
	size_t len;

	ck_assert_ptr_nonnull(f);
	len = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	ck_assert_msg(len == 0 || text[len - 1] == '\n', "half a line at the end");
	return text;
}

/* Reads what a non-blocking descriptor has now and appends it. */
static size_t drain(int fd, char *text, size_t have, size_t max)
{
	ssize_t n;

	while (have < max && (n = read(fd, text + have, max - have)) > 0)
		have += (size_t)n;
	return have;
}

/* Lines in order; missing seq values only right before a TelemetryDegraded with that count. */
static void check_seq(char *text, uint64_t first, uint64_t last)
{
	uint64_t expected = first, seq = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const char *p = strstr(line, "\"seq\":"), *count = strstr(line, "\"count\":");

		ck_assert_ptr_nonnull(p);
		ck_assert_int_eq(line[0], '{');
		ck_assert_int_eq(line[strlen(line) - 1], '}');
		seq = strtoull(p + 6, NULL, 10);
		if (seq != expected) {
			ck_assert_msg(strstr(line, "TelemetryDegraded") && count, "gap: %s", line);
			ck_assert_uint_eq(strtoull(count + 8, NULL, 10), seq - expected);
		}
		expected = seq + 1;
	}
	ck_assert_uint_eq(seq, last);
}

START_TEST(events_file__lines_arrive__mode_and_append)
{
	struct stat st;
	char *text;

	umask(0);
	ck_assert_int_eq(open_events(path), 0);
	emit_many(3);
	ck_assert_int_eq(jvpn_events_poll_fd(events, 0), -1);
	jvpn_events_close(&events, 5000, 100);
	ck_assert_int_eq(open_events(path), 0);
	emit_many(1);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	text = content(path);
	ck_assert_ptr_nonnull(strstr(text, "\"seq\":3,"));
	ck_assert_ptr_nonnull(strstr(strstr(text, "\"seq\":3,"), "\"seq\":1,"));
	free(text);
}
END_TEST

START_TEST(events_open__not_possible__says_why)
{
	ck_assert_int_eq(open_events("/nonexistent-dir/x"), JVPN_EIO);
	ck_assert_ptr_nonnull(strstr(error, "/nonexistent-dir/x: No such file"));
	ck_assert_int_eq(open_events(dir), JVPN_EIO);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(open_events(path), JVPN_EIO);
	ck_assert_ptr_nonnull(strstr(error, "needs a reader"));
}
END_TEST

START_TEST(events_pipe__reader_does_not_read__drops_whole_lines_and_announces)
{
	char *text = calloc(1, 1 << 20);
	size_t have;
	int p[2];

	ck_assert_int_eq(pipe2(p, O_NONBLOCK), 0);
	/* The reader's and everybody else's description must stay blocking. */
	ck_assert_int_eq(fcntl(p[1], F_SETFL, 0), 0);
	ck_assert_int_eq(dup2(p[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(open_events("stdout"), 0);
	emit_many(2000);
	ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_uint_gt(stats().dropped, 0);
	ck_assert_uint_le(stats().waiting_bytes, SMALL_BUFFER);
	ck_assert_int_ge(jvpn_events_poll_fd(events, 0), 0);
	have = drain(p[0], text, 0, 1 << 19);
	jvpn_events_flush(events, 9000);
	have = drain(p[0], text, have, 1 << 19);
	emit_many(5);
	have = drain(p[0], text, have, 1 << 19);
	ck_assert_int_eq(jvpn_events_poll_fd(events, 0), -1);
	ck_assert_ptr_nonnull(strstr(text, "\"event_type\":\"TelemetryDegraded\""));
	ck_assert_ptr_nonnull(strstr(text, "\"reason_code\":\"sink_slow\""));
	check_seq(text, 1, stats().emitted);
	ck_assert_uint_eq(stats().emitted, stats().written + stats().dropped);
	close(p[0]);
	close(p[1]);
	free(text);
	(void)have;
}
END_TEST

START_TEST(events_fd__pipe_of_a_parent__description_stays_as_it_was)
{
	char *text = calloc(1, 1 << 20), output[32];
	int p[2];

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	snprintf(output, sizeof(output), "fd:%d", p[1]);
	ck_assert_int_eq(open_events(output), 0);
	emit_many(3);
	ck_assert_int_eq(fcntl(p[1], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_uint_gt(drain(p[0], text, 0, 1 << 19), 0);
	check_seq(text, 1, 3);
	/* there is no path to open again */
	ck_assert_int_eq(jvpn_events_reopen(events, 1, error, sizeof(error)), 0);
	close(p[0]);
	close(p[1]);
	free(text);
}
END_TEST

START_TEST(events_fd__not_open__says_so)
{
	ck_assert_int_eq(open_events("fd:987"), JVPN_EIO);
	ck_assert_ptr_nonnull(strstr(error, "fd:987: Bad file descriptor"));
}
END_TEST

START_TEST(events_pipe__reader_always_a_bit_slow__gaps_are_exact)
{
	char *text = calloc(1, 1 << 22);
	size_t have = 0;
	int p[2];

	ck_assert_int_eq(pipe2(p, O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(p[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(open_events("stdout"), 0);
	for (unsigned round = 0; round < 400; round++) {
		ssize_t n;

		emit_many(20);
		n = read(p[0], text + have, 3001);
		have += n > 0 ? (size_t)n : 0;
	}
	for (unsigned i = 0; i < 50; i++) {
		have = drain(p[0], text, have, 1 << 21);
		jvpn_events_flush(events, 1);
	}
	ck_assert_uint_gt(stats().dropped, 0);
	check_seq(text, 1, stats().emitted);
	close(p[0]);
	close(p[1]);
	free(text);
}
END_TEST

START_TEST(events_pipe__reader_gone__process_lives_and_counts)
{
	int p[2];

	ck_assert_ptr_eq(signal(SIGPIPE, SIG_DFL), SIG_DFL);
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(dup2(p[1], STDOUT_FILENO), STDOUT_FILENO);
	close(p[1]);
	ck_assert_int_eq(open_events("stdout"), 0);
	emit_many(1);
	close(p[0]);
	emit_many(10);
	ck_assert_uint_eq(stats().written, 1);
	ck_assert_uint_eq(stats().dropped, 10);
	ck_assert_int_eq(jvpn_events_poll_fd(events, 0), -1);
	ck_assert_int_eq(jvpn_events_reopen(events, 1, error, sizeof(error)), 0);
}
END_TEST

START_TEST(events_socket__reader_does_not_read__no_block)
{
	char *text = calloc(1, 1 << 20);
	size_t have = 0;
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ck_assert_int_eq(fcntl(s[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(s[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(open_events("stdout"), 0);
	emit_many(3000);
	ck_assert_uint_gt(stats().dropped, 0);
	ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
	for (unsigned i = 0; i < 20; i++) {
		have = drain(s[0], text, have, (1 << 20) - 1);
		jvpn_events_flush(events, 1);
	}
	check_seq(text, 1, stats().emitted);
	close(s[0]);
	close(s[1]);
	free(text);
}
END_TEST

START_TEST(events_dev_full__disk_full__counts_and_goes_on)
{
	ck_assert_int_eq(open_events("/dev/full"), 0);
	emit_many(1000);
	ck_assert_uint_eq(stats().written, 0);
	ck_assert_uint_gt(stats().dropped, 0);
	ck_assert_uint_le(stats().waiting_bytes, SMALL_BUFFER);
	ck_assert_int_eq(jvpn_events_poll_fd(events, 0), -1);
}
END_TEST

/* A file-size limit is a disk that is full in the middle of a line. */
static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(events_file__full_in_the_middle_of_a_line__taken_back_at_the_end)
{
	char *text;

	ck_assert_int_eq(open_events(path), 0);
	limit_file_size(1000);
	emit_many(10);
	ck_assert_uint_gt(stats().waiting_bytes, 0);
	jvpn_events_close(&events, 1, 50);
	limit_file_size(RLIM_INFINITY);
	text = content(path);
	check_seq(text, 1, 3);
	free(text);
}
END_TEST

START_TEST(events_file__space_comes_back__line_is_finished)
{
	char *text;

	ck_assert_int_eq(open_events(path), 0);
	limit_file_size(1000);
	emit_many(10);
	limit_file_size(RLIM_INFINITY);
	jvpn_events_flush(events, 1);
	text = content(path);
	check_seq(text, 1, 10);
	free(text);
}
END_TEST

START_TEST(events_reopen__after_rotation__new_file_gets_whole_lines)
{
	char moved[160], *text;

	snprintf(moved, sizeof(moved), "%s.1", path);
	ck_assert_int_eq(open_events(path), 0);
	emit_many(2);
	limit_file_size(900);
	emit_many(3);
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(jvpn_events_reopen(events, 1, error, sizeof(error)), 0);
	limit_file_size(RLIM_INFINITY);
	emit_many(1);
	text = content(moved);
	ck_assert_ptr_nonnull(strstr(text, "\"seq\":2,"));
	free(text);
	text = content(path);
	ck_assert_int_eq(text[0], '{');
	ck_assert_ptr_nonnull(strstr(text, "\"seq\":6,"));
	free(text);
	ck_assert_uint_eq(stats().dropped, 0);
}
END_TEST

/* Every length of lines: what is left at the end of the full buffer differs with it. */
START_TEST(events_reopen__begun_line_and_full_buffer__line_is_whole_in_the_new_file)
{
	char moved[160], *text;

	snprintf(moved, sizeof(moved), "%s.1", path);
	ck_assert_int_eq(open_events(path), 0);
	limit_file_size(1000);
	emit_texts(300, (size_t)_i);
	ck_assert_uint_gt(stats().dropped, 0);
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(jvpn_events_reopen(events, 1, error, sizeof(error)), 0);
	limit_file_size(RLIM_INFINITY);
	jvpn_events_flush(events, 1);
	free(content(moved));
	text = content(path);
	check_seq(text, strtoull(strstr(text, "\"seq\":") + 6, NULL, 10), stats().emitted);
	free(text);
}
END_TEST

START_TEST(events_reopen__not_possible__old_file_stays)
{
	char moved[160], *text;

	snprintf(moved, sizeof(moved), "%s.1", path);
	ck_assert_int_eq(open_events(path), 0);
	emit_many(1);
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(jvpn_events_reopen(events, 1, error, sizeof(error)), JVPN_EIO);
	emit_many(1);
	text = content(moved);
	check_seq(text, 1, 2);
	free(text);
}
END_TEST

START_TEST(events_fifo__reader_leaves_and_another_comes__gap_announced)
{
	char *text = calloc(1, 1 << 16);
	int reader;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(open_events(path), 0);
	emit_many(1);
	close(reader);
	emit_many(4);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(jvpn_events_reopen(events, 1, error, sizeof(error)), 0);
	emit_many(1);
	drain(reader, text, 0, (1 << 16) - 1);
	check_seq(text, 2, 7);
	close(reader);
	free(text);
}
END_TEST

START_TEST(events_fifo__reader_leaves_before_an_announcement__its_gap_is_announced_again)
{
	char *text = calloc(1, 1 << 19);
	int reader;
	size_t len;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(open_events(path), 0);
	emit_many(1000);
	ck_assert_uint_gt(stats().dropped, 0);
	len = drain(reader, text, 0, SMALL_BUFFER / 2);
	jvpn_events_flush(events, 2);
	ck_assert_ptr_null(strstr(text, "TelemetryDegraded"));
	ck_assert_uint_gt(stats().emitted, 1000); /* the announcement waits */
	len = drain(reader, text, len, (1 << 19) - 1);
	ck_assert_ptr_null(strstr(text, "TelemetryDegraded"));
	close(reader);
	emit_many(3);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(jvpn_events_reopen(events, 3, error, sizeof(error)), 0);
	emit_many(1);
	drain(reader, text, len, (1 << 19) - 1);
	check_seq(text, 1, stats().emitted);
	ck_assert_uint_eq(stats().dropped + stats().written, stats().emitted);
	close(reader);
	free(text);
}
END_TEST

START_TEST(events_close__reader_never_reads__returns)
{
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(dup2(p[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(open_events("stdout"), 0);
	emit_many(2000);
	jvpn_events_close(&events, 1, 30);
	ck_assert_ptr_null(events);
	close(p[0]);
	close(p[1]);
}
END_TEST

START_TEST(events_policy__versions_and_switches__followed)
{
	struct jvpn_policy policy = {.version = "A", .emit_security_events = false};
	struct jvpn_audit replay = {.type = JVPN_AUDIT_SECURITY_REPLAY_DETECTED};
	struct jvpn_audit loaded = {.type = JVPN_AUDIT_POLICY_LOADED};
	char *text;

	ck_assert_int_eq(open_events(path), 0);
	emit_many(1);
	jvpn_events_set_policy(events, &policy);
	jvpn_events_emit(events, &loaded, 1);
	jvpn_events_emit(events, &replay, 1);
	policy.version[0] = 'B';
	policy.emit_security_events = true;
	jvpn_events_set_policy(events, &policy);
	jvpn_events_emit(events, &loaded, 1);
	jvpn_events_emit(events, &replay, 1);
	text = content(path);
	ck_assert_ptr_nonnull(strstr(text, "\"policy_version\":\"none\""));
	ck_assert_ptr_nonnull(strstr(text, "\"policy_version\":\"A\",\"previous_policy_version\":"
					   "\"none\""));
	ck_assert_ptr_nonnull(strstr(text, "\"policy_version\":\"B\",\"previous_policy_version\":"
					   "\"A\""));
	check_seq(text, 1, 4);
	free(text);
}
END_TEST

UNIT_TESTS(events)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, events_file__lines_arrive__mode_and_append);
	tcase_add_test(tc, events_open__not_possible__says_why);
	tcase_add_test(tc, events_pipe__reader_does_not_read__drops_whole_lines_and_announces);
	tcase_add_test(tc, events_fd__pipe_of_a_parent__description_stays_as_it_was);
	tcase_add_test(tc, events_fd__not_open__says_so);
	tcase_add_test(tc, events_pipe__reader_always_a_bit_slow__gaps_are_exact);
	tcase_add_test(tc, events_pipe__reader_gone__process_lives_and_counts);
	tcase_add_test(tc, events_socket__reader_does_not_read__no_block);
	tcase_add_test(tc, events_dev_full__disk_full__counts_and_goes_on);
	tcase_add_test(tc, events_file__full_in_the_middle_of_a_line__taken_back_at_the_end);
	tcase_add_test(tc, events_file__space_comes_back__line_is_finished);
	tcase_add_test(tc, events_reopen__after_rotation__new_file_gets_whole_lines);
	tcase_add_loop_test(
		tc, events_reopen__begun_line_and_full_buffer__line_is_whole_in_the_new_file, 60,
		JVPN_AUDIT_TEXT_MAX);
	tcase_add_test(tc, events_reopen__not_possible__old_file_stays);
	tcase_add_test(tc, events_fifo__reader_leaves_and_another_comes__gap_announced);
	tcase_add_test(
		tc, events_fifo__reader_leaves_before_an_announcement__its_gap_is_announced_again);
	tcase_add_test(tc, events_close__reader_never_reads__returns);
	tcase_add_test(tc, events_policy__versions_and_switches__followed);
}
