/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Virtual time: who gets the next turn. For tests only.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/invariant.h"
#include "stack.h"

#define START_NS (1000 * STACK_S)
#define SPIN_MAX 5000 /* turns at one moment */
#define ROUNDS   6
#define SESSIONS 64
/* A minute's budget of switches, recovery window, cooldown, detection, and the dial's back-off. */
#define HEAL_NS (90 * STACK_S)

struct stack stack;

static const struct {
	const char *text;
	uint64_t ttl_ms;
} policies[] = {
	{"", 600000},
	{"session:\n  transport_lost_ttl_ms: 15000\nswitching:\n  switch_cooldown_ms: 300\n"
	 "  max_switches_per_min: 30\n",
	 15000},
	{"session:\n  transport_lost_ttl_ms: 4000\nswitching:\n  switch_cooldown_ms: 0\n"
	 "  recovery_window_ms: 2000\n  max_switches_per_min: 60\nvolatility:\n"
	 "  path_silence_ms: 150\n",
	 4000},
};

/* ---- turns ---- */

static void start_node(struct stack_node *node)
{
	if (node->index)
		stack_client_start(node);
	else
		stack_server_start();
}

static void end_node(struct stack_node *node, bool kill)
{
	if (node->index)
		stack_client_end(node, kill);
	else
		stack_server_end(kill);
}

/* A program that has ended by itself is only started again when somebody had asked it to end. */
static void turn(struct stack_node *node)
{
	int code;

	stack.current = node;
	stack_loop_turn(node->loop);
	stack.n.turns++;
	stack_oracle_turn(node);
	if (!stack_loop_stopped(node->loop, &code))
		return;
	stack_log("ended with code %d", code);
	end_node(node, false);
	if (code)
		stack_fail("%s gave up", node->name);
}

static bool turn_all(void)
{
	bool any = false;

	for (size_t i = 0; i < stack.nodes; i++) {
		struct stack_node *node = &stack.node[i];

		if (!node->running && node->pause_until_ns <= stack.now_ns && !stack.ending)
			start_node(node);
		if (node->running && node->loop && stack_loop_ready(node->loop)) {
			turn(node);
			any = true;
		}
	}
	stack.current = NULL;
	return any;
}

static void run_flow(struct stack_node *node, bool up)
{
	struct stack_flow *flow = up ? &node->up : &node->down;

	if (!flow->interval_ns || flow->next_ns > stack.now_ns)
		return;
	stack_tun_send(node, up);
	flow->next_ns = stack.now_ns + flow->interval_ns;
}

static uint64_t next_moment(void)
{
	uint64_t next = jvpn_time_min(stack_net_next(), stack_chaos_next());

	next = jvpn_time_min(next, stack_disk_next());
	for (size_t i = 0; i < stack.nodes; i++) {
		const struct stack_node *node = &stack.node[i];

		if (node->running && node->loop)
			next = jvpn_time_min(next, stack_loop_deadline(node->loop));
		else if (!stack.ending)
			next = jvpn_time_min(next, node->pause_until_ns);
		if (i && node->up.interval_ns)
			next = jvpn_time_min(next, node->up.next_ns);
		if (i && node->down.interval_ns)
			next = jvpn_time_min(next, node->down.next_ns);
	}
	return next;
}

static void moment(void)
{
	int spins = 0;

	stack_chaos_act();
	for (size_t i = 1; i < stack.nodes; i++) {
		run_flow(&stack.node[i], true);
		run_flow(&stack.node[i], false);
	}
	do {
		stack_disk_run();
		stack_net_deliver();
		if (++spins > SPIN_MAX)
			stack_fail("the loops spin");
	} while (turn_all() && !stack.failed);
}

static void run_until(uint64_t until_ns)
{
	while (!stack.failed && stack.now_ns < until_ns) {
		uint64_t next = next_moment();

		if (next > stack.now_ns)
			stack.now_ns = next < until_ns ? next : until_ns;
		moment();
	}
}

/* ---- attacks ---- */

static size_t digests(uint64_t out[SESSIONS])
{
	const struct jvpn_driver *d = stack_server_driver();
	struct jvpn_witness witness;
	size_t n = 0;

	for (const struct jvpn_live *l = d ? d->lives : NULL; l && n < SESSIONS; l = l->next) {
		jvpn_invariant_capture(&l->core, &witness);
		out[n++] = witness.digest;
	}
	return n;
}

