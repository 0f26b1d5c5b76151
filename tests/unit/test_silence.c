/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of the liveness clock as the driver feeds it: paths that go silent and come back, over real
 * QUIC connections in virtual time.
 */
#include "base/time.h"
#include "driver_world.h"
#include "unit.h"

static void teardown(void)
{
	world_clear();
}

static uint64_t server_version(void)
{
	return world_server_live()->core.state_version;
}

static bool client_is_unbound(void)
{
	return !jvpn_live_binding(world.client.live);
}

static bool server_is_unbound(void)
{
	return !jvpn_live_binding(world_server_live());
}

static bool client_lost_it(void)
{
	return world.client.live && world.client.live->core.state != JVPN_STATE_ATTACHED;
}

static const uint64_t interval_ms_10[] = {500, 200, 5}; /* tenths: 20, 50, 2000 packets/s */

/* Both directions, uplink only, downlink only at each rate: a path that goes silent is dead for
 * whoever waits for something, after a time that does not depend on the rate. */
START_TEST(silence__silent_path__is_dead_in_bounded_time)
{
	uint64_t interval = interval_ms_10[_i % 3] * PAIR_MS / 10, began;
	bool uplink = _i / 3 != 2, downlink = _i / 3 != 1;
	struct jvpn_id id;

	world_init(NULL);
	world_open();
	id = world.client.live->core.id;
	world.up.interval_ns = uplink ? interval : 0;
	world.down.interval_ns = downlink ? interval : 0;
	world_run_ms(1000);
	ck_assert(world_is_attached());
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	began = world.pair.now_ns;
	/* First three probes in a row are lost: 50 ms, then one PTO each. */
	ck_assert(world_run_until(client_lost_it, 2000));
	ck_assert_uint_ge(world.pair.now_ns - began, 100 * PAIR_MS);
	ck_assert_uint_le(world.pair.now_ns - began, 250 * PAIR_MS);
	/* Then 300 ms of silence after the last packet on its way, and the gap between two packets. */
	ck_assert(world_run_until(client_is_unbound, 2000));
	ck_assert_uint_ge(world.pair.now_ns - began, 250 * PAIR_MS);
	ck_assert_uint_le(world.pair.now_ns - began, 400 * PAIR_MS + interval);
	ck_assert(world_run_until(server_is_unbound, 150));
	/* While it lasts nobody believes in the old path again, and fresh ones are dialled. */
	for (int i = 0; i < 6000; i++) {
		world_run_ms(1);
		ck_assert(client_is_unbound() && server_is_unbound());
		ck_assert(jvpn_session_wants_transport(&world.client.live->core));
	}
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "ReattachAttempt", NULL, NULL), 0);
	ck_assert_uint_ge(world.dialled, 4);
	world.pair.drop_to_server = world.pair.drop_to_client = false;
	ck_assert(world_run_until(world_is_attached, 2500));
	ck_assert(jvpn_id_equal(&id, &world.client.live->core.id));
}
END_TEST

/* The same wherever in the gap between two packets the path goes silent, and between the answer to a
 * probe and the next packet. */
START_TEST(silence__slow_downstream__is_dead_whenever_it_stops)
{
	uint64_t began;

	world_init(NULL);
	world_open();
	world.down.interval_ns = 60 * PAIR_MS;
	world_run_ms(1000 + 6 * (uint64_t)_i);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	began = world.pair.now_ns;
	ck_assert(world_run_until(client_is_unbound, 2000));
	ck_assert_uint_ge(world.pair.now_ns - began, 250 * PAIR_MS);
	ck_assert_uint_le(world.pair.now_ns - began, 500 * PAIR_MS);
}
END_TEST

/* A lossy path goes silent: that no packet was lost lately (none was sent) does not make it alive. */
START_TEST(silence__dead_after_loss__stays_dead)
{
	world_init(NULL);
	world_open();
	world.up.interval_ns = world.down.interval_ns = 5 * PAIR_MS;
	for (int i = 0; i < 100 && world.client.live->core.state == JVPN_STATE_ATTACHED; i++) {
		world.pair.drop_to_server = i % 2;
		world_run_ms(20);
	}
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "loss_threshold_exceeded", NULL, NULL), 1);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	ck_assert(world_run_until(client_is_unbound, 1000));
	for (int i = 0; i < 5000; i++) {
		world_run_ms(1);
		ck_assert(client_is_unbound());
		ck_assert(jvpn_session_wants_transport(&world.client.live->core));
	}
}
END_TEST

