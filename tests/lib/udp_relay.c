/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * udp-relay: a seeded UDP relay that stands in for a NAT and for netem (delay, jitter, loss,
 * duplicates, reordering, a bottleneck with a queue). Test tool only; never installed.
 *
 * The NAT sits at the client's edge: an uplink datagram takes its mapping (= upstream socket) when
 * it arrives and then spends the delay; a downlink datagram spends the delay and is dropped at the
 * end when its mapping is not the current one any more. After a rebinding the new mapping is made
 * by the client's next datagram, not before. Retired sockets stay open, so that nothing answers
 * with ICMP port unreachable where a real NAT is silent.
 *
 *	client -> [listen]  mapping -> bottleneck -> delay -> [upstream socket k] -> server
 *	client <- [listen]  mapping current? <- delay <- bottleneck <- [upstream socket k] <- server
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PACKET_BYTES_MAX 2048
#define POOL_PACKETS     8192
#define CLIENTS_MAX      64
#define SOURCES_MAX      16
#define RETIRED_MAX      64 /* old mappings kept open; the oldest is closed beyond it */
#define BATCH            32
#define NS_PER_MS        1000000ull
#define NS_PER_S         1000000000ull
#define PPM              1000000u

enum direction { UP = 0, DOWN = 1, DIRECTIONS = 2 };
enum kind { KIND_LISTEN = 1, KIND_UPSTREAM, KIND_TIMER, KIND_CTL, KIND_SIGNAL };

struct address {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* What epoll points at: always the first member of the thing itself. */
struct source {
	enum kind kind;
	int fd;
};

/* One NAT mapping. Owned by the relay's list; freed when retired and nothing is queued for it. */
struct upstream {
	struct source source;
	struct client *client;
	struct upstream *next;
	unsigned int queued;
};

struct client {
	struct address address;
	struct upstream *current; /* NULL: the next datagram makes one */
};

struct packet {
	uint64_t due_ns;
	uint64_t seq; /* keeps the order of equal times */
	struct upstream *upstream;
	enum direction direction;
	size_t length;
	uint8_t data[PACKET_BYTES_MAX];
};

struct counters {
	uint64_t in, out, bytes, lost, duplicated, reordered, queue_dropped, nat_dropped,
		blackholed;
};

struct options {
	struct address listen, to, from[SOURCES_MAX];
	size_t from_count;
	uint64_t delay_ns[DIRECTIONS], jitter_ns, reorder_ns;
	uint32_t loss_ppm, dup_ppm, reorder_ppm;
	uint64_t rate_bps, queue_bytes, seed;
	const char *ctl;
	bool realtime;
};

struct relay {
	struct options opt;
	struct source listen, timer, ctl, signal;
	int epoll;
	struct client client[CLIENTS_MAX];
	size_t client_count;
	struct upstream *retired; /* newest first */
	size_t source_index;
	struct packet *pool;
	uint32_t free[POOL_PACKETS];
	size_t free_count;
	uint32_t heap[POOL_PACKETS];
	size_t heap_count;
	uint64_t seq, rebindings;
	uint64_t random[DIRECTIONS];
	uint64_t busy_until_ns[DIRECTIONS]; /* when the bottleneck has sent what it has */
	bool blackhole[DIRECTIONS];
	struct counters count[DIRECTIONS];
	bool quit;
};

static void die(const char *what)
{
	fprintf(stderr, "udp-relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* xorshift64*: one generator per direction, so that one direction's load does not shift the
 * other's decisions. */
static uint32_t random_below(struct relay *r, enum direction d, uint32_t bound)
{
	uint64_t x = r->random[d];

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	r->random[d] = x;
	return (uint32_t)(((x * 2685821657736338717ull) >> 32) * bound >> 32);
}

/* "192.0.2.1:443", "[2001:db8::1]:443" or without a port. */
static void parse_address(const char *text, struct address *out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *found = NULL;
	char host[INET6_ADDRSTRLEN + 1] = "";
	const char *port = "0";
	const char *end = text + strlen(text);

	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
		if (end && end[1] == ':')
			port = end + 2;
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		end = strchr(text, ':');
		port = end + 1;
	}
	if (!end || (size_t)(end - text) >= sizeof(host)) {
		errno = EINVAL;
		die(text);
	}
	memcpy(host, text, (size_t)(end - text));
	if (getaddrinfo(host, port, &hints, &found) != 0) {
		errno = EINVAL;
		die(text);
	}
	memcpy(&out->ss, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
}

static const char *address_text(const struct address *a)
{
	static char text[INET6_ADDRSTRLEN + 10];
	char host[INET6_ADDRSTRLEN];
	char port[8];

	if (getnameinfo((const struct sockaddr *)&a->ss, a->len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return "?";
	snprintf(text, sizeof(text), a->ss.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return text;
}

static int open_udp(const struct address *bind_to)
{
	int size = 4 << 20;
	int fd = socket(bind_to->ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&bind_to->ss, bind_to->len) < 0)
		die(address_text(bind_to));
	return fd;
}

static void watch(struct relay *r, struct source *s)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = s};

	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, s->fd, &ev) < 0)
		die("epoll_ctl");
}

/* --- the delay line: a binary heap of pool indices, ordered by time, then by arrival --- */

static bool earlier(const struct relay *r, uint32_t a, uint32_t b)
{
	const struct packet *x = &r->pool[a], *y = &r->pool[b];

	return x->due_ns != y->due_ns ? x->due_ns < y->due_ns : x->seq < y->seq;
}

static void heap_push(struct relay *r, uint32_t index)
{
	size_t i = r->heap_count++;

	while (i > 0 && earlier(r, index, r->heap[(i - 1) / 2])) {
		r->heap[i] = r->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	r->heap[i] = index;
}

static uint32_t heap_pop(struct relay *r)
{
	uint32_t top = r->heap[0];
	uint32_t last = r->heap[--r->heap_count];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= r->heap_count)
			break;
		if (child + 1 < r->heap_count && earlier(r, r->heap[child + 1], r->heap[child]))
			child++;
		if (!earlier(r, r->heap[child], last))
			break;
		r->heap[i] = r->heap[child];
		i = child;
	}
	r->heap[i] = last;
	return top;
}

