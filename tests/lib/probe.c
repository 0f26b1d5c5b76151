/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe: sequence-numbered UDP streams in both directions between two network namespaces, and
 * optionally a TCP bulk flow, judged around given events (rebindings). One process holds the
 * sockets of both ends, so that there is one clock and one account. Test tool only.
 *
 * Ends a ("client") and b ("far"): up is a -> b, down is b -> a. An events file holds one line
 * "T_NS KIND" (CLOCK_MONOTONIC) for each event; it is read when the run is over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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
#include <time.h>
#include <unistd.h>

#define MAGIC      0x4a56504eu
#define NS_PER_MS  1000000ull
#define NS_PER_S   1000000000ull
#define EVENTS_MAX 4096
#define KIND_MAX   32
#define DRAIN_NS   (600 * NS_PER_MS)
#define BULK_BYTES 65536
/* A packet sent this long before an event may still be lost to it. */
#define EVENT_LEAD_NS (100 * NS_PER_MS)

enum { UP = 0, DOWN = 1, FLOWS = 2 };
enum tag { TAG_TICK = 1, TAG_A, TAG_B, TAG_SIGNAL, TAG_LISTEN, TAG_TCP_A, TAG_TCP_B };

struct header {
	uint32_t magic, flow;
	uint64_t seq, sent_ns;
};

struct arrival {
	uint64_t seq, t_ns;
};

/* One direction: when each packet was sent, and the arrivals in order. */
struct flow {
	bool on;
	uint64_t *sent_ns;
	uint8_t *seen; /* arrivals of this sequence number, saturating */
	size_t sent, sent_size;
	struct arrival *arrival;
	size_t arrivals, arrival_size;
	uint64_t send_errors, max_tick_late_ns;
};

struct bulk {
	bool up, down; /* direction of the data */
	int listen, a, b;
	struct arrival *arrival; /* seq = bytes of this read */
	size_t arrivals, arrival_size;
	uint64_t bytes;
	int error;
};

struct event {
	uint64_t t_ns;
	char kind[KIND_MAX];
};

struct probe {
	const char *ns_a, *ns_b, *addr_a, *addr_b, *events_file;
	unsigned int port;
	uint64_t interval_ns, duration_ns, window_ns;
	size_t size;
	bool realtime;
	int epoll, udp_a, udp_b, tick, signal;
	struct sockaddr_storage to[FLOWS];
	socklen_t to_len;
	struct flow flow[FLOWS];
	struct bulk bulk;
	uint64_t start_ns, next_tick_ns, stop_ns;
	struct event event[EVENTS_MAX];
	size_t events;
	bool signalled, quit;
};

static void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void *grow(void *old, size_t *size, size_t item)
{
	size_t wanted = *size ? *size * 2 : 16384;
	void *bigger = reallocarray(old, wanted, item);

	if (!bigger)
		die("memory");
	memset((char *)bigger + *size * item, 0, (wanted - *size) * item);
	*size = wanted;
	return bigger;
}

/* --- sockets --- */

static void enter(const char *ns)
{
	char path[256];
	int fd;

	if (!ns)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
}

static socklen_t resolve(const char *host, unsigned int port, struct sockaddr_storage *out)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found = NULL;
	char service[16];
	socklen_t len;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &found) != 0) {
		errno = EINVAL;
		die(host);
	}
	memcpy(out, found->ai_addr, found->ai_addrlen);
	len = found->ai_addrlen;
	freeaddrinfo(found);
	return len;
}

static int open_socket(const char *ns, const char *addr, unsigned int port, int type)
{
	struct sockaddr_storage ss;
	socklen_t len = resolve(addr, port, &ss);
	int one = 1, size = 4 << 20, fd;

	enter(ns);
	fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&ss, len) < 0)
		die(addr);
	return fd;
}

