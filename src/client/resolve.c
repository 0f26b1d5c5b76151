/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lookups of resolve.h.
 */
#include "client/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "crypto/random.h"

#define HOSTS_FILE "/etc/hosts"
#define FILE_MAX   65536

enum { AAAA = 0, A = 1, TYPES = 2 };

static struct jvpn_resolve *of(struct jvpn_client *client)
{
	return &client->resolve;
}

/* ---- files ---- */

const char *jvpn_resolve_read_text(const char *path)
{
	static char text[FILE_MAX];
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	if (strlen(text) != n)
		text[0] = '\0'; /* not a text */
	return text;
}

static void read_entry(const struct jvpn_config_host *host, struct jvpn_lookup *l)
{
	static const enum jvpn_dns_type types[TYPES] = {[AAAA] = JVPN_DNS_AAAA, [A] = JVPN_DNS_A};
	size_t len = strlen(host->host);

	memset(l, 0, sizeof(*l));
	if (jvpn_names_numeric(host->host, &l->known.item[0]))
		l->known.count = 1;
	else
		jvpn_names_find_host(jvpn_resolve_read_text(HOSTS_FILE), host->host, &l->known);
	l->fixed = l->known.count != 0;
	if (len && host->host[len - 1] == '.')
		len--;
	for (size_t k = 0; k < TYPES; k++) {
		l->question[k].type = types[k];
		memcpy(l->question[k].name, host->host, len);
	}
}

/* ---- the end ---- */

static void close_round(struct jvpn_client *client)
{
	struct jvpn_resolve *r = of(client);

	if (!r->watch)
		return;
	jvpn_loop_unwatch(client->engine.loop, r->watch);
	r->watch = NULL;
	close(r->fd);
}

static void add(struct jvpn_dial_addresses *out, const struct sockaddr_storage *address,
		uint16_t port)
{
	struct sockaddr_storage *a;

	if (out->count == JVPN_CANDIDATE_ADDRESS_MAX)
		return;
	a = &out->item[out->count++];
	*a = *address;
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)a)->sin_port = htons(port);
}

static void add_found(struct jvpn_dial_addresses *out, const struct jvpn_lookup *l, uint16_t port)
{
	struct sockaddr_storage a;

	for (size_t i = 0; i < l->found[AAAA].count; i++) {
		memset(&a, 0, sizeof(a));
		a.ss_family = AF_INET6;
		memcpy(&((struct sockaddr_in6 *)&a)->sin6_addr, l->found[AAAA].address[i], 16);
		add(out, &a, port);
	}
	for (size_t i = 0; i < l->found[A].count; i++) {
		memset(&a, 0, sizeof(a));
		a.ss_family = AF_INET;
		memcpy(&((struct sockaddr_in *)&a)->sin_addr, l->found[A].address[i], 4);
		add(out, &a, port);
	}
}

static void finish(struct jvpn_client *client)
{
	const struct jvpn_config_hosts *hosts = &client->options->config.servers;
	struct jvpn_resolve *r = of(client);
	struct jvpn_dial_addresses out = {0};

	close_round(client);
	r->running = false;
	for (size_t i = 0; i < r->count; i++) {
		const struct jvpn_lookup *l = &r->lookup[i];

		for (size_t k = 0; k < l->known.count; k++)
			add(&out, &l->known.item[k], hosts->item[i].port);
		add_found(&out, l, hosts->item[i].port);
		if (!l->fixed && !l->found[A].count && !l->found[AAAA].count)
			jvpn_log_warn(
				JVPN_LOG_MAIN, "%s: %s", hosts->item[i].host,
				l->answered[A] && l->answered[AAAA]
					? "DNS knows no address of this name: is it written right "
					  "in server.address?"
				: r->servers.count
					? "no DNS server answers: is this machine online?"
					: "no DNS server is named in /etc/resolv.conf");
	}
	jvpn_dial_set_addresses(client, &out);
}

/* ---- one round: one server, one way out ---- */

static bool is_done(const struct jvpn_resolve *r)
{
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < TYPES; k++)
			if (!r->lookup[i].fixed && !r->lookup[i].answered[k])
				return false;
	return true;
}

/* Something to dial: the rest of the rounds must not hold it back. */
static bool has_any(const struct jvpn_resolve *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->lookup[i].fixed || r->lookup[i].found[A].count ||
		    r->lookup[i].found[AAAA].count)
			return true;
	return false;
}

static bool ask_all(struct jvpn_resolve *r)
{
	uint8_t query[JVPN_DNS_QUERY_MAX];

	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < TYPES; k++) {
			struct jvpn_dns_question *q = &r->lookup[i].question[k];
			int len;

			if (r->lookup[i].fixed || r->lookup[i].answered[k])
				continue;
			if (jvpn_random(&q->id, sizeof(q->id)))
				return false;
			len = jvpn_dns_query_write(q, query, sizeof(query));
			if (len < 0)
				r->lookup[i].answered[k] = true; /* no DNS name at all */
			else if (send(r->fd, query, (size_t)len, MSG_DONTWAIT) < 0)
				return false;
		}
	return true;
}

