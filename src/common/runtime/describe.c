/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Figures come from where the decisions take them. Members are a contract: added, never renamed.
 */
#include "runtime/describe.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/time.h"

#define US_PER_MS 1000

static uint64_t ms_since(const struct jvpn_live *live, uint64_t at_ns)
{
	return jvpn_ns_to_ms(jvpn_time_since(live->driver->now_ns, at_ns));
}

static void put_address(struct jvpn_json *j, const struct jvpn_connectip_address *a)
{
	char text[INET6_ADDRSTRLEN] = "";
	bool v4 = a->version == 4;

	inet_ntop(v4 ? AF_INET : AF_INET6, a->address, text, sizeof(text));
	jvpn_json_text(j, v4 ? "inner_ipv4" : "inner_ipv6", text);
}

static void put_binding(struct jvpn_json *j, const struct jvpn_live *live)
{
	const struct jvpn_transport *t = jvpn_live_binding(live);
	char id[JVPN_TRANSPORT_ID_MAX + 1];

	jvpn_session_transport_id(&live->core, live->core.bound, id);
	if (id[0])
		jvpn_json_text(j, "binding", id);
	else
		jvpn_json_null(j, "binding");
	if (t)
		jvpn_json_text(j, "peer", t->peer);
}

static void put_counters(struct jvpn_json *j, const struct jvpn_live *live)
{
	jvpn_json_uint(j, "tx_packets", live->tx_packets);
	jvpn_json_uint(j, "tx_bytes", live->tx_bytes);
	jvpn_json_uint(j, "rx_packets", live->rx_packets);
	jvpn_json_uint(j, "rx_bytes", live->rx_bytes);
	jvpn_json_uint(j, "total_switches", live->core.total_switches);
	if (live->core.last_switch_ns)
		jvpn_json_uint(j, "last_switch_ms", ms_since(live, live->core.last_switch_ns));
}

/* What waits for the binding, and what did not get there. */
static void put_queue(struct jvpn_json *j, const struct jvpn_queue *queue)
{
	const struct jvpn_queue_counters *c = &queue->counters;

	jvpn_json_open(j, "queue", '{');
	jvpn_json_uint(j, "packets", queue->packets);
	jvpn_json_uint(j, "bytes", queue->bytes);
	jvpn_json_uint(j, "dropped_full", c->dropped_full);
	jvpn_json_uint(j, "dropped_stale", c->dropped_stale);
	jvpn_json_uint(j, "dropped_codel", c->dropped_codel);
	jvpn_json_uint(j, "dropped_other", c->dropped_other);
	jvpn_json_uint(j, "marked", c->marked);
	jvpn_json_close(j, '}');
}

void jvpn_describe_session(struct jvpn_json *j, const struct jvpn_live *live)
{
	const struct jvpn_session *s = &live->core;

	jvpn_json_id(j, "session_id", &s->id);
	if (live->user[0])
		jvpn_json_text(j, "user", live->user);
	jvpn_json_text(j, "state", jvpn_state_name(s->state));
	jvpn_json_uint(j, "state_ms", ms_since(live, s->state_since_ns));
	jvpn_json_uint(j, "state_version", s->state_version);
	if (live->reason != JVPN_REASON_NONE)
		jvpn_json_text(j, "reason_code", jvpn_reason_name(live->reason));
	jvpn_json_uint(j, "age_ms", jvpn_session_age_ms(s, live->driver->now_ns));
	jvpn_json_uint(j, "transportless_ms",
		       jvpn_session_transportless_ms(s, live->driver->now_ns));
	put_binding(j, live);
	jvpn_json_uint(j, "candidates", jvpn_session_candidate_count(s));
	for (size_t i = 0; i < live->addresses->count; i++)
		put_address(j, &live->addresses->address[i]);
	jvpn_json_uint(j, "mtu", live->mtu);
	put_counters(j, live);
	put_queue(j, &live->queue);
	if (live->plain)
		jvpn_json_bool(j, "plain", true);
}

/* As the choice between transports sees it: the binding by the policy's window, others by theirs. */
static uint32_t loss_of(const struct jvpn_live *live, const struct jvpn_transport *t)
{
	const struct jvpn_driver *d = live->driver;
	struct jvpn_quality_figures f;

	if (jvpn_live_binding(live) == t)
		return jvpn_quality_loss_ppm(&t->quality, &d->policy, d->now_ns);
	jvpn_quality_figures(&t->quality, &d->policy, d->now_ns, &f);
	return f.loss_ppm;
}

static const char *role_of(const struct jvpn_live *live, uint8_t slot)
{
	if (live->core.bound == slot)
		return "bound";
	return live->core.slot[slot].ready ? "standby" : "joining";
}

static const char *health_of(const struct jvpn_slot *p)
{
	return !p->alive ? "dead" : p->suspect ? "suspect" : "alive";
}

static void put_connection(struct jvpn_json *j, const struct jvpn_live *live,
			   const struct jvpn_transport *t)
{
	struct jvpn_conn_stats stats;

	jvpn_conn_get_stats(t->conn, &stats);
	jvpn_json_text(j, "peer", t->peer);
	jvpn_json_uint(j, "age_ms", ms_since(live, t->born_ns));
	jvpn_json_uint(j, "heard_ms", ms_since(live, t->liveness.last_received_ns));
	jvpn_json_part(j, "rtt_ms", stats.smoothed_rtt_ns / JVPN_NS_PER_US, US_PER_MS);
	jvpn_json_part(j, "min_rtt_ms", stats.min_rtt_ns / JVPN_NS_PER_US, US_PER_MS);
	jvpn_json_part(j, "loss_ratio", loss_of(live, t), 1000000);
	jvpn_json_uint(j, "mtu", stats.max_packet);
	jvpn_json_uint(j, "bytes_sent", stats.bytes_sent);
	jvpn_json_uint(j, "bytes_received", stats.bytes_recv);
	jvpn_json_uint(j, "cwnd", stats.cwnd);
	jvpn_json_uint(j, "in_flight", stats.bytes_in_flight);
	/* inner packets for an unconfirmed path, and datagrams from elsewhere while that is limited */
	jvpn_json_uint(j, "held", stats.hold_queued);
	jvpn_json_uint(j, "held_dropped", stats.hold_dropped);
	jvpn_json_uint(j, "offpath_dropped", stats.offpath_dropped);
}

void jvpn_describe_transport(struct jvpn_json *j, const struct jvpn_live *live, uint8_t slot)
{
	const struct jvpn_slot *p = &live->core.slot[slot];
	char id[JVPN_TRANSPORT_ID_MAX + 1];

	jvpn_session_transport_id(&live->core, slot, id);
	jvpn_json_text(j, "transport", id);
	jvpn_json_text(j, "role", role_of(live, slot));
	jvpn_json_text(j, "health", health_of(p));
	if (p->pending != JVPN_PENDING_NONE)
		jvpn_json_bool(j, "path_change", true);
	if (live->slot[slot])
		put_connection(j, live, live->slot[slot]);
}

void jvpn_describe_transports(struct jvpn_json *j, const char *name, const struct jvpn_live *live)
{
	jvpn_json_open(j, name, '[');
	for (uint8_t i = 0; i < JVPN_SLOTS; i++) {
		if (!live->core.slot[i].used)
			continue;
		jvpn_json_open(j, NULL, '{');
		jvpn_describe_transport(j, live, i);
		jvpn_json_close(j, '}');
	}
	jvpn_json_close(j, ']');
}
