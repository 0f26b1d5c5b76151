/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of ctl/show and ctl/ask: what people see, what the exit code is made of, and daemons that answer
 * nonsense.
 */
#include "ctl/show.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "unit.h"

static char *out;
static size_t out_size;
static struct jvpn_ctl_show show;

static void begin(enum jvpn_ctl_command_id command)
{
	memset(&show, 0, sizeof(show));
	show.command = command;
	show.out = open_memstream(&out, &out_size);
}

static void end(void)
{
	fclose(show.out);
}

static void teardown(void)
{
	free(out);
	out = NULL;
}

START_TEST(show__durations__two_units_at_most)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} v[] = {{0, "0.0 s"},
		 {3210, "3.2 s"},
		 {42000, "42 s"},
		 {250000, "4 min 10 s"},
		 {7500000, "2 h 05 min"},
		 {273600000, "3 d 04 h"},
		 {UINT64_MAX, "213503982334 d 14 h"}};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char text[64];

		jvpn_ctl_show_duration(v[i].ms, text, sizeof(text));
		ck_assert_str_eq(text, v[i].text);
	}
}
END_TEST

START_TEST(show__bytes__binary_units)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} v[] = {{0, "0 B"},           {1023, "1023 B"},        {1536, "1.5 KiB"},
		 {3 << 20, "3.0 MiB"}, {1ULL << 40, "1.0 TiB"}, {UINT64_MAX, "15.9 EiB"}};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char text[64];

		jvpn_ctl_show_bytes(v[i].bytes, text, sizeof(text));
		ck_assert_str_eq(text, v[i].text);
	}
}
END_TEST

START_TEST(show__list__titles_once)
{
	begin(JVPN_CTL_SESSIONS);
	for (int i = 0; i < 3; i++)
		ck_assert(jvpn_ctl_show_line(&show, JVPN_CTL_LINE_ITEM,
					     "{\"session_id\":\"00\",\"state\":\"ATTACHED\","
					     "\"tx_bytes\":2048,\"binding\":null}"));
	end();
	ck_assert_ptr_nonnull(strstr(out, "SESSION"));
	ck_assert_ptr_null(strstr(strstr(out, "SESSION") + 1, "SESSION"));
	ck_assert_ptr_nonnull(strstr(out, "2.0 KiB"));
	ck_assert_ptr_null(strchr(out, '\033'));
}
END_TEST

START_TEST(show__text_from_outside__cannot_steer_the_terminal)
{
	begin(JVPN_CTL_SESSIONS);
	ck_assert(jvpn_ctl_show_line(&show, JVPN_CTL_LINE_ITEM,
				     "{\"session_id\":\"\\u001b[2J\",\"user\":\"a\\u0007b\\nc\","
				     "\"state\":\"\\u001bX\"}"));
	end();
	ck_assert_ptr_null(strchr(out, '\033'));
	ck_assert_ptr_null(strchr(out, '\007'));
	ck_assert_ptr_nonnull(strstr(out, "a?b?c"));
}
END_TEST

START_TEST(show__status__state_is_learned)
{
	begin(JVPN_CTL_STATUS);
	ck_assert(jvpn_ctl_show_line(&show, JVPN_CTL_LINE_RESULT,
				     "{\"program\":\"jvpn-client\",\"session\":{\"state\":"
				     "\"DEGRADED\",\"binding\":null},\"transports\":[]}"));
	end();
	ck_assert_int_eq(show.state, JVPN_STATE_DEGRADED);
	teardown();
	begin(JVPN_CTL_STATUS);
	ck_assert(jvpn_ctl_learn_line(&show, JVPN_CTL_LINE_RESULT, "{\"session\":null}"));
	ck_assert(jvpn_ctl_learn_line(&show, JVPN_CTL_LINE_ITEM, "not looked at"));
	ck_assert_int_eq(show.state, JVPN_STATE_NONE);
	ck_assert(jvpn_ctl_learn_line(&show, JVPN_CTL_LINE_ERROR,
				      "{\"code\":\"refused\",\"exit_code\":2}"));
	ck_assert(show.refused && show.exit_code == 2);
	ck_assert_str_eq(show.code, "refused");
	end();
}
END_TEST

START_TEST(show__status__queues_events_and_what_workers_gave)
{
	begin(JVPN_CTL_STATUS);
	ck_assert(jvpn_ctl_show_line(
		&show, JVPN_CTL_LINE_RESULT,
		"{\"program\":\"jvpn-server\",\"capacity\":9,\"sessions\":1,\"workers\":4,"
		"\"events\":{\"emitted\":12,\"dropped\":3,\"waiting_bytes\":2048},"
		"\"queue\":{\"bytes\":1024,\"dropped_full\":1,\"dropped_stale\":2,"
		"\"dropped_codel\":3,\"dropped_other\":4,\"marked\":5},"
		"\"handed\":{\"datagrams\":6,\"packets\":7,\"dropped\":8}}"));
	end();
	ck_assert_ptr_nonnull(strstr(out, "events     12; dropped 3, 2.0 KiB waiting"));
	ck_assert_ptr_nonnull(strstr(out,
				     "queue      1.0 KiB waiting; dropped 10 (full 1, too old 2, "
				     "CoDel 3, other 4), marked 5\n"));
	ck_assert_ptr_nonnull(strstr(out, "workers    4; given to each other: 6 datagrams, 7 inner "
					  "packets; dropped 8\n"));
}
END_TEST

