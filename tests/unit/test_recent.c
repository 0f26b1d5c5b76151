/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of obs/recent: order, readers at several paces, gaps that can be counted.
 */
#include "obs/recent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct jvpn_recent recent;

static void setup(void)
{
	ck_assert_int_eq(jvpn_recent_init(&recent, 1000), 0);
}

static void teardown(void)
{
	jvpn_recent_clear(&recent);
}

static void push(uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++) {
		char line[64];
		int n = snprintf(line, sizeof(line), "line %04u %*s\n", (unsigned)seq,
				 (int)(seq % 7), "");

		jvpn_recent_push(&recent, seq, line, (size_t)n);
	}
}

/* The next line, checked against its number. */
static uint64_t next(struct jvpn_recent_cursor *c)
{
	char line[64] = "";
	size_t len;
	uint64_t peeked = jvpn_recent_peek(&recent, c);
	uint64_t seq = jvpn_recent_next(&recent, c, line, sizeof(line) - 1, &len);

	ck_assert_uint_eq(peeked, seq);
	if (seq) {
		ck_assert_uint_eq(strtoul(line + 5, NULL, 10), seq);
		ck_assert_int_eq(line[len - 1], '\n');
		ck_assert_uint_eq(c->seq, seq + 1);
	}
	return seq;
}

START_TEST(recent__from_now__only_what_comes)
{
	struct jvpn_recent_cursor c;

	push(1, 5);
	jvpn_recent_seek(&recent, 0, &c);
	ck_assert_uint_eq(next(&c), 0);
	push(6, 7);
	ck_assert_uint_eq(next(&c), 6);
	ck_assert_uint_eq(next(&c), 7);
	ck_assert_uint_eq(next(&c), 0);
}
END_TEST

START_TEST(recent__since__from_that_line_on)
{
	struct jvpn_recent_cursor c;

	push(1, 9);
	jvpn_recent_seek(&recent, 4, &c);
	for (uint64_t seq = 4; seq <= 9; seq++)
		ck_assert_uint_eq(next(&c), seq);
	ck_assert_uint_eq(next(&c), 0);
	jvpn_recent_seek(&recent, 20, &c);
	push(10, 20);
	ck_assert_uint_eq(next(&c), 20);
}
END_TEST

START_TEST(recent__slow_reader__finds_a_gap_of_known_size)
{
	struct jvpn_recent_cursor c;
	uint64_t seq, expected;

	jvpn_recent_seek(&recent, 1, &c);
	push(1, 500);
	expected = c.seq;
	seq = next(&c);
	ck_assert_uint_gt(seq, expected + 400);
	for (uint64_t i = seq + 1; i <= 500; i++)
		ck_assert_uint_eq(next(&c), i);
	ck_assert_uint_eq(next(&c), 0);
	ck_assert_uint_le(recent.newest - recent.oldest, recent.capacity);
}
END_TEST

START_TEST(recent__line_too_long__left_out)
{
	static char line[2000];
	struct jvpn_recent_cursor c;

	memset(line, 'x', sizeof(line));
	jvpn_recent_seek(&recent, 1, &c);
	push(1, 1);
	jvpn_recent_push(&recent, 2, line, sizeof(line));
	push(3, 3);
	ck_assert_uint_eq(next(&c), 1);
	ck_assert_uint_eq(next(&c), 3);
}
END_TEST

START_TEST(recent__small_buffer__nothing_taken)
{
	struct jvpn_recent_cursor c;
	char line[4];
	size_t len;

	push(1, 1);
	jvpn_recent_seek(&recent, 1, &c);
	ck_assert_uint_eq(jvpn_recent_next(&recent, &c, line, sizeof(line), &len), 0);
	ck_assert_uint_gt(len, sizeof(line));
	ck_assert_uint_eq(next(&c), 1);
}
END_TEST

UNIT_TESTS(recent)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, recent__from_now__only_what_comes);
	tcase_add_test(tc, recent__since__from_that_line_on);
	tcase_add_test(tc, recent__slow_reader__finds_a_gap_of_known_size);
	tcase_add_test(tc, recent__line_too_long__left_out);
	tcase_add_test(tc, recent__small_buffer__nothing_taken);
}
