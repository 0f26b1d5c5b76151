/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Judges the event stream of each session as a reader would who has nothing else: every transition
 * legal by the table of session.md, consecutive versions, one event each, and switches inside their
 * budgets.
 */
#include <inttypes.h>
#include <string.h>

#include "sim.h"

#define MINUTE_NS (60 * JVPN_NS_PER_S)
#define HOUR_NS   (60 * MINUTE_NS)

#define R(name) (1ULL << JVPN_REASON_##name)

_Static_assert(JVPN_REASON_INTERNAL_INVARIANT < 64, "the reasons of transitions fit one word");

/* The table of session.md, "States and transitions", once more and independent of fsm_table.h. */
static const struct row {
	uint32_t from; /* bit: enum jvpn_state */
	enum jvpn_state to;
	uint64_t reasons;
} rows[] = {
	{1U << JVPN_STATE_BIRTH, JVPN_STATE_ATTACHED, R(ATTACHED_TO_TRANSPORT)},
	{1U << JVPN_STATE_BIRTH, JVPN_STATE_TERMINATED,
	 R(AUTH_FAILED) | R(POLICY_DENIED) | R(CAPACITY_EXCEEDED) | R(ATTACH_TIMEOUT)},
	{1U << JVPN_STATE_ATTACHED, JVPN_STATE_VOLATILE,
	 R(LOSS_THRESHOLD_EXCEEDED) | R(CONSECUTIVE_DROP_EXCEEDED) | R(LATENCY_THRESHOLD_EXCEEDED) |
		 R(HEARTBEAT_TIMEOUT) | R(TRANSPORT_DEAD) | R(PATH_CHANGE_OBSERVED) |
		 R(PEER_REATTACH) | R(PLANNED_HANDOVER) | R(NODE_RESTART) | R(NODE_DRAINING)},
	{1U << JVPN_STATE_VOLATILE | 1U << JVPN_STATE_DEGRADED, JVPN_STATE_RECOVERING,
	 R(LOSS_RECOVERY) | R(DEAD_TRANSPORT_RECOVERY) | R(PATH_CHANGE_RECOVERY) |
		 R(HEALTH_RECOVERED) | R(PLANNED_HANDOVER) | R(POLICY_FORCED_RECOVERY)},
	{1U << JVPN_STATE_VOLATILE, JVPN_STATE_DEGRADED,
	 R(VOLATILE_PERSISTED) | R(SWITCH_RATE_LIMITED) | R(NO_CANDIDATE_TRANSPORTS)},
	{1U << JVPN_STATE_RECOVERING, JVPN_STATE_ATTACHED, R(REATTACH_SUCCESS)},
	{1U << JVPN_STATE_RECOVERING, JVPN_STATE_DEGRADED,
	 R(PATH_VALIDATION_FAILED) | R(NO_CANDIDATE_TRANSPORTS) | R(POLICY_DENIED) |
		 R(SWITCH_RATE_LIMITED) | R(RECOVERY_WINDOW_EXCEEDED) | R(NODE_RESTART)},
	{(1U << JVPN_STATE_TERMINATED) - 1, JVPN_STATE_TERMINATED,
	 R(SESSION_LIFETIME_EXCEEDED) | R(TRANSPORT_TTL_EXCEEDED) | R(SECURITY_FAILURE) |
		 R(OPERATOR_TERMINATED) | R(CLIENT_CLOSED) | R(POLICY_TERMINATION) |
		 R(NODE_SHUTDOWN) | R(RESOURCE_EXHAUSTED) | R(SESSION_UNKNOWN_TO_SERVER) |
		 R(INTERNAL_INVARIANT)},
};

static bool is_legal(enum jvpn_state from, enum jvpn_state to, enum jvpn_reason reason)
{
	if ((unsigned)reason >= 64)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((rows[i].from >> from & 1) && rows[i].to == to &&
		    (rows[i].reasons >> reason & 1))
			return true;
	return false;
}

static void on_change(struct sim *w, struct sim_live *l, const struct jvpn_audit *a)
{
	struct sim_track *t = l->track;

	if (a->state_version != t->version + 1)
		sim_fail(w, "I12: version %" PRIu64 " follows %" PRIu64, a->state_version,
			 t->version);
	if (a->from != t->state)
		sim_fail(w, "I12: from %s, but the stream is at %s", jvpn_state_name(a->from),
			 jvpn_state_name(t->state));
	if (!is_legal(a->from, a->to, a->reason))
		sim_fail(w, "no such transition: %s -> %s (%s)", jvpn_state_name(a->from),
			 jvpn_state_name(a->to), jvpn_reason_name(a->reason));
	t->state = a->to;
	t->version = a->state_version;
	w->n.transition[a->from][a->to]++;
	if (a->reason == JVPN_REASON_REATTACH_SUCCESS)
		l->reattached = true;
	if (a->to != JVPN_STATE_TERMINATED)
		return;
	t->ended_reason = a->reason;
	if (l->role == JVPN_ROLE_SERVER)
		w->n.ended[a->reason]++;
}

