/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parsing, checking and changing inner IP packets. ICMP errors are in ippkt_icmp.c.
 */
#include "proto/ippkt.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"
#include "proto/ippkt_internal.h"

#define ECN_MASK             3U
#define ECN_CE               3
#define TCP_HEADER_BYTES     20
#define TCP_FLAG_SYN         0x02U
#define TCP_OPTION_END       0
#define TCP_OPTION_NOP       1
#define TCP_OPTION_MSS       2
#define TCP_OPTION_MSS_BYTES 4
#define TCP_CHECKSUM_OFFSET  16
#define PROTO_HOPOPTS        0
#define PROTO_ROUTING        43
#define PROTO_AH             51
#define PROTO_DSTOPTS        60
#define PROTO_MOBILITY       135
#define PROTO_HIP            139
#define PROTO_SHIM6          140

uint16_t jvpn_ippkt_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

void jvpn_ippkt_put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* Four words of 64 bits at a time, in whatever the machine has for that. */
typedef uint64_t quad __attribute__((vector_size(32)));

/* Words in the machine's order, as sums of 32 bits each: one swap at the end puts the octets right (RFC
 * 1071 section 2 B). */
static inline __attribute__((always_inline)) uint64_t sum_words(const uint8_t *data, size_t len)
{
	quad low = {0}, high = {0}, w, v;
	uint64_t rest, sum = 0;

	for (; len >= 2 * sizeof(w); data += 2 * sizeof(w), len -= 2 * sizeof(w)) {
		memcpy(&w, data, sizeof(w));
		memcpy(&v, data + sizeof(w), sizeof(v));
		low += (w & UINT32_MAX) + (v & UINT32_MAX);
		high += (w >> 32) + (v >> 32);
	}
	low += high;
	sum = low[0] + low[1] + low[2] + low[3];
	for (; len; data += sizeof(rest), len -= len < sizeof(rest) ? len : sizeof(rest)) {
		rest = 0;
		memcpy(&rest, data, len < sizeof(rest) ? len : sizeof(rest));
		sum += (rest & UINT32_MAX) + (rest >> 32);
	}
	return sum;
}

#if defined(__x86_64__)
static __attribute__((target("avx2"))) uint64_t sum_words_avx2(const uint8_t *data, size_t len)
{
	return sum_words(data, len);
}

static uint64_t sum_best(const uint8_t *data, size_t len)
{
	return len >= 4 * sizeof(quad) && __builtin_cpu_supports("avx2") ? sum_words_avx2(data, len)
									 : sum_words(data, len);
}
#else
static uint64_t sum_best(const uint8_t *data, size_t len)
{
	return sum_words(data, len);
}
#endif

uint32_t jvpn_ip_checksum_partial(const uint8_t *data, size_t len, uint32_t partial)
{
	uint64_t sum = sum_best(data, len);

	while (sum >> 16)
		sum = (sum & 0xffffU) + (sum >> 16);
	sum = (uint64_t)partial + ntohs((uint16_t)sum);
	return (uint32_t)((sum & UINT32_MAX) + (sum >> 32));
}

uint16_t jvpn_ip_checksum(const uint8_t *data, size_t len, uint32_t partial)
{
	uint32_t sum = jvpn_ip_checksum_partial(data, len, partial);

	while (sum >> 16)
		sum = (sum & 0xffffU) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 1624 equation 3: HC' = ~(~HC + ~m + m'). */
static void checksum_adjust(uint8_t *at, uint16_t before, uint16_t after)
{
	uint32_t sum = (uint16_t)~jvpn_ippkt_get16(at);

	sum += (uint16_t)~before;
	sum += after;
	while (sum >> 16)
		sum = (sum & 0xffffU) + (sum >> 16);
	jvpn_ippkt_put16(at, (uint16_t)~sum);
}

