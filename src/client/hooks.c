/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From the configuration's commands to jobs: expansion, environment, and what a failure means.
 */
#include "client/hooks.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"
#include "runtime/clock.h"
#include "tun/tun.h"

#define SHELL     "/bin/sh"
#define VALUE_MAX 4096

static const char *const names[JVPN_HOOK_COUNT] = {
	[JVPN_HOOK_PRE_UP] = "pre_up",
	[JVPN_HOOK_POST_UP] = "post_up",
	[JVPN_HOOK_PRE_DOWN] = "pre_down",
	[JVPN_HOOK_POST_DOWN] = "post_down",
};

static const struct jvpn_config_commands *commands_of(const struct jvpn_client *client,
						      enum jvpn_hook hook)
{
	const struct jvpn_client_config *c = &client->options->config;
	const struct jvpn_config_commands *const all[JVPN_HOOK_COUNT] = {
		[JVPN_HOOK_PRE_UP] = &c->pre_up,
		[JVPN_HOOK_POST_UP] = &c->post_up,
		[JVPN_HOOK_PRE_DOWN] = &c->pre_down,
		[JVPN_HOOK_POST_DOWN] = &c->post_down,
	};

	return all[hook];
}

/* %i is the device, %% is %; its name has nothing that a shell would take for something else. False: too
 * long, and a part of a command is another one. */
static bool expand(const char *command, const char *device, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (const char *c = command; *c && len + 1 < size; c++) {
		int n = 1;

		if (c[0] == '%' && c[1] == 'i')
			n = snprintf(out + len, size - len, "%s", device);
		else
			out[len] = *c;
		if (c[0] == '%' && (c[1] == 'i' || c[1] == '%'))
			c++;
		len += (size_t)n;
		if (len < size)
			out[len] = '\0';
	}
	return len + 1 < size;
}

/* ---- environment ---- */

static void set(struct jvpn_job *job, const char *name, const char *value)
{
	(void)jvpn_job_add_env(job, name, value);
}

static void set_number(struct jvpn_job *job, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	set(job, name, text);
}

/* Whole words, as far as they fit. */
static void append(char *text, size_t size, const char *word)
{
	size_t len = strlen(text);

	if (strlen(word) + 1 < size - len)
		snprintf(text + len, size - len, "%s%s", len ? " " : "", word);
}

static void set_prefixes(struct jvpn_job *job, const char *name, const struct jvpn_prefix *v,
			 size_t count, uint8_t family)
{
	char text[VALUE_MAX] = "", word[JVPN_PREFIX_FORMAT_MAX];

	for (size_t i = 0; i < count; i++) {
		if (family && v[i].family != family)
			continue;
		jvpn_prefix_format(&v[i], word);
		append(text, sizeof(text), word);
	}
	set(job, name, text);
}

static void set_domains(struct jvpn_job *job, const char *name,
			const struct jvpn_dnsassign_domains *domains)
{
	char text[VALUE_MAX] = "";

	for (size_t i = 0; i < domains->count; i++)
		append(text, sizeof(text), domains->name[i][0] ? domains->name[i] : ".");
	set(job, name, text);
}

static void set_dns(struct jvpn_job *job, const struct jvpn_dnsassign *dns)
{
	char text[VALUE_MAX] = "", word[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < dns->server_count; i++) {
		inet_ntop(dns->server[i].version == 4 ? AF_INET : AF_INET6, dns->server[i].address,
			  word, sizeof(word));
		append(text, sizeof(text), word);
	}
	set(job, "JVPN_DNS", text);
	set_domains(job, "JVPN_DNS_SEARCH", &dns->search);
	set_domains(job, "JVPN_DNS_DOMAINS", &dns->internal);
}

static void set_tunnel(struct jvpn_job *job, const struct jvpn_client *client)
{
	const struct jvpn_client_config *c = &client->options->config;
	const struct jvpn_netcfg_tunnel *w = &client->wanted;

	set_prefixes(job, "JVPN_IPV4", w->address, w->address_count, 4);
	set_prefixes(job, "JVPN_IPV6", w->address, w->address_count, 6);
	set_prefixes(job, "JVPN_ROUTES", w->route, w->route_count, 0);
	set_prefixes(job, "JVPN_ROUTES_EXCLUDE", w->exclude, w->exclude_count, 0);
	set_number(job, "JVPN_MTU", w->mtu);
	set_number(job, "JVPN_FWMARK", client->fwmark);
	if (c->table == JVPN_CONFIG_OFF)
		set(job, "JVPN_TABLE", "off");
	else
		set_number(job, "JVPN_TABLE", c->table);
	set_dns(job, &client->resolver.wanted);
}

