/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of quic/cipher: what a ClientHello prefers, hostile ones, and which suite comes of the preferences
 * of two ends, with resumption.
 */
#include "quic/cipher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/cpu.h"
#include "tls_fixture.h"
#include "tls_pair.h"
#include "unit.h"

static uint8_t hello[256];

/* Suites as text, "1301 1303". Returns the length. */
static size_t make(unsigned session_id, const char *suites)
{
	size_t at = 38, from;

	memset(hello, 0xee, sizeof(hello));
	hello[0] = 1;
	hello[at++] = (uint8_t)session_id;
	at += session_id;
	from = at;
	at += 2;
	for (const char *s = suites; *s; s += s[4] ? 5 : 4) {
		unsigned suite = 0;

		ck_assert_int_eq(sscanf(s, "%4x", &suite), 1);
		hello[at++] = (uint8_t)(suite >> 8);
		hello[at++] = (uint8_t)suite;
	}
	hello[from] = 0;
	hello[from + 1] = (uint8_t)(at - from - 2);
	return at + 40; /* what follows is no suite */
}

static bool prefers(unsigned session_id, const char *suites)
{
	size_t len = make(session_id, suites);

	return jvpn_cipher_prefers_chacha20(hello, len);
}

START_TEST(cipher__first_of_the_known_suites__decides)
{
	for (unsigned id = 0; id <= 32; id += 16) {
		ck_assert(prefers(id, "1303 1301 1302"));
		ck_assert(prefers(id, "0a0a 1303 1301"));
		ck_assert(prefers(id, "1303"));
		ck_assert(!prefers(id, "1301 1302 1303"));
		ck_assert(!prefers(id, "1302 1303 1301"));
		ck_assert(!prefers(id, "1304 00ff"));
		ck_assert(!prefers(id, ""));
	}
}
END_TEST

START_TEST(cipher__cut_anywhere__never_read_beyond_and_never_wrong)
{
	size_t len = make(32, "0a0a 1304 1303 1301");

	for (size_t n = 0; n <= len; n++) {
		uint8_t *copy = malloc(n ? n : 1); /* so that ASan sees the end */

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, hello, n);
		/* the last octet of 1303 is the 79th */
		ck_assert_int_eq(jvpn_cipher_prefers_chacha20(copy, n), n >= 79);
		free(copy);
	}
	hello[0] = 2;
	ck_assert(!jvpn_cipher_prefers_chacha20(hello, len));
}
END_TEST

START_TEST(cipher__lists__one_alone_or_all_in_order)
{
	ck_assert_str_eq(jvpn_cipher_list(JVPN_CIPHER_AUTO, true),
			 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
			 "TLS_CHACHA20_POLY1305_SHA256");
	ck_assert_str_eq(jvpn_cipher_list(JVPN_CIPHER_AUTO, false),
			 "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
			 "TLS_AES_256_GCM_SHA384");
	for (int aes = 0; aes < 2; aes++) {
		ck_assert_str_eq(jvpn_cipher_list(JVPN_CIPHER_AES_128_GCM, aes),
				 "TLS_AES_128_GCM_SHA256");
		ck_assert_str_eq(jvpn_cipher_list(JVPN_CIPHER_AES_256_GCM, aes),
				 "TLS_AES_256_GCM_SHA384");
		ck_assert_str_eq(jvpn_cipher_list(JVPN_CIPHER_CHACHA20_POLY1305, aes),
				 "TLS_CHACHA20_POLY1305_SHA256");
	}
}
END_TEST

/* ---- handshakes ---- */

struct end {
	enum jvpn_cipher cipher;
	bool no_aes;
};

static struct jvpn_tls *new_end(bool server, const struct end *end)
{
	struct jvpn_tls_config config = {
		.server = server, .cipher = end->cipher, .no_aes = end->no_aes, .wall_s = tls_now};
	struct jvpn_tls *tls = NULL;

	if (server) {
		config.certificate_file = tls_cert_path;
		config.key_file = tls_key_path;
	} else {
		config.ca_file = tls_ca_path;
	}
	ck_assert_int_eq(jvpn_tls_new(&config, &tls, tls_error, sizeof(tls_error)), 0);
	return tls;
}

static void expect_suite(struct jvpn_tls *client, struct jvpn_tls *server, const char *suite,
			 bool resumed)
{
	struct tls_pair pair;

	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert(tls_pair_run(&pair));
	ck_assert_str_eq(jvpn_tls_session_cipher(pair.client.session), suite);
	ck_assert_str_eq(jvpn_tls_session_cipher(pair.server.session), suite);
	ck_assert_int_eq(jvpn_tls_session_is_resumed(pair.client.session), resumed);
	tls_pair_clear(&pair);
}

/* The processor of this machine does not matter: one without AES is pretended, one with AES forced. */
#define AES                                                                                        \
	{                                                                                          \
		JVPN_CIPHER_AES_128_GCM, false                                                     \
	}
