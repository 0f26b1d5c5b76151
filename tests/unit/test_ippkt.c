/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inner packets: validation, forwarding changes against a full checksum, source check, MSS.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "packet.h"
#include "proto/ippkt.h"

static uint8_t packet[PACKET_MAX];
static struct jvpn_ippkt view;

START_TEST(ippkt_parse__ipv4__view)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 40);

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_uint_eq(view.version, 4);
	ck_assert_uint_eq(view.protocol, JVPN_IP_PROTO_UDP);
	ck_assert_uint_eq(view.len, 60);
	ck_assert_uint_eq(view.payload_offset, 20);
	ck_assert_uint_eq(view.ttl, 64);
	ck_assert(view.dont_fragment && !view.is_fragment && view.has_payload_head);
	ck_assert_mem_eq(jvpn_ippkt_src(&view, packet), "\x0a\x07\x00\x02", 4);
	ck_assert_mem_eq(jvpn_ippkt_dst(&view, packet), "\xc0\x00\x02\x05", 4);
}
END_TEST

START_TEST(ippkt_parse__any_length_but_its_own__error)
{
	size_t len = _i == 4 ? packet_ipv4(packet, JVPN_IP_PROTO_UDP, 40)
			     : packet_ipv6(packet, JVPN_IP_PROTO_UDP, 40);

	for (size_t n = 0; n <= len + 8; n++)
		ck_assert_int_eq(jvpn_ippkt_parse(packet, n, &view) == 0, n == len);
}
END_TEST

START_TEST(ippkt_parse__any_header_bit_of_ipv4_flipped__refused)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 40);

	for (size_t bit = 0; bit < JVPN_IPV4_HEADER_BYTES * 8; bit++) {
		packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), JVPN_EMALFORMED);
		packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}
END_TEST

START_TEST(ippkt_parse__other_versions__malformed)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 40);

	for (unsigned int version = 0; version < 16; version++) {
		if (version == 4)
			continue;
		packet[0] = (uint8_t)(version << 4 | 5);
		ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), JVPN_EMALFORMED);
	}
}
END_TEST

START_TEST(ippkt_parse__ihl__bounds)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 20);

	for (unsigned int ihl = 0; ihl < 16; ihl++) {
		packet[0] = (uint8_t)(0x40 | ihl);
		packet_ipv4_checksum(packet);
		ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view),
				 ihl >= 5 && ihl <= 10 ? 0 : JVPN_EMALFORMED);
		if (ihl >= 5 && ihl <= 10)
			ck_assert_uint_eq(view.payload_offset, ihl * 4);
	}
}
END_TEST

START_TEST(ippkt_parse__fragments__seen)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 40);

	packet[6] = 0x20;
	packet_ipv4_checksum(packet);
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert(view.is_fragment && view.has_payload_head && !view.dont_fragment);
	packet[6] = 0;
	packet[7] = 1;
	packet_ipv4_checksum(packet);
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert(view.is_fragment && !view.has_payload_head);
}
END_TEST

START_TEST(ippkt_parse__ipv6_extension_chain__walked)
{
	size_t len = packet_ipv6(packet, 0, 64);
	uint8_t *p = packet + 40;

	memset(p, 0, 64);
	p[0] = 60; /* hop-by-hop (8) -> destination options (16) -> routing (8) -> fragment -> UDP */
	p[8] = 43;
	p[9] = 1;
	p[24] = JVPN_IP_PROTO_FRAGMENT;
	p[32] = JVPN_IP_PROTO_UDP;
	p[35] = 1; /* more fragments, offset 0 */
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_uint_eq(view.protocol, JVPN_IP_PROTO_UDP);
	ck_assert_uint_eq(view.payload_offset, 40 + 40);
	ck_assert(view.is_fragment && view.has_payload_head);
	p[35] = 9; /* offset 1 */
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert(view.is_fragment && !view.has_payload_head);
	p[9] = 20; /* beyond the packet */
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), JVPN_EMALFORMED);
	p[8] = JVPN_IP_PROTO_UDP; /* and nothing behind it that would be refused */
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), JVPN_EMALFORMED);
	p[9] = 1;
	p[8] = 0; /* a second hop-by-hop */
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), JVPN_EMALFORMED);
}
END_TEST

START_TEST(ippkt_parse__ipv6_endless_chain__bounded_and_unanswerable)
{
	size_t len = packet_ipv6(packet, 60, 800);

	for (size_t i = 0; i < 100; i++) {
		packet[40 + 8 * i] = 60;
		packet[41 + 8 * i] = 0;
	}
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_uint_eq(view.protocol, JVPN_IP_PROTO_NONE);
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_NO_ROUTE));
}
END_TEST

