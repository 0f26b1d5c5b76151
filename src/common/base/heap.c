/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The heap of heap.h. Must not own the nodes.
 */
#include "base/heap.h"

#include <stdlib.h>

#include "base/err.h"

int jvpn_heap_init(struct jvpn_heap *h, size_t capacity)
{
	h->v = calloc(capacity + 1, sizeof(*h->v));
	h->count = 0;
	h->capacity = capacity;
	return h->v == NULL ? JVPN_ENOMEM : 0;
}

void jvpn_heap_clear(struct jvpn_heap *h)
{
	free(h->v);
	h->v = NULL;
	h->count = 0;
	h->capacity = 0;
}

static void place(struct jvpn_heap *h, size_t i, struct jvpn_heap_node *node)
{
	h->v[i] = node;
	node->position = i;
}

static void sift_up(struct jvpn_heap *h, size_t i)
{
	struct jvpn_heap_node *node = h->v[i];

	while (i > 1 && h->v[i / 2]->key_ns > node->key_ns) {
		place(h, i, h->v[i / 2]);
		i /= 2;
	}
	place(h, i, node);
}

static void sift_down(struct jvpn_heap *h, size_t i)
{
	struct jvpn_heap_node *node = h->v[i];

	for (;;) {
		size_t child = 2 * i;

		if (child > h->count)
			break;
		if (child < h->count && h->v[child + 1]->key_ns < h->v[child]->key_ns)
			child++;
		if (h->v[child]->key_ns >= node->key_ns)
			break;
		place(h, i, h->v[child]);
		i = child;
	}
	place(h, i, node);
}

int jvpn_heap_set(struct jvpn_heap *h, struct jvpn_heap_node *node, uint64_t key_ns)
{
	if (node->position == 0) {
		if (h->count == h->capacity)
			return JVPN_EFULL;
		place(h, ++h->count, node);
	}
	node->key_ns = key_ns;
	sift_up(h, node->position);
	sift_down(h, node->position);
	return 0;
}

void jvpn_heap_remove(struct jvpn_heap *h, struct jvpn_heap_node *node)
{
	size_t i = node->position;

	if (i == 0)
		return;
	node->position = 0;
	if (i != h->count) {
		place(h, i, h->v[h->count]);
		h->count--;
		sift_up(h, i);
		sift_down(h, h->v[i]->position);
	} else {
		h->count--;
	}
}

struct jvpn_heap_node *jvpn_heap_first(const struct jvpn_heap *h)
{
	return h->count == 0 ? NULL : h->v[1];
}
