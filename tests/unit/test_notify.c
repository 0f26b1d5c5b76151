/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The service manager's side of runtime/notify: what it gets, and that nothing is sent to nobody.
 */
#include "runtime/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "unit.h"

static int manager = -1;
static char name[64];
static struct jvpn_notify notify;

static void clear(void)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

/* An abstract name needs no directory. */
static void listen_as(bool abstract)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len;

	clear();
	snprintf(name, sizeof(name), "%sjvpn-notify-%ld", abstract ? "@" : "/tmp/", (long)getpid());
	memcpy(address.sun_path, name, strlen(name));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	if (abstract)
		address.sun_path[0] = '\0';
	else
		len++;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(manager, 0);
	ck_assert_int_eq(bind(manager, (const struct sockaddr *)&address, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static void teardown(void)
{
	jvpn_notify_close(&notify);
	if (manager >= 0)
		close(manager);
	manager = -1;
	if (name[0] == '/')
		unlink(name);
	clear();
}

/* The next message, "" when there is none. */
static const char *heard(void)
{
	static char text[512];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(notify_open__path_or_abstract_name__is_told_and_taken_out_of_the_environment)
{
	listen_as(_i != 0);
	jvpn_notify_open(&notify);
	ck_assert(notify.is_on);
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	jvpn_notify_ready(&notify);
	ck_assert_str_eq(heard(), "READY=1");
	jvpn_notify_reloading(&notify, 5 * JVPN_NS_PER_S + 7000);
	ck_assert_str_eq(heard(), "RELOADING=1\nMONOTONIC_USEC=5000007");
	jvpn_notify_stopping(&notify);
	ck_assert_str_eq(heard(), "STOPPING=1");
	ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(notify_open__nobody_or_nonsense__does_nothing)
{
	static const char *const nonsense[] = {NULL,           "", "x", "@", "/", "vsock:2:1",
					       "relative/path"};
	char long_name[sizeof(((struct sockaddr_un *)0)->sun_path) + 2];

	clear();
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		if (nonsense[i])
			setenv("NOTIFY_SOCKET", nonsense[i], 1);
		setenv("WATCHDOG_USEC", "1000000", 1);
		jvpn_notify_open(&notify);
		ck_assert(!notify.is_on);
		ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
		ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
		jvpn_notify_ready(&notify);
		ck_assert(!jvpn_notify_wants_status(&notify, 1));
		ck_assert(!jvpn_notify_alive_is_due(&notify, 1));
		ck_assert(jvpn_notify_next_deadline(&notify) == JVPN_TIME_NEVER);
	}
	memset(long_name, 'a', sizeof(long_name));
	long_name[0] = '/';
	long_name[sizeof(long_name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", long_name, 1);
	jvpn_notify_open(&notify);
	ck_assert(!notify.is_on);
}
END_TEST

START_TEST(notify_status__new_text__is_told_once_a_second_at_most)
{
	const uint64_t t = 10 * JVPN_NS_PER_S;
	char line[3 * JVPN_NOTIFY_STATUS_MAX];

	listen_as(true);
	jvpn_notify_open(&notify);
	ck_assert(jvpn_notify_next_deadline(&notify) == JVPN_TIME_NEVER);
	ck_assert(jvpn_notify_wants_status(&notify, t));
	jvpn_notify_status(&notify, "one\nREADY=1", t);
	ck_assert_str_eq(heard(), "STATUS=one READY=1");
	/* The same again is not told; another one not before its time, and then there is a turn. */
	jvpn_notify_status(&notify, "one\nREADY=1", t);
	ck_assert_str_eq(heard(), "");
	ck_assert(!jvpn_notify_wants_status(&notify, t + 1));
	ck_assert(jvpn_notify_next_deadline(&notify) == t + JVPN_NOTIFY_STATUS_NS);
	ck_assert(jvpn_notify_wants_status(&notify, t + JVPN_NOTIFY_STATUS_NS));
	ck_assert(jvpn_notify_next_deadline(&notify) == JVPN_TIME_NEVER);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	jvpn_notify_status(&notify, line, t + JVPN_NOTIFY_STATUS_NS);
	ck_assert_uint_eq(strlen(heard()), strlen("STATUS=") + JVPN_NOTIFY_STATUS_MAX - 1);
}
END_TEST

START_TEST(notify_alive__watchdog_asked_for__twice_in_its_time)
{
	char pid[32];
	uint64_t at;

	listen_as(true);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	jvpn_notify_open(&notify);
	ck_assert_ptr_null(getenv("WATCHDOG_PID"));
	at = 1500 * JVPN_NS_PER_MS;
	ck_assert(jvpn_notify_alive_is_due(&notify, 0));
	jvpn_notify_alive(&notify, true, 0);
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	ck_assert(!jvpn_notify_alive_is_due(&notify, at - 1));
	ck_assert(jvpn_notify_next_deadline(&notify) == at);
	ck_assert(jvpn_notify_alive_is_due(&notify, at));
	/* Nobody vouches: nothing is said, and it is asked again soon, but not in every turn. */
	jvpn_notify_alive(&notify, false, at);
	ck_assert_str_eq(heard(), "");
	ck_assert(!jvpn_notify_alive_is_due(&notify, at + 1));
	ck_assert(jvpn_notify_alive_is_due(&notify, at + JVPN_NS_PER_S));
}
END_TEST

START_TEST(notify_open__watchdog_of_another_or_nonsense__is_none)
{
	static const char *const wrong[][2] = {{"3000000", "1"},
					       {"0", NULL},
					       {"-1", NULL},
					       {"3s", NULL},
					       {"99999999999999999999999", NULL},
					       {"3000000", "x"}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		listen_as(true);
		setenv("WATCHDOG_USEC", wrong[i][0], 1);
		if (wrong[i][1])
			setenv("WATCHDOG_PID", wrong[i][1], 1);
		jvpn_notify_open(&notify);
		ck_assert(notify.is_on);
		ck_assert(!jvpn_notify_alive_is_due(&notify, JVPN_NS_PER_S));
		teardown();
	}
}
END_TEST

/* A manager that does not read: the loop goes on, and what could not be told is told later. */
START_TEST(notify_status__manager_does_not_read__is_told_later)
{
	int told = 0;
	uint64_t t = 0;
	char text[32];

	listen_as(true);
	setenv("WATCHDOG_USEC", "3000000", 1);
	jvpn_notify_open(&notify);
	while (!notify.status_waits && told < 100000) {
		snprintf(text, sizeof(text), "number %d", told++);
		t += JVPN_NOTIFY_STATUS_NS;
		jvpn_notify_status(&notify, text, t);
	}
	ck_assert(notify.status_waits);
	jvpn_notify_alive(&notify, true, t);
	ck_assert(notify.alive_at_ns < t + JVPN_NS_PER_S);
	while (heard()[0])
		;
	jvpn_notify_status(&notify, text, t);
	ck_assert_ptr_nonnull(strstr(heard(), text));
}
END_TEST

UNIT_TESTS(notify)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(
		tc, notify_open__path_or_abstract_name__is_told_and_taken_out_of_the_environment, 0,
		2);
	tcase_add_test(tc, notify_open__nobody_or_nonsense__does_nothing);
	tcase_add_test(tc, notify_status__new_text__is_told_once_a_second_at_most);
	tcase_add_test(tc, notify_alive__watchdog_asked_for__twice_in_its_time);
	tcase_add_test(tc, notify_open__watchdog_of_another_or_nonsense__is_none);
	tcase_add_test(tc, notify_status__manager_does_not_read__is_told_later);
}
