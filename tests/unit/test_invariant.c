/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/invariant: each invariant is broken by hand once and must be noticed.
 */
#include "unit.h"

#include <string.h>

#include "core_fixture.h"

static struct fixture f;
static struct jvpn_witness before;
static struct jvpn_event event;

static void setup(void)
{
	fixture_server(&f);
	fixture_attach(&f, 1, "lte");
	fixture_advance_ms(&f, 10000);
	memset(&event, 0, sizeof(event));
	event.type = JVPN_EVENT_TIMER;
	event.now_ns = f.now_ns;
	f.fx.count = 0;
	jvpn_invariant_capture(&f.s, &before);
}

static int check(void)
{
	return jvpn_invariant_check(&before, &f.s, &f.ctx, &event, &f.fx);
}

/* One durable transition with its event, as a right step would have left it. */
static void transition(enum jvpn_state to)
{
	f.s.state = to;
	f.s.state_version++;
	f.s.durable_version++;
	f.s.transitions++;
	f.fx.v[f.fx.count].type = JVPN_EFFECT_EMIT;
	f.fx.v[f.fx.count].u.audit.type = JVPN_AUDIT_SESSION_STATE_CHANGE;
	f.fx.v[f.fx.count].u.audit.state_version = f.s.state_version;
	f.fx.count++;
}

START_TEST(invariant__untouched__holds)
{
	setup();
	ck_assert_int_eq(check(), 0);
	ck_assert_str_eq(jvpn_invariant_text(0), "no invariant");
	ck_assert_str_ne(jvpn_invariant_text(12), "no invariant");
}
END_TEST

START_TEST(invariant_1__attached_without_binding_or_permit__is_noticed)
{
	setup();
	f.s.bound = JVPN_SLOT_NONE;
	f.s.permit = false;
	ck_assert_int_eq(check(), 1);
	setup();
	f.s.permit = false;
	ck_assert_int_eq(check(), 1);
	setup();
	f.s.bound = 5; /* not in use */
	ck_assert_int_eq(check(), 1);
}
END_TEST

START_TEST(invariant_2__identity_changes__is_noticed)
{
	setup();
	f.s.id.b[3] ^= 1;
	ck_assert_int_eq(check(), 2);
}
END_TEST

START_TEST(invariant_3__ended_too_early__is_noticed)
{
	setup();
	transition(JVPN_STATE_TERMINATED);
	f.s.bound = JVPN_SLOT_NONE;
	f.s.permit = false;
	f.s.terminated_reason = JVPN_REASON_TRANSPORT_TTL_EXCEEDED;
	f.s.terminated_transportless_ms = f.policy.transport_lost_ttl_ms - 1;
	ck_assert_int_eq(check(), 3);
	f.s.terminated_transportless_ms++;
	ck_assert_int_eq(check(), 0);
}
END_TEST

START_TEST(invariant_4__over_budget_or_inside_cooldown__is_noticed)
{
	setup();
	f.s.commit.active = true;
	f.s.commit.is_switch = true;
	f.s.commit.started_ns = f.now_ns;
	f.s.switches_used = 1;
	f.s.switches[0].at_ms = 10000;
	f.s.switches[0].count = 8;
	ck_assert_int_eq(check(), 4);
	f.s.exempt = true;
	ck_assert_int_eq(check(), 0);
	f.s.exempt = false;
	f.s.switches[0].count = 7;
	ck_assert_int_eq(check(), 0);
	f.s.last_switch_ns = f.now_ns - 1499 * MS;
	ck_assert_int_eq(check(), 4);
	f.s.last_switch_ns = f.now_ns - 1500 * MS;
	ck_assert_int_eq(check(), 0);
}
END_TEST

START_TEST(invariant_4__adopted_under_another_policy__is_judged_by_that_of_its_beginning)
{
	setup();
	f.policy.max_switches_per_min = 0;
	f.policy.switch_cooldown_ms = 60000;
	f.s.total_switches++;
	f.s.switches_used = 1;
	f.s.switches[0].at_ms = 10000;
	f.s.switches[0].count = 9;
	f.s.last_switch_ns = f.now_ns;
	before.last_switch_ns = f.now_ns - MS;
	ck_assert_int_eq(check(), 0);
	f.s.switches_used = 0; /* a switch that was not counted */
	ck_assert_int_eq(check(), 4);
	f.s.switches_used = 1;
	f.s.total_switches++; /* two at once */
	ck_assert_int_eq(check(), 4);
}
END_TEST

