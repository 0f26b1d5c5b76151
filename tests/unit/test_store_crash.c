/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kill -9 in the middle of work: a child commits and reports what was acknowledged through a pipe, is
 * killed after a random number of reports, and everything it reported must be there, each transition
 * with its audit line, no version skipped. JVPN_CRASH_ROUNDS (60) and JVPN_CRASH_SEED (1) widen it.
 */
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "store_fixture.h"
#include "unit.h"

#define SESSIONS 24
#define DEPTH    40 /* operations in flight */

struct report {
	uint32_t session, version;
};

static struct store_fixture f;
static uint64_t version[SESSIONS]; /* parent: acknowledged; child: to go on from */
static int report_fd;
static bool busy[SESSIONS];

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static int take_version(void *user, const struct jvpn_store_entry *entry)
{
	uint64_t *v = user;

	v[entry->id.b[15]] = entry->version;
	return 0;
}

/* --- the child --- */

static void child_result(void *user, const struct jvpn_store_result *result)
{
	struct report r = {result->id.b[15], (uint32_t)result->to_version};

	(void)user;
	if (result->status != JVPN_STORE_OK)
		_exit(3);
	version[r.session] = r.version;
	busy[r.session] = false;
	if (write(report_fd, &r, sizeof(r)) != sizeof(r))
		_exit(4);
}

static void child_submit(struct jvpn_store *store, uint32_t n)
{
	struct jvpn_store_op op =
		fixture_op(version[n] % 3 ? JVPN_STORE_OP_CAS : JVPN_STORE_OP_APPEND, n, version[n],
			   version[n] + 1);
	char text[32];
	struct jvpn_store_line line = {text, 0};

	line.len = (size_t)snprintf(text, sizeof(text), "%u:%llu", n,
				    (unsigned long long)op.to_version);
	op.line = &line;
	op.line_count = 1;
	busy[n] = true;
	if (jvpn_store_submit(store, &op, 1))
		_exit(5);
}

static void child(void)
{
	struct jvpn_store_config config = f.config;
	struct jvpn_store *store;
	struct pollfd watch;
	char error[JVPN_STORE_ERROR_MAX];

	config.on_result = child_result;
	if (jvpn_store_open(&config, &store, error, sizeof(error)) ||
	    jvpn_store_load(store, take_version, version, error)) {
		fprintf(stderr, "%s\n", error);
		_exit(2);
	}
	watch = (struct pollfd){.fd = jvpn_store_fd(store), .events = POLLIN};
	for (;;) {
		for (uint32_t n = 0; n < SESSIONS && jvpn_store_pending(store) < DEPTH; n++)
			if (!busy[n])
				child_submit(store, n);
		poll(&watch, 1, -1);
		jvpn_store_dispatch(store, 1);
	}
}

/* --- the parent --- */

/* One life: killed after 'reports' acknowledgements. */
static size_t live_and_die(uint64_t reports)
{
	struct report r;
	size_t seen = 0;
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(fds[0]);
		report_fd = fds[1];
		child();
	}
	close(fds[1]);
	if (reports == 0)
		kill(pid, SIGKILL); /* as it opens, or before */
	while (read(fds[0], &r, sizeof(r)) == sizeof(r)) {
		ck_assert_uint_lt(r.session, SESSIONS);
		ck_assert_uint_gt(r.version, version[r.session]);
		version[r.session] = r.version;
		if (++seen == reports)
			kill(pid, SIGKILL);
	}
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return seen;
}

struct audit_check {
	uint64_t last[SESSIONS];
	uint64_t seq;
};

static int check_line(void *user, const struct jvpn_store_audit_entry *entry)
{
	struct audit_check *c = user;
	unsigned long long v;
	unsigned int n;

	ck_assert_int_eq(sscanf((const char *)entry->data, "%u:%llu", &n, &v), 2);
	ck_assert_uint_lt(n, SESSIONS);
	ck_assert_uint_eq(v, c->last[n] + 1);
	ck_assert_uint_eq(entry->seq, c->seq + 1);
	c->last[n] = v;
	c->seq = entry->seq;
	return 0;
}

static void check_integrity(void)
{
	sqlite3_stmt *st;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(f.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* Nothing acknowledged is lost, every version has its line, and the store says the same. */
static void check_store(void)
{
	static struct audit_check c; /* goes on where the last round ended */
	uint64_t stored[SESSIONS] = {0};

	ck_assert_msg(fixture_open(&f) == 0, "%s", f.error);
	check_integrity();
	ck_assert_int_eq(jvpn_store_load(f.store, take_version, stored, f.error), 0);
	ck_assert_int_eq(jvpn_store_audit(f.store, c.seq, check_line, &c, f.error), 0);
	for (int n = 0; n < SESSIONS; n++) {
		ck_assert_msg(stored[n] >= version[n], "session %d: %llu acknowledged, %llu stored",
			      n, (unsigned long long)version[n], (unsigned long long)stored[n]);
		ck_assert_uint_eq(c.last[n], stored[n]);
		version[n] = stored[n];
	}
	fixture_close(&f);
}

START_TEST(store_crash__kill_at_random_points__loses_nothing_acknowledged)
{
	uint64_t rounds = number("JVPN_CRASH_ROUNDS", 60), acknowledged = 0;
	struct jvpn_rng rng;

	jvpn_rng_init(&rng, number("JVPN_CRASH_SEED", 1));
	fixture_init(&f, JVPN_STORE_BACKEND_SQLITE);
	for (uint64_t i = 0; i < rounds; i++) {
		acknowledged += live_and_die(jvpn_rng_below(&rng, i % 4 == 0 ? 3 : 300));
		check_store();
	}
	fprintf(stderr, "# store_crash: %llu kills, %llu acknowledged commits, 0 lost\n",
		(unsigned long long)rounds, (unsigned long long)acknowledged);
	fixture_clear(&f);
}
END_TEST

UNIT_TESTS(store_crash)
{
	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, store_crash__kill_at_random_points__loses_nothing_acknowledged);
}
