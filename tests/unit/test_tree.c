/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of config/file and config/tree: hostile files, refused YAML, limits.
 */
#include "config/tree.h"

#include "base/err.h"
#include "config_fixture.h"

static struct jvpn_tree tree;

static int parse_bytes(const void *data, size_t len)
{
	struct jvpn_config_file file;
	int rc;

	fixture_write_bytes("f.yaml", data, len, 0600);
	rc = jvpn_config_file_read(fixture_file, &file, fixture_report);
	if (!rc)
		rc = jvpn_tree_parse(fixture_file, &file, &tree, fixture_report);
	jvpn_config_file_clear(&file);
	return rc;
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void teardown(void)
{
	jvpn_tree_clear(&tree);
	fixture_teardown();
}

START_TEST(file__missing_directory_fifo__one_clear_line)
{
	struct jvpn_config_file file;
	char path[200];

	ck_assert_int_eq(jvpn_config_file_read(fixture_file, &file, fixture_report), JVPN_ECONFIG);
	ck_assert_int_eq(jvpn_config_file_read(fixture_dir, &file, fixture_report), JVPN_ECONFIG);
	snprintf(path, sizeof(path), "%s/fifo", fixture_dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(jvpn_config_file_read(path, &file, fixture_report), JVPN_ECONFIG);
	ck_assert_uint_eq(fixture_report->count, 3);
	ck_assert_ptr_nonnull(strstr(fixture_line(0), "No such file"));
	ck_assert_ptr_nonnull(strstr(fixture_line(1), "a directory"));
	ck_assert_ptr_nonnull(strstr(fixture_line(2), "a FIFO"));
	ck_assert_int_eq(fixture_report->exit_code, JVPN_EXIT_CONFIG);
}
END_TEST

START_TEST(file__larger_than_the_limit__refused)
{
	char *big = malloc(JVPN_CONFIG_FILE_MAX + 1);

	memset(big, '#', JVPN_CONFIG_FILE_MAX + 1);
	ck_assert_int_eq(parse_bytes(big, JVPN_CONFIG_FILE_MAX + 1), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml: expected at most 1 MiB, got more");
	ck_assert_int_eq(parse_bytes(big, JVPN_CONFIG_FILE_MAX), 0);
	free(big);
}
END_TEST

START_TEST(file__nul_or_not_utf8__named_with_place)
{
	ck_assert_int_eq(parse_bytes("a: 1\nb: \0x\n", 11), JVPN_ECONFIG);
	ck_assert_int_eq(parse("a: 1\nb: 2\nc: \xff\n"), JVPN_ECONFIG);
	ck_assert_int_eq(parse("a: \xc0\x80\n"), JVPN_ECONFIG);
	ck_assert_int_eq(parse("a: \xed\xa0\x80\n"), JVPN_ECONFIG);
	ck_assert_int_eq(parse_bytes("\xff\xfe"
				     "a\0",
				     4),
			 JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:2:4: expected UTF-8 text, got the byte 0x00",
		       "f.yaml:3:4: expected UTF-8 text, got the byte 0xff",
		       "f.yaml:1:4: expected UTF-8 text, got the byte 0xc0",
		       "f.yaml:1:4: expected UTF-8 text, got the byte 0xed",
		       "f.yaml:1:1: expected UTF-8, got UTF-16");
}
END_TEST

START_TEST(tree__bom_and_crlf__accepted)
{
	ck_assert_int_eq(parse("\xef\xbb\xbf"
			       "a: 1\r\nb: \"x\"\r\n"),
			 0);
	ck_assert(jvpn_report_is_clean(fixture_report));
	ck_assert_uint_eq(tree.count, 3);
	ck_assert_str_eq(tree.node[1].key, "a");
	ck_assert_str_eq(tree.node[1].text, "1");
	ck_assert_str_eq(tree.node[2].text, "x");
	ck_assert_uint_eq(tree.node[2].line, 2);
}
END_TEST

START_TEST(tree__empty_files__no_root)
{
	ck_assert_int_eq(parse(""), 0);
	ck_assert_uint_eq(tree.root, JVPN_TREE_NONE);
	ck_assert_int_eq(parse("# only a comment\n"), 0);
	ck_assert_uint_eq(tree.root, JVPN_TREE_NONE);
}
END_TEST

START_TEST(tree__duplicate_keys__each_named_with_first_line)
{
	ck_assert_int_eq(parse("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n"), 0);
	FIXTURE_EXPECT("f.yaml:4:3: c: duplicate key, first in line 3",
		       "f.yaml:5:1: a: duplicate key, first in line 1");
}
END_TEST

START_TEST(tree__anchors_aliases_tags_directives__refused_in_one_pass)
{
	ck_assert_int_eq(
		parse("%YAML 1.1\n---\na: &x 1\nb: *x\nc: !!str 2\nd: &y [1]\n? [k]\n: 1\n"), 0);
	FIXTURE_EXPECT("f.yaml:1:1: expected keys, got a % directive",
		       "f.yaml:3:4: expected a value, got an anchor",
		       "f.yaml:4:4: expected a value, got an alias",
		       "f.yaml:5:4: expected a value, got a tag",
		       "f.yaml:6:4: expected a value, got an anchor",
		       "f.yaml:7:3: expected a plain key, got a mapping or a list as key");
}
END_TEST

START_TEST(tree__second_document__refused)
{
	ck_assert_int_eq(parse("a: 1\n---\nb: 2\n"), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:2:1: expected one document, got a second one");
	ck_assert_uint_eq(tree.count, 0);
}
END_TEST

START_TEST(tree__syntax_errors__line_and_column)
{
	ck_assert_int_eq(parse("a: 1\nb: [1, 2\nc: 3\n"), JVPN_ECONFIG);
	ck_assert_int_eq(parse("a: 1\n\tb: 2\n"), JVPN_ECONFIG);
	ck_assert_int_eq(parse("a: 1\n} x\n"), JVPN_ECONFIG);
	ck_assert_uint_eq(fixture_report->count, 3);
	ck_assert_ptr_nonnull(strstr(fixture_line(0), "f.yaml:3:2: expected YAML"));
	ck_assert_ptr_nonnull(strstr(fixture_line(1), "f.yaml:2:1: expected YAML"));
	ck_assert_ptr_nonnull(strstr(fixture_line(1), "not tabs"));
	ck_assert_ptr_nonnull(strstr(fixture_line(2), "f.yaml:2:1: expected YAML"));
}
END_TEST

START_TEST(tree__depth_of_100000__refused_without_recursion)
{
	const size_t depth = 100000;
	char *deep = malloc(depth + 4);

	memcpy(deep, "a: ", 3);
	memset(deep + 3, '[', depth);
	deep[depth + 3] = '\0';
	ck_assert_int_eq(parse(deep), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:1:35: expected at most 32 nested levels, got more");
	memcpy(deep, "? [", 3);
	fixture_report->count = 0;
	ck_assert_int_eq(parse(deep), JVPN_ECONFIG);
	free(deep);
}
END_TEST

START_TEST(tree__too_many_entries__refused)
{
	char *many = malloc(8 * (JVPN_TREE_ENTRIES_MAX + 2));
	size_t len = 0;

	for (unsigned i = 0; i <= JVPN_TREE_ENTRIES_MAX; i++)
		len += (size_t)sprintf(many + len, "k%u: 1\n", i);
	ck_assert_int_eq(parse(many), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:1025:8: expected fewer entries");
	free(many);
}
END_TEST

START_TEST(tree__escaped_nul__refused)
{
	ck_assert_int_eq(parse("a: \"x\\0y\"\n"), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:1:4: expected text, got a NUL character");
}
END_TEST

START_TEST(secret_check__modes__only_the_owner_may_read)
{
	static const struct {
		mode_t mode;
		int rc;
	} modes[] = {{0600, 0},          {0400, 0},          {0700, 0},
		     {0640, JVPN_EPERM}, {0604, JVPN_EPERM}, {0644, JVPN_EPERM},
		     {0620, JVPN_EPERM}, {0601, JVPN_EPERM}};
	char why[4096] = "";

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		fixture_write_bytes("f.yaml", "x", 1, modes[i].mode);
		ck_assert_msg(jvpn_config_secret_check(fixture_file, why, sizeof(why)) ==
				      modes[i].rc,
			      "mode %o", modes[i].mode);
	}
	ck_assert_ptr_nonnull(strstr(why, "run chmod 600 "));
	ck_assert_int_eq(unlink(fixture_file), 0);
	ck_assert_int_eq(jvpn_config_secret_check(fixture_file, why, sizeof(why)), JVPN_EPERM);
	ck_assert_ptr_nonnull(strstr(why, "No such file"));
	ck_assert_int_eq(jvpn_config_secret_check(fixture_dir, why, sizeof(why)), JVPN_EPERM);
}
END_TEST

START_TEST(path_resolve__relative_absolute_long__as_documented)
{
	char out[JVPN_CONFIG_PATH_MAX], big[JVPN_CONFIG_PATH_MAX + 8];

	ck_assert_int_eq(jvpn_config_path_resolve("/etc/jvpn/server.yaml", "server.key", out), 0);
	ck_assert_str_eq(out, "/etc/jvpn/server.key");
	ck_assert_int_eq(jvpn_config_path_resolve("/etc/jvpn/server.yaml", "/x/y", out), 0);
	ck_assert_str_eq(out, "/x/y");
	ck_assert_int_eq(jvpn_config_path_resolve("server.yaml", "server.key", out), 0);
	ck_assert_str_eq(out, "server.key");
	ck_assert_int_eq(jvpn_config_path_resolve(NULL, "a/b", out), 0);
	ck_assert_str_eq(out, "a/b");
	memset(big, 'x', sizeof(big));
	big[JVPN_CONFIG_PATH_MAX] = '\0';
	ck_assert_int_eq(jvpn_config_path_resolve(NULL, big, out), JVPN_ENOSPACE);
	big[JVPN_CONFIG_PATH_MAX - 1] = '\0';
	ck_assert_int_eq(jvpn_config_path_resolve(NULL, big, out), 0);
	ck_assert_int_eq(jvpn_config_path_resolve("d/f", big, out), JVPN_ENOSPACE);
}
END_TEST

START_TEST(report__many_errors__counted_and_bounded)
{
	char *out = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&out, &size);

	for (unsigned i = 0; i < JVPN_REPORT_LINES_MAX + 5; i++)
		jvpn_report_add(fixture_report, JVPN_EXIT_PERMISSION, "f", 1, i + 1, "bad\x1b[2J%u",
				i);
	ck_assert_int_eq(fixture_report->exit_code, JVPN_EXIT_PERMISSION);
	jvpn_report_add(fixture_report, JVPN_EXIT_CONFIG, "f", 0, 0, "worse");
	ck_assert_int_eq(fixture_report->exit_code, JVPN_EXIT_CONFIG);
	jvpn_report_add(fixture_report, JVPN_EXIT_PERMISSION, "f", 0, 0, "not worse");
	ck_assert_int_eq(fixture_report->exit_code, JVPN_EXIT_CONFIG);
	ck_assert_str_eq(fixture_report->line[0].text, "f:1:1: bad?[2J0");
	jvpn_report_print(fixture_report, "p", stream);
	fclose(stream);
	ck_assert_ptr_nonnull(strstr(out, "p: 7 more errors\n"));
	free(out);
}
END_TEST

UNIT_TESTS(tree)
{
	tcase_add_checked_fixture(tc, fixture_setup, teardown);
	tcase_add_test(tc, file__missing_directory_fifo__one_clear_line);
	tcase_add_test(tc, file__larger_than_the_limit__refused);
	tcase_add_test(tc, file__nul_or_not_utf8__named_with_place);
	tcase_add_test(tc, tree__bom_and_crlf__accepted);
	tcase_add_test(tc, tree__empty_files__no_root);
	tcase_add_test(tc, tree__duplicate_keys__each_named_with_first_line);
	tcase_add_test(tc, tree__anchors_aliases_tags_directives__refused_in_one_pass);
	tcase_add_test(tc, tree__second_document__refused);
	tcase_add_test(tc, tree__syntax_errors__line_and_column);
	tcase_add_test(tc, tree__depth_of_100000__refused_without_recursion);
	tcase_add_test(tc, tree__too_many_entries__refused);
	tcase_add_test(tc, tree__escaped_nul__refused);
	tcase_add_test(tc, secret_check__modes__only_the_owner_may_read);
	tcase_add_test(tc, path_resolve__relative_absolute_long__as_documented);
	tcase_add_test(tc, report__many_errors__counted_and_bounded);
}
