/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joins the control socket with the loop, the event stream and the policy.
 */
#include "runtime/operator.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "config/policy_file.h"
#include "obs/event_json.h"
#include "obs/recent.h"
#include "runtime/clock.h"

/* About a thousand lines. */
#define RECENT_BYTES (256 * 1024)
/* Of a report, in one answer. */
#define REPORT_BYTES_MAX 50000

/* ---- policy ---- */

static void put_policy_value(struct jvpn_json *j, const struct jvpn_policy_field *field,
			     const struct jvpn_policy *policy)
{
	const char *at = (const char *)policy + field->offset;
	uint64_t v = 0;

	if (field->kind == JVPN_POLICY_BOOL) {
		jvpn_json_bool(j, field->key, *(const bool *)at);
	} else if (field->kind == JVPN_POLICY_PLAIN_PEERS) {
		jvpn_json_text(j, field->key,
			       policy->plain_peers == JVPN_PLAIN_PEERS_STRICT ? "strict"
									      : "validated_path");
	} else if (field->kind == JVPN_POLICY_TRANSPORTS) {
		jvpn_json_open(j, field->key, '[');
		jvpn_json_text(j, NULL, "quic");
		jvpn_json_close(j, ']');
	} else {
		memcpy(&v, at, sizeof(v));
		jvpn_json_part(j, field->key, v,
			       field->kind == JVPN_POLICY_PPM     ? 1000000
			       : field->kind == JVPN_POLICY_MILLI ? 1000
								  : 1);
	}
}

static void put_policy(struct jvpn_json *j, const struct jvpn_policy *policy)
{
	size_t count;
	const struct jvpn_policy_field *f = jvpn_policy_fields(&count);

	jvpn_json_open(j, "policy", '{');
	jvpn_json_text(j, "version", policy->version);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(f[i].section, f[i - 1].section) != 0)
			jvpn_json_open(j, f[i].section, '{');
		put_policy_value(j, &f[i], policy);
		if (i + 1 == count || strcmp(f[i].section, f[i + 1].section) != 0)
			jvpn_json_close(j, '}');
	}
	jvpn_json_close(j, '}');
}

static enum jvpn_ctl_progress show_policy(const struct jvpn_operator *op,
					  struct jvpn_ctl_client *client)
{
	const struct jvpn_policy *policy = &op->engine->driver->policy;
	struct jvpn_json *j;
	char *yaml = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&yaml, &size);

	if (!stream) {
		jvpn_ctl_fail(client, "internal", "no memory");
		return JVPN_CTL_DONE;
	}
	jvpn_policy_file_print(policy, stream);
	fclose(stream);
	j = jvpn_ctl_begin(client, "result");
	jvpn_json_text(j, "source",
		       op->config.policy_path[0] ? op->config.policy_path : "built in");
	put_policy(j, policy);
	jvpn_json_text(j, "yaml", yaml);
	jvpn_ctl_end(client);
	free(yaml);
	return JVPN_CTL_DONE;
}

/* ---- events ---- */

/* The announcement of a gap takes the place of the last line that is missing, so that its count is
 * the number of missing seq in front of it, as everywhere (obs/events.h); a single one has no room for
 * that, and the line behind it goes as well. */
static void announce_gap(const struct jvpn_operator *op, struct jvpn_ctl_client *client,
			 struct jvpn_recent_cursor *c, uint64_t seq)
{
	uint64_t place = seq - c->seq > 1 ? seq - 1 : seq;
	struct jvpn_audit audit = {.type = JVPN_AUDIT_TELEMETRY_DEGRADED,
				   .reason = JVPN_REASON_SINK_SLOW,
				   .has = JVPN_HAS_COUNT | JVPN_HAS_TEXT,
				   .count = place - c->seq};
	char line[JVPN_EVENT_LINE_MAX];
	size_t len;

	snprintf(audit.text, sizeof(audit.text),
		 "this reader of the control socket was too slow; other readers have these lines");
	len = jvpn_events_format_as(op->engine->events, &audit, jvpn_clock_wall_ms(), place, line);
	if (len > 1)
		jvpn_ctl_answer_raw(client, "event", line, len - 1);
	c->seq = place + 1;
}

