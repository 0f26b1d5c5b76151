/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Collects equal-sized packets for one UDP_SEGMENT system call.
 */
#include "quic/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int jvpn_batch_init(struct jvpn_batch *b, size_t packet_max)
{
	*b = (struct jvpn_batch){.packet_max = packet_max};
	b->data = malloc(JVPN_ENDPOINT_BATCH_BYTES + packet_max);
	return b->data ? 0 : JVPN_ENOMEM;
}

void jvpn_batch_clear(struct jvpn_batch *b)
{
	free(b->data);
	*b = (struct jvpn_batch){0};
}

uint8_t *jvpn_batch_tail(struct jvpn_batch *b)
{
	return b->data + b->len;
}

void jvpn_batch_flush(struct jvpn_batch *b)
{
	struct jvpn_tuple tuple;

	if (b->len > 0) {
		jvpn_path_unfold(&b->tuple, &tuple);
		/* JVPN_EAGAIN: the endpoint still has an earlier batch; this one is lost like on any
		 * congested link. Connections do not write while their endpoint is blocked. */
		(void)jvpn_endpoint_send(b->endpoint, &tuple, b->ecn, b->data, b->len, b->segment);
	}
	b->len = b->count = b->segment = 0;
	b->is_last_short = false;
	b->endpoint = NULL;
}

static bool fits(const struct jvpn_batch *b, const struct jvpn_endpoint *endpoint,
		 const struct jvpn_path_tuple *tuple, uint8_t ecn, size_t len)
{
	return b->endpoint == endpoint && !b->is_last_short && len <= b->segment && ecn == b->ecn &&
	       b->count < JVPN_ENDPOINT_SEGMENTS && b->len + len <= JVPN_ENDPOINT_BATCH_BYTES &&
	       memcmp(tuple, &b->tuple, sizeof(*tuple)) == 0;
}

void jvpn_batch_add(struct jvpn_batch *b, struct jvpn_endpoint *endpoint,
		    const struct jvpn_path_tuple *tuple, uint8_t ecn, size_t len)
{
	if (len == 0)
		return;
	if (b->len > 0 && !fits(b, endpoint, tuple, ecn, len)) {
		uint8_t *packet = b->data + b->len;

		jvpn_batch_flush(b);
		memmove(b->data, packet, len);
	}
	if (b->len == 0) {
		b->endpoint = endpoint;
		b->tuple = *tuple;
		b->ecn = ecn;
		b->segment = len;
	}
	b->is_last_short = len < b->segment;
	b->len += len;
	b->count++;
	if (b->count == JVPN_ENDPOINT_SEGMENTS || b->len + b->segment > JVPN_ENDPOINT_BATCH_BYTES)
		jvpn_batch_flush(b);
}

void jvpn_batch_forget(struct jvpn_batch *b, const struct jvpn_endpoint *endpoint)
{
	if (b->endpoint == endpoint)
		b->len = 0;
	if (b->len == 0)
		jvpn_batch_flush(b);
}
