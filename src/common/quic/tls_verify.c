/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's check of the server's certificate. wolfSSL verifies signatures, chain, dates and
 * usage and calls us for each certificate, the CAs first and the server's own last; we never
 * overrule a refusal, add the check of the name (crypto/certificate.h says why), and put the reason
 * into words.
 *
 * What wolfSSL does with intermediates (measured, tests/unit/test_tls.c): they are verified top
 * down and then stay in the context's CA list, so a server that stops sending a known intermediate
 * keeps working until the restart. A root that the server sends along is accepted when it is
 * configured.
 */
#include "quic/tls_state.h"

#include <stdio.h>
#include <string.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "base/date.h"

#define NAME_TEXT_MAX 96

static void set_failure(struct jvpn_tls_session *session, enum jvpn_tls_failure failure)
{
	if (session->failure == JVPN_TLS_OK)
		session->failure = failure;
}

static void describe_signer(struct jvpn_tls_session *session,
			    const struct jvpn_certificate *certificate, int depth)
{
	char issuer[NAME_TEXT_MAX];

	if (depth == 0 && jvpn_certificate_is_self_issued(certificate)) {
		set_failure(session, JVPN_TLS_SELF_SIGNED);
		snprintf(session->text, sizeof(session->text),
			 "the server's certificate is self-signed and is no configured CA");
		return;
	}
	set_failure(session, JVPN_TLS_UNKNOWN_CA);
	jvpn_certificate_format_issuer(certificate, issuer, sizeof(issuer));
	snprintf(session->text, sizeof(session->text),
		 "the server's certificate was issued by \"%s\", not by a configured CA", issuer);
}

static void describe_date(struct jvpn_tls_session *session,
			  const struct jvpn_certificate *certificate, bool expired)
{
	char date[JVPN_DATE_SIZE];

	set_failure(session, expired ? JVPN_TLS_EXPIRED : JVPN_TLS_NOT_YET_VALID);
	jvpn_date_format(expired ? jvpn_certificate_not_after(certificate)
				 : jvpn_certificate_not_before(certificate),
			 date);
	snprintf(session->text, sizeof(session->text),
		 "the server's certificate %s %s by this machine's clock",
		 expired ? "expired at" : "is not valid before", date);
}

static void describe_name(struct jvpn_tls_session *session,
			  const struct jvpn_certificate *certificate)
{
	char names[80];

	set_failure(session, JVPN_TLS_WRONG_NAME);
	jvpn_certificate_format_names(certificate, names, sizeof(names));
	snprintf(session->text, sizeof(session->text),
		 "the server's certificate is not for \"%.64s\" but for %s", session->name, names);
}

static void describe_other(struct jvpn_tls_session *session, int error)
{
	set_failure(session, JVPN_TLS_BAD_CERTIFICATE);
	snprintf(session->text, sizeof(session->text),
		 "the server's certificate was refused: %.80s",
		 wolfSSL_ERR_reason_error_string((unsigned long)error));
}

/* wolfSSL's verdict on one certificate of the chain, in words. */
static void describe_error(struct jvpn_tls_session *session,
			   const struct jvpn_certificate *certificate, int depth, int error)
{
	switch (error) {
	case ASN_NO_SIGNER_E:
	case ASN_SELF_SIGNED_E:
		describe_signer(session, certificate, depth);
		break;
	case ASN_AFTER_DATE_E:
	case ASN_BEFORE_DATE_E:
		describe_date(session, certificate, error == ASN_AFTER_DATE_E);
		break;
	default:
		describe_other(session, error);
		break;
	}
}

/* The earliest end of all that were shown: no session outlives it. */
static void note_end(struct jvpn_tls_session *session, const struct jvpn_certificate *certificate)
{
	uint64_t end_s = jvpn_certificate_not_after(certificate);

	if (session->not_after_s == 0 || end_s < session->not_after_s)
		session->not_after_s = end_s;
}

/* Returns 1 to go on, 0 to refuse, as wolfSSL wants it. */
static int on_certificate(int ok, WOLFSSL_X509_STORE_CTX *store)
{
	struct jvpn_tls_session *session = store->userCtx;
	struct jvpn_certificate *certificate = NULL;
	const WOLFSSL_BUFFER_INFO *der;

	if (session == NULL || store->certs == NULL || store->error_depth < 0 ||
	    store->error_depth >= store->totalCerts)
		return 0;
	der = &store->certs[store->error_depth];
	if (jvpn_certificate_open(der->buffer, der->length, &certificate) != 0) {
		describe_other(session, ASN_PARSE_E);
		return 0;
	}
	if (!ok || store->error != 0) {
		describe_error(session, certificate, store->error_depth, store->error);
		ok = 0;
	} else if (store->error_depth == 0 &&
		   !jvpn_certificate_matches(certificate, session->name)) {
		describe_name(session, certificate);
		ok = 0;
	}
	note_end(session, certificate);
	jvpn_certificate_free(certificate);
	return ok;
}

void jvpn_tls_verify_setup(struct jvpn_tls_session *session)
{
	wolfSSL_set_verify(session->ssl, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   on_certificate);
	wolfSSL_SetCertCbCtx(session->ssl, session);
}
