/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ICMP errors about inner packets: what they look like and what never gets one.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "packet.h"
#include "proto/ippkt.h"

static uint8_t packet[PACKET_MAX];
static uint8_t out[PACKET_MAX];
static struct jvpn_ippkt view;

static const uint8_t own4[] = {10, 7, 0, 1};
static const uint8_t own6[16] = {0xfd, [15] = 1};

static const struct {
	enum jvpn_icmp_error error;
	uint8_t type4, code4, type6, code6;
} expected[] = {
	{JVPN_ICMP_TOO_BIG, 3, 4, 2, 0},          {JVPN_ICMP_TIME_EXCEEDED, 11, 0, 3, 0},
	{JVPN_ICMP_NO_ROUTE, 3, 0, 1, 0},         {JVPN_ICMP_ADMIN_PROHIBITED, 3, 13, 1, 1},
	{JVPN_ICMP_HOST_UNREACHABLE, 3, 1, 1, 3}, {JVPN_ICMP_BAD_SOURCE, 3, 13, 1, 5},
};

static int build(int version, enum jvpn_icmp_error error, size_t len)
{
	struct jvpn_icmp_request request = {error, 1300, version == 4 ? own4 : own6};

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	return jvpn_ippkt_icmp_build(&request, &view, packet, out, sizeof(out));
}

START_TEST(icmp_build__ipv4__valid_packet_with_quote)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 1400);
	int n = build(4, expected[_i].error, len);
	struct jvpn_ippkt answer;

	ck_assert_int_eq(n, JVPN_ICMP4_ERROR_MAX);
	ck_assert_int_eq(jvpn_ippkt_parse(out, (size_t)n, &answer), 0);
	ck_assert_uint_eq(answer.protocol, JVPN_IP_PROTO_ICMP);
	ck_assert_mem_eq(out + 12, own4, 4);
	ck_assert_mem_eq(out + 16, packet + 12, 4);
	ck_assert_uint_eq(out[20], expected[_i].type4);
	ck_assert_uint_eq(out[21], expected[_i].code4);
	ck_assert_uint_eq(out[26] << 8 | out[27],
			  expected[_i].error == JVPN_ICMP_TOO_BIG ? 1300 : 0);
	ck_assert_mem_eq(out + 28, packet, (size_t)n - 28);
	ck_assert(packet_icmp_checksum_is_right(out, (size_t)n));
	ck_assert(!jvpn_ippkt_is_answerable(&answer, out, JVPN_ICMP_NO_ROUTE));
}
END_TEST

START_TEST(icmp_build__ipv6__valid_packet_with_quote)
{
	size_t len = packet_ipv6(packet, JVPN_IP_PROTO_UDP, 1400);
	int n = build(6, expected[_i].error, len);
	struct jvpn_ippkt answer;

	ck_assert_int_eq(n, JVPN_ICMP6_ERROR_MAX);
	ck_assert_int_eq(jvpn_ippkt_parse(out, (size_t)n, &answer), 0);
	ck_assert_uint_eq(answer.protocol, JVPN_IP_PROTO_ICMPV6);
	ck_assert_mem_eq(out + 8, own6, 16);
	ck_assert_mem_eq(out + 24, packet + 8, 16);
	ck_assert_uint_eq(out[40], expected[_i].type6);
	ck_assert_uint_eq(out[41], expected[_i].code6);
	ck_assert_uint_eq(out[46] << 8 | out[47],
			  expected[_i].error == JVPN_ICMP_TOO_BIG ? 1300 : 0);
	ck_assert_mem_eq(out + 48, packet, (size_t)n - 48);
	ck_assert(packet_icmp_checksum_is_right(out, (size_t)n));
	ck_assert(!jvpn_ippkt_is_answerable(&answer, out, JVPN_ICMP_NO_ROUTE));
}
END_TEST

START_TEST(icmp_build__odd_and_short_offenders__checksum_right)
{
	for (size_t payload = 8; payload < 64; payload++) {
		int n = build(4, JVPN_ICMP_NO_ROUTE,
			      packet_ipv4(packet, JVPN_IP_PROTO_UDP, payload));

		ck_assert_int_eq(n, (int)(28 + 20 + payload));
		ck_assert(packet_icmp_checksum_is_right(out, (size_t)n));
		n = build(6, JVPN_ICMP_NO_ROUTE, packet_ipv6(packet, JVPN_IP_PROTO_UDP, payload));
		ck_assert_int_eq(n, (int)(48 + 40 + payload));
		ck_assert(packet_icmp_checksum_is_right(out, (size_t)n));
	}
}
END_TEST

START_TEST(icmp_build__no_room__error)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 100);
	struct jvpn_icmp_request request = {JVPN_ICMP_NO_ROUTE, 0, own4};

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_ippkt_icmp_build(&request, &view, packet, out, 147), JVPN_ENOSPACE);
	ck_assert_int_eq(jvpn_ippkt_icmp_build(&request, &view, packet, out, 148), 148);
}
END_TEST

