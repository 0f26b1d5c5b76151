/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's mirror: it asks, the server decides (session.md, "REATTACH"). An answer counts only
 * when it is authenticated and belongs to the attempt; anything else leaves no trace.
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"
#include "core/select.h"
#include "core/text.h"

static bool wants_binding(const struct jvpn_session *s)
{
	return s->state == JVPN_STATE_VOLATILE || s->state == JVPN_STATE_DEGRADED ||
	       s->state == JVPN_STATE_RECOVERING;
}

/* What the authenticated server says about the session: versions never go back, ages are news. */
static void learn(struct jvpn_step *st, uint64_t server_version, uint64_t age_ms)
{
	struct jvpn_session *s = st->s;

	if (server_version > s->server_version)
		s->server_version = server_version;
	s->age_ref_ms = age_ms;
	s->age_ref_ns = st->now_ns;
}

void jvpn_core_describe(const struct jvpn_step *st, uint8_t slot, struct jvpn_select_candidate *c)
{
	const struct jvpn_slot *p = &st->s->slot[slot];

	memset(c, 0, sizeof(*c));
	c->slot = slot;
	c->validated = true;
	c->recently_failed =
		p->failed_ns != 0 && jvpn_time_since(st->now_ns, p->failed_ns) <
					     jvpn_ms_to_ns(st->policy->min_stability_ms);
	c->loss_ppm = p->loss_ppm;
	c->latency_us = p->latency_us;
	c->typical_us = p->typical_us;
	c->spread_us = p->spread_us;
	c->settled = p->settled;
	c->stable_ns = jvpn_time_since(st->now_ns, p->stable_since_ns);
	jvpn_session_transport_id(st->s, slot, c->transport_id);
}

int jvpn_core_client_select(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	struct jvpn_select_candidate v[JVPN_SLOTS], binding;
	struct jvpn_select_result result;
	/* one that does not answer is no measure for others */
	bool alive =
		s->bound != JVPN_SLOT_NONE && s->slot[s->bound].alive && !s->slot[s->bound].silent;
	size_t n = 0;

	for (uint8_t i = 0; i < JVPN_SLOTS; i++)
		if (s->slot[i].used && s->slot[i].alive && i != s->bound)
			jvpn_core_describe(st, i, &v[n++]);
	if (alive)
		jvpn_core_describe(st, s->bound, &binding);
	jvpn_select(v, n, alive ? &binding : NULL, st->policy, &result);
	memcpy(st->ranking, result.text, sizeof(st->ranking));
	return result.slot;
}

static uint64_t answer_timeout_ns(const struct jvpn_session *s, uint8_t slot)
{
	uint64_t pto = s->slot[slot].pto_us * JVPN_NS_PER_US;
	uint64_t least = jvpn_ms_to_ns(JVPN_REQUEST_TIMEOUT_MIN_MS);
	uint64_t most = jvpn_ms_to_ns(JVPN_REQUEST_RETRY_MAX_MS);
	uint64_t timeout = pto > least ? pto : least;

	/* Every candidate gets a quick turn first; then the pauses grow. */
	for (uint32_t i = jvpn_session_candidate_count(s) + 1; i < s->attempt.tries; i++)
		timeout = timeout >= most ? most : timeout * 2;
	return timeout > most ? most : timeout;
}

static void fill_request(struct jvpn_step *st, uint8_t slot, struct jvpn_msg *msg)
{
	struct jvpn_session *s = st->s;
	struct jvpn_msg_reattach_request *r = &msg->u.reattach_request;

	msg->type = JVPN_MSG_REATTACH_REQUEST;
	r->session_id = s->id;
	r->counter = ++s->counter;
	r->server_version = s->server_version;
	r->age_ms = jvpn_session_age_ms(s, st->now_ns);
	r->reason = (enum jvpn_reason)s->attempt.reason;
	memcpy(r->label, s->slot[slot].label, sizeof(r->label));
	if (s->attempt.challenge_slot == slot) {
		r->has_challenge = true;
		memcpy(r->challenge, s->attempt.challenge, sizeof(r->challenge));
	}
}

