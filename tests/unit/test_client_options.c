/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of client/options and client/config.
 */
#include "client/options.h"

#include "base/err.h"
#include "client/config.h"
#include "client/dnsjournal.h"
#include "options_fixture.h"

#define SECRET "S3cretT0ken"

static struct jvpn_client_options options;

static const char *const minimal = "version: 1\n"
				   "server:\n  address: \"vpn.example.net:443\"\n"
				   "tls:\n  ca: ca.crt\n"
				   "auth:\n  token: " SECRET "\n";

static bool load(int argc, char **argv, int *code)
{
	return jvpn_client_options_load(argc, argv, &options, code);
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
	fixture_write("ca.crt", "x");
}

static int load_text(const char *text, struct jvpn_client_config *config)
{
	fixture_write("f.yaml", text);
	fixture_report->count = 0;
	fixture_report->exit_code = 0;
	return jvpn_client_config_load(fixture_file, config, fixture_report);
}

START_TEST(client_config__minimal__defaults)
{
	struct jvpn_client_config config;

	ck_assert_int_eq(load_text(minimal, &config), 0);
	ck_assert_uint_eq(config.servers.count, 1);
	ck_assert_str_eq(config.servers.item[0].host, "vpn.example.net");
	ck_assert_str_eq(config.server_name, "vpn.example.net");
	ck_assert_str_eq(config.token, SECRET);
	ck_assert_str_eq(config.label, "");
	ck_assert_uint_eq(config.interfaces.count, 0);
	ck_assert_int_eq(config.on_terminated, JVPN_ON_TERMINATED_NEW_SESSION);
	ck_assert_uint_eq(config.routes.count, 0);
	ck_assert_uint_eq(config.fwmark, 27254);
	ck_assert_uint_eq(config.connect_timeout_ms, 0);
	ck_assert_ptr_nonnull(strstr(config.tls_ca, "/ca.crt"));
}
END_TEST

START_TEST(client_config__example__loads)
{
	struct jvpn_client_config config;
	char *text = fixture_source("contrib/examples/client.yaml");

	ck_assert_msg(load_text(text, &config) == 0, "%s", fixture_line(0));
	ck_assert_ptr_nonnull(strstr(config.tls_ca_pem, "-----BEGIN CERTIFICATE-----\nMII"));
	ck_assert_ptr_nonnull(strstr(config.tls_ca_pem, "\n-----END CERTIFICATE-----\n"));
	ck_assert_str_eq(config.node_id, "client-01");
	free(text);
}
END_TEST

