/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Capsule values of the Jumping extension and their MAC inputs (docs/protocol.md). Where a message
 * has a MAC, it is always the last 32 octets of the value.
 */
#include "proto/jvmsg.h"

#include <string.h>

#include "base/err.h"
#include "proto/capsule.h"

/* The first octets of every MAC input; nothing else in the project is MACed with this label. */
static const char auth_label[] = "jvpn reattach v1";

/* RFC 9297 section 5.4: types 0x29 * N + 0x17 exist to be ignored, so none of ours may be one. */
#define IS_GREASE(type) (((type)-0x17) % 0x29 == 0)
_Static_assert(!IS_GREASE(JVPN_CAPSULE_JVMSG_BASE + 1) && !IS_GREASE(JVPN_CAPSULE_JVMSG_BASE + 2) &&
		       !IS_GREASE(JVPN_CAPSULE_JVMSG_BASE + 3) &&
		       !IS_GREASE(JVPN_CAPSULE_JVMSG_BASE + 4) &&
		       !IS_GREASE(JVPN_CAPSULE_JVMSG_BASE + 5) &&
		       !IS_GREASE(JVPN_CAPSULE_JVMSG_BASE + 6) &&
		       !IS_GREASE(JVPN_CAPSULE_JVMSG_BASE + 7) &&
		       !IS_GREASE(JVPN_CAPSULE_JVMSG_BASE + 8) && JVPN_MSG_COUNT == 9,
	       "a capsule type of ours is a reserved one");

uint64_t jvpn_jvmsg_capsule_type(enum jvpn_msg_type type)
{
	return type > JVPN_MSG_NONE && type < JVPN_MSG_COUNT ? JVPN_CAPSULE_JVMSG_BASE + type : 0;
}

enum jvpn_msg_type jvpn_jvmsg_type(uint64_t capsule_type)
{
	if (capsule_type <= JVPN_CAPSULE_JVMSG_BASE ||
	    capsule_type >= JVPN_CAPSULE_JVMSG_BASE + JVPN_MSG_COUNT)
		return JVPN_MSG_NONE;
	return (enum jvpn_msg_type)(capsule_type - JVPN_CAPSULE_JVMSG_BASE);
}

/* Length of the label at the start of the text, whatever follows it; 0 when there is none. */
static size_t label_len(const char *text)
{
	size_t n = 0;

	while ((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= '0' && text[n] <= '9') ||
	       text[n] == '.' || text[n] == '_' || text[n] == '-')
		n++;
	return n <= JVPN_LABEL_MAX ? n : 0;
}

bool jvpn_jvmsg_label_is_valid(const char *label)
{
	size_t n = label_len(label);

	return n > 0 && label[n] == '\0';
}

/* Is it a decimal number 1..4294967295 without leading zero? */
static bool ordinal_is_valid(const char *text)
{
	uint64_t v = 0;

	if (text[0] == '0' || text[0] == '\0')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (uint64_t)(*text - '0');
		if (v > UINT32_MAX)
			return false;
	}
	return true;
}

bool jvpn_jvmsg_transport_id_is_valid(const char *id)
{
	size_t n = label_len(id);

	if (n == 0)
		return false;
	return id[n] == '\0' || (id[n] == '#' && ordinal_is_valid(id + n + 1));
}

/* Reads length(1) || text into a zero-filled string; an embedded NUL makes the text shorter than
 * its length and is refused. */
static void text_read(struct jvpn_reader *r, char *out, size_t max)
{
	size_t len = jvpn_reader_u8(r);

	memset(out, 0, max + 1);
	if (len > max) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return;
	}
	jvpn_reader_bytes(r, out, len);
	if (!r->err && strlen(out) != len)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
}

static void text_write(struct jvpn_writer *w, const char *text)
{
	size_t len = strlen(text);

	jvpn_writer_u8(w, (uint8_t)len);
	jvpn_writer_bytes(w, text, len);
}

