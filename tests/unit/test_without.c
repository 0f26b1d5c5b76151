/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of base/without.
 */
#include "base/without.h"

#include <stdlib.h>

#include "unit.h"

START_TEST(without__list__whole_words_only)
{
	unsetenv("JVPN_WITHOUT");
	ck_assert(!jvpn_without("gso"));
	setenv("JVPN_WITHOUT", "", 1);
	ck_assert(!jvpn_without("gso"));
	setenv("JVPN_WITHOUT", "tso,uso aead", 1);
	ck_assert(jvpn_without("tso"));
	ck_assert(jvpn_without("uso"));
	ck_assert(jvpn_without("aead"));
	ck_assert(!jvpn_without("gso"));
	setenv("JVPN_WITHOUT", "mytso tsox utso gso", 1);
	ck_assert(!jvpn_without("tso"));
	ck_assert(jvpn_without("gso"));
}
END_TEST

UNIT_TESTS(without)
{
	tcase_add_test(tc, without__list__whole_words_only);
}
