/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/liveness: detection by time alone, whatever the packet rate.
 */
#include <string.h>

#include "unit.h"

#include "base/time.h"
#include "core/liveness.h"

#define MS 1000000ULL
#define T0 (1000000 * MS)

struct outcome {
	uint64_t first_probe_ms, dead_ms;
	int probes, keepalives, drops, healthy, heartbeat;
};

/* Sends every 'interval_ms' (0: only once, at T0) into a path that is dead since T0. */
static struct outcome into_the_void(uint64_t interval_ms, uint64_t pto_ms, uint64_t run_ms)
{
	struct outcome o = {0};
	struct jvpn_liveness l;
	struct jvpn_policy p;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0 - 10 * MS);
	jvpn_liveness_set_pto(&l, pto_ms * MS);
	for (uint64_t t = 0; t <= run_ms && o.dead_ms == 0; t++) {
		enum jvpn_liveness_verdict v;

		if (t == 0 || (interval_ms != 0 && t % interval_ms == 0))
			jvpn_liveness_on_sent(&l, T0 + t * MS);
		while ((v = jvpn_liveness_poll(&l, &p, T0 + t * MS)) != JVPN_LIVENESS_NONE) {
			o.probes += v == JVPN_LIVENESS_PROBE;
			o.drops += v == JVPN_LIVENESS_DROPS;
			if (v == JVPN_LIVENESS_PROBE && o.first_probe_ms == 0)
				o.first_probe_ms = t;
			if (v == JVPN_LIVENESS_DEAD)
				o.dead_ms = t;
		}
	}
	return o;
}

START_TEST(liveness__dead_path__is_found_at_the_same_time_at_any_packet_rate)
{
	static const uint64_t intervals[] = {0, 1, 2, 10, 50, 100, 250};

	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		struct outcome o = into_the_void(intervals[i], 40, 1000);

		ck_assert_uint_eq(o.first_probe_ms, 50); /* max(1 PTO, 50 ms) */
		ck_assert_uint_eq(o.dead_ms, 300);       /* max(path_silence_ms, 3 PTO) */
	}
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		struct outcome o = into_the_void(intervals[i], 200, 2000);

		ck_assert_uint_eq(o.first_probe_ms, 200);
		ck_assert_uint_eq(o.dead_ms, 600);
	}
}
END_TEST

/* A process that slept must not judge by its own silence: two probes come first. */
START_TEST(liveness__polled_late__probes_before_it_judges)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 40 * MS);
	jvpn_liveness_on_sent(&l, T0);
	ck_assert_int_eq(jvpn_liveness_poll(&l, &p, T0 + 5000 * MS), JVPN_LIVENESS_PROBE);
	ck_assert_int_eq(jvpn_liveness_poll(&l, &p, T0 + 5000 * MS), JVPN_LIVENESS_NONE);
	ck_assert_int_eq(jvpn_liveness_poll(&l, &p, T0 + 5040 * MS), JVPN_LIVENESS_PROBE);
	ck_assert_int_eq(jvpn_liveness_poll(&l, &p, T0 + 5079 * MS), JVPN_LIVENESS_NONE);
	ck_assert_int_eq(jvpn_liveness_poll(&l, &p, T0 + 5080 * MS), JVPN_LIVENESS_DEAD);
}
END_TEST

START_TEST(liveness__idle__is_never_instability)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	int keepalives = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	for (uint64_t t = 0; t < 600000; t += 10) { /* ten minutes, each keepalive is answered */
		enum jvpn_liveness_verdict v = jvpn_liveness_poll(&l, &p, T0 + t * MS);

		ck_assert(v == JVPN_LIVENESS_NONE || v == JVPN_LIVENESS_KEEPALIVE);
		if (v == JVPN_LIVENESS_KEEPALIVE) {
			keepalives++;
			jvpn_liveness_on_acked(&l, 0, T0 + (t + 5) * MS);
		}
	}
	ck_assert_int_eq(keepalives, 23); /* one each 25 s and a bit */
}
END_TEST

