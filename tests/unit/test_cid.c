/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connection ID layout: golden octets, bounds, and that a prefix routes where the CID does.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "golden.h"
#include "proto/cid.h"

static const struct jvpn_cid_layout layout = {
	.config_id = 2,
	.encode_len = true,
	.random_len = 8,
	.server_id_len = 2,
	.server_id = {0xa1, 0xb2},
};
static const uint8_t random_octets[] = {0xff, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
					0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92};

START_TEST(cid_make__golden__as_documented)
{
	struct jvpn_cid_layout low = layout;
	struct jvpn_cid cid;

	ck_assert_int_eq(jvpn_cid_make(&layout, 7, random_octets, &cid), 0);
	golden_check("cid.encoded_len", cid.b, cid.len);
	low.encode_len = false;
	ck_assert_int_eq(jvpn_cid_make(&low, 7, random_octets, &cid), 0);
	golden_check("cid.random_low", cid.b, cid.len);
}
END_TEST

START_TEST(cid_parse__own_and_foreign__told_apart)
{
	struct jvpn_cid_layout other = layout;
	struct jvpn_cid_route route;
	struct jvpn_cid cid;

	ck_assert_int_eq(jvpn_cid_make(&layout, 7, random_octets, &cid), 0);
	ck_assert_int_eq(jvpn_cid_parse(&layout, cid.b, cid.len, &route), 0);
	ck_assert(route.is_local);
	ck_assert_uint_eq(route.worker_id, 7);
	ck_assert_uint_eq(route.config_id, 2);
	ck_assert_mem_eq(route.server_id, layout.server_id, 2);
	other.server_id[1] ^= 1;
	ck_assert_int_eq(jvpn_cid_parse(&other, cid.b, cid.len, &route), 0);
	ck_assert(!route.is_local);
	other = layout;
	other.config_id = 3;
	ck_assert_int_eq(jvpn_cid_parse(&other, cid.b, cid.len, &route), 0);
	ck_assert(!route.is_local);
}
END_TEST

START_TEST(cid_parse__too_short_or_long__error)
{
	struct jvpn_cid_route route;
	uint8_t b[JVPN_CID_MAX + 1] = {0};

	for (size_t len = 0; len <= sizeof(b); len++)
		ck_assert_int_eq(jvpn_cid_parse(&layout, b, len, &route),
				 len >= 12 && len <= JVPN_CID_MAX ? 0 : JVPN_ETRUNCATED);
}
END_TEST

START_TEST(cid_layout_check__bounds__enforced)
{
	struct jvpn_cid_layout l = layout;

	ck_assert_int_eq(jvpn_cid_layout_check(&l), 0);
	l.config_id = 7;
	ck_assert_int_eq(jvpn_cid_layout_check(&l), JVPN_EINVAL);
	l = layout;
	l.random_len = 7;
	ck_assert_int_eq(jvpn_cid_layout_check(&l), JVPN_EINVAL);
	l.random_len = 16;
	ck_assert_int_eq(jvpn_cid_layout_check(&l), 0);
	l.random_len = 17;
	ck_assert_int_eq(jvpn_cid_layout_check(&l), JVPN_EINVAL);
	l = layout;
	l.server_id_len = 9;
	ck_assert_int_eq(jvpn_cid_layout_check(&l), JVPN_EINVAL);
	l.server_id_len = 8;
	l.random_len = 10;
	ck_assert_int_eq(jvpn_cid_layout_check(&l), 0);
	ck_assert_uint_eq(jvpn_cid_len(&l), JVPN_CID_MAX);
}
END_TEST

START_TEST(cid_route_prefix__every_server_id_length__routes_an_initial)
{
	struct jvpn_cid_layout l = layout;
	uint8_t prefix[JVPN_ROUTE_PREFIX_MAX];
	struct jvpn_cid_route route;
	struct jvpn_cid cid;
	int n;

	l.server_id_len = (uint8_t)_i;
	n = jvpn_cid_route_prefix(&l, 200, prefix);
	ck_assert_int_eq(n, _i + 2);
	ck_assert_int_eq(jvpn_cid_make_initial(prefix, (size_t)n, random_octets, &cid), 0);
	ck_assert_uint_eq(cid.len, (size_t)n + 8);
	ck_assert_int_eq(jvpn_cid_parse(&l, cid.b, cid.len, &route), 0);
	ck_assert(route.is_local);
	ck_assert_uint_eq(route.worker_id, 200);
	ck_assert_uint_eq(cid.b[0] & 0x1f, cid.len - 1);
}
END_TEST

START_TEST(cid_make_initial__golden_and_without_prefix__as_documented)
{
	uint8_t prefix[JVPN_ROUTE_PREFIX_MAX];
	struct jvpn_cid cid;
	int n = jvpn_cid_route_prefix(&layout, 7, prefix);

	golden_check("cid.route_prefix", prefix, (size_t)n);
	ck_assert_int_eq(jvpn_cid_make_initial(
				 prefix, (size_t)n,
				 (const uint8_t[]){0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97},
				 &cid),
			 0);
	golden_check("cid.initial", cid.b, cid.len);
	ck_assert_uint_eq(jvpn_cid_initial_random_len(0), 18);
	ck_assert_int_eq(jvpn_cid_make_initial(NULL, 0, random_octets, &cid), 0);
	ck_assert_uint_eq(cid.len, 18);
	ck_assert_int_eq(
		jvpn_cid_make_initial(prefix, JVPN_ROUTE_PREFIX_MAX + 1, random_octets, &cid),
		JVPN_EINVAL);
}
END_TEST

UNIT_TESTS(cid)
{
	tcase_add_test(tc, cid_make__golden__as_documented);
	tcase_add_test(tc, cid_parse__own_and_foreign__told_apart);
	tcase_add_test(tc, cid_parse__too_short_or_long__error);
	tcase_add_test(tc, cid_layout_check__bounds__enforced);
	tcase_add_loop_test(tc, cid_route_prefix__every_server_id_length__routes_an_initial, 0,
			    JVPN_CID_SERVER_ID_MAX + 1);
	tcase_add_test(tc, cid_make_initial__golden_and_without_prefix__as_documented);
}
