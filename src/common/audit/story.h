/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the lines of any number of nodes tell of one session, picked out of everything else while they
 * go by. Bounded: lines beyond JVPN_STORY_EVENTS_MAX are counted, not kept.
 */
#ifndef JVPN_AUDIT_STORY_H
#define JVPN_AUDIT_STORY_H

#include "audit/index.h"
#include "audit/reader.h"
#include "audit/runs.h"

#define JVPN_STORY_EVENTS_MAX 200000 /* about 25 MB */
#define JVPN_STORY_NODES_MAX  256
#define JVPN_STORY_SHOWN_MAX  8

/* Beside the types of the registry: lines are missing ('count'), though nothing announced it. */
#define JVPN_STORY_LOST JVPN_AUDIT_COUNT

struct jvpn_story_event {
	uint64_t ts_ms, version, count, retry_ms, detect_us, recover_us, alone_ms;
	uint32_t order;               /* in which it was read */
	uint32_t transport, previous; /* names; 0: none */
	uint16_t node;
	uint8_t type, reason, from, to;
	bool own; /* of the session; else of its node */
};

/* A node as it tells of the session: one end of it. */
struct jvpn_story_node {
	char name[JVPN_TRAIL_NAME_MAX + 1];
	enum jvpn_role role;
	uint64_t first_ms, last_ms; /* of everything that it tells */
	uint64_t own;               /* events of the session */
	struct jvpn_trail_runs runs;
};

struct jvpn_story_name {
	char id[JVPN_TRANSPORT_ID_MAX + 1];
	char peer[64]; /* as the server told it; "": not known */
};

struct jvpn_story {
	char wanted[JVPN_ID_HEX_LEN + 1]; /* lower-case hex digits, the beginning of an id */
	size_t wanted_len;
	bool found;
	struct jvpn_id id;
	/* Further sessions that begin so; when none does, some that are there. */
	struct jvpn_id other[JVPN_STORY_SHOWN_MAX];
	unsigned matches, others;
	uint64_t lines, damaged, left_out;
	char user[64], ipv4[20], ipv6[48];
	struct jvpn_story_event *event; /* owned; after jvpn_story_end in order of time */
	uint32_t events, room;
	struct jvpn_story_node *node; /* owned */
	uint32_t nodes, nodes_room;
	struct jvpn_story_name *name; /* owned; [0] is none */
	uint32_t names, names_room;
	struct jvpn_trail_index index;
};

/* 'wanted': 1 to 32 hex digits, in either case. JVPN_EINVAL, JVPN_ENOMEM. */
int jvpn_story_init(struct jvpn_story *s, const char *wanted);
void jvpn_story_clear(struct jvpn_story *s);
/* For a reader. JVPN_ENOMEM. */
struct jvpn_trail_handler jvpn_story_handler(struct jvpn_story *s);
/* After the last line. JVPN_ENOTFOUND: no session begins so; JVPN_EEXISTS: several do. Either way
 * 'other' has some of those that are there. */
int jvpn_story_end(struct jvpn_story *s);

#endif
