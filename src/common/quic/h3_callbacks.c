/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What nghttp3 calls: the life of the one request, its fields, its capsules. Queues events for
 * jvpn_h3_poll(); calls nobody but struct jvpn_h3_io.
 */
#include "quic/h3_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/random.h"

int jvpn_h3_fail(struct jvpn_h3 *h3, uint64_t code, const char *text)
{
	if (h3->error_code == 0) {
		h3->error_code = code;
		snprintf(h3->error_text, sizeof(h3->error_text), "%s", text);
	}
	return NGHTTP3_ERR_CALLBACK_FAILURE;
}

/* What nghttp3 returned to one of our calls. */
int jvpn_h3_outcome(struct jvpn_h3 *h3, int rv)
{
	if (rv >= 0)
		return 0;
	if (h3->error_code == 0) {
		h3->error_code = nghttp3_err_infer_quic_app_error_code(rv);
		snprintf(h3->error_text, sizeof(h3->error_text), "HTTP/3: %s",
			 nghttp3_strerror(rv));
	}
	return JVPN_EH3;
}

/* The tunnel's stream is over, once. */
void jvpn_h3_end(struct jvpn_h3 *h3, uint64_t code, const char *text)
{
	if (h3->phase == JVPN_H3_OVER)
		return;
	h3->phase = JVPN_H3_OVER;
	h3->end_code = code;
	h3->end_text = text;
	if (jvpn_h3_notes_add(&h3->notes, JVPN_H3_EVENT_END, NULL, h3->generation, 0) != 0)
		jvpn_h3_fail(h3, JVPN_H3_INTERNAL_ERROR, "out of memory");
}

/* The peer broke the rules of the tunnel's stream (RFC 9114 section 4.1.2, RFC 9297 section
 * 3.3). */
static void abort_stream(struct jvpn_h3 *h3, uint64_t code, const char *text)
{
	h3->io.stop_sending(h3->user, h3->stream_id, code);
	h3->io.reset_stream(h3->user, h3->stream_id, code);
	nghttp3_conn_shutdown_stream_write(h3->conn, h3->stream_id);
	jvpn_h3_end(h3, code, text);
}

int jvpn_h3_note_add(struct jvpn_h3 *h3, enum jvpn_h3_event_type type)
{
	if (jvpn_h3_notes_add(&h3->notes, type, NULL, h3->generation, 0) != 0)
		return jvpn_h3_fail(h3, JVPN_H3_EXCESSIVE_LOAD, "too many events");
	return 0;
}

static void give_credit(struct jvpn_h3 *h3)
{
	if (h3->uncredited > 0)
		h3->io.consumed(h3->user, h3->stream_id, h3->uncredited);
	h3->uncredited = 0;
}

/* Between capsules, which is nearly always, a connection needs no buffer. */
static void drop_capsule(struct jvpn_h3 *h3)
{
	free(h3->capsule);
	h3->capsule = NULL;
	h3->parser.buffer = NULL;
}

static int read_capsules(struct jvpn_h3 *h3, const uint8_t *data, size_t len)
{
	struct jvpn_capsule capsule;
	struct jvpn_reader in;
	size_t left = len;
	int rv;

	if (h3->capsule == NULL)
		h3->capsule = malloc(JVPN_CAPSULE_BUFFER_BYTES);
	if (h3->capsule == NULL)
		return jvpn_h3_fail(h3, JVPN_H3_INTERNAL_ERROR, "out of memory");
	h3->parser.buffer = h3->capsule;
	jvpn_reader_init(&in, data, len);
	do {
		rv = jvpn_capsule_parser_next(&h3->parser, &in, &capsule);
		h3->uncredited += left - jvpn_reader_left(&in);
		left = jvpn_reader_left(&in);
		if (rv != 1)
			break;
		if (jvpn_h3_notes_add(&h3->notes, JVPN_H3_EVENT_CAPSULE, &capsule, h3->generation,
				      h3->uncredited) != 0)
			return jvpn_h3_fail(h3, JVPN_H3_EXCESSIVE_LOAD, "too many capsules");
		h3->uncredited = 0;
	} while (true);
	/* A value that is skipped may be longer than the window. */
	if (rv != 0 || !h3->parser.in_value || h3->parser.skipping)
		give_credit(h3);
	if (rv < 0 || !h3->parser.in_value)
		drop_capsule(h3);
	if (rv < 0)
		abort_stream(h3, JVPN_H3_MESSAGE_ERROR, "malformed capsule");
	return 0;
}

