/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/session on the server: birth, facts, timers, end, drain, restore.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core_fixture.h"

static struct fixture f;

START_TEST(session__size__is_bounded)
{
	printf("# sizeof(struct jvpn_session) = %zu bytes (replay window %zu of them)\n",
	       sizeof(struct jvpn_session), sizeof(struct jvpn_replay));
	ck_assert_uint_le(sizeof(struct jvpn_session), 1408);
}
END_TEST

START_TEST(session__first_attach__is_stored_before_anything_is_permitted)
{
	struct jvpn_event e = {.type = JVPN_EVENT_CREATE};
	struct jvpn_event a = {.type = JVPN_EVENT_TRANSPORT_ATTACHED, .slot = 0};

	fixture_init(&f, JVPN_ROLE_SERVER);
	f.manual_store = true;
	memset(e.u.create.id.b, 1, JVPN_ID_BYTES);
	fixture_step(&f, &e);
	ck_assert_uint_eq(f.log_count, 0);
	memcpy(a.u.attached.label, "wlan0", 6);
	fixture_step(&f, &a);
	ck_assert_uint_eq(f.log_count, 1);
	ck_assert_int_eq(f.log[0].type, JVPN_EFFECT_STORE_CAS);
	ck_assert_uint_eq(f.log[0].u.store.from_version, 0);
	ck_assert_uint_eq(f.log[0].u.store.to_version, 2);
	ck_assert_int_eq(f.s.state, JVPN_STATE_BIRTH);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 2);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 1);
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_CREATED, 0)->state_version, 1);
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->state_version, 2);
	ck_assert_str_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_ATTACHED, 0)->transport, "wlan0#1");
	ck_assert_str_eq(
		fixture_sent(&f, JVPN_MSG_SESSION_CREATED, 0)->u.msg.u.session_created.transport_id,
		"wlan0#1");
}
END_TEST

START_TEST(session__attach_failed__terminated_with_its_reason)
{
	struct jvpn_event e = {.type = JVPN_EVENT_CREATE};
	struct jvpn_event a = {.type = JVPN_EVENT_ATTACH_FAILED};

	fixture_init(&f, JVPN_ROLE_SERVER);
	memset(e.u.create.id.b, 1, JVPN_ID_BYTES);
	fixture_step(&f, &e);
	a.u.reason = JVPN_REASON_CAPACITY_EXCEEDED;
	fixture_step(&f, &a);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_SESSION_CREATED, 0));
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_TERMINATED, 0)->reason,
			 JVPN_REASON_CAPACITY_EXCEEDED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_TERMINATED), 1);
	ck_assert_uint_eq(jvpn_session_next_deadline(&f.s, &f.policy), UINT64_MAX);
}
END_TEST

START_TEST(session__birth_without_attach__times_out)
{
	struct jvpn_event e = {.type = JVPN_EVENT_CREATE};

	fixture_init(&f, JVPN_ROLE_SERVER);
	memset(e.u.create.id.b, 1, JVPN_ID_BYTES);
	fixture_step(&f, &e);
	fixture_advance_ms(&f, JVPN_ATTACH_TIMEOUT_MS - 1);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_BIRTH);
	fixture_advance_ms(&f, 1);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_ATTACH_TIMEOUT);
}
END_TEST

START_TEST(session__dead_binding__is_cleared_and_others_are_asked)
{
	fixture_server(&f);
	fixture_attach(&f, 1, "lte");
	fixture_clear_log(&f);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(f.s.bound, JVPN_SLOT_NONE);
	ck_assert_int_eq(f.log[0].type, JVPN_EFFECT_PERMIT_CLEAR); /* at once, first of all */
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUIRED, 0)->slot, 1);
	ck_assert_ptr_null(fixture_sent(&f, JVPN_MSG_REATTACH_REQUIRED, 1));
	ck_assert_uint_eq(jvpn_session_transportless_ms(&f.s, f.now_ns + 5 * MS), 5);
	fixture_fact(&f, 0, JVPN_FACT_DEAD); /* repeated: absorbed */
	ck_assert_uint_eq(f.s.state_version, 3);
}
END_TEST

