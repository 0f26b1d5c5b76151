/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's configuration file (jvpn.conf.5). Reads the file and the token file, nothing else;
 * never puts a token into a message.
 */
#include "client/config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "client/dnsjournal.h"
#include "client/inherited.h"
#include "config/control.h"
#include "config/events.h"
#include "config/load.h"
#include "config/metrics.h"
#include "config/program.h"
#include "proto/dnsassign.h"
#include "tun/netcfg.h"

/* Not the server's directory: both may run on one machine as different users. */
#define DEFAULT_STATE_DIR JVPN_LOCALSTATEDIR "-client"
#define WHY_MAX           (JVPN_CONFIG_PATH_MAX * 2 + 128)

static const struct jvpn_word log_levels[] = {
	{"error", JVPN_LOG_ERROR},
	{"warn", JVPN_LOG_WARN},
	{"info", JVPN_LOG_INFO},
	{"debug", JVPN_LOG_DEBUG},
	{NULL, 0},
};

static const struct jvpn_word ciphers[] = {
	{"auto", JVPN_CIPHER_AUTO},
	{"aes-128-gcm", JVPN_CIPHER_AES_128_GCM},
	{"aes-256-gcm", JVPN_CIPHER_AES_256_GCM},
	{"chacha20-poly1305", JVPN_CIPHER_CHACHA20_POLY1305},
	{NULL, 0},
};

static const struct jvpn_word congestions[] = {
	{"bbr", JVPN_CC_BBR},
	{"cubic", JVPN_CC_CUBIC},
	{"reno", JVPN_CC_RENO},
	{NULL, 0},
};

static const struct jvpn_word dns_modes[] = {
	{"auto", JVPN_DNS_AUTO},
	{"resolvectl", JVPN_DNS_RESOLVECTL},
	{"resolvconf", JVPN_DNS_RESOLVCONF},
	{"file", JVPN_DNS_FILE},
	{"off", JVPN_DNS_OFF},
	{NULL, 0},
};

static const struct jvpn_word ends[] = {
	{"new_session", JVPN_ON_TERMINATED_NEW_SESSION},
	{"exit", JVPN_ON_TERMINATED_EXIT},
	{NULL, 0},
};

#define AT(field_) .offset = offsetof(struct jvpn_client_config, field_)
#define REQUIRED   .flags = JVPN_KEY_REQUIRED
#define AUTO       .flags = JVPN_KEY_AUTO, .def = "auto"

#define HOOK(path_, field_, help_)                                                                 \
	{                                                                                          \
		.path = path_, .type = JVPN_KEY_COMMANDS, AT(field_),                              \
		.max = JVPN_CONFIG_COMMANDS_MAX, .flags = JVPN_KEY_SINGLE, .help = help_           \
	}

