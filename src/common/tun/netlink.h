/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A minimal rtnetlink client: builds one request, waits for the kernel's answer with a deadline,
 * and keeps the kernel's words about an error. Knows no routes and no rules.
 */
#ifndef JVPN_TUN_NETLINK_H
#define JVPN_TUN_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_NETLINK_REQUEST_BYTES 512
#define JVPN_NETLINK_TEXT_BYTES    160
/* NLA_HDRLEN without its sign. */
#define JVPN_NETLINK_ATTRIBUTE_HEAD sizeof(struct nlattr)

struct jvpn_netlink; /* owner: netcfg */

/* One request; zero-padded. Attributes that do not fit set 'overflow', which fails the request. */
struct jvpn_netlink_request {
	union {
		struct nlmsghdr header;
		uint8_t bytes[JVPN_NETLINK_REQUEST_BYTES];
	} u;
	bool overflow;
};

/* JVPN_EUNSUPPORTED, JVPN_EIO, JVPN_ENOMEM. */
int jvpn_netlink_new(struct jvpn_netlink **out);
void jvpn_netlink_free(struct jvpn_netlink *netlink);

/* type: RTM_*; flags beside NLM_F_REQUEST; body: the fixed part (struct rtmsg, ...). */
void jvpn_netlink_request_init(struct jvpn_netlink_request *request, uint16_t type, uint16_t flags,
			       const void *body, size_t body_len);
void jvpn_netlink_put(struct jvpn_netlink_request *request, uint16_t type, const void *data,
		      size_t len);
void jvpn_netlink_put_u32(struct jvpn_netlink_request *request, uint16_t type, uint32_t value);
/* Attributes put between the two are nested; the value goes from _begin to _end. */
size_t jvpn_netlink_nest_begin(struct jvpn_netlink_request *request, uint16_t type);
void jvpn_netlink_nest_end(struct jvpn_netlink_request *request, size_t nest);

/* Called for every message that comes back. */
typedef void (*jvpn_netlink_fn)(void *user, const struct nlmsghdr *message);
/* Sends the request and takes answers until its acknowledgement (or the end of the dump), at most
 * timeout_ms. 'fn' may be NULL. Errors are the kernel's errno mapped: JVPN_EEXISTS, JVPN_EPERM,
 * JVPN_ENOTFOUND, JVPN_EINVAL, JVPN_EUNSUPPORTED, JVPN_EBUSY, JVPN_EIO, and JVPN_ETIMEOUT. */
int jvpn_netlink_call(struct jvpn_netlink *netlink, struct jvpn_netlink_request *request,
		      int timeout_ms, jvpn_netlink_fn fn, void *user);
/* The kernel's words about the last error: "File exists", "Invalid argument (FIB table does not
 * exist)"; "" after success. */
const char *jvpn_netlink_text(const struct jvpn_netlink *netlink);

/* Finds an attribute of a message behind its fixed part, at least min_len octets long; NULL. */
const struct nlattr *jvpn_netlink_find(const struct nlmsghdr *message, size_t body_len,
				       uint16_t type, size_t min_len);
static inline const uint8_t *jvpn_netlink_data(const struct nlattr *attribute)
{
	return (const uint8_t *)attribute + JVPN_NETLINK_ATTRIBUTE_HEAD;
}

#endif
