/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event log of a run: every line goes into the hash, the last ones are kept for the failure, all
 * are printed with --trace. Times are virtual; nothing in a line depends on the machine.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

static uint64_t fold(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL;
	return hash;
}

static void add_line(struct sim *w, const char *format, va_list args)
{
	char *line = w->ring[w->lines % SIM_RING];
	int n = snprintf(line, SIM_LINE, "%" PRIu64 ".%06" PRIu64 " ", w->now_ns / SIM_S,
			 w->now_ns % SIM_S / (SIM_MS / 1000));

	vsnprintf(line + n, SIM_LINE - (size_t)n, format, args);
	w->hash = fold(w->hash, line);
	w->lines++;
	if (w->options.trace)
		puts(line);
}

void sim_log(struct sim *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(w, format, args);
	va_end(args);
}

void sim_fail(struct sim *w, const char *format, ...)
{
	va_list args;

	if (w->failed)
		return;
	w->failed = true;
	va_start(args, format);
	vsnprintf(w->failure, sizeof(w->failure), format, args);
	va_end(args);
	sim_log(w, "VIOLATION %.180s", w->failure);
}

void sim_print_failure(const struct sim *w)
{
	uint64_t first = w->lines > SIM_RING ? w->lines - SIM_RING : 0;

	printf("# violation: %s\n", w->failure);
	printf("# seed %" PRIu64 ", step %" PRIu64 ", virtual time %" PRIu64
	       " ms; the last lines:\n",
	       w->options.seed, w->n.steps, w->now_ns / SIM_MS);
	for (uint64_t i = first; i < w->lines; i++)
		printf("#   %s\n", w->ring[i % SIM_RING]);
	printf("# reproduce: %s --seed %" PRIu64 " --events %" PRIu64
	       " --policy %s --faults 0x%x --trace\n",
	       w->options.argv0, w->options.seed, w->options.events, w->options.policy,
	       w->options.faults);
}

static void print_reasons(const char *what, const uint64_t *count)
{
	printf("# %s:", what);
	for (int i = 0; i < JVPN_REASON_COUNT; i++)
		if (count[i])
			printf(" %s %" PRIu64, i ? jvpn_reason_name((enum jvpn_reason)i) : "?",
			       count[i]);
	printf("\n");
}

void sim_print_counts(const struct sim_counts *n)
{
	printf("# transitions:");
	for (int from = 1; from < JVPN_STATE_COUNT; from++)
		for (int to = 1; to < JVPN_STATE_COUNT; to++)
			if (n->transition[from][to])
				printf(" %s>%s %" PRIu64, jvpn_state_name((enum jvpn_state)from),
				       jvpn_state_name((enum jvpn_state)to),
				       n->transition[from][to]);
	printf("\n");
	print_reasons("denied", n->denied);
	print_reasons("ended", n->ended);
	printf("# %" PRIu64 " sessions, %" PRIu64 " commits, %" PRIu64 " switches (%" PRIu64
	       " exempt), %" PRIu64 " hostile events, %" PRIu64 " of a misbehaving key holder\n",
	       n->sessions, n->commits, n->switches, n->exempt_switches, n->hostile,
	       n->verified_hostile);
	printf("# paths: %" PRIu64 " validated, %" PRIu64 " failed, %" PRIu64
	       " superseded; %" PRIu64 " packets, %" PRIu64 " inner; %" PRIu64
	       " store faults, %" PRIu64 " lost to others\n",
	       n->path_validated, n->path_failed, n->path_superseded, n->packets, n->data,
	       n->store_faults, n->dropped);
	printf("# %" PRIu64 " restarts, %" PRIu64 " drains, %" PRIu64 " client restarts, %" PRIu64
	       " healings (longest %" PRIu64 " ms), %" PRIu64 " steps made twice\n",
	       n->restarts, n->drains, n->client_restarts, n->heals, n->heal_ns_max / SIM_MS,
	       n->rechecked);
}
