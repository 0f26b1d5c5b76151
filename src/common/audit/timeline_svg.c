/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The picture in SVG: a panel for each end above one axis, then close-ups and lists.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/timeline_internal.h"
#include "base/err.h"

#define GUTTER    84.0
#define GAP       4.0
#define LIST_ROWS 16
#define ROW       18.0

/* --- marks --- */

static void put_moves(struct sheet *sheet, const struct jvpn_picture_panel *panel, double bottom)
{
	const struct strip *strip = &sheet->strip;
	double free_from = 0;
	char number[16], text[512];

	for (uint32_t i = 0; i < panel->moves; i++) {
		const struct jvpn_picture_move *move = &panel->move[i];
		double x = (double)(long)sheet_place(strip, move->from_ms) + 0.5;
		struct jvpn_svg_box at = {x, sheet->y + 9, 8, 0};
		struct jvpn_svg_box lead = {x, sheet->y + 17, 0, bottom - sheet->y - 17};

		if (x < free_from) {
			lead.y += 4;
			lead.height = 5; /* no room for a number */
			jvpn_svg_line(&sheet->svg, "axis", &lead);
			continue;
		}
		snprintf(number, sizeof(number), "%" PRIu32, i + 1);
		jvpn_picture_tell_move(sheet->picture, move, SHEET_ARROW, text, sizeof(text));
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
		double x = sheet_place(&sheet->strip, panel->note[i].ts_ms);
		struct jvpn_svg_box at = {x, sheet->y + SHEET_LANE / 2, 6.5, 0};

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
	jvpn_svg_text(&sheet->svg, "soft small end", SHEET_MARGIN + GUTTER - 10, y, cut);
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
	return (panel->moves ? 22 : 0) + SHEET_BAND + GAP + panel->lanes * (SHEET_LANE + GAP) +
	       (has_unbound(panel) ? SHEET_LANE + GAP : 0) + (panel->notes ? SHEET_LANE + GAP : 0);
}

static void put_grid(struct sheet *sheet, double top, double bottom)
{
	const struct jvpn_scale *scale = &sheet->strip.scale;

	for (uint64_t i = 0; i <= scale->span_ms / scale->step_ms; i++) {
		uint64_t at = i * scale->step_ms;
		struct jvpn_svg_box line = {sheet_place(&sheet->strip, scale->from_ms + at), top, 0,
					    bottom - top};

		jvpn_svg_line(&sheet->svg, "grid", &line);
	}
}

static void put_heading(struct sheet *sheet, const struct jvpn_picture_panel *panel)
{
	const char *role = panel->node->role == JVPN_ROLE_SERVER ? "server" : "client";
	char text[320];

	snprintf(text, sizeof(text), "%s %s", role, panel->node->name);
	jvpn_svg_text(&sheet->svg, "strong", SHEET_MARGIN, sheet->y + 14, text);
	snprintf(text, sizeof(text),
		 "out of ATTACHED %" PRIu32 " times, %" PRIu64 " switches, %s%s%s", panel->moves,
		 panel->switches, panel->begun ? "" : "began before, ",
		 panel->ended ? "ended: " : "lives at the end",
		 panel->ended ? jvpn_reason_name((enum jvpn_reason)panel->end_reason) : "");
	jvpn_svg_text(&sheet->svg, "soft end", sheet->width - SHEET_MARGIN, sheet->y + 14, text);
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
	sheet_band(sheet, panel, &sheet->strip, SHEET_BAND);
	sheet->y += GAP;
	for (unsigned i = 0; i < panel->lanes; i++) {
		put_label(sheet, sheet->y + 11.5, panel->lane[i]);
		sheet_lane(sheet, panel, &sheet->strip, i);
		sheet->y += GAP;
	}
	if (has_unbound(panel)) {
		put_label(sheet, sheet->y + 11.5, "unbound");
		sheet_unbound(sheet, panel, &sheet->strip,
			      &(struct jvpn_svg_box){0, sheet->y + 3, 0, SHEET_LANE - 6});
		sheet->y += SHEET_LANE + GAP;
	}
	if (panel->notes) {
		put_label(sheet, sheet->y + 11.5, "notes");
		put_notes(sheet, panel);
		sheet->y += SHEET_LANE + GAP;
	}
	sheet->y += 10;
}

/* --- lists --- */

static void put_row(struct sheet *sheet, const char *kind, uint64_t ts_ms, const char *mark,
		    const char *text)
{
	struct jvpn_svg_box at = {SHEET_MARGIN + 8, sheet->y + 9, 7, 0};
	char offset[JVPN_SCALE_TEXT_MAX];

	jvpn_svg_badge(&sheet->svg, kind, &at, mark, NULL);
	jvpn_timeline_offset(ts_ms - sheet->picture->from_ms, offset);
	jvpn_svg_text(&sheet->svg, "soft end small", SHEET_MARGIN + GUTTER, sheet->y + 13, offset);
	jvpn_svg_text(&sheet->svg, "small", SHEET_MARGIN + GUTTER + 12, sheet->y + 13, text);
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
	jvpn_svg_text(&sheet->svg, "strong", SHEET_MARGIN, sheet->y + 14, text);
	sheet->y += 22;
	for (uint32_t i = 0; i < rows_of(panel); i++) {
		if (n == panel->notes ||
		    (m < panel->moves && panel->move[m].from_ms <= panel->note[n].ts_ms)) {
			snprintf(mark, sizeof(mark), "%" PRIu32, m + 1);
			jvpn_picture_tell_move(sheet->picture, &panel->move[m], SHEET_ARROW, text,
					       sizeof(text));
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
		jvpn_svg_text(&sheet->svg, "soft small", SHEET_MARGIN + GUTTER + 12, sheet->y + 13,
			      text);
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
	double x = SHEET_MARGIN;

	jvpn_id_format(&story->id, id);
	snprintf(text, sizeof(text), "Session %s", id);
	jvpn_svg_text(&sheet->svg, "big", SHEET_MARGIN, 28, text);
	jvpn_scale_instant(sheet->picture->from_ms, from);
	jvpn_scale_instant(sheet->picture->to_ms, to);
	jvpn_scale_duration(sheet->picture->to_ms - sheet->picture->from_ms, span);
	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s to %s UTC, %s", story->user,
		 story->user[0] ? ", " : "", story->ipv4, story->ipv4[0] ? ", " : "", story->ipv6,
		 story->ipv6[0] ? ", " : "", from, to, span);
	jvpn_svg_text(&sheet->svg, "soft", SHEET_MARGIN, 48, text);
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
	snprintf(text, sizeof(text),
		 "Two pixels are %s and show the gravest state in it; with several moves in it, "
		 "shares of time.%s",
		 cell, sheet->picture->panels > 1 ? " Each end's times are of its own clock." : "");
	jvpn_svg_text(&sheet->svg, "tiny soft", SHEET_MARGIN, sheet->y + 8, text);
	if (story->left_out || story->damaged || sheet->picture->panels_left_out) {
		sheet->y += 14;
		snprintf(text, sizeof(text),
			 "Not drawn: %" PRIu64 " events beyond the first %d, %u further nodes, "
			 "%" PRIu64 " damaged lines.",
			 story->left_out, JVPN_STORY_EVENTS_MAX, sheet->picture->panels_left_out,
			 story->damaged);
		jvpn_svg_text(&sheet->svg, "tiny soft", SHEET_MARGIN, sheet->y + 8, text);
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
	double y = 84 + 24 + 32 + sheet_closes_height(p);

	for (unsigned i = 0; i < p->panels; i++) {
		const struct jvpn_picture_panel *panel = &p->panel[i];
		uint32_t total = panel->moves + panel->notes;

		y += 22 + panel_height(panel) + 10;
		if (total)
			y += 22 + rows_of(panel) * ROW + (total > LIST_ROWS ? ROW : 0) + 8;
	}
	return y + SHEET_MARGIN;
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
	sheet_axis(sheet, &sheet->strip);
	put_bounds(sheet);
	sheet_closes(sheet);
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
	sheet_make_strip(&sheet.strip, p->from_ms, p->to_ms, SHEET_MARGIN + GUTTER,
			 sheet.width - 2 * SHEET_MARGIN - GUTTER);
	sheet.cell = calloc(width, sizeof(*sheet.cell));
	sheet.name = calloc(width, sizeof(*sheet.name));
	sheet.state = calloc(width, sizeof(*sheet.state));
	good = sheet.cell && sheet.name && sheet.state;
	if (good)
		put_sheet(&sheet);
	free(sheet.cell);
	free(sheet.name);
	free(sheet.state);
	return good ? 0 : JVPN_ENOMEM;
}
