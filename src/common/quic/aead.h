/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packet protection (RFC 9001 section 5) straight on wolfCrypt for AES-GCM: wolfSSL's EVP layer
 * allocates and copies per packet, which is a fifth of the cost of a packet. It looks into a context
 * of the EVP layer whose layout is public but not promised: configure compiles against it, and
 * jvpn_aead_is_direct() compares with the EVP layer's own results before it is used.
 */
#ifndef JVPN_QUIC_AEAD_H
#define JVPN_QUIC_AEAD_H

#include <stdbool.h>

#include <ngtcp2/ngtcp2.h>

/* Can AES-GCM go straight to wolfCrypt? Computes samples both ways: ask once. */
bool jvpn_aead_is_direct(void);
/* Callbacks of ngtcp2; suites other than AES-GCM go the usual way. */
int jvpn_aead_encrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *plaintext,
		      size_t plaintext_len, const uint8_t *nonce, size_t nonce_len,
		      const uint8_t *aad, size_t aad_len);
int jvpn_aead_decrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *ciphertext,
		      size_t ciphertext_len, const uint8_t *nonce, size_t nonce_len,
		      const uint8_t *aad, size_t aad_len);
int jvpn_aead_hp_mask(uint8_t *dest, const ngtcp2_crypto_cipher *hp,
		      const ngtcp2_crypto_cipher_ctx *ctx, const uint8_t *sample);

#endif
