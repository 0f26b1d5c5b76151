/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What jvpn-client was told: command line, environment and configuration file (jvpn-client.8,
 * jvpn.conf.5). Checks everything that can be checked without opening sockets or devices.
 */
#ifndef JVPN_CLIENT_OPTIONS_H
#define JVPN_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "config/control.h"
#include "config/events.h"
#include "config/exit.h"
#include "config/file.h"
#include "config/metrics.h"
#include "config/policy_file.h"
#include "config/value.h"
#include "core/msg.h"
#include "core/policy.h"
#include "quic/cipher.h"
#include "quic/quic.h"
#include "runtime/operate.h"

#define JVPN_CLIENT_NODE_ID_MAX 63
#define JVPN_CLIENT_DEVICE_MAX  15
#define JVPN_CLIENT_TOKEN_MAX   512
#define JVPN_CLIENT_CA_PEM_MAX  16383

/* What follows the end of a session. */
enum jvpn_on_terminated { JVPN_ON_TERMINATED_NEW_SESSION = 0, JVPN_ON_TERMINATED_EXIT };

struct jvpn_client_config {
	uint64_t version; /* of the file format: 1 */
	char node_id[JVPN_CLIENT_NODE_ID_MAX + 1];
	struct jvpn_config_hosts servers;           /* addresses of the one node; never empty */
	char server_name[JVPN_CONFIG_HOST_MAX + 1]; /* checked against the certificate; never "" */
	char tls_ca[JVPN_CONFIG_PATH_MAX];          /* exactly one of these two is set */
	char tls_ca_pem[JVPN_CLIENT_CA_PEM_MAX + 1];
	char token[JVPN_CLIENT_TOKEN_MAX + 1]; /* SECRET; also filled from auth.token_file */
	char token_file[JVPN_CONFIG_PATH_MAX];
	char label[JVPN_LABEL_MAX + 1];      /* "": the name of the interface */
	struct jvpn_config_names interfaces; /* empty: auto */
	char tun_name[JVPN_CLIENT_DEVICE_MAX + 1];
	uint64_t tun_fd;  /* a TUN that the parent has opened and set up; 0: none */
	bool tun_offload; /* super-packets to and from the kernel */
	uint64_t tun_mtu; /* 0: auto */
	struct jvpn_config_prefixes routes; /* empty: what the server advertises */
	struct jvpn_config_prefixes routes_exclude;
	uint64_t fwmark;
	uint64_t table;                          /* JVPN_CONFIG_OFF: no routes */
	int dns_mode;                            /* enum jvpn_dns_mode */
	struct jvpn_config_prefixes dns_servers; /* empty: what the server says */
	struct jvpn_config_domains dns_search, dns_domains;
	struct jvpn_config_commands pre_up, post_up, pre_down, post_down;
	uint64_t hooks_timeout_ms;
	char state_dir[JVPN_CONFIG_PATH_MAX]; /* "none": the session ends with the process */
	char policy[JVPN_CONFIG_PATH_MAX];    /* "": the built-in policy */
	struct jvpn_config_events events;
	struct jvpn_config_control control;
	struct jvpn_config_metrics metrics;
	int log_level;       /* enum jvpn_log_level */
	int tls_cipher;      /* enum jvpn_cipher */
	int quic_congestion; /* enum jvpn_congestion */
	uint64_t quic_initial_rtt_ms;
	uint64_t quic_handshake_timeout_ms;
	uint64_t quic_max_udp_payload;
	uint64_t quic_socket_buffer_bytes;
	bool quic_offload;                       /* GSO and GRO */
	uint64_t connect_timeout_ms;             /* the first session; 0: try for ever */
	int on_terminated;                       /* enum jvpn_on_terminated */
	char debug_keylog[JVPN_CONFIG_PATH_MAX]; /* "" always without --enable-debug */
};

enum jvpn_client_command {
	JVPN_CLIENT_RUN = 1,
	JVPN_CLIENT_CHECK, /* as RUN, but stop before sockets and devices */
	JVPN_CLIENT_DISCONNECT,
	JVPN_CLIENT_OPERATE /* ask the client that runs */
};

struct jvpn_client_options {
	enum jvpn_client_command command;
	enum jvpn_log_level log_level; /* configuration, then -v and -q */
	char config_path[JVPN_CONFIG_PATH_MAX];
	struct jvpn_client_config config;
	struct jvpn_operate operate; /* OPERATE: nothing else is filled but the paths */
	struct jvpn_policy policy;
	char policy_path[JVPN_CONFIG_PATH_MAX]; /* where it came from; "": built in */
};

/* Reads command line, environment and files; prints errors, --help, --version and --print-config.
 * True: go on with *out. False: end with *exit_code. Keep it on the heap or static. */
bool jvpn_client_options_load(int argc, char **argv, struct jvpn_client_options *out,
			      int *exit_code);
/* Reads the policy again (SIGHUP) from where it came from. 0, or a negative JVPN_E* with *out
 * untouched and the errors in the report. */
int jvpn_client_options_reload_policy(const struct jvpn_client_options *options,
				      struct jvpn_policy *out, struct jvpn_report *report);
/* Wipes the token. */
void jvpn_client_options_clear(struct jvpn_client_options *options);

#endif
