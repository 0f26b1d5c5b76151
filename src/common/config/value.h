/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Typed scalars of the configuration: text to value with bounds and units. Pure.
 */
#ifndef JVPN_CONFIG_VALUE_H
#define JVPN_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/prefix.h"

#define JVPN_CONFIG_HOST_MAX 253
#define JVPN_CONFIG_LIST_MAX 64

struct jvpn_config_prefixes {
	size_t count;
	struct jvpn_prefix item[JVPN_CONFIG_LIST_MAX];
};

#define JVPN_CONFIG_LISTEN_MAX 16

struct jvpn_config_addresses {
	size_t count;
	struct sockaddr_storage item[JVPN_CONFIG_LISTEN_MAX]; /* sockaddr_in or sockaddr_in6 */
};

struct jvpn_config_host {
	char host[JVPN_CONFIG_HOST_MAX + 1]; /* name, IPv4 or IPv6 (no brackets); "": not set */
	uint16_t port;
};

#define JVPN_CONFIG_HOSTS_MAX 8

struct jvpn_config_hosts {
	size_t count;
	struct jvpn_config_host item[JVPN_CONFIG_HOSTS_MAX];
};

#define JVPN_CONFIG_NAMES_MAX 8
#define JVPN_CONFIG_NAME_MAX  15

struct jvpn_config_names {
	size_t count;
	char item[JVPN_CONFIG_NAMES_MAX][JVPN_CONFIG_NAME_MAX + 1];
};

#define JVPN_CONFIG_DOMAINS_MAX 16

struct jvpn_config_domains {
	size_t count;
	char item[JVPN_CONFIG_DOMAINS_MAX][JVPN_CONFIG_HOST_MAX + 1]; /* no dot at the end */
};

#define JVPN_CONFIG_COMMANDS_MAX 8
#define JVPN_CONFIG_COMMAND_MAX  511

struct jvpn_config_commands {
	size_t count;
	char item[JVPN_CONFIG_COMMANDS_MAX][JVPN_CONFIG_COMMAND_MAX + 1];
};

struct jvpn_config_hex {
	uint8_t length; /* bytes */
	uint8_t data[8];
};

/* Each takes the whole text and returns 0, JVPN_EMALFORMED (not of this form at all) or JVPN_ERANGE
 * (the form is right, the value does not fit); *out is untouched then. */
int jvpn_value_bool(const char *text, bool *out);     /* true, false */
int jvpn_value_uint(const char *text, uint64_t *out); /* decimal digits, no sign */
/* Integer or decimal with at most 'digits' digits behind the point, times 10^digits. */
int jvpn_value_decimal(const char *text, unsigned digits, uint64_t *out);
/* 500ms 8s 10min 8h 30d, in ms; without a unit only 0, or with bare_ok milliseconds. */
int jvpn_value_duration_ms(const char *text, bool bare_ok, uint64_t *out);
/* 4096, 512KiB, 16MiB, 1GiB, in bytes. */
int jvpn_value_bytes(const char *text, uint64_t *out);
/* 192.0.2.0/24, 2001:db8::/32; host bits must be 0. JVPN_EINVAL when they are not. */
int jvpn_value_prefix(const char *text, struct jvpn_prefix *out);
/* 192.0.2.1, 2001:db8::1; numeric, as a prefix of full length. */
int jvpn_value_ip(const char *text, struct jvpn_prefix *out);
/* 192.0.2.1:443, [2001:db8::1]:443; numeric. */
int jvpn_value_address(const char *text, struct sockaddr_storage *out);
/* name:443, 192.0.2.1:443, [2001:db8::1]:443. */
int jvpn_value_host(const char *text, struct jvpn_config_host *out);
/* 0 to 16 hex digits, an even number. */
int jvpn_value_hex(const char *text, struct jvpn_config_hex *out);
/* A DNS name, also single-label; or an IP address when ip_ok. */
bool jvpn_value_is_host_name(const char *text, bool ip_ok);

#endif
