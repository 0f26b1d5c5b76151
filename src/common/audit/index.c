/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Open addressing, doubled at three quarters; nothing is ever removed.
 */
#include "audit/index.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SIZE_FIRST 1024

void jvpn_trail_index_init(struct jvpn_trail_index *index)
{
	memset(index, 0, sizeof(*index));
	/* Without entropy the table still works, it is only foreseeable. */
	if (getrandom(index->seed, sizeof(index->seed), GRND_NONBLOCK) < 0)
		index->seed[0] = 1;
}

void jvpn_trail_index_clear(struct jvpn_trail_index *index)
{
	free(index->slot);
	memset(index, 0, sizeof(*index));
}

static struct jvpn_trail_slot *find(struct jvpn_trail_slot *slot, size_t size, uint64_t key)
{
	size_t i = (size_t)key & (size - 1);

	while (slot[i].key && slot[i].key != key)
		i = (i + 1) & (size - 1);
	return &slot[i];
}

static int grow(struct jvpn_trail_index *index)
{
	size_t size = index->size ? index->size * 2 : SIZE_FIRST;
	struct jvpn_trail_slot *slot = calloc(size, sizeof(*slot));

	if (!slot)
		return -1;
	for (size_t i = 0; i < index->size; i++)
		if (index->slot[i].key)
			*find(slot, size, index->slot[i].key) = index->slot[i];
	free(index->slot);
	index->slot = slot;
	index->size = size;
	return 0;
}

uint32_t *jvpn_trail_index_put(struct jvpn_trail_index *index, const void *data, size_t len,
			       uint32_t value)
{
	uint64_t key = jvpn_siphash(index->seed, data, len);
	struct jvpn_trail_slot *slot;

	if (!key)
		key = 1;
	if (index->count >= index->size / 4 * 3 && grow(index))
		return NULL;
	slot = find(index->slot, index->size, key);
	if (!slot->key) {
		slot->key = key;
		slot->value = value;
		index->count++;
	}
	return &slot->value;
}
