/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The world of test_driver.c. For tests only.
 */
#include "driver_world.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <poll.h>

#include "base/buf.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "proto/capsule.h"
#include "runtime/persist.h"
#include "server/auth.h"
#include "server/lease.h"

#define TOKEN "test-token-of-the-driver-tests-0123456789"

struct world world;

/* --- what tunnel.c and dial.c would do --- */

void jvpn_tunnel_on_capsule(void *user, struct jvpn_transport *transport, uint64_t type,
			    const uint8_t *data, size_t len)
{
	struct jvpn_client *client = user;
	struct jvpn_reader r;

	if (!transport->live || type != JVPN_CAPSULE_ADDRESS_ASSIGN)
		return;
	jvpn_reader_init(&r, data, len);
	ck_assert_int_eq(jvpn_connectip_assign_decode(&r, &world.assigned), 0);
	if (!client->has_addresses)
		ck_assert_int_eq(jvpn_live_set_addresses(transport->live, &world.assigned), 0);
	client->has_addresses = true;
}

/* Number of a packet, after what an IPv4 header would be. */
#define NUMBER_AT 20

static void receive(struct world_flow *flow, const uint8_t *packet)
{
	uint32_t number;
	uint8_t bit;

	memcpy(&number, packet + NUMBER_AT, sizeof(number));
	ck_assert_uint_lt(number, WORLD_NUMBERS);
	bit = (uint8_t)(1U << number % 8);
	flow->twice += (flow->seen[number / 8] & bit) != 0;
	flow->seen[number / 8] |= bit;
	flow->out_of_order += number < flow->newest;
	if (number > flow->newest)
		flow->newest = number;
	flow->received++;
	flow->received_ns = world.pair.now_ns;
}

void jvpn_tunnel_on_packet(void *user, struct jvpn_live *live, uint8_t *packet, size_t len)
{
	(void)user, (void)live, (void)len;
	receive(&world.down, packet);
}

void jvpn_tunnel_on_mtu(void *user, struct jvpn_live *live)
{
	(void)user, (void)live;
}

void jvpn_tunnel_update(struct jvpn_client *client)
{
	(void)client;
}

static void tell_ready(struct jvpn_client *client, struct jvpn_transport *t)
{
	struct jvpn_event ready = {.type = JVPN_EVENT_TRANSPORT_READY, .slot = t->slot};
	struct jvpn_conn_stats stats;

	jvpn_conn_get_stats(t->conn, &stats);
	snprintf(ready.u.attached.label, sizeof(ready.u.attached.label), "%s", t->label);
	ready.u.attached.pto_ns = stats.pto_ns;
	jvpn_driver_step(client->live, &ready);
}

void jvpn_dial_ready(struct jvpn_client *client, struct jvpn_transport *transport)
{
	/* One transport at a time: by now the old one may have come back. */
	if (transport == world.standby) {
		ck_assert_int_eq(jvpn_driver_attach(client->live, transport, "lte0"), 0);
		tell_ready(client, transport);
	} else if (!client->live || client->stopping ||
		   !jvpn_session_wants_transport(&client->live->core))
		jvpn_conn_close(transport->conn, JVPN_APP_NO_ERROR, "");
	else
		jvpn_client_join(client, transport);
}

void jvpn_dial_know(struct jvpn_client *client, const struct sockaddr_storage *address)
{
	(void)client, (void)address;
}

void jvpn_dial_succeeded(struct jvpn_client *client, struct jvpn_transport *transport)
{
	(void)client;
	if (world.trying == transport)
		world.trying = NULL;
}

void jvpn_dial_answered(struct jvpn_client *client)
{
	(void)client;
}

void jvpn_dial_closed_port(struct jvpn_client *client, struct jvpn_transport *transport)
{
	(void)client, (void)transport;
}

void jvpn_dial_elsewhere(struct jvpn_client *client, struct jvpn_transport *transport)
{
	(void)client;
	jvpn_conn_close(transport->conn, JVPN_APP_NO_ERROR, "elsewhere");
}

void jvpn_dial_refused(struct jvpn_client *client, struct jvpn_transport *transport,
		       uint64_t retry_after_ms)
{
	(void)client, (void)transport, (void)retry_after_ms;
}

void jvpn_dial_hold(struct jvpn_client *client, uint32_t seconds)
{
	(void)client;
	world.dial_again_ns = world.pair.now_ns + seconds * 1000 * PAIR_MS;
	world.trying = NULL;
}

void jvpn_dial_closed(struct jvpn_client *client, struct jvpn_transport *transport,
		      const struct jvpn_close_info *info)
{
	(void)client, (void)info;
	if (world.standby == transport)
		world.standby = NULL;
	if (world.trying != transport)
		return;
	world.trying = NULL;
	world.dial_again_ns = world.pair.now_ns + 100 * PAIR_MS;
}

