/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where lines go: standard output or a file, with a bounded buffer in front. Never blocks, never
 * leaves half a line behind on its own account, knows nothing about events.
 *
 * Standard output may be shared with other processes, and O_NONBLOCK belongs to the open file
 * description, not to the descriptor: setting it would change theirs. So a pipe or a terminal is
 * opened anew through /proc/self/fd (a description of our own), a socket gets MSG_DONTWAIT per
 * call, and a regular file needs neither. Where /proc is missing, poll() is asked before each write
 * of at most PIPE_BUF bytes.
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
	JVPN_SINK_SHARED /* stream whose description is not ours */
};

struct jvpn_sink {
	enum jvpn_sink_kind kind;
	int fd;           /* -1: dead, everything is refused until _reopen */
	char *path;       /* NULL: standard output or another descriptor we were given */
	bool truncatable; /* a regular file that we opened */
	uint8_t *ring;
	size_t capacity, head, used;
	size_t line_done; /* bytes of the first waiting line that are out already */
	uint64_t lines_waiting;
	uint64_t lines_written;
	uint64_t lines_lost; /* waiting when the reader went away; the owner clears it */
};

/* output: "stdout", "fd:N" or a path. JVPN_ENOMEM; JVPN_EPERM, JVPN_EIO with a sentence in error. */
int jvpn_sink_open(struct jvpn_sink *sink, const char *output, size_t capacity, char *error,
		   size_t error_size);
/* Takes a whole line (1..PIPE_BUF bytes, newline at its end) or refuses it. */
bool jvpn_sink_push(struct jvpn_sink *sink, const char *line, size_t len);
size_t jvpn_sink_room(const struct jvpn_sink *sink);
/* Writes what can be written now. */
void jvpn_sink_flush(struct jvpn_sink *sink);
/* As jvpn_events_poll_fd(). */
int jvpn_sink_poll_fd(const struct jvpn_sink *sink);
/* As jvpn_events_reopen(). */
int jvpn_sink_reopen(struct jvpn_sink *sink, char *error, size_t error_size);
/* As jvpn_events_close(). */
void jvpn_sink_close(struct jvpn_sink *sink, unsigned wait_ms);

#endif
