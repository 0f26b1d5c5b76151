/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The limit of what is under way. Integers only.
 */
#include "quic/inflight.h"

#include "base/time.h"

/* A round is at least so long: a batch of acknowledgements is no rate. */
#define ROUND_MIN_NS (2 * JVPN_NS_PER_MS)
/* The queue does not get shorter: it is not ours, for so long at first, twice as long each time. */
#define PATIENCE       8u
#define YIELD_NS       (2 * JVPN_NS_PER_S)
#define YIELD_SHIFTS   4u
#define TARGET_NS      JVPN_INFLIGHT_TARGET_NS
#define RATE_MAX_BYTES (UINT64_MAX / JVPN_NS_PER_S)

void jvpn_inflight_init(struct jvpn_inflight *f)
{
	*f = (struct jvpn_inflight){.limit = JVPN_INFLIGHT_NONE};
}

static void begin_round(struct jvpn_inflight *f, const struct jvpn_inflight_sample *s)
{
	f->round_ns = s->now_ns;
	f->round_delivered = s->delivered;
	f->round_rtt_ns = UINT64_MAX;
	f->round_held = false;
}

/* Octets that the path carries in 'ns'. */
static uint64_t carried(const struct jvpn_inflight *f, uint64_t ns)
{
	uint64_t rate = f->rate[0] > f->rate[1] ? f->rate[0] : f->rate[1];
	uint64_t us = ns / JVPN_NS_PER_US;

	if (us != 0 && rate > UINT64_MAX / us)
		return JVPN_INFLIGHT_NONE - 1;
	return rate * us / 1000000;
}

static void release(struct jvpn_inflight *f)
{
	f->limit = JVPN_INFLIGHT_NONE;
	f->floor = 0;
	f->patience = 0;
}

static void yield(struct jvpn_inflight *f, uint64_t now_ns)
{
	release(f);
	f->yield_until_ns = jvpn_time_add(now_ns, YIELD_NS << f->yields);
	if (f->yields < YIELD_SHIFTS)
		f->yields++;
}

/* A queue stands: hold back what made it. */
static void hold_back(struct jvpn_inflight *f, uint64_t limit, uint64_t queue_ns, uint64_t now_ns)
{
	f->patience = queue_ns > TARGET_NS + TARGET_NS / 2 ? f->patience + 1 : 0;
	if (f->patience > PATIENCE) {
		yield(f, now_ns);
		return;
	}
	if (f->floor == 0)
		f->floor = limit - limit / 4;
	f->limit = limit > f->floor ? limit : f->floor;
	if (f->limit < JVPN_INFLIGHT_MIN_BYTES)
		f->limit = JVPN_INFLIGHT_MIN_BYTES;
}

/* The queue is short. As long as the limit holds nothing back it says nothing. */
static void let_go(struct jvpn_inflight *f)
{
	f->patience = 0;
	f->yields = 0;
	f->floor = 0;
	if (f->limit == JVPN_INFLIGHT_NONE)
		return;
	if (!f->round_held)
		release(f);
	else
		f->limit += f->limit / 4;
}

static void end_round(struct jvpn_inflight *f, const struct jvpn_inflight_sample *s)
{
	uint64_t bytes = s->delivered - f->round_delivered;
	uint64_t lasted_us = (s->now_ns - f->round_ns) / JVPN_NS_PER_US;
	uint64_t queue_ns = jvpn_time_since(f->round_rtt_ns, s->min_rtt_ns);
	uint64_t limit;

	f->rate[1] = f->rate[0];
	f->rate[0] = bytes < RATE_MAX_BYTES ? bytes * 1000000 / lasted_us : 0;
	if (s->now_ns < f->yield_until_ns)
		return;
	limit = carried(f, s->min_rtt_ns + TARGET_NS);
	if (queue_ns <= TARGET_NS / 2 || bytes < JVPN_INFLIGHT_MIN_BYTES)
		let_go(f);
	else if (queue_ns > TARGET_NS || f->limit != JVPN_INFLIGHT_NONE)
		hold_back(f, limit, queue_ns, s->now_ns);
}

void jvpn_inflight_on_acked(struct jvpn_inflight *f, const struct jvpn_inflight_sample *s)
{
	if (s->min_rtt_ns == 0)
		return;
	/* Less than before: QUIC began anew on another path. */
	if (f->round_ns == 0 || s->delivered < f->round_delivered)
		begin_round(f, s);
	if (s->rtt_ns < f->round_rtt_ns)
		f->round_rtt_ns = s->rtt_ns;
	f->round_held = f->round_held || s->was_held;
	if (s->now_ns - f->round_ns < ROUND_MIN_NS || s->now_ns - f->round_ns < f->round_rtt_ns)
		return;
	end_round(f, s);
	begin_round(f, s);
}
