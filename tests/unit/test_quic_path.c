/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything a path can do (session.md "Path change on a living connection"), with a real client and
 * a real server, in virtual time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
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

static void expect_path(size_t i, enum jvpn_path_change change, uint32_t generation)
{
	ck_assert_uint_gt(p->server.path_count, i);
	ck_assert_int_eq(p->server.path[i].change, change);
	ck_assert_uint_eq(p->server.path[i].generation, generation);
}

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

/* --- a path that changes --- */

/* The newest packet of the client, on the wire, came from NAT socket 'back'. */
static void rebind_and_say(int back)
{
	pair_rebind(p, back);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
}

START_TEST(quic_path__no_commit__no_inner_packet_and_little_else_leaves_to_the_new_tuple)
{
	uint64_t start;

	pair_init(p, NULL);
	pair_open(p);
	p->server.keep_sending = true;
	jvpn_conn_want_write(p->server.conn);
	pair_run(p, 100 * MS);
	pair_rebind(p, 1);
	(void)pair_send(&p->client, 100);
	pair_run(p, 100 * MS); /* what the bottleneck still had */
	start = p->client.packets;
	ck_assert_uint_gt(start, 100);
	for (int i = 0; i < 100; i++) {
		(void)pair_send(&p->client, 100);
		pair_run(p, 20 * MS);
	}
	expect_path(0, JVPN_PATH_CANDIDATE, 1);
	expect_path(1, JVPN_PATH_VALIDATED, 1);
	ck_assert_uint_eq(p->client.packets, start);
	ck_assert_uint_gt(p->to_back[1], 0);
	ck_assert_uint_lt(p->to_back[1], 400);
}
END_TEST

START_TEST(quic_path__unvalidated_tuple__gets_at_most_three_times_what_it_sent)
{
	size_t copied;

	pair_init(p, NULL);
	pair_open(p);
	p->server.keep_sending = true;
	jvpn_conn_want_write(p->server.conn);
	pair_run(p, 100 * MS);
	/* A copy of one packet from a third address, ahead of the original, and nothing more. */
	p->drop_to_server = true;
	p->server.keep_sending = false;
	pair_run(p, 50 * MS);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 0);
	copied = p->last_uplink_len;
	pair_inject(p, 4, p->last_uplink, copied);
	for (int i = 0; i < 10; i++)
		(void)jvpn_conn_send_capsule(p->server.conn, 0x2a565006, "required", 8);
	pair_run(p, 400 * MS);
	expect_path(0, JVPN_PATH_CANDIDATE, 1);
	ck_assert_uint_eq(p->server.path_count, 1);
	ck_assert_uint_gt(p->to_back[4], 0);
	ck_assert_uint_le(p->to_back_bytes[4], 3 * copied);
}
END_TEST

START_TEST(quic_path__replay_and_garbage_from_a_stranger__no_event_and_no_answer)
{
	uint8_t garbage[200];

	pair_init(p, NULL);
	pair_open(p);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 50 * MS);
	ck_assert_uint_eq(p->server.packets, 1);
	for (int i = 0; i < 50; i++) {
		pair_inject(p, 4, p->last_uplink, p->last_uplink_len);
		memset(garbage, i, sizeof(garbage));
		memcpy(garbage, p->last_uplink, 11); /* a short header with the right CID */
		pair_inject(p, 5, garbage, sizeof(garbage));
		pair_run(p, 10 * MS);
	}
	ck_assert_uint_eq(p->server.path_count, 0);
	ck_assert_uint_eq(p->to_back[4] + p->to_back[5], 0);
	ck_assert_uint_eq(p->server.packets, 1);
	ck_assert_int_eq(pair_send(&p->server, 100), 0);
}
END_TEST

