/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HTTP Datagrams of the one tunnel of a connection. Sends nothing.
 */
#include "quic/dgram.h"

#include <string.h>

#include "base/err.h"
#include "proto/connectip.h"
#include "proto/varint.h"

/* Short header (1), packet number (4), DATAGRAM frame type and length (1 + 2), AEAD tag (16). */
#define PACKET_OVERHEAD (1 + 4 + 3 + 16)

void jvpn_dgram_init(struct jvpn_dgram *d)
{
	*d = (struct jvpn_dgram){.stream_id = -1};
}

int jvpn_dgram_bind(struct jvpn_dgram *d, int64_t stream_id, bool client)
{
	struct jvpn_dgram bound = {.stream_id = stream_id};
	struct jvpn_writer w;
	int err;

	if (stream_id < 0)
		return JVPN_EINVAL;
	jvpn_writer_init(&w, bound.prefix, sizeof(bound.prefix));
	err = jvpn_connectip_dgram_encode((uint64_t)stream_id, &w);
	if (err)
		return err;
	bound.prefix_len = jvpn_writer_len(&w);
	jvpn_writer_init(&w, bound.probe, sizeof(bound.probe));
	jvpn_varint_write(&w, (uint64_t)stream_id / 4);
	jvpn_varint_write(&w, client ? JVPN_DGRAM_PROBE_CLIENT : JVPN_DGRAM_PROBE_SERVER);
	if (w.err)
		return w.err;
	bound.probe_len = jvpn_writer_len(&w);
	*d = bound;
	return 0;
}

enum jvpn_dgram_kind jvpn_dgram_decode(const struct jvpn_dgram *d, const uint8_t *data, size_t len,
				       const uint8_t **packet, size_t *packet_len)
{
	uint64_t stream_id = 0, context_id = 0;
	struct jvpn_reader r;

	/* The usual case: exactly the prefix that we send ourselves. */
	if (d->stream_id >= 0 && len > d->prefix_len &&
	    memcmp(data, d->prefix, d->prefix_len) == 0) {
		*packet = data + d->prefix_len;
		*packet_len = len - d->prefix_len;
		return JVPN_DGRAM_PACKET;
	}
	jvpn_reader_init(&r, data, len);
	if (jvpn_connectip_dgram_decode(&r, &stream_id, &context_id) != 0)
		return JVPN_DGRAM_MALFORMED;
	*packet_len = jvpn_reader_left(&r);
	if (d->stream_id < 0 || stream_id != (uint64_t)d->stream_id ||
	    context_id != JVPN_CONNECTIP_CONTEXT_IP || *packet_len == 0)
		return JVPN_DGRAM_OTHER;
	*packet = data + (len - *packet_len);
	return JVPN_DGRAM_PACKET;
}

size_t jvpn_dgram_max_packet(const struct jvpn_dgram *d, size_t udp_payload, size_t dcid_len)
{
	size_t overhead = PACKET_OVERHEAD + dcid_len + (d->prefix_len ? d->prefix_len : 2);

	return udp_payload > overhead ? udp_payload - overhead : 0;
}
