/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A flat JSON object, member by member as obs/event_spec.h says. No allocation, one pass.
 */
#include "audit/line.h"

#include <string.h>

#include "base/err.h"
#include "obs/event_spec.h"

#define TEXT_MAX  256
#define DEPTH_MAX 8

/* Members of every line, as bits behind those of the table. */
enum { COMMON_TS_MS, COMMON_SEQ, COMMON_PID, COMMON_TYPE, COMMON_NODE, COMMON_ROLE, COMMON_POLICY };

static const char *const common[] = {"ts_ms",   "seq",  "pid",           "event_type",
				     "node_id", "role", "policy_version"};
#define COMMON_COUNT (sizeof(common) / sizeof(common[0]))
#define COMMON_ALL   ((1U << COMMON_COUNT) - 1)

struct text {
	char at[TEXT_MAX];
	size_t len;
	bool cut;
};

struct parser {
	const char *at, *end;
	struct jvpn_trail_line *out;
	uint64_t seen;  /* members of the table */
	unsigned given; /* common members */
	unsigned next;  /* where in the table the next one is likely */
	const char *why;
};

static int fail(struct parser *p, const char *why)
{
	p->why = why;
	return JVPN_EMALFORMED;
}

static void skip_blank(struct parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r'))
		p->at++;
}

static bool take(struct parser *p, char c)
{
	skip_blank(p);
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

static void put(struct text *t, char c)
{
	if (t->len + 1 < sizeof(t->at))
		t->at[t->len++] = c >= ' ' && c <= '~' ? c : '?';
	else
		t->cut = true;
}

static int take_escape(struct parser *p, struct text *t)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/?????";
	const char *found;

	if (p->at == p->end)
		return fail(p, "the line ends in a string");
	if (*p->at == 'u') {
		for (unsigned i = 1; i <= 4; i++)
			if (p->end - p->at <= (ptrdiff_t)i || !p->at[i] ||
			    !strchr("0123456789abcdefABCDEF", p->at[i]))
				return fail(p, "an escape is wrong");
		p->at += 5;
		put(t, '?');
		return 0;
	}
	found = *p->at ? strchr(from, *p->at) : NULL;
	if (!found)
		return fail(p, "an escape is wrong");
	p->at++;
	put(t, to[found - from]);
	return 0;
}

static int take_string(struct parser *p, struct text *t)
{
	t->len = 0;
	t->cut = false;
	if (!take(p, '"'))
		return fail(p, "a string is missing");
	while (p->at < p->end && *p->at != '"') {
		char c = *p->at++;

		if ((unsigned char)c < ' ')
			return fail(p, "a control character in a string");
		if (c != '\\')
			put(t, c);
		else if (take_escape(p, t))
			return JVPN_EMALFORMED;
	}
	t->at[t->len] = '\0';
	return take(p, '"') ? 0 : fail(p, "the line ends in a string");
}

