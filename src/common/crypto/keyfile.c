/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Secret files. What is on disk is checked through the open descriptor, never by name twice.
 */
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/ct.h"
#include "crypto/random.h"
#include "crypto/wipe.h"

/* Where the sentence for a failure goes; text may be NULL. */
struct complaint {
	char *text;
	size_t size;
};

static int __attribute__((format(printf, 3, 4)))
complain(const struct complaint *c, int err, const char *fmt, ...)
{
	va_list ap;

	if (!c->text || c->size == 0)
		return err;
	va_start(ap, fmt);
	vsnprintf(c->text, c->size, fmt, ap);
	va_end(ap);
	return err;
}

static int errno_to_err(int code)
{
	if (code == ENOENT)
		return JVPN_ENOTFOUND;
	if (code == EACCES || code == EPERM || code == EROFS)
		return JVPN_EPERM;
	return code == EEXIST ? JVPN_EEXISTS : JVPN_EIO;
}

/* "" for a name without a slash: the working directory. */
static void directory_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 0;

	snprintf(out, PATH_MAX, "%.*s", len, path);
	if (!len)
		snprintf(out, PATH_MAX, "%s", slash ? "/" : ".");
}

/* Ours, root's; for root also that of the user whose directory it lies in: he runs the service, and root
 * looks after it. */
static bool has_good_owner(const char *path, const struct stat *st)
{
	char dir[PATH_MAX];
	struct stat around;

	if (st->st_uid == geteuid() || st->st_uid == 0)
		return true;
	if (geteuid() != 0)
		return false;
	directory_of(path, dir);
	return stat(dir, &around) == 0 && around.st_uid == st->st_uid;
}

static int check_stat(const char *path, const struct stat *st, size_t len,
		      const struct complaint *c)
{
	if (!S_ISREG(st->st_mode))
		return complain(c, JVPN_EMALFORMED, "%s is not a regular file; remove it", path);
	if (!has_good_owner(path, st))
		return complain(c, JVPN_EPERM,
				"%s belongs to user %u; it must belong to the user the program "
				"runs as: chown it",
				path, (unsigned int)st->st_uid);
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return complain(c, JVPN_EPERM,
				"%s is open to other users (mode %04o); if nobody read it run: "
				"chmod 600 %s",
				path, (unsigned int)(st->st_mode & 07777), path);
	if (st->st_size < 0 || (size_t)st->st_size != len)
		return complain(c, JVPN_EMALFORMED,
				"%s has %lld octets instead of %zu; restore it from a backup, or "
				"remove it to get a new key",
				path, (long long)st->st_size, len);
	return 0;
}

/* Reads until 'len' octets are there. */
static int read_all(int fd, uint8_t *out, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, out + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return JVPN_EIO;
		if (n == 0)
			return JVPN_ETRUNCATED;
		have += (size_t)n;
	}
	return 0;
}

static int load_open(const char *path, int fd, struct jvpn_secret *out, size_t len,
		     const struct complaint *c)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return complain(c, JVPN_EIO, "%s: %s", path, strerror(errno));
	err = check_stat(path, &st, len, c);
	if (err)
		return err;
	err = read_all(fd, out->b, len);
	if (err)
		return complain(c, err, "%s cannot be read: %s", path, jvpn_err_text(err));
	if (jvpn_ct_is_zero(out->b, len))
		return complain(c, JVPN_EMALFORMED,
				"%s holds only zeros and is no key; restore it from a backup, or "
				"remove it to get a new key",
				path);
	out->len = (uint8_t)len;
	return 0;
}

