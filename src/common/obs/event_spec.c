/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tables behind event_spec.h. Data only.
 */
#include "obs/event_spec.h"

#include <stddef.h>
#include <string.h>

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

#define SPEC(type_, severity_, message_id_, required_, optional_)                                  \
	[JVPN_AUDIT_##type_] = {.severity = JVPN_SEVERITY_##severity_,                             \
				.message_id = (message_id_),                                       \
				.required = (required_),                                           \
				.optional = (optional_)}

/* A client has no session_id before the server gave it one: an attach that fails has none. */
static const struct jvpn_event_spec specs[JVPN_AUDIT_COUNT] = {
	SPEC(NODE_STARTED, INFO, "c6c7faaf29f75e86aab0e8e54b1bf414", 0, R | TXT),
	SPEC(NODE_DRAINING, NOTICE, "75ce875d27af527d9c878edf90de7326", 0, R | TXT | CNT),
	SPEC(NODE_STOPPED, INFO, "b7087103b146541ab7a74dca6ef7cf81", 0, R | TXT | CNT),
	SPEC(POLICY_LOADED, NOTICE, "a0d51dc5e7a45b9dabeecc9a4288d0a3", JVPN_HAS_PREVIOUS_POLICY,
	     TXT),
	SPEC(POLICY_REJECTED, ERROR, "cfe63cc1b8b75e10ba1a37f1260ebe07", 0, R | TXT | CNT),
	SPEC(SESSION_CREATED, INFO, "6569e388bec453b1b97c02faf571aaa9", S,
	     R | TR | PEER | ADR | USR | TXT),
	SPEC(SESSION_STATE_CHANGE, INFO, "7600ec86072e5f499e86f5fc0bc9109b", ST | R,
	     S | EV | TR | PEER | TXT),
	SPEC(TRANSPORT_ATTACHED, INFO, "8aa9f2f4ce475019be37447ce0a86d9c", S | TR,
	     R | PEER | USR | TXT),
	SPEC(TRANSPORT_CANDIDATE_ADDED, INFO, "16dda1e3eebb5fe1a7ad561487dc3859", 0,
	     S | TR | R | PEER | TXT),
	SPEC(TRANSPORT_CANDIDATE_REMOVED, INFO, "b8baa0e73a0e516daa50691fdd2e6345", 0,
	     S | TR | R | PEER | TXT | WAIT),
	SPEC(TRANSPORT_SWITCH, NOTICE, "845075b5bc2b56a19c43815c8562ffb7", S | SW | R,
	     TR | PEER | ADR | TXT),
	SPEC(TRANSPORT_SWITCH_DENIED, WARNING, "71a82af5f1d15060bdf94e0f2c768180", S | R,
	     TR | PEER | REQ | WAIT | CNT | TXT),
	SPEC(TRANSPORT_SWITCH_FAILED, WARNING, "aaa07d2c07f15c98aa8dbf14d5c56f8b", S | R,
	     TR | PEER | REQ | WAIT | CNT | TXT),
	SPEC(REATTACH_ATTEMPT, INFO, "add074acc36853e4910241538f822324", 0,
	     S | R | TR | PEER | REQ | CNT | TXT),
	SPEC(REATTACH_RESULT, INFO, "b094982eab565b9880a87f697b7e0e55", R,
	     S | TR | PEER | REQ | WAIT | CNT | TXT),
	SPEC(SESSION_RESTORED, NOTICE, "446a4a37406e5ee2b0eed47961380911", S,
	     ST | R | TR | PEER | ADR | USR | TOT | TXT),
	SPEC(SESSION_TERMINATED, NOTICE, "7e1f5051a57856c6aea5b041266d7ef6", R | TOT,
	     S | TR | PEER | ADR | USR | TXT),
	SPEC(SECURITY_REPLAY_DETECTED, WARNING, "53bb93da57365c3abb9c0d3b566d9317", 0,
	     S | R | TR | PEER | REQ | CNT | TXT),
	SPEC(SECURITY_VALIDATION_FAILED, WARNING, "9df33e5471295178b22a93f4e23a0936", R,
	     S | TR | PEER | REQ | USR | CNT | TXT),
	SPEC(UNAUTHORIZED_TRANSPORT_ATTEMPT, WARNING, "ec0952bdc3ed52dd9af5a723a0a81f54", 0,
	     S | R | TR | PEER | REQ | USR | CNT | TXT),
	SPEC(RATE_LIMITED, NOTICE, "0e1142fe356a5bacadb7bc164340335d", 0,
	     S | R | TR | PEER | REQ | WAIT | CNT | TXT),
	SPEC(KEY_ROTATED, INFO, "2336dd76b75c5207bde301f022fdc08a", 0, S | R | TR | CNT | TXT),
	SPEC(OWNERSHIP_ACQUIRED, INFO, "c1b6ffd7bd65562297347d6a48580591", S, R | TXT),
	SPEC(OWNERSHIP_LOST, NOTICE, "45085cd2abf552a5b49b7611262391e9", S, R | TXT),
	SPEC(OWNERSHIP_CONFLICT, WARNING, "1553452c3b9e5a6690913aef11141278", S,
	     R | TR | PEER | REQ | CNT | TXT),
	SPEC(INVALID_TRANSITION, WARNING, "259abbcce30054b1949cf4615ca85e68", EV,
	     S | ST | R | TR | CNT | TXT),
	SPEC(TELEMETRY_DEGRADED, WARNING, "efef2227d3395174b69d865ca0abb9fe", CNT | R, TXT),
	SPEC(AUDIT_TRIMMED, NOTICE, "f0de570e2b9b5c05b3529ee3d9ccc989", 0, R | CNT | TXT),
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

unsigned jvpn_severity_syslog(const char *name, size_t len)
{
	static const unsigned numbers[JVPN_SEVERITY_COUNT] = {
		[JVPN_SEVERITY_INFO] = 6,
		[JVPN_SEVERITY_NOTICE] = 5,
		[JVPN_SEVERITY_WARNING] = 4,
		[JVPN_SEVERITY_ERROR] = 3,
	};

	for (unsigned i = JVPN_SEVERITY_INFO; i < JVPN_SEVERITY_COUNT; i++) {
		const char *text = jvpn_severity_name((enum jvpn_severity)i);

		if (strlen(text) == len && memcmp(text, name, len) == 0)
			return numbers[i];
	}
	return numbers[JVPN_SEVERITY_INFO];
}
