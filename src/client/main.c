/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jvpn-client: opens everything in an order in which each failure has its own message and exit code,
 * runs, and takes everything back.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "crypto/random.h"
#include "crypto/wipe.h"
#include "quic/tls.h"
#include "runtime/clock.h"
#include "runtime/features.h"
#include "runtime/process.h"
#include "runtime/pump.h"

/* The session, one that is being replaced, and one in reserve. */
#define CLIENT_SESSIONS 3
/* What the server sends on its new binding before its acknowledgement is read here. */
#define CLIENT_HOLD_PACKETS       256
#define CLIENT_HOLD_BYTES         (256 * 1024)
#define CLIENT_HOLD_PROCESS_BYTES (2 * 1024 * 1024)
#define CLIENT_CONNECTIONS        40 /* each candidate may have three for a moment */
/* How long the command "disconnect" tries to tell the server. */
#define DISCONNECT_MS 4000

static int open_tls(struct jvpn_client *client)
{
	const struct jvpn_client_config *c = &client->options->config;
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	struct jvpn_tls_config config = {.ca_file = c->tls_ca[0] ? c->tls_ca : NULL,
					 .ca_pem = c->tls_ca_pem[0] ? c->tls_ca_pem : NULL,
					 .cipher = (enum jvpn_cipher)c->tls_cipher,
					 .keylog_file = c->debug_keylog[0] ? c->debug_keylog : NULL,
					 .wall_s = jvpn_clock_wall_ms() / JVPN_MS_PER_S};
	int rv = jvpn_tls_new(&config, &client->tls, error, sizeof(error));

	if (rv == JVPN_EPERM)
		return jvpn_process_fail(JVPN_EXIT_PERMISSION, error);
	if (rv == JVPN_ERANGE)
		return jvpn_process_fail(JVPN_EXIT_ENVIRONMENT, error);
	return rv ? jvpn_process_fail(JVPN_EXIT_CONFIG, error) : JVPN_EXIT_OK;
}

static void fill_quic(const struct jvpn_client *client, struct jvpn_quic_config *quic)
{
	const struct jvpn_client_config *c = &client->options->config;

	quic->tls = client->tls;
	quic->congestion = (enum jvpn_congestion)c->quic_congestion;
	quic->initial_rtt_ns = jvpn_ms_to_ns(c->quic_initial_rtt_ms);
	quic->idle_timeout_ns = jvpn_process_idle_timeout_ns(&client->options->policy);
	quic->handshake_timeout_ns = jvpn_ms_to_ns(c->quic_handshake_timeout_ms);
	quic->max_udp_payload = (uint16_t)c->quic_max_udp_payload;
	quic->max_connections = CLIENT_CONNECTIONS;
	quic->hold_max_packets = CLIENT_HOLD_PACKETS;
	quic->hold_max_bytes = CLIENT_HOLD_BYTES;
	quic->hold_max_bytes_process = CLIENT_HOLD_PROCESS_BYTES;
}

static void on_turn(void *user, uint64_t now_ns)
{
	struct jvpn_client *client = user;
	uint64_t limit_ms = client->options->config.connect_timeout_ms;

	jvpn_operator_turn(&client->operator, now_ns);
	jvpn_client_service_turn(client, now_ns);
	jvpn_exporter_turn(&client->exporter, now_ns);
	jvpn_dial_free_sockets(client);
	jvpn_pump_flush(client->pump);
	if (client->stopping)
		return;
	if (client->disconnecting && now_ns >= client->disconnect_until_ns) {
		if (!client->reached)
			jvpn_log_warn(
				JVPN_LOG_MAIN,
				"the server does not answer: its session ends by itself when its "
				"time without a transport is over");
		jvpn_client_stop(client, JVPN_EXIT_OK);
		return;
	}
	if (!client->live && !client->hooks.down_begun && jvpn_client_start_session(client)) {
		jvpn_client_stop(client, JVPN_EXIT_FAILURE);
		return;
	}
	if (limit_ms && !client->was_attached &&
	    now_ns - client->started_ns > jvpn_ms_to_ns(limit_ms)) {
		jvpn_log_error(
			JVPN_LOG_MAIN,
			"no session within connect_timeout: the server does not answer; is it "
			"running, and does every firewall on the way let UDP to its port pass?");
		jvpn_client_stop(client, JVPN_EXIT_UNREACHABLE);
		return;
	}
	if (client->tunnel_due)
		jvpn_tunnel_update(client);
	jvpn_resolver_apply(client);
	jvpn_runner_poll(&client->runner, now_ns);
	if (client->stopping)
		return;
	jvpn_netmon_poll(client->netmon, now_ns);
	jvpn_dial_poll(client, now_ns);
	jvpn_resume_poll(client, now_ns);
	jvpn_progress_poll(client, now_ns);
}

