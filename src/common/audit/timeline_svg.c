/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The picture in SVG. Everything is drawn in cells of two pixels, so that the file does not grow with
 * the events; the shortest moves are shown once more, closely.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/svg.h"
#include "audit/timeline.h"
#include "base/err.h"

#define MARGIN        16.0
#define GUTTER        84.0
#define CELL          2.0
#define BAND          22.0
#define LANE          15.0
#define GAP           4.0
#define LIST_ROWS     16
#define ROW           18.0
#define CLOSE_MAX     6
#define CLOSE_COLUMNS 3
#define CLOSE_PAD_MS  10

/* A stretch of time across a stretch of the drawing. */
struct strip {
	struct jvpn_scale scale;
	double x, width;
};

struct sheet {
	const struct jvpn_picture *picture;
	struct jvpn_svg svg;
	FILE *out;
	double width, y;
	struct strip strip;
	uint8_t *cell;  /* owned; for the widest strip */
	uint32_t *name; /* owned */
};

static double x_of_cell(const struct strip *strip, unsigned cell)
{
	return strip->x + strip->width * cell / strip->scale.cells;
}

static double x_of(const struct strip *strip, uint64_t ts_ms)
{
	return strip->x + jvpn_scale_place(&strip->scale, ts_ms, strip->width);
}

static void make_strip(struct strip *strip, uint64_t from_ms, uint64_t to_ms, double x,
		       double width)
{
	strip->x = x;
	strip->width = width;
	jvpn_scale_init(&strip->scale, from_ms, to_ms, (unsigned)(width / CELL),
			(unsigned)(width / 80));
}

/* --- bands --- */

static const char *state_class(uint8_t state)
{
	return state == JVPN_PICTURE_NOT_TOLD ? "nottold" : jvpn_state_name((enum jvpn_state)state);
}

static const char *state_text(uint8_t state)
{
	return state == JVPN_PICTURE_NOT_TOLD ? "not told"
					      : jvpn_state_name((enum jvpn_state)state);
}

/* From 'first' on: the first cell that is not the same. */
static unsigned run_end(const struct sheet *sheet, const struct strip *strip, unsigned first,
			bool names)
{
	unsigned c = first + 1;

	while (c < strip->scale.cells && sheet->cell[c] == sheet->cell[first] &&
	       (!names || sheet->name[c] == sheet->name[first]))
		c++;
	return c;
}

static void tell_run(const struct sheet *sheet, const struct strip *strip, unsigned first,
		     unsigned end, char tip[256])
{
	char from[JVPN_SCALE_TEXT_MAX], to[JVPN_SCALE_TEXT_MAX];
	uint64_t zero = sheet->picture->from_ms;

	jvpn_timeline_offset(jvpn_scale_begin(&strip->scale, first) - zero, from);
	jvpn_timeline_offset(jvpn_scale_begin(&strip->scale, end) - zero, to);
	snprintf(tip, 256, "about %s to %s", from, to);
}

static void put_band(struct sheet *sheet, const struct jvpn_picture_panel *panel,
		     const struct strip *strip, double height)
{
	char about[256], tip[320];
	unsigned end;

	jvpn_picture_states(panel, &strip->scale, sheet->cell);
	for (unsigned c = 0; c < strip->scale.cells; c = end) {
		uint8_t state = sheet->cell[c];
		struct jvpn_svg_box box = {x_of_cell(strip, c), sheet->y, 0, height};

		end = run_end(sheet, strip, c, false);
		if (!state)
			continue;
		box.width = x_of_cell(strip, end) - box.x;
		tell_run(sheet, strip, c, end, about);
		snprintf(tip, sizeof(tip), "%s, %s", state_text(state), about);
		jvpn_svg_rect(&sheet->svg, state_class(state), &box, tip);
		if (box.width > 80 && height >= BAND)
			jvpn_svg_text(&sheet->svg,
				      state == JVPN_STATE_VOLATILE || state == JVPN_PICTURE_NOT_TOLD
					      ? "onlight"
					      : "onband",
				      box.x + 7, box.y + 15, state_text(state));
	}
	sheet->y += height;
}

