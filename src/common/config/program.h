/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What both programs have in common on their command line: options, environment and precedence
 * (command line over environment over file), --version, and where the policy comes from.
 */
#ifndef JVPN_CONFIG_PROGRAM_H
#define JVPN_CONFIG_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/cli.h"
#include "config/report.h"
#include "core/policy.h"

/* Letters of options that have none. */
enum {
	JVPN_OPT_POLICY = 256,
	JVPN_OPT_EVENTS,
	JVPN_OPT_PRINT_CONFIG,
	JVPN_OPT_PROGRAM_END /* the programs' own letters start here */
};

/* Elements of the option table of a program without subcommand. */
#define JVPN_PROGRAM_OPTIONS                                                                       \
	{'c', "config", "FILE", "configuration (also: JVPN_CONFIG)"},                              \
		{'t', "check", NULL, "check configuration, policy and keys, then end"},            \
		{JVPN_OPT_PRINT_CONFIG, "print-config", NULL, "print what is in force, then end"}, \
		{JVPN_OPT_POLICY, "policy", "FILE", "policy (also: POLICY_FILE)"},                 \
		{JVPN_OPT_EVENTS, "events", "OUTPUT", "stdout, journald, syslog or a file"},       \
		{'s', "socket", "PATH", "control socket, or off"}, JVPN_PROGRAM_COMMON_OPTIONS

/* Elements that every subcommand has too. */
#define JVPN_PROGRAM_COMMON_OPTIONS                                                                \
	{'v', "verbose", NULL, "log more (with -V: libraries and features)"},                      \
		{'q', "quiet", NULL, "log less"},                                                  \
		{'V', "version", NULL, "print the version, then end"},                             \
	{                                                                                          \
		'h', "help", NULL, "print this, then end"                                          \
	}

#define JVPN_PROGRAM_FOOTER                                                                        \
	"Environment: JVPN_CONFIG, POLICY_FILE (the command line wins over them, they over the "   \
	"file).\n"

struct jvpn_program {
	const char *config; /* NULL: not given; borrowed from argv */
	const char *policy;
	const char *events;
	const char *socket;
	int verbosity; /* -v adds, -q takes away */
	bool check, print_config, version, help;
};

/* Takes one of the options above. True when it was one of them. */
bool jvpn_program_take(struct jvpn_program *program, int letter, const char *value);
/* Command line, else environment variable (not empty), else fallback. May be NULL if that is. */
const char *jvpn_program_choose(const char *given, const char *variable, const char *fallback);
/* Applies -v and -q to an enum jvpn_log_level of the configuration. */
int jvpn_program_log_level(const struct jvpn_program *program, int level);
/* "jvpn-server 0.1.0", and with -v the lines of 'features'. */
void jvpn_program_print_version(const struct jvpn_program *program, const char *name,
				const char *features, FILE *stream);
/* Loads the policy from path; "" or NULL: the built-in one. As jvpn_policy_file_load(). */
int jvpn_program_load_policy(const char *path, struct jvpn_policy *out, struct jvpn_report *report);
/* The host name as node id, [A-Za-z0-9._-]; "jvpn" when there is none. */
void jvpn_program_node_id(char *out, size_t size);

#endif
