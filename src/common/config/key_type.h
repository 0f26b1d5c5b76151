/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the schema knows about each type of key: how to read, describe and write one scalar.
 * Private to config/.
 */
#ifndef JVPN_CONFIG_KEY_TYPE_H
#define JVPN_CONFIG_KEY_TYPE_H

#include "config/schema.h"

struct jvpn_key_type_info {
	bool bare_only; /* quotes make it a string, which this type is not */
	bool is_list;
	/* Text to *out (one item of a list). Returns as the functions of value.h do. */
	int (*parse)(const struct jvpn_key *key, const char *file, const char *text, void *out);
	/* "integer 1..120" */
	void (*describe)(const struct jvpn_key *key, char *out, size_t size);
	/* One item as YAML. */
	void (*print)(const struct jvpn_key *key, const void *item, FILE *stream);
	/* Lists: where item i is; NULL when i is beyond 'max'. *count: the list's counter. */
	void *(*item)(void *list, size_t i, size_t **count);
	size_t item_size;
};

const struct jvpn_key_type_info *jvpn_key_type_info(enum jvpn_key_type type);
/* Sets the field to nothing: 0, "", no items. */
void jvpn_key_clear(const struct jvpn_key *key, void *field);
bool jvpn_key_is_empty(const struct jvpn_key *key, const void *field);

#endif
