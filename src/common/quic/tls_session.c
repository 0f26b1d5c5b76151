/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One connection's WOLFSSL object. Drives no handshake: ngtcp2's crypto callbacks do.
 */
#include "quic/tls_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "base/err.h"
#include "crypto/wipe.h"

/* quic_transport_parameters (RFC 9001 section 8.2) */
#define QUIC_TRANSPORT_PARAMETERS 0x39
/* TLS alerts of RFC 8446 section 6 that get words of their own. */
#define ALERT_HANDSHAKE_FAILURE    40
#define ALERT_BAD_CERTIFICATE      42
#define ALERT_CERTIFICATE_EXPIRED  45
#define ALERT_UNKNOWN_CA           48
#define ALERT_PROTOCOL_VERSION     70
#define ALERT_CERTIFICATE_REQUIRED 116
/* RFC 9001 section 4.8: CRYPTO_ERROR is 0x0100 + alert. */
#define QUIC_CRYPTO_ERROR 0x0100

static int setup_client(struct jvpn_tls_session *session, const char *server_name)
{
	size_t len = server_name != NULL ? strlen(server_name) : 0;

	if (server_name == NULL || !jvpn_certificate_name_is_valid(server_name))
		return JVPN_EINVAL;
	memcpy(session->name, server_name, len + 1);
	if (!jvpn_certificate_name_is_address(server_name) &&
	    wolfSSL_UseSNI(session->ssl, WOLFSSL_SNI_HOST_NAME, server_name, (word16)len) !=
		    WOLFSSL_SUCCESS)
		return JVPN_ETLS;
	jvpn_tls_verify_setup(session);
	wolfSSL_set_connect_state(session->ssl);
	return jvpn_tls_resume_offer(session);
}

static int setup(struct jvpn_tls_session *session, const char *server_name)
{
	char *alpn = session->tls->alpn;

	wolfSSL_set_quic_transport_version(session->ssl, QUIC_TRANSPORT_PARAMETERS);
	wolfSSL_KeepArrays(session->ssl); /* the exporter's secret, see _release_exporter */
	if (wolfSSL_UseALPN(session->ssl, alpn, (unsigned int)strlen(alpn),
			    WOLFSSL_ALPN_FAILED_ON_MISMATCH) != WOLFSSL_SUCCESS)
		return JVPN_ETLS;
	if (!session->tls->server)
		return setup_client(session, server_name);
	wolfSSL_set_accept_state(session->ssl);
	return 0;
}

int jvpn_tls_session_new(struct jvpn_tls *tls, const char *server_name,
			 ngtcp2_crypto_conn_ref *conn_ref, struct jvpn_tls_session **out)
{
	struct jvpn_tls_session *session = calloc(1, sizeof(*session));
	int err;

	if (session == NULL)
		return JVPN_ENOMEM;
	session->tls = tls;
	session->ssl = wolfSSL_new(tls->ctx);
	if (session->ssl == NULL) {
		free(session);
		return JVPN_ENOMEM;
	}
	wolfSSL_set_app_data(session->ssl, conn_ref);
	err = setup(session, server_name);
	if (err != 0) {
		jvpn_tls_session_free(session);
		return err;
	}
	*out = session;
	return 0;
}

void jvpn_tls_session_free(struct jvpn_tls_session *session)
{
	if (session == NULL)
		return;
	wolfSSL_free(session->ssl);
	free(session);
}

void *jvpn_tls_session_native(struct jvpn_tls_session *session)
{
	return session->ssl;
}

void jvpn_tls_session_on_hello(struct jvpn_tls_session *session, uint64_t offset,
			       const uint8_t *data, size_t len)
{
	size_t room = sizeof(session->hello) - session->hello_len;

	if (offset != session->hello_len || room == 0)
		return;
	memcpy(session->hello + session->hello_len, data, len < room ? len : room);
	session->hello_len += len < room ? len : room;
	/* wolfSSL then takes the first suite of the client's list that is in ours, too. */
	if (jvpn_cipher_prefers_chacha20(session->hello, session->hello_len))
		(void)wolfSSL_UseClientSuites(session->ssl);
}