void world_dial(void)
{
	struct pair_side *c = &world.pair.client;
	struct jvpn_client *client = &world.client;

	pair_connect(&world.pair);
	ck_assert_int_eq(jvpn_driver_transport_new(client->engine.driver, c->conn, &world.trying),
			 0);
	world.dialled++;
	world.dial_until_ns = world.pair.now_ns + 1000 * PAIR_MS;
}

static bool standby_is_ready(void)
{
	const struct jvpn_transport *t = world.standby;

	return t && t->live && t->slot < JVPN_SLOTS && t->live->core.slot[t->slot].ready;
}

void world_standby(void)
{
	pair_connect_second(&world.pair);
	ck_assert_int_eq(jvpn_driver_transport_new(world.client.engine.driver,
						   world.pair.client.conn, &world.standby),
			 0);
	ck_assert(world_run_until(standby_is_ready, 1000));
	world_run_ms(300); /* its MTU is found */
}

static void poll_dial(uint64_t now_ns)
{
	struct jvpn_client *client = &world.client;

	if (world.trying && world.dial_until_ns <= now_ns) {
		world.dial_until_ns = JVPN_TIME_NEVER;
		jvpn_conn_close(world.trying->conn, JVPN_APP_NO_ERROR, "no answer");
		return;
	}
	if (client->stopping || world.trying || world.no_dial || now_ns < world.dial_again_ns)
		return;
	if (!client->live && !world.no_restart)
		ck_assert_int_eq(jvpn_client_start_session(client), 0);
	if (client->live && jvpn_session_wants_transport(&client->live->core))
		world_dial();
}

/* --- traffic --- */

/* A packet that nothing here looks into. */
static void send_on(struct jvpn_live *live, uint64_t number)
{
	uint8_t packet[WORLD_PACKET_BYTES] = {0x45};
	uint32_t n = (uint32_t)number;

	memcpy(packet + NUMBER_AT, &n, sizeof(n));
	if (live)
		jvpn_live_send(live, packet, sizeof(packet));
}

void world_send_up(void)
{
	send_on(world.client.live, ++world.up.sent);
}

void world_send_down(void)
{
	send_on(world_server_live(), ++world.down.sent);
}

static void run_flow(struct world_flow *flow, void (*send)(void), uint64_t now_ns)
{
	if (!flow->interval_ns)
		return;
	if (flow->next_ns < now_ns)
		flow->next_ns = now_ns;
	while (flow->next_ns <= now_ns) {
		send();
		flow->next_ns += flow->interval_ns;
	}
}

static uint64_t next_of_flow(const struct world_flow *flow)
{
	return flow->interval_ns ? flow->next_ns : JVPN_TIME_NEVER;
}

static void on_uplink(void *user, struct jvpn_live *live, uint8_t *packet, size_t len)
{
	(void)user, (void)live, (void)len;
	receive(&world.up, packet);
}

/* --- hooks --- */

static void begin(void *user, uint64_t now_ns)
{
	jvpn_driver_set_now(user, now_ns);
}

static void turn_client(void *user, uint64_t now_ns)
{
	jvpn_driver_on_timer(user);
	poll_dial(now_ns);
	run_flow(&world.up, world_send_up, now_ns);
}

/* What a durable store answers takes no virtual time. */
static void turn_store(uint64_t now_ns)
{
	struct pollfd fd;

	if (!world.persist)
		return;
	fd = (struct pollfd){.fd = jvpn_persist_fd(world.persist), .events = POLLIN};
	jvpn_persist_poll(world.persist, now_ns);
	while (jvpn_persist_is_durable(world.persist) && jvpn_persist_pending(world.persist) &&
	       poll(&fd, 1, 5000) == 1)
		jvpn_persist_dispatch(world.persist, now_ns);
	jvpn_persist_dispatch(world.persist, now_ns);
}

static void turn_server(void *user, uint64_t now_ns)
{
	turn_store(now_ns);
	jvpn_driver_on_timer(user);
	run_flow(&world.down, world_send_down, now_ns);
}

static uint64_t next_client(void *user)
{
	const struct jvpn_client *client = &world.client;
	uint64_t at = jvpn_time_min(jvpn_driver_next_deadline(user), next_of_flow(&world.up));

	if (world.trying)
		return jvpn_time_min(at, world.dial_until_ns);
	if (!world.no_dial && !client->stopping &&
	    (!client->live ? !world.no_restart : jvpn_session_wants_transport(&client->live->core)))
		at = jvpn_time_min(at, world.dial_again_ns);
	return at;
}

