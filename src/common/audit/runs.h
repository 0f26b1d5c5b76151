/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The processes whose lines a node's stream has, each with its last seq: how many lines are missing in front
 * of one. Bounded: of more than JVPN_TRAIL_RUNS_MAX the one that began first is forgotten.
 */
#ifndef JVPN_AUDIT_RUNS_H
#define JVPN_AUDIT_RUNS_H

#include <stdint.h>

#define JVPN_TRAIL_RUNS_MAX 8

/* Owned by whoever holds it; all zero is the beginning. */
struct jvpn_trail_runs {
	struct {
		uint64_t pid, seq;
	} run[JVPN_TRAIL_RUNS_MAX];
	unsigned count;
};

/* Takes a line in; how many of its process are missing before it: 0 for its first one, and for one that does
 * not go forward. */
uint64_t jvpn_trail_runs_take(struct jvpn_trail_runs *runs, uint64_t pid, uint64_t seq);

#endif
