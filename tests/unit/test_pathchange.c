/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/session_path: a path change on a living connection, proof and validation in either
 * order, and every way in which it comes to nothing.
 */
#include "unit.h"

#include <string.h>

#include "core_fixture.h"

static struct fixture f;

static void setup(void)
{
	fixture_server(&f);
	fixture_advance_ms(&f, 10000);
	fixture_clear_log(&f);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
}

/* The request from the new tuple, with the challenge that was issued for it. */
static void prove(uint32_t generation)
{
	struct jvpn_event e = fixture_request(&f, 0);

	e.generation = generation;
	e.u.request.has_challenge = true;
	e.u.request.challenge_matches = true;
	e.u.request.handshake_validated = false;
	fixture_step(&f, &e);
}

static void check_committed(void)
{
	static const enum jvpn_reason reasons[] = {JVPN_REASON_PATH_CHANGE_OBSERVED,
						   JVPN_REASON_PATH_CHANGE_RECOVERY,
						   JVPN_REASON_REATTACH_SUCCESS};
	const struct jvpn_audit *a = fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH, 0);

	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 5);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, i)->reason,
				 reasons[i]);
	ck_assert_str_eq(a->previous_transport, "wlan0#1");
	ck_assert_str_eq(a->transport, "wlan0#2");
	ck_assert_int_eq(a->reason, JVPN_REASON_PATH_CHANGE_OBSERVED);
	ck_assert_uint_eq(a->detect_us, 7000);
	ck_assert_uint_eq(a->recover_us, 25000);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_PATH_COMMIT, 0)->generation, 1);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_PERMIT_SET, 0)->generation, 1);
	ck_assert_str_eq(
		fixture_sent(&f, JVPN_MSG_REATTACH_ACK, 0)->u.msg.u.reattach_ack.transport_id,
		"wlan0#2");
}

START_TEST(path__candidate__asks_and_changes_nothing)
{
	setup();
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 2);
	ck_assert(f.s.permit);
	ck_assert_uint_eq(f.s.switches_used, 0);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUIRED, 0)->generation, 1);
	ck_assert_str_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED, 0)->transport,
			 "wlan0#2");
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PATH_COMMIT), 0);
}
END_TEST

/* Else the stream tells of a standby that is not there. */
START_TEST(path__connection_ends_with_a_candidate__is_told)
{
	setup();
	fixture_event(&f, JVPN_EVENT_TRANSPORT_CLOSED, 0, 0);
	ck_assert_str_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED, 0)->transport,
			 "wlan0#2");
}
END_TEST

START_TEST(path__proof_then_validation__commits)
{
	setup();
	fixture_advance_ms(&f, 20);
	prove(1);
	ck_assert(f.s.slot[0].parked);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PATH_COMMIT), 0);
	fixture_advance_ms(&f, 5);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	check_committed();
}
END_TEST

START_TEST(path__validation_then_proof__commits)
{
	setup();
	fixture_advance_ms(&f, 20);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PATH_COMMIT), 0);
	fixture_advance_ms(&f, 5);
	prove(1);
	check_committed();
}
END_TEST

START_TEST(path__new_binding__permit_moves_to_the_new_generation_only)
{
	setup();
	prove(1);
	fixture_clear_log(&f);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_CLEAR), 1);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 1);
	ck_assert_uint_eq(f.s.slot[0].generation, 1);
}
END_TEST

/* What is permitted on the old tuple ends before held packets of the new one are delivered. */
START_TEST(path__commit__permit_is_cleared_before_the_path_is_taken)
{
	setup();
	prove(1);
	fixture_clear_log(&f);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	ck_assert(fixture_effect(&f, JVPN_EFFECT_PERMIT_CLEAR, 0) <
		  fixture_effect(&f, JVPN_EFFECT_PATH_COMMIT, 0));
	ck_assert(fixture_effect(&f, JVPN_EFFECT_PATH_COMMIT, 0) <
		  fixture_effect(&f, JVPN_EFFECT_PERMIT_SET, 0));
}
END_TEST

START_TEST(path__generation_not_newer_than_the_bound_one__is_not_heard)
{
	setup();
	prove(1);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	fixture_clear_log(&f);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 0);
	ck_assert_uint_eq(f.log_count, 0);
}
END_TEST

