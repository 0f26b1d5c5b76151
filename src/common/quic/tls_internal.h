/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TLS of one QUIC connection: for conn.c only. Must not be included outside quic/.
 *
 * Order of use: _session_new (with the connection's ngtcp2_crypto_conn_ref) ->
 * ngtcp2_conn_set_tls_native_handle(conn, _session_native()) -> ngtcp2's own crypto callbacks
 * (ngtcp2_crypto_client_initial_cb, _recv_crypto_data_cb, ...) do the rest. When
 * ngtcp2_conn_read_pkt/_writev fails with NGTCP2_ERR_CRYPTO or NGTCP2_ERR_CALLBACK_FAILURE:
 * _session_describe(). Set ngtcp2_ccerr with
 * ngtcp2_ccerr_set_tls_alert(ngtcp2_conn_get_tls_alert()). When the peer closes with a crypto
 * error: jvpn_tls_describe_peer_alert().
 */
#ifndef JVPN_QUIC_TLS_INTERNAL_H
#define JVPN_QUIC_TLS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ngtcp2/ngtcp2_crypto.h>

#include "quic/tls.h"

struct jvpn_tls_session; /* Owner: its connection; freed after ngtcp2_conn_del */

/* server_name: client only (NULL on a server): a DNS name or the text of an IP address ("::1",
 * no brackets). It is checked against the certificate's subjectAltName and, when it is a DNS
 * name, goes into SNI (RFC 6066 allows no addresses there). conn_ref is borrowed and must live
 * as long as the session: it becomes the WOLFSSL app data as ngtcp2_crypto needs it. JVPN_EINVAL
 * (server_name missing, malformed, longer than 253), JVPN_ENOMEM, JVPN_ETLS. */
int jvpn_tls_session_new(struct jvpn_tls *tls, const char *server_name,
			 ngtcp2_crypto_conn_ref *conn_ref, struct jvpn_tls_session **out);
void jvpn_tls_session_free(struct jvpn_tls_session *session);
/* The WOLFSSL object, for ngtcp2_conn_set_tls_native_handle. Borrowed. */
void *jvpn_tls_session_native(struct jvpn_tls_session *session);

/* Server: octets that came at the Initial level, in their order, before wolfSSL gets them: the first ones
 * are those of the ClientHello, in pieces as the client likes, whose preference decides between AES-GCM
 * and ChaCha20-Poly1305. */
void jvpn_tls_session_on_hello(struct jvpn_tls_session *session, uint64_t offset,
			       const uint8_t *data, size_t len);

/* RFC 8446 section 7.5. context NULL and context_len 0: the empty context. Both ends get the same
 * bytes. JVPN_EAGAIN before the handshake is complete; JVPN_ECLOSED after _release_exporter. */
int jvpn_tls_session_export(struct jvpn_tls_session *session, const char *label,
			    const uint8_t *context, size_t context_len, uint8_t *out,
			    size_t out_len);
/* No further _export: gives back the handshake secrets that wolfSSL keeps for it (KeepArrays). */
void jvpn_tls_session_release_exporter(struct jvpn_tls_session *session);

/* Call it in ngtcp2's handshake_completed callback. JVPN_ETLS when the peer negotiated no "h3"
 * at all (RFC 9001 section 8.1: wolfSSL does not insist): set alert JVPN_TLS_ALERT_NO_ALPN with
 * ngtcp2_conn_set_tls_alert() and return NGTCP2_ERR_CALLBACK_FAILURE. */
int jvpn_tls_session_on_complete(struct jvpn_tls_session *session);
#define JVPN_TLS_ALERT_NO_ALPN 120 /* no_application_protocol (RFC 7301) */
/* The TLS handshake is complete on this side (not: confirmed). */
bool jvpn_tls_session_is_complete(const struct jvpn_tls_session *session);
/* "TLS_AES_128_GCM_SHA256"; "" before the handshake got so far. Static or session-owned. */
const char *jvpn_tls_session_cipher(struct jvpn_tls_session *session);
/* "X25519MLKEM768", "X25519", "P-256"; "" before. */
const char *jvpn_tls_session_group(struct jvpn_tls_session *session);
/* Server: the client's SNI, "" without one. Checked to be visible ASCII. */
const char *jvpn_tls_session_sni(struct jvpn_tls_session *session);
/* A ticket was used (no certificate in this handshake). */
bool jvpn_tls_session_is_resumed(struct jvpn_tls_session *session);

/* Client: the peer refused a handshake in which a saved session was offered: it is not offered again. */
void jvpn_tls_session_distrust(struct jvpn_tls_session *session);

/* Why the handshake failed, after ngtcp2 said NGTCP2_ERR_CRYPTO: class and one sentence, for
 * jvpn_close_info. JVPN_TLS_OK and "" when TLS saw no error. */
enum jvpn_tls_failure jvpn_tls_session_describe(struct jvpn_tls_session *session, char *text,
						size_t text_size);

#endif
