/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Steps of the width 1/64 of their octave, as HDR histograms have them.
 */
#include "audit/histogram.h"

static const uint64_t bars_ms[JVPN_HISTOGRAM_BARS] = {
	1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 0};

static unsigned step_of(uint64_t us)
{
	unsigned octave = 0, step;

	if (us < JVPN_HISTOGRAM_STEPS)
		return (unsigned)us;
	while (us >> octave >= 2 * JVPN_HISTOGRAM_STEPS)
		octave++;
	step = (octave + 1) * JVPN_HISTOGRAM_STEPS +
	       (unsigned)((us >> octave) - JVPN_HISTOGRAM_STEPS);
	return step < JVPN_HISTOGRAM_SIZE ? step : JVPN_HISTOGRAM_SIZE - 1;
}

/* The middle of a step. */
static uint64_t value_of(unsigned step)
{
	unsigned octave = step / JVPN_HISTOGRAM_STEPS;
	uint64_t low;

	if (octave <= 1)
		return step;
	octave--;
	low = (uint64_t)(JVPN_HISTOGRAM_STEPS + step % JVPN_HISTOGRAM_STEPS) << octave;
	return low + (UINT64_C(1) << octave) / 2;
}

void jvpn_histogram_put(struct jvpn_histogram *h, uint64_t us)
{
	unsigned bar = 0;

	while (bar + 1 < JVPN_HISTOGRAM_BARS && us > bars_ms[bar] * 1000)
		bar++;
	h->bar[bar]++;
	h->step[step_of(us)]++;
	if (!h->count || us < h->least_us)
		h->least_us = us;
	if (us > h->most_us)
		h->most_us = us;
	h->count++;
	h->sum_us += (double)us;
}

void jvpn_histogram_add(struct jvpn_histogram *h, const struct jvpn_histogram *from)
{
	if (from->count && (!h->count || from->least_us < h->least_us))
		h->least_us = from->least_us;
	if (from->most_us > h->most_us)
		h->most_us = from->most_us;
	h->count += from->count;
	h->sum_us += from->sum_us;
	for (unsigned i = 0; i < JVPN_HISTOGRAM_BARS; i++)
		h->bar[i] += from->bar[i];
	for (unsigned i = 0; i < JVPN_HISTOGRAM_SIZE; i++)
		h->step[i] += from->step[i];
}

uint64_t jvpn_histogram_percentile(const struct jvpn_histogram *h, unsigned percent)
{
	uint64_t rank = h->count / 100 * percent + (h->count % 100 * percent + 99) / 100, seen = 0;
	uint64_t v = 0;

	if (!h->count)
		return 0;
	if (!rank)
		rank = 1;
	for (unsigned i = 0; i < JVPN_HISTOGRAM_SIZE; i++) {
		seen += h->step[i];
		if (seen < rank)
			continue;
		v = value_of(i);
		break;
	}
	if (v < h->least_us)
		return h->least_us;
	return v > h->most_us || seen == h->count ? h->most_us : v;
}

uint64_t jvpn_histogram_mean(const struct jvpn_histogram *h)
{
	return h->count ? (uint64_t)(h->sum_us / (double)h->count) : 0;
}

uint64_t jvpn_histogram_bar_ms(unsigned bar)
{
	return bar < JVPN_HISTOGRAM_BARS ? bars_ms[bar] : 0;
}
