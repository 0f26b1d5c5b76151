/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What goes with a packet across a TUN with vnet headers (IFF_VNET_HDR): the work that the kernel
 * left to us, or that we leave to the kernel. The kernel's struct virtio_net_hdr never leaves
 * tun_linux.c.
 */
#ifndef JVPN_TUN_OFFLOAD_H
#define JVPN_TUN_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

enum jvpn_gso {
	JVPN_GSO_NONE = 0, /* one packet */
	JVPN_GSO_TCP4,     /* segments of one TCP stream, in one packet of up to 64 KiB */
	JVPN_GSO_TCP6,
	JVPN_GSO_UDP, /* datagrams of equal size of one flow (the last may be shorter) */
	JVPN_GSO_COUNT
};

/* All zero: a plain packet with a complete checksum. */
struct jvpn_tun_offload {
	enum jvpn_gso gso;
	bool needs_checksum;      /* only the pseudo header is in the checksum field */
	uint16_t segment_bytes;   /* payload of each segment but the last */
	uint16_t checksum_start;  /* where the checksummed octets (TCP, UDP header) begin */
	uint16_t checksum_offset; /* of the checksum field, from there */
};

#endif
