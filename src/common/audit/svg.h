/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Elements of SVG 1.1, written as they come. Texts may be anything: they are escaped. No scripts, no
 * references to anything outside. One stylesheet for light and dark mode.
 */
#ifndef JVPN_AUDIT_SVG_H
#define JVPN_AUDIT_SVG_H

#include <stdarg.h>
#include <stdio.h>

struct jvpn_svg {
	FILE *out; /* borrowed */
};

struct jvpn_svg_box {
	double x, y, width, height;
};

/* Text between tags, or in an attribute: what XML does not take as it is is escaped or '?'. */
void jvpn_svg_escape(FILE *out, const char *text);
/* The colours and classes that everything else names; also for a page of HTML around it. */
void jvpn_svg_style(FILE *out);
/* 'id' tells several pictures on one page apart. */
void jvpn_svg_begin(struct jvpn_svg *svg, FILE *out, const char *id,
		    const struct jvpn_svg_box *size);
/* What readers of screens say: right after jvpn_svg_begin. */
void jvpn_svg_describe(struct jvpn_svg *svg, const char *id, const char *title,
		       const char *description);
void jvpn_svg_end(struct jvpn_svg *svg);

/* 'tip' NULL: none. Classes are ours, never from outside. */
void jvpn_svg_rect(struct jvpn_svg *svg, const char *class_name, const struct jvpn_svg_box *box,
		   const char *tip);
/* From (x, y) to (x + width, y + height). */
void jvpn_svg_line(struct jvpn_svg *svg, const char *class_name, const struct jvpn_svg_box *line);
/* At (x, y); class "middle" or "end" among the classes anchors it there. */
void jvpn_svg_text(struct jvpn_svg *svg, const char *class_name, double x, double y,
		   const char *text);
/* A disc of this radius (width) around (x, y) with a text in it. */
void jvpn_svg_badge(struct jvpn_svg *svg, const char *class_name, const struct jvpn_svg_box *at,
		    const char *text, const char *tip);

#endif
