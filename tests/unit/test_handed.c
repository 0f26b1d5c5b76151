/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sockets handed over by a service manager: what is taken, what is refused, and what is left to nobody.
 */
#include "server/handed.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "unit.h"

#define FIRST 3

/* Where libcheck has its pipes the sockets must be: bodies run in a child that has left them, whose status is
 * the line that did not hold, modulo 256. */
#define EXPECT(cond)                                                                               \
	do {                                                                                       \
		if (!(cond))                                                                       \
			_exit(__LINE__ % 255 + 1);                                                 \
	} while (0)

static struct jvpn_handed handed;
static char error[256];

/* Each test is a process of its own: descriptors from 3 on are its own matter. */
static void setup(void)
{
	for (int fd = FIRST; fd < FIRST + 8; fd++)
		close(fd);
	error[0] = '\0';
}

static void teardown(void)
{
	jvpn_handed_close(&handed);
	for (int fd = FIRST; fd < FIRST + 8; fd++)
		close(fd);
}

static struct sockaddr_storage loopback(int family, unsigned port)
{
	struct sockaddr_storage s = {.ss_family = (sa_family_t)family};

	if (family == AF_INET) {
		((struct sockaddr_in *)&s)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		((struct sockaddr_in *)&s)->sin_port = htons((uint16_t)port);
	} else {
		((struct sockaddr_in6 *)&s)->sin6_addr = in6addr_loopback;
		((struct sockaddr_in6 *)&s)->sin6_port = htons((uint16_t)port);
	}
	return s;
}

/* At the lowest free descriptor, as systemd leaves them. */
static struct sockaddr_storage make(int fd, int family, int type)
{
	struct sockaddr_storage s = loopback(family, 0);
	socklen_t len = sizeof(s);
	int one = 1;

	EXPECT(socket(family, type, 0) == fd);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	EXPECT(bind(fd, (struct sockaddr *)&s,
		    family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) ==
	       0);
	EXPECT(getsockname(fd, (struct sockaddr *)&s, &len) == 0);
	return s;
}

static int open_with(const char *pid, const char *fds)
{
	char me[32];

	snprintf(me, sizeof(me), "%ld", (long)getpid());
	setenv("LISTEN_PID", pid ? pid : me, 1);
	setenv("LISTEN_FDS", fds, 1);
	setenv("LISTEN_FDNAMES", "a:b", 1);
	return jvpn_handed_open(&handed, error, sizeof(error));
}

static void expect_clean(void)
{
	EXPECT(!getenv("LISTEN_PID"));
	EXPECT(!getenv("LISTEN_FDS"));
	EXPECT(!getenv("LISTEN_FDNAMES"));
}

static void handed_open__two_families__each_is_found_by_its_address_body(void)
{
	struct sockaddr_storage four = make(FIRST, AF_INET, SOCK_DGRAM);
	struct sockaddr_storage six = make(FIRST + 1, AF_INET6, SOCK_DGRAM), other;

	EXPECT(open_with(NULL, "2") == 0);
	expect_clean();
	EXPECT(handed.count == 2);
	EXPECT(fcntl(FIRST, F_GETFD) == FD_CLOEXEC);
	EXPECT((fcntl(FIRST, F_GETFL) & O_NONBLOCK) != 0);
	other = loopback(AF_INET, ntohs(((struct sockaddr_in *)&four)->sin_port) ^ 1U);
	EXPECT(jvpn_handed_take(&handed, &other) == -1);
	EXPECT(jvpn_handed_count(&handed, &six) == 1);
	EXPECT(jvpn_handed_take(&handed, &six) == FIRST + 1);
	EXPECT(jvpn_handed_take(&handed, &six) == -1);
	EXPECT(jvpn_handed_left(&handed) == &handed.socket[0].local);
	EXPECT(jvpn_handed_take(&handed, &four) == FIRST);
	EXPECT(!jvpn_handed_left(&handed));
}

