/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prints the registry (states, events, reasons, members, keys, exit codes) as the generated parts of
 * docs/ and man/ (with --samples: event lines of every type), one block after the other: "%%block NAME" and its lines. docs/generate puts them
 * into the files and, in make check, proves that the files have them. Decides nothing itself.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/config.h"
#include "config/exit.h"
#include "config/policy_file.h"
#include "core/fsm.h"
#include "obs/event_json.h"
#include "obs/event_spec.h"
#include "obs/metric.h"
#include "server/config.h"

static const struct {
	const char *name, *meaning;
} states[] = {{"none", ""},
#define X(name, text, meaning) {text, meaning},
	      JVPN_STATE_MAP(X)
#undef X
},
  reasons[] = {{"none", ""},
#define X(name, text, meaning) {text, meaning},
	       JVPN_REASON_MAP(X)
#undef X
},
  types[] = {{"none", ""},
#define X(name, text, meaning) {text, meaning},
	     JVPN_AUDIT_MAP(X)
#undef X
};

static const struct {
	int number;
	const char *meaning;
} exits[] = {
#define X(name, number, meaning) {number, meaning},
	JVPN_EXIT_MAP(X)
#undef X
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void block(const char *name)
{
	printf("%%%%block %s\n", name);
}

/* --- docs/events.schema.json --- */

static void schema_enum(const char *name, unsigned count, const char *(*text)(unsigned))
{
	printf("    \"%s\": {\n      \"enum\": [\n", name);
	for (unsigned i = 1; i < count; i++)
		printf("        \"%s\"%s\n", text(i), i + 1 < count ? "," : "");
	printf("      ]\n    },\n");
}

static const char *state_text(unsigned i)
{
	return jvpn_state_name((enum jvpn_state)i);
}

static const char *reason_text(unsigned i)
{
	return jvpn_reason_name((enum jvpn_reason)i);
}

static const char *fsm_event_text(unsigned i)
{
	return jvpn_fsm_event_name((enum jvpn_fsm_event)i);
}

static const char *severity_text(unsigned i)
{
	return jvpn_severity_name((enum jvpn_severity)i);
}

static void schema_definitions(void)
{
	schema_enum("state", JVPN_STATE_COUNT, state_text);
	schema_enum("fsm_event", JVPN_FSM_COUNT, fsm_event_text);
	schema_enum("reason_code", JVPN_REASON_COUNT, reason_text);
	schema_enum("severity", JVPN_SEVERITY_COUNT, severity_text);
	printf("    \"uint\": {\"type\": \"integer\", \"minimum\": 0},\n"
	       "    \"seq\": {\"type\": \"integer\", \"minimum\": 1},\n"
	       "    \"ms\": {\"type\": \"number\", \"minimum\": 0},\n"
	       "    \"ratio\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1},\n"
	       "    \"ts\": {\n      \"type\": \"string\",\n      \"pattern\": "
	       "\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$\"\n    },\n"
	       "    \"id\": {\"type\": \"string\", \"pattern\": \"^[0-9a-f]{32}$\"},\n"
	       "    \"transport\": {\n      \"type\": \"string\",\n"
	       "      \"pattern\": \"^([a-z0-9._-]{1,15}(#[0-9]+)?)?$\"\n    },\n"
	       "    \"role\": {\"enum\": [\"server\", \"client\"]},\n"
	       "    \"name\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": %d},\n"
	       "    \"text\": {\"type\": \"string\", \"maxLength\": %d}",
	       JVPN_EVENT_NODE_ID_MAX, JVPN_AUDIT_TEXT_MAX);
}

static const char *form_definition(enum jvpn_member_form form)
{
	static const char *const names[JVPN_FORM_COUNT] = {
		[JVPN_FORM_UINT] = "uint",
		[JVPN_FORM_MS] = "ms",
		[JVPN_FORM_RATIO] = "ratio",
		[JVPN_FORM_TEXT] = "text",
		[JVPN_FORM_ID] = "id",
		[JVPN_FORM_TRANSPORT] = "transport",
		[JVPN_FORM_STATE] = "state",
		[JVPN_FORM_FSM_EVENT] = "fsm_event",
		[JVPN_FORM_REASON] = "reason_code",
	};

	return names[form];
}

static const char *const common[][2] = {
	{"ts_ms", "uint"},        {"ts", "ts"},        {"seq", "seq"},   {"pid", "seq"},
	{"severity", "severity"}, {"node_id", "name"}, {"role", "role"}, {"policy_version", "name"},
};

