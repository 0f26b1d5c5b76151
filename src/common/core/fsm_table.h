/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The registry: states, FSM events, reason codes, audit event types and transition cells as
 * X-macros. The C tables, the JSONL names, jvpn-events.5 and docs/events.md come from here.
 * Names are a stable public contract: nothing in here is ever renamed or reused, and entries are
 * only added at the end of a list (wire numbers are the position).
 */
#ifndef JVPN_CORE_FSM_TABLE_H
#define JVPN_CORE_FSM_TABLE_H

/* clang-format off */

/* X(NAME, "text") - SessionStateChange writes the upper-case text */
#define JVPN_STATE_MAP(X) \
	X(BIRTH, "BIRTH", "Being created; nothing is bound yet.") \
	X(ATTACHED, "ATTACHED", "Exactly one transport is bound and carries the session's packets.") \
	X(VOLATILE, "VOLATILE", "The binding is unstable, dead or disputed.") \
	X(DEGRADED, "DEGRADED", "Instability persisted, or no switch is possible or allowed now.") \
	X(RECOVERING, "RECOVERING", "A switch is under way; ends by a deadline.") \
	X(TERMINATED, "TERMINATED", "Over, with a reason. Absorbing.")

/* What the transition function takes. */
#define JVPN_FSM_EVENT_MAP(X) \
	X(ATTACH_OK, "attach_ok") \
	X(ATTACH_FAILED, "attach_failed") \
	X(INSTABILITY, "instability") \
	X(SWITCH_START, "switch_start") \
	X(DEGRADE, "degrade") \
	X(REATTACH_VALID, "reattach_valid") \
	X(REATTACH_INVALID, "reattach_invalid") \
	X(RECOVERY_TIMEOUT, "recovery_timeout") \
	X(RESTORE, "restore") \
	X(TERMINATE, "terminate")

