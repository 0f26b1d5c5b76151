/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The UDP payload size of one connection's path: packetization layer path MTU discovery with padded
 * DATAGRAMs as probes (RFC 8899, RFC 9000 section 14). A pure state machine; sends nothing.
 *
 * Not ngtcp2's own search, because that starts every connection and every new connection ID at 1200
 * bytes, which is too little for an inner packet of 1280 (RFC 9484 section 7.2). Handshake packets of
 * 1331 bytes carry the proof with them, and a path change keeps the size while it is confirmed.
 */
#ifndef JVPN_QUIC_MTU_H
#define JVPN_QUIC_MTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every QUIC path carries this (RFC 9000 section 14.1). */
#define JVPN_MTU_BASE 1200
/* Carries an inner packet of 1280 bytes whatever the connection ID's length (wire.md "Paths"). */
#define JVPN_MTU_HANDSHAKE 1331
#define JVPN_MTU_TRIES     3
/* After this the sizes that failed are tried again (RFC 8899 section 5.1.1, PMTU_RAISE_TIMER). */
#define JVPN_MTU_RAISE_NS 600000000000ULL

/* Part of its connection. */
struct jvpn_mtu {
	size_t size;    /* what may be sent now */
	size_t max;     /* the search ends here */
	size_t failed;  /* smallest size known not to pass */
	size_t probing; /* size of the probe in flight; 0: none */
	uint64_t probe_id;
	uint64_t deadline_ns; /* of the probe, or when to search again */
	unsigned tries;
	bool is_established, is_confirming;
};

/* max: 1200..65527. */
void jvpn_mtu_init(struct jvpn_mtu *mtu, size_t max);
/* The handshake does not get through, or the peer's first datagram was smaller: 1200 from now on. */
void jvpn_mtu_fall_back(struct jvpn_mtu *mtu);
/* The handshake is complete; largest_sent: the largest packet it needed. */
void jvpn_mtu_on_established(struct jvpn_mtu *mtu, size_t largest_sent);
/* The path is another one: keep the size, confirm it, and search above it anew. */
void jvpn_mtu_on_path_change(struct jvpn_mtu *mtu);
/* Size of the probe to send now; 0: none. */
size_t jvpn_mtu_next(const struct jvpn_mtu *mtu);
/* A probe of this size left as datagram 'id'; unanswered after timeout_ns it is lost. */
void jvpn_mtu_on_sent(struct jvpn_mtu *mtu, uint64_t id, size_t size, uint64_t now_ns,
		      uint64_t timeout_ns);
/* The fate of a datagram; ids of others are ignored. */
void jvpn_mtu_on_acked(struct jvpn_mtu *mtu, uint64_t id, uint64_t now_ns);
void jvpn_mtu_on_lost(struct jvpn_mtu *mtu, uint64_t id, uint64_t now_ns);
void jvpn_mtu_on_timer(struct jvpn_mtu *mtu, uint64_t now_ns);
/* JVPN_TIME_NEVER when there is nothing to wait for. */
uint64_t jvpn_mtu_deadline(const struct jvpn_mtu *mtu);

#endif
