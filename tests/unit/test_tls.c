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
#define DAY 86400ULL

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
	const char *names[] = { name };
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
	struct jvpn_tls_config config = { .server = true,
					  .certificate_file = cert_path,
					  .key_file = key_path,
					  .alpn = alpn,
					  .wall_s = wall };
	struct jvpn_tls *tls = NULL;

	ck_assert_msg(jvpn_tls_new(&config, &tls, error, sizeof(error)) == 0, "%s", error);
	return tls;
}

static struct jvpn_tls *client_new(const char *alpn)
{
	struct jvpn_tls_config config = { .ca_file = ca_path, .alpn = alpn, .wall_s = now };
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

	ck_assert_int_eq(jvpn_tls_session_export(pair.client.session, "EXPORTER-x", context, 7, a, 32),
			 0);
	ck_assert_int_eq(jvpn_tls_session_export(pair.server.session, "EXPORTER-x", context, 7, b, 32),
			 0);
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
		{ "vpn.example", "VPN.Example" },   { "192.0.2.1", "192.0.2.1" },
		{ "2001:db8::1", "2001:db8:0::1" }, { "*.vpn.example", "a.vpn.example" },
		{ "localhost", "localhost" },
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
		{ "other.example", NAME, "not for \"vpn.example\" but for other.example" },
		{ "192.0.2.1", "192.0.2.2", "not for \"192.0.2.2\" but for 192.0.2.1" },
		{ "2001:db8::1", "2001:db8::2", "but for 2001:db8::1" },
		{ "192.0.2.1", NAME, "but for 192.0.2.1" },
		{ NAME, "192.0.2.1", "but for vpn.example" },
		{ "*.example", "example", "but for *.example" },
		{ "*.vpn.example", "vpn.example", "but for *.vpn.example" },
		{ "*.vpn.example", "a.b.vpn.example", "but for *.vpn.example" },
		{ "*.example", "vpn.example", "but for *.example" }, /* top of a domain */
		{ "vpn.example.org", NAME, "but for vpn.example.org" },
		{ "pn.example", NAME, "but for pn.example" },
		{ NULL, "a server", NULL }, /* only a common name; and a space is no name */
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
	struct jvpn_certgen_request request = { .common_name = NAME,
						.ca = true,
						.not_before_s = now - DAY,
						.not_after_s = now + DAY,
						.issuer = &ca };

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
	ck_assert_int_eq(jvpn_tls_describe_peer_alert(tls_side_peer_code(&pair.client), text,
						      sizeof(text)),
			 JVPN_TLS_ALPN);
	ck_assert_ptr_nonnull(strstr(text, "\"h3\" (ALPN)"));
	tls_pair_clear(&pair);
	jvpn_tls_free(client);
	jvpn_tls_free(server);
}
END_TEST

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
}
