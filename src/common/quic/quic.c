/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All QUIC connections of one worker: which connection a datagram belongs to, timers, flushing, and
 * the end of connections. No loop, no clock: runtime/ gives readiness and time.
 */
#include "quic/quic.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "base/without.h"
#include "crypto/random.h"
#include "quic/aead.h"
#include "quic/quic_internal.h"
#include "quic/steer.h"

/* CIDs per connection: 8 issued, a few being retired, the client's first one. */
#define CIDS_PER_CONNECTION 16
#define RECEIVE_BATCH       64

/* --- life --- */

static int init_layout(struct jvpn_quic *quic)
{
	const struct jvpn_quic_config *c = &quic->config;

	if (c->server_id_len > sizeof(c->server_id))
		return JVPN_EINVAL;
	quic->layout = (struct jvpn_cid_layout){.random_len = JVPN_QUIC_CID_RANDOM,
						.server_id_len = c->server_id_len};
	memcpy(quic->layout.server_id, c->server_id, c->server_id_len);
	quic->cid_len = jvpn_cid_len(&quic->layout);
	return jvpn_cid_layout_check(&quic->layout);
}

static int init_sources(struct jvpn_quic *quic)
{
	quic->sources = calloc(1, sizeof(*quic->sources));
	if (!quic->sources)
		return JVPN_ENOMEM;
	memcpy(quic->sources->seed, quic->config.hash_secret, sizeof(quic->sources->seed));
	quic->sources->handshakes_per_s = quic->config.handshakes_per_source_per_s;
	return 0;
}

bool jvpn_quic_has_direct_aead(void)
{
	return !jvpn_without("aead") && jvpn_aead_is_direct();
}

int jvpn_quic_new(const struct jvpn_quic_config *config, struct jvpn_quic **out)
{
	struct jvpn_quic *quic = calloc(1, sizeof(*quic));
	int err;

	if (!quic)
		return JVPN_ENOMEM;
	quic->config = *config;
	if (quic->config.workers == 0)
		quic->config.workers = 1;
	if (quic->config.max_udp_payload < NGTCP2_MAX_UDP_PAYLOAD_SIZE)
		quic->config.max_udp_payload = NGTCP2_MAX_UDP_PAYLOAD_SIZE;
	quic->hold_budget.max_bytes = config->hold_max_bytes_process;
	quic->aead_is_direct = jvpn_quic_has_direct_aead();
	if (!quic->aead_is_direct)
		jvpn_log_info(JVPN_LOG_QUIC, "AES-GCM through wolfSSL's EVP layer: slower");
	err = init_layout(quic);
	if (!err)
		err = jvpn_cidmap_new(config->hash_secret,
				      (config->max_connections + 1) * CIDS_PER_CONNECTION,
				      &quic->cids);
	if (!err)
		err = jvpn_batch_init(&quic->batch, quic->config.max_udp_payload);
	if (!err && config->server)
		err = init_sources(quic);
	if (err) {
		jvpn_quic_free(quic);
		return err;
	}
	*out = quic;
	return 0;
}

void jvpn_quic_free(struct jvpn_quic *quic)
{
	if (!quic)
		return;
	while (quic->conns)
		jvpn_conn_free(quic->conns);
	jvpn_batch_clear(&quic->batch);
	jvpn_timer_heap_clear(&quic->timers);
	jvpn_cidmap_free(quic->cids);
	free(quic->sources);
	explicit_bzero(&quic->config, sizeof(quic->config));
	free(quic);
}

static void set_now(struct jvpn_quic *quic, uint64_t now_ns)
{
	/* ngtcp2 insists on time that does not run backwards. */
	if (now_ns > quic->now_ns)
		quic->now_ns = now_ns;
}

/* --- the end of connections --- */

