/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of ctl/request and ctl/command: what is taken, what is refused and in which words.
 */
#include "ctl/request.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "unit.h"

#define ID "000102030405060708090a0b0c0d0e0f"

static struct jvpn_ctl_request request;
static struct jvpn_ctl_error error;

static int parse(const char *line)
{
	return jvpn_ctl_request_parse(line, strlen(line), JVPN_CTL_SERVER, &request, &error);
}

START_TEST(request__every_key__is_taken)
{
	ck_assert_int_eq(parse("{\"v\":1,\"id\":7,\"cmd\":\"status\"}"), 0);
	ck_assert_int_eq(request.command->id, JVPN_CTL_STATUS);
	ck_assert(request.has_id && request.id == 7);
	ck_assert_int_eq(parse(" { \"cmd\" : \"session\", \"session\":\"" ID "\", \"v\":1 }\r"), 0);
	ck_assert(request.has_session && !request.has_id);
	ck_assert_int_eq(request.session.b[15], 15);
	ck_assert_int_eq(parse("{\"v\":1,\"cmd\":\"terminate\",\"session\":\"" ID
			       "\",\"reason\":\"policy_termination\"}"),
			 0);
	ck_assert_int_eq(request.reason, JVPN_REASON_POLICY_TERMINATION);
	ck_assert_int_eq(parse("{\"v\":1,\"cmd\":\"switch\",\"to\":\"wlan0#3\"}"), 0);
	ck_assert_str_eq(request.to, "wlan0#3");
	ck_assert_int_eq(parse("{\"v\":1,\"cmd\":\"events\",\"since\":18446744073709551615,"
			       "\"follow\":true}"),
			 0);
	ck_assert(request.since == UINT64_MAX && request.follow);
}
END_TEST

static const struct {
	const char *line, *code, *text;
} bad[] = {
	{"", "malformed", "a JSON object"},
	{"x", "malformed", "a JSON object"},
	{"[]", "malformed", "a JSON object"},
	{"{", "malformed", "a key in quotes"},
	{"{\"v\":1", "malformed", "a comma or the end"},
	{"{\"v\":1}x", "malformed", "nothing behind"},
	{"{\"v\" 1}", "malformed", "a colon"},
	{"{\"v\":1,\"v\":1}", "malformed", "each key once"},
	{"{\"v\":01}", "malformed", "whole number"},
	{"{\"v\":1.0}", "malformed", "whole number"},
	{"{\"v\":-1}", "malformed", "whole number"},
	{"{\"v\":18446744073709551616}", "malformed", "below 2^64"},
	{"{\"v\":null}", "malformed", "whole number"},
	{"{\"v\":{}}", "malformed", "whole number"},
	{"{\"v\":\"a\\n\"}", "malformed", "this escape"},
	{"{\"v\":\"\x01\"}", "malformed", "printable"},
	{"{\"v\":\"\xc3\xa9\"}", "malformed", "printable"},
	{"{\"v\":\"a", "malformed", "end of the string"},
	{"{\"v\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
	 "malformed", "63"},
	{"{\"cmd\":\"status\"}", "unsupported_version", "expected 1"},
	{"{\"v\":2,\"cmd\":\"status\"}", "unsupported_version", "expected 1"},
	{"{\"v\":1}", "missing_key", "cmd: expected one of status, sessions"},
	{"{\"v\":1,\"cmd\":\"stat\"}", "unknown_command", "status, sessions"},
	{"{\"v\":1,\"cmd\":3}", "unknown_command", "status, sessions"},
	{"{\"v\":1,\"cmd\":\"status\",\"to\":\"x\"}", "unknown_key", "status takes v, id, cmd"},
	{"{\"v\":1,\"cmd\":\"status\",\"x\":1}", "unknown_key", "x: status takes"},
	{"{\"v\":1,\"cmd\":\"session\"}", "missing_key", "session needs session"},
	{"{\"v\":1,\"cmd\":\"session\",\"session\":\"0001\"}", "bad_value", "32 lower-case hex"},
	{"{\"v\":1,\"cmd\":\"session\",\"session\":1}", "bad_value", "32 lower-case hex"},
	{"{\"v\":1,\"cmd\":\"switch\",\"to\":\"\"}", "bad_value", "transport id"},
	{"{\"v\":1,\"cmd\":\"terminate\",\"session\":\"" ID "\",\"reason\":\"client_closed\"}",
	 "bad_value", "operator_terminated"},
	{"{\"v\":1,\"cmd\":\"terminate\",\"session\":\"" ID "\",\"reason\":\"whim\"}", "bad_value",
	 "operator_terminated"},
	{"{\"v\":1,\"cmd\":\"events\",\"since\":0}", "bad_value", "from 1"},
	{"{\"v\":1,\"cmd\":\"events\",\"follow\":1}", "bad_value", "true or false"},
	{"{\"v\":1,\"id\":\"7\",\"cmd\":\"status\"}", "bad_value", "whole number"},
};

