/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of ctl/server: lines in pieces, limits, slow readers, long answers, permissions, the file.
 */
#include "ctl/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "unit.h"

#define STATUS "{\"v\":1,\"id\":1,\"cmd\":\"status\"}\n"
#define LIST   "{\"v\":1,\"id\":2,\"cmd\":\"sessions\"}\n"
#define FOLLOW "{\"v\":1,\"id\":3,\"cmd\":\"events\",\"follow\":true}\n"
#define ITEMS  10000

static char dir[64], path[96], text[4 << 20];
static struct jvpn_ctl_server *server;
static uint64_t now_ns = 1000 * JVPN_NS_PER_S;
static unsigned asked, items_made, items_this_turn;
static bool event_is_there;

static enum jvpn_ctl_progress on_request(void *user, struct jvpn_ctl_client *client,
					 struct jvpn_ctl_task *task)
{
	(void)user;
	asked++;
	if (task->request.command->id == JVPN_CTL_SESSIONS)
		return JVPN_CTL_MORE;
	if (task->request.command->id == JVPN_CTL_EVENTS)
		return JVPN_CTL_WAIT;
	jvpn_json_uint(jvpn_ctl_begin(client, "result"), "answer", 42);
	jvpn_ctl_end(client);
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress on_more(void *user, struct jvpn_ctl_client *client,
				      struct jvpn_ctl_task *task)
{
	(void)user;
	if (task->request.command->id == JVPN_CTL_EVENTS) {
		if (event_is_there)
			jvpn_ctl_answer_raw(client, "event", "{\"seq\":1}", 9);
		event_is_there = false;
		return JVPN_CTL_WAIT;
	}
	if (task->cursor == ITEMS) {
		jvpn_json_uint(jvpn_ctl_begin(client, "end"), "count", task->cursor);
		jvpn_ctl_end(client);
		return JVPN_CTL_DONE;
	}
	items_made++;
	items_this_turn++;
	jvpn_json_uint(jvpn_ctl_begin(client, "item"), "n", task->cursor++);
	jvpn_ctl_end(client);
	return JVPN_CTL_MORE;
}

static bool is_due(void *user, const struct jvpn_ctl_task *task)
{
	(void)user, (void)task;
	return event_is_there;
}

static const struct jvpn_ctl_ops ops = {
	.on_request = on_request, .on_more = on_more, .is_due = is_due};

static char sentence[256];

static int open_server(struct jvpn_ctl_server **out)
{
	struct jvpn_ctl_config config = {.path = path, .role = JVPN_CTL_SERVER, .ops = &ops};

	return jvpn_ctl_server_open(&config, out, sentence, sizeof(sentence));
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/jvpn-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ctl.sock", dir);
	ck_assert_int_eq(open_server(&server), 0);
}

static void teardown(void)
{
	char command[128];

	jvpn_ctl_server_free(server);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		ck_abort_msg("cannot clean up");
}

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void turns(unsigned n)
{
	while (n--) {
		items_this_turn = 0;
		jvpn_ctl_server_poll(server, now_ns);
		ck_assert_uint_le(items_this_turn, JVPN_CTL_ITEMS_PER_TURN);
	}
}

static void say(int fd, const char *line)
{
	ck_assert_int_eq(write(fd, line, strlen(line)), (ssize_t)strlen(line));
}

/* What is there now; "" when nothing is. False: the other end has closed. */
static bool hear(int fd)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return n < 0 && errno == EAGAIN;
}

