/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A flat subset of JSON by hand: one object of strings, whole numbers and booleans. What it takes is
 * all that requests need, and nothing in it can grow.
 */
#include "ctl/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "obs/json.h"

#define MEMBERS_MAX 12
#define TEXT_MAX    63

enum kind { KIND_NONE = 0, KIND_TEXT, KIND_NUMBER, KIND_BOOL };

struct member {
	char name[TEXT_MAX + 1];
	enum kind kind;
	char text[TEXT_MAX + 1];
	uint64_t number; /* booleans: 0 or 1 */
};

struct scanner {
	const char *pos, *end;
	struct member member[MEMBERS_MAX];
	size_t count;
	struct jvpn_ctl_error *error;
};

void jvpn_ctl_error_set(struct jvpn_ctl_error *error, const char *code, const char *fmt, ...)
{
	va_list ap;

	error->code = code;
	va_start(ap, fmt);
	vsnprintf(error->message, sizeof(error->message), fmt, ap);
	va_end(ap);
}

/* ---- the object ---- */

static int malformed(struct scanner *s, const char *what)
{
	jvpn_ctl_error_set(s->error, "malformed", "expected %s", what);
	return JVPN_EMALFORMED;
}

static void skip_blanks(struct scanner *s)
{
	while (s->pos < s->end && strchr(" \t\r", *s->pos) && *s->pos)
		s->pos++;
}

static bool take(struct scanner *s, char c)
{
	skip_blanks(s);
	if (s->pos == s->end || *s->pos != c)
		return false;
	s->pos++;
	return true;
}

static bool take_word(struct scanner *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->pos) < len || memcmp(s->pos, word, len) != 0)
		return false;
	s->pos += len;
	return true;
}

/* Printable ASCII with the two escapes it needs; no key and no value has anything else. */
static int take_string(struct scanner *s, char out[TEXT_MAX + 1])
{
	size_t n = 0;

	while (s->pos < s->end && *s->pos != '"') {
		char c = *s->pos++;

		if (c == '\\') {
			if (s->pos == s->end || !strchr("\"\\/", *s->pos) || !*s->pos)
				return malformed(s, "a string without this escape");
			c = *s->pos++;
		}
		if (c < ' ' || c > '~' || n == TEXT_MAX)
			return malformed(s, "a string of at most 63 printable ASCII characters");
		out[n++] = c;
	}
	out[n] = '\0';
	return take(s, '"') ? 0 : malformed(s, "the end of the string");
}

static int take_number(struct scanner *s, uint64_t *out)
{
	const char *begin = s->pos;
	uint64_t v = 0;

	for (; s->pos < s->end && *s->pos >= '0' && *s->pos <= '9'; s->pos++) {
		uint64_t digit = (uint64_t)(*s->pos - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return malformed(s, "a number below 2^64");
		v = v * 10 + digit;
	}
	if (s->pos == begin || (*begin == '0' && s->pos > begin + 1) ||
	    (s->pos < s->end && strchr(".eE", *s->pos) && *s->pos))
		return malformed(s, "a string, a whole number, true or false");
	*out = v;
	return 0;
}

static int take_value(struct scanner *s, struct member *m)
{
	skip_blanks(s);
	if (take(s, '"')) {
		m->kind = KIND_TEXT;
		return take_string(s, m->text);
	}
	if (take_word(s, "true") || take_word(s, "false")) {
		m->kind = KIND_BOOL;
		m->number = s->pos[-2] == 'u';
		return 0;
	}
	m->kind = KIND_NUMBER;
	return take_number(s, &m->number);
}

static const struct member *find(const struct scanner *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->member[i].name, name) == 0)
			return &s->member[i];
	return NULL;
}

static int take_member(struct scanner *s)
{
	struct member *m = &s->member[s->count];
	int rv;

	if (s->count == MEMBERS_MAX)
		return malformed(s, "fewer keys");
	memset(m, 0, sizeof(*m));
	if (!take(s, '"'))
		return malformed(s, "a key in quotes");
	rv = take_string(s, m->name);
	if (!rv && find(s, m->name))
		rv = malformed(s, "each key once");
	if (!rv && !take(s, ':'))
		rv = malformed(s, "a colon behind the key");
	if (!rv)
		rv = take_value(s, m);
	s->count += !rv;
	return rv;
}

