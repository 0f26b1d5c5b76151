/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ngtcp2 calls back, and with which settings it is made. Nothing here writes packets or calls
 * the application: facts are noted, conn.c tells them after ngtcp2 has returned.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/random.h"
#include "quic/aead.h"
#include "quic/quic_internal.h"

/* Windows of h3.h ("must be >= 64 KiB"): 1 MB of capsules flows through 128 KiB. */
#define STREAM_WINDOW     131072
#define UNI_WINDOW        65536
#define CONNECTION_WINDOW 524288
#define MAX_ACK_DELAY_NS  (10 * 1000000ULL)
/* ACK every so many packets: a batch of GRO is acknowledged once anyway. */
#define ACK_THRESHOLD 8
#define GLITCH_BURST  1000
#define GLITCH_RATE   100

/* --- paths --- */

/* fd6a:7670::/32 is nobody's: these addresses exist only between us and ngtcp2. */
static void number_to_address(uint64_t id, struct sockaddr_in6 *out)
{
	memset(out, 0, sizeof(*out));
	out->sin6_family = AF_INET6;
	out->sin6_port = htons(1);
	out->sin6_addr.s6_addr[0] = 0xfd;
	out->sin6_addr.s6_addr[1] = 'j';
	out->sin6_addr.s6_addr[2] = 'v';
	out->sin6_addr.s6_addr[3] = 'p';
	memcpy(&out->sin6_addr.s6_addr[8], &id, sizeof(id));
}

void jvpn_conn_make_path(const struct jvpn_path_slot *slot, ngtcp2_path_storage *out)
{
	struct sockaddr_in6 local, remote;

	number_to_address(slot->local_id, &local);
	number_to_address(slot->id, &remote);
	ngtcp2_path_storage_init(out, (const ngtcp2_sockaddr *)&local, sizeof(local),
				 (const ngtcp2_sockaddr *)&remote, sizeof(remote), NULL);
}

uint64_t jvpn_conn_path_id(const ngtcp2_path *path)
{
	uint64_t id = 0;

	if (path->remote.addrlen == sizeof(struct sockaddr_in6))
		memcpy(&id, &((const struct sockaddr_in6 *)path->remote.addr)->sin6_addr.s6_addr[8],
		       sizeof(id));
	return id;
}

uint64_t jvpn_conn_current_id(const struct jvpn_conn *conn)
{
	return jvpn_conn_path_id(ngtcp2_conn_get_path2(conn->ng));
}

struct jvpn_path_moment jvpn_conn_moment(const struct jvpn_conn *conn)
{
	uint64_t pto = ngtcp2_conn_get_pto2(conn->ng);
	uint64_t initial_pto = 3 * conn->quic->config.initial_rtt_ns + MAX_ACK_DELAY_NS;

	return (struct jvpn_path_moment){
		.now_ns = conn->quic->now_ns,
		.pto_ns = pto > initial_pto ? pto : initial_pto,
		.established = conn->is_completed,
	};
}

static int on_begin_path_validation(ngtcp2_conn *ng, uint32_t flags, const ngtcp2_path *path,
				    const ngtcp2_path *fallback, void *user)
{
	struct jvpn_conn *conn = user;
	struct jvpn_path_moment m = jvpn_conn_moment(conn);

	(void)ng, (void)flags, (void)fallback;
	if (conn->quic->config.server)
		jvpn_path_on_begin(&conn->path, jvpn_conn_path_id(path), jvpn_conn_current_id(conn),
				   &m);
	return 0;
}

