/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Effects of the core to calls. Must not decide anything: what is not in the effect is not done.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/challenge.h"
#include "obs/events.h"
#include "runtime/clock.h"
#include "runtime/driver_internal.h"
#include "runtime/persist.h"

/* The longest time packets of a binding that was left are taken (wire.md, "Paths"). */
#define JVPN_STRAGGLERS_MAX_NS (2 * JVPN_NS_PER_S)

static void copy_addresses(const struct jvpn_live *live, struct jvpn_audit *audit)
{
	for (size_t i = 0; i < live->addresses->count; i++) {
		const struct jvpn_connectip_address *a = &live->addresses->address[i];
		bool v4 = a->version == 4;

		inet_ntop(v4 ? AF_INET : AF_INET6, a->address,
			  v4 ? audit->inner_ipv4 : audit->inner_ipv6,
			  v4 ? sizeof(audit->inner_ipv4) : sizeof(audit->inner_ipv6));
		audit->has |= JVPN_HAS_ADDRESSES;
	}
}

static bool is_about_a_transport(enum jvpn_audit_type type)
{
	return type == JVPN_AUDIT_SESSION_CREATED || type == JVPN_AUDIT_TRANSPORT_ATTACHED ||
	       type == JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED ||
	       type == JVPN_AUDIT_TRANSPORT_SWITCH || type == JVPN_AUDIT_REATTACH_ATTEMPT ||
	       type == JVPN_AUDIT_REATTACH_RESULT ||
	       type == JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT ||
	       type == JVPN_AUDIT_SECURITY_VALIDATION_FAILED ||
	       type == JVPN_AUDIT_SECURITY_REPLAY_DETECTED;
}

/* The address of the tuple that the event is about: a candidate has its own. */
static void copy_peer(const struct jvpn_transport *transport, uint32_t generation,
		      struct jvpn_audit *audit)
{
	struct sockaddr_storage remote;

	if (generation && !jvpn_conn_path_remote(transport->conn, generation, &remote))
		jvpn_driver_format_address(&remote, audit->peer, sizeof(audit->peer));
	else
		snprintf(audit->peer, sizeof(audit->peer), "%s", transport->peer);
	audit->has |= JVPN_HAS_PEER;
}

static void add_text(struct jvpn_audit *audit, const char *text)
{
	if (!text || !text[0])
		return;
	snprintf(audit->text, sizeof(audit->text), "%s", text);
	audit->has |= JVPN_HAS_TEXT;
}

/* Is it what an operator has asked for? The line may come later than the command, with the store's
 * answer. */
static bool is_caused(const struct jvpn_live *live, const struct jvpn_audit *audit)
{
	return live->cause && audit->type == JVPN_AUDIT_SESSION_STATE_CHANGE &&
	       (audit->to == JVPN_STATE_TERMINATED ||
		audit->reason == JVPN_REASON_PLANNED_HANDOVER);
}

/* What the program adds to the lines about a session's birth and end. */
static void add_note(const struct jvpn_live *live, struct jvpn_audit *audit)
{
	const struct jvpn_driver *d = live->driver;

	if (audit->type == JVPN_AUDIT_SESSION_CREATED)
		add_text(audit, live->note);
	if (audit->type == JVPN_AUDIT_SESSION_TERMINATED && d->ops->what_follows)
		add_text(audit, d->ops->what_follows(d->user, audit->reason));
	if (is_caused(live, audit))
		add_text(audit, live->cause);
}

void jvpn_driver_complete(const struct jvpn_live *live, struct jvpn_effect *effect)
{
	struct jvpn_audit *audit = &effect->u.audit;
	const struct jvpn_transport *transport =
		effect->slot < JVPN_SLOTS ? live->slot[effect->slot] : NULL;

	if (transport && is_about_a_transport(audit->type))
		copy_peer(transport, effect->generation, audit);
	if (audit->type == JVPN_AUDIT_SESSION_CREATED || audit->type == JVPN_AUDIT_TRANSPORT_SWITCH)
		copy_addresses(live, audit);
	if (audit->type == JVPN_AUDIT_SESSION_CREATED && live->user[0]) {
		snprintf(audit->user, sizeof(audit->user), "%s", live->user);
		audit->has |= JVPN_HAS_USER;
	}
	add_note(live, audit);
	if (audit->has & JVPN_HAS_TOTALS) {
		audit->tx_packets = live->tx_packets;
		audit->tx_bytes = live->tx_bytes;
		audit->rx_packets = live->rx_packets;
		audit->rx_bytes = live->rx_bytes;
	}
}

