/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of config/cli: options, subcommands, mistakes, help.
 */
#include "config/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "unit.h"

static const struct jvpn_cli_option main_options[] = {
	{'c', "config", "FILE", "the file"},
	{'v', "verbose", NULL, "more"},
	{300, "policy", "FILE", "policy"},
};
static const struct jvpn_cli_option sub_options[] = {{'f', "force", NULL, "replace"}};
static const struct jvpn_cli_command commands[] = {
	{NULL, 1, NULL, NULL, main_options, 3},
	{"init", 2, "[DIR]", "makes it", sub_options, 1},
	{"add", 3, "NAME", "adds it", sub_options, 1},
	{"rule show", 4, NULL, "shows it", sub_options, 1},
	{"rule check", 5, "FILE...", "checks them", sub_options, 1},
};
static char seen[256];

static int record(void *user, int letter, const char *value, char *error, size_t error_size)
{
	size_t len = strlen(seen);

	(void)user;
	if (value && strcmp(value, "bad") == 0) {
		snprintf(error, error_size, "bad value");
		return JVPN_EINVAL;
	}
	snprintf(seen + len, sizeof(seen) - len, "%d=%s;", letter, value ? value : "");
	return 0;
}

static const struct jvpn_cli cli = {"prog", "does it", commands, 5, "footer\n", record};

static int parse(struct jvpn_cli_result *result, const char *line)
{
	static char copy[256];
	static char *argv[16];
	int argc = 0;

	seen[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return jvpn_cli_parse(&cli, argc, argv, NULL, result);
}

START_TEST(cli__options__both_forms)
{
	struct jvpn_cli_result result;

	ck_assert_int_eq(parse(&result, "prog -c x --verbose --policy=p -vv"), 0);
	ck_assert_str_eq(seen, "99=x;118=;300=p;118=;118=;");
	ck_assert_int_eq(result.command->id, 1);
}
END_TEST

START_TEST(cli__subcommand__options_on_both_sides)
{
	struct jvpn_cli_result result;

	ck_assert_int_eq(parse(&result, "prog -v init -f dir"), 0);
	ck_assert_int_eq(result.command->id, 2);
	ck_assert_str_eq(result.operand, "dir");
	ck_assert_str_eq(seen, "118=;102=;");
	ck_assert_int_eq(parse(&result, "prog init dir --force"), 0);
	ck_assert_str_eq(result.operand, "dir");
	ck_assert_str_eq(seen, "102=;");
	ck_assert_int_eq(parse(&result, "prog init"), 0);
	ck_assert_ptr_null(result.operand);
}
END_TEST

START_TEST(cli__two_words__one_command)
{
	struct jvpn_cli_result result;

	ck_assert_int_eq(parse(&result, "prog rule show -f"), 0);
	ck_assert_int_eq(result.command->id, 4);
	ck_assert_str_eq(seen, "102=;");
}
END_TEST

START_TEST(cli__several_operands__all_of_them_in_order)
{
	struct jvpn_cli_result result;

	ck_assert_int_eq(parse(&result, "prog rule check -f a b -f c"), 0);
	ck_assert_int_eq(result.command->id, 5);
	ck_assert_uint_eq(result.operand_count, 3);
	ck_assert_str_eq(result.operand, "a");
	ck_assert_str_eq(result.operands[0], "a");
	ck_assert_str_eq(result.operands[1], "b");
	ck_assert_str_eq(result.operands[2], "c");
	ck_assert_str_eq(seen, "102=;102=;");
}
END_TEST

START_TEST(cli__mistakes__one_sentence)
{
	static const struct {
		const char *line;
		const char *text;
	} bad[] = {
		{"prog --nothing", "unknown option --nothing"},
		{"prog -x", "unknown option -x"},
		{"prog -c", "an argument is missing behind"},
		{"prog --policy", "an argument is missing behind"},
		{"prog what", "unexpected argument what"},
		{"prog init a b", "unexpected argument b"},
		{"prog rule", "rule show or rule check was expected"},
		{"prog rule add", "rule show or rule check was expected"},
		{"prog rule show x", "unexpected argument x"},
		{"prog rule check", "missing FILE..."},
		{"prog add", "missing NAME"},
		{"prog init -c x", "unknown option -c"},
		{"prog -c bad", "bad value"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct jvpn_cli_result result;

		ck_assert_int_eq(parse(&result, bad[i].line), JVPN_EINVAL);
		ck_assert_msg(strstr(result.error, bad[i].text) != NULL, "%s: %s", bad[i].line,
			      result.error);
	}
}
END_TEST

START_TEST(cli__help__lists_every_option_and_command)
{
	char *out = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&out, &size);

	jvpn_cli_help(&cli, &commands[0], stream);
	fclose(stream);
	ck_assert_ptr_nonnull(strstr(out, "Usage: prog [OPTION]...\ndoes it\n"));
	ck_assert_ptr_nonnull(strstr(out, "-c, --config FILE"));
	ck_assert_ptr_nonnull(strstr(out, "    --policy FILE"));
	ck_assert_ptr_nonnull(strstr(out, "  init [DIR]"));
	ck_assert_ptr_nonnull(strstr(out, "footer"));
	free(out);
}
END_TEST

UNIT_TESTS(cli)
{
	tcase_add_test(tc, cli__options__both_forms);
	tcase_add_test(tc, cli__subcommand__options_on_both_sides);
	tcase_add_test(tc, cli__two_words__one_command);
	tcase_add_test(tc, cli__several_operands__all_of_them_in_order);
	tcase_add_test(tc, cli__mistakes__one_sentence);
	tcase_add_test(tc, cli__help__lists_every_option_and_command);
}
