/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages with their MACs as a whole: golden values, every bit of every authenticated message.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "golden.h"
#include "proto/jvfield.h"
#include "proto/jvmsg.h"
#include "runtime/msgauth.h"

static struct jvpn_session_keys keys;
static struct jvpn_id id;
static uint8_t exporter[GOLDEN_MAX], value[GOLDEN_MAX];
static size_t value_len;
static struct jvpn_msg msg;
static struct jvpn_msgauth auth;

static const struct {
	const char *name;
	enum jvpn_msg_type type;
	bool from_client;
} golden[] = {
	{"session_state", JVPN_MSG_SESSION_STATE, false},
	{"reattach_request", JVPN_MSG_REATTACH_REQUEST, true},
	{"reattach_request_challenge", JVPN_MSG_REATTACH_REQUEST, true},
	{"reattach_ack", JVPN_MSG_REATTACH_ACK, false},
	{"reattach_deny", JVPN_MSG_REATTACH_DENY, false},
	{"reattach_required", JVPN_MSG_REATTACH_REQUIRED, false},
	{"terminate_client", JVPN_MSG_TERMINATE, true},
	{"terminate_server", JVPN_MSG_TERMINATE, false},
	{"reattach_request_ranking", JVPN_MSG_REATTACH_REQUEST, true},
	{"reattach_request_both", JVPN_MSG_REATTACH_REQUEST, true},
};
#define GOLDEN_COUNT (int)(sizeof(golden) / sizeof(golden[0]))

static void setup(void)
{
	struct jvpn_secret session_key;
	uint8_t b[GOLDEN_MAX];

	ck_assert_int_eq(jvpn_secret_set(&session_key, b, golden_bytes("session_key", b)), 0);
	golden_bytes("session_id", b);
	memcpy(id.b, b, sizeof(id.b));
	golden_bytes("exporter", exporter);
	ck_assert_int_eq(jvpn_session_keys_derive(&session_key, &id, &keys), 0);
	auth.keys = &keys;
	auth.session_id = &id;
	auth.exporter = exporter;
}

static void load(int i)
{
	char name[64];
	struct jvpn_reader r;

	snprintf(name, sizeof(name), "%s.value", golden[i].name);
	value_len = golden_bytes(name, value);
	jvpn_reader_init(&r, value, value_len);
	ck_assert_int_eq(jvpn_jvmsg_decode(jvpn_jvmsg_capsule_type(golden[i].type), &r, &msg), 0);
	auth.from_client = golden[i].from_client;
}

static bool check(int i)
{
	return jvpn_msgauth_check(golden[i].type, value, value_len, &auth);
}

START_TEST(msgauth__golden__verifies_and_seals_the_same)
{
	struct jvpn_msg sealed;

	load(_i);
	ck_assert(check(_i));
	ck_assert(jvpn_msgauth_check_msg(&msg, &auth));
	sealed = msg;
	memset(jvpn_jvmsg_mac(&sealed), 0x55, JVPN_MAC_BYTES);
	ck_assert(!jvpn_msgauth_check_msg(&sealed, &auth));
	ck_assert_int_eq(jvpn_msgauth_seal(&sealed, &auth), 0);
	ck_assert_mem_eq(jvpn_jvmsg_mac(&sealed), jvpn_jvmsg_mac(&msg), JVPN_MAC_BYTES);
}
END_TEST

/* Octets 40..46 of the sample requests are reason, length and text of the label: logged, never
 * trusted, and outside the proof by design. A label that changes its length moves what follows. */
START_TEST(msgauth_check__any_bit_flipped__false)
{
	load(_i);
	for (size_t bit = 0; bit < value_len * 8; bit++) {
		size_t at = bit / 8;
		bool logged_only = golden[_i].type == JVPN_MSG_REATTACH_REQUEST && at >= 40 &&
				   at <= 46 && at != 42;

		value[at] ^= (uint8_t)(1U << bit % 8);
		if (!logged_only)
			ck_assert_msg(!check(_i), "octet %zu", at);
		value[at] ^= (uint8_t)(1U << bit % 8);
	}
	ck_assert(check(_i));
}
END_TEST

