/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of client/names.
 */
#include "client/names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "unit.h"

static const char *text_of(const struct sockaddr_storage *a)
{
	static char text[INET6_ADDRSTRLEN];

	if (a->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text,
			  sizeof(text));
	else
		inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, sizeof(text));
	return text;
}

START_TEST(names_servers__as_in_resolv_conf)
{
	struct jvpn_names_servers s = {0};

	jvpn_names_add_servers("# a comment\n; another\nsearch example.net\n"
			       "nameserver 192.0.2.1\n\tnameserver\t2001:db8::1 # here\n"
			       "nameserver nonsense\nnameserver\nnameservers 192.0.2.2\n"
			       "options edns0\nnameserver 127.0.0.53",
			       &s);
	ck_assert_uint_eq(s.count, 3);
	ck_assert_str_eq(text_of(&s.item[0]), "192.0.2.1");
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&s.item[0])->sin_port), 53);
	ck_assert_str_eq(text_of(&s.item[1]), "2001:db8::1");
	ck_assert_str_eq(text_of(&s.item[2]), "127.0.0.53");
	ck_assert(!jvpn_names_are_local(&s));
}
END_TEST

START_TEST(names_servers__bounded_and_added)
{
	struct jvpn_names_servers s = {0};

	jvpn_names_add_servers("nameserver 127.0.0.53\nnameserver ::1\n", &s);
	ck_assert(jvpn_names_are_local(&s));
	for (int i = 0; i < 9; i++)
		jvpn_names_add_servers("nameserver 192.0.2.1\n", &s);
	ck_assert_uint_eq(s.count, JVPN_NAMES_SERVERS_MAX);
}
END_TEST

START_TEST(names_host__every_line_that_has_it)
{
	static const char *const hosts = "127.0.0.1 localhost\n"
					 "192.0.2.7\tother vpn.example.net # vpn2\n"
					 "# 192.0.2.8 vpn.example.net\n"
					 "2001:db8::7 VPN.example.NET\n"
					 "nonsense vpn.example.net\n\n";
	struct jvpn_names_addresses a;

	jvpn_names_find_host(hosts, "vpn.example.net", &a);
	ck_assert_uint_eq(a.count, 2);
	ck_assert_str_eq(text_of(&a.item[0]), "192.0.2.7");
	ck_assert_str_eq(text_of(&a.item[1]), "2001:db8::7");
	jvpn_names_find_host(hosts, "vpn2", &a);
	ck_assert_uint_eq(a.count, 0);
	jvpn_names_find_host(hosts, "192.0.2.7", &a); /* an address is no name of itself */
	ck_assert_uint_eq(a.count, 0);
	jvpn_names_find_host("", "x", &a);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(names_numeric__addresses_only)
{
	struct sockaddr_storage a;

	ck_assert(jvpn_names_numeric("192.0.2.1", &a));
	ck_assert(jvpn_names_numeric("2001:db8::1", &a));
	ck_assert(!jvpn_names_numeric("vpn.example.net", &a));
	ck_assert(!jvpn_names_numeric("", &a));
}
END_TEST

UNIT_TESTS(names)
{
	tcase_add_test(tc, names_servers__as_in_resolv_conf);
	tcase_add_test(tc, names_servers__bounded_and_added);
	tcase_add_test(tc, names_host__every_line_that_has_it);
	tcase_add_test(tc, names_numeric__addresses_only);
}
