/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * traffic: the load of tests/bench/compare. One process opens the sockets of both ends in their
 * network namespaces, so that there is one clock and one account; children send and receive, the
 * parent keeps the time and measures. Prints lines "METRIC VALUE". Test tool only.
 *
 *   traffic tcp    goodput of --flows flows (CUBIC), with --echo also round trips beside them
 *   traffic udp    packets a second of --size octets that arrive with less than 1 % lost: a search
 *                  by trials with paced bursts
 *   traffic echo   round trips of 64-byte UDP payloads, one each --interval-us
 *   traffic first  sends until the first echo comes, prints the moment (CLOCK_MONOTONIC, ns)
 *
 * The client's end opens every flow, so that a NAT may be between; --down turns the data around.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S   1000000000ull
#define NS_PER_MS  1000000ull
#define NS_PER_US  1000ull
#define PORT       5300
#define FLOWS_MAX  64
#define PIDS_MAX   8
#define BLOCK      131072
#define BATCH      64
#define SIZE_MAX_  1472
#define ECHO_SIZE  64
#define WARM_UP_NS (500 * NS_PER_MS)
#define TICK_NS    (200 * NS_PER_US)
#define TRIALS_MAX 128
#define BUFFER     (16 << 20)
#define FIRST_S    60

struct shared {
	atomic_bool stop;
	atomic_ullong bytes;
	atomic_ullong packets[TRIALS_MAX];
};

struct options {
	const char *client_ns, *server_ns;
	struct sockaddr_in to;
	unsigned int flows, size, count, trial_ms;
	uint64_t interval_ns;
	double seconds;
	bool down, echo;
	int pids[PIDS_MAX];
	size_t n_pids;
};

/* What was used up to a moment. */
struct account {
	uint64_t t_ns, bytes, machine_ticks, process_ticks;
};

struct round_trips {
	uint32_t *ns;
	size_t n, sent;
};

static struct shared *shared;

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t t_ns)
{
	struct timespec ts = {.tv_sec = (time_t)(t_ns / NS_PER_S),
			      .tv_nsec = (long)(t_ns % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* --- sockets --- */

static void enter(const char *ns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
}

static int socket_in(const char *ns, int type)
{
	const int on = 1, size = BUFFER;
	int fd;

	enter(ns);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (type == SOCK_STREAM) {
		if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) < 0)
			die("cubic");
	} else if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
		   setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0) {
		die("socket buffers");
	}
	return fd;
}

static int server_socket(const struct options *options, int type)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = socket_in(options->server_ns, type);

	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, FLOWS_MAX) < 0)
		die("listen");
	return fd;
}

static int client_socket(const struct options *options, int type)
{
	int fd = socket_in(options->client_ns, type);

	if (connect(fd, (const struct sockaddr *)&options->to, sizeof(options->to)) < 0)
		die("connect");
	return fd;
}

/* A child ends with its parent, whatever becomes of that. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* --- accounts --- */

static uint64_t ticks_of(int pid)
{
	unsigned long long user = 0, system = 0;
	char path[64], line[1024], *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		die(path);
	at = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
			  &system) != 2)
		die(path);
	fclose(file);
	return user + system;
}

/* Of all processors, without idle, iowait and what other machines took. */
static uint64_t machine_ticks(void)
{
	unsigned long long user, nice, system, irq, softirq;
	FILE *file = fopen("/proc/stat", "r");

	if (!file || fscanf(file, "cpu %llu %llu %llu %*u %*u %llu %llu", &user, &nice, &system,
			    &irq, &softirq) != 5)
		die("/proc/stat");
	fclose(file);
	return user + nice + system + irq + softirq;
}

static struct account account_now(const struct options *options)
{
	struct account account = {.t_ns = now_ns(), .bytes = atomic_load(&shared->bytes)};

	account.machine_ticks = machine_ticks();
	for (size_t i = 0; i < options->n_pids; i++)
		account.process_ticks += ticks_of(options->pids[i]);
	return account;
}

