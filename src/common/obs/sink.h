/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where lines go: standard output, a file, or a datagram socket that gets each of them in a form of
 * its own, with a bounded buffer in front. Never blocks, never leaves half a line behind on its own
 * account, knows nothing about events.
 *
 * Standard output may be shared with other processes, and O_NONBLOCK belongs to the open file
 * description, not to the descriptor: setting it would change theirs. So a pipe or a terminal is
 * opened anew through /proc/self/fd (a description of our own), a socket gets MSG_DONTWAIT per
 * call, and a regular file needs neither. Where /proc is missing, poll() is asked before each write
 * of at most PIPE_BUF bytes.
 *
 * The service behind a datagram socket may come later, go away and come back: lines wait meanwhile.
 */
#ifndef JVPN_OBS_SINK_H
#define JVPN_OBS_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An output of that form is a descriptor that the process was started with; it is treated as standard
 * output is. */
#define JVPN_SINK_FD "fd:"

enum jvpn_sink_kind {
	JVPN_SINK_NONE = 0,
	JVPN_SINK_PLAIN,  /* regular file or a device without poll(): never waits */
	JVPN_SINK_STREAM, /* pipe or terminal with a non-blocking description of its own */
	JVPN_SINK_SOCKET,
	JVPN_SINK_SHARED,  /* stream whose description is not ours */
	JVPN_SINK_DATAGRAM /* one message a line */
};

#define JVPN_SINK_MESSAGE_MAX 16384

/* Makes the message of a line (with its newline). Its length; 0: it cannot be told there. */
typedef size_t (*jvpn_sink_format_fn)(const void *user, const char *line, size_t len,
				      char out[JVPN_SINK_MESSAGE_MAX]);

struct jvpn_sink_target {
	const char *output;         /* copied: "stdout", "fd:N" or a path */
	size_t capacity;            /* of the buffer */
	jvpn_sink_format_fn format; /* NULL unless the path is a datagram socket's */
	const void *format_user;    /* borrowed */
};

struct jvpn_sink {
	enum jvpn_sink_kind kind;
	int fd; /* -1: dead, everything is refused until _reopen (a datagram socket: not yet there) */
	char *path;       /* NULL: standard output or another descriptor we were given */
	bool truncatable; /* a regular file that we opened */
	uint8_t *ring;
	size_t capacity, head, used;
	size_t line_done; /* bytes of the first waiting line that are out already */
	uint64_t lines_waiting;
	uint64_t lines_written;
	uint64_t lines_out;  /* that have left the buffer in order, written or not */
	uint64_t lines_lost; /* waiting when the reader went away; the owner clears it */
	jvpn_sink_format_fn format;
	const void *format_user;
	bool blocked; /* the queue of the datagram socket was full */
	/* Nobody listens at the datagram socket. fd stays open until there is a new one, which has
	 * another number therefore: who watches it must see the change. */
	bool away;
};

/* JVPN_ENOMEM; JVPN_EPERM, JVPN_EIO with a sentence in error. A datagram socket that nobody has bound
 * yet is no error. */
int jvpn_sink_open(struct jvpn_sink *sink, const struct jvpn_sink_target *target, char *error,
		   size_t error_size);
/* Takes a whole line (1..PIPE_BUF bytes, newline at its end) or refuses it. */
bool jvpn_sink_push(struct jvpn_sink *sink, const char *line, size_t len);
size_t jvpn_sink_room(const struct jvpn_sink *sink);
/* Writes what can be written now. */
void jvpn_sink_flush(struct jvpn_sink *sink);
/* True: a datagram socket that nobody listens at. Only _retry and _reopen look for it again. */
bool jvpn_sink_is_away(const struct jvpn_sink *sink);
void jvpn_sink_retry(struct jvpn_sink *sink);
/* As jvpn_events_poll_fd(). */
int jvpn_sink_poll_fd(const struct jvpn_sink *sink);
/* As jvpn_events_reopen(). */
int jvpn_sink_reopen(struct jvpn_sink *sink, char *error, size_t error_size);
/* As jvpn_events_close(). */
void jvpn_sink_close(struct jvpn_sink *sink, unsigned wait_ms);

#endif
