/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of audit/scale: cells, ticks at round values, texts of times.
 */
#include "audit/scale.h"

#include <string.h>

#include "unit.h"

START_TEST(scale_cell__inside_and_outside__bounded)
{
	struct jvpn_scale s;

	jvpn_scale_init(&s, 1000, 2000, 10, 5);
	ck_assert_uint_eq(jvpn_scale_cell(&s, 0), 0);
	ck_assert_uint_eq(jvpn_scale_cell(&s, 1000), 0);
	ck_assert_uint_eq(jvpn_scale_cell(&s, 1099), 0);
	ck_assert_uint_eq(jvpn_scale_cell(&s, 1100), 1);
	ck_assert_uint_eq(jvpn_scale_cell(&s, 2000), 9);
	ck_assert_uint_eq(jvpn_scale_cell(&s, UINT64_MAX), 9);
	ck_assert_uint_eq(jvpn_scale_begin(&s, 3), 1300);
	ck_assert_uint_eq(jvpn_scale_begin(&s, 10), 2000);
}
END_TEST

START_TEST(scale_init__no_time_and_all_time__usable)
{
	struct jvpn_scale s;

	jvpn_scale_init(&s, 7, 7, 0, 0);
	ck_assert_uint_eq(s.span_ms, 1);
	ck_assert_uint_eq(jvpn_scale_cell(&s, 7), 0);
	jvpn_scale_init(&s, 9, 3, 70, 7);
	ck_assert_uint_eq(s.span_ms, 1);
	jvpn_scale_init(&s, 0, UINT64_MAX, 70, 7);
	ck_assert_uint_eq(jvpn_scale_cell(&s, UINT64_MAX), 69);
	ck_assert_uint_le(s.span_ms / s.step_ms, 8);
}
END_TEST

START_TEST(scale_init__any_span__few_round_ticks)
{
	for (uint64_t span = 1; span < UINT64_C(1) << 50; span = span * 3 / 2 + 1) {
		struct jvpn_scale s;

		jvpn_scale_init(&s, 5, 5 + span, 70, 6);
		ck_assert_uint_le(span / s.step_ms, 6);
	}
}
END_TEST

START_TEST(scale_tick__spans__units_that_people_read)
{
	static const struct {
		uint64_t span, at;
		const char *text;
	} t[] = {
		{900, 250, "250 ms"},
		{27000, 5000, "5 s"},
		{27000, 0, "0"},
		{5000, 500, "0.5 s"},
		{600000, 90000, "1:30 min"},
		{36000000, 7200000, "2:00 h"},
		{864000000, 172800000, "2 d"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char text[JVPN_SCALE_TEXT_MAX];
		struct jvpn_scale s;

		jvpn_scale_init(&s, 0, t[i].span, 70, 6);
		jvpn_scale_tick(&s, t[i].at, text);
		ck_assert_str_eq(text, t[i].text);
	}
}
END_TEST

START_TEST(scale_duration__values__short)
{
	char text[JVPN_SCALE_TEXT_MAX];

	jvpn_scale_duration(21, text);
	ck_assert_str_eq(text, "21 ms");
	jvpn_scale_duration(1080, text);
	ck_assert_str_eq(text, "1.08 s");
	jvpn_scale_duration(27000, text);
	ck_assert_str_eq(text, "27 s");
	jvpn_scale_duration(250000, text);
	ck_assert_str_eq(text, "4 min 10 s");
	jvpn_scale_duration(UINT64_MAX, text);
	ck_assert_uint_lt(strlen(text), sizeof(text));
	jvpn_scale_micros(725, text);
	ck_assert_str_eq(text, "0.725 ms");
	jvpn_scale_micros(21463, text);
	ck_assert_str_eq(text, "21.4 ms");
	jvpn_scale_micros(1121600, text);
	ck_assert_str_eq(text, "1.12 s");
	jvpn_scale_instant(1795255200123, text);
	ck_assert_str_eq(text, "2026-11-21 10:00:00.123");
}
END_TEST

UNIT_TESTS(scale)
{
	tcase_add_test(tc, scale_cell__inside_and_outside__bounded);
	tcase_add_test(tc, scale_init__no_time_and_all_time__usable);
	tcase_add_test(tc, scale_init__any_span__few_round_ticks);
	tcase_add_test(tc, scale_tick__spans__units_that_people_read);
	tcase_add_test(tc, scale_duration__values__short);
}
