/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON (RFC 8259) by hand: a bounded writer with a sticky error, ASCII only. Commas between members
 * come by themselves. No allocation.
 */
#ifndef JVPN_OBS_JSON_H
#define JVPN_OBS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct jvpn_json {
	char *out; /* borrowed; no NUL is written */
	size_t size, len;
	bool full; /* something did not fit: what is in 'out' is of no use */
};

void jvpn_json_init(struct jvpn_json *j, char *out, size_t size);
/* One character as it is. */
void jvpn_json_char(struct jvpn_json *j, char c);
/* Text that is JSON already. */
void jvpn_json_raw(struct jvpn_json *j, const char *text, size_t len);
/* A string of at most max bytes. ASCII goes out as it is; what is no text becomes U+FFFD, so that
 * nothing from outside can end a string, a line, or steer a terminal. */
void jvpn_json_string(struct jvpn_json *j, const char *text, size_t max);
/* v / scale without trailing zeros: a JSON number, never through a float. */
void jvpn_json_decimal(struct jvpn_json *j, uint64_t v, uint64_t scale);
/* A comma where one belongs, the name of a member and a colon. name NULL: an element of a list. */
void jvpn_json_name(struct jvpn_json *j, const char *name);

/* Whole members (name NULL: elements). */
void jvpn_json_open(struct jvpn_json *j, const char *name, char bracket);
void jvpn_json_close(struct jvpn_json *j, char bracket);
void jvpn_json_text(struct jvpn_json *j, const char *name, const char *text);
void jvpn_json_uint(struct jvpn_json *j, const char *name, uint64_t v);
/* v parts of a whole of 'scale', as a decimal. */
void jvpn_json_part(struct jvpn_json *j, const char *name, uint64_t v, uint64_t scale);
void jvpn_json_bool(struct jvpn_json *j, const char *name, bool v);
void jvpn_json_null(struct jvpn_json *j, const char *name);
void jvpn_json_id(struct jvpn_json *j, const char *name, const struct jvpn_id *id);

#endif
