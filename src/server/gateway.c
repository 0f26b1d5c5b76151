/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inner packets between the TUN and the sessions: who owns a destination, and the rules of
 * tun/forward on the way. Never touches a session's state.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "runtime/pump.h"
#include "server/lease.h"
#include "server/server.h"
#include "tun/netcfg.h"
#include "tun/tun.h"

/* Outer headers, short QUIC header, DATAGRAM frame, tag, HTTP Datagram prefix: the TUN's first MTU
 * before a path has proved anything. */
#define GATEWAY_DEFAULT_MTU 1400
/* Addresses that are kept track of, as far as the pool has them. */
#define GATEWAY_LEASES 65536

static void to_tun(const struct jvpn_worker *worker, const uint8_t *packet, size_t len)
{
	jvpn_pump_write(worker->pump, packet, len);
}

void jvpn_server_on_packet(void *user, struct jvpn_live *live, uint8_t *packet, size_t len)
{
	struct jvpn_worker *worker = user;
	struct jvpn_forward_packet p = {.data = packet,
					.len = len,
					.now_ns = worker->engine.driver->now_ns,
					.assigned = live->addresses,
					.limit = &live->icmp};

	switch (jvpn_forward_uplink(&worker->uplink, &p)) {
	case JVPN_FORWARD_PASS:
		to_tun(worker, p.data, p.len);
		break;
	case JVPN_FORWARD_REPLY:
		jvpn_live_send(live, worker->uplink.reply, worker->uplink.reply_len);
		break;
	case JVPN_FORWARD_NONE:
	case JVPN_FORWARD_FRAGMENT:
	case JVPN_FORWARD_DROP:
	case JVPN_FORWARD_VERDICT_COUNT:
		break;
	}
}

static void send_down(struct jvpn_worker *worker, struct jvpn_live *live,
		      struct jvpn_forward_packet *p)
{
	struct jvpn_forward *forward = &worker->downlink;
	enum jvpn_forward_verdict verdict;

	p->assigned = live->addresses;
	p->limit = &live->icmp;
	p->mtu = live->mtu;
	verdict = jvpn_forward_downlink(forward, p);
	if (verdict == JVPN_FORWARD_PASS)
		jvpn_pump_send(live, p);
	else if (verdict == JVPN_FORWARD_FRAGMENT)
		jvpn_pump_send_fragments(live, p);
	else if (verdict == JVPN_FORWARD_REPLY)
		to_tun(worker, forward->reply, forward->reply_len);
}

void jvpn_server_route_packet(void *user, struct jvpn_forward_packet *p)
{
	struct jvpn_worker *worker = user;
	struct jvpn_server *server = worker->server;
	struct jvpn_forward *forward = &worker->downlink;
	uint32_t owner = worker->id;
	struct jvpn_live *live;

	if (jvpn_forward_receive(forward, p) != JVPN_FORWARD_PASS)
		return;
	live = jvpn_lease_find(server->leases, p->view.version, jvpn_ippkt_dst(&p->view, p->data),
			       &owner);
	if (live)
		send_down(worker, live, p);
	else if (owner < server->worker_count && owner != worker->id)
		jvpn_worker_hand_packet(worker, &server->worker[owner], p);
	else if (jvpn_forward_refuse(forward, p) == JVPN_FORWARD_REPLY)
		to_tun(worker, forward->reply, forward->reply_len);
}

static void on_tun_readable(void *user, uint64_t now_ns)
{
	struct jvpn_worker *worker = user;
	struct jvpn_loop *loop = worker->engine.loop;

	if (jvpn_pump_read(worker->pump, now_ns) != JVPN_ECLOSED || worker->server->stopping)
		return;
	jvpn_loop_enable(loop, worker->tun_watch, false);
	if (worker->id != 0)
		return; /* the first one reads the same, and ends the process */
	jvpn_log_error(JVPN_LOG_TUN, "somebody has deleted the device %s: start again",
		       jvpn_tun_name(worker->tun));
	jvpn_loop_stop(loop, JVPN_EXIT_ENVIRONMENT);
}

void jvpn_server_gateway_flush(struct jvpn_worker *worker)
{
	jvpn_pump_flush(worker->pump);
}

/* ---- opening ---- */

static struct jvpn_connectip_route to_range(const struct jvpn_prefix *prefix)
{
	struct jvpn_connectip_route route = {.version = prefix->family};
	size_t octets = prefix->family == 4 ? 4 : 16;

