/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The replay of one end: like the verifier's, but it draws its conclusions instead of judging them.
 */
#include "audit/picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define OPEN_MAX 64

/* A transport that is there at the moment. */
struct open {
	uint64_t since;
	uint32_t name;
	uint8_t lane;
};

struct replay {
	const struct jvpn_story *story;
	struct jvpn_picture_panel *panel;
	uint64_t now, last_own; /* of the lines before */
	uint8_t state;
	uint64_t state_since;
	bool away; /* between two moves it is ATTACHED */
	struct open candidate[OPEN_MAX];
	unsigned candidates;
	struct open bound; /* name 0: nothing */
	uint32_t last_bound;
	uint64_t unbound_since;
	bool unbound;
	int rv;
};

static void *add(struct replay *r, void **array, uint32_t *count, uint32_t *room, size_t size)
{
	uint32_t grown = *room ? *room * 2 : 32;
	void *moved;

	if (*count == *room) {
		moved = realloc(*array, grown * size);
		if (!moved) {
			r->rv = JVPN_ENOMEM;
			return NULL;
		}
		*array = moved;
		*room = grown;
	}
	return memset((char *)*array + (size_t)(*count)++ * size, 0, size);
}

#define ADD(r, what)                                                                               \
	add((r), (void **)&(r)->panel->what, &(r)->panel->what##s, &(r)->panel->what##_room,       \
	    sizeof(*(r)->panel->what))

/* --- lanes --- */

static uint8_t lane_of(struct replay *r, uint32_t name)
{
	struct jvpn_picture_panel *panel = r->panel;
	const char *id = r->story->name[name].id;
	size_t len = strcspn(id, "#");
	unsigned i;

	for (i = 0; i < panel->lanes; i++)
		if (strncmp(panel->lane[i], id, len) == 0 && !panel->lane[i][len])
			return (uint8_t)i;
	if (i == JVPN_PICTURE_LANES_MAX) {
		memcpy(panel->lane[i - 1], "others", sizeof("others"));
		return (uint8_t)(i - 1);
	}
	memcpy(panel->lane[i], id, len);
	panel->lane[i][len] = '\0';
	panel->lanes++;
	return (uint8_t)i;
}

static void close_use(struct replay *r, const struct open *o, uint8_t use, uint64_t to)
{
	struct jvpn_picture_span *span = ADD(r, use);

	if (!span)
		return;
	*span = (struct jvpn_picture_span){.from_ms = o->since,
					   .to_ms = to > o->since ? to : o->since,
					   .name = o->name,
					   .what = use,
					   .lane = o->lane};
}

static void close_candidate(struct replay *r, unsigned i, uint64_t to)
{
	close_use(r, &r->candidate[i], JVPN_LANE_STANDBY, to);
	r->candidate[i] = r->candidate[--r->candidates];
}

/* A client knows a candidate by its label until it is bound. */
static bool is_same(const struct replay *r, uint32_t candidate, uint32_t name)
{
	const char *a = r->story->name[candidate].id, *b = r->story->name[name].id;
	size_t len = strlen(a);

	return candidate == name || (!strchr(a, '#') && strncmp(a, b, len) == 0 && b[len] == '#');
}

static void forget_candidate(struct replay *r, uint32_t name)
{
	for (unsigned i = r->candidates; i > 0; i--)
		if (is_same(r, r->candidate[i - 1].name, name))
			close_candidate(r, i - 1, r->now);
}

static void add_candidate(struct replay *r, uint32_t name)
{
	if (!name || name == r->bound.name)
		return;
	forget_candidate(r, name);
	if (r->candidates == OPEN_MAX)
		close_candidate(r, 0, r->now);
	r->candidate[r->candidates++] =
		(struct open){.since = r->now, .name = name, .lane = lane_of(r, name)};
}

/* --- binding --- */

