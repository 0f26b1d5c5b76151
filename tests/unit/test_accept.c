/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who may begin a connection when many try: limits of a source, of a turn, of handshakes at once.
 */
#include <string.h>

#include "quic/quic_internal.h"
#include "quic_pair.h"
#include "unit.h"

#define MS PAIR_MS

static struct pair pair;
static struct pair *const p = &pair;

static void teardown(void)
{
	pair_clear(p);
}

static struct jvpn_quic_stats stats(void)
{
	struct jvpn_quic_stats s;

	jvpn_quic_get_stats(p->server.quic, &s);
	return s;
}

static uint32_t pending(void)
{
	uint32_t n = 0;

	for (size_t i = 0; i < JVPN_SOURCES; i++)
		n += p->server.quic->sources->share[i][0].pending +
		     p->server.quic->sources->share[i][1].pending;
	return n;
}

static void one_a_second(struct pair *w)
{
	w->server_config.handshakes_per_source_per_s = 1;
}

/* Two without a token, then two behind a Retry; the fifth repeats its Initial until it may. */
START_TEST(accept__source_is_over_its_rate__has_to_wait)
{
	uint64_t start;

	pair_init(p, one_a_second);
	for (int i = 0; i < 4; i++) {
		p->client.responded = false;
		pair_connect(p);
		ck_assert(pair_run_until(p, &p->client.responded, 500 * MS));
	}
	ck_assert_uint_eq(stats().retries_sent, 2 * 2); /* a ClientHello has two datagrams */
	ck_assert_uint_eq(stats().source_limited, 0);
	start = p->now_ns;
	p->client.responded = false;
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 4000 * MS));
	ck_assert_uint_gt(p->now_ns - start, 500 * MS);
	ck_assert_uint_ge(stats().source_limited, 1);
	ck_assert_uint_eq(stats().accepted, 5);
	ck_assert_uint_eq(pending(), 0);
}
END_TEST

START_TEST(accept__connection_has_no_tunnel__is_counted_until_it_ends)
{
	pair_init(p, NULL);
	p->client.no_request = true;
	pair_connect(p);
	pair_run(p, 500 * MS);
	ck_assert(p->client.ready);
	ck_assert_uint_eq(pending(), 1);
	ck_assert(pair_run_until(p, &p->server.closed, 9000 * MS));
	ck_assert_uint_eq(pending(), 0);
}
END_TEST

static void one_half_open(struct pair *w)
{
	w->server_config.retry_above_half_open = 1;
	w->server_config.handshakes_per_source_per_s = 100;
}

/* Whoever has proven its address is let in however many handshakes others have begun; a source that
 * has some of its own going is not. */
START_TEST(accept__handshakes_far_beyond_the_threshold__proven_address_gets_in)
{
	struct jvpn_source *own;
	struct sockaddr_storage nat = {.ss_family = AF_INET};

	pair_init(p, one_half_open);
	p->server.quic->half_open += 1000;
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 500 * MS));
	ck_assert_uint_eq(stats().retries_sent, 2); /* a ClientHello has two datagrams */
	((struct sockaddr_in *)&nat)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	own = jvpn_source_find(p->server.quic->sources, &nat, true);
	own->pending = JVPN_SOURCE_PENDING_SCARCE;
	p->client.responded = false;
	pair_connect(p);
	ck_assert(!pair_run_until(p, &p->client.responded, 500 * MS));
	own->pending = 0;
	ck_assert(pair_run_until(p, &p->client.responded, 2000 * MS));
	p->server.quic->half_open -= 1000;
}
END_TEST

/* What one turn may begin. The rest is asked for a proof, and comes in another turn. */
START_TEST(accept__burst_of_initials__a_few_in_one_turn)
{
	static uint8_t initial[40][PAIR_DATAGRAM_MAX];
	size_t len[40];

	pair_init(p, NULL);
	p->drop_to_server = true;
	for (int i = 0; i < 40; i++) {
		pair_connect(p);
		pair_run(p, 0);
		len[i] = p->last_uplink_len;
		memcpy(initial[i], p->last_uplink, len[i]);
	}
	for (int i = 0; i < 40; i++)
		pair_inject(p, 4, initial[i], len[i]);
	ck_assert_int_eq(jvpn_quic_receive(p->server.quic, p->server.endpoint, p->now_ns, 1), 40);
	ck_assert_uint_eq(stats().accepted, JVPN_QUIC_ACCEPTS / 2);
	ck_assert_uint_eq(stats().retries_sent, 40 - JVPN_QUIC_ACCEPTS / 2);
}
END_TEST

/* Nor may the answers take all of the CPU. */
START_TEST(accept__flood_of_initials__retries_are_limited)
{
	pair_init(p, one_half_open);
	p->server.quic->half_open += 1000;
	p->drop_to_server = true;
	pair_connect(p);
	pair_run(p, 0);
	for (int i = 0; i < 2000; i++) {
		pair_inject(p, 4, p->last_uplink, p->last_uplink_len);
		if (i % 50 == 49)
			jvpn_quic_receive(p->server.quic, p->server.endpoint, p->now_ns, 1);
	}
	ck_assert_uint_eq(stats().retries_sent, 800);
	ck_assert_uint_eq(stats().retries_suppressed, 1200);
	p->server.quic->half_open -= 1000;
}
END_TEST

/* Empty datagrams are work like any others. */
START_TEST(accept__empty_datagrams__count_in_the_budget)
{
	int n;

	pair_init(p, NULL);
	for (int i = 0; i < JVPN_QUIC_RECEIVE_BUDGET + 100; i++)
		pair_inject(p, 4, (const uint8_t *)"", 0);
	n = jvpn_quic_receive(p->server.quic, p->server.endpoint, p->now_ns, 1);
	ck_assert_int_ge(n, JVPN_QUIC_RECEIVE_BUDGET);
	ck_assert_int_lt(n, JVPN_QUIC_RECEIVE_BUDGET + 64);
}
END_TEST

UNIT_TESTS(accept)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, accept__source_is_over_its_rate__has_to_wait);
	tcase_add_test(tc, accept__connection_has_no_tunnel__is_counted_until_it_ends);
	tcase_add_test(tc, accept__handshakes_far_beyond_the_threshold__proven_address_gets_in);
	tcase_add_test(tc, accept__burst_of_initials__a_few_in_one_turn);
	tcase_add_test(tc, accept__flood_of_initials__retries_are_limited);
	tcase_add_test(tc, accept__empty_datagrams__count_in_the_budget);
}