static void schema_required(const struct jvpn_event_spec *spec)
{
	unsigned count;
	const struct jvpn_event_member *m = jvpn_event_members(&count);

	printf("      \"required\": [\n        \"event_type\"");
	for (size_t i = 0; i < COUNT(common); i++)
		printf(", \"%s\"", common[i][0]);
	for (unsigned i = 0; i < count; i++)
		if ((spec->required & m[i].group) && !(m[i].flags & JVPN_MEMBER_MAY_MISS))
			printf(",\n        \"%s\"", m[i].name);
	printf("\n      ],\n");
}

static void schema_properties(unsigned type, const struct jvpn_event_spec *spec)
{
	unsigned count;
	const struct jvpn_event_member *m = jvpn_event_members(&count);

	printf("      \"properties\": {\n        \"event_type\": {\"const\": \"%s\"}",
	       types[type].name);
	for (size_t i = 0; i < COUNT(common); i++)
		if (strcmp(common[i][0], "severity") == 0)
			printf(",\n        \"severity\": {\"const\": \"%s\"}",
			       jvpn_severity_name(spec->severity));
		else
			printf(",\n        \"%s\": {\"$ref\": \"#/$defs/%s\"}", common[i][0],
			       common[i][1]);
	for (unsigned i = 0; i < count; i++)
		if (!((spec->required | spec->optional) & m[i].group))
			continue;
		else if (m[i].form == JVPN_FORM_TRUE)
			printf(",\n        \"%s\": {\"const\": true}", m[i].name);
		else
			printf(",\n        \"%s\": {\"$ref\": \"#/$defs/%s\"}", m[i].name,
			       form_definition(m[i].form));
	printf("\n      }");
}

/* Is there an event of the transition function that goes from here to there for this reason? */
static bool is_legal(unsigned from, unsigned to, unsigned reason)
{
	for (unsigned event = 1; event < JVPN_FSM_COUNT; event++) {
		struct jvpn_cell cell =
			jvpn_fsm_decide((enum jvpn_state)from, (enum jvpn_fsm_event)event,
					(enum jvpn_reason)reason);

		if (cell.kind == JVPN_CELL_GO && cell.next == (enum jvpn_state)to)
			return true;
	}
	return false;
}

static bool has_any_reason(unsigned from, unsigned to)
{
	for (unsigned reason = 1; reason < JVPN_REASON_COUNT; reason++)
		if (is_legal(from, to, reason))
			return true;
	return false;
}

/* Every legal transition with its legal reasons. */
static void schema_transitions(void)
{
	const char *separator = "";

	printf(",\n      \"anyOf\": [");
	for (unsigned from = 1; from < JVPN_STATE_COUNT; from++)
		for (unsigned to = 1; to < JVPN_STATE_COUNT; to++) {
			const char *comma = "";

			if (!has_any_reason(from, to))
				continue;
			printf("%s\n        {\n          \"properties\": {\n"
			       "            \"from\": {\"const\": \"%s\"},\n"
			       "            \"to\": {\"const\": \"%s\"},\n"
			       "            \"reason_code\": {\n              \"enum\": [",
			       separator, state_text(from), state_text(to));
			for (unsigned r = 1; r < JVPN_REASON_COUNT; r++)
				if (is_legal(from, to, r)) {
					printf("%s\n                \"%s\"", comma, reason_text(r));
					comma = ",";
				}
			printf("\n              ]\n            }\n          }\n        }");
			separator = ",";
		}
	printf("\n      ]");
}

static void dump_schema(void)
{
	block("schema");
	printf("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	       "  \"title\": \"jvpn event\",\n"
	       "  \"description\": \"One line of the event stream of jvpn-server and jvpn-client. "
	       "Generated from the registry (src/common/core/fsm_table.h, "
	       "src/common/obs/event_spec.c) by docs/generate.\",\n"
	       "  \"type\": \"object\",\n  \"required\": [\"event_type\"],\n  \"oneOf\": [\n");
	for (unsigned t = 1; t < JVPN_AUDIT_COUNT; t++)
		printf("    {\"$ref\": \"#/$defs/%s\"}%s\n", types[t].name,
		       t + 1 < JVPN_AUDIT_COUNT ? "," : "");
	printf("  ],\n  \"$defs\": {\n");
	schema_definitions();
	for (unsigned t = 1; t < JVPN_AUDIT_COUNT; t++) {
		const struct jvpn_event_spec *spec = jvpn_event_spec_get((enum jvpn_audit_type)t);

		printf(",\n    \"%s\": {\n      \"description\": \"%s\",\n"
		       "      \"type\": \"object\",\n      \"additionalProperties\": false,\n",
		       types[t].name, types[t].meaning);
		schema_required(spec);
		schema_properties(t, spec);
		if (t == JVPN_AUDIT_SESSION_STATE_CHANGE)
			schema_transitions();
		printf("\n    }");
	}
	printf("\n  }\n}\n");
}

