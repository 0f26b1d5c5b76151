/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One QUIC connection: life, death and what the session layer asks of it. Reading, writing and
 * ngtcp2's callbacks are in conn_read.c, conn_write.c and conn_callbacks.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/random.h"
#include "quic/quic_internal.h"

/* --- HTTP/3 asks QUIC --- */

static void h3_consumed(void *user, int64_t stream_id, size_t n)
{
	struct jvpn_conn *conn = user;

	(void)ngtcp2_conn_extend_max_stream_offset(conn->ng, stream_id, n);
	ngtcp2_conn_extend_max_offset(conn->ng, n);
}

static void h3_stop_sending(void *user, int64_t stream_id, uint64_t code)
{
	(void)ngtcp2_conn_shutdown_stream_read(((struct jvpn_conn *)user)->ng, 0, stream_id, code);
}

static void h3_reset_stream(void *user, int64_t stream_id, uint64_t code)
{
	(void)ngtcp2_conn_shutdown_stream_write(((struct jvpn_conn *)user)->ng, 0, stream_id, code);
}

/* --- life --- */

static ngtcp2_conn *get_ng(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct jvpn_conn *)ref->user_data)->ng;
}

static void link_conn(struct jvpn_conn *conn)
{
	struct jvpn_quic *quic = conn->quic;

	conn->next = quic->conns;
	conn->prev_next = &quic->conns;
	if (conn->next)
		conn->next->prev_next = &conn->next;
	quic->conns = conn;
	quic->conn_count++;
}

static void unlink_conn(struct jvpn_conn *conn)
{
	if (!conn->prev_next)
		return;
	*conn->prev_next = conn->next;
	if (conn->next)
		conn->next->prev_next = conn->prev_next;
	conn->prev_next = NULL;
	conn->quic->conn_count--;
}

int jvpn_conn_new(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
		  const struct jvpn_tuple *tuple, struct jvpn_conn **out)
{
	const struct jvpn_h3_io io = {.consumed = h3_consumed,
				      .stop_sending = h3_stop_sending,
				      .reset_stream = h3_reset_stream};
	const struct jvpn_path_config gate = {.client = !quic->config.server};
	struct jvpn_path_tuple folded;
	struct jvpn_conn *conn;

	if (jvpn_timer_heap_reserve(&quic->timers, quic->conn_count + 1) != 0)
		return JVPN_ENOMEM;
	conn = calloc(1, sizeof(*conn));
	if (!conn)
		return JVPN_ENOMEM;
	conn->quic = quic;
	conn->ref = (ngtcp2_crypto_conn_ref){.get_conn = get_ng, .user_data = conn};
	jvpn_path_fold(tuple, &folded);
	jvpn_path_init(&conn->path, &gate, &folded, endpoint);
	conn->path.bound->heard_ns = quic->now_ns;
	jvpn_hold_init(&conn->hold, &quic->hold_budget, quic->config.hold_max_packets,
		       quic->config.hold_max_bytes);
	jvpn_dgram_init(&conn->dgram);
	jvpn_mtu_init(&conn->mtu, quic->config.max_udp_payload);
	jvpn_inflight_init(&conn->inflight);
	conn->turn_max = SIZE_MAX;
	conn->begun_ns = quic->now_ns;
	conn->fall_back_ns =
		jvpn_time_add(quic->now_ns, JVPN_QUIC_FALL_BACK_RTTS * quic->config.initial_rtt_ns);
	ngtcp2_ccerr_default(&conn->ccerr);
	link_conn(conn);
	if (jvpn_random(conn->nonce, sizeof(conn->nonce)) != 0 ||
	    jvpn_h3_new(quic->config.server, &io, conn, &conn->h3) != 0) {
		jvpn_conn_free(conn);
		return JVPN_ENOMEM;
	}
	*out = conn;
	return 0;
}

static void unmap_cids(struct jvpn_conn *conn)
{
	/* Current, issued and one being retired: never more than the limit and a few. */
	ngtcp2_cid cids[JVPN_QUIC_ACTIVE_CIDS * 4];
	size_t n = ngtcp2_conn_get_scid2(conn->ng, NULL);

	if (n <= sizeof(cids) / sizeof(cids[0])) {
		n = ngtcp2_conn_get_scid2(conn->ng, cids);
		for (size_t i = 0; i < n; i++)
			jvpn_cidmap_remove(conn->quic->cids, cids[i].data, cids[i].datalen, conn);
	}
}

void jvpn_conn_leave_source(struct jvpn_conn *conn)
{
	if (conn->source)
		conn->source->pending--;
	conn->source = NULL;
}

