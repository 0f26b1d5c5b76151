/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Workers: what each has of its own, opened and closed.
 */
#include "server/worker.h"

#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/random.h"
#include "crypto/wipe.h"
#include "runtime/persist.h"
#include "runtime/process.h"
#include "server/listener.h"
#include "server/server.h"

#define HOLD_PACKETS       256
#define HOLD_BYTES         (256 * 1024)
#define HOLD_PROCESS_BYTES (32 * 1024 * 1024)
/* workers: auto. More are for those who have measured; with so few processors one worker leaves the
 * other to the kernel and to the store. */
#define AUTO_MAX 16
#define AUTO_ONE 2

size_t jvpn_workers_count(const struct jvpn_server_options *options)
{
	cpu_set_t cpus;
	size_t n = 1;

	if (options->config.workers)
		return (size_t)options->config.workers;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = (size_t)CPU_COUNT(&cpus);
	if (n <= AUTO_ONE)
		return 1;
	return n < AUTO_MAX ? n : AUTO_MAX;
}

int jvpn_workers_new(struct jvpn_server *server, size_t count)
{
	server->worker = aligned_alloc(64, count * sizeof(*server->worker));
	if (!server->worker)
		return JVPN_ENOMEM;
	memset(server->worker, 0, count * sizeof(*server->worker));
	pthread_mutex_init(&server->lock, NULL);
	server->worker_count = count;
	for (size_t i = 0; i < count; i++) {
		server->worker[i].server = server;
		server->worker[i].id = (uint8_t)i;
		jvpn_slack_init(&server->worker[i].slack);
	}
	return 0;
}

void jvpn_workers_free(struct jvpn_server *server)
{
	if (!server->worker)
		return;
	pthread_mutex_destroy(&server->lock);
	free(server->worker);
	server->worker = NULL;
	server->worker_count = 0;
}

/* ---- one turn ---- */

static bool is_first(const struct jvpn_worker *worker)
{
	return worker->id == 0;
}

