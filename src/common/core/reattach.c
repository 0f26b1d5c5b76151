/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The REATTACH ladder (session.md, "REATTACH"): checks 3-12 in that order. It looks at a const
 * session and fills a verdict; must not mutate anything, so that a refused request leaves no trace.
 */
#include "core/reattach.h"

#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"

/* What check 10 and 12 are about: which tuple would be bound, and who asks. */
struct target {
	uint8_t slot;
	uint32_t generation;
	bool charge; /* rates are charged (not for a parked request: its arrival was) */
	bool forbidden, class_denied, handshake_validated;
};

static bool fail(struct jvpn_verdict *v, enum jvpn_ladder_step step, enum jvpn_reason reason)
{
	v->answer = JVPN_ANSWER_DENY;
	v->step = step;
	v->reason = reason;
	v->wire_reason = reason;
	return false;
}

static bool fail_until(struct jvpn_verdict *v, enum jvpn_reason reason, uint64_t retry_after_ms)
{
	v->retry_after_ms = retry_after_ms;
	return fail(v, JVPN_LADDER_POLICY, reason);
}

static uint64_t round_up_ms(uint64_t ns)
{
	return ns / JVPN_NS_PER_MS + (ns % JVPN_NS_PER_MS != 0);
}

/* 3, 4, 5: the session itself. */
static bool check_session(const struct jvpn_ladder_input *in, struct jvpn_verdict *v)
{
	const struct jvpn_session *s = in->session;

	if (s->state == JVPN_STATE_TERMINATED || s->state == JVPN_STATE_BIRTH)
		return fail(v, JVPN_LADDER_STATE, JVPN_REASON_INVALID_STATE_FOR_REATTACH);
	if (jvpn_session_age_ms(s, in->now_ns) >= in->ctx->policy->max_lifetime_ms)
		return fail(v, JVPN_LADDER_LIFETIME, JVPN_REASON_SESSION_EXPIRED);
	/* A commit in flight may yet bind; only then the clock decides. */
	if (s->bound == JVPN_SLOT_NONE && !s->commit.active &&
	    jvpn_session_transportless_ms(s, in->now_ns) >= in->ctx->policy->transport_lost_ttl_ms)
		return fail(v, JVPN_LADDER_TTL, JVPN_REASON_TRANSPORT_TTL_EXCEEDED);
	return true;
}

/* 6: attached_version <= request <= state_version. */
static bool check_version(const struct jvpn_session *s, uint64_t version, struct jvpn_verdict *v)
{
	if (version < s->attached_version || version > s->state_version)
		return fail(v, JVPN_LADDER_VERSION, JVPN_REASON_STALE_STATE_VERSION);
	return true;
}

/* 7, 8. */
static bool check_proof(const struct jvpn_request *r, struct jvpn_verdict *v)
{
	if (r->identity_mismatch)
		return fail(v, JVPN_LADDER_IDENTITY, JVPN_REASON_IDENTITY_MISMATCH);
	if (!r->proof_ok)
		return fail(v, JVPN_LADDER_PROOF, JVPN_REASON_BAD_PROOF);
	return true;
}

/* 9: a new counter, and an age that is ours within the allowed difference (in both directions: a
 * request from the future is as wrong as an old one). */
static bool check_freshness(const struct jvpn_ladder_input *in, struct jvpn_verdict *v)
{
	const struct jvpn_policy *policy = in->ctx->policy;
	uint64_t age = jvpn_session_age_ms(in->session, in->now_ns);
	uint64_t theirs = in->request->age_ms;
	uint64_t apart = age > theirs ? age - theirs : theirs - age;

	if (!jvpn_replay_is_fresh(&in->session->replay, in->request->counter,
				  policy->replay_window_size))
		return fail(v, JVPN_LADDER_FRESHNESS, JVPN_REASON_REPLAY_DETECTED);
	if (apart > policy->reattach_proof_max_age_ms)
		return fail(v, JVPN_LADDER_FRESHNESS, JVPN_REASON_STALE_REQUEST);
	return true;
}

/* 9, for requests to be bound: one with a higher counter has decided since. As a rule check 6 sees that
 * by the version; a confirmation (ADR 0006) leaves the version alone. */
static bool check_order(const struct jvpn_session *s, uint64_t counter, struct jvpn_verdict *v)
{
	if (counter < s->bind_counter)
		return fail(v, JVPN_LADDER_FRESHNESS, JVPN_REASON_STALE_REQUEST);
	return true;
}