enum next { NEXT_NONE = 0, NEXT_LINE, NEXT_GAP };

static enum next take_event(const struct jvpn_operator *op, struct jvpn_recent_cursor *c,
			    char line[JVPN_EVENT_LINE_MAX], size_t *len)
{
	struct jvpn_events *events = op->engine->events;
	enum next rv = NEXT_NONE;
	uint64_t seq;

	jvpn_events_lock(events);
	seq = jvpn_recent_peek(jvpn_events_recent(events), c);
	if (seq && seq > c->seq) {
		*len = (size_t)seq;
		rv = NEXT_GAP;
	} else if (seq && jvpn_recent_next(jvpn_events_recent(events), c, line, JVPN_EVENT_LINE_MAX,
					   len)) {
		rv = NEXT_LINE;
	}
	jvpn_events_unlock(events);
	return rv;
}

static enum jvpn_ctl_progress more_events(const struct jvpn_operator *op,
					  struct jvpn_ctl_client *client,
					  struct jvpn_ctl_task *task)
{
	char line[JVPN_EVENT_LINE_MAX];
	size_t len = 0;

	switch (take_event(op, &task->recent, line, &len)) {
	case NEXT_LINE:
		jvpn_ctl_answer_raw(client, "event", line, len - 1);
		task->count++;
		return JVPN_CTL_MORE;
	case NEXT_GAP:
		announce_gap(op, client, &task->recent, len);
		return JVPN_CTL_MORE;
	case NEXT_NONE:
		break;
	}
	if (task->request.follow)
		return JVPN_CTL_WAIT;
	jvpn_json_uint(jvpn_ctl_begin(client, "end"), "count", task->count);
	jvpn_ctl_end(client);
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress begin_events(const struct jvpn_operator *op,
					   struct jvpn_ctl_client *client,
					   struct jvpn_ctl_task *task)
{
	struct jvpn_events *events = op->engine->events;
	uint64_t since = task->request.since;

	/* What was before the oldest line in memory was never promised: no gap. */
	if (!since && !task->request.follow)
		since = 1;
	jvpn_events_lock(events);
	jvpn_recent_seek(jvpn_events_recent(events), since, &task->recent);
	if (!task->request.since) {
		uint64_t first = jvpn_recent_peek(jvpn_events_recent(events), &task->recent);

		task->recent.seq = first ? first : task->recent.seq;
	}
	jvpn_events_unlock(events);
	return more_events(op, client, task);
}

/* ---- the table ---- */

static enum jvpn_ctl_progress on_request(void *user, struct jvpn_ctl_client *client,
					 struct jvpn_ctl_task *task)
{
	const struct jvpn_operator *op = user;
	enum jvpn_ctl_command_id id = task->request.command->id;

	if (id == JVPN_CTL_POLICY)
		return show_policy(op, client);
	if (id == JVPN_CTL_EVENTS)
		return begin_events(op, client, task);
	if (op->config.commands[id].begin)
		return op->config.commands[id].begin(op->config.user, client, task);
	jvpn_ctl_fail(client, "not_possible", "%s is not possible here",
		      task->request.command->name);
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress on_more(void *user, struct jvpn_ctl_client *client,
				      struct jvpn_ctl_task *task)
{
	const struct jvpn_operator *op = user;
	enum jvpn_ctl_command_id id = task->request.command->id;

