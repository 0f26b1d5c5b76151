/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The report as a page. Each plot has a description with its numbers.
 */
#include "audit/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "audit/scale.h"
#include "audit/svg.h"

#define WIDTH       928.0
#define PLOT_LEFT   44.0
#define PLOT_TOP    44.0
#define PLOT_HEIGHT 150.0
#define REASON_ROW  22.0
#define REASON_LEFT 220.0

static const char page_style[] =
	"body{margin:0;background:#ffffff;color:#1f2328;font:14px/1.5 -apple-system,'Segoe UI',"
	"'Noto Sans','DejaVu Sans',Helvetica,Arial,sans-serif}\n"
	"main{max-width:928px;margin:0 auto;padding:24px 16px}\n"
	"h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;margin:28px 0 8px}\n"
	"p{margin:0 0 8px;color:#59636e}\n"
	".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:12px;"
	"margin:16px 0}\n"
	".tile{background:#f6f8fa;border-radius:6px;padding:10px 14px}\n"
	".tile b{display:block;font-size:22px;font-weight:600;line-height:1.3}\n"
	".tile span{color:#59636e;font-size:12px}\n"
	"table{border-collapse:collapse;width:100%;font-size:13px}\n"
	"th,td{text-align:right;padding:4px 8px;border-bottom:1px solid #d1d9e0}\n"
	"th:first-child,td:first-child,.left{text-align:left}\n"
	"th{font-weight:600}svg{max-width:100%;height:auto}\n"
	".scroll{overflow-x:auto}\n"
	"@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}"
	"p,.tile span{color:#9198a1}.tile{background:#151b23}"
	"th,td{border-bottom-color:#3d444d}}\n";

__attribute__((format(printf, 2, 3))) static void say(FILE *out, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	jvpn_svg_escape(out, text);
}

static double per(double v, uint64_t n)
{
	return n ? v / (double)n : 0;
}

static uint64_t largest(const uint64_t *v, unsigned count)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < count; i++)
		most = v[i] > most ? v[i] : most;
	return most;
}

/* --- tiles --- */

static void put_tile(FILE *out, const char *value, const char *label)
{
	fputs("<div class=\"tile\"><b>", out);
	jvpn_svg_escape(out, value);
	fputs("</b><span>", out);
	jvpn_svg_escape(out, label);
	fputs("</span></div>\n", out);
}

static void put_tiles(FILE *out, const struct jvpn_figures_of *t)
{
	char text[JVPN_SCALE_TEXT_MAX + 8], label[128];

	fputs("<div class=\"tiles\">\n", out);
	jvpn_figures_continuity(t, text);
	snprintf(label, sizeof(label), "continuity: %" PRIu64 " of %" PRIu64 " disturbances",
		 t->survived, t->survived + t->lost);
	put_tile(out, t->survived + t->lost ? text : "no disturbance", label);
	jvpn_scale_micros(jvpn_histogram_percentile(&t->latency, 95), text);
	snprintf(label, sizeof(label), "latency of a switch, p95 of %" PRIu64, t->latency.count);
	put_tile(out, t->latency.count ? text : "no switch", label);
	snprintf(text, sizeof(text), "%.2f",
		 per((double)t->switches * 3600000, jvpn_figures_session_ms(t)));
	put_tile(out, text, "switches an hour of a session");
	snprintf(text, sizeof(text), "%" PRIu64, t->sessions);
	snprintf(label, sizeof(label), "sessions, %" PRIu64 " ended", t->ended);
	put_tile(out, text, label);
	snprintf(text, sizeof(text), "%" PRIu64, t->replays);
	put_tile(out, text, "replays refused");
	snprintf(text, sizeof(text), "%" PRIu64, jvpn_figures_sum(t->limited));
	put_tile(out, text, "times a limiter refused something");
	fputs("</div>\n", out);
}

/* --- a plot of bars --- */

struct plot {
	struct jvpn_svg svg;
	double step; /* of one bar */
	uint64_t most;
};

static void begin_plot(struct plot *p, FILE *out, const char *id, double height)
{
	struct jvpn_svg_box size = {0, 0, WIDTH, height};

	jvpn_svg_begin(&p->svg, out, id, &size);
}

static double bar_height(const struct plot *p, uint64_t v, double height)
{
	return p->most ? (double)v / (double)p->most * height : 0;
}

