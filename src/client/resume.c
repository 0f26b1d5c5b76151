/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Snapshots of the session for the saver, counters for the driver, and the way back.
 *
 * A counter may be used when no file that can be on disk after a crash allows it again: the first
 * block at once (there is no file of this session, or it has this limit), every further one when
 * the file with its limit is known to be written.
 */
#include "client/resume.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "client/saver.h"
#include "config/file.h"
#include "crypto/wipe.h"
#include "quic/tls.h"
#include "runtime/clock.h"
#include "tun/tun.h"

/* ---- opening ---- */

static int digest_ca(const struct jvpn_client_config *config, uint8_t out[JVPN_SHA256_BYTES])
{
	struct jvpn_report *report;
	struct jvpn_config_file file;
	int rv;

	if (config->tls_ca_pem[0])
		return jvpn_sha256(config->tls_ca_pem, strlen(config->tls_ca_pem), out);
	report = jvpn_report_new();
	if (!report)
		return JVPN_ENOMEM;
	rv = jvpn_config_file_read(config->tls_ca, &file, report);
	if (!rv) {
		rv = jvpn_sha256(file.data, file.size, out);
		jvpn_config_file_clear(&file);
	}
	jvpn_report_free(report);
	return rv;
}

#define NEW_SESSION                                                                                \
	"move it away and start again (a new session is made, the old one ends by itself)"

static int explain(const char *path, int err, char error[JVPN_STATEDIR_ERROR_MAX])
{
	if (err == JVPN_ENOMEM || err == JVPN_ECRYPTO) {
		snprintf(error, JVPN_STATEDIR_ERROR_MAX, "%s: %s", path, jvpn_err_text(err));
		return err;
	}
	if (err == JVPN_EUNSUPPORTED)
		snprintf(error, JVPN_STATEDIR_ERROR_MAX,
			 "%s was written by another version of jvpn-client: use that version, "
			 "or " NEW_SESSION,
			 path);
	else if (err == JVPN_ETRUNCATED)
		snprintf(error, JVPN_STATEDIR_ERROR_MAX,
			 "%s is incomplete, its end is missing: " NEW_SESSION, path);
	else
		snprintf(error, JVPN_STATEDIR_ERROR_MAX, "%s is damaged: " NEW_SESSION, path);
	return JVPN_EMALFORMED;
}

static bool is_ours(const struct jvpn_client *client, const struct jvpn_saved *s)
{
	const struct jvpn_client_config *c = &client->options->config;

	return strcmp(s->server_name, c->server_name) == 0 && strcmp(s->node_id, c->node_id) == 0 &&
	       memcmp(s->ca_digest, client->resume.ca_digest, sizeof(s->ca_digest)) == 0;
}

static int decode(struct jvpn_client *client, const uint8_t *data, size_t len,
		  char error[JVPN_STATEDIR_ERROR_MAX])
{
	struct jvpn_resume *r = &client->resume;
	struct jvpn_stamp now;
	int rv;

	r->saved = calloc(1, sizeof(*r->saved));
	rv = r->saved ? jvpn_saved_decode(data, len, r->saved) : JVPN_ENOMEM;
	if (rv)
		return explain(r->dir.path, rv, error);
	if (!is_ours(client, r->saved)) {
		snprintf(error, JVPN_STATEDIR_ERROR_MAX,
			 "%s is the session of another server or node: " NEW_SESSION, r->dir.path);
		return JVPN_EMALFORMED;
	}
	/* The clocks ran on while nobody was there. */
	jvpn_clock_stamp(&now);
	jvpn_record_advance(&r->saved->record, NULL, &now);
	r->on_disk = true;
	return 0;
}

static void drop_saved(struct jvpn_resume *r)
{
	if (r->saved)
		jvpn_saved_clear(r->saved);
	free(r->saved);
	r->saved = NULL;
}

static int load(struct jvpn_client *client, char error[JVPN_STATEDIR_ERROR_MAX])
{
	struct jvpn_resume *r = &client->resume;
	uint8_t data[JVPN_SAVED_MAX];
	size_t len = 0;
	int rv = jvpn_statedir_read(&r->dir, data, sizeof(data), &len, error);

	if (rv == JVPN_ENOTFOUND)
		return 0;
	if (!rv)
		rv = decode(client, data, len, error);
	jvpn_wipe(data, sizeof(data));
	if (rv)
		drop_saved(r);
	return rv;
}

