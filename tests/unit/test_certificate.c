/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of crypto/certificate and crypto/certgen: what one makes the other reads. (What openssl(1)
 * says about the certificates is in test_init.c.)
 */
#include <stdlib.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>

#include "base/err.h"
#include "crypto/certgen.h"
#include "crypto/certificate.h"
#include "unit.h"

#define FROM 1795255200ULL /* 2026-11-21T10:00:00Z */
#define TO   1826791200ULL

static struct jvpn_certgen made, issuer;
static uint8_t der[4096];
static int der_len;

static struct jvpn_certgen_request request(const char *const *names, size_t count)
{
	return (struct jvpn_certgen_request){.common_name = "test",
					     .names = names,
					     .name_count = count,
					     .not_before_s = FROM,
					     .not_after_s = TO};
}

static struct jvpn_certificate *issue(const struct jvpn_certgen_request *r)
{
	struct jvpn_certificate *certificate = NULL;

	ck_assert_int_eq(jvpn_certgen_issue(r, &made), 0);
	ck_assert_int_eq(
		jvpn_certificate_open_pem(made.certificate, strlen(made.certificate), &certificate),
		0);
	der_len = wc_CertPemToDer((const unsigned char *)made.certificate,
				  (int)strlen(made.certificate), der, sizeof(der), CERT_TYPE);
	ck_assert_int_gt(der_len, 0);
	return certificate;
}

START_TEST(matches__names__by_rfc_9525)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} cases[] = {
		{"vpn.example.org", "vpn.example.org", true},
		{"VPN.Example.org", "vpn.eXample.oRg", true},
		{"vpn.example.org", "vpn.example.or", false},
		{"vpn.example.org", "vpn.example.orgs", false},
		{"vpn.example.org", "xvpn.example.org", false},
		{"vpn.example.org", "vpn.example.org.", false},
		{"*.example.org", "vpn.example.org", true},
		{"*.example.org", "VPN.EXAMPLE.ORG", true},
		{"*.example.org", "a.vpn.example.org", false},
		{"*.example.org", "example.org", false},
		{"*.example.org", ".example.org", false},
		{"*.org", "example.org", false},
		{"*.example.organic", "vpn.example.org", false},
		{"*.example.or", "vpn.example.org", false},
		{"*.example.org", "*.example.org", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.10", false},
		{"192.0.2.1", "::ffff:192.0.2.1", false},
		{"2001:db8::1", "2001:0db8:0:0::1", true},
		{"2001:db8::1", "2001:db8::1%eth0", false},
		{"*.0.2.1.example", "192.0.2.1", false},
		{"test.example", "test", false}, /* the common name does not count */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *names[] = {"unused.invalid", cases[i].pattern};
		struct jvpn_certgen_request r = request(names, 2);
		struct jvpn_certificate *certificate = issue(&r);

		ck_assert_msg(jvpn_certificate_matches(certificate, cases[i].name) ==
				      cases[i].match,
			      "%s against %s", cases[i].name, cases[i].pattern);
		jvpn_certificate_free(certificate);
	}
}
END_TEST

/* "vpn.example\0.evil.org" must not be taken for vpn.example (wolfCrypt 5.9.2 does not even parse
 * it), and control characters must not reach a terminal. */
START_TEST(matches__strange_octets_in_a_name__no)
{
	const char *names[] = {"vpn.exampleX.evil.org"};
	struct jvpn_certgen_request r = request(names, 1);
	struct jvpn_certificate *certificate = issue(&r);
	uint8_t *at;
	char text[64];

	jvpn_certificate_free(certificate);
	at = memmem(der, (size_t)der_len, "vpn.exampleX", 12);
	ck_assert_ptr_nonnull(at);
	at[11] = '\0';
	if (jvpn_certificate_open(der, (size_t)der_len, &certificate) == 0) {
		ck_assert(!jvpn_certificate_matches(certificate, "vpn.example"));
		jvpn_certificate_free(certificate);
	}
	at[11] = '\033';
	ck_assert_int_eq(jvpn_certificate_open(der, (size_t)der_len, &certificate), 0);
	ck_assert(!jvpn_certificate_matches(certificate, "vpn.example"));
	jvpn_certificate_format_names(certificate, text, sizeof(text));
	ck_assert_str_eq(text, "vpn.example?.evil.org");
	jvpn_certificate_free(certificate);
}
END_TEST