START_TEST(ippkt_parse__ipv6_extension_cut__malformed)
{
	for (size_t n = 0; n < 8; n++) {
		size_t len = packet_ipv6(packet, 60, n);

		uint8_t *exact;

		packet[40] = JVPN_IP_PROTO_UDP;
		packet[41] = 0;
		exact = malloc(len);
		memcpy(exact, packet, len);
		ck_assert_int_eq(jvpn_ippkt_parse(exact, len, &view), JVPN_EMALFORMED);
		free(exact);
	}
}
END_TEST

/* A partial sum alone, as the last piece of several (UBSan watches). */
START_TEST(ippkt_checksum__no_data__folds_the_partial_sum)
{
	ck_assert_uint_eq(jvpn_ip_checksum(NULL, 0, 0x1fffe), 0);
	ck_assert_uint_eq(jvpn_ip_checksum(NULL, 0, 0x1234), (uint16_t)~0x1234);
}
END_TEST

START_TEST(ippkt_hop_decrement__every_ttl__checksum_stays_right)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 40);

	for (int tos = 0; tos < 256; tos++) {
		packet[1] = (uint8_t)tos;
		packet[8] = 255;
		packet_ipv4_checksum(packet);
		ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
		for (int ttl = 254; ttl > 0; ttl--) {
			ck_assert_int_eq(jvpn_ippkt_hop_decrement(&view, packet), 0);
			ck_assert_uint_eq(packet[8], ttl);
			ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
		}
		ck_assert_int_eq(jvpn_ippkt_hop_decrement(&view, packet), JVPN_ERANGE);
		ck_assert_uint_eq(packet[8], 1);
	}
}
END_TEST

START_TEST(ippkt_hop_decrement__ipv6__until_one)
{
	size_t len = packet_ipv6(packet, JVPN_IP_PROTO_UDP, 40);

	packet[7] = 2;
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_ippkt_hop_decrement(&view, packet), 0);
	ck_assert_uint_eq(packet[7], 1);
	ck_assert_int_eq(jvpn_ippkt_hop_decrement(&view, packet), JVPN_ERANGE);
	packet[7] = 0;
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_ippkt_hop_decrement(&view, packet), JVPN_ERANGE);
}
END_TEST

START_TEST(ippkt_ecn_set__all_pairs__rfc_6040)
{
	for (unsigned int before = 0; before < 4; before++) {
		for (unsigned int after = 0; after < 5; after++) {
			bool ok = after < 4 && !(after == 3 && before == 0);
			size_t len = _i == 4 ? packet_ipv4(packet, JVPN_IP_PROTO_UDP, 40)
					     : packet_ipv6(packet, JVPN_IP_PROTO_UDP, 40);

			if (_i == 4) {
				packet[1] = (uint8_t)(0xb8 | before);
				packet_ipv4_checksum(packet);
			} else {
				packet[1] = (uint8_t)(0x8f | before << 4);
			}
			ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
			ck_assert_uint_eq(view.ecn, before);
			ck_assert_int_eq(jvpn_ippkt_ecn_set(&view, packet, (uint8_t)after),
					 ok ? 0 : JVPN_EINVAL);
			ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
			ck_assert_uint_eq(view.ecn, ok ? after : before);
			ck_assert_uint_eq(_i == 4 ? packet[1] & 0xfc : packet[1] & 0xcf,
					  _i == 4 ? 0xb8 : 0x8f);
		}
	}
}
END_TEST

static struct jvpn_connectip_addresses one_prefix(uint8_t version, uint8_t plen, const char *bytes)
{
	struct jvpn_connectip_addresses list;

	memset(&list, 0, sizeof(list));
	list.count = 1;
	list.address[0].version = version;
	list.address[0].prefix_len = plen;
	memcpy(list.address[0].address, bytes, version == 4 ? 4 : 16);
	return list;
}

