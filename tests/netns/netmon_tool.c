/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drives client/netmon for tests/netns/netmon: prints every change, and answers commands on standard
 * input, one per line. Not installed.
 *
 *	list                     one line per interface, then "ok"
 *	route NAME ADDRESS MARK  "yes" or "no"
 *	slept MS                 from now on the machine has slept so long in total; "ok"
 *	deaf                     takes the sockets out of their groups: no events any more; "ok"
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "client/netmon.h"
#include "runtime/clock.h"

#define LINE_BYTES 256
#define FDS_MAX    32

static struct jvpn_netmon *netmon;
static uint64_t slept_ns;

static uint64_t injected_slept_ns(void)
{
	return slept_ns;
}

static void print_link(const char *what, const struct jvpn_netmon_link *link)
{
	char a4[INET_ADDRSTRLEN] = "-", a6[INET6_ADDRSTRLEN] = "-";

	if (link->has4)
		inet_ntop(AF_INET, link->addr4, a4, sizeof(a4));
	if (link->has6)
		inet_ntop(AF_INET6, link->addr6, a6, sizeof(a6));
	printf("%s %s %s %s %s %llu\n", what, link->ifindex != 0 ? link->name : "-",
	       link->usable ? "usable" : "unusable", a4, a6,
	       (unsigned long long)jvpn_clock_mono_ns());
}

static void on_change(void *user, enum jvpn_netmon_change change,
		      const struct jvpn_netmon_link *link)
{
	static const char *const names[] = {
		[JVPN_NETMON_LINK_DOWN] = "DOWN",  [JVPN_NETMON_LINK_UP] = "UP",
		[JVPN_NETMON_ADDRESS] = "ADDRESS", [JVPN_NETMON_ROUTE] = "ROUTE",
		[JVPN_NETMON_RESUME] = "RESUME",
	};

	(void)user;
	print_link(names[change], link);
}

static void run_list(void)
{
	const struct jvpn_netmon_link *link;
	size_t count = jvpn_netmon_links(netmon, &link);

	for (size_t i = 0; i < count; i++)
		print_link("link", &link[i]);
	puts("ok");
}

static void run_route(const char *name, const char *address, unsigned long mark)
{
	const struct jvpn_netmon_link *link = jvpn_netmon_find(netmon, name);
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	const struct sockaddr *remote = (const struct sockaddr *)&v6;

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		remote = (const struct sockaddr *)&v4;
	else if (inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		link = NULL;
	puts(link != NULL && jvpn_netmon_has_route(netmon, link, remote, (uint32_t)mark) ? "yes"
											 : "no");
}

static void run_deaf(void)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
				     RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE};

	for (int fd = 3; fd < FDS_MAX; fd++)
		for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
			(void)setsockopt(fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &groups[i],
					 sizeof(groups[i]));
	puts("ok");
}

static void run_line(char *line)
{
	char name[LINE_BYTES] = "", address[LINE_BYTES] = "";
	unsigned long number = 0;

	if (sscanf(line, "route %255s %255s %lu", name, address, &number) >= 2) {
		run_route(name, address, number);
	} else if (sscanf(line, "slept %lu", &number) == 1) {
		slept_ns = jvpn_ms_to_ns(number);
		puts("ok");
	} else if (strncmp(line, "deaf", 4) == 0) {
		run_deaf();
	} else {
		run_list();
	}
}

static int timeout_ms(void)
{
	uint64_t left_ns = jvpn_time_since(jvpn_netmon_next_deadline(netmon), jvpn_clock_mono_ns());

	return (int)jvpn_ns_to_ms(left_ns) + 1;
}

int main(int argc, char **argv)
{
	char error[LINE_BYTES] = "", line[LINE_BYTES];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (jvpn_netmon_open(argc > 1 ? argv[1] : "jvpn0", on_change, NULL, &netmon, error,
			     sizeof(error)) != 0) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	jvpn_netmon_set_slept(netmon, injected_slept_ns);
	puts("ready");
	for (;;) {
		struct pollfd fds[2] = {{.fd = jvpn_netmon_fd(netmon), .events = POLLIN},
					{.fd = STDIN_FILENO, .events = POLLIN}};

		(void)poll(fds, 2, timeout_ms());
		if (fds[0].revents != 0)
			jvpn_netmon_read(netmon, jvpn_clock_mono_ns());
		jvpn_netmon_poll(netmon, jvpn_clock_mono_ns());
		if (fds[1].revents != 0) {
			/* One line for one answer: the test waits for it before the next. */
			if (fgets(line, sizeof(line), stdin) == NULL)
				break;
			run_line(line);
		}
	}
	jvpn_netmon_close(netmon);
	return 0;
}
