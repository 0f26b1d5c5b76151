/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The two files that say what names mean before DNS does, and who answers DNS questions: hosts(5) and
 * resolv.conf(5). Text in, addresses out; reads no file.
 */
#ifndef JVPN_CLIENT_NAMES_H
#define JVPN_CLIENT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define JVPN_NAMES_SERVERS_MAX   6
#define JVPN_NAMES_ADDRESSES_MAX 8

struct jvpn_names_servers {
	size_t count;
	struct sockaddr_storage item[JVPN_NAMES_SERVERS_MAX]; /* port 53 */
};

struct jvpn_names_addresses {
	size_t count;
	struct sockaddr_storage item[JVPN_NAMES_ADDRESSES_MAX]; /* port 0 */
};

/* A numeric address, with a scope ("fe80::1%eth0") or without. False: it is none. */
bool jvpn_names_numeric(const char *text, struct sockaddr_storage *out);
/* Adds the nameserver lines of a resolv.conf; what it does not understand is left out. Text: with a
 * NUL at its end. */
void jvpn_names_add_servers(const char *text, struct jvpn_names_servers *out);
/* Are there only servers of this machine among them (systemd-resolved and the like)? */
bool jvpn_names_are_local(const struct jvpn_names_servers *servers);
/* All addresses that a hosts file gives the name. */
void jvpn_names_find_host(const char *text, const char *name, struct jvpn_names_addresses *out);

#endif
