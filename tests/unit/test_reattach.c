/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/reattach: each check of the ladder on its own, its place in the order, what the wire
 * learns, and that a refused request leaves no trace.
 */
#include "unit.h"

#include <string.h>

#include "core_fixture.h"

static struct fixture f;

/* ATTACHED in slot 0 (wlan0#1), candidate in slot 1 (lte#2), a moment later. */
static void setup(void)
{
	fixture_server(&f);
	fixture_attach(&f, 1, "lte");
	fixture_advance_ms(&f, 10000);
	fixture_clear_log(&f);
}

static struct jvpn_verdict judge(const struct jvpn_event *e)
{
	struct jvpn_ladder_input in = {.session = &f.s,
				       .ctx = &f.ctx,
				       .request = &e->u.request,
				       .slot = e->slot,
				       .generation = e->generation,
				       .now_ns = f.now_ns};
	struct jvpn_verdict v;

	jvpn_reattach_check(&in, &v);
	return v;
}

/* The request must be denied at this step for this reason, as (not) verified. */
static void expect(const struct jvpn_event *e, enum jvpn_ladder_step step, enum jvpn_reason reason)
{
	struct jvpn_verdict v = judge(e);

	ck_assert_int_eq(v.answer, JVPN_ANSWER_DENY);
	ck_assert_msg(v.reason == reason, "%s instead of %s", jvpn_reason_name(v.reason),
		      jvpn_reason_name(reason));
	ck_assert_int_eq(v.step, step);
}

START_TEST(ladder__all_right__commits_a_switch_in_three_transitions)
{
	static const enum jvpn_reason reasons[] = {JVPN_REASON_PEER_REATTACH,
						   JVPN_REASON_DEAD_TRANSPORT_RECOVERY,
						   JVPN_REASON_REATTACH_SUCCESS};
	struct jvpn_event e;
	const struct jvpn_audit *a;

	setup();
	e = fixture_request(&f, 1);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	ck_assert(judge(&e).is_switch);
	fixture_step(&f, &e);
	ck_assert_uint_eq(f.s.state_version, 5);
	ck_assert_uint_eq(f.s.attached_version, 5);
	ck_assert_uint_eq(f.s.bound, 1);
	for (size_t i = 0; i < 3; i++) {
		a = fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, i);
		ck_assert_uint_eq(a->state_version, 3 + i);
		ck_assert_int_eq(a->reason, reasons[i]);
	}
	a = fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH, 0);
	ck_assert_str_eq(a->previous_transport, "wlan0#1");
	ck_assert_str_eq(a->transport, "lte#2");
	ck_assert_uint_eq(
		fixture_sent(&f, JVPN_MSG_REATTACH_ACK, 0)->u.msg.u.reattach_ack.server_version, 5);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_CAS, 0)->u.store.from_version, 2);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_STORE_CAS, 0)->u.store.to_version, 5);
	ck_assert_uint_eq(f.s.total_switches, 1);
}
END_TEST

START_TEST(ladder_3__terminated__invalid_state)
{
	struct jvpn_event e;

	setup();
	e = fixture_request(&f, 1);
	f.s.state = JVPN_STATE_TERMINATED;
	expect(&e, JVPN_LADDER_STATE, JVPN_REASON_INVALID_STATE_FOR_REATTACH);
}
END_TEST

START_TEST(ladder_4__lifetime_over__session_expired)
{
	struct jvpn_event e;

	setup();
	f.policy.max_lifetime_ms = 10001;
	e = fixture_request(&f, 1);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	f.policy.max_lifetime_ms = 10000;
	expect(&e, JVPN_LADDER_LIFETIME, JVPN_REASON_SESSION_EXPIRED);
}
END_TEST

START_TEST(ladder_5__transportless_too_long__ttl_exceeded)
{
	struct jvpn_event e;

	setup();
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	fixture_advance_ms(&f, 500);
	e = fixture_request(&f, 1);
	f.policy.transport_lost_ttl_ms = 501;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	f.policy.transport_lost_ttl_ms = 500;
	expect(&e, JVPN_LADDER_TTL, JVPN_REASON_TRANSPORT_TTL_EXCEEDED);
}
END_TEST