START_TEST(quic_path__copied_packet__is_superseded_by_the_bound_tuple)
{
	struct jvpn_conn_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	p->drop_to_server = true;
	ck_assert_int_eq(pair_send(&p->client, 700), 0);
	pair_run(p, 0);
	p->drop_to_server = false;
	pair_inject(p, 4, p->last_uplink, p->last_uplink_len);
	pair_run(p, 5 * MS);
	expect_path(0, JVPN_PATH_CANDIDATE, 1);
	ck_assert_int_eq(pair_send(&p->client, 700), 0);
	pair_run(p, 15 * MS);
	expect_path(1, JVPN_PATH_SUPERSEDED, 1);
	jvpn_conn_get_stats(p->server.conn, &stats);
	ck_assert_uint_eq(stats.hold_queued, 1);
	ck_assert_uint_eq(stats.hold_dropped, 1);
	/* The second packet came through, the copied one did not. */
	ck_assert_uint_eq(p->server.packets, 1);
	ck_assert_int_eq(pair_send(&p->server, 100), 0);
	pair_run(p, 15 * MS);
	ck_assert_uint_eq(p->client.packets, 1);
}
END_TEST

/* The reason for virtual addresses: see path.h. */
START_TEST(quic_path__full_window_and_new_port__server_sends_there_within_a_round_trip)
{
	uint64_t moved;
	struct jvpn_conn_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	p->server.keep_sending = true;
	p->server.auto_commit = true;
	jvpn_conn_want_write(p->server.conn);
	pair_run(p, 200 * MS);
	/* The binding dies; the server goes on until its window is full of packets for nobody. */
	pair_rebind(p, 1);
	p->drop_to_server = true;
	pair_run(p, 300 * MS);
	jvpn_conn_get_stats(p->server.conn, &stats);
	ck_assert_uint_ge(stats.bytes_in_flight + 1500, stats.cwnd);
	p->drop_to_server = false;
	moved = p->now_ns;
	ck_assert_int_eq(jvpn_conn_send_capsule(p->client.conn, 0x2a565003, "here", 4), 0);
	ck_assert_int_eq(pair_send(&p->client, 600), 0);
	pair_run(p, 12 * MS);
	/* Half a round trip after it the challenge is on its way, without any PTO. */
	ck_assert_uint_gt(p->to_back[1], 0);
	ck_assert_uint_le(p->first_to_back_ns[1], moved + 11 * MS);
	moved = p->client.packets;
	pair_run(p, 40 * MS);
	expect_path(1, JVPN_PATH_VALIDATED, 1);
	ck_assert_uint_gt(p->client.packets, moved);
}
END_TEST

START_TEST(quic_path__flip_back_before_validation__is_superseded)
{
	pair_init(p, NULL);
	pair_open(p);
	p->server.auto_commit = true;
	rebind_and_say(1);
	pair_run(p, 12 * MS);
	rebind_and_say(0);
	pair_run(p, 60 * MS);
	expect_path(0, JVPN_PATH_CANDIDATE, 1);
	expect_path(1, JVPN_PATH_SUPERSEDED, 1);
	ck_assert_uint_eq(p->server.path_count, 2);
	ck_assert_uint_eq(jvpn_conn_bound_generation(p->server.conn), 0);
	ck_assert_int_eq(pair_send(&p->server, 100), 0);
}
END_TEST

/* ngtcp2 probes the old path after success and would not move back to it. */
START_TEST(quic_path__flip_back_during_the_old_paths_probe__is_superseded_at_once)
{
	pair_init(p, NULL);
	pair_open(p);
	rebind_and_say(1);
	while (p->server.path_count < 2)
		pair_run(p, MS);
	expect_path(1, JVPN_PATH_VALIDATED, 1);
	rebind_and_say(0);
	pair_run(p, 11 * MS);
	expect_path(2, JVPN_PATH_SUPERSEDED, 1);
	/* And the server reaches the client there, now. */
	ck_assert_int_eq(pair_send(&p->server, 100), 0);
	pair_run(p, 11 * MS);
	ck_assert_uint_eq(p->client.packets, 1);
}
END_TEST

