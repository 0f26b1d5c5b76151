/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of obs/output, obs/journal and obs/syslog: several outputs at once, services behind datagram
 * sockets that are slow, gone or not there yet, and what their messages look like.
 */
#include "obs/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "obs/event_json.h"
#include "obs/event_scan.h"
#include "obs/event_spec.h"
#include "obs/journal.h"
#include "unit.h"

#define SMALL_BUFFER 16384
#define TEXT_MAX     (1 << 20)

static char dir[64], path[128], socket_path[128], error[256];
static struct jvpn_events *events;
static int receiver = -1;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/jvpn-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
}

static void teardown(void)
{
	char command[128];

	jvpn_events_close(&events, 0, 0);
	if (receiver >= 0)
		close(receiver);
	receiver = -1;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		ck_abort_msg("cannot clean up");
}

static int bind_socket(int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	unlink(socket_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int open_outputs(const char *first, const char *second)
{
	struct jvpn_events_config config = {.role = JVPN_ROLE_SERVER,
					    .node_id = "n1",
					    .output = {first, second},
					    .journal_socket = socket_path,
					    .syslog_socket = socket_path,
					    .syslog_facility = 16,
					    .buffer_bytes = SMALL_BUFFER};

	return jvpn_events_open(&config, &events, error, sizeof(error));
}

static void emit_many(unsigned n)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_NODE_STARTED, .has = JVPN_HAS_TEXT};

	memset(audit.text, 'x', 100);
	for (unsigned i = 0; i < n; i++)
		jvpn_events_emit(events, &audit, 1700000000123 + i);
}

static struct jvpn_events_stats stats(void)
{
	struct jvpn_events_stats s;

	jvpn_events_get_stats(events, &s);
	return s;
}

static char *content(const char *name)
{
	char *text = calloc(1, TEXT_MAX);
	FILE *f = fopen(name, "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_lt(fread(text, 1, TEXT_MAX - 1, f), TEXT_MAX - 1);
	fclose(f);
	return text;
}

/* Messages of syslog that are there now, as lines of JSON behind what is in text. */
static void receive(char *text)
{
	char message[JVPN_SINK_MESSAGE_MAX + 1];
	ssize_t n;

	while ((n = recv(receiver, message, sizeof(message) - 1, 0)) > 0) {
		message[n] = '\0';
		ck_assert_ptr_nonnull(strchr(message, '{'));
		ck_assert_ptr_null(strchr(message, '\n'));
		ck_assert_uint_lt(strlen(text) + (size_t)n + 2, TEXT_MAX);
		strcat(strcat(text, strchr(message, '{')), "\n");
	}
}

/* Takes everything: the flush that the loop would do, until there is nothing any more. */
static void receive_all(char *text)
{
	for (unsigned i = 0; i < 2000; i++) {
		receive(text);
		jvpn_events_flush(events, 1700000001000);
	}
	receive(text);
}

/* Lines in order; behind a gap a TelemetryDegraded with its size. Destroys the text. */
static uint64_t check_seq(char *text, uint64_t first, uint64_t last)
{
	uint64_t expected = first, seq = 0, missing = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const char *count = strstr(line, "\"count\":");

		seq = strtoull(strstr(line, "\"seq\":") + 6, NULL, 10);
		if (seq != expected) {
			ck_assert_msg(strstr(line, "TelemetryDegraded") && count, "gap: %s", line);
			ck_assert_uint_eq(strtoull(count + 8, NULL, 10), seq - expected);
			missing += seq - expected;
		}
		expected = seq + 1;
	}
	ck_assert_uint_eq(seq, last);
	return missing;
}

