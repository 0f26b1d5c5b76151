/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Client and server over loopback with a NAT in between, in virtual time: handshake, capsules,
 * packets, sizes, probes, beginnings and ends. What paths do: test_quic_path.c.
 */
#include <poll.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

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

/* The answer to a request comes one round trip after the handshake's first: the server's SETTINGS
 * are in its first flight, the request rides with the client's Finished. */
START_TEST(quic_pair__second_connection__is_resumed_and_as_quick)
{
	uint64_t start, bytes;

	pair_init(p, NULL);
	start = p->to_back_bytes[0];
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 3000 * MS));
	ck_assert(!jvpn_conn_is_resumed(p->client.conn));
	bytes = p->to_back_bytes[0] - start;
	pair_run(p, 100 * MS);
	p->client.responded = false;
	start = p->now_ns;
	p->to_back_bytes[0] = 0;
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 3000 * MS));
	ck_assert(jvpn_conn_is_resumed(p->client.conn));
	ck_assert_uint_le(p->client.responded_ns - start, 45 * MS);
	/* No certificate, no signature. */
	ck_assert_uint_lt(p->to_back_bytes[0], bytes);
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

/* --- size, probes, bulk --- */

START_TEST(quic_mtu__path_of_1500__carries_1280_with_the_answer_and_more_soon)
{
	pair_init(p, NULL);
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 3000 * MS));
	ck_assert_uint_ge(p->client.max_packet, 1280);
	ck_assert_uint_ge(p->server.max_packet, 1280);
	pair_run(p, 100 * MS);
	ck_assert_uint_ge(p->server.max_packet, 1400);
	ck_assert_uint_ge(p->client.max_packet, 1400);
	ck_assert_int_eq(pair_send(&p->client, p->client.max_packet), 0);
	ck_assert_int_eq(pair_send(&p->client, p->client.max_packet + 1), JVPN_ERANGE);
	ck_assert_int_eq(pair_send(&p->server, p->server.max_packet), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->server.packets, 1);
	ck_assert_uint_eq(p->client.packets, 1);
}
END_TEST

/* Runs until both have it; the time it took. */
static uint64_t time_to_size(size_t max_packet, uint64_t limit_ns)
{
	uint64_t from = p->now_ns;

	while (p->now_ns < from + limit_ns &&
	       (p->client.max_packet < max_packet || p->server.max_packet < max_packet))
		pair_run(p, 5 * MS);
	return p->now_ns - from;
}

START_TEST(quic_mtu__path_of_1500__whole_size_a_round_trip_after_the_answer)
{
	pair_init(p, NULL);
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 3000 * MS));
	ck_assert_uint_le(time_to_size(1410, 1000 * MS), 3 * p->delay_ns);
}
END_TEST

/* Three probes of the whole size are lost first; with traffic QUIC sees it at once. */
START_TEST(quic_mtu__narrower_path__its_size_within_a_second)
{
	pair_init(p, NULL);
	p->drop_larger_than = 1420;
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 3000 * MS));
	p->client.keep_sending = p->server.keep_sending = _i == 1;
	p->client.send_len = p->server.send_len = 200;
	jvpn_conn_want_write(p->client.conn);
	jvpn_conn_want_write(p->server.conn);
	ck_assert_uint_le(time_to_size(1350, 3000 * MS), _i == 1 ? 200 * MS : 1000 * MS);
}
END_TEST

START_TEST(quic_mtu__path_below_1331__stays_under_1280)
{
	pair_init(p, NULL);
	p->drop_larger_than = 1300;
	pair_open(p);
	pair_run(p, 3000 * MS);
	ck_assert_uint_lt(p->client.max_packet, 1280);
	ck_assert_uint_gt(p->client.max_packet, 1100);
	ck_assert_int_eq(pair_send(&p->client, p->client.max_packet), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->server.packets, 1);
}
END_TEST

START_TEST(quic_probe__living_path__is_acknowledged)
{
	struct jvpn_conn_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	ck_assert_int_eq(jvpn_conn_probe(p->client.conn), 0);
	pair_run(p, 1 * MS);
	jvpn_conn_get_stats(p->client.conn, &stats);
	ck_assert_uint_ne(stats.oldest_unacked_ns, 0);
	pair_run(p, 40 * MS);
	ck_assert_int_eq(p->client.probes_acked, 1);
	ck_assert_uint_ge(p->client.probe_rtt_ns, 20 * MS);
	ck_assert_uint_le(p->client.probe_rtt_ns, 31 * MS);
	ck_assert_uint_eq(p->server.packets, 0);
	jvpn_conn_get_stats(p->client.conn, &stats);
	ck_assert_uint_eq(stats.oldest_unacked_ns, 0);
}
END_TEST

