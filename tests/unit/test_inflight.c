/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The limit of what is under way, against a bottleneck with an endless queue.
 */
#include "base/time.h"
#include "quic/inflight.h"
#include "unit.h"

#define MS JVPN_NS_PER_MS

/* A fluid: what is under way beyond rate * round trip stands in the queue. */
struct world {
	struct jvpn_inflight f;
	uint64_t now_ns, delivered;
	uint64_t rate;         /* octets per ms */
	uint64_t base_ms;      /* round trip without a queue */
	uint64_t window;       /* what the congestion control would allow */
	uint64_t foreign_ms;   /* the queue of somebody else */
	uint64_t ack_delay_ns; /* on top of every sample */
	uint64_t queue_ns;     /* ours, now */
};

static void start(struct world *w)
{
	*w = (struct world){.now_ns = 1, .rate = 25000, .base_ms = 40, .window = 3000000};
	jvpn_inflight_init(&w->f);
}

static void step(struct world *w)
{
	uint64_t under_way = w->window < w->f.limit ? w->window : w->f.limit;
	uint64_t pipe = w->rate * (w->base_ms + w->foreign_ms);
	uint64_t base_ns = (w->base_ms + w->foreign_ms) * MS;
	struct jvpn_inflight_sample s = {.min_rtt_ns = w->base_ms * MS};

	w->queue_ns = under_way > pipe ? (under_way - pipe) * MS / w->rate : 0;
	w->delivered += under_way > pipe ? w->rate : under_way * MS / base_ns;
	w->now_ns += MS;
	s.now_ns = w->now_ns;
	s.rtt_ns = base_ns + w->queue_ns + w->ack_delay_ns;
	s.delivered = w->delivered;
	s.was_held = w->f.limit < w->window;
	jvpn_inflight_on_acked(&w->f, &s);
}

static void run(struct world *w, int ms)
{
	for (int i = 0; i < ms; i++)
		step(w);
}

/* What was delivered in one second, in percent of the rate. */
static uint64_t share(struct world *w)
{
	uint64_t before = w->delivered;

	run(w, 1000);
	return (w->delivered - before) / 10 / w->rate;
}

START_TEST(inflight__wide_window__queue_is_ten_ms_and_the_line_busy)
{
	struct world w;

	start(&w);
	run(&w, 600);
	for (int i = 0; i < 2000; i++) {
		step(&w);
		ck_assert_uint_le(w.queue_ns, 16 * MS);
	}
	ck_assert_uint_ge(share(&w), 99);
}
END_TEST

START_TEST(inflight__window_fits__there_is_no_limit)
{
	struct world w;

	start(&w);
	w.window = w.rate * (w.base_ms + 4);
	run(&w, 3000);
	ck_assert(w.f.limit == JVPN_INFLIGHT_NONE);
}
END_TEST

START_TEST(inflight__senders_stop__limit_is_forgotten)
{
	struct world w;

	start(&w);
	run(&w, 1000);
	ck_assert(w.f.limit != JVPN_INFLIGHT_NONE);
	w.window = 100000;
	run(&w, 500);
	ck_assert(w.f.limit == JVPN_INFLIGHT_NONE);
}
END_TEST

START_TEST(inflight__line_gets_slower__queue_is_short_again)
{
	struct world w;

	start(&w);
	run(&w, 1000);
	w.rate /= 3;
	run(&w, 6000);
	ck_assert_uint_le(w.queue_ns, 16 * MS);
	ck_assert_uint_ge(share(&w), 99);
}
END_TEST

START_TEST(inflight__line_gets_faster__is_used_within_a_second)
{
	struct world w;

	start(&w);
	run(&w, 1000);
	w.rate *= 2;
	w.window *= 2;
	run(&w, 1000);
	ck_assert_uint_ge(share(&w), 99);
	ck_assert_uint_le(w.queue_ns, 16 * MS);
}
END_TEST

/* Whoever fills the queue goes on doing it: giving way for ever would leave us nothing. */
START_TEST(inflight__queue_of_somebody_else__is_not_given_way_to)
{
	struct world w;
	int limited = 0;

	start(&w);
	w.window = 4000000;
	w.foreign_ms = 60;
	for (int i = 0; i < 20000; i++) {
		step(&w);
		if (w.f.limit != JVPN_INFLIGHT_NONE) {
			limited++;
			/* 100 ms * 25 MB/s carry the line; two thirds of it half its round trip. */
			ck_assert_uint_ge(w.f.limit, w.rate * 50 * 3 / 4);
		}
	}
	ck_assert_int_lt(limited, 5000);
}
END_TEST

START_TEST(inflight__few_packets_and_delayed_acknowledgements__no_limit)
{
	struct world w;

	start(&w);
	w.window = 10000;
	w.ack_delay_ns = 25 * MS;
	run(&w, 5000);
	ck_assert(w.f.limit == JVPN_INFLIGHT_NONE);
}
END_TEST

START_TEST(inflight__limit__never_stops_a_slow_line)
{
	struct world w;

	start(&w);
	w.rate = 100; /* 0.8 Mbit/s */
	run(&w, 20000);
	ck_assert_uint_ge(w.f.limit, JVPN_INFLIGHT_MIN_BYTES);
	ck_assert_uint_ge(share(&w), 99);
}
END_TEST

START_TEST(inflight__counters_begin_anew__goes_on)
{
	struct world w;

	start(&w);
	run(&w, 1000);
	w.delivered = 0;
	run(&w, 2000);
	ck_assert_uint_le(w.queue_ns, 16 * MS);
	ck_assert_uint_ge(share(&w), 99);
}
END_TEST

UNIT_TESTS(inflight)
{
	tcase_add_test(tc, inflight__wide_window__queue_is_ten_ms_and_the_line_busy);
	tcase_add_test(tc, inflight__window_fits__there_is_no_limit);
	tcase_add_test(tc, inflight__senders_stop__limit_is_forgotten);
	tcase_add_test(tc, inflight__line_gets_slower__queue_is_short_again);
	tcase_add_test(tc, inflight__line_gets_faster__is_used_within_a_second);
	tcase_add_test(tc, inflight__queue_of_somebody_else__is_not_given_way_to);
	tcase_add_test(tc, inflight__few_packets_and_delayed_acknowledgements__no_limit);
	tcase_add_test(tc, inflight__limit__never_stops_a_slow_line);
	tcase_add_test(tc, inflight__counters_begin_anew__goes_on);
}
