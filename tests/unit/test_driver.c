/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of runtime/driver with server/admission and client/session: whole sessions over real QUIC
 * connections and a NAT, in virtual time.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/time.h"
#include "driver_world.h"
#include "proto/jvmsg.h"
#include "server/lease.h"
#include "unit.h"

static void teardown(void)
{
	world_clear();
}

static uint64_t server_version(void)
{
	return world_server_live()->core.state_version;
}

static bool client_stops(void)
{
	return world.client.stopping;
}

static bool server_has_no_session(void)
{
	return !world_server_live();
}

static bool server_has_a_session(void)
{
	return world_server_live();
}

static bool client_lost_it(void)
{
	return world.client.live && world.client.live->core.state != JVPN_STATE_ATTACHED;
}

/* --- create --- */

START_TEST(create__good_token__both_ends_agree)
{
	struct jvpn_live *s, *c;

	world_init(NULL);
	world_open();
	s = world_server_live();
	c = world.client.live;
	ck_assert(jvpn_id_equal(&s->core.id, &c->core.id));
	ck_assert_str_eq(s->user, "alice");
	ck_assert_uint_eq(c->addresses->count, 1);
	ck_assert_mem_eq(c->addresses->address[0].address, s->addresses->address[0].address, 4);
	for (int i = 0; i < 100; i++) {
		world_send_up();
		world_send_down();
	}
	world_run_ms(100);
	ck_assert_uint_eq(world.up.received, 100);
	ck_assert_uint_eq(world.down.received, 100);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionCreated", "10.77.0.2", "alice"), 1);
}
END_TEST

static void wrong_token(void)
{
	snprintf(world.client_options.config.token, sizeof(world.client_options.config.token),
		 "not-that-one");
}

START_TEST(create__wrong_token__client_ends_with_auth_refused)
{
	world_init(wrong_token);
	ck_assert(world_run_until(client_stops, 3000));
	ck_assert_int_eq(world.client.exit_code, JVPN_EXIT_AUTH_REFUSED);
	ck_assert_ptr_null(world_server_live());
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "UnauthorizedTransportAttempt", "token_unknown", NULL),
		1);
}
END_TEST

/* The client gives up a session while its connection is still being made: nothing may be left. */
START_TEST(create__client_session_ends_in_birth__no_connection_is_left)
{
	world_init(NULL);
	ck_assert(world_run_until(server_has_a_session, 1000)); /* its answer is under way */
	ck_assert_ptr_nonnull(world.client.live);
	ck_assert_int_eq(world.client.live->core.state, JVPN_STATE_BIRTH);
	world.no_dial = true;
	jvpn_driver_terminate(world.client.live, JVPN_REASON_CLIENT_CLOSED);
	world_run_ms(3000);
	ck_assert_uint_eq(jvpn_quic_conn_count(world.pair.client.quic), 0);
	ck_assert(!world_server_live() || !jvpn_live_binding(world_server_live()));
}
END_TEST

/* A server that says 200 and then nothing. */
static void mute(void *user, struct jvpn_transport *transport,
		 const struct jvpn_h3_request *request)
{
	struct jvpn_h3_response ok = {.status = 200};

	(void)user, (void)request;
	snprintf(ok.jumping_session, sizeof(ok.jumping_session), "v=1, op=ok");
	jvpn_conn_respond(transport->conn, &ok);
}

static void mute_server(void)
{
	world.server_ops.on_request = mute;
}

START_TEST(create__accepted_but_never_created__attach_timeout_closes_it)
{
	world_init(mute_server);
	world_run_ms(5000);
	ck_assert_uint_eq(jvpn_quic_conn_count(world.pair.client.quic), 1);
	world.no_dial = true;
	world_run_ms(7000);
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "attach_timeout", NULL, NULL), 1);
	ck_assert_uint_eq(jvpn_quic_conn_count(world.pair.client.quic), 0);
}
END_TEST

