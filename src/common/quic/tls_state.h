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
#include "crypto/hash.h"
#include "quic/tls_internal.h"

#define JVPN_TLS_ALPN_MAX          32
#define JVPN_TLS_TICKET_NAME_BYTES 16
#define JVPN_TLS_TICKET_KEY_BYTES  32
#define JVPN_TLS_TEXT_MAX          192 /* as in struct jvpn_close_info */
#define JVPN_TLS_RESUMPTIONS       4
#define JVPN_TLS_RESUMPTION_MAX    1992 /* a session as wolfSSL writes it; 400 octets or so */

/* Enough for a session ID and 25 cipher suites. */
#define JVPN_TLS_HELLO_BYTES 128

/* Client: the newest session of one server. SECRET. */
struct jvpn_tls_resumption {
	char name[JVPN_CERTIFICATE_NAME_MAX + 1];
	uint8_t data[JVPN_TLS_RESUMPTION_MAX];
	size_t len;           /* 0: none */
	uint64_t number;      /* which ticket of this process it is */
	uint32_t chain;       /* resumptions since the certificate was shown, this one included */
	uint64_t verified_s;  /* when the server last showed its certificate */
	uint64_t not_after_s; /* the earliest notAfter of the certificates that it showed */
};

struct jvpn_tls {
	WOLFSSL_CTX *ctx;
	bool server;
	int keylog_fd; /* -1: none */
	uint8_t ticket_name[JVPN_TLS_TICKET_NAME_BYTES];
	uint8_t ticket_key[JVPN_TLS_TICKET_KEY_BYTES]; /* SECRET */
	char alpn[JVPN_TLS_ALPN_MAX];
	/* Client: */
	uint64_t wall_s; /* the wall clock as last told */
	uint8_t ca_digest[JVPN_SHA256_BYTES];
	struct jvpn_tls_resumption resumption[JVPN_TLS_RESUMPTIONS];
	uint64_t resumption_count;
};

struct jvpn_tls_session {
	struct jvpn_tls *tls; /* borrowed */
	WOLFSSL *ssl;
	bool complete;
	bool exporter_released;
	uint8_t hello[JVPN_TLS_HELLO_BYTES]; /* server: how the ClientHello begins */
	size_t hello_len;
	bool offered; /* client: a session was offered, and when that one ... */
	uint64_t offered_verified_s, offered_not_after_s;
	uint32_t offered_chain;
	uint32_t chain; /* of the tickets that this connection brings */
	/* Client: when the server's certificate was checked, and the earliest end of its chain. */
	uint64_t verified_s, not_after_s;
	char name[JVPN_CERTIFICATE_NAME_MAX + 1]; /* client: whom we want to talk to */
	char sni[JVPN_CERTIFICATE_NAME_MAX + 1];  /* server: filled when asked for */
	enum jvpn_tls_failure failure;            /* the first one */
	char text[JVPN_TLS_TEXT_MAX];
};

/* Makes wolfSSL check certificates of servers and report to the session what is wrong. */
void jvpn_tls_verify_setup(struct jvpn_tls_session *session);

/* tls_resume.c, client */
void jvpn_tls_resume_setup(struct jvpn_tls *tls);
/* Offers the newest session of this name when there is a good one. JVPN_ETLS. */
int jvpn_tls_resume_offer(struct jvpn_tls_session *session);
/* The handshake is complete. */
void jvpn_tls_resume_settle(struct jvpn_tls_session *session);

#endif
