/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whoever cannot start the client is told what to do.
 */
#include "client/advice.h"

#include <string.h>

#include "unit.h"

START_TEST(advice_close__certificates__each_has_its_own)
{
	static const char *const cases[][2] = {
		{"the server's certificate is self-signed and is no configured CA", "tls.ca"},
		{"the server's certificate was issued by \"x\", not by a configured CA", "tls.ca"},
		{"the server's certificate expired at 2026 by this machine's clock", "clock"},
		{"the server's certificate is not valid before 2040 by this machine's clock",
		 "clock"},
		{"the server's certificate is not for \"a\" but for b", "server.name"},
		{"the server's certificate was refused: x", "operator"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_ptr_nonnull(strstr(jvpn_advice_close(JVPN_CLOSE_CERTIFICATE, cases[i][0]),
					     cases[i][1]));
	ck_assert_ptr_nonnull(strstr(jvpn_advice_close(JVPN_CLOSE_TLS, ""), "tls.cipher"));
	ck_assert_ptr_null(jvpn_advice_close(JVPN_CLOSE_LOCAL, ""));
	ck_assert_ptr_null(jvpn_advice_close(JVPN_CLOSE_IDLE, ""));
}
END_TEST

START_TEST(advice_status__every_answer__has_a_next_step)
{
	ck_assert_ptr_nonnull(strstr(jvpn_advice_status(401), "add-client"));
	ck_assert_ptr_nonnull(strstr(jvpn_advice_status(403), "policy"));
	ck_assert_ptr_nonnull(strstr(jvpn_advice_status(429), "again later"));
	ck_assert_ptr_nonnull(strstr(jvpn_advice_status(503), "again later"));
	ck_assert_ptr_nonnull(strstr(jvpn_advice_status(500), "its log"));
	ck_assert_ptr_nonnull(strstr(jvpn_advice_status(404), "server.address"));
	ck_assert_ptr_nonnull(strstr(jvpn_advice_status(301), "server.address"));
	for (int reason = 0; reason < JVPN_REASON_COUNT; reason++)
		ck_assert_ptr_nonnull(jvpn_advice_end((enum jvpn_reason)reason));
}
END_TEST

UNIT_TESTS(advice)
{
	tcase_add_test(tc, advice_close__certificates__each_has_its_own);
	tcase_add_test(tc, advice_status__every_answer__has_a_next_step);
}
