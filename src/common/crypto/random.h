/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random octets of the kernel (getrandom(2)). The only source of randomness in the project.
 */
#ifndef JVPN_CRYPTO_RANDOM_H
#define JVPN_CRYPTO_RANDOM_H

#include <stddef.h>

/* Fills the buffer; JVPN_EIO (buffer zeroed) when the kernel gives nothing: do not go on. */
int jvpn_random(void *out, size_t len);

#endif