START_TEST(request__twice_on_one_connection__one_session)
{
	struct jvpn_h3_request request = {.capsule_protocol = true};
	struct jvpn_live *live;

	world_init(NULL);
	world_open();
	live = world_server_live();
	snprintf(request.authorization, sizeof(request.authorization), "Bearer %.500s",
		 world.client_options.config.token);
	jvpn_driver_quic_ops()->on_request(world.server.worker[0].engine.driver,
					   jvpn_live_binding(live)->conn, &request);
	ck_assert_uint_eq(world.server.index.table.count, 1);
	ck_assert_ptr_eq(world_server_live(), live);
	world_run_ms(100);
	ck_assert(world_is_attached());
}
END_TEST

/* --- path changes --- */

START_TEST(rebinding__with_traffic__commits_with_three_versions)
{
	uint64_t version;
	struct jvpn_id id;

	world_init(NULL);
	world_open();
	version = server_version();
	id = world.client.live->core.id;
	world.up.interval_ns = world.down.interval_ns = 10 * PAIR_MS;
	world_run_ms(200);
	pair_rebind(&world.pair, 1);
	world_run_ms(600);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(server_version(), version + 3);
	ck_assert(jvpn_id_equal(&id, &world_server_live()->core.id));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "TransportSwitch\"", NULL, NULL), 1);
	ck_assert_uint_lt(world.pair.now_ns - world.up.received_ns, 40 * PAIR_MS);
	ck_assert_uint_lt(world.pair.now_ns - world.down.received_ns, 40 * PAIR_MS);
}
END_TEST

/* What was lost on the dead tuple says nothing about the new one. */
START_TEST(rebinding__under_load__is_no_loss_of_the_new_path)
{
	uint64_t version;

	world_init(NULL);
	world_open();
	version = server_version();
	world.up.interval_ns = world.down.interval_ns = PAIR_MS / 2;
	world_run_ms(300);
	pair_rebind(&world.pair, 1);
	world_run_ms(4000);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "loss_threshold_exceeded", NULL, NULL), 0);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "loss_threshold_exceeded", NULL, NULL), 0);
	ck_assert_uint_eq(server_version(), version + 3);
}
END_TEST

static char new_peer[64];

START_TEST(rebinding__candidate_event__names_the_new_address)
{
	struct sockaddr_storage remote;

	world_init(NULL);
	world_open();
	pair_rebind(&world.pair, 1);
	world_send_up();
	world_run_ms(300);
	ck_assert(world_is_attached());
	ck_assert_int_eq(
		jvpn_conn_path_remote(jvpn_live_binding(world_server_live())->conn, 1, &remote), 0);
	jvpn_driver_format_address(&remote, new_peer, sizeof(new_peer));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "TransportCandidateAdded", new_peer, NULL), 1);
}
END_TEST

START_TEST(rebinding__inside_cooldown__is_denied_then_commits)
{
	world_init(NULL);
	world_open();
	world.up.interval_ns = 10 * PAIR_MS;
	world_run_ms(100);
	pair_rebind(&world.pair, 1);
	world_run_ms(300);
	ck_assert(world_is_attached());
	pair_rebind(&world.pair, 2);
	world_run_ms(300);
	ck_assert_uint_ge(
		world_events(WORLD_SERVER, "TransportSwitchDenied", "cooldown_active", NULL), 1);
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "ReattachResult", "cooldown_active", NULL), 1);
	world_run_ms(2500);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(world_server_live()->core.total_switches, 2);
}
END_TEST

/* The commit happens, its ACK and everything after it does not arrive for a while. */
START_TEST(rebinding__ack_is_late__client_catches_up)
{
	uint64_t version;

	world_init(NULL);
	world_open();
	version = server_version();
	world.up.interval_ns = 10 * PAIR_MS;
	world_run_ms(100);
	pair_rebind(&world.pair, 1);
	for (int i = 0; i < 500 && server_version() == version; i++)
		world_run_ms(1);
	ck_assert_uint_eq(server_version(), version + 3);
	world.pair.drop_to_client = true;
	world_run_ms(250);
	world.pair.drop_to_client = false;
	world_run_ms(3000);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(world_server_live()->core.total_switches, 1);
}
END_TEST

