/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A client and a server of quic/ over loopback sockets with a NAT in between, in virtual time. The
 * NAT delays, drops, rebinds to another port or address, and counts. For tests only.
 */
#ifndef JVPN_TESTS_QUIC_PAIR_H
#define JVPN_TESTS_QUIC_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quic/endpoint.h"
#include "quic/quic.h"
#include "quic/tls.h"

#define PAIR_MS           1000000ULL
#define PAIR_BACKS        6 /* sockets of the NAT towards the server: each is a 4-tuple */
#define PAIR_SECOND       5 /* that of the second way, when there is one */
#define PAIR_LOG          64
#define PAIR_DATAGRAM_MAX 2048

struct pair_item {
	struct pair_item *next;
	uint64_t due_ns;
	bool to_server;
	int back;
	size_t len;
	uint8_t data[PAIR_DATAGRAM_MAX];
};

struct pair_capsule {
	uint64_t type;
	size_t len;
	uint32_t path_generation;
	uint8_t first[16];
};

/* A session layer above one side, which then has ops of its own (see pair_init); NULL: not wanted. */
struct pair_hooks {
	void (*begin)(void *user, uint64_t now_ns); /* first in each turn */
	void (*turn)(void *user, uint64_t now_ns);  /* after QUIC's timers, before it is flushed */
	uint64_t (*next)(void *user);               /* when to run again */
	void *user;
};

/* What one side has heard from its ops. */
struct pair_side {
	struct jvpn_quic *quic;
	struct jvpn_endpoint *endpoint;
	struct jvpn_tls *tls;
	struct jvpn_conn *conn; /* the newest */
	bool ready, responded, closed, keep_sending, refuse, no_request;
	bool no_permit;   /* do not set the permit by itself */
	bool auto_commit; /* commit and permit as soon as validated */
	int status, requests, mtu_reports, probes_acked, hints, knocks_answered;
	size_t max_packet;
	uint32_t keys_generation, keys_told;
	bool keys_by_peer;
	uint64_t packets, packet_bytes, capsules, capsule_bytes, probe_rtt_ns, responded_ns;
	uint64_t order_errors; /* packets whose number is not the one after the last */
	uint32_t next_number, send_number;
	uint8_t last_packet[64]; /* its beginning */
	struct pair_capsule capsule[PAIR_LOG];
	struct jvpn_path_event path[PAIR_LOG];
	uint64_t path_at_ns[PAIR_LOG];
	size_t path_count;
	struct jvpn_close_info info;
	struct pair *pair;
	bool is_server;
	size_t send_len;
	struct pair_hooks hooks;
};

/* Of both ends, for the next pair_init(). */
extern enum jvpn_cipher pair_cipher;

struct pair {
	uint64_t now_ns, delay_ns;
	uint64_t wall_s; /* of the wall clock, at now_ns 0 */
	struct pair_side client, server;
	int front;            /* towards the client */
	int back[PAIR_BACKS]; /* 0..3: 127.0.0.1, 4 and 5: 127.0.0.2 */
	int nat;              /* the present binding */
	bool nat_keeps_old;   /* answers to old bindings still pass */
	bool drop_to_server, drop_to_client;
	size_t drop_larger_than; /* 0: off; towards both */
	/* The bottleneck, each way: serialization, and a queue that drops at its tail. */
	uint64_t rate_bytes_per_s, queue_ns;
	/* A second way between the two, with its own sockets (pair_connect_second). */
	struct jvpn_endpoint *second_endpoint;
	int second_front;
	uint64_t second_delay_ns;
	bool second_drop_to_server, second_drop_to_client;
	uint64_t free_ns[4];    /* when each line is free again: to the client, to the server */
	struct pair_item *head; /* by due time */
	uint64_t to_back[PAIR_BACKS], to_back_bytes[PAIR_BACKS], first_to_back_ns[PAIR_BACKS];
	uint64_t to_server[PAIR_BACKS];
	uint8_t last_uplink[PAIR_DATAGRAM_MAX]; /* the newest datagram of the client */
	size_t last_uplink_len;
	char dir[64];
	struct jvpn_quic_config server_config, client_config;
};

/* Certificates, sockets, both objects; no connection yet. change may alter the configs. */
void pair_init(struct pair *p, void (*change)(struct pair *p));
void pair_clear(struct pair *p);
/* A new server object with the same secrets on the same socket: a restart. */
void pair_restart_server(struct pair *p);
void pair_connect(struct pair *p);
void pair_connect_as(struct pair *p, const char *server_name);
/* A further connection, by the second way. */
void pair_connect_second(struct pair *p);
/* The client asks whether the server is there. */
void pair_knock(struct pair *p);
/* Connects and runs until the tunnel is open and the MTU is found. */
void pair_open(struct pair *p);
/* Lets the world run for so long. */
void pair_run(struct pair *p, uint64_t duration_ns);
/* Until *flag, at most 'limit_ns'; returns it. */
bool pair_run_until(struct pair *p, const bool *flag, uint64_t limit_ns);
/* A datagram from a NAT socket straight to the server, at once. */
void pair_inject(struct pair *p, int back, const uint8_t *data, size_t len);
/* Reads away what the server has sent to a NAT socket without the NAT seeing it. */
void pair_rebind(struct pair *p, int back);
/* One numbered inner packet of 'len' bytes, sent now if possible; the error of send_packet. */
int pair_send(struct pair_side *side, size_t len);

#endif