START_TEST(quic_path__flip_back_after_the_commit__is_a_candidate_again)
{
	pair_init(p, NULL);
	pair_open(p);
	p->server.auto_commit = true;
	rebind_and_say(1);
	while (p->server.path_count < 2)
		pair_run(p, MS);
	ck_assert_uint_eq(jvpn_conn_bound_generation(p->server.conn), 1);
	pair_run(p, 5 * MS);
	rebind_and_say(0);
	pair_run(p, 80 * MS);
	expect_path(2, JVPN_PATH_CANDIDATE, 2);
	expect_path(3, JVPN_PATH_VALIDATED, 2);
	ck_assert_uint_eq(jvpn_conn_bound_generation(p->server.conn), 2);
	ck_assert_int_eq(pair_send(&p->server, 100), 0);
	pair_run(p, 11 * MS);
	ck_assert_uint_eq(p->client.packets, 1);
}
END_TEST

START_TEST(quic_path__return_into_history__is_validated_at_once)
{
	pair_init(p, NULL);
	pair_open(p);
	p->server.auto_commit = true;
	rebind_and_say(1);
	pair_run(p, 3000 * MS);
	ck_assert_uint_eq(jvpn_conn_bound_generation(p->server.conn), 1);
	rebind_and_say(0);
	pair_run(p, 11 * MS);
	expect_path(2, JVPN_PATH_CANDIDATE, 2);
	expect_path(3, JVPN_PATH_VALIDATED, 2);
	ck_assert_uint_eq(jvpn_conn_bound_generation(p->server.conn), 2);
	/* The packet that showed it was held and delivered. */
	ck_assert_uint_eq(p->server.packets, 2);
}
END_TEST

START_TEST(quic_path__challenge_unanswered__fails_and_cools_down_that_tuple)
{
	uint64_t start;

	pair_init(p, NULL);
	pair_open(p);
	p->drop_to_server = true;
	ck_assert_int_eq(pair_send(&p->client, 700), 0);
	pair_run(p, 0);
	start = p->now_ns;
	pair_inject(p, 4, p->last_uplink, p->last_uplink_len);
	pair_run(p, 0);
	while (p->server.path_count < 2 && p->now_ns < start + 3000 * MS)
		pair_run(p, 5 * MS);
	expect_path(1, JVPN_PATH_FAILED, 1);
	/* 3 * (3 * initial_rtt + max_ack_delay): inside the half second. */
	ck_assert_uint_le(p->server.path_at_ns[1] - start, 500 * MS);
	ck_assert_int_eq(jvpn_conn_path_commit(p->server.conn, 1, p->now_ns), JVPN_ENOTFOUND);
	ck_assert_int_eq(pair_send(&p->client, 700), 0);
	pair_run(p, 0);
	pair_inject(p, 4, p->last_uplink, p->last_uplink_len);
	pair_run(p, 0);
	ck_assert_uint_eq(p->server.path_count, 2);
	/* The bound tuple works. */
	p->drop_to_server = false;
	pair_run(p, 300 * MS);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 30 * MS);
	ck_assert_int_eq(pair_send(&p->server, 100), 0);
}
END_TEST

START_TEST(quic_path__strict__other_tuple_never_reaches_quic)
{
	struct jvpn_conn_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	jvpn_conn_set_strict(p->server.conn, true);
	rebind_and_say(1);
	pair_run(p, 300 * MS);
	ck_assert_uint_eq(p->server.path_count, 0);
	ck_assert_uint_eq(p->to_back[1], 0);
	jvpn_conn_get_stats(p->server.conn, &stats);
	ck_assert_uint_gt(stats.offpath_dropped, 0);
}
END_TEST

START_TEST(quic_path__limited__other_tuple_is_ignored_only_while_the_bound_one_lives)
{
	pair_init(p, NULL);
	pair_open(p);
	jvpn_conn_offpath_limit(p->server.conn, 5000 * MS, p->now_ns);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 11 * MS);
	rebind_and_say(1);
	pair_run(p, 11 * MS);
	ck_assert_uint_eq(p->server.path_count, 0);
	pair_run(p, 400 * MS);
	rebind_and_say(1);
	pair_run(p, 11 * MS);
	expect_path(0, JVPN_PATH_CANDIDATE, 1);
}
END_TEST

