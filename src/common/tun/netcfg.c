/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * netcfg as a transaction: what was added, in which order, in memory and in the journal, so that it
 * can be taken back in reverse. Asks the kernel only through netcfg_linux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "tun/netcfg_internal.h"

static bool is_journaled(const struct jvpn_netcfg *netcfg, const struct jvpn_journal_item *item)
{
	if (netcfg->persistent)
		return item->kind != JVPN_JOURNAL_NONE;
	switch (item->kind) {
	case JVPN_JOURNAL_ADDRESS:
		return item->u.address.ifindex != netcfg->tun_ifindex;
	case JVPN_JOURNAL_ROUTE:
		return item->u.route.type != JVPN_NETCFG_ROUTE_UNICAST ||
		       item->u.route.ifindex != netcfg->tun_ifindex;
	case JVPN_JOURNAL_RULE:
		return true;
	case JVPN_JOURNAL_NONE:
	case JVPN_JOURNAL_COUNT:
		break;
	}
	return false;
}

static int save_journal(struct jvpn_netcfg *netcfg)
{
	struct jvpn_journal_item *kept;
	size_t count = 0;
	int err;

	if (!netcfg->has_journal)
		return 0;
	kept = calloc(netcfg->count + 1, sizeof(*kept));
	if (kept == NULL)
		return JVPN_ENOMEM;
	for (size_t i = 0; i < netcfg->count; i++)
		if (is_journaled(netcfg, &netcfg->items[i]))
			kept[count++] = netcfg->items[i];
	err = jvpn_journal_save(netcfg->journal_path, kept, count);
	free(kept);
	if (err != 0)
		snprintf(netcfg->error, sizeof(netcfg->error),
			 "cannot write the journal %.200s: %s", netcfg->journal_path,
			 jvpn_err_text(err));
	return err;
}

static int check_journal(struct jvpn_netcfg *netcfg, size_t from)
{
	for (size_t i = from; i < netcfg->count && !netcfg->has_journal; i++)
		if (is_journaled(netcfg, &netcfg->items[i])) {
			snprintf(netcfg->error, sizeof(netcfg->error),
				 "without a journal nothing can be added that outlives the TUN "
				 "device");
			return JVPN_EINVAL;
		}
	return 0;
}

/* Without support for it (IPv6 switched off meanwhile) it is not there either. */
static bool is_gone(int err)
{
	return err == 0 || err == JVPN_ENOTFOUND || err == JVPN_EUNSUPPORTED;
}

static void forget(struct jvpn_netcfg *netcfg, size_t index)
{
	memmove(&netcfg->items[index], &netcfg->items[index + 1],
		(netcfg->count - index - 1) * sizeof(netcfg->items[0]));
	netcfg->count--;
}

/* Takes back what was added last, until 'keep' are left; goes on after an error and returns the
 * first. The journal follows at the end: killed before, it lists too much, which is harmless. */
static int remove_down_to(struct jvpn_netcfg *netcfg, size_t keep)
{
	char error[JVPN_NETCFG_ERROR_BYTES] = "";
	int first = 0, err;

	for (size_t i = netcfg->count; i-- > keep;) {
		err = jvpn_netcfg_kernel_change(netcfg, &netcfg->items[i], false);
		if (is_gone(err)) {
			forget(netcfg, i);
		} else if (first == 0) {
			first = err;
			memcpy(error, netcfg->error, sizeof(error));
		}
	}
	err = save_journal(netcfg);
	if (err != 0 && first == 0)
		return err;
	memcpy(netcfg->error, error, sizeof(error));
	return first;
}

int jvpn_netcfg_item_remove(struct jvpn_netcfg *netcfg, size_t index)
{
	bool journaled = is_journaled(netcfg, &netcfg->items[index]);
	int err = jvpn_netcfg_kernel_change(netcfg, &netcfg->items[index], false);

	if (!is_gone(err))
		return err;
	forget(netcfg, index);
	return journaled ? save_journal(netcfg) : 0;
}

/* The journal comes first: killed in between, it lists too much, which is harmless, and never too
 * little. */
