/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of client/resume: sessions that go on from their file, and counters that are never used
 * twice, at whatever point the client is killed. Whole sessions, as in test_driver.c.
 */
#include "client/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "client/saver.h"
#include "driver_world.h"
#include "unit.h"

static char dir[64], error[JVPN_STATEDIR_ERROR_MAX];
static pid_t holder;

static void with_state_dir(void)
{
	struct jvpn_client_config *c = &world.client_options.config;
	struct jvpn_policy *p = &world.server_options.policy;

	/* Many moves in a short time are what is tested here, not how many are allowed. */
	p->switch_cooldown_ms = 0;
	p->max_switches_per_min = 600;
	p->max_switches_per_hour = 36000;
	p->reattach_rate_per_session_per_s = 50;
	p->reattach_burst = 100;

	snprintf(c->state_dir, sizeof(c->state_dir), "%s/state", dir);
	snprintf(c->server_name, sizeof(c->server_name), "localhost");
	snprintf(c->node_id, sizeof(c->node_id), "laptop");
	snprintf(c->tls_ca_pem, sizeof(c->tls_ca_pem), "the CA");
	snprintf(c->tun_name, sizeof(c->tun_name), "jvpn0");
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/jvpn-resume.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	char command[128];

	jvpn_resume_close(&world.client);
	world_clear();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* What main.c does around the loop. */
static void open_resume(void)
{
	world.client.started_ns = world.pair.now_ns;
	ck_assert_msg(jvpn_resume_open(&world.client, &holder, error) == 0, "%s", error);
	ck_assert_int_eq(jvpn_resume_start(&world.client), 0);
}

static void poll_resume(void)
{
	jvpn_resume_poll(&world.client, world.client.engine.driver->now_ns);
}

static void write_all(void)
{
	ck_assert(jvpn_saver_wait(world.client.resume.saver, 5000));
	jvpn_resume_take(&world.client);
}

/* Attached, with a file on disk. */
static void open_world(void)
{
	world_init(with_state_dir);
	open_resume();
	world_open();
	world.client.has_routes = true;
	poll_resume();
	write_all();
	ck_assert(world.client.resume.on_disk);
}

static uint64_t counter_on_disk(void)
{
	static struct jvpn_saved saved;
	uint8_t data[JVPN_SAVED_MAX];
	size_t len;

	ck_assert_int_eq(
		jvpn_statedir_read(&world.client.resume.dir, data, sizeof(data), &len, error), 0);
	ck_assert_int_eq(jvpn_saved_decode(data, len, &saved), 0);
	return saved.record.session.counter;
}

static void lose_connection(void)
{
	struct jvpn_transport *t = world_client_transport();

	if (t)
		jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "test");
	world_run_ms(1);
}

/* The client's process dies: its driver forgets everything, nobody says a word. */
static void kill_client(void)
{
	struct jvpn_client *c = &world.client;

	jvpn_resume_close(c);
	world.pair.drop_to_server = true;
	for (struct jvpn_transport *t = c->engine.driver->transports; t; t = t->next)
		jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "killed");
	world_run_ms(1);
	c->stopping = true;
	c->keep = true;
	if (c->live)
		jvpn_driver_terminate(c->live, JVPN_REASON_CLIENT_CLOSED);
	c->stopping = false;
	c->keep = false;
	c->live = NULL;
	c->has_addresses = false;
	c->has_routes = false;
	world_run_ms(1);
	world.pair.drop_to_server = false;
}

static bool is_bound(void)
{
	return world_is_attached();
}

START_TEST(resume__killed_and_started_again__same_session_addresses_and_keys)
{
	struct jvpn_connectip_address address;
	struct jvpn_id id;
	uint64_t version;

	open_world();
	id = world.client.live->core.id;
	address = world.client.live->addresses->address[0];
	version = world.client.live->core.state_version;
	kill_client();
	ck_assert_ptr_null(world.client.live);
	open_resume();
	ck_assert_ptr_nonnull(world.client.live);
	ck_assert_uint_eq(world.client.live->addresses->count, 1);
	ck_assert_mem_eq(world.client.live->addresses->address, &address, sizeof(address));
	ck_assert_uint_gt(world.client.live->core.state_version, version);
	poll_resume();
	write_all();
	ck_assert(world_run_until(is_bound, 3000));
	ck_assert(jvpn_id_equal(&id, &world.client.live->core.id));
	ck_assert(jvpn_id_equal(&id, &world_server_live()->core.id));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionCreated", NULL, NULL), 1);
	ck_assert_uint_eq(world_events(WORLD_CLIENT, "SessionRestored", NULL, NULL), 1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SecurityReplayDetected", NULL, NULL), 0);
	world_send_up();
	world_send_down();
	world_run_ms(100);
	ck_assert_uint_eq(world.up.received, 1);
	ck_assert_uint_eq(world.down.received, 1);
}
END_TEST

START_TEST(resume__file_is_not_written_yet__requests_wait)
{
	uint64_t counter;

	open_world();
	kill_client();
	open_resume();
	/* The block of the predecessor is used up as far as we know; nobody writes the next one. */
	ck_assert(!world_run_until(is_bound, 1500));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "ReattachAttempt", NULL, NULL), 0);
	ck_assert_uint_ge(world_events(WORLD_CLIENT, "ReattachAttempt", NULL, NULL), 1);
	counter = counter_on_disk();
	poll_resume();
	write_all();
	ck_assert_uint_ge(counter_on_disk(), counter + JVPN_RESUME_BLOCK);
	ck_assert(world_run_until(is_bound, 3000));
}
END_TEST