static uint64_t count_since(const struct sim_track *t, uint64_t after_ns)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < t->switches && i < SIM_SWITCHES; i++) {
		if (t->switch_ns[(t->switches - 1 - i) % SIM_SWITCHES] <= after_ns)
			break;
		n++;
	}
	return n;
}

static uint64_t back(uint64_t now_ns, uint64_t window_ns)
{
	return now_ns > window_ns ? now_ns - window_ns : 0;
}

/* I4, with this switch: sliding minute, sliding hour, cooldown. */
static void check_budget(struct sim *w, const struct sim_live *l)
{
	const struct sim_track *t = l->track;
	uint64_t last = t->switches ? t->switch_ns[(t->switches - 1) % SIM_SWITCHES] : 0;

	if (count_since(t, back(w->now_ns, MINUTE_NS)) + 1 > l->limit_min)
		sim_fail(w, "I4: more than %" PRIu64 " switches in 60 s", l->limit_min);
	if (count_since(t, back(w->now_ns, HOUR_NS)) + 1 > l->limit_hour)
		sim_fail(w, "I4: more than %" PRIu64 " switches in an hour", l->limit_hour);
	if (t->switches && w->now_ns - last < l->limit_cooldown_ns)
		sim_fail(w, "I4: %" PRIu64 " ms after the last switch, the cooldown is %" PRIu64,
			 (w->now_ns - last) / SIM_MS, l->limit_cooldown_ns / SIM_MS);
}

static void on_switch(struct sim *w, struct sim_live *l, const struct jvpn_audit *a)
{
	struct sim_track *t = l->track;

	if (l->switched)
		sim_fail(w, "two TransportSwitch events in one step");
	l->switched = true;
	if (l->role != JVPN_ROLE_SERVER)
		return;
	w->n.switches++;
	if (!strcmp(a->previous_transport, a->transport))
		sim_fail(w, "a switch from %s to itself", a->transport);
	if (t->exempt) {
		w->n.exempt_switches++;
		return;
	}
	check_budget(w, l);
	t->switch_ns[t->switches++ % SIM_SWITCHES] = w->now_ns;
}

static void on_terminated(struct sim *w, struct sim_live *l, const struct jvpn_audit *a)
{
	struct sim_track *t = l->track;

	if (t->said_terminated)
		sim_fail(w, "I12: SessionTerminated twice");
	if (t->state != JVPN_STATE_TERMINATED || a->reason != t->ended_reason)
		sim_fail(w, "I12: SessionTerminated (%s) does not follow from the stream",
			 jvpn_reason_name(a->reason));
	t->said_terminated = true;
}

static void check_head(struct sim *w, const struct sim_live *l, const struct jvpn_audit *a)
{
	const struct sim_track *t = l->track;

	if (!(a->has & JVPN_HAS_SESSION))
		return;
	if (t->id_known && !jvpn_id_equal(&t->id, &a->session_id))
		sim_fail(w, "I2: an event of another session");
	if (l->role == JVPN_ROLE_SERVER && t->stored && a->state_version > t->store_version)
		sim_fail(w, "I12: an event line carries version %" PRIu64 ", durable is %" PRIu64,
			 a->state_version, t->store_version);
}

void sim_oracle_emit(struct sim *w, struct sim_live *l, const struct jvpn_audit *a)
{
	sim_log(w, "  %c%u %s %s v%" PRIu64 " %s>%s %s", l->role == JVPN_ROLE_SERVER ? 's' : 'c',
		l->track->sid, jvpn_audit_type_name(a->type), jvpn_reason_name(a->reason),
		a->state_version, jvpn_state_name(a->from), jvpn_state_name(a->to), a->transport);
	check_head(w, l, a);
	switch (a->type) {
	case JVPN_AUDIT_SESSION_CREATED:
		if (l->track->said_created)
			sim_fail(w, "I12: SessionCreated twice");
		l->track->said_created = true;
		break;
	case JVPN_AUDIT_SESSION_STATE_CHANGE:
		on_change(w, l, a);
		break;
	case JVPN_AUDIT_TRANSPORT_SWITCH:
		on_switch(w, l, a);
		break;
	case JVPN_AUDIT_SESSION_TERMINATED:
		on_terminated(w, l, a);
		break;
	case JVPN_AUDIT_REATTACH_RESULT:
		if (l->role == JVPN_ROLE_SERVER)
			w->n.denied[a->reason]++;
		break;
	default:
		break;
	}
}
