/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of tun/forward: one per rule and reason, on real packets.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "tun/forward.h"
#include "unit.h"

#define CLIENT4 "10.8.0.2"
#define CLIENT6 "fd00::2"
#define OTHER4  "10.8.0.3"
#define WEB4    "198.51.100.2"
#define WEB6    "2001:db8:51::2"
#define MTU     1400

static struct jvpn_forward forward;
static struct jvpn_connectip_addresses assigned;
static struct jvpn_forward_packet packet;
static uint8_t data[3000];

static void put_address(uint8_t *out, const char *text)
{
	ck_assert_int_eq(inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, out), 1);
}

static void set_prefix(struct jvpn_prefix *out, const char *text, uint8_t length)
{
	uint8_t family = strchr(text, ':') != NULL ? 6 : 4, address[16] = {0};

	put_address(address, text);
	ck_assert_int_eq(jvpn_prefix_set(out, family, address, length), 0);
}

static void assign(const char *text)
{
	struct jvpn_connectip_address *address = &assigned.address[assigned.count++];

	address->version = strchr(text, ':') != NULL ? 6 : 4;
	address->prefix_len = address->version == 4 ? 32 : 128;
	put_address(address->address, text);
}

static void setup(void)
{
	jvpn_forward_init(&forward);
	set_prefix(&forward.own4, "10.8.0.1", 24);
	set_prefix(&forward.own6, "fd00::1", 64);
	set_prefix(&forward.pool4, "10.8.0.0", 24);
	set_prefix(&forward.pool6, "fd00::", 64);
	memset(&assigned, 0, sizeof(assigned));
	assign(CLIENT4);
	assign(CLIENT6);
}

static void fix_checksum(void)
{
	uint16_t sum;

	data[10] = data[11] = 0;
	sum = jvpn_ip_checksum(data, 20, 0);
	data[10] = (uint8_t)(sum >> 8);
	data[11] = (uint8_t)sum;
}

/* A UDP packet of 'len' octets in all; IPv4 with DF. */
static void make(const char *src, const char *dst, size_t len)
{
	bool v6 = strchr(src, ':') != NULL;

	memset(data, 0, sizeof(data));
	memset(&packet, 0, sizeof(packet));
	if (v6) {
		data[0] = 0x60;
		data[4] = (uint8_t)((len - 40) >> 8);
		data[5] = (uint8_t)(len - 40);
		data[6] = JVPN_IP_PROTO_UDP;
		data[7] = 64;
		put_address(data + 8, src);
		put_address(data + 24, dst);
	} else {
		data[0] = 0x45;
		data[2] = (uint8_t)(len >> 8);
		data[3] = (uint8_t)len;
		data[6] = 0x40;
		data[8] = 64;
		data[9] = JVPN_IP_PROTO_UDP;
		put_address(data + 12, src);
		put_address(data + 16, dst);
		fix_checksum();
	}
	packet.data = data;
	packet.len = len;
	packet.mtu = MTU;
	packet.assigned = &assigned;
}

static void set_ttl(uint8_t ttl)
{
	if (data[0] >> 4 == 6) {
		data[7] = ttl;
		return;
	}
	data[8] = ttl;
	fix_checksum();
}

static enum jvpn_forward_verdict downlink(void)
{
	enum jvpn_forward_verdict verdict = jvpn_forward_receive(&forward, &packet);

	return verdict == JVPN_FORWARD_PASS ? jvpn_forward_downlink(&forward, &packet) : verdict;
}

