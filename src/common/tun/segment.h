/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A super-packet of the kernel (TSO, USO) to packets that a path carries, each complete with its
 * checksums (RFC 9293, RFC 768). Pure: no I/O, no allocation. The super-packet comes from the local
 * kernel, but is checked like anything else.
 */
#ifndef JVPN_TUN_SEGMENT_H
#define JVPN_TUN_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "tun/offload.h"

/* The longest headers that _next_head() is meant for; more (extension headers) is rare. */
#define JVPN_SEGMENT_HEAD_MAX 128

/* Owner: the caller; 'packet' is borrowed and must not change while segments are taken. */
struct jvpn_segmenter {
	const uint8_t *packet;
	size_t len, header_bytes; /* IP and TCP or UDP headers: stand before every segment */
	size_t l4_offset, segment_bytes;
	size_t done;    /* payload octets that were given out */
	uint32_t count; /* segments that were given out */
	uint32_t ip_sum,
		l4_sum; /* of what is the same in every segment's header, pseudo header included */
	enum jvpn_gso gso;
	uint8_t version;
};

/* Fills in the checksum that the kernel left open, and says so in *offload. JVPN_EMALFORMED: the
 * offsets point beyond the packet. */
int jvpn_checksum_complete(struct jvpn_tun_offload *offload, uint8_t *packet, size_t len);
/* Starts on a super-packet (offload->gso is not NONE). JVPN_EMALFORMED: headers, sizes and offsets do
 * not fit each other. */
int jvpn_segment_init(struct jvpn_segmenter *segmenter, const struct jvpn_tun_offload *offload,
		      const uint8_t *packet, size_t len);
/* The size of the largest one. */
size_t jvpn_segment_largest(const struct jvpn_segmenter *segmenter);
/* The size of the next one; 0: there is none. */
size_t jvpn_segment_next_len(const struct jvpn_segmenter *segmenter);
/* Writes the next one, jvpn_segment_next_len() octets. */
void jvpn_segment_next(struct jvpn_segmenter *segmenter, uint8_t *out);
/* Writes only its headers, segmenter->header_bytes octets, and returns where the rest stands. */
const uint8_t *jvpn_segment_next_head(struct jvpn_segmenter *segmenter, uint8_t *head);
/* Leaves it out. */
void jvpn_segment_skip(struct jvpn_segmenter *segmenter);
/* How many there are still, and their octets together. */
size_t jvpn_segment_left(const struct jvpn_segmenter *segmenter, size_t *bytes);

#endif
