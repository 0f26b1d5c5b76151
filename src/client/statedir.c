/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The state directory. What is on disk is checked through open descriptors; a file that cannot be
 * used is named and left as it is.
 */
#include "client/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/hash.h"

#define NAME_DIGITS 12
#define TEMPORARY   ".new"

static int __attribute__((format(printf, 3, 4)))
complain(char *error, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, JVPN_STATEDIR_ERROR_MAX, fmt, ap);
	va_end(ap);
	return err;
}

static int errno_to_err(int code)
{
	return code == EACCES || code == EPERM || code == EROFS ? JVPN_EPERM : JVPN_EIO;
}

static int make_one(const char *path, mode_t mode)
{
	return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : -1;
}

static int make_directory(const char *dir, char *error)
{
	char path[PATH_MAX];
	size_t len = strlen(dir);

	if (len == 0 || len >= sizeof(path))
		return complain(error, JVPN_EINVAL, "the path of state_dir is empty or too long");
	memcpy(path, dir, len + 1);
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (make_one(path, 0755))
			break;
		*at = '/';
	}
	if (make_one(path, 0700))
		return complain(error, errno_to_err(errno),
				"cannot make the state directory %s: %s; name another one "
				"(state_dir), or switch it off (state_dir: none)",
				dir, strerror(errno));
	return 0;
}

