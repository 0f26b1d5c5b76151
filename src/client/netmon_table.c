/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Links and addresses out of rtnetlink messages. A message changes what is known; what must be told
 * is found by comparing that with what was told last, so that events that were lost and are found by
 * a dump look the same as events.
 */
#include "client/netmon_table.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "tun/netlink.h"

/* How good an address is as a source; the first of the best is taken. */
enum rank {
	RANK_NONE,
	RANK_LAST_RESORT, /* deprecated, or optimistic (RFC 4429) */
	RANK_LOCAL,       /* fc00::/7 */
	RANK_GOOD
};

static size_t link_at(const struct jvpn_netmon_table *table, int ifindex)
{
	size_t i = 0;

	while (i < table->link_count && table->link[i].ifindex != ifindex)
		i++;
	return i;
}

/* ---- links ---- */

static bool take_name(struct jvpn_netmon_link *link, const struct nlattr *name)
{
	const char *text;
	size_t len;

	if (name == NULL)
		return link->name[0] != '\0';
	text = (const char *)jvpn_netlink_data(name);
	len = strnlen(text, name->nla_len - JVPN_NETLINK_ATTRIBUTE_HEAD);
	if (len == 0 || len >= sizeof(link->name))
		return false;
	memset(link->name, 0, sizeof(link->name));
	memcpy(link->name, text, len);
	return true;
}

/* The place of a link that is there, or a new one; NULL when it does not fit or has no name. */
static struct jvpn_netmon_raw *link_enter(struct jvpn_netmon_table *table, int ifindex,
					  const struct nlattr *name)
{
	size_t i = link_at(table, ifindex);
	struct jvpn_netmon_link fresh = {.ifindex = ifindex};

	if (i < table->link_count)
		return take_name(&table->link[i], name) ? &table->raw[i] : NULL;
	if (!take_name(&fresh, name))
		return NULL;
	if (i == JVPN_NETMON_LINKS_MAX) {
		table->overflow = true;
		return NULL;
	}
	table->link[i] = fresh;
	table->raw[i] = (struct jvpn_netmon_raw){.operstate = IF_OPER_UNKNOWN};
	table->link_count++;
	return &table->raw[i];
}

static void take_link(struct jvpn_netmon_table *table, const struct nlmsghdr *message)
{
	const struct nlattr *state;
	struct jvpn_netmon_raw *raw;
	struct ifinfomsg body;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return;
	memcpy(&body, NLMSG_DATA(message), sizeof(body));
	/* A bridge speaks of its ports in the same messages: joining and leaving it, not the link. */
	if (body.ifi_family != AF_UNSPEC || body.ifi_index <= 0)
		return;
	raw = link_enter(table, body.ifi_index,
			 jvpn_netlink_find(message, sizeof(body), IFLA_IFNAME, 1));
	if (raw == NULL)
		return;
	/* Wireless events are link messages without a state: the old one holds. */
	state = jvpn_netlink_find(message, sizeof(body), IFLA_OPERSTATE, 1);
	if (state != NULL)
		raw->operstate = *jvpn_netlink_data(state);
	state = jvpn_netlink_find(message, sizeof(body), IFLA_LINKMODE, 1);
	if (state != NULL)
		raw->link_mode = *jvpn_netlink_data(state);
	raw->flags = body.ifi_flags;
	raw->generation = table->generation;
	raw->gone = false;
	raw->dirty = true;
}

static void drop_link(struct jvpn_netmon_table *table, const struct nlmsghdr *message)
{
	struct ifinfomsg body;
	size_t i;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return;
	memcpy(&body, NLMSG_DATA(message), sizeof(body));
	i = link_at(table, body.ifi_index);
	if (body.ifi_family != AF_UNSPEC || i == table->link_count)
		return;
	table->raw[i].gone = true;
	table->raw[i].dirty = true;
}

/* The kernel makes operstate out of the carrier as often as once a second; the flags are the present.
 * Not IFF_RUNNING: it is set for a wireless link that is not authenticated (dormant). */
