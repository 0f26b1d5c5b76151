/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connections to events: the quic ops, and the liveness clock and quality figures of each transport.
 * Must not decide about sessions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "proto/jvmsg.h"
#include "runtime/driver_internal.h"

int jvpn_driver_transport_new(struct jvpn_driver *driver, struct jvpn_conn *conn,
			      struct jvpn_transport **out)
{
	struct jvpn_transport *t = calloc(1, sizeof(*t));
	struct sockaddr_storage remote;

	if (!t)
		return JVPN_ENOMEM;
	t->driver = driver;
	t->conn = conn;
	t->slot = JVPN_SLOT_NONE;
	t->born_ns = driver->now_ns;
	jvpn_liveness_init(&t->liveness, driver->now_ns);
	t->liveness.passive = driver->role == JVPN_ROLE_SERVER;
	jvpn_quality_init(&t->quality, driver->now_ns);
	if (!jvpn_conn_path_remote(conn, 0, &remote))
		jvpn_driver_format_address(&remote, t->peer, sizeof(t->peer));
	jvpn_conn_set_user(conn, t);
	t->next = driver->transports;
	t->prev_next = &driver->transports;
	if (t->next)
		t->next->prev_next = &t->next;
	driver->transports = t;
	*out = t;
	return 0;
}

void jvpn_transport_free(struct jvpn_transport *transport)
{
	if (!transport)
		return;
	*transport->prev_next = transport->next;
	if (transport->next)
		transport->next->prev_next = transport->prev_next;
	jvpn_control_clear(&transport->control);
	free(transport);
}

static struct jvpn_transport *transport_of(struct jvpn_driver *driver, struct jvpn_conn *conn)
{
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	if (!t && jvpn_driver_transport_new(driver, conn, &t)) {
		jvpn_conn_close(conn, JVPN_APP_REFUSED, jvpn_err_text(JVPN_ENOMEM));
		return NULL;
	}
	return t;
}

/* ---- liveness and quality ---- */

void jvpn_transport_update_mode(struct jvpn_transport *transport)
{
	const struct jvpn_live *live = transport->live;
	enum jvpn_liveness_mode mode = JVPN_LIVENESS_BOUND;

	if (live && live->core.bound != JVPN_SLOT_NONE && live->core.bound != transport->slot)
		mode = live->busy ? JVPN_LIVENESS_STANDBY : JVPN_LIVENESS_RESTING;
	if (transport->liveness.mode != mode)
		jvpn_liveness_set_mode(&transport->liveness, mode, transport->driver->now_ns);
}

uint64_t jvpn_transport_next_deadline(const struct jvpn_transport *transport)
{
	return jvpn_liveness_next_deadline(&transport->liveness, &transport->driver->policy);
}

void jvpn_transport_forgive(struct jvpn_transport *transport)
{
	uint64_t now_ns = transport->driver->now_ns;

	jvpn_quality_init(&transport->quality, now_ns);
	transport->quality_from_ns = jvpn_time_add(now_ns, transport->liveness.pto_ns);
}

/* Something was said against it, or a question is open: figures of packets that nobody answers say
 * nothing, and "no loss lately" is not a sign of life. */
static bool is_in_doubt(const struct jvpn_liveness *l)
{
	return l->said_dead || l->said_drops || l->said_heartbeat || l->probes_lost != 0;
}

static enum jvpn_fact_kind liveness_fact(enum jvpn_liveness_verdict verdict)
{
	switch (verdict) {
	case JVPN_LIVENESS_DROPS:
		return JVPN_FACT_DROPS;
	case JVPN_LIVENESS_HEARTBEAT_TIMEOUT:
		return JVPN_FACT_HEARTBEAT_TIMEOUT;
	case JVPN_LIVENESS_DEAD:
		return JVPN_FACT_DEAD;
	case JVPN_LIVENESS_HEALTHY:
		return JVPN_FACT_HEALTHY;
	case JVPN_LIVENESS_NONE:
	case JVPN_LIVENESS_PROBE:
	case JVPN_LIVENESS_KEEPALIVE:
	case JVPN_LIVENESS_COUNT:
		break;
	}
	return JVPN_FACT_NONE;
}

