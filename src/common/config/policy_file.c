/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Policy loader. Knows how values are written, not what they mean.
 */
#include "config/policy_file.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "config/load.h"

#define PATH_TEXT_MAX 80

static const struct jvpn_word plain_peers[] = {
	{"strict", JVPN_PLAIN_PEERS_STRICT},
	{"validated_path", JVPN_PLAIN_PEERS_VALIDATED_PATH},
	{NULL, 0},
};

static const struct jvpn_word transports[] = {{"quic", 0}, {NULL, 0}};

static const struct {
	const char *path, *help;
} helps[] = {
	{"session.max_lifetime_ms", "Then the session ends, whatever happens."},
	{"session.transport_lost_ttl_ms",
	 "How long a session may be without any transport before it ends."},
	{"session.max_sessions", "Sessions of this node."},
	{"session.max_sessions_per_user", "Sessions of one credential."},
	{"volatility.heartbeat_interval_ms",
	 "How often standby transports are measured while the session carries traffic."},
	{"volatility.heartbeat_volatile_ms",
	 "A standby that has not answered for so long is unstable; more than the interval."},
	{"volatility.idle_keepalive_ms",
	 "Keepalive while nothing is carried; three in a row without answer end the transport."},
	{"volatility.path_silence_ms",
	 "Least silence, while an answer is expected, before a path counts as dead; three PTO if "
	 "that is longer."},
	{"volatility.loss_window_ms", "Window in which the loss ratio is taken."},
	{"volatility.loss_volatile_threshold",
	 "Loss ratio in that window from which the transport is unstable."},
	{"volatility.max_consecutive_drops",
	 "So many probes lost in a row make the transport unstable."},
	{"volatility.latency_window_ms",
	 "Window in which the 95th percentile of latency is taken."},
	{"volatility.latency_volatile_threshold_ms",
	 "Latency from which the transport is unstable; 0: latency never is a reason."},
	{"volatility.volatile_to_degraded_ms", "VOLATILE for so long becomes DEGRADED."},
	{"volatility.degraded_terminate_ms",
	 "DEGRADED for so long ends the session; 0: never for this reason."},
	{"switching.max_switches_per_min", "Switches in any sliding 60 seconds."},
	{"switching.max_switches_per_hour", "Switches in any sliding hour."},
	{"switching.switch_cooldown_ms", "Least time between two switches."},
	{"switching.recovery_window_ms", "Bounds the stay in RECOVERING, nothing else."},
	{"switching.switch_improvement_factor",
	 "A candidate must be better by this factor while the binding is alive."},
	{"transport.max_candidate_count", "Candidates that a session may hold."},
	{"transport.allowed", "Classes of transports; only quic exists."},
	{"transport.enforce_hysteresis",
	 "Whether min_stability_ms and switch_improvement_factor apply."},
	{"transport.min_stability_ms",
	 "A candidate must have been stable for so long while the binding is alive."},
	{"transport.plain_peers",
	 "Peers without the jumping-session extension: strict, they cannot move; validated_path, "
	 "they move when QUIC has validated the new path."},
	{"security.reattach_proof_max_age_ms", "Oldest REATTACH request that is taken."},
	{"security.replay_window_size", "Counters behind the highest one that are still taken."},
	{"security.reattach_rate_per_session_per_s",
	 "Verified REATTACH requests of one session, per second."},
	{"security.reattach_burst", "So many at once before that rate applies."},
	{"security.reattach_rate_global_per_s",
	 "Verified REATTACH requests of all sessions, per second."},
	{"security.max_validation_failures",
	 "Verified requests of one session in a sliding 60 seconds whose path failed validation; "
	 "more are denied, and never end the session."},
	{"security.key_update_after_bytes",
	 "A connection changes its traffic keys after so many octets of inner packets, both ways; 0: "
	 "not for this reason, else at least 1MiB, and long before the limit of the cipher in any case."},
	{"security.key_update_interval_ms",
	 "The same after so long, with the next packet; 0: not for this reason, else at least 1s."},
	{"audit.max_bytes", "Size of the durable audit; the oldest is removed first."},
	{"audit.max_age_ms", "Age of the durable audit."},
	{"observability.emit_security_events",
	 "Whether SecurityReplayDetected, SecurityValidationFailed and "
	 "UnauthorizedTransportAttempt are written."},
	{"observability.include_latency_metrics",
	 "Whether TransportSwitch has latency_estimate_ms."},
};

