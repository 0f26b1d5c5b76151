/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of audit/story: one session is picked out, whatever stands around it.
 */
#include "audit/story.h"

#include "base/err.h"
#include "trail_fixture.h"
#include "unit.h"

static struct jvpn_story s;

static int read_as(const char *wanted)
{
	struct jvpn_trail_handler handler;
	int rv = jvpn_story_init(&s, wanted);

	if (rv)
		return rv;
	handler = jvpn_story_handler(&s);
	trail_read_golden(&handler);
	return jvpn_story_end(&s);
}

static void teardown(void)
{
	jvpn_story_clear(&s);
}

START_TEST(story__unique_prefix__that_session)
{
	ck_assert_int_eq(read_as("5F5"), 0);
	ck_assert_uint_eq(s.id.b[15], 0x5f);
	ck_assert_str_eq(s.user, "alice");
	ck_assert_uint_eq(s.nodes, 2);
	ck_assert_uint_eq(s.damaged, 0);
	for (uint32_t i = 1; i < s.events; i++)
		ck_assert_uint_le(s.event[i - 1].ts_ms, s.event[i].ts_ms);
}
END_TEST

START_TEST(story__ambiguous_prefix__others_are_named)
{
	ck_assert_int_eq(read_as("5f"), JVPN_EEXISTS);
	ck_assert_uint_eq(s.others, 1);
}
END_TEST

START_TEST(story__unknown_prefix__sessions_that_are_there_are_named)
{
	ck_assert_int_eq(read_as("0"), JVPN_ENOTFOUND);
	ck_assert_uint_eq(s.others, 2);
}
END_TEST

START_TEST(story_init__no_hex_digits__refused)
{
	static const char *const bad[] = {"", "5g", "5f ", "-",
					  "5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(jvpn_story_init(&s, bad[i]), JVPN_EINVAL);
		jvpn_story_clear(&s);
	}
}
END_TEST

START_TEST(story__a_hole_in_seq__told_as_lost)
{
	struct jvpn_trail_handler handler;
	unsigned lost = 0;

	ck_assert_int_eq(jvpn_story_init(&s, "0"), 0);
	handler = jvpn_story_handler(&s);
	for (unsigned long long i = 1; i < 4; i++)
		trail_put(&handler,
			  TRAIL_HEAD("server") "\"event_type\":\"TransportCandidateAdded\","
					       "\"transport\":\"a#%llu\"}",
			  i * 10, i * i, 7, 1, i);
	ck_assert_int_eq(jvpn_story_end(&s), 0);
	for (uint32_t i = 0; i < s.events; i++)
		lost += s.event[i].type == JVPN_STORY_LOST ? (unsigned)s.event[i].count : 0;
	ck_assert_uint_eq(lost, 2 + 4);
}
END_TEST

START_TEST(story__more_events_than_are_kept__counted)
{
	struct jvpn_trail_handler handler;
	struct jvpn_trail_place place = {.file = "test", .line = 1};
	struct jvpn_trail_line line = {.role = JVPN_ROLE_SERVER, .node = "n", .seq = 1, .pid = 1};

	line.event.type = JVPN_AUDIT_NODE_STARTED;
	ck_assert_int_eq(jvpn_story_init(&s, "00"), 0);
	handler = jvpn_story_handler(&s);
	for (unsigned i = 0; i < JVPN_STORY_EVENTS_MAX + 5; i++)
		ck_assert_int_eq(handler.event(handler.user, &place, &line), 0);
	ck_assert_uint_eq(s.events, JVPN_STORY_EVENTS_MAX);
	ck_assert_uint_eq(s.left_out, 5);
}
END_TEST

UNIT_TESTS(story)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, story__unique_prefix__that_session);
	tcase_add_test(tc, story__ambiguous_prefix__others_are_named);
	tcase_add_test(tc, story__unknown_prefix__sessions_that_are_there_are_named);
	tcase_add_test(tc, story_init__no_hex_digits__refused);
	tcase_add_test(tc, story__a_hole_in_seq__told_as_lost);
	tcase_add_test(tc, story__more_events_than_are_kept__counted);
}
