/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Signing and verifying of control messages: the join of proto/jvmsg and crypto/proof.
 */
#include "runtime/control.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/wipe.h"
#include "proto/jvmsg.h"
#include "quic/quic.h"

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

/* Key and exporter for a message that travels in the given direction. */
static const struct jvpn_secret *direction_key(const struct jvpn_session_keys *keys,
					       bool from_server)
{
	return from_server ? &keys->s2c : &keys->c2s;
}

static const uint8_t *bound_exporter(const struct jvpn_control *control, enum jvpn_msg_type type)
{
	return jvpn_jvmsg_auth(type) == JVPN_JVMSG_AUTH_EXPORTER ? control->exporter : NULL;
}

int jvpn_control_sign(struct jvpn_control *control, const struct jvpn_session_keys *keys,
		      const struct jvpn_id *session_id, struct jvpn_msg *msg)
{
	uint8_t value[JVPN_JVMSG_VALUE_MAX];
	uint8_t input[JVPN_JVMSG_AUTH_MAX];
	struct jvpn_writer w;
	uint64_t *counter = conn_counter(msg);
	int rv;

	if (jvpn_jvmsg_auth(msg->type) == JVPN_JVMSG_AUTH_NONE)
		return 0;
	if (counter)
		*counter = ++control->tx_counter;
	jvpn_writer_init(&w, value, sizeof(value));
	rv = jvpn_jvmsg_encode(msg, &w);
	if (rv)
		return rv;
	struct jvpn_writer auth;

	jvpn_writer_init(&auth, input, sizeof(input));
	rv = jvpn_jvmsg_auth_input(msg->type, value, jvpn_writer_len(&w), session_id, &auth);
	if (rv)
		return rv;
	return jvpn_proof_compute(direction_key(keys, control->server), input,
				  jvpn_writer_len(&auth), bound_exporter(control, msg->type),
				  jvpn_jvmsg_mac(msg));
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

static bool mac_is_right(const struct jvpn_control *control, const struct jvpn_session_keys *keys,
			 const struct jvpn_id *session_id, struct jvpn_msg *msg,
			 const struct jvpn_reader *value)
{
	uint8_t input[JVPN_JVMSG_AUTH_MAX];
	struct jvpn_writer w;

	jvpn_writer_init(&w, input, sizeof(input));
	if (jvpn_jvmsg_auth_input(msg->type, value->pos, jvpn_reader_left(value), session_id, &w))
		return false;
	return jvpn_proof_check(direction_key(keys, !control->server), input, jvpn_writer_len(&w),
				bound_exporter(control, msg->type), jvpn_jvmsg_mac(msg));
}

bool jvpn_control_verify(struct jvpn_control *control, const struct jvpn_session_keys *keys,
			 const struct jvpn_id *session_id, const struct jvpn_msg *msg,
			 const uint8_t *value, size_t len)
{
	struct jvpn_msg copy = *msg;
	struct jvpn_reader r;
	const uint64_t *counter = conn_counter(&copy);

	if (jvpn_jvmsg_auth(msg->type) == JVPN_JVMSG_AUTH_NONE)
		return true;
	jvpn_reader_init(&r, value, len);
	if (!mac_is_right(control, keys, session_id, &copy, &r))
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
	struct jvpn_msg msg = {.type = JVPN_MSG_REATTACH_REQUEST};
	uint8_t value[JVPN_JVMSG_VALUE_MAX];
	struct jvpn_writer w;
	struct jvpn_reader r;

	msg.u.reattach_request = *request;
	jvpn_writer_init(&w, value, sizeof(value));
	if (jvpn_jvmsg_encode(&msg, &w))
		return false;
	jvpn_reader_init(&r, value, jvpn_writer_len(&w));
	return mac_is_right(control, keys, &request->session_id, &msg, &r);
}