static int parse_ipv4(const uint8_t *packet, size_t len, struct jvpn_ippkt *out)
{
	size_t header_bytes;
	uint16_t fragment;

	if (len < JVPN_IPV4_HEADER_BYTES)
		return JVPN_ETRUNCATED;
	header_bytes = (packet[0] & 0x0fU) * 4U;
	if (header_bytes < JVPN_IPV4_HEADER_BYTES || header_bytes > len ||
	    jvpn_ippkt_get16(packet + 2) != len || jvpn_ip_checksum(packet, header_bytes, 0) != 0)
		return JVPN_EMALFORMED;
	fragment = jvpn_ippkt_get16(packet + 6);
	out->version = 4;
	out->address_len = 4;
	out->protocol = packet[9];
	out->ttl = packet[8];
	out->ecn = packet[1] & ECN_MASK;
	out->is_fragment = (fragment & 0x3fffU) != 0;
	out->has_payload_head = (fragment & 0x1fffU) == 0;
	out->dont_fragment = (fragment & 0x4000U) != 0;
	out->payload_offset = (uint16_t)header_bytes;
	out->src_offset = 12;
	out->dst_offset = 16;
	return 0;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTO_HOPOPTS || protocol == PROTO_ROUTING ||
	       protocol == JVPN_IP_PROTO_FRAGMENT || protocol == PROTO_AH ||
	       protocol == PROTO_DSTOPTS || protocol == PROTO_MOBILITY || protocol == PROTO_HIP ||
	       protocol == PROTO_SHIM6;
}

static size_t extension_bytes(uint8_t protocol, uint8_t length_octet)
{
	if (protocol == JVPN_IP_PROTO_FRAGMENT)
		return 8;
	if (protocol == PROTO_AH)
		return (length_octet + 2U) * 4U;
	return (length_octet + 1U) * 8U;
}

static void note_fragment(const uint8_t *header, struct jvpn_ippkt *out)
{
	uint16_t field = jvpn_ippkt_get16(header + 2);

	out->is_fragment = true;
	out->has_payload_head = (field & 0xfff8U) == 0;
}

/* Follows the chain to the upper layer, a later fragment, or JVPN_IPV6_EXTENSIONS_MAX headers. */
static int walk_extensions(const uint8_t *packet, size_t len, struct jvpn_ippkt *out)
{
	size_t at = JVPN_IPV6_HEADER_BYTES;
	uint8_t protocol = packet[6];

	for (int i = 0; is_extension(protocol) && out->has_payload_head; i++) {
		size_t bytes;

		if (i == JVPN_IPV6_EXTENSIONS_MAX) {
			/* What it carries stays unknown, so it gets no ICMP error either. */
			protocol = JVPN_IP_PROTO_NONE;
			out->has_payload_head = false;
			break;
		}
		if (protocol == PROTO_HOPOPTS && i > 0)
			return JVPN_EMALFORMED;
		if (len - at < 8)
			return JVPN_EMALFORMED;
		bytes = extension_bytes(protocol, packet[at + 1]);
		if (bytes > len - at)
			return JVPN_EMALFORMED;
		if (protocol == JVPN_IP_PROTO_FRAGMENT)
			note_fragment(packet + at, out);
		protocol = packet[at];
		at += bytes;
	}
	out->protocol = protocol;
	out->payload_offset = (uint16_t)at;
	return 0;
}

static int parse_ipv6(const uint8_t *packet, size_t len, struct jvpn_ippkt *out)
{
	if (len < JVPN_IPV6_HEADER_BYTES)
		return JVPN_ETRUNCATED;
	if (jvpn_ippkt_get16(packet + 4) != len - JVPN_IPV6_HEADER_BYTES)
		return JVPN_EMALFORMED;
	out->version = 6;
	out->address_len = 16;
	out->ttl = packet[7];
	out->ecn = packet[1] >> 4 & ECN_MASK;
	out->has_payload_head = true;
	out->dont_fragment = true;
	out->src_offset = 8;
	out->dst_offset = 24;
	return walk_extensions(packet, len, out);
}

