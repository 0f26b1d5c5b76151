/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Test vectors of tests/golden/protocol.txt: "name = hexadecimal" or "name = text". A name that is
 * not there fails the test.
 */
#ifndef JVPN_TESTS_GOLDEN_H
#define JVPN_TESTS_GOLDEN_H

#include <stddef.h>
#include <stdint.h>

#define GOLDEN_MAX 1024

/* The text, in a static buffer that the next call overwrites. */
const char *golden_text(const char *name);
/* Decodes the hexadecimal value and returns its length; out has room for GOLDEN_MAX octets. */
size_t golden_bytes(const char *name, uint8_t *out);
/* Fails the test unless data is exactly the named value. */
void golden_check(const char *name, const void *data, size_t len);

#endif