/* X(NAME, "name", "meaning"): the wire number is the position in this list, starting at 1. */
#define JVPN_REASON_MAP(X) \
	X(ATTACHED_TO_TRANSPORT, "attached_to_transport", "The first transport was bound.") \
	X(AUTH_FAILED, "auth_failed", "The credential was missing, unknown or expired.") \
	X(POLICY_DENIED, "policy_denied", "The policy forbids it.") \
	X(CAPACITY_EXCEEDED, "capacity_exceeded", "No room for another session.") \
	X(ATTACH_TIMEOUT, "attach_timeout", "The first attach did not end in time.") \
	X(LOSS_THRESHOLD_EXCEEDED, "loss_threshold_exceeded", "Loss ratio over volatility.loss_volatile_threshold.") \
	X(CONSECUTIVE_DROP_EXCEEDED, "consecutive_drop_exceeded", "volatility.max_consecutive_drops probes in a row were lost.") \
	X(LATENCY_THRESHOLD_EXCEEDED, "latency_threshold_exceeded", "p95 latency over volatility.latency_volatile_threshold_ms.") \
	X(HEARTBEAT_TIMEOUT, "heartbeat_timeout", "No heartbeat was answered for volatility.heartbeat_volatile_ms.") \
	X(TRANSPORT_DEAD, "transport_dead", "The bound transport died silently or its connection ended.") \
	X(PATH_CHANGE_OBSERVED, "path_change_observed", "Authenticated packets come from another address or port.") \
	X(PEER_REATTACH, "peer_reattach", "The client asked to move the session to another transport.") \
	X(PLANNED_HANDOVER, "planned_handover", "A planned move: interface about to vanish, better candidate, or operator's switch.") \
	X(NODE_RESTART, "node_restart", "The node restarted.") \
	X(NODE_DRAINING, "node_draining", "The node is being drained or restarted in an orderly way.") \
	X(LOSS_RECOVERY, "loss_recovery", "Recovering from loss.") \
	X(DEAD_TRANSPORT_RECOVERY, "dead_transport_recovery", "Recovering from a dead transport.") \
	X(PATH_CHANGE_RECOVERY, "path_change_recovery", "Recovering from a changed address or port.") \
	X(HEALTH_RECOVERED, "health_recovered", "The same transport is healthy again.") \
	X(POLICY_FORCED_RECOVERY, "policy_forced_recovery", "The policy or the operator asks for a switch.") \
	X(VOLATILE_PERSISTED, "volatile_persisted", "VOLATILE for longer than volatility.volatile_to_degraded_ms.") \
	X(SWITCH_RATE_LIMITED, "switch_rate_limited", "switching.max_switches_per_min or _per_hour is used up.") \
	X(NO_CANDIDATE_TRANSPORTS, "no_candidate_transports", "No other transport is there.") \
	X(REATTACH_SUCCESS, "reattach_success", "A REATTACH was verified and committed.") \
	X(PATH_VALIDATION_FAILED, "path_validation_failed", "The new path did not answer PATH_CHALLENGE.") \
	X(RECOVERY_WINDOW_EXCEEDED, "recovery_window_exceeded", "RECOVERING for longer than switching.recovery_window_ms.") \
	X(SESSION_LIFETIME_EXCEEDED, "session_lifetime_exceeded", "session.max_lifetime_ms is over.") \
	X(TRANSPORT_TTL_EXCEEDED, "transport_ttl_exceeded", "Without any transport for longer than session.transport_lost_ttl_ms.") \
	X(SECURITY_FAILURE, "security_failure", "The sealed record failed its integrity check at restore.") \
	X(OPERATOR_TERMINATED, "operator_terminated", "The operator ended the session.") \
	X(CLIENT_CLOSED, "client_closed", "The client ended the session.") \
	X(POLICY_TERMINATION, "policy_termination", "volatility.degraded_terminate_ms is over.") \
	X(NODE_SHUTDOWN, "node_shutdown", "The node shut down without a durable store.") \
	X(RESOURCE_EXHAUSTED, "resource_exhausted", "Evicted to make room.") \
	X(SESSION_UNKNOWN_TO_SERVER, "session_unknown_to_server", "The authenticated server refused the session twice.") \
	X(INTERNAL_INVARIANT, "internal_invariant", "A broken invariant: a defect in this program.") \
	X(RATE_LIMITED, "rate_limited", "Too many requests; see retry_after_ms.") \
	X(UNKNOWN_SESSION, "unknown_session", "No such session.") \
	X(INVALID_STATE_FOR_REATTACH, "invalid_state_for_reattach", "The session is TERMINATED.") \
	X(SESSION_EXPIRED, "session_expired", "The session's lifetime is over.") \
	X(STALE_STATE_VERSION, "stale_state_version", "The request names an older or future state_version.") \
	X(IDENTITY_MISMATCH, "identity_mismatch", "The credential is not the session's.") \
	X(BAD_PROOF, "bad_proof", "The proof of possession does not verify.") \
	X(REATTACH_REFUSED, "reattach_refused", "Refused; the true reason is only in the server's log.") \
	X(REPLAY_DETECTED, "replay_detected", "The counter was used before or is too old.") \
	X(STALE_REQUEST, "stale_request", "The request is older than security.reattach_proof_max_age_ms.") \
	X(COOLDOWN_ACTIVE, "cooldown_active", "switching.switch_cooldown_ms since the last switch is not over.") \
	X(OWNERSHIP_CONFLICT, "ownership_conflict", "Another node owns the session.") \
	X(INVALID_TRANSPORT_CANDIDATE, "invalid_transport_candidate", "The path failed validation or is forbidden.") \
	X(ATOMICITY_FAILED, "atomicity_failed", "The store refused the commit.") \
	X(STORE_UNAVAILABLE, "store_unavailable", "The store does not answer.") \
	X(CANDIDATE_REPLACED, "candidate_replaced", "A newer candidate took the place of this one.") \
	X(BINDING_HEARD_AGAIN, "binding_heard_again", "The bound address was heard again before the candidate was confirmed.") \
	X(UNCONFIRMED_LIMITED, "unconfirmed_limited", "Too many unconfirmed candidates; off-path datagrams are dropped.") \
	X(PATH_COOLING_DOWN, "path_cooling_down", "This very address failed validation a moment ago.") \
	X(EARLY_DATA_REFUSED, "early_data_refused", "Not in 0-RTT, which can be replayed.") \
	X(MTU_TOO_SMALL, "mtu_too_small", "The path cannot carry 1280-byte inner packets.") \
	X(MALFORMED_MESSAGE, "malformed_message", "The message does not follow its format.") \
	X(TOKEN_MISSING, "token_missing", "The request carries no bearer token.") \
	X(TOKEN_UNKNOWN, "token_unknown", "The bearer token is not known.") \
	X(TOKEN_EXPIRED, "token_expired", "The bearer token has expired.") \
	X(SOURCE_NOT_ASSIGNED, "source_not_assigned", "An inner packet's source address is not the session's (BCP 38).") \
	X(HOLD_OVERFLOW, "hold_overflow", "The hold queue for an unconfirmed path was full.") \
	X(SINK_SLOW, "sink_slow", "The event reader was too slow; events were dropped.") \
	X(TRANSPORT_ATTACHED, "transport_attached", "The transport became a candidate of the session.") \
	X(TRANSPORT_CLOSED, "transport_closed", "The transport's connection ended.") \
	X(NOT_RECENTLY_STABLE, "not_recently_stable", "The transport failed a moment ago.")

