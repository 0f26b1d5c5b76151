/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The timer heap against a plain array.
 */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "quic/timer.h"
#include "unit.h"

START_TEST(timer_heap__random_arming__first_is_always_the_earliest)
{
	enum { N = 100 };
	static struct jvpn_timer timers[N];
	struct jvpn_timer_heap heap = {0};

	memset(timers, 0, sizeof(timers));
	ck_assert_int_eq(jvpn_timer_heap_reserve(&heap, N), 0);
	ck_assert_ptr_null(jvpn_timer_first(&heap));
	srand(7);
	for (int step = 0; step < 20000; step++) {
		struct jvpn_timer *t = &timers[rand() % N], *first;
		uint64_t earliest = JVPN_TIME_NEVER;

		if (rand() % 3 == 0)
			jvpn_timer_disarm(&heap, t);
		else
			jvpn_timer_arm(&heap, t,
				       rand() % 50 ? (uint64_t)rand() % 1000 : JVPN_TIME_NEVER);
		for (size_t i = 0; i < N; i++)
			if (timers[i].slot && timers[i].deadline_ns < earliest)
				earliest = timers[i].deadline_ns;
		first = jvpn_timer_first(&heap);
		if (!first)
			ck_assert(earliest == JVPN_TIME_NEVER);
		else
			ck_assert_uint_eq(first->deadline_ns, earliest);
	}
	jvpn_timer_heap_clear(&heap);
}
END_TEST

UNIT_TESTS(timer)
{
	tcase_add_test(tc, timer_heap__random_arming__first_is_always_the_earliest);
}
