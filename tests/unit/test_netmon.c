/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of client/netmon: what messages add up to, without a kernel; and the sleep of the machine by
 * an injected clock.
 */
#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "client/netmon_table.h"
#include "tun/netlink.h"
#include "unit.h"

#define ETH    3
#define WIFI   4
#define TUNNEL 9
#define NOW    1000
#define UP     (IFF_UP | IFF_LOWER_UP)

static struct jvpn_netmon_table *table;
static struct jvpn_netlink_request message;
static enum jvpn_netmon_change change;
static struct jvpn_netmon_link link_;

static void setup(void)
{
	table = calloc(1, sizeof(*table));
	ck_assert_ptr_nonnull(table);
	memcpy(table->tun_name, "jvpn0", 6);
}

static void teardown(void)
{
	free(table);
}

/* ---- messages as the kernel makes them ---- */

static void make_link(uint16_t type, int ifindex, uint32_t flags, const char *name)
{
	struct ifinfomsg body = {.ifi_index = ifindex, .ifi_flags = flags};

	jvpn_netlink_request_init(&message, type, 0, &body, sizeof(body));
	if (name != NULL)
		jvpn_netlink_put(&message, IFLA_IFNAME, name, strlen(name) + 1);
}

static void apply(void)
{
	jvpn_netmon_table_apply(table, &message.u.header);
}

static void link_is(int ifindex, const char *name, uint32_t flags, uint8_t operstate)
{
	make_link(RTM_NEWLINK, ifindex, flags, name);
	jvpn_netlink_put(&message, IFLA_OPERSTATE, &operstate, 1);
	apply();
}

static void make_address(uint16_t type, int ifindex, const char *text, uint32_t flags)
{
	struct ifaddrmsg body = {.ifa_index = (uint32_t)ifindex};
	bool v6 = strchr(text, ':') != NULL;
	uint8_t address[16];

	body.ifa_family = v6 ? AF_INET6 : AF_INET;
	body.ifa_prefixlen = v6 ? 64 : 24;
	ck_assert_int_eq(inet_pton(body.ifa_family, text, address), 1);
	jvpn_netlink_request_init(&message, type, 0, &body, sizeof(body));
	jvpn_netlink_put(&message, v6 ? IFA_ADDRESS : IFA_LOCAL, address, v6 ? 16 : 4);
	jvpn_netlink_put_u32(&message, IFA_FLAGS, flags);
}

static void address_is(int ifindex, const char *text, uint32_t flags)
{
	make_address(RTM_NEWADDR, ifindex, text, flags);
	apply();
}

static void address_gone(int ifindex, const char *text)
{
	make_address(RTM_DELADDR, ifindex, text, 0);
	apply();
}

static void make_route(uint8_t which, int ifindex)
{
	struct rtmsg body = {.rtm_family = AF_INET, .rtm_table = which, .rtm_type = RTN_UNICAST};

	jvpn_netlink_request_init(&message, RTM_NEWROUTE, 0, &body, sizeof(body));
	if (ifindex != 0)
		jvpn_netlink_put_u32(&message, RTA_OIF, (uint32_t)ifindex);
}

static bool next(void)
{
	return jvpn_netmon_table_next(table, NOW, &change, &link_);
}

static void expect(enum jvpn_netmon_change what, int ifindex)
{
	ck_assert(next());
	ck_assert_int_eq(change, what);
	ck_assert_int_eq(link_.ifindex, ifindex);
}

static void expect_nothing(void)
{
	ck_assert(!next());
}

static bool has4(const char *text)
{
	uint8_t address[4];

	ck_assert_int_eq(inet_pton(AF_INET, text, address), 1);
	return link_.has4 && memcmp(address, link_.addr4, 4) == 0;
}

static bool has6(const char *text)
{
	uint8_t address[16];

	ck_assert_int_eq(inet_pton(AF_INET6, text, address), 1);
	return link_.has6 && memcmp(address, link_.addr6, 16) == 0;
}

/* eth0, up with an IPv4 address, and that is told. */
static void have_eth(void)
{
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	address_is(ETH, "192.0.2.7", 0);
	expect(JVPN_NETMON_LINK_UP, ETH);
	expect_nothing();
}

/* ---- links ---- */

