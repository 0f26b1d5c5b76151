/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sums, and which of them is which metric. Counts nothing itself.
 */
#include "runtime/meter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "core/fsm.h"
#include "obs/census.h"
#include "obs/events.h"
#include "quic/version.h"
#include "runtime/clock.h"
#include "runtime/engine.h"
#include "runtime/persist.h"

#define METRIC(name) JVPN_METRIC_ID_##name
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))

/* ---- sums ---- */

static void add_queues(struct jvpn_queue_figures *sum, const struct jvpn_queue_figures *q)
{
	sum->dropped_full += q->dropped_full;
	sum->dropped_stale += q->dropped_stale;
	sum->dropped_codel += q->dropped_codel;
	sum->dropped_other += q->dropped_other;
	sum->marked += q->marked;
	jvpn_delays_add(&sum->delay, &q->delay);
}

/* What is shown; the rest of the structure stays zero. */
static void add_quic(struct jvpn_quic_stats *sum, const struct jvpn_quic_stats *q)
{
	sum->refused += q->refused;
	sum->retries_sent += q->retries_sent;
	sum->short_initials += q->short_initials;
	sum->invalid_tokens += q->invalid_tokens;
	sum->source_limited += q->source_limited;
	sum->postponed += q->postponed;
	sum->handshakes += q->handshakes;
	sum->resumed += q->resumed;
	sum->handshakes_failed += q->handshakes_failed;
	for (size_t i = 0; i < JVPN_CLOSE_COUNT; i++)
		sum->closed[i] += q->closed[i];
	jvpn_delays_add(&sum->handshake_time, &q->handshake_time);
	sum->connections += q->connections;
	sum->half_open += q->half_open;
}

static void add_forwarded(struct jvpn_forward_counters *sum, const struct jvpn_forward_counters *c)
{
	for (size_t i = 0; i < JVPN_FORWARD_REASON_COUNT; i++)
		sum->dropped[i] += c->dropped[i];
	sum->icmp_sent += c->icmp_sent;
}

void jvpn_meter_forwarded(struct jvpn_forward_counters *sum, const struct jvpn_forward *forward)
{
	add_forwarded(sum, &forward->counters);
}

void jvpn_meter_take(struct jvpn_meter *sum, const struct jvpn_engine *engine)
{
	const struct jvpn_driver *d = engine->driver;
	struct jvpn_meter f = {.tx_packets = d->tx_packets,
			       .tx_bytes = d->tx_bytes,
			       .rx_packets = d->rx_packets,
			       .rx_bytes = d->rx_bytes,
			       .malformed = d->malformed,
			       .unexpected = d->unexpected,
			       .unanswered = d->refused_silently,
			       .queues = d->queues,
			       .queue_bytes = d->pool.used};

	memcpy(f.states, d->states, sizeof(f.states));
	jvpn_quic_get_stats(engine->quic, &f.quic);
	jvpn_meter_add(sum, &f);
}

void jvpn_meter_add(struct jvpn_meter *sum, const struct jvpn_meter *f)
{
	for (size_t i = 0; i < JVPN_STATE_COUNT; i++)
		sum->states[i] += f->states[i];
	sum->tx_packets += f->tx_packets;
	sum->tx_bytes += f->tx_bytes;
	sum->rx_packets += f->rx_packets;
	sum->rx_bytes += f->rx_bytes;
	sum->malformed += f->malformed;
	sum->unexpected += f->unexpected;
	sum->unanswered += f->unanswered;
	add_queues(&sum->queues, &f->queues);
	sum->queue_bytes += f->queue_bytes;
	add_quic(&sum->quic, &f->quic);
	add_forwarded(&sum->from_peer, &f->from_peer);
	add_forwarded(&sum->to_peer, &f->to_peer);
	sum->handed_datagrams += f->handed_datagrams;
	sum->handed_packets += f->handed_packets;
	sum->handed_dropped += f->handed_dropped;
}

/* ---- from the event stream ---- */

