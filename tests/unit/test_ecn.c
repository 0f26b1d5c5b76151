/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 6040 figure 4, cell by cell.
 */
#include "proto/ecn.h"
#include "unit.h"

static const struct {
	enum jvpn_ecn inner, outer, expected;
} cells[] = {
	{JVPN_ECN_NOT_ECT, JVPN_ECN_NOT_ECT, JVPN_ECN_NOT_ECT},
	{JVPN_ECN_NOT_ECT, JVPN_ECN_ECT0, JVPN_ECN_NOT_ECT},
	{JVPN_ECN_NOT_ECT, JVPN_ECN_ECT1, JVPN_ECN_NOT_ECT},
	{JVPN_ECN_NOT_ECT, JVPN_ECN_CE, JVPN_ECN_DROP},
	{JVPN_ECN_ECT0, JVPN_ECN_NOT_ECT, JVPN_ECN_ECT0},
	{JVPN_ECN_ECT0, JVPN_ECN_ECT0, JVPN_ECN_ECT0},
	{JVPN_ECN_ECT0, JVPN_ECN_ECT1, JVPN_ECN_ECT1},
	{JVPN_ECN_ECT0, JVPN_ECN_CE, JVPN_ECN_CE},
	{JVPN_ECN_ECT1, JVPN_ECN_NOT_ECT, JVPN_ECN_ECT1},
	{JVPN_ECN_ECT1, JVPN_ECN_ECT0, JVPN_ECN_ECT1},
	{JVPN_ECN_ECT1, JVPN_ECN_ECT1, JVPN_ECN_ECT1},
	{JVPN_ECN_ECT1, JVPN_ECN_CE, JVPN_ECN_CE},
	{JVPN_ECN_CE, JVPN_ECN_NOT_ECT, JVPN_ECN_CE},
	{JVPN_ECN_CE, JVPN_ECN_ECT0, JVPN_ECN_CE},
	{JVPN_ECN_CE, JVPN_ECN_ECT1, JVPN_ECN_CE},
	{JVPN_ECN_CE, JVPN_ECN_CE, JVPN_ECN_CE},
};

START_TEST(ecn_decapsulate__each_pair__as_rfc_6040_has_it)
{
	ck_assert_int_eq(jvpn_ecn_decapsulate(cells[_i].inner, cells[_i].outer),
			 cells[_i].expected);
}
END_TEST

UNIT_TESTS(ecn)
{
	tcase_add_loop_test(tc, ecn_decapsulate__each_pair__as_rfc_6040_has_it, 0,
			    (int)(sizeof(cells) / sizeof(cells[0])));
}
