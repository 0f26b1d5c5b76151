/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * netcfg's requests to the kernel: addresses, routes, rules, links, and questions about them. No
 * journal here.
 */
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "tun/netcfg_internal.h"

#define TABLE_BYTE_MAX 255u

static uint8_t address_family(uint8_t family)
{
	return family == 4 ? AF_INET : AF_INET6;
}

static size_t address_bytes(uint8_t family)
{
	return jvpn_prefix_bits(family) / 8u;
}

static uint32_t table_or_main(uint32_t table)
{
	return table != 0 ? table : RT_TABLE_MAIN;
}

void jvpn_netcfg_kernel_error(struct jvpn_netcfg *netcfg, const char *operation, const char *what,
			      int err)
{
	const char *words = jvpn_netlink_text(netcfg->netlink);

	snprintf(netcfg->error, sizeof(netcfg->error), "cannot %s %s: %s%s", operation, what,
		 words[0] != '\0' ? words : jvpn_err_text(err),
		 err == JVPN_EPERM ? " (CAP_NET_ADMIN is needed)" : "");
}

static uint16_t change_flags(bool add)
{
	return add ? NLM_F_CREATE | NLM_F_EXCL : 0;
}

static void build_address(struct jvpn_netlink_request *request,
			  const struct jvpn_netcfg_address *address, bool add)
{
	const struct jvpn_prefix *prefix = &address->prefix;
	size_t bytes = address_bytes(prefix->family);
	struct ifaddrmsg body = {.ifa_family = address_family(prefix->family),
				 .ifa_prefixlen = prefix->length,
				 .ifa_index = address->ifindex};

	jvpn_netlink_request_init(request, add ? RTM_NEWADDR : RTM_DELADDR, change_flags(add),
				  &body, sizeof(body));
	jvpn_netlink_put(request, IFA_LOCAL, prefix->address, bytes);
	jvpn_netlink_put(request, IFA_ADDRESS, prefix->address, bytes);
	/* Nobody else can have the address inside the tunnel, and it must be usable at once. */
	if (add && prefix->family == 6)
		jvpn_netlink_put_u32(request, IFA_FLAGS, IFA_F_NODAD);
}

static uint8_t route_kernel_type(enum jvpn_netcfg_route_type type)
{
	switch (type) {
	case JVPN_NETCFG_ROUTE_UNREACHABLE:
		return RTN_UNREACHABLE;
	case JVPN_NETCFG_ROUTE_PROHIBIT:
		return RTN_PROHIBIT;
	case JVPN_NETCFG_ROUTE_THROW:
		return RTN_THROW;
	case JVPN_NETCFG_ROUTE_UNICAST:
		break;
	}
	return RTN_UNICAST;
}

static bool has_gateway(const struct jvpn_netcfg_route *route)
{
	static const uint8_t zero[16];

	return memcmp(route->via, zero, address_bytes(route->prefix.family)) != 0;
}

static void build_route(struct jvpn_netlink_request *request, const struct jvpn_netcfg_route *route,
			bool add)
{
	size_t bytes = address_bytes(route->prefix.family);
	uint32_t table = table_or_main(route->table);
	bool via = has_gateway(route), unicast = route->type == JVPN_NETCFG_ROUTE_UNICAST;
	struct rtmsg body = {
		.rtm_family = address_family(route->prefix.family),
		.rtm_dst_len = route->prefix.length,
		.rtm_table = (uint8_t)(table <= TABLE_BYTE_MAX ? table : RT_TABLE_UNSPEC),
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = unicast && !via ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = route_kernel_type(route->type),
	};

	jvpn_netlink_request_init(request, add ? RTM_NEWROUTE : RTM_DELROUTE, change_flags(add),
				  &body, sizeof(body));
	jvpn_netlink_put(request, RTA_DST, route->prefix.address, bytes);
	jvpn_netlink_put_u32(request, RTA_TABLE, table);
	if (unicast)
		jvpn_netlink_put_u32(request, RTA_OIF, route->ifindex);
	if (via)
		jvpn_netlink_put(request, RTA_GATEWAY, route->via, bytes);
	if (route->metric != 0)
		jvpn_netlink_put_u32(request, RTA_PRIORITY, route->metric);
}

