/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A story as what can be drawn: for each end a panel with states, lanes of transports, moves and notes,
 * each with its times. No drawing in here.
 */
#ifndef JVPN_AUDIT_PICTURE_H
#define JVPN_AUDIT_PICTURE_H

#include "audit/scale.h"
#include "audit/story.h"

#define JVPN_PICTURE_LANES_MAX  8  /* the last one takes all further labels */
#define JVPN_PICTURE_PANELS_MAX 16 /* ends that are drawn */

/* A state of the registry, or: */
#define JVPN_PICTURE_NOT_TOLD JVPN_STATE_COUNT /* lines are missing, or the node was down */

enum jvpn_picture_lane_use {
	JVPN_LANE_EMPTY = 0,
	JVPN_LANE_STANDBY, /* a candidate: attached and silent */
	JVPN_LANE_BOUND
};

struct jvpn_picture_span {
	uint64_t from_ms, to_ms; /* may be equal */
	uint32_t name;           /* of a transport */
	uint8_t what;            /* a state; a use of a lane */
	uint8_t lane;
};

/* From where a session left ATTACHED to where it came back or ended. */
struct jvpn_picture_move {
	uint64_t from_ms, to_ms;
	uint64_t detect_us, recover_us; /* of the switch */
	uint32_t previous, transport;   /* names; the same when nothing was switched */
	uint8_t reason;                 /* why it left ATTACHED */
	uint8_t end;                    /* state in which it ended; RECOVERING...: has not ended */
	uint8_t end_reason;
	bool switched, degraded;
};

/* Something at one moment. */
struct jvpn_picture_note {
	uint64_t ts_ms, count, retry_ms;
	uint32_t transport;
	uint8_t type; /* enum jvpn_audit_type, or JVPN_STORY_LOST */
	uint8_t reason;
};

struct jvpn_picture_panel {
	const struct jvpn_story_node *node;
	uint64_t from_ms, to_ms; /* of the session, as this end tells it */
	bool begun, ended;       /* its birth and its end are told */
	uint8_t end_reason;
	uint64_t switches;
	uint64_t state_ms[JVPN_STATE_COUNT + 1];
	char lane[JVPN_PICTURE_LANES_MAX][JVPN_TRANSPORT_ID_MAX + 1];
	unsigned lanes;
	struct jvpn_picture_span *state, *use, *unbound; /* owned */
	struct jvpn_picture_move *move;                  /* owned */
	struct jvpn_picture_note *note;                  /* owned */
	uint32_t states, uses, unbounds, moves, notes;
	uint32_t state_room, use_room, unbound_room, move_room, note_room;
};

struct jvpn_picture {
	const struct jvpn_story *story; /* borrowed */
	uint64_t from_ms, to_ms;
	struct jvpn_picture_panel panel[JVPN_PICTURE_PANELS_MAX]; /* servers first */
	unsigned panels;
	unsigned panels_left_out;
};

/* Of a story that jvpn_story_end took. JVPN_ENOMEM; clear it in any case. */
int jvpn_picture_make(struct jvpn_picture *p, const struct jvpn_story *story);
void jvpn_picture_clear(struct jvpn_picture *p);

/* What is to be seen of the states in a cell. */
struct jvpn_picture_cell {
	/* The gravest one, so that a single short move is seen; where several moves begin, the one that
	 * lasted longest, so that many short ones do not look like a long one. 0: none. */
	uint8_t state;
	bool several;
	uint32_t moves;                    /* that begin in it */
	float share[JVPN_STATE_COUNT + 1]; /* of its time, by state */
};

/* One for each cell of the scale. A state that lasted no time is a move, not a state to be seen. */
void jvpn_picture_states(const struct jvpn_picture_panel *panel, const struct jvpn_scale *scale,
			 struct jvpn_picture_cell *cell);
/* The gravest state is the last. */
unsigned jvpn_picture_gravity(uint8_t state);
/* The use of a lane in each cell, and in 'name' of which transport (the one that began last). */
void jvpn_picture_lane(const struct jvpn_picture_panel *panel, unsigned lane,
		       const struct jvpn_scale *scale, uint8_t *cell, uint32_t *name);
/* True in each cell in which the session was bound to nothing for some time. */
void jvpn_picture_unbound(const struct jvpn_picture_panel *panel, const struct jvpn_scale *scale,
			  uint8_t *cell);

/* One line about a move: "path_change_observed: eth0#1 -> eth0#3, found in 0.8 ms, moved in 21.4 ms".
 * 'arrow' stands between the transports. */
void jvpn_picture_tell_move(const struct jvpn_picture *p, const struct jvpn_picture_move *move,
			    const char *arrow, char *out, size_t size);
void jvpn_picture_tell_note(const struct jvpn_picture *p, const struct jvpn_picture_note *note,
			    char *out, size_t size);
/* How grave: 's' security, 'l' lines are missing, 'd' denied or failed, 'n' the node itself. */
char jvpn_picture_note_kind(const struct jvpn_picture_note *note);

#endif