/* The gate has given the candidate up by the time the core commits to it. */
START_TEST(commit__candidate_is_gone__session_does_not_stay_on_it)
{
	struct jvpn_path_event event = {.change = JVPN_PATH_CANDIDATE, .generation = 9};
	const struct jvpn_quic_ops *ops = jvpn_driver_quic_ops();
	struct jvpn_live *live;
	struct jvpn_conn *conn;

	world_init(NULL);
	world_open();
	live = world_server_live();
	conn = jvpn_live_binding(live)->conn;
	live->core.plain = true; /* a finding is enough to commit */
	world.server.worker[0].engine.driver->policy.plain_peers = JVPN_PLAIN_PEERS_VALIDATED_PATH;
	ops->on_path(world.server.worker[0].engine.driver, conn, &event);
	event.change = JVPN_PATH_VALIDATED;
	ops->on_path(world.server.worker[0].engine.driver, conn, &event);
	live->core.plain = false;
	world_run_ms(2000);
	ck_assert(world_is_attached());
	world_send_up();
	world_send_down();
	world_run_ms(100);
	ck_assert_uint_eq(world.up.received, 1);
	ck_assert_uint_eq(world.down.received, 1);
}
END_TEST

/* --- attach --- */

START_TEST(attach__connection_died__same_session_same_addresses)
{
	struct jvpn_id id;

	world_init(NULL);
	world_open();
	id = world.client.live->core.id;
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(1);
	ck_assert(client_lost_it());
	ck_assert(world_run_until(world_is_attached, 1000));
	ck_assert_uint_eq(world.dialled, 2);
	ck_assert(jvpn_id_equal(&id, &world.client.live->core.id));
	ck_assert(jvpn_id_equal(&id, &world_server_live()->core.id));
	ck_assert_uint_eq(world.assigned.count, 1);
	ck_assert_mem_eq(world.assigned.address[0].address,
			 world_server_live()->addresses->address[0].address, 4);
	world_send_up();
	world_send_down();
	world_run_ms(100);
	ck_assert_uint_eq(world.up.received, 1);
	ck_assert_uint_eq(world.down.received, 1);
}
END_TEST

static bool client_is_attached(void)
{
	return world.client.live && world.client.live->core.state == JVPN_STATE_ATTACHED;
}

/* CONNECT and REATTACH_REQUEST ride with the client's Finished: two round trips from nothing. */
START_TEST(attach__fresh_connection__one_round_trip_after_the_handshake)
{
	uint64_t start;

	world_init(NULL);
	world_open();
	world.no_dial = true;
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(100);
	ck_assert(client_lost_it());
	start = world.pair.now_ns;
	world_dial();
	ck_assert(world_run_until(client_is_attached, 1000));
	ck_assert(jvpn_conn_is_resumed(world_client_transport()->conn));
	ck_assert_msg(world.pair.now_ns - start <= 45 * PAIR_MS, "%llu ms",
		      (unsigned long long)(world.pair.now_ns - start) / PAIR_MS);
}
END_TEST

START_TEST(attach__server_forgot_the_session__a_new_one_after_two_refusals)
{
	struct jvpn_id id;

	world_init(NULL);
	world_open();
	id = world.client.live->core.id;
	world.pair.drop_to_client = true; /* TERMINATE does not arrive */
	jvpn_driver_terminate(world_server_live(), JVPN_REASON_OPERATOR_TERMINATED);
	world_run_ms(20);
	world.pair.drop_to_client = false;
	world.up.interval_ns = 20 * PAIR_MS;
	ck_assert(world_run_until(world_is_attached, 5000));
	ck_assert(!jvpn_id_equal(&id, &world.client.live->core.id));
	ck_assert_uint_eq(
		world_events(WORLD_CLIENT, "SessionTerminated", "session_unknown_to_server", NULL),
		1);
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "UnauthorizedTransportAttempt", "unknown_session", NULL),
		2);
}
END_TEST

/* The ACK of a commit is lost together with the connection: what the client knows is older than the
 * last ATTACHED, so its attach is refused, corrected, and comes again. */