START_TEST(msgauth_check__every_other_length__false)
{
	size_t len;

	load(_i);
	len = value_len;
	for (value_len = 0; value_len < len + 40; value_len++)
		ck_assert_int_eq(check(_i), value_len == len);
}
END_TEST

START_TEST(msgauth_check__other_connection_session_or_direction__false)
{
	bool covers_exporter = jvpn_jvmsg_auth(golden[_i].type) == JVPN_JVMSG_AUTH_EXPORTER;

	load(_i);
	for (size_t bit = 0; bit < 256; bit++) {
		exporter[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert_int_eq(check(_i), !covers_exporter);
		exporter[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	auth.exporter = NULL;
	ck_assert_int_eq(check(_i), !covers_exporter);
	auth.exporter = exporter;
	auth.from_client = !auth.from_client;
	ck_assert(!check(_i));
	if (golden[_i].type != JVPN_MSG_TERMINATE)
		ck_assert_int_eq(jvpn_msgauth_seal(&msg, &auth), JVPN_EINVAL);
	auth.from_client = !auth.from_client;
	if (golden[_i].type != JVPN_MSG_REATTACH_REQUEST) {
		id.b[0] ^= 1;
		ck_assert(!check(_i));
		id.b[0] ^= 1;
	}
	ck_assert(check(_i));
}
END_TEST

START_TEST(msgauth_check__as_another_type__false)
{
	load(_i);
	for (unsigned int type = 0; type <= JVPN_MSG_COUNT; type++)
		if (type != golden[_i].type)
			ck_assert(!jvpn_msgauth_check((enum jvpn_msg_type)type, value, value_len,
						      &auth));
}
END_TEST

START_TEST(msgauth__attach_field__same_proof_as_the_capsule)
{
	struct jvpn_jvfield field;
	struct jvpn_msg request = {.type = JVPN_MSG_REATTACH_REQUEST};
	struct jvpn_msg deny = {.type = JVPN_MSG_REATTACH_DENY};
	const char *text = golden_text("field.attach");

	ck_assert_int_eq(jvpn_jvfield_parse(text, strlen(text), &field), 0);
	request.u.reattach_request = field.attach;
	auth.from_client = true;
	ck_assert(jvpn_msgauth_check_msg(&request, &auth));
	request.u.reattach_request.counter++;
	ck_assert(!jvpn_msgauth_check_msg(&request, &auth));
	text = golden_text("field.refused");
	ck_assert_int_eq(jvpn_jvfield_parse(text, strlen(text), &field), 0);
	deny.u.reattach_deny = field.deny;
	auth.from_client = false;
	ck_assert(jvpn_msgauth_check_msg(&deny, &auth));
	deny.u.reattach_deny.retry_after_ms = 0;
	ck_assert(!jvpn_msgauth_check_msg(&deny, &auth));
}
END_TEST

START_TEST(msgauth_check__zero_mac_or_no_keys__false)
{
	load(4);
	memset(value + value_len - JVPN_MAC_BYTES, 0, JVPN_MAC_BYTES);
	ck_assert(!check(4));
	jvpn_session_keys_clear(&keys);
	ck_assert(!check(4));
	load(4);
	ck_assert(!check(4));
	ck_assert_int_ne(jvpn_msgauth_seal(&msg, &auth), 0);
}
END_TEST

UNIT_TESTS(msgauth)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, msgauth__golden__verifies_and_seals_the_same, 0, GOLDEN_COUNT);
	tcase_add_loop_test(tc, msgauth_check__any_bit_flipped__false, 0, GOLDEN_COUNT);
	tcase_add_loop_test(tc, msgauth_check__every_other_length__false, 0, GOLDEN_COUNT);
	tcase_add_loop_test(tc, msgauth_check__other_connection_session_or_direction__false, 0,
			    GOLDEN_COUNT);
	tcase_add_loop_test(tc, msgauth_check__as_another_type__false, 0, GOLDEN_COUNT);
	tcase_add_test(tc, msgauth__attach_field__same_proof_as_the_capsule);
	tcase_add_test(tc, msgauth_check__zero_mac_or_no_keys__false);
}