/* Reasons that are written although nothing has happened yet, so that a rate sees the first time: those of
 * the REATTACH ladder stand together in the registry. */
static bool is_of_ladder(unsigned reason)
{
	return reason >= JVPN_REASON_RATE_LIMITED && reason <= JVPN_REASON_STORE_UNAVAILABLE;
}

static bool is_an_end(unsigned reason)
{
	return jvpn_fsm_reason_allowed(JVPN_FSM_TERMINATE, (enum jvpn_reason)reason) ||
	       jvpn_fsm_reason_allowed(JVPN_FSM_ATTACH_FAILED, (enum jvpn_reason)reason);
}

static bool is_a_cause(unsigned reason)
{
	return jvpn_fsm_reason_allowed(JVPN_FSM_INSTABILITY, (enum jvpn_reason)reason);
}

static bool is_a_result(unsigned reason)
{
	return is_of_ladder(reason) || reason == JVPN_REASON_REATTACH_SUCCESS;
}

static bool is_about_a_token(unsigned reason)
{
	return reason >= JVPN_REASON_TOKEN_MISSING && reason <= JVPN_REASON_TOKEN_EXPIRED;
}

static bool is_of_a_candidate(unsigned reason)
{
	return reason == JVPN_REASON_PATH_VALIDATION_FAILED ||
	       reason == JVPN_REASON_CANDIDATE_REPLACED ||
	       reason == JVPN_REASON_BINDING_HEARD_AGAIN || reason == JVPN_REASON_TRANSPORT_CLOSED;
}

static bool is_a_limit(unsigned reason)
{
	return reason == JVPN_REASON_RATE_LIMITED;
}

struct by_reason {
	enum jvpn_metric metric;
	enum jvpn_audit_type type;
	bool (*is_usual)(unsigned reason);
};

static void put_by_reason(const struct jvpn_census *census, const struct by_reason *m,
			  struct jvpn_exposition *x)
{
	jvpn_exposition_begin(x, m->metric);
	for (unsigned reason = 0; reason < JVPN_REASON_COUNT; reason++)
		if (census->happened[m->type][reason] || m->is_usual(reason))
			jvpn_exposition_by(x, jvpn_reason_name((enum jvpn_reason)reason),
					   census->happened[m->type][reason]);
}

static const struct by_reason by_reason[] = {
	{METRIC(SESSIONS_TERMINATED), JVPN_AUDIT_SESSION_TERMINATED, is_an_end},
	{METRIC(SWITCHES), JVPN_AUDIT_TRANSPORT_SWITCH, is_a_cause},
	{METRIC(SWITCHES_DENIED), JVPN_AUDIT_TRANSPORT_SWITCH_DENIED, is_of_ladder},
	{METRIC(SWITCHES_FAILED), JVPN_AUDIT_TRANSPORT_SWITCH_FAILED, is_of_ladder},
	{METRIC(REATTACH_RESULTS), JVPN_AUDIT_REATTACH_RESULT, is_a_result},
	{METRIC(CANDIDATES_REMOVED), JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED, is_of_a_candidate},
	{METRIC(VALIDATION_FAILURES), JVPN_AUDIT_SECURITY_VALIDATION_FAILED, is_of_ladder},
	{METRIC(UNAUTHORIZED), JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT, is_about_a_token},
	{METRIC(RATE_LIMITED), JVPN_AUDIT_RATE_LIMITED, is_a_limit},
};

static const struct {
	enum jvpn_metric metric;
	enum jvpn_audit_type type;
} in_all[] = {
	{METRIC(SESSIONS_CREATED), JVPN_AUDIT_SESSION_CREATED},
	{METRIC(SESSIONS_RESTORED), JVPN_AUDIT_SESSION_RESTORED},
	{METRIC(REATTACH_ATTEMPTS), JVPN_AUDIT_REATTACH_ATTEMPT},
	{METRIC(CANDIDATES_ADDED), JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED},
	{METRIC(REPLAYS), JVPN_AUDIT_SECURITY_REPLAY_DETECTED},
	{METRIC(INVALID_TRANSITIONS), JVPN_AUDIT_INVALID_TRANSITION},
	{METRIC(KEY_ROTATIONS), JVPN_AUDIT_KEY_ROTATED},
	{METRIC(POLICY_LOADS), JVPN_AUDIT_POLICY_LOADED},
	{METRIC(POLICY_REJECTIONS), JVPN_AUDIT_POLICY_REJECTED},
};

