/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packets of one flow to one super-packet for the kernel (what GRO does in a network card's driver):
 * one write to the TUN instead of forty. Only packets that the kernel can take apart again octet for
 * octet are joined, and only with checksums that are right. Pure: no I/O, no clock; nothing waits
 * here beyond _flush().
 */
#ifndef JVPN_TUN_COALESCE_H
#define JVPN_TUN_COALESCE_H

#include <stddef.h>
#include <stdint.h>

#include "tun/offload.h"

/* Flows that may be under way at once; the one that was begun first goes when another comes. */
#define JVPN_COALESCE_FLOWS 8
/* Below the 64 KiB of an IP packet. */
#define JVPN_COALESCE_BYTES 65000
/* UDP: the kernel takes no more datagrams in one (UDP_MAX_SEGMENTS of the oldest kernels). */
#define JVPN_COALESCE_DATAGRAMS 64

/* Takes a finished packet; it is borrowed for the call. */
typedef void (*jvpn_coalesce_fn)(void *user, const struct jvpn_tun_offload *offload,
				 const uint8_t *packet, size_t len);

struct jvpn_coalescer;

struct jvpn_coalesce_counters {
	uint64_t packets, joined; /* taken; of them, became part of another */
	uint64_t written;         /* given on */
};

/* udp: the kernel takes UDP super-packets (TUN_F_USO4). JVPN_ENOMEM. */
int jvpn_coalescer_new(bool udp, jvpn_coalesce_fn fn, void *user, struct jvpn_coalescer **out);
void jvpn_coalescer_free(struct jvpn_coalescer *coalescer);
/* A whole, valid IP packet of at least 20 octets. The order within a flow is kept. */
void jvpn_coalesce_add(struct jvpn_coalescer *coalescer, const uint8_t *packet, size_t len);
/* Gives everything on. At the end of every batch. */
void jvpn_coalesce_flush(struct jvpn_coalescer *coalescer);
void jvpn_coalesce_get_counters(const struct jvpn_coalescer *coalescer,
				struct jvpn_coalesce_counters *counters);

#endif
