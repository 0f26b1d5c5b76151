/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Constant-time comparison. Time depends on the length only, never on the content.
 */
#ifndef JVPN_CRYPTO_CT_H
#define JVPN_CRYPTO_CT_H

#include <stdbool.h>
#include <stddef.h>

bool jvpn_ct_equal(const void *a, const void *b, size_t len);
bool jvpn_ct_is_zero(const void *p, size_t len);

#endif
