/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of server/init, server/add_client and server/files: the commands on a directory of their
 * own, and what openssl(1) says about the certificates.
 */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/certgen.h"
#include "quic/tls.h"
#include "server/auth.h"
#include "server/files.h"
#include "server/init.h"
#include "unit.h"

static struct jvpn_server_options options;
static char base[64], dir[80];
static char out[32768], err[4096]; /* what the command said */

static void shell(const char *command)
{
	ck_assert_msg(system(command) == 0, "failed: %s", command);
}

static void setup(void)
{
	snprintf(base, sizeof(base), "/tmp/jvpn-test-init-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/etc", base);
	memset(&options, 0, sizeof(options));
	snprintf(options.directory, sizeof(options.directory), "%s", dir);
	snprintf(options.server_name, sizeof(options.server_name), "vpn.example");
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	shell(command);
}

static const char *in_dir(const char *file)
{
	static char path[8][160];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, 160, "%s/%s", dir, file);
	return p;
}

static void slurp(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t n;

	ck_assert_msg(file != NULL, "%s", path);
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	fclose(file);
}

/* The command with its output in 'out' and 'err' instead of the test's own. */
static int run(int (*command)(const struct jvpn_server_options *))
{
	char out_path[96], err_path[96];
	int old_out, old_err, fd, code;

	snprintf(out_path, sizeof(out_path), "%s/stdout", base);
	snprintf(err_path, sizeof(err_path), "%s/stderr", base);
	fflush(NULL);
	old_out = dup(1);
	old_err = dup(2);
	fd = open(out_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(dup2(fd, 1), 1);
	close(fd);
	fd = open(err_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(dup2(fd, 2), 2);
	close(fd);
	code = command(&options);
	fflush(NULL);
	dup2(old_out, 1);
	dup2(old_err, 2);
	close(old_out);
	close(old_err);
	slurp(out_path, out, sizeof(out));
	slurp(err_path, err, sizeof(err));
	return code;
}

static void expect_mode(const char *file, mode_t mode)
{
	struct stat st;

	ck_assert_msg(stat(in_dir(file), &st) == 0, "%s is missing", file);
	ck_assert_msg((st.st_mode & 07777) == mode, "%s has mode %o", file, st.st_mode & 07777);
}

START_TEST(init__new_directory__everything_with_its_mode)
{
	umask(0077);
	ck_assert_msg(run(jvpn_server_init) == JVPN_EXIT_OK, "%s", err);
	ck_assert_str_eq(err, "");
	expect_mode("", 0700);
	expect_mode("ca.crt", 0644);
	expect_mode("ca.key", 0600);
	expect_mode("server.crt", 0644);
	expect_mode("server.key", 0600);
	expect_mode("server.yaml", 0644);
	expect_mode("policy.yaml", 0644);
	expect_mode("tokens", 0600);
	expect_mode("state", 0700);
	expect_mode("state/reset.key", 0600);
	expect_mode("state/token.key", 0600);
	expect_mode("state/cid.key", 0600);
	expect_mode("state/ticket.key", 0600);
	ck_assert_ptr_nonnull(strstr(out, "Next: (umask 077; jvpn-server add-client NAME"));
	ck_assert_ptr_nonnull(strstr(out, "certificate for vpn.example until 20"));
}
END_TEST

static void expect_owner(const char *path, uid_t uid)
{
	struct stat st;

	ck_assert_msg(stat(path, &st) == 0, "%s is missing", path);
	ck_assert_msg(st.st_uid == uid, "%s belongs to %u", path, (unsigned)st.st_uid);
}

/* As "jvpn-server init" without a directory does it; only root can give files away. */
START_TEST(init__for_a_service__it_gets_its_secrets_and_not_the_cas)
{
	const struct passwd *service = getpwnam("nobody");
	char state[128], key[160];

	umask(0077);
	snprintf(state, sizeof(state), "%s/var", base);
	ck_assert_int_eq(mkdir(state, 0700), 0); /* tmpfiles made it */
	snprintf(options.state_directory, sizeof(options.state_directory), "%s", state);
	options.service_user = geteuid() == 0 && service ? "nobody" : "no such user";
	ck_assert_msg(run(jvpn_server_init) == JVPN_EXIT_OK, "%s", err);
	snprintf(key, sizeof(key), "%s/token.key", state);
	if (geteuid() == 0 && service) {
		expect_mode("", 0755);
		expect_owner(in_dir("server.key"), service->pw_uid);
		expect_owner(in_dir("tokens"), service->pw_uid);
		expect_owner(state, service->pw_uid);
		expect_owner(key, service->pw_uid);
		ck_assert_ptr_nonnull(strstr(out, "systemctl enable --now jvpn-server"));
	}
	expect_owner(dir, geteuid());
	expect_owner(in_dir("ca.key"), geteuid());
	expect_mode("server.key", 0600);
	expect_mode("tokens", 0600);
	slurp(in_dir("server.yaml"), out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "state_dir: "));
	ck_assert_ptr_nonnull(strstr(out, state));
	/* Root goes on with what is the service's. */
	options.force = true;
	ck_assert_msg(run(jvpn_server_init) == JVPN_EXIT_OK, "%s", err);
}
END_TEST

START_TEST(init__certificates__openssl_agrees)
{
	char command[1024];

	snprintf(options.address.host, sizeof(options.address.host), "2001:db8::7");
	options.address.port = 4433;
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_OK);
	snprintf(command, sizeof(command),
		 "cd '%s' && openssl verify -x509_strict -purpose sslserver -CAfile ca.crt "
		 "-verify_hostname VPN.example server.crt >/dev/null && "
		 "openssl verify -x509_strict -CAfile ca.crt -verify_ip 2001:db8::7 server.crt "
		 ">/dev/null && "
		 "openssl x509 -in ca.crt -noout -text | grep -q 'CA:TRUE, pathlen:0' && "
		 "openssl x509 -in ca.crt -noout -text | grep -q 'Certificate Sign, CRL Sign' && "
		 "openssl x509 -in server.crt -noout -text | grep -q 'CA:FALSE' && "
		 "openssl x509 -in server.crt -noout -text | grep -q '(256 bit)' && "
		 "! openssl verify -CAfile ca.crt -verify_hostname other.example server.crt "
		 ">/dev/null 2>&1",
		 dir);
	shell(command);
	slurp(in_dir("server.yaml"), out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "\"[2001:db8::7]:4433\""));
	ck_assert_ptr_nonnull(strstr(out, "listen: [\"0.0.0.0:4433\", \"[::]:4433\"]"));
}
END_TEST

