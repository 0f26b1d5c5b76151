/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of tun/fragment: what comes out is put together again and compared.
 */
#include <string.h>

#include "base/err.h"
#include "tun/fragment.h"
#include "unit.h"

#define COPIED_OPTION 0x83 /* loose source route */
#define OTHER_OPTION  0x07 /* record route */

static size_t make_packet(uint8_t *packet, const uint8_t *options, size_t options_len,
			  size_t payload_len)
{
	size_t header_len = JVPN_IPV4_HEADER_BYTES + options_len, len = header_len + payload_len;
	uint16_t sum;

	memset(packet, 0, header_len);
	packet[0] = (uint8_t)(0x40 | header_len / 4);
	packet[2] = (uint8_t)(len >> 8);
	packet[3] = (uint8_t)len;
	packet[4] = 0x12;
	packet[8] = 64;
	packet[9] = JVPN_IP_PROTO_UDP;
	memcpy(packet + 12, "\x0a\x08\x00\x02\xc0\x00\x02\x01", 8);
	if (options_len > 0)
		memcpy(packet + JVPN_IPV4_HEADER_BYTES, options, options_len);
	sum = jvpn_ip_checksum(packet, header_len, 0);
	packet[10] = (uint8_t)(sum >> 8);
	packet[11] = (uint8_t)sum;
	for (size_t i = 0; i < payload_len; i++)
		packet[header_len + i] = (uint8_t)(i * 7 + i / 256);
	return len;
}

/* Cuts, checks every piece as a packet of its own, and compares the payload. Returns the pieces. */
static int cut_and_compare(const uint8_t *packet, size_t len, size_t mtu, size_t first_offset)
{
	struct jvpn_ippkt view, piece_view;
	struct jvpn_fragment fragment;
	uint8_t piece[2000], together[4000];
	size_t header_len = (packet[0] & 0x0fu) * 4u, done = 0;
	bool more = true;
	int n, count = 0;

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_fragment_init(&fragment, &view, packet, mtu), 0);
	while ((n = jvpn_fragment_next(&fragment, piece, sizeof(piece))) > 0) {
		size_t piece_header = (piece[0] & 0x0fu) * 4u, offset;

		ck_assert(more);
		ck_assert_uint_le((size_t)n, mtu);
		ck_assert_int_eq(jvpn_ippkt_parse(piece, (size_t)n, &piece_view), 0);
		offset = (size_t)((piece[6] & 0x1f) << 8 | piece[7]) * 8;
		ck_assert_uint_eq(offset, first_offset + done);
		more = (piece[6] & 0x20) != 0;
		ck_assert_mem_eq(piece + 4, packet + 4, 2);
		ck_assert_mem_eq(piece + 12, packet + 12, 8);
		memcpy(together + done, piece + piece_header, (size_t)n - piece_header);
		done += (size_t)n - piece_header;
		count++;
	}
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(done, len - header_len);
	ck_assert_mem_eq(together, packet + header_len, done);
	ck_assert_int_eq(more, (packet[6] & 0x20) != 0);
	return count;
}

START_TEST(fragment_next__every_mtu_and_size__comes_together_again)
{
	uint8_t packet[1600];

	for (size_t mtu = 68; mtu < 1500; mtu += 131)
		for (size_t payload = mtu; payload < 1500; payload += 97)
			(void)cut_and_compare(packet, make_packet(packet, NULL, 0, payload), mtu,
					      0);
	ck_assert_int_eq(cut_and_compare(packet, make_packet(packet, NULL, 0, 1480), 1280, 0), 2);
}
END_TEST

START_TEST(fragment_next__a_fragment_itself__keeps_offset_and_more_flag)
{
	uint8_t packet[1600];
	size_t len = make_packet(packet, NULL, 0, 1200);
	uint16_t sum;

	packet[6] = 0x20; /* more fragments, offset 5 * 8 */
	packet[7] = 5;
	packet[10] = packet[11] = 0;
	sum = jvpn_ip_checksum(packet, 20, 0);
	packet[10] = (uint8_t)(sum >> 8);
	packet[11] = (uint8_t)sum;
	ck_assert_int_eq(cut_and_compare(packet, len, 600, 40), 3);
}
END_TEST

START_TEST(fragment_next__options__only_copied_ones_go_into_later_fragments)
{
	const uint8_t options[12] = {1, COPIED_OPTION, 3, 4, OTHER_OPTION, 7, 4, 0, 0, 0, 0, 0};
	uint8_t packet[1600], piece[1600];
	size_t len = make_packet(packet, options, sizeof(options), 1000);
	struct jvpn_fragment fragment;
	struct jvpn_ippkt view;

	(void)cut_and_compare(packet, len, 576, 0);
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_fragment_init(&fragment, &view, packet, 576), 0);
	ck_assert_int_gt(jvpn_fragment_next(&fragment, piece, sizeof(piece)), 0);
	ck_assert_uint_eq(piece[0], 0x48);
	ck_assert_int_gt(jvpn_fragment_next(&fragment, piece, sizeof(piece)), 0);
	ck_assert_uint_eq(piece[0], 0x46);
	ck_assert_mem_eq(piece + 20, "\x83\x03\x04\x00", 4);
}
END_TEST

START_TEST(fragment_next__option_longer_than_the_header__ends_the_list)
{
	const uint8_t options[4] = {COPIED_OPTION, 5, 0, 0}, zero[4] = {COPIED_OPTION, 0, 0, 0};
	uint8_t packet[1600], piece[1600];
	size_t len = make_packet(packet, options, 4, 1000);
	struct jvpn_fragment fragment;
	struct jvpn_ippkt view;

	(void)cut_and_compare(packet, len, 576, 0);
	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_fragment_init(&fragment, &view, packet, 576), 0);
	ck_assert_int_gt(jvpn_fragment_next(&fragment, piece, sizeof(piece)), 0);
	ck_assert_int_gt(jvpn_fragment_next(&fragment, piece, sizeof(piece)), 0);
	ck_assert_uint_eq(piece[0], 0x45);
	(void)cut_and_compare(packet, make_packet(packet, zero, 4, 1000), 576, 0);
}
END_TEST

START_TEST(fragment_init__df_or_no_room__is_refused)
{
	uint8_t packet[1600];
	size_t len = make_packet(packet, NULL, 0, 1000);
	struct jvpn_fragment fragment;
	struct jvpn_ippkt view;

	ck_assert_int_eq(jvpn_ippkt_parse(packet, len, &view), 0);
	ck_assert_int_eq(jvpn_fragment_init(&fragment, &view, packet, 27), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_fragment_init(&fragment, &view, packet, 28), 0);
	ck_assert_int_eq(jvpn_fragment_next(&fragment, packet, 27), JVPN_ENOSPACE);
	view.dont_fragment = true;
	ck_assert_int_eq(jvpn_fragment_init(&fragment, &view, packet, 576), JVPN_EINVAL);
	view.dont_fragment = false;
	view.version = 6;
	ck_assert_int_eq(jvpn_fragment_init(&fragment, &view, packet, 576), JVPN_EINVAL);
}
END_TEST

UNIT_TESTS(fragment)
{
	tcase_add_test(tc, fragment_next__every_mtu_and_size__comes_together_again);
	tcase_add_test(tc, fragment_next__a_fragment_itself__keeps_offset_and_more_flag);
	tcase_add_test(tc, fragment_next__options__only_copied_ones_go_into_later_fragments);
	tcase_add_test(tc, fragment_next__option_longer_than_the_header__ends_the_list);
	tcase_add_test(tc, fragment_init__df_or_no_room__is_refused);
}