static void remove_from_work(struct jvpn_conn *conn)
{
	struct jvpn_conn **at = &conn->quic->work, *last = NULL;

	if (!conn->in_work)
		return;
	while (*at && *at != conn) {
		last = *at;
		at = &(*at)->work_next;
	}
	if (*at)
		*at = conn->work_next;
	if (conn->quic->work_last == conn)
		conn->quic->work_last = last;
	conn->in_work = false;
}

static void reap_one(struct jvpn_conn *conn)
{
	struct jvpn_quic *quic = conn->quic;
	struct jvpn_close_info info;

	remove_from_work(conn);
	jvpn_conn_dispatch(conn);
	info = conn->info;
	quic->config.ops->on_closed(quic->config.user, conn, &info);
	jvpn_conn_free(conn);
}

void jvpn_quic_reap(struct jvpn_quic *quic)
{
	/* Not by a search among the living: strangers can make thousands that die at once. */
	while (quic->dead) {
		struct jvpn_conn *conn = quic->dead;

		quic->dead = conn->dead_next;
		reap_one(conn);
	}
}

/* --- reading --- */

static struct jvpn_conn *find_conn(struct jvpn_quic *quic, const struct jvpn_datagram *d)
{
	ngtcp2_version_cid vc;
	int rv = ngtcp2_pkt_decode_version_cid(&vc, d->data, d->len, quic->cid_len);

	if (rv != 0 && rv != NGTCP2_ERR_VERSION_NEGOTIATION)
		return NULL;
	return jvpn_cidmap_get(quic->cids, vc.dcid, vc.dcidlen);
}

/* The end of a batch: whoever was read is settled and told. */
static void finish_batch(struct jvpn_quic *quic)
{
	for (struct jvpn_conn *c = quic->work; c; c = c->work_next)
		jvpn_conn_read_end(c);
}

/* Ops may mark more connections: from the front, each once, until nobody is new. */
static void dispatch_all(struct jvpn_quic *quic)
{
	for (struct jvpn_conn *c = quic->work; c; c = c->work_next)
		if (!c->is_dead)
			jvpn_conn_dispatch(c);
}

/* A stateless reset carries no connection ID (RFC 9000 section 10.3): every connection to that server
 * looks at its token. A client has a handful of them. */
static void offer_to_all(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
			 const struct jvpn_datagram *d)
{
	struct jvpn_path_tuple tuple;

	jvpn_path_fold(d->tuple, &tuple);
	for (struct jvpn_conn *c = quic->conns; c; c = c->next) {
		if (memcmp(&tuple.remote, &c->path.bound->tuple.remote, sizeof(tuple.remote)) != 0)
			continue;
		jvpn_conn_read(c, endpoint, d);
		jvpn_conn_read_end(c);
	}
}

unsigned jvpn_quic_owner(const struct jvpn_quic *quic, const struct jvpn_datagram *d)
{
	return jvpn_steer_owner(d->data, d->len, quic->layout.server_id_len, quic->config.workers);
}

/* The kernel's filter was not in place yet, or the packet came merged with another one's. */
static bool give_away(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
		      const struct jvpn_datagram *d)
{
	const struct jvpn_quic_ops *ops = quic->config.ops;
	unsigned owner;

	if (quic->config.workers <= 1 || quic->is_taking || !ops->on_misdirected)
		return false;
	owner = jvpn_quic_owner(quic, d);
	if (owner == quic->config.worker_id ||
	    !ops->on_misdirected(quic->config.user, endpoint, d, owner))
		return false;
	quic->stats.misdirected++;
	return true;
}

static void take_stranger(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
			  const struct jvpn_datagram *d)
{
	if (!give_away(quic, endpoint, d))
		jvpn_quic_on_stranger(quic, endpoint, d);
}

