/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wire: a cable between two network interfaces with a length: every Ethernet frame that arrives on
 * one comes out of the other after a delay. Stands in for netem where the kernel has none; unlike
 * udp-relay it is transparent (ARP, ICMP, IPv6, TCP, any address), so a NAT in front of it and a
 * server behind it keep their addresses. Order is kept. Test tool only; never installed.
 *
 *	[a] -> loss -> bottleneck -> delay -> [b]      "up"
 *	[a] <- delay <- bottleneck <- loss <- [b]      "down"
 *
 * The interfaces at the other ends of the veth pairs must send nothing longer than BYTES_MAX
 * (gso_max_segs 1); a checksum that the sender left to its hardware is passed on as such.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
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

#define BYTES_MAX  2048 /* a frame and its virtio_net_hdr */
#define VNET_BYTES 10
#define LINK_BYTES (VNET_BYTES + ETH_HLEN) /* what a bottleneck does not count: rates are of IP */
#define RING       8192                    /* frames in flight per direction; a power of two */
#define BATCH      32
#define NS_PER_MS  1000000ull
#define NS_PER_S   1000000000ull
#define PPM        1000000u

enum direction { UP = 0, DOWN = 1, DIRECTIONS = 2 };
enum tag { TAG_UP = UP, TAG_DOWN = DOWN, TAG_TIMER, TAG_CTL, TAG_SIGNAL };

struct frame {
	uint64_t due_ns;
	size_t length;
	uint8_t data[BYTES_MAX];
};

struct way {
	/* options, changed at run time by the control socket */
	uint64_t delay_ns, jitter_ns, rate_bps, queue_bytes;
	uint32_t loss_ppm, ce_ppm;
	bool blackhole;
	/* state */
	uint64_t random, busy_until_ns, last_due_ns;
	struct frame *ring;
	uint32_t head, tail; /* head: next to go out */
	uint64_t in, out, lost, blackholed, queue_dropped, overflows, marked;
	uint64_t bytes_out;
};

struct wire {
	const char *device[2], *ctl_path;
	struct way way[DIRECTIONS];
	int fd[2]; /* of a, of b: UP comes in at a and leaves at b */
	int epoll, timer, ctl, signal;
	bool realtime, quit;
};

