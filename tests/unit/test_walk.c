/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random walks: any event at any time with any verdict, a store that is slow, refuses or times out.
 * The fixture checks every invariant after each step. (The simulator plays both ends over a network;
 * this plays a driver that does whatever the header allows.)
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "core_fixture.h"

#define STEPS 20000

static struct fixture f;
static struct jvpn_rng rng;
static uint32_t generation[JVPN_SLOTS];

static bool one_in(uint64_t n)
{
	return jvpn_rng_below(&rng, n) == 0;
}

static void random_slot(struct jvpn_event *e)
{
	e->slot = (uint8_t)jvpn_rng_below(&rng, 4);
	e->generation = generation[e->slot];
}

static void random_request(struct jvpn_event *e)
{
	struct jvpn_event r = fixture_request(&f, e->slot);

	r.type = e->type;
	r.generation = e->generation;
	if (one_in(4))
		r.u.request.server_version = f.s.state_version + jvpn_rng_below(&rng, 6) - 3;
	if (one_in(8))
		r.u.request.counter = jvpn_rng_below(&rng, r.u.request.counter + 1);
	if (one_in(10))
		r.u.request.age_ms += jvpn_rng_below(&rng, 20000);
	r.u.request.proof_ok = !one_in(6);
	r.u.request.identity_mismatch = one_in(20);
	r.u.request.has_challenge = !one_in(4);
	r.u.request.challenge_matches = !one_in(4);
	r.u.request.forbidden = one_in(20);
	*e = r;
}

static void fill(struct jvpn_event *e)
{
	if (e->type == JVPN_EVENT_REATTACH_REQUEST || e->type == JVPN_EVENT_ATTACH_REQUEST)
		random_request(e);
	else if (e->type == JVPN_EVENT_PATH_CANDIDATE)
		e->generation = generation[e->slot] += (uint32_t)jvpn_rng_below(&rng, 2);
	else if (e->type == JVPN_EVENT_FACT)
		e->u.fact.kind = (enum jvpn_fact_kind)jvpn_rng_below(&rng, JVPN_FACT_COUNT);
	else if (e->type == JVPN_EVENT_STORE_RESULT)
		e->u.store.status = (enum jvpn_store_status)jvpn_rng_below(&rng, JVPN_STORE_COUNT);
	else if (e->type == JVPN_EVENT_TERMINATE)
		e->u.reason = JVPN_REASON_OPERATOR_TERMINATED;
	else if (e->type == JVPN_EVENT_ATTACH_FAILED)
		e->u.reason = JVPN_REASON_AUTH_FAILED;
	if (e->type == JVPN_EVENT_STORE_RESULT)
		e->u.store.nonce = f.store_nonce;
	if (e->type == JVPN_EVENT_STORE_RESULT && !one_in(4))
		e->u.store.status = JVPN_STORE_OK;
	if (e->type == JVPN_EVENT_STORE_RESULT && e->u.store.status == JVPN_STORE_NOT_OWNER &&
	    !one_in(20))
		e->u.store.status = JVPN_STORE_TIMEOUT;
}

static struct jvpn_event random_event(enum jvpn_event_type last)
{
	struct jvpn_event e = {.type = (enum jvpn_event_type)(1 + jvpn_rng_below(&rng, last))};

	if (one_in(3)) /* what makes a session move, more often than the rest */
		e.type = one_in(3) ? JVPN_EVENT_STORE_RESULT : JVPN_EVENT_REATTACH_REQUEST;
	if (e.type == JVPN_EVENT_RESTORE || e.type == JVPN_EVENT_CREATE ||
	    (e.type == JVPN_EVENT_TERMINATE && !one_in(200)) ||
	    (e.type == JVPN_EVENT_DRAIN && !one_in(50)) || (e.type == JVPN_EVENT_PEER_TERMINATE))
		e.type = JVPN_EVENT_TIMER;
	random_slot(&e);
	fill(&e);
	return e;
}

static void pass_time(void)
{
	uint64_t next = jvpn_session_next_deadline(&f.s, &f.policy);

	bool near = next < f.now_ns + 20000 * MS;

	if (next != UINT64_MAX && next > f.now_ns && (near ? one_in(10) : one_in(1000)))
		f.now_ns = next;
	else
		f.now_ns += jvpn_rng_below(&rng, one_in(20) ? 5000 * MS : 50 * MS);
}