static void take_datagram(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
			  const struct jvpn_datagram *d, struct jvpn_conn **last)
{
	struct jvpn_conn *conn;

	if (d->len == 0)
		return;
	conn = *last && jvpn_conn_continues(*last, d) ? *last : find_conn(quic, d);
	if (*last && *last != conn)
		jvpn_conn_read_end(*last);
	*last = conn;
	if (conn)
		jvpn_conn_read(conn, endpoint, d);
	else if (quic->config.server)
		take_stranger(quic, endpoint, d);
	else if (!(d->data[0] & 0x80))
		offer_to_all(quic, endpoint, d);
	else if (quic->config.ops->on_knock_answered && jvpn_quic_is_knock_answer(quic, d))
		quic->config.ops->on_knock_answered(quic->config.user, endpoint);
}

static void tell_hint(struct jvpn_conn *conn, bool port_closed)
{
	struct jvpn_quic *quic = conn->quic;

	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE ||
	    quic->now_ns < conn->hint_after_ns)
		return;
	conn->hint_after_ns = jvpn_time_add(quic->now_ns, JVPN_QUIC_HINT_INTERVAL_NS);
	quic->config.ops->on_hint(quic->config.user, conn, port_closed);
}

/* To every connection that sends from there to that remote. */
static void take_hints(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint)
{
	struct jvpn_endpoint_hint hint;
	struct jvpn_path_tuple tuple;

	while (jvpn_endpoint_take_hint(endpoint, &hint)) {
		struct jvpn_tuple whole = {.remote = hint.remote};

		jvpn_endpoint_local(endpoint, &whole.local);
		jvpn_path_fold(&whole, &tuple);
		for (struct jvpn_conn *c = quic->conns; c && quic->config.ops->on_hint; c = c->next)
			if (c->path.bound->endpoint == endpoint &&
			    memcmp(&tuple.remote, &c->path.bound->tuple.remote,
				   sizeof(tuple.remote)) == 0)
				tell_hint(c, hint.port_closed);
	}
}

int jvpn_quic_receive(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint, uint64_t now_ns,
		      uint64_t wall_s)
{
	struct jvpn_datagram v[RECEIVE_BATCH];
	struct jvpn_conn *last = NULL;
	int total = 0, n;

	set_now(quic, now_ns);
	quic->wall_s = wall_s;
	quic->accepts = 0;
	if (!quic->config.server)
		jvpn_tls_set_wall(quic->config.tls, wall_s);
	do {
		n = jvpn_endpoint_receive(endpoint, v, RECEIVE_BATCH);
		for (int i = 0; i < n; i++)
			take_datagram(quic, endpoint, &v[i], &last);
		total += n > 0 ? n : 0;
		/* What one system call has brought is taken whole: nobody calls again for it. */
	} while (n > 0 && !jvpn_endpoint_was_alone(endpoint) &&
		 (total < JVPN_QUIC_RECEIVE_BUDGET || jvpn_endpoint_has_more(endpoint)));
	finish_batch(quic);
	dispatch_all(quic);
	take_hints(quic, endpoint);
	jvpn_quic_reap(quic);
	return n < 0 ? n : total;
}

void jvpn_quic_set_wall(struct jvpn_quic *quic, uint64_t wall_s)
{
	quic->wall_s = wall_s;
}

void jvpn_quic_take(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
		    const struct jvpn_datagram *v, size_t count, uint64_t now_ns)
{
	struct jvpn_conn *last = NULL;

	set_now(quic, now_ns);
	quic->accepts = 0;
	quic->is_taking = true;
	for (size_t i = 0; i < count; i++)
		take_datagram(quic, endpoint, &v[i], &last);
	quic->is_taking = false;
	quic->stats.taken += count;
	finish_batch(quic);
	dispatch_all(quic);
	jvpn_quic_reap(quic);
}

/* --- timers --- */

static struct jvpn_conn *conn_of(struct jvpn_timer *timer)
{
	return (struct jvpn_conn *)((uint8_t *)timer - offsetof(struct jvpn_conn, timer));
}