START_TEST(netmon__link_without_address__is_told_when_it_has_one)
{
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	expect_nothing();
	ck_assert_uint_eq(table->link_count, 1);
	ck_assert(table->link[0].usable && !table->link[0].has4);
	address_is(ETH, "192.0.2.7", 0);
	expect(JVPN_NETMON_LINK_UP, ETH);
	ck_assert_str_eq(link_.name, "eth0");
	ck_assert(has4("192.0.2.7"));
	ck_assert(!link_.has6);
	ck_assert_uint_eq(link_.changed_ns, NOW);
	expect_nothing();
}
END_TEST

START_TEST(netmon__operstate__decides_not_running)
{
	static const struct {
		uint8_t operstate;
		bool usable;
	} states[] = {{IF_OPER_UNKNOWN, true},  {IF_OPER_NOTPRESENT, false},
		      {IF_OPER_TESTING, false}, {IF_OPER_DORMANT, false},
		      {IF_OPER_UP, true},       {77, false}};

	have_eth();
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		link_is(ETH, "eth0", UP | IFF_RUNNING, states[i].operstate);
		while (next())
			;
		ck_assert_int_eq(table->link[0].usable, states[i].usable);
	}
}
END_TEST

/* The flags are of the moment, operstate follows within a second. */
START_TEST(netmon__operstate_is_late__the_carrier_decides)
{
	uint8_t operstate = IF_OPER_DOWN, mode = IF_LINK_MODE_DORMANT;

	have_eth();
	link_is(ETH, "eth0", IFF_UP, IF_OPER_UP);
	expect(JVPN_NETMON_LINK_DOWN, ETH);
	link_is(ETH, "eth0", UP, IF_OPER_DOWN);
	expect(JVPN_NETMON_LINK_UP, ETH);
	link_is(ETH, "eth0", UP | IFF_DORMANT, IF_OPER_DOWN);
	expect(JVPN_NETMON_LINK_DOWN, ETH);
	/* A supplicant has the last word (wireless): it will be dormant first. */
	make_link(RTM_NEWLINK, ETH, UP, "eth0");
	jvpn_netlink_put(&message, IFLA_OPERSTATE, &operstate, 1);
	jvpn_netlink_put(&message, IFLA_LINKMODE, &mode, 1);
	apply();
	expect_nothing();
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	expect(JVPN_NETMON_LINK_UP, ETH);
}
END_TEST

START_TEST(netmon__carrier_or_admin_state_lost__down_and_up_again)
{
	have_eth();
	link_is(ETH, "eth0", IFF_UP, IF_OPER_DOWN);
	expect(JVPN_NETMON_LINK_DOWN, ETH);
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	expect(JVPN_NETMON_LINK_UP, ETH);
	link_is(ETH, "eth0", 0, IF_OPER_UP);
	expect(JVPN_NETMON_LINK_DOWN, ETH);
	expect_nothing();
}
END_TEST

START_TEST(netmon__same_again__nothing_is_told)
{
	have_eth();
	link_is(ETH, "eth0", UP | IFF_PROMISC, IF_OPER_UP);
	address_is(ETH, "192.0.2.7", 0);
	expect_nothing();
}
END_TEST

START_TEST(netmon__wireless_event__keeps_the_state)
{
	have_eth();
	link_is(ETH, "eth0", UP, IF_OPER_DORMANT);
	expect(JVPN_NETMON_LINK_DOWN, ETH);
	make_link(RTM_NEWLINK, ETH, UP, "eth0");
	apply();
	expect_nothing();
	ck_assert(!table->link[0].usable);
}
END_TEST

START_TEST(netmon__bridge_port_messages__are_not_about_the_link)
{
	struct ifinfomsg body = {.ifi_family = AF_BRIDGE, .ifi_index = ETH};

	have_eth();
	jvpn_netlink_request_init(&message, RTM_DELLINK, 0, &body, sizeof(body));
	apply();
	jvpn_netlink_request_init(&message, RTM_NEWLINK, 0, &body, sizeof(body));
	apply();
	expect_nothing();
	ck_assert(table->link[0].usable);
}
END_TEST

START_TEST(netmon__link_deleted__is_down_and_forgotten)
{
	have_eth();
	link_is(WIFI, "wlan0", UP, IF_OPER_UP);
	expect_nothing();
	make_link(RTM_DELLINK, ETH, 0, "eth0");
	apply();
	expect(JVPN_NETMON_LINK_DOWN, ETH);
	ck_assert_str_eq(link_.name, "eth0");
	expect_nothing();
	ck_assert_uint_eq(table->link_count, 1);
	ck_assert_int_eq(table->link[0].ifindex, WIFI);
	ck_assert_uint_eq(table->address_count, 0);
}
END_TEST