/* 3-9 with the rule that nobody without a proof learns which of 3-8 failed. */
static bool check_request(const struct jvpn_ladder_input *in, struct jvpn_verdict *v)
{
	bool ok = check_session(in, v) &&
		  check_version(in->session, in->request->server_version, v) &&
		  check_proof(in->request, v);

	v->verified = in->request->proof_ok;
	if (!ok && !v->verified)
		v->wire_reason = JVPN_REASON_REATTACH_REFUSED;
	if (!ok || !check_freshness(in, v))
		return false;
	v->charge_counter = true;
	return true;
}

/* 10, first part: rates. The global bucket is only asked for what the session's let through. */
static bool check_rates(const struct jvpn_ladder_input *in, struct jvpn_verdict *v)
{
	const struct jvpn_policy *p = in->ctx->policy;
	const struct jvpn_bucket *global = in->ctx->global_reattach;
	uint64_t wait = jvpn_bucket_wait_ns(&in->session->reattach_bucket,
					    p->reattach_rate_per_session_per_s, p->reattach_burst,
					    in->now_ns);

	if (wait > 0)
		return fail_until(v, JVPN_REASON_RATE_LIMITED, round_up_ms(wait));
	v->charge_session = true;
	if (global == NULL)
		return true;
	wait = jvpn_bucket_wait_ns(global, p->reattach_rate_global_per_s,
				   p->reattach_rate_global_per_s, in->now_ns);
	if (wait > 0)
		return fail_until(v, JVPN_REASON_RATE_LIMITED, round_up_ms(wait));
	v->charge_global = true;
	return true;
}

/* 10, second part: too many verified requests whose path was bad. */
static bool check_failures(const struct jvpn_ladder_input *in, struct jvpn_verdict *v)
{
	uint64_t wait = jvpn_core_failure_wait_ms(in->session, in->ctx->policy, in->now_ns);

	return wait == 0 || fail_until(v, JVPN_REASON_POLICY_DENIED, wait);
}

/* 10, third part: cooldown and budgets, for switches only. The first REATTACH after a restart or a
 * drain is exempt. */
static bool check_budget(const struct jvpn_ladder_input *in, struct jvpn_verdict *v)
{
	const struct jvpn_policy *p = in->ctx->policy;
	uint64_t ready_ns, wait_ms;

	if (!v->is_switch || in->session->exempt)
		return true;
	ready_ns = jvpn_time_add(in->session->last_switch_ns, jvpn_ms_to_ns(p->switch_cooldown_ms));
	if (in->session->last_switch_ns != 0 && in->now_ns < ready_ns)
		return fail_until(v, JVPN_REASON_COOLDOWN_ACTIVE,
				  round_up_ms(ready_ns - in->now_ns));
	wait_ms = jvpn_core_budget_wait_ms(in->session, p, in->now_ns);
	return wait_ms == 0 || fail_until(v, JVPN_REASON_SWITCH_RATE_LIMITED, wait_ms);
}

/* 10, last part: class, and "recently failed" while another binding is alive. */
static bool check_candidate(const struct jvpn_ladder_input *in, const struct target *target,
			    struct jvpn_verdict *v)
{
	const struct jvpn_session *s = in->session;
	const struct jvpn_slot *slot = &s->slot[target->slot];
	uint64_t good_ns =
		jvpn_time_add(slot->failed_ns, jvpn_ms_to_ns(in->ctx->policy->min_stability_ms));

	if (target->class_denied)
		return fail_until(v, JVPN_REASON_POLICY_DENIED, 0);
	if (s->bound == JVPN_SLOT_NONE || s->bound == target->slot || !s->slot[s->bound].alive ||
	    slot->failed_ns == 0 || in->now_ns >= good_ns)
		return true;
	return fail_until(v, JVPN_REASON_POLICY_DENIED, round_up_ms(good_ns - in->now_ns));
}

/* 11: the authority is ours, and no store operation is undecided (then the request waits; what the
 * ACL forbids does not: the verdict would be forgotten). */
