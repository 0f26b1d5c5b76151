/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of quic/tls: real handshakes over QUIC in memory, with certificates made on the spot. The
 * dates follow the real clock, because wolfSSL reads it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "base/err.h"
#include "crypto/certgen.h"
#include "quic/tls.h"
#include "quic/tls_internal.h"
#include "tls_pair.h"
#include "unit.h"

#define NAME "vpn.example"
#define DAY  86400ULL

static struct jvpn_certgen ca, other_ca, leaf, middle;
static char dir[64], cert_path[96], key_path[96], ca_path[96], keylog_path[96], error[256];
static uint64_t now;

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void make_ca(struct jvpn_certgen *out, const struct jvpn_certgen *issuer)
{
	struct jvpn_certgen_request request = {
		.common_name = issuer != NULL ? "middle CA" : "test CA",
		.ca = true,
		.path_len = issuer != NULL ? 0 : 1,
		.not_before_s = now - DAY,
		.not_after_s = now + 100 * DAY,
		.issuer = issuer,
	};

	ck_assert_int_eq(jvpn_certgen_issue(&request, out), 0);
}

/* A server certificate for 'name', valid from..to days around now; installs it as files. */
static void make_leaf(const struct jvpn_certgen *issuer, const char *name, int from, int to)
{
	const char *names[] = {name};
	struct jvpn_certgen_request request = {
		.common_name = "a server",
		.names = names,
		.name_count = name != NULL ? 1 : 0,
		.not_before_s = (uint64_t)((int64_t)now + from * (int64_t)DAY),
		.not_after_s = (uint64_t)((int64_t)now + to * (int64_t)DAY),
		.issuer = issuer,
	};

	ck_assert_int_eq(jvpn_certgen_issue(&request, &leaf), 0);
	write_file(cert_path, leaf.certificate, 0644);
	write_file(key_path, leaf.key, 0600);
}

