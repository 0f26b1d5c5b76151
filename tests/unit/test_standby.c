/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of a session with two transports: handovers, deaths and what a standby costs, over real QUIC
 * connections on two ways in virtual time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "driver_world.h"
#include "unit.h"

static void teardown(void)
{
	world_clear();
}

static bool client_is_on_standby(void)
{
	return world_is_attached() && world_client_transport() == world.standby;
}

static void open_both(void)
{
	world_init(NULL);
	world_open();
	world_standby();
}

static void flow(uint64_t interval_us)
{
	world.up.interval_ns = world.down.interval_ns = interval_us * 1000;
}

static void stop(void)
{
	world.up.interval_ns = world.down.interval_ns = 0;
	world_run_ms(400);
}

static void hand_over(struct jvpn_live *live, uint8_t slot)
{
	struct jvpn_event event = {.type = JVPN_EVENT_HANDOVER, .slot = slot};

	jvpn_driver_step(live, &event);
}

static void assert_nothing_lost(void)
{
	ck_assert_uint_eq(world.up.received, world.up.sent);
	ck_assert_uint_eq(world.down.received, world.down.sent);
	ck_assert_uint_eq(world.up.twice + world.down.twice, 0);
}

/* To a way that is faster, the same, slower; asked for by the client or by the server; 200 packets/s and
 * most of what the line takes. */
START_TEST(handover__planned__nothing_is_lost_or_doubled)
{
	static const uint64_t delay_ms[] = {2, 10, 60};
	static const uint64_t interval_us[] = {5000, 150};
	uint64_t delay = delay_ms[_i % 3], interval = interval_us[_i / 3 % 2];
	bool by_server = _i / 6;

	open_both();
	world.pair.second_delay_ns = delay * PAIR_MS;
	flow(interval);
	world_run_ms(500);
	ck_assert(world_is_attached() && !client_is_on_standby());
	if (by_server)
		hand_over(world_server_live(), JVPN_SLOT_NONE);
	else
		hand_over(world.client.live, world.standby->slot);
	ck_assert(world_run_until(client_is_on_standby, 400));
	world_run_ms(300);
	stop();
	/* A fresh way of 120 ms cannot take 7 MB/s at once: its window has to grow. */
	if (delay < 60 || interval > 1000)
		assert_nothing_lost();
	ck_assert_uint_eq(world.up.twice + world.down.twice, 0);
	/* what overtakes is the faster way, never a queue of ours */
	if (delay >= 10)
		ck_assert_uint_eq(world.up.out_of_order + world.down.out_of_order, 0);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "TransportSwitch\"", "planned_handover",
				       "\"detect_ms\":0,"),
			  1);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "TransportSwitch\"", "planned_handover",
				       "\"detect_ms\":0,"),
			  1);
}
END_TEST

/* New packets go to the new binding only, the old one stays as a standby. */
START_TEST(handover__planned__old_binding_is_silent_afterwards)
{
	uint64_t before;

	open_both();
	flow(1000);
	world_run_ms(300);
	hand_over(world.client.live, world.standby->slot);
	ck_assert(world_run_until(client_is_on_standby, 400));
	world_run_ms(100);
	before = world.pair.to_server[0];
	world_run_ms(2000);
	ck_assert_uint_le(world.pair.to_server[0] - before, 8); /* heartbeats and answers */
	ck_assert_uint_eq(world.client.live->core.slot[0].alive, true);
	ck_assert_uint_eq(jvpn_session_candidate_count(&world_server_live()->core), 1);
}
END_TEST

static uint64_t gap_ms(const struct world_flow *f)
{
	return jvpn_time_since(world.pair.now_ns, f->received_ns) / PAIR_MS;
}

/* Packets vanish, the link stays up. At any rate, traffic either way. */
START_TEST(standby__binding_dies_silently__bound_in_one_round_trip)
{
	static const uint64_t interval_us[] = {50000, 5000, 500};
	uint64_t interval = interval_us[_i % 3], began, gap = 0;
	bool uplink = _i / 3 != 2, downlink = _i / 3 != 1;

	open_both();
	world.up.interval_ns = uplink ? interval * 1000 : 0;
	world.down.interval_ns = downlink ? interval * 1000 : 0;
	world_run_ms(1000);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	began = world.pair.now_ns;
	while (!client_is_on_standby() && world.pair.now_ns - began < 3000 * PAIR_MS) {
		world_run_ms(1);
		gap = gap_ms(uplink ? &world.up : &world.down);
	}
	ck_assert(client_is_on_standby());
	ck_assert_uint_le(world.pair.now_ns - began, 450 * PAIR_MS + interval * 1000);
	ck_assert_uint_le(gap, 500);
	world_run_ms(200);
	stop();
	ck_assert_uint_eq(world.up.twice + world.down.twice, 0);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "TransportSwitch\"", NULL, NULL), 1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "TransportSwitch\"", NULL, NULL), 1);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "TransportSwitchDenied", NULL, NULL), 0);
	/* why that one, at both ends, in the same words */
	ck_assert_uint_eq(
		world_events(WORLD_CLIENT, "ReattachAttempt", "the only one: lte0#2 loss=", NULL),
		1);
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "ReattachAttempt", "the only one: lte0#2 loss=", NULL),
		1);
}
END_TEST

