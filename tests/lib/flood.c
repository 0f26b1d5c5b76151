/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * flood: datagrams at a server, many of them, for the end-to-end tests; inside a namespace only. At
 * most 10 s and 2 000 000 datagrams. Prints {"sent","seconds","errors"}.
 *
 *	flood garbage FROM TO PORT PER_S SECONDS    random octets of all sizes, also none at all
 *	flood initial NET TO PORT PER_S SECONDS     Initials of real clients (each another connection),
 *	                                            from forged addresses of NET/16 (IPv4)
 *	flood reset   FROM TO PORT FILE COUNT       datagrams that end in random octets where a stateless
 *	                                            reset has its token; FILE: "ADDRESS PORT" lines to
 *	                                            send to, from FROM and PORT as forged source
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "quic/endpoint.h"
#include "quic/quic.h"
#include "quic/tls.h"

#define DATAGRAM_MAX 1500
#define COUNT_MAX    2000000
#define SECONDS_MAX  10
#define INITIALS     1000
#define HEAD_BYTES   (sizeof(struct iphdr) + sizeof(struct udphdr))

struct flood {
	int fd;
	struct sockaddr_in from, to; /* initial, reset: from is the forged one */
	uint64_t sent, errors;
};

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * JVPN_NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint32_t random32(void)
{
	static uint64_t state;

	if (!state && getrandom(&state, sizeof(state), 0) != sizeof(state))
		fail("getrandom");
	state ^= state << 13; /* xorshift64: no secret depends on it */
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static void random_bytes(uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)random32();
}

static struct sockaddr_in address(const char *text, const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		fail(text);
	return a;
}

/* --- datagrams with a forged source --- */

static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void send_forged(struct flood *f, const uint8_t *data, size_t len)
{
	uint8_t packet[HEAD_BYTES + DATAGRAM_MAX] = {0};
	struct iphdr *ip = (struct iphdr *)packet;
	struct udphdr *udp = (struct udphdr *)(packet + sizeof(*ip));

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons((uint16_t)(HEAD_BYTES + len));
	ip->saddr = f->from.sin_addr.s_addr;
	ip->daddr = f->to.sin_addr.s_addr;
	ip->check = htons(checksum(packet, sizeof(*ip)));
	udp->source = f->from.sin_port;
	udp->dest = f->to.sin_port;
	udp->len = htons((uint16_t)(sizeof(*udp) + len)); /* no checksum: allowed over IPv4 */
	memcpy(packet + HEAD_BYTES, data, len);
	if (sendto(f->fd, packet, HEAD_BYTES + len, 0, (struct sockaddr *)&f->to, sizeof(f->to)) <
	    0)
		f->errors++;
}

/* --- Initials of real clients --- */

static struct {
	uint8_t data[DATAGRAM_MAX];
	size_t len;
} initial[INITIALS];

static size_t read_initials(int fd, size_t have)
{
	ssize_t n;

	while (have < INITIALS &&
	       (n = recv(fd, initial[have].data, sizeof(initial[have].data), MSG_DONTWAIT)) > 0)
		initial[have++].len = (size_t)n;
	return have;
}

static void nothing_closed(void *user, struct jvpn_conn *conn, const struct jvpn_close_info *info)
{
	(void)user, (void)conn, (void)info;
}

/* Connections to a socket of our own that never answers: what they say first is kept. */
static size_t make_initials(void)
{
	static const struct jvpn_quic_ops ops = {.on_closed = nothing_closed};
	const struct jvpn_tls_config tls_config = {.ca_file = getenv("FLOOD_CA"),
						   .wall_s = (uint64_t)time(NULL)};
	struct jvpn_quic_config config = {.ops = &ops,
					  .initial_rtt_ns = 45 * JVPN_NS_PER_MS,
					  .idle_timeout_ns = 30 * JVPN_NS_PER_S,
					  .handshake_timeout_ns = 30 * JVPN_NS_PER_S,
					  .max_udp_payload = 1452,
					  .max_connections = INITIALS};
	const struct jvpn_endpoint_config local = {.local.ss_family = AF_INET, .disable_gso = true};
	struct sockaddr_in sink = address("127.0.0.1", "0");
	struct jvpn_quic_target target = {.remote = (struct sockaddr *)&sink,
					  .server_name = "vpn.test"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;
	socklen_t len = sizeof(sink);
	struct jvpn_endpoint *endpoint;
	struct jvpn_quic *quic;
	struct jvpn_conn *conn;
	char error[256] = "";
	size_t have = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&sink, len) ||
	    getsockname(fd, (struct sockaddr *)&sink, &len))
		fail("sink");
	if (jvpn_tls_new(&tls_config, &config.tls, error, sizeof(error)) ||
	    jvpn_quic_new(&config, &quic) ||
	    jvpn_endpoint_open(&local, &endpoint, error, sizeof(error)))
		fail(error);
	target.endpoint = endpoint;
	for (size_t i = 0; i < INITIALS / 2 && have < INITIALS; i++) {
		if (jvpn_quic_connect(quic, &target, now_ns(), &conn))
			break;
		jvpn_quic_flush(quic, now_ns());
		have = read_initials(fd, have);
	}
	jvpn_quic_free(quic);
	jvpn_endpoint_free(endpoint);
	jvpn_tls_free(config.tls);
	close(fd);
	return have;
}