START_TEST(request__mistakes__say_what_was_expected)
{
	ck_assert_int_eq(parse(bad[_i].line), JVPN_EMALFORMED);
	ck_assert_ptr_null(request.command);
	ck_assert_str_eq(error.code, bad[_i].code);
	ck_assert_msg(strstr(error.message, bad[_i].text), "%s: %s", bad[_i].line, error.message);
}
END_TEST

START_TEST(request__refused__keeps_its_id)
{
	ck_assert_int_eq(parse("{\"v\":1,\"id\":9,\"cmd\":\"nothing\"}"), JVPN_EMALFORMED);
	ck_assert(request.has_id && request.id == 9);
}
END_TEST

START_TEST(request__too_many_keys__refused)
{
	ck_assert_int_eq(parse("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
			       "\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1}"),
			 JVPN_EMALFORMED);
	ck_assert_str_eq(error.code, "malformed");
}
END_TEST

START_TEST(request__print__parses_to_the_same)
{
	struct jvpn_ctl_request again;
	char line[512];
	size_t len;

	ck_assert_int_eq(parse("{\"v\":1,\"id\":3,\"cmd\":\"terminate\",\"session\":\"" ID
			       "\",\"reason\":\"resource_exhausted\"}"),
			 0);
	len = jvpn_ctl_request_print(&request, line, sizeof(line));
	ck_assert_int_eq(line[len - 1], '\n');
	ck_assert_int_eq(jvpn_ctl_request_parse(line, len - 1, JVPN_CTL_SERVER, &again, &error), 0);
	ck_assert_int_eq(memcmp(&request, &again, sizeof(again)), 0);
	ck_assert_uint_eq(jvpn_ctl_request_print(&request, line, 20), 0);
}
END_TEST

START_TEST(command__role__has_its_own)
{
	char list[160];

	ck_assert_ptr_nonnull(jvpn_ctl_command_find("drain", JVPN_CTL_SERVER));
	ck_assert_ptr_null(jvpn_ctl_command_find("drain", JVPN_CTL_CLIENT));
	for (int id = JVPN_CTL_NONE + 1; id < JVPN_CTL_COUNT; id++)
		ck_assert_int_eq((int)jvpn_ctl_command_get((enum jvpn_ctl_command_id)id)->id, id);
	ck_assert_ptr_null(jvpn_ctl_command_get(JVPN_CTL_NONE));
	jvpn_ctl_command_list(JVPN_CTL_CLIENT, list, sizeof(list));
	ck_assert_str_eq(list, "status, sessions, session, transports, switch, terminate, reload, "
			       "events, policy");
}
END_TEST

UNIT_TESTS(request)
{
	tcase_add_test(tc, request__every_key__is_taken);
	tcase_add_loop_test(tc, request__mistakes__say_what_was_expected, 0,
			    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, request__refused__keeps_its_id);
	tcase_add_test(tc, request__too_many_keys__refused);
	tcase_add_test(tc, request__print__parses_to_the_same);
	tcase_add_test(tc, command__role__has_its_own);
}
