/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Certificate facts out of wolfCrypt's parser. The matching of names is ours: wolfSSL's falls back
 * to the common name, takes wildcards inside a label, and (as we build it) ignores IP addresses.
 */
#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/asn_public.h>

#include "base/date.h"
#include "base/err.h"

#define PEM_MAX (1024 * 1024)

struct jvpn_certificate {
	struct DecodedCert decoded;
	uint8_t *der; /* owned, or NULL */
};

/* The octets of an IP address in text. */
struct address {
	uint8_t octet[16];
	size_t len; /* 4 or 16; 0: none */
};

int jvpn_certificate_open(const uint8_t *der, size_t len, struct jvpn_certificate **out)
{
	struct jvpn_certificate *certificate;

	if (der == NULL || len == 0 || len > UINT16_MAX)
		return JVPN_EMALFORMED;
	certificate = calloc(1, sizeof(*certificate));
	if (certificate == NULL)
		return JVPN_ENOMEM;
	wc_InitDecodedCert(&certificate->decoded, der, (word32)len, NULL);
	if (wc_ParseCert(&certificate->decoded, CERT_TYPE, NO_VERIFY, NULL) != 0) {
		jvpn_certificate_free(certificate);
		return JVPN_EMALFORMED;
	}
	*out = certificate;
	return 0;
}

int jvpn_certificate_open_pem(const char *pem, size_t len, struct jvpn_certificate **out)
{
	uint8_t *der;
	int der_len, err;

	if (len == 0 || len > PEM_MAX)
		return JVPN_EMALFORMED;
	der = malloc(len);
	if (der == NULL)
		return JVPN_ENOMEM;
	der_len = wc_CertPemToDer((const unsigned char *)pem, (int)len, der, (int)len, CERT_TYPE);
	err = der_len <= 0 ? JVPN_EMALFORMED : jvpn_certificate_open(der, (size_t)der_len, out);
	if (err != 0)
		free(der);
	else
		(*out)->der = der;
	return err;
}

void jvpn_certificate_free(struct jvpn_certificate *certificate)
{
	if (certificate == NULL)
		return;
	wc_FreeDecodedCert(&certificate->decoded);
	free(certificate->der);
	free(certificate);
}

/* Two digits of an ASN.1 time; 100 for anything else. */
static unsigned two_digits(const byte *text)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return 100;
	return (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
}

/* UTCTime "YYMMDDHHMMSSZ" or GeneralizedTime "YYYYMMDDHHMMSSZ" (RFC 5280 section 4.1.2.5). */
static uint64_t asn_time(const byte *der, int der_len)
{
	const byte *text = der + 2;
	unsigned v[6], year;
	struct jvpn_date date;
	uint64_t seconds;

	if (der == NULL || der_len < 2)
		return 0;
	if (der[0] == ASN_UTC_TIME && der[1] == 13 && der_len >= 15) {
		year = two_digits(text) + (two_digits(text) < 50 ? 2000U : 1900U);
	} else if (der[0] == ASN_GENERALIZED_TIME && der[1] == 15 && der_len >= 17) {
		year = two_digits(text) * 100 + two_digits(text + 2);
		text += 2;
	} else {
		return 0;
	}
	for (size_t i = 1; i < 6; i++)
		v[i] = two_digits(text + 2 * i);
	date = (struct jvpn_date){.year = (uint16_t)year,
				  .month = (uint8_t)v[1],
				  .day = (uint8_t)v[2],
				  .hour = (uint8_t)v[3],
				  .minute = (uint8_t)v[4],
				  .second = (uint8_t)v[5]};
	return text[12] == 'Z' && jvpn_date_to_seconds(&date, &seconds) == 0 ? seconds : 0;
}

uint64_t jvpn_certificate_not_before(const struct jvpn_certificate *certificate)
{
	return asn_time(certificate->decoded.beforeDate, certificate->decoded.beforeDateLen);
}

uint64_t jvpn_certificate_not_after(const struct jvpn_certificate *certificate)
{
	return asn_time(certificate->decoded.afterDate, certificate->decoded.afterDateLen);
}

bool jvpn_certificate_is_self_issued(const struct jvpn_certificate *certificate)
{
	return memcmp(certificate->decoded.issuerHash, certificate->decoded.subjectHash,
		      sizeof(certificate->decoded.issuerHash)) == 0;
}

bool jvpn_certificate_is_ca(const struct jvpn_certificate *certificate)
{
	return certificate->decoded.isCA;
}

static bool address_parse(const char *text, struct address *address)
{
	if (inet_pton(AF_INET, text, address->octet) == 1)
		address->len = 4;
	else if (inet_pton(AF_INET6, text, address->octet) == 1)
		address->len = 16;
	else
		address->len = 0;
	return address->len != 0;
}