/* X(NAME, "EventType", "meaning"): event_type of the JSONL stream. */
#define JVPN_AUDIT_MAP(X) \
	X(NODE_STARTED, "NodeStarted", "The process is up.") \
	X(NODE_DRAINING, "NodeDraining", "No new sessions; the present ones are told to move.") \
	X(NODE_STOPPED, "NodeStopped", "Last event of a process that ends in order.") \
	X(POLICY_LOADED, "PolicyLoaded", "A policy became valid.") \
	X(POLICY_REJECTED, "PolicyRejected", "A policy was refused as a whole.") \
	X(SESSION_CREATED, "SessionCreated", "A session was born.") \
	X(SESSION_STATE_CHANGE, "SessionStateChange", "One transition; state_version grows by one.") \
	X(TRANSPORT_ATTACHED, "TransportAttached", "A transport was bound for the first time.") \
	X(TRANSPORT_CANDIDATE_ADDED, "TransportCandidateAdded", "A transport or address may be bound later.") \
	X(TRANSPORT_CANDIDATE_REMOVED, "TransportCandidateRemoved", "A candidate is gone.") \
	X(TRANSPORT_SWITCH, "TransportSwitch", "A different transport or address is the binding now.") \
	X(TRANSPORT_SWITCH_DENIED, "TransportSwitchDenied", "A verified request to switch was denied.") \
	X(TRANSPORT_SWITCH_FAILED, "TransportSwitchFailed", "A switch was begun and failed.") \
	X(REATTACH_ATTEMPT, "ReattachAttempt", "A REATTACH was sent (client) or received (server).") \
	X(REATTACH_RESULT, "ReattachResult", "How the REATTACH ended.") \
	X(SESSION_RESTORED, "SessionRestored", "A session came back from the store or the state directory.") \
	X(SESSION_TERMINATED, "SessionTerminated", "The end of a session, with totals.") \
	X(SECURITY_REPLAY_DETECTED, "SecurityReplayDetected", "A used counter or packet was presented again.") \
	X(SECURITY_VALIDATION_FAILED, "SecurityValidationFailed", "A proof or a message did not verify.") \
	X(UNAUTHORIZED_TRANSPORT_ATTEMPT, "UnauthorizedTransportAttempt", "A transport or address without permission.") \
	X(RATE_LIMITED, "RateLimited", "A limiter refused something.") \
	X(KEY_ROTATED, "KeyRotated", "Traffic or ticket keys were changed.") \
	X(OWNERSHIP_ACQUIRED, "OwnershipAcquired", "This node owns the session now.") \
	X(OWNERSHIP_LOST, "OwnershipLost", "This node does not own the session any more.") \
	X(OWNERSHIP_CONFLICT, "OwnershipConflict", "Two nodes wanted the session; this one refused.") \
	X(INVALID_TRANSITION, "InvalidTransition", "An event that the state does not take; nothing changed.") \
	X(TELEMETRY_DEGRADED, "TelemetryDegraded", "Events were dropped; says how many.") \
	X(AUDIT_TRIMMED, "AuditTrimmed", "Old audit records were removed.")

/* The transition function: X(STATE, EVENT, KIND, NEXT), one line per cell, all of them. GO is a
 * transition, ABSORB a repeated fact (silent), REJECT nothing but an InvalidTransition event. */
