/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Judges what must happen by a certain time without any traffic (I5, I6), and whether a session had
 * a reason to end that is true in the world.
 */
#include <inttypes.h>

#include "sim.h"

#define SLACK_MS 250  /* the audit's pace, and a millisecond lost in each restart */
#define ALIVE_MS 1100 /* alive_at is written every second */
/* The client takes its age from messages, which may have been on their way for a while. */
#define MESSAGE_MS 60000
#define BIRTH_MS   (JVPN_ATTACH_TIMEOUT_MS + SLACK_MS)

void sim_oracle_may_end(struct sim_track *track, enum jvpn_reason reason)
{
	/* The wire's word for it. */
	if (reason == JVPN_REASON_SESSION_EXPIRED)
		reason = JVPN_REASON_SESSION_LIFETIME_EXCEEDED;
	if ((unsigned)reason < JVPN_REASON_COUNT)
		track->may_end[reason] = true;
}

void sim_oracle_policy(struct sim *w)
{
	const struct jvpn_policy *p = &w->policy;

	for (int i = 0; i < SIM_TRACKS; i++) {
		struct sim_track *t = w->tracks[i];

		if (!t || !t->used)
			continue;
		if (p->recovery_window_ms > t->window_ms)
			t->window_ms = p->recovery_window_ms;
		if (t->role == JVPN_ROLE_CLIENT && t->id_known)
			continue;
		if (p->max_lifetime_ms > t->lifetime_max_ms)
			t->lifetime_max_ms = p->max_lifetime_ms;
		if (p->max_lifetime_ms < t->lifetime_min_ms)
			t->lifetime_min_ms = p->max_lifetime_ms;
		if (p->transport_lost_ttl_ms > t->ttl_max_ms)
			t->ttl_max_ms = p->transport_lost_ttl_ms;
		if (p->transport_lost_ttl_ms < t->ttl_min_ms)
			t->ttl_min_ms = p->transport_lost_ttl_ms;
		if (p->degraded_terminate_ms)
			t->may_end[JVPN_REASON_POLICY_TERMINATION] = true;
	}
}

static uint64_t born_ns(struct sim *w, const struct sim_track *t)
{
	const struct sim_track *server = t->sid ? sim_track_of(w, t->sid, JVPN_ROLE_SERVER) : NULL;

	return server ? server->born_ns : t->born_ns;
}

static bool server_has_it(struct sim *w, const struct sim_track *t)
{
	const struct sim_track *server = t->sid ? sim_track_of(w, t->sid, JVPN_ROLE_SERVER) : NULL;

	return server && server->stored && !server->ended &&
	       server->record.state != JVPN_STATE_TERMINATED;
}

static bool may_end(struct sim *w, const struct sim_live *l, enum jvpn_reason reason)
{
	const struct sim_track *t = l->track;

	switch (reason) {
	case JVPN_REASON_SESSION_LIFETIME_EXCEEDED:
		return t->may_end[reason] ||
		       jvpn_ns_to_ms(w->now_ns - born_ns(w, t)) + ALIVE_MS >= t->lifetime_min_ms;
	case JVPN_REASON_TRANSPORT_TTL_EXCEEDED:
		return t->may_end[reason] ||
		       jvpn_ns_to_ms(w->now_ns - t->unbound_since_ns) + ALIVE_MS >= t->ttl_min_ms;
	case JVPN_REASON_POLICY_TERMINATION:
		return t->may_end[reason] || w->policy.degraded_terminate_ms;
	case JVPN_REASON_SESSION_UNKNOWN_TO_SERVER:
		return l->role == JVPN_ROLE_CLIENT && !server_has_it(w, t);
	case JVPN_REASON_ATTACH_TIMEOUT:
	case JVPN_REASON_AUTH_FAILED:
	case JVPN_REASON_CAPACITY_EXCEEDED:
		return t->version <= 2;
	default:
		return t->may_end[reason];
	}
}

void sim_oracle_ended(struct sim *w, struct sim_live *l)
{
	struct sim_track *t = l->track;
	enum jvpn_reason reason = (enum jvpn_reason)l->core.terminated_reason;

	if (!t->ended && !may_end(w, l, reason))
		sim_fail(w, "I3: ended with %s, for which there is no cause",
			 jvpn_reason_name(reason));
	t->ended = true;
}

static bool is_committing(const struct sim_live *l)
{
	return l->core.commit.active || l->op == SIM_OP_CAS || l->op == SIM_OP_REREAD;
}

static void audit_one(struct sim *w, const struct sim_live *l)
{
	const struct sim_track *t = l->track;
	uint64_t in_state_ms = jvpn_ns_to_ms(w->now_ns - t->state_since_ns);
	uint64_t unbound_ms = jvpn_ns_to_ms(w->now_ns - t->unbound_since_ns);

	if (l->core.state == JVPN_STATE_TERMINATED || is_committing(l))
		return;
	if (l->core.state == JVPN_STATE_BIRTH && in_state_ms > BIRTH_MS)
		sim_fail(w, "I6: BIRTH of %c%u for %" PRIu64 " ms",
			 l->role == JVPN_ROLE_SERVER ? 's' : 'c', t->sid, in_state_ms);
	if (l->core.state == JVPN_STATE_RECOVERING && in_state_ms > t->window_ms + SLACK_MS)
		sim_fail(w, "I5: %c%u RECOVERING for %" PRIu64 " ms",
			 l->role == JVPN_ROLE_SERVER ? 's' : 'c', t->sid, in_state_ms);
	if (l->core.state == JVPN_STATE_BIRTH)
		return;
	if (!t->seen_bound && unbound_ms > t->ttl_max_ms + SLACK_MS)
		sim_fail(w, "I6: %c%u without a transport for %" PRIu64 " ms",
			 l->role == JVPN_ROLE_SERVER ? 's' : 'c', t->sid, unbound_ms);
	if (jvpn_ns_to_ms(w->now_ns - born_ns(w, t)) >
	    t->lifetime_max_ms + (l->role == JVPN_ROLE_CLIENT ? MESSAGE_MS : ALIVE_MS))
		sim_fail(w, "I6: %c%u lives longer than it may",
			 l->role == JVPN_ROLE_SERVER ? 's' : 'c', t->sid);
}

/* I1, I11: over all incarnations and connections, at most one server half forwards a session. */
static void audit_forwarding(struct sim *w)
{
	for (uint16_t i = 0; i < SIM_CONNS; i++) {
		const struct sim_half *h =
			w->conns[i] && w->conns[i]->used ? &w->conns[i]->end[SIM_SERVER_END] : NULL;

		if (!h || !h->permit)
			continue;
		if (!h->live || !h->live->used)
			sim_fail(w, "I11: a connection forwards for a session that is gone");
		else if (sim_server_find(w, &h->live->core.id) != h->live)
			sim_fail(w, "I11: two copies of one session");
	}
}

void sim_oracle_audit(struct sim *w)
{
	audit_forwarding(w);
	for (int i = 0; i < SIM_LIVES; i++)
		if (w->lives[i] && w->lives[i]->used && w->lives[i]->track)
			audit_one(w, w->lives[i]);
}