static void emit(struct jvpn_live *live, struct jvpn_effect *effect)
{
	struct jvpn_driver *d = live->driver;

	jvpn_driver_complete(live, effect);
	jvpn_events_emit(d->events, &effect->u.audit, d->wall_ms);
	if (effect->u.audit.type == JVPN_AUDIT_SESSION_STATE_CHANGE)
		live->reason = effect->u.audit.reason;
	else if (effect->u.audit.type == JVPN_AUDIT_REATTACH_RESULT &&
		 effect->u.audit.reason != JVPN_REASON_REATTACH_SUCCESS)
		live->denied = effect->u.audit.reason;
	if (d->persist)
		jvpn_persist_note(d->persist, live, &effect->u.audit);
	if (is_caused(live, &effect->u.audit)) {
		free(live->cause);
		live->cause = NULL;
	}
}

/* Without a store memory is it. An operation that the store does not take was not made. */
static void use_store(struct jvpn_live *live, const struct jvpn_effect *effect)
{
	struct jvpn_persist *persist = live->driver->persist;

	live->store_nonce = effect->u.store.nonce;
	live->store_status = JVPN_STORE_OK;
	live->store_pending = !persist || jvpn_persist_submit(persist, live, effect);
	if (persist)
		live->store_status = effect->type == JVPN_EFFECT_STORE_REREAD ? JVPN_STORE_TIMEOUT
									      : JVPN_STORE_FAILED;
}

/* The challenge names the tuple it is for; nothing is stored (docs/protocol.md). */
static int fill_challenge(const struct jvpn_transport *t, uint32_t generation,
			  struct jvpn_msg_reattach_required *required)
{
	struct sockaddr_storage remote;
	struct jvpn_challenge_scope scope = {.conn_nonce = jvpn_conn_nonce(t->conn),
					     .remote = (const struct sockaddr *)&remote};
	int rv = jvpn_conn_path_remote(t->conn, generation, &remote);

	if (rv)
		return rv;
	return jvpn_challenge_issue(&t->driver->challenge_key, &scope, t->driver->now_ns,
				    required->challenge);
}

static void send_message(struct jvpn_live *live, struct jvpn_transport *t,
			 struct jvpn_effect *effect)
{
	struct jvpn_msg *msg = &effect->u.msg;
	int rv = 0;

	if (!live->has_keys)
		return; /* a client in BIRTH: the server does not know the session either */
	if (msg->type == JVPN_MSG_REATTACH_REQUIRED)
		rv = fill_challenge(t, effect->generation, &msg->u.reattach_required);
	if (msg->type == JVPN_MSG_SESSION_CREATED)
		msg->u.session_created.route_prefix_len = jvpn_driver_route_prefix(
			live->driver, &live->core.id, msg->u.session_created.route_prefix);
	if (!rv)
		rv = jvpn_control_send(&t->control, t->conn, &live->keys, &live->core.id, msg);
	if (rv)
		jvpn_log_warn(JVPN_LOG_SESSION, "control message %d not sent: %s", (int)msg->type,
			      jvpn_err_text(rv));
	else
		jvpn_liveness_on_sent(&t->liveness, live->driver->now_ns);
}

static void sign_and(struct jvpn_live *live, struct jvpn_transport *t, struct jvpn_msg *msg)
{
	int rv = jvpn_control_sign(&t->control, &live->keys, &live->core.id, msg);

	if (rv)
		jvpn_log_warn(JVPN_LOG_SESSION, "cannot sign: %s", jvpn_err_text(rv));
}