START_TEST(quic_path__held_packets__come_in_order_and_no_more_than_the_bound)
{
	struct jvpn_conn_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	pair_rebind(p, 1);
	for (int i = 0; i < 300; i++) {
		(void)pair_send(&p->client, 100);
		pair_run(p, MS);
	}
	ck_assert_uint_eq(p->server.packets, 0);
	jvpn_conn_get_stats(p->server.conn, &stats);
	ck_assert_uint_eq(stats.hold_queued, 256);
	ck_assert_uint_gt(stats.hold_dropped, 0);
	ck_assert_int_eq(jvpn_conn_path_commit(p->server.conn, 1, p->now_ns), 0);
	jvpn_conn_permit_set(p->server.conn, 1);
	ck_assert_uint_eq(p->server.packets, 256);
	ck_assert_uint_eq(p->server.order_errors, 0);
}
END_TEST

START_TEST(quic_path__stragglers_of_the_old_tuple__are_delivered_for_a_while)
{
	uint8_t old[PAIR_DATAGRAM_MAX];
	size_t len;

	pair_init(p, NULL);
	pair_open(p);
	p->server.auto_commit = true;
	/* A packet that takes the slow way. */
	p->drop_to_server = true;
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 0);
	len = p->last_uplink_len;
	memcpy(old, p->last_uplink, len);
	p->drop_to_server = false;
	pair_run(p, 5 * MS);
	rebind_and_say(1);
	while (p->server.path_count < 2)
		pair_run(p, MS);
	ck_assert_uint_eq(p->server.packets, 1);
	pair_inject(p, 0, old, len);
	pair_run(p, 0);
	ck_assert_uint_eq(p->server.packets, 2);
	ck_assert_uint_eq(p->server.path_count, 2);
}
END_TEST

START_TEST(quic_path__capsule_from_a_candidate__carries_its_generation)
{
	pair_init(p, NULL);
	pair_open(p);
	pair_rebind(p, 1);
	ck_assert_int_eq(jvpn_conn_send_capsule(p->client.conn, 0x2a565003, "moved", 5), 0);
	pair_run(p, 11 * MS);
	ck_assert_uint_eq(p->server.capsules, 1);
	ck_assert_uint_eq(p->server.capsule[0].path_generation, 1);
}
END_TEST

START_TEST(quic_path__dropped_candidate__comes_back_after_its_cooldown)
{
	pair_init(p, NULL);
	pair_open(p);
	rebind_and_say(1);
	pair_run(p, 80 * MS);
	expect_path(1, JVPN_PATH_VALIDATED, 1);
	jvpn_conn_path_drop(p->server.conn, 1, 500 * MS, p->now_ns);
	rebind_and_say(1);
	pair_run(p, 100 * MS);
	ck_assert_uint_eq(p->server.path_count, 2);
	pair_run(p, 500 * MS);
	rebind_and_say(1);
	pair_run(p, 100 * MS);
	expect_path(2, JVPN_PATH_CANDIDATE, 2);
	expect_path(3, JVPN_PATH_VALIDATED, 2);
}
END_TEST

START_TEST(quic_path__new_address__works_like_a_new_port_and_keeps_the_mtu)
{
	size_t before;
	struct jvpn_conn_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	p->server.auto_commit = true;
	jvpn_conn_get_stats(p->server.conn, &stats);
	before = stats.max_packet;
	ck_assert_uint_ge(before, 1280);
	rebind_and_say(4);
	for (int i = 0; i < 20; i++) {
		pair_run(p, 5 * MS);
		jvpn_conn_get_stats(p->server.conn, &stats);
		ck_assert_uint_eq(stats.max_packet, before);
	}
	ck_assert_uint_eq(jvpn_conn_bound_generation(p->server.conn), 1);
	ck_assert_int_eq(pair_send(&p->server, 1280), 0);
	pair_run(p, 11 * MS);
	ck_assert_uint_eq(p->client.packets, 1);
}
END_TEST