static enum jvpn_fact_kind quality_fact(enum jvpn_quality_fact fact)
{
	switch (fact) {
	case JVPN_QUALITY_LOSS:
		return JVPN_FACT_LOSS;
	case JVPN_QUALITY_LATENCY:
		return JVPN_FACT_LATENCY;
	case JVPN_QUALITY_HEALTHY:
		return JVPN_FACT_HEALTHY;
	case JVPN_QUALITY_NONE:
	case JVPN_QUALITY_COUNT:
		break;
	}
	return JVPN_FACT_NONE;
}

/* Next thing the clocks have to say; NONE at the end. Sends probes on the way. */
static enum jvpn_fact_kind next_fact(struct jvpn_transport *t)
{
	const struct jvpn_driver *d = t->driver;
	enum jvpn_liveness_verdict verdict;

	while ((verdict = jvpn_liveness_poll(&t->liveness, &d->policy, d->now_ns)) !=
	       JVPN_LIVENESS_NONE) {
		if (verdict != JVPN_LIVENESS_PROBE && verdict != JVPN_LIVENESS_KEEPALIVE)
			return liveness_fact(verdict);
		/* A closing connection takes no probe: its end is reported anyway. */
		(void)jvpn_conn_probe(t->conn);
	}
	if (is_in_doubt(&t->liveness))
		return JVPN_FACT_NONE;
	return quality_fact(jvpn_quality_poll(&t->quality, &d->policy, d->now_ns));
}

void jvpn_transport_poll(struct jvpn_transport *transport)
{
	struct jvpn_live *live = transport->live;
	enum jvpn_fact_kind fact;

	while ((fact = next_fact(transport)) != JVPN_FACT_NONE) {
		if (!jvpn_transport_fact(transport, fact))
			return;
		if (transport->live != live)
			break;
	}
	jvpn_live_reschedule(live);
}

static void feed_liveness(struct jvpn_transport *t, const struct jvpn_conn_stats *now)
{
	const struct jvpn_conn_stats *was = &t->seen;
	uint64_t at = t->driver->now_ns;

	/* While a probe waits for its answer nothing is learned about the round trip: when QUIC starts a
	 * stalled path anew it falls back to its first guess, and a dead path would be noticed later for
	 * being busy. */
	if (!t->liveness.probe_sent_ns || now->tracked_acked != was->tracked_acked)
		jvpn_liveness_set_pto(&t->liveness, now->pto_ns);
	if (now->last_received_ns != was->last_received_ns)
		jvpn_liveness_on_received(&t->liveness, now->dgram_recv != was->dgram_recv, at);
	if (now->tracked_acked !=
	    was->tracked_acked) /* not every change of the oldest is an answer */
		jvpn_liveness_on_acked(&t->liveness, now->oldest_unacked_ns, at);
	if (now->dgram_sent != was->dgram_sent)
		jvpn_liveness_on_sent(&t->liveness, at);
}

static void feed_quality(struct jvpn_transport *t, const struct jvpn_conn_stats *now)
{
	const struct jvpn_conn_stats *was = &t->seen;
	const struct jvpn_driver *d = t->driver;

	if (d->now_ns >= t->quality_from_ns &&
	    (now->pkt_sent != was->pkt_sent || now->pkt_lost != was->pkt_lost))
		jvpn_quality_on_packets(&t->quality, &d->policy,
					(uint32_t)(now->pkt_sent - was->pkt_sent),
					(uint32_t)(now->pkt_lost - was->pkt_lost), d->now_ns);
	/* a steady path answers in the same time again */
	if (now->latest_rtt_ns != was->latest_rtt_ns || now->tracked_acked != was->tracked_acked)
		jvpn_quality_on_rtt(&t->quality, &d->policy,
				    (uint32_t)(now->latest_rtt_ns / JVPN_NS_PER_US), d->now_ns);
}

/* A datagram that came a second time, or was forged, is none: it must not even make us look (I10). */
static bool has_news(const struct jvpn_conn_stats *was, const struct jvpn_conn_stats *now)
{
	return now->pkt_recv != was->pkt_recv || now->pkt_sent != was->pkt_sent ||
	       now->pkt_lost != was->pkt_lost || now->tracked_acked != was->tracked_acked;
}