static void put_lane_run(struct sheet *sheet, const struct strip *strip, unsigned lane,
			 unsigned first, unsigned end)
{
	const struct jvpn_story_name *name = &sheet->picture->story->name[sheet->name[first]];
	bool bound = sheet->cell[first] == JVPN_LANE_BOUND;
	double x = x_of_cell(strip, first), width = x_of_cell(strip, end) - x;
	struct jvpn_svg_box box = {x, sheet->y, width, LANE};
	char class_name[32], about[256], tip[448];
	const char *number = strchr(name->id, '#');

	if (!bound) {
		box.y += LANE / 2 - 2;
		box.height = 4;
	}
	snprintf(class_name, sizeof(class_name), "b%u%s", lane % 4, bound ? "" : " standby");
	tell_run(sheet, strip, first, end, about);
	snprintf(tip, sizeof(tip), "%s %s, %s%s%s", name->id, bound ? "is bound" : "stands by",
		 about, name->peer[0] ? ", " : "", name->peer);
	jvpn_svg_rect(&sheet->svg, class_name, &box, tip);
	if (bound && number && width > 14 + 7 * (double)strlen(number))
		jvpn_svg_text(&sheet->svg, "onband", x + 5, sheet->y + 11.5, number);
}

static void put_lane(struct sheet *sheet, const struct jvpn_picture_panel *panel,
		     const struct strip *strip, unsigned lane)
{
	unsigned end;

	jvpn_picture_lane(panel, lane, &strip->scale, sheet->cell, sheet->name);
	for (unsigned c = 0; c < strip->scale.cells; c = end) {
		end = run_end(sheet, strip, c, true);
		if (sheet->cell[c])
			put_lane_run(sheet, strip, lane, c, end);
	}
	sheet->y += LANE;
}

/* 'row' says where and how high. */
static void put_unbound(struct sheet *sheet, const struct jvpn_picture_panel *panel,
			const struct strip *strip, const struct jvpn_svg_box *row)
{
	char about[256], tip[320];
	unsigned end;

	jvpn_picture_unbound(panel, &strip->scale, sheet->cell);
	for (unsigned c = 0; c < strip->scale.cells; c = end) {
		struct jvpn_svg_box box = {x_of_cell(strip, c), row->y, 0, row->height};

		end = run_end(sheet, strip, c, false);
		if (!sheet->cell[c])
			continue;
		box.width = x_of_cell(strip, end) - box.x;
		tell_run(sheet, strip, c, end, about);
		snprintf(tip, sizeof(tip), "bound to nothing, %s", about);
		jvpn_svg_rect(&sheet->svg, "unbound", &box, tip);
	}
}

/* --- marks --- */

static void put_moves(struct sheet *sheet, const struct jvpn_picture_panel *panel, double bottom)
{
	const struct strip *strip = &sheet->strip;
	double free_from = 0;
	char number[16], text[512];

	for (uint32_t i = 0; i < panel->moves; i++) {
		const struct jvpn_picture_move *move = &panel->move[i];
		double x = (double)(long)x_of(strip, move->from_ms) + 0.5;
		struct jvpn_svg_box at = {x, sheet->y + 9, 8, 0};
		struct jvpn_svg_box lead = {x, sheet->y + 17, 0, bottom - sheet->y - 17};

		if (x < free_from) {
			lead.y += 4;
			lead.height = 5; /* no room for a number */
			jvpn_svg_line(&sheet->svg, "axis", &lead);
			continue;
		}
		snprintf(number, sizeof(number), "%" PRIu32, i + 1);
		jvpn_picture_tell_move(sheet->picture, move, " \xe2\x86\x92 ", text, sizeof(text));
		jvpn_svg_line(&sheet->svg, "lead", &lead);
		jvpn_svg_badge(&sheet->svg, "m", &at, i < 99 ? number : "+", text);
		free_from = x + 17;
	}
}

static void put_notes(struct sheet *sheet, const struct jvpn_picture_panel *panel)
{
	double free_from = 0;
	char kind[2] = "", letter[2] = "", text[512];

	for (uint32_t i = 0; i < panel->notes; i++) {
		double x = x_of(&sheet->strip, panel->note[i].ts_ms);
		struct jvpn_svg_box at = {x, sheet->y + LANE / 2, 6.5, 0};

		if (x < free_from)
			continue;
		kind[0] = jvpn_picture_note_kind(&panel->note[i]);
		letter[0] = (char)(kind[0] == 'd' ? '!' : kind[0] == 'l' ? '?' : kind[0] - 32);
		jvpn_picture_tell_note(sheet->picture, &panel->note[i], text, sizeof(text));
		jvpn_svg_badge(&sheet->svg, kind, &at, letter, text);
		free_from = x + 14;
	}
}

