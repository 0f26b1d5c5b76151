/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The common part of both mains.
 */
#include "runtime/process.h"

#include <signal.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/random.h"
#include "runtime/clock.h"

#define KEEPALIVES       3
#define IDLE_SLACK_MS    5000
#define QUEUE_PACKETS    4096
#define QUEUE_BYTES      (3 * 1024 * 1024)
#define QUEUE_SOJOURN_MS 250
/* RFC 8289 section 4.3 and 4.4, and longer than BBR probes for the shortest round trip: 200 ms at half
 * the rate every five seconds are not the senders' fault (docs/adr/0013). */
#define CODEL_TARGET_MS   10
#define CODEL_INTERVAL_MS 300

int jvpn_process_fail(int code, const char *error)
{
	jvpn_log_error(JVPN_LOG_MAIN, "%s", error);
	return code;
}

int jvpn_process_exit_code(int err)
{
	switch (err) {
	case JVPN_EPERM:
	case JVPN_ENOTFOUND: /* no TUN node */
		return JVPN_EXIT_PERMISSION;
	case JVPN_EBUSY:
	case JVPN_EEXISTS:
	case JVPN_EMALFORMED: /* a damaged journal */
	case JVPN_ERANGE:     /* a certificate outside its dates */
		return JVPN_EXIT_ENVIRONMENT;
	case JVPN_ECONFIG:
		return JVPN_EXIT_CONFIG;
	default:
		return JVPN_EXIT_FAILURE;
	}
}

int jvpn_process_take_signals(struct jvpn_loop *loop, jvpn_loop_signal_fn stop,
			      jvpn_loop_signal_fn reload, void *user)
{
	int rv = jvpn_loop_on_signal(loop, SIGTERM, stop, user);

	if (!rv)
		rv = jvpn_loop_on_signal(loop, SIGINT, stop, user);
	if (!rv)
		rv = jvpn_loop_on_signal(loop, SIGHUP, reload, user);
	return rv ? jvpn_process_fail(JVPN_EXIT_FAILURE, jvpn_err_text(rv)) : JVPN_EXIT_OK;
}

struct jvpn_events_config jvpn_process_events(enum jvpn_role role, const char *node_id,
					      const struct jvpn_config_events *events)
{
	struct jvpn_events_config config = {.role = role,
					    .node_id = node_id,
					    .journal_socket = events->journal_socket,
					    .syslog_socket = events->syslog_socket,
					    .syslog_facility = (unsigned)events->syslog_facility};

	for (size_t i = 0; i < events->outputs.count && i < JVPN_EVENTS_OUTPUTS_MAX; i++)
		config.output[i] = events->outputs.item[i];
	return config;
}

static void refuse_policy(struct jvpn_engine *engine, const char *who,
			  const struct jvpn_report *report)
{
	size_t kept = report->count < JVPN_REPORT_LINES_MAX ? report->count : JVPN_REPORT_LINES_MAX;
	char detail[JVPN_AUDIT_TEXT_MAX + 1];

	for (size_t i = 0; i < kept; i++)
		jvpn_log_error(JVPN_LOG_MAIN, "%s", report->line[i].text);
	if (report->count > kept)
		jvpn_log_error(JVPN_LOG_MAIN, "%zu more errors", report->count - kept);
	snprintf(detail, sizeof(detail), "%s%s%.140s", who ? who : "", who ? ": " : "",
		 kept ? report->line[0].text : "it cannot be read");
	jvpn_engine_emit(engine, JVPN_AUDIT_POLICY_REJECTED, JVPN_REASON_POLICY_DENIED, detail);
}

void jvpn_process_reloaded(struct jvpn_engine *engine, const char *who, int err,
			   const struct jvpn_policy *policy, const struct jvpn_report *report)
{
	char error[JVPN_PROCESS_ERROR_MAX] = "";

	if (err)
		refuse_policy(engine, who, report);
	else
		jvpn_engine_set_policy(engine, policy, who);
	if (jvpn_events_reopen(engine->events, jvpn_clock_wall_ms(), error, sizeof(error)))
		jvpn_log_error(JVPN_LOG_MAIN, "%s", error);
}

uint64_t jvpn_process_idle_timeout_ns(const struct jvpn_policy *policy)
{
	return jvpn_ms_to_ns(KEEPALIVES * policy->idle_keepalive_ms + IDLE_SLACK_MS);
}

struct jvpn_queue_config jvpn_process_queue_config(void)
{
	struct jvpn_queue_config config = {
		.max_packets = QUEUE_PACKETS,
		.max_bytes = QUEUE_BYTES,
		.max_sojourn_ns = jvpn_ms_to_ns(QUEUE_SOJOURN_MS),
		.codel = {.target_ns = jvpn_ms_to_ns(CODEL_TARGET_MS),
			  .interval_ns = jvpn_ms_to_ns(CODEL_INTERVAL_MS)}};

	/* Without it flows meet as they do by chance. */
	(void)jvpn_random(&config.hash_seed, sizeof(config.hash_seed));
	return config;
}
