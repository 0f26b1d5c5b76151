/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SHA-256, HMAC and HKDF against published vectors.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "crypto/hash.h"
#include "golden.h"

START_TEST(sha256__abc_and_empty__fips_180)
{
	uint8_t out[JVPN_SHA256_BYTES];

	ck_assert_int_eq(jvpn_sha256("abc", 3, out), 0);
	ck_assert_mem_eq(out, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8);
	ck_assert_int_eq(jvpn_sha256("", 0, out), 0);
	ck_assert_mem_eq(out, "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14", 8);
}
END_TEST

START_TEST(hmac_sha256__rfc_4231_case_2__in_any_parts)
{
	static const char text[] = "what do ya want for nothing?";
	struct jvpn_secret key;
	uint8_t out[JVPN_SHA256_BYTES];

	ck_assert_int_eq(jvpn_secret_set(&key, "Jefe", 4), 0);
	for (size_t cut = 0; cut <= 28; cut++) {
		struct jvpn_hash_part part[3] = {{text, cut}, {NULL, 0}, {text + cut, 28 - cut}};

		ck_assert_int_eq(jvpn_hmac_sha256(&key, part, 3, out), 0);
		ck_assert_mem_eq(out, "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e", 8);
		ck_assert_mem_eq(out + 24, "\x9d\xec\x58\xb9\x64\xec\x38\x43", 8);
	}
}
END_TEST

START_TEST(hmac_sha256__no_key__error)
{
	struct jvpn_secret none = {.len = 0};
	uint8_t out[JVPN_SHA256_BYTES];

	ck_assert_int_eq(jvpn_hmac_sha256(&none, NULL, 0, out), JVPN_ECRYPTO);
}
END_TEST

START_TEST(hkdf_sha256__rfc_5869_case_3__matches)
{
	struct jvpn_secret key, out;
	uint8_t ikm[22];

	memset(ikm, 0x0b, sizeof(ikm));
	ck_assert_int_eq(jvpn_secret_set(&key, ikm, sizeof(ikm)), 0);
	ck_assert_int_eq(jvpn_hkdf_sha256(&key, NULL, 0, &out, 42), 0);
	ck_assert_uint_eq(out.len, 42);
	ck_assert_mem_eq(out.b, "\x8d\xa4\xe7\x75\xa5\x63\xc1\x8f\x71\x5f\x80\x2a\x06\x3c\x5a\x31",
			 16);
	ck_assert_mem_eq(out.b + 34, "\x13\x95\xfa\xa4\xb6\x1a\x96\xc8", 8);
	ck_assert_int_eq(jvpn_hkdf_sha256(&key, NULL, 0, &out, JVPN_SECRET_MAX + 1), JVPN_ECRYPTO);
	ck_assert(!jvpn_secret_is_set(&out));
}
END_TEST

START_TEST(token_hash__sample__hex_of_sha256)
{
	char out[JVPN_SHA256_HEX_LEN + 1];

	ck_assert_int_eq(jvpn_token_hash("correct horse battery staple", 28, out), 0);
	ck_assert_str_eq(out, golden_text("token.hash"));
}
END_TEST

UNIT_TESTS(hash)
{
	tcase_add_test(tc, sha256__abc_and_empty__fips_180);
	tcase_add_test(tc, hmac_sha256__rfc_4231_case_2__in_any_parts);
	tcase_add_test(tc, hmac_sha256__no_key__error);
	tcase_add_test(tc, hkdf_sha256__rfc_5869_case_3__matches);
	tcase_add_test(tc, token_hash__sample__hex_of_sha256);
}