static unsigned count(const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

START_TEST(ctl__request__is_answered_with_its_id)
{
	int fd = dial();

	say(fd, STATUS);
	turns(2);
	ck_assert(hear(fd));
	ck_assert_str_eq(text, "{\"v\":1,\"id\":1,\"result\":{\"answer\":42}}\n");
	close(fd);
	turns(2);
	ck_assert_uint_eq(jvpn_ctl_server_count(server), 0);
}
END_TEST

/* Who knocks waits a second; the loop does not spin meanwhile. */
START_TEST(ctl__no_descriptor_left__asked_again_later)
{
	struct pollfd wait = {.fd = jvpn_ctl_server_fd(server), .events = POLLIN};
	struct rlimit limit, few;
	int fd = dial(), next = dup(fd);

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = (rlim_t)next;
	close(next);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	say(fd, STATUS);
	turns(1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq(jvpn_ctl_server_count(server), 0);
	ck_assert_int_eq(poll(&wait, 1, 0), 0);
	ck_assert_uint_gt(jvpn_ctl_server_next_deadline(server), now_ns);
	now_ns = jvpn_ctl_server_next_deadline(server);
	ck_assert_uint_ne(now_ns, JVPN_TIME_NEVER);
	turns(3);
	ck_assert(hear(fd));
	ck_assert_uint_eq(count("\"answer\""), 1);
	close(fd);
}
END_TEST

START_TEST(ctl__line_octet_by_octet__is_one_request)
{
	int fd = dial();

	for (const char *c = STATUS; *c; c++) {
		ck_assert_int_eq(write(fd, c, 1), 1);
		ck_assert_uint_eq(asked, 0);
		turns(1);
	}
	turns(2);
	ck_assert_uint_eq(asked, 1);
	close(fd);
}
END_TEST

START_TEST(ctl__several_lines_at_once__each_answered_in_order)
{
	int fd = dial();

	say(fd, STATUS "nonsense\n" STATUS);
	turns(3);
	ck_assert(hear(fd));
	ck_assert_uint_eq(count("\"answer\""), 2);
	ck_assert_uint_eq(count("\"malformed\""), 1);
	ck_assert_ptr_nonnull(strstr(text, "42}}\n{\"v\":1,\"error\":"));
	close(fd);
}
END_TEST

START_TEST(ctl__line_too_long__said_and_closed)
{
	static char noise[JVPN_CTL_LINE_MAX + 10];
	int fd = dial();
	size_t at = 0;

	memset(noise, ' ', sizeof(noise));
	while (at < sizeof(noise)) {
		ssize_t n = write(fd, noise + at, sizeof(noise) - at);

		if (n <= 0)
			break;
		at += (size_t)n;
		turns(1);
	}
	turns(3);
	ck_assert(!hear(fd));
	ck_assert_ptr_nonnull(strstr(text, "too_long"));
	close(fd);
}
END_TEST

START_TEST(ctl__long_answer__comes_in_pieces_over_turns)
{
	int fd = dial();
	unsigned got = 0, n = 0;

	say(fd, LIST);
	for (; n < 1000 && !got; n++) {
		turns(1);
		ck_assert(hear(fd));
		got = count("\"end\":{\"count\":10000}");
	}
	ck_assert_uint_eq(items_made, ITEMS);
	ck_assert_uint_ge(n, ITEMS / JVPN_CTL_ITEMS_PER_TURN);
	close(fd);
}
END_TEST

START_TEST(ctl__reader_that_stops__holds_up_nobody)
{
	int slow = dial(), quick = dial();

	say(slow, LIST);
	turns(2000);
	ck_assert_uint_lt(items_made, ITEMS);
	/* nothing to do: the loop may sleep */
	ck_assert_uint_gt(jvpn_ctl_server_next_deadline(server), now_ns);
	say(quick, STATUS);
	turns(2);
	ck_assert(hear(quick));
	ck_assert_ptr_nonnull(strstr(text, "42"));
	/* it goes on where it was */
	for (unsigned i = 0; i < 5000 && items_made < ITEMS; i++) {
		ck_assert(hear(slow));
		turns(1);
	}
	ck_assert_uint_eq(items_made, ITEMS);
	close(slow);
	close(quick);
}
END_TEST

START_TEST(ctl__reader_that_is_gone__frees_its_place)
{
	for (unsigned i = 0; i < 100; i++) {
		int fd = dial();

		say(fd, i % 2 ? LIST : FOLLOW);
		turns(2);
		close(fd);
		turns(2);
		ck_assert_uint_eq(jvpn_ctl_server_count(server), 0);
	}
}
END_TEST

START_TEST(ctl__follower__hears_what_comes)
{
	int fd = dial();

	say(fd, FOLLOW);
	turns(2);
	ck_assert(hear(fd) && !text[0]);
	ck_assert_uint_eq(jvpn_ctl_server_next_deadline(server), JVPN_TIME_NEVER);
	event_is_there = true;
	ck_assert_uint_eq(jvpn_ctl_server_next_deadline(server), now_ns);
	turns(1);
	ck_assert(hear(fd));
	ck_assert_str_eq(text, "{\"v\":1,\"id\":3,\"event\":{\"seq\":1}}\n");
	/* with its own end of sending closed it is still served */
	shutdown(fd, SHUT_WR);
	turns(2);
	event_is_there = true;
	turns(1);
	ck_assert(hear(fd));
	ck_assert_ptr_nonnull(strstr(text, "event"));
	close(fd);
}
END_TEST

START_TEST(ctl__half_closed__answered_and_closed)
{
	int fd = dial();

	say(fd, STATUS);
	shutdown(fd, SHUT_WR);
	turns(3);
	ck_assert(!hear(fd));
	ck_assert_ptr_nonnull(strstr(text, "42"));
	close(fd);
}
END_TEST

START_TEST(ctl__flood__is_read_at_the_rate)
{
	int fd = dial();
	unsigned first;

	for (unsigned i = 0; i < 1000; i++)
		if (write(fd, STATUS, strlen(STATUS)) < 0)
			break;
	for (unsigned i = 0; i < 200; i++) {
		turns(1);
		hear(fd);
	}
	first = asked;
	ck_assert_uint_ge(first, JVPN_CTL_BURST);
	ck_assert_uint_le(first, JVPN_CTL_BURST + 2);
	/* the loop is woken when the next one is due, not before */
	ck_assert_uint_gt(jvpn_ctl_server_next_deadline(server), now_ns);
	ck_assert_uint_le(jvpn_ctl_server_next_deadline(server), now_ns + JVPN_NS_PER_S);
	now_ns += JVPN_NS_PER_S;
	for (unsigned i = 0; i < 200; i++) {
		turns(1);
		hear(fd);
	}
	ck_assert_uint_ge(asked - first, JVPN_CTL_RATE_PER_S - 2);
	ck_assert_uint_le(asked - first, JVPN_CTL_RATE_PER_S + 2);
	close(fd);
}
END_TEST

START_TEST(ctl__too_many__turned_away)
{
	int fd[JVPN_CTL_CLIENTS_MAX], more;

	for (unsigned i = 0; i < JVPN_CTL_CLIENTS_MAX; i++) {
		fd[i] = dial();
		turns(1);
	}
	ck_assert_uint_eq(jvpn_ctl_server_count(server), JVPN_CTL_CLIENTS_MAX);
	more = dial();
	turns(1);
	ck_assert(!hear(more));
	ck_assert_ptr_nonnull(strstr(text, "\"busy\""));
	close(more);
	for (unsigned i = 0; i < JVPN_CTL_CLIENTS_MAX; i++)
		close(fd[i]);
}
END_TEST

START_TEST(ctl__idle__closed_after_a_while)
{
	int fd = dial();

	say(fd, "{\"v\":1,"); /* half a line is nothing */
	turns(2);
	ck_assert_uint_eq(jvpn_ctl_server_next_deadline(server),
			  now_ns + JVPN_CTL_IDLE_MS * JVPN_NS_PER_MS);
	now_ns += JVPN_CTL_IDLE_MS * JVPN_NS_PER_MS;
	turns(1);
	ck_assert(!hear(fd));
	close(fd);
}
END_TEST

START_TEST(ctl__file__mode_and_end)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	jvpn_ctl_server_free(server);
	server = NULL;
	ck_assert_int_ne(stat(path, &st), 0);
}
END_TEST

START_TEST(ctl__living_socket__refused)
{
	struct jvpn_ctl_server *second = NULL;
	int fd;

	ck_assert_int_eq(open_server(&second), JVPN_EBUSY);
	ck_assert_ptr_nonnull(strstr(sentence, "another process listens there"));
	ck_assert_ptr_null(second);
	fd = dial();
	say(fd, STATUS);
	turns(2);
	ck_assert(hear(fd));
	ck_assert_ptr_nonnull(strstr(text, "42"));
	close(fd);
}
END_TEST

START_TEST(ctl__stale_socket__replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	jvpn_ctl_server_free(server);
	server = NULL;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); /* the file stays, as after kill -9 */
	ck_assert_int_eq(open_server(&server), 0);
	fd = dial();
	close(fd);
}
END_TEST