static bool is_operational(const struct jvpn_netmon_raw *raw)
{
	if ((raw->flags & IFF_UP) == 0 || (raw->flags & IFF_LOWER_UP) == 0)
		return false;
	switch (raw->operstate) {
	case IF_OPER_UNKNOWN:
	case IF_OPER_UP:
		return true;
	case IF_OPER_DOWN:
	case IF_OPER_LOWERLAYERDOWN:
		/* It has a carrier by now, and nobody else has a say in it: it will be up. */
		return (raw->flags & IFF_DORMANT) == 0 && raw->link_mode == IF_LINK_MODE_DEFAULT;
	default:
		return false;
	}
}

static bool is_usable(const struct jvpn_netmon_table *table, size_t i)
{
	const struct jvpn_netmon_raw *raw = &table->raw[i];

	return !raw->gone && is_operational(raw) && (raw->flags & IFF_LOOPBACK) == 0 &&
	       strcmp(table->link[i].name, table->tun_name) != 0;
}

/* ---- addresses ---- */

static size_t address_bytes(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static void mark_dirty(struct jvpn_netmon_table *table, int ifindex)
{
	size_t i = link_at(table, ifindex);

	if (i < table->link_count)
		table->raw[i].dirty = true;
}

static bool read_address(const struct nlmsghdr *message, struct jvpn_netmon_address *out)
{
	const struct nlattr *local, *flags;
	struct ifaddrmsg body;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return false;
	memcpy(&body, NLMSG_DATA(message), sizeof(body));
	if ((body.ifa_family != AF_INET && body.ifa_family != AF_INET6) || body.ifa_index == 0 ||
	    body.ifa_index > INT32_MAX)
		return false;
	*out = (struct jvpn_netmon_address){.ifindex = (int)body.ifa_index,
					    .flags = body.ifa_flags,
					    .family = body.ifa_family,
					    .prefix_len = body.ifa_prefixlen};
	/* On a point-to-point link IFA_ADDRESS is the peer's. */
	local = jvpn_netlink_find(message, sizeof(body), IFA_LOCAL, address_bytes(out->family));
	if (local == NULL)
		local = jvpn_netlink_find(message, sizeof(body), IFA_ADDRESS,
					  address_bytes(out->family));
	if (local == NULL)
		return false;
	memcpy(out->address, jvpn_netlink_data(local), address_bytes(out->family));
	flags = jvpn_netlink_find(message, sizeof(body), IFA_FLAGS, sizeof(out->flags));
	if (flags != NULL)
		memcpy(&out->flags, jvpn_netlink_data(flags), sizeof(out->flags));
	return true;
}

static size_t address_at(const struct jvpn_netmon_table *table, const struct jvpn_netmon_address *a)
{
	for (size_t i = 0; i < table->address_count; i++) {
		const struct jvpn_netmon_address *b = &table->address[i];

		if (a->ifindex == b->ifindex && a->family == b->family &&
		    a->prefix_len == b->prefix_len &&
		    memcmp(a->address, b->address, sizeof(a->address)) == 0)
			return i;
	}
	return table->address_count;
}

static void take_address(struct jvpn_netmon_table *table, const struct nlmsghdr *message)
{
	struct jvpn_netmon_address address;
	size_t i;

	if (!read_address(message, &address))
		return;
	i = address_at(table, &address);
	if (i == JVPN_NETMON_ADDRESSES_MAX) {
		table->overflow = true;
		return;
	}
	if (i == table->address_count)
		table->address_count++;
	address.generation = table->generation;
	table->address[i] = address;
	mark_dirty(table, address.ifindex);
}

static void remove_address(struct jvpn_netmon_table *table, size_t i)
{
	mark_dirty(table, table->address[i].ifindex);
	table->address_count--;
	memmove(&table->address[i], &table->address[i + 1],
		(table->address_count - i) * sizeof(table->address[0]));
}

static void drop_address(struct jvpn_netmon_table *table, const struct nlmsghdr *message)
{
	struct jvpn_netmon_address address;
	size_t i;

	if (!read_address(message, &address))
		return;
	i = address_at(table, &address);
	if (i < table->address_count)
		remove_address(table, i);
}

static enum rank rank_of(const struct jvpn_netmon_address *address)
{
	const uint8_t *a = address->address;
	uint32_t flags = address->flags;

	if ((flags & IFA_F_DADFAILED) != 0 ||
	    ((flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0))
		return RANK_NONE;
	if (address->family == AF_INET &&
	    (a[0] == 0 || a[0] == 127 || (a[0] == 169 && a[1] == 254)))
		return RANK_NONE;
	if (address->family == AF_INET6 && ((a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || a[0] == 0))
		return RANK_NONE;
	if ((flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC)) != 0)
		return RANK_LAST_RESORT;
	return address->family == AF_INET6 && (a[0] & 0xfe) == 0xfc ? RANK_LOCAL : RANK_GOOD;
}

/* The first of the best; NULL. */
static const struct jvpn_netmon_address *best_address(const struct jvpn_netmon_table *table,
						      int ifindex, uint8_t family)
{
	const struct jvpn_netmon_address *best = NULL;
	enum rank best_rank = RANK_NONE;

	for (size_t i = 0; i < table->address_count; i++) {
		const struct jvpn_netmon_address *a = &table->address[i];

		if (a->ifindex != ifindex || a->family != family || rank_of(a) <= best_rank)
			continue;
		best = a;
		best_rank = rank_of(a);
	}
	return best;
}

/* ---- routes ---- */

static void take_route(struct jvpn_netmon_table *table, const struct nlmsghdr *message)
{
	const struct nlattr *out;
	struct rtmsg body;
	int ifindex = 0;
	size_t i;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return;
	memcpy(&body, NLMSG_DATA(message), sizeof(body));
	/* Local and cached routes follow addresses and traffic. */
	if (body.rtm_table == RT_TABLE_LOCAL || (body.rtm_flags & RTM_F_CLONED) != 0 ||
	    (body.rtm_family != AF_INET && body.rtm_family != AF_INET6))
		return;
	out = jvpn_netlink_find(message, sizeof(body), RTA_OIF, sizeof(ifindex));
	if (out != NULL)
		memcpy(&ifindex, jvpn_netlink_data(out), sizeof(ifindex));
	i = link_at(table, ifindex);
	/* What we put into the tunnel ourselves changes no outer path. */
	if (i < table->link_count && strcmp(table->link[i].name, table->tun_name) == 0)
		return;
	if (i == table->link_count || (table->has_route && table->route_ifindex != ifindex))
		ifindex = 0;
	table->has_route = true;
	table->route_ifindex = ifindex;
}

/* ---- messages ---- */

void jvpn_netmon_table_apply(struct jvpn_netmon_table *table, const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		take_link(table, message);
		break;
	case RTM_DELLINK:
		drop_link(table, message);
		break;
	case RTM_NEWADDR:
		take_address(table, message);
		break;
	case RTM_DELADDR:
		drop_address(table, message);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		take_route(table, message);
		break;
	default:
		break;
	}
}

void jvpn_netmon_table_apply_all(struct jvpn_netmon_table *table, const uint8_t *data, size_t len,
				 void (*each)(void *user), void *user)
{
	while (len >= NLMSG_HDRLEN) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)data;
		size_t step;

		if (message->nlmsg_len < NLMSG_HDRLEN || message->nlmsg_len > len)
			return;
		step = NLMSG_ALIGN((size_t)message->nlmsg_len);
		jvpn_netmon_table_apply(table, message);
		if (each != NULL)
			each(user);
		if (step >= len)
			return;
		data += step;
		len -= step;
	}
}

