/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Deficit round robin.
 */
#include "quic/turns.h"

void jvpn_turns_join(struct jvpn_turns *turns, struct jvpn_turn *turn)
{
	if (turn->is_waiting)
		return;
	turn->is_waiting = true;
	turn->next = NULL;
	if (turns->last)
		turns->last->next = turn;
	else
		turns->first = turn;
	turns->last = turn;
}

static struct jvpn_turn *take_first(struct jvpn_turns *turns)
{
	struct jvpn_turn *turn = turns->first;

	turns->first = turn->next;
	if (!turns->first)
		turns->last = NULL;
	turn->is_waiting = false;
	return turn;
}

struct jvpn_turn *jvpn_turns_take(struct jvpn_turns *turns, size_t *bytes)
{
	struct jvpn_turn *turn;

	while (turns->first) {
		turn = take_first(turns);
		turn->deficit += JVPN_TURNS_QUANTUM;
		if (!turns->first) {
			*bytes = SIZE_MAX;
			return turn;
		}
		if (turn->deficit > 0) {
			*bytes = (size_t)turn->deficit;
			return turn;
		}
		jvpn_turns_join(turns, turn);
	}
	return NULL;
}

void jvpn_turns_end(struct jvpn_turns *turns, struct jvpn_turn *turn, size_t bytes, bool has_more)
{
	/* Who has nothing more saves up nothing, and owes nothing. */
	if (!has_more) {
		turn->deficit = 0;
		return;
	}
	turn->deficit -= bytes < INT32_MAX ? (int64_t)bytes : INT32_MAX;
	jvpn_turns_join(turns, turn);
}
