/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reaching the server: one connection for each candidate that can work, attempts at the times that
 * attempt.h says, replacement of what is dead (docs/internals/transports.md). Which of them carries
 * the session's packets is not decided here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "crypto/random.h"
#include "quic/endpoint.h"

#define DIAL_HOLD_MAX_S 60
/* The server's names are looked up again when attempts fail for so long. */
#define DIAL_LOOKUP_AFTER_MS 2000
#define DIAL_HOUR_MS         3600000ULL
/* A heartbeat or its acknowledgement; 63 with IPv4 and UDP headers, measured by tests/netns/standby. */
#define DIAL_STANDBY_BYTES 96
/* A transport that the server ended sooner than that counts as a failed attempt. */
#define DIAL_SHORT_LIFE_MS 10000
/* The server has no room for another candidate: it is not offered one again so soon. */
#define DIAL_REPLACED_HOLD_MS 60000
/* Without a word from a moved transport for max(this, 3 PTO), another one is dialled besides. */
#define DIAL_MOVE_PATIENCE_MS 100
/* A handover that was not granted is asked for again so often. */
#define DIAL_HANDOVER_AGAIN_MS 1000
/* A silent transport without an alternative gets another socket: at once, then so often. */
#define DIAL_MOVE_AGAIN_MS 2000

void jvpn_dial_know(struct jvpn_client *client, const struct sockaddr_storage *address)
{
	client->dial.known.item[0] = *address;
	client->dial.known.count = 1;
	client->dial.outdated = true;
}

static bool holds(const struct jvpn_dial_addresses *v, const struct sockaddr_storage *address)
{
	for (size_t i = 0; i < v->count; i++)
		if (jvpn_candidate_same_address(&v->item[i], address))
			return true;
	return false;
}

static void add_address(struct jvpn_dial_addresses *v, const struct sockaddr_storage *address)
{
	if (v->count < JVPN_CANDIDATE_ADDRESS_MAX && !holds(v, address))
		v->item[v->count++] = *address;
}

static const struct jvpn_session *session_of(const struct jvpn_client *client)
{
	return &client->live->core;
}

static bool is_born(const struct jvpn_client *client)
{
	return session_of(client)->state != JVPN_STATE_BIRTH;
}

/* Nothing works without an address; a session that has lived waits for one. */
static void note_no_address(struct jvpn_client *client)
{
	if (client->dial.known.count || client->was_attached || (client->live && is_born(client)))
		return;
	jvpn_log_error(JVPN_LOG_MAIN,
		       "no address of the server is known: look at server.address and at the DNS "
		       "servers of this machine, or write an IP address there (and the name into "
		       "server.name)");
	jvpn_client_stop(client, JVPN_EXIT_UNREACHABLE);
}

void jvpn_dial_set_addresses(struct jvpn_client *client, const struct jvpn_dial_addresses *found)
{
	struct jvpn_dial *dial = &client->dial;
	struct jvpn_dial_addresses all = {0};

	/* The last good answer stays when there is no other. */
	if (!found->count) {
		note_no_address(client);
		return;
	}
	for (size_t i = 0; i < found->count; i++)
		add_address(&all, &found->item[i]);
	/* What works is not given up because a name does not say it any more. */
	for (size_t i = 0; i < client->dial.candidates.top; i++)
		if (dial->candidates.v[i].used && dial->candidates.v[i].transport)
			add_address(&all, &dial->candidates.v[i].remote);
	dial->known = all;
	dial->outdated = true;
}

static struct jvpn_dialled *socket_of(const struct jvpn_transport *t)
{
	return t->user;
}

static size_t limit_of(const struct jvpn_client *client)
{
	return (size_t)client->engine.driver->policy.max_candidate_count + 1;
}

static uint64_t random_u64(void)
{
	uint64_t value = 0;

	(void)jvpn_random(&value, sizeof(value));
	return value;
}

/* Ended by us, not a failure of the candidate. */
static void drop(struct jvpn_transport *t, const char *why)
{
	if (socket_of(t))
		socket_of(t)->dropped = true;
	jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, why);
}

/* ---- attempts ---- */

