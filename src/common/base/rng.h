/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Seeded deterministic generator (xoshiro256**, seeded by SplitMix64) for tests and the simulator.
 * Never for keys, ids or anything a peer must not guess: crypto/ draws those.
 */
#ifndef JVPN_BASE_RNG_H
#define JVPN_BASE_RNG_H

#include <stdint.h>

struct jvpn_rng {
	uint64_t s[4];
};

void jvpn_rng_init(struct jvpn_rng *rng, uint64_t seed);
uint64_t jvpn_rng_u64(struct jvpn_rng *rng);
/* Uniform in 0..bound-1 (Lemire, with rejection); 0 for bound 0. */
uint64_t jvpn_rng_below(struct jvpn_rng *rng, uint64_t bound);

#endif
