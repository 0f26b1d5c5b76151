/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One TUN device: plain IP packets in and out of a nonblocking descriptor. Configures only its own
 * link (up, MTU, queue length); addresses and routes are netcfg's.
 */
#ifndef JVPN_TUN_TUN_H
#define JVPN_TUN_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_TUN_NAME_BYTES 16 /* IFNAMSIZ, with the final NUL */
/* The largest packet a TUN without offloads hands over. */
#define JVPN_TUN_PACKET_MAX 65535
/* Short: the kernel's queue in front of the TUN cannot push back, the session's queue decides. */
#define JVPN_TUN_QUEUE_LEN 64

struct jvpn_tun; /* owner: runtime; the device vanishes with it */

struct jvpn_tun_config {
	const char *name;   /* "jvpn0", or with one %d a pattern; NULL or "": "jvpn%d" */
	bool multi_queue;   /* IFF_MULTI_QUEUE: several descriptors for one device */
	bool vnet_header;   /* IFF_VNET_HDR: every packet is preceded by struct virtio_net_hdr */
	uint32_t mtu;       /* 0: the kernel's default (1500) */
	uint32_t queue_len; /* packets; 0: JVPN_TUN_QUEUE_LEN */
};

/* Creates the device, still down. 'error' gets a sentence that says what to do. JVPN_EINVAL (name),
 * JVPN_ENOTFOUND (no TUN node or no driver), JVPN_EPERM (no CAP_NET_ADMIN), JVPN_EBUSY (another
 * process has it), JVPN_EEXISTS (a device of this name is no such TUN), JVPN_ENOMEM, JVPN_EIO. */
int jvpn_tun_open(const struct jvpn_tun_config *config, struct jvpn_tun **out, char *error,
		  size_t error_size);
/* Closes the descriptor: the device, its addresses and its routes are gone. NULL is fine. */
void jvpn_tun_free(struct jvpn_tun *tun);
/* Nonblocking, close-on-exec; stays the TUN's. */
int jvpn_tun_fd(const struct jvpn_tun *tun);
const char *jvpn_tun_name(const struct jvpn_tun *tun);
unsigned jvpn_tun_ifindex(const struct jvpn_tun *tun);

/* One packet. Returns its length; 0 when nothing is waiting; JVPN_ENOSPACE when it was longer than
 * size (the packet is gone); JVPN_ECLOSED when the device was deleted; JVPN_EIO. */
int jvpn_tun_read(struct jvpn_tun *tun, uint8_t *buf, size_t size);
/* Up to 'max' packets into slots of slot_bytes each; lens[i] is the length of the one in slot i.
 * Returns how many, 0 when nothing is waiting; errors as above when there is not even one.
 * Packets longer than a slot are dropped. */
int jvpn_tun_read_many(struct jvpn_tun *tun, uint8_t *slots, size_t slot_bytes, size_t *lens,
		       size_t max);
/* One packet to the kernel. JVPN_EAGAIN (drop it: the TUN has no back-pressure), JVPN_EINVAL (the
 * kernel does not take this packet), JVPN_ECLOSED (device down or deleted), JVPN_EIO. */
int jvpn_tun_write(struct jvpn_tun *tun, const uint8_t *packet, size_t len);

/* JVPN_EPERM, JVPN_ECLOSED, JVPN_EIO. */
int jvpn_tun_set_up(struct jvpn_tun *tun, bool up);
/* JVPN_ERANGE (68..65535; below 1280 the kernel removes IPv6 from the device), and as above. */
int jvpn_tun_set_mtu(struct jvpn_tun *tun, uint32_t mtu);
int jvpn_tun_set_queue_len(struct jvpn_tun *tun, uint32_t packets);

#endif