static void close_unbound(struct replay *r)
{
	struct jvpn_picture_span *span;

	if (!r->unbound)
		return;
	r->unbound = false;
	span = ADD(r, unbound);
	if (span)
		*span = (struct jvpn_picture_span){.from_ms = r->unbound_since, .to_ms = r->now};
}

static void unbind(struct replay *r, uint64_t at)
{
	if (r->bound.name)
		close_use(r, &r->bound, JVPN_LANE_BOUND, at);
	r->bound.name = 0;
}

/* From 'at' on nothing carries the session's packets. */
static void lose_binding(struct replay *r, uint64_t at)
{
	unbind(r, at);
	if (r->unbound)
		return;
	r->unbound = true;
	r->unbound_since = at;
}

static void bind_to(struct replay *r, uint32_t name)
{
	close_unbound(r);
	if (!name || name == r->bound.name)
		return;
	unbind(r, r->now);
	forget_candidate(r, name);
	r->bound = (struct open){.since = r->now, .name = name, .lane = lane_of(r, name)};
	r->last_bound = name;
}

static void lose_all(struct replay *r, uint64_t at)
{
	while (r->candidates)
		close_candidate(r, 0, at);
	lose_binding(r, at);
}

/* --- states and moves --- */

static void enter(struct replay *r, uint8_t state, uint64_t at)
{
	struct jvpn_picture_span *span;
	uint64_t since = r->state_since;

	if (r->state && r->state != JVPN_STATE_TERMINATED) {
		span = ADD(r, state);
		if (!span)
			return;
		*span = (struct jvpn_picture_span){
			.from_ms = since, .to_ms = at > since ? at : since, .what = r->state};
		r->panel->state_ms[r->state] += span->to_ms - span->from_ms;
	}
	r->state = state;
	r->state_since = at > since ? at : since;
}

static void end_move(struct replay *r, uint8_t state, uint8_t reason)
{
	struct jvpn_picture_move *move = &r->panel->move[r->panel->moves - 1];

	r->away = false;
	move->to_ms = r->now;
	move->end = state;
	move->end_reason = reason;
	if (!move->transport)
		move->transport = r->last_bound;
}

static void begin_move(struct replay *r, uint8_t reason)
{
	struct jvpn_picture_move *move = ADD(r, move);

	if (!move)
		return;
	r->away = true;
	*move = (struct jvpn_picture_move){.from_ms = r->now,
					   .to_ms = r->now,
					   .previous = r->last_bound,
					   .reason = reason,
					   .end = JVPN_STATE_VOLATILE};
}

static void on_state(struct replay *r, const struct jvpn_story_event *e)
{
	if (r->state && r->state != e->from) { /* what was between is missing */
		enter(r, JVPN_PICTURE_NOT_TOLD, r->last_own);
		r->away = false;
	}
	enter(r, e->to, r->now);
	if (e->to == JVPN_STATE_ATTACHED)
		close_unbound(r);
	if (e->from == JVPN_STATE_ATTACHED && e->to == JVPN_STATE_VOLATILE) {
		begin_move(r, e->reason);
		if (e->reason == JVPN_REASON_TRANSPORT_DEAD ||
		    e->reason == JVPN_REASON_NODE_DRAINING)
			lose_binding(r, r->now);
	} else if (r->away && (e->to == JVPN_STATE_ATTACHED || e->to == JVPN_STATE_TERMINATED)) {
		end_move(r, e->to, e->reason);
	} else if (r->away) {
		struct jvpn_picture_move *move = &r->panel->move[r->panel->moves - 1];

		move->end = e->to;
		move->degraded |= e->to == JVPN_STATE_DEGRADED;
	}
	if (e->to == JVPN_STATE_TERMINATED) {
		close_unbound(r);
		lose_all(r, r->now);
		r->unbound = false;
		r->panel->ended = true;
		r->panel->end_reason = e->reason;
	}
}

