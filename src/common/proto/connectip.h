/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CONNECT-IP (RFC 9484): values of its three capsules, the HTTP Datagram prefix and the request
 * path of a full tunnel. Checks every validity rule of section 4.7; assigns nothing.
 */
#ifndef JVPN_PROTO_CONNECTIP_H
#define JVPN_PROTO_CONNECTIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JVPN_CONNECTIP_ADDRESSES_MAX 32
#define JVPN_CONNECTIP_ROUTES_MAX    128
#define JVPN_CONNECTIP_PATH          "/.well-known/masque/ip/*/*/"
#define JVPN_CONNECTIP_CONTEXT_IP    0
/* Longest quarter stream id + context id. */
#define JVPN_CONNECTIP_DGRAM_PREFIX_MAX 16

/* One entry of ADDRESS_ASSIGN or ADDRESS_REQUEST. */
struct jvpn_connectip_address {
	uint64_t request_id; /* ASSIGN: 0 when unasked; REQUEST: never 0 */
	uint8_t version;     /* 4 or 6 */
	uint8_t prefix_len;  /* bits; address bits beyond it are zero */
	uint8_t address[16]; /* network order; IPv4 uses the first four, the rest is zero */
};

struct jvpn_connectip_addresses {
	size_t count;
	struct jvpn_connectip_address address[JVPN_CONNECTIP_ADDRESSES_MAX];
};

/* One entry of ROUTE_ADVERTISEMENT: an inclusive range. */
struct jvpn_connectip_route {
	uint8_t version;  /* 4 or 6 */
	uint8_t protocol; /* 0: all */
	uint8_t start[16];
	uint8_t end[16];
};

struct jvpn_connectip_routes {
	size_t count;
	struct jvpn_connectip_route route[JVPN_CONNECTIP_ROUTES_MAX];
};

/* ADDRESS_ASSIGN (section 4.7.1), the capsule's whole value. May be empty (everything is taken
 * back). JVPN_EMALFORMED (version, prefix length, bits beyond the prefix), JVPN_ETRUNCATED,
 * JVPN_EFULL (more than JVPN_CONNECTIP_ADDRESSES_MAX); *out is untouched on error. */
int jvpn_connectip_assign_decode(struct jvpn_reader *r, struct jvpn_connectip_addresses *out);
/* JVPN_EINVAL when the struct breaks the same rules, JVPN_ENOSPACE. */
int jvpn_connectip_assign_encode(const struct jvpn_connectip_addresses *in, struct jvpn_writer *w);
/* ADDRESS_REQUEST (section 4.7.2): at least one entry, request ids not 0 and each once; errors as
 * above. That an id is never
 * used again later on the same stream is for the caller to check. */
int jvpn_connectip_request_decode(struct jvpn_reader *r, struct jvpn_connectip_addresses *out);
int jvpn_connectip_request_encode(const struct jvpn_connectip_addresses *in, struct jvpn_writer *w);
/* ROUTE_ADVERTISEMENT (section 4.7.3): start <= end, ordered by version, protocol and address
 * without overlap; may be empty. Errors as above. */
int jvpn_connectip_routes_decode(struct jvpn_reader *r, struct jvpn_connectip_routes *out);
int jvpn_connectip_routes_encode(const struct jvpn_connectip_routes *in, struct jvpn_writer *w);
/* Does an advertised range allow this destination for this protocol? ICMP and ICMPv6 always are
 * (section 4.7.3). 'address' has 4 or 16 octets by version. */
bool jvpn_connectip_routes_allow(const struct jvpn_connectip_routes *routes, uint8_t version,
				 const uint8_t *address, uint8_t protocol);

/* HTTP Datagram in a QUIC DATAGRAM frame (RFC 9297 section 2.1, RFC 9484 section 6): reads quarter
 * stream id and context id; what is left in r is the payload. JVPN_ETRUNCATED; JVPN_EMALFORMED when
 * the stream id would be beyond 2^62-1 (H3_DATAGRAM_ERROR). */
int jvpn_connectip_dgram_decode(struct jvpn_reader *r, uint64_t *stream_id, uint64_t *context_id);
/* Writes the prefix of an IP packet on that request stream (context 0). JVPN_EINVAL when it is not
 * a client-initiated bidirectional stream, JVPN_ENOSPACE. */
int jvpn_connectip_dgram_encode(uint64_t stream_id, struct jvpn_writer *w);

/* Is it the request path of a tunnel for every target and protocol, with "*" plain or
 * percent-encoded ("%2A", as URI Template expansion writes it)? */
bool jvpn_connectip_path_is_full_tunnel(const char *path, size_t len);

#endif