static void set_session(struct jvpn_job *job, const struct jvpn_client *client)
{
	const struct jvpn_transport *t = client->live ? jvpn_live_binding(client->live) : NULL;

	set(job, "JVPN_SERVER", client->options->config.server_name);
	set(job, "JVPN_SERVER_ADDRESS", t ? t->peer : client->resume.peer);
	set(job, "JVPN_SESSION_ID", client->hooks.session);
	set_number(job, "JVPN_RESUMED", client->was_resumed);
}

static void set_totals(struct jvpn_job *job, const struct jvpn_client *client)
{
	const struct jvpn_hooks_totals *t = &client->hooks.totals;
	uint64_t ns = jvpn_time_since(jvpn_clock_mono_ns(), client->started_ns);

	set(job, "JVPN_REASON", jvpn_reason_name(t->reason));
	set_number(job, "JVPN_TX_PACKETS", t->tx_packets);
	set_number(job, "JVPN_TX_BYTES", t->tx_bytes);
	set_number(job, "JVPN_RX_PACKETS", t->rx_packets);
	set_number(job, "JVPN_RX_BYTES", t->rx_bytes);
	set_number(job, "JVPN_SWITCHES", t->switches);
	set_number(job, "JVPN_SECONDS", ns / JVPN_NS_PER_S);
}

/* ---- jobs ---- */

static struct jvpn_job *job_new(struct jvpn_client *client, enum jvpn_hook hook, size_t index)
{
	const char *device = client->hooks.device;
	char name[JVPN_RUNNER_NAME_MAX + 1], command[2 * JVPN_CONFIG_COMMAND_MAX];
	struct jvpn_job *job;

	snprintf(name, sizeof(name), "hooks.%s", names[hook]);
	job = jvpn_job_new(name, client->options->config.hooks_timeout_ms);
	if (!job)
		return NULL;
	if (!expand(commands_of(client, hook)->item[index], device, command, sizeof(command)) ||
	    !jvpn_job_add_arg(job, SHELL) || !jvpn_job_add_arg(job, "-c") ||
	    !jvpn_job_add_arg(job, command)) {
		jvpn_job_free(job);
		return NULL;
	}
	job->group = JVPN_CLIENT_JOBS_HOOKS + (int)hook;
	job->user = client;
	set(job, "JVPN_HOOK", names[hook]);
	set(job, "JVPN_INTERFACE", device);
	set_session(job, client);
	set_tunnel(job, client);
	if (hook >= JVPN_HOOK_PRE_DOWN)
		set_totals(job, client);
	return job;
}

static void say_failure(const struct jvpn_client *client, const struct jvpn_job *job, int result,
			const char *what_follows)
{
	char why[80];

	if (result == JVPN_ETIMEOUT)
		snprintf(why, sizeof(why), "did not end within %" PRIu64 " ms and was killed",
			 client->options->config.hooks_timeout_ms);
	else if (result < 0)
		snprintf(why, sizeof(why), "cannot be run: %s", jvpn_err_text(result));
	else
		snprintf(why, sizeof(why), "ended with status %d", result);
	jvpn_log_warn(JVPN_LOG_MAIN, "%s %s; %s: %.200s", job->name, why, what_follows,
		      job->arg[2]);
}

static void on_done(void *user, const struct jvpn_job *job, int result)
{
	if (result)
		say_failure(user, job, result, "going on");
}

