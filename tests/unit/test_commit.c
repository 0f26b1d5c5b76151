/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/session_store: every outcome of a two-phase commit, what waits for it, and that
 * nothing is told before it is durable.
 */
#include "unit.h"

#include <string.h>

#include "core_fixture.h"

static struct fixture f;

/* ATTACHED in 0, candidate in 1, a request accepted for 1, its CAS in flight. */
static void in_flight(void)
{
	struct jvpn_event e;

	fixture_server(&f);
	fixture_attach(&f, 1, "lte");
	fixture_advance_ms(&f, 10000);
	f.manual_store = true;
	fixture_clear_log(&f);
	e = fixture_request(&f, 1);
	fixture_step(&f, &e);
	ck_assert(f.s.commit.active);
}

START_TEST(commit__in_flight__binding_and_permit_are_unchanged)
{
	in_flight();
	ck_assert_uint_eq(f.s.bound, 0);
	ck_assert(f.s.permit);
	ck_assert_uint_eq(f.s.state_version, 2);
	ck_assert_ptr_null(fixture_sent(&f, JVPN_MSG_REATTACH_ACK, 0));
	ck_assert_ptr_null(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0));
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_uint_eq(f.s.bound, 1);
	ck_assert_uint_eq(f.s.state_version, 5);
	ck_assert_ptr_nonnull(fixture_sent(&f, JVPN_MSG_REATTACH_ACK, 0));
}
END_TEST

START_TEST(commit__permits__the_old_one_is_cleared_before_the_new_one_is_set)
{
	size_t clear = 0, set = 0;

	in_flight();
	fixture_clear_log(&f);
	fixture_store(&f, JVPN_STORE_OK);
	for (size_t i = 0; i < f.log_count; i++) {
		if (f.log[i].type == JVPN_EFFECT_PERMIT_CLEAR)
			clear = i + 1;
		if (f.log[i].type == JVPN_EFFECT_PERMIT_SET)
			set = i + 1;
	}
	ck_assert_uint_ne(clear, 0);
	ck_assert_uint_lt(clear, set);
}
END_TEST

START_TEST(commit__conflict__denied_and_nothing_changed)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_CONFLICT);
	ck_assert_uint_eq(f.s.bound, 0);
	ck_assert_uint_eq(f.s.state_version, 2);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_ATOMICITY_FAILED);
	ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH_FAILED, 0));
}
END_TEST

START_TEST(commit__not_owner__denied_and_the_copy_is_dropped_without_terminate)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_NOT_OWNER);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_OWNERSHIP_CONFLICT);
	ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_OWNERSHIP_LOST, 0));
	ck_assert_ptr_null(fixture_sent(&f, JVPN_MSG_TERMINATE, 0));
	ck_assert_ptr_null(fixture_audit(&f, JVPN_AUDIT_SESSION_TERMINATED, 0));
	ck_assert_int_eq(f.log[f.log_count - 1].type, JVPN_EFFECT_DROPPED);
	ck_assert(!f.s.permit);
}
END_TEST

START_TEST(commit__timeout__is_unknown_until_the_reread_finds_it)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_TIMEOUT);
	ck_assert(f.s.commit.active);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_REREAD, 0)->u.store.nonce,
			  f.store_nonce);
	ck_assert_ptr_null(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0));
	ck_assert_uint_eq(f.s.state_version, 2);
	fixture_store(&f, JVPN_STORE_TIMEOUT); /* the re-read as well: not at once again */
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_REREAD), 1);
	ck_assert_uint_eq(jvpn_session_next_deadline(&f.s, &f.policy),
			  f.now_ns + JVPN_STORE_RETRY_MS * MS);
	fixture_advance_ms(&f, JVPN_STORE_RETRY_MS);
	fixture_timer(&f);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_REREAD), 2);
	fixture_advance_ms(&f, JVPN_STORE_RETRY_MS);
	fixture_timer(&f); /* one operation in flight */
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_REREAD), 2);
	fixture_store(&f, JVPN_STORE_FOUND);
	ck_assert_uint_eq(f.s.bound, 1);
	ck_assert_uint_eq(f.s.state_version, 5);
}
END_TEST

START_TEST(commit__timeout__reread_does_not_find_it__denied)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_TIMEOUT);
	fixture_store(&f, JVPN_STORE_NOT_FOUND);
	ck_assert_uint_eq(f.s.bound, 0);
	ck_assert(!f.s.commit.active);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_ATOMICITY_FAILED);
}
END_TEST