static void label_read(struct jvpn_reader *r, char *out)
{
	text_read(r, out, JVPN_LABEL_MAX);
	if (!r->err && !jvpn_jvmsg_label_is_valid(out))
		jvpn_reader_fail(r, JVPN_EMALFORMED);
}

static void transport_id_read(struct jvpn_reader *r, char *out)
{
	text_read(r, out, JVPN_TRANSPORT_ID_MAX);
	if (!r->err && !jvpn_jvmsg_transport_id_is_valid(out))
		jvpn_reader_fail(r, JVPN_EMALFORMED);
}

/* A newer peer may know more reasons: that is no error. */
static enum jvpn_reason reason_read(struct jvpn_reader *r)
{
	uint16_t v = jvpn_reader_u16(r);

	return v < JVPN_REASON_COUNT ? (enum jvpn_reason)v : JVPN_REASON_NONE;
}

static enum jvpn_state state_read(struct jvpn_reader *r)
{
	uint8_t v = jvpn_reader_u8(r);

	if (r->err || v == JVPN_STATE_NONE || v >= JVPN_STATE_COUNT) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return JVPN_STATE_NONE;
	}
	return (enum jvpn_state)v;
}

static void session_created_read(struct jvpn_reader *r, struct jvpn_msg_session_created *m)
{
	jvpn_reader_bytes(r, m->session_id.b, JVPN_ID_BYTES);
	m->server_version = jvpn_reader_u64(r);
	m->age_ms = jvpn_reader_u64(r);
	m->lifetime_ms = jvpn_reader_u64(r);
	m->transport_lost_ttl_ms = jvpn_reader_u64(r);
	transport_id_read(r, m->transport_id);
	m->route_prefix_len = jvpn_reader_u8(r);
	if (m->route_prefix_len > JVPN_ROUTE_PREFIX_MAX)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	else
		jvpn_reader_bytes(r, m->route_prefix, m->route_prefix_len);
}

static void session_created_write(struct jvpn_writer *w, const struct jvpn_msg_session_created *m)
{
	jvpn_writer_bytes(w, m->session_id.b, JVPN_ID_BYTES);
	jvpn_writer_u64(w, m->server_version);
	jvpn_writer_u64(w, m->age_ms);
	jvpn_writer_u64(w, m->lifetime_ms);
	jvpn_writer_u64(w, m->transport_lost_ttl_ms);
	text_write(w, m->transport_id);
	jvpn_writer_u8(w, m->route_prefix_len);
	jvpn_writer_bytes(w, m->route_prefix, m->route_prefix_len);
}

static void session_state_read(struct jvpn_reader *r, struct jvpn_msg_session_state *m)
{
	m->state = state_read(r);
	m->reason = reason_read(r);
	m->server_version = jvpn_reader_u64(r);
	m->age_ms = jvpn_reader_u64(r);
	m->conn_counter = jvpn_reader_u64(r);
	jvpn_reader_bytes(r, m->mac, JVPN_MAC_BYTES);
}

static void session_state_write(struct jvpn_writer *w, const struct jvpn_msg_session_state *m)
{
	jvpn_writer_u8(w, (uint8_t)m->state);
	jvpn_writer_u16(w, (uint16_t)m->reason);
	jvpn_writer_u64(w, m->server_version);
	jvpn_writer_u64(w, m->age_ms);
	jvpn_writer_u64(w, m->conn_counter);
	jvpn_writer_bytes(w, m->mac, JVPN_MAC_BYTES);
}

bool jvpn_jvmsg_ranking_is_valid(const char *ranking)
{
	size_t n = 0;

	while (ranking[n] >= 0x20 && ranking[n] <= 0x7e)
		n++;
	return ranking[n] == '\0' && n <= JVPN_RANKING_MAX;
}

static void ranking_read(struct jvpn_reader *r, struct jvpn_msg_reattach_request *m)
{
	text_read(r, m->ranking, JVPN_RANKING_MAX);
	if (!r->err && !jvpn_jvmsg_ranking_is_valid(m->ranking))
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	m->detect_us = m->ranking[0] != '\0' ? jvpn_reader_u32(r) : 0;
}