START_TEST(session__bad_quality__volatile_but_still_bound)
{
	static const struct {
		enum jvpn_fact_kind kind;
		enum jvpn_reason reason;
	} rows[] = {{JVPN_FACT_LOSS, JVPN_REASON_LOSS_THRESHOLD_EXCEEDED},
		    {JVPN_FACT_DROPS, JVPN_REASON_CONSECUTIVE_DROP_EXCEEDED},
		    {JVPN_FACT_LATENCY, JVPN_REASON_LATENCY_THRESHOLD_EXCEEDED},
		    {JVPN_FACT_HEARTBEAT_TIMEOUT, JVPN_REASON_HEARTBEAT_TIMEOUT}};

	for (size_t i = 0; i < 4; i++) {
		fixture_server(&f);
		fixture_clear_log(&f);
		fixture_fact(&f, 0, rows[i].kind);
		ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
		ck_assert(f.s.permit);
		ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->reason,
				 rows[i].reason);
		ck_assert_int_eq(
			fixture_sent(&f, JVPN_MSG_SESSION_STATE, 0)->u.msg.u.session_state.state,
			JVPN_STATE_VOLATILE);
	}
}
END_TEST

START_TEST(session__healthy_again__asks_and_goes_back_only_by_reattach)
{
	struct jvpn_event e;

	fixture_server(&f);
	fixture_fact(&f, 0, JVPN_FACT_LOSS);
	fixture_clear_log(&f);
	fixture_fact(&f, 0, JVPN_FACT_HEALTHY);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_ptr_nonnull(fixture_sent(&f, JVPN_MSG_REATTACH_REQUIRED, 0));
	e = fixture_request(&f, 0);
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->reason,
			 JVPN_REASON_HEALTH_RECOVERED);
	ck_assert_ptr_null(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH, 0));
	ck_assert_uint_eq(f.s.total_switches, 0);
	ck_assert_uint_eq(f.s.last_switch_ns, 0); /* no cooldown, no budget */
}
END_TEST

START_TEST(session__volatile_persists__degraded_then_policy_termination)
{
	fixture_server(&f);
	f.policy.degraded_terminate_ms = 1000;
	fixture_fact(&f, 0, JVPN_FACT_LOSS);
	fixture_advance_ms(&f, 3999);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	fixture_clear_log(&f);
	fixture_advance_ms(&f, 1);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->reason,
			 JVPN_REASON_VOLATILE_PERSISTED);
	fixture_advance_ms(&f, 1000);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_POLICY_TERMINATION);
}
END_TEST

/* I3: with a candidate, degraded_terminate_ms does not end a session whose transport died. */
START_TEST(session__dead_transport_with_candidate__lives_until_its_ttl)
{
	fixture_server(&f);
	f.policy.degraded_terminate_ms = 100;
	fixture_attach(&f, 1, "lte");
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	fixture_advance_ms(&f, 10000);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	fixture_advance_ms(&f, f.policy.transport_lost_ttl_ms - 10001);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	ck_assert_uint_eq(jvpn_session_next_deadline(&f.s, &f.policy), f.now_ns + MS);
	fixture_advance_ms(&f, 1);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_TRANSPORT_TTL_EXCEEDED);
}
END_TEST

START_TEST(session__lifetime__ends_it_without_traffic)
{
	fixture_server(&f);
	ck_assert_uint_eq(jvpn_session_next_deadline(&f.s, &f.policy),
			  f.now_ns + f.policy.max_lifetime_ms * MS);
	fixture_advance_ms(&f, f.policy.max_lifetime_ms - 1);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	fixture_advance_ms(&f, 1);
	fixture_clear_log(&f);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_TERMINATE, 0)->u.msg.u.terminate.reason,
			 JVPN_REASON_SESSION_LIFETIME_EXCEEDED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_CLOSE_TRANSPORT), 1);
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_TERMINATED, 0)->session_age_ms,
			  f.policy.max_lifetime_ms);
	ck_assert_int_eq(f.log[f.log_count - 1].type, JVPN_EFFECT_TERMINATED);
}
END_TEST

/* TERMINATED takes everything and does nothing. */
START_TEST(session__terminated__absorbs_every_event)
{
	fixture_server(&f);
	fixture_terminate(&f, JVPN_REASON_OPERATOR_TERMINATED);
	ck_assert_uint_eq(f.s.state_version, 3);
	fixture_clear_log(&f);
	for (int t = JVPN_EVENT_TIMER; t <= JVPN_EVENT_STORE_RESULT; t++) {
		struct jvpn_event e = {.type = (enum jvpn_event_type)t};

		if (t == JVPN_EVENT_RESTORE || t == JVPN_EVENT_ATTACH_FAILED)
			continue;
		fixture_step(&f, &e);
	}
	ck_assert_uint_eq(f.s.state_version, 3);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 0);
}
END_TEST

/* Every event in every state: nothing breaks an invariant (the fixture checks after each step), and
 * no event but a commit's outcome ever sets a permit. */
