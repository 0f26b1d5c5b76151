/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of base/prefix.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"
#include "base/prefix.h"
#include "unit.h"

static struct jvpn_prefix prefix_of(const char *address, uint8_t length)
{
	uint8_t family = strchr(address, ':') != NULL ? 6 : 4;
	uint8_t octets[16] = {0};
	struct jvpn_prefix prefix;

	ck_assert_int_eq(inet_pton(family == 4 ? AF_INET : AF_INET6, address, octets), 1);
	ck_assert_int_eq(jvpn_prefix_set(&prefix, family, octets, length), 0);
	return prefix;
}

START_TEST(prefix_set__bad_family_or_length__returns_inval)
{
	uint8_t address[16] = {10};
	struct jvpn_prefix prefix;

	ck_assert_int_eq(jvpn_prefix_set(&prefix, 5, address, 8), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_prefix_set(&prefix, 4, address, 33), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_prefix_set(&prefix, 6, address, 129), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_prefix_set(&prefix, 6, address, 128), 0);
}
END_TEST

START_TEST(prefix_mask__host_bits__clears_them)
{
	struct jvpn_prefix prefix = prefix_of("10.8.7.255", 22);
	struct jvpn_prefix masked = prefix_of("10.8.4.0", 22);
	struct jvpn_prefix host = prefix_of("fd00::1", 128);

	jvpn_prefix_mask(&prefix);
	ck_assert(jvpn_prefix_equal(&prefix, &masked));
	jvpn_prefix_mask(&host);
	ck_assert_int_eq(host.address[15], 1);
}
END_TEST

START_TEST(prefix_contains__edges_of_an_odd_length__are_exact)
{
	struct jvpn_prefix prefix = prefix_of("10.8.4.0", 22);
	struct jvpn_prefix all = prefix_of("0.0.0.0", 0);
	uint8_t inside[4] = {10, 8, 7, 255}, outside[4] = {10, 8, 8, 0}, v6[16] = {10, 8, 4};

	ck_assert(jvpn_prefix_contains(&prefix, 4, inside));
	ck_assert(!jvpn_prefix_contains(&prefix, 4, outside));
	ck_assert(!jvpn_prefix_contains(&prefix, 6, v6));
	ck_assert(jvpn_prefix_contains(&all, 4, outside));
}
END_TEST

START_TEST(prefix_overlaps__nested_and_disjoint__is_symmetric)
{
	struct jvpn_prefix wide = prefix_of("10.0.0.0", 8), narrow = prefix_of("10.8.0.0", 24);
	struct jvpn_prefix other = prefix_of("11.0.0.0", 8), none = {0};

	ck_assert(jvpn_prefix_overlaps(&wide, &narrow));
	ck_assert(jvpn_prefix_overlaps(&narrow, &wide));
	ck_assert(!jvpn_prefix_overlaps(&wide, &other));
	ck_assert(!jvpn_prefix_overlaps(&none, &none));
}
END_TEST

START_TEST(prefix_format__both_families__reads_as_usual)
{
	struct jvpn_prefix v4 = prefix_of("192.0.2.0", 24), v6 = prefix_of("2001:db8::", 32),
			   none = {0};
	char text[JVPN_PREFIX_FORMAT_MAX];

	jvpn_prefix_format(&v4, text);
	ck_assert_str_eq(text, "192.0.2.0/24");
	jvpn_prefix_format(&v6, text);
	ck_assert_str_eq(text, "2001:db8::/32");
	jvpn_prefix_format(&none, text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(prefix_cover__whole_space__is_one_default_route)
{
	uint8_t start[16] = {0}, end[16];
	struct jvpn_prefix out[2];

	memset(end, 0xff, sizeof(end));
	ck_assert_int_eq(jvpn_prefix_cover(4, start, end, out, 2), 1);
	ck_assert_int_eq(out[0].length, 0);
	ck_assert_int_eq(jvpn_prefix_cover(6, start, end, out, 2), 1);
	ck_assert_int_eq(out[0].family, 6);
	ck_assert_int_eq(out[0].length, 0);
}
END_TEST

START_TEST(prefix_cover__worst_ipv4_range__needs_62)
{
	uint8_t start[4] = {0, 0, 0, 1}, end[4] = {255, 255, 255, 254};
	struct jvpn_prefix out[62];
	uint64_t covered = 0;

	ck_assert_int_eq(jvpn_prefix_cover(4, start, end, out, 61), JVPN_EFULL);
	ck_assert_int_eq(jvpn_prefix_cover(4, start, end, out, 62), 62);
	for (int i = 0; i < 62; i++)
		covered += 1ULL << (32 - out[i].length);
	ck_assert_uint_eq(covered, (1ULL << 32) - 2);
}
END_TEST

START_TEST(prefix_cover__single_address__is_a_host_route)
{
	uint8_t address[16];
	struct jvpn_prefix out[1];

	memset(address, 0xff, sizeof(address));
	ck_assert_int_eq(jvpn_prefix_cover(6, address, address, out, 1), 1);
	ck_assert_int_eq(out[0].length, 128);
	ck_assert_int_eq(jvpn_prefix_cover(4, address, address, out, 1), 1);
	ck_assert_int_eq(out[0].length, 32);
}
END_TEST

START_TEST(prefix_cover__reversed_range__returns_inval)
{
	uint8_t start[4] = {10, 0, 0, 2}, end[4] = {10, 0, 0, 1};
	struct jvpn_prefix out[1];

	ck_assert_int_eq(jvpn_prefix_cover(4, start, end, out, 1), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_prefix_cover(5, end, start, out, 1), JVPN_EINVAL);
}
END_TEST

UNIT_TESTS(prefix)
{
	tcase_add_test(tc, prefix_set__bad_family_or_length__returns_inval);
	tcase_add_test(tc, prefix_mask__host_bits__clears_them);
	tcase_add_test(tc, prefix_contains__edges_of_an_odd_length__are_exact);
	tcase_add_test(tc, prefix_overlaps__nested_and_disjoint__is_symmetric);
	tcase_add_test(tc, prefix_format__both_families__reads_as_usual);
	tcase_add_test(tc, prefix_cover__whole_space__is_one_default_route);
	tcase_add_test(tc, prefix_cover__worst_ipv4_range__needs_62);
	tcase_add_test(tc, prefix_cover__single_address__is_a_host_route);
	tcase_add_test(tc, prefix_cover__reversed_range__returns_inval);
}
