/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jvpn-load: opens thousands of sessions from one process against a real server and lets them live
 * through phases: NAT churn (every session goes on from another local port at a given rate), honest
 * traffic, loss of every connection, REATTACH on fresh ones. One JSON line on standard output for
 * each phase. Uses the product's own libraries; no TUN, no root.
 *
 * The sessions share a pool of sockets: a QUIC connection is found by its connection ID, so that
 * a move to another socket of the pool is another source port for the server, at no memory here.
 */
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "config/policy_file.h"
#include "crypto/random.h"
#include "load.h"
#include "quic/endpoint.h"
#include "quic/tls.h"
#include "runtime/clock.h"
#include "runtime/process.h"

#define TICK_NS          (2 * JVPN_NS_PER_MS)
#define MOVE_PATIENCE_NS (3 * JVPN_NS_PER_S) /* a churn phase waits so long for its last ACKs */
#define OPEN_TIMEOUT_NS  (600 * JVPN_NS_PER_S)

static const char *const phase_name[] = {
	[LOAD_OPEN] = "open",         [LOAD_CHURN] = "churn",   [LOAD_DETACH] = "detach",
	[LOAD_REATTACH] = "reattach", [LOAD_ATTACK] = "attack", [LOAD_CLOSE] = "close",
	[LOAD_IDLE] = "idle"};

_Noreturn static void fail(const char *what, const char *why)
{
	fprintf(stderr, "jvpn-load: %s: %s\n", what, why);
	exit(1);
}

/* --- figures --- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(const struct load_samples *s, unsigned int percent)
{
	size_t rank = (s->count * percent + 99) / 100;

	return s->count ? s->ms[rank ? rank - 1 : 0] : 0;
}

static void print_samples(const char *name, struct load_samples *s)
{
	if (s->count)
		qsort(s->ms, s->count, sizeof(*s->ms), by_value);
	printf(",\"%s_ms\":{\"n\":%zu,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, s->count,
	       percentile(s, 50), percentile(s, 99), s->count ? s->ms[s->count - 1] : 0.0);
}

static size_t unfinished_moves(const struct load *load)
{
	size_t n = 0;

	for (size_t i = 0; i < load->opt.sessions; i++)
		n += load->session[i].moved_ns != 0;
	return n;
}

static void print_ends(const struct load *load)
{
	const char *comma = "";

	printf(",\"ended_by\":{");
	for (size_t i = 0; i < sizeof(load->ended_by) / sizeof(load->ended_by[0]); i++) {
		if (!load->ended_by[i])
			continue;
		printf("%s\"%s\":%" PRIu64, comma, jvpn_reason_name((enum jvpn_reason)i),
		       load->ended_by[i]);
		comma = ",";
	}
	printf("}");
}

static void report_phase(struct load *load, uint64_t now_ns)
{
	double seconds = (double)(now_ns - load->phase_start_ns) / 1e9;

	printf("{\"phase\":\"%s\",\"seconds\":%.3f,\"sessions\":%zu,\"attached\":%zu,"
	       "\"dialling\":%zu,\"begun\":%zu",
	       phase_name[load->opt.phase[load->phase]], seconds, load->opt.sessions,
	       load->attached, load->dialling, load->cursor);
	print_samples("handshake", &load->handshake);
	print_samples("move", &load->move);
	print_samples("reattach", &load->reattach);
	printf(",\"handshakes_per_s\":%.1f,\"moves\":%" PRIu64 ",\"moves_unfinished\":%zu",
	       seconds > 0 ? (double)(load->handshake.count + load->reattach.count) / seconds : 0,
	       load->moves, unfinished_moves(load));
	printf(",\"resumed\":%" PRIu64 ",\"hybrid\":%" PRIu64, load->resumed, load->hybrid);
	if (load->attacks)
		printf(",\"attacks\":%" PRIu64, load->attacks);
	printf(",\"echo_sent\":%" PRIu64 ",\"echo_received\":%" PRIu64
	       ",\"connections_lost\":%" PRIu64 ",\"refused\":%" PRIu64
	       ",\"sessions_ended\":%" PRIu64,
	       load->echo_sent, load->echo_received, load->connections_lost, load->refused,
	       load->sessions_ended);
	print_ends(load);
	printf("}\n");
	fflush(stdout);
	load->handshake.count = load->move.count = load->reattach.count = 0;
	load->attacks = load->resumed = load->hybrid = 0;
	load->moves = load->echo_sent = load->echo_received = 0;
	load->connections_lost = load->refused = 0;
}

/* --- phases --- */