static void setup(void)
{
	now = (uint64_t)time(NULL);
	snprintf(dir, sizeof(dir), "/tmp/jvpn-test-tls-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(cert_path, sizeof(cert_path), "%s/server.pem", dir);
	snprintf(key_path, sizeof(key_path), "%s/server.key", dir);
	snprintf(ca_path, sizeof(ca_path), "%s/ca.pem", dir);
	snprintf(keylog_path, sizeof(keylog_path), "%s/keys.log", dir);
	make_ca(&ca, NULL);
	write_file(ca_path, ca.certificate, 0644);
	make_leaf(&ca, NAME, -1, 30);
}

static void teardown(void)
{
	unlink(cert_path);
	unlink(key_path);
	unlink(ca_path);
	unlink(keylog_path);
	rmdir(dir);
}

/* wall: seconds the server believes in (its own check of its certificate). */
static struct jvpn_tls *server_new(const char *alpn, uint64_t wall)
{
	struct jvpn_tls_config config = {.server = true,
					 .certificate_file = cert_path,
					 .key_file = key_path,
					 .alpn = alpn,
					 .wall_s = wall};
	struct jvpn_tls *tls = NULL;

	ck_assert_msg(jvpn_tls_new(&config, &tls, error, sizeof(error)) == 0, "%s", error);
	return tls;
}

static struct jvpn_tls *client_new(const char *alpn)
{
	struct jvpn_tls_config config = {.ca_file = ca_path, .alpn = alpn, .wall_s = now};
	struct jvpn_tls *tls = NULL;

	ck_assert_msg(jvpn_tls_new(&config, &tls, error, sizeof(error)) == 0, "%s", error);
	return tls;
}

/* One handshake; the client must end with 'expected' and 'text' in its message (NULL: any). */
static void expect_at(uint64_t wall, const char *name, enum jvpn_tls_failure expected,
		      const char *text)
{
	struct jvpn_tls *server = server_new(NULL, wall), *client = client_new(NULL);
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
	expect_at(now, name, expected, text);
}

START_TEST(handshake__good_certificate__completes_with_our_parameters)
{
	struct jvpn_tls *server = server_new(NULL, now), *client = client_new(NULL);
	struct tls_pair pair;
	uint8_t a[32], b[32];
	const uint8_t context[] = "session";

	tls_pair_init(&pair, client, server, NAME);
	ck_assert_int_eq(jvpn_tls_session_export(pair.client.session, "EXPORTER-x", NULL, 0, a, 32),
			 JVPN_EAGAIN);
	ck_assert(tls_pair_run(&pair));
	ck_assert_str_eq(jvpn_tls_session_cipher(pair.client.session), "TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(jvpn_tls_session_cipher(pair.server.session), "TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(jvpn_tls_session_group(pair.client.session), "X25519MLKEM768");
	ck_assert_str_eq(jvpn_tls_session_group(pair.server.session), "X25519MLKEM768");
	ck_assert_str_eq(jvpn_tls_session_sni(pair.server.session), NAME);
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
		make_leaf(&ca, cases[i][0], -1, 30);
		expect(cases[i][1], JVPN_TLS_OK, "");
	}
}
END_TEST

START_TEST(handshake__names_that_do_not_match__refused_with_both_names)
{
	/* In the certificate, asked for, words of the message. */
	static const char *const cases[][3] = {
		{"other.example", NAME, "not for \"vpn.example\" but for other.example"},
		{"192.0.2.1", "192.0.2.2", "not for \"192.0.2.2\" but for 192.0.2.1"},
		{"2001:db8::1", "2001:db8::2", "but for 2001:db8::1"},
		{"192.0.2.1", NAME, "but for 192.0.2.1"},
		{NAME, "192.0.2.1", "but for vpn.example"},
		{"*.example", "example", "but for *.example"},
		{"*.vpn.example", "vpn.example", "but for *.vpn.example"},
		{"*.vpn.example", "a.b.vpn.example", "but for *.vpn.example"},
		{"*.example", "vpn.example", "but for *.example"}, /* top of a domain */
		{"vpn.example.org", NAME, "but for vpn.example.org"},
		{"pn.example", NAME, "but for pn.example"},
		{NULL, "a server", NULL}, /* only a common name; and a space is no name */
	};

	for (size_t i = 0; i + 1 < sizeof(cases) / sizeof(cases[0]); i++) {
		make_leaf(&ca, cases[i][0], -1, 30);
		expect(cases[i][1], JVPN_TLS_WRONG_NAME, cases[i][2]);
	}
	make_leaf(&ca, NULL, -1, 30);
	expect(NAME, JVPN_TLS_WRONG_NAME, "but for no names");
}
END_TEST

START_TEST(handshake__wrong_ca__refused_with_issuer)
{
	make_ca(&other_ca, NULL);
	make_leaf(&other_ca, NAME, -1, 30);
	expect(NAME, JVPN_TLS_UNKNOWN_CA, "issued by \"test CA\", not by a configured CA");
}
END_TEST

START_TEST(handshake__self_signed__refused)
{
	make_leaf(NULL, NAME, -1, 30);
	expect(NAME, JVPN_TLS_SELF_SIGNED, "self-signed");
}
END_TEST

START_TEST(handshake__expired__refused_with_date)
{
	make_leaf(&ca, NAME, -30, -2);
	expect_at(now - 10 * DAY, NAME, JVPN_TLS_EXPIRED, "expired at 20");
}
END_TEST

START_TEST(handshake__not_yet_valid__refused_with_date)
{
	make_leaf(&ca, NAME, 2, 30);
	expect_at(now + 10 * DAY, NAME, JVPN_TLS_NOT_YET_VALID, "is not valid before 20");
}
END_TEST

/* Something that is a certificate of the CA, but for no server: the CA's own with CA:TRUE names. */
START_TEST(handshake__certificate_without_usage_for_servers__refused)
{
	struct jvpn_certgen_request request = {.common_name = NAME,
					       .ca = true,
					       .not_before_s = now - DAY,
					       .not_after_s = now + DAY,
					       .issuer = &ca};

	ck_assert_int_eq(jvpn_certgen_issue(&request, &leaf), 0);
	write_file(cert_path, leaf.certificate, 0644);
	write_file(key_path, leaf.key, 0600);
	expect(NAME, JVPN_TLS_BAD_CERTIFICATE, "refused: ");
}
END_TEST

static void install_chain(const char *second)
{
	static char chain[3 * JVPN_CERTGEN_PEM_MAX];

	snprintf(chain, sizeof(chain), "%s%s", leaf.certificate, second);
	write_file(cert_path, chain, 0644);
}

START_TEST(handshake__intermediate_in_the_chain__accepted)
{
	make_ca(&middle, &ca);
	make_leaf(&middle, NAME, -1, 30);
	install_chain(middle.certificate);
	expect(NAME, JVPN_TLS_OK, "");
	install_chain("");
	expect(NAME, JVPN_TLS_UNKNOWN_CA, "issued by \"middle CA\"");
}
END_TEST

START_TEST(handshake__root_sent_along__accepted_only_when_configured)
{
	make_leaf(&ca, NAME, -1, 30);
	install_chain(ca.certificate);
	expect(NAME, JVPN_TLS_OK, "");
	make_ca(&other_ca, NULL);
	make_leaf(&other_ca, NAME, -1, 30);
	install_chain(other_ca.certificate);
	expect(NAME, JVPN_TLS_UNKNOWN_CA, "not by a configured CA");
}
END_TEST

/* The server refuses: the client learns it from the alert in CONNECTION_CLOSE. */
START_TEST(handshake__wrong_alpn__refused_on_both_sides)
{
	struct jvpn_tls *server = server_new(NULL, now), *client = client_new("hq-interop");
	struct tls_pair pair;
	char text[192];

	tls_pair_init(&pair, client, server, NAME);
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
	struct jvpn_tls *server, *client = client_new(NULL);
	struct tls_pair pair;

	make_ca(&middle, &ca);
	make_leaf(&middle, NAME, -1, 30);
	install_chain(middle.certificate);
	server = server_new(NULL, now);
	tls_pair_init(&pair, client, server, NAME);
	ck_assert(tls_pair_run(&pair));
	tls_pair_clear(&pair);
	jvpn_tls_free(server);
	install_chain("");
	server = server_new(NULL, now);
	tls_pair_init(&pair, client, server, NAME);
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
	struct jvpn_tls *server = server_new(NULL, now), *client = client_new(NULL);
	struct tls_pair pair;
	uint8_t hello[128];
	char text[192];
	size_t len = hello_tls12(hello, true);
	enum jvpn_tls_failure failure;

	tls_pair_init(&pair, client, server, NAME);
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
	struct jvpn_tls *server = server_new(NULL, now), *client = client_new(NULL);
	struct tls_pair pair;
	uint8_t hello[128];
	char text[192];
	size_t len = hello_tls12(hello, false);

	tls_pair_init_deaf(&pair, client, server, NAME);
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
	struct jvpn_tls *server = server_new(NULL, now);
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
	struct jvpn_tls *client = client_new(NULL);
	struct jvpn_tls_session *session = NULL;
	ngtcp2_crypto_conn_ref ref = {0};

	ck_assert_int_eq(jvpn_tls_session_new(client, NULL, &ref, &session), JVPN_EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(jvpn_tls_session_new(client, bad[i], &ref, &session), JVPN_EINVAL);
	ck_assert_ptr_null(session);
	jvpn_tls_free(client);
}
END_TEST

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
	struct jvpn_tls *server = server_new(NULL, now);
	WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
	WOLFSSL_SESSION *ticket = NULL;

	memset(secret, 0xff, sizeof(secret));
	memset(other, 0x11, sizeof(other));
	ck_assert_int_eq(jvpn_tls_set_ticket_keys(server, secret), 0);
	ck_assert(!connect_with_ticket(ctx, server, &ticket));
	ck_assert(connect_with_ticket(ctx, server, &ticket));
	jvpn_tls_free(server);

	server = server_new(NULL, now);
	ck_assert_int_eq(jvpn_tls_set_ticket_keys(server, secret), 0);
	ck_assert(connect_with_ticket(ctx, server, &ticket));
	jvpn_tls_free(server);

	server = server_new(NULL, now); /* another secret: a full handshake, no failure */
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
	struct jvpn_tls *server = server_new(NULL, now), *client = client_new(NULL);

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
	struct jvpn_tls *server = server_new(NULL, now);

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
	struct jvpn_tls *server = ticket_server(1), *client = client_new(NULL);

	ck_assert_uint_eq(jvpn_tls_resume_number(client, NAME), 0);
	ck_assert(!connect_resumed(client, server, NAME));
	ck_assert_uint_eq(jvpn_tls_resume_number(client, NAME), 1);
	ck_assert(connect_resumed(client, server, NAME));
	ck_assert(connect_resumed(client, server, NAME));
	ck_assert_uint_eq(jvpn_tls_resume_number(client, NAME), 3);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* wolfSSL counts the tickets of a chain in one octet, and ends the handshake that is one too many. */
START_TEST(resume__more_often_than_a_chain_may_be_long__certificate_in_between)
{
	struct jvpn_tls *server = ticket_server(1), *client = client_new(NULL);
	int full = 0;

	for (int i = 0; i < 300; i++)
		full += !connect_resumed(client, server, NAME);
	ck_assert_int_ge(full, 3);
	ck_assert_int_le(full, 5);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__several_at_once__from_the_same_session)
{
	struct jvpn_tls *server = ticket_server(1), *client = client_new(NULL);
	struct tls_pair a, b;

	ck_assert(!connect_resumed(client, server, NAME));
	tls_pair_init(&a, client, server, NAME);
	tls_pair_init(&b, client, server, NAME);
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
	struct jvpn_tls *server = ticket_server(1), *client = client_new(NULL);

	ck_assert(!connect_resumed(client, server, NAME));
	jvpn_tls_free(server);
	server = ticket_server(1);
	ck_assert(connect_resumed(client, server, NAME));
	jvpn_tls_free(server);
	server = ticket_server(2);
	ck_assert(!connect_resumed(client, server, NAME));
	ck_assert(connect_resumed(client, server, NAME));
	jvpn_tls_free(server);
	jvpn_tls_free(client);
}
END_TEST

START_TEST(resume__another_name__full_handshake)
{
	struct jvpn_tls *server, *client = client_new(NULL);

	make_leaf(&ca, "other.example", -1, 1);
	server = ticket_server(1);
	ck_assert(!connect_resumed(client, server, "other.example"));
	jvpn_tls_free(server);
	make_leaf(&ca, NAME, -1, 1);
	server = ticket_server(1);
	ck_assert(!connect_resumed(client, server, NAME));
	ck_assert(connect_resumed(client, server, NAME));
	jvpn_tls_free(server);
	jvpn_tls_free(client);
}
END_TEST

/* The octets of a session after one full handshake. */
static size_t export_one(struct jvpn_tls *server, uint8_t out[JVPN_TLS_RESUME_BYTES_MAX])
{
	struct jvpn_tls *client = client_new(NULL);
	size_t len = 0;

	ck_assert_int_eq(jvpn_tls_resume_export(client, NAME, out, &len), JVPN_ENOTFOUND);
	ck_assert(!connect_resumed(client, server, NAME));
	ck_assert_int_eq(jvpn_tls_resume_export(client, NAME, out, &len), 0);
	ck_assert_uint_gt(len, 100);
	jvpn_tls_free(client);
	return len;
}

START_TEST(resume__another_process__resumes_what_was_exported)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server = ticket_server(1), *client = client_new(NULL);
	size_t len = export_one(server, data);

	ck_assert_int_eq(jvpn_tls_resume_import(client, NAME, data, len), 0);
	ck_assert_uint_ne(jvpn_tls_resume_number(client, NAME), 0);
	ck_assert(connect_resumed(client, server, NAME));
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__bound_to_name_and_ca__others_do_not_take_it)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server = ticket_server(1), *client = client_new(NULL), *other = NULL;
	struct jvpn_tls_config config = {.ca_pem = other_ca.certificate, .wall_s = now};
	size_t len = export_one(server, data);

	ck_assert_int_eq(jvpn_tls_resume_import(client, "other.example", data, len),
			 JVPN_ENOTFOUND);
	ck_assert_int_eq(jvpn_tls_resume_import(client, "", data, len), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_tls_resume_import(server, NAME, data, len), JVPN_EINVAL);
	make_ca(&other_ca, NULL);
	ck_assert_int_eq(jvpn_tls_new(&config, &other, error, sizeof(error)), 0);
	ck_assert_int_eq(jvpn_tls_resume_import(other, NAME, data, len), JVPN_ENOTFOUND);
	jvpn_tls_free(other);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

/* A day after the certificate was seen, however often it was resumed since. */
START_TEST(resume__day_after_the_check__certificate_is_asked_for_again)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX], again[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server = ticket_server(1), *client = client_new(NULL);
	size_t len = 0, again_len = 0;

	make_leaf(&ca, NAME, -1, 50);
	jvpn_tls_free(server);
	server = ticket_server(1);
	ck_assert(!connect_resumed(client, server, NAME));
	ck_assert_int_eq(jvpn_tls_resume_export(client, NAME, data, &len), 0);
	jvpn_tls_set_wall(client, now + DAY - 1);
	ck_assert(connect_resumed(client, server, NAME));
	ck_assert_int_eq(jvpn_tls_resume_export(client, NAME, again, &again_len), 0);
	/* The two times of its head are those of the first. */
	ck_assert_mem_eq(data + 40, again + 40, 16);
	jvpn_tls_set_wall(client, now + DAY);
	ck_assert_int_eq(jvpn_tls_resume_import(client, NAME, data, len), JVPN_ERANGE);
	ck_assert(!connect_resumed(client, server, NAME));
	ck_assert(connect_resumed(client, server, NAME));
	/* A clock that went back says nothing about a day. */
	jvpn_tls_set_wall(client, now - 1);
	ck_assert(!connect_resumed(client, server, NAME));
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__certificate_has_ended__full_handshake)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX];
	struct jvpn_tls *server, *client = client_new(NULL);
	const char *names[] = {NAME};
	struct jvpn_certgen_request request = {.common_name = "short",
					       .names = names,
					       .name_count = 1,
					       .not_before_s = now - DAY,
					       .not_after_s = now + 3600,
					       .issuer = &ca};
	size_t len;

	ck_assert_int_eq(jvpn_certgen_issue(&request, &leaf), 0);
	write_file(cert_path, leaf.certificate, 0644);
	write_file(key_path, leaf.key, 0600);
	server = ticket_server(1);
	len = export_one(server, data);
	jvpn_tls_set_wall(client, now + 3599);
	ck_assert_int_eq(jvpn_tls_resume_import(client, NAME, data, len), 0);
	jvpn_tls_set_wall(client, now + 3600);
	ck_assert_int_eq(jvpn_tls_resume_import(client, NAME, data, len), JVPN_ERANGE);
	ck_assert(!connect_resumed(client, server, NAME));
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

