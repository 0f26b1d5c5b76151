/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * YAML events to a bounded tree, without recursion. No key and no type is known here.
 */
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/err.h"

#define KEY_SHOWN_MAX 64

/* A mapping or list that is still open. */
struct open_container {
	uint32_t node;
	uint32_t last; /* newest child */
	unsigned entries;
	char *key; /* mapping: the key whose value comes next */
	unsigned key_line, key_column;
};

struct builder {
	struct jvpn_tree *tree;
	struct jvpn_report *report;
	struct open_container stack[JVPN_TREE_DEPTH_MAX];
	unsigned depth;
	unsigned skip; /* > 0: inside a key that is a mapping or a list */
	unsigned documents;
	bool done;
};

static unsigned line_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

static unsigned column_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.column + 1;
}

static int refuse(struct builder *b, const yaml_event_t *event, const char *text)
{
	jvpn_report_add(b->report, JVPN_EXIT_CONFIG, b->tree->file, line_of(event),
			column_of(event), "%s", text);
	return JVPN_ECONFIG;
}

static struct open_container *top(struct builder *b)
{
	return b->depth ? &b->stack[b->depth - 1] : NULL;
}

static bool wants_key(const struct builder *b)
{
	const struct open_container *c = b->depth ? &b->stack[b->depth - 1] : NULL;

	return c && b->tree->node[c->node].kind == JVPN_NODE_MAP && !c->key;
}

static int grow(struct jvpn_tree *tree)
{
	size_t capacity = tree->capacity ? tree->capacity * 2 : 64;
	struct jvpn_node *node;

	if (tree->count < tree->capacity)
		return 0;
	node = realloc(tree->node, capacity * sizeof(*node));
	if (!node)
		return JVPN_ENOMEM;
	tree->node = node;
	tree->capacity = capacity;
	return 0;
}

/* Hangs node 'index' below the innermost open container. */
static void link_node(struct builder *b, uint32_t index)
{
	struct jvpn_tree *tree = b->tree;
	struct open_container *c = top(b);

	if (!c) {
		tree->root = index;
		return;
	}
	if (c->last == JVPN_TREE_NONE)
		tree->node[c->node].first = index;
	else
		tree->node[c->last].next = index;
	c->last = index;
	c->entries++;
	tree->node[index].key = c->key;
	tree->node[index].key_line = c->key_line;
	tree->node[index].key_column = c->key_column;
	c->key = NULL;
}

static int add_node(struct builder *b, const yaml_event_t *event, enum jvpn_node_kind kind,
		    uint32_t *out)
{
	struct open_container *c = top(b);
	struct jvpn_node *node;

	if (b->tree->count >= JVPN_TREE_NODES_MAX || (c && c->entries >= JVPN_TREE_ENTRIES_MAX))
		return refuse(b, event, "expected fewer entries, got more than the limit");
	if (grow(b->tree))
		return JVPN_ENOMEM;
	*out = (uint32_t)b->tree->count++;
	node = &b->tree->node[*out];
	memset(node, 0, sizeof(*node));
	node->kind = kind;
	node->line = line_of(event);
	node->column = column_of(event);
	node->first = node->next = JVPN_TREE_NONE;
	link_node(b, *out);
	return 0;
}

static void check_duplicate(struct builder *b, const yaml_event_t *event, const char *key)
{
	const struct jvpn_tree *tree = b->tree;
	uint32_t i = tree->node[top(b)->node].first;

	for (; i != JVPN_TREE_NONE; i = tree->node[i].next) {
		if (!tree->node[i].key || strcmp(tree->node[i].key, key) != 0)
			continue;
		jvpn_report_add(b->report, JVPN_EXIT_CONFIG, tree->file, line_of(event),
				column_of(event), "%.*s: duplicate key, first in line %u",
				KEY_SHOWN_MAX, key, tree->node[i].key_line);
		return;
	}
}

