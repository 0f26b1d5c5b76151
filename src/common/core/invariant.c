/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The invariants of session.md, looked at from outside after every step. Must not share code with
 * what it checks, as far as that is possible.
 */
#include "core/invariant.h"

#include <string.h>

#include "base/time.h"
#include "core/prelude.h"

/* What one check may look at. */
struct view {
	const struct jvpn_witness *before;
	const struct jvpn_session *s;
	const struct jvpn_step_ctx *ctx;
	const struct jvpn_event *event;
	const struct jvpn_effects *fx;
};

/* In the manner of FNV-1a, but by words: a digest against accidents, not against an opponent. */
static uint64_t add_to_digest(uint64_t h, const void *data, size_t len)
{
	uint64_t word;

	for (size_t i = 0; i < len; i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)data + i, sizeof(word));
		h = (h ^ word) * 0x100000001b3ULL;
		h ^= h >> 29;
	}
	return h;
}

static uint64_t digest_of(const struct jvpn_session *s)
{
	_Static_assert(sizeof(*s) % sizeof(uint64_t) == 0 &&
			       sizeof(*s->slot) % sizeof(uint64_t) == 0,
		       "the digest covers every byte");
	return add_to_digest(add_to_digest(0xcbf29ce484222325ULL, s, sizeof(*s)), s->slot,
			     JVPN_SLOTS * sizeof(*s->slot));
}

static bool is_forged(const struct jvpn_event *e)
{
	return (e->type == JVPN_EVENT_REATTACH_REQUEST || e->type == JVPN_EVENT_ATTACH_REQUEST) &&
	       !e->u.request.proof_ok;
}

void jvpn_invariant_capture(const struct jvpn_session *s, struct jvpn_witness *w)
{
	w->id = s->id;
	w->state = s->state;
	w->state_version = s->state_version;
	w->durable_version = s->durable_version;
	w->transitions = s->transitions;
	w->total_switches = s->total_switches;
	w->last_switch_ns = s->last_switch_ns;
	w->bind_counter = s->bind_counter;
	w->bound = s->bound;
	w->bound_generation = s->bound < JVPN_SLOTS ? s->slot[s->bound].generation : 0;
	w->permit = s->permit;
	w->digest = digest_of(s);
}

/* I1: ATTACHED has exactly one living binding with a permit (withdrawn already while its transition
 * waits for a commit); a permit is the binding's; TERMINATED has none. */
static bool one_binding(const struct view *v)
{
	const struct jvpn_session *s = v->s;
	bool waits = s->commit.active;

	if (s->bound != JVPN_SLOT_NONE && (s->bound >= JVPN_SLOTS || !s->slot[s->bound].used))
		return false;
	if (s->permit && s->bound == JVPN_SLOT_NONE)
		return false;
	if (s->state == JVPN_STATE_TERMINATED || s->dropped)
		return s->bound == JVPN_SLOT_NONE;
	return s->state != JVPN_STATE_ATTACHED || waits ||
	       (s->bound != JVPN_SLOT_NONE && s->permit);
}

/* I2: the identity is set once. */
static bool same_identity(const struct view *v)
{
	static const struct jvpn_id none;

	return jvpn_id_equal(&v->before->id, &v->s->id) ||
	       (jvpn_id_equal(&v->before->id, &none) && v->before->state == JVPN_STATE_BIRTH);
}

/* I3: what ends a session without a transport is its TTL, and nothing else that follows from a dead
 * transport, as long as there is a candidate. */
static bool no_early_death(const struct view *v)
{
	const struct jvpn_session *s = v->s;
	uint64_t ttl = s->transport_lost_ttl_ms != 0 ? s->transport_lost_ttl_ms
						     : v->ctx->policy->transport_lost_ttl_ms;

	if (s->state != JVPN_STATE_TERMINATED || v->before->state == JVPN_STATE_TERMINATED)
		return true;
	if (s->terminated_reason == JVPN_REASON_TRANSPORT_TTL_EXCEEDED &&
	    v->event->type != JVPN_EVENT_DENY && v->event->type != JVPN_EVENT_PEER_TERMINATE)
		return s->terminated_transportless_ms >= ttl;
	return s->terminated_reason != JVPN_REASON_TRANSPORT_DEAD;
}