int jvpn_netcfg_items_add(struct jvpn_netcfg *netcfg, const struct jvpn_journal_item *items,
			  size_t count)
{
	char error[JVPN_NETCFG_ERROR_BYTES];
	size_t before = netcfg->count, done = before;
	int err;

	if (count > JVPN_JOURNAL_ITEMS_MAX - before) {
		snprintf(netcfg->error, sizeof(netcfg->error), "more than %d changes",
			 JVPN_JOURNAL_ITEMS_MAX);
		return JVPN_EFULL;
	}
	memcpy(netcfg->items + before, items, count * sizeof(items[0]));
	netcfg->count += count;
	err = check_journal(netcfg, before);
	if (err == 0)
		err = save_journal(netcfg);
	while (err == 0 && done < netcfg->count) {
		err = jvpn_netcfg_kernel_change(netcfg, &netcfg->items[done], true);
		done += err == 0;
	}
	if (err == 0)
		return 0;
	memcpy(error, netcfg->error, sizeof(error));
	netcfg->count = done;
	(void)remove_down_to(netcfg, before);
	memcpy(netcfg->error, error, sizeof(error));
	return err;
}

int jvpn_netcfg_restore(struct jvpn_netcfg *netcfg)
{
	return remove_down_to(netcfg, 0);
}

static unsigned device_of(const struct jvpn_journal_item *item)
{
	if (item->kind == JVPN_JOURNAL_ADDRESS)
		return item->u.address.ifindex;
	return item->kind == JVPN_JOURNAL_ROUTE ? item->u.route.ifindex : 0;
}

/* What is there stays, what is missing is added again, what hung on a device that is gone is
 * forgotten. An item that cannot be had any more is left to jvpn_netcfg_apply(). */
static int take_over(struct jvpn_netcfg *netcfg, unsigned ifindex)
{
	size_t kept = 0;

	(void)jvpn_netcfg_link_up(netcfg, ifindex, 0);
	for (size_t i = 0; i < netcfg->count; i++) {
		struct jvpn_journal_item *item = &netcfg->items[i];
		int err;

		if (device_of(item) != 0 && device_of(item) != ifindex)
			continue;
		err = jvpn_netcfg_kernel_change(netcfg, item, true);
		if (err != 0 && err != JVPN_EEXISTS)
			continue;
		item->managed = true;
		netcfg->items[kept++] = *item;
	}
	netcfg->count = kept;
	netcfg->error[0] = '\0';
	return save_journal(netcfg);
}

static int settle_stale(struct jvpn_netcfg *netcfg, unsigned take_over_ifindex)
{
	int err = jvpn_journal_load(netcfg->journal_path, netcfg->items, JVPN_JOURNAL_ITEMS_MAX,
				    &netcfg->count);

	if (err == 0 && netcfg->count == 0)
		return 0;
	if (err == 0)
		return take_over_ifindex != 0 ? take_over(netcfg, take_over_ifindex)
					      : jvpn_netcfg_restore(netcfg);
	netcfg->count = 0;
	if (err == JVPN_EMALFORMED)
		snprintf(netcfg->error, sizeof(netcfg->error),
			 "the journal %.180s is damaged or others can write it: see \"ip rule\", "
			 "remove what is left of the tunnel, then remove the file",
			 netcfg->journal_path);
	else
		snprintf(netcfg->error, sizeof(netcfg->error), "cannot read the journal %.200s: %s",
			 netcfg->journal_path, jvpn_err_text(err));
	return err;
}

int jvpn_netcfg_new(const struct jvpn_netcfg_config *config, struct jvpn_netcfg **out, char *error,
		    size_t error_size)
{
	struct jvpn_netcfg *netcfg = calloc(1, sizeof(*netcfg));
	int err = JVPN_ENOMEM;

	if (netcfg == NULL) {
		snprintf(error, error_size, "out of memory");
		return err;
	}
	err = jvpn_netlink_new(&netcfg->netlink);
	if (err != 0) {
		snprintf(error, error_size, "cannot open a netlink socket: %s", jvpn_err_text(err));
		goto fail;
	}
	netcfg->persistent = config->persistent;
	if (config->journal_path != NULL) {
		size_t len = strlen(config->journal_path);

		if (len == 0 || len >= sizeof(netcfg->journal_path)) {
			snprintf(error, error_size, "the journal's path is empty or too long");
			err = JVPN_EINVAL;
			goto fail;
		}
		memcpy(netcfg->journal_path, config->journal_path, len + 1);
		netcfg->has_journal = true;
		err = settle_stale(netcfg, config->take_over_ifindex);
		if (err != 0) {
			snprintf(error, error_size, "%s", netcfg->error);
			goto fail;
		}
	}
	*out = netcfg;
	return 0;
fail:
	jvpn_netcfg_free(netcfg);
	return err;
}

void jvpn_netcfg_free(struct jvpn_netcfg *netcfg)
{
	if (netcfg == NULL)
		return;
	jvpn_netlink_free(netcfg->netlink);
	free(netcfg);
}