/* Where a time is among bars whose bounds grow like a logarithm. */
static double place_of(uint64_t us, unsigned first)
{
	double ms = (double)us / 1000, low, high;
	unsigned bar = 0;

	while (bar + 2 < JVPN_HISTOGRAM_BARS && ms > (double)jvpn_histogram_bar_ms(bar))
		bar++;
	high = (double)jvpn_histogram_bar_ms(bar);
	if (ms > high)
		return bar + 1.5 - first; /* longer than all bounds */
	low = bar ? (double)jvpn_histogram_bar_ms(bar - 1) : high / 10;
	if (ms < low)
		ms = low;
	return bar - first + log(ms / low) / log(high / low);
}

static void put_marker(struct plot *p, const struct jvpn_histogram *h, unsigned percent,
		       unsigned first)
{
	uint64_t us = jvpn_histogram_percentile(h, percent);
	double x = PLOT_LEFT + place_of(us, first) * p->step;
	/* three of them may be close together */
	double y = percent == 50 ? 12 : percent == 95 ? 24 : 36;
	struct jvpn_svg_box line = {x, y - 9, 0, PLOT_TOP + PLOT_HEIGHT - y + 9};
	char name[16], tip[JVPN_SCALE_TEXT_MAX + 16], time[JVPN_SCALE_TEXT_MAX];

	jvpn_scale_micros(us, time);
	snprintf(name, sizeof(name), "p%u", percent);
	snprintf(tip, sizeof(tip), "%s %s", name, time);
	jvpn_svg_line(&p->svg, "mark", &line);
	jvpn_svg_text(&p->svg, x > WIDTH - 120 ? "tiny end" : "tiny",
		      x > WIDTH - 120 ? x - 4 : x + 4, y, tip);
}

static void describe_histogram(FILE *out, const struct jvpn_histogram *h, const char *id)
{
	char bound[JVPN_SCALE_TEXT_MAX];

	fprintf(out, "<title id=\"%st\">Latency of switches</title>\n<desc id=\"%sd\">", id, id);
	for (unsigned i = 0; i < JVPN_HISTOGRAM_BARS; i++) {
		if (!h->bar[i])
			continue;
		jvpn_scale_duration(jvpn_histogram_bar_ms(i), bound);
		say(out, "%s %s: %" PRIu64 ". ", i + 1 < JVPN_HISTOGRAM_BARS ? "Up to" : "Longer",
		    i + 1 < JVPN_HISTOGRAM_BARS ? bound : "", h->bar[i]);
	}
	fputs("</desc>\n", out);
}

static void put_bars(struct plot *p, const struct jvpn_histogram *h, unsigned first, unsigned last)
{
	char bound[JVPN_SCALE_TEXT_MAX], text[80];
	struct jvpn_svg_box axis = {PLOT_LEFT, PLOT_TOP + PLOT_HEIGHT, p->step * (last - first), 0};

	for (unsigned i = first; i < last; i++) {
		double height = bar_height(p, h->bar[i], PLOT_HEIGHT - 16);
		struct jvpn_svg_box bar = {PLOT_LEFT + p->step * (i - first) + 2,
					   PLOT_TOP + PLOT_HEIGHT - height, p->step - 4, height};

		jvpn_scale_duration(jvpn_histogram_bar_ms(i), bound);
		if (i + 1 == JVPN_HISTOGRAM_BARS)
			snprintf(bound, sizeof(bound), "longer");
		snprintf(text, sizeof(text), "up to %s: %" PRIu64, bound, h->bar[i]);
		if (h->bar[i])
			jvpn_svg_rect(&p->svg, "bar", &bar, text);
		snprintf(text, sizeof(text), "%" PRIu64, h->bar[i]);
		if (h->bar[i])
			jvpn_svg_text(&p->svg, "tiny middle", bar.x + bar.width / 2, bar.y - 4,
				      text);
		jvpn_svg_text(&p->svg, "tiny soft middle", PLOT_LEFT + p->step * (i - first + 1),
			      PLOT_TOP + PLOT_HEIGHT + 15, bound);
	}
	jvpn_svg_line(&p->svg, "axis", &axis);
}

