/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Commented configuration files with places to fill in. The texts are those of contrib/examples/.
 */
#include "server/templates.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"

#define PEM_INDENT   "    "
#define DEFAULT_PORT "443"

/* clang-format off */
static const char server_text[] =
	"# jvpn-server configuration; every key is described in jvpn.conf(5).\n"
	"# Check it with: jvpn-server -c THIS_FILE --check\n"
	"# Relative paths belong to the directory of this file.\n"
	"version: 1\n"
	"\n"
	"# Name of this node in the event stream; the host name if missing.\n"
	"#node_id: edge-01\n"
	"\n"
	"# UDP addresses to listen on.\n"
	"listen: [\"0.0.0.0:@PORT@\", \"[::]:@PORT@\"]\n"
	"\n"
	"tls:\n"
	"  certificate: server.crt\n"
	"  key: server.key               # mode 0600\n"
	"  cipher: auto                  # or aes-128-gcm, aes-256-gcm, chacha20-poly1305\n"
	"\n"
	"# Keys that outlive the process (stateless reset, address validation, tickets), and the\n"
	"# sessions: sessions.db in it, see store in jvpn.conf(5).\n"
	"state_dir: @STATE@\n"
	"\n"
	"auth:\n"
	"  tokens: tokens                # made by: jvpn-server add-client NAME\n"
	"\n"
	"# What add-client writes into the configurations of clients.\n"
	"public:\n"
	"  address: \"@ADDRESS@\"\n"
	"  name: \"@NAME@\"\n"
	"\n"
	"# Inner addresses. The server takes the first one of each for itself.\n"
	"pool:\n"
	"  ipv4: \"10.77.0.0/24\"\n"
	"  ipv6: \"fd77:6a76:706e::/64\"\n"
	"\n"
	"# What clients may reach through the tunnel.\n"
	"routes: [\"0.0.0.0/0\", \"::/0\"]\n"
	"\n"
	"# DNS servers that clients ask through the tunnel, while it is up; domains: only these names.\n"
	"#dns:\n"
	"#  servers: [ 198.51.100.53 ]\n"
	"#  search: [ corp.example ]\n"
	"#  domains: [ corp.example ]\n"
	"\n"
	"tun:\n"
	"  name: jvpn0\n"
	"  mtu: auto                     # or 1280..65535\n"
	"  offload: true                 # super-packets to and from the kernel\n"
	"\n"
	"# How sessions may move; see jvpn-policy(5).\n"
	"policy: policy.yaml\n"
	"\n"
	"# For jvpn-server status, sessions, terminate ... (docs/control.md).\n"
	"control:\n"
	"  socket: auto                  # /run/jvpn/server.sock; a path, or off\n"
	"  #group: adm                   # whose members may use it, too\n"
	"  group_may: read               # or act\n"
	"\n"
	"events:\n"
	"  output: stdout                # a file, journald, syslog, or a list of them\n"
	"\n"
	"# For Prometheus: /metrics, /healthz, /readyz (docs/metrics.md).\n"
	"metrics:\n"
	"  listen: off                   # or a port of 127.0.0.1, or address:port\n"
	"\n"
	"log:\n"
	"  level: info                   # error, warn, info, debug\n"
	"\n"
	"quic:\n"
	"  congestion: bbr               # bbr, cubic, reno\n"
	"  initial_rtt: 45ms\n"
	"  handshake_timeout: 10s\n"
	"  max_udp_payload: 1452\n"
	"  socket_buffer: 8MiB\n"
	"  retry_above_half_open: 128\n"
	"  handshakes_per_source: 100    # a second, of one IPv4 address or IPv6 /64; 0: no limit\n"
	"  offload: true\n"
	"  #server_id: \"0a0b0c0d\"        # for load balancers that route by connection ID\n";

