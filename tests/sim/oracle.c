/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The independent judge of each step, written from session.md alone: what may change, what may be
 * permitted, what may be given to the store or said before it is durable.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct sim_track *sim_track_new(struct sim *w, enum jvpn_role role, uint8_t client)
{
	struct sim_track *t = NULL;
	int i;

	for (i = 0; i < SIM_TRACKS; i++)
		if (!w->tracks[i] || !w->tracks[i]->used)
			break;
	if (i == SIM_TRACKS) {
		sim_fail(w, "the simulator has no track left");
		return NULL;
	}
	t = w->tracks[i];
	if (!t)
		t = w->tracks[i] = malloc(sizeof(*t));
	if (!t)
		abort();
	memset(t, 0, offsetof(struct sim_track, switch_ns));
	memset((char *)t + offsetof(struct sim_track, switches), 0,
	       sizeof(*t) - offsetof(struct sim_track, switches));
	t->used = true;
	t->role = role;
	t->client = client;
	t->sid = role == JVPN_ROLE_SERVER ? ++w->next_sid : 0;
	t->born_ns = w->now_ns;
	t->state = JVPN_STATE_BIRTH;
	t->version = 1; /* BIRTH itself */
	t->seen_state = JVPN_STATE_BIRTH;
	t->state_since_ns = w->now_ns;
	t->unbound_since_ns = w->now_ns;
	t->window_ms = w->policy.recovery_window_ms;
	t->lifetime_min_ms = t->lifetime_max_ms = w->policy.max_lifetime_ms;
	t->ttl_min_ms = t->ttl_max_ms = w->policy.transport_lost_ttl_ms;
	return t;
}

struct sim_track *sim_track_of(struct sim *w, uint32_t sid, enum jvpn_role role)
{
	for (int i = 0; i < SIM_TRACKS; i++)
		if (w->tracks[i] && w->tracks[i]->used && w->tracks[i]->sid == sid &&
		    w->tracks[i]->role == role)
			return w->tracks[i];
	return NULL;
}

static struct sim_half *half_of(const struct sim_live *l, int slot)
{
	struct sim_conn *c = l->slot[slot];

	return c ? &c->end[l->role == JVPN_ROLE_SERVER ? SIM_SERVER_END : SIM_CLIENT_END] : NULL;
}

void sim_oracle_before(struct sim *w, struct sim_live *l, const struct jvpn_event *event)
{
	jvpn_session_copy(&l->core, &w->before);
	l->switched = false;
	l->reattached = false;
	(void)event;
}

/* ---- a forged or replayed message ---- */

static void blind(struct jvpn_session *s)
{
	memset(&s->security_bucket, 0, sizeof(s->security_bucket));
	s->security_suppressed = 0;
}

static bool is_harmless(const struct jvpn_effect *e)
{
	switch (e->type) {
	case JVPN_EFFECT_EMIT:
		return e->u.audit.type != JVPN_AUDIT_SESSION_STATE_CHANGE &&
		       e->u.audit.type != JVPN_AUDIT_TRANSPORT_SWITCH &&
		       e->u.audit.type != JVPN_AUDIT_SESSION_TERMINATED;
	case JVPN_EFFECT_SEND:
		return e->u.msg.type == JVPN_MSG_REATTACH_DENY ||
		       e->u.msg.type == JVPN_MSG_REATTACH_REQUIRED;
	case JVPN_EFFECT_ATTACH_REFUSE:
		return true;
	default:
		return false;
	}
}

/* Octets of the slots follow those of the session. */
static size_t first_difference(const struct jvpn_session *a, const struct jvpn_session *b)
{
	const size_t slot = offsetof(struct jvpn_session, slot);
	const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
	size_t i = 0;

	while (i < sizeof(*a) && (x[i] == y[i] || i - slot < sizeof(a->slot)))
		i++;
	for (size_t j = 0; i == sizeof(*a) + j && j < JVPN_SLOTS * sizeof(*a->slot); j++)
		i += ((const uint8_t *)a->slot)[j] == ((const uint8_t *)b->slot)[j];
	return i;
}

