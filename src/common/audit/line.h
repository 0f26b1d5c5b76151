/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One line of an event stream back to the struct it was made from: the inverse of obs/event_json, by
 * the same table of members. Input is hostile: anything may stand in it.
 */
#ifndef JVPN_AUDIT_LINE_H
#define JVPN_AUDIT_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "core/audit.h"

#define JVPN_TRAIL_NAME_MAX 63

struct jvpn_trail_line {
	uint64_t ts_ms, seq, pid;
	enum jvpn_role role;
	char node[JVPN_TRAIL_NAME_MAX + 1];
	char policy[JVPN_TRAIL_NAME_MAX + 1];
	/* 'has' tells the groups of which a member was there. Texts are printable ASCII: what is not
	 * became '?', so that they may go to a terminal. */
	struct jvpn_audit event;
};

/* Takes a line without its newline. JVPN_EMALFORMED with a static sentence in *why: no flat JSON
 * object, a member twice or of the wrong form, a member missing that its type must have, a name that
 * is not in the registry. Members that are not known are skipped: newer programs add some. */
int jvpn_trail_line_parse(const char *text, size_t len, struct jvpn_trail_line *out,
			  const char **why);

#endif