START_TEST(attach__ack_and_connection_lost__version_is_corrected)
{
	struct jvpn_id id;
	uint64_t version;

	world_init(NULL);
	world_open();
	id = world.client.live->core.id;
	version = server_version();
	world.up.interval_ns = 10 * PAIR_MS;
	world_run_ms(100);
	pair_rebind(&world.pair, 1);
	ck_assert(world_run_until(client_lost_it, 500)); /* it has asked */
	world.pair.drop_to_client = true;
	world_run_ms(50);
	ck_assert_uint_eq(server_version(), version + 3);
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(20);
	world.pair.drop_to_client = false;
	ck_assert(world_run_until(world_is_attached, 4000));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "ReattachResult", "stale_state_version", NULL),
			  1);
	ck_assert(jvpn_id_equal(&id, &world.client.live->core.id));
}
END_TEST

/* A refusal that claims a reason but whose MAC is wrong says nothing; the client goes on trying. */
static unsigned false_refusals;

static void refuse_falsely(void *user, struct jvpn_transport *transport, bool accepted,
			   const struct jvpn_msg_reattach_deny *deny)
{
	struct jvpn_h3_response response = {.status = 403};

	(void)user, (void)accepted, (void)deny;
	if (false_refusals++) {
		jvpn_server_on_attach_answer(user, transport, accepted, deny);
		return;
	}
	snprintf(response.jumping_session, sizeof(response.jumping_session),
		 "v=1, op=refused, reason=session_expired, ctr=1, ver=1, age=1, retry=0, "
		 "mac=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:");
	jvpn_conn_respond(transport->conn, &response);
}

static void refuse_once(void)
{
	false_refusals = 0;
	world.server_ops.on_attach_answer = refuse_falsely;
}

START_TEST(attach__refusal_with_a_wrong_mac__client_dials_again)
{
	struct jvpn_id id;

	world_init(refuse_once);
	world_open();
	id = world.client.live->core.id;
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(1);
	ck_assert(world_run_until(world_is_attached, 5000));
	ck_assert_uint_ge(false_refusals, 2);
	ck_assert(jvpn_id_equal(&id, &world.client.live->core.id));
}
END_TEST

/* A living session outlives an answer that is no refusal of ours (a proxy, a server that starts). */
static int odd_status;

static void answer_oddly(void *user, struct jvpn_transport *transport, bool accepted,
			 const struct jvpn_msg_reattach_deny *deny)
{
	struct jvpn_h3_response response = {.status = odd_status};

	if (!odd_status) {
		jvpn_server_on_attach_answer(user, transport, accepted, deny);
		return;
	}
	odd_status = 0;
	jvpn_conn_respond(transport->conn, &response);
}

static void odd_server(void)
{
	world.server_ops.on_attach_answer = answer_oddly;
}

START_TEST(attach__answered_with_another_status__session_lives_on)
{
	static const int status[] = {400, 401, 403, 404, 429, 500, 503};

	odd_status = 0;
	world_init(odd_server);
	world_open();
	odd_status = status[_i];
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(1);
	ck_assert(world_run_until(world_is_attached, 5000));
	ck_assert(!world.client.stopping);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "SessionCreated", NULL, NULL), 1);
}
END_TEST

static void send_forged_request(uint64_t counter)
{
	struct jvpn_msg msg = {.type = JVPN_MSG_REATTACH_REQUEST};
	uint8_t value[JVPN_JVMSG_VALUE_MAX];
	struct jvpn_writer w;

	msg.u.reattach_request.session_id = world.client.live->core.id;
	msg.u.reattach_request.counter = counter;
	msg.u.reattach_request.server_version = world.client.live->core.server_version;
	snprintf(msg.u.reattach_request.label, sizeof(msg.u.reattach_request.label), "eth0");
	jvpn_writer_init(&w, value, sizeof(value));
	ck_assert_int_eq(jvpn_jvmsg_encode(&msg, &w), 0);
	ck_assert_int_eq(jvpn_conn_send_capsule(world_client_transport()->conn,
						jvpn_jvmsg_capsule_type(msg.type), value,
						jvpn_writer_len(&w)),
			 0);
}

