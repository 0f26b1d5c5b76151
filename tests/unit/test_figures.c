/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of audit/figures: each figure from lines that are known, and bounds that hold.
 */
#include "audit/figures.h"

#include <stdio.h>

#include "trail_fixture.h"
#include "unit.h"

static struct jvpn_figures *f;
static struct jvpn_figures_result r;
static struct jvpn_trail_handler handler;
static unsigned long long seq;

static void setup(void)
{
	seq = 0;
	ck_assert_int_eq(jvpn_figures_new(&f), 0);
	handler = jvpn_figures_handler(f);
}

static void teardown(void)
{
	jvpn_figures_free(f);
}

static void say(const char *node, unsigned id, unsigned long long ts, const char *rest)
{
	trail_put(&handler,
		  "{\"ts_ms\":%llu,\"seq\":%llu,\"pid\":1,\"node_id\":\"%s\",\"role\":\"server\","
		  "\"policy_version\":\"p\",\"session_id\":\"%032x\",\"state_version\":1,%s}",
		  ts, ++seq, node, id, rest);
}

#define CREATED "\"event_type\":\"SessionCreated\""
#define CHANGE  "\"event_type\":\"SessionStateChange\","
#define GO(from, to, reason)                                                                       \
	CHANGE "\"from\":\"" from "\",\"to\":\"" to "\",\"reason_code\":\"" reason "\""
#define SWITCH                                                                                     \
	"\"event_type\":\"TransportSwitch\",\"reason_code\":\"transport_dead\","                   \
	"\"previous_transport\":\"a#1\",\"new_transport\":\"a#2\",\"candidate_count\":1,"          \
	"\"loss_ratio\":0,\"detect_ms\":300,\"recover_ms\":20.5,\"explicit\":true"
#define ENDED(reason)                                                                              \
	"\"event_type\":\"SessionTerminated\",\"reason_code\":\"" reason                           \
	"\",\"session_age_ms\":1,\"transportless_age_ms\":0,\"total_switches\":0,"                 \
	"\"tx_packets\":0,\"tx_bytes\":0,\"rx_packets\":0,\"rx_bytes\":0"

/* Born at 0, out of ATTACHED from 1000 to 'back'. */
static void disturb(unsigned id, unsigned long long back)
{
	say("n", id, 0, CREATED);
	say("n", id, 0, GO("BIRTH", "ATTACHED", "attached_to_transport"));
	say("n", id, 1000, GO("ATTACHED", "VOLATILE", "transport_dead"));
	say("n", id, back, GO("VOLATILE", "RECOVERING", "dead_transport_recovery"));
}

START_TEST(figures__disturbances__judged_by_how_they_end)
{
	char share[16];

	disturb(1, 1500);
	say("n", 1, 1600, GO("RECOVERING", "ATTACHED", "reattach_success"));
	say("n", 1, 1600, SWITCH);
	disturb(2, 1500);
	say("n", 2, 9000, GO("RECOVERING", "TERMINATED", "transport_ttl_exceeded"));
	say("n", 2, 9000, ENDED("transport_ttl_exceeded"));
	disturb(3, 1500);
	say("n", 3, 9000, GO("RECOVERING", "TERMINATED", "client_closed"));
	say("n", 3, 9000, ENDED("client_closed"));
	disturb(4, 9000);
	jvpn_figures_end(f, &r);
	ck_assert_uint_eq(r.total->sessions, 4);
	ck_assert_uint_eq(r.total->born, 4);
	ck_assert_uint_eq(r.total->ended, 2);
	ck_assert_uint_eq(r.total->survived, 1);
	ck_assert_uint_eq(r.total->lost, 1);
	ck_assert_uint_eq(r.total->on_request, 1);
	ck_assert_uint_eq(r.total->undecided, 1);
	jvpn_figures_continuity(r.total, share);
	ck_assert_str_eq(share, "50.00 %");
	ck_assert_uint_eq(r.total->latency.most_us, 320500);
	ck_assert_uint_eq(r.total->away.most_us, 600000);
	ck_assert_uint_eq(r.total->state_ms[JVPN_STATE_ATTACHED], 4 * 1000 + 9000 - 1600);
	ck_assert_uint_eq(r.total->state_ms[JVPN_STATE_VOLATILE], 3 * 500 + 8000);
	ck_assert_uint_eq(r.total->state_ms[JVPN_STATE_RECOVERING], 100 + 2 * 7500);
	ck_assert_uint_eq(r.total->terminated[JVPN_REASON_CLIENT_CLOSED], 1);
}
END_TEST

