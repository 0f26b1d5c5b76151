/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of quic/tls: real handshakes over QUIC in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "base/err.h"
#include "quic/tls.h"
#include "quic/tls_internal.h"
#include "tls_fixture.h"
#include "tls_pair.h"
#include "unit.h"

static struct jvpn_certgen other_ca, middle;

/* One handshake; the client must end with 'expected' and 'text' in its message (NULL: any). */
static void expect_at(uint64_t wall, const char *name, enum jvpn_tls_failure expected,
		      const char *text)
{
	struct jvpn_tls *server = tls_server_new(NULL, wall), *client = tls_client_new(NULL);
	struct tls_pair pair;
	char said[192];
	enum jvpn_tls_failure failure;

	tls_pair_init(&pair, client, server, name);
	ck_assert_int_eq(tls_pair_run(&pair), expected == JVPN_TLS_OK);
	failure = jvpn_tls_session_describe(pair.client.session, said, sizeof(said));
	ck_assert_msg(failure == expected, "%s (%s) instead of %s", jvpn_tls_failure_name(failure),
		      said, jvpn_tls_failure_name(expected));
	ck_assert_msg(text == NULL || strstr(said, text) != NULL, "\"%s\" not in \"%s\"", text,
		      said);
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}

static void expect(const char *name, enum jvpn_tls_failure expected, const char *text)
{
	expect_at(tls_now, name, expected, text);
}

