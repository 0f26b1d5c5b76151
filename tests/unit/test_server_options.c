/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of server/options, server/config and server/templates.
 */
#include "server/options.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/err.h"
#include "options_fixture.h"
#include "server/config.h"
#include "server/templates.h"

static struct jvpn_server_options options;

static const struct jvpn_template_values example = {
	.server_name = "vpn.example.net",
	.server_address = "vpn.example.net:443",
	.client_name = "client-01",
	.token = "EXAMPLE-0123456789abcdef",
	.expiry = "never",
	.ca_pem = "-----BEGIN CERTIFICATE-----\n"
		  "MIIBszCCAVmgAwIBAgIUExampleExampleExampleExampleExample\n"
		  "-----END CERTIFICATE-----\n",
};

static const char *const minimal = "version: 1\n"
				   "tls:\n  certificate: server.crt\n  key: server.key\n"
				   "auth:\n  tokens: tokens\n"
				   "pool:\n  ipv4: 10.77.0.0/24\n";

static bool load(int argc, char **argv, int *code)
{
	return jvpn_server_options_load(argc, argv, &options, code);
}

static bool run(const char *line, int *code)
{
	return fixture_run(load, line, code);
}

static void setup(void)
{
	fixture_setup();
	unsetenv("POLICY_FILE");
	unsetenv("JVPN_CONFIG");
	fixture_write("server.yaml", minimal);
	fixture_write("server.crt", "x");
	fixture_write("server.key", "x");
	fixture_write("tokens", "");
}

static char *render(enum jvpn_template which, const struct jvpn_template_values *values, int *rc)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	*rc = jvpn_template_write(which, values, stream);
	fclose(stream);
	return text;
}

START_TEST(template__example_values__are_contrib_examples)
{
	static const struct {
		enum jvpn_template which;
		const char *file;
	} files[] = {{JVPN_TEMPLATE_SERVER, "contrib/examples/server.yaml"},
		     {JVPN_TEMPLATE_POLICY, "contrib/examples/policy.yaml"},
		     {JVPN_TEMPLATE_CLIENT, "contrib/examples/client.yaml"}};

	for (size_t i = 0; i < 3; i++) {
		int rc;
		char *made = render(files[i].which, &example, &rc);
		char *there = fixture_source(files[i].file);

		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(made, there);
		free(made);
		free(there);
	}
}
END_TEST

START_TEST(template__values_that_break_out__refused_and_nothing_written)
{
	static const char *const bad[] = {"a\"b", "a\\b", "a\nb", "a\x7f", "\xc3\xa4", "a\tb"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct jvpn_template_values values = example;
		char *text;
		int rc;

		values.client_name = bad[i];
		text = render(JVPN_TEMPLATE_CLIENT, &values, &rc);
		ck_assert_msg(rc == JVPN_EINVAL && text[0] == '\0', "%s", bad[i]);
		free(text);
	}
}
END_TEST

START_TEST(server_config__example__loads_to_the_defaults)
{
	struct jvpn_server_config config, defaults;
	char *text = fixture_source("contrib/examples/server.yaml");

	fixture_write("f.yaml", text);
	free(text);
	ck_assert_msg(jvpn_server_config_load(fixture_file, false, &config, fixture_report) == 0,
		      "%s", fixture_line(0));
	fixture_write("f.yaml", minimal);
	ck_assert_int_eq(jvpn_server_config_load(fixture_file, false, &defaults, fixture_report),
			 0);
	ck_assert_uint_eq(config.listen.count, 2);
	ck_assert_int_eq(memcmp(&config.listen, &defaults.listen, sizeof(config.listen)), 0);
	ck_assert_int_eq(memcmp(&config.routes, &defaults.routes, sizeof(config.routes)), 0);
	ck_assert_str_eq(config.state_dir, defaults.state_dir);
	ck_assert_str_eq(config.node_id, defaults.node_id);
	ck_assert_uint_eq(config.quic_initial_rtt_ms, 45);
	ck_assert_uint_eq(config.quic_initial_rtt_ms, defaults.quic_initial_rtt_ms);
	ck_assert_uint_eq(config.quic_max_udp_payload, defaults.quic_max_udp_payload);
	ck_assert_uint_eq(config.quic_socket_buffer_bytes, defaults.quic_socket_buffer_bytes);
	ck_assert_uint_eq(config.quic_handshake_timeout_ms, defaults.quic_handshake_timeout_ms);
	ck_assert_uint_eq(config.quic_retry_above_half_open, defaults.quic_retry_above_half_open);
	ck_assert_int_eq(config.quic_congestion, defaults.quic_congestion);
	ck_assert_uint_eq(config.tun_mtu, 0);
	ck_assert_str_eq(config.tun_name, "jvpn0");
	ck_assert(config.quic_offload && defaults.quic_offload);
}
END_TEST

