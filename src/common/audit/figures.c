/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One pass. A session is forgotten with its SessionTerminated.
 */
#include "audit/figures.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "audit/runs.h"
#include "audit/windows.h"
#include "base/err.h"
#include "base/map.h"

#define MINUTE_MS  60000
#define HOUR_MS    3600000
#define FIRST_ROOM 1024
#define KEY_BYTES  (JVPN_ID_BYTES + 1)

struct session {
	uint8_t key[KEY_BYTES]; /* id, node */
	uint8_t state;
	bool used;
	uint64_t since, left_ms; /* left_ms 0: it is in ATTACHED, or not known */
	uint64_t switches;
	struct jvpn_windows windows; /* of switches */
	uint32_t next_free;
};

struct node {
	struct jvpn_figures_of tally;
	struct jvpn_trail_runs runs;
	uint64_t down_since; /* last line of the process before; 0: not known */
};

struct jvpn_figures {
	struct node *node[JVPN_FIGURES_NODES_MAX]; /* owned */
	unsigned nodes, last_node;
	struct session *session;             /* owned */
	uint32_t sessions, room, first_free; /* first_free: index + 1 */
	struct jvpn_map *map;                /* owned: key to index */
	uint8_t seed[JVPN_MAP_SEED_BYTES];
	uint64_t lines, damaged, untracked, times;
	struct jvpn_activity activity[2]; /* servers, clients */
	struct jvpn_figures_of total;
};

int jvpn_figures_new(struct jvpn_figures **out)
{
	struct jvpn_figures *f = calloc(1, sizeof(*f));
	int rv;

	if (!f)
		return JVPN_ENOMEM;
	if (getrandom(f->seed, sizeof(f->seed), GRND_NONBLOCK) < 0)
		f->seed[0] = 1; /* foreseeable, but it works */
	rv = jvpn_map_new(FIRST_ROOM, f->seed, &f->map);
	if (!rv) {
		f->room = FIRST_ROOM;
		f->session = calloc(f->room, sizeof(*f->session));
		rv = f->session ? 0 : JVPN_ENOMEM;
	}
	if (rv)
		jvpn_figures_free(f);
	else
		*out = f;
	return rv;
}

void jvpn_figures_free(struct jvpn_figures *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->sessions; i++)
		jvpn_windows_clear(&f->session[i].windows);
	for (unsigned i = 0; i < f->nodes; i++)
		free(f->node[i]);
	free(f->session);
	jvpn_map_free(f->map);
	free(f);
}

/* --- nodes --- */

static bool is_node(const struct node *node, const struct jvpn_trail_line *line)
{
	return node->tally.role == line->role && strcmp(node->tally.node, line->node) == 0;
}

/* Index; -1: out of memory. */
static int node_of(struct jvpn_figures *f, const struct jvpn_trail_line *line)
{
	struct node *node;

	if (f->nodes && is_node(f->node[f->last_node], line))
		return (int)f->last_node;
	for (unsigned i = 0; i < f->nodes; i++)
		if (is_node(f->node[i], line))
			return (int)(f->last_node = i);
	if (f->nodes == JVPN_FIGURES_NODES_MAX) {
		memcpy(f->node[f->nodes - 1]->tally.node, "(others)", sizeof("(others)"));
		return (int)f->nodes - 1;
	}
	node = calloc(1, sizeof(*node));
	if (!node)
		return -1;
	memcpy(node->tally.node, line->node, sizeof(node->tally.node));
	node->tally.role = line->role;
	node->tally.first_ms = line->ts_ms;
	f->node[f->nodes] = node;
	f->last_node = f->nodes++;
	return (int)f->last_node;
}

static void take_stream(struct node *node, const struct jvpn_trail_line *line)
{
	struct jvpn_figures_of *t = &node->tally;
	uint64_t missing = jvpn_trail_runs_take(&node->runs, line->pid, line->seq);

	t->events++;
	if (line->event.type == JVPN_AUDIT_NODE_STARTED)
		node->down_since = t->last_ms;
	if (line->event.type == JVPN_AUDIT_TELEMETRY_DEGRADED && line->event.count == missing)
		t->lines_announced += missing;
	else
		t->lines_missing += missing;
	if (line->ts_ms < t->first_ms)
		t->first_ms = line->ts_ms;
	if (line->ts_ms > t->last_ms)
		t->last_ms = line->ts_ms;
}

/* --- sessions --- */

static void make_key(uint8_t key[KEY_BYTES], const struct jvpn_id *id, int node)
{
	memcpy(key, id->b, JVPN_ID_BYTES);
	key[JVPN_ID_BYTES] = (uint8_t)node;
}

