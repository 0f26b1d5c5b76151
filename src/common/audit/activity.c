/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bins move to the right for what is earlier, and two become one for what is later.
 */
#include "audit/activity.h"

#include <string.h>

#define WIDTH_FIRST_MS 250

/* Two bins become one; 'odd': the first one stays alone. */
static void widen(uint64_t bin[JVPN_ACTIVITY_BINS], unsigned odd)
{
	for (unsigned i = 0; i < JVPN_ACTIVITY_BINS; i++) {
		uint64_t sum = 0;

		for (unsigned j = 2 * i; j < 2 * i + 2; j++)
			if (j >= odd && j - odd < JVPN_ACTIVITY_BINS)
				sum += bin[j - odd];
		bin[i] = sum; /* what is read is never behind what is written */
	}
}

static void move_right(uint64_t bin[JVPN_ACTIVITY_BINS], unsigned n)
{
	memmove(bin + n, bin, (JVPN_ACTIVITY_BINS - n) * sizeof(*bin));
	memset(bin, 0, n * sizeof(*bin));
}

unsigned jvpn_activity_used(const struct jvpn_activity *a)
{
	for (unsigned i = JVPN_ACTIVITY_BINS; i > 0; i--)
		for (unsigned kind = 0; kind < JVPN_ACTIVITY_KINDS; kind++)
			if (a->bin[kind][i - 1])
				return i;
	return 0;
}

/* Room for what is earlier than the first bin, if there is that much at the other end. */
static void begin_earlier(struct jvpn_activity *a, uint64_t ts_ms)
{
	uint64_t bins = ts_ms < a->from_ms ? (a->from_ms - ts_ms - 1) / a->width_ms + 1 : 0;

	if (!bins || bins > JVPN_ACTIVITY_BINS - jvpn_activity_used(a))
		return;
	for (unsigned kind = 0; kind < JVPN_ACTIVITY_KINDS; kind++)
		move_right(a->bin[kind], (unsigned)bins);
	a->from_ms -= bins * a->width_ms;
}

static void double_width(struct jvpn_activity *a)
{
	unsigned odd = a->from_ms % (2 * a->width_ms) != 0;

	for (unsigned kind = 0; kind < JVPN_ACTIVITY_KINDS; kind++)
		widen(a->bin[kind], odd);
	a->from_ms -= odd * a->width_ms;
	a->width_ms *= 2;
}

void jvpn_activity_put(struct jvpn_activity *a, enum jvpn_activity_kind kind, uint64_t ts_ms,
		       uint64_t count)
{
	if (!a->width_ms) {
		a->width_ms = WIDTH_FIRST_MS;
		a->from_ms = ts_ms - ts_ms % a->width_ms;
	}
	begin_earlier(a, ts_ms);
	while (ts_ms < a->from_ms || (ts_ms - a->from_ms) / a->width_ms >= JVPN_ACTIVITY_BINS) {
		double_width(a);
		begin_earlier(a, ts_ms);
	}
	a->bin[kind][(ts_ms - a->from_ms) / a->width_ms] += count;
}
