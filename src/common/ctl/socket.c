/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The socket file of the control socket and who is behind a connection. Must not read a line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/server_internal.h"

#define BACKLOG        16
#define GROUPS_MAX     64
#define SOCKET_MODE    0660
#define DIRECTORY_MODE 0755

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

static int say(char *error, size_t error_size, const char *path, const char *what)
{
	int saved = errno;

	snprintf(error, error_size, "control socket %s: %s: %s", path, what, strerror(saved));
	return saved == EACCES || saved == EPERM || saved == EROFS ? JVPN_EPERM : JVPN_EIO;
}

static int fill_address(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return JVPN_EINVAL;
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

/* 0: nothing is there, or a socket of a process that is gone. */
static int check_path(const char *path, char *error, size_t error_size)
{
	struct sockaddr_un address;
	struct stat st;
	int fd, rv = 0;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : say(error, error_size, path, "cannot be looked at");
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(
			error, error_size,
			"control socket %s: there is something else than a socket; it stays as it is",
			path);
		return JVPN_EEXISTS;
	}
	(void)fill_address(path, &address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return say(error, error_size, path, "no socket");
	/* A full backlog (EAGAIN) is somebody's, too. */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
	    errno == EAGAIN) {
		snprintf(error, error_size,
			 "control socket %s: another process listens there: end it, or choose "
			 "another control.socket",
			 path);
		rv = JVPN_EBUSY;
	} else if (errno != ECONNREFUSED && errno != ENOENT) {
		rv = say(error, error_size, path, "cannot be looked at");
	}
	close(fd);
	return rv;
}

/* The directory of the default path goes with a reboot. */
static void make_directory(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	(void)mkdir(dir, DIRECTORY_MODE); /* what is wrong with it bind() says */
}

/* Everything is right before the name is there: mode and group never open more than they should. */
static int bind_at(struct jvpn_ctl_server *server, const struct jvpn_ctl_config *config, int fd,
		   const char *temporary)
{
	struct sockaddr_un address;
	mode_t mask;
	int rv;

	if (fill_address(temporary, &address))
		return -1;
	mask = umask(0177);
	rv = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rv != 0)
		return -1;
	if (config->has_group && chown(temporary, (uid_t)-1, config->group) != 0)
		return -1;
	if (chmod(temporary, SOCKET_MODE) != 0 || listen(fd, BACKLOG) != 0 ||
	    stat(temporary, &server->made) != 0)
		return -1;
	return rename(temporary, config->path);
}

int jvpn_ctl_socket_open(struct jvpn_ctl_server *server, const struct jvpn_ctl_config *config,
			 char *error, size_t error_size)
{
	char temporary[sizeof(((struct sockaddr_un *)0)->sun_path) + 16];
	int fd, rv;

	if (strlen(config->path) + 8 >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		snprintf(error, error_size, "control socket %s: the path is too long",
			 config->path);
		return JVPN_EINVAL;
	}
	make_directory(config->path);
	rv = check_path(config->path, error, error_size);
	if (rv)
		return rv;
	snprintf(temporary, sizeof(temporary), "%s.%06x", config->path,
		 (unsigned)getpid() & 0xffffffU);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return say(error, error_size, config->path, "no socket");
	(void)unlink(temporary);
	if (bind_at(server, config, fd, temporary) != 0) {
		rv = say(error, error_size, config->path, "cannot be made");
		(void)unlink(temporary);
		close(fd);
		return rv;
	}
	server->gid = server->made.st_gid;
	return fd;
}

void jvpn_ctl_socket_close(struct jvpn_ctl_server *server)
{
	struct stat st;

	if (server->listen_fd < 0)
		return;
	close(server->listen_fd);
	if (lstat(server->path, &st) == 0 && st.st_ino == server->made.st_ino &&
	    st.st_dev == server->made.st_dev)
		(void)unlink(server->path);
}

static bool is_member(const struct jvpn_ctl_server *server, int fd, gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (gid == server->gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == server->gid)
			return true;
	return false;
}

int jvpn_ctl_socket_peer(const struct jvpn_ctl_server *server, int fd, struct jvpn_ctl_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return JVPN_EPERM;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
	peer->owner = cred.uid == 0 || cred.uid == geteuid();
	peer->may_act = peer->owner || server->group_acts;
	return peer->owner || is_member(server, fd, cred.gid) ? 0 : JVPN_EPERM;
}
