/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of runtime/exporter: one collection for all who ask, a thread that does not answer, pages.
 */
#include "runtime/exporter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "unit.h"

static struct jvpn_exporter exporter;
static struct jvpn_engine engine;
static struct jvpn_driver driver;
static struct sockaddr_in address;
static unsigned collections, pages;
static bool is_ready;

static void collect(void *user, struct jvpn_exporter *e)
{
	(void)user;
	(void)e;
	collections++;
}

static void write_some(void *user, struct jvpn_exposition *x)
{
	(void)user;
	pages++;
	jvpn_exposition_one(x, JVPN_METRIC_ID_WORKERS, 3);
}

static const char *why_not_ready(void *user)
{
	(void)user;
	return is_ready ? NULL : "not yet\n";
}

static void setup(void)
{
	struct jvpn_config_metrics metrics = {.listen = {.ss_family = AF_UNSPEC}};
	struct jvpn_exporter_config config = {.metrics = &metrics,
					      .collect = collect,
					      .write = write_some,
					      .why_not_ready = why_not_ready};
	socklen_t len = sizeof(address);
	char error[128];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address = (struct sockaddr_in){.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	memcpy(&metrics.listen, &address, sizeof(address));
	driver.now_ns = JVPN_NS_PER_S;
	engine.driver = &driver;
	collections = pages = 0;
	is_ready = true;
	ck_assert_int_eq(jvpn_loop_new(&engine.loop), 0);
	ck_assert_int_eq(jvpn_exporter_open(&exporter, &engine, &config, error, sizeof(error)), 0);
}

static void teardown(void)
{
	jvpn_exporter_close(&exporter);
	jvpn_loop_free(engine.loop);
}

static void run(void)
{
	for (int i = 0; i < 50; i++) {
		struct pollfd p = {.fd = jvpn_http_fd(exporter.http), .events = POLLIN};
		int n = poll(&p, 1, 20);

		if (n <= 0 && jvpn_exporter_next_deadline(&exporter) > driver.now_ns)
			return;
		jvpn_http_poll(exporter.http, driver.now_ns);
		jvpn_exporter_turn(&exporter, driver.now_ns);
	}
}

static int ask(const char *page)
{
	char text[128];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", page);

	(void)connect(fd, (struct sockaddr *)&address, sizeof(address));
	run();
	ck_assert_int_eq(write(fd, text, (size_t)n), n);
	run();
	return fd;
}

/* The status; 0: no answer yet. */
static int answer_of(int fd, const char *contains)
{
	char text[4096];
	ssize_t n = read(fd, text, sizeof(text) - 1);
	int status = 0;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	ck_assert_int_eq(sscanf(text, "HTTP/1.1 %d", &status), 1);
	ck_assert_ptr_nonnull(strstr(text, contains));
	close(fd);
	return status;
}

START_TEST(exporter__three_who_ask__share_one_collection)
{
	int fd[] = {ask("/metrics"), ask("/healthz"), ask("/readyz")};

	ck_assert_uint_eq(collections, 1);
	ck_assert_int_eq(answer_of(fd[0], ""), 0);
	jvpn_exporter_collected(&exporter);
	run();
	ck_assert_int_eq(answer_of(fd[0], "\njvpn_workers 3\n"), 200);
	ck_assert_int_eq(answer_of(fd[1], "ok\n"), 200);
	ck_assert_int_eq(answer_of(fd[2], "ready\n"), 200);
	is_ready = false;
	driver.now_ns += JVPN_EXPORTER_SPACING_NS;
	fd[0] = ask("/readyz");
	jvpn_exporter_collected(&exporter);
	run();
	ck_assert_int_eq(answer_of(fd[0], "not yet\n"), 503);
	ck_assert_uint_eq(collections, 2);
}
END_TEST

START_TEST(exporter__a_thread_that_does_not_answer__is_said_in_time)
{
	int fd = ask("/healthz"), later;

	ck_assert_uint_eq(jvpn_exporter_next_deadline(&exporter),
			  driver.now_ns + JVPN_EXPORTER_PATIENCE_NS);
	driver.now_ns += JVPN_EXPORTER_PATIENCE_NS;
	jvpn_exporter_turn(&exporter, driver.now_ns);
	run();
	ck_assert_int_eq(answer_of(fd, "a thread does not answer"), 503);
	/* It still has not: nobody asks it again, and its answer is everybody's. */
	later = ask("/healthz");
	ck_assert_uint_eq(collections, 1);
	jvpn_exporter_collected(&exporter);
	run();
	ck_assert_int_eq(answer_of(later, "ok\n"), 200);
}
END_TEST

START_TEST(exporter__many_who_ask_for_metrics__one_page_a_quarter_of_a_second)
{
	int first = ask("/metrics"), second = ask("/metrics"), soon;

	jvpn_exporter_collected(&exporter);
	run();
	ck_assert_int_eq(answer_of(first, "\njvpn_workers 3\n"), 200);
	ck_assert_int_eq(answer_of(second, "\njvpn_workers 3\n"), 200);
	ck_assert_uint_eq(pages, 1);
	driver.now_ns += JVPN_EXPORTER_SPACING_NS / 2;
	soon = ask("/metrics");
	ck_assert_uint_eq(collections, 1);
	ck_assert_uint_eq(jvpn_exporter_next_deadline(&exporter),
			  driver.now_ns + JVPN_EXPORTER_SPACING_NS / 2);
	driver.now_ns += JVPN_EXPORTER_SPACING_NS / 2;
	jvpn_exporter_turn(&exporter, driver.now_ns);
	ck_assert_uint_eq(collections, 2);
	jvpn_exporter_collected(&exporter);
	run();
	ck_assert_int_eq(answer_of(soon, "\njvpn_workers 3\n"), 200);
	ck_assert_uint_eq(pages, 2);
}
END_TEST

START_TEST(exporter__no_such_page__asks_nobody)
{
	int fd = ask("/metrics/");

	ck_assert_int_eq(answer_of(fd, "see /metrics"), 404);
	ck_assert_uint_eq(collections, 0);
}
END_TEST

START_TEST(exporter__closed_with_somebody_waiting__answers_nobody)
{
	int fd = ask("/metrics");

	jvpn_exporter_close(&exporter);
	jvpn_exporter_collected(&exporter);
	ck_assert_uint_eq(jvpn_exporter_next_deadline(&exporter), JVPN_TIME_NEVER);
	close(fd);
}
END_TEST

UNIT_TESTS(exporter)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, exporter__three_who_ask__share_one_collection);
	tcase_add_test(tc, exporter__a_thread_that_does_not_answer__is_said_in_time);
	tcase_add_test(tc, exporter__many_who_ask_for_metrics__one_page_a_quarter_of_a_second);
	tcase_add_test(tc, exporter__no_such_page__asks_nobody);
	tcase_add_test(tc, exporter__closed_with_somebody_waiting__answers_nobody);
}
