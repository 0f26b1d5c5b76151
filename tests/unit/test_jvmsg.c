/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The eight messages: golden values, truncation at every length, every field's rule.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "golden.h"
#include "proto/capsule.h"
#include "proto/jvmsg.h"

static uint8_t value[GOLDEN_MAX];
static size_t value_len;
static struct jvpn_msg msg;

static const struct {
	const char *name;
	enum jvpn_msg_type type;
} golden[] = {
	{"session_created", JVPN_MSG_SESSION_CREATED},
	{"session_state", JVPN_MSG_SESSION_STATE},
	{"reattach_request", JVPN_MSG_REATTACH_REQUEST},
	{"reattach_request_challenge", JVPN_MSG_REATTACH_REQUEST},
	{"reattach_ack", JVPN_MSG_REATTACH_ACK},
	{"reattach_deny", JVPN_MSG_REATTACH_DENY},
	{"reattach_required", JVPN_MSG_REATTACH_REQUIRED},
	{"transport_hint", JVPN_MSG_TRANSPORT_HINT},
	{"terminate_client", JVPN_MSG_TERMINATE},
	{"terminate_server", JVPN_MSG_TERMINATE},
	{"reattach_request_ranking", JVPN_MSG_REATTACH_REQUEST},
	{"reattach_request_both", JVPN_MSG_REATTACH_REQUEST},
};
#define GOLDEN_COUNT (int)(sizeof(golden) / sizeof(golden[0]))

static const char *name_of(int i, const char *what)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s.%s", golden[i].name, what);
	return name;
}

static int decode_len(enum jvpn_msg_type type, size_t len)
{
	struct jvpn_reader r;

	jvpn_reader_init(&r, value, len);
	return jvpn_jvmsg_decode(jvpn_jvmsg_capsule_type(type), &r, &msg);
}

static void load(int i)
{
	value_len = golden_bytes(name_of(i, "value"), value);
	ck_assert_int_eq(decode_len(golden[i].type, value_len), 0);
	ck_assert_uint_eq(msg.type, golden[i].type);
}

START_TEST(jvmsg__golden__round_trip)
{
	uint8_t out[JVPN_JVMSG_VALUE_MAX], capsule[JVPN_JVMSG_VALUE_MAX + JVPN_CAPSULE_HEAD_MAX];
	struct jvpn_writer w;

	load(_i);
	jvpn_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(jvpn_jvmsg_encode(&msg, &w), 0);
	golden_check(name_of(_i, "value"), out, jvpn_writer_len(&w));
	ck_assert_uint_eq(strtoull(golden_text(name_of(_i, "type")), NULL, 16),
			  jvpn_jvmsg_capsule_type(msg.type));
	jvpn_writer_init(&w, capsule, sizeof(capsule));
	jvpn_capsule_write(&w, jvpn_jvmsg_capsule_type(msg.type), out, value_len);
	golden_check(name_of(_i, "capsule"), capsule, jvpn_writer_len(&w));
}
END_TEST

START_TEST(jvmsg_decode__every_truncation__error_and_untouched)
{
	load(_i);
	for (size_t n = 0; n < value_len; n++) {
		int err;

		msg.type = JVPN_MSG_COUNT;
		err = decode_len(golden[_i].type, n);
		ck_assert_msg(err == JVPN_ETRUNCATED || err == JVPN_EMALFORMED, "%zu: %d", n, err);
		ck_assert_uint_eq(msg.type, JVPN_MSG_COUNT);
	}
}
END_TEST

START_TEST(jvmsg_decode__trailing_octet__error)
{
	load(_i);
	value[value_len] = 0;
	ck_assert_int_eq(decode_len(golden[_i].type, value_len + 1), JVPN_ETRAILING);
}
END_TEST

START_TEST(jvmsg_encode__no_room__error_at_every_size)
{
	uint8_t out[JVPN_JVMSG_VALUE_MAX];

	load(_i);
	for (size_t n = 0; n < value_len; n++) {
		struct jvpn_writer w;

		jvpn_writer_init(&w, out, n);
		ck_assert_int_eq(jvpn_jvmsg_encode(&msg, &w), JVPN_ENOSPACE);
	}
}
END_TEST