START_TEST(reattach__ten_bad_proofs__close_the_connection_and_change_nothing)
{
	uint64_t version;

	world_init(NULL);
	world_open();
	version = server_version();
	for (uint64_t i = 0; i < 9; i++) {
		send_forged_request(1000 + i);
		world_run_ms(50);
	}
	ck_assert_uint_eq(server_version(), version);
	ck_assert(world_is_attached());
	ck_assert_uint_ge(world_events(WORLD_SERVER, "SecurityValidationFailed", "bad_proof", NULL),
			  1);
	send_forged_request(2000);
	world_run_ms(30);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "transport_dead", NULL, NULL), 1);
	ck_assert(world_run_until(world_is_attached, 1000)); /* by a fresh connection */
}
END_TEST

/* The client moves on while its answer to the challenge is under way: proof and challenge are right,
 * but for the tuple before. It is asked again for this one. */
START_TEST(reattach__challenge_of_another_tuple__is_asked_again)
{
	world_init(NULL);
	world_open();
	pair_rebind(&world.pair, 1);
	world_send_up();
	world_run_ms(15); /* REQUIRED for tuple 1 is on its way */
	ck_assert_uint_eq(world_events(WORLD_SERVER, "TransportCandidateAdded", NULL, NULL), 1);
	pair_rebind(&world.pair, 2);
	world_run_ms(1000);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(world_server_live()->core.total_switches, 1);
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "\"event_type\":\"ReattachAttempt", NULL, NULL), 2);
}
END_TEST

/* A request that was changed on its way into the server. */
static void (*change_request)(struct jvpn_h3_request *request);

static void take_changed_request(void *user, struct jvpn_transport *transport,
				 const struct jvpn_h3_request *request)
{
	struct jvpn_h3_request changed = *request;

	if (strstr(changed.jumping_session, "op=attach"))
		change_request(&changed);
	jvpn_server_on_request(user, transport, &changed);
}

static void changing_server(void)
{
	world.server_ops.on_request = take_changed_request;
}

static void break_proof(struct jvpn_h3_request *request)
{
	char *proof = strstr(request->jumping_session, "proof=:");

	ck_assert_ptr_nonnull(proof);
	proof[7] = proof[7] == 'A' ? 'B' : 'A';
}

START_TEST(attach__bad_proof__changes_nothing)
{
	struct jvpn_live *live;

	change_request = break_proof;
	world_init(changing_server);
	world_open();
	live = world_server_live();
	world.no_restart = true;
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(3000);
	ck_assert_ptr_eq(world_server_live(), live);
	ck_assert_int_eq(live->core.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(live->core.state_version, 3);
	ck_assert_uint_eq(jvpn_session_candidate_count(&live->core), 0);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SecurityValidationFailed", "bad_proof", NULL),
			  2);
	ck_assert_ptr_null(
		world.client.live); /* session_unknown_to_server, as far as it can tell */
}
END_TEST

static void add_foreign_credential(struct jvpn_h3_request *request)
{
	snprintf(request->authorization, sizeof(request->authorization), "Bearer of-somebody-else");
}

START_TEST(attach__credential_of_somebody_else__is_refused)
{
	change_request = add_foreign_credential;
	world_init(changing_server);
	world_open();
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(500);
	ck_assert(!jvpn_live_binding(world_server_live()));
	ck_assert_uint_ge(world_events(WORLD_SERVER, "identity_mismatch", NULL, NULL), 1);
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "ReattachResult", "identity_mismatch", NULL),
			  1);
}
END_TEST

static void add_own_credential(struct jvpn_h3_request *request)
{
	snprintf(request->authorization, sizeof(request->authorization), "Bearer %.500s",
		 world.client_options.config.token);
}

START_TEST(attach__own_credential__is_fine)
{
	change_request = add_own_credential;
	world_init(changing_server);
	world_open();
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(1);
	ck_assert(world_run_until(world_is_attached, 1000));
}
END_TEST

static void forge_terminate(struct jvpn_conn *conn)
{
	struct jvpn_msg msg = {.type = JVPN_MSG_TERMINATE};
	uint8_t value[JVPN_JVMSG_VALUE_MAX];
	struct jvpn_writer w;

	msg.u.terminate.reason = JVPN_REASON_CLIENT_CLOSED;
	msg.u.terminate.conn_counter = 1000;
	jvpn_writer_init(&w, value, sizeof(value));
	ck_assert_int_eq(jvpn_jvmsg_encode(&msg, &w), 0);
	ck_assert_int_eq(jvpn_conn_send_capsule(conn, jvpn_jvmsg_capsule_type(msg.type), value,
						jvpn_writer_len(&w)),
			 0);
}