/* --- a panel --- */

static void put_label(struct sheet *sheet, double y, const char *text)
{
	char cut[16];

	snprintf(cut, sizeof(cut), "%s", text);
	jvpn_svg_text(&sheet->svg, "soft small end", MARGIN + GUTTER - 10, y, cut);
}

static bool has_unbound(const struct jvpn_picture_panel *panel)
{
	for (uint32_t i = 0; i < panel->unbounds; i++)
		if (panel->unbound[i].to_ms > panel->unbound[i].from_ms)
			return true;
	return false;
}

/* What is drawn below the heading. */
static double panel_height(const struct jvpn_picture_panel *panel)
{
	return (panel->moves ? 22 : 0) + BAND + GAP + panel->lanes * (LANE + GAP) +
	       (has_unbound(panel) ? LANE + GAP : 0) + (panel->notes ? LANE + GAP : 0);
}

static void put_grid(struct sheet *sheet, double top, double bottom)
{
	const struct jvpn_scale *scale = &sheet->strip.scale;

	for (uint64_t i = 0; i <= scale->span_ms / scale->step_ms; i++) {
		uint64_t at = i * scale->step_ms;
		struct jvpn_svg_box line = {x_of(&sheet->strip, scale->from_ms + at), top, 0,
					    bottom - top};

		jvpn_svg_line(&sheet->svg, "grid", &line);
	}
}

static void put_heading(struct sheet *sheet, const struct jvpn_picture_panel *panel)
{
	const char *role = panel->node->role == JVPN_ROLE_SERVER ? "server" : "client";
	char text[320];

	snprintf(text, sizeof(text), "%s %s", role, panel->node->name);
	jvpn_svg_text(&sheet->svg, "strong", MARGIN, sheet->y + 14, text);
	snprintf(text, sizeof(text),
		 "out of ATTACHED %" PRIu32 " times, %" PRIu64 " switches, %s%s%s", panel->moves,
		 panel->switches, panel->begun ? "" : "began before, ",
		 panel->ended ? "ended: " : "lives at the end",
		 panel->ended ? jvpn_reason_name((enum jvpn_reason)panel->end_reason) : "");
	jvpn_svg_text(&sheet->svg, "soft end", sheet->width - MARGIN, sheet->y + 14, text);
	sheet->y += 22;
}

static void put_panel(struct sheet *sheet, const struct jvpn_picture_panel *panel)
{
	double bottom;

	put_heading(sheet, panel);
	bottom = sheet->y + panel_height(panel);
	put_grid(sheet, sheet->y, bottom);
	if (panel->moves) {
		put_moves(sheet, panel, bottom);
		sheet->y += 22;
	}
	put_label(sheet, sheet->y + 15, "state");
	put_band(sheet, panel, &sheet->strip, BAND);
	sheet->y += GAP;
	for (unsigned i = 0; i < panel->lanes; i++) {
		put_label(sheet, sheet->y + 11.5, panel->lane[i]);
		put_lane(sheet, panel, &sheet->strip, i);
		sheet->y += GAP;
	}
	if (has_unbound(panel)) {
		put_label(sheet, sheet->y + 11.5, "unbound");
		put_unbound(sheet, panel, &sheet->strip,
			    &(struct jvpn_svg_box){0, sheet->y + 3, 0, LANE - 6});
		sheet->y += LANE + GAP;
	}
	if (panel->notes) {
		put_label(sheet, sheet->y + 11.5, "notes");
		put_notes(sheet, panel);
		sheet->y += LANE + GAP;
	}
	sheet->y += 10;
}

static void put_axis(struct sheet *sheet, const struct strip *strip)
{
	const struct jvpn_scale *scale = &strip->scale;
	struct jvpn_svg_box line = {strip->x, sheet->y, strip->width, 0};
	char text[JVPN_SCALE_TEXT_MAX];

	jvpn_svg_line(&sheet->svg, "axis", &line);
	for (uint64_t i = 0; i <= scale->span_ms / scale->step_ms; i++) {
		uint64_t at = i * scale->step_ms;
		double x = x_of(strip, scale->from_ms + at);
		struct jvpn_svg_box tick = {x, sheet->y, 0, 4};

		jvpn_svg_line(&sheet->svg, "axis", &tick);
		jvpn_scale_tick(scale, at, text);
		jvpn_svg_text(&sheet->svg,
			      x > strip->x + strip->width - 12 ? "tiny soft end"
			      : at                             ? "tiny soft middle"
							       : "tiny soft",
			      x, sheet->y + 15, text);
	}
	sheet->y += 24;
}

