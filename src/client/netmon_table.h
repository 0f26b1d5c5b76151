/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What rtnetlink messages add up to: links and their addresses, and what changed since it was last
 * said. Pure: no sockets, no clock.
 */
#ifndef JVPN_CLIENT_NETMON_TABLE_H
#define JVPN_CLIENT_NETMON_TABLE_H

#include <linux/netlink.h>

#include "client/netmon.h"

#define JVPN_NETMON_ADDRESSES_MAX 1024

/* What the kernel said of a link, beside what we have told. */
struct jvpn_netmon_raw {
	uint32_t flags; /* IFF_* */
	uint8_t operstate, link_mode;
	bool gone, dirty;
	bool told_up; /* LINK_UP was the last word */
	uint32_t generation;
};

struct jvpn_netmon_address {
	int ifindex;
	uint32_t flags; /* IFA_F_* */
	uint32_t generation;
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t prefix_len;
	uint8_t address[16];
};

/* Owner: netmon. Zeroed but for tun_name. */
struct jvpn_netmon_table {
	char tun_name[JVPN_NETMON_NAME_BYTES];
	size_t link_count, address_count;
	uint32_t generation;
	bool overflow;                                       /* a link or an address did not fit */
	bool has_route;                                      /* routes changed; see route_ifindex */
	int route_ifindex;                                   /* 0: several, or none in particular */
	struct jvpn_netmon_link link[JVPN_NETMON_LINKS_MAX]; /* as last told */
	struct jvpn_netmon_raw raw[JVPN_NETMON_LINKS_MAX];
	struct jvpn_netmon_address address[JVPN_NETMON_ADDRESSES_MAX]; /* oldest first */
};

/* Takes in one message of at most message->nlmsg_len octets; what is not about links, addresses and
 * routes, or malformed, changes nothing. */
void jvpn_netmon_table_apply(struct jvpn_netmon_table *table, const struct nlmsghdr *message);
/* The messages of one recvmsg(); stops at the first that does not fit. 'each' is called after each of
 * them, and may be NULL. */
void jvpn_netmon_table_apply_all(struct jvpn_netmon_table *table, const uint8_t *data, size_t len,
				 void (*each)(void *user), void *user);
/* What is applied between these two is everything there is: the rest is gone. */
void jvpn_netmon_table_dump_begin(struct jvpn_netmon_table *table);
void jvpn_netmon_table_dump_end(struct jvpn_netmon_table *table);
/* One change of a link that was not told yet, with a copy of the link; false when there is none. */
bool jvpn_netmon_table_next(struct jvpn_netmon_table *table, uint64_t now_ns,
			    enum jvpn_netmon_change *change, struct jvpn_netmon_link *link);
/* The same for JVPN_NETMON_ROUTE: however many routes changed, it is one change. */
bool jvpn_netmon_table_next_route(struct jvpn_netmon_table *table, struct jvpn_netmon_link *link);

#endif
