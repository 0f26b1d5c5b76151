/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pages and who waits for them. A page is made when the threads have answered, or not at all: /healthz
 * says that they do.
 */
#include "runtime/exporter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "runtime/clock.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* ---- pages ---- */

static void answer_text(struct jvpn_http_request *r, enum jvpn_http_status status, const char *text)
{
	jvpn_http_answer(r, status, NULL, text, strlen(text));
}

static void write_own(const struct jvpn_exporter *e, struct jvpn_exposition *x)
{
	struct jvpn_http_stats stats;

	jvpn_http_get_stats(e->http, &stats);
	jvpn_exposition_begin(x, JVPN_METRIC_ID_START_TIME);
	jvpn_exposition_part(x, e->started_wall_ms, JVPN_MS_PER_S);
	jvpn_exposition_one(x, JVPN_METRIC_ID_READY, !e->config.why_not_ready(e->config.user));
	jvpn_exposition_begin(x, JVPN_METRIC_ID_HTTP_REQUESTS);
	jvpn_exposition_by(x, "200", stats.ok);
	jvpn_exposition_by(x, "404", stats.not_found);
	jvpn_exposition_by(x, "405", stats.not_allowed);
	jvpn_exposition_by(x, "503", stats.unavailable);
	jvpn_exposition_one(x, JVPN_METRIC_ID_HTTP_REFUSED, stats.refused);
}

/* 'page' is written for the first who asks, and the others' as well. */
static void answer_metrics(const struct jvpn_exporter *e, struct jvpn_http_request *r,
			   struct jvpn_exposition *page)
{
	if (!page->len && !page->failed) {
		e->config.write(e->config.user, page);
		write_own(e, page);
	}
	if (page->failed)
		answer_text(r, JVPN_HTTP_UNAVAILABLE, "no memory\n");
	else
		jvpn_http_answer(r, JVPN_HTTP_OK, METRICS_TYPE, page->text, page->len);
}

static void answer_ready(const struct jvpn_exporter *e, struct jvpn_http_request *r)
{
	const char *why = e->config.why_not_ready(e->config.user);

	answer_text(r, why ? JVPN_HTTP_UNAVAILABLE : JVPN_HTTP_OK, why ? why : "ready\n");
}

static void answer(const struct jvpn_exporter *e, const struct jvpn_exporter_wait *w,
		   struct jvpn_exposition *page)
{
	switch (w->page) {
	case JVPN_EXPORTER_METRICS:
		answer_metrics(e, w->request, page);
		break;
	case JVPN_EXPORTER_READY:
		answer_ready(e, w->request);
		break;
	case JVPN_EXPORTER_HEALTH:
	case JVPN_EXPORTER_NONE:
		answer_text(w->request, JVPN_HTTP_OK, "ok\n");
		break;
	}
}

void jvpn_exporter_collected(struct jvpn_exporter *e)
{
	struct jvpn_exposition page = {.text = NULL};

	e->collecting = false;
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS && e->http; i++) {
		if (!e->wait[i].request)
			continue;
		answer(e, &e->wait[i], &page);
		e->wait[i].request = NULL;
	}
	jvpn_exposition_clear(&page);
}

/* ---- requests ---- */

static enum jvpn_exporter_page page_of(const char *path)
{
	if (strcmp(path, "/metrics") == 0)
		return JVPN_EXPORTER_METRICS;
	if (strcmp(path, "/healthz") == 0)
		return JVPN_EXPORTER_HEALTH;
	if (strcmp(path, "/readyz") == 0)
		return JVPN_EXPORTER_READY;
	return JVPN_EXPORTER_NONE;
}

static struct jvpn_exporter_wait *find_wait(struct jvpn_exporter *e,
					    const struct jvpn_http_request *request)
{
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++)
		if (e->wait[i].request == request)
			return &e->wait[i];
	return NULL;
}

static bool is_somebody_waiting(const struct jvpn_exporter *e)
{
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++)
		if (e->wait[i].request)
			return true;
	return false;
}

/* Who asks too soon waits for figures of his own: old ones are given to nobody. */
static void collect_when_due(struct jvpn_exporter *e, uint64_t now_ns)
{
	if (e->collecting || now_ns < e->collect_at_ns || !is_somebody_waiting(e))
		return;
	e->collecting = true;
	e->collect_at_ns = jvpn_time_add(now_ns, JVPN_EXPORTER_SPACING_NS);
	e->config.collect(e->config.user, e);
}

