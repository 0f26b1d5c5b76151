/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client as one object: what main, dial and tunnel share.
 */
#ifndef JVPN_CLIENT_CLIENT_H
#define JVPN_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/prefix.h"
#include "client/candidate.h"
#include "client/hooks.h"
#include "client/netmon.h"
#include "client/options.h"
#include "client/progress.h"
#include "client/resolve.h"
#include "client/resolver.h"
#include "client/resume.h"
#include "client/runner.h"
#include "proto/connectip.h"
#include "runtime/engine.h"
#include "runtime/exporter.h"
#include "runtime/notify.h"
#include "runtime/operator.h"
#include "tun/forward.h"
#include "tun/netcfg.h"

struct jvpn_endpoint;
struct jvpn_pump;
struct jvpn_tls;
struct jvpn_tun;
struct jvpn_client;

/* The socket of one connection, and what is known about the connection besides. Owner: the client;
 * dies a turn after its connection. */
struct jvpn_dialled {
	struct jvpn_client *client;
	struct jvpn_candidate *candidate;
	struct jvpn_endpoint *endpoint;
	struct jvpn_watch *watch;
	bool waiting;              /* ready, and the session is not born yet */
	bool dropped;              /* ended by us: no failure */
	uint64_t let_in_ns;        /* the server took it; 0: not yet */
	uint8_t prefix_len;        /* of the route_prefix it was dialled with */
	struct jvpn_dialled *next; /* in client->closed_sockets */
};

struct jvpn_dial_addresses {
	size_t count;
	struct sockaddr_storage item[JVPN_CANDIDATE_ADDRESS_MAX];
};

/* Finding the server and reaching it. */
struct jvpn_dial {
	struct jvpn_dial_addresses known; /* of the server: the last good answer */
	struct jvpn_candidates candidates;
	bool outdated;  /* links or addresses changed since the table was updated */
	bool resumed;   /* the machine has slept */
	bool said_cost; /* what standbys cost */
	bool said_none; /* no interface leads to the server */
	bool staggered; /* this session's first attempts have their places */
};

/* Groups of jobs in the runner. */
enum {
	JVPN_CLIENT_JOBS_DNS = 1,
	JVPN_CLIENT_JOBS_UNDNS,     /* taking it back */
	JVPN_CLIENT_JOBS_HOOKS = 10 /* and the hook */
};

/* Owner: main. */
struct jvpn_client {
	const struct jvpn_client_options *options;
	struct jvpn_engine engine;
	struct jvpn_tls *tls;
	struct jvpn_dial dial;
	struct jvpn_resolve resolve;
	struct jvpn_netmon *netmon;
	struct jvpn_watch *netmon_watch;
	struct jvpn_dialled *closed_sockets;
	struct jvpn_live *live; /* the session, also while it is being born; NULL between two */
	struct jvpn_tun *tun;
	bool is_lent;    /* the TUN is the parent's: the kernel's configuration is left alone */
	uint32_t fwmark; /* of the outer packets; 0: we may not mark, and need not */
	struct jvpn_watch *tun_watch;
	struct jvpn_pump *pump;
	struct jvpn_netcfg *netcfg;
	struct jvpn_netcfg_tunnel wanted;
	struct jvpn_connectip_routes routes; /* advertised */
	uint64_t route_news;                 /* how often they were */
	bool has_routes, has_addresses, is_up;
	bool tunnel_due; /* jvpn_tunnel_update() at the end of the turn: one for all capsules of it */
	struct jvpn_forward uplink, downlink;
	uint64_t started_ns;
	bool was_attached; /* once in this process */
	bool was_resumed;  /* its first session is the one that was stored */
	struct jvpn_runner runner;
	struct jvpn_resolver resolver;
	struct jvpn_hooks hooks;
	struct jvpn_progress progress;
	struct jvpn_netcfg_tunnel applied; /* is_up: what the kernel has */
	struct jvpn_resume resume;
	struct jvpn_operator operator; /* the control socket */
	struct jvpn_notify notify;     /* the service manager */
	struct jvpn_exporter exporter; /* metrics */
	bool keep;          /* the end leaves session, TUN and routes to the next start */
	bool disconnecting; /* the command: end the stored session, start no other */
	uint64_t disconnect_until_ns;
	bool reached;            /* the server let us in */
	unsigned sent_elsewhere; /* in a row */
	unsigned turned_away;    /* the same, by a server that is there and takes nobody now */
	char ended[96];          /* the session before this one, for the events */
	bool stopping;
	bool told_features; /* of the UDP sockets, in the log */
	int exit_code;
};

