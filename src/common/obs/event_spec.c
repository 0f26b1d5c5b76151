/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tables behind event_spec.h. Data only.
 */
#include "obs/event_spec.h"

#include <stddef.h>

#define MEMBER(group_, name_, form_, flags_, field_, meaning_)                                     \
	{                                                                                          \
		.group = (group_), .name = (name_), .form = JVPN_FORM_##form_, .flags = (flags_),  \
		.offset = offsetof(struct jvpn_audit, field_),                                     \
		.size = sizeof(((struct jvpn_audit *)0)->field_), .meaning = (meaning_)            \
	}
#define MAY_MISS JVPN_MEMBER_MAY_MISS

static const struct jvpn_event_member members[] = {
	MEMBER(JVPN_HAS_SESSION, "session_id", ID, 0, session_id, "The session, 128 random bits."),
	MEMBER(JVPN_HAS_SESSION, "state_version", UINT, 0, state_version,
	       "Version of the session's state; grows by one with each transition."),
	MEMBER(JVPN_HAS_STATES, "from", STATE, 0, from, "State before the transition."),
	MEMBER(JVPN_HAS_STATES, "to", STATE, 0, to, "State after the transition."),
	MEMBER(JVPN_HAS_FSM_EVENT, "fsm_event", FSM_EVENT, 0, fsm_event,
	       "What was put to the transition function."),
	MEMBER(JVPN_HAS_REASON, "reason_code", REASON, 0, reason, "Why; see the table of reasons."),
	MEMBER(JVPN_HAS_TRANSPORT, "transport", TRANSPORT, 0, transport,
	       "Transport id: the client's label, #, a number the server counts."),
	MEMBER(JVPN_HAS_SWITCH, "previous_transport", TRANSPORT, 0, previous_transport,
	       "Binding before the switch; empty when there was none."),
	MEMBER(JVPN_HAS_SWITCH, "new_transport", TRANSPORT, 0, transport,
	       "Binding after the switch."),
	MEMBER(JVPN_HAS_SWITCH, "candidate_count", UINT, 0, candidate_count,
	       "Candidates that could be chosen from."),
	MEMBER(JVPN_HAS_SWITCH, "loss_ratio", RATIO, 0, loss_ppm,
	       "Loss of the previous binding in the policy's window, 0 to 1."),
	MEMBER(JVPN_HAS_SWITCH, "latency_estimate_ms", MS, MAY_MISS, latency_us,
	       "Smoothed round trip of the new binding; left out when "
	       "observability.include_latency_metrics is false."),
	MEMBER(JVPN_HAS_SWITCH, "detect_ms", MS, 0, detect_us,
	       "From the last good packet on the old binding to the decision."),
	MEMBER(JVPN_HAS_SWITCH, "recover_ms", MS, 0, recover_us,
	       "From the decision to the commit of the new binding."),
	MEMBER(JVPN_HAS_SWITCH, "explicit", TRUE, 0, type, "Always true: no switch is silent."),
	MEMBER(JVPN_HAS_TOTALS, "session_age_ms", UINT, 0, session_age_ms, "Age of the session."),
	MEMBER(JVPN_HAS_TOTALS, "transportless_age_ms", UINT, 0, transportless_age_ms,
	       "How long it has been without any transport; 0 with one."),
	MEMBER(JVPN_HAS_TOTALS, "total_switches", UINT, 0, total_switches,
	       "Switches in its whole life."),
	MEMBER(JVPN_HAS_TOTALS, "tx_packets", UINT, 0, tx_packets,
	       "Inner packets sent to the peer."),
	MEMBER(JVPN_HAS_TOTALS, "tx_bytes", UINT, 0, tx_bytes, "Their bytes."),
	MEMBER(JVPN_HAS_TOTALS, "rx_packets", UINT, 0, rx_packets,
	       "Inner packets received from the peer."),
	MEMBER(JVPN_HAS_TOTALS, "rx_bytes", UINT, 0, rx_bytes, "Their bytes."),
	MEMBER(JVPN_HAS_RETRY_AFTER, "retry_after_ms", UINT, 0, retry_after_ms,
	       "When it may be tried again."),
	MEMBER(JVPN_HAS_COUNT, "count", UINT, 0, count,
	       "How many this line stands for (TelemetryDegraded: lines that were dropped; "
	       "KeyRotated: changes of the connection's keys so far)."),
	MEMBER(JVPN_HAS_REQUEST, "counter", UINT, 0, counter, "Counter of the REATTACH request."),
	MEMBER(JVPN_HAS_REQUEST, "request_version", UINT, 0, request_version,
	       "server_version that the request named."),
	MEMBER(JVPN_HAS_PEER, "peer", TEXT, 0, peer, "Outer address and port of the peer."),
	MEMBER(JVPN_HAS_ADDRESSES, "inner_ipv4", TEXT, MAY_MISS, inner_ipv4,
	       "IPv4 address inside the tunnel."),
	MEMBER(JVPN_HAS_ADDRESSES, "inner_ipv6", TEXT, MAY_MISS, inner_ipv6,
	       "IPv6 address inside the tunnel."),
	MEMBER(JVPN_HAS_USER, "user", TEXT, 0, user, "Name that belongs to the credential."),
	/* obs writes this one from what it knows itself: no field of struct jvpn_audit. */
	MEMBER(JVPN_HAS_PREVIOUS_POLICY, "previous_policy_version", TEXT, 0, text,
	       "Policy that was in force before; none at start."),
	MEMBER(JVPN_HAS_TEXT, "detail", TEXT, 0, text, "For people; no contract on its wording."),
};

