/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The session's entrance: init, step (one event in, effects out), and questions. What an event does
 * is in session_<noun>.c; must not decide anything itself.
 */
#include "core/session.h"

#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"
#include "core/text.h"

/* A step is small compared to a cache line budget only as long as nobody grows this unnoticed. */
_Static_assert(sizeof(struct jvpn_session) <= 1408, "a session without transports stays small");

/* Never written: every writer has found its slot used. Not const, as s->slot is not. */
static struct jvpn_slot no_slots[JVPN_SLOTS];

void jvpn_session_init(struct jvpn_session *s, enum jvpn_role role)
{
	memset(s, 0, sizeof(*s));
	s->role = role;
	s->state = JVPN_STATE_BIRTH;
	s->state_version = 1;
	s->slot = no_slots;
	s->bound = JVPN_SLOT_NONE;
	s->last_slot = JVPN_SLOT_NONE;
	s->attempt.challenge_slot = JVPN_SLOT_NONE;
	s->better.slot = JVPN_SLOT_NONE;
}

bool jvpn_session_has_slots(const struct jvpn_session *s)
{
	return s->slot != no_slots;
}

bool jvpn_session_set_slots(struct jvpn_session *s, struct jvpn_slot *slots)
{
	if ((slots != NULL) == jvpn_session_has_slots(s))
		return false;
	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (s->slot[i].used)
			return false;
	if (slots)
		memset(slots, 0, JVPN_SLOTS * sizeof(*slots));
	s->slot = slots ? slots : no_slots;
	return true;
}

void jvpn_session_copy(const struct jvpn_session *s, struct jvpn_session_copy *copy)
{
	copy->session = *s;
	memcpy(copy->slot, s->slot, sizeof(copy->slot));
	copy->session.slot = copy->slot;
}

bool jvpn_session_is_same(const struct jvpn_session *a, const struct jvpn_session *b)
{
	const size_t from = offsetof(struct jvpn_session, slot), to = from + sizeof(a->slot);
	const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;

	return memcmp(x, y, from) == 0 && memcmp(x + to, y + to, sizeof(*a) - to) == 0 &&
	       memcmp(a->slot, b->slot, JVPN_SLOTS * sizeof(*a->slot)) == 0;
}

static void on_create(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (s->started)
		return;
	s->started = true;
	s->id = st->event->u.create.id;
	s->user_hash = st->event->u.create.user_hash;
	s->plain = st->event->u.create.plain;
	s->age_ref_ns = st->now_ns;
	s->state_since_ns = st->now_ns;
	s->transportless_since_ns = st->now_ns;
	if (s->role == JVPN_ROLE_CLIENT)
		s->durable_version = s->state_version;
}

/* A request without a valid proof may not even make due timers run. */
static bool is_forged(const struct jvpn_event *event)
{
	return (event->type == JVPN_EVENT_REATTACH_REQUEST ||
		event->type == JVPN_EVENT_ATTACH_REQUEST) &&
	       !event->u.request.proof_ok;
}

static void on_peer_terminate(struct jvpn_step *st)
{
	enum jvpn_reason reason = st->event->u.peer.reason;

	if (!st->event->u.peer.verified)
		return;
	if (st->s->role == JVPN_ROLE_SERVER)
		reason = JVPN_REASON_CLIENT_CLOSED;
	else if (!jvpn_fsm_reason_allowed(JVPN_FSM_TERMINATE, reason))
		reason = JVPN_REASON_SESSION_UNKNOWN_TO_SERVER;
	jvpn_core_terminate(st, reason, false);
}

static void on_keys(struct jvpn_step *st)
{
	struct jvpn_audit *a;
	struct jvpn_text text;

	if (st->event->slot >= JVPN_SLOTS || !st->s->slot[st->event->slot].used)
		return;
	a = jvpn_core_emit_slot(st, JVPN_AUDIT_KEY_ROTATED, JVPN_REASON_NONE, st->event->slot);
	a->has |= JVPN_HAS_COUNT | JVPN_HAS_TEXT;
	a->count = st->event->u.keys.generation;
	jvpn_text_init(&text, a->text, sizeof(a->text));
	jvpn_text_add(&text, "traffic keys, begun ");
	jvpn_text_add(&text, st->event->u.keys.by_peer ? "by the peer" : "here");
}

