/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connection ID map: reference vectors of the hash, and a model check of add and remove.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "quic/cidmap.h"
#include "unit.h"

static const uint8_t test_key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static struct jvpn_cidmap *new_map(size_t max)
{
	struct jvpn_cidmap *map = NULL;

	ck_assert_int_eq(jvpn_cidmap_new(test_key, max, &map), 0);
	return map;
}

START_TEST(cidmap_hash__reference_input__matches_the_paper)
{
	uint8_t in[64];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	/* Appendix A of the paper, and the reference implementation's vectors for 0 and 8 bytes. */
	ck_assert(jvpn_cidmap_hash(test_key, in, 15) == 0xa129ca6149be45e5ULL);
	ck_assert(jvpn_cidmap_hash(test_key, in, 0) == 0x726fdb47dd0e0e31ULL);
	ck_assert(jvpn_cidmap_hash(test_key, in, 8) == 0x93f5f5799a932462ULL);
}
END_TEST

START_TEST(cidmap_get__other_length_or_value__is_not_found)
{
	struct jvpn_cidmap *map = new_map(10);
	uint8_t cid[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	int a, b;

	ck_assert_int_eq(jvpn_cidmap_add(map, cid, 10, &a), 0);
	ck_assert_ptr_eq(jvpn_cidmap_get(map, cid, 10), &a);
	ck_assert_ptr_null(jvpn_cidmap_get(map, cid, 9));
	ck_assert_ptr_null(jvpn_cidmap_get(map, cid, 11));
	ck_assert_ptr_null(jvpn_cidmap_get(map, cid, 0));
	ck_assert_ptr_null(jvpn_cidmap_get(map, cid, 21));
	ck_assert_int_eq(jvpn_cidmap_add(map, cid, 10, &b), JVPN_EEXISTS);
	jvpn_cidmap_remove(map, cid, 10, &b);
	ck_assert_ptr_eq(jvpn_cidmap_get(map, cid, 10), &a);
	jvpn_cidmap_remove(map, cid, 10, &a);
	ck_assert_ptr_null(jvpn_cidmap_get(map, cid, 10));
	ck_assert_int_eq(jvpn_cidmap_add(map, cid, 21, &b), JVPN_EINVAL);
	jvpn_cidmap_free(map);
}
END_TEST

START_TEST(cidmap_add__full__is_refused_and_changes_nothing)
{
	struct jvpn_cidmap *map = new_map(3);
	uint8_t cid[8] = {0};
	int v;

	for (uint8_t i = 0; i < 3; i++) {
		cid[0] = i;
		ck_assert_int_eq(jvpn_cidmap_add(map, cid, 8, &v), 0);
	}
	cid[0] = 9;
	ck_assert_int_eq(jvpn_cidmap_add(map, cid, 8, &v), JVPN_EFULL);
	ck_assert_uint_eq(jvpn_cidmap_count(map), 3);
	jvpn_cidmap_free(map);
}
END_TEST

/* Thousands of random adds and removes against a plain array. */
START_TEST(cidmap__random_churn__agrees_with_a_model)
{
	enum { N = 600 };
	static int values[N];
	static bool present[N];
	struct jvpn_cidmap *map = new_map(N);
	size_t count = 0;

	memset(present, 0, sizeof(present));
	srand(1);
	for (int step = 0; step < 20000; step++) {
		uint32_t i = (uint32_t)rand() % N;
		uint8_t cid[12] = {0};

		memcpy(cid, &i, sizeof(i));
		if (present[i]) {
			jvpn_cidmap_remove(map, cid, sizeof(cid), &values[i]);
			count--;
		} else {
			ck_assert_int_eq(jvpn_cidmap_add(map, cid, sizeof(cid), &values[i]), 0);
			count++;
		}
		present[i] = !present[i];
		i = (uint32_t)rand() % N;
		memcpy(cid, &i, sizeof(i));
		ck_assert_ptr_eq(jvpn_cidmap_get(map, cid, sizeof(cid)),
				 present[i] ? &values[i] : NULL);
	}
	ck_assert_uint_eq(jvpn_cidmap_count(map), count);
	jvpn_cidmap_free(map);
}
END_TEST

UNIT_TESTS(cidmap)
{
	tcase_add_test(tc, cidmap_hash__reference_input__matches_the_paper);
	tcase_add_test(tc, cidmap_get__other_length_or_value__is_not_found);
	tcase_add_test(tc, cidmap_add__full__is_refused_and_changes_nothing);
	tcase_add_test(tc, cidmap__random_churn__agrees_with_a_model);
}