static const struct jvpn_key keys[] = {
	{.path = "version",
	 .type = JVPN_KEY_UINT,
	 AT(version),
	 .min = 1,
	 .max = 1,
	 REQUIRED,
	 .help = "Version of this file's format."},
	{.path = "node_id",
	 .type = JVPN_KEY_NAME,
	 AT(node_id),
	 .min = 1,
	 .max = JVPN_CLIENT_NODE_ID_MAX,
	 .help = "Name of this node in the event stream; the host name if missing."},
	{.path = "server.address",
	 .type = JVPN_KEY_HOSTS,
	 AT(servers),
	 .min = 1,
	 .flags = JVPN_KEY_REQUIRED | JVPN_KEY_SINGLE,
	 .help = "Where the server is: one address, or a list of addresses and ports of the same "
		 "node."},
	{.path = "server.name",
	 .type = JVPN_KEY_HOST_NAME,
	 AT(server_name),
	 .help = "Name in the certificate; the first host of server.address if missing."},
	{.path = "tls.ca",
	 .type = JVPN_KEY_PATH,
	 AT(tls_ca),
	 .help = "PEM file with the only CAs that are trusted."},
	{.path = "tls.ca_pem",
	 .type = JVPN_KEY_TEXT,
	 AT(tls_ca_pem),
	 .min = 1,
	 .max = JVPN_CLIENT_CA_PEM_MAX,
	 .help = "The same as text in this file."},
	{.path = "tls.cipher",
	 .type = JVPN_KEY_WORD,
	 AT(tls_cipher),
	 .words = ciphers,
	 .def = "auto",
	 .help = "auto: AES-128-GCM, or ChaCha20-Poly1305 when this machine has no AES in "
		 "hardware; else this one and no other."},
	{.path = "auth.token",
	 .type = JVPN_KEY_STRING,
	 AT(token),
	 .min = 1,
	 .max = JVPN_CLIENT_TOKEN_MAX,
	 .flags = JVPN_KEY_SECRET,
	 .help = "The token that jvpn-server add-client made; this file must have mode 0600 then."},
	{.path = "auth.token_file",
	 .type = JVPN_KEY_PATH,
	 AT(token_file),
	 .help = "File that holds the token alone; mode 0600."},
	{.path = "label",
	 .type = JVPN_KEY_LABEL,
	 AT(label),
	 .min = 1,
	 .max = JVPN_LABEL_MAX,
	 .help = "Label of every transport in events; the name of its interface if missing."},
	{.path = "interfaces",
	 .type = JVPN_KEY_NAMES,
	 AT(interfaces),
	 .min = 1,
	 .max = JVPN_CONFIG_NAME_MAX,
	 .flags = JVPN_KEY_AUTO | JVPN_KEY_SINGLE,
	 .def = "auto",
	 .help = "Network devices that transports may use, each with one of its own; auto: all that "
		 "have a route to the server."},
	{.path = "tun.name",
	 .type = JVPN_KEY_NAME,
	 AT(tun_name),
	 .min = 1,
	 .max = JVPN_CLIENT_DEVICE_MAX,
	 .def = "jvpn0",
	 .help = "Name of the TUN device."},
	{.path = "tun.fd",
	 .type = JVPN_KEY_UINT,
	 AT(tun_fd),
	 .min = JVPN_INHERITED_MIN,
	 .max = JVPN_INHERITED_MAX,
	 .help = "Number of an open descriptor of a TUN device that the parent process has made and "
		 "configures itself."},
	{.path = "tun.mtu",
	 .type = JVPN_KEY_UINT,
	 AT(tun_mtu),
	 .min = 1280,
	 .max = 65535,
	 AUTO,
	 .help = "MTU inside the tunnel."},
	{.path = "tun.offload",
	 .type = JVPN_KEY_BOOL,
	 AT(tun_offload),
	 .def = "true",
	 .help = "Exchange segments with the kernel in super-packets where it can."},
	{.path = "routes",
	 .type = JVPN_KEY_PREFIXES,
	 AT(routes),
	 .min = 1,
	 .max = JVPN_CONFIG_LIST_MAX,
	 AUTO,
	 .help = "What goes through the tunnel; auto: what the server advertises."},
	{.path = "routes_exclude",
	 .type = JVPN_KEY_PREFIXES,
	 AT(routes_exclude),
	 .max = JVPN_CONFIG_LIST_MAX,
	 .help = "What stays outside of it; where both name a destination the longer prefix wins."},
	{.path = "fwmark",
	 .type = JVPN_KEY_UINT,
	 AT(fwmark),
	 .min = 1,
	 .max = UINT32_MAX,
	 .def = "27254",
	 .help = "Mark of the outer packets, which stay out of the tunnel."},
	{.path = "table",
	 .type = JVPN_KEY_UINT,
	 AT(table),
	 .min = 1,
	 .max = UINT32_MAX,
	 .flags = JVPN_KEY_AUTO | JVPN_KEY_OFF,
	 .def = "auto",
	 .help = "Routing table for the tunnel's routes; auto: 27254; off: no route and no rule is "
		 "made."},
	{.path = "dns.mode",
	 .type = JVPN_KEY_WORD,
	 AT(dns_mode),
	 .words = dns_modes,
	 .def = "auto",
	 .help = "How the system hears of the tunnel's DNS servers; auto: by systemd-resolved or "
		 "resolvconf, whichever is there; file: /etc/resolv.conf is written."},
	{.path = "dns.servers",
	 .type = JVPN_KEY_IPS,
	 AT(dns_servers),
	 .max = JVPN_DNSASSIGN_SERVERS_MAX,
	 AUTO,
	 .help = "DNS servers to ask while the tunnel is up; auto: those that the server names."},
	{.path = "dns.search",
	 .type = JVPN_KEY_DOMAINS,
	 AT(dns_search),
	 .max = JVPN_CONFIG_DOMAINS_MAX,
	 AUTO,
	 .help = "Domains that are tried for names without a dot."},
	{.path = "dns.domains",
	 .type = JVPN_KEY_DOMAINS,
	 AT(dns_domains),
	 .max = JVPN_CONFIG_DOMAINS_MAX,
	 AUTO,
	 .help = "Domains that are asked for in the tunnel, others outside (split DNS); auto: what "
		 "the server says, else every name."},
	HOOK("hooks.pre_up", pre_up,
	     "Run before addresses and routes are set; when one fails the client ends."),
	HOOK("hooks.post_up", post_up, "Run when the tunnel is up."),
	HOOK("hooks.pre_down", pre_down, "Run before the tunnel is taken down."),
	HOOK("hooks.post_down", post_down, "Run when the tunnel is gone."),
	{.path = "hooks.timeout",
	 .type = JVPN_KEY_DURATION,
	 AT(hooks_timeout_ms),
	 .min = 100,
	 .max = 600000,
	 .def = "10s",
	 .help = "A command is killed after that."},
	{.path = "connect_timeout",
	 .type = JVPN_KEY_DURATION,
	 AT(connect_timeout_ms),
	 .min = 0,
	 .max = 86400000,
	 .def = "0",
	 .help = "Give up when there is no session by then; 0: try for ever."},
	{.path = "on_terminated",
	 .type = JVPN_KEY_WORD,
	 AT(on_terminated),
	 .words = ends,
	 .def = "new_session",
	 .help = "What follows when a session is over and may be followed by another."},
	{.path = "state_dir",
	 .type = JVPN_KEY_DIR,
	 AT(state_dir),
	 AUTO,
	 .help = "Where the session survives a restart of the client; none: it ends with it."},
	{.path = "policy",
	 .type = JVPN_KEY_PATH,
	 AT(policy),
	 .help = "Policy file (jvpn-policy.5); the built-in policy if missing."},
	JVPN_EVENTS_KEYS(struct jvpn_client_config, events),
	JVPN_CONTROL_KEYS(struct jvpn_client_config, control),
	JVPN_METRICS_KEYS(struct jvpn_client_config, metrics),
	{.path = "log.level",
	 .type = JVPN_KEY_WORD,
	 AT(log_level),
	 .words = log_levels,
	 .def = "info",
	 .help = "How much is logged to standard error."},
	{.path = "quic.congestion",
	 .type = JVPN_KEY_WORD,
	 AT(quic_congestion),
	 .words = congestions,
	 .def = "bbr",
	 .help = "Congestion control of what this end sends: bbr keeps its rate under random "
		 "loss, cubic and reno are fair to their like; choose the same at both ends."},
	{.path = "quic.initial_rtt",
	 .type = JVPN_KEY_DURATION,
	 AT(quic_initial_rtt_ms),
	 .min = 1,
	 .max = 1000,
	 .def = "45ms",
	 .help = "Round trip that is assumed on a new path."},
	{.path = "quic.handshake_timeout",
	 .type = JVPN_KEY_DURATION,
	 AT(quic_handshake_timeout_ms),
	 .min = 1000,
	 .max = 60000,
	 .def = "10s",
	 .help = "A handshake must end by then."},
	{.path = "quic.max_udp_payload",
	 .type = JVPN_KEY_UINT,
	 AT(quic_max_udp_payload),
	 .min = 1200,
	 .max = 65527,
	 .def = "1452",
	 .help = "Path MTU discovery ends here."},
	{.path = "quic.socket_buffer",
	 .type = JVPN_KEY_BYTES,
	 AT(quic_socket_buffer_bytes),
	 .min = 0,
	 .max = 1ULL << 30,
	 .def = "8MiB",
	 .help = "Socket buffers; 0 leaves the system's default."},
	{.path = "quic.offload",
	 .type = JVPN_KEY_BOOL,
	 AT(quic_offload),
	 .def = "true",
	 .help = "Use UDP segmentation and receive offload where the kernel has them."},
#ifdef JVPN_DEBUG
	{.path = "debug.keylog",
	 .type = JVPN_KEY_PATH,
	 AT(debug_keylog),
	 .help = "TLS key log for packet captures; only with --enable-debug."},
#endif
};

