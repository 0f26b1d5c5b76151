/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HTTP/3 (RFC 9114, 9204, 9220, 9297) for exactly one CONNECT-IP request per connection (RFC 9484),
 * over nghttp3. Knows streams as numbers and bytes: no ngtcp2, no sockets, no clock, so two of
 * these can be shovelled back to back in a test. HTTP Datagrams are not in here.
 *
 * Who calls whom. The connection calls the jvpn_h3_on_* functions from inside ngtcp2's callbacks
 * and the writing ones (_writev, _add_write_offset, _block ...) from its write loop. The callbacks
 * of struct jvpn_h3_io come back from inside those calls and only touch flow control and stream
 * states. What the application must hear is queued here; the connection fetches it with
 * jvpn_h3_poll() after ngtcp2 has returned. Flow control credit of a capsule is given back when it
 * is polled, so the queue is bounded by the stream's window (which must be >= 64 KiB).
 */
#ifndef JVPN_QUIC_H3_H
#define JVPN_QUIC_H3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "quic/message.h"

/* RFC 9114 section 8.1, RFC 9297 section 5.2 */
#define JVPN_H3_DATAGRAM_ERROR         0x33ULL
#define JVPN_H3_NO_ERROR               0x100ULL
#define JVPN_H3_GENERAL_PROTOCOL_ERROR 0x101ULL
#define JVPN_H3_INTERNAL_ERROR         0x102ULL
#define JVPN_H3_STREAM_CREATION_ERROR  0x103ULL
#define JVPN_H3_CLOSED_CRITICAL_STREAM 0x104ULL
#define JVPN_H3_FRAME_UNEXPECTED       0x105ULL
#define JVPN_H3_EXCESSIVE_LOAD         0x107ULL
#define JVPN_H3_ID_ERROR               0x108ULL
#define JVPN_H3_SETTINGS_ERROR         0x109ULL
#define JVPN_H3_REQUEST_REJECTED       0x10bULL
#define JVPN_H3_REQUEST_CANCELLED      0x10cULL
#define JVPN_H3_REQUEST_INCOMPLETE     0x10dULL
#define JVPN_H3_MESSAGE_ERROR          0x10eULL

/* Capsule bytes that may wait for the peer (sent and not acknowledged, or not yet sent). */
#define JVPN_H3_SEND_QUEUE_BYTES 65536
/* The longest capsule that is taken: proto/capsule's buffer. */
#define JVPN_H3_CAPSULE_MAX 8192
/* Field section we announce and take (RFC 9114 section 4.2.2). */
#define JVPN_H3_FIELD_SECTION_MAX 8192
/* Transport parameters that fit: one request, three unidirectional streams and some grease. */
#define JVPN_H3_STREAMS_BIDI 4
#define JVPN_H3_STREAMS_UNI  8
/* The server's path of the tunnel: any target, any protocol (RFC 9484 section 3). */
#define JVPN_H3_PATH "/.well-known/masque/ip/*/*/"

struct jvpn_h3; /* Owner: its connection */

/* What h3 needs from QUIC. May be called inside any jvpn_h3_* call but the const ones. */
struct jvpn_h3_io {
	/* 'n' bytes of the stream were consumed: extend its and the connection's window. */
	void (*consumed)(void *user, int64_t stream_id, size_t n);
	/* Send STOP_SENDING / RESET_STREAM. */
	void (*stop_sending)(void *user, int64_t stream_id, uint64_t code);
	void (*reset_stream)(void *user, int64_t stream_id, uint64_t code);
};

enum jvpn_h3_event_type {
	JVPN_H3_EVENT_NONE = 0,
	JVPN_H3_EVENT_READY, /* client: the server's SETTINGS allow CONNECT-IP; send the request */
	JVPN_H3_EVENT_REQUEST,  /* server: answer with jvpn_h3_respond() */
	JVPN_H3_EVENT_RESPONSE, /* client: the final response, body included when it is a refusal */
	JVPN_H3_EVENT_CAPSULE,
	JVPN_H3_EVENT_END, /* the tunnel's stream is over: nothing follows */
	JVPN_H3_EVENT_COUNT
};

struct jvpn_h3_event {
	enum jvpn_h3_event_type type;
	/* REQUEST, RESPONSE: belong to h3, valid until the next poll. */
	const struct jvpn_h3_request *request;
	const struct jvpn_h3_response *response;
	/* CAPSULE: whole value, valid until the next poll. */
	uint64_t capsule_type;
	const uint8_t *data;
	size_t len;
	uint32_t path_generation; /* given to the _on_stream_data call that brought its last byte */
	/* END: RFC 9114 code (NO_ERROR: a clean end), and a sentence that lives as long as h3. */
	uint64_t code;
	const char *text;
};

/* JVPN_ENOMEM. io is copied. */
int jvpn_h3_new(bool server, const struct jvpn_h3_io *io, void *user, struct jvpn_h3 **out);
void jvpn_h3_free(struct jvpn_h3 *h3);

/* The three unidirectional streams the connection has opened for us; SETTINGS go out with them.
 * On a server as soon as it has 1-RTT keys (wire.md), on a client at handshake completion.
 * JVPN_EH3. */
int jvpn_h3_bind(struct jvpn_h3 *h3, int64_t control_id, int64_t qpack_encoder_id,
		 int64_t qpack_decoder_id);

