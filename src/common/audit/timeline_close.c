/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Moves that are too short to be seen in the picture, each on an axis of its own.
 */
#include <inttypes.h>
#include <string.h>

#include "audit/timeline_internal.h"

#define CLOSE_MAX     6
#define CLOSE_COLUMNS 3
#define CLOSE_PAD_MS  10

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
	double from = sheet_place(strip, silent_since(sheet->picture, move)),
	       to = sheet_place(strip, move->from_ms);
	struct jvpn_svg_box box = {from, sheet->y, to - from, 4};

	if (to - from >= 2)
		jvpn_svg_rect(&sheet->svg, "unbound", &box,
			      "from the last good packet on the old transport to the decision");
	sheet_unbound(sheet, panel, strip, &box);
	sheet->y += 4;
}

/* Without its reason, which is the title: where from and where to, and how long it took. */
static void put_close_text(struct sheet *sheet, const struct jvpn_picture_move *move, double x)
{
	char text[512], *from, *rest;

	jvpn_picture_tell_move(sheet->picture, move, SHEET_ARROW, text, sizeof(text));
	from = strstr(text, ": ") ? strstr(text, ": ") + 2 : text;
	rest = strstr(from, ", ");
	if (rest) {
		char *through = strstr(rest + 2, ", through");

		*rest = '\0';
		if (through)
			*through = '\0'; /* the band shows it */
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
	struct jvpn_svg_box at = {box->x + 16, box->y + 17, number < 99 ? 8 : 12, 0};
	char mark[16];
	struct strip strip;

	from = from > pad ? from - pad : 0;
	jvpn_svg_rect(&sheet->svg, "zone", box, NULL);
	snprintf(mark, sizeof(mark), "%" PRIu32, number + 1);
	jvpn_svg_badge(&sheet->svg, "m", &at, mark, NULL);
	jvpn_svg_text(&sheet->svg, "strong small", at.x + at.width + 6, box->y + 21,
		      jvpn_reason_name((enum jvpn_reason)move->reason));
	sheet_make_strip(&strip, from, move->to_ms + pad, box->x + 12, box->width - 24);
	sheet->y = box->y + 32;
	put_silence(sheet, panel, &strip, move);
	sheet->y += 2;
	sheet_band(sheet, panel, &strip, 14);
	sheet->y += 3;
	for (unsigned i = 0; i < panel->lanes; i++) {
		sheet_lane(sheet, panel, &strip, i);
		sheet->y += 2;
	}
	sheet->y += 2;
	sheet_axis(sheet, &strip);
	put_close_text(sheet, move, box->x + 12);
}

static double close_height(const struct jvpn_picture_panel *panel)
{
	return 32 + 6 + 14 + 3 + panel->lanes * (SHEET_LANE + 2) + 2 + 24 + 33;
}

void sheet_closes(struct sheet *sheet)
{
	const struct jvpn_picture_panel *panel = close_panel(sheet->picture);
	uint32_t chosen[CLOSE_MAX];
	unsigned count = choose_close(sheet->picture, chosen);
	double top = sheet->y + 24, height = close_height(panel);
	double width = (sheet->width - 2 * SHEET_MARGIN - 12 * (CLOSE_COLUMNS - 1)) / CLOSE_COLUMNS;
	char text[160];

	if (!count)
		return;
	snprintf(text, sizeof(text), "Close up, as the %s saw it",
		 panel->node->role == JVPN_ROLE_CLIENT ? "client" : "server");
	jvpn_svg_text(&sheet->svg, "strong", SHEET_MARGIN, sheet->y + 14, text);
	for (unsigned i = 0; i < count; i++) {
		struct jvpn_svg_box box = {SHEET_MARGIN + (width + 12) * (i % CLOSE_COLUMNS),
					   top + (height + 12) * (i / CLOSE_COLUMNS), width,
					   height};

		put_close(sheet, panel, chosen[i], &box);
	}
	sheet->y = top + (height + 12) * ((count + CLOSE_COLUMNS - 1) / CLOSE_COLUMNS) + 6;
}

double sheet_closes_height(const struct jvpn_picture *p)
{
	uint32_t chosen[CLOSE_MAX];
	unsigned rows = (choose_close(p, chosen) + CLOSE_COLUMNS - 1) / CLOSE_COLUMNS;

	return rows ? 24 + (close_height(close_panel(p)) + 12) * rows + 6 : 0;
}