static bool open_is_done(const struct load *load)
{
	size_t settled = 0;

	if (load->started < load->opt.sessions || load->dialling)
		return false;
	for (size_t i = 0; i < load->opt.sessions; i++)
		settled += load->session[i].attached || load->session[i].is_over;
	return settled == load->opt.sessions;
}

static void redial_wanted(struct load *load)
{
	for (size_t i = 0; i < load->started && load->dialling < load->opt.inflight; i++)
		if (load->session[i].wanted && load->session[i].live)
			load_session_dial(load, &load->session[i]);
}

static void run_open(struct load *load)
{
	while (load->started < load->opt.sessions && load->dialling < load->opt.inflight)
		load_session_start(load, load->started);
}

/* As many as are due since the phase began, one session after the other. */
static void run_moves(struct load *load, uint64_t age_ns)
{
	double wanted =
		(double)age_ns / (double)load->opt.move_interval_ns * (double)load->opt.sessions;
	size_t tried = 0;

	while (load->opt.move_interval_ns && (double)load->moves < wanted &&
	       tried++ < load->opt.sessions) {
		struct load_session *s = &load->session[load->move_cursor];

		load->move_cursor = (load->move_cursor + 1) % load->opt.sessions;
		if (!s->moved_ns) /* else the last one is not through yet */
			load_session_move(load, s);
	}
}

static void run_echoes(struct load *load, uint64_t age_ns)
{
	double wanted = (double)age_ns / 1e9 * load->opt.packets_per_s;

	for (; (double)load->echoes < wanted; load->echoes++) {
		load_session_echo(load, &load->session[load->echo_cursor]);
		load->echo_cursor = (load->echo_cursor + 1) % load->opt.sessions;
	}
}

static bool churn_is_done(const struct load *load, uint64_t age_ns)
{
	if (age_ns < load->opt.churn_ns)
		return false;
	return unfinished_moves(load) == 0 || age_ns > load->opt.churn_ns + MOVE_PATIENCE_NS;
}

static void run_detach(struct load *load)
{
	size_t batch = load->opt.inflight;

	for (; batch-- && load->cursor < load->opt.sessions; load->cursor++)
		load_session_detach(&load->session[load->cursor]);
}

/* True when all of them have ended and are ready to begin anew. */
static bool run_close(struct load *load)
{
	size_t open = 0, batch = load->opt.inflight;

	for (; batch-- && load->cursor < load->opt.sessions; load->cursor++)
		load_session_close(&load->session[load->cursor]);
	for (size_t i = 0; i < load->opt.sessions; i++)
		open += load->session[i].live || load->session[i].transport;
	if (open || load->cursor < load->opt.sessions)
		return false;
	for (size_t i = 0; i < load->opt.sessions; i++)
		load->session[i] = (struct load_session){.ticket = load->session[i].ticket};
	load->started = 0;
	return true;
}

static void run_reattach(struct load *load)
{
	for (; load->cursor < load->opt.sessions && load->dialling < load->opt.inflight;
	     load->cursor++)
		if (load->session[load->cursor].live && !load->session[load->cursor].transport)
			load_session_dial(load, &load->session[load->cursor]);
}

/* True when it is over. */
static bool run_phase(struct load *load, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - load->phase_start_ns;

	if (age_ns > OPEN_TIMEOUT_NS && load->opt.phase[load->phase] != LOAD_CHURN)
		return true;
	switch (load->opt.phase[load->phase]) {
	case LOAD_OPEN:
		run_open(load);
		return open_is_done(load);
	case LOAD_CHURN:
		if (age_ns < load->opt.churn_ns) {
			run_moves(load, age_ns);
			run_echoes(load, age_ns);
		}
		return churn_is_done(load, age_ns);
	case LOAD_DETACH:
		run_detach(load);
		return load->cursor == load->opt.sessions && load->attached == 0;
	case LOAD_REATTACH:
		run_reattach(load);
		return load->cursor == load->opt.sessions && !load->dialling &&
		       load->attached + load->sessions_ended == load->opt.sessions;
	case LOAD_ATTACK:
		load_attack_run(load, age_ns);
		return age_ns >= load->opt.attack_ns;
	case LOAD_CLOSE:
		return run_close(load);
	case LOAD_IDLE:
		run_echoes(load, age_ns);
		return load->opt.idle_ns && age_ns >= load->opt.idle_ns;
	}
	return true;
}

