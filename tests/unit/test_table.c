/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/table: bounds, lookup without allocation, and the order of eviction.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "core/table.h"

static struct jvpn_table_entry entries[4];
static struct jvpn_table table;
static struct jvpn_map *map, *users;
static struct jvpn_policy policy;

static struct jvpn_id id_of(uint8_t n)
{
	struct jvpn_id id;

	memset(id.b, n, sizeof(id.b));
	return id;
}

static void setup(size_t capacity)
{
	static const uint8_t seed[JVPN_MAP_SEED_BYTES] = {1};

	jvpn_policy_init(&policy);
	jvpn_map_free(map);
	ck_assert_int_eq(jvpn_map_new(4, seed, &map), 0);
	jvpn_map_free(users);
	ck_assert_int_eq(jvpn_map_new(4, seed, &users), 0);
	jvpn_table_init(&table, entries, capacity, map, users);
}

/* Adds session n of 'user' as transportless since 'since'. */
static size_t add(uint8_t n, uint64_t user, uint64_t since)
{
	struct jvpn_id id = id_of(n);
	struct jvpn_session s;
	int index = jvpn_table_add(&table, &id, user, since);

	ck_assert_int_ge(index, 0);
	jvpn_session_init(&s, JVPN_ROLE_SERVER);
	s.state = JVPN_STATE_VOLATILE;
	s.transportless_since_ns = since;
	jvpn_table_update(&table, (size_t)index, &s);
	return (size_t)index;
}

START_TEST(table__find__known_and_unknown)
{
	struct jvpn_id a = id_of(1), b = id_of(2);

	setup(4);
	ck_assert_int_eq(jvpn_table_find(&table, &a), JVPN_ENOTFOUND);
	ck_assert_int_eq(jvpn_table_add(&table, &a, 1, 0), 0);
	ck_assert_int_eq(jvpn_table_add(&table, &a, 1, 0), JVPN_EEXISTS);
	ck_assert_int_eq(jvpn_table_find(&table, &a), 0);
	ck_assert_int_eq(jvpn_table_find(&table, &b), JVPN_ENOTFOUND);
	jvpn_table_remove(&table, 0);
	ck_assert_int_eq(jvpn_table_find(&table, &a), JVPN_ENOTFOUND);
	ck_assert_uint_eq(table.count, 0);
}
END_TEST

START_TEST(table__full__evicts_tombstones_first_then_longest_transportless)
{
	struct jvpn_session dead;
	struct jvpn_id id = id_of(9);
	size_t victim = 99;

	setup(3);
	add(1, 1, 300);
	add(2, 2, 100);
	add(3, 3, 200);
	ck_assert_int_eq(jvpn_table_add(&table, &id, 4, 0), JVPN_EFULL);
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 4, &victim), JVPN_ADMIT_EVICT);
	ck_assert_uint_eq(victim, 1);
	jvpn_session_init(&dead, JVPN_ROLE_SERVER);
	dead.state = JVPN_STATE_TERMINATED;
	jvpn_table_update(&table, 2, &dead);
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 4, &victim), JVPN_ADMIT_EVICT);
	ck_assert_uint_eq(victim, 2);
}
END_TEST

START_TEST(table__attached_or_with_candidate__are_never_evicted)
{
	size_t victim = 99;

	setup(2);
	add(1, 1, 100);
	add(2, 2, 200);
	entries[0].bound = true;
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 3, &victim), JVPN_ADMIT_EVICT);
	ck_assert_uint_eq(victim, 1);
	entries[1].candidate = true;
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 3, &victim), JVPN_ADMIT_FULL);
}
END_TEST

START_TEST(table__being_created__is_not_evicted)
{
	struct jvpn_id id = id_of(1);
	size_t victim = 99;

	setup(1);
	ck_assert_int_eq(jvpn_table_add(&table, &id, 1, 0), 0);
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 2, &victim), JVPN_ADMIT_FULL);
}
END_TEST

START_TEST(table__user_at_the_limit__evicts_among_its_own_only)
{
	size_t victim = 99;

	setup(4);
	policy.max_sessions_per_user = 2;
	add(1, 7, 100); /* somebody else's is older */
	add(2, 5, 300);
	add(3, 5, 200);
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 7, &victim), JVPN_ADMIT_OK);
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 5, &victim), JVPN_ADMIT_EVICT);
	ck_assert_uint_eq(victim, 2);
	entries[1].bound = true;
	entries[2].bound = true;
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 5, &victim), JVPN_ADMIT_FULL);
	ck_assert_uint_eq(jvpn_table_user_count(&table, 5), 2);
}
END_TEST

START_TEST(table__policy_below_capacity__is_the_limit)
{
	size_t victim = 99;

	setup(4);
	policy.max_sessions = 1;
	policy.max_sessions_per_user = 1;
	add(1, 1, 100);
	entries[0].bound = true;
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 2, &victim), JVPN_ADMIT_FULL);
}
END_TEST

START_TEST(table__counts__follow_what_happens)
{
	struct jvpn_session dead;
	size_t a, b, victim = 99;

	setup(4);
	policy.max_sessions = 2;
	policy.max_sessions_per_user = 2;
	a = add(1, 5, 100);
	b = add(2, 5, 200);
	ck_assert_uint_eq(jvpn_table_user_count(&table, 5), 2);
	jvpn_session_init(&dead, JVPN_ROLE_SERVER);
	dead.state = JVPN_STATE_TERMINATED;
	jvpn_table_update(&table, a, &dead);
	jvpn_table_update(&table, a, &dead);
	ck_assert_uint_eq(jvpn_table_user_count(&table, 5), 1);
	ck_assert_uint_eq(table.tombstones, 1);
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 5, &victim), JVPN_ADMIT_OK);
	jvpn_table_remove(&table, a);
	jvpn_table_remove(&table, a);
	ck_assert_uint_eq(jvpn_table_user_count(&table, 5), 1);
	ck_assert_uint_eq(table.tombstones, 0);
	jvpn_table_remove(&table, b);
	ck_assert_uint_eq(jvpn_table_user_count(&table, 5), 0);
	ck_assert_uint_eq(jvpn_map_count(users), 0);
	for (uint8_t n = 1; n <= 4; n++)
		add(n, n, 0); /* each of another user */
	for (uint8_t n = 1; n <= 4; n++)
		ck_assert_uint_eq(jvpn_table_user_count(&table, n), 1);
}
END_TEST

/* There are no entries beyond the fourth: whoever looks at all of them crashes. */
START_TEST(table__room_left__no_walk_through_the_entries)
{
	size_t victim = 99;

	setup(4);
	add(1, 5, 100);
	table.capacity = SIZE_MAX / sizeof(entries[0]);
	ck_assert_int_eq(jvpn_table_admit(&table, &policy, 7, &victim), JVPN_ADMIT_OK);
}
END_TEST

UNIT_TESTS(table)
{
	tcase_add_test(tc, table__counts__follow_what_happens);
	tcase_add_test(tc, table__room_left__no_walk_through_the_entries);
	tcase_add_test(tc, table__find__known_and_unknown);
	tcase_add_test(tc, table__full__evicts_tombstones_first_then_longest_transportless);
	tcase_add_test(tc, table__attached_or_with_candidate__are_never_evicted);
	tcase_add_test(tc, table__being_created__is_not_evicted);
	tcase_add_test(tc, table__user_at_the_limit__evicts_among_its_own_only);
	tcase_add_test(tc, table__policy_below_capacity__is_the_limit);
}
