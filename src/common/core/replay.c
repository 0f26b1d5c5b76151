/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The replay window of replay.h. Must not move for a counter that was only looked at.
 */
#include "core/replay.h"

#include <string.h>

#include "core/prelude.h"

static uint64_t clamp_window(uint64_t window)
{
	if (window < JVPN_REPLAY_WINDOW_MIN)
		return JVPN_REPLAY_WINDOW_MIN;
	return window > JVPN_REPLAY_WINDOW_MAX ? JVPN_REPLAY_WINDOW_MAX : window;
}

static bool bit_is_set(const struct jvpn_replay *r, uint64_t counter)
{
	return (r->bits[counter / 64 % JVPN_REPLAY_WORDS] >> counter % 64 & 1) != 0;
}

bool jvpn_replay_is_fresh(const struct jvpn_replay *r, uint64_t counter, uint64_t window)
{
	if (counter == 0)
		return false;
	if (counter > r->highest)
		return true;
	return r->highest - counter < clamp_window(window) && !bit_is_set(r, counter);
}

/* The bits of counters that were never seen must be clear when the window slides over them. */
static void slide(struct jvpn_replay *r, uint64_t counter)
{
	uint64_t step = counter - r->highest;

	if (step >= JVPN_REPLAY_WINDOW_MAX) {
		memset(r->bits, 0, sizeof(r->bits));
	} else {
		for (uint64_t c = r->highest + 1; c <= counter && c != 0; c++)
			r->bits[c / 64 % JVPN_REPLAY_WORDS] &= ~(1ULL << c % 64);
	}
	r->highest = counter;
}

void jvpn_replay_commit(struct jvpn_replay *r, uint64_t counter, uint64_t window)
{
	if (!jvpn_replay_is_fresh(r, counter, window))
		return;
	if (counter > r->highest)
		slide(r, counter);
	r->bits[counter / 64 % JVPN_REPLAY_WORDS] |= 1ULL << counter % 64;
}

bool jvpn_replay_has_seen(const struct jvpn_replay *r, uint64_t counter)
{
	return counter != 0 && counter <= r->highest &&
	       r->highest - counter < JVPN_REPLAY_WINDOW_MAX && bit_is_set(r, counter);
}