static void begin_phase(struct load *load, uint64_t now_ns)
{
	load->in_phase = true;
	load->go = false;
	load->phase_start_ns = now_ns;
	load->cursor = 0;
	load->echoes = 0;
}

static void on_turn(void *user, uint64_t now_ns)
{
	struct load *load = user;

	if (load->stopping)
		return;
	if (!load->in_phase && (load->go || !load->opt.step || load->phase == 0))
		begin_phase(load, now_ns);
	if (!load->in_phase)
		return;
	if (load->opt.phase[load->phase] != LOAD_DETACH && !load->opt.detach_at_once)
		redial_wanted(load);
	if (!run_phase(load, now_ns))
		return;
	report_phase(load, now_ns);
	load->in_phase = false;
	if (++load->phase == load->opt.phases)
		jvpn_loop_stop(load->engine.loop, 0);
}

static uint64_t next_deadline(void *user)
{
	const struct load *load = user;

	return load->in_phase || !load->opt.step
		       ? jvpn_time_add(load->engine.driver->now_ns, TICK_NS)
		       : JVPN_TIME_NEVER;
}

/* --- set-up --- */

static void on_readable(void *user, uint64_t now_ns)
{
	struct load_socket *s = user;

	(void)jvpn_quic_receive(s->load->engine.quic, s->endpoint, now_ns,
				jvpn_clock_wall_ms() / JVPN_MS_PER_S);
}

static void open_sockets(struct load *load)
{
	char error[256] = "";

	for (size_t i = 0; i < load->opt.sockets; i++) {
		struct load_socket *s = &load->socket[i];
		struct jvpn_endpoint_config config = {.buffer_bytes = 4 << 20};

		config.local.ss_family = load->opt.server.ss_family;
		if (load->opt.from_count)
			config.local = load->opt.from[i % load->opt.from_count];
		s->load = load;
		if (jvpn_endpoint_open(&config, &s->endpoint, error, sizeof(error)) ||
		    jvpn_loop_watch_readable(load->engine.loop, jvpn_endpoint_fd(s->endpoint),
					     on_readable, s, &s->watch))
			fail("socket", error);
	}
}

static void open_engine(struct load *load)
{
	static struct jvpn_engine_config config;
	struct jvpn_tls_config tls = {.ca_file = load->opt.ca,
				      .wall_s = jvpn_clock_wall_ms() / JVPN_MS_PER_S};
	char error[JVPN_PROCESS_ERROR_MAX] = "";

	if (jvpn_tls_new(&tls, &load->tls, error, sizeof(error)))
		fail("TLS", error);
	config.events = (struct jvpn_events_config){
		.role = JVPN_ROLE_CLIENT, .node_id = "load", .output = {load->opt.events}};
	config.driver.role = JVPN_ROLE_CLIENT;
	config.driver.policy = &load->opt.policy;
	config.driver.ops = &load_ops;
	config.driver.user = load;
	config.driver.max_sessions = load->opt.sessions + 1;
	config.driver.queue = jvpn_process_queue_config();
	config.quic.tls = load->tls;
	config.quic.initial_rtt_ns = 45 * JVPN_NS_PER_MS;
	config.quic.idle_timeout_ns = jvpn_process_idle_timeout_ns(&load->opt.policy);
	config.quic.handshake_timeout_ns = 20 * JVPN_NS_PER_S;
	config.quic.max_udp_payload = 1452;
	config.quic.max_connections = 2 * load->opt.sessions + 64;
	if (jvpn_random(config.quic.reset_secret, sizeof(config.quic.reset_secret)) ||
	    jvpn_random(config.quic.hash_secret, sizeof(config.quic.hash_secret)) ||
	    jvpn_random(config.quic.token_secret, sizeof(config.quic.token_secret)))
		fail("random", "no entropy");
	if (jvpn_engine_init(&load->engine, &config, error, sizeof(error)))
		fail("start", error);
	load->engine.on_turn = on_turn;
	load->engine.next_deadline = next_deadline;
	load->engine.user = load;
}

static void on_stop(void *user, int signo, uint64_t now_ns)
{
	struct load *load = user;

	(void)signo;
	if (load->in_phase)
		report_phase(load, now_ns); /* as far as it came */
	load->stopping = true;
	jvpn_loop_stop(load->engine.loop, 0);
}

