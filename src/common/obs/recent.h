/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The newest lines of the event stream in memory, so that several readers can each follow it at a
 * pace of their own. Bounded: the oldest lines go when room is needed, and a reader that is not quick
 * enough finds a gap, which it can count. Knows nothing of events but their numbers. No locks.
 */
#ifndef JVPN_OBS_RECENT_H
#define JVPN_OBS_RECENT_H

#include <stddef.h>
#include <stdint.h>

struct jvpn_recent {
	uint8_t *ring;
	size_t capacity;
	/* Octets since the beginning of time: [oldest, newest) is in the ring. */
	uint64_t oldest, newest;
	uint64_t last_seq; /* of the newest line; 0: none yet */
};

/* Where a reader stands. */
struct jvpn_recent_cursor {
	uint64_t at;  /* octets since the beginning of time */
	uint64_t seq; /* the first line that is wanted */
};

/* JVPN_ENOMEM. capacity: at least twice the longest line. */
int jvpn_recent_init(struct jvpn_recent *r, size_t capacity);
void jvpn_recent_clear(struct jvpn_recent *r);
/* Adds a line (without NUL). seq grows. A line that cannot fit is left out: a gap. */
void jvpn_recent_push(struct jvpn_recent *r, uint64_t seq, const char *line, size_t len);
/* From the line with this seq on (0: the next one that comes), or from the first one behind it that is
 * still there. */
void jvpn_recent_seek(const struct jvpn_recent *r, uint64_t seq, struct jvpn_recent_cursor *c);
/* Copies the next line and steps over it. Returns its seq, which is larger than c->seq was where lines
 * are missing; 0: there is none now, or it does not fit (*len says 0 or its length). */
uint64_t jvpn_recent_next(const struct jvpn_recent *r, struct jvpn_recent_cursor *c, char *out,
			  size_t size, size_t *len);
/* The seq that _next would return; 0: none now. */
uint64_t jvpn_recent_peek(const struct jvpn_recent *r, struct jvpn_recent_cursor *c);

#endif