static void take_answer(struct jvpn_resolve *r, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < TYPES; k++) {
			struct jvpn_lookup *l = &r->lookup[i];
			int rv;

			if (l->fixed || l->answered[k])
				continue;
			rv = jvpn_dns_answer_read(&l->question[k], data, len, &l->found[k]);
			if (rv == JVPN_EUNSUPPORTED)
				r->round_until_ns = 0; /* another server may do better */
			else if (rv == 0 || rv == JVPN_ENOTFOUND)
				l->answered[k] = true;
		}
}

static void on_readable(void *user, uint64_t now_ns)
{
	struct jvpn_client *client = user;
	struct jvpn_resolve *r = of(client);
	uint8_t data[JVPN_DNS_ANSWER_MAX];
	ssize_t n;

	(void)now_ns;
	while ((n = recv(r->fd, data, sizeof(data), MSG_DONTWAIT)) >= 0)
		take_answer(r, data, (size_t)n);
	if (errno != EAGAIN && errno != EINTR)
		r->round_until_ns = 0; /* an ICMP error: nobody there */
}

static socklen_t length_of(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool open_round(struct jvpn_client *client, const struct sockaddr_storage *server,
		       const char *device)
{
	uint32_t mark = client->fwmark;
	struct jvpn_resolve *r = of(client);

	r->fd = socket(server->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		return false;
	if ((mark && setsockopt(r->fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark))) ||
	    (device[0] &&
	     setsockopt(r->fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device))) ||
	    connect(r->fd, (const struct sockaddr *)server, length_of(server)) ||
	    jvpn_loop_watch_readable(client->engine.loop, r->fd, on_readable, client, &r->watch)) {
		close(r->fd);
		return false;
	}
	return true;
}

/* Every server as the routing table says, then every server out of each interface in turn. */
static bool next_round(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_candidate_link link[JVPN_CLIENT_LINKS_MAX];
	size_t links = jvpn_network_links(client, link, JVPN_CLIENT_LINKS_MAX);
	struct jvpn_resolve *r = of(client);

	while (r->servers.count && r->round < r->servers.count * (links + 1)) {
		const struct sockaddr_storage *server =
			&r->servers.item[r->round % r->servers.count];
		size_t way = r->round / r->servers.count;

		r->round++;
		close_round(client);
		if ((way && !link[way - 1].name[0]) ||
		    !open_round(client, server, way ? link[way - 1].name : ""))
			continue;
		r->round_until_ns = now_ns + jvpn_ms_to_ns(JVPN_RESOLVE_ROUND_MS);
		if (ask_all(r))
			return true;
	}
	return false;
}

/* ---- the whole ---- */

void jvpn_resolve_start(struct jvpn_client *client, uint64_t now_ns)
{
	const struct jvpn_config_hosts *hosts = &client->options->config.servers;
	struct jvpn_resolve *r = of(client);

	if (r->running)
		return;
	r->started_ns = now_ns;
	r->running = true;
	r->round = 0;
	r->round_until_ns = 0; /* the first round begins with the next turn */
	r->count = hosts->count;
	for (size_t i = 0; i < hosts->count; i++) {
		read_entry(&hosts->item[i], &r->lookup[i]);
		if (!r->lookup[i].fixed)
			jvpn_log_debug(JVPN_LOG_MAIN, "looking up %s", hosts->item[i].host);
	}
	jvpn_resolver_servers(client, &r->servers);
	if (is_done(r))
		finish(client);
}

bool jvpn_resolve_has_names(const struct jvpn_client *client)
{
	const struct jvpn_resolve *r = &client->resolve;
	struct sockaddr_storage a;

	for (size_t i = 0; i < r->count; i++)
		if (!jvpn_names_numeric(client->options->config.servers.item[i].host, &a))
			return true;
	return false;
}

void jvpn_resolve_poll(struct jvpn_client *client, uint64_t now_ns)
{
	struct jvpn_resolve *r = of(client);

	if (!r->running)
		return;
	if (!is_done(r) && r->round_until_ns > now_ns)
		return;
	if (is_done(r) || has_any(r) || !next_round(client, now_ns))
		finish(client);
}

uint64_t jvpn_resolve_next_deadline(const struct jvpn_client *client)
{
	const struct jvpn_resolve *r = &client->resolve;

	return r->running ? r->round_until_ns : JVPN_TIME_NEVER;
}

void jvpn_resolve_close(struct jvpn_client *client)
{
	close_round(client);
	of(client)->running = false;
}