/* A connection that was being made when the old path came back is not wanted any more. */
START_TEST(silence__path_is_back_first__the_fresh_connection_goes)
{
	world_init(NULL);
	world_open();
	world.up.interval_ns = world.down.interval_ns = 5 * PAIR_MS;
	world_run_ms(500);
	for (int i = 0; i < 5; i++) {
		world.pair.drop_to_server = world.pair.drop_to_client = true;
		world_run_ms(450); /* dead, and dialling */
		world.pair.drop_to_server = world.pair.drop_to_client = false;
		world_run_ms(3000);
		ck_assert(world_is_attached());
	}
	ck_assert_uint_ge(world.dialled, 3);
	ck_assert_uint_eq(jvpn_quic_conn_count(world.pair.client.quic), 1);
	ck_assert_uint_le(jvpn_quic_conn_count(world.pair.server.quic), 1);
}
END_TEST

/* The bound tuple was silent until the commit: probes that were sent there are forgotten with it. */
START_TEST(silence__ends_with_a_commit__is_over)
{
	world_init(NULL);
	world_open();
	world.up.interval_ns = 5 * PAIR_MS;
	world_run_ms(500);
	pair_rebind(&world.pair, 1);
	world.pair.drop_to_server = true;
	world_run_ms(8 * (uint64_t)_i);
	world.pair.drop_to_server = false;
	world_run_ms(1000);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(world_events(WORLD_SERVER, "\"to\":\"VOLATILE\"", NULL, NULL), 1);
}
END_TEST

/* The packets of the outage are declared lost when the path is back: that is no news. */
START_TEST(silence__path_is_back__its_outage_is_no_loss)
{
	world_init(NULL);
	world_open();
	world.no_dial = true;
	/* Slow enough for all of it to fit into the window: QUIC declares each packet lost by itself. */
	world.up.interval_ns = world.down.interval_ns = 20 * PAIR_MS;
	world_run_ms(500);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	world_run_ms(600);
	world.pair.drop_to_server = world.pair.drop_to_client = false;
	world_run_ms(4000);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "loss_threshold_exceeded", NULL, NULL), 0);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "loss_threshold_exceeded", NULL, NULL), 0);
}
END_TEST

START_TEST(silence__idle__silence_is_no_instability)
{
	uint64_t version;

	world_init(NULL);
	world_open();
	version = server_version();
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	world_run_ms(20000);
	world.pair.drop_to_server = world.pair.drop_to_client = false;
	world_run_ms(40000);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(server_version(), version);
	ck_assert_uint_eq(world.dialled, 1);
}
END_TEST

START_TEST(silence__idle_path_is_dead_for_good__noticed_by_keepalives)
{
	world_init(NULL);
	world_open();
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	world_run_ms(85000);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "SessionStateChange", "transport_dead", NULL),
			  1);
	world.pair.drop_to_server = world.pair.drop_to_client = false;
	ck_assert(world_run_until(world_is_attached, 8000));
}
END_TEST

/* A session whose window is full of packets for a dead path waits; it does not spin. */
static uint64_t turns;

static void count_turn(void *user, uint64_t now_ns)
{
	turns++;
	jvpn_driver_set_now(user, now_ns);
}

START_TEST(silence__dead_path_with_a_full_queue__does_not_spin)
{
	world_init(NULL);
	world_open();
	world.no_dial = true;
	world.down.interval_ns = PAIR_MS / 2;
	world_run_ms(500);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	world_run_ms(100);
	world.down.interval_ns = 0;
	for (int i = 0; i < 500; i++)
		world_send_down();
	world.pair.server.hooks.begin = count_turn;
	turns = 0;
	world_run_ms(150); /* the queue holds its packets for 250 ms */
	ck_assert_uint_lt(turns, 60);
}
END_TEST