START_TEST(jvmsg_auth_input__golden__as_documented)
{
	struct jvpn_id id;
	uint8_t input[JVPN_JVMSG_AUTH_MAX];
	struct jvpn_writer w;

	load(_i);
	golden_bytes("session_id", id.b);
	jvpn_writer_init(&w, input, sizeof(input));
	if (jvpn_jvmsg_auth(msg.type) == JVPN_JVMSG_AUTH_NONE) {
		ck_assert_int_eq(jvpn_jvmsg_auth_input(msg.type, value, value_len, &id, &w),
				 JVPN_EINVAL);
		ck_assert_ptr_null(jvpn_jvmsg_mac(&msg));
		return;
	}
	ck_assert_int_eq(jvpn_jvmsg_auth_input(msg.type, value, value_len, &id, &w), 0);
	golden_check(name_of(_i, "input"), input, jvpn_writer_len(&w));
	golden_check(name_of(_i, "mac"), jvpn_jvmsg_mac(&msg), JVPN_MAC_BYTES);
	ck_assert_mem_eq(jvpn_jvmsg_mac(&msg), value + value_len - JVPN_MAC_BYTES, JVPN_MAC_BYTES);
}
END_TEST

/* What a flipped bit changes in the value, it changes in the MAC input or in the MAC - but for
 * reason and label of a request, which are logged only. */
START_TEST(jvmsg_auth_input__any_bit_flipped__input_or_mac_differs)
{
	uint8_t original[JVPN_JVMSG_AUTH_MAX], changed[JVPN_JVMSG_AUTH_MAX];
	struct jvpn_id id = {{0}};
	struct jvpn_writer w;
	size_t len;

	load(_i);
	if (jvpn_jvmsg_auth(golden[_i].type) == JVPN_JVMSG_AUTH_NONE)
		return;
	jvpn_writer_init(&w, original, sizeof(original));
	ck_assert_int_eq(jvpn_jvmsg_auth_input(golden[_i].type, value, value_len, &id, &w), 0);
	len = jvpn_writer_len(&w);
	for (size_t bit = 0; bit < (value_len - JVPN_MAC_BYTES) * 8; bit++) {
		size_t at = bit / 8;
		bool logged_only =
			golden[_i].type == JVPN_MSG_REATTACH_REQUEST && at >= 40 && at < 47;
		int err;

		value[at] ^= (uint8_t)(1U << bit % 8);
		jvpn_writer_init(&w, changed, sizeof(changed));
		err = jvpn_jvmsg_auth_input(golden[_i].type, value, value_len, &id, &w);
		if (!err)
			ck_assert_msg((jvpn_writer_len(&w) == len &&
				       memcmp(original, changed, len) == 0) == logged_only,
				      "octet %zu", at);
		value[at] ^= (uint8_t)(1U << bit % 8);
	}
}
END_TEST

START_TEST(jvmsg_decode__state_out_of_range__malformed)
{
	load(1);
	for (unsigned int v = 0; v < 256; v++) {
		value[0] = (uint8_t)v;
		ck_assert_int_eq(decode_len(JVPN_MSG_SESSION_STATE, value_len),
				 v > 0 && v < JVPN_STATE_COUNT ? 0 : JVPN_EMALFORMED);
	}
}
END_TEST

START_TEST(jvmsg_decode__unknown_reason__none_but_covered_as_sent)
{
	uint8_t input[JVPN_JVMSG_AUTH_MAX];
	struct jvpn_id id = {{0}};
	struct jvpn_writer w;

	load(1);
	value[1] = 0xab;
	value[2] = 0xcd;
	ck_assert_int_eq(decode_len(JVPN_MSG_SESSION_STATE, value_len), 0);
	ck_assert_uint_eq(msg.u.session_state.reason, JVPN_REASON_NONE);
	jvpn_writer_init(&w, input, sizeof(input));
	ck_assert_int_eq(jvpn_jvmsg_auth_input(JVPN_MSG_SESSION_STATE, value, value_len, &id, &w),
			 0);
	ck_assert_mem_eq(input + 16 + 1 + 16 + 1, "\xab\xcd", 2);
}
END_TEST

