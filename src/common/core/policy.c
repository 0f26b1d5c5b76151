/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The policy table: every value, its unit, bounds and default in one place (session.md, "Policy").
 * Must not parse anything.
 */
#include "core/policy.h"

#include <string.h>

#include "core/prelude.h"

#define MINUTE_MS 60000ULL
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define GIB       (1ULL << 30)
/* Keys that are changed more often than that only cost time. */
#define KEY_UPDATE_MIN_BYTES (1ULL << 20)
#define KEY_UPDATE_MIN_MS    1000ULL

#define FIELD(section, key, kind, min, max, def)                                                   \
	{                                                                                          \
		section, #key, JVPN_POLICY_##kind, offsetof(struct jvpn_policy, key), min, max,    \
			def                                                                        \
	}
/* The file's key has another name than the field. */
#define FIELD_AS(section, key, name, kind, min, max, def)                                          \
	{                                                                                          \
		section, name, JVPN_POLICY_##kind, offsetof(struct jvpn_policy, key), min, max,    \
			def                                                                        \
	}

static const struct jvpn_policy_field fields[] = {
	FIELD("session", max_lifetime_ms, MS, 1000, 30 * DAY_MS, 8 * HOUR_MS),
	FIELD("session", transport_lost_ttl_ms, MS, 100, DAY_MS, 10 * MINUTE_MS),
	FIELD("session", max_sessions, UINT, 1, 1000000, 10000),
	FIELD("session", max_sessions_per_user, UINT, 1, 1000000, 8),
	FIELD("volatility", heartbeat_interval_ms, MS, 50, MINUTE_MS, 500),
	FIELD("volatility", heartbeat_volatile_ms, MS, 50, MINUTE_MS, 2000),
	FIELD("volatility", idle_keepalive_ms, MS, 50, MINUTE_MS, 25000),
	FIELD("volatility", path_silence_ms, MS, 50, MINUTE_MS, 300),
	FIELD("volatility", loss_window_ms, MS, 50, MINUTE_MS, 2000),
	FIELD_AS("volatility", loss_volatile_threshold_ppm, "loss_volatile_threshold", PPM, 1,
		 1000000, 200000),
	FIELD("volatility", max_consecutive_drops, UINT, 1, 64, 3),
	FIELD("volatility", latency_window_ms, MS, 50, MINUTE_MS, 2000),
	FIELD("volatility", latency_volatile_threshold_ms, MS, 0, MINUTE_MS, 0),
	FIELD("volatility", volatile_to_degraded_ms, MS, 50, DAY_MS, 4000),
	FIELD("volatility", degraded_terminate_ms, MS, 0, DAY_MS, 0),
	FIELD("switching", max_switches_per_min, UINT, 0, 600, 8),
	FIELD("switching", max_switches_per_hour, UINT, 0, 36000, 120),
	FIELD("switching", switch_cooldown_ms, MS, 0, MINUTE_MS, 1500),
	FIELD("switching", recovery_window_ms, MS, 100, 10 * MINUTE_MS, 8000),
	FIELD_AS("switching", switch_improvement_factor_milli, "switch_improvement_factor", MILLI,
		 1000, 1000000, 1100),
	FIELD("transport", max_candidate_count, UINT, 1, 8, 3),
	{"transport", "allowed", JVPN_POLICY_TRANSPORTS, 0, 0, 0, 0},
	FIELD("transport", enforce_hysteresis, BOOL, 0, 1, 1),
	FIELD("transport", min_stability_ms, MS, 0, 10 * MINUTE_MS, 1000),
	FIELD("transport", plain_peers, PLAIN_PEERS, 0, JVPN_PLAIN_PEERS_VALIDATED_PATH,
	      JVPN_PLAIN_PEERS_STRICT),
	FIELD("security", reattach_proof_max_age_ms, MS, 100, 10 * MINUTE_MS, 5000),
	FIELD("security", replay_window_size, UINT, 32, 4096, 128),
	FIELD("security", reattach_rate_per_session_per_s, UINT, 1, 1000, 5),
	FIELD("security", reattach_burst, UINT, 1, 10000, 10),
	FIELD("security", reattach_rate_global_per_s, UINT, 1, 1000000, 20000),
	FIELD("security", max_validation_failures, UINT, 1, 1000, 8),
	FIELD("security", key_update_after_bytes, BYTES, 0, 1024 * GIB, 8 * GIB),
	FIELD("security", key_update_interval_ms, MS, 0, DAY_MS, HOUR_MS),
	FIELD_AS("audit", audit_max_bytes, "max_bytes", BYTES, 1 << 20, 1024 * GIB, GIB),
	FIELD_AS("audit", audit_max_age_ms, "max_age_ms", MS, HOUR_MS, 3650 * DAY_MS, 90 * DAY_MS),
	FIELD("observability", emit_security_events, BOOL, 0, 1, 1),
	FIELD("observability", include_latency_metrics, BOOL, 0, 1, 1),
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

const struct jvpn_policy_field *jvpn_policy_fields(size_t *count)
{
	*count = FIELD_COUNT;
	return fields;
}

static uint64_t value_of(const struct jvpn_policy *policy, const struct jvpn_policy_field *f)
{
	const char *at = (const char *)policy + f->offset;
	enum jvpn_plain_peers peers;
	uint64_t value;
	bool flag;

	switch (f->kind) {
	case JVPN_POLICY_BOOL:
		memcpy(&flag, at, sizeof(flag));
		return flag;
	case JVPN_POLICY_PLAIN_PEERS:
		memcpy(&peers, at, sizeof(peers));
		return (uint64_t)peers;
	case JVPN_POLICY_TRANSPORTS:
		return 0;
	case JVPN_POLICY_UINT:
	case JVPN_POLICY_MS:
	case JVPN_POLICY_BYTES:
	case JVPN_POLICY_PPM:
	case JVPN_POLICY_MILLI:
		break;
	}
	memcpy(&value, at, sizeof(value));
	return value;
}

static void set_default(struct jvpn_policy *policy, const struct jvpn_policy_field *f)
{
	char *at = (char *)policy + f->offset;
	enum jvpn_plain_peers peers = (enum jvpn_plain_peers)f->def;
	bool flag = f->def != 0;

	switch (f->kind) {
	case JVPN_POLICY_BOOL:
		memcpy(at, &flag, sizeof(flag));
		break;
	case JVPN_POLICY_PLAIN_PEERS:
		memcpy(at, &peers, sizeof(peers));
		break;
	case JVPN_POLICY_TRANSPORTS:
		break;
	case JVPN_POLICY_UINT:
	case JVPN_POLICY_MS:
	case JVPN_POLICY_BYTES:
	case JVPN_POLICY_PPM:
	case JVPN_POLICY_MILLI:
		memcpy(at, &f->def, sizeof(f->def));
		break;
	}
}

void jvpn_policy_init(struct jvpn_policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	memcpy(policy->version, "default", sizeof("default"));
	for (size_t i = 0; i < FIELD_COUNT; i++)
		set_default(policy, &fields[i]);
}

static const struct jvpn_policy_field *field_named(const char *key)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	return NULL;
}