static void begin(bool manual)
{
	fixture_server(&f);
	f.manual_store = manual;
	f.policy.switch_cooldown_ms = jvpn_rng_below(&rng, 2) * 1500;
	f.policy.max_candidate_count = 1 + jvpn_rng_below(&rng, 3);
	memset(generation, 0, sizeof(generation));
}

static void walk_server(bool manual, uint64_t seed)
{
	uint64_t ends = 0, switches = 0;

	jvpn_rng_init(&rng, seed);
	begin(manual);
	for (int i = 0; i < STEPS; i++) {
		struct jvpn_event e;

		pass_time();
		e = random_event(JVPN_EVENT_STORE_RESULT);
		fixture_step(&f, &e);
		if (f.log_count > FIXTURE_LOG / 2)
			fixture_clear_log(&f);
		if (f.s.state != JVPN_STATE_TERMINATED && !f.s.dropped)
			continue;
		ends++;
		switches += f.s.total_switches;
		begin(manual);
	}
	ck_assert_uint_gt(ends, 0);
	printf("# %u steps, %llu sessions, %llu switches\n", STEPS, (unsigned long long)ends,
	       (unsigned long long)(switches + f.s.total_switches));
	ck_assert_uint_gt(switches + f.s.total_switches, 5); /* it got somewhere */
}

START_TEST(walk__server_with_a_prompt_store__keeps_the_invariants)
{
	walk_server(false, (uint64_t)_i + 1);
}
END_TEST

START_TEST(walk__server_with_a_bad_store__keeps_the_invariants)
{
	walk_server(true, (uint64_t)_i + 100);
}
END_TEST

static void fill_client(struct jvpn_event *e)
{
	bool verified = !one_in(5);
	uint64_t version = f.s.server_version + jvpn_rng_below(&rng, 4);
	uint64_t counter = f.s.counter - jvpn_rng_below(&rng, 2);

	if (e->type == JVPN_EVENT_REQUIRED) {
		e->u.required.verified = verified;
		e->u.required.server_version = version;
		e->u.required.reason = JVPN_REASON_PATH_CHANGE_OBSERVED;
	} else if (e->type == JVPN_EVENT_ACK) {
		e->u.ack.verified = verified;
		e->u.ack.server_version = version;
		e->u.ack.counter = counter;
		memcpy(e->u.ack.transport_id, "lte#7", 6);
	} else if (e->type == JVPN_EVENT_DENY) {
		e->u.deny.verified = verified;
		e->u.deny.server_version = version;
		e->u.deny.counter = counter;
		e->u.deny.attach = one_in(10);
		e->u.deny.reason =
			one_in(4) ? JVPN_REASON_STALE_STATE_VERSION : JVPN_REASON_COOLDOWN_ACTIVE;
		e->u.deny.retry_after_ms = jvpn_rng_below(&rng, 2000);
	} else if (e->type == JVPN_EVENT_STATE) {
		e->u.state.verified = verified;
		e->u.state.server_version = version;
		e->u.state.state = (enum jvpn_state)jvpn_rng_below(&rng, JVPN_STATE_COUNT);
	} else if (e->type == JVPN_EVENT_TRANSPORT_READY) {
		memcpy(e->u.attached.label, "lte", 4);
	}
}

START_TEST(walk__client__keeps_the_invariants)
{
	uint64_t switches = 0;

	jvpn_rng_init(&rng, (uint64_t)_i + 200);
	fixture_client(&f);
	for (int i = 0; i < STEPS; i++) {
		struct jvpn_event e;

		pass_time();
		e = random_event(JVPN_EVENT_STATE);
		if (e.type >= JVPN_EVENT_TRANSPORT_READY)
			fill_client(&e);
		fixture_step(&f, &e);
		if (f.log_count > FIXTURE_LOG / 2)
			fixture_clear_log(&f);
		if (f.s.state != JVPN_STATE_TERMINATED)
			continue;
		switches += f.s.total_switches;
		fixture_client(&f);
	}
	ck_assert_uint_gt(switches + f.s.total_switches, 10);
}
END_TEST

UNIT_TESTS(walk)
{
	tcase_add_loop_test(tc, walk__server_with_a_prompt_store__keeps_the_invariants, 0, 8);
	tcase_add_loop_test(tc, walk__server_with_a_bad_store__keeps_the_invariants, 0, 8);
	tcase_add_loop_test(tc, walk__client__keeps_the_invariants, 0, 8);
}
