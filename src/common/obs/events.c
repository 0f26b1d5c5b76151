/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbering, dropping and announcing of event lines.
 */
#include "obs/events.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "obs/event_json.h"
#include "obs/recent.h"
#include "obs/sink.h"

/* Everything under 'lock', but what stays as it was opened. */
struct jvpn_events {
	pthread_mutex_t lock;
	pthread_t owner;
	void (*wake)(void *user);
	void *wake_user;
	struct jvpn_sink sink;
	struct jvpn_recent recent; /* capacity 0: not kept */
	enum jvpn_role role;
	uint64_t pid;
	char node_id[JVPN_EVENT_NODE_ID_MAX + 1];
	char policy_version[JVPN_POLICY_VERSION_MAX + 1];
	char previous_policy_version[JVPN_POLICY_VERSION_MAX + 1];
	bool without_security, without_latency;
	uint64_t seq;
	uint64_t dropped;     /* in total */
	uint64_t unannounced; /* of those, not yet in a TelemetryDegraded */
};

static void ignore_sigpipe(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

int jvpn_events_open(const struct jvpn_events_config *config, struct jvpn_events **out, char *error,
		     size_t error_size)
{
	size_t bytes = config->buffer_bytes ? config->buffer_bytes : JVPN_EVENTS_BUFFER_DEFAULT;
	struct jvpn_events *events = calloc(1, sizeof(*events));
	int rc;

	if (!events) {
		snprintf(error, error_size, "events: %s", jvpn_err_text(JVPN_ENOMEM));
		return JVPN_ENOMEM;
	}
	if (bytes < 2 * JVPN_EVENT_LINE_MAX)
		bytes = 2 * JVPN_EVENT_LINE_MAX;
	rc = jvpn_sink_open(&events->sink, config->output, bytes, error, error_size);
	if (rc) {
		free(events);
		return rc;
	}
	ignore_sigpipe();
	pthread_mutex_init(&events->lock, NULL);
	events->owner = pthread_self();
	events->role = config->role;
	events->pid = (uint64_t)getpid();
	snprintf(events->node_id, sizeof(events->node_id), "%s", config->node_id);
	snprintf(events->policy_version, sizeof(events->policy_version), "none");
	snprintf(events->previous_policy_version, sizeof(events->previous_policy_version), "none");
	*out = events;
	return 0;
}

void jvpn_events_set_wake(struct jvpn_events *events, void (*wake)(void *user), void *user)
{
	events->wake = wake;
	events->wake_user = user;
}

void jvpn_events_lock(struct jvpn_events *events)
{
	pthread_mutex_lock(&events->lock);
}

void jvpn_events_unlock(struct jvpn_events *events)
{
	pthread_mutex_unlock(&events->lock);
}

void jvpn_events_set_policy(struct jvpn_events *events, const struct jvpn_policy *policy)
{
	jvpn_events_lock(events);
	memcpy(events->previous_policy_version, events->policy_version,
	       sizeof(events->policy_version));
	memcpy(events->policy_version, policy->version, sizeof(events->policy_version));
	events->without_security = !policy->emit_security_events;
	events->without_latency = !policy->include_latency_metrics;
	jvpn_events_unlock(events);
}

static void count_drop(struct jvpn_events *events, uint64_t lines)
{
	events->dropped += lines;
	events->unannounced += lines;
}

/* What the sink lost because its reader went away is dropped as well. */
static void flush_sink(struct jvpn_events *events)
{
	jvpn_sink_flush(&events->sink);
	count_drop(events, events->sink.lines_lost);
	events->sink.lines_lost = 0;
}

static struct jvpn_event_context make_context(const struct jvpn_events *events, uint64_t wall_ms,
					      uint64_t seq)
{
	return (struct jvpn_event_context){
		.wall_ms = wall_ms,
		.seq = seq,
		.pid = events->pid,
		.node_id = events->node_id,
		.role = events->role == JVPN_ROLE_SERVER ? "server" : "client",
		.policy_version = events->policy_version,
		.previous_policy_version = events->previous_policy_version,
		.without_latency = events->without_latency,
	};
}

/* Numbers the event, and queues its line (true) or counts it as dropped. */
static bool put_line(struct jvpn_events *events, const struct jvpn_audit *audit, uint64_t wall_ms)
{
	struct jvpn_event_context context = make_context(events, wall_ms, ++events->seq);
	char line[JVPN_EVENT_LINE_MAX];
	/* Behind a gap only its announcement may follow. */
	bool may_follow = !events->unannounced || audit->type == JVPN_AUDIT_TELEMETRY_DEGRADED;
	size_t len = 0;

	if (may_follow || events->recent.capacity)
		len = jvpn_event_encode(audit, &context, line, sizeof(line));
	if (len && events->recent.capacity)
		jvpn_recent_push(&events->recent, context.seq, line, len);
	if (len && may_follow && jvpn_sink_push(&events->sink, line, len))
		return true;
	count_drop(events, 1);
	return false;
}

/* A quarter of the buffer must be free first: a reader that is always a bit too slow would
 * otherwise get one announcement per line. */
static bool can_announce(const struct jvpn_events *events)
{
	size_t room = jvpn_sink_room(&events->sink);

	return events->unannounced && room >= JVPN_EVENT_LINE_MAX &&
	       room >= events->sink.capacity / 4;
}

static void announce_drops(struct jvpn_events *events, uint64_t wall_ms)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_TELEMETRY_DEGRADED,
				   .reason = JVPN_REASON_SINK_SLOW,
				   .has = JVPN_HAS_COUNT,
				   .count = events->unannounced};

	if (put_line(events, &audit, wall_ms))
		events->unannounced = 0;
}

