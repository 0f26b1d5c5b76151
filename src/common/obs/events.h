/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event stream: one JSON object a line, to one or several outputs: standard output, a file, the
 * journal, syslog (jvpn-events.5). Never blocks and never fails towards the caller: what a slow or dead
 * reader does not take is dropped as whole lines, counted, and announced. Reads no clock: the wall
 * clock is an argument.
 *
 * seq is given to every event, written or not. Where an output has lost lines, its next one is always a
 * TelemetryDegraded whose count is exactly the number of missing seq values in front of it. With several
 * outputs the others get that line too: its detail says whose gap it is.
 *
 * Any thread may emit and format; the rest is for the thread that opened it.
 */
#ifndef JVPN_OBS_EVENTS_H
#define JVPN_OBS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/audit.h"
#include "core/policy.h"

struct jvpn_recent;
struct jvpn_census;
struct jvpn_events; /* owner: the runtime, one per process */

#define JVPN_EVENTS_BUFFER_DEFAULT (512 * 1024)
#define JVPN_EVENTS_OUTPUTS_MAX    4

/* Everything is copied. */
struct jvpn_events_config {
	enum jvpn_role role;
	const char *node_id;
	/* "stdout", "fd:N", "journald", "syslog" or a path; at least one, NULL behind the last. */
	const char *output[JVPN_EVENTS_OUTPUTS_MAX];
	const char *journal_socket; /* NULL: the usual one */
	const char *syslog_socket;  /* NULL: /dev/log */
	unsigned syslog_facility;   /* 0..23 */
	size_t buffer_bytes; /* lines that wait for each reader; 0: JVPN_EVENTS_BUFFER_DEFAULT */
};

struct jvpn_events_output_stats {
	const char *name; /* valid until _close */
	uint64_t written; /* handed to the kernel as whole lines */
	uint64_t dropped; /* in total, announced or not */
	size_t waiting_bytes;
};

struct jvpn_events_stats {
	uint64_t emitted; /* = the last seq */
	uint64_t written; /* sums over the outputs */
	uint64_t dropped;
	size_t waiting_bytes;
	bool must_retry; /* lines wait that no descriptor tells about: call _flush in about a second */
	unsigned outputs;
	struct jvpn_events_output_stats output[JVPN_EVENTS_OUTPUTS_MAX];
};

/* Opens the outputs (a file is created with mode 0640 and appended to; a journal or a syslog that is not
 * there yet is waited for). Ignores SIGPIPE in this process if it was at its default. JVPN_ENOMEM;
 * JVPN_EPERM, JVPN_EIO with a sentence in error. */
int jvpn_events_open(const struct jvpn_events_config *config, struct jvpn_events **out, char *error,
		     size_t error_size);
/* Called after each line that another thread has emitted, on that thread: it may have to wait, and
 * readers may want it. */
void jvpn_events_set_wake(struct jvpn_events *events, void (*wake)(void *user), void *user);
void jvpn_events_lock(struct jvpn_events *events);
void jvpn_events_unlock(struct jvpn_events *events);
/* Version and observability.* switches for the events that follow; before the first call the
 * version is "none". PolicyLoaded carries the version that was in force before this call. */
void jvpn_events_set_policy(struct jvpn_events *events, const struct jvpn_policy *policy);
/* Writes or queues one event. wall_ms: milliseconds since 1970-01-01 UTC. */
void jvpn_events_emit(struct jvpn_events *events, const struct jvpn_audit *audit, uint64_t wall_ms);

/* The line that the event would be, with seq 0: for the durable audit, which numbers its own. Its
 * length, 0 when it is switched off or does not fit. */
size_t jvpn_events_format(struct jvpn_events *events, const struct jvpn_audit *audit,
			  uint64_t wall_ms, char *out, size_t size);

/* The same with a seq, for a reader who is told of his own gap. 'out' has JVPN_EVENT_LINE_MAX octets. */
size_t jvpn_events_format_as(struct jvpn_events *events, const struct jvpn_audit *audit,
			     uint64_t wall_ms, uint64_t seq, char *out);

/* The newest lines stay in memory from now on, written to the sink or not, for readers that follow
 * the stream (obs/recent.h). JVPN_ENOMEM. */
int jvpn_events_keep_recent(struct jvpn_events *events, size_t bytes);
/* NULL before _keep_recent. When other threads emit: to be read between jvpn_events_lock() and _unlock()
 * only. */
const struct jvpn_recent *jvpn_events_recent(const struct jvpn_events *events);

/* The descriptor of an output to watch for writability while lines wait, or -1 when nothing waits or
 * there is nothing to watch (_get_stats: must_retry). Ask again after each call of _emit, _flush and
 * _reopen. index: from 0. */
int jvpn_events_poll_fd(struct jvpn_events *events, unsigned index);
/* Writes what the outputs take now. */
void jvpn_events_flush(struct jvpn_events *events, uint64_t wall_ms);
/* SIGHUP: opens the paths again (after a rotation). Of an output for which that fails the old file
 * stays: JVPN_EIO, JVPN_EPERM with a sentence in error (of the first one). Nothing to do for stdout. */
int jvpn_events_reopen(struct jvpn_events *events, uint64_t wall_ms, char *error,
		       size_t error_size);
void jvpn_events_get_stats(struct jvpn_events *events, struct jvpn_events_stats *stats);
/* What has been emitted so far, by type and reason (obs/census.h); any thread. */
void jvpn_events_get_census(struct jvpn_events *events, struct jvpn_census *census);
/* Gives a slow reader at most about wait_ms without progress, then closes and frees. A line that
 * was begun in a regular file and cannot be ended is taken back. Sets *events to NULL. */
void jvpn_events_close(struct jvpn_events **events, uint64_t wall_ms, unsigned wait_ms);

#endif