	memcpy(route.start, prefix->address, octets);
	memcpy(route.end, prefix->address, octets);
	for (size_t bit = prefix->length; bit < octets * 8; bit++)
		route.end[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return route;
}

static bool is_inside_another(const struct jvpn_config_prefixes *prefixes, size_t i)
{
	const struct jvpn_prefix *p = &prefixes->item[i];

	for (size_t j = 0; j < prefixes->count; j++) {
		const struct jvpn_prefix *other = &prefixes->item[j];

		if (j != i && jvpn_prefix_contains(other, p->family, p->address) &&
		    (other->length < p->length || (other->length == p->length && j < i)))
			return true;
	}
	return false;
}

static bool comes_before(const struct jvpn_connectip_route *a, const struct jvpn_connectip_route *b)
{
	if (a->version != b->version)
		return a->version < b->version;
	return memcmp(a->start, b->start, sizeof(a->start)) < 0;
}

void jvpn_server_make_routes(const struct jvpn_config_prefixes *prefixes,
			     struct jvpn_connectip_routes *out)
{
	out->count = 0;
	for (size_t i = 0; i < prefixes->count; i++) {
		struct jvpn_connectip_route route = to_range(&prefixes->item[i]);
		size_t at = out->count;

		if (is_inside_another(prefixes, i) || at == JVPN_CONNECTIP_ROUTES_MAX)
			continue;
		for (; at > 0 && comes_before(&route, &out->route[at - 1]); at--)
			out->route[at] = out->route[at - 1];
		out->route[at] = route;
		out->count++;
	}
}

/* Any of its queues is the device. */
static const struct jvpn_tun *device(const struct jvpn_server *server)
{
	return server->worker[0].tun;
}

static int check_overlap(struct jvpn_server *server, const struct jvpn_lease_config *config,
			 char *error, size_t error_size)
{
	static struct jvpn_netcfg_networks networks;
	const struct jvpn_prefix *other;
	char text[JVPN_PREFIX_FORMAT_MAX];
	int rv = jvpn_netcfg_networks_list(server->netcfg, jvpn_tun_ifindex(device(server)),
					   &networks);

	if (rv && rv != JVPN_EFULL) {
		snprintf(error, error_size, "%s", jvpn_netcfg_error(server->netcfg));
		return rv;
	}
	other = jvpn_lease_overlap(config, networks.prefix, networks.count);
	if (!other)
		return 0;
	jvpn_prefix_format(other, text);
	snprintf(error, error_size,
		 "the address pool overlaps the local network %s: choose another pool.ipv4 or "
		 "pool.ipv6 in %s",
		 text, server->options->config_path);
	return JVPN_EEXISTS;
}

/* How many sessions there may be is the table's matter. Stored ones have addresses anywhere in the
 * prefix, also when there may be fewer sessions by now. */
static size_t lease_places(const struct jvpn_server *server)
{
	return server->capacity > GATEWAY_LEASES ? server->capacity : GATEWAY_LEASES;
}

static int open_pool(struct jvpn_server *server, char *error, size_t error_size)
{
	const struct jvpn_server_config *c = &server->options->config;
	struct jvpn_lease_config config = {
		.ipv4 = c->pool_ipv4, .ipv6 = c->pool_ipv6, .max_leases = lease_places(server)};
	int rv = check_overlap(server, &config, error, error_size);

	if (rv)
		return rv;
	rv = jvpn_lease_pool_new(&config, &server->leases);
	if (rv)
		snprintf(error, error_size, "address pool: %s", jvpn_err_text(rv));
	return rv;
}

static int add_addresses(struct jvpn_server *server, char *error, size_t error_size)
{
	static struct jvpn_netcfg_tunnel tunnel;
	struct jvpn_netcfg_warnings warnings = {0};
	const struct jvpn_server_config *c = &server->options->config;
	const uint8_t families[] = {4, 6};
	int rv;

	memset(&tunnel, 0, sizeof(tunnel));
	tunnel.ifindex = jvpn_tun_ifindex(device(server));
	tunnel.mtu = c->tun_mtu ? (uint32_t)c->tun_mtu : GATEWAY_DEFAULT_MTU;
	for (size_t i = 0; i < 2; i++) {
		struct jvpn_prefix *own = &tunnel.address[tunnel.address_count];

		jvpn_lease_pool_server(server->leases, families[i], own);
		if (own->family)
			tunnel.address_count++;
	}
	rv = jvpn_netcfg_apply(server->netcfg, &tunnel, &warnings);
	if (rv)
		snprintf(error, error_size, "%s", jvpn_netcfg_error(server->netcfg));
	jvpn_netcfg_check_server(c->pool_ipv4.family, c->pool_ipv6.family,
				 jvpn_tun_name(device(server)), &warnings);
	for (size_t i = 0; i < warnings.count; i++)
		jvpn_log_warn(JVPN_LOG_TUN, "%s", warnings.text[i]);
	return rv;
}

static void add_outer(struct jvpn_forward *forward, const struct sockaddr_storage *address)
{
	struct jvpn_forward_outer *outer = &forward->outer[forward->outer_count];

	if (forward->outer_count == JVPN_FORWARD_OUTER_MAX)
		return;
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		if (in->sin_addr.s_addr == INADDR_ANY)
			return;
		outer->family = 4;
		memcpy(outer->address, &in->sin_addr, 4);
		outer->port = ntohs(in->sin_port);
	} else {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

		if (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
			return;
		outer->family = 6;
		memcpy(outer->address, &in6->sin6_addr, 16);
		outer->port = ntohs(in6->sin6_port);
	}
	forward->outer_count++;
}

static void init_forward(const struct jvpn_server *server, struct jvpn_forward *forward)
{
	const struct jvpn_server_config *c = &server->options->config;

	jvpn_forward_init(forward);
	jvpn_lease_pool_server(server->leases, 4, &forward->own4);
	jvpn_lease_pool_server(server->leases, 6, &forward->own6);
	forward->pool4 = c->pool_ipv4;
	forward->pool6 = c->pool_ipv6;
	for (size_t i = 0; i < c->listen.count; i++)
		add_outer(forward, &c->listen.item[i]);
}

static int open_queue(struct jvpn_worker *worker, char *error, size_t error_size)
{
	const struct jvpn_server_config *c = &worker->server->options->config;
	struct jvpn_tun_config config = {.name = c->tun_name,
					 .offload = c->tun_offload,
					 .multi_queue = worker->server->worker_count > 1};
	int rv;

	if (worker->id != 0) /* the name may have been a pattern */
		config.name = jvpn_tun_name(device(worker->server));
	rv = jvpn_tun_open(&config, &worker->tun, error, error_size);
	return rv ? rv
		  : jvpn_pump_new(worker->tun, &worker->engine.driver->pool,
				  jvpn_server_route_packet, worker, &worker->pump);
}

static int open_device(struct jvpn_server *server, char *error, size_t error_size)
{
	struct jvpn_netcfg_config netcfg = {0};
	int rv = 0;

	for (size_t i = 0; i < server->worker_count && !rv; i++)
		rv = open_queue(&server->worker[i], error, error_size);
	return rv ? rv : jvpn_netcfg_new(&netcfg, &server->netcfg, error, error_size);
}

static int watch_queue(struct jvpn_worker *worker)
{
	init_forward(worker->server, &worker->uplink);
	init_forward(worker->server, &worker->downlink);
	return jvpn_loop_watch_readable(worker->engine.loop, jvpn_tun_fd(worker->tun),
					on_tun_readable, worker, &worker->tun_watch);
}

int jvpn_server_gateway_open(struct jvpn_server *server, char *error, size_t error_size)
{
	int rv = open_device(server, error, error_size);

	if (!rv)
		rv = open_pool(server, error, error_size);
	if (!rv)
		rv = add_addresses(server, error, error_size);
	if (rv)
		return rv;
	for (size_t i = 0; i < server->worker_count && !rv; i++)
		rv = watch_queue(&server->worker[i]);
	if (rv)
		snprintf(error, error_size, "%s", jvpn_err_text(rv));
	return rv;
}

static void close_queue(struct jvpn_worker *worker)
{
	if (worker->engine.loop)
		jvpn_loop_unwatch(worker->engine.loop, worker->tun_watch);
	jvpn_pump_free(worker->pump);
	worker->pump = NULL;
	jvpn_tun_free(worker->tun);
	worker->tun = NULL;
}

void jvpn_server_gateway_close(struct jvpn_server *server)
{
	if (server->netcfg && jvpn_netcfg_restore(server->netcfg))
		jvpn_log_error(JVPN_LOG_TUN, "%s", jvpn_netcfg_error(server->netcfg));
	jvpn_netcfg_free(server->netcfg);
	server->netcfg = NULL;
	for (size_t i = 0; i < server->worker_count; i++)
		close_queue(&server->worker[i]);
	jvpn_lease_pool_free(server->leases);
	server->leases = NULL;
}
