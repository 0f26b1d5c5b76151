/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Control messages of the Jumping extension as plain structs. No wire knowledge: proto/jvmsg
 * encodes them, crypto/proof computes and checks the MACs (wire.md, "The Jumping extension").
 */
#ifndef JVPN_CORE_MSG_H
#define JVPN_CORE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/fsm_table.h"

#define JVPN_MAC_BYTES         32
#define JVPN_CHALLENGE_BYTES   16
#define JVPN_EXPORTER_BYTES    32
#define JVPN_SESSION_KEY_BYTES 32
/* A transport label: [a-z0-9._-]{1,15}; the id the server makes of it is label#n. */
#define JVPN_LABEL_MAX        15
#define JVPN_TRANSPORT_ID_MAX 31
#define JVPN_ROUTE_PREFIX_MAX 12
#define JVPN_HINTS_MAX        8
/* Why a client chose this transport: printable ASCII, for the log. */
#define JVPN_RANKING_MAX 191

enum jvpn_msg_type {
	JVPN_MSG_NONE = 0,
	JVPN_MSG_SESSION_CREATED,
	JVPN_MSG_SESSION_STATE,
	JVPN_MSG_REATTACH_REQUEST,
	JVPN_MSG_REATTACH_ACK,
	JVPN_MSG_REATTACH_DENY,
	JVPN_MSG_REATTACH_REQUIRED,
	JVPN_MSG_TRANSPORT_HINT,
	JVPN_MSG_TERMINATE,
	JVPN_MSG_COUNT
};

/* Server to client, once per session, inside the connection that created it. */
struct jvpn_msg_session_created {
	struct jvpn_id session_id;
	uint64_t server_version;
	uint64_t age_ms;
	uint64_t lifetime_ms;           /* session.max_lifetime_ms in force */
	uint64_t transport_lost_ttl_ms; /* session.transport_lost_ttl_ms in force */
	char transport_id[JVPN_TRANSPORT_ID_MAX + 1];
	uint8_t route_prefix[JVPN_ROUTE_PREFIX_MAX];
	uint8_t route_prefix_len; /* 0..JVPN_ROUTE_PREFIX_MAX */
};

/* Server to client; MAC by K_s2c over the bind exporter and the per-connection counter. */
struct jvpn_msg_session_state {
	enum jvpn_state state;
	enum jvpn_reason reason;
	uint64_t server_version;
	uint64_t age_ms;
	uint64_t conn_counter;
	uint8_t mac[JVPN_MAC_BYTES];
};

/* Client to server, as a capsule or as the attach fields of the CONNECT request. */
struct jvpn_msg_reattach_request {
	struct jvpn_id session_id;
	uint64_t counter;
	uint64_t server_version;
	uint64_t age_ms;
	enum jvpn_reason reason; /* why the client asks; logged, not trusted */
	char label[JVPN_LABEL_MAX + 1];
	bool has_challenge;
	uint8_t challenge[JVPN_CHALLENGE_BYTES];
	char ranking[JVPN_RANKING_MAX + 1]; /* "": the client did not choose (never in an attach) */
	uint32_t detect_us; /* with a ranking: from the last good packet to the finding */
	uint8_t mac[JVPN_MAC_BYTES];
};

struct jvpn_msg_reattach_ack {
	uint64_t counter; /* of the request that is answered */
	uint64_t server_version;
	uint64_t age_ms;
	char transport_id[JVPN_TRANSPORT_ID_MAX + 1];
	uint8_t mac[JVPN_MAC_BYTES];
};

struct jvpn_msg_reattach_deny {
	uint64_t counter;
	enum jvpn_reason reason;
	uint64_t retry_after_ms;
	uint64_t server_version;
	uint64_t age_ms;
	uint8_t mac
		[JVPN_MAC_BYTES]; /* all zero for reattach_refused (no key is known to be shared) */
};

/* Server to client: prove the possession from the path this challenge was issued for. */
struct jvpn_msg_reattach_required {
	enum jvpn_reason reason;
	uint8_t challenge[JVPN_CHALLENGE_BYTES];
	uint64_t server_version;
	uint64_t age_ms;
	uint64_t conn_counter;
	uint8_t mac[JVPN_MAC_BYTES];
};

struct jvpn_hint {
	uint8_t family; /* 4 or 6 */
	uint8_t address[16];
	uint16_t port;
};

struct jvpn_msg_transport_hint {
	size_t count; /* 0..JVPN_HINTS_MAX */
	struct jvpn_hint hint[JVPN_HINTS_MAX];
};

/* Both directions; MAC by the sender's direction key over the bind exporter and the counter. */
struct jvpn_msg_terminate {
	enum jvpn_reason reason;
	uint64_t conn_counter;
	uint8_t mac[JVPN_MAC_BYTES];
};

struct jvpn_msg {
	enum jvpn_msg_type type;
	union {
		struct jvpn_msg_session_created session_created;
		struct jvpn_msg_session_state session_state;
		struct jvpn_msg_reattach_request reattach_request;
		struct jvpn_msg_reattach_ack reattach_ack;
		struct jvpn_msg_reattach_deny reattach_deny;
		struct jvpn_msg_reattach_required reattach_required;
		struct jvpn_msg_transport_hint transport_hint;
		struct jvpn_msg_terminate terminate;
	} u;
};

#endif