static void on_switch(struct replay *r, const struct jvpn_story_event *e)
{
	struct jvpn_picture_panel *panel = r->panel;
	struct jvpn_picture_move *move = panel->moves ? &panel->move[panel->moves - 1] : NULL;

	panel->switches++;
	bind_to(r, e->transport);
	if (!move || move->to_ms != r->now || move->switched)
		return;
	move->switched = true;
	move->transport = e->transport;
	if (e->previous)
		move->previous = e->previous;
	move->detect_us = e->detect_us;
	move->recover_us = e->recover_us;
}

/* The process before is gone: when it was heard last is told by the age without a transport, or else
 * by its last line of the session. */
static void on_restored(struct replay *r, const struct jvpn_story_event *e)
{
	uint64_t gone = r->state ? r->last_own : r->now;
	bool was_unbound;

	if (e->alone_ms && e->alone_ms <= r->now - gone)
		gone = r->now - e->alone_ms;
	enter(r, JVPN_PICTURE_NOT_TOLD, gone);
	was_unbound = r->unbound;
	lose_all(r, gone);
	if (!was_unbound) /* whether it was before is not told */
		r->unbound_since = r->now;
	enter(r, e->to, r->now);
	if (e->to == JVPN_STATE_ATTACHED)
		r->away = false;
}

static void on_created(struct replay *r)
{
	r->panel->begun = true;
	r->state = JVPN_STATE_BIRTH;
	r->state_since = r->now;
}

static bool is_note(const struct jvpn_story_event *e)
{
	switch (e->type) {
	case JVPN_AUDIT_NODE_STARTED:
	case JVPN_AUDIT_NODE_DRAINING:
	case JVPN_AUDIT_NODE_STOPPED:
	case JVPN_AUDIT_TELEMETRY_DEGRADED:
	case JVPN_AUDIT_POLICY_LOADED:
	case JVPN_STORY_LOST:
	case JVPN_AUDIT_SESSION_RESTORED:
	case JVPN_AUDIT_TRANSPORT_SWITCH_DENIED:
	case JVPN_AUDIT_TRANSPORT_SWITCH_FAILED:
	case JVPN_AUDIT_SECURITY_REPLAY_DETECTED:
	case JVPN_AUDIT_SECURITY_VALIDATION_FAILED:
	case JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT:
	case JVPN_AUDIT_RATE_LIMITED:
	case JVPN_AUDIT_OWNERSHIP_ACQUIRED:
	case JVPN_AUDIT_OWNERSHIP_LOST:
	case JVPN_AUDIT_OWNERSHIP_CONFLICT:
	case JVPN_AUDIT_INVALID_TRANSITION:
		return true;
	case JVPN_AUDIT_REATTACH_RESULT:
		return e->reason != JVPN_REASON_REATTACH_SUCCESS;
	default:
		return false;
	}
}

static void add_note(struct replay *r, const struct jvpn_story_event *e)
{
	struct jvpn_picture_panel *panel = r->panel;
	struct jvpn_picture_note *last = panel->notes ? &panel->note[panel->notes - 1] : NULL,
				 *note;

	/* The result of a request that was denied, and the denial. */
	if (last && last->ts_ms == e->ts_ms && last->reason && last->reason == e->reason &&
	    last->type == JVPN_AUDIT_REATTACH_RESULT) {
		last->type = e->type;
		return;
	}
	note = ADD(r, note);
	if (note)
		*note = (struct jvpn_picture_note){.ts_ms = e->ts_ms,
						   .count = e->count,
						   .retry_ms = e->retry_ms,
						   .transport = e->transport,
						   .type = e->type,
						   .reason = e->reason};
}

