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
#define TCP_ACK_NUMBER   8u
#define TCP_DATA_OFFSET  12u
#define TCP_FLAGS        13u
#define TCP_WINDOW       14u
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

static size_t checksum_offset(const struct jvpn_segmenter *s)
{
	return is_tcp(s) ? TCP_CHECKSUM : UDP_CHECKSUM;
}

/* Sums are taken from the super-packet once and completed by arithmetic: what was just written octet by
 * octet is slow to read back in larger words. */
static void sum_headers(struct jvpn_segmenter *s)
{
	const uint8_t *ip = s->packet, *l4 = ip + s->l4_offset;
	size_t at = s->version == 4 ? 12 : 8, bytes = s->version == 4 ? 8 : 32;
	size_t skip = checksum_offset(s);

	if (s->version == 4) {
		/* Without the length, the identification and the checksum itself. */
		s->ip_sum = jvpn_ip_checksum_partial(ip, IPV4_TOTAL_LEN, 0);
		s->ip_sum = jvpn_ip_checksum_partial(ip + 6, 4, s->ip_sum);
		s->ip_sum = jvpn_ip_checksum_partial(ip + 12, (ip[0] & 0x0fU) * 4U - 12, s->ip_sum);
	}
	s->l4_sum = jvpn_ip_checksum_partial(ip + at, bytes,
					     is_tcp(s) ? JVPN_IP_PROTO_TCP : JVPN_IP_PROTO_UDP);
	/* Ports; then without sequence number, flags, checksum, or UDP's length and checksum. */
	s->l4_sum = jvpn_ip_checksum_partial(l4, 4, s->l4_sum);
	if (!is_tcp(s))
		return;
	s->l4_sum = jvpn_ip_checksum_partial(l4 + TCP_ACK_NUMBER, 4, s->l4_sum);
	s->l4_sum = jvpn_ip_checksum_partial(l4 + TCP_WINDOW, 2, s->l4_sum);
	s->l4_sum = jvpn_ip_checksum_partial(l4 + skip + 2,
					     s->header_bytes - s->l4_offset - skip - 2, s->l4_sum);
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
	sum_headers(&made);
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

size_t jvpn_segment_left(const struct jvpn_segmenter *s, size_t *bytes)
{
	size_t payload = s->len - s->header_bytes - s->done;
	size_t count = (payload + s->segment_bytes - 1) / s->segment_bytes;

	*bytes = payload + count * s->header_bytes;
	return count;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffffU) + (sum >> 16);
	return (uint16_t)~sum;
}

static void write_ip(const struct jvpn_segmenter *s, uint8_t *out, size_t len)
{
	uint16_t id;

	if (s->version == 6) {
		put16(out + IPV6_PAYLOAD_LEN, (uint16_t)(len - JVPN_IPV6_HEADER_BYTES));
		return;
	}
	id = (uint16_t)(get16(s->packet + IPV4_ID) + s->count);
	put16(out + IPV4_TOTAL_LEN, (uint16_t)len);
	put16(out + IPV4_ID, id);
	put16(out + IPV4_CHECKSUM, fold((uint64_t)s->ip_sum + len + id));
}

/* Returns the sum of what it wrote. */
static uint64_t write_tcp(const struct jvpn_segmenter *s, uint8_t *tcp, bool is_last)
{
	const uint8_t *whole = s->packet + s->l4_offset;
	uint32_t seq = (uint32_t)get16(whole + TCP_SEQ) << 16 | get16(whole + TCP_SEQ + 2);
	uint8_t flags = whole[TCP_FLAGS];

	seq += (uint32_t)s->done;
	put16(tcp + TCP_SEQ, (uint16_t)(seq >> 16));
	put16(tcp + TCP_SEQ + 2, (uint16_t)seq);
	/* FIN and PSH belong to the last octet, CWR to the first segment (RFC 3168 section 6.1.2). */
	if (!is_last)
		flags &= (uint8_t)~TCP_FIN_PSH;
	if (s->count != 0)
		flags &= (uint8_t)~TCP_CWR;
	tcp[TCP_FLAGS] = flags;
	return (uint64_t)(seq >> 16) + (seq & 0xffffU) +
	       ((uint32_t)whole[TCP_DATA_OFFSET] << 8 | flags);
}

const uint8_t *jvpn_segment_next_head(struct jvpn_segmenter *s, uint8_t *head)
{
	const uint8_t *payload = s->packet + s->header_bytes + s->done;
	size_t len = jvpn_segment_next_len(s), bytes = len - s->header_bytes;
	size_t l4_len = len - s->l4_offset;
	uint8_t *l4 = head + s->l4_offset;
	uint64_t sum = s->l4_sum + l4_len; /* the pseudo header's */
	uint16_t checksum;

	memcpy(head, s->packet, s->header_bytes);
	write_ip(s, head, len);
	if (is_tcp(s)) {
		sum += write_tcp(s, l4, s->header_bytes + s->done + bytes == s->len);
	} else {
		put16(l4 + UDP_LEN, (uint16_t)l4_len);
		sum += l4_len;
	}
	checksum = fold(sum + jvpn_ip_checksum_partial(payload, bytes, 0));
	put16(l4 + checksum_offset(s), checksum == 0 && !is_tcp(s) ? 0xffff : checksum);
	s->done += bytes;
	s->count++;
	return payload;
}

void jvpn_segment_next(struct jvpn_segmenter *s, uint8_t *out)
{
	size_t bytes = jvpn_segment_next_len(s) - s->header_bytes;
	const uint8_t *payload = jvpn_segment_next_head(s, out);

	memcpy(out + s->header_bytes, payload, bytes);
}

void jvpn_segment_skip(struct jvpn_segmenter *s)
{
	s->done += jvpn_segment_next_len(s) - s->header_bytes;
	s->count++;
}
