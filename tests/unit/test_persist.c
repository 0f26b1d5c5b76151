/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of runtime/persist and server/restore: whole sessions over a store that fails, delays and loses
 * answers, and over a real one that is closed and opened again.
 */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "driver_world.h"
#include "runtime/persist.h"
#include "server/audit.h"
#include "server/lease.h"
#include "store/store_fault.h"
#include "unit.h"

static struct jvpn_store_fault *fault;
static struct jvpn_persist *persist;
static struct jvpn_secret seal_key;
static char dir[64], path[96];
static size_t queue_max; /* 0: the store's */

static void clear_world(void)
{
	if (!world.server.index.entry)
		return;
	world_clear();
	memset(&world, 0, sizeof(world));
}

static void close_store(void)
{
	ck_assert(jvpn_persist_close(persist));
	persist = NULL;
}

static void setup(void)
{
	memset(&world, 0, sizeof(world));
	queue_max = 0;
	ck_assert_int_eq(jvpn_secret_generate(&seal_key, JVPN_SECRET_KEY_BYTES), 0);
	snprintf(dir, sizeof(dir), "/tmp/jvpn-test-persist-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sessions.db", dir);
}

static int remove_one(const char *name, const struct stat *s, int kind, struct FTW *ftw)
{
	(void)s, (void)kind, (void)ftw;
	return remove(name);
}

static void teardown(void)
{
	clear_world();
	jvpn_persist_close(persist);
	persist = NULL;
	jvpn_store_fault_free(fault);
	fault = NULL;
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int open_store(enum jvpn_store_backend_kind backend)
{
	struct jvpn_persist_config config = {.backend = backend,
					     .path = path,
					     .seal_key = &seal_key,
					     .timeout_ms = 100,
					     .queue_max = queue_max,
					     .fault = fault};
	char error[JVPN_STORE_ERROR_MAX] = "";

	if (backend == JVPN_STORE_BACKEND_SQLITE)
		config.timeout_ms = 20000; /* the machine may be slow, virtual time is not */
	return jvpn_persist_open(&config, &persist, error, sizeof(error));
}

static void start_with_faults(void (*change)(void))
{
	ck_assert_int_eq(jvpn_store_fault_new(&fault), 0);
	ck_assert_int_eq(open_store(JVPN_STORE_BACKEND_MEMORY), 0);
	world_init_with(persist, change);
}

static void start_durable(void (*change)(void))
{
	ck_assert_int_eq(open_store(JVPN_STORE_BACKEND_SQLITE), 0);
	world_init_with(persist, change);
}

static void add_fault(enum jvpn_store_fault_kind kind, enum jvpn_store_kind op, uint64_t count)
{
	struct jvpn_store_fault_rule rule = {.kind = kind, .op = op, .nth = 1, .count = count};

	ck_assert_int_eq(jvpn_store_fault_add(fault, &rule), 0);
}

static bool client_is_attached(void)
{
	return world.client.live && world.client.live->core.state == JVPN_STATE_ATTACHED;
}

/* --- create --- */

START_TEST(create__store_delays__the_client_hears_nothing_before_the_commit)
{
	start_with_faults(NULL);
	add_fault(JVPN_STORE_FAULT_DELAY, JVPN_STORE_OP_CAS, 1);
	world_run_ms(90);
	ck_assert_ptr_nonnull(world_server_live());
	ck_assert_int_eq(world_server_live()->core.state, JVPN_STATE_BIRTH);
	ck_assert(!client_is_attached());
	ck_assert_uint_eq(world.assigned.count, 0);
	ck_assert_uint_eq(jvpn_store_fault_release(fault), 1);
	ck_assert(world_run_until(world_is_attached, 1000));
	ck_assert_uint_eq(world.assigned.count, 1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionCreated", NULL, NULL), 1);
}
END_TEST

START_TEST(create__store_refuses__503_and_nothing_is_left)
{
	start_with_faults(NULL);
	add_fault(JVPN_STORE_FAULT_FAIL, JVPN_STORE_OP_CAS, 1);
	world_run_ms(500);
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "SessionTerminated", "capacity_exceeded", NULL), 1);
	ck_assert_uint_eq(jvpn_lease_pool_count(world.server.leases), world_server_live() ? 1 : 0);
	ck_assert(world_run_until(world_is_attached, 60000)); /* the next try */
}
END_TEST

