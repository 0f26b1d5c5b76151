/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A binary heap of embedded timers. Reads no clock and calls nothing.
 */
#include "quic/timer.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/time.h"

void jvpn_timer_heap_clear(struct jvpn_timer_heap *h)
{
	free(h->v);
	*h = (struct jvpn_timer_heap){0};
}

int jvpn_timer_heap_reserve(struct jvpn_timer_heap *h, size_t count)
{
	size_t capacity = h->capacity ? h->capacity : 16;
	struct jvpn_timer **v;

	if (count <= h->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	v = realloc(h->v, capacity * sizeof(*v));
	if (!v)
		return JVPN_ENOMEM;
	h->v = v;
	h->capacity = capacity;
	return 0;
}

static void put(struct jvpn_timer_heap *h, size_t i, struct jvpn_timer *t)
{
	h->v[i] = t;
	t->slot = i + 1;
}

static void sift_up(struct jvpn_timer_heap *h, size_t i)
{
	struct jvpn_timer *t = h->v[i];

	while (i > 0 && h->v[(i - 1) / 2]->deadline_ns > t->deadline_ns) {
		put(h, i, h->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(h, i, t);
}

static void sift_down(struct jvpn_timer_heap *h, size_t i)
{
	struct jvpn_timer *t = h->v[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->count)
			break;
		if (child + 1 < h->count && h->v[child + 1]->deadline_ns < h->v[child]->deadline_ns)
			child++;
		if (h->v[child]->deadline_ns >= t->deadline_ns)
			break;
		put(h, i, h->v[child]);
		i = child;
	}
	put(h, i, t);
}

void jvpn_timer_arm(struct jvpn_timer_heap *h, struct jvpn_timer *t, uint64_t deadline_ns)
{
	if (deadline_ns == JVPN_TIME_NEVER) {
		jvpn_timer_disarm(h, t);
		return;
	}
	t->deadline_ns = deadline_ns;
	if (t->slot == 0) {
		if (h->count == h->capacity)
			return; /* _reserve() is called with every connection */
		put(h, h->count++, t);
	}
	sift_up(h, t->slot - 1);
	sift_down(h, t->slot - 1);
}

void jvpn_timer_disarm(struct jvpn_timer_heap *h, struct jvpn_timer *t)
{
	size_t i = t->slot - 1;
	struct jvpn_timer *last;

	if (t->slot == 0)
		return;
	t->slot = 0;
	last = h->v[--h->count];
	if (last == t)
		return;
	put(h, i, last);
	sift_up(h, i);
	sift_down(h, last->slot - 1);
}

struct jvpn_timer *jvpn_timer_first(const struct jvpn_timer_heap *h)
{
	return h->count ? h->v[0] : NULL;
}