static int copy_scalar(struct builder *b, const yaml_event_t *event, char **out)
{
	size_t len = event->data.scalar.length;

	if (memchr(event->data.scalar.value, 0, len))
		return refuse(b, event, "expected text, got a NUL character");
	*out = malloc(len + 1);
	if (!*out)
		return JVPN_ENOMEM;
	memcpy(*out, event->data.scalar.value, len);
	(*out)[len] = '\0';
	return 0;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	yaml_scalar_style_t style = event->data.scalar.style;
	uint32_t index;
	char *text = NULL;
	int rc;

	rc = copy_scalar(b, event, &text);
	if (rc)
		return rc;
	if (wants_key(b)) {
		struct open_container *c = top(b);

		check_duplicate(b, event, text);
		c->key = text;
		c->key_line = line_of(event);
		c->key_column = column_of(event);
		return 0;
	}
	rc = add_node(b, event, JVPN_NODE_SCALAR, &index);
	if (rc) {
		free(text);
		return rc;
	}
	b->tree->node[index].text = text;
	b->tree->node[index].quoted = style != YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int on_open(struct builder *b, const yaml_event_t *event, enum jvpn_node_kind kind)
{
	uint32_t index;
	int rc;

	if (wants_key(b)) {
		refuse(b, event, "expected a plain key, got a mapping or a list as key");
		b->skip = 1;
		return 0;
	}
	if (b->depth >= JVPN_TREE_DEPTH_MAX)
		return refuse(b, event, "expected at most 32 nested levels, got more");
	rc = add_node(b, event, kind, &index);
	if (rc)
		return rc;
	b->stack[b->depth] = (struct open_container){.node = index, .last = JVPN_TREE_NONE};
	b->depth++;
	return 0;
}

/* A key that was refused still needs a name: its value has to hang somewhere. */
static int name_key(struct builder *b, const yaml_event_t *event, const char *name)
{
	struct open_container *c = &b->stack[b->depth - 1];

	c->key = strdup(name);
	c->key_line = line_of(event);
	c->key_column = column_of(event);
	return c->key ? 0 : JVPN_ENOMEM;
}

static int on_alias(struct builder *b, const yaml_event_t *event)
{
	uint32_t index;

	refuse(b, event, "expected a value, got an alias (*name), which is not supported");
	if (wants_key(b))
		return name_key(b, event, JVPN_TREE_KEY_ALIAS);
	return add_node(b, event, JVPN_NODE_NONE, &index);
}

/* Everything inside a key that is not a scalar is passed over. */
static int skip_event(struct builder *b, const yaml_event_t *event)
{
	if (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT)
		b->skip++;
	if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT)
		b->skip--;
	if (b->skip > JVPN_TREE_DEPTH_MAX)
		return refuse(b, event, "expected at most 32 nested levels, got more");
	if (b->skip == 0)
		return name_key(b, event, JVPN_TREE_KEY_COMPLEX);
	return 0;
}

static void refuse_decoration(struct builder *b, const yaml_event_t *event, const void *anchor,
			      const void *tag)
{
	if (anchor)
		refuse(b, event, "expected a value, got an anchor (&name), which is not supported");
	if (tag)
		refuse(b, event, "expected a value, got a tag (!name), which is not supported");
}

static int on_document(struct builder *b, const yaml_event_t *event)
{
	if (event->data.document_start.version_directive ||
	    event->data.document_start.tag_directives.start !=
		    event->data.document_start.tag_directives.end)
		refuse(b, event, "expected keys, got a % directive, which is not supported");
	if (++b->documents > 1)
		return refuse(b, event, "expected one document, got a second one (---)");
	return 0;
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
	if (b->skip)
		return skip_event(b, event);
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		refuse_decoration(b, event, event->data.scalar.anchor, event->data.scalar.tag);
		return on_scalar(b, event);
	case YAML_MAPPING_START_EVENT:
		refuse_decoration(b, event, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag);
		return on_open(b, event, JVPN_NODE_MAP);
	case YAML_SEQUENCE_START_EVENT:
		refuse_decoration(b, event, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag);
		return on_open(b, event, JVPN_NODE_LIST);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		b->depth--;
		return 0;
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_DOCUMENT_START_EVENT:
		return on_document(b, event);
	case YAML_STREAM_END_EVENT:
		b->done = true;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return JVPN_EINTERNAL;
}

static int report_syntax(struct builder *b, const yaml_parser_t *parser,
			 const struct jvpn_config_file *content)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	bool tab = mark->index < content->size && content->data[mark->index] == '\t';

	if (parser->error == YAML_MEMORY_ERROR)
		return JVPN_ENOMEM;
	jvpn_report_add(b->report, JVPN_EXIT_CONFIG, b->tree->file, (unsigned)mark->line + 1,
			(unsigned)mark->column + 1, "expected YAML, got a syntax error: %s%s%s%s",
			parser->context ? parser->context : "", parser->context ? ", " : "",
			parser->problem ? parser->problem : "unreadable",
			tab ? " (indent with blanks, not tabs)" : "");
	return JVPN_ECONFIG;
}

static int run_parser(struct builder *b, yaml_parser_t *parser,
		      const struct jvpn_config_file *content)
{
	yaml_event_t event;
	int rc = 0;

	while (!rc && !b->done) {
		if (!yaml_parser_parse(parser, &event))
			return report_syntax(b, parser, content);
		rc = on_event(b, &event);
		yaml_event_delete(&event);
	}
	return rc;
}

int jvpn_tree_parse(const char *file, const struct jvpn_config_file *content,
		    struct jvpn_tree *tree, struct jvpn_report *report)
{
	struct builder b = {.tree = tree, .report = report};
	/* libyaml skips a byte order mark only when it may guess the encoding, which it may not. */
	size_t bom = content->size >= 3 && memcmp(content->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	yaml_parser_t parser;
	int rc;

	*tree = (struct jvpn_tree){.file = file, .root = JVPN_TREE_NONE};
	if (!yaml_parser_initialize(&parser))
		return JVPN_ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)content->data + bom,
				     content->size - bom);
	rc = run_parser(&b, &parser, content);
	yaml_parser_delete(&parser);
	for (unsigned i = 0; i < b.depth; i++)
		free(b.stack[i].key);
	if (rc)
		jvpn_tree_clear(tree);
	return rc;
}

static void wipe_text(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void jvpn_tree_clear(struct jvpn_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->node[i].key);
		wipe_text(tree->node[i].text);
	}
	free(tree->node);
	*tree = (struct jvpn_tree){.file = tree->file, .root = JVPN_TREE_NONE};
}