/* --- close-ups --- */

static uint64_t length_of(const struct jvpn_picture_move *move)
{
	return move->to_ms - move->from_ms + move->detect_us / 1000;
}

/* The panel in which moves take time: a client's, if there is one. */
static const struct jvpn_picture_panel *close_panel(const struct jvpn_picture *p)
{
	const struct jvpn_picture_panel *panel = &p->panel[0];

	for (unsigned i = 0; i < p->panels; i++)
		if (p->panel[i].moves &&
		    (p->panel[i].node->role == JVPN_ROLE_CLIENT || !panel->moves))
			panel = &p->panel[i];
	return panel;
}

/* The longest moves, in order of time; none where the picture itself shows them well. */
static unsigned choose_close(const struct jvpn_picture *p, uint32_t chosen[CLOSE_MAX])
{
	const struct jvpn_picture_panel *panel = close_panel(p);
	uint64_t whole = p->to_ms - p->from_ms;
	unsigned count = 0, shortest;

	for (uint32_t i = 0; i < panel->moves; i++) {
		if (length_of(&panel->move[i]) > whole / 20)
			continue;
		if (count < CLOSE_MAX) {
			chosen[count++] = i;
			continue;
		}
		shortest = 0;
		for (unsigned c = 1; c < count; c++)
			if (length_of(&panel->move[chosen[c]]) <
			    length_of(&panel->move[chosen[shortest]]))
				shortest = c;
		if (length_of(&panel->move[i]) <= length_of(&panel->move[chosen[shortest]]))
			continue;
		memmove(&chosen[shortest], &chosen[shortest + 1],
			(count - shortest - 1) * sizeof(*chosen));
		chosen[count - 1] = i;
	}
	return count;
}

/* When the last good packet came, as far as it is shown. */
static uint64_t silent_since(const struct jvpn_picture *p, const struct jvpn_picture_move *move)
{
	uint64_t detect = move->detect_us / 1000, most = 5 * (move->to_ms - move->from_ms) + 200;

	detect = detect < most ? detect : most;
	return move->from_ms - p->from_ms > detect ? move->from_ms - detect : p->from_ms;
}

/* Above the band: nothing was heard on the old transport, or nothing was bound. */
static void put_silence(struct sheet *sheet, const struct jvpn_picture_panel *panel,
			const struct strip *strip, const struct jvpn_picture_move *move)
{
	double from = x_of(strip, silent_since(sheet->picture, move)),
	       to = x_of(strip, move->from_ms);
	struct jvpn_svg_box box = {from, sheet->y, to - from, 4};

	if (to - from >= 2)
		jvpn_svg_rect(&sheet->svg, "unbound", &box,
			      "from the last good packet on the old transport to the decision");
	put_unbound(sheet, panel, strip, &box);
	sheet->y += 4;
}

/* Without its reason, which is the title: where from and where to, and how long it took. */
static void put_close_text(struct sheet *sheet, const struct jvpn_picture_move *move, double x)
{
	char text[512], *from, *rest;

	jvpn_picture_tell_move(sheet->picture, move, " \xe2\x86\x92 ", text, sizeof(text));
	from = strstr(text, ": ") ? strstr(text, ": ") + 2 : text;
	rest = strstr(from, ", ");
	if (rest) {
		*rest = '\0';
		jvpn_svg_text(&sheet->svg, "small soft", x, sheet->y + 21, rest + 2);
	}
	jvpn_svg_text(&sheet->svg, "small", x, sheet->y + 6, from);
}

