/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What goes wrong, when, and the calm after it, in which every session must become whole again.
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static struct sim_iface *any_iface(struct sim *w, uint8_t *client)
{
	*client = (uint8_t)sim_below(w, w->clients);
	return &w->client[*client].iface[sim_below(w, SIM_IFACES)];
}

static uint64_t new_tuple(struct sim *w)
{
	return ++w->next_tuple;
}

static void rebind(struct sim *w)
{
	uint8_t client;
	struct sim_iface *f = any_iface(w, &client);
	uint64_t before = f->nat;

	/* Sometimes back to where it came from. */
	f->nat = sim_chance(w, 150000) && f->nat_before ? f->nat_before : new_tuple(w);
	f->nat_before = before;
	sim_log(w, "client %u: new address and port", client);
}

static void start_spell(struct sim *w, uint32_t up_ppm, uint32_t down_ppm, uint64_t max_ms)
{
	uint8_t client;
	struct sim_iface *f = any_iface(w, &client);

	f->loss_up_ppm = up_ppm;
	f->loss_down_ppm = down_ppm;
	f->bad_until = w->now_ns + sim_between_ms(w, 50, max_ms);
	sim_log(w, "client %u: loss %u/%u ppm", client, up_ppm, down_ppm);
}

static void lose_packets(struct sim *w)
{
	uint32_t loss = 1000000;

	if (sim_chance(w, 500000))
		loss = 50000 + (uint32_t)sim_below(w, 450000);
	switch (sim_below(w, 3)) {
	case 0:
		start_spell(w, loss, 0, 8000);
		break;
	case 1:
		start_spell(w, 0, loss, 8000);
		break;
	default:
		start_spell(w, loss, loss, sim_chance(w, 100000) ? 60000 : 10000);
		break;
	}
	if (sim_chance(w, 300000))
		w->jitter_until = w->now_ns + sim_between_ms(w, 100, 5000);
}

static struct sim_conn *any_conn(struct sim *w)
{
	uint16_t first = (uint16_t)sim_below(w, SIM_CONNS);

	for (uint16_t i = 0; i < SIM_CONNS; i++) {
		struct sim_conn *c = w->conns[(first + i) % SIM_CONNS];

		if (c && c->used)
			return c;
	}
	return NULL;
}

static void iface_down(struct sim *w)
{
	uint8_t client;
	struct sim_iface *f = any_iface(w, &client);
	struct sim_item item = {
		.type = SIM_ITEM_IFACE, .b = client, .a = (uint16_t)(f - w->client[client].iface)};
	bool told = sim_chance(w, 600000);

	if (!f->up)
		return;
	f->up = false;
	f->nat_before = f->nat;
	f->nat = new_tuple(w);
	sim_push(w, &item, w->now_ns + sim_between_ms(w, 50, 15000));
	sim_log(w, "client %u: interface %u is down", client, item.a);
	for (uint16_t i = 0; told && i < SIM_CONNS; i++) {
		struct sim_conn *c = w->conns[i];

		if (c && c->used && c->client == client && c->iface == item.a)
			sim_half_lost(w, c, SIM_CLIENT_END, false);
	}
}

static void kill_connection(struct sim *w)
{
	struct sim_packet close = {.kind = SIM_CLOSE};
	struct sim_conn *c = any_conn(w);
	int end = (int)sim_below(w, 2);

	if (!c || !c->end[end].alive)
		return;
	sim_log(w, "connection %u ends at the %s", c->uid, end ? "server" : "client");
	if (sim_chance(w, 500000))
		sim_emit_packet(w, c, end, &close);
	sim_half_lost(w, c, end, false);
}

static void stop_server(struct sim *w)
{
	struct sim_item item = {.type = SIM_ITEM_SERVER_START};

	if (!w->server_up || w->draining)
		return;
	if (sim_chance(w, 400000)) {
		w->n.drains++;
		sim_server_drain(w);
		return;
	}
	w->n.restarts++;
	sim_server_stop(w);
	sim_push(w, &item, w->now_ns + sim_between_ms(w, 10, 4000));
}

static void stop_client(struct sim *w)
{
	struct sim_item item = {.type = SIM_ITEM_CLIENT_START};
	uint8_t client = (uint8_t)sim_below(w, w->clients);

	if (!w->client[client].running)
		return;
	w->n.client_restarts++;
	item.b = client;
	if (w->client[client].live && sim_chance(w, 150000)) {
		sim_terminate(w, w->client[client].live, JVPN_REASON_CLIENT_CLOSED);
		return;
	}
	sim_client_stop(w, client, sim_chance(w, 400000));
	sim_push(w, &item, w->now_ns + sim_between_ms(w, 10, 8000));
}

/* Somebody who is alive, of either role. */
static struct sim_live *any_live(struct sim *w)
{
	int first = (int)sim_below(w, SIM_LIVES);