static void put_histogram(FILE *out, const struct jvpn_histogram *h)
{
	unsigned first = 0, last = JVPN_HISTOGRAM_BARS;
	struct plot p;

	if (!h->count) {
		fputs("<p>No switch.</p>\n", out);
		return;
	}
	while (!h->bar[first])
		first++;
	while (!h->bar[last - 1])
		last--;
	first = first ? first - 1 : 0;
	last = last < JVPN_HISTOGRAM_BARS ? last + 1 : last;
	p.step = (WIDTH - PLOT_LEFT - 60) / (last - first);
	p.step = p.step < 110 ? p.step : 110;
	p.most = largest(h->bar, JVPN_HISTOGRAM_BARS);
	begin_plot(&p, out, "hist", PLOT_TOP + PLOT_HEIGHT + 24);
	describe_histogram(out, h, "hist");
	put_bars(&p, h, first, last);
	put_marker(&p, h, 50, first);
	put_marker(&p, h, 95, first);
	put_marker(&p, h, 99, first);
	jvpn_svg_end(&p.svg);
}

/* --- time in states --- */

static const uint8_t states[] = {JVPN_STATE_ATTACHED, JVPN_STATE_VOLATILE, JVPN_STATE_RECOVERING,
				 JVPN_STATE_DEGRADED};

static void put_states(FILE *out, const struct jvpn_figures_of *t)
{
	uint64_t whole = jvpn_figures_session_ms(t);
	char text[128], time[JVPN_SCALE_TEXT_MAX];
	double x = 0, at = 0;
	struct plot p;

	begin_plot(&p, out, "share", 58);
	fputs("<title id=\"sharet\">Time in each state</title>\n<desc id=\"shared\">", out);
	for (size_t i = 0; i < sizeof(states); i++)
		say(out, "%s %.3f %%. ", jvpn_state_name((enum jvpn_state)states[i]),
		    per(100 * (double)t->state_ms[states[i]], whole));
	fputs("</desc>\n", out);
	for (size_t i = 0; i < sizeof(states); i++) {
		const char *name = jvpn_state_name((enum jvpn_state)states[i]);
		double share = per((double)t->state_ms[states[i]], whole);
		struct jvpn_svg_box bar = {x, 4, share * WIDTH, 24};
		struct jvpn_svg_box key = {at, 40, 14, 10};

		jvpn_scale_duration(t->state_ms[states[i]], time);
		snprintf(text, sizeof(text), "%s %s, %.3f %%", name, time, share * 100);
		if (t->state_ms[states[i]])
			jvpn_svg_rect(&p.svg, name, &bar, text);
		jvpn_svg_rect(&p.svg, name, &key, NULL);
		jvpn_svg_text(&p.svg, "small", at + 19, 49, text);
		x += bar.width;
		at += WIDTH / 4;
	}
	jvpn_svg_end(&p.svg);
}

/* --- what happened when --- */

static void put_strip(struct plot *p, const struct jvpn_activity *a, const uint64_t *bin,
		      const char *title, double top)
{
	struct jvpn_svg_box base = {PLOT_LEFT + 60, top + 50, WIDTH - PLOT_LEFT - 68, 0};
	char text[128], from[JVPN_SCALE_TEXT_MAX], most[24];

	p->most = largest(bin, JVPN_ACTIVITY_BINS);
	jvpn_svg_text(&p->svg, "small soft end", PLOT_LEFT + 50, top + 48, title);
	snprintf(most, sizeof(most), "%" PRIu64, p->most);
	jvpn_svg_text(&p->svg, "tiny soft end", PLOT_LEFT + 50, top + 18, most);
	jvpn_svg_line(&p->svg, "grid", &base);
	for (unsigned i = 0; i < JVPN_ACTIVITY_BINS; i++) {
		double height = bar_height(p, bin[i], 40);
		struct jvpn_svg_box bar = {base.x + p->step * i, top + 50 - height,
					   p->step > 3 ? p->step - 1 : p->step, height};

		if (!bin[i])
			continue;
		jvpn_scale_instant(a->from_ms + i * a->width_ms, from);
		snprintf(text, sizeof(text), "%s: %" PRIu64, from, bin[i]);
		jvpn_svg_rect(&p->svg, "bar", &bar, text);
	}
}

