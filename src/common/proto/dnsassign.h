/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DNS_ASSIGN (draft-ietf-masque-connect-ip-dns-06, section 3): which DNS servers to ask inside the
 * tunnel, and for which names. Every structure is checked; kept is what a resolver without encrypted
 * DNS can use. Names that come out consist of letters, digits, '-', '_' and '.', and start with none
 * of the last three but '_': they can be no option of a program and mean nothing to a shell.
 */
#ifndef JVPN_PROTO_DNSASSIGN_H
#define JVPN_PROTO_DNSASSIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JVPN_DNSASSIGN_SERVERS_MAX 8
#define JVPN_DNSASSIGN_DOMAINS_MAX 16
#define JVPN_DNSASSIGN_NAME_MAX    253

struct jvpn_dnsassign_server {
	uint8_t version;     /* 4 or 6; port 53 */
	uint8_t address[16]; /* IPv4 uses the first four, the rest is zero */
};

struct jvpn_dnsassign_domains {
	size_t count;
	char name[JVPN_DNSASSIGN_DOMAINS_MAX][JVPN_DNSASSIGN_NAME_MAX + 1]; /* no dot at the end */
};

/* One DNS configuration: of a capsule with several the first that can be used. About 8 KiB. */
struct jvpn_dnsassign {
	size_t server_count; /* 0: the peer takes back what it said before */
	struct jvpn_dnsassign_server server[JVPN_DNSASSIGN_SERVERS_MAX]; /* by priority */
	struct jvpn_dnsassign_domains internal; /* what they know; "": every name */
	struct jvpn_dnsassign_domains search;
	bool has_more; /* decoding: servers, domains or configurations that were left out */
};

/* The capsule's whole value. JVPN_EMALFORMED, JVPN_ETRUNCATED, JVPN_ETRAILING; *out is untouched on
 * error. */
int jvpn_dnsassign_decode(struct jvpn_reader *r, struct jvpn_dnsassign *out);
/* JVPN_EINVAL when decoding would refuse it, JVPN_ENOSPACE. No servers: an empty value. */
int jvpn_dnsassign_encode(const struct jvpn_dnsassign *in, struct jvpn_writer *w);
/* A name in presentation format as above, without a dot at its end. */
bool jvpn_dnsassign_is_name(const char *text);
/* Not unspecified, loopback, multicast or broadcast. 'address' has 4 or 16 octets by version. */
bool jvpn_dnsassign_is_server(uint8_t version, const uint8_t *address);

#endif
