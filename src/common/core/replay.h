/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sliding window over request counters (RFC 6479's idea, RFC 4303 section 3.4.3). Checking and
 * committing are apart: a request that fails a later check before its proof is known never moves
 * the window.
 */
#ifndef JVPN_CORE_REPLAY_H
#define JVPN_CORE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define JVPN_REPLAY_WINDOW_MIN 32
#define JVPN_REPLAY_WINDOW_MAX 4096
#define JVPN_REPLAY_WORDS      (JVPN_REPLAY_WINDOW_MAX / 64)

/* All zero: nothing was seen. Counter 0 is never valid. Fixed memory: 512 bytes of bits, so that a
 * policy reload can change the size (a smaller window forgets nothing, it only looks at less). */
struct jvpn_replay {
	uint64_t highest;
	uint64_t bits[JVPN_REPLAY_WORDS]; /* bit (counter % 4096) */
};

/* Is the counter new and inside the window of 'window' (32..4096, clamped) counters below the
 * highest? True also for any counter above the highest. Changes nothing. */
bool jvpn_replay_is_fresh(const struct jvpn_replay *r, uint64_t counter, uint64_t window);
/* Marks the counter as used. Precondition: jvpn_replay_is_fresh() said so; anything else is ignored. */
void jvpn_replay_commit(struct jvpn_replay *r, uint64_t counter, uint64_t window);
/* Was this very counter committed (as far as 4096 back)? For tests and invariants. */
bool jvpn_replay_has_seen(const struct jvpn_replay *r, uint64_t counter);

#endif
