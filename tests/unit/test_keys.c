/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Key updates as a session sees them: KeyRotated at both ends, on the binding and on a standby, over
 * handovers; and a session whose connection ended at a limit of the AEAD.
 */
#include <string.h>

#include "base/time.h"
#include "driver_world.h"
#include "quic/quic_internal.h"
#include "unit.h"

static void teardown(void)
{
	world_clear();
}

static void set_key_update(uint64_t after_bytes, uint64_t after_ms)
{
	jvpn_quic_set_key_update(world.pair.client.quic, after_bytes, after_ms * PAIR_MS);
	jvpn_quic_set_key_update(world.pair.server.quic, after_bytes, after_ms * PAIR_MS);
}

static void flow(uint64_t interval_us)
{
	world.up.interval_ns = world.down.interval_ns = interval_us * 1000;
}

static void stop(void)
{
	flow(0);
	world_run_ms(400);
}

static void assert_nothing_lost(void)
{
	ck_assert_uint_eq(world.up.received, world.up.sent);
	ck_assert_uint_eq(world.down.received, world.down.sent);
	ck_assert_uint_eq(world.up.twice + world.down.twice, 0);
}

START_TEST(keys__after_bytes__told_by_both_ends_with_transport_and_count)
{
	world_init(NULL);
	world_open();
	set_key_update(1 << 20, 0);
	flow(2000);
	world_run_ms(3500);
	stop();
	assert_nothing_lost();
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "KeyRotated", "eth0#1", "\"count\":1,"), 1);
	ck_assert_uint_ge(world_events(WORLD_SERVER, "KeyRotated", "eth0#1", "\"count\":1,"), 1);
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "KeyRotated", "\"count\":2,", "begun here"),
			  1);
	ck_assert_uint_ge(world_events(WORLD_SERVER, "KeyRotated", "\"count\":2,", "by the peer"),
			  1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionStateChange", NULL, NULL), 1);
}
END_TEST

/* A standby carries a heartbeat now and then; its keys do not grow old either. */
START_TEST(keys__after_a_time__on_the_standby_too_and_over_handovers)
{
	struct jvpn_event event = {.type = JVPN_EVENT_HANDOVER};

	world_init(NULL);
	world_open();
	world_standby();
	set_key_update(0, 1000);
	flow(2000);
	world_run_ms(4000);
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "KeyRotated", "eth0#1", NULL), 2);
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "KeyRotated", "lte0", NULL), 2);
	ck_assert_uint_ge(world_events(WORLD_SERVER, "KeyRotated", "lte0#2", NULL), 2);
	for (int i = 0; i < 6; i++) {
		event.slot = (uint8_t)!world.client.live->core.bound;
		jvpn_driver_step(world.client.live, &event);
		world_run_ms(1700);
	}
	stop();
	assert_nothing_lost();
	ck_assert(world_is_attached());
	ck_assert_uint_ge(world_server_live()->core.total_switches, 4);
}
END_TEST

/* A change of the address in the middle of one after the other. */
START_TEST(keys__address_changes_meanwhile__session_follows)
{
	world_init(NULL);
	world_open();
	set_key_update(1 << 18, 0);
	flow(2000);
	for (int i = 1; i <= 3; i++) {
		world_run_ms(1600);
		pair_rebind(&world.pair, i);
	}
	world_run_ms(1600);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(world_server_live()->core.total_switches, 3);
	ck_assert_uint_ge(world_events(WORLD_SERVER, "KeyRotated", NULL, NULL), 3);
	ck_assert_uint_eq(world.dialled, 1);
	world.up.received = world.down.received = 0;
	world_run_ms(500);
	ck_assert_uint_ge(world.up.received, 200);
	ck_assert_uint_ge(world.down.received, 200);
}
END_TEST

static bool is_on_a_new_connection(void)
{
	return world.dialled > 1 && world_is_attached();
}

/* Forgeries beyond the integrity limit cost the connection, never the session. */
START_TEST(keys__integrity_limit_of_the_server_reached__session_moves_to_a_new_connection)
{
	struct jvpn_conn *conn;
	ngtcp2_crypto_ctx *ctx;
	struct jvpn_id id;

	world_init(NULL);
	world_open();
	id = world_server_live()->core.id;
	conn = jvpn_live_binding(world_server_live())->conn;
	ctx = (ngtcp2_crypto_ctx *)(uintptr_t)ngtcp2_conn_get_crypto_ctx2(conn->ng);
	ctx->max_decryption_failure = 3;
	flow(2000);
	world_run_ms(100);
	for (int i = 0; i < 3; i++) {
		world.pair.last_uplink[world.pair.last_uplink_len - 1]++;
		pair_inject(&world.pair, 0, world.pair.last_uplink, world.pair.last_uplink_len);
	}
	ck_assert(world_run_until(is_on_a_new_connection, 500));
	ck_assert(jvpn_id_equal(&world_server_live()->core.id, &id));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionTerminated", NULL, NULL), 0);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "SessionTerminated", NULL, NULL), 0);
}
END_TEST

UNIT_TESTS(keys)
{
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, keys__after_bytes__told_by_both_ends_with_transport_and_count);
	tcase_add_test(tc, keys__after_a_time__on_the_standby_too_and_over_handovers);
	tcase_add_test(tc, keys__address_changes_meanwhile__session_follows);
	tcase_add_test(
		tc, keys__integrity_limit_of_the_server_reached__session_moves_to_a_new_connection);
}