/* The value of a member of the last TransportSwitch, in milliseconds. */
static double switch_ms(enum world_end end, const char *member)
{
	char line[8192];
	FILE *f = fopen(world.events[end], "r");
	double value = -1;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "\"TransportSwitch\"") && strstr(line, member))
			value = strtod(strstr(line, member) + strlen(member), NULL);
	fclose(f);
	return value;
}

#define DETECT  "\"detect_ms\":"
#define RECOVER "\"recover_ms\":"

/* Two figures, at both ends: how long until it was noticed, and from then on. */
START_TEST(figures__silent_death__detect_and_recover)
{
	open_both();
	flow(5000);
	world_run_ms(1000);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	ck_assert(world_run_until(client_is_on_standby, 1000));
	for (int end = 0; end < 2; end++) {
		ck_assert(switch_ms(end, DETECT) >= 100 && switch_ms(end, DETECT) <= 350);
		ck_assert(switch_ms(end, RECOVER) >= 0 && switch_ms(end, RECOVER) <= 80);
	}
	ck_assert(switch_ms(WORLD_CLIENT, RECOVER) >= 20);
}
END_TEST

START_TEST(figures__interface_vanishes__detect_is_nothing)
{
	open_both();
	world_run_ms(20000); /* idle: when it last heard something does not matter */
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	jvpn_driver_transport_lost(world_client_transport());
	ck_assert(world_run_until(client_is_on_standby, 300));
	for (int end = 0; end < 2; end++)
		ck_assert(switch_ms(end, DETECT) >= 0 && switch_ms(end, DETECT) < 1);
	ck_assert(switch_ms(WORLD_CLIENT, RECOVER) >= 20 && switch_ms(WORLD_CLIENT, RECOVER) <= 30);
}
END_TEST

/* Dead for long, missed only when somebody wants something. */
START_TEST(figures__idle_session__detect_counts_from_the_first_packet)
{
	open_both();
	world_run_ms(10000);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	world_run_ms(10000);
	ck_assert(world_is_attached());
	world.up.interval_ns = 5 * PAIR_MS;
	ck_assert(world_run_until(client_is_on_standby, 1000));
	ck_assert(switch_ms(WORLD_CLIENT, DETECT) >= 100 && switch_ms(WORLD_CLIENT, DETECT) <= 350);
	ck_assert(switch_ms(WORLD_SERVER, DETECT) >= 100 && switch_ms(WORLD_SERVER, DETECT) <= 350);
}
END_TEST

static bool client_is_on_eth(void)
{
	return world_is_attached() && world_client_transport() != world.standby;
}

/* The standby is three times as fast: a planned handover, once, without a packet lost, and no way back. */
START_TEST(standby__much_faster__is_taken_once)
{
	open_both();
	world.pair.delay_ns = 30 * PAIR_MS;
	flow(10000);
	world_run_ms(10000);
	ck_assert(client_is_on_eth());
	ck_assert(world_run_until(client_is_on_standby, 30000));
	world_run_ms(60000);
	stop();
	assert_nothing_lost();
	ck_assert_uint_eq(
		world_events(WORLD_CLIENT, "TransportSwitch\"", "planned_handover", DETECT "0,"),
		1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "ReattachAttempt", "planned_handover",
				       "lower p95 latency: lte0#2 loss=0ppm p95=2"),
			  1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "TransportSwitch\"", NULL, NULL), 1);
	ck_assert(client_is_on_standby());
}
END_TEST

/* Only the uplink of the binding is dead. The server hears nothing, goes to the standby, and what it had
 * sent by the old one arrives: nothing is lost downwards. */
START_TEST(standby__uplink_dies__downlink_loses_nothing)
{
	open_both();
	flow(2000);
	world_run_ms(1000);
	world.pair.drop_to_server = true;
	ck_assert(world_run_until(client_is_on_standby, 600));
	world_run_ms(300);
	stop();
	ck_assert_uint_eq(world.down.received, world.down.sent);
	ck_assert_uint_eq(world.up.twice + world.down.twice, 0);
}
END_TEST