bool jvpn_certificate_name_is_address(const char *name)
{
	struct address address;

	return address_parse(name, &address);
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

bool jvpn_certificate_name_is_valid(const char *name)
{
	size_t label = 0, len = strlen(name);

	if (len == 0 || len > JVPN_CERTIFICATE_NAME_MAX)
		return false;
	if (jvpn_certificate_name_is_address(name))
		return true;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.' && label > 0) {
			label = 0;
			continue;
		}
		if (!is_name_char(name[i]) || ++label > 63)
			return false;
	}
	return label > 0;
}

/* What follows the left-most label, at least two labels of it; NULL otherwise. */
static const char *parent_domain(const char *name, size_t len, size_t *parent_len)
{
	const char *dot = memchr(name, '.', len);

	if (dot == NULL || dot == name)
		return NULL;
	*parent_len = len - (size_t)(dot + 1 - name);
	return memchr(dot + 1, '.', *parent_len) != NULL ? dot + 1 : NULL;
}

static bool dns_matches(const char *pattern, size_t pattern_len, const char *name)
{
	size_t len = strlen(name), parent_len = 0;
	const char *parent;

	if (memchr(pattern, '\0', pattern_len) != NULL)
		return false;
	if (len == pattern_len && strncasecmp(pattern, name, len) == 0)
		return true;
	if (pattern_len < 3 || pattern[0] != '*' || pattern[1] != '.')
		return false;
	parent = parent_domain(name, len, &parent_len);
	return parent != NULL && parent_len == pattern_len - 2 &&
	       strncasecmp(parent, pattern + 2, parent_len) == 0;
}

static bool entry_matches(const DNS_entry *entry, const char *name, const struct address *address)
{
	if (entry->name == NULL || entry->len <= 0)
		return false;
	if (address->len != 0)
		return entry->type == ASN_IP_TYPE && (size_t)entry->len == address->len &&
		       memcmp(entry->name, address->octet, address->len) == 0;
	return entry->type == ASN_DNS_TYPE && dns_matches(entry->name, (size_t)entry->len, name);
}

bool jvpn_certificate_matches(const struct jvpn_certificate *certificate, const char *name)
{
	struct address address;

	if (!jvpn_certificate_name_is_valid(name))
		return false;
	address_parse(name, &address);
	for (const DNS_entry *e = certificate->decoded.altNames; e != NULL; e = e->next)
		if (entry_matches(e, name, &address))
			return true;
	return false;
}

bool jvpn_certificate_was_signed_by(const struct jvpn_certificate *certificate,
				    const struct jvpn_certificate *issuer)
{
	const struct DecodedCert *a = &certificate->decoded, *b = &issuer->decoded;

	if (memcmp(a->issuerHash, b->subjectHash, sizeof(a->issuerHash)) != 0)
		return false;
	return !a->extAuthKeyIdSet || !b->extSubjKeyIdSet ||
	       memcmp(a->extAuthKeyId, b->extSubjKeyId, sizeof(a->extAuthKeyId)) == 0;
}

/* Appends 'len' octets as printable ASCII; the last three become "..." when there is no room. */
static void append(char *out, size_t size, const char *text, size_t len)
{
	size_t at = strlen(out);

	for (size_t i = 0; i < len; i++) {
		if (at + 1 >= size) {
			if (size >= 4)
				memcpy(out + size - 4, "...", 4);
			return;
		}
		out[at++] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
		out[at] = '\0';
	}
}

static void append_entry(char *out, size_t size, const DNS_entry *entry)
{
	char text[INET6_ADDRSTRLEN];
	int family = entry->len == 4 ? AF_INET : AF_INET6;

	if (entry->type == ASN_DNS_TYPE && entry->len > 0) {
		append(out, size, entry->name, (size_t)entry->len);
		return;
	}
	if (entry->type != ASN_IP_TYPE || (entry->len != 4 && entry->len != 16) ||
	    inet_ntop(family, entry->name, text, sizeof(text)) == NULL)
		return;
	append(out, size, text, strlen(text));
}

void jvpn_certificate_format_names(const struct jvpn_certificate *certificate, char *out,
				   size_t size)
{
	if (size == 0)
		return;
	out[0] = '\0';
	for (const DNS_entry *e = certificate->decoded.altNames; e != NULL; e = e->next) {
		if (e->type != ASN_DNS_TYPE && e->type != ASN_IP_TYPE)
			continue;
		if (out[0] != '\0')
			append(out, size, ", ", 2);
		append_entry(out, size, e);
	}
	if (out[0] == '\0')
		append(out, size, "no names", 8);
}

void jvpn_certificate_format_issuer(const struct jvpn_certificate *certificate, char *out,
				    size_t size)
{
	/* "/C=...//CN=...": wolfCrypt terminates it within its bounds. */
	const char *issuer = certificate->decoded.issuer;
	const char *cn = strstr(issuer, "/CN=");

	if (size == 0)
		return;
	out[0] = '\0';
	if (cn != NULL)
		append(out, size, cn + 4, strcspn(cn + 4, "/"));
	else
		append(out, size, issuer, strlen(issuer));
}