/* Twice the room, and a map for it. */
static int grow(struct jvpn_figures *f)
{
	uint32_t room = f->room * 2;
	struct session *session;
	struct jvpn_map *map;
	int rv = jvpn_map_new(room, f->seed, &map);

	if (rv)
		return rv;
	for (uint32_t i = 0; i < f->sessions && !rv; i++)
		if (f->session[i].used)
			rv = jvpn_map_put(map, f->session[i].key, KEY_BYTES, i);
	session = rv ? NULL : realloc(f->session, room * sizeof(*session));
	if (!session) {
		jvpn_map_free(map);
		return JVPN_ENOMEM;
	}
	jvpn_map_free(f->map);
	f->map = map;
	f->session = session;
	f->room = room;
	return 0;
}

/* *out NULL: there are too many, or it is not made. */
static int session_of(struct jvpn_figures *f, const struct jvpn_id *id, int node, bool make,
		      struct session **out)
{
	uint8_t key[KEY_BYTES];
	struct session *session;
	uint32_t at;
	int rv;

	*out = NULL;
	make_key(key, id, node);
	if (jvpn_map_get(f->map, key, KEY_BYTES, &at) == 0) {
		*out = &f->session[at];
		return 0;
	}
	if (!make)
		return 0;
	if (!f->first_free && f->sessions == f->room) {
		if (f->room == JVPN_FIGURES_SESSIONS_MAX) {
			f->untracked++;
			return 0;
		}
		rv = grow(f);
		if (rv)
			return rv;
	}
	at = f->first_free ? f->first_free - 1 : f->sessions;
	rv = jvpn_map_put(f->map, key, KEY_BYTES, at);
	if (rv)
		return rv;
	session = &f->session[at];
	if (f->first_free)
		f->first_free = session->next_free;
	else
		f->sessions++;
	memset(session, 0, sizeof(*session));
	memcpy(session->key, key, KEY_BYTES);
	session->used = true;
	f->node[node]->tally.sessions++;
	*out = session;
	return 0;
}

static void enter(struct jvpn_figures_of *t, struct session *s, uint8_t state, uint64_t ts)
{
	if (s->state && s->state != JVPN_STATE_TERMINATED && ts > s->since)
		t->state_ms[s->state] += ts - s->since;
	s->state = state;
	s->since = ts;
}

static void forget(struct jvpn_figures *f, struct session *s)
{
	uint32_t at = (uint32_t)(s - f->session);

	(void)jvpn_map_remove(f->map, s->key, KEY_BYTES);
	f->times -= s->windows.room;
	jvpn_windows_clear(&s->windows);
	memset(s, 0, sizeof(*s));
	s->next_free = f->first_free;
	f->first_free = at + 1;
}

/* A thousandth less: clocks are slewed. */
static bool put_time(struct session *s, uint64_t ts)
{
	return jvpn_windows_put(&s->windows, ts, MINUTE_MS - MINUTE_MS / 1000,
				HOUR_MS - HOUR_MS / 1000);
}

static void add_time(struct jvpn_figures *f, struct jvpn_figures_of *t, struct session *s,
		     uint64_t ts)
{
	struct jvpn_windows *w = &s->windows;

	if (!put_time(s, ts)) {
		uint32_t room = w->room;

		if (f->times + room <= JVPN_FIGURES_TIMES_MAX && jvpn_windows_grow(w) == 0) {
			f->times += w->room - room;
		} else {
			t->at_least = true;
			jvpn_windows_halve(w);
		}
		if (!put_time(s, ts))
			return;
	}
	if (jvpn_windows_in_minute(w) > t->most_in_minute)
		t->most_in_minute = jvpn_windows_in_minute(w);
	if (jvpn_windows_in_hour(w) > t->most_in_hour)
		t->most_in_hour = jvpn_windows_in_hour(w);
}

/* --- lines --- */

struct scene {
	struct jvpn_figures *f;
	struct jvpn_figures_of *tally;
	struct node *node;
	struct jvpn_activity *activity;
	const struct jvpn_trail_line *line;
	struct session *session; /* NULL: not tracked */
};

static uint64_t count_of(const struct jvpn_audit *event)
{
	return event->has & JVPN_HAS_COUNT && event->count ? event->count : 1;
}

static bool is_limit(enum jvpn_reason reason)
{
	return reason == JVPN_REASON_RATE_LIMITED || reason == JVPN_REASON_COOLDOWN_ACTIVE ||
	       reason == JVPN_REASON_SWITCH_RATE_LIMITED ||
	       reason == JVPN_REASON_UNCONFIRMED_LIMITED ||
	       reason == JVPN_REASON_PATH_COOLING_DOWN || reason == JVPN_REASON_CAPACITY_EXCEEDED;
}