static void on_flushed(void *user)
{
	const struct jvpn_client *client = user;

	jvpn_pump_flush(client->pump);
}

static uint64_t next_deadline(void *user)
{
	const struct jvpn_client *client = user;
	uint64_t limit_ms = client->options->config.connect_timeout_ms;
	uint64_t next;

	if (client->stopping)
		return JVPN_TIME_NEVER;
	next = jvpn_time_min(jvpn_dial_next_deadline(client),
			     jvpn_netmon_next_deadline(client->netmon));
	next = jvpn_time_min(next, jvpn_operator_next_deadline(&client->operator));
	next = jvpn_time_min(next, jvpn_notify_next_deadline(&client->notify));
	next = jvpn_time_min(next, jvpn_runner_next_deadline(&client->runner));
	next = jvpn_time_min(next, jvpn_resolver_next_deadline(client));
	next = jvpn_time_min(next, jvpn_progress_next_deadline(client));
	next = jvpn_time_min(next, jvpn_exporter_next_deadline(&client->exporter));
	if (client->closed_sockets || (!client->live && !client->hooks.down_begun))
		return client->engine.driver->now_ns;
	if (limit_ms && !client->was_attached)
		next = jvpn_time_min(next, client->started_ns + jvpn_ms_to_ns(limit_ms) + 1);
	if (client->disconnecting)
		next = jvpn_time_min(next, client->disconnect_until_ns);
	return jvpn_time_min(next, jvpn_resume_next_deadline(client));
}

static int init_engine(struct jvpn_client *client)
{
	static struct jvpn_engine_config config;
	const struct jvpn_client_config *c = &client->options->config;
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int rv;

	config.events = jvpn_process_events(JVPN_ROLE_CLIENT, c->node_id, &c->events);
	config.recent_bytes = jvpn_operator_recent_bytes(&c->control);
	config.driver.role = JVPN_ROLE_CLIENT;
	config.driver.policy = &client->options->policy;
	config.driver.ops = &jvpn_client_driver_ops;
	config.driver.user = client;
	config.driver.max_sessions = CLIENT_SESSIONS;
	config.driver.queue = jvpn_process_queue_config();
	fill_quic(client, &config.quic);
	rv = jvpn_random(config.quic.reset_secret, sizeof(config.quic.reset_secret));
	if (!rv)
		rv = jvpn_random(config.quic.hash_secret, sizeof(config.quic.hash_secret));
	if (!rv)
		rv = jvpn_random(config.quic.token_secret, sizeof(config.quic.token_secret));
	if (!rv)
		rv = jvpn_engine_init(&client->engine, &config, error, sizeof(error));
	jvpn_wipe(&config, sizeof(config));
	if (rv)
		return jvpn_process_fail(jvpn_process_exit_code(rv),
					 error[0] ? error : jvpn_err_text(rv));
	jvpn_runner_init(&client->runner, client->engine.loop);
	client->engine.on_turn = on_turn;
	client->engine.on_flushed = on_flushed;
	client->engine.next_deadline = next_deadline;
	client->engine.user = client;
	client->started_ns = jvpn_loop_now(client->engine.loop);
	client->disconnect_until_ns = client->started_ns + jvpn_ms_to_ns(DISCONNECT_MS);
	return JVPN_EXIT_OK;
}

/* SIGTERM is what a service manager sends, also for a restart: with a state directory the session
 * stays for the next start. SIGINT is somebody who wants the tunnel to end. */
