/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event loop's timer: deadlines are met, and many short ones do not become as many interrupts.
 */
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "unit.h"

#define US       1000ULL
#define ROUND_NS (20 * JVPN_NS_PER_MS)

struct round {
	struct jvpn_loop *loop;
	uint64_t ahead_ns; /* the deadline of every turn, from its beginning */
	uint64_t until_ns;
	unsigned turns;
};

static uint64_t end_turn(void *user, uint64_t now_ns)
{
	struct round *r = user;

	r->turns++;
	if (now_ns >= r->until_ns)
		jvpn_loop_stop(r->loop, 0);
	return now_ns + r->ahead_ns;
}

static void run(struct round *r)
{
	ck_assert_int_eq(jvpn_loop_new(&r->loop), 0);
	jvpn_loop_set_turn(r->loop, NULL, end_turn, r);
	r->until_ns = jvpn_clock_mono_ns() + ROUND_NS;
	ck_assert_int_eq(jvpn_loop_run(r->loop), 0);
	jvpn_loop_free(r->loop);
}

START_TEST(loop__short_deadlines__come_together)
{
	struct round r = {.ahead_ns = 20 * US};

	run(&r);
	/* One each 500 us, and the two turns before anything has fired. */
	ck_assert_uint_ge(r.turns, 3);
	ck_assert_uint_le(r.turns, ROUND_NS / (500 * US) + 3);
}
END_TEST

START_TEST(loop__single_deadline__is_met)
{
	struct round r = {.ahead_ns = ROUND_NS + 100 * US};
	uint64_t begin_ns = jvpn_clock_mono_ns();

	run(&r);
	ck_assert_uint_eq(r.turns, 2);
	ck_assert_uint_ge(jvpn_clock_mono_ns() - begin_ns, r.ahead_ns);
}
END_TEST

UNIT_TESTS(loop)
{
	tcase_add_test(tc, loop__short_deadlines__come_together);
	tcase_add_test(tc, loop__single_deadline__is_met);
}