static void put_close(struct sheet *sheet, const struct jvpn_picture_panel *panel, uint32_t number,
		      const struct jvpn_svg_box *box)
{
	const struct jvpn_picture_move *move = &panel->move[number];
	uint64_t from = silent_since(sheet->picture, move), length = move->to_ms - from;
	uint64_t pad = length / 4 + CLOSE_PAD_MS;
	struct jvpn_svg_box at = {box->x + 16, box->y + 17, 8, 0};
	char mark[16];
	struct strip strip;

	from = from > pad ? from - pad : 0;
	jvpn_svg_rect(&sheet->svg, "zone", box, NULL);
	snprintf(mark, sizeof(mark), "%" PRIu32, number + 1);
	jvpn_svg_badge(&sheet->svg, "m", &at, mark, NULL);
	jvpn_svg_text(&sheet->svg, "strong small", box->x + 30, box->y + 21,
		      jvpn_reason_name((enum jvpn_reason)move->reason));
	make_strip(&strip, from, move->to_ms + pad, box->x + 12, box->width - 24);
	sheet->y = box->y + 32;
	put_silence(sheet, panel, &strip, move);
	sheet->y += 2;
	put_band(sheet, panel, &strip, 14);
	sheet->y += 3;
	for (unsigned i = 0; i < panel->lanes; i++) {
		put_lane(sheet, panel, &strip, i);
		sheet->y += 2;
	}
	sheet->y += 2;
	put_axis(sheet, &strip);
	put_close_text(sheet, move, box->x + 12);
}

static double close_height(const struct jvpn_picture_panel *panel)
{
	return 32 + 6 + 14 + 3 + panel->lanes * (LANE + 2) + 2 + 24 + 33;
}

static void put_closes(struct sheet *sheet)
{
	const struct jvpn_picture_panel *panel = close_panel(sheet->picture);
	uint32_t chosen[CLOSE_MAX];
	unsigned count = choose_close(sheet->picture, chosen);
	double top = sheet->y + 24, height = close_height(panel);
	double width = (sheet->width - 2 * MARGIN - 12 * (CLOSE_COLUMNS - 1)) / CLOSE_COLUMNS;
	char text[160];

	if (!count)
		return;
	snprintf(text, sizeof(text), "Close up, as the %s saw it",
		 panel->node->role == JVPN_ROLE_CLIENT ? "client" : "server");
	jvpn_svg_text(&sheet->svg, "strong", MARGIN, sheet->y + 14, text);
	for (unsigned i = 0; i < count; i++) {
		struct jvpn_svg_box box = {MARGIN + (width + 12) * (i % CLOSE_COLUMNS),
					   top + (height + 12) * (i / CLOSE_COLUMNS), width,
					   height};

		put_close(sheet, panel, chosen[i], &box);
	}
	sheet->y = top + (height + 12) * ((count + CLOSE_COLUMNS - 1) / CLOSE_COLUMNS) + 6;
}

/* --- lists --- */

static void put_row(struct sheet *sheet, const char *kind, uint64_t ts_ms, const char *mark,
		    const char *text)
{
	struct jvpn_svg_box at = {MARGIN + 8, sheet->y + 9, 7, 0};
	char offset[JVPN_SCALE_TEXT_MAX];

	jvpn_svg_badge(&sheet->svg, kind, &at, mark, NULL);
	jvpn_timeline_offset(ts_ms - sheet->picture->from_ms, offset);
	jvpn_svg_text(&sheet->svg, "soft end small", MARGIN + GUTTER, sheet->y + 13, offset);
	jvpn_svg_text(&sheet->svg, "small", MARGIN + GUTTER + 12, sheet->y + 13, text);
	sheet->y += ROW;
}

static uint32_t rows_of(const struct jvpn_picture_panel *panel)
{
	uint32_t total = panel->moves + panel->notes;

	return total > LIST_ROWS ? LIST_ROWS : total;
}

