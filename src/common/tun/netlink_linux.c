/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rtnetlink requests and their acknowledgements. A timerfd is the deadline: no clock is read here.
 */
#include "tun/netlink.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/err.h"

#define ANSWER_BYTES 32768
#define NS_PER_MS    1000000L
#define MS_PER_S     1000

struct jvpn_netlink {
	int fd, timer_fd;
	uint32_t sequence;
	char text[JVPN_NETLINK_TEXT_BYTES];
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER_BYTES];
};

/* NLA_ALIGN without its sign. */
static size_t align(size_t len)
{
	return (len + 3) / 4 * 4;
}

static void set_option(int fd, int option)
{
	int on = 1;

	/* Older kernels do without: the error text gets shorter, nothing else. */
	(void)setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on));
}

int jvpn_netlink_new(struct jvpn_netlink **out)
{
	struct sockaddr_nl local = {.nl_family = AF_NETLINK};
	struct jvpn_netlink *netlink = calloc(1, sizeof(*netlink));
	int err = JVPN_EIO;

	if (netlink == NULL)
		return JVPN_ENOMEM;
	netlink->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	netlink->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (netlink->fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT))
		err = JVPN_EUNSUPPORTED;
	if (netlink->fd < 0 || netlink->timer_fd < 0 ||
	    bind(netlink->fd, (struct sockaddr *)&local, sizeof(local)) != 0) {
		jvpn_netlink_free(netlink);
		return err;
	}
	set_option(netlink->fd, NETLINK_EXT_ACK);
	set_option(netlink->fd, NETLINK_CAP_ACK);
	*out = netlink;
	return 0;
}

void jvpn_netlink_free(struct jvpn_netlink *netlink)
{
	if (netlink == NULL)
		return;
	if (netlink->fd >= 0)
		close(netlink->fd);
	if (netlink->timer_fd >= 0)
		close(netlink->timer_fd);
	free(netlink);
}

const char *jvpn_netlink_text(const struct jvpn_netlink *netlink)
{
	return netlink->text;
}

void jvpn_netlink_request_init(struct jvpn_netlink_request *request, uint16_t type, uint16_t flags,
			       const void *body, size_t body_len)
{
	memset(request, 0, sizeof(*request));
	request->u.header.nlmsg_type = type;
	request->u.header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(request->u.bytes + NLMSG_HDRLEN, body, body_len);
	request->u.header.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(body_len));
}

/* Not inlined: with sanitizers gcc 12 takes the union's header for all of it (-Wstringop-overflow). */
__attribute__((noinline)) void jvpn_netlink_put(struct jvpn_netlink_request *request, uint16_t type,
						const void *data, size_t len)
{
	size_t at = request->u.header.nlmsg_len;
	size_t total = align(JVPN_NETLINK_ATTRIBUTE_HEAD + len);
	struct nlattr attribute = {.nla_len = (uint16_t)(JVPN_NETLINK_ATTRIBUTE_HEAD + len),
				   .nla_type = type};

	if (request->overflow || at > sizeof(request->u.bytes) ||
	    total > sizeof(request->u.bytes) - at) {
		request->overflow = true;
		return;
	}
	memcpy(request->u.bytes + at, &attribute, sizeof(attribute));
	if (len > 0)
		memcpy(request->u.bytes + at + JVPN_NETLINK_ATTRIBUTE_HEAD, data, len);
	request->u.header.nlmsg_len = (uint32_t)(at + total);
}

void jvpn_netlink_put_u32(struct jvpn_netlink_request *request, uint16_t type, uint32_t value)
{
	jvpn_netlink_put(request, type, &value, sizeof(value));
}

size_t jvpn_netlink_nest_begin(struct jvpn_netlink_request *request, uint16_t type)
{
	size_t nest = request->u.header.nlmsg_len;

	jvpn_netlink_put(request, type, NULL, 0);
	return nest;
}

