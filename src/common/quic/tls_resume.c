/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Resumption on the client (RFC 8446 section 2.2): the newest session of each server name, kept as
 * octets. Not as wolfSSL's objects: a connection changes the one that it was given, and several may
 * be resumed from the same.
 *
 * A resumed handshake has no certificate in it: it trusts the one that was checked when the first of
 * the chain of sessions was made. So a session is offered only to the name and under the CA that
 * certificate was checked for, no longer than the certificates were valid, and no longer than a day
 * or a hundred connections after that check.
 */
#include "quic/tls_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "crypto/ct.h"
#include "crypto/wipe.h"

#define MAGIC      "jvpntls1"
#define MAGIC_LEN  8
#define BIND_LABEL "jvpn tls resume v1"
#define HEAD_BYTES (MAGIC_LEN + JVPN_SHA256_BYTES + 8 + 8)
/* wolfSSL 5.9.2 hands the ticket's nonce, one octet, down from ticket to ticket and ends the handshake
 * that would be the 256th; a server may send several tickets a handshake. */
#define CHAIN_MAX 100
/* Index of our session among the WOLFSSL's pointers; 0 is ngtcp2's. */
#define SESSION_DATA 1

/* JVPN_TLS_RESUMPTIONS: none. */
static size_t find(const struct jvpn_tls *tls, const char *name)
{
	size_t i = 0;

	while (i < JVPN_TLS_RESUMPTIONS &&
	       (tls->resumption[i].len == 0 || strcmp(tls->resumption[i].name, name) != 0))
		i++;
	return i;
}

/* The place of this name, a free one, or the one that was filled longest ago. */
static struct jvpn_tls_resumption *place(struct jvpn_tls *tls, const char *name)
{
	size_t at = find(tls, name);

	if (at < JVPN_TLS_RESUMPTIONS)
		return &tls->resumption[at];
	at = 0;
	for (size_t i = 1; i < JVPN_TLS_RESUMPTIONS; i++)
		if (tls->resumption[i].number < tls->resumption[at].number)
			at = i;
	return &tls->resumption[at];
}

static void forget(struct jvpn_tls_resumption *r)
{
	jvpn_wipe(r, sizeof(*r));
}

static bool is_valid(const struct jvpn_tls *tls, uint64_t verified_s, uint64_t not_after_s)
{
	return tls->wall_s >= verified_s && tls->wall_s - verified_s < JVPN_TLS_RESUME_MAX_S &&
	       tls->wall_s < not_after_s;
}

/* ---- taking and offering ---- */

/* Called for every ticket. Returns 0: the object stays wolfSSL's. */
static int on_ticket(WOLFSSL *ssl, WOLFSSL_SESSION *ticket)
{
	struct jvpn_tls_session *session = wolfSSL_get_ex_data(ssl, SESSION_DATA);
	unsigned char data[JVPN_TLS_RESUMPTION_MAX], *at = data;
	struct jvpn_tls_resumption *r;
	int len = wolfSSL_i2d_SSL_SESSION(ticket, NULL);

	if (session == NULL || !session->complete || session->failure != JVPN_TLS_OK || len <= 0 ||
	    (size_t)len > sizeof(data) || session->not_after_s == 0)
		return 0;
	if (wolfSSL_i2d_SSL_SESSION(ticket, &at) == len) {
		r = place(session->tls, session->name);
		forget(r);
		memcpy(r->name, session->name, sizeof(r->name));
		memcpy(r->data, data, (size_t)len);
		r->len = (size_t)len;
		r->verified_s = session->verified_s;
		r->not_after_s = session->not_after_s;
		r->number = ++session->tls->resumption_count;
		r->chain = session->chain + 1;
	}
	jvpn_wipe(data, sizeof(data));
	return 0;
}

void jvpn_tls_resume_setup(struct jvpn_tls *tls)
{
	wolfSSL_CTX_sess_set_new_cb(tls->ctx, on_ticket);
}

/* No resumption is no error: the handshake is a full one then. */
static bool set_session(struct jvpn_tls_session *session, const struct jvpn_tls_resumption *r)
{
	const unsigned char *at = r->data;
	WOLFSSL_SESSION *ticket = wolfSSL_d2i_SSL_SESSION(NULL, &at, (long)r->len);
	bool done;

	if (ticket == NULL)
		return false;
	/* Refused when its lifetime is over. */
	done = at == r->data + r->len && wolfSSL_SESSION_get_max_early_data(ticket) == 0 &&
	       wolfSSL_set_session(session->ssl, ticket) == WOLFSSL_SUCCESS;
	wolfSSL_SESSION_free(ticket);
	return done;
}

int jvpn_tls_resume_offer(struct jvpn_tls_session *session)
{
	size_t at = find(session->tls, session->name);
	struct jvpn_tls_resumption *r = &session->tls->resumption[at];

	session->verified_s = session->tls->wall_s;
	if (wolfSSL_set_ex_data(session->ssl, SESSION_DATA, session) != WOLFSSL_SUCCESS)
		return JVPN_ETLS;
	if (at == JVPN_TLS_RESUMPTIONS)
		return 0;
	if (!is_valid(session->tls, r->verified_s, r->not_after_s) || r->chain > CHAIN_MAX ||
	    !set_session(session, r)) {
		forget(r);
		return 0;
	}
	session->offered = true;
	session->offered_verified_s = r->verified_s;
	session->offered_not_after_s = r->not_after_s;
	session->offered_chain = r->chain;
	return 0;
}

