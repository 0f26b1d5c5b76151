/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Floods of requests without a valid proof, and of those with one, against a real driver: what they
 * cost (allocations are counted through the linker's --wrap), and that they change nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/random.h"
#include "driver_world.h"
#include "proto/jvfield.h"
#include "proto/jvmsg.h"
#include "runtime/driver_internal.h"
#include "unit.h"

#define FLOOD 10000

/* --- every allocation of this program --- */

static unsigned long allocations, request_allocations;
static size_t allocated_bytes;

/* The names are the linker's. NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	allocated_bytes += size;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	allocated_bytes += n * size;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	allocated_bytes += size;
	return __real_realloc(old, size);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void teardown(void)
{
	world_clear();
}

/* --- the session, byte for byte --- */

static struct jvpn_session_copy before;

static void remember(void)
{
	jvpn_session_copy(&world_server_live()->core, &before);
}

/* All of it but the limiter of its security events. */
static bool is_unchanged(void)
{
	struct jvpn_session_copy now;

	jvpn_session_copy(&world_server_live()->core, &now);
	now.session.security_bucket = before.session.security_bucket;
	now.session.security_suppressed = before.session.security_suppressed;
	return jvpn_session_is_same(&now.session, &before.session);
}

static struct jvpn_transport *server_transport(void)
{
	return jvpn_live_binding(world_server_live());
}

/* A REATTACH_REQUEST as the server's end reads it. */
static size_t encode_request(const struct jvpn_id *id, uint64_t counter, uint8_t *value)
{
	struct jvpn_msg msg = {.type = JVPN_MSG_REATTACH_REQUEST};
	struct jvpn_writer w;

	msg.u.reattach_request.session_id = *id;
	msg.u.reattach_request.counter = counter;
	msg.u.reattach_request.server_version = world.client.live->core.server_version;
	msg.u.reattach_request.age_ms =
		jvpn_session_age_ms(&world.client.live->core, world.pair.now_ns);
	snprintf(msg.u.reattach_request.label, sizeof(msg.u.reattach_request.label), "eth0");
	memset(msg.u.reattach_request.mac, (int)counter, sizeof(msg.u.reattach_request.mac));
	jvpn_writer_init(&w, value, JVPN_JVMSG_VALUE_MAX);
	ck_assert_int_eq(jvpn_jvmsg_encode(&msg, &w), 0);
	return jvpn_writer_len(&w);
}

static void take_request(const struct jvpn_id *id, uint64_t counter)
{
	uint8_t value[JVPN_JVMSG_VALUE_MAX];
	size_t len = encode_request(id, counter, value);
	unsigned long others = allocations; /* libcheck's */

	jvpn_driver_take_capsule(server_transport(),
				 jvpn_jvmsg_capsule_type(JVPN_MSG_REATTACH_REQUEST), value, len, 0);
	request_allocations += allocations - others;
}

/* 0: an unknown session; 1: the session's own id with a wrong proof. */
START_TEST(abuse__requests_without_a_proof__no_allocation_and_no_change)
{
	struct jvpn_id id;
	unsigned long answers;

	world_init(NULL);
	world_open();
	id = world_server_live()->core.id;
	if (_i == 0)
		ck_assert_int_eq(jvpn_random(id.b, sizeof(id.b)), 0);
	remember();
	request_allocations = 0;
	for (uint64_t i = 0; i < 10; i++)
		take_request(&id, 1000 + i);
	answers = request_allocations;
	request_allocations = 0;
	for (uint64_t i = 0; i < FLOOD; i++)
		take_request(&id, 2000 + i);
	ck_assert_uint_eq(request_allocations, 0);
	ck_assert_uint_le(answers, 9 * 4); /* nine answers */
	ck_assert(is_unchanged());
	ck_assert_uint_eq(world.server.worker[0].engine.driver->refused_silently, FLOOD + 1);
	ck_assert_uint_le(world_events(WORLD_SERVER, "\"ReattachAttempt\"", NULL, NULL), 9);
	world_run_ms(100);
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "transport_dead", NULL, NULL), 1);
	ck_assert(world_run_until(world_is_attached, 2000)); /* by a fresh connection */
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionTerminated", NULL, NULL), 0);
}
END_TEST

/* An attach for a session that does not exist, on a connection of its own. */
static size_t attach_bytes;

