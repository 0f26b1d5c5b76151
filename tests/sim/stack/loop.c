/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Takes the place of runtime/loop.c: turns are made by the world, descriptors are those of the other
 * replaced files. For tests only.
 */
#include "runtime/loop.h"

#include <stdlib.h>

#include "base/err.h"
#include "stack.h"

#define SIGNALS 8
#define READY   64

struct jvpn_watch {
	struct jvpn_watch *next;
	int fd;
	bool writable, enabled;
	jvpn_loop_fd_fn fn;
	void *user;
};

struct jvpn_loop {
	jvpn_loop_begin_fn begin;
	jvpn_loop_turn_fn turn;
	void *turn_user;
	struct jvpn_watch *watches;
	struct {
		int signo;
		jvpn_loop_signal_fn fn;
		void *user;
	} signal[SIGNALS];
	size_t signals;
	int pending; /* a signal */
	uint64_t now_ns, deadline_ns;
	bool stopped;
	int code;
};

static bool is_ready(const struct jvpn_watch *w)
{
	return w->enabled && !w->writable &&
	       (stack_net_readable(w->fd) || stack_tun_readable(w->fd) ||
		stack_netmon_readable(w->fd) || stack_disk_readable(w->fd));
}

static bool is_watched(const struct jvpn_loop *loop, const struct jvpn_watch *watch)
{
	for (const struct jvpn_watch *w = loop->watches; w; w = w->next)
		if (w == watch)
			return true;
	return false;
}

static void call_watchers(struct jvpn_loop *loop)
{
	struct jvpn_watch *ready[READY];
	size_t n = 0;

	for (struct jvpn_watch *w = loop->watches; w && n < READY; w = w->next)
		if (is_ready(w))
			ready[n++] = w;
	for (size_t i = 0; i < n; i++)
		if (is_watched(loop, ready[i]))
			ready[i]->fn(ready[i]->user, loop->now_ns);
}

static void call_signal(struct jvpn_loop *loop)
{
	int signo = loop->pending;

	loop->pending = 0;
	for (size_t i = 0; i < loop->signals; i++)
		if (loop->signal[i].signo == signo)
			loop->signal[i].fn(loop->signal[i].user, signo, loop->now_ns);
}

void stack_loop_turn(struct jvpn_loop *loop)
{
	loop->now_ns = stack.now_ns;
	if (loop->begin)
		loop->begin(loop->turn_user, loop->now_ns);
	call_watchers(loop);
	if (loop->pending)
		call_signal(loop);
	loop->deadline_ns =
		loop->turn ? loop->turn(loop->turn_user, loop->now_ns) : JVPN_TIME_NEVER;
}

uint64_t stack_loop_deadline(const struct jvpn_loop *loop)
{
	return loop->deadline_ns;
}

bool stack_loop_ready(const struct jvpn_loop *loop)
{
	for (const struct jvpn_watch *w = loop->watches; w; w = w->next)
		if (is_ready(w))
			return true;
	return loop->pending || loop->deadline_ns <= stack.now_ns;
}

bool stack_loop_stopped(const struct jvpn_loop *loop, int *code)
{
	*code = loop->code;
	return loop->stopped;
}

void stack_loop_signal(struct jvpn_loop *loop, int signo)
{
	loop->pending = signo;
}

/* ---- the interface of loop.h ---- */

int jvpn_loop_new(struct jvpn_loop **out)
{
	struct jvpn_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return JVPN_ENOMEM;
	loop->now_ns = stack.now_ns;
	stack.current->loop = loop;
	*out = loop;
	return 0;
}

void jvpn_loop_free(struct jvpn_loop *loop)
{
	if (!loop)
		return;
	while (loop->watches)
		jvpn_loop_unwatch(loop, loop->watches);
	for (size_t i = 0; i < stack.nodes; i++)
		if (stack.node[i].loop == loop)
			stack.node[i].loop = NULL;
	free(loop);
}

void jvpn_loop_set_turn(struct jvpn_loop *loop, jvpn_loop_begin_fn begin, jvpn_loop_turn_fn end,
			void *user)
{
	loop->begin = begin;
	loop->turn = end;
	loop->turn_user = user;
}

static int watch_new(struct jvpn_loop *loop, const struct jvpn_watch *from, struct jvpn_watch **out)
{
	struct jvpn_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return JVPN_ENOMEM;
	*w = *from;
	w->next = loop->watches;
	loop->watches = w;
	*out = w;
	return 0;
}

int jvpn_loop_watch_readable(struct jvpn_loop *loop, int fd, jvpn_loop_fd_fn fn, void *user,
			     struct jvpn_watch **out)
{
	return watch_new(
		loop, &(struct jvpn_watch){.fd = fd, .enabled = true, .fn = fn, .user = user}, out);
}

int jvpn_loop_watch_writable(struct jvpn_loop *loop, int fd, jvpn_loop_fd_fn fn, void *user,
			     struct jvpn_watch **out)
{
	return watch_new(loop,
			 &(struct jvpn_watch){.fd = fd, .writable = true, .fn = fn, .user = user},
			 out);
}

void jvpn_loop_enable(struct jvpn_loop *loop, struct jvpn_watch *watch, bool enabled)
{
	(void)loop;
	watch->enabled = enabled;
}

void jvpn_loop_unwatch(struct jvpn_loop *loop, struct jvpn_watch *watch)
{
	struct jvpn_watch **at = &loop->watches;

	if (!watch)
		return;
	while (*at && *at != watch)
		at = &(*at)->next;
	if (*at)
		*at = watch->next;
	free(watch);
}

int jvpn_loop_on_signal(struct jvpn_loop *loop, int signo, jvpn_loop_signal_fn fn, void *user)
{
	if (loop->signals == SIGNALS)
		return JVPN_EFULL;
	loop->signal[loop->signals].signo = signo;
	loop->signal[loop->signals].fn = fn;
	loop->signal[loop->signals++].user = user;
	return 0;
}

int jvpn_loop_run(struct jvpn_loop *loop)
{
	return loop->code;
}

void jvpn_loop_stop(struct jvpn_loop *loop, int code)
{
	loop->stopped = true;
	loop->code = code;
}

uint64_t jvpn_loop_now(const struct jvpn_loop *loop)
{
	return loop->now_ns;
}
