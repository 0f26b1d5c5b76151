/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * In place of the HTTP server where the build has none (--without-metrics): says so.
 */
#include "obs/http.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"

int jvpn_http_open(const struct jvpn_http_config *config, struct jvpn_http **out, char *error,
		   size_t error_size)
{
	(void)config;
	(void)out;
	snprintf(error, error_size,
		 "metrics.listen cannot be used: this build has no HTTP server"
		 " (configure --with-metrics=yes)");
	return JVPN_EUNSUPPORTED;
}

void jvpn_http_free(struct jvpn_http *http)
{
	(void)http;
}

int jvpn_http_fd(const struct jvpn_http *http)
{
	(void)http;
	return -1;
}

void jvpn_http_poll(struct jvpn_http *http, uint64_t now_ns)
{
	(void)http;
	(void)now_ns;
}

uint64_t jvpn_http_next_deadline(const struct jvpn_http *http)
{
	(void)http;
	return JVPN_TIME_NEVER;
}

void jvpn_http_answer(struct jvpn_http_request *request, enum jvpn_http_status status,
		      const char *type, const char *text, size_t len)
{
	(void)request;
	(void)status;
	(void)type;
	(void)text;
	(void)len;
}

void jvpn_http_get_stats(const struct jvpn_http *http, struct jvpn_http_stats *stats)
{
	(void)http;
	memset(stats, 0, sizeof(*stats));
}