START_TEST(outputs_two__one_is_full__the_other_gets_all_and_is_told)
{
	char *text = calloc(1, TEXT_MAX), *file;

	receiver = bind_socket(SOCK_DGRAM);
	ck_assert_int_eq(open_outputs(path, "syslog"), 0);
	emit_many(2000);
	ck_assert_uint_eq(stats().output[0].dropped, 0);
	ck_assert_uint_eq(stats().output[0].written, 2000);
	ck_assert_uint_gt(stats().output[1].dropped, 1000);
	ck_assert_int_eq(jvpn_events_poll_fd(events, 0), -1);
	ck_assert_int_ge(jvpn_events_poll_fd(events, 1), 0);
	ck_assert(!stats().must_retry);
	receive_all(text);
	emit_many(3);
	receive_all(text);
	ck_assert_int_eq(jvpn_events_poll_fd(events, 1), -1);
	ck_assert_uint_eq(check_seq(text, 1, stats().emitted), stats().output[1].dropped);
	file = content(path);
	ck_assert_ptr_nonnull(strstr(file, "\"detail\":\"output syslog\""));
	ck_assert_uint_eq(check_seq(file, 1, stats().emitted), 0);
	free(text);
	free(file);
}
END_TEST

START_TEST(outputs_two__reader_always_a_bit_slow__gaps_are_exact)
{
	char *text = calloc(1, TEXT_MAX), *file;
	char message[JVPN_SINK_MESSAGE_MAX + 1];

	receiver = bind_socket(SOCK_DGRAM);
	ck_assert_int_eq(open_outputs("syslog", path), 0);
	for (unsigned i = 0; i < 300; i++) {
		ssize_t n;

		emit_many(7);
		for (unsigned k = 0; k < 4; k++) {
			n = recv(receiver, message, sizeof(message) - 1, 0);
			message[n < 0 ? 0 : n] = '\0';
			if (n > 0)
				strcat(strcat(text, strchr(message, '{')), "\n");
		}
		jvpn_events_flush(events, 1700000001000);
	}
	receive_all(text);
	ck_assert_uint_gt(check_seq(text, 1, stats().emitted), 0);
	file = content(path);
	ck_assert_uint_eq(check_seq(file, 1, stats().emitted), 0);
	free(text);
	free(file);
}
END_TEST

START_TEST(outputs_service__not_there_yet__lines_wait)
{
	char *text = calloc(1, TEXT_MAX);

	ck_assert_int_eq(open_outputs("syslog", NULL), 0);
	emit_many(5);
	ck_assert_uint_eq(stats().dropped, 0);
	ck_assert(stats().must_retry);
	ck_assert_int_eq(jvpn_events_poll_fd(events, 0), -1);
	receiver = bind_socket(SOCK_DGRAM);
	jvpn_events_flush(events, 1700000001000);
	receive(text);
	check_seq(text, 1, 5);
	ck_assert(!stats().must_retry);
	free(text);
}
END_TEST

START_TEST(outputs_service__restarts__nothing_is_lost_or_twice)
{
	char *text = calloc(1, TEXT_MAX);

	receiver = bind_socket(SOCK_DGRAM);
	ck_assert_int_eq(open_outputs("syslog", NULL), 0);
	emit_many(3);
	receive(text);
	close(receiver);
	emit_many(2); /* nobody: they wait */
	/* A watched dead socket would always be ready. */
	ck_assert_int_eq(jvpn_events_poll_fd(events, 0), -1);
	ck_assert(stats().must_retry);
	receiver = bind_socket(SOCK_DGRAM);
	emit_many(1); /* an emit alone does not look for it */
	receive(text);
	jvpn_events_flush(events, 1700000001000);
	receive(text);
	close(receiver);
	receiver = bind_socket(SOCK_DGRAM);
	emit_many(1); /* the first failed message looks once */
	receive(text);
	ck_assert_uint_eq(stats().dropped, 0);
	check_seq(text, 1, 7);
	free(text);
}
END_TEST