static void put_list(struct sheet *sheet, const struct jvpn_picture_panel *panel)
{
	uint32_t total = panel->moves + panel->notes, m = 0, n = 0;
	char text[512], mark[16], kind[2] = "";

	if (!total)
		return;
	snprintf(text, sizeof(text), "What the %s tells",
		 panel->node->role == JVPN_ROLE_SERVER ? "server" : "client");
	jvpn_svg_text(&sheet->svg, "strong", MARGIN, sheet->y + 14, text);
	sheet->y += 22;
	for (uint32_t i = 0; i < rows_of(panel); i++) {
		if (n == panel->notes ||
		    (m < panel->moves && panel->move[m].from_ms <= panel->note[n].ts_ms)) {
			snprintf(mark, sizeof(mark), "%" PRIu32, m + 1);
			jvpn_picture_tell_move(sheet->picture, &panel->move[m], " \xe2\x86\x92 ",
					       text, sizeof(text));
			put_row(sheet, "m", panel->move[m++].from_ms, mark, text);
			continue;
		}
		kind[0] = jvpn_picture_note_kind(&panel->note[n]);
		mark[0] = (char)(kind[0] == 'd' ? '!' : kind[0] == 'l' ? '?' : kind[0] - 32);
		mark[1] = '\0';
		jvpn_picture_tell_note(sheet->picture, &panel->note[n], text, sizeof(text));
		put_row(sheet, kind, panel->note[n++].ts_ms, mark, text);
	}
	if (total > LIST_ROWS) {
		snprintf(text, sizeof(text), "and %" PRIu32 " more (audit timeline --all)",
			 total - LIST_ROWS);
		jvpn_svg_text(&sheet->svg, "soft small", MARGIN + GUTTER + 12, sheet->y + 13, text);
		sheet->y += ROW;
	}
	sheet->y += 8;
}

/* --- the sheet --- */

static void put_key(struct sheet *sheet, double *x, const char *class_name, const char *text)
{
	struct jvpn_svg_box box = {*x, sheet->y, 14, 10};

	if (strstr(class_name, "standby")) {
		box.y += 3;
		box.height = 4;
	}
	jvpn_svg_rect(&sheet->svg, class_name, &box, NULL);
	jvpn_svg_text(&sheet->svg, "small soft", *x + 19, sheet->y + 9, text);
	*x += 19 + 7.2 * (double)strlen(text) + 12;
}

static void put_head(struct sheet *sheet)
{
	const struct jvpn_story *story = sheet->picture->story;
	char id[JVPN_ID_HEX_LEN + 1], from[JVPN_SCALE_TEXT_MAX], to[JVPN_SCALE_TEXT_MAX];
	char span[JVPN_SCALE_TEXT_MAX], text[512];
	double x = MARGIN;

	jvpn_id_format(&story->id, id);
	snprintf(text, sizeof(text), "Session %s", id);
	jvpn_svg_text(&sheet->svg, "big", MARGIN, 28, text);
	jvpn_scale_instant(sheet->picture->from_ms, from);
	jvpn_scale_instant(sheet->picture->to_ms, to);
	jvpn_scale_duration(sheet->picture->to_ms - sheet->picture->from_ms, span);
	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s to %s UTC, %s", story->user,
		 story->user[0] ? ", " : "", story->ipv4, story->ipv4[0] ? ", " : "", story->ipv6,
		 story->ipv6[0] ? ", " : "", from, to, span);
	jvpn_svg_text(&sheet->svg, "soft", MARGIN, 48, text);
	sheet->y = 62;
	put_key(sheet, &x, "ATTACHED", "ATTACHED");
	put_key(sheet, &x, "VOLATILE", "VOLATILE");
	put_key(sheet, &x, "RECOVERING", "RECOVERING");
	put_key(sheet, &x, "DEGRADED", "DEGRADED");
	put_key(sheet, &x, "nottold", "not told");
	put_key(sheet, &x, "b0", "bound");
	put_key(sheet, &x, "b0 standby", "standby");
	put_key(sheet, &x, "unbound", "unbound, silent");
	sheet->y += 22;
}

static void put_bounds(struct sheet *sheet)
{
	const struct jvpn_story *story = sheet->picture->story;
	char cell[JVPN_SCALE_TEXT_MAX], text[256];

	jvpn_scale_micros(
		(uint64_t)((double)sheet->strip.scale.span_ms * 1000 / sheet->strip.scale.cells),
		cell);
	snprintf(text, sizeof(text), "Two pixels are %s and show the gravest of it.%s", cell,
		 sheet->picture->panels > 1 ? " Each end's times are of its own clock." : "");
	jvpn_svg_text(&sheet->svg, "tiny soft", MARGIN, sheet->y + 8, text);
	if (story->left_out || story->damaged || sheet->picture->panels_left_out) {
		sheet->y += 14;
		snprintf(text, sizeof(text),
			 "Not drawn: %" PRIu64 " events beyond the first %d, %u further nodes, "
			 "%" PRIu64 " damaged lines.",
			 story->left_out, JVPN_STORY_EVENTS_MAX, sheet->picture->panels_left_out,
			 story->damaged);
		jvpn_svg_text(&sheet->svg, "tiny soft", MARGIN, sheet->y + 8, text);
	}
	sheet->y += 18;
}

