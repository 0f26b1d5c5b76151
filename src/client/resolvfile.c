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
	out->mode = st->st_mode & 0777;
	out->uid = st->st_uid;
	out->gid = st->st_gid;
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

bool jvpn_resolvfile_is_ours(const struct jvpn_resolvfile *file,
			     char device[JVPN_RESOLVFILE_DEVICE_MAX + 1])
{
	device[0] = '\0';
	return file->kind == JVPN_RESOLVFILE_FILE &&
	       sscanf(file->text, JVPN_RESOLVFILE_MARK " wrote this for %15[A-Za-z0-9._-];",
		      device) == 1;
}

/* ---- one in another ---- */

/* Behind our lines: kind, mode and owner of what was there, then its text, each line behind one of the two:
 * the second is of a last line that does not end. */
#define BEFORE "\n# jvpn-before: "
#define LINE   "#| "
#define REST   "#\\ "

static const char *const kinds[] = {
	[JVPN_RESOLVFILE_NONE] = "none",
	[JVPN_RESOLVFILE_FILE] = "file",
	[JVPN_RESOLVFILE_LINK] = "link",
};

int jvpn_resolvfile_wrap(const char *device, const char *lines,
			 const struct jvpn_resolvfile *before, struct jvpn_resolvfile *out)
{
	size_t size = sizeof(out->text), len;

	memset(out, 0, sizeof(*out));
	out->kind = JVPN_RESOLVFILE_FILE;
	out->mode = MODE_DEFAULT;
	len = (size_t)snprintf(
		out->text, size,
		JVPN_RESOLVFILE_MARK
		" wrote this for %s; what was here is below and comes back at its end\n%s" BEFORE
		"%s %o %u %u\n",
		device, lines, kinds[before->kind], (unsigned)before->mode & 0777, before->uid,
		before->gid);
	for (const char *c = before->text; *c && len < size;) {
		size_t n = strcspn(c, "\n");
		bool ends = c[n] == '\n';

		len += (size_t)snprintf(out->text + len, size - len, "%s%.*s\n", ends ? LINE : REST,
					(int)n, c);
		c += n + ends;
	}
	return len < size ? 0 : JVPN_ERANGE;
}

static void take_lines(const char *from, char *to)
{
	while (*from) {
		size_t n = strcspn(from, "\n");
		bool is_line = strncmp(from, LINE, strlen(LINE)) == 0;

		if (is_line || strncmp(from, REST, strlen(REST)) == 0) {
			memmove(to, from + strlen(LINE), n - strlen(LINE));
			to += n - strlen(LINE);
			if (is_line)
				*to++ = '\n';
		}
		from += n + (from[n] == '\n');
	}
	*to = '\0';
}

int jvpn_resolvfile_unwrap(struct jvpn_resolvfile *file)
{
	char device[JVPN_RESOLVFILE_DEVICE_MAX + 1], word[8];
	const char *head;
	unsigned mode, uid, gid, kind = 0;

	if (!jvpn_resolvfile_is_ours(file, device))
		return JVPN_EMALFORMED;
	head = strstr(file->text, BEFORE);
	if (!head || sscanf(head + strlen(BEFORE), "%7s %o %u %u", word, &mode, &uid, &gid) != 4 ||
	    mode > 0777)
		return JVPN_EMALFORMED;
	while (kind < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[kind], word) != 0)
		kind++;
	if (kind == sizeof(kinds) / sizeof(kinds[0]))
		return JVPN_EMALFORMED;
	file->kind = (enum jvpn_resolvfile_kind)kind;
	file->mode = mode;
	file->uid = uid;
	file->gid = gid;
	take_lines(head + 1, file->text);
	memset(file->text + strlen(file->text), 0, sizeof(file->text) - strlen(file->text));
	return 0;
}

/* ---- on disk ---- */

static int write_all(int fd, const struct jvpn_resolvfile *file)
{
	size_t len = strlen(file->text);

	if (write(fd, file->text, len) != (ssize_t)len)
		return errno ? errno : ENOSPC;
	return fsync(fd) == 0 ? 0 : errno;
}

static int end(int fd, int err)
{
	if (close(fd) != 0 && !err)
		err = errno;
	errno = err;
	return err ? JVPN_EIO : 0;
}

static int write_new(const char *path, const struct jvpn_resolvfile *file)
{
	mode_t mode = file->mode ? file->mode : MODE_DEFAULT;
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL, mode), err = 0;

	if (fd < 0)
		return JVPN_EIO;
	/* Without the right to give files away it is ours. */
	if (file->uid != geteuid() || file->gid != getegid())
		(void)!fchown(fd, file->uid, file->gid);
	if (fchmod(fd, mode) != 0)
		err = errno;
	return end(fd, err ? err : write_all(fd, file));
}

/* Where there is not enough space it stays as it is. */
static int write_over(const char *path, const struct jvpn_resolvfile *file)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), err;
	off_t len = (off_t)strlen(file->text);
	struct stat st;

	if (fd < 0)
		return JVPN_EIO;
	if (fstat(fd, &st) != 0)
		return end(fd, errno);
	err = len > st.st_size ? posix_fallocate(fd, 0, len) : 0;
	if (err)
		(void)!ftruncate(fd, st.st_size);
	else
		err = write_all(fd, file);
	if (!err && ftruncate(fd, len) != 0)
		err = errno;
	return end(fd, err);
}

static int make_new(const char *path, const struct jvpn_resolvfile *file)
{
	(void)unlink(path);
	if (file->kind == JVPN_RESOLVFILE_LINK)
		return symlink(file->text, path) == 0 ? 0 : JVPN_EIO;
	return write_new(path, file);
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
		return write_over(path, file);
	return JVPN_EIO;
}