START_TEST(outputs_service__new_descriptor__has_another_number)
{
	int before;

	receiver = bind_socket(SOCK_DGRAM);
	ck_assert_int_eq(open_outputs("syslog", NULL), 0);
	emit_many(1000);
	before = jvpn_events_poll_fd(events, 0);
	ck_assert_int_ge(before, 0);
	close(receiver);
	receiver = bind_socket(SOCK_DGRAM);
	emit_many(1000);
	ck_assert_int_ge(jvpn_events_poll_fd(events, 0), 0);
	ck_assert_int_ne(jvpn_events_poll_fd(events, 0), before);
}
END_TEST

START_TEST(outputs_open__not_a_datagram_socket__refused)
{
	receiver = bind_socket(SOCK_STREAM);
	ck_assert_int_eq(open_outputs(path, "journald"), JVPN_EIO);
	ck_assert_ptr_nonnull(strstr(error, socket_path));
	ck_assert_ptr_null(events);
}
END_TEST

START_TEST(outputs_open__path_too_long__refused)
{
	char *before = strdup(socket_path);

	memset(socket_path, 'x', sizeof(socket_path) - 1);
	ck_assert_int_eq(open_outputs("syslog", NULL), JVPN_EIO);
	ck_assert_ptr_nonnull(strstr(error, "too long"));
	snprintf(socket_path, sizeof(socket_path), "%s", before);
	free(before);
}
END_TEST

/* ---- what the messages look like ---- */

static size_t encode(const struct jvpn_audit *audit, char *line)
{
	struct jvpn_event_context context = {.wall_ms = 1700000000123,
					     .seq = 42,
					     .pid = 811,
					     .node_id = "edge-01",
					     .role = "server",
					     .policy_version = "7",
					     .previous_policy_version = "none"};
	size_t len = jvpn_event_encode(audit, &context, line, JVPN_EVENT_LINE_MAX);

	ck_assert_uint_gt(len, 0);
	return len;
}

static struct jvpn_audit a_switch(void)
{
	struct jvpn_audit audit = {.type = JVPN_AUDIT_TRANSPORT_SWITCH,
				   .reason = JVPN_REASON_PATH_CHANGE_OBSERVED,
				   .has = JVPN_HAS_SESSION | JVPN_HAS_SWITCH | JVPN_HAS_TEXT |
					  JVPN_HAS_PEER,
				   .detect_us = 12250};

	snprintf(audit.previous_transport, sizeof(audit.previous_transport), "wlan0#1");
	snprintf(audit.transport, sizeof(audit.transport), "wlan0#2");
	snprintf(audit.peer, sizeof(audit.peer), "[2001:db8::1]:40112");
	snprintf(audit.text, sizeof(audit.text), "a \"b\" \\ c\nPRIORITY=0\x01\xff");
	return audit;
}

/* The value of a field in a message of the journal; its length in *len; NULL: it is not there. */
static const char *field(const char *message, size_t size, const char *name, size_t *len)
{
	const char *p = message, *end = message + size;
	const char *found = NULL;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *equals = memchr(p, '=', (size_t)(newline - p));
		size_t name_len = (size_t)((equals ? equals : newline) - p), n = 0;
		const char *value = equals ? equals + 1 : newline + 9;

		if (equals)
			n = (size_t)(newline - value);
		else
			for (unsigned i = 0; i < 8; i++)
				n |= (size_t)(uint8_t)newline[1 + i] << (8 * i);
		ck_assert(value + n <= end - 1);
		ck_assert_int_eq(value[n], '\n');
		if (name_len == strlen(name) && memcmp(p, name, name_len) == 0) {
			ck_assert_ptr_null(found);
			found = value;
			*len = n;
		}
		p = value + n + 1;
	}
	return found;
}

static void check_field(const char *message, size_t size, const char *name, const char *expected)
{
	size_t len = 0;
	const char *value = field(message, size, name, &len);

	ck_assert_msg(value != NULL, "no %s", name);
	ck_assert_msg(len == strlen(expected) && memcmp(value, expected, len) == 0,
		      "%s is \"%.*s\"", name, (int)len, value);
}

