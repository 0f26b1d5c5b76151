/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event loop (libev) behind four verbs: watch a descriptor, take a signal, end a turn, stop.
 * libev types never leave loop.c. One thread.
 */
#ifndef JVPN_RUNTIME_LOOP_H
#define JVPN_RUNTIME_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct jvpn_loop;  /* owner: main */
struct jvpn_watch; /* owner: the loop until _unwatch */

typedef void (*jvpn_loop_fd_fn)(void *user, uint64_t now_ns);
typedef void (*jvpn_loop_signal_fn)(void *user, int signo, uint64_t now_ns);
/* Called first in a turn, before its watchers. */
typedef void (*jvpn_loop_begin_fn)(void *user, uint64_t now_ns);
/* Called after the watchers of a turn and before sleeping: writes what is due and returns the
 * absolute time of the next wake-up (JVPN_TIME_NEVER: only on input). */
typedef uint64_t (*jvpn_loop_turn_fn)(void *user, uint64_t now_ns);

/* JVPN_ENOMEM, JVPN_EIO (no timerfd). */
int jvpn_loop_new(struct jvpn_loop **out);
void jvpn_loop_free(struct jvpn_loop *loop);
void jvpn_loop_set_turn(struct jvpn_loop *loop, jvpn_loop_begin_fn begin, jvpn_loop_turn_fn end,
			void *user);
/* Calls fn while fd is readable. The descriptor stays the caller's. JVPN_ENOMEM. */
int jvpn_loop_watch_readable(struct jvpn_loop *loop, int fd, jvpn_loop_fd_fn fn, void *user,
			     struct jvpn_watch **out);
/* The same for writable; starts disabled, see _enable. */
int jvpn_loop_watch_writable(struct jvpn_loop *loop, int fd, jvpn_loop_fd_fn fn, void *user,
			     struct jvpn_watch **out);
void jvpn_loop_enable(struct jvpn_loop *loop, struct jvpn_watch *watch, bool enabled);
void jvpn_loop_unwatch(struct jvpn_loop *loop, struct jvpn_watch *watch);
/* Takes a signal in the loop, not in a handler. JVPN_ENOMEM. */
int jvpn_loop_on_signal(struct jvpn_loop *loop, int signo, jvpn_loop_signal_fn fn, void *user);
/* Runs until jvpn_loop_stop(); returns its code. */
int jvpn_loop_run(struct jvpn_loop *loop);
void jvpn_loop_stop(struct jvpn_loop *loop, int code);
/* The time of this turn. */
uint64_t jvpn_loop_now(const struct jvpn_loop *loop);

#endif
