/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this processor computes by itself, as far as ciphers care.
 */
#ifndef JVPN_CRYPTO_CPU_H
#define JVPN_CRYPTO_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* AES and the multiplication of GCM in hardware: AES-GCM is quicker than ChaCha20-Poly1305 then, and
 * takes the same time whatever the data. */
bool jvpn_cpu_has_aes(void);
/* "x86-64, AES-NI, AVX2", "aarch64, no AES". */
void jvpn_cpu_describe(char *out, size_t size);

#endif
