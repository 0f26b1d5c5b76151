/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads one X.509 certificate: dates, names, and whether it is valid for a name (RFC 9525, 5280).
 * Does not verify signatures or chains (wolfSSL does) and reads no clock.
 */
#ifndef JVPN_CRYPTO_CERTIFICATE_H
#define JVPN_CRYPTO_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest DNS name in text (RFC 1035), without the NUL. */
#define JVPN_CERTIFICATE_NAME_MAX 253

struct jvpn_certificate; /* Owner: whoever opened it */

/* Borrows the DER for the certificate's whole life. JVPN_EMALFORMED, JVPN_ENOMEM. */
int jvpn_certificate_open(const uint8_t *der, size_t len, struct jvpn_certificate **out);
/* The first certificate in a PEM text; borrows nothing. JVPN_EMALFORMED, JVPN_ENOMEM. */
int jvpn_certificate_open_pem(const char *pem, size_t len, struct jvpn_certificate **out);
void jvpn_certificate_free(struct jvpn_certificate *certificate);

/* Seconds since 1970; 0 for a date that cannot be read. */
uint64_t jvpn_certificate_not_before(const struct jvpn_certificate *certificate);
uint64_t jvpn_certificate_not_after(const struct jvpn_certificate *certificate);
/* Issuer and subject are the same (the signature was not looked at). */
bool jvpn_certificate_is_self_issued(const struct jvpn_certificate *certificate);
bool jvpn_certificate_is_ca(const struct jvpn_certificate *certificate);
/* Names and key identifiers say that 'issuer' signed it (the signature was not checked). */
bool jvpn_certificate_was_signed_by(const struct jvpn_certificate *certificate,
				    const struct jvpn_certificate *issuer);

/* Is it valid for 'name', a DNS name or the text of an IP address? Only the subjectAltName counts,
 * never the common name (RFC 9525 section 2). DNS names: without regard to case; a wildcard is the
 * whole left-most label, matches exactly one label and not the top of a domain ("*.org"). IP
 * addresses: the same octets. */
bool jvpn_certificate_matches(const struct jvpn_certificate *certificate, const char *name);
/* Is 'name' a DNS name (letters, digits, '-', '_', labels of 1..63) or an IP address at all? */
bool jvpn_certificate_name_is_address(const char *name);
bool jvpn_certificate_name_is_valid(const char *name);

/* For messages; whatever is not printable ASCII becomes '?', a text that is too long ends in "...".
 * Names: "vpn.example, 192.0.2.1", or "no names". Issuer: its common name, or its whole name. */
void jvpn_certificate_format_names(const struct jvpn_certificate *certificate, char *out,
				   size_t size);
void jvpn_certificate_format_issuer(const struct jvpn_certificate *certificate, char *out,
				    size_t size);

#endif
