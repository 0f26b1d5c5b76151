/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's end of the tunnel in the kernel: TUN, addresses, routes, and the packets between them
 * and the session. Restores everything; decides nothing about sessions.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "proto/capsule.h"
#include "runtime/pump.h"
#include "tun/tun.h"

#define TUNNEL_PATH_MAX 256
/* Of the rule for the main table, which every system has. */
#define PRIORITY_MAIN 32766

/* ---- packets ---- */

static void to_tun(const struct jvpn_client *client, const uint8_t *packet, size_t len)
{
	jvpn_pump_write(client->pump, packet, len);
}

void jvpn_tunnel_on_packet(void *user, struct jvpn_live *live, uint8_t *packet, size_t len)
{
	struct jvpn_client *client = user;
	struct jvpn_forward_packet p = {.data = packet,
					.len = len,
					.now_ns = client->engine.driver->now_ns,
					.assigned = live->addresses};

	if (jvpn_forward_client_downlink(&client->downlink, &p) == JVPN_FORWARD_PASS)
		to_tun(client, p.data, p.len);
}

static void take_from_tun(void *user, struct jvpn_forward_packet *p)
{
	struct jvpn_client *client = user;
	struct jvpn_live *live = client->live;

	if (!live)
		return;
	p->routes = client->has_routes ? &client->routes : NULL;
	p->assigned = live->addresses;
	p->mtu = live->mtu;
	switch (jvpn_forward_client_uplink(&client->uplink, p)) {
	case JVPN_FORWARD_PASS:
		jvpn_pump_send(live, p);
		break;
	case JVPN_FORWARD_FRAGMENT:
		jvpn_pump_send_fragments(live, p);
		break;
	case JVPN_FORWARD_REPLY:
		to_tun(client, client->uplink.reply, client->uplink.reply_len);
		break;
	case JVPN_FORWARD_NONE:
	case JVPN_FORWARD_DROP:
	case JVPN_FORWARD_VERDICT_COUNT:
		break;
	}
}

static void on_tun_readable(void *user, uint64_t now_ns)
{
	struct jvpn_client *client = user;

	if (jvpn_pump_read(client->pump, now_ns) != JVPN_ECLOSED || client->stopping)
		return;
	jvpn_log_error(JVPN_LOG_TUN, "somebody has deleted the device %s: start again",
		       jvpn_tun_name(client->tun));
	jvpn_loop_enable(client->engine.loop, client->tun_watch, false);
	jvpn_client_stop(client, JVPN_EXIT_ENVIRONMENT);
}

/* ---- configuration from the server ---- */

static void take_addresses(struct jvpn_client *client, struct jvpn_live *live,
			   struct jvpn_reader *r)
{
	struct jvpn_connectip_addresses addresses;

	if (jvpn_connectip_assign_decode(r, &addresses)) {
		jvpn_log_warn(JVPN_LOG_TUN,
			      "malformed ADDRESS_ASSIGN ignored: tell the server's operator");
		return;
	}
	/* Inner addresses never change inside a session (I2). */
	if (client->has_addresses)
		return;
	if (jvpn_live_set_addresses(live, &addresses))
		return;
	client->has_addresses = addresses.count > 0;
}