START_TEST(init__two_servers__serials_and_keys_differ)
{
	char a[4096], b[4096];

	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_OK);
	slurp(in_dir("ca.key"), a, sizeof(a));
	snprintf(dir, sizeof(dir), "%s/etc2", base);
	snprintf(options.directory, sizeof(options.directory), "%s", dir);
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_OK);
	slurp(in_dir("ca.key"), b, sizeof(b));
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(init__a_file_exists__refused_and_nothing_changed)
{
	FILE *file;

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	file = fopen(in_dir("policy.yaml"), "w");
	fputs("mine", file);
	fclose(file);
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(err, "policy.yaml exists: nothing was changed"));
	ck_assert_str_eq(out, "");
	ck_assert_int_ne(access(in_dir("ca.crt"), F_OK), 0);
	slurp(in_dir("policy.yaml"), out, sizeof(out));
	ck_assert_str_eq(out, "mine");
}
END_TEST

START_TEST(init__force__new_certificate_old_ca_and_tokens)
{
	char ca[4096], key[4096], tokens[4096], again[4096];

	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_OK);
	slurp(in_dir("ca.crt"), ca, sizeof(ca));
	slurp(in_dir("server.key"), key, sizeof(key));
	slurp(in_dir("tokens"), tokens, sizeof(tokens));
	options.force = true;
	ck_assert_msg(run(jvpn_server_init) == JVPN_EXIT_OK, "%s", err);
	slurp(in_dir("ca.crt"), again, sizeof(again));
	ck_assert_str_eq(ca, again);
	slurp(in_dir("tokens"), again, sizeof(again));
	ck_assert_str_eq(tokens, again);
	slurp(in_dir("server.key"), again, sizeof(again));
	ck_assert_str_ne(key, again);
	slurp(in_dir("server.key.old"), again, sizeof(again));
	ck_assert_str_eq(key, again);
	expect_mode("server.key.old", 0600);
	snprintf(again, sizeof(again),
		 "cd '%s' && openssl verify -CAfile ca.crt server.crt >/dev/null", dir);
	shell(again);
}
END_TEST

