/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which candidate is best: a deterministic ranking (session.md, "Candidate selection"). No state,
 * no randomness: the same figures give the same choice and the same explanation on every machine.
 */
#ifndef JVPN_CORE_SELECT_H
#define JVPN_CORE_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msg.h"
#include "core/policy.h"

#define JVPN_SELECT_TEXT_MAX JVPN_RANKING_MAX

/* Nobody notices less. */
#define JVPN_SELECT_FLOOR_US 1000
/* No loss among 24 packets may still be so much (the rule of three). */
#define JVPN_SELECT_DOUBT_PPM 125000

struct jvpn_select_candidate {
	uint8_t slot;
	bool validated;       /* its address is validated and it answers */
	bool recently_failed; /* failed within min_stability_ms */
	uint32_t loss_ppm;
	uint32_t latency_us; /* p95; 0: not measured, ranks after every measured one */
	/* median, and between the quartiles; for jvpn_select_is_better() */
	uint32_t typical_us, spread_us;
	bool settled;       /* measured long enough to be compared with a living binding */
	uint64_t stable_ns; /* how long without a bad fact */
	char transport_id[JVPN_TRANSPORT_ID_MAX + 1];
};

struct jvpn_select_result {
	int slot; /* -1: none qualifies */
	/* Why, for the log: what decided, then the candidates in their order, each with loss, p95 latency
	 * and stability, then the living binding: "lower p95 latency: wlan0#2 loss=0ppm p95=20000us
	 * stable=12s, lte#1 ...; binding eth0#3 ...". Printable; the end is cut off when it is long. */
	char text[JVPN_SELECT_TEXT_MAX + 1];
};

/* < 0 when a ranks before b, > 0 after, 0 only for the same transport_id: lowest loss, lowest p95
 * latency, longest stability, lowest transport_id (byte order). */
int jvpn_select_compare(const struct jvpn_select_candidate *a,
			const struct jvpn_select_candidate *b);
/* A planned move must be worth it: both settled, no more loss, and either so much less of it that the
 * doubt of few packets does not matter, or p95 and median both lower by the improvement factor and by
 * JVPN_SELECT_FLOOR_US, the median also by more than what the unrest of both explains. */
bool jvpn_select_is_better(const struct jvpn_select_candidate *c,
			   const struct jvpn_select_candidate *binding,
			   const struct jvpn_policy *policy);
/* Picks among 'count' candidates (the binding itself is not among them). 'binding' is the living
 * binding or NULL when it is dead: min_stability_ms, switch_improvement_factor and recently failed
 * apply only while it lives (and enforce_hysteresis is on); a dead one takes the best that answers. */
void jvpn_select(const struct jvpn_select_candidate *v, size_t count,
		 const struct jvpn_select_candidate *binding, const struct jvpn_policy *policy,
		 struct jvpn_select_result *result);

#endif
