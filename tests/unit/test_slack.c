/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of base/slack.
 */
#include "base/slack.h"
#include "unit.h"

START_TEST(slack__many_are_gone__once_after_a_while)
{
	struct jvpn_slack slack;

	jvpn_slack_init(&slack);
	ck_assert(!jvpn_slack_look(&slack, 1000, 0));
	ck_assert_uint_eq(jvpn_slack_next_deadline(&slack), JVPN_TIME_NEVER);
	ck_assert(!jvpn_slack_look(&slack, 600, 5));
	ck_assert_uint_eq(jvpn_slack_next_deadline(&slack), 5 + JVPN_SLACK_WAIT_NS);
	ck_assert(!jvpn_slack_look(&slack, 500, 4 + JVPN_SLACK_WAIT_NS));
	ck_assert(jvpn_slack_look(&slack, 500, 5 + JVPN_SLACK_WAIT_NS));
	ck_assert_uint_eq(jvpn_slack_next_deadline(&slack), JVPN_TIME_NEVER);
	ck_assert(!jvpn_slack_look(&slack, 500, 99 * JVPN_SLACK_WAIT_NS));
	ck_assert_uint_eq(jvpn_slack_next_deadline(&slack), JVPN_TIME_NEVER);
}
END_TEST

START_TEST(slack__back_at_once_or_few__never)
{
	struct jvpn_slack slack;

	jvpn_slack_init(&slack);
	ck_assert(!jvpn_slack_look(&slack, 1000, 0));
	ck_assert(!jvpn_slack_look(&slack, 0, 1));
	ck_assert(!jvpn_slack_look(&slack, 900, 2));
	ck_assert_uint_eq(jvpn_slack_next_deadline(&slack), JVPN_TIME_NEVER);
	ck_assert(!jvpn_slack_look(&slack, 0, 2 * JVPN_SLACK_WAIT_NS)); /* the wait begins anew */
	jvpn_slack_init(&slack);
	ck_assert(!jvpn_slack_look(&slack, JVPN_SLACK_FEW - 1, 0));
	ck_assert(!jvpn_slack_look(&slack, 0, 1));
	ck_assert_uint_eq(jvpn_slack_next_deadline(&slack), JVPN_TIME_NEVER);
}
END_TEST

UNIT_TESTS(slack)
{
	tcase_add_test(tc, slack__many_are_gone__once_after_a_while);
	tcase_add_test(tc, slack__back_at_once_or_few__never);
}