START_TEST(init__only_one_of_the_ca_files__refused)
{
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_OK);
	ck_assert_int_eq(unlink(in_dir("ca.key")), 0);
	options.force = true;
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(err, "only one of ca.crt and ca.key"));
}
END_TEST

/* A file that cannot be written half-way: a directory in its place. */
START_TEST(init__failure_half_way__everything_taken_back)
{
	options.force = true; /* so that look_around lets it pass */
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(mkdir(in_dir("policy.yaml"), 0700), 0);
	ck_assert_int_eq(mkdir(in_dir("policy.yaml.old"), 0700), 0);
	ck_assert_int_eq(mkdir(in_dir("policy.yaml.old/x"), 0700), 0);
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_FAILURE);
	ck_assert_ptr_nonnull(strstr(err, "cannot rename"));
	ck_assert_int_ne(access(in_dir("ca.crt"), F_OK), 0);
	ck_assert_int_ne(access(in_dir("server.key"), F_OK), 0);
	ck_assert_int_ne(access(in_dir("state"), F_OK), 0);
}
END_TEST

START_TEST(init__directory_others_can_write__refused)
{
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(chmod(dir, 0777), 0);
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_PERMISSION);
	ck_assert_ptr_nonnull(strstr(err, "chmod go-w"));
}
END_TEST

START_TEST(init__no_parent_or_bad_name__refused)
{
	snprintf(options.directory, sizeof(options.directory), "%s/no/such", base);
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(err, "cannot make the directory"));
	snprintf(options.directory, sizeof(options.directory), "%s", dir);
	snprintf(options.server_name, sizeof(options.server_name), "a b");
	ck_assert_int_eq(run(jvpn_server_init), JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(err, "is no host name"));
	ck_assert_int_ne(access(dir, F_OK), 0);
}
END_TEST

/* ---- add-client ---- */

static void init_and_configure(void)
{
	ck_assert_msg(run(jvpn_server_init) == JVPN_EXIT_OK, "%s", err);
	snprintf(options.config.auth_tokens, sizeof(options.config.auth_tokens), "%s/tokens", dir);
	snprintf(options.config.tls_certificate, sizeof(options.config.tls_certificate),
		 "%s/server.crt", dir);
	snprintf(options.client_name, sizeof(options.client_name), "laptop");
	snprintf(options.address.host, sizeof(options.address.host), "vpn.example");
	options.address.port = 4433;
	options.expires_days = 30;
}

/* The token in a client configuration. */
static void find_token(const char *yaml, char field[128])
{
	const char *token = strstr(yaml, "  token: \"");

	ck_assert_ptr_nonnull(token);
	snprintf(field, 128, "Bearer %.64s", token + strlen("  token: \""));
}

static enum jvpn_reason check_token(const char *field, uint64_t wall_s, char name[64])
{
	struct jvpn_report *report = jvpn_report_new();
	struct jvpn_auth_identity identity;
	struct jvpn_auth *auth = NULL;
	enum jvpn_reason reason;

