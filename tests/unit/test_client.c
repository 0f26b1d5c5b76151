/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/session_client: the mirror's flows, and that unauthenticated answers leave no trace
 * in versions, states and counters.
 */
#include "unit.h"

#include <string.h>

#include "core_fixture.h"

static struct fixture f;

static void required(uint8_t slot, uint64_t version, enum jvpn_reason reason, bool verified)
{
	struct jvpn_event e = {.type = JVPN_EVENT_REQUIRED, .slot = slot};

	memset(e.u.required.challenge, 0x5c, JVPN_CHALLENGE_BYTES);
	e.u.required.server_version = version;
	e.u.required.age_ms = 777;
	e.u.required.reason = reason;
	e.u.required.verified = verified;
	fixture_step(&f, &e);
}

static void ack(uint8_t slot, uint64_t counter, uint64_t version, const char *id)
{
	struct jvpn_event e = {.type = JVPN_EVENT_ACK, .slot = slot};

	e.u.ack.counter = counter;
	e.u.ack.server_version = version;
	e.u.ack.age_ms = 800;
	memcpy(e.u.ack.transport_id, id, strlen(id));
	e.u.ack.verified = true;
	fixture_step(&f, &e);
}

static void deny(uint8_t slot, uint64_t counter, enum jvpn_reason reason, uint64_t retry_ms)
{
	struct jvpn_event e = {.type = JVPN_EVENT_DENY, .slot = slot};

	e.u.deny.counter = counter;
	e.u.deny.reason = reason;
	e.u.deny.retry_after_ms = retry_ms;
	e.u.deny.server_version = 9;
	e.u.deny.age_ms = 60000;
	e.u.deny.verified = true;
	fixture_step(&f, &e);
}

static const struct jvpn_msg_reattach_request *request(size_t n)
{
	const struct jvpn_effect *e = fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, n);

	ck_assert_ptr_nonnull(e);
	return &e->u.msg.u.reattach_request;
}

static bool was_asked(size_t n)
{
	return fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, n) != NULL;
}

START_TEST(client__created__attached_with_both_versions)
{
	fixture_client(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 2);
	ck_assert_uint_eq(f.s.server_version, 2);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 1);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_STORE_CAS), 0);
	ck_assert_str_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_ATTACHED, 0)->transport, "wlan0#1");
}
END_TEST

START_TEST(client__required_then_ack__is_a_switch_to_the_new_tuple)
{
	const struct jvpn_audit *a;

	fixture_client(&f);
	fixture_clear_log(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert_uint_eq(request(0)->counter, 1);
	ck_assert_uint_eq(request(0)->server_version, 2);
	ck_assert_uint_eq(request(0)->age_ms, 777);
	ck_assert(request(0)->has_challenge && request(0)->challenge[3] == 0x5c);
	ck_assert(f.s.permit); /* a living binding keeps carrying */
	ack(0, 1, 5, "wlan0#2");
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.state_version, 5);
	ck_assert_uint_eq(f.s.server_version, 5);
	a = fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH, 0);
	ck_assert_str_eq(a->previous_transport, "wlan0#1");
	ck_assert_str_eq(a->transport, "wlan0#2");
	ck_assert_int_eq(a->reason, JVPN_REASON_PATH_CHANGE_OBSERVED);
}
END_TEST

