/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The common part of both command lines.
 */
#include "config/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/policy_file.h"

bool jvpn_program_take(struct jvpn_program *program, int letter, const char *value)
{
	switch (letter) {
	case 'c':
		program->config = value;
		return true;
	case JVPN_OPT_POLICY:
		program->policy = value;
		return true;
	case JVPN_OPT_EVENTS:
		program->events = value;
		return true;
	case 's':
		program->socket = value;
		return true;
	case 't':
		program->check = true;
		return true;
	case JVPN_OPT_PRINT_CONFIG:
		program->print_config = true;
		return true;
	case 'v':
		program->verbosity++;
		return true;
	case 'q':
		program->verbosity--;
		return true;
	case 'V':
		program->version = true;
		return true;
	case 'h':
		program->help = true;
		return true;
	}
	return false;
}

const char *jvpn_program_choose(const char *given, const char *variable, const char *fallback)
{
	const char *value = getenv(variable);

	if (given)
		return given;
	return value && value[0] ? value : fallback;
}

int jvpn_program_log_level(const struct jvpn_program *program, int level)
{
	level += program->verbosity;
	if (level < JVPN_LOG_ERROR)
		return JVPN_LOG_ERROR;
	return level > JVPN_LOG_DEBUG ? JVPN_LOG_DEBUG : level;
}

void jvpn_program_print_version(const struct jvpn_program *program, const char *name,
				const char *features, FILE *stream)
{
	fprintf(stream, "%s %s\n", name, PACKAGE_VERSION);
#ifdef JVPN_DEBUG
	fputs("built with --enable-debug: debug.keylog can write the TLS secrets to a file\n",
	      stream);
#endif
	if (program->verbosity > 0)
		fprintf(stream, "%s\n", features);
}

int jvpn_program_load_policy(const char *path, struct jvpn_policy *out, struct jvpn_report *report)
{
	if (path && path[0])
		return jvpn_policy_file_load(path, out, report);
	jvpn_policy_init(out);
	return 0;
}

void jvpn_program_node_id(char *out, size_t size)
{
	if (gethostname(out, size) != 0)
		out[0] = '\0';
	out[size - 1] = '\0';
	for (char *c = out; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || strchr("._-", *c)))
			*c = '-';
	if (!out[0])
		snprintf(out, size, "jvpn");
}
