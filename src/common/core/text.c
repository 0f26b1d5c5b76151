/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text builder of text.h. Must not write past what it was given.
 */
#include "core/text.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "core/msg.h"
#include "core/prelude.h"

void jvpn_text_init(struct jvpn_text *t, char *at, size_t cap)
{
	t->at = at;
	t->cap = cap;
	t->len = 0;
	/* All of it: texts are copied as arrays, and the same events must give the same octets. */
	memset(at, 0, cap);
}

void jvpn_text_add(struct jvpn_text *t, const char *s)
{
	while (*s != '\0' && t->len + 1 < t->cap)
		t->at[t->len++] = *s++;
	t->at[t->len] = '\0';
}

void jvpn_text_add_u64(struct jvpn_text *t, uint64_t v)
{
	char digits[21];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	jvpn_text_add(t, &digits[i]);
}

void jvpn_text_transport_id(char *out, size_t cap, const char *label, uint32_t n)
{
	struct jvpn_text t;

	jvpn_text_init(&t, out, cap);
	jvpn_text_add(&t, label);
	if (n != 0) {
		jvpn_text_add(&t, "#");
		jvpn_text_add_u64(&t, n);
	}
}

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static int parse_number(const char *s, uint32_t *n)
{
	uint64_t v = 0;

	if (*s < '1' || *s > '9')
		return JVPN_EMALFORMED;
	for (; *s >= '0' && *s <= '9' && v <= UINT32_MAX; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	if (*s != '\0' || v > UINT32_MAX)
		return JVPN_EMALFORMED;
	*n = (uint32_t)v;
	return 0;
}

int jvpn_text_parse_transport_id(const char *id, char label[JVPN_LABEL_MAX + 1], uint32_t *n)
{
	uint32_t number = 0;
	size_t len = 0;

	while (len <= JVPN_LABEL_MAX && is_label_char(id[len]))
		len++;
	if (len == 0 || len > JVPN_LABEL_MAX)
		return JVPN_EMALFORMED;
	if (id[len] != '\0' && (id[len] != '#' || parse_number(id + len + 1, &number) != 0))
		return JVPN_EMALFORMED;
	memset(label, 0, JVPN_LABEL_MAX + 1);
	memcpy(label, id, len);
	*n = number;
	return 0;
}
