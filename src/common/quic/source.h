/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one source (an IPv4 address, an IPv6 /64) may cost a server before it has a tunnel: handshakes
 * per second, and connections that are not a tunnel yet. Hashed buckets: the memory is fixed, and
 * there is nothing that could be evicted. Sources whose keyed hashes meet share a bucket.
 *
 * A source has two shares. What claims an address costs that address nothing it needs: Initials
 * without a valid token are charged to the one, those with a token (the address is proven) to the
 * other, so that nobody can use up the share of somebody else by forging his address.
 */
#ifndef JVPN_QUIC_SOURCE_H
#define JVPN_QUIC_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/bucket.h"

#define JVPN_SOURCES           4096
#define JVPN_SOURCE_SEED_BYTES 16
/* A burst is so many seconds of the rate. */
#define JVPN_SOURCE_BURST_S 2
/* Connections of one share that have no tunnel yet; fewer when handshakes are scarce. */
#define JVPN_SOURCE_PENDING_MAX    128
#define JVPN_SOURCE_PENDING_SCARCE 8

struct jvpn_source {
	struct jvpn_bucket handshakes;
	uint32_t pending; /* connections without a tunnel */
};

/* Owner: struct jvpn_quic. Several hundred KiB: not for a stack. */
struct jvpn_sources {
	uint8_t seed[JVPN_SOURCE_SEED_BYTES];
	uint32_t handshakes_per_s; /* of each share; 0: no limit */
	struct jvpn_source share[JVPN_SOURCES][2];
};

struct jvpn_source *jvpn_source_find(struct jvpn_sources *sources,
				     const struct sockaddr_storage *remote, bool is_proven);
/* Takes one handshake: false, and nothing is taken, when the rate or the number of connections
 * without a tunnel does not allow it. */
bool jvpn_source_take(const struct jvpn_sources *sources, struct jvpn_source *source,
		      bool is_scarce, uint64_t now_ns);

#endif
