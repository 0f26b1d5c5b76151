/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packets out of a connection: control first, then probes, then inner packets, all into the worker's
 * batch. Never called inside an ngtcp2 callback.
 */
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "quic/quic_internal.h"

#define STREAM_IOVECS 16
/* Type and length. */
#define DATAGRAM_FRAME_MAX 9u
/* At several Gbit/s ngtcp2's send quantum of 64 KiB would be a timer interrupt and a sleep each time:
 * so much of the pacing rate leaves at once instead, within bounds. Below 2 Gbit/s that makes no
 * difference. */
#define BURST_NS  (250 * JVPN_NS_PER_US)
#define BURST_MAX (512 * 1024)

/* --- one packet --- */

/* Where ngtcp2 sends this packet, and into the batch with it. A path that the gate has forgotten is a
 * tuple nobody waits at: the packet is lost, as networks do. */
static void take_packet(struct jvpn_conn *conn, const ngtcp2_path *path, const ngtcp2_pkt_info *pi,
			size_t len)
{
	const struct jvpn_path_slot *slot = jvpn_path_by_id(&conn->path, jvpn_conn_path_id(path));

	conn->burst_bytes += len;
	conn->turn_bytes += len;
	conn->room = conn->room > len ? conn->room - len : 0;
	if (!conn->is_completed && len > conn->largest_sent)
		conn->largest_sent = len;
	if (slot)
		jvpn_batch_add(&conn->quic->batch, slot->endpoint, &slot->tuple, pi->ecn, len);
}

static bool burst_is_full(const struct jvpn_conn *conn)
{
	size_t quantum = ngtcp2_conn_get_send_quantum2(conn->ng);

	return conn->burst_bytes >= (quantum > conn->burst_max ? quantum : conn->burst_max);
}

/* The burst is over: pacing says when the next one may begin, and that how long this should have been. */
static void end_burst(struct jvpn_conn *conn)
{
	uint64_t wait_ns, now_ns = conn->quic->now_ns;
	bool was_full = burst_is_full(conn);

	/* Pacing has no deadline of its own here once something was allowed to leave. */
	conn->unpaced_ns = was_full || conn->wants_write ? 0 : ngtcp2_conn_get_expiry2(conn->ng);
	ngtcp2_conn_update_pkt_tx_time(conn->ng, now_ns);
	if (was_full) {
		wait_ns = jvpn_time_since(ngtcp2_conn_get_expiry2(conn->ng), now_ns);
		conn->burst_max = wait_ns >= BURST_NS ? 0 : BURST_MAX;
		if (wait_ns < BURST_NS && conn->burst_bytes * BURST_NS < wait_ns * BURST_MAX)
			conn->burst_max = conn->burst_bytes * BURST_NS / wait_ns;
	}
	conn->burst_bytes = 0;
}

static bool endpoint_is_blocked(const struct jvpn_conn *conn)
{
	return jvpn_endpoint_retry(conn->path.bound->endpoint) != 0;
}

/* --- streams and everything that ngtcp2 adds by itself --- */

struct stream_chunk {
	int64_t id;
	bool fin;
	ngtcp2_vec vec[STREAM_IOVECS];
	size_t count;
};

/* What HTTP/3 wants to send now. false: HTTP/3 failed. */
static bool next_chunk(struct jvpn_conn *conn, struct stream_chunk *c)
{
	struct iovec iov[STREAM_IOVECS];
	ssize_t n = 0;

	c->id = -1;
	c->fin = false;
	c->count = 0;
	if (ngtcp2_conn_get_max_data_left2(conn->ng) == 0)
		return true;
	n = jvpn_h3_writev(conn->h3, &c->id, &c->fin, iov, STREAM_IOVECS);
	if (n < 0) {
		(void)jvpn_conn_fail_h3(conn);
		return false;
	}
	for (size_t i = 0; i < (size_t)n; i++)
		c->vec[i] = (ngtcp2_vec){.base = iov[i].iov_base, .len = iov[i].iov_len};
	c->count = (size_t)n;
	return true;
}

/* What ngtcp2 said about a chunk. 1: go on with the next one, 0: done, negative: the connection
 * failed. */