START_TEST(ctl__another_file__left_alone)
{
	struct stat st;
	FILE *f;

	jvpn_ctl_server_free(server);
	server = NULL;
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	ck_assert_int_eq(open_server(&server), JVPN_EEXISTS);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
}
END_TEST

START_TEST(ctl__socket_of_another__not_removed_at_the_end)
{
	struct jvpn_ctl_server *second = NULL;
	struct stat st;

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(open_server(&second), 0);
	jvpn_ctl_server_free(server);
	server = second;
	ck_assert_int_eq(stat(path, &st), 0);
}
END_TEST

START_TEST(ctl__path_too_long__refused)
{
	static char name[200];
	struct jvpn_ctl_config config = {.path = name, .role = JVPN_CTL_SERVER, .ops = &ops};
	struct jvpn_ctl_server *second = NULL;

	memset(name, 'x', sizeof(name) - 1);
	ck_assert_int_eq(jvpn_ctl_server_open(&config, &second, sentence, sizeof(sentence)),
			 JVPN_EINVAL);
}
END_TEST

/* The end of a child process under another user: the first octets of what it heard. */
static void ask_as(uid_t uid, gid_t gid, const char *line)
{
	int pipe_fd[2];
	pid_t pid;
	ssize_t n;

	ck_assert_int_eq(pipe(pipe_fd), 0);
	pid = fork();
	if (pid == 0) {
		int fd;

		if (setgid(gid) != 0 || setuid(uid) != 0)
			_exit(1);
		fd = dial();
		/* who is turned away may be so before it has said anything */
		(void)send(fd, line, strlen(line), MSG_NOSIGNAL);
		for (unsigned i = 0; i < 500 && hear(fd) && !text[0]; i++)
			usleep(10000);
		if (write(pipe_fd[1], text, strlen(text)) < 0)
			_exit(1);
		_exit(0);
	}
	close(pipe_fd[1]);
	fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; i < 1000; i++) {
		struct pollfd p = {.fd = pipe_fd[0], .events = POLLIN};

		turns(1);
		if (poll(&p, 1, 10) > 0)
			break;
	}
	n = read(pipe_fd[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(pipe_fd[0]);
	turns(2);
}

START_TEST(ctl__group__reads_and_does_not_act)
{
	struct jvpn_ctl_config config = {.path = path,
					 .role = JVPN_CTL_SERVER,
					 .has_group = true,
					 .group = 54321,
					 .ops = &ops};

	if (geteuid() != 0)
		return; /* needs another user */
	ck_assert_int_eq(chmod(dir, 0755), 0);
	jvpn_ctl_server_free(server);
	ck_assert_int_eq(jvpn_ctl_server_open(&config, &server, sentence, sizeof(sentence)), 0);
	ask_as(54322, 54321, STATUS);
	ck_assert_ptr_nonnull(strstr(text, "42"));
	ask_as(54322, 54321, "{\"v\":1,\"cmd\":\"reload\"}\n");
	ck_assert_msg(strstr(text, "permission_denied"), "got \"%s\"", text);
	/* not in the group, where somebody has opened the file to all */
	ck_assert_int_eq(chmod(path, 0666), 0);
	ask_as(54322, 54322, STATUS);
	ck_assert_ptr_nonnull(strstr(text, "permission_denied"));
	jvpn_ctl_server_free(server);
	config.group_acts = true;
	ck_assert_int_eq(jvpn_ctl_server_open(&config, &server, sentence, sizeof(sentence)), 0);
	ask_as(54322, 54321, "{\"v\":1,\"cmd\":\"reload\"}\n");
	ck_assert_ptr_nonnull(strstr(text, "42"));
}
END_TEST

UNIT_TESTS(ctl_server)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, ctl__request__is_answered_with_its_id);
	tcase_add_test(tc, ctl__line_octet_by_octet__is_one_request);
	tcase_add_test(tc, ctl__several_lines_at_once__each_answered_in_order);
	tcase_add_test(tc, ctl__line_too_long__said_and_closed);
	tcase_add_test(tc, ctl__long_answer__comes_in_pieces_over_turns);
	tcase_add_test(tc, ctl__reader_that_stops__holds_up_nobody);
	tcase_add_test(tc, ctl__reader_that_is_gone__frees_its_place);
	tcase_add_test(tc, ctl__follower__hears_what_comes);
	tcase_add_test(tc, ctl__half_closed__answered_and_closed);
	tcase_add_test(tc, ctl__flood__is_read_at_the_rate);
	tcase_add_test(tc, ctl__too_many__turned_away);
	tcase_add_test(tc, ctl__idle__closed_after_a_while);
	tcase_add_test(tc, ctl__file__mode_and_end);
	tcase_add_test(tc, ctl__living_socket__refused);
	tcase_add_test(tc, ctl__stale_socket__replaced);
	tcase_add_test(tc, ctl__another_file__left_alone);
	tcase_add_test(tc, ctl__socket_of_another__not_removed_at_the_end);
	tcase_add_test(tc, ctl__path_too_long__refused);
	tcase_add_test(tc, ctl__group__reads_and_does_not_act);
	tcase_add_test(tc, ctl__no_descriptor_left__asked_again_later);
}