/* Once its bad figures have left the window a path is good again, but not for a datagram that
 * somebody sends a second time: nothing was heard. */
START_TEST(silence__replayed_datagram__is_no_sign_of_health)
{
	struct jvpn_transport *t;
	uint64_t heard_ns;

	world_init(NULL);
	world_open();
	world_run_ms(1000);
	t = world.server.worker[0].engine.driver->transports;
	t->quality.bad_loss = true;
	t->quality.good_since_ns = world.pair.now_ns - 3000 * PAIR_MS;
	heard_ns = t->live->core.slot[t->slot].heard_ns;
	for (int back = 0; back < 5; back += 4) {
		pair_inject(&world.pair, back, world.pair.last_uplink, world.pair.last_uplink_len);
		world_run_ms(5);
		ck_assert(t->quality.bad_loss);
		ck_assert_uint_eq(t->live->core.slot[t->slot].heard_ns, heard_ns);
	}
	world_send_up();
	world_run_ms(50);
	ck_assert(!t->quality.bad_loss);
}
END_TEST

static void short_ttl(void)
{
	world.server_options.policy.transport_lost_ttl_ms = 5000;
	world.client_options.policy.idle_keepalive_ms = 1000;
	world.server_options.policy.idle_keepalive_ms = 1000;
}

static uint64_t ended_ns[2];

static bool both_ended(void)
{
	bool ended[2] = {world_events(WORLD_CLIENT, "SessionTerminated", NULL, NULL) > 0,
			 world_events(WORLD_SERVER, "SessionTerminated", NULL, NULL) > 0};

	for (int i = 0; i < 2; i++)
		if (ended[i] && ended_ns[i] == 0)
			ended_ns[i] = world.pair.now_ns;
	return ended[0] && ended[1];
}

/* No path at all, for good: both ends give up for the same reason at nearly the same time. With traffic
 * they notice together; idle, the server waits for the client's keepalives and is later by their slack. */
START_TEST(silence__for_good__both_ends_end_at_the_ttl)
{
	uint64_t apart;

	ended_ns[0] = ended_ns[1] = 0;
	world_init(short_ttl);
	world_open();
	world.no_restart = true;
	if (_i) {
		world.up.interval_ns = _i != 2 ? 10 * PAIR_MS : 0;
		world.down.interval_ns = _i != 3 ? 10 * PAIR_MS : 0;
	}
	world_run_ms(2000);
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	ck_assert(world_run_until(both_ended, 30000));
	apart = ended_ns[0] > ended_ns[1] ? ended_ns[0] - ended_ns[1] : ended_ns[1] - ended_ns[0];
	ck_assert_uint_le(apart, (_i ? 200 : 3000) * PAIR_MS);
	ck_assert_uint_eq(
		world_events(WORLD_CLIENT, "SessionTerminated", "transport_ttl_exceeded", NULL), 1);
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "SessionTerminated", "transport_ttl_exceeded", NULL), 1);
}
END_TEST

UNIT_TESTS(silence)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, silence__silent_path__is_dead_in_bounded_time, 0, 9);
	tcase_add_loop_test(tc, silence__slow_downstream__is_dead_whenever_it_stops, 0, 10);
	tcase_add_loop_test(tc, silence__for_good__both_ends_end_at_the_ttl, 0, 4);
	tcase_add_test(tc, silence__dead_after_loss__stays_dead);
	tcase_add_test(tc, silence__path_is_back_first__the_fresh_connection_goes);
	tcase_add_loop_test(tc, silence__ends_with_a_commit__is_over, 0, 16);
	tcase_add_test(tc, silence__path_is_back__its_outage_is_no_loss);
	tcase_add_test(tc, silence__idle__silence_is_no_instability);
	tcase_add_test(tc, silence__idle_path_is_dead_for_good__noticed_by_keepalives);
	tcase_add_test(tc, silence__dead_path_with_a_full_queue__does_not_spin);
	tcase_add_test(tc, silence__replayed_datagram__is_no_sign_of_health);
}
