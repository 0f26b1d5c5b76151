/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Choosing a way, doing it, undoing it.
 */
#include "client/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "tun/tun.h"

#define RESOLV_FILE "/etc/resolv.conf"
/* There while systemd-resolved runs. */
#define RESOLVED_DIR "/run/systemd/resolve"
/* Whom systemd-resolved asks: it would ask them through the tunnel. */
#define UPSTREAM_FILE RESOLVED_DIR "/resolv.conf"
/* A resolver that does not answer is given up after that. */
#define PROGRAM_MS 5000
#define TEXT_MAX   4096
/* A server that says something else all the time is followed so often. */
#define APPLY_GAP_MS 2000

static struct jvpn_resolver *of(struct jvpn_client *client)
{
	return &client->resolver;
}

/* ---- texts ---- */

/* All of it or nothing: half an address is another one. */
static void put(char *text, size_t size, const char *before, const char *word)
{
	size_t len = strlen(text);

	if (strlen(before) + strlen(word) < size - len)
		snprintf(text + len, size - len, "%s%s", before, word);
}

static void format_server(const struct jvpn_dnsassign_server *server, char out[INET6_ADDRSTRLEN])
{
	out[0] = '\0';
	inet_ntop(server->version == 4 ? AF_INET : AF_INET6, server->address, out,
		  INET6_ADDRSTRLEN);
}

/* Every name: the servers say so, or do not say what they know. */
static bool asks_for_all(const struct jvpn_dnsassign *wanted)
{
	for (size_t i = 0; i < wanted->internal.count; i++)
		if (!wanted->internal.name[i][0])
			return true;
	return wanted->internal.count == 0;
}

/* As resolv.conf(5) wants it. */
static void format_file(const struct jvpn_dnsassign *wanted, char *text, size_t size)
{
	char server[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < wanted->server_count; i++) {
		format_server(&wanted->server[i], server);
		put(text, size, "nameserver ", server);
		put(text, size, "", "\n");
	}
	for (size_t i = 0; i < wanted->search.count; i++)
		put(text, size, i ? " " : "search ", wanted->search.name[i]);
	put(text, size, "", wanted->search.count ? "\n" : "");
}

/* ---- programs ---- */

