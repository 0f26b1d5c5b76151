/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's long-lived secrets as one set, loaded from its state directory. What each is for is
 * said here; how a file is read is keyfile's matter.
 */
#ifndef JVPN_CRYPTO_KEYRING_H
#define JVPN_CRYPTO_KEYRING_H

#include <stddef.h>

#include "crypto/secret.h"

/* Owner: the process; cleared at its end. X(field, file name, octets) */
#define JVPN_KEYRING_MAP(X)                                                                        \
	X(reset, "reset.key", JVPN_SECRET_KEY_BYTES) /* stateless reset tokens */                  \
	X(token, "token.key", JVPN_SECRET_KEY_BYTES) /* Retry and NEW_TOKEN */                     \
	X(cid, "cid.key", JVPN_SECRET_KEY_BYTES)     /* seeds hashes over connection IDs */        \
	X(challenge, "challenge.key", JVPN_SECRET_KEY_BYTES) /* REATTACH challenges */             \
	X(seal, "seal.key", JVPN_SECRET_KEY_BYTES)           /* sealed records in the store */     \
	X(ticket, "ticket.key", JVPN_SECRET_TICKET_BYTES)    /* TLS session tickets, opaque */

struct jvpn_keyring {
#define X(field, file, bytes) struct jvpn_secret field;
	JVPN_KEYRING_MAP(X)
#undef X
};

/* Loads each secret from 'dir', creating those that do not exist yet. The directory must exist and
 * not be writable by group or others. On error everything is cleared and 'error' names the file and
 * what to do. Errors of jvpn_keyfile_load(). */
int jvpn_keyring_load(const char *dir, struct jvpn_keyring *ring, char *error, size_t error_size);
void jvpn_keyring_clear(struct jvpn_keyring *ring);

#endif