static void check_hostile(struct sim *w, const struct sim_live *l, const struct jvpn_event *event)
{
	struct jvpn_session *after = &w->again.session;

	jvpn_session_copy(&l->core, &w->again);
	blind(after);
	blind(&w->before.session);
	if (!jvpn_session_is_same(after, &w->before.session))
		sim_fail(w, "I10: a forged or replayed %s changed the session at octet %zu",
			 jvpn_event_type_name(event->type),
			 first_difference(after, &w->before.session));
	for (size_t i = 0; i < w->fx.count; i++)
		if (!is_harmless(&w->fx.v[i]))
			sim_fail(w, "I10: a forged or replayed %s caused %s",
				 jvpn_event_type_name(event->type),
				 jvpn_effect_type_name(w->fx.v[i].type));
}

/* ---- what may change in one step ---- */

static const struct sim_track *track_with(const struct sim *w, const struct jvpn_id *id)
{
	for (int i = 0; i < SIM_TRACKS; i++)
		if (w->tracks[i] && w->tracks[i]->used && w->tracks[i]->role == JVPN_ROLE_SERVER &&
		    jvpn_id_equal(&w->tracks[i]->id, id))
			return w->tracks[i];
	return NULL;
}

static void check_identity(struct sim *w, struct sim_live *l)
{
	struct sim_track *t = l->track;
	static const struct jvpn_id none;
	const struct sim_track *server;

	if (!t->id_known && !jvpn_id_equal(&l->core.id, &none)) {
		t->id = l->core.id;
		t->id_known = true;
		server = l->role == JVPN_ROLE_CLIENT ? track_with(w, &t->id) : NULL;
		if (server)
			t->sid = server->sid;
		if (l->role == JVPN_ROLE_CLIENT) {
			t->ttl_min_ms = t->ttl_max_ms = l->core.transport_lost_ttl_ms;
			t->lifetime_min_ms = t->lifetime_max_ms = l->core.lifetime_ms;
		}
	}
	if (t->id_known && !jvpn_id_equal(&t->id, &l->core.id))
		sim_fail(w, "I2: the session id changed");
}

static void check_versions(struct sim *w, const struct sim_live *l, const struct jvpn_event *event)
{
	const struct jvpn_session *s = &l->core, *b = &w->before.session;

	if (event->type == JVPN_EVENT_CREATE || event->type == JVPN_EVENT_RESTORE)
		return;
	if (s->state_version < b->state_version || s->state_version > b->state_version + 5)
		sim_fail(w, "I7: version %" PRIu64 " after %" PRIu64, s->state_version,
			 b->state_version);
	if (s->state != b->state && s->state_version == b->state_version)
		sim_fail(w, "I7: the state changed without a version");
	if (b->state == JVPN_STATE_TERMINATED &&
	    (s->state != b->state || s->state_version != b->state_version || s->permit))
		sim_fail(w, "TERMINATED is absorbing");
	if (s->durable_version > s->state_version)
		sim_fail(w, "I7: more is durable than there is");
	/* While a commit is in flight the transition waits for its outcome, the permit does not. */
	if (s->state == JVPN_STATE_ATTACHED && s->bound == JVPN_SLOT_NONE && !s->commit.active &&
	    !s->dropped)
		sim_fail(w, "I1: ATTACHED with nothing bound");
}

/* The mirror knows authenticated values only, and never goes back. */
static void check_mirror(struct sim *w, struct sim_live *l)
{
	struct sim_track *t = l->track, *server;

	if (l->core.server_version < t->server_version)
		sim_fail(w, "the client's server_version went back from %" PRIu64 " to %" PRIu64,
			 t->server_version, l->core.server_version);
	t->server_version = l->core.server_version;
	server = t->sid ? sim_track_of(w, t->sid, JVPN_ROLE_SERVER) : NULL;
	if (server && server->stored && l->core.server_version > server->store_version)
		sim_fail(w, "the client knows version %" PRIu64 ", durable is %" PRIu64,
			 l->core.server_version, server->store_version);
}

void sim_oracle_after(struct sim *w, struct sim_live *l, const struct jvpn_event *event,
		      enum sim_trust trust)
{
	if (trust == SIM_HOSTILE)
		check_hostile(w, l, event);
	check_identity(w, l);
	check_versions(w, l, event);
	if (l->role == JVPN_ROLE_CLIENT)
		check_mirror(w, l);
}

/* ---- effects ---- */

