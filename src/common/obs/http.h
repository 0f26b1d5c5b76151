/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small HTTP server for metrics and health (libmicrohttpd), driven from outside: one descriptor to
 * watch, one deadline, no thread of its own, never blocks. Knows no loop and no metrics: whoever owns it
 * answers requests, now or later.
 *
 * Bounds: JVPN_HTTP_CONNECTIONS at once, JVPN_HTTP_REQUEST_BYTES of request line and header lines, GET
 * and HEAD alone, one request for each connection, JVPN_HTTP_PATIENCE_NS from its beginning to its end
 * whatever the peer does.
 */
#ifndef JVPN_OBS_HTTP_H
#define JVPN_OBS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define JVPN_HTTP_CONNECTIONS   16
#define JVPN_HTTP_REQUEST_BYTES 8192
#define JVPN_HTTP_PATIENCE_NS   (5 * 1000000000ULL)

struct jvpn_http;         /* owner: the program */
struct jvpn_http_request; /* owner: jvpn_http; dies with its answer */

struct jvpn_http_config {
	const struct sockaddr_storage *listen; /* borrowed for the call */
	/* A GET (or HEAD) of this path, printable ASCII: jvpn_http_answer() follows, from here or later. */
	void (*on_request)(void *user, struct jvpn_http_request *request, const char *path);
	/* Nobody waits for the answer any more: the request must not be answered. */
	void (*on_gone)(void *user, struct jvpn_http_request *request);
	void *user;
};

struct jvpn_http_stats {
	uint64_t ok, not_found, not_allowed, unavailable; /* 200, 404, 405, 503 */
	uint64_t refused; /* connections that were cut: too many, or too slow */
};

enum jvpn_http_status {
	JVPN_HTTP_OK = 200,
	JVPN_HTTP_NOT_FOUND = 404,
	JVPN_HTTP_UNAVAILABLE = 503
};

/* JVPN_EBUSY (port in use), JVPN_EPERM, JVPN_ENOTFOUND (no such address), JVPN_EUNSUPPORTED (built
 * without libmicrohttpd), JVPN_EIO, JVPN_ENOMEM; 'error' gets a sentence. */
int jvpn_http_open(const struct jvpn_http_config *config, struct jvpn_http **out, char *error,
		   size_t error_size);
/* Requests without an answer are gone (on_gone). NULL is fine. */
void jvpn_http_free(struct jvpn_http *http);
/* Readable when there is something to do. */
int jvpn_http_fd(const struct jvpn_http *http);
/* In each turn in which the descriptor is readable or the deadline is reached. */
void jvpn_http_poll(struct jvpn_http *http, uint64_t now_ns);
uint64_t jvpn_http_next_deadline(const struct jvpn_http *http);
/* The text is copied. type: of the content; NULL: text/plain. */
void jvpn_http_answer(struct jvpn_http_request *request, enum jvpn_http_status status,
		      const char *type, const char *text, size_t len);
void jvpn_http_get_stats(const struct jvpn_http *http, struct jvpn_http_stats *stats);

#endif