START_TEST(resume__damaged_octets__never_more_than_a_full_handshake)
{
	uint8_t data[JVPN_TLS_RESUME_BYTES_MAX], copy[JVPN_TLS_RESUME_BYTES_MAX + 1] = {0};
	struct jvpn_tls *server = ticket_server(1), *client = client_new(NULL);
	size_t len = export_one(server, data);

	for (size_t cut = 0; cut < 57; cut++)
		ck_assert_int_ne(jvpn_tls_resume_import(client, NAME, data, cut), 0);
	ck_assert_int_eq(jvpn_tls_resume_import(client, NAME, copy, sizeof(copy)), JVPN_EMALFORMED);
	memcpy(copy, data, 56);
	ck_assert_int_eq(jvpn_tls_resume_import(client, NAME, copy, sizeof(copy)), JVPN_EMALFORMED);
	for (size_t i = 57; i < len; i += 7) {
		struct tls_pair pair;

		memcpy(copy, data, len);
		copy[i] ^= 0x41;
		ck_assert_int_eq(jvpn_tls_resume_import(client, NAME, copy, i % 2 ? len : i), 0);
		tls_pair_init(&pair, client, server, NAME);
		if (!tls_pair_run(&pair))
			jvpn_tls_session_describe(pair.client.session, error, sizeof(error));
		if (tls_side_peer_code(&pair.client) != 0) /* as conn_close.c does */
			jvpn_tls_session_distrust(pair.client.session);
		tls_pair_clear(&pair);
		/* Once at most: what failed is forgotten. */
		tls_pair_init(&pair, client, server, NAME);
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
	struct jvpn_tls *server, *client = client_new(NULL);
	char name[32];
	size_t len;

	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		make_leaf(&ca, name, -1, 1);
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

/* ---- contexts ---- */

static void refuse(const struct jvpn_tls_config *config, int code, const char *words)
{
	struct jvpn_tls *tls = NULL;

	ck_assert_int_eq(jvpn_tls_new(config, &tls, error, sizeof(error)), code);
	ck_assert_msg(strstr(error, words) != NULL, "\"%s\" not in \"%s\"", words, error);
	ck_assert_ptr_null(tls);
}

static struct jvpn_tls_config server_config(void)
{
	return (struct jvpn_tls_config){
		.server = true, .certificate_file = cert_path, .key_file = key_path, .wall_s = now};
}

START_TEST(context__key_of_another_certificate__refused_with_both_files)
{
	struct jvpn_tls_config config = server_config();
	char words[256];

	make_ca(&other_ca, NULL);
	write_file(key_path, other_ca.key, 0600);
	snprintf(words, sizeof(words), "the key in %s does not belong to the certificate in %s",
		 key_path, cert_path);
	refuse(&config, JVPN_ECONFIG, words);
}
END_TEST

START_TEST(context__exposed_key__refused_with_advice)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0660, 0644};
	struct jvpn_tls_config config = server_config();
	char words[128];

	snprintf(words, sizeof(words), "chmod 600 %s", key_path);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(key_path, modes[i]), 0);
		refuse(&config, JVPN_EPERM, words);
	}
}
END_TEST