/* mdoc wants a new line for each sentence. */
static void man_text(const char *text)
{
	for (; *text; text++) {
		putchar(*text);
		if (text[0] == '.' && text[1] == ' ') {
			putchar('\n');
			text++;
		}
	}
	putchar('\n');
}

/* --- the same as text: one table in Markdown, one list in mdoc --- */

static void list_members(uint32_t groups, const char *before, const char *after)
{
	unsigned count;
	const struct jvpn_event_member *m = jvpn_event_members(&count);
	const char *separator = "";

	for (unsigned i = 0; i < count; i++)
		if (groups & m[i].group) {
			printf("%s%s%s%s", separator, before, m[i].name, after);
			separator = " ";
		}
}

static void dump_types(void)
{
	block("event-types-md");
	printf("| event_type | severity | meaning | always has | may have |\n|---|---|---|---|---|\n");
	for (unsigned t = 1; t < JVPN_AUDIT_COUNT; t++) {
		const struct jvpn_event_spec *spec = jvpn_event_spec_get((enum jvpn_audit_type)t);

		printf("| `%s` | %s | %s | ", types[t].name, jvpn_severity_name(spec->severity),
		       types[t].meaning);
		list_members(spec->required, "`", "`");
		printf(" | ");
		list_members(spec->optional, "`", "`");
		printf(" |\n");
	}
	block("event-types-man");
	printf(".Bl -tag -width Ds\n");
	for (unsigned t = 1; t < JVPN_AUDIT_COUNT; t++) {
		const struct jvpn_event_spec *spec = jvpn_event_spec_get((enum jvpn_audit_type)t);

		printf(".It Cm %s Pq %s\n", types[t].name, jvpn_severity_name(spec->severity));
		man_text(types[t].meaning);
		if (spec->required) {
			printf("Always has:\n");
			list_members(spec->required, "", "");
			printf(".\n");
		}
		if (spec->optional) {
			printf("May have:\n");
			list_members(spec->optional, "", "");
			printf(".\n");
		}
	}
	printf(".El\n");
}

static void dump_journal_ids(void)
{
	block("journal-ids-md");
	printf("| event_type | MESSAGE_ID |\n|---|---|\n");
	for (unsigned t = 1; t < JVPN_AUDIT_COUNT; t++)
		printf("| `%s` | `%s` |\n", types[t].name,
		       jvpn_event_spec_get((enum jvpn_audit_type)t)->message_id);
	block("journal-ids-man");
	printf(".Bl -tag -width Ds\n");
	for (unsigned t = 1; t < JVPN_AUDIT_COUNT; t++)
		printf(".It Cm %s\n%s\n", types[t].name,
		       jvpn_event_spec_get((enum jvpn_audit_type)t)->message_id);
	printf(".El\n");
}

static const char *form_text(enum jvpn_member_form form)
{
	static const char *const names[JVPN_FORM_COUNT] = {
		[JVPN_FORM_UINT] = "integer",
		[JVPN_FORM_MS] = "milliseconds, up to 3 decimals",
		[JVPN_FORM_RATIO] = "ratio 0 to 1, up to 6 decimals",
		[JVPN_FORM_TEXT] = "text",
		[JVPN_FORM_ID] = "32 hex digits",
		[JVPN_FORM_TRANSPORT] = "transport id",
		[JVPN_FORM_STATE] = "state",
		[JVPN_FORM_FSM_EVENT] = "event of the transition function",
		[JVPN_FORM_REASON] = "reason code",
		[JVPN_FORM_TRUE] = "true",
	};

	return names[form];
}

static void dump_members(void)
{
	unsigned count;
	const struct jvpn_event_member *m = jvpn_event_members(&count);

	block("event-members-md");
	printf("| member | value | meaning |\n|---|---|---|\n");
	for (unsigned i = 0; i < count; i++)
		printf("| `%s` | %s | %s |\n", m[i].name, form_text(m[i].form), m[i].meaning);
	block("event-members-man");
	printf(".Bl -tag -width Ds\n");
	for (unsigned i = 0; i < count; i++) {
		printf(".It Cm %s Pq %s\n", m[i].name, form_text(m[i].form));
		man_text(m[i].meaning);
	}
	printf(".El\n");
}

