/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The report as JSON. Every document has every key; a value that is not known is null.
 */
#include "audit/report.h"

#include "obs/json.h"

/* A tally is below 16 KiB: five lists of 67 reasons, four histograms of 16 bars. */
#define TALLY_MAX 32768

static void put_share(struct jvpn_json *j, const char *name, double part, double whole)
{
	if (whole > 0)
		jvpn_json_part(j, name, (uint64_t)(part / whole * 1e6 + 0.5), 1000000);
	else
		jvpn_json_null(j, name);
}

static void put_us(struct jvpn_json *j, const char *name, const struct jvpn_histogram *h,
		   uint64_t us)
{
	if (h->count)
		jvpn_json_part(j, name, us, 1000);
	else
		jvpn_json_null(j, name);
}

static void put_histogram(struct jvpn_json *j, const char *name, const struct jvpn_histogram *h)
{
	jvpn_json_open(j, name, '{');
	jvpn_json_uint(j, "count", h->count);
	put_us(j, "min", h, h->least_us);
	put_us(j, "mean", h, jvpn_histogram_mean(h));
	put_us(j, "p50", h, jvpn_histogram_percentile(h, 50));
	put_us(j, "p95", h, jvpn_histogram_percentile(h, 95));
	put_us(j, "p99", h, jvpn_histogram_percentile(h, 99));
	put_us(j, "max", h, h->most_us);
	jvpn_json_open(j, "bars", '[');
	for (unsigned i = 0; i < JVPN_HISTOGRAM_BARS; i++) {
		jvpn_json_open(j, NULL, '{');
		if (i + 1 < JVPN_HISTOGRAM_BARS)
			jvpn_json_uint(j, "up_to_ms", jvpn_histogram_bar_ms(i));
		else
			jvpn_json_null(j, "up_to_ms");
		jvpn_json_uint(j, "count", h->bar[i]);
		jvpn_json_close(j, '}');
	}
	jvpn_json_close(j, ']');
	jvpn_json_close(j, '}');
}

static void put_reasons(struct jvpn_json *j, const char *name, const uint64_t *by_reason)
{
	uint8_t order[JVPN_REASON_COUNT];
	unsigned count = jvpn_report_order(by_reason, order);

	jvpn_json_open(j, name, '{');
	for (unsigned i = 0; i < count; i++)
		jvpn_json_uint(j, jvpn_reason_name((enum jvpn_reason)order[i]),
			       by_reason[order[i]]);
	jvpn_json_close(j, '}');
}

static void put_switches(struct jvpn_json *j, const struct jvpn_figures_of *t)
{
	jvpn_json_open(j, "switches", '{');
	jvpn_json_uint(j, "count", t->switches);
	put_share(j, "per_session", (double)t->switches, (double)t->sessions);
	put_share(j, "per_session_hour", (double)t->switches * 3600000,
		  (double)jvpn_figures_session_ms(t));
	jvpn_json_uint(j, "max_of_a_session", t->most_of_session);
	jvpn_json_uint(j, "max_in_60_s", t->most_in_minute);
	jvpn_json_uint(j, "max_in_an_hour", t->most_in_hour);
	jvpn_json_bool(j, "max_is_a_lower_bound", t->at_least);
	put_reasons(j, "by_reason", t->switched);
	jvpn_json_close(j, '}');
}

static void put_continuity(struct jvpn_json *j, const struct jvpn_figures_of *t)
{
	jvpn_json_open(j, "continuity", '{');
	put_share(j, "rate", (double)t->survived, (double)(t->survived + t->lost));
	jvpn_json_uint(j, "survived", t->survived);
	jvpn_json_uint(j, "lost", t->lost);
	jvpn_json_uint(j, "ended_on_request", t->on_request);
	jvpn_json_uint(j, "undecided", t->undecided);
	jvpn_json_close(j, '}');
}

static void put_states(struct jvpn_json *j, const struct jvpn_figures_of *t)
{
	double whole = (double)jvpn_figures_session_ms(t);

	jvpn_json_open(j, "time_ms", '{');
	for (int i = JVPN_STATE_BIRTH; i < JVPN_STATE_TERMINATED; i++)
		jvpn_json_uint(j, jvpn_state_name((enum jvpn_state)i), t->state_ms[i]);
	jvpn_json_uint(j, "node_down", t->state_ms[JVPN_FIGURES_DOWN]);
	jvpn_json_close(j, '}');
	jvpn_json_open(j, "time_share", '{');
	for (int i = JVPN_STATE_BIRTH; i < JVPN_STATE_TERMINATED; i++)
		put_share(j, jvpn_state_name((enum jvpn_state)i), (double)t->state_ms[i], whole);
	jvpn_json_close(j, '}');
}

