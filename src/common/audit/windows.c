/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An array whose older part is taken out when it is the larger one.
 */
#include "audit/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define ROOM_FIRST 8
#define ROOM_MAX   (1U << 30)

static void drop_first(struct jvpn_windows *w, uint32_t n)
{
	w->count -= n;
	memmove(w->at, w->at + n, w->count * sizeof(*w->at));
	w->minute = w->minute > n ? w->minute - n : 0;
	w->hour = w->hour > n ? w->hour - n : 0;
}

static uint32_t pass_old(const struct jvpn_windows *w, uint32_t first, uint64_t window)
{
	uint64_t now = w->at[w->count - 1];

	while (first + 1 < w->count && now - w->at[first] >= window)
		first++;
	return first;
}

bool jvpn_windows_put(struct jvpn_windows *w, uint64_t ts_ms, uint64_t minute_ms, uint64_t hour_ms)
{
	if (w->count == w->room && w->hour > w->room / 2)
		drop_first(w, w->hour);
	if (w->count == w->room)
		return false;
	if (w->count && ts_ms < w->at[w->count - 1])
		ts_ms = w->at[w->count - 1]; /* a clock was set back */
	w->at[w->count++] = ts_ms;
	w->minute = pass_old(w, w->minute, minute_ms);
	w->hour = pass_old(w, w->hour, hour_ms);
	return true;
}

int jvpn_windows_grow(struct jvpn_windows *w)
{
	uint32_t room = w->room ? w->room * 2 : ROOM_FIRST;
	uint64_t *grown = room <= ROOM_MAX ? realloc(w->at, room * sizeof(*grown)) : NULL;

	if (!grown)
		return JVPN_ENOMEM;
	w->at = grown;
	w->room = room;
	return 0;
}

void jvpn_windows_halve(struct jvpn_windows *w)
{
	if (w->count)
		drop_first(w, w->count / 2 + 1);
}

void jvpn_windows_clear(struct jvpn_windows *w)
{
	free(w->at);
	memset(w, 0, sizeof(*w));
}