START_TEST(client_config__interfaces__one_or_a_list)
{
	struct jvpn_client_config config;
	char text[512];

	snprintf(text, sizeof(text), "%sinterfaces: wlan0\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_uint_eq(config.interfaces.count, 1);
	ck_assert_str_eq(config.interfaces.item[0], "wlan0");
	snprintf(text, sizeof(text), "%sinterfaces: [ wlan0, lte0 ]\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_uint_eq(config.interfaces.count, 2);
	ck_assert_str_eq(config.interfaces.item[1], "lte0");
	snprintf(text, sizeof(text), "%sinterfaces: auto\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_uint_eq(config.interfaces.count, 0);
	snprintf(text, sizeof(text), "%sinterfaces: []\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:8:13: interfaces: expected at least 1 entries, got 0");
	snprintf(text, sizeof(text), "%sinterfaces: [ sixteencharacter ]\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	snprintf(text, sizeof(text), "%sinterfaces: { wlan0: 1 }\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	snprintf(text, sizeof(text), "%sinterfaces: [ a, b, c, d, e, f, g, h, i ]\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:8:39: interfaces: expected at most 8 entries, got more");
}
END_TEST

START_TEST(client_config__server_address__one_or_a_list)
{
	static const char *const form = "version: 1\nserver: {address: %s}\n"
					"tls: {ca: ca.crt}\nauth: {token: a}\n";
	struct jvpn_client_config config;
	char text[512];

	snprintf(text, sizeof(text), form, "[ \"a.example:1\", \"[2001:db8::1]:2\" ]");
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_uint_eq(config.servers.count, 2);
	ck_assert_str_eq(config.servers.item[0].host, "a.example");
	ck_assert_str_eq(config.servers.item[1].host, "2001:db8::1");
	ck_assert_uint_eq(config.servers.item[1].port, 2);
	ck_assert_str_eq(config.server_name, "a.example");
	snprintf(text, sizeof(text), form, "[ \"a.example:1\", \"b.example\" ]");
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:2:36: server.address: expected host:port");
	snprintf(text, sizeof(text), form, "[]");
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
}
END_TEST

START_TEST(client_config__label__as_given)
{
	struct jvpn_client_config config;
	char text[512];

	snprintf(text, sizeof(text), "%slabel: home\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_str_eq(config.label, "home");
	snprintf(text, sizeof(text), "%slabel: Home\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	snprintf(text, sizeof(text), "%slabel: sixteencharacter\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
}
END_TEST

START_TEST(client_config__inline_token_in_a_readable_file__exit_3)
{
	static const mode_t modes[] = {0644, 0640, 0604};
	struct jvpn_client_config config;

	for (size_t i = 0; i < 3; i++) {
		fixture_report->count = 0;
		fixture_report->exit_code = 0;
		fixture_write_bytes("f.yaml", minimal, strlen(minimal), modes[i]);
		ck_assert_int_eq(jvpn_client_config_load(fixture_file, &config, fixture_report),
				 JVPN_EPERM);
		ck_assert_int_eq(fixture_report->exit_code, JVPN_EXIT_PERMISSION);
		ck_assert_ptr_nonnull(strstr(fixture_line(0), "f.yaml:7:10: auth.token:"));
		ck_assert_ptr_nonnull(strstr(fixture_line(0), "run chmod 600 "));
	}
}
END_TEST

START_TEST(client_config__token_file__read_and_judged)
{
	static const char *const with_file = "version: 1\nserver: {address: \"a.b:1\"}\n"
					     "tls: {ca: ca.crt}\nauth: {token_file: tok}\n";
	struct jvpn_client_config config;

	fixture_write("tok", SECRET "\n");
	ck_assert_int_eq(load_text(with_file, &config), 0);
	ck_assert_str_eq(config.token, SECRET);
	/* The configuration itself holds no secret then. */
	fixture_write_bytes("f.yaml", with_file, strlen(with_file), 0644);
	ck_assert_int_eq(jvpn_client_config_load(fixture_file, &config, fixture_report), 0);
	fixture_write_bytes("tok", SECRET, strlen(SECRET), 0644);
	ck_assert_int_eq(load_text(with_file, &config), JVPN_EPERM);
	fixture_write("tok", "\n");
	ck_assert_int_eq(load_text(with_file, &config), JVPN_ECONFIG);
	fixture_write("tok", "two words\n");
	ck_assert_int_eq(load_text(with_file, &config), JVPN_ECONFIG);
}
END_TEST

START_TEST(client_config__one_of__neither_and_both_refused)
{
	struct jvpn_client_config config;

	ck_assert_int_eq(load_text("version: 1\nserver: {address: \"a.b:1\"}\n", &config),
			 JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:1:1: tls.ca: expected either tls.ca or tls.ca_pem, got neither",
		       "f.yaml:1:1: auth.token: expected either auth.token or auth.token_file, got "
		       "neither");
	ck_assert_int_eq(load_text("version: 1\nserver: {address: \"a.b:1\"}\n"
				   "tls: {ca: ca.crt, ca_pem: x}\n"
				   "auth: {token: a, token_file: b}\n",
				   &config),
			 JVPN_ECONFIG);
	ck_assert_ptr_nonnull(strstr(fixture_line(0), "got both"));
	ck_assert_ptr_nonnull(strstr(fixture_line(1), "got both"));
}
END_TEST

START_TEST(client_config__bad_token__never_shown)
{
	static const char *const bad[] = {"\"" SECRET " x\"", "\"" SECRET "\\n\"", "[" SECRET "]",
					  "\"" SECRET "\\r\\nX: y\"", "{" SECRET ": 1}"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct jvpn_client_config config;
		char text[512];

		snprintf(text, sizeof(text),
			 "version: 1\nserver: {address: \"a.b:1\"}\ntls: {ca: ca.crt}\n"
			 "auth: {token: %s}\n",
			 bad[i]);
		ck_assert_msg(load_text(text, &config) == JVPN_ECONFIG, "%s", bad[i]);
		for (size_t l = 0; l < fixture_report->count; l++)
			ck_assert_ptr_null(strstr(fixture_line(l), SECRET));
	}
}
END_TEST

START_TEST(client_config__system_tables__refused)
{
	struct jvpn_client_config config;
	char text[512];

	snprintf(text, sizeof(text), "%stable: 254\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:8:8: table: expected a table of its own");
	snprintf(text, sizeof(text), "%sfwmark: 0\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
}
END_TEST

START_TEST(client_config__state_dir__auto_none_or_a_path)
{
	struct jvpn_client_config config;
	char text[512];

	ck_assert_int_eq(load_text(minimal, &config), 0);
	ck_assert_str_eq(config.state_dir, JVPN_LOCALSTATEDIR "-client");
	snprintf(text, sizeof(text), "%sstate_dir: none\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_str_eq(config.state_dir, "none");
	snprintf(text, sizeof(text), "%sstate_dir: here\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_int_eq(config.state_dir[0], '/');
	ck_assert_ptr_nonnull(strstr(config.state_dir, "/here"));
}
END_TEST

START_TEST(client_options__run_check_print__as_told)
{
	int code;

	fixture_write("client.yaml", minimal);
	ck_assert(run("jvpn-client -c @/client.yaml", &code));
	ck_assert_int_eq(options.command, JVPN_CLIENT_RUN);
	ck_assert(run("jvpn-client -c @/client.yaml --check", &code));
	ck_assert_int_eq(options.command, JVPN_CLIENT_CHECK);
	ck_assert(run("jvpn-client disconnect -c @/client.yaml", &code));
	ck_assert_int_eq(options.command, JVPN_CLIENT_DISCONNECT);
	ck_assert(!run("jvpn-client disconnect --help", &code));
	ck_assert_int_eq(code, 0);
	ck_assert(!run("jvpn-client disconnect --check -c @/client.yaml", &code));
	ck_assert_int_eq(code, JVPN_EXIT_CONFIG);
	ck_assert(!run("jvpn-client -c @/client.yaml --print-config", &code));
	ck_assert_int_eq(code, 0);
	ck_assert_ptr_null(strstr(fixture_out, SECRET));
	ck_assert_ptr_nonnull(strstr(fixture_out, "token: # not shown"));
	ck_assert(!run("jvpn-client -c @/nothing.yaml", &code));
	ck_assert_int_eq(code, JVPN_EXIT_CONFIG);
	ck_assert(!run("jvpn-client extra", &code));
	ck_assert_int_eq(code, JVPN_EXIT_CONFIG);
	ck_assert(!run("jvpn-client -h", &code));
	ck_assert_int_eq(code, 0);
}
END_TEST

START_TEST(client_options__control_commands__ask_the_right_socket)
{
	int code;

	fixture_write("office.yaml", minimal);
	ck_assert(run("jvpn-client status -c @/office.yaml", &code));
	ck_assert_int_eq(options.command, JVPN_CLIENT_OPERATE);
	ck_assert_int_eq(options.operate.request.command->id, JVPN_CTL_STATUS);
	ck_assert_ptr_nonnull(strstr(options.operate.socket, "/jvpn/client-office.sock"));
	/* a file that cannot be read or is wrong is no matter of this command */
	ck_assert(run("jvpn-client status -c @/nothing.yaml", &code));
	ck_assert_ptr_nonnull(strstr(options.operate.socket, "/client-nothing.sock"));
	fixture_write("broken.yaml", "version: 9\ncontrol:\n  socket: mine.sock\nwhat: is this\n");
	ck_assert(run("jvpn-client status --json -c @/broken.yaml", &code));
	ck_assert_ptr_nonnull(strstr(options.operate.socket, "/mine.sock"));
	ck_assert(options.operate.json);
	ck_assert(run("jvpn-client switch --to wlan0 -s /x.sock", &code));
	ck_assert_str_eq(options.operate.socket, "/x.sock");
	ck_assert_str_eq(options.operate.request.to, "wlan0");
	fixture_write("off.yaml", "version: 1\ncontrol: { socket: off }\n");
	ck_assert(!run("jvpn-client status -c @/off.yaml", &code) && code == JVPN_EXIT_CONFIG);
	ck_assert(!run("jvpn-client session -s /x", &code) && code == JVPN_EXIT_CONFIG);
	ck_assert(!run("jvpn-client session abc -s /x", &code) && code == JVPN_EXIT_CONFIG);
	ck_assert(!run("jvpn-client drain -s /x", &code) && code == JVPN_EXIT_CONFIG);
	ck_assert(!run("jvpn-client policy", &code) && code == JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(fixture_err, "policy show or policy check was expected"));
	ck_assert(!run("jvpn-client events --since 0 -s /x", &code) && code == JVPN_EXIT_CONFIG);
	ck_assert(run("jvpn-client events -f --since 12 -s /x", &code));
	ck_assert(options.operate.request.follow && options.operate.request.since == 12);
}
END_TEST

START_TEST(client_config__control__auto_off_or_a_path)
{
	struct jvpn_client_config config;
	char text[1024];

	ck_assert_int_eq(load_text(minimal, &config), 0);
	ck_assert_str_eq(config.control.socket, "");
	ck_assert_int_eq(config.control.group_may, JVPN_GROUP_MAY_READ);
	snprintf(text, sizeof(text), "%scontrol:\n  socket: off\n  group: adm\n  group_may: act\n",
		 minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_str_eq(config.control.socket, "off");
	ck_assert_str_eq(config.control.group, "adm");
	ck_assert_int_eq(config.control.group_may, JVPN_GROUP_MAY_ACT);
	snprintf(text, sizeof(text), "%scontrol:\n  socket: c.sock\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_ptr_nonnull(strstr(config.control.socket, "/c.sock"));
	snprintf(text, sizeof(text), "%scontrol:\n  group_may: rule\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
}
END_TEST

START_TEST(client_config__table_and_excluded_routes__auto_off_number)
{
	struct jvpn_client_config config;
	char text[512];
	int code;

	ck_assert_int_eq(load_text(minimal, &config), 0);
	ck_assert_uint_eq(config.table, 27254);
	snprintf(text, sizeof(text), "%stable: auto\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_uint_eq(config.table, 27254);
	snprintf(text, sizeof(text), "%stable: 300\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_uint_eq(config.table, 300);
	snprintf(text, sizeof(text), "%stable: off\nroutes_exclude: [ 10.0.0.0/8, \"fd00::/8\" ]\n",
		 minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert(config.table == JVPN_CONFIG_OFF);
	ck_assert_uint_eq(config.routes_exclude.count, 2);
	/* and what is printed says the same */
	ck_assert(!run("jvpn-client -c @/f.yaml --print-config", &code));
	ck_assert_ptr_nonnull(strstr(fixture_out, "\ntable: off\n"));
	ck_assert_ptr_nonnull(
		strstr(fixture_out, "\nroutes_exclude: [\"10.0.0.0/8\", \"fd00::/8\"]\n"));
	snprintf(text, sizeof(text), "%stable: \"off\"\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	snprintf(text, sizeof(text), "%stable: of\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	FIXTURE_EXPECT(
		"f.yaml:8:8: table: expected auto or off or integer 1..4294967295, got \"of\"");
	snprintf(text, sizeof(text), "%sroutes_exclude: [ 10.0.0.1/8 ]\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
}
END_TEST

START_TEST(client_config__dns_and_hooks__as_given_and_printed)
{
	struct jvpn_client_config config;
	char text[1024];
	int code;

	ck_assert_int_eq(load_text(minimal, &config), 0);
	ck_assert_int_eq(config.dns_mode, JVPN_DNS_AUTO);
	ck_assert_uint_eq(config.dns_servers.count, 0);
	ck_assert_uint_eq(config.post_up.count, 0);
	ck_assert_uint_eq(config.hooks_timeout_ms, 10000);
	snprintf(text, sizeof(text),
		 "%sdns: { mode: file, servers: [ 10.0.0.1, \"fd00::1\" ], search: [ a.b ] }\n"
		 "hooks: { post_up: 'echo \"%%i\" \\', pre_down: [ a, b ], timeout: 2s }\n",
		 minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_int_eq(config.dns_mode, JVPN_DNS_FILE);
	ck_assert_uint_eq(config.dns_servers.item[1].family, 6);
	ck_assert_str_eq(config.dns_search.item[0], "a.b");
	ck_assert_str_eq(config.post_up.item[0], "echo \"%i\" \\");
	ck_assert_uint_eq(config.pre_down.count, 2);
	ck_assert(!run("jvpn-client -c @/f.yaml --print-config", &code));
	ck_assert_ptr_nonnull(strstr(fixture_out, "  servers: [\"10.0.0.1\", \"fd00::1\"]\n"));
	ck_assert_ptr_nonnull(strstr(fixture_out, "  post_up: [\"echo \\\"%i\\\" \\\\\"]\n"));
	snprintf(text, sizeof(text), "%sdns: { servers: [ 127.0.0.1 ] }\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	snprintf(text, sizeof(text), "%sdns: { servers: [ 10.0.0.1/32 ] }\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	FIXTURE_EXPECT("f.yaml:8:19: dns.servers: expected auto or IP address such as 10.77.0.1, "
		       "got \"10.0.0.1/32\"");
	snprintf(text, sizeof(text), "%sdns: { search: [ \"a b\" ] }\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	snprintf(text, sizeof(text), "%shooks: { post_up: \"a\\nb\" }\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
	snprintf(text, sizeof(text), "%shooks: { post_up: \"\" }\n", minimal);
	ck_assert_int_eq(load_text(text, &config), JVPN_ECONFIG);
}
END_TEST

/* Its owner can change it, whatever its mode is. */
START_TEST(client_config__hooks_in_a_file_of_others__refused)
{
	struct jvpn_client_config config;
	char text[1024];

	if (geteuid() != 0)
		return;
	snprintf(text, sizeof(text), "%shooks: { post_up: a }\n", minimal);
	ck_assert_int_eq(load_text(text, &config), 0);
	ck_assert_int_eq(chown(fixture_file, 1, 1), 0);
	ck_assert_int_eq(load_text(text, &config), JVPN_EPERM);
	FIXTURE_EXPECT("f.yaml:8:19: hooks.post_up: user 1 owns this file");
}
END_TEST

START_TEST(client_options__descriptors__checked_before_anything_is_opened)
{
	static const char *const bad[] = {
		"--events-fd 0",
		"--events-fd 2",
		"--events-fd -3",
		"--events-fd 3x",
		"--events-fd 0x9",
		"--events-fd 65536",
		"--events-fd 9999",
		"--events-fd",
		"--events-fd 18446744073709551619",
		"--tun fd:2",
		"--tun fd:",
		"--tun fd:-1",
		"--tun fd:4x",
		"--tun fd:9999999",
		"--tun a/b",
		"--tun sixteencharacter",
	};
	char line[256];
	int code, p[2];

	fixture_write("client.yaml", minimal);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "jvpn-client -c @/client.yaml %s", bad[i]);
		ck_assert_msg(!run(line, &code), "%s", bad[i]);
		ck_assert_msg(code == JVPN_EXIT_CONFIG, "%s: %d", bad[i], code);
	}
	ck_assert_int_eq(pipe(p), 0);
	snprintf(line, sizeof(line), "jvpn-client -c @/client.yaml --events-fd %d", p[0]);
	ck_assert(!run(line, &code) && code == JVPN_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(fixture_err, "reading only"));
	snprintf(line, sizeof(line), "jvpn-client -c @/client.yaml --tun fd:%d --events-fd %d",
		 p[1], p[1]);
	ck_assert(!run(line, &code) && code == JVPN_EXIT_CONFIG);
	snprintf(line, sizeof(line), "jvpn-client -c @/client.yaml --tun fd:77 --events-fd %d",
		 p[1]);
	ck_assert(run(line, &code));
	ck_assert_uint_eq(options.config.tun_fd, 77);
	ck_assert_str_eq(options.config.tun_name, "jvpn0");
	snprintf(line, sizeof(line), "fd:%d", p[1]);
	ck_assert_str_eq(options.config.events.outputs.item[0], line);
	/* no child of ours gets it */
	ck_assert_int_eq(fcntl(p[1], F_GETFD), FD_CLOEXEC);
	ck_assert(run("jvpn-client -c @/client.yaml --tun office0", &code));
	ck_assert_str_eq(options.config.tun_name, "office0");
	close(p[0]);
	close(p[1]);
}
END_TEST

START_TEST(client_config__metrics__off_a_port_or_an_address)
{
	static const struct {
		const char *value, *shown; /* NULL: refused */
	} v[] = {{"off", "off"},
		 {"9477", "\"127.0.0.1:9477\""},
		 {"192.0.2.1:80", "\"192.0.2.1:80\""},
		 {"'[::1]:9477'", "\"[::1]:9477\""},
		 {"0", NULL},
		 {"65536", NULL},
		 {"localhost:80", NULL},
		 {"'192.0.2.1'", NULL}};
	struct jvpn_client_config config;

	ck_assert_int_eq(load_text(minimal, &config), 0);
	ck_assert_int_eq(config.metrics.listen.ss_family, 0);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char text[1024], *shown = NULL;
		size_t size, count;
		FILE *stream = open_memstream(&shown, &size);
		const struct jvpn_key *keys = jvpn_client_config_keys(&count);
		size_t key = jvpn_schema_find(keys, count, "metrics.listen");

		snprintf(text, sizeof(text), "%smetrics:\n  listen: %s\n", minimal, v[i].value);
		ck_assert_int_eq(load_text(text, &config), v[i].shown ? 0 : JVPN_ECONFIG);
		jvpn_schema_print_one(&keys[key], &config, stream);
		fclose(stream);
		if (v[i].shown)
			ck_assert_str_eq(shown, v[i].shown);
		free(shown);
	}
}
END_TEST

START_TEST(client_options__clear__wipes_the_token)
{
	static const char zero[sizeof(options.config.token)];
	int code;

	fixture_write("client.yaml", minimal);
	ck_assert(run("jvpn-client -c @/client.yaml", &code));
	ck_assert_str_eq(options.config.token, SECRET);
	jvpn_client_options_clear(&options);
	ck_assert_int_eq(memcmp(options.config.token, zero, sizeof(zero)), 0);
}
END_TEST

UNIT_TESTS(client_options)
{
	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(tc, client_config__minimal__defaults);
	tcase_add_test(tc, client_config__example__loads);
	tcase_add_test(tc, client_config__interfaces__one_or_a_list);
	tcase_add_test(tc, client_config__server_address__one_or_a_list);
	tcase_add_test(tc, client_config__label__as_given);
	tcase_add_test(tc, client_config__inline_token_in_a_readable_file__exit_3);
	tcase_add_test(tc, client_config__token_file__read_and_judged);
	tcase_add_test(tc, client_config__one_of__neither_and_both_refused);
	tcase_add_test(tc, client_config__bad_token__never_shown);
	tcase_add_test(tc, client_config__system_tables__refused);
	tcase_add_test(tc, client_config__state_dir__auto_none_or_a_path);
	tcase_add_test(tc, client_options__run_check_print__as_told);
	tcase_add_test(tc, client_options__control_commands__ask_the_right_socket);
	tcase_add_test(tc, client_config__control__auto_off_or_a_path);
	tcase_add_test(tc, client_config__table_and_excluded_routes__auto_off_number);
	tcase_add_test(tc, client_config__dns_and_hooks__as_given_and_printed);
	tcase_add_test(tc, client_config__hooks_in_a_file_of_others__refused);
	tcase_add_test(tc, client_options__descriptors__checked_before_anything_is_opened);
	tcase_add_test(tc, client_config__metrics__off_a_port_or_an_address);
	tcase_add_test(tc, client_options__clear__wipes_the_token);
}