/* Adopted with its k events, no permit, and VOLATILE n+k+1 with |A| = 0 in the same step. */
START_TEST(commit__target_died_meanwhile__adopted_without_permit)
{
	in_flight();
	fixture_event(&f, JVPN_EVENT_TRANSPORT_CLOSED, 1, 0);
	fixture_clear_log(&f);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(f.s.state_version, 6);
	ck_assert_uint_eq(f.s.durable_version, 5);
	ck_assert_uint_eq(f.s.bound, JVPN_SLOT_NONE);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 0);
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 2)->state_version, 5);
	ck_assert_ptr_null(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 3));
	fixture_store(&f, JVPN_STORE_OK); /* the append of version 6 */
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 3)->state_version, 6);
}
END_TEST

START_TEST(commit__target_called_dead_meanwhile__adopted_without_permit)
{
	in_flight();
	fixture_fact(&f, 1, JVPN_FACT_DEAD);
	fixture_clear_log(&f);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 0);
}
END_TEST

START_TEST(commit__path_generation_changed_meanwhile__adopted_without_permit)
{
	in_flight();
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 1, 1);
	fixture_clear_log(&f);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_int_eq(f.s.instability, JVPN_REASON_PATH_CHANGE_OBSERVED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 0);
}
END_TEST

/* What dies is the old tuple of the connection; the commit is about its new one. */
START_TEST(commit__old_tuple_of_the_same_connection_dies__is_what_the_commit_is_for)
{
	struct jvpn_event e;

	fixture_server(&f);
	fixture_advance_ms(&f, 10000);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
	fixture_path(&f, JVPN_EVENT_PATH_VALIDATED, 0, 1);
	f.manual_store = true;
	e = fixture_request(&f, 0);
	e.generation = 1;
	e.u.request.has_challenge = true;
	e.u.request.challenge_matches = true;
	fixture_step(&f, &e);
	ck_assert(f.s.commit.active);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ck_assert(!f.s.permit);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert(f.s.permit);
	ck_assert_uint_eq(f.s.slot[0].generation, 1);
}
END_TEST

/* Taking permission away: the permit at once, the transition when the outcome is known. */
START_TEST(commit__old_binding_dies_meanwhile__permit_now_transition_later)
{
	in_flight();
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ck_assert(!f.s.permit);
	ck_assert_uint_eq(f.s.state_version, 2);
	fixture_store(&f, JVPN_STORE_CONFLICT);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(f.s.state_version, 3);
	in_flight();
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	fixture_store(&f, JVPN_STORE_OK); /* moot: the new binding is fine */
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 5);
}
END_TEST

START_TEST(commit__terminated_meanwhile__takes_the_next_version)
{
	in_flight();
	fixture_terminate(&f, JVPN_REASON_OPERATOR_TERMINATED);
	ck_assert(!f.s.permit);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_uint_eq(f.s.state_version, 6);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_TERMINATED), 0); /* not durable yet */
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_TERMINATED), 1);
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_TERMINATED, 0)->state_version, 6);
}
END_TEST

START_TEST(commit__terminated_meanwhile__is_not_permitted_for_a_moment)
{
	in_flight();
	fixture_clear_log(&f);
	fixture_terminate(&f, JVPN_REASON_OPERATOR_TERMINATED);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 0);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PATH_COMMIT), 0);
}
END_TEST

/* The lifetime ends while the store is silent: no packet passes, whatever the outcome will be. */
START_TEST(commit__lifetime_over_while_unknown__permit_is_withdrawn)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_TIMEOUT);
	f.policy.max_lifetime_ms = 10000;
	fixture_timer(&f);
	ck_assert(!f.s.permit);
	ck_assert_uint_eq(f.s.commit.deferred_terminate, JVPN_REASON_SESSION_LIFETIME_EXCEEDED);
	fixture_store(&f, JVPN_STORE_NOT_FOUND);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
}
END_TEST

START_TEST(commit__second_request_meanwhile__waits_and_is_judged_again)
{
	struct jvpn_event e;

	in_flight();
	e = fixture_request(&f, 0);
	fixture_step(&f, &e);
	ck_assert(f.s.slot[0].parked);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_CAS), 1);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert(!f.s.slot[0].parked);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_STALE_STATE_VERSION);
	ck_assert_uint_eq(
		fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.server_version,
		5);
}
END_TEST

/* The commit may yet bind: whoever asks meanwhile is not told that the session is over. */
START_TEST(commit__ttl_over_meanwhile__request_waits_for_the_outcome)
{
	struct jvpn_event e;

	fixture_server(&f);
	fixture_attach(&f, 1, "lte");
	fixture_advance_ms(&f, 10000);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	f.policy.transport_lost_ttl_ms = 1000;
	fixture_advance_ms(&f, 900);
	f.manual_store = true;
	e = fixture_request(&f, 1);
	fixture_step(&f, &e);
	ck_assert(f.s.commit.active);
	fixture_advance_ms(&f, 200);
	fixture_clear_log(&f);
	e = fixture_request(&f, 1);
	fixture_step(&f, &e);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_SEND), 0);
	ck_assert(f.s.slot[1].parked);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.bound, 1);
}
END_TEST

