/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's metrics: those of its engine, and how its session stands.
 */
#include "base/time.h"
#include "client/client.h"
#include "runtime/meter.h"

#define METRIC(name) JVPN_METRIC_ID_##name

static void collect(void *user, struct jvpn_exporter *exporter)
{
	(void)user;
	jvpn_exporter_collected(exporter);
}

static void write_binding(const struct jvpn_live *live, struct jvpn_exposition *x)
{
	const struct jvpn_transport *t = live ? jvpn_live_binding(live) : NULL;
	struct jvpn_conn_stats stats;

	jvpn_exposition_begin(x, METRIC(BINDING_RTT));
	if (t) {
		jvpn_conn_get_stats(t->conn, &stats);
		jvpn_exposition_part(x, stats.smoothed_rtt_ns, JVPN_NS_PER_S);
	}
	jvpn_exposition_begin(x, METRIC(BINDING_LOSS));
	if (t)
		jvpn_exposition_part(x,
				     jvpn_quality_loss_ppm(&t->quality, &live->driver->policy,
							   live->driver->now_ns),
				     1000000);
}

static void write_transports(const struct jvpn_live *live, struct jvpn_exposition *x)
{
	uint64_t bound = 0, standby = 0, joining = 0;

	for (uint8_t i = 0; live && i < JVPN_SLOTS; i++) {
		const struct jvpn_slot *slot = &live->core.slot[i];

		if (!slot->used)
			continue;
		if (live->core.bound == i)
			bound++;
		else if (slot->ready)
			standby++;
		else
			joining++;
	}
	jvpn_exposition_begin(x, METRIC(TRANSPORTS));
	jvpn_exposition_by(x, "bound", bound);
	jvpn_exposition_by(x, "standby", standby);
	jvpn_exposition_by(x, "joining", joining);
}

static void write_all(void *user, struct jvpn_exposition *x)
{
	const struct jvpn_client *client = user;
	struct jvpn_meter f = {.tx_packets = 0};

	jvpn_meter_take(&f, &client->engine);
	jvpn_meter_forwarded(&f.from_peer, &client->downlink);
	jvpn_meter_forwarded(&f.to_peer, &client->uplink);
	jvpn_meter_write(&f, &client->engine, x);
	write_binding(client->live, x);
	write_transports(client->live, x);
}

static const char *why_not_ready(void *user)
{
	const struct jvpn_client *client = user;

	if (client->live && client->live->core.state == JVPN_STATE_ATTACHED)
		return NULL;
	return client->live ? "the session is not attached\n" : "there is no session\n";
}

int jvpn_client_metrics_open(struct jvpn_client *client, char *error, size_t error_size)
{
	struct jvpn_exporter_config config = {.metrics = &client->options->config.metrics,
					      .collect = collect,
					      .write = write_all,
					      .why_not_ready = why_not_ready,
					      .user = client};

	return jvpn_exporter_open(&client->exporter, &client->engine, &config, error, error_size);
}
