/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Key updates: when they are begun and by whom, that no packet is lost over them, and what becomes of a
 * connection at the limits of the AEAD.
 */
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
	pair_cipher = JVPN_CIPHER_AUTO;
}

static void open_pair(uint64_t client_bytes, uint64_t client_ns, uint64_t server_bytes,
		      uint64_t server_ns)
{
	pair_init(p, NULL);
	jvpn_quic_set_key_update(p->client.quic, client_bytes, client_ns);
	jvpn_quic_set_key_update(p->server.quic, server_bytes, server_ns);
	pair_open(p);
}

/* Some packets each way, and what has to be acknowledged is. */
static void exchange(int packets)
{
	for (int i = 0; i < packets; i++) {
		ck_assert_int_eq(pair_send(&p->client, 1000), 0);
		ck_assert_int_eq(pair_send(&p->server, 1000), 0);
		pair_run(p, 5 * MS);
	}
	pair_run(p, 300 * MS);
}

static void expect_no_loss(void)
{
	ck_assert_uint_eq(p->server.order_errors + p->client.order_errors, 0);
	ck_assert_uint_eq(p->server.packets, p->client.send_number);
	ck_assert_uint_eq(p->client.packets, p->server.send_number);
	ck_assert(!p->client.closed && !p->server.closed);
}

START_TEST(rekey__off__keys_stay)
{
	open_pair(0, 0, 0, 0);
	exchange(50);
	pair_run(p, 20000 * MS);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, 0);
	ck_assert_uint_eq(p->server.keys_generation, 0);
}
END_TEST

START_TEST(rekey__client_after_bytes__both_ends_say_so)
{
	open_pair(40000, 0, 0, 0);
	exchange(20);
	exchange(3);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, 1);
	ck_assert(!p->client.keys_by_peer);
	ck_assert_uint_eq(p->server.keys_generation, 1);
	ck_assert(p->server.keys_by_peer);
	expect_no_loss();
}
END_TEST

START_TEST(rekey__server_after_bytes__both_ends_say_so)
{
	open_pair(0, 0, 30000, 0);
	exchange(20);
	exchange(3);
	exchange(1);
	ck_assert_uint_eq(p->server.keys_generation, 1);
	ck_assert(!p->server.keys_by_peer);
	ck_assert_uint_eq(p->client.keys_generation, 1);
	ck_assert(p->client.keys_by_peer);
	expect_no_loss();
}
END_TEST

/* With the first packet after the interval, also when nothing was said for long. */
START_TEST(rekey__idle_beyond_the_interval__changed_with_the_next_packets)
{
	open_pair(0, 10000 * MS, 0, 10000 * MS);
	exchange(2);
	pair_run(p, 5000 * MS);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, 0);
	pair_run(p, 20000 * MS);
	exchange(1);
	exchange(3);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, 1);
	ck_assert_uint_eq(p->server.keys_generation, 1);
	expect_no_loss();
}
END_TEST

/* Both begin before they hear of each other: it is one change. */
START_TEST(rekey__both_at_once__one_generation)
{
	open_pair(0, 0, 0, 0);
	ck_assert_int_eq(ngtcp2_conn_initiate_key_update(p->client.conn->ng, p->now_ns), 0);
	ck_assert_int_eq(ngtcp2_conn_initiate_key_update(p->server.conn->ng, p->now_ns), 0);
	exchange(20);
	exchange(3);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, 1);
	ck_assert_uint_eq(p->server.keys_generation, 1);
	expect_no_loss();
}
END_TEST