START_TEST(netmon__loopback_and_tunnel__never_usable)
{
	link_is(1, "lo", UP | IFF_LOOPBACK, IF_OPER_UNKNOWN);
	address_is(1, "192.0.2.1", 0);
	link_is(TUNNEL, "jvpn0", UP, IF_OPER_UNKNOWN);
	address_is(TUNNEL, "10.8.0.2", 0);
	expect_nothing();
	ck_assert(!table->link[0].usable && !table->link[1].usable);
}
END_TEST

START_TEST(netmon__renamed__has_the_new_name)
{
	have_eth();
	link_is(ETH, "lan0", UP, IF_OPER_UP);
	expect_nothing();
	ck_assert_str_eq(table->link[0].name, "lan0");
}
END_TEST

START_TEST(netmon__too_many_links__are_left_out)
{
	char name[16];

	for (int i = 1; i <= JVPN_NETMON_LINKS_MAX + 5; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		link_is(i, name, UP, IF_OPER_UP);
	}
	ck_assert_uint_eq(table->link_count, JVPN_NETMON_LINKS_MAX);
	ck_assert(table->overflow);
}
END_TEST

/* ---- addresses ---- */

START_TEST(netmon__tentative_address__is_no_source_yet)
{
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	address_is(ETH, "2001:db8::7", IFA_F_TENTATIVE | IFA_F_PERMANENT);
	expect_nothing();
	address_is(ETH, "2001:db8::7", IFA_F_PERMANENT);
	expect(JVPN_NETMON_LINK_UP, ETH);
	ck_assert(has6("2001:db8::7"));
}
END_TEST

START_TEST(netmon__address_without_use__is_no_source)
{
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	address_is(ETH, "2001:db8::7", IFA_F_TENTATIVE | IFA_F_DADFAILED);
	address_is(ETH, "2001:db8::8", IFA_F_DADFAILED);
	address_is(ETH, "fe80::1", 0);
	address_is(ETH, "febf::1", 0);
	address_is(ETH, "::1", 0);
	address_is(ETH, "169.254.3.4", 0);
	address_is(ETH, "127.0.0.2", 0);
	expect_nothing();
	address_is(ETH, "169.253.3.4", 0);
	expect(JVPN_NETMON_LINK_UP, ETH);
}
END_TEST

START_TEST(netmon__deprecated_address__only_without_another)
{
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	address_is(ETH, "2001:db8::1", IFA_F_DEPRECATED);
	expect(JVPN_NETMON_LINK_UP, ETH);
	ck_assert(has6("2001:db8::1"));
	address_is(ETH, "2001:db8::2", 0);
	expect(JVPN_NETMON_ADDRESS, ETH);
	ck_assert(has6("2001:db8::2"));
	address_is(ETH, "2001:db8::2", IFA_F_DEPRECATED);
	expect(JVPN_NETMON_ADDRESS, ETH);
	ck_assert(has6("2001:db8::1"));
}
END_TEST

START_TEST(netmon__unique_local_address__behind_a_global_one)
{
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	address_is(ETH, "fd00::1", 0);
	address_is(ETH, "2001:db8::1", 0);
	expect(JVPN_NETMON_LINK_UP, ETH);
	ck_assert(has6("2001:db8::1"));
}
END_TEST

START_TEST(netmon__second_address__changes_nothing)
{
	have_eth();
	address_is(ETH, "192.0.2.8", 0);
	expect_nothing();
	address_gone(ETH, "192.0.2.8");
	expect_nothing();
}
END_TEST

START_TEST(netmon__address_in_use_goes__the_next_is_told)
{
	have_eth();
	address_is(ETH, "192.0.2.8", 0);
	address_gone(ETH, "192.0.2.7");
	expect(JVPN_NETMON_ADDRESS, ETH);
	ck_assert(has4("192.0.2.8"));
	address_is(ETH, "2001:db8::1", 0);
	expect(JVPN_NETMON_ADDRESS, ETH);
	address_gone(ETH, "192.0.2.8");
	expect(JVPN_NETMON_ADDRESS, ETH);
	ck_assert(!link_.has4 && link_.has6);
}
END_TEST

