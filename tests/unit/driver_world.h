/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A client and a server with everything between QUIC and the TUN devices: real drivers, real
 * admission and client session, over the loopback sockets and the NAT of quic_pair.h, in virtual
 * time. What the client's dial.c and tunnel.c do is imitated here. For tests only.
 */
#ifndef JVPN_TESTS_DRIVER_WORLD_H
#define JVPN_TESTS_DRIVER_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/client.h"
#include "quic_pair.h"
#include "server/server.h"

#define WORLD_PACKET_BYTES 1000
#define WORLD_NUMBERS      (1U << 17)

/* Inner packets of one end. */
struct world_flow {
	uint64_t interval_ns; /* 0: none are sent */
	uint64_t next_ns;
	uint64_t sent, received, received_ns;
	/* each packet has a number; those that came twice, and those that came after a later one */
	uint64_t twice, out_of_order;
	uint32_t newest;
	uint8_t seen[WORLD_NUMBERS / 8];
};

struct world {
	struct pair pair;
	struct jvpn_server_options server_options;
	struct jvpn_server server;
	struct jvpn_client_options client_options;
	struct jvpn_client client;
	struct jvpn_driver_ops server_ops, client_ops;
	struct world_flow up, down; /* client to server, server to client */
	char events[2][64];         /* paths: client, server */
	/* the server's store: made before world_init(), the test's; NULL: its memory */
	struct jvpn_persist *persist;
	/* the imitation of dial.c */
	bool no_dial;    /* nothing is dialled */
	bool no_restart; /* an ended session is not followed by a new one */
	unsigned dialled;
	struct jvpn_transport *trying, *standby;
	uint64_t dial_until_ns, dial_again_ns;
	struct jvpn_connectip_addresses assigned; /* what ADDRESS_ASSIGN said last */
};

/* One at a time. change may alter options (policies, token) before anything is made from them. */
extern struct world world;
void world_init(void (*change)(void));
/* The same with this store. */
void world_init_with(struct jvpn_persist *persist, void (*change)(void));
void world_clear(void);
/* One attempt, whatever the session wants. */
void world_dial(void);
/* Dials and runs until both ends are ATTACHED and the MTU is found. */
void world_open(void);
/* A further transport by the second way, attached as "lte0". */
void world_standby(void);
void world_run_ms(uint64_t ms);
/* Until the condition holds, at most 'ms'; returns it. */
bool world_run_until(bool (*condition)(void), uint64_t ms);
bool world_is_attached(void); /* both ends, same server version, one binding each */
/* The only session of the server; NULL when there is none. */
struct jvpn_live *world_server_live(void);
/* The transport of the client's binding, NULL. */
struct jvpn_transport *world_client_transport(void);
/* One inner packet now. */
void world_send_up(void);
void world_send_down(void);
/* Prints both event streams: what a condition that did not come true leaves behind. */
void world_show(void);
enum world_end { WORLD_CLIENT = 0, WORLD_SERVER = 1 };
/* Lines of that end's event stream that contain every one of the strings (NULL: any). */
unsigned world_events(enum world_end end, const char *a, const char *b, const char *c);

#endif