#define S    JVPN_HAS_SESSION
#define TR   JVPN_HAS_TRANSPORT
#define R    JVPN_HAS_REASON
#define TXT  JVPN_HAS_TEXT
#define PEER JVPN_HAS_PEER
#define REQ  JVPN_HAS_REQUEST
#define CNT  JVPN_HAS_COUNT
#define WAIT JVPN_HAS_RETRY_AFTER
#define ADR  JVPN_HAS_ADDRESSES
#define USR  JVPN_HAS_USER
#define ST   JVPN_HAS_STATES
#define EV   JVPN_HAS_FSM_EVENT
#define SW   JVPN_HAS_SWITCH
#define TOT  JVPN_HAS_TOTALS

#define SPEC(type_, severity_, required_, optional_)                                               \
	[JVPN_AUDIT_##type_] = {.severity = JVPN_SEVERITY_##severity_,                             \
				.required = (required_),                                           \
				.optional = (optional_)}

/* A client has no session_id before the server gave it one: an attach that fails has none. */
static const struct jvpn_event_spec specs[JVPN_AUDIT_COUNT] = {
	SPEC(NODE_STARTED, INFO, 0, R | TXT),
	SPEC(NODE_DRAINING, NOTICE, 0, R | TXT | CNT),
	SPEC(NODE_STOPPED, INFO, 0, R | TXT | CNT),
	SPEC(POLICY_LOADED, NOTICE, JVPN_HAS_PREVIOUS_POLICY, TXT),
	SPEC(POLICY_REJECTED, ERROR, 0, R | TXT | CNT),
	SPEC(SESSION_CREATED, INFO, S, R | TR | PEER | ADR | USR | TXT),
	SPEC(SESSION_STATE_CHANGE, INFO, ST | R, S | EV | TR | PEER | TXT),
	SPEC(TRANSPORT_ATTACHED, INFO, S | TR, R | PEER | USR | TXT),
	SPEC(TRANSPORT_CANDIDATE_ADDED, INFO, 0, S | TR | R | PEER | TXT),
	SPEC(TRANSPORT_CANDIDATE_REMOVED, INFO, 0, S | TR | R | PEER | TXT | WAIT),
	SPEC(TRANSPORT_SWITCH, NOTICE, S | SW | R, TR | PEER | ADR | TXT),
	SPEC(TRANSPORT_SWITCH_DENIED, WARNING, S | R, TR | PEER | REQ | WAIT | CNT | TXT),
	SPEC(TRANSPORT_SWITCH_FAILED, WARNING, S | R, TR | PEER | REQ | WAIT | CNT | TXT),
	SPEC(REATTACH_ATTEMPT, INFO, 0, S | R | TR | PEER | REQ | CNT | TXT),
	SPEC(REATTACH_RESULT, INFO, R, S | TR | PEER | REQ | WAIT | CNT | TXT),
	SPEC(SESSION_RESTORED, NOTICE, S, ST | R | TR | PEER | ADR | USR | TOT | TXT),
	SPEC(SESSION_TERMINATED, NOTICE, R | TOT, S | TR | PEER | ADR | USR | TXT),
	SPEC(SECURITY_REPLAY_DETECTED, WARNING, 0, S | R | TR | PEER | REQ | CNT | TXT),
	SPEC(SECURITY_VALIDATION_FAILED, WARNING, R, S | TR | PEER | REQ | USR | CNT | TXT),
	SPEC(UNAUTHORIZED_TRANSPORT_ATTEMPT, WARNING, 0, S | R | TR | PEER | REQ | USR | CNT | TXT),
	SPEC(RATE_LIMITED, NOTICE, 0, S | R | TR | PEER | REQ | WAIT | CNT | TXT),
	SPEC(KEY_ROTATED, INFO, 0, S | R | TR | CNT | TXT),
	SPEC(OWNERSHIP_ACQUIRED, INFO, S, R | TXT),
	SPEC(OWNERSHIP_LOST, NOTICE, S, R | TXT),
	SPEC(OWNERSHIP_CONFLICT, WARNING, S, R | TR | PEER | REQ | CNT | TXT),
	SPEC(INVALID_TRANSITION, WARNING, EV, S | ST | R | TR | CNT | TXT),
	SPEC(TELEMETRY_DEGRADED, WARNING, CNT | R, TXT),
	SPEC(AUDIT_TRIMMED, NOTICE, 0, R | CNT | TXT),
};

const struct jvpn_event_spec *jvpn_event_spec_get(enum jvpn_audit_type type)
{
	unsigned i = (unsigned)type;

	return &specs[i < JVPN_AUDIT_COUNT ? i : JVPN_AUDIT_NONE];
}

const struct jvpn_event_member *jvpn_event_members(unsigned *count)
{
	*count = sizeof(members) / sizeof(members[0]);
	return members;
}

const char *jvpn_severity_name(enum jvpn_severity severity)
{
	static const char *const names[JVPN_SEVERITY_COUNT] = {
		[JVPN_SEVERITY_INFO] = "info",
		[JVPN_SEVERITY_NOTICE] = "notice",
		[JVPN_SEVERITY_WARNING] = "warning",
		[JVPN_SEVERITY_ERROR] = "error",
	};
	unsigned i = (unsigned)severity;

	return i < JVPN_SEVERITY_COUNT && names[i] ? names[i] : "none";
}
