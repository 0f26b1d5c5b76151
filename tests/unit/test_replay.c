/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/replay: the window's boundaries as a table (after WireGuard's selftest/counter.c).
 */
#include "unit.h"

#include <string.h>

#include "base/rng.h"
#include "core/replay.h"

struct row {
	uint64_t counter;
	bool fresh;
};

static void play(const struct row *row, size_t count, uint64_t window)
{
	struct jvpn_replay r;

	memset(&r, 0, sizeof(r));
	for (size_t i = 0; i < count; i++) {
		ck_assert_msg(jvpn_replay_is_fresh(&r, row[i].counter, window) == row[i].fresh,
			      "window %lu row %zu", (unsigned long)window, i);
		jvpn_replay_commit(&r, row[i].counter, window);
	}
}

START_TEST(replay__boundaries_of_each_window_size__as_in_the_table)
{
	static const uint64_t sizes[] = {32, 64, 128, 1000, 4096};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t w = sizes[i];
		const struct row rows[] = {
			{0, false},
			{1, true},
			{1, false},
			{9, true},
			{8, true},
			{7, true},
			{7, false},
			{w, true},
			{w - 1, w - 1 > 9},
			{w - 1, false},
			{w + 1, true},
			{2, true},
			{2, false},
			{w + 16, true},
			{3, false},
			{w + 16, false},
			{4 * w + 16, true},
			{3 * w + 16, false},
			{3 * w + 17, true},
			{3 * w + 17, false},
			{UINT64_MAX, true},
			{UINT64_MAX, false},
			{UINT64_MAX - w + 1, true},
			{UINT64_MAX - w, false},
		};

		play(rows, sizeof(rows) / sizeof(rows[0]), w);
	}
}
END_TEST

START_TEST(replay__looking__changes_nothing)
{
	struct jvpn_replay r, copy;

	memset(&r, 0, sizeof(r));
	jvpn_replay_commit(&r, 100, 128);
	copy = r;
	ck_assert(jvpn_replay_is_fresh(&r, 5000, 128));
	ck_assert(!jvpn_replay_is_fresh(&r, 100, 128));
	jvpn_replay_commit(&r, 100, 128);
	ck_assert_mem_eq(&r, &copy, sizeof(r));
}
END_TEST

/* A smaller window after a reload never forgets what was seen. */
START_TEST(replay__window_grows_back__still_knows)
{
	struct jvpn_replay r;

	memset(&r, 0, sizeof(r));
	jvpn_replay_commit(&r, 10, 4096);
	jvpn_replay_commit(&r, 500, 32);
	ck_assert(!jvpn_replay_is_fresh(&r, 10, 4096));
	ck_assert(jvpn_replay_is_fresh(&r, 11, 4096));
	ck_assert(!jvpn_replay_is_fresh(&r, 11, 32));
}
END_TEST

START_TEST(replay__random_order__never_takes_a_counter_twice)
{
	static bool seen[70000];
	struct jvpn_replay r;
	struct jvpn_rng rng;
	uint64_t base = 1;

	memset(&r, 0, sizeof(r));
	jvpn_rng_init(&rng, 3);
	for (int i = 0; i < 60000; i++) {
		uint64_t c = base + jvpn_rng_below(&rng, 300);

		base += jvpn_rng_below(&rng, 2);
		if (!jvpn_replay_is_fresh(&r, c, 128))
			continue;
		ck_assert(!seen[c]);
		seen[c] = true;
		jvpn_replay_commit(&r, c, 128);
		ck_assert(jvpn_replay_has_seen(&r, c));
	}
}
END_TEST

UNIT_TESTS(replay)
{
	tcase_add_test(tc, replay__boundaries_of_each_window_size__as_in_the_table);
	tcase_add_test(tc, replay__looking__changes_nothing);
	tcase_add_test(tc, replay__window_grows_back__still_knows);
	tcase_add_test(tc, replay__random_order__never_takes_a_counter_twice);
}
