/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inner IPv4 and IPv6 packets: validated view, forwarding changes (TTL, ECN, MSS) with incremental
 * checksums, source check, and ICMP errors as octets. Sends nothing, limits no rates, keeps no
 * state; every octet of a packet is hostile.
 */
#ifndef JVPN_PROTO_IPPKT_H
#define JVPN_PROTO_IPPKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/connectip.h"

#define JVPN_IP_PROTO_ICMP     1
#define JVPN_IP_PROTO_TCP      6
#define JVPN_IP_PROTO_UDP      17
#define JVPN_IP_PROTO_FRAGMENT 44
#define JVPN_IP_PROTO_ICMPV6   58
#define JVPN_IP_PROTO_NONE     59

#define JVPN_IPV4_HEADER_BYTES 20
#define JVPN_IPV6_HEADER_BYTES 40
#define JVPN_IPV4_MTU_MIN      68
#define JVPN_IPV6_MTU_MIN      1280
/* Extension headers that are walked before the chain counts as unknown. */
#define JVPN_IPV6_EXTENSIONS_MAX 8
/* An ICMPv4 error quotes so much that it ends within 576 octets (RFC 1812 section 4.3.2.3), an
 * ICMPv6 error within 1280 (RFC 4443 section 2.4 c). */
#define JVPN_ICMP4_ERROR_MAX 576
#define JVPN_ICMP6_ERROR_MAX 1280

/* What jvpn_ippkt_parse() found. Offsets are into the packet it was given; no pointers, so a copy
 * of the packet can be read with the same view. */
struct jvpn_ippkt {
	uint8_t version;     /* 4 or 6 */
	uint8_t address_len; /* 4 or 16 */
	uint8_t protocol;    /* the upper layer's; JVPN_IP_PROTO_NONE when the chain ends unknown */
	uint8_t ttl;         /* or hop limit */
	uint8_t ecn;         /* two bits: 0 not-ECT, 1 ECT(1), 2 ECT(0), 3 CE */
	bool is_fragment;    /* any fragment */
	bool has_payload_head; /* first or only fragment: payload_offset is the upper layer's header */
	bool dont_fragment;    /* IPv4 DF; IPv6 always */
	uint16_t len;          /* the whole packet (no jumbograms) */
	uint16_t payload_offset; /* first octet after the headers that were walked */
	uint8_t src_offset, dst_offset;
};

/* Validates a packet that fills the datagram exactly. JVPN_ETRUNCATED; JVPN_EMALFORMED (version,
 * IHL, total or payload length not the datagram's, header checksum, hop-by-hop not first,
 * extension beyond the packet). An unknown or too long extension chain is no error: protocol is
 * NONE. RFC 791, RFC 8200 section 4. */
int jvpn_ippkt_parse(const uint8_t *packet, size_t len, struct jvpn_ippkt *out);
const uint8_t *jvpn_ippkt_src(const struct jvpn_ippkt *view, const uint8_t *packet);
const uint8_t *jvpn_ippkt_dst(const struct jvpn_ippkt *view, const uint8_t *packet);

/* Is the source one of the assigned prefixes (BCP 38)? Nothing assigned: false. */
bool jvpn_ippkt_src_is_assigned(const struct jvpn_ippkt *view, const uint8_t *packet,
				const struct jvpn_connectip_addresses *assigned);
bool jvpn_ippkt_dst_is_assigned(const struct jvpn_ippkt *view, const uint8_t *packet,
				const struct jvpn_connectip_addresses *assigned);
/* May a packet with these addresses cross a tunnel at all? False for multicast, unspecified,
 * loopback and limited-broadcast sources, loopback destinations, and link-local either way
 * (RFC 1122 section 3.2.1.3, RFC 3927 section 7, RFC 4291 section 2.5.6). */
bool jvpn_ippkt_is_forwardable(const struct jvpn_ippkt *view, const uint8_t *packet);

/* One hop less, with the IPv4 header checksum updated (RFC 1624). JVPN_ERANGE, nothing
 * changed, when it would become 0: answer time exceeded (RFC 9484 section 7, RFC 1812
 * section 5.3.1, RFC 8200 section 3). */
int jvpn_ippkt_hop_decrement(struct jvpn_ippkt *view, uint8_t *packet);
/* Sets the two ECN bits (checksum updated). RFC 6040: call with 3 when the outer header was CE;
 * JVPN_EINVAL, nothing changed, when the inner packet is not ECT and CE is wanted: drop it. */
int jvpn_ippkt_ecn_set(struct jvpn_ippkt *view, uint8_t *packet, uint8_t ecn);
/* Lowers the MSS option of a TCP SYN to what fits 'mtu' (TCP checksum updated). Returns true when
 * it changed something; anything but a well-formed, unfragmented SYN is left alone. The TCP
 * checksum must be complete (not the kernel's partial one of VIRTIO_NET_HDR_F_NEEDS_CSUM). */
bool jvpn_ippkt_mss_clamp(const struct jvpn_ippkt *view, uint8_t *packet, uint32_t mtu);

enum jvpn_icmp_error {
	JVPN_ICMP_NONE = 0,
	JVPN_ICMP_TOO_BIG,          /* v4 3/4 with next-hop MTU (RFC 1191), v6 2/0; 'mtu' counts */
	JVPN_ICMP_TIME_EXCEEDED,    /* 11/0; 3/0 */
	JVPN_ICMP_NO_ROUTE,         /* 3/0; 1/0 */
	JVPN_ICMP_ADMIN_PROHIBITED, /* 3/13; 1/1 */
	JVPN_ICMP_HOST_UNREACHABLE, /* 3/1; 1/3 */
	JVPN_ICMP_BAD_SOURCE,       /* 3/13; 1/5: source address failed ingress policy */
	JVPN_ICMP_COUNT
};

/* May this packet be answered with an ICMP error (RFC 1122 section 3.2.2, RFC 4443 section 2.4 e)?
 * Not: ICMP errors and unknown ICMP types, later fragments, multicast or broadcast destinations
 * (but v6 too-big), sources that are not one host. */
bool jvpn_ippkt_is_answerable(const struct jvpn_ippkt *view, const uint8_t *packet,
			      enum jvpn_icmp_error error);
struct jvpn_icmp_request {
	enum jvpn_icmp_error error;
	uint32_t mtu;          /* TOO_BIG: the MTU of the path */
	const uint8_t *source; /* borrowed */
};

/* Builds the error as a whole IP packet from 'source' (the tunnel's own address, 4 or 16 octets by
 * view->version) to the offender's source. Returns its length; JVPN_EINVAL when the packet must not
 * be answered or DF is not set for a v4 TOO_BIG; JVPN_ENOSPACE. */
int jvpn_ippkt_icmp_build(const struct jvpn_icmp_request *request, const struct jvpn_ippkt *view,
			  const uint8_t *packet, uint8_t *out, size_t out_size);

/* Internet checksum (RFC 1071) over data, starting from a partial sum (0 at first); folded and
 * complemented, host order: store it big-endian. data may be NULL when len is 0. */
uint16_t jvpn_ip_checksum(const uint8_t *data, size_t len, uint32_t partial);
/* The sum without folding, for several pieces; all but the last must have even length. */
uint32_t jvpn_ip_checksum_partial(const uint8_t *data, size_t len, uint32_t partial);

#endif