START_TEST(rekey__under_load_both_ways__many_changes_and_no_packet_lost)
{
	uint64_t changes;

	open_pair(0, 0, 0, 0);
	p->queue_ns = 10000 * MS; /* no loss of the network's own */
	jvpn_quic_set_key_update(p->client.quic, 1 << 20, 0);
	jvpn_quic_set_key_update(p->server.quic, 1 << 20, 0);
	p->client.keep_sending = p->server.keep_sending = true;
	jvpn_conn_want_write(p->client.conn);
	jvpn_conn_want_write(p->server.conn);
	pair_run(p, 8000 * MS);
	changes = p->client.conn->rekey.generation;
	p->client.keep_sending = p->server.keep_sending = false;
	pair_run(p, 12000 * MS);
	ck_assert_uint_ge(changes, 8);
	ck_assert_uint_le(p->client.keys_told, 20); /* at most one a second */
	jvpn_quic_set_key_update(p->client.quic, 0, 0);
	jvpn_quic_set_key_update(p->server.quic, 0, 0);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, p->client.conn->rekey.generation);
	expect_no_loss();
}
END_TEST

static void limit_packets(struct jvpn_conn *conn, uint64_t packets)
{
	ngtcp2_crypto_ctx *ctx =
		(ngtcp2_crypto_ctx *)(uintptr_t)ngtcp2_conn_get_crypto_ctx2(conn->ng);

	ctx->max_encryption = packets;
}

/* Our own path to wolfCrypt for AES-GCM, wolfSSL's for the other one, each with fresh keys again and
 * again; and the change that ngtcp2 begins itself at the limit. */
START_TEST(rekey__every_cipher__packets_and_changes)
{
	static const char *const suite[JVPN_CIPHER_COUNT] = {
		[JVPN_CIPHER_AUTO] = "TLS_",
		[JVPN_CIPHER_AES_128_GCM] = "TLS_AES_128_GCM_SHA256",
		[JVPN_CIPHER_AES_256_GCM] = "TLS_AES_256_GCM_SHA384",
		[JVPN_CIPHER_CHACHA20_POLY1305] = "TLS_CHACHA20_POLY1305_SHA256",
	};
	uint32_t changes;

	pair_cipher = (enum jvpn_cipher)_i;
	open_pair(20000, 0, 0, 0);
	ck_assert_ptr_nonnull(strstr(jvpn_conn_cipher(p->client.conn), suite[_i]));
	for (int i = 0; i < 14; i++)
		exchange(6);
	ck_assert_uint_ge(p->client.keys_generation, 3);
	ck_assert_uint_eq(p->client.keys_generation, p->server.keys_generation);
	jvpn_quic_set_key_update(p->client.quic, 0, 0);
	exchange(20);
	changes = p->client.keys_generation;
	limit_packets(p->client.conn, 20);
	exchange(1);
	limit_packets(p->client.conn, 1 << 23);
	exchange(3);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, changes + 1);
	ck_assert_uint_eq(p->server.keys_generation, changes + 1);
	expect_no_loss();
}
END_TEST

/* Half the limit of the AEAD is the bound of every policy. */
START_TEST(rekey__many_small_packets__changed_before_the_limit_of_the_cipher)
{
	open_pair(0, 0, 0, 0);
	p->client.conn->rekey.packets = (uint64_t)0 - (1ULL << 22) + 10;
	exchange(4);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, 0);
	exchange(10);
	exchange(3);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, 1);
	expect_no_loss();
}
END_TEST

START_TEST(rekey__address_changes_meanwhile__both_go_through)
{
	open_pair(20000, 0, 0, 0);
	p->server.auto_commit = true;
	exchange(9);
	pair_rebind(p, 1);
	for (int i = 0; i < 10; i++) {
		(void)pair_send(&p->client, 1000);
		pair_run(p, 5 * MS);
	}
	pair_run(p, 1000 * MS);
	exchange(10);
	/* No further change begins: the last one is told at both ends. */
	jvpn_quic_set_key_update(p->client.quic, 0, 0);
	jvpn_quic_set_key_update(p->server.quic, 0, 0);
	exchange(3);
	pair_run(p, 2000 * MS);
	exchange(1);
	ck_assert_uint_ge(p->client.keys_generation, 1);
	ck_assert_uint_eq(p->server.keys_generation, p->client.keys_generation);
	ck_assert(!p->client.closed && !p->server.closed);
	ck_assert_uint_gt(p->to_server[1], 0);
}
END_TEST

