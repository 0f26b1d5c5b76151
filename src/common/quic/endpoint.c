/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One UDP socket: batches in and out, UDP_SEGMENT and UDP_GRO where the kernel has them, ECN and
 * the local address per datagram. Knows nothing about QUIC; never blocks.
 */
#include "quic/endpoint.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/without.h"
#include "quic/steer.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define RECEIVE_MESSAGES 8
#define RECEIVE_BYTES    65536
/* Room for packet info, ECN and the GRO or GSO segment size. */
#define CONTROL_BYTES 256
/* Remotes with a hint between two looks: a socket has one remote, now and then two. */
#define HINTS 4
/* Errors that are read at once; the socket stays readable for the rest. */
#define ERROR_BUDGET 16
/* Earlier errors that may stand before a datagram. */
#define SEND_TRIES 2

struct received {
	uint8_t *data;
	size_t len, segment; /* segment 0: one datagram */
	size_t offset;       /* what was handed out already */
	struct jvpn_tuple tuple;
	uint8_t ecn;
};

struct kept {
	uint8_t *data; /* allocated with the first use */
	size_t len, segment;
	struct jvpn_tuple tuple;
	uint8_t ecn;
};

struct jvpn_endpoint {
	int fd;
	struct sockaddr_storage local;
	bool wildcard; /* bound to no address: send and receive need packet info */
	bool gso;
	uint8_t *memory; /* RECEIVE_MESSAGES * RECEIVE_BYTES */
	struct received received[RECEIVE_MESSAGES];
	size_t received_count, received_next;
	struct kept kept;
	bool want_hints;
	bool was_idle; /* the last call brought nothing */
	struct jvpn_endpoint_hint hint[HINTS];
	size_t hint_count;
	struct jvpn_endpoint_stats stats;
};

static bool is_v6(const struct jvpn_endpoint *e)
{
	return e->local.ss_family == AF_INET6;
}

