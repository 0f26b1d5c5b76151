/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of metrics: names, kinds and labels are a public contract like event types; they are added,
 * never renamed. docs/metrics.md is made from it. No label ever names a user, a session or an address.
 */
#ifndef JVPN_OBS_METRIC_H
#define JVPN_OBS_METRIC_H

#define JVPN_METRIC_LABELS_MAX 5

enum jvpn_metric_kind {
	JVPN_METRIC_NONE = 0,
	JVPN_METRIC_COUNTER,
	JVPN_METRIC_GAUGE,
	JVPN_METRIC_HISTOGRAM /* seconds, jvpn_delays_bound_ns */
};

/* Who has it. */
enum jvpn_metric_role {
	JVPN_METRIC_SERVER = 1,
	JVPN_METRIC_CLIENT = 2,
	JVPN_METRIC_BOTH = 3,
	JVPN_METRIC_STORE = 5 /* a server with a durable store */
};

/* clang-format off */
/* X(NAME, "name", KIND, ROLE, "labels", "event type or empty", "help"): the name without jvpn_. */
#define JVPN_METRIC_MAP(X) \
	X(BUILD_INFO, "build_info", GAUGE, BOTH, "version role ngtcp2 nghttp3 wolfssl", "", "Always 1; the labels say what runs.") \
	X(POLICY_INFO, "policy_info", GAUGE, BOTH, "policy_version", "", "Always 1; the label is the version of the policy in force.") \
	X(START_TIME, "start_time_seconds", GAUGE, BOTH, "", "", "When the process began, in seconds since 1970-01-01 UTC.") \
	X(READY, "ready", GAUGE, BOTH, "", "", "1 when /readyz says so.") \
	X(SESSIONS, "sessions", GAUGE, BOTH, "state", "", "Sessions in each state now.") \
	X(SESSION_CAPACITY, "sessions_capacity", GAUGE, SERVER, "", "", "Sessions that there may be at once.") \
	X(WORKERS, "workers", GAUGE, SERVER, "", "", "Threads that carry sessions.") \
	X(DRAINING, "draining", GAUGE, SERVER, "", "", "1 while no new sessions are taken.") \
	X(EVENTS, "events_total", COUNTER, BOTH, "event_type", "every event type", "Lines of the event stream, written or dropped; the sum is the last seq.") \
	X(EVENTS_DROPPED, "events_dropped_total", COUNTER, BOTH, "output", "TelemetryDegraded", "Lines that an output did not take because its reader was too slow or away.") \
	X(EVENTS_WAITING, "events_waiting_bytes", GAUGE, BOTH, "output", "", "Lines that wait for the reader of an output.") \
	X(SESSIONS_CREATED, "sessions_created_total", COUNTER, BOTH, "", "SessionCreated", "Sessions that were born.") \
	X(SESSIONS_RESTORED, "sessions_restored_total", COUNTER, BOTH, "", "SessionRestored", "Sessions that came back from the store or the state directory.") \
	X(SESSIONS_TERMINATED, "sessions_terminated_total", COUNTER, BOTH, "reason", "SessionTerminated", "Sessions that ended, by reason.") \
	X(TRANSITIONS, "session_transitions_total", COUNTER, BOTH, "from to reason", "SessionStateChange", "Transitions of sessions.") \
	X(SWITCHES, "switches_total", COUNTER, BOTH, "reason", "TransportSwitch", "Bindings moved to another transport or address, by reason.") \
	X(SWITCHES_DENIED, "switches_denied_total", COUNTER, BOTH, "reason", "TransportSwitchDenied", "Verified requests to move that were denied, by reason.") \
	X(SWITCHES_FAILED, "switches_failed_total", COUNTER, BOTH, "reason", "TransportSwitchFailed", "Moves that were begun and failed, by reason.") \
	X(REATTACH_ATTEMPTS, "reattach_attempts_total", COUNTER, BOTH, "", "ReattachAttempt", "REATTACH requests sent (client) or received (server).") \
	X(REATTACH_RESULTS, "reattach_results_total", COUNTER, BOTH, "reason", "ReattachResult", "How REATTACH requests ended, by reason.") \
	X(DETECT, "switch_detect_seconds", HISTOGRAM, BOTH, "", "TransportSwitch", "From the last good packet on the old binding to the decision to move.") \
	X(COMMIT, "switch_commit_seconds", HISTOGRAM, BOTH, "", "TransportSwitch", "From the decision to the commit of the new binding.") \
	X(RECOVERY, "switch_recovery_seconds", HISTOGRAM, BOTH, "", "TransportSwitch", "Both together: from the last good packet to the commit of the new binding.") \
	X(CANDIDATES_ADDED, "candidates_added_total", COUNTER, BOTH, "", "TransportCandidateAdded", "Transports or addresses that could be bound.") \
	X(CANDIDATES_REMOVED, "candidates_removed_total", COUNTER, BOTH, "reason", "TransportCandidateRemoved", "Candidates that went, by reason.") \
	X(REPLAYS, "replays_rejected_total", COUNTER, BOTH, "", "SecurityReplayDetected", "Used counters or packets that were presented again.") \
	X(VALIDATION_FAILURES, "validation_failures_total", COUNTER, BOTH, "reason", "SecurityValidationFailed", "Proofs and messages that did not verify, by reason.") \
	X(UNAUTHORIZED, "unauthorized_attempts_total", COUNTER, BOTH, "reason", "UnauthorizedTransportAttempt", "Transports and addresses without permission, by reason.") \
	X(RATE_LIMITED, "rate_limited_total", COUNTER, BOTH, "reason", "RateLimited", "What limiters refused, by reason.") \
	X(INVALID_TRANSITIONS, "invalid_transitions_total", COUNTER, BOTH, "", "InvalidTransition", "Events that a state does not take.") \
	X(KEY_ROTATIONS, "key_rotations_total", COUNTER, BOTH, "", "KeyRotated", "Changes of traffic or ticket keys.") \
	X(POLICY_LOADS, "policy_loads_total", COUNTER, BOTH, "", "PolicyLoaded", "Policies that came into force.") \
	X(POLICY_REJECTIONS, "policy_rejections_total", COUNTER, BOTH, "", "PolicyRejected", "Policies that were refused as a whole.") \
	X(TUNNEL_PACKETS, "tunnel_packets_total", COUNTER, BOTH, "direction", "", "Inner packets of sessions: rx from the peer, tx to it.") \
	X(TUNNEL_BYTES, "tunnel_bytes_total", COUNTER, BOTH, "direction", "", "Octets of these packets.") \
	X(FORWARD_DROPS, "forward_drops_total", COUNTER, BOTH, "direction reason", "", "Inner packets that the forwarding rules refused: rx from the peer, tx to it.") \
	X(ICMP_SENT, "icmp_errors_sent_total", COUNTER, BOTH, "", "", "ICMP errors about inner packets that were sent to their senders.") \
	X(QUEUE_DELAY, "queue_delay_seconds", HISTOGRAM, BOTH, "", "", "How long inner packets waited for their binding before they were sent.") \
	X(QUEUE_DROPS, "queue_drops_total", COUNTER, BOTH, "reason", "", "Inner packets that were dropped while they waited: full, stale (too old), codel, other.") \
	X(QUEUE_MARKED, "queue_marked_total", COUNTER, BOTH, "", "", "Inner packets that were marked (ECN) instead of dropped.") \
	X(QUEUE_MEMORY, "queue_memory_bytes", GAUGE, BOTH, "", "", "Memory of inner packets that wait now.") \
	X(CONNECTIONS, "connections", GAUGE, BOTH, "", "", "QUIC connections now.") \
	X(HANDSHAKES_OPEN, "handshakes_in_progress", GAUGE, SERVER, "", "", "Handshakes that have begun and not ended.") \
	X(HANDSHAKES, "handshakes_total", COUNTER, BOTH, "result", "", "Handshakes that ended: full, resumed, failed.") \
	X(HANDSHAKE_TIME, "handshake_duration_seconds", HISTOGRAM, BOTH, "", "", "Duration of handshakes that succeeded.") \
	X(INITIALS_REFUSED, "initials_refused_total", COUNTER, SERVER, "reason", "", "Connections that were not begun: capacity, source_limited, postponed, short, invalid_token.") \
	X(RETRIES, "retries_sent_total", COUNTER, SERVER, "", "", "Clients that had to prove their address first (Retry).") \
	X(CLOSED, "connections_closed_total", COUNTER, BOTH, "cause", "", "QUIC connections that ended, by cause.") \
	X(MESSAGES_DROPPED, "messages_dropped_total", COUNTER, BOTH, "reason", "", "Control messages that were dropped: malformed, unexpected, unanswered (too many without a valid proof).") \
	X(HANDED, "worker_handed_total", COUNTER, SERVER, "kind", "", "What a worker read that was another one's: datagram, packet.") \
	X(HANDED_DROPPED, "worker_handed_dropped_total", COUNTER, SERVER, "", "", "Of these, dropped because the other one's mailbox was full.") \
	X(STORE_OPERATIONS, "store_operations_total", COUNTER, STORE, "result", "", "Operations of the session store, by result.") \
	X(STORE_REFUSED, "store_refused_total", COUNTER, STORE, "", "", "Operations that the store did not take: too many under way.") \
	X(STORE_LATENCY, "store_latency_seconds", HISTOGRAM, STORE, "", "", "From giving an operation to the store to its result.") \
	X(STORE_PENDING, "store_pending_operations", GAUGE, STORE, "", "", "Operations without a result.") \
	X(STORE_COMMITS, "store_commits_total", COUNTER, STORE, "", "", "Transactions of the store.") \
	X(STORE_HEALTH, "store_health", GAUGE, STORE, "state", "", "1 at the present health of the store: ok, full, failing, broken.") \
	X(AUDIT_BYTES, "audit_bytes", GAUGE, STORE, "", "", "Present size of the durable audit.") \
	X(AUDIT_LOST, "audit_entries_lost_total", COUNTER, STORE, "", "", "Entries that the durable audit did not get.") \
	X(BINDING_RTT, "binding_rtt_seconds", GAUGE, CLIENT, "", "", "Smoothed round trip of the binding; missing without one.") \
	X(BINDING_LOSS, "binding_loss_ratio", GAUGE, CLIENT, "", "", "Loss of the binding in the policy's window, 0 to 1; missing without one.") \
	X(TRANSPORTS, "transports", GAUGE, CLIENT, "role", "", "Transports of the session: bound, standby, joining.") \
	X(HTTP_REQUESTS, "http_requests_total", COUNTER, BOTH, "status", "", "Requests to this endpoint, by the status they got.") \
	X(HTTP_REFUSED, "http_connections_refused_total", COUNTER, BOTH, "", "", "Connections to this endpoint that were cut: too many, or too slow.")
/* clang-format on */

enum jvpn_metric {
#define X(name, text, kind, role, labels, events, help) JVPN_METRIC_ID_##name,
	JVPN_METRIC_MAP(X)
#undef X
		JVPN_METRIC_COUNT
};

struct jvpn_metric_spec {
	const char *name; /* with jvpn_ */
	enum jvpn_metric_kind kind;
	enum jvpn_metric_role role;
	const char *labels; /* separated by a blank */
	const char *events; /* that it is counted from; "": none */
	const char *help;
};

const struct jvpn_metric_spec *jvpn_metric_get(enum jvpn_metric metric);
/* "counter", "gauge", "histogram". */
const char *jvpn_metric_kind_name(enum jvpn_metric_kind kind);

#endif