static void ranking_write(struct jvpn_writer *w, const struct jvpn_msg_reattach_request *m)
{
	text_write(w, m->ranking);
	if (m->ranking[0] != '\0')
		jvpn_writer_u32(w, m->detect_us);
}

static void request_read(struct jvpn_reader *r, struct jvpn_msg_reattach_request *m)
{
	uint8_t challenge_len;

	jvpn_reader_bytes(r, m->session_id.b, JVPN_ID_BYTES);
	m->counter = jvpn_reader_u64(r);
	m->server_version = jvpn_reader_u64(r);
	m->age_ms = jvpn_reader_u64(r);
	m->reason = reason_read(r);
	label_read(r, m->label);
	challenge_len = jvpn_reader_u8(r);
	if (challenge_len != 0 && challenge_len != JVPN_CHALLENGE_BYTES)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	m->has_challenge = challenge_len != 0;
	if (m->has_challenge)
		jvpn_reader_bytes(r, m->challenge, JVPN_CHALLENGE_BYTES);
	ranking_read(r, m);
	jvpn_reader_bytes(r, m->mac, JVPN_MAC_BYTES);
}

static void request_write(struct jvpn_writer *w, const struct jvpn_msg_reattach_request *m)
{
	jvpn_writer_bytes(w, m->session_id.b, JVPN_ID_BYTES);
	jvpn_writer_u64(w, m->counter);
	jvpn_writer_u64(w, m->server_version);
	jvpn_writer_u64(w, m->age_ms);
	jvpn_writer_u16(w, (uint16_t)m->reason);
	text_write(w, m->label);
	jvpn_writer_u8(w, m->has_challenge ? JVPN_CHALLENGE_BYTES : 0);
	if (m->has_challenge)
		jvpn_writer_bytes(w, m->challenge, JVPN_CHALLENGE_BYTES);
	ranking_write(w, m);
	jvpn_writer_bytes(w, m->mac, JVPN_MAC_BYTES);
}

static void ack_read(struct jvpn_reader *r, struct jvpn_msg_reattach_ack *m)
{
	m->counter = jvpn_reader_u64(r);
	m->server_version = jvpn_reader_u64(r);
	m->age_ms = jvpn_reader_u64(r);
	transport_id_read(r, m->transport_id);
	jvpn_reader_bytes(r, m->mac, JVPN_MAC_BYTES);
}

static void ack_write(struct jvpn_writer *w, const struct jvpn_msg_reattach_ack *m)
{
	jvpn_writer_u64(w, m->counter);
	jvpn_writer_u64(w, m->server_version);
	jvpn_writer_u64(w, m->age_ms);
	text_write(w, m->transport_id);
	jvpn_writer_bytes(w, m->mac, JVPN_MAC_BYTES);
}

static void deny_read(struct jvpn_reader *r, struct jvpn_msg_reattach_deny *m)
{
	m->counter = jvpn_reader_u64(r);
	m->reason = reason_read(r);
	m->retry_after_ms = jvpn_reader_u64(r);
	m->server_version = jvpn_reader_u64(r);
	m->age_ms = jvpn_reader_u64(r);
	jvpn_reader_bytes(r, m->mac, JVPN_MAC_BYTES);
}

static void deny_write(struct jvpn_writer *w, const struct jvpn_msg_reattach_deny *m)
{
	jvpn_writer_u64(w, m->counter);
	jvpn_writer_u16(w, (uint16_t)m->reason);
	jvpn_writer_u64(w, m->retry_after_ms);
	jvpn_writer_u64(w, m->server_version);
	jvpn_writer_u64(w, m->age_ms);
	jvpn_writer_bytes(w, m->mac, JVPN_MAC_BYTES);
}

