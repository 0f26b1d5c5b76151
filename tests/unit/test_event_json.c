/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of obs/event_json and obs/event_spec: every type, every byte, every bound.
 */
#include "obs/event_json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "obs/event_spec.h"
#include "unit.h"

static const struct jvpn_event_context context = {
	.wall_ms = 1795255200123,
	.seq = 7,
	.pid = 99,
	.node_id = "n1",
	.role = "server",
	.policy_version = "p1",
	.previous_policy_version = "none",
};

static size_t encode(const struct jvpn_audit *audit, char line[JVPN_EVENT_LINE_MAX + 1])
{
	size_t len = jvpn_event_encode(audit, &context, line, JVPN_EVENT_LINE_MAX);

	line[len] = '\0';
	return len;
}

START_TEST(event_encode__transport_switch__exact_line)
{
	char line[JVPN_EVENT_LINE_MAX + 1];
	struct jvpn_audit audit = {
		.type = JVPN_AUDIT_TRANSPORT_SWITCH,
		.reason = JVPN_REASON_PATH_CHANGE_OBSERVED,
		.has = JVPN_HAS_SESSION | JVPN_HAS_SWITCH | JVPN_HAS_PEER,
		.session_id = {{0xab}},
		.state_version = 12,
		.transport = "eth0#3",
		.previous_transport = "eth0#2",
		.candidate_count = 1,
		.loss_ppm = 250000,
		.latency_us = 20500,
		.detect_us = 1,
		.recover_us = 40000,
		.peer = "198.51.100.7:4433",
	};

	encode(&audit, line);
	ck_assert_str_eq(
		line,
		"{\"ts_ms\":1795255200123,\"ts\":\"2026-11-21T10:00:00.123Z\",\"seq\":7,\"pid\":99,"
		"\"event_type\":\"TransportSwitch\",\"severity\":\"notice\",\"node_id\":\"n1\","
		"\"role\":\"server\",\"policy_version\":\"p1\","
		"\"session_id\":\"ab000000000000000000000000000000\",\"state_version\":12,"
		"\"reason_code\":\"path_change_observed\",\"previous_transport\":\"eth0#2\","
		"\"new_transport\":\"eth0#3\",\"candidate_count\":1,\"loss_ratio\":0.25,"
		"\"latency_estimate_ms\":20.5,\"detect_ms\":0.001,\"recover_ms\":40,"
		"\"explicit\":true,\"peer\":\"198.51.100.7:4433\"}\n");
}
END_TEST

START_TEST(event_encode__foreign_groups__left_out)
{
	char line[JVPN_EVENT_LINE_MAX + 1];
	struct jvpn_audit audit = {.type = JVPN_AUDIT_NODE_STARTED, .has = UINT32_MAX};

	encode(&audit, line);
	ck_assert_ptr_null(strstr(line, "session_id"));
	ck_assert_ptr_null(strstr(line, "reason_code"));
	ck_assert_ptr_null(strstr(line, "peer"));
	ck_assert_ptr_nonnull(strstr(line, "\"detail\":\"\""));
}
END_TEST

START_TEST(event_encode__latency_switched_off__left_out)
{
	struct jvpn_event_context quiet = context;
	char line[JVPN_EVENT_LINE_MAX + 1];
	struct jvpn_audit audit = {.type = JVPN_AUDIT_TRANSPORT_SWITCH, .has = JVPN_HAS_SWITCH};

	quiet.without_latency = true;
	line[jvpn_event_encode(&audit, &quiet, line, JVPN_EVENT_LINE_MAX)] = '\0';
	ck_assert_ptr_null(strstr(line, "latency_estimate_ms"));
	ck_assert_ptr_nonnull(strstr(line, "detect_ms"));
}
END_TEST

/* A strict reader of one JSON string: returns what follows it, NULL when it is not well-formed. */
static const char *skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			return NULL;
		if (*p != '\\')
			continue;
		p++;
		if (*p == '"' || *p == '\\')
			continue;
		if (*p != 'u' || strspn(p + 1, "0123456789abcdef") < 4)
			return NULL;
		p += 4;
	}
	return p + 1;
}