START_TEST(terminate__forged__changes_nothing_at_either_end)
{
	world_init(NULL);
	world_open();
	forge_terminate(world_client_transport()->conn);
	forge_terminate(jvpn_live_binding(world_server_live())->conn);
	world_run_ms(200);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(server_version(), 2);
}
END_TEST

/* --- the end --- */

START_TEST(terminate__by_the_server__client_starts_a_new_session)
{
	struct jvpn_id id;

	world_init(NULL);
	world_open();
	id = world.client.live->core.id;
	jvpn_driver_terminate(world_server_live(), JVPN_REASON_NODE_SHUTDOWN);
	ck_assert_ptr_null(world_server_live());
	world_run_ms(20);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "SessionTerminated", "node_shutdown", NULL),
			  1);
	ck_assert(world_run_until(world_is_attached, 1000));
	ck_assert(!jvpn_id_equal(&id, &world.client.live->core.id));
}
END_TEST

START_TEST(terminate__by_the_operator__client_stops)
{
	world_init(NULL);
	world_open();
	jvpn_driver_terminate(world_server_live(), JVPN_REASON_OPERATOR_TERMINATED);
	ck_assert(world_run_until(client_stops, 1000));
	ck_assert_int_eq(world.client.exit_code, JVPN_EXIT_SESSION_ENDED);
}
END_TEST

START_TEST(terminate__by_the_client__server_frees_everything)
{
	world_init(NULL);
	world_open();
	world.no_restart = true;
	jvpn_driver_terminate(world.client.live, JVPN_REASON_CLIENT_CLOSED);
	ck_assert_ptr_null(world.client.live);
	ck_assert(world_run_until(server_has_no_session, 1000));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionTerminated", "client_closed", NULL),
			  1);
	ck_assert_uint_eq(world.server.index.table.count, 0);
	ck_assert_uint_eq(jvpn_lease_pool_count(world.server.leases), 0);
	world_run_ms(1000);
	ck_assert_uint_eq(jvpn_quic_conn_count(world.pair.server.quic), 0);
	ck_assert_uint_eq(jvpn_quic_conn_count(world.pair.client.quic), 0);
}
END_TEST

static void one_session_per_user(void)
{
	world.server_options.policy.max_sessions_per_user = 1;
}

/* The client forgets its session (kill -9); its user may have one only. */
static void forget(void)
{
	struct jvpn_conn *conn = world_client_transport()->conn;

	jvpn_driver_abandon(world.client.live);
	jvpn_conn_close(conn, JVPN_APP_NO_ERROR, "forgotten");
}

START_TEST(admission__user_has_a_session_without_a_transport__it_is_evicted)
{
	struct jvpn_id id;

	world_init(one_session_per_user);
	world_open();
	id = world_server_live()->core.id;
	forget();
	ck_assert(world_run_until(world_is_attached, 1000));
	ck_assert(!jvpn_id_equal(&id, &world_server_live()->core.id));
	ck_assert_uint_eq(world.server.index.table.count, 1);
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "SessionTerminated", "resource_exhausted", NULL), 1);
}
END_TEST