static struct jvpn_quic_target target_of(const struct jvpn_client *client,
					 const struct jvpn_candidate *c,
					 const struct jvpn_dialled *s)
{
	return (struct jvpn_quic_target){.endpoint = s->endpoint,
					 .remote = (const struct sockaddr *)&c->remote,
					 .server_name = client->options->config.server_name,
					 .dcid_prefix = client->live->route_prefix,
					 .dcid_prefix_len = client->live->route_prefix_len};
}

static int start_connection(struct jvpn_client *client, struct jvpn_candidate *c,
			    struct jvpn_dialled *s)
{
	struct jvpn_engine *engine = &client->engine;
	struct jvpn_quic_target target = target_of(client, c, s);
	struct jvpn_conn *conn;
	int rv = jvpn_quic_connect(engine->quic, &target, engine->driver->now_ns, &conn);

	if (rv)
		return rv;
	rv = jvpn_driver_transport_new(engine->driver, conn, &c->trying);
	if (rv) {
		/* Its on_closed finds no transport. */
		jvpn_conn_close(conn, JVPN_APP_NO_ERROR, "");
		return rv;
	}
	s->prefix_len = client->live->route_prefix_len;
	c->trying->user = s;
	return 0;
}

static int connect_candidate(struct jvpn_client *client, struct jvpn_candidate *c)
{
	struct jvpn_dialled *s;
	char error[256] = "";
	int rv = jvpn_dialled_open(client, c, &s, error, sizeof(error));

	if (!rv) {
		rv = start_connection(client, c, s);
		if (rv)
			jvpn_dialled_free(s);
	}
	/* The second time says what the first one said. */
	if (rv && c->attempt.count == 1)
		jvpn_log_warn(JVPN_LOG_QUIC, "%s%s%s", c->device, c->device[0] ? ": " : "",
			      error[0] ? error : jvpn_err_text(rv));
	return rv;
}

static void say_attempt(const struct jvpn_candidate *c)
{
	char text[80];
	const char *over = c->device[0] ? " over " : "";

	jvpn_driver_format_address(&c->remote, text, sizeof(text));
	if (c->attempt.count == 0)
		jvpn_log_info(JVPN_LOG_MAIN, "connecting to %s%s%s", text, over, c->device);
	else
		jvpn_log_debug(JVPN_LOG_MAIN, "attempt %u: %s%s%s", c->attempt.count + 1, text,
			       over, c->device);
	if (c->attempt.count == 3)
		jvpn_log_warn(
			JVPN_LOG_MAIN,
			"%s%s%s does not answer; going on trying: is the server running (jvpn-server "
			"status), and does every firewall on the way let UDP to this port pass?",
			text, over, c->device);
}

static void begin_attempt(struct jvpn_client *client, struct jvpn_candidate *c, uint64_t now_ns)
{
	say_attempt(c);
	jvpn_attempt_begin(&c->attempt, now_ns);
	if (connect_candidate(client, c))
		jvpn_attempt_failed(&c->attempt, now_ns, random_u64());
}

/* Its Initial was acknowledged. Packets alone say nothing: every connection to that server looks at a
 * stateless reset. */
static bool is_heard(const struct jvpn_transport *t)
{
	struct jvpn_conn_stats stats;

	jvpn_conn_get_stats(t->conn, &stats);
	return stats.min_rtt_ns != 0;
}

/* An attempt that is being answered needs no help. */
static void knock(struct jvpn_client *client, struct jvpn_candidate *c)
{
	struct jvpn_quic_target target = target_of(client, c, socket_of(c->trying));

	if (!is_heard(c->trying))
		(void)jvpn_quic_knock(client->engine.quic, &target);
}

static void run_attempt(struct jvpn_client *client, struct jvpn_candidate *c, uint64_t now_ns)
{
	switch (jvpn_attempt_due(&c->attempt, now_ns)) {
	case JVPN_ATTEMPT_GIVE_UP:
		c->attempt.until_ns = JVPN_TIME_NEVER; /* until on_closed */
		c->attempt.knock_ns = JVPN_TIME_NEVER;
		jvpn_conn_close(c->trying->conn, JVPN_APP_NO_ERROR, "no answer");
		break;
	case JVPN_ATTEMPT_KNOCK:
		jvpn_attempt_knocked(&c->attempt, now_ns);
		knock(client, c);
		break;
	case JVPN_ATTEMPT_WAIT:
	case JVPN_ATTEMPT_START:
		break;
	}
}

