/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sealed secrets: round trip, golden record, every bit and every length.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/seal.h"
#include "golden.h"

static struct jvpn_secret master, secret, opened;
static uint8_t id[GOLDEN_MAX], sealed[GOLDEN_MAX];
static struct jvpn_seal_aad aad;

static void setup(void)
{
	uint8_t b[GOLDEN_MAX];

	ck_assert_int_eq(jvpn_secret_set(&master, b, golden_bytes("session_key", b)), 0);
	ck_assert_int_eq(jvpn_secret_set(&secret, b, golden_bytes("k_c2s", b)), 0);
	aad.data = id;
	aad.len = golden_bytes("session_id", id);
}

START_TEST(unseal__golden__opens)
{
	size_t len = golden_bytes("seal.record", sealed);

	ck_assert_int_eq(jvpn_unseal(&master, &aad, sealed, len, &opened), 0);
	ck_assert(jvpn_secret_equal(&opened, &secret));
}
END_TEST

START_TEST(seal__round_trip__every_length)
{
	for (size_t n = 1; n <= JVPN_SECRET_MAX; n++) {
		int len;

		ck_assert_int_eq(jvpn_secret_generate(&secret, n), 0);
		len = jvpn_seal(&master, &secret, &aad, sealed, sizeof(sealed));
		ck_assert_int_eq(len, (int)(n + JVPN_SEAL_OVERHEAD));
		ck_assert_int_eq(jvpn_unseal(&master, &aad, sealed, (size_t)len, &opened), 0);
		ck_assert(jvpn_secret_equal(&opened, &secret));
		ck_assert_int_eq(jvpn_seal(&master, &secret, &aad, sealed, (size_t)len - 1),
				 JVPN_ENOSPACE);
	}
}
END_TEST

START_TEST(unseal__any_bit_flipped__refused_and_cleared)
{
	size_t len = golden_bytes("seal.record", sealed);

	for (size_t bit = 0; bit < len * 8; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert_int_eq(jvpn_unseal(&master, &aad, sealed, len, &opened), JVPN_ECRYPTO);
		ck_assert(!jvpn_secret_is_set(&opened));
		sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}
END_TEST

START_TEST(unseal__other_length_aad_or_master__refused)
{
	size_t len = golden_bytes("seal.record", sealed);

	for (size_t n = 0; n < len + 8; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, sealed, n);
		ck_assert_int_eq(jvpn_unseal(&master, &aad, exact, n, &opened),
				 n == len ? 0 : JVPN_ECRYPTO);
		free(exact);
	}
	aad.len--;
	ck_assert_int_eq(jvpn_unseal(&master, &aad, sealed, len, &opened), JVPN_ECRYPTO);
	aad.len++;
	id[0] ^= 1;
	ck_assert_int_eq(jvpn_unseal(&master, &aad, sealed, len, &opened), JVPN_ECRYPTO);
	id[0] ^= 1;
	master.b[31] ^= 1;
	ck_assert_int_eq(jvpn_unseal(&master, &aad, sealed, len, &opened), JVPN_ECRYPTO);
	jvpn_secret_clear(&master);
	ck_assert_int_ne(jvpn_unseal(&master, &aad, sealed, len, &opened), 0);
}
END_TEST

START_TEST(seal__twice__different_octets)
{
	uint8_t other[GOLDEN_MAX];
	int len = jvpn_seal(&master, &secret, &aad, sealed, sizeof(sealed));

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(jvpn_seal(&master, &secret, &aad, other, sizeof(other)), len);
	ck_assert(memcmp(sealed + 33, other + 33, (size_t)len - 33) != 0);
	jvpn_secret_clear(&secret);
	ck_assert_int_eq(jvpn_seal(&master, &secret, &aad, other, sizeof(other)), JVPN_EINVAL);
}
END_TEST

UNIT_TESTS(seal)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, unseal__golden__opens);
	tcase_add_test(tc, seal__round_trip__every_length);
	tcase_add_test(tc, unseal__any_bit_flipped__refused_and_cleared);
	tcase_add_test(tc, unseal__other_length_aad_or_master__refused);
	tcase_add_test(tc, seal__twice__different_octets);
}
