/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ngtcp2's packet protection callbacks on wolfCrypt. Keeps no keys: they live in ngtcp2's contexts.
 */
#include "quic/aead.h"

#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/openssl/evp.h>
#include <wolfssl/quic.h>
#include <wolfssl/wolfcrypt/aes.h>

#include <ngtcp2/ngtcp2_crypto.h>

#define TAG_BYTES   16
#define BLOCK_BYTES 16

/* NULL: not AES-GCM, or the layout of the context is not known. */
static Aes *gcm_of(const ngtcp2_crypto_aead_ctx *ctx)
{
#ifdef JVPN_WOLFSSL_DIRECT_AEAD
	WOLFSSL_EVP_CIPHER_CTX *evp = ctx->native_handle;

	if (evp->cipherType == WC_AES_128_GCM_TYPE || evp->cipherType == WC_AES_256_GCM_TYPE)
		return &evp->cipher.aes;
#endif
	(void)ctx;
	return NULL;
}

static Aes *ecb_of(const ngtcp2_crypto_cipher_ctx *ctx)
{
#ifdef JVPN_WOLFSSL_DIRECT_AEAD
	WOLFSSL_EVP_CIPHER_CTX *evp = ctx->native_handle;

	if (evp->cipherType == WC_AES_128_ECB_TYPE || evp->cipherType == WC_AES_256_ECB_TYPE)
		return &evp->cipher.aes;
#endif
	(void)ctx;
	return NULL;
}

int jvpn_aead_encrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *plaintext,
		      size_t plaintext_len, const uint8_t *nonce, size_t nonce_len,
		      const uint8_t *aad, size_t aad_len)
{
	Aes *aes = gcm_of(ctx);

	if (!aes)
		return ngtcp2_crypto_encrypt_cb(dest, aead, ctx, plaintext, plaintext_len, nonce,
						nonce_len, aad, aad_len);
	return wc_AesGcmEncrypt(aes, dest, plaintext, (word32)plaintext_len, nonce,
				(word32)nonce_len, dest + plaintext_len, TAG_BYTES, aad,
				(word32)aad_len)
		       ? NGTCP2_ERR_CALLBACK_FAILURE
		       : 0;
}

int jvpn_aead_decrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *ciphertext,
		      size_t ciphertext_len, const uint8_t *nonce, size_t nonce_len,
		      const uint8_t *aad, size_t aad_len)
{
	Aes *aes = gcm_of(ctx);
	size_t len;

	if (!aes || ciphertext_len < TAG_BYTES)
		return ngtcp2_crypto_decrypt_cb(dest, aead, ctx, ciphertext, ciphertext_len, nonce,
						nonce_len, aad, aad_len);
	len = ciphertext_len - TAG_BYTES;
	return wc_AesGcmDecrypt(aes, dest, ciphertext, (word32)len, nonce, (word32)nonce_len,
				ciphertext + len, TAG_BYTES, aad, (word32)aad_len)
		       ? NGTCP2_ERR_DECRYPT
		       : 0;
}

int jvpn_aead_hp_mask(uint8_t *dest, const ngtcp2_crypto_cipher *hp,
		      const ngtcp2_crypto_cipher_ctx *ctx, const uint8_t *sample)
{
	Aes *aes = ecb_of(ctx);

	if (!aes)
		return ngtcp2_crypto_hp_mask_cb(dest, hp, ctx, sample);
	return wc_AesEncryptDirect(aes, dest, sample) ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

/* ---- does the EVP layer come to the same? ---- */

#define SAMPLE_BYTES 40

static const uint8_t sample_key[16] = "fifteen octets.";
static const uint8_t sample_nonce[12] = "nonce octet";
static const uint8_t sample_text[SAMPLE_BYTES] = "not a secret, but of some length";

static bool gcm_agrees(const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *seal,
		       const ngtcp2_crypto_aead_ctx *open)
{
	uint8_t theirs[SAMPLE_BYTES + TAG_BYTES], ours[SAMPLE_BYTES + TAG_BYTES];
	uint8_t text[SAMPLE_BYTES];
	size_t nonce = sizeof(sample_nonce);

	return gcm_of(seal) && gcm_of(open) &&
	       ngtcp2_crypto_encrypt(theirs, aead, seal, sample_text, SAMPLE_BYTES, sample_nonce,
				     nonce, sample_key, 9) == 0 &&
	       jvpn_aead_encrypt(ours, aead, seal, sample_text, SAMPLE_BYTES, sample_nonce, nonce,
				 sample_key, 9) == 0 &&
	       memcmp(theirs, ours, sizeof(ours)) == 0 &&
	       jvpn_aead_decrypt(text, aead, open, theirs, sizeof(theirs), sample_nonce, nonce,
				 sample_key, 9) == 0 &&
	       memcmp(text, sample_text, SAMPLE_BYTES) == 0;
}

static bool check_gcm(void)
{
	ngtcp2_crypto_aead_ctx seal = {0}, open = {0};
	ngtcp2_crypto_aead aead = {.native_handle = (void *)(uintptr_t)wolfSSL_EVP_aes_128_gcm(),
				   .max_overhead = TAG_BYTES};
	bool agrees = false;

	if (ngtcp2_crypto_aead_ctx_encrypt_init(&seal, &aead, sample_key, sizeof(sample_nonce)))
		return false;
	if (!ngtcp2_crypto_aead_ctx_decrypt_init(&open, &aead, sample_key, sizeof(sample_nonce))) {
		agrees = gcm_agrees(&aead, &seal, &open);
		ngtcp2_crypto_aead_ctx_free(&open);
	}
	ngtcp2_crypto_aead_ctx_free(&seal);
	return agrees;
}

static bool check_ecb(void)
{
	const WOLFSSL_EVP_CIPHER *ecb = wolfSSL_EVP_aes_128_ecb();
	ngtcp2_crypto_cipher hp = {.native_handle = (void *)(uintptr_t)ecb};
	ngtcp2_crypto_cipher_ctx ctx = {.native_handle =
						wolfSSL_quic_crypt_new(ecb, sample_key, NULL, 1)};
	uint8_t theirs[BLOCK_BYTES], ours[BLOCK_BYTES];
	bool agrees;

	if (!ctx.native_handle)
		return false;
	agrees = ecb_of(&ctx) && ngtcp2_crypto_hp_mask(theirs, &hp, &ctx, sample_text) == 0 &&
		 jvpn_aead_hp_mask(ours, &hp, &ctx, sample_text) == 0 &&
		 memcmp(theirs, ours, sizeof(ours)) == 0;
	wolfSSL_EVP_CIPHER_CTX_free(ctx.native_handle);
	return agrees;
}

bool jvpn_aead_is_direct(void)
{
	return check_gcm() && check_ecb();
}
