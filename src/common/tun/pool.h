/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Buffers for packets that wait, of three sizes: taken and given back without the allocator, a bounded
 * number kept for the next burst. One thread.
 */
#ifndef JVPN_TUN_POOL_H
#define JVPN_TUN_POOL_H

#include <stdbool.h>
#include <stddef.h>

/* Of small packets: many of them wait at once, and should stay in the processor's cache. */
#define JVPN_POOL_SMALL_BYTES 512
#define JVPN_POOL_SMALL_KEEP  1024
/* Room in each: an inner packet of a usual path and what the queue adds. */
#define JVPN_POOL_BUFFER_BYTES 2048
/* Kept when nobody uses them: 1 MiB. */
#define JVPN_POOL_KEEP 512
/* The same of large ones: a super-packet and what is kept with it. Larger ones are allocated. */
#define JVPN_POOL_LARGE_BYTES (66 * 1024)
#define JVPN_POOL_LARGE_KEEP  16
/* More than this in use by all queues together: nobody may have much (jvpn_pool_is_scarce). */
#define JVPN_POOL_SCARCE_BYTES (32 * 1024 * 1024)

struct jvpn_pool_list {
	void *first;
	size_t kept;
};

/* Owner: runtime. Zeroed is an empty pool. Must outlive its buffers' users. */
struct jvpn_pool {
	struct jvpn_pool_list small, usual, large;
	size_t used; /* octets taken and not given back */
};

/* A buffer for 'bytes'; NULL: no memory. */
void *jvpn_pool_take(struct jvpn_pool *pool, size_t bytes);
/* Gives one back; 'bytes' as when it was taken. */
void jvpn_pool_give(struct jvpn_pool *pool, void *buffer, size_t bytes);
/* Many wait: a queue that is no longer short drops its own packets rather than take more. */
bool jvpn_pool_is_scarce(const struct jvpn_pool *pool);
/* Frees what is kept. */
void jvpn_pool_clear(struct jvpn_pool *pool);

#endif
