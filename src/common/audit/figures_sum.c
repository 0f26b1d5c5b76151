/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Figures of several nodes as those of one, and what follows from them.
 */
#include <stdio.h>

#include "audit/figures.h"

static void add_by_reason(uint64_t *to, const uint64_t *from)
{
	for (int i = 0; i < JVPN_REASON_COUNT; i++)
		to[i] += from[i];
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void jvpn_figures_add(struct jvpn_figures_of *to, const struct jvpn_figures_of *from)
{
	to->first_ms = to->events && to->first_ms < from->first_ms ? to->first_ms : from->first_ms;
	to->last_ms = larger(to->last_ms, from->last_ms);
	to->events += from->events;
	to->sessions += from->sessions;
	to->born += from->born;
	to->ended += from->ended;
	jvpn_histogram_add(&to->detect, &from->detect);
	jvpn_histogram_add(&to->recover, &from->recover);
	jvpn_histogram_add(&to->latency, &from->latency);
	jvpn_histogram_add(&to->away, &from->away);
	to->switches += from->switches;
	to->most_of_session = larger(to->most_of_session, from->most_of_session);
	to->most_in_minute = larger(to->most_in_minute, from->most_in_minute);
	to->most_in_hour = larger(to->most_in_hour, from->most_in_hour);
	to->at_least |= from->at_least;
	to->survived += from->survived;
	to->lost += from->lost;
	to->on_request += from->on_request;
	to->undecided += from->undecided;
	to->replays += from->replays;
	to->unauthorized += from->unauthorized;
	to->attempts += from->attempts;
	for (int i = 0; i <= JVPN_STATE_COUNT; i++)
		to->state_ms[i] += from->state_ms[i];
	to->lines_missing += from->lines_missing;
	to->lines_announced += from->lines_announced;
	add_by_reason(to->switched, from->switched);
	add_by_reason(to->limited, from->limited);
	add_by_reason(to->denied, from->denied);
	add_by_reason(to->terminated, from->terminated);
	add_by_reason(to->invalid, from->invalid);
}

uint64_t jvpn_figures_session_ms(const struct jvpn_figures_of *t)
{
	uint64_t sum = 0;

	for (int i = 0; i < JVPN_STATE_COUNT; i++)
		sum += t->state_ms[i];
	return sum;
}

void jvpn_figures_continuity(const struct jvpn_figures_of *t, char out[16])
{
	uint64_t judged = t->survived + t->lost;
	unsigned parts;

	if (!judged) {
		snprintf(out, 16, "-");
		return;
	}
	parts = (unsigned)((double)t->survived / (double)judged * 10000);
	if (parts == 10000 && t->lost)
		parts--;
	snprintf(out, 16, "%u.%02u %%", parts / 100, parts % 100);
}

uint64_t jvpn_figures_sum(const uint64_t by_reason[JVPN_REASON_COUNT])
{
	uint64_t sum = 0;

	for (int i = 0; i < JVPN_REASON_COUNT; i++)
		sum += by_reason[i];
	return sum;
}
