/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One question, line by line of its answer. Understands the frame of a line, not what is in it.
 */
#include "ctl/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"

#define ASK_ID 1

static const struct {
	const char *name;
	enum jvpn_ctl_line kind;
	bool last;
} kinds[] = {
	{"\"result\":", JVPN_CTL_LINE_RESULT, true}, {"\"item\":", JVPN_CTL_LINE_ITEM, false},
	{"\"event\":", JVPN_CTL_LINE_EVENT, false},  {"\"end\":", JVPN_CTL_LINE_END, true},
	{"\"error\":", JVPN_CTL_LINE_ERROR, true},
};

static int dial(const char *path, int *fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return JVPN_EINVAL;
	memcpy(address.sun_path, path, strlen(path));
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return JVPN_EIO;
	if (connect(*fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return JVPN_EPERM;
	return errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR ? JVPN_ENOTFOUND
									    : JVPN_EIO;
}

/* Who turns us away may do so before we have asked: its words are read all the same. */
static int send_request(int fd, struct jvpn_ctl_ask *ask)
{
	char line[512];
	size_t len, at = 0;

	ask->request.has_id = true;
	ask->request.id = ASK_ID;
	len = jvpn_ctl_request_print(&ask->request, line, sizeof(line));
	if (!len)
		return JVPN_EINVAL;
	while (at < len) {
		ssize_t n = send(fd, line + at, len - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return 0;
}

/* Skips {"v":1, and "id":1, as far as they are there; the value ends before the last brace. */
static int take_line(const struct jvpn_ctl_ask *ask, char *line, size_t len, bool *done)
{
	char *at = line;

	if (len < 3 || strncmp(at, "{\"v\":1,", 7) != 0 || line[len - 1] != '}')
		return JVPN_EMALFORMED;
	line[len - 1] = '\0';
	at += 7;
	if (strncmp(at, "\"id\":1,", 7) == 0)
		at += 7;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].name);

		if (strncmp(at, kinds[i].name, n) != 0)
			continue;
		*done = !ask->on_line(ask->user, kinds[i].kind, at + n) || kinds[i].last;
		return 0;
	}
	return JVPN_EMALFORMED;
}

struct input {
	int fd;
	char *data;
	size_t len;
};

static int read_more(const struct jvpn_ctl_ask *ask, struct input *in)
{
	struct pollfd p = {.fd = in->fd, .events = POLLIN};
	int rc = poll(&p, 1, ask->timeout_ms ? (int)ask->timeout_ms : -1);
	ssize_t n;

	if (rc < 0 && errno == EINTR)
		return 0;
	if (rc == 0)
		return JVPN_ETIMEOUT;
	n = recv(in->fd, in->data + in->len, JVPN_CTL_LINE_MAX - in->len, 0);
	if (n == 0 || (n < 0 && errno != EINTR))
		return JVPN_ECLOSED;
	in->len += n > 0 ? (size_t)n : 0;
	return 0;
}

static int take_lines(const struct jvpn_ctl_ask *ask, struct input *in, bool *done)
{
	size_t at = 0;
	int rv = 0;

	while (!rv && !*done) {
		char *end = memchr(in->data + at, '\n', in->len - at);

		if (!end)
			break;
		*end = '\0';
		rv = take_line(ask, in->data + at, (size_t)(end - in->data) - at, done);
		at = (size_t)(end - in->data) + 1;
	}
	memmove(in->data, in->data + at, in->len - at);
	in->len -= at;
	if (!rv && in->len == JVPN_CTL_LINE_MAX)
		rv = JVPN_EMALFORMED;
	return rv;
}

int jvpn_ctl_ask(struct jvpn_ctl_ask *ask)
{
	struct input in = {.fd = -1, .data = malloc(JVPN_CTL_LINE_MAX)};
	bool done = false;
	int rv = in.data ? dial(ask->path, &in.fd) : JVPN_ENOMEM;

	if (!rv)
		rv = send_request(in.fd, ask);
	while (!rv && !done) {
		rv = read_more(ask, &in);
		if (!rv)
			rv = take_lines(ask, &in, &done);
	}
	if (in.fd >= 0)
		close(in.fd);
	free(in.data);
	return rv;
}