START_TEST(journal_format__every_member__is_a_field)
{
	struct jvpn_audit audit = a_switch();
	char line[JVPN_EVENT_LINE_MAX], out[JVPN_SINK_MESSAGE_MAX];
	size_t len = encode(&audit, line),
	       size = jvpn_journal_format("jvpn-server", line, len, out);

	ck_assert_uint_gt(size, 0);
	check_field(out, size, "PRIORITY", "5");
	check_field(out, size, "SYSLOG_IDENTIFIER", "jvpn-server");
	check_field(out, size, "MESSAGE_ID",
		    jvpn_event_spec_get(JVPN_AUDIT_TRANSPORT_SWITCH)->message_id);
	check_field(out, size, "JVPN_EVENT_TYPE", "TransportSwitch");
	check_field(out, size, "JVPN_TS_MS", "1700000000123");
	check_field(out, size, "JVPN_SEQ", "42");
	check_field(out, size, "JVPN_SESSION_ID", "00000000000000000000000000000000");
	check_field(out, size, "JVPN_DETECT_MS", "12.25");
	check_field(out, size, "JVPN_EXPLICIT", "true");
	check_field(out, size, "JVPN_PEER", "[2001:db8::1]:40112");
	/* a newline from outside ends no field */
	check_field(out, size, "JVPN_DETAIL", "a \"b\" \\ c\nPRIORITY=0\x01\xef\xbf\xbd");
	line[len - 1] = '\0';
	check_field(out, size, "JVPN_JSON", line);
	check_field(out, size, "MESSAGE",
		    "TransportSwitch: path_change_observed, wlan0#1 -> wlan0#2, peer "
		    "[2001:db8::1]:40112, session 00000000000000000000000000000000, a \"b\" \\ "
		    "c\nPRIORITY=0\x01\xef\xbf\xbd");
}
END_TEST

START_TEST(journal_format__longest_line__fits)
{
	struct jvpn_audit audit = {.has = ~0U};
	char line[JVPN_EVENT_LINE_MAX], out[JVPN_SINK_MESSAGE_MAX];

	memset(audit.text, '\n', sizeof(audit.text) - 1);
	memset(audit.user, '\x02', sizeof(audit.user) - 1);
	memset(audit.peer, '\xff', sizeof(audit.peer) - 1);
	memset(audit.previous_transport, '\xff', sizeof(audit.previous_transport) - 1);
	memset(audit.transport, '\xff', sizeof(audit.transport) - 1);
	audit.reason = JVPN_REASON_PATH_CHANGE_OBSERVED;
	for (unsigned i = 1; i < JVPN_AUDIT_COUNT; i++) {
		size_t len, size;

		audit.type = (enum jvpn_audit_type)i;
		len = encode(&audit, line);
		size = jvpn_journal_format("jvpn-client", line, len, out);
		ck_assert_uint_gt(size, len);
		check_field(out, size, "JVPN_EVENT_TYPE", jvpn_audit_type_name(audit.type));
	}
}
END_TEST

START_TEST(message_ids__each_type__has_its_own)
{
	for (unsigned i = 1; i < JVPN_AUDIT_COUNT; i++) {
		const char *id = jvpn_event_spec_get((enum jvpn_audit_type)i)->message_id;

		ck_assert_uint_eq(strlen(id), 32);
		ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 32);
		for (unsigned k = 1; k < i; k++)
			ck_assert_str_ne(id,
					 jvpn_event_spec_get((enum jvpn_audit_type)k)->message_id);
	}
	/* They are a contract: the first one as it was in the first version. */
	ck_assert_str_eq(jvpn_event_spec_get(JVPN_AUDIT_TRANSPORT_SWITCH)->message_id,
			 "845075b5bc2b56a19c43815c8562ffb7");
}
END_TEST

