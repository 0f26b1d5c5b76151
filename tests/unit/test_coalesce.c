/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of tun/coalesce together with tun/segment: whatever goes in comes out again, octet for
 * octet and in order within its flow, when the kernel takes super-packets apart as segment.c does.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "packet.h"
#include "proto/ippkt.h"
#include "tun/coalesce.h"
#include "tun/segment.h"
#include "unit.h"

#define OUT_MAX 512

/* What the kernel would make of what it was given. */
struct kernel {
	size_t writes, packets;
	size_t len[OUT_MAX];
	uint8_t packet[OUT_MAX][PACKET_MAX];
};

static struct kernel kernel;

static void take(void *user, const struct jvpn_tun_offload *offload, const uint8_t *packet,
		 size_t len)
{
	struct kernel *k = user;
	struct jvpn_segmenter s;

	k->writes++;
	if (offload->gso == JVPN_GSO_NONE) {
		ck_assert(!offload->needs_checksum);
		ck_assert_uint_lt(k->packets, OUT_MAX);
		memcpy(k->packet[k->packets], packet, len);
		k->len[k->packets++] = len;
		return;
	}
	ck_assert(offload->needs_checksum);
	ck_assert_int_eq(jvpn_segment_init(&s, offload, packet, len), 0);
	while ((len = jvpn_segment_next_len(&s)) != 0) {
		ck_assert_uint_lt(k->packets, OUT_MAX);
		ck_assert_uint_le(len, jvpn_segment_largest(&s));
		jvpn_segment_next(&s, k->packet[k->packets]);
		k->len[k->packets++] = len;
	}
}

static struct jvpn_coalescer *setup(bool udp)
{
	struct jvpn_coalescer *c;

	memset(&kernel, 0, sizeof(kernel));
	ck_assert_int_eq(jvpn_coalescer_new(udp, take, &kernel, &c), 0);
	return c;
}

struct shape {
	bool v6;
	uint8_t flags;
	uint16_t port, id;
	uint32_t seq;
	size_t payload;
};

#define TCP_BYTES 32 /* with room for the time-stamp option */

static size_t tcp(uint8_t *out, const struct shape *w)
{
	size_t l4 = w->v6 ? JVPN_IPV6_HEADER_BYTES : JVPN_IPV4_HEADER_BYTES, len;
	uint8_t *t = out + l4;

	len = w->v6 ? packet_ipv6(out, JVPN_IP_PROTO_TCP, TCP_BYTES + w->payload)
		    : packet_ipv4(out, JVPN_IP_PROTO_TCP, TCP_BYTES + w->payload);
	memset(t, 0, TCP_BYTES);
	t[0] = 0x30;
	t[2] = (uint8_t)(w->port >> 8);
	t[3] = (uint8_t)w->port;
	t[4] = (uint8_t)(w->seq >> 24);
	t[5] = (uint8_t)(w->seq >> 16);
	t[6] = (uint8_t)(w->seq >> 8);
	t[7] = (uint8_t)w->seq;
	t[11] = 77;
	t[12] = TCP_BYTES / 4 << 4;
	t[13] = w->flags;
	t[14] = 0x40;
	memcpy(t + 20, "\x01\x01\x08\x0a\x00\x00\x00\x05\x00\x00\x00\x06", 12);
	for (size_t i = 0; i < w->payload; i++)
		t[TCP_BYTES + i] = (uint8_t)(w->seq + i * 3);
	if (!w->v6) {
		out[4] = (uint8_t)(w->id >> 8);
		out[5] = (uint8_t)w->id;
		packet_ipv4_checksum(out);
	}
	packet_tcp_checksum(out, len);
	return len;
}