const struct jvpn_key *jvpn_client_config_keys(size_t *count)
{
	*count = sizeof(keys) / sizeof(keys[0]);
	return keys;
}

static void check_one_of(struct jvpn_load *load, const char *a, const char *b)
{
	bool has_a = jvpn_load_is_set(load, a), has_b = jvpn_load_is_set(load, b);

	if (has_a == has_b)
		jvpn_load_error(load, JVPN_EXIT_CONFIG, has_b ? b : a,
				"expected either %s or %s, got %s", a, b,
				has_a ? "both" : "neither");
}

static bool is_token_char(char c)
{
	/* token68 of RFC 9110 section 11.2: what an authorization header can carry. */
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~+/=", c));
}

static void check_token(struct jvpn_load *load, const char *key, const char *token)
{
	for (const char *c = token; *c; c++)
		if (!is_token_char(*c)) {
			jvpn_load_error(load, JVPN_EXIT_CONFIG, key,
					"expected letters, digits and - . _ ~ + / =, got something "
					"else in the token");
			return;
		}
}

/* An inline token makes the configuration file itself a secret. */
static void check_inline_token(struct jvpn_load *load, const struct jvpn_client_config *config)
{
	char why[WHY_MAX];

	check_token(load, "auth.token", config->token);
	if (jvpn_config_mode_check(load->path, load->mode, why, sizeof(why)))
		jvpn_load_error(load, JVPN_EXIT_PERMISSION, "auth.token",
				"the token stands in this file: %s", why);
}

