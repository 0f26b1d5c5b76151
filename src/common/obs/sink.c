/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Non-blocking line sink. Every write of a waiting line is bounded and ends at a newline.
 */
#include "obs/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"

#define CHUNK_BYTES    PIPE_BUF
#define CLOSE_SLICE_MS 10
/* More than any message: it is never too long for the socket. */
#define SEND_BUFFER_BYTES (8 * JVPN_SINK_MESSAGE_MAX)

struct opened {
	int fd;
	enum jvpn_sink_kind kind;
	bool truncatable;
};

static int say(char *error, size_t error_size, const char *path)
{
	int saved = errno;

	snprintf(error, error_size, "events: cannot write to %s: %s%s", path, strerror(saved),
		 saved == ENXIO ? " (a FIFO needs a reader first)" : "");
	return saved == EACCES || saved == EPERM ? JVPN_EPERM : JVPN_EIO;
}

static enum jvpn_sink_kind kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return JVPN_SINK_NONE;
	if (S_ISSOCK(st.st_mode))
		return JVPN_SINK_SOCKET;
	if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd)))
		return JVPN_SINK_SHARED;
	return JVPN_SINK_PLAIN;
}

/* A descriptor that we were started with. */
static int open_inherited(int fd, const char *name, struct opened *out, char *error,
			  size_t error_size)
{
	char path[32];

	out->kind = kind_of(fd);
	out->truncatable = false;
	out->fd = -1;
	if (out->kind == JVPN_SINK_SHARED) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		out->fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (out->fd >= 0)
			out->kind = JVPN_SINK_STREAM;
	}
	/* A regular file keeps the shared description: its offset is the one stderr uses too. */
	if (out->fd < 0)
		out->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return out->fd < 0 ? say(error, error_size, name) : 0;
}

/* "fd:N"; else standard output. */
static int inherited_fd(const char *output)
{
	return strncmp(output, JVPN_SINK_FD, strlen(JVPN_SINK_FD)) == 0
		       ? atoi(output + strlen(JVPN_SINK_FD))
		       : STDOUT_FILENO;
}

static bool is_inherited(const char *output)
{
	return strcmp(output, "stdout") == 0 ||
	       strncmp(output, JVPN_SINK_FD, strlen(JVPN_SINK_FD)) == 0;
}

static int open_path(const char *path, struct opened *out, char *error, size_t error_size)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat st;

	out->fd = open(path, flags, 0640);
	if (out->fd < 0)
		return say(error, error_size, path);
	out->kind = kind_of(out->fd);
	if (out->kind == JVPN_SINK_SHARED)
		out->kind = JVPN_SINK_STREAM;
	out->truncatable = fstat(out->fd, &st) == 0 && S_ISREG(st.st_mode);
	return 0;
}