/* The other direction: the client hears nothing and goes; what it has sent by the old one counts. */
START_TEST(standby__downlink_dies__uplink_loses_nothing)
{
	open_both();
	flow(2000);
	world_run_ms(1000);
	world.pair.drop_to_client = true;
	ck_assert(world_run_until(client_is_on_standby, 600));
	world_run_ms(300);
	stop();
	ck_assert_uint_eq(world.up.received, world.up.sent);
	ck_assert_uint_eq(world.up.twice + world.down.twice, 0);
}
END_TEST

static bool standby_is_dead(void)
{
	return !world.standby || !world.client.live->core.slot[world.standby->slot].alive;
}

static bool server_knows_no_candidate(void)
{
	return jvpn_session_candidate_count(&world_server_live()->core) == 0;
}

static bool standby_is_back(void)
{
	return !standby_is_dead() && !server_knows_no_candidate();
}

/* A standby that dies is found out while the session carries traffic, costs it nothing, and is taken up
 * again when it answers. */
START_TEST(standby__dies_and_comes_back__binding_is_not_concerned)
{
	open_both();
	flow(5000);
	world_run_ms(500);
	world.pair.second_drop_to_server = world.pair.second_drop_to_client = true;
	ck_assert(world_run_until(standby_is_dead, 3500));
	ck_assert(world_run_until(server_knows_no_candidate, 2000));
	world.pair.second_drop_to_server = world.pair.second_drop_to_client = false;
	ck_assert(world_run_until(standby_is_back, 6000));
	stop();
	assert_nothing_lost();
	ck_assert(world_is_attached() && !client_is_on_standby());
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "TransportSwitch", NULL, NULL), 0);
}
END_TEST

/* Both ways die, then the standby's alone returns: its connection is still there. */
START_TEST(standby__both_die__the_first_that_answers_is_bound)
{
	open_both();
	world.no_dial = true;
	flow(5000);
	world_run_ms(500);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	world.pair.second_drop_to_server = world.pair.second_drop_to_client = true;
	world_run_ms(4000);
	ck_assert(!world_is_attached());
	world.pair.second_drop_to_server = world.pair.second_drop_to_client = false;
	ck_assert(world_run_until(client_is_on_standby, 6000));
}
END_TEST

/* Datagrams of the standby, both ways. */
static uint64_t standby_cost(uint64_t ms)
{
	uint64_t before = world.pair.to_server[PAIR_SECOND] + world.pair.to_back[PAIR_SECOND];

	world_run_ms(ms);
	return world.pair.to_server[PAIR_SECOND] + world.pair.to_back[PAIR_SECOND] - before;
}

#define QUESTION JVPN_LIVENESS_PACKETS_PER_QUESTION

START_TEST(standby__idle_session__costs_a_keepalive_each_25_s)
{
	uint64_t cost;

	open_both();
	world_run_ms(10000);
	cost = standby_cost(1000000);
	ck_assert_uint_le(cost, 40 * QUESTION);
	ck_assert_uint_ge(cost, 39 * 2);
	ck_assert(world_is_attached());
}
END_TEST

START_TEST(standby__busy_session__costs_two_and_a_half_questions_a_second)
{
	uint64_t cost;

	open_both();
	flow(20000);
	world_run_ms(3000);
	cost = standby_cost(20000);
	ck_assert_uint_le(cost, 50 * QUESTION);
	ck_assert_uint_ge(cost, 80);
	/* ... and it is measured at both ends */
	ck_assert_uint_ge(world.standby->quality.sample_count, 20);
	stop();
	world_run_ms(5000);
	ck_assert_uint_le(standby_cost(100000), 4 * QUESTION);
}
END_TEST

UNIT_TESTS(standby)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, handover__planned__nothing_is_lost_or_doubled, 0, 12);
	tcase_add_test(tc, handover__planned__old_binding_is_silent_afterwards);
	tcase_add_loop_test(tc, standby__binding_dies_silently__bound_in_one_round_trip, 0, 9);
	tcase_add_test(tc, figures__silent_death__detect_and_recover);
	tcase_add_test(tc, figures__interface_vanishes__detect_is_nothing);
	tcase_add_test(tc, figures__idle_session__detect_counts_from_the_first_packet);
	tcase_add_test(tc, standby__much_faster__is_taken_once);
	tcase_add_test(tc, standby__uplink_dies__downlink_loses_nothing);
	tcase_add_test(tc, standby__downlink_dies__uplink_loses_nothing);
	tcase_add_test(tc, standby__dies_and_comes_back__binding_is_not_concerned);
	tcase_add_test(tc, standby__both_die__the_first_that_answers_is_bound);
	tcase_add_test(tc, standby__idle_session__costs_a_keepalive_each_25_s);
	tcase_add_test(tc, standby__busy_session__costs_two_and_a_half_questions_a_second);
}
