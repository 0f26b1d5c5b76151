/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * MACs of control messages: proto/jvmsg gives the octets, crypto/proof the HMAC.
 */
#include "runtime/msgauth.h"

#include <string.h>

#include "base/err.h"
#include "proto/jvmsg.h"

static const struct jvpn_secret *direction_key(const struct jvpn_msgauth *auth)
{
	return auth->from_client ? &auth->keys->c2s : &auth->keys->s2c;
}

/* Each message but TERMINATE has one direction only; the other one has no valid MAC. */
static bool direction_is_valid(enum jvpn_msg_type type, bool from_client)
{
	if (type == JVPN_MSG_TERMINATE)
		return true;
	return from_client == (type == JVPN_MSG_REATTACH_REQUEST);
}

/* The octets to cover, and the exporter that belongs behind them. */
static int input_write(enum jvpn_msg_type type, const uint8_t *value, size_t len,
		       const struct jvpn_msgauth *auth, struct jvpn_writer *w)
{
	if (!direction_is_valid(type, auth->from_client) ||
	    (jvpn_jvmsg_auth(type) == JVPN_JVMSG_AUTH_EXPORTER && !auth->exporter))
		return JVPN_EINVAL;
	return jvpn_jvmsg_auth_input(type, value, len, auth->session_id, w);
}

static const uint8_t *exporter_for(enum jvpn_msg_type type, const struct jvpn_msgauth *auth)
{
	return jvpn_jvmsg_auth(type) == JVPN_JVMSG_AUTH_EXPORTER ? auth->exporter : NULL;
}

int jvpn_msgauth_seal(struct jvpn_msg *msg, const struct jvpn_msgauth *auth)
{
	uint8_t value[JVPN_JVMSG_VALUE_MAX], input[JVPN_JVMSG_AUTH_MAX];
	uint8_t *mac = jvpn_jvmsg_mac(msg);
	struct jvpn_writer v, w;
	int err;

	if (!mac)
		return JVPN_EINVAL;
	memset(mac, 0, JVPN_MAC_BYTES);
	jvpn_writer_init(&v, value, sizeof(value));
	jvpn_writer_init(&w, input, sizeof(input));
	err = jvpn_jvmsg_encode(msg, &v);
	if (!err)
		err = input_write(msg->type, value, jvpn_writer_len(&v), auth, &w);
	if (err)
		return err;
	return jvpn_proof_compute(direction_key(auth), input, jvpn_writer_len(&w),
				  exporter_for(msg->type, auth), mac);
}

bool jvpn_msgauth_check(enum jvpn_msg_type type, const uint8_t *value, size_t len,
			const struct jvpn_msgauth *auth)
{
	uint8_t input[JVPN_JVMSG_AUTH_MAX];
	struct jvpn_writer w;

	jvpn_writer_init(&w, input, sizeof(input));
	if (input_write(type, value, len, auth, &w))
		return false;
	return jvpn_proof_check(direction_key(auth), input, jvpn_writer_len(&w),
				exporter_for(type, auth), value + len - JVPN_MAC_BYTES);
}

bool jvpn_msgauth_check_msg(const struct jvpn_msg *msg, const struct jvpn_msgauth *auth)
{
	uint8_t value[JVPN_JVMSG_VALUE_MAX];
	struct jvpn_writer w;

	jvpn_writer_init(&w, value, sizeof(value));
	if (jvpn_jvmsg_encode(msg, &w))
		return false;
	return jvpn_msgauth_check(msg->type, value, jvpn_writer_len(&w), auth);
}
