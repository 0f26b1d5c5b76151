/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cuts an IPv4 packet without DF into fragments (RFC 791 section 3.2). IPv6 is never fragmented on
 * the way (RFC 8200 section 4.5). No allocation.
 */
#ifndef JVPN_TUN_FRAGMENT_H
#define JVPN_TUN_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/ippkt.h"

struct jvpn_fragment {
	const uint8_t *packet; /* borrowed until the last fragment */
	size_t len, header_len;
	size_t mtu;
	size_t done; /* octets of payload already cut off */
};

/* The packet as jvpn_ippkt_parse() took it. JVPN_EINVAL: IPv6 or DF; JVPN_ERANGE: the MTU leaves no
 * room for 8 octets of payload. */
int jvpn_fragment_init(struct jvpn_fragment *fragment, const struct jvpn_ippkt *view,
		       const uint8_t *packet, size_t mtu);
/* Writes the next fragment; returns its length, 0 after the last one; JVPN_ENOSPACE. */
int jvpn_fragment_next(struct jvpn_fragment *fragment, uint8_t *out, size_t size);

#endif
