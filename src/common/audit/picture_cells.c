/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A panel divided into cells, and the sentences about moves and notes.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/picture.h"

/* Of what is in one cell the gravest is shown. */
unsigned jvpn_picture_gravity(uint8_t state)
{
	switch (state) {
	case JVPN_STATE_BIRTH:
		return 1;
	case JVPN_STATE_ATTACHED:
		return 2;
	case JVPN_PICTURE_NOT_TOLD:
		return 3;
	case JVPN_STATE_RECOVERING:
		return 4;
	case JVPN_STATE_VOLATILE:
		return 5;
	case JVPN_STATE_DEGRADED:
		return 6;
	default:
		return 0;
	}
}

struct cells {
	unsigned first, end; /* 'end' is behind the last one */
};

/* The cells that a span touches; none when it lasts no time or is outside. */
static struct cells cells_of(const struct jvpn_scale *scale, const struct jvpn_picture_span *span)
{
	struct cells c = {0, 0};

	if (span->to_ms == span->from_ms || span->to_ms <= scale->from_ms ||
	    span->from_ms >= scale->from_ms + scale->span_ms)
		return c;
	c.first = jvpn_scale_cell(scale, span->from_ms);
	c.end = jvpn_scale_cell(scale, span->to_ms) + 1;
	/* what ends where a cell begins does not touch it */
	if (c.end > c.first + 1 && jvpn_scale_place(scale, span->to_ms, scale->cells) <= c.end - 1)
		c.end--;
	return c;
}

/* The part of a cell that a span takes. */
static float share_of(const struct jvpn_scale *scale, const struct jvpn_picture_span *span,
		      unsigned cell)
{
	double from = jvpn_scale_place(scale, span->from_ms, scale->cells) - cell;
	double to = jvpn_scale_place(scale, span->to_ms, scale->cells) - cell;

	return (float)((to < 1 ? to : 1) - (from > 0 ? from : 0));
}

static uint8_t longest(const struct jvpn_picture_cell *cell)
{
	uint8_t state = cell->state;

	for (uint8_t s = JVPN_STATE_BIRTH; s <= JVPN_PICTURE_NOT_TOLD; s++)
		if (cell->share[s] > cell->share[state])
			state = s;
	return state;
}

void jvpn_picture_states(const struct jvpn_picture_panel *panel, const struct jvpn_scale *scale,
			 struct jvpn_picture_cell *cell)
{
	memset(cell, 0, scale->cells * sizeof(*cell));
	for (uint32_t i = 0; i < panel->moves; i++)
		cell[jvpn_scale_cell(scale, panel->move[i].from_ms)].moves++;
	for (uint32_t i = 0; i < panel->states; i++) {
		const struct jvpn_picture_span *span = &panel->state[i];
		struct cells at = cells_of(scale, span);

		for (unsigned c = at.first; c < at.end; c++) {
			cell[c].share[span->what] += share_of(scale, span, c);
			if (jvpn_picture_gravity(span->what) > jvpn_picture_gravity(cell[c].state))
				cell[c].state = span->what;
		}
	}
	for (unsigned c = 0; c < scale->cells; c++) {
		cell[c].several = cell[c].moves > 1;
		if (cell[c].several)
			cell[c].state = longest(&cell[c]);
	}
}

void jvpn_picture_lane(const struct jvpn_picture_panel *panel, unsigned lane,
		       const struct jvpn_scale *scale, uint8_t *cell, uint32_t *name)
{
	memset(cell, 0, scale->cells);
	memset(name, 0, scale->cells * sizeof(*name));
	for (uint32_t i = 0; i < panel->uses; i++) {
		const struct jvpn_picture_span *span = &panel->use[i];
		struct cells at = cells_of(scale, span);

		if (span->lane != lane)
			continue;
		for (unsigned c = at.first; c < at.end; c++) {
			if (span->what < cell[c])
				continue;
			cell[c] = span->what;
			name[c] = span->name;
		}
	}
}

void jvpn_picture_unbound(const struct jvpn_picture_panel *panel, const struct jvpn_scale *scale,
			  uint8_t *cell)
{
	memset(cell, 0, scale->cells);
	for (uint32_t i = 0; i < panel->unbounds; i++) {
		struct cells at = cells_of(scale, &panel->unbound[i]);

		for (unsigned c = at.first; c < at.end; c++)
			cell[c] = 1;
	}
}

/* --- sentences --- */

