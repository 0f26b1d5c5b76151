/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What h3*.c share: the object, its two queues, and the translation of fields. Nobody else includes
 * it.
 */
#ifndef JVPN_QUIC_H3_INTERNAL_H
#define JVPN_QUIC_H3_INTERNAL_H

#include <nghttp3/nghttp3.h>

#include "proto/capsule.h"
#include "quic/h3.h"

#define JVPN_H3_TEXT_MAX 160
/* Events that may wait for the next poll; a peer that exceeds it sends nothing but tiny
 * capsules. */
#define JVPN_H3_NOTES_MAX 4096
/* Fields of one message we send. */
#define JVPN_H3_NV_MAX 10

/* One piece of stream data on its way out. Freed when the peer has acknowledged all of it, because
 * nghttp3 and ngtcp2 point into it until then. */
struct jvpn_h3_chunk {
	struct jvpn_h3_chunk *next;
	size_t len;
	uint8_t data[];
};

struct jvpn_h3_out {
	struct jvpn_h3_chunk *head; /* oldest that is not acknowledged */
	struct jvpn_h3_chunk *tail;
	struct jvpn_h3_chunk *unread; /* first that nghttp3 has not asked for; NULL: none */
	size_t bytes;                 /* of all chunks */
	size_t unread_bytes;
	size_t head_acked; /* octets of head already acknowledged */
	bool finish;       /* FIN behind the last chunk */
	bool finished;     /* nghttp3 was told so */
};

/* One event that waits for jvpn_h3_poll(). */
struct jvpn_h3_note {
	struct jvpn_h3_note *next;
	enum jvpn_h3_event_type type;
	uint64_t capsule_type;
	uint32_t path_generation;
	size_t credit; /* flow control to give back with it */
	size_t len;
	uint8_t data[];
};

struct jvpn_h3_notes {
	struct jvpn_h3_note *head, *tail;
	size_t count;
	struct jvpn_h3_note *polled; /* what the last poll gave out */
};

enum jvpn_h3_phase {
	JVPN_H3_IDLE = 1, /* no request yet */
	JVPN_H3_FIELDS,   /* server: its fields are coming in */
	JVPN_H3_ASKED,    /* request sent or received, no answer yet */
	JVPN_H3_OPEN,     /* 2xx */
	JVPN_H3_REFUSED,  /* any other answer */
	JVPN_H3_OVER
};

/* What comes in: a server's request or a client's response. */
struct jvpn_h3_fields {
	struct jvpn_h3_request request;
	struct jvpn_h3_response response;
};

struct jvpn_h3 {
	bool server;
	struct jvpn_h3_io io;
	void *user;
	nghttp3_conn *conn;
	bool bound;
	bool settings_seen;
	bool peer_datagram; /* the peer's SETTINGS_H3_DATAGRAM */
	enum jvpn_h3_phase phase;
	int64_t stream_id;
	int64_t extra_id; /* a further request that is to be refused; -1: none */
	uint64_t max_streams;

	/* The message whose fields come in. */
	size_t fields_bytes;
	uint32_t fields_seen; /* bit per known field, to find duplicates */
	bool fields_bad, fields_large;
	bool response_told;
	size_t body_len;
	struct jvpn_h3_fields *fields; /* until the event that tells it is polled; else NULL */

	struct jvpn_h3_out out;
	struct jvpn_h3_notes notes;
	struct jvpn_capsule_parser parser;
	uint8_t *capsule;    /* the parser's buffer, as long as a capsule is incomplete */
	size_t uncredited;   /* octets of an unfinished capsule */
	uint32_t generation; /* of the data being read */

	uint64_t end_code;
	const char *end_text; /* static */
	uint64_t error_code;  /* 0: none */
	char error_text[JVPN_H3_TEXT_MAX];
};

