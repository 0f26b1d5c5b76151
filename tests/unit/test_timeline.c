/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of audit/timeline: what is drawn of a known life, of three events and of ten thousand, and of
 * times that no clock has.
 */
#include "audit/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "trail_fixture.h"
#include "unit.h"

static struct jvpn_story story;
static struct jvpn_picture picture;
static struct jvpn_trail_handler handler;
static char *text;
static size_t len;

static void setup(void)
{
	ck_assert_int_eq(jvpn_story_init(&story, "5f5"), 0);
	handler = jvpn_story_handler(&story);
}

static void teardown(void)
{
	jvpn_picture_clear(&picture);
	jvpn_story_clear(&story);
	free(text);
	text = NULL;
}

static void draw(const struct jvpn_timeline_style *style)
{
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(out);
	if (style)
		ck_assert_int_eq(jvpn_timeline_print(&picture, style, out), 0);
	else
		ck_assert_int_eq(jvpn_timeline_svg(&picture, JVPN_TIMELINE_SVG_WIDTH, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

static void end_story(void)
{
	ck_assert_int_eq(jvpn_story_end(&story), 0);
	ck_assert_int_eq(jvpn_picture_make(&picture, &story), 0);
}

static size_t widest(void)
{
	size_t most = 0, n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			n = 0;
		else
			n += ((unsigned char)text[i] & 0xc0) != 0x80;
		most = n > most ? n : most;
	}
	return most;
}

START_TEST(timeline__known_life__as_in_the_files)
{
	struct jvpn_timeline_style style = {.width = 80, .utf8 = true};

	trail_read_golden(&handler);
	end_story();
	draw(&style);
	ck_assert_uint_le(widest(), 80);
	trail_check("timeline.txt", text, len);
	style = (struct jvpn_timeline_style){.width = 80};
	draw(&style);
	ck_assert_uint_le(widest(), 80);
	trail_check("timeline.ascii", text, len);
	style = (struct jvpn_timeline_style){.width = 60, .utf8 = true, .colours = true};
	draw(&style);
	trail_check("timeline.colours", text, len);
	draw(NULL);
	trail_check("timeline.svg", text, len);
}
END_TEST

#define STATE "\"event_type\":\"SessionStateChange\","
#define ID                                                                                         \
	"{\"ts_ms\":%llu,\"seq\":%llu,\"pid\":1,\"node_id\":\"n\",\"role\":\"client\","            \
	"\"policy_version\":\"p\",\"session_id\":\"5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f\","            \
	"\"state_version\":%llu,"

static void say_state(unsigned long long ts, unsigned long long seq, const char *from,
		      const char *to, const char *reason)
{
	trail_put(&handler, ID STATE "\"from\":\"%s\",\"to\":\"%s\",\"reason_code\":\"%s\"}", ts,
		  seq, seq, from, to, reason);
}

START_TEST(timeline__three_events__whole)
{
	struct jvpn_timeline_style style = {.width = 80};

	trail_put(&handler, ID "\"event_type\":\"SessionCreated\"}", 1000ULL, 1ULL, 1ULL);
	say_state(1000, 2, "BIRTH", "ATTACHED", "attached_to_transport");
	trail_put(&handler, ID "\"event_type\":\"TransportAttached\",\"transport\":\"eth0#1\"}",
		  1000ULL, 3ULL, 2ULL);
	end_story();
	draw(&style);
	ck_assert_ptr_nonnull(strstr(text, "lives at the end"));
	ck_assert_ptr_nonnull(strstr(text, "length    0 ms"));
	draw(NULL);
	ck_assert_ptr_nonnull(strstr(text, "</svg>"));
}
END_TEST

/* 2500 moves of four events. */
static void say_many(void)
{
	unsigned long long seq = 0;

	for (unsigned i = 0; i < 2500; i++) {
		unsigned long long ts = 1000 + i * 2000ULL;

		say_state(ts, ++seq, "ATTACHED", "VOLATILE", "transport_dead");
		say_state(ts + 5, ++seq, "VOLATILE", "RECOVERING", "dead_transport_recovery");
		say_state(ts + 30, ++seq, "RECOVERING", "ATTACHED", "reattach_success");
		++seq;
		trail_put(&handler,
			  ID
			  "\"event_type\":\"TransportSwitch\",\"reason_code\":\"transport_dead\","
			  "\"previous_transport\":\"a#%u\",\"new_transport\":\"%c#%u\","
			  "\"candidate_count\":1,\"loss_ratio\":0,\"detect_ms\":1,"
			  "\"recover_ms\":2,\"explicit\":true}",
			  ts + 30, seq, seq, i, 'a' + (int)(i % 20), i + 1);
	}
}

START_TEST(timeline__ten_thousand_events__bounded)
{
	struct jvpn_timeline_style style = {.width = 80, .utf8 = true};

	say_many();
	end_story();
	ck_assert_uint_eq(story.events, 10000);
	ck_assert_uint_eq(picture.panel[0].moves, 2500);
	ck_assert_uint_eq(picture.panel[0].lanes, JVPN_PICTURE_LANES_MAX);
	draw(&style);
	ck_assert_uint_le(widest(), 80);
	ck_assert_uint_lt(len, 16384);
	ck_assert_ptr_nonnull(strstr(text, "2470 more"));
	style.all = true;
	draw(&style);
	ck_assert_uint_gt(len, 100000);
	draw(NULL);
	ck_assert_uint_lt(len, 600000);
}
END_TEST

START_TEST(timeline__hostile_texts_and_times__escaped_and_bounded)
{
	struct jvpn_timeline_style style = {.width = 1};

	trail_put(&handler, ID "\"event_type\":\"SessionCreated\",\"user\":\"<b>&\\\"'\\u001b\"}",
		  0ULL, 1ULL, 1ULL);
	trail_put(&handler, ID "\"event_type\":\"TransportAttached\",\"transport\":\"<x>&#1\"}",
		  0ULL, 2ULL, 1ULL);
	say_state(18446744073709551600ULL, 3, "ATTACHED", "VOLATILE", "transport_dead");
	say_state(5, 18446744073709551600ULL, "RECOVERING", "DEGRADED", "node_restart");
	trail_put(&handler, ID "\"event_type\":\"TransportCandidateAdded\",\"transport\":\"\"}",
		  7ULL, 9ULL, 1ULL);
	end_story();
	draw(&style);
	ck_assert_ptr_null(strchr(text, '\033'));
	draw(NULL);
	ck_assert_ptr_null(strstr(text, "<b>"));
	ck_assert_ptr_null(strstr(text, "<x>"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;b&gt;&amp;&quot;&#39;?"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;x&gt;&amp;"));
}
END_TEST

UNIT_TESTS(timeline)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, timeline__known_life__as_in_the_files);
	tcase_add_test(tc, timeline__three_events__whole);
	tcase_add_test(tc, timeline__ten_thousand_events__bounded);
	tcase_add_test(tc, timeline__hostile_texts_and_times__escaped_and_bounded);
}