/* A descriptor, or -1 with errno. */
static int connect_datagram(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int size = SEND_BUFFER_BYTES;
	int fd, saved;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool is_nobody_there(int err)
{
	return err == ENOENT || err == ECONNREFUSED;
}

static int open_datagram(const char *path, struct opened *out, char *error, size_t error_size)
{
	out->kind = JVPN_SINK_DATAGRAM;
	out->truncatable = false;
	out->fd = connect_datagram(path);
	return out->fd >= 0 || is_nobody_there(errno) ? 0 : say(error, error_size, path);
}

static int open_sink(const struct jvpn_sink *sink, struct opened *out, char *error,
		     size_t error_size)
{
	if (sink->format)
		return open_datagram(sink->path, out, error, error_size);
	return open_path(sink->path, out, error, error_size);
}

static void adopt(struct jvpn_sink *sink, const struct opened *opened)
{
	sink->fd = opened->fd;
	sink->kind = opened->kind;
	sink->truncatable = opened->truncatable;
	sink->blocked = false;
	sink->away = opened->kind == JVPN_SINK_DATAGRAM && opened->fd < 0;
}

int jvpn_sink_open(struct jvpn_sink *sink, const struct jvpn_sink_target *target, char *error,
		   size_t error_size)
{
	bool inherited = !target->format && is_inherited(target->output);
	struct opened opened;
	int rc;

	memset(sink, 0, sizeof(*sink));
	sink->fd = -1;
	sink->format = target->format;
	sink->format_user = target->format_user;
	sink->capacity = target->capacity;
	sink->ring = malloc(target->capacity);
	sink->path = inherited ? NULL : strdup(target->output);
	rc = sink->ring && (inherited || sink->path) ? 0 : JVPN_ENOMEM;
	if (rc)
		snprintf(error, error_size, "events: %s", jvpn_err_text(rc));
	else if (inherited)
		rc = open_inherited(inherited_fd(target->output), target->output, &opened, error,
				    error_size);
	else
		rc = open_sink(sink, &opened, error, error_size);
	if (!rc) {
		adopt(sink, &opened);
		return 0;
	}
	free(sink->ring);
	free(sink->path);
	sink->ring = NULL;
	sink->path = NULL;
	return rc;
}

size_t jvpn_sink_room(const struct jvpn_sink *sink)
{
	if (sink->fd < 0 && !sink->format)
		return 0;
	/* A begun line keeps its place until it is out: it may have to be taken back. */
	return sink->capacity - sink->used - sink->line_done;
}

bool jvpn_sink_push(struct jvpn_sink *sink, const char *line, size_t len)
{
	size_t tail = (sink->head + sink->used) % sink->capacity;
	size_t first = sink->capacity - tail < len ? sink->capacity - tail : len;

	if (len == 0 || len > CHUNK_BYTES || len > jvpn_sink_room(sink))
		return false;
	memcpy(sink->ring + tail, line, first);
	memcpy(sink->ring, line + first, len - first);
	sink->used += len;
	sink->lines_waiting++;
	return true;
}

/* Copies the next whole lines, at most CHUNK_BYTES; a line that is partly out counts as whole. */
static size_t next_chunk(const struct jvpn_sink *sink, uint8_t chunk[CHUNK_BYTES])
{
	size_t len = sink->used < CHUNK_BYTES ? sink->used : CHUNK_BYTES;
	size_t first = sink->capacity - sink->head < len ? sink->capacity - sink->head : len;

	memcpy(chunk, sink->ring + sink->head, first);
	memcpy(chunk + first, sink->ring, len - first);
	while (len && chunk[len - 1] != '\n')
		len--;
	return len;
}

static void consume(struct jvpn_sink *sink, const uint8_t *chunk, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sink->line_done++;
		if (chunk[i] != '\n')
			continue;
		sink->line_done = 0;
		sink->lines_waiting--;
		sink->lines_written++;
		sink->lines_out++;
	}
	sink->head = (sink->head + len) % sink->capacity;
	sink->used -= len;
}

/* Nobody reads any more: what waits is lost, and so is what comes until _reopen. */
static void bury(struct jvpn_sink *sink)
{
	close(sink->fd);
	sink->fd = -1;
	sink->lines_lost += sink->lines_waiting;
	sink->lines_waiting = 0;
	sink->used = 0;
	sink->line_done = 0;
}

static ssize_t write_chunk(const struct jvpn_sink *sink, const uint8_t *chunk, size_t len)
{
	struct pollfd p = {.fd = sink->fd, .events = POLLOUT};

	if (sink->kind == JVPN_SINK_SOCKET)
		return send(sink->fd, chunk, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sink->kind == JVPN_SINK_SHARED && poll(&p, 1, 0) != 1) {
		errno = EAGAIN;
		return -1;
	}
	return write(sink->fd, chunk, len);
}

static bool is_reader_gone(int err)
{
	return err == EPIPE || err == ECONNRESET || err == ENOTCONN || err == EBADF;
}

/* True: something went out, there may be room for more. */
static bool write_some(struct jvpn_sink *sink)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t len = next_chunk(sink, chunk);
	ssize_t n;

	if (len == 0 || sink->fd < 0)
		return false;
	do {
		n = write_chunk(sink, chunk, len);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		consume(sink, chunk, (size_t)n);
		return true;
	}
	/* Anything else (EAGAIN, ENOSPC, EDQUOT, EIO) may pass: the lines wait in the buffer. */
	if (n < 0 && is_reader_gone(errno))
		bury(sink);
	return false;
}

/* ---- datagrams ---- */

static void look_again(struct jvpn_sink *sink)
{
	int fd = connect_datagram(sink->path);

	sink->away = fd < 0;
	if (fd < 0)
		return;
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = fd;
	sink->blocked = false;
}