const char *jvpn_netcfg_error(const struct jvpn_netcfg *netcfg)
{
	return netcfg->error;
}

int jvpn_netcfg_journal_path(const char *dir, const char *tun_name, char *out, size_t size)
{
	struct stat st;
	int n;

	if (stat("/proc/self/ns/net", &st) != 0)
		return JVPN_EIO;
	n = snprintf(out, size, "%s/%s.%llu.net", dir, tun_name, (unsigned long long)st.st_ino);
	return n < 0 || (size_t)n >= size ? JVPN_ENOSPACE : 0;
}

static bool prefix_is_valid(const struct jvpn_prefix *prefix)
{
	return jvpn_prefix_bits(prefix->family) != 0 &&
	       prefix->length <= jvpn_prefix_bits(prefix->family);
}

static int refuse(struct jvpn_netcfg *netcfg, const char *why)
{
	snprintf(netcfg->error, sizeof(netcfg->error), "invalid request: %s", why);
	return JVPN_EINVAL;
}

static int make_address(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_address *address,
			struct jvpn_journal_item *item)
{
	if (!prefix_is_valid(&address->prefix) || address->ifindex == 0)
		return refuse(netcfg, "address without a device or with a wrong prefix");
	memset(item, 0, sizeof(*item));
	item->kind = JVPN_JOURNAL_ADDRESS;
	item->u.address = *address;
	return 0;
}

static int make_route(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_route *route,
		      struct jvpn_journal_item *item)
{
	struct jvpn_prefix masked = route->prefix;

	if (!prefix_is_valid(&route->prefix))
		return refuse(netcfg, "route with a wrong prefix");
	jvpn_prefix_mask(&masked);
	if (!jvpn_prefix_equal(&masked, &route->prefix))
		return refuse(netcfg, "route with bits set beyond its prefix");
	if ((route->type == JVPN_NETCFG_ROUTE_UNICAST) != (route->ifindex != 0))
		return refuse(netcfg, "a unicast route has a device, others have none");
	memset(item, 0, sizeof(*item));
	item->kind = JVPN_JOURNAL_ROUTE;
	item->u.route = *route;
	return 0;
}

static int make_rule(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_rule *rule,
		     struct jvpn_journal_item *item)
{
	if ((rule->family != 4 && rule->family != 6) || rule->priority == 0)
		return refuse(netcfg, "rule without family or priority");
	if (rule->not_fwmark && rule->fwmark == 0)
		return refuse(netcfg, "rule for \"not mark\" without a mark");
	memset(item, 0, sizeof(*item));
	item->kind = JVPN_JOURNAL_RULE;
	item->u.rule = *rule;
	return 0;
}

static int find_and_remove(struct jvpn_netcfg *netcfg, const struct jvpn_journal_item *item)
{
	for (size_t i = netcfg->count; i-- > 0;)
		if (jvpn_journal_item_equal(&netcfg->items[i], item))
			return jvpn_netcfg_item_remove(netcfg, i);
	snprintf(netcfg->error, sizeof(netcfg->error), "nothing of the kind was added");
	return JVPN_ENOTFOUND;
}

int jvpn_netcfg_address_add(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_address *address)
{
	struct jvpn_journal_item item;
	int err = make_address(netcfg, address, &item);

	return err != 0 ? err : jvpn_netcfg_items_add(netcfg, &item, 1);
}

int jvpn_netcfg_route_add(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_route *route)
{
	struct jvpn_journal_item item;
	int err = make_route(netcfg, route, &item);

	return err != 0 ? err : jvpn_netcfg_items_add(netcfg, &item, 1);
}

int jvpn_netcfg_rule_add(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_rule *rule)
{
	struct jvpn_journal_item item;
	int err = make_rule(netcfg, rule, &item);

	return err != 0 ? err : jvpn_netcfg_items_add(netcfg, &item, 1);
}

int jvpn_netcfg_address_del(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_address *address)
{
	struct jvpn_journal_item item;
	int err = make_address(netcfg, address, &item);

	return err != 0 ? err : find_and_remove(netcfg, &item);
}

int jvpn_netcfg_route_del(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_route *route)
{
	struct jvpn_journal_item item;
	int err = make_route(netcfg, route, &item);

	return err != 0 ? err : find_and_remove(netcfg, &item);
}

int jvpn_netcfg_rule_del(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_rule *rule)
{
	struct jvpn_journal_item item;
	int err = make_rule(netcfg, rule, &item);

	return err != 0 ? err : find_and_remove(netcfg, &item);
}
