/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the service manager hears of the server: how many sessions, and that all of its threads are alive.
 */
#include <stdio.h>

#include "server/server.h"

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
