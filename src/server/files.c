/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading and atomic writing of small files.
 */
#include "server/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/wipe.h"

static int fail(const char *what, const char *path, char *error, size_t size)
{
	int code = errno;

	snprintf(error, size, "cannot %s %s: %s", what, path, strerror(code));
	if (code == ENOENT)
		return JVPN_ENOTFOUND;
	if (code == EEXIST)
		return JVPN_EEXISTS;
	return code == EACCES || code == EPERM || code == EROFS ? JVPN_EPERM : JVPN_EIO;
}

static int read_fd(int fd, size_t max, struct jvpn_files_text *out)
{
	out->data = malloc(max + 1);
	if (out->data == NULL)
		return JVPN_ENOMEM;
	while (out->len < max) {
		ssize_t n = read(fd, out->data + out->len, max - out->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return JVPN_EIO;
		if (n == 0)
			break;
		out->len += (size_t)n;
	}
	out->data[out->len] = '\0';
	return 0;
}

int jvpn_files_read(const char *path, size_t max, struct jvpn_files_text *out, char *error,
		    size_t error_size)
{
	struct stat st;
	int fd, err;

	*out = (struct jvpn_files_text){0};
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fail("read", path, error, error_size);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uintmax_t)st.st_size > max) {
		snprintf(error, error_size, "%s is no regular file of at most %zu octets", path,
			 max);
		close(fd);
		return JVPN_ERANGE;
	}
	err = read_fd(fd, max, out);
	if (err != 0) {
		fail("read", path, error, error_size);
		jvpn_files_clear(out);
	}
	close(fd);
	return err;
}

void jvpn_files_clear(struct jvpn_files_text *text)
{
	if (text->data != NULL)
		jvpn_wipe(text->data, text->len);
	free(text->data);
	*text = (struct jvpn_files_text){0};
}

static int write_fd(int fd, const struct jvpn_files_text *text, mode_t mode)
{
	size_t done = 0;

	if (fchmod(fd, mode) != 0)
		return -1;
	while (done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return fsync(fd);
}

/* The new name survives a crash only with its directory. */
static void sync_directory(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	if (slash == NULL)
		snprintf(dir, sizeof(dir), ".");
	else
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* link(2) refuses an existing name, rename(2) replaces it. */
static int put_in_place(const char *temporary, const char *path, bool replace)
{
	if (replace)
		return rename(temporary, path);
	if (link(temporary, path) != 0)
		return -1;
	unlink(temporary);
	return 0;
}

int jvpn_files_write(const char *path, const struct jvpn_files_text *text, mode_t mode,
		     bool replace, char *error, size_t error_size)
{
	char temporary[PATH_MAX];
	int n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	int fd, err = 0;

	if (n < 0 || (size_t)n >= sizeof(temporary)) {
		snprintf(error, error_size, "the path %.64s... is too long", path);
		return JVPN_EIO;
	}
	fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return fail("write", path, error, error_size);
	if (write_fd(fd, text, mode) != 0 || put_in_place(temporary, path, replace) != 0) {
		err = fail("write", path, error, error_size);
		unlink(temporary);
	}
	close(fd);
	if (err == 0)
		sync_directory(path);
	return err;
}