START_TEST(handshake__good_certificate__completes_with_our_parameters)
{
	struct jvpn_tls *server = tls_server_new(NULL, tls_now), *client = tls_client_new(NULL);
	struct tls_pair pair;
	uint8_t a[32], b[32];
	const uint8_t context[] = "session";

	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert_int_eq(jvpn_tls_session_export(pair.client.session, "EXPORTER-x", NULL, 0, a, 32),
			 JVPN_EAGAIN);
	ck_assert(tls_pair_run(&pair));
	ck_assert_str_eq(jvpn_tls_session_cipher(pair.client.session), "TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(jvpn_tls_session_cipher(pair.server.session), "TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(jvpn_tls_session_group(pair.client.session), "X25519MLKEM768");
	ck_assert_str_eq(jvpn_tls_session_group(pair.server.session), "X25519MLKEM768");
	ck_assert_str_eq(jvpn_tls_session_sni(pair.server.session), TLS_NAME);
	ck_assert(!jvpn_tls_session_is_resumed(pair.server.session));

	ck_assert_int_eq(
		jvpn_tls_session_export(pair.client.session, "EXPORTER-x", context, 7, a, 32), 0);
	ck_assert_int_eq(
		jvpn_tls_session_export(pair.server.session, "EXPORTER-x", context, 7, b, 32), 0);
	ck_assert_mem_eq(a, b, 32);
	ck_assert_int_eq(jvpn_tls_session_export(pair.server.session, "EXPORTER-x", NULL, 0, b, 32),
			 0);
	ck_assert_mem_ne(a, b, 32);
	ck_assert_int_eq(jvpn_tls_session_export(pair.client.session, "EXPORTER-x", NULL, 0, a, 32),
			 0);
	ck_assert_mem_eq(a, b, 32);
	jvpn_tls_session_release_exporter(pair.client.session);
	ck_assert_int_eq(jvpn_tls_session_export(pair.client.session, "EXPORTER-x", NULL, 0, a, 32),
			 JVPN_ECLOSED);
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(handshake__names_that_match__accepted)
{
	static const char *const cases[][2] = {
		{"vpn.example", "VPN.Example"},   {"192.0.2.1", "192.0.2.1"},
		{"2001:db8::1", "2001:db8:0::1"}, {"*.vpn.example", "a.vpn.example"},
		{"localhost", "localhost"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tls_make_leaf(&tls_ca, cases[i][0], -1, 30);
		expect(cases[i][1], JVPN_TLS_OK, "");
	}
}
END_TEST

START_TEST(handshake__names_that_do_not_match__refused_with_both_names)
{
	/* In the certificate, asked for, words of the message. */
	static const char *const cases[][3] = {
		{"other.example", TLS_NAME, "not for \"vpn.example\" but for other.example"},
		{"192.0.2.1", "192.0.2.2", "not for \"192.0.2.2\" but for 192.0.2.1"},
		{"2001:db8::1", "2001:db8::2", "but for 2001:db8::1"},
		{"192.0.2.1", TLS_NAME, "but for 192.0.2.1"},
		{TLS_NAME, "192.0.2.1", "but for vpn.example"},
		{"*.example", "example", "but for *.example"},
		{"*.vpn.example", "vpn.example", "but for *.vpn.example"},
		{"*.vpn.example", "a.b.vpn.example", "but for *.vpn.example"},
		{"*.example", "vpn.example", "but for *.example"}, /* top of a domain */
		{"vpn.example.org", TLS_NAME, "but for vpn.example.org"},
		{"pn.example", TLS_NAME, "but for pn.example"},
		{NULL, "a server", NULL}, /* only a common name; and a space is no name */
	};

	for (size_t i = 0; i + 1 < sizeof(cases) / sizeof(cases[0]); i++) {
		tls_make_leaf(&tls_ca, cases[i][0], -1, 30);
		expect(cases[i][1], JVPN_TLS_WRONG_NAME, cases[i][2]);
	}
	tls_make_leaf(&tls_ca, NULL, -1, 30);
	expect(TLS_NAME, JVPN_TLS_WRONG_NAME, "but for no names");
}
END_TEST

START_TEST(handshake__wrong_ca__refused_with_issuer)
{
	tls_make_ca(&other_ca, NULL);
	tls_make_leaf(&other_ca, TLS_NAME, -1, 30);
	expect(TLS_NAME, JVPN_TLS_UNKNOWN_CA, "issued by \"test CA\", not by a configured CA");
}
END_TEST

START_TEST(handshake__self_signed__refused)
{
	tls_make_leaf(NULL, TLS_NAME, -1, 30);
	expect(TLS_NAME, JVPN_TLS_SELF_SIGNED, "self-signed");
}
END_TEST

START_TEST(handshake__expired__refused_with_date)
{
	tls_make_leaf(&tls_ca, TLS_NAME, -30, -2);
	expect_at(tls_now - 10 * TLS_DAY, TLS_NAME, JVPN_TLS_EXPIRED, "expired at 20");
}
END_TEST

START_TEST(handshake__not_yet_valid__refused_with_date)
{
	tls_make_leaf(&tls_ca, TLS_NAME, 2, 30);
	expect_at(tls_now + 10 * TLS_DAY, TLS_NAME, JVPN_TLS_NOT_YET_VALID,
		  "is not valid before 20");
}
END_TEST

/* Something that is a certificate of the CA, but for no server: the CA's own with CA:TRUE names. */
START_TEST(handshake__certificate_without_usage_for_servers__refused)
{
	struct jvpn_certgen_request request = {.common_name = TLS_NAME,
					       .ca = true,
					       .not_before_s = tls_now - TLS_DAY,
					       .not_after_s = tls_now + TLS_DAY,
					       .issuer = &tls_ca};

	ck_assert_int_eq(jvpn_certgen_issue(&request, &tls_leaf), 0);
	tls_write_file(tls_cert_path, tls_leaf.certificate, 0644);
	tls_write_file(tls_key_path, tls_leaf.key, 0600);
	expect(TLS_NAME, JVPN_TLS_BAD_CERTIFICATE, "refused: ");
}
END_TEST

static void install_chain(const char *second)
{
	static char chain[3 * JVPN_CERTGEN_PEM_MAX];

	snprintf(chain, sizeof(chain), "%s%s", tls_leaf.certificate, second);
	tls_write_file(tls_cert_path, chain, 0644);
}

START_TEST(handshake__intermediate_in_the_chain__accepted)
{
	tls_make_ca(&middle, &tls_ca);
	tls_make_leaf(&middle, TLS_NAME, -1, 30);
	install_chain(middle.certificate);
	expect(TLS_NAME, JVPN_TLS_OK, "");
	install_chain("");
	expect(TLS_NAME, JVPN_TLS_UNKNOWN_CA, "issued by \"middle CA\"");
}
END_TEST

START_TEST(handshake__root_sent_along__accepted_only_when_configured)
{
	tls_make_leaf(&tls_ca, TLS_NAME, -1, 30);
	install_chain(tls_ca.certificate);
	expect(TLS_NAME, JVPN_TLS_OK, "");
	tls_make_ca(&other_ca, NULL);
	tls_make_leaf(&other_ca, TLS_NAME, -1, 30);
	install_chain(other_ca.certificate);
	expect(TLS_NAME, JVPN_TLS_UNKNOWN_CA, "not by a configured CA");
}
END_TEST

/* The server refuses: the client learns it from the alert in CONNECTION_CLOSE. */
START_TEST(handshake__wrong_alpn__refused_on_both_sides)
{
	struct jvpn_tls *server = tls_server_new(NULL, tls_now),
			*client = tls_client_new("hq-interop");
	struct tls_pair pair;
	char text[192];

	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert(!tls_pair_run(&pair));
	ck_assert_int_eq(jvpn_tls_session_describe(pair.server.session, text, sizeof(text)),
			 JVPN_TLS_ALPN);
	ck_assert_str_eq(text, "the client does not speak \"h3\" (ALPN)");
	ck_assert_uint_eq(tls_side_peer_code(&pair.client), 0x100 + 120);
	ck_assert_int_eq(
		jvpn_tls_describe_peer_alert(tls_side_peer_code(&pair.client), text, sizeof(text)),
		JVPN_TLS_ALPN);
	ck_assert_ptr_nonnull(strstr(text, "\"h3\" (ALPN)"));
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* ---- wolfSSL's habits that our comments rely on ---- */

START_TEST(intermediate__verified_once__stays_known_to_the_context)
{
	struct jvpn_tls *server, *client = tls_client_new(NULL);
	struct tls_pair pair;

	tls_make_ca(&middle, &tls_ca);
	tls_make_leaf(&middle, TLS_NAME, -1, 30);
	install_chain(middle.certificate);
	server = tls_server_new(NULL, tls_now);
	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert(tls_pair_run(&pair));
	tls_pair_clear(&pair);
	jvpn_tls_free(server);
	install_chain("");
	server = tls_server_new(NULL, tls_now);
	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert(tls_pair_run(&pair));
	tls_pair_clear(&pair);
	jvpn_tls_free(server);
	jvpn_tls_free(client);
}
END_TEST

/* ---- protocol versions and ALPN ---- */

/* A ServerHello of TLS 1.2: no supported_versions extension. */
static size_t hello_tls12(uint8_t out[128], bool from_server)
{
	size_t n = 0;

	memset(out, 0, 128);
	out[n++] = from_server ? 2 : 1;
	n += 3; /* length, below */
	out[n++] = 3;
	out[n++] = 3;
	memset(out + n, 0x5a, 32);
	n += 32;
	out[n++] = 0; /* session id */
	if (!from_server) {
		out[n++] = 0;
		out[n++] = 4; /* two cipher suites */
		out[n++] = 0x13;
		out[n++] = 0x01;
	}
	out[n++] = 0xc0;
	out[n++] = 0x2b;
	if (!from_server)
		out[n++] = 1;
	out[n++] = 0; /* compression */
	out[n++] = 0;
	out[n++] = 5; /* extensions: renegotiation_info only */
	out[n++] = 0xff;
	out[n++] = 0x01;
	out[n++] = 0;
	out[n++] = 1;
	out[n++] = 0;
	out[3] = (uint8_t)(n - 4);
	return n;
}

START_TEST(handshake__server_with_tls_1_2__refused_by_the_client)
{
	struct jvpn_tls *server = tls_server_new(NULL, tls_now), *client = tls_client_new(NULL);
	struct tls_pair pair;
	uint8_t hello[128];
	char text[192];
	size_t len = hello_tls12(hello, true);
	enum jvpn_tls_failure failure;

	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert_int_ne(ngtcp2_crypto_read_write_crypto_data(
				 pair.client.conn, NGTCP2_ENCRYPTION_LEVEL_INITIAL, hello, len),
			 0);
	failure = jvpn_tls_session_describe(pair.client.session, text, sizeof(text));
	ck_assert_str_eq(text, "the server does not speak TLS 1.3");
	ck_assert_int_eq(failure, JVPN_TLS_VERSION);
	ck_assert_uint_eq(ngtcp2_conn_get_tls_alert(pair.client.conn), 70);
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(handshake__client_with_tls_1_2__refused_by_the_server)
{
	struct jvpn_tls *server = tls_server_new(NULL, tls_now), *client = tls_client_new(NULL);
	struct tls_pair pair;
	uint8_t hello[128];
	char text[192];
	size_t len = hello_tls12(hello, false);

	tls_pair_init_deaf(&pair, client, server, TLS_NAME);
	ck_assert_int_ne(ngtcp2_crypto_read_write_crypto_data(
				 pair.server.conn, NGTCP2_ENCRYPTION_LEVEL_INITIAL, hello, len),
			 0);
	ck_assert_int_eq(jvpn_tls_session_describe(pair.server.session, text, sizeof(text)),
			 JVPN_TLS_VERSION);
	ck_assert_str_eq(text, "the client does not speak TLS 1.3");
	/* And what a client reads when a server says so: */
	ck_assert_int_eq(jvpn_tls_describe_peer_alert(0x100 + 70, text, sizeof(text)),
			 JVPN_TLS_VERSION);
	ck_assert_str_eq(text, "the peer refused the handshake: it does not speak TLS 1.3");
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* wolfSSL would let a client without ALPN pass (RFC 9001 section 8.1 does not). */
START_TEST(handshake__client_without_alpn__refused)
{
	struct jvpn_tls *server = tls_server_new(NULL, tls_now);
	WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
	struct tls_pair pair;
	char text[192];
	bool complete;

	tls_pair_init_raw(&pair, ctx, server);
	complete = tls_pair_run(&pair);
	ck_assert(!complete);
	ck_assert_int_eq(jvpn_tls_session_describe(pair.server.session, text, sizeof(text)),
			 JVPN_TLS_ALPN);
	ck_assert_ptr_nonnull(strstr(text, "did not negotiate"));
	tls_pair_clear(&pair);
	wolfSSL_CTX_free(ctx);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(peer_alert__codes__each_its_words)
{
	static const struct {
		uint64_t code;
		enum jvpn_tls_failure failure;
		const char *words;
	} cases[] = {
		{0x100 + 120, JVPN_TLS_ALPN, "\"h3\" (ALPN)"},
		{0x100 + 40, JVPN_TLS_PARAMETERS, "in common"},
		{0x100 + 48, JVPN_TLS_PEER_ALERT, "did not accept our certificate"},
		{0x100 + 42, JVPN_TLS_PEER_ALERT, "did not accept our certificate"},
		{0x100 + 116, JVPN_TLS_PEER_ALERT, "wants a client certificate"},
		{0x100 + 80, JVPN_TLS_PEER_ALERT, "alert 80"},
		{0x1ff, JVPN_TLS_PEER_ALERT, "alert 255"},
		{0x200, JVPN_TLS_OK, ""},
		{0x0a, JVPN_TLS_OK, ""},
	};
	char text[192];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(jvpn_tls_describe_peer_alert(cases[i].code, text, sizeof(text)),
				 cases[i].failure);
		ck_assert_ptr_nonnull(strstr(text, cases[i].words));
	}
	for (int i = 0; i < JVPN_TLS_FAILURE_COUNT; i++)
		ck_assert_str_ne(jvpn_tls_failure_name((enum jvpn_tls_failure)i), "unknown");
	ck_assert(jvpn_tls_failure_is_certificate(JVPN_TLS_WRONG_NAME));
	ck_assert(!jvpn_tls_failure_is_certificate(JVPN_TLS_ALPN));
	ck_assert(!jvpn_tls_failure_is_certificate(JVPN_TLS_OK));
}
END_TEST

START_TEST(session_new__bad_names__refused)
{
	static const char *const bad[] = {"", "a b", "a..b", ".a", "http://x", "[::1]", "a\n"};
	struct jvpn_tls *client = tls_client_new(NULL);
	struct jvpn_tls_session *session = NULL;
	ngtcp2_crypto_conn_ref ref = {0};

	ck_assert_int_eq(jvpn_tls_session_new(client, NULL, &ref, &session), JVPN_EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(jvpn_tls_session_new(client, bad[i], &ref, &session), JVPN_EINVAL);
	ck_assert_ptr_null(session);
	jvpn_tls_free(client);
}
END_TEST

/* ---- contexts ---- */

static void refuse(const struct jvpn_tls_config *config, int code, const char *words)
{
	struct jvpn_tls *tls = NULL;

	ck_assert_int_eq(jvpn_tls_new(config, &tls, tls_error, sizeof(tls_error)), code);
	ck_assert_msg(strstr(tls_error, words) != NULL, "\"%s\" not in \"%s\"", words, tls_error);
	ck_assert_ptr_null(tls);
}

static struct jvpn_tls_config server_config(void)
{
	return (struct jvpn_tls_config){.server = true,
					.certificate_file = tls_cert_path,
					.key_file = tls_key_path,
					.wall_s = tls_now};
}

START_TEST(context__key_of_another_certificate__refused_with_both_files)
{
	struct jvpn_tls_config config = server_config();
	char words[256];

	tls_make_ca(&other_ca, NULL);
	tls_write_file(tls_key_path, other_ca.key, 0600);
	snprintf(words, sizeof(words), "the key in %s does not belong to the certificate in %s",
		 tls_key_path, tls_cert_path);
	refuse(&config, JVPN_ECONFIG, words);
}
END_TEST

START_TEST(context__exposed_key__refused_with_advice)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0660, 0644};
	struct jvpn_tls_config config = server_config();
	char words[128];

	snprintf(words, sizeof(words), "chmod 600 %s", tls_key_path);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(tls_key_path, modes[i]), 0);
		refuse(&config, JVPN_EPERM, words);
	}
}
END_TEST

START_TEST(context__missing_empty_or_wrong_files__named)
{
	struct jvpn_tls_config config = server_config();

	config.key_file = "/nonexistent/key";
	refuse(&config, JVPN_ECONFIG, "cannot read /nonexistent/key");
	config.key_file = tls_dir;
	refuse(&config, JVPN_ECONFIG, "not a regular file");
	config = server_config();
	tls_write_file(tls_key_path, "not a key", 0600);
	refuse(&config, JVPN_ECONFIG, "no private key in PEM form");
	tls_write_file(tls_key_path, "", 0600);
	refuse(&config, JVPN_ECONFIG, "is empty");
	tls_write_file(tls_cert_path, "not a certificate", 0644);
	refuse(&config, JVPN_ECONFIG, "has no certificate in PEM form");
	config = (struct jvpn_tls_config){.ca_pem = "nonsense", .wall_s = tls_now};
	refuse(&config, JVPN_ECONFIG, "has no certificate in PEM form");
	config = (struct jvpn_tls_config){.wall_s = tls_now};
	refuse(&config, JVPN_EINVAL, "invalid argument");
}
END_TEST

START_TEST(context__clock_outside_the_certificate__refused_with_both_dates)
{
	struct jvpn_tls_config config = server_config();

	config.wall_s = tls_now - 5 * TLS_DAY;
	refuse(&config, JVPN_ERANGE, "is not valid before 20");
	ck_assert_ptr_nonnull(strstr(tls_error, "the clock of this machine says 20"));
	config.wall_s = tls_now + 40 * TLS_DAY;
	refuse(&config, JVPN_ERANGE, "expired at 20");
	ck_assert_ptr_nonnull(strstr(tls_error, "the clock of this machine says 20"));
	config = (struct jvpn_tls_config){.ca_file = tls_ca_path, .wall_s = 0};
	refuse(&config, JVPN_ERANGE, "says 1970-01-01");
}
END_TEST

START_TEST(context__ca_as_text__works)
{
	struct jvpn_tls_config config = {.ca_pem = tls_ca.certificate, .wall_s = tls_now};
	struct jvpn_tls *server = tls_server_new(NULL, tls_now), *client = NULL;
	struct tls_pair pair;

	ck_assert_int_eq(jvpn_tls_new(&config, &client, tls_error, sizeof(tls_error)), 0);
	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert(tls_pair_run(&pair));
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

#ifdef JVPN_DEBUG
START_TEST(keylog__debug_build__nss_lines_for_quic)
{
	static const char *const labels[] = {
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
		"CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
	struct jvpn_tls_config config = {
		.ca_file = tls_ca_path, .keylog_file = tls_keylog_path, .wall_s = tls_now};
	struct jvpn_tls *server = tls_server_new(NULL, tls_now), *client = NULL;
	struct tls_pair pair;
	struct stat st;
	char text[4096];
	FILE *file;

	ck_assert_int_eq(jvpn_tls_new(&config, &client, tls_error, sizeof(tls_error)), 0);
	tls_pair_init(&pair, client, server, TLS_NAME);
	ck_assert(tls_pair_run(&pair));
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
	ck_assert_int_eq(stat(tls_keylog_path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	file = fopen(tls_keylog_path, "r");
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	for (size_t i = 0; i < 4; i++) {
		const char *line = strstr(text, labels[i]);

		ck_assert_ptr_nonnull(line);
		/* label, client random (32), secret (32: SHA-256 suite) */
		ck_assert_uint_eq(strcspn(line, "\n"), strlen(labels[i]) + 64 + 1 + 64);
	}
}
END_TEST
#else
START_TEST(keylog__release_build__refused)
{
	struct jvpn_tls_config config = {
		.ca_file = tls_ca_path, .keylog_file = tls_keylog_path, .wall_s = tls_now};

	refuse(&config, JVPN_EUNSUPPORTED, "not a debug build");
	ck_assert_int_ne(access(tls_keylog_path, F_OK), 0);
}
END_TEST
#endif
UNIT_TESTS(tls)
{
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, tls_setup, tls_teardown);
	tcase_add_test(tc, handshake__good_certificate__completes_with_our_parameters);
	tcase_add_test(tc, handshake__names_that_match__accepted);
	tcase_add_test(tc, handshake__names_that_do_not_match__refused_with_both_names);
	tcase_add_test(tc, handshake__wrong_ca__refused_with_issuer);
	tcase_add_test(tc, handshake__self_signed__refused);
	tcase_add_test(tc, handshake__expired__refused_with_date);
	tcase_add_test(tc, handshake__not_yet_valid__refused_with_date);
	tcase_add_test(tc, handshake__certificate_without_usage_for_servers__refused);
	tcase_add_test(tc, handshake__intermediate_in_the_chain__accepted);
	tcase_add_test(tc, handshake__root_sent_along__accepted_only_when_configured);
	tcase_add_test(tc, handshake__wrong_alpn__refused_on_both_sides);
	tcase_add_test(tc, intermediate__verified_once__stays_known_to_the_context);
	tcase_add_test(tc, handshake__server_with_tls_1_2__refused_by_the_client);
	tcase_add_test(tc, handshake__client_with_tls_1_2__refused_by_the_server);
	tcase_add_test(tc, handshake__client_without_alpn__refused);
	tcase_add_test(tc, peer_alert__codes__each_its_words);
	tcase_add_test(tc, session_new__bad_names__refused);
	tcase_add_test(tc, context__key_of_another_certificate__refused_with_both_files);
	tcase_add_test(tc, context__exposed_key__refused_with_advice);
	tcase_add_test(tc, context__missing_empty_or_wrong_files__named);
	tcase_add_test(tc, context__clock_outside_the_certificate__refused_with_both_dates);
	tcase_add_test(tc, context__ca_as_text__works);
#ifdef JVPN_DEBUG
	tcase_add_test(tc, keylog__debug_build__nss_lines_for_quic);
#else
	tcase_add_test(tc, keylog__release_build__refused);
#endif
}
