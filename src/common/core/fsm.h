/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The transition function as a total table (state x FSM event), built from fsm_table.h. It decides
 * and changes nothing; session.c applies.
 */
#ifndef JVPN_CORE_FSM_H
#define JVPN_CORE_FSM_H

#include <stdbool.h>

#include "core/fsm_table.h"

enum jvpn_cell_kind {
	JVPN_CELL_NONE = 0,
	JVPN_CELL_GO,     /* a transition: one reason, version + 1, one SessionStateChange */
	JVPN_CELL_ABSORB, /* a repeated fact: silent, no version */
	JVPN_CELL_REJECT, /* InvalidTransition (rate-limited), nothing changes */
	JVPN_CELL_COUNT
};

struct jvpn_cell {
	enum jvpn_cell_kind kind;
	enum jvpn_state next; /* of a GO, else NONE */
};

/* REJECT for anything out of range. */
struct jvpn_cell jvpn_fsm_cell(enum jvpn_state state, enum jvpn_fsm_event event);
/* May this reason go with this event? */
bool jvpn_fsm_reason_allowed(enum jvpn_fsm_event event, enum jvpn_reason reason);
/* Cell and reason together: a GO with a reason that is not allowed is a REJECT. */
struct jvpn_cell jvpn_fsm_decide(enum jvpn_state state, enum jvpn_fsm_event event,
				 enum jvpn_reason reason);

#endif