static void dump_names(const char *what, const char *head, unsigned count,
		       const char *(*name)(unsigned), const char *(*meaning)(unsigned))
{
	printf("%%%%block %s-md\n| %s | meaning |\n|---|---|\n", what, head);
	for (unsigned i = 1; i < count; i++)
		printf("| `%s` | %s |\n", name(i), meaning(i));
	printf("%%%%block %s-man\n.Bl -tag -width Ds\n", what);
	for (unsigned i = 1; i < count; i++) {
		printf(".It Cm %s\n", name(i));
		man_text(meaning(i));
	}
	printf(".El\n");
}

static const char *state_meaning(unsigned i)
{
	return states[i].meaning;
}

static const char *reason_meaning(unsigned i)
{
	return reasons[i].meaning;
}

static void dump_transitions(void)
{
	block("transitions-md");
	printf("| from | to | reasons |\n|---|---|---|\n");
	for (unsigned from = 1; from < JVPN_STATE_COUNT; from++)
		for (unsigned to = 1; to < JVPN_STATE_COUNT; to++) {
			if (!has_any_reason(from, to))
				continue;
			printf("| `%s` | `%s` |", state_text(from), state_text(to));
			for (unsigned r = 1; r < JVPN_REASON_COUNT; r++)
				if (is_legal(from, to, r))
					printf(" `%s`", reason_text(r));
			printf(" |\n");
		}
}

static const char *role_text(enum jvpn_metric_role role)
{
	switch (role) {
	case JVPN_METRIC_SERVER:
		return "server";
	case JVPN_METRIC_CLIENT:
		return "client";
	case JVPN_METRIC_STORE:
		return "server with a store";
	case JVPN_METRIC_BOTH:
		break;
	}
	return "both";
}

static void dump_metrics(void)
{
	block("metrics-md");
	printf("| metric | kind | labels | who | meaning | counted from events |\n"
	       "|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < JVPN_METRIC_COUNT; i++) {
		const struct jvpn_metric_spec *m = jvpn_metric_get((enum jvpn_metric)i);

		printf("| `%s` | %s | %s | %s | %s | %s |\n", m->name,
		       jvpn_metric_kind_name(m->kind), m->labels, role_text(m->role), m->help,
		       m->events);
	}
}

static void dump_exits(void)
{
	block("exits-man");
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < COUNT(exits); i++)
		printf(".It %d\n%c%s.\n", exits[i].number,
		       exits[i].meaning[0] >= 'a' && exits[i].meaning[0] <= 'z'
			       ? exits[i].meaning[0] - 'a' + 'A'
			       : exits[i].meaning[0],
		       exits[i].meaning + 1);
	printf(".El\n");
}

/* --- keys of the files --- */

static void describe_default(const struct jvpn_key *key, char *out, size_t size)
{
	if (key->flags & JVPN_KEY_REQUIRED)
		snprintf(out, size, "mandatory");
	else if (key->def)
		snprintf(out, size, "default %s", key->def);
	else
		snprintf(out, size, "no default");
}

static const char *list_words(const struct jvpn_key *key)
{
	bool is_list = key->type == JVPN_KEY_PREFIXES || key->type == JVPN_KEY_ADDRESSES ||
		       key->type == JVPN_KEY_HOSTS || key->type == JVPN_KEY_NAMES ||
		       key->type == JVPN_KEY_OUTPUTS || key->type == JVPN_KEY_IPS ||
		       key->type == JVPN_KEY_DOMAINS || key->type == JVPN_KEY_COMMANDS;

	if (!is_list)
		return "";
	return key->flags & JVPN_KEY_SINGLE ? "one or a list of " : "list of ";
}

static void dump_keys(const char *name, const struct jvpn_key *keys, size_t count)
{
	printf("%%%%block %s-man\n.Bl -tag -width Ds\n", name);
	for (size_t i = 0; i < count; i++) {
		char what[256], def[128];

		/* Only some builds have it. */
		if (strncmp(keys[i].path, "debug.", 6) == 0)
			continue;
		jvpn_schema_describe(&keys[i], what, sizeof(what));
		describe_default(&keys[i], def, sizeof(def));
		printf(".It Cm %s\n%s\n.br\nExpects: %s%s; %s.\n", keys[i].path,
		       keys[i].help ? keys[i].help : "", list_words(&keys[i]), what, def);
	}
	printf(".El\n");
}

static void policy_default(const struct jvpn_key *keys, size_t index, char *out, size_t size)
{
	struct jvpn_policy policy;
	FILE *stream = fmemopen(out, size, "w");

	jvpn_policy_init(&policy);
	out[0] = '\0';
	if (!stream)
		return;
	jvpn_schema_print_one(&keys[index], &policy, stream);
	fclose(stream);
}