/* Length at 48 (no challenge), then the text. */
START_TEST(jvmsg_decode__ranking_not_printable_or_too_long__malformed)
{
	static const uint8_t bad[] = {0, 1, '\t', '\n', 0x1f, 0x7f, 0x80, 0xff};

	load(10);
	ck_assert_str_eq(golden[10].name, "reattach_request_ranking");
	ck_assert_uint_eq(value[48], strlen(msg.u.reattach_request.ranking));
	ck_assert_uint_eq(msg.u.reattach_request.detect_us, 301250);
	for (size_t i = 0; i < sizeof(bad); i++) {
		load(10);
		value[48 + 1 + i] = bad[i];
		ck_assert_int_eq(decode_len(JVPN_MSG_REATTACH_REQUEST, value_len), JVPN_EMALFORMED);
	}
	load(10);
	memset(value + 49, 'x', 200 + 36);
	value[48] = JVPN_RANKING_MAX;
	ck_assert_int_eq(decode_len(JVPN_MSG_REATTACH_REQUEST, 49 + JVPN_RANKING_MAX + 36), 0);
	value[48] = JVPN_RANKING_MAX + 1;
	ck_assert_int_eq(decode_len(JVPN_MSG_REATTACH_REQUEST, 49 + JVPN_RANKING_MAX + 37),
			 JVPN_EMALFORMED);
}
END_TEST

START_TEST(jvmsg_decode__label_out_of_alphabet__malformed)
{
	load(2);
	/* length at 42, label "lte0" at 43 */
	ck_assert_uint_eq(value[42], 4);
	for (unsigned int c = 0; c < 256; c++) {
		bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
			  c == '_' || c == '-';

		value[44] = (uint8_t)c;
		ck_assert_int_eq(decode_len(JVPN_MSG_REATTACH_REQUEST, value_len),
				 ok ? 0 : JVPN_EMALFORMED);
	}
	value[42] = 0;
	ck_assert_int_ne(decode_len(JVPN_MSG_REATTACH_REQUEST, value_len), 0);
	value[42] = JVPN_LABEL_MAX + 1;
	ck_assert_int_eq(decode_len(JVPN_MSG_REATTACH_REQUEST, value_len), JVPN_EMALFORMED);
}
END_TEST

START_TEST(jvmsg_decode__transport_id_out_of_alphabet__malformed)
{
	load(4);
	ck_assert_mem_eq(value + 25, "lte0#2", 6);
	value[25] = 'L';
	ck_assert_int_eq(decode_len(JVPN_MSG_REATTACH_ACK, value_len), JVPN_EMALFORMED);
	load(4);
	value[30] = '0';
	ck_assert_int_eq(decode_len(JVPN_MSG_REATTACH_ACK, value_len), JVPN_EMALFORMED);
}
END_TEST

START_TEST(jvmsg_decode__challenge_length__0_or_16_only)
{
	load(3);
	for (unsigned int v = 0; v < 256; v++) {
		value[47] = (uint8_t)v;
		ck_assert_int_eq(decode_len(JVPN_MSG_REATTACH_REQUEST, value_len) == 0, v == 16);
	}
}
END_TEST

START_TEST(jvmsg_decode__route_prefix_too_long__malformed)
{
	load(0);
	/* the length is before the three octets at the end */
	ck_assert_uint_eq(value[value_len - 4], 3);
	memset(value + value_len, 0, 32);
	for (unsigned int v = 0; v < 30; v++) {
		value[value_len - 4] = (uint8_t)v;
		ck_assert_int_eq(decode_len(JVPN_MSG_SESSION_CREATED, value_len - 3 + v),
				 v <= JVPN_ROUTE_PREFIX_MAX ? 0 : JVPN_EMALFORMED);
	}
}
END_TEST

START_TEST(jvmsg_decode__hint_count_family_port__checked)
{
	load(7);
	value[1] = 5;
	ck_assert_int_eq(decode_len(JVPN_MSG_TRANSPORT_HINT, value_len), JVPN_EMALFORMED);
	load(7);
	value[8] = 5; /* the second one: its 16 octets would still fit */
	ck_assert_int_eq(decode_len(JVPN_MSG_TRANSPORT_HINT, value_len), JVPN_EMALFORMED);
	load(7);
	value[0] = JVPN_HINTS_MAX + 1;
	ck_assert_int_eq(decode_len(JVPN_MSG_TRANSPORT_HINT, value_len), JVPN_EMALFORMED);
	load(7);
	value[6] = value[7] = 0;
	ck_assert_int_eq(decode_len(JVPN_MSG_TRANSPORT_HINT, value_len), JVPN_EMALFORMED);
	value[0] = 0;
	ck_assert_int_eq(decode_len(JVPN_MSG_TRANSPORT_HINT, 1), 0);
	ck_assert_uint_eq(msg.u.transport_hint.count, 0);
}
END_TEST

