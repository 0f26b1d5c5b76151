/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/policy: defaults, each bound, and the rules between fields.
 */
#include "unit.h"

#include <string.h>

#include "core/policy.h"

static void put(struct jvpn_policy *p, const struct jvpn_policy_field *f, uint64_t v)
{
	char *at = (char *)p + f->offset;
	enum jvpn_plain_peers peers = (enum jvpn_plain_peers)v;
	bool flag = v != 0;

	if (f->kind == JVPN_POLICY_BOOL)
		memcpy(at, &flag, sizeof(flag));
	else if (f->kind == JVPN_POLICY_PLAIN_PEERS)
		memcpy(at, &peers, sizeof(peers));
	else
		memcpy(at, &v, sizeof(v));
}

START_TEST(policy__defaults__are_valid_and_as_documented)
{
	struct jvpn_policy p;
	const char *why;

	jvpn_policy_init(&p);
	ck_assert_ptr_null(jvpn_policy_check(&p, &why));
	ck_assert_str_eq(p.version, "default");
	ck_assert_uint_eq(p.max_lifetime_ms, 28800000);
	ck_assert_uint_eq(p.transport_lost_ttl_ms, 600000);
	ck_assert_uint_eq(p.path_silence_ms, 300);
	ck_assert_uint_eq(p.loss_volatile_threshold_ppm, 200000);
	ck_assert_uint_eq(p.max_switches_per_min, 8);
	ck_assert_uint_eq(p.max_switches_per_hour, 120);
	ck_assert_uint_eq(p.switch_cooldown_ms, 1500);
	ck_assert_uint_eq(p.switch_improvement_factor_milli, 1100);
	ck_assert_uint_eq(p.replay_window_size, 128);
	ck_assert_uint_eq(p.reattach_rate_per_session_per_s, 5);
	ck_assert(p.enforce_hysteresis);
}
END_TEST

/* At each bound valid, one beyond it refused, and the field that broke it is named. */
START_TEST(policy__each_field_at_and_beyond_its_bounds__is_judged)
{
	size_t count;
	const struct jvpn_policy_field *f = jvpn_policy_fields(&count);
	const struct jvpn_policy_field *found;
	struct jvpn_policy p;
	const char *why;

	for (size_t i = 0; i < count; i++) {
		if (f[i].kind == JVPN_POLICY_TRANSPORTS || f[i].kind == JVPN_POLICY_BOOL)
			continue;
		jvpn_policy_init(&p);
		put(&p, &f[i], f[i].max);
		found = jvpn_policy_check(&p, &why); /* only a rule between fields may object */
		ck_assert(found == NULL || strstr(why, "must") != NULL);
		jvpn_policy_init(&p);
		put(&p, &f[i], f[i].max + 1);
		found = jvpn_policy_check(&p, &why);
		ck_assert_ptr_eq(found, &f[i]);
		ck_assert_str_eq(why, "is above its maximum");
		if (f[i].min == 0)
			continue;
		jvpn_policy_init(&p);
		put(&p, &f[i], f[i].min - 1);
		ck_assert_ptr_eq(jvpn_policy_check(&p, &why), &f[i]);
		ck_assert_str_eq(why, "is below its minimum");
	}
}
END_TEST

START_TEST(policy__rules_between_fields__are_checked)
{
	struct jvpn_policy p;
	const char *why;

	jvpn_policy_init(&p);
	p.heartbeat_volatile_ms = p.heartbeat_interval_ms;
	ck_assert_str_eq(jvpn_policy_check(&p, &why)->key, "heartbeat_volatile_ms");
	p.heartbeat_volatile_ms++;
	ck_assert_ptr_null(jvpn_policy_check(&p, &why));
	p.max_switches_per_hour = p.max_switches_per_min - 1;
	ck_assert_str_eq(jvpn_policy_check(&p, &why)->key, "max_switches_per_hour");
	jvpn_policy_init(&p);
	p.max_sessions = 7;
	ck_assert_str_eq(jvpn_policy_check(&p, &why)->key, "max_sessions_per_user");
}
END_TEST

UNIT_TESTS(policy)
{
	tcase_add_test(tc, policy__defaults__are_valid_and_as_documented);
	tcase_add_test(tc, policy__each_field_at_and_beyond_its_bounds__is_judged);
	tcase_add_test(tc, policy__rules_between_fields__are_checked);
}
