/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's command line by table. Reads files, prints, and opens nothing else.
 */
#include "client/options.h"

#include <string.h>

#include "base/err.h"
#include "client/config.h"
#include "client/inherited.h"
#include "config/complete.h"
#include "config/load.h"
#include "config/program.h"
#include "runtime/features.h"
#include "runtime/operate.h"

#define PROGRAM        "jvpn-client"
#define DEFAULT_CONFIG JVPN_SYSCONFDIR "/client.yaml"

enum { OPT_TUN = JVPN_OPT_PROGRAM_END + 100, OPT_EVENTS_FD };

static const struct jvpn_cli_option run_options[] = {
	{OPT_TUN, "tun", "NAME|fd:N", "TUN device by name, or one that the parent has opened"},
	{OPT_EVENTS_FD, "events-fd", "N", "descriptor for the event stream"},
	JVPN_PROGRAM_OPTIONS,
};

static const struct jvpn_cli_option disconnect_options[] = {
	{'c', "config", "FILE", "configuration (also: JVPN_CONFIG)"},
	JVPN_PROGRAM_COMMON_OPTIONS,
};

static const struct jvpn_cli_option completion_options[] = {JVPN_PROGRAM_COMMON_OPTIONS};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ASK(id)  (JVPN_OPERATE_FIRST + JVPN_CTL_##id)

static const struct jvpn_cli_command commands[] = {
	{NULL, JVPN_CLIENT_RUN, NULL, NULL, run_options, COUNT(run_options)},
	{"disconnect", JVPN_CLIENT_DISCONNECT, NULL,
	 "Ends the session of a running or a killed client.", disconnect_options,
	 COUNT(disconnect_options)},
	{"status", ASK(STATUS), NULL, "Shows the session; the exit code tells its state.",
	 jvpn_operate_options, JVPN_OPERATE_OPTIONS},
	{"sessions", ASK(SESSIONS), NULL, "Lists the session.", jvpn_operate_options,
	 JVPN_OPERATE_OPTIONS},
	{"session", ASK(SESSION), "ID", "Everything about the session.", jvpn_operate_options,
	 JVPN_OPERATE_OPTIONS},
	{"transports", ASK(TRANSPORTS), NULL, "Lists the transports.", jvpn_operate_options,
	 JVPN_OPERATE_OPTIONS},
	{"switch", ASK(SWITCH), NULL, "Moves the session to another transport.",
	 jvpn_operate_to_options, JVPN_OPERATE_TO_OPTIONS},
	{"terminate", ASK(TERMINATE), "ID", "Ends the session.", jvpn_operate_reason_options,
	 JVPN_OPERATE_REASON_OPTIONS},
	{"reload", ASK(RELOAD), NULL, "Loads the policy again, and says what is wrong with it.",
	 jvpn_operate_options, JVPN_OPERATE_OPTIONS},
	{"events", ASK(EVENTS), NULL, "Prints the newest events, or follows them.",
	 jvpn_operate_events_options, JVPN_OPERATE_EVENTS_OPTIONS},
	{"policy show", ASK(POLICY), NULL, "Prints the policy in force.", jvpn_operate_options,
	 JVPN_OPERATE_OPTIONS},
	{"policy check", JVPN_OPERATE_POLICY_CHECK, "FILE", "Checks a policy; no client is needed.",
	 jvpn_operate_check_options, JVPN_OPERATE_CHECK_OPTIONS},
	{"completion", JVPN_OPERATE_COMPLETION, "SHELL", "Prints completion for bash, zsh or fish.",
	 completion_options, COUNT(completion_options)},
};

struct given {
	struct jvpn_program program;
	const char *tun;
	const char *events_fd;
	struct jvpn_client_options *out;
};

static int take_option(void *user, int letter, const char *value, char *error, size_t error_size)
{
	struct given *given = user;
	int rv;

	if (jvpn_program_take(&given->program, letter, value))
		return 0;
	if (letter == OPT_TUN || letter == OPT_EVENTS_FD) {
		*(letter == OPT_TUN ? &given->tun : &given->events_fd) = value;
		return 0;
	}
	rv = jvpn_operate_take(&given->out->operate, letter, value, error, error_size);
	return rv < 0 ? rv : 0;
}

static const struct jvpn_cli cli = {
	.program = PROGRAM,
	.purpose = "VPN client whose session outlives its transports.",
	.commands = commands,
	.command_count = COUNT(commands),
	.footer = JVPN_PROGRAM_FOOTER "Manual: jvpn-client(8), jvpn.conf(5), jvpn-policy(5), "
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

/* A name that the configuration would take, or a descriptor. */
static int override_tun(const char *text, struct jvpn_client_config *config)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_client_config_keys(&count);
	int fd, rv = jvpn_inherited_parse(text, &fd);

	if (rv == JVPN_ERANGE ||
	    (rv && strncmp(text, JVPN_INHERITED_PREFIX, strlen(JVPN_INHERITED_PREFIX)) == 0))
		return fail("--tun: expected fd:N with N from 3 to 65535");
	config->tun_fd = rv ? 0 : (uint64_t)fd;
	if (rv && jvpn_schema_set(keys, count, "tun.name", text, config))
		return fail("--tun: expected the name of a network device, or fd:N");
	return JVPN_EXIT_OK;
}

static int override_events_fd(const char *text, struct jvpn_client_config *config)
{
	char output[sizeof(JVPN_INHERITED_PREFIX) + 8];
	int n = snprintf(output, sizeof(output), JVPN_INHERITED_PREFIX "%s", text), fd;

	if (n < 0 || (size_t)n >= sizeof(output) || jvpn_inherited_parse(output, &fd))
		return fail("--events-fd: expected a number from 3 to 65535 (0 to 2 are the "
			    "standard streams)");
	memcpy(config->events.outputs.item[0], output, sizeof(output));
	config->events.outputs.count = 1;
	return JVPN_EXIT_OK;
}

/* Nothing of ours is open yet, so that what is open is what we were given. */
static int check_descriptors(const struct jvpn_client_config *config)
{
	char error[160] = "", text[200];
	int fd;

	if (jvpn_inherited_parse(config->events.outputs.item[0], &fd))
		return JVPN_EXIT_OK;
	if ((uint64_t)fd == config->tun_fd)
		return fail("the TUN device and the event stream cannot be one descriptor");
	if (!jvpn_inherited_check_output(fd, error, sizeof(error)))
		return JVPN_EXIT_OK;
	snprintf(text, sizeof(text), "--events-fd: %s", error);
	return fail(text);
}

static int override_file(const struct given *given, struct jvpn_client_options *out)
{
	const struct jvpn_program *program = &given->program;
	struct jvpn_client_config *config = &out->config;
	int code = JVPN_EXIT_OK;

	out->log_level = (enum jvpn_log_level)jvpn_program_log_level(program, config->log_level);
	if (program->events && !jvpn_config_events_override(&config->events, program->events))
		return fail("--events: the path is too long");
	if (program->socket && !copy_path(program->socket, config->control.socket))
		return fail("--socket: the path is too long");
	if (!copy_path(jvpn_program_choose(program->policy, "POLICY_FILE", config->policy),
		       out->policy_path))
		return fail("the path of the policy is too long");
	if (given->events_fd)
		code = override_events_fd(given->events_fd, config);
	if (given->tun && !code)
		code = override_tun(given->tun, config);
	return code ? code : check_descriptors(config);
}

static int load_files(const struct given *given, struct jvpn_client_options *out,
		      struct jvpn_report *report)
{
	int rc = jvpn_client_config_load(out->config_path, &out->config, report);
	int code = override_file(given, out);

	if (code)
		return code;
	if (jvpn_program_load_policy(out->policy_path, &out->policy, report) && !rc)
		rc = JVPN_ECONFIG;
	jvpn_report_print(report, PROGRAM, stderr);
	if (!rc || report->exit_code != JVPN_EXIT_OK)
		return report->exit_code;
	fprintf(stderr, PROGRAM ": %s\n", jvpn_err_text(rc));
	return JVPN_EXIT_FAILURE;
}

static int load_all(const struct given *given, struct jvpn_client_options *out)
{
	const char *path =
		jvpn_program_choose(given->program.config, "JVPN_CONFIG", DEFAULT_CONFIG);
	struct jvpn_report *report;
	int code;

	if (!copy_path(path, out->config_path))
		return fail("the path of the configuration is too long");
	report = jvpn_report_new();
	if (!report)
		return JVPN_EXIT_FAILURE;
	code = load_files(given, out, report);
	jvpn_report_free(report);
	return code;
}

static void print_config(const struct jvpn_client_options *out)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_client_config_keys(&count);

	printf("# %s\n", out->config_path);
	jvpn_schema_print(keys, count, &out->config, stdout);
	printf("---\n# policy: %s\n", out->policy_path[0] ? out->policy_path : "built in");
	jvpn_policy_file_print(&out->policy, stdout);
}

