/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Columns and lines. Reads JSON, asks nothing and decides nothing.
 */
#include "ctl/show.h"

#include <cJSON.h>
#include <inttypes.h>
#include <string.h>

#define CELL_MAX 96

void jvpn_ctl_show_duration(uint64_t ms, char *out, size_t size)
{
	uint64_t s = ms / 1000, min = s / 60, h = min / 60;

	if (s < 10)
		snprintf(out, size, "%" PRIu64 ".%" PRIu64 " s", s, ms % 1000 / 100);
	else if (min == 0)
		snprintf(out, size, "%" PRIu64 " s", s);
	else if (h == 0)
		snprintf(out, size, "%" PRIu64 " min %02" PRIu64 " s", min, s % 60);
	else if (h < 48)
		snprintf(out, size, "%" PRIu64 " h %02" PRIu64 " min", h, min % 60);
	else
		snprintf(out, size, "%" PRIu64 " d %02" PRIu64 " h", h / 24, h % 24);
}

void jvpn_ctl_show_bytes(uint64_t bytes, char *out, size_t size)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t tenths = bytes;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(out, size, "%" PRIu64 " B", bytes);
		return;
	}
	for (; tenths >= 1024 * UINT64_C(1024) && unit < 5; unit++)
		tenths /= 1024;
	tenths = tenths * 10 / 1024;
	snprintf(out, size, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

/* ---- members ---- */

static const char *text_of(const cJSON *o, const char *name)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(m) && m->valuestring ? m->valuestring : "";
}

static double number_of(const cJSON *o, const char *name)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(m) && m->valuedouble >= 0 ? m->valuedouble : 0;
}

static uint64_t uint_of(const cJSON *o, const char *name)
{
	double v = number_of(o, name);

	return v < 1.8e19 ? (uint64_t)v : UINT64_MAX;
}

static bool has(const cJSON *o, const char *name)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);

	return m && !cJSON_IsNull(m);
}

/* A file, a user's name or a peer must not be able to steer the terminal. */
static void clean(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = *text >= ' ' && *text <= '~' ? *text : '?';
	out[n] = '\0';
}

static void put_clean(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((*text >= ' ' && *text <= '~') || *text == '\n' ? *text : '?', out);
}

/* ---- cells ---- */

enum form {
	FORM_NONE = 0,
	FORM_TEXT,
	FORM_STATE,
	FORM_UINT,
	FORM_DURATION,
	FORM_BYTES,
	FORM_MS,     /* "12.3 ms" */
	FORM_PERCENT /* of a ratio */
};

struct column {
	const char *title, *member;
	enum form form;
	int width; /* negative: to the left */
};

static void format_cell(const cJSON *o, const struct column *c, char out[CELL_MAX])
{
	if (!has(o, c->member)) {
		snprintf(out, CELL_MAX, "-");
		return;
	}
	switch (c->form) {
	case FORM_NONE:
	case FORM_TEXT:
	case FORM_STATE:
		clean(text_of(o, c->member), out, CELL_MAX);
		break;
	case FORM_UINT:
		snprintf(out, CELL_MAX, "%" PRIu64, uint_of(o, c->member));
		break;
	case FORM_DURATION:
		jvpn_ctl_show_duration(uint_of(o, c->member), out, CELL_MAX);
		break;
	case FORM_BYTES:
		jvpn_ctl_show_bytes(uint_of(o, c->member), out, CELL_MAX);
		break;
	case FORM_MS:
		snprintf(out, CELL_MAX, "%.1f ms", number_of(o, c->member));
		break;
	case FORM_PERCENT:
		snprintf(out, CELL_MAX, "%.1f %%", number_of(o, c->member) * 100);
		break;
	}
}

