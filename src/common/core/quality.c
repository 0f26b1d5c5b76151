/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The windows of quality.h. Must not say the same fact twice, and must not decide about states.
 */
#include "core/quality.h"

#include <string.h>

#include "base/time.h"
#include "core/prelude.h"

#define PPM 1000000ULL

void jvpn_quality_init(struct jvpn_quality *q, uint64_t now_ns)
{
	memset(q, 0, sizeof(*q));
	q->stable_since_ns = now_ns;
}

static uint64_t bucket_ns(const struct jvpn_policy *policy)
{
	return jvpn_ms_to_ns(policy->loss_window_ms) / JVPN_QUALITY_LOSS_BUCKETS;
}

void jvpn_quality_on_packets(struct jvpn_quality *q, const struct jvpn_policy *policy,
			     uint32_t sent, uint32_t lost, uint64_t now_ns)
{
	uint64_t number = now_ns / bucket_ns(policy);
	uint64_t start = number * bucket_ns(policy);
	size_t i = number % JVPN_QUALITY_LOSS_BUCKETS;

	if (q->loss[i].start_ns != start) {
		q->loss[i].start_ns = start;
		q->loss[i].sent = 0;
		q->loss[i].lost = 0;
	}
	q->loss[i].sent += sent;
	q->loss[i].lost += lost;
}

void jvpn_quality_on_rtt(struct jvpn_quality *q, uint32_t rtt_us, uint64_t now_ns)
{
	q->sample[q->sample_next].at_ns = now_ns;
	q->sample[q->sample_next].rtt_us = rtt_us;
	q->sample_next = (q->sample_next + 1) % JVPN_QUALITY_SAMPLES;
	if (q->sample_count < JVPN_QUALITY_SAMPLES)
		q->sample_count++;
}

uint32_t jvpn_quality_loss_ppm(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			       uint64_t now_ns)
{
	uint64_t window = jvpn_ms_to_ns(policy->loss_window_ms);
	uint64_t sent = 0, lost = 0;

	for (size_t i = 0; i < JVPN_QUALITY_LOSS_BUCKETS; i++) {
		if (jvpn_time_since(now_ns, q->loss[i].start_ns) >= window)
			continue;
		sent += q->loss[i].sent;
		lost += q->loss[i].lost;
	}
	if (sent < JVPN_QUALITY_MIN_PACKETS)
		return 0;
	/* Losses are declared later than packets are sent: a bucket may hold more of the former. */
	return lost >= sent ? (uint32_t)PPM : (uint32_t)(lost * PPM / sent);
}

/* Inserts into an ascending array; at most 64 elements. */
static void insert_sorted(uint32_t *v, size_t count, uint32_t value)
{
	while (count > 0 && v[count - 1] > value) {
		v[count] = v[count - 1];
		count--;
	}
	v[count] = value;
}

uint32_t jvpn_quality_p95_us(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			     uint64_t now_ns)
{
	uint64_t window = jvpn_ms_to_ns(policy->latency_window_ms);
	uint32_t sorted[JVPN_QUALITY_SAMPLES];
	size_t n = 0;

	for (size_t i = 0; i < q->sample_count; i++)
		if (jvpn_time_since(now_ns, q->sample[i].at_ns) < window)
			insert_sorted(sorted, n++, q->sample[i].rtt_us);
	/* nearest rank: the ceil(0.95 n)-th of n */
	return n == 0 ? 0 : sorted[(n * 95 + 99) / 100 - 1];
}

static bool latency_is_over(uint32_t p95_us, uint64_t threshold_us)
{
	return threshold_us != 0 && p95_us > threshold_us;
}

/* Back to good needs more than being just below: half of the threshold, for min_stability_ms. */
static bool is_good_again(struct jvpn_quality *q, const struct jvpn_policy *policy, uint32_t loss,
			  uint32_t p95, uint64_t now_ns)
{
	uint64_t loss_limit = policy->loss_volatile_threshold_ppm;
	uint64_t latency_limit =
		policy->latency_volatile_threshold_ms * JVPN_NS_PER_MS / JVPN_NS_PER_US;
	bool good;

	if (policy->enforce_hysteresis) {
		loss_limit /= 2;
		latency_limit /= 2;
	}
	good = loss <= loss_limit && (!q->bad_latency || p95 <= latency_limit);
	if (!good) {
		q->good_since_ns = 0;
		return false;
	}
	if (q->good_since_ns == 0)
		q->good_since_ns = now_ns;
	return jvpn_time_since(now_ns, q->good_since_ns) >= jvpn_ms_to_ns(policy->min_stability_ms);
}

enum jvpn_quality_fact jvpn_quality_poll(struct jvpn_quality *q, const struct jvpn_policy *policy,
					 uint64_t now_ns)
{
	uint32_t loss = jvpn_quality_loss_ppm(q, policy, now_ns);
	uint32_t p95 = jvpn_quality_p95_us(q, policy, now_ns);

	if (!q->bad_loss && loss >= policy->loss_volatile_threshold_ppm) {
		q->bad_loss = true;
		q->good_since_ns = 0;
		return JVPN_QUALITY_LOSS;
	}
	if (!q->bad_latency && latency_is_over(p95, policy->latency_volatile_threshold_ms * 1000)) {
		q->bad_latency = true;
		q->good_since_ns = 0;
		return JVPN_QUALITY_LATENCY;
	}
	if (!(q->bad_loss || q->bad_latency) || !is_good_again(q, policy, loss, p95, now_ns))
		return JVPN_QUALITY_NONE;
	q->bad_loss = false;
	q->bad_latency = false;
	q->stable_since_ns = now_ns;
	return JVPN_QUALITY_HEALTHY;
}