/* A DNS name of four octets is no address, and the other way round. */
START_TEST(matches__types_of_names__not_mixed)
{
	const char *dns[] = {"abcd"}, *ip[] = {"97.98.99.100"};
	struct jvpn_certgen_request r = request(dns, 1);
	struct jvpn_certificate *certificate = issue(&r);

	ck_assert(jvpn_certificate_matches(certificate, "abcd"));
	ck_assert(!jvpn_certificate_matches(certificate, "97.98.99.100"));
	jvpn_certificate_free(certificate);
	r = request(ip, 1);
	certificate = issue(&r);
	ck_assert(!jvpn_certificate_matches(certificate, "abcd"));
	ck_assert(jvpn_certificate_matches(certificate, "97.98.99.100"));
	jvpn_certificate_free(certificate);
}
END_TEST

START_TEST(dates__utc_time_and_generalized_time__read_back)
{
	static const uint64_t dates[] = {0, 951782400, FROM, 2524607999, 2524608000, 4107542400};

	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		struct jvpn_certgen_request r = request(NULL, 0);
		struct jvpn_certificate *certificate;

		r.not_before_s = dates[i];
		r.not_after_s = dates[i] + 86399;
		certificate = issue(&r);
		ck_assert_uint_eq(jvpn_certificate_not_before(certificate), dates[i]);
		ck_assert_uint_eq(jvpn_certificate_not_after(certificate), dates[i] + 86399);
		jvpn_certificate_free(certificate);
	}
}
END_TEST

START_TEST(signed_by__issuer_and_others__told_apart)
{
	struct jvpn_certgen_request r = request(NULL, 0);
	struct jvpn_certificate *ca, *other, *leaf;

	r.ca = true;
	r.common_name = "the CA";
	other = issue(&r); /* same name, another key */
	ca = issue(&r);
	issuer = made;
	ck_assert(jvpn_certificate_is_ca(ca) && jvpn_certificate_is_self_issued(ca));
	r.ca = false;
	r.issuer = &issuer;
	r.common_name = "a leaf";
	leaf = issue(&r);
	ck_assert(!jvpn_certificate_is_ca(leaf) && !jvpn_certificate_is_self_issued(leaf));
	ck_assert(jvpn_certificate_was_signed_by(leaf, ca));
	ck_assert(!jvpn_certificate_was_signed_by(leaf, other));
	ck_assert(!jvpn_certificate_was_signed_by(ca, leaf));
	jvpn_certificate_free(ca);
	jvpn_certificate_free(other);
	jvpn_certificate_free(leaf);
}
END_TEST

START_TEST(format__long_lists__end_in_dots)
{
	const char *names[] = {"one.example", "2001:db8::1", "three.example"};
	struct jvpn_certgen_request r = request(names, 3);
	struct jvpn_certificate *certificate;
	char text[64], small[20];

	r.common_name = "The Issuer (c) 2026";
	certificate = issue(&r);
	jvpn_certificate_format_names(certificate, text, sizeof(text));
	ck_assert_str_eq(text, "one.example, 2001:db8::1, three.example");
	jvpn_certificate_format_names(certificate, small, sizeof(small));
	ck_assert_str_eq(small, "one.example, 200...");
	jvpn_certificate_format_issuer(certificate, text, sizeof(text));
	ck_assert_str_eq(text, "The Issuer (c) 2026");
	jvpn_certificate_free(certificate);
}
END_TEST

