/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drives tun/ by commands on standard input, one per line, for tests/netns/netcfg. Answers each
 * with "ok", "error CODE TEXT", or what was asked for. Not installed.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "tun/forward.h"
#include "tun/fragment.h"
#include "tun/netcfg.h"
#include "tun/tun.h"

#define LINE_BYTES 256

static struct jvpn_tun *tun;
static struct jvpn_netcfg *netcfg;
static struct jvpn_netcfg_tunnel tunnel = {.table = JVPN_NETCFG_TABLE_DEFAULT,
					   .fwmark = JVPN_NETCFG_FWMARK_DEFAULT,
					   .priority = JVPN_NETCFG_PRIORITY_DEFAULT};
static uint8_t octets[JVPN_TUN_PACKET_MAX];

static void answer(int err, const char *text)
{
	if (err == 0)
		puts("ok");
	else
		printf("error %d %s\n", err, text);
	fflush(stdout);
}

static void print_warnings(const struct jvpn_netcfg_warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		printf("warning %s\n", warnings->text[i]);
}

static struct jvpn_prefix parse_prefix(const char *text)
{
	char copy[LINE_BYTES];
	struct jvpn_prefix prefix = {0};
	uint8_t address[16], family = strchr(text, ':') != NULL ? 6 : 4;
	char *slash;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	if (inet_pton(family == 4 ? AF_INET : AF_INET6, copy, address) == 1)
		(void)jvpn_prefix_set(&prefix, family, address,
				      slash != NULL ? (uint8_t)strtoul(slash + 1, NULL, 10)
						    : jvpn_prefix_bits(family));
	return prefix;
}

/* open NAME */
static void run_open(const char *name, unsigned long mtu)
{
	struct jvpn_tun_config config = {.name = name, .mtu = (uint32_t)mtu};
	char error[256] = "";
	int err = jvpn_tun_open(&config, &tun, error, sizeof(error));

	if (err == 0)
		tunnel.ifindex = jvpn_tun_ifindex(tun);
	answer(err, error);
}

/* netcfg JOURNAL */
static void run_netcfg(const char *journal)
{
	struct jvpn_netcfg_config config = {.journal_path = journal};
	char error[JVPN_NETCFG_ERROR_BYTES] = "";

	answer(jvpn_netcfg_new(&config, &netcfg, error, sizeof(error)), error);
}

static void run_apply(void)
{
	struct jvpn_netcfg_warnings warnings = {0};
	int err = jvpn_netcfg_apply(netcfg, &tunnel, &warnings);

	print_warnings(&warnings);
	answer(err, jvpn_netcfg_error(netcfg));
}

static void run_unreachable(const char *prefix, unsigned long metric)
{
	struct jvpn_netcfg_route route = {.type = JVPN_NETCFG_ROUTE_UNREACHABLE,
					  .prefix = parse_prefix(prefix),
					  .table = tunnel.table,
					  .metric = (uint32_t)metric};

	answer(jvpn_netcfg_route_add(netcfg, &route), jvpn_netcfg_error(netcfg));
}

static void run_get(const char *address, unsigned long mark)
{
	struct jvpn_prefix destination = parse_prefix(address);
	struct jvpn_netcfg_way way;
	int err = jvpn_netcfg_route_get(netcfg, &destination, (uint32_t)mark, &way);

	if (err == 0) {
		printf("dev %u table %u\n", way.ifindex, way.table);
		fflush(stdout);
		return;
	}
	answer(err, jvpn_netcfg_error(netcfg));
}

static void run_networks(void)
{
	static struct jvpn_netcfg_networks networks;
	char text[JVPN_PREFIX_FORMAT_MAX];
	int err = jvpn_netcfg_networks_list(netcfg, tunnel.ifindex, &networks);

	for (size_t i = 0; i < networks.count; i++) {
		jvpn_prefix_format(&networks.prefix[i], text);
		printf("network %s\n", text);
	}
	answer(err, jvpn_netcfg_error(netcfg));
}

static void run_check(bool server, const char *device)
{
	struct jvpn_netcfg_warnings warnings = {0};

	if (server)
		jvpn_netcfg_check_server(true, true, device, &warnings);
	else
		jvpn_netcfg_check_client(device, true, &warnings);
	print_warnings(&warnings);
	answer(0, "");
}

/* Makes an echo reply of an echo request; addresses swapped keep the checksum, the type does not. */
static bool reflect(struct jvpn_forward_packet *packet)
{
	uint8_t *src = packet->data + packet->view.src_offset;
	uint8_t *dst = packet->data + packet->view.dst_offset, swap[16];
	uint8_t *icmp = packet->data + packet->view.payload_offset;
	size_t len = packet->view.address_len;
	uint32_t sum;

	if (!packet->view.has_payload_head || packet->view.is_fragment)
		return false;
	if (packet->view.protocol == JVPN_IP_PROTO_ICMP && icmp[0] == 8)
		icmp[0] = 0;
	else if (packet->view.protocol == JVPN_IP_PROTO_ICMPV6 && icmp[0] == 128)
		icmp[0] = 129;
	else
		return false;
	/* RFC 1624: HC' = ~(~HC + ~m + m') */
	sum = (uint32_t)(~(icmp[2] << 8 | icmp[3]) & 0xffff);
	sum += packet->view.version == 4 ? 0xffffu - 0x0800u + 0x0000u
					 : 0xffffu - 0x8000u + 0x8100u;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	icmp[2] = (uint8_t)(~sum >> 8);
	icmp[3] = (uint8_t)~sum;
	memcpy(swap, src, len);
	memcpy(src, dst, len);
	memcpy(dst, swap, len);
	return true;
}

