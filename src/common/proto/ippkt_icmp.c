/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ICMP and ICMPv6 errors about inner packets (RFC 792, RFC 1812 section 4.3.2, RFC 4443): when one
 * may be sent and what it looks like. How often is the caller's decision.
 */
#include "proto/ippkt.h"

#include <string.h>

#include "base/err.h"
#include "proto/ippkt_internal.h"

#define ICMP_HEADER_BYTES 8
#define ICMP_TTL          64
/* Precedence 6, internetwork control (RFC 1812 section 4.3.2.5). */
#define ICMP4_TOS            0xc0
#define ICMP6_ERROR_TYPE_MAX 127
#define ICMP6_REDIRECT       137

struct icmp_code {
	uint8_t type4, code4;
	uint8_t type6, code6;
};

static const struct icmp_code icmp_code[JVPN_ICMP_COUNT] = {
	[JVPN_ICMP_TOO_BIG] = {3, 4, 2, 0},          [JVPN_ICMP_TIME_EXCEEDED] = {11, 0, 3, 0},
	[JVPN_ICMP_NO_ROUTE] = {3, 0, 1, 0},         [JVPN_ICMP_ADMIN_PROHIBITED] = {3, 13, 1, 1},
	[JVPN_ICMP_HOST_UNREACHABLE] = {3, 1, 1, 3}, [JVPN_ICMP_BAD_SOURCE] = {3, 13, 1, 5},
};

/* Queries and their answers may be answered with an error; everything else, and what nobody knows,
 * counts as an error itself (RFC 1812 section 4.3.2.7). */
static bool icmp4_is_query(uint8_t type)
{
	switch (type) {
	case 0:  /* echo reply */
	case 8:  /* echo */
	case 9:  /* router advertisement */
	case 10: /* router solicitation */
	case 13: /* timestamp */
	case 14:
	case 15: /* information */
	case 16:
	case 17: /* address mask */
	case 18:
	case 42: /* extended echo (RFC 8335) */
	case 43:
		return true;
	default:
		return false;
	}
}

/* An ICMP message whose type is not there to be read counts as an error. */
static bool is_icmp_error(const struct jvpn_ippkt *view, const uint8_t *packet)
{
	uint8_t icmp = view->version == 4 ? JVPN_IP_PROTO_ICMP : JVPN_IP_PROTO_ICMPV6;
	uint8_t type;

	if (view->protocol != icmp)
		return false;
	if (view->payload_offset >= view->len)
		return true;
	type = packet[view->payload_offset];
	if (view->version == 4)
		return !icmp4_is_query(type);
	return type <= ICMP6_ERROR_TYPE_MAX || type == ICMP6_REDIRECT;
}

/* Is the source one host that can receive an answer (RFC 1122 section 3.2.2, RFC 4443 e.6)? */
static bool source_is_one_host(const struct jvpn_ippkt *view, const uint8_t *packet)
{
	const uint8_t *src = jvpn_ippkt_src(view, packet);
	size_t n = view->address_len;

	return !jvpn_ippkt_address_is_zero(src, n) && !jvpn_ippkt_address_is_loopback(src, n) &&
	       !jvpn_ippkt_address_is_multicast(src, n) && !jvpn_ippkt_address_is_reserved(src, n);
}

bool jvpn_ippkt_is_answerable(const struct jvpn_ippkt *view, const uint8_t *packet,
			      enum jvpn_icmp_error error)
{
	const uint8_t *dst = jvpn_ippkt_dst(view, packet);
	bool is_group = jvpn_ippkt_address_is_multicast(dst, view->address_len) ||
			jvpn_ippkt_address_is_reserved(dst, view->address_len);

	if (error <= JVPN_ICMP_NONE || error >= JVPN_ICMP_COUNT || !view->has_payload_head)
		return false;
	/* Path MTU discovery for multicast works on IPv6 only (RFC 4443 section 2.4 e.3). */
	if (is_group && !(view->version == 6 && error == JVPN_ICMP_TOO_BIG))
		return false;
	return source_is_one_host(view, packet) && !is_icmp_error(view, packet);
}

/* Octets of the offender that are quoted. */
static size_t quote_bytes(const struct jvpn_ippkt *view)
{
	size_t room = view->version == 4
			      ? JVPN_ICMP4_ERROR_MAX - JVPN_IPV4_HEADER_BYTES - ICMP_HEADER_BYTES
			      : JVPN_ICMP6_ERROR_MAX - JVPN_IPV6_HEADER_BYTES - ICMP_HEADER_BYTES;

	return view->len < room ? view->len : room;
}

