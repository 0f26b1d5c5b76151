/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/session_compare: a standby that is better than a healthy binding, and one that only looks
 * so.
 */
#include <string.h>

#include "base/time.h"
#include "core/quality.h"
#include "core_fixture.h"
#include "unit.h"

static struct fixture f;
static struct jvpn_quality bound, standby;
static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((seed >> 33) % n);
}

static void setup_two(void)
{
	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	jvpn_quality_init(&bound, f.now_ns);
	jvpn_quality_init(&standby, f.now_ns);
	fixture_clear_log(&f);
}

static size_t proposals(void)
{
	size_t n = 0;

	while (fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, n))
		n++;
	return n;
}

static void measure(uint8_t slot, const struct jvpn_quality *q)
{
	struct jvpn_event e = {.type = JVPN_EVENT_FACT, .slot = slot};
	struct jvpn_quality_figures v;

	jvpn_quality_figures(q, &f.policy, f.now_ns, &v);
	e.u.fact.kind = JVPN_FACT_MEASURE;
	e.u.fact.loss_ppm = v.loss_ppm;
	e.u.fact.latency_us = v.latency_us;
	e.u.fact.typical_us = v.typical_us;
	e.u.fact.spread_us = v.spread_us;
	e.u.fact.settled = v.settled;
	fixture_step(&f, &e);
}

static void compare(void)
{
	struct jvpn_event e = {.type = JVPN_EVENT_COMPARE, .slot = JVPN_SLOT_NONE};
	struct jvpn_quality_figures v;

	measure(1, &standby);
	jvpn_quality_figures(&bound, &f.policy, f.now_ns, &v);
	e.u.compare.loss_ppm = v.loss_ppm;
	e.u.compare.latency_us = v.latency_us;
	e.u.compare.typical_us = v.typical_us;
	e.u.compare.spread_us = v.spread_us;
	e.u.compare.settled = v.settled;
	fixture_step(&f, &e);
}

struct way {
	uint32_t rtt_us, jitter_us, loss_ppm;
	bool bursts; /* once in a while a sample of many times the jitter */
};

static void feed(struct jvpn_quality *q, const struct way *way, uint32_t packets)
{
	uint32_t rtt = way->rtt_us + (way->jitter_us ? random_below(way->jitter_us) : 0), lost = 0;

	if (way->bursts && random_below(20) == 0)
		rtt += 10 * way->jitter_us;
	for (uint32_t i = 0; i < packets; i++)
		lost += random_below(1000000) < way->loss_ppm;
	jvpn_quality_on_packets(q, &f.policy, packets, lost, f.now_ns);
	jvpn_quality_on_rtt(q, &f.policy, rtt, f.now_ns);
}

/* Runs until something is proposed, at most so long: returns the seconds it took, 0 for nothing. */
static uint64_t run(const struct way *on_bound, const struct way *on_standby, uint64_t seconds)
{
	size_t before = proposals();

	for (uint64_t t = 1; t <= 2 * seconds; t++) {
		fixture_advance_ms(&f, 500);
		feed(&bound, on_bound, 50);
		feed(&standby, on_standby, 2);
		if (t % 2 == 0)
			compare();
		if (proposals() != before)
			return (t + 1) / 2;
	}
	return 0;
}

/* The same way twice, ten minutes, each with another kind of unrest: nobody moves. */
START_TEST(compare__two_equal_ways__no_proposal_in_ten_minutes)
{
	static const struct way ways[] = {
		{20000, 0, 0, false},   {20000, 4000, 0, false},      {20000, 20000, 0, false},
		{5000, 30000, 0, true}, {20000, 20000, 20000, false}, {60000, 60000, 50000, true},
		{500, 3000, 0, true},
	};

	for (uint64_t i = 0; i < 40; i++) {
		seed = i * 7919 + (uint64_t)_i;
		setup_two();
		ck_assert_uint_eq(run(&ways[_i], &ways[_i], 600), 0);
		ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	}
}
END_TEST

