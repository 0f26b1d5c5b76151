/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Datagrams into a connection: through the path gate into ngtcp2, and inner packets out of it.
 */
#include <string.h>

#include "base/err.h"
#include "quic/quic_internal.h"

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

void jvpn_conn_read_end(struct jvpn_conn *conn)
{
	uint64_t id;

	if (!conn->run_slot)
		return;
	id = conn->run_slot->id;
	jvpn_path_settle(&conn->path, pkt_recv(conn) != conn->run_pkt_recv,
			 jvpn_conn_current_id(conn), conn->quic->now_ns);
	conn->run_slot = NULL;
	settle_hold(conn, id);
}

/* Opens a run: false when the gate drops this tuple's datagram. */
static bool begin_run(struct jvpn_conn *conn, const struct jvpn_path_tuple *tuple,
		      struct jvpn_endpoint *endpoint)
{
	struct jvpn_path_moment m = jvpn_conn_moment(conn);

	jvpn_conn_read_end(conn);
	conn->run_slot = jvpn_path_arrive(&conn->path, tuple, endpoint, &m);
	if (!conn->run_slot)
		return false;
	conn->run_tuple = *tuple;
	conn->run_pkt_recv = pkt_recv(conn);
	return true;
}

void jvpn_conn_read(struct jvpn_conn *conn, struct jvpn_endpoint *endpoint,
		    const struct jvpn_datagram *d)
{
	struct jvpn_path_tuple tuple;
	ngtcp2_path_storage path;
	ngtcp2_pkt_info pi = {.ecn = d->ecn};
	int rv;

	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE)
		return;
	jvpn_path_fold(&d->tuple, &tuple);
	if ((!conn->run_slot || memcmp(&tuple, &conn->run_tuple, sizeof(tuple)) != 0) &&
	    !begin_run(conn, &tuple, endpoint))
		return;
	jvpn_conn_make_path(conn->run_slot, &path);
	conn->is_reading = true;
	rv = ngtcp2_conn_read_pkt(conn->ng, &path.path, &pi, d->data, d->len, conn->quic->now_ns);
	conn->is_reading = false;
	/* Off the bound tuple each datagram may move the path: settle at once. */
	if (conn->run_slot != conn->path.bound || rv != 0)
		jvpn_conn_read_end(conn);
	if (rv != 0)
		jvpn_conn_fail(conn, rv);
	jvpn_conn_mark(conn);
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
	switch (jvpn_path_admit(&conn->path, jvpn_conn_is_permitted(conn), conn->quic->now_ns)) {
	case JVPN_PATH_DELIVER:
		/* ngtcp2 hands out the decrypted packet buffer of this connection: ours to change. */
		conn->quic->config.ops->on_packet(conn->quic->config.user, conn,
						  (uint8_t *)(uintptr_t)packet, packet_len);
		break;
	case JVPN_PATH_HOLD:
		jvpn_hold_add(&conn->hold, JVPN_HOLD_UNDECIDED, packet, packet_len);
		break;
	case JVPN_PATH_REFUSE:
		conn->admit_refused++;
		break;
	}
	return 0;
}
