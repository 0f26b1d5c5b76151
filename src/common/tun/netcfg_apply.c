/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From what the tunnel needs to what has to be added and removed. Adds before it removes, so that
 * there is no moment without a route; takes its additions back when one fails.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tun/netcfg_check.h"
#include "tun/netcfg_internal.h"

#define RULES_MAX 4
#define WANTED_MAX                                                                                 \
	(JVPN_NETCFG_ADDRESSES_MAX + JVPN_NETCFG_ROUTES_MAX + JVPN_NETCFG_EXCLUDES_MAX + RULES_MAX)
/* Another metric than a route of the same prefix has, so that one can follow the other. */
#define THROW_METRIC 1
/* local, main, default: not ours to use. */
#define TABLE_RESERVED_FIRST 253u
#define TABLE_RESERVED_LAST  255u

struct wanted {
	size_t count;
	struct jvpn_journal_item item[WANTED_MAX];
};

static int check(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_tunnel *tunnel)
{
	const char *why = NULL;

	if (tunnel->ifindex == 0)
		why = "no device";
	else if (tunnel->address_count > JVPN_NETCFG_ADDRESSES_MAX)
		why = "too many addresses";
	else if (tunnel->route_count > JVPN_NETCFG_ROUTES_MAX ||
		 tunnel->exclude_count > JVPN_NETCFG_EXCLUDES_MAX)
		why = "too many routes";
	else if (tunnel->route_count > 0 && tunnel->fwmark == 0)
		why = "the outer packets need a mark";
	else if (tunnel->route_count > 0 &&
		 (tunnel->table == 0 ||
		  (tunnel->table >= TABLE_RESERVED_FIRST && tunnel->table <= TABLE_RESERVED_LAST)))
		why = "the tunnel's routes need a table of their own";
	else if (tunnel->route_count > 0 &&
		 (tunnel->priority == 0 || tunnel->priority == UINT32_MAX))
		why = "the rules need a priority";
	if (why == NULL)
		return 0;
	snprintf(netcfg->error, sizeof(netcfg->error), "invalid tunnel: %s", why);
	return JVPN_EINVAL;
}

static struct jvpn_journal_item *append(struct wanted *wanted, enum jvpn_journal_kind kind)
{
	struct jvpn_journal_item *item = &wanted->item[wanted->count++];

	memset(item, 0, sizeof(*item));
	item->kind = kind;
	item->managed = true;
	return item;
}

/* Local networks first, then everything that is not the tunnel's own outer packet. */
static void want_rules(const struct jvpn_netcfg_tunnel *tunnel, uint8_t family,
		       struct wanted *wanted)
{
	append(wanted, JVPN_JOURNAL_RULE)->u.rule = (struct jvpn_netcfg_rule){
		.family = family, .priority = tunnel->priority, .suppress_default = true};
	append(wanted, JVPN_JOURNAL_RULE)->u.rule =
		(struct jvpn_netcfg_rule){.family = family,
					  .priority = tunnel->priority + 1,
					  .table = tunnel->table,
					  .fwmark = tunnel->fwmark,
					  .not_fwmark = true};
}

static bool is_wanted(const struct wanted *wanted, const struct jvpn_journal_item *item)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (jvpn_journal_item_equal(&wanted->item[i], item))
			return true;
	return false;
}

static bool is_excluded(const struct jvpn_netcfg_tunnel *tunnel, const struct jvpn_prefix *prefix)
{
	for (size_t i = 0; i < tunnel->exclude_count; i++)
		if (jvpn_prefix_equal(&tunnel->exclude[i], prefix))
			return true;
	return false;
}

static void want_route(const struct jvpn_netcfg_tunnel *tunnel, const struct jvpn_prefix *prefix,
		       bool is_throw, struct wanted *wanted)
{
	struct jvpn_journal_item *item = append(wanted, JVPN_JOURNAL_ROUTE);

	item->u.route.prefix = *prefix;
	jvpn_prefix_mask(&item->u.route.prefix);
	item->u.route.table = tunnel->table;
	if (is_throw) {
		item->u.route.type = JVPN_NETCFG_ROUTE_THROW;
		item->u.route.metric = THROW_METRIC;
	} else {
		item->u.route.ifindex = tunnel->ifindex;
	}
	/* The same prefix twice is one route. */
	wanted->count--;
	if (!is_wanted(wanted, item))
		wanted->count++;
}