static bool has_program(const char *name)
{
	const char *path = getenv("PATH");
	char file[512];

	for (path = path ? path : JVPN_RUNNER_PATH; *path;) {
		size_t len = strcspn(path, ":");
		int n = snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, name);

		if (len && n > 0 && (size_t)n < sizeof(file) && access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static void on_done(void *user, const struct jvpn_job *job, int result)
{
	(void)user;
	if (result == 0)
		return;
	jvpn_log_warn(
		JVPN_LOG_TUN,
		"DNS: %s %s failed (%s%d): names may not be found as they should; see its lines "
		"above, or set dns.mode",
		job->name, job->arg[1] ? job->arg[1] : "",
		result == JVPN_ETIMEOUT ? "no end within 5 s, " : "status ", result);
}

/* Arguments until NULL. */
static struct jvpn_job *job_new(const char *program, const char *verb, const char *device)
{
	struct jvpn_job *job = jvpn_job_new(program, PROGRAM_MS);

	if (job && (!jvpn_job_add_arg(job, program) || !jvpn_job_add_arg(job, verb) ||
		    !jvpn_job_add_arg(job, device))) {
		jvpn_job_free(job);
		return NULL;
	}
	if (job) {
		job->group = JVPN_CLIENT_JOBS_DNS;
		job->done = on_done;
	}
	return job;
}

static void run(struct jvpn_client *client, struct jvpn_job *job)
{
	if (job)
		jvpn_runner_add_ahead(&client->runner, job, JVPN_CLIENT_JOBS_HOOKS);
	else
		jvpn_log_warn(JVPN_LOG_TUN, "DNS: %s", jvpn_err_text(JVPN_ENOMEM));
}

static void save_journal(struct jvpn_resolver *r)
{
	if (jvpn_dnsjournal_save(r->path, &r->journal))
		jvpn_log_warn(JVPN_LOG_TUN, "DNS: cannot write %s: %s", r->path, strerror(errno));
}

static void clear_journal(struct jvpn_resolver *r)
{
	memset(&r->journal, 0, sizeof(r->journal));
	save_journal(r);
}

/* What was not undone is tried again by the next start. A link's settings go with the link, and a program that
 * is not there has done nothing. */
static void on_undone(void *user, const struct jvpn_job *job, int result)
{
	struct jvpn_resolver *r = of(user);
	bool is_link = r->journal.mode == JVPN_DNS_RESOLVECTL;

	if (!is_link || result < 0)
		on_done(user, job, result);
	if (!r->is_undoing)
		return; /* something newer was set */
	r->is_undoing = false;
	if (result == 0 || result == JVPN_ENOTFOUND || (is_link && result > 0))
		clear_journal(r);
}

static void run_undo(struct jvpn_client *client, struct jvpn_job *job)
{
	of(client)->is_undoing = job != NULL;
	if (job) {
		job->group = JVPN_CLIENT_JOBS_UNDNS;
		job->done = on_undone;
		job->user = client;
	}
	run(client, job);
}

/* ---- resolvectl ---- */

static void resolvectl_servers(struct jvpn_client *client, const char *device)
{
	const struct jvpn_dnsassign *wanted = &of(client)->wanted;
	struct jvpn_job *job = job_new("resolvectl", "dns", device);
	char server[INET6_ADDRSTRLEN];

	for (size_t i = 0; job && i < wanted->server_count; i++) {
		format_server(&wanted->server[i], server);
		(void)jvpn_job_add_arg(job, server);
	}
	run(client, job);
}

/* "corp.example" is searched in, "~corp.example" only asked for, "~." is every name. */
static void resolvectl_domains(struct jvpn_client *client, const char *device)
{
	const struct jvpn_dnsassign *wanted = &of(client)->wanted;
	struct jvpn_job *job = job_new("resolvectl", "domain", device);
	char name[JVPN_DNSASSIGN_NAME_MAX + 2];

	for (size_t i = 0; job && i < wanted->search.count; i++)
		(void)jvpn_job_add_arg(job, wanted->search.name[i]);
	for (size_t i = 0; job && i < wanted->internal.count; i++) {
		snprintf(name, sizeof(name), "~%s",
			 wanted->internal.name[i][0] ? wanted->internal.name[i] : ".");
		(void)jvpn_job_add_arg(job, name);
	}
	if (job && wanted->internal.count == 0)
		(void)jvpn_job_add_arg(job, "~.");
	run(client, job);
}

static void do_resolvectl(struct jvpn_client *client, const char *device)
{
	struct jvpn_job *job = job_new("resolvectl", "default-route", device);

	resolvectl_servers(client, device);
	resolvectl_domains(client, device);
	if (job)
		(void)jvpn_job_add_arg(job, asks_for_all(&of(client)->wanted) ? "yes" : "no");
	run(client, job);
}

/* ---- resolvconf ---- */

/* Both kinds of resolvconf order interfaces by name, "tun" comes early. */
static void resolvconf_name(const char *device, char out[24])
{
	snprintf(out, 24, "tun.%.15s", device);
}

static void do_resolvconf(struct jvpn_client *client, const char *device)
{
	char name[24], text[TEXT_MAX] = "";
	struct jvpn_job *job;

	resolvconf_name(device, name);
	format_file(&of(client)->wanted, text, sizeof(text));
	job = job_new("resolvconf", "-a", name);
	if (job)
		(void)(jvpn_job_add_arg(job, "-m") && jvpn_job_add_arg(job, "0") &&
		       (!asks_for_all(&of(client)->wanted) || jvpn_job_add_arg(job, "-x")) &&
		       jvpn_job_set_input(job, text));
	run(client, job);
}

static void undo_resolvconf(struct jvpn_client *client, const char *device)
{
	char name[24];
	struct jvpn_job *job;

	resolvconf_name(device, name);
	job = job_new("resolvconf", "-d", name);
	if (job)
		(void)jvpn_job_add_arg(job, "-f");
	run_undo(client, job);
}

/* ---- the file ---- */

/* Takes off what nobody stands behind any more: ours, and what clients wrote whose devices are gone. Without a
 * device: everything. */
static bool peel(struct jvpn_resolvfile *file, const char *device)
{
	char owner[JVPN_RESOLVFILE_DEVICE_MAX + 1];
	bool peeled = false;

	while (jvpn_resolvfile_is_ours(file, owner) &&
	       (!device || strcmp(owner, device) == 0 || if_nametoindex(owner) == 0) &&
	       !jvpn_resolvfile_unwrap(file))
		peeled = true;
	return peeled;
}

static int do_file(const struct jvpn_client *client, const char *device)
{
	static struct jvpn_resolvfile before, file;
	char lines[TEXT_MAX] = "";
	int rv = jvpn_resolvfile_read(RESOLV_FILE, &before);

	peel(&before, device);
	format_file(&client->resolver.wanted, lines, sizeof(lines));
	if (!rv)
		rv = jvpn_resolvfile_wrap(device, lines, &before, &file);
	if (!rv)
		rv = jvpn_resolvfile_replace(RESOLV_FILE, &file);
	if (rv)
		jvpn_log_warn(JVPN_LOG_TUN,
			      "DNS: cannot write " RESOLV_FILE
			      ": %s; set dns.mode: off, or make it writable",
			      rv == JVPN_EIO ? strerror(errno) : jvpn_err_text(rv));
	return rv;
}

/* Of what we wrote only our own part, wherever it stands now. */
static int undo_file(const struct jvpn_dnsjournal *journal)
{
	static struct jvpn_resolvfile now;
	char owner[JVPN_RESOLVFILE_DEVICE_MAX + 1];
	int rv = jvpn_resolvfile_read(RESOLV_FILE, &now);

	if (!rv && jvpn_resolvfile_is_ours(&now, owner)) {
		if (!peel(&now, journal->device) && strcmp(owner, journal->device) != 0)
			return 0; /* another client stands on ours: it takes both off */
		if (jvpn_resolvfile_is_ours(&now, owner) && strcmp(owner, journal->device) == 0)
			now = journal->before; /* somebody has cut it */
		rv = jvpn_resolvfile_replace(RESOLV_FILE, &now);
	} else if (rv != JVPN_EIO) {
		jvpn_log_info(JVPN_LOG_TUN, "DNS: somebody else has written " RESOLV_FILE
					    " meanwhile: it stays as it is");
		return 0;
	}
	if (rv)
		jvpn_log_error(
			JVPN_LOG_TUN,
			"DNS: cannot put back " RESOLV_FILE
			": %s; what was there is in its comments, and the next start tries again",
			strerror(errno));
	return rv;
}

/* ---- all of them ---- */

static enum jvpn_dns_mode choose(const struct jvpn_client *client)
{
	enum jvpn_dns_mode mode = (enum jvpn_dns_mode)client->options->config.dns_mode;

	if (client->is_lent)
		return JVPN_DNS_OFF;
	if (mode != JVPN_DNS_AUTO)
		return mode;
	if (has_program("resolvectl") && access(RESOLVED_DIR, F_OK) == 0)
		return JVPN_DNS_RESOLVECTL;
	return has_program("resolvconf") ? JVPN_DNS_RESOLVCONF : JVPN_DNS_OFF;
}

/* Before anything is done. What was there stays known when it is done again. */
static bool note(struct jvpn_client *client, enum jvpn_dns_mode mode, const char *device)
{
	struct jvpn_resolver *r = of(client);

	r->is_undoing = false;
	if (r->journal.mode == mode)
		return true;
	r->journal.mode = mode;
	snprintf(r->journal.device, sizeof(r->journal.device), "%s", device);
	memset(&r->journal.before, 0, sizeof(r->journal.before));
	if (mode != JVPN_DNS_RESOLVECTL && jvpn_resolvfile_read(RESOLV_FILE, &r->journal.before)) {
		memset(&r->journal.before, 0, sizeof(r->journal.before));
		if (mode == JVPN_DNS_FILE) {
			jvpn_log_warn(JVPN_LOG_TUN,
				      "DNS: " RESOLV_FILE " cannot be read as a text: left alone");
			r->journal.mode = JVPN_DNS_OFF;
			return false;
		}
	}
	peel(&r->journal.before, NULL);
	if (jvpn_dnsjournal_save(r->path, &r->journal) == 0)
		return true;
	jvpn_log_warn(JVPN_LOG_TUN, "DNS: cannot write %s: %s: the resolver is left alone", r->path,
		      strerror(errno));
	r->journal.mode = JVPN_DNS_OFF;
	return false;
}

static void say_nobody(struct jvpn_client *client)
{
	struct jvpn_resolver *r = of(client);
	bool is_told = client->options->config.dns_mode == JVPN_DNS_OFF || client->is_lent;
	char text[256] = "", server[INET6_ADDRSTRLEN];

	if (r->said_nobody)
		return;
	r->said_nobody = true;
	for (size_t i = 0; i < r->wanted.server_count; i++) {
		format_server(&r->wanted.server[i], server);
		put(text, sizeof(text), i ? " " : "", server);
	}
	if (is_told)
		jvpn_log_info(JVPN_LOG_TUN, "DNS servers for the tunnel: %s; not set (dns.mode)",
			      text);
	else
		jvpn_log_warn(
			JVPN_LOG_TUN,
			"the tunnel has DNS servers (%s), but neither systemd-resolved nor "
			"resolvconf is here: names are asked for as before, outside; install one of "
			"them, or set dns.mode: file to have " RESOLV_FILE
			" written, or dns.mode: off",
			text);
}

static bool is_split_only(const struct jvpn_client *client, enum jvpn_dns_mode mode)
{
	if (mode != JVPN_DNS_FILE || asks_for_all(&client->resolver.wanted))
		return false;
	jvpn_log_warn(
		JVPN_LOG_TUN,
		"the tunnel's DNS servers know some names only, and " RESOLV_FILE
		" cannot say so: it is left alone; systemd-resolved could (dns.mode: resolvectl)");
	return true;
}

static void say_applied(const struct jvpn_client *client, enum jvpn_dns_mode mode)
{
	const struct jvpn_dnsassign *w = &client->resolver.wanted;
	char text[512] = "", server[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < w->server_count; i++) {
		format_server(&w->server[i], server);
		put(text, sizeof(text), " ", server);
	}
	put(text, sizeof(text), "", asks_for_all(w) ? ", for every name" : ", for");
	for (size_t i = 0; !asks_for_all(w) && i < w->internal.count; i++)
		put(text, sizeof(text), " ", w->internal.name[i]);
	jvpn_log_info(JVPN_LOG_TUN, "DNS:%s, by %s", text, jvpn_dns_mode_name(mode));
}

/* Asked outside, names would be seen there. */
static void warn_outside(const struct jvpn_client *client)
{
	const struct jvpn_dnsassign *w = &client->resolver.wanted;
	char server[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < w->server_count; i++) {
		if (jvpn_connectip_routes_allow(&client->routes, w->server[i].version,
						w->server[i].address, IPPROTO_UDP))
			continue;
		format_server(&w->server[i], server);
		jvpn_log_warn(JVPN_LOG_TUN,
			      "DNS: %s is not among the routes that the server offers: it is asked "
			      "outside of the tunnel, or not reached at all",
			      server);
	}
}

static bool is_waiting(const struct jvpn_client *client)
{
	const struct jvpn_resolver *r = &client->resolver;

	return client->is_up && r->has_wanted && !r->is_applied && !client->stopping;
}

uint64_t jvpn_resolver_next_deadline(const struct jvpn_client *client)
{
	/* The end of a job is a turn of its own. */
	if (!is_waiting(client) || jvpn_runner_has_group(&client->runner, JVPN_CLIENT_JOBS_DNS))
		return JVPN_TIME_NEVER;
	return client->resolver.next_ns;
}

bool jvpn_resolver_is_used(const struct jvpn_client *client)
{
	enum jvpn_dns_mode mode = choose(client);

	return client->resolver.has_wanted && mode != JVPN_DNS_OFF &&
	       (mode != JVPN_DNS_FILE || asks_for_all(&client->resolver.wanted));
}

static void set(struct jvpn_client *client, enum jvpn_dns_mode mode)
{
	struct jvpn_resolver *r = of(client);
	const char *device = jvpn_tun_name(client->tun);
	bool is_first = r->journal.mode == JVPN_DNS_OFF;

	if (!note(client, mode, device))
		return;
	if (mode == JVPN_DNS_RESOLVECTL)
		do_resolvectl(client, device);
	else if (mode == JVPN_DNS_RESOLVCONF)
		do_resolvconf(client, device);
	else if (do_file(client, device)) {
		if (is_first)
			clear_journal(r);
		return;
	}
	say_applied(client, mode);
	warn_outside(client);
}

void jvpn_resolver_apply(struct jvpn_client *client)
{
	struct jvpn_resolver *r = of(client);
	uint64_t now_ns = client->engine.driver->now_ns;
	enum jvpn_dns_mode mode;

	if (jvpn_resolver_next_deadline(client) > now_ns)
		return;
	mode = choose(client);
	r->is_applied = true;
	r->next_ns = jvpn_time_add(now_ns, jvpn_ms_to_ns(APPLY_GAP_MS));
	if (r->wanted.server_count == 0 ||
	    (r->journal.mode != JVPN_DNS_OFF && r->journal.mode != mode))
		jvpn_resolver_restore(client);
	if (r->wanted.server_count == 0)
		return;
	if (mode == JVPN_DNS_OFF)
		say_nobody(client);
	else if (is_split_only(client, mode))
		jvpn_resolver_restore(client);
	else
		set(client, mode);
}

void jvpn_resolver_restore(struct jvpn_client *client)
{
	struct jvpn_resolver *r = of(client);
	const char *device = r->journal.device;
	struct jvpn_job *job;

	/* What waits to be set has no meaning any more. */
	jvpn_runner_drop_group(&client->runner, JVPN_CLIENT_JOBS_DNS);
	if (r->is_undoing)
		return;
	switch (r->journal.mode) {
	case JVPN_DNS_RESOLVECTL:
		job = job_new("resolvectl", "revert", device);
		run_undo(client, job);
		break;
	case JVPN_DNS_RESOLVCONF:
		undo_resolvconf(client, device);
		break;
	case JVPN_DNS_FILE:
		if (!undo_file(&r->journal))
			clear_journal(r);
		break;
	case JVPN_DNS_OFF:
	case JVPN_DNS_AUTO:
	case JVPN_DNS_MODE_COUNT:
		break;
	}
}

/* ---- what is wanted ---- */

static void configured_domains(const struct jvpn_config_domains *from,
			       struct jvpn_dnsassign_domains *to)
{
	_Static_assert(JVPN_CONFIG_DOMAINS_MAX <= JVPN_DNSASSIGN_DOMAINS_MAX, "all of them fit");
	_Static_assert(sizeof(from->item[0]) <= sizeof(to->name[0]), "and their names");
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++)
		memcpy(to->name[i], from->item[i], sizeof(from->item[i]));
}

/* The configuration wins over what the server says, key by key. */
static void override(const struct jvpn_client_config *c, struct jvpn_dnsassign *wanted)
{
	if (c->dns_servers.count) {
		memset(wanted, 0, sizeof(*wanted));
		for (size_t i = 0; i < c->dns_servers.count && i < JVPN_DNSASSIGN_SERVERS_MAX;
		     i++) {
			struct jvpn_dnsassign_server *s = &wanted->server[wanted->server_count++];

			s->version = c->dns_servers.item[i].family;
			memcpy(s->address, c->dns_servers.item[i].address, sizeof(s->address));
		}
	}
	if (c->dns_search.count)
		configured_domains(&c->dns_search, &wanted->search);
	if (c->dns_domains.count)
		configured_domains(&c->dns_domains, &wanted->internal);
}

void jvpn_resolver_take(struct jvpn_client *client, struct jvpn_reader *r)
{
	static struct jvpn_dnsassign fresh;
	struct jvpn_resolver *resolver = of(client);

	if (jvpn_dnsassign_decode(r, &fresh)) {
		jvpn_log_warn(JVPN_LOG_TUN, "malformed DNS_ASSIGN ignored");
		return;
	}
	if (fresh.has_more)
		jvpn_log_debug(JVPN_LOG_TUN, "DNS_ASSIGN says more than can be used here");
	fresh.has_more = false;
	override(&client->options->config, &fresh);
	if (resolver->has_wanted && memcmp(&fresh, &resolver->wanted, sizeof(fresh)) == 0)
		return;
	resolver->wanted = fresh;
	resolver->has_wanted = true;
	resolver->is_applied = false;
}

/* A reboot takes the journal away, and not the file. */
static void adopt_file(struct jvpn_client *client, const char *device)
{
	struct jvpn_dnsjournal *journal = &of(client)->journal;
	char owner[JVPN_RESOLVFILE_DEVICE_MAX + 1];

	if (journal->mode != JVPN_DNS_OFF || client->options->config.dns_mode != JVPN_DNS_FILE ||
	    jvpn_resolvfile_read(RESOLV_FILE, &journal->before) ||
	    !jvpn_resolvfile_is_ours(&journal->before, owner) || strcmp(owner, device) != 0)
		return;
	peel(&journal->before, NULL);
	journal->mode = JVPN_DNS_FILE;
	snprintf(journal->device, sizeof(journal->device), "%s", device);
}

int jvpn_resolver_open(struct jvpn_client *client, const char *device, const char *path,
		       bool take_over, char *error, size_t error_size)
{
	struct jvpn_resolver *r = of(client);
	int rv;

	memset(r, 0, sizeof(*r));
	snprintf(r->path, sizeof(r->path), "%s", path);
	rv = jvpn_dnsjournal_load(r->path, &r->journal);
	if (rv) {
		snprintf(
			error, error_size,
			"the journal %s of DNS settings is damaged or others can write it: look at " RESOLV_FILE
			" and \"resolvectl status %s\", then remove the file",
			path, device);
		return rv;
	}
	r->is_open = true;
	adopt_file(client, device);
	if (!take_over)
		jvpn_resolver_restore(client);
	if (client->options->config.dns_servers.count) {
		override(&client->options->config, &r->wanted);
		r->has_wanted = true;
	}
	return 0;
}

/* ---- the client's own questions ---- */

static bool is_tunnels(const struct jvpn_dnsassign *wanted, const struct sockaddr_storage *server)
{
	const void *address =
		server->ss_family == AF_INET6
			? (const void *)&((const struct sockaddr_in6 *)server)->sin6_addr
			: &((const struct sockaddr_in *)server)->sin_addr;
	uint8_t version = server->ss_family == AF_INET6 ? 6 : 4;

	for (size_t i = 0; i < wanted->server_count; i++)
		if (wanted->server[i].version == version &&
		    memcmp(wanted->server[i].address, address, version == 4 ? 4 : 16) == 0)
			return true;
	return false;
}

static void add_file(const struct jvpn_resolver *r, const char *text,
		     struct jvpn_names_servers *out)
{
	struct jvpn_names_servers found = {0};

	jvpn_names_add_servers(text, &found);
	for (size_t i = 0; i < found.count && out->count < JVPN_NAMES_SERVERS_MAX; i++)
		if (!is_tunnels(&r->wanted, &found.item[i]))
			out->item[out->count++] = found.item[i];
}

/* Where the link leads, from /etc. */
static const char *read_linked(const char *target)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%.480s", target[0] == '/' ? "" : "/etc/", target);
	return jvpn_resolve_read_text(path);
}

