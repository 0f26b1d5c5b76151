/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A walk over one flat object without blanks, as the writer makes it.
 */
#include "obs/event_scan.h"

#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Behind the quote that ends the string which begins at p; NULL: there is none. */
static const char *end_of_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\')
			p++;
	}
	return NULL;
}

bool jvpn_event_scan(const char **at, const char *end, struct jvpn_event_item *out)
{
	const char *p = *at, *q;

	if (p >= end || (*p != '{' && *p != ',') || ++p >= end || *p != '"')
		return false;
	q = end_of_string(p, end);
	if (!q || q + 1 >= end || *q != ':')
		return false;
	out->name = p + 1;
	out->name_len = (size_t)(q - p) - 2;
	p = q + 1;
	out->is_text = *p == '"';
	if (out->is_text) {
		q = end_of_string(p, end);
		if (!q)
			return false;
		out->value = p + 1;
		out->value_len = (size_t)(q - p) - 2;
	} else {
		for (q = p; q < end && *q != ',' && *q != '}'; q++)
			;
		out->value = p;
		out->value_len = (size_t)(q - p);
	}
	*at = q;
	return true;
}

bool jvpn_event_find(const char *line, size_t len, const char *name, struct jvpn_event_item *out)
{
	const char *at = line;

	while (jvpn_event_scan(&at, line + len, out))
		if (out->name_len == strlen(name) && memcmp(out->name, name, out->name_len) == 0)
			return true;
	return false;
}

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 0;
}

/* \u00XX or \ufffd: at most 3 octets. */
static size_t take_code(const char *digits, char out[3])
{
	unsigned code = 0;

	for (unsigned i = 0; i < 4; i++)
		code = code << 4 | hex_digit(digits[i]);
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	memcpy(out, REPLACEMENT, 3);
	return 3;
}

size_t jvpn_event_unescape(const struct jvpn_event_item *item, char *out, size_t size)
{
	const char *p = item->value, *end = p + item->value_len;
	size_t len = 0;

	while (p < end) {
		char octets[3] = {*p};
		size_t n = 1;

		if (!item->is_text || *p != '\\' || p + 1 >= end) {
			p++;
		} else if (p[1] != 'u') {
			octets[0] = p[1];
			p += 2;
		} else if (end - p >= 6) {
			n = take_code(p + 2, octets);
			p += 6;
		} else {
			break;
		}
		if (n > size - len)
			break;
		memcpy(out + len, octets, n);
		len += n;
	}
	return len;
}