static int print_completion(const char *shell)
{
	int rv = jvpn_complete_print(&cli, shell, stdout);

	if (rv == JVPN_EINVAL)
		return fail("completion: expected bash, zsh or fish");
	return rv ? JVPN_EXIT_FAILURE : JVPN_EXIT_OK;
}

/* --help and --version win over everything else on the line, mistakes included. */
static bool is_answered(const struct jvpn_program *program, const struct jvpn_cli_command *command)
{
	char features[JVPN_FEATURES_TEXT_MAX];

	if (program->help) {
		jvpn_cli_help(&cli, command, stdout);
		return true;
	}
	if (program->version) {
		jvpn_features_describe(features, sizeof(features));
		jvpn_program_print_version(program, PROGRAM, features, stdout);
		return true;
	}
	return false;
}

/* The command asks the client that runs: of the configuration only its control socket counts. */
static int finish_operate(const struct jvpn_program *program, struct jvpn_client_options *out)
{
	const char *path = jvpn_program_choose(program->config, "JVPN_CONFIG", DEFAULT_CONFIG);
	struct jvpn_load load = {0};

	out->command = JVPN_CLIENT_OPERATE;
	if (program->socket ? !copy_path(program->socket, out->operate.socket)
			    : !copy_path(path, out->config_path))
		return fail("the path is too long");
	if (program->socket || out->operate.check)
		return JVPN_EXIT_OK;
	load.keys = jvpn_client_config_keys(&load.count);
	if (!jvpn_control_find_path(false, out->config_path, &load, &out->config,
				    &out->config.control))
		return fail("the configuration says control.socket: off");
	memcpy(out->operate.socket, out->config.control.socket, sizeof(out->operate.socket));
	return JVPN_EXIT_OK;
}

