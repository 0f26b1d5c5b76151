/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bounded text for audit details and transport ids without stdio. Must not be used for anything a
 * decision hangs on.
 */
#ifndef JVPN_CORE_TEXT_H
#define JVPN_CORE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Text of at most cap - 1 characters in memory of the caller's; always NUL-terminated; what does
 * not fit is cut off. */
struct jvpn_text {
	char *at;
	size_t cap;
	size_t len;
};

void jvpn_text_init(struct jvpn_text *t, char *at, size_t cap);
void jvpn_text_add(struct jvpn_text *t, const char *s);
void jvpn_text_add_u64(struct jvpn_text *t, uint64_t v);
/* "label#n", or "label" for n = 0. */
void jvpn_text_transport_id(char *out, size_t cap, const char *label, uint32_t n);
/* Splits "label#n"; n is 0 when there is none. Returns 0 or JVPN_EMALFORMED (outputs untouched):
 * labels are [a-z0-9._-]{1,15}, n is 1..4294967295 without leading zeros. */
int jvpn_text_parse_transport_id(const char *id, char label[16], uint32_t *n);

#endif
