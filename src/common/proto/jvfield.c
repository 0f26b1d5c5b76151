/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The field "jumping-session". Members are gathered first (the last of a duplicate counts), then
 * read by what "op" asks for, so the order of the text does not matter.
 */
#include "proto/jvfield.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "proto/jvmsg.h"
#include "proto/sfield.h"

#define MEMBER_MAP(X)                                                                              \
	X(V, "v")                                                                                  \
	X(OP, "op")                                                                                \
	X(LABEL, "label")                                                                          \
	X(SID, "sid")                                                                              \
	X(CTR, "ctr")                                                                              \
	X(VER, "ver")                                                                              \
	X(AGE, "age")                                                                              \
	X(PROOF, "proof")                                                                          \
	X(REASON, "reason")                                                                        \
	X(RETRY, "retry")                                                                          \
	X(MAC, "mac")                                                                              \
	X(PREFIX, "prefix")                                                                        \
	X(ID, "id")

enum member {
#define X(name, key) MEMBER_##name,
	MEMBER_MAP(X)
#undef X
		MEMBER_COUNT
};

static const char *const member_key[MEMBER_COUNT] = {
#define X(name, key) [MEMBER_##name] = (key),
	MEMBER_MAP(X)
#undef X
};

static const char *const op_name[JVPN_JVFIELD_COUNT] = {
	[JVPN_JVFIELD_CREATE] = "create",       [JVPN_JVFIELD_ATTACH] = "attach",
	[JVPN_JVFIELD_REFUSED] = "refused",     [JVPN_JVFIELD_OK] = "ok",
	[JVPN_JVFIELD_ELSEWHERE] = "elsewhere",
};

static const char *const reason_name[JVPN_REASON_COUNT] = {
#define X(name, text, meaning) [JVPN_REASON_##name] = (text),
	JVPN_REASON_MAP(X)
#undef X
};

/* Bytes in base64 between colons, and a NUL. */
#define ID_TEXT_SIZE     ((JVPN_ID_BYTES + 2) / 3 * 4 + 3)
#define MAC_TEXT_SIZE    ((JVPN_MAC_BYTES + 2) / 3 * 4 + 3)
#define PREFIX_TEXT_SIZE ((JVPN_ROUTE_PREFIX_MAX + 2) / 3 * 4 + 3)

static int gather(const char *text, size_t len, struct jvpn_sfield_value value[MEMBER_COUNT])
{
	struct jvpn_sfield_dict dict;
	struct jvpn_sfield_member member;
	int n;

	jvpn_sfield_dict_init(&dict, text, len);
	while ((n = jvpn_sfield_dict_next(&dict, &member)) > 0)
		for (size_t i = 0; i < MEMBER_COUNT; i++)
			if (jvpn_sfield_key_is(&member, member_key[i]))
				value[i] = member.value;
	return n;
}

static int read_integer(const struct jvpn_sfield_value *value, uint64_t *out)
{
	if (value->kind != JVPN_SFIELD_INTEGER || value->integer < 0)
		return JVPN_EMALFORMED;
	*out = (uint64_t)value->integer;
	return 0;
}

static int read_label(const struct jvpn_sfield_value *value, char out[JVPN_LABEL_MAX + 1])
{
	char label[JVPN_LABEL_MAX + 1] = {0};

	if (value->kind != JVPN_SFIELD_STRING || value->len > JVPN_LABEL_MAX)
		return JVPN_EMALFORMED;
	memcpy(label, value->text, value->len);
	if (!jvpn_jvmsg_label_is_valid(label))
		return JVPN_EMALFORMED;
	memcpy(out, label, sizeof(label));
	return 0;
}

/* OK without one is of a server that does not say it. */
static int read_ok(const struct jvpn_sfield_value *value, char out[JVPN_TRANSPORT_ID_MAX + 1])
{
	char id[JVPN_TRANSPORT_ID_MAX + 1] = {0};

	if (value->kind == JVPN_SFIELD_NONE)
		return 0;
	if (value->kind != JVPN_SFIELD_STRING || value->len > JVPN_TRANSPORT_ID_MAX)
		return JVPN_EMALFORMED;
	memcpy(id, value->text, value->len);
	if (!jvpn_jvmsg_transport_id_is_valid(id))
		return JVPN_EMALFORMED;
	memcpy(out, id, sizeof(id));
	return 0;
}