static void check_permit(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect)
{
	struct sim_conn *c = effect->slot < JVPN_SLOTS ? l->slot[effect->slot] : NULL;

	if (!c) {
		sim_fail(w, "I1: a permit for a slot without a connection");
		return;
	}
	if (l->core.state == JVPN_STATE_TERMINATED)
		sim_fail(w, "I1: a permit for a session that is over");
	for (int i = 0; i < JVPN_SLOTS; i++)
		if (i != effect->slot && l->slot[i] && half_of(l, i)->permit)
			sim_fail(w, "I1: a second permit before the first was cleared");
	if (l->role != JVPN_ROLE_SERVER)
		return;
	if (effect->generation != c->bound_gen || !c->bound_validated)
		sim_fail(w, "I9: permit for tuple %u, which is not the validated bound one (%u)",
			 effect->generation, c->bound_gen);
	if (!sim_gate_proven(c, effect->generation))
		sim_fail(w, "I9: permit for tuple %u, from which nothing was proven",
			 effect->generation);
}

static void check_store(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect)
{
	const struct sim_track *t = l->track;
	uint64_t stored = t->stored ? t->store_version : 0;

	if (effect->type == JVPN_EFFECT_STORE_REREAD)
		return;
	if (effect->type == JVPN_EFFECT_STORE_CAS) {
		l->limit_min = w->policy.max_switches_per_min;
		l->limit_hour = w->policy.max_switches_per_hour;
		l->limit_cooldown_ns = jvpn_ms_to_ns(w->policy.switch_cooldown_ms);
	}
	if (effect->u.store.to_version <= effect->u.store.from_version)
		sim_fail(w, "I7: a store operation that does not advance the version");
	/* The record may be one attempt ahead: written, but its answer was lost. */
	if (effect->u.store.from_version != stored && effect->u.store.nonce != t->store_nonce)
		sim_fail(w, "store operation from version %" PRIu64 ", the record is at %" PRIu64,
			 effect->u.store.from_version, stored);
}

static uint64_t said_version(const struct jvpn_msg *m)
{
	switch (m->type) {
	case JVPN_MSG_SESSION_CREATED:
		return m->u.session_created.server_version;
	case JVPN_MSG_SESSION_STATE:
		return m->u.session_state.server_version;
	case JVPN_MSG_REATTACH_ACK:
		return m->u.reattach_ack.server_version;
	case JVPN_MSG_REATTACH_DENY:
		return m->u.reattach_deny.server_version;
	case JVPN_MSG_REATTACH_REQUIRED:
		return m->u.reattach_required.server_version;
	default:
		return 0;
	}
}

void sim_oracle_effect(struct sim *w, struct sim_live *l, const struct jvpn_effect *effect)
{
	switch (effect->type) {
	case JVPN_EFFECT_PERMIT_SET:
		check_permit(w, l, effect);
		break;
	case JVPN_EFFECT_STORE_CAS:
	case JVPN_EFFECT_STORE_APPEND:
	case JVPN_EFFECT_STORE_REREAD:
		check_store(w, l, effect);
		break;
	case JVPN_EFFECT_SEND:
	case JVPN_EFFECT_ATTACH_ACCEPT:
	case JVPN_EFFECT_ATTACH_REFUSE:
		if (l->role == JVPN_ROLE_SERVER &&
		    said_version(&effect->u.msg) > l->track->store_version)
			sim_fail(w,
				 "I12: a message carries version %" PRIu64 ", durable is %" PRIu64,
				 said_version(&effect->u.msg), l->track->store_version);
		break;
	case JVPN_EFFECT_DROPPED:
		w->n.dropped++;
		break;
	default:
		break;
	}
}

/* ---- after the effects ---- */

static void check_one_binding(struct sim *w, const struct sim_live *l)
{
	const struct jvpn_session *s = &l->core;
	int permits = 0;

	for (int i = 0; i < JVPN_SLOTS; i++) {
		const struct sim_half *h = half_of(l, i);

		if (!h || !h->permit)
			continue;
		permits++;
		if (i != s->bound)
			sim_fail(w, "I1: slot %d may forward, slot %d is bound", i, s->bound);
	}
	if (permits > 1)
		sim_fail(w, "I1: %d transports may forward", permits);
	if (permits && s->state == JVPN_STATE_TERMINATED)
		sim_fail(w, "a session that is over still forwards");
	if (s->permit != (permits == 1))
		sim_fail(w, "the session says permit %d, %d transports have one", s->permit,
			 permits);
	if (s->state == JVPN_STATE_ATTACHED && !s->permit && !s->commit.active && !s->dropped)
		sim_fail(w, "I1: ATTACHED without a permit");
}

