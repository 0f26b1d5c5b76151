/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control socket in the loop of a running program, and the commands that both programs answer
 * alike: policy, events, and the report of a reload. The others are in a table of the program's.
 */
#ifndef JVPN_RUNTIME_OPERATOR_H
#define JVPN_RUNTIME_OPERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "config/control.h"
#include "config/report.h"
#include "ctl/server.h"
#include "runtime/engine.h"

/* How a command is answered; more may be NULL when begin always says DONE. */
struct jvpn_operator_command {
	enum jvpn_ctl_progress (*begin)(void *user, struct jvpn_ctl_client *client,
					struct jvpn_ctl_task *task);
	enum jvpn_ctl_progress (*more)(void *user, struct jvpn_ctl_client *client,
				       struct jvpn_ctl_task *task);
};

struct jvpn_operator_config {
	const struct jvpn_config_control *control;
	bool server;
	const char *config_path,
		*policy_path; /* borrowed for the whole time; policy "": built in */
	/* By enum jvpn_ctl_command_id; POLICY and EVENTS need none. */
	const struct jvpn_operator_command *commands;
	void (*end)(void *user,
		    struct jvpn_ctl_task *task); /* on_end of ctl/server.h; may be NULL */
	void *user;
};

/* Owner: main. All zero: there is no control socket. */
struct jvpn_operator {
	struct jvpn_operator_config config;
	struct jvpn_engine *engine;
	struct jvpn_ctl_server *ctl;
	struct jvpn_watch *watch;
	uint64_t started_ns;
};

/* How much of the event stream an engine keeps for those who ask, from its first line on. */
size_t jvpn_operator_recent_bytes(const struct jvpn_config_control *control);
/* Opens the socket and follows it. A socket at its usual place that cannot be had is a warning and no
 * error: nobody has asked for it. Else as jvpn_ctl_server_open(), and JVPN_ECONFIG: no such group. */
int jvpn_operator_open(struct jvpn_operator *op, struct jvpn_engine *engine,
		       const struct jvpn_operator_config *config, char *error, size_t error_size);
/* Before the engine is cleared. */
void jvpn_operator_close(struct jvpn_operator *op);
/* In each turn, and before it is asked for its deadline. */
void jvpn_operator_turn(struct jvpn_operator *op, uint64_t now_ns);
uint64_t jvpn_operator_next_deadline(const struct jvpn_operator *op);

/* Members about the process that every status has. */
void jvpn_operator_describe(const struct jvpn_operator *op, struct jvpn_json *j);
/* "reload": calls what reads and takes the files, and answers with what it gave. 'who': the operator. */
typedef int (*jvpn_operator_reload_fn)(void *user, const char *who, struct jvpn_report *report);
enum jvpn_ctl_progress jvpn_operator_reload(const struct jvpn_operator *op,
					    struct jvpn_ctl_client *client,
					    jvpn_operator_reload_fn reload, void *user);

#endif
