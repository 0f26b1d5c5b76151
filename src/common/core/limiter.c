/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tallies and refusals of limiter.h. Must not round in favour of whoever is limited.
 */
#include "core/limiter.h"

#include <string.h>

#include "base/time.h"
#include "core/prelude.h"

static bool in_window(const struct jvpn_tally_entry *e, uint32_t window_ms, uint64_t now_ms)
{
	return (uint64_t)e->at_ms + window_ms > now_ms;
}

uint64_t jvpn_tally_sum(const struct jvpn_tally *t, uint32_t window_ms, uint64_t now_ms)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < *t->used; i++)
		if (in_window(&t->entry[i], window_ms, now_ms))
			sum += t->entry[i].count;
	return sum;
}

static void drop_first(const struct jvpn_tally *t, size_t n)
{
	memmove(t->entry, t->entry + n, (*t->used - n) * sizeof(t->entry[0]));
	*t->used = (uint8_t)(*t->used - n);
}

/* How much time the entry would cover that i and i + 1 become: from the one before them. (Not the
 * distance of the two alone, or the newest entry would swallow everything that comes.) What the
 * oldest covers is not known: it is left to expire as long as another pair is there. */
static uint32_t merged_width(const struct jvpn_tally *t, size_t i)
{
	return i == 0 ? UINT32_MAX : t->entry[i + 1].at_ms - t->entry[i - 1].at_ms;
}

/* The pair of neighbours in [first, end) that covers least becomes one entry at the later time; of
 * equal ones the oldest. */
static void merge_closest(const struct jvpn_tally *t, size_t first, size_t end)
{
	size_t best = first;

	for (size_t i = first + 1; i + 1 < end; i++)
		if (merged_width(t, i) < merged_width(t, best))
			best = i;
	t->entry[best + 1].count += t->entry[best].count;
	memmove(&t->entry[best], &t->entry[best + 1], (*t->used - best - 1) * sizeof(t->entry[0]));
	*t->used = (uint8_t)(*t->used - 1);
}

/* Half of the entries are for the last minute, so that a short window stays fine-grained although
 * a long one is full: only when the minute has more than its half is it merged itself. */
static void make_room(const struct jvpn_tally *t, uint32_t at_ms)
{
	size_t old = 0;

	while (old < *t->used && !in_window(&t->entry[old], JVPN_TALLY_FINE_MS, at_ms))
		old++;
	if (old >= 2 && *t->used - old <= t->capacity / 2U)
		merge_closest(t, 0, old);
	else
		merge_closest(t, old <= *t->used - 2U ? old : 0, *t->used);
}

void jvpn_tally_add(const struct jvpn_tally *t, uint32_t keep_ms, uint64_t at_ms)
{
	uint32_t at = at_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)at_ms;
	size_t old = 0;

	if (*t->used > 0 && at < t->entry[*t->used - 1].at_ms)
		at = t->entry[*t->used - 1].at_ms;
	while (old < *t->used && !in_window(&t->entry[old], keep_ms, at))
		old++;
	drop_first(t, old);
	if (*t->used == t->capacity)
		make_room(t, at);
	t->entry[*t->used].at_ms = at;
	t->entry[*t->used].count = 1;
	*t->used = (uint8_t)(*t->used + 1);
}

uint64_t jvpn_tally_wait_ms(const struct jvpn_tally *t, uint32_t window_ms, uint64_t limit,
			    uint64_t now_ms)
{
	uint64_t sum = jvpn_tally_sum(t, window_ms, now_ms);

	if (limit == 0)
		return window_ms;
	if (sum < limit)
		return 0;
	for (size_t i = 0; i < *t->used; i++) {
		if (!in_window(&t->entry[i], window_ms, now_ms))
			continue;
		sum -= t->entry[i].count;
		if (sum < limit)
			return (uint64_t)t->entry[i].at_ms + window_ms - now_ms;
	}
	return window_ms;
}

enum jvpn_refusal_verdict jvpn_refusals_charge(struct jvpn_refusals *conn,
					       struct jvpn_bucket *source, uint64_t now_ns)
{
	bool source_ok = source == NULL || jvpn_bucket_take(source, JVPN_REFUSAL_SOURCE_PER_S,
							    JVPN_REFUSAL_SOURCE_BURST, now_ns);
	bool conn_ok = jvpn_bucket_take(&conn->bucket, JVPN_REFUSAL_CONN_PER_S,
					JVPN_REFUSAL_CONN_BURST, now_ns);

	if (conn->count < UINT32_MAX)
		conn->count++;
	if (conn->count >= JVPN_REFUSAL_CLOSE_AFTER)
		return JVPN_REFUSAL_CLOSE;
	return source_ok && conn_ok ? JVPN_REFUSAL_ANSWER : JVPN_REFUSAL_DROP;
}
