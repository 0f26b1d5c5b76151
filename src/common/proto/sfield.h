/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Structured field Dictionaries (RFC 9651): walks over the members of one field text. Keeps
 * nothing, copies nothing, knows no member names.
 */
#ifndef JVPN_PROTO_SFIELD_H
#define JVPN_PROTO_SFIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jvpn_sfield_kind {
	JVPN_SFIELD_NONE = 0,
	JVPN_SFIELD_INTEGER, /* 'integer' */
	JVPN_SFIELD_DECIMAL,
	JVPN_SFIELD_STRING,  /* 'text': between the quotes, escapes as they are written */
	JVPN_SFIELD_TOKEN,   /* 'text' */
	JVPN_SFIELD_BYTES,   /* 'text': base64 between the colons */
	JVPN_SFIELD_BOOLEAN, /* 'integer' 0 or 1; also a member without value */
	JVPN_SFIELD_DATE,
	JVPN_SFIELD_DISPLAY,
	JVPN_SFIELD_LIST, /* inner list; its items are checked and dropped */
	JVPN_SFIELD_COUNT
};

/* All pointers are into the text given to _init. */
struct jvpn_sfield_value {
	enum jvpn_sfield_kind kind;
	int64_t integer;
	const char *text;
	size_t len;
};

struct jvpn_sfield_member {
	const char *key;
	size_t key_len;
	struct jvpn_sfield_value value; /* parameters are checked and dropped */
};

struct jvpn_sfield_dict {
	const char *pos;
	const char *end;
	bool started;
};

void jvpn_sfield_dict_init(struct jvpn_sfield_dict *dict, const char *text, size_t len);
/* 1: *out is the next member, in the order of the text, duplicates included. 0: the end.
 * JVPN_EMALFORMED: the whole field is to be ignored (RFC 9651 section 4.2). */
int jvpn_sfield_dict_next(struct jvpn_sfield_dict *dict, struct jvpn_sfield_member *out);
bool jvpn_sfield_key_is(const struct jvpn_sfield_member *member, const char *key);
bool jvpn_sfield_text_is(const struct jvpn_sfield_value *value, const char *text);
/* Decodes a byte sequence of exactly 'len' octets. Padding may be missing (RFC 9651 section
 * 4.2.7). JVPN_EMALFORMED: another kind or length; out is zeroed then. */
int jvpn_sfield_bytes(const struct jvpn_sfield_value *value, uint8_t *out, size_t len);

/* Length of ":base64:" for len octets, without NUL. */
size_t jvpn_sfield_bytes_size(size_t len);
/* Writes ":base64:" and a NUL; out has jvpn_sfield_bytes_size(len) + 1 octets. */
void jvpn_sfield_bytes_print(const uint8_t *data, size_t len, char *out);

#endif