START_TEST(ladder_6__version_outside__stale)
{
	struct jvpn_event e;

	setup();
	fixture_fact(&f, 0, JVPN_FACT_LOSS); /* attached_version 2, state_version 3 */
	e = fixture_request(&f, 1);
	e.u.request.server_version = 2;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	e.u.request.server_version = 3;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	e.u.request.server_version = 1;
	expect(&e, JVPN_LADDER_VERSION, JVPN_REASON_STALE_STATE_VERSION);
	e.u.request.server_version = 4;
	expect(&e, JVPN_LADDER_VERSION, JVPN_REASON_STALE_STATE_VERSION);
}
END_TEST

START_TEST(ladder_7__foreign_credential__identity_mismatch)
{
	struct jvpn_event e;

	setup();
	e = fixture_request(&f, 1);
	e.u.request.identity_mismatch = true;
	expect(&e, JVPN_LADDER_IDENTITY, JVPN_REASON_IDENTITY_MISMATCH);
	ck_assert_int_eq(judge(&e).wire_reason, JVPN_REASON_IDENTITY_MISMATCH);
	e.u.request.proof_ok = false;
	ck_assert_int_eq(judge(&e).wire_reason, JVPN_REASON_REATTACH_REFUSED);
}
END_TEST

/* Whatever fails in 3-8: without a proof the wire says the same, and not a byte changes. */
START_TEST(ladder_8__no_proof__one_answer_and_no_trace)
{
	struct jvpn_event e;
	const struct jvpn_effect *deny;

	setup();
	for (int variant = 0; variant < 4; variant++) {
		e = fixture_request(&f, 1);
		e.u.request.proof_ok = false;
		if (variant == 1)
			e.u.request.server_version = 99;
		if (variant == 2)
			e.u.request.identity_mismatch = true;
		if (variant == 3)
			e.u.request.counter = 1; /* used: replay comes later in the ladder */
		fixture_clear_log(&f);
		fixture_step(&f, &e); /* the fixture checks I10 */
		deny = fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0);
		ck_assert_int_eq(deny->u.msg.u.reattach_deny.reason, JVPN_REASON_REATTACH_REFUSED);
		ck_assert_uint_eq(deny->u.msg.u.reattach_deny.server_version, 0);
		ck_assert_uint_eq(deny->u.msg.u.reattach_deny.age_ms, 0);
		ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_SECURITY_VALIDATION_FAILED, 0));
		ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_CAS), 0);
	}
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SECURITY_VALIDATION_FAILED, 0)->reason,
			 JVPN_REASON_BAD_PROOF);
}
END_TEST

START_TEST(ladder_9__counter_again__replay_and_nothing_terminates)
{
	struct jvpn_event e;

	setup();
	f.policy.switch_cooldown_ms = 0;
	e = fixture_request(&f, 1);
	fixture_step(&f, &e);
	fixture_clear_log(&f);
	e.u.request.server_version = f.s.state_version;
	e.u.request.age_ms = jvpn_session_age_ms(&f.s, f.now_ns);
	for (int i = 0; i < 3; i++)
		fixture_step(&f, &e);
	ck_assert_uint_eq(f.s.state_version, 5);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_SECURITY_REPLAY_DETECTED, 0));
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_REPLAY_DETECTED);
}
END_TEST

START_TEST(ladder_9__age_apart__stale_with_version_and_age)
{
	struct jvpn_event e;
	const struct jvpn_effect *deny;

	setup();
	e = fixture_request(&f, 1);
	e.u.request.age_ms = 5000;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	e.u.request.age_ms = 15000;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	e.u.request.age_ms = 15001;
	expect(&e, JVPN_LADDER_FRESHNESS, JVPN_REASON_STALE_REQUEST);
	e.u.request.age_ms = 4999;
	expect(&e, JVPN_LADDER_FRESHNESS, JVPN_REASON_STALE_REQUEST);
	fixture_step(&f, &e);
	deny = fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0);
	ck_assert_uint_eq(deny->u.msg.u.reattach_deny.server_version, 2);
	ck_assert_uint_eq(deny->u.msg.u.reattach_deny.age_ms, 10000);
}
END_TEST