void jvpn_dial_answered(struct jvpn_client *client)
{
	uint64_t now_ns = client->engine.driver->now_ns;

	for (size_t i = 0; i < client->dial.candidates.top; i++) {
		struct jvpn_candidate *c = &client->dial.candidates.v[i];

		if (!c->used || (c->trying && is_heard(c->trying)))
			continue;
		if (jvpn_attempt_answered(&c->attempt, now_ns) && c->trying)
			drop(c->trying, "asking anew");
	}
}

void jvpn_dial_closed_port(struct jvpn_client *client, struct jvpn_transport *transport)
{
	struct jvpn_dialled *s = socket_of(transport);

	if (s && s->candidate && s->candidate->trying == transport)
		jvpn_attempt_port_closed(&s->candidate->attempt, client->engine.driver->now_ns);
}

/* ---- the session's side ---- */

static bool is_being_created(const struct jvpn_client *client)
{
	for (size_t i = 0; i < JVPN_SLOTS; i++)
		if (client->live->slot[i])
			return true;
	return false;
}

/* Further transports go where the session lives, and say so in their first packet. */
static bool has_right_prefix(const struct jvpn_client *client, const struct jvpn_dialled *s)
{
	return s->prefix_len == client->live->route_prefix_len;
}

static void join_or_redial(struct jvpn_client *client, struct jvpn_transport *t)
{
	if (is_born(client) && !has_right_prefix(client, socket_of(t)))
		drop(t, "the session lives elsewhere");
	else
		jvpn_client_join(client, t);
}

void jvpn_dial_ready(struct jvpn_client *client, struct jvpn_transport *t)
{
	struct jvpn_dialled *s = socket_of(t);

	if (!s || !client->live || client->stopping) {
		jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "");
		return;
	}
	if (is_born(client) || !is_being_created(client)) {
		join_or_redial(client, t);
		return;
	}
	s->waiting = true;
	s->candidate->trying = NULL;
	s->candidate->transport = t;
	jvpn_attempt_dropped(&s->candidate->attempt);
}

void jvpn_dial_succeeded(struct jvpn_client *client, struct jvpn_transport *t)
{
	struct jvpn_dialled *s = socket_of(t);
	struct jvpn_candidate *c = s ? s->candidate : NULL;

	if (!c || s->let_in_ns)
		return;
	s->let_in_ns = client->engine.driver->now_ns;
	if (c->trying == t) {
		c->trying = NULL;
		if (c->old)
			drop(c->old, "replaced");
		c->old = c->transport;
		c->transport = t;
	}
	c->dead_ns = 0;
	c->moved_ns = 0;
	jvpn_attempt_succeeded(&c->attempt);
}

void jvpn_dial_hold(struct jvpn_client *client, uint32_t seconds)
{
	uint64_t s = seconds < DIAL_HOLD_MAX_S ? seconds : DIAL_HOLD_MAX_S;
	uint64_t until_ns = client->engine.driver->now_ns + s * JVPN_NS_PER_S;

	for (size_t i = 0; i < client->dial.candidates.top; i++) {
		struct jvpn_candidate *c = &client->dial.candidates.v[i];

		if (!c->used)
			continue;
		/* The attempt has its answer: its end must not shorten the pause. */
		if (c->trying)
			drop(c->trying, "asked to wait");
		if (c->transport && socket_of(c->transport)->waiting)
			drop(c->transport, "asked to wait");
		jvpn_attempt_hold(&c->attempt, until_ns);
	}
}

void jvpn_dial_elsewhere(struct jvpn_client *client, struct jvpn_transport *t)
{
	(void)client;
	drop(t, "the session lives elsewhere");
}

void jvpn_dial_refused(struct jvpn_client *client, struct jvpn_transport *t,
		       uint64_t retry_after_ms)
{
	struct jvpn_dialled *s = socket_of(t);

	if (!s || !retry_after_ms)
		return;
	if (retry_after_ms > DIAL_HOLD_MAX_S * JVPN_MS_PER_S)
		retry_after_ms = DIAL_HOLD_MAX_S * JVPN_MS_PER_S;
	s->dropped = true;
	jvpn_attempt_hold(&s->candidate->attempt,
			  client->engine.driver->now_ns + jvpn_ms_to_ns(retry_after_ms));
}

/* ---- the end of a connection ---- */

static bool is_server_back(const struct jvpn_close_info *info)
{
	return info->kind == JVPN_CLOSE_STATELESS_RESET;
}