void jvpn_quic_on_timer(struct jvpn_quic *quic, uint64_t now_ns)
{
	struct jvpn_timer *timer;

	set_now(quic, now_ns);
	while ((timer = jvpn_timer_first(&quic->timers)) && timer->deadline_ns <= quic->now_ns) {
		struct jvpn_conn *conn = conn_of(timer);
		int rv = 0;

		jvpn_timer_disarm(&quic->timers, timer);
		if (ngtcp2_conn_get_expiry2(conn->ng) <= quic->now_ns)
			rv = ngtcp2_conn_handle_expiry(conn->ng, quic->now_ns);
		if (!conn->is_completed && quic->now_ns >= conn->fall_back_ns)
			jvpn_mtu_fall_back(&conn->mtu);
		jvpn_mtu_on_timer(&conn->mtu, quic->now_ns);
		jvpn_path_on_timer(&conn->path, quic->now_ns);
		jvpn_conn_mark(conn); /* flushing arms the timer again */
		if (rv != 0)
			jvpn_conn_fail(conn, rv);
	}
	dispatch_all(quic);
	jvpn_quic_reap(quic);
}

uint64_t jvpn_quic_next_expiry(const struct jvpn_quic *quic)
{
	const struct jvpn_timer *first = jvpn_timer_first(&quic->timers);

	/* Somebody waits for room in a socket's buffer: look again soon. */
	if (quic->work)
		return jvpn_time_add(quic->now_ns, JVPN_NS_PER_MS);
	return first ? first->deadline_ns : JVPN_TIME_NEVER;
}

/* --- writing --- */

/* Whoever is in the work list received or sent something in this turn. */
static void report_activity(struct jvpn_conn *conn)
{
	const struct jvpn_quic_config *config = &conn->quic->config;

	if (config->ops->on_activity && !conn->is_dead && conn->info.kind == JVPN_CLOSE_NONE)
		config->ops->on_activity(config->user, conn);
}

static struct jvpn_conn *owner_of(struct jvpn_turn *turn)
{
	return (struct jvpn_conn *)((uint8_t *)turn - offsetof(struct jvpn_conn, turn));
}

static void end_writing(struct jvpn_conn *conn)
{
	jvpn_conn_write_end(conn);
	if (conn->is_dead)
		return;
	jvpn_conn_dispatch(conn);
	report_activity(conn);
	jvpn_conn_arm(conn);
}

/* What keeps sessions alive goes out for all of them before anybody's inner packets. */
static void write_control(struct jvpn_quic *quic)
{
	struct jvpn_conn *list = quic->work;

	quic->work = quic->work_last = NULL;
	while (list) {
		struct jvpn_conn *conn = list;

		list = conn->work_next;
		conn->in_work = false;
		if (jvpn_conn_write(conn))
			jvpn_turns_join(&quic->turns, &conn->turn);
		else
			end_writing(conn);
	}
}

static void write_inner(struct jvpn_quic *quic)
{
	struct jvpn_turn *turn;
	size_t bytes;

	while ((turn = jvpn_turns_take(&quic->turns, &bytes))) {
		struct jvpn_conn *conn = owner_of(turn);
		bool has_more = jvpn_conn_write_inner(conn, bytes);

		jvpn_turns_end(&quic->turns, turn, conn->turn_bytes, has_more);
		if (!has_more)
			end_writing(conn);
	}
}

void jvpn_quic_flush(struct jvpn_quic *quic, uint64_t now_ns)
{
	set_now(quic, now_ns);
	/* Two rounds: what ops of the first one wanted to say still leaves in this turn. */
	for (int round = 0; round < 2; round++) {
		write_control(quic);
		write_inner(quic);
		jvpn_batch_flush(&quic->batch);
		jvpn_quic_reap(quic);
	}
}

/* --- connections --- */

