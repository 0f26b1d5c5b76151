/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Client and server over loopback with a NAT in between, in virtual time: handshake, capsules,
 * packets, and everything a path can do (session.md "Path change on a living connection").
 */
#include <string.h>

#include "base/err.h"
#include "quic_pair.h"
#include "unit.h"

#define MS PAIR_MS

static struct pair pair;
static struct pair *const p = &pair;

static void teardown(void)
{
	pair_clear(p);
}

static void expect_path(size_t i, enum jvpn_path_change change, uint32_t generation)
{
	ck_assert_uint_gt(p->server.path_count, i);
	ck_assert_int_eq(p->server.path[i].change, change);
	ck_assert_uint_eq(p->server.path[i].generation, generation);
}

START_TEST(quic_pair__handshake__opens_a_tunnel_in_two_round_trips)
{
	uint64_t start;

	pair_init(p, NULL);
	start = p->now_ns;
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 3000 * MS));
	ck_assert_int_eq(p->client.status, 200);
	ck_assert_uint_le(p->client.responded_ns - start, 45 * MS);
	ck_assert_int_eq(p->server.requests, 1);
	ck_assert_str_eq(jvpn_conn_cipher(p->client.conn), "TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(jvpn_conn_group(p->client.conn), "X25519MLKEM768");
}
END_TEST

START_TEST(quic_pair__capsules__pass_both_ways)
{
	pair_init(p, NULL);
	pair_open(p);
	ck_assert_int_eq(jvpn_conn_send_capsule(p->client.conn, 0x2a565003, "question", 8), 0);
	ck_assert_int_eq(jvpn_conn_send_capsule(p->server.conn, 0x2a565004, "answer", 6), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->server.capsules, 1);
	ck_assert_uint_eq(p->client.capsules, 1);
	ck_assert_uint_eq(p->server.capsule[0].type, 0x2a565003);
	ck_assert_mem_eq(p->server.capsule[0].first, "question", 8);
	ck_assert_uint_eq(p->server.capsule[0].path_generation, 0);
	ck_assert_mem_eq(p->client.capsule[0].first, "answer", 6);
}
END_TEST

START_TEST(quic_pair__packets__pass_both_ways_in_order)
{
	pair_init(p, NULL);
	pair_open(p);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(pair_send(&p->client, 1280), 0);
		ck_assert_int_eq(pair_send(&p->server, 1280), 0);
	}
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->server.packets, 10);
	ck_assert_uint_eq(p->client.packets, 10);
	ck_assert_uint_eq(p->server.order_errors + p->client.order_errors, 0);
}
END_TEST

START_TEST(quic_pair__rebinding__validates_and_moves_after_the_commit)
{
	pair_init(p, NULL);
	pair_open(p);
	pair_rebind(p, 1);
	ck_assert_int_eq(pair_send(&p->client, 800), 0);
	pair_run(p, 60 * MS);
	expect_path(0, JVPN_PATH_CANDIDATE, 1);
	expect_path(1, JVPN_PATH_VALIDATED, 1);
	ck_assert_uint_eq(p->server.packets, 0);
	/* No inner packet leaves before the commit. */
	ck_assert_int_eq(pair_send(&p->server, 800), JVPN_EAGAIN);
	ck_assert_int_eq(jvpn_conn_path_commit(p->server.conn, 1, p->now_ns), 0);
	ck_assert_uint_eq(p->server.packets, 0);
	jvpn_conn_permit_set(p->server.conn, 1);
	ck_assert_uint_eq(p->server.packets, 1);
	ck_assert_int_eq(pair_send(&p->server, 800), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->client.packets, 1);
	ck_assert_uint_eq(p->server.path_count, 2);
}
END_TEST

UNIT_TESTS(quic_pair)
{
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, quic_pair__handshake__opens_a_tunnel_in_two_round_trips);
	tcase_add_test(tc, quic_pair__capsules__pass_both_ways);
	tcase_add_test(tc, quic_pair__packets__pass_both_ways_in_order);
	tcase_add_test(tc, quic_pair__rebinding__validates_and_moves_after_the_commit);
}