START_TEST(context__missing_empty_or_wrong_files__named)
{
	struct jvpn_tls_config config = server_config();

	config.key_file = "/nonexistent/key";
	refuse(&config, JVPN_ECONFIG, "cannot read /nonexistent/key");
	config.key_file = dir;
	refuse(&config, JVPN_ECONFIG, "not a regular file");
	config = server_config();
	write_file(key_path, "not a key", 0600);
	refuse(&config, JVPN_ECONFIG, "no private key in PEM form");
	write_file(key_path, "", 0600);
	refuse(&config, JVPN_ECONFIG, "is empty");
	write_file(cert_path, "not a certificate", 0644);
	refuse(&config, JVPN_ECONFIG, "has no certificate in PEM form");
	config = (struct jvpn_tls_config){.ca_pem = "nonsense", .wall_s = now};
	refuse(&config, JVPN_ECONFIG, "has no certificate in PEM form");
	config = (struct jvpn_tls_config){.wall_s = now};
	refuse(&config, JVPN_EINVAL, "invalid argument");
}
END_TEST

START_TEST(context__clock_outside_the_certificate__refused_with_both_dates)
{
	struct jvpn_tls_config config = server_config();

	config.wall_s = now - 5 * DAY;
	refuse(&config, JVPN_ERANGE, "is not valid before 20");
	ck_assert_ptr_nonnull(strstr(error, "the clock of this machine says 20"));
	config.wall_s = now + 40 * DAY;
	refuse(&config, JVPN_ERANGE, "expired at 20");
	ck_assert_ptr_nonnull(strstr(error, "the clock of this machine says 20"));
	config = (struct jvpn_tls_config){.ca_file = ca_path, .wall_s = 0};
	refuse(&config, JVPN_ERANGE, "says 1970-01-01");
}
END_TEST

