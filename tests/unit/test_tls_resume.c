/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of quic/tls_ticket and quic/tls_resume: tickets, and what a client keeps of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "base/err.h"
#include "quic/tls.h"
#include "quic/tls_internal.h"
#include "tls_fixture.h"
#include "tls_pair.h"
#include "unit.h"

static struct jvpn_certgen other_ca;

/* ---- tickets ---- */

/* A client of wolfSSL's own that keeps its ticket; returns whether it was resumed. */
static bool connect_with_ticket(WOLFSSL_CTX *ctx, struct jvpn_tls *server, WOLFSSL_SESSION **ticket)
{
	struct tls_pair pair;
	bool resumed;

	tls_pair_init_ticket(&pair, ctx, server, *ticket);
	ck_assert(tls_pair_run(&pair));
	resumed = jvpn_tls_session_is_resumed(pair.server.session);
	wolfSSL_SESSION_free(*ticket);
	*ticket = wolfSSL_get1_session(pair.client_raw);
	ck_assert_ptr_nonnull(*ticket);
	/* 0-RTT is not offered. */
	ck_assert_uint_eq(wolfSSL_SESSION_get_max_early_data(*ticket), 0);
	tls_pair_clear(&pair);
	return resumed;
}

START_TEST(tickets__secret_given_from_outside__resumed_over_a_restart)
{
	uint8_t secret[JVPN_TLS_TICKET_KEYS_BYTES], other[JVPN_TLS_TICKET_KEYS_BYTES];
	struct jvpn_tls *server = tls_server_new(NULL, tls_now);
	WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
	WOLFSSL_SESSION *ticket = NULL;

	memset(secret, 0xff, sizeof(secret));
	memset(other, 0x11, sizeof(other));
	ck_assert_int_eq(jvpn_tls_set_ticket_keys(server, secret), 0);
	ck_assert(!connect_with_ticket(ctx, server, &ticket));
	ck_assert(connect_with_ticket(ctx, server, &ticket));
	jvpn_tls_free(server);

	server = tls_server_new(NULL, tls_now);
	ck_assert_int_eq(jvpn_tls_set_ticket_keys(server, secret), 0);
	ck_assert(connect_with_ticket(ctx, server, &ticket));
	jvpn_tls_free(server);

	server = tls_server_new(NULL, tls_now); /* another secret: a full handshake, no failure */
	ck_assert_int_eq(jvpn_tls_set_ticket_keys(server, other), 0);
	ck_assert(!connect_with_ticket(ctx, server, &ticket));
	jvpn_tls_free(server);
	wolfSSL_SESSION_free(ticket);
	wolfSSL_CTX_free(ctx);
}
END_TEST

START_TEST(tickets__zeros_or_a_client__refused)
{
	uint8_t secret[JVPN_TLS_TICKET_KEYS_BYTES] = {0};
	struct jvpn_tls *server = tls_server_new(NULL, tls_now), *client = tls_client_new(NULL);

	ck_assert_int_eq(jvpn_tls_set_ticket_keys(server, secret), JVPN_EINVAL);
	secret[0] = 1;
	ck_assert_int_eq(jvpn_tls_set_ticket_keys(client, secret), JVPN_EINVAL);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* ---- resumption by our client ---- */

/* A server whose tickets outlive it. */
static struct jvpn_tls *ticket_server(uint8_t key)
{
	uint8_t secret[JVPN_TLS_TICKET_KEYS_BYTES];
	struct jvpn_tls *server = tls_server_new(NULL, tls_now);

	memset(secret, key, sizeof(secret));
	ck_assert_int_eq(jvpn_tls_set_ticket_keys(server, secret), 0);
	return server;
}

/* Returns whether both say that the handshake was a resumed one. */
static bool connect_resumed(struct jvpn_tls *client, struct jvpn_tls *server, const char *name)
{
	struct tls_pair pair;
	bool resumed;

	tls_pair_init(&pair, client, server, name);
	ck_assert(tls_pair_run(&pair));
	resumed = jvpn_tls_session_is_resumed(pair.client.session);
	ck_assert_int_eq(resumed, jvpn_tls_session_is_resumed(pair.server.session));
	ck_assert_str_eq(jvpn_tls_session_group(pair.client.session), "X25519MLKEM768");
	tls_pair_clear(&pair);
	return resumed;
}

START_TEST(resume__second_connection__without_a_certificate)
{
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL);

	ck_assert_uint_eq(jvpn_tls_resume_number(client, TLS_NAME), 0);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	ck_assert_uint_eq(jvpn_tls_resume_number(client, TLS_NAME), 1);
	ck_assert(connect_resumed(client, server, TLS_NAME));
	ck_assert(connect_resumed(client, server, TLS_NAME));
	ck_assert_uint_eq(jvpn_tls_resume_number(client, TLS_NAME), 3);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* wolfSSL counts the tickets of a chain in one octet, and ends the handshake that is one too many. */
START_TEST(resume__more_often_than_a_chain_may_be_long__certificate_in_between)
{
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL);
	int full = 0;

	for (int i = 0; i < 300; i++)
		full += !connect_resumed(client, server, TLS_NAME);
	ck_assert_int_ge(full, 3);
	ck_assert_int_le(full, 5);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__several_at_once__from_the_same_session)
{
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL);
	struct tls_pair a, b;

	ck_assert(!connect_resumed(client, server, TLS_NAME));
	tls_pair_init(&a, client, server, TLS_NAME);
	tls_pair_init(&b, client, server, TLS_NAME);
	ck_assert(tls_pair_run(&a));
	ck_assert(tls_pair_run(&b));
	ck_assert(jvpn_tls_session_is_resumed(a.client.session));
	ck_assert(jvpn_tls_session_is_resumed(b.client.session));
	tls_pair_clear(&a);
	tls_pair_clear(&b);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__server_restarted__same_key_resumes_another_does_not)
{
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL);

	ck_assert(!connect_resumed(client, server, TLS_NAME));
	jvpn_tls_free(server);
	server = ticket_server(1);
	ck_assert(connect_resumed(client, server, TLS_NAME));
	jvpn_tls_free(server);
	server = ticket_server(2);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	ck_assert(connect_resumed(client, server, TLS_NAME));
	jvpn_tls_free(server);
	jvpn_tls_free(client);
}
END_TEST