START_TEST(session__every_event_in_every_state__keeps_the_invariants)
{
	for (int state = JVPN_STATE_ATTACHED; state <= JVPN_STATE_TERMINATED; state++) {
		for (int t = JVPN_EVENT_TIMER; t <= JVPN_EVENT_STORE_RESULT; t++) {
			struct jvpn_event e = {.type = (enum jvpn_event_type)t, .slot = 0};

			if (t == JVPN_EVENT_RESTORE)
				continue;
			fixture_server(&f);
			if (state == JVPN_STATE_RECOVERING) {
				fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
				fixture_advance_ms(&f, 300);
				fixture_timer(&f);
			} else if (state == JVPN_STATE_TERMINATED) {
				fixture_terminate(&f, JVPN_REASON_OPERATOR_TERMINATED);
			} else if (state != JVPN_STATE_ATTACHED) {
				fixture_fact(&f, 0, JVPN_FACT_LOSS);
			}
			if (state == JVPN_STATE_DEGRADED) {
				fixture_advance_ms(&f, 4000);
				fixture_timer(&f);
			}
			ck_assert_int_eq(f.s.state, state);
			if (t == JVPN_EVENT_TERMINATE)
				e.u.reason = JVPN_REASON_CLIENT_CLOSED;
			fixture_clear_log(&f);
			for (uint8_t slot = 0; slot <= JVPN_SLOTS; slot++) {
				e.slot = slot;
				fixture_step(&f, &e);
			}
			ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 0);
		}
	}
}
END_TEST

START_TEST(session__invalid_transition__is_told_at_most_once_a_second)
{
	struct jvpn_event e = {.type = JVPN_EVENT_ATTACH_FAILED};

	fixture_server(&f);
	fixture_clear_log(&f);
	e.u.reason = JVPN_REASON_AUTH_FAILED;
	for (int i = 0; i < 5; i++)
		fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_ptr_null(fixture_audit(&f, JVPN_AUDIT_INVALID_TRANSITION, 1));
	fixture_advance_ms(&f, 1000);
	fixture_step(&f, &e);
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_INVALID_TRANSITION, 1)->count, 5);
}
END_TEST

START_TEST(session__attach_when_full__replaces_same_label_else_oldest)
{
	fixture_server(&f);
	fixture_attach(&f, 1, "a");
	fixture_advance_ms(&f, 10);
	fixture_attach(&f, 2, "b");
	fixture_advance_ms(&f, 10);
	fixture_attach(&f, 3, "c");
	ck_assert_uint_eq(jvpn_session_candidate_count(&f.s), 3);
	fixture_clear_log(&f);
	fixture_attach(&f, 4, "b");
	ck_assert(!f.s.slot[2].used && f.s.slot[4].used);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED, 0)->reason,
			 JVPN_REASON_CANDIDATE_REPLACED);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_CLOSE_TRANSPORT, 0)->slot, 2);
	fixture_attach(&f, 5, "d");
	ck_assert(!f.s.slot[1].used && f.s.slot[0].used);
	ck_assert_uint_eq(jvpn_session_candidate_count(&f.s), 3);
}
END_TEST

START_TEST(session__drain__keeps_the_session_and_exempts_the_return)
{
	struct jvpn_event e;

	fixture_server(&f);
	f.policy.max_switches_per_min = 0;
	f.policy.max_switches_per_hour = 0;
	fixture_clear_log(&f);
	fixture_event(&f, JVPN_EVENT_DRAIN, JVPN_SLOT_NONE, 0);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_int_eq(fixture_effect(&f, JVPN_EFFECT_CLOSE_TRANSPORT, 0)->u.reason,
			 JVPN_REASON_NODE_DRAINING);
	ck_assert_uint_eq(f.s.bound, JVPN_SLOT_NONE);
	f.s.draining = false; /* the node stayed after all */
	fixture_attach(&f, 1, "lte");
	e = fixture_request(&f, 1);
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert(!f.s.exempt);
}
END_TEST

/* Else a client that says so each time would have neither cooldown nor budget (I4). */
START_TEST(session__client_closes_with_restarting__exempts_nothing)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_CLOSED};

	fixture_server(&f);
	e.u.closed.restarting = true;
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert(!f.s.exempt);
}
END_TEST

START_TEST(session__exported_when_just_unbound__is_not_taken_for_bound)
{
	struct jvpn_session_record r;
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_CLOSED};

	fixture_server(&f);
	jvpn_session_export(&f.s, f.now_ns, &r);
	ck_assert_uint_eq(r.transportless_ms, 0);
	fixture_step(&f, &e);
	jvpn_session_export(&f.s, f.now_ns, &r);
	ck_assert_uint_eq(r.transportless_ms, 1);
}
END_TEST

