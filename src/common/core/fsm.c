/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The transition table, its names, and nothing else: it decides, session.c applies.
 */
#include "core/fsm.h"

#include <stddef.h>
#include <stdint.h>

#include "core/prelude.h"

static const struct jvpn_cell cells[JVPN_STATE_COUNT][JVPN_FSM_COUNT] = {
#define X(state, event, kind_, next_)                                                              \
	[JVPN_STATE_##state][JVPN_FSM_##event] = {JVPN_CELL_##kind_, JVPN_STATE_##next_},
	JVPN_CELL_MAP(X)
#undef X
};

static const struct {
	uint8_t event, reason;
} allowed[] = {
#define X(event_, reason_) {JVPN_FSM_##event_, JVPN_REASON_##reason_},
	JVPN_CELL_REASON_MAP(X)
#undef X
};

struct jvpn_cell jvpn_fsm_cell(enum jvpn_state state, enum jvpn_fsm_event event)
{
	struct jvpn_cell reject = {JVPN_CELL_REJECT, JVPN_STATE_NONE};

	if ((unsigned int)state >= JVPN_STATE_COUNT || (unsigned int)event >= JVPN_FSM_COUNT ||
	    cells[state][event].kind == JVPN_CELL_NONE)
		return reject;
	return cells[state][event];
}

bool jvpn_fsm_reason_allowed(enum jvpn_fsm_event event, enum jvpn_reason reason)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (allowed[i].event == event && allowed[i].reason == reason)
			return true;
	return false;
}

struct jvpn_cell jvpn_fsm_decide(enum jvpn_state state, enum jvpn_fsm_event event,
				 enum jvpn_reason reason)
{
	struct jvpn_cell cell = jvpn_fsm_cell(state, event);

	if (cell.kind == JVPN_CELL_GO && !jvpn_fsm_reason_allowed(event, reason)) {
		cell.kind = JVPN_CELL_REJECT;
		cell.next = JVPN_STATE_NONE;
	}
	return cell;
}