START_TEST(ippkt_src_is_assigned__every_bit__decides)
{
	struct jvpn_connectip_addresses list = one_prefix(4, 32, "\x0a\x07\x00\x02");
	struct jvpn_connectip_addresses none = {0};
	struct jvpn_connectip_addresses wide = one_prefix(4, 20, "\x0a\x07\x00\x00");
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 8);

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert(jvpn_ippkt_src_is_assigned(&view, packet, &list));
	ck_assert(!jvpn_ippkt_src_is_assigned(&view, packet, &none));
	ck_assert(!jvpn_ippkt_dst_is_assigned(&view, packet, &list));
	for (size_t bit = 0; bit < 32; bit++) {
		packet[12 + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		ck_assert(!jvpn_ippkt_src_is_assigned(&view, packet, &list));
		ck_assert_int_eq(jvpn_ippkt_src_is_assigned(&view, packet, &wide), bit >= 20);
		packet[12 + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
}
END_TEST

START_TEST(ippkt_src_is_assigned__other_version__false)
{
	struct jvpn_connectip_addresses all4 = one_prefix(4, 0, "\0\0\0\0");
	struct jvpn_connectip_addresses own6 =
		one_prefix(6, 128, "\xfd\0\0\0\0\0\0\0\0\x07\0\0\0\0\0\x02");
	size_t len = packet_ipv6(packet, JVPN_IP_PROTO_UDP, 8);

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert(!jvpn_ippkt_src_is_assigned(&view, packet, &all4));
	ck_assert(jvpn_ippkt_src_is_assigned(&view, packet, &own6));
	for (size_t bit = 0; bit < 128; bit++) {
		packet[8 + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		ck_assert(!jvpn_ippkt_src_is_assigned(&view, packet, &own6));
		packet[8 + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
}
END_TEST

static const struct {
	uint8_t src[4], dst[4];
	bool ok;
} forwardable[] = {
	{{10, 7, 0, 2}, {192, 0, 2, 5}, true},     {{10, 7, 0, 2}, {224, 0, 0, 5}, true},
	{{0, 0, 0, 0}, {192, 0, 2, 5}, false},     {{127, 0, 0, 1}, {192, 0, 2, 5}, false},
	{{224, 0, 0, 1}, {192, 0, 2, 5}, false},   {{255, 255, 255, 255}, {192, 0, 2, 5}, false},
	{{169, 254, 1, 1}, {192, 0, 2, 5}, false}, {{10, 7, 0, 2}, {127, 0, 0, 1}, false},
	{{10, 7, 0, 2}, {0, 0, 0, 0}, false},      {{10, 7, 0, 2}, {169, 254, 169, 254}, false},
};

START_TEST(ippkt_is_forwardable__addresses__decide)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 8);

	memcpy(packet + 12, forwardable[_i].src, 4);
	memcpy(packet + 16, forwardable[_i].dst, 4);
	packet_ipv4_checksum(packet);
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_ippkt_is_forwardable(&view, packet), forwardable[_i].ok);
}
END_TEST

/* 'pad' NOPs before the MSS option move it to odd and even offsets. */
static size_t make_syn(int version, size_t pad, uint16_t mss)
{
	size_t tcp_bytes = 20 + 8, len;
	uint8_t *tcp;

	len = version == 4 ? packet_ipv4(packet, JVPN_IP_PROTO_TCP, tcp_bytes)
			   : packet_ipv6(packet, JVPN_IP_PROTO_TCP, tcp_bytes);
	tcp = packet + len - tcp_bytes;
	memset(tcp, 0, tcp_bytes);
	memcpy(tcp, "\x9c\x40\x01\xbb\x12\x34\x56\x78", 8);
	tcp[12] = 7 << 4;
	tcp[13] = 0x02;
	memset(tcp + 20, 1, 8);
	tcp[20 + pad] = 2;
	tcp[21 + pad] = 4;
	tcp[22 + pad] = (uint8_t)(mss >> 8);
	tcp[23 + pad] = (uint8_t)mss;
	packet_tcp_checksum(packet, len);
	return len;
}

START_TEST(ippkt_mss_clamp__syn__lowered_and_checksum_right)
{
	for (int version = 4; version <= 6; version += 2) {
		for (uint32_t mtu = 1280; mtu <= 1500; mtu++) {
			uint16_t limit = (uint16_t)(mtu - (version == 4 ? 40 : 60));
			size_t len = make_syn(version, (size_t)_i, 1460);
			uint8_t *at = packet + len - 28 + 22 + _i;

			ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
			ck_assert_int_eq(jvpn_ippkt_mss_clamp(&view, packet, mtu), limit < 1460);
			ck_assert_uint_eq(at[0] << 8 | at[1], limit < 1460 ? limit : 1460);
			ck_assert(packet_tcp_checksum_is_right(packet, len));
		}
	}
}
END_TEST

START_TEST(ippkt_mss_clamp__not_a_clean_syn__left_alone)
{
	uint8_t before[PACKET_MAX];
	size_t len = make_syn(4, 0, 1460);
	uint8_t *tcp = packet + 20;

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	for (int i = 0; i < 9; i++) {
		len = make_syn(4, 0, 1460);
		if (i == 0)
			tcp[13] = 0x10; /* no SYN */
		if (i == 1)
			tcp[12] = 8 << 4; /* header longer than the packet */
		if (i == 2)
			tcp[12] = 4 << 4; /* shorter than a header */
		if (i == 3)
			tcp[21] = 3; /* wrong option length */
		if (i == 4)
			tcp[21] = 0; /* no length at all */
		if (i == 5)
			tcp[20] = 0; /* end of options before it */
		if (i == 6)
			tcp[21] = 9; /* beyond the header */
		if (i >= 7)
			memcpy(tcp + 20, i == 7 ? "\3\0" : "\3\1", 2); /* would never end */
		memcpy(before, packet, len);
		ck_assert_msg(!jvpn_ippkt_mss_clamp(&view, packet, 1280), "%d", i);
		ck_assert_mem_eq(packet, before, len);
	}
	len = make_syn(4, 0, 1460);
	view.is_fragment = true;
	ck_assert(!jvpn_ippkt_mss_clamp(&view, packet, 1280));
	view.is_fragment = false;
	ck_assert(!jvpn_ippkt_mss_clamp(&view, packet, 40));
}
END_TEST

START_TEST(ip_checksum__rfc_1071_sample__right)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	ck_assert_uint_eq(jvpn_ip_checksum(data, 8, 0), (uint16_t)~0xddf2);
	ck_assert_uint_eq(jvpn_ip_checksum(data, 7, 0), (uint16_t) ~(0xddf2 - 0xf7));
	ck_assert_uint_eq(jvpn_ip_checksum(data + 4, 4, jvpn_ip_checksum_partial(data, 4, 0)),
			  (uint16_t)~0xddf2);
}
END_TEST

/* Every length and alignment against the sum of single octets: the sum is taken in large steps. */
START_TEST(ip_checksum__any_length_and_alignment__is_that_of_the_octets)
{
	uint8_t data[600];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i < 300 ? 0xff : i * 151);
	for (size_t from = 0; from < 9; from++)
		for (size_t len = 0; from + len <= sizeof(data); len++) {
			uint32_t sum = 0x1fffe;

			for (size_t i = 0; i < len; i++)
				sum += (uint32_t)data[from + i] << (i % 2 ? 0 : 8);
			while (sum >> 16)
				sum = (sum & 0xffffU) + (sum >> 16);
			ck_assert_uint_eq(jvpn_ip_checksum(data + from, len, 0x1fffe),
					  (uint16_t)~sum);
		}
}
END_TEST

