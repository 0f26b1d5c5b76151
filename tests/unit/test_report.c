/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of audit/report: what is printed of a known life, of nothing, and of hostile names.
 */
#include "audit/report.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "trail_fixture.h"
#include "unit.h"

static struct jvpn_figures *f;
static struct jvpn_figures_result r;
static struct jvpn_trail_handler handler;
static char *text;
static size_t len;

static void setup(void)
{
	ck_assert_int_eq(jvpn_figures_new(&f), 0);
	handler = jvpn_figures_handler(f);
}

static void teardown(void)
{
	jvpn_figures_free(f);
	free(text);
	text = NULL;
}

enum form { FORM_TEXT, FORM_UTF8, FORM_JSON, FORM_HTML };

static void print(enum form form)
{
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(out);
	if (form == FORM_JSON)
		jvpn_report_json(&r, out);
	else if (form == FORM_HTML)
		jvpn_report_html(&r, out);
	else
		jvpn_report_text(&r, form == FORM_UTF8, out);
	ck_assert_int_eq(fclose(out), 0);
}

START_TEST(report__known_life__as_in_the_files)
{
	trail_read_golden(&handler);
	jvpn_figures_end(f, &r);
	print(FORM_UTF8);
	trail_check("report.txt", text, len);
	print(FORM_TEXT);
	trail_check("report.ascii", text, len);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		ck_assert_uint_le(strcspn(line, "\n"), 80);
	print(FORM_JSON);
	trail_check("report.json", text, len);
	print(FORM_HTML);
	trail_check("report.html", text, len);
}
END_TEST

START_TEST(report__nothing__whole_documents)
{
	cJSON *json;

	jvpn_figures_end(f, &r);
	print(FORM_JSON);
	json = cJSON_Parse(text);
	ck_assert_ptr_nonnull(json);
	cJSON_Delete(json);
	print(FORM_HTML);
	ck_assert_ptr_nonnull(strstr(text, "</html>"));
	print(FORM_TEXT);
	ck_assert_ptr_nonnull(strstr(text, "lines"));
}
END_TEST

/* Every list of reasons as long as it can be, in 64 nodes with names that mean something elsewhere. */
START_TEST(report__all_reasons_of_hostile_nodes__fits_and_is_escaped)
{
	struct jvpn_trail_place place = {.file = "test", .line = 1};
	static struct jvpn_trail_line line;
	cJSON *json;

	line = (struct jvpn_trail_line){.role = JVPN_ROLE_SERVER, .seq = 1, .pid = 1};
	for (int n = 0; n < 80; n++) {
		snprintf(line.node, sizeof(line.node),
			 "</script><b>&\"'%d--------------------------------", n);
		for (int reason = 0; reason < JVPN_REASON_COUNT; reason++) {
			static const enum jvpn_audit_type types[] = {
				JVPN_AUDIT_TRANSPORT_SWITCH, JVPN_AUDIT_RATE_LIMITED,
				JVPN_AUDIT_REATTACH_RESULT, JVPN_AUDIT_SECURITY_VALIDATION_FAILED,
				JVPN_AUDIT_SESSION_TERMINATED};

			line.event.reason = (enum jvpn_reason)reason;
			line.event.has = JVPN_HAS_COUNT;
			line.event.count = UINT64_MAX / 100000;
			for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
				line.event.type = types[t];
				ck_assert_int_eq(handler.event(handler.user, &place, &line), 0);
			}
		}
	}
	jvpn_figures_end(f, &r);
	print(FORM_JSON);
	json = cJSON_Parse(text);
	ck_assert_ptr_nonnull(json);
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "nodes")),
			 JVPN_FIGURES_NODES_MAX);
	cJSON_Delete(json);
	print(FORM_HTML);
	ck_assert_ptr_null(strstr(text, "<b>&"));
	ck_assert_ptr_null(strstr(text, "<script"));
	ck_assert_ptr_null(strstr(text, "nan"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;/script&gt;&lt;b&gt;&amp;&quot;&#39;0--"));
}
END_TEST

UNIT_TESTS(report)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, report__known_life__as_in_the_files);
	tcase_add_test(tc, report__nothing__whole_documents);
	tcase_add_test(tc, report__all_reasons_of_hostile_nodes__fits_and_is_escaped);
}
