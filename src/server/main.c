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
#include "crypto/random.h"
#include "crypto/wipe.h"
#include "quic/tls.h"
#include "runtime/clock.h"
#include "runtime/persist.h"
#include "runtime/process.h"
#include "server/audit.h"
#include "server/auth.h"
#include "server/init.h"
#include "server/listener.h"
#include "server/server.h"

#define STOP_NS            (2 * JVPN_NS_PER_S) /* and JVPN_PERSIST_CLOSE_MS: 3 s */
#define HOLD_PACKETS       256
#define HOLD_BYTES         (256 * 1024)
#define HOLD_PROCESS_BYTES (32 * 1024 * 1024)

static int open_tls(struct jvpn_server *server)
{
	const struct jvpn_server_config *c = &server->options->config;
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	struct jvpn_tls_config config = {.server = true,
					 .certificate_file = c->tls_certificate,
					 .key_file = c->tls_key,
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

static const struct jvpn_driver_ops driver_ops = {
	.on_request = jvpn_server_on_request,
	.on_create_answer = jvpn_server_on_create_answer,
	.on_attach_answer = jvpn_server_on_attach_answer,
	.on_packet = jvpn_server_on_packet,
	.on_stepped = jvpn_server_on_stepped,
	.on_ended = jvpn_server_on_ended,
};

static void fill_quic(const struct jvpn_server *server, struct jvpn_quic_config *quic)
{
	const struct jvpn_server_config *c = &server->options->config;
	const struct jvpn_policy *policy = &server->options->policy;

	quic->server = true;
	quic->tls = server->tls;
	quic->congestion = (enum jvpn_congestion)c->quic_congestion;
	quic->initial_rtt_ns = jvpn_ms_to_ns(c->quic_initial_rtt_ms);
	quic->idle_timeout_ns = jvpn_process_idle_timeout_ns(&server->options->policy);
	quic->handshake_timeout_ns = jvpn_ms_to_ns(c->quic_handshake_timeout_ms);
	quic->max_udp_payload = (uint16_t)c->quic_max_udp_payload;
	quic->max_connections = server->capacity * (policy->max_candidate_count + 1);
	memcpy(quic->server_id, c->quic_server_id.data, sizeof(quic->server_id));
	quic->server_id_len = c->quic_server_id.length;
	memcpy(quic->reset_secret, server->keys.reset.b, sizeof(quic->reset_secret));
	memcpy(quic->token_secret, server->keys.token.b, sizeof(quic->token_secret));
	memcpy(quic->hash_secret, server->keys.cid.b, sizeof(quic->hash_secret));
	quic->retry_above_half_open = c->quic_retry_above_half_open;
	quic->handshakes_per_source_per_s = (uint32_t)c->quic_handshakes_per_source;
	quic->hold_max_packets = HOLD_PACKETS;
	quic->hold_max_bytes = HOLD_BYTES;
	quic->hold_max_bytes_process = HOLD_PROCESS_BYTES;
}

static int init_engine(struct jvpn_server *server)
{
	static struct jvpn_engine_config config;
	const struct jvpn_server_config *c = &server->options->config;
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int rv;

	config.events.role = JVPN_ROLE_SERVER;
	config.events.node_id = c->node_id;
	config.events.output = c->events_output;
	config.driver.role = JVPN_ROLE_SERVER;
	config.driver.policy = &server->options->policy;
	config.driver.ops = &driver_ops;
	config.driver.user = server;
	config.driver.challenge_key = &server->keys.challenge;
	config.driver.max_sessions = server->capacity;
	config.driver.persist = server->persist;
	config.driver.queue = jvpn_process_queue_config();
	fill_quic(server, &config.quic);
	rv = jvpn_random(config.driver.hash_seed, sizeof(config.driver.hash_seed));
	if (!rv)
		rv = jvpn_engine_init(&server->engine, &config, error, sizeof(error));
	jvpn_wipe(&config, sizeof(config));
	return rv ? jvpn_process_fail(jvpn_process_exit_code(rv), error) : JVPN_EXIT_OK;
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
	rv = jvpn_loop_watch_readable(server->engine.loop, jvpn_persist_fd(server->persist),
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

static int open_sockets(struct jvpn_server *server)
{
	const struct jvpn_server_config *c = &server->options->config;
	struct jvpn_listener_config listen = {.address = c->listen.item,
					      .count = c->listen.count,
					      .buffer_bytes = (int)c->quic_socket_buffer_bytes,
					      .offload = c->quic_offload};
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int rv = jvpn_listener_open(server->engine.loop, server->engine.quic, &listen,
				    &server->listener, error, sizeof(error));

	return rv ? jvpn_process_fail(jvpn_process_exit_code(rv), error) : JVPN_EXIT_OK;
}

/* ---- signals ---- */

/* No durable store: the sessions end with the process, and the clients are told so. */
static void end_sessions(struct jvpn_server *server)
{
	jvpn_engine_emit(&server->engine, JVPN_AUDIT_NODE_DRAINING, JVPN_REASON_NODE_SHUTDOWN,
			 NULL);
	for (size_t i = 0; i < server->index.table.capacity; i++)
		if (server->index.live[i])
			jvpn_driver_terminate(server->index.live[i], JVPN_REASON_NODE_SHUTDOWN);
	jvpn_quic_flush(server->engine.quic, jvpn_loop_now(server->engine.loop));
	jvpn_loop_stop(server->engine.loop, JVPN_EXIT_OK);
}

/* They stay in the store for the next start; the connections say "restarting". */
static void keep_sessions(struct jvpn_server *server, uint64_t now_ns)
{
	server->stop_by_ns = jvpn_time_add(now_ns, STOP_NS);
	jvpn_engine_emit(&server->engine, JVPN_AUDIT_NODE_DRAINING, JVPN_REASON_NODE_DRAINING,
			 NULL);
	for (size_t i = 0; i < server->index.table.capacity; i++) {
		struct jvpn_event drain = {.type = JVPN_EVENT_DRAIN, .slot = JVPN_SLOT_NONE};

		if (server->index.live[i])
			jvpn_driver_step(server->index.live[i], &drain);
	}
}

static void on_stop(void *user, int signo, uint64_t now_ns)
{
	struct jvpn_server *server = user;

	if (server->stopping) {
		jvpn_loop_stop(server->engine.loop, JVPN_EXIT_OK);
		return;
	}
	jvpn_log_info(JVPN_LOG_MAIN, "%s: %s %zu sessions", strsignal(signo),
		      server->persist ? "keeping" : "ending", server->index.table.count);
	server->stopping = true;
	if (server->persist)
		keep_sessions(server, now_ns);
	else
		end_sessions(server);
}

/* What was drained is on its way to the disk; results may bring further changes. */
static void stop_when_written(struct jvpn_server *server, uint64_t now_ns)
{
	if (jvpn_persist_pending(server->persist) && now_ns < server->stop_by_ns)
		return;
	if (jvpn_persist_pending(server->persist))
		jvpn_log_error(JVPN_LOG_STORE, "the store is too slow: stopping without it");
	jvpn_loop_stop(server->engine.loop, JVPN_EXIT_OK);
}

static void on_hup(void *user, int signo, uint64_t now_ns)
{
	struct jvpn_server *server = user;
	struct jvpn_report *report = jvpn_report_new();
	struct jvpn_policy policy;
	int rv;

	(void)signo;
	(void)now_ns;
	if (!report)
		return;
	rv = jvpn_server_options_reload_policy(server->options, &policy, report);
	jvpn_process_reloaded(&server->engine, "jvpn-server", rv, &policy, report);
	jvpn_report_free(report);
	/* A token file that cannot be read leaves the old one in force. */
	(void)load_auth(server);
}

static void on_turn(void *user, uint64_t now_ns)
{
	struct jvpn_server *server = user;

	if (server->persist)
		jvpn_persist_poll(server->persist, now_ns);
	jvpn_strangers_poll(&server->strangers, server->engine.driver, server->engine.quic);
	jvpn_server_gateway_flush(server);
	if (server->stopping && server->persist)
		stop_when_written(server, now_ns);
}

static uint64_t next_deadline(void *user)
{
	const struct jvpn_server *server = user;
	uint64_t at = jvpn_strangers_next_deadline(&server->strangers);

	if (server->persist)
		at = jvpn_time_min(at, jvpn_persist_next_deadline(server->persist));
	return server->stopping ? jvpn_time_min(at, server->stop_by_ns) : at;
}

static void on_flushed(void *user)
{
	jvpn_server_gateway_flush(user);
}

static void announce(const struct jvpn_server *server)
{
	const struct jvpn_config_addresses *listen = &server->options->config.listen;
	char text[80];

	for (size_t i = 0; i < listen->count; i++) {
		jvpn_driver_format_address(&listen->item[i], text, sizeof(text));
		jvpn_log_info(JVPN_LOG_MAIN, "listening on %s, UDP", text);
	}
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
	code = init_engine(server);
	server->engine.on_turn = on_turn;
	server->engine.on_flushed = on_flushed;
	server->engine.next_deadline = next_deadline;
	server->engine.user = server;
	if (!code)
		code = open_gateway(server);
	if (!code)
		code = restore(server);
	if (!code)
		code = open_sockets(server);
	return code ? code
		    : jvpn_process_take_signals(server->engine.loop, on_stop, on_hup, server);
}

static void close_all(struct jvpn_server *server)
{
	if (server->engine.loop) {
		jvpn_listener_free(server->listener);
		jvpn_server_gateway_close(server);
		jvpn_loop_unwatch(server->engine.loop, server->store_watch);
		jvpn_engine_clear(&server->engine);
	}
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
	code = open_all(&server);
	if (!code) {
		announce(&server);
		code = jvpn_loop_run(server.engine.loop);
	}
	close_all(&server);
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
	}
	return code;
}