static int on_data(nghttp3_conn *conn, int64_t stream_id, const uint8_t *data, size_t len,
		   void *user, void *stream_user)
{
	struct jvpn_h3 *h3 = user;
	bool ours = stream_id == h3->stream_id;

	(void)conn;
	(void)stream_user;
	if (ours && (h3->phase == JVPN_H3_OPEN || (h3->phase == JVPN_H3_ASKED && h3->server)))
		return read_capsules(h3, data, len);
	if (ours && h3->phase == JVPN_H3_REFUSED && !h3->server)
		jvpn_h3_body_add(h3, data, len);
	h3->io.consumed(h3->user, stream_id, len);
	return 0;
}

static int on_deferred_consume(nghttp3_conn *conn, int64_t stream_id, size_t n, void *user,
			       void *stream_user)
{
	struct jvpn_h3 *h3 = user;

	(void)conn;
	(void)stream_user;
	h3->io.consumed(h3->user, stream_id, n);
	return 0;
}

static int on_begin_headers(nghttp3_conn *conn, int64_t stream_id, void *user, void *stream_user)
{
	struct jvpn_h3 *h3 = user;

	(void)conn;
	(void)stream_user;
	if (h3->server && h3->phase == JVPN_H3_IDLE) {
		h3->stream_id = stream_id;
		h3->phase = JVPN_H3_FIELDS;
	}
	if (stream_id != h3->stream_id)
		h3->extra_id = stream_id; /* refused when nghttp3 has returned */
	else if (jvpn_h3_fields_reset(h3) != 0)
		return jvpn_h3_fail(h3, JVPN_H3_INTERNAL_ERROR, "out of memory");
	return 0;
}

static int on_header(nghttp3_conn *conn, int64_t stream_id, int32_t token, nghttp3_rcbuf *name,
		     nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream_user)
{
	struct jvpn_h3 *h3 = user;

	(void)conn;
	(void)token;
	(void)flags;
	(void)stream_user;
	if (stream_id == h3->stream_id)
		jvpn_h3_fields_add(h3, nghttp3_rcbuf_get_buf(name), nghttp3_rcbuf_get_buf(value));
	return 0;
}

static nghttp3_ssize on_read_data(nghttp3_conn *conn, int64_t stream_id, nghttp3_vec *vec,
				  size_t count, uint32_t *flags, void *user, void *stream_user)
{
	struct jvpn_h3 *h3 = user;
	size_t n = jvpn_h3_out_read(&h3->out, vec, count);

	(void)conn;
	(void)stream_id;
	(void)stream_user;
	if (h3->out.finish && h3->out.unread == NULL) {
		h3->out.finished = true;
		*flags |= NGHTTP3_DATA_FLAG_EOF;
	} else if (n == 0) {
		return NGHTTP3_ERR_WOULDBLOCK;
	}
	return (nghttp3_ssize)n;
}

const nghttp3_data_reader jvpn_h3_reader = {.read_data = on_read_data};

int jvpn_h3_submit_response(struct jvpn_h3 *h3, const struct jvpn_h3_response *response)
{
	nghttp3_nv nv[JVPN_H3_NV_MAX];
	char scratch[2][16];
	size_t count = jvpn_h3_response_fields(response, nv, scratch);
	int err = 0;

	if (response->status >= 300) {
		jvpn_h3_out_drop_unread(&h3->out); /* capsules for a tunnel that is not to be */
		if (response->body[0] != '\0')
			err = jvpn_h3_out_add(&h3->out, NULL, 0, response->body,
					      strlen(response->body));
		h3->out.finish = true;
	}
	h3->phase = response->status < 300 ? JVPN_H3_OPEN : JVPN_H3_REFUSED;
	return err != 0 ? err
			: jvpn_h3_outcome(h3,
					  nghttp3_conn_submit_response(h3->conn, h3->stream_id, nv,
								       count, &jvpn_h3_reader));
}

static int request_complete(struct jvpn_h3 *h3)
{
	struct jvpn_h3_response refusal;

	h3->phase = JVPN_H3_ASKED;
	if (jvpn_h3_request_check(h3, &refusal) == 0)
		return jvpn_h3_note_add(h3, JVPN_H3_EVENT_REQUEST);
	jvpn_h3_fields_drop(h3);
	/* Before our own control streams there is no answering: drop the stream. */
	if (!h3->bound) {
		abort_stream(h3, JVPN_H3_REQUEST_REJECTED,
			     "a request came before the handshake ended");
		return 0;
	}
	if (jvpn_h3_submit_response(h3, &refusal) != 0)
		return NGHTTP3_ERR_CALLBACK_FAILURE;
	return 0;
}

static int response_complete(struct jvpn_h3 *h3)
{
	if (h3->fields == NULL || h3->fields_bad || h3->fields_large) {
		abort_stream(h3, JVPN_H3_MESSAGE_ERROR, "malformed response");
		return 0;
	}
	if (h3->fields->response.status < 200) /* interim */
		return 0;
	h3->phase = h3->fields->response.status < 300 ? JVPN_H3_OPEN : JVPN_H3_REFUSED;
	if (h3->phase == JVPN_H3_REFUSED)
		return 0; /* told with its body */
	h3->response_told = true;
	return jvpn_h3_note_add(h3, JVPN_H3_EVENT_RESPONSE);
}

