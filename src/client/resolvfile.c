/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file of resolvfile.h.
 */
#include "client/resolvfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define MODE_DEFAULT 0644

static int read_link(const char *path, struct jvpn_resolvfile *out)
{
	ssize_t n = readlink(path, out->text, JVPN_RESOLVFILE_TEXT_MAX);

	if (n < 0)
		return JVPN_EIO;
	out->text[n] = '\0';
	out->kind = JVPN_RESOLVFILE_LINK;
	return 0;
}

static int read_file(const char *path, const struct stat *st, struct jvpn_resolvfile *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return JVPN_EIO;
	while (n > 0 && len <= JVPN_RESOLVFILE_TEXT_MAX) {
		n = read(fd, out->text + len, JVPN_RESOLVFILE_TEXT_MAX + 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (n < 0)
		return JVPN_EIO;
	if (len > JVPN_RESOLVFILE_TEXT_MAX)
		return JVPN_ERANGE;
	out->text[len] = '\0';
	out->kind = JVPN_RESOLVFILE_FILE;
	out->mode = st->st_mode & 07777;
	return strlen(out->text) == len ? 0 : JVPN_ERANGE;
}

int jvpn_resolvfile_read(const char *path, struct jvpn_resolvfile *out)
{
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : JVPN_EIO;
	if (S_ISLNK(st.st_mode))
		return read_link(path, out);
	return S_ISREG(st.st_mode) ? read_file(path, &st, out) : JVPN_ERANGE;
}

bool jvpn_resolvfile_is_ours_text(const char *text)
{
	return strncmp(text, JVPN_RESOLVFILE_MARK, strlen(JVPN_RESOLVFILE_MARK)) == 0;
}

bool jvpn_resolvfile_is_ours(const struct jvpn_resolvfile *file)
{
	return file->kind == JVPN_RESOLVFILE_FILE && jvpn_resolvfile_is_ours_text(file->text);
}

static int write_text(const char *path, int flags, const struct jvpn_resolvfile *file)
{
	mode_t mode = file->mode ? file->mode : MODE_DEFAULT;
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, mode), err = 0;
	size_t len = strlen(file->text);

	if (fd < 0)
		return JVPN_EIO;
	if ((flags & O_CREAT) && fchmod(fd, mode) != 0)
		err = errno;
	if (!err && write(fd, file->text, len) != (ssize_t)len)
		err = errno ? errno : ENOSPC;
	if (close(fd) != 0 && !err)
		err = errno;
	errno = err;
	return err ? JVPN_EIO : 0;
}

static int make_new(const char *path, const struct jvpn_resolvfile *file)
{
	(void)unlink(path);
	if (file->kind == JVPN_RESOLVFILE_LINK)
		return symlink(file->text, path) == 0 ? 0 : JVPN_EIO;
	return write_text(path, O_CREAT | O_EXCL, file);
}

int jvpn_resolvfile_replace(const char *path, const struct jvpn_resolvfile *file)
{
	char fresh[PATH_MAX];
	int n = snprintf(fresh, sizeof(fresh), "%s.jvpn", path), err;

	if (file->kind == JVPN_RESOLVFILE_NONE)
		return unlink(path) == 0 || errno == ENOENT ? 0 : JVPN_EIO;
	if (n < 0 || (size_t)n >= sizeof(fresh)) {
		errno = ENAMETOOLONG;
		return JVPN_EIO;
	}
	if (make_new(fresh, file) == 0 && rename(fresh, path) == 0)
		return 0;
	err = errno;
	(void)unlink(fresh);
	errno = err;
	/* A mount of its own can only be written over, and a directory may be closed to new files. */
	if (file->kind == JVPN_RESOLVFILE_FILE && (err == EBUSY || err == EACCES || err == EROFS))
		return write_text(path, O_TRUNC, file);
	return JVPN_EIO;
}