static void print_account(const struct account *a, const struct account *b)
{
	const double bytes = (double)(b->bytes - a->bytes),
		     per_gb = bytes / 1e9 * (double)sysconf(_SC_CLK_TCK);

	printf("mbit %.1f\n", bytes * 8000 / (double)(b->t_ns - a->t_ns));
	if (bytes <= 0)
		return;
	printf("process_s_gb %.3f\n", (double)(b->process_ticks - a->process_ticks) / per_gb);
	printf("machine_s_gb %.3f\n", (double)(b->machine_ticks - a->machine_ticks) / per_gb);
}

/* --- round trips --- */

static void echo_server(int fd)
{
	uint8_t buffer[SIZE_MAX_];
	struct sockaddr_storage from;

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &len);

		if (n > 0)
			sendto(fd, buffer, (size_t)n, 0, (const struct sockaddr *)&from, len);
	}
}

/* The moment when an answer was sent, or 0: nothing came until then. */
static uint64_t await_echo(int fd, uint64_t until_ns)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	uint64_t t = now_ns(), answer[ECHO_SIZE / sizeof(uint64_t)];
	const uint64_t left = until_ns > t ? until_ns - t : 0;
	const struct timespec timeout = {.tv_sec = (time_t)(left / NS_PER_S),
					 .tv_nsec = (long)(left % NS_PER_S)};

	if (ppoll(&wait, 1, &timeout, NULL) > 0 &&
	    recv(fd, answer, sizeof(answer), 0) == sizeof(answer))
		return answer[0];
	return 0;
}

static void round_trip(struct round_trips *trips, uint64_t sent_ns)
{
	if (sent_ns && trips->n < trips->sent)
		trips->ns[trips->n++] = (uint32_t)(now_ns() - sent_ns);
}

static struct round_trips echoes(int fd, size_t count, uint64_t interval_ns)
{
	struct round_trips trips = {.ns = calloc(count, sizeof(*trips.ns))};
	uint64_t next = now_ns(), packet[ECHO_SIZE / sizeof(uint64_t)] = {0};