static bool is_digit(const struct parser *p)
{
	return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

/* Digits, and decimals as far as 'scale' has them. */
static int take_number(struct parser *p, uint64_t scale, uint64_t *out)
{
	uint64_t v = 0;

	skip_blank(p);
	if (!is_digit(p))
		return fail(p, "a number is missing");
	while (is_digit(p)) {
		if (v > (UINT64_MAX / scale - 9) / 10)
			return fail(p, "a number is too large");
		v = v * 10 + (uint64_t)(*p->at++ - '0');
	}
	v *= scale;
	if (p->at < p->end && *p->at == '.' && scale > 1) {
		p->at++;
		if (!is_digit(p))
			return fail(p, "a number is wrong");
		for (scale /= 10; is_digit(p); scale /= 10)
			v += (uint64_t)(*p->at++ - '0') * scale;
	}
	if (p->at < p->end && *p->at && strchr(".eE+-", *p->at))
		return fail(p, "a number is wrong");
	*out = v;
	return 0;
}

/* Any value of a member that is not known; brackets are only counted. */
static int skip_value(struct parser *p)
{
	struct text t;
	unsigned depth = 0;

	do {
		skip_blank(p);
		if (p->at == p->end)
			return fail(p, "the line ends in a value");
		if (*p->at == '"') {
			if (take_string(p, &t))
				return JVPN_EMALFORMED;
			continue;
		}
		if (*p->at == '{' || *p->at == '[')
			depth++;
		else if ((*p->at == '}' || *p->at == ']') && depth-- == 0)
			return fail(p, "a value is missing");
		if (depth > DEPTH_MAX)
			return fail(p, "a value is nested too deeply");
		p->at++;
		while (!depth && p->at < p->end && *p->at != ',' && *p->at != '}' && *p->at != '"')
			p->at++;
	} while (depth);
	return 0;
}

static int find_name(const struct text *t, const char *(*name)(int), int count)
{
	for (int i = 1; i < count; i++)
		if (strcmp(t->at, name(i)) == 0)
			return i;
	return 0;
}

static const char *state_name(int i)
{
	return jvpn_state_name((enum jvpn_state)i);
}

static const char *fsm_event_name(int i)
{
	return jvpn_fsm_event_name((enum jvpn_fsm_event)i);
}

static const char *reason_name(int i)
{
	return jvpn_reason_name((enum jvpn_reason)i);
}

static const char *type_name(int i)
{
	return jvpn_audit_type_name((enum jvpn_audit_type)i);
}

static int take_common(struct parser *p, unsigned which)
{
	struct jvpn_trail_line *out = p->out;
	struct text t;

	if (p->given & 1U << which)
		return fail(p, "a member stands in it twice");
	p->given |= 1U << which;
	if (which == COMMON_TS_MS)
		return take_number(p, 1, &out->ts_ms);
	if (which == COMMON_SEQ)
		return take_number(p, 1, &out->seq);
	if (which == COMMON_PID)
		return take_number(p, 1, &out->pid);
	if (take_string(p, &t))
		return JVPN_EMALFORMED;
	if (which == COMMON_TYPE) {
		out->event.type = (enum jvpn_audit_type)find_name(&t, type_name, JVPN_AUDIT_COUNT);
		return out->event.type ? 0 : fail(p, "an event_type that is not known");
	}
	if (which == COMMON_ROLE) {
		out->role = strcmp(t.at, "server") == 0   ? JVPN_ROLE_SERVER
			    : strcmp(t.at, "client") == 0 ? JVPN_ROLE_CLIENT
							  : JVPN_ROLE_NONE;
		return out->role ? 0 : fail(p, "a role that is not known");
	}
	if (t.len > JVPN_TRAIL_NAME_MAX)
		return fail(p, "a name is too long");
	memcpy(which == COMMON_NODE ? out->node : out->policy, t.at, t.len + 1);
	return 0;
}

static int take_enum(struct parser *p, const struct jvpn_event_member *m, const struct text *t)
{
	struct jvpn_audit *event = &p->out->event;
	int i;

	if (m->form == JVPN_FORM_REASON) {
		i = find_name(t, reason_name, JVPN_REASON_COUNT);
		event->reason = (enum jvpn_reason)i;
		return i ? 0 : fail(p, "a reason_code that is not known");
	}
	if (m->form == JVPN_FORM_FSM_EVENT) {
		i = find_name(t, fsm_event_name, JVPN_FSM_COUNT);
		event->fsm_event = (enum jvpn_fsm_event)i;
		return i ? 0 : fail(p, "an fsm_event that is not known");
	}
	i = find_name(t, state_name, JVPN_STATE_COUNT);
	if (m->offset == offsetof(struct jvpn_audit, from))
		event->from = (enum jvpn_state)i;
	else
		event->to = (enum jvpn_state)i;
	return i ? 0 : fail(p, "a state that is not known");
}

static int take_text(struct parser *p, const struct jvpn_event_member *m)
{
	uint8_t *field = (uint8_t *)&p->out->event + m->offset;
	struct text t;

	if (take_string(p, &t))
		return JVPN_EMALFORMED;
	if (m->group == JVPN_HAS_PREVIOUS_POLICY)
		return 0; /* is in the line before, too */
	if (m->form == JVPN_FORM_TEXT || m->form == JVPN_FORM_TRANSPORT) {
		if (t.cut || t.len >= m->size)
			return fail(p, "a text is too long");
		memcpy(field, t.at, t.len + 1);
		return 0;
	}
	if (m->form != JVPN_FORM_ID)
		return take_enum(p, m, &t);
	return jvpn_id_parse(t.at, &p->out->event.session_id)
		       ? fail(p, "a session_id is not 32 hex digits")
		       : 0;
}

static int take_uint(struct parser *p, const struct jvpn_event_member *m)
{
	uint8_t *field = (uint8_t *)&p->out->event + m->offset;
	uint64_t v;
	uint32_t v32;

	if (take_number(p,
			m->form == JVPN_FORM_MS      ? 1000
			: m->form == JVPN_FORM_RATIO ? 1000000
						     : 1,
			&v))
		return JVPN_EMALFORMED;
	if (m->size == sizeof(v)) {
		memcpy(field, &v, sizeof(v));
		return 0;
	}
	if (v > UINT32_MAX)
		return fail(p, "a number is too large");
	v32 = (uint32_t)v;
	memcpy(field, &v32, sizeof(v32));
	return 0;
}

static int take_member(struct parser *p, unsigned i, const struct jvpn_event_member *m)
{
	if (p->seen & UINT64_C(1) << i)
		return fail(p, "a member stands in it twice");
	p->seen |= UINT64_C(1) << i;
	p->out->event.has |= m->group;
	switch (m->form) {
	case JVPN_FORM_UINT:
	case JVPN_FORM_MS:
	case JVPN_FORM_RATIO:
		return take_uint(p, m);
	case JVPN_FORM_TEXT:
	case JVPN_FORM_TRANSPORT:
	case JVPN_FORM_ID:
	case JVPN_FORM_STATE:
	case JVPN_FORM_FSM_EVENT:
	case JVPN_FORM_REASON:
		return take_text(p, m);
	case JVPN_FORM_TRUE:
	case JVPN_FORM_NONE:
	case JVPN_FORM_COUNT:
		break;
	}
	return skip_value(p);
}

static int take_value(struct parser *p, const struct text *name)
{
	unsigned count;
	const struct jvpn_event_member *m = jvpn_event_members(&count);

	for (unsigned i = 0; p->given != COMMON_ALL && i < COMMON_COUNT; i++)
		if (strcmp(name->at, common[i]) == 0)
			return take_common(p, i);
	/* Members come in the order of the table. */
	for (unsigned n = 0; n < count; n++) {
		unsigned i = (p->next + n) % count;

		if (strcmp(name->at, m[i].name) != 0)
			continue;
		p->next = i + 1;
		return take_member(p, i, &m[i]);
	}
	for (unsigned i = 0; i < COMMON_COUNT; i++)
		if (strcmp(name->at, common[i]) == 0)
			return take_common(p, i);
	return skip_value(p);
}

static int take_object(struct parser *p)
{
	struct text name;

	if (!take(p, '{'))
		return fail(p, "no JSON object");
	do {
		if (take_string(p, &name))
			return JVPN_EMALFORMED;
		if (!take(p, ':'))
			return fail(p, "a colon is missing");
		if (take_value(p, &name))
			return JVPN_EMALFORMED;
	} while (take(p, ','));
	if (!take(p, '}'))
		return fail(p, "the object does not end");
	skip_blank(p);
	return p->at == p->end ? 0 : fail(p, "something stands behind the object");
}

static int check_members(struct parser *p)
{
	const struct jvpn_event_spec *spec = jvpn_event_spec_get(p->out->event.type);
	unsigned count;
	const struct jvpn_event_member *m = jvpn_event_members(&count);

	if (p->given != COMMON_ALL)
		return fail(p, "a member is missing that every line has");
	for (unsigned i = 0; i < count; i++)
		if (spec->required & m[i].group && !(m[i].flags & JVPN_MEMBER_MAY_MISS) &&
		    !(p->seen & UINT64_C(1) << i))
			return fail(p, "a member is missing that its event_type must have");
	if (p->out->event.has & JVPN_HAS_STATES && (!p->out->event.from || !p->out->event.to))
		return fail(p, "one of from and to is missing");
	return 0;
}

int jvpn_trail_line_parse(const char *text, size_t len, struct jvpn_trail_line *out,
			  const char **why)
{
	struct parser p = {.at = text, .end = text + len, .out = out};
	int rv;

	memset(out, 0, sizeof(*out));
	rv = take_object(&p);
	if (!rv)
		rv = check_members(&p);
	*why = p.why;
	return rv;
}
