/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Control messages of one connection: encode and authenticate on the way out, decode and verify on
 * the way in. Decides nothing about sessions.
 */
#ifndef JVPN_RUNTIME_CONTROL_H
#define JVPN_RUNTIME_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/msg.h"
#include "crypto/proof.h"

struct jvpn_conn;

/* What authenticates the control messages of one connection. Owner: the transport. */
struct jvpn_control {
	bool server;                           /* our role: which direction's key is ours */
	uint8_t exporter[JVPN_EXPORTER_BYTES]; /* JVPN_EXPORTER_BIND of this connection */
	uint64_t tx_counter;                   /* of the last message we sent */
	uint64_t rx_counter;                   /* of the last authentic message we took */
};

/* Takes the bind exporter of the connection. JVPN_EAGAIN before the handshake is complete,
 * JVPN_ECRYPTO. */
int jvpn_control_init(struct jvpn_control *control, bool server, struct jvpn_conn *conn);
void jvpn_control_clear(struct jvpn_control *control);

/* Fills conn_counter and MAC of the message (where it has them). JVPN_ECRYPTO, JVPN_EINVAL. */
int jvpn_control_sign(struct jvpn_control *control, const struct jvpn_session_keys *keys,
		      const struct jvpn_id *session_id, struct jvpn_msg *msg);
/* Signs and queues the message on the connection's CONNECT stream. Errors of _sign and of
 * jvpn_conn_send_capsule(). */
int jvpn_control_send(struct jvpn_control *control, struct jvpn_conn *conn,
		      const struct jvpn_session_keys *keys, const struct jvpn_id *session_id,
		      struct jvpn_msg *msg);

/* Verifies the MAC of a decoded message whose capsule value is given, with the key of the peer's
 * direction; a message with a per-connection counter must carry a new one, which is taken. True for
 * messages that TLS alone authenticates. */
bool jvpn_control_verify(struct jvpn_control *control, const struct jvpn_session_keys *keys,
			 const struct jvpn_id *session_id, const struct jvpn_msg *msg,
			 const uint8_t *value, size_t len);
/* The MAC of a REATTACH_REQUEST built from fields (attach in the CONNECT request) instead of a
 * capsule. */
bool jvpn_control_verify_request(const struct jvpn_control *control,
				 const struct jvpn_session_keys *keys,
				 const struct jvpn_msg_reattach_request *request);
/* The same for a REATTACH_DENY of the refusal's field. */
bool jvpn_control_verify_deny(const struct jvpn_control *control,
			      const struct jvpn_session_keys *keys,
			      const struct jvpn_id *session_id,
			      const struct jvpn_msg_reattach_deny *deny);

#endif
