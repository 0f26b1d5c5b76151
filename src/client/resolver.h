/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The system's resolver while the tunnel is up: what the server (DNS_ASSIGN) or the configuration names goes
 * to resolvectl, resolvconf or /etc/resolv.conf, and is taken back at the end; after kill -9 at the next
 * start. Nothing from outside passes a shell. docs/internals/client-dns.md says why each is done as it is.
 */
#ifndef JVPN_CLIENT_RESOLVER_H
#define JVPN_CLIENT_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "client/dnsjournal.h"
#include "client/names.h"
#include "proto/dnsassign.h"

struct jvpn_client;

#define JVPN_RESOLVER_PATH_MAX 256

/* Inside the client. */
struct jvpn_resolver {
	bool is_open;
	bool has_wanted;              /* the server has said something, or the configuration */
	struct jvpn_dnsassign wanted; /* what is in force now */
	bool is_applied;
	uint64_t next_ns;                  /* not applied again before that */
	bool is_undoing;                   /* the journal goes when that has run */
	bool said_nobody;                  /* that there is nothing to configure */
	char path[JVPN_RESOLVER_PATH_MAX]; /* of the journal */
	struct jvpn_dnsjournal journal;    /* what is on disk; mode OFF: nothing is done */
};

/* Undoes what a killed client left on this device, or takes it over. 'path' is the journal's. JVPN_EMALFORMED
 * with a sentence. */
int jvpn_resolver_open(struct jvpn_client *client, const char *device, const char *path,
		       bool take_over, char *error, size_t error_size);
/* A DNS_ASSIGN capsule. */
void jvpn_resolver_take(struct jvpn_client *client, struct jvpn_reader *r);
/* The system hears of what is wanted while the tunnel is up: at once, but not again before that has run and
 * some time has passed. Once in a turn. */
void jvpn_resolver_apply(struct jvpn_client *client);
uint64_t jvpn_resolver_next_deadline(const struct jvpn_client *client);
/* Is there anybody to ask the tunnel's servers? */
bool jvpn_resolver_is_used(const struct jvpn_client *client);
/* Takes everything back; programs that do it are queued in the client's runner. */
void jvpn_resolver_restore(struct jvpn_client *client);
/* Whom to ask for the server's name: those that were there before us, never through the tunnel. */
void jvpn_resolver_servers(const struct jvpn_client *client, struct jvpn_names_servers *out);

#endif