START_TEST(quic_probe__dead_path__age_of_the_oldest_grows)
{
	struct jvpn_conn_stats stats;
	uint64_t sent;

	pair_init(p, NULL);
	pair_open(p);
	p->drop_to_server = true;
	sent = p->now_ns;
	for (int i = 0; i < 50; i++) {
		(void)pair_send(&p->client, 200);
		pair_run(p, 10 * MS);
	}
	ck_assert_int_eq(jvpn_conn_probe(p->client.conn), 0);
	pair_run(p, 500 * MS);
	jvpn_conn_get_stats(p->client.conn, &stats);
	ck_assert_uint_eq(stats.oldest_unacked_ns, sent);
	ck_assert_int_eq(p->client.probes_acked, 0);
	p->drop_to_server = false;
	ck_assert_int_eq(jvpn_conn_probe(p->client.conn), 0);
	pair_run(p, 3000 * MS);
	ck_assert_int_gt(p->client.probes_acked, 0);
}
END_TEST

/* A window full of packets for nobody: the probe cannot leave, but the first acknowledgement of any of
 * them answers for it. */
START_TEST(quic_probe__full_window__is_answered_by_the_packets_in_flight)
{
	pair_init(p, NULL);
	pair_open(p);
	p->client.keep_sending = true;
	jvpn_conn_want_write(p->client.conn);
	pair_run(p, 100 * MS);
	ck_assert_int_eq(jvpn_conn_probe(p->client.conn), 0);
	pair_run(p, 60 * MS);
	ck_assert_int_eq(p->client.probes_acked, 1);
}
END_TEST

START_TEST(quic_capsules__a_megabyte__arrives_whole)
{
	static uint8_t data[8000];
	size_t sent = 0;

	pair_init(p, NULL);
	pair_open(p);
	while (sent < 1 << 20) {
		if (jvpn_conn_send_capsule(p->client.conn, 0x2a565003, data, sizeof(data)) == 0)
			sent += sizeof(data);
		else
			pair_run(p, 5 * MS);
	}
	pair_run(p, 500 * MS);
	ck_assert_uint_eq(p->server.capsule_bytes, sent);
}
END_TEST

START_TEST(quic_capsules__unknown_type__is_ignored)
{
	pair_init(p, NULL);
	pair_open(p);
	ck_assert_int_eq(jvpn_conn_send_capsule(p->client.conn, 0x1234567, "whatever", 8), 0);
	ck_assert_int_eq(jvpn_conn_send_capsule(p->client.conn, 0x2a565003, "known", 5), 0);
	pair_run(p, 30 * MS);
	ck_assert_uint_eq(p->server.capsules, 1);
	ck_assert_mem_eq(p->server.capsule[0].first, "known", 5);
}
END_TEST

START_TEST(quic_capsules__queue_full__says_so)
{
	static uint8_t data[8000];
	int err = 0;

	pair_init(p, NULL);
	pair_open(p);
	p->drop_to_server = true;
	for (int i = 0; i < 20 && err == 0; i++)
		err = jvpn_conn_send_capsule(p->client.conn, 0x2a565003, data, sizeof(data));
	ck_assert_int_eq(err, JVPN_EFULL);
}
END_TEST

START_TEST(quic_bulk__uplink__is_fast_and_in_order)
{
	pair_init(p, NULL);
	pair_open(p);
	p->client.keep_sending = true;
	p->client.send_len = 1400;
	jvpn_conn_want_write(p->client.conn);
	pair_run(p, 500 * MS);
	p->client.keep_sending = false;
	pair_run(p, 100 * MS);
	ck_assert_uint_gt(p->server.packets, 2000);
	ck_assert_uint_eq(p->server.order_errors, 0);
}
END_TEST

static enum jvpn_congestion congestion;

static void choose_congestion(struct pair *w)
{
	w->server_config.congestion = congestion;
	w->client_config.congestion = congestion;
}

