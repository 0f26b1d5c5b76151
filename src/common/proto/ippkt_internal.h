/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ippkt.c and ippkt_icmp.c share. Not for other folders.
 */
#ifndef JVPN_PROTO_IPPKT_INTERNAL_H
#define JVPN_PROTO_IPPKT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Big-endian, at any alignment. */
uint16_t jvpn_ippkt_get16(const uint8_t *at);
void jvpn_ippkt_put16(uint8_t *at, uint16_t v);
/* 'len' is 4 or 16. */
bool jvpn_ippkt_address_is_zero(const uint8_t *address, size_t len);
bool jvpn_ippkt_address_is_loopback(const uint8_t *address, size_t len);
bool jvpn_ippkt_address_is_multicast(const uint8_t *address, size_t len);
bool jvpn_ippkt_address_is_reserved(const uint8_t *address, size_t len);

#endif
