/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jvpn-server: opens everything in an order in which each failure has its own message and exit code,
 * runs, and takes everything back.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "quic/tls.h"
#include "runtime/clock.h"
#include "runtime/features.h"
#include "runtime/persist.h"
#include "runtime/process.h"
#include "server/audit.h"
#include "server/auth.h"
#include "server/config.h"
#include "server/control.h"
#include "server/init.h"
#include "server/server.h"

#define STOP_NS (2 * JVPN_NS_PER_S) /* and JVPN_PERSIST_CLOSE_MS: 3 s */

static struct jvpn_worker *first(const struct jvpn_server *server)
{
	return &server->worker[0];
}

static int open_tls(struct jvpn_server *server)
{
	const struct jvpn_server_config *c = &server->options->config;
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	struct jvpn_tls_config config = {.server = true,
					 .certificate_file = c->tls_certificate,
					 .key_file = c->tls_key,
					 .cipher = (enum jvpn_cipher)c->tls_cipher,
					 .keylog_file = c->debug_keylog[0] ? c->debug_keylog : NULL,
					 .wall_s = jvpn_clock_wall_ms() / JVPN_MS_PER_S};
	int rv = jvpn_tls_new(&config, &server->tls, error, sizeof(error));

	if (rv)
		return jvpn_process_fail(jvpn_process_exit_code(rv),
					 error[0] ? error : jvpn_err_text(rv));
	if (jvpn_tls_set_ticket_keys(server->tls, server->keys.ticket.b))
		jvpn_log_debug(JVPN_LOG_QUIC, "ticket keys are of another kind; using fresh ones");
	return JVPN_EXIT_OK;
}

static int load_auth(struct jvpn_server *server)
{
	struct jvpn_report *report = jvpn_report_new();
	int code = JVPN_EXIT_FAILURE;
	struct jvpn_auth *auth = NULL;

	if (!report)
		return jvpn_process_fail(code, jvpn_err_text(JVPN_ENOMEM));
	if (jvpn_auth_load(server->options->config.auth_tokens, &auth, report)) {
		jvpn_report_print(report, "jvpn-server", stderr);
		code = report->exit_code;
	} else {
		jvpn_auth_free(server->auth);
		server->auth = auth;
		code = JVPN_EXIT_OK;
	}
	jvpn_report_free(report);
	return code;
}

static int load_secrets(struct jvpn_server *server)
{
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int code;

	if (jvpn_keyring_load(server->options->config.state_dir, &server->keys, error,
			      sizeof(error)))
		return jvpn_process_fail(JVPN_EXIT_PERMISSION, error);
	code = open_tls(server);
	return code ? code : load_auth(server);
}

static int open_store(struct jvpn_server *server)
{
	static char error[JVPN_STORE_ERROR_MAX];
	int rv = jvpn_server_store_open(server, error, sizeof(error));

	if (rv == JVPN_EPERM || rv == JVPN_ENOMEM)
		return jvpn_process_fail(jvpn_process_exit_code(rv), error);
	return rv ? jvpn_process_fail(JVPN_EXIT_ENVIRONMENT, error) : JVPN_EXIT_OK;
}

static void on_store(void *user, uint64_t now_ns)
{
	struct jvpn_server *server = user;

	jvpn_persist_dispatch(server->persist, now_ns);
}

static int restore(struct jvpn_server *server)
{
	static char error[2 * JVPN_STORE_ERROR_MAX];
	int rv;

	if (!server->persist)
		return JVPN_EXIT_OK;
	rv = jvpn_loop_watch_readable(first(server)->engine.loop, jvpn_persist_fd(server->persist),
				      on_store, server, &server->store_watch);
	if (rv)
		return jvpn_process_fail(JVPN_EXIT_FAILURE, jvpn_err_text(rv));
	rv = jvpn_server_restore(server, error, sizeof(error));
	return rv ? jvpn_process_fail(JVPN_EXIT_ENVIRONMENT, error) : JVPN_EXIT_OK;
}

static int open_gateway(struct jvpn_server *server)
{
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int rv = jvpn_server_gateway_open(server, error, sizeof(error));

	return rv ? jvpn_process_fail(jvpn_process_exit_code(rv), error) : JVPN_EXIT_OK;
}