static void take_foreign_attach(void *user, struct jvpn_transport *transport,
				const struct jvpn_h3_request *request)
{
	struct jvpn_h3_request changed = *request;
	struct jvpn_jvfield field;

	ck_assert_int_eq(jvpn_jvfield_parse(changed.jumping_session,
					    strlen(changed.jumping_session), &field),
			 0);
	if (field.op != JVPN_JVFIELD_ATTACH) {
		jvpn_server_on_request(user, transport, request);
		return;
	}
	ck_assert_int_eq(jvpn_random(field.attach.session_id.b, JVPN_ID_BYTES), 0);
	ck_assert_int_eq(jvpn_jvfield_print(&field, changed.jumping_session,
					    sizeof(changed.jumping_session)),
			 0);
	remember();
	allocated_bytes = 0;
	jvpn_server_on_request(user, transport, &changed);
	attach_bytes = allocated_bytes;
	ck_assert_ptr_null(transport->live);
	ck_assert(is_unchanged());
}

static void foreign_attaches(void)
{
	world.server_ops.on_request = take_foreign_attach;
}

static bool an_attach_was_refused(void)
{
	return world_events(WORLD_SERVER, "UnauthorizedTransportAttempt", "unknown_session", NULL);
}

START_TEST(abuse__attach_for_an_unknown_session__allocates_nothing_but_the_answer)
{
	world_init(foreign_attaches);
	world_open();
	world.no_restart = true;
	jvpn_conn_close(world_client_transport()->conn, JVPN_APP_NO_ERROR, "test");
	ck_assert(world_run_until(an_attach_was_refused, 3000));
	ck_assert_uint_le(attach_bytes, 4096);
	ck_assert_uint_eq(world.server.index.table.count, 1);
}
END_TEST

/* --- an honest key, a hundred times a second --- */

static unsigned long denied(void)
{
	return world_events(WORLD_SERVER, "\"ReattachResult\"", "rate_limited", NULL);
}

static void send_honest_request(void)
{
	struct jvpn_transport *t = world_client_transport();
	struct jvpn_live *live = world.client.live;
	struct jvpn_msg msg = {.type = JVPN_MSG_REATTACH_REQUEST};
	struct jvpn_msg_reattach_request *r = &msg.u.reattach_request;

	r->session_id = live->core.id;
	r->counter = ++live->core.counter;
	r->server_version = live->core.server_version;
	r->age_ms = jvpn_session_age_ms(&live->core, world.pair.now_ns);
	snprintf(r->label, sizeof(r->label), "eth0");
	ck_assert_int_eq(jvpn_control_send(&t->control, t->conn, &live->keys, &live->core.id, &msg),
			 0);
}

START_TEST(abuse__verified_requests_at_100_a_second__the_session_bucket_holds)
{
	uint64_t version;

	world_init(NULL);
	world_open();
	version = world_server_live()->core.state_version;
	for (int i = 0; i < 300; i++) {
		send_honest_request();
		world_run_ms(10);
	}
	ck_assert_uint_eq(world_server_live()->core.state_version, version);
	ck_assert_uint_eq(world_server_live()->core.total_switches, 0);
	/* 10 at once and 5 a second are confirmed, the others denied. */
	ck_assert_uint_ge(denied(), 300 - 10 - 5 * 3 - 2);
	ck_assert(world_is_attached());
	world_run_ms(2500); /* the bucket fills again */
	pair_rebind(&world.pair, 1);
	world_send_up();
	world_run_ms(500);
	ck_assert(world_is_attached());
	ck_assert_uint_eq(world_server_live()->core.total_switches, 1);
}
END_TEST

/* --- what is told --- */

START_TEST(abuse__refused_strangers__events_are_limited_and_the_rest_is_counted)
{
	struct jvpn_transport t = {.driver = NULL, .peer = "192.0.2.1:9"};
	struct jvpn_driver *driver;

	world_init(NULL);
	world_open();
	driver = world.server.worker[0].engine.driver;
	t.driver = driver;
	for (int i = 0; i < 1000; i++)
		jvpn_strangers_refused(&world.server.worker[0].strangers, &t,
				       JVPN_REASON_TOKEN_UNKNOWN);
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "UnauthorizedTransportAttempt", "token_unknown", NULL),
		JVPN_STRANGERS_EVENTS_BURST);
	world_run_ms(1000);
	jvpn_driver_set_now(driver, world.pair.now_ns);
	jvpn_strangers_poll(&world.server.worker[0].strangers, driver, world.pair.server.quic);
	jvpn_strangers_poll(&world.server.worker[0].strangers, driver, world.pair.server.quic);
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "\"RateLimited\"", "\"count\":980", "untold 980"), 1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "\"RateLimited\"", NULL, NULL), 1);
}
END_TEST

UNIT_TESTS(abuse)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, abuse__requests_without_a_proof__no_allocation_and_no_change, 0, 2);
	tcase_add_test(tc, abuse__attach_for_an_unknown_session__allocates_nothing_but_the_answer);
	tcase_add_test(tc, abuse__verified_requests_at_100_a_second__the_session_bucket_holds);
	tcase_add_test(tc, abuse__refused_strangers__events_are_limited_and_the_rest_is_counted);
}
