/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One output of the event stream: where its lines go and what it has missed. Each output has a buffer
 * and gaps of its own: a slow one costs the others nothing.
 */
#ifndef JVPN_OBS_OUTPUT_H
#define JVPN_OBS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "obs/events.h"
#include "obs/sink.h"
#include "obs/syslog.h"

/* A buffer holds fewer: between two of them it was full, and a quarter of it free again. */
#define JVPN_OUTPUT_ANNOUNCED 8

struct jvpn_announced {
	uint64_t line; /* as jvpn_sink.lines_out counts */
	uint64_t count;
};

struct jvpn_output {
	struct jvpn_sink sink;
	struct jvpn_syslog syslog;
	char *name;           /* as in the configuration */
	uint64_t dropped;     /* in total */
	uint64_t unannounced; /* of those, not yet in a TelemetryDegraded */
	/* Announcements that are still in the buffer: their gaps come back when it is lost. */
	struct jvpn_announced announced[JVPN_OUTPUT_ANNOUNCED];
	unsigned announced_count;
	bool is_away;     /* the log has been told so */
	uint64_t told_ms; /* when it was last told of drops; 0: never */
};

/* Opens config->output[index]. Errors of jvpn_sink_open(). */
int jvpn_output_open(struct jvpn_output *output, const struct jvpn_events_config *config,
		     unsigned index, char *error, size_t error_size);
void jvpn_output_close(struct jvpn_output *output, unsigned wait_ms);
/* Queues a line, or counts it as dropped. Behind a gap only its announcement (is_mine) may follow. */
bool jvpn_output_put(struct jvpn_output *output, const char *line, size_t len, bool is_mine);
/* Writes what can be written now. wall_ms: for the log. */
void jvpn_output_flush(struct jvpn_output *output, uint64_t wall_ms);
/* True: there is a gap, and room for its announcement. */
bool jvpn_output_can_announce(const struct jvpn_output *output);
/* The last line that was queued is the announcement of the gap. */
void jvpn_output_announced(struct jvpn_output *output);

#endif
