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
#include "obs/census.h"
#include "obs/event_json.h"
#include "obs/output.h"
#include "obs/recent.h"

/* Everything under 'lock', but what stays as it was opened. */
struct jvpn_events {
	pthread_mutex_t lock;
	pthread_t owner;
	void (*wake)(void *user);
	void *wake_user;
	struct jvpn_output output[JVPN_EVENTS_OUTPUTS_MAX];
	unsigned outputs;
	struct jvpn_recent recent; /* capacity 0: not kept */
	struct jvpn_census census;
	enum jvpn_role role;
	uint64_t pid;
	char node_id[JVPN_EVENT_NODE_ID_MAX + 1];
	char policy_version[JVPN_POLICY_VERSION_MAX + 1];
	char previous_policy_version[JVPN_POLICY_VERSION_MAX + 1];
	bool without_security, without_latency;
	uint64_t seq;
};

static void ignore_sigpipe(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static void close_outputs(struct jvpn_events *events, unsigned wait_ms)
{
	for (unsigned i = 0; i < events->outputs; i++)
		jvpn_output_close(&events->output[i], wait_ms);
	events->outputs = 0;
}

static int open_outputs(struct jvpn_events *events, const struct jvpn_events_config *config,
			char *error, size_t error_size)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < JVPN_EVENTS_OUTPUTS_MAX && config->output[i]; i++) {
		rc = jvpn_output_open(&events->output[i], config, i, error, error_size);
		if (!rc)
			events->outputs++;
	}
	if (rc)
		close_outputs(events, 0);
	return rc;
}

int jvpn_events_open(const struct jvpn_events_config *config, struct jvpn_events **out, char *error,
		     size_t error_size)
{
	struct jvpn_events *events = calloc(1, sizeof(*events));
	int rc;

	if (!events) {
		snprintf(error, error_size, "events: %s", jvpn_err_text(JVPN_ENOMEM));
		return JVPN_ENOMEM;
	}
	rc = open_outputs(events, config, error, error_size);
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

/* Numbers the event and gives its line to every output; those that do not take it count it. Of an
 * announcement 'announced' is the output whose gap it is; else NULL. True: that one took it. */
static bool put_line(struct jvpn_events *events, const struct jvpn_audit *audit, uint64_t wall_ms,
		     const struct jvpn_output *announced)
{
	struct jvpn_event_context context = make_context(events, wall_ms, ++events->seq);
	char line[JVPN_EVENT_LINE_MAX];
	size_t len = jvpn_event_encode(audit, &context, line, sizeof(line));
	bool is_taken = false;

	jvpn_census_count(&events->census, audit);
	if (len && events->recent.capacity)
		jvpn_recent_push(&events->recent, context.seq, line, len);
	for (unsigned i = 0; i < events->outputs; i++) {
		struct jvpn_output *output = &events->output[i];
		bool is_mine = output == announced;

		if (jvpn_output_put(output, line, len, is_mine) && is_mine)
			is_taken = true;
	}
	return is_taken;
}

static void announce_drops(struct jvpn_events *events, struct jvpn_output *output, uint64_t wall_ms)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_TELEMETRY_DEGRADED,
				   .reason = JVPN_REASON_SINK_SLOW,
				   .has = JVPN_HAS_COUNT,
				   .count = output->unannounced};

	if (events->outputs > 1) {
		audit.has |= JVPN_HAS_TEXT;
		snprintf(audit.text, sizeof(audit.text), "output %s", output->name);
	}
	if (put_line(events, &audit, wall_ms, output))
		jvpn_output_announced(output);
}

static void announce_all(struct jvpn_events *events, uint64_t wall_ms)
{
	for (unsigned i = 0; i < events->outputs; i++)
		if (jvpn_output_can_announce(&events->output[i]))
			announce_drops(events, &events->output[i], wall_ms);
}

static void flush_outputs(struct jvpn_events *events, uint64_t wall_ms)
{
	for (unsigned i = 0; i < events->outputs; i++)
		jvpn_output_flush(&events->output[i], wall_ms);
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
		announce_all(events, wall_ms);
		put_line(events, audit, wall_ms, NULL);
		flush_outputs(events, wall_ms);
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
	for (unsigned i = 0; i < events->outputs; i++)
		jvpn_sink_retry(&events->output[i].sink);
	flush_outputs(events, wall_ms);
	announce_all(events, wall_ms);
	flush_outputs(events, wall_ms);
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

int jvpn_events_poll_fd(struct jvpn_events *events, unsigned index)
{
	int fd = -1;

	jvpn_events_lock(events);
	if (index < events->outputs)
		fd = jvpn_sink_poll_fd(&events->output[index].sink);
	jvpn_events_unlock(events);
	return fd;
}

int jvpn_events_reopen(struct jvpn_events *events, uint64_t wall_ms, char *error, size_t error_size)
{
	int rc = 0;

	jvpn_events_lock(events);
	for (unsigned i = 0; i < events->outputs; i++) {
		char other[256];
		int rc_one = jvpn_sink_reopen(&events->output[i].sink, rc ? other : error,
					      rc ? sizeof(other) : error_size);

		rc = rc ? rc : rc_one;
	}
	flush(events, wall_ms);
	jvpn_events_unlock(events);
	return rc;
}

void jvpn_events_get_census(struct jvpn_events *events, struct jvpn_census *census)
{
	jvpn_events_lock(events);
	*census = events->census;
	jvpn_events_unlock(events);
}

void jvpn_events_get_stats(struct jvpn_events *events, struct jvpn_events_stats *stats)
{
	jvpn_events_lock(events);
	*stats = (struct jvpn_events_stats){.emitted = events->seq, .outputs = events->outputs};
	for (unsigned i = 0; i < events->outputs; i++) {
		const struct jvpn_output *output = &events->output[i];

		stats->output[i] = (struct jvpn_events_output_stats){
			.name = output->name,
			.written = output->sink.lines_written,
			.dropped = output->dropped,
			.waiting_bytes = output->sink.used,
		};
		stats->written += output->sink.lines_written;
		stats->dropped += output->dropped;
		stats->waiting_bytes += output->sink.used;
		stats->must_retry |= output->sink.used && jvpn_sink_poll_fd(&output->sink) < 0;
	}
	jvpn_events_unlock(events);
}

void jvpn_events_close(struct jvpn_events **events, uint64_t wall_ms, unsigned wait_ms)
{
	struct jvpn_events *e = *events;

	if (!e)
		return;
	jvpn_events_flush(e, wall_ms);
	close_outputs(e, wait_ms);
	jvpn_recent_clear(&e->recent);
	pthread_mutex_destroy(&e->lock);
	free(e);
	*events = NULL;
}