static void describe(struct sheet *sheet)
{
	const struct jvpn_picture *p = sheet->picture;
	char title[192], text[160];
	FILE *out = sheet->out;

	jvpn_id_format(&p->story->id, text);
	snprintf(title, sizeof(title), "Life of session %s", text);
	fputs("<title id=\"jvt\">", out);
	jvpn_svg_escape(out, title);
	fputs("</title>\n<desc id=\"jvd\">", out);
	for (unsigned i = 0; i < p->panels; i++) {
		const struct jvpn_picture_panel *panel = &p->panel[i];
		char sentence[512];

		fputs(panel->node->role == JVPN_ROLE_SERVER ? "Server " : "Client ", out);
		jvpn_svg_escape(out, panel->node->name);
		fprintf(out, ": out of ATTACHED %" PRIu32 " times, %" PRIu64 " switches. ",
			panel->moves, panel->switches);
		for (uint32_t m = 0; m < panel->moves && m < LIST_ROWS; m++) {
			jvpn_timeline_offset(panel->move[m].from_ms - p->from_ms, text);
			jvpn_picture_tell_move(p, &panel->move[m], " to ", sentence,
					       sizeof(sentence));
			fprintf(out, "At %s ", text);
			jvpn_svg_escape(out, sentence);
			fputs(". ", out);
		}
	}
	fputs("</desc>\n", out);
}

/* The height has to be known before anything is drawn. */
static double measure(const struct jvpn_picture *p)
{
	uint32_t chosen[CLOSE_MAX];
	unsigned closes = choose_close(p, chosen);
	double y = 84 + 24 + 32;

	for (unsigned i = 0; i < p->panels; i++) {
		const struct jvpn_picture_panel *panel = &p->panel[i];
		uint32_t total = panel->moves + panel->notes;

		y += 22 + panel_height(panel) + 10;
		if (total)
			y += 22 + rows_of(panel) * ROW + (total > LIST_ROWS ? ROW : 0) + 8;
	}
	if (closes)
		y += 24 +
		     (close_height(close_panel(p)) + 12) *
			     ((closes + CLOSE_COLUMNS - 1) / CLOSE_COLUMNS) +
		     6;
	return y + MARGIN;
}

static void put_sheet(struct sheet *sheet)
{
	const struct jvpn_picture *p = sheet->picture;
	struct jvpn_svg_box size = {0, 0, sheet->width, measure(p)};

	jvpn_svg_begin(&sheet->svg, sheet->out, "jv", &size);
	describe(sheet);
	fputs("<style>\n", sheet->out);
	jvpn_svg_style(sheet->out);
	fputs("</style>\n", sheet->out);
	jvpn_svg_rect(&sheet->svg, "paper", &size, NULL);
	put_head(sheet);
	for (unsigned i = 0; i < p->panels; i++)
		put_panel(sheet, &p->panel[i]);
	put_axis(sheet, &sheet->strip);
	put_bounds(sheet);
	put_closes(sheet);
	for (unsigned i = 0; i < p->panels; i++)
		put_list(sheet, &p->panel[i]);
	jvpn_svg_end(&sheet->svg);
}

int jvpn_timeline_svg(const struct jvpn_picture *p, unsigned width, FILE *out)
{
	struct sheet sheet = {.picture = p, .out = out};
	bool good;

	width = width < JVPN_TIMELINE_SVG_MIN   ? JVPN_TIMELINE_SVG_MIN
		: width > JVPN_TIMELINE_SVG_MAX ? JVPN_TIMELINE_SVG_MAX
						: width;
	sheet.width = width;
	make_strip(&sheet.strip, p->from_ms, p->to_ms, MARGIN + GUTTER,
		   sheet.width - 2 * MARGIN - GUTTER);
	sheet.cell = calloc(width, sizeof(*sheet.cell));
	sheet.name = calloc(width, sizeof(*sheet.name));
	good = sheet.cell && sheet.name;
	if (good)
		put_sheet(&sheet);
	free(sheet.cell);
	free(sheet.name);
	return good ? 0 : JVPN_ENOMEM;
}
