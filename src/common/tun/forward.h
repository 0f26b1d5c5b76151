/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rules between IP packets and datagrams (RFC 9484 sections 7 to 9, BCP 38): what may pass,
 * what is answered with ICMP, and why. Decides only: no I/O, no clock, no allocation.
 *
 * Server: jvpn_forward_uplink() from a session's datagram, then write to the TUN;
 *	jvpn_forward_receive() from the TUN, find the owner of the destination, then
 *	jvpn_forward_downlink() or jvpn_forward_refuse(), then queue and send.
 * Client: jvpn_forward_client_uplink() TUN to datagram, jvpn_forward_client_downlink() back.
 * The hop limit goes down right before a packet is put into a datagram, not after it was taken out
 * (the kernel behind the TUN does that), and not for our own packets (RFC 9484 section 7).
 */
#ifndef JVPN_TUN_FORWARD_H
#define JVPN_TUN_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix.h"
#include "proto/connectip.h"
#include "proto/ippkt.h"
#include "tun/offload.h"

#define JVPN_FORWARD_OUTER_MAX 16

enum jvpn_forward_verdict {
	JVPN_FORWARD_NONE = 0,
	JVPN_FORWARD_PASS,     /* send packet->data */
	JVPN_FORWARD_FRAGMENT, /* IPv4 without DF above the MTU: send its fragments (fragment.h) */
	JVPN_FORWARD_DROP,
	JVPN_FORWARD_REPLY, /* drop it and send forward->reply back to where it came from */
	JVPN_FORWARD_VERDICT_COUNT
};

/* X(name, text): why a packet was dropped (or answered). */
#define JVPN_FORWARD_REASON_MAP(X)                                                                 \
	X(NONE, "none")                                                                            \
	X(MALFORMED, "malformed")                                                                  \
	X(NOT_FORWARDABLE, "not_forwardable") /* multicast, loopback, link-local, unspecified */   \
	X(SOURCE, "source_not_assigned")                                                           \
	X(DESTINATION, "destination_not_assigned")                                                 \
	X(NO_OWNER, "no_owner")     /* no session has the destination */                           \
	X(NOT_ROUTED, "not_routed") /* outside of what was advertised */                           \
	X(PEER, "client_to_client")                                                                \
	X(LOOP, "tunnel_loop") /* an outer packet of the tunnel itself */                          \
	X(HOP_LIMIT, "hop_limit")                                                                  \
	X(TOO_BIG, "too_big")                                                                      \
	X(MTU_TOO_SMALL, "mtu_too_small") /* IPv6 over a path below 1280 */

enum jvpn_forward_reason {
#define X(name, text) JVPN_FORWARD_REASON_##name,
	JVPN_FORWARD_REASON_MAP(X)
#undef X
		JVPN_FORWARD_REASON_COUNT
};

/* Static text; "unknown" for anything else. */
const char *jvpn_forward_reason_text(enum jvpn_forward_reason reason);

/* ICMP errors per time (RFC 4443 section 2.4 f, RFC 1812 section 4.3.2.8): a token bucket. */
struct jvpn_forward_limit {
	uint32_t per_s; /* 0: no ICMP at all */
	uint32_t burst;
	uint64_t tokens_ns; /* private: saved-up time, 1 token is 10^9 / per_s */
	uint64_t last_ns;
	bool started;
};

#define JVPN_FORWARD_ICMP_PER_S 100u
#define JVPN_FORWARD_ICMP_BURST 50u

void jvpn_forward_limit_init(struct jvpn_forward_limit *limit, uint32_t per_s, uint32_t burst);
bool jvpn_forward_limit_take(struct jvpn_forward_limit *limit, uint64_t now_ns);

struct jvpn_forward_counters {
	uint64_t passed_packets, passed_bytes;
	uint64_t dropped[JVPN_FORWARD_REASON_COUNT];
	uint64_t icmp_sent, icmp_limited, mss_clamped, fragmented;
};

/* An outer address of the tunnel (server's): packets to it inside the tunnel are a loop. */
struct jvpn_forward_outer {
	uint8_t family; /* 4, 6 */
	uint8_t address[16];
	uint16_t port;
};

struct jvpn_super;

/* One per direction and process (or worker). Owner: runtime. */
struct jvpn_forward {
	/* Where our ICMP errors come from and what counts as our own packet: the server's inner
	 * addresses. Not set (client): errors come from the destination of the offending packet. */
	struct jvpn_prefix own4, own6;
	/* Server: the pools; a client reaches another client only with client_to_client. */
	struct jvpn_prefix pool4, pool6;
	bool client_to_client;
	bool mss_clamp;
	size_t outer_count;
	struct jvpn_forward_outer outer[JVPN_FORWARD_OUTER_MAX];
	struct jvpn_forward_limit limit;
	struct jvpn_forward_counters counters;
	size_t reply_len; /* of the last JVPN_FORWARD_REPLY */
	uint8_t reply[JVPN_ICMP6_ERROR_MAX];
};

/* Zeroes; default ICMP limit; MSS clamp on. The caller fills the rest. */
void jvpn_forward_init(struct jvpn_forward *forward);

/* One packet on its way. */
struct jvpn_forward_packet {
	uint8_t *data; /* changed in place on PASS (hop limit, checksum, MSS) */
	size_t len;
	uint64_t now_ns;
	struct jvpn_super
		*super; /* the memory that data is in, for whoever wants to keep it; or NULL */
	const struct jvpn_tun_offload *offload; /* of a super-packet; NULL: one packet; borrowed */
	size_t largest;                         /* of a super-packet: its largest segment */
	size_t mtu; /* largest inner packet of the tunnel; 0: no limit */
	const struct jvpn_connectip_addresses *assigned; /* the session's addresses; borrowed */
	const struct jvpn_connectip_routes *routes;      /* client uplink: advertised; NULL: all */
	struct jvpn_forward_limit *limit; /* the session's own; NULL: the forward's */
	struct jvpn_ippkt view;           /* out */
	enum jvpn_forward_reason reason;  /* out: NONE on PASS and FRAGMENT */
};

/* Server, datagram to TUN: forwardable, source assigned, not a loop, not another client's. */
enum jvpn_forward_verdict jvpn_forward_uplink(struct jvpn_forward *forward,
					      struct jvpn_forward_packet *packet);
/* Server, from the TUN, first step: valid and forwardable; then packet->view is set and
 * jvpn_ippkt_dst() tells whose it is. Counts drops only. */
enum jvpn_forward_verdict jvpn_forward_receive(struct jvpn_forward *forward,
					       struct jvpn_forward_packet *packet);
/* Second step, the owner is known: destination assigned, hop limit, size. */
enum jvpn_forward_verdict jvpn_forward_downlink(struct jvpn_forward *forward,
						struct jvpn_forward_packet *packet);
/* Second step, there is no owner: host unreachable. */
enum jvpn_forward_verdict jvpn_forward_refuse(struct jvpn_forward *forward,
					      struct jvpn_forward_packet *packet);
/* Client, TUN to datagram: source ours, destination advertised, not a loop, size. */
enum jvpn_forward_verdict jvpn_forward_client_uplink(struct jvpn_forward *forward,
						     struct jvpn_forward_packet *packet);
/* Client, datagram to TUN: destination ours. */
enum jvpn_forward_verdict jvpn_forward_client_downlink(struct jvpn_forward *forward,
						       struct jvpn_forward_packet *packet);

#endif
