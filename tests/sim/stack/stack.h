/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The simulator's full-stack mode: one real server and some real clients, whole programs but for
 * main(), in one thread and in virtual time. What stands below them (clock, loop, sockets, TUN,
 * kernel configuration, randomness, event file) is replaced when this program is linked; none of it
 * is in the installed programs. docs/internals/simulator.md says how. For tests only.
 */
#ifndef JVPN_TESTS_STACK_H
#define JVPN_TESTS_STACK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/time.h"
#include "runtime/driver.h"

#define STACK_MS           UINT64_C(1000000)
#define STACK_S            UINT64_C(1000000000)
#define STACK_LINKS        3
#define STACK_CLIENTS      4
#define STACK_NODES        (1 + STACK_CLIENTS) /* 0 is the server */
#define STACK_PORTS        2                   /* the server listens on so many */
#define STACK_DATAGRAM_MAX 2048
#define STACK_LOG_LINES    80 /* what a violation prints */
#define STACK_LINE_MAX     400

struct jvpn_loop;
struct jvpn_endpoint;
struct jvpn_tun;
struct stack_node;

/* One access network of one client, with the NAT behind it. */
struct stack_link {
	uint8_t host; /* last octet of the client's address there */
	bool up;      /* the client's interface is there */
	bool dead[2]; /* nothing passes, and nobody says so: to the client, to the server */
	uint64_t delay_ns, jitter_ns;
	uint32_t loss_ppm[2], burst_ppm, twice_ppm, late_ppm;
	uint64_t burst_until_ns[2];
	size_t mtu;
	uint32_t external; /* the NAT's address, host order */
};

/* Inner packets of one direction, each with a number of its own. */
struct stack_flow {
	uint64_t interval_ns; /* 0: none are sent */
	uint64_t next_ns;
	size_t size;
	uint32_t sent, received;
	uint32_t received_calm; /* since the calm began */
	uint8_t *seen;          /* a bit for each number */
};

/* What surrounds one program: its machine. */
struct stack_node {
	int index;
	char name[28];
	bool running;
	bool dead;               /* being killed: whatever it still says goes nowhere */
	uint64_t pause_until_ns; /* not started again before that */
	struct jvpn_loop *loop;
	struct jvpn_tun *tun;
	struct jvpn_netmon *netmon; /* client */
	uint32_t inner;             /* client: address of the TUN, host order; 0: none */
	struct stack_link link[STACK_LINKS];
	size_t links;
	int ports;                  /* of the server that the client knows */
	struct stack_flow up, down; /* client: from it, to it */
};

struct stack_options {
	uint64_t seed;
	bool trace;
	bool logs;          /* of the programs, too */
	const char *events; /* a directory for event lines and policy; NULL */
};

struct stack_counts {
	uint64_t turns, datagrams, lost, inner, faults, rebinds, kills, stops, replays, handshakes;
	uint64_t sessions, ended, switches, restored;
};

/* The world. One at a time: the replaced functions have no other way to find it. */
struct stack {
	struct stack_options options;
	uint64_t now_ns;
	struct jvpn_rng rng;    /* the world's dice */
	struct jvpn_rng secret; /* what the programs get as randomness */
	struct stack_node node[STACK_NODES];
	size_t nodes;
	struct stack_node *current; /* whose code runs */
	const char *policy;
	uint64_t ttl_ms; /* of the policy: transport_lost_ttl_ms */
	bool durable;    /* the server has a disk */
	bool calm;
	bool ending; /* nobody is started any more */
	uint64_t calm_since_ns;
	bool failed;
	uint64_t hash; /* of datagrams and event lines */
	struct stack_counts n;
	char log[STACK_LOG_LINES][STACK_LINE_MAX];
	uint64_t log_count;
	char dir[64];
};

extern struct stack stack;

/* trace.c */
void stack_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The first one counts; the run ends at the next step. */
void stack_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void stack_hash(const void *data, size_t len);
void stack_show(void);

/* chance.c: dice and randomness. */
uint64_t stack_between(uint64_t low, uint64_t high);
bool stack_chance(uint32_t ppm);
uint64_t stack_wall_ms(void);

/* endpoint.c: sockets, links and NATs. */
#define STACK_INNET(a, b, c, d)                                                                    \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define STACK_SERVER_ADDRESS STACK_INNET(192, 0, 2, 1)
void stack_net_clear(void);
/* Everything that arrives by now goes into its socket. */
void stack_net_deliver(void);
uint64_t stack_net_next(void);
bool stack_net_readable(int fd);
/* The NAT forgets this link's mappings; with 'address' it has a new address, too. */
void stack_net_rebind(struct stack_node *node, size_t link, bool address);
uint32_t stack_link_address(const struct stack_node *node, size_t link);
/* Somebody tells the client that nobody listens at the server. */
void stack_net_forge_hint(const struct stack_node *node);
/* A datagram that the server has had, once more from an address of nobody. False: there is none. */
bool stack_net_replay(bool flip);
/* The sender of the datagram that was handed out last (server); NULL: none is being read. */
const struct sockaddr_storage *stack_net_reading(void);

/* loop.c */
void stack_loop_turn(struct jvpn_loop *loop);
uint64_t stack_loop_deadline(const struct jvpn_loop *loop);
bool stack_loop_ready(const struct jvpn_loop *loop);
bool stack_loop_stopped(const struct jvpn_loop *loop, int *code);
void stack_loop_signal(struct jvpn_loop *loop, int signo);

/* disk.c: the server's store. */
void stack_disk_clear(void);
void stack_disk_run(void);
uint64_t stack_disk_next(void);
bool stack_disk_readable(int fd);
bool stack_disk_has(const struct jvpn_id *id);

/* netmon.c */
bool stack_netmon_readable(int fd);

/* tun.c */
bool stack_tun_readable(int fd);
/* Puts a numbered packet in front of a TUN. */
void stack_tun_send(struct stack_node *client, bool up);

/* server.c, client.c: the programs. */
int stack_server_start(void);
void stack_server_end(bool kill);
struct jvpn_driver *stack_server_driver(void);
int stack_client_start(struct stack_node *node);
void stack_client_end(struct stack_node *node, bool kill);
struct jvpn_live *stack_client_live(const struct stack_node *node);
struct jvpn_driver *stack_client_driver(const struct stack_node *node);

/* files.c: keys, certificates, tokens and configurations of all programs. */
void stack_files_make(void);
void stack_files_remove(void);
void stack_files_configure(void);
void stack_files_path(const char *name, char *out, size_t size);

/* stream.c: event lines. */
void stack_stream_reset(void);
/* The server was killed: what its disk says has happened has happened, said or not. */
void stack_stream_killed(void);
void stack_stream_line(const struct stack_node *node, const char *line, size_t len);

/* oracle.c */
void stack_oracle_reset(void);
void stack_oracle_turn(const struct stack_node *node);
/* Is a session of the server bound to this address? */
bool stack_oracle_is_bound(const struct sockaddr_in *remote);
/* An inner packet came out of the tunnel at this node. */
void stack_oracle_packet(struct stack_node *node, const uint8_t *packet, size_t len);
/* Is the client's inner address its own at the server, too? */
bool stack_oracle_owns(const struct stack_node *client);
bool stack_oracle_whole(void);
/* Why it is not. */
void stack_oracle_explain(void);

/* chaos.c */
void stack_chaos_begin(void);
void stack_chaos_act(void);
uint64_t stack_chaos_next(void);
void stack_chaos_heal(void);

/* world.c */
void stack_replay(void);
bool stack_run(const struct stack_options *options);

#endif
