/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The interface of h3.h over nghttp3; what nghttp3 calls is in h3_callbacks.c. No decisions about
 * sessions or users.
 */
#include "quic/h3_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/wipe.h"
#include "proto/varint.h"

#define VECS_MAX 16

int jvpn_h3_new(bool server, const struct jvpn_h3_io *io, void *user, struct jvpn_h3 **out)
{
	struct jvpn_h3 *h3 = calloc(1, sizeof(*h3));
	nghttp3_settings settings;
	int rv;

	if (h3 == NULL)
		return JVPN_ENOMEM;
	h3->server = server;
	h3->io = *io;
	h3->user = user;
	h3->phase = JVPN_H3_IDLE;
	h3->stream_id = -1;
	h3->extra_id = -1;
	h3->end_text = "";
	jvpn_capsule_parser_init(&h3->parser, NULL, JVPN_CAPSULE_BUFFER_BYTES);
	nghttp3_settings_default(&settings);
	settings.max_field_section_size = JVPN_H3_FIELD_SECTION_MAX;
	settings.qpack_max_dtable_capacity = 0; /* one request: nothing to remember */
	settings.qpack_encoder_max_dtable_capacity = 0;
	settings.qpack_blocked_streams = 0;
	settings.enable_connect_protocol = server;
	settings.h3_datagram = 1;
	rv = server ? nghttp3_conn_server_new(&h3->conn, &jvpn_h3_callbacks, &settings, NULL, h3)
		    : nghttp3_conn_client_new(&h3->conn, &jvpn_h3_callbacks, &settings, NULL, h3);
	if (rv != 0) {
		free(h3);
		return JVPN_ENOMEM;
	}
	*out = h3;
	return 0;
}

void jvpn_h3_free(struct jvpn_h3 *h3)
{
	if (h3 == NULL)
		return;
	nghttp3_conn_del(h3->conn);
	jvpn_h3_out_clear(&h3->out);
	jvpn_h3_notes_clear(&h3->notes);
	jvpn_h3_fields_drop(h3);
	free(h3->capsule);
	free(h3);
}

int jvpn_h3_bind(struct jvpn_h3 *h3, int64_t control_id, int64_t qpack_encoder_id,
		 int64_t qpack_decoder_id)
{
	int rv;

	if (h3->bound)
		return JVPN_EEXISTS;
	rv = nghttp3_conn_bind_control_stream(h3->conn, control_id);
	if (rv == 0)
		rv = nghttp3_conn_bind_qpack_streams(h3->conn, qpack_encoder_id, qpack_decoder_id);
	if (rv != 0)
		return jvpn_h3_outcome(h3, rv);
	h3->bound = true;
	if (!h3->server && h3->settings_seen && jvpn_h3_note_add(h3, JVPN_H3_EVENT_READY) != 0)
		return JVPN_EH3;
	return 0;
}

int jvpn_h3_submit_request(struct jvpn_h3 *h3, int64_t stream_id,
			   const struct jvpn_h3_request *request)
{
	struct jvpn_h3_request copy = *request;
	nghttp3_nv nv[JVPN_H3_NV_MAX];
	int err = JVPN_EINVAL;

	if (h3->server || stream_id < 0 || (stream_id & 3) != 0)
		goto out;
	err = JVPN_EEXISTS;
	if (h3->phase != JVPN_H3_IDLE)
		goto out;
	err = JVPN_EAGAIN;
	if (!h3->bound || !h3->settings_seen)
		goto out;
	err = jvpn_h3_request_prepare(&copy);
	if (err != 0)
		goto out;
	err = jvpn_h3_outcome(h3, nghttp3_conn_submit_request(h3->conn, stream_id, nv,
							      jvpn_h3_request_fields(&copy, nv),
							      &jvpn_h3_reader, NULL));
	if (err == 0) {
		h3->stream_id = stream_id;
		h3->phase = JVPN_H3_ASKED;
	}
out:
	jvpn_wipe(&copy, sizeof(copy));
	return err;
}

int jvpn_h3_respond(struct jvpn_h3 *h3, const struct jvpn_h3_response *response)
{
	int err;

	if (!h3->server || h3->phase == JVPN_H3_IDLE || h3->phase == JVPN_H3_FIELDS ||
	    h3->phase == JVPN_H3_OVER)
		return JVPN_ENOTFOUND;
	if (h3->phase != JVPN_H3_ASKED)
		return JVPN_EEXISTS;
	if (!h3->bound)
		return JVPN_EAGAIN;
	err = jvpn_h3_response_prepare(response);
	return err != 0 ? err : jvpn_h3_submit_response(h3, response);
}