START_TEST(create__queue_is_full__503)
{
	start_with_faults(NULL);
	add_fault(JVPN_STORE_FAULT_FULL, JVPN_STORE_OP_CAS, 1);
	world_run_ms(500);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionTerminated", NULL, NULL), 1);
}
END_TEST

/* --- reattach --- */

static void no_cooldown(void)
{
	world.server_options.policy.switch_cooldown_ms = 0;
	world.client_options.policy.switch_cooldown_ms = 0;
}

static void open_with_traffic(void)
{
	start_with_faults(no_cooldown);
	world_open();
	world.up.interval_ns = world.down.interval_ns = 5 * PAIR_MS;
	world_run_ms(100);
}

static bool server_switched(void)
{
	return world_events(WORLD_SERVER, "TransportSwitch", "explicit", NULL) == 1 &&
	       world_is_attached();
}

START_TEST(reattach__store_refuses__denied_with_atomicity_failed_then_again)
{
	open_with_traffic();
	add_fault(JVPN_STORE_FAULT_FAIL, JVPN_STORE_OP_CAS, 1);
	pair_rebind(&world.pair, 1);
	ck_assert(world_run_until(server_switched, 5000));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "ReattachResult", "atomicity_failed", NULL),
			  1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionCreated", NULL, NULL), 1);
}
END_TEST

START_TEST(reattach__answer_is_lost__read_again_and_adopted)
{
	uint64_t before;

	open_with_traffic();
	before = world_server_live()->core.state_version;
	add_fault(JVPN_STORE_FAULT_LOSE_ANSWER, JVPN_STORE_OP_CAS, 1);
	pair_rebind(&world.pair, 1);
	ck_assert(world_run_until(server_switched, 5000));
	ck_assert_uint_eq(world_server_live()->core.durable_version,
			  world_server_live()->core.state_version);
	ck_assert_uint_eq(world_server_live()->core.state_version, before + 3);
}
END_TEST

START_TEST(reattach__request_is_lost__read_again_and_repeated)
{
	open_with_traffic();
	add_fault(JVPN_STORE_FAULT_LOSE_REQUEST, JVPN_STORE_OP_CAS, 1);
	pair_rebind(&world.pair, 1);
	ck_assert(world_run_until(server_switched, 10000));
}
END_TEST

/* --- a store that is away --- */

START_TEST(away__everything_fails__what_flows_goes_on)
{
	uint64_t received;

	open_with_traffic();
	add_fault(JVPN_STORE_FAULT_FAIL, JVPN_STORE_OP_NONE, 1000000);
	received = world.up.received;
	world_run_ms(3000);
	ck_assert_uint_gt(world.up.received, received + 500);
	ck_assert(world_is_attached());
	/* the path goes away and comes back, its losses are not durable meanwhile */
	world.pair.drop_to_server = world.pair.drop_to_client = true;
	world_run_ms(1500);
	world.pair.drop_to_server = world.pair.drop_to_client = false;
	world_run_ms(1500);
	ck_assert_ptr_nonnull(world_server_live());
	jvpn_store_fault_reset(fault);
	ck_assert(world_run_until(world_is_attached, 10000));
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionCreated", NULL, NULL), 1);
}
END_TEST

/* --- closed and opened again --- */

struct found {
	unsigned count;
	struct jvpn_record record;
	bool opened, keys_equal;
	struct jvpn_session_keys keys;
};

static int look(void *user, const struct jvpn_persist_entry *entry)
{
	struct found *f = user;

	f->count++;
	f->record = entry->record;
	f->opened = entry->opened;
	f->keys_equal = jvpn_secret_equal(&f->keys.c2s, &entry->keys.c2s) &&
			jvpn_secret_equal(&f->keys.s2c, &entry->keys.s2c);
	return 0;
}