/* Some datagrams once more, from elsewhere or with a bit changed, in a turn of their own: not a byte
 * of any session may change (I10). */
void stack_replay(void)
{
	uint64_t before[SESSIONS], after[SESSIONS];
	size_t n, m;
	bool any = false;

	if (!stack.node[0].running)
		return;
	while (turn_all() && !stack.failed)
		;
	n = digests(before);
	for (int i = (int)stack_between(1, 20); i > 0; i--)
		any |= stack_net_replay(stack_chance(300000));
	if (!any || stack.failed)
		return;
	turn(&stack.node[0]);
	stack.current = NULL;
	m = digests(after);
	if (n != m || memcmp(before, after, n * sizeof(before[0])) != 0)
		stack_fail("I10: replayed datagrams changed a session");
}

/* ---- a run ---- */

static void make_nodes(void)
{
	stack.nodes = 1 + stack_between(1, STACK_CLIENTS);
	snprintf(stack.node[0].name, sizeof(stack.node[0].name), "server");
	stack.node[0].pause_until_ns = stack.now_ns;
	for (size_t i = 1; i < stack.nodes; i++) {
		struct stack_node *node = &stack.node[i];

		node->index = (int)i;
		snprintf(node->name, sizeof(node->name), "client%zu", i);
		node->links = stack_between(1, STACK_LINKS);
		node->ports = stack_chance(300000) ? 2 : 1;
		node->pause_until_ns = stack.now_ns + stack_between(0, 2000) * STACK_MS;
		for (size_t l = 0; l < node->links; l++) {
			node->link[l].up = true;
			node->link[l].host = 2;
			node->link[l].mtu = stack_between(1280, 1500) - 28;
			node->link[l].external = STACK_INNET(203, 0, 113, i * 32 + l * 8);
		}
	}
}

static void reset(const struct stack_options *options)
{
	char dir[sizeof(stack.dir)];
	size_t policy;

	memcpy(dir, stack.dir, sizeof(dir));
	memset(&stack, 0, sizeof(stack));
	memcpy(stack.dir, dir, sizeof(dir));
	stack.options = *options;
	stack.now_ns = START_NS;
	stack.hash = 0xcbf29ce484222325ULL;
	jvpn_rng_init(&stack.rng, options->seed);
	jvpn_rng_init(&stack.secret, ~options->seed);
	stack.durable = stack_chance(800000);
	policy = stack_between(0, sizeof(policies) / sizeof(policies[0]) - 1);
	stack.policy = policies[policy].text;
	stack.ttl_ms = policies[policy].ttl_ms;
	stack_net_clear();
	stack_disk_clear();
	stack_stream_reset();
	stack_oracle_reset();
	make_nodes();
	stack_files_configure();
}

static void weather_the_storm(void)
{
	stack.calm = false;
	stack_log("-- storm");
	stack_chaos_begin();
	run_until(stack.now_ns + stack_between(2, 12) * STACK_S);
	stack.calm = true;
	stack.calm_since_ns = stack.now_ns;
	stack_log("-- calm");
	stack_chaos_heal();
	while (!stack.failed && !stack_oracle_whole()) {
		run_until(stack.now_ns + 100 * STACK_MS);
		if (stack.now_ns - stack.calm_since_ns > HEAL_NS)
			stack_oracle_explain();
	}
	run_until(stack.now_ns + stack_between(0, 1500) * STACK_MS);
}

/* Everybody goes home: first the clients, in order. */
static void end_all(void)
{
	stack.ending = true;
	for (size_t i = stack.nodes; i-- > 0 && !stack.failed;) {
		if (!stack.node[i].running)
			continue;
		stack.n.stops += i == 0;
		stack_loop_signal(stack.node[i].loop, SIGTERM);
		for (int k = 0; k < 200 && stack.node[i].running && !stack.failed; k++)
			run_until(stack.now_ns + 50 * STACK_MS);
	}
	for (size_t i = 0; i < stack.nodes; i++) {
		if (stack.node[i].running) {
			if (!stack.failed)
				stack_fail("%s does not end", stack.node[i].name);
			end_node(&stack.node[i], true);
		}
		free(stack.node[i].up.seen);
		free(stack.node[i].down.seen);
	}
	stack_net_clear();
	stack_disk_clear();
}

bool stack_run(const struct stack_options *options)
{
	reset(options);
	for (int i = 0; i < ROUNDS && !stack.failed; i++)
		weather_the_storm();
	end_all();
	return !stack.failed;
}