START_TEST(issue__bad_requests__refused)
{
	static char longer[300];
	const char *names[JVPN_CERTGEN_NAMES_MAX + 1];
	static const char *const bad[] = {"", "a b", "*", "*.", "a.*.example", "-\n", "[::1]"};
	struct jvpn_certgen_request r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		names[0] = bad[i];
		r = request(names, 1);
		ck_assert_int_eq(jvpn_certgen_issue(&r, &made), JVPN_EINVAL);
		ck_assert_int_eq(made.key[0], '\0');
	}
	for (size_t i = 0; i <= JVPN_CERTGEN_NAMES_MAX; i++)
		names[i] = "a.example";
	r = request(names, JVPN_CERTGEN_NAMES_MAX + 1);
	ck_assert_int_eq(jvpn_certgen_issue(&r, &made), JVPN_EINVAL);
	r = request(names, 1);
	r.common_name = "";
	ck_assert_int_eq(jvpn_certgen_issue(&r, &made), JVPN_EINVAL);
	memset(longer, 'a', sizeof(longer) - 1);
	r.common_name = longer;
	ck_assert_int_eq(jvpn_certgen_issue(&r, &made), JVPN_EINVAL);
	r = request(names, 1);
	r.not_after_s = r.not_before_s - 1;
	ck_assert_int_eq(jvpn_certgen_issue(&r, &made), JVPN_EINVAL);
}
END_TEST

/* The longest names that are allowed: three forms of DER lengths. */
START_TEST(issue__many_long_names__all_there)
{
	static char text[JVPN_CERTGEN_NAMES_MAX][JVPN_CERTIFICATE_NAME_MAX + 1];
	const char *names[JVPN_CERTGEN_NAMES_MAX];
	struct jvpn_certgen_request r;
	struct jvpn_certificate *certificate;

	for (size_t i = 0; i < 7; i++) {
		size_t len = i == 0 ? 90 : JVPN_CERTIFICATE_NAME_MAX;

		for (size_t j = 0; j < len; j++)
			text[i][j] = j % 50 == 49 ? '.' : (char)('a' + i);
		if (text[i][len - 1] == '.')
			text[i][len - 1] = 'z';
		names[i] = text[i];
	}
	for (size_t count = 1; count <= 7; count++) {
		r = request(names, count);
		certificate = issue(&r);
		for (size_t i = 0; i < count; i++)
			ck_assert(jvpn_certificate_matches(certificate, text[i]));
		jvpn_certificate_free(certificate);
	}
}
END_TEST

START_TEST(open__truncated_or_changed__no_harm)
{
	const char *names[] = {"vpn.example", "192.0.2.1"};
	struct jvpn_certgen_request r = request(names, 2);
	struct jvpn_certificate *certificate = issue(&r);
	char text[128];

	jvpn_certificate_free(certificate);
	for (int len = 0; len < der_len; len++) {
		certificate = NULL;
		if (jvpn_certificate_open(der, (size_t)len, &certificate) == 0)
			jvpn_certificate_free(certificate);
	}
	for (int i = 0; i < der_len; i++) {
		der[i] ^= (uint8_t)(1 + i % 255);
		if (jvpn_certificate_open(der, (size_t)der_len, &certificate) == 0) {
			jvpn_certificate_not_before(certificate);
			jvpn_certificate_not_after(certificate);
			jvpn_certificate_matches(certificate, "vpn.example");
			jvpn_certificate_format_names(certificate, text, sizeof(text));
			jvpn_certificate_format_issuer(certificate, text, sizeof(text));
			jvpn_certificate_free(certificate);
		}
		der[i] ^= (uint8_t)(1 + i % 255);
	}
	ck_assert_int_ne(jvpn_certificate_open_pem("", 0, &certificate), 0);
	ck_assert_int_ne(
		jvpn_certificate_open_pem("-----BEGIN CERTIFICATE-----\n", 28, &certificate), 0);
}
END_TEST

UNIT_TESTS(certificate)
{
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, matches__names__by_rfc_9525);
	tcase_add_test(tc, matches__strange_octets_in_a_name__no);
	tcase_add_test(tc, matches__types_of_names__not_mixed);
	tcase_add_test(tc, dates__utc_time_and_generalized_time__read_back);
	tcase_add_test(tc, signed_by__issuer_and_others__told_apart);
	tcase_add_test(tc, format__long_lists__end_in_dots);
	tcase_add_test(tc, issue__bad_requests__refused);
	tcase_add_test(tc, issue__many_long_names__all_there);
	tcase_add_test(tc, open__truncated_or_changed__no_harm);
}
