/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tree to struct by table. Every error is reported; the walk goes on behind each of them.
 */
#include "config/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "config/hint.h"
#include "config/key_type.h"

#define GOT_SHOWN_MAX 60
#define PATH_TEXT_MAX 128
#define DESCRIBE_MAX  256

struct walk {
	const struct jvpn_tree *tree;
	const struct jvpn_key *keys;
	size_t count;
	void *out;
	struct jvpn_key_places *places;
	struct jvpn_report *report;
	bool seen[JVPN_KEYS_MAX];
};

static void *field_of(const struct jvpn_key *key, void *out)
{
	return (uint8_t *)out + key->offset;
}

static const void *const_field_of(const struct jvpn_key *key, const void *values)
{
	return (const uint8_t *)values + key->offset;
}

/* Length of the section in front of the last dot; 0 for a key at the top. */
static size_t section_length(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? (size_t)(dot - path) : 0;
}

static const char *leaf_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

static bool is_section(const struct walk *w, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < w->count; i++)
		if (section_length(w->keys[i].path) == len &&
		    memcmp(w->keys[i].path, name, len) == 0 && len)
			return true;
	return false;
}

size_t jvpn_schema_find(const struct jvpn_key *keys, size_t count, const char *path)
{
	size_t i = 0;

	while (i < count && strcmp(keys[i].path, path) != 0)
		i++;
	return i;
}

int jvpn_schema_set(const struct jvpn_key *keys, size_t count, const char *path, const char *text,
		    void *out)
{
	size_t i = jvpn_schema_find(keys, count, path);

	if (i == count)
		return JVPN_ENOTFOUND;
	return jvpn_key_type_info(keys[i].type)
		->parse(&keys[i], NULL, text, field_of(&keys[i], out));
}

void jvpn_schema_describe(const struct jvpn_key *key, char *out, size_t size)
{
	char text[DESCRIBE_MAX] = "";

	jvpn_key_type_info(key->type)->describe(key, text, sizeof(text));
	snprintf(out, size, "%s%s%s", key->flags & JVPN_KEY_AUTO ? "auto or " : "",
		 key->flags & JVPN_KEY_OFF ? "off or " : "", text);
}

static void describe_node(const struct jvpn_node *node, unsigned flags, char *out, size_t size)
{
	size_t len = node->text ? strlen(node->text) : 0;

	if (node->kind == JVPN_NODE_MAP)
		snprintf(out, size, "a mapping");
	else if (node->kind == JVPN_NODE_LIST)
		snprintf(out, size, "a list");
	else if (flags & JVPN_KEY_SECRET)
		snprintf(out, size, "%zu bytes that are not", len);
	else if (len == 0)
		snprintf(out, size, "nothing");
	else
		snprintf(out, size, "\"%.*s%s\"", GOT_SHOWN_MAX, node->text,
			 len > GOT_SHOWN_MAX ? "..." : "");
}

static const char *explain(int rc, const struct jvpn_key *key)
{
	if (rc == JVPN_EINVAL)
		return " (bits behind the prefix length are set)";
	if (rc == JVPN_ERANGE && key->type == JVPN_KEY_PPM)
		return " (at most 6 decimals)";
	if (rc == JVPN_ERANGE && key->type == JVPN_KEY_MILLI)
		return " (at most 3 decimals)";
	return "";
}

static void report_value(struct walk *w, const struct jvpn_key *key, const struct jvpn_node *node,
			 int rc)
{
	char expected[DESCRIBE_MAX], got[GOT_SHOWN_MAX + 32];

	jvpn_schema_describe(key, expected, sizeof(expected));
	describe_node(node, key->flags, got, sizeof(got));
	jvpn_report_add(w->report, JVPN_EXIT_CONFIG, w->tree->file, node->line, node->column,
			"%s: expected %s, got %s%s%s", key->path, expected,
			node->quoted && jvpn_key_type_info(key->type)->bare_only ? "the text " : "",
			got, explain(rc, key));
}