/* Between what lives on there are pages that the allocator keeps for ever. */
static void give_memory_back(struct jvpn_worker *worker, uint64_t now_ns)
{
	size_t connections = jvpn_quic_conn_count(worker->engine.quic);

	if (!jvpn_slack_look(&worker->slack, connections, now_ns))
		return;
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

static void on_turn(void *user, uint64_t now_ns)
{
	struct jvpn_worker *worker = user;
	struct jvpn_server *server = worker->server;

	atomic_fetch_add_explicit(&worker->turns, 1, memory_order_relaxed);
	jvpn_strangers_poll(&worker->strangers, worker->engine.driver, worker->engine.quic);
	jvpn_server_gateway_flush(worker);
	if (worker->persist)
		jvpn_persist_poll(worker->persist, now_ns);
	give_memory_back(worker, now_ns);
	if (is_first(worker) && server->on_turn)
		server->on_turn(server, now_ns);
}

static void on_flushed(void *user)
{
	jvpn_server_gateway_flush(user);
}

static uint64_t next_deadline(void *user)
{
	const struct jvpn_worker *worker = user;
	uint64_t at = jvpn_strangers_next_deadline(&worker->strangers);

	at = jvpn_time_min(at, jvpn_slack_next_deadline(&worker->slack));
	if (worker->persist)
		at = jvpn_time_min(at, jvpn_persist_next_deadline(worker->persist));
	if (is_first(worker) && worker->server->next_deadline)
		at = jvpn_time_min(at, worker->server->next_deadline(worker->server));
	return at;
}

/* ---- opening ---- */

static const struct jvpn_driver_ops driver_ops = {
	.on_request = jvpn_server_on_request,
	.on_create_answer = jvpn_server_on_create_answer,
	.on_attach_answer = jvpn_server_on_attach_answer,
	.on_packet = jvpn_server_on_packet,
	.on_misdirected = jvpn_worker_on_misdirected,
	.on_stepped = jvpn_server_on_stepped,
	.on_ended = jvpn_server_on_ended,
};

/* Its part of what the whole node may do. */
static size_t share(const struct jvpn_worker *worker, size_t whole)
{
	size_t n = worker->server->worker_count;

	return (whole + n - 1) / n;
}

static void fill_quic(const struct jvpn_worker *worker, struct jvpn_quic_config *quic)
{
	const struct jvpn_server *server = worker->server;
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
	quic->worker_id = worker->id;
	quic->workers = (unsigned)server->worker_count;
	memcpy(quic->server_id, c->quic_server_id.data, sizeof(quic->server_id));
	quic->server_id_len = c->quic_server_id.length;
	memcpy(quic->reset_secret, server->keys.reset.b, sizeof(quic->reset_secret));
	memcpy(quic->token_secret, server->keys.token.b, sizeof(quic->token_secret));
	memcpy(quic->hash_secret, server->keys.cid.b, sizeof(quic->hash_secret));
	quic->retry_above_half_open = share(worker, c->quic_retry_above_half_open);
	quic->handshakes_per_source_per_s = (uint32_t)share(worker, c->quic_handshakes_per_source);
	quic->hold_max_packets = HOLD_PACKETS;
	quic->hold_max_bytes = HOLD_BYTES;
	quic->hold_max_bytes_process = share(worker, HOLD_PROCESS_BYTES);
}

static int open_lane(struct jvpn_worker *worker)
{
	struct jvpn_persist *root = worker->server->persist;

	if (!root || is_first(worker)) {
		worker->persist = root;
		return 0;
	}
	return jvpn_persist_lane_new(root, &worker->persist);
}

int jvpn_worker_open_engine(struct jvpn_worker *worker)
{
	static struct jvpn_engine_config config;
	struct jvpn_server *server = worker->server;
	const struct jvpn_server_config *c = &server->options->config;
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int rv = open_lane(worker);

	config.events = jvpn_process_events(JVPN_ROLE_SERVER, c->node_id, &c->events);
	config.recent_bytes = jvpn_operator_recent_bytes(&c->control);
	if (!is_first(worker))
		config.shared_events = server->worker[0].engine.events;
	config.driver.role = JVPN_ROLE_SERVER;
	config.driver.policy = &server->options->policy;
	config.driver.ops = &driver_ops;
	config.driver.user = worker;
	config.driver.challenge_key = &server->keys.challenge;
	config.driver.max_sessions = server->capacity;
	config.driver.persist = worker->persist;
	config.driver.queue = jvpn_process_queue_config();
	fill_quic(worker, &config.quic);
	if (!rv)
		rv = jvpn_random(config.driver.hash_seed, sizeof(config.driver.hash_seed));
	if (!rv)
		rv = jvpn_engine_init(&worker->engine, &config, error, sizeof(error));
	jvpn_wipe(&config, sizeof(config));
	worker->engine.on_turn = on_turn;
	worker->engine.on_flushed = on_flushed;
	worker->engine.next_deadline = next_deadline;
	worker->engine.user = worker;
	if (!rv && server->worker_count > 1)
		rv = jvpn_worker_open_mailbox(worker);
	return rv ? jvpn_process_fail(jvpn_process_exit_code(rv), error) : JVPN_EXIT_OK;
}

int jvpn_worker_open_sockets(struct jvpn_worker *worker)
{
	struct jvpn_server *server = worker->server;
	const struct jvpn_server_config *c = &server->options->config;
	struct jvpn_listener_config listen = {
		.address = c->listen.item,
		.count = c->listen.count,
		.buffer_bytes = (int)c->quic_socket_buffer_bytes,
		.offload = c->quic_offload,
		.handed = &server->handed,
		.share = is_first(worker) && server->worker_count > 1,
		.join = is_first(worker) ? NULL : server->worker[0].listener};
	char error[JVPN_PROCESS_ERROR_MAX] = "";
	int rv = jvpn_listener_open(worker->engine.loop, worker->engine.quic, &listen,
				    &worker->listener, error, sizeof(error));

	return rv ? jvpn_process_fail(jvpn_process_exit_code(rv), error) : JVPN_EXIT_OK;
}

/* Without it the kernel goes by addresses and ports, and the workers give each other what is theirs. */
void jvpn_workers_steer(struct jvpn_server *server)
{
	const struct jvpn_server_config *c = &server->options->config;

	if (server->worker_count <= 1)
		return;
	if (!c->quic_steering)
		jvpn_log_info(JVPN_LOG_QUIC, "steering by connection ID is off");
	else if (jvpn_listener_steer(server->worker[0].listener, c->quic_server_id.length,
				     (unsigned)server->worker_count))
		jvpn_log_warn(JVPN_LOG_QUIC, "the kernel does not steer by connection ID: slower");
}

/* ---- the end ---- */

/* A step may take its session out of the list, and no other one. */
static void each_session(struct jvpn_worker *worker, void (*fn)(struct jvpn_live *live))
{
	struct jvpn_live *next;

	for (struct jvpn_live *live = worker->engine.driver->lives; live; live = next) {
		next = live->next;
		fn(live);
	}
}

static void end_one(struct jvpn_live *live)
{
	jvpn_driver_terminate(live, JVPN_REASON_NODE_SHUTDOWN);
}

static void drain_one(struct jvpn_live *live)
{
	struct jvpn_event drain = {.type = JVPN_EVENT_DRAIN, .slot = JVPN_SLOT_NONE};

	jvpn_driver_step(live, &drain);
}

void jvpn_worker_terminate(struct jvpn_worker *worker, const struct jvpn_id *id,
			   enum jvpn_reason reason)
{
	struct jvpn_live *live = worker->engine.driver->lives;

	while (live && !jvpn_id_equal(&live->core.id, id))
		live = live->next;
	if (live)
		jvpn_driver_terminate(live, reason);
}

void jvpn_worker_end_sessions(struct jvpn_worker *worker)
{
	each_session(worker, end_one);
	jvpn_quic_flush(worker->engine.quic, jvpn_loop_now(worker->engine.loop));
}

void jvpn_worker_drain_sessions(struct jvpn_worker *worker)
{
	each_session(worker, drain_one);
}

void jvpn_worker_close_sockets(struct jvpn_worker *worker)
{
	if (worker->engine.loop)
		jvpn_listener_free(worker->listener);
	worker->listener = NULL;
}

void jvpn_worker_close_engine(struct jvpn_worker *worker)
{
	jvpn_worker_close_mailbox(worker);
	if (worker->engine.loop)
		jvpn_engine_clear(&worker->engine);
	if (!is_first(worker))
		jvpn_persist_lane_free(worker->persist);
	worker->persist = NULL;
}

void jvpn_worker_say_handed(const struct jvpn_worker *worker)
{
	const struct jvpn_worker_handed *h = &worker->handed;

	if (h->datagrams || h->packets || h->dropped)
		jvpn_log_info(JVPN_LOG_MAIN,
			      "worker %u gave to others: %llu datagrams, %llu inner packets; "
			      "dropped %llu",
			      (unsigned)worker->id, (unsigned long long)h->datagrams,
			      (unsigned long long)h->packets, (unsigned long long)h->dropped);
}
