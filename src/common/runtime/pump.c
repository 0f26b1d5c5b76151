/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batches between the TUN and sessions. Must not look into a packet beyond what taking it apart and
 * joining it needs.
 */
#include "runtime/pump.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "tun/coalesce.h"
#include "tun/fragment.h"
#include "tun/segment.h"
#include "tun/super.h"
#include "tun/tun.h"

/* Reads of one readable event: enough to amortise the turn and to leave nothing to the kernel's queue, where
 * flows wait behind each other; few enough not to starve sockets. */
#define PUMP_READS 512
#define PUMP_BYTES (2 * 1024 * 1024)
/* Of one packet that a path can carry. */
#define PUMP_SEGMENT_BYTES 2048

struct jvpn_pump {
	struct jvpn_tun *tun;
	jvpn_pump_fn fn;
	void *user;
	struct jvpn_coalescer *coalescer; /* NULL: the TUN takes no super-packets */
	struct jvpn_pool *pool;
	struct jvpn_super *super; /* where the next packet is read to; NULL: there was no memory */
};

_Static_assert(JVPN_SUPER_BYTES >= JVPN_TUN_PACKET_MAX, "takes any packet");

static void write_joined(void *user, const struct jvpn_tun_offload *offload, const uint8_t *packet,
			 size_t len)
{
	struct jvpn_pump *pump = user;

	(void)jvpn_tun_write(pump->tun, offload, packet, len);
}

int jvpn_pump_new(struct jvpn_tun *tun, struct jvpn_pool *pool, jvpn_pump_fn fn, void *user,
		  struct jvpn_pump **out)
{
	struct jvpn_tun_features features;
	char text[64];
	struct jvpn_pump *pump = malloc(sizeof(*pump));
	int rv = 0;

	if (!pump)
		return JVPN_ENOMEM;
	*pump = (struct jvpn_pump){.tun = tun, .fn = fn, .user = user, .pool = pool};
	jvpn_tun_get_features(tun, &features);
	jvpn_tun_describe(tun, text, sizeof(text));
	jvpn_log_info(JVPN_LOG_TUN, "%s: offloads: %s", jvpn_tun_name(tun), text);
	if (features.vnet)
		rv = jvpn_coalescer_new(features.uso, write_joined, pump, &pump->coalescer);
	if (rv) {
		free(pump);
		return rv;
	}
	*out = pump;
	return 0;
}

void jvpn_pump_free(struct jvpn_pump *pump)
{
	if (!pump)
		return;
	jvpn_coalescer_free(pump->coalescer);
	jvpn_super_free(NULL, pump->super); /* its pool may be gone by now */
	free(pump);
}

/* What was left to us is done, or the packet is none of ours. */
static bool prepare(struct jvpn_forward_packet *p, struct jvpn_tun_offload *offload)
{
	struct jvpn_segmenter segmenter;

	if (offload->gso == JVPN_GSO_NONE)
		return jvpn_checksum_complete(offload, p->data, p->len) == 0;
	if (jvpn_segment_init(&segmenter, offload, p->data, p->len))
		return false;
	p->largest = jvpn_segment_largest(&segmenter);
	p->offload = offload;
	return true;
}

int jvpn_pump_read(struct jvpn_pump *pump, uint64_t now_ns)
{
	size_t bytes = 0;

	for (int i = 0; i < PUMP_READS && bytes < PUMP_BYTES; i++) {
		struct jvpn_tun_offload offload;
		struct jvpn_forward_packet p = {.now_ns = now_ns};
		int n;

		if (!pump->super)
			pump->super = jvpn_super_new(pump->pool);
		if (!pump->super)
			return 0;
		p.super = pump->super;
		p.data = p.super->data;
		n = jvpn_tun_read(pump->tun, &offload, p.data, sizeof(p.super->data));
		if (n == JVPN_ENOSPACE || n == JVPN_EMALFORMED)
			continue;
		if (n <= 0)
			return n == JVPN_ECLOSED ? n : 0;
		p.len = (size_t)n;
		bytes += p.len;
		if (prepare(&p, &offload))
			pump->fn(pump->user, &p);
		pump->super = p.super;
	}
	return 0;
}

void jvpn_pump_write(struct jvpn_pump *pump, const uint8_t *packet, size_t len)
{
	if (!pump)
		return;
	if (pump->coalescer)
		jvpn_coalesce_add(pump->coalescer, packet, len);
	else
		(void)jvpn_tun_write(pump->tun, NULL, packet, len);
}

void jvpn_pump_flush(struct jvpn_pump *pump)
{
	if (pump && pump->coalescer)
		jvpn_coalesce_flush(pump->coalescer);
}

/* Hands over a super-packet whole, when that is worth it. */
static bool give_super(struct jvpn_live *live, uint32_t hash,
		       const struct jvpn_segmenter *segmenter, struct jvpn_forward_packet *packet)
{
	struct jvpn_super *super = packet->super;

	if (!super || packet->len < JVPN_SUPER_WORTH ||
	    segmenter->header_bytes > sizeof(super->head))
		return false;
	super->segmenter = *segmenter;
	if (jvpn_live_give(live, hash, super))
		return false;
	packet->super = NULL;
	packet->data = NULL;
	return true;
}

void jvpn_pump_send(struct jvpn_live *live, struct jvpn_forward_packet *packet)
{
	struct jvpn_segmenter segmenter;
	uint32_t hash;
	uint8_t *at;
	size_t len;

	if (!packet->offload) {
		jvpn_live_send(live, packet->data, packet->len);
		return;
	}
	if (jvpn_segment_init(&segmenter, packet->offload, packet->data, packet->len))
		return;
	hash = jvpn_queue_hash(&live->queue, packet->data, packet->len);
	if (give_super(live, hash, &segmenter, packet))
		return;
	while ((len = jvpn_segment_next_len(&segmenter)) != 0) {
		if (jvpn_live_reserve(live, hash, len, &at))
			return;
		jvpn_segment_next(&segmenter, at);
	}
}

static void send_fragments(struct jvpn_live *live, const struct jvpn_ippkt *view,
			   const uint8_t *packet, size_t mtu)
{
	uint8_t out[PUMP_SEGMENT_BYTES];
	struct jvpn_fragment fragment;
	int len;

	if (jvpn_fragment_init(&fragment, view, packet, mtu))
		return;
	while ((len = jvpn_fragment_next(&fragment, out, sizeof(out))) > 0)
		jvpn_live_send(live, out, (size_t)len);
}

void jvpn_pump_send_fragments(struct jvpn_live *live, const struct jvpn_forward_packet *packet)
{
	struct jvpn_segmenter segmenter;
	struct jvpn_ippkt view;
	uint8_t *segment;
	size_t len;

	if (!packet->offload) {
		send_fragments(live, &packet->view, packet->data, packet->mtu);
		return;
	}
	segment = malloc(packet->largest);
	if (!segment)
		return;
	if (jvpn_segment_init(&segmenter, packet->offload, packet->data, packet->len) == 0)
		while ((len = jvpn_segment_next_len(&segmenter)) != 0) {
			jvpn_segment_next(&segmenter, segment);
			if (jvpn_ippkt_parse(segment, len, &view) == 0)
				send_fragments(live, &view, segment, packet->mtu);
		}
	free(segment);
}