static void read_token_file(struct jvpn_load *load, struct jvpn_client_config *config)
{
	struct jvpn_config_file file;
	size_t len, errors = load->report->count;

	jvpn_load_check_secret(load, "auth.token_file", config->token_file);
	if (load->report->count != errors ||
	    jvpn_config_file_read(config->token_file, &file, load->report))
		return;
	for (len = file.size; len && (file.data[len - 1] == '\n' || file.data[len - 1] == '\r');)
		len--;
	if (len == 0 || len > JVPN_CLIENT_TOKEN_MAX) {
		jvpn_load_error(load, JVPN_EXIT_CONFIG, "auth.token_file",
				"expected a file with one token of 1..%d bytes, got %zu bytes",
				JVPN_CLIENT_TOKEN_MAX, len);
	} else {
		memcpy(config->token, file.data, len);
		config->token[len] = '\0';
		check_token(load, "auth.token_file", config->token);
	}
	jvpn_config_file_clear(&file);
}

/* Who can write the file can have us run anything. */
static void check_hooks(struct jvpn_load *load)
{
	static const char *const hooks[] = {"hooks.pre_up", "hooks.post_up", "hooks.pre_down",
					    "hooks.post_down"};

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		if (!jvpn_load_is_set(load, hooks[i]))
			continue;
		if (load->mode & 022)
			jvpn_load_error(load, JVPN_EXIT_PERMISSION, hooks[i],
					"others can write this file and so have commands run: run "
					"chmod go-w %s",
					load->path);
		if (load->uid != 0 && load->uid != geteuid())
			jvpn_load_error(load, JVPN_EXIT_PERMISSION, hooks[i],
					"user %u owns this file and so can have commands run: run "
					"chown %u %s",
					load->uid, (unsigned)geteuid(), load->path);
	}
}