static bool is_advertised(const struct jvpn_client *client, const struct jvpn_prefix *prefix)
{
	struct jvpn_prefix last = *prefix;

	for (size_t bit = prefix->length; bit < jvpn_prefix_bits(prefix->family); bit++)
		last.address[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return jvpn_connectip_routes_allow(&client->routes, prefix->family, prefix->address,
					   IPPROTO_TCP) &&
	       jvpn_connectip_routes_allow(&client->routes, prefix->family, last.address,
					   IPPROTO_TCP);
}

/* Packets to them would be answered as unreachable. */
static void warn_routes(const struct jvpn_client *client)
{
	const struct jvpn_config_prefixes *routes = &client->options->config.routes;
	char text[JVPN_PREFIX_FORMAT_MAX];

	for (size_t i = 0; i < routes->count; i++) {
		if (is_advertised(client, &routes->item[i]))
			continue;
		jvpn_prefix_format(&routes->item[i], text);
		jvpn_log_warn(JVPN_LOG_TUN,
			      "the server does not offer all of the route %s: what it does not is "
			      "unreachable (see \"routes\" in its configuration and in ours)",
			      text);
	}
}

static void take_routes(struct jvpn_client *client, struct jvpn_reader *r)
{
	if (jvpn_connectip_routes_decode(r, &client->routes)) {
		jvpn_log_warn(JVPN_LOG_TUN,
			      "malformed ROUTE_ADVERTISEMENT ignored: tell the server's operator");
		return;
	}
	client->has_routes = true;
	if (!client->route_news++)
		warn_routes(client);
}

void jvpn_tunnel_on_capsule(void *user, struct jvpn_transport *transport, uint64_t type,
			    const uint8_t *data, size_t len)
{
	struct jvpn_client *client = user;
	struct jvpn_reader r;

	if (!transport->live)
		return;
	jvpn_reader_init(&r, data, len);
	if (type == JVPN_CAPSULE_ADDRESS_ASSIGN)
		take_addresses(client, transport->live, &r);
	else if (type == JVPN_CAPSULE_ROUTE_ADVERTISEMENT)
		take_routes(client, &r);
	else if (type == JVPN_CAPSULE_DNS_ASSIGN)
		jvpn_resolver_take(client, &r);
	client->tunnel_due = true;
}

static uint32_t wanted_mtu(const struct jvpn_client *client, bool ipv6)
{
	size_t mtu = client->live->mtu;

	if (client->options->config.tun_mtu && client->options->config.tun_mtu < mtu)
		mtu = client->options->config.tun_mtu;
	/* Below this the kernel takes IPv6 off the device; too-big errors do the rest. */
	if (ipv6 && mtu < JVPN_IPV6_MTU_MIN)
		mtu = JVPN_IPV6_MTU_MIN;
	return (uint32_t)mtu;
}

static bool has_version(const struct jvpn_live *live, uint8_t version)
{
	for (size_t i = 0; i < live->addresses->count; i++)
		if (live->addresses->address[i].version == version)
			return true;
	return false;
}

void jvpn_tunnel_on_mtu(void *user, struct jvpn_live *live)
{
	struct jvpn_client *client = user;

	if (client->live == live && client->is_up && live->mtu && !client->is_lent)
		(void)jvpn_tun_set_mtu(client->tun, wanted_mtu(client, has_version(live, 6)));
}

static void want_addresses(struct jvpn_client *client)
{
	struct jvpn_netcfg_tunnel *w = &client->wanted;
	const struct jvpn_connectip_addresses *a = client->live->addresses;

	w->address_count = 0;
	for (size_t i = 0; i < a->count && i < JVPN_NETCFG_ADDRESSES_MAX; i++)
		if (!jvpn_prefix_set(&w->address[w->address_count], a->address[i].version,
				     a->address[i].address, a->address[i].prefix_len))
			w->address_count++;
}

/* The server chooses these hosts: only where somebody asks them, where it takes their packets, and where the
 * configuration does not say otherwise. */
static bool is_dns_routed(const struct jvpn_client *client,
			  const struct jvpn_dnsassign_server *server)
{
	const struct jvpn_config_prefixes *excluded = &client->options->config.routes_exclude;

	for (size_t i = 0; i < excluded->count; i++)
		if (jvpn_prefix_contains(&excluded->item[i], server->version, server->address))
			return false;
	return jvpn_connectip_routes_allow(&client->routes, server->version, server->address,
					   IPPROTO_UDP);
}

/* The DNS servers of the tunnel are asked in the tunnel, whatever else goes there. */
static void want_dns_routes(const struct jvpn_client *client, struct jvpn_netcfg_tunnel *w)
{
	const struct jvpn_dnsassign *dns = &client->resolver.wanted;

	for (size_t i = 0; i < dns->server_count && w->route_count < JVPN_NETCFG_ROUTES_MAX; i++)
		if (is_dns_routed(client, &dns->server[i]) &&
		    !jvpn_prefix_set(&w->route[w->route_count], dns->server[i].version,
				     dns->server[i].address,
				     dns->server[i].version == 4 ? 32 : 128))
			w->route_count++;
}

static void say_dns_routes(const struct jvpn_client *client)
{
	static struct jvpn_netcfg_tunnel dns;
	char text[JVPN_PREFIX_FORMAT_MAX];

	dns.route_count = 0;
	if (client->options->config.routes.count && jvpn_resolver_is_used(client))
		want_dns_routes(client, &dns);
	for (size_t i = 0; i < dns.route_count; i++) {
		jvpn_prefix_format(&dns.route[i], text);
		jvpn_log_info(JVPN_LOG_TUN, "%s: %s besides, a DNS server of the tunnel",
			      jvpn_tun_name(client->tun), text);
	}
}

/* Configured prefixes, or the advertised ones; only of families we have an address of. */
static int want_routes(struct jvpn_client *client)
{
	struct jvpn_netcfg_tunnel *w = &client->wanted;
	const struct jvpn_client_config *c = &client->options->config;
	size_t kept = 0;
	int rv = 0;

	_Static_assert(JVPN_CONFIG_LIST_MAX <= JVPN_NETCFG_EXCLUDES_MAX, "all of them fit");
	w->route_count = 0;
	w->exclude_count = 0;
	if (c->table == JVPN_CONFIG_OFF)
		return 0;
	for (size_t i = 0; i < c->routes_exclude.count; i++)
		w->exclude[w->exclude_count++] = c->routes_exclude.item[i];
	if (c->routes.count) {
		for (size_t i = 0; i < c->routes.count; i++)
			w->route[w->route_count++] = c->routes.item[i];
	} else {
		rv = jvpn_netcfg_routes_from(&client->routes, w);
	}
	if (c->routes.count && jvpn_resolver_is_used(client))
		want_dns_routes(client, w);
	for (size_t i = 0; i < w->route_count; i++)
		if (has_version(client->live, w->route[i].family))
			w->route[kept++] = w->route[i];
	w->route_count = kept;
	return rv;
}

static void say_addresses(const struct jvpn_client *client)
{
	char text[JVPN_PREFIX_FORMAT_MAX];

	for (size_t i = 0; i < client->wanted.address_count; i++) {
		jvpn_prefix_format(&client->wanted.address[i], text);
		jvpn_log_info(JVPN_LOG_TUN, "%s: %s, %zu routes, MTU %u",
			      jvpn_tun_name(client->tun), text, client->wanted.route_count,
			      client->wanted.mtu);
	}
}

static void apply(struct jvpn_client *client)
{
	struct jvpn_netcfg_warnings warnings = {0};
	bool is_new;
	int rv =
		client->is_lent ? 0 : jvpn_netcfg_apply(client->netcfg, &client->wanted, &warnings);

	for (size_t i = 0; i < warnings.count; i++)
		jvpn_log_warn(JVPN_LOG_TUN, "%s", warnings.text[i]);
	if (rv) {
		jvpn_log_error(JVPN_LOG_TUN, "%s", jvpn_netcfg_error(client->netcfg));
		jvpn_client_stop(client,
				 rv == JVPN_EPERM ? JVPN_EXIT_PERMISSION : JVPN_EXIT_ENVIRONMENT);
		return;
	}
	is_new = !client->is_up || client->applied.address_count != client->wanted.address_count ||
		 memcmp(client->applied.address, client->wanted.address,
			sizeof(client->wanted.address)) != 0;
	client->is_up = true;
	client->applied = client->wanted;
	say_addresses(client);
	say_dns_routes(client);
	jvpn_resolver_apply(client);
	if (is_new)
		jvpn_hooks_on_up(client);
}

/* A client with a table of its own has rules of its own, so that several can run; they stand before the
 * main table's. */
static uint32_t priority_of(uint64_t table)
{
	return table < PRIORITY_MAIN - 1 && table > 1 ? (uint32_t)table
						      : JVPN_NETCFG_PRIORITY_DEFAULT;
}

void jvpn_tunnel_update(struct jvpn_client *client)
{
	const struct jvpn_client_config *c = &client->options->config;
	struct jvpn_netcfg_tunnel *w = &client->wanted;

	client->tunnel_due = false;
	if (!client->live || !client->has_addresses || !client->has_routes ||
	    client->live->core.state <= JVPN_STATE_BIRTH)
		return;
	w->ifindex = jvpn_tun_ifindex(client->tun);
	w->mtu = wanted_mtu(client, has_version(client->live, 6));
	w->table = (uint32_t)c->table;
	w->fwmark = client->fwmark;
	w->priority = priority_of(c->table);
	want_addresses(client);
	if (want_routes(client))
		jvpn_log_warn(JVPN_LOG_TUN,
			      "the server advertises too many routes; the first %u "
			      "are used",
			      (unsigned)JVPN_NETCFG_ROUTES_MAX);
	if (!client->is_up && !jvpn_hooks_may_up(client))
		return;
	/* Each move of the session comes by here; the kernel is asked only when something is new. */
	if (!client->is_up || memcmp(w, &client->applied, sizeof(*w)) != 0)
		apply(client);
	jvpn_resolver_apply(client);
}

/* ---- opening ---- */

/* With a session to resume what its last client left is taken over, else it is undone. */
static int open_netcfg(struct jvpn_client *client, bool take_over, char *error, size_t error_size)
{
	char path[TUNNEL_PATH_MAX];
	int rv;
	struct jvpn_netcfg_config config = {.journal_path = path,
					    .persistent = client->resume.enabled};

	if (take_over)
		config.take_over_ifindex = jvpn_tun_ifindex(client->tun);

	if (mkdir(JVPN_RUNSTATEDIR, 0755) && errno != EEXIST) {
		snprintf(
			error, error_size,
			"cannot make %s: %s; run as root, or have it made for the user of the client "
			"(systemd: RuntimeDirectory=)",
			JVPN_RUNSTATEDIR, strerror(errno));
		return JVPN_EPERM;
	}
	if (jvpn_netcfg_journal_path(JVPN_RUNSTATEDIR, jvpn_tun_name(client->tun), path,
				     sizeof(path))) {
		snprintf(error, error_size, "%s: no path for the journal", JVPN_RUNSTATEDIR);
		return JVPN_EIO;
	}
	rv = jvpn_netcfg_new(&config, &client->netcfg, error, error_size);
	if (rv)
		return rv;
	/* "NAME.INODE.net" and "NAME.INODE.dns" */
	memcpy(path + strlen(path) - 3, "dns", 3);
	return jvpn_resolver_open(client, jvpn_tun_name(client->tun), path, take_over, error,
				  error_size);
}

static void check_interfaces(const struct jvpn_client *client,
			     struct jvpn_netcfg_warnings *warnings)
{
	const struct jvpn_config_names *names = &client->options->config.interfaces;

	for (size_t i = 0; i < names->count; i++)
		jvpn_netcfg_check_client(names->item[i], true, warnings);
	if (!names->count)
		jvpn_netcfg_check_client("", true, warnings);
}

int jvpn_tunnel_sweep(struct jvpn_client *client, const char *name, char *error, size_t error_size)
{
	struct jvpn_tun_config config = {.name = name};
	int rv = jvpn_tun_open(&config, &client->tun, error, error_size);

	/* Undoes the journal. */
	if (!rv)
		rv = open_netcfg(client, false, error, error_size);
	/* What ran there is undone by programs that may need the device's name. */
	(void)jvpn_runner_finish(&client->runner, JVPN_CLIENT_JOBS_HOOKS, JVPN_TIME_NEVER);
	if (client->tun)
		(void)jvpn_tun_set_persistent(client->tun, false);
	jvpn_netcfg_free(client->netcfg);
	jvpn_tun_free(client->tun);
	client->netcfg = NULL;
	client->tun = NULL;
	return rv;
}

/* Without the right to, only a parent that keeps our packets out of its tunnel can help. */
static bool may_mark(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), mark = 1;
	bool may = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;

	if (fd >= 0)
		close(fd);
	return may;
}