int jvpn_resume_open(struct jvpn_client *client, pid_t *holder, char error[JVPN_STATEDIR_ERROR_MAX])
{
	const struct jvpn_client_config *c = &client->options->config;
	struct jvpn_resume *r = &client->resume;
	struct jvpn_statedir_owner owner = {c->server_name, r->ca_digest, c->node_id};
	int rv;

	*holder = 0;
	r->dir.lock_fd = -1;
	if (strcmp(c->state_dir, "none") == 0)
		return 0;
	rv = digest_ca(c, r->ca_digest);
	if (rv) {
		snprintf(error, JVPN_STATEDIR_ERROR_MAX, "cannot read the CA: %s",
			 jvpn_err_text(rv));
		return rv;
	}
	rv = jvpn_statedir_open(c->state_dir, &owner, &r->dir, holder, error);
	if (rv)
		return rv;
	r->enabled = true;
	return load(client, error);
}

/* ---- snapshots ---- */

static void fill_addresses(const struct jvpn_connectip_addresses *from, struct jvpn_record *to)
{
	to->address_count = 0;
	for (size_t i = 0; i < from->count && i < JVPN_RECORD_ADDRESSES_MAX; i++) {
		struct jvpn_record_address *a = &to->address[to->address_count++];

		a->version = from->address[i].version;
		a->prefix_len = from->address[i].prefix_len;
		memcpy(a->address, from->address[i].address, sizeof(a->address));
	}
}

/* So that the next process needs no certificate; none is no error. */
static void fill_ticket(const struct jvpn_client *client, struct jvpn_saved *s)
{
	size_t len = 0;

	_Static_assert(JVPN_TLS_RESUME_BYTES_MAX <= JVPN_SAVED_TICKET_MAX, "a TLS session fits");
	if (jvpn_tls_resume_export(client->tls, s->server_name, s->ticket, &len) == 0)
		s->ticket_len = (uint16_t)len;
}

static void take_ticket(struct jvpn_client *client, const struct jvpn_saved *s)
{
	int rv = s->ticket_len ? jvpn_tls_resume_import(client->tls, s->server_name, s->ticket,
							s->ticket_len)
			       : JVPN_ENOTFOUND;

	if (rv)
		jvpn_log_debug(JVPN_LOG_SESSION, "no TLS session is resumed: %s",
			       jvpn_err_text(rv));
}

static void fill(const struct jvpn_client *client, uint64_t counter, struct jvpn_saved *s)
{
	const struct jvpn_client_config *c = &client->options->config;
	const struct jvpn_live *live = client->live;

	snprintf(s->server_name, sizeof(s->server_name), "%s", c->server_name);
	snprintf(s->node_id, sizeof(s->node_id), "%s", c->node_id);
	snprintf(s->label, sizeof(s->label), "%s", c->label);
	snprintf(s->tun_name, sizeof(s->tun_name), "%s", c->tun_name);
	memcpy(s->ca_digest, client->resume.ca_digest, sizeof(s->ca_digest));
	jvpn_session_export(&live->core, client->engine.driver->now_ns, &s->record.session);
	s->record.session.counter = counter;
	jvpn_clock_stamp(&s->record.stamp);
	fill_addresses(live->addresses, &s->record);
	s->keys = live->keys;
	s->route_prefix_len = live->route_prefix_len;
	memcpy(s->route_prefix, live->route_prefix, live->route_prefix_len);
	snprintf(s->peer, sizeof(s->peer), "%s", client->resume.peer);
	s->mtu = live->mtu <= UINT16_MAX ? (uint32_t)live->mtu : UINT16_MAX;
	s->routes = client->routes;
	fill_ticket(client, s);
}

/* The octets of the session as it is now. */
static int encode(const struct jvpn_client *client, uint64_t counter, uint8_t data[JVPN_SAVED_MAX],
		  size_t *len)
{
	struct jvpn_saved *s = calloc(1, sizeof(*s));
	struct jvpn_writer w;
	int rv;

	if (!s)
		return JVPN_ENOMEM;
	fill(client, counter, s);
	jvpn_writer_init(&w, data, JVPN_SAVED_MAX);
	rv = jvpn_saved_encode(s, &w);
	*len = jvpn_writer_len(&w);
	jvpn_saved_clear(s);
	free(s);
	return rv;
}