START_TEST(admission__user_has_an_attached_session__503_and_it_lives)
{
	struct jvpn_live *first;

	world_init(one_session_per_user);
	world_open();
	first = world_server_live();
	jvpn_driver_abandon(world.client.live);
	world_run_ms(300);
	ck_assert_ptr_eq(world_server_live(), first);
	ck_assert_int_eq(first->core.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_ge(world_events(WORLD_SERVER, "UnauthorizedTransportAttempt",
				       "capacity_exceeded", NULL),
			  1);
	ck_assert(!world.client.stopping);
	/* It asks again when the server said, not before. */
	ck_assert_uint_eq(world.dialled, 2);
	world_run_ms(20000);
	ck_assert_uint_eq(world.dialled, 2);
	world_run_ms(15000);
	ck_assert_uint_ge(world.dialled, 3);
}
END_TEST

/* --- peers without the extension --- */

static int plain_status;
static char plain_answer[64];
static const char *plain_field;

static void plain_on_ready(void *user, struct jvpn_transport *transport)
{
	struct jvpn_h3_request request = {.capsule_protocol = true};

	(void)user;
	snprintf(request.method, sizeof(request.method), "CONNECT");
	snprintf(request.protocol, sizeof(request.protocol), "connect-ip");
	snprintf(request.scheme, sizeof(request.scheme), "https");
	snprintf(request.authority, sizeof(request.authority), "vpn.example");
	snprintf(request.path, sizeof(request.path), "%s", JVPN_CONNECTIP_PATH);
	snprintf(request.authorization, sizeof(request.authorization), "Bearer %.500s",
		 world.client_options.config.token);
	snprintf(request.jumping_session, sizeof(request.jumping_session), "%s", plain_field);
	ck_assert_int_eq(jvpn_conn_request(transport->conn, &request), 0);
}

static void plain_on_response(void *user, struct jvpn_transport *transport,
			      const struct jvpn_h3_response *response)
{
	plain_status = response->status;
	snprintf(plain_answer, sizeof(plain_answer), "%.60s", response->jumping_session);
	jvpn_conn_permit_set(transport->conn, 0);
	jvpn_dial_succeeded(user, transport);
}

static void plain_client(void)
{
	world.no_dial = true;
	world.client_ops.on_ready = plain_on_ready;
	world.client_ops.on_response = plain_on_response;
}

static void movable_plain_client(void)
{
	plain_client();
	world.server_options.policy.plain_peers = JVPN_PLAIN_PEERS_VALIDATED_PATH;
}

static void plain_open(void (*change)(void), const char *field)
{
	plain_field = field;
	plain_status = 0;
	world_init(change);
	world_dial();
	world_run_ms(500);
}

static void plain_send(unsigned count)
{
	uint8_t packet[600] = {0x45};

	while (count--)
		ck_assert_int_eq(
			jvpn_conn_send_packet(world.pair.client.conn, packet, sizeof(packet)), 0);
}

START_TEST(plain__no_field__gets_a_tunnel_without_the_extension)
{
	plain_open(plain_client, "");
	ck_assert_int_eq(plain_status, 200);
	ck_assert_str_eq(plain_answer, "");
	ck_assert(world_server_live()->core.plain);
	ck_assert_int_eq(world_server_live()->core.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(world.assigned.count, 0); /* no session of ours took it */
	plain_send(5);
	world_send_down();
	world_run_ms(50);
	ck_assert_uint_eq(world.up.received, 5);
	ck_assert_uint_eq(world_server_live()->tx_packets, 1);
	ck_assert_uint_eq(world.client.engine.driver->malformed, 0); /* none of our messages */
}
END_TEST

START_TEST(plain__field_of_a_later_version__is_plain)
{
	plain_open(plain_client, "v=2, op=create, label=\"eth0\"");
	ck_assert_int_eq(plain_status, 200);
	ck_assert_str_eq(plain_answer, "");
	ck_assert(world_server_live()->core.plain);
}
END_TEST

START_TEST(plain__field_that_only_servers_send__400)
{
	static const char *const field[] = {"v=1, op=ok", "v=1, op=refused, reason=bad_proof",
					    "v=1, op=create, label=\"UPPER\"", "v=1"};

	plain_open(plain_client, field[_i]);
	ck_assert_int_eq(plain_status, 400);
	ck_assert_ptr_null(world_server_live());
}
END_TEST

START_TEST(plain__strict__does_not_move)
{
	plain_open(plain_client, "");
	plain_send(1);
	world_run_ms(50);
	pair_rebind(&world.pair, 1);
	for (int i = 0; i < 20; i++) {
		plain_send(1);
		world_run_ms(20);
	}
	ck_assert_uint_eq(world.up.received, 1);
	ck_assert_uint_eq(world.pair.to_back[1], 0);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "TransportSwitch\"", NULL, NULL), 0);
	/* The end comes by the TTL of a session without a transport. */
	world_run_ms(800000);
	ck_assert_ptr_null(world_server_live());
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "SessionTerminated", "transport_ttl_exceeded", NULL), 1);
}
END_TEST