START_TEST(client__unverified_messages__change_nothing)
{
	static const enum jvpn_event_type types[] = {JVPN_EVENT_REQUIRED, JVPN_EVENT_ACK,
						     JVPN_EVENT_DENY, JVPN_EVENT_STATE,
						     JVPN_EVENT_PEER_TERMINATE};

	fixture_client(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	for (size_t i = 0; i < 5; i++) {
		struct jvpn_event e = {.type = types[i], .slot = 0};
		uint64_t version = f.s.state_version, server = f.s.server_version;
		uint64_t counter = f.s.counter;

		/* all right but for the proof */
		if (types[i] == JVPN_EVENT_REQUIRED) {
			e.u.required.server_version = 9;
			e.u.required.reason = JVPN_REASON_PATH_CHANGE_OBSERVED;
		} else if (types[i] == JVPN_EVENT_ACK) {
			e.u.ack.counter = 1;
			e.u.ack.server_version = 9;
		} else if (types[i] == JVPN_EVENT_DENY) {
			e.u.deny.counter = 1;
			e.u.deny.server_version = 9;
			e.u.deny.reason = JVPN_REASON_STALE_STATE_VERSION;
		} else if (types[i] == JVPN_EVENT_STATE) {
			e.u.state.server_version = 9;
			e.u.state.state = JVPN_STATE_VOLATILE;
		} else {
			e.u.peer.reason = JVPN_REASON_OPERATOR_TERMINATED;
		}
		fixture_step(&f, &e);
		ck_assert_uint_eq(f.s.state_version, version);
		ck_assert_uint_eq(f.s.server_version, server);
		ck_assert_uint_eq(f.s.counter, counter);
		ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	}
}
END_TEST

START_TEST(client__ack_of_another_attempt__is_ignored)
{
	fixture_client(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	ack(0, 2, 5, "wlan0#2");
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ack(0, 1, 1, "wlan0#2"); /* an older version than we know */
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ack(0, 1, 5, "wlan0#2");
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ack(0, 1, 5, "wlan0#2"); /* again */
	ck_assert_uint_eq(f.s.state_version, 5);
}
END_TEST

START_TEST(client__answer_lost__asks_again_with_a_new_counter)
{
	fixture_client(&f);
	fixture_clear_log(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	ck_assert_uint_eq(jvpn_session_next_deadline(&f.s, &f.policy), f.now_ns + 100 * MS);
	fixture_advance_ms(&f, 99);
	fixture_timer(&f);
	ck_assert(!was_asked(1));
	fixture_advance_ms(&f, 1);
	fixture_timer(&f);
	ck_assert_uint_eq(request(1)->counter, 2);
	ack(0, 1, 5, "wlan0#2"); /* the first answer comes after all */
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	deny(0, 2, JVPN_REASON_STALE_STATE_VERSION, 0); /* and the answer to the second */
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert(!was_asked(2));
}
END_TEST

START_TEST(client__pto__stretches_the_wait)
{
	struct jvpn_event e = {.type = JVPN_EVENT_FACT, .slot = 0};

	fixture_client(&f);
	e.u.fact.kind = JVPN_FACT_MEASURE;
	e.u.fact.pto_ns = 250 * MS;
	fixture_step(&f, &e);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	ck_assert_uint_eq(jvpn_session_next_deadline(&f.s, &f.policy), f.now_ns + 250 * MS);
}
END_TEST

START_TEST(client__stale__corrects_version_and_age_and_asks_at_once)
{
	fixture_client(&f);
	fixture_clear_log(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	deny(0, 1, JVPN_REASON_STALE_STATE_VERSION, 0);
	ck_assert_uint_eq(request(1)->counter, 2);
	ck_assert_uint_eq(request(1)->server_version, 9);
	ck_assert_uint_eq(request(1)->age_ms, 60000);
	for (uint64_t c = 2; c <= 4; c++)
		deny(0, c, JVPN_REASON_STALE_REQUEST, 0);
	ck_assert(was_asked(4));
	deny(0, 5, JVPN_REASON_STALE_REQUEST, 0); /* enough: now it waits */
	ck_assert(!was_asked(5));
	ck_assert_uint_gt(jvpn_session_next_deadline(&f.s, &f.policy), f.now_ns);
}
END_TEST

START_TEST(client__retry_after__is_obeyed)
{
	fixture_client(&f);
	fixture_clear_log(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	deny(0, 1, JVPN_REASON_COOLDOWN_ACTIVE, 1400);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	fixture_advance_ms(&f, 1399);
	fixture_timer(&f);
	ck_assert(!was_asked(1));
	fixture_advance_ms(&f, 1);
	fixture_timer(&f);
	ck_assert(was_asked(1));
}
END_TEST

START_TEST(client__policy_denied__degraded_and_tried_later)
{
	fixture_client(&f);
	fixture_clear_log(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	deny(0, 1, JVPN_REASON_SWITCH_RATE_LIMITED, 3000);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	fixture_advance_ms(&f, 3000);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert(was_asked(1));
}
END_TEST

START_TEST(client__refused_twice__session_unknown_to_server)
{
	fixture_client(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	deny(0, 1, JVPN_REASON_REATTACH_REFUSED, 0);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert_uint_eq(f.s.server_version, 2); /* a refusal tells nothing */
	fixture_advance_ms(&f, 100);
	fixture_timer(&f);
	deny(0, 2, JVPN_REASON_REATTACH_REFUSED, 0);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_SESSION_UNKNOWN_TO_SERVER);
}
END_TEST

START_TEST(client__denied_for_good__ends_with_the_servers_reason)
{
	static const enum jvpn_reason rows[][2] = {
		{JVPN_REASON_SESSION_EXPIRED, JVPN_REASON_SESSION_LIFETIME_EXCEEDED},
		{JVPN_REASON_TRANSPORT_TTL_EXCEEDED, JVPN_REASON_TRANSPORT_TTL_EXCEEDED},
		{JVPN_REASON_INVALID_STATE_FOR_REATTACH, JVPN_REASON_SESSION_UNKNOWN_TO_SERVER},
	};

	for (size_t i = 0; i < 3; i++) {
		fixture_client(&f);
		required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
		deny(0, 1, rows[i][0], 0);
		ck_assert_int_eq(f.s.terminated_reason, rows[i][1]);
	}
}
END_TEST

START_TEST(client__dead_with_candidate__asks_there_at_once)
{
	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(
		fixture_effect(&f, JVPN_EFFECT_SEND_ATTACH, 0)->u.msg.u.reattach_request.counter,
		1);
	fixture_clear_log(&f);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert_uint_eq(f.s.bound, JVPN_SLOT_NONE);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 1);
	ck_assert_uint_eq(request(0)->counter, 2);
	ck_assert_int_eq(request(0)->reason, JVPN_REASON_TRANSPORT_DEAD);
	ack(1, 2, 5, "lte#2");
	ck_assert_uint_eq(f.s.bound, 1);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH, 0)->reason,
			 JVPN_REASON_TRANSPORT_DEAD);
	ck_assert_uint_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH, 0)->detect_us, 5000);
	/* its last packets may still arrive: it is closed a little later */
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_CLOSE_TRANSPORT), 0);
	ck_assert_uint_eq(jvpn_session_next_deadline(&f.s, &f.policy), f.now_ns + 200 * MS);
	fixture_advance_ms(&f, 200);
	fixture_timer(&f);
	ck_assert_uint_eq(fixture_effect(&f, JVPN_EFFECT_CLOSE_TRANSPORT, 0)->slot, 0);
	ck_assert(!f.s.slot[0].used);
}
END_TEST