static void put_tally(struct jvpn_json *j, const struct jvpn_figures_of *t)
{
	jvpn_json_uint(j, "events", t->events);
	jvpn_json_uint(j, "first_ms", t->first_ms);
	jvpn_json_uint(j, "last_ms", t->last_ms);
	jvpn_json_uint(j, "lines_missing", t->lines_missing);
	jvpn_json_uint(j, "lines_announced", t->lines_announced);
	jvpn_json_uint(j, "sessions", t->sessions);
	jvpn_json_uint(j, "sessions_born", t->born);
	jvpn_json_uint(j, "sessions_ended", t->ended);
	put_histogram(j, "latency_ms", &t->latency);
	put_histogram(j, "detect_ms", &t->detect);
	put_histogram(j, "recover_ms", &t->recover);
	put_histogram(j, "away_ms", &t->away);
	put_switches(j, t);
	put_continuity(j, t);
	put_states(j, t);
	jvpn_json_uint(j, "replays_refused", t->replays);
	jvpn_json_uint(j, "unauthorized_attempts", t->unauthorized);
	jvpn_json_uint(j, "reattach_attempts", t->attempts);
	put_reasons(j, "limiter", t->limited);
	put_reasons(j, "denials", t->denied);
	put_reasons(j, "validation_failures", t->invalid);
	put_reasons(j, "terminations", t->terminated);
}

static void put_activity(struct jvpn_json *j, const struct jvpn_activity *a)
{
	static const char *const names[JVPN_ACTIVITY_KINDS] = {
		[JVPN_ACTIVITY_DISTURBANCES] = "disturbances",
		[JVPN_ACTIVITY_SWITCHES] = "switches",
		[JVPN_ACTIVITY_DENIALS] = "denials",
	};
	unsigned used = jvpn_activity_used(a);

	jvpn_json_open(j, "activity", '{');
	jvpn_json_uint(j, "from_ms", a->from_ms);
	jvpn_json_uint(j, "width_ms", a->width_ms);
	for (unsigned kind = 0; kind < JVPN_ACTIVITY_KINDS; kind++) {
		jvpn_json_open(j, names[kind], '[');
		for (unsigned i = 0; i < used; i++)
			jvpn_json_uint(j, NULL, a->bin[kind][i]);
		jvpn_json_close(j, ']');
	}
	jvpn_json_close(j, '}');
}

static const char *role_of(const struct jvpn_figures_of *t)
{
	return t->role == JVPN_ROLE_SERVER ? "server" : "client";
}

void jvpn_report_json(const struct jvpn_figures_result *r, FILE *out)
{
	static char buffer[TALLY_MAX];
	struct jvpn_json j;

	jvpn_json_init(&j, buffer, sizeof(buffer));
	jvpn_json_open(&j, NULL, '{');
	jvpn_json_uint(&j, "version", 1);
	jvpn_json_uint(&j, "lines", r->lines);
	jvpn_json_uint(&j, "damaged_lines", r->damaged);
	jvpn_json_uint(&j, "untracked_events", r->untracked);
	jvpn_json_text(&j, "judged_by", role_of(r->total));
	jvpn_json_open(&j, "total", '{');
	put_tally(&j, r->total);
	jvpn_json_close(&j, '}');
	put_activity(&j, r->activity);
	fwrite(buffer, 1, j.len, out);
	fputs(",\"nodes\":[", out);
	for (unsigned i = 0; i < r->nodes; i++) {
		jvpn_json_init(&j, buffer, sizeof(buffer));
		jvpn_json_open(&j, NULL, '{');
		jvpn_json_text(&j, "node_id", r->node[i]->node);
		jvpn_json_text(&j, "role", role_of(r->node[i]));
		put_tally(&j, r->node[i]);
		jvpn_json_close(&j, '}');
		fputs(i ? "," : "", out);
		fwrite(buffer, 1, j.len, out);
	}
	fputs("]}\n", out);
}