static struct jvpn_resume_mark mark_of(const struct jvpn_client *client)
{
	const struct jvpn_session *s = &client->live->core;

	return (struct jvpn_resume_mark){
		.state_version = s->state_version,
		.server_version = s->server_version,
		.total_switches = s->total_switches,
		.lifetime_ms = s->lifetime_ms,
		.ttl_ms = s->transport_lost_ttl_ms,
		.mtu = client->live->mtu,
		.routes = client->route_news,
		.ticket = jvpn_tls_resume_number(client->tls, client->options->config.server_name),
		.last_n = s->last_n,
		.bound = s->bound != JVPN_SLOT_NONE};
}

static bool is_same_mark(const struct jvpn_resume_mark *a, const struct jvpn_resume_mark *b)
{
	return a->state_version == b->state_version && a->server_version == b->server_version &&
	       a->total_switches == b->total_switches && a->lifetime_ms == b->lifetime_ms &&
	       a->ttl_ms == b->ttl_ms && a->mtu == b->mtu && a->routes == b->routes &&
	       a->ticket == b->ticket && a->last_n == b->last_n && a->bound == b->bound;
}

/* No file of this session was ever written: its first block needs no confirmation. */
static void reserve_first(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;

	r->limit = client->live->core.counter + JVPN_RESUME_BLOCK;
	r->first_ticket = r->ticket + 1;
	r->has_snapshot = true;
	jvpn_live_set_counter_limit(client->live, r->limit);
}

/* The address of the last binding stays also while there is none. */
static void note_peer(struct jvpn_client *client)
{
	const struct jvpn_transport *t = jvpn_live_binding(client->live);

	if (t)
		snprintf(client->resume.peer, sizeof(client->resume.peer), "%s", t->peer);
}

static void hand_over(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_resume *r = &client->resume;
	uint8_t data[JVPN_SAVED_MAX];
	size_t len = 0;
	int rv;

	note_peer(client);
	if (!r->has_snapshot)
		reserve_first(client);
	rv = encode(client, r->limit, data, &len);
	r->mark = mark_of(client);
	r->written_ns = now_ns;
	if (rv) {
		jvpn_log_error(JVPN_LOG_SESSION, "cannot make the state file: %s",
			       jvpn_err_text(rv));
		jvpn_wipe(data, sizeof(data));
		return;
	}
	jvpn_saver_submit(r->saver, data, len, ++r->ticket);
	jvpn_wipe(data, sizeof(data));
}

/* Is there anything yet that a restart could go on with? */
static bool is_restorable(const struct jvpn_client *client)
{
	const struct jvpn_live *live = client->live;

	return live && live->has_keys && client->has_addresses && client->has_routes &&
	       live->core.state > JVPN_STATE_BIRTH && live->core.state < JVPN_STATE_TERMINATED;
}

/* ---- counters ---- */

/* True: a new block was asked for. The last one may be used up by then; requests wait in that
 * case. */
static bool reserve(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;

	if (!r->has_snapshot || r->raise_ticket ||
	    client->live->core.counter + JVPN_RESUME_BLOCK / 2 < r->limit)
		return false;
	r->limit += JVPN_RESUME_BLOCK;
	/* However many were used while the disk was away: one block more than that. */
	if (r->limit < client->live->core.counter + JVPN_RESUME_BLOCK)
		r->limit = client->live->core.counter + JVPN_RESUME_BLOCK;
	r->raise_ticket = r->ticket + 1;
	return true;
}

static void say_result(struct jvpn_resume *r, int error)
{
	if (error && error != r->said_error)
		jvpn_log_error(JVPN_LOG_SESSION,
			       "cannot write %s: %s; trying again, but killed now the session "
			       "could not be resumed",
			       r->dir.path, strerror(error));
	else if (!error && r->said_error)
		jvpn_log_info(JVPN_LOG_SESSION, "%s is written again", r->dir.path);
	r->said_error = error;
}