START_TEST(event_encode__every_byte_in_a_text__still_one_json_string)
{
	for (unsigned byte = 1; byte < 256; byte++) {
		char line[JVPN_EVENT_LINE_MAX + 1];
		const char *p;
		struct jvpn_audit audit = {.type = JVPN_AUDIT_NODE_STARTED, .has = JVPN_HAS_TEXT};

		for (size_t i = 0; i < 5; i++)
			audit.text[i] = (char)byte;
		encode(&audit, line);
		p = strstr(line, "\"detail\":");
		ck_assert_ptr_nonnull(p);
		p = skip_string(p + 9);
		ck_assert_msg(p && strcmp(p, "}\n") == 0, "byte %u: %s", byte, line);
	}
}
END_TEST

START_TEST(event_encode__unterminated_texts__never_read_beyond)
{
	char line[JVPN_EVENT_LINE_MAX + 1];
	struct jvpn_audit audit;

	/* All arrays full and without NUL: sizes bound the reading (ASan sees the rest). */
	for (unsigned type = 1; type < JVPN_AUDIT_COUNT; type++) {
		memset(&audit, 1, sizeof(audit));
		audit.type = (enum jvpn_audit_type)type;
		audit.reason = JVPN_REASON_BAD_PROOF;
		audit.has = UINT32_MAX;
		ck_assert_uint_gt(encode(&audit, line), 0);
	}
}
END_TEST

START_TEST(event_encode__largest_line_of_every_type__fits)
{
	char node[JVPN_EVENT_NODE_ID_MAX + 1], policy[JVPN_POLICY_VERSION_MAX + 1];
	struct jvpn_event_context big = context;
	size_t largest = 0;

	memset(node, 1, sizeof(node) - 1);
	memset(policy, 1, sizeof(policy) - 1);
	node[sizeof(node) - 1] = policy[sizeof(policy) - 1] = '\0';
	big.node_id = node;
	big.policy_version = big.previous_policy_version = policy;
	big.seq = big.pid = big.wall_ms = UINT64_MAX;
	for (unsigned type = 1; type < JVPN_AUDIT_COUNT; type++) {
		char line[JVPN_EVENT_LINE_MAX];
		struct jvpn_audit audit;
		size_t len;

		memset(&audit, 0xff, sizeof(audit));
		audit.type = (enum jvpn_audit_type)type;
		audit.reason = JVPN_REASON_INVALID_TRANSPORT_CANDIDATE;
		audit.fsm_event = JVPN_FSM_REATTACH_INVALID;
		audit.from = audit.to = JVPN_STATE_RECOVERING;
		len = jvpn_event_encode(&audit, &big, line, sizeof(line));
		ck_assert_msg(len > 0, "type %u", type);
		largest = len > largest ? len : largest;
		ck_assert_uint_eq(jvpn_event_encode(&audit, &big, line, len - 1), 0);
	}
	ck_assert_uint_le(JVPN_EVENT_LINE_MAX, PIPE_BUF);
	ck_assert_uint_lt(largest, JVPN_EVENT_LINE_MAX);
}
END_TEST

START_TEST(event_encode__no_type__nothing)
{
	char line[JVPN_EVENT_LINE_MAX + 1];
	struct jvpn_audit audit = {.type = JVPN_AUDIT_NONE};

	ck_assert_uint_eq(encode(&audit, line), 0);
	audit.type = JVPN_AUDIT_COUNT;
	ck_assert_uint_eq(encode(&audit, line), 0);
}
END_TEST

START_TEST(event_spec__every_type__has_one)
{
	for (unsigned type = 1; type < JVPN_AUDIT_COUNT; type++) {
		const struct jvpn_event_spec *spec =
			jvpn_event_spec_get((enum jvpn_audit_type)type);

		ck_assert_msg(spec->severity != JVPN_SEVERITY_NONE, "type %u", type);
		ck_assert_uint_eq(spec->required & spec->optional, 0);
	}
}
END_TEST

UNIT_TESTS(event_json)
{
	tcase_add_test(tc, event_encode__transport_switch__exact_line);
	tcase_add_test(tc, event_encode__foreign_groups__left_out);
	tcase_add_test(tc, event_encode__latency_switched_off__left_out);
	tcase_add_test(tc, event_encode__every_byte_in_a_text__still_one_json_string);
	tcase_add_test(tc, event_encode__unterminated_texts__never_read_beyond);
	tcase_add_test(tc, event_encode__largest_line_of_every_type__fits);
	tcase_add_test(tc, event_encode__no_type__nothing);
	tcase_add_test(tc, event_spec__every_type__has_one);
}