static uint64_t next_server(void *user)
{
	uint64_t at = jvpn_time_min(jvpn_driver_next_deadline(user), next_of_flow(&world.down));

	/* a store in memory may hold answers back: asked again every millisecond */
	return world.persist && jvpn_persist_pending(world.persist)
		       ? jvpn_time_min(at, world.pair.now_ns + PAIR_MS)
		       : at;
}

/* --- set-up --- */

static struct jvpn_events *open_events(enum world_end end)
{
	struct jvpn_events_config config = {.role = end == WORLD_CLIENT ? JVPN_ROLE_CLIENT
									: JVPN_ROLE_SERVER,
					    .node_id = "test",
					    .output = {world.events[end]}};
	struct jvpn_events *events = NULL;
	char error[256] = "";
	int fd;

	snprintf(world.events[end], sizeof(world.events[end]), "/tmp/jvpn-test-events-XXXXXX");
	fd = mkstemp(world.events[end]);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_msg(jvpn_events_open(&config, &events, error, sizeof(error)) == 0, "%s", error);
	return events;
}

static struct jvpn_driver *new_driver(const struct jvpn_driver_config *base)
{
	struct jvpn_driver_config config = *base;
	struct jvpn_driver *driver = NULL;

	config.queue = (struct jvpn_queue_config){
		.max_packets = 4096, .max_bytes = 3 << 20, .max_sojourn_ns = 250 * PAIR_MS};
	memset(config.hash_seed, 7, sizeof(config.hash_seed));
	ck_assert_int_eq(jvpn_driver_new(&config, &driver), 0);
	jvpn_driver_set_now(driver, world.pair.now_ns);
	return driver;
}

static void make_server_driver(struct jvpn_secret *challenge_key)
{
	struct jvpn_worker *s = &world.server.worker[0];
	struct jvpn_driver_config config = {.role = JVPN_ROLE_SERVER,
					    .policy = &world.server_options.policy,
					    .ops = &world.server_ops,
					    .user = s,
					    .challenge_key = challenge_key,
					    .persist = world.persist,
					    .max_sessions =
						    world.server_options.policy.max_sessions};

	s->engine.events = open_events(WORLD_SERVER);
	config.events = s->engine.events;
	s->engine.driver = new_driver(&config);
}

static void make_client_driver(void)
{
	struct jvpn_client *c = &world.client;
	struct jvpn_driver_config config = {.role = JVPN_ROLE_CLIENT,
					    .policy = &world.client_options.policy,
					    .ops = &world.client_ops,
					    .user = c,
					    .max_sessions = 3};

	c->engine.events = open_events(WORLD_CLIENT);
	config.events = c->engine.events;
	c->engine.driver = new_driver(&config);
}

static void hook(struct pair_side *side, struct jvpn_driver *driver, bool server)
{
	side->hooks = (struct pair_hooks){.begin = begin,
					  .turn = server ? turn_server : turn_client,
					  .next = server ? next_server : next_client,
					  .user = driver};
}

/* Called by pair_init() before it makes the two jvpn_quic. */
static void put_drivers_in(struct pair *p)
{
	struct jvpn_secret challenge_key = {0};

	ck_assert_int_eq(jvpn_secret_generate(&challenge_key, JVPN_SECRET_KEY_BYTES), 0);
	make_server_driver(&challenge_key);
	make_client_driver();
	p->server_config.ops = p->client_config.ops = jvpn_driver_quic_ops();
	p->server_config.user = world.server.worker[0].engine.driver;
	p->client_config.user = world.client.engine.driver;
	/* As main.c has it: three keepalives and a slack. */
	p->server_config.idle_timeout_ns = p->client_config.idle_timeout_ns = 80000 * PAIR_MS;
	hook(&p->server, world.server.worker[0].engine.driver, true);
	hook(&p->client, world.client.engine.driver, false);
}

static void make_auth(void)
{
	struct jvpn_report *report = jvpn_report_new();
	char path[64] = "/tmp/jvpn-test-tokens-XXXXXX", hash[JVPN_SHA256_HEX_LEN + 1];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(jvpn_token_hash(TOKEN, strlen(TOKEN), hash), 0);
	ck_assert_int_gt(dprintf(fd, "alice:%s:-\n", hash), 0);
	close(fd);
	ck_assert_int_eq(jvpn_auth_load(path, &world.server.auth, report), 0);
	unlink(path);
	jvpn_report_free(report);
}

static void make_pool(void)
{
	struct jvpn_lease_config config = {
		.ipv4 = {.family = 4, .length = 24, .address = {10, 77, 0, 0}}, .max_leases = 100};

	ck_assert_int_eq(jvpn_lease_pool_new(&config, &world.server.leases), 0);
}

