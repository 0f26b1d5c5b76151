/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Buffers for packets that wait, all of one size: taken and given back without the allocator, a
 * bounded number kept for the next burst. One thread.
 */
#ifndef JVPN_TUN_POOL_H
#define JVPN_TUN_POOL_H

#include <stddef.h>

/* Room in each: an inner packet of a usual path and what the queue adds. Larger ones are allocated. */
#define JVPN_POOL_BUFFER_BYTES 2048
/* Kept when nobody uses them: 1 MiB. */
#define JVPN_POOL_KEEP 512

/* Owner: runtime. Zeroed is an empty pool. Must outlive its buffers' users. */
struct jvpn_pool {
	void *first; /* of those kept */
	size_t kept;
};

/* A buffer for 'bytes'; NULL: no memory. */
void *jvpn_pool_take(struct jvpn_pool *pool, size_t bytes);
/* Gives one back; 'bytes' as when it was taken. */
void jvpn_pool_give(struct jvpn_pool *pool, void *buffer, size_t bytes);
/* Frees what is kept. */
void jvpn_pool_clear(struct jvpn_pool *pool);

#endif