START_TEST(netmon__last_address_goes__link_is_down)
{
	have_eth();
	address_gone(ETH, "192.0.2.7");
	expect(JVPN_NETMON_LINK_DOWN, ETH);
	ck_assert(link_.usable && !link_.has4);
	expect_nothing();
}
END_TEST

START_TEST(netmon__point_to_point__our_end_is_the_source)
{
	struct ifaddrmsg body = {
		.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = (uint32_t)ETH};
	static const uint8_t own[4] = {192, 0, 2, 1}, peer[4] = {192, 0, 2, 2};

	link_is(ETH, "ppp0", UP | IFF_POINTOPOINT, IF_OPER_UNKNOWN);
	jvpn_netlink_request_init(&message, RTM_NEWADDR, 0, &body, sizeof(body));
	jvpn_netlink_put(&message, IFA_ADDRESS, peer, 4);
	jvpn_netlink_put(&message, IFA_LOCAL, own, 4);
	apply();
	expect(JVPN_NETMON_LINK_UP, ETH);
	ck_assert(has4("192.0.2.1"));
}
END_TEST

START_TEST(netmon__too_many_addresses__are_left_out)
{
	char text[32];

	link_is(ETH, "eth0", UP, IF_OPER_UP);
	for (int i = 0; i < JVPN_NETMON_ADDRESSES_MAX + 5; i++) {
		snprintf(text, sizeof(text), "2001:db8::%x", i + 1);
		address_is(ETH, text, 0);
	}
	ck_assert_uint_eq(table->address_count, JVPN_NETMON_ADDRESSES_MAX);
	ck_assert(table->overflow);
}
END_TEST

/* ---- dumps ---- */

START_TEST(netmon__dump__finds_what_no_event_told)
{
	have_eth();
	address_is(ETH, "192.0.2.8", 0);
	jvpn_netmon_table_dump_begin(table);
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	link_is(WIFI, "wlan0", UP, IF_OPER_UP);
	address_is(ETH, "192.0.2.8", 0);
	address_is(WIFI, "198.51.100.7", 0);
	jvpn_netmon_table_dump_end(table);
	expect(JVPN_NETMON_ADDRESS, ETH);
	ck_assert(has4("192.0.2.8"));
	expect(JVPN_NETMON_LINK_UP, WIFI);
	expect_nothing();
	jvpn_netmon_table_dump_begin(table);
	link_is(WIFI, "wlan0", IFF_UP, IF_OPER_DOWN);
	jvpn_netmon_table_dump_end(table);
	expect(JVPN_NETMON_LINK_DOWN, ETH);
	expect(JVPN_NETMON_LINK_DOWN, WIFI);
	expect_nothing();
	ck_assert_uint_eq(table->link_count, 1);
}
END_TEST

START_TEST(netmon__dump_without_news__nothing_is_told)
{
	have_eth();
	jvpn_netmon_table_dump_begin(table);
	link_is(ETH, "eth0", UP, IF_OPER_UP);
	address_is(ETH, "192.0.2.7", 0);
	jvpn_netmon_table_dump_end(table);
	expect_nothing();
}
END_TEST

/* ---- routes ---- */

START_TEST(netmon__routes__are_one_change)
{
	have_eth();
	make_route(RT_TABLE_MAIN, ETH);
	apply();
	apply();
	expect_nothing();
	ck_assert(jvpn_netmon_table_next_route(table, &link_));
	ck_assert_int_eq(link_.ifindex, ETH);
	ck_assert(!jvpn_netmon_table_next_route(table, &link_));
	apply();
	make_route(RT_TABLE_MAIN, 0);
	apply();
	ck_assert(jvpn_netmon_table_next_route(table, &link_));
	ck_assert_int_eq(link_.ifindex, 0);
}
END_TEST

START_TEST(netmon__routes_of_no_interest__are_not_told)
{
	have_eth();
	link_is(TUNNEL, "jvpn0", UP, IF_OPER_UNKNOWN);
	expect_nothing();
	make_route(RT_TABLE_MAIN, TUNNEL);
	apply();
	make_route(RT_TABLE_LOCAL, ETH);
	apply();
	ck_assert(!jvpn_netmon_table_next_route(table, &link_));
}
END_TEST

/* ---- bytes that are no messages ---- */