/* Is there an event of the transition function that goes from here to there for this reason? */
/* The table does not change: it is walked through once, not for every page. */
static bool legal[JVPN_STATE_COUNT][JVPN_STATE_COUNT][JVPN_REASON_COUNT];
static pthread_once_t legal_once = PTHREAD_ONCE_INIT;

static void find_legal(void)
{
	for (unsigned from = JVPN_STATE_NONE + 1; from < JVPN_STATE_COUNT; from++)
		for (unsigned event = JVPN_FSM_NONE + 1; event < JVPN_FSM_COUNT; event++)
			for (unsigned reason = 0; reason < JVPN_REASON_COUNT; reason++) {
				struct jvpn_cell cell = jvpn_fsm_decide((enum jvpn_state)from,
									(enum jvpn_fsm_event)event,
									(enum jvpn_reason)reason);

				if (cell.kind == JVPN_CELL_GO)
					legal[from][cell.next][reason] = true;
			}
}

static void put_transition(const struct jvpn_census *census, unsigned from, unsigned to,
			   struct jvpn_exposition *x)
{
	for (unsigned reason = 0; reason < JVPN_REASON_COUNT; reason++) {
		struct jvpn_label_values labels = {
			.v = {jvpn_state_name((enum jvpn_state)from),
			      jvpn_state_name((enum jvpn_state)to),
			      jvpn_reason_name((enum jvpn_reason)reason)}};
		uint64_t n = census->transitions[from][to][reason];

		if (n || legal[from][to][reason])
			jvpn_exposition_put(x, &labels, n);
	}
}

static void put_census(const struct jvpn_census *census, struct jvpn_exposition *x)
{
	jvpn_exposition_begin(x, METRIC(EVENTS));
	for (unsigned type = JVPN_AUDIT_NONE + 1; type < JVPN_AUDIT_COUNT; type++)
		jvpn_exposition_by(x, jvpn_audit_type_name((enum jvpn_audit_type)type),
				   census->lines[type]);
	for (size_t i = 0; i < COUNT(in_all); i++)
		jvpn_exposition_one(x, in_all[i].metric,
				    jvpn_census_happened(census, in_all[i].type));
	for (size_t i = 0; i < COUNT(by_reason); i++)
		put_by_reason(census, &by_reason[i], x);
	pthread_once(&legal_once, find_legal);
	jvpn_exposition_begin(x, METRIC(TRANSITIONS));
	for (unsigned from = JVPN_STATE_NONE + 1; from < JVPN_STATE_COUNT; from++)
		for (unsigned to = JVPN_STATE_NONE + 1; to < JVPN_STATE_COUNT; to++)
			put_transition(census, from, to, x);
	jvpn_exposition_begin(x, METRIC(DETECT));
	jvpn_exposition_histogram(x, &census->detect);
	jvpn_exposition_begin(x, METRIC(COMMIT));
	jvpn_exposition_histogram(x, &census->commit);
	jvpn_exposition_begin(x, METRIC(RECOVERY));
	jvpn_exposition_histogram(x, &census->recovery);
}

static void put_events(const struct jvpn_engine *engine, struct jvpn_exposition *x)
{
	struct jvpn_census *census = malloc(sizeof(*census));
	struct jvpn_events_stats stats;

	if (!census) {
		x->failed = true;
		return;
	}
	jvpn_events_get_census(engine->events, census);
	jvpn_events_get_stats(engine->events, &stats);
	put_census(census, x);
	free(census);
	jvpn_exposition_begin(x, METRIC(EVENTS_DROPPED));
	for (unsigned i = 0; i < stats.outputs; i++)
		jvpn_exposition_by(x, stats.output[i].name, stats.output[i].dropped);
	jvpn_exposition_begin(x, METRIC(EVENTS_WAITING));
	for (unsigned i = 0; i < stats.outputs; i++)
		jvpn_exposition_by(x, stats.output[i].name, stats.output[i].waiting_bytes);
}

