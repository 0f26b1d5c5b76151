/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes a private CA and server certificates (ECDSA P-256, SHA-256, RFC 5280 profile) as PEM text
 * in memory, for `jvpn-server init` and for tests. Touches no files and no clock.
 */
#ifndef JVPN_CRYPTO_CERTGEN_H
#define JVPN_CRYPTO_CERTGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_CERTGEN_PEM_MAX   4096
#define JVPN_CERTGEN_NAMES_MAX 16

/* A key and its certificate, NUL-terminated PEM. The key is secret: _clear wipes it. */
struct jvpn_certgen {
	char certificate[JVPN_CERTGEN_PEM_MAX];
	char key[JVPN_CERTGEN_PEM_MAX]; /* PKCS#8, not encrypted */
};

struct jvpn_certgen_request {
	const char *common_name;  /* at most 63 octets of printable ASCII */
	bool ca;                  /* keyCertSign + cRLSign, no names */
	uint8_t path_len;         /* of a CA: how many CAs may follow below it */
	const char *const *names; /* subjectAltName: DNS names and texts of IP addresses */
	size_t name_count;        /* at most JVPN_CERTGEN_NAMES_MAX; 0: no subjectAltName */
	uint64_t not_before_s, not_after_s; /* seconds since 1970 */
	const struct jvpn_certgen *issuer;  /* NULL: signed by its own key */
};

/* A fresh key and its certificate with a random serial of 16 octets. Server certificates have
 * BasicConstraints CA:FALSE, digitalSignature and EKU serverAuth. JVPN_EINVAL (names, dates),
 * JVPN_ECRYPTO, JVPN_ENOMEM; *out is wiped on error. */
int jvpn_certgen_issue(const struct jvpn_certgen_request *request, struct jvpn_certgen *out);
void jvpn_certgen_clear(struct jvpn_certgen *certgen);

#endif