START_TEST(policy_example__loads__to_the_defaults)
{
	struct jvpn_policy policy, defaults;
	char *text = fixture_source("contrib/examples/policy.yaml");

	fixture_write("f.yaml", text);
	free(text);
	jvpn_policy_init(&defaults);
	ck_assert_msg(jvpn_policy_file_load(fixture_file, &policy, fixture_report) == 0, "%s",
		      fixture_line(0));
	memcpy(policy.version, defaults.version, sizeof(policy.version));
	ck_assert_int_eq(memcmp(&policy, &defaults, sizeof(policy)), 0);
}
END_TEST

START_TEST(server_config__errors__all_in_one_pass_and_untouched)
{
	static struct jvpn_server_config config, untouched;

	memset(&config, 0x5a, sizeof(config));
	untouched = config;
	fixture_write("f.yaml", "version: 2\n"
				"node_id: a b\n"
				"listen: 0.0.0.0:443\n"
				"tls:\n  key: nothing.key\n  certificate: [x]\n"
				"pool:\n  ipv4: 10.77.0.1/24\n  ipv6: 10.0.0.0/24\n"
				"routes: []\n"
				"tun: {name: averyveryverylongname, mtu: 1279}\n"
				"quic: {server_id: \"0a0\", initial_rtt: 45, congestion: vegas}\n");
	ck_assert_int_eq(jvpn_server_config_load(fixture_file, true, &config, fixture_report),
			 JVPN_ECONFIG);
	ck_assert_int_eq(memcmp(&config, &untouched, sizeof(config)), 0);
	ck_assert_uint_eq(fixture_report->count, 14);
	ck_assert_ptr_nonnull(
		strstr(fixture_line(0), "f.yaml:1:10: version: expected integer 1, got"));
	ck_assert_ptr_nonnull(strstr(fixture_line(2), "listen: expected a list of address:port"));
	ck_assert_ptr_nonnull(strstr(fixture_line(4), "pool.ipv4: expected IPv4 prefix"));
	ck_assert_ptr_nonnull(strstr(fixture_line(4), "bits behind the prefix length"));
	ck_assert_ptr_nonnull(
		strstr(fixture_line(6), "routes: expected at least 1 entries, got 0"));
	ck_assert_ptr_nonnull(
		strstr(fixture_line(8), "tun.mtu: expected auto or integer 1280..65535"));
	ck_assert_ptr_nonnull(strstr(fixture_line(10), "quic.initial_rtt: expected duration"));
	ck_assert_ptr_nonnull(strstr(fixture_line(11), "one of bbr, cubic, reno, got \"vegas\""));
	ck_assert_ptr_nonnull(
		strstr(fixture_line(12), "auth.tokens: expected path of a file, got nothing"));
	ck_assert_ptr_nonnull(
		strstr(fixture_line(13), "f.yaml:5:8: tls.key: expected a readable file"));
	ck_assert_int_eq(fixture_report->exit_code, JVPN_EXIT_CONFIG);
}
END_TEST