/* Three probes lost in a row: not dead yet, but no reason to ask for a better one than the standby. */
START_TEST(client__binding_answers_no_probe__standby_is_asked_at_once)
{
	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_clear_log(&f);
	fixture_fact(&f, 0, JVPN_FACT_DROPS);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert(f.s.permit);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 1);
	ck_assert_int_eq(request(0)->reason, JVPN_REASON_CONSECUTIVE_DROP_EXCEEDED);
	ck_assert_str_eq(request(0)->ranking, "the only one: lte#2 loss=0ppm p95=0us stable=0s");
	ck_assert_uint_eq(request(0)->detect_us, 5000);
}
END_TEST

START_TEST(client__attach_accepted__has_the_id_that_the_server_gave_it)
{
	fixture_client(&f);
	fixture_clear_log(&f);
	fixture_client_attach(&f, 1, "lte");
	ck_assert_str_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED, 0)->transport,
			 "lte#2");
}
END_TEST

/* ... unless it has come back meanwhile: then it is a candidate. */
START_TEST(client__left_for_dead_and_back__is_a_candidate)
{
	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ack(1, 2, 5, "lte#2");
	fixture_clear_log(&f);
	fixture_advance_ms(&f, 100);
	fixture_fact(&f, 0, JVPN_FACT_HEALTHY);
	ck_assert_str_eq(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED, 0)->transport,
			 "wlan0#1");
	fixture_advance_ms(&f, 5000);
	fixture_timer(&f);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_CLOSE_TRANSPORT), 0);
	ck_assert(f.s.slot[0].used);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
}
END_TEST

START_TEST(client__two_candidates__the_next_one_is_tried_when_no_answer_comes)
{
	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_client_attach(&f, 2, "eth");
	fixture_clear_log(&f);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 2); /* "eth" */
	fixture_advance_ms(&f, 100);
	fixture_timer(&f);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 1)->slot, 1);
	fixture_advance_ms(&f, 100);
	fixture_timer(&f);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 2)->slot, 2);
}
END_TEST

