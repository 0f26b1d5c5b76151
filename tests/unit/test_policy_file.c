/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of config/policy_file and, through it, of the schema: all errors in one pass, nothing half
 * applied, hints, bounds.
 */
#include "config/policy_file.h"

#include "base/err.h"
#include "config/hint.h"
#include "config_fixture.h"

static struct jvpn_policy policy, untouched;

static void setup(void)
{
	fixture_setup();
	memset(&policy, 0x5a, sizeof(policy));
	untouched = policy;
}

static int load(const char *text)
{
	fixture_write("f.yaml", text);
	return jvpn_policy_file_load(fixture_file, &policy, fixture_report);
}

START_TEST(policy_file__only_version__defaults)
{
	struct jvpn_policy defaults;

	jvpn_policy_init(&defaults);
	ck_assert_int_eq(load("version: \"2026.1\"\n"), 0);
	ck_assert_str_eq(policy.version, "2026.1");
	memcpy(policy.version, defaults.version, sizeof(policy.version));
	ck_assert_int_eq(memcmp(&policy, &defaults, sizeof(policy)), 0);
}
END_TEST

START_TEST(policy_file__every_kind__read)
{
	ck_assert_int_eq(load("version: 7\n"
			      "session: {max_lifetime_ms: 1h, max_sessions: 12}\n"
			      "volatility: {loss_volatile_threshold: 0.25, path_silence_ms: 400}\n"
			      "switching: {switch_improvement_factor: 1.5}\n"
			      "transport:\n  allowed: [quic]\n  plain_peers: validated_path\n"
			      "  enforce_hysteresis: false\n"
			      "audit: {max_bytes: 2GiB}\n"),
			 0);
	ck_assert_uint_eq(policy.max_lifetime_ms, 3600000);
	ck_assert_uint_eq(policy.max_sessions, 12);
	ck_assert_uint_eq(policy.loss_volatile_threshold_ppm, 250000);
	ck_assert_uint_eq(policy.path_silence_ms, 400);
	ck_assert_uint_eq(policy.switch_improvement_factor_milli, 1500);
	ck_assert_int_eq(policy.plain_peers, JVPN_PLAIN_PEERS_VALIDATED_PATH);
	ck_assert(!policy.enforce_hysteresis);
	ck_assert_uint_eq(policy.audit_max_bytes, 2ULL << 30);
}
END_TEST

START_TEST(policy_file__many_errors__all_in_one_pass_and_untouched)
{
	ck_assert_int_eq(load("switching:\n"
			      "  max_switches_per_min: \"eight\"\n"
			      "  max_switch_per_hour: 5\n"
			      "  switch_cooldown_ms: 60001\n"
			      "  recovery_window_ms: -1\n"
			      "session:\n"
			      "  max_sessions: 0.5\n"
			      "  max_sessions_per_user: 9223372036854775808\n"
			      "  max_lifetime_ms:\n"
			      "volatility: [1]\n"
			      "transport:\n"
			      "  allowed: [quic, tcp]\n"
			      "  enforce_hysteresis: yes\n"
			      "  plain_peers: {a: 1}\n"
			      "path_silence_ms: 300\n"
			      "secruity:\n  x: 1\n"),
			 JVPN_ECONFIG);
	FIXTURE_EXPECT(
		"f.yaml:2:25: switching.max_switches_per_min: expected integer 0..600, got the text "
		"\"eight\"",
		"f.yaml:3:3: switching.max_switch_per_hour: unknown key; did you mean "
		"switching.max_switches_per_hour?",
		"f.yaml:4:23: switching.switch_cooldown_ms: expected milliseconds 0..60000 or a "
		"duration with a unit (ms s min h d), got \"60001\"",
		"f.yaml:5:23: switching.recovery_window_ms: expected milliseconds",
		"f.yaml:7:17: session.max_sessions: expected integer 1..1000000, got \"0.5\"",
		"f.yaml:8:26: session.max_sessions_per_user: expected integer 1..1000000, got "
		"\"9223372036854775808\"",
		"f.yaml:9:19: session.max_lifetime_ms: expected milliseconds",
		"f.yaml:10:13: volatility: expected a mapping of keys, got a list",
		"f.yaml:12:19: transport.allowed: expected quic, got \"tcp\"",
		"f.yaml:13:23: transport.enforce_hysteresis: expected true or false, got \"yes\"",
		"f.yaml:14:16: transport.plain_peers: expected one of strict, validated_path, got a "
		"mapping",
		"f.yaml:15:1: path_silence_ms: unknown key; did you mean volatility.path_silence_ms?",
		"f.yaml:16:1: secruity: unknown key; did you mean security",
		"f.yaml:1:1: version: expected 1..63 characters of A-Z a-z 0-9 . _ -, got nothing: "
		"this key is mandatory");
	ck_assert_int_eq(memcmp(&policy, &untouched, sizeof(policy)), 0);
	ck_assert_int_eq(fixture_report->exit_code, JVPN_EXIT_CONFIG);
}
END_TEST

