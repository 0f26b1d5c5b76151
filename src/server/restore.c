/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store of the server: opened before anything else is, its sessions brought back before the first
 * datagram is read. A restart is not a reset (session.md).
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/persist.h"
#include "server/lease.h"
#include "server/server.h"

#define STORE_WAIT_MS 2000 /* without any answer */
#define STORE_POLL_MS 50

struct restoring {
	struct jvpn_server *server;
	bool gave_up; /* the store does not answer */
};

int jvpn_server_store_open(struct jvpn_server *server, char *error, size_t error_size)
{
	const struct jvpn_server_config *c = &server->options->config;
	struct jvpn_persist_config config = {
		.backend = (enum jvpn_store_backend_kind)c->store_kind,
		.path = c->store_path,
		.seal_key = &server->keys.seal,
	};
	char text[JVPN_STORE_ERROR_MAX] = "";
	int rv;

	server->capacity = server->options->policy.max_sessions;
	if (config.backend != JVPN_STORE_BACKEND_SQLITE)
		return 0;
	rv = jvpn_persist_open(&config, &server->persist, error, error_size);
	if (rv)
		return rv;
	rv = jvpn_persist_count(server->persist, &server->stored, text);
	if (rv)
		snprintf(error, error_size, "%s", text);
	if (server->stored > server->capacity) {
		jvpn_log_warn(
			JVPN_LOG_STORE,
			"%zu sessions are stored, max_sessions is %zu: they come back, new ones "
			"are refused until there are fewer",
			server->stored, server->capacity);
		server->capacity = server->stored;
	}
	return rv;
}

static int take_addresses(struct jvpn_live *live, const struct jvpn_record *record,
			  struct jvpn_lease *lease)
{
	struct jvpn_connectip_addresses addresses = {0};

	memset(lease, 0, sizeof(*lease));
	for (size_t i = 0; i < record->address_count && i < JVPN_CONNECTIP_ADDRESSES_MAX; i++) {
		const struct jvpn_record_address *from = &record->address[i];
		struct jvpn_connectip_address *to = &addresses.address[addresses.count++];

		memset(to, 0, sizeof(*to));
		to->version = from->version;
		to->prefix_len = from->prefix_len;
		memcpy(to->address, from->address, sizeof(from->address));
		jvpn_prefix_set(from->version == 4 ? &lease->ipv4 : &lease->ipv6, from->version,
				from->address, from->prefix_len);
	}
	return jvpn_live_set_addresses(live, &addresses);
}

/* Addresses and a place in the index. NONE: the session can go on; else the reason why not. */
static enum jvpn_reason settle(struct jvpn_worker *worker, struct jvpn_live *live,
			       const struct jvpn_persist_entry *entry)
{
	static const struct jvpn_connectip_addresses none;
	struct jvpn_server *server = worker->server;
	const struct jvpn_session_record *s = &entry->record.session;
	struct jvpn_lease lease;
	int index = jvpn_table_add(&server->index.table, &s->id, s->user_hash,
				   worker->engine.driver->now_ns);

	if (index < 0)
		return JVPN_REASON_RESOURCE_EXHAUSTED;
	server->index.live[index] = live;
	live->index = (uint32_t)index;
	live->indexed = true;
	if (take_addresses(live, &entry->record, &lease))
		return JVPN_REASON_RESOURCE_EXHAUSTED;
	if (jvpn_lease_restore(server->leases, live, &lease)) {
		jvpn_log_warn(JVPN_LOG_SESSION,
			      "session of %s: its addresses are not in the pool any more: it ends",
			      live->user);
		(void)jvpn_live_set_addresses(live, &none);
		return JVPN_REASON_RESOURCE_EXHAUSTED;
	}
	jvpn_lease_publish(server->leases, &lease, worker->id);
	return entry->opened ? JVPN_REASON_NONE : JVPN_REASON_SECURITY_FAILURE;
}

/* The answers that are there. The clocks of the drivers stand still: nothing times out. */
static void take_answers(struct jvpn_server *server)
{
	for (unsigned i = 0; i < server->worker_count; i++) {
		struct jvpn_driver *driver = server->worker[i].engine.driver;

		jvpn_persist_dispatch(driver->persist, driver->now_ns);
	}
}

/* Each restored session has two operations or more, and the store takes so many at once: the others wait.
 * 'all': until none is left. A store that does not answer is left to the loop. */
static void await_store(struct restoring *r, bool all)
{
	struct jvpn_persist *persist = r->server->persist;
	struct pollfd fd = {.fd = jvpn_persist_fd(persist), .events = POLLIN};
	uint64_t until = jvpn_time_add(jvpn_clock_mono_ns(), jvpn_ms_to_ns(STORE_WAIT_MS));
	size_t n, before = jvpn_persist_pending(persist);

	while (!r->gave_up && (all ? before != 0 : jvpn_persist_is_busy(persist))) {
		(void)poll(&fd, 1, STORE_POLL_MS);
		take_answers(r->server);
		n = jvpn_persist_pending(persist);
		if (n != before)
			until = jvpn_time_add(jvpn_clock_mono_ns(), jvpn_ms_to_ns(STORE_WAIT_MS));
		before = n;
		r->gave_up = jvpn_clock_mono_ns() >= until;
	}
}

static int restore_one(void *user, const struct jvpn_persist_entry *entry)
{
	struct restoring *restoring = user;
	struct jvpn_server *server = restoring->server;
	struct jvpn_worker *worker = jvpn_server_owner(server, &entry->record.session.id);
	struct jvpn_event event = {.type = JVPN_EVENT_RESTORE, .slot = JVPN_SLOT_NONE};
	struct jvpn_event timer = {.type = JVPN_EVENT_TIMER, .slot = JVPN_SLOT_NONE};
	enum jvpn_reason reason;
	struct jvpn_live *live;
	int rv;

	await_store(restoring, false);
	rv = jvpn_driver_session_new(worker->engine.driver, &live);
	if (rv)
		return rv;
	memcpy(live->user, entry->record.user, sizeof(live->user));
	live->plain = entry->record.session.plain;
	live->keys = entry->keys;
	live->has_keys = entry->opened;
	reason = settle(worker, live, entry);
	event.u.restore.record = &entry->record.session;
	if (!jvpn_driver_step(live, &event))
		return 0;
	if (reason == JVPN_REASON_SECURITY_FAILURE)
		jvpn_log_error(JVPN_LOG_SESSION,
			       "session of %s: its keys cannot be opened (another seal.key, or the "
			       "record was changed): it ends",
			       live->user);
	if (reason != JVPN_REASON_NONE)
		jvpn_driver_terminate(live, reason);
	else
		jvpn_driver_step(live, &timer); /* what ended while nobody was there */
	return 0;
}

int jvpn_server_restore(struct jvpn_server *server, char *error, size_t error_size)
{
	struct restoring restoring = {.server = server};
	char text[JVPN_STORE_ERROR_MAX] = "";
	int rv;

	if (!server->persist)
		return 0;
	rv = jvpn_persist_load(server->persist, restore_one, &restoring, text);
	await_store(&restoring, true);
	if (rv)
		snprintf(error, error_size, "%s: %s", server->options->config.store_path,
			 text[0] ? text : jvpn_err_text(rv));
	else if (server->stored)
		jvpn_log_info(JVPN_LOG_STORE, "%zu sessions came back from %s", server->stored,
			      server->options->config.store_path);
	return rv;
}
