/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Server: datagrams that belong to no connection. New connections, Retry, version negotiation,
 * refusals and stateless resets; each answer is smaller than what it answers, or the sender's address
 * is known to be true (RFC 9000 sections 6, 8, 10.3).
 */
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "crypto/random.h"
#include "quic/quic_internal.h"

/* Stateless resets of one worker. A restart with ten thousand clients needs as many at once. */
#define RESETS_PER_S 10000ULL
#define RESET_BURST  10000ULL
/* A Retry costs some 50 us, most of it HKDF: a flood of Initials must not have all of the CPU. */
#define RETRIES_PER_S 8000ULL
#define RETRY_BURST   800ULL
/* RFC 9000 section 10.3: 5 bytes that look like a header, some that look like a payload, the token. */
#define RESET_TOKEN_BYTES 16
#define RESET_LEN_MAX     45
/* Beyond so many times the Retry threshold a source may have only a few handshakes at a time. */
#define HALF_OPEN_FACTOR 8
#define ANSWER_BYTES     1280

struct stranger {
	struct jvpn_quic *quic;
	struct jvpn_endpoint *endpoint;
	const struct jvpn_datagram *datagram;
	ngtcp2_pkt_hd hd;
	/* From a valid Retry token: */
	bool has_retry_token, has_token;
	ngtcp2_cid odcid;
	struct jvpn_source *source; /* what it is charged to */
};

static socklen_t remote_len(const struct jvpn_tuple *t)
{
	return t->remote.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					       : sizeof(struct sockaddr_in);
}

static void answer(const struct stranger *s, const uint8_t *data, ngtcp2_ssize len)
{
	if (len > 0)
		(void)jvpn_endpoint_send(s->endpoint, s->datagram->tuple, 0, data, (size_t)len,
					 (size_t)len);
}

static void send_version_negotiation(struct stranger *s, const ngtcp2_version_cid *vc)
{
	const uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
	uint8_t out[ANSWER_BYTES], random = 0;

	if (s->datagram->len < JVPN_QUIC_INITIAL_MIN)
		return;
	(void)jvpn_random(&random, 1);
	s->quic->stats.version_negotiations_sent++;
	answer(s, out,
	       ngtcp2_pkt_write_version_negotiation(out, sizeof(out), random, vc->scid, vc->scidlen,
						    vc->dcid, vc->dcidlen, versions, 1));
}

/* --- stateless reset --- */

/* A node that resets the connection of another one kills it: only CIDs that are surely ours. Those of
 * an earlier start with another number of workers have one owner too. */
static bool is_ours(const struct jvpn_quic *quic, const ngtcp2_version_cid *vc)
{
	struct jvpn_cid_route route;

	return jvpn_cid_parse(&quic->layout, vc->dcid, vc->dcidlen, &route) == 0 &&
	       route.is_local && route.worker_id % quic->config.workers == quic->config.worker_id;
}

static void send_reset(struct stranger *s, const ngtcp2_version_cid *vc)
{
	struct jvpn_quic *quic = s->quic;
	ngtcp2_stateless_reset_token token;
	uint8_t out[RESET_LEN_MAX], random[RESET_LEN_MAX];
	size_t len =
		s->datagram->len - 1; /* smaller than its trigger, or two servers play for ever */
	ngtcp2_cid cid;

	if (!is_ours(quic, vc)) {
		quic->stats.wrong_worker++;
		return;
	}
	if (len > RESET_LEN_MAX)
		len = RESET_LEN_MAX;
	if (len < RESET_TOKEN_BYTES + NGTCP2_MIN_STATELESS_RESET_RANDLEN ||
	    !jvpn_bucket_take(&quic->resets, RESETS_PER_S, RESET_BURST, quic->now_ns)) {
		quic->stats.resets_suppressed++;
		return;
	}
	ngtcp2_cid_init(&cid, vc->dcid, vc->dcidlen);
	if (ngtcp2_crypto_generate_stateless_reset_token(token.data, quic->config.reset_secret,
							 sizeof(quic->config.reset_secret),
							 &cid) != 0 ||
	    jvpn_random(random, sizeof(random)) != 0)
		return;
	quic->stats.resets_sent++;
	answer(s, out,
	       ngtcp2_pkt_write_stateless_reset2(out, len, &token, random,
						 len - RESET_TOKEN_BYTES));
}

/* --- Retry and tokens --- */

