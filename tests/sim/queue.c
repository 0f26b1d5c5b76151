/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is to come, ordered by virtual time and then by when it was made: no ties, no surprises.
 */
#include <stdlib.h>

#include "sim.h"

static bool is_before(const struct sim_item *a, const struct sim_item *b)
{
	return a->at != b->at ? a->at < b->at : a->serial < b->serial;
}

static void make_room(struct sim *w)
{
	if (w->heap_count < w->heap_size)
		return;
	w->heap_size = w->heap_size ? w->heap_size * 2 : 4096;
	w->heap = realloc(w->heap, w->heap_size * sizeof(*w->heap));
	if (!w->heap)
		abort();
}

void sim_push(struct sim *w, struct sim_item *item, uint64_t at_ns)
{
	size_t i;

	make_room(w);
	item->at = at_ns > w->now_ns ? at_ns : w->now_ns;
	item->serial = w->serial++;
	for (i = w->heap_count++; i > 0 && is_before(item, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = *item;
}

bool sim_pop(struct sim *w, struct sim_item *item)
{
	const struct sim_item *last;
	size_t i = 0;

	if (!w->heap_count)
		return false;
	*item = w->heap[0];
	last = &w->heap[--w->heap_count];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= w->heap_count)
			break;
		if (child + 1 < w->heap_count && is_before(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!is_before(&w->heap[child], last))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = *last;
	return true;
}
