/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many compare-and-swaps a second the SQLite store makes durable, with 'depth' operations in
 * flight, and how long one takes from submit to dispatch.
 *
 * usage: bench_store DIRECTORY [OPERATIONS [SESSIONS]]
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "store/store.h"

#define RECORD_BYTES 600 /* a session with two addresses, its seal and a used replay window */
#define LINE_BYTES   350 /* a SessionStateChange line */
#define DEPTH_MAX    1024

static struct jvpn_store *store;
static uint64_t *version, *latency_ns;
static bool *busy;
static size_t done, failed;

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * JVPN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void on_result(void *user, const struct jvpn_store_result *result)
{
	(void)user;
	if (result->status != JVPN_STORE_OK)
		failed++;
	version[result->tag] = result->to_version;
	busy[result->tag] = false;
	latency_ns[done++] = result->latency_ns;
}

static void submit(size_t n)
{
	static uint8_t record[RECORD_BYTES], text[LINE_BYTES];
	struct jvpn_store_line line = {text, sizeof(text)};
	struct jvpn_store_op op = {
		.kind = JVPN_STORE_OP_CAS,
		.tag = n,
		.from_version = version[n],
		.to_version = version[n] + 1,
		.nonce = {1, version[n] + 1},
		.state = JVPN_STATE_ATTACHED,
		.record = record,
		.record_len = sizeof(record),
		.line = &line,
		.line_count = 1,
	};

	memcpy(op.id.b, &n, sizeof(n));
	busy[n] = true;
	if (jvpn_store_submit(store, &op, clock_ns()))
		failed++;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void run(size_t depth, size_t operations, size_t sessions)
{
	struct pollfd watch = {.fd = jvpn_store_fd(store), .events = POLLIN};
	struct jvpn_store_stats before, after;
	uint64_t begin_ns, ns;
	size_t sent = 0, next = 0;

	done = 0;
	jvpn_store_get_stats(store, &before);
	begin_ns = clock_ns();
	while (done < operations) {
		for (; sent < operations && jvpn_store_pending(store) < depth; next++) {
			if (busy[next % sessions])
				continue;
			submit(next % sessions);
			sent++;
		}
		poll(&watch, 1, -1);
		jvpn_store_dispatch(store, clock_ns());
	}
	ns = clock_ns() - begin_ns;
	jvpn_store_get_stats(store, &after);
	qsort(latency_ns, operations, sizeof(*latency_ns), ascending);
	printf("%5zu in flight: %7.0f CAS/s  %5.1f a commit  p50 %7.0f us  p99 %7.0f us  max %7.0f us\n",
	       depth, (double)operations * 1e9 / (double)ns,
	       (double)operations / (double)(after.commits - before.commits),
	       (double)latency_ns[operations / 2] / 1e3,
	       (double)latency_ns[operations * 99 / 100] / 1e3,
	       (double)latency_ns[operations - 1] / 1e3);
}

int main(int argc, char **argv)
{
	static const size_t depth[] = {1, 16, 64, DEPTH_MAX};
	size_t operations = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
	size_t sessions = argc > 3 ? strtoul(argv[3], NULL, 10) : 10000;
	struct jvpn_store_config config = {.backend = JVPN_STORE_BACKEND_SQLITE,
					   .on_result = on_result,
					   .clock_ns = clock_ns,
					   .timeout_ms = 60000};
	char path[4096], error[JVPN_STORE_ERROR_MAX];

	if (argc < 2 || operations == 0 || sessions <= DEPTH_MAX) {
		fputs("usage: bench_store DIRECTORY [OPERATIONS [SESSIONS (over 1024)]]\n", stderr);
		return 2;
	}
	snprintf(path, sizeof(path), "%s/bench-%ld.db", argv[1], (long)getpid());
	config.path = path;
	version = calloc(sessions, sizeof(*version));
	busy = calloc(sessions, sizeof(*busy));
	latency_ns = calloc(operations + sessions, sizeof(*latency_ns));
	if (!version || !busy || !latency_ns ||
	    jvpn_store_open(&config, &store, error, sizeof(error))) {
		fprintf(stderr, "bench_store: %s\n", error);
		return 1;
	}
	printf("SQLite store, %zu sessions, record %d + audit line %d octets; filling:\n", sessions,
	       RECORD_BYTES, LINE_BYTES);
	run(64, sessions, sessions);
	for (size_t i = 0; i < sizeof(depth) / sizeof(depth[0]); i++)
		run(depth[i], operations, sessions);
	jvpn_store_close(store);
	printf("failed: %zu; the file stays: %s\n", failed, path);
	return failed != 0;
}
