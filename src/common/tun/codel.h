/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CoDel (RFC 8289): when should the next packet of a queue be dropped (or marked), judged by how long
 * packets have waited. The control law alone: holds no packets. Integers only.
 */
#ifndef JVPN_TUN_CODEL_H
#define JVPN_TUN_CODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jvpn_codel_config {
	uint64_t target_ns;   /* standing delay that is tolerated; 0: never drop */
	uint64_t interval_ns; /* about the longest round trip of usual flows */
};

/* Zeroed is a queue that was never full. */
struct jvpn_codel {
	uint64_t first_above_ns; /* the delay is to be judged then; 0: it is below the target */
	uint64_t drop_next_ns;
	uint32_t count, last_count; /* drops in this and in the last time of dropping */
	bool dropping;
};

/* A packet is about to leave that waited sojourn_ns; left_bytes wait behind it. True: drop or mark it,
 * and ask again for the next one (after a mark it leaves all the same). */
bool jvpn_codel_should_drop(struct jvpn_codel *codel, const struct jvpn_codel_config *config,
			    uint64_t sojourn_ns, size_t left_bytes, uint64_t now_ns);

#endif
