/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a network card does for TSO and USO. Must not touch a segment's payload.
 */
#include "tun/segment.h"

#include <string.h>

#include "base/err.h"
#include "proto/ippkt.h"

#define TCP_HEADER_BYTES 20u
#define TCP_SEQ          4u
#define TCP_DATA_OFFSET  12u
#define TCP_FLAGS        13u
#define TCP_CHECKSUM     16u
#define TCP_FIN_PSH      0x09u
#define TCP_CWR          0x80u
#define UDP_HEADER_BYTES 8u
#define UDP_LEN          4u
#define UDP_CHECKSUM     6u
#define IPV4_TOTAL_LEN   2u
#define IPV4_ID          4u
#define IPV4_CHECKSUM    10u
#define IPV6_PAYLOAD_LEN 4u

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

int jvpn_checksum_complete(struct jvpn_tun_offload *offload, uint8_t *packet, size_t len)
{
	size_t start = offload->checksum_start, at = start + offload->checksum_offset;
	uint16_t sum;

	if (!offload->needs_checksum)
		return 0;
	if (at + 2 > len)
		return JVPN_EMALFORMED;
	/* The field holds the pseudo header's sum: it goes into the sum as it is. A UDP checksum of 0
	 * would say that there is none (RFC 768). */
	sum = jvpn_ip_checksum(packet + start, len - start, 0);
	put16(packet + at, sum == 0 && offload->checksum_offset == UDP_CHECKSUM ? 0xffff : sum);
	offload->needs_checksum = false;
	return 0;
}

static bool is_tcp(const struct jvpn_segmenter *s)
{
	return s->gso == JVPN_GSO_TCP4 || s->gso == JVPN_GSO_TCP6;
}

/* 0: no such header here. */
static size_t l4_header_bytes(const struct jvpn_segmenter *s, size_t left)
{
	size_t bytes;

	if (!is_tcp(s))
		return left >= UDP_HEADER_BYTES ? UDP_HEADER_BYTES : 0;
	if (left < TCP_HEADER_BYTES)
		return 0;
	bytes = (s->packet[s->l4_offset + TCP_DATA_OFFSET] >> 4) * 4U;
	return bytes >= TCP_HEADER_BYTES && bytes <= left ? bytes : 0;
}

static bool fits_version(enum jvpn_gso gso, uint8_t version)
{
	return gso == JVPN_GSO_UDP || (gso == JVPN_GSO_TCP4 && version == 4) ||
	       (gso == JVPN_GSO_TCP6 && version == 6);
}

int jvpn_segment_init(struct jvpn_segmenter *s, const struct jvpn_tun_offload *offload,
		      const uint8_t *packet, size_t len)
{
	struct jvpn_segmenter made = {.packet = packet,
				      .len = len,
				      .segment_bytes = offload->segment_bytes,
				      .gso = offload->gso};
	struct jvpn_ippkt view;
	size_t l4_bytes;

	if (jvpn_ippkt_parse(packet, len, &view) != 0 || view.is_fragment ||
	    !view.has_payload_head || !fits_version(offload->gso, view.version) ||
	    offload->segment_bytes == 0 ||
	    view.protocol != (is_tcp(&made) ? JVPN_IP_PROTO_TCP : JVPN_IP_PROTO_UDP))
		return JVPN_EMALFORMED;
	made.version = view.version;
	made.l4_offset = view.payload_offset;
	l4_bytes = l4_header_bytes(&made, len - made.l4_offset);
	made.header_bytes = made.l4_offset + l4_bytes;
	if (l4_bytes == 0 || made.header_bytes >= len)
		return JVPN_EMALFORMED;
	*s = made;
	return 0;
}

size_t jvpn_segment_largest(const struct jvpn_segmenter *s)
{
	size_t payload = s->len - s->header_bytes;

	return s->header_bytes + (payload < s->segment_bytes ? payload : s->segment_bytes);
}

size_t jvpn_segment_next_len(const struct jvpn_segmenter *s)
{
	size_t left = s->len - s->header_bytes - s->done;

	if (left == 0)
		return 0;
	return s->header_bytes + (left < s->segment_bytes ? left : s->segment_bytes);
}

static void write_ip(const struct jvpn_segmenter *s, uint8_t *out, size_t len)
{
	if (s->version == 6) {
		put16(out + IPV6_PAYLOAD_LEN, (uint16_t)(len - JVPN_IPV6_HEADER_BYTES));
		return;
	}
	put16(out + IPV4_TOTAL_LEN, (uint16_t)len);
	put16(out + IPV4_ID, (uint16_t)(get16(out + IPV4_ID) + s->count));
	put16(out + IPV4_CHECKSUM, 0);
	put16(out + IPV4_CHECKSUM, jvpn_ip_checksum(out, (out[0] & 0x0fU) * 4U, 0));
}

static void write_tcp(const struct jvpn_segmenter *s, uint8_t *tcp, bool is_last)
{
	uint32_t seq = (uint32_t)get16(tcp + TCP_SEQ) << 16 | get16(tcp + TCP_SEQ + 2);

	seq += (uint32_t)s->done;
	put16(tcp + TCP_SEQ, (uint16_t)(seq >> 16));
	put16(tcp + TCP_SEQ + 2, (uint16_t)seq);
	/* FIN and PSH belong to the last octet, CWR to the first segment (RFC 3168 section 6.1.2). */
	if (!is_last)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_FIN_PSH;
	if (s->count != 0)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
}

/* Addresses, protocol and length (RFC 9293 section 3.1, RFC 8200 section 8.1). */
static uint32_t pseudo_sum(const struct jvpn_segmenter *s, const uint8_t *out, size_t l4_len)
{
	size_t at = s->version == 4 ? 12 : 8, bytes = s->version == 4 ? 8 : 32;
	uint32_t sum = is_tcp(s) ? JVPN_IP_PROTO_TCP : JVPN_IP_PROTO_UDP;

	return jvpn_ip_checksum_partial(out + at, bytes, sum + (uint32_t)l4_len);
}

static void write_checksum(const struct jvpn_segmenter *s, uint8_t *out, size_t len)
{
	uint8_t *at = out + s->l4_offset + (is_tcp(s) ? TCP_CHECKSUM : UDP_CHECKSUM);
	size_t l4_len = len - s->l4_offset;
	uint16_t sum;

	put16(at, 0);
	sum = jvpn_ip_checksum(out + s->l4_offset, l4_len, pseudo_sum(s, out, l4_len));
	put16(at, sum == 0 && !is_tcp(s) ? 0xffff : sum);
}

void jvpn_segment_next(struct jvpn_segmenter *s, uint8_t *out)
{
	size_t len = jvpn_segment_next_len(s), payload = len - s->header_bytes;
	bool is_last = s->header_bytes + s->done + payload == s->len;

	memcpy(out, s->packet, s->header_bytes);
	memcpy(out + s->header_bytes, s->packet + s->header_bytes + s->done, payload);
	write_ip(s, out, len);
	if (is_tcp(s))
		write_tcp(s, out + s->l4_offset, is_last);
	else
		put16(out + s->l4_offset + UDP_LEN, (uint16_t)(len - s->l4_offset));
	write_checksum(s, out, len);
	s->done += payload;
	s->count++;
}
