/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's command line by table. Reads files, prints, and opens nothing else.
 */
#include "server/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "config/complete.h"
#include "config/load.h"
#include "config/program.h"
#include "runtime/features.h"
#include "server/config.h"

#define PROGRAM              "jvpn-server"
#define DEFAULT_CONFIG       JVPN_SYSCONFDIR "/server.yaml"
#define DEFAULT_PORT         443
#define SERVICE_USER         "jvpn"
#define EXPIRES_DAYS_DEFAULT 365
#define EXPIRES_DAYS_MAX     36500

enum {
	OPT_NAME = JVPN_OPT_PROGRAM_END,
	OPT_ADDRESS,
	OPT_EXPIRES,
	OPT_STORE,
	OPT_KNOWN,
	OPT_EARLY,
	OPT_LATE,
	OPT_FROM_START,
	OPT_SVG,
	OPT_WIDTH,
	OPT_ALL,
	OPT_HTML
};

static const struct jvpn_cli_option run_options[] = {JVPN_PROGRAM_OPTIONS};

static const struct jvpn_cli_option init_options[] = {
	{OPT_NAME, "name", "NAME", "name of the server in its certificate"},
	{OPT_ADDRESS, "address", "HOST[:PORT]", "where clients will reach it (port 443)"},
	{'f', "force", NULL, "replace files that exist"},
	JVPN_PROGRAM_COMMON_OPTIONS,
};

static const struct jvpn_cli_option add_client_options[] = {
	{'c', "config", "FILE", "the server's configuration (also: JVPN_CONFIG)"},
	{OPT_NAME, "name", "NAME", "name to check in the certificate (public.name)"},
	{OPT_ADDRESS, "address", "HOST[:PORT]", "address of the server (public.address)"},
	{OPT_EXPIRES, "expires", "DAYS", "the token ends then; 0: never (365)"},
	{'f', "force", NULL, "replace the token of a client with this name"},
	JVPN_PROGRAM_COMMON_OPTIONS,
};

static const struct jvpn_cli_option audit_options[] = {
	{'c', "config", "FILE", "the server's configuration (also: JVPN_CONFIG)"},
	{OPT_STORE, "store", "FILE", "the store's file instead (store.path)"},
	JVPN_PROGRAM_COMMON_OPTIONS,
};

static const struct jvpn_cli_option verify_options[] = {
	{OPT_KNOWN, "policy", "FILE", "a policy that was in force (several may be given)"},
	{OPT_EARLY, "early-ms", "N", "what a limit may fall short (20)"},
	{OPT_LATE, "late-ms", "N", "what a deadline may be late (1000)"},
	{OPT_FROM_START, "from-start", NULL, "a node whose beginning is missing is a violation"},
	{'j', "json", NULL, "print JSON"},
	JVPN_PROGRAM_COMMON_OPTIONS,
};

static const struct jvpn_cli_option timeline_options[] = {
	{OPT_SVG, "svg", NULL, "draw SVG instead of text"},
	{OPT_WIDTH, "width", "N", "columns (the terminal's, or 80); with --svg pixels (960)"},
	{OPT_ALL, "all", NULL, "list every move and note, however many there are"},
	JVPN_PROGRAM_COMMON_OPTIONS,
};

static const struct jvpn_cli_option report_options[] = {
	{'j', "json", NULL, "print JSON"},
	{OPT_HTML, "html", NULL, "print a page of HTML with plots"},
	JVPN_PROGRAM_COMMON_OPTIONS,
};