static void on_go(void *user, int signo, uint64_t now_ns)
{
	struct load *load = user;

	(void)signo;
	(void)now_ns;
	load->go = true;
}

static void close_all(struct load *load)
{
	load->stopping = true;
	for (size_t i = 0; i < load->opt.sessions; i++)
		if (load->session[i].live)
			jvpn_driver_terminate(load->session[i].live, JVPN_REASON_CLIENT_CLOSED);
	for (int i = 0; i < 20; i++)
		jvpn_quic_flush(load->engine.quic, jvpn_clock_mono_ns());
	for (size_t i = 0; i < load->opt.sockets; i++)
		jvpn_loop_unwatch(load->engine.loop, load->socket[i].watch);
	jvpn_engine_clear(&load->engine);
	for (size_t i = 0; i < load->opt.sockets; i++)
		jvpn_endpoint_free(load->socket[i].endpoint);
	jvpn_tls_free(load->tls);
	for (size_t i = 0; i < load->opt.sessions; i++)
		free(load->session[i].ticket);
	free(load->session);
	free(load->handshake.ms);
	free(load->move.ms);
	free(load->reattach.ms);
}

/* --- options --- */

_Noreturn static void usage(void)
{
	fputs("usage: jvpn-load --server ADDR:PORT --name NAME --ca FILE --token TOKEN --sessions N\n"
	      "  [--from ADDR]...       local addresses, in turn\n"
	      "  [--sockets N]          local ports that the sessions share and move among (64)\n"
	      "  [--inflight N]         handshakes at a time (64)\n"
	      "  [--policy FILE]        the policy of the clients' side\n"
	      "  [--phases LIST]        open,churn,detach,reattach,attack,close,idle (open)\n"
	      "  [--churn-s N] [--move-interval-ms N]  each session moves once in each interval\n"
	      "  [--idle-s N]           0: until SIGTERM\n"
	      "  [--packets-per-s N] [--echo ADDR]     inner echo requests, all sessions together\n"
	      "  [--attack unknown|proof|verified] [--attack-per-s N] [--attack-s N]\n"
	      "                         REATTACH requests of all sessions together\n"
	      "  [--own-tickets]        a session resumes from its own last TLS session, or none\n"
	      "  [--mute]               connect, and never ask for a tunnel\n"
	      "  [--detach-at-once]     in phase open: close each connection when it is attached\n"
	      "  [--step]               SIGUSR1 begins each phase but the first\n"
	      "  [--events FILE]        the clients' events (/dev/null)\n",
	      stderr);
	exit(2);
}

static void parse_address(const char *text, struct sockaddr_storage *out)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found = NULL;
	char host[INET6_ADDRSTRLEN + 3];
	char *end, *port = strrchr(text, ':');

	if (port && text[0] != '[' && strchr(text, ':') != port)
		port = NULL; /* a bare IPv6 address */
	if (port && text[0] == '[' && port[-1] != ']')
		port = NULL;
	snprintf(host, sizeof(host), "%.*s", port ? (int)(port - text) : (int)strlen(text), text);
	if (host[0] == '[') {
		memmove(host, host + 1, strlen(host));
		end = strchr(host, ']');
		if (end)
			*end = 0;
	}
	if (getaddrinfo(host, port ? port + 1 : "0", &hints, &found))
		fail(text, "no address");
	memcpy(out, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
}

static uint64_t number(const char *text)
{
	char *end = NULL;
	unsigned long long value = strtoull(text, &end, 10);

	if (!end || end == text || *end)
		usage();
	return value;
}

static void parse_phases(struct load_options *o, char *list)
{
	o->phases = 0;
	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		enum load_phase p = LOAD_OPEN;

		while (p <= LOAD_IDLE && strcmp(name, phase_name[p]) != 0)
			p++;
		if (p > LOAD_IDLE || o->phases == LOAD_PHASES_MAX)
			usage();
		o->phase[o->phases++] = p;
	}
}

static void load_policy(struct load_options *o, const char *path)
{
	struct jvpn_report *report = jvpn_report_new();

	if (!report || jvpn_policy_file_load(path, &o->policy, report))
		fail(path, "not a valid policy");
	jvpn_report_free(report);
}