struct sentence {
	char *out;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *s, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(s->out + s->len, s->size - s->len, format, args);
	va_end(args);
	if (n > 0)
		s->len += (size_t)n < s->size - s->len ? (size_t)n : s->size - s->len - 1;
}

static void say_switch(struct sentence *s, const struct jvpn_picture_move *move)
{
	char text[JVPN_SCALE_TEXT_MAX];

	if (move->detect_us) {
		jvpn_scale_micros(move->detect_us, text);
		say(s, ", found in %s", text);
	}
	jvpn_scale_micros(move->recover_us, text);
	say(s, ", moved in %s", text);
}

void jvpn_picture_tell_move(const struct jvpn_picture *p, const struct jvpn_picture_move *move,
			    const char *arrow, char *out, size_t size)
{
	const struct jvpn_story_name *name = p->story->name;
	const char *from = name[move->previous].id, *to = name[move->transport].id;
	struct sentence s = {.out = out, .size = size};
	char text[JVPN_SCALE_TEXT_MAX];

	say(&s, "%s: ", jvpn_reason_name((enum jvpn_reason)move->reason));
	jvpn_scale_duration(move->to_ms - move->from_ms, text);
	if (move->end == JVPN_STATE_TERMINATED) {
		say(&s, "ended after %s (%s)", text,
		    jvpn_reason_name((enum jvpn_reason)move->end_reason));
	} else if (move->end != JVPN_STATE_ATTACHED) {
		say(&s, "still %s after %s", jvpn_state_name((enum jvpn_state)move->end), text);
	} else if (!move->switched) {
		say(&s, "%s again after %s", to[0] ? to : "attached", text);
	} else {
		say(&s, "%s%s%s", from[0] ? from : "nothing", arrow, to);
		say_switch(&s, move);
	}
	if (move->degraded)
		say(&s, ", through DEGRADED");
}

static const char *note_text(const struct jvpn_picture_note *note)
{
	switch (note->type) {
	case JVPN_AUDIT_NODE_STARTED:
		return "the node started";
	case JVPN_AUDIT_NODE_DRAINING:
		return "the node is drained";
	case JVPN_AUDIT_NODE_STOPPED:
		return "the node stopped";
	case JVPN_AUDIT_SESSION_RESTORED:
		return "restored from the store";
	case JVPN_AUDIT_POLICY_LOADED:
		return "a policy was loaded";
	case JVPN_AUDIT_TELEMETRY_DEGRADED:
		return "event lines were dropped";
	case JVPN_STORY_LOST:
		return "event lines are missing, and nothing says why";
	case JVPN_AUDIT_TRANSPORT_SWITCH_DENIED:
		return "switch denied";
	case JVPN_AUDIT_TRANSPORT_SWITCH_FAILED:
		return "switch failed";
	case JVPN_AUDIT_REATTACH_RESULT:
		return "request denied";
	default:
		return jvpn_audit_type_name((enum jvpn_audit_type)note->type);
	}
}

void jvpn_picture_tell_note(const struct jvpn_picture *p, const struct jvpn_picture_note *note,
			    char *out, size_t size)
{
	const char *transport = p->story->name[note->transport].id;
	struct sentence s = {.out = out, .size = size};
	char text[JVPN_SCALE_TEXT_MAX];

	say(&s, "%s", note_text(note));
	if (note->reason)
		say(&s, ": %s", jvpn_reason_name((enum jvpn_reason)note->reason));
	if (transport[0])
		say(&s, " (%s)", transport);
	if (note->count)
		say(&s, ", %" PRIu64 " of them", note->count);
	if (note->retry_ms) {
		jvpn_scale_duration(note->retry_ms, text);
		say(&s, ", again in %s", text);
	}
}

char jvpn_picture_note_kind(const struct jvpn_picture_note *note)
{
	switch (note->type) {
	case JVPN_AUDIT_NODE_STARTED:
	case JVPN_AUDIT_NODE_DRAINING:
	case JVPN_AUDIT_NODE_STOPPED:
	case JVPN_AUDIT_SESSION_RESTORED:
	case JVPN_AUDIT_POLICY_LOADED:
	case JVPN_AUDIT_OWNERSHIP_ACQUIRED:
		return 'n';
	case JVPN_AUDIT_TELEMETRY_DEGRADED:
	case JVPN_STORY_LOST:
		return 'l';
	case JVPN_AUDIT_SECURITY_REPLAY_DETECTED:
	case JVPN_AUDIT_SECURITY_VALIDATION_FAILED:
	case JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT:
		return 's';
	default:
		return 'd';
	}
}
