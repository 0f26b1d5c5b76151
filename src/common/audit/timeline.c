/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One character a cell. What a colour says is said by the character, too.
 */
#include "audit/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define GUTTER     10
#define TICK_CELLS 11
#define LIST_HEAD  20
#define LIST_TAIL  10

enum glyph {
	GLYPH_NONE,
	GLYPH_ATTACHED,
	GLYPH_VOLATILE,
	GLYPH_RECOVERING,
	GLYPH_DEGRADED,
	GLYPH_BIRTH,
	GLYPH_NOT_TOLD,
	GLYPH_BOUND,
	GLYPH_STANDBY,
	GLYPH_UNBOUND,
	GLYPH_SECURITY,
	GLYPH_LOST,
	GLYPH_DENIED,
	GLYPH_NODE,
	GLYPH_LINE,
	GLYPH_TICK,
	GLYPH_ARROW
};

struct look {
	const char *utf8, *ascii, *colour;
};

static const struct look looks[] = {
	[GLYPH_NONE] = {" ", " ", ""},
	[GLYPH_ATTACHED] = {"█", "#", "\033[32m"},
	[GLYPH_VOLATILE] = {"▓", "~", "\033[33m"},
	[GLYPH_RECOVERING] = {"▒", ">", "\033[36m"},
	[GLYPH_DEGRADED] = {"░", "-", "\033[31m"},
	[GLYPH_BIRTH] = {"·", ".", ""},
	[GLYPH_NOT_TOLD] = {"?", "?", "\033[35m"},
	[GLYPH_BOUND] = {"━", "=", "\033[34m"},
	[GLYPH_STANDBY] = {"┄", ".", "\033[2m"},
	[GLYPH_UNBOUND] = {"x", "x", "\033[31m"},
	[GLYPH_SECURITY] = {"S", "S", "\033[35m"},
	[GLYPH_LOST] = {"?", "?", "\033[35m"},
	[GLYPH_DENIED] = {"!", "!", "\033[31m"},
	[GLYPH_NODE] = {"N", "N", "\033[36m"},
	[GLYPH_LINE] = {"─", "-", "\033[2m"},
	[GLYPH_TICK] = {"┬", "+", "\033[2m"},
	[GLYPH_ARROW] = {" → ", " -> ", ""},
};

struct page {
	const struct jvpn_picture *picture;
	const struct jvpn_timeline_style *style;
	struct jvpn_scale scale;
	unsigned width; /* columns of the page */
	FILE *out;
	uint8_t *cell;                   /* owned; one of each for a cell */
	struct jvpn_picture_cell *state; /* owned */
	uint32_t *name;                  /* owned */
	char *text;                      /* owned: what stands over the glyph, or NUL */
	const char *worn;                /* colour */
};

static const char *glyph(const struct page *page, enum glyph g)
{
	return page->style->utf8 ? looks[g].utf8 : looks[g].ascii;
}

static void wear(struct page *page, const char *colour)
{
	if (!page->style->colours || strcmp(page->worn, colour) == 0)
		return;
	if (page->worn[0])
		fputs("\033[0m", page->out);
	fputs(colour, page->out);
	page->worn = colour;
}

static void put_title(struct page *page, const char *text)
{
	wear(page, "\033[1m");
	fputs(text, page->out);
	wear(page, "");
}

static enum glyph glyph_of_state(uint8_t state)
{
	switch (state) {
	case JVPN_STATE_ATTACHED:
		return GLYPH_ATTACHED;
	case JVPN_STATE_VOLATILE:
		return GLYPH_VOLATILE;
	case JVPN_STATE_RECOVERING:
		return GLYPH_RECOVERING;
	case JVPN_STATE_DEGRADED:
		return GLYPH_DEGRADED;
	case JVPN_STATE_BIRTH:
		return GLYPH_BIRTH;
	case JVPN_PICTURE_NOT_TOLD:
		return GLYPH_NOT_TOLD;
	default:
		return GLYPH_NONE;
	}
}

/* --- rows: a name, then one glyph or character of a text for each cell --- */