	ck_assert_int_eq(jvpn_auth_load(in_dir("tokens"), &auth, report), 0);
	reason = jvpn_auth_check(auth, field, wall_s, &identity);
	snprintf(name, 64, "%s", identity.name);
	jvpn_auth_free(auth);
	jvpn_report_free(report);
	return reason;
}

START_TEST(add_client__new_name__token_works_until_it_expires)
{
	char field[128], name[64], tokens[4096];
	uint64_t now_s = (uint64_t)time(NULL);

	init_and_configure();
	ck_assert_msg(run(jvpn_server_add_client) == JVPN_EXIT_OK, "%s", err);
	ck_assert_ptr_nonnull(strstr(err, "added client laptop"));
	ck_assert_ptr_nonnull(strstr(out, "address: \"vpn.example:4433\""));
	ck_assert_ptr_nonnull(strstr(out, "-----BEGIN CERTIFICATE-----"));
	find_token(out, field);
	ck_assert_int_eq(check_token(field, now_s, name), JVPN_REASON_NONE);
	ck_assert_str_eq(name, "laptop");
	ck_assert_int_eq(check_token(field, now_s + 29 * 86400, name), JVPN_REASON_NONE);
	ck_assert_int_eq(check_token(field, now_s + 31 * 86400, name), JVPN_REASON_TOKEN_EXPIRED);
	slurp(in_dir("tokens"), tokens, sizeof(tokens));
	ck_assert_ptr_nonnull(strstr(tokens, "# name:sha256")); /* comments stay */
	ck_assert_ptr_null(strstr(tokens, field + strlen("Bearer ")));
	expect_mode("tokens", 0600);
}
END_TEST

START_TEST(add_client__same_name_again__refused_unless_forced)
{
	char first[128], second[128], name[64];
	uint64_t now_s = (uint64_t)time(NULL);

	init_and_configure();
	options.expires_days = 0;
	ck_assert_int_eq(run(jvpn_server_add_client), JVPN_EXIT_OK);
	find_token(out, first);
	ck_assert_int_eq(run(jvpn_server_add_client), JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(err, "a client \"laptop\" already"));
	ck_assert_str_eq(out, "");
	snprintf(options.client_name, sizeof(options.client_name), "lap");
	ck_assert_int_eq(run(jvpn_server_add_client), JVPN_EXIT_OK);
	snprintf(options.client_name, sizeof(options.client_name), "laptop");
	options.force = true;
	ck_assert_int_eq(run(jvpn_server_add_client), JVPN_EXIT_OK);
	find_token(out, second);
	ck_assert_int_eq(check_token(first, now_s, name), JVPN_REASON_TOKEN_UNKNOWN);
	ck_assert_int_eq(check_token(second, now_s + 100ULL * 365 * 86400, name), JVPN_REASON_NONE);
	ck_assert_str_eq(name, "laptop");
}
END_TEST

