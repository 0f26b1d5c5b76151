/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of server/auth.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/hash.h"
#include "server/auth.h"
#include "unit.h"

#define NOW   1795255200ULL /* 2026-11-21T10:00:00Z */
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static char path[64];
static struct jvpn_report *report;
static struct jvpn_auth *auth;

static void setup(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/jvpn-test-auth-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	report = jvpn_report_new();
	ck_assert_ptr_nonnull(report);
	auth = NULL;
}

static void teardown(void)
{
	unlink(path);
	jvpn_report_free(report);
	jvpn_auth_free(auth);
}

static void write_text(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

/* "name:sha256(token):expiry\n" appended. */
static void add_token(const char *name, const char *token, const char *expiry)
{
	char hash[JVPN_SHA256_HEX_LEN + 1];
	FILE *file = fopen(path, "a");

	ck_assert_int_eq(jvpn_token_hash(token, strlen(token), hash), 0);
	ck_assert_ptr_nonnull(file);
	fprintf(file, "%s:%s:%s\n", name, hash, expiry);
	ck_assert_int_eq(fclose(file), 0);
}

static void load(void)
{
	ck_assert_int_eq(jvpn_auth_load(path, &auth, report), 0);
	ck_assert(jvpn_report_is_clean(report));
}

static enum jvpn_reason check(const char *authorization, struct jvpn_auth_identity *out)
{
	return jvpn_auth_check(auth, authorization, NOW, out);
}

START_TEST(check__known_token__name_and_hash)
{
	struct jvpn_auth_identity a, b;

	add_token("alice", "token-a", "-");
	add_token("bob.b", "token-b", "0");
	add_token("carol", "token-c", "2026-11-22");
	add_token("dave", "token-d", "1795255201");
	load();
	ck_assert_uint_eq(jvpn_auth_count(auth), 4);
	ck_assert(jvpn_auth_has_name(auth, "bob.b") && !jvpn_auth_has_name(auth, "bob"));
	ck_assert_int_eq(check("Bearer token-a", &a), JVPN_REASON_NONE);
	ck_assert_str_eq(a.name, "alice");
	ck_assert_int_eq(check("bearer  token-b", &b), JVPN_REASON_NONE);
	ck_assert_str_eq(b.name, "bob.b");
	ck_assert_uint_ne(a.user_hash, b.user_hash);
	ck_assert_uint_ne(a.user_hash, 0);
	ck_assert_int_eq(check("Bearer token-c", &b), JVPN_REASON_NONE);
	ck_assert_int_eq(check("Bearer token-d", &b), JVPN_REASON_NONE);
}
END_TEST

START_TEST(check__new_token_of_the_same_name__same_user)
{
	struct jvpn_auth_identity before, after;

	add_token("alice", "one", "-");
	load();
	ck_assert_int_eq(check("Bearer one", &before), JVPN_REASON_NONE);
	jvpn_auth_free(auth);
	write_text("", 0);
	add_token("alice", "two", "-");
	load();
	ck_assert_int_eq(check("Bearer two", &after), JVPN_REASON_NONE);
	ck_assert_int_eq(check("Bearer one", &before), JVPN_REASON_TOKEN_UNKNOWN);
	jvpn_auth_check(auth, "Bearer two", NOW, &before);
	ck_assert_uint_eq(before.user_hash, after.user_hash);
}
END_TEST

START_TEST(check__missing_unknown_expired__each_its_reason)
{
	static const struct {
		const char *authorization;
		enum jvpn_reason reason;
	} cases[] = {
		{"", JVPN_REASON_TOKEN_MISSING},
		{"Bearer", JVPN_REASON_TOKEN_MISSING},
		{"Bearer ", JVPN_REASON_TOKEN_MISSING},
		{"Basic dG9rZW4tYQ==", JVPN_REASON_TOKEN_MISSING},
		{"token-a", JVPN_REASON_TOKEN_MISSING},
		{"Bearer token-", JVPN_REASON_TOKEN_UNKNOWN},
		{"Bearer token-aa", JVPN_REASON_TOKEN_UNKNOWN},
		{"Bearer token-a ", JVPN_REASON_TOKEN_UNKNOWN},
		{"Bearer TOKEN-A", JVPN_REASON_TOKEN_UNKNOWN},
		{"Bearer old", JVPN_REASON_TOKEN_EXPIRED},
		{"Bearer now", JVPN_REASON_TOKEN_EXPIRED},
	};

	add_token("alice", "token-a", "-");
	add_token("old", "old", "2026-11-21");
	add_token("now", "now", "1795255200");
	load();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jvpn_auth_identity out = {.name = "left over", .user_hash = 9};

		ck_assert_int_eq(check(cases[i].authorization, &out), cases[i].reason);
		ck_assert_str_eq(out.name, "");
		ck_assert_uint_eq(out.user_hash, 0);
	}
}
END_TEST

START_TEST(check__hash_instead_of_token__unknown)
{
	char field[16 + JVPN_SHA256_HEX_LEN], hash[JVPN_SHA256_HEX_LEN + 1];
	struct jvpn_auth_identity out;

	add_token("alice", "token-a", "-");
	load();
	jvpn_token_hash("token-a", 7, hash);
	snprintf(field, sizeof(field), "Bearer %s", hash);
	ck_assert_int_eq(check(field, &out), JVPN_REASON_TOKEN_UNKNOWN);
}
END_TEST