static int start_client(struct jvpn_conn *conn, const char *server_name, const ngtcp2_cid *dcid)
{
	struct jvpn_quic *quic = conn->quic;
	ngtcp2_transport_params params;
	ngtcp2_callbacks callbacks;
	ngtcp2_settings settings;
	ngtcp2_path_storage path;
	ngtcp2_cid scid;
	int err = jvpn_conn_issue_cid(conn, &scid);

	if (err)
		return err;
	jvpn_conn_fill_callbacks(conn, &callbacks);
	jvpn_conn_fill_settings(quic, &settings);
	jvpn_conn_fill_params(quic, &params);
	jvpn_conn_make_path(conn->path.bound, &path);
	if (ngtcp2_conn_client_new(&conn->ng, dcid, &scid, &path.path, NGTCP2_PROTO_VER_V1,
				   &callbacks, &settings, &params, NULL, conn) != 0) {
		jvpn_cidmap_remove(quic->cids, scid.data, scid.datalen, conn);
		return JVPN_ENOMEM;
	}
	err = jvpn_tls_session_new(quic->config.tls, server_name, &conn->ref, &conn->tls);
	if (err)
		return err;
	ngtcp2_conn_set_tls_native_handle(conn->ng, jvpn_tls_session_native(conn->tls));
	return 0;
}

static int make_dcid(const uint8_t *prefix, size_t prefix_len, ngtcp2_cid *dcid)
{
	uint8_t random[JVPN_CID_MAX];
	struct jvpn_cid made;
	int err;

	if (jvpn_random(random, sizeof(random)) != 0)
		return JVPN_ECRYPTO;
	err = jvpn_cid_make_initial(prefix, prefix_len, random, &made);
	if (err)
		return err;
	ngtcp2_cid_init(dcid, made.b, made.len);
	return 0;
}

int jvpn_quic_connect(struct jvpn_quic *quic, const struct jvpn_quic_target *target,
		      uint64_t now_ns, struct jvpn_conn **out)
{
	const struct sockaddr *remote = target->remote;
	struct jvpn_tuple tuple;
	struct jvpn_conn *conn = NULL;
	ngtcp2_cid dcid;
	int err;

	set_now(quic, now_ns);
	if (quic->config.server || (remote->sa_family != AF_INET && remote->sa_family != AF_INET6))
		return JVPN_EINVAL;
	if (quic->conn_count >= quic->config.max_connections)
		return JVPN_EFULL;
	err = make_dcid(target->dcid_prefix, target->dcid_prefix_len, &dcid);
	if (err)
		return err;
	/* No local address: the kernel chooses it, and may choose another one later. */
	memset(&tuple, 0, sizeof(tuple));
	memcpy(&tuple.remote, remote,
	       remote->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					     : sizeof(struct sockaddr_in));
	err = jvpn_conn_new(quic, target->endpoint, &tuple, &conn);
	if (err)
		return err;
	err = start_client(conn, target->server_name, &dcid);
	if (err) {
		jvpn_conn_free(conn);
		return err;
	}
	jvpn_conn_mark(conn);
	*out = conn;
	return 0;
}

size_t jvpn_quic_conn_count(const struct jvpn_quic *quic)
{
	return quic->conn_count;
}

void jvpn_quic_get_stats(const struct jvpn_quic *quic, struct jvpn_quic_stats *stats)
{
	*stats = quic->stats;
	stats->connections = quic->conn_count;
	stats->half_open = quic->half_open;
}

uint8_t jvpn_quic_route_prefix(const struct jvpn_quic *quic, uint8_t out[12])
{
	int len = jvpn_cid_route_prefix(&quic->layout, quic->config.worker_id, out);

	return len > 0 ? (uint8_t)len : 0;
}

void jvpn_quic_forget_endpoint(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint)
{
	jvpn_batch_forget(&quic->batch, endpoint);
	for (struct jvpn_conn *c = quic->conns; c; c = c->next) {
		if (c->path.bound->endpoint == endpoint)
			jvpn_conn_bury(c, JVPN_CLOSE_LOCAL, 0, "its socket was closed");
		for (size_t i = 0; i < JVPN_PATH_SLOTS; i++)
			if (c->path.slots[i].endpoint == endpoint &&
			    &c->path.slots[i] != c->path.bound)
				c->path.slots[i].endpoint = c->path.bound->endpoint;
	}
}
