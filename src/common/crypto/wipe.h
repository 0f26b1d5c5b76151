/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Forgetting: overwrites memory in a way the compiler may not remove.
 */
#ifndef JVPN_CRYPTO_WIPE_H
#define JVPN_CRYPTO_WIPE_H

#include <stddef.h>

/* NULL with length 0 is legal. */
void jvpn_wipe(void *p, size_t len);

#endif
