/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One file through reader, tree and schema. Keeps the tree until the caller has made its own checks,
 * so that they can name the line. Knows no keys.
 */
#ifndef JVPN_CONFIG_LOAD_H
#define JVPN_CONFIG_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "config/report.h"
#include "config/schema.h"
#include "config/tree.h"

struct jvpn_load {
	const struct jvpn_key *keys; /* borrowed */
	size_t count;
	struct jvpn_report *report; /* borrowed */
	const char *path;           /* borrowed */
	unsigned mode, uid;         /* of the file */
	struct jvpn_tree tree;
	struct jvpn_key_places places;
};

/* Reads load->path and fills *out, which has its defaults already. 0 when nothing was wrong so far.
 * JVPN_ECONFIG: errors are in the report; when the tree is not empty, further checks make sense and
 * may add to them. JVPN_EPERM, JVPN_ENOMEM. Call _clear in every case. */
int jvpn_load_file(struct jvpn_load *load, void *out);
void jvpn_load_clear(struct jvpn_load *load);
bool jvpn_load_has_tree(const struct jvpn_load *load);
/* Does the file set this key? */
bool jvpn_load_is_set(const struct jvpn_load *load, const char *key);
/* An error at a key. */
void jvpn_load_error(struct jvpn_load *load, enum jvpn_exit code, const char *key, const char *fmt,
		     ...) __attribute__((format(printf, 4, 5)));
/* The checks of file.h for the file that a key names; errors go to the key. */
void jvpn_load_check_secret(struct jvpn_load *load, const char *key, const char *path);
void jvpn_load_check_readable(struct jvpn_load *load, const char *key, const char *path);

#endif