void jvpn_conn_free(struct jvpn_conn *conn)
{
	struct jvpn_quic *quic = conn->quic;

	jvpn_conn_leave_source(conn);
	if (conn->ng)
		unmap_cids(conn);
	if (conn->is_mapped_initial)
		jvpn_cidmap_remove(quic->cids, conn->initial_dcid.data, conn->initial_dcid.datalen,
				   conn);
	if (conn->is_half_open)
		quic->half_open--;
	if (conn->is_dead)
		quic->dead_count--;
	jvpn_timer_disarm(&quic->timers, &conn->timer);
	unlink_conn(conn);
	jvpn_hold_clear(&conn->hold);
	ngtcp2_conn_del(conn->ng);
	jvpn_h3_free(conn->h3);
	jvpn_tls_session_free(conn->tls);
	free(conn);
}

void jvpn_conn_mark(struct jvpn_conn *conn)
{
	if (conn->in_work || conn->is_dead)
		return;
	conn->in_work = true;
	conn->work_next = NULL;
	if (conn->quic->work)
		conn->quic->work_last->work_next = conn;
	else
		conn->quic->work = conn;
	conn->quic->work_last = conn;
}

void jvpn_conn_arm(struct jvpn_conn *conn)
{
	uint64_t at = JVPN_TIME_NEVER;

	if (!conn->is_dead) {
		/* With nothing to send, the moment when it might be sent is none to wake up for. */
		at = jvpn_time_max(ngtcp2_conn_get_expiry2(conn->ng), conn->unpaced_ns);
		if (conn->linger_until_ns)
			at = jvpn_time_min(at, conn->linger_until_ns);
		if (conn->open_by_ns)
			at = jvpn_time_min(at, conn->open_by_ns);
		at = jvpn_time_min(at, jvpn_mtu_deadline(&conn->mtu));
		at = jvpn_time_min(at, jvpn_path_deadline(&conn->path));
	}
	jvpn_timer_arm(&conn->quic->timers, &conn->timer, at);
}

/* --- telling the application --- */

static void tell_path_events(struct jvpn_conn *conn)
{
	struct jvpn_path_event event;

	while (jvpn_path_next_event(&conn->path, &event))
		conn->quic->config.ops->on_path(conn->quic->config.user, conn, &event);
	jvpn_hold_keep(&conn->hold, jvpn_path_candidate(&conn->path),
		       jvpn_path_bound_generation(&conn->path));
}

static uint32_t generation_of(const struct jvpn_conn *conn, uint32_t tag)
{
	for (size_t i = 0; i < JVPN_PATH_SLOTS; i++)
		if (conn->path.slots[i].id != 0 && (uint32_t)conn->path.slots[i].id == tag)
			return conn->path.slots[i].generation;
	return JVPN_PATH_NO_GENERATION;
}

static void tell_h3_event(struct jvpn_conn *conn, const struct jvpn_h3_event *e)
{
	const struct jvpn_quic_ops *ops = conn->quic->config.ops;
	void *user = conn->quic->config.user;

	switch (e->type) {
	case JVPN_H3_EVENT_READY:
		ops->on_ready(user, conn);
		break;
	case JVPN_H3_EVENT_REQUEST:
		(void)jvpn_dgram_bind(&conn->dgram, jvpn_h3_stream_id(conn->h3), false);
		ops->on_request(user, conn, e->request);
		break;
	case JVPN_H3_EVENT_RESPONSE:
		ops->on_response(user, conn, e->response);
		break;
	case JVPN_H3_EVENT_CAPSULE:
		ops->on_capsule(user, conn, e->capsule_type, e->data, e->len,
				generation_of(conn, e->path_generation));
		break;
	case JVPN_H3_EVENT_END:
		/* One tunnel per connection: without it there is nothing left to do. */
		if (!conn->linger_until_ns && conn->info.kind == JVPN_CLOSE_NONE)
			jvpn_conn_close(conn, e->code, e->text);
		break;
	case JVPN_H3_EVENT_NONE:
	case JVPN_H3_EVENT_COUNT:
		break;
	}
}

static void tell_mtu(struct jvpn_conn *conn)
{
	size_t max_packet;

	if (!conn->is_completed || conn->dgram.stream_id < 0)
		return;
	max_packet = jvpn_conn_max_packet(conn);
	if (max_packet == conn->max_packet)
		return;
	conn->max_packet = max_packet;
	conn->quic->config.ops->on_mtu(conn->quic->config.user, conn, max_packet);
}