/* --- mappings --- */

static void log_mapping(const struct upstream *u, uint64_t now)
{
	struct address local = {.len = sizeof(local.ss)};

	getsockname(u->source.fd, (struct sockaddr *)&local.ss, &local.len);
	printf("{\"event\":\"mapping\",\"t_ns\":%" PRIu64 ",\"source\":\"%s\"}\n", now,
	       address_text(&local));
	fflush(stdout);
}

static struct upstream *upstream_new(struct relay *r, struct client *c, uint64_t now)
{
	struct upstream *u = calloc(1, sizeof(*u));
	struct address from = r->opt.from[r->source_index % r->opt.from_count];

	if (!u)
		die("calloc");
	u->source.kind = KIND_UPSTREAM;
	u->source.fd = open_udp(&from);
	u->client = c;
	if (connect(u->source.fd, (struct sockaddr *)&r->opt.to.ss, r->opt.to.len) < 0)
		die("connect");
	watch(r, &u->source);
	log_mapping(u, now);
	return u;
}

/* Closes the oldest retired mappings beyond the bound, as far as nothing is queued for them. */
static void trim_retired(struct relay *r)
{
	struct upstream **link = &r->retired;

	for (size_t kept = 0; *link;) {
		struct upstream *u = *link;

		if (++kept > RETIRED_MAX && u->queued == 0) {
			*link = u->next;
			close(u->source.fd);
			free(u);
			continue;
		}
		link = &u->next;
	}
}

static void retire_mappings(struct relay *r)
{
	for (size_t i = 0; i < r->client_count; i++) {
		struct upstream *u = r->client[i].current;

		if (!u)
			continue;
		r->client[i].current = NULL;
		u->next = r->retired;
		r->retired = u;
	}
}

static struct client *client_find(struct relay *r, const struct address *from)
{
	for (size_t i = 0; i < r->client_count; i++) {
		const struct address *a = &r->client[i].address;

		if (a->len == from->len && memcmp(&a->ss, &from->ss, a->len) == 0)
			return &r->client[i];
	}
	if (r->client_count == CLIENTS_MAX)
		return NULL;
	r->client[r->client_count].address = *from;
	return &r->client[r->client_count++];
}

/* --- a datagram's way --- */

static void queue_packet(struct relay *r, struct packet *p, uint64_t due)
{
	p->due_ns = due;
	p->seq = r->seq++;
	p->upstream->queued++;
	heap_push(r, (uint32_t)(p - r->pool));
}