static void send_attach(struct jvpn_live *live, struct jvpn_transport *t,
			struct jvpn_effect *effect)
{
	struct jvpn_driver *d = live->driver;

	sign_and(live, t, &effect->u.msg);
	if (d->ops->on_send_attach)
		d->ops->on_send_attach(d->user, t, &effect->u.msg.u.reattach_request);
}

static void accept_attach(struct jvpn_live *live, struct jvpn_transport *t,
			  struct jvpn_effect *effect)
{
	struct jvpn_driver *d = live->driver;

	if (d->ops->on_attach_answer)
		d->ops->on_attach_answer(d->user, t, true, NULL);
	if (effect->u.msg.type != JVPN_MSG_NONE)
		send_message(live, t, effect);
}

static void refuse_attach(struct jvpn_live *live, struct jvpn_transport *t,
			  struct jvpn_effect *effect)
{
	struct jvpn_driver *d = live->driver;
	struct jvpn_msg_reattach_deny *deny = &effect->u.msg.u.reattach_deny;

	if (deny->reason != JVPN_REASON_REATTACH_REFUSED)
		sign_and(live, t, &effect->u.msg);
	if (d->ops->on_attach_answer)
		d->ops->on_attach_answer(d->user, t, false, deny);
	jvpn_driver_detach(t);
}

static void close_transport(struct jvpn_live *live, struct jvpn_transport *t,
			    enum jvpn_reason reason)
{
	const struct jvpn_driver *d = live->driver;

	if (live->unanswered && d->ops->on_create_answer)
		d->ops->on_create_answer(d->user, t, reason);
	live->unanswered = false;
	jvpn_driver_detach(t);
	jvpn_conn_permit_clear(t->conn);
	jvpn_conn_stragglers(t->conn, 0);
	jvpn_conn_close(t->conn,
			reason == JVPN_REASON_NODE_DRAINING ? JVPN_APP_RESTARTING
							    : JVPN_APP_NO_ERROR,
			jvpn_reason_name(reason));
}

/* Nothing more is sent there; what is under way is still taken (wire.md, "Paths"): at most so long, and
 * from the new binding on no longer than PTO(old) + RTT(new). */
static void leave(struct jvpn_live *live, struct jvpn_transport *t)
{
	uint64_t until = jvpn_time_add(live->driver->now_ns, JVPN_STRAGGLERS_MAX_NS);

	jvpn_conn_permit_clear(t->conn);
	t->stragglers_until_ns = until;
	jvpn_conn_stragglers(t->conn, until);
}

static void limit_stragglers(struct jvpn_live *live, const struct jvpn_transport *bound,
			     uint64_t rtt_ns)
{
	for (size_t i = 0; i < JVPN_SLOTS; i++) {
		struct jvpn_transport *t = live->slot[i];
		uint64_t until;

		if (!t || t == bound || t->stragglers_until_ns <= live->driver->now_ns)
			continue;
		until = jvpn_time_add(live->driver->now_ns,
				      jvpn_time_add(t->liveness.pto_ns, rtt_ns));
		t->stragglers_until_ns = jvpn_time_min(t->stragglers_until_ns, until);
		jvpn_conn_stragglers(t->conn, t->stragglers_until_ns);
	}
}

static void permit(struct jvpn_live *live, struct jvpn_transport *t, uint32_t generation)
{
	struct jvpn_conn_stats stats;

	jvpn_conn_get_stats(t->conn, &stats);
	limit_stragglers(live, t, stats.smoothed_rtt_ns);
	t->stragglers_until_ns = 0;
	jvpn_conn_stragglers(t->conn, 0);
	jvpn_conn_permit_set(t->conn, generation);
	jvpn_transport_forgive(t);
	live->mtu = stats.max_packet;
	if (live->driver->ops->on_mtu)
		live->driver->ops->on_mtu(live->driver->user, live);
	jvpn_conn_want_write(t->conn);
}