START_TEST(path__bound_tuple_heard_again__dropped_without_budget)
{
	setup();
	fixture_path(&f, JVPN_EVENT_PATH_SUPERSEDED, 0, 1);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 2);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_PATH_DROP, 0)->u.cooldown_ns, 0);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED, 0)->reason,
			 JVPN_REASON_BINDING_HEARD_AGAIN);
	ck_assert_uint_eq(f.s.switches_used, 0);
	fixture_advance_ms(&f, 1000);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
}
END_TEST

START_TEST(path__many_unconfirmed__off_path_datagrams_are_limited)
{
	setup();
	for (uint32_t g = 1; g <= 10; g++) {
		ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_OFFPATH_LIMIT), 0);
		fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, g);
		fixture_path(&f, JVPN_EVENT_PATH_SUPERSEDED, 0, g);
	}
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_OFFPATH_LIMIT, 0)->u.cooldown_ns,
			  200 * MS);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_RATE_LIMITED, 0)->reason,
			 JVPN_REASON_UNCONFIRMED_LIMITED);
	ck_assert_uint_eq(f.s.reattach_bucket.full_ns, 0); /* requests are another matter */
}
END_TEST

START_TEST(path__third_tuple__replaces_and_the_clock_runs_on)
{
	setup();
	fixture_advance_ms(&f, 200);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 2);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED, 0)->reason,
			 JVPN_REASON_CANDIDATE_REPLACED);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUIRED, 1)->generation, 2);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1); /* an old generation is not heard */
	ck_assert_uint_eq(f.s.slot[0].pending_generation, 2);
	fixture_advance_ms(&f, 100); /* 300 ms since the first one */
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
}
END_TEST

START_TEST(path__undecided_after_silence__recovering_with_the_binding_kept)
{
	setup();
	fixture_advance_ms(&f, 299);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(jvpn_session_next_deadline(&f.s, &f.policy), f.now_ns + MS);
	fixture_advance_ms(&f, 1);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert_uint_eq(f.s.state_version, 4);
	ck_assert(f.s.permit); /* its own path is still the validated one */
	prove(1);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 5);
}
END_TEST

START_TEST(path__validated_without_proof__control_only_at_the_deadline)
{
	setup();
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	fixture_advance_ms(&f, 300);
	fixture_timer(&f);
	ck_assert(f.s.permit);
	fixture_advance_ms(&f, 7999);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	fixture_advance_ms(&f, 1);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	ck_assert_uint_eq(f.s.bound, JVPN_SLOT_NONE);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_CLEAR), 1);
	ck_assert(f.s.slot[0].used);
	prove(1); /* late, but right */
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.bound, 0);
}
END_TEST

START_TEST(path__undecided_at_the_deadline__candidate_dropped)
{
	setup();
	fixture_advance_ms(&f, 300);
	fixture_timer(&f);
	fixture_advance_ms(&f, 8000);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	ck_assert_int_eq(f.s.slot[0].pending, JVPN_PENDING_NONE);
	ck_assert_uint_eq(f.s.bound, 0); /* the old tuple is still the validated one */
}
END_TEST

START_TEST(path__validation_failed__that_tuple_cools_down_and_the_request_is_denied)
{
	setup();
	prove(1);
	fixture_clear_log(&f);
	fixture_path(&f, JVPN_EVENT_PATH_FAILED, 0, 1);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_PATH_DROP, 0)->u.cooldown_ns, 1500 * MS);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_PATH_DROP, 0)->generation, 1);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_INVALID_TRANSPORT_CANDIDATE);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.failures_used, 1);
}
END_TEST

START_TEST(path__validation_failed_while_recovering__degraded)
{
	setup();
	fixture_advance_ms(&f, 300);
	fixture_timer(&f);
	fixture_clear_log(&f);
	fixture_path(&f, JVPN_EVENT_PATH_FAILED, 0, 1);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->reason,
			 JVPN_REASON_PATH_VALIDATION_FAILED);
}
END_TEST

/* Rechecked when validation ends: what was right on arrival may not be right any more. */
START_TEST(path__parked_request__is_checked_again)
{
	setup();
	prove(1);
	f.policy.max_switches_per_min = 0;
	f.policy.max_switches_per_hour = 0;
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 2);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_SWITCH_RATE_LIMITED);
}
END_TEST

