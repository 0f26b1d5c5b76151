/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Policy values, their defaults and bounds (session.md, "Policy"). No file parsing: config/ does
 * that from the same table. Durations are milliseconds here because the file says milliseconds.
 */
#ifndef JVPN_CORE_POLICY_H
#define JVPN_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_POLICY_VERSION_MAX 63

enum jvpn_plain_peers { JVPN_PLAIN_PEERS_STRICT = 0, JVPN_PLAIN_PEERS_VALIDATED_PATH };

/* Ratios are parts per million, factors are thousandths: no floats in decisions. */
struct jvpn_policy {
	char version[JVPN_POLICY_VERSION_MAX + 1];

	uint64_t max_lifetime_ms;
	uint64_t transport_lost_ttl_ms;
	uint64_t max_sessions;
	uint64_t max_sessions_per_user;

	uint64_t heartbeat_interval_ms;
	uint64_t heartbeat_volatile_ms;
	uint64_t idle_keepalive_ms;
	uint64_t path_silence_ms;
	uint64_t loss_window_ms;
	uint64_t loss_volatile_threshold_ppm;
	uint64_t max_consecutive_drops;
	uint64_t latency_window_ms;
	uint64_t latency_volatile_threshold_ms; /* 0: off */
	uint64_t volatile_to_degraded_ms;
	uint64_t degraded_terminate_ms; /* 0: off */

	uint64_t max_switches_per_min;
	uint64_t max_switches_per_hour;
	uint64_t switch_cooldown_ms;
	uint64_t recovery_window_ms;
	uint64_t switch_improvement_factor_milli;

	uint64_t max_candidate_count;
	bool enforce_hysteresis;
	uint64_t min_stability_ms;
	enum jvpn_plain_peers plain_peers;

	uint64_t reattach_proof_max_age_ms;
	uint64_t replay_window_size;
	uint64_t reattach_rate_per_session_per_s;
	uint64_t reattach_burst;
	uint64_t reattach_rate_global_per_s;
	uint64_t max_validation_failures;
	uint64_t key_update_after_bytes; /* 0: off */
	uint64_t key_update_interval_ms; /* 0: off */

	uint64_t audit_max_bytes;
	uint64_t audit_max_age_ms;
	bool emit_security_events;
	bool include_latency_metrics;
};

/* How a value of the table is written in the file. */
enum jvpn_policy_kind {
	JVPN_POLICY_UINT = 1, /* plain integer, uint64_t field */
	JVPN_POLICY_MS,       /* integer of milliseconds, or with a unit (500ms, 8s, 10min, 8h) */
	JVPN_POLICY_BYTES,    /* integer, or with KiB MiB GiB */
	JVPN_POLICY_PPM,      /* decimal ratio 0..1 in the file, uint64_t parts per million */
	JVPN_POLICY_MILLI,    /* decimal factor in the file, uint64_t thousandths */
	JVPN_POLICY_BOOL,     /* bool field */
	JVPN_POLICY_PLAIN_PEERS, /* enum jvpn_plain_peers */
	JVPN_POLICY_TRANSPORTS   /* list of transport classes; only quic exists */
};

struct jvpn_policy_field {
	const char *section; /* "session" */
	const char *key;     /* "max_lifetime_ms" */
	enum jvpn_policy_kind kind;
	size_t offset; /* into struct jvpn_policy */
	uint64_t min;  /* in the field's unit, inclusive */
	uint64_t max;
	uint64_t def;
};

/* The one table; *count is set to its length. */
const struct jvpn_policy_field *jvpn_policy_fields(size_t *count);
/* Every field at its default, version "default". */
void jvpn_policy_init(struct jvpn_policy *policy);
/* Checks bounds and the rules between fields. Returns NULL when valid, else the field that broke
 * one, with a static text of the bound in *why. */
const struct jvpn_policy_field *jvpn_policy_check(const struct jvpn_policy *policy,
						  const char **why);

#endif