/* Every shorter length of a message, with the rest of the memory gone (ASan watches). */
static void apply_truncated(void)
{
	size_t len = message.u.header.nlmsg_len;

	for (size_t cut = 0; cut < len; cut++) {
		struct nlmsghdr *copy = calloc(1, cut < NLMSG_HDRLEN ? NLMSG_HDRLEN : cut);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, message.u.bytes, cut);
		if (cut >= NLMSG_HDRLEN)
			copy->nlmsg_len = (uint32_t)cut;
		jvpn_netmon_table_apply_all(table, (const uint8_t *)copy, cut, NULL, NULL);
		free(copy);
	}
}

START_TEST(netmon__truncated_messages__are_harmless)
{
	uint8_t operstate = IF_OPER_UP;

	make_link(RTM_NEWLINK, ETH, UP, "eth0");
	jvpn_netlink_put(&message, IFLA_OPERSTATE, &operstate, 1);
	apply_truncated();
	make_address(RTM_NEWADDR, ETH, "2001:db8::7", 0);
	apply_truncated();
	make_address(RTM_DELADDR, ETH, "2001:db8::7", 0);
	apply_truncated();
	make_route(RT_TABLE_MAIN, ETH);
	apply_truncated();
	make_link(RTM_DELLINK, ETH, UP, "eth0");
	apply_truncated();
	while (next())
		;
}
END_TEST

START_TEST(netmon__odd_attributes__change_nothing)
{
	static const char long_name[] = "a-name-that-is-too-long-for-a-link";
	struct ifaddrmsg body = {.ifa_family = AF_INET6, .ifa_index = ETH};
	static const uint8_t four[4] = {192, 0, 2, 9};
	uint16_t bad_len = 3;

	make_link(RTM_NEWLINK, ETH, UP, long_name);
	apply();
	make_link(RTM_NEWLINK, ETH, UP, "");
	apply();
	make_link(RTM_NEWLINK, ETH, UP, NULL);
	apply();
	make_link(RTM_NEWLINK, -1, UP, "eth0");
	apply();
	ck_assert_uint_eq(table->link_count, 0);
	jvpn_netlink_request_init(&message, RTM_NEWADDR, 0, &body, sizeof(body));
	jvpn_netlink_put(&message, IFA_ADDRESS, four, sizeof(four)); /* too short for IPv6 */
	apply();
	make_address(RTM_NEWADDR, ETH, "2001:db8::7", 0);
	memcpy(message.u.bytes + NLMSG_LENGTH(sizeof(body)), &bad_len, sizeof(bad_len));
	apply();
	ck_assert_uint_eq(table->address_count, 0);
}
END_TEST

START_TEST(netmon__several_messages__are_taken_in_order)
{
	_Alignas(struct nlmsghdr) uint8_t data[2 * JVPN_NETLINK_REQUEST_BYTES];
	size_t len;

	make_link(RTM_NEWLINK, ETH, UP, "eth0");
	len = message.u.header.nlmsg_len;
	memcpy(data, message.u.bytes, len);
	make_address(RTM_NEWADDR, ETH, "192.0.2.7", 0);
	memcpy(data + len, message.u.bytes, message.u.header.nlmsg_len);
	len += message.u.header.nlmsg_len;
	jvpn_netmon_table_apply_all(table, data, len, NULL, NULL);
	expect(JVPN_NETMON_LINK_UP, ETH);
}
END_TEST

/* ---- the machine slept ---- */

static uint64_t slept_ms;
static unsigned resumed;

static uint64_t injected_slept_ns(void)
{
	return jvpn_ms_to_ns(slept_ms);
}

static void on_change(void *user, enum jvpn_netmon_change what, const struct jvpn_netmon_link *link)
{
	(void)user;
	if (what != JVPN_NETMON_RESUME)
		return;
	ck_assert_int_eq(link->ifindex, 0);
	resumed++;
}

static unsigned resumed_when(struct jvpn_netmon *netmon, uint64_t total_ms)
{
	unsigned before = resumed;

	slept_ms = total_ms;
	jvpn_netmon_poll(netmon, jvpn_netmon_next_deadline(netmon));
	return resumed - before;
}