/* The recheck does not know what the driver found out when the request came. */
START_TEST(commit__forbidden_request_meanwhile__is_denied_and_not_parked)
{
	struct jvpn_event e;

	in_flight();
	e = fixture_request(&f, 0);
	e.u.request.forbidden = true;
	fixture_step(&f, &e);
	ck_assert(!f.s.slot[0].parked);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_INVALID_TRANSPORT_CANDIDATE);
}
END_TEST

START_TEST(commit__recovery_deadline_meanwhile__ends_recovering_with_the_outcome)
{
	struct jvpn_event e;

	fixture_server(&f);
	fixture_attach(&f, 1, "lte");
	fixture_advance_ms(&f, 10000);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
	fixture_advance_ms(&f, 300);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	fixture_advance_ms(&f, 7900);
	f.manual_store = true;
	e = fixture_request(&f, 1);
	fixture_step(&f, &e);
	ck_assert(f.s.commit.active);
	fixture_advance_ms(&f, 1000);
	fixture_store(&f, JVPN_STORE_FAILED);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
}
END_TEST

/* Confirmed by a request from before the move: the tuple that waits must be asked again. */
START_TEST(commit__bound_tuple_while_another_waits__asks_that_one_again)
{
	struct jvpn_event e;

	fixture_server(&f);
	fixture_advance_ms(&f, 10000);
	fixture_fact(&f, 0, JVPN_FACT_LOSS);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
	fixture_clear_log(&f);
	e = fixture_request(&f, 0);
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.slot[0].generation, 0);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUIRED, 0)->generation, 1);
	ck_assert(!f.s.slot[0].undecided_said);
}
END_TEST

START_TEST(append__is_told_only_when_durable)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_OK);
	fixture_clear_log(&f);
	fixture_fact(&f, 1, JVPN_FACT_DEAD);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(f.s.state_version, 6);
	ck_assert_ptr_null(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0));
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUIRED, 0)
				  ->u.msg.u.reattach_required.server_version,
			  5);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_APPEND, 0)->u.store.from_version, 5);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_APPEND, 0)->u.store.to_version, 6);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->state_version, 6);
}
END_TEST

START_TEST(append__store_silent__acts_and_is_repeated)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_OK);
	fixture_fact(&f, 1, JVPN_FACT_DEAD);
	fixture_clear_log(&f);
	fixture_store(&f, JVPN_STORE_TIMEOUT);
	fixture_advance_ms(&f, 4000); /* VOLATILE -> DEGRADED waits behind it in the journal */
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_APPEND), 1); /* the same again */
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_APPEND, 0)->u.store.to_version, 6);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_APPEND, 1)->u.store.from_version, 6);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_APPEND, 1)->u.store.to_version, 7);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_uint_eq(f.s.durable_version, 7);
}
END_TEST

START_TEST(append__request_meanwhile__waits_for_it)
{
	struct jvpn_event e;

	in_flight();
	fixture_store(&f, JVPN_STORE_OK);
	fixture_advance_ms(&f, 2000);
	fixture_fact(&f, 1, JVPN_FACT_DEAD);
	fixture_clear_log(&f);
	e = fixture_request(&f, 0);
	fixture_step(&f, &e);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_CAS), 0);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_CAS, 0)->u.store.from_version, 6);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_CAS, 0)->u.store.to_version, 8);
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
}
END_TEST

START_TEST(append__conflict__ownership_is_lost)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_OK);
	fixture_fact(&f, 1, JVPN_FACT_DEAD);
	fixture_clear_log(&f);
	fixture_store(&f, JVPN_STORE_NOT_OWNER);
	ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_OWNERSHIP_LOST, 0));
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_DROPPED), 1);
	ck_assert_ptr_null(fixture_sent(&f, JVPN_MSG_TERMINATE, 0));
}
END_TEST

/* A store that never answers: the journal stays inside its bounds and the end has room. */
START_TEST(append__store_away_for_long__journal_is_bounded)
{
	in_flight();
	fixture_store(&f, JVPN_STORE_OK);
	fixture_fact(&f, 1, JVPN_FACT_LOSS);
	for (int i = 0; i < 30; i++) {
		fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 1, (uint32_t)i + 1);
		fixture_advance_ms(&f, 20000);
		fixture_timer(&f);
		ck_assert_uint_lt(f.s.journal_count, JVPN_JOURNAL_MAX);
	}
	fixture_terminate(&f, JVPN_REASON_OPERATOR_TERMINATED);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_uint_le(f.s.journal_count, JVPN_JOURNAL_MAX);
	while (f.s.durable_version < f.s.state_version)
		fixture_store(&f, JVPN_STORE_OK);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_TERMINATED), 1);
}
END_TEST

