/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long something took, counted in fixed classes: 100 us to 30 s. One writer, no lock; whoever
 * wants the sum of several adds copies.
 */
#ifndef JVPN_BASE_DELAYS_H
#define JVPN_BASE_DELAYS_H

#include <stddef.h>
#include <stdint.h>

#define JVPN_DELAYS_BOUNDS 17

/* Upper bounds, the bound itself is inside; what is longer is in the last class. */
extern const uint64_t jvpn_delays_bound_ns[JVPN_DELAYS_BOUNDS];

/* Zeroed is an empty one. */
struct jvpn_delays {
	uint64_t count[JVPN_DELAYS_BOUNDS + 1]; /* of each class */
	uint64_t sum_ns;
};

/* Once per packet: most are in the first class. */
static inline void jvpn_delays_observe(struct jvpn_delays *h, uint64_t ns)
{
	size_t i = 0;

	while (i < JVPN_DELAYS_BOUNDS && ns > jvpn_delays_bound_ns[i])
		i++;
	h->count[i]++;
	h->sum_ns += ns;
}

void jvpn_delays_add(struct jvpn_delays *sum, const struct jvpn_delays *h);
uint64_t jvpn_delays_total(const struct jvpn_delays *h);

#endif