#define expect(call, expected, why)                                                                \
	do {                                                                                       \
		ck_assert_int_eq((call), JVPN_FORWARD_##expected);                                 \
		ck_assert_str_eq(jvpn_forward_reason_text(packet.reason), (why));                  \
	} while (0)

/* The reply is a packet from 'src' to 'dst' with this ICMP type and code. */
static void expect_reply(const char *src, const char *dst, int type, int code)
{
	struct jvpn_ippkt view;
	uint8_t address[16];

	ck_assert_int_eq(jvpn_ippkt_parse(forward.reply, forward.reply_len, &view), 0);
	put_address(address, src);
	ck_assert_mem_eq(jvpn_ippkt_src(&view, forward.reply), address, view.address_len);
	put_address(address, dst);
	ck_assert_mem_eq(jvpn_ippkt_dst(&view, forward.reply), address, view.address_len);
	ck_assert_int_eq(forward.reply[view.payload_offset], type);
	ck_assert_int_eq(forward.reply[view.payload_offset + 1], code);
}

START_TEST(forward_uplink__assigned_source__passes_unchanged)
{
	uint8_t before[200];

	make(CLIENT4, WEB4, 200);
	memcpy(before, data, sizeof(before));
	expect(jvpn_forward_uplink(&forward, &packet), PASS, "none");
	/* RFC 9484 section 7: the hop limit is not decremented on the way out of the tunnel */
	ck_assert_mem_eq(data, before, sizeof(before));
	make(CLIENT6, WEB6, 200);
	expect(jvpn_forward_uplink(&forward, &packet), PASS, "none");
	ck_assert_uint_eq(forward.counters.passed_packets, 2);
	ck_assert_uint_eq(forward.counters.passed_bytes, 400);
}
END_TEST

START_TEST(forward_uplink__foreign_source__is_dropped_without_an_answer)
{
	static const char *const sources[] = {OTHER4, "10.8.0.1", WEB4, "fd00::3", "2001:db8::9"};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		make(sources[i], strchr(sources[i], ':') != NULL ? WEB6 : "203.0.113.1", 100);
		expect(jvpn_forward_uplink(&forward, &packet), DROP, "source_not_assigned");
	}
	ck_assert_uint_eq(forward.counters.dropped[JVPN_FORWARD_REASON_SOURCE], 5);
	ck_assert_uint_eq(forward.counters.icmp_sent, 0);
}
END_TEST

START_TEST(forward_uplink__nothing_assigned__drops_everything)
{
	assigned.count = 0;
	make(CLIENT4, WEB4, 100);
	expect(jvpn_forward_uplink(&forward, &packet), DROP, "source_not_assigned");
}
END_TEST

