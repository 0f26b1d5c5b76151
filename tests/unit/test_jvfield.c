/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The field "jumping-session": golden texts, missing and malformed members, unknown and duplicate
 * ones, truncation at every length.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "golden.h"
#include "proto/jvfield.h"

static struct jvpn_jvfield field;

static int parse(const char *text)
{
	return jvpn_jvfield_parse(text, strlen(text), &field);
}

static const char *const golden[] = {"field.create", "field.attach", "field.refused",
				     "field.refused_bare", "field.ok"};
#define GOLDEN_COUNT (int)(sizeof(golden) / sizeof(golden[0]))

START_TEST(jvfield__golden__round_trip)
{
	char out[JVPN_JVFIELD_TEXT_MAX + 1];

	ck_assert_int_eq(parse(golden_text(golden[_i])), 0);
	ck_assert_int_eq(jvpn_jvfield_print(&field, out, sizeof(out)), 0);
	ck_assert_str_eq(out, golden_text(golden[_i]));
}
END_TEST

START_TEST(jvfield_print__no_room__error_at_every_size)
{
	char out[JVPN_JVFIELD_TEXT_MAX + 1];
	size_t len = strlen(golden_text(golden[_i]));

	ck_assert_int_eq(parse(golden_text(golden[_i])), 0);
	for (size_t n = 0; n <= len; n++)
		ck_assert_int_eq(jvpn_jvfield_print(&field, out, n), JVPN_ENOSPACE);
	ck_assert_int_eq(jvpn_jvfield_print(&field, out, len + 1), 0);
}
END_TEST

/* Cutting may leave a valid shorter field (a number with fewer digits, a member less), but never
 * one of attach, whose last member is mandatory, and never more than the whole text says. */
START_TEST(jvfield_parse__every_truncation_of_attach__error)
{
	const char *text = golden_text("field.attach");
	size_t len = strlen(text);

	for (size_t n = 0; n < len; n++) {
		field.op = JVPN_JVFIELD_COUNT;
		ck_assert_int_ne(jvpn_jvfield_parse(text, n, &field), 0);
		ck_assert_uint_eq(field.op, JVPN_JVFIELD_COUNT);
	}
}
END_TEST

START_TEST(jvfield_parse__attach__message)
{
	uint8_t id[GOLDEN_MAX];

	ck_assert_int_eq(parse(golden_text("field.attach")), 0);
	ck_assert_uint_eq(field.op, JVPN_JVFIELD_ATTACH);
	golden_bytes("session_id", id);
	ck_assert_mem_eq(field.attach.session_id.b, id, JVPN_ID_BYTES);
	ck_assert_uint_eq(field.attach.counter, 65);
	ck_assert_uint_eq(field.attach.server_version, 4);
	ck_assert_uint_eq(field.attach.age_ms, 61234);
	ck_assert_str_eq(field.attach.label, "lte0");
	ck_assert(!field.attach.has_challenge);
	golden_check("reattach_request.mac", field.attach.mac, JVPN_MAC_BYTES);
}
END_TEST

START_TEST(jvfield_parse__refused__message)
{
	ck_assert_int_eq(parse(golden_text("field.refused")), 0);
	ck_assert(field.has_mac);
	ck_assert_uint_eq(field.deny.reason, JVPN_REASON_COOLDOWN_ACTIVE);
	ck_assert_uint_eq(field.deny.retry_after_ms, 900);
	golden_check("reattach_deny.mac", field.deny.mac, JVPN_MAC_BYTES);
	ck_assert_int_eq(parse(golden_text("field.refused_bare")), 0);
	ck_assert(!field.has_mac);
	ck_assert_uint_eq(field.deny.reason, JVPN_REASON_REATTACH_REFUSED);
	ck_assert_int_eq(parse("v=1, op=refused, reason=from_the_future"), 0);
	ck_assert_uint_eq(field.deny.reason, JVPN_REASON_NONE);
}
END_TEST