static void take_scalar(struct walk *w, const struct jvpn_key *key, const struct jvpn_node *node,
			void *out)
{
	const struct jvpn_key_type_info *info = jvpn_key_type_info(key->type);
	int rc = JVPN_EMALFORMED;

	if (node->kind == JVPN_NODE_NONE)
		return;
	/* An empty plain scalar is YAML's null: a key without a value, never an empty text. */
	if (node->kind == JVPN_NODE_SCALAR && (node->text[0] || node->quoted) &&
	    !(info->bare_only && node->quoted))
		rc = info->parse(key, w->tree->file, node->text, out);
	if (rc)
		report_value(w, key, node, rc);
}

static void take_list(struct walk *w, const struct jvpn_key *key, const struct jvpn_node *node)
{
	const struct jvpn_key_type_info *info = jvpn_key_type_info(key->type);
	void *list = field_of(key, w->out);
	size_t i = 0, *count = NULL;

	jvpn_key_clear(key, list);
	for (uint32_t n = node->first; n != JVPN_TREE_NONE; n = w->tree->node[n].next, i++) {
		void *item = info->item ? info->item(list, i, &count) : NULL;

		if (info->item && !item) {
			jvpn_report_add(w->report, JVPN_EXIT_CONFIG, w->tree->file,
					w->tree->node[n].line, w->tree->node[n].column,
					"%s: expected at most %zu entries, got more", key->path, i);
			break;
		}
		take_scalar(w, key, &w->tree->node[n], item);
		if (count)
			*count = i + 1;
	}
	if (i < key->min)
		jvpn_report_add(w->report, JVPN_EXIT_CONFIG, w->tree->file, node->line,
				node->column, "%s: expected at least %" PRIu64 " entries, got %zu",
				key->path, key->min, i);
}

/* A bare value where a list of one is meant. */
static void take_single(struct walk *w, const struct jvpn_key *key, const struct jvpn_node *node)
{
	size_t *count = NULL;
	void *item = jvpn_key_type_info(key->type)->item(field_of(key, w->out), 0, &count);

	jvpn_key_clear(key, field_of(key, w->out));
	take_scalar(w, key, node, item);
	*count = 1;
}

static bool is_auto(const struct jvpn_key *key, const struct jvpn_node *node)
{
	return (key->flags & JVPN_KEY_AUTO) && node->kind == JVPN_NODE_SCALAR && !node->quoted &&
	       strcmp(node->text, "auto") == 0;
}

static bool is_off(const struct jvpn_key *key, const struct jvpn_node *node)
{
	return (key->flags & JVPN_KEY_OFF) && node->kind == JVPN_NODE_SCALAR && !node->quoted &&
	       strcmp(node->text, "off") == 0;
}

static void take_value(struct walk *w, size_t index, const struct jvpn_node *node)
{
	const struct jvpn_key *key = &w->keys[index];
	void *field = field_of(key, w->out);

	w->seen[index] = true;
	if (w->places) {
		w->places->at[index].line = node->line;
		w->places->at[index].column = node->column;
	}
	if (is_auto(key, node)) {
		jvpn_key_clear(key, field);
	} else if (is_off(key, node)) {
		*(uint64_t *)field = JVPN_CONFIG_OFF;
	} else if (!jvpn_key_type_info(key->type)->is_list) {
		take_scalar(w, key, node, field);
	} else if (node->kind == JVPN_NODE_LIST) {
		take_list(w, key, node);
	} else if ((key->flags & JVPN_KEY_SINGLE) && node->kind == JVPN_NODE_SCALAR) {
		take_single(w, key, node);
	} else if (node->kind != JVPN_NODE_NONE) {
		char expected[DESCRIBE_MAX], got[GOT_SHOWN_MAX + 32];

		jvpn_schema_describe(key, expected, sizeof(expected));
		describe_node(node, key->flags, got, sizeof(got));
		jvpn_report_add(w->report, JVPN_EXIT_CONFIG, w->tree->file, node->line,
				node->column, "%s: expected a list of %s, got %s", key->path,
				expected, got);
	}
}

