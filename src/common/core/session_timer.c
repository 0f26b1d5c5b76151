/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Deadlines, derived from the state each time they are asked for: nothing is armed or cancelled, so
 * nothing can be forgotten. They fire without traffic (I5, I6).
 */
#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"

/* Several may be due at once (a machine that slept); each pass makes at most one of each kind. */
#define PASSES 4

static uint64_t since_state(const struct jvpn_session *s, uint64_t ms)
{
	return jvpn_time_add(s->state_since_ns, jvpn_ms_to_ns(ms));
}

static uint64_t undecided_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	const struct jvpn_slot *p;

	if (s->bound == JVPN_SLOT_NONE || s->role != JVPN_ROLE_SERVER ||
	    s->state == JVPN_STATE_RECOVERING)
		return JVPN_TIME_NEVER;
	p = &s->slot[s->bound];
	if (p->pending == JVPN_PENDING_NONE || p->undecided_said)
		return JVPN_TIME_NEVER;
	return jvpn_time_add(p->pending_since_ns, jvpn_ms_to_ns(policy->path_silence_ms));
}

/* degraded_terminate_ms never ends a session that has somewhere to go (I3). */
static uint64_t degraded_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	if (policy->degraded_terminate_ms == 0 ||
	    (s->bound == JVPN_SLOT_NONE && jvpn_core_has_live_candidate(s)))
		return JVPN_TIME_NEVER;
	return since_state(s, policy->degraded_terminate_ms);
}

static uint64_t state_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	switch (s->state) {
	case JVPN_STATE_BIRTH:
		return since_state(s, JVPN_ATTACH_TIMEOUT_MS);
	case JVPN_STATE_VOLATILE:
		return since_state(s, policy->volatile_to_degraded_ms);
	case JVPN_STATE_DEGRADED:
		return degraded_deadline(s, policy);
	case JVPN_STATE_RECOVERING:
		return since_state(s, policy->recovery_window_ms);
	case JVPN_STATE_ATTACHED:
	case JVPN_STATE_TERMINATED:
	case JVPN_STATE_NONE:
	case JVPN_STATE_COUNT:
		break;
	}
	return JVPN_TIME_NEVER;
}

static uint64_t attempt_deadline(const struct jvpn_session *s)
{
	return s->attempt.next_ns != 0 ? s->attempt.next_ns : JVPN_TIME_NEVER;
}

/* While a commit is in flight transitions wait for it, but the permit does not outlive the session:
 * these two withdraw it once. */
static uint64_t end_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	if (s->commit.active && s->commit.deferred_terminate != 0)
		return JVPN_TIME_NEVER;
	return jvpn_time_min(jvpn_core_lifetime_deadline(s, policy),
			     jvpn_core_ttl_deadline(s, policy));
}

uint64_t jvpn_session_next_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy)
{
	uint64_t at = s->store_retry_ns != 0 ? s->store_retry_ns : JVPN_TIME_NEVER;

	if (s->state == JVPN_STATE_TERMINATED || s->dropped || !s->started)
		return at;
	at = jvpn_time_min(at, end_deadline(s, policy));
	if (s->commit.active)
		return at;
	at = jvpn_time_min(at, state_deadline(s, policy));
	at = jvpn_time_min(at, undecided_deadline(s, policy));
	at = jvpn_time_min(at, jvpn_core_leave_deadline(s));
	return jvpn_time_min(at, attempt_deadline(s));
}

static void recovery_timeout(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (s->bound != JVPN_SLOT_NONE) {
		struct jvpn_slot *p = &s->slot[s->bound];

		if (p->pending == JVPN_PENDING_VALIDATED)
			jvpn_core_unbind(st); /* validated without a proof: control only */
		else
			jvpn_core_drop_pending(st, s->bound, JVPN_REASON_RECOVERY_WINDOW_EXCEEDED,
					       0);
	}
	(void)jvpn_core_transit(st, JVPN_FSM_RECOVERY_TIMEOUT,
				JVPN_REASON_RECOVERY_WINDOW_EXCEEDED);
	(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_SWITCH_FAILED,
				  JVPN_REASON_RECOVERY_WINDOW_EXCEEDED, s->bound);
}

static void state_timeout(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (s->state == JVPN_STATE_BIRTH)
		jvpn_core_attach_failed(st, JVPN_REASON_ATTACH_TIMEOUT);
	else if (s->state == JVPN_STATE_VOLATILE)
		(void)jvpn_core_transit(st, JVPN_FSM_DEGRADE,
					jvpn_core_has_live_slot(s)
						? JVPN_REASON_VOLATILE_PERSISTED
						: JVPN_REASON_NO_CANDIDATE_TRANSPORTS);
	else if (s->state == JVPN_STATE_RECOVERING)
		recovery_timeout(st);
	else if (s->state == JVPN_STATE_DEGRADED)
		jvpn_core_terminate(st, JVPN_REASON_POLICY_TERMINATION, true);
}

static bool run_end(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (end_deadline(s, st->policy) > st->now_ns)
		return false;
	jvpn_core_terminate(st,
			    jvpn_core_lifetime_deadline(s, st->policy) <= st->now_ns
				    ? JVPN_REASON_SESSION_LIFETIME_EXCEEDED
				    : JVPN_REASON_TRANSPORT_TTL_EXCEEDED,
			    true);
	return true;
}

static bool run_one_pass(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	bool ran = false;

	if (s->state == JVPN_STATE_TERMINATED || run_end(st) || s->commit.active)
		return false;
	jvpn_core_close_left(st);
	if (undecided_deadline(s, st->policy) <= st->now_ns) {
		jvpn_core_path_undecided(st);
		ran = true;
	}
	if (state_deadline(s, st->policy) <= st->now_ns) {
		state_timeout(st);
		ran = true;
	}
	if (attempt_deadline(s) <= st->now_ns) {
		jvpn_core_client_timer(st);
		ran = true;
	}
	return ran;
}

void jvpn_core_run_timers(struct jvpn_step *st)
{
	jvpn_core_store_retry(st);
	for (int i = 0; i < PASSES && run_one_pass(st); i++)
		continue;
}