START_TEST(liveness__idle_and_dead__three_keepalives_then_dead)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	uint64_t dead = 0;
	int keepalives = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	for (uint64_t t = 0; t <= 200000 && dead == 0; t += 10) {
		enum jvpn_liveness_verdict v = jvpn_liveness_poll(&l, &p, T0 + t * MS);

		keepalives += v == JVPN_LIVENESS_KEEPALIVE;
		ck_assert(v != JVPN_LIVENESS_DROPS);
		if (v == JVPN_LIVENESS_DEAD)
			dead = t;
	}
	ck_assert_int_eq(keepalives, 3);
	ck_assert_uint_eq(dead, 80000); /* 3 * 25 s + 5 s */
}
END_TEST

START_TEST(liveness__answer__ends_the_expectation)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 30 * MS);
	jvpn_liveness_on_sent(&l, T0);
	ck_assert_uint_eq(jvpn_liveness_next_deadline(&l, &p), T0 + 50 * MS);
	jvpn_liveness_on_acked(&l, 0, T0 + 20 * MS);
	ck_assert_uint_eq(jvpn_liveness_silence_ns(&l, T0 + 500 * MS), 0);
	ck_assert_int_eq(jvpn_liveness_poll(&l, &p, T0 + 500 * MS), JVPN_LIVENESS_NONE);
}
END_TEST

/* The receiver of a one-way stream notices as well: the stream falls silent. */
START_TEST(liveness__downstream_falls_silent__is_probed_then_dead)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	uint64_t probe = 0, dead = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 40 * MS);
	for (uint64_t t = 0; t <= 100; t += 10)
		jvpn_liveness_on_received(&l, true, T0 + t * MS);
	for (uint64_t t = 100; t < 1000 && dead == 0; t++) {
		enum jvpn_liveness_verdict v;

		while ((v = jvpn_liveness_poll(&l, &p, T0 + t * MS)) != JVPN_LIVENESS_NONE) {
			if (v == JVPN_LIVENESS_PROBE && probe == 0)
				probe = t;
			if (v == JVPN_LIVENESS_DEAD)
				dead = t;
		}
	}
	ck_assert_uint_eq(probe, 150);
	ck_assert_uint_eq(dead, 400);
}
END_TEST

/* A stream that just ended: probes after 50, 100, 200 and 400 ms of silence, all answered, then rest. */
START_TEST(liveness__downstream_ends__four_answers_are_enough)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	unsigned probes = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 40 * MS);
	jvpn_liveness_on_received(&l, true, T0);
	for (uint64_t t = 1; t < 20000; t++) {
		if (jvpn_liveness_poll(&l, &p, T0 + t * MS) != JVPN_LIVENESS_PROBE)
			continue;
		probes++;
		ck_assert_uint_lt(t, 1000);
		jvpn_liveness_on_acked(&l, 0, T0 + t * MS);
	}
	ck_assert_uint_eq(probes, 4);
}
END_TEST

/* The same when the path dies after each of the answers: it is missed. */
START_TEST(liveness__downstream_dies_after_an_answer__is_dead)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	int answers = _i;
	uint64_t dead = 0, last = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 40 * MS);
	jvpn_liveness_on_received(&l, true, T0);
	for (uint64_t t = 1; t < 3000; t++) {
		enum jvpn_liveness_verdict verdict = jvpn_liveness_poll(&l, &p, T0 + t * MS);

		if (verdict == JVPN_LIVENESS_PROBE && answers-- > 0) {
			jvpn_liveness_on_acked(&l, 0, T0 + t * MS);
			last = t;
		} else if (verdict == JVPN_LIVENESS_DEAD) {
			dead = t;
			break;
		}
	}
	ck_assert_uint_ge(dead, last + 300);
	ck_assert_uint_le(dead, last + 500);
}
END_TEST