static void required_read(struct jvpn_reader *r, struct jvpn_msg_reattach_required *m)
{
	m->reason = reason_read(r);
	jvpn_reader_bytes(r, m->challenge, JVPN_CHALLENGE_BYTES);
	m->server_version = jvpn_reader_u64(r);
	m->age_ms = jvpn_reader_u64(r);
	m->conn_counter = jvpn_reader_u64(r);
	jvpn_reader_bytes(r, m->mac, JVPN_MAC_BYTES);
}

static void required_write(struct jvpn_writer *w, const struct jvpn_msg_reattach_required *m)
{
	jvpn_writer_u16(w, (uint16_t)m->reason);
	jvpn_writer_bytes(w, m->challenge, JVPN_CHALLENGE_BYTES);
	jvpn_writer_u64(w, m->server_version);
	jvpn_writer_u64(w, m->age_ms);
	jvpn_writer_u64(w, m->conn_counter);
	jvpn_writer_bytes(w, m->mac, JVPN_MAC_BYTES);
}

static void hint_read(struct jvpn_reader *r, struct jvpn_hint *h)
{
	h->family = jvpn_reader_u8(r);
	if (r->err || (h->family != 4 && h->family != 6)) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return;
	}
	jvpn_reader_bytes(r, h->address, h->family == 4 ? 4 : 16);
	h->port = jvpn_reader_u16(r);
	if (h->port == 0)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
}

static void transport_hint_read(struct jvpn_reader *r, struct jvpn_msg_transport_hint *m)
{
	m->count = jvpn_reader_u8(r);
	if (m->count > JVPN_HINTS_MAX) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return;
	}
	for (size_t i = 0; i < m->count; i++)
		hint_read(r, &m->hint[i]);
}

static void transport_hint_write(struct jvpn_writer *w, const struct jvpn_msg_transport_hint *m)
{
	jvpn_writer_u8(w, (uint8_t)m->count);
	for (size_t i = 0; i < m->count && i < JVPN_HINTS_MAX; i++) {
		jvpn_writer_u8(w, m->hint[i].family);
		jvpn_writer_bytes(w, m->hint[i].address, m->hint[i].family == 4 ? 4 : 16);
		jvpn_writer_u16(w, m->hint[i].port);
	}
}

static void terminate_read(struct jvpn_reader *r, struct jvpn_msg_terminate *m)
{
	m->reason = reason_read(r);
	m->conn_counter = jvpn_reader_u64(r);
	jvpn_reader_bytes(r, m->mac, JVPN_MAC_BYTES);
}

static void terminate_write(struct jvpn_writer *w, const struct jvpn_msg_terminate *m)
{
	jvpn_writer_u16(w, (uint16_t)m->reason);
	jvpn_writer_u64(w, m->conn_counter);
	jvpn_writer_bytes(w, m->mac, JVPN_MAC_BYTES);
}

static int value_read(struct jvpn_reader *r, struct jvpn_msg *msg)
{
	switch (msg->type) {
	case JVPN_MSG_SESSION_CREATED:
		session_created_read(r, &msg->u.session_created);
		break;
	case JVPN_MSG_SESSION_STATE:
		session_state_read(r, &msg->u.session_state);
		break;
	case JVPN_MSG_REATTACH_REQUEST:
		request_read(r, &msg->u.reattach_request);
		break;
	case JVPN_MSG_REATTACH_ACK:
		ack_read(r, &msg->u.reattach_ack);
		break;
	case JVPN_MSG_REATTACH_DENY:
		deny_read(r, &msg->u.reattach_deny);
		break;
	case JVPN_MSG_REATTACH_REQUIRED:
		required_read(r, &msg->u.reattach_required);
		break;
	case JVPN_MSG_TRANSPORT_HINT:
		transport_hint_read(r, &msg->u.transport_hint);
		break;
	case JVPN_MSG_TERMINATE:
		terminate_read(r, &msg->u.terminate);
		break;
	case JVPN_MSG_NONE:
	case JVPN_MSG_COUNT:
		return JVPN_ENOTFOUND;
	}
	return jvpn_reader_finish(r);
}

