/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of obs/census: what a line adds, and that the event stream counts where it numbers.
 */
#include "obs/census.h"

#include <stdlib.h>

#include "base/time.h"
#include "obs/events.h"
#include "unit.h"

static struct jvpn_census census;

static uint64_t happened(enum jvpn_audit_type type, enum jvpn_reason reason)
{
	return census.happened[type][reason];
}

static void setup(void)
{
	census = (struct jvpn_census){.lines = {0}};
}

START_TEST(census__a_limited_line__stands_for_its_count)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_TRANSPORT_SWITCH_DENIED,
				   .reason = JVPN_REASON_COOLDOWN_ACTIVE};

	jvpn_census_count(&census, &audit);
	audit.has = JVPN_HAS_COUNT;
	audit.count = 7;
	jvpn_census_count(&census, &audit);
	ck_assert_uint_eq(census.lines[audit.type], 2);
	ck_assert_uint_eq(happened(audit.type, audit.reason), 8);
	audit.reason = JVPN_REASON_BAD_PROOF;
	jvpn_census_count(&census, &audit);
	ck_assert_uint_eq(jvpn_census_happened(&census, audit.type), 15);
}
END_TEST

START_TEST(census__a_count_that_means_something_else__is_one)
{
	struct jvpn_audit audit = {
		.type = JVPN_AUDIT_KEY_ROTATED, .has = JVPN_HAS_COUNT, .count = 9};

	jvpn_census_count(&census, &audit);
	ck_assert_uint_eq(happened(audit.type, JVPN_REASON_NONE), 1);
	audit.type = JVPN_AUDIT_TELEMETRY_DEGRADED;
	jvpn_census_count(&census, &audit);
	ck_assert_uint_eq(happened(audit.type, JVPN_REASON_NONE), 1);
}
END_TEST

START_TEST(census__a_switch__is_in_three_histograms)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_TRANSPORT_SWITCH,
				   .reason = JVPN_REASON_PATH_CHANGE_OBSERVED,
				   .has = JVPN_HAS_SWITCH,
				   .detect_us = 100000,
				   .recover_us = 20000};

	jvpn_census_count(&census, &audit);
	ck_assert_uint_eq(census.detect.sum_ns, 100 * JVPN_NS_PER_MS);
	ck_assert_uint_eq(census.commit.sum_ns, 20 * JVPN_NS_PER_MS);
	ck_assert_uint_eq(census.recovery.sum_ns, 120 * JVPN_NS_PER_MS);
	ck_assert_uint_eq(jvpn_delays_total(&census.recovery), 1);
}
END_TEST

START_TEST(census__a_transition__is_counted_by_both_states_and_reason)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_SESSION_STATE_CHANGE,
				   .reason = JVPN_REASON_PEER_REATTACH,
				   .has = JVPN_HAS_STATES,
				   .from = JVPN_STATE_ATTACHED,
				   .to = JVPN_STATE_VOLATILE};

	jvpn_census_count(&census, &audit);
	ck_assert_uint_eq(census.transitions[audit.from][audit.to][audit.reason], 1);
}
END_TEST

START_TEST(census__nonsense__counts_nothing)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_COUNT};

	jvpn_census_count(&census, &audit);
	audit.type = JVPN_AUDIT_SESSION_CREATED;
	audit.reason = JVPN_REASON_COUNT;
	jvpn_census_count(&census, &audit);
	ck_assert_uint_eq(census.lines[JVPN_AUDIT_SESSION_CREATED], 0);
}
END_TEST

/* Lines that are dropped have a number and are counted; what the policy switches off has neither. */
START_TEST(census__of_the_stream__is_its_seq)
{
	struct jvpn_events_config config = {.role = JVPN_ROLE_SERVER,
					    .node_id = "n1",
					    .output = {"/dev/full"},
					    .buffer_bytes = 8192};
	struct jvpn_audit audit = {.type = JVPN_AUDIT_SECURITY_REPLAY_DETECTED};
	struct jvpn_policy policy;
	struct jvpn_events_stats stats;
	struct jvpn_events *events = NULL;
	uint64_t lines = 0;
	char error[128];

	ck_assert_int_eq(jvpn_events_open(&config, &events, error, sizeof(error)), 0);
	for (int i = 0; i < 200; i++)
		jvpn_events_emit(events, &audit, 1);
	jvpn_policy_init(&policy);
	policy.emit_security_events = false;
	jvpn_events_set_policy(events, &policy);
	jvpn_events_emit(events, &audit, 1);
	jvpn_events_get_census(events, &census);
	jvpn_events_get_stats(events, &stats);
	for (size_t i = 0; i < JVPN_AUDIT_COUNT; i++)
		lines += census.lines[i];
	ck_assert_uint_eq(happened(audit.type, JVPN_REASON_NONE), 200);
	ck_assert_uint_gt(stats.dropped, 100);
	ck_assert_uint_eq(lines, stats.emitted);
	jvpn_events_close(&events, 1, 0);
}
END_TEST

UNIT_TESTS(census)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, census__a_limited_line__stands_for_its_count);
	tcase_add_test(tc, census__a_count_that_means_something_else__is_one);
	tcase_add_test(tc, census__a_switch__is_in_three_histograms);
	tcase_add_test(tc, census__a_transition__is_counted_by_both_states_and_reason);
	tcase_add_test(tc, census__nonsense__counts_nothing);
	tcase_add_test(tc, census__of_the_stream__is_its_seq);
}