static struct packet *packet_get(struct relay *r)
{
	return r->free_count ? &r->pool[r->free[--r->free_count]] : NULL;
}

static void packet_put(struct relay *r, struct packet *p)
{
	r->free[r->free_count++] = (uint32_t)(p - r->pool);
}

/* When the bottleneck has sent this datagram; 0 when its queue is full. */
static uint64_t serialise(struct relay *r, enum direction d, size_t length, uint64_t now)
{
	uint64_t start = r->busy_until_ns[d] > now ? r->busy_until_ns[d] : now;
	uint64_t backlog_bytes;

	if (r->opt.rate_bps == 0)
		return now;
	backlog_bytes = (start - now) * (r->opt.rate_bps / 8) / NS_PER_S;
	if (backlog_bytes + length > r->opt.queue_bytes)
		return 0;
	r->busy_until_ns[d] = start + (uint64_t)length * 8 * NS_PER_S / r->opt.rate_bps;
	return r->busy_until_ns[d];
}

static uint64_t draw_delay(struct relay *r, enum direction d)
{
	uint64_t delay = r->opt.delay_ns[d];

	if (r->opt.jitter_ns)
		delay += (uint64_t)random_below(r, d, (uint32_t)r->opt.jitter_ns);
	if (r->opt.reorder_ppm && random_below(r, d, PPM) < r->opt.reorder_ppm) {
		delay += r->opt.reorder_ns;
		r->count[d].reordered++;
	}
	return delay;
}

/* Takes the datagram in 'p' (data and length set) or gives it back to the pool. */
static void admit(struct relay *r, struct packet *p, struct upstream *u, enum direction d)
{
	uint64_t now = now_ns();
	struct counters *c = &r->count[d];
	uint64_t sent;
	struct packet *copy;

	c->in++;
	p->upstream = u;
	p->direction = d;
	if (r->blackhole[d]) {
		c->blackholed++;
		packet_put(r, p);
		return;
	}
	if (r->opt.loss_ppm && random_below(r, d, PPM) < r->opt.loss_ppm) {
		c->lost++;
		packet_put(r, p);
		return;
	}
	sent = serialise(r, d, p->length, now);
	if (sent == 0) {
		c->queue_dropped++;
		packet_put(r, p);
		return;
	}
	queue_packet(r, p, sent + draw_delay(r, d));
	if (r->opt.dup_ppm && random_below(r, d, PPM) < r->opt.dup_ppm) {
		copy = packet_get(r);
		if (!copy)
			return;
		memcpy(copy, p, sizeof(*p));
		c->duplicated++;
		queue_packet(r, copy, sent + draw_delay(r, d));
	}
}

static void deliver(struct relay *r, struct packet *p)
{
	struct upstream *u = p->upstream;
	struct counters *c = &r->count[p->direction];
	ssize_t n;

	u->queued--;
	if (p->direction == UP) {
		n = send(u->source.fd, p->data, p->length, 0);
	} else if (u->client->current != u) {
		c->nat_dropped++;
		return;
	} else {
		n = sendto(r->listen.fd, p->data, p->length, 0,
			   (struct sockaddr *)&u->client->address.ss, u->client->address.len);
	}
	if (n < 0)
		return;
	c->out++;
	c->bytes += (uint64_t)n;
}