static const struct {
	const char *text;
	int err;
} sample[] = {
	/* order, unknown members, parameters, duplicates (the last counts) */
	{"label=\"w\", op=create, v=1", 0},
	{"v=1, op=create, label=\"w\", x=(1 2);y, z=@5, new", 0},
	{"v=1;a=b, op=create;c, label=\"w\";d=:AA==:", 0},
	{"v=2, op=create, label=\"w\", v=1", 0},
	{"v=\"x\", op=create, label=\"w\", v=1", 0},
	{"op=attach, v=1, op=create, label=\"w\"", 0},
	{"v=1, op=create, label=\"w\", sid=5", 0},
	{"v=1, op=create, label=\"w\", v=2", JVPN_EUNSUPPORTED},
	{"v=1, op=create, label=\"w\", op=\"create\"", JVPN_EMALFORMED},
	/* versions and operations */
	{"v=2, op=create, label=\"w\"", JVPN_EUNSUPPORTED},
	{"v=1, op=destroy", JVPN_EUNSUPPORTED},
	{"v=1, op=none", JVPN_EUNSUPPORTED},
	{"v=1.0, op=create, label=\"w\"", JVPN_EMALFORMED},
	{"v=-1, op=create, label=\"w\"", JVPN_EMALFORMED},
	{"v, op=create, label=\"w\"", JVPN_EMALFORMED},
	{"op=create, label=\"w\"", JVPN_EMALFORMED},
	{"v=1, label=\"w\"", JVPN_EMALFORMED},
	{"v=1, op, label=\"w\"", JVPN_EMALFORMED},
	{"", JVPN_EMALFORMED},
	/* labels */
	{"v=1, op=create", JVPN_EMALFORMED},
	{"v=1, op=create, label=w", JVPN_EMALFORMED},
	{"v=1, op=create, label=\"\"", JVPN_EMALFORMED},
	{"v=1, op=create, label=\"W\"", JVPN_EMALFORMED},
	{"v=1, op=create, label=\"w#1\"", JVPN_EMALFORMED},
	{"v=1, op=create, label=\"w\\\\\"", JVPN_EMALFORMED},
	{"v=1, op=create, label=\"123456789012345\"", 0},
	{"v=1, op=create, label=\"1234567890123456\"", JVPN_EMALFORMED},
	/* the grammar */
	{"v=1, op=create, label=\"w\",", JVPN_EMALFORMED},
	{"v=1; op=create; label=\"w\"", JVPN_EMALFORMED},
	{"v=1, op=create, label=\"w", JVPN_EMALFORMED},
	{"v=1, op=create, label=\"w\" x", JVPN_EMALFORMED},
	{"v=1, op=refused", JVPN_EMALFORMED},
	{"v=1, op=refused, reason=\"rate_limited\"", JVPN_EMALFORMED},
	{"v=1, op=refused, reason=rate_limited, mac=:AA==:", JVPN_EMALFORMED},
	{"v=1, op=refused, reason=rate_limited, mac", JVPN_EMALFORMED},
	/* elsewhere */
	{"v=1, op=elsewhere, prefix=:CZo=:", 0},
	{"v=1, op=elsewhere, prefix=:AAECAwQFBgcICQoL:", 0},
	{"v=1, op=elsewhere, prefix=:AAECAwQFBgcICQoLDA==:", JVPN_EMALFORMED},
	{"v=1, op=elsewhere, prefix=::", JVPN_EMALFORMED},
	{"v=1, op=elsewhere, prefix=\"CZo=\"", JVPN_EMALFORMED},
	{"v=1, op=elsewhere", JVPN_EMALFORMED},
};

START_TEST(jvfield_parse__samples__as_documented)
{
	int err = parse(sample[_i].text);

	ck_assert_msg(err == sample[_i].err, "%s: %d", sample[_i].text, err);
}
END_TEST

