/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A command is one question; what it says and how it ends the process is here, what it means is in the
 * running program.
 */
#include "runtime/operate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "config/exit.h"
#include "config/policy_file.h"
#include "config/program.h"
#include "ctl/ask.h"
#include "ctl/show.h"
#include "obs/json.h"

/* A loop that is alive answers at once; a switch is watched until it is over. */
#define ANSWER_MS 30000

enum { OPT_TO = 900, OPT_REASON, OPT_SINCE };

#define OPERATE_COMMON                                                                             \
	{'c', "config", "FILE", "whose program is asked (also: JVPN_CONFIG)"},                     \
		{'s', "socket", "PATH", "its control socket instead"},                             \
		{'j', "json", NULL, "print JSON, one object a line"}, JVPN_PROGRAM_COMMON_OPTIONS

const struct jvpn_cli_option jvpn_operate_options[JVPN_OPERATE_OPTIONS] = {OPERATE_COMMON};
const struct jvpn_cli_option jvpn_operate_to_options[JVPN_OPERATE_TO_OPTIONS] = {
	{OPT_TO, "to", "TRANSPORT", "where to: a transport id or its label (the best one)"},
	OPERATE_COMMON,
};
const struct jvpn_cli_option jvpn_operate_reason_options[JVPN_OPERATE_REASON_OPTIONS] = {
	{OPT_REASON, "reason", "REASON", "a reason of jvpn-events(5) (operator_terminated)"},
	OPERATE_COMMON,
};
const struct jvpn_cli_option jvpn_operate_events_options[JVPN_OPERATE_EVENTS_OPTIONS] = {
	{'f', "follow", NULL, "go on with what comes"},
	{OPT_SINCE, "since", "SEQ", "begin with this seq, as far as it is still in memory"},
	OPERATE_COMMON,
};
const struct jvpn_cli_option jvpn_operate_check_options[JVPN_OPERATE_CHECK_OPTIONS] = {
	{'j', "json", NULL, "print JSON, one object a line"},
	JVPN_PROGRAM_COMMON_OPTIONS,
};

/* ---- the command line ---- */

static int wrong(char *error, size_t error_size, const char *expected)
{
	snprintf(error, error_size, "expected %s", expected);
	return JVPN_EINVAL;
}

static int take_reason(struct jvpn_operate *operate, const char *value, char *error,
		       size_t error_size)
{
	for (int i = JVPN_REASON_NONE + 1; i < JVPN_REASON_COUNT; i++)
		if (strcmp(jvpn_reason_name((enum jvpn_reason)i), value) == 0 &&
		    jvpn_ctl_may_terminate_with((enum jvpn_reason)i)) {
			operate->request.reason = (enum jvpn_reason)i;
			return 1;
		}
	return wrong(error, error_size,
		     "--reason operator_terminated, policy_termination, node_shutdown or "
		     "resource_exhausted");
}

static int take_since(struct jvpn_operate *operate, const char *value, char *error,
		      size_t error_size)
{
	char *end;

	errno = 0;
	operate->request.since = strtoull(value, &end, 10);
	if (errno || *end || value[0] < '0' || value[0] > '9' || operate->request.since == 0)
		return wrong(error, error_size, "--since with a seq of the event stream, from 1");
	return 1;
}

int jvpn_operate_take(struct jvpn_operate *operate, int letter, const char *value, char *error,
		      size_t error_size)
{
	switch (letter) {
	case 'j':
		operate->json = true;
		return 1;
	case 'f':
		operate->request.follow = true;
		return 1;
	case OPT_TO:
		if (!value[0] || strlen(value) > JVPN_TRANSPORT_ID_MAX)
			return wrong(error, error_size, "--to with a transport id or its label");
		snprintf(operate->request.to, sizeof(operate->request.to), "%s", value);
		return 1;
	case OPT_REASON:
		return take_reason(operate, value, error, error_size);
	case OPT_SINCE:
		return take_since(operate, value, error, error_size);
	}
	return 0;
}

bool jvpn_operate_finish(struct jvpn_operate *operate, struct jvpn_cli_result *result, int *rv)
{
	int id = result->command->id - JVPN_OPERATE_FIRST;

	*rv = 0;
	if (result->command->id == JVPN_OPERATE_POLICY_CHECK) {
		operate->check = true;
		operate->check_file = result->operand;
		return true;
	}
	if (id <= JVPN_CTL_NONE || id >= JVPN_CTL_COUNT)
		return false;
	operate->request.command = jvpn_ctl_command_get((enum jvpn_ctl_command_id)id);
	if (result->operand) {
		operate->request.has_session = true;
		if (jvpn_id_parse(result->operand, &operate->request.session))
			*rv = wrong(result->error, sizeof(result->error),
				    "ID: 32 lower-case hex digits, as in sessions");
	}
	return true;
}

/* ---- policy check ---- */

static void print_json_report(const struct jvpn_report *report)
{
	size_t kept = report->count < JVPN_REPORT_LINES_MAX ? report->count : JVPN_REPORT_LINES_MAX;
	static char line[JVPN_REPORT_LINE_MAX * 6 + 128];

	for (size_t i = 0; i < kept; i++) {
		struct jvpn_json j;

		jvpn_json_init(&j, line, sizeof(line));
		jvpn_json_open(&j, NULL, '{');
		jvpn_json_uint(&j, "line", report->line[i].line);
		jvpn_json_uint(&j, "column", report->line[i].column);
		jvpn_json_text(&j, "text", report->line[i].text);
		jvpn_json_close(&j, '}');
		printf("%.*s\n", (int)j.len, line);
	}
}

