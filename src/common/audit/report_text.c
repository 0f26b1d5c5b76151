/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The report as text.
 */
#include "audit/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/scale.h"

#define GUTTER 15
#define BAR    40

unsigned jvpn_report_order(const uint64_t by_reason[JVPN_REASON_COUNT],
			   uint8_t order[JVPN_REASON_COUNT])
{
	unsigned count = 0;

	for (int i = 0; i < JVPN_REASON_COUNT; i++) {
		unsigned at = count;

		if (!by_reason[i])
			continue;
		while (at > 0 && by_reason[order[at - 1]] < by_reason[i]) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = (uint8_t)i;
		count++;
	}
	return count;
}

static void put_title(FILE *out, const char *title)
{
	fprintf(out, "%-*s", GUTTER, title);
}

static void put_reasons(FILE *out, const char *title, const uint64_t *by_reason)
{
	uint8_t order[JVPN_REASON_COUNT];
	unsigned count = jvpn_report_order(by_reason, order);

	put_title(out, title);
	if (!count)
		fputs("none\n", out);
	for (unsigned i = 0; i < count; i++) {
		if (i)
			put_title(out, "");
		fprintf(out, "%10" PRIu64 "  %s\n", by_reason[order[i]],
			order[i] ? jvpn_reason_name((enum jvpn_reason)order[i]) : "(no reason)");
	}
}

static void put_times(FILE *out, const char *title, const struct jvpn_histogram *h,
		      const char *meaning)
{
	static const unsigned percents[] = {50, 95, 99, 100};
	char text[JVPN_SCALE_TEXT_MAX];

	put_title(out, title);
	fprintf(out, "%8" PRIu64, h->count);
	for (size_t i = 0; i < 4; i++) {
		if (h->count)
			jvpn_scale_micros(jvpn_histogram_percentile(h, percents[i]), text);
		else
			snprintf(text, sizeof(text), "-");
		fprintf(out, " %9s", text);
	}
	fprintf(out, "  %s\n", meaning);
}

static void put_bar(FILE *out, uint64_t v, uint64_t most, bool utf8)
{
	unsigned n = most ? (unsigned)((double)v / (double)most * BAR + 0.5) : 0;

	if (v && !n)
		n = 1;
	for (unsigned i = 0; i < n; i++)
		fputs(utf8 ? "█" : "#", out);
	fprintf(out, "%*s %" PRIu64 "\n", (int)(BAR - n), "", v);
}

static void put_histogram(FILE *out, const struct jvpn_histogram *h, bool utf8)
{
	unsigned first = 0, last = JVPN_HISTOGRAM_BARS;
	uint64_t most = 0;

	if (!h->count)
		return;
	while (!h->bar[first])
		first++;
	while (!h->bar[last - 1])
		last--;
	for (unsigned i = first; i < last; i++)
		most = h->bar[i] > most ? h->bar[i] : most;
	for (unsigned i = first; i < last; i++) {
		char bound[JVPN_SCALE_TEXT_MAX], text[64];

		jvpn_scale_duration(jvpn_histogram_bar_ms(i), bound);
		snprintf(text, sizeof(text), "up to %s", bound);
		put_title(out, i + 1 == JVPN_HISTOGRAM_BARS ? "longer" : text);
		put_bar(out, h->bar[i], most, utf8);
	}
}

static double per(double v, uint64_t n)
{
	return n ? v / (double)n : 0;
}

static void put_switches(FILE *out, const struct jvpn_figures_of *t)
{
	const char *least = t->at_least ? "at least " : "";

	put_title(out, "switches");
	fprintf(out, "%" PRIu64 ": %.2f a session, %.2f an hour of a session\n", t->switches,
		per((double)t->switches, t->sessions),
		per((double)t->switches * 3600000, jvpn_figures_session_ms(t)));
	put_title(out, "most of one");
	fprintf(out,
		"%" PRIu64 " in all, %s%" PRIu64 " within 60 s, %s%" PRIu64 " within an hour\n",
		t->most_of_session, least, t->most_in_minute, least, t->most_in_hour);
}

static void put_continuity(FILE *out, const struct jvpn_figures_of *t)
{
	char share[16];

	put_title(out, "continuity");
	jvpn_figures_continuity(t, share);
	if (t->survived + t->lost)
		fprintf(out, "%s (%" PRIu64 " of %" PRIu64 " disturbances)\n", share, t->survived,
			t->survived + t->lost);
	else
		fputs("no disturbance\n", out);
	if (!t->on_request && !t->undecided)
		return;
	put_title(out, "");
	fprintf(out, "not judged: %" PRIu64 " ended on request, %" PRIu64 " undecided\n",
		t->on_request, t->undecided);
}

