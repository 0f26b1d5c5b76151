/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Secrets, wiping, constant-time comparison and randomness.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "crypto/ct.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "crypto/wipe.h"

START_TEST(secret_set__lengths__checked)
{
	struct jvpn_secret s;
	uint8_t data[JVPN_SECRET_MAX + 1];

	memset(data, 7, sizeof(data));
	for (size_t n = 1; n <= JVPN_SECRET_MAX; n++) {
		ck_assert_int_eq(jvpn_secret_set(&s, data, n), 0);
		ck_assert_uint_eq(s.len, n);
		ck_assert(jvpn_secret_is_set(&s));
	}
	ck_assert_int_eq(jvpn_secret_set(&s, data, 0), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_secret_set(&s, data, sizeof(data)), JVPN_EINVAL);
}
END_TEST

START_TEST(secret_clear__set_secret__every_octet_zero)
{
	static const struct jvpn_secret zero;
	struct jvpn_secret s;

	ck_assert_int_eq(jvpn_secret_generate(&s, JVPN_SECRET_MAX), 0);
	ck_assert(memcmp(&s, &zero, sizeof(s)) != 0);
	jvpn_secret_clear(&s);
	ck_assert_mem_eq(&s, &zero, sizeof(s));
	ck_assert(!jvpn_secret_is_set(&s));
}
END_TEST

START_TEST(secret_equal__any_bit_or_length__told_apart)
{
	struct jvpn_secret a, b;

	ck_assert_int_eq(jvpn_secret_generate(&a, 32), 0);
	b = a;
	ck_assert(jvpn_secret_equal(&a, &b));
	for (size_t bit = 0; bit < 256; bit++) {
		b.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert(!jvpn_secret_equal(&a, &b));
		b.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	b.len = 31;
	ck_assert(!jvpn_secret_equal(&a, &b));
}
END_TEST

START_TEST(ct_equal__one_octet_differs__false_for_every_value)
{
	uint8_t a[3] = {1, 2, 3}, b[3] = {1, 2, 3};

	ck_assert(jvpn_ct_equal(a, b, 3));
	ck_assert(jvpn_ct_equal(a, b, 0));
	for (unsigned int v = 0; v < 256; v++) {
		b[1] = (uint8_t)v;
		ck_assert_int_eq(jvpn_ct_equal(a, b, 3), v == 2);
	}
}
END_TEST

START_TEST(ct_is_zero__any_bit__false)
{
	uint8_t a[32] = {0};

	ck_assert(jvpn_ct_is_zero(a, sizeof(a)));
	for (size_t bit = 0; bit < 256; bit++) {
		a[bit / 8] = (uint8_t)(1U << bit % 8);
		ck_assert(!jvpn_ct_is_zero(a, sizeof(a)));
		a[bit / 8] = 0;
	}
}
END_TEST

START_TEST(wipe__part_of_a_buffer__only_that_part)
{
	uint8_t a[6] = {1, 2, 3, 4, 5, 6};

	jvpn_wipe(a + 1, 4);
	ck_assert_mem_eq(a, "\1\0\0\0\0\6", 6);
	jvpn_wipe(NULL, 0);
}
END_TEST

START_TEST(random__two_draws__differ)
{
	uint8_t a[1000] = {0}, b[1000] = {0};
	uint8_t seen = 0;

	ck_assert_int_eq(jvpn_random(a, sizeof(a)), 0);
	ck_assert_int_eq(jvpn_random(b, sizeof(b)), 0);
	ck_assert(memcmp(a, b, sizeof(a)) != 0);
	for (size_t i = 992; i < 1000; i++)
		seen |= a[i];
	ck_assert_uint_ne(seen, 0);
}
END_TEST

UNIT_TESTS(secret)
{
	tcase_add_test(tc, secret_set__lengths__checked);
	tcase_add_test(tc, secret_clear__set_secret__every_octet_zero);
	tcase_add_test(tc, secret_equal__any_bit_or_length__told_apart);
	tcase_add_test(tc, ct_equal__one_octet_differs__false_for_every_value);
	tcase_add_test(tc, ct_is_zero__any_bit__false);
	tcase_add_test(tc, wipe__part_of_a_buffer__only_that_part);
	tcase_add_test(tc, random__two_draws__differ);
}
