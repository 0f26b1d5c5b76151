/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's configuration file (jvpn.conf.5). Opens nothing but the file and, to judge their
 * modes, the files that it names.
 */
#include "server/config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "config/control.h"
#include "config/events.h"
#include "config/load.h"
#include "config/metrics.h"
#include "config/program.h"
#include "proto/capsule.h"

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

static const struct jvpn_word store_kinds[] = {
	{"sqlite", JVPN_STORE_BACKEND_SQLITE},
	{"memory", JVPN_STORE_BACKEND_MEMORY},
	{NULL, 0},
};

#ifdef JVPN_STORE_SQLITE
#define STORE_KIND_DEFAULT "sqlite"
#else
#define STORE_KIND_DEFAULT "memory"
#endif

#define AT(field_) .offset = offsetof(struct jvpn_server_config, field_)
#define REQUIRED   .flags = JVPN_KEY_REQUIRED

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
	 .max = JVPN_NODE_ID_MAX,
	 .help = "Name of this node in the event stream; the host name if missing."},
	{.path = "listen",
	 .type = JVPN_KEY_ADDRESSES,
	 AT(listen),
	 .min = 1,
	 .max = JVPN_CONFIG_LISTEN_MAX,
	 .def = "0.0.0.0:443 [::]:443",
	 .help = "UDP addresses to listen on."},
	{.path = "tls.certificate",
	 .type = JVPN_KEY_PATH,
	 AT(tls_certificate),
	 REQUIRED,
	 .help = "PEM file with the certificate and its chain."},
	{.path = "tls.key",
	 .type = JVPN_KEY_PATH,
	 AT(tls_key),
	 REQUIRED,
	 .help = "PEM file with the private key; mode 0600."},
	{.path = "tls.cipher",
	 .type = JVPN_KEY_WORD,
	 AT(tls_cipher),
	 .words = ciphers,
	 .def = "auto",
	 .help = "auto: AES-128-GCM, or ChaCha20-Poly1305 when this machine or the client's has no "
		 "AES in hardware; else this one and no other."},
	{.path = "state_dir",
	 .type = JVPN_KEY_PATH,
	 AT(state_dir),
	 .def = "state",
	 .help = "Directory for keys that outlive the process; mode 0700."},
	{.path = "auth.tokens",
	 .type = JVPN_KEY_PATH,
	 AT(auth_tokens),
	 REQUIRED,
	 .help = "File with one name:sha256:expiry per line; mode 0600."},
	{.path = "store.kind",
	 .type = JVPN_KEY_WORD,
	 AT(store_kind),
	 .words = store_kinds,
	 .def = STORE_KIND_DEFAULT,
	 .help = "Where sessions are kept: sqlite (they survive restarts) or memory."},
	{.path = "store.path",
	 .type = JVPN_KEY_PATH,
	 AT(store_path),
	 .help = "File of the sqlite store; STATE_DIR/sessions.db if missing."},
	{.path = "public.address",
	 .type = JVPN_KEY_HOST_PORT,
	 AT(public_address),
	 .help = "Where clients reach this server; add-client writes it."},
	{.path = "public.name",
	 .type = JVPN_KEY_HOST_NAME,
	 AT(public_name),
	 .help = "Name in the certificate that clients check; add-client writes it."},
	{.path = "pool.ipv4",
	 .type = JVPN_KEY_PREFIX4,
	 AT(pool_ipv4),
	 .min = 8,
	 .max = 30,
	 .help = "Inner IPv4 addresses; the server takes the first one."},
	{.path = "pool.ipv6",
	 .type = JVPN_KEY_PREFIX6,
	 AT(pool_ipv6),
	 .min = 32,
	 .max = 126,
	 .help = "Inner IPv6 addresses; the server takes the first one."},
	{.path = "routes",
	 .type = JVPN_KEY_PREFIXES,
	 AT(routes),
	 .min = 1,
	 .max = JVPN_CONFIG_LIST_MAX,
	 .def = "0.0.0.0/0 ::/0",
	 .help = "What clients may reach through the tunnel."},
	{.path = "dns.servers",
	 .type = JVPN_KEY_IPS,
	 AT(dns_servers),
	 .max = JVPN_DNSASSIGN_SERVERS_MAX,
	 .help = "DNS servers that clients are to ask through the tunnel, at port 53."},
	{.path = "dns.search",
	 .type = JVPN_KEY_DOMAINS,
	 AT(dns_search),
	 .max = JVPN_CONFIG_DOMAINS_MAX,
	 .help = "Domains that clients try for names without a dot."},
	{.path = "dns.domains",
	 .type = JVPN_KEY_DOMAINS,
	 AT(dns_domains),
	 .max = JVPN_CONFIG_DOMAINS_MAX,
	 .help = "What these servers know, other names are asked for outside (split DNS); if missing, "
		 "every name."},
	{.path = "tun.name",
	 .type = JVPN_KEY_NAME,
	 AT(tun_name),
	 .min = 1,
	 .max = JVPN_TUN_NAME_MAX,
	 .def = "jvpn0",
	 .help = "Name of the TUN device."},
	{.path = "tun.mtu",
	 .type = JVPN_KEY_UINT,
	 AT(tun_mtu),
	 .min = 1280,
	 .max = 65535,
	 .flags = JVPN_KEY_AUTO,
	 .def = "auto",
	 .help = "MTU inside the tunnel."},
	{.path = "tun.offload",
	 .type = JVPN_KEY_BOOL,
	 AT(tun_offload),
	 .def = "true",
	 .help = "Exchange segments with the kernel in super-packets where it can."},
	{.path = "workers",
	 .type = JVPN_KEY_UINT,
	 AT(workers),
	 .min = 1,
	 .max = JVPN_SERVER_WORKERS_MAX,
	 .flags = JVPN_KEY_AUTO,
	 .def = "auto",
	 .help = "Threads that carry sessions."},
	{.path = "policy",
	 .type = JVPN_KEY_PATH,
	 AT(policy),
	 .help = "Policy file (jvpn-policy.5); the built-in policy if missing."},
	JVPN_EVENTS_KEYS(struct jvpn_server_config, events),
	JVPN_CONTROL_KEYS(struct jvpn_server_config, control),
	JVPN_METRICS_KEYS(struct jvpn_server_config, metrics),
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
	{.path = "quic.retry_above_half_open",
	 .type = JVPN_KEY_UINT,
	 AT(quic_retry_above_half_open),
	 .min = 0,
	 .max = 1000000,
	 .def = "128",
	 .help = "Above so many handshakes at once, addresses are validated by Retry first."},
	{.path = "quic.handshakes_per_source",
	 .type = JVPN_KEY_UINT,
	 AT(quic_handshakes_per_source),
	 .min = 0,
	 .max = 1000000,
	 .def = "100",
	 .help = "Handshakes a second of one IPv4 address or IPv6 /64; 0: no limit."},
	{.path = "quic.offload",
	 .type = JVPN_KEY_BOOL,
	 AT(quic_offload),
	 .def = "true",
	 .help = "Use UDP segmentation and receive offload where the kernel has them."},
	{.path = "quic.steering",
	 .type = JVPN_KEY_BOOL,
	 AT(quic_steering),
	 .def = "true",
	 .help = "With several workers: the kernel finds the right one by connection ID."},
	{.path = "quic.server_id",
	 .type = JVPN_KEY_HEX,
	 AT(quic_server_id),
	 .help = "Server id in connection IDs, for load balancers."},