static int after_chunk(struct jvpn_conn *conn, const struct stream_chunk *c, ngtcp2_ssize written,
		       ngtcp2_ssize taken)
{
	switch (written) {
	case NGTCP2_ERR_STREAM_DATA_BLOCKED:
		jvpn_h3_block(conn->h3, c->id);
		return 1;
	case NGTCP2_ERR_STREAM_SHUT_WR:
	case NGTCP2_ERR_STREAM_NOT_FOUND:
		jvpn_h3_shutdown_write(conn->h3, c->id);
		return 1;
	default:
		break;
	}
	if (written < 0 && written != NGTCP2_ERR_WRITE_MORE) {
		jvpn_conn_fail(conn, (int)written);
		return -1;
	}
	if (taken >= 0 && c->id >= 0) {
		if (jvpn_h3_add_write_offset(conn->h3, c->id, (size_t)taken) != 0) {
			(void)jvpn_conn_fail_h3(conn);
			return -1;
		}
		conn->last_eliciting_ns = conn->quic->now_ns;
	}
	return written != 0;
}

static bool may_send_inner(const struct jvpn_conn *conn)
{
	/* Both: the session layer permits this tuple, and it is where ngtcp2 would send to. */
	return jvpn_conn_is_permitted(conn) && jvpn_conn_current_id(conn) == conn->path.bound->id;
}

/* Inner packets wait, and the next thing that is written is one of them. ngtcp2 must not be asked for
 * a packet without data then: it takes that for the sign that there is none, and what the congestion
 * control learns of the path is not trusted (BBR never ends its start, Reno never opens its window).
 * What QUIC itself has to say goes ahead of the datagram, or in front of it in the same packet. */
static bool is_inner_next(const struct jvpn_conn *conn, const struct stream_chunk *c)
{
	return c->id < 0 && conn->wants_write && conn->dgram.stream_id >= 0 && may_send_inner(conn);
}

/* Handshake, ACKs, path validation, stream data: until ngtcp2 has nothing more or may not. false: the
 * connection failed or is blocked; inner packets have to wait. */
static bool write_streams(struct jvpn_conn *conn)
{
	struct stream_chunk chunk;
	ngtcp2_path_storage path;
	ngtcp2_pkt_info pi;
	bool is_open = false; /* a packet is begun and takes more */

	ngtcp2_path_storage_zero(&path);
	while (!burst_is_full(conn)) {
		ngtcp2_ssize taken = -1, n;
		uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
		int more;

		if (!next_chunk(conn, &chunk))
			return false;
		if (!is_open && is_inner_next(conn, &chunk))
			return true;
		if (chunk.fin)
			flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
		n = ngtcp2_conn_writev_stream(conn->ng, &path.path, &pi,
					      jvpn_batch_tail(&conn->quic->batch), conn->mtu.size,
					      &taken, flags, chunk.id, chunk.vec, chunk.count,
					      conn->quic->now_ns);
		/* Also a blocked stream leaves its packet open; and a packet that is open when the
		 * next one is read, or a timer expires, is an assertion of ngtcp2. */
		if (n == NGTCP2_ERR_WRITE_MORE || n == NGTCP2_ERR_STREAM_DATA_BLOCKED)
			is_open = true;
		else if (n >= 0)
			is_open = false;
		more = after_chunk(conn, &chunk, n, taken);
		if (more < 0)
			return false;
		if (n > 0)
			take_packet(conn, &path.path, &pi, (size_t)n);
		if (!more)
			return true;
	}
	return false;
}

/* --- datagrams --- */

struct datagram {
	ngtcp2_vec vec[3];
	size_t count;
	uint64_t id;        /* 0: not tracked */
	size_t packet_size; /* at most */
	uint32_t flags;
	size_t written; /* out: size of the packet that carries it */
};