static void finish_refusal(struct jvpn_conn *conn)
{
	if (conn->linger_until_ns && conn->info.kind == JVPN_CLOSE_NONE &&
	    (jvpn_h3_is_drained(conn->h3) || conn->quic->now_ns >= conn->linger_until_ns))
		jvpn_conn_close(conn, JVPN_APP_REFUSED, "the request was refused");
}

/* Connected, and no tunnel ever: not for as long as the idle timeout and a few PINGs allow. */
static void check_open(struct jvpn_conn *conn)
{
	if (jvpn_h3_is_open(conn->h3))
		jvpn_conn_leave_source(conn);
	if (conn->open_by_ns == 0)
		return;
	if (jvpn_h3_is_open(conn->h3) || conn->linger_until_ns)
		conn->open_by_ns = 0;
	else if (conn->quic->now_ns >= conn->open_by_ns)
		jvpn_conn_close(conn, JVPN_H3_REQUEST_INCOMPLETE, "no tunnel was opened in time");
}

void jvpn_conn_dispatch(struct jvpn_conn *conn)
{
	const struct jvpn_quic_ops *ops = conn->quic->config.ops;
	struct jvpn_h3_event event;

	if (conn->info.kind == JVPN_CLOSE_LOCAL)
		return;
	tell_path_events(conn);
	/* What arrived before the peer's close is still told: its last capsule may say why. */
	while (conn->info.kind != JVPN_CLOSE_LOCAL && jvpn_h3_poll(conn->h3, &event))
		tell_h3_event(conn, &event);
	if (conn->info.kind != JVPN_CLOSE_NONE)
		return;
	if (conn->probe_acked) {
		conn->probe_acked = false;
		ops->on_probe_acked(conn->quic->config.user, conn, conn->probe_acked_rtt_ns);
	}
	tell_mtu(conn);
	jvpn_rekey_tell(conn);
	finish_refusal(conn);
	check_open(conn);
}

/* --- what the session layer asks --- */

void jvpn_conn_set_user(struct jvpn_conn *conn, void *user)
{
	conn->user = user;
}

void *jvpn_conn_get_user(const struct jvpn_conn *conn)
{
	return conn->user;
}

int jvpn_conn_request(struct jvpn_conn *conn, const struct jvpn_h3_request *request)
{
	int64_t stream_id = -1;
	int err;

	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE)
		return JVPN_ECLOSED;
	if (conn->dgram.stream_id >= 0)
		return JVPN_EEXISTS;
	if (ngtcp2_conn_open_bidi_stream(conn->ng, &stream_id, NULL) != 0)
		return JVPN_EAGAIN;
	err = jvpn_h3_submit_request(conn->h3, stream_id, request);
	if (!err)
		err = jvpn_dgram_bind(&conn->dgram, stream_id, true);
	if (err)
		(void)ngtcp2_conn_shutdown_stream(conn->ng, 0, stream_id,
						  JVPN_H3_REQUEST_CANCELLED);
	jvpn_conn_mark(conn);
	return err;
}

int jvpn_conn_respond(struct jvpn_conn *conn, const struct jvpn_h3_response *response)
{
	int err;

	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE)
		return JVPN_ECLOSED;
	err = jvpn_h3_respond(conn->h3, response);
	if (err)
		return err;
	if (response->status < 200 || response->status > 299)
		conn->linger_until_ns = jvpn_time_add(conn->quic->now_ns, JVPN_QUIC_LINGER_NS);
	jvpn_conn_mark(conn);
	return 0;
}

int jvpn_conn_send_capsule(struct jvpn_conn *conn, uint64_t type, const void *data, size_t len)
{
	int err;

	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE)
		return JVPN_ECLOSED;
	err = jvpn_h3_send_capsule(conn->h3, type, data, len);
	if (!err)
		jvpn_conn_mark(conn);
	return err;
}

void jvpn_conn_want_write(struct jvpn_conn *conn)
{
	conn->wants_write = true;
	jvpn_conn_mark(conn);
}

void jvpn_conn_forget_path(struct jvpn_conn *conn)
{
	jvpn_mtu_on_path_change(&conn->mtu);
	jvpn_inflight_init(&conn->inflight);
}

/* Client: makes QUIC forget what is in flight to nobody, and send at once: a migration to the same
 * tuple under new numbers, with a new connection ID (RFC 9000 section 9.2). When the server has
 * given no spare one, nothing happens, and PTO has to do. */
