/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fields of the journal. Everything is made from the line, so that both always say the same.
 */
#include "obs/journal.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "obs/event_json.h"
#include "obs/event_scan.h"
#include "obs/event_spec.h"

#define PREFIX   "JVPN_"
#define NAME_MAX 64 /* what the journal takes */

struct message {
	char *out;
	size_t len;
	bool full;
};

static void put(struct message *m, const void *data, size_t len)
{
	if (len > JVPN_SINK_MESSAGE_MAX - m->len) {
		m->full = true;
		return;
	}
	memcpy(m->out + m->len, data, len);
	m->len += len;
}

static void put_field(struct message *m, const char *name, const char *value, size_t len)
{
	uint8_t length[8];

	put(m, name, strlen(name));
	if (!memchr(value, '\n', len)) {
		put(m, "=", 1);
	} else {
		for (unsigned i = 0; i < sizeof(length); i++)
			length[i] = (uint8_t)((uint64_t)len >> (8 * i));
		put(m, "\n", 1);
		put(m, length, sizeof(length));
	}
	put(m, value, len);
	put(m, "\n", 1);
}

static void put_text(struct message *m, const char *name, const char *value)
{
	put_field(m, name, value, strlen(value));
}

static void name_field(const struct jvpn_event_item *item, char out[NAME_MAX + 1])
{
	int n = snprintf(out, NAME_MAX + 1, PREFIX "%.*s", (int)item->name_len, item->name);

	for (int i = 0; i < n && i < NAME_MAX; i++)
		if (out[i] >= 'a' && out[i] <= 'z')
			out[i] = (char)(out[i] - 'a' + 'A');
}

static void put_members(struct message *m, const char *line, size_t len)
{
	const char *at = line;
	struct jvpn_event_item item;

	while (jvpn_event_scan(&at, line + len, &item)) {
		char name[NAME_MAX + 1], value[JVPN_EVENT_LINE_MAX];

		name_field(&item, name);
		put_field(m, name, value, jvpn_event_unescape(&item, value, sizeof(value)));
	}
}

/* Appends "BEFORE VALUE" when the line has the member. */
static void tell(char *text, size_t size, const char *line, size_t len, const char *const name[2])
{
	struct jvpn_event_item item;
	size_t used = strlen(text), left = size - used - 1, n;

	if (!jvpn_event_find(line, len, name[1], &item) || left <= strlen(name[0]))
		return;
	n = (size_t)snprintf(text + used, size - used, "%s", name[0]);
	n += jvpn_event_unescape(&item, text + used + n, left - n);
	text[used + n] = '\0';
}

/* "TransportSwitch: path_change_observed, wlan0#1 -> wlan0#2, session 5f0c...": for people. */
static void put_message(struct message *m, const char *line, size_t len)
{
	static const char *const parts[][2] = {
		{"", "event_type"},
		{": ", "reason_code"},
		{", ", "from"},
		{" -> ", "to"},
		{", ", "previous_transport"},
		{" -> ", "new_transport"},
		{", on ", "transport"},
		{", peer ", "peer"},
		{", count ", "count"},
		{", session ", "session_id"},
		{", ", "detail"},
	};
	char text[1024] = "";

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		tell(text, sizeof(text), line, len, parts[i]);
	put_text(m, "MESSAGE", text);
}

static void put_type(struct message *m, const char *line, size_t len)
{
	char name[64], priority[4] = "6";
	struct jvpn_event_item item;

	if (jvpn_event_find(line, len, "severity", &item))
		snprintf(priority, sizeof(priority), "%u",
			 jvpn_severity_syslog(item.value, item.value_len));
	put_text(m, "PRIORITY", priority);
	if (!jvpn_event_find(line, len, "event_type", &item))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)item.value_len, item.value);
	for (unsigned i = 1; i < JVPN_AUDIT_COUNT; i++)
		if (strcmp(jvpn_audit_type_name((enum jvpn_audit_type)i), name) == 0)
			put_text(m, "MESSAGE_ID",
				 jvpn_event_spec_get((enum jvpn_audit_type)i)->message_id);
}

size_t jvpn_journal_format(const void *user, const char *line, size_t len,
			   char out[JVPN_SINK_MESSAGE_MAX])
{
	struct message m = {.out = out};

	if (len && line[len - 1] == '\n')
		len--;
	put_message(&m, line, len);
	put_type(&m, line, len);
	put_text(&m, "SYSLOG_IDENTIFIER", user);
	put_members(&m, line, len);
	put_field(&m, PREFIX "JSON", line, len);
	return m.full ? 0 : m.len;
}