static void reopen(struct found *found)
{
	char error[JVPN_STORE_ERROR_MAX] = "";

	clear_world();
	close_store();
	ck_assert_int_eq(open_store(JVPN_STORE_BACKEND_SQLITE), 0);
	ck_assert_int_eq(jvpn_persist_load(persist, look, found, error), 0);
}

START_TEST(record__after_a_switch__is_the_session_as_it_was)
{
	struct jvpn_session before;
	struct found found = {0};

	start_durable(no_cooldown);
	world_open();
	world.up.interval_ns = 5 * PAIR_MS;
	pair_rebind(&world.pair, 1);
	ck_assert(world_run_until(server_switched, 5000));
	before = world_server_live()->core;
	found.keys = world_server_live()->keys;
	reopen(&found);
	ck_assert_uint_eq(found.count, 1);
	ck_assert(found.opened && found.keys_equal);
	ck_assert(jvpn_id_equal(&found.record.session.id, &before.id));
	ck_assert_uint_eq(found.record.session.state, JVPN_STATE_ATTACHED);
	ck_assert_uint_eq(found.record.session.state_version, before.state_version);
	ck_assert_uint_eq(found.record.session.attached_version, before.attached_version);
	ck_assert_uint_eq(found.record.session.total_switches, 1);
	ck_assert_uint_eq(found.record.session.last_n, before.last_n);
	ck_assert_mem_eq(&found.record.session.replay, &before.replay, sizeof(before.replay));
	ck_assert_str_eq(found.record.user, "alice");
	ck_assert_uint_eq(found.record.address_count, 1);
}
END_TEST

START_TEST(record__other_seal_key__does_not_open)
{
	struct found found = {0};

	start_durable(NULL);
	world_open();
	clear_world();
	close_store();
	seal_key.b[3] ^= 1;
	ck_assert_int_eq(open_store(JVPN_STORE_BACKEND_SQLITE), 0);
	ck_assert_int_eq(jvpn_persist_load(persist, look, &found, NULL), 0);
	ck_assert_uint_eq(found.count, 1);
	ck_assert(!found.opened);
}
END_TEST

static void restore(void)
{
	char error[JVPN_STORE_ERROR_MAX] = "";

	close_store();
	ck_assert_int_eq(open_store(JVPN_STORE_BACKEND_SQLITE), 0);
	world_init_with(persist, NULL);
	ck_assert_msg(jvpn_server_restore(&world.server, error, sizeof(error)) == 0, "%s", error);
}

START_TEST(restore__bound_session__waits_with_its_addresses)
{
	struct jvpn_id id;
	uint64_t version;
	static const uint8_t address[4] = {10, 77, 0, 2};

	start_durable(NULL);
	world_open();
	id = world_server_live()->core.id;
	version = world_server_live()->core.state_version;
	clear_world();
	restore();
	ck_assert_ptr_nonnull(world_server_live());
	ck_assert(jvpn_id_equal(&world_server_live()->core.id, &id));
	ck_assert_int_eq(world_server_live()->core.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(world_server_live()->core.state_version, version + 1);
	ck_assert_ptr_eq(jvpn_lease_owner(world.server.leases, 4, address), world_server_live());
	ck_assert_int_ge(jvpn_table_find(&world.server.index.table, &id), 0);
	world.no_dial = true;
	world_run_ms(100);
	ck_assert_uint_eq(world_server_live()->core.durable_version, version + 1);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionRestored", "node_restart", NULL), 1);
}
END_TEST

START_TEST(restore__other_seal_key__ends_with_security_failure)
{
	start_durable(NULL);
	world_open();
	clear_world();
	seal_key.b[0] ^= 1;
	restore();
	world.no_dial = true;
	world_run_ms(100);
	ck_assert_ptr_null(world_server_live());
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionTerminated", "security_failure", NULL),
			  1);
	ck_assert_uint_eq(jvpn_lease_pool_count(world.server.leases), 0);
}
END_TEST

START_TEST(restore__orderly_end__does_not_come_back)
{
	start_durable(NULL);
	world_open();
	world.no_restart = true;
	jvpn_driver_terminate(world_server_live(), JVPN_REASON_OPERATOR_TERMINATED);
	world_run_ms(100);
	clear_world();
	restore();
	ck_assert_ptr_null(world_server_live());
}
END_TEST

