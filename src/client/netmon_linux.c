/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * netmon's end in the kernel: one netlink socket that hears events, one that asks, and a timer that
 * goes off when the machine wakes up. What the messages mean is netmon_table's.
 */
#include "client/netmon.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/netmon_table.h"
#include "runtime/clock.h"
#include "tun/netlink.h"

#define EVENT_BYTES  32768
#define BUFFER_BYTES (1024 * 1024)
/* The kernel answers within the call; this is for a kernel that does not. */
#define ASK_TIMEOUT_MS 500
/* A table that changes while it is dumped: so often again, the sweep does the rest. */
#define DUMP_TRIES 3
/* Datagrams of one read; what is left wakes the loop again. */
#define READ_BUDGET 256
#define FAR_S       (1L << 30)

struct jvpn_netmon {
	int event_fd, wake_fd, epoll_fd;
	struct jvpn_netlink *netlink;
	jvpn_netmon_fn fn;
	void *user;
	uint64_t (*slept_ns)(void);
	uint64_t slept_seen_ns, sweep_ns, eager_until_ns, now_ns;
	bool told_overflow, told_failure;
	struct jvpn_netmon_table table;
	_Alignas(struct nlmsghdr) uint8_t event[EVENT_BYTES];
};

/* ---- telling ---- */

static void plan_sweep(struct jvpn_netmon *m)
{
	uint64_t ms =
		m->now_ns < m->eager_until_ns ? JVPN_NETMON_EAGER_SWEEP_MS : JVPN_NETMON_SWEEP_MS;

	m->sweep_ns = jvpn_time_add(m->now_ns, jvpn_ms_to_ns(ms));
}

static void be_eager(struct jvpn_netmon *m)
{
	m->eager_until_ns = jvpn_time_add(m->now_ns, jvpn_ms_to_ns(JVPN_NETMON_EAGER_MS));
	m->sweep_ns = jvpn_time_min(
		m->sweep_ns, jvpn_time_add(m->now_ns, jvpn_ms_to_ns(JVPN_NETMON_EAGER_SWEEP_MS)));
}

static void tell_links(void *user)
{
	struct jvpn_netmon *m = user;
	enum jvpn_netmon_change change;
	struct jvpn_netmon_link link;

	while (jvpn_netmon_table_next(&m->table, m->now_ns, &change, &link)) {
		be_eager(m);
		if (m->fn != NULL)
			m->fn(m->user, change, &link);
	}
}

static void tell_routes(struct jvpn_netmon *m)
{
	struct jvpn_netmon_link link;

	if (jvpn_netmon_table_next_route(&m->table, &link) && m->fn != NULL)
		m->fn(m->user, JVPN_NETMON_ROUTE, &link);
}

static void check_sleep(struct jvpn_netmon *m)
{
	static const struct jvpn_netmon_link none;
	uint64_t slept_ns = m->slept_ns();
	uint64_t more_ns = jvpn_time_since(slept_ns, m->slept_seen_ns);

	if (more_ns == 0)
		return;
	m->slept_seen_ns = slept_ns;
	if (more_ns <= jvpn_ms_to_ns(JVPN_NETMON_SLEEP_MIN_MS))
		return;
	jvpn_log_info(JVPN_LOG_MAIN, "this machine slept for %llu ms",
		      (unsigned long long)jvpn_ns_to_ms(more_ns));
	if (m->fn != NULL)
		m->fn(m->user, JVPN_NETMON_RESUME, &none);
}

/* ---- asking ---- */

struct dump {
	struct jvpn_netmon_table *table;
	bool interrupted;
};

static void take_dumped(void *user, const struct nlmsghdr *message)
{
	struct dump *dump = user;

	if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
		dump->interrupted = true;
	jvpn_netmon_table_apply(dump->table, message);
}