static void dispatch(struct jvpn_step *st)
{
	switch (st->event->type) {
	case JVPN_EVENT_NONE:
	case JVPN_EVENT_COUNT:
	case JVPN_EVENT_TIMER: /* timers ran already */
		break;
	case JVPN_EVENT_CREATE:
		on_create(st);
		break;
	case JVPN_EVENT_RESTORE:
		jvpn_core_on_restore(st);
		break;
	case JVPN_EVENT_ATTACH_FAILED:
		jvpn_core_attach_failed(st, st->event->u.reason);
		break;
	case JVPN_EVENT_TRANSPORT_CLOSED:
		jvpn_core_on_closed(st);
		break;
	case JVPN_EVENT_FACT:
		jvpn_core_on_fact(st);
		break;
	case JVPN_EVENT_TERMINATE:
		jvpn_core_terminate(st, st->event->u.reason, true);
		break;
	case JVPN_EVENT_PEER_TERMINATE:
		on_peer_terminate(st);
		break;
	case JVPN_EVENT_HANDOVER:
		jvpn_core_on_handover(st);
		break;
	case JVPN_EVENT_DRAIN:
		jvpn_core_on_drain(st);
		break;
	case JVPN_EVENT_KEYS:
		on_keys(st);
		break;
	case JVPN_EVENT_TRANSPORT_ATTACHED:
		jvpn_core_on_attached(st);
		break;
	case JVPN_EVENT_ATTACH_REQUEST:
		jvpn_core_on_attach_request(st);
		break;
	case JVPN_EVENT_REATTACH_REQUEST:
		jvpn_core_on_reattach_request(st);
		break;
	case JVPN_EVENT_PATH_CANDIDATE:
	case JVPN_EVENT_PATH_VALIDATED:
	case JVPN_EVENT_PATH_FAILED:
	case JVPN_EVENT_PATH_SUPERSEDED:
		jvpn_core_on_path(st);
		break;
	case JVPN_EVENT_STORE_RESULT:
		jvpn_core_on_store_result(st);
		break;
	case JVPN_EVENT_TRANSPORT_READY:
	case JVPN_EVENT_ATTACH_ACCEPTED:
	case JVPN_EVENT_CREATED:
	case JVPN_EVENT_REQUIRED:
	case JVPN_EVENT_ACK:
	case JVPN_EVENT_DENY:
	case JVPN_EVENT_STATE:
		jvpn_core_client_on(st);
		break;
	case JVPN_EVENT_COMPARE:
		jvpn_core_client_compare(st);
		break;
	}
}

/* Server-only events on a client and the reverse are defects of the driver: nothing happens. */
static bool fits_role(const struct jvpn_session *s, enum jvpn_event_type type)
{
	if (type >= JVPN_EVENT_TRANSPORT_READY)
		return s->role == JVPN_ROLE_CLIENT;
	if (type >= JVPN_EVENT_TRANSPORT_ATTACHED)
		return s->role == JVPN_ROLE_SERVER;
	return true;
}

void jvpn_session_step(struct jvpn_session *s, const struct jvpn_step_ctx *ctx,
		       const struct jvpn_event *event, struct jvpn_effects *effects)
{
	struct jvpn_step st = {.s = s,
			       .ctx = ctx,
			       .policy = ctx->policy,
			       .event = event,
			       .now_ns = event->now_ns,
			       .fx = effects};

	effects->count = 0;
	effects->overflow = false;
	if (s->dropped)
		return;
	if (!s->started && event->type != JVPN_EVENT_CREATE && event->type != JVPN_EVENT_RESTORE)
		return;
	if (s->started && !is_forged(event))
		jvpn_core_run_timers(&st);
	if (fits_role(s, event->type))
		dispatch(&st);
	if (is_forged(event))
		return;
	if (s->role == JVPN_ROLE_CLIENT)
		jvpn_core_client_keep_asking(&st);
	jvpn_core_flush_store(&st);
}

uint64_t jvpn_session_age_ms(const struct jvpn_session *s, uint64_t now_ns)
{
	return s->age_ref_ms + jvpn_ns_to_ms(jvpn_time_since(now_ns, s->age_ref_ns));
}

uint64_t jvpn_session_transportless_ms(const struct jvpn_session *s, uint64_t now_ns)
{
	if (s->bound != JVPN_SLOT_NONE)
		return 0;
	return s->transportless_ref_ms +
	       jvpn_ns_to_ms(jvpn_time_since(now_ns, s->transportless_since_ns));
}

uint8_t jvpn_session_free_slot(const struct jvpn_session *s)
{
	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (!s->slot[i].used)
			return i;
	return JVPN_SLOT_NONE;
}

uint32_t jvpn_session_candidate_count(const struct jvpn_session *s)
{
	uint32_t n = 0;

	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (s->slot[i].used && s->slot[i].alive && i != s->bound)
			n++;
	return n;
}

bool jvpn_session_wants_transport(const struct jvpn_session *s)
{
	return s->role == JVPN_ROLE_CLIENT && s->state != JVPN_STATE_TERMINATED &&
	       !jvpn_core_has_live_slot(s);
}

void jvpn_session_transport_id(const struct jvpn_session *s, uint8_t slot,
			       char out[JVPN_TRANSPORT_ID_MAX + 1])
{
	out[0] = '\0';
	if (slot < JVPN_SLOTS && s->slot[slot].used)
		jvpn_text_transport_id(out, JVPN_TRANSPORT_ID_MAX + 1, s->slot[slot].label,
				       s->slot[slot].n);
}

bool jvpn_core_has_live_candidate(const struct jvpn_session *s)
{
	return jvpn_session_candidate_count(s) > 0;
}

bool jvpn_core_has_live_slot(const struct jvpn_session *s)
{
	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (s->slot[i].used && s->slot[i].alive)
			return true;
	return false;
}