	if (id == JVPN_CTL_EVENTS)
		return more_events(op, client, task);
	if (op->config.commands[id].more)
		return op->config.commands[id].more(op->config.user, client, task);
	return JVPN_CTL_DONE;
}

static void on_end(void *user, struct jvpn_ctl_task *task)
{
	const struct jvpn_operator *op = user;

	if (op->config.end)
		op->config.end(op->config.user, task);
}

static bool is_due(void *user, const struct jvpn_ctl_task *task)
{
	const struct jvpn_operator *op = user;
	struct jvpn_events *events = op->engine->events;
	bool due;

	if (task->request.command->id != JVPN_CTL_EVENTS)
		return false;
	jvpn_events_lock(events);
	due = jvpn_events_recent(events)->last_seq >= task->recent.seq;
	jvpn_events_unlock(events);
	return due;
}

static const struct jvpn_ctl_ops ctl_ops = {
	.on_request = on_request, .on_more = on_more, .on_end = on_end, .is_due = is_due};

/* ---- opening ---- */

static int find_group(const char *name, struct jvpn_ctl_config *out)
{
	struct group *group;
	char *end;
	unsigned long gid;

	if (!name[0])
		return 0;
	out->has_group = true;
	gid = strtoul(name, &end, 10);
	if (!*end && gid < UINT32_MAX) {
		out->group = (gid_t)gid;
		return 0;
	}
	group = getgrnam(name);
	if (!group)
		return JVPN_ECONFIG;
	out->group = group->gr_gid;
	return 0;
}

static void on_readable(void *user, uint64_t now_ns)
{
	const struct jvpn_operator *op = user;

	jvpn_ctl_server_poll(op->ctl, now_ns);
}

static int open_socket(struct jvpn_operator *op, const char *path, char *error, size_t error_size)
{
	const struct jvpn_config_control *control = op->config.control;
	struct jvpn_ctl_config config = {.path = path,
					 .role = op->config.server ? JVPN_CTL_SERVER
								   : JVPN_CTL_CLIENT,
					 .group_acts = control->group_may == JVPN_GROUP_MAY_ACT,
					 .ops = &ctl_ops,
					 .user = op};

	if (find_group(control->group, &config)) {
		snprintf(error, error_size, "control.group: there is no group %s", control->group);
		return JVPN_ECONFIG;
	}
	return jvpn_ctl_server_open(&config, &op->ctl, error, error_size);
}

size_t jvpn_operator_recent_bytes(const struct jvpn_config_control *control)
{
	return strcmp(control->socket, "off") == 0 ? 0 : RECENT_BYTES;
}

static int follow(struct jvpn_operator *op)
{
	int rv = jvpn_events_keep_recent(op->engine->events, RECENT_BYTES);

	return rv ? rv
		  : jvpn_loop_watch_readable(op->engine->loop, jvpn_ctl_server_fd(op->ctl),
					     on_readable, op, &op->watch);
}

int jvpn_operator_open(struct jvpn_operator *op, struct jvpn_engine *engine,
		       const struct jvpn_operator_config *config, char *error, size_t error_size)
{
	char usual[JVPN_CONFIG_PATH_MAX];
	const char *path = config->control->socket;
	int rv;

	memset(op, 0, sizeof(*op));
	op->config = *config;
	op->engine = engine;
	op->started_ns = jvpn_loop_now(engine->loop);
	if (strcmp(path, "off") == 0)
		return 0;
	jvpn_control_default_path(config->server, config->config_path, usual);
	rv = open_socket(op, path[0] ? path : usual, error, error_size);
	if (rv && rv != JVPN_ECONFIG && !path[0]) {
		jvpn_log_warn(JVPN_LOG_CTL, "%s; going on without one", error);
		return 0;
	}
	if (!rv)
		rv = follow(op);
	if (!rv)
		jvpn_log_debug(JVPN_LOG_CTL, "control socket %s", path[0] ? path : usual);
	return rv;
}

void jvpn_operator_close(struct jvpn_operator *op)
{
	if (!op->ctl)
		return;
	jvpn_loop_unwatch(op->engine->loop, op->watch);
	jvpn_ctl_server_free(op->ctl);
	op->ctl = NULL;
}

void jvpn_operator_turn(struct jvpn_operator *op, uint64_t now_ns)
{
	if (op->ctl && jvpn_ctl_server_count(op->ctl))
		jvpn_ctl_server_poll(op->ctl, now_ns);
}

uint64_t jvpn_operator_next_deadline(const struct jvpn_operator *op)
{
	return op->ctl ? jvpn_ctl_server_next_deadline(op->ctl) : JVPN_TIME_NEVER;
}

/* ---- answers ---- */

void jvpn_operator_describe(const struct jvpn_operator *op, struct jvpn_json *j)
{
	struct jvpn_events_stats stats;
	const struct jvpn_driver *d = op->engine->driver;

	jvpn_json_text(j, "program", op->config.server ? "jvpn-server" : "jvpn-client");
	jvpn_json_text(j, "version", PACKAGE_VERSION);
	jvpn_json_uint(j, "pid", (uint64_t)getpid());
	jvpn_json_uint(j, "uptime_ms", jvpn_ns_to_ms(jvpn_time_since(d->now_ns, op->started_ns)));
	jvpn_json_text(j, "config", op->config.config_path);
	jvpn_json_text(j, "policy_version", d->policy.version);
	jvpn_json_text(j, "policy_source",
		       op->config.policy_path[0] ? op->config.policy_path : "built in");
	jvpn_events_get_stats(op->engine->events, &stats);
	jvpn_json_open(j, "events", '{');
	jvpn_json_uint(j, "emitted", stats.emitted);
	jvpn_json_uint(j, "written", stats.written);
	jvpn_json_uint(j, "dropped", stats.dropped);
	jvpn_json_open(j, "outputs", '[');
	for (unsigned i = 0; i < stats.outputs; i++) {
		jvpn_json_open(j, NULL, '{');
		jvpn_json_text(j, "output", stats.output[i].name);
		jvpn_json_uint(j, "written", stats.output[i].written);
		jvpn_json_uint(j, "dropped", stats.output[i].dropped);
		jvpn_json_close(j, '}');
	}
	jvpn_json_close(j, ']');
	jvpn_json_uint(j, "waiting_bytes", stats.waiting_bytes);
	jvpn_json_close(j, '}');
}

static void put_report(struct jvpn_json *j, const struct jvpn_report *report)
{
	size_t kept = report->count < JVPN_REPORT_LINES_MAX ? report->count : JVPN_REPORT_LINES_MAX;
	size_t i = 0;

	jvpn_json_open(j, "report", '[');
	for (; i < kept && j->len < REPORT_BYTES_MAX; i++) {
		jvpn_json_open(j, NULL, '{');
		jvpn_json_uint(j, "line", report->line[i].line);
		jvpn_json_uint(j, "column", report->line[i].column);
		jvpn_json_text(j, "text", report->line[i].text);
		jvpn_json_close(j, '}');
	}
	jvpn_json_close(j, ']');
	jvpn_json_uint(j, "left_out", report->count - i);
}

static void answer_reload(const struct jvpn_operator *op, struct jvpn_ctl_client *client, int err,
			  const struct jvpn_report *report)
{
	char message[96];
	struct jvpn_json *j;

	if (!err) {
		j = jvpn_ctl_begin(client, "result");
		jvpn_json_text(j, "policy_version", op->engine->driver->policy.version);
		jvpn_json_text(j, "policy_source",
			       op->config.policy_path[0] ? op->config.policy_path : "built in");
		jvpn_ctl_end(client);
		return;
	}
	snprintf(message, sizeof(message), "refused, nothing was changed: %zu error%s",
		 report->count, report->count == 1 ? "" : "s");
	j = jvpn_ctl_begin(client, "error");
	jvpn_json_text(j, "code", "refused");
	jvpn_json_text(j, "message", message);
	jvpn_json_uint(j, "exit_code", (uint64_t)report->exit_code);
	put_report(j, report);
	jvpn_ctl_end(client);
}

enum jvpn_ctl_progress jvpn_operator_reload(const struct jvpn_operator *op,
					    struct jvpn_ctl_client *client,
					    jvpn_operator_reload_fn reload, void *user)
{
	struct jvpn_report *report = jvpn_report_new();
	char who[JVPN_CTL_WHO_MAX + 1];
	int rv;

	if (!report) {
		jvpn_ctl_fail(client, "internal", "no memory");
		return JVPN_CTL_DONE;
	}
	jvpn_ctl_who(client, who);
	rv = reload(user, who, report);
	answer_reload(op, client, rv, report);
	jvpn_report_free(report);
	return JVPN_CTL_DONE;
}