	for (int i = 0; i < SIM_LIVES; i++) {
		struct sim_live *l = w->lives[(first + i) % SIM_LIVES];

		if (l && l->used && l->core.state != JVPN_STATE_BIRTH)
			return l;
	}
	return NULL;
}

static void operate(struct sim *w)
{
	struct jvpn_event event = {.type = JVPN_EVENT_HANDOVER, .slot = JVPN_SLOT_NONE};
	struct sim_live *l = any_live(w);

	if (!l)
		return;
	if (sim_chance(w, 60000)) {
		sim_terminate(w, l,
			      l->role == JVPN_ROLE_SERVER ? JVPN_REASON_OPERATOR_TERMINATED
							  : JVPN_REASON_CLIENT_CLOSED);
		return;
	}
	if (sim_chance(w, 600000))
		event.slot = (uint8_t)sim_below(w, JVPN_SLOTS);
	if (event.slot < JVPN_SLOTS && !l->slot[event.slot])
		event.slot = JVPN_SLOT_NONE;
	sim_step(w, l, &event, SIM_GENUINE);
}

static void inject_fact(struct sim *w)
{
	static const enum jvpn_fact_kind kinds[] = {JVPN_FACT_LOSS,    JVPN_FACT_DROPS,
						    JVPN_FACT_LATENCY, JVPN_FACT_HEARTBEAT_TIMEOUT,
						    JVPN_FACT_HEALTHY, JVPN_FACT_HEALTHY,
						    JVPN_FACT_MEASURE};
	struct sim_conn *c = any_conn(w);
	int end = (int)sim_below(w, 2);

	if (c && c->end[end].alive && c->end[end].live &&
	    c->end[end].live->core.state != JVPN_STATE_BIRTH)
		sim_fact(w, c, end, kinds[sim_below(w, sizeof(kinds) / sizeof(kinds[0]))]);
}

static void start_attack(struct sim *w)
{
	uint8_t client;
	struct sim_iface *f = any_iface(w, &client);
	uint64_t until = w->now_ns + sim_between_ms(w, 100, 4000);

	f->attacker_tuple = new_tuple(w) | 1ULL << 40;
	w->next_tuple += 4;
	if (sim_chance(w, 200000))
		f->relay_until = until;
	else
		f->copy_until = until;
}

static void change_habits(struct sim *w)
{
	struct sim_client *c = &w->client[sim_below(w, w->clients)];

	c->traffic = (uint8_t)sim_below(w, 4);
	c->traffic_gap_ns = sim_between_ms(w, 20, 400);
	c->standby = sim_chance(w, 500000);
}

/* weight, fault that allows it, what happens */
static const struct {
	uint32_t weight, fault;
	void (*happens)(struct sim *w);
} faults[] = {
	{220, SIM_FAULT_NAT, rebind},         {120, SIM_FAULT_LOSS, lose_packets},
	{50, SIM_FAULT_IFACE, iface_down},    {70, SIM_FAULT_DEATH, kill_connection},
	{6, SIM_FAULT_RESTART, stop_server},  {14, SIM_FAULT_CLIENT, stop_client},
	{70, SIM_FAULT_OPERATOR, operate},    {8, SIM_FAULT_POLICY, sim_policy_random},
	{90, SIM_FAULT_FACTS, inject_fact},   {200, SIM_FAULT_ATTACK, sim_attack},
	{60, SIM_FAULT_ATTACK, start_attack}, {40, SIM_FAULT_ATTACK, sim_hostile_client},
	{60, SIM_FAULT_ALL, change_habits},
};

static void draw_store_and_owner(struct sim *w)
{
	if ((w->options.faults & SIM_FAULT_STORE) && sim_chance(w, 20000))
		w->store_bad_until = w->now_ns + sim_between_ms(w, 200, 6000);
	if (w->authority_until <= w->now_ns)
		w->authority = JVPN_AUTHORITY_OWNED;
	if ((w->options.faults & SIM_FAULT_OWNER) && sim_chance(w, 2000)) {
		w->authority =
			sim_chance(w, 500000) ? JVPN_AUTHORITY_CONFLICT : JVPN_AUTHORITY_TAKE;
		w->authority_until = w->now_ns + sim_between_ms(w, 50, 2000);
	}
}

void sim_chaos(struct sim *w)
{
	uint64_t total = 0, at;

	draw_store_and_owner(w);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		total += faults[i].weight;
	at = sim_below(w, total);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (at < faults[i].weight) {
			if (faults[i].fault == SIM_FAULT_ALL ||
			    (faults[i].fault & w->options.faults))
				faults[i].happens(w);
			return;
		}
		at -= faults[i].weight;
	}
}

/* ---- calm ---- */

static void heal_client(struct sim *w, struct sim_client *c)
{
	for (int i = 0; i < SIM_IFACES; i++) {
		struct sim_iface *f = &c->iface[i];

		f->up = true;
		f->bad_until = f->copy_until = f->relay_until = 0;
		f->dial_again_ns = 0;
	}
	c->traffic = SIM_BOTH;
	c->traffic_gap_ns = 200 * SIM_MS;
	if (!c->running)
		sim_client_start(w, c->index);
}

