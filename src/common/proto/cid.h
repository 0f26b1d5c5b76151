/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Layout of our connection IDs (wire.md "Connection IDs"; the plaintext form of
 * draft-ietf-quic-load-balancers). Takes randomness as an argument; keeps no table.
 */
#ifndef JVPN_PROTO_CID_H
#define JVPN_PROTO_CID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msg.h"

#define JVPN_CID_MAX           20
#define JVPN_CID_RANDOM_MIN    8
#define JVPN_CID_SERVER_ID_MAX 8
/* Config rotation bits 0..6; 7 means "not routable" in QUIC-LB and is never used by us. */
#define JVPN_CID_CONFIG_ID_MAX 6

struct jvpn_cid {
	uint8_t len;
	uint8_t b[JVPN_CID_MAX];
};

/* One deployment's layout: the same on every worker, node and balancer. */
struct jvpn_cid_layout {
	uint8_t config_id;     /* 0..JVPN_CID_CONFIG_ID_MAX */
	bool encode_len;       /* low 5 bits of octet 0: octets that follow it; else random */
	uint8_t random_len;    /* >= JVPN_CID_RANDOM_MIN; 2 + server_id_len + random_len <= 20 */
	uint8_t server_id_len; /* 0..JVPN_CID_SERVER_ID_MAX */
	uint8_t server_id[JVPN_CID_SERVER_ID_MAX];
};

/* What a balancer or the socket filter reads out of a connection ID. */
struct jvpn_cid_route {
	uint8_t config_id;
	uint8_t worker_id;
	const uint8_t *server_id; /* points into the CID; layout->server_id_len octets */
	bool is_local;            /* config id and server id are the layout's own */
};

/* 0, or JVPN_EINVAL when the numbers do not make a connection ID of at most 20 octets. */
int jvpn_cid_layout_check(const struct jvpn_cid_layout *layout);
/* Total length of this layout's connection IDs. */
size_t jvpn_cid_len(const struct jvpn_cid_layout *layout);
/* A fresh connection ID. 'random' has 1 + layout->random_len octets of the random generator (the
 * first fills the low bits of octet 0 where the length is not encoded). JVPN_EINVAL. */
int jvpn_cid_make(const struct jvpn_cid_layout *layout, uint8_t worker_id, const uint8_t *random,
		  struct jvpn_cid *out);
/* Reads a connection ID of a received packet. JVPN_ETRUNCATED when it is too short to be ours. */
int jvpn_cid_parse(const struct jvpn_cid_layout *layout, const uint8_t *cid, size_t len,
		   struct jvpn_cid_route *out);
/* The opaque route_prefix for the client: everything up to and including the worker id. The length
 * bits describe prefix + JVPN_CID_RANDOM_MIN octets. Writes at most JVPN_ROUTE_PREFIX_MAX and
 * returns how many; JVPN_EINVAL. */
int jvpn_cid_route_prefix(const struct jvpn_cid_layout *layout, uint8_t worker_id,
			  uint8_t out[JVPN_ROUTE_PREFIX_MAX]);
/* How many random octets the Initial's DCID gets after a prefix: 8, or 18 without a prefix. */
size_t jvpn_cid_initial_random_len(size_t prefix_octets);
/* The DCID of a further transport's Initial: prefix + jvpn_cid_initial_random_len() octets of
 * 'random'. JVPN_EINVAL when the prefix is longer than JVPN_ROUTE_PREFIX_MAX. */
int jvpn_cid_make_initial(const uint8_t *prefix, size_t prefix_octets, const uint8_t *random,
			  struct jvpn_cid *out);

#endif
