/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "audit verify": policies in, violations out.
 */
#include "server/audit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/verify.h"
#include "base/err.h"
#include "config/policy_file.h"
#include "obs/json.h"
#include "runtime/process.h"

#define SHOWN_MAX 1000

struct output {
	bool json;
	uint64_t shown;
};

static void put_json(const struct jvpn_json *j)
{
	fwrite(j->out, 1, j->len, stdout);
}

static void print_violation(void *user, const struct jvpn_trail_place *place, const char *invariant,
			    const char *text)
{
	struct output *out = user;
	static char buffer[16384];
	struct jvpn_json j;

	if (out->shown++ >= SHOWN_MAX)
		return;
	if (!out->json) {
		printf("%s:%" PRIu64 ": %s: %s\n", place->file, place->line, invariant, text);
		return;
	}
	jvpn_json_init(&j, buffer, sizeof(buffer));
	jvpn_json_open(&j, NULL, '{');
	jvpn_json_text(&j, "file", place->file);
	jvpn_json_uint(&j, "line", place->line);
	jvpn_json_text(&j, "invariant", invariant);
	jvpn_json_text(&j, "text", text);
	jvpn_json_close(&j, '}');
	if (j.full)
		return;
	fputs(out->shown > 1 ? "," : "", stdout);
	put_json(&j);
}

static void print_text(const struct jvpn_trail_summary *sum)
{
	if (sum->violations > SHOWN_MAX)
		printf("... and %" PRIu64 " more\n", sum->violations - SHOWN_MAX);
	for (size_t i = 0; i < sum->unproven_count; i++)
		printf("policy %s is not known (--policy): I4 to I6 are not proven for %" PRIu64
		       " events\n",
		       sum->unproven[i].version, sum->unproven[i].events);
	if (sum->headless)
		printf("%" PRIu64 " of the nodes begin in the middle: %" PRIu64
		       " lines before are not there, and nothing is proven for them\n",
		       sum->headless, sum->headless_lines);
	printf("%" PRIu64 " lines, %" PRIu64 " events, %" PRIu64 " sessions, %" PRIu64
	       " nodes: %" PRIu64 " violations of I1 to I7 and I12\n",
	       sum->lines, sum->events, sum->sessions, sum->nodes, sum->violations);
}

static void print_json(const struct jvpn_trail_summary *sum)
{
	static char buffer[8192];
	struct jvpn_json j;

	jvpn_json_init(&j, buffer, sizeof(buffer));
	jvpn_json_open(&j, NULL, '{');
	jvpn_json_uint(&j, "lines", sum->lines);
	jvpn_json_uint(&j, "events", sum->events);
	jvpn_json_uint(&j, "sessions", sum->sessions);
	jvpn_json_uint(&j, "nodes", sum->nodes);
	jvpn_json_uint(&j, "violation_count", sum->violations);
	jvpn_json_uint(&j, "headless_nodes", sum->headless);
	jvpn_json_uint(&j, "headless_lines", sum->headless_lines);
	jvpn_json_open(&j, "unproven", '{');
	for (size_t i = 0; i < sum->unproven_count; i++)
		jvpn_json_uint(&j, sum->unproven[i].version, sum->unproven[i].events);
	jvpn_json_close(&j, '}');
	jvpn_json_close(&j, '}');
	fputs("],\"summary\":", stdout);
	put_json(&j);
	fputs("}\n", stdout);
}

static int load_policy(struct jvpn_trail_verify *v, const char *path)
{
	struct jvpn_report *report = jvpn_report_new();
	struct jvpn_policy policy;
	int rv, code = JVPN_EXIT_OK;

	if (!report)
		return jvpn_process_fail(JVPN_EXIT_FAILURE, jvpn_err_text(JVPN_ENOMEM));
	rv = jvpn_policy_file_load(path, &policy, report);
	if (rv) {
		jvpn_report_print(report, "jvpn-server", stderr);
		code = report->exit_code ? report->exit_code : JVPN_EXIT_CONFIG;
	} else if (jvpn_trail_verify_policy(v, &policy)) {
		code = jvpn_process_fail(JVPN_EXIT_CONFIG, "too many policies");
	}
	jvpn_report_free(report);
	return code;
}

static int run(struct jvpn_trail_verify *v, const struct jvpn_server_audit *audit)
{
	static struct jvpn_trail_summary sum;
	struct jvpn_trail_handler handler = jvpn_trail_verify_handler(v);
	const char *failed = NULL;
	int rv;

	for (size_t i = 0; i < audit->policy_count; i++) {
		int code = load_policy(v, audit->policy[i]);

		if (code)
			return code;
	}
	if (audit->json)
		fputs("{\"violations\":[", stdout);
	rv = jvpn_trail_read(audit->files, audit->file_count, &handler, &failed);
	if (rv)
		return jvpn_server_audit_failed(rv, failed);
	jvpn_trail_verify_finish(v, &sum);
	if (audit->json)
		print_json(&sum);
	else
		print_text(&sum);
	if (fflush(stdout) || ferror(stdout))
		return jvpn_process_fail(JVPN_EXIT_FAILURE, "the result cannot be written");
	return sum.violations ? JVPN_EXIT_FAILURE : JVPN_EXIT_OK;
}

int jvpn_server_audit_verify(const struct jvpn_server_audit *audit)
{
	struct output out = {.json = audit->json};
	struct jvpn_trail_config config = {
		.early_ms = audit->early_ms,
		.late_ms = audit->late_ms,
		.from_start = audit->from_start,
		.user = &out,
		.violation = print_violation,
	};
	struct jvpn_trail_verify *v = NULL;
	int rv = jvpn_trail_verify_new(&config, &v), code;

	if (rv)
		return jvpn_server_audit_failed(rv, NULL);
	code = run(v, audit);
	jvpn_trail_verify_free(v);
	return code;
}