static const struct jvpn_cli_option completion_options[] = {JVPN_PROGRAM_COMMON_OPTIONS};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ASK(id)  (JVPN_OPERATE_FIRST + JVPN_CTL_##id)

static const struct jvpn_cli_command commands[] = {
	{NULL, JVPN_SERVER_RUN, NULL, NULL, run_options, COUNT(run_options)},
	{"init", JVPN_SERVER_INIT, "[DIR]", "Makes CA, certificate, keys, configuration, policy.",
	 init_options, COUNT(init_options)},
	{"add-client", JVPN_SERVER_ADD_CLIENT, "NAME",
	 "Makes a token and prints the client's configuration.", add_client_options,
	 COUNT(add_client_options)},
	{"audit export", JVPN_SERVER_AUDIT, NULL,
	 "Prints the event stream as it stands in the session store.", audit_options,
	 COUNT(audit_options)},
	{"audit verify", JVPN_SERVER_AUDIT_VERIFY, "FILE...",
	 "Proves the invariants of the sessions from files of events.", verify_options,
	 COUNT(verify_options)},
	{"audit timeline", JVPN_SERVER_AUDIT_TIMELINE, "ID FILE...",
	 "Draws the life of one session from files of events.", timeline_options,
	 COUNT(timeline_options)},
	{"audit report", JVPN_SERVER_AUDIT_REPORT, "FILE...",
	 "Evaluation figures from files of events.", report_options, COUNT(report_options)},
	{"status", ASK(STATUS), NULL, "How the server is.", jvpn_operate_options,
	 JVPN_OPERATE_OPTIONS},
	{"sessions", ASK(SESSIONS), NULL, "Lists the sessions.", jvpn_operate_options,
	 JVPN_OPERATE_OPTIONS},
	{"session", ASK(SESSION), "ID",
	 "Everything about one session; the exit code tells its state.", jvpn_operate_options,
	 JVPN_OPERATE_OPTIONS},
	{"transports", ASK(TRANSPORTS), "[ID]", "Lists the transports of one session or of all.",
	 jvpn_operate_options, JVPN_OPERATE_OPTIONS},
	{"switch", ASK(SWITCH), "ID", "Asks a client to move its session.", jvpn_operate_to_options,
	 JVPN_OPERATE_TO_OPTIONS},
	{"terminate", ASK(TERMINATE), "ID", "Ends a session.", jvpn_operate_reason_options,
	 JVPN_OPERATE_REASON_OPTIONS},
	{"drain", ASK(DRAIN), NULL, "No new sessions; the present ones wait in the store.",
	 jvpn_operate_options, JVPN_OPERATE_OPTIONS},
	{"reload", ASK(RELOAD), NULL, "Loads policy and tokens again, and says what is wrong.",
	 jvpn_operate_options, JVPN_OPERATE_OPTIONS},
	{"events", ASK(EVENTS), NULL, "Prints the newest events, or follows them.",
	 jvpn_operate_events_options, JVPN_OPERATE_EVENTS_OPTIONS},
	{"policy show", ASK(POLICY), NULL, "Prints the policy in force.", jvpn_operate_options,
	 JVPN_OPERATE_OPTIONS},
	{"policy check", JVPN_OPERATE_POLICY_CHECK, "FILE", "Checks a policy; no server is needed.",
	 jvpn_operate_check_options, JVPN_OPERATE_CHECK_OPTIONS},
	{"completion", JVPN_OPERATE_COMPLETION, "SHELL", "Prints completion for bash, zsh or fish.",
	 completion_options, COUNT(completion_options)},
};

struct given {
	struct jvpn_program program;
	struct jvpn_server_options *out;
};

/* "host" or "host:port"; an IPv6 address without port may stand without brackets. */
static int parse_address(const char *text, struct jvpn_config_host *out)
{
	if (jvpn_value_host(text, out) == 0)
		return 0;
	if (!jvpn_value_is_host_name(text, true))
		return JVPN_EINVAL;
	snprintf(out->host, sizeof(out->host), "%s", text);
	out->port = DEFAULT_PORT;
	return 0;
}

/* Returns what was expected, or NULL. */
static const char *take_audit(struct jvpn_server_audit *audit, int letter, const char *value)
{
	if (letter == OPT_EARLY && jvpn_value_uint(value, &audit->early_ms))
		return "--early-ms: expected milliseconds";
	if (letter == OPT_LATE && jvpn_value_uint(value, &audit->late_ms))
		return "--late-ms: expected milliseconds";
	if (letter == OPT_KNOWN && audit->policy_count == JVPN_AUDIT_POLICIES_MAX)
		return "--policy: expected at most 32 of them";
	if (letter == OPT_KNOWN)
		audit->policy[audit->policy_count++] = value;
	if (letter == OPT_WIDTH &&
	    (jvpn_value_uint(value, &audit->width) || audit->width < 40 || audit->width > 4000))
		return "--width: expected 40..4000";
	audit->from_start |= letter == OPT_FROM_START;
	audit->svg |= letter == OPT_SVG;
	audit->all |= letter == OPT_ALL;
	audit->html |= letter == OPT_HTML;
	return NULL;
}

static int take_own(struct given *given, int letter, const char *value, char *error,
		    size_t error_size)
{
	struct jvpn_server_options *out = given->out;
	const char *wanted = NULL;

	if (letter == OPT_NAME) {
		if (!jvpn_value_is_host_name(value, true))
			wanted = "--name: expected a host name or IP address";
		else
			snprintf(out->server_name, sizeof(out->server_name), "%s", value);
	} else if (letter == OPT_ADDRESS) {
		if (parse_address(value, &out->address))
			wanted = "--address: expected HOST, HOST:PORT or [IPV6]:PORT";
	} else if (letter == OPT_EXPIRES) {
		if (jvpn_value_uint(value, &out->expires_days) ||
		    out->expires_days > EXPIRES_DAYS_MAX)
			wanted = "--expires: expected days 0..36500";
	} else if (letter == OPT_STORE) {
		if (jvpn_config_path_resolve(NULL, value, out->store_path) || !value[0])
			wanted = "--store: expected the path of a file";
	} else if (letter == 'f') {
		out->force = true;
	} else {
		wanted = take_audit(&out->audit, letter, value);
	}
	if (!wanted)
		return 0;
	snprintf(error, error_size, "%s, got \"%.100s\"", wanted, value);
	return JVPN_EINVAL;
}

static int take_option(void *user, int letter, const char *value, char *error, size_t error_size)
{
	struct given *given = user;
	int rv;

	if (jvpn_program_take(&given->program, letter, value))
		return 0;
	/* -f means another thing where it is --force */
	given->out->operate.server = true;
	rv = jvpn_operate_take(&given->out->operate, letter, value, error, error_size);
	if (rv < 0 || (rv > 0 && letter != 'f'))
		return rv < 0 ? rv : 0;
	return take_own(given, letter, value, error, error_size);
}

static const struct jvpn_cli cli = {
	.program = PROGRAM,
	.purpose = "VPN server whose sessions outlive their transports.",
	.commands = commands,
	.command_count = COUNT(commands),
	.footer = JVPN_PROGRAM_FOOTER "Manual: jvpn-server(8), jvpn.conf(5), jvpn-policy(5), "
				      "jvpn-events(5).\n",
	.take = take_option,
};

static int fail(const char *text)
{
	fprintf(stderr, PROGRAM ": %s\n", text);
	return JVPN_EXIT_CONFIG;
}

/* Copies a path of the command line or environment. */
static bool copy_path(const char *from, char to[JVPN_CONFIG_PATH_MAX])
{
	return jvpn_config_path_resolve(NULL, from, to) == 0;
}

static int choose_files(const struct given *given, struct jvpn_server_options *out)
{
	const struct jvpn_program *program = &given->program;

	if (!copy_path(jvpn_program_choose(program->config, "JVPN_CONFIG", DEFAULT_CONFIG),
		       out->config_path))
		return fail("the path of the configuration is too long");
	return JVPN_EXIT_OK;
}

static int override_file(const struct given *given, struct jvpn_server_options *out)
{
	const struct jvpn_program *program = &given->program;
	struct jvpn_server_config *config = &out->config;

	out->log_level = (enum jvpn_log_level)jvpn_program_log_level(program, config->log_level);
	if (program->events && !jvpn_config_events_override(&config->events, program->events))
		return fail("--events: the path is too long");
	if (program->socket && !copy_path(program->socket, config->control.socket))
		return fail("--socket: the path is too long");
	if (!copy_path(jvpn_program_choose(program->policy, "POLICY_FILE", config->policy),
		       out->policy_path))
		return fail("the path of the policy is too long");
	return JVPN_EXIT_OK;
}

static int end_with_report(struct jvpn_report *report, int rc)
{
	int code = report->exit_code;

	jvpn_report_print(report, PROGRAM, stderr);
	if (rc && code == JVPN_EXIT_OK) {
		fprintf(stderr, PROGRAM ": %s\n", jvpn_err_text(rc));
		code = JVPN_EXIT_FAILURE;
	}
	return code;
}

static int load_files(const struct given *given, struct jvpn_server_options *out, bool to_run,
		      struct jvpn_report *report)
{
	int rc = jvpn_server_config_load(out->config_path, to_run, &out->config, report);
	int code = override_file(given, out);
	int policy_rc =
		to_run ? jvpn_program_load_policy(out->policy_path, &out->policy, report) : 0;

	return code ? code : end_with_report(report, rc ? rc : policy_rc);
}

static int load_all(const struct given *given, struct jvpn_server_options *out, bool to_run)
{
	struct jvpn_report *report = jvpn_report_new();
	int code = choose_files(given, out);

	if (!report)
		return JVPN_EXIT_FAILURE;
	if (code == JVPN_EXIT_OK)
		code = load_files(given, out, to_run, report);
	jvpn_report_free(report);
	return code;
}

static int finish_init(const char *operand, struct jvpn_server_options *out)
{
	if (!copy_path(operand ? operand : JVPN_SYSCONFDIR, out->directory) || !out->directory[0])
		return fail("init: expected the path of a directory");
	/* The system's own: what the unit runs (contrib/systemd). */
	if (strcmp(out->directory, JVPN_SYSCONFDIR) == 0) {
		snprintf(out->state_directory, sizeof(out->state_directory), "%s",
			 JVPN_LOCALSTATEDIR);
		out->service_user = SERVICE_USER;
	}
	return JVPN_EXIT_OK;
}

static bool is_client_name(const char *name)
{
	size_t len = strlen(name);

	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || strchr("._-", *c)))
			return false;
	return len >= 1 && len <= JVPN_CLIENT_NAME_MAX;
}

