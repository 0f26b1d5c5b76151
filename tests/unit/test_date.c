/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of base/date.
 */
#include <string.h>

#include "base/date.h"
#include "base/err.h"
#include "unit.h"

static int parse(const char *text, uint64_t *seconds)
{
	return jvpn_date_parse(text, strlen(text), seconds);
}

START_TEST(date_format__known_points__match_calendar)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} points[] = {
		{0, "1970-01-01T00:00:00Z"},          {951782399, "2000-02-28T23:59:59Z"},
		{951782400, "2000-02-29T00:00:00Z"},  {4107542400, "2100-03-01T00:00:00Z"},
		{1795255200, "2026-11-21T10:00:00Z"}, {JVPN_DATE_MAX_S, "9999-12-31T23:59:59Z"},
		{UINT64_MAX, "9999-12-31T23:59:59Z"},
	};

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		char text[JVPN_DATE_SIZE];

		jvpn_date_format(points[i].seconds, text);
		ck_assert_str_eq(text, points[i].text);
	}
}
END_TEST

START_TEST(date_parse__every_day_of_the_range__round_trips)
{
	for (uint64_t s = 0; s <= JVPN_DATE_MAX_S; s += 86400ULL * 7 + 3661) {
		char text[JVPN_DATE_SIZE];
		uint64_t back = 1;

		jvpn_date_format(s, text);
		ck_assert_int_eq(parse(text, &back), 0);
		ck_assert_uint_eq(back, s);
	}
}
END_TEST

START_TEST(date_parse__bad_text__refused)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-1-01",
		"2026-01-01T",
		"2026-01-01T00:00:00",
		"2026-01-01 00:00:00Z",
		"2026-01-01T00:00:00+00:00",
		"2O26-01-01",
		"2026-02-30",
		"2025-02-29",
		"2026-13-01",
		"2026-00-10",
		"2026-01-00",
		"1969-12-31",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z",
		"2026/01/01",
		" 2026-01-01",
	};
	uint64_t seconds = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_ne(parse(bad[i], &seconds), 0);
	ck_assert_uint_eq(seconds, 7);
	ck_assert_int_eq(parse("2024-02-29", &seconds), 0);
	ck_assert_uint_eq(seconds, 1709164800);
}
END_TEST

UNIT_TESTS(date)
{
	tcase_add_test(tc, date_format__known_points__match_calendar);
	tcase_add_test(tc, date_parse__every_day_of_the_range__round_trips);
	tcase_add_test(tc, date_parse__bad_text__refused);
}