static bool check_authority(const struct jvpn_ladder_input *in, const struct target *target,
			    struct jvpn_verdict *v)
{
	if (in->ctx->authority == JVPN_AUTHORITY_CONFLICT)
		return fail(v, JVPN_LADDER_AUTHORITY, JVPN_REASON_OWNERSHIP_CONFLICT);
	if (!in->session->commit.active && in->session->journal_count == 0)
		return true;
	if (target->forbidden)
		return fail(v, JVPN_LADDER_PATH, JVPN_REASON_INVALID_TRANSPORT_CANDIDATE);
	v->answer = JVPN_ANSWER_PARK;
	v->step = JVPN_LADDER_AUTHORITY;
	return false;
}

/* 12: the tuple is validated, by the handshake or by PATH_CHALLENGE (RFC 9000 section 8). */
static bool check_path(const struct jvpn_ladder_input *in, const struct target *target,
		       struct jvpn_verdict *v)
{
	const struct jvpn_slot *slot = &in->session->slot[target->slot];
	bool pending = slot->pending != JVPN_PENDING_NONE &&
		       slot->pending_generation == target->generation;

	if (!slot->used || target->forbidden)
		return fail(v, JVPN_LADDER_PATH, JVPN_REASON_INVALID_TRANSPORT_CANDIDATE);
	if (pending && slot->pending == JVPN_PENDING_VALIDATED)
		return true;
	if (!pending && slot->generation != target->generation)
		return fail(v, JVPN_LADDER_PATH, JVPN_REASON_INVALID_TRANSPORT_CANDIDATE);
	if (!pending && (slot->validated || target->handshake_validated))
		return true;
	v->answer = JVPN_ANSWER_PARK;
	v->step = JVPN_LADDER_PATH;
	return false;
}

/* 10-12, then COMMIT. */
static void check_target(const struct jvpn_ladder_input *in, const struct target *target,
			 struct jvpn_verdict *v)
{
	v->is_switch = jvpn_core_is_switch(in->session, target->slot, target->generation);
	if (target->charge && !check_rates(in, v))
		return;
	if (check_failures(in, v) && check_budget(in, v) && check_candidate(in, target, v) &&
	    check_authority(in, target, v) && check_path(in, target, v))
		v->answer = JVPN_ANSWER_COMMIT;
}

/* A tuple that is not the handshake's must show the challenge that was issued for it. */
static bool lacks_challenge(const struct jvpn_ladder_input *in)
{
	if (in->request->has_challenge)
		return !in->request->challenge_matches;
	return in->generation != 0;
}

void jvpn_reattach_check(const struct jvpn_ladder_input *in, struct jvpn_verdict *verdict)
{
	struct target target = {.slot = in->slot,
				.generation = in->generation,
				.charge = true,
				.forbidden = in->request->forbidden,
				.class_denied = in->request->class_denied,
				.handshake_validated = in->request->handshake_validated};

	memset(verdict, 0, sizeof(*verdict));
	if (!check_request(in, verdict) || !check_order(in->session, in->request->counter, verdict))
		return;
	if (lacks_challenge(in)) {
		verdict->answer = JVPN_ANSWER_REQUIRED;
		return;
	}
	check_target(in, &target, verdict);
}

void jvpn_reattach_check_attach(const struct jvpn_ladder_input *in, struct jvpn_verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	if (check_request(in, verdict))
		verdict->answer = JVPN_ANSWER_COMMIT;
}

void jvpn_reattach_recheck(const struct jvpn_session *s, const struct jvpn_step_ctx *ctx,
			   uint8_t slot, uint64_t now_ns, struct jvpn_verdict *verdict)
{
	const struct jvpn_slot *p = &s->slot[slot];
	struct jvpn_ladder_input in = {.session = s,
				       .ctx = ctx,
				       .slot = slot,
				       .now_ns = now_ns,
				       .generation = p->parked_generation};
	struct target target = {.slot = slot, .generation = p->parked_generation};

	memset(verdict, 0, sizeof(*verdict));
	verdict->verified = true;
	if (check_session(&in, verdict) && check_version(s, p->parked_version, verdict) &&
	    check_order(s, p->parked_counter, verdict))
		check_target(&in, &target, verdict);
}

void jvpn_reattach_check_plain(const struct jvpn_ladder_input *in, struct jvpn_verdict *verdict)
{
	struct target target = {.slot = in->slot, .generation = in->generation, .charge = true};

	memset(verdict, 0, sizeof(*verdict));
	verdict->verified = true;
	if (check_session(in, verdict))
		check_target(in, &target, verdict);
}