void jvpn_tls_resume_settle(struct jvpn_tls_session *session)
{
	if (!session->offered || wolfSSL_session_reused(session->ssl) != 1)
		return;
	session->verified_s = session->offered_verified_s;
	session->not_after_s = session->offered_not_after_s;
	session->chain = session->offered_chain;
}

void jvpn_tls_session_distrust(struct jvpn_tls_session *session)
{
	size_t at = find(session->tls, session->name);

	if (!session->offered || at == JVPN_TLS_RESUMPTIONS)
		return;
	jvpn_log_debug(JVPN_LOG_QUIC, "the handshake with a saved TLS session failed: forgotten");
	forget(&session->tls->resumption[at]);
}

/* ---- in and out ---- */

void jvpn_tls_set_wall(struct jvpn_tls *tls, uint64_t wall_s)
{
	tls->wall_s = wall_s;
}

void jvpn_tls_resume_forget(struct jvpn_tls *tls, const char *server_name)
{
	size_t at = find(tls, server_name);

	if (at < JVPN_TLS_RESUMPTIONS)
		forget(&tls->resumption[at]);
}

static int binding(const struct jvpn_tls *tls, const char *name, uint8_t out[JVPN_SHA256_BYTES])
{
	uint8_t text[sizeof(BIND_LABEL) + JVPN_SHA256_BYTES + JVPN_CERTIFICATE_NAME_MAX];
	struct jvpn_writer w;

	jvpn_writer_init(&w, text, sizeof(text));
	jvpn_writer_bytes(&w, BIND_LABEL, sizeof(BIND_LABEL));
	jvpn_writer_bytes(&w, tls->ca_digest, sizeof(tls->ca_digest));
	jvpn_writer_bytes(&w, name, strlen(name));
	return w.err != 0 ? w.err : jvpn_sha256(text, jvpn_writer_len(&w), out);
}

uint64_t jvpn_tls_resume_number(const struct jvpn_tls *tls, const char *server_name)
{
	size_t at = find(tls, server_name);

	return at < JVPN_TLS_RESUMPTIONS ? tls->resumption[at].number : 0;
}

int jvpn_tls_resume_export(const struct jvpn_tls *tls, const char *server_name,
			   uint8_t out[JVPN_TLS_RESUME_BYTES_MAX], size_t *len)
{
	size_t at = find(tls, server_name);
	const struct jvpn_tls_resumption *r = &tls->resumption[at];
	uint8_t bound[JVPN_SHA256_BYTES];
	struct jvpn_writer w;
	int err;

	_Static_assert(HEAD_BYTES + JVPN_TLS_RESUMPTION_MAX == JVPN_TLS_RESUME_BYTES_MAX,
		       "size of an exported session");
	if (at == JVPN_TLS_RESUMPTIONS)
		return JVPN_ENOTFOUND;
	err = binding(tls, server_name, bound);
	if (err != 0)
		return err;
	jvpn_writer_init(&w, out, JVPN_TLS_RESUME_BYTES_MAX);
	jvpn_writer_bytes(&w, MAGIC, MAGIC_LEN);
	jvpn_writer_bytes(&w, bound, sizeof(bound));
	jvpn_writer_u64(&w, r->verified_s);
	jvpn_writer_u64(&w, r->not_after_s);
	jvpn_writer_bytes(&w, r->data, r->len);
	*len = jvpn_writer_len(&w);
	return w.err;
}

/* The head of an exported session; 'r' gets the rest. */
static int read_head(const struct jvpn_tls *tls, const char *name, struct jvpn_reader *in,
		     struct jvpn_tls_resumption *r)
{
	uint8_t magic[MAGIC_LEN], theirs[JVPN_SHA256_BYTES], ours[JVPN_SHA256_BYTES];
	int err = binding(tls, name, ours);

	jvpn_reader_bytes(in, magic, sizeof(magic));
	jvpn_reader_bytes(in, theirs, sizeof(theirs));
	r->verified_s = jvpn_reader_u64(in);
	r->not_after_s = jvpn_reader_u64(in);
	if (err != 0)
		return err;
	if (in->err != 0 || memcmp(magic, MAGIC, sizeof(magic)) != 0)
		return JVPN_EMALFORMED;
	if (!jvpn_ct_equal(theirs, ours, sizeof(ours)))
		return JVPN_ENOTFOUND;
	return is_valid(tls, r->verified_s, r->not_after_s) ? 0 : JVPN_ERANGE;
}

int jvpn_tls_resume_import(struct jvpn_tls *tls, const char *server_name, const void *data,
			   size_t len)
{
	struct jvpn_tls_resumption r = {0};
	struct jvpn_reader in;
	int err;

	if (tls->server || !jvpn_certificate_name_is_valid(server_name))
		return JVPN_EINVAL;
	jvpn_reader_init(&in, data, len);
	err = read_head(tls, server_name, &in, &r);
	if (err != 0)
		return err;
	r.len = jvpn_reader_left(&in);
	if (r.len == 0 || r.len > sizeof(r.data))
		return JVPN_EMALFORMED;
	jvpn_reader_bytes(&in, r.data, r.len);
	memcpy(r.name, server_name, strlen(server_name) + 1);
	r.number = ++tls->resumption_count;
	*place(tls, server_name) = r;
	jvpn_wipe(&r, sizeof(r));
	return 0;
}