static int on_end_headers(nghttp3_conn *conn, int64_t stream_id, int fin, void *user,
			  void *stream_user)
{
	struct jvpn_h3 *h3 = user;

	(void)conn;
	(void)fin;
	(void)stream_user;
	if (stream_id != h3->stream_id || h3->phase == JVPN_H3_OVER)
		return 0;
	return h3->server ? request_complete(h3) : response_complete(h3);
}

/* A refusal is told when its body is complete, or as complete as it will ever be. */
int jvpn_h3_tell_refusal(struct jvpn_h3 *h3)
{
	if (h3->server || h3->phase != JVPN_H3_REFUSED || h3->response_told)
		return 0;
	h3->response_told = true;
	return jvpn_h3_note_add(h3, JVPN_H3_EVENT_RESPONSE);
}

static int on_end_stream(nghttp3_conn *conn, int64_t stream_id, void *user, void *stream_user)
{
	struct jvpn_h3 *h3 = user;
	int rv;

	(void)conn;
	(void)stream_user;
	if (stream_id != h3->stream_id || h3->phase == JVPN_H3_OVER)
		return 0;
	rv = jvpn_h3_tell_refusal(h3);
	if (rv != 0)
		return rv;
	if (h3->phase == JVPN_H3_REFUSED && h3->server)
		return 0; /* our answer is still on its way out */
	if (jvpn_capsule_parser_finish(&h3->parser) != 0) {
		abort_stream(h3, JVPN_H3_MESSAGE_ERROR, "the stream ended inside a capsule");
		return 0;
	}
	jvpn_h3_end(h3, JVPN_H3_NO_ERROR, "the peer ended the tunnel's stream");
	return 0;
}

static int on_stream_close(nghttp3_conn *conn, int64_t stream_id, uint64_t code, void *user,
			   void *stream_user)
{
	struct jvpn_h3 *h3 = user;
	int rv;

	(void)conn;
	(void)stream_user;
	if (stream_id != h3->stream_id)
		return 0;
	rv = jvpn_h3_tell_refusal(h3);
	jvpn_h3_end(h3, code, "the tunnel's stream is closed");
	return rv;
}

static int on_acked_stream_data(nghttp3_conn *conn, int64_t stream_id, uint64_t len, void *user,
				void *stream_user)
{
	struct jvpn_h3 *h3 = user;

	(void)conn;
	(void)stream_user;
	if (stream_id == h3->stream_id)
		jvpn_h3_out_acked(&h3->out, len);
	return 0;
}

static int on_settings(nghttp3_conn *conn, const nghttp3_proto_settings *settings, void *user)
{
	struct jvpn_h3 *h3 = user;

	(void)conn;
	h3->settings_seen = true;
	h3->peer_datagram = settings->h3_datagram != 0;
	if (h3->server)
		return 0;
	if (!settings->enable_connect_protocol || !settings->h3_datagram)
		return jvpn_h3_fail(h3, JVPN_H3_SETTINGS_ERROR,
				    "the server does not offer CONNECT-IP: no extended CONNECT or "
				    "no HTTP Datagrams in its SETTINGS");
	return h3->bound ? jvpn_h3_note_add(h3, JVPN_H3_EVENT_READY) : 0;
}

static int on_stop_sending_wanted(nghttp3_conn *conn, int64_t stream_id, uint64_t code, void *user,
				  void *stream_user)
{
	struct jvpn_h3 *h3 = user;

	(void)conn;
	(void)stream_user;
	h3->io.stop_sending(h3->user, stream_id, code);
	return 0;
}

static int on_reset_wanted(nghttp3_conn *conn, int64_t stream_id, uint64_t code, void *user,
			   void *stream_user)
{
	struct jvpn_h3 *h3 = user;

	(void)conn;
	(void)stream_user;
	h3->io.reset_stream(h3->user, stream_id, code);
	return 0;
}

static void on_random(uint8_t *out, size_t len)
{
	jvpn_random(out, len); /* zeros when it fails: predictable keys, still a working table */
}

const nghttp3_callbacks jvpn_h3_callbacks = {
	.acked_stream_data = on_acked_stream_data,
	.stream_close = on_stream_close,
	.recv_data = on_data,
	.deferred_consume = on_deferred_consume,
	.begin_headers = on_begin_headers,
	.recv_header = on_header,
	.end_headers = on_end_headers,
	.stop_sending = on_stop_sending_wanted,
	.end_stream = on_end_stream,
	.reset_stream = on_reset_wanted,
	.rand = on_random,
	.recv_settings2 = on_settings,
};