bool jvpn_core_is_switch(const struct jvpn_session *s, uint8_t slot, uint32_t generation)
{
	const struct jvpn_slot *p = &s->slot[slot];

	if (p->pending != JVPN_PENDING_NONE && p->pending_generation == generation)
		return true; /* a tuple of its own n */
	return p->n != s->last_n_bound;
}

uint64_t jvpn_core_lifetime_ms(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	return s->lifetime_ms != 0 ? s->lifetime_ms : policy->max_lifetime_ms;
}

uint64_t jvpn_core_ttl_ms(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	return s->transport_lost_ttl_ms != 0 ? s->transport_lost_ttl_ms
					     : policy->transport_lost_ttl_ms;
}

static uint64_t deadline(uint64_t since_ns, uint64_t already_ms, uint64_t limit_ms)
{
	uint64_t left_ms = limit_ms > already_ms ? limit_ms - already_ms : 0;

	return jvpn_time_add(since_ns, jvpn_ms_to_ns(left_ms));
}

uint64_t jvpn_core_lifetime_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	return deadline(s->age_ref_ns, s->age_ref_ms, jvpn_core_lifetime_ms(s, policy));
}

uint64_t jvpn_core_ttl_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	if (s->bound != JVPN_SLOT_NONE || s->state == JVPN_STATE_BIRTH)
		return JVPN_TIME_NEVER;
	return deadline(s->transportless_since_ns, s->transportless_ref_ms,
			jvpn_core_ttl_ms(s, policy));
}

/* Tallies run on the session's age, which fits 32 bits of milliseconds for 30 days; a thing is
 * counted at its age rounded up, so that it is never taken for older than it is. */
static uint64_t age_rounded_up_ms(const struct jvpn_session *s, uint64_t now_ns)
{
	uint64_t since = jvpn_time_since(now_ns, s->age_ref_ns);

	return jvpn_session_age_ms(s, now_ns) + (since % JVPN_NS_PER_MS != 0);
}

uint64_t jvpn_core_failure_wait_ms(const struct jvpn_session *s, const struct jvpn_policy *policy,
				   uint64_t now_ns)
{
	struct jvpn_tally_entry entry[JVPN_FAILURE_ENTRIES];
	uint8_t used = s->failures_used;
	struct jvpn_tally t = {entry, &used, JVPN_FAILURE_ENTRIES};

	memcpy(entry, s->failures, sizeof(entry));
	return jvpn_tally_wait_ms(&t, JVPN_MINUTE_MS, policy->max_validation_failures,
				  jvpn_session_age_ms(s, now_ns));
}

uint64_t jvpn_core_budget_wait_ms(const struct jvpn_session *s, const struct jvpn_policy *policy,
				  uint64_t now_ns)
{
	struct jvpn_tally_entry entry[JVPN_SWITCH_ENTRIES];
	uint8_t used = s->switches_used;
	struct jvpn_tally t = {entry, &used, JVPN_SWITCH_ENTRIES};
	uint64_t now_ms = jvpn_session_age_ms(s, now_ns);
	uint64_t minute, hour;

	memcpy(entry, s->switches, sizeof(entry));
	minute = jvpn_tally_wait_ms(&t, JVPN_MINUTE_MS, policy->max_switches_per_min, now_ms);
	hour = jvpn_tally_wait_ms(&t, JVPN_HOUR_MS, policy->max_switches_per_hour, now_ms);
	return minute > hour ? minute : hour;
}

void jvpn_core_count_failure(struct jvpn_session *s, uint64_t now_ns)
{
	struct jvpn_tally t = {s->failures, &s->failures_used, JVPN_FAILURE_ENTRIES};

	jvpn_tally_add(&t, JVPN_MINUTE_MS, age_rounded_up_ms(s, now_ns));
}

void jvpn_core_charge_switch(struct jvpn_session *s, uint64_t now_ns)
{
	s->previous_switch_ns = s->last_switch_ns;
	s->last_switch_ns = now_ns;
	s->last_switch_exempt = s->exempt;
	if (!s->exempt)
		jvpn_core_count_switch(s, now_ns);
}

void jvpn_core_count_switch(struct jvpn_session *s, uint64_t now_ns)
{
	struct jvpn_tally t = {s->switches, &s->switches_used, JVPN_SWITCH_ENTRIES};

	jvpn_tally_add(&t, JVPN_HOUR_MS, age_rounded_up_ms(s, now_ns));
}

/* Why a binding is left decides why a new one is sought. */
enum jvpn_reason jvpn_core_recovery_reason(enum jvpn_reason instability)
{
	if (instability == JVPN_REASON_LOSS_THRESHOLD_EXCEEDED ||
	    instability == JVPN_REASON_CONSECUTIVE_DROP_EXCEEDED ||
	    instability == JVPN_REASON_LATENCY_THRESHOLD_EXCEEDED)
		return JVPN_REASON_LOSS_RECOVERY;
	if (instability == JVPN_REASON_PATH_CHANGE_OBSERVED)
		return JVPN_REASON_PATH_CHANGE_RECOVERY;
	if (instability == JVPN_REASON_PLANNED_HANDOVER)
		return JVPN_REASON_PLANNED_HANDOVER;
	return JVPN_REASON_DEAD_TRANSPORT_RECOVERY;
}
