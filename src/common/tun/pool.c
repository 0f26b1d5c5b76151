/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bounded list of free buffers.
 */
#include "tun/pool.h"

#include <stdlib.h>

void *jvpn_pool_take(struct jvpn_pool *pool, size_t bytes)
{
	void *buffer = pool->first;

	if (bytes > JVPN_POOL_BUFFER_BYTES)
		return malloc(bytes);
	if (!buffer)
		return malloc(JVPN_POOL_BUFFER_BYTES);
	pool->first = *(void **)buffer;
	pool->kept--;
	return buffer;
}

void jvpn_pool_give(struct jvpn_pool *pool, void *buffer, size_t bytes)
{
	if (bytes > JVPN_POOL_BUFFER_BYTES || pool->kept >= JVPN_POOL_KEEP) {
		free(buffer);
		return;
	}
	*(void **)buffer = pool->first;
	pool->first = buffer;
	pool->kept++;
}

void jvpn_pool_clear(struct jvpn_pool *pool)
{
	while (pool->first) {
		void *buffer = pool->first;

		pool->first = *(void **)buffer;
		free(buffer);
	}
	pool->kept = 0;
}