START_TEST(plain__validated_path__moves_without_a_proof)
{
	uint64_t version;

	plain_open(movable_plain_client, "");
	version = server_version();
	plain_send(1);
	world_run_ms(50);
	pair_rebind(&world.pair, 1);
	for (int i = 0; i < 20; i++) {
		plain_send(1);
		world_run_ms(20);
	}
	ck_assert_uint_eq(world.up.received, 21);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "TransportSwitch\"", NULL, NULL), 1);
	ck_assert_uint_eq(server_version(), version + 3);
}
END_TEST

/* --- policy --- */

START_TEST(policy__shorter_lifetime_on_reload__ends_sessions_in_time)
{
	struct jvpn_policy policy;

	world_init(NULL);
	world_open();
	world.no_restart = true;
	policy = world.server_options.policy;
	policy.max_lifetime_ms = 3000;
	jvpn_driver_set_policy(world.server.worker[0].engine.driver, &policy);
	world_run_ms(3000);
	ck_assert_ptr_null(world_server_live());
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "SessionTerminated", "session_lifetime_exceeded", NULL),
		1);
}
END_TEST

UNIT_TESTS(driver)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, create__good_token__both_ends_agree);
	tcase_add_test(tc, create__wrong_token__client_ends_with_auth_refused);
	tcase_add_test(tc, create__client_session_ends_in_birth__no_connection_is_left);
	tcase_add_test(tc, create__accepted_but_never_created__attach_timeout_closes_it);
	tcase_add_test(tc, request__twice_on_one_connection__one_session);
	tcase_add_test(tc, rebinding__with_traffic__commits_with_three_versions);
	tcase_add_test(tc, rebinding__under_load__is_no_loss_of_the_new_path);
	tcase_add_test(tc, rebinding__candidate_event__names_the_new_address);
	tcase_add_test(tc, rebinding__inside_cooldown__is_denied_then_commits);
	tcase_add_test(tc, rebinding__ack_is_late__client_catches_up);
	tcase_add_test(tc, commit__candidate_is_gone__session_does_not_stay_on_it);
	tcase_add_test(tc, attach__connection_died__same_session_same_addresses);
	tcase_add_test(tc, attach__fresh_connection__one_round_trip_after_the_handshake);
	tcase_add_test(tc, attach__server_forgot_the_session__a_new_one_after_two_refusals);
	tcase_add_test(tc, attach__ack_and_connection_lost__version_is_corrected);
	tcase_add_test(tc, attach__refusal_with_a_wrong_mac__client_dials_again);
	tcase_add_loop_test(tc, attach__answered_with_another_status__session_lives_on, 0, 7);
	tcase_add_test(tc, reattach__ten_bad_proofs__close_the_connection_and_change_nothing);
	tcase_add_test(tc, reattach__challenge_of_another_tuple__is_asked_again);
	tcase_add_test(tc, attach__bad_proof__changes_nothing);
	tcase_add_test(tc, attach__credential_of_somebody_else__is_refused);
	tcase_add_test(tc, attach__own_credential__is_fine);
	tcase_add_test(tc, terminate__forged__changes_nothing_at_either_end);
	tcase_add_test(tc, terminate__by_the_server__client_starts_a_new_session);
	tcase_add_test(tc, terminate__by_the_operator__client_stops);
	tcase_add_test(tc, terminate__by_the_client__server_frees_everything);
	tcase_add_test(tc, admission__user_has_a_session_without_a_transport__it_is_evicted);
	tcase_add_test(tc, admission__user_has_an_attached_session__503_and_it_lives);
	tcase_add_test(tc, plain__no_field__gets_a_tunnel_without_the_extension);
	tcase_add_test(tc, plain__field_of_a_later_version__is_plain);
	tcase_add_loop_test(tc, plain__field_that_only_servers_send__400, 0, 4);
	tcase_add_test(tc, plain__strict__does_not_move);
	tcase_add_test(tc, plain__validated_path__moves_without_a_proof);
	tcase_add_test(tc, policy__shorter_lifetime_on_reload__ends_sessions_in_time);
}