static int finish_add_client(const struct given *given, const char *operand,
			     struct jvpn_server_options *out)
{
	int code;

	if (!is_client_name(operand))
		return fail("add-client: expected a name of 1..63 characters of A-Z a-z 0-9 . _ -");
	snprintf(out->client_name, sizeof(out->client_name), "%s", operand);
	code = load_all(given, out, false);
	if (code)
		return code;
	if (!out->address.host[0])
		out->address = out->config.public_address;
	if (!out->server_name[0])
		memcpy(out->server_name, out->config.public_name, sizeof(out->server_name));
	if (!out->address.host[0])
		return fail("add-client: expected --address HOST:PORT or public.address in the "
			    "configuration, got neither");
	return JVPN_EXIT_OK;
}

/* The configuration is only asked where the store is. */
static int finish_audit(const struct given *given, struct jvpn_server_options *out)
{
	int code;

	if (out->store_path[0])
		return JVPN_EXIT_OK;
	code = load_all(given, out, false);
	if (code)
		return code;
	if (out->config.store_kind != JVPN_STORE_BACKEND_SQLITE)
		return fail("audit: there is none, store.kind is memory");
	memcpy(out->store_path, out->config.store_path, sizeof(out->store_path));
	return JVPN_EXIT_OK;
}

/* The command asks the server that runs: of the configuration only its control socket counts. */
static int finish_operate(const struct given *given, struct jvpn_server_options *out)
{
	struct jvpn_load load = {0};
	int code = JVPN_EXIT_OK;

	out->command = JVPN_SERVER_OPERATE;
	out->operate.server = true;
	if (given->program.socket)
		return copy_path(given->program.socket, out->operate.socket)
			       ? JVPN_EXIT_OK
			       : fail("--socket: the path is too long");
	if (out->operate.check)
		return JVPN_EXIT_OK;
	code = choose_files(given, out);
	if (code)
		return code;
	load.keys = jvpn_server_config_keys(&load.count);
	if (!jvpn_control_find_path(true, out->config_path, &load, &out->config,
				    &out->config.control))
		return fail("the configuration says control.socket: off");
	memcpy(out->operate.socket, out->config.control.socket, sizeof(out->operate.socket));
	return JVPN_EXIT_OK;
}

