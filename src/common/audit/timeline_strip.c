/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything is drawn in cells of two pixels, so that the file does not grow with the events.
 */
#include <string.h>

#include "audit/timeline_internal.h"

#define CELL 2.0

static double x_of_cell(const struct strip *strip, unsigned cell)
{
	return strip->x + strip->width * cell / strip->scale.cells;
}

double sheet_place(const struct strip *strip, uint64_t ts_ms)
{
	return strip->x + jvpn_scale_place(&strip->scale, ts_ms, strip->width);
}

void sheet_make_strip(struct strip *strip, uint64_t from_ms, uint64_t to_ms, double x, double width)
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

/* The first cell that is drawn otherwise than 'first'. */
static unsigned band_end(const struct sheet *sheet, const struct strip *strip, unsigned first)
{
	const struct jvpn_picture_cell *cell = sheet->state;
	unsigned c = first + 1;

	while (!cell[first].several && c < strip->scale.cells && !cell[c].several &&
	       cell[c].state == cell[first].state)
		c++;
	return c;
}

/* Shares of time one above the other, the gravest on top and never thinner than two pixels. */
static void put_shares(struct sheet *sheet, const struct jvpn_picture_cell *cell,
		       const struct jvpn_svg_box *box, const char *about)
{
	double top = box->y, bottom = box->y + box->height;
	char tip[384];

	for (unsigned gravity = 6; gravity >= 1; gravity--) {
		for (uint8_t state = JVPN_STATE_BIRTH; state <= JVPN_PICTURE_NOT_TOLD; state++) {
			struct jvpn_svg_box part = *box;

			if (jvpn_picture_gravity(state) != gravity || cell->share[state] <= 0)
				continue;
			part.y = top;
			part.height = (double)cell->share[state] * box->height;
			part.height = part.height < 2 ? 2 : part.height;
			if (part.y + part.height > bottom || gravity <= 2)
				part.height = bottom - part.y;
			top += part.height;
			if (part.height <= 0)
				continue;
			snprintf(tip, sizeof(tip), "%u moves, %s %.1f %%, %s", cell->moves,
				 state_text(state), 100 * (double)cell->share[state], about);
			jvpn_svg_rect(&sheet->svg, state_class(state), &part, tip);
		}
	}
}

void sheet_band(struct sheet *sheet, const struct jvpn_picture_panel *panel,
		const struct strip *strip, double height)
{
	char about[256], tip[320];
	unsigned end;

	jvpn_picture_states(panel, &strip->scale, sheet->state);
	for (unsigned c = 0; c < strip->scale.cells; c = end) {
		uint8_t state = sheet->state[c].state;
		struct jvpn_svg_box box = {x_of_cell(strip, c), sheet->y, 0, height};

		end = band_end(sheet, strip, c);
		if (!state)
			continue;
		box.width = x_of_cell(strip, end) - box.x;
		tell_run(sheet, strip, c, end, about);
		if (sheet->state[c].several) {
			put_shares(sheet, &sheet->state[c], &box, about);
			continue;
		}
		snprintf(tip, sizeof(tip), "%s, %s", state_text(state), about);
		jvpn_svg_rect(&sheet->svg, state_class(state), &box, tip);
		if (box.width > 80 && height >= SHEET_BAND)
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
	struct jvpn_svg_box box = {x, sheet->y, width, SHEET_LANE};
	char class_name[32], about[256], tip[448];
	const char *number = strchr(name->id, '#');

	if (!bound) {
		box.y += SHEET_LANE / 2 - 2;
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

void sheet_lane(struct sheet *sheet, const struct jvpn_picture_panel *panel,
		const struct strip *strip, unsigned lane)
{
	unsigned end;

	jvpn_picture_lane(panel, lane, &strip->scale, sheet->cell, sheet->name);
	for (unsigned c = 0; c < strip->scale.cells; c = end) {
		end = run_end(sheet, strip, c, true);
		if (sheet->cell[c])
			put_lane_run(sheet, strip, lane, c, end);
	}
	sheet->y += SHEET_LANE;
}

/* 'row' says where and how high. */
void sheet_unbound(struct sheet *sheet, const struct jvpn_picture_panel *panel,
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

void sheet_axis(struct sheet *sheet, const struct strip *strip)
{
	const struct jvpn_scale *scale = &strip->scale;
	struct jvpn_svg_box line = {strip->x, sheet->y, strip->width, 0};
	char text[JVPN_SCALE_TEXT_MAX];

	jvpn_svg_line(&sheet->svg, "axis", &line);
	for (uint64_t i = 0; i <= scale->span_ms / scale->step_ms; i++) {
		uint64_t at = i * scale->step_ms;
		double x = sheet_place(strip, scale->from_ms + at);
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
