/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of tun/segment: what it refuses, and the headers of the pieces. That pieces are right to the
 * octet is in test_coalesce.c.
 */
#include <string.h>

#include "base/err.h"
#include "packet.h"
#include "proto/ippkt.h"
#include "tun/segment.h"
#include "unit.h"

#define TCP 20

static uint8_t packet[PACKET_MAX];

static size_t super(uint8_t flags, size_t payload)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_TCP, TCP + payload);

	memset(packet + JVPN_IPV4_HEADER_BYTES, 0, TCP);
	packet[JVPN_IPV4_HEADER_BYTES + 12] = TCP / 4 << 4;
	packet[JVPN_IPV4_HEADER_BYTES + 13] = flags;
	return len;
}

START_TEST(segment_next__flags__where_they_belong)
{
	struct jvpn_tun_offload offload = {.gso = JVPN_GSO_TCP4, .segment_bytes = 100};
	struct jvpn_segmenter s;
	uint8_t out[PACKET_MAX], flags[3];
	size_t len = super(0x10 | 0x08 | 0x01 | 0x80, 250);

	ck_assert_int_eq(jvpn_segment_init(&s, &offload, packet, len), 0);
	ck_assert_uint_eq(jvpn_segment_largest(&s), JVPN_IPV4_HEADER_BYTES + TCP + 100);
	for (int i = 0; i < 3; i++) {
		len = jvpn_segment_next_len(&s);
		ck_assert_uint_eq(len, JVPN_IPV4_HEADER_BYTES + TCP + (i == 2 ? 50U : 100U));
		jvpn_segment_next(&s, out);
		ck_assert(packet_tcp_checksum_is_right(out, len));
		flags[i] = out[JVPN_IPV4_HEADER_BYTES + 13];
		ck_assert_uint_eq(out[JVPN_IPV4_HEADER_BYTES + 7], 100 * (unsigned)i);
	}
	ck_assert_uint_eq(jvpn_segment_next_len(&s), 0);
	ck_assert_uint_eq(flags[0], 0x90);
	ck_assert_uint_eq(flags[1], 0x10);
	ck_assert_uint_eq(flags[2], 0x19);
}
END_TEST

START_TEST(segment_init__nonsense__is_refused)
{
	struct jvpn_tun_offload offload = {.gso = JVPN_GSO_TCP4, .segment_bytes = 100};
	struct jvpn_segmenter s;
	size_t len = super(0x10, 250);

	switch (_i) {
	case 0:
		offload.segment_bytes = 0;
		break;
	case 1:
		offload.gso = JVPN_GSO_TCP6;
		break;
	case 2:
		offload.gso = JVPN_GSO_UDP;
		break;
	case 3: /* a header of 16 octets */
		packet[JVPN_IPV4_HEADER_BYTES + 12] = 0x40;
		break;
	case 4: /* a header beyond the end */
		len = super(0x10, 10);
		packet[JVPN_IPV4_HEADER_BYTES + 12] = 0xf0;
		break;
	case 5: /* nothing behind the headers */
		len = super(0x10, 0);
		break;
	case 6:
		len--;
		break;
	case 7: /* a fragment */
		packet[6] = 0x20;
		packet_ipv4_checksum(packet);
		break;
	default:
		break;
	}
	ck_assert_int_eq(jvpn_segment_init(&s, &offload, packet, len), JVPN_EMALFORMED);
}
END_TEST

START_TEST(checksum_complete__pseudo_header_in_the_field__right)
{
	struct jvpn_tun_offload offload = {.needs_checksum = true,
					   .checksum_start = JVPN_IPV4_HEADER_BYTES,
					   .checksum_offset = 16};
	size_t len = super(0x10, 251);
	uint16_t sum = (uint16_t)~jvpn_ip_checksum(
		packet + 12, 8, JVPN_IP_PROTO_TCP + (uint32_t)len - JVPN_IPV4_HEADER_BYTES);

	packet[JVPN_IPV4_HEADER_BYTES + 16] = (uint8_t)(sum >> 8);
	packet[JVPN_IPV4_HEADER_BYTES + 17] = (uint8_t)sum;
	ck_assert_int_eq(jvpn_checksum_complete(&offload, packet, len), 0);
	ck_assert(packet_tcp_checksum_is_right(packet, len));
	ck_assert(!offload.needs_checksum);
	offload.needs_checksum = true;
	offload.checksum_start = (uint16_t)(len - 17);
	ck_assert_int_eq(jvpn_checksum_complete(&offload, packet, len), JVPN_EMALFORMED);
}
END_TEST

UNIT_TESTS(segment)
{
	tcase_add_test(tc, segment_next__flags__where_they_belong);
	tcase_add_loop_test(tc, segment_init__nonsense__is_refused, 0, 8);
	tcase_add_test(tc, checksum_complete__pseudo_header_in_the_field__right);
}