START_TEST(context__ca_as_text__works)
{
	struct jvpn_tls_config config = {.ca_pem = ca.certificate, .wall_s = now};
	struct jvpn_tls *server = server_new(NULL, now), *client = NULL;
	struct tls_pair pair;

	ck_assert_int_eq(jvpn_tls_new(&config, &client, error, sizeof(error)), 0);
	tls_pair_init(&pair, client, server, NAME);
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
		.ca_file = ca_path, .keylog_file = keylog_path, .wall_s = now};
	struct jvpn_tls *server = server_new(NULL, now), *client = NULL;
	struct tls_pair pair;
	struct stat st;
	char text[4096];
	FILE *file;

	ck_assert_int_eq(jvpn_tls_new(&config, &client, error, sizeof(error)), 0);
	tls_pair_init(&pair, client, server, NAME);
	ck_assert(tls_pair_run(&pair));
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
	ck_assert_int_eq(stat(keylog_path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	file = fopen(keylog_path, "r");
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
		.ca_file = ca_path, .keylog_file = keylog_path, .wall_s = now};

	refuse(&config, JVPN_EUNSUPPORTED, "not a debug build");
	ck_assert_int_ne(access(keylog_path, F_OK), 0);
}
END_TEST
#endif

UNIT_TESTS(tls)
{
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
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