/* The clocks run on while nobody is there. */
START_TEST(restore__ttl_over_meanwhile__ends_with_transport_ttl_exceeded)
{
	char error[JVPN_STORE_ERROR_MAX] = "";

	start_durable(NULL);
	world_open();
	clear_world();
	close_store();
	ck_assert_int_eq(open_store(JVPN_STORE_BACKEND_SQLITE), 0);
	world_init_with(persist, NULL);
	world.no_dial = true;
	world.pair.now_ns += (world.server_options.policy.transport_lost_ttl_ms + 60000) * PAIR_MS;
	jvpn_driver_set_now(world.server.worker[0].engine.driver, world.pair.now_ns);
	ck_assert_int_eq(jvpn_server_restore(&world.server, error, sizeof(error)), 0);
	world_run_ms(50);
	ck_assert_ptr_null(world_server_live());
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "SessionTerminated", "transport_ttl_exceeded", NULL), 1);
	ck_assert_uint_eq(jvpn_lease_pool_count(world.server.leases), 0);
}
END_TEST

static void other_pool(void)
{
	struct jvpn_lease_config config = {
		.ipv4 = {.family = 4, .length = 24, .address = {10, 88, 0, 0}}, .max_leases = 100};

	jvpn_lease_pool_free(world.server.leases);
	ck_assert_int_eq(jvpn_lease_pool_new(&config, &world.server.leases), 0);
}

START_TEST(restore__address_not_in_the_pool__ends_and_says_so)
{
	char error[JVPN_STORE_ERROR_MAX] = "";

	start_durable(NULL);
	world_open();
	clear_world();
	close_store();
	ck_assert_int_eq(open_store(JVPN_STORE_BACKEND_SQLITE), 0);
	world_init_with(persist, NULL);
	world.no_dial = true;
	other_pool();
	ck_assert_int_eq(jvpn_server_restore(&world.server, error, sizeof(error)), 0);
	world_run_ms(100);
	ck_assert_ptr_null(world_server_live());
	ck_assert_uint_eq(
		world_events(WORLD_SERVER, "SessionTerminated", "resource_exhausted", NULL), 1);
}
END_TEST

START_TEST(store_open__policy_allows_fewer_than_stored__room_for_all)
{
	static struct jvpn_server server;
	static struct jvpn_server_options options;
	char error[JVPN_STORE_ERROR_MAX] = "";

	start_durable(NULL);
	world_open();
	clear_world();
	close_store();
	server.options = &options;
	server.keys.seal = seal_key;
	options.config.store_kind = JVPN_STORE_BACKEND_SQLITE;
	snprintf(options.config.store_path, sizeof(options.config.store_path), "%s", path);
	ck_assert_int_eq(jvpn_server_store_open(&server, error, sizeof(error)), 0);
	ck_assert_uint_eq(server.stored, 1);
	ck_assert_uint_eq(server.capacity, 1);
	persist = server.persist;
}
END_TEST

START_TEST(drain__bound_session__is_kept_and_told)
{
	struct jvpn_event drain = {.type = JVPN_EVENT_DRAIN, .slot = JVPN_SLOT_NONE};

	start_durable(NULL);
	world_open();
	world.no_dial = true;
	ck_assert(jvpn_driver_step(world_server_live(), &drain));
	world_run_ms(100);
	ck_assert_int_eq(world_server_live()->core.state, JVPN_STATE_VOLATILE);
	ck_assert_uint_eq(world_events(WORLD_SERVER, "SessionStateChange", "node_draining", NULL),
			  1);
	ck_assert_int_ne(world.client.live->core.state, JVPN_STATE_ATTACHED);
	clear_world();
	restore();
	ck_assert_ptr_nonnull(world_server_live());
}
END_TEST

/* --- audit --- */

static unsigned lines_with(FILE *f, const char *a, const char *b)
{
	static char line[8192];
	unsigned n = 0;

	rewind(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, a) && strstr(line, b);
	return n;
}

