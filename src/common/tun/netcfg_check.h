/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Collecting warnings, for the files of netcfg.
 */
#ifndef JVPN_TUN_NETCFG_CHECK_H
#define JVPN_TUN_NETCFG_CHECK_H

#include "tun/netcfg.h"

/* Adds a sentence; drops it when there are JVPN_NETCFG_WARNINGS_MAX already. */
void jvpn_netcfg_warn(struct jvpn_netcfg_warnings *warnings, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