START_TEST(add_client__name_that_the_certificate_lacks__refused)
{
	init_and_configure();
	snprintf(options.server_name, sizeof(options.server_name), "other.example");
	ck_assert_int_eq(run(jvpn_server_add_client), JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(err, "not for \"other.example\" but for vpn.example"));
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(add_client__another_ca__refused)
{
	static struct jvpn_certgen ca;
	struct jvpn_certgen_request request = {.common_name = "other",
					       .ca = true,
					       .not_before_s = 1700000000,
					       .not_after_s = 1900000000};
	struct jvpn_files_text text;
	char error[256];

	init_and_configure();
	ck_assert_int_eq(jvpn_certgen_issue(&request, &ca), 0);
	text = (struct jvpn_files_text){ca.certificate, strlen(ca.certificate)};
	ck_assert_int_eq(
		jvpn_files_write(in_dir("ca.crt"), &text, 0644, true, error, sizeof(error)), 0);
	ck_assert_int_eq(run(jvpn_server_add_client), JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(err, "was not issued by the CA"));
	ck_assert_int_eq(unlink(in_dir("ca.crt")), 0);
	ck_assert_int_ne(run(jvpn_server_add_client), JVPN_EXIT_OK);
	ck_assert_ptr_nonnull(strstr(err, "cannot read"));
}
END_TEST

START_TEST(add_client__bad_token_file__refused_and_left_alone)
{
	char text[256];
	FILE *file;

	init_and_configure();
	file = fopen(in_dir("tokens"), "w");
	fputs("nonsense\n", file);
	fclose(file);
	ck_assert_int_eq(run(jvpn_server_add_client), JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(err, "nothing was changed"));
	ck_assert_ptr_nonnull(strstr(err, "tokens:1:1: expected name:sha256:expiry"));
	slurp(in_dir("tokens"), text, sizeof(text));
	ck_assert_str_eq(text, "nonsense\n");
	ck_assert_str_eq(out, "");
}
END_TEST

/* Eight processes at once: every client is in the file afterwards. */
START_TEST(add_client__many_at_once__none_lost)
{
	struct jvpn_report *report = jvpn_report_new();
	struct jvpn_auth *auth = NULL;
	char name[32];

	init_and_configure();
	for (int i = 0; i < 8; i++) {
		if (fork() != 0)
			continue;
		snprintf(options.client_name, sizeof(options.client_name), "client-%d", i);
		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
		_exit(jvpn_server_add_client(&options));
	}
	for (int i = 0; i < 8; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(jvpn_auth_load(in_dir("tokens"), &auth, report), 0);
	ck_assert_uint_eq(jvpn_auth_count(auth), 8);
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "client-%d", i);
		ck_assert(jvpn_auth_has_name(auth, name));
	}
	jvpn_auth_free(auth);
	jvpn_report_free(report);
}
END_TEST

START_TEST(tls__files_of_init__accepted)
{
	struct jvpn_tls_config config = {.server = true, .wall_s = (uint64_t)time(NULL)};
	struct jvpn_tls *tls = NULL;
	char error[256];

	init_and_configure();
	config.certificate_file = in_dir("server.crt");
	config.key_file = in_dir("server.key");
	ck_assert_msg(jvpn_tls_new(&config, &tls, error, sizeof(error)) == 0, "%s", error);
	jvpn_tls_free(tls);
	config = (struct jvpn_tls_config){.ca_file = in_dir("ca.crt"), .wall_s = config.wall_s};
	ck_assert_msg(jvpn_tls_new(&config, &tls, error, sizeof(error)) == 0, "%s", error);
	jvpn_tls_free(tls);
}
END_TEST

UNIT_TESTS(init)
{
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, init__new_directory__everything_with_its_mode);
	tcase_add_test(tc, init__for_a_service__it_gets_its_secrets_and_not_the_cas);
	tcase_add_test(tc, init__certificates__openssl_agrees);
	tcase_add_test(tc, init__two_servers__serials_and_keys_differ);
	tcase_add_test(tc, init__a_file_exists__refused_and_nothing_changed);
	tcase_add_test(tc, init__force__new_certificate_old_ca_and_tokens);
	tcase_add_test(tc, init__only_one_of_the_ca_files__refused);
	tcase_add_test(tc, init__failure_half_way__everything_taken_back);
	tcase_add_test(tc, init__directory_others_can_write__refused);
	tcase_add_test(tc, init__no_parent_or_bad_name__refused);
	tcase_add_test(tc, add_client__new_name__token_works_until_it_expires);
	tcase_add_test(tc, add_client__same_name_again__refused_unless_forced);
	tcase_add_test(tc, add_client__name_that_the_certificate_lacks__refused);
	tcase_add_test(tc, add_client__another_ca__refused);
	tcase_add_test(tc, add_client__bad_token_file__refused_and_left_alone);
	tcase_add_test(tc, add_client__many_at_once__none_lost);
	tcase_add_test(tc, tls__files_of_init__accepted);
}