/* ---- the rest ---- */

static void put_process(const struct jvpn_engine *engine, struct jvpn_exposition *x)
{
	struct jvpn_label_values build = {.v = {PACKAGE_VERSION}};
	struct jvpn_quic_versions v;

	jvpn_quic_get_versions(&v);
	build.v[1] = engine->driver->role == JVPN_ROLE_SERVER ? "server" : "client";
	build.v[2] = v.ngtcp2;
	build.v[3] = v.nghttp3;
	build.v[4] = v.wolfssl;
	jvpn_exposition_begin(x, METRIC(BUILD_INFO));
	jvpn_exposition_put(x, &build, 1);
	jvpn_exposition_begin(x, METRIC(POLICY_INFO));
	jvpn_exposition_by(x, engine->driver->policy.version, 1);
}

static void put_sessions(const struct jvpn_meter *f, struct jvpn_exposition *x)
{
	jvpn_exposition_begin(x, METRIC(SESSIONS));
	for (unsigned i = JVPN_STATE_NONE + 1; i < JVPN_STATE_COUNT; i++)
		jvpn_exposition_by(x, jvpn_state_name((enum jvpn_state)i), f->states[i]);
}

static void put_dropped(const struct jvpn_forward_counters *c, const char *direction,
			struct jvpn_exposition *x)
{
	for (unsigned i = JVPN_FORWARD_REASON_NONE + 1; i < JVPN_FORWARD_REASON_COUNT; i++) {
		struct jvpn_label_values labels = {
			.v = {direction, jvpn_forward_reason_text((enum jvpn_forward_reason)i)}};

		jvpn_exposition_put(x, &labels, c->dropped[i]);
	}
}

static void put_traffic(const struct jvpn_meter *f, struct jvpn_exposition *x)
{
	jvpn_exposition_begin(x, METRIC(TUNNEL_PACKETS));
	jvpn_exposition_by(x, "rx", f->rx_packets);
	jvpn_exposition_by(x, "tx", f->tx_packets);
	jvpn_exposition_begin(x, METRIC(TUNNEL_BYTES));
	jvpn_exposition_by(x, "rx", f->rx_bytes);
	jvpn_exposition_by(x, "tx", f->tx_bytes);
	jvpn_exposition_begin(x, METRIC(FORWARD_DROPS));
	put_dropped(&f->from_peer, "rx", x);
	put_dropped(&f->to_peer, "tx", x);
	jvpn_exposition_one(x, METRIC(ICMP_SENT), f->from_peer.icmp_sent + f->to_peer.icmp_sent);
}

static void put_queues(const struct jvpn_meter *f, struct jvpn_exposition *x)
{
	jvpn_exposition_begin(x, METRIC(QUEUE_DELAY));
	jvpn_exposition_histogram(x, &f->queues.delay);
	jvpn_exposition_begin(x, METRIC(QUEUE_DROPS));
	jvpn_exposition_by(x, "full", f->queues.dropped_full);
	jvpn_exposition_by(x, "stale", f->queues.dropped_stale);
	jvpn_exposition_by(x, "codel", f->queues.dropped_codel);
	jvpn_exposition_by(x, "other", f->queues.dropped_other);
	jvpn_exposition_one(x, METRIC(QUEUE_MARKED), f->queues.marked);
	jvpn_exposition_one(x, METRIC(QUEUE_MEMORY), f->queue_bytes);
}