/* The service may be another process by now: it is looked for once, on the spot. */
static bool send_message(struct jvpn_sink *sink, const char *message, size_t len)
{
	bool is_second = false;
	ssize_t n;

	for (;;) {
		do {
			n = send(sink->fd, message, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
		if (n >= 0)
			return true;
		sink->blocked = errno == EAGAIN;
		if (sink->blocked)
			return false;
		sink->away = is_second;
		if (!is_second)
			look_again(sink);
		if (sink->away)
			return false;
		is_second = true;
	}
}

/* A full queue is asked before a message is made for it. */
static bool is_blocked(struct jvpn_sink *sink)
{
	struct pollfd p = {.fd = sink->fd, .events = POLLOUT};

	if (sink->blocked && poll(&p, 1, 0) == 1)
		sink->blocked = false;
	return sink->blocked;
}

static bool send_line(struct jvpn_sink *sink)
{
	uint8_t chunk[CHUNK_BYTES];
	char message[JVPN_SINK_MESSAGE_MAX];
	size_t len = next_chunk(sink, chunk), size;

	if (len == 0 || sink->away || is_blocked(sink))
		return false;
	len = (size_t)((uint8_t *)memchr(chunk, '\n', len) - chunk) + 1;
	size = sink->format(sink->format_user, (const char *)chunk, len, message);
	if (size && !send_message(sink, message, size))
		return false;
	consume(sink, chunk, len);
	if (!size) {
		sink->lines_written--;
		sink->lines_lost++;
	}
	return true;
}

bool jvpn_sink_is_away(const struct jvpn_sink *sink)
{
	return sink->away;
}

void jvpn_sink_retry(struct jvpn_sink *sink)
{
	if (sink->away)
		look_again(sink);
}

void jvpn_sink_flush(struct jvpn_sink *sink)
{
	while (sink->format ? send_line(sink) : write_some(sink))
		;
}

int jvpn_sink_poll_fd(const struct jvpn_sink *sink)
{
	bool can_wait = sink->kind == JVPN_SINK_STREAM || sink->kind == JVPN_SINK_SOCKET ||
			sink->kind == JVPN_SINK_SHARED || sink->kind == JVPN_SINK_DATAGRAM;

	return sink->used && can_wait && !sink->away ? sink->fd : -1;
}

/* Takes a begun line back out of a file that is ours; it stays in the buffer as a whole. */
static void take_back(struct jvpn_sink *sink)
{
	struct stat st;

	if (!sink->line_done || !sink->truncatable || fstat(sink->fd, &st) != 0 ||
	    (uint64_t)st.st_size < sink->line_done)
		return;
	if (ftruncate(sink->fd, st.st_size - (off_t)sink->line_done) != 0)
		return;
	/* Its first bytes lie right before head, untouched: jvpn_sink_room() does not give them
	 * away. */
	sink->head = (sink->head + sink->capacity - sink->line_done) % sink->capacity;
	sink->used += sink->line_done;
	sink->line_done = 0;
}

int jvpn_sink_reopen(struct jvpn_sink *sink, char *error, size_t error_size)
{
	struct opened opened;
	int rc;

	if (!sink->path)
		return 0;
	rc = open_sink(sink, &opened, error, error_size);
	if (rc)
		return rc;
	jvpn_sink_flush(sink);
	if (opened.fd < 0 && sink->fd >= 0)
		return 0; /* nobody listens there now: the old one may still have somebody */
	if (sink->fd >= 0) {
		take_back(sink);
		close(sink->fd);
	}
	adopt(sink, &opened);
	jvpn_sink_flush(sink);
	return 0;
}

/* Waits in slices without a clock: progress starts the count anew, and progress is bounded by what
 * the buffer holds. */
static void drain(struct jvpn_sink *sink, unsigned wait_ms)
{
	unsigned waited_ms = 0;

	jvpn_sink_flush(sink);
	while (sink->used && waited_ms < wait_ms && jvpn_sink_poll_fd(sink) >= 0) {
		struct pollfd p = {.fd = sink->fd, .events = POLLOUT};
		size_t before = sink->used;

		if (poll(&p, 1, CLOSE_SLICE_MS) > 0)
			jvpn_sink_flush(sink);
		if (sink->used == before)
			waited_ms += CLOSE_SLICE_MS;
	}
}

void jvpn_sink_close(struct jvpn_sink *sink, unsigned wait_ms)
{
	drain(sink, wait_ms);
	if (sink->fd >= 0) {
		take_back(sink);
		close(sink->fd);
	}
	free(sink->ring);
	free(sink->path);
	memset(sink, 0, sizeof(*sink));
	sink->fd = -1;
}
