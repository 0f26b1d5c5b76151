/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A unit-test file holds the tests of one noun and registers them itself:
 *
 *	#include "unit.h"
 *	#include "base/buf.h"
 *
 *	START_TEST(buf_put__full_buffer__returns_space)
 *	{
 *		ck_assert_int_eq(...);
 *	}
 *	END_TEST
 *
 *	UNIT_TESTS(buf)
 *	{
 *		tcase_add_test(tc, buf_put__full_buffer__returns_space);
 *		tcase_add_loop_test(tc, ...);	(and fixtures, time-outs: it is libcheck's TCase)
 *	}
 *
 * Names are <what>__<condition>__<result>. One noun by hand: CK_RUN_CASE=buf ./tests/unit/unit_base;
 * in a debugger: CK_FORK=no.
 */
#ifndef JVPN_TESTS_UNIT_H
#define JVPN_TESTS_UNIT_H

#include <check.h>

/* Called before main; 'name' is a literal. */
void unit_register(const char *name, void (*add)(TCase *tc));

#define UNIT_TESTS(noun)                                                                           \
	static void noun##_tests(TCase *tc);                                                       \
	static void __attribute__((constructor)) noun##_tests_register(void)                       \
	{                                                                                          \
		unit_register(#noun, noun##_tests);                                                \
	}                                                                                          \
	static void noun##_tests(TCase *tc)

#endif
