/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a name in the configuration to a sink; gaps; what the log says about them.
 */
#include "obs/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "obs/event_json.h"
#include "obs/journal.h"

#define TELL_AGAIN_MS 60000
#define HOST_MAX      256

static const char *program_of(enum jvpn_role role)
{
	return role == JVPN_ROLE_SERVER ? "jvpn-server" : "jvpn-client";
}

static const char *given_or(const char *given, const char *usual)
{
	return given && given[0] ? given : usual;
}

static void prepare_syslog(struct jvpn_output *output, const struct jvpn_events_config *config)
{
	char host[HOST_MAX] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	jvpn_syslog_init(&output->syslog, config->syslog_facility, program_of(config->role), host);
}

static size_t buffer_of(const struct jvpn_events_config *config)
{
	size_t bytes = config->buffer_bytes ? config->buffer_bytes : JVPN_EVENTS_BUFFER_DEFAULT;

	return bytes < 2 * JVPN_EVENT_LINE_MAX ? 2 * JVPN_EVENT_LINE_MAX : bytes;
}

int jvpn_output_open(struct jvpn_output *output, const struct jvpn_events_config *config,
		     unsigned index, char *error, size_t error_size)
{
	const char *name = config->output[index];
	struct jvpn_sink_target target = {.output = name, .capacity = buffer_of(config)};
	int rc;

	memset(output, 0, sizeof(*output));
	if (strcmp(name, "journald") == 0) {
		target.output = given_or(config->journal_socket, JVPN_JOURNAL_SOCKET);
		target.format = jvpn_journal_format;
		target.format_user = program_of(config->role);
	} else if (strcmp(name, "syslog") == 0) {
		prepare_syslog(output, config);
		target.output = given_or(config->syslog_socket, JVPN_SYSLOG_SOCKET);
		target.format = jvpn_syslog_format;
		target.format_user = &output->syslog;
	}
	output->name = strdup(name);
	rc = output->name ? 0 : JVPN_ENOMEM;
	if (rc)
		snprintf(error, error_size, "events: %s", jvpn_err_text(rc));
	else
		rc = jvpn_sink_open(&output->sink, &target, error, error_size);
	if (rc) {
		free(output->name);
		output->name = NULL;
	}
	return rc;
}

void jvpn_output_close(struct jvpn_output *output, unsigned wait_ms)
{
	jvpn_sink_close(&output->sink, wait_ms);
	free(output->name);
	memset(output, 0, sizeof(*output));
}

static void count_drop(struct jvpn_output *output, uint64_t lines)
{
	output->dropped += lines;
	output->unannounced += lines;
}

bool jvpn_output_put(struct jvpn_output *output, const char *line, size_t len, bool is_mine)
{
	bool may_follow = !output->unannounced || is_mine;

	if (len && may_follow && jvpn_sink_push(&output->sink, line, len))
		return true;
	count_drop(output, 1);
	return false;
}

static void tell_log(struct jvpn_output *output, uint64_t wall_ms)
{
	bool is_away = jvpn_sink_is_away(&output->sink);

	if (is_away != output->is_away)
		jvpn_log(is_away ? JVPN_LOG_WARN : JVPN_LOG_INFO, JVPN_LOG_MAIN, "events: %s: %s",
			 output->name,
			 is_away ? "nobody listens there; lines wait" : "it is there again");
	output->is_away = is_away;
	if (!output->unannounced || (output->told_ms && wall_ms - output->told_ms < TELL_AGAIN_MS))
		return;
	output->told_ms = wall_ms ? wall_ms : 1;
	jvpn_log_warn(JVPN_LOG_MAIN, "events: %s does not take lines; they are dropped and counted",
		      output->name);
}

/* Forgets announcements that are out; the gaps of those that were lost with the buffer open again. */
static void settle_announced(struct jvpn_output *output, bool is_lost)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < output->announced_count; i++) {
		if (output->announced[i].line <= output->sink.lines_out)
			continue;
		if (is_lost)
			output->unannounced += output->announced[i].count;
		else
			output->announced[kept++] = output->announced[i];
	}
	output->announced_count = kept;
}

/* What the sink lost because its reader went away is dropped as well. */
void jvpn_output_flush(struct jvpn_output *output, uint64_t wall_ms)
{
	jvpn_sink_flush(&output->sink);
	settle_announced(output, output->sink.lines_lost && output->sink.lines_waiting == 0);
	count_drop(output, output->sink.lines_lost);
	output->sink.lines_lost = 0;
	tell_log(output, wall_ms);
}

/* A quarter of the buffer must be free first: a reader that is always a bit too slow would
 * otherwise get one announcement per line. */
bool jvpn_output_can_announce(const struct jvpn_output *output)
{
	size_t room = jvpn_sink_room(&output->sink);

	return output->unannounced && output->announced_count < JVPN_OUTPUT_ANNOUNCED &&
	       room >= JVPN_EVENT_LINE_MAX && room >= output->sink.capacity / 4;
}

void jvpn_output_announced(struct jvpn_output *output)
{
	output->announced[output->announced_count++] =
		(struct jvpn_announced){.line = output->sink.lines_out + output->sink.lines_waiting,
					.count = output->unannounced};
	output->unannounced = 0;
}