static void handed_open__shared_port__in_the_order_they_came_body(void)
{
	struct sockaddr_storage first = loopback(AF_INET, 0);
	socklen_t len = sizeof(first);
	int one = 1;

	for (int fd = FIRST; fd < FIRST + 3; fd++) {
		EXPECT(socket(AF_INET, SOCK_DGRAM, 0) == fd);
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		EXPECT(bind(fd, (struct sockaddr *)&first, sizeof(struct sockaddr_in)) == 0);
		len = sizeof(first);
		EXPECT(getsockname(fd, (struct sockaddr *)&first, &len) == 0);
	}
	EXPECT(open_with(NULL, "3") == 0);
	EXPECT(jvpn_handed_count(&handed, &first) == 3);
	for (int fd = FIRST; fd < FIRST + 3; fd++)
		EXPECT(jvpn_handed_take(&handed, &first) == fd);
}

static void handed_open__meant_for_another__nothing_body(void)
{
	make(FIRST, AF_INET, SOCK_DGRAM);
	EXPECT(open_with("1", "1") == 0);
	expect_clean();
	EXPECT(handed.count == 0);
	EXPECT(open_with(NULL, "0") == 0);
	EXPECT(handed.count == 0);
	setenv("LISTEN_FDS", "1", 1);
	EXPECT(jvpn_handed_open(&handed, error, sizeof(error)) == 0);
	EXPECT(handed.count == 0);
}

static void handed_open__nonsense__refused_with_a_sentence_body(void)
{
	static const char *const wrong[][2] = {{NULL, "x"},  {NULL, "-1"},
					       {NULL, ""},   {NULL, "1025"},
					       {NULL, "1 "}, {NULL, "18446744073709551617"},
					       {"self", "1"}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		error[0] = '\0';
		EXPECT(open_with(wrong[i][0], wrong[i][1]) == JVPN_EINVAL);
		EXPECT(error[0]);
		expect_clean();
	}
}

static void handed_open__no_udp_socket__refused_body(void)
{
	int pipes[2], zero = 0;
	struct sockaddr_storage s;

	EXPECT(open_with(NULL, "1") == JVPN_EINVAL); /* closed */
	EXPECT(strstr(error, "is not open"));
	EXPECT(pipe(pipes) == 0);
	EXPECT(open_with(NULL, "1") == JVPN_EINVAL);
	EXPECT(strstr(error, "no UDP socket"));
	setup();
	make(FIRST, AF_INET, SOCK_STREAM);
	EXPECT(open_with(NULL, "1") == JVPN_EINVAL);
	setup();
	s = make(FIRST, AF_INET, SOCK_DGRAM);
	EXPECT(connect(FIRST, (struct sockaddr *)&s, sizeof(struct sockaddr_in)) == 0);
	EXPECT(open_with(NULL, "1") == JVPN_EINVAL);
	EXPECT(strstr(error, "connected"));
	setup();
	EXPECT(socket(AF_INET6, SOCK_DGRAM, 0) == FIRST);
	setsockopt(FIRST, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	EXPECT(open_with(NULL, "1") == JVPN_EINVAL);
	EXPECT(strstr(error, "ipv6-only"));
	setup();
	EXPECT(socketpair(AF_UNIX, SOCK_DGRAM, 0, pipes) == 0);
	EXPECT(open_with(NULL, "1") == JVPN_EINVAL);
}

static void run_alone(void (*body)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setup();
		body();
		teardown();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "wait status %#x: line %d modulo 255", status,
		      WEXITSTATUS(status) - 1);
}

START_TEST(handed_open__two_families__each_is_found_by_its_address)
{
	run_alone(handed_open__two_families__each_is_found_by_its_address_body);
}
END_TEST

START_TEST(handed_open__shared_port__in_the_order_they_came)
{
	run_alone(handed_open__shared_port__in_the_order_they_came_body);
}
END_TEST

START_TEST(handed_open__meant_for_another__nothing)
{
	run_alone(handed_open__meant_for_another__nothing_body);
}
END_TEST

START_TEST(handed_open__nonsense__refused_with_a_sentence)
{
	run_alone(handed_open__nonsense__refused_with_a_sentence_body);
}
END_TEST

START_TEST(handed_open__no_udp_socket__refused)
{
	run_alone(handed_open__no_udp_socket__refused_body);
}
END_TEST

UNIT_TESTS(handed)
{
	tcase_add_test(tc, handed_open__two_families__each_is_found_by_its_address);
	tcase_add_test(tc, handed_open__shared_port__in_the_order_they_came);
	tcase_add_test(tc, handed_open__meant_for_another__nothing);
	tcase_add_test(tc, handed_open__nonsense__refused_with_a_sentence);
	tcase_add_test(tc, handed_open__no_udp_socket__refused);
}