/* The key that was probably meant: a near name in the same section, or this name in another. */
static const char *nearest(const struct walk *w, const char *section, const char *name)
{
	const char *best = NULL;
	unsigned best_distance = UINT32_MAX;
	size_t len = strlen(section);

	for (size_t i = 0; i < w->count; i++) {
		const char *path = w->keys[i].path, *leaf = leaf_of(path);
		bool same = section_length(path) == len && memcmp(path, section, len) == 0;
		unsigned d = same ? jvpn_hint_distance(name, leaf)
				  : (strcmp(name, leaf) == 0 ? 1 : UINT32_MAX);

		if (len == 0 && section_length(path)) {
			char head[JVPN_HINT_TEXT_MAX + 1] = "";

			snprintf(head, sizeof(head), "%.*s", (int)section_length(path), path);
			d = jvpn_hint_distance(name, head) < d ? jvpn_hint_distance(name, head) : d;
		}
		if (d < best_distance && (d == 1 || jvpn_hint_is_near(name, leaf, d))) {
			best_distance = d;
			best = path;
		}
	}
	return best;
}

static void report_unknown(struct walk *w, const char *section, const struct jvpn_node *node)
{
	const char *hint = nearest(w, section, node->key);

	jvpn_report_add(w->report, JVPN_EXIT_CONFIG, w->tree->file, node->key_line,
			node->key_column, "%s%s%.*s: unknown key%s%s%s", section,
			section[0] ? "." : "", GOT_SHOWN_MAX, node->key,
			hint ? "; did you mean " : "", hint ? hint : "", hint ? "?" : "");
}

/* The names that the tree gives to keys it has complained about. */
static bool is_refused(const char *key)
{
	return strcmp(key, JVPN_TREE_KEY_ALIAS) == 0 || strcmp(key, JVPN_TREE_KEY_COMPLEX) == 0;
}

static void walk_map(struct walk *w, const char *section, const struct jvpn_node *map);

static void walk_section(struct walk *w, const struct jvpn_node *node)
{
	if (node->kind == JVPN_NODE_MAP)
		walk_map(w, node->key, node);
	else if (node->kind == JVPN_NODE_LIST || (node->kind == JVPN_NODE_SCALAR && node->text[0]))
		jvpn_report_add(w->report, JVPN_EXIT_CONFIG, w->tree->file, node->line,
				node->column, "%s: expected a mapping of keys, got %s", node->key,
				node->kind == JVPN_NODE_LIST ? "a list" : "a value");
}

/* Called for the root and from there once for each section: two levels, whatever the file says. */
static void walk_map(struct walk *w, const char *section, const struct jvpn_node *map)
{
	for (uint32_t n = map->first; n != JVPN_TREE_NONE; n = w->tree->node[n].next) {
		const struct jvpn_node *node = &w->tree->node[n];
		char path[PATH_TEXT_MAX];
		size_t index;

		snprintf(path, sizeof(path), "%s%s%.*s", section, section[0] ? "." : "",
			 PATH_TEXT_MAX / 2, node->key);
		index = jvpn_schema_find(w->keys, w->count, path);
		if (index < w->count)
			take_value(w, index, node);
		else if (!section[0] && is_section(w, node->key))
			walk_section(w, node);
		else if (!is_refused(node->key))
			report_unknown(w, section, node);
	}
}

static void report_missing(struct walk *w)
{
	for (size_t i = 0; i < w->count; i++) {
		char expected[DESCRIBE_MAX];

		if (!(w->keys[i].flags & JVPN_KEY_REQUIRED) || w->seen[i])
			continue;
		jvpn_schema_describe(&w->keys[i], expected, sizeof(expected));
		jvpn_report_add(w->report, JVPN_EXIT_CONFIG, w->tree->file, 1, 1,
				"%s: expected %s, got nothing: this key is mandatory",
				w->keys[i].path, expected);
	}
}

int jvpn_schema_apply(const struct jvpn_tree *tree, const struct jvpn_key *keys, size_t count,
		      void *out, struct jvpn_key_places *places, struct jvpn_report *report)
{
	struct walk w = {.tree = tree,
			 .keys = keys,
			 .count = count,
			 .out = out,
			 .places = places,
			 .report = report};
	size_t errors = report->count;
	const struct jvpn_node *root = NULL;

	assert(count <= JVPN_KEYS_MAX);
	if (places)
		memset(places, 0, sizeof(*places));
	if (tree->root != JVPN_TREE_NONE)
		root = &tree->node[tree->root];
	if (root && root->kind == JVPN_NODE_MAP)
		walk_map(&w, "", root);
	else if (root && (root->kind != JVPN_NODE_SCALAR || root->text[0]))
		jvpn_report_add(report, JVPN_EXIT_CONFIG, tree->file, root->line, root->column,
				"expected a mapping of keys, got %s",
				root->kind == JVPN_NODE_LIST ? "a list" : "a value");
	report_missing(&w);
	return report->count == errors ? 0 : JVPN_ECONFIG;
}

