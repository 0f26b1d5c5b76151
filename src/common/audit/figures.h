/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Evaluation figures of any number of event files, gathered while the lines go by: for each node, and
 * for all nodes of the side that decides (servers; clients where there are only theirs).
 * Bounded: 64 nodes (the last one takes all further ones), a million sessions that are open at one time,
 * four million times of switches; what is beyond is counted and said.
 */
#ifndef JVPN_AUDIT_FIGURES_H
#define JVPN_AUDIT_FIGURES_H

#include "audit/activity.h"
#include "audit/histogram.h"
#include "audit/reader.h"

#define JVPN_FIGURES_NODES_MAX    64
#define JVPN_FIGURES_SESSIONS_MAX (1U << 20)
#define JVPN_FIGURES_TIMES_MAX    (4U << 20)

/* Beside the states of the registry: the node was down. */
#define JVPN_FIGURES_DOWN JVPN_STATE_COUNT

struct jvpn_figures_of {
	char node[JVPN_TRAIL_NAME_MAX + 1];
	enum jvpn_role role;
	uint64_t events, first_ms, last_ms;
	uint64_t sessions; /* that were seen, of them: */
	uint64_t born, ended;
	/* Of each switch: from the last good packet to the decision, from there to the commit, and both. Of
	 * each disturbance that ended well: its time out of ATTACHED. */
	struct jvpn_histogram detect, recover, latency, away;
	uint64_t switches, most_of_session, most_in_minute, most_in_hour;
	bool at_least; /* times of switches did not fit: the last two may be more */
	/* Times out of ATTACHED: back in ATTACHED; ended by something else than its user or operator; ended by
	 * them; neither, at the end of the files or where lines are missing. */
	uint64_t survived, lost, on_request, undecided;
	uint64_t replays, unauthorized, attempts;
	uint64_t state_ms[JVPN_STATE_COUNT + 1];
	uint64_t lines_missing, lines_announced;
	/* By reason. */
	uint64_t switched[JVPN_REASON_COUNT], limited[JVPN_REASON_COUNT], denied[JVPN_REASON_COUNT],
		terminated[JVPN_REASON_COUNT], invalid[JVPN_REASON_COUNT];
};

struct jvpn_figures;

struct jvpn_figures_result {
	uint64_t lines, damaged, untracked;  /* untracked: events of sessions beyond the bound */
	const struct jvpn_figures_of *total; /* of the judged side; owned by the figures */
	const struct jvpn_figures_of *node[JVPN_FIGURES_NODES_MAX]; /* servers first, by name */
	unsigned nodes;
	const struct jvpn_activity *activity;
};

/* JVPN_ENOMEM. */
int jvpn_figures_new(struct jvpn_figures **out);
void jvpn_figures_free(struct jvpn_figures *f);
/* For a reader. JVPN_ENOMEM. */
struct jvpn_trail_handler jvpn_figures_handler(struct jvpn_figures *f);
/* After the last line. */
void jvpn_figures_end(struct jvpn_figures *f, struct jvpn_figures_result *out);

/* Adds the figures of one node to others. */
void jvpn_figures_add(struct jvpn_figures_of *to, const struct jvpn_figures_of *from);
/* All time that sessions were there, without the time that nodes were down. */
uint64_t jvpn_figures_session_ms(const struct jvpn_figures_of *t);
/* Share of disturbances that the session outlived: "99.99 %", "-" when there was none. Rounded down, so
 * that 100.00 % means all of them. */
void jvpn_figures_continuity(const struct jvpn_figures_of *t, char out[16]);
uint64_t jvpn_figures_sum(const uint64_t by_reason[JVPN_REASON_COUNT]);

#endif
