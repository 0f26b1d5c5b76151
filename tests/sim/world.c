/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run: chaos and calm in turn, one item of the queue after the other.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define AUDIT_NS (50 * SIM_MS)
#define GOOD_NS  (2 * JVPN_NS_PER_S)
/* Nothing happens in a world of that many items without a step: a defect of the simulator. */
#define ITEMS_MAX_PER_STEP 2000000

static void set_up_client(struct sim *w, uint8_t index)
{
	struct sim_client *c = &w->client[index];
	struct sim_item item = {.type = SIM_ITEM_CLIENT_START, .b = index};

	c->index = index;
	c->standby = index % 2;
	c->traffic = (uint8_t)sim_below(w, 4);
	c->traffic_gap_ns = sim_between_ms(w, 20, 300);
	for (int i = 0; i < SIM_IFACES; i++) {
		c->iface[i].up = true;
		c->iface[i].nat = ++w->next_tuple;
		c->iface[i].delay_ns = sim_between_ms(w, 2, 60);
	}
	sim_push(w, &item, w->now_ns + sim_between_ms(w, 1, 2000));
	item.type = SIM_ITEM_DIAL;
	sim_push(w, &item, 0);
	item.type = SIM_ITEM_TRAFFIC;
	sim_push(w, &item, 0);
}

struct sim *sim_new(const struct sim_options *options)
{
	struct sim_item item = {.type = SIM_ITEM_AUDIT};
	struct sim *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->options = *options;
	w->hash = 0xcbf29ce484222325ULL;
	w->now_ns = JVPN_NS_PER_S; /* 0 means "never" to many */
	jvpn_rng_init(&w->rng, options->seed);
	sim_policy_named(&w->base_policy, options->policy);
	w->policy = w->base_policy;
	w->server_up = true;
	w->incarnation = 1;
	w->authority = JVPN_AUTHORITY_OWNED;
	w->clients = (uint8_t)(4 + sim_below(w, SIM_CLIENTS_MAX - 3));
	for (uint8_t i = 0; i < w->clients; i++)
		set_up_client(w, i);
	sim_push(w, &item, w->now_ns);
	item.type = SIM_ITEM_CHAOS;
	item.x = w->now_ns + sim_between_ms(w, 20000, 200000);
	sim_push(w, &item, w->now_ns + JVPN_NS_PER_S);
	return w;
}

void sim_free(struct sim *w)
{
	for (int i = 0; i < SIM_LIVES; i++)
		if (w->lives[i])
			w->lives[i]->used = false;
	for (int i = 0; i < SIM_TRACKS; i++)
		free(w->tracks[i]);
	free(w->heap);
	free(w);
}

static void dial(struct sim *w, struct sim_item *item)
{
	sim_client_dial(w, item->b);
	sim_push(w, item, w->now_ns + sim_between_ms(w, 40, 160));
}

static void chaos(struct sim *w, struct sim_item *item)
{
	if (item->x <= w->now_ns) {
		sim_calm(w);
		return;
	}
	sim_chaos(w);
	sim_push(w, item, w->now_ns + sim_between_ms(w, 1, 2400 / w->clients));
}

/* The calm lasts until all is well for a moment; it must come in time. */
static void watch_calm(struct sim *w)
{
	struct sim_item item = {.type = SIM_ITEM_CHAOS};
	char why[SIM_LINE] = "";
	uint64_t took = w->now_ns - w->calm_since_ns;

	if (!sim_is_good(w, why, sizeof(why))) {
		w->good_since_ns = 0;
		if (sim_calm_bound_ns(w) > w->calm_bound_ns)
			w->calm_bound_ns = sim_calm_bound_ns(w);
		if (took > w->calm_bound_ns) {
			for (uint8_t i = 0; i < w->clients; i++)
				sim_log_client(w, i);
			sim_fail(w, "liveness: %" PRIu64 " ms of calm, %.120s", took / SIM_MS, why);
		}
		return;
	}
	if (!w->good_since_ns) {
		w->good_since_ns = w->now_ns;
		if (took > w->n.heal_ns_max)
			w->n.heal_ns_max = took;
	}
	if (w->now_ns - w->good_since_ns < GOOD_NS)
		return;
	w->n.heals++;
	w->calm = false;
	sim_log(w, "all is well after %" PRIu64 " ms", took / SIM_MS);
	item.x = w->now_ns + sim_between_ms(w, 5000, 120000);
	sim_push(w, &item, w->now_ns);
}

static void come_back(struct sim *w, const struct sim_item *item)
{
	struct sim_track *t = sim_track_of(w, item->uid, JVPN_ROLE_SERVER);

	if (w->server_up && t && t->stored && !t->ended && !sim_server_find(w, &t->id))
		sim_server_restore(w, t);
}

static void happen(struct sim *w, struct sim_item *item)
{
	switch ((enum sim_item_type)item->type) {
	case SIM_ITEM_PACKET:
		sim_net_packet(w, &item->packet);
		break;
	case SIM_ITEM_LIVE:
		sim_live_wake(w, item);
		break;
	case SIM_ITEM_HALF:
		sim_half_wake(w, item);
		break;
	case SIM_ITEM_RTO:
		sim_net_rto(w, item);
		break;
	case SIM_ITEM_IDLE:
		sim_net_idle(w, item);
		break;
	case SIM_ITEM_PATH:
		sim_gate_timer(w, item);
		break;
	case SIM_ITEM_TRAFFIC:
		sim_traffic(w, item->b);
		break;
	case SIM_ITEM_DIAL:
		dial(w, item);
		break;
	case SIM_ITEM_STORE:
		sim_store_answer(w, item);
		break;
	case SIM_ITEM_CHAOS:
		chaos(w, item);
		break;
	case SIM_ITEM_AUDIT:
		sim_oracle_audit(w);
		if (w->calm)
			watch_calm(w);
		sim_push(w, item, w->now_ns + AUDIT_NS);
		break;
	case SIM_ITEM_SERVER_START:
		sim_server_start(w);
		break;
	case SIM_ITEM_DRAINED:
		sim_server_drain(w);
		break;
	case SIM_ITEM_CLIENT_START:
		sim_client_start(w, item->b);
		break;
	case SIM_ITEM_IFACE:
		w->client[item->b].iface[item->a].up = true;
		break;
	case SIM_ITEM_OWNER:
		come_back(w, item);
		break;
	}
}

/* The run ends in a calm that ended well: what is broken for good shows. */
static bool is_done(const struct sim *w)
{
	return w->n.steps >= w->options.events &&
	       (w->good_since_ns || w->n.steps >= 2 * w->options.events + 100000);
}

static void hasten_calm(struct sim *w, struct sim_item *item)
{
	if (item->type == SIM_ITEM_CHAOS && w->n.steps >= w->options.events)
		item->x = 0;
}

bool sim_run(struct sim *w)
{
	struct sim_item item;
	uint64_t items = 0, steps = 0;

	while (!w->failed && !is_done(w) && sim_pop(w, &item)) {
		w->now_ns = item.at;
		hasten_calm(w, &item);
		happen(w, &item);
		if (++items >= ITEMS_MAX_PER_STEP) {
			if (w->n.steps == steps)
				sim_fail(w, "nothing happens any more");
			items = 0;
			steps = w->n.steps;
		}
	}
	return !w->failed;
}
