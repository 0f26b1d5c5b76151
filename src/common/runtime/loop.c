/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libev behind loop.h. Wake-ups come from one timerfd: epoll's own timeout has a resolution of a
 * millisecond, far too coarse for pacing.
 */
#include "runtime/loop.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "runtime/clock.h"

#define LOOP_SIGNALS_MAX 8
/* Timers fire at most so often: an interrupt and the sleep around it cost 20 us on a virtual machine,
 * and at several Gbit/s pacing would have one for every 64 KiB. */
#define LOOP_TIMER_SPACING_NS (500 * 1000ULL)
/* And not sooner than that: on a fast network an acknowledgement is due after a few microseconds, and would
 * have an interrupt and a packet of its own just before the answer that it could go with. */
#define LOOP_TIMER_AHEAD_NS (200 * 1000ULL)

struct jvpn_watch {
	ev_io io; /* first: libev hands back its address */
	struct jvpn_loop *loop;
	jvpn_loop_fd_fn fn;
	void *user;
	struct jvpn_watch *next;
};

struct loop_signal {
	ev_signal sig; /* first */
	struct jvpn_loop *loop;
	jvpn_loop_signal_fn fn;
	void *user;
};

struct jvpn_loop {
	struct ev_loop *ev;
	ev_prepare prepare;
	ev_check check;
	ev_io timer_io;
	int timer_fd;
	uint64_t armed_ns; /* what timer_fd is set to, JVPN_TIME_NEVER: disarmed */
	uint64_t due_ns;   /* the deadline that is meant: never before armed_ns */
	uint64_t fired_ns; /* when it last expired */
	uint64_t now_ns;
	jvpn_loop_begin_fn begin;
	jvpn_loop_turn_fn turn;
	void *turn_user;
	struct jvpn_watch *watches;
	struct loop_signal signals[LOOP_SIGNALS_MAX];
	size_t signal_count;
	int code;
};