static void submit_new_token(struct jvpn_conn *conn)
{
	uint8_t token[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
	const struct jvpn_path_slot *slot =
		jvpn_path_by_id(&conn->path, jvpn_conn_current_id(conn));
	struct jvpn_tuple tuple;
	ngtcp2_ssize len;

	if (!slot)
		return;
	jvpn_path_unfold(&slot->tuple, &tuple);
	len = ngtcp2_crypto_generate_regular_token(
		token, conn->quic->config.token_secret, sizeof(conn->quic->config.token_secret),
		(const ngtcp2_sockaddr *)&tuple.remote,
		tuple.remote.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						   : sizeof(struct sockaddr_in),
		conn->quic->wall_s * NGTCP2_SECONDS);
	if (len > 0)
		(void)ngtcp2_conn_submit_new_token(conn->ng, token, (size_t)len);
}

static int on_path_validation(ngtcp2_conn *ng, uint32_t flags, const ngtcp2_path *path,
			      const ngtcp2_path *fallback, ngtcp2_path_validation_result result,
			      void *user)
{
	struct jvpn_conn *conn = user;
	enum jvpn_path_result told = JVPN_PATH_ABORTED;

	(void)ng, (void)fallback;
	if (!conn->quic->config.server)
		return 0;
	if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS)
		told = JVPN_PATH_SUCCESS;
	else if (result == NGTCP2_PATH_VALIDATION_RESULT_FAILURE)
		told = JVPN_PATH_FAILURE;
	jvpn_path_on_result(&conn->path, jvpn_conn_path_id(path), told, conn->quic->now_ns);
	if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS &&
	    (flags & NGTCP2_PATH_VALIDATION_FLAG_NEW_TOKEN))
		submit_new_token(conn);
	return 0;
}

/* --- connection IDs --- */

int jvpn_quic_random_cid(struct jvpn_quic *quic, ngtcp2_cid *cid)
{
	uint8_t random[1 + JVPN_QUIC_CID_RANDOM];
	struct jvpn_cid made;

	if (jvpn_random(random, sizeof(random)) != 0)
		return JVPN_ECRYPTO;
	if (jvpn_cid_make(&quic->layout, quic->config.worker_id, random, &made) != 0)
		return JVPN_EINTERNAL;
	ngtcp2_cid_init(cid, made.b, made.len);
	return 0;
}

int jvpn_conn_issue_cid(struct jvpn_conn *conn, ngtcp2_cid *cid)
{
	/* 64 random bits: a second try is there for completeness. */
	for (int tries = 0; tries < 3; tries++) {
		int err = jvpn_quic_random_cid(conn->quic, cid);

		if (err)
			return err;
		err = jvpn_cidmap_add(conn->quic->cids, cid->data, cid->datalen, conn);
		if (err != JVPN_EEXISTS)
			return err;
	}
	return JVPN_EEXISTS;
}

