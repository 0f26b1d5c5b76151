/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is said when a file of events cannot be read, and what to do about it; what output is taken.
 */
#include "server/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "runtime/process.h"

struct failure {
	int rv, code;
	const char *text;
};

static const struct failure failures[] = {
	{JVPN_ENOTFOUND, JVPN_EXIT_ENVIRONMENT,
	 "there is no such file (events.output in the configuration says where events go)"},
	{JVPN_EPERM, JVPN_EXIT_PERMISSION, "no permission to read it: be root, or copy it"},
	{JVPN_EFULL, JVPN_EXIT_ENVIRONMENT,
	 "too many open files: give fewer, or join them (cat FILE... | ... -)"},
	{JVPN_ENOMEM, JVPN_EXIT_FAILURE, "out of memory: give fewer files"},
	{JVPN_EIO, JVPN_EXIT_ENVIRONMENT, "it cannot be read (is it a file of events?)"},
};

int jvpn_server_audit_failed(int rv, const char *file)
{
	const struct failure *f = &failures[sizeof(failures) / sizeof(failures[0]) - 1];
	char text[512];

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].rv == rv)
			f = &failures[i];
	snprintf(text, sizeof(text), "%.300s: %s", file ? file : "audit", f->text);
	return jvpn_process_fail(f->code, text);
}

/* As setlocale() would find it. */
bool jvpn_server_audit_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return strstr(value, "UTF-8") || strstr(value, "utf8") ||
			       strstr(value, "utf-8") || strstr(value, "UTF8");
	}
	return false;
}