START_TEST(ladder_10__session_bucket__empty_is_rate_limited)
{
	struct jvpn_event e;
	uint64_t global;

	setup();
	f.policy.max_switches_per_min = 0; /* deny later, so that nothing commits */
	f.policy.max_switches_per_hour = 0;
	for (int i = 0; i < 10; i++) {
		e = fixture_request(&f, 1);
		ck_assert_int_eq(judge(&e).reason, JVPN_REASON_SWITCH_RATE_LIMITED);
		fixture_step(&f, &e);
	}
	global = f.global.full_ns;
	e = fixture_request(&f, 1);
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_RATE_LIMITED);
	ck_assert_uint_eq(judge(&e).retry_after_ms, 200);
	fixture_step(&f, &e);
	ck_assert_uint_eq(f.global.full_ns, global); /* charged by what the session let through */
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
}
END_TEST

START_TEST(ladder_10__global_bucket__empty_is_rate_limited)
{
	struct jvpn_event e;

	setup();
	f.policy.reattach_rate_global_per_s = 1;
	e = fixture_request(&f, 1);
	ck_assert(jvpn_bucket_take(&f.global, 1, 1, f.now_ns));
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_RATE_LIMITED);
	ck_assert_uint_eq(judge(&e).retry_after_ms, 1000);
}
END_TEST

/* 0 -> 1 at the setup's time; then back. */
static void switch_once(void)
{
	struct jvpn_event e = fixture_request(&f, f.s.bound == 0 ? 1 : 0);

	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
}

START_TEST(ladder_10__cooldown__exact_to_the_millisecond)
{
	struct jvpn_event e;

	setup();
	switch_once();
	fixture_advance_ms(&f, 1499);
	e = fixture_request(&f, 0);
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_COOLDOWN_ACTIVE);
	ck_assert_uint_eq(judge(&e).retry_after_ms, 1);
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED); /* leaves the state */
	fixture_advance_ms(&f, 1);
	e = fixture_request(&f, 0);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
}
END_TEST

START_TEST(ladder_10__budget_per_minute__slides)
{
	struct jvpn_event e;
	uint64_t first;

	setup();
	f.policy.switch_cooldown_ms = 0;
	first = f.now_ns;
	for (int i = 0; i < 8; i++) {
		switch_once();
		fixture_advance_ms(&f, 1000);
	}
	e = fixture_request(&f, 1);
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_SWITCH_RATE_LIMITED);
	ck_assert_uint_eq(judge(&e).retry_after_ms, 52000);
	f.now_ns = first + 59999 * MS;
	e = fixture_request(&f, 1);
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_SWITCH_RATE_LIMITED);
	f.now_ns = first + 60000 * MS;
	e = fixture_request(&f, 1);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
}
END_TEST

START_TEST(ladder_10__budget_per_hour__slides)
{
	struct jvpn_event e;

	setup();
	f.policy.max_switches_per_hour = 10;
	for (int i = 0; i < 10; i++) {
		switch_once();
		fixture_advance_ms(&f, 20000);
	}
	e = fixture_request(&f, 1);
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_SWITCH_RATE_LIMITED);
	ck_assert_uint_eq(judge(&e).retry_after_ms, 3600000 - 200000);
}
END_TEST

START_TEST(ladder_10__exempt_after_restart__once)
{
	struct jvpn_event e;

	setup();
	f.policy.max_switches_per_min = 0;
	f.policy.max_switches_per_hour = 0;
	f.s.exempt = true;
	switch_once();
	e = fixture_request(&f, 0);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_DENY);
}
END_TEST

START_TEST(ladder_10__same_binding_again__costs_neither_cooldown_nor_budget)
{
	struct jvpn_event e;

	setup();
	f.policy.max_switches_per_min = 1;
	f.policy.max_switches_per_hour = 1;
	switch_once();
	e = fixture_request(&f, 1);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	ck_assert(!judge(&e).is_switch);
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.total_switches, 1);
}
END_TEST