static bool finish(const struct given *given, struct jvpn_cli_result *result, int *exit_code)
{
	struct jvpn_client_options *out = given->out;
	int rc;

	if (jvpn_operate_finish(&out->operate, result, &rc)) {
		*exit_code = rc ? fail(result->error) : finish_operate(&given->program, out);
		return *exit_code == JVPN_EXIT_OK;
	}
	out->command = (enum jvpn_client_command)result->command->id;
	*exit_code = load_all(given, out);
	if (*exit_code)
		return false;
	if (given->program.check)
		out->command = JVPN_CLIENT_CHECK;
	if (given->program.print_config)
		print_config(out);
	return !given->program.print_config;
}

bool jvpn_client_options_load(int argc, char **argv, struct jvpn_client_options *out,
			      int *exit_code)
{
	struct given given = {.out = out};
	struct jvpn_cli_result result;
	int rc;

	memset(out, 0, sizeof(*out));
	out->log_level = JVPN_LOG_INFO;
	*exit_code = JVPN_EXIT_OK;
	rc = jvpn_cli_parse(&cli, argc, argv, &given, &result);
	if (is_answered(&given.program, result.command))
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

int jvpn_client_options_reload_policy(const struct jvpn_client_options *options,
				      struct jvpn_policy *out, struct jvpn_report *report)
{
	return jvpn_program_load_policy(options->policy_path, out, report);
}

void jvpn_client_options_clear(struct jvpn_client_options *options)
{
	explicit_bzero(options->config.token, sizeof(options->config.token));
}