static bool has_no_room(const struct jvpn_close_info *info)
{
	return info->kind == JVPN_CLOSE_PEER &&
	       strstr(info->text, jvpn_reason_name(JVPN_REASON_CANDIDATE_REPLACED));
}

static void judge_end(struct jvpn_client *client, struct jvpn_candidate *c,
		      const struct jvpn_dialled *s, const struct jvpn_close_info *info)
{
	uint64_t now_ns = client->engine.driver->now_ns;
	bool is_short = jvpn_time_since(now_ns, s->let_in_ns) < jvpn_ms_to_ns(DIAL_SHORT_LIFE_MS);

	if (s->dropped)
		jvpn_attempt_dropped(&c->attempt);
	else if (has_no_room(info))
		jvpn_attempt_hold(&c->attempt, now_ns + jvpn_ms_to_ns(DIAL_REPLACED_HOLD_MS));
	else if (!s->let_in_ns || (is_short && info->kind != JVPN_CLOSE_STATELESS_RESET))
		jvpn_attempt_failed(&c->attempt, now_ns, random_u64());
	else
		jvpn_attempt_urge(&c->attempt);
}

void jvpn_dial_closed(struct jvpn_client *client, struct jvpn_transport *t,
		      const struct jvpn_close_info *info)
{
	struct jvpn_dialled *s = socket_of(t);
	struct jvpn_candidate *c = s ? s->candidate : NULL;

	if (!s)
		return;
	t->user = NULL;
	if (c->old == t) {
		c->old = NULL;
	} else if (c->trying == t || c->transport == t) {
		if (c->trying == t)
			c->trying = NULL;
		if (c->transport == t) {
			c->transport = NULL;
			c->dead_ns = 0;
			c->moved_ns = 0;
		}
		/* While another one is tried, the attempt's clock is that one's. */
		if (!c->trying)
			judge_end(client, c, s, info);
	}
	jvpn_dialled_retire(s);
	if (is_server_back(info))
		jvpn_dial_answered(client);
}

void jvpn_dial_free_sockets(struct jvpn_client *client)
{
	while (client->closed_sockets) {
		struct jvpn_dialled *s = client->closed_sockets;

		client->closed_sockets = s->next;
		jvpn_dialled_free(s);
	}
}

void jvpn_dial_close_all(struct jvpn_client *client)
{
	const struct jvpn_close_info info = {.kind = JVPN_CLOSE_LOCAL};

	for (struct jvpn_transport *t = client->engine.driver->transports; t; t = t->next)
		jvpn_dial_closed(client, t, &info);
	jvpn_dial_free_sockets(client);
}

/* ---- transports that are there ---- */

static bool is_alive(const struct jvpn_transport *t)
{
	return t->live && t->live->core.slot[t->slot].used && t->live->core.slot[t->slot].alive;
}

/* Does anything but this one carry the session, or could? */
static bool has_alternative(const struct jvpn_client *client, const struct jvpn_transport *t)
{
	for (size_t i = 0; i < JVPN_SLOTS; i++)
		if (client->live->slot[i] && client->live->slot[i] != t &&
		    is_alive(client->live->slot[i]))
			return true;
	return false;
}

/* On from another socket: after a change of address, or because the old port's NAT entry may be
 * stuck. */
static void move(struct jvpn_client *client, struct jvpn_candidate *c, uint64_t now_ns)
{
	struct jvpn_transport *t = c->transport;
	struct jvpn_dialled *old = socket_of(t), *fresh;
	char error[256] = "";

	c->moved_ns = now_ns; /* or tried to: not again at once */
	if (jvpn_dialled_open(client, c, &fresh, error, sizeof(error))) {
		jvpn_log_debug(JVPN_LOG_QUIC, "%s: %s", t->label, error);
		return;
	}
	if (jvpn_conn_move(t->conn, fresh->endpoint, now_ns)) {
		jvpn_dialled_free(fresh);
		return;
	}
	fresh->prefix_len = old->prefix_len;
	fresh->let_in_ns = old->let_in_ns;
	t->user = fresh;
	jvpn_dialled_retire(old);
	(void)jvpn_conn_probe(t->conn);
	jvpn_log_debug(JVPN_LOG_QUIC, "%s: %s goes on from another socket", t->label, t->peer);
}

