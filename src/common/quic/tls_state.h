/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What tls*.c share: the context, the session, and the peer's certificate check. Nobody else
 * includes it.
 */
#ifndef JVPN_QUIC_TLS_STATE_H
#define JVPN_QUIC_TLS_STATE_H

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "crypto/certificate.h"
#include "quic/tls_internal.h"

#define JVPN_TLS_ALPN_MAX          32
#define JVPN_TLS_TICKET_NAME_BYTES 16
#define JVPN_TLS_TICKET_KEY_BYTES  32
#define JVPN_TLS_TEXT_MAX          192 /* as in struct jvpn_close_info */

struct jvpn_tls {
	WOLFSSL_CTX *ctx;
	bool server;
	int keylog_fd; /* -1: none */
	uint8_t ticket_name[JVPN_TLS_TICKET_NAME_BYTES];
	uint8_t ticket_key[JVPN_TLS_TICKET_KEY_BYTES]; /* SECRET */
	char alpn[JVPN_TLS_ALPN_MAX];
};

struct jvpn_tls_session {
	struct jvpn_tls *tls; /* borrowed */
	WOLFSSL *ssl;
	bool complete;
	bool exporter_released;
	char name[JVPN_CERTIFICATE_NAME_MAX + 1]; /* client: whom we want to talk to */
	char sni[JVPN_CERTIFICATE_NAME_MAX + 1];  /* server: filled when asked for */
	enum jvpn_tls_failure failure;            /* the first one */
	char text[JVPN_TLS_TEXT_MAX];
};

/* Makes wolfSSL check certificates of servers and report to the session what is wrong. */
void jvpn_tls_verify_setup(struct jvpn_tls_session *session);

#endif
