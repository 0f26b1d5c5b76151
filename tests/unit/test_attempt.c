/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of client/attempt.
 */
#include "client/attempt.h"

#include <string.h>

#include "base/time.h"
#include "unit.h"

static const uint64_t t0 = 1000 * JVPN_NS_PER_S;
static struct jvpn_attempt a;

static uint64_t ms(uint64_t n)
{
	return t0 + jvpn_ms_to_ns(n);
}

static void setup(void)
{
	memset(&a, 0, sizeof(a));
}

START_TEST(attempt__first__never_sleeps)
{
	ck_assert_int_eq(jvpn_attempt_due(&a, t0), JVPN_ATTEMPT_START);
	jvpn_attempt_begin(&a, t0);
	jvpn_attempt_failed(&a, ms(1000), 0);
	jvpn_attempt_urge(&a);
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(1000)), JVPN_ATTEMPT_START);
}
END_TEST

START_TEST(attempt__eager__knocks_every_100_ms)
{
	unsigned knocks = 0, attempts = 0;

	for (uint64_t at = 0; at < JVPN_ATTEMPT_EAGER_MS; at++) {
		switch (jvpn_attempt_due(&a, ms(at))) {
		case JVPN_ATTEMPT_START:
			jvpn_attempt_begin(&a, ms(at));
			attempts++;
			break;
		case JVPN_ATTEMPT_KNOCK:
			jvpn_attempt_knocked(&a, ms(at));
			knocks++;
			break;
		case JVPN_ATTEMPT_GIVE_UP:
			jvpn_attempt_failed(&a, ms(at), 7);
			ck_assert_int_eq(jvpn_attempt_due(&a, ms(at)), JVPN_ATTEMPT_START);
			break;
		case JVPN_ATTEMPT_WAIT:
			break;
		}
		/* Something is said at least every 100 ms. */
		ck_assert_uint_le(jvpn_attempt_next(&a), ms(at + JVPN_ATTEMPT_KNOCK_MS));
	}
	ck_assert_uint_ge(knocks + attempts, 95);
	ck_assert_uint_le(attempts, 8); /* what a server pays for */
}
END_TEST

START_TEST(attempt__patient__pauses_grow_to_5_s)
{
	uint64_t longest = 0, at = 0;
	unsigned attempts = 0;

	while (at < 120000) {
		jvpn_attempt_begin(&a, ms(at));
		attempts++;
		at = (a.until_ns - t0) / JVPN_NS_PER_MS;
		jvpn_attempt_failed(&a, ms(at), UINT64_MAX);
		if (a.again_ns - ms(at) > longest)
			longest = a.again_ns - ms(at);
		at = (a.again_ns - t0) / JVPN_NS_PER_MS;
	}
	ck_assert_uint_gt(longest, jvpn_ms_to_ns(JVPN_ATTEMPT_BACKOFF_MAX_MS / 2 - 1));
	ck_assert_uint_le(longest, jvpn_ms_to_ns(JVPN_ATTEMPT_BACKOFF_MAX_MS));
	ck_assert_uint_lt(attempts, 40);
	/* Patient ones do not knock. */
	jvpn_attempt_begin(&a, ms(at));
	ck_assert_uint_eq(a.knock_ns, JVPN_TIME_NEVER);
}
END_TEST

START_TEST(attempt__jitter__between_half_and_whole)
{
	static const uint64_t random[] = {0, 1, 12345, UINT64_MAX};

	for (size_t i = 0; i < 4; i++) {
		setup();
		a.failing_since_ns = t0;
		jvpn_attempt_begin(&a, ms(20000));
		jvpn_attempt_failed(&a, ms(23000), random[i]);
		ck_assert_uint_ge(a.again_ns, ms(23000 + JVPN_ATTEMPT_BACKOFF_FIRST_MS / 2));
		ck_assert_uint_le(a.again_ns, ms(23000 + JVPN_ATTEMPT_BACKOFF_FIRST_MS));
	}
}
END_TEST

START_TEST(attempt__ended_at_once__spaced)
{
	jvpn_attempt_begin(&a, t0);
	jvpn_attempt_succeeded(&a);
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(JVPN_ATTEMPT_SPACING_MS - 1)), JVPN_ATTEMPT_WAIT);
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(JVPN_ATTEMPT_SPACING_MS)), JVPN_ATTEMPT_START);
	jvpn_attempt_begin(&a, ms(100));
	jvpn_attempt_failed(&a, ms(101), 0);
	ck_assert_uint_eq(jvpn_attempt_next(&a), ms(200));
}
END_TEST

START_TEST(attempt__sign_of_life__replaces_the_deaf_one)
{
	jvpn_attempt_begin(&a, t0);
	/* Its own answer may be under way. */
	ck_assert(!jvpn_attempt_answered(&a, ms(JVPN_ATTEMPT_YOUNG_MS - 1)));
	ck_assert(jvpn_attempt_answered(&a, ms(400)));
	jvpn_attempt_dropped(&a);
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(400)), JVPN_ATTEMPT_START);
	jvpn_attempt_begin(&a, ms(400));
	/* It answers knocks only: once a second has to do. */
	ck_assert(!jvpn_attempt_answered(&a, ms(600)));
	ck_assert(jvpn_attempt_answered(&a, ms(1400)));
}
END_TEST

