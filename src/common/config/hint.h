/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The nearest known name to a mistyped one. Pure.
 */
#ifndef JVPN_CONFIG_HINT_H
#define JVPN_CONFIG_HINT_H

#include <stddef.h>

#define JVPN_HINT_TEXT_MAX 48

/* Edits (insert, delete, replace, swap of neighbours) from a to b; longer texts than
 * JVPN_HINT_TEXT_MAX count as very far. */
unsigned jvpn_hint_distance(const char *a, const char *b);
/* True when b is near enough to a to be what was meant. */
int jvpn_hint_is_near(const char *a, const char *b, unsigned distance);

#endif