static void move_client(void)
{
	struct jvpn_endpoint_config config = {.buffer_bytes = 0};
	struct jvpn_endpoint *fresh = NULL, *old = p->client.endpoint;
	char error[128];

	jvpn_endpoint_local(old, &config.local);
	memset((uint8_t *)&config.local + 2, 0, 2); /* any port */
	ck_assert_int_eq(jvpn_endpoint_open(&config, &fresh, error, sizeof(error)), 0);
	ck_assert_int_eq(jvpn_conn_move(p->client.conn, fresh, p->now_ns), 0);
	p->client.endpoint = fresh;
	jvpn_quic_forget_endpoint(p->client.quic, old);
	jvpn_endpoint_free(old);
}

START_TEST(quic_path__client_moves_behind_a_nat_that_hides_it__nothing_happens)
{
	pair_init(p, NULL);
	pair_open(p);
	move_client();
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	ck_assert_int_eq(pair_send(&p->server, 100), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->server.packets, 1);
	ck_assert_uint_eq(p->client.packets, 1);
	ck_assert_uint_eq(p->server.path_count, 0);
}
END_TEST

/* Both windows are full of packets for the old place, the client has another address and uses a new
 * connection ID. */
START_TEST(quic_path__client_moves_with_full_windows__both_directions_go_on_at_once)
{
	uint64_t up, down;

	pair_init(p, NULL);
	pair_open(p);
	p->server.auto_commit = true;
	p->server.keep_sending = p->client.keep_sending = true;
	jvpn_conn_want_write(p->server.conn);
	jvpn_conn_want_write(p->client.conn);
	pair_run(p, 100 * MS);
	p->drop_to_server = p->drop_to_client = true;
	pair_run(p, 2000 * MS);
	p->drop_to_server = p->drop_to_client = false;
	up = p->server.packets;
	down = p->client.packets;
	pair_rebind(p, 4);
	move_client();
	pair_run(p, 45 * MS);
	expect_path(0, JVPN_PATH_CANDIDATE, 1);
	expect_path(1, JVPN_PATH_VALIDATED, 1);
	ck_assert_uint_eq(p->server.path_count, 2);
	ck_assert_uint_gt(p->server.packets, up);
	ck_assert_uint_gt(p->client.packets, down);
	ck_assert_uint_ge(p->client.conn->mtu.size, JVPN_MTU_HANDSHAKE);
}
END_TEST

/* Everything at once, from a seed: bindings flip at every moment, strangers copy packets, packets get
 * lost and reordered, the session layer drops candidates. Whatever happened: no inner packet came
 * from or went to a tuple that was not bound, and when the path rests, the tunnel works again. */
START_TEST(quic_path__random_life__always_recovers)
{
	uint64_t before_up, before_down;

	srand((unsigned)_i + 1);
	pair_init(p, NULL);
	pair_open(p);
	p->server.auto_commit = true;
	p->server.keep_sending = p->client.keep_sending = true;
	for (int step = 0; step < 150; step++) {
		int r = rand() % 100;

		p->delay_ns = (uint64_t)(rand() % 20 + 1) * MS;
		p->nat_keeps_old = r & 1;
		if (r < 25)
			pair_rebind(p, rand() % PAIR_BACKS);
		else if (r < 35)
			pair_inject(p, rand() % PAIR_BACKS, p->last_uplink, p->last_uplink_len);
		else if (r < 45)
			p->drop_to_server = !p->drop_to_server;
		else if (r < 50)
			p->drop_to_client = !p->drop_to_client;
		else if (r < 55)
			p->server.auto_commit = !p->server.auto_commit;
		else if (r < 60 && p->server.path_count)
			jvpn_conn_path_drop(p->server.conn,
					    p->server.path[p->server.path_count - 1].generation,
					    (uint64_t)(rand() % 300) * MS, p->now_ns);
		else if (r < 65)
			(void)jvpn_conn_probe(rand() % 2 ? p->client.conn : p->server.conn);
		else if (r < 70)
			(void)jvpn_conn_send_capsule(p->client.conn, 0x2a565003, "x", 1);
		else if (r < 80)
			(void)pair_send(&p->client, (size_t)(rand() % 1200 + 4));
		if (p->server.path_count > PAIR_LOG / 2)
			p->server.path_count = 0;
		jvpn_conn_want_write(p->client.conn);
		jvpn_conn_want_write(p->server.conn);
		p->client.keep_sending = rand() % 4 == 0;
		p->server.keep_sending = rand() % 4 == 0;
		pair_run(p, (uint64_t)(rand() % 60) * MS);
		ck_assert(!p->client.closed && !p->server.closed);
	}
	p->drop_to_server = p->drop_to_client = false;
	p->server.auto_commit = true;
	p->server.keep_sending = p->client.keep_sending = false;
	p->server.path_count = 0;
	/* A candidate that was validated while nobody wanted it has told so already. */
	for (int i = 0; i < 100; i++) {
		uint32_t candidate = jvpn_path_candidate(&p->server.conn->path);

		if (candidate != JVPN_PATH_NO_GENERATION &&
		    jvpn_conn_path_commit(p->server.conn, candidate, p->now_ns) == 0)
			jvpn_conn_permit_set(p->server.conn, candidate);
		(void)pair_send(&p->client, 50);
		if (i % 10 == 0)
			(void)jvpn_conn_probe(p->client.conn);
		pair_run(p, 100 * MS);
	}
	before_up = p->server.packets;
	before_down = p->client.packets;
	ck_assert_int_eq(pair_send(&p->client, 50), 0);
	ck_assert_int_eq(pair_send(&p->server, 50), 0);
	pair_run(p, 100 * MS);
	ck_assert_uint_eq(p->server.packets, before_up + 1);
	ck_assert_uint_eq(p->client.packets, before_down + 1);
}
END_TEST

