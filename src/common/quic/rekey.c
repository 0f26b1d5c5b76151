/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When traffic keys are changed. Must not touch keys itself.
 */
#include "quic/rekey.h"

#include <ngtcp2/ngtcp2_crypto.h>

#include "base/time.h"
#include "quic/quic_internal.h"

/* AES-GCM may protect 2^23 packets with one key (RFC 9001 section 6.6), and ngtcp2 closes the connection
 * when a change that it begins there itself is not possible yet. Packets without an inner packet are
 * acknowledgements of those with one: fewer than the inner packets of both directions. */
#define MAX_PACKETS (1ULL << 22)
/* A server leaves it to the client, who has the same policy as a rule: it begins so much later. */
#define SERVER_PATIENCE  8
#define TELL_INTERVAL_NS JVPN_NS_PER_S

static uint64_t count_bytes(const struct jvpn_conn *conn)
{
	return conn->dgram_bytes_sent + conn->dgram_bytes_recv;
}

static uint64_t count_packets(const struct jvpn_conn *conn)
{
	return conn->dgram_sent + conn->dgram_recv;
}

int jvpn_rekey_on_prepare(ngtcp2_conn *ng, uint8_t *rx_secret, uint8_t *tx_secret,
			  ngtcp2_crypto_aead_ctx *rx_ctx, uint8_t *rx_iv,
			  ngtcp2_crypto_aead_ctx *tx_ctx, uint8_t *tx_iv,
			  const uint8_t *current_rx_secret, const uint8_t *current_tx_secret,
			  size_t secret_len, void *user)
{
	struct jvpn_conn *conn = user;
	struct jvpn_rekey *r = &conn->rekey;
	int rv =
		ngtcp2_crypto_update_key_cb(ng, rx_secret, tx_secret, rx_ctx, rx_iv, tx_ctx, tx_iv,
					    current_rx_secret, current_tx_secret, secret_len, user);

	if (rv != 0)
		return rv;
	if (r->prepared) {
		r->generation++;
		r->by_peer = !r->begun;
	}
	r->prepared = true;
	r->begun = false;
	r->since_ns = conn->quic->now_ns;
	r->bytes = count_bytes(conn);
	r->packets = count_packets(conn);
	return 0;
}

static bool is_over(uint64_t value, uint64_t limit, bool server)
{
	return limit != 0 && value >= limit + (server ? limit / SERVER_PATIENCE : 0);
}

static bool is_due(const struct jvpn_conn *conn)
{
	const struct jvpn_quic *quic = conn->quic;
	const struct jvpn_rekey *r = &conn->rekey;
	bool server = quic->config.server;

	return is_over(count_packets(conn) - r->packets, MAX_PACKETS, server) ||
	       is_over(count_bytes(conn) - r->bytes, quic->rekey_after_bytes, server) ||
	       is_over(jvpn_time_since(quic->now_ns, r->since_ns), quic->rekey_after_ns, server);
}

void jvpn_rekey_if_due(struct jvpn_conn *conn)
{
	struct jvpn_rekey *r = &conn->rekey;

	if (!r->prepared || r->begun || !conn->is_confirmed || !is_due(conn))
		return;
	/* Refused while a change of the peer is not confirmed, or the last one is younger than 3 PTO. */
	r->begun = ngtcp2_conn_initiate_key_update(conn->ng, conn->quic->now_ns) == 0;
}

void jvpn_rekey_tell(struct jvpn_conn *conn)
{
	const struct jvpn_quic_config *config = &conn->quic->config;
	struct jvpn_rekey *r = &conn->rekey;

	if (r->told == r->generation || conn->quic->now_ns < r->tell_after_ns)
		return;
	r->told = r->generation;
	r->tell_after_ns = jvpn_time_add(conn->quic->now_ns, TELL_INTERVAL_NS);
	if (config->ops->on_keys)
		config->ops->on_keys(config->user, conn, r->generation, r->by_peer);
}

void jvpn_quic_set_key_update(struct jvpn_quic *quic, uint64_t after_bytes, uint64_t after_ns)
{
	quic->rekey_after_bytes = after_bytes;
	quic->rekey_after_ns = after_ns;
}
