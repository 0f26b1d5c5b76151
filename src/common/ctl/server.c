/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connections of the control socket, each a small machine: read a line, answer it in pieces, read the
 * next. Nothing is read while an answer is not made, and nothing is made while there is no room.
 */
#include "ctl/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "ctl/server_internal.h"

#define IN_FIRST         1024
#define ACCEPTS_PER_TURN 4
#define EVENTS_PER_TURN  (JVPN_CTL_CLIENTS_MAX + 1)
#define DEAF_NS          JVPN_NS_PER_S

/* ---- output ---- */

static size_t room(const struct jvpn_ctl_client *c)
{
	return JVPN_CTL_OUT_MAX - (c->out_len - c->out_at);
}

static void put(struct jvpn_ctl_client *c, const char *data, size_t len)
{
	if (len > room(c)) {
		c->dead = true; /* nobody asks for more than there is room for */
		return;
	}
	if (c->out_len + len > JVPN_CTL_OUT_MAX) {
		memmove(c->out, c->out + c->out_at, c->out_len - c->out_at);
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	memcpy(c->out + c->out_len, data, len);
	c->out_len += len;
}

static void flush(struct jvpn_ctl_client *c)
{
	while (c->out_at < c->out_len && !c->dead) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			c->out_at += (size_t)n;
			c->active_ns = c->server->now_ns;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else {
			c->dead = n == 0 || errno != EAGAIN;
			break;
		}
	}
	if (c->out_at == c->out_len)
		c->out_at = c->out_len = 0;
}

static struct jvpn_json *begin_line(struct jvpn_ctl_client *c)
{
	struct jvpn_json *j = &c->server->json;

	jvpn_json_init(j, c->server->scratch, sizeof(c->server->scratch));
	jvpn_json_char(j, '{');
	jvpn_json_uint(j, "v", JVPN_CTL_VERSION);
	if (c->has_answer_id)
		jvpn_json_uint(j, "id", c->answer_id);
	return j;
}

static void end_line(struct jvpn_ctl_client *c)
{
	struct jvpn_json *j = &c->server->json;

	jvpn_json_raw(j, "}\n", 2);
	if (j->full)
		jvpn_ctl_fail(c, "internal", "the answer does not fit a line");
	else
		put(c, j->out, j->len);
}

struct jvpn_json *jvpn_ctl_begin(struct jvpn_ctl_client *client, const char *name)
{
	struct jvpn_json *j = begin_line(client);

	jvpn_json_open(j, name, '{');
	return j;
}

void jvpn_ctl_end(struct jvpn_ctl_client *client)
{
	jvpn_json_close(&client->server->json, '}');
	end_line(client);
}

void jvpn_ctl_answer_raw(struct jvpn_ctl_client *client, const char *name, const char *json,
			 size_t len)
{
	struct jvpn_json *j = begin_line(client);

	jvpn_json_name(j, name);
	jvpn_json_raw(j, json, len);
	end_line(client);
}

static void fail_with(struct jvpn_ctl_client *c, const struct jvpn_ctl_error *error)
{
	struct jvpn_json *j = jvpn_ctl_begin(c, "error");

	jvpn_json_text(j, "code", error->code);
	jvpn_json_text(j, "message", error->message);
	jvpn_ctl_end(c);
}

void jvpn_ctl_fail(struct jvpn_ctl_client *client, const char *code, const char *fmt, ...)
{
	struct jvpn_ctl_error error = {.code = code};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error.message, sizeof(error.message), fmt, ap);
	va_end(ap);
	fail_with(client, &error);
}

void jvpn_ctl_who(const struct jvpn_ctl_client *client, char out[JVPN_CTL_WHO_MAX + 1])
{
	snprintf(out, JVPN_CTL_WHO_MAX + 1, "operator uid %u pid %d", (unsigned)client->peer.uid,
		 (int)client->peer.pid);
}

/* ---- input ---- */

static bool grow(struct jvpn_ctl_client *c)
{
	size_t size = c->in_size ? 2 * c->in_size : IN_FIRST;
	char *in;

	if (c->in_len < c->in_size)
		return true;
	if (c->in_size == JVPN_CTL_LINE_MAX)
		return false;
	in = realloc(c->in, size);
	if (!in)
		return false;
	c->in = in;
	c->in_size = size;
	return true;
}