static const char policy_text[] =
	"# jvpn policy; every key is described in jvpn-policy(5). All values below are the defaults.\n"
	"# Milliseconds, or with a unit: 500ms, 8s, 10min, 8h, 30d.\n"
	"# Mandatory. Stands in every event as policy_version: change it with the content.\n"
	"version: \"1\"\n"
	"\n"
	"session:\n"
	"  max_lifetime_ms: 8h           # then the session ends, whatever happens\n"
	"  transport_lost_ttl_ms: 10min  # how long it may be without any transport\n"
	"  max_sessions: 10000\n"
	"  max_sessions_per_user: 8\n"
	"\n"
	"volatility:\n"
	"  heartbeat_interval_ms: 500    # standby transports are measured so often\n"
	"  heartbeat_volatile_ms: 2000   # no answer for so long: unstable\n"
	"  idle_keepalive_ms: 25s\n"
	"  path_silence_ms: 300          # least silence before a path is dead\n"
	"  loss_window_ms: 2000\n"
	"  loss_volatile_threshold: 0.2  # ratio in the window\n"
	"  max_consecutive_drops: 3      # probes\n"
	"  latency_window_ms: 2000\n"
	"  latency_volatile_threshold_ms: 0   # 0: off\n"
	"  volatile_to_degraded_ms: 4000\n"
	"  degraded_terminate_ms: 0      # 0: off\n"
	"\n"
	"switching:\n"
	"  max_switches_per_min: 8\n"
	"  max_switches_per_hour: 120\n"
	"  switch_cooldown_ms: 1500\n"
	"  recovery_window_ms: 8000\n"
	"  switch_improvement_factor: 1.1\n"
	"\n"
	"transport:\n"
	"  max_candidate_count: 3\n"
	"  allowed: [quic]\n"
	"  enforce_hysteresis: true\n"
	"  min_stability_ms: 1000\n"
	"  plain_peers: strict           # or validated_path\n"
	"\n"
	"security:\n"
	"  reattach_proof_max_age_ms: 5000\n"
	"  replay_window_size: 128\n"
	"  reattach_rate_per_session_per_s: 5\n"
	"  reattach_burst: 10\n"
	"  reattach_rate_global_per_s: 20000\n"
	"  max_validation_failures: 8\n"
	"  key_update_after_bytes: 8GiB  # new traffic keys; 0: off\n"
	"  key_update_interval_ms: 1h    # 0: off\n"
	"\n"
	"audit:\n"
	"  max_bytes: 1GiB\n"
	"  max_age_ms: 90d\n"
	"\n"
	"observability:\n"
	"  emit_security_events: true\n"
	"  include_latency_metrics: true\n";

static const char client_text[] =
	"# jvpn-client configuration of @CLIENT@; every key is described in jvpn.conf(5).\n"
	"# It holds a token: keep it at mode 0600. The token ends: @EXPIRY@\n"
	"# Start it with: jvpn-client -c THIS_FILE\n"
	"version: 1\n"
	"\n"
	"# Name of this node in the event stream.\n"
	"node_id: @CLIENT@\n"
	"\n"
	"server:\n"
	"  address: \"@ADDRESS@\"\n"
	"  name: \"@NAME@\"       # must be in the server's certificate\n"
	"\n"
	"auth:\n"
	"  token: \"@TOKEN@\"\n"
	"\n"
	"# Label of every transport in events; the name of its interface if missing.\n"
	"#label: wlan0\n"
	"\n"
	"# Network devices for the outer packets, each with a transport of its own; auto: all that have a\n"
	"# route to the server. Or a list: [ wlan0, lte0 ]\n"
	"interfaces: auto\n"
	"\n"
	"tun:\n"
	"  name: jvpn0\n"
	"  mtu: auto                     # or 1280..65535\n"
	"  offload: true                 # super-packets to and from the kernel\n"
	"\n"
	"# What goes through the tunnel; auto: what the server advertises.\n"
	"routes: auto\n"
	"# What stays outside of it.\n"
	"#routes_exclude: [ 192.168.0.0/16 ]\n"
	"\n"
	"# Mark of the outer packets and table of the tunnel's routes: they keep the two apart.\n"
	"fwmark: 27254\n"
	"table: auto                     # or a number, or off: routes are left to you\n"
	"\n"
	"# How the system hears of the tunnel's DNS servers: auto, resolvectl, resolvconf, file, off.\n"
	"dns:\n"
	"  mode: auto\n"
	"\n"
	"# Shell commands; %i is the TUN device. See jvpn-client(8).\n"
	"#hooks:\n"
	"#  post_up: \"logger tunnel %i is up\"\n"
	"\n"
	"# Give up when there is no session by then; 0: try for ever.\n"
	"connect_timeout: 0\n"
	"\n"
	"# When a session is over: new_session or exit.\n"
	"on_terminated: new_session\n"
	"\n"
	"# Where the session survives a restart of the client; none: it ends with it.\n"
	"state_dir: auto\n"
	"\n"
	"# How the session may move; see jvpn-policy(5). The built-in policy if missing.\n"
	"#policy: policy.yaml\n"
	"\n"
	"events:\n"
	"  output: stdout                # a file, journald, syslog, or a list of them\n"
	"\n"
	"# For Prometheus: /metrics, /healthz, /readyz (docs/metrics.md).\n"
	"metrics:\n"
	"  listen: off                   # or a port of 127.0.0.1, or address:port\n"
	"\n"
	"log:\n"
	"  level: info                   # error, warn, info, debug\n"
	"\n"
	"quic:\n"
	"  congestion: bbr               # bbr, cubic, reno\n"
	"  initial_rtt: 45ms\n"
	"  handshake_timeout: 10s\n"
	"  max_udp_payload: 1452\n"
	"  socket_buffer: 8MiB\n"
	"  offload: true\n"
	"\n"
	"# The only certification authorities that are trusted. A file instead: ca: ca.crt\n"
	"tls:\n"
	"  cipher: auto                  # or aes-128-gcm, aes-256-gcm, chacha20-poly1305\n"
	"  ca_pem: |\n"
	"@CA_PEM@\n";
