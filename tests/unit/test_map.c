/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of base/map.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/rng.h"

static const uint8_t seed[JVPN_MAP_SEED_BYTES] = {0, 1, 2,  3,  4,  5,  6,  7,
						  8, 9, 10, 11, 12, 13, 14, 15};

/* Vectors of the SipHash reference implementation (key 00..0f, input 00, 00 01, ...). */
START_TEST(siphash__reference_vectors__match)
{
	uint8_t in[15];

	for (uint8_t i = 0; i < sizeof(in); i++)
		in[i] = i;
	ck_assert_uint_eq(jvpn_siphash(seed, in, 0), 0x726fdb47dd0e0e31ULL);
	ck_assert_uint_eq(jvpn_siphash(seed, in, 1), 0x74f839c593dc67fdULL);
	ck_assert_uint_eq(jvpn_siphash(seed, in, 8), 0x93f5f5799a932462ULL);
	ck_assert_uint_eq(jvpn_siphash(seed, in, 15), 0xa129ca6149be45e5ULL);
}
END_TEST

START_TEST(map__put_get_remove__finds_what_is_there)
{
	struct jvpn_map *map;
	uint32_t v = 0;

	ck_assert_int_eq(jvpn_map_new(4, seed, &map), 0);
	ck_assert_int_eq(jvpn_map_put(map, "a", 1, 1), 0);
	ck_assert_int_eq(jvpn_map_put(map, "a", 1, 2), JVPN_EEXISTS);
	ck_assert_int_eq(jvpn_map_get(map, "a", 1, &v), 0);
	ck_assert_uint_eq(v, 1);
	ck_assert_int_eq(jvpn_map_get(map, "ab", 2, &v), JVPN_ENOTFOUND);
	ck_assert_int_eq(jvpn_map_put(map, "", 0, 2), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_map_put(map, "123456789012345678901", 21, 2), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_map_remove(map, "a", 1), 0);
	ck_assert_int_eq(jvpn_map_remove(map, "a", 1), JVPN_ENOTFOUND);
	ck_assert_uint_eq(jvpn_map_count(map), 0);
	jvpn_map_free(map);
}
END_TEST

START_TEST(map__full__refuses)
{
	struct jvpn_map *map;

	ck_assert_int_eq(jvpn_map_new(0, seed, &map), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_map_new(2, seed, &map), 0);
	ck_assert_int_eq(jvpn_map_put(map, "a", 1, 1), 0);
	ck_assert_int_eq(jvpn_map_put(map, "b", 1, 1), 0);
	ck_assert_int_eq(jvpn_map_put(map, "c", 1, 1), JVPN_EFULL);
	jvpn_map_free(map);
}
END_TEST

/* Against a plain array, through thousands of puts and removals: no key lost in a closed gap. */
START_TEST(map__random_use__agrees_with_a_table)
{
	struct jvpn_map *map;
	struct jvpn_rng rng;
	bool there[64] = {false};

	jvpn_rng_init(&rng, 1);
	ck_assert_int_eq(jvpn_map_new(64, seed, &map), 0);
	for (int i = 0; i < 20000; i++) {
		uint8_t key = (uint8_t)jvpn_rng_below(&rng, 64);
		uint32_t v = 0;

		if (there[key])
			ck_assert_int_eq(jvpn_map_remove(map, &key, 1), 0);
		else
			ck_assert_int_eq(jvpn_map_put(map, &key, 1, key), 0);
		there[key] = !there[key];
		for (uint8_t k = 0; k < 64; k++) {
			ck_assert_int_eq(jvpn_map_get(map, &k, 1, &v),
					 there[k] ? 0 : JVPN_ENOTFOUND);
			ck_assert(!there[k] || v == k);
		}
	}
	jvpn_map_free(map);
}
END_TEST

UNIT_TESTS(map)
{
	tcase_add_test(tc, siphash__reference_vectors__match);
	tcase_add_test(tc, map__put_get_remove__finds_what_is_there);
	tcase_add_test(tc, map__full__refuses);
	tcase_add_test(tc, map__random_use__agrees_with_a_table);
}
