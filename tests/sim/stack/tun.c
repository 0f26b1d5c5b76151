/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Takes the place of tun/tun_linux.c and of tun/netcfg*.c: a TUN of each program whose packets come
 * from the world's flows and go to the judges; of the kernel's configuration only the client's inner
 * address matters. For tests only.
 */
#include "tun/tun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stack.h"
#include "tun/netcfg.h"

#define FD_FIRST     200000
#define TUN_PACKETS  64
#define HEADERS      28
#define PACKET_MAGIC 0x6a76U
#define INTERNET     STACK_INNET(8, 8, 8, 8)

struct jvpn_tun {
	struct stack_node *node;
	size_t count;
	uint16_t len[TUN_PACKETS];
	uint8_t packet[TUN_PACKETS][STACK_DATAGRAM_MAX];
};

struct jvpn_netcfg {
	struct stack_node *node;
};

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint16_t checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

/* IPv4, UDP without a checksum, then: magic, client, direction, number. */
static void fill(uint8_t *p, const struct stack_flow *flow, const struct stack_node *client,
		 bool up)
{
	size_t len = flow->size;
	uint16_t sum;

	memset(p, 0, len);
	p[0] = 0x45;
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
	p[6] = 0x40;
	p[8] = 64;
	p[9] = 17;
	put32(p + 12, up ? client->inner : INTERNET);
	put32(p + 16, up ? INTERNET : client->inner);
	sum = checksum(p);
	p[10] = (uint8_t)(sum >> 8);
	p[11] = (uint8_t)sum;
	p[21] = p[23] = 53;
	p[24] = (uint8_t)((len - 20) >> 8);
	p[25] = (uint8_t)(len - 20);
	put32(p + HEADERS, PACKET_MAGIC << 16 | (uint32_t)client->index << 8 | up);
	put32(p + HEADERS + 4, flow->sent);
}

void stack_tun_send(struct stack_node *client, bool up)
{
	struct jvpn_tun *tun = up ? client->tun : stack.node[0].tun;
	struct stack_flow *flow = up ? &client->up : &client->down;

	if (!tun || !client->inner || tun->count == TUN_PACKETS ||
	    (!up && !stack_oracle_owns(client)))
		return;
	fill(tun->packet[tun->count], flow, client, up);
	tun->len[tun->count++] = (uint16_t)flow->size;
	flow->sent++;
}

bool stack_tun_readable(int fd)
{
	size_t node = (size_t)fd - FD_FIRST;

	return node < stack.nodes && stack.node[node].tun && stack.node[node].tun->count;
}

/* ---- the interface of tun.h ---- */

int jvpn_tun_open(const struct jvpn_tun_config *config, struct jvpn_tun **out, char *error,
		  size_t error_size)
{
	(void)config, (void)error, (void)error_size;
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return JVPN_ENOMEM;
	(*out)->node = stack.current;
	stack.current->tun = *out;
	return 0;
}

void jvpn_tun_free(struct jvpn_tun *tun)
{
	if (!tun)
		return;
	if (tun->node->tun == tun)
		tun->node->tun = NULL;
	free(tun);
}

int jvpn_tun_fd(const struct jvpn_tun *tun)
{
	return FD_FIRST + tun->node->index;
}

const char *jvpn_tun_name(const struct jvpn_tun *tun)
{
	(void)tun;
	return "jvpn0";
}

unsigned jvpn_tun_ifindex(const struct jvpn_tun *tun)
{
	return 1000U + (unsigned)tun->node->index;
}

void jvpn_tun_get_features(const struct jvpn_tun *tun, struct jvpn_tun_features *features)
{
	(void)tun;
	memset(features, 0, sizeof(*features));
}

void jvpn_tun_describe(const struct jvpn_tun *tun, char *out, size_t size)
{
	(void)tun;
	snprintf(out, size, "simulated");
}

int jvpn_tun_read(struct jvpn_tun *tun, struct jvpn_tun_offload *offload, uint8_t *buf, size_t size)
{
	size_t len = tun->len[0];

	if (!tun->count)
		return 0;
	if (offload)
		memset(offload, 0, sizeof(*offload));
	if (len > size)
		return JVPN_ENOSPACE;
	memcpy(buf, tun->packet[0], len);
	tun->count--;
	memmove(tun->packet[0], tun->packet[1], tun->count * sizeof(tun->packet[0]));
	memmove(tun->len, tun->len + 1, tun->count * sizeof(tun->len[0]));
	return (int)len;
}

int jvpn_tun_write(struct jvpn_tun *tun, const struct jvpn_tun_offload *offload,
		   const uint8_t *packet, size_t len)
{
	(void)offload;
	if (!tun->node->dead)
		stack_oracle_packet(tun->node, packet, len);
	return 0;
}

int jvpn_tun_set_up(struct jvpn_tun *tun, bool up)
{
	(void)tun, (void)up;
	return 0;
}

int jvpn_tun_set_mtu(struct jvpn_tun *tun, uint32_t mtu)
{
	(void)tun, (void)mtu;
	return 0;
}

int jvpn_tun_set_queue_len(struct jvpn_tun *tun, uint32_t packets)
{
	(void)tun, (void)packets;
	return 0;
}

/* ---- the interface of netcfg.h, as far as the programs use it ---- */

int jvpn_netcfg_new(const struct jvpn_netcfg_config *config, struct jvpn_netcfg **out, char *error,
		    size_t error_size)
{
	(void)config, (void)error, (void)error_size;
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return JVPN_ENOMEM;
	(*out)->node = stack.current;
	return 0;
}

void jvpn_netcfg_free(struct jvpn_netcfg *netcfg)
{
	free(netcfg);
}

int jvpn_netcfg_restore(struct jvpn_netcfg *netcfg)
{
	netcfg->node->inner = 0;
	return 0;
}

const char *jvpn_netcfg_error(const struct jvpn_netcfg *netcfg)
{
	(void)netcfg;
	return "";
}

int jvpn_netcfg_journal_path(const char *dir, const char *tun_name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s.net", dir, tun_name);
	return 0;
}

int jvpn_netcfg_apply(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_tunnel *tunnel,
		      struct jvpn_netcfg_warnings *warnings)
{
	const uint8_t *a = tunnel->address[0].address;

	(void)warnings;
	if (tunnel->address_count == 0)
		return JVPN_EINVAL;
	netcfg->node->inner = STACK_INNET(a[0], a[1], a[2], a[3]);
	if (netcfg->node->index)
		stack_log("inner address 10.77.%u.%u", a[2], a[3]);
	return 0;
}

int jvpn_netcfg_networks_list(struct jvpn_netcfg *netcfg, unsigned exclude_ifindex,
			      struct jvpn_netcfg_networks *out)
{
	(void)netcfg, (void)exclude_ifindex;
	out->count = 0;
	return 0;
}

void jvpn_netcfg_check_server(bool ipv4, bool ipv6, const char *tun_name,
			      struct jvpn_netcfg_warnings *out)
{
	(void)ipv4, (void)ipv6, (void)tun_name, (void)out;
}

void jvpn_netcfg_check_client(const char *outer, bool default_route,
			      struct jvpn_netcfg_warnings *out)
{
	(void)outer, (void)default_route, (void)out;
}
