/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Watching the network interfaces of this machine: which of them could carry a transport, with which
 * source address, and when that changes; and whether the machine has slept. Knows nothing of
 * sessions, servers or sockets.
 */
#ifndef JVPN_CLIENT_NETMON_H
#define JVPN_CLIENT_NETMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define JVPN_NETMON_NAME_BYTES 16 /* IF_NAMESIZE */
/* More interfaces than these are not seen; those with the smallest index are. */
#define JVPN_NETMON_LINKS_MAX 256
/* Everything is asked for again so often: events can be lost, and are sent once. */
#define JVPN_NETMON_SWEEP_MS 3000
/* After a change of a link more often for a while: within a second of an event for any link, the
 * kernel keeps the next ones back. */
#define JVPN_NETMON_EAGER_SWEEP_MS 200
#define JVPN_NETMON_EAGER_MS       1200
/* A difference of the clocks that is no sleep yet. */
#define JVPN_NETMON_SLEEP_MIN_MS 500

struct jvpn_netmon; /* owner: the client */

/* One network interface as the client sees it. It can carry a transport of a family when it is
 * usable and has an address of that family; whether a way to the server leads there is another
 * question (jvpn_netmon_has_route). */
struct jvpn_netmon_link {
	int ifindex;
	char name[JVPN_NETMON_NAME_BYTES];
	/* Admin up, has a carrier, operstate UP or UNKNOWN (RFC 2863) or about to be; neither
	 * loopback nor the tunnel. */
	bool usable;
	/* A usable source address of that family: not tentative or failed (RFC 4862), not
	 * 169.254/16, not fe80::/10; a deprecated one only when there is no other. */
	bool has4, has6;
	/* That address is deprecated: its lifetime ends, and there is no better one yet. */
	bool leaving4, leaving6;
	uint8_t addr4[4], addr6[16]; /* the first such; global ahead of unique-local */
	uint64_t changed_ns;         /* the last time that usable or an address changed */
};

enum jvpn_netmon_change {
	JVPN_NETMON_LINK_DOWN = 1, /* went, or lost operstate, admin state or its last address */
	JVPN_NETMON_LINK_UP,       /* usable and with an address, and was not before */
	JVPN_NETMON_ADDRESS, /* another address of a family, or a family came, went or leaves */
	JVPN_NETMON_ROUTE,   /* routes changed; link: the one they lead to, or ifindex 0 */
	JVPN_NETMON_RESUME   /* the machine slept; link: ifindex 0 */
};

/* 'link' is the caller's for the call only; after LINK_DOWN of an interface that is gone it is what
 * it was. May call jvpn_netmon_links and _has_route, nothing else of this header. */
typedef void (*jvpn_netmon_fn)(void *user, enum jvpn_netmon_change change,
			       const struct jvpn_netmon_link *link);

/* The first look around is done before it returns, without calls of fn. tun_name: our own tunnel.
 * JVPN_ENOMEM, JVPN_EIO, JVPN_EUNSUPPORTED, JVPN_ETIMEOUT; 'error' gets a sentence. */
int jvpn_netmon_open(const char *tun_name, jvpn_netmon_fn fn, void *user, struct jvpn_netmon **out,
		     char *error, size_t error_size);
void jvpn_netmon_close(struct jvpn_netmon *netmon);
/* Readable when something may have changed. */
int jvpn_netmon_fd(const struct jvpn_netmon *netmon);
/* The descriptor is readable: calls fn for every change, in the kernel's order. */
void jvpn_netmon_read(struct jvpn_netmon *netmon, uint64_t now_ns);
/* When jvpn_netmon_poll() wants to be called. */
uint64_t jvpn_netmon_next_deadline(const struct jvpn_netmon *netmon);
/* Looks around again and for a sleep of the machine, when it is time. */
void jvpn_netmon_poll(struct jvpn_netmon *netmon, uint64_t now_ns);
/* All interfaces, usable or not; valid until the next _read or _poll. */
size_t jvpn_netmon_links(const struct jvpn_netmon *netmon, const struct jvpn_netmon_link **out);
/* NULL when there is none of that name. */
const struct jvpn_netmon_link *jvpn_netmon_find(const struct jvpn_netmon *netmon, const char *name);
/* Asks the kernel whether a real route to 'remote' leads over this link for packets with this mark,
 * sent from the link's address or from any. Without such a route the kernel still sends packets of a
 * socket that is bound to the device, as if the remote were on the link: into the void. */
bool jvpn_netmon_has_route(const struct jvpn_netmon *netmon, const struct jvpn_netmon_link *link,
			   const struct sockaddr *remote, uint32_t fwmark);

/* For tests: where the time comes from that the machine has slept (jvpn_clock_slept_ns). */
void jvpn_netmon_set_slept(struct jvpn_netmon *netmon, uint64_t (*slept_ns)(void));

#endif