static void put_activity(FILE *out, const struct jvpn_activity *a)
{
	unsigned last = jvpn_activity_used(a);
	char from[JVPN_SCALE_TEXT_MAX], to[JVPN_SCALE_TEXT_MAX], width[JVPN_SCALE_TEXT_MAX];
	char text[160];
	struct plot p;

	if (!last) {
		fputs("<p>Nothing.</p>\n", out);
		return;
	}
	p.step = (WIDTH - PLOT_LEFT - 68) / (last > 20 ? last : 20);
	begin_plot(&p, out, "act", 200);
	jvpn_scale_instant(a->from_ms, from);
	jvpn_scale_instant(a->from_ms + last * a->width_ms, to);
	jvpn_scale_duration(a->width_ms, width);
	snprintf(text, sizeof(text), "From %s to %s UTC, in bars of %s", from, to, width);
	jvpn_svg_describe(&p.svg, "act", "What happened when", text);
	put_strip(&p, a, a->bin[JVPN_ACTIVITY_DISTURBANCES], "disturbances", 0);
	put_strip(&p, a, a->bin[JVPN_ACTIVITY_SWITCHES], "switches", 58);
	put_strip(&p, a, a->bin[JVPN_ACTIVITY_DENIALS], "denials", 116);
	jvpn_svg_text(&p.svg, "tiny soft", PLOT_LEFT + 60, 188, text);
	jvpn_svg_end(&p.svg);
}

/* --- by reason --- */

static void put_reasons(FILE *out, const char *title, const char *id, const uint64_t *by_reason)
{
	uint8_t order[JVPN_REASON_COUNT];
	unsigned count = jvpn_report_order(by_reason, order);
	struct plot p;
	char text[32];

	fputs("<h2>", out);
	jvpn_svg_escape(out, title);
	fputs("</h2>\n", out);
	if (!count) {
		fputs("<p>None.</p>\n", out);
		return;
	}
	p.most = by_reason[order[0]];
	begin_plot(&p, out, id, count * REASON_ROW + 4);
	fprintf(out, "<title id=\"%st\">", id);
	jvpn_svg_escape(out, title);
	fprintf(out, "</title>\n<desc id=\"%sd\">", id);
	for (unsigned i = 0; i < count; i++)
		say(out, "%s %" PRIu64 ". ", jvpn_reason_name((enum jvpn_reason)order[i]),
		    by_reason[order[i]]);
	fputs("</desc>\n", out);
	for (unsigned i = 0; i < count; i++) {
		double width = bar_height(&p, by_reason[order[i]], WIDTH - REASON_LEFT - 80);
		struct jvpn_svg_box bar = {REASON_LEFT, i * REASON_ROW + 4, width < 2 ? 2 : width,
					   14};

		jvpn_svg_text(&p.svg, "small end", REASON_LEFT - 8, bar.y + 11,
			      order[i] ? jvpn_reason_name((enum jvpn_reason)order[i])
				       : "(no reason)");
		jvpn_svg_rect(&p.svg, "bar", &bar, NULL);
		snprintf(text, sizeof(text), "%" PRIu64, by_reason[order[i]]);
		jvpn_svg_text(&p.svg, "small", bar.x + bar.width + 6, bar.y + 11, text);
	}
	jvpn_svg_end(&p.svg);
}

/* --- tables --- */

static void put_times(FILE *out, const char *title, const struct jvpn_histogram *h)
{
	static const unsigned percents[] = {50, 95, 99, 100};
	char text[JVPN_SCALE_TEXT_MAX];

	fprintf(out, "<tr><td>%s</td><td>%" PRIu64 "</td>", title, h->count);
	for (size_t i = 0; i < 4; i++) {
		jvpn_scale_micros(jvpn_histogram_percentile(h, percents[i]), text);
		fprintf(out, "<td>%s</td>", h->count ? text : "-");
	}
	fputs("</tr>\n", out);
}

static void put_latencies(FILE *out, const struct jvpn_figures_of *t)
{
	fputs("<div class=\"scroll\"><table>\n<tr><th></th><th>n</th><th>p50</th><th>p95</th>"
	      "<th>p99</th><th>most</th></tr>\n",
	      out);
	put_times(out, "latency: from the last good packet to the commit", &t->latency);
	put_times(out, "detect_ms: from the last good packet to the decision", &t->detect);
	put_times(out, "recover_ms: from the decision to the commit", &t->recover);
	put_times(out, "out of ATTACHED, of disturbances that ended well", &t->away);
	fputs("</table></div>\n", out);
}

