/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of server/lease.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"
#include "server/lease.h"
#include "unit.h"

#define SECOND 1000000000ULL

static int owners[1100];

static struct jvpn_prefix prefix_of(const char *address, uint8_t length)
{
	uint8_t family = strchr(address, ':') != NULL ? 6 : 4;
	uint8_t octets[16] = {0};
	struct jvpn_prefix prefix;

	ck_assert_int_eq(inet_pton(family == 4 ? AF_INET : AF_INET6, address, octets), 1);
	ck_assert_int_eq(jvpn_prefix_set(&prefix, family, octets, length), 0);
	return prefix;
}

static struct jvpn_lease_pool *pool_of(const char *v4, uint8_t v4_length, const char *v6,
				       uint64_t quarantine_ns)
{
	struct jvpn_lease_config config = {.max_leases = 1000, .quarantine_ns = quarantine_ns};
	struct jvpn_lease_pool *pool = NULL;

	if (v4 != NULL)
		config.ipv4 = prefix_of(v4, v4_length);
	if (v6 != NULL)
		config.ipv6 = prefix_of(v6, 64);
	ck_assert_int_eq(jvpn_lease_pool_new(&config, &pool), 0);
	return pool;
}

static void expect_text(const struct jvpn_prefix *prefix, const char *expected)
{
	char text[JVPN_PREFIX_FORMAT_MAX];

	jvpn_prefix_format(prefix, text);
	ck_assert_str_eq(text, expected);
}

static int try_new(struct jvpn_prefix v4, struct jvpn_prefix v6, size_t max)
{
	struct jvpn_lease_config config = {.ipv4 = v4, .ipv6 = v6, .max_leases = max};
	struct jvpn_lease_pool *pool = NULL;
	int err = jvpn_lease_pool_new(&config, &pool);

	jvpn_lease_pool_free(pool);
	return err;
}

START_TEST(lease_pool_new__unusable_configuration__is_refused)
{
	struct jvpn_prefix none = {0};

	ck_assert_int_eq(try_new(none, none, 10), JVPN_EINVAL);
	ck_assert_int_eq(try_new(prefix_of("10.8.0.0", 24), none, 0), JVPN_EINVAL);
	ck_assert_int_eq(try_new(prefix_of("10.8.0.1", 24), none, 10), JVPN_EINVAL);
	ck_assert_int_eq(try_new(prefix_of("fd00::", 64), none, 10), JVPN_EINVAL);
	ck_assert_int_eq(try_new(prefix_of("10.8.0.0", 31), none, 10), JVPN_ERANGE);
	ck_assert_int_eq(try_new(none, prefix_of("fd00::", 127), 10), JVPN_ERANGE);
	ck_assert_int_eq(try_new(prefix_of("10.8.0.0", 30), none, 10), 0);
	ck_assert_int_eq(try_new(none, prefix_of("fd00::", 126), 10), 0);
}
END_TEST

START_TEST(lease_allocate__fresh_pool__starts_behind_the_server)
{
	struct jvpn_lease_pool *pool = pool_of("10.8.0.0", 24, "fd00:6a76::", 0);
	struct jvpn_prefix server;
	struct jvpn_lease lease;

	jvpn_lease_pool_server(pool, 4, &server);
	expect_text(&server, "10.8.0.1/24");
	jvpn_lease_pool_server(pool, 6, &server);
	expect_text(&server, "fd00:6a76::1/64");
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[0], 0, &lease), 0);
	expect_text(&lease.ipv4, "10.8.0.2/32");
	expect_text(&lease.ipv6, "fd00:6a76::2/128");
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[1], 0, &lease), 0);
	expect_text(&lease.ipv4, "10.8.0.3/32");
	ck_assert_uint_eq(jvpn_lease_pool_count(pool), 2);
	jvpn_lease_pool_free(pool);
}
END_TEST

START_TEST(lease_allocate__whole_pool__leaves_out_network_server_and_broadcast)
{
	struct jvpn_lease_pool *pool = pool_of("10.8.0.0", 24, NULL, 0);
	struct jvpn_lease lease;
	bool seen[256] = {false};

	ck_assert_uint_eq(jvpn_lease_pool_capacity(pool), 253);
	for (int i = 0; i < 253; i++) {
		ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[i], 0, &lease), 0);
		ck_assert(!seen[lease.ipv4.address[3]]);
		seen[lease.ipv4.address[3]] = true;
		ck_assert_uint_eq(lease.ipv6.family, 0);
	}
	ck_assert(!seen[0] && !seen[1] && !seen[255]);
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[253], 0, &lease), JVPN_EFULL);
	jvpn_lease_pool_free(pool);
}
END_TEST

