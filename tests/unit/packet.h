/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes inner packets for tests; its checksums are computed the slow way, not by proto/ippkt.
 */
#ifndef JVPN_TESTS_PACKET_H
#define JVPN_TESTS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 2048

/* 10.7.0.2 -> 192.0.2.5, DF, TTL 64, with 'payload' octets 0, 1, 2 ...; returns the length. */
size_t packet_ipv4(uint8_t *out, uint8_t protocol, size_t payload);
/* fd00:0:0:0:7::2 -> 2001:db8::5, hop limit 64. */
size_t packet_ipv6(uint8_t *out, uint8_t protocol, size_t payload);
/* Sets the IPv4 header checksum again after a change. */
void packet_ipv4_checksum(uint8_t *packet);
/* TCP right behind an IPv4 header without options or an IPv6 header without extensions. */
void packet_tcp_checksum(uint8_t *packet, size_t len);
bool packet_tcp_checksum_is_right(const uint8_t *packet, size_t len);
/* The same for ICMP (protocol 1 over IPv4, 58 over IPv6). */
bool packet_icmp_checksum_is_right(const uint8_t *packet, size_t len);

#endif