START_TEST(store_result__foreign_nonce__is_ignored)
{
	in_flight();
	f.store_nonce++;
	fixture_store(&f, JVPN_STORE_OK);
	ck_assert(f.s.commit.active);
	ck_assert_uint_eq(f.s.state_version, 2);
}
END_TEST

/* The first attach is found in the store long after its connection went, and after the TTL: over at once. */
START_TEST(commit__first_attach_lost_and_ttl_over__ends_with_the_outcome)
{
	struct jvpn_event create = {.type = JVPN_EVENT_CREATE, .slot = JVPN_SLOT_NONE};
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_ATTACHED, .slot = 0};

	fixture_init(&f, JVPN_ROLE_SERVER);
	f.policy.transport_lost_ttl_ms = 2000;
	f.manual_store = true;
	memset(create.u.create.id.b, 0xab, JVPN_ID_BYTES);
	fixture_step(&f, &create);
	memcpy(e.u.attached.label, "wlan0", 6);
	fixture_step(&f, &e);
	fixture_store(&f, JVPN_STORE_TIMEOUT);
	fixture_event(&f, JVPN_EVENT_TRANSPORT_CLOSED, 0, 0);
	fixture_advance_ms(&f, 3000);
	fixture_store(&f, JVPN_STORE_FOUND);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_TRANSPORT_TTL_EXCEEDED);
}
END_TEST

START_TEST(commit__first_attach_refused_by_the_store__terminated)
{
	struct jvpn_event e = {.type = JVPN_EVENT_CREATE};
	struct jvpn_event a = {.type = JVPN_EVENT_TRANSPORT_ATTACHED, .slot = 0};

	fixture_init(&f, JVPN_ROLE_SERVER);
	f.manual_store = true;
	memset(e.u.create.id.b, 1, JVPN_ID_BYTES);
	fixture_step(&f, &e);
	fixture_step(&f, &a);
	fixture_store(&f, JVPN_STORE_FAILED);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_CAPACITY_EXCEEDED);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_TERMINATED), 1);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 0);
}
END_TEST

UNIT_TESTS(commit)
{
	tcase_add_test(tc, commit__in_flight__binding_and_permit_are_unchanged);
	tcase_add_test(tc, commit__ttl_over_meanwhile__request_waits_for_the_outcome);
	tcase_add_test(tc, commit__forbidden_request_meanwhile__is_denied_and_not_parked);
	tcase_add_test(tc, commit__recovery_deadline_meanwhile__ends_recovering_with_the_outcome);
	tcase_add_test(tc, commit__bound_tuple_while_another_waits__asks_that_one_again);
	tcase_add_test(tc, commit__terminated_meanwhile__is_not_permitted_for_a_moment);
	tcase_add_test(tc, commit__permits__the_old_one_is_cleared_before_the_new_one_is_set);
	tcase_add_test(tc, commit__conflict__denied_and_nothing_changed);
	tcase_add_test(tc, commit__not_owner__denied_and_the_copy_is_dropped_without_terminate);
	tcase_add_test(tc, commit__timeout__is_unknown_until_the_reread_finds_it);
	tcase_add_test(tc, commit__timeout__reread_does_not_find_it__denied);
	tcase_add_test(tc, commit__target_died_meanwhile__adopted_without_permit);
	tcase_add_test(tc, commit__target_called_dead_meanwhile__adopted_without_permit);
	tcase_add_test(tc, commit__path_generation_changed_meanwhile__adopted_without_permit);
	tcase_add_test(tc,
		       commit__old_tuple_of_the_same_connection_dies__is_what_the_commit_is_for);
	tcase_add_test(tc, commit__old_binding_dies_meanwhile__permit_now_transition_later);
	tcase_add_test(tc, commit__terminated_meanwhile__takes_the_next_version);
	tcase_add_test(tc, commit__lifetime_over_while_unknown__permit_is_withdrawn);
	tcase_add_test(tc, commit__second_request_meanwhile__waits_and_is_judged_again);
	tcase_add_test(tc, append__is_told_only_when_durable);
	tcase_add_test(tc, append__store_silent__acts_and_is_repeated);
	tcase_add_test(tc, append__request_meanwhile__waits_for_it);
	tcase_add_test(tc, append__conflict__ownership_is_lost);
	tcase_add_test(tc, append__store_away_for_long__journal_is_bounded);
	tcase_add_test(tc, store_result__foreign_nonce__is_ignored);
	tcase_add_test(tc, commit__first_attach_lost_and_ttl_over__ends_with_the_outcome);
	tcase_add_test(tc, commit__first_attach_refused_by_the_store__terminated);
}
