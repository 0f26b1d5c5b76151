/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines of event streams: what parses is bounded, printable, and prints as a line that parses to the same
 * event; what does not says why. What parsed is replayed, drawn and counted: the prover, the pictures
 * and the reports must stand anything.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/report.h"
#include "audit/timeline.h"
#include "audit/verify.h"
#include "obs/event_json.h"
#include "obs/event_spec.h"

static void ignore(void *user, const struct jvpn_trail_place *place, const char *invariant,
		   const char *text)
{
	(void)user;
	(void)place;
	FUZZ_CHECK(invariant[0] && text[0]);
}

static void check_again(const struct jvpn_trail_line *line)
{
	static struct jvpn_trail_line again;
	struct jvpn_event_context context = {
		.wall_ms = line->ts_ms,
		.seq = line->seq,
		.pid = line->pid,
		.node_id = line->node,
		.role = line->role == JVPN_ROLE_SERVER ? "server" : "client",
		.policy_version = line->policy,
		.previous_policy_version = "none",
	};
	char text[JVPN_EVENT_LINE_MAX];
	const struct jvpn_event_spec *spec = jvpn_event_spec_get(line->event.type);
	/* A member that the type does not have is read, and not written. */
	bool has_reason = (spec->required | spec->optional) & JVPN_HAS_REASON;
	const char *why = NULL;
	size_t n = jvpn_event_encode(&line->event, &context, text, sizeof(text));

	if (!n)
		return;
	FUZZ_CHECK(jvpn_trail_line_parse(text, n - 1, &again, &why) == 0);
	FUZZ_CHECK(again.ts_ms == line->ts_ms && again.seq == line->seq &&
		   again.event.type == line->event.type &&
		   again.event.reason == (has_reason ? line->event.reason : JVPN_REASON_NONE));
}

static void replay(const uint8_t *data, size_t len, struct jvpn_trail_handler *handler)
{
	static struct jvpn_trail_line line;
	struct jvpn_trail_place place = {.file = "fuzz"};
	const char *why = NULL;

	while (len) {
		const uint8_t *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		place.line++;
		if (jvpn_trail_line_parse((const char *)data, n, &line, &why) == 0) {
			check_again(&line);
			FUZZ_CHECK(handler->event(handler->user, &place, &line) == 0);
		} else {
			FUZZ_CHECK(why != NULL);
			handler->damage(handler->user, &place, why);
		}
		data += n + (end != NULL);
		len -= n + (end != NULL);
	}
}

static void check_text(const char *text, size_t len, size_t width, bool markup)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		column = text[i] == '\n' ? 0 : column + 1;
		FUZZ_CHECK(text[i] == '\n' || (text[i] >= ' ' && text[i] != 127));
		FUZZ_CHECK(markup || column <= width);
	}
}

/* The corpus's session, as text and as SVG. */
static void draw(const uint8_t *data, size_t len)
{
	static struct jvpn_picture picture;
	struct jvpn_timeline_style style = {.width = 80};
	struct jvpn_story story;
	struct jvpn_trail_handler handler;
	char *text = NULL;
	size_t size = 0;
	FILE *out = NULL;
	int rv;

	if (jvpn_story_init(&story, "5"))
		return;
	handler = jvpn_story_handler(&story);
	replay(data, len, &handler);
	rv = jvpn_story_end(&story);
	if (rv == 0 && jvpn_picture_make(&picture, &story) == 0)
		out = open_memstream(&text, &size);
	if (out) {
		FUZZ_CHECK(jvpn_timeline_print(&picture, &style, out) == 0);
		fflush(out);
		check_text(text, size, 80, false);
		FUZZ_CHECK(jvpn_timeline_svg(&picture, 0, out) == 0);
		fclose(out);
	}
	free(text);
	if (rv == 0)
		jvpn_picture_clear(&picture);
	jvpn_story_clear(&story);
}

/* Every form of the report. */
static void report(const uint8_t *data, size_t len)
{
	static struct jvpn_figures_result result;
	struct jvpn_figures *figures;
	struct jvpn_trail_handler handler;
	char *text = NULL;
	size_t size = 0;
	FILE *out = NULL;

	if (jvpn_figures_new(&figures))
		return;
	handler = jvpn_figures_handler(figures);
	replay(data, len, &handler);
	jvpn_figures_end(figures, &result);
	out = open_memstream(&text, &size);
	if (out) {
		jvpn_report_text(&result, false, out);
		jvpn_report_json(&result, out);
		jvpn_report_html(&result, out);
		fclose(out);
		check_text(text, size, 0, true);
	}
	free(text);
	jvpn_figures_free(figures);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct jvpn_trail_summary sum;
	struct jvpn_trail_config config = {.late_ms = 1000, .violation = ignore};
	struct jvpn_trail_handler handler;
	struct jvpn_trail_verify *v;

	if (jvpn_trail_verify_new(&config, &v))
		return 0;
	handler = jvpn_trail_verify_handler(v);
	replay(data, len, &handler);
	jvpn_trail_verify_finish(v, &sum);
	jvpn_trail_verify_free(v);
	draw(data, len);
	report(data, len);
	return 0;
}
