/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When the system hears of DNS servers, and when the journal of what was done goes.
 */
#include "client/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "client/client.h"
#include "unit.h"

static struct jvpn_client client;
static struct jvpn_client_options options;
static struct jvpn_driver driver;
static char dir[64], program[128];

static void setup(void)
{
	memset(&client, 0, sizeof(client));
	memset(&options, 0, sizeof(options));
	client.options = &options;
	client.engine.driver = &driver;
	driver.now_ns = JVPN_NS_PER_S;
	client.is_up = true;
	client.is_lent = true; /* nobody is told */
	jvpn_runner_init(&client.runner, NULL);
	snprintf(dir, sizeof(dir), "/tmp/jvpn-resolver-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(program, sizeof(program), "%s/resolvconf", dir);
	snprintf(client.resolver.path, sizeof(client.resolver.path), "%s/x.dns", dir);
	setenv("PATH", dir, 1);
}

static void teardown(void)
{
	jvpn_runner_clear(&client.runner);
	(void)unlink(program);
	(void)unlink(client.resolver.path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void say(uint8_t last)
{
	static struct jvpn_dnsassign dns;
	uint8_t value[512];
	struct jvpn_writer w;
	struct jvpn_reader r;

	dns = (struct jvpn_dnsassign){.server_count = 1, .internal.count = 1};
	dns.server[0] = (struct jvpn_dnsassign_server){.version = 4, .address = {10, 0, 0, last}};
	jvpn_writer_init(&w, value, sizeof(value));
	ck_assert_int_eq(jvpn_dnsassign_encode(&dns, &w), 0);
	jvpn_reader_init(&r, value, jvpn_writer_len(&w));
	jvpn_resolver_take(&client, &r);
	jvpn_resolver_apply(&client);
}

START_TEST(resolver__other_servers_all_the_time__followed_now_and_then)
{
	size_t applied = 0;

	for (int i = 0; i < 1000; i++) {
		driver.now_ns += jvpn_ms_to_ns(10);
		say((uint8_t)(1 + i % 2));
		applied += client.resolver.is_applied;
		client.resolver.is_applied = false;
	}
	ck_assert_uint_ge(applied, 4);
	ck_assert_uint_le(applied, 6); /* in 10 s */
}
END_TEST

START_TEST(resolver__programs_that_run_still__not_followed)
{
	struct jvpn_job *job = jvpn_job_new("x", 1000);

	job->group = JVPN_CLIENT_JOBS_DNS;
	jvpn_runner_add(&client.runner, job);
	say(1);
	ck_assert(!client.resolver.is_applied);
	ck_assert(jvpn_resolver_next_deadline(&client) == JVPN_TIME_NEVER);
	jvpn_runner_clear(&client.runner);
	jvpn_resolver_apply(&client);
	ck_assert(client.resolver.is_applied);
}
END_TEST

static void undo_with(const char *script)
{
	struct jvpn_dnsjournal *journal = &client.resolver.journal;
	FILE *f = fopen(program, "we");

	ck_assert_ptr_nonnull(f);
	fputs(script, f);
	fclose(f);
	ck_assert_int_eq(chmod(program, 0755), 0);
	journal->mode = JVPN_DNS_RESOLVCONF;
	snprintf(journal->device, sizeof(journal->device), "jvpn0");
	ck_assert_int_eq(jvpn_dnsjournal_save(client.resolver.path, journal), 0);
	jvpn_resolver_restore(&client);
	ck_assert_int_eq(access(client.resolver.path, F_OK), 0);
	(void)jvpn_runner_finish(&client.runner, JVPN_CLIENT_JOBS_HOOKS, JVPN_TIME_NEVER);
}

START_TEST(resolver_restore__journal__goes_when_it_was_undone)
{
	undo_with("#!/bin/sh\nexit 1\n");
	ck_assert_int_eq(access(client.resolver.path, F_OK), 0);
	undo_with("#!/bin/sh\nexit 0\n");
	ck_assert_int_ne(access(client.resolver.path, F_OK), 0);
	ck_assert_int_eq(client.resolver.journal.mode, JVPN_DNS_OFF);
}
END_TEST

UNIT_TESTS(resolver)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, resolver__other_servers_all_the_time__followed_now_and_then);
	tcase_add_test(tc, resolver__programs_that_run_still__not_followed);
	tcase_add_test(tc, resolver_restore__journal__goes_when_it_was_undone);
}