void world_init(void (*change)(void))
{
	world_init_with(NULL, change);
}

void world_init_with(struct jvpn_persist *persist, void (*change)(void))
{
	memset(&world, 0, sizeof(world));
	world.persist = world.server.persist = persist;
	world.server.capacity = 16;
	ck_assert_int_eq(jvpn_workers_new(&world.server, 1), 0);
	world.server.options = &world.server_options;
	world.client.options = &world.client_options;
	jvpn_policy_init(&world.server_options.policy);
	jvpn_policy_init(&world.client_options.policy);
	world.server_options.policy.max_sessions = 16;
	snprintf(world.client_options.config.token, sizeof(world.client_options.config.token),
		 TOKEN);
	snprintf(world.client_options.config.server_name,
		 sizeof(world.client_options.config.server_name), "vpn.example");
	snprintf(world.client_options.config.label, sizeof(world.client_options.config.label),
		 "eth0");
	world.client_options.config.servers.item[0].port = 443;
	world.server_ops =
		(struct jvpn_driver_ops){.on_request = jvpn_server_on_request,
					 .on_create_answer = jvpn_server_on_create_answer,
					 .on_attach_answer = jvpn_server_on_attach_answer,
					 .on_packet = on_uplink,
					 .on_stepped = jvpn_server_on_stepped,
					 .on_ended = jvpn_server_on_ended};
	world.client_ops = jvpn_client_driver_ops;
	if (change)
		change();
	make_auth();
	make_pool();
	ck_assert_int_eq(jvpn_server_index_init(&world.server.index,
						world.server_options.policy.max_sessions),
			 0);
	ck_assert_int_eq(jvpn_loop_new(&world.client.engine.loop), 0);
	pair_init(&world.pair, put_drivers_in);
	world.server.worker[0].engine.quic = world.pair.server.quic;
	world.client.engine.quic = world.pair.client.quic;
	world.client.tls = world.pair.client.tls;
}

void world_clear(void)
{
	/* In the order of engine.c: connections first, without ops. */
	pair_clear(&world.pair);
	jvpn_driver_free(world.client.engine.driver);
	jvpn_driver_free(world.server.worker[0].engine.driver);
	jvpn_events_close(&world.client.engine.events, 0, 0);
	jvpn_events_close(&world.server.worker[0].engine.events, 0, 0);
	unlink(world.events[WORLD_CLIENT]);
	unlink(world.events[WORLD_SERVER]);
	jvpn_loop_free(world.client.engine.loop);
	jvpn_server_index_clear(&world.server.index);
	jvpn_lease_pool_free(world.server.leases);
	jvpn_auth_free(world.server.auth);
	jvpn_workers_free(&world.server);
}

/* --- running --- */

void world_run_ms(uint64_t ms)
{
	pair_run(&world.pair, ms * PAIR_MS);
}

static void show(const char *title, const char *path)
{
	char line[8192];
	FILE *f = fopen(path, "r");

	fprintf(stderr, "--- %s\n", title);
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

void world_show(void)
{
	show("client", world.events[WORLD_CLIENT]);
	show("server", world.events[WORLD_SERVER]);
}

bool world_run_until(bool (*condition)(void), uint64_t ms)
{
	for (uint64_t i = 0; i < ms && !condition(); i++)
		world_run_ms(1);
	if (!condition())
		world_show();
	return condition();
}

struct jvpn_live *world_server_live(void)
{
	return world.server.worker[0].engine.driver->lives;
}

struct jvpn_transport *world_client_transport(void)
{
	return world.client.live ? jvpn_live_binding(world.client.live) : NULL;
}

bool world_is_attached(void)
{
	const struct jvpn_live *s = world_server_live(), *c = world.client.live;

	return s && c && s->core.state == JVPN_STATE_ATTACHED &&
	       c->core.state == JVPN_STATE_ATTACHED && jvpn_live_binding(s) &&
	       jvpn_live_binding(c) && c->core.server_version == s->core.state_version;
}

void world_open(void)
{
	ck_assert(world_run_until(world_is_attached, 3000));
	world_run_ms(500);
	ck_assert(world_is_attached());
}

/* --- events --- */

static bool has(const char *line, const char *what)
{
	return !what || strstr(line, what);
}

unsigned world_events(enum world_end end, const char *a, const char *b, const char *c)
{
	char line[8192];
	FILE *f = fopen(world.events[end], "r");
	unsigned n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		n += has(line, a) && has(line, b) && has(line, c);
	fclose(f);
	return n;
}