static uint64_t move_patience_ns(const struct jvpn_transport *t)
{
	uint64_t least = jvpn_ms_to_ns(DIAL_MOVE_PATIENCE_MS), three = 3 * t->liveness.pto_ns;

	return three > least ? three : least;
}

/* Nothing was heard since it got another socket. */
static bool is_overdue(const struct jvpn_candidate *c, uint64_t now_ns)
{
	return c->moved_ns && c->transport->liveness.last_received_ns <= c->moved_ns &&
	       jvpn_time_since(now_ns, c->moved_ns) >= move_patience_ns(c->transport);
}

static void note_dead(struct jvpn_candidate *c, uint64_t now_ns)
{
	if (c->dead_ns)
		return;
	c->dead_ns = now_ns;
	c->attempt.again_ns = 0;
}

/* Nothing is bound, and this was the last: when it comes back as it is (on the same tuple) it is
 * confirmed without a switch, also when the budget for switches is used up (health_recovered). */
static bool is_last_binding(const struct jvpn_client *client, const struct jvpn_transport *t)
{
	return session_of(client)->bound == JVPN_SLOT_NONE &&
	       session_of(client)->last_slot == t->slot;
}

static void tend_dead(struct jvpn_client *client, struct jvpn_candidate *c, uint64_t now_ns)
{
	note_dead(c, now_ns);
	if (has_alternative(client, c->transport)) {
		if (!is_last_binding(client, c->transport))
			drop(c->transport, "dead");
	} else if (c->wanted &&
		   jvpn_time_since(now_ns, c->moved_ns) >= jvpn_ms_to_ns(DIAL_MOVE_AGAIN_MS)) {
		move(client, c, now_ns);
	}
}

static void tend_living(struct jvpn_candidate *c, uint64_t now_ns)
{
	if (is_overdue(c, now_ns)) {
		note_dead(c, now_ns);
		return;
	}
	if (c->moved_ns && c->transport->liveness.last_received_ns > c->moved_ns)
		c->moved_ns = 0;
	if (c->moved_ns == 0 && c->dead_ns) {
		c->dead_ns = 0;
		if (c->trying && !c->trying->live)
			drop(c->trying, "not needed any more");
	}
}

/* Two transports of one candidate: the one that is bound stays, else the younger. */
static void tend_pair(struct jvpn_client *client, struct jvpn_candidate *c)
{
	const struct jvpn_transport *bound = jvpn_live_binding(client->live);

	if (!c->old->live || session_of(client)->state != JVPN_STATE_ATTACHED)
		return;
	if (c->old == bound) {
		struct jvpn_transport *younger = c->transport;

		c->transport = c->old;
		c->old = younger;
	}
	if (c->old)
		drop(c->old, "replaced");
}

/* Ready before there was a session. */
static void tend_waiting(struct jvpn_client *client, struct jvpn_candidate *c)
{
	struct jvpn_transport *t = c->transport;

	if (!is_born(client) && is_being_created(client))
		return;
	socket_of(t)->waiting = false;
	c->transport = NULL;
	c->trying = t;
	jvpn_attempt_begin(&c->attempt, client->engine.driver->now_ns);
	join_or_redial(client, t);
}

static void tend(struct jvpn_client *client, struct jvpn_candidate *c, uint64_t now_ns)
{
	struct jvpn_transport *t;

	if (c->old)
		tend_pair(client, c);
	t = c->transport;
	if (t && socket_of(t)->waiting)
		tend_waiting(client, c);
	else if (t && t->live && !is_alive(t))
		tend_dead(client, c, now_ns);
	else if (t && t->live)
		tend_living(c, now_ns);
	if (c->trying)
		run_attempt(client, c, now_ns);
}

/* A living transport that is there to stay, on another candidate. */
static struct jvpn_transport *refuge(const struct jvpn_client *client,
				     const struct jvpn_candidate *from)
{
	const struct jvpn_candidate *best = NULL;

	for (size_t i = 0; i < client->dial.candidates.top; i++) {
		const struct jvpn_candidate *c = &client->dial.candidates.v[i];

		if (c != from && c->used && c->wanted && !c->leaving && c->transport &&
		    is_alive(c->transport) && (!best || c->rank < best->rank))
			best = c;
	}
	return best ? best->transport : NULL;
}