/* Why this transport, and what was known when: for the server's log. */
static void fill_ranking(const struct jvpn_step *st, struct jvpn_msg_reattach_request *r)
{
	const struct jvpn_session *s = st->s;
	uint64_t us = jvpn_time_since(s->detect_seen_ns, s->detect_good_ns) / JVPN_NS_PER_US;

	_Static_assert(sizeof(r->ranking) == sizeof(st->ranking), "the explanation fits");
	memcpy(r->ranking, st->ranking, sizeof(r->ranking));
	r->detect_us = r->ranking[0] == '\0' ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void send_request(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	struct jvpn_effect *e = jvpn_core_effect(st, JVPN_EFFECT_SEND, slot);
	struct jvpn_audit *a;

	fill_request(st, slot, &e->u.msg);
	fill_ranking(st, &e->u.msg.u.reattach_request);
	if (!s->attempt.active) {
		s->attempt.first_counter = s->counter;
		s->attempt.asked = 0;
	}
	s->attempt.active = true;
	s->attempt.slot = slot;
	s->attempt.asked |= (uint16_t)(1U << slot);
	s->attempt.counter = s->counter;
	s->attempt.next_ns = jvpn_time_add(st->now_ns, answer_timeout_ns(s, slot));
	a = jvpn_core_emit_slot(st, JVPN_AUDIT_REATTACH_ATTEMPT,
				(enum jvpn_reason)s->attempt.reason, slot);
	a->has |= JVPN_HAS_REQUEST | (st->ranking[0] != '\0' ? JVPN_HAS_TEXT : 0U);
	a->counter = s->counter;
	a->request_version = s->server_version;
	_Static_assert(sizeof(a->text) == sizeof(st->ranking), "the explanation fits the event");
	memcpy(a->text, st->ranking, sizeof(a->text));
	st->ranking[0] = '\0';
}

static enum jvpn_reason recovery_reason(const struct jvpn_session *s, uint8_t slot,
					enum jvpn_reason reason)
{
	if (reason == JVPN_REASON_HEALTH_RECOVERED)
		return reason;
	if (s->instability == JVPN_REASON_PATH_CHANGE_OBSERVED && slot == s->last_slot)
		return JVPN_REASON_PATH_CHANGE_RECOVERY;
	return jvpn_core_recovery_reason(
		reason != JVPN_REASON_NONE ? reason : (enum jvpn_reason)s->instability);
}

void jvpn_core_client_request(struct jvpn_step *st, uint8_t slot, enum jvpn_reason reason)
{
	struct jvpn_session *s = st->s;

	if (s->state == JVPN_STATE_VOLATILE || s->state == JVPN_STATE_DEGRADED)
		(void)jvpn_core_transit(st, JVPN_FSM_SWITCH_START,
					recovery_reason(s, slot, reason));
	if (s->state != JVPN_STATE_RECOVERING)
		return;
	s->attempt.reason = (uint8_t)reason;
	send_request(st, slot);
}

static bool is_waiting(const struct jvpn_session *s)
{
	return s->attempt.active && s->slot[s->attempt.slot].used &&
	       s->slot[s->attempt.slot].alive && s->state == JVPN_STATE_RECOVERING;
}

/* Bad news about the binding, or a new transport: ask, if there is a better place to ask for. */
void jvpn_core_client_seek(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	int slot;

	if (!wants_binding(s) || is_waiting(s))
		return;
	slot = jvpn_core_client_select(st);
	if (slot >= 0)
		jvpn_core_client_request(st, (uint8_t)slot, (enum jvpn_reason)s->instability);
}

/* A fresh connection has just shown that its path answers: it is asked at once, unless a first question
 * is under way elsewhere (several become ready within one round trip: one commit). */
static void seek_on_fresh(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;

	if (s->bound != JVPN_SLOT_NONE)
		return;
	if (!is_waiting(s)) {
		jvpn_core_client_seek(st);
	} else if (s->attempt.tries > 0) {
		s->attempt.tries = 0;
		jvpn_core_client_request(st, slot, (enum jvpn_reason)s->instability);
	}
}

/* The best living transport that was not asked in this round; then a new round begins. */
static int next_to_ask(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	struct jvpn_select_candidate v[JVPN_SLOTS];
	struct jvpn_select_result result;
	size_t n = 0;

	for (int round = 0; round < 2 && n == 0; round++) {
		for (uint8_t i = 0; i < JVPN_SLOTS; i++)
			if (s->slot[i].used && s->slot[i].alive && !(s->attempt.asked & (1U << i)))
				jvpn_core_describe(st, i, &v[n++]);
		if (n == 0)
			s->attempt.asked = 0;
	}
	jvpn_select(v, n, NULL, st->policy, &result);
	memcpy(st->ranking, result.text, sizeof(st->ranking));
	return result.slot;
}

/* A living transport: the one after that which was asked last; the same when it is alone. */
static int someone_to_ask(const struct jvpn_session *s)
{
	for (uint8_t k = 1; k <= JVPN_SLOTS; k++) {
		uint8_t i = (uint8_t)((s->attempt.slot + k) % JVPN_SLOTS);

		if (s->slot[i].used && s->slot[i].alive)
			return i;
	}
	return -1;
}

static bool is_binding_fine(const struct jvpn_session *s)
{
	return s->bound != JVPN_SLOT_NONE && s->slot[s->bound].alive && !s->slot[s->bound].suspect;
}

/* As long as a binding is wanted and somebody can be asked, a next question is due: an attempt may
 * have gone with its transport, or a recovery may have timed out. Only a binding that lives and is
 * doubted waits for HEALTHY or for a candidate. */
void jvpn_core_client_keep_asking(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	int slot = someone_to_ask(s);

	if (!wants_binding(s) || s->draining || slot < 0 || s->attempt.next_ns != 0)
		return;
	if (s->bound != JVPN_SLOT_NONE && !is_binding_fine(s) &&
	    jvpn_session_candidate_count(s) == 0)
		return;
	s->attempt.next_ns = jvpn_time_add(st->now_ns, answer_timeout_ns(s, (uint8_t)slot));
}

/* A planned move that was denied or not answered is over: the binding is fine and stays. */
static bool give_up_planned(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (!s->attempt.active || s->attempt.reason != JVPN_REASON_PLANNED_HANDOVER ||
	    s->attempt.slot == s->bound || !is_binding_fine(s))
		return false;
	jvpn_core_client_request(st, s->bound, JVPN_REASON_HEALTH_RECOVERED);
	return true;
}

void jvpn_core_client_timer(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	s->attempt.next_ns = 0;
	if (!wants_binding(s) || !jvpn_core_has_live_slot(s))
		return;
	if (s->attempt.tries < UINT8_MAX)
		s->attempt.tries++;
	if (give_up_planned(st))
		return;
	if (!s->attempt.active && is_binding_fine(s)) {
		jvpn_core_client_request(st, s->bound, JVPN_REASON_HEALTH_RECOVERED);
		return;
	}
	jvpn_core_client_request(
		st, (uint8_t)next_to_ask(st),
		(enum jvpn_reason)(s->attempt.active ? s->attempt.reason : s->instability));
}

static void set_transport_id(struct jvpn_slot *p, const char *id)
{
	char label[JVPN_LABEL_MAX + 1];
	uint32_t n;

	if (jvpn_text_parse_transport_id(id, label, &n) != 0)
		return;
	memcpy(p->label, label, sizeof(p->label));
	p->n = n;
}

static void on_created(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	const struct jvpn_event *e = st->event;
	uint8_t slot = e->slot;

	if (s->state != JVPN_STATE_BIRTH || slot >= JVPN_SLOTS)
		return;
	s->id = e->u.created.id;
	s->lifetime_ms = e->u.created.lifetime_ms;
	s->transport_lost_ttl_ms = e->u.created.transport_lost_ttl_ms;
	if (!s->slot[slot].used)
		jvpn_core_take_slot(st, slot, "");
	s->slot[slot].ready = true;
	set_transport_id(&s->slot[slot], e->u.created.transport_id);
	learn(st, e->u.created.server_version, e->u.created.age_ms);
	jvpn_core_emit_created(st);
	jvpn_core_bind(st, slot);
	(void)jvpn_core_transit(st, JVPN_FSM_ATTACH_OK, JVPN_REASON_ATTACHED_TO_TRANSPORT);
	(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_ATTACHED,
				  JVPN_REASON_ATTACHED_TO_TRANSPORT, slot);
}

/* A fresh connection of a living session: attach it, and ask for the binding in the same flight
 * when there is none. */
static void on_ready(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	uint8_t slot = st->event->slot;
	struct jvpn_effect *e;

	if (slot >= JVPN_SLOTS || !jvpn_session_has_slots(s) || s->slot[slot].used ||
	    s->state == JVPN_STATE_TERMINATED)
		return;
	jvpn_core_take_slot(st, slot, st->event->u.attached.label);
	s->slot[slot].pto_us = (uint32_t)(st->event->u.attached.pto_ns / JVPN_NS_PER_US);
	if (s->state == JVPN_STATE_BIRTH)
		return; /* op=create: SESSION_CREATED follows */
	e = jvpn_core_effect(st, JVPN_EFFECT_SEND_ATTACH, slot);
	fill_request(st, slot, &e->u.msg);
	seek_on_fresh(st, slot);
}

static void on_accepted(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	uint8_t slot = st->event->slot;

	if (slot >= JVPN_SLOTS || !s->slot[slot].used || s->slot[slot].ready)
		return;
	s->slot[slot].ready = true;
	set_transport_id(&s->slot[slot], st->event->u.accepted.transport_id);
	s->attempt.refused = 0;
	(void)jvpn_core_emit_slot(st, JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED,
				  JVPN_REASON_TRANSPORT_ATTACHED, slot);
	if (s->bound == JVPN_SLOT_NONE)
		jvpn_core_client_seek(st);
}

static void on_unverified(struct jvpn_step *st)
{
	jvpn_core_emit_limited(st, JVPN_AUDIT_SECURITY_VALIDATION_FAILED, JVPN_REASON_BAD_PROOF,
			       st->event->slot);
}

/* A server that lost its binding asks on every transport; one request at a time is enough. */
static bool is_waiting_elsewhere(const struct jvpn_step *st, uint8_t slot)
{
	const struct jvpn_session *s = st->s;

	return s->attempt.active && s->attempt.slot != slot && s->state == JVPN_STATE_RECOVERING &&
	       s->slot[s->attempt.slot].used && s->slot[s->attempt.slot].alive &&
	       s->attempt.next_ns > st->now_ns;
}

static void on_required(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	uint8_t slot = st->event->slot;
	enum jvpn_reason reason = st->event->u.required.reason;

	if (!st->event->u.required.verified) {
		on_unverified(st);
		return;
	}
	if (s->state == JVPN_STATE_BIRTH || s->state == JVPN_STATE_TERMINATED)
		return;
	/* Asked before the last commit, on a transport that was silent then: that need is settled. */
	if (s->state == JVPN_STATE_ATTACHED &&
	    st->event->u.required.server_version < s->server_version)
		return;
	learn(st, st->event->u.required.server_version, st->event->u.required.age_ms);
	if (is_waiting_elsewhere(st, slot))
		return;
	memcpy(s->attempt.challenge, st->event->u.required.challenge, JVPN_CHALLENGE_BYTES);
	s->attempt.challenge_slot = slot;
	s->slot[slot].alive = true; /* it just spoke */
	if (!jvpn_fsm_reason_allowed(JVPN_FSM_INSTABILITY, reason))
		reason = JVPN_REASON_PATH_CHANGE_OBSERVED;
	jvpn_core_instability(st, reason, 0);
	jvpn_core_client_request(st, slot,
				 slot == s->last_slot && s->bound == slot &&
						 reason != JVPN_REASON_PATH_CHANGE_OBSERVED
					 ? JVPN_REASON_HEALTH_RECOVERED
					 : reason);
}

/* Is it the answer to a request of the present attempt? Lost answers make several possible. */
static bool is_ours(const struct jvpn_session *s, uint64_t counter)
{
	return s->attempt.counter != 0 && counter >= s->attempt.first_counter &&
	       counter <= s->attempt.counter;
}

static void attempt_over(struct jvpn_session *s)
{
	s->attempt.active = false;
	s->attempt.next_ns = 0;
	s->attempt.tries = 0;
	s->attempt.asked = 0;
	s->attempt.stale_tries = 0;
	s->attempt.refused = 0;
}

/* The server has bound this transport: follow it. */
static void follow_ack(struct jvpn_step *st, uint8_t slot)
{
	struct jvpn_session *s = st->s;
	uint8_t old = s->last_slot;
	uint32_t old_n = s->last_n_bound;
	char previous[JVPN_TRANSPORT_ID_MAX + 1];
	uint64_t detect_us, recover_us;

	jvpn_core_instability(st, JVPN_REASON_PEER_REATTACH, 0);
	if (s->state != JVPN_STATE_RECOVERING)
		(void)jvpn_core_transit(st, JVPN_FSM_SWITCH_START,
					recovery_reason(s, slot, JVPN_REASON_NONE));
	if (s->state != JVPN_STATE_RECOVERING)
		return;
	detect_us = jvpn_time_since(s->detect_seen_ns, s->detect_good_ns) / JVPN_NS_PER_US;
	recover_us = jvpn_time_since(st->now_ns, s->detect_seen_ns) / JVPN_NS_PER_US;
	jvpn_text_transport_id(previous, sizeof(previous), s->last_label, s->last_n_bound);
	set_transport_id(&s->slot[slot], st->event->u.ack.transport_id);
	jvpn_core_bind(st, slot);
	s->bind_counter = st->event->u.ack.counter;
	(void)jvpn_core_transit(st, JVPN_FSM_REATTACH_VALID, JVPN_REASON_REATTACH_SUCCESS);
	if (old != slot || old_n != s->slot[slot].n) {
		jvpn_core_charge_switch(s, st->now_ns);
		jvpn_core_note_switch(st, (enum jvpn_reason)s->instability, previous, detect_us,
				      recover_us);
	}
	(void)jvpn_core_emit_slot(st, JVPN_AUDIT_REATTACH_RESULT, JVPN_REASON_REATTACH_SUCCESS,
				  slot);
	s->exempt = false;
	jvpn_core_leave_slot(st, old);
}

static void on_ack(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	const struct jvpn_event *e = st->event;
	bool older = e->u.ack.server_version < s->server_version ||
		     e->u.ack.counter <= s->bind_counter ||
		     (!s->attempt.active && e->u.ack.server_version == s->server_version);

	if (!e->u.ack.verified) {
		on_unverified(st);
		return;
	}
	if (s->state == JVPN_STATE_BIRTH || s->state == JVPN_STATE_TERMINATED ||
	    !is_ours(s, e->u.ack.counter) || older)
		return;
	learn(st, e->u.ack.server_version, e->u.ack.age_ms);
	attempt_over(s);
	s->slot[e->slot].ready = true;
	follow_ack(st, e->slot);
}

/* Reasons that say the session itself is over, as the server sees it. */
static enum jvpn_reason end_reason(enum jvpn_reason denied)
{
	if (denied == JVPN_REASON_SESSION_EXPIRED)
		return JVPN_REASON_SESSION_LIFETIME_EXCEEDED;
	if (denied == JVPN_REASON_TRANSPORT_TTL_EXCEEDED)
		return JVPN_REASON_TRANSPORT_TTL_EXCEEDED;
	if (denied == JVPN_REASON_INVALID_STATE_FOR_REATTACH)
		return JVPN_REASON_SESSION_UNKNOWN_TO_SERVER;
	return JVPN_REASON_NONE;
}

static bool is_stale(enum jvpn_reason reason)
{
	return reason == JVPN_REASON_STALE_STATE_VERSION || reason == JVPN_REASON_STALE_REQUEST;
}

/* Asks again at once after a correction, a few times; a refusal that names a time is obeyed. */
static void ask_again(struct jvpn_step *st, enum jvpn_reason reason, uint64_t retry_after_ms)
{
	struct jvpn_session *s = st->s;
	uint64_t pause = jvpn_ms_to_ns(retry_after_ms);

	if (!s->attempt.active)
		return;
	if (is_stale(reason) && s->attempt.stale_tries < JVPN_STALE_RETRIES) {
		s->attempt.stale_tries++;
		jvpn_core_client_request(st, s->attempt.slot, (enum jvpn_reason)s->attempt.reason);
		return;
	}
	if (pause == 0)
		pause = answer_timeout_ns(s, s->attempt.slot);
	s->attempt.next_ns = jvpn_time_add(st->now_ns, pause);
}

static void follow_denial(struct jvpn_step *st, enum jvpn_reason reason)
{
	struct jvpn_session *s = st->s;

	if (s->state == JVPN_STATE_RECOVERING &&
	    (reason == JVPN_REASON_POLICY_DENIED || reason == JVPN_REASON_SWITCH_RATE_LIMITED))
		(void)jvpn_core_transit(st, JVPN_FSM_REATTACH_INVALID, reason);
	if (reason == JVPN_REASON_INVALID_TRANSPORT_CANDIDATE && s->attempt.active &&
	    s->slot[s->attempt.slot].used)
		s->slot[s->attempt.slot].failed_ns = st->now_ns;
}

static void on_refused(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;

	if (++s->attempt.refused >= JVPN_REFUSED_MAX) {
		jvpn_core_terminate(st, JVPN_REASON_SESSION_UNKNOWN_TO_SERVER, false);
		return;
	}
	ask_again(st, JVPN_REASON_REATTACH_REFUSED, 0);
}

/* A refused CONNECT concerns a slot that is not attached yet, anything else the present attempt. */
static bool denies_something(const struct jvpn_session *s, const struct jvpn_event *e)
{
	if (e->u.deny.attach)
		return !s->slot[e->slot].ready;
	return s->attempt.active && is_ours(s, e->u.deny.counter);
}

static bool reason_forbids(enum jvpn_reason reason)
{
	return reason == JVPN_REASON_POLICY_DENIED || reason == JVPN_REASON_COOLDOWN_ACTIVE ||
	       reason == JVPN_REASON_SWITCH_RATE_LIMITED ||
	       reason == JVPN_REASON_INVALID_TRANSPORT_CANDIDATE;
}

static void on_deny(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	const struct jvpn_event *e = st->event;
	enum jvpn_reason reason = e->u.deny.reason;
	struct jvpn_audit *a;

	if (!e->u.deny.verified) {
		on_unverified(st);
		return;
	}
	if (s->state == JVPN_STATE_TERMINATED || s->state == JVPN_STATE_BIRTH ||
	    !denies_something(s, e))
		return;
	a = jvpn_core_emit_slot(st, JVPN_AUDIT_REATTACH_RESULT, reason, e->slot);
	a->has |= JVPN_HAS_REQUEST | JVPN_HAS_RETRY_AFTER;
	a->counter = e->u.deny.counter;
	a->retry_after_ms = e->u.deny.retry_after_ms;
	if (e->u.deny.attach)
		jvpn_core_free_slot(st, e->slot);
	if (reason == JVPN_REASON_REATTACH_REFUSED) {
		on_refused(st);
		return;
	}
	s->attempt.refused = 0;
	learn(st, e->u.deny.server_version, e->u.deny.age_ms);
	if (end_reason(reason) != JVPN_REASON_NONE) {
		jvpn_core_terminate(st, end_reason(reason), false);
		return;
	}
	follow_denial(st, reason);
	if (!e->u.deny.attach && reason_forbids(reason) && give_up_planned(st))
		return;
	/* an older request of the attempt was meant: its successor is still under way */
	if (!e->u.deny.attach && e->u.deny.counter == s->attempt.counter)
		ask_again(st, reason, e->u.deny.retry_after_ms);
}

static void on_state(struct jvpn_step *st)
{
	struct jvpn_session *s = st->s;
	enum jvpn_state state = st->event->u.state.state;
	enum jvpn_reason reason = st->event->u.state.reason;

	if (!st->event->u.state.verified) {
		on_unverified(st);
		return;
	}
	if (s->state == JVPN_STATE_BIRTH || s->state == JVPN_STATE_TERMINATED ||
	    st->event->u.state.server_version < s->server_version)
		return;
	learn(st, st->event->u.state.server_version, st->event->u.state.age_ms);
	if (s->state != JVPN_STATE_ATTACHED ||
	    (state != JVPN_STATE_VOLATILE && state != JVPN_STATE_DEGRADED))
		return;
	if (!jvpn_fsm_reason_allowed(JVPN_FSM_INSTABILITY, reason))
		reason = JVPN_REASON_TRANSPORT_DEAD;
	jvpn_core_instability(st, reason, 0);
	/* The server asks on the transport that it means, which may be the slower one. */
	if (reason == JVPN_REASON_PLANNED_HANDOVER && is_binding_fine(s)) {
		s->attempt.next_ns =
			jvpn_time_add(st->now_ns, jvpn_ms_to_ns(JVPN_PLANNED_PATIENCE_MS));
		return;
	}
	jvpn_core_client_seek(st);
	/* nothing better: the server's view is settled by asking on the binding itself */
	st->ranking[0] = '\0';
	if (s->state == JVPN_STATE_VOLATILE && s->bound != JVPN_SLOT_NONE)
		jvpn_core_client_request(st, s->bound, JVPN_REASON_HEALTH_RECOVERED);
}

void jvpn_core_client_on(struct jvpn_step *st)
{
	enum jvpn_event_type type = st->event->type;
	bool needs_slot = type == JVPN_EVENT_REQUIRED || type == JVPN_EVENT_ACK ||
			  type == JVPN_EVENT_DENY || type == JVPN_EVENT_STATE;

	if (needs_slot && (st->event->slot >= JVPN_SLOTS || !st->s->slot[st->event->slot].used))
		return;
	if (type == JVPN_EVENT_TRANSPORT_READY)
		on_ready(st);
	else if (type == JVPN_EVENT_ATTACH_ACCEPTED)
		on_accepted(st);
	else if (type == JVPN_EVENT_CREATED)
		on_created(st);
	else if (type == JVPN_EVENT_REQUIRED)
		on_required(st);
	else if (type == JVPN_EVENT_ACK)
		on_ack(st);
	else if (type == JVPN_EVENT_DENY)
		on_deny(st);
	else if (type == JVPN_EVENT_STATE)
		on_state(st);
}