static void put_connections(const struct jvpn_quic_stats *q, struct jvpn_exposition *x)
{
	static const char *const causes[JVPN_CLOSE_COUNT] = {
		[JVPN_CLOSE_LOCAL] = "local",
		[JVPN_CLOSE_PEER] = "peer",
		[JVPN_CLOSE_STATELESS_RESET] = "stateless_reset",
		[JVPN_CLOSE_IDLE] = "idle",
		[JVPN_CLOSE_HANDSHAKE_TIMEOUT] = "handshake_timeout",
		[JVPN_CLOSE_CERTIFICATE] = "certificate",
		[JVPN_CLOSE_TLS] = "tls",
		[JVPN_CLOSE_PROTOCOL] = "protocol",
	};

	jvpn_exposition_one(x, METRIC(CONNECTIONS), q->connections);
	jvpn_exposition_begin(x, METRIC(HANDSHAKES));
	jvpn_exposition_by(x, "full", q->handshakes - q->resumed);
	jvpn_exposition_by(x, "resumed", q->resumed);
	jvpn_exposition_by(x, "failed", q->handshakes_failed);
	jvpn_exposition_begin(x, METRIC(HANDSHAKE_TIME));
	jvpn_exposition_histogram(x, &q->handshake_time);
	jvpn_exposition_begin(x, METRIC(CLOSED));
	for (size_t i = JVPN_CLOSE_NONE + 1; i < JVPN_CLOSE_COUNT; i++)
		jvpn_exposition_by(x, causes[i], q->closed[i]);
}

void jvpn_meter_write(const struct jvpn_meter *f, const struct jvpn_engine *engine,
		      struct jvpn_exposition *x)
{
	put_process(engine, x);
	put_sessions(f, x);
	put_events(engine, x);
	put_traffic(f, x);
	put_queues(f, x);
	put_connections(&f->quic, x);
	jvpn_exposition_begin(x, METRIC(MESSAGES_DROPPED));
	jvpn_exposition_by(x, "malformed", f->malformed);
	jvpn_exposition_by(x, "unexpected", f->unexpected);
	jvpn_exposition_by(x, "unanswered", f->unanswered);
}

static void put_results(const struct jvpn_store_stats *s, struct jvpn_exposition *x)
{
	jvpn_exposition_begin(x, METRIC(STORE_OPERATIONS));
	jvpn_exposition_by(x, "ok", s->ok);
	jvpn_exposition_by(x, "conflict", s->conflict);
	jvpn_exposition_by(x, "failed", s->failed);
	jvpn_exposition_by(x, "timeout", s->timeout);
	jvpn_exposition_by(x, "found", s->found);
	jvpn_exposition_by(x, "not_found", s->not_found);
}

void jvpn_meter_write_store(const struct jvpn_persist *persist, struct jvpn_exposition *x)
{
	static const char *const healths[JVPN_STORE_HEALTH_COUNT] = {
		[JVPN_STORE_HEALTH_OK] = "ok",
		[JVPN_STORE_HEALTH_FULL] = "full",
		[JVPN_STORE_HEALTH_FAILING] = "failing",
		[JVPN_STORE_HEALTH_BROKEN] = "broken",
	};
	struct jvpn_store_stats s;
	uint64_t lost;

	jvpn_persist_get_stats(persist, &s, &lost);
	put_results(&s, x);
	jvpn_exposition_one(x, METRIC(STORE_REFUSED), s.refused);
	jvpn_exposition_begin(x, METRIC(STORE_LATENCY));
	jvpn_exposition_histogram(x, &s.latency);
	jvpn_exposition_one(x, METRIC(STORE_PENDING), s.pending);
	jvpn_exposition_one(x, METRIC(STORE_COMMITS), s.commits);
	jvpn_exposition_begin(x, METRIC(STORE_HEALTH));
	for (size_t i = JVPN_STORE_HEALTH_NONE + 1; i < JVPN_STORE_HEALTH_COUNT; i++)
		jvpn_exposition_by(x, healths[i], s.health == i);
	jvpn_exposition_one(x, METRIC(AUDIT_BYTES), s.audit_bytes);
	jvpn_exposition_one(x, METRIC(AUDIT_LOST), lost);
}