START_TEST(audit__life_of_a_session__is_exported_in_order)
{
	FILE *f = tmpfile();

	ck_assert_ptr_nonnull(f);
	start_durable(no_cooldown);
	world_open();
	world.no_restart = true;
	world.up.interval_ns = 5 * PAIR_MS;
	pair_rebind(&world.pair, 1);
	ck_assert(world_run_until(server_switched, 5000));
	/* while it is written */
	ck_assert_int_eq(jvpn_server_audit_export(path, f), 0);
	ck_assert_uint_eq(lines_with(f, "SessionTerminated", ""), 0);
	jvpn_driver_terminate(world_server_live(), JVPN_REASON_OPERATOR_TERMINATED);
	world_run_ms(100);
	rewind(f);
	ck_assert_int_eq(jvpn_server_audit_export(path, f), 0);
	ck_assert_uint_eq(lines_with(f, "SessionCreated", "\"seq\":1,"), 1);
	ck_assert_uint_eq(lines_with(f, "SessionCreated", "alice"), 1);
	ck_assert_uint_eq(lines_with(f, "TransportSwitch\"", "path_change_observed"), 1);
	ck_assert_uint_eq(lines_with(f, "SessionTerminated", "operator_terminated"), 1);
	ck_assert_uint_eq(lines_with(f, "SessionStateChange", ""),
			  world_events(WORLD_SERVER, "SessionStateChange", NULL, NULL));
	fclose(f);
}
END_TEST

/* Another session like the stored one, with an id and an address of its own. */
static int copy_one(struct jvpn_store *store, const struct jvpn_store_entry *entry, uint8_t n)
{
	uint8_t encoded[JVPN_RECORD_MAX], sealed[256], hash[JVPN_SHA256_BYTES];
	struct jvpn_seal_aad aad = {hash, sizeof(hash)};
	struct jvpn_store_op op = {.kind = JVPN_STORE_OP_CAS,
				   .id = entry->id,
				   .to_version = entry->version,
				   .nonce = entry->nonce,
				   .state = entry->state,
				   .record = encoded};
	struct jvpn_secret secret;
	struct jvpn_record_parts parts;
	struct jvpn_record record;
	struct jvpn_writer w;
	int rv = jvpn_record_decode(entry->record, entry->record_len, &record, &parts);

	ck_assert_int_eq(rv, 0);
	ck_assert_int_eq(jvpn_sha256(parts.head, parts.head_len, hash), 0);
	ck_assert_int_eq(jvpn_unseal(&seal_key, &aad, parts.seal, parts.seal_len, &secret), 0);
	op.id.b[JVPN_ID_BYTES - 1] ^= n;
	record.session.id = op.id;
	record.address[0].address[3] = (uint8_t)(10 + n);
	jvpn_writer_init(&w, encoded, sizeof(encoded));
	ck_assert_int_eq(jvpn_record_encode_head(&record, &w), 0);
	ck_assert_int_eq(jvpn_sha256(encoded, jvpn_writer_len(&w), hash), 0);
	rv = jvpn_seal(&seal_key, &secret, &aad, sealed, sizeof(sealed));
	ck_assert_int_gt(rv, 0);
	ck_assert_int_eq(jvpn_record_encode_seal(sealed, (size_t)rv, &w), 0);
	op.record_len = jvpn_writer_len(&w);
	return jvpn_store_submit(store, &op, 0);
}

#define COPIES 9

static int copy_all(void *user, const struct jvpn_store_entry *entry)
{
	for (uint8_t n = 1; n <= COPIES; n++)
		ck_assert_int_eq(copy_one(user, entry, n), 0);
	return 1; /* not the copies */
}

static void copy_sessions(void)
{
	struct jvpn_store_config config = {.backend = JVPN_STORE_BACKEND_SQLITE, .path = path};
	char error[JVPN_STORE_ERROR_MAX] = "";
	struct jvpn_store *store;

	ck_assert_int_eq(jvpn_store_open(&config, &store, error, sizeof(error)), 0);
	ck_assert_int_eq(jvpn_store_load(store, copy_all, store, error), 1);
	jvpn_store_close(store);
}

