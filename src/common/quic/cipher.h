/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which cipher suites of TLS 1.3 are offered and taken, in which order. No wolfSSL types here.
 */
#ifndef JVPN_QUIC_CIPHER_H
#define JVPN_QUIC_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jvpn_cipher {
	/* All of them: AES-128-GCM first where the processor has AES, else ChaCha20-Poly1305. A server
	 * also takes the latter from a client that prefers it: that one has no AES. */
	JVPN_CIPHER_AUTO = 0,
	/* That one alone. */
	JVPN_CIPHER_AES_128_GCM,
	JVPN_CIPHER_AES_256_GCM,
	JVPN_CIPHER_CHACHA20_POLY1305,
	JVPN_CIPHER_COUNT
};

/* For wolfSSL_CTX_set_cipher_list(). Static. */
const char *jvpn_cipher_list(enum jvpn_cipher cipher, bool has_aes);
/* The beginning of a ClientHello (RFC 8446 section 4.1.2): does ChaCha20-Poly1305 come before any suite
 * with AES-GCM? False when it cannot be said. */
bool jvpn_cipher_prefers_chacha20(const uint8_t *hello, size_t len);

#endif