static int read_reason(const struct jvpn_sfield_value *value, enum jvpn_reason *out)
{
	if (value->kind != JVPN_SFIELD_TOKEN)
		return JVPN_EMALFORMED;
	*out = JVPN_REASON_NONE;
	for (unsigned int i = 1; i < JVPN_REASON_COUNT; i++)
		if (jvpn_sfield_text_is(value, reason_name[i]))
			*out = (enum jvpn_reason)i;
	return 0;
}

static enum jvpn_jvfield_op read_op(const struct jvpn_sfield_value *value)
{
	if (value->kind != JVPN_SFIELD_TOKEN)
		return JVPN_JVFIELD_NONE;
	for (unsigned int i = 1; i < JVPN_JVFIELD_COUNT; i++)
		if (jvpn_sfield_text_is(value, op_name[i]))
			return (enum jvpn_jvfield_op)i;
	return JVPN_JVFIELD_NONE;
}

static int read_attach(const struct jvpn_sfield_value *value, struct jvpn_msg_reattach_request *out)
{
	if (jvpn_sfield_bytes(&value[MEMBER_SID], out->session_id.b, JVPN_ID_BYTES) ||
	    read_integer(&value[MEMBER_CTR], &out->counter) ||
	    read_integer(&value[MEMBER_VER], &out->server_version) ||
	    read_integer(&value[MEMBER_AGE], &out->age_ms) ||
	    jvpn_sfield_bytes(&value[MEMBER_PROOF], out->mac, JVPN_MAC_BYTES))
		return JVPN_EMALFORMED;
	return read_label(&value[MEMBER_LABEL], out->label);
}

static int read_refused(const struct jvpn_sfield_value *value, struct jvpn_jvfield *out)
{
	struct jvpn_msg_reattach_deny *deny = &out->deny;

	if (read_reason(&value[MEMBER_REASON], &deny->reason))
		return JVPN_EMALFORMED;
	out->has_mac = value[MEMBER_MAC].kind != JVPN_SFIELD_NONE;
	if (!out->has_mac)
		return 0;
	if (read_integer(&value[MEMBER_CTR], &deny->counter) ||
	    read_integer(&value[MEMBER_VER], &deny->server_version) ||
	    read_integer(&value[MEMBER_AGE], &deny->age_ms) ||
	    read_integer(&value[MEMBER_RETRY], &deny->retry_after_ms))
		return JVPN_EMALFORMED;
	return jvpn_sfield_bytes(&value[MEMBER_MAC], deny->mac, JVPN_MAC_BYTES);
}

static int read_elsewhere(const struct jvpn_sfield_value *value, struct jvpn_jvfield *out)
{
	for (uint8_t len = 1; len <= JVPN_ROUTE_PREFIX_MAX; len++)
		if (!jvpn_sfield_bytes(&value[MEMBER_PREFIX], out->prefix, len)) {
			out->prefix_len = len;
			return 0;
		}
	return JVPN_EMALFORMED;
}

static int read_field(const struct jvpn_sfield_value *value, struct jvpn_jvfield *out)
{
	uint64_t version;

	if (read_integer(&value[MEMBER_V], &version))
		return JVPN_EMALFORMED;
	out->op = read_op(&value[MEMBER_OP]);
	if (version != JVPN_JVFIELD_VERSION)
		return JVPN_EUNSUPPORTED;
	switch (out->op) {
	case JVPN_JVFIELD_CREATE:
		return read_label(&value[MEMBER_LABEL], out->label);
	case JVPN_JVFIELD_ATTACH:
		return read_attach(value, &out->attach);
	case JVPN_JVFIELD_REFUSED:
		return read_refused(value, out);
	case JVPN_JVFIELD_OK:
		return read_ok(&value[MEMBER_ID], out->transport_id);
	case JVPN_JVFIELD_ELSEWHERE:
		return read_elsewhere(value, out);
	case JVPN_JVFIELD_NONE:
	case JVPN_JVFIELD_COUNT:
		return value[MEMBER_OP].kind == JVPN_SFIELD_TOKEN ? JVPN_EUNSUPPORTED
								  : JVPN_EMALFORMED;
	}
	return JVPN_EMALFORMED;
}

int jvpn_jvfield_parse(const char *text, size_t len, struct jvpn_jvfield *out)
{
	struct jvpn_sfield_value value[MEMBER_COUNT];
	struct jvpn_jvfield field;
	int err;

	if (len > JVPN_JVFIELD_TEXT_MAX)
		return JVPN_ERANGE;
	memset(value, 0, sizeof(value));
	memset(&field, 0, sizeof(field));
	err = gather(text, len, value);
	if (!err)
		err = read_field(value, &field);
	if (!err)
		*out = field;
	return err;
}