#ifdef JVPN_DEBUG
	{.path = "debug.keylog",
	 .type = JVPN_KEY_PATH,
	 AT(debug_keylog),
	 .help = "TLS key log for packet captures; only with --enable-debug."},
#endif
};

const struct jvpn_key *jvpn_server_config_keys(size_t *count)
{
	*count = sizeof(keys) / sizeof(keys[0]);
	return keys;
}

static bool is_device_name(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void check_dns(struct jvpn_load *load, const struct jvpn_server_config *config)
{
	if (!config->dns_servers.count && (config->dns_search.count || config->dns_domains.count))
		jvpn_load_error(load, JVPN_EXIT_CONFIG,
				config->dns_search.count ? "dns.search" : "dns.domains",
				"expected dns.servers besides, got none: whom should clients ask?");
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
				"expected addresses that clients reach through the tunnel, got "
				"one of this host or a group");
}

static void copy_domains(const struct jvpn_config_domains *from, struct jvpn_dnsassign_domains *to)
{
	_Static_assert(JVPN_CONFIG_DOMAINS_MAX <= JVPN_DNSASSIGN_DOMAINS_MAX, "all of them fit");
	_Static_assert(sizeof(from->item[0]) <= sizeof(to->name[0]), "and their names");
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++)
		memcpy(to->name[i], from->item[i], sizeof(from->item[i]));
}