/* One DATAGRAM frame. 0: sent. JVPN_EAGAIN: congestion window, pacing. */
static int write_datagram(struct jvpn_conn *conn, struct datagram *d)
{
	ngtcp2_path_storage path;
	ngtcp2_pkt_info pi;

	ngtcp2_path_storage_zero(&path);
	for (;;) {
		int accepted = 0;
		ngtcp2_ssize n = ngtcp2_conn_writev_datagram(
			conn->ng, &path.path, &pi, jvpn_batch_tail(&conn->quic->batch),
			d->packet_size, &accepted, d->flags, d->id, d->vec, d->count,
			conn->quic->now_ns);

		if (n < 0) {
			jvpn_conn_fail(conn, (int)n);
			return JVPN_ECLOSED;
		}
		if (n > 0)
			take_packet(conn, &path.path, &pi, (size_t)n);
		if (accepted) {
			conn->last_eliciting_ns = conn->quic->now_ns;
			d->written = (size_t)n;
			return 0;
		}
		/* Another packet went first (ACK, challenge): again. Nothing at all: not now. */
		if (n == 0)
			return JVPN_EAGAIN;
	}
}

/* ACKs and whatever else QUIC has to say, while inner packets wait that may not be sent yet. It goes
 * ahead of a datagram; so ngtcp2 is offered one that does not fit, which is no sign of having no data
 * (is_inner_next). */
static void write_ahead(struct jvpn_conn *conn)
{
	const ngtcp2_transport_params *peer = ngtcp2_conn_get_remote_transport_params2(conn->ng);
	struct datagram d = {.vec[0] = {.base = conn->quic->batch.data, .len = conn->mtu.size},
			     .count = 1,
			     .packet_size = conn->mtu.size};

	if (peer && peer->max_datagram_frame_size >= d.packet_size + DATAGRAM_FRAME_MAX)
		(void)write_datagram(conn, &d);
}

/* What is under way is enough for the path. */
static bool is_held_back(struct jvpn_conn *conn)
{
	if (conn->room > 0)
		return false;
	if (!conn->is_held)
		write_ahead(conn);
	conn->is_held = true;
	return true;
}

size_t jvpn_conn_max_packet(const struct jvpn_conn *conn)
{
	return jvpn_dgram_max_packet(&conn->dgram, conn->mtu.size,
				     ngtcp2_conn_get_dcid2(conn->ng)->datalen);
}

int jvpn_conn_send_packet(struct jvpn_conn *conn, const uint8_t *packet, size_t len)
{
	return jvpn_conn_send_parts(conn, packet, len, NULL, 0);
}

int jvpn_conn_send_parts(struct jvpn_conn *conn, const uint8_t *head, size_t head_len,
			 const uint8_t *body, size_t body_len)
{
	struct datagram d = {.count = body_len ? 3 : 2, .packet_size = conn->mtu.size};
	size_t len = head_len + body_len;
	int err;

	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE)
		return JVPN_ECLOSED;
	if (len == 0 || len > jvpn_conn_max_packet(conn))
		return JVPN_ERANGE;
	conn->wants_write = true;
	if (conn->is_reading || conn->dgram.stream_id < 0 || !may_send_inner(conn) ||
	    burst_is_full(conn) || conn->turn_bytes >= conn->turn_max ||
	    endpoint_is_blocked(conn) || is_held_back(conn))
		return JVPN_EAGAIN;
	d.vec[0] = (ngtcp2_vec){.base = conn->dgram.prefix, .len = conn->dgram.prefix_len};
	d.vec[1] = (ngtcp2_vec){.base = (uint8_t *)(uintptr_t)head, .len = head_len};
	d.vec[2] = (ngtcp2_vec){.base = (uint8_t *)(uintptr_t)body, .len = body_len};
	if (conn->sample.id == 0)
		d.id = ++conn->last_dgram_id;
	err = write_datagram(conn, &d);
	if (!conn->is_writing)
		jvpn_conn_mark(conn); /* the batch is sent in the next flush */
	if (err)
		return err;
	if (d.id != 0)
		conn->sample = (struct jvpn_probe){.id = d.id, .sent_ns = conn->quic->now_ns};
	conn->dgram_sent++;
	conn->dgram_bytes_sent += len;
	conn->wants_write = false;
	return 0;
}

/* --- probes --- */

static struct jvpn_probe *oldest_probe(struct jvpn_conn *conn)
{
	struct jvpn_probe *oldest = &conn->probes[0];

	for (size_t i = 0; i < JVPN_QUIC_PROBES; i++) {
		if (conn->probes[i].id == 0)
			return &conn->probes[i];
		if (conn->probes[i].sent_ns < oldest->sent_ns)
			oldest = &conn->probes[i];
	}
	return oldest;
}