static int print_attach(const struct jvpn_msg_reattach_request *m, char *out, size_t size)
{
	char sid[ID_TEXT_SIZE], proof[MAC_TEXT_SIZE];

	if (!jvpn_jvmsg_label_is_valid(m->label) || m->counter > JVPN_JVFIELD_INTEGER_MAX ||
	    m->server_version > JVPN_JVFIELD_INTEGER_MAX || m->age_ms > JVPN_JVFIELD_INTEGER_MAX)
		return JVPN_EINVAL;
	jvpn_sfield_bytes_print(m->session_id.b, JVPN_ID_BYTES, sid);
	jvpn_sfield_bytes_print(m->mac, JVPN_MAC_BYTES, proof);
	return snprintf(out, size,
			"v=1, op=attach, sid=%s, ctr=%" PRIu64 ", ver=%" PRIu64 ", age=%" PRIu64
			", proof=%s, label=\"%s\"",
			sid, m->counter, m->server_version, m->age_ms, proof, m->label);
}

static int print_refused(const struct jvpn_jvfield *field, char *out, size_t size)
{
	const struct jvpn_msg_reattach_deny *m = &field->deny;
	char mac[MAC_TEXT_SIZE];

	if (m->reason == JVPN_REASON_NONE || (unsigned int)m->reason >= JVPN_REASON_COUNT ||
	    m->counter > JVPN_JVFIELD_INTEGER_MAX || m->server_version > JVPN_JVFIELD_INTEGER_MAX ||
	    m->age_ms > JVPN_JVFIELD_INTEGER_MAX || m->retry_after_ms > JVPN_JVFIELD_INTEGER_MAX)
		return JVPN_EINVAL;
	if (!field->has_mac)
		return snprintf(out, size, "v=1, op=refused, reason=%s", reason_name[m->reason]);
	jvpn_sfield_bytes_print(m->mac, JVPN_MAC_BYTES, mac);
	return snprintf(out, size,
			"v=1, op=refused, reason=%s, ctr=%" PRIu64 ", ver=%" PRIu64 ", age=%" PRIu64
			", retry=%" PRIu64 ", mac=%s",
			reason_name[m->reason], m->counter, m->server_version, m->age_ms,
			m->retry_after_ms, mac);
}

static int print_ok(const struct jvpn_jvfield *field, char *out, size_t size)
{
	if (!field->transport_id[0])
		return snprintf(out, size, "v=1, op=ok");
	if (!jvpn_jvmsg_transport_id_is_valid(field->transport_id))
		return JVPN_EINVAL;
	return snprintf(out, size, "v=1, op=ok, id=\"%s\"", field->transport_id);
}

static int print_elsewhere(const struct jvpn_jvfield *field, char *out, size_t size)
{
	char prefix[PREFIX_TEXT_SIZE];

	if (field->prefix_len == 0 || field->prefix_len > JVPN_ROUTE_PREFIX_MAX)
		return JVPN_EINVAL;
	jvpn_sfield_bytes_print(field->prefix, field->prefix_len, prefix);
	return snprintf(out, size, "v=1, op=elsewhere, prefix=%s", prefix);
}

static int print_field(const struct jvpn_jvfield *field, char *out, size_t size)
{
	switch (field->op) {
	case JVPN_JVFIELD_CREATE:
		if (!jvpn_jvmsg_label_is_valid(field->label))
			return JVPN_EINVAL;
		return snprintf(out, size, "v=1, op=create, label=\"%s\"", field->label);
	case JVPN_JVFIELD_ATTACH:
		return print_attach(&field->attach, out, size);
	case JVPN_JVFIELD_REFUSED:
		return print_refused(field, out, size);
	case JVPN_JVFIELD_OK:
		return print_ok(field, out, size);
	case JVPN_JVFIELD_ELSEWHERE:
		return print_elsewhere(field, out, size);
	case JVPN_JVFIELD_NONE:
	case JVPN_JVFIELD_COUNT:
		return JVPN_EINVAL;
	}
	return JVPN_EINVAL;
}

int jvpn_jvfield_print(const struct jvpn_jvfield *field, char *out, size_t size)
{
	int n = print_field(field, out, size);

	if (n < 0)
		return n;
	return (size_t)n < size ? 0 : JVPN_ENOSPACE;
}