static const char *help_of(const char *path)
{
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++)
		if (strcmp(helps[i].path, path) == 0)
			return helps[i].help;
	return NULL;
}

static enum jvpn_key_type type_of(enum jvpn_policy_kind kind)
{
	switch (kind) {
	case JVPN_POLICY_UINT:
		return JVPN_KEY_UINT;
	case JVPN_POLICY_MS:
		return JVPN_KEY_MS;
	case JVPN_POLICY_BYTES:
		return JVPN_KEY_BYTES;
	case JVPN_POLICY_PPM:
		return JVPN_KEY_PPM;
	case JVPN_POLICY_MILLI:
		return JVPN_KEY_MILLI;
	case JVPN_POLICY_BOOL:
		return JVPN_KEY_BOOL;
	case JVPN_POLICY_PLAIN_PEERS:
		return JVPN_KEY_WORD;
	case JVPN_POLICY_TRANSPORTS:
		return JVPN_KEY_WORDS;
	}
	return JVPN_KEY_NONE;
}

static struct jvpn_key key_of(const struct jvpn_policy_field *field, const char *path)
{
	struct jvpn_key key = {
		.path = path,
		.type = type_of(field->kind),
		.offset = field->offset,
		.min = field->min,
		.max = field->max,
		.def = "", /* jvpn_policy_init() sets the defaults; this says that there is one */
		.help = help_of(path),
	};

	if (field->kind == JVPN_POLICY_PLAIN_PEERS)
		key.words = plain_peers;
	if (field->kind == JVPN_POLICY_TRANSPORTS) {
		key.words = transports;
		key.min = 1;
	}
	return key;
}

const struct jvpn_key *jvpn_policy_file_keys(size_t *count)
{
	/* Built once from constants; the same for every caller. */
	static struct jvpn_key keys[JVPN_KEYS_MAX];
	static char paths[JVPN_KEYS_MAX][PATH_TEXT_MAX];
	const struct jvpn_policy_field *fields = jvpn_policy_fields(count);

	assert(*count < JVPN_KEYS_MAX);
	for (size_t i = 0; i < *count && !keys[0].path; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s.%s", fields[i].section, fields[i].key);
		keys[i + 1] = key_of(&fields[i], paths[i]);
	}
	keys[0] = (struct jvpn_key){.path = "version",
				    .type = JVPN_KEY_NAME,
				    .offset = offsetof(struct jvpn_policy, version),
				    .min = 1,
				    .max = JVPN_POLICY_VERSION_MAX,
				    .flags = JVPN_KEY_REQUIRED,
				    .help = "Name of this policy's content, in every event."};
	(*count)++;
	return keys;
}

/* The rules between keys, once every single value is right. */
static int check_rules(struct jvpn_load *load, const struct jvpn_policy *policy)
{
	const char *why = "";
	const struct jvpn_policy_field *bad = jvpn_policy_check(policy, &why);
	char path[PATH_TEXT_MAX];

	if (!bad)
		return 0;
	snprintf(path, sizeof(path), "%s.%s", bad->section, bad->key);
	jvpn_load_error(load, JVPN_EXIT_CONFIG, path, "%s", why);
	return JVPN_ECONFIG;
}

int jvpn_policy_file_load(const char *path, struct jvpn_policy *out, struct jvpn_report *report)
{
	struct jvpn_load load = {.path = path, .report = report};
	struct jvpn_policy policy;
	int rc;

	load.keys = jvpn_policy_file_keys(&load.count);
	jvpn_policy_init(&policy);
	rc = jvpn_load_file(&load, &policy);
	if (!rc)
		rc = check_rules(&load, &policy);
	if (!rc)
		*out = policy;
	jvpn_load_clear(&load);
	return rc;
}

void jvpn_policy_file_print(const struct jvpn_policy *policy, FILE *stream)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_policy_file_keys(&count);

	jvpn_schema_print(keys, count, policy, stream);
}