static void send_retry(struct stranger *s)
{
	struct jvpn_quic *quic = s->quic;
	const struct jvpn_tuple *t = s->datagram->tuple;
	uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2], out[ANSWER_BYTES];
	ngtcp2_ssize len;
	ngtcp2_cid scid;

	if (!jvpn_bucket_take(&quic->retries, RETRIES_PER_S, RETRY_BURST, quic->now_ns)) {
		quic->stats.retries_suppressed++;
		return;
	}
	if (jvpn_quic_random_cid(quic, &scid) != 0)
		return;
	len = ngtcp2_crypto_generate_retry_token2(
		token, quic->config.token_secret, sizeof(quic->config.token_secret), s->hd.version,
		(const ngtcp2_sockaddr *)&t->remote, remote_len(t), &scid, &s->hd.dcid,
		quic->wall_s * NGTCP2_SECONDS);
	if (len < 0)
		return;
	quic->stats.retries_sent++;
	answer(s, out,
	       ngtcp2_crypto_write_retry(out, sizeof(out), s->hd.version, &s->hd.scid, &scid,
					 &s->hd.dcid, token, (size_t)len));
}

static void refuse(struct stranger *s, uint64_t code)
{
	uint8_t out[ANSWER_BYTES];

	answer(s, out,
	       ngtcp2_crypto_write_connection_close(out, sizeof(out), s->hd.version, &s->hd.scid,
						    &s->hd.dcid, code, NULL, 0));
}

/* false: the Initial was answered (or dropped) because of its token. */
static bool check_token(struct stranger *s)
{
	struct jvpn_quic *quic = s->quic;
	const struct jvpn_tuple *t = s->datagram->tuple;
	int rv;

	if (s->hd.tokenlen == 0)
		return true;
	if (s->hd.token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2) {
		rv = ngtcp2_crypto_verify_retry_token2(
			&s->odcid, s->hd.token, s->hd.tokenlen, quic->config.token_secret,
			sizeof(quic->config.token_secret), s->hd.version,
			(const ngtcp2_sockaddr *)&t->remote, remote_len(t), &s->hd.dcid,
			JVPN_QUIC_RETRY_LIFETIME_S * NGTCP2_SECONDS, quic->wall_s * NGTCP2_SECONDS);
		s->has_retry_token = rv == 0;
		if (rv == 0)
			return true;
		quic->stats.invalid_tokens++;
		/* RFC 9000 section 8.1.3: a Retry token that is not valid ends the attempt. */
		refuse(s, NGTCP2_INVALID_TOKEN);
		return false;
	}
	s->has_token =
		s->hd.token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR &&
		ngtcp2_crypto_verify_regular_token(
			s->hd.token, s->hd.tokenlen, quic->config.token_secret,
			sizeof(quic->config.token_secret), (const ngtcp2_sockaddr *)&t->remote,
			remote_len(t), JVPN_QUIC_TOKEN_LIFETIME_S * NGTCP2_SECONDS,
			quic->wall_s * NGTCP2_SECONDS) == 0;
	if (!s->has_token)
		quic->stats.invalid_tokens++;
	return true; /* an old NEW_TOKEN is no more than no token */
}

/* --- new connections --- */

static void fill_params(struct stranger *s, const ngtcp2_cid *scid, ngtcp2_transport_params *p)
{
	jvpn_conn_fill_params(s->quic, p);
	p->original_dcid_present = 1;
	p->original_dcid = s->has_retry_token ? s->odcid : s->hd.dcid;
	if (s->has_retry_token) {
		p->retry_scid_present = 1;
		p->retry_scid = s->hd.dcid;
	}
	p->stateless_reset_token_present =
		ngtcp2_crypto_generate_stateless_reset_token(
			p->stateless_reset_token, s->quic->config.reset_secret,
			sizeof(s->quic->config.reset_secret), scid) == 0;
}