/* Nothing answers while a change is under way: it waits, and is confirmed when the path is back. */
START_TEST(rekey__path_silent_meanwhile__confirmed_later_and_only_once)
{
	open_pair(0, 0, 0, 0);
	ck_assert_int_eq(ngtcp2_conn_initiate_key_update(p->client.conn->ng, p->now_ns), 0);
	jvpn_quic_set_key_update(p->client.quic, 1, 0);
	p->drop_to_server = true;
	for (int i = 0; i < 20; i++) {
		(void)pair_send(&p->client, 100);
		pair_run(p, 20 * MS);
	}
	ck_assert_uint_eq(p->client.conn->rekey.generation, 0);
	jvpn_quic_set_key_update(p->client.quic, 0, 0);
	p->drop_to_server = false;
	pair_run(p, 3000 * MS);
	exchange(3);
	exchange(1);
	exchange(3);
	exchange(1);
	ck_assert_uint_eq(p->client.keys_generation, 1);
	ck_assert_uint_eq(p->server.keys_generation, 1);
}
END_TEST

static void limit_failures(struct jvpn_conn *conn, uint64_t failures)
{
	/* After the handshake there is no call for it. */
	ngtcp2_crypto_ctx *ctx =
		(ngtcp2_crypto_ctx *)(uintptr_t)ngtcp2_conn_get_crypto_ctx2(conn->ng);

	ctx->max_decryption_failure = failures;
}

/* RFC 9001 section 6.6: so many forgeries end the connection; the peer is told why. */
START_TEST(rekey__integrity_limit_reached__connection_ends_and_the_peer_hears_it)
{
	uint8_t forged[PAIR_DATAGRAM_MAX];

	open_pair(0, 0, 0, 0);
	limit_failures(p->server.conn, 10);
	exchange(1);
	memcpy(forged, p->last_uplink, p->last_uplink_len);
	for (int i = 0; i < 9; i++) {
		forged[p->last_uplink_len - 1]++;
		pair_inject(p, 0, forged, p->last_uplink_len);
	}
	exchange(1);
	ck_assert(!p->server.closed);
	forged[p->last_uplink_len - 1]++;
	pair_inject(p, 0, forged, p->last_uplink_len);
	pair_run(p, 100 * MS);
	ck_assert(p->server.closed && p->client.closed);
	ck_assert_int_eq(p->server.info.kind, JVPN_CLOSE_PROTOCOL);
	ck_assert_uint_eq(p->server.info.code, NGTCP2_AEAD_LIMIT_REACHED);
	ck_assert_int_eq(p->client.info.kind, JVPN_CLOSE_PEER);
	ck_assert_uint_eq(p->client.info.code, NGTCP2_AEAD_LIMIT_REACHED);
}
END_TEST

UNIT_TESTS(rekey)
{
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, rekey__off__keys_stay);
	tcase_add_test(tc, rekey__client_after_bytes__both_ends_say_so);
	tcase_add_test(tc, rekey__server_after_bytes__both_ends_say_so);
	tcase_add_test(tc, rekey__idle_beyond_the_interval__changed_with_the_next_packets);
	tcase_add_test(tc, rekey__both_at_once__one_generation);
	tcase_add_test(tc, rekey__under_load_both_ways__many_changes_and_no_packet_lost);
	tcase_add_loop_test(tc, rekey__every_cipher__packets_and_changes, 0, JVPN_CIPHER_COUNT);
	tcase_add_test(tc, rekey__many_small_packets__changed_before_the_limit_of_the_cipher);
	tcase_add_test(tc, rekey__address_changes_meanwhile__both_go_through);
	tcase_add_test(tc, rekey__path_silent_meanwhile__confirmed_later_and_only_once);
	tcase_add_test(tc, rekey__integrity_limit_reached__connection_ends_and_the_peer_hears_it);
}
