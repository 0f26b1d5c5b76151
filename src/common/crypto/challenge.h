/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * REATTACH challenges per 4-tuple without storage: the server derives them again to see for which
 * tuple one was issued (session.md, "Path change on a living connection"; docs/protocol.md).
 */
#ifndef JVPN_CRYPTO_CHALLENGE_H
#define JVPN_CRYPTO_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "crypto/secret.h"

#define JVPN_CHALLENGE_LEN         16
#define JVPN_CHALLENGE_NONCE_BYTES 16
/* One epoch; the present one and the one before it are accepted. */
#define JVPN_CHALLENGE_EPOCH_NS UINT64_C(30000000000)

/* What a challenge is bound to. */
struct jvpn_challenge_scope {
	const uint8_t *conn_nonce;     /* JVPN_CHALLENGE_NONCE_BYTES, random per connection */
	const struct sockaddr *local;  /* NULL: not bound to the local address */
	const struct sockaddr *remote; /* AF_INET or AF_INET6; port and address count */
};

/* The challenge for this tuple now. JVPN_EINVAL (family, no key), JVPN_ECRYPTO. */
int jvpn_challenge_issue(const struct jvpn_secret *key, const struct jvpn_challenge_scope *scope,
			 uint64_t now_ns, uint8_t out[JVPN_CHALLENGE_LEN]);
/* Was it issued for this tuple, in this epoch or the one before? */
bool jvpn_challenge_check(const struct jvpn_secret *key, const struct jvpn_challenge_scope *scope,
			  uint64_t now_ns, const uint8_t challenge[JVPN_CHALLENGE_LEN]);

#endif