static const char *colour_of(const char *word)
{
	if (strcmp(word, "ATTACHED") == 0 || strcmp(word, "alive") == 0)
		return "\033[32m";
	if (strcmp(word, "VOLATILE") == 0 || strcmp(word, "RECOVERING") == 0 ||
	    strcmp(word, "BIRTH") == 0 || strcmp(word, "suspect") == 0)
		return "\033[33m";
	return "\033[31m";
}

static void put_state(const struct jvpn_ctl_show *show, const char *word, int width)
{
	if (show->colours)
		fprintf(show->out, "%s%*s\033[0m", colour_of(word), width, word);
	else
		fprintf(show->out, "%*s", width, word);
}

static void put_row(const struct jvpn_ctl_show *show, const cJSON *o, const struct column *c,
		    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char cell[CELL_MAX];
		int width = i + 1 == count && c[i].width < 0 ? 0 : c[i].width;

		format_cell(o, &c[i], cell);
		fputs(i ? "  " : "", show->out);
		if (c[i].form == FORM_STATE)
			put_state(show, cell, width);
		else
			fprintf(show->out, "%*s", width, cell);
	}
	fputc('\n', show->out);
}

static void put_titles(const struct jvpn_ctl_show *show, const struct column *c, size_t count)
{
	fputs(show->colours ? "\033[1m" : "", show->out);
	for (size_t i = 0; i < count; i++)
		fprintf(show->out, "%s%*s", i ? "  " : "",
			i + 1 == count && c[i].width < 0 ? 0 : c[i].width, c[i].title);
	fputs(show->colours ? "\033[0m\n" : "\n", show->out);
}

static const struct column session_columns[] = {
	{"SESSION", "session_id", FORM_TEXT, -32}, {"USER", "user", FORM_TEXT, -12},
	{"STATE", "state", FORM_STATE, -10},       {"SINCE", "state_ms", FORM_DURATION, 12},
	{"BINDING", "binding", FORM_TEXT, -12},    {"PEER", "peer", FORM_TEXT, -22},
	{"ADDRESS", "inner_ipv4", FORM_TEXT, -15}, {"FROM PEER", "rx_bytes", FORM_BYTES, 10},
	{"TO PEER", "tx_bytes", FORM_BYTES, 10},   {"SWITCHES", "total_switches", FORM_UINT, 8},
};