static void ready(uint8_t slot, const char *label)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_READY, .slot = slot};

	memcpy(e.u.attached.label, label, strlen(label));
	fixture_step(&f, &e);
}

static size_t requests(void)
{
	size_t n = 0;

	while (fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, n))
		n++;
	return n;
}

/* Whatever the session has gone through meanwhile: the first connection is asked in its first flight, the
 * others that become ready within the round trip are not. */
START_TEST(client__several_connections_in_one_round_trip__one_is_asked)
{
	static const uint64_t lost_for_ms[] = {0, 3000, 5000, 20000};

	fixture_client(&f);
	fixture_event(&f, JVPN_EVENT_TRANSPORT_CLOSED, 0, 0);
	for (uint64_t t = 0; t < lost_for_ms[_i]; t += 100) {
		fixture_advance_ms(&f, 100);
		fixture_timer(&f);
	}
	ck_assert_int_eq(f.s.state,
			 lost_for_ms[_i] < 4000 ? JVPN_STATE_VOLATILE : JVPN_STATE_DEGRADED);
	fixture_clear_log(&f);
	ready(0, "wlan0");
	ck_assert_uint_eq(requests(), 1);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	fixture_advance_ms(&f, 20);
	ready(1, "lte");
	ready(2, "eth");
	ck_assert_uint_eq(requests(), 1);
	ack(0, f.s.counter - 2, 5, "wlan0#2"); /* the two after it are attaches */
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	for (int i = 0; i < 50; i++) {
		fixture_advance_ms(&f, 100);
		fixture_timer(&f);
	}
	ck_assert_uint_eq(requests(), 1);
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_PERMIT_SET), 1);
}
END_TEST

/* A question has gone unanswered, and a fresh connection comes: it need not wait for its turn. */
START_TEST(client__fresh_connection_while_nobody_answers__is_asked_at_once)
{
	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	for (int i = 0; i < 20; i++) {
		fixture_advance_ms(&f, 100);
		fixture_timer(&f);
	}
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert_uint_gt(f.s.attempt.next_ns, f.now_ns + 100 * MS);
	fixture_clear_log(&f);
	ready(2, "eth");
	ck_assert_uint_eq(requests(), 1);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 2);
}
END_TEST

/* Three candidates, ranked: each is asked once before anyone is asked again. */
START_TEST(client__nobody_answers__candidates_are_asked_in_their_order)
{
	static const uint8_t order[] = {2, 3, 1, 2, 3, 1};

	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_client_attach(&f, 2, "eth");
	fixture_client_attach(&f, 3, "gsm");
	fixture_clear_log(&f);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	for (size_t i = 0; i < 6; i++) {
		ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, i)->slot, order[i]);
		while (requests() == i + 1) {
			fixture_advance_ms(&f, 100);
			fixture_timer(&f);
		}
	}
	ck_assert_uint_gt(fixture_audit(&f, JVPN_AUDIT_REATTACH_ATTEMPT, 1)->has & JVPN_HAS_TEXT,
			  0);
}
END_TEST

/* The attach is refused for its version together with the request behind it; the next connection takes
 * the same slot. */
START_TEST(client__attach_refused_as_stale__the_next_connection_asks_again)
{
	struct jvpn_event ready = {.type = JVPN_EVENT_TRANSPORT_READY, .slot = 0};
	struct jvpn_event e = {.type = JVPN_EVENT_DENY, .slot = 0};

	fixture_client(&f);
	fixture_event(&f, JVPN_EVENT_TRANSPORT_CLOSED, 0, 0);
	memcpy(ready.u.attached.label, "lte", 4);
	fixture_step(&f, &ready);
	ck_assert(was_asked(0));
	e.u.deny.attach = true;
	e.u.deny.verified = true;
	e.u.deny.reason = JVPN_REASON_STALE_STATE_VERSION;
	e.u.deny.server_version = 5;
	e.u.deny.age_ms = 800;
	fixture_step(&f, &e);
	fixture_advance_ms(&f, 150);
	fixture_timer(&f);
	fixture_clear_log(&f);
	fixture_step(&f, &ready);
	ck_assert(was_asked(0));
	ck_assert_uint_eq(request(0)->server_version, 5);
}
END_TEST

