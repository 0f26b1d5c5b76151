/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packets between a TUN and the sessions, as far as both ends do it alike: super-packets are taken
 * apart straight into a session's queue, and packets of one flow are joined before they are written.
 * Knows no addresses and no rules: what happens to a packet is the caller's.
 */
#ifndef JVPN_RUNTIME_PUMP_H
#define JVPN_RUNTIME_PUMP_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/driver.h"
#include "tun/forward.h"
#include "tun/offload.h"

struct jvpn_tun;
struct jvpn_pump; /* owner: the program; one per TUN */

/* A packet or super-packet from the TUN: data, len, largest and now_ns of it; may be changed in place. */
typedef void (*jvpn_pump_fn)(void *user, struct jvpn_forward_packet *packet);

/* The TUN is borrowed and must outlive the pump; so must the pool of the sessions' queues that packets
 * go to. JVPN_ENOMEM. */
int jvpn_pump_new(struct jvpn_tun *tun, struct jvpn_pool *pool, jvpn_pump_fn fn, void *user,
		  struct jvpn_pump **out);
void jvpn_pump_free(struct jvpn_pump *pump);
/* Reads what waits, in bounded batches so that sockets get their turn, and hands each packet over. 0, or
 * JVPN_ECLOSED: somebody has deleted the device, and its descriptor stays readable for ever. */
int jvpn_pump_read(struct jvpn_pump *pump, uint64_t now_ns);
/* One packet to the kernel; it may be joined with others until _flush(). No back-pressure: what the
 * kernel does not take is lost like on any full queue. NULL is a TUN that is gone. */
void jvpn_pump_write(struct jvpn_pump *pump, const uint8_t *packet, size_t len);
/* Writes what was joined. Once a turn. */
void jvpn_pump_flush(struct jvpn_pump *pump);

/* Queues a packet of jvpn_pump_fn for the session (JVPN_FORWARD_PASS). A large super-packet is handed over
 * with its memory: it must not be touched afterwards. */
void jvpn_pump_send(struct jvpn_live *live, struct jvpn_forward_packet *packet);
/* The same, each segment in fragments (JVPN_FORWARD_FRAGMENT). */
void jvpn_pump_send_fragments(struct jvpn_live *live, const struct jvpn_forward_packet *packet);

#endif