static bool has_line(const struct jvpn_ctl_client *c)
{
	return c->in_len && memchr(c->in, '\n', c->in_len);
}

/* As long as a whole line waits there is no need for another one. */
static bool wants_input(const struct jvpn_ctl_client *c)
{
	return !c->in_over && !c->closing && !has_line(c);
}

static void take_input(struct jvpn_ctl_client *c)
{
	ssize_t n;

	if (!grow(c)) {
		c->has_answer_id = false;
		jvpn_ctl_fail(c, "too_long", "a line has at most %d octets", JVPN_CTL_LINE_MAX);
		c->closing = true;
		return;
	}
	n = recv(c->fd, c->in + c->in_len, c->in_size - c->in_len, MSG_DONTWAIT);
	if (n > 0) {
		c->in_len += (size_t)n;
		c->active_ns = c->server->now_ns;
	} else if (n == 0) {
		c->in_over = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		c->dead = true;
	}
}

/* Only a full line or a full buffer stops it, or a peer that has nothing more to say now. */
static void read_some(struct jvpn_ctl_client *c)
{
	size_t before;

	do {
		before = c->in_len;
		if (wants_input(c))
			take_input(c);
	} while (c->in_len != before && !c->dead);
}

/* ---- work ---- */

/* The rate is kept by reading more slowly: a command costs several tokens, one at a time. */
static bool pay(struct jvpn_ctl_client *c)
{
	while (c->debt &&
	       jvpn_bucket_take(&c->rate, JVPN_CTL_RATE_PER_S, JVPN_CTL_BURST, c->server->now_ns))
		c->debt--;
	return c->debt == 0;
}

static void drop_line(struct jvpn_ctl_client *c, size_t len)
{
	memmove(c->in, c->in + len, c->in_len - len);
	c->in_len -= len;
}

static void end_task(struct jvpn_ctl_client *c)
{
	const struct jvpn_ctl_server *s = c->server;

	c->busy = false;
	if (c->task.state && s->ops->on_end)
		s->ops->on_end(s->user, &c->task);
	c->task.state = NULL;
}

static void take_progress(struct jvpn_ctl_client *c, enum jvpn_ctl_progress progress)
{
	c->progress = progress;
	c->busy = progress != JVPN_CTL_DONE;
	if (!c->busy)
		end_task(c);
}

static void start(struct jvpn_ctl_client *c)
{
	const struct jvpn_ctl_server *s = c->server;

	c->debt = c->task.request.command->cost;
	if (c->task.request.command->acts && !c->peer.may_act) {
		jvpn_ctl_fail(c, "permission_denied",
			      "uid %u may read, not act (control.group_may)",
			      (unsigned)c->peer.uid);
		return;
	}
	take_progress(c, s->ops->on_request(s->user, c, &c->task));
}

/* The next line of the input. False: there is none, or it has to wait. */
static bool take_line(struct jvpn_ctl_client *c)
{
	struct jvpn_ctl_error error;
	const char *end;
	size_t len;
	int rv;

	if (!has_line(c) || !pay(c) || room(c) < JVPN_CTL_LINE_MAX)
		return false;
	end = memchr(c->in, '\n', c->in_len);
	len = (size_t)(end - c->in);
	c->debt = 1;
	memset(&c->task, 0, sizeof(c->task));
	rv = jvpn_ctl_request_parse(c->in, len, c->server->role, &c->task.request, &error);
	drop_line(c, len + 1);
	c->has_answer_id = c->task.request.has_id;
	c->answer_id = c->task.request.id;
	if (rv)
		fail_with(c, &error);
	else
		start(c);
	return true;
}

static bool go_on(struct jvpn_ctl_client *c)
{
	const struct jvpn_ctl_server *s = c->server;

	if (room(c) < JVPN_CTL_ITEM_MAX)
		return false;
	c->active_ns = s->now_ns;
	take_progress(c, s->ops->on_more(s->user, c, &c->task));
	return c->progress != JVPN_CTL_WAIT;
}

/* One step of one connection. False: it waits for something. */
static bool work(struct jvpn_ctl_client *c)
{
	if (c->dead || c->closing)
		return false;
	return c->busy ? go_on(c) : take_line(c);
}