static void ipv4_header_write(const uint8_t *source, const uint8_t *destination, size_t len,
			      uint8_t *out)
{
	memset(out, 0, JVPN_IPV4_HEADER_BYTES);
	out[0] = 0x45;
	out[1] = ICMP4_TOS;
	jvpn_ippkt_put16(out + 2, (uint16_t)len);
	out[8] = ICMP_TTL;
	out[9] = JVPN_IP_PROTO_ICMP;
	memcpy(out + 12, source, 4);
	memcpy(out + 16, destination, 4);
	jvpn_ippkt_put16(out + 10, jvpn_ip_checksum(out, JVPN_IPV4_HEADER_BYTES, 0));
}

static void ipv6_header_write(const uint8_t *source, const uint8_t *destination, size_t len,
			      uint8_t *out)
{
	memset(out, 0, JVPN_IPV6_HEADER_BYTES);
	out[0] = 0x60;
	jvpn_ippkt_put16(out + 4, (uint16_t)(len - JVPN_IPV6_HEADER_BYTES));
	out[6] = JVPN_IP_PROTO_ICMPV6;
	out[7] = ICMP_TTL;
	memcpy(out + 8, source, 16);
	memcpy(out + 24, destination, 16);
}

static void icmp4_write(const struct jvpn_icmp_request *request, const uint8_t *packet,
			size_t quoted, uint8_t *icmp)
{
	memset(icmp, 0, ICMP_HEADER_BYTES);
	icmp[0] = icmp_code[request->error].type4;
	icmp[1] = icmp_code[request->error].code4;
	if (request->error == JVPN_ICMP_TOO_BIG)
		jvpn_ippkt_put16(icmp + 6,
				 request->mtu < UINT16_MAX ? (uint16_t)request->mtu : UINT16_MAX);
	memcpy(icmp + ICMP_HEADER_BYTES, packet, quoted);
	jvpn_ippkt_put16(icmp + 2, jvpn_ip_checksum(icmp, ICMP_HEADER_BYTES + quoted, 0));
}

/* Its checksum covers a pseudo header too (RFC 8200 section 8.1); 'out' is the whole packet. */
static void icmp6_write(const struct jvpn_icmp_request *request, const uint8_t *packet,
			size_t quoted, uint8_t *out)
{
	uint8_t *icmp = out + JVPN_IPV6_HEADER_BYTES;
	uint32_t sum;

	memset(icmp, 0, ICMP_HEADER_BYTES);
	icmp[0] = icmp_code[request->error].type6;
	icmp[1] = icmp_code[request->error].code6;
	if (request->error == JVPN_ICMP_TOO_BIG) {
		jvpn_ippkt_put16(icmp + 4, (uint16_t)(request->mtu >> 16));
		jvpn_ippkt_put16(icmp + 6, (uint16_t)request->mtu);
	}
	memcpy(icmp + ICMP_HEADER_BYTES, packet, quoted);
	sum = jvpn_ip_checksum_partial(out + 8, 32, JVPN_IP_PROTO_ICMPV6);
	sum = jvpn_ip_checksum_partial(out + 4, 2, sum);
	jvpn_ippkt_put16(icmp + 2, jvpn_ip_checksum(icmp, ICMP_HEADER_BYTES + quoted, sum));
}

int jvpn_ippkt_icmp_build(const struct jvpn_icmp_request *request, const struct jvpn_ippkt *view,
			  const uint8_t *packet, uint8_t *out, size_t out_size)
{
	size_t header = view->version == 4 ? JVPN_IPV4_HEADER_BYTES : JVPN_IPV6_HEADER_BYTES;
	size_t quoted = quote_bytes(view);
	size_t len = header + ICMP_HEADER_BYTES + quoted;

	if (!jvpn_ippkt_is_answerable(view, packet, request->error) ||
	    (request->error == JVPN_ICMP_TOO_BIG && !view->dont_fragment))
		return JVPN_EINVAL;
	if (len > out_size)
		return JVPN_ENOSPACE;
	if (view->version == 4) {
		ipv4_header_write(request->source, jvpn_ippkt_src(view, packet), len, out);
		icmp4_write(request, packet, quoted, out + header);
	} else {
		ipv6_header_write(request->source, jvpn_ippkt_src(view, packet), len, out);
		icmp6_write(request, packet, quoted, out);
	}
	return (int)len;
}
