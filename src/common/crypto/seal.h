/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sealing of secrets before they reach the store or the state directory: AES-256-GCM under a key
 * derived for each record from a master secret and a fresh salt.
 */
#ifndef JVPN_CRYPTO_SEAL_H
#define JVPN_CRYPTO_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/secret.h"

#define JVPN_SEAL_SALT_BYTES 32
#define JVPN_SEAL_TAG_BYTES  16
/* version(1) || salt(32) || ciphertext || tag(16) */
#define JVPN_SEAL_OVERHEAD (1 + JVPN_SEAL_SALT_BYTES + JVPN_SEAL_TAG_BYTES)

/* Octets the seal is bound to; they are not stored in it. */
struct jvpn_seal_aad {
	const void *data;
	size_t len;
};

/* Seals 'secret', bound to 'aad' (the session id and whatever else must not be swapped between
 * records). Writes secret->len + JVPN_SEAL_OVERHEAD octets; returns that length, JVPN_ENOSPACE,
 * JVPN_EINVAL, JVPN_EIO (no randomness), JVPN_ECRYPTO. */
int jvpn_seal(const struct jvpn_secret *master, const struct jvpn_secret *secret,
	      const struct jvpn_seal_aad *aad, uint8_t *out, size_t size);
/* Opens it again. JVPN_ECRYPTO: changed, truncated, other master or other aad: security_failure;
 * secret is cleared on error. */
int jvpn_unseal(const struct jvpn_secret *master, const struct jvpn_seal_aad *aad,
		const uint8_t *sealed, size_t len, struct jvpn_secret *secret);

#endif
