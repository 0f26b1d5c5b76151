/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads the event lines of all programs as they are written: consecutive versions, one beginning and
 * one end of each session, and no end without a reason that is true in this world. For tests only.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fsm_table.h"
#include "stack.h"

#define TRACKS 512

struct track {
	int node;
	char id[33];
	uint64_t version;
	char state[16];
	bool created, ended;
	char reason[48]; /* of the end */
};

static struct track tracks[TRACKS];
static size_t track_count;

void stack_stream_reset(void)
{
	memset(tracks, 0, sizeof(tracks));
	track_count = 0;
}

/* The member as text, without quotes; "" when it is not there. */
static void member(const char *line, const char *name, char *out, size_t size)
{
	char key[48];
	const char *at;
	size_t len;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(line, key);
	out[0] = '\0';
	if (!at)
		return;
	at += strlen(key);
	if (*at == '"')
		at++;
	len = strcspn(at, "\",}");
	snprintf(out, size, "%.*s", (int)len, at);
}

static uint64_t number(const char *line, const char *name)
{
	char text[32];

	member(line, name, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static struct track *track_of(const struct stack_node *node, const char *id)
{
	struct track *t;

	for (size_t i = 0; i < track_count; i++)
		if (tracks[i].node == node->index && !strcmp(tracks[i].id, id))
			return &tracks[i];
	if (track_count == TRACKS)
		return NULL;
	t = &tracks[track_count++];
	t->node = node->index;
	snprintf(t->id, sizeof(t->id), "%s", id);
	return t;
}

static void on_change(struct track *t, const char *line)
{
	char from[16], to[16];
	uint64_t version = number(line, "state_version");

	member(line, "from", from, sizeof(from));
	member(line, "to", to, sizeof(to));
	if (t->version && version != t->version + 1)
		stack_fail("I12: version %" PRIu64 " follows %" PRIu64, version, t->version);
	if (t->state[0] && strcmp(t->state, from) != 0)
		stack_fail("I12: from %s, but the stream is at %s", from, t->state);
	if (t->ended)
		stack_fail("I12: a transition after the end");
	t->version = version;
	snprintf(t->state, sizeof(t->state), "%s", to);
}

static const struct jvpn_live *at_server(const char *id)
{
	const struct jvpn_driver *server = stack_server_driver();
	char have[33];

	for (const struct jvpn_live *l = server ? server->lives : NULL; l; l = l->next) {
		jvpn_id_format(&l->core.id, have);
		if (!strcmp(id, have))
			return l;
	}
	return NULL;
}

static const struct track *server_track(const char *id)
{
	for (size_t i = 0; i < track_count; i++)
		if (tracks[i].node == 0 && !strcmp(tracks[i].id, id))
			return &tracks[i];
	return NULL;
}

/* The server said so, and the client believes it; the server's line may have to wait for the disk. */
static bool has_ended_at_server(const char *id, const char *reason)
{
	const struct track *t = server_track(id);
	const struct jvpn_live *l = at_server(id);

	if (l && l->core.state == JVPN_STATE_TERMINATED)
		return !strcmp(reason, jvpn_reason_name(l->core.terminated_reason));
	if (l && l->core.commit.active)
		return !strcmp(reason, jvpn_reason_name(l->core.commit.deferred_terminate));
	return t && t->ended && !strcmp(t->reason, reason);
}

/* Only a server without a disk forgets. */
static bool is_unknown_to_server(const char *id)
{
	const struct track *t = server_track(id);
	const struct jvpn_live *l = at_server(id);
	struct jvpn_id parsed;

	if (l)
		return l->core.state == JVPN_STATE_TERMINATED;
	if (!stack.durable || (t && t->ended))
		return true;
	return jvpn_id_parse(id, &parsed) != 0; /* never born */
}

static size_t count_lives(void)
{
	const struct jvpn_driver *server = stack_server_driver();
	size_t n = 0;

	for (const struct jvpn_live *l = server ? server->lives : NULL; l; l = l->next)
		n++;
	return n;
}

/* Is this end true? What the core alone may decide is in the core's simulator. */
static bool is_true(const struct track *t, const char *reason, const char *line)
{
	if (t->node && has_ended_at_server(t->id, reason))
		return true;
	if (!strcmp(reason, "attach_timeout") || !strcmp(reason, "client_closed"))
		return true;
	if (!strcmp(reason, "capacity_exceeded")) /* the disk refused it */
		return stack.durable && t->node == 0;
	if (!strcmp(reason, "node_shutdown"))
		return stack.n.stops > 0;
	if (!strcmp(reason, "resource_exhausted")) /* its user began too many others */
		return t->node == 0 &&
		       count_lives() >= stack_server_driver()->policy.max_sessions_per_user;
	if (!strcmp(reason, "transport_ttl_exceeded"))
		return number(line, "transportless_age_ms") + 1000 >= stack.ttl_ms;
	return !strcmp(reason, "session_unknown_to_server") && is_unknown_to_server(t->id);
}

void stack_stream_killed(void)
{
	struct jvpn_id id;

	for (size_t i = 0; i < track_count; i++)
		if (tracks[i].node == 0 && !jvpn_id_parse(tracks[i].id, &id) &&
		    !stack_disk_has(&id))
			tracks[i].ended = true;
}

static void on_end(struct track *t, const char *reason, const char *line)
{
	if (t->id[0] && t->ended)
		stack_fail("I12: SessionTerminated twice");
	if (t->id[0] && t->version && strcmp(t->state, "TERMINATED") != 0)
		stack_fail("I12: SessionTerminated in %s", t->state);
	t->ended = true;
	snprintf(t->reason, sizeof(t->reason), "%s", reason);
	stack.n.ended++;
	if (!is_true(t, reason, line))
		stack_fail("a session ended with %s, which is not true here", reason);
}

/* What the last process had stored and not said is told by the version. */
static void on_restored(struct track *t, const char *line)
{
	uint64_t version = number(line, "state_version");

	stack.n.restored++;
	if (version < t->version)
		stack_fail("I7: restored at version %" PRIu64 " after %" PRIu64, version,
			   t->version);
	if (t->ended)
		stack_fail("I12: restored after its end");
	t->version = version;
	member(line, "to", t->state, sizeof(t->state));
}

static void judge(struct track *t, const char *type, const char *reason, const char *line)
{
	if (!strcmp(type, "SessionStateChange")) {
		on_change(t, line);
	} else if (!strcmp(type, "SessionCreated")) {
		if (t->created)
			stack_fail("I12: SessionCreated twice");
		t->created = true;
		stack.n.sessions++;
	} else if (!strcmp(type, "SessionTerminated")) {
		on_end(t, reason, line);
	} else if (!strcmp(type, "TransportSwitch")) {
		stack.n.switches++;
	} else if (!strcmp(type, "SessionRestored")) {
		on_restored(t, line);
	}
}

/* For tests/lib/prove-events: the lines of a node as its event file would have them. */
static void keep(const struct stack_node *node, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.jsonl", stack.options.events, node->name);
	f = fopen(path, "a");
	if (!f)
		return;
	fprintf(f, "%s\n", text);
	fclose(f);
}

void stack_stream_line(const struct stack_node *node, const char *line, size_t len)
{
	char text[4200], type[40], id[33], reason[48], from[16], to[16], transport[32], peer[64];
	struct track *t;

	snprintf(text, sizeof(text), "%.*s", (int)len - 1, line);
	stack_hash(text, strlen(text));
	if (stack.options.events)
		keep(node, text);
	member(text, "event_type", type, sizeof(type));
	member(text, "session_id", id, sizeof(id));
	member(text, "reason_code", reason, sizeof(reason));
	member(text, "from", from, sizeof(from));
	member(text, "to", to, sizeof(to));
	member(text, "transport", transport, sizeof(transport));
	member(text, "peer", peer, sizeof(peer));
	stack_log("[%s] %s %.6s v%" PRIu64 " %s%s%s %s %s %s", node->name, type, id,
		  number(text, "state_version"), from, to[0] ? ">" : "", to, reason, transport,
		  peer);
	if (strstr(text, "internal_invariant"))
		stack_fail("an invariant of the core was broken at %s", node->name);
	if (!id[0])
		return;
	t = track_of(node, id);
	if (t)
		judge(t, type, reason, text);
}
