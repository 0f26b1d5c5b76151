/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loss and latency of one transport over sliding windows, turned into facts with hysteresis. Only
 * the FSM turns facts into VOLATILE; nothing here knows about states. Integers only.
 */
#ifndef JVPN_CORE_QUALITY_H
#define JVPN_CORE_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/policy.h"

/* A loss ratio of fewer packets says nothing. */
#define JVPN_QUALITY_MIN_PACKETS  20
#define JVPN_QUALITY_LOSS_BUCKETS 8
#define JVPN_QUALITY_SAMPLES      64
/* A standby has a packet per heartbeat: its windows are as long as so many of them (12 s). The same is
 * kept of the binding, to compare like with like. */
#define JVPN_QUALITY_SPACED  24
#define JVPN_QUALITY_SETTLED 20 /* so many packets and samples, and it can be compared */

enum jvpn_quality_fact {
	JVPN_QUALITY_NONE = 0,
	JVPN_QUALITY_LOSS,    /* ratio over the threshold */
	JVPN_QUALITY_LATENCY, /* p95 over the threshold */
	JVPN_QUALITY_HEALTHY, /* after LOSS or LATENCY: well below both long enough */
	JVPN_QUALITY_COUNT
};

struct jvpn_quality_bucket {
	uint64_t start_ns;
	uint32_t sent, lost;
};

struct jvpn_quality_sample {
	uint64_t at_ns;
	uint32_t rtt_us;
};

struct jvpn_quality {
	struct jvpn_quality_bucket loss[JVPN_QUALITY_LOSS_BUCKETS];
	struct jvpn_quality_sample sample[JVPN_QUALITY_SAMPLES]; /* ring: the latest 64 */
	uint32_t sample_next, sample_count;
	struct jvpn_quality_bucket spaced_loss[JVPN_QUALITY_LOSS_BUCKETS];
	struct jvpn_quality_sample
		spaced[JVPN_QUALITY_SPACED]; /* ring: one per heartbeat interval */
	uint32_t spaced_next, spaced_count;
	uint64_t stable_since_ns; /* start of the present time without a bad fact */
	uint64_t good_since_ns;   /* while bad: start of the present good stretch; 0 none */
	bool bad_loss, bad_latency;
};

void jvpn_quality_init(struct jvpn_quality *q, uint64_t now_ns);
/* Packets sent and packets declared lost since the last call (differences of counters). */
void jvpn_quality_on_packets(struct jvpn_quality *q, const struct jvpn_policy *policy,
			     uint32_t sent, uint32_t lost, uint64_t now_ns);
void jvpn_quality_on_rtt(struct jvpn_quality *q, const struct jvpn_policy *policy, uint32_t rtt_us,
			 uint64_t now_ns);
/* Loss in the window, parts per million; 0 with fewer than JVPN_QUALITY_MIN_PACKETS packets. */
uint32_t jvpn_quality_loss_ppm(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			       uint64_t now_ns);
/* 95th percentile (nearest rank) of the samples in the window, microseconds; 0 without samples. */
uint32_t jvpn_quality_p95_us(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			     uint64_t now_ns);
struct jvpn_quality_figures {
	uint32_t loss_ppm;
	uint32_t latency_us; /* p95 */
	uint32_t typical_us; /* median */
	uint32_t spread_us;  /* between the quartiles */
	bool settled;        /* enough of both to be compared */
};
/* Over the last JVPN_QUALITY_SPACED heartbeats; latencies not older than two keepalives (all that a
 * resting standby has). 0 what is not known. */
void jvpn_quality_figures(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			  uint64_t now_ns, struct jvpn_quality_figures *figures);
/* Evaluates thresholds; a bad fact is said once, then HEALTHY once after the values stayed below
 * (hysteresis on: below half of) their thresholds for min_stability_ms. */
enum jvpn_quality_fact jvpn_quality_poll(struct jvpn_quality *q, const struct jvpn_policy *policy,
					 uint64_t now_ns);

#endif
