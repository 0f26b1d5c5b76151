/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of server/audit: an entry that is no event line costs itself, and the exit code.
 */
#include "server/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/exit.h"
#include "store_fixture.h"
#include "unit.h"

#ifdef JVPN_STORE_SQLITE /* the only store that is a file */

static struct store_fixture f;

static void setup(void)
{
	fixture_init(&f, JVPN_STORE_BACKEND_SQLITE);
	ck_assert_int_eq(fixture_open(&f), 0);
}

static void teardown(void)
{
	fixture_clear(&f);
}

static void say(const char *text)
{
	struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_AUDIT, 1, 0, 0);
	struct jvpn_store_line line = {.data = text, .len = strlen(text)};

	op.line = &line;
	op.line_count = 1;
	ck_assert_int_eq(fixture_do(&f, &op)->status, JVPN_STORE_OK);
}

static int export(char *out, size_t size)
{
	FILE *stream = tmpfile();
	int code;
	size_t n;

	ck_assert_ptr_nonnull(stream);
	code = jvpn_server_audit_export(f.path, stream);
	rewind(stream);
	n = fread(out, 1, size - 1, stream);
	out[n] = '\0';
	fclose(stream);
	return code;
}

START_TEST(audit_export__good_entries__all_of_them)
{
	char out[1024];

	say("{\"seq\":0,\"pid\":7,\"x\":1}");
	say("{\"seq\":0,\"pid\":7,\"x\":2}");
	ck_assert_int_eq(export(out, sizeof(out)), JVPN_EXIT_OK);
	ck_assert_str_eq(out, "{\"seq\":1,\"pid\":7,\"x\":1}\n{\"seq\":2,\"pid\":7,\"x\":2}\n");
}
END_TEST

START_TEST(audit_export__damaged_entries__left_out_and_the_exit_code_tells)
{
	char out[1024];

	say("{\"seq\":0,\"pid\":7,\"x\":1}");
	say("no event line");
	say("{\"seq\":0,\"pid\":7,\"x\":");
	say("{\"seq\":0,\"pid\":7,\"x\":2}");
	ck_assert_int_eq(export(out, sizeof(out)), JVPN_EXIT_ENVIRONMENT);
	ck_assert_str_eq(out, "{\"seq\":1,\"pid\":7,\"x\":1}\n{\"seq\":2,\"pid\":7,\"x\":2}\n");
}
END_TEST

UNIT_TESTS(audit)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, audit_export__good_entries__all_of_them);
	tcase_add_test(tc, audit_export__damaged_entries__left_out_and_the_exit_code_tells);
}
#endif