static void dump_policy(void)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_policy_file_keys(&count);
	char what[256], def[64];

	block("policy-md");
	printf("| key | default | takes | meaning |\n|---|---|---|---|\n");
	for (size_t i = 1; i < count; i++) {
		policy_default(keys, i, def, sizeof(def));
		jvpn_schema_describe(&keys[i], what, sizeof(what));
		printf("| `%s` | %s | %s | %s |\n", keys[i].path, def, what, keys[i].help);
	}
}

static void dump_policy_man(void)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_policy_file_keys(&count);
	char what[256], def[64];

	block("policy-man");
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < count; i++) {
		policy_default(keys, i, def, sizeof(def));
		jvpn_schema_describe(&keys[i], what, sizeof(what));
		printf(".It Cm %s\n%s\n.br\nExpects: %s; %s%s.\n", keys[i].path, keys[i].help, what,
		       i ? "default " : "", i ? def : "mandatory");
	}
	printf(".El\n");
}

/* --- one line and more of every type, for validate-events --- */

static void print_sample(const struct jvpn_audit *audit)
{
	static uint64_t seq;
	const struct jvpn_event_context context = {
		.wall_ms = 1795255200123,
		.seq = ++seq,
		.pid = 1,
		.node_id = "edge-01",
		.role = "server",
		.policy_version = "1",
		.previous_policy_version = "none",
	};
	char line[JVPN_EVENT_LINE_MAX];

	fwrite(line, 1, jvpn_event_encode(audit, &context, line, sizeof(line)), stdout);
}

static void fill_sample(struct jvpn_audit *a)
{
	a->from = JVPN_STATE_ATTACHED;
	a->to = JVPN_STATE_VOLATILE;
	a->reason = JVPN_REASON_PATH_CHANGE_OBSERVED;
	a->fsm_event = JVPN_FSM_INSTABILITY;
	a->loss_ppm = 1000000;
	a->latency_us = a->detect_us = a->recover_us = 1;
	snprintf(a->transport, sizeof(a->transport), "wlan0#12");
	for (size_t i = 0; i < JVPN_AUDIT_TEXT_MAX; i++)
		a->text[i] = (char)(i + 1);
	snprintf(a->user, sizeof(a->user), "\"laptop\\\xff");
	snprintf(a->inner_ipv4, sizeof(a->inner_ipv4), "10.77.0.2");
}

static void sample_transitions(void)
{
	for (unsigned from = 1; from < JVPN_STATE_COUNT; from++)
		for (unsigned to = 1; to < JVPN_STATE_COUNT; to++)
			for (unsigned r = 1; r < JVPN_REASON_COUNT; r++) {
				struct jvpn_audit a = {.type = JVPN_AUDIT_SESSION_STATE_CHANGE,
						       .has = JVPN_HAS_STATES};

				a.from = (enum jvpn_state)from;
				a.to = (enum jvpn_state)to;
				a.reason = (enum jvpn_reason)r;
				if (is_legal(from, to, r))
					print_sample(&a);
			}
}

static void dump_samples(void)
{
	for (unsigned t = 1; t < JVPN_AUDIT_COUNT; t++) {
		const struct jvpn_event_spec *spec = jvpn_event_spec_get((enum jvpn_audit_type)t);
		struct jvpn_audit a = {.type = (enum jvpn_audit_type)t};

		fill_sample(&a);
		a.has = spec->required;
		print_sample(&a);
		a.has = UINT32_MAX;
		print_sample(&a);
	}
	sample_transitions();
}

int main(int argc, char **argv)
{
	size_t count;
	const struct jvpn_key *keys;

	if (argc == 2 && strcmp(argv[1], "--samples") == 0) {
		dump_samples();
		return ferror(stdout) ? 1 : 0;
	}
	dump_schema();
	dump_types();
	dump_journal_ids();
	dump_members();
	dump_names("states", "state", JVPN_STATE_COUNT, state_text, state_meaning);
	dump_names("reasons", "reason_code", JVPN_REASON_COUNT, reason_text, reason_meaning);
	dump_transitions();
	dump_exits();
	dump_metrics();
	keys = jvpn_server_config_keys(&count);
	dump_keys("server-keys", keys, count);
	keys = jvpn_client_config_keys(&count);
	dump_keys("client-keys", keys, count);
	dump_policy();
	dump_policy_man();
	return ferror(stdout) ? 1 : 0;
}