int jvpn_tunnel_open(struct jvpn_client *client, char *error, size_t error_size)
{
	const struct jvpn_client_config *c = &client->options->config;
	struct jvpn_tun_config config = {
		.name = c->tun_name, .offload = c->tun_offload, .lent_fd = (int)c->tun_fd};
	struct jvpn_netcfg_warnings warnings = {0};
	const struct jvpn_saved *saved = client->resume.saved;
	int rv = 0;

	/* The configuration names another device since: nothing of the old one is ours to keep. */
	client->is_lent = c->tun_fd != 0;
	client->fwmark = client->is_lent && !may_mark() ? 0 : (uint32_t)c->fwmark;
	if (saved && !client->is_lent && strcmp(saved->tun_name, c->tun_name) != 0)
		rv = jvpn_tunnel_sweep(client, saved->tun_name, error, error_size);
	if (!rv)
		rv = jvpn_tun_open(&config, &client->tun, error, error_size);
	if (!rv)
		rv = jvpn_pump_new(client->tun, &client->engine.driver->pool, take_from_tun, client,
				   &client->pump);
	if (!rv && !client->is_lent)
		rv = open_netcfg(client, saved != NULL, error, error_size);
	if (rv)
		return rv;
	if (!client->is_lent)
		check_interfaces(client, &warnings);
	if (!saved && !client->is_lent)
		(void)jvpn_tun_set_persistent(client->tun, false);
	for (size_t i = 0; i < warnings.count; i++)
		jvpn_log_warn(JVPN_LOG_TUN, "%s", warnings.text[i]);
	jvpn_forward_init(&client->uplink);
	jvpn_forward_init(&client->downlink);
	return jvpn_loop_watch_readable(client->engine.loop, jvpn_tun_fd(client->tun),
					on_tun_readable, client, &client->tun_watch);
}

void jvpn_tunnel_close(struct jvpn_client *client)
{
	if (client->engine.loop)
		jvpn_loop_unwatch(client->engine.loop, client->tun_watch);
	if (!client->keep && client->netcfg && jvpn_netcfg_restore(client->netcfg))
		jvpn_log_error(JVPN_LOG_TUN, "%s", jvpn_netcfg_error(client->netcfg));
	if (!client->keep && client->tun && !client->is_lent)
		(void)jvpn_tun_set_persistent(client->tun, false);
	jvpn_netcfg_free(client->netcfg);
	jvpn_pump_free(client->pump);
	jvpn_tun_free(client->tun);
	client->netcfg = NULL;
	client->pump = NULL;
	client->tun = NULL;
}