static int on_new_cid(ngtcp2_conn *ng, ngtcp2_cid *cid, ngtcp2_stateless_reset_token *token,
		      size_t len, void *user)
{
	struct jvpn_conn *conn = user;

	(void)ng, (void)len;
	if (jvpn_conn_issue_cid(conn, cid) != 0)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	if (ngtcp2_crypto_generate_stateless_reset_token(
		    token->data, conn->quic->config.reset_secret,
		    sizeof(conn->quic->config.reset_secret), cid) != 0)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int on_remove_cid(ngtcp2_conn *ng, const ngtcp2_cid *cid, void *user)
{
	struct jvpn_conn *conn = user;

	(void)ng;
	jvpn_cidmap_remove(conn->quic->cids, cid->data, cid->datalen, conn);
	return 0;
}

static int on_stateless_reset(ngtcp2_conn *ng, const ngtcp2_pkt_stateless_reset2 *reset, void *user)
{
	(void)ng, (void)reset;
	((struct jvpn_conn *)user)->has_reset = true;
	return 0;
}

/* --- handshake --- */

/* The three streams of HTTP/3 and SETTINGS with them. */
static int bind_h3(struct jvpn_conn *conn)
{
	int64_t id[3];

	for (size_t i = 0; i < 3; i++)
		if (ngtcp2_conn_open_uni_stream(conn->ng, &id[i], NULL) != 0)
			return jvpn_conn_fail_app(conn, JVPN_H3_STREAM_CREATION_ERROR,
						  "the peer allows too few streams for HTTP/3");
	if (jvpn_h3_bind(conn->h3, id[0], id[1], id[2]) != 0)
		return jvpn_conn_fail_h3(conn);
	return 0;
}

static int on_tx_key(ngtcp2_conn *ng, ngtcp2_encryption_level level, void *user)
{
	struct jvpn_conn *conn = user;

	(void)ng;
	if (level != NGTCP2_ENCRYPTION_LEVEL_1RTT || !conn->quic->config.server)
		return 0;
	jvpn_h3_set_max_client_streams(conn->h3, JVPN_H3_STREAMS_BIDI);
	return bind_h3(conn);
}

static void count_handshake(const struct jvpn_conn *conn)
{
	struct jvpn_quic_stats *stats = &conn->quic->stats;

	stats->handshakes++;
	if (jvpn_conn_is_resumed(conn))
		stats->resumed++;
	jvpn_delays_observe(&stats->handshake_time,
			    jvpn_time_since(conn->quic->now_ns, conn->begun_ns));
}

static int on_completed(ngtcp2_conn *ng, void *user)
{
	struct jvpn_conn *conn = user;

	if (jvpn_tls_session_on_complete(conn->tls) != 0) {
		ngtcp2_conn_set_tls_alert(ng, JVPN_TLS_ALERT_NO_ALPN);
		jvpn_conn_fail(conn, NGTCP2_ERR_CRYPTO);
		return NGTCP2_ERR_CALLBACK_FAILURE;
	}
	conn->is_completed = true;
	count_handshake(conn);
	jvpn_log_debug(JVPN_LOG_QUIC, "TLS: %s, %s, %s", jvpn_conn_cipher(conn),
		       jvpn_conn_group(conn),
		       jvpn_conn_is_resumed(conn) ? "resumed" : "full handshake");
	jvpn_mtu_on_established(&conn->mtu, conn->largest_sent);
	if (!conn->quic->config.server)
		return bind_h3(conn);
	if (conn->quic->config.handshake_timeout_ns)
		conn->open_by_ns =
			jvpn_time_add(conn->quic->now_ns, conn->quic->config.handshake_timeout_ns);
	conn->is_confirmed = true; /* RFC 9001 section 4.1.2: for the server it is the same */
	if (conn->is_half_open) {
		conn->is_half_open = false;
		conn->quic->half_open--;
	}
	if (conn->is_mapped_initial) {
		conn->is_mapped_initial = false;
		jvpn_cidmap_remove(conn->quic->cids, conn->initial_dcid.data,
				   conn->initial_dcid.datalen, conn);
	}
	submit_new_token(conn);
	return 0;
}

static int on_crypto_data(ngtcp2_conn *ng, ngtcp2_encryption_level level, uint64_t offset,
			  const uint8_t *data, size_t len, void *user)
{
	struct jvpn_conn *conn = user;

	if (conn->quic->config.server && level == NGTCP2_ENCRYPTION_LEVEL_INITIAL)
		jvpn_tls_session_on_hello(conn->tls, offset, data, len);
	return ngtcp2_crypto_recv_crypto_data_cb(ng, level, offset, data, len, user);
}

static int on_confirmed(ngtcp2_conn *ng, void *user)
{
	(void)ng;
	((struct jvpn_conn *)user)->is_confirmed = true;
	return 0;
}

/* --- streams and datagrams --- */

static int on_stream_data(ngtcp2_conn *ng, uint32_t flags, int64_t stream_id, uint64_t offset,
			  const uint8_t *data, size_t len, void *user, void *stream_user)
{
	struct jvpn_conn *conn = user;
	/* Whether this tuple becomes a candidate is known only after the read: the slot's number goes
	 * in, conn.c makes the generation of it. */
	uint32_t tag = conn->path.arrival ? (uint32_t)conn->path.arrival->id : 0;

	(void)ng, (void)offset, (void)stream_user;
	if (jvpn_h3_on_stream_data(conn->h3, stream_id, data, len,
				   flags & NGTCP2_STREAM_DATA_FLAG_FIN, tag) != 0)
		return jvpn_conn_fail_h3(conn);
	return 0;
}

static int on_acked_stream_data(ngtcp2_conn *ng, int64_t stream_id, uint64_t offset, uint64_t len,
				void *user, void *stream_user)
{
	struct jvpn_conn *conn = user;

	(void)ng, (void)offset, (void)stream_user;
	return jvpn_h3_on_acked(conn->h3, stream_id, len) ? jvpn_conn_fail_h3(conn) : 0;
}

static int on_stream_close(ngtcp2_conn *ng, uint32_t flags, int64_t stream_id, uint64_t code,
			   void *user, void *stream_user)
{
	struct jvpn_conn *conn = user;

	(void)stream_user;
	if (!(flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET))
		code = JVPN_H3_NO_ERROR;
	/* Reserved streams come and go (RFC 9114 section 6.2.3); requests do not: one per connection. */
	if (!ngtcp2_is_bidi_stream(stream_id) && !ngtcp2_conn_is_local_stream(ng, stream_id))
		ngtcp2_conn_extend_max_streams_uni(ng, 1);
	return jvpn_h3_on_stream_close(conn->h3, stream_id, code) ? jvpn_conn_fail_h3(conn) : 0;
}

static int on_stream_reset(ngtcp2_conn *ng, int64_t stream_id, uint64_t final_size, uint64_t code,
			   void *user, void *stream_user)
{
	struct jvpn_conn *conn = user;

	(void)ng, (void)final_size, (void)stream_user;
	return jvpn_h3_on_stream_reset(conn->h3, stream_id, code) ? jvpn_conn_fail_h3(conn) : 0;
}

static int on_stop_sending(ngtcp2_conn *ng, int64_t stream_id, uint64_t code, void *user,
			   void *stream_user)
{
	struct jvpn_conn *conn = user;

	(void)ng, (void)stream_user;
	return jvpn_h3_on_stop_sending(conn->h3, stream_id, code) ? jvpn_conn_fail_h3(conn) : 0;
}

static int on_more_stream_window(ngtcp2_conn *ng, int64_t stream_id, uint64_t max_data, void *user,
				 void *stream_user)
{
	struct jvpn_conn *conn = user;

	(void)ng, (void)max_data, (void)stream_user;
	return jvpn_h3_unblock(conn->h3, stream_id) ? jvpn_conn_fail_h3(conn) : 0;
}

static int on_datagram(ngtcp2_conn *ng, uint32_t flags, const uint8_t *data, size_t len, void *user)
{
	(void)ng, (void)flags;
	return jvpn_conn_on_datagram(user, data, len);
}

static int on_ack_datagram(ngtcp2_conn *ng, uint64_t id, void *user)
{
	(void)ng;
	if (id != 0)
		jvpn_conn_on_dgram_acked(user, id);
	return 0;
}

static int on_lost_datagram(ngtcp2_conn *ng, uint64_t id, void *user)
{
	(void)ng;
	if (id != 0)
		jvpn_conn_on_dgram_lost(user, id);
	return 0;
}

static void on_rand(uint8_t *out, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	/* Not for keys (packet number skips, padding): zeros would do no harm. */
	if (jvpn_random(out, len) != 0)
		memset(out, 0, len);
}

void jvpn_conn_fill_callbacks(const struct jvpn_conn *conn, ngtcp2_callbacks *c)
{
	*c = (ngtcp2_callbacks){
		.recv_crypto_data = on_crypto_data,
		.encrypt = ngtcp2_crypto_encrypt_cb,
		.decrypt = ngtcp2_crypto_decrypt_cb,
		.hp_mask = ngtcp2_crypto_hp_mask_cb,
		.update_key = jvpn_rekey_on_prepare,
		.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
		.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
		.get_path_challenge_data2 = ngtcp2_crypto_get_path_challenge_data2_cb,
		.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
		.rand = on_rand,
		.get_new_connection_id2 = on_new_cid,
		.remove_connection_id = on_remove_cid,
		.recv_stateless_reset2 = on_stateless_reset,
		.handshake_completed = on_completed,
		.recv_tx_key = on_tx_key,
		.begin_path_validation = on_begin_path_validation,
		.path_validation = on_path_validation,
		.recv_stream_data = on_stream_data,
		.acked_stream_data_offset = on_acked_stream_data,
		.stream_close = on_stream_close,
		.stream_reset = on_stream_reset,
		.stream_stop_sending = on_stop_sending,
		.extend_max_stream_data = on_more_stream_window,
		.recv_datagram = on_datagram,
		.ack_datagram = on_ack_datagram,
		.lost_datagram = on_lost_datagram,
	};
	if (conn->quic->aead_is_direct) {
		c->encrypt = jvpn_aead_encrypt;
		c->decrypt = jvpn_aead_decrypt;
		c->hp_mask = jvpn_aead_hp_mask;
	}
	if (conn->quic->config.server) {
		c->recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
	} else {
		c->client_initial = ngtcp2_crypto_client_initial_cb;
		c->recv_retry = ngtcp2_crypto_recv_retry_cb;
		c->handshake_confirmed = on_confirmed;
	}
}

void jvpn_conn_fill_settings(const struct jvpn_quic *quic, ngtcp2_settings *s)
{
	ngtcp2_settings_default(s);
	switch (quic->config.congestion) {
	case JVPN_CC_BBR:
		s->cc_algo = NGTCP2_CC_ALGO_BBR;
		break;
	case JVPN_CC_CUBIC:
		s->cc_algo = NGTCP2_CC_ALGO_CUBIC;
		break;
	case JVPN_CC_RENO:
		s->cc_algo = NGTCP2_CC_ALGO_RENO;
		break;
	}
	s->initial_ts = quic->now_ns;
	if (quic->config.initial_rtt_ns)
		s->initial_rtt = quic->config.initial_rtt_ns;
	if (quic->config.handshake_timeout_ns)
		s->handshake_timeout = quic->config.handshake_timeout_ns;
	/* mtu.h decides the size of every packet; it is given with each write. */
	s->max_tx_udp_payload_size = quic->config.max_udp_payload;
	s->no_tx_udp_payload_size_shaping = 1;
	s->no_pmtud = 1;
	s->ack_thresh = ACK_THRESHOLD;
	s->glitch_ratelim_burst = GLITCH_BURST;
	s->glitch_ratelim_rate = GLITCH_RATE;
}

void jvpn_conn_fill_params(const struct jvpn_quic *quic, ngtcp2_transport_params *p)
{
	const uint32_t window =
		quic->config.stream_window_bytes ? quic->config.stream_window_bytes : STREAM_WINDOW;

	ngtcp2_transport_params_default(p);
	p->initial_max_stream_data_bidi_local = window;
	p->initial_max_stream_data_bidi_remote = window;
	p->initial_max_stream_data_uni = UNI_WINDOW;
	p->initial_max_data = CONNECTION_WINDOW;
	p->initial_max_streams_bidi = quic->config.server ? JVPN_H3_STREAMS_BIDI : 0;
	p->initial_max_streams_uni = JVPN_H3_STREAMS_UNI;
	p->max_idle_timeout = quic->config.idle_timeout_ns;
	p->active_connection_id_limit = JVPN_QUIC_ACTIVE_CIDS;
	p->max_datagram_frame_size = 65535;
	p->max_ack_delay = MAX_ACK_DELAY_NS;
	p->grease_quic_bit = 1;
}