START_TEST(ladder_10__what_the_session_lets_through__is_charged_to_the_global_bucket)
{
	struct jvpn_event e;

	setup();
	e = fixture_request(&f, 1);
	ck_assert_uint_eq(f.global.full_ns, 0);
	fixture_step(&f, &e);
	ck_assert_uint_eq(f.global.full_ns, f.now_ns + 50000); /* 20000 a second */
	ck_assert_uint_eq(f.s.reattach_bucket.full_ns, f.now_ns + 200 * MS);
}
END_TEST

START_TEST(ladder_10__class_not_allowed__policy_denied)
{
	struct jvpn_event e;

	setup();
	e = fixture_request(&f, 1);
	e.u.request.class_denied = true;
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_POLICY_DENIED);
}
END_TEST

START_TEST(ladder_10__recently_failed__only_while_another_binding_lives)
{
	struct jvpn_event e;

	setup();
	fixture_fact(&f, 1, JVPN_FACT_LOSS);
	fixture_advance_ms(&f, 999);
	e = fixture_request(&f, 1);
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_POLICY_DENIED);
	ck_assert_uint_eq(judge(&e).retry_after_ms, 1);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
	setup();
	fixture_fact(&f, 1, JVPN_FACT_LOSS);
	fixture_advance_ms(&f, 1000);
	e = fixture_request(&f, 1);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
}
END_TEST

START_TEST(ladder_10__denied_while_recovering__degraded)
{
	struct jvpn_event e;

	setup();
	f.policy.max_switches_per_min = 0;
	f.policy.max_switches_per_hour = 0;
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
	fixture_advance_ms(&f, 300);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	e = fixture_request(&f, 1);
	fixture_clear_log(&f);
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->reason,
			 JVPN_REASON_SWITCH_RATE_LIMITED);
	ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH_DENIED, 0));
	/* the denial tells a version that is durable, not the one that the denial caused */
	ck_assert_uint_le(
		fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.server_version,
		f.s.durable_version);
}
END_TEST

START_TEST(ladder_11__another_owner__ownership_conflict)
{
	struct jvpn_event e;

	setup();
	f.ctx.authority = JVPN_AUTHORITY_CONFLICT;
	e = fixture_request(&f, 1);
	expect(&e, JVPN_LADDER_AUTHORITY, JVPN_REASON_OWNERSHIP_CONFLICT);
	f.ctx.authority = JVPN_AUTHORITY_TAKE;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
}
END_TEST

START_TEST(ladder_12__forbidden_or_unknown_tuple__invalid_candidate)
{
	struct jvpn_event e;

	setup();
	e = fixture_request(&f, 1);
	e.u.request.forbidden = true;
	expect(&e, JVPN_LADDER_PATH, JVPN_REASON_INVALID_TRANSPORT_CANDIDATE);
	e = fixture_request(&f, 1);
	e.generation = 7;
	e.u.request.has_challenge = true;
	e.u.request.challenge_matches = true;
	expect(&e, JVPN_LADDER_PATH, JVPN_REASON_INVALID_TRANSPORT_CANDIDATE);
	e = fixture_request(&f, 5); /* no such transport */
	expect(&e, JVPN_LADDER_PATH, JVPN_REASON_INVALID_TRANSPORT_CANDIDATE);
}
END_TEST

START_TEST(ladder_12__too_many_bad_paths__policy_denied_never_terminated)
{
	struct jvpn_event e;

	setup();
	f.policy.reattach_burst = 100;
	for (int i = 0; i < 8; i++) {
		e = fixture_request(&f, 1);
		e.u.request.forbidden = true;
		fixture_step(&f, &e);
	}
	e = fixture_request(&f, 1);
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_POLICY_DENIED);
	ck_assert_uint_eq(judge(&e).retry_after_ms, 60000);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	fixture_advance_ms(&f, 60000);
	e = fixture_request(&f, 1);
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
}
END_TEST