/* Datagrams are data for every congestion control: none of them takes a queue that is never empty for
 * an application that has nothing to send. */
START_TEST(quic_bulk__any_congestion_control__fills_a_bottleneck)
{
	struct jvpn_conn_stats stats;
	uint64_t before;

	congestion = (enum jvpn_congestion)_i;
	pair_init(p, choose_congestion);
	p->rate_bytes_per_s = 5000000;
	p->queue_ns = 40 * MS;
	pair_open(p);
	p->client.keep_sending = true;
	p->client.send_len = 1400;
	jvpn_conn_want_write(p->client.conn);
	pair_run(p, 4000 * MS);
	before = p->server.packet_bytes;
	pair_run(p, 1000 * MS);
	ck_assert_uint_gt(p->server.packet_bytes - before, 3500000);
	/* And does not fill its queue (inflight.h). */
	jvpn_conn_get_stats(p->client.conn, &stats);
	ck_assert_uint_lt(stats.smoothed_rtt_ns, stats.min_rtt_ns + 20 * MS);
}
END_TEST

/* --- congestion experienced --- */

/* An empty IPv4 packet; its checksum is right. */
static void make_packet(uint8_t *packet, uint8_t ecn)
{
	const uint8_t header[20] = {0x45, ecn, 0,  20, 0, 0, 0,  0, 64, 59,
				    0,    0,   10, 0,  0, 1, 10, 0, 0,  2};
	uint32_t sum = 0;

	memcpy(packet, header, sizeof(header));
	for (size_t i = 0; i < sizeof(header); i += 2)
		sum += (uint32_t)(header[i] << 8 | header[i + 1]);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	packet[10] = (uint8_t)(sum >> 8);
	packet[11] = (uint8_t)sum;
}

/* The client sends one with this ECN field past a router that marks everything. */
static void send_marked(uint8_t ecn)
{
	uint8_t packet[20];
	int ce = 3;

	pair_init(p, choose_congestion);
	pair_open(p);
	ck_assert_int_eq(setsockopt(p->back[0], IPPROTO_IP, IP_TOS, &ce, sizeof(ce)), 0);
	make_packet(packet, ecn);
	ck_assert_int_eq(jvpn_conn_send_packet(p->client.conn, packet, sizeof(packet)), 0);
	pair_run(p, 30 * MS);
}

START_TEST(quic_ecn__marked_on_the_way__inner_packet_says_so)
{
	uint8_t expected[20];
	struct jvpn_conn_stats stats;

	congestion = JVPN_CC_BBR;
	send_marked(2);
	ck_assert_uint_eq(p->server.packets, 1);
	make_packet(expected, 3);
	ck_assert_mem_eq(p->server.last_packet, expected, sizeof(expected));
	jvpn_conn_get_stats(p->server.conn, &stats);
	ck_assert_uint_eq(stats.ecn_marked, 1);
}
END_TEST

START_TEST(quic_ecn__inner_ends_do_not_speak_it__loss_tells_them)
{
	struct jvpn_conn_stats stats;

	congestion = JVPN_CC_BBR;
	send_marked(0);
	ck_assert_uint_eq(p->server.packets, 0);
	jvpn_conn_get_stats(p->server.conn, &stats);
	ck_assert_uint_eq(stats.ecn_dropped, 1);
}
END_TEST

START_TEST(quic_ecn__the_sender_answers_itself__nothing_is_dropped)
{
	uint8_t expected[20];

	congestion = JVPN_CC_CUBIC;
	send_marked(0);
	ck_assert_uint_eq(p->server.packets, 1);
	make_packet(expected, 0);
	ck_assert_mem_eq(p->server.last_packet, expected, sizeof(expected));
}
END_TEST

/* --- beginnings --- */

static void retry_always(struct pair *w)
{
	w->server_config.retry_above_half_open = 0;
}

START_TEST(quic_accept__many_half_open__asks_for_a_retry_and_then_works)
{
	struct jvpn_quic_stats stats;

	pair_init(p, retry_always);
	pair_open(p);
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_ge(stats.retries_sent, 1);
	ck_assert_uint_eq(stats.accepted, 1);
	ck_assert_int_eq(pair_send(&p->client, 1280), 0);
	pair_run(p, 20 * MS);
	ck_assert_uint_eq(p->server.packets, 1);
}
END_TEST

