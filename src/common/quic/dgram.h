/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HTTP Datagrams of the one tunnel of a connection (RFC 9297 section 2.1, RFC 9484 section 6): the
 * prefix in front of an inner packet, and our liveness probe. Sends nothing.
 */
#ifndef JVPN_QUIC_DGRAM_H
#define JVPN_QUIC_DGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_DGRAM_PREFIX_MAX 16
/* Context ids that nobody registers: a receiver drops such a datagram silently (RFC 9484 section 6),
 * and its acknowledgement is all we want. Clients allocate even ids, servers odd ones. */
#define JVPN_DGRAM_PROBE_CLIENT 0x3ffeULL
#define JVPN_DGRAM_PROBE_SERVER 0x3fffULL

/* Part of its connection. */
struct jvpn_dgram {
	int64_t stream_id; /* -1: no tunnel yet */
	size_t prefix_len, probe_len;
	uint8_t prefix[JVPN_DGRAM_PREFIX_MAX];
	uint8_t probe[JVPN_DGRAM_PREFIX_MAX];
};

enum jvpn_dgram_kind {
	JVPN_DGRAM_PACKET = 1, /* an inner packet of our tunnel */
	JVPN_DGRAM_OTHER,      /* a probe, an unknown context, another stream: to be ignored */
	JVPN_DGRAM_MALFORMED   /* close with H3_DATAGRAM_ERROR */
};

void jvpn_dgram_init(struct jvpn_dgram *dgram);
/* The tunnel's stream is known. JVPN_EINVAL when it is no request stream. */
int jvpn_dgram_bind(struct jvpn_dgram *dgram, int64_t stream_id, bool client);
/* What a received datagram is; for a packet where it starts. */
enum jvpn_dgram_kind jvpn_dgram_decode(const struct jvpn_dgram *dgram, const uint8_t *data,
				       size_t len, const uint8_t **packet, size_t *packet_len);
/* The largest inner packet for a UDP payload size and a DCID length; 0 when there is no room. */
size_t jvpn_dgram_max_packet(const struct jvpn_dgram *dgram, size_t udp_payload, size_t dcid_len);

#endif
