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

static uint64_t spaced_window_ns(const struct jvpn_policy *policy)
{
	return jvpn_ms_to_ns(policy->heartbeat_interval_ms) * JVPN_QUALITY_SPACED;
}

/* The bucket of that time, emptied when it was another time's. */
static struct jvpn_quality_bucket *bucket_at(struct jvpn_quality_bucket *v, uint64_t width_ns,
					     uint64_t now_ns)
{
	uint64_t number = now_ns / width_ns;
	struct jvpn_quality_bucket *b = &v[number % JVPN_QUALITY_LOSS_BUCKETS];

	if (b->start_ns != number * width_ns)
		*b = (struct jvpn_quality_bucket){.start_ns = number * width_ns};
	return b;
}

void jvpn_quality_on_packets(struct jvpn_quality *q, const struct jvpn_policy *policy,
			     uint32_t sent, uint32_t lost, uint64_t now_ns)
{
	struct jvpn_quality_bucket *b = bucket_at(q->loss, bucket_ns(policy), now_ns);

	b->sent += sent;
	b->lost += lost;
	b = bucket_at(q->spaced_loss, spaced_window_ns(policy) / JVPN_QUALITY_LOSS_BUCKETS, now_ns);
	b->sent += sent;
	b->lost += lost;
}

/* At most one per heartbeat interval, whatever the traffic; half of it leaves room for jitter. */
static void add_spaced(struct jvpn_quality *q, const struct jvpn_policy *policy,
		       const struct jvpn_quality_sample *sample)
{
	uint32_t last = (q->spaced_next + JVPN_QUALITY_SPACED - 1) % JVPN_QUALITY_SPACED;

	if (q->spaced_count > 0 && jvpn_time_since(sample->at_ns, q->spaced[last].at_ns) <
					   jvpn_ms_to_ns(policy->heartbeat_interval_ms) / 2)
		return;
	q->spaced[q->spaced_next] = *sample;
	q->spaced_next = (q->spaced_next + 1) % JVPN_QUALITY_SPACED;
	if (q->spaced_count < JVPN_QUALITY_SPACED)
		q->spaced_count++;
}

void jvpn_quality_on_rtt(struct jvpn_quality *q, const struct jvpn_policy *policy, uint32_t rtt_us,
			 uint64_t now_ns)
{
	struct jvpn_quality_sample sample = {now_ns, rtt_us};

	add_spaced(q, policy, &sample);
	q->sample[q->sample_next] = sample;
	q->sample_next = (q->sample_next + 1) % JVPN_QUALITY_SAMPLES;
	if (q->sample_count < JVPN_QUALITY_SAMPLES)
		q->sample_count++;
}

static uint64_t sum_buckets(const struct jvpn_quality_bucket *v, uint64_t window_ns,
			    uint64_t now_ns, uint64_t *lost)
{
	uint64_t sent = 0;

	*lost = 0;
	for (size_t i = 0; i < JVPN_QUALITY_LOSS_BUCKETS; i++) {
		if (jvpn_time_since(now_ns, v[i].start_ns) >= window_ns)
			continue;
		sent += v[i].sent;
		*lost += v[i].lost;
	}
	return sent;
}

static uint32_t ratio_ppm(uint64_t sent, uint64_t lost)
{
	if (sent < JVPN_QUALITY_MIN_PACKETS)
		return 0;
	/* Losses are declared later than packets are sent: a bucket may hold more of the former. */
	return lost >= sent ? (uint32_t)PPM : (uint32_t)(lost * PPM / sent);
}

uint32_t jvpn_quality_loss_ppm(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			       uint64_t now_ns)
{
	uint64_t lost;
	uint64_t sent = sum_buckets(q->loss, jvpn_ms_to_ns(policy->loss_window_ms), now_ns, &lost);

	return ratio_ppm(sent, lost);
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

/* nearest rank: the ceil(p n)-th of n */
static uint32_t percentile(const uint32_t *sorted, size_t n, size_t percent)
{
	return n == 0 ? 0 : sorted[(n * percent + 99) / 100 - 1];
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
	return percentile(sorted, n, 95);
}

void jvpn_quality_figures(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			  uint64_t now_ns, struct jvpn_quality_figures *figures)
{
	uint64_t window = spaced_window_ns(policy), lost, sent;
	uint64_t oldest = 2 * jvpn_ms_to_ns(policy->idle_keepalive_ms);
	uint32_t sorted[JVPN_QUALITY_SPACED];
	size_t n = 0, recent = 0;

	if (oldest < 2 * window)
		oldest = 2 * window;
	for (size_t i = 0; i < q->spaced_count; i++) {
		uint64_t age = jvpn_time_since(now_ns, q->spaced[i].at_ns);

		if (age < oldest)
			insert_sorted(sorted, n++, q->spaced[i].rtt_us);
		recent += age < 2 * window;
	}
	sent = sum_buckets(q->spaced_loss, window, now_ns, &lost);
	figures->loss_ppm = ratio_ppm(sent, lost);
	figures->latency_us = percentile(sorted, n, 95);
	figures->typical_us = percentile(sorted, n, 50);
	figures->spread_us = percentile(sorted, n, 75) - percentile(sorted, n, 25);
	figures->settled = sent >= JVPN_QUALITY_SETTLED && recent >= JVPN_QUALITY_SETTLED;
}

/* Is jvpn_quality_p95_us() above it? Asked with every turn of the loop, so counted, not sorted. */
static bool latency_is_over(const struct jvpn_quality *q, const struct jvpn_policy *policy,
			    uint64_t threshold_us, uint64_t now_ns)
{
	uint64_t window = jvpn_ms_to_ns(policy->latency_window_ms);
	size_t n = 0, over = 0;

	if (threshold_us == 0)
		return false;
	for (size_t i = 0; i < q->sample_count; i++)
		if (jvpn_time_since(now_ns, q->sample[i].at_ns) < window) {
			n++;
			over += q->sample[i].rtt_us > threshold_us;
		}
	return n - over < (n * 95 + 99) / 100;
}

/* Back to good needs more than being just below: half of the threshold, for min_stability_ms. */
static bool is_good_again(struct jvpn_quality *q, const struct jvpn_policy *policy, uint32_t loss,
			  uint64_t now_ns)
{
	uint64_t loss_limit = policy->loss_volatile_threshold_ppm;
	uint64_t latency_limit =
		policy->latency_volatile_threshold_ms * JVPN_NS_PER_MS / JVPN_NS_PER_US;
	bool good;

	if (policy->enforce_hysteresis) {
		loss_limit /= 2;
		latency_limit /= 2;
	}
	good = loss <= loss_limit &&
	       (!q->bad_latency || jvpn_quality_p95_us(q, policy, now_ns) <= latency_limit);
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

	if (!q->bad_loss && loss >= policy->loss_volatile_threshold_ppm) {
		q->bad_loss = true;
		q->good_since_ns = 0;
		return JVPN_QUALITY_LOSS;
	}
	if (!q->bad_latency &&
	    latency_is_over(q, policy, policy->latency_volatile_threshold_ms * 1000, now_ns)) {
		q->bad_latency = true;
		q->good_since_ns = 0;
		return JVPN_QUALITY_LATENCY;
	}
	if (!(q->bad_loss || q->bad_latency) || !is_good_again(q, policy, loss, now_ns))
		return JVPN_QUALITY_NONE;
	q->bad_loss = false;
	q->bad_latency = false;
	q->stable_since_ns = now_ns;
	return JVPN_QUALITY_HEALTHY;
}
