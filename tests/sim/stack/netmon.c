/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Takes the place of client/netmon_linux.c: the client's links as the world has them; every one that
 * is up leads to the server. For tests only.
 */
#include "client/netmon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stack.h"

#define FD_FIRST 300000

struct jvpn_netmon {
	struct stack_node *node;
	jvpn_netmon_fn fn;
	void *user;
	struct jvpn_netmon_link link[STACK_LINKS];
};

static struct jvpn_netmon_link look(const struct stack_node *node, size_t l)
{
	struct jvpn_netmon_link link = {.ifindex = (int)l + 1, .usable = node->link[l].up};
	uint32_t address = stack_link_address(node, l);

	snprintf(link.name, sizeof(link.name), "link%u", (unsigned)l);
	link.has4 = link.usable;
	for (int i = 0; i < 4 && link.has4; i++)
		link.addr4[i] = (uint8_t)(address >> (24 - 8 * i));
	return link;
}

static bool differs(const struct jvpn_netmon_link *a, const struct jvpn_netmon_link *b)
{
	return a->usable != b->usable || memcmp(a->addr4, b->addr4, sizeof(a->addr4)) != 0;
}

bool stack_netmon_readable(int fd)
{
	size_t n = (size_t)fd - FD_FIRST;
	const struct jvpn_netmon *m = n < stack.nodes ? stack.node[n].netmon : NULL;

	for (size_t l = 0; m && l < m->node->links; l++) {
		struct jvpn_netmon_link now = look(m->node, l);

		if (differs(&m->link[l], &now))
			return true;
	}
	return false;
}

int jvpn_netmon_open(const char *tun_name, jvpn_netmon_fn fn, void *user, struct jvpn_netmon **out,
		     char *error, size_t error_size)
{
	struct jvpn_netmon *m = calloc(1, sizeof(*m));

	(void)tun_name, (void)error, (void)error_size;
	if (!m)
		return JVPN_ENOMEM;
	m->node = stack.current;
	m->fn = fn;
	m->user = user;
	for (size_t l = 0; l < m->node->links; l++)
		m->link[l] = look(m->node, l);
	m->node->netmon = m;
	*out = m;
	return 0;
}

void jvpn_netmon_close(struct jvpn_netmon *netmon)
{
	if (!netmon)
		return;
	netmon->node->netmon = NULL;
	free(netmon);
}

int jvpn_netmon_fd(const struct jvpn_netmon *netmon)
{
	return FD_FIRST + netmon->node->index;
}

void jvpn_netmon_read(struct jvpn_netmon *netmon, uint64_t now_ns)
{
	for (size_t l = 0; l < netmon->node->links; l++) {
		struct jvpn_netmon_link now = look(netmon->node, l);
		enum jvpn_netmon_change change = JVPN_NETMON_ADDRESS;

		if (!differs(&netmon->link[l], &now))
			continue;
		if (now.usable != netmon->link[l].usable)
			change = now.usable ? JVPN_NETMON_LINK_UP : JVPN_NETMON_LINK_DOWN;
		now.changed_ns = now_ns;
		netmon->link[l] = now;
		netmon->fn(netmon->user, change, &now);
	}
}

uint64_t jvpn_netmon_next_deadline(const struct jvpn_netmon *netmon)
{
	(void)netmon;
	return JVPN_TIME_NEVER;
}

void jvpn_netmon_poll(struct jvpn_netmon *netmon, uint64_t now_ns)
{
	(void)netmon, (void)now_ns;
}

size_t jvpn_netmon_links(const struct jvpn_netmon *netmon, const struct jvpn_netmon_link **out)
{
	*out = netmon->link;
	return netmon->node->links;
}

const struct jvpn_netmon_link *jvpn_netmon_find(const struct jvpn_netmon *netmon, const char *name)
{
	for (size_t l = 0; l < netmon->node->links; l++)
		if (!strcmp(netmon->link[l].name, name))
			return &netmon->link[l];
	return NULL;
}

bool jvpn_netmon_has_route(const struct jvpn_netmon *netmon, const struct jvpn_netmon_link *link,
			   const struct sockaddr *remote, uint32_t fwmark)
{
	(void)fwmark;
	return remote->sa_family == AF_INET && netmon->node->link[link->ifindex - 1].up;
}