/* Returns false when something was left out because there is no IPv6. */
static bool collect(const struct jvpn_netcfg_tunnel *tunnel, bool ipv6, struct wanted *wanted)
{
	bool has_routes4 = false, has_routes6 = false, complete = true;

	for (size_t i = 0; i < tunnel->address_count; i++) {
		if (tunnel->address[i].family == 6 && !ipv6) {
			complete = false;
			continue;
		}
		append(wanted, JVPN_JOURNAL_ADDRESS)->u.address =
			(struct jvpn_netcfg_address){tunnel->ifindex, tunnel->address[i]};
	}
	for (size_t i = 0; i < tunnel->route_count; i++) {
		bool is6 = tunnel->route[i].family == 6;

		if (is6 && !ipv6) {
			complete = false;
			continue;
		}
		has_routes4 = has_routes4 || !is6;
		has_routes6 = has_routes6 || is6;
		if (!is_excluded(tunnel, &tunnel->route[i]))
			want_route(tunnel, &tunnel->route[i], false, wanted);
	}
	for (size_t i = 0; i < tunnel->exclude_count; i++)
		if (tunnel->exclude[i].family == 6 ? has_routes6 : has_routes4)
			want_route(tunnel, &tunnel->exclude[i], true, wanted);
	if (has_routes4)
		want_rules(tunnel, 4, wanted);
	if (has_routes6)
		want_rules(tunnel, 6, wanted);
	return complete;
}

static bool prefixes_are_valid(const struct jvpn_prefix *prefix, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jvpn_prefix_bits(prefix[i].family) == 0 ||
		    prefix[i].length > jvpn_prefix_bits(prefix[i].family))
			return false;
	return true;
}

static bool is_applied(const struct jvpn_netcfg *netcfg, const struct jvpn_journal_item *item)
{
	for (size_t i = 0; i < netcfg->count; i++)
		if (jvpn_journal_item_equal(&netcfg->items[i], item))
			return true;
	return false;
}

static void explain_existing(struct jvpn_netcfg *netcfg)
{
	size_t len = strlen(netcfg->error);

	snprintf(netcfg->error + len, sizeof(netcfg->error) - len,
		 "; another program uses it: choose another table and mark");
}

/* All at once: with a journal written for each, a long list of routes would take seconds. */
static int add_missing(struct jvpn_netcfg *netcfg, const struct wanted *wanted)
{
	struct wanted *missing = calloc(1, sizeof(*missing));
	int err;

	if (missing == NULL)
		return JVPN_ENOMEM;
	for (size_t i = 0; i < wanted->count; i++)
		if (!is_applied(netcfg, &wanted->item[i]))
			missing->item[missing->count++] = wanted->item[i];
	err = missing->count > 0 ? jvpn_netcfg_items_add(netcfg, missing->item, missing->count) : 0;
	if (err == JVPN_EEXISTS)
		explain_existing(netcfg);
	free(missing);
	return err;
}

static int remove_unwanted(struct jvpn_netcfg *netcfg, const struct wanted *wanted)
{
	int first = 0;

	for (size_t i = netcfg->count; i-- > 0;) {
		int err = 0;

		if (netcfg->items[i].managed && !is_wanted(wanted, &netcfg->items[i]))
			err = jvpn_netcfg_item_remove(netcfg, i);
		if (first == 0)
			first = err;
	}
	return first;
}

int jvpn_netcfg_apply(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_tunnel *tunnel,
		      struct jvpn_netcfg_warnings *warnings)
{
	char device[IF_NAMESIZE] = "";
	struct wanted *wanted;
	int err = check(netcfg, tunnel);

	if (err != 0)
		return err;
	if (!prefixes_are_valid(tunnel->address, tunnel->address_count) ||
	    !prefixes_are_valid(tunnel->route, tunnel->route_count) ||
	    !prefixes_are_valid(tunnel->exclude, tunnel->exclude_count)) {
		snprintf(netcfg->error, sizeof(netcfg->error), "invalid tunnel: wrong prefix");
		return JVPN_EINVAL;
	}
	wanted = calloc(1, sizeof(*wanted));
	if (wanted == NULL)
		return JVPN_ENOMEM;
	netcfg->tun_ifindex = tunnel->ifindex;
	err = jvpn_netcfg_link_up(netcfg, tunnel->ifindex, tunnel->mtu);
	if (err != 0)
		goto out;
	if (if_indextoname(tunnel->ifindex, device) == NULL)
		device[0] = '\0';
	if (!collect(tunnel, jvpn_netcfg_has_ipv6(device), wanted) && warnings != NULL)
		jvpn_netcfg_warn(
			warnings,
			"IPv6 is disabled here (net.ipv6.conf.%s.disable_ipv6 or an MTU below "
			"1280): the tunnel carries IPv4 only",
			device);
	err = add_missing(netcfg, wanted);
	if (err == 0)
		err = remove_unwanted(netcfg, wanted);
out:
	free(wanted);
	return err;
}

int jvpn_netcfg_routes_from(const struct jvpn_connectip_routes *routes,
			    struct jvpn_netcfg_tunnel *tunnel)
{
	size_t count = 0;

	for (size_t i = 0; i < routes->count; i++) {
		const struct jvpn_connectip_route *route = &routes->route[i];
		int n = jvpn_prefix_cover(route->version, route->start, route->end,
					  tunnel->route + count, JVPN_NETCFG_ROUTES_MAX - count);

		if (n < 0)
			return n;
		count += (size_t)n;
	}
	tunnel->route_count = count;
	return 0;
}
