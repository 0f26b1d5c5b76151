/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Features that are not to be used although they are there: JVPN_WITHOUT in the environment, a list of
 * words (gso gro vnet tso uso aead). For drivers that promise too much, and for tests.
 */
#ifndef JVPN_BASE_WITHOUT_H
#define JVPN_BASE_WITHOUT_H

#include <stdbool.h>

/* Is this word in the list? Words are apart by anything but letters. */
bool jvpn_without(const char *feature);

#endif