/* --- permits --- */

START_TEST(quic_permit__not_set__nothing_passes_either_way)
{
	pair_init(p, NULL);
	p->server.no_permit = true;
	pair_open(p);
	ck_assert_int_eq(pair_send(&p->server, 100), JVPN_EAGAIN);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->server.packets, 0);
	jvpn_conn_permit_set(p->server.conn, 5); /* another generation */
	ck_assert_int_eq(pair_send(&p->server, 100), JVPN_EAGAIN);
	jvpn_conn_permit_set(p->server.conn, 0);
	ck_assert_int_eq(pair_send(&p->server, 100), 0);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->server.packets, 1);
	jvpn_conn_permit_clear(p->server.conn);
	ck_assert_int_eq(pair_send(&p->server, 100), JVPN_EAGAIN);
}
END_TEST

START_TEST(quic_permit__client_gets_packets_before_its_permit__they_wait)
{
	pair_init(p, NULL);
	p->client.no_permit = true;
	pair_open(p);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(pair_send(&p->server, 100), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->client.packets, 0);
	jvpn_conn_permit_set(p->client.conn, 0);
	ck_assert_uint_eq(p->client.packets, 5);
	ck_assert_uint_eq(p->client.order_errors, 0);
}
END_TEST

/* --- stalls --- */

/* Seconds of silence in a download, then the same tuple again: no waiting for a backed-off PTO. */
START_TEST(quic_stall__downlink_after_an_outage__flows_within_two_round_trips)
{
	uint64_t before;

	pair_init(p, NULL);
	pair_open(p);
	p->server.keep_sending = true;
	jvpn_conn_want_write(p->server.conn);
	pair_run(p, 100 * MS);
	p->drop_to_server = p->drop_to_client = true;
	pair_run(p, 5000 * MS);
	p->drop_to_server = p->drop_to_client = false;
	before = p->client.packets;
	ck_assert_int_eq(jvpn_conn_probe(p->client.conn), 0);
	pair_run(p, 45 * MS);
	ck_assert_uint_gt(p->client.packets, before);
	ck_assert_uint_eq(p->server.path_count, 0);
	pair_run(p, 300 * MS);
	ck_assert_uint_gt(p->client.packets, before + 500);
}
END_TEST

START_TEST(quic_stall__uplink_after_an_outage__a_probe_starts_the_path_anew)
{
	uint64_t before;

	pair_init(p, NULL);
	pair_open(p);
	p->client.keep_sending = true;
	jvpn_conn_want_write(p->client.conn);
	pair_run(p, 100 * MS);
	p->drop_to_server = p->drop_to_client = true;
	pair_run(p, 5000 * MS);
	p->drop_to_server = p->drop_to_client = false;
	before = p->server.packets;
	ck_assert_int_eq(jvpn_conn_probe(p->client.conn), 0);
	pair_run(p, 25 * MS);
	ck_assert_uint_gt(p->server.packets, before);
	ck_assert_int_eq(p->client.probes_acked, 1);
	ck_assert_uint_eq(p->server.path_count, 0);
}
END_TEST