START_TEST(jvfield__elsewhere__round_trip)
{
	char out[JVPN_JVFIELD_TEXT_MAX + 1];

	ck_assert_int_eq(parse("v=1, op=elsewhere, prefix=:CQECmg==:"), 0);
	ck_assert_uint_eq(field.op, JVPN_JVFIELD_ELSEWHERE);
	ck_assert_uint_eq(field.prefix_len, 4);
	ck_assert_mem_eq(field.prefix, "\x09\x01\x02\x9a", 4);
	ck_assert_int_eq(jvpn_jvfield_print(&field, out, sizeof(out)), 0);
	ck_assert_str_eq(out, "v=1, op=elsewhere, prefix=:CQECmg==:");
	field.prefix_len = 0;
	ck_assert_int_eq(jvpn_jvfield_print(&field, out, sizeof(out)), JVPN_EINVAL);
}
END_TEST

START_TEST(jvfield__ok__names_the_transport_or_not)
{
	static const char *const bad[] = {"id=wlan0#2",
					  "id=\"wlan0#0\"",
					  "id=\"#2\"",
					  "id=\"\"",
					  "id=\"wlan0#42949672950\"",
					  "id=\"a b#1\"",
					  "id=\"wlan0wlan0wlan0wlan0#1\""};
	char text[64], out[JVPN_JVFIELD_TEXT_MAX + 1];

	ck_assert_int_eq(parse("v=1, op=ok"), 0);
	ck_assert_str_eq(field.transport_id, "");
	ck_assert_int_eq(jvpn_jvfield_print(&field, out, sizeof(out)), 0);
	ck_assert_str_eq(out, "v=1, op=ok");
	ck_assert_int_eq(parse("v=1, op=ok, id=\"wlan0#2\""), 0);
	ck_assert_str_eq(field.transport_id, "wlan0#2");
	ck_assert_int_eq(jvpn_jvfield_print(&field, out, sizeof(out)), 0);
	ck_assert_str_eq(out, "v=1, op=ok, id=\"wlan0#2\"");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "v=1, op=ok, %s", bad[i]);
		ck_assert_msg(parse(text) == JVPN_EMALFORMED, "%s", bad[i]);
	}
	memcpy(field.transport_id, "no id", 6);
	ck_assert_int_eq(jvpn_jvfield_print(&field, out, sizeof(out)), JVPN_EINVAL);
}
END_TEST

#define SID   "sid=:AAECAwQFBgcICQoLDA0ODw==:"
#define PROOF "proof=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
#define REST  "v=1, op=attach, label=\"w\", "

static const struct {
	const char *text;
	int err;
} attach[] = {
	{REST SID ", ctr=1, ver=1, age=0, " PROOF, 0},
	{REST SID ", ctr=999999999999999, ver=1, age=0, " PROOF, 0},
	{REST "ctr=1, ver=1, age=0, " PROOF, -1},
	{REST SID ", ver=1, age=0, " PROOF, -1},
	{REST SID ", ctr=1, age=0, " PROOF, -1},
	{REST SID ", ctr=1, ver=1, " PROOF, -1},
	{REST SID ", ctr=1, ver=1, age=0", -1},
	{REST SID ", ctr=-1, ver=1, age=0, " PROOF, -1},
	{REST SID ", ctr=1.0, ver=1, age=0, " PROOF, -1},
	{REST SID ", ctr=\"1\", ver=1, age=0, " PROOF, -1},
	{REST SID ", ctr=@1, ver=1, age=0, " PROOF, -1},
	{REST SID ", ctr=?1, ver=1, age=0, " PROOF, -1},
	{REST SID ", ctr=(1), ver=1, age=0, " PROOF, -1},
	{REST SID ", ctr=1000000000000000, ver=1, age=0, " PROOF, -1},
	{REST "sid=:AAECAwQFBgcICQoLDA0O:, ctr=1, ver=1, age=0, " PROOF, -1},
	{REST "sid=:AAECAwQFBgcICQoLDA0ODxAA:, ctr=1, ver=1, age=0, " PROOF, -1},
	{REST "sid=\"AAECAwQFBgcICQoLDA0ODw==\", ctr=1, ver=1, age=0, " PROOF, -1},
	{REST SID ", ctr=1, ver=1, age=0, proof=:AAAA:", -1},
};

START_TEST(jvfield_parse__attach_members__all_needed_and_typed)
{
	int err = parse(attach[_i].text);

	ck_assert_msg(err == (attach[_i].err ? JVPN_EMALFORMED : 0), "%s: %d", attach[_i].text,
		      err);
}
END_TEST