START_TEST(forward_uplink__address_that_must_not_travel__is_dropped)
{
	static const char *const pairs[][2] = {
		{"127.0.0.1", WEB4},    {"0.0.0.0", WEB4},
		{"224.0.0.1", WEB4},    {"255.255.255.255", WEB4},
		{CLIENT4, "127.0.0.1"}, {"::", WEB6},
		{"::1", WEB6},          {"ff02::1", WEB6},
		{CLIENT6, "::1"},       {"fe80::1", WEB6},
		{CLIENT6, "fe80::1"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		make(pairs[i][0], pairs[i][1], 100);
		/* even when somebody assigned it */
		assigned.count = 2;
		assign(pairs[i][0]);
		expect(jvpn_forward_uplink(&forward, &packet), DROP, "not_forwardable");
	}
}
END_TEST

START_TEST(forward_uplink__malformed__is_dropped)
{
	make(CLIENT4, WEB4, 100);
	packet.len = 99;
	expect(jvpn_forward_uplink(&forward, &packet), DROP, "malformed");
	make(CLIENT4, WEB4, 100);
	data[10] ^= 1;
	expect(jvpn_forward_uplink(&forward, &packet), DROP, "malformed");
	packet.len = 0;
	expect(jvpn_forward_uplink(&forward, &packet), DROP, "malformed");
}
END_TEST

START_TEST(forward_uplink__other_client__is_prohibited_unless_allowed)
{
	make(CLIENT4, OTHER4, 100);
	expect(jvpn_forward_uplink(&forward, &packet), REPLY, "client_to_client");
	expect_reply("10.8.0.1", CLIENT4, 3, 13);
	make(CLIENT6, "fd00::3", 100);
	expect(jvpn_forward_uplink(&forward, &packet), REPLY, "client_to_client");
	expect_reply("fd00::1", CLIENT6, 1, 1);
	make(CLIENT4, "10.8.0.1", 100);
	expect(jvpn_forward_uplink(&forward, &packet), PASS, "none");
	forward.client_to_client = true;
	make(CLIENT4, OTHER4, 100);
	expect(jvpn_forward_uplink(&forward, &packet), PASS, "none");
}
END_TEST

START_TEST(forward_uplink__packet_to_the_tunnels_own_port__is_a_loop)
{
	forward.outer_count = 1;
	forward.outer[0].family = 4;
	forward.outer[0].port = 443;
	put_address(forward.outer[0].address, "203.0.113.254");
	make(CLIENT4, "203.0.113.254", 100);
	data[22] = 443 >> 8;
	data[23] = 443 & 0xff;
	expect(jvpn_forward_uplink(&forward, &packet), DROP, "tunnel_loop");
	expect(jvpn_forward_client_uplink(&forward, &packet), DROP, "tunnel_loop");
	data[23] ^= 1;
	expect(jvpn_forward_uplink(&forward, &packet), PASS, "none");
}
END_TEST

START_TEST(forward_downlink__forwarded_packet__loses_one_hop)
{
	make(WEB4, CLIENT4, 200);
	expect(downlink(), PASS, "none");
	ck_assert_uint_eq(data[8], 63);
	ck_assert_int_eq(jvpn_ippkt_parse(data, 200, &packet.view), 0);
	make(WEB6, CLIENT6, 200);
	expect(downlink(), PASS, "none");
	ck_assert_uint_eq(data[7], 63);
}
END_TEST

START_TEST(forward_downlink__our_own_packet__keeps_its_hops)
{
	make("10.8.0.1", CLIENT4, 200);
	set_ttl(1);
	expect(downlink(), PASS, "none");
	ck_assert_uint_eq(data[8], 1);
}
END_TEST

START_TEST(forward_downlink__last_hop__answers_time_exceeded)
{
	make(WEB4, CLIENT4, 200);
	set_ttl(1);
	expect(downlink(), REPLY, "hop_limit");
	/* not from our own address: the kernel drops that as a martian */
	expect_reply(CLIENT4, WEB4, 11, 0);
	ck_assert_uint_eq(data[8], 1);
	make(WEB6, CLIENT6, 200);
	set_ttl(1);
	expect(downlink(), REPLY, "hop_limit");
	expect_reply("fd00::1", WEB6, 3, 0);
	ck_assert_uint_eq(forward.counters.passed_packets, 0);
}
END_TEST

START_TEST(forward_downlink__destination_of_another__is_dropped)
{
	make(WEB4, OTHER4, 200);
	expect(downlink(), DROP, "destination_not_assigned");
}
END_TEST

START_TEST(forward_refuse__no_owner__is_host_unreachable)
{
	make(WEB4, "10.8.0.77", 200);
	ck_assert_int_eq(jvpn_forward_receive(&forward, &packet), JVPN_FORWARD_PASS);
	expect(jvpn_forward_refuse(&forward, &packet), REPLY, "no_owner");
	expect_reply("10.8.0.77", WEB4, 3, 1);
}
END_TEST

START_TEST(forward_downlink__too_big_with_df__tells_the_mtu)
{
	make(WEB4, CLIENT4, MTU);
	expect(downlink(), PASS, "none");
	make(WEB4, CLIENT4, MTU + 1);
	expect(downlink(), REPLY, "too_big");
	expect_reply(CLIENT4, WEB4, 3, 4);
	ck_assert_int_eq(forward.reply[26] << 8 | forward.reply[27], MTU);
	/* quoted as it came, hop limit included */
	ck_assert_uint_eq(forward.reply[28 + 8], 64);
	make(WEB6, CLIENT6, MTU + 1);
	expect(downlink(), REPLY, "too_big");
	expect_reply("fd00::1", WEB6, 2, 0);
	ck_assert_int_eq(forward.reply[46] << 8 | forward.reply[47], MTU);
}
END_TEST

START_TEST(forward_downlink__too_big_without_df__is_fragmented)
{
	make(WEB4, CLIENT4, MTU + 1);
	data[6] = 0;
	fix_checksum();
	expect(downlink(), FRAGMENT, "none");
	ck_assert_uint_eq(data[8], 63);
	ck_assert_uint_eq(forward.counters.fragmented, 1);
	make(WEB4, CLIENT4, MTU + 1);
	data[6] = 0;
	set_ttl(1);
	expect(downlink(), REPLY, "hop_limit");
}
END_TEST

START_TEST(forward_downlink__path_below_1280__refuses_ipv6_only)
{
	make(WEB6, CLIENT6, 100);
	packet.mtu = 1279;
	expect(downlink(), REPLY, "mtu_too_small");
	make(WEB4, CLIENT4, 100);
	packet.mtu = 1279;
	expect(downlink(), PASS, "none");
	make(WEB6, CLIENT6, 100);
	packet.mtu = 1280;
	expect(downlink(), PASS, "none");
}
END_TEST

START_TEST(forward_client_uplink__rules__are_applied)
{
	struct jvpn_connectip_routes routes = {.count = 1};

	routes.route[0].version = 4;
	put_address(routes.route[0].start, "198.51.100.0");
	put_address(routes.route[0].end, "198.51.100.255");
	make(CLIENT4, WEB4, 200);
	packet.routes = &routes;
	expect(jvpn_forward_client_uplink(&forward, &packet), PASS, "none");
	ck_assert_uint_eq(data[8], 64);
	make(CLIENT4, "203.0.113.9", 200);
	packet.routes = &routes;
	expect(jvpn_forward_client_uplink(&forward, &packet), REPLY, "not_routed");
	make("192.168.77.2", WEB4, 200);
	expect(jvpn_forward_client_uplink(&forward, &packet), DROP, "source_not_assigned");
	make(CLIENT4, WEB4, MTU + 1);
	expect(jvpn_forward_client_uplink(&forward, &packet), REPLY, "too_big");
	make(CLIENT4, WEB4, MTU + 1);
	data[6] = 0;
	fix_checksum();
	expect(jvpn_forward_client_uplink(&forward, &packet), FRAGMENT, "none");
}
END_TEST

START_TEST(forward_client_uplink__no_address_of_its_own__answers_from_the_destination)
{
	memset(&forward.own4, 0, sizeof(forward.own4));
	make(CLIENT4, WEB4, MTU + 1);
	expect(jvpn_forward_client_uplink(&forward, &packet), REPLY, "too_big");
	expect_reply(WEB4, CLIENT4, 3, 4);
}
END_TEST

START_TEST(forward_client_downlink__destination__must_be_ours)
{
	make(WEB4, CLIENT4, 200);
	expect(jvpn_forward_client_downlink(&forward, &packet), PASS, "none");
	ck_assert_uint_eq(data[8], 64);
	make(WEB4, "192.168.77.2", 200);
	expect(jvpn_forward_client_downlink(&forward, &packet), DROP, "destination_not_assigned");
	make("127.0.0.1", CLIENT4, 200);
	expect(jvpn_forward_client_downlink(&forward, &packet), DROP, "not_forwardable");
}
END_TEST

START_TEST(forward_limit__burst_then_rate__is_exact)
{
	struct jvpn_forward_limit limit;
	int taken = 0;

	jvpn_forward_limit_init(&limit, 10, 3);
	for (int i = 0; i < 10; i++)
		taken += jvpn_forward_limit_take(&limit, 0);
	ck_assert_int_eq(taken, 3);
	ck_assert(!jvpn_forward_limit_take(&limit, 100 * JVPN_NS_PER_MS - 1));
	ck_assert(jvpn_forward_limit_take(&limit, 100 * JVPN_NS_PER_MS));
	/* back in time gives nothing, and a long rest gives the burst and no more */
	ck_assert(!jvpn_forward_limit_take(&limit, 0));
	for (taken = 0; jvpn_forward_limit_take(&limit, UINT64_MAX);)
		taken++;
	ck_assert_int_eq(taken, 3);
	jvpn_forward_limit_init(&limit, 0, 3);
	ck_assert(!jvpn_forward_limit_take(&limit, 0));
}
END_TEST

START_TEST(forward_downlink__many_errors__are_limited_per_session)
{
	struct jvpn_forward_limit own;
	unsigned replies = 0;

	jvpn_forward_limit_init(&own, 1, 5);
	for (int i = 0; i < 100; i++) {
		make(WEB4, CLIENT4, MTU + 1);
		packet.limit = &own;
		replies += downlink() == JVPN_FORWARD_REPLY;
	}
	ck_assert_uint_eq(replies, 5);
	ck_assert_uint_eq(forward.counters.icmp_limited, 95);
	ck_assert_uint_eq(forward.counters.dropped[JVPN_FORWARD_REASON_TOO_BIG], 100);
	/* another session is not affected */
	make(WEB4, CLIENT4, MTU + 1);
	ck_assert_int_eq(downlink(), JVPN_FORWARD_REPLY);
}
END_TEST

START_TEST(forward_downlink__icmp_error_too_big__is_not_answered_and_takes_no_token)
{
	jvpn_forward_limit_init(&forward.limit, 1, 1);
	make(WEB4, CLIENT4, MTU + 1);
	data[9] = JVPN_IP_PROTO_ICMP;
	data[20] = 3;
	fix_checksum();
	expect(downlink(), DROP, "too_big");
	ck_assert_uint_eq(forward.counters.icmp_limited, 0);
	make(WEB4, CLIENT4, MTU + 1);
	expect(downlink(), REPLY, "too_big");
}
END_TEST

START_TEST(forward_uplink__random_octets__never_leaves_with_a_foreign_source)
{
	uint32_t seed = 0x6a76;
	uint8_t address4[4], address6[16];

	put_address(address4, CLIENT4);
	put_address(address6, CLIENT6);
	for (int i = 0; i < 100000; i++) {
		make(i % 2 != 0 ? CLIENT4 : CLIENT6, i % 2 != 0 ? WEB4 : WEB6, 60);
		for (int change = 0; change < 4; change++) {
			seed = seed * 1664525u + 1013904223u;
			data[(seed >> 16) % 48] = (uint8_t)(seed >> 8);
		}
		if (data[0] == 0x45)
			fix_checksum();
		if (jvpn_forward_uplink(&forward, &packet) != JVPN_FORWARD_PASS)
			continue;
		if (packet.view.version == 4)
			ck_assert_mem_eq(data + 12, address4, 4);
		else
			ck_assert_mem_eq(data + 8, address6, 16);
	}
	ck_assert_uint_gt(forward.counters.passed_packets, 1000);
	ck_assert_uint_gt(forward.counters.dropped[JVPN_FORWARD_REASON_SOURCE], 1000);
}
END_TEST

UNIT_TESTS(forward)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, forward_uplink__assigned_source__passes_unchanged);
	tcase_add_test(tc, forward_uplink__foreign_source__is_dropped_without_an_answer);
	tcase_add_test(tc, forward_uplink__nothing_assigned__drops_everything);
	tcase_add_test(tc, forward_uplink__address_that_must_not_travel__is_dropped);
	tcase_add_test(tc, forward_uplink__malformed__is_dropped);
	tcase_add_test(tc, forward_uplink__other_client__is_prohibited_unless_allowed);
	tcase_add_test(tc, forward_uplink__packet_to_the_tunnels_own_port__is_a_loop);
	tcase_add_test(tc, forward_downlink__forwarded_packet__loses_one_hop);
	tcase_add_test(tc, forward_downlink__our_own_packet__keeps_its_hops);
	tcase_add_test(tc, forward_downlink__last_hop__answers_time_exceeded);
	tcase_add_test(tc, forward_downlink__destination_of_another__is_dropped);
	tcase_add_test(tc, forward_refuse__no_owner__is_host_unreachable);
	tcase_add_test(tc, forward_downlink__too_big_with_df__tells_the_mtu);
	tcase_add_test(tc, forward_downlink__too_big_without_df__is_fragmented);
	tcase_add_test(tc, forward_downlink__path_below_1280__refuses_ipv6_only);
	tcase_add_test(tc, forward_client_uplink__rules__are_applied);
	tcase_add_test(tc,
		       forward_client_uplink__no_address_of_its_own__answers_from_the_destination);
	tcase_add_test(tc, forward_client_downlink__destination__must_be_ours);
	tcase_add_test(tc, forward_limit__burst_then_rate__is_exact);
	tcase_add_test(tc, forward_downlink__many_errors__are_limited_per_session);
	tcase_add_test(tc,
		       forward_downlink__icmp_error_too_big__is_not_answered_and_takes_no_token);
	tcase_add_test(tc, forward_uplink__random_octets__never_leaves_with_a_foreign_source);
}