void jvpn_netmon_table_dump_begin(struct jvpn_netmon_table *table)
{
	table->generation++;
}

void jvpn_netmon_table_dump_end(struct jvpn_netmon_table *table)
{
	for (size_t i = table->address_count; i > 0; i--)
		if (table->address[i - 1].generation != table->generation)
			remove_address(table, i - 1);
	for (size_t i = 0; i < table->link_count; i++)
		if (table->raw[i].generation != table->generation) {
			table->raw[i].gone = true;
			table->raw[i].dirty = true;
		}
}

/* ---- what to tell ---- */

static bool is_leaving(const struct jvpn_netmon_address *a)
{
	return a != NULL && (a->flags & IFA_F_DEPRECATED) != 0;
}

/* The link as it is now. */
static struct jvpn_netmon_link link_now(const struct jvpn_netmon_table *table, size_t i)
{
	struct jvpn_netmon_link link = table->link[i];
	const struct jvpn_netmon_address *a4 = best_address(table, link.ifindex, AF_INET);
	const struct jvpn_netmon_address *a6 = best_address(table, link.ifindex, AF_INET6);

	link.usable = is_usable(table, i);
	link.has4 = a4 != NULL;
	link.has6 = a6 != NULL;
	link.leaving4 = is_leaving(a4);
	link.leaving6 = is_leaving(a6);
	memset(link.addr4, 0, sizeof(link.addr4));
	memset(link.addr6, 0, sizeof(link.addr6));
	if (a4 != NULL)
		memcpy(link.addr4, a4->address, sizeof(link.addr4));
	if (a6 != NULL)
		memcpy(link.addr6, a6->address, sizeof(link.addr6));
	return link;
}

