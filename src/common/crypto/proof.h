/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Session keys and the MACs of control messages (wire.md "The Jumping extension",
 * docs/protocol.md). Takes the octets to cover from proto/jvmsg; knows no message.
 */
#ifndef JVPN_CRYPTO_PROOF_H
#define JVPN_CRYPTO_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "crypto/secret.h"

#define JVPN_PROOF_MAC_BYTES      32
#define JVPN_PROOF_EXPORTER_BYTES 32
/* Labels of the TLS exporter (RFC 8446 section 7.5). */
#define JVPN_EXPORTER_SESSION "EXPORTER-jvpn-session-v1" /* context: session id */
#define JVPN_EXPORTER_BIND    "EXPORTER-jvpn-bind-v1"    /* empty context */

/* Both directions' keys of one session. Owner: the session's record; cleared with it. */
struct jvpn_session_keys {
	struct jvpn_secret c2s; /* requests, attach, the client's TERMINATE */
	struct jvpn_secret s2c; /* ACK, DENY, REQUIRED, STATE, the server's TERMINATE */
};

/* HKDF-SHA-256 from the 32-octet exporter value of the creating connection. JVPN_EINVAL (length, or
 * all zero), JVPN_ECRYPTO; keys are cleared on error. */
int jvpn_session_keys_derive(const struct jvpn_secret *session_key, const struct jvpn_id *id,
			     struct jvpn_session_keys *keys);
void jvpn_session_keys_clear(struct jvpn_session_keys *keys);

/* MAC over input || exporter. exporter: 32 octets, or NULL where the message's MAC has none.
 * JVPN_EINVAL (no key), JVPN_ECRYPTO; mac is zeroed on error. */
int jvpn_proof_compute(const struct jvpn_secret *key, const uint8_t *input, size_t len,
		       const uint8_t *exporter, uint8_t mac[JVPN_PROOF_MAC_BYTES]);
/* Constant-time check; false also when the MAC cannot be computed. */
bool jvpn_proof_check(const struct jvpn_secret *key, const uint8_t *input, size_t len,
		      const uint8_t *exporter, const uint8_t mac[JVPN_PROOF_MAC_BYTES]);

#endif