static struct datagram probe_datagram(struct jvpn_conn *conn, size_t packet_size)
{
	return (struct datagram){
		.vec[0] = {.base = conn->dgram.probe, .len = conn->dgram.probe_len},
		.count = 1,
		.id = ++conn->last_dgram_id,
		.packet_size = packet_size};
}

/* A full window keeps even this back; then its packets are probes themselves, and the first
 * acknowledgement of one of them answers for it (jvpn_conn_on_dgram_acked). PTO lets it out too. */
static void write_probe(struct jvpn_conn *conn)
{
	struct datagram d = probe_datagram(conn, conn->mtu.size);

	if (!conn->wants_probe || conn->dgram.stream_id < 0)
		return;
	if (write_datagram(conn, &d) != 0)
		return;
	*oldest_probe(conn) = (struct jvpn_probe){.id = d.id, .sent_ns = conn->quic->now_ns};
	conn->wants_probe = false;
}

/* A size is probed on the bound path only: what is proven elsewhere says nothing. */
static void write_mtu_probe(struct jvpn_conn *conn)
{
	size_t size = jvpn_mtu_next(&conn->mtu);
	struct datagram d = probe_datagram(conn, size);

	if (size == 0 || conn->dgram.stream_id < 0 ||
	    jvpn_conn_current_id(conn) != conn->path.bound->id)
		return;
	d.flags = NGTCP2_WRITE_DATAGRAM_FLAG_PADDING;
	if (write_datagram(conn, &d) == 0)
		jvpn_mtu_on_sent(&conn->mtu, d.id, d.written, conn->quic->now_ns,
				 2 * jvpn_conn_moment(conn).pto_ns);
}

static bool take_probe(struct jvpn_conn *conn, uint64_t id, uint64_t *sent_ns)
{
	for (size_t i = 0; i < JVPN_QUIC_PROBES; i++) {
		if (conn->probes[i].id != id)
			continue;
		*sent_ns = conn->probes[i].sent_ns;
		conn->probes[i].id = 0;
		return true;
	}
	return false;
}

void jvpn_conn_on_dgram_acked(struct jvpn_conn *conn, uint64_t id)
{
	uint64_t sent_ns = 0;

	conn->anew_count = 0;
	jvpn_mtu_on_acked(&conn->mtu, id, conn->quic->now_ns);
	if (take_probe(conn, id, &sent_ns)) {
		conn->tracked_acked++;
		conn->probe_acked = true;
	} else if (id == conn->sample.id) {
		conn->tracked_acked++;
		sent_ns = conn->sample.sent_ns;
		conn->sample.id = 0;
		if (!conn->wants_probe)
			return;
		conn->wants_probe = false;
		conn->probe_acked = true;
	} else {
		return;
	}
	conn->probe_acked_rtt_ns = jvpn_time_since(conn->quic->now_ns, sent_ns);
}

/* Declared lost because later packets were acknowledged: it says nothing about liveness any more. */
void jvpn_conn_on_dgram_lost(struct jvpn_conn *conn, uint64_t id)
{
	uint64_t sent_ns;

	jvpn_mtu_on_lost(&conn->mtu, id, conn->quic->now_ns);
	if (id == conn->sample.id)
		conn->sample.id = 0;
	else
		(void)take_probe(conn, id, &sent_ns);
}

void jvpn_conn_forget_probes(struct jvpn_conn *conn)
{
	memset(conn->probes, 0, sizeof(conn->probes));
	conn->sample.id = 0;
}

/* --- the end --- */

static void write_close(struct jvpn_conn *conn)
{
	ngtcp2_path_storage path;
	ngtcp2_pkt_info pi = {0};
	ngtcp2_ssize n;

	ngtcp2_path_storage_zero(&path);
	n = ngtcp2_conn_write_connection_close(conn->ng, &path.path, &pi,
					       jvpn_batch_tail(&conn->quic->batch), conn->mtu.size,
					       &conn->ccerr, conn->quic->now_ns);
	if (n > 0)
		take_packet(conn, &path.path, &pi, (size_t)n);
	jvpn_conn_bury(conn, conn->info.kind, conn->info.code, conn->info.text);
}