/* A stranger who knows the tuple and a connection ID cannot make the server renumber it. */
START_TEST(quic_stall__garbage_from_the_bound_tuple__changes_nothing)
{
	uint8_t garbage[200] = {0};
	uint64_t id;

	pair_init(p, NULL);
	pair_open(p);
	p->server.keep_sending = true;
	jvpn_conn_want_write(p->server.conn);
	pair_run(p, 100 * MS);
	p->drop_to_server = true;
	pair_run(p, 2000 * MS);
	id = p->server.conn->path.bound->id;
	ck_assert(jvpn_conn_is_stalled(p->server.conn));
	memcpy(garbage, p->last_uplink, 11);
	pair_inject(p, 0, garbage, sizeof(garbage));
	pair_run(p, MS);
	ck_assert_uint_eq(p->server.conn->path.bound->id, id);
	ck_assert_uint_eq(jvpn_conn_current_id(p->server.conn), id);
}
END_TEST

UNIT_TESTS(quic_path)
{
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, quic_pair__rebinding__validates_and_moves_after_the_commit);
	tcase_add_test(
		tc, quic_path__no_commit__no_inner_packet_and_little_else_leaves_to_the_new_tuple);
	tcase_add_test(tc, quic_path__unvalidated_tuple__gets_at_most_three_times_what_it_sent);
	tcase_add_test(tc, quic_path__replay_and_garbage_from_a_stranger__no_event_and_no_answer);
	tcase_add_test(tc, quic_path__copied_packet__is_superseded_by_the_bound_tuple);
	tcase_add_test(tc,
		       quic_path__full_window_and_new_port__server_sends_there_within_a_round_trip);
	tcase_add_test(tc, quic_path__flip_back_before_validation__is_superseded);
	tcase_add_test(tc, quic_path__flip_back_during_the_old_paths_probe__is_superseded_at_once);
	tcase_add_test(tc, quic_path__flip_back_after_the_commit__is_a_candidate_again);
	tcase_add_test(tc, quic_path__return_into_history__is_validated_at_once);
	tcase_add_test(tc, quic_path__challenge_unanswered__fails_and_cools_down_that_tuple);
	tcase_add_test(tc, quic_path__strict__other_tuple_never_reaches_quic);
	tcase_add_test(tc,
		       quic_path__limited__other_tuple_is_ignored_only_while_the_bound_one_lives);
	tcase_add_test(tc, quic_path__held_packets__come_in_order_and_no_more_than_the_bound);
	tcase_add_test(tc, quic_path__stragglers_of_the_old_tuple__are_delivered_for_a_while);
	tcase_add_test(tc, quic_path__capsule_from_a_candidate__carries_its_generation);
	tcase_add_test(tc, quic_path__dropped_candidate__comes_back_after_its_cooldown);
	tcase_add_test(tc, quic_path__new_address__works_like_a_new_port_and_keeps_the_mtu);
	tcase_add_test(tc, quic_path__client_moves_behind_a_nat_that_hides_it__nothing_happens);
	tcase_add_test(tc,
		       quic_path__client_moves_with_full_windows__both_directions_go_on_at_once);
	tcase_add_loop_test(tc, quic_path__random_life__always_recovers, 0, 20);
	tcase_add_test(tc, quic_permit__not_set__nothing_passes_either_way);
	tcase_add_test(tc, quic_permit__client_gets_packets_before_its_permit__they_wait);
	tcase_add_test(tc, quic_stall__downlink_after_an_outage__flows_within_two_round_trips);
	tcase_add_test(tc, quic_stall__uplink_after_an_outage__a_probe_starts_the_path_anew);
	tcase_add_test(tc, quic_stall__garbage_from_the_bound_tuple__changes_nothing);
}