static bool is_switched_off(const struct jvpn_events *events, enum jvpn_audit_type type)
{
	return events->without_security && (type == JVPN_AUDIT_SECURITY_REPLAY_DETECTED ||
					    type == JVPN_AUDIT_SECURITY_VALIDATION_FAILED ||
					    type == JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT);
}

void jvpn_events_emit(struct jvpn_events *events, const struct jvpn_audit *audit, uint64_t wall_ms)
{
	jvpn_events_lock(events);
	if (!is_switched_off(events, audit->type)) {
		if (can_announce(events))
			announce_drops(events, wall_ms);
		put_line(events, audit, wall_ms);
		flush_sink(events);
	}
	jvpn_events_unlock(events);
	if (events->wake && !pthread_equal(events->owner, pthread_self()))
		events->wake(events->wake_user);
}

size_t jvpn_events_format(struct jvpn_events *events, const struct jvpn_audit *audit,
			  uint64_t wall_ms, char *out, size_t size)
{
	struct jvpn_event_context context;
	size_t len = 0;

	jvpn_events_lock(events);
	context = make_context(events, wall_ms, 0);
	if (!is_switched_off(events, audit->type))
		len = jvpn_event_encode(audit, &context, out, size);
	jvpn_events_unlock(events);
	return len;
}

size_t jvpn_events_format_as(struct jvpn_events *events, const struct jvpn_audit *audit,
			     uint64_t wall_ms, uint64_t seq, char *out)
{
	struct jvpn_event_context context;
	size_t len;

	jvpn_events_lock(events);
	context = make_context(events, wall_ms, seq);
	len = jvpn_event_encode(audit, &context, out, JVPN_EVENT_LINE_MAX);
	jvpn_events_unlock(events);
	return len;
}

static void flush(struct jvpn_events *events, uint64_t wall_ms)
{
	flush_sink(events);
	if (!can_announce(events))
		return;
	announce_drops(events, wall_ms);
	flush_sink(events);
}

void jvpn_events_flush(struct jvpn_events *events, uint64_t wall_ms)
{
	jvpn_events_lock(events);
	flush(events, wall_ms);
	jvpn_events_unlock(events);
}

int jvpn_events_keep_recent(struct jvpn_events *events, size_t bytes)
{
	return events->recent.capacity ? 0 : jvpn_recent_init(&events->recent, bytes);
}

const struct jvpn_recent *jvpn_events_recent(const struct jvpn_events *events)
{
	return events->recent.capacity ? &events->recent : NULL;
}

int jvpn_events_poll_fd(struct jvpn_events *events)
{
	int fd;

	jvpn_events_lock(events);
	fd = jvpn_sink_poll_fd(&events->sink);
	jvpn_events_unlock(events);
	return fd;
}

int jvpn_events_reopen(struct jvpn_events *events, uint64_t wall_ms, char *error, size_t error_size)
{
	int rc;

	jvpn_events_lock(events);
	rc = jvpn_sink_reopen(&events->sink, error, error_size);
	flush(events, wall_ms);
	jvpn_events_unlock(events);
	return rc;
}

void jvpn_events_get_stats(struct jvpn_events *events, struct jvpn_events_stats *stats)
{
	jvpn_events_lock(events);
	*stats = (struct jvpn_events_stats){
		.emitted = events->seq,
		.written = events->sink.lines_written,
		.dropped = events->dropped,
		.waiting_bytes = events->sink.used,
	};
	jvpn_events_unlock(events);
}

void jvpn_events_close(struct jvpn_events **events, uint64_t wall_ms, unsigned wait_ms)
{
	struct jvpn_events *e = *events;

	if (!e)
		return;
	jvpn_events_flush(e, wall_ms);
	jvpn_sink_close(&e->sink, wait_ms);
	jvpn_recent_clear(&e->recent);
	pthread_mutex_destroy(&e->lock);
	free(e);
	*events = NULL;
}