static void set_default(const struct jvpn_key *key, const char *file, void *out)
{
	const struct jvpn_key_type_info *info = jvpn_key_type_info(key->type);
	const char *p = key->def;
	size_t i = 0, *count = NULL;

	jvpn_key_clear(key, field_of(key, out));
	if (!p || ((key->flags & JVPN_KEY_AUTO) && strcmp(p, "auto") == 0))
		return;
	if (!info->is_list) {
		int rc = info->parse(key, file, p, field_of(key, out));

		assert(rc == 0 || key->type == JVPN_KEY_PATH);
		(void)rc;
		return;
	}
	while (info->item && *p) {
		size_t len = strcspn(p, " ");
		void *item = info->item(field_of(key, out), i, &count);
		char text[PATH_TEXT_MAX];
		int rc;

		snprintf(text, sizeof(text), "%.*s", (int)len, p);
		rc = item ? info->parse(key, file, text, item) : JVPN_EFULL;
		assert(rc == 0);
		(void)rc;
		*count = ++i;
		p += len + (p[len] == ' ');
	}
}

void jvpn_schema_init(const struct jvpn_key *keys, size_t count, const char *file, void *out)
{
	for (size_t i = 0; i < count; i++)
		set_default(&keys[i], file, out);
}

void jvpn_schema_print_one(const struct jvpn_key *key, const void *values, FILE *stream)
{
	const struct jvpn_key_type_info *info = jvpn_key_type_info(key->type);
	void *field = (void *)(uintptr_t)const_field_of(key, values);
	size_t *count, n = 1;

	if (info->item && info->item(field, 0, &count))
		n = *count;
	fputs(info->is_list ? "[" : "", stream);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", stream);
		info->print(key, info->item ? info->item(field, i, &count) : field, stream);
	}
	fputs(info->is_list ? "]" : "", stream);
}

static void print_key(const struct jvpn_key *key, const void *values, FILE *stream)
{
	bool empty = jvpn_key_is_empty(key, const_field_of(key, values));
	size_t section = section_length(key->path);

	if (empty && !key->def)
		return;
	fprintf(stream, "%s%s:", section ? "  " : "", leaf_of(key->path));
	if (key->flags & JVPN_KEY_SECRET) {
		fputs(" # not shown\n", stream);
		return;
	}
	fputc(' ', stream);
	if (empty && (key->flags & JVPN_KEY_AUTO))
		fputs("auto", stream);
	else if ((key->flags & JVPN_KEY_OFF) &&
		 *(const uint64_t *)const_field_of(key, values) == JVPN_CONFIG_OFF)
		fputs("off", stream);
	else
		jvpn_schema_print_one(key, values, stream);
	fputc('\n', stream);
}

static bool has_values(const struct jvpn_key *keys, size_t count, size_t first, const void *values)
{
	size_t len = section_length(keys[first].path);

	for (size_t i = first; i < count && section_length(keys[i].path) == len &&
			       memcmp(keys[i].path, keys[first].path, len) == 0;
	     i++)
		if (keys[i].def || !jvpn_key_is_empty(&keys[i], const_field_of(&keys[i], values)))
			return true;
	return false;
}

void jvpn_schema_print(const struct jvpn_key *keys, size_t count, const void *values, FILE *stream)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = section_length(keys[i].path);
		bool first = i == 0 || section_length(keys[i - 1].path) != len ||
			     memcmp(keys[i - 1].path, keys[i].path, len) != 0;

		if (len && first && has_values(keys, count, i, values))
			fprintf(stream, "%.*s:\n", (int)len, keys[i].path);
		print_key(&keys[i], values, stream);
	}
}
