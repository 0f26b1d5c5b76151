/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two ngtcp2 connections back to back in memory, without HTTP/3 and without loss: enough to make
 * real TLS handshakes over QUIC. For tests only.
 */
#ifndef JVPN_TESTS_TLS_PAIR_H
#define JVPN_TESTS_TLS_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "quic/tls_internal.h"

struct tls_side {
	ngtcp2_conn *conn;
	ngtcp2_crypto_conn_ref ref;
	struct jvpn_tls_session *session;
	int error; /* of ngtcp2, the first one */
};

struct tls_pair {
	struct tls_side client, server;
	WOLFSSL *client_raw; /* instead of the client's session; NULL: none */
	uint64_t now_ns;
	unsigned datagrams;
};

/* Sets both ends up; aborts the test when that fails. */
void tls_pair_init(struct tls_pair *pair, struct jvpn_tls *client, struct jvpn_tls *server,
		   const char *server_name);
/* The same, but the server has not heard the client's first datagram. */
void tls_pair_init_deaf(struct tls_pair *pair, struct jvpn_tls *client, struct jvpn_tls *server,
			const char *server_name);
/* The client is a bare wolfSSL one that checks nothing, without ALPN; or with "h3" and a ticket
 * (NULL: none yet) that it offers. */
void tls_pair_init_raw(struct tls_pair *pair, WOLFSSL_CTX *client, struct jvpn_tls *server);
void tls_pair_init_ticket(struct tls_pair *pair, WOLFSSL_CTX *client, struct jvpn_tls *server,
			  WOLFSSL_SESSION *ticket);
/* Carries datagrams until nobody has anything to say. A side that fails sends CONNECTION_CLOSE with
 * its alert. True when both handshakes are complete and nobody failed. */
bool tls_pair_run(struct tls_pair *pair);
void tls_pair_clear(struct tls_pair *pair);
/* The transport error code that the peer of this side closed with; 0: none. */
uint64_t tls_side_peer_code(const struct tls_side *side);

#endif
