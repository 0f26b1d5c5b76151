/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One audit event as a plain struct: what the core emits and obs/events writes as a JSON line
 * (session.md, "Events"). ts_ms, seq, node_id, role and policy_version are added by obs.
 */
#ifndef JVPN_CORE_AUDIT_H
#define JVPN_CORE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "core/fsm_table.h"
#include "core/msg.h"

#define JVPN_AUDIT_TEXT_MAX 191

/* Which end of the session this is. */
enum jvpn_role { JVPN_ROLE_NONE = 0, JVPN_ROLE_SERVER, JVPN_ROLE_CLIENT };

/* Which optional members of struct jvpn_audit are to be written. */
enum jvpn_audit_has {
	JVPN_HAS_SESSION = 1 << 0,   /* session_id, state_version */
	JVPN_HAS_STATES = 1 << 1,    /* from, to */
	JVPN_HAS_TRANSPORT = 1 << 2, /* transport -> "transport" */
	JVPN_HAS_SWITCH =
		1 << 3, /* previous_transport, new_transport (= transport), candidate_count,
	                                   loss_ratio, latency_estimate_ms, detect_ms, recover_ms, explicit=true */
	JVPN_HAS_TOTALS =
		1 << 4, /* session_age_ms, transportless_age_ms, total_switches, bytes/packets */
	JVPN_HAS_RETRY_AFTER = 1 << 5, /* retry_after_ms */
	JVPN_HAS_COUNT = 1 << 6,       /* count: aggregated or dropped events */
	JVPN_HAS_FSM_EVENT = 1 << 7,   /* fsm_event (InvalidTransition) */
	JVPN_HAS_TEXT = 1 << 8, /* text -> "detail": printable, bounded, never from a secret */
	JVPN_HAS_PEER = 1 << 9, /* peer -> "peer": outer address:port */
	JVPN_HAS_ADDRESSES = 1 << 10, /* inner_ipv4, inner_ipv6 */
	JVPN_HAS_REQUEST = 1 << 11,   /* counter, request_version */
	JVPN_HAS_USER = 1 << 12       /* user -> "user" */
};

struct jvpn_audit {
	enum jvpn_audit_type type;
	enum jvpn_reason reason; /* written as reason_code when not NONE */
	uint32_t has;            /* enum jvpn_audit_has */
	struct jvpn_id session_id;
	uint64_t state_version;
	enum jvpn_state from, to;
	enum jvpn_fsm_event fsm_event;
	char transport[JVPN_TRANSPORT_ID_MAX + 1];
	char previous_transport[JVPN_TRANSPORT_ID_MAX + 1];
	uint32_t candidate_count;
	uint32_t loss_ppm;
	uint32_t latency_us;
	uint64_t detect_us;  /* written as detect_ms with three decimals */
	uint64_t recover_us; /* written as recover_ms with three decimals */
	uint64_t session_age_ms;
	uint64_t transportless_age_ms;
	uint64_t total_switches;
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes;
	uint64_t retry_after_ms;
	uint64_t count;
	uint64_t counter;
	uint64_t request_version;
	char text[JVPN_AUDIT_TEXT_MAX + 1];
	char peer[64];
	char user[64];
	char inner_ipv4[20];
	char inner_ipv6[48];
};

#endif
