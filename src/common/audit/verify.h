/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Proves the invariants of sessions (docs/audit.md) from event streams of any number of nodes, of
 * servers and clients. Memory grows with sessions, not with lines.
 */
#ifndef JVPN_AUDIT_VERIFY_H
#define JVPN_AUDIT_VERIFY_H

#include <stdbool.h>

#include "audit/reader.h"
#include "core/policy.h"

#define JVPN_TRAIL_UNPROVEN_MAX 16

struct jvpn_trail_config {
	uint64_t early_ms; /* what a limit may fall short: clocks are slewed */
	uint64_t late_ms;  /* what a deadline may be late */
	bool from_start;   /* a node's first line must be its process's first one */
	void *user;
	/* 'invariant': "I1".."I12", or "line" for a line that is damaged. Text is printable ASCII. */
	void (*violation)(void *user, const struct jvpn_trail_place *place, const char *invariant,
			  const char *text);
};

struct jvpn_trail_summary {
	uint64_t lines, events, sessions, nodes, violations;
	/* Nodes whose oldest process begins in the middle, and how many of its lines are not there. */
	uint64_t headless, headless_lines;
	/* Policies that nobody gave: I4 to I6 are not proven for so many events. */
	struct {
		char version[JVPN_TRAIL_NAME_MAX + 1];
		uint64_t events;
	} unproven[JVPN_TRAIL_UNPROVEN_MAX];
	size_t unproven_count;
};

struct jvpn_trail_verify;

/* The built-in policy is known from the start. JVPN_ENOMEM. */
int jvpn_trail_verify_new(const struct jvpn_trail_config *config, struct jvpn_trail_verify **out);
void jvpn_trail_verify_free(struct jvpn_trail_verify *v);
/* Limits of the sessions whose lines name this policy's version. Two with one version and different
 * limits: it counts as not known. JVPN_EFULL. */
int jvpn_trail_verify_policy(struct jvpn_trail_verify *v, const struct jvpn_policy *policy);
/* For a reader. JVPN_ENOMEM. */
struct jvpn_trail_handler jvpn_trail_verify_handler(struct jvpn_trail_verify *v);
/* After the last line: what is still open is judged, and everything is summed up. */
void jvpn_trail_verify_finish(struct jvpn_trail_verify *v, struct jvpn_trail_summary *out);

#endif