static void put_states(FILE *out, const struct jvpn_figures_of *t)
{
	static const uint8_t order[] = {JVPN_STATE_ATTACHED, JVPN_STATE_VOLATILE,
					JVPN_STATE_RECOVERING, JVPN_STATE_DEGRADED};
	uint64_t whole = jvpn_figures_session_ms(t);
	char text[JVPN_SCALE_TEXT_MAX];

	for (size_t i = 0; i < sizeof(order); i++) {
		put_title(out, i ? "" : "time");
		jvpn_scale_duration(t->state_ms[order[i]], text);
		fprintf(out, "%-10s %7.3f %%  %12s\n", jvpn_state_name((enum jvpn_state)order[i]),
			per(100 * (double)t->state_ms[order[i]], whole), text);
	}
	if (!t->state_ms[JVPN_FIGURES_DOWN])
		return;
	put_title(out, "");
	jvpn_scale_duration(t->state_ms[JVPN_FIGURES_DOWN], text);
	fprintf(out, "%-10s %10s %12s  (not in the shares)\n", "node down", "", text);
}

static void put_tally(FILE *out, const struct jvpn_figures_of *t, bool utf8)
{
	put_title(out, "sessions");
	fprintf(out, "%" PRIu64 ": %" PRIu64 " born, %" PRIu64 " ended\n\n", t->sessions, t->born,
		t->ended);
	put_title(out, "");
	fprintf(out, "%8s %9s %9s %9s %9s\n", "n", "p50", "p95", "p99", "most");
	put_times(out, "latency", &t->latency, "both together");
	put_times(out, "detect_ms", &t->detect, "until decided");
	put_times(out, "recover_ms", &t->recover, "until moved");
	put_times(out, "away", &t->away, "not ATTACHED");
	fputs("\nlatency of switches\n", out);
	put_histogram(out, &t->latency, utf8);
	fputc('\n', out);
	put_switches(out, t);
	put_continuity(out, t);
	put_states(out, t);
	put_title(out, "replays");
	fprintf(out, "%" PRIu64 " refused\n", t->replays);
	put_title(out, "unauthorized");
	fprintf(out, "%" PRIu64 " attempts\n", t->unauthorized);
	fputc('\n', out);
	put_reasons(out, "switches by", t->switched);
	put_reasons(out, "limiter", t->limited);
	put_reasons(out, "denials", t->denied);
	put_reasons(out, "invalid", t->invalid);
	put_reasons(out, "terminations", t->terminated);
}

static void put_nodes(FILE *out, const struct jvpn_figures_result *r)
{
	char p95[JVPN_SCALE_TEXT_MAX], share[16];

	fprintf(out, "\n%-6s %-15s %8s %8s %9s %8s %7s %7s\n", "role", "node", "sessions",
		"switches", "p95", "contin.", "vol. %", "degr. %");
	for (unsigned i = 0; i < r->nodes; i++) {
		const struct jvpn_figures_of *t = r->node[i];
		uint64_t whole = jvpn_figures_session_ms(t);

		jvpn_scale_micros(jvpn_histogram_percentile(&t->latency, 95), p95);
		jvpn_figures_continuity(t, share);
		fprintf(out, "%-6s %-15.15s %8" PRIu64 " %8" PRIu64 " %9s %8s %7.3f %7.3f\n",
			t->role == JVPN_ROLE_SERVER ? "server" : "client", t->node, t->sessions,
			t->switches, t->latency.count ? p95 : "-", share,
			per(100 * (double)t->state_ms[JVPN_STATE_VOLATILE], whole),
			per(100 * (double)t->state_ms[JVPN_STATE_DEGRADED], whole));
	}
}

static void put_head(FILE *out, const struct jvpn_figures_result *r)
{
	const struct jvpn_figures_of *t = r->total;
	char from[JVPN_SCALE_TEXT_MAX], to[JVPN_SCALE_TEXT_MAX], span[JVPN_SCALE_TEXT_MAX];

	put_title(out, "lines");
	fprintf(out, "%" PRIu64 ", %" PRIu64 " of them damaged\n", r->lines, r->damaged);
	if (!r->nodes)
		return;
	put_title(out, "judged by");
	fprintf(out, "the %s\n", t->role == JVPN_ROLE_SERVER ? "servers" : "clients");
	jvpn_scale_instant(t->first_ms, from);
	jvpn_scale_instant(t->last_ms, to);
	jvpn_scale_duration(t->last_ms - t->first_ms, span);
	put_title(out, "time");
	fprintf(out, "%s to %s UTC\n", from, to);
	put_title(out, "length");
	fprintf(out, "%s\n", span);
	put_title(out, "stream");
	fprintf(out, "%" PRIu64 " lines missing, %" PRIu64 " more announced as dropped\n",
		t->lines_missing, t->lines_announced);
	if (r->untracked)
		fprintf(out, "%" PRIu64 " events are of sessions beyond %u at one time\n",
			r->untracked, JVPN_FIGURES_SESSIONS_MAX);
}

void jvpn_report_text(const struct jvpn_figures_result *r, bool utf8, FILE *out)
{
	put_head(out, r);
	if (!r->nodes)
		return;
	put_tally(out, r->total, utf8);
	if (r->nodes > 1)
		put_nodes(out, r);
}
