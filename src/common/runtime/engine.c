/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One turn of the loop: time in, sockets read by their watchers, timers, writes, next wake-up.
 */
#include "runtime/engine.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "runtime/clock.h"

/* A regular file that does not take lines now (disk full) is tried again so often. */
#define EVENTS_RETRY_NS      JVPN_NS_PER_S
#define EVENTS_CLOSE_WAIT_MS 500

static void flush_events(void *user, uint64_t now_ns)
{
	struct jvpn_engine *engine = user;

	(void)now_ns;
	jvpn_events_flush(engine->events, jvpn_clock_wall_ms());
}

/* Watches an output while lines wait; the descriptor changes with a reopened file. */
static void follow_output(struct jvpn_engine *engine, unsigned index)
{
	struct jvpn_watch **watch = &engine->events_watch[index];
	int fd = jvpn_events_poll_fd(engine->events, index);

	if (fd == engine->events_fd[index])
		return;
	jvpn_loop_unwatch(engine->loop, *watch);
	*watch = NULL;
	engine->events_fd[index] = fd;
	if (fd >= 0 && !jvpn_loop_watch_writable(engine->loop, fd, flush_events, engine, watch))
		jvpn_loop_enable(engine->loop, *watch, true);
}

static void follow_events(struct jvpn_engine *engine, uint64_t now_ns)
{
	struct jvpn_events_stats stats;

	if (engine->shares_events)
		return;
	for (unsigned i = 0; i < JVPN_EVENTS_OUTPUTS_MAX; i++)
		follow_output(engine, i);
	jvpn_events_get_stats(engine->events, &stats);
	if (!stats.must_retry) {
		engine->events_retry_ns = JVPN_TIME_NEVER;
		return;
	}
	if (engine->events_retry_ns <= now_ns)
		flush_events(engine, now_ns);
	if (engine->events_retry_ns <= now_ns || engine->events_retry_ns == JVPN_TIME_NEVER)
		engine->events_retry_ns = jvpn_time_add(now_ns, EVENTS_RETRY_NS);
}

static void begin_turn(void *user, uint64_t now_ns)
{
	struct jvpn_engine *engine = user;

	jvpn_driver_set_now(engine->driver, now_ns);
}

static uint64_t end_turn(void *user, uint64_t now_ns)
{
	struct jvpn_engine *engine = user;
	uint64_t next;

	jvpn_quic_on_timer(engine->quic, now_ns);
	jvpn_driver_on_timer(engine->driver);
	if (engine->on_turn)
		engine->on_turn(engine->user, now_ns);
	jvpn_quic_flush(engine->quic, now_ns);
	if (engine->on_flushed)
		engine->on_flushed(engine->user);
	follow_events(engine, now_ns);
	next = jvpn_time_min(jvpn_quic_next_expiry(engine->quic),
			     jvpn_driver_next_deadline(engine->driver));
	if (engine->next_deadline)
		next = jvpn_time_min(next, engine->next_deadline(engine->user));
	return jvpn_time_min(next, engine->events_retry_ns);
}

void jvpn_engine_emit(struct jvpn_engine *engine, enum jvpn_audit_type type,
		      enum jvpn_reason reason, const char *detail)
{
	struct jvpn_audit audit = {.type = type, .reason = reason};

	if (detail) {
		snprintf(audit.text, sizeof(audit.text), "%s", detail);
		audit.has |= JVPN_HAS_TEXT;
	}
	jvpn_driver_emit(engine->driver, &audit);
}

static void apply_to_quic(struct jvpn_engine *engine, const struct jvpn_policy *policy)
{
	jvpn_quic_set_key_update(engine->quic, policy->key_update_after_bytes,
				 jvpn_ms_to_ns(policy->key_update_interval_ms));
}

void jvpn_engine_apply_policy(struct jvpn_engine *engine, const struct jvpn_policy *policy)
{
	jvpn_driver_set_policy(engine->driver, policy);
	apply_to_quic(engine, policy);
}