UNIT_TESTS(ippkt)
{
	tcase_add_test(tc, ip_checksum__any_length_and_alignment__is_that_of_the_octets);
	tcase_add_test(tc, ippkt_checksum__no_data__folds_the_partial_sum);
	tcase_add_test(tc, ippkt_parse__ipv4__view);
	tcase_add_loop_test(tc, ippkt_parse__any_length_but_its_own__error, 4, 7);
	tcase_add_test(tc, ippkt_parse__any_header_bit_of_ipv4_flipped__refused);
	tcase_add_test(tc, ippkt_parse__other_versions__malformed);
	tcase_add_test(tc, ippkt_parse__ihl__bounds);
	tcase_add_test(tc, ippkt_parse__fragments__seen);
	tcase_add_test(tc, ippkt_parse__ipv6_extension_chain__walked);
	tcase_add_test(tc, ippkt_parse__ipv6_endless_chain__bounded_and_unanswerable);
	tcase_add_test(tc, ippkt_parse__ipv6_extension_cut__malformed);
	tcase_add_test(tc, ippkt_hop_decrement__every_ttl__checksum_stays_right);
	tcase_add_test(tc, ippkt_hop_decrement__ipv6__until_one);
	tcase_add_loop_test(tc, ippkt_ecn_set__all_pairs__rfc_6040, 4, 7);
	tcase_add_test(tc, ippkt_src_is_assigned__every_bit__decides);
	tcase_add_test(tc, ippkt_src_is_assigned__other_version__false);
	tcase_add_loop_test(tc, ippkt_is_forwardable__addresses__decide, 0,
			    (int)(sizeof(forwardable) / sizeof(forwardable[0])));
	tcase_add_loop_test(tc, ippkt_mss_clamp__syn__lowered_and_checksum_right, 0, 5);
	tcase_add_test(tc, ippkt_mss_clamp__not_a_clean_syn__left_alone);
	tcase_add_test(tc, ip_checksum__rfc_1071_sample__right);
}
