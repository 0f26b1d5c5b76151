/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The invariants I1..I12 of session.md as a check that the driver and the simulator run after every
 * step. It only looks. A broken one is a defect: the driver ends the session with TERMINATE
 * (internal_invariant).
 */
#ifndef JVPN_CORE_INVARIANT_H
#define JVPN_CORE_INVARIANT_H

#include <stdint.h>

#include "core/session.h"

/* What has to be remembered from before the step. */
struct jvpn_witness {
	struct jvpn_id id;
	enum jvpn_state state;
	uint64_t state_version, durable_version, transitions;
	uint64_t total_switches, last_switch_ns;
	uint64_t bind_counter;
	uint8_t bound;
	uint32_t bound_generation;
	bool permit;
	uint64_t digest; /* of the whole struct: a forged event must leave every byte alone */
};

void jvpn_invariant_capture(const struct jvpn_session *s, struct jvpn_witness *witness);
/* 0 when all hold, else the number of the first broken invariant (1..12). Call after the step with
 * the same ctx and event. */
int jvpn_invariant_check(const struct jvpn_witness *before, const struct jvpn_session *s,
			 const struct jvpn_step_ctx *ctx, const struct jvpn_event *event,
			 const struct jvpn_effects *effects);
/* One sentence for a number; "no invariant" otherwise. */
const char *jvpn_invariant_text(int number);

#endif
