/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One event as a JSON line, member by member as event_spec.h says.
 */
#include "obs/event_json.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "obs/event_spec.h"
#include "obs/json.h"

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

static void put_id(struct jvpn_json *j, const void *field)
{
	struct jvpn_id id;
	char text[JVPN_ID_HEX_LEN + 1];

	memcpy(&id, field, sizeof(id));
	jvpn_id_format(&id, text);
	jvpn_json_string(j, text, JVPN_ID_HEX_LEN);
}

static void put_enum(struct jvpn_json *j, enum jvpn_member_form form,
		     const struct jvpn_audit *audit, size_t offset)
{
	if (form == JVPN_FORM_REASON)
		jvpn_json_string(j, jvpn_reason_name(audit->reason), SIZE_MAX);
	else if (form == JVPN_FORM_FSM_EVENT)
		jvpn_json_string(j, jvpn_fsm_event_name(audit->fsm_event), SIZE_MAX);
	else
		jvpn_json_string(j,
				 jvpn_state_name(offset == offsetof(struct jvpn_audit, from)
							 ? audit->from
							 : audit->to),
				 SIZE_MAX);
}

static void put_value(struct jvpn_json *j, const struct jvpn_event_member *m,
		      const struct jvpn_audit *audit)
{
	const uint8_t *field = (const uint8_t *)audit + m->offset;

	switch (m->form) {
	case JVPN_FORM_UINT:
		jvpn_json_decimal(j, load_uint(m, field), 1);
		break;
	case JVPN_FORM_MS:
		jvpn_json_decimal(j, load_uint(m, field), 1000);
		break;
	case JVPN_FORM_RATIO:
		jvpn_json_decimal(j, load_uint(m, field), 1000000);
		break;
	case JVPN_FORM_TEXT:
	case JVPN_FORM_TRANSPORT:
		jvpn_json_string(j, (const char *)field, m->size);
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
		jvpn_json_raw(j, "true", 4);
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

static void put_common(struct jvpn_json *j, const struct jvpn_audit *audit,
		       const struct jvpn_event_context *context)
{
	char date[JVPN_DATE_SIZE], ts[JVPN_DATE_SIZE + 8];

	jvpn_date_format(context->wall_ms / 1000, date);
	/* RFC 3339: the milliseconds go in front of the Z. */
	snprintf(ts, sizeof(ts), "%.19s.%03uZ", date, (unsigned)(context->wall_ms % 1000));
	jvpn_json_char(j, '{');
	jvpn_json_uint(j, "ts_ms", context->wall_ms);
	jvpn_json_text(j, "ts", ts);
	jvpn_json_uint(j, "seq", context->seq);
	jvpn_json_uint(j, "pid", context->pid);
	jvpn_json_name(j, "event_type");
	jvpn_json_string(j, jvpn_audit_type_name(audit->type), SIZE_MAX);
	jvpn_json_name(j, "severity");
	jvpn_json_string(j, jvpn_severity_name(jvpn_event_spec_get(audit->type)->severity),
			 SIZE_MAX);
	jvpn_json_name(j, "node_id");
	jvpn_json_string(j, context->node_id, JVPN_EVENT_NODE_ID_MAX);
	jvpn_json_name(j, "role");
	jvpn_json_string(j, context->role, SIZE_MAX);
	jvpn_json_name(j, "policy_version");
	jvpn_json_string(j, context->policy_version, JVPN_POLICY_VERSION_MAX);
}

size_t jvpn_event_encode(const struct jvpn_audit *audit, const struct jvpn_event_context *context,
			 char *out, size_t size)
{
	const struct jvpn_event_spec *spec = jvpn_event_spec_get(audit->type);
	uint32_t has = audit->has & ~(JVPN_HAS_REASON | JVPN_HAS_PREVIOUS_POLICY);
	struct jvpn_json j;
	unsigned count;
	const struct jvpn_event_member *m = jvpn_event_members(&count);

	if (spec->severity == JVPN_SEVERITY_NONE)
		return 0;
	jvpn_json_init(&j, out, size);
	if (audit->reason != JVPN_REASON_NONE)
		has |= JVPN_HAS_REASON;
	has |= JVPN_HAS_PREVIOUS_POLICY;
	has &= spec->required | spec->optional;
	put_common(&j, audit, context);
	for (unsigned i = 0; i < count; i++, m++) {
		if (!(has & m->group) || is_left_out(m, audit, context))
			continue;
		jvpn_json_name(&j, m->name);
		if (m->group == JVPN_HAS_PREVIOUS_POLICY)
			jvpn_json_string(&j, context->previous_policy_version,
					 JVPN_POLICY_VERSION_MAX);
		else
			put_value(&j, m, audit);
	}
	jvpn_json_char(&j, '}');
	jvpn_json_char(&j, '\n');
	return j.full ? 0 : j.len;
}