static const struct option long_options[] = {
	{"server", 1, NULL, 's'},      {"name", 1, NULL, 'n'},
	{"ca", 1, NULL, 'c'},          {"token", 1, NULL, 't'},
	{"sessions", 1, NULL, 'N'},    {"from", 1, NULL, 'f'},
	{"sockets", 1, NULL, 'S'},     {"inflight", 1, NULL, 'i'},
	{"policy", 1, NULL, 'p'},      {"phases", 1, NULL, 'P'},
	{"churn-s", 1, NULL, 'C'},     {"move-interval-ms", 1, NULL, 'm'},
	{"idle-s", 1, NULL, 'I'},      {"packets-per-s", 1, NULL, 'r'},
	{"echo", 1, NULL, 'e'},        {"detach-at-once", 0, NULL, 'd'},
	{"step", 0, NULL, 'g'},        {"events", 1, NULL, 'E'},
	{"attack", 1, NULL, 'a'},      {"attack-per-s", 1, NULL, 'A'},
	{"attack-s", 1, NULL, 'T'},    {"mute", 0, NULL, 'u'},
	{"own-tickets", 0, NULL, 'k'}, {NULL, 0, NULL, 0}};

static void take_text(struct load_options *o, int c)
{
	switch (c) {
	case 's':
		parse_address(optarg, &o->server);
		break;
	case 'n':
		o->name = optarg;
		break;
	case 'c':
		o->ca = optarg;
		break;
	case 't':
		o->token = optarg;
		break;
	case 'f':
		if (o->from_count == LOAD_FROM_MAX)
			usage();
		parse_address(optarg, &o->from[o->from_count++]);
		break;
	case 'p':
		load_policy(o, optarg);
		break;
	case 'P':
		parse_phases(o, optarg);
		break;
	case 'e':
		o->echo = optarg;
		break;
	case 'a':
		if (!load_attack_parse(optarg, &o->attack))
			usage();
		break;
	case 'u':
		o->mute = true;
		break;
	case 'k':
		o->own_tickets = true;
		break;
	case 'd':
		o->detach_at_once = true;
		break;
	case 'g':
		o->step = true;
		break;
	case 'E':
		o->events = optarg;
		break;
	default:
		usage();
	}
}

static void take_option(struct load_options *o, int c)
{
	switch (c) {
	case 'N':
		o->sessions = number(optarg);
		break;
	case 'S':
		o->sockets = number(optarg);
		break;
	case 'i':
		o->inflight = number(optarg);
		break;
	case 'C':
		o->churn_ns = number(optarg) * JVPN_NS_PER_S;
		break;
	case 'm':
		o->move_interval_ns = jvpn_ms_to_ns(number(optarg));
		break;
	case 'I':
		o->idle_ns = number(optarg) * JVPN_NS_PER_S;
		break;
	case 'A':
		o->attack_per_s = (double)number(optarg);
		break;
	case 'T':
		o->attack_ns = number(optarg) * JVPN_NS_PER_S;
		break;
	case 'r':
		o->packets_per_s = (double)number(optarg);
		break;
	default:
		take_text(o, c);
	}
}

static void parse_options(struct load_options *o, int argc, char **argv)
{
	int c;

	*o = (struct load_options){.sockets = 64,
				   .inflight = 64,
				   .name = "vpn.test",
				   .events = "/dev/null",
				   .echo = "10.77.0.1",
				   .phase = {LOAD_OPEN},
				   .phases = 1,
				   .churn_ns = 10 * JVPN_NS_PER_S};
	jvpn_policy_init(&o->policy);
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(o, c);
	if (optind != argc || !o->ca || !o->token || !o->sessions || !o->server.ss_family ||
	    o->sockets < 2 || o->sockets > LOAD_SOCKETS_MAX || !o->inflight)
		usage();
}

int main(int argc, char **argv)
{
	static struct load load;
	struct rlimit files = {65536, 65536};
	int code;

	parse_options(&load.opt, argc, argv);
	jvpn_log_init("jvpn-load", JVPN_LOG_WARN);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	load.session = calloc(load.opt.sessions, sizeof(*load.session));
	if (!load.session)
		fail("memory", "not enough");
	open_engine(&load);
	open_sockets(&load);
	if (jvpn_loop_on_signal(load.engine.loop, SIGTERM, on_stop, &load) ||
	    jvpn_loop_on_signal(load.engine.loop, SIGINT, on_stop, &load) ||
	    jvpn_loop_on_signal(load.engine.loop, SIGUSR1, on_go, &load))
		fail("signals", "not enough memory");
	code = jvpn_loop_run(load.engine.loop);
	close_all(&load);
	return code;
}