/* Packets come in, nothing of ours is acknowledged: not dead, but drops. */
START_TEST(liveness__one_way_loss__is_drops_not_dead)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	int drops = 0, healthy = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 40 * MS);
	jvpn_liveness_on_sent(&l, T0);
	for (uint64_t t = 0; t < 1000; t++) {
		enum jvpn_liveness_verdict v;

		jvpn_liveness_on_received(&l, true, T0 + t * MS);
		while ((v = jvpn_liveness_poll(&l, &p, T0 + t * MS)) != JVPN_LIVENESS_NONE) {
			ck_assert(v != JVPN_LIVENESS_DEAD);
			drops += v == JVPN_LIVENESS_DROPS;
		}
	}
	ck_assert_int_eq(drops, 1);
	jvpn_liveness_on_acked(&l, 0, T0 + 1000 * MS);
	healthy = jvpn_liveness_poll(&l, &p, T0 + 1000 * MS) == JVPN_LIVENESS_HEALTHY;
	ck_assert_int_eq(healthy, 1);
	ck_assert_int_eq(jvpn_liveness_poll(&l, &p, T0 + 1000 * MS), JVPN_LIVENESS_NONE);
}
END_TEST

START_TEST(liveness__standby__heartbeats_and_timeout)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	int probes = 0, timeouts = 0;
	uint64_t timeout = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 40 * MS);
	jvpn_liveness_set_mode(&l, JVPN_LIVENESS_STANDBY, T0);
	for (uint64_t t = 0; t < 5000; t++) {
		enum jvpn_liveness_verdict v;

		while ((v = jvpn_liveness_poll(&l, &p, T0 + t * MS)) != JVPN_LIVENESS_NONE) {
			ck_assert(v == JVPN_LIVENESS_PROBE || v == JVPN_LIVENESS_HEARTBEAT_TIMEOUT);
			probes += v == JVPN_LIVENESS_PROBE;
			timeouts += v == JVPN_LIVENESS_HEARTBEAT_TIMEOUT;
			if (v == JVPN_LIVENESS_HEARTBEAT_TIMEOUT)
				timeout = t;
		}
	}
	ck_assert_int_eq(probes, 9);
	ck_assert_int_eq(timeouts, 1);
	ck_assert_uint_eq(timeout, 2500);
}
END_TEST

#define HOUR_MS 3600000ULL

/* Both ends of a standby whose path answers after 20 ms, driven by their deadlines. */
struct both {
	struct jvpn_liveness end[2]; /* client, server */
	uint64_t asked[2];           /* probes and keepalives; each is answered by one packet */
	struct jvpn_policy p;
};

static void both_init(struct both *b)
{
	memset(b, 0, sizeof(*b));
	jvpn_policy_init(&b->p);
	for (int i = 0; i < 2; i++) {
		jvpn_liveness_init(&b->end[i], T0);
		jvpn_liveness_set_pto(&b->end[i], 60 * MS);
	}
	b->end[1].passive = true;
}

static uint64_t earliest(const struct both *b)
{
	return jvpn_time_min(jvpn_liveness_next_deadline(&b->end[0], &b->p),
			     jvpn_liveness_next_deadline(&b->end[1], &b->p));
}

/* Runs for so long in 'mode'; asserts that nothing bad is ever said. */
static void both_run(struct both *b, enum jvpn_liveness_mode mode, uint64_t from_ns, uint64_t ms)
{
	uint64_t now, end_ns = from_ns + ms * MS;

	for (int i = 0; i < 2; i++)
		jvpn_liveness_set_mode(&b->end[i], mode, from_ns);
	for (now = from_ns; now<end_ns; now = earliest(b)> now ? earliest(b) : now + MS) {
		for (int i = 0; i < 2; i++) {
			enum jvpn_liveness_verdict v = jvpn_liveness_poll(&b->end[i], &b->p, now);

			if (v == JVPN_LIVENESS_NONE)
				continue;
			ck_assert(v == JVPN_LIVENESS_PROBE || v == JVPN_LIVENESS_KEEPALIVE);
			b->asked[i]++;
			jvpn_liveness_on_received(&b->end[!i], false, now + 10 * MS);
			jvpn_liveness_on_acked(&b->end[i], 0, now + 20 * MS);
		}
	}
}