static void follow_binding(struct sim *w, struct sim_live *l)
{
	struct sim_track *t = l->track;
	const struct sim_conn *c = l->core.bound < JVPN_SLOTS ? l->slot[l->core.bound] : NULL;
	uint32_t generation = l->role == JVPN_ROLE_SERVER && c ? c->bound_gen : 0;

	if (l->switched)
		t->bound_uid = 0;
	if (l->core.state != JVPN_STATE_ATTACHED || !c)
		return;
	if (t->bound_uid && (t->bound_uid != c->uid || t->bound_gen != generation))
		sim_fail(w, "another binding without a TransportSwitch");
	t->bound_uid = c->uid;
	t->bound_gen = generation;
}

static void follow_state(struct sim *w, struct sim_live *l)
{
	struct sim_track *t = l->track;
	bool bound = l->core.bound != JVPN_SLOT_NONE;

	if (t->seen_state != l->core.state || t->seen_version != l->core.state_version) {
		t->seen_state = l->core.state;
		t->seen_version = l->core.state_version;
		t->state_since_ns = w->now_ns;
		t->window_ms = w->policy.recovery_window_ms;
	}
	if (t->seen_bound && !bound)
		t->unbound_since_ns = w->now_ns;
	t->seen_bound = bound;
}

/* The event stream alone must give what the session is. */
static void check_rebuilt(struct sim *w, const struct sim_live *l)
{
	const struct jvpn_session *s = &l->core;
	const struct sim_track *t = l->track;

	if (l->over && s->state != JVPN_STATE_TERMINATED)
		return; /* lost to another node */
	if (t->version != s->durable_version && !(t->version == 1 && !s->durable_version))
		sim_fail(w, "I12: the events say version %" PRIu64 ", durable is %" PRIu64,
			 t->version, s->durable_version);
	if (s->durable_version == s->state_version && t->state != s->state)
		sim_fail(w, "I12: the events say %s, the session is %s", jvpn_state_name(t->state),
			 jvpn_state_name(s->state));
	if (l->over && !t->said_terminated)
		sim_fail(w, "I12: the end of the session was not announced");
}

void sim_oracle_settled(struct sim *w, struct sim_live *l)
{
	if (w->failed)
		return;
	check_one_binding(w, l);
	follow_binding(w, l);
	if (l->reattached && !w->draining)
		l->track->exempt = false;
	follow_state(w, l);
	check_rebuilt(w, l);
	if (l->core.state == JVPN_STATE_TERMINATED)
		sim_oracle_ended(w, l);
	if (l->over && l->core.state != JVPN_STATE_TERMINATED) {
		struct sim_item item = {.type = SIM_ITEM_OWNER, .uid = l->track->sid};

		w->alive_at_ns = w->now_ns;
		sim_push(w, &item, w->now_ns + sim_between_ms(w, 100, 2000));
	} else if (l->over && l->role == JVPN_ROLE_CLIENT) {
		l->track->used = false;
	}
}

/* The new incarnation starts from the store; what was written and not announced lies there. */
void sim_oracle_restored(struct sim *w, struct sim_live *l)
{
	struct sim_track *t = l->track;

	if (l->role == JVPN_ROLE_SERVER) {
		if (t->store_version < t->version)
			sim_fail(w, "I12: events ran ahead of the store");
		t->version = t->store_version;
		t->state = t->record.state;
		t->exempt = true;
		t->switches = 0;
		t->bound_uid = 0;
	}
	/* A binding that is lost without a transition is not in the store (docs/internals). */
	if (t->seen_bound ||
	    (l->role == JVPN_ROLE_SERVER &&
	     (t->record.state == JVPN_STATE_ATTACHED || !t->record.transportless_ms)))
		t->unbound_since_ns = l->role == JVPN_ROLE_SERVER
					      ? w->alive_at_ns
					      : w->client[l->client].saved_at_ns;
	t->seen_bound = false;
	t->bound_uid = 0;
	t->seen_state = t->state;
	t->state_since_ns = w->now_ns;
	t->window_ms = w->policy.recovery_window_ms;
}