#define AES256                                                                                     \
	{                                                                                          \
		JVPN_CIPHER_AES_256_GCM, false                                                     \
	}
#define CHACHA                                                                                     \
	{                                                                                          \
		JVPN_CIPHER_CHACHA20_POLY1305, false                                               \
	}
#define WEAK                                                                                       \
	{                                                                                          \
		JVPN_CIPHER_AUTO, true                                                             \
	}

START_TEST(cipher__preferences_of_two_ends__and_the_suite_that_comes_of_them)
{
	static const struct {
		struct end client, server;
		const char *suite;
	} cases[] = {
		{WEAK, WEAK, "TLS_CHACHA20_POLY1305_SHA256"},
		{AES, WEAK, "TLS_AES_128_GCM_SHA256"},
		{WEAK, AES, "TLS_AES_128_GCM_SHA256"},
		{AES256, WEAK, "TLS_AES_256_GCM_SHA384"},
		{WEAK, AES256, "TLS_AES_256_GCM_SHA384"},
		{CHACHA, WEAK, "TLS_CHACHA20_POLY1305_SHA256"},
		{WEAK, CHACHA, "TLS_CHACHA20_POLY1305_SHA256"},
		{CHACHA, CHACHA, "TLS_CHACHA20_POLY1305_SHA256"},
		{AES256, AES256, "TLS_AES_256_GCM_SHA384"},
	};
	struct jvpn_tls *client = new_end(false, &cases[_i].client);
	struct jvpn_tls *server = new_end(true, &cases[_i].server);

	expect_suite(client, server, cases[_i].suite, false);
	expect_suite(client, server, cases[_i].suite, true);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* A server that puts AES first, and the list that a client has then. */
static struct jvpn_tls *new_strong_server(void)
{
	static const struct end automatic = {JVPN_CIPHER_AUTO, false};

	return new_end(true, &automatic);
}

START_TEST(cipher__client_without_aes__server_with_aes_follows_it)
{
	static const struct end weak = WEAK, automatic = {JVPN_CIPHER_AUTO, false};
	struct jvpn_tls *server = new_strong_server(), *client = new_end(false, &weak);

	expect_suite(client, server, "TLS_CHACHA20_POLY1305_SHA256", false);
	/* ngtcp2 cuts the ClientHello at random, before or after the suites. */
	for (int i = 0; i < 20; i++)
		expect_suite(client, server, "TLS_CHACHA20_POLY1305_SHA256", true);
	jvpn_tls_free(client);
	client = new_end(false, &automatic);
	if (jvpn_cpu_has_aes())
		expect_suite(client, server, "TLS_AES_128_GCM_SHA256", false);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* A foreign client that likes AES-256 best, as OpenSSL does, gets what is cheapest. */
START_TEST(cipher__foreign_client_with_aes_256_first__gets_aes_128)
{
	struct jvpn_tls *server = new_strong_server();
	WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
	struct tls_pair pair;

	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(ctx, "TLS_AES_256_GCM_SHA384:"
							  "TLS_CHACHA20_POLY1305_SHA256:"
							  "TLS_AES_128_GCM_SHA256"),
			 WOLFSSL_SUCCESS);
	tls_pair_init_ticket(&pair, ctx, server, NULL);
	ck_assert(tls_pair_run(&pair));
	if (jvpn_cpu_has_aes())
		ck_assert_str_eq(jvpn_tls_session_cipher(pair.server.session),
				 "TLS_AES_128_GCM_SHA256");
	tls_pair_clear(&pair);
	wolfSSL_CTX_free(ctx);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(cipher__nothing_in_common__refused_with_words)
{
	static const struct end chacha = CHACHA, aes = AES;
	struct jvpn_tls *server = new_end(true, &aes), *client = new_end(false, &chacha);
	struct tls_pair pair;
	char text[192];

	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert(!tls_pair_run(&pair));
	ck_assert_int_eq(jvpn_tls_session_describe(pair.server.session, text, sizeof(text)),
			 JVPN_TLS_PARAMETERS);
	ck_assert_ptr_nonnull(strstr(text, "no cipher suite"));
	ck_assert_int_eq(
		jvpn_tls_describe_peer_alert(tls_side_peer_code(&pair.client), text, sizeof(text)),
		JVPN_TLS_PARAMETERS);
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

UNIT_TESTS(cipher)
{
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, tls_setup, tls_teardown);
	tcase_add_loop_test(tc, cipher__preferences_of_two_ends__and_the_suite_that_comes_of_them,
			    0, 9);
	tcase_add_test(tc, cipher__client_without_aes__server_with_aes_follows_it);
	tcase_add_test(tc, cipher__foreign_client_with_aes_256_first__gets_aes_128);
	tcase_add_test(tc, cipher__nothing_in_common__refused_with_words);
	tcase_add_test(tc, cipher__first_of_the_known_suites__decides);
	tcase_add_test(tc, cipher__cut_anywhere__never_read_beyond_and_never_wrong);
	tcase_add_test(tc, cipher__lists__one_alone_or_all_in_order);
}