static const char *text_of(const struct jvpn_resolvfile *file)
{
	return file->kind == JVPN_RESOLVFILE_LINK ? read_linked(file->text) : file->text;
}

void jvpn_resolver_servers(const struct jvpn_client *client, struct jvpn_names_servers *out)
{
	static struct jvpn_resolvfile file;
	const struct jvpn_resolver *r = &client->resolver;
	const struct jvpn_resolvfile *before = &r->journal.before;
	char owner[JVPN_RESOLVFILE_DEVICE_MAX + 1];

	out->count = 0;
	if (jvpn_resolvfile_read(RESOLV_FILE, &file) == 0 && peel(&file, NULL))
		before = &file;
	else if (!jvpn_resolvfile_is_ours(&file, owner))
		add_file(r, jvpn_resolve_read_text(RESOLV_FILE), out);
	if (out->count == 0 || jvpn_names_are_local(out))
		add_file(r, jvpn_resolve_read_text(UPSTREAM_FILE), out);
	if (before == &file || r->journal.mode >= JVPN_DNS_RESOLVCONF)
		add_file(r, text_of(before), out);
	/* The same servers inside and outside. */
	if (out->count == 0)
		jvpn_names_add_servers(jvpn_resolve_read_text(UPSTREAM_FILE), out);
	if (out->count == 0)
		jvpn_names_add_servers(text_of(before), out);
}