static int take_object(struct scanner *s)
{
	int rv = 0;

	if (!take(s, '{'))
		return malformed(s, "a JSON object on one line");
	if (!take(s, '}')) {
		do
			rv = take_member(s);
		while (!rv && take(s, ','));
		if (!rv && !take(s, '}'))
			rv = malformed(s, "a comma or the end of the object");
	}
	skip_blanks(s);
	if (!rv && s->pos != s->end)
		rv = malformed(s, "nothing behind the object");
	return rv;
}

/* ---- what the keys mean ---- */

static int bad_value(struct scanner *s, const struct member *m, const char *expected)
{
	jvpn_ctl_error_set(s->error, "bad_value", "%s: expected %s", m->name, expected);
	return JVPN_EMALFORMED;
}

static int read_session(struct scanner *s, const struct member *m, struct jvpn_ctl_request *out)
{
	if (m->kind != KIND_TEXT || jvpn_id_parse(m->text, &out->session))
		return bad_value(s, m, "32 lower-case hex digits");
	out->has_session = true;
	return 0;
}

static int read_to(struct scanner *s, const struct member *m, struct jvpn_ctl_request *out)
{
	size_t len = m->kind == KIND_TEXT ? strlen(m->text) : 0;

	if (len == 0 || len >= sizeof(out->to))
		return bad_value(s, m, "a transport id, or its label");
	memcpy(out->to, m->text, len + 1);
	return 0;
}

/* The others would say what is not true: they are the session's or the peer's own. */
static const enum jvpn_reason operator_reasons[] = {
	JVPN_REASON_OPERATOR_TERMINATED, JVPN_REASON_POLICY_TERMINATION, JVPN_REASON_NODE_SHUTDOWN,
	JVPN_REASON_RESOURCE_EXHAUSTED};

bool jvpn_ctl_may_terminate_with(enum jvpn_reason reason)
{
	for (size_t i = 0; i < sizeof(operator_reasons) / sizeof(operator_reasons[0]); i++)
		if (operator_reasons[i] == reason)
			return true;
	return false;
}

static int read_reason(struct scanner *s, const struct member *m, struct jvpn_ctl_request *out)
{
	size_t count = sizeof(operator_reasons) / sizeof(operator_reasons[0]);

	for (size_t i = 0; i < count && m->kind == KIND_TEXT; i++)
		if (strcmp(jvpn_reason_name(operator_reasons[i]), m->text) == 0) {
			out->reason = operator_reasons[i];
			return 0;
		}
	return bad_value(s, m,
			 "operator_terminated, policy_termination, node_shutdown or "
			 "resource_exhausted");
}

static int read_since(struct scanner *s, const struct member *m, struct jvpn_ctl_request *out)
{
	if (m->kind != KIND_NUMBER || m->number == 0)
		return bad_value(s, m, "a seq of the event stream, from 1");
	out->since = m->number;
	return 0;
}

static int read_follow(struct scanner *s, const struct member *m, struct jvpn_ctl_request *out)
{
	if (m->kind != KIND_BOOL)
		return bad_value(s, m, "true or false");
	out->follow = m->number != 0;
	return 0;
}