/* What a standby costs in an hour, both directions: packets that ask, and as many answers. */
START_TEST(liveness__standby_of_an_idle_session__packets_per_hour)
{
	struct both b;

	both_init(&b);
	both_run(&b, JVPN_LIVENESS_RESTING, T0, HOUR_MS);
	ck_assert_uint_le(b.asked[0], 144); /* one each 25 s */
	ck_assert_uint_ge(b.asked[0], 143);
	ck_assert_uint_eq(b.asked[1], 0); /* the server leaves it to the client */
}
END_TEST

START_TEST(liveness__standby_of_a_busy_session__packets_per_hour)
{
	struct both b;

	both_init(&b);
	both_run(&b, JVPN_LIVENESS_STANDBY, T0, HOUR_MS);
	ck_assert_uint_le(b.asked[0], 7200); /* one each 500 ms */
	ck_assert_uint_ge(b.asked[0], 6900);
	ck_assert_uint_le(b.asked[1], 1800); /* one each 2 s, for figures of its own */
	ck_assert_uint_ge(b.asked[1], 1700);
}
END_TEST

/* Traffic that comes and goes: each time the standby is measured at once, and never more often. */
START_TEST(liveness__traffic_comes_and_goes__heartbeats_follow)
{
	struct both b;
	uint64_t before;

	both_init(&b);
	for (uint64_t t = 0; t < 600; t += 30) {
		both_run(&b, JVPN_LIVENESS_RESTING, T0 + t * 1000 * MS, 28000);
		before = b.asked[0];
		both_run(&b, JVPN_LIVENESS_STANDBY, T0 + (t * 1000 + 28000) * MS, 400);
		ck_assert_uint_eq(b.asked[0], before + 1);
		both_run(&b, JVPN_LIVENESS_RESTING, T0 + (t * 1000 + 28400) * MS, 1);
		both_run(&b, JVPN_LIVENESS_STANDBY, T0 + (t * 1000 + 28401) * MS, 90);
		ck_assert_uint_eq(b.asked[0], before + 1);
	}
	ck_assert_uint_eq(b.asked[1], 20);
}
END_TEST

/* The client's heartbeats do not arrive: the server asks for itself. */
START_TEST(liveness__passive_end_hears_nothing__asks_and_gives_up)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	uint64_t first = 0, timeout = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	l.passive = true;
	jvpn_liveness_set_pto(&l, 40 * MS);
	jvpn_liveness_set_mode(&l, JVPN_LIVENESS_STANDBY, T0);
	for (uint64_t t = 0; t < 6000; t++) {
		enum jvpn_liveness_verdict v = jvpn_liveness_poll(&l, &p, T0 + t * MS);

		if (v == JVPN_LIVENESS_PROBE && first == 0)
			first = t;
		if (v == JVPN_LIVENESS_HEARTBEAT_TIMEOUT && timeout == 0)
			timeout = t;
	}
	ck_assert_uint_eq(first, 1000);
	ck_assert_uint_eq(timeout, 3000);
}
END_TEST

/* Nobody answers for an hour: fewer and fewer questions. And when somebody does, HEALTHY is said
 * whatever mode the transport is in by then. */
START_TEST(liveness__standby_is_given_up__asks_ever_slower_and_says_when_it_is_back)
{
	static const enum jvpn_liveness_mode modes[] = {JVPN_LIVENESS_STANDBY, JVPN_LIVENESS_BOUND,
							JVPN_LIVENESS_RESTING};
	struct jvpn_liveness l;
	struct jvpn_policy p;
	uint64_t now = T0, asked = 0;
	int healthy = 0;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 40 * MS);
	jvpn_liveness_set_mode(&l, JVPN_LIVENESS_STANDBY, T0);
	while (now < T0 + HOUR_MS * MS) {
		asked += jvpn_liveness_poll(&l, &p, now) == JVPN_LIVENESS_PROBE;
		now = jvpn_liveness_next_deadline(&l, &p) > now
			      ? jvpn_liveness_next_deadline(&l, &p)
			      : now + MS;
	}
	ck_assert_uint_le(asked, 780); /* 720 and the quick ones of the first 20 s */
	ck_assert(l.said_heartbeat);
	jvpn_liveness_set_mode(&l, modes[_i], now);
	if (modes[_i] == JVPN_LIVENESS_BOUND) { /* nothing is bound: it is asked again at once */
		now = jvpn_liveness_next_deadline(&l, &p);
		ck_assert_int_eq(jvpn_liveness_poll(&l, &p, now), JVPN_LIVENESS_PROBE);
	}
	jvpn_liveness_on_acked(&l, 0, now + 20 * MS);
	healthy += jvpn_liveness_poll(&l, &p, now + 20 * MS) == JVPN_LIVENESS_HEALTHY;
	ck_assert_int_eq(healthy, 1);
}
END_TEST

