/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shared by the files of netcfg: what a netcfg is, and the requests that make and undo one change.
 */
#ifndef JVPN_TUN_NETCFG_INTERNAL_H
#define JVPN_TUN_NETCFG_INTERNAL_H

#include <limits.h>

#include "tun/journal.h"
#include "tun/netlink.h"

struct jvpn_netcfg {
	struct jvpn_netlink *netlink;
	bool has_journal;
	bool persistent;
	unsigned tun_ifindex; /* what hangs on it dies with it and is not journaled */
	size_t count;
	struct jvpn_journal_item items[JVPN_JOURNAL_ITEMS_MAX]; /* in the order they were added */
	char journal_path[PATH_MAX];
	char error[JVPN_NETCFG_ERROR_BYTES];
};

/* Makes or takes back one change in the kernel; no journal, no list. The error text is set.
 * JVPN_ENOTFOUND when it was not there to take back. */
int jvpn_netcfg_kernel_change(struct jvpn_netcfg *netcfg, const struct jvpn_journal_item *item,
			      bool add);
/* "cannot OPERATION ITEM: the kernel's words" */
void jvpn_netcfg_kernel_error(struct jvpn_netcfg *netcfg, const char *operation, const char *what,
			      int err);

/* Adds all of them or none, with journal and list; see jvpn_netcfg_route_add(). */
int jvpn_netcfg_items_add(struct jvpn_netcfg *netcfg, const struct jvpn_journal_item *items,
			  size_t count);
/* Takes back items[index]. What is gone already counts as taken back. */
int jvpn_netcfg_item_remove(struct jvpn_netcfg *netcfg, size_t index);

#endif
