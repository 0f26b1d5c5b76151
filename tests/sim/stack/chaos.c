/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What goes wrong, and when; and the calm afterwards. For tests only.
 */
#include <signal.h>
#include <string.h>

#include "stack.h"

#define FAULT_MIN_MS 20
#define FAULT_MAX_MS 1500

/* What will be repaired by itself. */
struct repair {
	uint64_t at_ns; /* 0: nothing is broken */
	int kind;
};

enum fault {
	FAULT_REBIND_PORT,
	FAULT_REBIND_ADDRESS,
	FAULT_OWN_ADDRESS,
	FAULT_DEATH,
	FAULT_HALF_DEATH,
	FAULT_INTERFACE,
	FAULT_LOSS,
	FAULT_WEATHER,
	FAULT_TRAFFIC,
	FAULT_REPLAY,
	FAULT_ICMP,
	FAULT_SERVER_KILL,
	FAULT_SERVER_STOP,
	FAULT_COUNT
};

static const struct {
	const char *name;
	unsigned weight; /* of 1000 */
} faults[FAULT_COUNT] = {
	[FAULT_REBIND_PORT] = {"NAT forgets its ports", 130},
	[FAULT_REBIND_ADDRESS] = {"NAT has a new address", 50},
	[FAULT_OWN_ADDRESS] = {"another address", 30},
	[FAULT_DEATH] = {"silent death", 110},
	[FAULT_HALF_DEATH] = {"half a silent death", 60},
	[FAULT_INTERFACE] = {"interface gone", 80},
	[FAULT_LOSS] = {"loss", 90},
	[FAULT_WEATHER] = {"weather", 120},
	[FAULT_TRAFFIC] = {"traffic", 180},
	[FAULT_REPLAY] = {"replay", 100},
	[FAULT_ICMP] = {"forged ICMP error", 30},
	[FAULT_SERVER_KILL] = {"server killed", 10},
	[FAULT_SERVER_STOP] = {"server stopped", 10},
};

static struct repair repairs[STACK_NODES][STACK_LINKS];
static uint64_t next_fault_ns;

static void make_weather(struct stack_link *link, bool calm)
{
	static const uint64_t delays_ms[] = {1, 5, 10, 20, 40, 80, 150, 300};

	link->delay_ns = delays_ms[stack_between(0, calm ? 5 : 7)] * STACK_MS;
	link->jitter_ns = calm ? 0 : stack_between(0, link->delay_ns);
	link->burst_ppm = calm ? 0 : (uint32_t)stack_between(0, 3000);
	link->twice_ppm = calm ? 0 : (uint32_t)stack_between(0, 100000);
	link->late_ppm = calm ? 0 : (uint32_t)stack_between(0, 20000);
	for (int i = 0; i < 2; i++)
		link->loss_ppm[i] = calm ? 0 : (uint32_t)stack_between(0, 20000);
}

static void make_traffic(struct stack_flow *flow, bool calm)
{
	static const uint64_t intervals_ms[] = {0, 0, 5, 20, 20, 100, 400, 1000};

	flow->interval_ns = calm ? 100 * STACK_MS : intervals_ms[stack_between(0, 7)] * STACK_MS;
	flow->next_ns = stack.now_ns + stack_between(0, 50) * STACK_MS;
	flow->size = stack_between(60, 1100);
}

static void break_link(struct stack_node *node, size_t l, enum fault fault)
{
	struct stack_link *link = &node->link[l];

	link->up = fault != FAULT_INTERFACE;
	link->dead[0] = link->dead[1] = fault == FAULT_DEATH;
	if (fault == FAULT_HALF_DEATH)
		link->dead[stack_between(0, 1)] = true;
	if (fault == FAULT_LOSS)
		for (int i = 0; i < 2; i++)
			link->loss_ppm[i] = (uint32_t)stack_between(0, 700000);
	repairs[node->index][l].at_ns =
		stack.now_ns + stack_between(50, stack_chance(200000) ? 12000 : 3000) * STACK_MS;
}

static void repair_link(struct stack_node *node, size_t l)
{
	struct stack_link *link = &node->link[l];

	link->up = true;
	link->dead[0] = link->dead[1] = false;
	link->loss_ppm[0] = link->loss_ppm[1] = 0;
	repairs[node->index][l].at_ns = 0;
	stack_log("%s link%zu is back", node->name, l);
}