/* Sleeping until next_deadline() misses nothing. */
START_TEST(liveness__driven_by_deadlines_only__same_result)
{
	struct jvpn_liveness l;
	struct jvpn_policy p;
	uint64_t now = T0;
	int rounds = 0;
	enum jvpn_liveness_verdict v = JVPN_LIVENESS_NONE;

	jvpn_policy_init(&p);
	jvpn_liveness_init(&l, T0);
	jvpn_liveness_set_pto(&l, 40 * MS);
	jvpn_liveness_on_sent(&l, T0);
	while (v != JVPN_LIVENESS_DEAD) {
		while (v != JVPN_LIVENESS_DEAD &&
		       (v = jvpn_liveness_poll(&l, &p, now)) != JVPN_LIVENESS_NONE)
			continue;
		if (v == JVPN_LIVENESS_DEAD)
			break;
		ck_assert_uint_gt(jvpn_liveness_next_deadline(&l, &p), now);
		now = jvpn_liveness_next_deadline(&l, &p);
		ck_assert_int_lt(++rounds, 100);
	}
	ck_assert_uint_eq(now, T0 + 300 * MS);
}
END_TEST

/* ---- hints ---- */

static struct jvpn_liveness hinted;
static struct jvpn_policy hinted_policy;

static void hinted_setup(void)
{
	jvpn_policy_init(&hinted_policy);
	jvpn_liveness_init(&hinted, T0);
	jvpn_liveness_set_pto(&hinted, 40 * MS);
}

static enum jvpn_liveness_verdict hinted_poll(uint64_t ms)
{
	return jvpn_liveness_poll(&hinted, &hinted_policy, T0 + ms * MS);
}

START_TEST(liveness__hint_when_idle__probe_at_once_and_the_answer_settles_it)
{
	hinted_setup();
	jvpn_liveness_on_hint(&hinted, T0 + 10 * MS);
	ck_assert_uint_le(jvpn_liveness_next_deadline(&hinted, &hinted_policy), T0 + 10 * MS);
	ck_assert_int_eq(hinted_poll(10), JVPN_LIVENESS_PROBE);
	ck_assert_int_eq(hinted_poll(10), JVPN_LIVENESS_NONE);
	jvpn_liveness_on_acked(&hinted, 0, T0 + 30 * MS);
	ck_assert_int_eq(hinted_poll(30), JVPN_LIVENESS_NONE);
	ck_assert_uint_eq(jvpn_liveness_silence_ns(&hinted, T0 + 5000 * MS), 0);
	ck_assert_int_eq(hinted_poll(5000), JVPN_LIVENESS_NONE);
}
END_TEST

START_TEST(liveness__hint_and_no_answer__dead_like_any_silence)
{
	uint64_t dead = 0;

	hinted_setup();
	jvpn_liveness_on_hint(&hinted, T0 + 1000 * MS);
	for (uint64_t t = 1000; t < 3000 && dead == 0; t++)
		for (enum jvpn_liveness_verdict v; (v = hinted_poll(t)) != JVPN_LIVENESS_NONE;)
			dead = v == JVPN_LIVENESS_DEAD ? t : dead;
	ck_assert_uint_eq(dead, 1000 + hinted_policy.path_silence_ms);
}
END_TEST