START_TEST(attempt__sign_of_life__ends_the_pause)
{
	a.failing_since_ns = t0;
	jvpn_attempt_begin(&a, ms(60000));
	jvpn_attempt_failed(&a, ms(63000), 0);
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(63001)), JVPN_ATTEMPT_WAIT);
	ck_assert(!jvpn_attempt_answered(&a, ms(63001)));
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(63001)), JVPN_ATTEMPT_START);
}
END_TEST

START_TEST(attempt__answers_knocks_only__gets_patient)
{
	uint64_t at = 0;

	for (; at < JVPN_ATTEMPT_TRUST_MS / 2; at += 10) {
		switch (jvpn_attempt_due(&a, ms(at))) {
		case JVPN_ATTEMPT_START:
			jvpn_attempt_begin(&a, ms(at));
			break;
		case JVPN_ATTEMPT_KNOCK:
			jvpn_attempt_knocked(&a, ms(at));
			if (jvpn_attempt_answered(&a, ms(at)))
				jvpn_attempt_dropped(&a);
			break;
		case JVPN_ATTEMPT_GIVE_UP:
			jvpn_attempt_failed(&a, ms(at), 0);
			break;
		case JVPN_ATTEMPT_WAIT:
			break;
		}
	}
	ck_assert_uint_ge(a.backoff_ms, JVPN_ATTEMPT_BACKOFF_FIRST_MS);
}
END_TEST

START_TEST(attempt__hold__obeyed)
{
	jvpn_attempt_begin(&a, t0);
	jvpn_attempt_hold(&a, ms(30000));
	jvpn_attempt_dropped(&a);
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(29999)), JVPN_ATTEMPT_WAIT);
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(30000)), JVPN_ATTEMPT_START);
}
END_TEST

/* Patient, and the host says that nobody listens: knocks and tries every half second, never longer. */
START_TEST(attempt__port_closed__knocks_on_patiently)
{
	uint64_t last = 0, gap = 0;
	unsigned attempts = 0, said = 0;

	a.failing_since_ns = t0;
	for (uint64_t at = 20000; at < 80000; at++) {
		bool asked = false;

		switch (jvpn_attempt_due(&a, ms(at))) {
		case JVPN_ATTEMPT_START:
			jvpn_attempt_begin(&a, ms(at));
			attempts++;
			asked = true;
			break;
		case JVPN_ATTEMPT_KNOCK:
			jvpn_attempt_knocked(&a, ms(at));
			asked = true;
			break;
		case JVPN_ATTEMPT_GIVE_UP:
			jvpn_attempt_failed(&a, ms(at), 1000000 + at);
			break;
		case JVPN_ATTEMPT_WAIT:
			break;
		}
		if (at % 10000 == 9999) /* the QUIC connection has its own time-out */
			jvpn_attempt_failed(&a, ms(at), at);
		if (!asked)
			continue;
		if (last != 0 && at - last > gap)
			gap = at - last;
		last = at;
		/* The host says so once a second at most (icmp_ratelimit). */
		if (at / 1000 != said) {
			said = (unsigned)(at / 1000);
			jvpn_attempt_port_closed(&a, ms(at));
		}
	}
	/* A knock just before, the end of the attempt, and the longest pause. */
	ck_assert_uint_le(gap, 2 * JVPN_ATTEMPT_CLOSED_MS + 1);
	ck_assert_uint_le(attempts, 8);
}
END_TEST

START_TEST(attempt__port_closed_no_more__patient_as_before)
{
	a.failing_since_ns = t0;
	a.backoff_ms = JVPN_ATTEMPT_BACKOFF_MAX_MS;
	jvpn_attempt_begin(&a, ms(20000));
	jvpn_attempt_port_closed(&a, ms(20010));
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(20510)), JVPN_ATTEMPT_KNOCK);
	jvpn_attempt_knocked(&a, ms(20510));
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(23010)), JVPN_ATTEMPT_GIVE_UP);
	jvpn_attempt_failed(&a, ms(23011), 0);
	ck_assert_uint_ge(jvpn_attempt_next(&a), ms(23011 + JVPN_ATTEMPT_BACKOFF_MAX_MS / 2));
}
END_TEST

START_TEST(attempt__port_closed_while_none_runs__starts_nothing)
{
	a.failing_since_ns = t0;
	a.again_ns = ms(60000);
	jvpn_attempt_port_closed(&a, ms(20000));
	ck_assert_int_eq(jvpn_attempt_due(&a, ms(20000)), JVPN_ATTEMPT_WAIT);
	ck_assert_uint_eq(jvpn_attempt_next(&a), ms(60000));
}
END_TEST

UNIT_TESTS(attempt)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, attempt__port_closed__knocks_on_patiently);
	tcase_add_test(tc, attempt__port_closed_no_more__patient_as_before);
	tcase_add_test(tc, attempt__port_closed_while_none_runs__starts_nothing);
	tcase_add_test(tc, attempt__first__never_sleeps);
	tcase_add_test(tc, attempt__eager__knocks_every_100_ms);
	tcase_add_test(tc, attempt__patient__pauses_grow_to_5_s);
	tcase_add_test(tc, attempt__jitter__between_half_and_whole);
	tcase_add_test(tc, attempt__ended_at_once__spaced);
	tcase_add_test(tc, attempt__sign_of_life__replaces_the_deaf_one);
	tcase_add_test(tc, attempt__sign_of_life__ends_the_pause);
	tcase_add_test(tc, attempt__answers_knocks_only__gets_patient);
	tcase_add_test(tc, attempt__hold__obeyed);
}
