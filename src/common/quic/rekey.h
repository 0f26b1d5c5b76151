/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Key update of a connection (RFC 9001 section 6): when one is due, and that one has happened. ngtcp2
 * makes and drops the keys. For quic/ only.
 */
#ifndef JVPN_QUIC_REKEY_H
#define JVPN_QUIC_REKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ngtcp2/ngtcp2.h>

struct jvpn_conn;
struct jvpn_quic;

/* With the keys in use now. */
struct jvpn_rekey {
	uint64_t since_ns;
	uint64_t bytes, packets; /* the connection's counters of inner packets at that time */
	uint32_t generation;     /* changes so far that the peer has confirmed */
	uint32_t told;           /* the newest that the session layer has heard of */
	uint64_t tell_after_ns;  /* not before that: a peer may change keys as often as it likes */
	bool prepared;           /* there are next keys: an update may begin */
	bool begun;              /* by us, and not confirmed yet */
	bool by_peer;            /* the newest one was */
};

/* ngtcp2's update_key: it asks for the next keys, once after the handshake and then each time that the
 * change before is confirmed and a PTO old. */
int jvpn_rekey_on_prepare(ngtcp2_conn *ng, uint8_t *rx_secret, uint8_t *tx_secret,
			  ngtcp2_crypto_aead_ctx *rx_ctx, uint8_t *rx_iv,
			  ngtcp2_crypto_aead_ctx *tx_ctx, uint8_t *tx_iv,
			  const uint8_t *current_rx_secret, const uint8_t *current_tx_secret,
			  size_t secret_len, void *user);
/* Begins an update when it is due. Only between two packets: ngtcp2 must not have one half written, and
 * the connection must not be closing. */
void jvpn_rekey_if_due(struct jvpn_conn *conn);
/* Outside of ngtcp2: on_keys, when there is news. */
void jvpn_rekey_tell(struct jvpn_conn *conn);

#endif
