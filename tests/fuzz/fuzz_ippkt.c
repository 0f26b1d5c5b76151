/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inner packets: every change leaves a packet that still parses, every ICMP error is a valid packet
 * that gets no error itself.
 */
#include "fuzz.h"

#include <string.h>

#include "proto/ippkt.h"

#define PACKET_MAX 4096

static uint8_t packet[PACKET_MAX];
static uint8_t out[JVPN_ICMP6_ERROR_MAX];

static void check_parses(size_t len, const struct jvpn_ippkt *view)
{
	struct jvpn_ippkt again;

	FUZZ_CHECK(jvpn_ippkt_parse(packet, len, &again) == 0);
	FUZZ_CHECK(again.ttl == view->ttl && again.ecn == view->ecn);
	FUZZ_CHECK(again.payload_offset == view->payload_offset);
}

static void try_icmp(enum jvpn_icmp_error error, const struct jvpn_ippkt *view)
{
	static const uint8_t own[16] = {0xfd, [15] = 1};
	struct jvpn_icmp_request request = {error, 1280, own};
	struct jvpn_ippkt answer;
	int n = jvpn_ippkt_icmp_build(&request, view, packet, out, sizeof(out));

	if (n < 0)
		return;
	FUZZ_CHECK(jvpn_ippkt_parse(out, (size_t)n, &answer) == 0);
	FUZZ_CHECK(!jvpn_ippkt_is_answerable(&answer, out, error));
}

/* Lengths and checksum as they should be: a mutation alone hardly ever gets past them. */
static void repair(size_t len)
{
	size_t header = (size_t)(packet[0] & 15) * 4;
	uint16_t sum;

	if (packet[0] >> 4 == 6 && len >= JVPN_IPV6_HEADER_BYTES) {
		packet[4] = (uint8_t)((len - JVPN_IPV6_HEADER_BYTES) >> 8);
		packet[5] = (uint8_t)(len - JVPN_IPV6_HEADER_BYTES);
	} else if (packet[0] >> 4 == 4 && header >= JVPN_IPV4_HEADER_BYTES && header <= len) {
		packet[2] = (uint8_t)(len >> 8);
		packet[3] = (uint8_t)len;
		packet[10] = packet[11] = 0;
		sum = jvpn_ip_checksum(packet, header, 0);
		packet[10] = (uint8_t)(sum >> 8);
		packet[11] = (uint8_t)sum;
	}
}

static void try_packet(size_t len)
{
	static const struct jvpn_connectip_addresses assigned = {
		.count = 2,
		.address = {{.version = 4, .prefix_len = 9, .address = {10}},
			    {.version = 6, .prefix_len = 70, .address = {0xfd}}},
	};
	struct jvpn_ippkt view;

	if (jvpn_ippkt_parse(packet, len, &view))
		return;
	FUZZ_CHECK(view.len == len && view.payload_offset <= len);
	jvpn_ippkt_src_is_assigned(&view, packet, &assigned);
	jvpn_ippkt_dst_is_assigned(&view, packet, &assigned);
	jvpn_ippkt_is_forwardable(&view, packet);
	for (unsigned int error = 0; error <= JVPN_ICMP_COUNT; error++)
		try_icmp((enum jvpn_icmp_error)error, &view);
	jvpn_ippkt_mss_clamp(&view, packet, 1280);
	check_parses(len, &view);
	jvpn_ippkt_hop_decrement(&view, packet);
	check_parses(len, &view);
	for (uint8_t ecn = 0; ecn < 4; ecn++) {
		jvpn_ippkt_ecn_set(&view, packet, ecn);
		check_parses(len, &view);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct jvpn_ippkt view;

	if (len == 0 || len > sizeof(packet))
		return 0;
	jvpn_ippkt_parse(data, len, &view);
	memcpy(packet, data, len);
	try_packet(len);
	memcpy(packet, data, len);
	repair(len);
	try_packet(len);
	return 0;
}
