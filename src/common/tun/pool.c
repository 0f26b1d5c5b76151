/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bounded lists of free buffers.
 */
#include "tun/pool.h"

#include <stdlib.h>

static void *take(struct jvpn_pool_list *list, size_t bytes)
{
	void *buffer = list->first;

	if (!buffer)
		return malloc(bytes);
	list->first = *(void **)buffer;
	list->kept--;
	return buffer;
}

static void *take_of(struct jvpn_pool *pool, size_t bytes)
{
	if (bytes <= JVPN_POOL_SMALL_BYTES)
		return take(&pool->small, JVPN_POOL_SMALL_BYTES);
	if (bytes <= JVPN_POOL_BUFFER_BYTES)
		return take(&pool->usual, JVPN_POOL_BUFFER_BYTES);
	if (bytes <= JVPN_POOL_LARGE_BYTES && bytes > JVPN_POOL_LARGE_BYTES / 2)
		return take(&pool->large, JVPN_POOL_LARGE_BYTES);
	return malloc(bytes);
}

void *jvpn_pool_take(struct jvpn_pool *pool, size_t bytes)
{
	void *buffer = take_of(pool, bytes);

	if (buffer)
		pool->used += bytes;
	return buffer;
}

bool jvpn_pool_is_scarce(const struct jvpn_pool *pool)
{
	return pool->used > JVPN_POOL_SCARCE_BYTES;
}

static void give(struct jvpn_pool_list *list, size_t most, void *buffer)
{
	if (list->kept >= most) {
		free(buffer);
		return;
	}
	*(void **)buffer = list->first;
	list->first = buffer;
	list->kept++;
}

void jvpn_pool_give(struct jvpn_pool *pool, void *buffer, size_t bytes)
{
	pool->used -= bytes < pool->used ? bytes : pool->used;
	if (bytes <= JVPN_POOL_SMALL_BYTES)
		give(&pool->small, JVPN_POOL_SMALL_KEEP, buffer);
	else if (bytes <= JVPN_POOL_BUFFER_BYTES)
		give(&pool->usual, JVPN_POOL_KEEP, buffer);
	else if (bytes <= JVPN_POOL_LARGE_BYTES && bytes > JVPN_POOL_LARGE_BYTES / 2)
		give(&pool->large, JVPN_POOL_LARGE_KEEP, buffer);
	else
		free(buffer);
}

static void clear(struct jvpn_pool_list *list)
{
	while (list->first) {
		void *buffer = list->first;

		list->first = *(void **)buffer;
		free(buffer);
	}
	list->kept = 0;
}

void jvpn_pool_clear(struct jvpn_pool *pool)
{
	clear(&pool->small);
	clear(&pool->usual);
	clear(&pool->large);
}
