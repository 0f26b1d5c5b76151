/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One event to one JSON line in memory. No I/O, no allocation, no clock.
 */
#ifndef JVPN_OBS_EVENT_JSON_H
#define JVPN_OBS_EVENT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/audit.h"
#include "core/policy.h"

/* With the newline; not above PIPE_BUF (4096 on Linux), so that a pipe takes it whole or not. */
#define JVPN_EVENT_LINE_MAX    4096
#define JVPN_EVENT_NODE_ID_MAX 63

/* What every line says besides its event. */
struct jvpn_event_context {
	uint64_t wall_ms;
	uint64_t seq;
	uint64_t pid; /* seq counts per process */
	const char *node_id;
	const char *role;
	const char *policy_version;
	const char *previous_policy_version;
	bool without_latency;
};

/* Writes the line with its newline, no NUL. Members that the event's type does not have are left
 * out, so that every line follows docs/events.schema.json. Any byte value in a text is fine.
 * Returns its length, or 0 when 'size' is too small or the type is none. */
size_t jvpn_event_encode(const struct jvpn_audit *audit, const struct jvpn_event_context *context,
			 char *out, size_t size);

#endif