START_TEST(server_config__no_pool__refused)
{
	struct jvpn_server_config config;

	fixture_write("f.yaml", "version: 1\ntls: {certificate: c, key: k}\nauth: {tokens: t}\n");
	ck_assert_int_eq(jvpn_server_config_load(fixture_file, false, &config, fixture_report),
			 JVPN_ECONFIG);
	FIXTURE_EXPECT(
		"f.yaml:1:1: pool.ipv4: expected pool.ipv4 or pool.ipv6 or both, got neither");
}
END_TEST

START_TEST(server_config__dns_too_large__refused)
{
	struct jvpn_server_config config;
	static char text[20000], name[256];

	for (size_t i = 0; i < 253; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	snprintf(text, sizeof(text), "%sdns:\n  servers: [ 10.0.0.1, 10.0.0.2, 10.0.0.3 ]\n",
		 minimal);
	for (int list = 0; list < 2; list++) {
		strcat(text, list ? "  domains:\n" : "  search:\n");
		for (int i = 0; i < 16; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "  - %s\n",
				 name);
		fixture_write("f.yaml", text);
		ck_assert_int_eq(
			jvpn_server_config_load(fixture_file, false, &config, fixture_report),
			list ? JVPN_ECONFIG : 0);
	}
	ck_assert_ptr_nonnull(strstr(fixture_line(0), "dns.servers: expected servers and names"));
}
END_TEST

static int load_events(const char *events, struct jvpn_server_config *config)
{
	char text[1024];

	snprintf(text, sizeof(text), "%sevents:\n%s", minimal, events);
	fixture_write("f.yaml", text);
	return jvpn_server_config_load(fixture_file, false, config, fixture_report);
}

START_TEST(server_config__event_outputs__one_or_several)
{
	struct jvpn_server_config config;
	char path[128];

	ck_assert_int_eq(load_events("  output: journald\n", &config), 0);
	ck_assert_uint_eq(config.events.outputs.count, 1);
	ck_assert_str_eq(config.events.outputs.item[0], "journald");
	ck_assert_str_eq(config.events.journal_socket, "/run/systemd/journal/socket");
	ck_assert_str_eq(config.events.syslog_socket, "/dev/log");
	ck_assert_int_eq(config.events.syslog_facility, 3);
	ck_assert_int_eq(load_events("  output: [ stdout, syslog, ./syslog, e.jsonl ]\n"
				     "  syslog_socket: /run/s\n"
				     "  syslog_facility: local7\n",
				     &config),
			 0);
	ck_assert_uint_eq(config.events.outputs.count, 4);
	ck_assert_str_eq(config.events.outputs.item[1], "syslog");
	snprintf(path, sizeof(path), "%s/./syslog", fixture_dir);
	ck_assert_str_eq(config.events.outputs.item[2], path);
	snprintf(path, sizeof(path), "%s/e.jsonl", fixture_dir);
	ck_assert_str_eq(config.events.outputs.item[3], path);
	ck_assert_str_eq(config.events.syslog_socket, "/run/s");
	ck_assert_int_eq(config.events.syslog_facility, 23);
}
END_TEST

START_TEST(server_config__event_outputs__mistakes_are_told)
{
	struct jvpn_server_config config;

	ck_assert_int_eq(load_events("  output: [ a, stdout, a ]\n"
				     "  syslog_facility: kern\n"
				     "  sylog_socket: /dev/log\n",
				     &config),
			 JVPN_ECONFIG);
	ck_assert_int_eq(load_events("  output: []\n", &config), JVPN_ECONFIG);
	ck_assert_int_eq(load_events("  output: [ a, b, c, d, e ]\n", &config), JVPN_ECONFIG);
	ck_assert_int_eq(load_events("  output: {file: a}\n", &config), JVPN_ECONFIG);
	FIXTURE_EXPECT(
		"f.yaml:11:20: events.syslog_facility: expected one of user, daemon,",
		"f.yaml:12:3: events.sylog_socket: unknown key; did you mean "
		"events.syslog_socket?",
		"f.yaml:10:11: events.output: expected different outputs, got \"",
		"f.yaml:10:11: events.output: expected at least 1 entries, got 0",
		"f.yaml:10:25: events.output: expected at most 4 entries, got more",
		"f.yaml:10:11: events.output: expected a list of stdout, journald, syslog or "
		"the path of a file, got a mapping");
}
END_TEST

START_TEST(server_options__exposed_or_missing_secret__exit_3)
{
	static const char *const secrets[] = {"server.key", "tokens"};
	int code;

	ck_assert(run("jvpn-server -c @/server.yaml -t", &code));
	ck_assert_int_eq(code, JVPN_EXIT_OK);
	ck_assert_int_eq(options.command, JVPN_SERVER_CHECK);
	for (size_t i = 0; i < 2; i++) {
		char path[128];

		fixture_write_bytes(secrets[i], "x", 1, 0640);
		ck_assert(!run("jvpn-server -c @/server.yaml", &code));
		ck_assert_int_eq(code, JVPN_EXIT_PERMISSION);
		ck_assert_ptr_nonnull(strstr(fixture_err, "run chmod 600 "));
		ck_assert_ptr_nonnull(strstr(fixture_err, secrets[i]));
		snprintf(path, sizeof(path), "%s/%s", fixture_dir, secrets[i]);
		unlink(path);
		ck_assert(!run("jvpn-server -c @/server.yaml", &code));
		ck_assert_int_eq(code, JVPN_EXIT_PERMISSION);
		fixture_write(secrets[i], "x");
	}
}
END_TEST

START_TEST(server_options__precedence__command_line_environment_file)
{
	char path[128], text[512];
	int code;

	snprintf(path, sizeof(path), "%s/server.yaml", fixture_dir);
	setenv("JVPN_CONFIG", path, 1);
	ck_assert_msg(run("jvpn-server", &code), "%s", fixture_err);
	ck_assert_str_eq(options.config_path, path);
	ck_assert_str_eq(options.policy.version, "default");
	ck_assert(!run("jvpn-server -c @/other.yaml", &code));
	ck_assert_ptr_nonnull(strstr(fixture_err, "/other.yaml: expected a readable file"));
	snprintf(text, sizeof(text), "%spolicy: f.yaml\n", minimal);
	fixture_write("server.yaml", text);
	fixture_write("f.yaml", "version: from-file\n");
	fixture_write("e.yaml", "version: from-environment\n");
	fixture_write("c.yaml", "version: from-command-line\n");
	ck_assert(run("jvpn-server", &code));
	ck_assert_str_eq(options.policy.version, "from-file");
	snprintf(path, sizeof(path), "%s/e.yaml", fixture_dir);
	setenv("POLICY_FILE", path, 1);
	ck_assert(run("jvpn-server", &code));
	ck_assert_str_eq(options.policy.version, "from-environment");
	ck_assert(run("jvpn-server --policy @/c.yaml --events @/ev", &code));
	ck_assert_str_eq(options.policy.version, "from-command-line");
	ck_assert_ptr_nonnull(strstr(options.config.events.outputs.item[0], "/ev"));
	setenv("POLICY_FILE", "", 1);
	ck_assert(run("jvpn-server", &code));
	ck_assert_str_eq(options.policy.version, "from-file");
}
END_TEST

START_TEST(server_options__bad_policy__exit_2_and_reload_keeps)
{
	struct jvpn_policy before;
	int code;

	fixture_write("f.yaml", "version: good\n");
	ck_assert(run("jvpn-server -c @/server.yaml --policy @/f.yaml", &code));
	before = options.policy;
	fixture_write("f.yaml", "version: bad\nnothing: 1\n");
	ck_assert_int_eq(
		jvpn_server_options_reload_policy(&options, &options.policy, fixture_report),
		JVPN_ECONFIG);
	ck_assert_int_eq(memcmp(&before, &options.policy, sizeof(before)), 0);
	ck_assert(!run("jvpn-server -c @/server.yaml --policy @/f.yaml", &code));
	ck_assert_int_eq(code, JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(fixture_err, "f.yaml:2:1: nothing: unknown key"));
}
END_TEST

START_TEST(server_options__log_level__v_and_q)
{
	int code;

	ck_assert(run("jvpn-server -c @/server.yaml", &code));
	ck_assert_int_eq(options.log_level, JVPN_LOG_INFO);
	ck_assert(run("jvpn-server -c @/server.yaml -vvv", &code));
	ck_assert_int_eq(options.log_level, JVPN_LOG_DEBUG);
	ck_assert(run("jvpn-server -c @/server.yaml -qqqq", &code));
	ck_assert_int_eq(options.log_level, JVPN_LOG_ERROR);
}
END_TEST

START_TEST(server_options__help_version_mistakes__answered)
{
	int code;

	ck_assert(!run("jvpn-server --help", &code));
	ck_assert_int_eq(code, 0);
	ck_assert_ptr_nonnull(strstr(fixture_out, "add-client NAME"));
	ck_assert(!run("jvpn-server init --help", &code));
	ck_assert_ptr_nonnull(strstr(fixture_out, "Usage: jvpn-server init [OPTION]... [DIR]"));
	ck_assert(!run("jvpn-server -vV", &code));
	ck_assert_int_eq(code, 0);
	ck_assert_ptr_nonnull(strstr(fixture_out, "jvpn-server "));
	ck_assert_ptr_nonnull(strstr(fixture_out, "wolfSSL"));
	ck_assert(!run("jvpn-server --nope", &code));
	ck_assert_int_eq(code, JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(fixture_err, "unknown option --nope"));
}
END_TEST

START_TEST(server_options__subcommands__filled)
{
	int code;

	ck_assert(run("jvpn-server init @/d --name vpn.test --address 192.0.2.1 -f", &code));
	ck_assert_int_eq(options.command, JVPN_SERVER_INIT);
	ck_assert_str_eq(options.server_name, "vpn.test");
	ck_assert_str_eq(options.address.host, "192.0.2.1");
	ck_assert_uint_eq(options.address.port, 443);
	ck_assert(options.force);
	ck_assert(!run("jvpn-server init @/d --name bad..name", &code));
	ck_assert_int_eq(code, JVPN_EXIT_CONFIG);
	ck_assert(!run("jvpn-server add-client laptop -c @/server.yaml", &code));
	ck_assert_ptr_nonnull(strstr(fixture_err, "--address"));
	ck_assert(run("jvpn-server add-client laptop -c @/server.yaml --address [2001:db8::1]:4433 "
		      "--expires 0",
		      &code));
	ck_assert_int_eq(options.command, JVPN_SERVER_ADD_CLIENT);
	ck_assert_str_eq(options.client_name, "laptop");
	ck_assert_str_eq(options.address.host, "2001:db8::1");
	ck_assert_uint_eq(options.expires_days, 0);
	ck_assert(!run("jvpn-server add-client lap/top -c @/server.yaml --address a.b", &code));
	ck_assert(!run("jvpn-server add-client laptop -c @/server.yaml --expires x", &code));
	ck_assert_ptr_nonnull(strstr(fixture_err, "--expires: expected days 0..36500, got \"x\""));
}
END_TEST

START_TEST(server_options__print_config__reads_back_to_the_same)
{
	struct jvpn_server_config before, after;
	char *end;
	int code;

	ck_assert(run("jvpn-server -c @/server.yaml", &code));
	before = options.config;
	ck_assert(!run("jvpn-server -c @/server.yaml --print-config", &code));
	ck_assert_int_eq(code, 0);
	end = strstr(fixture_out, "---\n");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	fixture_write("f.yaml", fixture_out);
	ck_assert_msg(jvpn_server_config_load(fixture_file, false, &after, fixture_report) == 0,
		      "%s", fixture_line(0));
	ck_assert_str_eq(before.tls_key, after.tls_key);
	ck_assert_str_eq(before.state_dir, after.state_dir);
	ck_assert_int_eq(memcmp(&before.listen, &after.listen, sizeof(before.listen)), 0);
	ck_assert_uint_eq(after.events.outputs.count, 1);
	ck_assert_str_eq(after.events.outputs.item[0], "stdout");
	ck_assert_int_eq(memcmp(&before.pool_ipv4, &after.pool_ipv4, sizeof(before.pool_ipv4)), 0);
	ck_assert_uint_eq(before.quic_socket_buffer_bytes, after.quic_socket_buffer_bytes);
}
END_TEST

START_TEST(server_options__control_commands__as_told)
{
	int code;

	ck_assert(run("jvpn-server sessions -j -c @/server.yaml", &code));
	ck_assert_int_eq(options.command, JVPN_SERVER_OPERATE);
	ck_assert_int_eq(options.operate.request.command->id, JVPN_CTL_SESSIONS);
	ck_assert_ptr_nonnull(strstr(options.operate.socket, "/jvpn/server.sock"));
	ck_assert(options.operate.server && options.operate.json);
	ck_assert(run("jvpn-server terminate 000102030405060708090a0b0c0d0e0f --reason "
		      "node_shutdown -s /x",
		      &code));
	ck_assert_int_eq(options.operate.request.reason, JVPN_REASON_NODE_SHUTDOWN);
	ck_assert(options.operate.request.has_session);
	ck_assert(!run("jvpn-server terminate 000102030405060708090a0b0c0d0e0f --reason "
		       "client_closed -s /x",
		       &code));
	ck_assert_int_eq(code, JVPN_EXIT_CONFIG);
	ck_assert(run("jvpn-server transports -s /x", &code));
	ck_assert(!options.operate.request.has_session);
	ck_assert(!run("jvpn-server switch -s /x", &code));
	ck_assert(run("jvpn-server policy check @/server.yaml", &code));
	ck_assert(options.operate.check && strstr(options.operate.check_file, "server.yaml"));
	/* -f still means --force where that is known */
	ck_assert(run("jvpn-server init @/new -f", &code));
	ck_assert(options.force);
}
END_TEST

UNIT_TESTS(server_options)
{
	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(tc, template__example_values__are_contrib_examples);
	tcase_add_test(tc, template__values_that_break_out__refused_and_nothing_written);
	tcase_add_test(tc, server_config__example__loads_to_the_defaults);
	tcase_add_test(tc, policy_example__loads__to_the_defaults);
	tcase_add_test(tc, server_config__errors__all_in_one_pass_and_untouched);
	tcase_add_test(tc, server_config__no_pool__refused);
	tcase_add_test(tc, server_config__dns_too_large__refused);
	tcase_add_test(tc, server_config__event_outputs__one_or_several);
	tcase_add_test(tc, server_config__event_outputs__mistakes_are_told);
	tcase_add_test(tc, server_options__exposed_or_missing_secret__exit_3);
	tcase_add_test(tc, server_options__precedence__command_line_environment_file);
	tcase_add_test(tc, server_options__bad_policy__exit_2_and_reload_keeps);
	tcase_add_test(tc, server_options__log_level__v_and_q);
	tcase_add_test(tc, server_options__help_version_mistakes__answered);
	tcase_add_test(tc, server_options__subcommands__filled);
	tcase_add_test(tc, server_options__print_config__reads_back_to_the_same);
	tcase_add_test(tc, server_options__control_commands__as_told);
}
