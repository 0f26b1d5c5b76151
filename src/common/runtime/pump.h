/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packets between a TUN and the sessions, as far as both ends do it alike. Knows no addresses and no
 * rules: what happens to a packet is the caller's.
 */
#ifndef JVPN_RUNTIME_PUMP_H
#define JVPN_RUNTIME_PUMP_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/driver.h"
#include "tun/forward.h"

struct jvpn_tun;

typedef void (*jvpn_pump_fn)(void *user, uint8_t *packet, size_t len);

/* Reads what waits, in bounded batches so that sockets get their turn, and hands each packet over;
 * it may be changed in place. */
void jvpn_pump_read(struct jvpn_tun *tun, jvpn_pump_fn fn, void *user);
/* Queues the packet's fragments (JVPN_FORWARD_FRAGMENT) for the session. */
void jvpn_pump_send_fragments(struct jvpn_live *live, const struct jvpn_forward_packet *packet);

#endif
