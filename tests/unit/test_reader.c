/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of audit/reader: each file once, servers before clients, and what is no line.
 */
#include "audit/reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "trail_fixture.h"
#include "unit.h"

struct heard {
	unsigned servers, clients, damaged;
	bool client_first;
	char why[128];
};

static char folder[64], path[4][128];

static int on_event(void *user, const struct jvpn_trail_place *place,
		    const struct jvpn_trail_line *line)
{
	struct heard *h = user;

	(void)place;
	if (line->role == JVPN_ROLE_CLIENT) {
		h->client_first |= h->servers == 0;
		h->clients++;
	} else {
		h->servers++;
	}
	return 0;
}

static void on_damage(void *user, const struct jvpn_trail_place *place, const char *why)
{
	struct heard *h = user;

	(void)place;
	h->damaged++;
	snprintf(h->why, sizeof(h->why), "%s", why);
}

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/jvpn-reader.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (unsigned i = 0; i < 4; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%u", folder, i);
}

static void teardown(void)
{
	for (unsigned i = 0; i < 4; i++)
		(void)unlink(path[i]);
	(void)rmdir(folder);
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static int read_all(char **files, size_t count, struct heard *h, const char **failed)
{
	struct jvpn_trail_handler handler = {.user = h, .event = on_event, .damage = on_damage};

	memset(h, 0, sizeof(*h));
	return jvpn_trail_read(files, count, &handler, failed);
}

#define LINE(role)                                                                                 \
	"{\"ts_ms\":1,\"seq\":1,\"pid\":1,\"event_type\":\"NodeStarted\",\"node_id\":\"n\","       \
	"\"role\":\"" role "\",\"policy_version\":\"p\"}"

START_TEST(reader__clients_given_first__read_last)
{
	char *files[] = {trail_path("client.jsonl"), trail_path("server.jsonl")};
	const char *failed;
	struct heard h;

	ck_assert_int_eq(read_all(files, 2, &h, &failed), 0);
	ck_assert(!h.client_first);
	ck_assert_uint_eq(h.clients, 30);
	ck_assert_uint_eq(h.servers, 45);
}
END_TEST

START_TEST(reader__fifo__read_once)
{
	char *files[] = {path[0], path[1]};
	const char *failed;
	struct heard h;
	pid_t child;

	ck_assert_int_eq(mkfifo(path[0], 0600), 0);
	write_file(path[1], LINE("server") "\n");
	child = fork();
	if (child == 0) {
		FILE *f = fopen(path[0], "w");

		for (unsigned i = 0; f && i < 5000; i++)
			fputs(LINE("client") "\n", f);
		_exit(f && fclose(f) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(read_all(files, 2, &h, &failed), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_uint_eq(h.clients, 5000);
	ck_assert_uint_eq(h.servers, 1);
	ck_assert(!h.client_first);
}
END_TEST

START_TEST(reader__damage__told_and_skipped)
{
	char *files[] = {path[0]};
	const char *failed;
	struct heard h;
	FILE *f;

	write_file(path[0], "\n\n" LINE("server") "\nnonsense\n" LINE("server"));
	ck_assert_int_eq(read_all(files, 1, &h, &failed), 0);
	ck_assert_uint_eq(h.servers, 1);
	ck_assert_uint_eq(h.damaged, 4);
	ck_assert_str_eq(h.why, "the last line has no end: it was cut off, or is being written");
	f = fopen(path[0], "w"); /* a line without an end, longer than what is looked into */
	for (unsigned i = 0; i < 300000; i++)
		fputc('x', f);
	fputs("\n" LINE("client") "\n", f);
	fclose(f);
	ck_assert_int_eq(read_all(files, 1, &h, &failed), 0);
	ck_assert_uint_eq(h.damaged, 1);
	ck_assert_uint_eq(h.clients, 1);
}
END_TEST

START_TEST(reader__what_cannot_be_read__named)
{
	char *files[] = {path[0], path[1]}, *room[] = {folder};
	const char *failed;
	struct heard h;

	write_file(path[0], "");
	ck_assert_int_eq(read_all(files, 2, &h, &failed), JVPN_ENOTFOUND);
	ck_assert_str_eq(failed, path[1]);
	ck_assert_int_eq(read_all(room, 1, &h, &failed), JVPN_EIO);
	ck_assert_int_eq(read_all(files, 1, &h, &failed), 0);
}
END_TEST

UNIT_TESTS(reader)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reader__clients_given_first__read_last);
	tcase_add_test(tc, reader__fifo__read_once);
	tcase_add_test(tc, reader__damage__told_and_skipped);
	tcase_add_test(tc, reader__what_cannot_be_read__named);
}
