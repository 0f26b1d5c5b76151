/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/select and core/text.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "core/select.h"
#include "core/text.h"

#define MS 1000000ULL

static struct jvpn_select_candidate candidate(uint8_t slot, const char *id)
{
	struct jvpn_select_candidate c = {
		.slot = slot, .validated = true, .latency_us = 20000, .stable_ns = 5000 * MS};

	memcpy(c.transport_id, id, strlen(id) + 1);
	return c;
}

static int pick(const struct jvpn_select_candidate *v, size_t n,
		const struct jvpn_select_candidate *binding)
{
	struct jvpn_select_result r;
	struct jvpn_policy policy;

	jvpn_policy_init(&policy);
	jvpn_select(v, n, binding, &policy, &r);
	return r.slot;
}

START_TEST(select__ties__are_decided_by_the_next_figure)
{
	struct jvpn_select_candidate v[2] = {candidate(1, "b#1"), candidate(2, "a#2")};

	ck_assert_int_eq(pick(v, 2, NULL), 2); /* all equal: lowest transport_id */
	v[0].stable_ns++;
	ck_assert_int_eq(pick(v, 2, NULL), 1);
	v[1].latency_us--;
	ck_assert_int_eq(pick(v, 2, NULL), 2);
	v[1].loss_ppm = 1;
	ck_assert_int_eq(pick(v, 2, NULL), 1);
	v[0].latency_us = 0; /* not measured ranks last */
	v[1].loss_ppm = 0;
	ck_assert_int_eq(pick(v, 2, NULL), 2);
}
END_TEST

START_TEST(select__order_of_input__does_not_matter)
{
	struct jvpn_select_candidate a = candidate(1, "a#1"), b = candidate(2, "b#2");
	struct jvpn_select_candidate v[2] = {a, b}, w[2] = {b, a};

	ck_assert_int_eq(pick(v, 2, NULL), pick(w, 2, NULL));
}
END_TEST

START_TEST(select__not_validated_or_nothing__is_dropped)
{
	struct jvpn_select_candidate v = candidate(1, "a#1");

	v.validated = false;
	ck_assert_int_eq(pick(&v, 1, NULL), -1);
	ck_assert_int_eq(pick(&v, 0, NULL), -1);
}
END_TEST

START_TEST(select__over_the_loss_threshold__only_when_nothing_else_answers)
{
	struct jvpn_select_candidate v[2] = {candidate(1, "a#1"), candidate(2, "b#2")};
	struct jvpn_select_candidate binding = candidate(0, "c#3");

	v[0].loss_ppm = 200000;
	v[1].loss_ppm = 199999;
	ck_assert_int_eq(pick(v, 2, NULL), 2);
	ck_assert_int_eq(pick(v, 1, NULL), 1); /* a dead binding takes the best that answers */
	binding.loss_ppm = 900000;
	ck_assert_int_eq(pick(v, 1, &binding), -1);
}
END_TEST

/* Only while the binding is alive. */
START_TEST(select__living_binding__needs_stability_and_improvement)
{
	struct jvpn_select_candidate v = candidate(1, "a#1"), binding = candidate(0, "z#9");

	binding.latency_us = 22000;
	v.latency_us = 20000;
	ck_assert_int_eq(pick(&v, 1, &binding), 1); /* exactly 1.10 */
	v.latency_us = 20001;
	ck_assert_int_eq(pick(&v, 1, &binding), -1);
	ck_assert_int_eq(pick(&v, 1, NULL), 1);
	v.latency_us = 20000;
	v.stable_ns = 1000 * MS - 1;
	ck_assert_int_eq(pick(&v, 1, &binding), -1);
	ck_assert_int_eq(pick(&v, 1, NULL), 1);
	v.stable_ns = 1000 * MS;
	v.recently_failed = true;
	ck_assert_int_eq(pick(&v, 1, &binding), -1);
	ck_assert_int_eq(pick(&v, 1, NULL), 1);
	v.recently_failed = false;
	ck_assert_int_eq(pick(&v, 1, &binding), 1);
}
END_TEST

START_TEST(select__explanation__names_the_deciding_figure)
{
	struct jvpn_select_candidate v[2] = {candidate(1, "a#1"), candidate(2, "b#2")};
	struct jvpn_select_result r;
	struct jvpn_policy policy;

	jvpn_policy_init(&policy);
	v[0].latency_us = 9;
	jvpn_select(v, 2, NULL, &policy, &r);
	ck_assert_str_eq(r.text, "lower p95 latency: a#1 loss=0ppm p95=9us stable=5s, "
				 "b#2 loss=0ppm p95=20000us stable=5s");
	jvpn_select(v, 1, NULL, &policy, &r);
	ck_assert_str_eq(r.text, "the only one: a#1 loss=0ppm p95=9us stable=5s");
	jvpn_select(v, 0, NULL, &policy, &r);
	ck_assert_str_eq(r.text, "none qualifies");
}
END_TEST

START_TEST(text__transport_ids__round_trip_and_reject)
{
	static const char *const bad[] = {"",
					  "#1",
					  "A#1",
					  "a#",
					  "a#0",
					  "a#01",
					  "a#1x",
					  "a#4294967296",
					  "a#99999999999999",
					  "a b#1",
					  "1234567890123456#1"};
	char label[JVPN_LABEL_MAX + 1], out[JVPN_TRANSPORT_ID_MAX + 1];
	uint32_t n = 5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(jvpn_text_parse_transport_id(bad[i], label, &n), JVPN_EMALFORMED);
	ck_assert_uint_eq(n, 5);
	ck_assert_int_eq(jvpn_text_parse_transport_id("wlan0.1_x-y#4294967295", label, &n), 0);
	jvpn_text_transport_id(out, sizeof(out), label, n);
	ck_assert_str_eq(out, "wlan0.1_x-y#4294967295");
	ck_assert_int_eq(jvpn_text_parse_transport_id("lte", label, &n), 0);
	ck_assert_uint_eq(n, 0);
	jvpn_text_transport_id(out, 3, "lte", 12);
	ck_assert_str_eq(out, "lt");
}
END_TEST

UNIT_TESTS(select)
{
	tcase_add_test(tc, select__ties__are_decided_by_the_next_figure);
	tcase_add_test(tc, select__order_of_input__does_not_matter);
	tcase_add_test(tc, select__not_validated_or_nothing__is_dropped);
	tcase_add_test(tc, select__over_the_loss_threshold__only_when_nothing_else_answers);
	tcase_add_test(tc, select__living_binding__needs_stability_and_improvement);
	tcase_add_test(tc, select__explanation__names_the_deciding_figure);
	tcase_add_test(tc, text__transport_ids__round_trip_and_reject);
}