/* Quality says so where the transport is as good as it was. */
static void say_healthy(struct sim *w)
{
	for (uint16_t i = 0; i < SIM_CONNS; i++)
		for (int end = 0; end < 2; end++) {
			struct sim_conn *c = w->conns[i];

			if (c && c->used && c->end[end].alive && c->end[end].established &&
			    c->end[end].live && !c->end[end].liveness.said_dead &&
			    c->end[end].live->core.state != JVPN_STATE_BIRTH)
				sim_fact(w, c, end, JVPN_FACT_HEALTHY);
		}
}

void sim_calm(struct sim *w)
{
	w->calm = true;
	w->calm_since_ns = w->now_ns;
	w->good_since_ns = 0;
	w->calm_bound_ns = 0;
	w->store_bad_until = w->jitter_until = 0;
	w->authority = JVPN_AUTHORITY_OWNED;
	sim_policy_set(w, &w->base_policy);
	sim_log(w, "calm");
	if (!w->draining)
		sim_server_start(w);
	for (uint8_t i = 0; i < w->clients; i++)
		heal_client(w, &w->client[i]);
	say_healthy(w);
}

struct told {
	char *why;
	size_t size;
	const struct sim_client *client;
};

static bool differs(const struct told *t, const char *what)
{
	snprintf(t->why, t->size, "client %u (c%u) %s", t->client->index,
		 t->client->live ? t->client->live->track->sid : 0, what);
	return false;
}

static bool is_whole(struct sim *w, const struct sim_client *c, const struct told *t)
{
	const struct sim_live *l = c->live, *server;
	const struct sim_conn *conn;

	if (!l || l->core.state != JVPN_STATE_ATTACHED)
		return differs(t, "is not ATTACHED");
	server = sim_server_find(w, &l->core.id);
	if (!server || server->core.state != JVPN_STATE_ATTACHED)
		return differs(t, "the server's end is not ATTACHED");
	if (l->core.server_version != server->core.state_version ||
	    server->core.durable_version != server->core.state_version)
		return differs(t, "the versions differ");
	conn = l->slot[l->core.bound];
	if (!conn || conn != server->slot[server->core.bound])
		return differs(t, "the two ends are bound to different transports");
	if (!conn->end[SIM_CLIENT_END].permit || !conn->end[SIM_SERVER_END].permit ||
	    conn->has_candidate || conn->bound_tuple != c->iface[conn->iface].nat)
		return differs(t, "packets do not pass");
	return true;
}

/* What the connections of a client look like, for the log of a calm that does not end. */
void sim_log_client(struct sim *w, uint8_t index)
{
	for (uint16_t i = 0; i < SIM_CONNS; i++) {
		const struct sim_conn *c = w->conns[i];
		const struct sim_half *a, *b;

		if (!c || !c->used || c->client != index)
			continue;
		a = &c->end[SIM_CLIENT_END];
		b = &c->end[SIM_SERVER_END];
		sim_log(w,
			"conn %u if %u: client alive %d slot %d out %u-%u in %u permit %d; "
			"server alive %d live %d slot %d out %u-%u in %u permit %d; cand %d "
			"bound %d",
			c->uid, c->iface, a->alive, a->slot, a->out_base, a->out_next, a->in_next,
			a->permit, b->alive, b->live != NULL, b->slot, b->out_base, b->out_next,
			b->in_next, b->permit, c->has_candidate,
			c->bound_tuple == w->client[index].iface[c->iface].nat);
	}
}

bool sim_is_good(struct sim *w, char *why, size_t size)
{
	for (uint8_t i = 0; i < w->clients; i++) {
		struct told told = {why, size, &w->client[i]};

		if (!is_whole(w, &w->client[i], &told))
			return false;
	}
	return true;
}

/* Somebody has used up an hour's switches: then it may take that hour. */
static bool hour_is_used_up(const struct sim *w)
{
	for (int i = 0; i < SIM_TRACKS; i++) {
		const struct sim_track *t = w->tracks[i];

		if (t && t->used && t->role == JVPN_ROLE_SERVER && !t->ended &&
		    t->switches + 4 >= w->policy.max_switches_per_hour)
			return true;
	}
	return false;
}

uint64_t sim_calm_bound_ns(const struct sim *w)
{
	const struct jvpn_policy *p = &w->policy;
	uint64_t ms = p->recovery_window_ms + p->switch_cooldown_ms + p->volatile_to_degraded_ms +
		      60000 + JVPN_ATTACH_TIMEOUT_MS + 4 * p->idle_keepalive_ms + 20000;

	if (hour_is_used_up(w))
		ms += 3600000;
	return jvpn_ms_to_ns(ms);
}
