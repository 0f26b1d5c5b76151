/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tunnel in the kernel's network configuration: addresses, routes, rules, by rtnetlink, with a
 * journal of what would outlive the TUN device. Changes no sysctl, runs no program, and touches
 * nothing that it did not add itself.
 *
 * Client (wire.md, "Paths"): the tunnel's routes stand in their own table N, reached by
 *	priority P	lookup main suppress_prefixlength 0	(local networks stay reachable)
 *	priority P+1	not fwmark M lookup N			(the outer socket is marked M)
 * for IPv4 and IPv6. What is excluded has a "throw" route in N: the rules behind decide, as if there were
 * no tunnel. Order of use: jvpn_tun_open() (the name is the lock: who has the device may
 * undo what its predecessor left), jvpn_netcfg_new() (undoes a stale journal), jvpn_netcfg_apply()
 * whenever addresses or routes change, jvpn_netcfg_restore(), jvpn_netcfg_free(), jvpn_tun_free().
 *
 * Strict reverse-path filtering (rp_filter 1) on the outer interface drops the server's packets as
 * soon as the default route is the tunnel's: the reverse lookup carries no mark. src_valid_mark
 * alone does not help (an arriving packet has no mark until a firewall restores it), so it is not
 * asked for; the way out is rp_filter 2, and jvpn_netcfg_check_client() says so.
 */
#ifndef JVPN_TUN_NETCFG_H
#define JVPN_TUN_NETCFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix.h"
#include "proto/connectip.h"

#define JVPN_NETCFG_TABLE_DEFAULT    27254u /* 0x6a76, "jv" */
#define JVPN_NETCFG_FWMARK_DEFAULT   0x6a76u
#define JVPN_NETCFG_PRIORITY_DEFAULT 27254u /* P; below the main table's 32766 */
#define JVPN_NETCFG_ADDRESSES_MAX    8
#define JVPN_NETCFG_ROUTES_MAX       512
#define JVPN_NETCFG_EXCLUDES_MAX     64
#define JVPN_NETCFG_NETWORKS_MAX     512
#define JVPN_NETCFG_ERROR_BYTES      320
#define JVPN_NETCFG_WARNINGS_MAX     8
#define JVPN_NETCFG_WARNING_BYTES    256
/* How long one request to the kernel may take. */
#define JVPN_NETCFG_TIMEOUT_MS 900

struct jvpn_netcfg; /* netlink socket, journal, what was applied. Owner: runtime */

struct jvpn_netcfg_config {
	const char
		*journal_path; /* NULL: no journal (nothing that outlives the TUN can be added) */
	bool persistent;       /* the TUN may outlive us: what hangs on it is journaled, too */
	/* Not 0: what a predecessor left on this device is taken over instead of undone; what is
	 * missing of it is added again. The next jvpn_netcfg_apply() removes what it does not want,
	 * so there is no moment without the routes. */
	unsigned take_over_ifindex;
};

/* Opens the socket and undoes (or takes over) what a killed predecessor left in the journal (what is
 * gone already counts as undone). JVPN_EMALFORMED: the journal is damaged or writable by others, it is left as
 * it is and named in 'error'; JVPN_EPERM; JVPN_EIO; JVPN_ENOMEM; JVPN_ETIMEOUT. */
int jvpn_netcfg_new(const struct jvpn_netcfg_config *config, struct jvpn_netcfg **out, char *error,
		    size_t error_size);
/* Without _restore() everything stays as it is, and so does the journal. NULL is fine. */
void jvpn_netcfg_free(struct jvpn_netcfg *netcfg);
/* Removes everything that was added, last first, then the journal. Goes on after an error, returns
 * the first one, and keeps the journal of what is still there. */
int jvpn_netcfg_restore(struct jvpn_netcfg *netcfg);
/* The sentence of the last error: operation, object, the kernel's own words. "" when none. */
const char *jvpn_netcfg_error(const struct jvpn_netcfg *netcfg);
/* "DIR/NAME.INODE.net": INODE is this network namespace's, so that namespaces with the same device
 * names can share DIR. JVPN_ENOSPACE, JVPN_EIO. */
int jvpn_netcfg_journal_path(const char *dir, const char *tun_name, char *out, size_t size);

/* What the tunnel needs now. About 10 KiB. */
struct jvpn_netcfg_tunnel {
	unsigned ifindex;
	uint32_t mtu; /* 0: leave */
	size_t address_count;
	struct jvpn_prefix address[JVPN_NETCFG_ADDRESSES_MAX]; /* interface addresses */
	size_t route_count; /* into 'table'; 0 (server): no routes, no rules */
	struct jvpn_prefix route[JVPN_NETCFG_ROUTES_MAX];
	size_t exclude_count; /* what stays outside; counts only when there are routes */
	struct jvpn_prefix exclude[JVPN_NETCFG_EXCLUDES_MAX];
	uint32_t table;    /* not 0, 253..255 when there are routes */
	uint32_t fwmark;   /* not 0 when there are routes */
	uint32_t priority; /* P above; P and P+1 are used */
};

