/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "audit report": evaluation figures as text, JSON or a page.
 */
#include "server/audit.h"

#include "audit/report.h"
#include "base/err.h"
#include "runtime/process.h"

static int print(const struct jvpn_server_audit *audit, struct jvpn_figures *figures)
{
	struct jvpn_trail_handler handler = jvpn_figures_handler(figures);
	static struct jvpn_figures_result result;
	const char *failed = NULL;
	int rv = jvpn_trail_read(audit->files, audit->file_count, &handler, &failed);

	if (rv)
		return jvpn_server_audit_failed(rv, failed);
	jvpn_figures_end(figures, &result);
	if (!result.nodes)
		return jvpn_process_fail(JVPN_EXIT_FAILURE,
					 result.lines ? "no line is an event: are these files of "
							"events?"
						      : "there is no line in it");
	if (audit->json)
		jvpn_report_json(&result, stdout);
	else if (audit->html)
		jvpn_report_html(&result, stdout);
	else
		jvpn_report_text(&result, jvpn_server_audit_utf8(), stdout);
	if (fflush(stdout) || ferror(stdout))
		return jvpn_process_fail(JVPN_EXIT_FAILURE, "the report cannot be written");
	return JVPN_EXIT_OK;
}

int jvpn_server_audit_report(const struct jvpn_server_audit *audit)
{
	struct jvpn_figures *figures = NULL;
	int rv = jvpn_figures_new(&figures), code;

	if (rv)
		return jvpn_server_audit_failed(rv, NULL);
	code = print(audit, figures);
	jvpn_figures_free(figures);
	return code;
}
