/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Collects QUIC packets of equal size, destination and ECN, and sends them with one system call.
 * Packets are written straight into its memory; nothing is allocated per packet.
 */
#ifndef JVPN_QUIC_BATCH_H
#define JVPN_QUIC_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quic/endpoint.h"
#include "quic/path.h"

/* Owner: struct jvpn_quic; one for all its connections. */
struct jvpn_batch {
	uint8_t *data; /* JVPN_ENDPOINT_BATCH_BYTES plus one packet */
	size_t len, segment, count;
	size_t packet_max;
	bool is_last_short; /* nothing may follow a shorter segment */
	uint8_t ecn;
	struct jvpn_endpoint *endpoint;
	struct jvpn_path_tuple tuple;
};

/* packet_max: the largest packet that will ever be written. JVPN_ENOMEM. */
int jvpn_batch_init(struct jvpn_batch *batch, size_t packet_max);
void jvpn_batch_clear(struct jvpn_batch *batch);
/* Where the next packet goes: room for packet_max bytes. */
uint8_t *jvpn_batch_tail(struct jvpn_batch *batch);
/* A packet of 'len' bytes was written at the tail. Sends what was collected before, when this one
 * does not fit to it. */
void jvpn_batch_add(struct jvpn_batch *batch, struct jvpn_endpoint *endpoint,
		    const struct jvpn_path_tuple *tuple, uint8_t ecn, size_t len);
/* Sends what is there. */
void jvpn_batch_flush(struct jvpn_batch *batch);
/* The endpoint goes away: forget what would be sent on it. */
void jvpn_batch_forget(struct jvpn_batch *batch, const struct jvpn_endpoint *endpoint);

#endif