START_TEST(quic_accept__retry_token_of_somebody_else__ends_the_attempt)
{
	struct jvpn_quic_stats stats;

	pair_init(p, retry_always);
	pair_connect(p);
	pair_run(p, 15 * MS);
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_ge(stats.retries_sent, 1);
	memset(p->server_config.token_secret, 99, sizeof(p->server_config.token_secret));
	pair_restart_server(p);
	ck_assert(pair_run_until(p, &p->client.closed, 1000 * MS));
	ck_assert_uint_eq(p->client.info.code, 0xb); /* INVALID_TOKEN */
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_ge(stats.invalid_tokens, 1);
	ck_assert_uint_eq(stats.accepted, 0);
}
END_TEST

/* UDP_GRO gives more datagrams in one system call than one call of _receive has a budget for: what is
 * left is in our memory then, and the socket says nothing about it. */
START_TEST(quic_receive__more_than_the_budget_at_once__nothing_waits_behind_a_silent_socket)
{
	const struct jvpn_endpoint_config config = {.local.ss_family = AF_INET};
	struct pollfd socket = {.events = POLLIN};
	struct jvpn_endpoint *stranger;
	struct jvpn_tuple t = {.local.ss_family = AF_UNSPEC};
	struct jvpn_quic_stats stats;
	uint8_t out[64 * 32];
	char error[128];

	pair_init(p, NULL);
	ck_assert_int_eq(jvpn_endpoint_open(&config, &stranger, error, sizeof(error)), 0);
	jvpn_endpoint_local(p->server.endpoint, &t.remote);
	memset(out, 0x41, sizeof(out));
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(jvpn_endpoint_send(stranger, &t, 0, out, sizeof(out), 32), 0);
	socket.fd = jvpn_endpoint_fd(p->server.endpoint);
	while (poll(&socket, 1, 0) == 1)
		ck_assert_int_ge(
			jvpn_quic_receive(p->server.quic, p->server.endpoint, p->now_ns, 1), 0);
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.unknown_cids, 512);
	jvpn_endpoint_free(stranger);
}
END_TEST

static void no_room(struct pair *w)
{
	w->server_config.max_connections = 0;
}

START_TEST(quic_accept__no_room__refuses_with_words)
{
	pair_init(p, no_room);
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.closed, 1000 * MS));
	ck_assert_int_eq(p->client.info.kind, JVPN_CLOSE_PEER);
	ck_assert_uint_eq(p->client.info.code, 2); /* CONNECTION_REFUSED */
	ck_assert_ptr_nonnull(strstr(p->client.info.text, "refuses"));
	ck_assert(!p->client.info.established);
}
END_TEST

START_TEST(quic_accept__short_initial__is_dropped)
{
	struct jvpn_quic_stats stats;

	pair_init(p, NULL);
	p->drop_to_server = true;
	pair_connect(p);
	pair_run(p, 0);
	ck_assert_uint_ge(p->last_uplink_len, 1200);
	pair_inject(p, 0, p->last_uplink, 1199);
	pair_run(p, 0);
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.short_initials, 1);
	ck_assert_uint_eq(stats.connections, 0);
	ck_assert_uint_eq(p->to_back[0], 0);
}
END_TEST

START_TEST(quic_accept__unknown_version__is_negotiated_only_for_large_datagrams)
{
	struct jvpn_quic_stats stats;
	uint8_t data[PAIR_DATAGRAM_MAX];

	pair_init(p, NULL);
	p->drop_to_server = true;
	pair_connect(p);
	pair_run(p, 0);
	memcpy(data, p->last_uplink, p->last_uplink_len);
	memset(data + 1, 0x5a, 4);
	pair_inject(p, 0, data, 1199);
	pair_run(p, 0);
	ck_assert_uint_eq(p->to_back[0], 0);
	pair_inject(p, 0, data, p->last_uplink_len);
	pair_run(p, 0);
	ck_assert_uint_eq(p->to_back[0], 1);
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.version_negotiations_sent, 1);
}
END_TEST