static uint64_t next_handover_ns(const struct jvpn_candidate *c)
{
	return c->asked_ns ? c->asked_ns + jvpn_ms_to_ns(DIAL_HANDOVER_AGAIN_MS) : 0;
}

static struct jvpn_candidate *bound_candidate(const struct jvpn_client *client)
{
	const struct jvpn_transport *bound = jvpn_live_binding(client->live);

	return bound && socket_of(bound) ? socket_of(bound)->candidate : NULL;
}

/* The binding's address will go: make before break. */
static void hand_over(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_event event = {.type = JVPN_EVENT_HANDOVER};
	struct jvpn_candidate *c = bound_candidate(client);
	struct jvpn_transport *to;

	if (!c || !c->leaving || session_of(client)->state != JVPN_STATE_ATTACHED ||
	    next_handover_ns(c) > now_ns)
		return;
	to = refuge(client, c);
	if (!to)
		return;
	c->asked_ns = now_ns;
	event.slot = to->slot;
	jvpn_log_info(JVPN_LOG_MAIN, "%s is about to lose its address: moving to %s", c->device,
		      to->label);
	jvpn_driver_step(client->live, &event);
}

/* ---- the network ---- */

static void follow_change(struct jvpn_client *client, struct jvpn_candidate *c, uint64_t now_ns)
{
	enum jvpn_candidate_news news = c->news;

	c->news = JVPN_CANDIDATE_SAME;
	if (news == JVPN_CANDIDATE_SAME)
		return;
	if (c->trying)
		drop(c->trying, "the network changed");
	if (!c->transport || !c->transport->live)
		return;
	if (news == JVPN_CANDIDATE_GONE)
		jvpn_driver_transport_lost(c->transport);
	else
		move(client, c, now_ns);
}

/* Everybody is asked at once; who does not answer soon is dialled anew. */
static void resume(struct jvpn_client *client, uint64_t now_ns)
{
	client->dial.resumed = false;
	for (size_t i = 0; i < client->dial.candidates.top; i++) {
		struct jvpn_candidate *c = &client->dial.candidates.v[i];

		if (!c->used)
			continue;
		jvpn_attempt_urge(&c->attempt);
		if (c->trying)
			drop(c->trying, "the machine has slept");
		if (c->transport && c->transport->live && !jvpn_conn_probe(c->transport->conn))
			c->moved_ns = now_ns;
	}
}

/* What a silent transport costs, at most, both directions. The server asks for figures of its own, too. */
static void say_cost(struct jvpn_client *client)
{
	const struct jvpn_policy *p = &client->engine.driver->policy;
	uint64_t idle = JVPN_LIVENESS_PACKETS_PER_QUESTION * DIAL_HOUR_MS / p->idle_keepalive_ms;
	uint64_t busy =
		JVPN_LIVENESS_PACKETS_PER_QUESTION * DIAL_HOUR_MS / p->heartbeat_interval_ms;

	busy += busy / JVPN_LIVENESS_PASSIVE_MEASUREMENT;
	if (client->dial.said_cost || jvpn_candidates_wanted(&client->dial.candidates) < 2)
		return;
	client->dial.said_cost = true;
	jvpn_log_info(JVPN_LOG_MAIN,
		      "a standby costs at most %" PRIu64 " packets, %" PRIu64
		      " KiB per hour while the session is idle, %" PRIu64 " packets, %" PRIu64
		      " KiB while it carries traffic",
		      idle, idle * DIAL_STANDBY_BYTES / 1024, busy,
		      busy * DIAL_STANDBY_BYTES / 1024);
}

static void update(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_dial *dial = &client->dial;
	struct jvpn_candidate_link link[JVPN_CLIENT_LINKS_MAX];
	struct jvpn_candidate_view view = {
		.link = link,
		.links = jvpn_network_links(client, link, JVPN_CLIENT_LINKS_MAX),
		.address = dial->known.item,
		.addresses = dial->known.count,
		.has_route = jvpn_network_has_route,
		.user = client};

	dial->outdated = false;
	jvpn_candidates_update(&dial->candidates, &view);
	for (size_t i = 0; i < client->dial.candidates.top; i++)
		if (dial->candidates.v[i].used)
			follow_change(client, &dial->candidates.v[i], now_ns);
	if (!jvpn_candidates_wanted(&dial->candidates) && !dial->said_none)
		jvpn_log_warn(
			JVPN_LOG_MAIN,
			"no interface leads to the server; waiting for one: look at \"ip route get\" "
			"with its address, and at interfaces in the configuration");
	dial->said_none = !jvpn_candidates_wanted(&dial->candidates);
	say_cost(client);
}