static size_t udp(uint8_t *out, const struct shape *w)
{
	size_t l4 = w->v6 ? JVPN_IPV6_HEADER_BYTES : JVPN_IPV4_HEADER_BYTES, len;
	size_t at = w->v6 ? 8 : 12, addresses = w->v6 ? 32 : 8, l4_len = 8 + w->payload;
	uint16_t sum;

	len = w->v6 ? packet_ipv6(out, JVPN_IP_PROTO_UDP, l4_len)
		    : packet_ipv4(out, JVPN_IP_PROTO_UDP, l4_len);
	memcpy(out + l4, "\x10\x00\x20\x00\x00\x00\x00\x00", 8);
	out[l4 + 4] = (uint8_t)(l4_len >> 8);
	out[l4 + 5] = (uint8_t)l4_len;
	out[l4 + 8] = (uint8_t)w->seq;
	if (!w->v6) {
		out[4] = (uint8_t)(w->id >> 8);
		out[5] = (uint8_t)w->id;
		packet_ipv4_checksum(out);
	}
	sum = jvpn_ip_checksum(out + l4, l4_len,
			       jvpn_ip_checksum_partial(out + at, addresses,
							JVPN_IP_PROTO_UDP + (uint32_t)l4_len));
	out[l4 + 6] = (uint8_t)(sum >> 8);
	out[l4 + 7] = (uint8_t)sum;
	return len;
}

static void same_as_kernel(size_t i, const uint8_t *packet, size_t len)
{
	ck_assert_uint_lt(i, kernel.packets);
	ck_assert_uint_eq(kernel.len[i], len);
	ck_assert_mem_eq(kernel.packet[i], packet, len);
}

START_TEST(coalesce_add__stream__comes_apart_as_it_was)
{
	struct jvpn_coalescer *c = setup(false);
	uint8_t in[20][PACKET_MAX];
	size_t len[20];

	for (unsigned i = 0; i < 20; i++) {
		struct shape w = {.v6 = _i == 1,
				  .flags = i == 19 ? 0x18 : 0x10,
				  .id = (uint16_t)(0xfff8 + i),
				  .seq = 0xfffff000U + i * 1300,
				  .payload = i == 19 ? 17 : 1300};

		len[i] = tcp(in[i], &w);
		jvpn_coalesce_add(c, in[i], len[i]);
	}
	ck_assert_uint_eq(kernel.writes, 0);
	jvpn_coalesce_flush(c);
	ck_assert_uint_eq(kernel.writes, 1);
	ck_assert_uint_eq(kernel.packets, 20);
	for (unsigned i = 0; i < 20; i++)
		same_as_kernel(i, in[i], len[i]);
	jvpn_coalescer_free(c);
}
END_TEST

START_TEST(coalesce_add__datagrams__come_apart_as_they_were)
{
	struct jvpn_coalescer *c = setup(true);
	uint8_t in[10][PACKET_MAX];
	size_t len[10];

	for (unsigned i = 0; i < 10; i++) {
		struct shape w = {.v6 = _i == 1,
				  .id = (uint16_t)(5 + i),
				  .seq = i,
				  .payload = i == 9 ? 3 : 200};

		len[i] = udp(in[i], &w);
		jvpn_coalesce_add(c, in[i], len[i]);
	}
	jvpn_coalesce_flush(c);
	ck_assert_uint_eq(kernel.writes, 1);
	for (unsigned i = 0; i < 10; i++)
		same_as_kernel(i, in[i], len[i]);
	jvpn_coalescer_free(c);
}
END_TEST

/* Each change keeps the second packet out of the first one's super-packet. */
static void change(int what, struct shape *w, uint8_t *packet, size_t len)
{
	switch (what) {
	case 0: /* a gap */
		w->seq++;
		break;
	case 1: /* FIN */
		w->flags |= 0x01;
		break;
	case 2: /* CWR */
		w->flags |= 0x80;
		break;
	case 3: /* larger than the first */
		w->payload++;
		break;
	case 4: /* identification */
		w->id += 7;
		break;
	case 5: /* no payload: an acknowledgement */
		w->payload = 0;
		break;
	default:
		break;
	}
	(void)tcp(packet, w);
	if (what == 6) { /* congestion experienced */
		packet[1] |= 3;
		packet_ipv4_checksum(packet);
	} else if (what == 7) { /* another hop count */
		packet[8]--;
		packet_ipv4_checksum(packet);
	} else if (what == 8) { /* another acknowledgement */
		packet[JVPN_IPV4_HEADER_BYTES + 11]++;
		packet_tcp_checksum(packet, len);
	} else if (what == 9) { /* another time stamp */
		packet[JVPN_IPV4_HEADER_BYTES + 27]++;
		packet_tcp_checksum(packet, len);
	} else if (what == 10) { /* a wrong checksum stays wrong */
		packet[len - 1] ^= 1;
	}
}