static int dump_once(struct jvpn_netmon *m, bool *interrupted)
{
	struct dump dump = {.table = &m->table};
	struct ifinfomsg links = {.ifi_family = AF_UNSPEC};
	struct ifaddrmsg addresses = {.ifa_family = AF_UNSPEC};
	struct jvpn_netlink_request request;
	int err;

	jvpn_netmon_table_dump_begin(&m->table);
	jvpn_netlink_request_init(&request, RTM_GETLINK, NLM_F_DUMP, &links, sizeof(links));
	err = jvpn_netlink_call(m->netlink, &request, ASK_TIMEOUT_MS, take_dumped, &dump);
	if (err != 0)
		return err;
	jvpn_netlink_request_init(&request, RTM_GETADDR, NLM_F_DUMP, &addresses, sizeof(addresses));
	err = jvpn_netlink_call(m->netlink, &request, ASK_TIMEOUT_MS, take_dumped, &dump);
	if (err != 0)
		return err;
	*interrupted = dump.interrupted;
	/* What an interrupted dump did not show may be there all the same. */
	if (!dump.interrupted)
		jvpn_netmon_table_dump_end(&m->table);
	return 0;
}

static int dump_all(struct jvpn_netmon *m)
{
	bool interrupted = true;
	int err = 0;

	for (unsigned i = 0; i < DUMP_TRIES && interrupted && err == 0; i++)
		err = dump_once(m, &interrupted);
	if (m->table.overflow && !m->told_overflow) {
		m->told_overflow = true;
		jvpn_log_warn(JVPN_LOG_MAIN,
			      "more than %d interfaces or %d addresses: not all are watched",
			      JVPN_NETMON_LINKS_MAX, JVPN_NETMON_ADDRESSES_MAX);
	}
	return err;
}

static void sweep(struct jvpn_netmon *m)
{
	int err = dump_all(m);

	if (err != 0 && !m->told_failure)
		jvpn_log_warn(JVPN_LOG_MAIN, "cannot list the interfaces: %s; trying again",
			      jvpn_netlink_text(m->netlink));
	m->told_failure = err != 0;
	plan_sweep(m);
	tell_links(m);
}

/* ---- hearing ---- */