START_TEST(quic_knock__server_is_there__answers_and_keeps_nothing)
{
	struct jvpn_quic_stats stats;

	pair_init(p, NULL);
	pair_knock(p);
	pair_run(p, 3 * p->delay_ns);
	ck_assert_int_eq(p->client.knocks_answered, 1);
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.connections, 0);
	ck_assert_uint_eq(stats.accepted, 0);
	/* A connection does not mind. */
	pair_open(p);
	pair_knock(p);
	pair_run(p, 3 * p->delay_ns);
	ck_assert_int_eq(p->client.knocks_answered, 2);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 3 * p->delay_ns);
	ck_assert_uint_eq(p->server.packets, 1);
}
END_TEST

START_TEST(quic_knock__forged_answer__is_none)
{
	/* Version Negotiation for a connection ID that is not ours. */
	static const uint8_t forged[] = {0x80, 0, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
					 8,    1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1};
	struct sockaddr_storage to;

	pair_init(p, NULL);
	pair_knock(p);
	p->drop_to_server = true;
	pair_run(p, p->delay_ns);
	jvpn_endpoint_local(p->client.endpoint, &to);
	ck_assert_int_eq(sendto(p->front, forged, sizeof(forged), 0, (struct sockaddr *)&to,
				sizeof(struct sockaddr_in)),
			 sizeof(forged));
	pair_run(p, 3 * p->delay_ns);
	ck_assert_int_eq(p->client.knocks_answered, 0);
}
END_TEST

START_TEST(quic_accept__other_tuple_during_the_handshake__does_not_disturb_it)
{
	pair_init(p, NULL);
	pair_connect(p);
	pair_run(p, 11 * MS);
	for (int i = 0; i < 8; i++) {
		pair_inject(p, 4, p->last_uplink, p->last_uplink_len);
		pair_run(p, MS);
	}
	ck_assert(pair_run_until(p, &p->client.responded, 3000 * MS));
	ck_assert_uint_eq(p->to_back[4], 0);
	ck_assert_uint_eq(p->server.path_count, 0);
}
END_TEST

/* --- ends --- */

START_TEST(quic_close__by_the_client__the_server_hears_code_and_text)
{
	struct jvpn_quic_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	ck_assert_int_eq(jvpn_conn_send_capsule(p->client.conn, 0x2a565008, "terminate", 9), 0);
	jvpn_conn_close(p->client.conn, JVPN_APP_NO_ERROR, "done\x01");
	pair_run(p, 0);
	ck_assert(p->client.closed);
	ck_assert_int_eq(p->client.info.kind, JVPN_CLOSE_LOCAL);
	ck_assert(p->client.info.established);
	pair_run(p, 20 * MS);
	/* The capsule was written first. */
	ck_assert_uint_eq(p->server.capsules, 1);
	ck_assert(p->server.closed);
	ck_assert_int_eq(p->server.info.kind, JVPN_CLOSE_PEER);
	ck_assert_uint_eq(p->server.info.code, JVPN_APP_NO_ERROR);
	ck_assert_ptr_nonnull(strstr(p->server.info.text, "done?"));
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.connections, 0);
	ck_assert_uint_eq(jvpn_cidmap_count(p->server.quic->cids), 0);
	ck_assert_uint_eq(jvpn_cidmap_count(p->client.quic->cids), 0);
}
END_TEST

START_TEST(quic_close__refused_request__is_delivered_before_the_close)
{
	pair_init(p, NULL);
	p->server.refuse = true;
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 1000 * MS));
	ck_assert_int_eq(p->client.status, 403);
	ck_assert(pair_run_until(p, &p->client.closed, 3000 * MS));
	ck_assert(p->server.closed || pair_run_until(p, &p->server.closed, 3000 * MS));
}
END_TEST

START_TEST(quic_close__client_never_asks__server_gives_up)
{
	pair_init(p, NULL);
	p->client.no_request = true;
	pair_connect(p);
	pair_run(p, 4500 * MS);
	ck_assert(p->client.ready && !p->server.closed);
	ck_assert(pair_run_until(p, &p->server.closed, 3000 * MS));
	ck_assert_int_eq(p->server.info.kind, JVPN_CLOSE_LOCAL);
}
END_TEST

START_TEST(quic_close__server_forgot_everything__stateless_reset_within_a_round_trip)
{
	uint64_t start;
	struct jvpn_quic_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	pair_restart_server(p);
	start = p->now_ns;
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	ck_assert(pair_run_until(p, &p->client.closed, 1000 * MS));
	ck_assert_int_eq(p->client.info.kind, JVPN_CLOSE_STATELESS_RESET);
	ck_assert_uint_le(p->now_ns - start, 21 * MS);
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.resets_sent, 1);
}
END_TEST