/* True: all that waited is written, and so is not yet what QUIC says when there is no data. */
static bool offer_inner(struct jvpn_conn *conn)
{
	if (!conn->wants_write || conn->info.kind != JVPN_CLOSE_NONE || !may_send_inner(conn) ||
	    burst_is_full(conn))
		return false;
	conn->wants_write = false;
	conn->quic->config.ops->on_writable(conn->quic->config.user, conn);
	return !conn->wants_write && !conn->is_dead && conn->info.kind == JVPN_CLOSE_NONE;
}

/* How much of the path's queue is ours, as acknowledgements tell, and what may be added to it. */
static void look_at_path(struct jvpn_conn *conn)
{
	struct jvpn_inflight_sample s = {.now_ns = conn->quic->now_ns, .was_held = conn->is_held};
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info2(conn->ng, &info);
	s.delivered = info.bytes_sent - info.bytes_lost - info.bytes_in_flight;
	s.rtt_ns = info.latest_rtt;
	s.min_rtt_ns = info.min_rtt == UINT64_MAX ? 0 : info.min_rtt;
	if (s.delivered != conn->delivered)
		jvpn_inflight_on_acked(&conn->inflight, &s);
	conn->delivered = s.delivered;
	conn->is_held = false;
	conn->room = JVPN_INFLIGHT_NONE;
	if (conn->inflight.limit != JVPN_INFLIGHT_NONE)
		conn->room = conn->inflight.limit > info.bytes_in_flight
				     ? conn->inflight.limit - info.bytes_in_flight
				     : 0;
}

/* Its own inner packets wait, and may go. */
static bool has_inner(const struct jvpn_conn *conn)
{
	return !conn->is_dead && conn->info.kind == JVPN_CLOSE_NONE && conn->wants_write &&
	       may_send_inner(conn) && !burst_is_full(conn);
}

bool jvpn_conn_write(struct jvpn_conn *conn)
{
	bool may_go_on = false;

	if (conn->is_dead)
		return false;
	if (endpoint_is_blocked(conn)) {
		jvpn_conn_mark(conn);
		return false;
	}
	conn->is_writing = true;
	look_at_path(conn);
	if (conn->info.kind == JVPN_CLOSE_NONE || conn->info.kind == JVPN_CLOSE_LOCAL) {
		/* The probe is small and must not wait behind a stream. */
		if (conn->info.kind == JVPN_CLOSE_NONE) {
			jvpn_rekey_if_due(conn);
			write_probe(conn);
		}
		may_go_on = write_streams(conn);
		if (may_go_on)
			write_mtu_probe(conn);
		/* A challenge does not wait for the turns of others. */
		if (may_go_on && has_inner(conn) &&
		    jvpn_path_is_validating(&conn->path, conn->quic->now_ns))
			write_ahead(conn);
	}
	conn->is_writing = false;
	return may_go_on && has_inner(conn);
}

bool jvpn_conn_write_inner(struct jvpn_conn *conn, size_t bytes)
{
	bool has_more;

	if (!has_inner(conn))
		return false;
	if (endpoint_is_blocked(conn)) {
		jvpn_conn_mark(conn);
		return false;
	}
	conn->is_writing = true;
	conn->turn_max = bytes;
	conn->turn_bytes = 0;
	if (offer_inner(conn))
		(void)write_streams(conn);
	has_more = conn->turn_bytes >= conn->turn_max && has_inner(conn);
	conn->turn_max = SIZE_MAX;
	conn->is_writing = false;
	jvpn_batch_flush(&conn->quic->batch);
	if (conn->wants_write && endpoint_is_blocked(conn))
		jvpn_conn_mark(conn);
	return has_more;
}

void jvpn_conn_write_end(struct jvpn_conn *conn)
{
	if (!conn->is_dead && conn->info.kind != JVPN_CLOSE_NONE && endpoint_is_blocked(conn)) {
		jvpn_conn_mark(conn); /* the last words wait for the socket */
		return;
	}
	conn->is_writing = true;
	if (!conn->is_dead && conn->info.kind != JVPN_CLOSE_NONE)
		write_close(conn);
	conn->is_writing = false;
	jvpn_batch_flush(&conn->quic->batch);
	if (!conn->is_dead)
		end_burst(conn);
}