	if (!trips.ns)
		die("memory");
	while (trips.sent < count) {
		packet[0] = now_ns();
		trips.sent++;
		if (send(fd, packet, sizeof(packet), 0) < 0 && errno != ECONNREFUSED)
			die("send");
		next += interval_ns;
		while (now_ns() < next)
			round_trip(&trips, await_echo(fd, next));
	}
	next += 500 * NS_PER_MS;
	while (trips.n < trips.sent && now_ns() < next)
		round_trip(&trips, await_echo(fd, next));
	return trips;
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void print_round_trips(struct round_trips *trips)
{
	qsort(trips->ns, trips->n, sizeof(*trips->ns), by_value);
	printf("echo_lost %zu\n", trips->sent - trips->n);
	if (trips->n > 0) {
		printf("p50_us %.1f\n", trips->ns[(trips->n - 1) / 2] / 1e3);
		printf("p99_us %.1f\n", trips->ns[(trips->n * 99 + 99) / 100 - 1] / 1e3);
		printf("max_us %.1f\n", trips->ns[trips->n - 1] / 1e3);
	}
	free(trips->ns);
}

/* The client's socket; the answering child is started, and answers. */
static int echo_pair(const struct options *options)
{
	const int server = server_socket(options, SOCK_DGRAM),
		  client = client_socket(options, SOCK_DGRAM);
	const uint64_t hello[ECHO_SIZE / sizeof(uint64_t)] = {1};

	if (!child())
		echo_server(server);
	close(server);
	for (int i = 0; i < 50; i++) {
		if (send(client, hello, sizeof(hello), 0) == sizeof(hello) &&
		    await_echo(client, now_ns() + 100 * NS_PER_MS))
			return client;
	}
	errno = ETIMEDOUT;
	die("no echo");
	return -1;
}

static int run_echo(const struct options *options)
{
	const int fd = echo_pair(options);
	struct round_trips trips = echoes(fd, options->count, options->interval_ns);

	print_round_trips(&trips);
	return 0;
}

/* The socket is not connected: source address and route are chosen anew for each packet. */
static int run_first(const struct options *options)
{
	const int server = server_socket(options, SOCK_DGRAM),
		  client = socket_in(options->client_ns, SOCK_DGRAM);
	const uint64_t end = now_ns() + FIRST_S * NS_PER_S;
	uint64_t packet[ECHO_SIZE / sizeof(uint64_t)] = {1}, next = now_ns();

	if (!child())
		echo_server(server);
	printf("ready\n");
	fflush(stdout);
	while (now_ns() < end) {
		sendto(client, packet, sizeof(packet), 0, (const struct sockaddr *)&options->to,
		       sizeof(options->to));
		next += NS_PER_MS;
		while (now_ns() < next) {
			if (await_echo(client, next)) {
				printf("first_ns %" PRIu64 "\n", now_ns());
				return 0;
			}
		}
	}
	return 1;
}

/* --- TCP --- */

static void send_all(const int *fds, unsigned int n)
{
	static uint8_t block[BLOCK];
	struct pollfd wait[FLOWS_MAX];

	for (unsigned int i = 0; i < n; i++)
		wait[i] = (struct pollfd){.fd = fds[i], .events = POLLOUT};
	while (!atomic_load(&shared->stop) && poll(wait, n, 100) >= 0) {
		for (unsigned int i = 0; i < n; i++) {
			if (wait[i].revents)
				send(fds[i], block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
		}
	}
	exit(0);
}

static void receive_all(const int *fds, unsigned int n)
{
	static uint8_t block[BLOCK];
	struct pollfd wait[FLOWS_MAX];

	for (unsigned int i = 0; i < n; i++)
		wait[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	while (!atomic_load(&shared->stop) && poll(wait, n, 100) >= 0) {
		for (unsigned int i = 0; i < n; i++) {
			ssize_t got = wait[i].revents
					      ? recv(fds[i], block, sizeof(block), MSG_DONTWAIT)
					      : 0;

			if (got > 0)
				atomic_fetch_add(&shared->bytes, (unsigned long long)got);
		}
	}
	exit(0);
}

static void connect_flows(const struct options *options, int *client, int *server)
{
	const int listener = server_socket(options, SOCK_STREAM);

	for (unsigned int i = 0; i < options->flows; i++) {
		client[i] = client_socket(options, SOCK_STREAM);
		server[i] = accept(listener, NULL, NULL);
		if (server[i] < 0)
			die("accept");
	}
	close(listener);
}

static int run_tcp(const struct options *options)
{
	int client[FLOWS_MAX], server[FLOWS_MAX];
	const int echo = options->echo ? echo_pair(options) : -1;
	const uint64_t window = (uint64_t)(options->seconds * (double)NS_PER_S);
	struct round_trips trips = {0};
	struct account before, after;

	connect_flows(options, client, server);
	if (!child())
		receive_all(options->down ? client : server, options->flows);
	if (!child())
		send_all(options->down ? server : client, options->flows);
	sleep_until(now_ns() + WARM_UP_NS);
	before = account_now(options);
	if (options->echo)
		trips = echoes(echo, window / options->interval_ns, options->interval_ns);
	else
		sleep_until(before.t_ns + window);
	after = account_now(options);
	atomic_store(&shared->stop, true);
	print_account(&before, &after);
	if (options->echo)
		print_round_trips(&trips);
	return 0;
}

/* --- UDP --- */

static void count_packets(int fd)
{
	static uint8_t buffer[BATCH][SIZE_MAX_];
	struct iovec part[BATCH];
	struct mmsghdr message[BATCH];

	memset(message, 0, sizeof(message));
	for (size_t i = 0; i < BATCH; i++) {
		part[i] = (struct iovec){.iov_base = buffer[i], .iov_len = SIZE_MAX_};
		message[i].msg_hdr = (struct msghdr){.msg_iov = &part[i], .msg_iovlen = 1};
	}
	for (;;) {
		const int n = recvmmsg(fd, message, BATCH, MSG_WAITFORONE, NULL);

		for (int i = 0; i < n; i++) {
			if (buffer[i][0] < TRIALS_MAX)
				atomic_fetch_add_explicit(&shared->packets[buffer[i][0]], 1,
							  memory_order_relaxed);
		}
	}
}

/* Both sockets of a UDP flow, connected to each other through what is between. */
static void udp_pair(const struct options *options, int *client, int *server)
{
	struct sockaddr_storage from;
	struct pollfd wait;
	socklen_t len = sizeof(from);
	uint8_t hello = UINT8_MAX;

	*server = server_socket(options, SOCK_DGRAM);
	*client = client_socket(options, SOCK_DGRAM);
	wait = (struct pollfd){.fd = *server, .events = POLLIN};
	for (int i = 0; i < 50; i++) {
		send(*client, &hello, 1, 0);
		if (poll(&wait, 1, 100) > 0 &&
		    recvfrom(*server, &hello, 1, 0, (struct sockaddr *)&from, &len) == 1 &&
		    connect(*server, (const struct sockaddr *)&from, len) == 0)
			return;
	}
	errno = ETIMEDOUT;
	die("no packet came");
}

static void send_packets(int fd, uint8_t trial, unsigned int size, size_t count)
{
	static uint8_t payload[SIZE_MAX_];
	struct iovec part = {.iov_base = payload, .iov_len = size};
	struct mmsghdr message[BATCH];

	payload[0] = trial;
	memset(message, 0, sizeof(message));
	for (size_t i = 0; i < BATCH; i++)
		message[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
	while (count > 0) {
		const int n =
			sendmmsg(fd, message, (unsigned int)(count < BATCH ? count : BATCH), 0);

		count -= n > 0 ? (size_t)n : 1;
	}
}

struct trial {
	double rate, seconds; /* packets a second: wanted; time it took */
	uint64_t sent, received;
};

/* Every TICK_NS what is due, and at most thrice the usual when late: a burst would be a load of its own. */
static void trial_send(const struct options *options, int fd, uint8_t number, struct trial *trial)
{
	const uint64_t start = now_ns(), end = start + options->trial_ms * NS_PER_MS;
	const double per_tick = trial->rate * (double)TICK_NS / (double)NS_PER_S;
	const uint64_t most = (uint64_t)(3 * per_tick) + 1;
	uint64_t next = start;

	while (now_ns() < end) {
		const uint64_t due =
			(uint64_t)((double)(now_ns() - start) * trial->rate / (double)NS_PER_S) + 1;
		uint64_t n = due > trial->sent ? due - trial->sent : 0;

		if (n > most)
			n = most;
		send_packets(fd, number, options->size, n);
		trial->sent += n;
		next += TICK_NS;
		if (next < now_ns())
			next = now_ns();
		sleep_until(next);
	}
	trial->seconds = (double)(now_ns() - start) / (double)NS_PER_S;
}

static struct trial run_trial(const struct options *options, int fd, uint8_t number, double rate)
{
	struct trial trial = {.rate = rate};
	uint64_t end, before;

	trial_send(options, fd, number, &trial);
	end = now_ns() + NS_PER_S;
	do {
		before = atomic_load(&shared->packets[number]);
		sleep_until(now_ns() + 40 * NS_PER_MS);
		trial.received = atomic_load(&shared->packets[number]);
	} while (trial.received != before && now_ns() < end);
	return trial;
}

static bool is_lossless(const struct trial *trial)
{
	return (double)trial->received >= (double)trial->sent * 0.99;
}

/* The sender itself does not reach the rate. */
static bool is_generator_bound(const struct trial *trial)
{
	return (double)trial->sent < trial->rate * trial->seconds * 0.95;
}

/* Three times: once may be the machine. */
static struct trial best_trial(const struct options *options, int fd, uint8_t *number, double rate)
{
	struct trial trial = {0};

	for (int i = 0; i < 3; i++) {
		trial = run_trial(options, fd, (*number)++, rate);
		if (is_lossless(&trial) && !is_generator_bound(&trial))
			break;
	}
	return trial;
}

/* Up by halves until packets are lost, then between the two. */
static struct trial search(const struct options *options, int fd, bool *generator)
{
	struct trial best = {0}, trial;
	double rate = 10000, bad = 0;
	uint8_t number = 0;

	*generator = false;
	for (int between = 0; between < 5 && number + 3 < TRIALS_MAX;) {
		trial = best_trial(options, fd, &number, rate);
		if (is_lossless(&trial)) {
			best = trial;
			*generator = is_generator_bound(&trial);
			if (*generator)
				return best;
		} else {
			bad = rate;
		}
		if (bad > 0)
			between++;
		if (bad > 0 && best.rate <= 0)
			rate = bad / 2;
		else
			rate = bad > 0 ? sqrt(best.rate * bad) : rate * 1.5;
	}
	return best;
}

/* What is offered, and what is taken, shall not depend on who else wants the processor. */
static void favour_generator(void)
{
	const struct sched_param priority = {.sched_priority = 1};

	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		die("real-time priority");
}

static int run_udp(const struct options *options)
{
	int client, server, sender, receiver;
	bool generator;
	struct trial best;
	double rate;

	udp_pair(options, &client, &server);
	sender = options->down ? server : client;
	receiver = options->down ? client : server;
	favour_generator();
	if (!child())
		count_packets(receiver);
	best = search(options, sender, &generator);
	rate = best.seconds > 0 ? (double)best.received / best.seconds : 0;
	printf("kpps %.2f\n", rate / 1000);
	printf("mbit %.1f\n", rate * options->size * 8 / 1e6);
	printf("generator %d\n", generator);
	return 0;
}

/* --- command line --- */

static void usage(void)
{
	fputs("usage: traffic tcp|udp|echo|first --client-ns NS --server-ns NS --to IPV4 [--down]\n"
	      "       [--seconds S] [--flows N] [--echo] [--pid PID]... [--size OCTETS] [--trial-ms N]\n"
	      "       [--count N] [--interval-us N]\n",
	      stderr);
	exit(2);
}

static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n < 1 || n > max)
		usage();
	return (unsigned int)n;
}

enum {
	O_CLIENT = 1,
	O_SERVER,
	O_TO,
	O_DOWN,
	O_SECONDS,
	O_FLOWS,
	O_ECHO,
	O_PID,
	O_SIZE,
	O_TRIAL,
	O_COUNT,
	O_INTERVAL
};
static const struct option long_options[] = {
	{"client-ns", required_argument, NULL, O_CLIENT},
	{"server-ns", required_argument, NULL, O_SERVER},
	{"to", required_argument, NULL, O_TO},
	{"down", no_argument, NULL, O_DOWN},
	{"seconds", required_argument, NULL, O_SECONDS},
	{"flows", required_argument, NULL, O_FLOWS},
	{"echo", no_argument, NULL, O_ECHO},
	{"pid", required_argument, NULL, O_PID},
	{"size", required_argument, NULL, O_SIZE},
	{"trial-ms", required_argument, NULL, O_TRIAL},
	{"count", required_argument, NULL, O_COUNT},
	{"interval-us", required_argument, NULL, O_INTERVAL},
	{NULL, 0, NULL, 0},
};

static void take_option(struct options *options, int option)
{
	switch (option) {
	case O_CLIENT:
		options->client_ns = optarg;
		break;
	case O_SERVER:
		options->server_ns = optarg;
		break;
	case O_TO:
		options->to.sin_family = AF_INET;
		options->to.sin_port = htons(PORT);
		if (inet_pton(AF_INET, optarg, &options->to.sin_addr) != 1)
			usage();
		break;
	case O_DOWN:
		options->down = true;
		break;
	case O_SECONDS:
		options->seconds = number(optarg, 3600);
		break;
	case O_FLOWS:
		options->flows = number(optarg, FLOWS_MAX);
		break;
	case O_ECHO:
		options->echo = true;
		break;
	case O_PID:
		if (options->n_pids == PIDS_MAX)
			usage();
		options->pids[options->n_pids++] = (int)number(optarg, INT32_MAX);
		break;
	case O_SIZE:
		options->size = number(optarg, SIZE_MAX_);
		break;
	case O_TRIAL:
		options->trial_ms = number(optarg, 10000);
		break;
	case O_COUNT:
		options->count = number(optarg, 1000000);
		break;
	case O_INTERVAL:
		options->interval_ns = number(optarg, 1000000) * NS_PER_US;
		break;
	default:
		usage();
	}
}

int main(int argc, char **argv)
{
	struct options options = {.flows = 1,
				  .size = 1350,
				  .count = 1000,
				  .trial_ms = 200,
				  .interval_ns = 2 * NS_PER_MS,
				  .seconds = 2};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(&options, option);
	if (optind + 1 != argc || !options.client_ns || !options.server_ns ||
	    !options.to.sin_family)
		usage();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die("memory");
	if (!strcmp(argv[optind], "tcp"))
		return run_tcp(&options);
	if (!strcmp(argv[optind], "udp"))
		return run_udp(&options);
	if (!strcmp(argv[optind], "echo"))
		return run_echo(&options);
	if (!strcmp(argv[optind], "first"))
		return run_first(&options);
	usage();
}