/* A rule between two fields: the value of 'key' must be ... than the other. */
static const char *rule_broken(const struct jvpn_policy *p, const char **key)
{
	if (p->heartbeat_volatile_ms <= p->heartbeat_interval_ms) {
		*key = "heartbeat_volatile_ms";
		return "must be greater than volatility.heartbeat_interval_ms";
	}
	if (p->max_switches_per_hour < p->max_switches_per_min) {
		*key = "max_switches_per_hour";
		return "must not be less than switching.max_switches_per_min";
	}
	if (p->max_sessions_per_user > p->max_sessions) {
		*key = "max_sessions_per_user";
		return "must not be greater than session.max_sessions";
	}
	if (p->key_update_after_bytes != 0 && p->key_update_after_bytes < KEY_UPDATE_MIN_BYTES) {
		*key = "key_update_after_bytes";
		return "must be 0 (off) or at least 1MiB";
	}
	if (p->key_update_interval_ms != 0 && p->key_update_interval_ms < KEY_UPDATE_MIN_MS) {
		*key = "key_update_interval_ms";
		return "must be 0 (off) or at least 1s";
	}
	return NULL;
}

const struct jvpn_policy_field *jvpn_policy_check(const struct jvpn_policy *policy,
						  const char **why)
{
	const char *key = NULL;

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		uint64_t value = value_of(policy, &fields[i]);

		if (value < fields[i].min) {
			*why = "is below its minimum";
			return &fields[i];
		}
		if (value > fields[i].max) {
			*why = "is above its maximum";
			return &fields[i];
		}
	}
	*why = rule_broken(policy, &key);
	return *why == NULL ? NULL : field_named(key);
}
