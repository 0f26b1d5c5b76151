/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Datagrams into a connection: through the path gate into ngtcp2, and inner packets out of it.
 */
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "proto/ecn.h"
#include "proto/ippkt.h"
#include "quic/quic_internal.h"

/* Nothing was acknowledged for a long time, and the window is full of it. */
static bool is_stalled(const struct jvpn_conn *conn, const ngtcp2_conn_info *info)
{
	uint64_t patience_ns = JVPN_QUIC_STALL_PTOS * ngtcp2_conn_get_pto2(conn->ng);
	uint64_t window = info->cwnd < conn->inflight.limit ? info->cwnd : conn->inflight.limit;

	return conn->sample.id != 0 &&
	       jvpn_time_since(conn->quic->now_ns, conn->sample.sent_ns) >= patience_ns &&
	       info->bytes_in_flight + JVPN_MTU_BASE >= window;
}

bool jvpn_conn_is_stalled(const struct jvpn_conn *conn)
{
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info2(conn->ng, &info);
	return is_stalled(conn, &info);
}

static uint64_t pkt_recv(const struct jvpn_conn *conn)
{
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info2(conn->ng, &info);
	return info.pkt_recv;
}

/* The gate has decided what the arrival is: what it sent is kept for the commit, or dropped. */
static void settle_hold(struct jvpn_conn *conn, uint64_t arrival_id)
{
	uint32_t candidate = jvpn_path_candidate(&conn->path);
	const struct jvpn_path_slot *slot = jvpn_path_by_id(&conn->path, arrival_id);

	if (!conn->hold.head)
		return;
	if (slot && slot->generation != JVPN_PATH_NO_GENERATION &&
	    (slot->generation == candidate || slot == conn->path.bound))
		jvpn_hold_decide(&conn->hold, slot->generation);
	/* Superseded, failed or replaced: nobody but the present candidate keeps anything (and what was
	 * bound a moment ago and only waits for its permit). */
	jvpn_hold_keep(&conn->hold, candidate, jvpn_path_bound_generation(&conn->path));
}

static bool is_used_dcid(const struct jvpn_conn *conn, const uint8_t *dcid)
{
	for (size_t i = 0; i < conn->used_count && i < JVPN_QUIC_USED_CIDS; i++)
		if (memcmp(conn->used_dcid[i], dcid, conn->quic->cid_len) == 0)
			return true;
	return false;
}

static void remember_dcid(struct jvpn_conn *conn)
{
	if (!is_used_dcid(conn, conn->run_dcid))
		memcpy(conn->used_dcid[conn->used_count++ % JVPN_QUIC_USED_CIDS], conn->run_dcid,
		       conn->quic->cid_len);
}

/* ngtcp2 1.24: when a path change takes a new DCID (the packet has a connection ID not used before, or
 * one was bound for a probing packet from there) while a validation is under way, aborting that one
 * retires a DCID that the new one still has as its fallback (conn_stop_pv), and the connection dies of
 * it a little later. Such a packet has to come again. */
static bool would_break_ngtcp2(const struct jvpn_conn *conn, const struct jvpn_path_tuple *tuple,
			       const struct jvpn_datagram *d)
{
	if (!conn->quic->config.server || !conn->is_completed || (d->data[0] & 0x80) ||
	    !jvpn_path_is_validating(&conn->path, conn->quic->now_ns))
		return false;
	return !is_used_dcid(conn, d->data + 1) ||
	       (conn->used_count > 1 && jvpn_path_is_heard_aside(&conn->path, tuple));
}

void jvpn_conn_read_end(struct jvpn_conn *conn)
{
	uint64_t id;
	bool authentic, renewing = conn->path.is_renewing;

	if (!conn->run_slot)
		return;
	id = conn->run_slot->id;
	authentic = pkt_recv(conn) != conn->run_pkt_recv;
	jvpn_path_settle(&conn->path, authentic, jvpn_conn_current_id(conn), conn->quic->now_ns);
	if (authentic)
		remember_dcid(conn);
	conn->run_slot = NULL;
	settle_hold(conn, id);
	if (renewing && conn->path.bound->id == id)
		jvpn_conn_forget_probes(conn); /* what they were to show, this packet has shown */
}

/* The bound tuple, and ngtcp2 sends there: nothing moves. */
static bool is_present_path(const struct jvpn_conn *conn, const struct jvpn_path_tuple *tuple)
{
	return memcmp(tuple, &conn->path.bound->tuple, sizeof(*tuple)) == 0 &&
	       jvpn_conn_current_id(conn) == conn->path.bound->id;
}

/* Opens a run: false when the gate drops this tuple's datagram. */
static bool begin_run(struct jvpn_conn *conn, const struct jvpn_path_tuple *tuple,
		      struct jvpn_endpoint *endpoint, const struct jvpn_datagram *d)
{
	struct jvpn_path_moment m = jvpn_conn_moment(conn);
	ngtcp2_conn_info info;

