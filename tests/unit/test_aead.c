/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of quic/aead against wolfSSL's own way, for both AES-GCM suites and ChaCha20-Poly1305.
 */
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/openssl/evp.h>
#include <wolfssl/quic.h>

#include <ngtcp2/ngtcp2_crypto.h>

#include "quic/aead.h"
#include "unit.h"

#define TEXT_MAX 1500

static const WOLFSSL_EVP_CIPHER *suite(int i)
{
	return i == 0   ? wolfSSL_EVP_aes_128_gcm()
	       : i == 1 ? wolfSSL_EVP_aes_256_gcm()
			: wolfSSL_EVP_chacha20_poly1305();
}

START_TEST(aead_encrypt__every_suite_and_size__as_the_usual_way)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 1200, TEXT_MAX};
	uint8_t key[32], text[TEXT_MAX], a[TEXT_MAX + 16], b[TEXT_MAX + 16], aad[30];
	ngtcp2_crypto_aead aead = {.native_handle = (void *)(uintptr_t)suite(_i),
				   .max_overhead = 16};
	ngtcp2_crypto_aead_ctx seal = {0}, open = {0};

	memset(key, 3, sizeof(key));
	memset(aad, 4, sizeof(aad));
	memset(text, 5, sizeof(text));
	ck_assert_int_eq(ngtcp2_crypto_aead_ctx_encrypt_init(&seal, &aead, key, 12), 0);
	ck_assert_int_eq(ngtcp2_crypto_aead_ctx_decrypt_init(&open, &aead, key, 12), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];
		uint8_t nonce[12] = {(uint8_t)i};

		ck_assert_int_eq(ngtcp2_crypto_encrypt_cb(a, &aead, &seal, text, n, nonce, 12, aad,
							  sizeof(aad)),
				 0);
		ck_assert_int_eq(
			jvpn_aead_encrypt(b, &aead, &seal, text, n, nonce, 12, aad, sizeof(aad)),
			0);
		ck_assert_mem_eq(a, b, n + 16);
		/* in place, as ngtcp2 may do it */
		ck_assert_int_eq(
			jvpn_aead_decrypt(b, &aead, &open, b, n + 16, nonce, 12, aad, sizeof(aad)),
			0);
		ck_assert(n == 0 || memcmp(b, text, n) == 0);
		a[n] ^= 1;
		ck_assert_int_eq(
			jvpn_aead_decrypt(b, &aead, &open, a, n + 16, nonce, 12, aad, sizeof(aad)),
			NGTCP2_ERR_DECRYPT);
	}
	ngtcp2_crypto_aead_ctx_free(&seal);
	ngtcp2_crypto_aead_ctx_free(&open);
}
END_TEST

START_TEST(aead_hp_mask__every_cipher__as_the_usual_way)
{
	const WOLFSSL_EVP_CIPHER *cipher = _i == 0   ? wolfSSL_EVP_aes_128_ecb()
					   : _i == 1 ? wolfSSL_EVP_aes_256_ecb()
						     : wolfSSL_EVP_chacha20();
	ngtcp2_crypto_cipher hp = {.native_handle = (void *)(uintptr_t)cipher};
	ngtcp2_crypto_cipher_ctx ctx;
	uint8_t key[32], sample[16], a[32] = {0}, b[32] = {0};

	memset(key, 7, sizeof(key));
	ctx.native_handle = wolfSSL_quic_crypt_new(cipher, key, NULL, 1);
	ck_assert_ptr_nonnull(ctx.native_handle);
	for (int i = 0; i < 5; i++) {
		memset(sample, i, sizeof(sample));
		ck_assert_int_eq(ngtcp2_crypto_hp_mask_cb(a, &hp, &ctx, sample), 0);
		ck_assert_int_eq(jvpn_aead_hp_mask(b, &hp, &ctx, sample), 0);
		ck_assert_mem_eq(a, b, 5);
	}
	wolfSSL_EVP_CIPHER_CTX_free(ctx.native_handle);
}
END_TEST

UNIT_TESTS(aead)
{
	tcase_add_loop_test(tc, aead_encrypt__every_suite_and_size__as_the_usual_way, 0, 3);
	tcase_add_loop_test(tc, aead_hp_mask__every_cipher__as_the_usual_way, 0, 3);
}