START_TEST(coalesce_add__something_differs__both_alone_and_in_order)
{
	struct jvpn_coalescer *c = setup(false);
	struct shape w = {.flags = 0x10, .id = 1, .seq = 100, .payload = 500};
	uint8_t first[PACKET_MAX], second[PACKET_MAX];
	size_t len = tcp(first, &w);

	w.seq += 500;
	w.id++;
	change(_i, &w, second, len);
	jvpn_coalesce_add(c, first, len);
	len = (size_t)second[2] << 8 | second[3];
	jvpn_coalesce_add(c, second, len);
	jvpn_coalesce_flush(c);
	ck_assert_uint_eq(kernel.writes, 2);
	same_as_kernel(0, first, JVPN_IPV4_HEADER_BYTES + TCP_BYTES + 500);
	same_as_kernel(1, second, len);
	jvpn_coalescer_free(c);
}
END_TEST

START_TEST(coalesce_add__push_or_short__ends_the_super_packet)
{
	struct jvpn_coalescer *c = setup(false);
	uint8_t in[3][PACKET_MAX];
	size_t len[3];

	for (unsigned i = 0; i < 3; i++) {
		struct shape w = {.flags = _i == 0 && i == 1 ? 0x18 : 0x10,
				  .id = (uint16_t)i,
				  .seq = i * 500,
				  .payload = _i == 1 && i == 1 ? 499 : 500};

		if (_i == 1 && i == 2)
			w.seq = 999;
		len[i] = tcp(in[i], &w);
		jvpn_coalesce_add(c, in[i], len[i]);
	}
	jvpn_coalesce_flush(c);
	ck_assert_uint_eq(kernel.writes, 2);
	for (unsigned i = 0; i < 3; i++)
		same_as_kernel(i, in[i], len[i]);
	jvpn_coalescer_free(c);
}
END_TEST

START_TEST(coalesce_add__more_flows_than_places__nothing_is_lost)
{
	struct jvpn_coalescer *c = setup(false);
	uint32_t seen[20] = {0};
	uint8_t in[PACKET_MAX];

	for (unsigned round = 0; round < 10; round++)
		for (uint16_t port = 0; port < 20; port++) {
			struct shape w = {.flags = 0x10,
					  .port = port,
					  .id = (uint16_t)round,
					  .seq = round * 100,
					  .payload = 100};

			jvpn_coalesce_add(c, in, tcp(in, &w));
		}
	jvpn_coalesce_flush(c);
	ck_assert_uint_eq(kernel.packets, 200);
	for (size_t i = 0; i < kernel.packets; i++) {
		const uint8_t *t = kernel.packet[i] + JVPN_IPV4_HEADER_BYTES;
		uint32_t seq = (uint32_t)t[6] << 8 | t[7];

		ck_assert_uint_eq(seq, seen[t[3]] * 100);
		seen[t[3]]++;
	}
	jvpn_coalescer_free(c);
}
END_TEST

START_TEST(coalesce_add__hostile_octets__pass_unchanged)
{
	struct jvpn_coalescer *c = setup(true);
	uint8_t in[PACKET_MAX];

	srand(7);
	for (unsigned i = 0; i < 100000; i++) {
		struct shape w = {.flags = 0x10, .seq = i % 3 * 50, .id = i % 3, .payload = 50};
		size_t len = tcp(in, &w);

		kernel.packets = 0;
		for (int flips = rand() % 4; flips > 0; flips--)
			in[(size_t)rand() % len] ^= (uint8_t)(1 << rand() % 8);
		if (rand() % 4 == 0)
			len = 20 + (size_t)rand() % (len - 20);
		jvpn_coalesce_add(c, in, len);
		if (rand() % 5 == 0)
			jvpn_coalesce_flush(c);
	}
	jvpn_coalescer_free(c);
}
END_TEST

UNIT_TESTS(coalesce)
{
	tcase_add_loop_test(tc, coalesce_add__stream__comes_apart_as_it_was, 0, 2);
	tcase_add_loop_test(tc, coalesce_add__datagrams__come_apart_as_they_were, 0, 2);
	tcase_add_loop_test(tc, coalesce_add__something_differs__both_alone_and_in_order, 0, 11);
	tcase_add_loop_test(tc, coalesce_add__push_or_short__ends_the_super_packet, 0, 2);
	tcase_add_test(tc, coalesce_add__more_flows_than_places__nothing_is_lost);
	tcase_add_test(tc, coalesce_add__hostile_octets__pass_unchanged);
}