int jvpn_h3_send_capsule(struct jvpn_h3 *h3, uint64_t type, const void *data, size_t len)
{
	uint8_t head[JVPN_CAPSULE_HEAD_MAX];
	struct jvpn_writer w;
	int err;

	if (len > JVPN_H3_CAPSULE_MAX)
		return JVPN_ERANGE;
	if (h3->phase == JVPN_H3_IDLE || h3->phase == JVPN_H3_FIELDS)
		return JVPN_EAGAIN;
	if (h3->phase == JVPN_H3_OVER || h3->phase == JVPN_H3_REFUSED || h3->out.finish)
		return JVPN_ECLOSED;
	jvpn_writer_init(&w, head, sizeof(head));
	jvpn_varint_write(&w, type);
	jvpn_varint_write(&w, len);
	if (w.err != 0)
		return JVPN_ERANGE;
	err = jvpn_h3_out_add(&h3->out, head, jvpn_writer_len(&w), data, len);
	if (err != 0)
		return err;
	return jvpn_h3_outcome(h3, nghttp3_conn_resume_stream(h3->conn, h3->stream_id));
}

int jvpn_h3_finish(struct jvpn_h3 *h3)
{
	if (h3->phase != JVPN_H3_OPEN && h3->phase != JVPN_H3_ASKED)
		return JVPN_ECLOSED;
	h3->out.finish = true;
	return jvpn_h3_outcome(h3, nghttp3_conn_resume_stream(h3->conn, h3->stream_id));
}

/* Server: is the request to be told now? SETTINGS may come after it (RFC 9114 section 6.2.1 has no
 * order across streams), and without HTTP Datagrams there is no tunnel. */
static bool hold_request(struct jvpn_h3 *h3)
{
	struct jvpn_h3_response refusal = {0};

	if (!h3->server || h3->notes.head == NULL || h3->notes.head->type != JVPN_H3_EVENT_REQUEST)
		return false;
	if (!h3->settings_seen || !h3->bound)
		return true;
	if (h3->peer_datagram)
		return false;
	jvpn_h3_notes_take(&h3->notes);
	if (h3->phase == JVPN_H3_ASKED) {
		jvpn_h3_problem(&refusal, 400, "no_http_datagrams",
				"SETTINGS_H3_DATAGRAM is wanted");
		jvpn_h3_submit_response(h3, &refusal);
	}
	return false;
}

bool jvpn_h3_poll(struct jvpn_h3 *h3, struct jvpn_h3_event *event)
{
	struct jvpn_h3_note *next;

	memset(event, 0, sizeof(*event));
	if (h3->notes.polled != NULL && (h3->notes.polled->type == JVPN_H3_EVENT_REQUEST ||
					 h3->notes.polled->type == JVPN_H3_EVENT_RESPONSE))
		jvpn_h3_fields_drop(h3);
	if (hold_request(h3))
		return false;
	next = jvpn_h3_notes_take(&h3->notes);
	if (next == NULL)
		return false;
	if (next->credit > 0)
		h3->io.consumed(h3->user, h3->stream_id, next->credit);
	event->type = next->type;
	event->path_generation = next->path_generation;
	if (next->type == JVPN_H3_EVENT_REQUEST)
		event->request = &h3->fields->request;
	if (next->type == JVPN_H3_EVENT_RESPONSE)
		event->response = &h3->fields->response;
	event->capsule_type = next->capsule_type;
	event->data = next->data;
	event->len = next->len;
	event->code = next->type == JVPN_H3_EVENT_END ? h3->end_code : 0;
	event->text = h3->end_text;
	return true;
}

/* A further request on the connection (h3.h: one tunnel each). */
static void refuse_extra(struct jvpn_h3 *h3)
{
	int64_t id = h3->extra_id;

	if (id < 0)
		return;
	h3->extra_id = -1;
	h3->io.stop_sending(h3->user, id, JVPN_H3_REQUEST_REJECTED);
	h3->io.reset_stream(h3->user, id, JVPN_H3_REQUEST_REJECTED);
	nghttp3_conn_shutdown_stream_write(h3->conn, id);
	nghttp3_conn_shutdown_stream_read(h3->conn, id);
}

/* May the peer send on it (RFC 9000 section 2.1)? nghttp3 asserts what QUIC has to guarantee. */
static bool is_readable(const struct jvpn_h3 *h3, int64_t stream_id)
{
	bool by_server = (stream_id & 1) != 0, one_way = (stream_id & 2) != 0;

	return stream_id >= 0 && (one_way ? by_server != h3->server : !by_server);
}

int jvpn_h3_on_stream_data(struct jvpn_h3 *h3, int64_t stream_id, const uint8_t *data, size_t len,
			   bool fin, uint32_t path_generation)
{
	nghttp3_ssize n;

	if (h3->error_code != 0)
		return JVPN_EH3;
	if (!is_readable(h3, stream_id))
		return jvpn_h3_outcome(h3, NGHTTP3_ERR_H3_STREAM_CREATION_ERROR);
	h3->generation = path_generation;
	n = nghttp3_conn_read_stream(h3->conn, stream_id, data, len, fin);
	if (n < 0)
		return jvpn_h3_outcome(h3, (int)n);
	if (n > 0)
		h3->io.consumed(h3->user, stream_id, (size_t)n);
	refuse_extra(h3);
	return h3->error_code != 0 ? JVPN_EH3 : 0;
}

