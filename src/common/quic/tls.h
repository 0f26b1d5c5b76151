/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TLS 1.3 for QUIC (RFC 8446, RFC 9001) over wolfSSL: contexts, and why a handshake failed, in
 * words. No wolfSSL or ngtcp2 types here, so that runtime can make contexts; what one connection
 * needs is in tls_internal.h. Reads no clock; wolfSSL does when it checks a peer's dates.
 *
 * Fixed here, not configurable: TLS 1.3 only; ALPN "h3"; key agreement X25519MLKEM768, X25519,
 * P-256 in this order; no 0-RTT (wire.md: a replayable REATTACH would be worthless). Cipher suites:
 * cipher.h.
 */
#ifndef JVPN_QUIC_TLS_H
#define JVPN_QUIC_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quic/cipher.h"

/* As long as wolfSSL's own blob of ticket keys, which is not used (tls_ticket.c says why). */
#define JVPN_TLS_TICKET_KEYS_BYTES 88

/* How long after the check of a certificate sessions are resumed without another one. */
#define JVPN_TLS_RESUME_MAX_S 86400ULL
/* A session as octets, at most. */
#define JVPN_TLS_RESUME_BYTES_MAX 2048

struct jvpn_tls; /* a context. Owner: whoever called jvpn_tls_new; outlives its connections */

/* Why a handshake failed, as the local side sees it. */
enum jvpn_tls_failure {
	JVPN_TLS_OK = 0,
	/* The peer's certificate: jvpn_close_info.kind = JVPN_CLOSE_CERTIFICATE. */
	JVPN_TLS_UNKNOWN_CA,      /* signed by somebody who is no configured CA */
	JVPN_TLS_SELF_SIGNED,     /* signed by itself, and not a configured CA */
	JVPN_TLS_WRONG_NAME,      /* valid, but for other names */
	JVPN_TLS_EXPIRED,         /* notAfter has passed by the local clock */
	JVPN_TLS_NOT_YET_VALID,   /* notBefore is still to come by the local clock */
	JVPN_TLS_BAD_CERTIFICATE, /* malformed, bad signature, not for servers ... */
	/* Everything else: jvpn_close_info.kind = JVPN_CLOSE_TLS. */
	JVPN_TLS_ALPN,       /* no common application protocol */
	JVPN_TLS_VERSION,    /* the peer does not speak TLS 1.3 */
	JVPN_TLS_PARAMETERS, /* no common cipher suite or key agreement */
	JVPN_TLS_PEER_ALERT, /* the peer refused; the text names its alert */
	JVPN_TLS_OTHER,
	JVPN_TLS_FAILURE_COUNT
};

/* Is it about the peer's certificate (JVPN_CLOSE_CERTIFICATE) or not (JVPN_CLOSE_TLS)? */
bool jvpn_tls_failure_is_certificate(enum jvpn_tls_failure failure);
/* Stable lower_snake name for logs and tests ("wrong_name"). */
const char *jvpn_tls_failure_name(enum jvpn_tls_failure failure);

struct jvpn_tls_config {
	bool server;
	/* Server: PEM, leaf first, then intermediates; and its key (PKCS#8 or SEC1 PEM, no
	 * password), a file that only its owner may read. Client: NULL. */
	const char *certificate_file;
	const char *key_file;
	/* Client: the only CAs that are trusted (system CAs are not): a PEM file, or the PEM
	 * itself. One of the two. Server: NULL. */
	const char *ca_file;
	const char *ca_pem;
	/* Debug builds only (JVPN_DEBUG): NSS key log lines are appended here (created 0600), for
	 * tshark. NULL: none. A release build refuses a path with JVPN_EUNSUPPORTED. */
	const char *keylog_file;
	enum jvpn_cipher cipher;
	bool no_aes; /* for tests: as if the processor had none */
	/* NULL: "h3". Anything else is for tests of refused protocols. */
	const char *alpn;
	/* Wall clock, seconds since 1970: the server refuses to start before its certificate's
	 * notBefore or after its notAfter, and the client with a CA outside its dates. */
	uint64_t wall_s;
};

/* JVPN_EPERM (a file may not be read, or a key that others may read), JVPN_ERANGE (the clock is
 * outside the certificate's dates), JVPN_ECONFIG (a file is missing, malformed, or key and
 * certificate do not belong together), JVPN_EUNSUPPORTED (keylog_file in a release build),
 * JVPN_EINVAL, JVPN_ENOMEM, JVPN_ETLS. On error 'error' has one sentence with the file names and
 * what to do. Copies what it needs from config. */
int jvpn_tls_new(const struct jvpn_tls_config *config, struct jvpn_tls **out, char *error,
		 size_t error_size);
/* NULL is fine. No session of it may be alive. */
void jvpn_tls_free(struct jvpn_tls *tls);

/* Server: session tickets that outlive the process, and hold on every node that has the same secret
 * (88 random octets). Without it tickets end with the process. Resumption saves a signature and its
 * check; it never carries early data, and always a fresh key agreement. JVPN_EINVAL on a client or
 * for a secret of zeros, JVPN_ECRYPTO. Before the first session. */
int jvpn_tls_set_ticket_keys(struct jvpn_tls *tls, const uint8_t keys[JVPN_TLS_TICKET_KEYS_BYTES]);

/* Client: the newest session of each server name is kept in memory and offered in the next handshake
 * with it; a server that does not take it makes a full handshake. What follows is for whoever keeps it
 * on disk, too. The octets are SECRET: they hold a key that stands for the server's certificate.
 *
 * The wall clock, when it is known better than from the config. */
void jvpn_tls_set_wall(struct jvpn_tls *tls, uint64_t wall_s);
/* The next handshake with this name is a full one. */
void jvpn_tls_resume_forget(struct jvpn_tls *tls, const char *server_name);
/* Changes whenever there is a newer session of this name; 0: there is none. */
uint64_t jvpn_tls_resume_number(const struct jvpn_tls *tls, const char *server_name);
/* JVPN_ENOTFOUND when there is none; JVPN_ECRYPTO. */
int jvpn_tls_resume_export(const struct jvpn_tls *tls, const char *server_name,
			   uint8_t out[JVPN_TLS_RESUME_BYTES_MAX], size_t *len);
/* Takes back what _export gave, in another process. JVPN_EMALFORMED; JVPN_ENOTFOUND (of another
 * server name or another CA); JVPN_ERANGE (too old, or a certificate ended); JVPN_EINVAL. None of them
 * is worth more than a debug line: the handshake is a full one then. */
int jvpn_tls_resume_import(struct jvpn_tls *tls, const char *server_name, const void *data,
			   size_t len);

/* The text for a CONNECTION_CLOSE of the peer with a QUIC crypto error (RFC 9001 section 4.8,
 * 0x0100..0x01ff, transport space): which alert, and what that means for whoever reads it. Returns
 * the failure class; JVPN_TLS_OK (text "") when 'quic_code' is no crypto error. */
enum jvpn_tls_failure jvpn_tls_describe_peer_alert(uint64_t quic_code, char *text,
						   size_t text_size);

#endif