void jvpn_server_make_dns(const struct jvpn_server_config *config, struct jvpn_dnsassign *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < config->dns_servers.count && i < JVPN_DNSASSIGN_SERVERS_MAX; i++) {
		struct jvpn_dnsassign_server *s = &out->server[out->server_count++];

		s->version = config->dns_servers.item[i].family;
		memcpy(s->address, config->dns_servers.item[i].address, sizeof(s->address));
	}
	copy_domains(&config->dns_search, &out->search);
	copy_domains(&config->dns_domains, &out->internal);
	/* The root: every name. */
	if (out->internal.count == 0)
		out->internal.count = 1;
}

static void check_dns_size(struct jvpn_load *load, const struct jvpn_server_config *config)
{
	static struct jvpn_dnsassign dns;
	uint8_t value[JVPN_CAPSULE_BUFFER_BYTES];
	struct jvpn_writer w;

	jvpn_writer_init(&w, value, sizeof(value));
	jvpn_server_make_dns(config, &dns);
	if (jvpn_dnsassign_encode(&dns, &w) == JVPN_ENOSPACE)
		jvpn_load_error(load, JVPN_EXIT_CONFIG, "dns.servers",
				"expected servers and names of together at most %d octets, got "
				"more: clients would be told nothing",
				JVPN_CAPSULE_BUFFER_BYTES);
}

static void check_rules(struct jvpn_load *load, const struct jvpn_server_config *config)
{
	check_dns(load, config);
	check_dns_size(load, config);
	if (!jvpn_load_is_set(load, "pool.ipv4") && !jvpn_load_is_set(load, "pool.ipv6"))
		jvpn_load_error(load, JVPN_EXIT_CONFIG, "pool.ipv4",
				"expected pool.ipv4 or pool.ipv6 or both, got neither");
	if (!is_device_name(config->tun_name))
		jvpn_load_error(load, JVPN_EXIT_CONFIG, "tun.name",
				"expected the name of a network device, got \"%s\"",
				config->tun_name);
	jvpn_config_events_check(load, &config->events);
}

static void check_files(struct jvpn_load *load, const struct jvpn_server_config *config)
{
	jvpn_load_check_readable(load, "tls.certificate", config->tls_certificate);
	jvpn_load_check_secret(load, "tls.key", config->tls_key);
	jvpn_load_check_secret(load, "auth.tokens", config->auth_tokens);
}

static int complete_store(struct jvpn_server_config *config)
{
	int n;

	if (config->store_path[0])
		return 0;
	n = snprintf(config->store_path, sizeof(config->store_path), "%.*s/sessions.db",
		     (int)sizeof(config->store_path) - 16, config->state_dir);
	return n < 0 || strlen(config->state_dir) > sizeof(config->store_path) - 16 ? JVPN_ECONFIG
										    : 0;
}

int jvpn_server_config_load(const char *path, bool with_secrets, struct jvpn_server_config *out,
			    struct jvpn_report *report)
{
	struct jvpn_load load = {.path = path, .report = report};
	struct jvpn_server_config *config = calloc(1, sizeof(*config));
	size_t errors = report->count;
	int rc;

	if (!config)
		return JVPN_ENOMEM;
	load.keys = jvpn_server_config_keys(&load.count);
	jvpn_schema_init(load.keys, load.count, path, config);
	jvpn_program_node_id(config->node_id, sizeof(config->node_id));
	rc = jvpn_load_file(&load, config);
	if (jvpn_load_has_tree(&load)) {
		check_rules(&load, config);
		if (with_secrets)
			check_files(&load, config);
	}
	if (!rc)
		rc = complete_store(config);
	if (!rc && report->count != errors)
		rc = report->exit_code == JVPN_EXIT_PERMISSION ? JVPN_EPERM : JVPN_ECONFIG;
	if (!rc)
		*out = *config;
	jvpn_load_clear(&load);
	free(config);
	return rc;
}