START_TEST(load__comments_and_blank_lines__nobody)
{
	struct jvpn_auth_identity out;

	write_text("# tokens\n\n# end", 15);
	load();
	ck_assert_uint_eq(jvpn_auth_count(auth), 0);
	ck_assert_int_eq(check("Bearer x", &out), JVPN_REASON_TOKEN_UNKNOWN);
}
END_TEST

START_TEST(load__many_tokens__every_one_found)
{
	struct jvpn_auth_identity out;
	char name[32], field[48];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "client-%d", i);
		add_token(name, name, "-");
	}
	load();
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "client-%d", i);
		snprintf(field, sizeof(field), "Bearer client-%d", i);
		ck_assert_int_eq(check(field, &out), JVPN_REASON_NONE);
		ck_assert_str_eq(out.name, name);
	}
}
END_TEST

static void expect_error(const char *text, unsigned line, unsigned column, const char *words)
{
	bool found = false;

	write_text(text, strlen(text));
	ck_assert_int_eq(jvpn_auth_load(path, &auth, report), JVPN_ECONFIG);
	ck_assert_ptr_null(auth);
	for (size_t i = 0; i < report->count; i++)
		found = found ||
			(report->line[i].line == line && report->line[i].column == column &&
			 strstr(report->line[i].text, words) != NULL);
	ck_assert_msg(found, "no error at %u:%u with \"%s\" for: %s", line, column, words, text);
	ck_assert_int_eq(report->exit_code, JVPN_EXIT_CONFIG);
	jvpn_report_free(report);
	report = jvpn_report_new();
}

START_TEST(load__bad_lines__refused_with_their_place)
{
	expect_error("alice\n", 1, 1, "name:sha256:expiry");
	expect_error("\nalice:" ZEROS "\n", 2, 7, "name:sha256:expiry");
	expect_error(":" ZEROS ":-\n", 1, 1, "a name");
	expect_error("al ice:" ZEROS ":-\n", 1, 1, "a name");
	expect_error("a:00:-\n", 1, 3, "64 lower-case hex");
	expect_error("a:" ZEROS "0:-\n", 1, 3, "64 lower-case hex");
	expect_error("a:A" ZEROS ":-\n", 1, 3, "64 lower-case hex");
	expect_error("a:" ZEROS ":\n", 1, 68, "an expiry");
	expect_error("a:" ZEROS ":soon\n", 1, 68, "an expiry");
	expect_error("a:" ZEROS ":2027-02-30\n", 1, 68, "an expiry");
	expect_error("a:" ZEROS ":-5\n", 1, 68, "an expiry");
	expect_error("a:" ZEROS ":- \n", 1, 68, "an expiry");
	expect_error("a:" ZEROS ":-\r\n", 1, 68, "an expiry");
	expect_error("a:" ZEROS ":999999999999\n", 1, 68, "an expiry");
	expect_error("a:" ZEROS ":-\nb:" ZEROS ":-\n", 2, 1, "each token once");
}
END_TEST

START_TEST(load__several_errors__all_in_one_pass)
{
	static const char text[] = "a\nb:1:-\nc:" ZEROS ":x\n";

	write_text(text, strlen(text));
	ck_assert_int_eq(jvpn_auth_load(path, &auth, report), JVPN_ECONFIG);
	ck_assert_uint_eq(report->count, 3);
}
END_TEST

START_TEST(load__name_twice__refused_with_both_lines)
{
	add_token("alice", "one", "-");
	add_token("bob", "two", "-");
	add_token("alice", "three", "-");
	ck_assert_int_eq(jvpn_auth_load(path, &auth, report), JVPN_ECONFIG);
	ck_assert_uint_eq(report->line[0].line, 3);
	ck_assert_ptr_nonnull(strstr(report->line[0].text, "in line 1"));
}
END_TEST

START_TEST(load__exposed_file__refused)
{
	static const mode_t modes[] = {0604, 0602, 0620, 0644};

	add_token("alice", "one", "-");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(path, modes[i]), 0);
		ck_assert_int_eq(jvpn_auth_load(path, &auth, report), JVPN_EPERM);
		ck_assert_int_eq(report->exit_code, JVPN_EXIT_PERMISSION);
	}
	ck_assert_ptr_nonnull(strstr(report->line[0].text, "chmod 600"));
	jvpn_report_free(report);
	report = jvpn_report_new();
	ck_assert_int_eq(chmod(path, 0640), 0);
	load();
}
END_TEST

START_TEST(load__missing_or_no_file__refused)
{
	ck_assert_int_eq(jvpn_auth_load("/nonexistent/tokens", &auth, report), JVPN_ECONFIG);
	ck_assert_int_eq(jvpn_auth_load("/tmp", &auth, report), JVPN_ECONFIG);
	ck_assert_uint_eq(report->count, 2);
}
END_TEST

UNIT_TESTS(auth)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, check__known_token__name_and_hash);
	tcase_add_test(tc, check__new_token_of_the_same_name__same_user);
	tcase_add_test(tc, check__missing_unknown_expired__each_its_reason);
	tcase_add_test(tc, check__hash_instead_of_token__unknown);
	tcase_add_test(tc, load__comments_and_blank_lines__nobody);
	tcase_add_test(tc, load__many_tokens__every_one_found);
	tcase_add_test(tc, load__bad_lines__refused_with_their_place);
	tcase_add_test(tc, load__several_errors__all_in_one_pass);
	tcase_add_test(tc, load__name_twice__refused_with_both_lines);
	tcase_add_test(tc, load__exposed_file__refused);
	tcase_add_test(tc, load__missing_or_no_file__refused);
}