static const struct {
	unsigned key;
	const char *name;
	int (*read)(struct scanner *s, const struct member *m, struct jvpn_ctl_request *out);
} keys[] = {
	{JVPN_CTL_KEY_SESSION, "session", read_session}, {JVPN_CTL_KEY_TO, "to", read_to},
	{JVPN_CTL_KEY_REASON, "reason", read_reason},    {JVPN_CTL_KEY_SINCE, "since", read_since},
	{JVPN_CTL_KEY_FOLLOW, "follow", read_follow},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int unknown_key(struct scanner *s, const struct member *m,
		       const struct jvpn_ctl_command *command)
{
	char list[128] = "v, id, cmd";
	size_t at = strlen(list);

	for (size_t i = 0; i < KEYS && at < sizeof(list); i++)
		if (command->keys & keys[i].key)
			at += (size_t)snprintf(list + at, sizeof(list) - at, ", %s", keys[i].name);
	jvpn_ctl_error_set(s->error, "unknown_key", "%s: %s takes %s", m->name, command->name,
			   list);
	return JVPN_EMALFORMED;
}

static int read_key(struct scanner *s, const struct member *m,
		    const struct jvpn_ctl_command *command, struct jvpn_ctl_request *out)
{
	if (strcmp(m->name, "v") == 0 || strcmp(m->name, "id") == 0 || strcmp(m->name, "cmd") == 0)
		return 0;
	for (size_t i = 0; i < KEYS; i++)
		if ((command->keys & keys[i].key) && strcmp(keys[i].name, m->name) == 0)
			return keys[i].read(s, m, out);
	return unknown_key(s, m, command);
}

static int read_keys(struct scanner *s, const struct jvpn_ctl_command *command,
		     struct jvpn_ctl_request *out)
{
	int rv = 0;

	for (size_t i = 0; i < s->count && !rv; i++)
		rv = read_key(s, &s->member[i], command, out);
	for (size_t i = 0; i < KEYS && !rv; i++)
		if ((command->required & keys[i].key) && !find(s, keys[i].name)) {
			jvpn_ctl_error_set(s->error, "missing_key", "%s needs %s", command->name,
					   keys[i].name);
			rv = JVPN_EMALFORMED;
		}
	return rv;
}

static int read_version(struct scanner *s)
{
	const struct member *v = find(s, "v");

	if (v && v->kind == KIND_NUMBER && v->number == JVPN_CTL_VERSION)
		return 0;
	jvpn_ctl_error_set(s->error, "unsupported_version", "v: expected %d", JVPN_CTL_VERSION);
	return JVPN_EMALFORMED;
}

static int read_id(struct scanner *s, struct jvpn_ctl_request *out)
{
	const struct member *id = find(s, "id");

	if (!id)
		return 0;
	if (id->kind != KIND_NUMBER)
		return bad_value(s, id, "a whole number");
	out->has_id = true;
	out->id = id->number;
	return 0;
}

static const struct jvpn_ctl_command *read_command(struct scanner *s, unsigned role)
{
	const struct member *cmd = find(s, "cmd");
	const struct jvpn_ctl_command *command = NULL;
	char list[160];

	if (cmd && cmd->kind == KIND_TEXT)
		command = jvpn_ctl_command_find(cmd->text, role);
	jvpn_ctl_command_list(role, list, sizeof(list));
	if (!command)
		jvpn_ctl_error_set(s->error, cmd ? "unknown_command" : "missing_key",
				   "cmd: expected one of %s", list);
	return command;
}

int jvpn_ctl_request_parse(const char *line, size_t len, unsigned role,
			   struct jvpn_ctl_request *out, struct jvpn_ctl_error *error)
{
	struct scanner s = {.pos = line, .end = line + len, .error = error};
	const struct jvpn_ctl_command *command = NULL;
	int rv = take_object(&s);

	memset(out, 0, sizeof(*out));
	if (!rv)
		rv = read_id(&s, out);
	if (!rv)
		rv = read_version(&s);
	if (!rv)
		command = read_command(&s, role);
	if (!rv && !command)
		rv = JVPN_EMALFORMED;
	if (!rv)
		rv = read_keys(&s, command, out);
	if (!rv)
		out->command = command;
	return rv;
}

size_t jvpn_ctl_request_print(const struct jvpn_ctl_request *request, char *out, size_t size)
{
	struct jvpn_json j;

	jvpn_json_init(&j, out, size);
	jvpn_json_char(&j, '{');
	jvpn_json_uint(&j, "v", JVPN_CTL_VERSION);
	if (request->has_id)
		jvpn_json_uint(&j, "id", request->id);
	jvpn_json_text(&j, "cmd", request->command->name);
	if (request->has_session)
		jvpn_json_id(&j, "session", &request->session);
	if (request->to[0])
		jvpn_json_text(&j, "to", request->to);
	if (request->reason != JVPN_REASON_NONE)
		jvpn_json_text(&j, "reason", jvpn_reason_name(request->reason));
	if (request->since)
		jvpn_json_uint(&j, "since", request->since);
	if (request->follow)
		jvpn_json_bool(&j, "follow", true);
	jvpn_json_raw(&j, "}\n", 2);
	return j.full ? 0 : j.len;
}