struct jvpn_netcfg_warnings {
	size_t count;
	char text[JVPN_NETCFG_WARNINGS_MAX][JVPN_NETCFG_WARNING_BYTES];
};

/* Brings the link up and the kernel to exactly this: adds what is missing, then removes what an
 * earlier call added and is not wanted any more. On error what this call added is taken back. Where
 * IPv6 is disabled its addresses and routes are left out, with a warning. 'warnings' may be NULL.
 * JVPN_EINVAL, JVPN_EEXISTS (somebody else has the same rule, route or address), JVPN_EPERM,
 * JVPN_ENOTFOUND (device), JVPN_EFULL, JVPN_EIO, JVPN_ETIMEOUT. */
int jvpn_netcfg_apply(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_tunnel *tunnel,
		      struct jvpn_netcfg_warnings *warnings);
/* Fills tunnel->route from a ROUTE_ADVERTISEMENT; the protocol of an entry is not looked at (the
 * forwarding rules are). JVPN_EFULL: more than JVPN_NETCFG_ROUTES_MAX prefixes. */
int jvpn_netcfg_routes_from(const struct jvpn_connectip_routes *routes,
			    struct jvpn_netcfg_tunnel *tunnel);

/* Single changes, recorded and restored as those of _apply(). */
enum jvpn_netcfg_route_type {
	JVPN_NETCFG_ROUTE_UNICAST = 0,
	JVPN_NETCFG_ROUTE_UNREACHABLE,
	JVPN_NETCFG_ROUTE_PROHIBIT,
	JVPN_NETCFG_ROUTE_THROW /* as if the table had no route: the next rule decides */
};

struct jvpn_netcfg_address {
	unsigned ifindex;
	struct jvpn_prefix prefix; /* IPv6 without duplicate address detection */
};

struct jvpn_netcfg_route {
	enum jvpn_netcfg_route_type type;
	struct jvpn_prefix prefix;
	uint32_t table;   /* 0: main */
	unsigned ifindex; /* UNICAST only */
	uint8_t via[16];  /* all zero: on link; family is the prefix's */
	uint32_t metric;  /* 0: the kernel's default */
};

struct jvpn_netcfg_rule {
	uint8_t family;        /* 4, 6 */
	uint32_t priority;     /* not 0 */
	uint32_t table;        /* 0: main */
	uint32_t fwmark;       /* 0: any packet */
	bool not_fwmark;       /* packets without that mark */
	bool suppress_default; /* suppress_prefixlength 0: not the table's default route */
};

/* JVPN_EEXISTS, JVPN_EPERM, JVPN_ENOTFOUND, JVPN_EINVAL, JVPN_EFULL, JVPN_EIO, JVPN_ETIMEOUT. */
int jvpn_netcfg_address_add(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_address *address);
int jvpn_netcfg_route_add(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_route *route);
int jvpn_netcfg_rule_add(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_rule *rule);
/* Takes back one of those; JVPN_ENOTFOUND when this netcfg did not add it. */
int jvpn_netcfg_address_del(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_address *address);
int jvpn_netcfg_route_del(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_route *route);
int jvpn_netcfg_rule_del(struct jvpn_netcfg *netcfg, const struct jvpn_netcfg_rule *rule);
/* Up, without a link-local address of the kernel's own making (its router solicitations would go
 * into the tunnel); mtu 0: leave. Not recorded: it dies with the device. */
int jvpn_netcfg_link_up(struct jvpn_netcfg *netcfg, unsigned ifindex, uint32_t mtu);

/* Networks this host is on: the prefixes of all interface addresses but loopback's and those of
 * exclude_ifindex (0: none). */
struct jvpn_netcfg_networks {
	size_t count;
	struct jvpn_prefix prefix[JVPN_NETCFG_NETWORKS_MAX];
	unsigned ifindex[JVPN_NETCFG_NETWORKS_MAX];
};

/* JVPN_EFULL: more than fit (those that fit are there). */
int jvpn_netcfg_networks_list(struct jvpn_netcfg *netcfg, unsigned exclude_ifindex,
			      struct jvpn_netcfg_networks *out);

struct jvpn_netcfg_way {
	unsigned ifindex;
	uint32_t table;
	bool has_source, has_gateway;
	uint8_t source[16]; /* 4 or 16 octets by family */
	uint8_t gateway[16];
};

/* The route the kernel would take to an address with this mark (0: none). JVPN_ENOTFOUND: no
 * route (also unreachable and prohibited ones). */
int jvpn_netcfg_route_get(struct jvpn_netcfg *netcfg, const struct jvpn_prefix *destination,
			  uint32_t fwmark, struct jvpn_netcfg_way *out);

/* What outside of our hands would keep the tunnel from working, as sentences. Reads /proc only. */
void jvpn_netcfg_check_server(bool ipv4, bool ipv6, const char *tun_name,
			      struct jvpn_netcfg_warnings *out);
/* 'outer' is the interface the server is reached by ("" when unknown). */
void jvpn_netcfg_check_client(const char *outer, bool default_route,
			      struct jvpn_netcfg_warnings *out);
/* Does this device (or "all") take IPv6 addresses? */
bool jvpn_netcfg_has_ipv6(const char *device);

#endif