static void check_dns(struct jvpn_load *load, const struct jvpn_client_config *config)
{
	if (config->dns_servers.count > JVPN_DNSASSIGN_SERVERS_MAX)
		jvpn_load_error(load, JVPN_EXIT_CONFIG, "dns.servers",
				"expected at most %d addresses, got %zu",
				JVPN_DNSASSIGN_SERVERS_MAX, config->dns_servers.count);
	for (size_t i = 0; i < config->dns_servers.count; i++)
		if (config->dns_servers.item[i].family && /* 0: complained about */
		    !jvpn_dnsassign_is_server(config->dns_servers.item[i].family,
					      config->dns_servers.item[i].address))
			jvpn_load_error(
				load, JVPN_EXIT_CONFIG, "dns.servers",
				"expected addresses of other hosts, got one of this host or "
				"a group");
}

static void check_rules(struct jvpn_load *load, struct jvpn_client_config *config)
{
	check_hooks(load);
	check_dns(load, config);
	check_one_of(load, "tls.ca", "tls.ca_pem");
	check_one_of(load, "auth.token", "auth.token_file");
	jvpn_load_check_readable(load, "tls.ca", config->tls_ca);
	if (jvpn_load_is_set(load, "auth.token"))
		check_inline_token(load, config);
	else if (jvpn_load_is_set(load, "auth.token_file"))
		read_token_file(load, config);
	if (strcmp(config->tun_name, ".") == 0 || strcmp(config->tun_name, "..") == 0)
		jvpn_load_error(load, JVPN_EXIT_CONFIG, "tun.name",
				"expected the name of a network device, got \"%s\"",
				config->tun_name);
	/* 253..255 are the kernel's default, main and local tables. */
	if (config->table >= 253 && config->table <= 255)
		jvpn_load_error(load, JVPN_EXIT_CONFIG, "table",
				"expected a table of its own, got one of the system's (253..255)");
	jvpn_config_events_check(load, &config->events);
}

static void fill_in(struct jvpn_client_config *config)
{
	if (!config->server_name[0])
		memcpy(config->server_name, config->servers.item[0].host,
		       sizeof(config->server_name));
	if (!config->table)
		config->table = JVPN_NETCFG_TABLE_DEFAULT;
	if (!config->state_dir[0])
		memcpy(config->state_dir, DEFAULT_STATE_DIR, sizeof(DEFAULT_STATE_DIR));
}

int jvpn_client_config_load(const char *path, struct jvpn_client_config *out,
			    struct jvpn_report *report)
{
	struct jvpn_load load = {.path = path, .report = report};
	struct jvpn_client_config *config = calloc(1, sizeof(*config));
	size_t errors = report->count;
	int rc;

	if (!config)
		return JVPN_ENOMEM;
	load.keys = jvpn_client_config_keys(&load.count);
	jvpn_schema_init(load.keys, load.count, path, config);
	jvpn_program_node_id(config->node_id, sizeof(config->node_id));
	rc = jvpn_load_file(&load, config);
	if (jvpn_load_has_tree(&load))
		check_rules(&load, config);
	if (!rc && report->count != errors)
		rc = report->exit_code == JVPN_EXIT_PERMISSION ? JVPN_EPERM : JVPN_ECONFIG;
	fill_in(config);
	if (!rc)
		*out = *config;
	jvpn_load_clear(&load);
	explicit_bzero(config, sizeof(*config));
	free(config);
	return rc;
}
