/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inner packets for tests.
 */
#include "packet.h"

#include <string.h>

static uint32_t add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

void packet_ipv4_checksum(uint8_t *packet)
{
	put16(packet + 10, 0);
	put16(packet + 10, (uint16_t)~fold(add(0, packet, (packet[0] & 15U) * 4U)));
}

static void fill(uint8_t *payload, size_t len)
{
	for (size_t i = 0; i < len; i++)
		payload[i] = (uint8_t)i;
}

size_t packet_ipv4(uint8_t *out, uint8_t protocol, size_t payload)
{
	static const uint8_t head[20] = {0x45, 0, 0,  0, 0x12, 0x34, 0x40, 0, 64, 0,
					 0,    0, 10, 7, 0,    2,    192,  0, 2,  5};

	memcpy(out, head, 20);
	put16(out + 2, 20 + payload);
	out[9] = protocol;
	packet_ipv4_checksum(out);
	fill(out + 20, payload);
	return 20 + payload;
}

size_t packet_ipv6(uint8_t *out, uint8_t protocol, size_t payload)
{
	static const uint8_t head[40] = {
		0x60, 0, 0, 0, 0,    0,    0,    64,   0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0,
		0,    0, 0, 2, 0x20, 0x01, 0x0d, 0xb8, 0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};

	memcpy(out, head, 40);
	put16(out + 4, payload);
	out[6] = protocol;
	fill(out + 40, payload);
	return 40 + payload;
}

/* Sum over pseudo header and upper layer, the checksum field included; 0xffff when it is right. */
static uint16_t upper_sum(const uint8_t *packet, size_t len, uint8_t protocol, bool with_pseudo)
{
	size_t head = packet[0] >> 4 == 4 ? 20 : 40;
	uint32_t sum = 0;

	if (with_pseudo)
		sum = protocol + (uint32_t)(len - head) +
		      add(0, packet + (head == 20 ? 12 : 8), head == 20 ? 8 : 32);
	return fold(add(sum, packet + head, len - head));
}

void packet_tcp_checksum(uint8_t *packet, size_t len)
{
	uint8_t *at = packet + (packet[0] >> 4 == 4 ? 20 : 40) + 16;

	put16(at, 0);
	put16(at, (uint16_t)~upper_sum(packet, len, 6, true));
}

bool packet_tcp_checksum_is_right(const uint8_t *packet, size_t len)
{
	return upper_sum(packet, len, 6, true) == 0xffff;
}

bool packet_icmp_checksum_is_right(const uint8_t *packet, size_t len)
{
	bool is_v6 = packet[0] >> 4 == 6;

	return upper_sum(packet, len, 58, is_v6) == 0xffff;
}
