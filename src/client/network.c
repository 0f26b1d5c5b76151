/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From the interfaces of the machine to links that candidates may use, and from their changes to
 * dial.c. Opens no connection.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "client/client.h"
#include "tun/tun.h"

static void on_change(void *user, enum jvpn_netmon_change change,
		      const struct jvpn_netmon_link *link)
{
	static const char *const words[] = {[JVPN_NETMON_LINK_DOWN] = "is down",
					    [JVPN_NETMON_LINK_UP] = "is up",
					    [JVPN_NETMON_ADDRESS] = "has another address"};
	struct jvpn_client *client = user;

	client->dial.outdated = true;
	switch (change) {
	case JVPN_NETMON_RESUME:
		client->dial.resumed = true;
		jvpn_log_info(JVPN_LOG_MAIN, "the machine has slept");
		break;
	case JVPN_NETMON_LINK_DOWN:
	case JVPN_NETMON_LINK_UP:
	case JVPN_NETMON_ADDRESS:
		jvpn_log_debug(JVPN_LOG_MAIN, "%s %s", link->name, words[change]);
		break;
	case JVPN_NETMON_ROUTE:
		break;
	}
}

static void on_readable(void *user, uint64_t now_ns)
{
	jvpn_netmon_read(((struct jvpn_client *)user)->netmon, now_ns);
}

int jvpn_network_open(struct jvpn_client *client, char *error, size_t error_size)
{
	int rv = jvpn_netmon_open(jvpn_tun_name(client->tun), on_change, client, &client->netmon,
				  error, error_size);

	if (rv)
		return rv;
	return jvpn_loop_watch_readable(client->engine.loop, jvpn_netmon_fd(client->netmon),
					on_readable, client, &client->netmon_watch);
}

void jvpn_network_close(struct jvpn_client *client)
{
	jvpn_loop_unwatch(client->engine.loop, client->netmon_watch);
	if (client->netmon)
		jvpn_netmon_close(client->netmon);
}

static bool is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
}

bool jvpn_network_has_route(void *user, const struct jvpn_candidate_link *link,
			    const struct sockaddr_storage *address)
{
	const struct jvpn_client *client = user;
	const struct jvpn_netmon_link *l;

	/* A server on this machine is reached over no device. */
	if (!link->name[0] || is_loopback(address))
		return !link->name[0] && is_loopback(address);
	l = jvpn_netmon_find(client->netmon, link->name);
	return l && jvpn_netmon_has_route(client->netmon, l, (const struct sockaddr *)address,
					  client->fwmark);
}

static bool is_listed(const struct jvpn_config_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->item[i], name) == 0)
			return true;
	return !names->count;
}

static void fill_link(const struct jvpn_netmon_link *from, struct jvpn_candidate_link *out)
{
	*out = (struct jvpn_candidate_link){.ifindex = from->ifindex,
					    .has4 = from->has4,
					    .has6 = from->has6,
					    .leaving4 = from->leaving4,
					    .leaving6 = from->leaving6};
	_Static_assert(sizeof(out->name) == sizeof(from->name), "names of one length");
	memcpy(out->name, from->name, sizeof(out->name));
	memcpy(out->addr4, from->addr4, sizeof(out->addr4));
	memcpy(out->addr6, from->addr6, sizeof(out->addr6));
}

/* In the order of the configuration; auto: the kernel's. */
static size_t rank_of(const struct jvpn_config_names *names, const char *name)
{
	size_t i = 0;

	while (i < names->count && strcmp(names->item[i], name) != 0)
		i++;
	return i;
}

static void insert(struct jvpn_candidate_link *v, size_t n, const struct jvpn_candidate_link *link,
		   const struct jvpn_config_names *names)
{
	for (; n > 0 && rank_of(names, v[n - 1].name) > rank_of(names, link->name); n--)
		v[n] = v[n - 1];
	v[n] = *link;
}

size_t jvpn_network_links(const struct jvpn_client *client, struct jvpn_candidate_link *v,
			  size_t max)
{
	const struct jvpn_config_names *names = &client->options->config.interfaces;
	const struct jvpn_netmon_link *all;
	size_t count = jvpn_netmon_links(client->netmon, &all), n = 0;
	struct jvpn_candidate_link link = {.has4 = true, .has6 = true};

	if (!names->count && max)
		v[n++] = link;
	for (size_t i = 0; i < count && n < max; i++) {
		if (!all[i].usable || !(all[i].has4 || all[i].has6) ||
		    !is_listed(names, all[i].name))
			continue;
		fill_link(&all[i], &link);
		insert(v, n++, &link, names);
	}
	return n;
}
