/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The members of a line that obs/event_json has made, one after the other, for outputs that want them in
 * another form. Checks nothing but that it stays inside the line; lines from outside are for audit/.
 */
#ifndef JVPN_OBS_EVENT_SCAN_H
#define JVPN_OBS_EVENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct jvpn_event_item {
	const char *name; /* not ended by a NUL */
	size_t name_len;
	const char *value; /* a text: without its quotes, still escaped */
	size_t value_len;
	bool is_text;
};

/* *at: the line's begin, then where the last call left it. False: there is no further member. */
bool jvpn_event_scan(const char **at, const char *end, struct jvpn_event_item *out);
/* The member of this name; false: there is none. */
bool jvpn_event_find(const char *line, size_t len, const char *name, struct jvpn_event_item *out);
/* The value as it was before it became JSON; what was no text is U+FFFD in UTF-8. Never longer than
 * value_len. Returns its length, cut at 'size'. */
size_t jvpn_event_unescape(const struct jvpn_event_item *item, char *out, size_t size);

#endif
