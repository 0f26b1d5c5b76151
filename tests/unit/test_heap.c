/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of base/heap and base/list.
 */
#include "unit.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/rng.h"

START_TEST(heap__random_keys__come_out_in_order)
{
	struct jvpn_heap_node node[100] = {{0, 0}};
	struct jvpn_rng rng;
	struct jvpn_heap heap;
	uint64_t last = 0;

	jvpn_rng_init(&rng, 7);
	ck_assert_int_eq(jvpn_heap_init(&heap, 100), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(jvpn_heap_set(&heap, &node[i], jvpn_rng_below(&rng, 50)), 0);
	for (int i = 0; i < 100; i += 3) /* move some, remove some */
		ck_assert_int_eq(jvpn_heap_set(&heap, &node[i], jvpn_rng_below(&rng, 50)), 0);
	for (int i = 1; i < 100; i += 5)
		jvpn_heap_remove(&heap, &node[i]);
	jvpn_heap_remove(&heap, &node[1]);
	ck_assert_uint_eq(heap.count, 80);
	while (jvpn_heap_first(&heap) != NULL) {
		struct jvpn_heap_node *n = jvpn_heap_first(&heap);

		ck_assert_uint_ge(n->key_ns, last);
		last = n->key_ns;
		jvpn_heap_remove(&heap, n);
		ck_assert_uint_eq(n->position, 0);
	}
	jvpn_heap_clear(&heap);
}
END_TEST

START_TEST(heap__full__refuses)
{
	struct jvpn_heap_node a = {0, 0}, b = {0, 0};
	struct jvpn_heap heap;

	ck_assert_int_eq(jvpn_heap_init(&heap, 1), 0);
	ck_assert_int_eq(jvpn_heap_set(&heap, &a, 5), 0);
	ck_assert_int_eq(jvpn_heap_set(&heap, &a, 6), 0);
	ck_assert_int_eq(jvpn_heap_set(&heap, &b, 1), JVPN_EFULL);
	jvpn_heap_clear(&heap);
}
END_TEST

struct member {
	int value;
	struct jvpn_list link;
};

START_TEST(list__push_and_remove__keeps_order)
{
	struct jvpn_list head;
	struct member m[3] = {{.value = 0}, {.value = 1}, {.value = 2}};
	int sum = 0, order = 0;

	jvpn_list_init(&head);
	ck_assert(jvpn_list_is_empty(&head));
	for (int i = 0; i < 3; i++)
		jvpn_list_push_back(&head, &m[i].link);
	jvpn_list_remove(&m[1].link);
	jvpn_list_remove(&m[1].link);
	jvpn_list_each(pos, &head)
	{
		order = order * 10 + jvpn_list_owner(pos, struct member, link)->value;
		sum++;
	}
	ck_assert_int_eq(sum, 2);
	ck_assert_int_eq(order, 2);
}
END_TEST

START_TEST(rng__same_seed__same_numbers_in_bounds)
{
	struct jvpn_rng a, b, c;

	jvpn_rng_init(&a, 42);
	jvpn_rng_init(&b, 42);
	jvpn_rng_init(&c, 43);
	ck_assert_uint_eq(jvpn_rng_u64(&a), jvpn_rng_u64(&b));
	ck_assert_uint_ne(jvpn_rng_u64(&a), jvpn_rng_u64(&c));
	ck_assert_uint_eq(jvpn_rng_below(&a, 0), 0);
	for (int i = 0; i < 1000; i++)
		ck_assert_uint_lt(jvpn_rng_below(&a, 7), 7);
}
END_TEST

UNIT_TESTS(heap)
{
	tcase_add_test(tc, heap__random_keys__come_out_in_order);
	tcase_add_test(tc, heap__full__refuses);
	tcase_add_test(tc, list__push_and_remove__keeps_order);
	tcase_add_test(tc, rng__same_seed__same_numbers_in_bounds);
}