void jvpn_engine_set_policy(struct jvpn_engine *engine, const struct jvpn_policy *policy,
			    const char *who)
{
	char detail[JVPN_AUDIT_TEXT_MAX + 1];

	snprintf(detail, sizeof(detail), "replaces %s%s%s", engine->driver->policy.version,
		 who ? ", " : "", who ? who : "");
	jvpn_engine_apply_policy(engine, policy);
	jvpn_events_set_policy(engine->events, policy);
	jvpn_engine_emit(engine, JVPN_AUDIT_POLICY_LOADED, JVPN_REASON_NONE, detail);
}

static int make_parts(struct jvpn_engine *engine, struct jvpn_engine_config *config, char *error,
		      size_t error_size)
{
	int rv = 0;

	engine->events = config->shared_events;
	engine->shares_events = engine->events != NULL;
	if (!engine->shares_events)
		rv = jvpn_events_open(&config->events, &engine->events, error, error_size);
	if (rv)
		return rv;
	if (config->recent_bytes && !engine->shares_events)
		rv = jvpn_events_keep_recent(engine->events, config->recent_bytes);
	if (rv) {
		snprintf(error, error_size, "%s", jvpn_err_text(rv));
		return rv;
	}
	config->driver.events = engine->events;
	rv = jvpn_loop_new(&engine->loop);
	if (!rv)
		rv = jvpn_driver_new(&config->driver, &engine->driver);
	if (rv) {
		snprintf(error, error_size, "%s", jvpn_err_text(rv));
		return rv;
	}
	config->quic.ops = jvpn_driver_quic_ops();
	config->quic.user = engine->driver;
	rv = jvpn_quic_new(&config->quic, &engine->quic);
	if (rv)
		snprintf(error, error_size, "QUIC: %s", jvpn_err_text(rv));
	else if (config->quic.server)
		engine->driver->route_prefix_len =
			jvpn_quic_route_prefix(engine->quic, engine->driver->route_prefix);
	return rv;
}

int jvpn_engine_init(struct jvpn_engine *engine, struct jvpn_engine_config *config, char *error,
		     size_t error_size)
{
	int rv;

	memset(engine, 0, sizeof(*engine));
	for (unsigned i = 0; i < JVPN_EVENTS_OUTPUTS_MAX; i++)
		engine->events_fd[i] = -1;
	engine->events_retry_ns = JVPN_TIME_NEVER;
	rv = make_parts(engine, config, error, error_size);
	if (rv) {
		jvpn_engine_clear(engine);
		return rv;
	}
	apply_to_quic(engine, config->driver.policy);
	jvpn_driver_set_now(engine->driver, jvpn_loop_now(engine->loop));
	jvpn_loop_set_turn(engine->loop, begin_turn, end_turn, engine);
	if (engine->shares_events)
		return 0;
	jvpn_events_set_policy(engine->events, config->driver.policy);
	jvpn_engine_emit(engine, JVPN_AUDIT_NODE_STARTED, JVPN_REASON_NONE, NULL);
	jvpn_engine_emit(engine, JVPN_AUDIT_POLICY_LOADED, JVPN_REASON_NONE,
			 config->driver.policy->version);
	return 0;
}

void jvpn_engine_clear(struct jvpn_engine *engine)
{
	if (engine->driver && engine->quic && !engine->shares_events)
		jvpn_engine_emit(engine, JVPN_AUDIT_NODE_STOPPED, JVPN_REASON_NONE, NULL);
	jvpn_quic_free(engine->quic);
	jvpn_driver_free(engine->driver);
	for (unsigned i = 0; engine->loop && i < JVPN_EVENTS_OUTPUTS_MAX; i++)
		jvpn_loop_unwatch(engine->loop, engine->events_watch[i]);
	if (engine->events && !engine->shares_events)
		jvpn_events_close(&engine->events, jvpn_clock_wall_ms(), EVENTS_CLOSE_WAIT_MS);
	jvpn_loop_free(engine->loop);
	memset(engine, 0, sizeof(*engine));
}