static void on_activity(void *user, struct jvpn_conn *conn)
{
	struct jvpn_transport *t = jvpn_conn_get_user(conn);
	struct jvpn_conn_stats now;

	(void)user;
	if (!t || !t->live)
		return;
	jvpn_conn_get_stats(conn, &now);
	if (!has_news(&t->seen, &now))
		return;
	feed_liveness(t, &now);
	if (t->liveness.healthy_due)
		jvpn_transport_forgive(t);
	feed_quality(t, &now);
	if ((now.dgram_sent != t->seen.dgram_sent || now.dgram_recv != t->seen.dgram_recv) &&
	    jvpn_live_binding(t->live) == t)
		jvpn_live_carried(t->live);
	t->seen = now;
	jvpn_transport_poll(t);
}

static void on_probe_acked(void *user, struct jvpn_conn *conn, uint64_t rtt_ns)
{
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	(void)user;
	if (t)
		jvpn_quality_on_rtt(&t->quality, &t->driver->policy,
				    (uint32_t)(rtt_ns / JVPN_NS_PER_US), t->driver->now_ns);
}

static bool on_misdirected(void *user, struct jvpn_endpoint *endpoint,
			   const struct jvpn_datagram *datagram, unsigned worker)
{
	struct jvpn_driver *d = user;

	return d->ops->on_misdirected &&
	       d->ops->on_misdirected(d->user, endpoint, datagram, worker);
}

static void on_knock_answered(void *user, struct jvpn_endpoint *endpoint)
{
	struct jvpn_driver *d = user;

	if (d->ops->on_knock_answered)
		d->ops->on_knock_answered(d->user, endpoint);
}

static void on_hint(void *user, struct jvpn_conn *conn, bool port_closed)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	if (!t)
		return;
	if (t->live) {
		jvpn_liveness_on_hint(&t->liveness, d->now_ns);
		jvpn_transport_poll(t);
	} else if (d->ops->on_hint) {
		d->ops->on_hint(d->user, t, port_closed);
	}
}

static void on_keys(void *user, struct jvpn_conn *conn, uint32_t generation, bool by_peer)
{
	struct jvpn_transport *t = jvpn_conn_get_user(conn);
	struct jvpn_event event = {.type = JVPN_EVENT_KEYS};

	(void)user;
	if (!t || !t->live)
		return;
	event.slot = t->slot;
	event.u.keys.generation = generation;
	event.u.keys.by_peer = by_peer;
	jvpn_driver_step(t->live, &event);
}

/* ---- data ---- */

static void on_packet(void *user, struct jvpn_conn *conn, uint8_t *packet, size_t len)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	if (!t || !t->live)
		return;
	t->live->rx_packets++;
	t->live->rx_bytes += len;
	d->rx_packets++;
	d->rx_bytes += len;
	d->ops->on_packet(d->user, t->live, packet, len);
}

/* Sends what waits. False: the connection takes no more for now. */
static bool send_next(struct jvpn_live *live, struct jvpn_conn *conn)
{
	const struct jvpn_queue_piece *p = jvpn_queue_peek(&live->queue, live->driver->now_ns);
	size_t len;
	int rv;

	if (!p)
		return false;
	len = p->head_len + p->body_len;
	rv = jvpn_conn_send_parts(conn, p->head, p->head_len, p->body, p->body_len);
	if (rv == JVPN_EAGAIN || rv == JVPN_ECLOSED)
		return false;
	if (!rv) {
		live->tx_packets++;
		live->tx_bytes += len;
		live->driver->tx_packets++;
		live->driver->tx_bytes += len;
	}
	/* Too large for the path by now: its sender has been told, or will be with the next one. */
	jvpn_queue_pop(&live->queue);
	return true;
}

static void on_writable(void *user, struct jvpn_conn *conn)
{
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	(void)user;
	if (!t || !t->live || jvpn_live_binding(t->live) != t)
		return;
	/* A refused packet is asked for again when there is room: wanting more here would wake the
	 * loop every millisecond while the window is full. */
	while (send_next(t->live, conn))
		;
}

static void on_mtu(void *user, struct jvpn_conn *conn, size_t max_packet)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	if (!t || !t->live || jvpn_live_binding(t->live) != t || t->live->mtu == max_packet)
		return;
	t->live->mtu = max_packet;
	if (d->ops->on_mtu)
		d->ops->on_mtu(d->user, t->live);
}

/* ---- life ---- */

