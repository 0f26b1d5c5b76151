/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Structured field Dictionaries (RFC 9651 section 4.2.2). One pass, no recursion: inner lists do
 * not nest.
 */
#include "proto/sfield.h"

#include <string.h>

#include "base/err.h"

/* RFC 9651 sections 3.3.1 and 3.3.2. */
#define INTEGER_DIGITS_MAX          15
#define DECIMAL_WHOLE_DIGITS_MAX    12
#define DECIMAL_FRACTION_DIGITS_MAX 3

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* strchr() finds the final NUL too; a NUL octet of the text must not count as found. */
static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool is_token_char(char c)
{
	return is_alpha(c) || is_digit(c) || is_one_of(c, "!#$%&'*+-.^_`|~:/");
}

/* The next character, or NUL at the end: NUL is valid nowhere in a field. */
static char peek(const struct jvpn_sfield_dict *d)
{
	return d->pos < d->end ? *d->pos : '\0';
}

static bool take(struct jvpn_sfield_dict *d, char c)
{
	if (d->pos == d->end || *d->pos != c)
		return false;
	d->pos++;
	return true;
}

static void skip(struct jvpn_sfield_dict *d, const char *set)
{
	while (is_one_of(peek(d), set))
		d->pos++;
}

static int parse_key(struct jvpn_sfield_dict *d, const char **key, size_t *len)
{
	const char *at = d->pos;

	if (!is_lower(peek(d)) && peek(d) != '*')
		return JVPN_EMALFORMED;
	while (is_lower(peek(d)) || is_digit(peek(d)) || is_one_of(peek(d), "_-.*"))
		d->pos++;
	*key = at;
	*len = (size_t)(d->pos - at);
	return 0;
}

/* Takes digits and returns how many; *v holds their value while there are at most 15. */
static size_t take_digits(struct jvpn_sfield_dict *d, int64_t *v)
{
	size_t n = 0;

	*v = 0;
	for (; is_digit(peek(d)); d->pos++, n++)
		if (n < INTEGER_DIGITS_MAX)
			*v = *v * 10 + (*d->pos - '0');
	return n;
}

static int parse_number(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	bool negative = take(d, '-');
	int64_t whole, fraction;
	size_t n = take_digits(d, &whole);

	if (n == 0 || n > INTEGER_DIGITS_MAX)
		return JVPN_EMALFORMED;
	out->kind = JVPN_SFIELD_INTEGER;
	out->integer = negative ? -whole : whole;
	if (!take(d, '.'))
		return 0;
	out->kind = JVPN_SFIELD_DECIMAL;
	if (n > DECIMAL_WHOLE_DIGITS_MAX)
		return JVPN_EMALFORMED;
	n = take_digits(d, &fraction);
	return n > 0 && n <= DECIMAL_FRACTION_DIGITS_MAX ? 0 : JVPN_EMALFORMED;
}

static int parse_string(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	out->kind = JVPN_SFIELD_STRING;
	out->text = ++d->pos;
	for (; d->pos < d->end; d->pos++) {
		if (*d->pos == '"') {
			out->len = (size_t)(d->pos++ - out->text);
			return 0;
		}
		if (*d->pos < 0x20 || *d->pos > 0x7e)
			return JVPN_EMALFORMED;
		if (*d->pos == '\\') {
			d->pos++;
			if (!is_one_of(peek(d), "\"\\"))
				return JVPN_EMALFORMED;
		}
	}
	return JVPN_EMALFORMED;
}

static int parse_token(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	out->kind = JVPN_SFIELD_TOKEN;
	out->text = d->pos;
	while (is_token_char(peek(d)))
		d->pos++;
	out->len = (size_t)(d->pos - out->text);
	return 0;
}

static int parse_bytes(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	out->kind = JVPN_SFIELD_BYTES;
	out->text = ++d->pos;
	while (is_one_of(peek(d), base64))
		d->pos++;
	out->len = (size_t)(d->pos - out->text);
	skip(d, "=");
	return take(d, ':') ? 0 : JVPN_EMALFORMED;
}

static int parse_boolean(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	d->pos++;
	if (peek(d) != '0' && peek(d) != '1')
		return JVPN_EMALFORMED;
	out->kind = JVPN_SFIELD_BOOLEAN;
	out->integer = *d->pos++ - '0';
	return 0;
}

static int parse_date(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	d->pos++;
	if (parse_number(d, out) || out->kind != JVPN_SFIELD_INTEGER)
		return JVPN_EMALFORMED;
	out->kind = JVPN_SFIELD_DATE;
	return 0;
}

static bool take_hex(struct jvpn_sfield_dict *d)
{
	for (int i = 0; i < 2; i++, d->pos++)
		if (!is_one_of(peek(d), "0123456789abcdef"))
			return false;
	return true;
}

/* No member of ours is a display string: its form is checked, its UTF-8 is not decoded. */
static int parse_display(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	d->pos++;
	if (!take(d, '"'))
		return JVPN_EMALFORMED;
	out->kind = JVPN_SFIELD_DISPLAY;
	while (d->pos < d->end) {
		char c = *d->pos++;

		if (c == '"')
			return 0;
		if (c < 0x20 || c > 0x7e || (c == '%' && !take_hex(d)))
			return JVPN_EMALFORMED;
	}
	return JVPN_EMALFORMED;
}