/* page->cell holds glyphs, page->text what stands over them. */
static void put_row(struct page *page, const char *title)
{
	unsigned last = page->scale.cells;

	while (last > 0 && page->cell[last - 1] == GLYPH_NONE && !page->text[last - 1])
		last--;
	if (last)
		fprintf(page->out, "%-*.*s", GUTTER, GUTTER - 1, title);
	else
		fprintf(page->out, "%.*s", GUTTER - 1, title);
	for (unsigned c = 0; c < last; c++) {
		if (page->text[c]) {
			wear(page, "\033[1m");
			fputc(page->text[c], page->out);
		} else {
			wear(page, looks[page->cell[c]].colour);
			fputs(glyph(page, (enum glyph)page->cell[c]), page->out);
		}
	}
	wear(page, "");
	fputc('\n', page->out);
	memset(page->cell, GLYPH_NONE, page->scale.cells);
	memset(page->text, 0, page->scale.cells);
}

/* A text from a cell on, if nothing stands there or right before it. */
static bool put_text(struct page *page, unsigned cell, const char *text)
{
	size_t len = strlen(text);

	if (cell + len > page->scale.cells || (cell && page->text[cell - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (page->text[cell + i])
			return false;
	memcpy(page->text + cell, text, len);
	return true;
}

static void put_axis(struct page *page)
{
	const struct jvpn_scale *s = &page->scale;
	char text[JVPN_SCALE_TEXT_MAX];

	for (uint64_t i = 0; i <= s->span_ms / s->step_ms; i++) {
		jvpn_scale_tick(s, i * s->step_ms, text);
		(void)put_text(page, jvpn_scale_cell(s, s->from_ms + i * s->step_ms), text);
	}
	put_row(page, "");
	memset(page->cell, GLYPH_LINE, s->cells);
	for (uint64_t i = 0; i <= s->span_ms / s->step_ms; i++)
		page->cell[jvpn_scale_cell(s, s->from_ms + i * s->step_ms)] = GLYPH_TICK;
	put_row(page, "");
}

/* The number of each move where it begins, as far as there is room. */
static void put_moves(struct page *page, const struct jvpn_picture_panel *panel)
{
	char text[16];

	for (uint32_t i = 0; i < panel->moves; i++) {
		unsigned cell = jvpn_scale_cell(&page->scale, panel->move[i].from_ms);

		snprintf(text, sizeof(text), "%" PRIu32, i + 1);
		if (!put_text(page, cell, text) && !page->text[cell])
			page->text[cell] = '+';
	}
	if (panel->moves)
		put_row(page, "moves");
}

static enum glyph glyph_of_note(const struct jvpn_picture_note *note)
{
	switch (jvpn_picture_note_kind(note)) {
	case 's':
		return GLYPH_SECURITY;
	case 'l':
		return GLYPH_LOST;
	case 'd':
		return GLYPH_DENIED;
	default:
		return GLYPH_NODE;
	}
}

static void put_notes(struct page *page, const struct jvpn_picture_panel *panel)
{
	for (uint32_t i = 0; i < panel->notes; i++) {
		uint8_t *cell = &page->cell[jvpn_scale_cell(&page->scale, panel->note[i].ts_ms)];
		enum glyph g = glyph_of_note(&panel->note[i]);

		/* the lower the graver */
		if (*cell == GLYPH_NONE || g < *cell)
			*cell = (uint8_t)g;
	}
	if (panel->notes)
		put_row(page, "notes");
}

static void put_states(struct page *page, const struct jvpn_picture_panel *panel)
{
	jvpn_picture_states(panel, &page->scale, page->state);
	for (unsigned c = 0; c < page->scale.cells; c++)
		page->cell[c] = (uint8_t)glyph_of_state(page->state[c].state);
	put_row(page, "state");
}

/* The number of a transport where it begins, if the glyphs go on behind it. */
static void put_number(struct page *page, const char *lane, unsigned cell)
{
	const char *id = page->picture->story->name[page->name[cell]].id;
	const char *number = strchr(id, '#') ? strchr(id, '#') : id;
	size_t len;

	if (strcmp(number, lane) == 0)
		return; /* the lane says it */
	len = strlen(number);
	if (cell + len >= page->scale.cells)
		return;
	for (size_t i = 1; i <= len; i++)
		if (page->name[cell + i] != page->name[cell] || page->cell[cell + i] != GLYPH_BOUND)
			return;
	(void)put_text(page, cell, number);
}

static void put_lane(struct page *page, const struct jvpn_picture_panel *panel, unsigned lane)
{
	unsigned cells = page->scale.cells;

	jvpn_picture_lane(panel, lane, &page->scale, page->cell, page->name);
	for (unsigned c = 0; c < cells; c++)
		page->cell[c] = page->cell[c] == JVPN_LANE_BOUND     ? GLYPH_BOUND
				: page->cell[c] == JVPN_LANE_STANDBY ? GLYPH_STANDBY
								     : GLYPH_NONE;
	for (unsigned c = 0; c < cells; c++)
		if (page->cell[c] == GLYPH_BOUND &&
		    (!c || page->name[c - 1] != page->name[c] || page->cell[c - 1] != GLYPH_BOUND))
			put_number(page, panel->lane[lane], c);
	put_row(page, panel->lane[lane]);
}

static void put_unbound(struct page *page, const struct jvpn_picture_panel *panel)
{
	bool any = false;

	jvpn_picture_unbound(panel, &page->scale, page->cell);
	for (unsigned c = 0; c < page->scale.cells; c++) {
		any |= page->cell[c];
		page->cell[c] = page->cell[c] ? GLYPH_UNBOUND : GLYPH_NONE;
	}
	if (any)
		put_row(page, "unbound");
}

/* --- sentences, wrapped --- */

/* Octets of the next part: as far as a comma or colon, if that fits into 'room' columns; else a word. */
static size_t take_part(const char *text, unsigned room, unsigned *shown)
{
	size_t word = strcspn(text, " "), len = 0;

	*shown = 0;
	while (text[len] && !(text[len] == ' ' && strchr(",:;", text[len - 1])))
		/* of a character in UTF-8 the first octet counts */
		*shown += ((unsigned char)text[len++] & 0xc0) != 0x80;
	if (*shown <= room)
		return len;
	*shown = (unsigned)word;
	return word;
}

/* 'text' begins at column 'at'; further lines begin there, too. */
static void put_wrapped(struct page *page, const char *text, unsigned at)
{
	unsigned column = at, shown;
	bool first = true;

	text += strspn(text, " ");
	while (*text) {
		size_t len = take_part(text, page->width - at, &shown);

		if (!first && column + 1 + shown > page->width) {
			fprintf(page->out, "\n%*s", (int)at, "");
			column = at;
		} else if (!first) {
			fputc(' ', page->out);
			column++;
		}
		fwrite(text, 1, len, page->out);
		column += shown;
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', page->out);
}

void jvpn_timeline_offset(uint64_t ms, char out[JVPN_SCALE_TEXT_MAX])
{
	uint64_t s = ms / 1000, hours = s / 3600;
	unsigned rest = (unsigned)(ms % 1000), minute = (unsigned)(s / 60 % 60);

	if (s < 60)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%u.%03u s", (unsigned)s, rest);
	else if (hours < 1)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%u:%02u.%03u", minute, (unsigned)(s % 60),
			 rest);
	else if (hours < 100)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%u:%02u:%02u.%03u", (unsigned)hours, minute,
			 (unsigned)(s % 60), rest);
	else if (hours < 240000)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%u d %02u:%02u", (unsigned)(hours / 24),
			 (unsigned)(hours % 24), minute);
	else
		snprintf(out, JVPN_SCALE_TEXT_MAX, "> 9999 d"); /* no session lives so long */
}

static void put_item(struct page *page, const char *mark, uint64_t ts_ms, const char *text)
{
	char at[JVPN_SCALE_TEXT_MAX];

	jvpn_timeline_offset(ts_ms - page->picture->from_ms, at);
	fprintf(page->out, "%5s  %12s  ", mark, at);
	put_wrapped(page, text, 21);
}

static void put_list(struct page *page, const struct jvpn_picture_panel *panel)
{
	uint32_t total = panel->moves + panel->notes, m = 0, n = 0;
	bool cut = !page->style->all && total > LIST_HEAD + LIST_TAIL;
	char text[512], mark[16];

	for (uint32_t i = 0; i < total; i++) {
		bool is_move = n == panel->notes ||
			       (m < panel->moves && panel->move[m].from_ms <= panel->note[n].ts_ms);
		bool shown = !cut || i < LIST_HEAD || i >= total - LIST_TAIL;
		uint64_t at = is_move ? panel->move[m].from_ms : panel->note[n].ts_ms;

		if (cut && i == LIST_HEAD)
			fprintf(page->out, "       ... %" PRIu32 " more (--all lists them) ...\n",
				total - LIST_HEAD - LIST_TAIL);
		if (is_move) {
			snprintf(mark, sizeof(mark), "%" PRIu32, ++m);
			if (shown)
				jvpn_picture_tell_move(page->picture, &panel->move[m - 1],
						       glyph(page, GLYPH_ARROW), text,
						       sizeof(text));
		} else {
			snprintf(mark, sizeof(mark), "%s",
				 glyph(page, glyph_of_note(&panel->note[n++])));
			if (shown)
				jvpn_picture_tell_note(page->picture, &panel->note[n - 1], text,
						       sizeof(text));
		}
		if (shown)
			put_item(page, mark, at, text);
	}
}

/* --- the page --- */

static void put_head(struct page *page)
{
	const struct jvpn_story *story = page->picture->story;
	char id[JVPN_ID_HEX_LEN + 1], from[JVPN_SCALE_TEXT_MAX], to[JVPN_SCALE_TEXT_MAX];
	char span[JVPN_SCALE_TEXT_MAX];

	jvpn_id_format(&story->id, id);
	put_title(page, "session ");
	put_title(page, id);
	fputc('\n', page->out);
	if (story->user[0])
		fprintf(page->out, "%-*s%s\n", GUTTER, "user", story->user);
	if (story->ipv4[0] || story->ipv6[0])
		fprintf(page->out, "%-*s%s%s%s\n", GUTTER, "inside", story->ipv4,
			story->ipv4[0] && story->ipv6[0] ? ", " : "", story->ipv6);
	jvpn_scale_instant(page->picture->from_ms, from);
	jvpn_scale_instant(page->picture->to_ms, to);
	jvpn_scale_duration(page->picture->to_ms - page->picture->from_ms, span);
	fprintf(page->out, "%-*s%s to %s UTC\n%-*s%s\n", GUTTER, "time", from, to, GUTTER, "length",
		span);
}

static void put_shares(struct page *page, const struct jvpn_picture_panel *panel)
{
	static const uint8_t order[] = {JVPN_STATE_ATTACHED, JVPN_STATE_VOLATILE,
					JVPN_STATE_RECOVERING, JVPN_STATE_DEGRADED,
					JVPN_PICTURE_NOT_TOLD};
	char text[512] = "", part[80], time[JVPN_SCALE_TEXT_MAX];
	uint64_t whole = panel->to_ms - panel->from_ms;
	size_t len = 0;

	for (size_t i = 0; i < sizeof(order); i++) {
		uint64_t ms = panel->state_ms[order[i]];

		if (!ms || !whole)
			continue;
		jvpn_scale_duration(ms, time);
		snprintf(part, sizeof(part), "%s%s %s (%.1f %%)", len ? ", " : "",
			 order[i] == JVPN_PICTURE_NOT_TOLD
				 ? "not told"
				 : jvpn_state_name((enum jvpn_state)order[i]),
			 time, 100.0 * (double)ms / (double)whole);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", part);
	}
	fprintf(page->out, "%*s", GUTTER, "");
	put_wrapped(page, text, GUTTER);
}

static void put_panel(struct page *page, const struct jvpn_picture_panel *panel)
{
	const char *role = panel->node->role == JVPN_ROLE_SERVER ? "server" : "client";
	char text[256];

	fputc('\n', page->out);
	snprintf(text, sizeof(text), "%s %s", role, panel->node->name);
	put_title(page, text);
	fprintf(page->out, "\n%*s", GUTTER, "");
	snprintf(text, sizeof(text),
		 "out of ATTACHED %" PRIu32 " times, %" PRIu64 " switches, %" PRIu32
		 " notes; %s%s%s",
		 panel->moves, panel->switches, panel->notes, panel->begun ? "" : "began before, ",
		 panel->ended ? "ended: " : "lives at the end",
		 panel->ended ? jvpn_reason_name((enum jvpn_reason)panel->end_reason) : "");
	put_wrapped(page, text, GUTTER);
	put_shares(page, panel);
	put_moves(page, panel);
	put_notes(page, panel);
	put_states(page, panel);
	for (unsigned i = 0; i < panel->lanes; i++)
		put_lane(page, panel, i);
	put_unbound(page, panel);
}

static void put_key(struct page *page, enum glyph g, const char *text)
{
	wear(page, looks[g].colour);
	fputs(glyph(page, g), page->out);
	wear(page, "");
	fprintf(page->out, " %s", text);
}

static void put_legend(struct page *page)
{
	char cell[JVPN_SCALE_TEXT_MAX], text[192];

	jvpn_scale_micros((uint64_t)((double)page->scale.span_ms * 1000 / page->scale.cells), cell);
	fputc('\n', page->out);
	put_key(page, GLYPH_ATTACHED, "ATTACHED  ");
	put_key(page, GLYPH_VOLATILE, "VOLATILE  ");
	put_key(page, GLYPH_RECOVERING, "RECOVERING  ");
	put_key(page, GLYPH_DEGRADED, "DEGRADED  ");
	put_key(page, GLYPH_NOT_TOLD, "not told\n");
	put_key(page, GLYPH_BOUND, "bound  ");
	put_key(page, GLYPH_STANDBY, "standby  ");
	put_key(page, GLYPH_UNBOUND, "bound to nothing  ");
	put_key(page, GLYPH_DENIED, "denied  ");
	put_key(page, GLYPH_NODE, "node\n");
	put_key(page, GLYPH_SECURITY, "security  ");
	put_key(page, GLYPH_LOST, "lines missing\n");
	snprintf(text, sizeof(text),
		 "a column is %s and shows the gravest state in it; with several moves in it, the "
		 "state that lasted longest",
		 cell);
	put_wrapped(page, text, 0);
}

static void put_bounds(struct page *page)
{
	const struct jvpn_story *story = page->picture->story;

	if (story->left_out)
		fprintf(page->out, "%" PRIu64 " events are not drawn: only %d are kept\n",
			story->left_out, JVPN_STORY_EVENTS_MAX);
	if (page->picture->panels_left_out)
		fprintf(page->out, "%u further nodes tell of this session and are not drawn\n",
			page->picture->panels_left_out);
	if (story->damaged)
		fprintf(page->out,
			"%" PRIu64 " damaged lines were skipped (audit verify names them)\n",
			story->damaged);
}

static void put_page(struct page *page)
{
	const struct jvpn_picture *p = page->picture;

	put_head(page);
	fputc('\n', page->out);
	put_axis(page);
	for (unsigned i = 0; i < p->panels; i++)
		put_panel(page, &p->panel[i]);
	put_legend(page);
	put_bounds(page);
	for (unsigned i = 0; i < p->panels; i++) {
		if (!p->panel[i].moves && !p->panel[i].notes)
			continue;
		fputc('\n', page->out);
		put_title(page, p->panel[i].node->role == JVPN_ROLE_SERVER ? "server " : "client ");
		put_title(page, p->panel[i].node->name);
		fputc('\n', page->out);
		put_list(page, &p->panel[i]);
	}
}

int jvpn_timeline_print(const struct jvpn_picture *p, const struct jvpn_timeline_style *style,
			FILE *out)
{
	struct page page = {.picture = p, .style = style, .out = out, .worn = ""};
	unsigned cells;
	bool good;

	page.width = style->width < JVPN_TIMELINE_WIDTH_MIN   ? JVPN_TIMELINE_WIDTH_MIN
		     : style->width > JVPN_TIMELINE_WIDTH_MAX ? JVPN_TIMELINE_WIDTH_MAX
							      : style->width;
	cells = page.width - GUTTER;
	jvpn_scale_init(&page.scale, p->from_ms, p->to_ms, cells, cells / TICK_CELLS);
	page.cell = calloc(cells, sizeof(*page.cell));
	page.state = calloc(cells, sizeof(*page.state));
	page.name = calloc(cells, sizeof(*page.name));
	page.text = calloc(cells, sizeof(*page.text));
	good = page.cell && page.state && page.name && page.text;
	if (good)
		put_page(&page);
	free(page.cell);
	free(page.state);
	free(page.name);
	free(page.text);
	return good ? 0 : JVPN_ENOMEM;
}