/* ---- signals ---- */

static void on_stop(void *user, int signo, uint64_t now_ns)
{
	struct jvpn_server *server = user;

	if (server->stopping) {
		jvpn_loop_stop(first(server)->engine.loop, JVPN_EXIT_OK);
		return;
	}
	jvpn_log_info(JVPN_LOG_MAIN, "%s: %s %zu sessions", strsignal(signo),
		      server->persist ? "keeping" : "ending", jvpn_server_session_count(server));
	server->stopping = true;
	jvpn_notify_stopping(&server->notify);
	server->stop_by_ns = jvpn_time_add(now_ns, STOP_NS);
	jvpn_server_drain(server, NULL);
	if (!server->persist)
		jvpn_loop_stop(first(server)->engine.loop, JVPN_EXIT_OK);
}

/* What was drained is on its way to the disk; results may bring further changes. */
static void stop_when_written(struct jvpn_server *server, uint64_t now_ns)
{
	if (jvpn_persist_pending(server->persist) && now_ns < server->stop_by_ns)
		return;
	if (jvpn_persist_pending(server->persist))
		jvpn_log_error(JVPN_LOG_STORE, "the store is too slow: stopping without it");
	jvpn_loop_stop(first(server)->engine.loop, JVPN_EXIT_OK);
}

static void on_hup(void *user, int signo, uint64_t now_ns)
{
	struct jvpn_server *server = user;
	struct jvpn_report *report = jvpn_report_new();

	(void)signo;
	(void)now_ns;
	if (!report)
		return;
	(void)jvpn_server_reload(server, NULL, report);
	jvpn_report_free(report);
}

static void on_turn(void *user, uint64_t now_ns)
{
	struct jvpn_server *server = user;

	jvpn_operator_turn(&server->operator, now_ns);
	jvpn_server_service_turn(server, now_ns);
	jvpn_exporter_turn(&server->metrics.exporter, now_ns);
	if (server->stopping && server->persist)
		stop_when_written(server, now_ns);
}

static uint64_t next_deadline(void *user)
{
	const struct jvpn_server *server = user;
	uint64_t at = jvpn_time_min(jvpn_operator_next_deadline(&server->operator),
				    jvpn_notify_next_deadline(&server->notify));

	at = jvpn_time_min(at, jvpn_exporter_next_deadline(&server->metrics.exporter));
	return server->stopping ? jvpn_time_min(at, server->stop_by_ns) : at;
}

static void announce(const struct jvpn_server *server)
{
	const struct jvpn_config_addresses *listen = &server->options->config.listen;
	char text[80];

	if (server->worker_count > 1)
		jvpn_log_info(JVPN_LOG_MAIN, "%zu workers", server->worker_count);
	jvpn_features_log();
	for (size_t i = 0; i < listen->count; i++) {
		jvpn_driver_format_address(&listen->item[i], text, sizeof(text));
		jvpn_log_info(JVPN_LOG_MAIN, "listening on %s, UDP", text);
	}
}

static int open_workers(struct jvpn_server *server)
{
	size_t count = server->options->config.workers ? 0 : jvpn_server_service_workers(server);
	int code = JVPN_EXIT_OK;

	if (jvpn_workers_new(server, count ? count : jvpn_workers_count(server->options)))
		return jvpn_process_fail(JVPN_EXIT_FAILURE, jvpn_err_text(JVPN_ENOMEM));
	for (size_t i = 0; i < server->worker_count && !code; i++)
		code = jvpn_worker_open_engine(&server->worker[i]);
	server->on_turn = on_turn;
	server->next_deadline = next_deadline;
	return code;
}

static int open_sockets(struct jvpn_server *server)
{
	int code = jvpn_server_service_check(server);

	for (size_t i = 0; i < server->worker_count && !code; i++)
		code = jvpn_worker_open_sockets(&server->worker[i]);
	if (!code)
		code = jvpn_server_service_end_open(server);
	if (!code)
		jvpn_workers_steer(server);
	return code;
}