START_TEST(resume__many_requests__next_block_is_reserved_at_the_half)
{
	uint64_t first;

	open_world();
	first = counter_on_disk();
	ck_assert_uint_eq(first, JVPN_RESUME_BLOCK);
	while (world.client.live->core.counter < JVPN_RESUME_BLOCK / 2) {
		lose_connection();
		ck_assert_uint_eq(counter_on_disk(), first);
		ck_assert(world_run_until(is_bound, 5000));
	}
	poll_resume();
	write_all();
	ck_assert_uint_eq(counter_on_disk(), 2 * JVPN_RESUME_BLOCK);
	ck_assert_uint_eq(world.client.live->counter_limit, 2 * JVPN_RESUME_BLOCK);
}
END_TEST

/* The disk takes nothing any more: the block is used to its end and not beyond. */
START_TEST(resume__disk_fails__last_counter_is_not_passed)
{
	char state[80], away[80];
	uint64_t sent;

	open_world();
	snprintf(state, sizeof(state), "%s/state", dir);
	snprintf(away, sizeof(away), "%s/away", dir);
	ck_assert_int_eq(rename(state, away), 0);
	for (int i = 0; i < 200; i++) {
		lose_connection();
		world_run_ms(150);
		poll_resume();
	}
	sent = world_server_live()->core.replay.highest;
	ck_assert_uint_le(sent, JVPN_RESUME_BLOCK);
	ck_assert_uint_gt(sent, JVPN_RESUME_BLOCK / 2);
	ck_assert_int_eq(rename(away, state), 0);
	ck_assert_uint_eq(counter_on_disk(), JVPN_RESUME_BLOCK);
	/* It comes back: so does the session. */
	write_all();
	ck_assert(world_run_until(is_bound, 10000));
}
END_TEST

/* Killed again and again, at any point between a request and its write: the server never sees a
 * counter twice, so it never refuses an honest one. */
START_TEST(resume__killed_at_many_points__no_counter_twice)
{
	uint64_t seen = 0;

	open_world();
	for (int round = 0; round < 12; round++) {
		bool written = round % 3 != 0;

		for (int i = 0; i < round * 3 % 7; i++) {
			lose_connection();
			world_run_ms((uint64_t)(20 + 30 * (round % 4)));
			if (i % 2)
				poll_resume();
		}
		if (written && world.client.resume.raise_ticket)
			write_all();
		ck_assert_uint_ge(world_server_live()->core.replay.highest, seen);
		ck_assert_uint_le(world_server_live()->core.replay.highest, counter_on_disk());
		seen = world_server_live()->core.replay.highest;
		kill_client();
		open_resume();
		ck_assert_uint_ge(world.client.live->core.counter, seen);
		poll_resume();
		write_all();
		ck_assert_msg(world_run_until(is_bound, 8000), "round %d", round);
		world.client.has_routes = true;
	}
	ck_assert_uint_eq(world_events(WORLD_SERVER, "replay_detected", NULL, NULL), 0);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionCreated", NULL, NULL), 1);
}
END_TEST

START_TEST(resume__server_has_forgotten__a_new_session_after_two_refusals)
{
	struct jvpn_id id;

	open_world();
	id = world.client.live->core.id;
	kill_client();
	world.pair.drop_to_client = true;
	jvpn_driver_terminate(world_server_live(), JVPN_REASON_OPERATOR_TERMINATED);
	world_run_ms(20);
	world.pair.drop_to_client = false;
	open_resume();
	poll_resume();
	write_all();
	ck_assert(world_run_until(is_bound, 5000));
	ck_assert(!jvpn_id_equal(&id, &world.client.live->core.id));
	ck_assert_uint_eq(
		world_events(WORLD_CLIENT, "SessionTerminated", "session_unknown_to_server", NULL),
		1);
	/* The old file went with the old session; the new one gets its own. */
	write_all();
	ck_assert_int_eq(access(world.client.resume.dir.path, F_OK), -1);
	world.client.has_routes = true;
	poll_resume();
	write_all();
	ck_assert_uint_eq(counter_on_disk(), JVPN_RESUME_BLOCK);
}
END_TEST