/* Any JSON at all, in any place, is shown or said to be none; nothing falls over. */
START_TEST(show__nonsense__survived)
{
	static const char *const v[] = {
		"",
		"{",
		"[]",
		"null",
		"7",
		"\"x\"",
		"{\"session\":7,\"transports\":{},\"states\":[1,{}],\"capacity\":\"x\"}",
		"{\"session\":[],\"transports\":[7,null,{\"rtt_ms\":-1,\"loss_ratio\":1e300}]}",
		"{\"report\":7,\"message\":{}}",
		"{\"report\":[7,{\"text\":[]}],\"left_out\":1e99}"};

	for (int command = JVPN_CTL_STATUS; command < JVPN_CTL_COUNT; command++)
		for (int kind = JVPN_CTL_LINE_RESULT; kind <= JVPN_CTL_LINE_ERROR; kind++) {
			begin((enum jvpn_ctl_command_id)command);
			for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
				(void)jvpn_ctl_show_line(&show, (enum jvpn_ctl_line)kind, v[i]);
			end();
			teardown();
		}
}
END_TEST

/* ---- ask ---- */

static char path[64];
static unsigned lines;

static bool count_line(void *user, enum jvpn_ctl_line kind, const char *json)
{
	(void)user, (void)kind, (void)json;
	lines++;
	return true;
}

/* A daemon that says this to whoever comes, octet by octet, and hangs up. */
static int ask_one_that_says(const char *answer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct jvpn_ctl_ask ask = {.path = path, .timeout_ms = 5000, .on_line = count_line};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), rv;
	pid_t pid;

	snprintf(path, sizeof(path), "/tmp/jvpn-unit-ask-%d", (int)getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		int c = accept(fd, NULL, NULL);
		char request[256];

		if (read(c, request, sizeof(request)) <= 0)
			_exit(1);
		for (; *answer; answer++)
			if (send(c, answer, 1, MSG_NOSIGNAL) != 1)
				break;
		_exit(0);
	}
	close(fd);
	ask.request.command = jvpn_ctl_command_get(JVPN_CTL_STATUS);
	lines = 0;
	rv = jvpn_ctl_ask(&ask);
	waitpid(pid, NULL, 0);
	unlink(path);
	return rv;
}

START_TEST(ask__answers__until_the_last_line)
{
	ck_assert_int_eq(ask_one_that_says("{\"v\":1,\"id\":1,\"item\":{}}\n"
					   "{\"v\":1,\"id\":1,\"item\":{}}\n"
					   "{\"v\":1,\"id\":1,\"end\":{\"count\":2}}\n"),
			 0);
	ck_assert_uint_eq(lines, 3);
	ck_assert_int_eq(ask_one_that_says("{\"v\":1,\"error\":{\"code\":\"busy\"}}\n"), 0);
	ck_assert_uint_eq(lines, 1);
}
END_TEST

START_TEST(ask__no_answer__said)
{
	struct jvpn_ctl_ask ask = {.path = "/tmp/jvpn-unit-nobody", .on_line = count_line};

	ck_assert_int_eq(ask_one_that_says("{\"v\":1,\"id\":1,\"item\":{}}\n"), JVPN_ECLOSED);
	ck_assert_int_eq(ask_one_that_says("{\"v\":2,\"id\":1,\"result\":{}}\n"), JVPN_EMALFORMED);
	ck_assert_int_eq(ask_one_that_says("{\"v\":1,\"id\":1,\"what\":{}}\n"), JVPN_EMALFORMED);
	ck_assert_int_eq(ask_one_that_says("HTTP/1.0 200 OK\n"), JVPN_EMALFORMED);
	ck_assert_int_eq(ask_one_that_says("\n"), JVPN_EMALFORMED);
	ask.request.command = jvpn_ctl_command_get(JVPN_CTL_STATUS);
	ck_assert_int_eq(jvpn_ctl_ask(&ask), JVPN_ENOTFOUND);
}
END_TEST

UNIT_TESTS(show)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, show__durations__two_units_at_most);
	tcase_add_test(tc, show__bytes__binary_units);
	tcase_add_test(tc, show__list__titles_once);
	tcase_add_test(tc, show__text_from_outside__cannot_steer_the_terminal);
	tcase_add_test(tc, show__status__state_is_learned);
	tcase_add_test(tc, show__status__queues_events_and_what_workers_gave);
	tcase_add_test(tc, show__nonsense__survived);
	tcase_add_test(tc, ask__answers__until_the_last_line);
	tcase_add_test(tc, ask__no_answer__said);
}
