/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Deficit round robin among senders with backlogs.
 */
#include <string.h>

#include "quic/turns.h"
#include "unit.h"

#define SENDERS 5

struct sender {
	struct jvpn_turn turn;
	size_t backlog, packet, sent;
	int first_turn; /* when it had its first turn; 0: not yet */
};

static struct sender s[SENDERS];
static struct jvpn_turns turns;

static void start(void)
{
	memset(s, 0, sizeof(s));
	memset(&turns, 0, sizeof(turns));
}

static void join(int i, size_t backlog, size_t packet)
{
	s[i].backlog = backlog;
	s[i].packet = packet;
	jvpn_turns_join(&turns, &s[i].turn);
}

/* Whole packets until the allowance is used up. */
static size_t send(struct sender *sender, size_t allowed)
{
	size_t sent = 0;

	while (sent < allowed && sender->backlog > 0) {
		size_t len = sender->packet < sender->backlog ? sender->packet : sender->backlog;

		sender->backlog -= len;
		sent += len;
	}
	sender->sent += sent;
	return sent;
}

static int serve(int most)
{
	struct jvpn_turn *turn;
	size_t bytes;
	int n = 0;

	while (n < most && (turn = jvpn_turns_take(&turns, &bytes))) {
		struct sender *sender = (struct sender *)turn;
		size_t sent;

		ck_assert_uint_gt(bytes, 0);
		n++;
		if (!sender->first_turn)
			sender->first_turn = n;
		sent = send(sender, bytes);
		jvpn_turns_end(&turns, turn, sent, sender->backlog > 0);
	}
	return n;
}

START_TEST(turns__one_heavy_sender__the_others_wait_for_one_quantum_each)
{
	start();
	join(0, 1000000, 1450);
	for (int i = 1; i < SENDERS; i++)
		join(i, 100, 100);
	serve(SENDERS);
	for (int i = 1; i < SENDERS; i++)
		ck_assert_uint_eq(s[i].sent, 100);
	ck_assert_uint_le(s[0].sent, JVPN_TURNS_QUANTUM + 1450);
	serve(1000);
	ck_assert_uint_eq(s[0].sent, 1000000);
}
END_TEST

START_TEST(turns__heavy_senders_with_other_packets__get_equal_shares)
{
	start();
	for (int i = 0; i < SENDERS; i++)
		join(i, 100000000, 300 + 2000 * (size_t)i);
	serve(SENDERS * 100);
	for (int i = 0; i < SENDERS; i++) {
		ck_assert_uint_ge(s[i].sent, 99 * JVPN_TURNS_QUANTUM);
		ck_assert_uint_le(s[i].sent, 100 * JVPN_TURNS_QUANTUM + 9000);
	}
}
END_TEST

START_TEST(turns__alone__is_not_interrupted)
{
	start();
	join(0, 10000000, 1450);
	ck_assert_int_eq(serve(10), 1);
	ck_assert_uint_eq(s[0].sent, 10000000);
	ck_assert_ptr_null(turns.first);
}
END_TEST

/* One packet beyond many quanta: it has to sit out until the others have had as much. */
START_TEST(turns__more_than_a_quantum_at_once__is_paid_back)
{
	start();
	join(0, 100000000, 10 * JVPN_TURNS_QUANTUM);
	join(1, 100000000, 1000);
	serve(200);
	ck_assert_uint_le(s[0].sent, s[1].sent + 11 * JVPN_TURNS_QUANTUM);
	ck_assert_uint_ge(s[0].sent + 11 * JVPN_TURNS_QUANTUM, s[1].sent);
}
END_TEST

START_TEST(turns__join_twice__waits_once)
{
	start();
	join(0, 100, 100);
	join(0, 100, 100);
	join(1, 100, 100);
	ck_assert_int_eq(serve(10), 2);
}
END_TEST

UNIT_TESTS(turns)
{
	tcase_add_test(tc, turns__one_heavy_sender__the_others_wait_for_one_quantum_each);
	tcase_add_test(tc, turns__heavy_senders_with_other_packets__get_equal_shares);
	tcase_add_test(tc, turns__alone__is_not_interrupted);
	tcase_add_test(tc, turns__more_than_a_quantum_at_once__is_paid_back);
	tcase_add_test(tc, turns__join_twice__waits_once);
}
