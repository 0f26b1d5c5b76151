/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Figures of the workers, there and back by mailbox, and what is the server's alone.
 */
#include "server/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "runtime/persist.h"
#include "server/server.h"

#define METRIC(name) JVPN_METRIC_ID_##name

void jvpn_worker_meter(const struct jvpn_worker *worker, struct jvpn_meter *sum)
{
	struct jvpn_meter f = {.handed_datagrams = worker->handed.datagrams,
			       .handed_packets = worker->handed.packets,
			       .handed_dropped = worker->handed.dropped};

	jvpn_meter_take(&f, &worker->engine);
	jvpn_meter_forwarded(&f.from_peer, &worker->uplink);
	jvpn_meter_forwarded(&f.to_peer, &worker->downlink);
	jvpn_meter_add(sum, &f);
}

/* ---- there and back ---- */

static void take_part(struct jvpn_metrics_part *part)
{
	memset(&part->figures, 0, sizeof(part->figures));
	jvpn_worker_meter(part->worker, &part->figures);
}

static void has_answered(struct jvpn_server *server)
{
	if (--server->metrics.missing == 0)
		jvpn_exporter_collected(&server->metrics.exporter);
}

static void come_back(struct jvpn_call *call)
{
	struct jvpn_metrics_part *part = (struct jvpn_metrics_part *)call;

	has_answered(part->worker->server);
}

static void run_there(struct jvpn_call *call)
{
	struct jvpn_metrics_part *part = (struct jvpn_metrics_part *)call;

	take_part(part);
	part->call.fn = come_back;
	jvpn_mailbox_call(part->worker->server->worker[0].mailbox, &part->call);
}

static void collect(void *user, struct jvpn_exporter *exporter)
{
	struct jvpn_server *server = user;
	struct jvpn_metrics *m = &server->metrics;

	(void)exporter;
	m->missing = server->worker_count;
	for (size_t i = 0; i < server->worker_count; i++) {
		struct jvpn_metrics_part *part = &m->part[i];

		if (!part->worker->has_thread) {
			take_part(part);
			continue;
		}
		part->call.fn = run_there;
		jvpn_mailbox_call(part->worker->mailbox, &part->call);
	}
	for (size_t i = 0; i < server->worker_count; i++)
		if (!m->part[i].worker->has_thread)
			has_answered(server);
}

/* ---- what is written ---- */

static void write_initials(const struct jvpn_quic_stats *q, struct jvpn_exposition *x)
{
	jvpn_exposition_begin(x, METRIC(INITIALS_REFUSED));
	jvpn_exposition_by(x, "capacity", q->refused);
	jvpn_exposition_by(x, "source_limited", q->source_limited);
	jvpn_exposition_by(x, "postponed", q->postponed);
	jvpn_exposition_by(x, "short", q->short_initials);
	jvpn_exposition_by(x, "invalid_token", q->invalid_tokens);
}

static void write_server(struct jvpn_server *server, const struct jvpn_meter *f,
			 struct jvpn_exposition *x)
{
	jvpn_exposition_one(x, METRIC(SESSION_CAPACITY), server->capacity);
	jvpn_exposition_one(x, METRIC(WORKERS), server->worker_count);
	jvpn_exposition_one(x, METRIC(DRAINING), server->draining || server->stopping);
	jvpn_exposition_one(x, METRIC(HANDSHAKES_OPEN), f->quic.half_open);
	write_initials(&f->quic, x);
	jvpn_exposition_one(x, METRIC(RETRIES), f->quic.retries_sent);
	jvpn_exposition_begin(x, METRIC(HANDED));
	jvpn_exposition_by(x, "datagram", f->handed_datagrams);
	jvpn_exposition_by(x, "packet", f->handed_packets);
	jvpn_exposition_one(x, METRIC(HANDED_DROPPED), f->handed_dropped);
	if (server->persist)
		jvpn_meter_write_store(server->persist, x);
}

static void write_all(void *user, struct jvpn_exposition *x)
{
	struct jvpn_server *server = user;
	struct jvpn_meter sum = {.tx_packets = 0};

	for (size_t i = 0; i < server->worker_count; i++)
		jvpn_meter_add(&sum, &server->metrics.part[i].figures);
	jvpn_meter_write(&sum, &server->worker[0].engine, x);
	write_server(server, &sum, x);
}

static const char *why_not_ready(void *user)
{
	const struct jvpn_server *server = user;

	if (server->draining || server->stopping)
		return "draining\n";
	if (server->persist && jvpn_persist_health(server->persist) != JVPN_STORE_HEALTH_OK)
		return "the session store is not available\n";
	return NULL;
}

/* ---- life ---- */

int jvpn_metrics_open(struct jvpn_server *server, char *error, size_t error_size)
{
	struct jvpn_metrics *m = &server->metrics;
	struct jvpn_exporter_config config = {.metrics = &server->options->config.metrics,
					      .collect = collect,
					      .write = write_all,
					      .why_not_ready = why_not_ready,
					      .user = server};

	m->part = calloc(server->worker_count, sizeof(*m->part));
	if (!m->part)
		return JVPN_ENOMEM;
	for (size_t i = 0; i < server->worker_count; i++)
		m->part[i].worker = &server->worker[i];
	return jvpn_exporter_open(&m->exporter, &server->worker[0].engine, &config, error,
				  error_size);
}

void jvpn_metrics_close(struct jvpn_server *server)
{
	jvpn_exporter_close(&server->metrics.exporter);
}

void jvpn_metrics_clear(struct jvpn_server *server)
{
	free(server->metrics.part);
	server->metrics.part = NULL;
}
