/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One turn of the loop: time in, sockets read by their watchers, timers, writes, next wake-up.
 */
#include "runtime/node.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "runtime/clock.h"

/* A regular file that does not take lines now (disk full) is tried again so often. */
#define EVENTS_RETRY_NS JVPN_NS_PER_S
#define EVENTS_CLOSE_WAIT_MS 500

static void flush_events(void *user, uint64_t now_ns)
{
	struct jvpn_node *node = user;

	(void)now_ns;
	jvpn_events_flush(node->events, jvpn_clock_wall_ms());
}

/* Watches the sink while lines wait; the descriptor changes with a reopened file. */
static void follow_events(struct jvpn_node *node, uint64_t now_ns)
{
	struct jvpn_events_stats stats;
	int fd = jvpn_events_poll_fd(node->events);

	if (fd != node->events_fd) {
		jvpn_loop_unwatch(node->loop, node->events_watch);
		node->events_watch = NULL;
		node->events_fd = fd;
		if (fd >= 0 && !jvpn_loop_watch_writable(node->loop, fd, flush_events, node,
							 &node->events_watch))
			jvpn_loop_enable(node->loop, node->events_watch, true);
	}
	jvpn_events_get_stats(node->events, &stats);
	if (fd >= 0 || !stats.waiting_bytes) {
		node->events_retry_ns = JVPN_TIME_NEVER;
		return;
	}
	if (node->events_retry_ns <= now_ns)
		flush_events(node, now_ns);
	if (node->events_retry_ns <= now_ns || node->events_retry_ns == JVPN_TIME_NEVER)
		node->events_retry_ns = jvpn_time_add(now_ns, EVENTS_RETRY_NS);
}

static void begin_turn(void *user, uint64_t now_ns)
{
	struct jvpn_node *node = user;

	jvpn_driver_set_now(node->driver, now_ns);
}

static uint64_t end_turn(void *user, uint64_t now_ns)
{
	struct jvpn_node *node = user;
	uint64_t next;

	jvpn_quic_on_timer(node->quic, now_ns);
	jvpn_driver_on_timer(node->driver);
	if (node->on_turn)
		node->on_turn(node->user, now_ns);
	jvpn_quic_flush(node->quic, now_ns);
	follow_events(node, now_ns);
	next = jvpn_time_min(jvpn_quic_next_expiry(node->quic),
			     jvpn_driver_next_deadline(node->driver));
	if (node->next_deadline)
		next = jvpn_time_min(next, node->next_deadline(node->user));
	return jvpn_time_min(next, node->events_retry_ns);
}

void jvpn_node_emit(struct jvpn_node *node, enum jvpn_audit_type type, enum jvpn_reason reason,
		    const char *detail)
{
	struct jvpn_audit audit = {.type = type, .reason = reason};

	if (detail) {
		snprintf(audit.text, sizeof(audit.text), "%s", detail);
		audit.has |= JVPN_HAS_TEXT;
	}
	jvpn_driver_emit(node->driver, &audit);
}

void jvpn_node_set_policy(struct jvpn_node *node, const struct jvpn_policy *policy)
{
	char detail[JVPN_AUDIT_TEXT_MAX + 1];

	snprintf(detail, sizeof(detail), "%s -> %s", node->driver->policy.version,
		 policy->version);
	node->driver->policy = *policy;
	jvpn_events_set_policy(node->events, policy);
	jvpn_node_emit(node, JVPN_AUDIT_POLICY_LOADED, JVPN_REASON_NONE, detail);
}

static int make_parts(struct jvpn_node *node, struct jvpn_node_config *config, char *error,
		      size_t error_size)
{
	int rv = jvpn_events_open(&config->events, &node->events, error, error_size);

	if (rv)
		return rv;
	config->driver.events = node->events;
	rv = jvpn_loop_new(&node->loop);
	if (!rv)
		rv = jvpn_driver_new(&config->driver, &node->driver);
	if (rv) {
		snprintf(error, error_size, "%s", jvpn_err_text(rv));
		return rv;
	}
	config->quic.ops = jvpn_driver_quic_ops();
	config->quic.user = node->driver;
	rv = jvpn_quic_new(&config->quic, &node->quic);
	if (rv)
		snprintf(error, error_size, "QUIC: %s", jvpn_err_text(rv));
	return rv;
}

int jvpn_node_init(struct jvpn_node *node, struct jvpn_node_config *config, char *error,
		   size_t error_size)
{
	int rv;

	memset(node, 0, sizeof(*node));
	node->events_fd = -1;
	node->events_retry_ns = JVPN_TIME_NEVER;
	rv = make_parts(node, config, error, error_size);
	if (rv) {
		jvpn_node_clear(node);
		return rv;
	}
	jvpn_driver_set_now(node->driver, jvpn_loop_now(node->loop));
	jvpn_loop_set_turn(node->loop, begin_turn, end_turn, node);
	jvpn_events_set_policy(node->events, config->driver.policy);
	jvpn_node_emit(node, JVPN_AUDIT_NODE_STARTED, JVPN_REASON_NONE, NULL);
	jvpn_node_emit(node, JVPN_AUDIT_POLICY_LOADED, JVPN_REASON_NONE,
		       config->driver.policy->version);
	return 0;
}

void jvpn_node_clear(struct jvpn_node *node)
{
	if (node->driver && node->quic)
		jvpn_node_emit(node, JVPN_AUDIT_NODE_STOPPED, JVPN_REASON_NONE, NULL);
	jvpn_quic_free(node->quic);
	jvpn_driver_free(node->driver);
	if (node->loop)
		jvpn_loop_unwatch(node->loop, node->events_watch);
	if (node->events)
		jvpn_events_close(&node->events, jvpn_clock_wall_ms(), EVENTS_CLOSE_WAIT_MS);
	jvpn_loop_free(node->loop);
	memset(node, 0, sizeof(*node));
}