int jvpn_jvmsg_decode(uint64_t capsule_type, struct jvpn_reader *r, struct jvpn_msg *out)
{
	struct jvpn_msg msg;
	int err;

	memset(&msg, 0, sizeof(msg));
	msg.type = jvpn_jvmsg_type(capsule_type);
	err = value_read(r, &msg);
	if (!err)
		*out = msg;
	return err;
}

static bool hint_is_valid(const struct jvpn_msg_transport_hint *m)
{
	if (m->count > JVPN_HINTS_MAX)
		return false;
	for (size_t i = 0; i < m->count; i++)
		if ((m->hint[i].family != 4 && m->hint[i].family != 6) || m->hint[i].port == 0)
			return false;
	return true;
}

static bool reason_is_valid(enum jvpn_reason reason)
{
	return (unsigned int)reason < JVPN_REASON_COUNT;
}

/* Would the encoded message decode again, into the same struct? */
static bool msg_is_valid(const struct jvpn_msg *msg)
{
	switch (msg->type) {
	case JVPN_MSG_SESSION_CREATED:
		return jvpn_jvmsg_transport_id_is_valid(msg->u.session_created.transport_id) &&
		       msg->u.session_created.route_prefix_len <= JVPN_ROUTE_PREFIX_MAX;
	case JVPN_MSG_SESSION_STATE:
		return msg->u.session_state.state > JVPN_STATE_NONE &&
		       msg->u.session_state.state < JVPN_STATE_COUNT &&
		       reason_is_valid(msg->u.session_state.reason);
	case JVPN_MSG_REATTACH_REQUEST:
		return jvpn_jvmsg_label_is_valid(msg->u.reattach_request.label) &&
		       jvpn_jvmsg_ranking_is_valid(msg->u.reattach_request.ranking) &&
		       reason_is_valid(msg->u.reattach_request.reason);
	case JVPN_MSG_REATTACH_ACK:
		return jvpn_jvmsg_transport_id_is_valid(msg->u.reattach_ack.transport_id);
	case JVPN_MSG_REATTACH_DENY:
		return reason_is_valid(msg->u.reattach_deny.reason);
	case JVPN_MSG_REATTACH_REQUIRED:
		return reason_is_valid(msg->u.reattach_required.reason);
	case JVPN_MSG_TRANSPORT_HINT:
		return hint_is_valid(&msg->u.transport_hint);
	case JVPN_MSG_TERMINATE:
		return reason_is_valid(msg->u.terminate.reason);
	case JVPN_MSG_NONE:
	case JVPN_MSG_COUNT:
		return false;
	}
	return false;
}

int jvpn_jvmsg_encode(const struct jvpn_msg *msg, struct jvpn_writer *w)
{
	if (!msg_is_valid(msg))
		return JVPN_EINVAL;
	switch (msg->type) {
	case JVPN_MSG_SESSION_CREATED:
		session_created_write(w, &msg->u.session_created);
		break;
	case JVPN_MSG_SESSION_STATE:
		session_state_write(w, &msg->u.session_state);
		break;
	case JVPN_MSG_REATTACH_REQUEST:
		request_write(w, &msg->u.reattach_request);
		break;
	case JVPN_MSG_REATTACH_ACK:
		ack_write(w, &msg->u.reattach_ack);
		break;
	case JVPN_MSG_REATTACH_DENY:
		deny_write(w, &msg->u.reattach_deny);
		break;
	case JVPN_MSG_REATTACH_REQUIRED:
		required_write(w, &msg->u.reattach_required);
		break;
	case JVPN_MSG_TRANSPORT_HINT:
		transport_hint_write(w, &msg->u.transport_hint);
		break;
	case JVPN_MSG_TERMINATE:
		terminate_write(w, &msg->u.terminate);
		break;
	case JVPN_MSG_NONE:
	case JVPN_MSG_COUNT:
		return JVPN_EINVAL;
	}
	return w->err;
}

