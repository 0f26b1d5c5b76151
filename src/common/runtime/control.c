/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counters and sending around msgauth.
 */
#include "runtime/control.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/wipe.h"
#include "proto/jvmsg.h"
#include "quic/quic.h"
#include "runtime/msgauth.h"

int jvpn_control_init(struct jvpn_control *control, bool server, struct jvpn_conn *conn)
{
	memset(control, 0, sizeof(*control));
	control->server = server;
	return jvpn_conn_export(conn, JVPN_EXPORTER_BIND, NULL, 0, control->exporter,
				sizeof(control->exporter));
}

void jvpn_control_clear(struct jvpn_control *control)
{
	jvpn_wipe(control, sizeof(*control));
}

static uint64_t *conn_counter(struct jvpn_msg *msg)
{
	switch (msg->type) {
	case JVPN_MSG_SESSION_STATE:
		return &msg->u.session_state.conn_counter;
	case JVPN_MSG_REATTACH_REQUIRED:
		return &msg->u.reattach_required.conn_counter;
	case JVPN_MSG_TERMINATE:
		return &msg->u.terminate.conn_counter;
	case JVPN_MSG_NONE:
	case JVPN_MSG_SESSION_CREATED:
	case JVPN_MSG_REATTACH_REQUEST:
	case JVPN_MSG_REATTACH_ACK:
	case JVPN_MSG_REATTACH_DENY:
	case JVPN_MSG_TRANSPORT_HINT:
	case JVPN_MSG_COUNT:
		break;
	}
	return NULL;
}

static struct jvpn_msgauth auth_of(const struct jvpn_control *control,
				   const struct jvpn_session_keys *keys,
				   const struct jvpn_id *session_id, bool from_client)
{
	return (struct jvpn_msgauth){.keys = keys,
				     .session_id = session_id,
				     .exporter = control->exporter,
				     .from_client = from_client};
}

int jvpn_control_sign(struct jvpn_control *control, const struct jvpn_session_keys *keys,
		      const struct jvpn_id *session_id, struct jvpn_msg *msg)
{
	struct jvpn_msgauth auth = auth_of(control, keys, session_id, !control->server);
	uint64_t *counter = conn_counter(msg);

	if (jvpn_jvmsg_auth(msg->type) == JVPN_JVMSG_AUTH_NONE)
		return 0;
	if (counter)
		*counter = ++control->tx_counter;
	return jvpn_msgauth_seal(msg, &auth);
}

int jvpn_control_send(struct jvpn_control *control, struct jvpn_conn *conn,
		      const struct jvpn_session_keys *keys, const struct jvpn_id *session_id,
		      struct jvpn_msg *msg)
{
	uint8_t value[JVPN_JVMSG_VALUE_MAX];
	struct jvpn_writer w;
	int rv = jvpn_control_sign(control, keys, session_id, msg);

	if (rv)
		return rv;
	jvpn_writer_init(&w, value, sizeof(value));
	rv = jvpn_jvmsg_encode(msg, &w);
	if (rv)
		return rv;
	return jvpn_conn_send_capsule(conn, jvpn_jvmsg_capsule_type(msg->type), value,
				      jvpn_writer_len(&w));
}

bool jvpn_control_verify(struct jvpn_control *control, const struct jvpn_session_keys *keys,
			 const struct jvpn_id *session_id, const struct jvpn_msg *msg,
			 const uint8_t *value, size_t len)
{
	struct jvpn_msgauth auth = auth_of(control, keys, session_id, control->server);
	struct jvpn_msg copy = *msg;
	const uint64_t *counter = conn_counter(&copy);

	if (jvpn_jvmsg_auth(msg->type) == JVPN_JVMSG_AUTH_NONE)
		return true;
	if (!jvpn_msgauth_check(msg->type, value, len, &auth))
		return false;
	if (counter && *counter <= control->rx_counter)
		return false;
	if (counter)
		control->rx_counter = *counter;
	return true;
}

bool jvpn_control_verify_request(const struct jvpn_control *control,
				 const struct jvpn_session_keys *keys,
				 const struct jvpn_msg_reattach_request *request)
{
	struct jvpn_msgauth auth = auth_of(control, keys, &request->session_id, true);
	struct jvpn_msg msg = {.type = JVPN_MSG_REATTACH_REQUEST};

	msg.u.reattach_request = *request;
	return jvpn_msgauth_check_msg(&msg, &auth);
}

bool jvpn_control_verify_deny(const struct jvpn_control *control,
			      const struct jvpn_session_keys *keys,
			      const struct jvpn_id *session_id,
			      const struct jvpn_msg_reattach_deny *deny)
{
	struct jvpn_msgauth auth = auth_of(control, keys, session_id, false);
	struct jvpn_msg msg = {.type = JVPN_MSG_REATTACH_DENY};

	msg.u.reattach_deny = *deny;
	return jvpn_msgauth_check_msg(&msg, &auth);
}
