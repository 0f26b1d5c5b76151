/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sheet on which a picture is drawn in SVG, and what is drawn along a stretch of time.
 */
#ifndef JVPN_AUDIT_TIMELINE_INTERNAL_H
#define JVPN_AUDIT_TIMELINE_INTERNAL_H

#include "audit/svg.h"
#include "audit/timeline.h"

#define SHEET_MARGIN 16.0
#define SHEET_BAND   22.0 /* height of a band of states */
#define SHEET_LANE   15.0
#define SHEET_ARROW  " \xe2\x86\x92 "

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
	uint8_t *cell;                   /* owned; for the widest strip */
	uint32_t *name;                  /* owned */
	struct jvpn_picture_cell *state; /* owned */
};

/* --- timeline_strip.c: each draws at sheet->y and leaves it below --- */

void sheet_make_strip(struct strip *strip, uint64_t from_ms, uint64_t to_ms, double x,
		      double width);
double sheet_place(const struct strip *strip, uint64_t ts_ms);
void sheet_band(struct sheet *sheet, const struct jvpn_picture_panel *panel,
		const struct strip *strip, double height);
void sheet_lane(struct sheet *sheet, const struct jvpn_picture_panel *panel,
		const struct strip *strip, unsigned lane);
void sheet_axis(struct sheet *sheet, const struct strip *strip);
/* 'row' says where and how high; sheet->y stays. */
void sheet_unbound(struct sheet *sheet, const struct jvpn_picture_panel *panel,
		   const struct strip *strip, const struct jvpn_svg_box *row);

/* --- timeline_close.c: short moves, closely --- */

void sheet_closes(struct sheet *sheet);
/* What sheet_closes() takes. */
double sheet_closes_height(const struct jvpn_picture *p);

#endif