static const struct column transport_columns[] = {
	{"SESSION", "session_id", FORM_TEXT, -32},
	{"TRANSPORT", "transport", FORM_TEXT, -14},
	{"ROLE", "role", FORM_TEXT, -8},
	{"HEALTH", "health", FORM_STATE, -8},
	{"RTT", "rtt_ms", FORM_MS, 9},
	{"LOSS", "loss_ratio", FORM_PERCENT, 7},
	{"HEARD", "heard_ms", FORM_DURATION, 12},
	{"AGE", "age_ms", FORM_DURATION, 12},
	{"FROM PEER", "bytes_received", FORM_BYTES, 10},
	{"TO PEER", "bytes_sent", FORM_BYTES, 10},
	{"HELD", "held", FORM_UINT, 6},
	{"DROPPED", "held_dropped", FORM_UINT, 7},
	{"PEER", "peer", FORM_TEXT, -22},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void put_transport(const struct jvpn_ctl_show *show, const cJSON *o, bool first)
{
	size_t skip = has(o, "session_id") ? 0 : 1;

	if (first)
		put_titles(show, transport_columns + skip, COUNT(transport_columns) - skip);
	put_row(show, o, transport_columns + skip, COUNT(transport_columns) - skip);
}

/* ---- whole answers ---- */

static void put_label(const struct jvpn_ctl_show *show, const char *label)
{
	fprintf(show->out, "%-10s ", label);
}

static void put_duration(const struct jvpn_ctl_show *show, const cJSON *o, const char *name)
{
	char text[CELL_MAX];

	jvpn_ctl_show_duration(uint_of(o, name), text, sizeof(text));
	fputs(text, show->out);
}

static void put_bytes(const struct jvpn_ctl_show *show, const cJSON *o, const char *name)
{
	char text[CELL_MAX];

	jvpn_ctl_show_bytes(uint_of(o, name), text, sizeof(text));
	fputs(text, show->out);
}

static void put_text(const struct jvpn_ctl_show *show, const cJSON *o, const char *name)
{
	put_clean(show->out, text_of(o, name));
}

static void put_session_state(const struct jvpn_ctl_show *show, const cJSON *s)
{
	char state[CELL_MAX];

	clean(text_of(s, "state"), state, sizeof(state));
	put_label(show, "state");
	put_state(show, state, 0);
	fputs(" for ", show->out);
	put_duration(show, s, "state_ms");
	if (has(s, "reason_code")) {
		fputs(", ", show->out);
		put_text(show, s, "reason_code");
	}
	fprintf(show->out, " (version %" PRIu64 ")\n", uint_of(s, "state_version"));
}

static void put_session_traffic(const struct jvpn_ctl_show *show, const cJSON *s)
{
	put_label(show, "traffic");
	put_bytes(show, s, "rx_bytes");
	fputs(" from the peer, ", show->out);
	put_bytes(show, s, "tx_bytes");
	fprintf(show->out, " to it; %" PRIu64 " switches", uint_of(s, "total_switches"));
	if (has(s, "last_switch_ms")) {
		fputs(", the last ", show->out);
		put_duration(show, s, "last_switch_ms");
		fputs(" ago", show->out);
	}
	fputc('\n', show->out);
}

static uint64_t dropped_of(const cJSON *queue)
{
	return uint_of(queue, "dropped_full") + uint_of(queue, "dropped_stale") +
	       uint_of(queue, "dropped_codel") + uint_of(queue, "dropped_other");
}

/* What waits, and what became of inner packets that did not get there. */
static void put_queue(const struct jvpn_ctl_show *show, const cJSON *o)
{
	const cJSON *queue = cJSON_GetObjectItemCaseSensitive(o, "queue");

	if (!queue)
		return;
	put_label(show, "queue");
	put_bytes(show, queue, "bytes");
	fprintf(show->out, " waiting; dropped %" PRIu64, dropped_of(queue));
	if (dropped_of(queue))
		fprintf(show->out,
			" (full %" PRIu64 ", too old %" PRIu64 ", CoDel %" PRIu64 ", other %" PRIu64
			")",
			uint_of(queue, "dropped_full"), uint_of(queue, "dropped_stale"),
			uint_of(queue, "dropped_codel"), uint_of(queue, "dropped_other"));
	fprintf(show->out, ", marked %" PRIu64 "\n", uint_of(queue, "marked"));
}

static void put_session(const struct jvpn_ctl_show *show, const cJSON *s)
{
	put_label(show, "session");
	put_text(show, s, "session_id");
	if (has(s, "user")) {
		fputs(" of ", show->out);
		put_text(show, s, "user");
	}
	fputs(", ", show->out);
	put_duration(show, s, "age_ms");
	fputs(" old\n", show->out);
	put_session_state(show, s);
	put_label(show, "binding");
	put_text(show, s, "binding");
	if (!has(s, "binding")) {
		fputs("none, for ", show->out);
		put_duration(show, s, "transportless_ms");
	}
	fprintf(show->out, "; %" PRIu64 " standing by\n", uint_of(s, "candidates"));
	put_label(show, "inside");
	put_text(show, s, "inner_ipv4");
	fputs(has(s, "inner_ipv4") && has(s, "inner_ipv6") ? ", " : "", show->out);
	put_text(show, s, "inner_ipv6");
	fprintf(show->out, ", MTU %" PRIu64 "\n", uint_of(s, "mtu"));
	put_session_traffic(show, s);
	put_queue(show, s);
}

static void put_transports(const struct jvpn_ctl_show *show, const cJSON *list)
{
	const cJSON *o;
	bool first = true;

	if (cJSON_GetArraySize(list) > 0)
		fputc('\n', show->out);
	cJSON_ArrayForEach(o, list)
	{
		put_transport(show, o, first);
		first = false;
	}
}

static void put_events(const struct jvpn_ctl_show *show, const cJSON *r)
{
	const cJSON *events = cJSON_GetObjectItemCaseSensitive(r, "events");

	if (!events)
		return;
	put_label(show, "events");
	fprintf(show->out, "%" PRIu64 "; dropped %" PRIu64 ", ", uint_of(events, "emitted"),
		uint_of(events, "dropped"));
	put_bytes(show, events, "waiting_bytes");
	fputs(" waiting for the reader\n", show->out);
}

static void put_workers(const struct jvpn_ctl_show *show, const cJSON *r)
{
	const cJSON *handed = cJSON_GetObjectItemCaseSensitive(r, "handed");

	if (!handed || uint_of(r, "workers") < 2)
		return;
	put_label(show, "workers");
	fprintf(show->out,
		"%" PRIu64 "; given to each other: %" PRIu64 " datagrams, %" PRIu64
		" inner packets; dropped %" PRIu64 "\n",
		uint_of(r, "workers"), uint_of(handed, "datagrams"), uint_of(handed, "packets"),
		uint_of(handed, "dropped"));
}

static void put_process(const struct jvpn_ctl_show *show, const cJSON *r)
{
	put_label(show, "program");
	put_text(show, r, "program");
	fputc(' ', show->out);
	put_text(show, r, "version");
	fprintf(show->out, ", pid %" PRIu64 ", up ", uint_of(r, "pid"));
	put_duration(show, r, "uptime_ms");
	fputc('\n', show->out);
	put_label(show, "policy");
	put_text(show, r, "policy_version");
	fputs(", ", show->out);
	put_text(show, r, "policy_source");
	fputc('\n', show->out);
	put_events(show, r);
}

static void put_server(const struct jvpn_ctl_show *show, const cJSON *r)
{
	const cJSON *states = cJSON_GetObjectItemCaseSensitive(r, "states"), *o;

	put_label(show, "sessions");
	fprintf(show->out, "%" PRIu64 " of %" PRIu64 " at most%s", uint_of(r, "sessions"),
		uint_of(r, "capacity"), show->draining ? "; draining: takes no new ones" : "");
	cJSON_ArrayForEach(o, states)
	{
		char state[CELL_MAX];

		if (!o->string || !cJSON_IsNumber(o) || o->valuedouble < 1)
			continue;
		clean(o->string, state, sizeof(state));
		fprintf(show->out, ", %.0f ", o->valuedouble);
		put_state(show, state, 0);
	}
	fputc('\n', show->out);
	put_label(show, "store");
	put_text(show, r, "store");
	fputc('\n', show->out);
	put_label(show, "transports");
	fprintf(show->out, "%" PRIu64 " connections, %" PRIu64 " in the handshake\n",
		uint_of(r, "connections"), uint_of(r, "half_open"));
	put_queue(show, r);
	put_workers(show, r);
}

static void put_status(const struct jvpn_ctl_show *show, const cJSON *r)
{
	put_process(show, r);
	if (has(r, "capacity"))
		put_server(show, r);
	else if (has(r, "session"))
		put_session(show, cJSON_GetObjectItemCaseSensitive(r, "session"));
	else
		fputs("session    none\n", show->out);
	put_transports(show, cJSON_GetObjectItemCaseSensitive(r, "transports"));
}

static void put_result(const struct jvpn_ctl_show *show, const cJSON *r)
{
	switch (show->command) {
	case JVPN_CTL_STATUS:
		put_status(show, r);
		break;
	case JVPN_CTL_SESSION:
		put_session(show, cJSON_GetObjectItemCaseSensitive(r, "session"));
		put_transports(show, cJSON_GetObjectItemCaseSensitive(r, "transports"));
		break;
	case JVPN_CTL_POLICY:
		fputs("# ", show->out);
		put_text(show, r, "source");
		fputc('\n', show->out);
		put_text(show, r, "yaml");
		break;
	case JVPN_CTL_RELOAD:
		fputs("policy ", show->out);
		put_text(show, r, "policy_version");
		fputs(" is in force\n", show->out);
		break;
	case JVPN_CTL_NONE:
	case JVPN_CTL_SESSIONS:
	case JVPN_CTL_TRANSPORTS:
	case JVPN_CTL_SWITCH:
	case JVPN_CTL_TERMINATE:
	case JVPN_CTL_DRAIN:
	case JVPN_CTL_EVENTS:
	case JVPN_CTL_COUNT:
		put_text(show, r, "message");
		fputc('\n', show->out);
		break;
	}
}

static void put_item(const struct jvpn_ctl_show *show, const cJSON *o)
{
	if (show->command == JVPN_CTL_TRANSPORTS) {
		put_transport(show, o, show->lines == 0);
		return;
	}
	if (show->lines == 0)
		put_titles(show, session_columns, COUNT(session_columns));
	put_row(show, o, session_columns, COUNT(session_columns));
}

/* ---- what is learned ---- */

static enum jvpn_state state_of(const char *name)
{
	for (int i = JVPN_STATE_NONE + 1; i < JVPN_STATE_COUNT; i++)
		if (strcmp(jvpn_state_name((enum jvpn_state)i), name) == 0)
			return (enum jvpn_state)i;
	return JVPN_STATE_NONE;
}

static void learn(struct jvpn_ctl_show *show, enum jvpn_ctl_line kind, const cJSON *o)
{
	const cJSON *session = cJSON_GetObjectItemCaseSensitive(o, "session");

	if (kind == JVPN_CTL_LINE_ERROR) {
		show->refused = true;
		clean(text_of(o, "code"), show->code, sizeof(show->code));
		show->exit_code =
			(int)(number_of(o, "exit_code") < 256 ? number_of(o, "exit_code") : 0);
	} else if (kind == JVPN_CTL_LINE_RESULT) {
		show->state = state_of(text_of(session, "state"));
		show->draining = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "draining")) != 0;
	}
}

