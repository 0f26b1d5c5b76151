/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the service manager hears of the server: how many sessions, and that all of its threads are alive.
 */
#include <stdio.h>

#include "base/log.h"
#include "runtime/process.h"
#include "server/server.h"

/* ---- what came from it ---- */

int jvpn_server_service_open(struct jvpn_server *server)
{
	char error[JVPN_PROCESS_ERROR_MAX] = "no memory";
	int rv = jvpn_handed_open(&server->handed, error, sizeof(error));

	if (rv)
		return jvpn_process_fail(JVPN_EXIT_CONFIG, error);
	if (server->handed.count)
		jvpn_log_info(JVPN_LOG_MAIN, "%zu sockets from the service manager",
			      server->handed.count);
	return JVPN_EXIT_OK;
}

size_t jvpn_server_service_workers(const struct jvpn_server *server)
{
	const struct jvpn_config_addresses *listen = &server->options->config.listen;
	size_t n = 0;

	for (size_t i = 0; i < listen->count && !n; i++)
		n = jvpn_handed_count(&server->handed, &listen->item[i]);
	return n < JVPN_SERVER_WORKERS_MAX ? n : JVPN_SERVER_WORKERS_MAX;
}

/* A port of the manager's cannot be shared with sockets of ours (they are another user's), and what goes to
 * a socket that nobody reads is lost: it is all or nothing. */
static bool has_one_each(const struct jvpn_server *server, const struct sockaddr_storage *address)
{
	size_t n = jvpn_handed_count(&server->handed, address);
	char where[80], error[JVPN_PROCESS_ERROR_MAX];

	if (n == 0 || n == server->worker_count)
		return true;
	jvpn_driver_format_address(address, where, sizeof(where));
	snprintf(
		error, sizeof(error),
		"listen %s: the service manager handed over %zu sockets, and there are %zu "
		"workers: as many lines ListenDatagram= with ReusePort=yes are wanted, or workers: "
		"%zu",
		where, n, server->worker_count, n);
	(void)jvpn_process_fail(JVPN_EXIT_CONFIG, error);
	return false;
}

int jvpn_server_service_check(const struct jvpn_server *server)
{
	const struct jvpn_config_addresses *listen = &server->options->config.listen;

	for (size_t i = 0; i < listen->count; i++)
		if (!has_one_each(server, &listen->item[i]))
			return JVPN_EXIT_CONFIG;
	return JVPN_EXIT_OK;
}

int jvpn_server_service_end_open(const struct jvpn_server *server)
{
	const struct sockaddr_storage *left = jvpn_handed_left(&server->handed);
	char where[80], error[JVPN_PROCESS_ERROR_MAX];

	if (!left)
		return JVPN_EXIT_OK;
	jvpn_driver_format_address(left, where, sizeof(where));
	snprintf(error, sizeof(error),
		 "the service manager handed over a socket at %s, which is not in listen: make the "
		 "two the same",
		 where);
	return jvpn_process_fail(JVPN_EXIT_CONFIG, error);
}

/* ---- what it hears ---- */

/* A thread that sleeps has no turns: it is woken, and must have had one when it is looked at again. */
static bool all_are_alive(struct jvpn_server *server)
{
	bool alive = true;

	for (size_t i = 1; i < server->worker_count; i++) {
		struct jvpn_worker *worker = &server->worker[i];
		unsigned turns = atomic_load_explicit(&worker->turns, memory_order_relaxed);

		alive = alive && turns != worker->seen_turns;
		worker->seen_turns = turns;
		jvpn_worker_wake(worker);
	}
	return alive;
}

static void tell_status(struct jvpn_server *server, uint64_t now_ns)
{
	char text[JVPN_NOTIFY_STATUS_MAX];
	size_t sessions = jvpn_server_session_count(server);

	snprintf(text, sizeof(text), "%s%zu session%s", server->draining ? "draining, " : "",
		 sessions, sessions == 1 ? "" : "s");
	jvpn_notify_status(&server->notify, text, now_ns);
}

void jvpn_server_service_turn(struct jvpn_server *server, uint64_t now_ns)
{
	if (jvpn_notify_alive_is_due(&server->notify, now_ns))
		jvpn_notify_alive(&server->notify, all_are_alive(server), now_ns);
	if (jvpn_notify_wants_status(&server->notify, now_ns))
		tell_status(server, now_ns);
}