START_TEST(policy_file__rule_between_keys__named_at_the_key)
{
	ck_assert_int_eq(load("version: 1\nvolatility:\n  heartbeat_volatile_ms: 400\n"),
			 JVPN_ECONFIG);
	ck_assert_uint_eq(fixture_report->count, 1);
	ck_assert_ptr_nonnull(strstr(fixture_line(0), "f.yaml:"));
	ck_assert_ptr_nonnull(strstr(fixture_line(0), "volatility.heartbeat_"));
	ck_assert_int_eq(memcmp(&policy, &untouched, sizeof(policy)), 0);
}
END_TEST

START_TEST(policy_file__empty_scalar_root_list_root__refused)
{
	ck_assert_int_eq(load(""), JVPN_ECONFIG);
	ck_assert_int_eq(load("just text\n"), JVPN_ECONFIG);
	ck_assert_int_eq(load("- a\n- b\n"), JVPN_ECONFIG);
	ck_assert_int_eq(load("version: 1\nversion: 1\n"), JVPN_ECONFIG);
	ck_assert_int_eq(load("version: a b\n"), JVPN_ECONFIG);
	ck_assert_int_eq(load("version: \"\"\n"), JVPN_ECONFIG);
	ck_assert_int_eq(load("version: 1\nsession: {max_sessions: \"9\"}\n"), JVPN_ECONFIG);
	ck_assert_int_eq(load("version: 1\ntransport: {enforce_hysteresis: \"true\"}\n"),
			 JVPN_ECONFIG);
	ck_assert_int_eq(memcmp(&policy, &untouched, sizeof(policy)), 0);
}
END_TEST

START_TEST(policy_file__bounds_of_every_field__edges_pass_and_beyond_fails)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_policy_file_keys(&count);

	for (size_t i = 1; i < count; i++) {
		const char *dot = strchr(keys[i].path, '.');
		char text[256];

		if (keys[i].type != JVPN_KEY_UINT && keys[i].type != JVPN_KEY_MS)
			continue;
		snprintf(text, sizeof(text), "version: 1\n%.*s: {%s: %llu}\n",
			 (int)(dot - keys[i].path), keys[i].path, dot + 1,
			 (unsigned long long)keys[i].max + 1);
		fixture_report->count = 0;
		ck_assert_msg(load(text) == JVPN_ECONFIG, "%s", text);
		ck_assert_ptr_nonnull(strstr(fixture_line(0), keys[i].path));
		if (keys[i].min == 0)
			continue;
		snprintf(text, sizeof(text), "version: 1\n%.*s: {%s: %llu}\n",
			 (int)(dot - keys[i].path), keys[i].path, dot + 1,
			 (unsigned long long)keys[i].min - 1);
		ck_assert_msg(load(text) == JVPN_ECONFIG, "%s", text);
	}
}
END_TEST

START_TEST(policy_file__every_key__is_explained)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_policy_file_keys(&count);

	for (size_t i = 0; i < count; i++)
		ck_assert_msg(keys[i].help != NULL, "%s", keys[i].path);
}
END_TEST

START_TEST(policy_file__print__reads_back_to_the_same)
{
	struct jvpn_policy again;
	char path[200];
	FILE *f;

	ck_assert_int_eq(load("version: x\nswitching: {switch_cooldown_ms: 0}\n"), 0);
	snprintf(path, sizeof(path), "%s/g.yaml", fixture_dir);
	f = fopen(path, "w");
	jvpn_policy_file_print(&policy, f);
	fclose(f);
	ck_assert_msg(jvpn_policy_file_load(path, &again, fixture_report) == 0, "%s",
		      fixture_line(0));
	ck_assert_int_eq(memcmp(&policy, &again, sizeof(policy)), 0);
}
END_TEST

START_TEST(hint__distance__counts_edits)
{
	ck_assert_uint_eq(jvpn_hint_distance("", ""), 0);
	ck_assert_uint_eq(jvpn_hint_distance("abc", "abc"), 0);
	ck_assert_uint_eq(jvpn_hint_distance("abc", "acb"), 1);
	ck_assert_uint_eq(jvpn_hint_distance("abc", "abcd"), 1);
	ck_assert_uint_eq(jvpn_hint_distance("abc", "xbc"), 1);
	ck_assert_uint_eq(jvpn_hint_distance("kitten", "sitting"), 3);
	ck_assert(!jvpn_hint_is_near("a", "z", 1));
}
END_TEST

UNIT_TESTS(policy_file)
{
	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(tc, policy_file__only_version__defaults);
	tcase_add_test(tc, policy_file__every_kind__read);
	tcase_add_test(tc, policy_file__many_errors__all_in_one_pass_and_untouched);
	tcase_add_test(tc, policy_file__rule_between_keys__named_at_the_key);
	tcase_add_test(tc, policy_file__empty_scalar_root_list_root__refused);
	tcase_add_test(tc, policy_file__bounds_of_every_field__edges_pass_and_beyond_fails);
	tcase_add_test(tc, policy_file__every_key__is_explained);
	tcase_add_test(tc, policy_file__print__reads_back_to_the_same);
	tcase_add_test(tc, hint__distance__counts_edits);
}
