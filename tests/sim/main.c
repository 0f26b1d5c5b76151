/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jvpn-sim: without options the suite of "make check" (TAP), with options one run or many.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

#define SUITE_EVENTS 150000

static const char *const fault_names[] = {"loss",    "nat",    "iface",    "death",
					  "restart", "client", "store",    "attack",
					  "facts",   "policy", "operator", "owner"};

static const char usage[] =
	"usage: jvpn-sim [--events N] [--seed S] [--seeds COUNT] [--policy default|bench|tight]\n"
	"                [--faults NAME,...|all|none|0xMASK] [--trace] [--quiet]\n"
	"\n"
	"Runs clients and a server of the session core in virtual time; everything follows from the\n"
	"seed. Without options: the suite of 'make check', as TAP.\n"
	"  --events N     steps of the core (default 1000000)\n"
	"  --seed S       the first seed (default 1)\n"
	"  --seeds COUNT  so many seeds, one after the other (default 1)\n"
	"  --trace        print the event log\n"
	"  --quiet        one line a seed\n"
	"faults: loss nat iface death restart client store attack facts policy operator owner\n";

struct arguments {
	struct sim_options sim;
	uint64_t seeds;
	bool quiet, suite;
};

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (!*text || *end) {
		fprintf(stderr, "jvpn-sim: not a number: %s\n", text);
		exit(2);
	}
	return value;
}

static uint32_t one_fault(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(fault_names) / sizeof(fault_names[0]); i++)
		if (strlen(fault_names[i]) == len && !strncmp(fault_names[i], name, len))
			return 1U << i;
	fprintf(stderr, "jvpn-sim: no such fault: %.*s\n", (int)len, name);
	exit(2);
}

static uint32_t faults(const char *text)
{
	uint32_t mask = 0;

	if (!strcmp(text, "all"))
		return SIM_FAULT_ALL;
	if (!strcmp(text, "none"))
		return 0;
	if (!strncmp(text, "0x", 2))
		return (uint32_t)number(text);
	while (*text) {
		size_t len = strcspn(text, ",");

		mask |= one_fault(text, len);
		text += len + (text[len] == ',');
	}
	return mask;
}

static void take_option(struct arguments *a, const char *name, const char *value)
{
	if (!strcmp(name, "--events"))
		a->sim.events = number(value);
	else if (!strcmp(name, "--seed"))
		a->sim.seed = number(value);
	else if (!strcmp(name, "--seeds"))
		a->seeds = number(value);
	else if (!strcmp(name, "--policy"))
		a->sim.policy = value;
	else if (!strcmp(name, "--faults"))
		a->sim.faults = faults(value);
	else {
		fputs(usage, stderr);
		exit(2);
	}
}

static void parse(int argc, char **argv, struct arguments *a)
{
	a->suite = argc == 1;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			fputs(usage, stdout);
			exit(0);
		}
		if (!strcmp(argv[i], "--trace"))
			a->sim.trace = true;
		else if (!strcmp(argv[i], "--quiet"))
			a->quiet = true;
		else if (i + 1 < argc)
			take_option(a, argv[i], argv[i + 1]), i++;
		else
			take_option(a, "", "");
	}
}

/* One run; the hash of its event log in *hash. */
static bool run(const struct arguments *a, uint64_t seed, uint64_t *hash, uint64_t *steps)
{
	struct sim_options options = a->sim;
	struct timespec from, to;
	double seconds;
	struct sim *w;
	bool good;

	options.seed = seed;
	w = sim_new(&options);
	clock_gettime(CLOCK_MONOTONIC, &from);
	good = sim_run(w);
	clock_gettime(CLOCK_MONOTONIC, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("# seed %" PRIu64 " policy %s: %" PRIu64 " events, %" PRIu64
	       " s of virtual time, hash %016" PRIx64 ", %.0f events/s, %s\n",
	       seed, options.policy, w->n.steps, w->now_ns / SIM_S, w->hash,
	       (double)w->n.steps / (seconds > 0 ? seconds : 1), good ? "good" : "VIOLATION");
	if (!a->quiet)
		sim_print_counts(&w->n);
	if (!good)
		sim_print_failure(w);
	fflush(stdout);
	*hash = w->hash;
	*steps += w->n.steps;
	sim_free(w);
	return good;
}

/* ---- the suite ---- */

static int suite(struct arguments *a)
{
	static const char *const policies[] = {"default", "bench", "tight"};
	uint64_t hash, again, steps = 0;
	int number_of = 0, failed = 0;
	bool good;

	a->sim.events = SUITE_EVENTS;
	a->quiet = true;
	for (int p = 0; p < 3; p++)
		for (uint64_t seed = 1; seed <= 2; seed++) {
			a->sim.policy = policies[p];
			good = run(a, seed, &hash, &steps);
			printf("%sok %d - policy %s, seed %" PRIu64 ": no violation\n",
			       good ? "" : "not ", ++number_of, policies[p], seed);
			failed += !good;
			if (seed > 1)
				continue;
			run(a, seed, &again, &steps);
			printf("%sok %d - policy %s, seed %" PRIu64 ": the same event log twice\n",
			       hash == again ? "" : "not ", ++number_of, policies[p], seed);
			failed += hash != again;
		}
	good = steps >= 1000000;
	number_of++;
	printf("%sok %d - %" PRIu64 " events, at least 10^6\n1..%d\n", good ? "" : "not ",
	       number_of, steps, number_of);
	return failed || !good;
}

int main(int argc, char **argv)
{
	struct arguments a = {.sim = {.seed = 1,
				      .events = 1000000,
				      .policy = "default",
				      .faults = SIM_FAULT_ALL,
				      .argv0 = "tests/sim/jvpn-sim"},
			      .seeds = 1};
	uint64_t hash, steps = 0;
	int failed = 0;

	parse(argc, argv, &a);
	if (a.suite)
		return suite(&a);
	for (uint64_t i = 0; i < a.seeds; i++)
		failed += !run(&a, a.sim.seed + i, &hash, &steps);
	if (a.seeds > 1)
		printf("# %" PRIu64 " seeds, %" PRIu64 " events, %d with violations\n", a.seeds,
		       steps, failed);
	return failed ? 1 : 0;
}