static void build_rule(struct jvpn_netlink_request *request, const struct jvpn_netcfg_rule *rule,
		       bool add)
{
	uint32_t table = table_or_main(rule->table);
	struct fib_rule_hdr body = {
		.family = address_family(rule->family),
		.table = (uint8_t)(table <= TABLE_BYTE_MAX ? table : RT_TABLE_UNSPEC),
		.action = FR_ACT_TO_TBL,
		.flags = rule->not_fwmark ? FIB_RULE_INVERT : 0,
	};

	jvpn_netlink_request_init(request, add ? RTM_NEWRULE : RTM_DELRULE, change_flags(add),
				  &body, sizeof(body));
	jvpn_netlink_put_u32(request, FRA_PRIORITY, rule->priority);
	jvpn_netlink_put_u32(request, FRA_TABLE, table);
	if (rule->fwmark != 0) {
		jvpn_netlink_put_u32(request, FRA_FWMARK, rule->fwmark);
		jvpn_netlink_put_u32(request, FRA_FWMASK, UINT32_MAX);
	}
	if (rule->suppress_default)
		jvpn_netlink_put_u32(request, FRA_SUPPRESS_PREFIXLEN, 0);
}

int jvpn_netcfg_kernel_change(struct jvpn_netcfg *netcfg, const struct jvpn_journal_item *item,
			      bool add)
{
	struct jvpn_netlink_request request;
	char what[JVPN_JOURNAL_LINE_MAX];
	int err;

	switch (item->kind) {
	case JVPN_JOURNAL_ADDRESS:
		build_address(&request, &item->u.address, add);
		break;
	case JVPN_JOURNAL_ROUTE:
		build_route(&request, &item->u.route, add);
		break;
	case JVPN_JOURNAL_RULE:
		build_rule(&request, &item->u.rule, add);
		break;
	case JVPN_JOURNAL_NONE:
	case JVPN_JOURNAL_COUNT:
		return JVPN_EINVAL;
	}
	err = jvpn_netlink_call(netcfg->netlink, &request, JVPN_NETCFG_TIMEOUT_MS, NULL, NULL);
	if (err != 0 && jvpn_journal_item_encode(item, what, sizeof(what)) == 0)
		jvpn_netcfg_kernel_error(netcfg, add ? "add" : "remove", what, err);
	return err;
}

/* Without it the kernel makes up a link-local address and sends router solicitations into the
 * tunnel. A kernel without the attribute keeps them: they are dropped as not forwardable. */
