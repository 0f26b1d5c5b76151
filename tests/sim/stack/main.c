/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sim-stack: without options the suite of "make check" (TAP), with options one seed or many.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "stack.h"

#define SUITE_SEEDS 50
#define SUITE_TWICE 5 /* so many of them are run twice */

static const char usage[] =
	"usage: sim-stack [--seed S] [--seeds COUNT] [--trace] [--logs] [--events DIR]\n"
	"\n"
	"A real server and real clients in virtual time; everything follows from the seed. Without\n"
	"options: the seeds of tests/sim/stack/seeds and 50 more, as TAP.\n"
	"  --seed S       the first seed (default 1)\n"
	"  --seeds COUNT  so many seeds, one after the other (default 1)\n"
	"  --trace        print what happens\n"
	"  --events DIR   appends the event lines of each node to DIR/NODE.jsonl, writes DIR/policy.yaml\n"
	"  --logs         with it the programs' own log lines\n";

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text ? text : "", &end, 0);

	if (!text || !*text || *end) {
		fputs(usage, stderr);
		exit(2);
	}
	return value;
}

static bool run(const struct stack_options *options, uint64_t *hash)
{
	bool good = stack_run(options);
	const struct stack_counts *n = &stack.n;

	printf("# seed %" PRIu64 ": %zu clients, %" PRIu64 " s, %" PRIu64 " turns, %" PRIu64
	       " datagrams, %" PRIu64 " inner packets, %" PRIu64 " faults (%" PRIu64
	       " rebindings, %" PRIu64 " kills), %" PRIu64 " sessions, %" PRIu64
	       " switches, hash %016" PRIx64 ", %s\n",
	       options->seed, stack.nodes - 1, (stack.now_ns - 1000 * STACK_S) / STACK_S, n->turns,
	       n->datagrams, n->inner, n->faults, n->rebinds, n->kills, n->sessions, n->switches,
	       stack.hash, good ? "good" : "VIOLATION");
	if (!good)
		stack_show();
	fflush(stdout);
	*hash = stack.hash;
	return good;
}

/* ---- the suite ---- */

static int number_of;

static int one(uint64_t seed, bool twice)
{
	struct stack_options options = {.seed = seed};
	uint64_t hash, again;
	bool good = run(&options, &hash);
	int failed = !good;

	printf("%sok %d - seed %" PRIu64 "\n", good ? "" : "not ", ++number_of, seed);
	if (!twice)
		return failed;
	run(&options, &again);
	printf("%sok %d - seed %" PRIu64 ": the same twice\n", hash == again ? "" : "not ",
	       ++number_of, seed);
	return failed + (hash != again);
}

/* Seeds that found something once. */
static int remembered(void)
{
	const char *top = getenv("JVPN_SRCDIR");
	char path[512], line[256];
	int failed = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/sim/stack/seeds", top ? top : ".");
	f = fopen(path, "r");
	if (!f) {
		printf("not ok %d - cannot read %s\n", ++number_of, path);
		return 1;
	}
	while (fgets(line, sizeof(line), f))
		if (line[0] >= '0' && line[0] <= '9')
			failed += one(strtoull(line, NULL, 10), false);
	fclose(f);
	return failed;
}

static int suite(void)
{
	int failed = remembered();

	for (uint64_t seed = 1; seed <= SUITE_SEEDS; seed++)
		failed += one(seed, seed <= SUITE_TWICE);
	printf("1..%d\n", number_of);
	return failed;
}

int main(int argc, char **argv)
{
	struct stack_options options = {.seed = 1};
	uint64_t seeds = 1, hash;
	int failed = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--trace"))
			options.trace = true;
		else if (!strcmp(argv[i], "--logs"))
			options.logs = true;
		else if (!strcmp(argv[i], "--events") && i + 1 < argc)
			options.events = argv[++i];
		else if (!strcmp(argv[i], "--seed"))
			options.seed = number(argv[++i]);
		else if (!strcmp(argv[i], "--seeds"))
			seeds = number(argv[++i]);
		else
			number(NULL);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	jvpn_log_init("sim", options.logs ? JVPN_LOG_DEBUG : JVPN_LOG_ERROR);
	stack_files_make();
	if (argc == 1)
		failed = suite();
	else
		for (uint64_t i = 0; i < seeds; i++, options.seed++)
			failed += !run(&options, &hash);
	stack_files_remove();
	if (seeds > 1)
		printf("# %" PRIu64 " seeds, %d with violations\n", seeds, failed);
	return failed ? 1 : 0;
}
