/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON (RFC 8259) by hand: a bounded writer with a sticky error, ASCII only.
 */
#include "obs/event_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "obs/event_spec.h"

struct json {
	char *out;
	size_t size, len;
	bool full;
};

static void put_char(struct json *j, char c)
{
	if (j->len + 1 > j->size)
		j->full = true;
	else
		j->out[j->len++] = c;
}

static void __attribute__((format(printf, 2, 3))) put_format(struct json *j, const char *fmt, ...)
{
	char text[64];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text) || (size_t)n > j->size - j->len) {
		j->full = true;
		return;
	}
	memcpy(j->out + j->len, text, (size_t)n);
	j->len += (size_t)n;
}

/* A string of at most max bytes. ASCII goes out as it is; what is no text becomes U+FFFD, so that
 * nothing from outside can end a string, a line, or steer a terminal. */
static void put_string(struct json *j, const char *text, size_t max)
{
	put_char(j, '"');
	for (size_t i = 0; i < max && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			put_char(j, '\\');
			put_char(j, (char)c);
		} else if (c >= ' ' && c < 0x7f) {
			put_char(j, (char)c);
		} else {
			put_format(j, "\\u%04x", c < 0x80 ? c : 0xfffdU);
		}
	}
	put_char(j, '"');
}

static void put_name(struct json *j, const char *name)
{
	put_char(j, ',');
	put_string(j, name, SIZE_MAX);
	put_char(j, ':');
}

/* v / scale without trailing zeros: a JSON number, never through a float. */
static void put_decimal(struct json *j, uint64_t v, uint64_t scale)
{
	uint64_t fraction = v % scale;

	put_format(j, "%" PRIu64, v / scale);
	if (!fraction)
		return;
	put_char(j, '.');
	for (; fraction; fraction = fraction * 10 % scale)
		put_char(j, (char)('0' + fraction * 10 / scale));
}

static uint64_t load_uint(const struct jvpn_event_member *m, const void *field)
{
	uint64_t v64 = 0;
	uint32_t v32 = 0;

	if (m->size == sizeof(v32)) {
		memcpy(&v32, field, sizeof(v32));
		return v32;
	}
	memcpy(&v64, field, sizeof(v64));
	return v64;
}

static void put_id(struct json *j, const void *field)
{
	struct jvpn_id id;
	char text[JVPN_ID_HEX_LEN + 1];

	memcpy(&id, field, sizeof(id));
	jvpn_id_format(&id, text);
	put_string(j, text, JVPN_ID_HEX_LEN);
}

static void put_enum(struct json *j, enum jvpn_member_form form, const struct jvpn_audit *audit,
		     size_t offset)
{
	if (form == JVPN_FORM_REASON)
		put_string(j, jvpn_reason_name(audit->reason), SIZE_MAX);
	else if (form == JVPN_FORM_FSM_EVENT)
		put_string(j, jvpn_fsm_event_name(audit->fsm_event), SIZE_MAX);
	else
		put_string(j,
			   jvpn_state_name(offset == offsetof(struct jvpn_audit, from) ? audit->from
										       : audit->to),
			   SIZE_MAX);
}

static void put_value(struct json *j, const struct jvpn_event_member *m,
		      const struct jvpn_audit *audit)
{
	const uint8_t *field = (const uint8_t *)audit + m->offset;

	switch (m->form) {
	case JVPN_FORM_UINT:
		put_decimal(j, load_uint(m, field), 1);
		break;
	case JVPN_FORM_MS:
		put_decimal(j, load_uint(m, field), 1000);
		break;
	case JVPN_FORM_RATIO:
		put_decimal(j, load_uint(m, field), 1000000);
		break;
	case JVPN_FORM_TEXT:
	case JVPN_FORM_TRANSPORT:
		put_string(j, (const char *)field, m->size);
		break;
	case JVPN_FORM_ID:
		put_id(j, field);
		break;
	case JVPN_FORM_STATE:
	case JVPN_FORM_FSM_EVENT:
	case JVPN_FORM_REASON:
		put_enum(j, m->form, audit, m->offset);
		break;
	case JVPN_FORM_TRUE:
		put_format(j, "true");
		break;
	case JVPN_FORM_NONE:
	case JVPN_FORM_COUNT:
		break;
	}
}

static bool is_left_out(const struct jvpn_event_member *m, const struct jvpn_audit *audit,
			const struct jvpn_event_context *context)
{
	if (!(m->flags & JVPN_MEMBER_MAY_MISS))
		return false;
	if (m->form == JVPN_FORM_TEXT)
		return *((const char *)audit + m->offset) == '\0';
	return context->without_latency;
}

static void put_common(struct json *j, const struct jvpn_audit *audit,
		       const struct jvpn_event_context *context)
{
	char date[JVPN_DATE_SIZE];

	jvpn_date_format(context->wall_ms / 1000, date);
	put_format(j, "{\"ts_ms\":%" PRIu64, context->wall_ms);
	/* RFC 3339: the milliseconds go in front of the Z. */
	put_format(j, ",\"ts\":\"%.19s.%03uZ\"", date, (unsigned)(context->wall_ms % 1000));
	put_format(j, ",\"seq\":%" PRIu64, context->seq);
	put_format(j, ",\"pid\":%" PRIu64, context->pid);
	put_name(j, "event_type");
	put_string(j, jvpn_audit_type_name(audit->type), SIZE_MAX);
	put_name(j, "severity");
	put_string(j, jvpn_severity_name(jvpn_event_spec_get(audit->type)->severity), SIZE_MAX);
	put_name(j, "node_id");
	put_string(j, context->node_id, JVPN_EVENT_NODE_ID_MAX);
	put_name(j, "role");
	put_string(j, context->role, SIZE_MAX);
	put_name(j, "policy_version");
	put_string(j, context->policy_version, JVPN_POLICY_VERSION_MAX);
}

size_t jvpn_event_encode(const struct jvpn_audit *audit, const struct jvpn_event_context *context,
			 char *out, size_t size)
{
	const struct jvpn_event_spec *spec = jvpn_event_spec_get(audit->type);
	uint32_t has = audit->has & ~(JVPN_HAS_REASON | JVPN_HAS_PREVIOUS_POLICY);
	struct json j = {.out = out, .size = size};
	unsigned count;
	const struct jvpn_event_member *m = jvpn_event_members(&count);

	if (spec->severity == JVPN_SEVERITY_NONE)
		return 0;
	if (audit->reason != JVPN_REASON_NONE)
		has |= JVPN_HAS_REASON;
	has |= JVPN_HAS_PREVIOUS_POLICY;
	has &= spec->required | spec->optional;
	put_common(&j, audit, context);
	for (unsigned i = 0; i < count; i++, m++) {
		if (!(has & m->group) || is_left_out(m, audit, context))
			continue;
		put_name(&j, m->name);
		if (m->group == JVPN_HAS_PREVIOUS_POLICY)
			put_string(&j, context->previous_policy_version, JVPN_POLICY_VERSION_MAX);
		else
			put_value(&j, m, audit);
	}
	put_char(&j, '}');
	put_char(&j, '\n');
	return j.full ? 0 : j.len;
}