static void take_own(struct replay *r, const struct jvpn_story_event *e)
{
	switch (e->type) {
	case JVPN_AUDIT_SESSION_CREATED:
		on_created(r);
		break;
	case JVPN_AUDIT_SESSION_RESTORED:
		on_restored(r, e);
		break;
	case JVPN_AUDIT_SESSION_STATE_CHANGE:
		if (!r->state && e->from == JVPN_STATE_BIRTH)
			r->panel->begun = true;
		on_state(r, e);
		break;
	case JVPN_AUDIT_TRANSPORT_ATTACHED:
		bind_to(r, e->transport);
		break;
	case JVPN_AUDIT_TRANSPORT_SWITCH:
		on_switch(r, e);
		break;
	case JVPN_AUDIT_REATTACH_RESULT:
		if (e->reason == JVPN_REASON_REATTACH_SUCCESS)
			bind_to(r, e->transport);
		break;
	case JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED:
		add_candidate(r, e->transport);
		break;
	case JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED:
		forget_candidate(r, e->transport);
		break;
	default:
		break;
	}
	r->last_own = r->now;
}

/* --- a panel for each end --- */

static void find_ends(struct jvpn_picture_panel *panel, const struct jvpn_story *story,
		      uint16_t node)
{
	bool first = true;

	for (uint32_t i = 0; i < story->events; i++) {
		const struct jvpn_story_event *e = &story->event[i];

		if (e->node != node || !e->own)
			continue;
		if (first)
			panel->from_ms = e->ts_ms;
		first = false;
		panel->to_ms = e->ts_ms;
		panel->ended = e->type == JVPN_AUDIT_SESSION_TERMINATED;
	}
	/* A session that lives on is known to live until its node's last line. */
	if (!panel->ended)
		panel->to_ms = panel->node->last_ms;
	panel->ended = false;
}

static void finish(struct replay *r)
{
	r->now = r->panel->to_ms;
	enter(r, 0, r->now);
	if (!r->panel->ended) {
		while (r->candidates)
			close_candidate(r, 0, r->now);
		unbind(r, r->now);
		close_unbound(r);
	}
	if (r->away)
		r->panel->move[r->panel->moves - 1].to_ms = r->now;
}

static int make_panel(struct jvpn_picture_panel *panel, const struct jvpn_story *story,
		      uint16_t node)
{
	struct replay r = {.story = story, .panel = panel};

	memset(panel, 0, sizeof(*panel));
	panel->node = &story->node[node];
	find_ends(panel, story, node);
	r.state_since = r.last_own = panel->from_ms;
	for (uint32_t i = 0; i < story->events && !r.rv; i++) {
		const struct jvpn_story_event *e = &story->event[i];

		if (e->node != node || e->ts_ms < panel->from_ms || e->ts_ms > panel->to_ms)
			continue;
		r.now = e->ts_ms;
		if (is_note(e))
			add_note(&r, e);
		if (e->own && !r.rv)
			take_own(&r, e);
	}
	if (!r.rv)
		finish(&r);
	return r.rv;
}

int jvpn_picture_make(struct jvpn_picture *p, const struct jvpn_story *story)
{
	int rv = 0;

	memset(p, 0, sizeof(*p));
	p->story = story;
	p->from_ms = UINT64_MAX;
	for (int role = JVPN_ROLE_SERVER; role <= JVPN_ROLE_CLIENT && !rv; role++) {
		for (uint32_t i = 0; i < story->nodes && !rv; i++) {
			struct jvpn_picture_panel *panel = &p->panel[p->panels];

			if ((int)story->node[i].role != role || !story->node[i].own)
				continue;
			if (p->panels == JVPN_PICTURE_PANELS_MAX) {
				p->panels_left_out++;
				continue;
			}
			p->panels++;
			rv = make_panel(panel, story, (uint16_t)i);
			if (panel->from_ms < p->from_ms)
				p->from_ms = panel->from_ms;
			if (panel->to_ms > p->to_ms)
				p->to_ms = panel->to_ms;
		}
	}
	return rv;
}

void jvpn_picture_clear(struct jvpn_picture *p)
{
	for (unsigned i = 0; i < p->panels; i++) {
		free(p->panel[i].state);
		free(p->panel[i].use);
		free(p->panel[i].unbound);
		free(p->panel[i].move);
		free(p->panel[i].note);
	}
	memset(p, 0, sizeof(*p));
}