/* What the server has given away in this turn; the test brings it back as if it were the owner. */
static struct {
	uint8_t data[8][PAIR_DATAGRAM_MAX];
	struct jvpn_tuple tuple[8];
	struct jvpn_datagram datagram[8];
	size_t waiting, count;
	unsigned worker;
} given;

static bool keep_misdirected(void *user, struct jvpn_endpoint *endpoint,
			     const struct jvpn_datagram *d, unsigned worker)
{
	struct jvpn_datagram *to = &given.datagram[given.waiting];

	(void)user;
	ck_assert_ptr_eq(endpoint, p->server.endpoint);
	ck_assert_uint_lt(given.waiting, 8);
	*to = *d;
	to->data = memcpy(given.data[given.waiting], d->data, d->len);
	given.tuple[given.waiting] = *d->tuple;
	to->tuple = &given.tuple[given.waiting];
	given.worker = worker;
	given.waiting++;
	given.count++;
	return true;
}

static void bring_back(void *user, uint64_t now_ns)
{
	(void)user;
	jvpn_quic_take(p->server.quic, p->server.endpoint, given.datagram, given.waiting, now_ns);
	given.waiting = 0;
}

static void give_away(struct pair *to)
{
	static struct jvpn_quic_ops ops;

	memset(&given, 0, sizeof(given));
	ops = *to->server_config.ops;
	ops.on_misdirected = keep_misdirected;
	to->server_config.ops = &ops;
	to->server_config.workers = 256;
	to->server.hooks.turn = bring_back;
}

START_TEST(quic_steer__unknown_id_of_another_worker__is_given_away_and_taken_there)
{
	uint8_t data[100] = {0x43, 0, 7};
	struct jvpn_quic_stats stats;

	pair_init(p, give_away);
	pair_open(p); /* the client's first connection ID is random */
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.misdirected, given.count);
	ck_assert_uint_eq(stats.taken, given.count);
	ck_assert_uint_eq(stats.accepted, 1);
	ck_assert_uint_eq(stats.resets_sent, 0);
	given.count = 0;
	memset(p->to_back, 0, sizeof(p->to_back));
	pair_inject(p, 4, data, sizeof(data));
	pair_run(p, 0);
	ck_assert_uint_eq(given.count, 1);
	ck_assert_uint_eq(given.worker, 7);
	/* the octet is not ours: whoever takes it all the same says nothing */
	ck_assert_uint_eq(p->to_back[4], 0);
	data[2] = 3;
	pair_inject(p, 4, data, sizeof(data));
	pair_run(p, 0);
	ck_assert_uint_eq(given.count, 1);
	ck_assert_uint_eq(p->to_back[4], 1);
}
END_TEST

START_TEST(quic_reset__small_trigger_or_foreign_id__no_answer)
{
	uint8_t data[PAIR_DATAGRAM_MAX];
	struct jvpn_quic_stats stats;

	pair_init(p, NULL);
	pair_open(p);
	ck_assert_int_eq(pair_send(&p->client, 100), 0);
	pair_run(p, 0);
	memcpy(data, p->last_uplink, p->last_uplink_len);
	pair_restart_server(p);
	memset(p->to_back, 0, sizeof(p->to_back));
	memset(p->to_back_bytes, 0, sizeof(p->to_back_bytes));
	pair_inject(p, 4, data, 21); /* a reset must be smaller, and cannot be */
	data[2] ^= 1;                /* octet 1 of the CID: another worker */
	pair_inject(p, 4, data, 100);
	pair_run(p, 0);
	ck_assert_uint_eq(p->to_back[4], 0);
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.wrong_worker, 1);
	ck_assert_uint_eq(stats.resets_suppressed, 1);
	data[2] ^= 1;
	pair_inject(p, 4, data, 30);
	pair_run(p, 0);
	ck_assert_uint_eq(p->to_back[4], 1);
	ck_assert_uint_lt(p->to_back_bytes[4], 30);
}
END_TEST