int jvpn_ippkt_parse(const uint8_t *packet, size_t len, struct jvpn_ippkt *out)
{
	struct jvpn_ippkt view;
	int err = JVPN_EMALFORMED;

	if (len == 0)
		return JVPN_ETRUNCATED;
	if (len > UINT16_MAX)
		return JVPN_EMALFORMED;
	memset(&view, 0, sizeof(view));
	if (packet[0] >> 4 == 4)
		err = parse_ipv4(packet, len, &view);
	else if (packet[0] >> 4 == 6)
		err = parse_ipv6(packet, len, &view);
	view.len = (uint16_t)len;
	if (!err)
		*out = view;
	return err;
}

const uint8_t *jvpn_ippkt_src(const struct jvpn_ippkt *view, const uint8_t *packet)
{
	return packet + view->src_offset;
}

const uint8_t *jvpn_ippkt_dst(const struct jvpn_ippkt *view, const uint8_t *packet)
{
	return packet + view->dst_offset;
}

static bool prefix_matches(const struct jvpn_connectip_address *a, const uint8_t *address)
{
	size_t whole = a->prefix_len / 8;
	unsigned int mask = 0xff00U >> a->prefix_len % 8 & 0xffU;

	if (memcmp(a->address, address, whole) != 0)
		return false;
	return mask == 0 || ((a->address[whole] ^ address[whole]) & mask) == 0;
}

static bool is_in_list(const struct jvpn_connectip_addresses *list, uint8_t version,
		       const uint8_t *address)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->address[i].version == version &&
		    prefix_matches(&list->address[i], address))
			return true;
	return false;
}

bool jvpn_ippkt_src_is_assigned(const struct jvpn_ippkt *view, const uint8_t *packet,
				const struct jvpn_connectip_addresses *assigned)
{
	return is_in_list(assigned, view->version, jvpn_ippkt_src(view, packet));
}

bool jvpn_ippkt_dst_is_assigned(const struct jvpn_ippkt *view, const uint8_t *packet,
				const struct jvpn_connectip_addresses *assigned)
{
	return is_in_list(assigned, view->version, jvpn_ippkt_dst(view, packet));
}

bool jvpn_ippkt_address_is_zero(const uint8_t *address, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (address[i])
			return false;
	return true;
}

bool jvpn_ippkt_address_is_loopback(const uint8_t *address, size_t len)
{
	if (len == 4)
		return address[0] == 127;
	return jvpn_ippkt_address_is_zero(address, 15) && address[15] == 1;
}

bool jvpn_ippkt_address_is_multicast(const uint8_t *address, size_t len)
{
	return len == 4 ? address[0] >> 4 == 14 : address[0] == 0xff;
}

/* 240/4 with the limited broadcast address, and 0/8 ("this network"): RFC 1122 section 3.2.1.3. */
bool jvpn_ippkt_address_is_reserved(const uint8_t *address, size_t len)
{
	return len == 4 && (address[0] >= 240 || address[0] == 0);
}

static bool is_link_local(const uint8_t *address, size_t len)
{
	if (len == 4)
		return address[0] == 169 && address[1] == 254;
	return address[0] == 0xfe && (address[1] & 0xc0U) == 0x80;
}

bool jvpn_ippkt_is_forwardable(const struct jvpn_ippkt *view, const uint8_t *packet)
{
	const uint8_t *src = jvpn_ippkt_src(view, packet);
	const uint8_t *dst = jvpn_ippkt_dst(view, packet);
	size_t n = view->address_len;

	if (jvpn_ippkt_address_is_zero(src, n) || jvpn_ippkt_address_is_loopback(src, n) ||
	    jvpn_ippkt_address_is_multicast(src, n) || jvpn_ippkt_address_is_reserved(src, n))
		return false;
	if (jvpn_ippkt_address_is_zero(dst, n) || jvpn_ippkt_address_is_loopback(dst, n))
		return false;
	return !is_link_local(src, n) && !is_link_local(dst, n);
}

