/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The JSON writer. Knows no events and no answers.
 */
#include "obs/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void jvpn_json_init(struct jvpn_json *j, char *out, size_t size)
{
	*j = (struct jvpn_json){.out = out, .size = size};
}

void jvpn_json_char(struct jvpn_json *j, char c)
{
	if (j->len + 1 > j->size)
		j->full = true;
	else
		j->out[j->len++] = c;
}

void jvpn_json_raw(struct jvpn_json *j, const char *text, size_t len)
{
	if (len > j->size - j->len) {
		j->full = true;
		return;
	}
	memcpy(j->out + j->len, text, len);
	j->len += len;
}

static void put_escape(struct jvpn_json *j, unsigned code)
{
	char text[8];

	snprintf(text, sizeof(text), "\\u%04x", code & 0xffffU);
	jvpn_json_raw(j, text, 6);
}

void jvpn_json_string(struct jvpn_json *j, const char *text, size_t max)
{
	jvpn_json_char(j, '"');
	for (size_t i = 0; i < max && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			jvpn_json_char(j, '\\');
			jvpn_json_char(j, (char)c);
		} else if (c >= ' ' && c < 0x7f) {
			jvpn_json_char(j, (char)c);
		} else {
			put_escape(j, c < 0x80 ? c : 0xfffdU);
		}
	}
	jvpn_json_char(j, '"');
}

static void put_uint(struct jvpn_json *j, uint64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, v);

	jvpn_json_raw(j, text, (size_t)n);
}

void jvpn_json_decimal(struct jvpn_json *j, uint64_t v, uint64_t scale)
{
	uint64_t fraction = v % scale;

	put_uint(j, v / scale);
	if (!fraction)
		return;
	jvpn_json_char(j, '.');
	for (; fraction; fraction = fraction * 10 % scale)
		jvpn_json_char(j, (char)('0' + fraction * 10 / scale));
}

void jvpn_json_name(struct jvpn_json *j, const char *name)
{
	char before = j->len ? j->out[j->len - 1] : '{';

	if (before != '{' && before != '[' && before != ':')
		jvpn_json_char(j, ',');
	if (!name)
		return;
	jvpn_json_string(j, name, SIZE_MAX);
	jvpn_json_char(j, ':');
}

void jvpn_json_open(struct jvpn_json *j, const char *name, char bracket)
{
	jvpn_json_name(j, name);
	jvpn_json_char(j, bracket);
}

void jvpn_json_close(struct jvpn_json *j, char bracket)
{
	jvpn_json_char(j, bracket);
}

void jvpn_json_text(struct jvpn_json *j, const char *name, const char *text)
{
	jvpn_json_name(j, name);
	jvpn_json_string(j, text, SIZE_MAX);
}

void jvpn_json_uint(struct jvpn_json *j, const char *name, uint64_t v)
{
	jvpn_json_part(j, name, v, 1);
}

void jvpn_json_part(struct jvpn_json *j, const char *name, uint64_t v, uint64_t scale)
{
	jvpn_json_name(j, name);
	jvpn_json_decimal(j, v, scale);
}

void jvpn_json_bool(struct jvpn_json *j, const char *name, bool v)
{
	jvpn_json_name(j, name);
	jvpn_json_raw(j, v ? "true" : "false", v ? 4 : 5);
}

void jvpn_json_null(struct jvpn_json *j, const char *name)
{
	jvpn_json_name(j, name);
	jvpn_json_raw(j, "null", 4);
}

void jvpn_json_id(struct jvpn_json *j, const char *name, const struct jvpn_id *id)
{
	char text[JVPN_ID_HEX_LEN + 1];

	jvpn_id_format(id, text);
	jvpn_json_text(j, name, text);
}