static int start_ngtcp2(struct stranger *s, struct jvpn_conn *conn)
{
	ngtcp2_transport_params params;
	ngtcp2_callbacks callbacks;
	ngtcp2_settings settings;
	ngtcp2_path_storage path;
	ngtcp2_cid scid;
	int err;

	err = jvpn_conn_issue_cid(conn, &scid);
	if (err)
		return err;
	jvpn_conn_fill_callbacks(conn, &callbacks);
	jvpn_conn_fill_settings(s->quic, &settings);
	if (s->has_retry_token || s->has_token) {
		settings.token = s->hd.token;
		settings.tokenlen = s->hd.tokenlen;
		settings.token_type =
			s->has_retry_token ? NGTCP2_TOKEN_TYPE_RETRY : NGTCP2_TOKEN_TYPE_NEW_TOKEN;
	}
	fill_params(s, &scid, &params);
	jvpn_conn_make_path(conn->path.bound, &path);
	if (ngtcp2_conn_server_new(&conn->ng, &s->hd.scid, &scid, &path.path, s->hd.version,
				   &callbacks, &settings, &params, NULL, conn) != 0) {
		jvpn_cidmap_remove(s->quic->cids, scid.data, scid.datalen, conn);
		return JVPN_ENOMEM;
	}
	err = jvpn_tls_session_new(s->quic->config.tls, NULL, &conn->ref, &conn->tls);
	if (err)
		return err;
	ngtcp2_conn_set_tls_native_handle(conn->ng, jvpn_tls_session_native(conn->tls));
	conn->initial_dcid = s->hd.dcid;
	err = jvpn_cidmap_add(s->quic->cids, s->hd.dcid.data, s->hd.dcid.datalen, conn);
	conn->is_mapped_initial = err == 0;
	return err;
}

static void accept_initial(struct stranger *s)
{
	struct jvpn_quic *quic = s->quic;
	struct jvpn_conn *conn = NULL;

	if (jvpn_conn_new(quic, s->endpoint, s->datagram->tuple, &conn) != 0)
		return;
	conn->is_half_open = true;
	quic->half_open++;
	quic->accepts++;
	conn->source = s->source;
	conn->source->pending++;
	if (start_ngtcp2(s, conn) != 0) {
		/* Nobody has heard of it: no ops. */
		jvpn_conn_free(conn);
		quic->stats.refused++;
		return;
	}
	quic->stats.accepted++;
	if (s->datagram->len < JVPN_MTU_HANDSHAKE)
		jvpn_mtu_fall_back(&conn->mtu);
	jvpn_conn_read(conn, s->endpoint, s->datagram);
}

/* Nothing is known about the address: whoever it belongs to must not suffer for it. */
static bool may_begin_unproven(struct stranger *s)
{
	struct jvpn_quic *quic = s->quic;

	return quic->half_open < quic->config.retry_above_half_open &&
	       quic->accepts < JVPN_QUIC_ACCEPTS / 2 &&
	       jvpn_source_take(quic->sources, s->source, false, quic->now_ns);
}

/* Whoever is not let in repeats its Initial; by then there may be room. */
static bool may_begin_proven(struct stranger *s)
{
	struct jvpn_quic *quic = s->quic;
	size_t limit = quic->config.retry_above_half_open;
	bool is_scarce = limit > 0 && quic->half_open >= limit * HALF_OPEN_FACTOR;

	if (quic->accepts >= JVPN_QUIC_ACCEPTS) {
		quic->stats.postponed++;
		return false;
	}
	if (!jvpn_source_take(quic->sources, s->source, is_scarce, quic->now_ns)) {
		quic->stats.source_limited++;
		return false;
	}
	return true;
}

static void on_initial(struct stranger *s)
{
	struct jvpn_quic *quic = s->quic;
	bool is_proven;

	if (!check_token(s))
		return;
	if (quic->conn_count - quic->dead_count >= quic->config.max_connections) {
		quic->stats.refused++;
		refuse(s, NGTCP2_CONNECTION_REFUSED);
		return;
	}
	is_proven = s->has_retry_token || s->has_token;
	s->source = jvpn_source_find(quic->sources, &s->datagram->tuple->remote, is_proven);
	if (is_proven ? may_begin_proven(s) : may_begin_unproven(s))
		accept_initial(s);
	else if (!is_proven)
		send_retry(s);
}

void jvpn_quic_on_stranger(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
			   const struct jvpn_datagram *d)
{
	struct stranger s = {.quic = quic, .endpoint = endpoint, .datagram = d};
	ngtcp2_version_cid vc;
	int rv = ngtcp2_pkt_decode_version_cid(&vc, d->data, d->len, quic->cid_len);

	if (rv == NGTCP2_ERR_VERSION_NEGOTIATION) {
		send_version_negotiation(&s, &vc);
		return;
	}
	if (rv != 0)
		return;
	if (!(d->data[0] & 0x80)) {
		quic->stats.unknown_cids++;
		send_reset(&s, &vc);
		return;
	}
	if (d->len < JVPN_QUIC_INITIAL_MIN) {
		quic->stats.short_initials++;
		return;
	}
	if (ngtcp2_accept(&s.hd, d->data, d->len) != 0) {
		quic->stats.unknown_cids++;
		return;
	}
	on_initial(&s);
}