static void print_config(const struct jvpn_server_options *out)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_server_config_keys(&count);

	printf("# %s\n", out->config_path);
	jvpn_schema_print(keys, count, &out->config, stdout);
	printf("---\n# policy: %s\n", out->policy_path[0] ? out->policy_path : "built in");
	jvpn_policy_file_print(&out->policy, stdout);
}

/* True: the program goes on. */
static bool finish_run(const struct given *given, struct jvpn_server_options *out, int *exit_code)
{
	*exit_code = load_all(given, out, true);
	if (*exit_code)
		return false;
	if (given->program.check)
		out->command = JVPN_SERVER_CHECK;
	if (given->program.print_config)
		print_config(out);
	return !given->program.print_config;
}

/* False: not enough operands, or options that exclude each other. */
static bool finish_files(const struct jvpn_cli_result *result, struct jvpn_server_options *out,
			 int *exit_code)
{
	struct jvpn_server_audit *audit = &out->audit;
	size_t skip = out->command == JVPN_SERVER_AUDIT_TIMELINE;

	audit->id = result->operands[0];
	audit->files = result->operands + skip;
	audit->file_count = result->operand_count - skip;
	audit->json = out->operate.json;
	if (audit->json && audit->html) {
		*exit_code = fail("audit report: expected --json or --html, got both");
		return false;
	}
	if (audit->file_count)
		return true;
	*exit_code = fail("audit timeline: expected ID FILE...: the beginning of a session's id "
			  "(jvpn-server sessions lists them), then files of events or -");
	return false;
}