static void watch(struct probe *p, int fd, uint32_t events, enum tag tag)
{
	struct epoll_event ev = {.events = events, .data.u32 = tag};

	if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

static void open_bulk(struct probe *p)
{
	struct sockaddr_storage to;
	socklen_t len;

	if (!p->bulk.up && !p->bulk.down)
		return;
	p->bulk.listen = open_socket(p->ns_b, p->addr_b, p->port + 1, SOCK_STREAM);
	if (listen(p->bulk.listen, 1) < 0)
		die("listen");
	watch(p, p->bulk.listen, EPOLLIN, TAG_LISTEN);
	p->bulk.a = open_socket(p->ns_a, p->addr_a, 0, SOCK_STREAM);
	len = resolve(p->addr_b, p->port + 1, &to);
	if (connect(p->bulk.a, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS)
		die("connect");
	watch(p, p->bulk.a, p->bulk.up ? EPOLLOUT : EPOLLIN, TAG_TCP_A);
}

static void open_all(struct probe *p)
{
	sigset_t set;

	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	p->signal = signalfd(-1, &set, SFD_CLOEXEC);
	watch(p, p->signal, EPOLLIN, TAG_SIGNAL);
	p->udp_a = open_socket(p->ns_a, p->addr_a, p->port, SOCK_DGRAM);
	p->udp_b = open_socket(p->ns_b, p->addr_b, p->port, SOCK_DGRAM);
	watch(p, p->udp_a, EPOLLIN, TAG_A);
	watch(p, p->udp_b, EPOLLIN, TAG_B);
	p->to_len = resolve(p->addr_b, p->port, &p->to[UP]);
	resolve(p->addr_a, p->port, &p->to[DOWN]);
	open_bulk(p);
	p->tick = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	watch(p, p->tick, EPOLLIN, TAG_TICK);
}

/* --- traffic --- */

static void send_one(struct probe *p, int flow, uint64_t now)
{
	uint8_t buf[2048] = {0};
	struct flow *f = &p->flow[flow];
	struct header h = {MAGIC, (uint32_t)flow, f->sent, now};

	if (f->sent == f->sent_size) {
		size_t seen_size = f->sent_size;

		f->sent_ns = grow(f->sent_ns, &f->sent_size, sizeof(*f->sent_ns));
		f->seen = grow(f->seen, &seen_size, 1);
	}
	f->sent_ns[f->sent++] = now;
	memcpy(buf, &h, sizeof(h));
	if (sendto(flow == UP ? p->udp_a : p->udp_b, buf, p->size, 0,
		   (struct sockaddr *)&p->to[flow], p->to_len) < 0)
		f->send_errors++;
}

static void arm(struct probe *p)
{
	struct itimerspec when = {{0, 0}, {0, 0}};

	when.it_value.tv_sec = (time_t)(p->next_tick_ns / NS_PER_S);
	when.it_value.tv_nsec = (long)(p->next_tick_ns % NS_PER_S);
	timerfd_settime(p->tick, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Sends what is due; late ticks are caught up with, and their lateness is recorded. */
static void tick(struct probe *p)
{
	uint64_t expired, now = now_ns();

	if (read(p->tick, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
		die("timerfd");
	if (p->stop_ns && now >= p->stop_ns) {
		if (now >= p->stop_ns + DRAIN_NS)
			p->quit = true;
		p->next_tick_ns = now + 10 * NS_PER_MS;
		arm(p);
		return;
	}
	while (p->next_tick_ns <= now) {
		for (int i = 0; i < FLOWS; i++) {
			struct flow *f = &p->flow[i];

			if (!f->on)
				continue;
			if (now - p->next_tick_ns > f->max_tick_late_ns)
				f->max_tick_late_ns = now - p->next_tick_ns;
			send_one(p, i, now_ns());
		}
		p->next_tick_ns += p->interval_ns;
	}
	arm(p);
}

static void take(struct probe *p, int fd, int flow)
{
	struct flow *f = &p->flow[flow];
	uint8_t buf[2048];
	struct header h;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) >= (ssize_t)sizeof(h)) {
		memcpy(&h, buf, sizeof(h));
		if (h.magic != MAGIC || h.flow != (uint32_t)flow || h.seq >= f->sent)
			continue;
		if (f->arrivals == f->arrival_size)
			f->arrival = grow(f->arrival, &f->arrival_size, sizeof(*f->arrival));
		f->arrival[f->arrivals++] = (struct arrival){h.seq, now_ns()};
		if (f->seen[h.seq] < UINT8_MAX)
			f->seen[h.seq]++;
	}
}

static void bulk_accept(struct probe *p)
{
	p->bulk.b = accept4(p->bulk.listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (p->bulk.b < 0)
		die("accept");
	watch(p, p->bulk.b, p->bulk.down ? EPOLLOUT : EPOLLIN, TAG_TCP_B);
}

static void bulk_end(struct probe *p, int fd, int error)
{
	p->bulk.error = error;
	epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static void bulk_io(struct probe *p, int fd, bool sends)
{
	static uint8_t buf[BULK_BYTES];
	struct bulk *b = &p->bulk;
	ssize_t n;

	if (sends && p->stop_ns && now_ns() >= p->stop_ns) {
		epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, NULL);
		return;
	}
	n = sends ? send(fd, buf, sizeof(buf), MSG_NOSIGNAL) : recv(fd, buf, sizeof(buf), 0);
	if (n < 0 && errno != EAGAIN)
		bulk_end(p, fd, errno);
	if (n == 0)
		bulk_end(p, fd, ECONNRESET);
	if (n <= 0 || sends)
		return;
	if (b->arrivals == b->arrival_size)
		b->arrival = grow(b->arrival, &b->arrival_size, sizeof(*b->arrival));
	b->arrival[b->arrivals++] = (struct arrival){(uint64_t)n, now_ns()};
	b->bytes += (uint64_t)n;
}

/* The first signal stops sending and drains; a second one does not wait. */
static void take_signal(struct probe *p)
{
	struct signalfd_siginfo info;

	if (read(p->signal, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (p->signalled)
		p->quit = true;
	p->signalled = true;
	if (!p->stop_ns || p->stop_ns > now_ns())
		p->stop_ns = now_ns();
}

static void dispatch(struct probe *p, enum tag tag)
{
	switch (tag) {
	case TAG_TICK:
		tick(p);
		break;
	case TAG_A:
		take(p, p->udp_a, DOWN);
		break;
	case TAG_B:
		take(p, p->udp_b, UP);
		break;
	case TAG_SIGNAL:
		take_signal(p);
		break;
	case TAG_LISTEN:
		bulk_accept(p);
		break;
	case TAG_TCP_A:
		bulk_io(p, p->bulk.a, p->bulk.up);
		break;
	case TAG_TCP_B:
		bulk_io(p, p->bulk.b, p->bulk.down);
		break;
	}
}

static void run(struct probe *p)
{
	struct epoll_event ev[8];

	p->start_ns = now_ns();
	p->next_tick_ns = p->start_ns + NS_PER_MS;
	if (p->duration_ns)
		p->stop_ns = p->start_ns + p->duration_ns;
	arm(p);
	while (!p->quit) {
		int n = epoll_wait(p->epoll, ev, 8, -1);

		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++)
			dispatch(p, (enum tag)ev[i].data.u32);
	}
}

/* --- judgement --- */

struct verdict {
	double gap_ms, send_gap_ms, last_loss_ms; /* last_loss_ms < 0: nothing was lost */
	double first_ms; /* from the event to the next arrival; < 0: none */
	uint64_t lost, duplicated, reordered;
};

static double ms(uint64_t from, uint64_t to)
{
	return to >= from ? (double)(to - from) / 1e6 : -(double)(from - to) / 1e6;
}

/* Longest hole between two arrivals that overlaps [from, to). */
static double longest_gap_ms(const struct arrival *a, size_t n, uint64_t from, uint64_t to)
{
	uint64_t longest = 0, before = 0;

	for (size_t i = 0; i < n && before < to; i++) {
		if (i > 0 && a[i].t_ns >= from && a[i].t_ns - before > longest)
			longest = a[i].t_ns - before;
		before = a[i].t_ns;
	}
	/* nothing came any more: the hole reaches to the end of the window */
	if (n == 0 || (before < to && to - before > longest))
		longest = n ? to - before : to - from;
	return (double)longest / 1e6;
}

/* The sender's own longest hole: what of a gap is this machine's. */
static double longest_send_gap_ms(const struct flow *f, uint64_t from, uint64_t to)
{
	uint64_t longest = 0;

	for (size_t i = 1; i < f->sent && f->sent_ns[i - 1] < to; i++)
		if (f->sent_ns[i] >= from && f->sent_ns[i] - f->sent_ns[i - 1] > longest)
			longest = f->sent_ns[i] - f->sent_ns[i - 1];
	return (double)longest / 1e6;
}

static struct verdict judge(const struct flow *f, uint64_t t, uint64_t from, uint64_t to)
{
	struct verdict v = {.last_loss_ms = -1, .first_ms = -1};
	uint64_t highest = 0;

	v.gap_ms = longest_gap_ms(f->arrival, f->arrivals, t, to);
	v.send_gap_ms = longest_send_gap_ms(f, t, to);
	for (size_t i = 0; i < f->sent; i++) {
		if (f->sent_ns[i] < from || f->sent_ns[i] >= to)
			continue;
		if (f->seen[i] > 1)
			v.duplicated += f->seen[i] - 1u;
		if (f->seen[i])
			continue;
		v.lost++;
		v.last_loss_ms = ms(t, f->sent_ns[i]);
		if (v.last_loss_ms < 0)
			v.last_loss_ms = 0;
	}
	for (size_t i = 0; i < f->arrivals; i++) {
		if (v.first_ms < 0 && f->arrival[i].t_ns >= t && f->arrival[i].t_ns < to)
			v.first_ms = ms(t, f->arrival[i].t_ns);
		if (f->arrival[i].seq < highest && f->arrival[i].t_ns >= from &&
		    f->arrival[i].t_ns < to)
			v.reordered++;
		if (f->arrival[i].seq > highest)
			highest = f->arrival[i].seq;
	}
	return v;
}

static void read_events(struct probe *p)
{
	FILE *in = p->events_file ? fopen(p->events_file, "r") : NULL;
	char line[128];

	if (p->events_file && !in)
		die(p->events_file);
	while (in && p->events < EVENTS_MAX && fgets(line, sizeof(line), in)) {
		struct event *e = &p->event[p->events];

		if (sscanf(line, "%" SCNu64 " %31[a-z_-]", &e->t_ns, e->kind) == 2)
			p->events++;
	}
	if (in)
		fclose(in);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nearest-rank percentile of n sorted values. */
static double percentile(const double *sorted, size_t n, unsigned int percent)
{
	size_t rank = (n * percent + 99) / 100;

	return n ? sorted[rank ? rank - 1 : 0] : 0;
}

static void print_distribution(const char *name, double *value, size_t n)
{
	qsort(value, n, sizeof(*value), by_value);
	printf("\"%s\":{\"n\":%zu,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, n,
	       percentile(value, n, 50), percentile(value, n, 95), percentile(value, n, 99),
	       n ? value[n - 1] : 0.0);
}

/* How long each packet was under way, one way. */
static void print_delays(const struct flow *f)
{
	double *delay = calloc(f->arrivals + 1, sizeof(*delay));
	size_t n = 0;

	if (!delay)
		die("memory");
	for (size_t i = 0; i < f->arrivals; i++)
		if (f->arrival[i].seq < f->sent)
			delay[n++] = ms(f->sent_ns[f->arrival[i].seq], f->arrival[i].t_ns);
	print_distribution("delay_ms", delay, n);
	free(delay);
}

static uint64_t window_end(const struct probe *p, size_t i)
{
	uint64_t end = p->event[i].t_ns + p->window_ns;
	uint64_t next = i + 1 < p->events ? p->event[i + 1].t_ns - EVENT_LEAD_NS : UINT64_MAX;

	if (p->stop_ns && end > p->stop_ns)
		end = p->stop_ns;
	return next < end ? next : end;
}

/* One JSON object for a direction: every event, then the distributions. */
static void print_flow(const struct probe *p, const struct flow *f)
{
	static double gap[EVENTS_MAX], lost[EVENTS_MAX], last[EVENTS_MAX];
	struct verdict whole = judge(f, 0, 0, UINT64_MAX);

	printf("{\"sent\":%zu,\"received\":%zu,\"lost\":%" PRIu64 ",\"duplicated\":%" PRIu64
	       ",\"reordered\":%" PRIu64 ",\"send_errors\":%" PRIu64 ",\"tick_late_max_ms\":%.3f",
	       f->sent, f->arrivals, whole.lost, whole.duplicated, whole.reordered, f->send_errors,
	       (double)f->max_tick_late_ns / 1e6);
	printf(",\"longest_gap_ms\":%.3f,\"events\":[",
	       longest_gap_ms(f->arrival, f->arrivals, p->start_ns, p->stop_ns));
	for (size_t i = 0; i < p->events; i++) {
		const struct event *e = &p->event[i];
		struct verdict v = judge(f, e->t_ns, e->t_ns - EVENT_LEAD_NS, window_end(p, i));

		gap[i] = v.gap_ms;
		lost[i] = (double)v.lost;
		last[i] = v.last_loss_ms < 0 ? 0 : v.last_loss_ms;
		printf("%s{\"kind\":\"%s\",\"t_ns\":%" PRIu64
		       ",\"gap_ms\":%.3f,\"send_gap_ms\":%.3f,\"lost\":%" PRIu64
		       ",\"last_loss_ms\":%.3f,\"first_ms\":%.3f,\"duplicated\":%" PRIu64
		       ",\"reordered\":%" PRIu64 "}",
		       i ? "," : "", e->kind, e->t_ns, v.gap_ms, v.send_gap_ms, v.lost,
		       v.last_loss_ms, v.first_ms, v.duplicated, v.reordered);
	}
	printf("],");
	print_delays(f);
	printf(",");
	print_distribution("gap_ms", gap, p->events);
	printf(",");
	print_distribution("lost_packets", lost, p->events);
	printf(",");
	print_distribution("last_loss_ms", last, p->events);
	printf("}");
}

static void print_bulk(const struct probe *p)
{
	static double gap[EVENTS_MAX];
	const struct bulk *b = &p->bulk;

	printf("{\"direction\":\"%s\",\"bytes\":%" PRIu64 ",\"mbit_s\":%.1f,\"error\":\"%s\"",
	       b->up ? "up" : "down", b->bytes,
	       (double)b->bytes * 8e3 / (double)(p->stop_ns - p->start_ns),
	       b->error ? strerror(b->error) : "");
	for (size_t i = 0; i < p->events; i++)
		gap[i] =
			longest_gap_ms(b->arrival, b->arrivals, p->event[i].t_ns, window_end(p, i));
	printf(",");
	print_distribution("gap_ms", gap, p->events);
	printf("}");
}

static void report(struct probe *p)
{
	const char *name[FLOWS] = {"up", "down"};

	read_events(p);
	printf("{\"interval_us\":%" PRIu64 ",\"size\":%zu,\"seconds\":%.3f,\"event_count\":%zu",
	       p->interval_ns / 1000, p->size, (double)(p->stop_ns - p->start_ns) / 1e9, p->events);
	for (int i = 0; i < FLOWS; i++) {
		if (!p->flow[i].on)
			continue;
		printf(",\"%s\":", name[i]);
		print_flow(p, &p->flow[i]);
	}
	if (p->bulk.up || p->bulk.down) {
		printf(",\"bulk\":");
		print_bulk(p);
	}
	printf("}\n");
}

/* --- options --- */

static void usage(void)
{
	fputs("usage: probe --ns-a NAME --ns-b NAME --addr-a ADDR --addr-b ADDR [--port N]\n"
	      "             [--up] [--down] [--bulk-up|--bulk-down] [--interval-us N] [--size N]\n"
	      "             [--duration-ms N] [--window-ms N] [--events FILE] [--realtime]\n"
	      "Without --duration-ms it runs until SIGTERM; then it drains, reads FILE and prints.\n"
	      "       probe --now     (the clock of the events file)\n",
	      stderr);
	exit(2);
}

static uint64_t number(const char *text)
{
	char *end = NULL;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-')
		usage();
	return value;
}

static const struct option long_options[] = {
	{"ns-a", 1, NULL, 'a'},      {"ns-b", 1, NULL, 'b'},        {"addr-a", 1, NULL, 'A'},
	{"addr-b", 1, NULL, 'B'},    {"port", 1, NULL, 'p'},        {"up", 0, NULL, 'u'},
	{"down", 0, NULL, 'd'},      {"bulk-up", 0, NULL, 'U'},     {"bulk-down", 0, NULL, 'D'},
	{"size", 1, NULL, 's'},      {"interval-us", 1, NULL, 'i'}, {"duration-ms", 1, NULL, 't'},
	{"window-ms", 1, NULL, 'w'}, {"events", 1, NULL, 'e'},      {"realtime", 0, NULL, 'R'},
	{NULL, 0, NULL, 0}};

static void take_option(struct probe *p, int c)
{
	switch (c) {
	case 'a':
		p->ns_a = optarg;
		break;
	case 'b':
		p->ns_b = optarg;
		break;
	case 'A':
		p->addr_a = optarg;
		break;
	case 'B':
		p->addr_b = optarg;
		break;
	case 'p':
		p->port = (unsigned int)number(optarg);
		break;
	case 'u':
		p->flow[UP].on = true;
		break;
	case 'd':
		p->flow[DOWN].on = true;
		break;
	case 'U':
		p->bulk.up = true;
		break;
	case 'D':
		p->bulk.down = true;
		break;
	case 's':
		p->size = number(optarg);
		break;
	case 'i':
		p->interval_ns = number(optarg) * 1000;
		break;
	case 't':
		p->duration_ns = number(optarg) * NS_PER_MS;
		break;
	case 'w':
		p->window_ns = number(optarg) * NS_PER_MS;
		break;
	case 'e':
		p->events_file = optarg;
		break;
	case 'R':
		p->realtime = true;
		break;
	default:
		usage();
	}
}

int main(int argc, char **argv)
{
	static struct probe p = {
		.port = 5001, .interval_ns = NS_PER_MS, .size = 64, .window_ns = 60 * NS_PER_S};
	int c;

	if (argc == 2 && strcmp(argv[1], "--now") == 0) {
		printf("%" PRIu64 "\n", now_ns());
		return 0;
	}
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(&p, c);
	if (optind != argc || !p.addr_a || !p.addr_b || p.size < sizeof(struct header) ||
	    p.size > 2048 || p.interval_ns == 0 || p.port > 65534)
		usage();
	open_all(&p);
	if (p.realtime) {
		struct sched_param sp = {.sched_priority = 10};

		if (sched_setscheduler(0, SCHED_FIFO, &sp) < 0)
			fprintf(stderr, "probe: no real-time priority: %s\n", strerror(errno));
	}
	run(&p);
	report(&p);
	return 0;
}