static bool has_room(const struct jvpn_session *s, uint64_t now_ms, uint64_t window_ms,
		     uint64_t max)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->switches_used; i++)
		if (s->switches[i].at_ms + window_ms > now_ms)
			sum += s->switches[i].count;
	return sum < max;
}

/* I4: a switch is given to the store inside both budgets and after the cooldown, by the policy of
 * that moment (it may change before the answer); what the store took is one switch and counted. */
static bool switches_in_budget(const struct view *v)
{
	const struct jvpn_session *s = v->s;
	const struct jvpn_policy *p = v->ctx->policy;
	uint64_t now_ms = jvpn_session_age_ms(s, v->event->now_ns);

	if (s->role != JVPN_ROLE_SERVER || v->event->type == JVPN_EVENT_RESTORE)
		return true;
	if (s->total_switches != v->before->total_switches &&
	    (s->total_switches != v->before->total_switches + 1 ||
	     (!s->last_switch_exempt && s->switches_used == 0)))
		return false;
	if (!s->commit.active || !s->commit.is_switch || s->commit.first || s->exempt ||
	    s->commit.started_ns != v->event->now_ns)
		return true;
	return has_room(s, now_ms, 60000, p->max_switches_per_min) &&
	       has_room(s, now_ms, 3600000, p->max_switches_per_hour) &&
	       (s->last_switch_ns == 0 || jvpn_time_since(v->event->now_ns, s->last_switch_ns) >=
						  jvpn_ms_to_ns(p->switch_cooldown_ms));
}

/* I5: RECOVERING ends by its deadline; only a commit in flight may outlast it. */
static bool recovering_ends(const struct view *v)
{
	const struct jvpn_session *s = v->s;

	return s->state != JVPN_STATE_RECOVERING || s->commit.active || is_forged(v->event) ||
	       v->event->now_ns < jvpn_time_add(s->state_since_ns,
						jvpn_ms_to_ns(v->ctx->policy->recovery_window_ms));
}

/* I6: lifetime and transportless time are over with the session, and a timer stands for both. */
static bool time_is_bounded(const struct view *v)
{
	const struct jvpn_session *s = v->s;
	const struct jvpn_policy *p = v->ctx->policy;
	uint64_t lifetime = s->lifetime_ms != 0 ? s->lifetime_ms : p->max_lifetime_ms;
	uint64_t ttl =
		s->transport_lost_ttl_ms != 0 ? s->transport_lost_ttl_ms : p->transport_lost_ttl_ms;
	uint64_t age = jvpn_session_age_ms(s, v->event->now_ns);
	uint64_t lost = jvpn_session_transportless_ms(s, v->event->now_ns);

	if (!s->started || s->dropped || s->state == JVPN_STATE_TERMINATED || is_forged(v->event) ||
	    (s->commit.active && s->commit.deferred_terminate != 0))
		return true;
	if (v->event->type == JVPN_EVENT_RESTORE || s->role == JVPN_ROLE_CLIENT)
		return jvpn_session_next_deadline(s, p) != JVPN_TIME_NEVER;
	return age < lifetime && (s->state == JVPN_STATE_BIRTH || lost < ttl) &&
	       jvpn_session_next_deadline(s, p) != JVPN_TIME_NEVER;
}

/* I7: versions move with transitions, one by one; what is not durable is in the journal. */
static bool versions_step(const struct view *v)
{
	const struct jvpn_session *s = v->s;

	if (s->dropped || v->event->type == JVPN_EVENT_RESTORE)
		return true;
	if (s->state_version - v->before->state_version !=
		    s->transitions - v->before->transitions ||
	    s->durable_version < v->before->durable_version ||
	    s->durable_version > s->state_version)
		return false;
	if (s->state != v->before->state && s->transitions == v->before->transitions)
		return false;
	return !s->first_stored || s->state_version - s->durable_version == s->journal_count;
}