static void on_request(void *user, struct jvpn_http_request *request, const char *path)
{
	struct jvpn_exporter *e = user;
	enum jvpn_exporter_page page = page_of(path);
	struct jvpn_exporter_wait *wait = find_wait(e, NULL);

	if (page == JVPN_EXPORTER_NONE) {
		answer_text(request, JVPN_HTTP_NOT_FOUND, "see /metrics, /healthz and /readyz\n");
		return;
	}
	if (!wait) {
		answer_text(request, JVPN_HTTP_UNAVAILABLE, "too many requests\n");
		return;
	}
	wait->request = request;
	wait->page = page;
	wait->until_ns = jvpn_time_add(e->engine->driver->now_ns, JVPN_EXPORTER_PATIENCE_NS);
	collect_when_due(e, e->engine->driver->now_ns);
}

static void on_gone(void *user, struct jvpn_http_request *request)
{
	struct jvpn_exporter_wait *wait = find_wait(user, request);

	if (wait)
		wait->request = NULL;
}

static void give_up(struct jvpn_exporter *e, uint64_t now_ns)
{
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++) {
		struct jvpn_exporter_wait *w = &e->wait[i];

		if (!w->request || w->until_ns > now_ns)
			continue;
		answer_text(w->request, JVPN_HTTP_UNAVAILABLE, "a thread does not answer\n");
		w->request = NULL;
	}
}

/* ---- the loop ---- */

static void on_readable(void *user, uint64_t now_ns)
{
	const struct jvpn_exporter *e = user;

	jvpn_http_poll(e->http, now_ns);
}

void jvpn_exporter_turn(struct jvpn_exporter *e, uint64_t now_ns)
{
	if (!e->http)
		return;
	give_up(e, now_ns);
	collect_when_due(e, now_ns);
	if (jvpn_http_next_deadline(e->http) <= now_ns)
		jvpn_http_poll(e->http, now_ns);
}

uint64_t jvpn_exporter_next_deadline(const struct jvpn_exporter *e)
{
	uint64_t at;

	if (!e->http)
		return JVPN_TIME_NEVER;
	at = jvpn_http_next_deadline(e->http);
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++)
		if (e->wait[i].request)
			at = jvpn_time_min(at, e->wait[i].until_ns);
	if (!e->collecting && is_somebody_waiting(e))
		at = jvpn_time_min(at, e->collect_at_ns);
	return at;
}

static bool is_loopback(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

	return ss->ss_family == AF_INET ? ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
					: IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static void announce(const struct sockaddr_storage *listen)
{
	char text[80];

	jvpn_driver_format_address(listen, text, sizeof(text));
	if (is_loopback(listen))
		jvpn_log_info(JVPN_LOG_MAIN, "metrics on http://%s/metrics", text);
	else
		jvpn_log_warn(JVPN_LOG_MAIN,
			      "metrics on http://%s/metrics: whoever reaches this may read them",
			      text);
}

int jvpn_exporter_open(struct jvpn_exporter *e, struct jvpn_engine *engine,
		       const struct jvpn_exporter_config *config, char *error, size_t error_size)
{
	struct jvpn_http_config http = {.listen = &config->metrics->listen,
					.on_request = on_request,
					.on_gone = on_gone,
					.user = e};
	int rv;

	memset(e, 0, sizeof(*e));
	e->config = *config;
	e->engine = engine;
	e->started_wall_ms = jvpn_clock_wall_ms();
	if (config->metrics->listen.ss_family == 0)
		return 0;
	rv = jvpn_http_open(&http, &e->http, error, error_size);
	if (rv)
		return rv;
	announce(&config->metrics->listen);
	return jvpn_loop_watch_readable(engine->loop, jvpn_http_fd(e->http), on_readable, e,
					&e->watch);
}

void jvpn_exporter_close(struct jvpn_exporter *e)
{
	if (!e->http)
		return;
	jvpn_loop_unwatch(e->engine->loop, e->watch);
	jvpn_http_free(e->http);
	e->http = NULL;
}