START_TEST(resume__another_name__full_handshake)
{
	struct jvpn_tls *server, *client = tls_client_new(NULL);

	tls_make_leaf(&tls_ca, "other.example", -1, 1);
	server = ticket_server(1);
	ck_assert(!connect_resumed(client, server, "other.example"));
	jvpn_tls_free(server);
	tls_make_leaf(&tls_ca, TLS_NAME, -1, 1);
	server = ticket_server(1);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	ck_assert(connect_resumed(client, server, TLS_NAME));
	jvpn_tls_free(server);
	jvpn_tls_free(client);
}
END_TEST

/* The octets of a session after one full handshake. */
static size_t export_one(struct jvpn_tls *server, uint8_t out[JVPN_TLS_RESUME_BYTES_MAX])
{
	struct jvpn_tls *client = tls_client_new(NULL);
	size_t len = 0;

	ck_assert_int_eq(jvpn_tls_resume_export(client, TLS_NAME, out, &len), JVPN_ENOTFOUND);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	ck_assert_int_eq(jvpn_tls_resume_export(client, TLS_NAME, out, &len), 0);
	ck_assert_uint_gt(len, 100);
	jvpn_tls_free(client);
	return len;
}

START_TEST(resume__another_process__resumes_what_was_exported)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL);
	size_t len = export_one(server, data);

	ck_assert_int_eq(jvpn_tls_resume_import(client, TLS_NAME, data, len), 0);
	ck_assert_uint_ne(jvpn_tls_resume_number(client, TLS_NAME), 0);
	ck_assert(connect_resumed(client, server, TLS_NAME));
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__bound_to_name_and_ca__others_do_not_take_it)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL), *other = NULL;
	struct jvpn_tls_config config = {.ca_pem = other_ca.certificate, .wall_s = tls_now};
	size_t len = export_one(server, data);

	ck_assert_int_eq(jvpn_tls_resume_import(client, "other.example", data, len),
			 JVPN_ENOTFOUND);
	ck_assert_int_eq(jvpn_tls_resume_import(client, "", data, len), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_tls_resume_import(server, TLS_NAME, data, len), JVPN_EINVAL);
	tls_make_ca(&other_ca, NULL);
	ck_assert_int_eq(jvpn_tls_new(&config, &other, tls_error, sizeof(tls_error)), 0);
	ck_assert_int_eq(jvpn_tls_resume_import(other, TLS_NAME, data, len), JVPN_ENOTFOUND);
	jvpn_tls_free(other);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* A day after the certificate was seen, however often it was resumed since. */
