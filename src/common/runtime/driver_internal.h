/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the driver's files share among themselves.
 */
#ifndef JVPN_RUNTIME_DRIVER_INTERNAL_H
#define JVPN_RUNTIME_DRIVER_INTERNAL_H

#include "runtime/driver.h"

/* driver_effects.c: executes one effect. */
void jvpn_driver_execute(struct jvpn_live *live, struct jvpn_effect *effect);
/* What the driver alone knows goes into an EMIT: peer, user, addresses, figures, notes. */
void jvpn_driver_complete(const struct jvpn_live *live, struct jvpn_effect *effect);

/* driver_held.c: takes the request over when its counter is beyond the limit. */
bool jvpn_driver_hold(struct jvpn_live *live, struct jvpn_transport *transport,
		      const struct jvpn_effect *effect);
void jvpn_driver_drop_held(struct jvpn_live *live, const struct jvpn_transport *transport);
void jvpn_driver_free_held(struct jvpn_live *live);

/* driver_messages.c: a capsule of the Jumping extension. */
void jvpn_driver_take_capsule(struct jvpn_transport *transport, uint64_t type, const uint8_t *data,
			      size_t len, uint32_t generation);

/* driver_transport.c: the quic ops, and what keeps the liveness clock going. */
void jvpn_transport_poll(struct jvpn_transport *transport);
uint64_t jvpn_transport_next_deadline(const struct jvpn_transport *transport);
void jvpn_transport_free(struct jvpn_transport *transport);
/* Sets the liveness mode from what the session says now. */
void jvpn_transport_update_mode(struct jvpn_transport *transport);
/* The path is new, or has come back: what was lost before is no news, and is declared lost within a
 * round trip from now. */
void jvpn_transport_forgive(struct jvpn_transport *transport);
/* driver_measure.c: a FACT event with the present figures. */
bool jvpn_transport_fact(struct jvpn_transport *transport, enum jvpn_fact_kind kind);
/* The figures of all transports, when the core is about to choose with this event. OVER: 'live' is gone;
 * GONE: the transport of the event is. */
enum jvpn_measured { JVPN_MEASURED = 1, JVPN_MEASURED_OVER, JVPN_MEASURED_GONE };
enum jvpn_measured jvpn_live_measure_for(struct jvpn_live *live, const struct jvpn_event *event);
/* Client: compares the standbys with the binding when it is time. False: 'live' is gone. */
bool jvpn_live_compare(struct jvpn_live *live);
uint64_t jvpn_live_compare_deadline(const struct jvpn_live *live);
/* driver.c: recomputes the session's wake-up. */
void jvpn_live_reschedule(struct jvpn_live *live);
/* An inner packet passed on the binding. */
void jvpn_live_carried(struct jvpn_live *live);

#endif
