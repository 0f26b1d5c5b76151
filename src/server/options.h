/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What jvpn-server was told: command line, environment and configuration file (jvpn-server.8,
 * jvpn.conf.5). Checks everything that can be checked without opening sockets or devices.
 */
#ifndef JVPN_SERVER_OPTIONS_H
#define JVPN_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "config/control.h"
#include "config/events.h"
#include "config/exit.h"
#include "config/file.h"
#include "config/metrics.h"
#include "config/policy_file.h"
#include "config/value.h"
#include "core/policy.h"
#include "quic/cipher.h"
#include "quic/quic.h"
#include "runtime/operate.h"
#include "server/audit.h"
#include "store/store.h"

#define JVPN_NODE_ID_MAX     63
#define JVPN_TUN_NAME_MAX    15
#define JVPN_CLIENT_NAME_MAX 63
/* As many as the store has lanes. */
#define JVPN_SERVER_WORKERS_MAX 64

/* The file's values (jvpn.conf.5). Paths are absolute or relative to the working directory: ready
 * to be opened. */
struct jvpn_server_config {
	uint64_t version; /* of the file format: 1 */
	char node_id[JVPN_NODE_ID_MAX + 1];
	struct jvpn_config_addresses listen;
	char tls_certificate[JVPN_CONFIG_PATH_MAX];
	char tls_key[JVPN_CONFIG_PATH_MAX];
	char state_dir[JVPN_CONFIG_PATH_MAX];
	char auth_tokens[JVPN_CONFIG_PATH_MAX];
	int store_kind;                        /* enum jvpn_store_backend_kind */
	char store_path[JVPN_CONFIG_PATH_MAX]; /* STATE_DIR/sessions.db if it was not said */
	/* What add-client writes into client configurations; not used when running. */
	struct jvpn_config_host public_address;     /* host "": not set */
	char public_name[JVPN_CONFIG_HOST_MAX + 1]; /* "": not set */
	struct jvpn_prefix pool_ipv4;               /* family 0: not configured; at least one is */
	struct jvpn_prefix pool_ipv6;
	struct jvpn_config_prefixes routes;
	struct jvpn_config_prefixes dns_servers; /* empty: clients are told so */
	struct jvpn_config_domains dns_search, dns_domains;
	char tun_name[JVPN_TUN_NAME_MAX + 1];
	uint64_t tun_mtu;                  /* 0: auto */
	bool tun_offload;                  /* super-packets to and from the kernel */
	uint64_t workers;                  /* 0: auto */
	char policy[JVPN_CONFIG_PATH_MAX]; /* "": the built-in policy */
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
	uint64_t quic_retry_above_half_open;
	uint64_t quic_handshakes_per_source;
	bool quic_offload;  /* GSO and GRO */
	bool quic_steering; /* the SO_REUSEPORT filter */
	struct jvpn_config_hex quic_server_id;
	char debug_keylog[JVPN_CONFIG_PATH_MAX]; /* "" always without --enable-debug */
};

enum jvpn_server_command {
	JVPN_SERVER_RUN = 1,
	JVPN_SERVER_CHECK,      /* as RUN, but stop before sockets and devices */
	JVPN_SERVER_INIT,       /* init DIR */
	JVPN_SERVER_ADD_CLIENT, /* add-client NAME */
	JVPN_SERVER_AUDIT,      /* audit export */
	JVPN_SERVER_AUDIT_VERIFY,
	JVPN_SERVER_AUDIT_TIMELINE,
	JVPN_SERVER_AUDIT_REPORT,
	JVPN_SERVER_OPERATE /* ask the server that runs */
};

struct jvpn_server_options {
	enum jvpn_server_command command;
	enum jvpn_log_level log_level; /* configuration, then -v and -q */
	char config_path[JVPN_CONFIG_PATH_MAX];
	/* RUN, CHECK, ADD_CLIENT: */
	struct jvpn_server_config config;
	/* RUN, CHECK: */
	struct jvpn_policy policy;
	char policy_path[JVPN_CONFIG_PATH_MAX]; /* where it came from; "": built in */
	/* INIT: */
	char directory[JVPN_CONFIG_PATH_MAX];
	char state_directory[JVPN_CONFIG_PATH_MAX]; /* "": "state" in it */
	/* To whom it belongs what the server needs, if there is such a user; NULL: to whoever calls. */
	const char *service_user;
	bool force; /* replace what is there */
	/* INIT: goes into certificate and configuration. ADD_CLIENT: what the client is told, the
	 * configuration's public.* unless given. "" and host "": not known. */
	char server_name[JVPN_CONFIG_HOST_MAX + 1];
	struct jvpn_config_host address;
	/* OPERATE: */
	struct jvpn_operate operate;
	/* AUDIT_VERIFY, AUDIT_TIMELINE, AUDIT_REPORT: */
	struct jvpn_server_audit audit;
	/* AUDIT: */
	char store_path[JVPN_CONFIG_PATH_MAX];
	/* ADD_CLIENT: */
	char client_name[JVPN_CLIENT_NAME_MAX + 1];
	uint64_t expires_days; /* 0: never */
};

/* Reads command line, environment and files; prints errors, --help, --version and --print-config.
 * True: go on with *out. False: end with *exit_code. About 110 KiB: not on the stack. */
bool jvpn_server_options_load(int argc, char **argv, struct jvpn_server_options *out,
			      int *exit_code);
/* Reads the policy again (SIGHUP) from where it came from. 0, or a negative JVPN_E* with *out
 * untouched and the errors in the report. */
int jvpn_server_options_reload_policy(const struct jvpn_server_options *options,
				      struct jvpn_policy *out, struct jvpn_report *report);

#endif
