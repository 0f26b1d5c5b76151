/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control commands of both command lines: tables for cli.h, options, asking the running program,
 * printing, exit codes (jvpn-server.8, jvpn-client.8).
 */
#ifndef JVPN_RUNTIME_OPERATE_H
#define JVPN_RUNTIME_OPERATE_H

#include <stdbool.h>

#include "config/cli.h"
#include "config/control.h"
#include "ctl/request.h"

/* Ids of the commands in a program's table: this and the id of ctl/command.h. */
#define JVPN_OPERATE_FIRST        1000
#define JVPN_OPERATE_POLICY_CHECK (JVPN_OPERATE_FIRST + JVPN_CTL_COUNT)
/* Answered from the program's table, like --help. */
#define JVPN_OPERATE_COMPLETION (JVPN_OPERATE_POLICY_CHECK + 1)

struct jvpn_operate {
	bool server;
	const char *config_path;
	char socket[JVPN_CONFIG_PATH_MAX];
	bool json;
	bool check;             /* policy check: no program is asked */
	const char *check_file; /* borrowed from argv */
	struct jvpn_ctl_request request;
};

/* Tables for struct jvpn_cli_command, and how long they are. */
#define JVPN_OPERATE_OPTIONS        7
#define JVPN_OPERATE_TO_OPTIONS     8
#define JVPN_OPERATE_REASON_OPTIONS 8
#define JVPN_OPERATE_EVENTS_OPTIONS 9
#define JVPN_OPERATE_CHECK_OPTIONS  5
extern const struct jvpn_cli_option jvpn_operate_options[JVPN_OPERATE_OPTIONS],
	jvpn_operate_to_options[JVPN_OPERATE_TO_OPTIONS],
	jvpn_operate_reason_options[JVPN_OPERATE_REASON_OPTIONS],
	jvpn_operate_events_options[JVPN_OPERATE_EVENTS_OPTIONS],
	jvpn_operate_check_options[JVPN_OPERATE_CHECK_OPTIONS];

/* One of the options above that jvpn_program_take() does not know. 1: taken; 0: another one's; or
 * JVPN_EINVAL with the sentence. */
int jvpn_operate_take(struct jvpn_operate *operate, int letter, const char *value, char *error,
		      size_t error_size);
/* Completes *operate from the command that was parsed. False: it is not one of these. JVPN_EINVAL
 * goes to *rv with the sentence in result->error. */
bool jvpn_operate_finish(struct jvpn_operate *operate, struct jvpn_cli_result *result, int *rv);
/* Asks, prints, and returns the exit code. */
int jvpn_operate_run(struct jvpn_operate *operate);

#endif