static void on_stop(void *user, int signo, uint64_t now_ns)
{
	struct jvpn_client *client = user;

	(void)now_ns;
	if (client->stopping) {
		jvpn_loop_stop(client->engine.loop, client->exit_code);
		return;
	}
	client->keep = signo == SIGTERM && !client->hooks.down_begun && client->resume.enabled &&
		       client->live && client->live->core.state > JVPN_STATE_BIRTH;
	jvpn_log_info(JVPN_LOG_MAIN, "%s: %s the session", strsignal(signo),
		      client->keep ? "keeping" : "ending");
	if (client->keep || !jvpn_hooks_go_down(client, JVPN_EXIT_OK))
		jvpn_client_stop(client, JVPN_EXIT_OK);
}

static void on_hup(void *user, int signo, uint64_t now_ns)
{
	struct jvpn_client *client = user;
	struct jvpn_report *report = jvpn_report_new();

	(void)signo;
	(void)now_ns;
	if (!report)
		return;
	(void)jvpn_client_reload(client, NULL, report);
	jvpn_report_free(report);
}

/* The lock first: who has it may touch the TUN. Until the stored session is restored a failure
 * leaves everything to the next start. */
static int open_state(struct jvpn_client *client)
{
	char error[JVPN_STATEDIR_ERROR_MAX] = "";
	pid_t holder;
	int rv = jvpn_resume_open(client, &holder, error);

	if (rv == JVPN_EBUSY && client->disconnecting)
		rv = jvpn_disconnect_other(client, holder, error);
	client->keep = client->resume.saved && !client->disconnecting;
	return rv ? jvpn_process_fail(jvpn_process_exit_code(rv), error) : JVPN_EXIT_OK;
}

static int open_all(struct jvpn_client *client)
{
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int rv, code = open_tls(client);

	if (!code)
		code = init_engine(client);
	if (code)
		return code;
	rv = jvpn_tunnel_open(client, error, sizeof(error));
	if (rv)
		return jvpn_process_fail(jvpn_process_exit_code(rv),
					 error[0] ? error : jvpn_err_text(rv));
	rv = jvpn_network_open(client, error, sizeof(error));
	if (rv)
		return jvpn_process_fail(jvpn_process_exit_code(rv),
					 error[0] ? error : jvpn_err_text(rv));
	(void)jvpn_resume_find_server(client); /* until the names are looked up */
	jvpn_resolve_start(client, client->started_ns);
	rv = jvpn_resume_start(client);
	if (rv)
		return jvpn_process_fail(jvpn_process_exit_code(rv), jvpn_err_text(rv));
	/* The kernel took no address or route: a loop that does not run yet cannot be stopped. */
	if (client->stopping)
		return client->exit_code;
	client->keep = false;
	jvpn_progress_begin(client);
	rv = client->disconnecting ? 0 : jvpn_client_control_open(client, error, sizeof(error));
	if (!rv && !client->disconnecting)
		rv = jvpn_client_metrics_open(client, error, sizeof(error));
	if (rv)
		return jvpn_process_fail(jvpn_process_exit_code(rv), error);
	return jvpn_process_take_signals(client->engine.loop, on_stop, on_hup, client);
}

static void drain(struct jvpn_client *client)
{
	struct jvpn_event event = {.type = JVPN_EVENT_DRAIN, .slot = JVPN_SLOT_NONE};

	jvpn_engine_emit(&client->engine, JVPN_AUDIT_NODE_DRAINING, JVPN_REASON_NODE_DRAINING,
			 NULL);
	jvpn_driver_step(client->live, &event);
}

/* Whatever the reason for the end: the server hears of it as far as one flush carries. */
static void say_goodbye(struct jvpn_client *client)
{
	client->stopping = true;
	if (client->live && client->keep)
		drain(client);
	else if (client->live)
		jvpn_driver_terminate(client->live, JVPN_REASON_CLIENT_CLOSED);
	for (struct jvpn_transport *t = client->engine.driver->transports; t; t = t->next)
		jvpn_conn_close(t->conn, JVPN_APP_NO_ERROR, "");
	jvpn_quic_flush(client->engine.quic, jvpn_loop_now(client->engine.loop));
	if (client->keep && !jvpn_resume_keep(client)) {
		jvpn_log_error(JVPN_LOG_MAIN, "the session cannot be kept: ending it");
		client->keep = false;
		if (client->live)
			jvpn_driver_terminate(client->live, JVPN_REASON_CLIENT_CLOSED);
	}
}

/* Its hooks together get twice what one command may take, then they are given up; nobody reads signals here but
 * the runner. */
