/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bounds and sums. Knows nothing of how they are shown.
 */
#include "base/delays.h"

#include "base/time.h"

const uint64_t jvpn_delays_bound_ns[JVPN_DELAYS_BOUNDS] = {
	100 * JVPN_NS_PER_US,  250 * JVPN_NS_PER_US,  500 * JVPN_NS_PER_US, 1 * JVPN_NS_PER_MS,
	2500 * JVPN_NS_PER_US, 5 * JVPN_NS_PER_MS,    10 * JVPN_NS_PER_MS,  25 * JVPN_NS_PER_MS,
	50 * JVPN_NS_PER_MS,   100 * JVPN_NS_PER_MS,  250 * JVPN_NS_PER_MS, 500 * JVPN_NS_PER_MS,
	1 * JVPN_NS_PER_S,     2500 * JVPN_NS_PER_MS, 5 * JVPN_NS_PER_S,    10 * JVPN_NS_PER_S,
	30 * JVPN_NS_PER_S,
};

void jvpn_delays_add(struct jvpn_delays *sum, const struct jvpn_delays *h)
{
	for (size_t i = 0; i <= JVPN_DELAYS_BOUNDS; i++)
		sum->count[i] += h->count[i];
	sum->sum_ns += h->sum_ns;
}

uint64_t jvpn_delays_total(const struct jvpn_delays *h)
{
	uint64_t total = 0;

	for (size_t i = 0; i <= JVPN_DELAYS_BOUNDS; i++)
		total += h->count[i];
	return total;
}
