/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Letters and calls from other threads: order, bounds, nothing lost, nobody asleep while there is mail.
 */
#include "runtime/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "unit.h"

#define WRITERS        4
#define LETTERS_EACH   20000
#define WAIT_MS        20000
#define BYTES_NO_LIMIT (1U << 30)

static struct jvpn_mailbox *box;

static void teardown(void)
{
	jvpn_mailbox_free(box);
	box = NULL;
}

static struct jvpn_letter *make(uint32_t kind, uint32_t number)
{
	struct jvpn_letter *letter = jvpn_letter_new(kind, (uint8_t *)&number, sizeof(number));

	ck_assert_ptr_nonnull(letter);
	return letter;
}

static uint32_t number_of(const struct jvpn_letter *letter)
{
	uint32_t number;

	memcpy(&number, letter->data, sizeof(number));
	return number;
}

static bool is_readable(int wait_ms)
{
	struct pollfd p = {.fd = jvpn_mailbox_fd(box), .events = POLLIN};

	return poll(&p, 1, wait_ms) == 1;
}

START_TEST(mailbox_post__more_than_there_is_room__the_rest_is_refused_and_counted)
{
	struct jvpn_mailbox_stats stats;
	struct jvpn_letter *letter;

	ck_assert_int_eq(jvpn_mailbox_new(8, BYTES_NO_LIMIT, &box), 0);
	ck_assert(!is_readable(0));
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 8; i++)
			ck_assert_int_eq(jvpn_mailbox_post(box, make(5, i)), 0);
		letter = make(5, 99);
		ck_assert_int_eq(jvpn_mailbox_post(box, letter), JVPN_EFULL);
		jvpn_letter_free(letter);
		ck_assert(is_readable(0));
		jvpn_mailbox_open(box);
		ck_assert(!is_readable(0));
		for (uint32_t i = 0; i < 8; i++) {
			letter = jvpn_mailbox_take(box);
			ck_assert_ptr_nonnull(letter);
			ck_assert_uint_eq(letter->kind, 5);
			ck_assert_uint_eq(number_of(letter), i);
			jvpn_letter_free(letter);
		}
		ck_assert_ptr_null(jvpn_mailbox_take(box));
	}
	jvpn_mailbox_get_stats(box, &stats);
	ck_assert_uint_eq(stats.posted, 24);
	ck_assert_uint_eq(stats.refused, 3);
}
END_TEST

START_TEST(mailbox_post__more_octets_than_allowed__is_refused)
{
	uint8_t data[600] = {0};
	struct jvpn_letter *letter = jvpn_letter_new(1, data, sizeof(data));

	ck_assert_int_eq(jvpn_mailbox_new(8, 1000, &box), 0);
	ck_assert_int_eq(jvpn_mailbox_post(box, letter), 0);
	letter = jvpn_letter_new(1, data, sizeof(data));
	ck_assert_int_eq(jvpn_mailbox_post(box, letter), JVPN_EFULL);
	jvpn_mailbox_open(box);
	jvpn_letter_free(jvpn_mailbox_take(box));
	ck_assert_int_eq(jvpn_mailbox_post(box, letter), 0);
}
END_TEST

static unsigned called;

static void on_call(struct jvpn_call *call)
{
	(void)call;
	called++;
}

START_TEST(mailbox_call__box_full_of_letters__calls_are_made_and_come_first)
{
	struct jvpn_call call[3] = {{.fn = on_call}, {.fn = on_call}, {.fn = on_call}};

	ck_assert_int_eq(jvpn_mailbox_new(2, BYTES_NO_LIMIT, &box), 0);
	ck_assert_int_eq(jvpn_mailbox_post(box, make(1, 1)), 0);
	ck_assert_int_eq(jvpn_mailbox_post(box, make(1, 2)), 0);
	called = 0;
	for (int i = 0; i < 3; i++)
		jvpn_mailbox_call(box, &call[i]);
	ck_assert_uint_eq(called, 0);
	jvpn_mailbox_open(box);
	ck_assert_uint_eq(called, 3);
	jvpn_mailbox_open(box);
	ck_assert_uint_eq(called, 3);
}
END_TEST

static void *write_many(void *arg)
{
	uint32_t writer = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < LETTERS_EACH; i++) {
		struct jvpn_letter *letter = make(writer, i);

		while (jvpn_mailbox_post(box, letter))
			sched_yield();
	}
	return NULL;
}

/* Sleeps whenever there is nothing: a ring that is lost would let it sleep for ever. */
START_TEST(mailbox_post__many_writers__every_letter_once_in_the_order_of_its_writer)
{
	uint32_t next[WRITERS] = {0}, total = 0;
	pthread_t thread[WRITERS];
	struct jvpn_letter *letter;

	ck_assert_int_eq(jvpn_mailbox_new(64, BYTES_NO_LIMIT, &box), 0);
	for (uintptr_t i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, write_many, (void *)i), 0);
	while (total < WRITERS * LETTERS_EACH) {
		ck_assert(is_readable(WAIT_MS));
		jvpn_mailbox_open(box);
		while ((letter = jvpn_mailbox_take(box))) {
			ck_assert_uint_lt(letter->kind, WRITERS);
			ck_assert_uint_eq(number_of(letter), next[letter->kind]);
			next[letter->kind]++;
			total++;
			jvpn_letter_free(letter);
		}
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	jvpn_mailbox_open(box);
	ck_assert_ptr_null(jvpn_mailbox_take(box));
}
END_TEST

/* Writers that meet at one place are no reason to refuse a letter. */
START_TEST(mailbox_post__many_writers_and_room_for_all__nothing_is_refused)
{
	struct jvpn_mailbox_stats stats;
	pthread_t thread[WRITERS];

	ck_assert_int_eq(jvpn_mailbox_new(WRITERS * LETTERS_EACH, BYTES_NO_LIMIT, &box), 0);
	for (uintptr_t i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, write_many, (void *)i), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	jvpn_mailbox_get_stats(box, &stats);
	ck_assert_uint_eq(stats.posted, WRITERS * LETTERS_EACH);
	ck_assert_uint_eq(stats.refused, 0);
}
END_TEST

START_TEST(mailbox_take__more_than_a_turn_may_cost__rings_again_for_the_rest)
{
	struct jvpn_letter *letter;
	unsigned turns = 0, total = 0;

	ck_assert_int_eq(jvpn_mailbox_new(2048, BYTES_NO_LIMIT, &box), 0);
	for (uint32_t i = 0; i < 2000; i++)
		ck_assert_int_eq(jvpn_mailbox_post(box, make(1, i)), 0);
	while (total < 2000) {
		ck_assert(is_readable(0));
		jvpn_mailbox_open(box);
		turns++;
		while ((letter = jvpn_mailbox_take(box))) {
			total++;
			jvpn_letter_free(letter);
		}
	}
	ck_assert_uint_gt(turns, 2);
}
END_TEST

UNIT_TESTS(mailbox)
{
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, mailbox_post__more_than_there_is_room__the_rest_is_refused_and_counted);
	tcase_add_test(tc, mailbox_post__more_octets_than_allowed__is_refused);
	tcase_add_test(tc, mailbox_call__box_full_of_letters__calls_are_made_and_come_first);
	tcase_add_test(tc,
		       mailbox_post__many_writers__every_letter_once_in_the_order_of_its_writer);
	tcase_add_test(tc, mailbox_post__many_writers_and_room_for_all__nothing_is_refused);
	tcase_add_test(tc, mailbox_take__more_than_a_turn_may_cost__rings_again_for_the_rest);
}
