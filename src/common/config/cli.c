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

/* What is left to parse. */
struct words {
	const struct jvpn_cli *cli;
	int argc;
	char **argv;
	void *user;
	struct jvpn_cli_result *result;
};

static int complain(struct words *w, const char *before, const char *what)
{
	snprintf(w->result->error, sizeof(w->result->error), "%s%.100s; see --help", before, what);
	return JVPN_EINVAL;
}

/* Takes options up to the first other word and steps over them; argv[0] is always a name. */
static int take_options(struct words *w)
{
	struct getopt_tables tables;
	int rc = 0;

	fill_tables(w->result->command, &tables);
	opterr = 0;
	optind = 0; /* glibc: start over, also when called twice in one process */
	while (!rc) {
		int letter = getopt_long(w->argc, w->argv, tables.letters, tables.names, NULL);

		if (letter == -1)
			break;
		if (letter == ':')
			return complain(w, "an argument is missing behind ", w->argv[optind - 1]);
		if (letter == '?')
			return complain(w, "unknown option ", w->argv[optind - 1]);
		rc = w->cli->take(w->user, letter, optarg, w->result->error,
				  sizeof(w->result->error));
	}
	w->argc -= optind - 1;
	w->argv += optind - 1;
	return rc;
}

static bool has_word(const struct words *w)
{
	return w->argc > 1;
}

/* Makes the next word the new argv[0]. */
static const char *take_word(struct words *w)
{
	w->argc--;
	w->argv++;
	return w->argv[0];
}

/* How many of the next words the name of the command is; 0: it is another one. */
static int match_name(const struct words *w, const char *name)
{
	const char *blank = strchr(name, ' ');
	size_t first = blank ? (size_t)(blank - name) : strlen(name);

	if (strncmp(w->argv[1], name, first) != 0 || w->argv[1][first])
		return 0;
	if (!blank)
		return 1;
	return w->argc > 2 && strcmp(w->argv[2], blank + 1) == 0 ? 2 : 0;
}

/* The command whose name stands next; takes the name. */
static const struct jvpn_cli_command *find_command(struct words *w)
{
	for (size_t i = 1; i < w->cli->command_count; i++) {
		int n = match_name(w, w->cli->commands[i].name);

		for (int k = 0; k < n; k++)
			take_word(w);
		if (n)
			return &w->cli->commands[i];
	}
	return NULL;
}

/* The first word is known and the second is missing or wrong: names what could stand there. */
static int complain_second(struct words *w)
{
	const char *first = w->argv[1];
	size_t len = strlen(first), at = 0;
	char *error = w->result->error;

	for (size_t i = 1; i < w->cli->command_count; i++) {
		const char *name = w->cli->commands[i].name;

		if (strncmp(name, first, len) != 0 || name[len] != ' ' ||
		    at >= sizeof(w->result->error))
			continue;
		at += (size_t)snprintf(error + at, sizeof(w->result->error) - at,
				       at ? " or %s" : "%s", name);
	}
	if (!at)
		return complain(w, "unexpected argument ", first);
	if (at < sizeof(w->result->error))
		snprintf(error + at, sizeof(w->result->error) - at, " was expected; see --help");
	return JVPN_EINVAL;
}

static bool takes_more(const struct words *w)
{
	const char *operand = w->result->command->operand;
	size_t len = operand ? strlen(operand) : 0;

	if (!operand || !has_word(w))
		return false;
	return !w->result->operand_count || (len > 3 && strcmp(operand + len - 3, "...") == 0);
}

/* Options and operands of a subcommand whose name was taken. */
static int take_command(struct words *w)
{
	const struct jvpn_cli_command *command = w->result->command;
	int rc = take_options(w);

	/* Words that were taken leave room in front: operands move together there. */
	w->result->operands = w->argv;
	while (!rc && takes_more(w)) {
		const char *word = take_word(w);

		w->result->operands[w->result->operand_count++] = w->argv[0];
		if (!w->result->operand)
			w->result->operand = word;
		rc = take_options(w);
	}
	if (rc)
		return rc;
	if (command->operand && command->operand[0] != '[' && !w->result->operand)
		return complain(w, "missing ", command->operand);
	return has_word(w) ? complain(w, "unexpected argument ", w->argv[1]) : 0;
}

int jvpn_cli_parse(const struct jvpn_cli *cli, int argc, char **argv, void *user,
		   struct jvpn_cli_result *result)
{
	struct words w = {.cli = cli, .argc = argc, .argv = argv, .user = user, .result = result};
	const struct jvpn_cli_command *command;
	int rc;

	*result = (struct jvpn_cli_result){.command = &cli->commands[0]};
	rc = take_options(&w);
	if (rc || !has_word(&w))
		return rc;
	command = find_command(&w);
	if (!command)
		return complain_second(&w);
	result->command = command;
	return take_command(&w);
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

void jvpn_cli_help(const struct jvpn_cli *cli, const struct jvpn_cli_command *command, FILE *stream)
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