static int parse_bare_item(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	char c = peek(d);

	memset(out, 0, sizeof(*out));
	if (c == '-' || is_digit(c))
		return parse_number(d, out);
	if (c == '*' || is_alpha(c))
		return parse_token(d, out);
	switch (c) {
	case '"':
		return parse_string(d, out);
	case ':':
		return parse_bytes(d, out);
	case '?':
		return parse_boolean(d, out);
	case '@':
		return parse_date(d, out);
	case '%':
		return parse_display(d, out);
	default:
		return JVPN_EMALFORMED;
	}
}

static int parse_parameters(struct jvpn_sfield_dict *d)
{
	struct jvpn_sfield_value dropped;
	const char *key;
	size_t len;

	while (take(d, ';')) {
		skip(d, " ");
		if (parse_key(d, &key, &len))
			return JVPN_EMALFORMED;
		if (take(d, '=') && parse_bare_item(d, &dropped))
			return JVPN_EMALFORMED;
	}
	return 0;
}

static int parse_inner_list(struct jvpn_sfield_dict *d, struct jvpn_sfield_value *out)
{
	struct jvpn_sfield_value dropped;

	memset(out, 0, sizeof(*out));
	out->kind = JVPN_SFIELD_LIST;
	d->pos++;
	while (d->pos < d->end) {
		skip(d, " ");
		if (take(d, ')'))
			return 0;
		if (parse_bare_item(d, &dropped) || parse_parameters(d))
			return JVPN_EMALFORMED;
		if (peek(d) != ' ' && peek(d) != ')')
			return JVPN_EMALFORMED;
	}
	return JVPN_EMALFORMED;
}

static int parse_member(struct jvpn_sfield_dict *d, struct jvpn_sfield_member *out)
{
	int err = parse_key(d, &out->key, &out->key_len);

	if (err)
		return err;
	if (!take(d, '=')) {
		memset(&out->value, 0, sizeof(out->value));
		out->value.kind = JVPN_SFIELD_BOOLEAN;
		out->value.integer = 1;
	} else if (peek(d) == '(') {
		err = parse_inner_list(d, &out->value);
	} else {
		err = parse_bare_item(d, &out->value);
	}
	return err ? err : parse_parameters(d);
}

void jvpn_sfield_dict_init(struct jvpn_sfield_dict *dict, const char *text, size_t len)
{
	dict->pos = text;
	dict->end = text + len;
	dict->started = false;
	while (dict->end > dict->pos && dict->end[-1] == ' ')
		dict->end--;
	skip(dict, " ");
}

int jvpn_sfield_dict_next(struct jvpn_sfield_dict *dict, struct jvpn_sfield_member *out)
{
	int err;

	if (dict->started) {
		skip(dict, " \t");
		if (dict->pos == dict->end)
			return 0;
		if (!take(dict, ','))
			return JVPN_EMALFORMED;
		skip(dict, " \t");
	} else if (dict->pos == dict->end) {
		return 0;
	}
	dict->started = true;
	err = parse_member(dict, out);
	return err ? err : 1;
}

bool jvpn_sfield_key_is(const struct jvpn_sfield_member *member, const char *key)
{
	return member->key_len == strlen(key) && memcmp(member->key, key, member->key_len) == 0;
}

bool jvpn_sfield_text_is(const struct jvpn_sfield_value *value, const char *text)
{
	return value->text && value->len == strlen(text) &&
	       memcmp(value->text, text, value->len) == 0;
}

/* The text holds characters of the alphabet only: parse_bytes() saw to that. */
static uint32_t base64_value(char c)
{
	return (uint32_t)(strchr(base64, c) - base64);
}

int jvpn_sfield_bytes(const struct jvpn_sfield_value *value, uint8_t *out, size_t len)
{
	uint32_t bits = 0;
	unsigned int have = 0;
	size_t n = 0;

	memset(out, 0, len);
	if (value->kind != JVPN_SFIELD_BYTES || value->len != (len * 4 + 2) / 3)
		return JVPN_EMALFORMED;
	for (size_t i = 0; i < value->len; i++) {
		bits = (bits << 6 | base64_value(value->text[i])) & 0xffffU;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (uint8_t)(bits >> have);
	}
	return 0;
}

size_t jvpn_sfield_bytes_size(size_t len)
{
	return (len + 2) / 3 * 4 + 2;
}

void jvpn_sfield_bytes_print(const uint8_t *data, size_t len, char *out)
{
	*out++ = ':';
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)data[i + 1] << 8;
		if (i + 2 < len)
			v |= data[i + 2];
		*out++ = base64[v >> 18 & 63];
		*out++ = base64[v >> 12 & 63];
		*out++ = i + 1 < len ? base64[v >> 6 & 63] : '=';
		*out++ = i + 2 < len ? base64[v & 63] : '=';
	}
	*out++ = ':';
	*out = '\0';
}
