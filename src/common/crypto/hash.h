/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SHA-256, HMAC-SHA-256 and HKDF-SHA-256 (wolfCrypt behind a small face), and the hash under which
 * bearer tokens are stored.
 */
#ifndef JVPN_CRYPTO_HASH_H
#define JVPN_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/secret.h"

#define JVPN_SHA256_BYTES   32
#define JVPN_SHA256_HEX_LEN 64

/* A piece of a message that is hashed without being copied together. */
struct jvpn_hash_part {
	const void *data; /* may be NULL when len is 0 */
	size_t len;
};

/* All return 0 or JVPN_ECRYPTO (out zeroed). */
int jvpn_sha256(const void *data, size_t len, uint8_t out[JVPN_SHA256_BYTES]);
int jvpn_hmac_sha256(const struct jvpn_secret *key, const struct jvpn_hash_part *part, size_t count,
		     uint8_t out[JVPN_SHA256_BYTES]);
/* HKDF (RFC 5869) without salt: extract and expand to 'len' octets. */
int jvpn_hkdf_sha256(const struct jvpn_secret *key, const void *info, size_t info_len,
		     struct jvpn_secret *out, size_t len);
/* SHA-256 of a bearer token as 64 lower-case hex digits and a NUL: what a token file stores. Tokens
 * are random (not passwords), so a plain hash is enough. */
int jvpn_token_hash(const char *token, size_t len, char out[JVPN_SHA256_HEX_LEN + 1]);

#endif