static void start_anew(struct jvpn_conn *conn)
{
	struct jvpn_path_slot *bound = conn->path.bound;
	const uint64_t id = bound->id, local_id = bound->local_id;
	ngtcp2_path_storage path;

	if (!conn->is_confirmed || conn->anew_count >= JVPN_QUIC_ANEW_MAX ||
	    conn->quic->now_ns < conn->anew_after_ns)
		return;
	conn->anew_after_ns =
		jvpn_time_add(conn->quic->now_ns, JVPN_QUIC_ANEW_INTERVAL_NS << conn->anew_count);
	conn->anew_count++;
	jvpn_path_renew_client(&conn->path);
	jvpn_conn_make_path(bound, &path);
	if (ngtcp2_conn_initiate_immediate_migration(conn->ng, &path.path, conn->quic->now_ns) !=
	    0) {
		bound->id = id;
		bound->local_id = local_id;
		return;
	}
	jvpn_conn_forget_probes(conn);
}

int jvpn_conn_probe(struct jvpn_conn *conn)
{
	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE)
		return JVPN_ECLOSED;
	if (conn->dgram.stream_id < 0)
		return JVPN_EAGAIN;
	conn->wants_probe = true;
	if (!conn->quic->config.server && jvpn_conn_is_stalled(conn))
		start_anew(conn);
	jvpn_conn_mark(conn);
	return 0;
}

bool jvpn_conn_is_permitted(const struct jvpn_conn *conn)
{
	return conn->has_permit &&
	       conn->permit_generation == jvpn_path_bound_generation(&conn->path);
}

bool jvpn_conn_takes_inner(const struct jvpn_conn *conn)
{
	return jvpn_conn_is_permitted(conn) ||
	       (conn->permit_generation == jvpn_path_bound_generation(&conn->path) &&
		conn->quic->now_ns < conn->stragglers_until_ns);
}

void jvpn_conn_stragglers(struct jvpn_conn *conn, uint64_t until_ns)
{
	conn->stragglers_until_ns = until_ns;
}

/* A client holds what comes ahead of the acknowledgement that binds this connection. What came too
 * late for the last binding must not be delivered by the next one. */
void jvpn_conn_expire_held(struct jvpn_conn *conn)
{
	uint64_t now_ns = conn->quic->now_ns;

	if (!conn->quic->config.server && now_ns > JVPN_PATH_STRAGGLER_MAX_NS)
		jvpn_hold_expire(&conn->hold, now_ns - JVPN_PATH_STRAGGLER_MAX_NS);
}

void jvpn_conn_release_held(struct jvpn_conn *conn)
{
	struct jvpn_hold_packet *p;

	while (jvpn_conn_is_permitted(conn) &&
	       (p = jvpn_hold_take(&conn->hold, jvpn_path_bound_generation(&conn->path)))) {
		conn->quic->config.ops->on_packet(conn->quic->config.user, conn, p->data, p->len);
		free(p);
	}
}

void jvpn_conn_permit_set(struct jvpn_conn *conn, uint32_t generation)
{
	conn->has_permit = true;
	conn->permit_generation = generation;
	jvpn_conn_expire_held(conn);
	jvpn_conn_release_held(conn);
	if (conn->wants_write)
		jvpn_conn_mark(conn);
}

void jvpn_conn_permit_clear(struct jvpn_conn *conn)
{
	conn->has_permit = false;
	/* What waits for a permit of the bound tuple is stale now; a candidate's packets stay. */
	jvpn_hold_keep(&conn->hold, jvpn_path_candidate(&conn->path), JVPN_PATH_NO_GENERATION);
}

int jvpn_conn_path_commit(struct jvpn_conn *conn, uint32_t generation, uint64_t now_ns)
{
	ngtcp2_conn_info info;
	int err;

	if (conn->is_dead)
		return JVPN_ENOTFOUND;
	ngtcp2_conn_get_conn_info2(conn->ng, &info);
	err = jvpn_path_commit(&conn->path, generation, info.smoothed_rtt, now_ns);
	if (err)
		return err;
	/* They were sent to the tuple that is left behind. */
	jvpn_conn_forget_probes(conn);
	jvpn_conn_forget_path(conn);
	jvpn_conn_release_held(conn);
	jvpn_conn_mark(conn);
	return 0;
}

void jvpn_conn_path_drop(struct jvpn_conn *conn, uint32_t generation, uint64_t cooldown_ns,
			 uint64_t now_ns)
{
	jvpn_path_drop(&conn->path, generation, cooldown_ns, now_ns);
	jvpn_hold_keep(&conn->hold, jvpn_path_candidate(&conn->path),
		       jvpn_path_bound_generation(&conn->path));
}

uint32_t jvpn_conn_bound_generation(const struct jvpn_conn *conn)
{
	return jvpn_path_bound_generation(&conn->path);
}

void jvpn_conn_set_strict(struct jvpn_conn *conn, bool strict)
{
	jvpn_path_set_strict(&conn->path, strict);
}

