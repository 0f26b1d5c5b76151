/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The memory of one super-packet: read into from the TUN, handed over to a session's queue as it is, and
 * taken apart only when its segments are sent.
 */
#ifndef JVPN_TUN_SUPER_H
#define JVPN_TUN_SUPER_H

#include <stdint.h>

#include "tun/pool.h"
#include "tun/segment.h"

#define JVPN_SUPER_BYTES 65535
/* Shorter ones are copied: their memory would wait mostly empty. */
#define JVPN_SUPER_WORTH 16384

/* Owner: who reads from the TUN; after jvpn_queue_put_super() the queue. */
struct jvpn_super {
	struct jvpn_segmenter segmenter;     /* set before it is queued */
	uint8_t head[JVPN_SEGMENT_HEAD_MAX]; /* of the segment that is being sent */
	uint8_t data[JVPN_SUPER_BYTES];
};

/* pool: borrowed; NULL: the allocator. NULL: no memory. */
struct jvpn_super *jvpn_super_new(struct jvpn_pool *pool);
void jvpn_super_free(struct jvpn_pool *pool, struct jvpn_super *super);

#endif