START_TEST(lease_allocate__more_than_max_leases__is_full)
{
	struct jvpn_lease_pool *pool = pool_of(NULL, 0, "fd00::", 0);
	struct jvpn_prefix beyond = prefix_of("fd00::3ea", 128),
			   far = prefix_of("fd00::ffff:ffff", 128);
	struct jvpn_lease lease;

	ck_assert_uint_eq(jvpn_lease_pool_capacity(pool), 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[i], 0, &lease), 0);
	expect_text(&lease.ipv6, "fd00::3e9/128");
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[1000], 0, &lease), JVPN_EFULL);
	ck_assert_ptr_null(jvpn_lease_owner(pool, 6, beyond.address));
	ck_assert_ptr_null(jvpn_lease_owner(pool, 6, far.address));
	jvpn_lease_pool_free(pool);
}
END_TEST

START_TEST(lease_release__then_allocate__reuses_least_recently_used)
{
	struct jvpn_lease_pool *pool = pool_of("10.8.0.0", 29, NULL, 0);
	struct jvpn_lease lease[5], again;

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[i], 0, &lease[i]), 0);
	ck_assert_int_eq(jvpn_lease_release(pool, &lease[3], 1), 0);
	ck_assert_int_eq(jvpn_lease_release(pool, &lease[1], 2), 0);
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[5], 3, &again), 0);
	ck_assert(jvpn_prefix_equal(&again.ipv4, &lease[3].ipv4));
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[6], 3, &again), 0);
	ck_assert(jvpn_prefix_equal(&again.ipv4, &lease[1].ipv4));
	jvpn_lease_pool_free(pool);
}
END_TEST

START_TEST(lease_allocate__within_quarantine__is_full_until_it_ends)
{
	struct jvpn_lease_pool *pool = pool_of("10.8.0.0", 30, NULL, 60 * SECOND);
	struct jvpn_lease lease, again;

	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[0], 0, &lease), 0);
	ck_assert_int_eq(jvpn_lease_release(pool, &lease, 100 * SECOND), 0);
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[1], 160 * SECOND - 1, &again),
			 JVPN_EFULL);
	ck_assert_ptr_null(jvpn_lease_owner(pool, 4, lease.ipv4.address));
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[1], 160 * SECOND, &again), 0);
	ck_assert(jvpn_prefix_equal(&again.ipv4, &lease.ipv4));
	jvpn_lease_pool_free(pool);
}
END_TEST

START_TEST(lease_release__twice_or_foreign__is_not_found)
{
	struct jvpn_lease_pool *pool = pool_of("10.8.0.0", 24, "fd00::", 0);
	struct jvpn_lease lease, mixed, other;

	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[0], 0, &lease), 0);
	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[1], 0, &other), 0);
	mixed = lease;
	mixed.ipv6 = other.ipv6;
	ck_assert_int_eq(jvpn_lease_release(pool, &mixed, 0), JVPN_ENOTFOUND);
	mixed = lease;
	mixed.ipv4.length = 31;
	ck_assert_int_eq(jvpn_lease_release(pool, &mixed, 0), JVPN_ENOTFOUND);
	ck_assert_int_eq(jvpn_lease_release(pool, &lease, 0), 0);
	ck_assert_int_eq(jvpn_lease_release(pool, &lease, 0), JVPN_ENOTFOUND);
	ck_assert_uint_eq(jvpn_lease_pool_count(pool), 1);
	jvpn_lease_pool_free(pool);
}
END_TEST

