/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A hash table that grows, from keyed 64-bit hashes to numbers. Two keys with one hash would be taken
 * for one: at 10 million sessions the odds are below 1 : 100 000, and nobody can aim at it without
 * the seed.
 */
#ifndef JVPN_AUDIT_INDEX_H
#define JVPN_AUDIT_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

struct jvpn_trail_slot {
	uint64_t key; /* 0: free */
	uint32_t value;
};

struct jvpn_trail_index {
	struct jvpn_trail_slot *slot; /* owned */
	size_t size, count;           /* size: a power of two */
	uint8_t seed[JVPN_MAP_SEED_BYTES];
};

/* An empty one with a seed of its own. */
void jvpn_trail_index_init(struct jvpn_trail_index *index);
void jvpn_trail_index_clear(struct jvpn_trail_index *index);
/* The slot's value of these bytes, made with 'value' when there was none. NULL: out of memory. Valid until
 * the next call. */
uint32_t *jvpn_trail_index_put(struct jvpn_trail_index *index, const void *data, size_t len,
			       uint32_t value);

#endif