/* It waited on a transport that was silent, while the session was bound elsewhere. */
START_TEST(client__required_of_before_the_commit__is_ignored)
{
	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ack(1, 2, 5, "lte#2");
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	fixture_client_attach(&f, 2, "eth");
	fixture_clear_log(&f);
	required(2, 3, JVPN_REASON_TRANSPORT_DEAD, true);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert(!was_asked(0));
	required(2, 5, JVPN_REASON_TRANSPORT_DEAD, true);
	ck_assert(was_asked(0));
}
END_TEST

/* The server asks on every transport when its binding dies: one request at a time is enough. */
START_TEST(client__required_on_two_transports__asks_on_one)
{
	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_client_attach(&f, 2, "eth");
	fixture_clear_log(&f);
	required(1, 3, JVPN_REASON_TRANSPORT_DEAD, true);
	required(2, 3, JVPN_REASON_TRANSPORT_DEAD, true);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 1);
	ck_assert(!was_asked(1));
}
END_TEST

START_TEST(client__dead_without_candidate__dials_and_asks_in_the_first_flight)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_READY, .slot = 1};

	fixture_client(&f);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert(jvpn_session_wants_transport(&f.s));
	fixture_clear_log(&f);
	memcpy(e.u.attached.label, "wlan0", 6);
	fixture_step(&f, &e);
	ck_assert_int_eq(f.log[0].type, JVPN_EFFECT_SEND_ATTACH);
	ck_assert(was_asked(0));
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert(!jvpn_session_wants_transport(&f.s));
	ack(1, request(0)->counter, 6, "wlan0#2");
	ck_assert_uint_eq(f.s.bound, 1);
}
END_TEST

START_TEST(client__nothing_answers__degraded_then_ttl)
{
	fixture_client(&f);
	fixture_event(&f, JVPN_EVENT_TRANSPORT_CLOSED, 0, 0);
	fixture_clear_log(&f);
	fixture_advance_ms(&f, 4000);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_DEGRADED);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->reason,
			 JVPN_REASON_NO_CANDIDATE_TRANSPORTS);
	fixture_advance_ms(&f, 596000);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_TRANSPORT_TTL_EXCEEDED);
}
END_TEST

START_TEST(client__recovery_window_over__degraded_and_asked_on)
{
	int asked = 0;

	fixture_client(&f);
	required(0, 2, JVPN_REASON_PATH_CHANGE_OBSERVED, true);
	for (int i = 0; i < 8000; i += 10) {
		fixture_advance_ms(&f, 10);
		fixture_timer(&f);
	}
	ck_assert_ptr_nonnull(fixture_audit(&f, JVPN_AUDIT_TRANSPORT_SWITCH_FAILED, 0));
	while (was_asked((size_t)asked))
		asked++;
	ck_assert_int_ge(asked, 5); /* 100 ms apart at first, then ever slower */
	ck_assert_int_le(asked, 10);
	ack(0, f.s.counter, 5, "wlan0#2"); /* late, but the answer */
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
}
END_TEST

START_TEST(client__healthy_again__asks_on_the_same_transport)
{
	fixture_client(&f);
	fixture_fact(&f, 0, JVPN_FACT_LOSS);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	fixture_clear_log(&f);
	fixture_fact(&f, 0, JVPN_FACT_HEALTHY);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->reason,
			 JVPN_REASON_HEALTH_RECOVERED);
	ack(0, 1, 5, "wlan0#1");
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.total_switches, 0);
}
END_TEST

START_TEST(client__planned_handover__moves_to_the_candidate)
{
	fixture_client(&f);
	fixture_event(&f, JVPN_EVENT_HANDOVER, JVPN_SLOT_NONE, 0);
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED); /* nowhere to go */
	fixture_client_attach(&f, 1, "lte");
	fixture_clear_log(&f);
	fixture_event(&f, JVPN_EVENT_HANDOVER, 1, 0);
	ck_assert_int_eq(request(0)->reason, JVPN_REASON_PLANNED_HANDOVER);
	ck_assert_uint_eq(f.s.bound, 0);
	ck_assert(f.s.permit); /* make before break */
	ack(1, request(0)->counter, 5, "lte#2");
	ck_assert_uint_eq(f.s.bound, 1);
	ck_assert(f.s.slot[0].used);
}
END_TEST