START_TEST(lease_owner__every_kind_of_address__finds_only_what_is_out)
{
	struct jvpn_lease_pool *pool = pool_of("10.8.0.0", 24, "fd00::", 0);
	struct jvpn_lease lease;
	struct jvpn_prefix network = prefix_of("10.8.0.0", 32), server = prefix_of("10.8.0.1", 32);
	struct jvpn_prefix outside = prefix_of("10.8.1.2", 32),
			   high = prefix_of("fd00::1:0:0:2", 128);

	ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[0], 0, &lease), 0);
	ck_assert_ptr_eq(jvpn_lease_owner(pool, 4, lease.ipv4.address), &owners[0]);
	ck_assert_ptr_eq(jvpn_lease_owner(pool, 6, lease.ipv6.address), &owners[0]);
	ck_assert_ptr_null(jvpn_lease_owner(pool, 4, network.address));
	ck_assert_ptr_null(jvpn_lease_owner(pool, 4, server.address));
	ck_assert_ptr_null(jvpn_lease_owner(pool, 4, outside.address));
	ck_assert_ptr_null(jvpn_lease_owner(pool, 6, high.address));
	ck_assert_ptr_null(jvpn_lease_owner(pool, 5, lease.ipv6.address));
	jvpn_lease_pool_free(pool);
}
END_TEST

START_TEST(lease_restore__free_then_taken__keeps_the_addresses)
{
	struct jvpn_lease_pool *pool = pool_of("10.8.0.0", 24, "fd00::", 0);
	struct jvpn_lease wanted = {prefix_of("10.8.0.9", 32), prefix_of("fd00::9", 128)};
	struct jvpn_lease half = {prefix_of("10.8.0.10", 32), {0}};
	struct jvpn_lease next;

	ck_assert_int_eq(jvpn_lease_restore(pool, &owners[0], &wanted), 0);
	ck_assert_int_eq(jvpn_lease_restore(pool, &owners[1], &wanted), JVPN_EEXISTS);
	ck_assert_int_eq(jvpn_lease_restore(pool, &owners[1], &half), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_lease_restore(pool, NULL, &wanted), JVPN_EINVAL);
	ck_assert_ptr_eq(jvpn_lease_owner(pool, 6, wanted.ipv6.address), &owners[0]);
	for (int i = 1; i <= 8; i++) {
		ck_assert_int_eq(jvpn_lease_allocate(pool, &owners[i], 0, &next), 0);
		ck_assert(!jvpn_prefix_equal(&next.ipv4, &wanted.ipv4));
	}
	jvpn_lease_pool_free(pool);
}
END_TEST

START_TEST(lease_to_addresses__pair__is_an_address_assign)
{
	struct jvpn_lease lease = {prefix_of("10.8.0.9", 32), prefix_of("fd00::9", 128)};
	struct jvpn_connectip_addresses out;

	jvpn_lease_to_addresses(&lease, &out);
	ck_assert_uint_eq(out.count, 2);
	ck_assert_uint_eq(out.address[0].version, 4);
	ck_assert_uint_eq(out.address[0].prefix_len, 32);
	ck_assert_uint_eq(out.address[1].version, 6);
	ck_assert_uint_eq(out.address[1].prefix_len, 128);
	ck_assert_int_eq(out.address[1].address[15], 9);
}
END_TEST

START_TEST(lease_overlap__local_networks__names_the_first)
{
	struct jvpn_lease_config config = {.ipv4 = prefix_of("10.8.0.0", 16)};
	struct jvpn_prefix networks[] = {prefix_of("192.0.2.0", 24), prefix_of("10.8.3.0", 24),
					 prefix_of("10.0.0.0", 8)};

	ck_assert_ptr_eq(jvpn_lease_overlap(&config, networks, 3), &networks[1]);
	ck_assert_ptr_null(jvpn_lease_overlap(&config, networks, 1));
}
END_TEST

UNIT_TESTS(lease)
{
	tcase_add_test(tc, lease_pool_new__unusable_configuration__is_refused);
	tcase_add_test(tc, lease_allocate__fresh_pool__starts_behind_the_server);
	tcase_add_test(tc, lease_allocate__whole_pool__leaves_out_network_server_and_broadcast);
	tcase_add_test(tc, lease_allocate__more_than_max_leases__is_full);
	tcase_add_test(tc, lease_release__then_allocate__reuses_least_recently_used);
	tcase_add_test(tc, lease_allocate__within_quarantine__is_full_until_it_ends);
	tcase_add_test(tc, lease_release__twice_or_foreign__is_not_found);
	tcase_add_test(tc, lease_owner__every_kind_of_address__finds_only_what_is_out);
	tcase_add_test(tc, lease_restore__free_then_taken__keeps_the_addresses);
	tcase_add_test(tc, lease_to_addresses__pair__is_an_address_assign);
	tcase_add_test(tc, lease_overlap__local_networks__names_the_first);
}