/* Each of them has two operations. */
START_TEST(restore__more_than_the_store_takes_at_once__all_are_written)
{
	FILE *f = tmpfile();

	ck_assert_ptr_nonnull(f);
	start_durable(NULL);
	world_open();
	clear_world();
	close_store();
	copy_sessions();
	queue_max = 4;
	restore();
	ck_assert_uint_eq(jvpn_persist_pending(persist), 0);
	ck_assert_uint_eq(world.server.index.table.count, COPIES + 1);
	for (struct jvpn_live *l = world.server.worker[0].engine.driver->lives; l; l = l->next)
		ck_assert_uint_eq(l->core.durable_version, l->core.state_version);
	ck_assert_int_eq(jvpn_server_audit_export(path, f), 0);
	ck_assert_uint_eq(lines_with(f, "SessionRestored", "node_restart"), COPIES + 1);
	fclose(f);
}
END_TEST

START_TEST(audit__denials__are_counts_by_minute)
{
	struct jvpn_audit denied = {.type = JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT,
				    .reason = JVPN_REASON_UNKNOWN_SESSION};
	FILE *f = tmpfile();

	ck_assert_ptr_nonnull(f);
	start_durable(NULL);
	world_open();
	for (int i = 0; i < 50; i++)
		jvpn_driver_emit(world.server.worker[0].engine.driver, &denied);
	world_run_ms(61000);
	ck_assert_int_eq(jvpn_server_audit_export(path, f), 0);
	ck_assert_uint_eq(lines_with(f, "UnauthorizedTransportAttempt", "\"count\":50"), 1);
	ck_assert_uint_eq(lines_with(f, "UnauthorizedTransportAttempt", ""), 1);
	fclose(f);
}
END_TEST

static void small_audit(void)
{
	world.server_options.policy.audit_max_bytes = 4096;
}

START_TEST(audit__too_large__is_trimmed_and_says_so)
{
	struct jvpn_audit line = {.type = JVPN_AUDIT_POLICY_REJECTED,
				  .reason = JVPN_REASON_POLICY_DENIED};

	start_durable(small_audit);
	world_open();
	for (int i = 0; i < 100; i++)
		jvpn_driver_emit(world.server.worker[0].engine.driver, &line);
	world_run_ms(61000);
	ck_assert_uint_ge(world_events(WORLD_SERVER, "AuditTrimmed", "count", NULL), 1);
}
END_TEST

UNIT_TESTS(persist)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, create__store_delays__the_client_hears_nothing_before_the_commit);
	tcase_add_test(tc, create__store_refuses__503_and_nothing_is_left);
	tcase_add_test(tc, create__queue_is_full__503);
	tcase_add_test(tc, reattach__store_refuses__denied_with_atomicity_failed_then_again);
	tcase_add_test(tc, reattach__answer_is_lost__read_again_and_adopted);
	tcase_add_test(tc, reattach__request_is_lost__read_again_and_repeated);
	tcase_add_test(tc, away__everything_fails__what_flows_goes_on);
#ifdef JVPN_STORE_SQLITE
	tcase_add_test(tc, record__after_a_switch__is_the_session_as_it_was);
	tcase_add_test(tc, record__other_seal_key__does_not_open);
	tcase_add_test(tc, restore__bound_session__waits_with_its_addresses);
	tcase_add_test(tc, restore__other_seal_key__ends_with_security_failure);
	tcase_add_test(tc, restore__orderly_end__does_not_come_back);
	tcase_add_test(tc, restore__ttl_over_meanwhile__ends_with_transport_ttl_exceeded);
	tcase_add_test(tc, restore__address_not_in_the_pool__ends_and_says_so);
	tcase_add_test(tc, store_open__policy_allows_fewer_than_stored__room_for_all);
	tcase_add_test(tc, drain__bound_session__is_kept_and_told);
	tcase_add_test(tc, audit__life_of_a_session__is_exported_in_order);
	tcase_add_test(tc, restore__more_than_the_store_takes_at_once__all_are_written);
	tcase_add_test(tc, audit__denials__are_counts_by_minute);
	tcase_add_test(tc, audit__too_large__is_trimmed_and_says_so);
#endif
}