/* Adds all commands of a hook; false: there are none. */
static bool run(struct jvpn_client *client, enum jvpn_hook hook, jvpn_runner_fn done)
{
	const struct jvpn_config_commands *commands = commands_of(client, hook);

	for (size_t i = 0; i < commands->count; i++) {
		struct jvpn_job *job = job_new(client, hook, i);

		if (!job) {
			jvpn_log_warn(JVPN_LOG_MAIN, "hooks.%s: too long, or no memory: not run",
				      names[hook]);
			continue;
		}
		job->done = done;
		jvpn_runner_add(&client->runner, job);
	}
	return jvpn_runner_has_group(&client->runner, JVPN_CLIENT_JOBS_HOOKS + (int)hook);
}

/* ---- up ---- */

static void on_pre_up(void *user, const struct jvpn_job *job, int result)
{
	struct jvpn_client *client = user;

	if (result) {
		say_failure(client, job, result, "the tunnel is not brought up");
		jvpn_runner_drop_group(&client->runner, job->group);
		jvpn_client_stop(client, JVPN_EXIT_FAILURE);
		return;
	}
	client->hooks.has_run = true;
	if (jvpn_runner_has_group(&client->runner, job->group) || client->stopping)
		return;
	client->hooks.up_ended = true;
	jvpn_tunnel_update(client);
}

bool jvpn_hooks_may_up(struct jvpn_client *client)
{
	struct jvpn_hooks *h = &client->hooks;

	if (!h->up_begun) {
		h->up_begun = true;
		snprintf(h->device, sizeof(h->device), "%s", jvpn_tun_name(client->tun));
		jvpn_id_format(&client->live->core.id, h->session);
		h->up_ended = client->disconnecting || !run(client, JVPN_HOOK_PRE_UP, on_pre_up);
	}
	return h->up_ended;
}

void jvpn_hooks_on_up(struct jvpn_client *client)
{
	client->hooks.is_up = true;
	jvpn_id_format(&client->live->core.id, client->hooks.session);
	if (!client->disconnecting)
		(void)run(client, JVPN_HOOK_POST_UP, on_done);
}

/* ---- down ---- */

void jvpn_hooks_note_end(struct jvpn_client *client, const struct jvpn_live *live,
			 enum jvpn_reason reason)
{
	client->hooks.totals = (struct jvpn_hooks_totals){.reason = reason,
							  .tx_packets = live->tx_packets,
							  .tx_bytes = live->tx_bytes,
							  .rx_packets = live->rx_packets,
							  .rx_bytes = live->rx_bytes,
							  .switches = live->core.total_switches};
}

static void on_pre_down(void *user, const struct jvpn_job *job, int result)
{
	struct jvpn_client *client = user;

	on_done(user, job, result);
	if (!jvpn_runner_has_group(&client->runner, job->group) && !client->stopping)
		jvpn_client_stop(client, client->hooks.stop_code);
}

bool jvpn_hooks_go_down(struct jvpn_client *client, int code)
{
	struct jvpn_hooks *h = &client->hooks;

	h->is_hurried = h->down_begun;
	if (!h->is_up || h->down_begun)
		return false;
	h->down_begun = true;
	h->stop_code = code;
	if (client->live)
		jvpn_hooks_note_end(client, client->live, JVPN_REASON_CLIENT_CLOSED);
	return run(client, JVPN_HOOK_PRE_DOWN, on_pre_down);
}

void jvpn_hooks_before_down(struct jvpn_client *client)
{
	struct jvpn_hooks *h = &client->hooks;

	/* The way up has no meaning any more. */
	jvpn_runner_drop_group(&client->runner, JVPN_CLIENT_JOBS_HOOKS + JVPN_HOOK_PRE_UP);
	jvpn_runner_drop_group(&client->runner, JVPN_CLIENT_JOBS_HOOKS + JVPN_HOOK_POST_UP);
	if (!h->is_up)
		return;
	if (h->is_hurried)
		jvpn_runner_drop_group(&client->runner,
				       JVPN_CLIENT_JOBS_HOOKS + JVPN_HOOK_PRE_DOWN);
	else if (!h->down_begun)
		(void)run(client, JVPN_HOOK_PRE_DOWN, on_done);
	h->down_begun = true;
}

void jvpn_hooks_after_down(struct jvpn_client *client)
{
	if (client->hooks.is_up || client->hooks.has_run)
		(void)run(client, JVPN_HOOK_POST_DOWN, on_done);
	client->hooks.is_up = client->hooks.has_run = false;
}