static void on_request(void *user, struct jvpn_conn *conn, const struct jvpn_h3_request *request)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = transport_of(d, conn);

	/* One tunnel per connection; HTTP/3 sees to that, and a session must not be taken over. */
	if (t && !t->live && d->ops->on_request)
		d->ops->on_request(d->user, t, request);
}

static void on_ready(void *user, struct jvpn_conn *conn)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = transport_of(d, conn);

	if (t && d->ops->on_ready)
		d->ops->on_ready(d->user, t);
}

static void on_response(void *user, struct jvpn_conn *conn, const struct jvpn_h3_response *response)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	if (t && d->ops->on_response)
		d->ops->on_response(d->user, t, response);
}

static void on_capsule(void *user, struct jvpn_conn *conn, uint64_t type, const uint8_t *data,
		       size_t len, uint32_t generation)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	if (!t)
		return;
	if (jvpn_jvmsg_type(type) != JVPN_MSG_NONE)
		jvpn_driver_take_capsule(t, type, data, len, generation);
	else if (d->ops->on_capsule)
		d->ops->on_capsule(d->user, t, type, data, len);
}

static enum jvpn_event_type path_event_type(enum jvpn_path_change change)
{
	switch (change) {
	case JVPN_PATH_CANDIDATE:
		return JVPN_EVENT_PATH_CANDIDATE;
	case JVPN_PATH_VALIDATED:
		return JVPN_EVENT_PATH_VALIDATED;
	case JVPN_PATH_FAILED:
		return JVPN_EVENT_PATH_FAILED;
	case JVPN_PATH_SUPERSEDED:
		return JVPN_EVENT_PATH_SUPERSEDED;
	}
	return JVPN_EVENT_NONE;
}

static void on_path(void *user, struct jvpn_conn *conn, const struct jvpn_path_event *path)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = jvpn_conn_get_user(conn);
	struct jvpn_event event = {.type = path_event_type(path->change)};

	if (!t || !t->live || event.type == JVPN_EVENT_NONE) {
		if (path->change == JVPN_PATH_CANDIDATE)
			jvpn_conn_path_drop(conn, path->generation, 0, d->now_ns);
		return;
	}
	/* TransportSwitch tells loss and latency as they are now. */
	if (path->change == JVPN_PATH_CANDIDATE &&
	    (!jvpn_transport_fact(t, JVPN_FACT_MEASURE) || !t->live))
		return;
	event.slot = t->slot;
	event.generation = path->generation;
	event.u.path.last_good_ns = path->last_good_ns;
	jvpn_driver_step(t->live, &event);
}

static void tell_core_closed(struct jvpn_transport *t, const struct jvpn_close_info *info)
{
	struct jvpn_live *live = t->live;
	struct jvpn_event event = {.type = JVPN_EVENT_TRANSPORT_CLOSED, .slot = t->slot};

	event.u.closed.restarting =
		info->kind == JVPN_CLOSE_PEER && info->code == JVPN_APP_RESTARTING;
	event.u.closed.last_good_ns = t->liveness.last_received_ns;
	jvpn_driver_detach(t);
	jvpn_driver_step(live, &event);
}

static void on_closed(void *user, struct jvpn_conn *conn, const struct jvpn_close_info *info)
{
	struct jvpn_driver *d = user;
	struct jvpn_transport *t = jvpn_conn_get_user(conn);

	if (!t)
		return;
	if (t->live)
		tell_core_closed(t, info);
	if (d->ops->on_transport_closed)
		d->ops->on_transport_closed(d->user, t, info);
	jvpn_transport_free(t);
}

static const struct jvpn_quic_ops quic_ops = {
	.on_request = on_request,
	.on_ready = on_ready,
	.on_response = on_response,
	.on_capsule = on_capsule,
	.on_packet = on_packet,
	.on_path = on_path,
	.on_writable = on_writable,
	.on_mtu = on_mtu,
	.on_probe_acked = on_probe_acked,
	.on_misdirected = on_misdirected,
	.on_knock_answered = on_knock_answered,
	.on_hint = on_hint,
	.on_activity = on_activity,
	.on_keys = on_keys,
	.on_closed = on_closed,
};

const struct jvpn_quic_ops *jvpn_driver_quic_ops(void)
{
	return &quic_ops;
}
