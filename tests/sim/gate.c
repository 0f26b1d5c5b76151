/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's path gate as a model: one bound tuple, at most one candidate, PATH_CHALLENGE with a
 * round trip, tuples that cool down. It keeps what is true about a tuple for the oracle.
 */
#include <string.h>

#include "sim.h"

#define CHALLENGES         3
#define FAILED_COOLDOWN_NS JVPN_NS_PER_S

static bool is_cooling(const struct sim *w, const struct sim_conn *c, uint64_t tuple)
{
	for (int i = 0; i < SIM_COOL; i++)
		if (c->cool_tuple[i] == tuple && c->cool_until[i] > w->now_ns)
			return true;
	return false;
}

bool sim_gate_admits(struct sim *w, struct sim_conn *c, uint64_t tuple)
{
	if (tuple == c->bound_tuple || (c->has_candidate && tuple == c->candidate_tuple))
		return true;
	if (c->limit_until > w->now_ns && c->bound_heard_ns + sim_pto_ns(w, c) > w->now_ns)
		return false;
	return !is_cooling(w, c, tuple);
}

uint32_t sim_gate_generation(const struct sim_conn *c, uint64_t tuple)
{
	if (c->has_candidate && tuple == c->candidate_tuple)
		return c->candidate_gen;
	if (tuple == c->bound_tuple)
		return c->bound_gen;
	return tuple == c->previous_tuple ? c->previous_gen : UINT32_MAX;
}

bool sim_gate_tuple(const struct sim_conn *c, uint32_t generation, uint64_t *tuple)
{
	if (c->has_candidate && generation == c->candidate_gen)
		*tuple = c->candidate_tuple;
	else if (generation == c->bound_gen)
		*tuple = c->bound_tuple;
	else
		return false;
	return true;
}

bool sim_gate_proven(const struct sim_conn *c, uint32_t generation)
{
	for (int i = 0; i < SIM_PROVEN && i < c->proven_count; i++)
		if (c->proven_gen[i] == generation)
			return true;
	return false;
}

void sim_gate_prove(struct sim_conn *c, uint32_t generation)
{
	if (sim_gate_proven(c, generation))
		return;
	memmove(&c->proven_gen[1], &c->proven_gen[0], sizeof(c->proven_gen[0]) * (SIM_PROVEN - 1));
	c->proven_gen[0] = generation;
	if (c->proven_count < SIM_PROVEN)
		c->proven_count++;
}

static void tell(struct sim *w, struct sim_conn *c, enum jvpn_event_type type, uint32_t generation)
{
	struct sim_half *h = &c->end[SIM_SERVER_END];
	struct jvpn_event event = {.type = type, .slot = h->slot, .generation = generation};

	if (!h->live) {
		if (type == JVPN_EVENT_PATH_CANDIDATE)
			sim_gate_drop(w, c, generation, 0);
		return;
	}
	event.u.path.last_good_ns = c->bound_heard_ns;
	sim_step(w, h->live, &event, SIM_GENUINE);
}

static void challenge(struct sim *w, struct sim_conn *c)
{
	struct sim_packet p = {
		.kind = SIM_CHALLENGE, .cookie = c->candidate_gen, .tuple = c->candidate_tuple};
	struct sim_item item = {.type = SIM_ITEM_PATH, .a = c->index, .uid = c->uid};

	c->challenges++;
	c->challenge_at = w->now_ns + sim_pto_ns(w, c);
	sim_push(w, &item, c->challenge_at);
	sim_emit_packet(w, c, SIM_SERVER_END, &p);
}

static void open_candidate(struct sim *w, struct sim_conn *c, uint64_t tuple)
{
	c->has_candidate = true;
	c->candidate_validated = false;
	c->candidate_tuple = tuple;
	c->candidate_gen = ++c->last_gen;
	c->challenges = 0;
	challenge(w, c);
	tell(w, c, JVPN_EVENT_PATH_CANDIDATE, c->candidate_gen);
}

void sim_gate_settle(struct sim *w, struct sim_conn *c, uint64_t tuple, bool newest)
{
	uint32_t generation = c->candidate_gen;

	if (tuple == c->bound_tuple) {
		c->bound_heard_ns = w->now_ns;
		if (!c->has_candidate || !newest)
			return;
		c->has_candidate = false;
		w->n.path_superseded++;
		tell(w, c, JVPN_EVENT_PATH_SUPERSEDED, generation);
	} else if (newest && !(c->has_candidate && tuple == c->candidate_tuple)) {
		open_candidate(w, c, tuple);
	}
}

void sim_gate_response(struct sim *w, struct sim_conn *c, uint32_t generation)
{
	if (!c->has_candidate || c->candidate_gen != generation || c->candidate_validated)
		return;
	c->candidate_validated = true;
	w->n.path_validated++;
	tell(w, c, JVPN_EVENT_PATH_VALIDATED, generation);
}

void sim_gate_timer(struct sim *w, const struct sim_item *item)
{
	struct sim_conn *c = sim_conn_at(w, item->a, item->uid);
	uint32_t generation;

	if (!c || !c->end[SIM_SERVER_END].alive || !c->has_candidate || c->candidate_validated ||
	    c->challenge_at != item->at)
		return;
	if (c->challenges < CHALLENGES) {
		challenge(w, c);
		return;
	}
	generation = c->candidate_gen;
	w->n.path_failed++;
	sim_gate_drop(w, c, generation, FAILED_COOLDOWN_NS);
	tell(w, c, JVPN_EVENT_PATH_FAILED, generation);
}

void sim_gate_commit(struct sim *w, struct sim_conn *c, uint32_t generation)
{
	if (generation == c->bound_gen)
		return;
	if (!c->has_candidate || c->candidate_gen != generation) {
		sim_fail(w, "commit of tuple %u of connection %u, which is no candidate",
			 generation, c->uid);
		return;
	}
	if (!c->candidate_validated)
		sim_fail(w, "I9: commit of tuple %u of connection %u, which is not validated",
			 generation, c->uid);
	c->previous_tuple = c->bound_tuple;
	c->previous_gen = c->bound_gen;
	c->bound_tuple = c->candidate_tuple;
	c->bound_gen = generation;
	c->bound_validated = c->candidate_validated;
	c->bound_heard_ns = w->now_ns;
	c->has_candidate = false;
}

void sim_gate_drop(struct sim *w, struct sim_conn *c, uint32_t generation, uint64_t cooldown_ns)
{
	int oldest = 0;

	if (!c->has_candidate || c->candidate_gen != generation)
		return;
	c->has_candidate = false;
	if (!cooldown_ns)
		return;
	for (int i = 1; i < SIM_COOL; i++)
		if (c->cool_until[i] < c->cool_until[oldest])
			oldest = i;
	c->cool_tuple[oldest] = c->candidate_tuple;
	c->cool_until[oldest] = w->now_ns + cooldown_ns;
}
