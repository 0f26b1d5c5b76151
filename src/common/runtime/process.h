/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the two programs do alike as processes: exit codes for errors, signals, a reloaded policy,
 * limits that follow from the policy. Opens nothing.
 */
#ifndef JVPN_RUNTIME_PROCESS_H
#define JVPN_RUNTIME_PROCESS_H

#include <stdint.h>

#include "config/events.h"
#include "config/exit.h"
#include "config/report.h"
#include "runtime/engine.h"

/* Long enough for every sentence of the constructors. */
#define JVPN_PROCESS_ERROR_MAX 512

/* Logs the sentence and returns the code: "return jvpn_process_fail(...)". */
int jvpn_process_fail(int code, const char *error);
/* The exit code for an error of something that was to be opened (enum jvpn_exit). */
int jvpn_process_exit_code(int err);
/* SIGTERM and SIGINT to 'stop', SIGHUP to 'reload'. JVPN_EXIT_OK or JVPN_EXIT_FAILURE (logged). */
int jvpn_process_take_signals(struct jvpn_loop *loop, jvpn_loop_signal_fn stop,
			      jvpn_loop_signal_fn reload, void *user);
/* What the configuration says about the event stream; borrows from it. */
struct jvpn_events_config jvpn_process_events(enum jvpn_role role, const char *node_id,
					      const struct jvpn_config_events *events);
/* After SIGHUP or "reload": 'err' and 'policy' are what reading the policy again gave. Taken, or refused
 * as a whole with its errors printed and PolicyRejected; then the event outputs are opened again. 'who' asked
 * for it, NULL: a signal. */
void jvpn_process_reloaded(struct jvpn_engine *engine, const char *who, int err,
			   const struct jvpn_policy *policy, const struct jvpn_report *report);
/* max_idle_timeout = 3 keepalives + 5 s (session.md, "Liveness"). */
uint64_t jvpn_process_idle_timeout_ns(const struct jvpn_policy *policy);
/* Limits of one session's queue of inner packets: a quarter of a second at 100 Mbit/s. */
struct jvpn_queue_config jvpn_process_queue_config(void);

#endif
