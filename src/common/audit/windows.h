/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many things happened within the last minute and hour: their times, as long as they count. Each
 * time is passed once, so that the cost does not grow with how many there are.
 */
#ifndef JVPN_AUDIT_WINDOWS_H
#define JVPN_AUDIT_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

struct jvpn_windows {
	uint64_t *at; /* owned; they never go back */
	uint32_t count, room;
	uint32_t minute, hour; /* the first that are within the window */
};

/* One more. What an hour and a minute are is the caller's, because clocks are slewed. False: there is no
 * room; make some, then again. */
bool jvpn_windows_put(struct jvpn_windows *w, uint64_t ts_ms, uint64_t minute_ms, uint64_t hour_ms);
/* Twice the room. JVPN_ENOMEM. */
int jvpn_windows_grow(struct jvpn_windows *w);
/* Room at the cost of the older half: the hour then counts too few. */
void jvpn_windows_halve(struct jvpn_windows *w);
void jvpn_windows_clear(struct jvpn_windows *w);

static inline uint32_t jvpn_windows_in_minute(const struct jvpn_windows *w)
{
	return w->count - w->minute;
}

static inline uint32_t jvpn_windows_in_hour(const struct jvpn_windows *w)
{
	return w->count - w->hour;
}

#endif