static bool finish(struct given *given, struct jvpn_cli_result *result, int *exit_code)
{
	struct jvpn_server_options *out = given->out;
	int rc;

	if (jvpn_operate_finish(&out->operate, result, &rc)) {
		*exit_code = rc ? fail(result->error) : finish_operate(given, out);
		return *exit_code == JVPN_EXIT_OK;
	}
	out->command = (enum jvpn_server_command)result->command->id;
	switch (out->command) {
	case JVPN_SERVER_INIT:
		*exit_code = finish_init(result->operand, out);
		return *exit_code == JVPN_EXIT_OK;
	case JVPN_SERVER_ADD_CLIENT:
		*exit_code = finish_add_client(given, result->operand, out);
		return *exit_code == JVPN_EXIT_OK;
	case JVPN_SERVER_AUDIT:
		*exit_code = finish_audit(given, out);
		return *exit_code == JVPN_EXIT_OK;
	case JVPN_SERVER_AUDIT_VERIFY:
	case JVPN_SERVER_AUDIT_TIMELINE:
	case JVPN_SERVER_AUDIT_REPORT:
		return finish_files(result, out, exit_code);
	case JVPN_SERVER_RUN:
	case JVPN_SERVER_CHECK:
	case JVPN_SERVER_OPERATE:
		break;
	}
	return finish_run(given, out, exit_code);
}

static int print_completion(const char *shell)
{
	int rv = jvpn_complete_print(&cli, shell, stdout);

	if (rv == JVPN_EINVAL)
		return fail("completion: expected bash, zsh or fish");
	return rv ? JVPN_EXIT_FAILURE : JVPN_EXIT_OK;
}

/* --help and --version win over everything else on the line, mistakes included. */
static bool is_answered(const struct given *given, const struct jvpn_cli_result *result)
{
	char features[JVPN_FEATURES_TEXT_MAX];

	if (given->program.help) {
		jvpn_cli_help(&cli, result->command, stdout);
		return true;
	}
	if (given->program.version) {
		jvpn_features_describe(features, sizeof(features));
		jvpn_program_print_version(&given->program, PROGRAM, features, stdout);
		return true;
	}
	return false;
}

bool jvpn_server_options_load(int argc, char **argv, struct jvpn_server_options *out,
			      int *exit_code)
{
	struct given given = {.out = out};
	struct jvpn_cli_result result;
	int rc;

	memset(out, 0, sizeof(*out));
	out->expires_days = EXPIRES_DAYS_DEFAULT;
	out->audit.early_ms = 20;
	out->audit.late_ms = 1000;
	out->log_level = JVPN_LOG_INFO;
	*exit_code = JVPN_EXIT_OK;
	rc = jvpn_cli_parse(&cli, argc, argv, &given, &result);
	if (is_answered(&given, &result))
		return false;
	if (rc) {
		*exit_code = fail(result.error);
		return false;
	}
	if (result.command->id == JVPN_OPERATE_COMPLETION) {
		*exit_code = print_completion(result.operand);
		return false;
	}
	return finish(&given, &result, exit_code);
}

int jvpn_server_options_reload_policy(const struct jvpn_server_options *options,
				      struct jvpn_policy *out, struct jvpn_report *report)
{
	return jvpn_program_load_policy(options->policy_path, out, report);
}
