/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of the key derivation under ngtcp2 (contrib/deps/wolfssl-hkdf.patch changes it) with the
 * values of RFC 9001 appendix A.1 and RFC 5869 appendix A.
 */
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/openssl/evp.h>

#include <ngtcp2/ngtcp2_crypto.h>

#include "unit.h"

static const uint8_t salt[] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
			       0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
static const uint8_t dcid[] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
static const uint8_t client_label[] = "\x00\x20\x0ftls13 client in";
static const uint8_t client_secret[] = {0xc0, 0x0c, 0xf1, 0x51, 0xca, 0x5b, 0xe0, 0x75,
					0xed, 0x0e, 0xbf, 0xb5, 0xc8, 0x03, 0x23, 0xc4,
					0x2d, 0x6b, 0x7d, 0xb6, 0x78, 0x81, 0x28, 0x9a,
					0xf4, 0x00, 0x8f, 0x1f, 0x6c, 0x35, 0x7a, 0xea};
/* RFC 5869 A.3: no salt, no info, 42 octets */
static const uint8_t okm[] = {0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f, 0x71, 0x5f, 0x80,
			      0x2a, 0x06, 0x3c, 0x5a, 0x31, 0xb8, 0xa1, 0x1f, 0x5c, 0x5e, 0xe1,
			      0x87, 0x9e, 0xc3, 0x45, 0x4e, 0x5f, 0x3c, 0x73, 0x8d, 0x2d, 0x9d,
			      0x20, 0x13, 0x95, 0xfa, 0xa4, 0xb6, 0x1a, 0x96, 0xc8};

static ngtcp2_crypto_md sha256(void)
{
	return (ngtcp2_crypto_md){.native_handle = (void *)(uintptr_t)wolfSSL_EVP_sha256()};
}

START_TEST(hkdf__initial_secret_of_rfc9001__in_two_steps_and_in_one)
{
	ngtcp2_crypto_md md = sha256();
	uint8_t initial[32], out[32] = {0};

	ck_assert_int_eq(
		ngtcp2_crypto_hkdf_extract(initial, &md, dcid, sizeof(dcid), salt, sizeof(salt)),
		0);
	ck_assert_int_eq(ngtcp2_crypto_hkdf_expand(out, sizeof(out), &md, initial, sizeof(initial),
						   client_label, sizeof(client_label)),
			 0);
	ck_assert_mem_eq(out, client_secret, sizeof(out));
	memset(out, 0, sizeof(out));
	ck_assert_int_eq(ngtcp2_crypto_hkdf(out, sizeof(out), &md, dcid, sizeof(dcid), salt,
					    sizeof(salt), client_label, sizeof(client_label)),
			 0);
	ck_assert_mem_eq(out, client_secret, sizeof(out));
}
END_TEST

START_TEST(hkdf__no_salt_and_no_info__as_in_rfc5869)
{
	ngtcp2_crypto_md md = sha256();
	uint8_t key[22], out[sizeof(okm)];

	memset(key, 0x0b, sizeof(key));
	ck_assert_int_eq(
		ngtcp2_crypto_hkdf(out, sizeof(out), &md, key, sizeof(key), NULL, 0, NULL, 0), 0);
	ck_assert_mem_eq(out, okm, sizeof(okm));
}
END_TEST

UNIT_TESTS(hkdf)
{
	tcase_add_test(tc, hkdf__initial_secret_of_rfc9001__in_two_steps_and_in_one);
	tcase_add_test(tc, hkdf__no_salt_and_no_info__as_in_rfc5869);
}
