/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shares of sources: source.h. Knows nothing about connections.
 */
#include "quic/source.h"

#include <netinet/in.h>
#include <string.h>

#include "base/map.h"

/* A host has an IPv6 /64 to itself. */
#define IPV6_PREFIX_BYTES 8

struct jvpn_source *jvpn_source_find(struct jvpn_sources *sources,
				     const struct sockaddr_storage *remote, bool is_proven)
{
	const void *address = &((const struct sockaddr_in *)remote)->sin_addr;
	size_t len = sizeof(struct in_addr);

	if (remote->ss_family == AF_INET6) {
		address = &((const struct sockaddr_in6 *)remote)->sin6_addr;
		len = IPV6_PREFIX_BYTES;
	}
	return &sources->share[jvpn_siphash(sources->seed, address, len) % JVPN_SOURCES][is_proven];
}

bool jvpn_source_take(const struct jvpn_sources *sources, struct jvpn_source *source,
		      bool is_scarce, uint64_t now_ns)
{
	uint32_t rate = sources->handshakes_per_s;

	if (rate == 0) /* no limit of the rate; what is open at once has one all the same */
		return source->pending < JVPN_SOURCE_PENDING_MAX;
	if (source->pending >= (is_scarce ? JVPN_SOURCE_PENDING_SCARCE : JVPN_SOURCE_PENDING_MAX))
		return false;
	return jvpn_bucket_take(&source->handshakes, rate, (uint64_t)rate * JVPN_SOURCE_BURST_S,
				now_ns);
}