START_TEST(path__newest_request__is_the_one_that_is_parked)
{
	setup();
	prove(1);
	prove(1);
	ck_assert_uint_eq(f.s.slot[0].parked_counter, f.counter);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_ACK, 0)->u.msg.u.reattach_ack.counter,
			  f.counter);
	ck_assert_ptr_null(fixture_sent(&f, JVPN_MSG_REATTACH_ACK, 1));
}
END_TEST

START_TEST(path__back_to_back_moves__cooldown_holds_the_second)
{
	setup();
	prove(1);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	fixture_advance_ms(&f, 100);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 2);
	fixture_clear_log(&f);
	prove(2);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_COOLDOWN_ACTIVE);
	ck_assert_uint_eq(
		fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.retry_after_ms,
		1400);
	ck_assert_uint_eq(f.s.slot[0].generation, 1);
}
END_TEST

START_TEST(path__standby_moves__its_control_follows_nothing_else)
{
	fixture_server(&f);
	fixture_attach(&f, 1, "lte");
	fixture_clear_log(&f);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 1, 1);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 1, 1);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_PATH_COMMIT, 0)->slot, 1);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 0);
	ck_assert_uint_eq(f.s.bound, 0);
	ck_assert_uint_eq(f.s.state_version, 2);
}
END_TEST

static void plain(enum jvpn_plain_peers peers)
{
	fixture_server(&f);
	f.s.plain = true;
	f.policy.plain_peers = peers;
	fixture_advance_ms(&f, 10000);
	fixture_clear_log(&f);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
}

START_TEST(path__plain_peer_strict__never_moves)
{
	plain(JVPN_PLAIN_PEERS_STRICT);
	ck_assert_int_eq(f.s.slot[0].pending, JVPN_PENDING_NONE);
	ck_assert_uint_gt(fixture_effect(&f, JVPN_EFFECT_PATH_DROP, 0)->u.cooldown_ns, 0);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	ck_assert_uint_eq(f.s.slot[0].generation, 0);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_SEND), 0);
}
END_TEST

START_TEST(path__plain_peer_validated_path__moves_without_a_message)
{
	plain(JVPN_PLAIN_PEERS_VALIDATED_PATH);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.slot[0].generation, 1);
	ck_assert_uint_eq(f.s.total_switches, 1);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_SEND), 0);
}
END_TEST

UNIT_TESTS(pathchange)
{
	tcase_add_test(tc, path__candidate__asks_and_changes_nothing);
	tcase_add_test(tc, path__connection_ends_with_a_candidate__is_told);
	tcase_add_test(tc, path__proof_then_validation__commits);
	tcase_add_test(tc, path__validation_then_proof__commits);
	tcase_add_test(tc, path__new_binding__permit_moves_to_the_new_generation_only);
	tcase_add_test(tc, path__commit__permit_is_cleared_before_the_path_is_taken);
	tcase_add_test(tc, path__generation_not_newer_than_the_bound_one__is_not_heard);
	tcase_add_test(tc, path__bound_tuple_heard_again__dropped_without_budget);
	tcase_add_test(tc, path__many_unconfirmed__off_path_datagrams_are_limited);
	tcase_add_test(tc, path__third_tuple__replaces_and_the_clock_runs_on);
	tcase_add_test(tc, path__undecided_after_silence__recovering_with_the_binding_kept);
	tcase_add_test(tc, path__validated_without_proof__control_only_at_the_deadline);
	tcase_add_test(tc, path__undecided_at_the_deadline__candidate_dropped);
	tcase_add_test(tc,
		       path__validation_failed__that_tuple_cools_down_and_the_request_is_denied);
	tcase_add_test(tc, path__validation_failed_while_recovering__degraded);
	tcase_add_test(tc, path__parked_request__is_checked_again);
	tcase_add_test(tc, path__newest_request__is_the_one_that_is_parked);
	tcase_add_test(tc, path__back_to_back_moves__cooldown_holds_the_second);
	tcase_add_test(tc, path__standby_moves__its_control_follows_nothing_else);
	tcase_add_test(tc, path__plain_peer_strict__never_moves);
	tcase_add_test(tc, path__plain_peer_validated_path__moves_without_a_message);
}
