/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One TUN device: IP packets in and out of a nonblocking descriptor, with offloads super-packets too.
 * Configures only its own link (up, MTU, queue length); addresses and routes are netcfg's.
 */
#ifndef JVPN_TUN_TUN_H
#define JVPN_TUN_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/offload.h"

#define JVPN_TUN_NAME_BYTES 16 /* IFNAMSIZ, with the final NUL */
/* The largest packet that a TUN hands over, with and without offloads. */
#define JVPN_TUN_PACKET_MAX 65535
/* The kernel's queue in front of the TUN cannot push back, and the session's queue decides; but it must hold
 * what small packets come while others have the processor: 4 ms at 130 000 a second. */
#define JVPN_TUN_QUEUE_LEN 500

struct jvpn_tun; /* owner: runtime; the device vanishes with it */

struct jvpn_tun_config {
	const char *name; /* "jvpn0", or with one %d a pattern; NULL or "": "jvpn%d" */
	bool multi_queue; /* IFF_MULTI_QUEUE: several descriptors for one device */
	bool offload; /* super-packets and open checksums both ways, where the kernel has them */
	uint32_t mtu; /* 0: the kernel's default (1500) */
	uint32_t queue_len; /* packets; 0: JVPN_TUN_QUEUE_LEN */
	/* A TUN that somebody else has opened and lends us: name, multi_queue, mtu and queue_len do not
	 * count, the link is left as it is, and the descriptor is ours from now on. 0: none. */
	int lent_fd;
};

/* Creates the device, still down, or takes the one that is lent (which may be in another network
 * namespace: its ifindex is 0 then). 'error' gets a sentence that says what to do. JVPN_EINVAL (name),
 * JVPN_ENOTFOUND (no TUN node or no driver, or the lent descriptor is none), JVPN_EPERM (no CAP_NET_ADMIN), JVPN_EBUSY (another
 * process has it), JVPN_EEXISTS (a device of this name is no such TUN), JVPN_ENOMEM, JVPN_EIO. */
int jvpn_tun_open(const struct jvpn_tun_config *config, struct jvpn_tun **out, char *error,
		  size_t error_size);
/* Does the device outlive its descriptor? A device that was left behind by a persistent one is taken
 * over by jvpn_tun_open() as it is and stays persistent until this says otherwise. JVPN_EPERM,
 * JVPN_ECLOSED, JVPN_EIO. */
int jvpn_tun_set_persistent(struct jvpn_tun *tun, bool persistent);
/* Closes the descriptor: unless it is persistent, the device, its addresses and its routes are
 * gone. NULL is fine. */
void jvpn_tun_free(struct jvpn_tun *tun);
/* Nonblocking, close-on-exec; stays the TUN's. */
int jvpn_tun_fd(const struct jvpn_tun *tun);
const char *jvpn_tun_name(const struct jvpn_tun *tun);
unsigned jvpn_tun_ifindex(const struct jvpn_tun *tun);

/* What the kernel and we leave to each other; all false without offloads. */
struct jvpn_tun_features {
	bool vnet; /* vnet headers: checksums may be open, and super-packets may be written */
	bool tso;  /* the kernel hands over TCP super-packets */
	bool uso;  /* and UDP ones (Linux 6.2) */
};
void jvpn_tun_get_features(const struct jvpn_tun *tun, struct jvpn_tun_features *features);
/* "checksum yes, TSO yes, USO no" */
void jvpn_tun_describe(const struct jvpn_tun *tun, char *out, size_t size);

/* One packet, or one super-packet: *offload says which (all zero without offloads). Returns its
 * length; 0 when nothing is waiting; JVPN_ENOSPACE when it was longer than size, JVPN_EMALFORMED when
 * its header makes no sense (the packet is gone); JVPN_ECLOSED when the device was deleted; JVPN_EIO. */
int jvpn_tun_read(struct jvpn_tun *tun, struct jvpn_tun_offload *offload, uint8_t *buf,
		  size_t size);
/* One packet to the kernel; 'offload' may be NULL: a plain one. JVPN_EAGAIN (drop it: the TUN has no
 * back-pressure), JVPN_EINVAL (the kernel does not take this packet), JVPN_ECLOSED (device down or
 * deleted), JVPN_EIO. */
int jvpn_tun_write(struct jvpn_tun *tun, const struct jvpn_tun_offload *offload,
		   const uint8_t *packet, size_t len);

/* JVPN_EPERM, JVPN_ECLOSED, JVPN_EIO. */
int jvpn_tun_set_up(struct jvpn_tun *tun, bool up);
/* JVPN_ERANGE (68..65535; below 1280 the kernel removes IPv6 from the device), and as above. */
int jvpn_tun_set_mtu(struct jvpn_tun *tun, uint32_t mtu);
int jvpn_tun_set_queue_len(struct jvpn_tun *tun, uint32_t packets);

#endif