/* Client, after READY: the one request, on a bidirectional stream the connection has opened.
 * JVPN_EAGAIN before READY, JVPN_EEXISTS for a second one, JVPN_EINVAL for fields that are not
 * visible ASCII, JVPN_EH3. :scheme and :path default to https and JVPN_H3_PATH when "". */
int jvpn_h3_submit_request(struct jvpn_h3 *h3, int64_t stream_id,
			   const struct jvpn_h3_request *request);
/* Server, after REQUEST: 2xx opens the tunnel; anything else carries 'body' as
 * application/problem+json and ends the stream. JVPN_EINVAL, JVPN_EEXISTS (already answered),
 * JVPN_ENOTFOUND (no request, or its stream is gone), JVPN_EH3. */
int jvpn_h3_respond(struct jvpn_h3 *h3, const struct jvpn_h3_response *response);
/* Fills response->status and ->body with problem details (RFC 9457): {"type":"about:blank",
 * "status":...,"title":...,"reason":...,"detail":...}. reason: a stable lower_snake code; detail
 * may be NULL. Both are plain ASCII; quotes, backslashes and control characters are replaced. */
void jvpn_h3_problem(struct jvpn_h3_response *response, int status, const char *reason,
		     const char *detail);
/* Queues one whole capsule behind what waits already: on a client as soon as the request was
 * submitted (it rides in the same flight), on a server as soon as there is a request (it waits for
 * the 2xx and is dropped by a refusal). JVPN_EFULL (64 KiB wait), JVPN_EAGAIN (no request yet),
 * JVPN_ECLOSED (stream over), JVPN_ERANGE (longer than CAPSULE_MAX), JVPN_ENOMEM. */
int jvpn_h3_send_capsule(struct jvpn_h3 *h3, uint64_t type, const void *data, size_t len);
/* Ends our direction of the tunnel (FIN after what waits); for a clean close only. */
int jvpn_h3_finish(struct jvpn_h3 *h3);

/* The next thing the application has to hear; false when there is none. Call until false after each
 * batch of reads. */
bool jvpn_h3_poll(struct jvpn_h3 *h3, struct jvpn_h3_event *event);

/* Stream data in order, from ngtcp2's recv_stream_data callback. JVPN_EH3: close the connection
 * with application code jvpn_h3_error_code() and text jvpn_h3_error_text(). */
int jvpn_h3_on_stream_data(struct jvpn_h3 *h3, int64_t stream_id, const uint8_t *data, size_t len,
			   bool fin, uint32_t path_generation);
/* acked_stream_data_offset callback: 'len' more bytes of the stream are acknowledged. */
int jvpn_h3_on_acked(struct jvpn_h3 *h3, int64_t stream_id, uint64_t len);
/* stream_close callback; 'code' is the application code, JVPN_H3_NO_ERROR when none was given. */
int jvpn_h3_on_stream_close(struct jvpn_h3 *h3, int64_t stream_id, uint64_t code);
/* stream_reset callback (the peer's RESET_STREAM) and stream_stop_sending callback. */
int jvpn_h3_on_stream_reset(struct jvpn_h3 *h3, int64_t stream_id, uint64_t code);
int jvpn_h3_on_stop_sending(struct jvpn_h3 *h3, int64_t stream_id, uint64_t code);
/* Server: the stream limit the transport gives the client (extend_max_remote_streams_bidi). */
void jvpn_h3_set_max_client_streams(struct jvpn_h3 *h3, uint64_t max_streams);

/* What to write now: returns the number of iovecs filled (0: nothing; a pure FIN has *fin and
 * *stream_id >= 0 with 0 iovecs), *stream_id -1 when there is nothing at all. JVPN_EH3. The memory
 * lives until it is acknowledged. */
ssize_t jvpn_h3_writev(struct jvpn_h3 *h3, int64_t *stream_id, bool *fin, struct iovec *iov,
		       size_t iov_count);
/* ngtcp2 took 'len' bytes (0 for a pure FIN). JVPN_EH3. */
int jvpn_h3_add_write_offset(struct jvpn_h3 *h3, int64_t stream_id, size_t len);
/* NGTCP2_ERR_STREAM_DATA_BLOCKED / extend_max_stream_data callback / NGTCP2_ERR_STREAM_SHUT_WR. */
void jvpn_h3_block(struct jvpn_h3 *h3, int64_t stream_id);
int jvpn_h3_unblock(struct jvpn_h3 *h3, int64_t stream_id);
void jvpn_h3_shutdown_write(struct jvpn_h3 *h3, int64_t stream_id);

/* The CONNECT stream: -1 before there is one (datagrams: quarter stream id = id / 4). */
int64_t jvpn_h3_stream_id(const struct jvpn_h3 *h3);
/* A 2xx was sent (server) or received (client), and the stream is not over. */
bool jvpn_h3_is_open(const struct jvpn_h3 *h3);
/* Capsule bytes queued and not yet handed to QUIC. */
size_t jvpn_h3_pending(const struct jvpn_h3 *h3);
/* All bytes of our answer or capsules were acknowledged (a refusal was delivered). */
bool jvpn_h3_is_drained(const struct jvpn_h3 *h3);
/* After JVPN_EH3. */
uint64_t jvpn_h3_error_code(const struct jvpn_h3 *h3);
const char *jvpn_h3_error_text(const struct jvpn_h3 *h3);

#endif