static int check_directory(const char *dir, char *error)
{
	struct stat st;

	if (stat(dir, &st))
		return complain(error, errno_to_err(errno), "cannot look at %s: %s", dir,
				strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return complain(error, JVPN_EPERM, "state_dir %s is no directory", dir);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return complain(error, JVPN_EPERM,
				"the state directory %s belongs to user %u; it must belong to the "
				"user the client runs as: chown it",
				dir, (unsigned)st.st_uid);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return complain(error, JVPN_EPERM,
				"the state directory %s holds session keys and is open to other "
				"users (mode %04o): run chmod 700 %s",
				dir, (unsigned)(st.st_mode & 07777), dir);
	return 0;
}

/* "SERVER-HEX": readable, and different wherever server, CA or node differ. */
static int make_paths(const char *dir, const struct jvpn_statedir_owner *owner,
		      struct jvpn_statedir *out)
{
	const struct jvpn_secret key = {.b = "jvpn", .len = 4}; /* only to hash several parts */
	const struct jvpn_hash_part part[] = {
		{owner->server_name, strlen(owner->server_name) + 1},
		{owner->ca_digest, JVPN_SHA256_BYTES},
		{owner->node_id, strlen(owner->node_id) + 1},
	};
	uint8_t digest[JVPN_SHA256_BYTES];
	char name[300], hex[NAME_DIGITS + 1];
	int n, m;

	if (jvpn_hmac_sha256(&key, part, sizeof(part) / sizeof(part[0]), digest))
		return JVPN_ECRYPTO;
	for (int i = 0; i < NAME_DIGITS / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	/* Names of at most 253 octets do not fit into a file name with what follows. */
	snprintf(name, sizeof(name), "%.200s-%s", owner->server_name, hex);
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '_';
	n = snprintf(out->path, sizeof(out->path), "%s/%s.session", dir, name);
	m = snprintf(out->lock_path, sizeof(out->lock_path), "%s/%s.lock", dir, name);
	if (n < 0 || m < 0 || (size_t)n + sizeof(TEMPORARY) > sizeof(out->path) ||
	    (size_t)m >= sizeof(out->lock_path))
		return JVPN_EINVAL;
	return 0;
}

/* Who has the lock; 0 when it cannot be said. */
static pid_t lock_holder(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK || lock.l_pid < 0)
		return 0;
	return lock.l_pid;
}

static int take_lock(struct jvpn_statedir *out, pid_t *holder, char *error)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	out->lock_fd =
		open(out->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (out->lock_fd < 0)
		return complain(error, errno_to_err(errno), "cannot open %s: %s", out->lock_path,
				strerror(errno));
	if (fcntl(out->lock_fd, F_SETLK, &lock) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return complain(error, JVPN_EIO, "cannot lock %s: %s", out->lock_path,
				strerror(errno));
	*holder = lock_holder(out->lock_fd);
	return complain(error, JVPN_EBUSY,
			"another client (pid %ld) has the session in %s: stop it (jvpn-client "
			"disconnect), or give this one another node_id or state_dir",
			(long)*holder, out->path);
}

int jvpn_statedir_open(const char *dir, const struct jvpn_statedir_owner *owner,
		       struct jvpn_statedir *out, pid_t *holder,
		       char error[JVPN_STATEDIR_ERROR_MAX])
{
	int err;

	out->lock_fd = -1;
	*holder = 0;
	err = make_directory(dir, error);
	if (!err)
		err = check_directory(dir, error);
	if (err)
		return err;
	err = make_paths(dir, owner, out);
	if (err)
		return complain(error, err, "the path of state_dir is too long");
	err = take_lock(out, holder, error);
	if (err)
		jvpn_statedir_close(out);
	return err;
}

void jvpn_statedir_close(struct jvpn_statedir *state)
{
	if (state->lock_fd >= 0)
		close(state->lock_fd);
	state->lock_fd = -1;
}

static int check_file(const char *path, int fd, size_t size, char *error)
{
	struct stat st;

	if (fstat(fd, &st))
		return complain(error, JVPN_EIO, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uintmax_t)st.st_size > size)
		return complain(error, JVPN_EMALFORMED,
				"%s is no file that this program wrote: move it away and start "
				"again (a new session follows)",
				path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return complain(error, JVPN_EPERM, "%s belongs to user %u: chown it", path,
				(unsigned)st.st_uid);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return complain(error, JVPN_EPERM,
				"%s holds session keys and is open to other users (mode %04o); if "
				"nobody read it run: chmod 600 %s",
				path, (unsigned)(st.st_mode & 07777), path);
	return 0;
}

int jvpn_statedir_read(const struct jvpn_statedir *state, uint8_t *data, size_t size, size_t *len,
		       char error[JVPN_STATEDIR_ERROR_MAX])
{
	int fd = open(state->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	ssize_t n = 1;
	int err;

	if (fd < 0 && errno == ENOENT)
		return JVPN_ENOTFOUND;
	if (fd < 0)
		return complain(error, errno_to_err(errno), "cannot read %s: %s", state->path,
				strerror(errno));
	err = check_file(state->path, fd, size, error);
	for (*len = 0; !err && n > 0 && *len < size;) {
		n = read(fd, data + *len, size - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			err = complain(error, JVPN_EIO, "cannot read %s: %s", state->path,
				       strerror(errno));
	}
	close(fd);
	return err;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Only the holder of the lock writes: a temporary file that is there is a killed writer's. */
static int write_temporary(const char *path, const void *data, size_t len)
{
	int fd, rv;

	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	rv = write_all(fd, data, len);
	if (!rv && fsync(fd))
		rv = -errno;
	if (close(fd) && !rv)
		rv = -errno;
	if (rv)
		unlink(path);
	return rv;
}

/* A name is durable only when its directory is. */
static int sync_directory(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, rv = 0;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	fd = open(dir[0] ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd))
		rv = -errno;
	close(fd);
	return rv;
}

int jvpn_statedir_write(const char *path, const void *data, size_t len)
{
	char temporary[PATH_MAX];
	int n = snprintf(temporary, sizeof(temporary), "%s" TEMPORARY, path), rv;

	if (n < 0 || (size_t)n >= sizeof(temporary))
		return -ENAMETOOLONG;
	rv = write_temporary(temporary, data, len);
	if (rv)
		return rv;
	if (rename(temporary, path)) {
		rv = -errno;
		unlink(temporary);
		return rv;
	}
	return sync_directory(path);
}

int jvpn_statedir_remove(const char *path)
{
	char temporary[PATH_MAX];
	int n = snprintf(temporary, sizeof(temporary), "%s" TEMPORARY, path);

	/* A killed writer's holds the same keys. */
	if (n > 0 && (size_t)n < sizeof(temporary))
		(void)unlink(temporary);
	if (unlink(path))
		return errno == ENOENT ? 0 : -errno;
	return sync_directory(path);
}