static void die(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* xorshift64*, one generator per direction */
static uint32_t random_below(struct way *w, uint32_t bound)
{
	uint64_t x = w->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	w->random = x;
	return (uint32_t)(((x * 2685821657736338717ull) >> 32) * bound >> 32);
}

/* --- a frame's way --- */

/* When the bottleneck has sent it; 0 when its queue is full. */
static uint64_t serialise(struct way *w, size_t frame, uint64_t now)
{
	uint64_t start = w->busy_until_ns > now ? w->busy_until_ns : now;
	size_t length = frame > LINK_BYTES ? frame - LINK_BYTES : 1;

	if (w->rate_bps == 0)
		return now;
	if ((start - now) * (w->rate_bps / 8) / NS_PER_S + length > w->queue_bytes)
		return 0;
	w->busy_until_ns = start + (uint64_t)length * 8 * NS_PER_S / w->rate_bps;
	return w->busy_until_ns;
}

/* A router that is congested (RFC 3168): CE on what is ECT. */
static void mark(struct way *w, uint8_t *ip, size_t length)
{
	if (length >= 20 && ip[0] >> 4 == 4 && (ip[1] & 3) != 0 && (ip[1] & 3) != 3) {
		uint32_t sum = (uint32_t)(~(ip[10] << 8 | ip[11]) & 0xffff);

		/* RFC 1624: the old word out, the new one in */
		sum += (uint32_t)(~(ip[0] << 8 | ip[1]) & 0xffff);
		ip[1] |= 3;
		sum += (uint32_t)(ip[0] << 8 | ip[1]);
		sum = (sum & 0xffff) + (sum >> 16);
		sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
		ip[10] = (uint8_t)(sum >> 8);
		ip[11] = (uint8_t)sum;
		w->marked++;
	} else if (length >= 40 && ip[0] >> 4 == 6 && (ip[1] & 0x30) != 0 &&
		   (ip[1] & 0x30) != 0x30) {
		ip[1] |= 0x30;
		w->marked++;
	}
}

/* Takes the frame that was read into the ring's tail slot, or leaves the slot to the next one. */
static bool admit(struct way *w, size_t length, uint64_t now)
{
	struct frame *f = &w->ring[w->tail % RING];
	uint64_t sent;

	w->in++;
	if (w->blackhole) {
		w->blackholed++;
		return false;
	}
	if (w->loss_ppm && random_below(w, PPM) < w->loss_ppm) {
		w->lost++;
		return false;
	}
	sent = serialise(w, length, now);
	if (sent == 0) {
		w->queue_dropped++;
		return false;
	}
	if (w->ce_ppm && length > LINK_BYTES && random_below(w, PPM) < w->ce_ppm)
		mark(w, f->data + LINK_BYTES, length - LINK_BYTES);
	w->bytes_out += length > LINK_BYTES ? length - LINK_BYTES : 0;
	f->length = length;
	f->due_ns = sent + w->delay_ns;
	if (w->jitter_ns)
		f->due_ns += random_below(w, (uint32_t)w->jitter_ns);
	if (f->due_ns < w->last_due_ns)
		f->due_ns = w->last_due_ns;
	w->last_due_ns = f->due_ns;
	w->tail++;
	return true;
}

/* Reads what is there. A frame that is not admitted leaves a hole, which the next ones close up. */
static void receive(struct wire *wire, enum direction d)
{
	struct way *w = &wire->way[d];
	struct mmsghdr msg[BATCH] = {0};
	struct iovec iov[BATCH];
	uint32_t first = w->tail, room = RING - (w->tail - w->head);
	unsigned int wanted = room < BATCH ? room : BATCH;
	uint64_t now;
	int got;

	if (wanted == 0) {
		uint8_t scrap[BYTES_MAX];

		w->overflows += recv(wire->fd[d], scrap, sizeof(scrap), 0) >= 0;
		return;
	}
	for (unsigned int i = 0; i < wanted; i++) {
		iov[i] = (struct iovec){w->ring[(first + i) % RING].data, BYTES_MAX};
		msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	got = recvmmsg(wire->fd[d], msg, wanted, 0, NULL);
	now = now_ns();
	for (int i = 0; i < got; i++) {
		struct frame *from = &w->ring[(first + (uint32_t)i) % RING];
		struct frame *to = &w->ring[w->tail % RING];

		if (from != to)
			memcpy(to->data, from->data, msg[i].msg_len);
		admit(w, msg[i].msg_len, now);
	}
}

static void deliver(struct wire *wire, enum direction d, uint64_t now)
{
	struct way *w = &wire->way[d];

	while (w->head != w->tail && w->ring[w->head % RING].due_ns <= now) {
		struct frame *f = &w->ring[w->head++ % RING];

		/* a far end that is down loses what is sent to it, as a cable does */
		if (send(wire->fd[!d], f->data, f->length, 0) >= 0)
			w->out++;
	}
}

static void deliver_due(struct wire *wire)
{
	struct itimerspec when = {{0, 0}, {0, 0}};
	uint64_t due = UINT64_MAX, now = now_ns();

	for (int d = 0; d < DIRECTIONS; d++) {
		struct way *w = &wire->way[d];

		deliver(wire, (enum direction)d, now);
		if (w->head != w->tail && w->ring[w->head % RING].due_ns < due)
			due = w->ring[w->head % RING].due_ns;
	}
	if (due != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(due / NS_PER_S);
		when.it_value.tv_nsec = (long)(due % NS_PER_S);
	}
	timerfd_settime(wire->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* --- control --- */

static int write_way(const struct way *w, const char *name, char *out, size_t size)
{
	return snprintf(out, size,
			"\"%s\":{\"in\":%" PRIu64 ",\"out\":%" PRIu64 ",\"lost\":%" PRIu64
			",\"blackholed\":%" PRIu64 ",\"queue_dropped\":%" PRIu64
			",\"overflows\":%" PRIu64 ",\"marked\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
			name, w->in, w->out, w->lost, w->blackholed, w->queue_dropped, w->overflows,
			w->marked, w->bytes_out);
}

static void write_stats(const struct wire *wire, char *out, size_t size)
{
	char up[300], down[300];

	write_way(&wire->way[UP], "up", up, sizeof(up));
	write_way(&wire->way[DOWN], "down", down, sizeof(down));
	snprintf(out, size, "{\"event\":\"stats\",\"t_ns\":%" PRIu64 ",%s,%s}", now_ns(), up, down);
}

/* One value, or one for up and one for down. */
static bool set_pair(struct wire *wire, const char *key, double up, double down)
{
	struct way *u = &wire->way[UP], *d = &wire->way[DOWN];

	if (up < 0 || down < 0 || up > 1e9 || down > 1e9)
		return false;
	if (strcmp(key, "delay") == 0) {
		u->delay_ns = (uint64_t)(up * 1e6);
		d->delay_ns = (uint64_t)(down * 1e6);
	} else if (strcmp(key, "jitter") == 0 && up < 4000 && down < 4000) {
		u->jitter_ns = (uint64_t)(up * 1e6);
		d->jitter_ns = (uint64_t)(down * 1e6);
	} else if (strcmp(key, "loss") == 0) {
		u->loss_ppm = (uint32_t)(up * PPM / 100);
		d->loss_ppm = (uint32_t)(down * PPM / 100);
	} else if (strcmp(key, "ce") == 0) {
		u->ce_ppm = (uint32_t)(up * PPM / 100);
		d->ce_ppm = (uint32_t)(down * PPM / 100);
	} else if (strcmp(key, "rate") == 0) {
		u->rate_bps = (uint64_t)(up * 1e6);
		d->rate_bps = (uint64_t)(down * 1e6);
		u->busy_until_ns = d->busy_until_ns = 0;
	} else if (strcmp(key, "queue") == 0) {
		u->queue_bytes = (uint64_t)up;
		d->queue_bytes = (uint64_t)down;
	} else {
		return false;
	}
	return true;
}

static bool set_blackhole(struct wire *wire, const char *which)
{
	bool both = strcmp(which, "on") == 0;

	if (!both && strcmp(which, "off") != 0 && strcmp(which, "up") != 0 &&
	    strcmp(which, "down") != 0)
		return false;
	wire->way[UP].blackhole = both || strcmp(which, "up") == 0;
	wire->way[DOWN].blackhole = both || strcmp(which, "down") == 0;
	return true;
}

static void command(struct wire *wire, const char *line, char *out, size_t size)
{
	char key[16], which[16];
	double up, down;
	int n = sscanf(line, "%15s %lf %lf", key, &up, &down);
	bool good = false;

	snprintf(out, size, "{\"event\":\"ok\",\"t_ns\":%" PRIu64 "}", now_ns());
	if (n >= 2)
		good = set_pair(wire, key, up, n == 3 ? down : up);
	else if (sscanf(line, "blackhole %15s", which) == 1)
		good = set_blackhole(wire, which);
	else if (strcmp(line, "quit") == 0)
		good = wire->quit = true;
	else if (strcmp(line, "stats") == 0)
		write_stats(wire, out, size), good = true;
	if (!good)
		snprintf(out, size, "{\"event\":\"error\",\"detail\":\"unknown command\"}");
}

static void serve_control(struct wire *wire)
{
	struct timeval patience = {0, 200000};
	char line[128], reply[1000];
	int fd = accept4(wire->ctl, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	n = recv(fd, line, sizeof(line) - 1, 0);
	if (n > 0) {
		line[n] = 0;
		line[strcspn(line, "\r\n")] = 0;
		command(wire, line, reply, sizeof(reply));
		if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
			fprintf(stderr, "wire: control reply: %s\n", strerror(errno));
	}
	close(fd);
}

/* --- set-up --- */

static void usage(void)
{
	fputs("usage: wire --a DEVICE --b DEVICE --ctl SOCKET [--seed N] [--realtime]\n"
	      "            [--set 'delay|jitter|loss|ce|rate|queue UP [DOWN]']...\n"
	      "Milliseconds, percent, Mbit/s of IP packets (0: no bottleneck), bytes. Commands to the socket, with\n"
	      "udp-relay --send SOCKET COMMAND: the same, blackhole on|off|up|down, stats, quit\n",
	      stderr);
	exit(2);
}

static void watch(struct wire *wire, int fd, enum tag tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = (uint32_t)tag};

	if (fd < 0 || epoll_ctl(wire->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

static int open_device(const char *name)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, size = 8 << 20;

	to.sll_ifindex = (int)if_nametoindex(name);
	if (fd < 0 || to.sll_ifindex == 0)
		die(name);
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0)
		die("packet socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die(name);
	return fd;
}

static void open_control(struct wire *wire)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (strlen(wire->ctl_path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		die(wire->ctl_path);
	}
	memcpy(un.sun_path, wire->ctl_path, strlen(wire->ctl_path));
	unlink(un.sun_path);
	wire->ctl = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (wire->ctl < 0 || bind(wire->ctl, (struct sockaddr *)&un, sizeof(un)) < 0 ||
	    listen(wire->ctl, 8) < 0)
		die(wire->ctl_path);
	watch(wire, wire->ctl, TAG_CTL);
}

static void wire_open(struct wire *wire)
{
	sigset_t set;

	wire->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		wire->way[i].ring = calloc(RING, sizeof(struct frame));
		if (!wire->way[i].ring)
			die("memory");
		wire->fd[i] = open_device(wire->device[i]);
		watch(wire, wire->fd[i], (enum tag)i);
	}
	wire->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	watch(wire, wire->timer, TAG_TIMER);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wire->signal = signalfd(-1, &set, SFD_CLOEXEC);
	watch(wire, wire->signal, TAG_SIGNAL);
	open_control(wire);
	if (wire->realtime) {
		struct sched_param sp = {.sched_priority = 10};

		if (sched_setscheduler(0, SCHED_FIFO, &sp) < 0)
			fprintf(stderr, "wire: no real-time priority: %s\n", strerror(errno));
	}
}

static void dispatch(struct wire *wire, enum tag tag)
{
	uint64_t expired;

	switch (tag) {
	case TAG_UP:
	case TAG_DOWN:
		receive(wire, (enum direction)tag);
		break;
	case TAG_TIMER:
		if (read(wire->timer, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
			die("timerfd");
		break;
	case TAG_CTL:
		serve_control(wire);
		break;
	case TAG_SIGNAL:
		wire->quit = true;
		break;
	}
}

static void take_option(struct wire *wire, int c)
{
	char reply[1000];

	switch (c) {
	case 'a':
	case 'b':
		wire->device[c - 'a'] = optarg;
		break;
	case 'c':
		wire->ctl_path = optarg;
		break;
	case 'S':
		wire->way[UP].random = strtoull(optarg, NULL, 10) * 2654435769u + 1;
		wire->way[DOWN].random = strtoull(optarg, NULL, 10) * 40503u + 7;
		break;
	case 's':
		command(wire, optarg, reply, sizeof(reply));
		if (strstr(reply, "\"error\""))
			usage();
		break;
	case 'R':
		wire->realtime = true;
		break;
	default:
		usage();
	}
}

static const struct option long_options[] = {{"a", 1, NULL, 'a'},   {"b", 1, NULL, 'b'},
					     {"ctl", 1, NULL, 'c'}, {"seed", 1, NULL, 'S'},
					     {"set", 1, NULL, 's'}, {"realtime", 0, NULL, 'R'},
					     {NULL, 0, NULL, 0}};

int main(int argc, char **argv)
{
	static struct wire wire = {.way = {{.random = 1, .queue_bytes = 256 << 10},
					   {.random = 7, .queue_bytes = 256 << 10}}};
	struct epoll_event ev[5];
	char stats[1000];
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(&wire, c);
	if (optind != argc || !wire.device[0] || !wire.device[1] || !wire.ctl_path)
		usage();
	wire_open(&wire);
	while (!wire.quit) {
		int n = epoll_wait(wire.epoll, ev, 5, -1);

		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++)
			dispatch(&wire, (enum tag)ev[i].data.u32);
		deliver_due(&wire);
	}
	write_stats(&wire, stats, sizeof(stats));
	printf("%s\n", stats);
	unlink(wire.ctl_path);
	return 0;
}