START_TEST(compare__standby_is_much_better__planned_handover_after_a_window)
{
	struct way slow = {80000, 10000, 0, false}, fast = {20000, 10000, 0, false};
	uint64_t took;

	seed = 1;
	setup_two();
	took = run(&slow, &fast, 60);
	ck_assert_uint_ge(took, 12);
	ck_assert_uint_le(took, 30);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert(f.s.permit); /* make before break */
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 1);
	ck_assert_int_eq(
		fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->u.msg.u.reattach_request.reason,
		JVPN_REASON_PLANNED_HANDOVER);
	ck_assert_ptr_nonnull(strstr(fixture_audit(&f, JVPN_AUDIT_REATTACH_ATTEMPT, 0)->text,
				     "lower p95 latency: lte#2 "));
	ck_assert_str_eq(
		fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->u.msg.u.reattach_request.ranking,
		fixture_audit(&f, JVPN_AUDIT_REATTACH_ATTEMPT, 0)->text);
	ck_assert_uint_eq(
		fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->u.msg.u.reattach_request.detect_us,
		0);
}
END_TEST

START_TEST(compare__loss__counts_when_it_is_beyond_doubt)
{
	struct way clean = {20000, 1000, 0, false}, bad = {20000, 1000, 190000, false},
		   some = {20000, 1000, 60000, false};

	seed = 3;
	setup_two();
	ck_assert_uint_eq(run(&some, &clean, 300), 0);
	setup_two();
	ck_assert_uint_ne(run(&bad, &clean, 300), 0);
	setup_two(); /* faster and lossier is not better */
	clean.rtt_us = 80000;
	ck_assert_uint_eq(run(&clean, &bad, 300), 0);
}
END_TEST

START_TEST(compare__less_than_the_factor_or_a_millisecond__stays)
{
	struct way a = {20000, 0, 0, false}, b = {18500, 0, 0, false};
	struct way near = {900, 0, 0, false}, nearer = {100, 0, 0, false};

	setup_two();
	ck_assert_uint_eq(run(&a, &b, 120), 0);
	setup_two();
	ck_assert_uint_eq(run(&near, &nearer, 120), 0);
	setup_two();
	f.policy.switch_improvement_factor_milli = 1050;
	ck_assert_uint_ne(run(&a, &b, 120), 0);
}
END_TEST

static const struct way slow = {80000, 0, 0, false}, fast = {20000, 0, 0, false};

static void answer(enum jvpn_reason denied)
{
	const struct jvpn_effect *sent =
		fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, proposals() - 1);
	struct jvpn_event e = {.type = denied ? JVPN_EVENT_DENY : JVPN_EVENT_ACK,
			       .slot = sent->slot};

	if (denied) {
		e.u.deny.counter = f.s.counter;
		e.u.deny.reason = denied;
		e.u.deny.retry_after_ms = 900;
		e.u.deny.server_version = f.s.server_version;
		e.u.deny.age_ms = jvpn_session_age_ms(&f.s, f.now_ns);
		e.u.deny.verified = true;
	} else {
		e.u.ack.counter = f.s.counter;
		e.u.ack.server_version = f.s.server_version + 3;
		e.u.ack.age_ms = jvpn_session_age_ms(&f.s, f.now_ns);
		strcpy(e.u.ack.transport_id, sent->slot == 1 ? "lte#2" : "wlan0#1");
		e.u.ack.verified = true;
	}
	fixture_step(&f, &e);
}

/* What the server would deny is not asked for. */
START_TEST(compare__budget_or_cooldown__is_not_asked_for)
{
	setup_two();
	f.policy.max_switches_per_min = 0;
	ck_assert_uint_eq(run(&slow, &fast, 120), 0);
	setup_two();
	ck_assert_uint_ne(run(&slow, &fast, 120), 0);
	answer(JVPN_REASON_NONE);
	ck_assert_uint_eq(f.s.bound, 1);
	ck_assert_uint_eq(f.s.switches_used, 1);
	ck_assert_uint_eq(f.s.last_switch_ns, f.now_ns);
	setup_two();
	f.policy.max_switches_per_hour = f.policy.max_switches_per_min = 1;
	ck_assert_uint_ne(run(&slow, &fast, 120), 0);
	answer(JVPN_REASON_NONE);
	fixture_advance_ms(&f, 120000);
	measure(0, &standby);
	f.s.slot[0].alive = true;
	for (int i = 0; i < 100; i++) {
		fixture_advance_ms(&f, 1000);
		feed(&bound, &slow, 50);
		feed(&standby, &fast, 25);
		measure(0, &standby);
		compare();
	}
	ck_assert_uint_eq(proposals(), 1);
}
END_TEST

