/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Command lines by table: one array yields getopt_long, the --help text and shell completion.
 */
#ifndef JVPN_CONFIG_CLI_H
#define JVPN_CONFIG_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct jvpn_cli_option {
	int letter;       /* short form, or a number above 255 for none */
	const char *name; /* long form */
	const char *arg;  /* name of the argument for --help; NULL: takes none */
	const char *help;
};

struct jvpn_cli_command {
	const char *name; /* one word or two; NULL: the program without a subcommand */
	int id;
	/* "DIR"; NULL: none. In brackets: may be missing. With "..." at its end: one or more */
	const char *operand;
	const char *help;
	const struct jvpn_cli_option *options;
	size_t option_count;
};

/* Called for every option, in order; value is NULL for options without argument. Returns 0, or a
 * negative JVPN_E* after it has put a sentence into error. */
typedef int (*jvpn_cli_fn)(void *user, int letter, const char *value, char *error,
			   size_t error_size);

struct jvpn_cli {
	const char *program;
	const char *purpose;
	const struct jvpn_cli_command *commands; /* the first one has no name */
	size_t command_count;
	const char *footer; /* environment, exit status; may be NULL */
	jvpn_cli_fn take;
};

#define JVPN_CLI_ERROR_MAX 512

struct jvpn_cli_result {
	const struct jvpn_cli_command *command;
	const char *operand; /* the first; points into argv; NULL when there is none */
	char **operands;     /* all of them; points into argv, which is reordered */
	size_t operand_count;
	char error[JVPN_CLI_ERROR_MAX]; /* one sentence without a newline */
};

/* Parses argv; options may stand on both sides of a subcommand's operand. JVPN_EINVAL with
 * result->error and, as far as it was seen, result->command. */
int jvpn_cli_parse(const struct jvpn_cli *cli, int argc, char **argv, void *user,
		   struct jvpn_cli_result *result);
/* The --help text of one command (and, for the first one, the list of the others). */
void jvpn_cli_help(const struct jvpn_cli *cli, const struct jvpn_cli_command *command,
		   FILE *stream);

#endif