/* dial.c */
/* The server's addresses as they were found; without any, the last ones stay. */
void jvpn_dial_set_addresses(struct jvpn_client *client, const struct jvpn_dial_addresses *found);
/* Takes this address of the server instead of looking its name up. */
void jvpn_dial_know(struct jvpn_client *client, const struct sockaddr_storage *address);
/* Whatever is due: attempts begin and end, dead transports are replaced. */
void jvpn_dial_poll(struct jvpn_client *client, uint64_t now_ns);
uint64_t jvpn_dial_next_deadline(const struct jvpn_client *client);
/* TLS and SETTINGS are there: the transport creates the session, attaches to it, or waits for it. */
void jvpn_dial_ready(struct jvpn_client *client, struct jvpn_transport *transport);
/* The server has let the transport in. */
void jvpn_dial_succeeded(struct jvpn_client *client, struct jvpn_transport *transport);
/* The host of this attempt says that nobody listens there: the server may be starting. */
void jvpn_dial_closed_port(struct jvpn_client *client, struct jvpn_transport *transport);
/* The server is there: whoever waits for an answer to something older asks anew. */
void jvpn_dial_answered(struct jvpn_client *client);
/* The server asks not to be asked again so soon (retry-after); it is believed up to a minute. */
void jvpn_dial_hold(struct jvpn_client *client, uint32_t seconds);
/* Another worker of the server has the session: again at once, with the session's new prefix. */
void jvpn_dial_elsewhere(struct jvpn_client *client, struct jvpn_transport *transport);
/* The attach was refused, and is not wanted again before that (0: at the attempt's own time). */
void jvpn_dial_refused(struct jvpn_client *client, struct jvpn_transport *transport,
		       uint64_t retry_after_ms);
/* The connection is gone: frees its socket after this turn, and says when to try again. */
void jvpn_dial_closed(struct jvpn_client *client, struct jvpn_transport *transport,
		      const struct jvpn_close_info *info);
/* Sockets of connections that are gone; nobody is inside a read of them between two turns. */
void jvpn_dial_free_sockets(struct jvpn_client *client);
/* At the end: the sockets of living connections, too. Before the engine is cleared. */
void jvpn_dial_close_all(struct jvpn_client *client);

/* socket.c */
/* A marked socket for this candidate. JVPN_ENOMEM, or as jvpn_endpoint_open() with the sentence. */
int jvpn_dialled_open(struct jvpn_client *client, struct jvpn_candidate *candidate,
		      struct jvpn_dialled **out, char *error, size_t error_size);
/* At once; its connection is gone or uses another one. */
void jvpn_dialled_free(struct jvpn_dialled *s);
/* After this turn. */
void jvpn_dialled_retire(struct jvpn_dialled *s);

/* network.c */
#define JVPN_CLIENT_LINKS_MAX 32
/* Looks at the interfaces, and watches them from now on. As jvpn_netmon_open(). */
int jvpn_network_open(struct jvpn_client *client, char *error, size_t error_size);
void jvpn_network_close(struct jvpn_client *client);
/* The interfaces that transports may use now, at most 'max'; returns how many. */
size_t jvpn_network_links(const struct jvpn_client *client, struct jvpn_candidate_link *v,
			  size_t max);
/* For struct jvpn_candidate_view; user: the client. */
bool jvpn_network_has_route(void *user, const struct jvpn_candidate_link *link,
			    const struct sockaddr_storage *address);

/* tunnel.c */
int jvpn_tunnel_open(struct jvpn_client *client, char *error, size_t error_size);
/* client->keep: everything in the kernel stays as it is. */
void jvpn_tunnel_close(struct jvpn_client *client);
/* Removes what a killed client left: device, addresses, routes, rules. Not while one runs. */
int jvpn_tunnel_sweep(struct jvpn_client *client, const char *name, char *error, size_t error_size);
void jvpn_tunnel_on_capsule(void *user, struct jvpn_transport *transport, uint64_t type,
			    const uint8_t *data, size_t len);
void jvpn_tunnel_on_packet(void *user, struct jvpn_live *live, uint8_t *packet, size_t len);
void jvpn_tunnel_on_mtu(void *user, struct jvpn_live *live);
/* Addresses and routes into the kernel, once both are known. */
void jvpn_tunnel_update(struct jvpn_client *client);

/* disconnect.c: tells the running client to end, waits for its lock and takes it, with what it left.
 * Errors of jvpn_resume_open(). */
int jvpn_disconnect_other(struct jvpn_client *client, pid_t holder,
			  char error[JVPN_STATEDIR_ERROR_MAX]);

/* metrics.c. As jvpn_exporter_open(). */
int jvpn_client_metrics_open(struct jvpn_client *client, char *error, size_t error_size);

/* control.c: the control commands. As jvpn_operator_open(). */
int jvpn_client_control_open(struct jvpn_client *client, char *error, size_t error_size);
/* Loads the policy again for 'who' (NULL: a signal). 0, or a negative JVPN_E* with the errors in the
 * report and nothing changed. */
int jvpn_client_reload(struct jvpn_client *client, const char *who, struct jvpn_report *report);

/* service.c: what the service manager hears, in each turn. */
void jvpn_client_service_turn(struct jvpn_client *client, uint64_t now_ns);

/* session.c: requests, answers, and what follows the end of a session. */
extern const struct jvpn_driver_ops jvpn_client_driver_ops;
/* A session in BIRTH. JVPN_ENOMEM, JVPN_EFULL. */
int jvpn_client_start_session(struct jvpn_client *client);
/* The transport joins the session: creates it, or asks to attach. */
void jvpn_client_join(struct jvpn_client *client, struct jvpn_transport *transport);
/* Ends the program with this code after the present turn. */
void jvpn_client_stop(struct jvpn_client *client, int code);

#endif