static void keep_tun(struct jvpn_client *client)
{
	if (client->tun && !client->is_lent && jvpn_tun_set_persistent(client->tun, true))
		jvpn_log_warn(
			JVPN_LOG_TUN,
			"the TUN device cannot be kept over a restart of the client: what is sent "
			"into the tunnel meanwhile would leave another way");
}

void jvpn_resume_take(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;
	struct jvpn_saver_result result;

	jvpn_saver_take(r->saver, &result);
	say_result(r, result.error);
	if (!client->live || !r->has_snapshot || client->stopping)
		return;
	if (!r->on_disk && result.ticket >= r->first_ticket) {
		r->on_disk = true;
		keep_tun(client);
	}
	if (r->raise_ticket && result.ticket >= r->raise_ticket) {
		r->raise_ticket = 0;
		jvpn_live_set_counter_limit(client->live, r->limit);
	}
}

static void on_written(void *user, uint64_t now_ns)
{
	(void)now_ns;
	jvpn_resume_take(user);
}

/* ---- life ---- */

static int restore_addresses(const struct jvpn_record *record, struct jvpn_live *live)
{
	struct jvpn_connectip_addresses addresses = {.count = record->address_count};

	for (size_t i = 0; i < record->address_count; i++) {
		struct jvpn_connectip_address *a = &addresses.address[i];

		a->version = record->address[i].version;
		a->prefix_len = record->address[i].prefix_len;
		memcpy(a->address, record->address[i].address, sizeof(a->address));
	}
	return jvpn_live_set_addresses(live, &addresses);
}

static int restore(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;
	struct jvpn_event event = {.type = JVPN_EVENT_RESTORE, .slot = JVPN_SLOT_NONE};
	char id[JVPN_ID_HEX_LEN + 1];
	int rv = jvpn_driver_session_new(client->engine.driver, &client->live);

	if (rv)
		return rv;
	jvpn_id_format(&r->saved->record.session.id, id);
	jvpn_log_info(JVPN_LOG_SESSION, "resuming session %s from %s", id, r->dir.path);
	client->live->keys = r->saved->keys;
	client->live->has_keys = true;
	client->live->mtu = r->saved->mtu;
	client->live->route_prefix_len = r->saved->route_prefix_len;
	memcpy(client->live->route_prefix, r->saved->route_prefix, r->saved->route_prefix_len);
	memcpy(r->peer, r->saved->peer, sizeof(r->peer));
	rv = restore_addresses(&r->saved->record, client->live);
	if (rv)
		return rv;
	take_ticket(client, r->saved);
	client->routes = r->saved->routes;
	client->has_addresses = true;
	client->has_routes = true;
	client->was_attached = true;
	client->was_resumed = true;
	r->limit = r->saved->record.session.counter;
	r->has_snapshot = true;
	keep_tun(client); /* a new one after a reboot */
	jvpn_live_set_counter_limit(client->live, r->limit);
	event.u.restore.record = &r->saved->record.session;
	jvpn_driver_set_now(client->engine.driver, client->started_ns);
	jvpn_driver_step(client->live, &event);
	drop_saved(r);
	if (client->live)
		jvpn_tunnel_update(client);
	return 0;
}

static bool has_names(const struct jvpn_config_hosts *servers)
{
	uint8_t any[16];

	for (size_t i = 0; i < servers->count; i++)
		if (inet_pton(AF_INET, servers->item[i].host, any) != 1 &&
		    inet_pton(AF_INET6, servers->item[i].host, any) != 1)
			return true;
	return false;
}

bool jvpn_resume_find_server(struct jvpn_client *client)
{
	const struct jvpn_saved *saved = client->resume.saved;
	struct sockaddr_storage address;

	if (!saved || !saved->peer[0] || !has_names(&client->options->config.servers) ||
	    jvpn_value_address(saved->peer, &address))
		return false;
	jvpn_dial_know(client, &address);
	return true;
}

int jvpn_resume_start(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;
	int rv;

	if (!r->enabled)
		return 0;
	rv = jvpn_saver_new(r->dir.path, &r->saver);
	if (!rv)
		rv = jvpn_loop_watch_readable(client->engine.loop, jvpn_saver_fd(r->saver),
					      on_written, client, &r->watch);
	if (!rv && r->saved)
		rv = restore(client);
	return rv;
}