void jvpn_conn_offpath_limit(struct jvpn_conn *conn, uint64_t duration_ns, uint64_t now_ns)
{
	jvpn_path_limit(&conn->path, jvpn_time_add(now_ns, duration_ns));
}

int jvpn_conn_path_remote(const struct jvpn_conn *conn, uint32_t generation,
			  struct sockaddr_storage *remote)
{
	const struct jvpn_path_slot *slot = jvpn_path_by_generation(&conn->path, generation);
	struct jvpn_tuple tuple;

	if (!slot || generation == JVPN_PATH_NO_GENERATION)
		return JVPN_ENOTFOUND;
	jvpn_path_unfold(&slot->tuple, &tuple);
	*remote = tuple.remote;
	return 0;
}

int jvpn_conn_move(struct jvpn_conn *conn, struct jvpn_endpoint *endpoint, uint64_t now_ns)
{
	struct sockaddr_storage local;

	if (conn->quic->config.server || conn->is_dead)
		return JVPN_EINVAL;
	jvpn_endpoint_local(endpoint, &local);
	if (local.ss_family != conn->path.bound->tuple.remote.family)
		return JVPN_EINVAL;
	if (now_ns > conn->quic->now_ns)
		conn->quic->now_ns = now_ns;
	conn->path.bound->endpoint = endpoint;
	memset(&conn->path.bound->tuple.local, 0, sizeof(conn->path.bound->tuple.local));
	start_anew(conn);
	jvpn_conn_forget_path(conn);
	jvpn_conn_mark(conn);
	return 0;
}

const uint8_t *jvpn_conn_nonce(const struct jvpn_conn *conn)
{
	return conn->nonce;
}

int jvpn_conn_export(struct jvpn_conn *conn, const char *label, const uint8_t *context,
		     size_t context_len, uint8_t *out, size_t out_len)
{
	return jvpn_tls_session_export(conn->tls, label, context, context_len, out, out_len);
}

const char *jvpn_conn_cipher(const struct jvpn_conn *conn)
{
	return jvpn_tls_session_cipher(conn->tls);
}

const char *jvpn_conn_group(const struct jvpn_conn *conn)
{
	return jvpn_tls_session_group(conn->tls);
}

bool jvpn_conn_is_resumed(const struct jvpn_conn *conn)
{
	return jvpn_tls_session_is_resumed(conn->tls);
}

static uint64_t oldest_unacked(const struct jvpn_conn *conn)
{
	uint64_t oldest = conn->sample.id ? conn->sample.sent_ns : 0;

	for (size_t i = 0; i < JVPN_QUIC_PROBES; i++)
		if (conn->probes[i].id && (!oldest || conn->probes[i].sent_ns < oldest))
			oldest = conn->probes[i].sent_ns;
	return oldest;
}

void jvpn_conn_get_stats(const struct jvpn_conn *conn, struct jvpn_conn_stats *stats)
{
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info2(conn->ng, &info);
	*stats = (struct jvpn_conn_stats){
		.smoothed_rtt_ns = info.smoothed_rtt,
		.latest_rtt_ns = info.latest_rtt,
		.min_rtt_ns = info.min_rtt == UINT64_MAX ? 0 : info.min_rtt,
		.pto_ns = ngtcp2_conn_get_pto2(conn->ng),
		.pkt_sent = info.pkt_sent,
		.pkt_lost = info.pkt_lost,
		.pkt_recv = info.pkt_recv,
		.pkt_discarded = info.pkt_discarded,
		.bytes_sent = info.bytes_sent,
		.bytes_recv = info.bytes_recv,
		.bytes_in_flight = info.bytes_in_flight,
		.cwnd = info.cwnd < conn->inflight.limit ? info.cwnd : conn->inflight.limit,
		.last_received_ns = conn->path.bound->heard_ns,
		.last_eliciting_sent_ns = conn->last_eliciting_ns,
		.oldest_unacked_ns = oldest_unacked(conn),
		.tracked_acked = conn->tracked_acked,
		.dgram_sent = conn->dgram_sent,
		.dgram_recv = conn->dgram_recv,
		.dgram_bytes_sent = conn->dgram_bytes_sent,
		.dgram_bytes_recv = conn->dgram_bytes_recv,
		.hold_queued = conn->hold.queued,
		.hold_dropped = conn->hold.dropped,
		.offpath_dropped = conn->path.stats.dropped,
		.ecn_marked = conn->ecn_marked,
		.ecn_dropped = conn->ecn_dropped,
		.max_packet = jvpn_conn_max_packet(conn),
	};
}
