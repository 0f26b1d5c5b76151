/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the control socket share.
 */
#ifndef JVPN_CTL_SERVER_INTERNAL_H
#define JVPN_CTL_SERVER_INTERNAL_H

#include <sys/stat.h>

#include "core/limiter.h"
#include "ctl/server.h"

#define JVPN_CTL_OUT_MAX (2 * JVPN_CTL_LINE_MAX)

/* Who is at the other end (SO_PEERCRED, SO_PEERGROUPS). */
struct jvpn_ctl_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	bool owner; /* root, or the user of this process */
	bool may_act;
};

struct jvpn_ctl_client {
	struct jvpn_ctl_server *server;
	int fd; /* -1: the place is free */
	struct jvpn_ctl_peer peer;
	char *in;
	size_t in_len, in_size;
	bool in_over; /* the peer will send no more */
	char *out;
	size_t out_at, out_len; /* what waits: out[at, len) */
	bool dead;              /* to be closed at the end of the turn */
	bool closing;           /* closed when what waits is written */
	bool busy;              /* 'task' is not answered yet */
	enum jvpn_ctl_progress progress;
	struct jvpn_ctl_task task;
	uint64_t answer_id;
	bool has_answer_id;
	struct jvpn_bucket rate;
	unsigned debt; /* tokens that are still to be taken */
	uint64_t active_ns;
	uint32_t interest; /* epoll's */
};

struct jvpn_ctl_server {
	const struct jvpn_ctl_ops *ops;
	void *user;
	enum jvpn_ctl_role role;
	bool group_acts;
	gid_t gid;
	int epoll_fd, listen_fd;
	uint64_t deaf_until_ns; /* nobody is let in until then: no descriptor was left; 0: not so */
	struct stat made;       /* the socket as it was made */
	char *path;
	uint64_t now_ns;
	size_t count;
	size_t next; /* whose turn it is first */
	struct jvpn_ctl_client client[JVPN_CTL_CLIENTS_MAX];
	struct jvpn_json json; /* the line that is being written */
	char scratch[JVPN_CTL_LINE_MAX];
};

/* socket.c: the listening socket at a path, see jvpn_ctl_server_open(). Its descriptor, or a negative
 * JVPN_E*. */
int jvpn_ctl_socket_open(struct jvpn_ctl_server *server, const struct jvpn_ctl_config *config,
			 char *error, size_t error_size);
void jvpn_ctl_socket_close(struct jvpn_ctl_server *server);
/* Who is there, and what may they do? JVPN_EPERM: nothing. */
int jvpn_ctl_socket_peer(const struct jvpn_ctl_server *server, int fd, struct jvpn_ctl_peer *peer);

#endif