enum jvpn_jvmsg_auth jvpn_jvmsg_auth(enum jvpn_msg_type type)
{
	switch (type) {
	case JVPN_MSG_REATTACH_ACK:
	case JVPN_MSG_REATTACH_DENY:
		return JVPN_JVMSG_AUTH_COUNTER;
	case JVPN_MSG_SESSION_STATE:
	case JVPN_MSG_REATTACH_REQUEST:
	case JVPN_MSG_REATTACH_REQUIRED:
	case JVPN_MSG_TERMINATE:
		return JVPN_JVMSG_AUTH_EXPORTER;
	case JVPN_MSG_NONE:
	case JVPN_MSG_SESSION_CREATED:
	case JVPN_MSG_TRANSPORT_HINT:
	case JVPN_MSG_COUNT:
		return JVPN_JVMSG_AUTH_NONE;
	}
	return JVPN_JVMSG_AUTH_NONE;
}

uint8_t *jvpn_jvmsg_mac(struct jvpn_msg *msg)
{
	switch (msg->type) {
	case JVPN_MSG_SESSION_STATE:
		return msg->u.session_state.mac;
	case JVPN_MSG_REATTACH_REQUEST:
		return msg->u.reattach_request.mac;
	case JVPN_MSG_REATTACH_ACK:
		return msg->u.reattach_ack.mac;
	case JVPN_MSG_REATTACH_DENY:
		return msg->u.reattach_deny.mac;
	case JVPN_MSG_REATTACH_REQUIRED:
		return msg->u.reattach_required.mac;
	case JVPN_MSG_TERMINATE:
		return msg->u.terminate.mac;
	case JVPN_MSG_NONE:
	case JVPN_MSG_SESSION_CREATED:
	case JVPN_MSG_TRANSPORT_HINT:
	case JVPN_MSG_COUNT:
		return NULL;
	}
	return NULL;
}

/* The request's proof leaves out reason and label, which the server logs and never trusts: its
 * layout is fixed by the design, with the challenge right before the exporter. Where there is a ranking
 * it goes in between; its length says where it ends. */
static void request_auth_write(struct jvpn_writer *w, const struct jvpn_msg_reattach_request *m)
{
	jvpn_writer_bytes(w, m->session_id.b, JVPN_ID_BYTES);
	jvpn_writer_u64(w, m->counter);
	jvpn_writer_u64(w, m->server_version);
	jvpn_writer_u64(w, m->age_ms);
	jvpn_writer_u8(w, m->has_challenge ? JVPN_CHALLENGE_BYTES : 0);
	if (m->has_challenge)
		jvpn_writer_bytes(w, m->challenge, JVPN_CHALLENGE_BYTES);
	if (m->ranking[0] != '\0')
		ranking_write(w, m);
}

int jvpn_jvmsg_auth_input(enum jvpn_msg_type type, const uint8_t *value, size_t len,
			  const struct jvpn_id *session_id, struct jvpn_writer *w)
{
	struct jvpn_reader r;
	struct jvpn_msg msg;
	int err;

	if (jvpn_jvmsg_auth(type) == JVPN_JVMSG_AUTH_NONE)
		return JVPN_EINVAL;
	jvpn_reader_init(&r, value, len);
	err = jvpn_jvmsg_decode(jvpn_jvmsg_capsule_type(type), &r, &msg);
	if (err)
		return err;
	jvpn_writer_bytes(w, auth_label, sizeof(auth_label) - 1);
	jvpn_writer_u8(w, (uint8_t)type);
	if (type == JVPN_MSG_REATTACH_REQUEST) {
		request_auth_write(w, &msg.u.reattach_request);
	} else {
		jvpn_writer_bytes(w, session_id->b, JVPN_ID_BYTES);
		jvpn_writer_bytes(w, value, len - JVPN_MAC_BYTES);
	}
	return w->err;
}