/* Denied after all, or not answered: the binding is confirmed at once, and it is not tried again soon. */
START_TEST(compare__denied_or_unanswered__back_to_the_binding)
{
	static const enum jvpn_reason reasons[] = {JVPN_REASON_COOLDOWN_ACTIVE,
						   JVPN_REASON_SWITCH_RATE_LIMITED,
						   JVPN_REASON_POLICY_DENIED, JVPN_REASON_NONE};

	setup_two();
	ck_assert_uint_ne(run(&slow, &fast, 120), 0);
	if (reasons[_i]) {
		answer(reasons[_i]);
	} else {
		fixture_advance_ms(&f, 100);
		fixture_timer(&f);
	}
	ck_assert_uint_eq(proposals(), 2);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 1)->slot, 0);
	ck_assert_int_eq(
		fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 1)->u.msg.u.reattach_request.reason,
		JVPN_REASON_HEALTH_RECOVERED);
	ck_assert(f.s.permit);
	answer(JVPN_REASON_NONE);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.bound, 0);
	ck_assert_uint_eq(run(&slow, &fast, 30), 0);
}
END_TEST

/* Whichever way carries the traffic looks worse: the pauses double. */
START_TEST(compare__the_other_one_always_looks_better__ever_rarer)
{
	uint64_t switches = 0;

	setup_two();
	for (uint64_t t = 0; t < 3600; t++) {
		uint8_t other = f.s.bound == 0 ? 1 : 0;
		struct jvpn_event e = {.type = JVPN_EVENT_COMPARE, .slot = JVPN_SLOT_NONE};

		fixture_advance_ms(&f, 1000);
		fixture_clear_log(&f);
		feed(&bound, &slow, 50);
		feed(&standby, &fast, 25);
		measure(other, &standby);
		e.u.compare.latency_us = e.u.compare.typical_us = 80000;
		e.u.compare.settled = true;
		fixture_step(&f, &e);
		if (proposals() == 1) {
			answer(JVPN_REASON_NONE);
			switches++;
		}
	}
	ck_assert_uint_ge(switches, 3);
	ck_assert_uint_le(switches, 6);
}
END_TEST

/* In doubt, or busy with another attempt: nothing is compared. */
START_TEST(compare__binding_in_doubt__is_not_the_time)
{
	setup_two();
	ck_assert_uint_eq(run(&slow, &fast, 10), 0);
	f.policy.max_consecutive_drops = 1;
	fixture_fact(&f, 0, JVPN_FACT_LATENCY);
	ck_assert_int_ne(f.s.state, JVPN_STATE_ATTACHED);
	fixture_clear_log(&f);
	for (int i = 0; i < 3; i++)
		compare();
	ck_assert_uint_eq(proposals(), 0);
	fixture_server(&f);
	compare(); /* not for a server */
}
END_TEST

UNIT_TESTS(compare)
{
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, compare__two_equal_ways__no_proposal_in_ten_minutes, 0, 7);
	tcase_add_test(tc, compare__standby_is_much_better__planned_handover_after_a_window);
	tcase_add_test(tc, compare__loss__counts_when_it_is_beyond_doubt);
	tcase_add_test(tc, compare__less_than_the_factor_or_a_millisecond__stays);
	tcase_add_test(tc, compare__budget_or_cooldown__is_not_asked_for);
	tcase_add_loop_test(tc, compare__denied_or_unanswered__back_to_the_binding, 0, 4);
	tcase_add_test(tc, compare__the_other_one_always_looks_better__ever_rarer);
	tcase_add_test(tc, compare__binding_in_doubt__is_not_the_time);
}