static void put_node(FILE *out, const struct jvpn_figures_of *t)
{
	uint64_t whole = jvpn_figures_session_ms(t);
	char p95[JVPN_SCALE_TEXT_MAX], share[16];

	jvpn_figures_continuity(t, share);
	jvpn_scale_micros(jvpn_histogram_percentile(&t->latency, 95), p95);
	fputs("<tr><td>", out);
	jvpn_svg_escape(out, t->node);
	fprintf(out,
		"</td><td class=\"left\">%s</td><td>%" PRIu64 "</td><td>%" PRIu64
		"</td><td>%s</td>",
		t->role == JVPN_ROLE_SERVER ? "server" : "client", t->sessions, t->switches,
		t->latency.count ? p95 : "-");
	fprintf(out,
		"<td>%s</td><td>%.3f %%</td><td>%.3f %%</td><td>%" PRIu64 "</td><td>%" PRIu64
		"</td></tr>\n",
		share, per(100 * (double)t->state_ms[JVPN_STATE_VOLATILE], whole),
		per(100 * (double)t->state_ms[JVPN_STATE_DEGRADED], whole),
		jvpn_figures_sum(t->denied), t->lines_missing);
}

static void put_nodes(FILE *out, const struct jvpn_figures_result *r)
{
	fputs("<h2>Nodes</h2>\n<div class=\"scroll\"><table>\n<tr><th>node</th>"
	      "<th class=\"left\">role</th><th>sessions</th><th>switches</th><th>p95</th>"
	      "<th>continuity</th><th>volatile</th><th>degraded</th><th>denials</th>"
	      "<th>lines missing</th></tr>\n",
	      out);
	for (unsigned i = 0; i < r->nodes; i++)
		put_node(out, r->node[i]);
	fputs("</table></div>\n", out);
}

/* --- the page --- */

static void put_head(FILE *out, const struct jvpn_figures_result *r)
{
	const struct jvpn_figures_of *t = r->total;
	char from[JVPN_SCALE_TEXT_MAX], to[JVPN_SCALE_TEXT_MAX], span[JVPN_SCALE_TEXT_MAX];

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<title>jvpn: report of sessions</title>\n<style>\n",
	      out);
	fputs(page_style, out);
	jvpn_svg_style(out);
	fputs("</style>\n</head>\n<body>\n<main>\n<h1>Report of sessions</h1>\n<p>", out);
	jvpn_scale_instant(t->first_ms, from);
	jvpn_scale_instant(t->last_ms, to);
	jvpn_scale_duration(t->last_ms - t->first_ms, span);
	if (r->nodes)
		say(out, "%s to %s UTC (%s), as the %s tell it. ", from, to, span,
		    t->role == JVPN_ROLE_SERVER ? "servers" : "clients");
	say(out,
	    "%" PRIu64 " lines, %" PRIu64 " damaged, %" PRIu64 " missing, %" PRIu64
	    " more announced as dropped.",
	    r->lines, r->damaged, t->lines_missing, t->lines_announced);
	if (r->untracked)
		say(out, " %" PRIu64 " events are of sessions beyond %u at one time.", r->untracked,
		    JVPN_FIGURES_SESSIONS_MAX);
	fputs("</p>\n", out);
}

static void put_switches(FILE *out, const struct jvpn_figures_of *t)
{
	const char *least = t->at_least ? "at least " : "";

	fputs("<p>", out);
	say(out,
	    "%" PRIu64 " switches: %.2f a session; most of one session: %" PRIu64
	    " in all, %s%" PRIu64 " within 60 s, %s%" PRIu64 " within an hour.",
	    t->switches, per((double)t->switches, t->sessions), t->most_of_session, least,
	    t->most_in_minute, least, t->most_in_hour);
	fputs("</p>\n", out);
}

void jvpn_report_html(const struct jvpn_figures_result *r, FILE *out)
{
	const struct jvpn_figures_of *t = r->total;

	put_head(out, r);
	put_tiles(out, t);
	fputs("<h2>Latency of switches</h2>\n", out);
	put_histogram(out, &t->latency);
	put_latencies(out, t);
	fputs("<h2>Time in each state</h2>\n", out);
	put_states(out, t);
	fputs("<h2>What happened when</h2>\n", out);
	put_activity(out, r->activity);
	put_reasons(out, "Switches", "sw", t->switched);
	put_switches(out, t);
	put_reasons(out, "Requests denied", "den", t->denied);
	put_reasons(out, "Limiters", "lim", t->limited);
	put_reasons(out, "Proofs and messages that did not verify", "inv", t->invalid);
	put_reasons(out, "Terminations", "term", t->terminated);
	if (r->nodes > 1)
		put_nodes(out, r);
	fputs("</main>\n</body>\n</html>\n", out);
}