START_TEST(figures__switches__most_in_any_sliding_window)
{
	static const unsigned long long at[] = {0, 59000, 61000, 100000, 3000000, 3659000};

	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		say("n", 1, at[i], SWITCH);
	for (unsigned i = 0; i < 50; i++) /* another session each: nothing adds up */
		say("n", 2 + i, 59000 + i, SWITCH);
	jvpn_figures_end(f, &r);
	ck_assert_uint_eq(r.total->switches, 56);
	ck_assert_uint_eq(r.total->sessions, 51);
	ck_assert_uint_eq(r.total->most_of_session, 6);
	ck_assert_uint_eq(r.total->most_in_minute, 3);
	ck_assert_uint_eq(r.total->most_in_hour, 5);
	ck_assert(!r.total->at_least);
}
END_TEST

START_TEST(figures__security_and_limits__counted_with_their_counts)
{
	say("n", 1, 1, "\"event_type\":\"SecurityReplayDetected\",\"count\":7");
	say("n", 1, 1, "\"event_type\":\"SecurityReplayDetected\"");
	say("n", 1, 1, "\"event_type\":\"RateLimited\",\"count\":5");
	say("n", 1, 1,
	    "\"event_type\":\"TransportSwitchDenied\",\"reason_code\":\"cooldown_active\"");
	say("n", 1, 1,
	    "\"event_type\":\"TransportSwitchDenied\",\"reason_code\":\"policy_denied\"");
	say("n", 1, 1, "\"event_type\":\"ReattachResult\",\"reason_code\":\"policy_denied\"");
	say("n", 1, 1, "\"event_type\":\"ReattachResult\",\"reason_code\":\"reattach_success\"");
	say("n", 1, 1, "\"event_type\":\"SecurityValidationFailed\",\"reason_code\":\"bad_proof\"");
	jvpn_figures_end(f, &r);
	ck_assert_uint_eq(r.total->replays, 8);
	ck_assert_uint_eq(r.total->limited[JVPN_REASON_RATE_LIMITED], 5);
	ck_assert_uint_eq(r.total->limited[JVPN_REASON_COOLDOWN_ACTIVE], 1);
	ck_assert_uint_eq(jvpn_figures_sum(r.total->limited), 6);
	ck_assert_uint_eq(jvpn_figures_sum(r.total->denied), 1);
	ck_assert_uint_eq(r.total->invalid[JVPN_REASON_BAD_PROOF], 1);
	ck_assert_uint_eq(r.total->sessions, 0);
}
END_TEST

START_TEST(figures__more_nodes_than_are_kept__the_last_takes_them)
{
	char name[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "node%u", i);
		say(name, 1, 5, SWITCH);
	}
	jvpn_figures_end(f, &r);
	ck_assert_uint_eq(r.nodes, JVPN_FIGURES_NODES_MAX);
	ck_assert_uint_eq(r.total->switches, 100);
}
END_TEST

/* What is over makes room. */
START_TEST(figures__many_sessions__forgotten_when_they_end)
{
	for (unsigned i = 0; i < 3000; i++)
		say("n", i, i, CREATED);
	for (unsigned i = 0; i < 3000; i++)
		say("n", i, 5000 + i, ENDED("client_closed"));
	for (unsigned i = 0; i < 5000; i++) {
		say("n", 10000 + i, 9000 + i, CREATED);
		say("n", 10000 + i, 9000 + i, ENDED("client_closed"));
	}
	jvpn_figures_end(f, &r);
	ck_assert_uint_eq(r.total->sessions, 8000);
	ck_assert_uint_eq(r.total->ended, 8000);
	ck_assert_uint_eq(r.untracked, 0);
}
END_TEST

