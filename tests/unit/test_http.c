/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of obs/http: answers now and later, who goes away, bounds in number and time, no descriptors left.
 */
#include "obs/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "unit.h"

#define GET "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"

static struct jvpn_http *http;
static struct jvpn_http_request *kept;
static unsigned asked, gone;
static bool answer_later;
static struct sockaddr_in address;
static uint64_t now_ns;

static void on_request(void *user, struct jvpn_http_request *request, const char *path)
{
	(void)user;
	asked++;
	if (answer_later)
		kept = request;
	else
		jvpn_http_answer(request, JVPN_HTTP_OK, NULL, path, strlen(path));
}

static void on_gone(void *user, struct jvpn_http_request *request)
{
	(void)user;
	ck_assert_ptr_eq(request, kept);
	kept = NULL;
	gone++;
}

/* A port that is free now. */
static void choose_port(void)
{
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address = (struct sockaddr_in){.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
}

static int open_http(struct jvpn_http **out)
{
	struct sockaddr_storage listen = {.ss_family = AF_UNSPEC};
	struct jvpn_http_config config = {
		.listen = &listen, .on_request = on_request, .on_gone = on_gone};
	char error[128] = "";
	int rv;

	memcpy(&listen, &address, sizeof(address));
	rv = jvpn_http_open(&config, out, error, sizeof(error));
	if (rv)
		ck_assert_ptr_nonnull(strstr(error, "metrics.listen: "));
	return rv;
}

static void setup(void)
{
	now_ns = JVPN_NS_PER_S;
	answer_later = false;
	asked = gone = 0;
	kept = NULL;
	choose_port();
	ck_assert_int_eq(open_http(&http), 0);
}

static void teardown(void)
{
	jvpn_http_free(http);
	http = NULL;
}

static int connect_to(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		ck_assert_int_eq(errno, EINPROGRESS);
	return fd;
}

/* Turns of a loop until nothing is left to do for a moment. */
static void run(void)
{
	for (int i = 0; i < 50; i++) {
		struct pollfd p = {.fd = jvpn_http_fd(http), .events = POLLIN};
		int n = poll(&p, 1, 20);

		if (n <= 0 && jvpn_http_next_deadline(http) > now_ns)
			return;
		jvpn_http_poll(http, now_ns);
	}
}

/* All that came; false: the connection is still open. */
static bool read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n = 0;

	while (len + 1 < size && (n = read(fd, out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	return n == 0 || (n < 0 && errno != EAGAIN);
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(http__a_request__is_answered_and_closed)
{
	char text[1024];
	int fd = connect_to();

	run();
	say(fd, GET GET);
	run();
	ck_assert(read_all(fd, text, sizeof(text)));
	ck_assert_int_eq(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
	ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n/metrics"));
	ck_assert_uint_eq(asked, 1);
	close(fd);
}
END_TEST

START_TEST(http__an_answer_later__comes_later)
{
	char text[1024];
	int fd = connect_to();

	answer_later = true;
	run();
	say(fd, GET);
	run();
	ck_assert(!read_all(fd, text, sizeof(text)));
	ck_assert_str_eq(text, "");
	ck_assert_ptr_nonnull(kept);
	jvpn_http_answer(kept, JVPN_HTTP_UNAVAILABLE, NULL, "later\n", 6);
	jvpn_http_answer(kept, JVPN_HTTP_OK, NULL, "twice\n", 6);
	run();
	ck_assert(read_all(fd, text, sizeof(text)));
	ck_assert_int_eq(strncmp(text, "HTTP/1.1 503 ", 13), 0);
	ck_assert_uint_eq(gone, 0);
	close(fd);
}
END_TEST

START_TEST(http__the_end_with_a_request_open__says_so)
{
	int fd = connect_to();

	answer_later = true;
	run();
	say(fd, GET);
	run();
	ck_assert_ptr_nonnull(kept);
	jvpn_http_free(http);
	http = NULL;
	ck_assert_uint_eq(gone, 1);
	close(fd);
}
END_TEST

START_TEST(http__another_method__is_refused_with_what_is_allowed)
{
	char text[1024];
	int fd = connect_to();

	run();
	say(fd, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
	run();
	ck_assert(read_all(fd, text, sizeof(text)));
	ck_assert_int_eq(strncmp(text, "HTTP/1.1 405 ", 13), 0);
	ck_assert_ptr_nonnull(strstr(text, "Allow: GET, HEAD\r\n"));
	ck_assert_uint_eq(asked, 0);
	close(fd);
}
END_TEST

START_TEST(http__more_connections_than_places__are_closed_at_once)
{
	struct jvpn_http_stats stats;
	int fd[JVPN_HTTP_CONNECTIONS + 5];
	char text[1024];

	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS + 5; i++)
		fd[i] = connect_to();
	run();
	jvpn_http_get_stats(http, &stats);
	ck_assert_uint_eq(stats.refused, 5);
	ck_assert(!read_all(fd[0], text, sizeof(text)));
	ck_assert(read_all(fd[JVPN_HTTP_CONNECTIONS], text, sizeof(text)));
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS + 5; i++)
		close(fd[i]);
	run();
	fd[0] = connect_to();
	run();
	say(fd[0], GET);
	run();
	ck_assert(read_all(fd[0], text, sizeof(text)));
	ck_assert_uint_eq(asked, 1);
	close(fd[0]);
}
END_TEST

START_TEST(http__whoever_takes_too_long__is_cut)
{
	char text[1024];
	int fd = connect_to();

	run();
	say(fd, "GET /metrics HTT");
	run();
	ck_assert(!read_all(fd, text, sizeof(text)));
	ck_assert_uint_eq(jvpn_http_next_deadline(http), now_ns + JVPN_HTTP_PATIENCE_NS);
	now_ns += JVPN_HTTP_PATIENCE_NS;
	run();
	ck_assert(read_all(fd, text, sizeof(text)));
	ck_assert_uint_eq(jvpn_http_next_deadline(http), JVPN_TIME_NEVER);
	close(fd);
}
END_TEST

START_TEST(http__no_descriptors__does_not_spin_and_goes_on)
{
	struct rlimit before, none = {.rlim_cur = 0, .rlim_max = 0};
	struct pollfd p = {.fd = jvpn_http_fd(http), .events = POLLIN};
	char text[1024];
	int fd = connect_to();

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	ck_assert_int_eq(poll(&p, 1, 2000), 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	jvpn_http_poll(http, now_ns);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	ck_assert_uint_eq(jvpn_http_next_deadline(http), now_ns + JVPN_NS_PER_S);
	now_ns += JVPN_NS_PER_S;
	jvpn_http_poll(http, now_ns);
	say(fd, GET);
	run();
	ck_assert(read_all(fd, text, sizeof(text)));
	ck_assert_uint_eq(asked, 1);
	close(fd);
}
END_TEST

START_TEST(http__a_port_in_use__is_said)
{
	struct jvpn_http *second = NULL;

	ck_assert_int_eq(open_http(&second), JVPN_EBUSY);
	ck_assert_ptr_null(second);
}
END_TEST

UNIT_TESTS(http)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, http__a_request__is_answered_and_closed);
	tcase_add_test(tc, http__an_answer_later__comes_later);
	tcase_add_test(tc, http__the_end_with_a_request_open__says_so);
	tcase_add_test(tc, http__another_method__is_refused_with_what_is_allowed);
	tcase_add_test(tc, http__more_connections_than_places__are_closed_at_once);
	tcase_add_test(tc, http__whoever_takes_too_long__is_cut);
	tcase_add_test(tc, http__no_descriptors__does_not_spin_and_goes_on);
	tcase_add_test(tc, http__a_port_in_use__is_said);
}
