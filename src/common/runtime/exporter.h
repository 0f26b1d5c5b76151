/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The HTTP endpoint of a running program in its loop: /metrics, /healthz and /readyz. What the figures are
 * is the program's; several requests share one collection of them.
 */
#ifndef JVPN_RUNTIME_EXPORTER_H
#define JVPN_RUNTIME_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/metrics.h"
#include "obs/exposition.h"
#include "obs/http.h"
#include "runtime/engine.h"

/* Figures of another thread are waited for so long; then the answer is 503. */
#define JVPN_EXPORTER_PATIENCE_NS (2 * JVPN_NS_PER_S)
/* From one collection to the next: pages are made on the thread that carries packets. */
#define JVPN_EXPORTER_SPACING_NS (250 * JVPN_NS_PER_MS)

struct jvpn_exporter;

struct jvpn_exporter_config {
	const struct jvpn_config_metrics *metrics;
	/* Asks every thread for its figures: jvpn_exporter_collected() follows, from here or later. */
	void (*collect)(void *user, struct jvpn_exporter *exporter);
	/* Writes the program's metrics from what was collected. */
	void (*write)(void *user, struct jvpn_exposition *x);
	/* NULL: it is ready; else why it is not. */
	const char *(*why_not_ready)(void *user);
	void *user;
};

enum jvpn_exporter_page {
	JVPN_EXPORTER_NONE = 0,
	JVPN_EXPORTER_METRICS,
	JVPN_EXPORTER_HEALTH,
	JVPN_EXPORTER_READY
};

struct jvpn_exporter_wait {
	struct jvpn_http_request *request; /* NULL: free */
	enum jvpn_exporter_page page;
	uint64_t until_ns;
};

/* Owner: main. All zero: there is no endpoint. */
struct jvpn_exporter {
	struct jvpn_exporter_config config;
	struct jvpn_engine *engine;
	struct jvpn_http *http;
	struct jvpn_watch *watch;
	uint64_t started_wall_ms;
	bool collecting;
	uint64_t collect_at_ns; /* not before */
	struct jvpn_exporter_wait wait[JVPN_HTTP_CONNECTIONS];
};

/* Opens the socket and follows it; nothing to do when it is off. As jvpn_http_open(). */
int jvpn_exporter_open(struct jvpn_exporter *exporter, struct jvpn_engine *engine,
		       const struct jvpn_exporter_config *config, char *error, size_t error_size);
/* Before the engine is cleared. */
void jvpn_exporter_close(struct jvpn_exporter *exporter);
/* In each turn, and before it is asked for its deadline. */
void jvpn_exporter_turn(struct jvpn_exporter *exporter, uint64_t now_ns);
uint64_t jvpn_exporter_next_deadline(const struct jvpn_exporter *exporter);
/* Every thread has answered: whoever waits gets the page. */
void jvpn_exporter_collected(struct jvpn_exporter *exporter);

#endif