START_TEST(jvfield_parse__too_long__range_error)
{
	char text[JVPN_JVFIELD_TEXT_MAX + 2];

	memset(text, ' ', sizeof(text));
	memcpy(text, "v=1, op=ok", 10);
	ck_assert_int_eq(jvpn_jvfield_parse(text, JVPN_JVFIELD_TEXT_MAX, &field), 0);
	ck_assert_int_eq(jvpn_jvfield_parse(text, JVPN_JVFIELD_TEXT_MAX + 1, &field), JVPN_ERANGE);
}
END_TEST

START_TEST(jvfield_print__largest__fits_and_parses)
{
	char out[JVPN_JVFIELD_TEXT_MAX + 1];
	struct jvpn_jvfield in;

	memset(&in, 0, sizeof(in));
	in.op = JVPN_JVFIELD_ATTACH;
	in.attach.counter = in.attach.server_version = in.attach.age_ms = JVPN_JVFIELD_INTEGER_MAX;
	memset(in.attach.label, 'x', JVPN_LABEL_MAX);
	memset(in.attach.mac, 0xff, JVPN_MAC_BYTES);
	ck_assert_int_eq(jvpn_jvfield_print(&in, out, sizeof(out)), 0);
	ck_assert_int_eq(parse(out), 0);
	ck_assert_mem_eq(&field.attach, &in.attach, sizeof(in.attach));
	in.attach.counter++;
	ck_assert_int_eq(jvpn_jvfield_print(&in, out, sizeof(out)), JVPN_EINVAL);
	memset(&in, 0, sizeof(in));
	ck_assert_int_eq(jvpn_jvfield_print(&in, out, sizeof(out)), JVPN_EINVAL);
	in.op = JVPN_JVFIELD_REFUSED;
	ck_assert_int_eq(jvpn_jvfield_print(&in, out, sizeof(out)), JVPN_EINVAL);
	in.op = JVPN_JVFIELD_CREATE;
	ck_assert_int_eq(jvpn_jvfield_print(&in, out, sizeof(out)), JVPN_EINVAL);
}
END_TEST

START_TEST(jvfield_print__every_reason__parses_back)
{
	char out[JVPN_JVFIELD_TEXT_MAX + 1];
	struct jvpn_jvfield in;

	memset(&in, 0, sizeof(in));
	in.op = JVPN_JVFIELD_REFUSED;
	in.has_mac = true;
	for (unsigned int i = 1; i < JVPN_REASON_COUNT; i++) {
		in.deny.reason = (enum jvpn_reason)i;
		ck_assert_int_eq(jvpn_jvfield_print(&in, out, sizeof(out)), 0);
		ck_assert_int_eq(parse(out), 0);
		ck_assert_uint_eq(field.deny.reason, i);
	}
}
END_TEST

UNIT_TESTS(jvfield)
{
	tcase_add_loop_test(tc, jvfield__golden__round_trip, 0, GOLDEN_COUNT);
	tcase_add_loop_test(tc, jvfield_print__no_room__error_at_every_size, 0, GOLDEN_COUNT);
	tcase_add_test(tc, jvfield__elsewhere__round_trip);
	tcase_add_test(tc, jvfield__ok__names_the_transport_or_not);
	tcase_add_test(tc, jvfield_parse__every_truncation_of_attach__error);
	tcase_add_test(tc, jvfield_parse__attach__message);
	tcase_add_test(tc, jvfield_parse__refused__message);
	tcase_add_loop_test(tc, jvfield_parse__samples__as_documented, 0,
			    (int)(sizeof(sample) / sizeof(sample[0])));
	tcase_add_loop_test(tc, jvfield_parse__attach_members__all_needed_and_typed, 0,
			    (int)(sizeof(attach) / sizeof(attach[0])));
	tcase_add_test(tc, jvfield_parse__too_long__range_error);
	tcase_add_test(tc, jvfield_print__largest__fits_and_parses);
	tcase_add_test(tc, jvfield_print__every_reason__parses_back);
}
