/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store as a model: one record per session, compare-and-swap by version, and everything that can
 * go wrong with it: slow, refused, or unknown, written or not. The record of a session lies in its
 * track.
 */
#include <inttypes.h>

#include "sim.h"

#define SLOW_MS             400
#define TIMEOUT_NS          (500 * SIM_MS)
#define RETENTION_FAULT_PPM 300000

static bool is_ours(const struct sim *w, const struct sim_track *t, uint64_t nonce)
{
	return t->stored && t->store_nonce == nonce && t->store_incarnation == w->incarnation;
}

/* What the store does with the attempt when it arrives. */
static enum jvpn_store_status apply(struct sim *w, struct sim_live *l)
{
	struct sim_track *t = l->track;

	if (is_ours(w, t, l->op_nonce))
		return JVPN_STORE_OK;
	if ((t->stored ? t->store_version : 0) != l->op_from)
		return JVPN_STORE_CONFLICT;
	t->stored = true;
	t->store_version = l->op_to;
	t->store_nonce = l->op_nonce;
	t->store_incarnation = w->incarnation;
	t->store_at_ns = l->op_at_ns;
	t->store_key = l->key;
	t->record = l->op_record;
	return JVPN_STORE_OK;
}

static void take_record(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect)
{
	l->op_nonce = effect->u.store.nonce;
	l->op_from = effect->u.store.from_version;
	l->op_to = effect->u.store.to_version;
	l->op_at_ns = w->now_ns;
	jvpn_session_export(&l->core, w->now_ns, &l->op_record);
	l->op_record.state = effect->u.store.state;
	l->op_record.state_version = effect->u.store.to_version;
	l->op_record.last_nonce = effect->u.store.nonce;
}

/* Draws what goes wrong; the answer comes after *wait_ns. */
static void draw_fate(struct sim *w, struct sim_live *l, uint64_t *wait_ns)
{
	bool cas = l->op == SIM_OP_CAS;

	w->n.store_faults++;
	*wait_ns = TIMEOUT_NS;
	switch (sim_below(w, 6)) {
	case 0: /* written, the answer is lost */
		(void)apply(w, l);
		l->op_answer = JVPN_STORE_TIMEOUT;
		break;
	case 1: /* never arrives */
		l->op_answer = JVPN_STORE_TIMEOUT;
		break;
	case 2: /* arrives after the time-out, unless a re-read fences it */
		l->op_answer = JVPN_STORE_TIMEOUT;
		l->op_late = true;
		break;
	case 3:
		l->op_answer = JVPN_STORE_FAILED;
		break;
	case 4:
		l->op_answer = cas ? JVPN_STORE_CONFLICT : JVPN_STORE_FAILED;
		break;
	default:
		*wait_ns = sim_between_ms(w, 1, SLOW_MS);
		break;
	}
}

static void begin_reread(struct sim *w, struct sim_live *l, uint64_t *wait_ns)
{
	if (l->op_late && sim_chance(w, 500000))
		(void)apply(w, l);
	l->op_late = false;
	*wait_ns = sim_between_ms(w, 0, 20);
	l->op_answer = is_ours(w, l->track, l->op_nonce) ? JVPN_STORE_FOUND : JVPN_STORE_NOT_FOUND;
	if (w->store_bad_until > w->now_ns && sim_chance(w, RETENTION_FAULT_PPM)) {
		l->op_answer = JVPN_STORE_TIMEOUT;
		*wait_ns = TIMEOUT_NS;
	}
}

static void begin_write(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect,
			uint64_t *wait_ns)
{
	if (l->op_late && sim_chance(w, 500000))
		(void)apply(w, l);
	l->op_late = false;
	take_record(w, l, effect);
	l->op_answer = JVPN_STORE_NONE;
	*wait_ns = sim_chance(w, 300000) ? 0 : sim_between_ms(w, 0, 10);
	if (w->calm)
		return;
	if (l->op == SIM_OP_CAS && (w->options.faults & SIM_FAULT_OWNER) && sim_chance(w, 500))
		l->op_answer = JVPN_STORE_NOT_OWNER;
	else if (w->store_bad_until > w->now_ns && sim_chance(w, RETENTION_FAULT_PPM))
		draw_fate(w, l, wait_ns);
}

void sim_store_begin(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect)
{
	struct sim_item item = {.type = SIM_ITEM_STORE, .a = l->index, .uid = l->uid};
	uint64_t wait_ns = 0;

	if (l->op != SIM_OP_NONE)
		sim_fail(w, "two store operations of one session are in flight");
	if (effect->type == JVPN_EFFECT_STORE_REREAD) {
		if (effect->u.store.nonce != l->op_nonce)
			sim_fail(w, "the re-read asks for another nonce than the attempt had");
		l->op = SIM_OP_REREAD;
		begin_reread(w, l, &wait_ns);
	} else {
		l->op = effect->type == JVPN_EFFECT_STORE_CAS ? SIM_OP_CAS : SIM_OP_APPEND;
		begin_write(w, l, effect, &wait_ns);
	}
	item.x = ++l->op_serial;
	sim_push(w, &item, w->now_ns + wait_ns);
}

void sim_store_answer(struct sim *w, const struct sim_item *item)
{
	struct jvpn_event event = {.type = JVPN_EVENT_STORE_RESULT, .slot = JVPN_SLOT_NONE};
	struct sim_live *l = w->lives[item->a];

	if (!l || !l->used || l->uid != item->uid || l->op == SIM_OP_NONE ||
	    l->op_serial != item->x)
		return;
	if (l->op_answer == JVPN_STORE_NONE)
		l->op_answer = apply(w, l);
	event.u.store.nonce = l->op_nonce;
	event.u.store.status = l->op_answer;
	if (l->op == SIM_OP_CAS && l->op_answer == JVPN_STORE_OK)
		w->n.commits++;
	l->op = SIM_OP_NONE;
	sim_log(w, "s%u store status %d nonce %" PRIu64 " v%" PRIu64 "->%" PRIu64, l->track->sid,
		(int)l->op_answer, l->op_nonce, l->op_from, l->op_to);
	sim_step(w, l, &event, SIM_GENUINE);
}

void sim_store_settle(struct sim *w, struct sim_live *l)
{
	bool pending =
		l->op != SIM_OP_NONE && l->op != SIM_OP_REREAD && l->op_answer == JVPN_STORE_NONE;

	if ((pending || l->op_late) && sim_chance(w, 500000))
		(void)apply(w, l);
	l->op = SIM_OP_NONE;
	l->op_late = false;
}
