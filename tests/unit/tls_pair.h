/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two ngtcp2 connections back to back in memory, without HTTP/3 and without loss: enough to make real
 * TLS handshakes over QUIC. For tests only.
 */
#ifndef JVPN_TESTS_TLS_PAIR_H
#define JVPN_TESTS_TLS_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quic/tls_internal.h"

struct tls_side {
	ngtcp2_conn *conn;
	ngtcp2_crypto_conn_ref ref;
	struct jvpn_tls_session *session;
	int error; /* of ngtcp2, the first one */
};

struct tls_pair {
	struct tls_side client, server;
	uint64_t now_ns;
	unsigned datagrams;
};

/* Sets both ends up; aborts the test when that fails. */
void tls_pair_init(struct tls_pair *pair, struct jvpn_tls *client, struct jvpn_tls *server,
		   const char *server_name);
/* Carries datagrams until nobody has anything to say. A side that fails sends CONNECTION_CLOSE with
 * its alert. True when both handshakes are complete and nobody failed. */
bool tls_pair_run(struct tls_pair *pair);
void tls_pair_clear(struct tls_pair *pair);
/* The transport error code that the peer of this side closed with; 0: none. */
uint64_t tls_side_peer_code(const struct tls_side *side);

#endif