static bool is_request(enum jvpn_reason reason)
{
	return reason == JVPN_REASON_CLIENT_CLOSED || reason == JVPN_REASON_OPERATOR_TERMINATED;
}

static void end_disturbance(struct scene *c, enum jvpn_state state, enum jvpn_reason reason)
{
	struct session *s = c->session;

	if (state == JVPN_STATE_ATTACHED) {
		c->tally->survived++;
		jvpn_histogram_put(&c->tally->away, c->line->ts_ms > s->left_ms
							    ? (c->line->ts_ms - s->left_ms) * 1000
							    : 0);
	} else if (is_request(reason)) {
		c->tally->on_request++;
	} else {
		c->tally->lost++;
	}
	s->left_ms = 0;
}

static void on_state(struct scene *c)
{
	const struct jvpn_audit *event = &c->line->event;
	struct session *s = c->session;

	if (!s)
		return;
	if (s->left_ms && s->state != event->from) { /* lines are missing */
		c->tally->undecided++;
		s->left_ms = 0;
	}
	enter(c->tally, s, (uint8_t)event->to, c->line->ts_ms);
	if (event->from == JVPN_STATE_ATTACHED && event->to == JVPN_STATE_VOLATILE) {
		s->left_ms = c->line->ts_ms ? c->line->ts_ms : 1;
		jvpn_activity_put(c->activity, JVPN_ACTIVITY_DISTURBANCES, c->line->ts_ms, 1);
	} else if (s->left_ms &&
		   (event->to == JVPN_STATE_ATTACHED || event->to == JVPN_STATE_TERMINATED)) {
		end_disturbance(c, event->to, event->reason);
	}
}

static void on_switch(struct scene *c)
{
	const struct jvpn_audit *event = &c->line->event;
	struct jvpn_figures_of *t = c->tally;

	t->switches++;
	t->switched[event->reason]++;
	jvpn_histogram_put(&t->detect, event->detect_us);
	jvpn_histogram_put(&t->recover, event->recover_us);
	jvpn_histogram_put(&t->latency, event->detect_us > UINT64_MAX - event->recover_us
						? UINT64_MAX
						: event->detect_us + event->recover_us);
	jvpn_activity_put(c->activity, JVPN_ACTIVITY_SWITCHES, c->line->ts_ms, 1);
	if (!c->session)
		return;
	if (++c->session->switches > t->most_of_session)
		t->most_of_session = c->session->switches;
	add_time(c->f, t, c->session, c->line->ts_ms);
}

static void on_restored(struct scene *c)
{
	struct session *s = c->session;

	if (!s)
		return;
	if (c->node->down_since && c->node->down_since <= c->line->ts_ms)
		enter(c->tally, s, JVPN_FIGURES_DOWN, c->node->down_since);
	enter(c->tally, s, (uint8_t)c->line->event.to, c->line->ts_ms);
}

static void on_created(struct scene *c)
{
	c->tally->born++;
	if (c->session)
		enter(c->tally, c->session, JVPN_STATE_BIRTH, c->line->ts_ms);
}

static void on_terminated(struct scene *c)
{
	c->tally->ended++;
	c->tally->terminated[c->line->event.reason]++;
	if (!c->session)
		return;
	if (c->session->left_ms) /* its transition is missing */
		end_disturbance(c, JVPN_STATE_TERMINATED, c->line->event.reason);
	enter(c->tally, c->session, JVPN_STATE_TERMINATED, c->line->ts_ms);
	forget(c->f, c->session);
	c->session = NULL;
}

static void on_result(struct scene *c)
{
	const struct jvpn_audit *event = &c->line->event;

	if (event->reason == JVPN_REASON_REATTACH_SUCCESS)
		return;
	c->tally->denied[event->reason] += count_of(event);
	jvpn_activity_put(c->activity, JVPN_ACTIVITY_DENIALS, c->line->ts_ms, count_of(event));
}

static void on_denied(struct scene *c)
{
	if (is_limit(c->line->event.reason))
		c->tally->limited[c->line->event.reason] += count_of(&c->line->event);
}

static void on_limited(struct scene *c)
{
	enum jvpn_reason reason = c->line->event.reason;

	c->tally->limited[reason ? reason : JVPN_REASON_RATE_LIMITED] += count_of(&c->line->event);
}

static void on_security(struct scene *c)
{
	const struct jvpn_audit *event = &c->line->event;

	if (event->type == JVPN_AUDIT_SECURITY_REPLAY_DETECTED)
		c->tally->replays += count_of(event);
	else if (event->type == JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT)
		c->tally->unauthorized += count_of(event);
	else
		c->tally->invalid[event->reason] += count_of(event);
}