START_TEST(syslog_format__header_of_rfc_5424__and_the_line)
{
	struct jvpn_audit audit = a_switch();
	char line[JVPN_EVENT_LINE_MAX], out[JVPN_SINK_MESSAGE_MAX], expected[8192];
	size_t len = encode(&audit, line), size;
	struct jvpn_syslog syslog;

	jvpn_syslog_init(&syslog, 16, "jvpn-server", "gate way\n1");
	size = jvpn_syslog_format(&syslog, line, len, out);
	snprintf(expected, sizeof(expected),
		 "<133>1 2023-11-14T22:13:20.123Z gateway1 jvpn-server 811 TransportSwitch - %.*s",
		 (int)len - 1, line);
	ck_assert_uint_eq(size, strlen(expected));
	ck_assert(memcmp(out, expected, size) == 0);
	jvpn_syslog_init(&syslog, 99, "jvpn-server", "");
	size = jvpn_syslog_format(&syslog, line, len, out);
	ck_assert(size > 34 && memcmp(out, "<29>1 2023-11-14T22:13:20.123Z - j", 34) == 0);
}
END_TEST

/* Whatever is cut off: nobody reads behind the end, nothing is made up. */
START_TEST(event_scan__cut_lines__stays_inside)
{
	struct jvpn_audit audit = a_switch();
	char line[JVPN_EVENT_LINE_MAX];
	size_t len = encode(&audit, line);

	for (size_t cut = 0; cut <= len; cut++) {
		char *copy = malloc(cut + 1);
		const char *at = copy;
		struct jvpn_event_item item;
		char out[JVPN_SINK_MESSAGE_MAX], value[JVPN_EVENT_LINE_MAX];

		memcpy(copy, line, cut);
		copy = realloc(copy, cut ? cut : 1);
		at = copy;
		while (jvpn_event_scan(&at, copy + cut, &item)) {
			ck_assert(item.value >= copy);
			ck_assert(item.value + item.value_len <= copy + cut);
			ck_assert_uint_le(jvpn_event_unescape(&item, value, sizeof(value)),
					  item.value_len);
		}
		ck_assert_uint_gt(jvpn_journal_format("x", copy, cut, out), 0);
		free(copy);
	}
}
END_TEST

START_TEST(event_unescape__cut_escape__ends_there)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {{"a\\u00", "a"},
		    {"a\\", "a\\"},
		    {"\\u0041b", "Ab"},
		    {"\\ufffd", "\xef\xbf\xbd"},
		    {"\\\"x", "\"x"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct jvpn_event_item item = {
			.value = rows[i].text, .value_len = strlen(rows[i].text), .is_text = true};
		char out[16];
		size_t len = jvpn_event_unescape(&item, out, sizeof(out));

		ck_assert_uint_eq(len, strlen(rows[i].expected));
		ck_assert(memcmp(out, rows[i].expected, len) == 0);
	}
}
END_TEST

UNIT_TESTS(outputs)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, outputs_two__one_is_full__the_other_gets_all_and_is_told);
	tcase_add_test(tc, outputs_two__reader_always_a_bit_slow__gaps_are_exact);
	tcase_add_test(tc, outputs_service__not_there_yet__lines_wait);
	tcase_add_test(tc, outputs_service__restarts__nothing_is_lost_or_twice);
	tcase_add_test(tc, outputs_service__new_descriptor__has_another_number);
	tcase_add_test(tc, outputs_open__not_a_datagram_socket__refused);
	tcase_add_test(tc, outputs_open__path_too_long__refused);
	tcase_add_test(tc, journal_format__every_member__is_a_field);
	tcase_add_test(tc, journal_format__longest_line__fits);
	tcase_add_test(tc, message_ids__each_type__has_its_own);
	tcase_add_test(tc, syslog_format__header_of_rfc_5424__and_the_line);
	tcase_add_test(tc, event_scan__cut_lines__stays_inside);
	tcase_add_test(tc, event_unescape__cut_escape__ends_there);
}