START_TEST(icmp_build__ipv4_without_df__no_too_big)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 1400);

	packet[6] = 0;
	packet_ipv4_checksum(packet);
	ck_assert_int_eq(build(4, JVPN_ICMP_TOO_BIG, len), JVPN_EINVAL);
	ck_assert_int_gt(build(4, JVPN_ICMP_NO_ROUTE, len), 0);
}
END_TEST

START_TEST(icmp_is_answerable__icmp_types__only_queries)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_ICMP, 16);

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	for (unsigned int type = 0; type < 256; type++) {
		bool query = type == 0 || (type >= 8 && type <= 10) || (type >= 13 && type <= 18) ||
			     type == 42 || type == 43;

		packet[20] = (uint8_t)type;
		ck_assert_int_eq(jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_NO_ROUTE),
				 query);
	}
	len = packet_ipv6(packet, JVPN_IP_PROTO_ICMPV6, 16);
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	for (unsigned int type = 0; type < 256; type++) {
		packet[40] = (uint8_t)type;
		ck_assert_int_eq(jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_NO_ROUTE),
				 type >= 128 && type != 137);
	}
}
END_TEST

START_TEST(icmp_is_answerable__icmp_without_a_type__no)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_ICMP, 0);

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_NO_ROUTE));
}
END_TEST

START_TEST(icmp_is_answerable__later_fragment__no)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 40);

	packet[6] = 0;
	packet[7] = 5;
	packet_ipv4_checksum(packet);
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_NO_ROUTE));
}
END_TEST

static const struct {
	uint8_t src[4], dst[4];
	bool ok;
} pair[] = {
	{{10, 7, 0, 2}, {192, 0, 2, 5}, true},         {{10, 7, 0, 2}, {224, 0, 0, 1}, false},
	{{10, 7, 0, 2}, {239, 255, 255, 255}, false},  {{10, 7, 0, 2}, {255, 255, 255, 255}, false},
	{{0, 0, 0, 0}, {192, 0, 2, 5}, false},         {{127, 0, 0, 1}, {192, 0, 2, 5}, false},
	{{224, 0, 0, 1}, {192, 0, 2, 5}, false},       {{240, 0, 0, 1}, {192, 0, 2, 5}, false},
	{{255, 255, 255, 255}, {192, 0, 2, 5}, false},
};

START_TEST(icmp_is_answerable__ipv4_addresses__decide)
{
	size_t len = packet_ipv4(packet, JVPN_IP_PROTO_UDP, 8);

	memcpy(packet + 12, pair[_i].src, 4);
	memcpy(packet + 16, pair[_i].dst, 4);
	packet_ipv4_checksum(packet);
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_NO_ROUTE), pair[_i].ok);
	ck_assert_int_eq(build(4, JVPN_ICMP_NO_ROUTE, len) > 0, pair[_i].ok);
}
END_TEST

START_TEST(icmp_is_answerable__ipv6_multicast_destination__too_big_only)
{
	size_t len = packet_ipv6(packet, JVPN_IP_PROTO_UDP, 8);

	packet[24] = 0xff;
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert(jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_TOO_BIG));
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_NO_ROUTE));
	packet[8] = 0xff;
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_TOO_BIG));
	memset(packet + 8, 0, 16);
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_TOO_BIG));
	packet[23] = 1;
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_TOO_BIG));
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_NONE));
	ck_assert(!jvpn_ippkt_is_answerable(&view, packet, JVPN_ICMP_COUNT));
}
END_TEST

UNIT_TESTS(ippkt_icmp)
{
	int count = (int)(sizeof(expected) / sizeof(expected[0]));

	tcase_add_loop_test(tc, icmp_build__ipv4__valid_packet_with_quote, 0, count);
	tcase_add_loop_test(tc, icmp_build__ipv6__valid_packet_with_quote, 0, count);
	tcase_add_test(tc, icmp_build__odd_and_short_offenders__checksum_right);
	tcase_add_test(tc, icmp_build__no_room__error);
	tcase_add_test(tc, icmp_build__ipv4_without_df__no_too_big);
	tcase_add_test(tc, icmp_is_answerable__icmp_types__only_queries);
	tcase_add_test(tc, icmp_is_answerable__icmp_without_a_type__no);
	tcase_add_test(tc, icmp_is_answerable__later_fragment__no);
	tcase_add_loop_test(tc, icmp_is_answerable__ipv4_addresses__decide, 0,
			    (int)(sizeof(pair) / sizeof(pair[0])));
	tcase_add_test(tc, icmp_is_answerable__ipv6_multicast_destination__too_big_only);
}