START_TEST(invariant_5__recovering_past_its_deadline__is_noticed)
{
	setup();
	transition(JVPN_STATE_RECOVERING);
	f.s.state_since_ns = f.now_ns - 7999 * MS;
	ck_assert_int_eq(check(), 0);
	f.s.state_since_ns = f.now_ns - 8000 * MS;
	ck_assert_int_eq(check(), 5);
}
END_TEST

START_TEST(invariant_6__older_than_its_lifetime__is_noticed)
{
	setup();
	f.policy.max_lifetime_ms = 10000;
	ck_assert_int_eq(check(), 6);
	setup();
	transition(JVPN_STATE_VOLATILE);
	f.s.bound = JVPN_SLOT_NONE;
	f.s.permit = false;
	f.s.transportless_since_ns = f.now_ns - f.policy.transport_lost_ttl_ms * MS;
	ck_assert_int_eq(check(), 6);
}
END_TEST

START_TEST(invariant_7__version_without_transition_or_the_reverse__is_noticed)
{
	setup();
	f.s.state_version++;
	ck_assert_int_eq(check(), 7);
	setup();
	f.s.state = JVPN_STATE_VOLATILE;
	ck_assert_int_eq(check(), 7);
	setup();
	f.s.durable_version++;
	ck_assert_int_eq(check(), 7);
}
END_TEST

START_TEST(invariant_9__bound_without_a_used_counter__is_noticed)
{
	setup();
	f.s.bound = 1;
	ck_assert_int_eq(check(), 9);
	f.s.bind_counter = 4711;
	ck_assert_int_eq(check(), 9);
	jvpn_replay_commit(&f.s.replay, 4711, 128);
	ck_assert_int_eq(check(), 0);
	setup();
	f.s.slot[0].generation = 3;
	ck_assert_int_eq(check(), 9);
}
END_TEST

START_TEST(invariant_10__forgery_that_touches_a_byte__is_noticed)
{
	setup();
	event.type = JVPN_EVENT_REATTACH_REQUEST;
	ck_assert_int_eq(check(), 0);
	f.s.reattach_bucket.full_ns++;
	ck_assert_int_eq(check(), 10);
}
END_TEST

START_TEST(invariant_11__commit_without_authority__is_noticed)
{
	setup();
	f.ctx.authority = JVPN_AUTHORITY_CONFLICT;
	ck_assert_int_eq(check(), 0);
	f.fx.v[0].type = JVPN_EFFECT_STORE_CAS;
	f.fx.count = 1;
	ck_assert_int_eq(check(), 11);
}
END_TEST

START_TEST(invariant_12__event_missing_doubled_or_out_of_order__is_noticed)
{
	setup();
	transition(JVPN_STATE_VOLATILE);
	ck_assert_int_eq(check(), 0);
	f.fx.count = 0;
	ck_assert_int_eq(check(), 12);
	f.fx.count = 2;
	f.fx.v[1] = f.fx.v[0];
	ck_assert_int_eq(check(), 12);
	f.fx.count = 1;
	f.fx.v[0].u.audit.state_version++;
	ck_assert_int_eq(check(), 12);
	f.fx.v[0].u.audit.state_version--;
	f.fx.overflow = true;
	ck_assert_int_eq(check(), 12);
	f.fx.overflow = false;
}
END_TEST

UNIT_TESTS(invariant)
{
	tcase_add_test(tc, invariant__untouched__holds);
	tcase_add_test(tc, invariant_1__attached_without_binding_or_permit__is_noticed);
	tcase_add_test(tc, invariant_2__identity_changes__is_noticed);
	tcase_add_test(tc, invariant_3__ended_too_early__is_noticed);
	tcase_add_test(tc, invariant_4__over_budget_or_inside_cooldown__is_noticed);
	tcase_add_test(
		tc, invariant_4__adopted_under_another_policy__is_judged_by_that_of_its_beginning);
	tcase_add_test(tc, invariant_5__recovering_past_its_deadline__is_noticed);
	tcase_add_test(tc, invariant_6__older_than_its_lifetime__is_noticed);
	tcase_add_test(tc, invariant_7__version_without_transition_or_the_reverse__is_noticed);
	tcase_add_test(tc, invariant_9__bound_without_a_used_counter__is_noticed);
	tcase_add_test(tc, invariant_10__forgery_that_touches_a_byte__is_noticed);
	tcase_add_test(tc, invariant_11__commit_without_authority__is_noticed);
	tcase_add_test(tc, invariant_12__event_missing_doubled_or_out_of_order__is_noticed);
}
