/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is waited for, read from the client's parts; changes nothing.
 */
#include "client/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "tun/tun.h"

#define STAGE_MAX 160
#define TEXT_MAX  512

void jvpn_progress_begin(struct jvpn_client *client)
{
	client->progress.is_on = !client->disconnecting && jvpn_log_has_terminal() &&
				 jvpn_log_get_level() >= JVPN_LOG_INFO;
}

static const struct jvpn_candidate *find_trying(const struct jvpn_client *client)
{
	for (size_t i = 0; i < client->dial.candidates.top; i++)
		if (client->dial.candidates.v[i].used && client->dial.candidates.v[i].trying)
			return &client->dial.candidates.v[i];
	return NULL;
}

/* The address with the way, if there is one in particular. */
static void put_candidate(const struct jvpn_candidate *c, const char *what, char out[STAGE_MAX])
{
	char text[80];

	jvpn_driver_format_address(&c->remote, text, sizeof(text));
	snprintf(out, STAGE_MAX, "%s %s%s%s", what, text, c->device[0] ? " over " : "", c->device);
}

static void describe_dialling(const struct jvpn_client *client, char out[STAGE_MAX])
{
	const struct jvpn_candidate *c = find_trying(client);
	struct jvpn_conn_stats stats;

	if (!client->dial.known.count) {
		snprintf(out, STAGE_MAX, "looking up %.100s",
			 client->options->config.servers.item[0].host);
		return;
	}
	if (!c) {
		snprintf(out, STAGE_MAX, "waiting for a way to the server");
		return;
	}
	jvpn_conn_get_stats(c->trying->conn, &stats);
	if (stats.min_rtt_ns)
		put_candidate(c, "handshake with", out);
	else
		put_candidate(c, c->attempt.count > 1 ? "no answer yet from" : "dialling", out);
	if (c->attempt.count > 1 && !stats.min_rtt_ns)
		snprintf(out + strlen(out), STAGE_MAX - strlen(out), ", attempt %u",
			 c->attempt.count);
}

static void describe(const struct jvpn_client *client, char out[STAGE_MAX])
{
	bool is_asking = false;

	for (size_t i = 0; client->live && i < JVPN_SLOTS; i++)
		is_asking = is_asking || client->live->slot[i];
	if (client->live && client->live->core.state > JVPN_STATE_BIRTH)
		snprintf(out, STAGE_MAX, "%s %s",
			 client->hooks.up_begun && !client->hooks.up_ended
				 ? "running hooks.pre_up for"
				 : "setting up",
			 jvpn_tun_name(client->tun));
	else if (is_asking)
		snprintf(out, STAGE_MAX, "asking for a session");
	else
		describe_dialling(client, out);
}

static void say_connected(const struct jvpn_client *client, double seconds)
{
	const struct jvpn_netcfg_tunnel *w = &client->applied;
	const struct jvpn_transport *t = jvpn_live_binding(client->live);
	char text[TEXT_MAX] = "", prefix[JVPN_PREFIX_FORMAT_MAX];

	for (size_t i = 0; i < w->address_count; i++) {
		size_t len = strlen(text);

		jvpn_prefix_format(&w->address[i], prefix);
		prefix[strcspn(prefix, "/")] = '\0';
		snprintf(text + len, sizeof(text) - len, "%s%s", i ? " and " : "", prefix);
	}
	jvpn_log_info(JVPN_LOG_MAIN, "the tunnel is up after %.2f s: %s has %s, server %s%s%s",
		      seconds, jvpn_tun_name(client->tun), text, t->peer,
		      t->label[0] ? " over " : "", t->label);
}

void jvpn_progress_poll(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_progress *p = &client->progress;
	double seconds =
		(double)jvpn_time_since(now_ns, client->started_ns) / (double)JVPN_NS_PER_S;
	char stage[STAGE_MAX], line[STAGE_MAX + 32];

	if (!p->is_on)
		return;
	if (client->is_up && client->live && jvpn_live_binding(client->live)) {
		jvpn_progress_end(client);
		say_connected(client, seconds);
		return;
	}
	if (now_ns < p->drawn_ns + jvpn_ms_to_ns(JVPN_PROGRESS_EVERY_MS))
		return;
	p->drawn_ns = now_ns;
	describe(client, stage);
	snprintf(line, sizeof(line), "%5.1f s  %s", seconds, stage);
	jvpn_log_set_status(line);
}

uint64_t jvpn_progress_next_deadline(const struct jvpn_client *client)
{
	const struct jvpn_progress *p = &client->progress;

	return p->is_on ? p->drawn_ns + jvpn_ms_to_ns(JVPN_PROGRESS_EVERY_MS) : JVPN_TIME_NEVER;
}

void jvpn_progress_end(struct jvpn_client *client)
{
	if (client->progress.is_on)
		jvpn_log_set_status("");
	client->progress.is_on = false;
}