int jvpn_h3_on_acked(struct jvpn_h3 *h3, int64_t stream_id, uint64_t len)
{
	return jvpn_h3_outcome(h3, nghttp3_conn_add_ack_offset(h3->conn, stream_id, len));
}

int jvpn_h3_on_stream_close(struct jvpn_h3 *h3, int64_t stream_id, uint64_t code)
{
	int rv = nghttp3_conn_close_stream(h3->conn, stream_id, code);

	return rv == NGHTTP3_ERR_STREAM_NOT_FOUND ? 0 : jvpn_h3_outcome(h3, rv);
}

int jvpn_h3_on_stream_reset(struct jvpn_h3 *h3, int64_t stream_id, uint64_t code)
{
	int rv = nghttp3_conn_shutdown_stream_read(h3->conn, stream_id);

	if (rv == 0 && stream_id == h3->stream_id) {
		rv = jvpn_h3_tell_refusal(h3);
		jvpn_h3_end(h3, code, "the peer reset the tunnel's stream");
	}
	return jvpn_h3_outcome(h3, rv);
}

int jvpn_h3_on_stop_sending(struct jvpn_h3 *h3, int64_t stream_id, uint64_t code)
{
	nghttp3_conn_shutdown_stream_write(h3->conn, stream_id);
	/* A client may stop a refusal that it has seen enough of, and go on reading none. */
	if (stream_id == h3->stream_id && h3->phase != JVPN_H3_REFUSED)
		jvpn_h3_end(h3, code, "the peer stopped the tunnel's stream");
	return 0;
}

void jvpn_h3_set_max_client_streams(struct jvpn_h3 *h3, uint64_t max_streams)
{
	if (!h3->server || max_streams <= h3->max_streams)
		return;
	h3->max_streams = max_streams;
	nghttp3_conn_set_max_client_streams_bidi(h3->conn, max_streams);
}

ssize_t jvpn_h3_writev(struct jvpn_h3 *h3, int64_t *stream_id, bool *fin, struct iovec *iov,
		       size_t iov_count)
{
	nghttp3_vec vec[VECS_MAX];
	nghttp3_ssize n;
	int end_of_stream = 0;

	*stream_id = -1;
	*fin = false;
	if (!h3->bound || iov_count == 0 || h3->error_code != 0)
		return 0;
	if (iov_count > VECS_MAX)
		iov_count = VECS_MAX;
	n = nghttp3_conn_writev_stream(h3->conn, stream_id, &end_of_stream, vec, iov_count);
	if (n < 0)
		return jvpn_h3_outcome(h3, (int)n);
	*fin = end_of_stream != 0;
	for (nghttp3_ssize i = 0; i < n; i++) {
		iov[i].iov_base = vec[i].base;
		iov[i].iov_len = vec[i].len;
	}
	return n;
}

int jvpn_h3_add_write_offset(struct jvpn_h3 *h3, int64_t stream_id, size_t len)
{
	return jvpn_h3_outcome(h3, nghttp3_conn_add_write_offset(h3->conn, stream_id, len));
}

void jvpn_h3_block(struct jvpn_h3 *h3, int64_t stream_id)
{
	nghttp3_conn_block_stream(h3->conn, stream_id);
}

int jvpn_h3_unblock(struct jvpn_h3 *h3, int64_t stream_id)
{
	return jvpn_h3_outcome(h3, nghttp3_conn_unblock_stream(h3->conn, stream_id));
}

void jvpn_h3_shutdown_write(struct jvpn_h3 *h3, int64_t stream_id)
{
	nghttp3_conn_shutdown_stream_write(h3->conn, stream_id);
}

int64_t jvpn_h3_stream_id(const struct jvpn_h3 *h3)
{
	return h3->stream_id;
}

bool jvpn_h3_is_open(const struct jvpn_h3 *h3)
{
	return h3->phase == JVPN_H3_OPEN;
}

size_t jvpn_h3_pending(const struct jvpn_h3 *h3)
{
	return h3->out.unread_bytes;
}

bool jvpn_h3_is_drained(const struct jvpn_h3 *h3)
{
	return h3->out.bytes == 0 && (!h3->out.finish || h3->out.finished);
}

uint64_t jvpn_h3_error_code(const struct jvpn_h3 *h3)
{
	return h3->error_code != 0 ? h3->error_code : JVPN_H3_INTERNAL_ERROR;
}

const char *jvpn_h3_error_text(const struct jvpn_h3 *h3)
{
	return h3->error_text;
}