	jvpn_conn_read_end(conn);
	if (!is_present_path(conn, tuple) && would_break_ngtcp2(conn, tuple, d)) {
		conn->path.stats.dropped++;
		return false;
	}
	conn->run_slot = jvpn_path_arrive(&conn->path, tuple, endpoint, &m);
	if (!conn->run_slot)
		return false;
	conn->run_tuple = *tuple;
	memcpy(conn->run_dcid, d->data + 1, conn->quic->cid_len);
	ngtcp2_conn_get_conn_info2(conn->ng, &info);
	conn->run_pkt_recv = info.pkt_recv;
	if (conn->quic->config.server && conn->is_confirmed && is_present_path(conn, tuple) &&
	    is_stalled(conn, &info) && !jvpn_path_is_validating(&conn->path, m.now_ns))
		jvpn_path_renew(&conn->path);
	return true;
}

bool jvpn_conn_continues(const struct jvpn_conn *conn, const struct jvpn_datagram *d)
{
	return d->follows && conn->run_slot && d->len > conn->quic->cid_len &&
	       !(d->data[0] & 0x80) &&
	       memcmp(d->data + 1, conn->run_dcid, conn->quic->cid_len) == 0;
}

/* The run that a datagram belongs to, a new one if need be: false when the gate drops it. */
static bool enter_run(struct jvpn_conn *conn, struct jvpn_endpoint *endpoint,
		      const struct jvpn_datagram *d)
{
	struct jvpn_path_tuple tuple;

	if (jvpn_conn_continues(conn, d))
		return true;
	jvpn_path_fold(d->tuple, &tuple);
	if (conn->run_slot && memcmp(&tuple, &conn->run_tuple, sizeof(tuple)) == 0 &&
	    memcmp(d->data + 1, conn->run_dcid, conn->quic->cid_len) == 0)
		return true;
	if (!begin_run(conn, &tuple, endpoint, d))
		return false;
	jvpn_conn_make_path(conn->run_slot, &conn->quic->run_path);
	return true;
}

void jvpn_conn_read(struct jvpn_conn *conn, struct jvpn_endpoint *endpoint,
		    const struct jvpn_datagram *d)
{
	ngtcp2_pkt_info pi = {.ecn = d->ecn};
	int rv;

	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE || d->len <= conn->quic->cid_len)
		return;
	if (!enter_run(conn, endpoint, d))
		return;
	conn->is_reading = true;
	conn->read_ecn = d->ecn;
	rv = ngtcp2_conn_read_pkt(conn->ng, &conn->quic->run_path.path, &pi, d->data, d->len,
				  conn->quic->now_ns);
	conn->is_reading = false;
	/* Off the bound tuple each datagram may move the path: settle at once. */
	if (conn->run_slot != conn->path.bound || rv != 0)
		jvpn_conn_read_end(conn);
	if (rv != 0)
		jvpn_conn_fail(conn, rv);
	jvpn_conn_mark(conn);
}

/* What routers have marked on the way is told to those whose packet it was (RFC 6040, docs/adr/0014).
 * False: the packet is dropped, because that is the only sign its ends know. */
static bool carry_ecn(struct jvpn_conn *conn, uint8_t *packet, size_t len)
{
	struct jvpn_ippkt view;
	enum jvpn_ecn ecn;

	if (conn->read_ecn != JVPN_ECN_CE && conn->read_ecn != JVPN_ECN_ECT1)
		return true;
	if (jvpn_ippkt_parse(packet, len, &view))
		return true; /* the rules of forwarding have the word for it */
	ecn = jvpn_ecn_decapsulate(view.ecn, conn->read_ecn);
	if (ecn == JVPN_ECN_DROP) {
		/* Cubic and Reno at the other end answer the mark themselves (RFC 9484 section
		 * 10.2); ngtcp2's BBR does not. */
		if (conn->quic->config.congestion != JVPN_CC_BBR)
			return true;
		conn->ecn_dropped++;
		return false;
	}
	if (ecn != (enum jvpn_ecn)view.ecn && jvpn_ippkt_ecn_set(&view, packet, (uint8_t)ecn) == 0)
		conn->ecn_marked++;
	return true;
}

int jvpn_conn_on_datagram(struct jvpn_conn *conn, const uint8_t *data, size_t len)
{
	const uint8_t *packet = NULL;
	size_t packet_len = 0;

	switch (jvpn_dgram_decode(&conn->dgram, data, len, &packet, &packet_len)) {
	case JVPN_DGRAM_MALFORMED:
		return jvpn_conn_fail_app(conn, JVPN_H3_DATAGRAM_ERROR, "malformed HTTP Datagram");
	case JVPN_DGRAM_OTHER:
		return 0;
	case JVPN_DGRAM_PACKET:
		break;
	}
	conn->dgram_recv++;
	conn->dgram_bytes_recv += packet_len;
	/* ngtcp2 hands out the decrypted packet buffer of this connection: ours to change. */
	if (!carry_ecn(conn, (uint8_t *)(uintptr_t)packet, packet_len))
		return 0;
	switch (jvpn_path_admit(&conn->path, jvpn_conn_takes_inner(conn), conn->quic->now_ns)) {
	case JVPN_PATH_DELIVER:
		conn->quic->config.ops->on_packet(conn->quic->config.user, conn,
						  (uint8_t *)(uintptr_t)packet, packet_len);
		break;
	case JVPN_PATH_HOLD:
		jvpn_hold_add(&conn->hold, JVPN_HOLD_UNDECIDED, packet, packet_len,
			      conn->quic->now_ns);
		jvpn_conn_expire_held(conn);
		break;
	case JVPN_PATH_REFUSE:
		conn->admit_refused++;
		break;
	}
	return 0;
}