static socklen_t address_len(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static void set_buffer(int fd, int name, int force_name, int bytes)
{
	int have = 0;
	socklen_t len = sizeof(have);

	if (!set_int(fd, SOL_SOCKET, force_name, bytes))
		set_int(fd, SOL_SOCKET, name, bytes);
	/* The kernel doubles what it grants. */
	if (getsockopt(fd, SOL_SOCKET, name, &have, &len) == 0 && have / 2 < bytes)
		jvpn_log_warn(JVPN_LOG_QUIC,
			      "UDP %s buffer is %d KiB instead of %d KiB: raise net.core.%s",
			      name == SO_RCVBUF ? "receive" : "send", have / 2048, bytes / 1024,
			      name == SO_RCVBUF ? "rmem_max" : "wmem_max");
}

static void set_ip_options(struct jvpn_endpoint *e)
{
	if (is_v6(e)) {
		set_int(e->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		e->stats.ecn = set_int(e->fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
		set_int(e->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
		if (e->wildcard)
			e->stats.pktinfo = set_int(e->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		if (e->want_hints)
			set_int(e->fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	} else {
		e->stats.ecn = set_int(e->fd, IPPROTO_IP, IP_RECVTOS, 1);
		/* Don't fragment, and do not let ICMP decide the size: ngtcp2 probes (RFC 8899). */
		set_int(e->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
		if (e->wildcard)
			e->stats.pktinfo = set_int(e->fd, IPPROTO_IP, IP_PKTINFO, 1);
		if (e->want_hints)
			set_int(e->fd, IPPROTO_IP, IP_RECVERR, 1);
	}
}

static void set_offload(struct jvpn_endpoint *e, const struct jvpn_endpoint_config *config)
{
	bool gso = !config->disable_gso && !jvpn_without("gso");
	bool gro = !config->disable_gro && !jvpn_without("gro");

	/* Segment size 0: not used by default, each sendmsg brings its own. */
	e->gso = gso && set_int(e->fd, IPPROTO_UDP, UDP_SEGMENT, 0);
	e->stats.gso = e->gso;
	e->stats.gro = gro && set_int(e->fd, IPPROTO_UDP, UDP_GRO, 1);
	if (gso && !e->gso)
		jvpn_log_info(JVPN_LOG_QUIC, "the kernel has no UDP_SEGMENT: sending one by one");
}

/* An errno of opening as an error code, with a sentence that says what to do. */
static int open_error(const char *what, int saved, char *error, size_t error_size)
{
	snprintf(error, error_size, "%s: %s", what, strerror(saved));
	switch (saved) {
	case EADDRINUSE:
		return JVPN_EBUSY;
	case EPERM:
	case EACCES:
		return JVPN_EPERM;
	case ENODEV:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return JVPN_ENOTFOUND;
	default:
		return JVPN_EIO;
	}
}

static bool address_is_wildcard(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr == htonl(INADDR_ANY);
}

static int bind_socket(struct jvpn_endpoint *e, const struct jvpn_endpoint_config *config,
		       char *error, size_t error_size)
{
	socklen_t len = sizeof(e->local);

	if (config->device && setsockopt(e->fd, SOL_SOCKET, SO_BINDTODEVICE, config->device,
					 (socklen_t)strnlen(config->device, IF_NAMESIZE)) != 0)
		return open_error(
			"cannot bind the UDP socket to its device (CAP_NET_RAW is needed)", errno,
			error, error_size);
	if (config->fwmark && !set_int(e->fd, SOL_SOCKET, SO_MARK, (int)config->fwmark))
		return open_error("cannot mark the UDP socket (CAP_NET_ADMIN is needed)", errno,
				  error, error_size);
	if (config->join && !set_int(e->fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return open_error("cannot share the UDP port", errno, error, error_size);
	if (bind(e->fd, (const struct sockaddr *)&config->local, address_len(&config->local)) != 0)
		return open_error("cannot bind the UDP socket to its address and port", errno,
				  error, error_size);
	if (getsockname(e->fd, (struct sockaddr *)&e->local, &len) != 0)
		return open_error("cannot read the UDP socket's address", errno, error, error_size);
	return 0;
}

static int open_socket(struct jvpn_endpoint *e, const struct jvpn_endpoint_config *config,
		       char *error, size_t error_size)
{
	e->fd = config->handed_fd ? config->handed_fd
				  : socket(config->local.ss_family,
					   SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (e->fd < 0)
		return open_error("cannot open a UDP socket", errno, error, error_size);
	e->local = config->local;
	e->wildcard = address_is_wildcard(&config->local);
	e->want_hints = config->want_hints;
	set_ip_options(e);
	if (config->buffer_bytes > 0) {
		set_buffer(e->fd, SO_RCVBUF, SO_RCVBUFFORCE, config->buffer_bytes);
		set_buffer(e->fd, SO_SNDBUF, SO_SNDBUFFORCE, config->buffer_bytes);
	}
	set_offload(e, config);
	return config->handed_fd ? 0 : bind_socket(e, config, error, error_size);
}

int jvpn_endpoint_open(const struct jvpn_endpoint_config *config, struct jvpn_endpoint **out,
		       char *error, size_t error_size)
{
	struct jvpn_endpoint *e;
	int err;

	if (config->local.ss_family != AF_INET && config->local.ss_family != AF_INET6) {
		snprintf(error, error_size, "a UDP socket needs an IPv4 or IPv6 address");
		return JVPN_ENOTFOUND;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		goto nomem;
	e->fd = -1;
	e->memory = malloc((size_t)RECEIVE_MESSAGES * RECEIVE_BYTES);
	if (!e->memory)
		goto nomem;
	err = open_socket(e, config, error, error_size);
	if (err) {
		jvpn_endpoint_free(e);
		return err;
	}
	*out = e;
	return 0;
nomem:
	jvpn_endpoint_free(e);
	snprintf(error, error_size, "out of memory");
	return JVPN_EIO;
}

int jvpn_endpoint_share(struct jvpn_endpoint *e)
{
	return set_int(e->fd, SOL_SOCKET, SO_REUSEPORT, 1) ? 0 : JVPN_EUNSUPPORTED;
}

int jvpn_endpoint_steer(struct jvpn_endpoint *e, size_t server_id_len, unsigned workers)
{
	struct sock_filter code[JVPN_STEER_INSTRUCTIONS];
	struct sock_fprog program = {.len = JVPN_STEER_INSTRUCTIONS, .filter = code};

	jvpn_steer_program(server_id_len, workers, code);
	return setsockopt(e->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) ==
			       0
		       ? 0
		       : JVPN_EUNSUPPORTED;
}

void jvpn_endpoint_free(struct jvpn_endpoint *e)
{
	if (!e)
		return;
	if (e->fd >= 0)
		close(e->fd);
	free(e->memory);
	free(e->kept.data);
	free(e);
}

int jvpn_endpoint_fd(const struct jvpn_endpoint *e)
{
	return e->fd;
}

void jvpn_endpoint_local(const struct jvpn_endpoint *e, struct sockaddr_storage *local)
{
	*local = e->local;
}

void jvpn_endpoint_get_stats(const struct jvpn_endpoint *e, struct jvpn_endpoint_stats *stats)
{
	*stats = e->stats;
	stats->gso = e->gso;
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

void jvpn_endpoint_describe(const struct jvpn_endpoint *e, char *out, size_t size)
{
	snprintf(out, size, "GSO %s, GRO %s, ECN %s, packet info %s", yes_no(e->gso),
		 yes_no(e->stats.gro), yes_no(e->stats.ecn),
		 e->wildcard ? yes_no(e->stats.pktinfo) : "not needed");
}

/* --- receiving --- */

static void read_control(struct jvpn_endpoint *e, struct msghdr *msg, struct received *r)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		int value = 0;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			r->ecn = *(const uint8_t *)CMSG_DATA(c) & 3;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			memcpy(&value, CMSG_DATA(c), sizeof(value));
			r->ecn = (uint8_t)(value & 3);
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			((struct sockaddr_in *)&r->tuple.local)->sin_addr = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			((struct sockaddr_in6 *)&r->tuple.local)->sin6_addr = info.ipi6_addr;
		} else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&value, CMSG_DATA(c), sizeof(value));
			r->segment = value > 0 ? (size_t)value : 0;
		}
	}
	(void)e;
}

static void take_message(struct jvpn_endpoint *e, struct mmsghdr *m, struct received *r)
{
	r->len = m->msg_len;
	r->offset = 0;
	r->segment = 0;
	r->ecn = 0;
	memset((uint8_t *)&r->tuple.remote + m->msg_hdr.msg_namelen, 0,
	       sizeof(r->tuple.remote) - m->msg_hdr.msg_namelen);
	memset(&r->tuple.local, 0, sizeof(r->tuple.local));
	memcpy(&r->tuple.local, &e->local, address_len(&e->local));
	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		e->stats.truncated++;
		r->len = 0;
	}
	read_control(e, &m->msg_hdr, r);
}

/* One recvmmsg; 0 when nothing is waiting. */
static int read_messages(struct jvpn_endpoint *e)
{
	struct mmsghdr m[RECEIVE_MESSAGES];
	struct iovec iov[RECEIVE_MESSAGES];
	uint8_t control[RECEIVE_MESSAGES][CONTROL_BYTES] __attribute__((aligned(8)));
	int n;

	/* Most calls find nothing: what each message needs is done when it is there. */
	for (size_t i = 0; i < RECEIVE_MESSAGES; i++) {
		struct received *r = &e->received[i];

		r->data = e->memory + i * RECEIVE_BYTES;
		iov[i] = (struct iovec){.iov_base = r->data, .iov_len = RECEIVE_BYTES};
		m[i].msg_hdr = (struct msghdr){
			.msg_name = &r->tuple.remote,
			.msg_namelen = sizeof(r->tuple.remote),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
			.msg_control = control[i],
			.msg_controllen = sizeof(control[i]),
		};
	}
	do {
		n = recvmmsg(e->fd, m, RECEIVE_MESSAGES, MSG_DONTWAIT, NULL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (size_t i = 0; i < (size_t)n; i++)
		take_message(e, &m[i], &e->received[i]);
	e->received_count = (size_t)n;
	e->received_next = 0;
	e->stats.receive_calls++;
	return n;
}

static bool next_datagram(struct jvpn_endpoint *e, struct jvpn_datagram *d)
{
	while (e->received_next < e->received_count) {
		struct received *r = &e->received[e->received_next];
		size_t left = r->len - r->offset;
		size_t len = r->segment && r->segment < left ? r->segment : left;

		d->data = r->data + r->offset;
		d->len = len;
		d->tuple = &r->tuple;
		d->follows = r->offset != 0;
		d->ecn = r->ecn;
		r->offset += len;
		if (r->offset >= r->len)
			e->received_next++;
		e->stats.datagrams_received++;
		if (len == 0)
			e->stats.empty_received++;
		return true;
	}
	return false;
}

/* What the error says about the remote; false: nothing (sizes, parameters). */
static bool read_meaning(const struct sock_extended_err *error, bool *port_closed)
{
	if (error->ee_origin == SO_EE_ORIGIN_ICMP && error->ee_type == ICMP_DEST_UNREACH) {
		*port_closed = error->ee_code == ICMP_PORT_UNREACH;
		return error->ee_code != ICMP_FRAG_NEEDED;
	}
	if (error->ee_origin == SO_EE_ORIGIN_ICMP6 && error->ee_type == ICMP6_DST_UNREACH) {
		*port_closed = error->ee_code == ICMP6_DST_UNREACH_NOPORT;
		return true;
	}
	return false;
}

static void note_hint(struct jvpn_endpoint *e, const struct sockaddr_storage *remote,
		      bool port_closed)
{
	size_t i = 0;

	while (i < e->hint_count && memcmp(&e->hint[i].remote, remote, address_len(remote)) != 0)
		i++;
	if (i == HINTS)
		return;
	if (i == e->hint_count)
		e->hint_count++;
	e->hint[i] = (struct jvpn_endpoint_hint){.remote = *remote, .port_closed = port_closed};
}

static void take_error(struct jvpn_endpoint *e, struct msghdr *msg,
		       const struct sockaddr_storage *remote)
{
	struct sock_extended_err error;
	bool port_closed = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
		    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			continue;
		if (c->cmsg_len < CMSG_LEN(sizeof(error)))
			continue;
		memcpy(&error, CMSG_DATA(c), sizeof(error));
		if (!read_meaning(&error, &port_closed))
			continue;
		e->stats.hints++;
		if (remote->ss_family == e->local.ss_family)
			note_hint(e, remote, port_closed);
	}
}

/* Until it is empty the socket is readable, whatever else there is. */
static void read_errors(struct jvpn_endpoint *e)
{
	for (int i = 0; i < ERROR_BUDGET; i++) {
		uint8_t control[CONTROL_BYTES] __attribute__((aligned(8)));
		struct sockaddr_storage remote = {0};
		struct msghdr msg = {.msg_name = &remote,
				     .msg_namelen = sizeof(remote),
				     .msg_control = control,
				     .msg_controllen = sizeof(control)};

		if (recvmsg(e->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return;
		take_error(e, &msg, &remote);
	}
}

bool jvpn_endpoint_take_hint(struct jvpn_endpoint *e, struct jvpn_endpoint_hint *hint)
{
	if (e->hint_count == 0)
		return false;
	*hint = e->hint[--e->hint_count];
	return true;
}

int jvpn_endpoint_receive(struct jvpn_endpoint *e, struct jvpn_datagram *v, size_t max)
{
	size_t n = 0;

	if (e->received_next >= e->received_count) {
		bool was_idle = e->was_idle;
		int got = read_messages(e);

		e->was_idle = got == -EAGAIN;
		/* Errors make the socket readable as well: they are there when nothing else is. */
		if (got < 0 && e->want_hints && (got != -EAGAIN || was_idle))
			read_errors(e);
		if (got == -EAGAIN)
			return 0;
		if (got == -EBADF || got == -ENOTSOCK || got == -EINVAL)
			return JVPN_EIO;
		if (got < 0) {
			/* An ICMP error of some destination: a hint, and the socket is fine. */
			e->stats.destination_errors++;
			return 0;
		}
	}
	while (n < max && next_datagram(e, &v[n]))
		n++;
	return (int)n;
}

bool jvpn_endpoint_was_alone(const struct jvpn_endpoint *e)
{
	return e->received_count == 1 && e->received[0].offset == e->received[0].len &&
	       e->received[0].segment == 0;
}

bool jvpn_endpoint_has_more(const struct jvpn_endpoint *e)
{
	return e->received_next < e->received_count;
}

/* --- sending --- */

static void add_control(struct msghdr *msg, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)msg->msg_control + msg->msg_controllen);

	memset(c, 0, CMSG_SPACE(len));
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

static void add_source(const struct jvpn_endpoint *e, struct msghdr *msg,
		       const struct sockaddr_storage *local)
{
	if (!e->wildcard || local->ss_family != e->local.ss_family || address_is_wildcard(local))
		return;
	if (is_v6(e)) {
		const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)local;
		struct in6_pktinfo info = {.ipi6_addr = a->sin6_addr,
					   .ipi6_ifindex = a->sin6_scope_id};

		add_control(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	} else {
		struct in_pktinfo info = {.ipi_spec_dst =
						  ((const struct sockaddr_in *)local)->sin_addr};

		add_control(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	}
}

static bool is_blocked(int err)
{
	return err == -EAGAIN || err == -ENOBUFS;
}

/* One sendmsg; 0 or a negative errno. segment 0: one datagram. */
static int send_message(struct jvpn_endpoint *e, const struct kept *k, const uint8_t *data,
			size_t len, size_t segment)
{
	uint8_t control[CONTROL_BYTES] __attribute__((aligned(8)));
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr msg = {.msg_name = (void *)(uintptr_t)&k->tuple.remote,
			     .msg_namelen = address_len(&k->tuple.remote),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control};
	uint16_t gso = (uint16_t)segment;
	int tos = k->ecn, tries = 0;
	ssize_t n;

	add_source(e, &msg, &k->tuple.local);
	if (tos)
		add_control(&msg, is_v6(e) ? IPPROTO_IPV6 : IPPROTO_IP,
			    is_v6(e) ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos));
	if (segment)
		add_control(&msg, IPPROTO_UDP, UDP_SEGMENT, &gso, sizeof(gso));
	if (msg.msg_controllen == 0)
		msg.msg_control = NULL;
	/* A socket that wants hints first says what became of an earlier datagram, and has not taken
	 * this one. */
	do {
		n = sendmsg(e->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && (errno == EINTR ||
			   (e->want_hints && tries++ < SEND_TRIES && !is_blocked(-errno))));
	if (n < 0)
		return -errno;
	e->stats.send_calls++;
	e->stats.datagrams_sent += segment ? (len + segment - 1) / segment : 1;
	return 0;
}

/* One by one. Returns how many bytes are done: all of them, or less when the buffer is full. *failed
 * counts datagrams that their destination refused. */
static size_t send_singly(struct jvpn_endpoint *e, const struct kept *k, const uint8_t *data,
			  size_t *failed)
{
	size_t done = 0;

	while (done < k->len) {
		size_t left = k->len - done;
		size_t len = left < k->segment ? left : k->segment;
		int err = send_message(e, k, data + done, len, 0);

		if (is_blocked(err))
			return done;
		if (err) {
			e->stats.destination_errors++;
			++*failed;
		}
		done += len;
	}
	return done;
}

/* Returns how many bytes are done with (sent, or refused by their destination). */
static size_t send_batch(struct jvpn_endpoint *e, const struct kept *k, const uint8_t *data)
{
	size_t failed = 0, done;

	if (e->gso && k->len > k->segment) {
		int err = send_message(e, k, data, k->len, k->segment);

		if (!err)
			return k->len;
		if (is_blocked(err))
			return 0;
		if (err != -EIO && err != -EINVAL && err != -EMSGSIZE && err != -EOPNOTSUPP) {
			e->stats.destination_errors++;
			return k->len;
		}
		done = send_singly(e, k, data, &failed);
		/* Only when the same datagrams pass alone it is the offload that is broken here;
		 * otherwise they are too large for the link. */
		if (done > 0 && failed == 0) {
			jvpn_log_info(JVPN_LOG_QUIC,
				      "UDP_SEGMENT fails on this device (%s): sending one by one",
				      strerror(-err));
			e->gso = false;
		}
		return done;
	}
	return send_singly(e, k, data, &failed);
}

/* Keeps what is behind 'done'. Without memory it is lost, as on any network. */
static void keep_rest(struct jvpn_endpoint *e, const struct kept *k, const uint8_t *data,
		      size_t done)
{
	uint8_t *memory = e->kept.data;

	e->stats.send_blocked++;
	if (!memory)
		memory = malloc(JVPN_ENDPOINT_BATCH_BYTES);
	if (!memory)
		return;
	memmove(memory, data + done, k->len - done);
	e->kept = *k;
	e->kept.data = memory;
	e->kept.len = k->len - done;
}

int jvpn_endpoint_send(struct jvpn_endpoint *e, const struct jvpn_tuple *tuple, uint8_t ecn,
		       const uint8_t *data, size_t len, size_t segment)
{
	struct kept k = {.len = len, .segment = segment, .tuple = *tuple, .ecn = ecn & 3};
	size_t done;

	if (len == 0)
		return 0;
	if (segment == 0 || segment > UINT16_MAX || len > JVPN_ENDPOINT_BATCH_BYTES ||
	    (len + segment - 1) / segment > JVPN_ENDPOINT_SEGMENTS)
		return JVPN_ERANGE;
	if (tuple->remote.ss_family != e->local.ss_family)
		return JVPN_ERANGE;
	if (e->kept.len > 0 && jvpn_endpoint_retry(e) != 0)
		return JVPN_EAGAIN;
	done = send_batch(e, &k, data);
	if (done < len)
		keep_rest(e, &k, data, done);
	return 0;
}

int jvpn_endpoint_retry(struct jvpn_endpoint *e)
{
	struct kept k;
	size_t done;

	if (e->kept.len == 0)
		return 0;
	k = e->kept;
	done = send_batch(e, &k, k.data);
	e->kept.len = 0;
	if (done >= k.len)
		return 0;
	keep_rest(e, &k, k.data, done);
	return JVPN_EAGAIN;
}