static void commit_path(struct jvpn_transport *t, uint32_t generation)
{
	struct sockaddr_storage remote;
	struct jvpn_conn_stats stats;
	int rv = jvpn_conn_path_commit(t->conn, generation, t->driver->now_ns);

	if (rv) {
		/* The bound tuple was heard again in the same batch, after the commit was decided. The
		 * core cannot go back: the client comes again on a fresh connection. */
		jvpn_log_warn(JVPN_LOG_QUIC, "%s: path %u is gone before its commit", t->peer,
			      generation);
		jvpn_conn_close(t->conn, JVPN_APP_RESTARTING, "the path is gone");
		return;
	}
	/* What was lost on the tuple that is left says nothing about this one, which has answered. */
	jvpn_liveness_on_acked(&t->liveness, 0, t->driver->now_ns);
	jvpn_conn_get_stats(t->conn, &stats);
	jvpn_liveness_set_pto(&t->liveness, stats.pto_ns);
	if (!jvpn_conn_path_remote(t->conn, generation, &remote))
		jvpn_driver_format_address(&remote, t->peer, sizeof(t->peer));
}

/* The effects that name a transport. */
static void execute_on(struct jvpn_live *live, struct jvpn_transport *t, struct jvpn_effect *effect)
{
	switch (effect->type) {
	case JVPN_EFFECT_PERMIT_SET:
		permit(live, t, effect->generation);
		break;
	case JVPN_EFFECT_PERMIT_CLEAR:
		leave(live, t);
		break;
	case JVPN_EFFECT_PATH_COMMIT:
		commit_path(t, effect->generation);
		break;
	case JVPN_EFFECT_PATH_DROP:
		jvpn_conn_path_drop(t->conn, effect->generation, effect->u.cooldown_ns,
				    live->driver->now_ns);
		break;
	case JVPN_EFFECT_OFFPATH_LIMIT:
		jvpn_conn_offpath_limit(t->conn, effect->u.cooldown_ns, live->driver->now_ns);
		break;
	case JVPN_EFFECT_SEND:
		send_message(live, t, effect);
		break;
	case JVPN_EFFECT_SEND_ATTACH:
		send_attach(live, t, effect);
		break;
	case JVPN_EFFECT_ATTACH_ACCEPT:
		accept_attach(live, t, effect);
		break;
	case JVPN_EFFECT_ATTACH_REFUSE:
		refuse_attach(live, t, effect);
		break;
	case JVPN_EFFECT_CLOSE_TRANSPORT:
		close_transport(live, t, effect->u.reason);
		break;
	case JVPN_EFFECT_NONE:
	case JVPN_EFFECT_EMIT:
	case JVPN_EFFECT_STORE_CAS:
	case JVPN_EFFECT_STORE_APPEND:
	case JVPN_EFFECT_STORE_REREAD:
	case JVPN_EFFECT_TERMINATED:
	case JVPN_EFFECT_DROPPED:
	case JVPN_EFFECT_COUNT:
		break;
	}
}

static bool execute_alone(struct jvpn_live *live, struct jvpn_effect *effect)
{
	if (effect->type == JVPN_EFFECT_EMIT) {
		emit(live, effect);
		return true;
	}
	if (effect->type == JVPN_EFFECT_STORE_CAS || effect->type == JVPN_EFFECT_STORE_APPEND ||
	    effect->type == JVPN_EFFECT_STORE_REREAD) {
		use_store(live, effect);
		return true;
	}
	if (effect->type == JVPN_EFFECT_TERMINATED || effect->type == JVPN_EFFECT_DROPPED) {
		live->over = true;
		live->over_reason = effect->u.reason;
		return true;
	}
	return false;
}

void jvpn_driver_execute(struct jvpn_live *live, struct jvpn_effect *effect)
{
	struct jvpn_transport *t = effect->slot < JVPN_SLOTS ? live->slot[effect->slot] : NULL;

	if (execute_alone(live, effect))
		return;
	/* The transport may have ended in the meantime; the core learns of it next. */
	if (t && !jvpn_driver_hold(live, t, effect))
		execute_on(live, t, effect);
}