static void restore(enum jvpn_state state)
{
	struct jvpn_event e = {.type = JVPN_EVENT_RESTORE};
	struct jvpn_session_record r;

	fixture_server(&f);
	jvpn_session_export(&f.s, f.now_ns, &r);
	r.state = state;
	r.state_version = 10;
	r.attached_version = 8;
	r.age_ms = 5000;
	fixture_init(&f, JVPN_ROLE_SERVER);
	e.u.restore.record = &r;
	fixture_step(&f, &e);
}

START_TEST(session__restore__each_state_as_in_session_md)
{
	restore(JVPN_STATE_ATTACHED);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(f.s.state_version, 11);
	ck_assert_uint_eq(jvpn_session_age_ms(&f.s, f.now_ns), 5000);
	ck_assert_uint_eq(f.s.bound, JVPN_SLOT_NONE);
	ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_SESSION_RESTORED, 0));
	restore(JVPN_STATE_RECOVERING);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	restore(JVPN_STATE_VOLATILE);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(f.s.state_version, 10);
	restore(JVPN_STATE_DEGRADED);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	restore(JVPN_STATE_BIRTH);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_ATTACH_TIMEOUT);
}
END_TEST

START_TEST(session__without_transports__needs_no_slots)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_ATTACHED, .slot = 0};

	fixture_server(&f);
	ck_assert(jvpn_session_has_slots(&f.s));
	ck_assert(!jvpn_session_set_slots(&f.s, NULL)); /* one is used */
	fixture_event(&f, JVPN_EVENT_TRANSPORT_CLOSED, 0, 0);
	ck_assert(jvpn_session_set_slots(&f.s, NULL));
	ck_assert(!jvpn_session_has_slots(&f.s));
	fixture_step(&f, &e); /* the owner has forgotten to give some */
	ck_assert_uint_eq(jvpn_session_free_slot(&f.s), 0);
	ck_assert(jvpn_session_set_slots(&f.s, f.slots));
	ck_assert(!jvpn_session_set_slots(&f.s, f.slots));
}
END_TEST

START_TEST(session__same_events_twice__same_bytes)
{
	static struct fixture g;

	fixture_server(&f);
	fixture_attach(&f, 1, "lte");
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	memcpy(&g, &f, sizeof(g));
	g.s.slot = g.slots;
	g.ctx.policy = &g.policy;
	g.ctx.global_reattach = &g.global;
	fixture_clear_log(&f);
	fixture_clear_log(&g);
	for (int i = 0; i < 2; i++) {
		struct fixture *x = i == 0 ? &f : &g;
		struct jvpn_event e = fixture_request(x, 1);

		fixture_step(x, &e);
		fixture_advance_ms(x, 700);
		fixture_timer(x);
	}
	ck_assert(jvpn_session_is_same(&f.s, &g.s));
	ck_assert_uint_eq(f.log_count, g.log_count);
	ck_assert_mem_eq(f.log, g.log, f.log_count * sizeof(f.log[0]));
}
END_TEST

UNIT_TESTS(session)
{
	tcase_add_test(tc, session__size__is_bounded);
	tcase_add_test(tc, session__first_attach__is_stored_before_anything_is_permitted);
	tcase_add_test(tc, session__attach_failed__terminated_with_its_reason);
	tcase_add_test(tc, session__birth_without_attach__times_out);
	tcase_add_test(tc, session__dead_binding__is_cleared_and_others_are_asked);
	tcase_add_test(tc, session__bad_quality__volatile_but_still_bound);
	tcase_add_test(tc, session__healthy_again__asks_and_goes_back_only_by_reattach);
	tcase_add_test(tc, session__volatile_persists__degraded_then_policy_termination);
	tcase_add_test(tc, session__dead_transport_with_candidate__lives_until_its_ttl);
	tcase_add_test(tc, session__lifetime__ends_it_without_traffic);
	tcase_add_test(tc, session__terminated__absorbs_every_event);
	tcase_add_test(tc, session__every_event_in_every_state__keeps_the_invariants);
	tcase_add_test(tc, session__invalid_transition__is_told_at_most_once_a_second);
	tcase_add_test(tc, session__attach_when_full__replaces_same_label_else_oldest);
	tcase_add_test(tc, session__drain__keeps_the_session_and_exempts_the_return);
	tcase_add_test(tc, session__client_closes_with_restarting__exempts_nothing);
	tcase_add_test(tc, session__exported_when_just_unbound__is_not_taken_for_bound);
	tcase_add_test(tc, session__restore__each_state_as_in_session_md);
	tcase_add_test(tc, session__without_transports__needs_no_slots);
	tcase_add_test(tc, session__same_events_twice__same_bytes);
}