static void start_server_later(void)
{
	stack.node[0].pause_until_ns = stack.now_ns + stack_between(1, 4000) * STACK_MS;
}

static void server_fault(enum fault fault)
{
	if (!stack.node[0].running)
		return;
	if (fault == FAULT_SERVER_KILL) {
		stack.n.kills++;
		stack_server_end(true);
		start_server_later();
	} else {
		stack.n.stops++;
		stack_loop_signal(stack.node[0].loop, SIGTERM);
		start_server_later();
	}
}

static void strike(enum fault fault)
{
	struct stack_node *node = &stack.node[stack_between(1, stack.nodes - 1)];
	size_t link = stack_between(0, node->links - 1);

	stack.n.faults++;
	if (fault != FAULT_REPLAY)
		stack_log("%s link%zu: %s", node->name, link, faults[fault].name);
	switch (fault) {
	case FAULT_REBIND_PORT:
	case FAULT_REBIND_ADDRESS:
		stack.n.rebinds++;
		stack_net_rebind(node, link, fault == FAULT_REBIND_ADDRESS);
		break;
	case FAULT_OWN_ADDRESS:
		node->link[link].host++;
		stack_net_rebind(node, link, false);
		break;
	case FAULT_DEATH:
	case FAULT_HALF_DEATH:
	case FAULT_INTERFACE:
	case FAULT_LOSS:
		break_link(node, link, fault);
		break;
	case FAULT_WEATHER:
		make_weather(&node->link[link], false);
		break;
	case FAULT_TRAFFIC:
		make_traffic(stack_chance(500000) ? &node->up : &node->down, false);
		break;
	case FAULT_REPLAY:
		stack_replay();
		break;
	case FAULT_ICMP:
		stack_net_forge_hint(node);
		break;
	case FAULT_SERVER_KILL:
	case FAULT_SERVER_STOP:
		server_fault(fault);
		break;
	case FAULT_COUNT:
		break;
	}
}

static enum fault choose(void)
{
	uint64_t dice = stack_between(0, 999);
	int f = 0;

	while (dice >= faults[f].weight)
		dice -= faults[f++].weight;
	return (enum fault)f;
}

void stack_chaos_begin(void)
{
	memset(repairs, 0, sizeof(repairs));
	next_fault_ns = stack.now_ns + stack_between(0, FAULT_MAX_MS) * STACK_MS;
	for (size_t i = 1; i < stack.nodes; i++) {
		for (size_t l = 0; l < stack.node[i].links; l++)
			make_weather(&stack.node[i].link[l], stack_chance(500000));
		make_traffic(&stack.node[i].up, false);
		make_traffic(&stack.node[i].down, false);
	}
}

void stack_chaos_act(void)
{
	for (size_t i = 1; i < stack.nodes; i++)
		for (size_t l = 0; l < stack.node[i].links; l++)
			if (repairs[i][l].at_ns && repairs[i][l].at_ns <= stack.now_ns)
				repair_link(&stack.node[i], l);
	if (stack.calm || next_fault_ns > stack.now_ns)
		return;
	next_fault_ns = stack.now_ns + stack_between(FAULT_MIN_MS, FAULT_MAX_MS) * STACK_MS;
	strike(choose());
}

uint64_t stack_chaos_next(void)
{
	uint64_t next = stack.calm ? JVPN_TIME_NEVER : next_fault_ns;

	for (size_t i = 1; i < stack.nodes; i++)
		for (size_t l = 0; l < stack.node[i].links; l++)
			if (repairs[i][l].at_ns)
				next = jvpn_time_min(next, repairs[i][l].at_ns);
	return next;
}

void stack_chaos_heal(void)
{
	memset(repairs, 0, sizeof(repairs));
	for (size_t i = 1; i < stack.nodes; i++) {
		struct stack_node *node = &stack.node[i];

		for (size_t l = 0; l < node->links; l++) {
			repair_link(node, l);
			make_weather(&node->link[l], true);
		}
		make_traffic(&node->up, true);
		make_traffic(&node->down, true);
		node->up.received_calm = node->down.received_calm = 0;
		node->pause_until_ns = jvpn_time_min(node->pause_until_ns, stack.now_ns);
	}
}