START_TEST(resume__drained__last_word_has_the_exact_counter_and_is_transportless)
{
	struct jvpn_event drain = {.type = JVPN_EVENT_DRAIN, .slot = JVPN_SLOT_NONE};
	struct jvpn_saved saved;
	uint8_t data[JVPN_SAVED_MAX];
	size_t len;

	open_world();
	lose_connection();
	ck_assert(world_run_until(is_bound, 3000));
	world.no_dial = true;
	jvpn_driver_step(world.client.live, &drain);
	ck_assert(jvpn_resume_keep(&world.client));
	ck_assert_int_eq(
		jvpn_statedir_read(&world.client.resume.dir, data, sizeof(data), &len, error), 0);
	ck_assert_int_eq(jvpn_saved_decode(data, len, &saved), 0);
	ck_assert_uint_eq(saved.record.session.counter, world.client.live->core.counter);
	ck_assert_uint_gt(saved.record.session.transportless_ms, 0);
	ck_assert_int_eq(saved.record.session.state, JVPN_STATE_VOLATILE);
	world_run_ms(50);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionStateChange", "node_draining", NULL),
			  1);
	jvpn_resume_remove(&world.client);
	ck_assert_int_eq(access(world.client.resume.dir.path, F_OK), -1);
}
END_TEST

START_TEST(resume__ttl_ran_out_while_nobody_was_there__session_ends_and_says_so)
{
	struct jvpn_client *c = &world.client;

	open_world();
	c->live->core.transport_lost_ttl_ms = 1;
	c->live->mtu++; /* so that it is written */
	world_run_ms(JVPN_RESUME_SPACING_MS + 1);
	poll_resume();
	write_all();
	kill_client();
	usleep(5000); /* the file's clock is the machine's */
	open_resume();
	world_run_ms(10);
	ck_assert_uint_ge(
		world_events(WORLD_CLIENT, "SessionTerminated", "transport_ttl_exceeded", NULL), 1);
}
END_TEST

static void overwrite(size_t at, const char *octets, size_t len)
{
	FILE *f = fopen(world.client.resume.dir.path, "r+");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, (long)at, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(octets, 1, len, f), len);
	fclose(f);
}

static size_t size_of_file(void)
{
	struct stat st;

	ck_assert_int_eq(stat(world.client.resume.dir.path, &st), 0);
	return (size_t)st.st_size;
}

static const struct {
	size_t at, len;
	const char *octets;
	long cut; /* octets that go at the end */
	const char *text;
} bad_files[] = {
	{8, 2, "\0\2", 0, "was written by another version of jvpn-client"},
	{40, 1, "!", 0, "is damaged"},
	{0, 4, "#!/b", 0, "is damaged"},
	{0, 0, "", 1, "is incomplete"},
	{0, 0, "", 100, "is incomplete"},
};

START_TEST(resume__file_is_bad__one_sentence_and_the_file_stays)
{
	size_t before;

	open_world();
	kill_client();
	overwrite(bad_files[_i].at, bad_files[_i].octets, bad_files[_i].len);
	if (bad_files[_i].cut)
		ck_assert_int_eq(truncate(world.client.resume.dir.path,
					  (long)size_of_file() - bad_files[_i].cut),
				 0);
	before = size_of_file();
	ck_assert_int_eq(jvpn_resume_open(&world.client, &holder, error), JVPN_EMALFORMED);
	ck_assert_ptr_nonnull(strstr(error, world.client.resume.dir.path));
	ck_assert_msg(strstr(error, bad_files[_i].text) != NULL, "%s", error);
	ck_assert_ptr_nonnull(strstr(error, "move it away and start again"));
	ck_assert_uint_eq(size_of_file(), before);
}
END_TEST

UNIT_TESTS(resume)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, resume__killed_and_started_again__same_session_addresses_and_keys);
	tcase_add_test(tc, resume__file_is_not_written_yet__requests_wait);
	tcase_add_test(tc, resume__many_requests__next_block_is_reserved_at_the_half);
	tcase_add_test(tc, resume__disk_fails__last_counter_is_not_passed);
	tcase_add_test(tc, resume__killed_at_many_points__no_counter_twice);
	tcase_add_test(tc, resume__server_has_forgotten__a_new_session_after_two_refusals);
	tcase_add_test(tc, resume__drained__last_word_has_the_exact_counter_and_is_transportless);
	tcase_add_test(tc, resume__ttl_ran_out_while_nobody_was_there__session_ends_and_says_so);
	tcase_add_loop_test(tc, resume__file_is_bad__one_sentence_and_the_file_stays, 0,
			    (int)(sizeof(bad_files) / sizeof(bad_files[0])));
}
