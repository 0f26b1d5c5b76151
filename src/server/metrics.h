/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's metrics: each worker is asked for its figures on its own thread, nobody waits for it, and
 * the first one writes the sum.
 */
#ifndef JVPN_SERVER_METRICS_H
#define JVPN_SERVER_METRICS_H

#include <stddef.h>

#include "runtime/exporter.h"
#include "runtime/meter.h"
#include "runtime/mailbox.h"

struct jvpn_server;
struct jvpn_worker;

/* One worker's answer. */
struct jvpn_metrics_part {
	struct jvpn_call call; /* first: there and back */
	struct jvpn_worker *worker;
	struct jvpn_meter figures;
};

/* Owner: struct jvpn_server; the first worker's. */
struct jvpn_metrics {
	struct jvpn_exporter exporter;
	struct jvpn_metrics_part *part; /* one for each worker; NULL: there are no metrics */
	size_t missing;                 /* answers of the present collection */
};

/* Adds a worker's figures; on its thread. */
void jvpn_worker_meter(const struct jvpn_worker *worker, struct jvpn_meter *sum);
/* As jvpn_exporter_open(). */
int jvpn_metrics_open(struct jvpn_server *server, char *error, size_t error_size);
/* Nobody is answered any more; before the threads are joined. */
void jvpn_metrics_close(struct jvpn_server *server);
/* After that. */
void jvpn_metrics_clear(struct jvpn_server *server);

#endif