void jvpn_netlink_nest_end(struct jvpn_netlink_request *request, size_t nest)
{
	uint16_t len = (uint16_t)(request->u.header.nlmsg_len - nest);

	if (!request->overflow)
		memcpy(request->u.bytes + nest, &len, sizeof(len)); /* nla_len is the first field */
}

static int map_errno(int err)
{
	switch (err) {
	case 0:
		return 0;
	case EEXIST:
		return JVPN_EEXISTS;
	case EPERM:
		return JVPN_EPERM;
	case ENODEV:
	case ENXIO:
	case ENOENT:
	case ESRCH:
	case EADDRNOTAVAIL:
	case ENETUNREACH:
	case EHOSTUNREACH:
		return JVPN_ENOTFOUND;
	case EINVAL:
	case ENETDOWN:
		return JVPN_EINVAL;
	case EOPNOTSUPP:
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
		return JVPN_EUNSUPPORTED;
	case EBUSY:
		return JVPN_EBUSY;
	case ENOMEM:
	case ENOBUFS:
		return JVPN_ENOMEM;
	default:
		return JVPN_EIO;
	}
}

static const struct nlattr *find_in(const uint8_t *at, size_t left, uint16_t type, size_t min_len)
{
	while (left >= JVPN_NETLINK_ATTRIBUTE_HEAD) {
		const struct nlattr *attribute = (const struct nlattr *)at;
		size_t step = align(attribute->nla_len);

		if (attribute->nla_len < JVPN_NETLINK_ATTRIBUTE_HEAD || attribute->nla_len > left)
			return NULL;
		if ((attribute->nla_type & NLA_TYPE_MASK) == type &&
		    attribute->nla_len >= JVPN_NETLINK_ATTRIBUTE_HEAD + min_len)
			return attribute;
		if (step >= left)
			return NULL;
		at += step;
		left -= step;
	}
	return NULL;
}

const struct nlattr *jvpn_netlink_find(const struct nlmsghdr *message, size_t body_len,
				       uint16_t type, size_t min_len)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(body_len);

	if (message->nlmsg_len < skip)
		return NULL;
	return find_in((const uint8_t *)message + skip, message->nlmsg_len - skip, type, min_len);
}

/* "File exists", and in brackets what the kernel adds (NLMSGERR_ATTR_MSG). */
static void note_error(struct jvpn_netlink *netlink, const struct nlmsghdr *message, int err)
{
	const struct nlattr *words = NULL;
	size_t skip = sizeof(struct nlmsgerr);
	struct nlmsgerr body;

	netlink->text[0] = '\0';
	if (err == 0)
		return;
	if (message->nlmsg_type == NLMSG_ERROR && (message->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
		memcpy(&body, NLMSG_DATA(message), sizeof(body));
		if ((message->nlmsg_flags & NLM_F_CAPPED) == 0 &&
		    body.msg.nlmsg_len > sizeof(body.msg))
			skip += NLMSG_ALIGN(body.msg.nlmsg_len - sizeof(body.msg));
		words = jvpn_netlink_find(message, skip, NLMSGERR_ATTR_MSG, 1);
	}
	if (words == NULL) {
		snprintf(netlink->text, sizeof(netlink->text), "%s", strerror(err));
		return;
	}
	snprintf(netlink->text, sizeof(netlink->text), "%s (%.*s)", strerror(err),
		 (int)(words->nla_len - JVPN_NETLINK_ATTRIBUTE_HEAD),
		 (const char *)jvpn_netlink_data(words));
}

enum answer { ANSWER_MORE, ANSWER_END };

/* One message of an answer; sets *err when it is the last. */
static enum answer take_message(struct jvpn_netlink *netlink, const struct nlmsghdr *message,
				int *err)
{
	int32_t code = 0;

	if (message->nlmsg_type != NLMSG_ERROR && message->nlmsg_type != NLMSG_DONE)
		return ANSWER_MORE;
	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(code)))
		memcpy(&code, NLMSG_DATA(message), sizeof(code));
	else if (message->nlmsg_type == NLMSG_ERROR)
		code = -EBADMSG;
	if (code > 0)
		code = 0;
	note_error(netlink, message, -code);
	*err = map_errno(-code);
	return ANSWER_END;
}