/* clang-format on */

struct place {
	const char *mark;
	size_t offset; /* in struct jvpn_template_values */
};

static const struct place places[] = {
	{"@NAME@", offsetof(struct jvpn_template_values, server_name)},
	{"@ADDRESS@", offsetof(struct jvpn_template_values, server_address)},
	{"@PORT@", offsetof(struct jvpn_template_values, listen_port)},
	{"@STATE@", offsetof(struct jvpn_template_values, state_dir)},
	{"@CLIENT@", offsetof(struct jvpn_template_values, client_name)},
	{"@TOKEN@", offsetof(struct jvpn_template_values, token)},
	{"@EXPIRY@", offsetof(struct jvpn_template_values, expiry)},
	{"@CA_PEM@", offsetof(struct jvpn_template_values, ca_pem)},
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static const char *value_of(const struct jvpn_template_values *values, const struct place *place)
{
	const char *value;

	memcpy(&value, (const char *)values + place->offset, sizeof(value));
	return value;
}

static bool is_pem(const struct place *place)
{
	return place->offset == offsetof(struct jvpn_template_values, ca_pem);
}

/* Inside double quotes nothing may end them; a PEM text is a block, where lines may end. */
static bool is_safe(const struct place *place, const char *value)
{
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '\n' && is_pem(place))
			continue;
		if (c < ' ' || c >= 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static int check_values(const char *text, const struct jvpn_template_values *values)
{
	for (size_t i = 0; i < PLACES; i++) {
		const char *value = value_of(values, &places[i]);

		if (strstr(text, places[i].mark) && (!value || !is_safe(&places[i], value)))
			return JVPN_EINVAL;
	}
	return 0;
}

static void put_block(const char *text, FILE *stream)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		bool last = text[len] == '\0' || text[len + 1] == '\0';

		fprintf(stream, "%s%.*s%s", len ? PEM_INDENT : "", (int)len, text,
			last ? "" : "\n");
		text += len + (text[len] == '\n');
	}
}

/* Writes the value of the place at text; returns the length of its mark, 0 when there is none. */
static size_t put_place(const char *text, const struct jvpn_template_values *values, FILE *stream)
{
	for (size_t i = 0; i < PLACES; i++) {
		size_t len = strlen(places[i].mark);

		if (strncmp(text, places[i].mark, len) != 0)
			continue;
		if (is_pem(&places[i]))
			put_block(value_of(values, &places[i]), stream);
		else
			fputs(value_of(values, &places[i]), stream);
		return len;
	}
	return 0;
}

static const char *text_of(enum jvpn_template which)
{
	switch (which) {
	case JVPN_TEMPLATE_SERVER:
		return server_text;
	case JVPN_TEMPLATE_POLICY:
		return policy_text;
	case JVPN_TEMPLATE_CLIENT:
		return client_text;
	}
	return "";
}

int jvpn_template_write(enum jvpn_template which, const struct jvpn_template_values *values,
			FILE *stream)
{
	const char *text = text_of(which);
	struct jvpn_template_values filled = *values;

	if (filled.listen_port == NULL)
		filled.listen_port = DEFAULT_PORT;
	if (filled.state_dir == NULL)
		filled.state_dir = "state";
	values = &filled;
	if (check_values(text, values))
		return JVPN_EINVAL;
	while (*text) {
		size_t len = *text == '@' ? put_place(text, values, stream) : 0;

		if (len == 0) {
			fputc(*text, stream);
			len = 1;
		}
		text += len;
	}
	return ferror(stream) ? JVPN_EIO : 0;
}