static void close_client(struct jvpn_ctl_client *c)
{
	struct jvpn_ctl_server *s = c->server;

	end_task(c);
	/* Closing is not enough while a process that was forked just now has it, too. */
	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
	free(c->in);
	free(c->out);
	memset(c, 0, sizeof(*c));
	c->server = s;
	c->fd = -1;
	s->count--;
}

/* Who asks for nothing, or does not read what it asked for, does not keep its place for ever. */
static bool is_over(const struct jvpn_ctl_client *c)
{
	bool written = c->out_at == c->out_len;
	uint64_t patience_ms = c->busy ? JVPN_CTL_STUCK_MS : JVPN_CTL_IDLE_MS;
	bool idle = jvpn_time_since(c->server->now_ns, c->active_ns) >= jvpn_ms_to_ns(patience_ms);

	if (c->dead || idle)
		return true;
	if (c->closing)
		return written;
	return c->in_over && !c->busy && !has_line(c) && written;
}

static void set_interest(struct jvpn_ctl_client *c)
{
	struct epoll_event event = {.data.ptr = c};

	if (wants_input(c) && !c->busy)
		event.events |= EPOLLIN;
	if (c->out_at < c->out_len)
		event.events |= EPOLLOUT;
	if (event.events == c->interest)
		return;
	c->interest = event.events;
	(void)epoll_ctl(c->server->epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

/* Round and round, one step each, until all wait or enough was made for one turn. */
static void work_all(struct jvpn_ctl_server *s)
{
	size_t left = JVPN_CTL_ITEMS_PER_TURN, idle = 0;

	while (left && idle < JVPN_CTL_CLIENTS_MAX) {
		struct jvpn_ctl_client *c = &s->client[s->next];

		s->next = (s->next + 1) % JVPN_CTL_CLIENTS_MAX;
		if (c->fd >= 0 && work(c)) {
			left--;
			idle = 0;
		} else {
			idle++;
		}
	}
}

/* ---- connections ---- */

static struct jvpn_ctl_client *free_place(struct jvpn_ctl_server *s, bool owner)
{
	size_t limit = JVPN_CTL_CLIENTS_MAX - (owner ? 0 : JVPN_CTL_CLIENTS_RESERVED);

	if (s->count >= limit)
		return NULL;
	for (size_t i = 0; i < JVPN_CTL_CLIENTS_MAX; i++)
		if (s->client[i].fd < 0)
			return &s->client[i];
	return NULL;
}

/* Nothing of it is kept; whoever does not read it at once does not get it. */
static void turn_away(int fd, const char *code, const char *message)
{
	char line[160];
	int n = snprintf(line, sizeof(line),
			 "{\"v\":%d,\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
			 JVPN_CTL_VERSION, code, message);

	(void)send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void admit(struct jvpn_ctl_server *s, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct jvpn_ctl_peer peer;
	struct jvpn_ctl_client *c;

	if (jvpn_ctl_socket_peer(s, fd, &peer)) {
		turn_away(fd, "permission_denied", "not in the group of the socket");
		return;
	}
	c = free_place(s, peer.owner);
	if (!c) {
		turn_away(fd, "busy", "too many connections");
		return;
	}
	event.data.ptr = c;
	c->out = malloc(JVPN_CTL_OUT_MAX);
	if (!c->out || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		free(c->out);
		c->out = NULL;
		turn_away(fd, "busy", "no memory");
		return;
	}
	c->fd = fd;
	c->peer = peer;
	c->interest = EPOLLIN;
	c->active_ns = s->now_ns;
	s->count++;
}

/* The listening socket stays readable when there is no descriptor for who knocks: not asked for a while. */
static void listen_again(struct jvpn_ctl_server *s, bool on)
{
	struct epoll_event event = {.events = on ? EPOLLIN : 0};

	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->listen_fd, &event);
	s->deaf_until_ns = on ? 0 : jvpn_time_add(s->now_ns, DEAF_NS);
}

static void accept_some(struct jvpn_ctl_server *s)
{
	for (size_t i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			    errno == ENOBUFS)
				listen_again(s, false);
			return;
		}
		admit(s, fd);
	}
}

static void take_events(struct jvpn_ctl_server *s)
{
	struct epoll_event event[EVENTS_PER_TURN];
	int n = epoll_wait(s->epoll_fd, event, EVENTS_PER_TURN, 0);

	for (int i = 0; i < n; i++) {
		struct jvpn_ctl_client *c = event[i].data.ptr;

		if (!c) {
			accept_some(s);
			continue;
		}
		if (event[i].events & (EPOLLERR | EPOLLHUP))
			c->dead = true;
		if (event[i].events & EPOLLIN)
			read_some(c);
	}
}