/* One datagram: its length; 0 when there is none, or it is not the kernel's; negative errno. */
static ssize_t receive_event(struct jvpn_netmon *m)
{
	struct sockaddr_nl from = {0};
	struct iovec part = {m->event, sizeof(m->event)};
	struct msghdr header = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	do {
		n = recvmsg(m->event_fd, &header, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((header.msg_flags & MSG_TRUNC) != 0)
		return -ENOBUFS;
	/* Any process may send to a netlink socket: only the kernel has port 0. */
	return from.nl_pid != 0 ? 0 : n;
}

/* Events were lost. Those that wait are older than what a dump will say: away with them. */
static void start_over(struct jvpn_netmon *m)
{
	jvpn_log_debug(JVPN_LOG_MAIN, "network events were lost: looking at everything again");
	for (unsigned i = 0; i < READ_BUDGET; i++) {
		ssize_t n = receive_event(m);

		if (n < 0 && n != -ENOBUFS)
			break;
	}
	m->table.has_route = true;
	m->table.route_ifindex = 0;
	sweep(m);
}

static void read_events(struct jvpn_netmon *m)
{
	for (unsigned i = 0; i < READ_BUDGET; i++) {
		ssize_t n = receive_event(m);

		if (n == -EAGAIN)
			break;
		if (n < 0) {
			start_over(m);
			break;
		}
		jvpn_netmon_table_apply_all(&m->table, m->event, (size_t)n, tell_links, m);
	}
	tell_routes(m);
}

/* Waiting for a point in time that never comes; but setting the clock cancels it, and waking up
 * counts as that. A kernel that does not: the sweep finds the sleep. */
static void arm_wake(struct jvpn_netmon *m)
{
	struct itimerspec at = {
		.it_value = {.tv_sec = (time_t)(jvpn_clock_wall_ms() / JVPN_MS_PER_S) + FAR_S}};
	uint64_t count;

	(void)!read(m->wake_fd, &count, sizeof(count));
	(void)timerfd_settime(m->wake_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
}

void jvpn_netmon_read(struct jvpn_netmon *m, uint64_t now_ns)
{
	struct epoll_event ready[2];
	int n = epoll_wait(m->epoll_fd, ready, 2, 0);

	m->now_ns = now_ns;
	check_sleep(m);
	for (int i = 0; i < n; i++) {
		if (ready[i].data.fd == m->wake_fd)
			arm_wake(m);
		else
			read_events(m);
	}
}

uint64_t jvpn_netmon_next_deadline(const struct jvpn_netmon *m)
{
	return m->sweep_ns;
}

void jvpn_netmon_poll(struct jvpn_netmon *m, uint64_t now_ns)
{
	if (now_ns < m->sweep_ns)
		return;
	m->now_ns = now_ns;
	check_sleep(m);
	/* Events first: a dump would make several changes of one link one. */
	read_events(m);
	if (m->sweep_ns <= now_ns)
		sweep(m);
}

/* ---- opening ---- */

static int open_events(struct jvpn_netmon *m)
{
	struct sockaddr_nl local = {.nl_family = AF_NETLINK,
				    .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
						 RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR |
						 RTMGRP_IPV6_ROUTE};
	int bytes = BUFFER_BYTES;

	m->event_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (m->event_fd < 0)
		return errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT ? JVPN_EUNSUPPORTED
									 : JVPN_EIO;
	/* A smaller one only makes it more likely that everything is asked for again. */
	if (setsockopt(m->event_fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(m->event_fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return bind(m->event_fd, (struct sockaddr *)&local, sizeof(local)) == 0 ? 0 : JVPN_EIO;
}

static int watch(const struct jvpn_netmon *m, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : JVPN_EIO;
}

static int open_all(struct jvpn_netmon *m)
{
	int err = open_events(m);

	if (err == 0)
		err = jvpn_netlink_new(&m->netlink);
	if (err != 0)
		return err;
	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	m->wake_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->epoll_fd < 0 || m->wake_fd < 0 || watch(m, m->event_fd) != 0 ||
	    watch(m, m->wake_fd) != 0)
		return JVPN_EIO;
	arm_wake(m);
	m->slept_seen_ns = m->slept_ns();
	/* Events are on already: nothing falls between them and the dump. */
	return dump_all(m);
}

int jvpn_netmon_open(const char *tun_name, jvpn_netmon_fn fn, void *user, struct jvpn_netmon **out,
		     char *error, size_t error_size)
{
	struct jvpn_netmon *m = calloc(1, sizeof(*m));
	int err;

	if (m == NULL)
		return JVPN_ENOMEM;
	m->event_fd = m->wake_fd = m->epoll_fd = -1;
	m->slept_ns = jvpn_clock_slept_ns;
	snprintf(m->table.tun_name, sizeof(m->table.tun_name), "%s", tun_name);
	err = open_all(m);
	if (err != 0) {
		snprintf(error, error_size, "cannot watch the network interfaces: %s",
			 m->netlink != NULL && jvpn_netlink_text(m->netlink)[0] != '\0'
				 ? jvpn_netlink_text(m->netlink)
				 : jvpn_err_text(err));
		jvpn_netmon_close(m);
		return err;
	}
	m->now_ns = jvpn_clock_mono_ns();
	m->sweep_ns = JVPN_TIME_NEVER;
	tell_links(m);
	be_eager(m); /* the kernel may be holding back what happened just before */
	m->fn = fn;
	m->user = user;
	*out = m;
	return 0;
}

void jvpn_netmon_close(struct jvpn_netmon *m)
{
	if (m == NULL)
		return;
	if (m->event_fd >= 0)
		close(m->event_fd);
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	if (m->epoll_fd >= 0)
		close(m->epoll_fd);
	jvpn_netlink_free(m->netlink);
	free(m);
}

int jvpn_netmon_fd(const struct jvpn_netmon *m)
{
	return m->epoll_fd;
}

size_t jvpn_netmon_links(const struct jvpn_netmon *m, const struct jvpn_netmon_link **out)
{
	*out = m->table.link;
	return m->table.link_count;
}

const struct jvpn_netmon_link *jvpn_netmon_find(const struct jvpn_netmon *m, const char *name)
{
	for (size_t i = 0; i < m->table.link_count; i++)
		if (strcmp(m->table.link[i].name, name) == 0)
			return &m->table.link[i];
	return NULL;
}

void jvpn_netmon_set_slept(struct jvpn_netmon *m, uint64_t (*slept_ns)(void))
{
	m->slept_ns = slept_ns;
	m->slept_seen_ns = slept_ns();
}

/* ---- routes ---- */

struct way {
	int ifindex;
	bool found;
};

static bool leads_there(const struct nlmsghdr *message, int ifindex)
{
	const struct nlattr *hops, *out;
	const uint8_t *at;
	size_t left;
	int oif;

	out = jvpn_netlink_find(message, sizeof(struct rtmsg), RTA_OIF, sizeof(oif));
	if (out != NULL) {
		memcpy(&oif, jvpn_netlink_data(out), sizeof(oif));
		return oif == ifindex;
	}
	hops = jvpn_netlink_find(message, sizeof(struct rtmsg), RTA_MULTIPATH,
				 sizeof(struct rtnexthop));
	if (hops == NULL)
		return false;
	at = jvpn_netlink_data(hops);
	left = hops->nla_len - JVPN_NETLINK_ATTRIBUTE_HEAD;
	while (left >= sizeof(struct rtnexthop)) {
		struct rtnexthop hop;
		size_t step;

		memcpy(&hop, at, sizeof(hop));
		step = NLMSG_ALIGN((size_t)hop.rtnh_len);
		if (hop.rtnh_ifindex == ifindex)
			return true;
		if (hop.rtnh_len < sizeof(hop) || step >= left)
			return false;
		at += step;
		left -= step;
	}
	return false;
}

static void take_way(void *user, const struct nlmsghdr *message)
{
	struct way *way = user;
	struct rtmsg body;

	if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return;
	memcpy(&body, NLMSG_DATA(message), sizeof(body));
	if (body.rtm_type == RTN_UNICAST && leads_there(message, way->ifindex))
		way->found = true;
}

struct question {
	uint8_t family;
	size_t bytes;
	const void *remote;
	const uint8_t *source; /* NULL: any */
	uint32_t oif, fwmark;
};

static bool ask_way(const struct jvpn_netmon *m, const struct question *q)
{
	struct way way = {.ifindex = (int)q->oif};
	/* FIB_MATCH: the entry that matched, and an error instead of the guess that it is on-link. */
	struct rtmsg body = {.rtm_family = q->family,
			     .rtm_dst_len = (uint8_t)(q->bytes * 8),
			     .rtm_src_len = (uint8_t)(q->source != NULL ? q->bytes * 8 : 0),
			     .rtm_flags = RTM_F_LOOKUP_TABLE | RTM_F_FIB_MATCH};
	struct jvpn_netlink_request request;

	jvpn_netlink_request_init(&request, RTM_GETROUTE, 0, &body, sizeof(body));
	jvpn_netlink_put(&request, RTA_DST, q->remote, q->bytes);
	if (q->source != NULL)
		jvpn_netlink_put(&request, RTA_SRC, q->source, q->bytes);
	jvpn_netlink_put_u32(&request, RTA_OIF, q->oif);
	if (q->fwmark != 0)
		jvpn_netlink_put_u32(&request, RTA_MARK, q->fwmark);
	return jvpn_netlink_call(m->netlink, &request, ASK_TIMEOUT_MS, take_way, &way) == 0 &&
	       way.found;
}

bool jvpn_netmon_has_route(const struct jvpn_netmon *m, const struct jvpn_netmon_link *link,
			   const struct sockaddr *remote, uint32_t fwmark)
{
	struct question q = {.oif = (uint32_t)link->ifindex, .fwmark = fwmark};
	const uint8_t *source = NULL;

	if (remote->sa_family == AF_INET) {
		q.family = AF_INET;
		q.bytes = 4;
		q.remote = &((const struct sockaddr_in *)(const void *)remote)->sin_addr;
		source = link->has4 ? link->addr4 : NULL;
	} else if (remote->sa_family == AF_INET6) {
		q.family = AF_INET6;
		q.bytes = 16;
		q.remote = &((const struct sockaddr_in6 *)(const void *)remote)->sin6_addr;
		source = link->has6 ? link->addr6 : NULL;
	}
	/* Without an address of the family no packet of it leaves, whatever the routes say. */
	if (source == NULL || link->ifindex <= 0)
		return false;
	if (ask_way(m, &q))
		return true;
	/* A rule may look at the source ("from ADDRESS lookup TABLE"). */
	q.source = source;
	return ask_way(m, &q);
}
