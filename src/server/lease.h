/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The address pool: one slot is one IPv4 address, one IPv6 address, or a pair of them. Pure,
 * bounded at creation, every operation O(1); of a session it knows an opaque owner pointer. One thread
 * at a time, but for jvpn_lease_find().
 */
#ifndef JVPN_SERVER_LEASE_H
#define JVPN_SERVER_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix.h"
#include "proto/connectip.h"

struct jvpn_lease_pool; /* owner: the server's main */

struct jvpn_lease_config {
	struct jvpn_prefix ipv4; /* family 0: none; at least one of the two */
	struct jvpn_prefix ipv6;
	size_t max_leases;      /* at most so many sessions */
	uint64_t quarantine_ns; /* a released slot rests so long; 0: not at all */
};

/* What a session got: /32 and /128. family 0: not from this pool. */
struct jvpn_lease {
	struct jvpn_prefix ipv4;
	struct jvpn_prefix ipv6;
};

/* Network, broadcast, and the first host address (the server's own) are never handed out.
 * JVPN_EINVAL (no prefix, wrong family, host bits set, no leases), JVPN_ERANGE (a prefix has no
 * room for one client: IPv4 longer than /30, IPv6 longer than /126), JVPN_ENOMEM. */
int jvpn_lease_pool_new(const struct jvpn_lease_config *config, struct jvpn_lease_pool **out);
void jvpn_lease_pool_free(struct jvpn_lease_pool *pool);
/* The server's own address with the pool's prefix length, for its TUN; family 0: there is none. */
void jvpn_lease_pool_server(const struct jvpn_lease_pool *pool, uint8_t family,
			    struct jvpn_prefix *out);
/* How many leases there can be, and are. */
size_t jvpn_lease_pool_capacity(const struct jvpn_lease_pool *pool);
size_t jvpn_lease_pool_count(const struct jvpn_lease_pool *pool);

/* The slot that has been free for longest (a fresh pool: ascending). 'owner' is not NULL and not
 * looked at. JVPN_EFULL: none is free, or all that are still rest. JVPN_EINVAL. */
int jvpn_lease_allocate(struct jvpn_lease_pool *pool, void *owner, uint64_t now_ns,
			struct jvpn_lease *out);
/* Takes exactly these addresses again (a session restored from the store). Both must be of the same
 * slot. JVPN_EEXISTS: somebody has them; JVPN_ERANGE: not of this pool; JVPN_EINVAL. */
int jvpn_lease_restore(struct jvpn_lease_pool *pool, void *owner, const struct jvpn_lease *lease);
/* JVPN_ENOTFOUND when it is not out. */
int jvpn_lease_release(struct jvpn_lease_pool *pool, const struct jvpn_lease *lease,
		       uint64_t now_ns);
/* The owner is there and belongs to this worker, whose thread alone releases it. */
void jvpn_lease_publish(struct jvpn_lease_pool *pool, const struct jvpn_lease *lease,
			uint32_t worker);
#define JVPN_LEASE_NOBODY UINT32_MAX
/* The only call that any thread may make at any time: *worker, that of the caller, becomes that of the
 * address, or NOBODY. The owner is returned when that is the same. */
void *jvpn_lease_find(const struct jvpn_lease_pool *pool, uint8_t family, const uint8_t *address,
		      uint32_t *worker);
/* Who has this address (4 or 16 octets by family); NULL when nobody. */
void *jvpn_lease_owner(const struct jvpn_lease_pool *pool, uint8_t family, const uint8_t *address);
/* As ADDRESS_ASSIGN wants it. */
void jvpn_lease_to_addresses(const struct jvpn_lease *lease, struct jvpn_connectip_addresses *out);
/* The first of 'count' local networks that overlaps one of the pool's prefixes, or NULL. */
const struct jvpn_prefix *jvpn_lease_overlap(const struct jvpn_lease_config *config,
					     const struct jvpn_prefix *networks, size_t count);

#endif