static void on_attempt(struct scene *c)
{
	c->tally->attempts += count_of(&c->line->event);
}

typedef void (*handler_fn)(struct scene *c);

static const handler_fn handlers[JVPN_AUDIT_COUNT] = {
	[JVPN_AUDIT_SESSION_CREATED] = on_created,
	[JVPN_AUDIT_SESSION_RESTORED] = on_restored,
	[JVPN_AUDIT_SESSION_STATE_CHANGE] = on_state,
	[JVPN_AUDIT_SESSION_TERMINATED] = on_terminated,
	[JVPN_AUDIT_TRANSPORT_SWITCH] = on_switch,
	[JVPN_AUDIT_TRANSPORT_SWITCH_DENIED] = on_denied,
	[JVPN_AUDIT_REATTACH_ATTEMPT] = on_attempt,
	[JVPN_AUDIT_REATTACH_RESULT] = on_result,
	[JVPN_AUDIT_RATE_LIMITED] = on_limited,
	[JVPN_AUDIT_SECURITY_REPLAY_DETECTED] = on_security,
	[JVPN_AUDIT_SECURITY_VALIDATION_FAILED] = on_security,
	[JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT] = on_security,
};

/* Of which a session that is not known is one from now on. */
static bool is_life(const struct jvpn_audit *event)
{
	return event->type == JVPN_AUDIT_SESSION_CREATED ||
	       event->type == JVPN_AUDIT_SESSION_RESTORED ||
	       event->type == JVPN_AUDIT_TRANSPORT_SWITCH ||
	       (event->type == JVPN_AUDIT_SESSION_STATE_CHANGE &&
		event->to != JVPN_STATE_TERMINATED);
}

static int on_event(void *user, const struct jvpn_trail_place *place,
		    const struct jvpn_trail_line *line)
{
	struct scene c = {.f = user, .line = line};
	int node = node_of(c.f, line), rv = 0;

	(void)place;
	if (node < 0)
		return JVPN_ENOMEM;
	c.f->lines++;
	c.node = c.f->node[node];
	c.tally = &c.node->tally;
	c.activity = &c.f->activity[line->role == JVPN_ROLE_CLIENT];
	take_stream(c.node, line);
	if (line->event.has & JVPN_HAS_SESSION)
		rv = session_of(c.f, &line->event.session_id, node, is_life(&line->event),
				&c.session);
	if (!rv && handlers[line->event.type])
		handlers[line->event.type](&c);
	return rv;
}

static void on_damage(void *user, const struct jvpn_trail_place *place, const char *why)
{
	struct jvpn_figures *f = user;

	(void)place;
	(void)why;
	f->lines++;
	f->damaged++;
}

struct jvpn_trail_handler jvpn_figures_handler(struct jvpn_figures *f)
{
	return (struct jvpn_trail_handler){.user = f, .event = on_event, .damage = on_damage};
}

/* --- the end --- */

static void close_sessions(struct jvpn_figures *f)
{
	for (uint32_t i = 0; i < f->sessions; i++) {
		struct session *s = &f->session[i];
		struct jvpn_figures_of *t;

		if (!s->used)
			continue;
		t = &f->node[s->key[JVPN_ID_BYTES]]->tally;
		t->undecided += s->left_ms != 0;
		s->left_ms = 0;
		enter(t, s, JVPN_STATE_NONE, t->last_ms);
	}
}

static int compare(const void *a, const void *b)
{
	const struct jvpn_figures_of *x = *(const struct jvpn_figures_of *const *)a;
	const struct jvpn_figures_of *y = *(const struct jvpn_figures_of *const *)b;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	return strcmp(x->node, y->node);
}

void jvpn_figures_end(struct jvpn_figures *f, struct jvpn_figures_result *out)
{
	memset(out, 0, sizeof(*out));
	close_sessions(f);
	for (unsigned i = 0; i < f->nodes; i++)
		out->node[out->nodes++] = &f->node[i]->tally;
	qsort(out->node, out->nodes, sizeof(out->node[0]), compare);
	memset(&f->total, 0, sizeof(f->total));
	f->total.role = out->nodes ? out->node[0]->role : JVPN_ROLE_SERVER;
	for (unsigned i = 0; i < out->nodes; i++)
		if (out->node[i]->role == f->total.role)
			jvpn_figures_add(&f->total, out->node[i]);
	out->total = &f->total;
	out->activity = &f->activity[f->total.role == JVPN_ROLE_CLIENT];
	out->lines = f->lines;
	out->damaged = f->damaged;
	out->untracked = f->untracked;
}
