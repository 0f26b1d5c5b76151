/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of obs/exposition and obs/metric: the text, its escapes and bounds, the rules of the table.
 */
#include "obs/exposition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "obs/metric.h"
#include "unit.h"

static struct jvpn_exposition x;

static void setup(void)
{
	memset(&x, 0, sizeof(x));
}

static void teardown(void)
{
	jvpn_exposition_clear(&x);
}

static void expect(const char *text)
{
	ck_assert(!x.failed);
	ck_assert_uint_eq(x.len, strlen(text));
	ck_assert_int_eq(memcmp(x.text, text, x.len), 0);
}

START_TEST(exposition__samples__stand_below_help_and_type)
{
	struct jvpn_label_values labels = {.v = {"rx", "too_big"}};

	jvpn_exposition_one(&x, JVPN_METRIC_ID_WORKERS, 4);
	jvpn_exposition_begin(&x, JVPN_METRIC_ID_FORWARD_DROPS);
	jvpn_exposition_put(&x, &labels, UINT64_MAX);
	expect("# HELP jvpn_workers Threads that carry sessions.\n"
	       "# TYPE jvpn_workers gauge\n"
	       "jvpn_workers 4\n"
	       "# HELP jvpn_forward_drops_total Inner packets that the forwarding rules refused: rx "
	       "from the peer, tx to it.\n"
	       "# TYPE jvpn_forward_drops_total counter\n"
	       "jvpn_forward_drops_total{direction=\"rx\",reason=\"too_big\"} "
	       "18446744073709551615\n");
}
END_TEST

START_TEST(exposition__text_of_a_file__cannot_end_its_label)
{
	jvpn_exposition_begin(&x, JVPN_METRIC_ID_POLICY_INFO);
	x.len = 0;
	jvpn_exposition_by(&x, "a\"b\\c\nd\xff", 1);
	expect("jvpn_policy_info{policy_version=\"a\\\"b\\\\c?d?\"} 1\n");
}
END_TEST

START_TEST(exposition__parts__have_no_zeros_behind)
{
	static const struct {
		uint64_t v, scale;
		const char *text;
	} v[] = {{0, 1000, "0"},
		 {1500, 1000, "1.5"},
		 {2000, 1000, "2"},
		 {1, 1000000000, "0.000000001"},
		 {1795255200123, 1000, "1795255200.123"}};

	jvpn_exposition_begin(&x, JVPN_METRIC_ID_BINDING_RTT);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char text[80];

		x.len = 0;
		jvpn_exposition_part(&x, v[i].v, v[i].scale);
		snprintf(text, sizeof(text), "jvpn_binding_rtt_seconds %s\n", v[i].text);
		expect(text);
	}
}
END_TEST

START_TEST(exposition__a_histogram__is_cumulative_in_seconds)
{
	struct jvpn_delays h = {.sum_ns = 0};

	jvpn_delays_observe(&h, 50 * JVPN_NS_PER_US);
	jvpn_delays_observe(&h, 200 * JVPN_NS_PER_US);
	jvpn_delays_observe(&h, 60 * JVPN_NS_PER_S);
	jvpn_exposition_begin(&x, JVPN_METRIC_ID_QUEUE_DELAY);
	jvpn_exposition_histogram(&x, &h);
	ck_assert(!x.failed);
	jvpn_exposition_put(&x, NULL, 0); /* ends it for strstr below */
	x.text[x.len - 1] = '\0';
	ck_assert_ptr_nonnull(strstr(x.text, "_bucket{le=\"0.0001\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(x.text, "_bucket{le=\"0.00025\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(x.text, "_bucket{le=\"30\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(x.text, "_bucket{le=\"+Inf\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(x.text, "_sum 60.00025\n"));
	ck_assert_ptr_nonnull(strstr(x.text, "_count 3\n"));
}
END_TEST

START_TEST(exposition__beyond_the_bound__fails_as_a_whole)
{
	jvpn_exposition_begin(&x, JVPN_METRIC_ID_WORKERS);
	for (size_t i = 0; i < JVPN_EXPOSITION_MAX / 10; i++)
		jvpn_exposition_put(&x, NULL, i);
	ck_assert(x.failed);
	ck_assert_uint_le(x.size, JVPN_EXPOSITION_MAX);
}
END_TEST

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

/* What promtool check metrics asks for, and what is said in metric.h. */
START_TEST(metric__the_table__follows_the_conventions)
{
	for (unsigned i = 0; i < JVPN_METRIC_COUNT; i++) {
		const struct jvpn_metric_spec *m = jvpn_metric_get((enum jvpn_metric)i);
		size_t labels = *m->labels != '\0';

		ck_assert_int_eq(strncmp(m->name, "jvpn_", 5), 0);
		ck_assert_int_eq(m->kind == JVPN_METRIC_COUNTER, ends_with(m->name, "_total"));
		if (m->kind == JVPN_METRIC_HISTOGRAM)
			ck_assert(ends_with(m->name, "_seconds"));
		ck_assert(ends_with(m->help, "."));
		for (const char *c = m->labels; *c; c++)
			labels += *c == ' ';
		ck_assert_uint_le(labels, JVPN_METRIC_LABELS_MAX);
		ck_assert_ptr_null(strstr(m->labels, "user"));
		ck_assert_ptr_null(strstr(m->labels, "session"));
		for (unsigned other = 0; other < i; other++)
			ck_assert_str_ne(m->name, jvpn_metric_get((enum jvpn_metric)other)->name);
	}
}
END_TEST

UNIT_TESTS(exposition)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, exposition__samples__stand_below_help_and_type);
	tcase_add_test(tc, exposition__text_of_a_file__cannot_end_its_label);
	tcase_add_test(tc, exposition__parts__have_no_zeros_behind);
	tcase_add_test(tc, exposition__a_histogram__is_cumulative_in_seconds);
	tcase_add_test(tc, exposition__beyond_the_bound__fails_as_a_whole);
	tcase_add_test(tc, metric__the_table__follows_the_conventions);
}
