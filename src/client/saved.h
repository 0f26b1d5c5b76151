/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One session of the client as bytes in its state file: what a restart needs to go on with it. No
 * I/O, no clock. The keys stand in it as they are: the client has no key to seal them with, the
 * file's mode is what protects them.
 *
 * Layout (version 1, big-endian; docs/internals/client-state.md has the table): magic, version,
 * length, body, SHA-256 of everything before it. Whoever can change the file can change the digest;
 * it finds damage, not attackers.
 */
#ifndef JVPN_CLIENT_SAVED_H
#define JVPN_CLIENT_SAVED_H

#include <stddef.h>
#include <stdint.h>

#include "client/options.h"
#include "crypto/hash.h"
#include "crypto/proof.h"
#include "proto/connectip.h"
#include "store/record.h"

#define JVPN_SAVED_VERSION    1
#define JVPN_SAVED_TICKET_MAX 4096
#define JVPN_SAVED_PEER_MAX   63
/* Of a whole file. */
#define JVPN_SAVED_MAX 12288

/* Holds secrets: jvpn_saved_clear(). */
struct jvpn_saved {
	/* whose it is */
	char server_name[JVPN_CONFIG_HOST_MAX + 1];
	uint8_t ca_digest[JVPN_SHA256_BYTES];
	char node_id[JVPN_CLIENT_NODE_ID_MAX + 1];
	/* the session; record.session.counter is the end of the block that may be in use */
	struct jvpn_record record;
	struct jvpn_session_keys keys;
	char label[JVPN_LABEL_MAX + 1];
	uint8_t route_prefix_len; /* where the session lives, for the first packets of new connections */
	uint8_t route_prefix[JVPN_ROUTE_PREFIX_MAX];
	char peer[JVPN_SAVED_PEER_MAX +
		  1]; /* "192.0.2.1:443": where it was last bound; "": not known */
	/* the tunnel */
	char tun_name[JVPN_CLIENT_DEVICE_MAX + 1];
	uint32_t mtu; /* largest inner packet of the last binding; 0: not known */
	struct jvpn_connectip_routes routes;
	/* opaque: the TLS session of the last connection; 0: none */
	uint16_t ticket_len;
	uint8_t ticket[JVPN_SAVED_TICKET_MAX];
};

/* Writes the whole file. JVPN_EINVAL (a value that decoding would refuse), JVPN_ENOSPACE,
 * JVPN_ECRYPTO. */
int jvpn_saved_encode(const struct jvpn_saved *saved, struct jvpn_writer *w);
/* Reads a whole file. JVPN_EUNSUPPORTED: of another version; JVPN_EMALFORMED: no such file, or
 * damaged; JVPN_ETRUNCATED: its end is missing; JVPN_ETRAILING. On error *out is untouched. */
int jvpn_saved_decode(const void *data, size_t len, struct jvpn_saved *out);
void jvpn_saved_clear(struct jvpn_saved *saved);

#endif