static enum answer take_answer(struct jvpn_netlink *netlink, size_t len, jvpn_netlink_fn fn,
			       void *user, int *err)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)netlink->answer;
	size_t left = len;

	while (left >= NLMSG_HDRLEN && message->nlmsg_len >= NLMSG_HDRLEN &&
	       message->nlmsg_len <= left) {
		size_t step = NLMSG_ALIGN((size_t)message->nlmsg_len);

		/* What an earlier request left behind after its deadline is not ours. */
		if (message->nlmsg_seq == netlink->sequence) {
			if (take_message(netlink, message, err) == ANSWER_END)
				return ANSWER_END;
			if (fn != NULL && message->nlmsg_type != NLMSG_NOOP)
				fn(user, message);
		}
		if (step >= left)
			break;
		left -= step;
		message = (const struct nlmsghdr *)((const uint8_t *)message + step);
	}
	return ANSWER_MORE;
}

/* True when there is something to read, false at the deadline. */
static bool wait_readable(struct jvpn_netlink *netlink)
{
	struct pollfd fds[2] = {{.fd = netlink->fd, .events = POLLIN},
				{.fd = netlink->timer_fd, .events = POLLIN}};

	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		if (fds[0].revents != 0)
			return true;
		if (fds[1].revents != 0)
			return false;
	}
}

/* One datagram from the kernel; its length, or an error. */
static int receive(struct jvpn_netlink *netlink)
{
	struct sockaddr_nl from = {0};
	struct iovec part = {netlink->answer, sizeof(netlink->answer)};
	struct msghdr header = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
	ssize_t n = recvmsg(netlink->fd, &header, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : JVPN_EIO;
	if ((header.msg_flags & MSG_TRUNC) != 0)
		return JVPN_EIO;
	/* Any process may send to a netlink socket: only the kernel has port 0. */
	return from.nl_pid != 0 ? 0 : (int)n;
}

static void arm(struct jvpn_netlink *netlink, int timeout_ms)
{
	struct itimerspec at = {.it_value = {.tv_sec = timeout_ms / MS_PER_S,
					     .tv_nsec = timeout_ms % MS_PER_S * NS_PER_MS}};

	(void)timerfd_settime(netlink->timer_fd, 0, &at, NULL);
}

int jvpn_netlink_call(struct jvpn_netlink *netlink, struct jvpn_netlink_request *request,
		      int timeout_ms, jvpn_netlink_fn fn, void *user)
{
	bool is_dump = (request->u.header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int err = 0, len;

	netlink->text[0] = '\0';
	if (request->overflow)
		return JVPN_EINTERNAL;
	if (!is_dump)
		request->u.header.nlmsg_flags |= NLM_F_ACK;
	request->u.header.nlmsg_seq = ++netlink->sequence;
	if (send(netlink->fd, request->u.bytes, request->u.header.nlmsg_len, 0) < 0) {
		snprintf(netlink->text, sizeof(netlink->text), "%s", strerror(errno));
		return map_errno(errno);
	}
	arm(netlink, timeout_ms);
	for (;;) {
		if (!wait_readable(netlink)) {
			snprintf(netlink->text, sizeof(netlink->text), "no answer within %d ms",
				 timeout_ms);
			return JVPN_ETIMEOUT;
		}
		len = receive(netlink);
		if (len < 0) {
			snprintf(netlink->text, sizeof(netlink->text), "the answer was lost");
			return len;
		}
		if (take_answer(netlink, (size_t)len, fn, user, &err) == ANSWER_END)
			return err;
	}
}
