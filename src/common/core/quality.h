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

enum jvpn_quality_fact {
	JVPN_QUALITY_NONE = 0,
	JVPN_QUALITY_LOSS,    /* ratio over the threshold */
	JVPN_QUALITY_LATENCY, /* p95 over the threshold */
	JVPN_QUALITY_HEALTHY, /* after LOSS or LATENCY: well below both long enough */
	JVPN_QUALITY_COUNT
};

struct jvpn_quality {
	struct {
		uint64_t start_ns;
		uint32_t sent, lost;
	} loss[JVPN_QUALITY_LOSS_BUCKETS];
	struct {
		uint64_t at_ns;
		uint32_t rtt_us;
	} sample[JVPN_QUALITY_SAMPLES]; /* ring: the latest 64 */
	uint32_t sample_next, sample_count;
	uint64_t stable_since_ns; /* start of the present time without a bad fact */
	uint64_t good_since_ns;   /* while bad: start of the present good stretch; 0 none */
	bool bad_loss, bad_latency;
};

void jvpn_quality_init(struct jvpn_quality *q, uint64_t now_ns);
/* Packets sent and packets declared lost since the last call (differences of counters). */
void jvpn_quality_on_packets(struct jvpn_quality *q, const struct jvpn_policy *policy,
			     uint32_t sent, uint32_t lost, uint64_t now_ns);
void jvpn_quality_on_rtt(struct jvpn_quality *q, uint32_t rtt_us, uint64_t now_ns);
/* Loss in the window, parts per million; 0 with fewer than JVPN_QUALITY_MIN_PACKETS packets. */
uint32_t jvpn_quality_loss_ppm(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			       uint64_t now_ns);
/* 95th percentile (nearest rank) of the samples in the window, microseconds; 0 without samples. */
uint32_t jvpn_quality_p95_us(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			     uint64_t now_ns);
/* Evaluates thresholds; a bad fact is said once, then HEALTHY once after the values stayed below
 * (hysteresis on: below half of) their thresholds for min_stability_ms. */
enum jvpn_quality_fact jvpn_quality_poll(struct jvpn_quality *q, const struct jvpn_policy *policy,
					 uint64_t now_ns);

#endif