/* Not a bad proof, not a refusal: it is asked for the right challenge. */
START_TEST(ladder__challenge_missing_or_of_another_tuple__required_again)
{
	struct jvpn_event e;

	setup();
	fixture_path(&f, JVPN_EVENT_PATH_CANDIDATE, 0, 1);
	fixture_clear_log(&f);
	e = fixture_request(&f, 0);
	e.generation = 1;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_REQUIRED);
	fixture_step(&f, &e);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUIRED, 0)->generation, 1);
	ck_assert_ptr_null(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0));
	e = fixture_request(&f, 0);
	e.u.request.has_challenge = true;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_REQUIRED);
	e.u.request.challenge_matches = true;
	ck_assert_int_eq(judge(&e).answer, JVPN_ANSWER_COMMIT);
}
END_TEST

/* Several things wrong at once: the first in the order decides. */
START_TEST(ladder__order__first_failure_decides)
{
	struct jvpn_event e;

	setup();
	f.policy.max_switches_per_min = 0;
	f.policy.max_switches_per_hour = 0;
	f.ctx.authority = JVPN_AUTHORITY_CONFLICT;
	e = fixture_request(&f, 1);
	e.u.request.forbidden = true;
	expect(&e, JVPN_LADDER_POLICY, JVPN_REASON_SWITCH_RATE_LIMITED);
	e.u.request.age_ms = 0;
	expect(&e, JVPN_LADDER_FRESHNESS, JVPN_REASON_STALE_REQUEST);
	e.u.request.counter = 1;
	expect(&e, JVPN_LADDER_FRESHNESS, JVPN_REASON_REPLAY_DETECTED);
	e.u.request.proof_ok = false;
	expect(&e, JVPN_LADDER_PROOF, JVPN_REASON_BAD_PROOF);
	e.u.request.identity_mismatch = true;
	expect(&e, JVPN_LADDER_IDENTITY, JVPN_REASON_IDENTITY_MISMATCH);
	e.u.request.server_version = 0;
	expect(&e, JVPN_LADDER_VERSION, JVPN_REASON_STALE_STATE_VERSION);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	f.policy.transport_lost_ttl_ms = 0;
	expect(&e, JVPN_LADDER_TTL, JVPN_REASON_TRANSPORT_TTL_EXCEEDED);
	f.policy.max_lifetime_ms = 0;
	expect(&e, JVPN_LADDER_LIFETIME, JVPN_REASON_SESSION_EXPIRED);
	f.s.state = JVPN_STATE_TERMINATED;
	expect(&e, JVPN_LADDER_STATE, JVPN_REASON_INVALID_STATE_FOR_REATTACH);
	f.ctx.authority = JVPN_AUTHORITY_CONFLICT;
	f.s.state = JVPN_STATE_ATTACHED;
}
END_TEST

START_TEST(attach__without_proof__refused_and_the_slot_stays_free)
{
	struct jvpn_event e;

	setup();
	e = fixture_request(&f, 2);
	e.type = JVPN_EVENT_ATTACH_REQUEST;
	e.u.request.proof_ok = false;
	fixture_step(&f, &e);
	ck_assert_int_eq(
		fixture_effect(&f, JVPN_EFFECT_ATTACH_REFUSE, 0)->u.msg.u.reattach_deny.reason,
		JVPN_REASON_REATTACH_REFUSED);
	ck_assert(!f.s.slot[2].used);
	e = fixture_request(&f, 2);
	e.type = JVPN_EVENT_ATTACH_REQUEST;
	e.u.request.age_ms = 99999;
	fixture_step(&f, &e);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_ATTACH_REFUSE, 1)
				  ->u.msg.u.reattach_deny.server_version,
			  2);
	ck_assert(!f.s.slot[2].used);
}
END_TEST

START_TEST(attach__verified__is_a_candidate_and_nothing_more)
{
	setup();
	fixture_attach(&f, 2, "eth");
	ck_assert_ptr_nonnull(fixture_effect(&f, JVPN_EFFECT_ATTACH_ACCEPT, 0));
	ck_assert(f.s.slot[2].used);
	ck_assert_uint_eq(f.s.bound, 0);
	ck_assert_uint_eq(f.s.state_version, 2);
}
END_TEST

/* ADR 0006: what holds already is acknowledged and changes nothing; with something against the binding
 * it is a commit. */