START_TEST(jvmsg_transport_id__variants__as_documented)
{
	static const char *const good[] = {"wlan0", "wlan0#1", "a#4294967295", "a.b_c-d#20",
					   "123456789012345#99"};
	static const char *const bad[] = {"",
					  "#1",
					  "wlan0#",
					  "wlan0#0",
					  "wlan0#01",
					  "wlan0#1a",
					  "WLAN0#1",
					  "wlan 0",
					  "a#4294967296",
					  "1234567890123456",
					  "a#1#2",
					  "a#99999999999999999999"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(jvpn_jvmsg_transport_id_is_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!jvpn_jvmsg_transport_id_is_valid(bad[i]), "%s", bad[i]);
	ck_assert(!jvpn_jvmsg_label_is_valid("wlan0#1"));
}
END_TEST

START_TEST(jvmsg_type__foreign_capsule_types__none)
{
	struct jvpn_reader r;

	ck_assert_uint_eq(jvpn_jvmsg_type(0), JVPN_MSG_NONE);
	ck_assert_uint_eq(jvpn_jvmsg_type(JVPN_CAPSULE_JVMSG_BASE), JVPN_MSG_NONE);
	ck_assert_uint_eq(jvpn_jvmsg_type(JVPN_CAPSULE_JVMSG_BASE + JVPN_MSG_COUNT), JVPN_MSG_NONE);
	ck_assert_uint_eq(jvpn_jvmsg_capsule_type(JVPN_MSG_NONE), 0);
	jvpn_reader_init(&r, value, 0);
	ck_assert_int_eq(jvpn_jvmsg_decode(JVPN_CAPSULE_ADDRESS_ASSIGN, &r, &msg), JVPN_ENOTFOUND);
}
END_TEST

START_TEST(jvmsg_encode__invalid_struct__refused)
{
	uint8_t out[JVPN_JVMSG_VALUE_MAX];
	struct jvpn_writer w;

	jvpn_writer_init(&w, out, sizeof(out));
	memset(&msg, 0, sizeof(msg));
	for (unsigned int type = 0; type <= JVPN_MSG_COUNT; type++) {
		bool empty_is_valid = type == JVPN_MSG_REATTACH_DENY ||
				      type == JVPN_MSG_REATTACH_REQUIRED ||
				      type == JVPN_MSG_TRANSPORT_HINT || type == JVPN_MSG_TERMINATE;

		msg.type = (enum jvpn_msg_type)type;
		ck_assert_int_eq(jvpn_jvmsg_encode(&msg, &w), empty_is_valid ? 0 : JVPN_EINVAL);
	}
	msg.type = JVPN_MSG_TERMINATE;
	msg.u.terminate.reason = JVPN_REASON_COUNT;
	ck_assert_int_eq(jvpn_jvmsg_encode(&msg, &w), JVPN_EINVAL);
}
END_TEST

UNIT_TESTS(jvmsg)
{
	tcase_add_loop_test(tc, jvmsg__golden__round_trip, 0, GOLDEN_COUNT);
	tcase_add_loop_test(tc, jvmsg_decode__every_truncation__error_and_untouched, 0,
			    GOLDEN_COUNT);
	tcase_add_loop_test(tc, jvmsg_decode__trailing_octet__error, 0, GOLDEN_COUNT);
	tcase_add_loop_test(tc, jvmsg_encode__no_room__error_at_every_size, 0, GOLDEN_COUNT);
	tcase_add_loop_test(tc, jvmsg_auth_input__golden__as_documented, 0, GOLDEN_COUNT);
	tcase_add_loop_test(tc, jvmsg_auth_input__any_bit_flipped__input_or_mac_differs, 0,
			    GOLDEN_COUNT);
	tcase_add_test(tc, jvmsg_decode__state_out_of_range__malformed);
	tcase_add_test(tc, jvmsg_decode__unknown_reason__none_but_covered_as_sent);
	tcase_add_test(tc, jvmsg_decode__ranking_not_printable_or_too_long__malformed);
	tcase_add_test(tc, jvmsg_decode__label_out_of_alphabet__malformed);
	tcase_add_test(tc, jvmsg_decode__transport_id_out_of_alphabet__malformed);
	tcase_add_test(tc, jvmsg_decode__challenge_length__0_or_16_only);
	tcase_add_test(tc, jvmsg_decode__route_prefix_too_long__malformed);
	tcase_add_test(tc, jvmsg_decode__hint_count_family_port__checked);
	tcase_add_test(tc, jvmsg_transport_id__variants__as_documented);
	tcase_add_test(tc, jvmsg_type__foreign_capsule_types__none);
	tcase_add_test(tc, jvmsg_encode__invalid_struct__refused);
}
