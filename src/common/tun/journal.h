/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was added to the kernel's configuration, as values, and the file that remembers what
 * would outlive the process. Talks to no kernel interface but the file system.
 *
 * The file is text, one change per line in the order they were made, with a closing line that has
 * the count; it is replaced as a whole (rename) before a change is made. It needs no fsync: what it
 * lists does not survive the kernel either.
 */
#ifndef JVPN_TUN_JOURNAL_H
#define JVPN_TUN_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "tun/netcfg.h"

/* Old and new routes at once, addresses, rules. */
#define JVPN_JOURNAL_ITEMS_MAX (2 * (JVPN_NETCFG_ROUTES_MAX + JVPN_NETCFG_EXCLUDES_MAX) + 64)
#define JVPN_JOURNAL_LINE_MAX  192
#define JVPN_JOURNAL_FILE_MAX  (JVPN_JOURNAL_ITEMS_MAX * JVPN_JOURNAL_LINE_MAX)

enum jvpn_journal_kind {
	JVPN_JOURNAL_NONE = 0,
	JVPN_JOURNAL_ADDRESS,
	JVPN_JOURNAL_ROUTE,
	JVPN_JOURNAL_RULE,
	JVPN_JOURNAL_COUNT
};

struct jvpn_journal_item {
	enum jvpn_journal_kind kind;
	bool managed; /* added by jvpn_netcfg_apply(), so the next one may remove it; not stored */
	union {
		struct jvpn_netcfg_address address;
		struct jvpn_netcfg_route route;
		struct jvpn_netcfg_rule rule;
	} u;
};

/* The same change ('managed' does not count). */
bool jvpn_journal_item_equal(const struct jvpn_journal_item *a, const struct jvpn_journal_item *b);
/* One line without its end, also for messages; JVPN_ENOSPACE. */
int jvpn_journal_item_encode(const struct jvpn_journal_item *item, char *out, size_t size);
/* The exact form that _encode() writes; JVPN_EMALFORMED. */
int jvpn_journal_item_decode(const char *line, struct jvpn_journal_item *out);

/* Reads a whole file's text (it is changed on the way): JVPN_EMALFORMED, JVPN_EFULL. */
int jvpn_journal_decode(char *text, struct jvpn_journal_item *items, size_t max, size_t *count);

/* Loads the file. No file: 0 items. JVPN_EMALFORMED (damaged, too large, not a file, not ours, or
 * writable by others), JVPN_EPERM, JVPN_EIO, JVPN_ENOMEM. */
int jvpn_journal_load(const char *path, struct jvpn_journal_item *items, size_t max, size_t *count);
/* Replaces the file, mode 0600, and makes its directory when that is missing; no items: removes it.
 * JVPN_EPERM, JVPN_EIO, JVPN_ENOTFOUND (the directory's parent), JVPN_ENOSPACE (path). */
int jvpn_journal_save(const char *path, const struct jvpn_journal_item *items, size_t count);

#endif