START_TEST(client__server_state__is_mirrored)
{
	struct jvpn_event e = {.type = JVPN_EVENT_STATE, .slot = 0};

	fixture_client(&f);
	fixture_clear_log(&f);
	e.u.state.state = JVPN_STATE_VOLATILE;
	e.u.state.reason = JVPN_REASON_LOSS_THRESHOLD_EXCEEDED;
	e.u.state.server_version = 3;
	e.u.state.verified = true;
	fixture_step(&f, &e);
	ck_assert_uint_eq(f.s.server_version, 3);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	ck_assert_uint_eq(request(0)->server_version, 3);
}
END_TEST

START_TEST(client__peer_terminate__ends_with_the_servers_reason)
{
	struct jvpn_event e = {.type = JVPN_EVENT_PEER_TERMINATE, .slot = 0};

	fixture_client(&f);
	fixture_clear_log(&f);
	e.u.peer.reason = JVPN_REASON_OPERATOR_TERMINATED;
	e.u.peer.verified = true;
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_OPERATOR_TERMINATED);
	ck_assert_ptr_null(fixture_sent(&f, JVPN_MSG_TERMINATE, 0));
	ck_assert_uint_eq(fixture_count(&f, JVPN_EFFECT_TERMINATED), 1);
}
END_TEST

START_TEST(client__closed_locally__tells_the_server)
{
	fixture_client(&f);
	fixture_clear_log(&f);
	fixture_terminate(&f, JVPN_REASON_CLIENT_CLOSED);
	ck_assert_int_eq(fixture_sent(&f, JVPN_MSG_TERMINATE, 0)->u.msg.u.terminate.reason,
			 JVPN_REASON_CLIENT_CLOSED);
}
END_TEST

START_TEST(client__server_restarting__keeps_the_session)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_CLOSED, .slot = 0};

	fixture_client(&f);
	fixture_clear_log(&f);
	e.u.closed.restarting = true;
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	ck_assert_int_eq(fixture_audit(&f, JVPN_AUDIT_SESSION_STATE_CHANGE, 0)->reason,
			 JVPN_REASON_NODE_DRAINING);
	ck_assert(jvpn_session_wants_transport(&f.s));
}
END_TEST

/* The attempt died with its transport while the old binding lives on: nobody else would ask. */
START_TEST(client__attempt_lost_with_its_transport__asks_again_on_the_binding)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_CLOSED, .slot = 1};

	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_event(&f, JVPN_EVENT_HANDOVER, 1, 0);
	ck_assert_int_eq(f.s.state, JVPN_STATE_RECOVERING);
	fixture_step(&f, &e);
	ck_assert_uint_eq(f.s.bound, 0);
	fixture_clear_log(&f);
	fixture_advance_ms(&f, f.policy.recovery_window_ms);
	fixture_timer(&f);
	fixture_advance_ms(&f, JVPN_REQUEST_RETRY_MAX_MS);
	fixture_timer(&f);
	ck_assert_ptr_nonnull(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0));
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 0);
}
END_TEST

START_TEST(client__restored__goes_on_with_version_age_and_counter)
{
	struct jvpn_event e = {.type = JVPN_EVENT_RESTORE};
	struct jvpn_event r = {.type = JVPN_EVENT_TRANSPORT_READY, .slot = 0};
	struct jvpn_session_record record;

	fixture_client(&f);
	jvpn_session_export(&f.s, f.now_ns, &record);
	record.counter = 64;
	record.age_ms = 1234;
	fixture_init(&f, JVPN_ROLE_CLIENT);
	e.u.restore.record = &record;
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, JVPN_STATE_VOLATILE);
	memcpy(r.u.attached.label, "wlan0", 6);
	fixture_step(&f, &r);
	ck_assert_uint_eq(
		fixture_effect(&f, JVPN_EFFECT_SEND_ATTACH, 0)->u.msg.u.reattach_request.counter,
		65);
	ck_assert_uint_eq(request(0)->counter, 66);
	ck_assert_uint_eq(request(0)->age_ms, 1234);
	ck_assert_uint_eq(request(0)->server_version, 2);
}
END_TEST

/* Whatever the state it was saved in: the client goes on with what it knew, its TTL has run on, and its own
 * restart exempts nothing. */