/* --- kinds --- */

static void send_garbage(struct flood *f, uint64_t i)
{
	static const size_t size[] = {0, 1, 0, 20, 21, 43, 100, 0, 1199, 1200, 1400};
	uint8_t data[DATAGRAM_MAX];
	size_t len = size[i % (sizeof(size) / sizeof(size[0]))];

	random_bytes(data, len < 64 ? len : 64);
	if (sendto(f->fd, data, len, MSG_DONTWAIT, (struct sockaddr *)&f->to, sizeof(f->to)) < 0)
		f->errors++;
}

static size_t initials;

static void send_initial(struct flood *f, uint64_t i)
{
	uint32_t net = ntohl(f->from.sin_addr.s_addr) & 0xffff0000;
	struct sockaddr_in base = f->from;

	f->from.sin_addr.s_addr = htonl(net | (random32() & 0xffff));
	f->from.sin_port = htons((uint16_t)(1024 + random32() % 60000));
	send_forged(f, initial[i % initials].data, initial[i % initials].len);
	f->from = base;
}

static void run(struct flood *f, void (*one)(struct flood *f, uint64_t i), const char *per_s,
		const char *seconds)
{
	uint64_t start = now_ns(), rate = strtoull(per_s, NULL, 10);
	uint64_t length = strtoull(seconds, NULL, 10);
	uint64_t age;

	if (length > SECONDS_MAX)
		length = SECONDS_MAX;
	while ((age = now_ns() - start) < length * JVPN_NS_PER_S && f->sent < COUNT_MAX) {
		uint64_t due = age / 1000 * rate / 1000000;

		for (int burst = 0; f->sent < due && burst < 256; burst++, f->sent++)
			one(f, f->sent);
		if (f->sent >= due)
			usleep(500);
	}
	printf("{\"sent\": %llu, \"seconds\": %.2f, \"errors\": %llu}\n",
	       (unsigned long long)f->sent, (double)(now_ns() - start) / 1e9,
	       (unsigned long long)f->errors);
}

/* Random tokens behind random octets that look like a short header, to each address of the file. */
static void run_resets(struct flood *f, const char *file, uint64_t count)
{
	FILE *in = fopen(file, "r");
	char host[64], port[16];
	uint8_t data[64];

	if (!in)
		fail(file);
	while (fscanf(in, "%63s %15s", host, port) == 2) {
		f->to = address(host, port);
		for (uint64_t i = 0; i < count && f->sent < COUNT_MAX; i++, f->sent++) {
			random_bytes(data, sizeof(data));
			data[0] = (uint8_t)((data[0] & 0x3f) | 0x40);
			send_forged(f, data, 21 + i % 43);
			if (i % 32 == 31)
				usleep(500);
		}
	}
	fclose(in);
	printf("{\"sent\": %llu, \"errors\": %llu}\n", (unsigned long long)f->sent,
	       (unsigned long long)f->errors);
}

int main(int argc, char **argv)
{
	struct flood f = {.fd = -1};

	if (argc != 7) {
		fputs("usage: flood garbage|initial|reset ... (see the source)\n", stderr);
		return 2;
	}
	f.to = address(argv[3], argv[4]);
	f.from = address(argv[2], strcmp(argv[1], "reset") == 0 ? argv[4] : "0");
	if (strcmp(argv[1], "garbage") == 0) {
		f.fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (f.fd < 0 || bind(f.fd, (struct sockaddr *)&f.from, sizeof(f.from)))
			fail("socket");
		run(&f, send_garbage, argv[5], argv[6]);
		return 0;
	}
	f.fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (f.fd < 0)
		fail("raw socket");
	if (strcmp(argv[1], "initial") == 0) {
		initials = make_initials();
		if (initials == 0)
			fail("no Initials");
		run(&f, send_initial, argv[5], argv[6]);
	} else {
		run_resets(&f, argv[5], strtoull(argv[6], NULL, 10));
	}
	return 0;
}