START_TEST(netmon__clocks_part__the_machine_slept)
{
	struct jvpn_netmon *netmon;
	char error[256] = "";

	ck_assert_msg(jvpn_netmon_open("jvpn0", on_change, NULL, &netmon, error, sizeof(error)) ==
			      0,
		      "%s", error);
	slept_ms = 70000; /* before our time */
	jvpn_netmon_set_slept(netmon, injected_slept_ns);
	ck_assert_uint_eq(resumed_when(netmon, 70000), 0);
	ck_assert_uint_eq(resumed_when(netmon, 70500), 0);
	ck_assert_uint_eq(resumed_when(netmon, 71001), 1);
	ck_assert_uint_eq(resumed_when(netmon, 71001), 0);
	/* A reading that came late says less than the truth; the next is no sleep. */
	ck_assert_uint_eq(resumed_when(netmon, 70000), 0);
	ck_assert_uint_eq(resumed_when(netmon, 71001), 0);
	ck_assert_uint_eq(resumed_when(netmon, 3671001), 1);
	jvpn_netmon_close(netmon);
}
END_TEST

START_TEST(netmon__poll_before_its_time__does_nothing)
{
	struct jvpn_netmon *netmon;
	char error[256] = "";
	unsigned before = resumed;
	uint64_t at_ns;

	ck_assert_int_eq(jvpn_netmon_open("jvpn0", on_change, NULL, &netmon, error, sizeof(error)),
			 0);
	slept_ms = 0;
	jvpn_netmon_set_slept(netmon, injected_slept_ns);
	slept_ms = 60000;
	at_ns = jvpn_netmon_next_deadline(netmon);
	jvpn_netmon_poll(netmon, at_ns - 1);
	ck_assert_uint_eq(resumed, before);
	ck_assert_uint_eq(jvpn_netmon_next_deadline(netmon), at_ns);
	jvpn_netmon_poll(netmon, at_ns);
	ck_assert_uint_eq(resumed, before + 1);
	/* Often at first, then seldom. */
	ck_assert_uint_eq(jvpn_netmon_next_deadline(netmon),
			  at_ns + jvpn_ms_to_ns(JVPN_NETMON_EAGER_SWEEP_MS));
	at_ns += jvpn_ms_to_ns(JVPN_NETMON_EAGER_MS);
	jvpn_netmon_poll(netmon, at_ns);
	ck_assert_uint_eq(jvpn_netmon_next_deadline(netmon),
			  at_ns + jvpn_ms_to_ns(JVPN_NETMON_SWEEP_MS));
	jvpn_netmon_close(netmon);
}
END_TEST

UNIT_TESTS(netmon)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, netmon__link_without_address__is_told_when_it_has_one);
	tcase_add_test(tc, netmon__operstate__decides_not_running);
	tcase_add_test(tc, netmon__operstate_is_late__the_carrier_decides);
	tcase_add_test(tc, netmon__carrier_or_admin_state_lost__down_and_up_again);
	tcase_add_test(tc, netmon__same_again__nothing_is_told);
	tcase_add_test(tc, netmon__wireless_event__keeps_the_state);
	tcase_add_test(tc, netmon__bridge_port_messages__are_not_about_the_link);
	tcase_add_test(tc, netmon__link_deleted__is_down_and_forgotten);
	tcase_add_test(tc, netmon__loopback_and_tunnel__never_usable);
	tcase_add_test(tc, netmon__renamed__has_the_new_name);
	tcase_add_test(tc, netmon__too_many_links__are_left_out);
	tcase_add_test(tc, netmon__tentative_address__is_no_source_yet);
	tcase_add_test(tc, netmon__address_without_use__is_no_source);
	tcase_add_test(tc, netmon__deprecated_address__only_without_another);
	tcase_add_test(tc, netmon__unique_local_address__behind_a_global_one);
	tcase_add_test(tc, netmon__second_address__changes_nothing);
	tcase_add_test(tc, netmon__address_in_use_goes__the_next_is_told);
	tcase_add_test(tc, netmon__last_address_goes__link_is_down);
	tcase_add_test(tc, netmon__point_to_point__our_end_is_the_source);
	tcase_add_test(tc, netmon__too_many_addresses__are_left_out);
	tcase_add_test(tc, netmon__dump__finds_what_no_event_told);
	tcase_add_test(tc, netmon__dump_without_news__nothing_is_told);
	tcase_add_test(tc, netmon__routes__are_one_change);
	tcase_add_test(tc, netmon__routes_of_no_interest__are_not_told);
	tcase_add_test(tc, netmon__truncated_messages__are_harmless);
	tcase_add_test(tc, netmon__odd_attributes__change_nothing);
	tcase_add_test(tc, netmon__several_messages__are_taken_in_order);
	tcase_add_test(tc, netmon__clocks_part__the_machine_slept);
	tcase_add_test(tc, netmon__poll_before_its_time__does_nothing);
}
