/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From the names of the configuration to the server's addresses, without waiting for anybody and never
 * through the tunnel: numeric addresses, /etc/hosts, then DNS questions of our own on marked sockets
 * (ADR 0009). Knows nothing of candidates.
 */
#ifndef JVPN_CLIENT_RESOLVE_H
#define JVPN_CLIENT_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/names.h"
#include "config/value.h"
#include "proto/dns.h"

struct jvpn_client;
struct jvpn_watch;

/* Questions that nobody answers go to the next server, or out of the next interface, after that. */
#define JVPN_RESOLVE_ROUND_MS 1000
/* While the server is not reached, the names are looked up again so often. */
#define JVPN_RESOLVE_AGAIN_MS 10000

/* One entry of server.address. */
struct jvpn_lookup {
	bool fixed; /* numeric, or in the hosts file: 'known' holds it */
	struct jvpn_names_addresses known;
	struct jvpn_dns_question question[2]; /* AAAA, A */
	bool answered[2];
	struct jvpn_dns_addresses found[2];
};

/* Inside the client. */
struct jvpn_resolve {
	struct jvpn_lookup lookup[JVPN_CONFIG_HOSTS_MAX];
	size_t count;
	bool running;
	struct jvpn_names_servers servers;
	int fd; /* of this round; valid while running */
	struct jvpn_watch *watch;
	size_t round;
	uint64_t round_until_ns;
	uint64_t started_ns; /* the last time; 0 never */
};

/* A whole file in a static buffer; "" when it cannot be read or is no text: as if it were empty. */
const char *jvpn_resolve_read_text(const char *path);
/* Begins. When no entry needs DNS it is done at once (jvpn_dial_set_addresses). */
void jvpn_resolve_start(struct jvpn_client *client, uint64_t now_ns);
/* Does any entry need DNS? Else there is no point in starting again. */
bool jvpn_resolve_has_names(const struct jvpn_client *client);
void jvpn_resolve_poll(struct jvpn_client *client, uint64_t now_ns);
uint64_t jvpn_resolve_next_deadline(const struct jvpn_client *client);
void jvpn_resolve_close(struct jvpn_client *client);

#endif
