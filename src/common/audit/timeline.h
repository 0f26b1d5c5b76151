/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A picture of a session's life for a terminal.
 */
#ifndef JVPN_AUDIT_TIMELINE_H
#define JVPN_AUDIT_TIMELINE_H

#include <stdio.h>

#include "audit/picture.h"

#define JVPN_TIMELINE_WIDTH_MIN 40
#define JVPN_TIMELINE_WIDTH_MAX 500
#define JVPN_TIMELINE_SVG_WIDTH 960
#define JVPN_TIMELINE_SVG_MIN   480
#define JVPN_TIMELINE_SVG_MAX   4000

struct jvpn_timeline_style {
	unsigned width; /* columns; what is out of bounds is put into them */
	bool colours;
	bool utf8; /* else ASCII alone */
	bool all;  /* every move and note; else of many the first and the last ones */
};

/* JVPN_ENOMEM. Errors of 'out' are its owner's. */
int jvpn_timeline_print(const struct jvpn_picture *p, const struct jvpn_timeline_style *style,
			FILE *out);
/* The same as one picture in SVG that needs nothing else. 'width' in pixels, put into bounds.
 * JVPN_ENOMEM. */
int jvpn_timeline_svg(const struct jvpn_picture *p, unsigned width, FILE *out);
/* "2.042 s", "1:02:03.042", "4 d 04:05": since the beginning. At most 12 characters. */
void jvpn_timeline_offset(uint64_t ms, char out[JVPN_SCALE_TEXT_MAX]);

#endif