/* I9: a new binding has a proof whose counter is used up, or is a first attach, or a plain peer's. */
static bool bound_by_proof(const struct view *v)
{
	const struct jvpn_session *s = v->s;
	bool same = s->bound == v->before->bound &&
		    (s->bound == JVPN_SLOT_NONE ||
		     s->slot[s->bound].generation == v->before->bound_generation);

	if (same || s->bound == JVPN_SLOT_NONE || s->plain || v->before->state == JVPN_STATE_BIRTH)
		return true;
	if (s->bind_counter == 0 || s->bind_counter == v->before->bind_counter)
		return false;
	return s->role == JVPN_ROLE_CLIENT || jvpn_replay_has_seen(&s->replay, s->bind_counter);
}

/* I10: not a byte. */
static bool forgery_leaves_no_trace(const struct view *v)
{
	return !is_forged(v->event) || digest_of(v->s) == v->before->digest;
}

/* I11: without authority nothing is permitted anew. */
static bool authority_is_ours(const struct view *v)
{
	if (v->ctx->authority != JVPN_AUTHORITY_CONFLICT || v->s->role != JVPN_ROLE_SERVER)
		return true;
	for (size_t i = 0; i < v->fx->count; i++)
		if (v->fx->v[i].type == JVPN_EFFECT_STORE_CAS)
			return false;
	return !v->s->permit || v->before->permit;
}

/* I12: one SessionStateChange per version that became durable, in order. */
static bool events_tell_all(const struct view *v)
{
	uint64_t next = v->before->durable_version + 1;

	if (v->event->type == JVPN_EVENT_RESTORE)
		next = v->event->u.restore.record->state_version + 1;
	else if (v->before->state == JVPN_STATE_BIRTH)
		next = v->before->state_version + 1; /* version 1 is SessionCreated */
	if (v->s->durable_version == v->before->durable_version)
		next = v->s->durable_version + 1;
	for (size_t i = 0; i < v->fx->count; i++) {
		const struct jvpn_effect *e = &v->fx->v[i];

		if (e->type == JVPN_EFFECT_EMIT &&
		    e->u.audit.type == JVPN_AUDIT_SESSION_STATE_CHANGE &&
		    e->u.audit.state_version != next++)
			return false;
	}
	return !v->fx->overflow && (!v->s->started || v->s->state == JVPN_STATE_BIRTH ||
				    next == v->s->durable_version + 1);
}

/* I8 (the same input gives the same result) is not a property of one step: the simulator replays. */
static const struct {
	int number;
	bool (*holds)(const struct view *v);
	const char *text;
} invariants[] = {
	{1, one_binding, "ATTACHED has exactly one binding, no other state has more than one"},
	{2, same_identity, "the identity of a session never changes"},
	{3, no_early_death, "a dead transport does not end a session inside its TTLs"},
	{4, switches_in_budget, "switches stay inside both budgets and the cooldown"},
	{5, recovering_ends, "RECOVERING ends by its deadline"},
	{6, time_is_bounded, "lifetime and transportless time are bounded by timers"},
	{7, versions_step, "state_version grows by one with each transition"},
	{9, bound_by_proof, "nothing is bound without a proof"},
	{10, forgery_leaves_no_trace, "a forged request changes nothing"},
	{11, authority_is_ours, "nothing is permitted without authority"},
	{12, events_tell_all, "every transition has exactly one event, in version order"},
};

int jvpn_invariant_check(const struct jvpn_witness *before, const struct jvpn_session *s,
			 const struct jvpn_step_ctx *ctx, const struct jvpn_event *event,
			 const struct jvpn_effects *effects)
{
	struct view v = {before, s, ctx, event, effects};

	for (size_t i = 0; i < sizeof(invariants) / sizeof(invariants[0]); i++)
		if (!invariants[i].holds(&v))
			return invariants[i].number;
	return 0;
}

const char *jvpn_invariant_text(int number)
{
	for (size_t i = 0; i < sizeof(invariants) / sizeof(invariants[0]); i++)
		if (invariants[i].number == number)
			return invariants[i].text;
	return "no invariant";
}