START_TEST(reattach__confirms_a_healthy_binding__acknowledged_without_transition)
{
	struct jvpn_event e;
	uint64_t version;

	fixture_server(&f);
	version = f.s.state_version;
	fixture_clear_log(&f);
	e = fixture_request(&f, 0);
	fixture_step(&f, &e);
	ck_assert_uint_eq(f.s.state_version, version);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_CAS), 0);
	ck_assert(fixture_sent(&f, JVPN_MSG_REATTACH_ACK, 0) != NULL);
	fixture_clear_log(&f);
	fixture_step(&f, &e); /* its counter is used up */
	ck_assert(fixture_sent(&f, JVPN_MSG_REATTACH_ACK, 0) == NULL);
	fixture_attach(&f, 1, "lte");
	e = fixture_request(&f, 1); /* sent before the confirmation, arrives after it */
	e.u.request.counter = f.counter + 1;
	f.counter += 2;
	{
		struct jvpn_event newer = fixture_request(&f, 0);

		fixture_step(&f, &newer);
	}
	fixture_advance_ms(&f, 2000);
	e.u.request.age_ms += 2000;
	fixture_clear_log(&f);
	fixture_step(&f, &e);
	ck_assert_uint_eq(f.s.bound, 0);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_REATTACH_DENY, 0)->u.msg.u.reattach_deny.reason,
			 JVPN_REASON_STALE_REQUEST);
	fixture_fact(&f, 0, JVPN_FACT_DROPS);
	e = fixture_request(&f, 0);
	e.u.request.server_version = f.s.durable_version;
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, version + 3);
}
END_TEST

UNIT_TESTS(reattach)
{
	tcase_add_test(tc, reattach__confirms_a_healthy_binding__acknowledged_without_transition);
	tcase_add_test(tc, ladder__all_right__commits_a_switch_in_three_transitions);
	tcase_add_test(tc, ladder_3__terminated__invalid_state);
	tcase_add_test(tc, ladder_4__lifetime_over__session_expired);
	tcase_add_test(tc, ladder_5__transportless_too_long__ttl_exceeded);
	tcase_add_test(tc, ladder_6__version_outside__stale);
	tcase_add_test(tc, ladder_7__foreign_credential__identity_mismatch);
	tcase_add_test(tc, ladder_8__no_proof__one_answer_and_no_trace);
	tcase_add_test(tc, ladder_9__counter_again__replay_and_nothing_terminates);
	tcase_add_test(tc, ladder_9__age_apart__stale_with_version_and_age);
	tcase_add_test(tc, ladder_10__session_bucket__empty_is_rate_limited);
	tcase_add_test(tc, ladder_10__global_bucket__empty_is_rate_limited);
	tcase_add_test(tc, ladder_10__cooldown__exact_to_the_millisecond);
	tcase_add_test(tc, ladder_10__budget_per_minute__slides);
	tcase_add_test(tc, ladder_10__budget_per_hour__slides);
	tcase_add_test(tc, ladder_10__exempt_after_restart__once);
	tcase_add_test(tc, ladder_10__same_binding_again__costs_neither_cooldown_nor_budget);
	tcase_add_test(tc,
		       ladder_10__what_the_session_lets_through__is_charged_to_the_global_bucket);
	tcase_add_test(tc, ladder_10__class_not_allowed__policy_denied);
	tcase_add_test(tc, ladder_10__recently_failed__only_while_another_binding_lives);
	tcase_add_test(tc, ladder_10__denied_while_recovering__degraded);
	tcase_add_test(tc, ladder_11__another_owner__ownership_conflict);
	tcase_add_test(tc, ladder_12__forbidden_or_unknown_tuple__invalid_candidate);
	tcase_add_test(tc, ladder_12__too_many_bad_paths__policy_denied_never_terminated);
	tcase_add_test(tc, ladder__challenge_missing_or_of_another_tuple__required_again);
	tcase_add_test(tc, ladder__order__first_failure_decides);
	tcase_add_test(tc, attach__without_proof__refused_and_the_slot_stays_free);
	tcase_add_test(tc, attach__verified__is_a_candidate_and_nothing_more);
}