static int check_policy(const struct jvpn_operate *operate)
{
	struct jvpn_report *report = jvpn_report_new();
	const char *program = operate->server ? "jvpn-server" : "jvpn-client";
	struct jvpn_policy policy;
	int rv, code;

	if (!report)
		return JVPN_EXIT_FAILURE;
	rv = jvpn_policy_file_load(operate->check_file, &policy, report);
	code = rv && report->exit_code == JVPN_EXIT_OK ? JVPN_EXIT_FAILURE : report->exit_code;
	if (operate->json)
		print_json_report(report);
	else
		jvpn_report_print(report, program, stderr);
	if (!rv && !operate->json)
		printf("%s: fine, version %s\n", operate->check_file, policy.version);
	jvpn_report_free(report);
	return code;
}

/* ---- asking ---- */

struct asking {
	struct jvpn_operate *operate;
	struct jvpn_ctl_show show;
	bool bad;
};

/* JSON: as it came, without the frame. Its words are in ASCII, with escapes. */
static bool print_json(struct asking *a, enum jvpn_ctl_line kind, const char *json)
{
	if (kind != JVPN_CTL_LINE_END)
		printf("%s\n", json);
	return jvpn_ctl_learn_line(&a->show, kind, json);
}

static bool on_line(void *user, enum jvpn_ctl_line kind, const char *json)
{
	struct asking *a = user;

	if (kind == JVPN_CTL_LINE_EVENT)
		printf("%s\n", json);
	else if (a->operate->json)
		a->bad = !print_json(a, kind, json);
	else
		a->bad = !jvpn_ctl_show_line(&a->show, kind, json);
	/* A reader that has gone away ends an endless stream. */
	if (fflush(stdout) || ferror(stdout))
		return false;
	return !a->bad;
}

static int exit_of_state(enum jvpn_state state)
{
	switch (state) {
	case JVPN_STATE_ATTACHED:
		return JVPN_EXIT_OK;
	case JVPN_STATE_VOLATILE:
		return JVPN_EXIT_VOLATILE;
	case JVPN_STATE_DEGRADED:
		return JVPN_EXIT_DEGRADED;
	case JVPN_STATE_RECOVERING:
		return JVPN_EXIT_RECOVERING;
	case JVPN_STATE_NONE:
	case JVPN_STATE_BIRTH:
	case JVPN_STATE_TERMINATED:
	case JVPN_STATE_COUNT:
		break;
	}
	return JVPN_EXIT_NO_SESSION;
}

static int exit_of_answer(const struct asking *a)
{
	enum jvpn_ctl_command_id id = a->operate->request.command->id;

	if (a->show.refused && a->show.exit_code)
		return a->show.exit_code;
	if (a->show.refused)
		return strcmp(a->show.code, "permission_denied") == 0 ? JVPN_EXIT_PERMISSION
								      : JVPN_EXIT_REFUSED;
	if (id == JVPN_CTL_STATUS && a->operate->server)
		return a->show.draining ? JVPN_EXIT_DRAINING : JVPN_EXIT_OK;
	if (id == JVPN_CTL_STATUS || id == JVPN_CTL_SESSION)
		return exit_of_state(a->show.state);
	return JVPN_EXIT_OK;
}

static int fail(const struct jvpn_operate *operate, int rv)
{
	const char *program = operate->server ? "jvpn-server" : "jvpn-client";

	if (rv == JVPN_ENOTFOUND)
		fprintf(stderr,
			"%s: nobody listens on %s: is the program running, and with this "
			"control.socket?\n",
			program, operate->socket);
	else if (rv == JVPN_EPERM)
		fprintf(stderr,
			"%s: no permission for %s: be root, or in the group of the socket\n",
			program, operate->socket);
	else
		fprintf(stderr, "%s: %s: %s\n", program, operate->socket, jvpn_err_text(rv));
	return rv == JVPN_EPERM ? JVPN_EXIT_PERMISSION
	       : rv == JVPN_ENOTFOUND || rv == JVPN_ECLOSED || rv == JVPN_ETIMEOUT
		       ? JVPN_EXIT_NO_DAEMON
		       : JVPN_EXIT_FAILURE;
}

static bool wants_colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
}

int jvpn_operate_run(struct jvpn_operate *operate)
{
	struct asking a = {.operate = operate};
	struct jvpn_ctl_ask ask = {.path = operate->socket, .on_line = on_line, .user = &a};
	int rv;

	if (operate->check)
		return check_policy(operate);
	a.show.out = stdout;
	a.show.colours = !operate->json && wants_colours();
	a.show.command = operate->request.command->id;
	ask.request = operate->request;
	ask.timeout_ms = operate->request.follow ? 0 : ANSWER_MS;
	rv = jvpn_ctl_ask(&ask);
	if (a.bad)
		rv = JVPN_EMALFORMED;
	return rv ? fail(operate, rv) : exit_of_answer(&a);
}