int jvpn_ippkt_hop_decrement(struct jvpn_ippkt *view, uint8_t *packet)
{
	uint16_t before;

	if (view->ttl <= 1)
		return JVPN_ERANGE;
	view->ttl--;
	if (view->version == 6) {
		packet[7] = view->ttl;
		return 0;
	}
	before = jvpn_ippkt_get16(packet + 8);
	packet[8] = view->ttl;
	checksum_adjust(packet + 10, before, jvpn_ippkt_get16(packet + 8));
	return 0;
}

int jvpn_ippkt_ecn_set(struct jvpn_ippkt *view, uint8_t *packet, uint8_t ecn)
{
	uint16_t before = jvpn_ippkt_get16(packet);

	if (ecn > ECN_MASK || (ecn == ECN_CE && view->ecn == 0))
		return JVPN_EINVAL;
	view->ecn = ecn;
	if (view->version == 6) {
		packet[1] = (uint8_t)((packet[1] & ~(ECN_MASK << 4)) | (unsigned int)ecn << 4);
		return 0;
	}
	packet[1] = (uint8_t)((packet[1] & ~ECN_MASK) | ecn);
	checksum_adjust(packet + 10, before, jvpn_ippkt_get16(packet));
	return 0;
}

/* Offset of the MSS value among the TCP options, 0 when there is none or they are malformed. */
static size_t find_mss(const uint8_t *tcp, size_t header_bytes)
{
	size_t at = TCP_HEADER_BYTES;

	while (at < header_bytes && tcp[at] != TCP_OPTION_END) {
		if (tcp[at] == TCP_OPTION_NOP) {
			at++;
			continue;
		}
		if (header_bytes - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > header_bytes - at)
			return 0;
		if (tcp[at] == TCP_OPTION_MSS)
			return tcp[at + 1] == TCP_OPTION_MSS_BYTES ? at + 2 : 0;
		at += tcp[at + 1];
	}
	return 0;
}

/* The option may lie on an odd offset: then the checksum sees its octets the other way round. */
static void mss_write(uint8_t *tcp, size_t at, uint16_t mss)
{
	size_t even = at & ~(size_t)1;
	uint16_t first = jvpn_ippkt_get16(tcp + even);
	uint16_t second = at == even ? 0 : jvpn_ippkt_get16(tcp + even + 2);

	jvpn_ippkt_put16(tcp + at, mss);
	checksum_adjust(tcp + TCP_CHECKSUM_OFFSET, first, jvpn_ippkt_get16(tcp + even));
	if (at != even)
		checksum_adjust(tcp + TCP_CHECKSUM_OFFSET, second,
				jvpn_ippkt_get16(tcp + even + 2));
}

bool jvpn_ippkt_mss_clamp(const struct jvpn_ippkt *view, uint8_t *packet, uint32_t mtu)
{
	uint32_t ip_bytes = view->version == 4 ? JVPN_IPV4_HEADER_BYTES : JVPN_IPV6_HEADER_BYTES;
	uint8_t *tcp = packet + view->payload_offset;
	size_t left = (size_t)view->len - view->payload_offset;
	size_t header_bytes, at;
	uint32_t limit;

	if (view->protocol != JVPN_IP_PROTO_TCP || view->is_fragment || left < TCP_HEADER_BYTES ||
	    !(tcp[13] & TCP_FLAG_SYN) || mtu <= ip_bytes + TCP_HEADER_BYTES)
		return false;
	header_bytes = (size_t)(tcp[12] >> 4) * 4;
	if (header_bytes < TCP_HEADER_BYTES || header_bytes > left)
		return false;
	limit = mtu - ip_bytes - TCP_HEADER_BYTES;
	at = find_mss(tcp, header_bytes);
	if (at == 0 || jvpn_ippkt_get16(tcp + at) <= limit)
		return false;
	mss_write(tcp, at, (uint16_t)limit);
	return true;
}
