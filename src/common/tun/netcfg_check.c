/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings of this network namespace that keep a tunnel from working. Reads /proc/sys/net, changes
 * nothing.
 */
#include "tun/netcfg_check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SYSCTL_MISSING   (-1)
#define RP_FILTER_STRICT 1

void jvpn_netcfg_warn(struct jvpn_netcfg_warnings *warnings, const char *fmt, ...)
{
	va_list ap;

	if (warnings->count == JVPN_NETCFG_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(warnings->text[warnings->count], JVPN_NETCFG_WARNING_BYTES, fmt, ap);
	va_end(ap);
	warnings->count++;
}

/* The one digit that the settings read here have; SYSCTL_MISSING when there is no such file. A
 * device name goes into the path: it has no slash (the kernel refuses one), and ".." is none. */
static int read_setting(const char *family, const char *device, const char *name)
{
	char path[160], digit;
	ssize_t n;
	int fd;

	if (device[0] == '\0' || strchr(device, '/') != NULL || strcmp(device, "..") == 0)
		return SYSCTL_MISSING;
	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, device, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return SYSCTL_MISSING;
	n = read(fd, &digit, 1);
	close(fd);
	return n == 1 && digit >= '0' && digit <= '9' ? digit - '0' : SYSCTL_MISSING;
}

bool jvpn_netcfg_has_ipv6(const char *device)
{
	return read_setting("ipv6", device, "disable_ipv6") == 0;
}

void jvpn_netcfg_check_server(bool ipv4, bool ipv6, const char *tun_name,
			      struct jvpn_netcfg_warnings *out)
{
	/* conf/all/forwarding is the same switch as ip_forward. */
	if (ipv4 && read_setting("ipv4", "all", "forwarding") == 0)
		jvpn_netcfg_warn(out,
				 "net.ipv4.ip_forward is 0: clients reach this host but nothing "
				 "behind it (sysctl -w net.ipv4.ip_forward=1)");
	if (ipv6 && !jvpn_netcfg_has_ipv6(tun_name[0] != '\0' ? tun_name : "all"))
		jvpn_netcfg_warn(out, "IPv6 is disabled here: the IPv6 pool is not used "
				      "(net.ipv6.conf.all.disable_ipv6)");
	else if (ipv6 && read_setting("ipv6", "all", "forwarding") == 0)
		jvpn_netcfg_warn(out,
				 "net.ipv6.conf.all.forwarding is 0: clients reach this host but "
				 "nothing behind it (sysctl -w net.ipv6.conf.all.forwarding=1)");
}

void jvpn_netcfg_check_client(const char *outer, bool default_route,
			      struct jvpn_netcfg_warnings *out)
{
	int all = read_setting("ipv4", "all", "rp_filter");
	int device = read_setting("ipv4", outer, "rp_filter");
	int effective = all > device ? all : device;

	/* The kernel takes the larger of the two. */
	if (default_route && effective == RP_FILTER_STRICT)
		jvpn_netcfg_warn(
			out,
			"strict reverse-path filtering drops the server's packets while the "
			"default route is the tunnel's: sysctl -w net.ipv4.conf.%s.rp_filter=2",
			outer[0] != '\0' ? outer : "all");
}