START_TEST(figures__activity__no_event_is_lost_at_any_distance)
{
	static const unsigned long long at[] = {
		1000000000, 5, 1000000007, 1, 99999999999, 18000000000000000000ULL, 0, 4200000000};
	uint64_t sum = 0;

	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		say("n", 1, at[i], SWITCH);
	jvpn_figures_end(f, &r);
	for (unsigned i = 0; i < JVPN_ACTIVITY_BINS; i++)
		sum += r.activity->bin[JVPN_ACTIVITY_SWITCHES][i];
	ck_assert_uint_eq(sum, sizeof(at) / sizeof(at[0]));
	ck_assert_uint_eq(r.activity->from_ms % r.activity->width_ms, 0);
}
END_TEST

START_TEST(figures__activity__bins_as_counted_one_by_one)
{
	unsigned counted[JVPN_ACTIVITY_BINS] = {0};
	unsigned long long at[400];
	uint64_t x = 1234567;

	for (unsigned i = 0; i < 400; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		at[i] = 100000000 + (x >> 33) % 7777777;
		say("n", 1, at[i], SWITCH);
	}
	jvpn_figures_end(f, &r);
	for (unsigned i = 0; i < 400; i++) {
		ck_assert_uint_ge(at[i], r.activity->from_ms);
		counted[(at[i] - r.activity->from_ms) / r.activity->width_ms]++;
	}
	for (unsigned i = 0; i < JVPN_ACTIVITY_BINS; i++)
		ck_assert_uint_eq(counted[i], r.activity->bin[JVPN_ACTIVITY_SWITCHES][i]);
}
END_TEST

START_TEST(figures__known_life__as_the_other_implementation_counts)
{
	trail_read_golden(&handler);
	jvpn_figures_end(f, &r);
	ck_assert_uint_eq(r.nodes, 2);
	ck_assert_int_eq(r.total->role, JVPN_ROLE_SERVER);
	ck_assert_uint_eq(r.total->sessions, 2);
	ck_assert_uint_eq(r.total->switches, 3);
	ck_assert_uint_eq(r.total->survived, 3);
	ck_assert_uint_eq(r.total->lost, 2);
	ck_assert_uint_eq(r.total->replays, 2);
	ck_assert_uint_eq(r.total->lines_missing, 0);
	ck_assert_uint_eq(r.total->lines_announced, 3);
}
END_TEST

START_TEST(figures_continuity__one_lost_of_many__is_not_all)
{
	static struct jvpn_figures_of t = {.survived = 100003, .lost = 2};
	char share[16];

	jvpn_figures_continuity(&t, share);
	ck_assert_str_eq(share, "99.99 %");
	t = (struct jvpn_figures_of){.survived = UINT64_MAX / 2, .lost = 1};
	jvpn_figures_continuity(&t, share);
	ck_assert_str_eq(share, "99.99 %");
	t = (struct jvpn_figures_of){.survived = 3};
	jvpn_figures_continuity(&t, share);
	ck_assert_str_eq(share, "100.00 %");
	t = (struct jvpn_figures_of){0};
	jvpn_figures_continuity(&t, share);
	ck_assert_str_eq(share, "-");
}
END_TEST

UNIT_TESTS(figures)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, figures__disturbances__judged_by_how_they_end);
	tcase_add_test(tc, figures_continuity__one_lost_of_many__is_not_all);
	tcase_add_test(tc, figures__switches__most_in_any_sliding_window);
	tcase_add_test(tc, figures__security_and_limits__counted_with_their_counts);
	tcase_add_test(tc, figures__more_nodes_than_are_kept__the_last_takes_them);
	tcase_add_test(tc, figures__many_sessions__forgotten_when_they_end);
	tcase_add_test(tc, figures__activity__no_event_is_lost_at_any_distance);
	tcase_add_test(tc, figures__activity__bins_as_counted_one_by_one);
	tcase_add_test(tc, figures__known_life__as_the_other_implementation_counts);
}