#define JVPN_CELL_MAP(X) \
	X(BIRTH, ATTACH_OK, GO, ATTACHED) \
	X(BIRTH, ATTACH_FAILED, GO, TERMINATED) \
	X(BIRTH, INSTABILITY, REJECT, NONE) \
	X(BIRTH, SWITCH_START, REJECT, NONE) \
	X(BIRTH, DEGRADE, REJECT, NONE) \
	X(BIRTH, REATTACH_VALID, REJECT, NONE) \
	X(BIRTH, REATTACH_INVALID, REJECT, NONE) \
	X(BIRTH, RECOVERY_TIMEOUT, REJECT, NONE) \
	X(BIRTH, RESTORE, REJECT, NONE) \
	X(BIRTH, TERMINATE, GO, TERMINATED) \
	X(ATTACHED, ATTACH_OK, ABSORB, NONE) \
	X(ATTACHED, ATTACH_FAILED, REJECT, NONE) \
	X(ATTACHED, INSTABILITY, GO, VOLATILE) \
	X(ATTACHED, SWITCH_START, REJECT, NONE) \
	X(ATTACHED, DEGRADE, REJECT, NONE) \
	X(ATTACHED, REATTACH_VALID, REJECT, NONE) \
	X(ATTACHED, REATTACH_INVALID, REJECT, NONE) \
	X(ATTACHED, RECOVERY_TIMEOUT, ABSORB, NONE) \
	X(ATTACHED, RESTORE, REJECT, NONE) \
	X(ATTACHED, TERMINATE, GO, TERMINATED) \
	X(VOLATILE, ATTACH_OK, REJECT, NONE) \
	X(VOLATILE, ATTACH_FAILED, REJECT, NONE) \
	X(VOLATILE, INSTABILITY, ABSORB, NONE) \
	X(VOLATILE, SWITCH_START, GO, RECOVERING) \
	X(VOLATILE, DEGRADE, GO, DEGRADED) \
	X(VOLATILE, REATTACH_VALID, REJECT, NONE) \
	X(VOLATILE, REATTACH_INVALID, REJECT, NONE) \
	X(VOLATILE, RECOVERY_TIMEOUT, ABSORB, NONE) \
	X(VOLATILE, RESTORE, ABSORB, NONE) \
	X(VOLATILE, TERMINATE, GO, TERMINATED) \
	X(DEGRADED, ATTACH_OK, REJECT, NONE) \
	X(DEGRADED, ATTACH_FAILED, REJECT, NONE) \
	X(DEGRADED, INSTABILITY, ABSORB, NONE) \
	X(DEGRADED, SWITCH_START, GO, RECOVERING) \
	X(DEGRADED, DEGRADE, ABSORB, NONE) \
	X(DEGRADED, REATTACH_VALID, REJECT, NONE) \
	X(DEGRADED, REATTACH_INVALID, ABSORB, NONE) \
	X(DEGRADED, RECOVERY_TIMEOUT, ABSORB, NONE) \
	X(DEGRADED, RESTORE, ABSORB, NONE) \
	X(DEGRADED, TERMINATE, GO, TERMINATED) \
	X(RECOVERING, ATTACH_OK, REJECT, NONE) \
	X(RECOVERING, ATTACH_FAILED, REJECT, NONE) \
	X(RECOVERING, INSTABILITY, ABSORB, NONE) \
	X(RECOVERING, SWITCH_START, ABSORB, NONE) \
	X(RECOVERING, DEGRADE, REJECT, NONE) \
	X(RECOVERING, REATTACH_VALID, GO, ATTACHED) \
	X(RECOVERING, REATTACH_INVALID, GO, DEGRADED) \
	X(RECOVERING, RECOVERY_TIMEOUT, GO, DEGRADED) \
	X(RECOVERING, RESTORE, GO, DEGRADED) \
	X(RECOVERING, TERMINATE, GO, TERMINATED) \
	X(TERMINATED, ATTACH_OK, REJECT, NONE) \
	X(TERMINATED, ATTACH_FAILED, ABSORB, NONE) \
	X(TERMINATED, INSTABILITY, ABSORB, NONE) \
	X(TERMINATED, SWITCH_START, ABSORB, NONE) \
	X(TERMINATED, DEGRADE, ABSORB, NONE) \
	X(TERMINATED, REATTACH_VALID, REJECT, NONE) \
	X(TERMINATED, REATTACH_INVALID, ABSORB, NONE) \
	X(TERMINATED, RECOVERY_TIMEOUT, ABSORB, NONE) \
	X(TERMINATED, RESTORE, ABSORB, NONE) \
	X(TERMINATED, TERMINATE, ABSORB, NONE)