START_TEST(client__restored_in_any_state__goes_on_and_ends_at_its_ttl)
{
	static const enum jvpn_state saved[] = {JVPN_STATE_ATTACHED, JVPN_STATE_VOLATILE,
						JVPN_STATE_DEGRADED, JVPN_STATE_RECOVERING};
	static const enum jvpn_state becomes[] = {JVPN_STATE_VOLATILE, JVPN_STATE_VOLATILE,
						  JVPN_STATE_DEGRADED, JVPN_STATE_DEGRADED};
	struct jvpn_event e = {.type = JVPN_EVENT_RESTORE};
	struct jvpn_session_record record;

	fixture_client(&f);
	jvpn_session_export(&f.s, f.now_ns, &record);
	record.state = saved[_i];
	record.server_version = 7;
	record.counter = 128;
	record.age_ms = 60000;
	record.transportless_ms = 20000;
	record.transport_lost_ttl_ms = 50000;
	fixture_init(&f, JVPN_ROLE_CLIENT);
	e.u.restore.record = &record;
	fixture_step(&f, &e);
	ck_assert_int_eq(f.s.state, becomes[_i]);
	ck_assert(!f.s.exempt);
	ck_assert(jvpn_session_wants_transport(&f.s));
	ck_assert_uint_eq(f.s.detect_seen_ns - f.s.detect_good_ns, 20000 * MS);
	for (int i = 0; i < 299; i++) {
		fixture_advance_ms(&f, 100);
		fixture_timer(&f);
	}
	ck_assert_int_ne(f.s.state, JVPN_STATE_TERMINATED);
	if (_i % 2) { /* it finds the server in time */
		ready(0, "wlan0");
		ck_assert_uint_eq(request(0)->counter, 130);
		ck_assert_uint_eq(request(0)->server_version, 7);
		ck_assert_uint_eq(request(0)->age_ms, 89900);
		ack(0, 130, 10, "wlan0#4");
		ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
		ck_assert_uint_eq(f.s.switches_used, 1);
		return;
	}
	fixture_advance_ms(&f, 100);
	fixture_timer(&f);
	ck_assert_int_eq(f.s.state, JVPN_STATE_TERMINATED);
	ck_assert_int_eq(f.s.terminated_reason, JVPN_REASON_TRANSPORT_TTL_EXCEEDED);
}
END_TEST

/* The acknowledgement is lost, the next candidate is asked with the version of before: one correction, one
 * more question. */
START_TEST(client__ack_lost_and_version_stale__one_retry)
{
	struct jvpn_event e = {.type = JVPN_EVENT_DENY, .slot = 1};

	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_clear_log(&f);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	ck_assert_uint_eq(requests(), 1);
	fixture_advance_ms(&f, 100);
	fixture_timer(&f);
	ck_assert_uint_eq(requests(), 2);
	e.u.deny.verified = true;
	e.u.deny.counter = f.s.counter;
	e.u.deny.reason = JVPN_REASON_STALE_STATE_VERSION;
	e.u.deny.server_version = 5;
	e.u.deny.age_ms = jvpn_session_age_ms(&f.s, f.now_ns);
	fixture_step(&f, &e);
	ck_assert_uint_eq(requests(), 3);
	ck_assert_uint_eq(request(2)->server_version, 5);
	ack(1, f.s.counter, 5, "lte#2"); /* it is bound there: confirmed, no new version */
	ck_assert_int_eq(f.s.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(f.s.total_switches, 1);
}
END_TEST

/* The server wants a planned move and asks on the slower way: its message on the faster one comes first. */
START_TEST(client__planned_by_the_server__waits_for_its_choice)
{
	struct jvpn_event e = {.type = JVPN_EVENT_STATE, .slot = 0};

	fixture_client(&f);
	fixture_client_attach(&f, 1, "lte");
	fixture_clear_log(&f);
	e.u.state.verified = true;
	e.u.state.state = JVPN_STATE_VOLATILE;
	e.u.state.reason = JVPN_REASON_PLANNED_HANDOVER;
	e.u.state.server_version = 3;
	fixture_step(&f, &e);
	ck_assert_uint_eq(requests(), 0);
	ck_assert(f.s.permit);
	fixture_advance_ms(&f, 200);
	fixture_timer(&f);
	ck_assert_uint_eq(requests(), 0);
	if (_i) { /* no question comes: the binding is confirmed */
		fixture_advance_ms(&f, 800);
		fixture_timer(&f);
		ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 0);
		return;
	}
	required(1, 3, JVPN_REASON_PLANNED_HANDOVER, true);
	ck_assert_uint_eq(fixture_sent(&f, JVPN_MSG_REATTACH_REQUEST, 0)->slot, 1);
}
END_TEST

