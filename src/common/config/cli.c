/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * getopt_long from tables. Prints only what it is asked to print.
 */
#include "config/cli.h"

#include <getopt.h>
#include <string.h>

#include "base/err.h"

#define OPTIONS_MAX 32
#define HELP_COLUMN 30

struct getopt_tables {
	char letters[3 * OPTIONS_MAX + 3];
	struct option names[OPTIONS_MAX + 1];
};

static void fill_tables(const struct jvpn_cli_command *command, struct getopt_tables *t)
{
	size_t n = 0;

	memset(t, 0, sizeof(*t));
	/* '+': stop at the first operand; ':': say which of the two errors it is. */
	t->letters[n++] = '+';
	t->letters[n++] = ':';
	for (size_t i = 0; i < command->option_count && i < OPTIONS_MAX; i++) {
		const struct jvpn_cli_option *o = &command->options[i];

		t->names[i].name = o->name;
		t->names[i].has_arg = o->arg ? required_argument : no_argument;
		t->names[i].val = o->letter;
		if (o->letter > 255)
			continue;
		t->letters[n++] = (char)o->letter;
		if (o->arg)
			t->letters[n++] = ':';
	}
}

static const struct jvpn_cli_command *find_command(const struct jvpn_cli *cli, const char *name)
{
	for (size_t i = 1; i < cli->command_count; i++)
		if (strcmp(cli->commands[i].name, name) == 0)
			return &cli->commands[i];
	return NULL;
}

static int run_options(const struct jvpn_cli_command *command, int argc, char **argv,
		       jvpn_cli_fn fn, void *user, char *error, size_t error_size)
{
	struct getopt_tables tables;
	int letter, rc = 0;

	fill_tables(command, &tables);
	opterr = 0;
	optind = 0; /* glibc: start over, also when called twice in one process */
	while (!rc) {
		const char *text;

		letter = getopt_long(argc, argv, tables.letters, tables.names, NULL);
		if (letter == -1)
			break;
		text = optind > 0 && optind <= argc ? argv[optind - 1] : "";

		if (letter == '?' || letter == ':') {
			snprintf(error, error_size,
				 letter == ':' ? "option %.100s needs an argument; see --help"
					       : "unknown option %.100s; see --help",
				 text);
			return JVPN_EINVAL;
		}
		rc = fn(user, letter, optarg, error, error_size);
	}
	return rc;
}

/* Takes the one operand the command may have; nothing may follow it. */
static int take_operand(const struct jvpn_cli_command *command, int argc, char **argv,
			struct jvpn_cli_result *result, char *error, size_t error_size)
{
	const char *wanted = command->operand;

	result->operand = NULL;
	if (optind < argc && wanted)
		result->operand = argv[optind++];
	if (wanted && wanted[0] != '[' && !result->operand) {
		snprintf(error, error_size, "%s needs %s; see --help", command->name, wanted);
		return JVPN_EINVAL;
	}
	if (optind < argc) {
		snprintf(error, error_size, "unexpected argument \"%.100s\"; see --help",
			 argv[optind]);
		return JVPN_EINVAL;
	}
	return 0;
}

int jvpn_cli_parse(const struct jvpn_cli *cli, int argc, char **argv, jvpn_cli_fn fn, void *user,
		   struct jvpn_cli_result *result, char *error, size_t error_size)
{
	const struct jvpn_cli_command *command = &cli->commands[0];
	int rc;

	result->command = command;
	rc = run_options(command, argc, argv, fn, user, error, error_size);
	if (rc)
		return rc;
	if (optind >= argc)
		return take_operand(command, argc, argv, result, error, error_size);
	command = find_command(cli, argv[optind]);
	if (!command)
		return take_operand(&cli->commands[0], argc, argv, result, error, error_size);
	result->command = command;
	argc -= optind;
	argv += optind;
	/* Options may stand on both sides of the operand: "init DIR --force". */
	rc = run_options(command, argc, argv, fn, user, error, error_size);
	if (rc)
		return rc;
	if (command->operand && optind < argc) {
		result->operand = argv[optind];
		argc -= optind;
		argv += optind;
		rc = run_options(command, argc, argv, fn, user, error, error_size);
		if (!rc && optind < argc) {
			snprintf(error, error_size, "unexpected argument \"%.100s\"; see --help",
				 argv[optind]);
			rc = JVPN_EINVAL;
		}
		return rc;
	}
	return take_operand(command, argc, argv, result, error, error_size);
}

static void print_option(const struct jvpn_cli_option *o, FILE *stream)
{
	char left[80];
	int len;

	if (o->letter > 255)
		len = snprintf(left, sizeof(left), "      --%s", o->name);
	else
		len = snprintf(left, sizeof(left), "  -%c, --%s", o->letter, o->name);
	if (o->arg)
		snprintf(left + len, sizeof(left) - (size_t)len, " %s", o->arg);
	fprintf(stream, "%-*s %s\n", HELP_COLUMN, left, o->help);
}

void jvpn_cli_help(const struct jvpn_cli *cli, const struct jvpn_cli_command *command,
		   FILE *stream)
{
	bool whole = command == &cli->commands[0];

	fprintf(stream, "Usage: %s%s%s [OPTION]...%s%s\n%s\n\n", cli->program, whole ? "" : " ",
		whole ? "" : command->name, command->operand ? " " : "",
		command->operand ? command->operand : "", whole ? cli->purpose : command->help);
	for (size_t i = 0; i < command->option_count; i++)
		print_option(&command->options[i], stream);
	if (whole && cli->command_count > 1) {
		fputs("\nCommands (each has its own --help):\n", stream);
		for (size_t i = 1; i < cli->command_count; i++) {
			char left[80];

			snprintf(left, sizeof(left), "  %s %s", cli->commands[i].name,
				 cli->commands[i].operand ? cli->commands[i].operand : "");
			fprintf(stream, "%-*s %s\n", HELP_COLUMN, left, cli->commands[i].help);
		}
	}
	if (whole && cli->footer)
		fprintf(stream, "\n%s", cli->footer);
}