START_TEST(quic_reset__flood__is_limited)
{
	uint8_t data[100] = {0x40, 0, 3};
	struct jvpn_quic_stats stats;

	pair_init(p, NULL);
	for (int i = 0; i < 10200; i++) {
		pair_inject(p, 4, data, sizeof(data));
		if (i % 100 == 99)
			pair_run(p, 0);
	}
	jvpn_quic_get_stats(p->server.quic, &stats);
	ck_assert_uint_eq(stats.resets_sent, 10000);
	ck_assert_uint_gt(stats.resets_suppressed, 0);
}
END_TEST

START_TEST(quic_close__silence__is_idle)
{
	pair_init(p, NULL);
	pair_open(p);
	p->drop_to_server = p->drop_to_client = true;
	ck_assert(pair_run_until(p, &p->client.closed, 60000 * MS));
	ck_assert_int_eq(p->client.info.kind, JVPN_CLOSE_IDLE);
}
END_TEST

START_TEST(quic_close__nobody_answers__is_a_handshake_timeout)
{
	pair_init(p, NULL);
	p->drop_to_server = true;
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.closed, 10000 * MS));
	ck_assert_int_eq(p->client.info.kind, JVPN_CLOSE_HANDSHAKE_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(p->client.info.text, "UDP"));
}
END_TEST

START_TEST(quic_close__wrong_name__is_about_the_certificate)
{
	pair_init(p, NULL);
	pair_connect_as(p, "other.example");
	ck_assert(pair_run_until(p, &p->client.closed, 1000 * MS));
	ck_assert_int_eq(p->client.info.kind, JVPN_CLOSE_CERTIFICATE);
	ck_assert_ptr_nonnull(strstr(p->client.info.text, "vpn.example"));
	ck_assert(pair_run_until(p, &p->server.closed, 1000 * MS) || p->server.requests == 0);
	ck_assert_int_eq(p->server.info.kind, JVPN_CLOSE_TLS);
}
END_TEST

START_TEST(quic_life__calls_on_a_closing_connection__are_refused)
{
	pair_init(p, NULL);
	pair_open(p);
	jvpn_conn_close(p->client.conn, JVPN_APP_NO_ERROR, NULL);
	ck_assert_int_eq(pair_send(&p->client, 100), JVPN_ECLOSED);
	ck_assert_int_eq(jvpn_conn_send_capsule(p->client.conn, 0x2a565003, "x", 1), JVPN_ECLOSED);
	ck_assert_int_eq(jvpn_conn_probe(p->client.conn), JVPN_ECLOSED);
}
END_TEST

/* The NAT's socket goes: what comes back is ICMP. It is told, and nothing else happens. */
START_TEST(quic_hint__port_unreachable__is_told_ten_times_a_second_and_ends_nothing)
{
	pair_init(p, NULL);
	pair_open(p);
	close(p->front);
	p->front = -1;
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(jvpn_conn_probe(p->client.conn), 0);
		pair_run(p, 10 * MS);
	}
	ck_assert_int_ge(p->client.hints, 2);
	ck_assert_int_le(p->client.hints, 11);
	ck_assert(!p->client.closed);
}
END_TEST

static void take_little(struct pair *w)
{
	w->client_config.stream_window_bytes = 4096;
}

/* The peer's stream window is used up while inner packets wait and may not go: ngtcp2 has begun a packet
 * then, and asserts that it is finished before anything else happens. */
START_TEST(quic_capsules__stream_blocked_and_inner_held__no_packet_stays_open)
{
	static const uint8_t capsule[6000];
	ngtcp2_transport_params *peer;
	struct jvpn_conn *conn;

	pair_init(p, take_little);
	pair_open(p);
	pair_run(p, 200 * MS);
	conn = p->server.conn;
	/* No datagram that is too large closes the packet by accident. */
	peer = (ngtcp2_transport_params *)(uintptr_t)ngtcp2_conn_get_remote_transport_params2(
		conn->ng);
	peer->max_datagram_frame_size = 1300;
	ck_assert_int_eq(jvpn_conn_send_capsule(conn, 0x2a565004, capsule, sizeof(capsule)), 0);
	p->server.keep_sending = true;
	p->server.send_len = 200;
	conn->inflight = (struct jvpn_inflight){.limit = 1};
	jvpn_conn_want_write(conn);
	jvpn_quic_flush(conn->quic, p->now_ns);
	ck_assert_int_eq(jvpn_conn_send_capsule(p->client.conn, 0x2a565003, "question", 8), 0);
	pair_run(p, 500 * MS);
	ck_assert(!p->server.closed && !p->client.closed);
	ck_assert_uint_ge(p->server.capsules, 1);
}
END_TEST