int jvpn_keyfile_load(const char *path, size_t len, struct jvpn_secret *out, char *error,
		      size_t error_size)
{
	const struct complaint c = {error, error_size};
	int fd, err;

	jvpn_secret_clear(out);
	if (len == 0 || len > JVPN_SECRET_MAX)
		return complain(&c, JVPN_EINVAL, "%s: keys of %zu octets do not exist", path, len);
	/* O_NONBLOCK: a FIFO in the place of the key must not stop the start. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		int code = errno;

		if (code == ELOOP)
			return complain(&c, JVPN_EPERM,
					"%s is a symbolic link; put the key itself "
					"there",
					path);
		return complain(&c, errno_to_err(code), "%s cannot be opened: %s", path,
				strerror(code));
	}
	err = load_open(path, fd, out, len, &c);
	close(fd);
	if (err)
		jvpn_secret_clear(out);
	return err;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return JVPN_EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* "<path>.<random>": two writers never share a temporary file, so O_EXCL never fails for good. */
static int temporary_name(const char *path, char out[PATH_MAX])
{
	uint8_t random[8];
	int n;

	if (jvpn_random(random, sizeof(random)))
		return JVPN_EIO;
	n = snprintf(out, PATH_MAX, "%s.%02x%02x%02x%02x%02x%02x%02x%02x", path, random[0],
		     random[1], random[2], random[3], random[4], random[5], random[6], random[7]);
	return n > 0 && n < PATH_MAX ? 0 : JVPN_EINVAL;
}

static int write_temporary(const char *path, const struct jvpn_secret *secret,
			   const struct complaint *c)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = 0;

	if (fd < 0)
		return complain(c, errno_to_err(errno),
				"%s cannot be created: %s; the directory must exist and be "
				"writable",
				path, strerror(errno));
	if (fchmod(fd, 0600) || write_all(fd, secret->b, secret->len) || fsync(fd))
		err = complain(c, JVPN_EIO, "%s cannot be written: %s", path, strerror(errno));
	if (close(fd) && !err)
		err = complain(c, JVPN_EIO, "%s cannot be written: %s", path, strerror(errno));
	if (err)
		unlink(path);
	return err;
}

/* The name is durable only when the directory is. */
static int sync_directory(const char *path, const struct complaint *c)
{
	char dir[PATH_MAX];
	int fd, err = 0;

	directory_of(path, dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		err = complain(c, JVPN_EIO, "the directory of %s cannot be synced: %s", path,
			       strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}

/* Writes the secret under a temporary name and moves it to its place by 'move' (rename, or link for
 * "only if nothing is there"). */
static int place(const char *path, const struct jvpn_secret *secret,
		 int (*move)(const char *from, const char *to), const struct complaint *c)
{
	char temporary[PATH_MAX];
	int err;

	if (!jvpn_secret_is_set(secret) || jvpn_ct_is_zero(secret->b, secret->len))
		return complain(c, JVPN_EINVAL, "%s: there is no key to be written", path);
	err = temporary_name(path, temporary);
	if (err)
		return complain(c, err, "%s: the name is too long or there is no randomness", path);
	err = write_temporary(temporary, secret, c);
	if (err)
		return err;
	if (move(temporary, path))
		err = complain(c, errno_to_err(errno), "%s cannot be put in place: %s", path,
			       strerror(errno));
	if (err || move == link)
		unlink(temporary);
	return err ? err : sync_directory(path, c);
}

int jvpn_keyfile_store(const char *path, const struct jvpn_secret *secret, char *error,
		       size_t error_size)
{
	const struct complaint c = {error, error_size};

	return place(path, secret, rename, &c);
}

int jvpn_keyfile_load_or_create(const char *path, size_t len, struct jvpn_secret *out, char *error,
				size_t error_size)
{
	const struct complaint c = {error, error_size};
	int err = jvpn_keyfile_load(path, len, out, error, error_size);

	if (err != JVPN_ENOTFOUND)
		return err;
	err = jvpn_secret_generate(out, len);
	if (err)
		return complain(&c, err, "%s: the kernel gives no random octets", path);
	err = place(path, out, link, &c);
	/* Whoever was first has made the key; take what is there now in either case. */
	jvpn_secret_clear(out);
	if (err && err != JVPN_EEXISTS)
		return err;
	return jvpn_keyfile_load(path, len, out, error, error_size);
}