static void arm(struct jvpn_loop *loop, uint64_t at_ns)
{
	struct itimerspec its = {0};

	if (at_ns > loop->now_ns && at_ns != JVPN_TIME_NEVER)
		at_ns = jvpn_time_max(at_ns, jvpn_time_max(loop->now_ns + LOOP_TIMER_AHEAD_NS,
							   loop->fired_ns + LOOP_TIMER_SPACING_NS));
	loop->due_ns = at_ns;
	/* Deadlines move later with every packet: setting the timer each time costs more than a wake-up
	 * now and then that finds nothing to do. */
	if (at_ns >= loop->armed_ns)
		return;
	loop->armed_ns = at_ns;
	/* 0 would disarm it. */
	its.it_value.tv_sec = (time_t)(at_ns / JVPN_NS_PER_S);
	its.it_value.tv_nsec = (long)(at_ns % JVPN_NS_PER_S);
	if (at_ns == 0)
		its.it_value.tv_nsec = 1;
	(void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
}

static void on_prepare(struct ev_loop *ev, ev_prepare *w, int revents)
{
	struct jvpn_loop *loop = w->data;

	(void)ev;
	(void)revents;
	if (loop->turn)
		arm(loop, loop->turn(loop->turn_user, loop->now_ns));
}

static void on_check(struct ev_loop *ev, ev_check *w, int revents)
{
	struct jvpn_loop *loop = w->data;

	(void)ev;
	(void)revents;
	loop->now_ns = jvpn_clock_mono_ns();
	if (loop->begin)
		loop->begin(loop->turn_user, loop->now_ns);
}

static void on_timer(struct ev_loop *ev, ev_io *w, int revents)
{
	struct jvpn_loop *loop = w->data;
	uint64_t expirations;

	(void)ev;
	(void)revents;
	if (read(loop->timer_fd, &expirations, sizeof(expirations)) == sizeof(expirations)) {
		loop->armed_ns = JVPN_TIME_NEVER;
		if (loop->due_ns <= loop->now_ns)
			loop->fired_ns = loop->now_ns;
	}
}

int jvpn_loop_new(struct jvpn_loop **out)
{
	struct jvpn_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return JVPN_ENOMEM;
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	loop->ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (loop->timer_fd < 0 || !loop->ev) {
		jvpn_loop_free(loop);
		return JVPN_EIO;
	}
	loop->armed_ns = JVPN_TIME_NEVER;
	loop->now_ns = jvpn_clock_mono_ns();
	ev_prepare_init(&loop->prepare, on_prepare);
	loop->prepare.data = loop;
	ev_prepare_start(loop->ev, &loop->prepare);
	ev_check_init(&loop->check, on_check);
	loop->check.data = loop;
	/* Before every other watcher of the turn, so that all see the same time. */
	ev_set_priority(&loop->check, EV_MAXPRI);
	ev_check_start(loop->ev, &loop->check);
	ev_io_init(&loop->timer_io, on_timer, loop->timer_fd, EV_READ);
	loop->timer_io.data = loop;
	ev_io_start(loop->ev, &loop->timer_io);
	*out = loop;
	return 0;
}

void jvpn_loop_free(struct jvpn_loop *loop)
{
	if (!loop)
		return;
	while (loop->watches)
		jvpn_loop_unwatch(loop, loop->watches);
	if (loop->ev)
		ev_loop_destroy(loop->ev);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	free(loop);
}

void jvpn_loop_set_turn(struct jvpn_loop *loop, jvpn_loop_begin_fn begin, jvpn_loop_turn_fn end,
			void *user)
{
	loop->begin = begin;
	loop->turn = end;
	loop->turn_user = user;
}

static void on_io(struct ev_loop *ev, ev_io *w, int revents)
{
	struct jvpn_watch *watch = (struct jvpn_watch *)w;

	(void)ev;
	(void)revents;
	watch->fn(watch->user, watch->loop->now_ns);
}

static int watch_new(struct jvpn_loop *loop, int fd, int events, struct jvpn_watch **out)
{
	struct jvpn_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return JVPN_ENOMEM;
	watch->loop = loop;
	ev_io_init(&watch->io, on_io, fd, events);
	watch->next = loop->watches;
	loop->watches = watch;
	*out = watch;
	return 0;
}

int jvpn_loop_watch_readable(struct jvpn_loop *loop, int fd, jvpn_loop_fd_fn fn, void *user,
			     struct jvpn_watch **out)
{
	int rv = watch_new(loop, fd, EV_READ, out);

	if (rv)
		return rv;
	(*out)->fn = fn;
	(*out)->user = user;
	jvpn_loop_enable(loop, *out, true);
	return 0;
}

int jvpn_loop_watch_writable(struct jvpn_loop *loop, int fd, jvpn_loop_fd_fn fn, void *user,
			     struct jvpn_watch **out)
{
	int rv = watch_new(loop, fd, EV_WRITE, out);

	if (rv)
		return rv;
	(*out)->fn = fn;
	(*out)->user = user;
	return 0;
}

void jvpn_loop_enable(struct jvpn_loop *loop, struct jvpn_watch *watch, bool enabled)
{
	if (enabled)
		ev_io_start(loop->ev, &watch->io);
	else
		ev_io_stop(loop->ev, &watch->io);
}

void jvpn_loop_unwatch(struct jvpn_loop *loop, struct jvpn_watch *watch)
{
	struct jvpn_watch **at = &loop->watches;

	if (!watch)
		return;
	ev_io_stop(loop->ev, &watch->io);
	while (*at && *at != watch)
		at = &(*at)->next;
	if (*at)
		*at = watch->next;
	free(watch);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int revents)
{
	struct loop_signal *signal = (struct loop_signal *)w;

	(void)ev;
	(void)revents;
	signal->fn(signal->user, w->signum, signal->loop->now_ns);
}

int jvpn_loop_on_signal(struct jvpn_loop *loop, int signo, jvpn_loop_signal_fn fn, void *user)
{
	struct loop_signal *signal;

	if (loop->signal_count == LOOP_SIGNALS_MAX)
		return JVPN_EFULL;
	signal = &loop->signals[loop->signal_count++];
	signal->loop = loop;
	signal->fn = fn;
	signal->user = user;
	ev_signal_init(&signal->sig, on_signal, signo);
	ev_signal_start(loop->ev, &signal->sig);
	return 0;
}

int jvpn_loop_run(struct jvpn_loop *loop)
{
	ev_run(loop->ev, 0);
	return loop->code;
}

void jvpn_loop_stop(struct jvpn_loop *loop, int code)
{
	loop->code = code;
	ev_break(loop->ev, EVBREAK_ALL);
}

uint64_t jvpn_loop_now(const struct jvpn_loop *loop)
{
	return loop->now_ns;
}