START_TEST(resume__day_after_the_check__certificate_is_asked_for_again)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX], again[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL);
	size_t len = 0, again_len = 0;

	tls_make_leaf(&tls_ca, TLS_NAME, -1, 50);
	jvpn_tls_free(server);
	server = ticket_server(1);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	ck_assert_int_eq(jvpn_tls_resume_export(client, TLS_NAME, data, &len), 0);
	jvpn_tls_set_wall(client, tls_now + TLS_DAY - 1);
	ck_assert(connect_resumed(client, server, TLS_NAME));
	ck_assert_int_eq(jvpn_tls_resume_export(client, TLS_NAME, again, &again_len), 0);
	/* The two times of its head are those of the first. */
	ck_assert_mem_eq(data + 40, again + 40, 16);
	jvpn_tls_set_wall(client, tls_now + TLS_DAY);
	ck_assert_int_eq(jvpn_tls_resume_import(client, TLS_NAME, data, len), JVPN_ERANGE);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	ck_assert(connect_resumed(client, server, TLS_NAME));
	/* A clock that went back says nothing about a day. */
	jvpn_tls_set_wall(client, tls_now - 1);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__certificate_has_ended__full_handshake)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server, *client = tls_client_new(NULL);
	const char *names[] = {TLS_NAME};
	struct jvpn_certgen_request request = {.common_name = "short",
					       .names = names,
					       .name_count = 1,
					       .not_before_s = tls_now - TLS_DAY,
					       .not_after_s = tls_now + 3600,
					       .issuer = &tls_ca};
	size_t len;

	ck_assert_int_eq(jvpn_certgen_issue(&request, &tls_leaf), 0);
	tls_write_file(tls_cert_path, tls_leaf.certificate, 0644);
	tls_write_file(tls_key_path, tls_leaf.key, 0600);
	server = ticket_server(1);
	len = export_one(server, data);
	jvpn_tls_set_wall(client, tls_now + 3599);
	ck_assert_int_eq(jvpn_tls_resume_import(client, TLS_NAME, data, len), 0);
	jvpn_tls_set_wall(client, tls_now + 3600);
	ck_assert_int_eq(jvpn_tls_resume_import(client, TLS_NAME, data, len), JVPN_ERANGE);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__damaged_octets__never_more_than_a_full_handshake)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX], copy[JVPN_TLS_RESUME_BYTES_MAX + 1] = {0};
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL);
	size_t len = export_one(server, data);

	for (size_t cut = 0; cut < 57; cut++)
		ck_assert_int_ne(jvpn_tls_resume_import(client, TLS_NAME, data, cut), 0);
	ck_assert_int_eq(jvpn_tls_resume_import(client, TLS_NAME, copy, sizeof(copy)),
			 JVPN_EMALFORMED);
	memcpy(copy, data, 56);
	ck_assert_int_eq(jvpn_tls_resume_import(client, TLS_NAME, copy, sizeof(copy)),
			 JVPN_EMALFORMED);
	for (size_t i = 57; i < len; i += 7) {
		struct tls_pair pair;

		memcpy(copy, data, len);
		copy[i] ^= 0x41;
		ck_assert_int_eq(jvpn_tls_resume_import(client, TLS_NAME, copy, i % 2 ? len : i),
				 0);
		tls_pair_init(&pair, client, server, TLS_NAME);
		if (!tls_pair_run(&pair))
			jvpn_tls_session_describe(pair.client.session, tls_error,
						  sizeof(tls_error));
		if (tls_side_peer_code(&pair.client) != 0) /* as conn_close.c does */
			jvpn_tls_session_distrust(pair.client.session);
		tls_pair_clear(&pair);
		/* Once at most: what failed is forgotten. */
		tls_pair_init(&pair, client, server, TLS_NAME);
		ck_assert_msg(tls_pair_run(&pair), "octet %zu", i);
		tls_pair_clear(&pair);
	}
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__more_names_than_places__the_oldest_goes)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server, *client = tls_client_new(NULL);
	char name[32];
	size_t len;

	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		tls_make_leaf(&tls_ca, name, -1, 1);
		server = ticket_server(1);
		ck_assert(!connect_resumed(client, server, name));
		jvpn_tls_free(server);
	}
	ck_assert_int_eq(jvpn_tls_resume_export(client, "n0.example", data, &len), JVPN_ENOTFOUND);
	for (int i = 1; i < 5; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		ck_assert_int_eq(jvpn_tls_resume_export(client, name, data, &len), 0);
	}
	jvpn_tls_free(client);
}
END_TEST

START_TEST(resume__forgotten__full_handshake)
{
	struct jvpn_tls *server = ticket_server(1), *client = tls_client_new(NULL);

	jvpn_tls_resume_forget(client, TLS_NAME); /* none is there */
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	ck_assert(connect_resumed(client, server, TLS_NAME));
	jvpn_tls_resume_forget(client, TLS_NAME);
	ck_assert(!connect_resumed(client, server, TLS_NAME));
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

UNIT_TESTS(tls_resume)
{
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, tls_setup, tls_teardown);
	tcase_add_test(tc, tickets__secret_given_from_outside__resumed_over_a_restart);
	tcase_add_test(tc, tickets__zeros_or_a_client__refused);
	tcase_add_test(tc, resume__second_connection__without_a_certificate);
	tcase_add_test(tc, resume__more_often_than_a_chain_may_be_long__certificate_in_between);
	tcase_add_test(tc, resume__several_at_once__from_the_same_session);
	tcase_add_test(tc, resume__server_restarted__same_key_resumes_another_does_not);
	tcase_add_test(tc, resume__another_name__full_handshake);
	tcase_add_test(tc, resume__another_process__resumes_what_was_exported);
	tcase_add_test(tc, resume__bound_to_name_and_ca__others_do_not_take_it);
	tcase_add_test(tc, resume__day_after_the_check__certificate_is_asked_for_again);
	tcase_add_test(tc, resume__certificate_has_ended__full_handshake);
	tcase_add_test(tc, resume__damaged_octets__never_more_than_a_full_handshake);
	tcase_add_test(tc, resume__more_names_than_places__the_oldest_goes);
	tcase_add_test(tc, resume__forgotten__full_handshake);
}
