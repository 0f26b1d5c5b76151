/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The first session whose id begins as wanted is kept; whether another one does is known at the end.
 */
#include "audit/story.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define NONE UINT32_MAX

enum kind { KIND_NODE = 1, KIND_NAME };

/* Room for one more at the end of an array; the first time for 64. */
static void *reserve(void *array, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t grown = *room ? *room * 2 : 64;
	void *moved;

	if (count < *room)
		return array;
	moved = realloc(array, grown * size);
	if (moved)
		*room = grown;
	return moved;
}

int jvpn_story_init(struct jvpn_story *s, const char *wanted)
{
	size_t len = strlen(wanted);

	memset(s, 0, sizeof(*s));
	if (!len || len > JVPN_ID_HEX_LEN)
		return JVPN_EINVAL;
	for (size_t i = 0; i < len; i++) {
		char c = wanted[i];

		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return JVPN_EINVAL;
		s->wanted[i] = c;
	}
	s->wanted_len = len;
	jvpn_trail_index_init(&s->index);
	s->name = reserve(NULL, 0, &s->names_room, sizeof(*s->name));
	if (!s->name)
		return JVPN_ENOMEM;
	memset(s->name, 0, sizeof(*s->name));
	s->names = 1;
	return 0;
}

void jvpn_story_clear(struct jvpn_story *s)
{
	free(s->event);
	free(s->node);
	free(s->name);
	jvpn_trail_index_clear(&s->index);
	memset(s, 0, sizeof(*s));
}

/* --- who tells, and of what --- */

static uint32_t *find(struct jvpn_story *s, enum kind kind, int part, const char *text)
{
	struct {
		uint32_t kind, part;
		char text[JVPN_TRAIL_NAME_MAX + 1];
	} key = {.kind = kind, .part = (uint32_t)part};

	memcpy(key.text, text, strnlen(text, sizeof(key.text) - 1));
	return jvpn_trail_index_put(&s->index, &key, sizeof(key), NONE);
}

/* *out: NONE when there are too many. */
static int node_of(struct jvpn_story *s, const struct jvpn_trail_line *line, uint32_t *out)
{
	uint32_t *at;
	struct jvpn_story_node *node;

	*out = NONE;
	if (s->nodes == JVPN_STORY_NODES_MAX) {
		/* no further keys either */
		for (uint32_t i = 0; i < s->nodes && *out == NONE; i++)
			if (s->node[i].role == line->role &&
			    strcmp(s->node[i].name, line->node) == 0)
				*out = i;
		return 0;
	}
	at = find(s, KIND_NODE, line->role, line->node);
	if (!at)
		return JVPN_ENOMEM;
	if (*at == NONE) {
		node = reserve(s->node, s->nodes, &s->nodes_room, sizeof(*node));
		if (!node)
			return JVPN_ENOMEM;
		s->node = node;
		*at = s->nodes++;
		node += *at;
		memset(node, 0, sizeof(*node));
		memcpy(node->name, line->node, sizeof(node->name));
		node->role = line->role;
		node->first_ms = line->ts_ms;
	}
	*out = *at;
	return 0;
}

static int name_of(struct jvpn_story *s, const struct jvpn_trail_line *line, const char *id,
		   uint32_t *out)
{
	struct jvpn_story_name *name;
	uint32_t *at;

	*out = 0;
	if (!id[0])
		return 0;
	at = find(s, KIND_NAME, 0, id);
	if (!at)
		return JVPN_ENOMEM;
	if (*at == NONE) {
		name = reserve(s->name, s->names, &s->names_room, sizeof(*name));
		if (!name)
			return JVPN_ENOMEM;
		s->name = name;
		*at = s->names++;
		memset(&name[*at], 0, sizeof(*name));
		memcpy(name[*at].id, id, strlen(id) + 1);
	}
	*out = *at;
	name = &s->name[*at];
	if (line->role == JVPN_ROLE_SERVER && !name->peer[0])
		memcpy(name->peer, line->event.peer, sizeof(name->peer));
	return 0;
}

/* --- keeping --- */

static struct jvpn_story_event *keep(struct jvpn_story *s, const struct jvpn_trail_line *line,
				     uint32_t node, int *rv)
{
	struct jvpn_story_event *event;

	*rv = 0;
	if (s->events == JVPN_STORY_EVENTS_MAX || node == NONE) {
		s->left_out++;
		return NULL;
	}
	event = reserve(s->event, s->events, &s->room, sizeof(*event));
	if (!event) {
		*rv = JVPN_ENOMEM;
		return NULL;
	}
	s->event = event;
	event += s->events;
	*event = (struct jvpn_story_event){
		.ts_ms = line->ts_ms,
		.order = s->events++,
		.node = (uint16_t)node,
		.type = (uint8_t)line->event.type,
		.reason = (uint8_t)line->event.reason,
	};
	return event;
}

static void learn(char *known, size_t size, const char *text)
{
	if (!known[0] && text[0])
		memcpy(known, text, size);
}