UNIT_TESTS(quic_pair)
{
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, quic_pair__handshake__opens_a_tunnel_in_two_round_trips);
	tcase_add_test(tc, quic_pair__second_connection__is_resumed_and_as_quick);
	tcase_add_test(tc, quic_pair__capsules__pass_both_ways);
	tcase_add_test(tc,
		       quic_hint__port_unreachable__is_told_ten_times_a_second_and_ends_nothing);
	tcase_add_test(tc, quic_pair__packets__pass_both_ways_in_order);
	tcase_add_test(tc, quic_mtu__path_of_1500__carries_1280_with_the_answer_and_more_soon);
	tcase_add_test(tc, quic_mtu__path_of_1500__whole_size_a_round_trip_after_the_answer);
	tcase_add_loop_test(tc, quic_mtu__narrower_path__its_size_within_a_second, 0, 2);
	tcase_add_test(tc, quic_mtu__path_below_1331__stays_under_1280);
	tcase_add_test(tc, quic_probe__living_path__is_acknowledged);
	tcase_add_test(tc, quic_probe__dead_path__age_of_the_oldest_grows);
	tcase_add_test(tc, quic_probe__full_window__is_answered_by_the_packets_in_flight);
	tcase_add_test(tc, quic_capsules__a_megabyte__arrives_whole);
	tcase_add_test(tc, quic_capsules__unknown_type__is_ignored);
	tcase_add_test(tc, quic_capsules__queue_full__says_so);
	tcase_add_test(tc, quic_capsules__stream_blocked_and_inner_held__no_packet_stays_open);
	tcase_add_test(tc, quic_bulk__uplink__is_fast_and_in_order);
	tcase_add_test(tc, quic_ecn__marked_on_the_way__inner_packet_says_so);
	tcase_add_test(tc, quic_ecn__inner_ends_do_not_speak_it__loss_tells_them);
	tcase_add_test(tc, quic_ecn__the_sender_answers_itself__nothing_is_dropped);
	tcase_add_loop_test(tc, quic_bulk__any_congestion_control__fills_a_bottleneck, JVPN_CC_BBR,
			    JVPN_CC_RENO + 1);
	tcase_add_test(tc, quic_accept__many_half_open__asks_for_a_retry_and_then_works);
	tcase_add_test(tc, quic_accept__retry_token_of_somebody_else__ends_the_attempt);
	tcase_add_test(
		tc,
		quic_receive__more_than_the_budget_at_once__nothing_waits_behind_a_silent_socket);
	tcase_add_test(tc, quic_accept__no_room__refuses_with_words);
	tcase_add_test(tc, quic_accept__short_initial__is_dropped);
	tcase_add_test(tc, quic_accept__unknown_version__is_negotiated_only_for_large_datagrams);
	tcase_add_test(tc, quic_knock__server_is_there__answers_and_keeps_nothing);
	tcase_add_test(tc, quic_knock__forged_answer__is_none);
	tcase_add_test(tc, quic_accept__other_tuple_during_the_handshake__does_not_disturb_it);
	tcase_add_test(tc, quic_close__by_the_client__the_server_hears_code_and_text);
	tcase_add_test(tc, quic_close__refused_request__is_delivered_before_the_close);
	tcase_add_test(tc, quic_close__client_never_asks__server_gives_up);
	tcase_add_test(tc,
		       quic_close__server_forgot_everything__stateless_reset_within_a_round_trip);
	tcase_add_test(tc, quic_steer__unknown_id_of_another_worker__is_given_away_and_taken_there);
	tcase_add_test(tc, quic_reset__small_trigger_or_foreign_id__no_answer);
	tcase_add_test(tc, quic_reset__flood__is_limited);
	tcase_add_test(tc, quic_close__silence__is_idle);
	tcase_add_test(tc, quic_close__nobody_answers__is_a_handshake_timeout);
	tcase_add_test(tc, quic_close__wrong_name__is_about_the_certificate);
	tcase_add_test(tc, quic_life__calls_on_a_closing_connection__are_refused);
}
