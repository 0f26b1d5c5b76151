/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Binary min-heap of deadlines. Nodes are embedded in their owners; the array is the heap's.
 */
#ifndef JVPN_BASE_HEAP_H
#define JVPN_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: not in a heap. Must not move or die while it is in one. */
struct jvpn_heap_node {
	uint64_t key_ns;
	size_t position; /* 1-based; 0: not in the heap */
};

struct jvpn_heap {
	struct jvpn_heap_node **v; /* v[1..count] */
	size_t count, capacity;
};

/* JVPN_ENOMEM. */
int jvpn_heap_init(struct jvpn_heap *h, size_t capacity);
void jvpn_heap_clear(struct jvpn_heap *h);
/* Inserts the node, or moves it when it is in already. JVPN_EFULL. */
int jvpn_heap_set(struct jvpn_heap *h, struct jvpn_heap_node *node, uint64_t key_ns);
void jvpn_heap_remove(struct jvpn_heap *h, struct jvpn_heap_node *node); /* fine when not in */
struct jvpn_heap_node *jvpn_heap_first(const struct jvpn_heap *h);       /* NULL when empty */

#endif