static void stop_link_local(struct jvpn_netcfg *netcfg, unsigned ifindex)
{
	struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
	struct jvpn_netlink_request request;
	uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
	size_t families, family;

	jvpn_netlink_request_init(&request, RTM_NEWLINK, 0, &body, sizeof(body));
	families = jvpn_netlink_nest_begin(&request, IFLA_AF_SPEC);
	family = jvpn_netlink_nest_begin(&request, AF_INET6);
	jvpn_netlink_put(&request, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	jvpn_netlink_nest_end(&request, family);
	jvpn_netlink_nest_end(&request, families);
	(void)jvpn_netlink_call(netcfg->netlink, &request, JVPN_NETCFG_TIMEOUT_MS, NULL, NULL);
}

int jvpn_netcfg_link_up(struct jvpn_netcfg *netcfg, unsigned ifindex, uint32_t mtu)
{
	struct ifinfomsg body = {.ifi_family = AF_UNSPEC,
				 .ifi_index = (int)ifindex,
				 .ifi_flags = IFF_UP,
				 .ifi_change = IFF_UP};
	struct jvpn_netlink_request request;
	char what[64];
	int err;

	if (ifindex == 0)
		return JVPN_EINVAL;
	stop_link_local(netcfg, ifindex);
	jvpn_netlink_request_init(&request, RTM_NEWLINK, 0, &body, sizeof(body));
	if (mtu != 0)
		jvpn_netlink_put_u32(&request, IFLA_MTU, mtu);
	err = jvpn_netlink_call(netcfg->netlink, &request, JVPN_NETCFG_TIMEOUT_MS, NULL, NULL);
	if (err != 0) {
		snprintf(what, sizeof(what), "device %u (MTU %u)", ifindex, mtu);
		jvpn_netcfg_kernel_error(netcfg, "bring up", what, err);
	}
	return err;
}

struct networks_walk {
	struct jvpn_netcfg_networks *out;
	unsigned exclude_ifindex;
	bool full;
};

static bool is_loopback(uint8_t family, const uint8_t *address)
{
	static const struct jvpn_prefix loopback4 = {4, 8, {127}};
	static const struct jvpn_prefix loopback6 = {
		6, 128, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

	return jvpn_prefix_contains(family == 4 ? &loopback4 : &loopback6, family, address);
}

static void take_network(void *user, const struct nlmsghdr *message)
{
	struct networks_walk *walk = user;
	const struct nlattr *address;
	struct jvpn_prefix prefix;
	struct ifaddrmsg body;
	uint8_t family;

	if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return;
	memcpy(&body, NLMSG_DATA(message), sizeof(body));
	if (body.ifa_family != AF_INET && body.ifa_family != AF_INET6)
		return;
	family = body.ifa_family == AF_INET ? 4 : 6;
	/* IFA_ADDRESS is the peer's on a point-to-point link: that is the network we are on. */
	address = jvpn_netlink_find(message, sizeof(body), IFA_ADDRESS, address_bytes(family));
	if (address == NULL || body.ifa_index == walk->exclude_ifindex ||
	    is_loopback(family, jvpn_netlink_data(address)) ||
	    jvpn_prefix_set(&prefix, family, jvpn_netlink_data(address), body.ifa_prefixlen) != 0)
		return;
	if (walk->out->count == JVPN_NETCFG_NETWORKS_MAX) {
		walk->full = true;
		return;
	}
	jvpn_prefix_mask(&prefix);
	walk->out->prefix[walk->out->count] = prefix;
	walk->out->ifindex[walk->out->count] = body.ifa_index;
	walk->out->count++;
}

int jvpn_netcfg_networks_list(struct jvpn_netcfg *netcfg, unsigned exclude_ifindex,
			      struct jvpn_netcfg_networks *out)
{
	struct networks_walk walk = {.out = out, .exclude_ifindex = exclude_ifindex};
	struct ifaddrmsg body = {.ifa_family = AF_UNSPEC};
	struct jvpn_netlink_request request;
	int err;

	out->count = 0;
	jvpn_netlink_request_init(&request, RTM_GETADDR, NLM_F_DUMP, &body, sizeof(body));
	err = jvpn_netlink_call(netcfg->netlink, &request, JVPN_NETCFG_TIMEOUT_MS, take_network,
				&walk);
	if (err != 0)
		jvpn_netcfg_kernel_error(netcfg, "list", "addresses", err);
	return err == 0 && walk.full ? JVPN_EFULL : err;
}

struct way_walk {
	struct jvpn_netcfg_way *out;
	size_t bytes;
	bool found;
};

static void take_way(void *user, const struct nlmsghdr *message)
{
	struct way_walk *walk = user;
	const struct nlattr *attribute;
	struct rtmsg body;

	if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return;
	memcpy(&body, NLMSG_DATA(message), sizeof(body));
	if (body.rtm_type != RTN_UNICAST && body.rtm_type != RTN_LOCAL)
		return;
	walk->found = true;
	walk->out->table = body.rtm_table;
	attribute = jvpn_netlink_find(message, sizeof(body), RTA_TABLE, sizeof(uint32_t));
	if (attribute != NULL)
		memcpy(&walk->out->table, jvpn_netlink_data(attribute), sizeof(uint32_t));
	attribute = jvpn_netlink_find(message, sizeof(body), RTA_OIF, sizeof(uint32_t));
	if (attribute != NULL)
		memcpy(&walk->out->ifindex, jvpn_netlink_data(attribute), sizeof(uint32_t));
	attribute = jvpn_netlink_find(message, sizeof(body), RTA_PREFSRC, walk->bytes);
	walk->out->has_source = attribute != NULL;
	if (attribute != NULL)
		memcpy(walk->out->source, jvpn_netlink_data(attribute), walk->bytes);
	attribute = jvpn_netlink_find(message, sizeof(body), RTA_GATEWAY, walk->bytes);
	walk->out->has_gateway = attribute != NULL;
	if (attribute != NULL)
		memcpy(walk->out->gateway, jvpn_netlink_data(attribute), walk->bytes);
}

int jvpn_netcfg_route_get(struct jvpn_netcfg *netcfg, const struct jvpn_prefix *destination,
			  uint32_t fwmark, struct jvpn_netcfg_way *out)
{
	size_t bytes = address_bytes(destination->family);
	struct way_walk walk = {.out = out, .bytes = bytes};
	struct rtmsg body = {.rtm_family = address_family(destination->family),
			     .rtm_dst_len = jvpn_prefix_bits(destination->family),
			     .rtm_flags = RTM_F_LOOKUP_TABLE};
	char what[JVPN_PREFIX_FORMAT_MAX];
	struct jvpn_netlink_request request;
	int err;

	if (bytes == 0)
		return JVPN_EINVAL;
	memset(out, 0, sizeof(*out));
	jvpn_netlink_request_init(&request, RTM_GETROUTE, 0, &body, sizeof(body));
	jvpn_netlink_put(&request, RTA_DST, destination->address, bytes);
	if (fwmark != 0)
		jvpn_netlink_put_u32(&request, RTA_MARK, fwmark);
	err = jvpn_netlink_call(netcfg->netlink, &request, JVPN_NETCFG_TIMEOUT_MS, take_way, &walk);
	/* EACCES, EINVAL and EHOSTUNREACH are what prohibit, blackhole, unreachable look like. */
	if (err == JVPN_ETIMEOUT || (err == 0 && walk.found))
		return err;
	jvpn_prefix_format(destination, what);
	jvpn_netcfg_kernel_error(netcfg, "find a route to", what, JVPN_ENOTFOUND);
	return JVPN_ENOTFOUND;
}