static void finish_hooks(struct jvpn_client *client)
{
	uint64_t limit_ns = jvpn_ms_to_ns(2 * client->options->config.hooks_timeout_ms);

	(void)jvpn_runner_finish(&client->runner, JVPN_CLIENT_JOBS_HOOKS,
				 jvpn_time_add(jvpn_clock_mono_ns(), limit_ns));
}

/* The way down in the order of its hooks; nothing of it when the next start goes on. */
static void go_down(struct jvpn_client *client)
{
	if (client->keep) {
		jvpn_runner_clear(&client->runner);
		jvpn_tunnel_close(client);
		return;
	}
	jvpn_hooks_before_down(client);
	finish_hooks(client);
	if (client->resolver.is_open)
		jvpn_resolver_restore(client);
	finish_hooks(client);
	jvpn_tunnel_close(client);
	jvpn_hooks_after_down(client);
	finish_hooks(client);
}

static void close_all(struct jvpn_client *client)
{
	if (client->engine.loop) {
		jvpn_progress_end(client);
		jvpn_operator_close(&client->operator);
		jvpn_exporter_close(&client->exporter);
		say_goodbye(client);
		jvpn_resolve_close(client);
		jvpn_network_close(client);
		go_down(client);
		if (!client->keep)
			jvpn_resume_remove(client);
		jvpn_resume_close(client);
		jvpn_dial_close_all(client);
		jvpn_engine_clear(&client->engine);
	}
	jvpn_resume_close(client);
	jvpn_tls_free(client->tls);
}

static int run(const struct jvpn_client_options *options)
{
	static struct jvpn_client client;
	int code;

	client.options = options;
	jvpn_notify_open(&client.notify);
	jvpn_runner_init(&client.runner, NULL);
	code = open_state(&client);
	if (!code) {
		jvpn_features_log();
		code = open_all(&client);
	}
	if (!code) {
		jvpn_notify_ready(&client.notify);
		code = jvpn_loop_run(client.engine.loop);
	}
	jvpn_notify_stopping(&client.notify);
	close_all(&client);
	jvpn_notify_close(&client.notify);
	return code;
}

/* Ends what a running client has, or what a killed one left. */
static int disconnect(const struct jvpn_client_options *options)
{
	static struct jvpn_client client;
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int code, rv;

	client.options = options;
	client.disconnecting = true;
	jvpn_runner_init(&client.runner, NULL);
	code = open_state(&client);
	if (code == JVPN_EXIT_OK && client.resume.saved) {
		code = open_all(&client);
		if (code == JVPN_EXIT_OK)
			code = jvpn_loop_run(client.engine.loop);
		else if (code == JVPN_EXIT_UNREACHABLE)
			code = JVPN_EXIT_OK; /* said; what is ours is removed all the same */
		close_all(&client);
		return code;
	}
	/* A state file that cannot be read stays; the tunnel goes. */
	rv = code == JVPN_EXIT_OK || client.resume.enabled
		     ? jvpn_tunnel_sweep(&client, options->config.tun_name, error, sizeof(error))
		     : 0;
	jvpn_resume_close(&client);
	return rv ? jvpn_process_fail(jvpn_process_exit_code(rv), error) : code;
}

/* Everything that RUN loads, but no socket and no device. */
static int check(const struct jvpn_client_options *options)
{
	static struct jvpn_client client;
	int code;

	client.options = options;
	code = open_tls(&client);
	jvpn_tls_free(client.tls);
	if (!code)
		printf("%s: fine\n", options->config_path);
	return code;
}

int main(int argc, char **argv)
{
	static struct jvpn_client_options options;
	int code = JVPN_EXIT_FAILURE;

	if (!jvpn_client_options_load(argc, argv, &options, &code))
		return code;
	jvpn_log_init("jvpn-client", options.log_level);
	switch (options.command) {
	case JVPN_CLIENT_RUN:
		code = run(&options);
		break;
	case JVPN_CLIENT_CHECK:
		code = check(&options);
		break;
	case JVPN_CLIENT_DISCONNECT:
		code = disconnect(&options);
		break;
	case JVPN_CLIENT_OPERATE:
		code = jvpn_operate_run(&options.operate);
		break;
	}
	jvpn_client_options_clear(&options);
	return code;
}