bool jvpn_ctl_learn_line(struct jvpn_ctl_show *show, enum jvpn_ctl_line kind, const char *json)
{
	cJSON *o;

	if (kind != JVPN_CTL_LINE_RESULT && kind != JVPN_CTL_LINE_ERROR)
		return true;
	o = cJSON_Parse(json);
	if (!o)
		return false;
	learn(show, kind, o);
	cJSON_Delete(o);
	return true;
}

static void put_error(const cJSON *o)
{
	const cJSON *line;

	cJSON_ArrayForEach(line, cJSON_GetObjectItemCaseSensitive(o, "report"))
	{
		put_clean(stderr, text_of(line, "text"));
		fputc('\n', stderr);
	}
	if (uint_of(o, "left_out") > 0)
		fprintf(stderr, "%" PRIu64 " more errors\n", uint_of(o, "left_out"));
	put_clean(stderr, text_of(o, "message"));
	fputc('\n', stderr);
}

bool jvpn_ctl_show_line(struct jvpn_ctl_show *show, enum jvpn_ctl_line kind, const char *json)
{
	cJSON *o = cJSON_Parse(json);

	if (!o)
		return false;
	learn(show, kind, o);
	switch (kind) {
	case JVPN_CTL_LINE_RESULT:
		put_result(show, o);
		break;
	case JVPN_CTL_LINE_ITEM:
		put_item(show, o);
		show->lines++;
		break;
	case JVPN_CTL_LINE_ERROR:
		put_error(o);
		break;
	case JVPN_CTL_LINE_NONE:
	case JVPN_CTL_LINE_EVENT:
	case JVPN_CTL_LINE_END:
		break;
	}
	cJSON_Delete(o);
	return true;
}