int jvpn_tls_session_export(struct jvpn_tls_session *session, const char *label,
			    const uint8_t *context, size_t context_len, uint8_t *out,
			    size_t out_len)
{
	if (session->exporter_released)
		return JVPN_ECLOSED;
	if (!session->complete && wolfSSL_is_init_finished(session->ssl) != 1)
		return JVPN_EAGAIN;
	/* In TLS 1.3 no context and the empty context are the same (RFC 8446 section 7.5). */
	if (wolfSSL_export_keying_material(session->ssl, out, out_len, label, strlen(label),
					   context, context_len,
					   context_len != 0) != WOLFSSL_SUCCESS) {
		jvpn_wipe(out, out_len);
		return JVPN_ETLS;
	}
	return 0;
}

void jvpn_tls_session_release_exporter(struct jvpn_tls_session *session)
{
	session->exporter_released = true;
	wolfSSL_FreeArrays(session->ssl);
}

int jvpn_tls_session_on_complete(struct jvpn_tls_session *session)
{
	const char *alpn = session->tls->alpn;
	const unsigned char *chosen = NULL;
	unsigned int len = 0;

	wolfSSL_get0_alpn_selected(session->ssl, &chosen, &len);
	if (chosen == NULL || len != strlen(alpn) || memcmp(chosen, alpn, len) != 0) {
		session->failure = JVPN_TLS_ALPN;
		snprintf(session->text, sizeof(session->text),
			 "the peer did not negotiate the application protocol \"%s\"", alpn);
		return JVPN_ETLS;
	}
	session->complete = true;
	jvpn_tls_resume_settle(session);
	return 0;
}

bool jvpn_tls_session_is_complete(const struct jvpn_tls_session *session)
{
	return session->complete;
}

const char *jvpn_tls_session_cipher(struct jvpn_tls_session *session)
{
	const char *name = wolfSSL_get_cipher_name(session->ssl);

	/* wolfSSL has names of its own ("TLS13-AES128-GCM-SHA256") and the IANA ones. */
	if (name == NULL || strcmp(name, "None") == 0)
		return "";
	name = wolfSSL_CIPHER_get_name(wolfSSL_get_current_cipher(session->ssl));
	return name != NULL ? name : "";
}

const char *jvpn_tls_session_group(struct jvpn_tls_session *session)
{
	const char *name = wolfSSL_get_curve_name(session->ssl);

	if (name == NULL)
		return "";
	return strcmp(name, "SECP256R1") == 0 ? "P-256" : name;
}

const char *jvpn_tls_session_sni(struct jvpn_tls_session *session)
{
	void *name = NULL;
	size_t len = wolfSSL_SNI_GetRequest(session->ssl, WOLFSSL_SNI_HOST_NAME, &name);

	session->sni[0] = '\0';
	if (name == NULL || len == 0 || len >= sizeof(session->sni))
		return session->sni;
	memcpy(session->sni, name, len);
	session->sni[len] = '\0';
	if (strlen(session->sni) != len || !jvpn_certificate_name_is_valid(session->sni))
		session->sni[0] = '\0';
	return session->sni;
}

bool jvpn_tls_session_is_resumed(struct jvpn_tls_session *session)
{
	return wolfSSL_session_reused(session->ssl) == 1;
}

/* wolfSSL's error of a failed handshake that had nothing to do with a certificate. */
static enum jvpn_tls_failure classify(int error)
{
	switch (error) {
	case UNKNOWN_ALPN_PROTOCOL_NAME_E:
	case WOLFSSL_ALPN_NOT_FOUND:
		return JVPN_TLS_ALPN;
	case VERSION_ERROR:
		return JVPN_TLS_VERSION;
	case MATCH_SUITE_ERROR:
	case UNSUPPORTED_SUITE:
	case BAD_KEY_SHARE_DATA:
	case KEY_SHARE_ERROR:
	case INVALID_PARAMETER:
		return JVPN_TLS_PARAMETERS;
	default:
		return JVPN_TLS_OTHER;
	}
}