void jvpn_resume_begin(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;

	if (!r->enabled)
		return;
	r->raise_ticket = 0;
	r->has_snapshot = false;
}

void jvpn_resume_forget(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;

	if (!r->saver || (!r->has_snapshot && !r->on_disk))
		return;
	jvpn_saver_submit(r->saver, NULL, 0, ++r->ticket);
	r->has_snapshot = false;
	r->on_disk = false;
}

static uint64_t refresh_ns(const struct jvpn_client *client)
{
	uint64_t ttl_ms = client->live->core.transport_lost_ttl_ms;
	uint64_t pause_ms = ttl_ms && ttl_ms / 16 < JVPN_RESUME_REFRESH_MS ? ttl_ms / 16
									   : JVPN_RESUME_REFRESH_MS;

	return jvpn_ms_to_ns(pause_ms > JVPN_RESUME_SPACING_MS ? pause_ms : JVPN_RESUME_SPACING_MS);
}

static uint64_t due_ns(const struct jvpn_client *client)
{
	const struct jvpn_resume *r = &client->resume;
	struct jvpn_resume_mark mark;

	if (!r->saver || client->stopping || !is_restorable(client))
		return JVPN_TIME_NEVER;
	if (!r->has_snapshot)
		return 0;
	mark = mark_of(client);
	/* A transition is in the events by now; the writer itself bounds how often. */
	if (mark.state_version != r->mark.state_version)
		return 0;
	if (!is_same_mark(&mark, &r->mark))
		return jvpn_time_add(r->written_ns, jvpn_ms_to_ns(JVPN_RESUME_SPACING_MS));
	return jvpn_time_add(r->written_ns, refresh_ns(client));
}

void jvpn_resume_poll(struct jvpn_client *client, uint64_t now_ns)
{
	uint64_t due = due_ns(client);

	if (due == JVPN_TIME_NEVER)
		return;
	if (reserve(client) || due <= now_ns)
		hand_over(client, now_ns);
}

uint64_t jvpn_resume_next_deadline(const struct jvpn_client *client)
{
	return due_ns(client);
}

/* ---- the end ---- */

/* How long the end of the program waits for a slow disk. */
#define END_WAIT_MS 5000

bool jvpn_resume_keep(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;
	uint8_t data[JVPN_SAVED_MAX];
	size_t len = 0;
	bool kept;

	/* Never restored: what is on disk is still right. */
	if (!client->live || !r->saver)
		return r->on_disk;
	/* Nobody signs any more: what was used is all that is. */
	if (!is_restorable(client) || encode(client, client->live->core.counter, data, &len)) {
		jvpn_wipe(data, sizeof(data));
		return false;
	}
	jvpn_saver_submit(r->saver, data, len, ++r->ticket);
	jvpn_wipe(data, sizeof(data));
	kept = jvpn_saver_wait(r->saver, END_WAIT_MS);
	if (kept && !r->on_disk && !client->is_lent)
		kept = jvpn_tun_set_persistent(client->tun, true) == 0;
	r->on_disk = kept;
	return kept;
}

void jvpn_resume_remove(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;
	int rv;

	if (!r->enabled)
		return;
	/* The writer first: it must not put back what is removed. */
	if (r->watch)
		jvpn_loop_unwatch(client->engine.loop, r->watch);
	r->watch = NULL;
	jvpn_saver_free(r->saver);
	r->saver = NULL;
	rv = jvpn_statedir_remove(r->dir.path);
	if (rv)
		jvpn_log_error(JVPN_LOG_SESSION, "cannot remove %s: %s", r->dir.path,
			       strerror(-rv));
	r->on_disk = false;
}

void jvpn_resume_close(struct jvpn_client *client)
{
	struct jvpn_resume *r = &client->resume;

	if (r->watch)
		jvpn_loop_unwatch(client->engine.loop, r->watch);
	r->watch = NULL;
	jvpn_saver_free(r->saver);
	r->saver = NULL;
	drop_saved(r);
	if (r->enabled)
		jvpn_statedir_close(&r->dir);
	r->enabled = false;
}