static void take_packet(struct jvpn_forward *forward, uint8_t *data, size_t len, size_t mtu,
			const struct jvpn_connectip_addresses *assigned)
{
	struct timespec now;
	struct jvpn_forward_packet packet = {
		.data = data, .len = len, .mtu = mtu, .assigned = assigned};

	clock_gettime(CLOCK_MONOTONIC, &now);
	packet.now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	switch (jvpn_forward_client_uplink(forward, &packet)) {
	case JVPN_FORWARD_PASS:
	case JVPN_FORWARD_FRAGMENT: /* one end plays both: whole it comes back whole */
		if (reflect(&packet))
			(void)jvpn_tun_write(tun, NULL, data, len);
		break;
	case JVPN_FORWARD_REPLY:
		(void)jvpn_tun_write(tun, NULL, forward->reply, forward->reply_len);
		break;
	case JVPN_FORWARD_NONE:
	case JVPN_FORWARD_DROP:
	case JVPN_FORWARD_VERDICT_COUNT:
		break;
	}
}

static void print_counters(const struct jvpn_forward *forward)
{
	printf("passed %llu icmp %llu", (unsigned long long)forward->counters.passed_packets,
	       (unsigned long long)forward->counters.icmp_sent);
	for (int i = 1; i < JVPN_FORWARD_REASON_COUNT; i++)
		if (forward->counters.dropped[i] != 0)
			printf(" %s %llu", jvpn_forward_reason_text((enum jvpn_forward_reason)i),
			       (unsigned long long)forward->counters.dropped[i]);
	putchar('\n');
	fflush(stdout);
}

/* The other end of a tunnel with this MTU: answers pings until the next line of input. */
static void run_reflect(size_t mtu)
{
	static struct jvpn_forward forward;
	struct jvpn_connectip_addresses assigned = {.count = tunnel.address_count};
	struct pollfd fds[2] = {{.fd = 0, .events = POLLIN},
				{.fd = jvpn_tun_fd(tun), .events = POLLIN}};

	jvpn_forward_init(&forward);
	for (size_t i = 0; i < assigned.count; i++) {
		assigned.address[i].version = tunnel.address[i].family;
		assigned.address[i].prefix_len = jvpn_prefix_bits(tunnel.address[i].family);
		memcpy(assigned.address[i].address, tunnel.address[i].address, 16);
	}
	answer(0, "");
	while (poll(fds, 2, -1) >= 0 && fds[0].revents == 0) {
		struct jvpn_tun_offload offload;
		int n = jvpn_tun_read(tun, &offload, octets, sizeof(octets));

		if (n > 0)
			take_packet(&forward, octets, (size_t)n, mtu, &assigned);
		if (n < 0)
			break;
	}
	print_counters(&forward);
}

static bool run(const char *verb, const char *word, unsigned long number)
{
	if (strcmp(verb, "open") == 0)
		run_open(word, number);
	else if (strcmp(verb, "netcfg") == 0)
		run_netcfg(word);
	else if (strcmp(verb, "address") == 0)
		tunnel.address[tunnel.address_count++] = parse_prefix(word);
	else if (strcmp(verb, "route") == 0)
		tunnel.route[tunnel.route_count++] = parse_prefix(word);
	else if (strcmp(verb, "clear") == 0)
		tunnel.address_count = tunnel.route_count = 0;
	else if (strcmp(verb, "table") == 0)
		tunnel.table = (uint32_t)number;
	else if (strcmp(verb, "apply") == 0)
		run_apply();
	else if (strcmp(verb, "restore") == 0)
		answer(jvpn_netcfg_restore(netcfg), jvpn_netcfg_error(netcfg));
	else if (strcmp(verb, "unreachable") == 0)
		run_unreachable(word, number);
	else if (strcmp(verb, "get") == 0)
		run_get(word, number);
	else if (strcmp(verb, "networks") == 0)
		run_networks();
	else if (strcmp(verb, "check-server") == 0 || strcmp(verb, "check-client") == 0)
		run_check(strcmp(verb, "check-server") == 0, word);
	else if (strcmp(verb, "mtu") == 0)
		answer(jvpn_tun_set_mtu(tun, (uint32_t)number), "set mtu");
	else if (strcmp(verb, "reflect") == 0)
		run_reflect(number);
	else
		return false;
	return true;
}

int main(void)
{
	char line[LINE_BYTES], verb[32], word[200];
	unsigned long number;

	/* Unbuffered: poll must see what stdio has not taken yet. */
	setvbuf(stdin, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		number = 0;
		word[0] = '\0';
		if (sscanf(line, "%31s %199s %lu", verb, word, &number) < 1)
			continue;
		if (!run(verb, word, number)) {
			fprintf(stderr, "unknown command: %s", line);
			return 2;
		}
	}
	jvpn_netcfg_free(netcfg);
	jvpn_tun_free(tun);
	return 0;
}