static void deliver_due(struct relay *r)
{
	struct itimerspec when = {{0, 0}, {0, 0}};

	while (r->heap_count && r->pool[r->heap[0]].due_ns <= now_ns()) {
		struct packet *p = &r->pool[heap_pop(r)];

		deliver(r, p);
		packet_put(r, p);
	}
	if (r->heap_count) {
		uint64_t due = r->pool[r->heap[0]].due_ns;

		when.it_value.tv_sec = (time_t)(due / NS_PER_S);
		when.it_value.tv_nsec = (long)(due % NS_PER_S);
	}
	timerfd_settime(r->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Reads what is there from 'fd'; 'u' is NULL for the side of the clients. */
static void receive(struct relay *r, int fd, struct upstream *u)
{
	struct mmsghdr msg[BATCH] = {0};
	struct iovec iov[BATCH];
	struct address from[BATCH];
	struct packet *packet[BATCH];
	unsigned int wanted = 0;
	int got;

	while (wanted < BATCH && (packet[wanted] = packet_get(r))) {
		iov[wanted] = (struct iovec){packet[wanted]->data, PACKET_BYTES_MAX};
		memset(&from[wanted], 0, sizeof(from[wanted]));
		msg[wanted].msg_hdr = (struct msghdr){.msg_name = &from[wanted].ss,
						      .msg_namelen = sizeof(from[wanted].ss),
						      .msg_iov = &iov[wanted],
						      .msg_iovlen = 1};
		wanted++;
	}
	got = wanted ? recvmmsg(fd, msg, wanted, 0, NULL) : 0;
	for (unsigned int i = 0; i < wanted; i++) {
		struct upstream *mapping = u;

		if (got < 0 || i >= (unsigned int)got) {
			packet_put(r, packet[i]);
			continue;
		}
		packet[i]->length = msg[i].msg_len;
		from[i].len = msg[i].msg_hdr.msg_namelen;
		if (!mapping) {
			struct client *c = client_find(r, &from[i]);

			if (c && !c->current)
				c->current = upstream_new(r, c, now_ns());
			mapping = c ? c->current : NULL;
		}
		if (mapping)
			admit(r, packet[i], mapping, u ? DOWN : UP);
		else
			packet_put(r, packet[i]);
	}
}

/* --- control --- */

static int write_counters(const struct counters *c, const char *name, char *out, size_t size)
{
	return snprintf(out, size,
			"\"%s\":{\"in\":%" PRIu64 ",\"out\":%" PRIu64 ",\"bytes\":%" PRIu64
			",\"lost\":%" PRIu64 ",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64
			",\"queue_dropped\":%" PRIu64 ",\"nat_dropped\":%" PRIu64
			",\"blackholed\":%" PRIu64 "}",
			name, c->in, c->out, c->bytes, c->lost, c->duplicated, c->reordered,
			c->queue_dropped, c->nat_dropped, c->blackholed);
}

static void write_stats(const struct relay *r, char *out, size_t size)
{
	char up[400], down[400];

	write_counters(&r->count[UP], "up", up, sizeof(up));
	write_counters(&r->count[DOWN], "down", down, sizeof(down));
	snprintf(out, size,
		 "{\"event\":\"stats\",\"t_ns\":%" PRIu64 ",\"seed\":%" PRIu64
		 ",\"rebindings\":%" PRIu64 ",\"clients\":%zu,%s,%s}",
		 now_ns(), r->opt.seed, r->rebindings, r->client_count, up, down);
}

static void rebind(struct relay *r, const char *kind, char *out, size_t size)
{
	if (strcmp(kind, "addr") == 0)
		r->source_index++;
	retire_mappings(r);
	trim_retired(r);
	r->rebindings++;
	snprintf(out, size, "{\"event\":\"rebind\",\"kind\":\"%s\",\"t_ns\":%" PRIu64 "}", kind,
		 now_ns());
	printf("%s\n", out);
	fflush(stdout);
}

static void command(struct relay *r, const char *line, char *out, size_t size)
{
	snprintf(out, size, "{\"event\":\"ok\",\"t_ns\":%" PRIu64 "}", now_ns());
	if (strcmp(line, "rebind port") == 0 || strcmp(line, "rebind addr") == 0)
		rebind(r, line + 7, out, size);
	else if (strcmp(line, "blackhole on") == 0)
		r->blackhole[UP] = r->blackhole[DOWN] = true;
	else if (strcmp(line, "blackhole off") == 0)
		r->blackhole[UP] = r->blackhole[DOWN] = false;
	else if (strcmp(line, "blackhole up") == 0)
		r->blackhole[UP] = true;
	else if (strcmp(line, "blackhole down") == 0)
		r->blackhole[DOWN] = true;
	else if (strcmp(line, "stats") == 0)
		write_stats(r, out, size);
	else if (strcmp(line, "quit") == 0)
		r->quit = true;
	else
		snprintf(out, size, "{\"event\":\"error\",\"detail\":\"unknown command\"}");
}

static void serve_control(struct relay *r)
{
	struct timeval patience = {0, 200000};
	char line[128], reply[1200];
	int fd = accept4(r->ctl.fd, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	n = recv(fd, line, sizeof(line) - 1, 0);
	if (n > 0) {
		line[n] = 0;
		line[strcspn(line, "\r\n")] = 0;
		command(r, line, reply, sizeof(reply));
		if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
			fprintf(stderr, "udp-relay: control reply: %s\n", strerror(errno));
	}
	close(fd);
}

static void control_address(const char *path, struct sockaddr_un *un)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(un->sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	memcpy(un->sun_path, path, strlen(path));
}

/* udp-relay --send SOCKET COMMAND: one command, the reply on stdout. */
static int send_command(const char *path, const char *line)
{
	struct sockaddr_un un;
	char reply[1200];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ssize_t n;

	control_address(path, &un);
	if (fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0)
		die(path);
	if (send(fd, line, strlen(line), 0) < 0)
		die("send");
	n = recv(fd, reply, sizeof(reply) - 1, 0);
	if (n <= 0)
		die("no reply");
	reply[n] = 0;
	printf("%s\n", reply);
	close(fd);
	return strstr(reply, "\"error\"") ? 1 : 0;
}

static void open_control(struct relay *r)
{
	struct sockaddr_un un;

	if (!r->opt.ctl)
		return;
	control_address(r->opt.ctl, &un);
	unlink(r->opt.ctl);
	r->ctl = (struct source){KIND_CTL, socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
	if (r->ctl.fd < 0 || bind(r->ctl.fd, (struct sockaddr *)&un, sizeof(un)) < 0 ||
	    listen(r->ctl.fd, 8) < 0)
		die(r->opt.ctl);
	watch(r, &r->ctl);
}

/* --- set-up --- */

static void usage(void)
{
	fputs("usage: udp-relay --listen ADDR:PORT --to ADDR:PORT [--from ADDR]... [--ctl SOCKET]\n"
	      "           [--delay-ms N] [--delay-up-ms N] [--delay-down-ms N] [--jitter-ms N]\n"
	      "           [--loss-ppm N] [--dup-ppm N] [--reorder-ppm N] [--reorder-ms N] [--seed N]\n"
	      "           [--rate-mbit N --queue-bytes N] [--realtime]\n"
	      "       udp-relay --send SOCKET 'rebind port|rebind addr|blackhole on|off|up|down|"
	      "stats|quit'\n",
	      stderr);
	exit(2);
}

static uint64_t number(const char *text)
{
	char *end = NULL;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (errno || end == text || *end || value < 0 || value > 1e15)
		usage();
	return (uint64_t)(value * 1000.0 + 0.5); /* thousandths */
}

enum {
	OPT_LISTEN = 256,
	OPT_TO,
	OPT_FROM,
	OPT_CTL,
	OPT_DELAY,
	OPT_DELAY_UP,
	OPT_DELAY_DOWN,
	OPT_JITTER,
	OPT_LOSS,
	OPT_DUP,
	OPT_REORDER,
	OPT_REORDER_MS,
	OPT_SEED,
	OPT_RATE,
	OPT_QUEUE,
	OPT_REALTIME
};

static const struct option long_options[] = {{"listen", 1, NULL, OPT_LISTEN},
					     {"to", 1, NULL, OPT_TO},
					     {"from", 1, NULL, OPT_FROM},
					     {"ctl", 1, NULL, OPT_CTL},
					     {"delay-ms", 1, NULL, OPT_DELAY},
					     {"delay-up-ms", 1, NULL, OPT_DELAY_UP},
					     {"delay-down-ms", 1, NULL, OPT_DELAY_DOWN},
					     {"jitter-ms", 1, NULL, OPT_JITTER},
					     {"loss-ppm", 1, NULL, OPT_LOSS},
					     {"dup-ppm", 1, NULL, OPT_DUP},
					     {"reorder-ppm", 1, NULL, OPT_REORDER},
					     {"reorder-ms", 1, NULL, OPT_REORDER_MS},
					     {"seed", 1, NULL, OPT_SEED},
					     {"rate-mbit", 1, NULL, OPT_RATE},
					     {"queue-bytes", 1, NULL, OPT_QUEUE},
					     {"realtime", 0, NULL, OPT_REALTIME},
					     {NULL, 0, NULL, 0}};

static void take_option(struct options *o, int c)
{
	switch (c) {
	case OPT_LISTEN:
		parse_address(optarg, &o->listen);
		break;
	case OPT_TO:
		parse_address(optarg, &o->to);
		break;
	case OPT_FROM:
		if (o->from_count == SOURCES_MAX)
			usage();
		parse_address(optarg, &o->from[o->from_count++]);
		break;
	case OPT_CTL:
		o->ctl = optarg;
		break;
	case OPT_DELAY:
		o->delay_ns[UP] = o->delay_ns[DOWN] = number(optarg) * 1000;
		break;
	case OPT_DELAY_UP:
		o->delay_ns[UP] = number(optarg) * 1000;
		break;
	case OPT_DELAY_DOWN:
		o->delay_ns[DOWN] = number(optarg) * 1000;
		break;
	case OPT_JITTER:
		o->jitter_ns = number(optarg) * 1000;
		break;
	case OPT_LOSS:
		o->loss_ppm = (uint32_t)(number(optarg) / 1000);
		break;
	case OPT_DUP:
		o->dup_ppm = (uint32_t)(number(optarg) / 1000);
		break;
	case OPT_REORDER:
		o->reorder_ppm = (uint32_t)(number(optarg) / 1000);
		break;
	case OPT_REORDER_MS:
		o->reorder_ns = number(optarg) * 1000;
		break;
	case OPT_SEED:
		o->seed = number(optarg) / 1000;
		break;
	case OPT_RATE:
		o->rate_bps = number(optarg) * 1000;
		break;
	case OPT_QUEUE:
		o->queue_bytes = number(optarg) / 1000;
		break;
	case OPT_REALTIME:
		o->realtime = true;
		break;
	default:
		usage();
	}
}

static void parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){.delay_ns = {10 * NS_PER_MS, 10 * NS_PER_MS},
			      .reorder_ns = 5 * NS_PER_MS,
			      .queue_bytes = 256 << 10,
			      .seed = 1};
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(o, c);
	if (optind != argc || o->listen.len == 0 || o->to.len == 0)
		usage();
	if (o->from_count == 0) {
		o->from[0].ss.ss_family = o->to.ss.ss_family;
		o->from[0].len = o->to.len;
		o->from_count = 1;
	}
	for (size_t i = 0; i < o->from_count; i++)
		if (o->from[i].ss.ss_family != o->to.ss.ss_family)
			usage();
}

static void relay_init(struct relay *r)
{
	sigset_t set;

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->pool = calloc(POOL_PACKETS, sizeof(*r->pool));
	if (r->epoll < 0 || !r->pool)
		die("start");
	while (r->free_count < POOL_PACKETS) {
		r->free[r->free_count] = (uint32_t)r->free_count;
		r->free_count++;
	}
	r->random[UP] = r->opt.seed * 2654435769u + 1;
	r->random[DOWN] = r->opt.seed * 40503u + 7;
	r->listen = (struct source){KIND_LISTEN, open_udp(&r->opt.listen)};
	r->timer = (struct source){KIND_TIMER,
				   timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signal = (struct source){KIND_SIGNAL, signalfd(-1, &set, SFD_CLOEXEC)};
	watch(r, &r->listen);
	watch(r, &r->timer);
	watch(r, &r->signal);
	open_control(r);
	if (r->opt.realtime) {
		struct sched_param sp = {.sched_priority = 10};

		if (sched_setscheduler(0, SCHED_FIFO, &sp) < 0)
			fprintf(stderr, "udp-relay: no real-time priority: %s\n", strerror(errno));
	}
}

static void dispatch(struct relay *r, struct source *s)
{
	uint64_t expired;

	switch (s->kind) {
	case KIND_LISTEN:
		receive(r, s->fd, NULL);
		break;
	case KIND_UPSTREAM:
		receive(r, s->fd, (struct upstream *)s);
		break;
	case KIND_TIMER:
		if (read(s->fd, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
			die("timerfd");
		break;
	case KIND_CTL:
		serve_control(r);
		break;
	case KIND_SIGNAL:
		r->quit = true;
		break;
	}
}

int main(int argc, char **argv)
{
	static struct relay r;
	char stats[1200];

	if (argc == 4 && strcmp(argv[1], "--send") == 0)
		return send_command(argv[2], argv[3]);
	parse_options(&r.opt, argc, argv);
	relay_init(&r);
	printf("{\"event\":\"listening\",\"t_ns\":%" PRIu64 "}\n", now_ns());
	fflush(stdout);
	while (!r.quit) {
		struct epoll_event ev;
		/* one at a time: a control command may free the mapping that is next in a list */
		int n = epoll_wait(r.epoll, &ev, 1, -1);

		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		if (n > 0)
			dispatch(&r, ev.data.ptr);
		deliver_due(&r);
	}
	write_stats(&r, stats, sizeof(stats));
	printf("%s\n", stats);
	if (r.opt.ctl)
		unlink(r.opt.ctl);
	return 0;
}