/* Forged by the thousand, with a path that answers: one probe a second, and not a word against it. */
START_TEST(liveness__hints_without_end__one_probe_a_second)
{
	int probes = 0;

	hinted_setup();
	for (uint64_t t = 0; t < 10000; t++) {
		enum jvpn_liveness_verdict v;

		jvpn_liveness_on_hint(&hinted, T0 + t * MS);
		while ((v = hinted_poll(t)) != JVPN_LIVENESS_NONE) {
			ck_assert_int_eq(v, JVPN_LIVENESS_PROBE);
			probes++;
		}
		if (t % 20 == 19)
			jvpn_liveness_on_acked(&hinted, 0, T0 + t * MS);
	}
	ck_assert_int_le(probes, 10);
}
END_TEST

START_TEST(liveness__hint_while_a_probe_is_out__changes_nothing)
{
	hinted_setup();
	jvpn_liveness_on_sent(&hinted, T0);
	ck_assert_int_eq(hinted_poll(50), JVPN_LIVENESS_PROBE);
	jvpn_liveness_on_hint(&hinted, T0 + 60 * MS);
	ck_assert_int_eq(hinted_poll(60), JVPN_LIVENESS_NONE);
}
END_TEST

START_TEST(liveness__hint_for_a_standby__heartbeat_at_once_resting_none)
{
	hinted_setup();
	jvpn_liveness_set_mode(&hinted, JVPN_LIVENESS_STANDBY, T0);
	jvpn_liveness_on_hint(&hinted, T0 + 10 * MS);
	ck_assert_int_eq(hinted_poll(10), JVPN_LIVENESS_PROBE);
	hinted_setup();
	jvpn_liveness_set_mode(&hinted, JVPN_LIVENESS_RESTING, T0);
	jvpn_liveness_on_hint(&hinted, T0 + 10 * MS);
	ck_assert_int_eq(hinted_poll(10), JVPN_LIVENESS_NONE);
}
END_TEST

UNIT_TESTS(liveness)
{
	tcase_add_test(tc, liveness__hint_when_idle__probe_at_once_and_the_answer_settles_it);
	tcase_add_test(tc, liveness__hint_and_no_answer__dead_like_any_silence);
	tcase_add_test(tc, liveness__hints_without_end__one_probe_a_second);
	tcase_add_test(tc, liveness__hint_while_a_probe_is_out__changes_nothing);
	tcase_add_test(tc, liveness__hint_for_a_standby__heartbeat_at_once_resting_none);
	tcase_add_test(tc, liveness__dead_path__is_found_at_the_same_time_at_any_packet_rate);
	tcase_add_test(tc, liveness__polled_late__probes_before_it_judges);
	tcase_add_test(tc, liveness__idle__is_never_instability);
	tcase_add_test(tc, liveness__idle_and_dead__three_keepalives_then_dead);
	tcase_add_test(tc, liveness__answer__ends_the_expectation);
	tcase_add_test(tc, liveness__downstream_falls_silent__is_probed_then_dead);
	tcase_add_test(tc, liveness__downstream_ends__four_answers_are_enough);
	tcase_add_loop_test(tc, liveness__downstream_dies_after_an_answer__is_dead, 0, 4);
	tcase_add_test(tc, liveness__one_way_loss__is_drops_not_dead);
	tcase_add_test(tc, liveness__standby__heartbeats_and_timeout);
	tcase_add_test(tc, liveness__standby_of_an_idle_session__packets_per_hour);
	tcase_add_test(tc, liveness__standby_of_a_busy_session__packets_per_hour);
	tcase_add_test(tc, liveness__traffic_comes_and_goes__heartbeats_follow);
	tcase_add_test(tc, liveness__passive_end_hears_nothing__asks_and_gives_up);
	tcase_add_loop_test(
		tc, liveness__standby_is_given_up__asks_ever_slower_and_says_when_it_is_back, 0, 3);
	tcase_add_test(tc, liveness__driven_by_deadlines_only__same_result);
}