static int keep_own(struct jvpn_story *s, const struct jvpn_trail_line *line, uint32_t node)
{
	const struct jvpn_audit *a = &line->event;
	struct jvpn_story_event *event;
	uint32_t transport, previous;
	int rv;

	event = keep(s, line, node, &rv);
	if (!event)
		return rv;
	rv = name_of(s, line, a->transport, &transport);
	if (!rv)
		rv = name_of(s, line, a->previous_transport, &previous);
	if (rv)
		return rv;
	event->own = true;
	event->from = (uint8_t)a->from;
	event->to = (uint8_t)a->to;
	event->transport = transport;
	event->previous = previous;
	event->version = a->state_version;
	event->count = a->count;
	event->retry_ms = a->retry_after_ms;
	event->detect_us = a->detect_us;
	event->recover_us = a->recover_us;
	event->alone_ms = a->transportless_age_ms;
	s->node[node].own++;
	learn(s->user, sizeof(s->user), a->user);
	learn(s->ipv4, sizeof(s->ipv4), a->inner_ipv4);
	learn(s->ipv6, sizeof(s->ipv6), a->inner_ipv6);
	return 0;
}

/* What a node does to all of its sessions. */
static bool is_of_node(enum jvpn_audit_type type)
{
	return type == JVPN_AUDIT_NODE_STARTED || type == JVPN_AUDIT_NODE_DRAINING ||
	       type == JVPN_AUDIT_NODE_STOPPED || type == JVPN_AUDIT_TELEMETRY_DEGRADED ||
	       type == JVPN_AUDIT_POLICY_LOADED;
}

static int keep_of_node(struct jvpn_story *s, const struct jvpn_trail_line *line, uint32_t node,
			uint64_t lost)
{
	struct jvpn_story_event *event;
	int rv = 0;

	if (is_of_node(line->event.type)) {
		event = keep(s, line, node, &rv);
		if (event)
			event->count = line->event.count;
	}
	if (!rv && lost && line->event.type != JVPN_AUDIT_TELEMETRY_DEGRADED) {
		event = keep(s, line, node, &rv);
		if (event) {
			event->type = JVPN_STORY_LOST;
			event->reason = JVPN_REASON_NONE;
			event->count = lost;
		}
	}
	return rv;
}

static void note(struct jvpn_story *s, const struct jvpn_id *id)
{
	for (unsigned i = 0; i < s->others; i++)
		if (jvpn_id_equal(&s->other[i], id))
			return;
	if (s->others < JVPN_STORY_SHOWN_MAX)
		s->other[s->others++] = *id;
}

/* True: it is the session that is wanted. */
static bool pick(struct jvpn_story *s, const struct jvpn_id *id)
{
	char text[JVPN_ID_HEX_LEN + 1];

	if (s->found && jvpn_id_equal(&s->id, id))
		return true;
	jvpn_id_format(id, text);
	if (memcmp(text, s->wanted, s->wanted_len) != 0) {
		if (!s->found)
			note(s, id);
		return false;
	}
	if (s->found) {
		if (!s->matches++)
			s->others = 0;
		note(s, id);
		return false;
	}
	s->found = true;
	s->id = *id;
	return true;
}

static int on_event(void *user, const struct jvpn_trail_place *place,
		    const struct jvpn_trail_line *line)
{
	struct jvpn_story *s = user;
	uint64_t lost = 0;
	uint32_t node;
	int rv;

	(void)place;
	s->lines++;
	rv = node_of(s, line, &node);
	if (rv)
		return rv;
	if (node != NONE) {
		lost = jvpn_trail_runs_take(&s->node[node].runs, line->pid, line->seq);
		if (line->ts_ms > s->node[node].last_ms)
			s->node[node].last_ms = line->ts_ms;
		if (line->ts_ms < s->node[node].first_ms)
			s->node[node].first_ms = line->ts_ms;
	}
	rv = keep_of_node(s, line, node, lost);
	if (!rv && line->event.has & JVPN_HAS_SESSION && pick(s, &line->event.session_id))
		rv = keep_own(s, line, node);
	return rv;
}

static void on_damage(void *user, const struct jvpn_trail_place *place, const char *why)
{
	struct jvpn_story *s = user;

	(void)place;
	(void)why;
	s->damaged++;
}

struct jvpn_trail_handler jvpn_story_handler(struct jvpn_story *s)
{
	return (struct jvpn_trail_handler){.user = s, .event = on_event, .damage = on_damage};
}

static int compare(const void *a, const void *b)
{
	const struct jvpn_story_event *x = a, *y = b;

	if (x->ts_ms != y->ts_ms)
		return x->ts_ms < y->ts_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

int jvpn_story_end(struct jvpn_story *s)
{
	if (!s->found)
		return JVPN_ENOTFOUND;
	if (s->matches)
		return JVPN_EEXISTS;
	if (s->events)
		qsort(s->event, s->events, sizeof(*s->event), compare);
	return 0;
}