void jvpn_ctl_server_poll(struct jvpn_ctl_server *server, uint64_t now_ns)
{
	server->now_ns = now_ns;
	if (server->deaf_until_ns && now_ns >= server->deaf_until_ns)
		listen_again(server, true);
	take_events(server);
	if (!server->count)
		return;
	work_all(server);
	for (size_t i = 0; i < JVPN_CTL_CLIENTS_MAX; i++) {
		struct jvpn_ctl_client *c = &server->client[i];

		if (c->fd < 0)
			continue;
		flush(c);
		if (is_over(c))
			close_client(c);
		else
			set_interest(c);
	}
}

/* ---- time ---- */

static uint64_t deadline_of(const struct jvpn_ctl_client *c)
{
	const struct jvpn_ctl_server *s = c->server;
	uint64_t idle = jvpn_time_add(c->active_ns, jvpn_ms_to_ns(JVPN_CTL_IDLE_MS));

	if (!c->busy) {
		if (!c->closing && has_line(c) && room(c) >= JVPN_CTL_LINE_MAX)
			return jvpn_time_add(s->now_ns,
					     jvpn_bucket_wait_ns(&c->rate, JVPN_CTL_RATE_PER_S,
								 JVPN_CTL_BURST, s->now_ns));
		return idle;
	}
	if (room(c) < JVPN_CTL_ITEM_MAX)
		return JVPN_TIME_NEVER;
	if (c->progress == JVPN_CTL_MORE || (s->ops->is_due && s->ops->is_due(s->user, &c->task)))
		return s->now_ns;
	return c->task.wake_ns ? c->task.wake_ns : JVPN_TIME_NEVER;
}

uint64_t jvpn_ctl_server_next_deadline(const struct jvpn_ctl_server *server)
{
	uint64_t at = server->deaf_until_ns ? server->deaf_until_ns : JVPN_TIME_NEVER;

	for (size_t i = 0; i < JVPN_CTL_CLIENTS_MAX && server->count; i++)
		if (server->client[i].fd >= 0)
			at = jvpn_time_min(at, deadline_of(&server->client[i]));
	return at;
}

/* ---- the whole ---- */

static int watch_listener(struct jvpn_ctl_server *s)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &event);
}

int jvpn_ctl_server_open(const struct jvpn_ctl_config *config, struct jvpn_ctl_server **out,
			 char *error, size_t error_size)
{
	struct jvpn_ctl_server *s = calloc(1, sizeof(*s));
	int rv = JVPN_ENOMEM;

	snprintf(error, error_size, "control socket: %s", jvpn_err_text(rv));
	if (!s)
		return rv;
	s->listen_fd = -1;
	s->ops = config->ops;
	s->user = config->user;
	s->role = config->role;
	s->group_acts = config->group_acts;
	for (size_t i = 0; i < JVPN_CTL_CLIENTS_MAX; i++) {
		s->client[i].server = s;
		s->client[i].fd = -1;
	}
	s->path = strdup(config->path);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->path && s->epoll_fd >= 0) {
		s->listen_fd = jvpn_ctl_socket_open(s, config, error, error_size);
		rv = s->listen_fd < 0 ? s->listen_fd : 0;
		if (!rv && watch_listener(s) != 0)
			rv = JVPN_ENOMEM;
	}
	if (rv) {
		if (s->listen_fd < 0)
			s->listen_fd = -1;
		jvpn_ctl_server_free(s);
		return rv;
	}
	*out = s;
	return 0;
}

void jvpn_ctl_server_free(struct jvpn_ctl_server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < JVPN_CTL_CLIENTS_MAX; i++) {
		if (server->client[i].fd < 0)
			continue;
		flush(&server->client[i]);
		close_client(&server->client[i]);
	}
	jvpn_ctl_socket_close(server);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	free(server->path);
	free(server);
}

int jvpn_ctl_server_fd(const struct jvpn_ctl_server *server)
{
	return server->epoll_fd;
}

size_t jvpn_ctl_server_count(const struct jvpn_ctl_server *server)
{
	return server->count;
}