/* ---- the server's names ---- */

static bool is_failing(const struct jvpn_client *client, uint64_t now_ns)
{
	for (size_t i = 0; i < client->dial.candidates.top; i++) {
		const struct jvpn_candidate *c = &client->dial.candidates.v[i];

		if (c->used && c->wanted && c->attempt.failing_since_ns &&
		    now_ns - c->attempt.failing_since_ns >= jvpn_ms_to_ns(DIAL_LOOKUP_AFTER_MS))
			return true;
	}
	/* Nothing known, or nothing that this network leads to: another family may be what it has. */
	return !client->dial.known.count || !jvpn_candidates_wanted(&client->dial.candidates);
}

/* The server may have moved: while it is not reached at all, its names are looked up again. */
static void look_up_again(struct jvpn_client *client, uint64_t now_ns)
{
	if (now_ns - client->resolve.started_ns < jvpn_ms_to_ns(JVPN_RESOLVE_AGAIN_MS) ||
	    !jvpn_resolve_has_names(client) || has_alternative(client, NULL) ||
	    !is_failing(client, now_ns))
		return;
	jvpn_resolve_start(client, now_ns);
}

/* ---- one turn ---- */

static bool is_at_work(const struct jvpn_client *client)
{
	return !client->stopping && client->live &&
	       session_of(client)->state != JVPN_STATE_TERMINATED;
}

static void stagger(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_dial *dial = &client->dial;

	if (is_born(client))
		dial->staggered = false;
	else if (!dial->staggered)
		jvpn_candidates_stagger(&dial->candidates, now_ns);
	if (!is_born(client))
		dial->staggered = true;
}

void jvpn_dial_poll(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_dial *dial = &client->dial;
	struct jvpn_candidate *c;

	if (!is_at_work(client))
		return;
	look_up_again(client, now_ns);
	jvpn_resolve_poll(client, now_ns);
	if (!is_at_work(client))
		return;
	if (dial->outdated)
		update(client, now_ns);
	if (dial->resumed)
		resume(client, now_ns);
	for (size_t i = 0; i < dial->candidates.top && is_at_work(client); i++)
		if (dial->candidates.v[i].used)
			tend(client, &dial->candidates.v[i], now_ns);
	if (!is_at_work(client))
		return;
	hand_over(client, now_ns);
	if (!is_at_work(client))
		return;
	stagger(client, now_ns);
	while ((c = jvpn_candidates_turn(&dial->candidates, limit_of(client), now_ns)))
		begin_attempt(client, c, now_ns);
}

/* When tend() has something to do about a transport that got another socket. */
static uint64_t next_tend_ns(const struct jvpn_client *client, const struct jvpn_candidate *c)
{
	const struct jvpn_transport *t = c->transport;

	if (!c->used || !t || !t->live || !c->moved_ns)
		return JVPN_TIME_NEVER;
	if (is_alive(t))
		return c->dead_ns ? JVPN_TIME_NEVER : c->moved_ns + move_patience_ns(t);
	if (!c->wanted || has_alternative(client, t))
		return JVPN_TIME_NEVER;
	return c->moved_ns + jvpn_ms_to_ns(DIAL_MOVE_AGAIN_MS);
}

uint64_t jvpn_dial_next_deadline(const struct jvpn_client *client)
{
	const struct jvpn_dial *dial = &client->dial;
	const struct jvpn_candidate *c;
	uint64_t at;

	if (!is_at_work(client))
		return JVPN_TIME_NEVER;
	at = jvpn_time_min(jvpn_candidates_next(&dial->candidates, limit_of(client)),
			   jvpn_resolve_next_deadline(client));
	c = bound_candidate(client);
	/* What stands in the past waits for something else than time. */
	if (c && c->leaving && next_handover_ns(c) > client->engine.driver->now_ns)
		at = jvpn_time_min(at, next_handover_ns(c));
	for (size_t i = 0; i < client->dial.candidates.top; i++)
		at = jvpn_time_min(at, next_tend_ns(client, &dial->candidates.v[i]));
	return at;
}