static int open_control(struct jvpn_server *server)
{
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int rv = jvpn_server_control_open(server, error, sizeof(error));

	if (!rv)
		rv = jvpn_metrics_open(server, error, sizeof(error));
	return rv ? jvpn_process_fail(jvpn_process_exit_code(rv), error) : JVPN_EXIT_OK;
}

static int open_all(struct jvpn_server *server)
{
	int code = load_secrets(server);

	if (!code)
		code = open_store(server);
	if (!code && jvpn_server_index_init(&server->index, server->capacity))
		code = jvpn_process_fail(JVPN_EXIT_FAILURE, jvpn_err_text(JVPN_ENOMEM));
	if (code)
		return code;
	jvpn_server_make_routes(&server->options->config.routes, &server->routes);
	jvpn_server_make_dns(&server->options->config, &server->dns);
	code = open_workers(server);
	if (!code)
		code = open_gateway(server);
	if (!code)
		code = restore(server);
	if (!code)
		code = open_sockets(server);
	if (!code)
		code = open_control(server);
	return code ? code
		    : jvpn_process_take_signals(first(server)->engine.loop, on_stop, on_hup,
						server);
}

static void close_workers(struct jvpn_server *server)
{
	jvpn_operator_close(&server->operator);
	jvpn_metrics_close(server);
	jvpn_workers_join(server);
	jvpn_metrics_clear(server);
	for (size_t i = 0; i < server->worker_count; i++) {
		jvpn_worker_say_handed(&server->worker[i]);
		jvpn_worker_close_sockets(&server->worker[i]);
	}
	jvpn_server_gateway_close(server);
	if (server->worker_count && first(server)->engine.loop)
		jvpn_loop_unwatch(first(server)->engine.loop, server->store_watch);
	for (size_t i = server->worker_count; i > 0; i--)
		jvpn_worker_close_engine(&server->worker[i - 1]);
	jvpn_workers_free(server);
}

static void close_all(struct jvpn_server *server)
{
	close_workers(server);
	jvpn_persist_close(server->persist);
	jvpn_server_index_clear(&server->index);
	jvpn_auth_free(server->auth);
	jvpn_tls_free(server->tls);
	jvpn_keyring_clear(&server->keys);
}

static int run(const struct jvpn_server_options *options)
{
	static struct jvpn_server server;
	int code;

	server.options = options;
	jvpn_notify_open(&server.notify);
	code = jvpn_server_service_open(&server);
	if (!code)
		code = open_all(&server);
	if (!code) {
		announce(&server);
		code = jvpn_workers_start(&server);
	}
	if (!code) {
		jvpn_notify_ready(&server.notify);
		code = jvpn_loop_run(first(&server)->engine.loop);
	}
	close_all(&server);
	jvpn_handed_close(&server.handed);
	jvpn_notify_close(&server.notify);
	return code;
}

/* Everything that RUN loads, but no socket and no device. */
static int check(const struct jvpn_server_options *options)
{
	static struct jvpn_server server;
	int code;

	server.options = options;
	code = load_secrets(&server);
	close_all(&server);
	if (!code)
		printf("%s: fine\n", options->config_path);
	return code;
}

int main(int argc, char **argv)
{
	static struct jvpn_server_options options;
	int code = JVPN_EXIT_FAILURE;

	if (!jvpn_server_options_load(argc, argv, &options, &code))
		return code;
	jvpn_log_init("jvpn-server", options.log_level);
	switch (options.command) {
	case JVPN_SERVER_RUN:
		return run(&options);
	case JVPN_SERVER_CHECK:
		return check(&options);
	case JVPN_SERVER_INIT:
		return jvpn_server_init(&options);
	case JVPN_SERVER_ADD_CLIENT:
		return jvpn_server_add_client(&options);
	case JVPN_SERVER_AUDIT:
		return jvpn_server_audit_export(options.store_path, stdout);
	case JVPN_SERVER_AUDIT_VERIFY:
		return jvpn_server_audit_verify(&options.audit);
	case JVPN_SERVER_AUDIT_TIMELINE:
		return jvpn_server_audit_timeline(&options.audit);
	case JVPN_SERVER_AUDIT_REPORT:
		return jvpn_server_audit_report(&options.audit);
	case JVPN_SERVER_OPERATE:
		return jvpn_operate_run(&options.operate);
	}
	return code;
}