static bool same_addresses(const struct jvpn_netmon_link *a, const struct jvpn_netmon_link *b)
{
	return a->has4 == b->has4 && a->has6 == b->has6 && a->leaving4 == b->leaving4 &&
	       a->leaving6 == b->leaving6 && memcmp(a->addr4, b->addr4, sizeof(a->addr4)) == 0 &&
	       memcmp(a->addr6, b->addr6, sizeof(a->addr6)) == 0;
}

static void remove_link(struct jvpn_netmon_table *table, size_t i)
{
	int ifindex = table->link[i].ifindex;

	for (size_t k = table->address_count; k > 0; k--)
		if (table->address[k - 1].ifindex == ifindex)
			remove_address(table, k - 1);
	table->link_count--;
	memmove(&table->link[i], &table->link[i + 1],
		(table->link_count - i) * sizeof(table->link[0]));
	memmove(&table->raw[i], &table->raw[i + 1],
		(table->link_count - i) * sizeof(table->raw[0]));
}

/* Brings the link up to date. Returns what to tell, 0: nothing. */
static enum jvpn_netmon_change settle(struct jvpn_netmon_table *table, size_t i, uint64_t now_ns,
				      struct jvpn_netmon_link *out)
{
	struct jvpn_netmon_raw *raw = &table->raw[i];
	struct jvpn_netmon_link now = link_now(table, i);
	bool is_up = now.usable && (now.has4 || now.has6), was_up = raw->told_up;
	bool same = same_addresses(&now, &table->link[i]);

	if (now.usable != table->link[i].usable || !same)
		now.changed_ns = now_ns;
	*out = now;
	table->link[i] = now;
	raw->told_up = is_up;
	raw->dirty = false;
	if (raw->gone)
		remove_link(table, i);
	if (is_up != was_up)
		return is_up ? JVPN_NETMON_LINK_UP : JVPN_NETMON_LINK_DOWN;
	return is_up && !same ? JVPN_NETMON_ADDRESS : 0;
}

bool jvpn_netmon_table_next(struct jvpn_netmon_table *table, uint64_t now_ns,
			    enum jvpn_netmon_change *change, struct jvpn_netmon_link *link)
{
	size_t i = 0;

	while (i < table->link_count) {
		bool gone = table->raw[i].gone;

		if (!table->raw[i].dirty) {
			i++;
			continue;
		}
		*change = settle(table, i, now_ns, link);
		if (*change != 0)
			return true;
		i += !gone;
	}
	return false;
}

bool jvpn_netmon_table_next_route(struct jvpn_netmon_table *table, struct jvpn_netmon_link *link)
{
	size_t i = link_at(table, table->route_ifindex);

	if (!table->has_route)
		return false;
	table->has_route = false;
	*link = (struct jvpn_netmon_link){0};
	if (i < table->link_count)
		*link = table->link[i];
	return true;
}
