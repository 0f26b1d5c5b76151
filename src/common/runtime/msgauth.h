/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where proto and crypto meet: puts MACs into control messages and checks them. Chooses key and
 * exporter by message type and direction; decides nothing about the session.
 */
#ifndef JVPN_RUNTIME_MSGAUTH_H
#define JVPN_RUNTIME_MSGAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/msg.h"
#include "crypto/proof.h"

/* Everything borrowed for the duration of a call. */
struct jvpn_msgauth {
	const struct jvpn_session_keys *keys;
	const struct jvpn_id *session_id;
	const uint8_t *exporter; /* JVPN_EXPORTER_BIND of this connection, 32 octets */
	bool from_client;        /* direction of the message, not the role of this process */
};

/* Fills the message's MAC. JVPN_EINVAL for messages without one or that do not encode,
 * JVPN_ECRYPTO. */
int jvpn_msgauth_seal(struct jvpn_msg *msg, const struct jvpn_msgauth *auth);
/* Checks the MAC of a received capsule over the octets as they were sent. False for messages
 * without a MAC: ask jvpn_jvmsg_auth() first. */
bool jvpn_msgauth_check(enum jvpn_msg_type type, const uint8_t *value, size_t len,
			const struct jvpn_msgauth *auth);
/* The same for a message that did not come as a capsule (the jumping-session field). */
bool jvpn_msgauth_check_msg(const struct jvpn_msg *msg, const struct jvpn_msgauth *auth);

#endif
