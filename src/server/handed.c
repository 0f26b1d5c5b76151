/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sockets from the service manager. Believes nothing of the environment but what the descriptors show.
 */
#include "server/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

static int complain(char *error, size_t error_size, const char *what)
{
	snprintf(error, error_size, "%s", what);
	return JVPN_EINVAL;
}

static bool parse_number(const char *text, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return !errno && *end == '\0' && text[0] >= '0' && text[0] <= '9';
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

/* NULL: it is one of ours to use. */
static const char *find_fault(int fd, struct sockaddr_storage *local)
{
	struct sockaddr_storage remote;
	socklen_t len = sizeof(*local), remote_len = sizeof(remote);

	if (fcntl(fd, F_GETFD) < 0)
		return "is not open";
	if (option(fd, SOL_SOCKET, SO_TYPE) != SOCK_DGRAM ||
	    option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_UDP ||
	    getsockname(fd, (struct sockaddr *)local, &len) != 0)
		return "is no UDP socket: ListenDatagram= is wanted";
	if (local->ss_family == AF_INET6 && option(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
		return "takes IPv4, too: BindIPv6Only=ipv6-only is wanted";
	if (getpeername(fd, (struct sockaddr *)&remote, &remote_len) == 0)
		return "is connected";
	return NULL;
}

static int take_one(struct jvpn_handed_socket *s, int fd, char *error, size_t error_size)
{
	struct sockaddr_storage local = {0};
	const char *fault = find_fault(fd, &local);
	int flags;

	if (fault) {
		snprintf(error, error_size, "descriptor %d of LISTEN_FDS %s", fd, fault);
		return JVPN_EINVAL;
	}
	flags = fcntl(fd, F_GETFL);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || flags < 0 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
		snprintf(error, error_size, "descriptor %d of LISTEN_FDS: %s", fd, strerror(errno));
		return JVPN_EINVAL;
	}
	*s = (struct jvpn_handed_socket){.fd = fd, .local = local};
	return 0;
}

/* The number of descriptors for this process, or a negative error. */
static int count_of(const char *pid, const char *fds, char *error, size_t error_size)
{
	unsigned long whose, count;

	if (!pid || !fds)
		return 0;
	if (!parse_number(pid, &whose) || !parse_number(fds, &count))
		return complain(error, error_size, "LISTEN_PID and LISTEN_FDS: expected numbers");
	if (whose != (unsigned long)getpid())
		return 0;
	if (count > JVPN_HANDED_MAX)
		return complain(error, error_size, "LISTEN_FDS: too many sockets");
	return (int)count;
}

int jvpn_handed_open(struct jvpn_handed *handed, char *error, size_t error_size)
{
	int count = count_of(getenv("LISTEN_PID"), getenv("LISTEN_FDS"), error, error_size);
	int rv = 0;

	*handed = (struct jvpn_handed){0};
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES"); /* addresses say which is which */
	if (count <= 0)
		return count;
	handed->socket = calloc((size_t)count, sizeof(*handed->socket));
	if (!handed->socket)
		return JVPN_ENOMEM;
	for (int i = 0; i < count && !rv; i++) {
		rv = take_one(&handed->socket[i], FIRST_FD + i, error, error_size);
		handed->count += !rv;
	}
	if (rv)
		jvpn_handed_close(handed);
	return rv;
}

void jvpn_handed_close(struct jvpn_handed *handed)
{
	for (size_t i = 0; i < handed->count; i++)
		if (!handed->socket[i].is_taken)
			close(handed->socket[i].fd);
	free(handed->socket);
	*handed = (struct jvpn_handed){0};
}

static bool is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a,
				 *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a,
				  *b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a->ss_family == AF_INET6 && a6->sin6_port == b6->sin6_port &&
	       a6->sin6_scope_id == b6->sin6_scope_id &&
	       memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
}

size_t jvpn_handed_count(const struct jvpn_handed *handed, const struct sockaddr_storage *local)
{
	size_t n = 0;

	for (size_t i = 0; i < handed->count; i++)
		n += is_same(&handed->socket[i].local, local);
	return n;
}

int jvpn_handed_take(struct jvpn_handed *handed, const struct sockaddr_storage *local)
{
	for (size_t i = 0; i < handed->count; i++) {
		struct jvpn_handed_socket *s = &handed->socket[i];

		if (s->is_taken || !is_same(&s->local, local))
			continue;
		s->is_taken = true;
		return s->fd;
	}
	return -1;
}

const struct sockaddr_storage *jvpn_handed_left(const struct jvpn_handed *handed)
{
	for (size_t i = 0; i < handed->count; i++)
		if (!handed->socket[i].is_taken)
			return &handed->socket[i].local;
	return NULL;
}
