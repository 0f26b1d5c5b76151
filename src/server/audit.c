/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Entries of the durable audit to lines. An entry is the event line with seq 0 (runtime/persist);
 * anything else in the store is damage.
 */
#include "server/audit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "runtime/process.h"
#include "store/store.h"

#define SEQ     "\"seq\":0,\"pid\":"
#define STARTED "\"event_type\":\"NodeStarted\""

struct export
{
	FILE *out;
	uint64_t pid, seq;
	uint64_t damaged; /* entries that are no event lines: left out */
};

/* memmem() within the entry. */
static const char *find(const char *text, size_t len, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(text + i, what, n) == 0)
			return text + i;
	return NULL;
}

static uint64_t read_pid(const char *at, const char *end)
{
	uint64_t pid = 0;

	for (; at < end && *at >= '0' && *at <= '9' && pid < UINT64_MAX / 16; at++)
		pid = pid * 10 + (uint64_t)(*at - '0');
	return pid;
}

static int print_entry(void *user, const struct jvpn_store_audit_entry *entry)
{
	struct export *e = user;
	const char *text = (const char *)entry->data, *end = text + entry->len;
	const char *seq = find(text, entry->len, SEQ);
	uint64_t pid;

	if (!seq || entry->len < 2 || text[0] != '{' || end[-1] != '}') {
		e->damaged++;
		return 0;
	}
	pid = read_pid(seq + strlen(SEQ), end);
	/* In a container each process may have the same pid. */
	if (pid != e->pid || find(text, entry->len, STARTED))
		e->seq = 0;
	e->pid = pid;
	e->seq++;
	fwrite(text, 1, (size_t)(seq - text), e->out);
	fprintf(e->out, "\"seq\":%" PRIu64 ",", e->seq);
	seq += strlen("\"seq\":0,");
	fwrite(seq, 1, (size_t)(end - seq), e->out);
	fputc('\n', e->out);
	return ferror(e->out) ? JVPN_EIO : 0;
}

int jvpn_server_audit_export(const char *path, FILE *out)
{
	static char error[JVPN_STORE_ERROR_MAX], text[JVPN_STORE_ERROR_MAX + 128];
	struct export e = {.out = out};
	int rv = jvpn_store_audit_file(path, 0, print_entry, &e, error);

	if (fflush(out) || ferror(out))
		return jvpn_process_fail(JVPN_EXIT_FAILURE, "the export cannot be written");
	if (e.damaged) /* said even when the file itself is the greater trouble */
		fprintf(stderr,
			"jvpn-server: %s: %" PRIu64 " entries of the audit are damaged: left out\n",
			path, e.damaged);
	if (!rv)
		return e.damaged ? JVPN_EXIT_ENVIRONMENT : JVPN_EXIT_OK;
	snprintf(text, sizeof(text), "%s", error[0] ? error : jvpn_err_text(rv));
	return jvpn_process_fail(rv == JVPN_EPERM ? JVPN_EXIT_PERMISSION : JVPN_EXIT_ENVIRONMENT,
				 text);
}