static void describe(struct jvpn_tls_session *session, int error)
{
	const char *who = session->tls->server ? "client" : "server";
	char *text = session->text;
	size_t size = sizeof(session->text);

	if (session->failure == JVPN_TLS_ALPN)
		snprintf(text, size, "the %s does not speak \"%s\" (ALPN)", who,
			 session->tls->alpn);
	else if (session->failure == JVPN_TLS_VERSION)
		snprintf(text, size, "the %s does not speak TLS 1.3", who);
	else if (session->failure == JVPN_TLS_PARAMETERS)
		snprintf(text, size,
			 "no cipher suite or key agreement in common with the %s: %.80s", who,
			 wolfSSL_ERR_reason_error_string((unsigned long)error));
	else
		snprintf(text, size, "TLS handshake with the %s failed: %.100s", who,
			 wolfSSL_ERR_reason_error_string((unsigned long)error));
}

enum jvpn_tls_failure jvpn_tls_session_describe(struct jvpn_tls_session *session, char *text,
						size_t text_size)
{
	int error = wolfSSL_get_error(session->ssl, WOLFSSL_FATAL_ERROR);

	/* There is no socket: wolfSSL hides "no suite in common" behind this one. */
	if (error == WOLFSSL_ERROR_SYSCALL)
		error = MATCH_SUITE_ERROR;
	if (session->failure == JVPN_TLS_OK && !session->complete && error != 0 &&
	    error != WOLFSSL_ERROR_WANT_READ && error != WOLFSSL_ERROR_WANT_WRITE) {
		session->failure = classify(error);
		describe(session, error);
	}
	if (session->failure != JVPN_TLS_OK)
		jvpn_tls_session_distrust(session);
	snprintf(text, text_size, "%s", session->text);
	return session->failure;
}

/* What an alert of the peer means for whoever reads the message. */
static enum jvpn_tls_failure alert_meaning(unsigned alert, const char **meaning)
{
	switch (alert) {
	case JVPN_TLS_ALERT_NO_ALPN:
		*meaning = "it does not speak \"h3\" (ALPN)";
		return JVPN_TLS_ALPN;
	case ALERT_PROTOCOL_VERSION:
		*meaning = "it does not speak TLS 1.3";
		return JVPN_TLS_VERSION;
	case ALERT_HANDSHAKE_FAILURE:
		*meaning = "no cipher suite or key agreement in common";
		return JVPN_TLS_PARAMETERS;
	case ALERT_BAD_CERTIFICATE:
	case ALERT_CERTIFICATE_EXPIRED:
	case ALERT_UNKNOWN_CA:
		*meaning = "it did not accept our certificate";
		return JVPN_TLS_PEER_ALERT;
	case ALERT_CERTIFICATE_REQUIRED:
		*meaning = "it wants a client certificate";
		return JVPN_TLS_PEER_ALERT;
	default:
		*meaning = NULL;
		return JVPN_TLS_PEER_ALERT;
	}
}

enum jvpn_tls_failure jvpn_tls_describe_peer_alert(uint64_t quic_code, char *text, size_t text_size)
{
	enum jvpn_tls_failure failure;
	const char *meaning, *name;
	unsigned alert;

	snprintf(text, text_size, "%s", "");
	if (quic_code < QUIC_CRYPTO_ERROR || quic_code > QUIC_CRYPTO_ERROR + 0xff)
		return JVPN_TLS_OK;
	alert = (unsigned)(quic_code - QUIC_CRYPTO_ERROR);
	failure = alert_meaning(alert, &meaning);
	name = wolfSSL_alert_desc_string_long((int)alert);
	if (meaning != NULL)
		snprintf(text, text_size, "the peer refused the handshake: %s", meaning);
	else
		snprintf(text, text_size, "the peer refused the handshake with TLS alert %u (%s)",
			 alert, name != NULL ? name : "unknown");
	return failure;
}
