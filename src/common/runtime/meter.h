/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an engine has counted, as plain sums, and how it is written as metrics. A worker's are read on its
 * own thread, so that no packet pays for a lock or an atomic; sums of copies are anybody's.
 */
#ifndef JVPN_RUNTIME_METER_H
#define JVPN_RUNTIME_METER_H

#include <stddef.h>
#include <stdint.h>

#include "core/fsm_table.h"
#include "obs/exposition.h"
#include "quic/quic.h"
#include "tun/forward.h"
#include "tun/queue.h"

struct jvpn_engine;
struct jvpn_persist;

struct jvpn_meter {
	size_t states[JVPN_STATE_COUNT];
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes;
	uint64_t malformed, unexpected, unanswered; /* messages that were dropped */
	struct jvpn_queue_figures queues;
	size_t queue_bytes;
	struct jvpn_quic_stats quic;
	/* The program's: */
	struct jvpn_forward_counters from_peer, to_peer;
	uint64_t handed_datagrams, handed_packets, handed_dropped;
};

/* Adds an engine's; on its thread. */
void jvpn_meter_take(struct jvpn_meter *sum, const struct jvpn_engine *engine);
void jvpn_meter_add(struct jvpn_meter *sum, const struct jvpn_meter *f);
/* Adds the counters of forwarding rules. */
void jvpn_meter_forwarded(struct jvpn_forward_counters *sum, const struct jvpn_forward *forward);

/* Writes the metrics that both programs have, but those of the exporter itself. 'engine' is the one whose
 * event stream tells of the process. */
void jvpn_meter_write(const struct jvpn_meter *f, const struct jvpn_engine *engine,
		      struct jvpn_exposition *x);
/* Those of a durable store. */
void jvpn_meter_write_store(const struct jvpn_persist *persist, struct jvpn_exposition *x);

#endif
