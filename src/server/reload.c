/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What SIGHUP, SIGTERM and the commands "reload" and "drain" do to the whole server.
 */
#include "base/err.h"
#include "runtime/clock.h"
#include "runtime/process.h"
#include "server/auth.h"
#include "server/control.h"
#include "server/server.h"

static void take_policy(struct jvpn_worker *worker, void *user)
{
	const struct jvpn_policy *policy = user;

	if (worker->id != 0) /* the first one has it from jvpn_process_reloaded() */
		jvpn_engine_apply_policy(&worker->engine, policy);
}

/* Workers look at it under the lock. */
static void replace_auth(struct jvpn_server *server, struct jvpn_auth *auth)
{
	struct jvpn_auth *old = server->auth;

	pthread_mutex_lock(&server->lock);
	server->auth = auth;
	pthread_mutex_unlock(&server->lock);
	jvpn_auth_free(old);
}

static int reload(struct jvpn_server *server, const char *who, struct jvpn_report *report)
{
	struct jvpn_engine *engine = &server->worker[0].engine;
	struct jvpn_auth *auth = NULL;
	struct jvpn_policy policy;
	int rv = jvpn_server_options_reload_policy(server->options, &policy, report);
	/* Read also when the policy is wrong: all errors in one pass. */
	int auth_rv = jvpn_auth_load(server->options->config.auth_tokens, &auth, report);

	if (!rv)
		rv = auth_rv;
	jvpn_process_reloaded(engine, who, rv, &policy, report);
	if (rv) {
		jvpn_auth_free(auth);
		return rv;
	}
	jvpn_workers_each(server, take_policy, &policy);
	replace_auth(server, auth);
	return 0;
}

int jvpn_server_reload(struct jvpn_server *server, const char *who, struct jvpn_report *report)
{
	int rv;

	jvpn_notify_reloading(&server->notify, jvpn_clock_mono_ns());
	rv = reload(server, who, report);
	jvpn_notify_ready(&server->notify);
	return rv;
}

static void drain(struct jvpn_worker *worker, void *user)
{
	(void)user;
	if (worker->server->persist)
		jvpn_worker_drain_sessions(worker);
	else
		jvpn_worker_end_sessions(worker);
}

void jvpn_server_drain(struct jvpn_server *server, const char *who)
{
	server->draining = true;
	jvpn_engine_emit(&server->worker[0].engine, JVPN_AUDIT_NODE_DRAINING,
			 server->persist ? JVPN_REASON_NODE_DRAINING : JVPN_REASON_NODE_SHUTDOWN,
			 who);
	jvpn_workers_each(server, drain, NULL);
}
