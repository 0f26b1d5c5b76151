/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one type for keys and other secrets. It has no formatter and no comparison but the
 * constant-time one; whoever has one in hand clears it on every exit.
 */
#ifndef JVPN_CRYPTO_SECRET_H
#define JVPN_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_SECRET_KEY_BYTES    32 /* all keys but the ticket keys */
#define JVPN_SECRET_TICKET_BYTES 88
#define JVPN_SECRET_MAX          96

struct jvpn_secret {
	uint8_t b[JVPN_SECRET_MAX];
	uint8_t len; /* 0: none */
};

/* Copies; JVPN_EINVAL for 0 or more than JVPN_SECRET_MAX octets. */
int jvpn_secret_set(struct jvpn_secret *secret, const void *data, size_t len);
/* Random octets of jvpn_random(). JVPN_EIO, JVPN_EINVAL. */
int jvpn_secret_generate(struct jvpn_secret *secret, size_t len);
void jvpn_secret_clear(struct jvpn_secret *secret);
bool jvpn_secret_is_set(const struct jvpn_secret *secret);
bool jvpn_secret_equal(const struct jvpn_secret *a, const struct jvpn_secret *b);

#endif