START_TEST(client__attach_refused__slot_is_free_again)
{
	struct jvpn_event e = {.type = JVPN_EVENT_DENY, .slot = 1};
	struct jvpn_event r = {.type = JVPN_EVENT_TRANSPORT_READY, .slot = 1};

	fixture_client(&f);
	fixture_fact(&f, 0, JVPN_FACT_DEAD);
	fixture_step(&f, &r);
	e.u.deny.attach = true;
	e.u.deny.reason = JVPN_REASON_STALE_STATE_VERSION;
	e.u.deny.server_version = 7;
	e.u.deny.age_ms = 5;
	e.u.deny.verified = true;
	fixture_step(&f, &e);
	ck_assert(!f.s.slot[1].used);
	ck_assert_uint_eq(f.s.server_version, 7);
	ck_assert(jvpn_session_wants_transport(&f.s));
}
END_TEST

UNIT_TESTS(client)
{
	tcase_add_test(tc, client__created__attached_with_both_versions);
	tcase_add_test(tc, client__required_then_ack__is_a_switch_to_the_new_tuple);
	tcase_add_test(tc, client__unverified_messages__change_nothing);
	tcase_add_test(tc, client__ack_of_another_attempt__is_ignored);
	tcase_add_test(tc, client__answer_lost__asks_again_with_a_new_counter);
	tcase_add_test(tc, client__pto__stretches_the_wait);
	tcase_add_test(tc, client__stale__corrects_version_and_age_and_asks_at_once);
	tcase_add_test(tc, client__retry_after__is_obeyed);
	tcase_add_test(tc, client__policy_denied__degraded_and_tried_later);
	tcase_add_test(tc, client__refused_twice__session_unknown_to_server);
	tcase_add_test(tc, client__denied_for_good__ends_with_the_servers_reason);
	tcase_add_test(tc, client__dead_with_candidate__asks_there_at_once);
	tcase_add_test(tc, client__two_candidates__the_next_one_is_tried_when_no_answer_comes);
	tcase_add_test(tc, client__attach_accepted__has_the_id_that_the_server_gave_it);
	tcase_add_test(tc, client__left_for_dead_and_back__is_a_candidate);
	tcase_add_test(tc, client__binding_answers_no_probe__standby_is_asked_at_once);
	tcase_add_loop_test(tc, client__several_connections_in_one_round_trip__one_is_asked, 0, 4);
	tcase_add_test(tc, client__fresh_connection_while_nobody_answers__is_asked_at_once);
	tcase_add_test(tc, client__nobody_answers__candidates_are_asked_in_their_order);
	tcase_add_test(tc, client__attach_refused_as_stale__the_next_connection_asks_again);
	tcase_add_test(tc, client__required_of_before_the_commit__is_ignored);
	tcase_add_test(tc, client__required_on_two_transports__asks_on_one);
	tcase_add_test(tc, client__dead_without_candidate__dials_and_asks_in_the_first_flight);
	tcase_add_test(tc, client__nothing_answers__degraded_then_ttl);
	tcase_add_test(tc, client__recovery_window_over__degraded_and_asked_on);
	tcase_add_test(tc, client__healthy_again__asks_on_the_same_transport);
	tcase_add_test(tc, client__planned_handover__moves_to_the_candidate);
	tcase_add_test(tc, client__server_state__is_mirrored);
	tcase_add_test(tc, client__peer_terminate__ends_with_the_servers_reason);
	tcase_add_test(tc, client__closed_locally__tells_the_server);
	tcase_add_test(tc, client__server_restarting__keeps_the_session);
	tcase_add_test(tc, client__attempt_lost_with_its_transport__asks_again_on_the_binding);
	tcase_add_test(tc, client__restored__goes_on_with_version_age_and_counter);
	tcase_add_loop_test(tc, client__restored_in_any_state__goes_on_and_ends_at_its_ttl, 0, 4);
	tcase_add_test(tc, client__ack_lost_and_version_stale__one_retry);
	tcase_add_loop_test(tc, client__planned_by_the_server__waits_for_its_choice, 0, 2);
	tcase_add_test(tc, client__attach_refused__slot_is_free_again);
}