/* Which reasons go with an event: X(EVENT, REASON). A GO has exactly one of them. */
#define JVPN_CELL_REASON_MAP(X) \
	X(ATTACH_OK, ATTACHED_TO_TRANSPORT) \
	X(ATTACH_FAILED, AUTH_FAILED) \
	X(ATTACH_FAILED, POLICY_DENIED) \
	X(ATTACH_FAILED, CAPACITY_EXCEEDED) \
	X(ATTACH_FAILED, ATTACH_TIMEOUT) \
	X(INSTABILITY, LOSS_THRESHOLD_EXCEEDED) \
	X(INSTABILITY, CONSECUTIVE_DROP_EXCEEDED) \
	X(INSTABILITY, LATENCY_THRESHOLD_EXCEEDED) \
	X(INSTABILITY, HEARTBEAT_TIMEOUT) \
	X(INSTABILITY, TRANSPORT_DEAD) \
	X(INSTABILITY, PATH_CHANGE_OBSERVED) \
	X(INSTABILITY, PEER_REATTACH) \
	X(INSTABILITY, PLANNED_HANDOVER) \
	X(INSTABILITY, NODE_RESTART) \
	X(INSTABILITY, NODE_DRAINING) \
	X(SWITCH_START, LOSS_RECOVERY) \
	X(SWITCH_START, DEAD_TRANSPORT_RECOVERY) \
	X(SWITCH_START, PATH_CHANGE_RECOVERY) \
	X(SWITCH_START, HEALTH_RECOVERED) \
	X(SWITCH_START, PLANNED_HANDOVER) \
	X(SWITCH_START, POLICY_FORCED_RECOVERY) \
	X(DEGRADE, VOLATILE_PERSISTED) \
	X(DEGRADE, SWITCH_RATE_LIMITED) \
	X(DEGRADE, NO_CANDIDATE_TRANSPORTS) \
	X(REATTACH_VALID, REATTACH_SUCCESS) \
	X(REATTACH_INVALID, PATH_VALIDATION_FAILED) \
	X(REATTACH_INVALID, NO_CANDIDATE_TRANSPORTS) \
	X(REATTACH_INVALID, POLICY_DENIED) \
	X(REATTACH_INVALID, SWITCH_RATE_LIMITED) \
	X(RECOVERY_TIMEOUT, RECOVERY_WINDOW_EXCEEDED) \
	X(RESTORE, NODE_RESTART) \
	X(TERMINATE, SESSION_LIFETIME_EXCEEDED) \
	X(TERMINATE, TRANSPORT_TTL_EXCEEDED) \
	X(TERMINATE, SECURITY_FAILURE) \
	X(TERMINATE, OPERATOR_TERMINATED) \
	X(TERMINATE, CLIENT_CLOSED) \
	X(TERMINATE, POLICY_TERMINATION) \
	X(TERMINATE, NODE_SHUTDOWN) \
	X(TERMINATE, RESOURCE_EXHAUSTED) \
	X(TERMINATE, SESSION_UNKNOWN_TO_SERVER) \
	X(TERMINATE, INTERNAL_INVARIANT)

/* clang-format on */

enum jvpn_state {
	JVPN_STATE_NONE = 0,
#define X(name, text, meaning) JVPN_STATE_##name,
	JVPN_STATE_MAP(X)
#undef X
		JVPN_STATE_COUNT
};

enum jvpn_fsm_event {
	JVPN_FSM_NONE = 0,
#define X(name, text) JVPN_FSM_##name,
	JVPN_FSM_EVENT_MAP(X)
#undef X
		JVPN_FSM_COUNT
};

enum jvpn_reason {
	JVPN_REASON_NONE = 0,
#define X(name, text, meaning) JVPN_REASON_##name,
	JVPN_REASON_MAP(X)
#undef X
		JVPN_REASON_COUNT
};

enum jvpn_audit_type {
	JVPN_AUDIT_NONE = 0,
#define X(name, text, meaning) JVPN_AUDIT_##name,
	JVPN_AUDIT_MAP(X)
#undef X
		JVPN_AUDIT_COUNT
};

/* Names for the four enums; "none" for 0 and for anything out of range. */
const char *jvpn_state_name(enum jvpn_state state);
const char *jvpn_fsm_event_name(enum jvpn_fsm_event event);
const char *jvpn_reason_name(enum jvpn_reason reason);
const char *jvpn_audit_type_name(enum jvpn_audit_type type);

#endif
