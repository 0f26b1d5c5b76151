/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bounded tree of a strict subset of YAML, built from libyaml events: one document of mappings,
 * lists and scalars. Anchors, aliases, tags and further documents are errors. Knows no keys.
 */
#ifndef JVPN_CONFIG_TREE_H
#define JVPN_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/file.h"
#include "config/report.h"

#define JVPN_TREE_DEPTH_MAX   32
#define JVPN_TREE_NODES_MAX   16384
#define JVPN_TREE_ENTRIES_MAX 1024 /* of one mapping or list */
#define JVPN_TREE_NONE        UINT32_MAX
/* Names of keys that were refused and reported: an alias, a mapping or list as key. */
#define JVPN_TREE_KEY_ALIAS   "*"
#define JVPN_TREE_KEY_COMPLEX "?"

/* NONE: a node that was refused; the error is reported already. */
enum jvpn_node_kind { JVPN_NODE_NONE = 0, JVPN_NODE_SCALAR, JVPN_NODE_MAP, JVPN_NODE_LIST };

/* Nodes live in one array and name each other by index. */
struct jvpn_node {
	enum jvpn_node_kind kind;
	bool quoted;           /* scalar in quotes or a block: always a string */
	unsigned line, column; /* of the value, from 1 */
	unsigned key_line, key_column;
	char *key;            /* in a mapping; owned by the tree */
	char *text;           /* scalar; owned by the tree, no NUL inside */
	uint32_t first, next; /* children, siblings; JVPN_TREE_NONE */
};

struct jvpn_tree {
	const char *file; /* borrowed: the name for messages */
	struct jvpn_node *node;
	size_t count, capacity;
	uint32_t root; /* JVPN_TREE_NONE for an empty document */
};

/* Builds the tree of a file in memory. Returns 0 when there is a tree to look at; the report then
 * has what was refused in it (duplicate keys, anchors, tags), so that one pass finds everything.
 * JVPN_ECONFIG for a syntax error or a broken limit (the first one; the rest cannot be judged) and
 * JVPN_ENOMEM, with an empty tree. */
int jvpn_tree_parse(const char *file, const struct jvpn_config_file *content,
		    struct jvpn_tree *tree, struct jvpn_report *report);
/* Wipes texts (they may be secrets) and frees. */
void jvpn_tree_clear(struct jvpn_tree *tree);

#endif