/* h3_callbacks.c */
extern const nghttp3_callbacks jvpn_h3_callbacks;
extern const nghttp3_data_reader jvpn_h3_reader; /* takes from 'out' */
/* Remembers why the connection has to be closed; for nghttp3 callbacks to return. */
int jvpn_h3_fail(struct jvpn_h3 *h3, uint64_t code, const char *text);
/* What nghttp3 returned to one of our calls: 0, or JVPN_EH3 with code and text remembered. */
int jvpn_h3_outcome(struct jvpn_h3 *h3, int rv);
/* The tunnel's stream is over: one END event. 'text' is static. */
void jvpn_h3_end(struct jvpn_h3 *h3, uint64_t code, const char *text);
/* Queues an event; 0 or NGHTTP3_ERR_CALLBACK_FAILURE. */
int jvpn_h3_note_add(struct jvpn_h3 *h3, enum jvpn_h3_event_type type);
int jvpn_h3_submit_response(struct jvpn_h3 *h3, const struct jvpn_h3_response *response);
/* Client: the RESPONSE event of a refusal, once, with as much of its body as there is. */
int jvpn_h3_tell_refusal(struct jvpn_h3 *h3);

/* h3_queue.c */
/* Copies both parts into one chunk. JVPN_EFULL, JVPN_ENOMEM. */
int jvpn_h3_out_add(struct jvpn_h3_out *out, const void *head, size_t head_len, const void *data,
		    size_t len);
/* Up to 'count' chunks for nghttp3; 0 when there is none. */
size_t jvpn_h3_out_read(struct jvpn_h3_out *out, nghttp3_vec *vec, size_t count);
void jvpn_h3_out_acked(struct jvpn_h3_out *out, uint64_t len);
/* Forgets what nghttp3 has not asked for. */
void jvpn_h3_out_drop_unread(struct jvpn_h3_out *out);
/* Frees everything: only after nghttp3 and the QUIC stream are gone. */
void jvpn_h3_out_clear(struct jvpn_h3_out *out);
/* JVPN_EFULL, JVPN_ENOMEM. */
int jvpn_h3_notes_add(struct jvpn_h3_notes *notes, enum jvpn_h3_event_type type,
		      const struct jvpn_capsule *capsule, uint32_t path_generation, size_t credit);
/* The next one, owned by 'notes' until the call after this; NULL when there is none. */
struct jvpn_h3_note *jvpn_h3_notes_take(struct jvpn_h3_notes *notes);
void jvpn_h3_notes_clear(struct jvpn_h3_notes *notes);

/* h3_message.c */
/* A fresh message begins. JVPN_ENOMEM. */
int jvpn_h3_fields_reset(struct jvpn_h3 *h3);
/* It has been told: wiped (a request holds a token) and freed. */
void jvpn_h3_fields_drop(struct jvpn_h3 *h3);
/* One field that came in. */
void jvpn_h3_fields_add(struct jvpn_h3 *h3, nghttp3_vec name, nghttp3_vec value);
/* Server: 0 when the request is one for our tunnel, else the status to refuse it with and the
 * response filled. */
int jvpn_h3_request_check(struct jvpn_h3 *h3, struct jvpn_h3_response *refusal);
/* Are the fields ones that we may send? Fills the defaults. JVPN_EINVAL. */
int jvpn_h3_request_prepare(struct jvpn_h3_request *request);
int jvpn_h3_response_prepare(const struct jvpn_h3_response *response);
/* Field lines; the texts are borrowed from the message and from 'scratch' (16 octets). Returns how
 * many. */
size_t jvpn_h3_request_fields(const struct jvpn_h3_request *request, nghttp3_nv nv[JVPN_H3_NV_MAX]);
size_t jvpn_h3_response_fields(const struct jvpn_h3_response *response,
			       nghttp3_nv nv[JVPN_H3_NV_MAX], char scratch[2][16]);
/* Body octets of a refusal, as printable ASCII. */
void jvpn_h3_body_add(struct jvpn_h3 *h3, const uint8_t *data, size_t len);

#endif
