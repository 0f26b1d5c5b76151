/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading configuration files. Trusts neither the path nor the content.
 */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define MODE_EXPOSED (S_IRWXG | S_IRWXO)

/* Opens without ever waiting (a FIFO would) and insists on a regular file. */
static int open_regular(const char *path, struct stat *st, struct jvpn_report *report)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		bool perm = errno == EACCES || errno == EPERM;

		jvpn_report_add(report, perm ? JVPN_EXIT_PERMISSION : JVPN_EXIT_CONFIG, path, 0, 0,
				"expected a readable file, got: %s", strerror(errno));
		return perm ? JVPN_EPERM : JVPN_ECONFIG;
	}
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	jvpn_report_add(report, JVPN_EXIT_CONFIG, path, 0, 0, "expected a regular file, got %s",
			S_ISDIR(st->st_mode)    ? "a directory"
			: S_ISFIFO(st->st_mode) ? "a FIFO"
						: "something else");
	close(fd);
	return JVPN_ECONFIG;
}

/* Reads until the end or until max bytes are there; -1 with errno set. */
static ssize_t read_up_to(int fd, char *data, size_t max)
{
	size_t have = 0;

	while (have < max) {
		ssize_t n = read(fd, data + have, max - have);

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static bool is_changed(int fd, const struct stat *before, size_t size)
{
	struct stat now;

	return fstat(fd, &now) != 0 || (uint64_t)now.st_size != size ||
	       now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

/* Length of the UTF-8 sequence at p, 0 when it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (len == 0 || p[0] > 0xf4 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static int check_text(const char *path, const struct jvpn_config_file *file,
		      struct jvpn_report *report)
{
	const unsigned char *p = (const unsigned char *)file->data;
	unsigned line = 1, column = 1;

	if (file->size >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff))) {
		jvpn_report_add(report, JVPN_EXIT_CONFIG, path, 1, 1, "expected UTF-8, got UTF-16");
		return JVPN_ECONFIG;
	}
	for (size_t i = 0, len; i < file->size; i += len) {
		len = utf8_length(p + i, file->size - i);
		if (len == 0 || p[i] == 0) {
			jvpn_report_add(report, JVPN_EXIT_CONFIG, path, line, column,
					"expected UTF-8 text, got the byte 0x%02x", p[i]);
			return JVPN_ECONFIG;
		}
		column = p[i] == '\n' ? 1 : column + 1;
		line += p[i] == '\n';
	}
	return 0;
}

static int read_open_file(int fd, const char *path, const struct stat *st,
			  struct jvpn_config_file *out, struct jvpn_report *report)
{
	ssize_t n = read_up_to(fd, out->data, JVPN_CONFIG_FILE_MAX + 1);

	if (n < 0) {
		jvpn_report_add(report, JVPN_EXIT_CONFIG, path, 0, 0,
				"expected a readable file, got: %s", strerror(errno));
		return JVPN_ECONFIG;
	}
	if (n > JVPN_CONFIG_FILE_MAX) {
		jvpn_report_add(report, JVPN_EXIT_CONFIG, path, 0, 0,
				"expected at most 1 MiB, got more");
		return JVPN_ECONFIG;
	}
	out->size = (size_t)n;
	out->data[out->size] = '\0';
	if (is_changed(fd, st, out->size)) {
		jvpn_report_add(report, JVPN_EXIT_CONFIG, path, 0, 0,
				"the file changed while it was read; try again");
		return JVPN_ECONFIG;
	}
	return check_text(path, out, report);
}

int jvpn_config_file_read(const char *path, struct jvpn_config_file *out,
			  struct jvpn_report *report)
{
	struct stat st;
	int fd, rc;

	memset(out, 0, sizeof(*out));
	fd = open_regular(path, &st, report);
	if (fd < 0)
		return fd;
	out->mode = st.st_mode;
	out->uid = st.st_uid;
	out->data = malloc(JVPN_CONFIG_FILE_MAX + 2);
	rc = out->data ? read_open_file(fd, path, &st, out, report) : JVPN_ENOMEM;
	close(fd);
	if (rc)
		jvpn_config_file_clear(out);
	return rc;
}

void jvpn_config_file_clear(struct jvpn_config_file *file)
{
	if (file->data)
		explicit_bzero(file->data, file->size);
	free(file->data);
	memset(file, 0, sizeof(*file));
}

int jvpn_config_mode_check(const char *path, unsigned mode, char *why, size_t why_size)
{
	if ((mode & MODE_EXPOSED) == 0)
		return 0;
	snprintf(why, why_size,
		 "expected a file that only its owner can read, got %s with mode %04o: "
		 "run chmod 600 %s",
		 path, mode & 07777, path);
	return JVPN_EPERM;
}

/* 0 with *st filled, or -errno; never waits. */
static int stat_readable(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int rc = fd < 0 || fstat(fd, st) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

int jvpn_config_readable_check(const char *path, char *why, size_t why_size)
{
	struct stat st;
	int rc = stat_readable(path, &st);

	if (rc)
		snprintf(why, why_size, "expected a readable file, got %s: %s", path,
			 strerror(-rc));
	else if (!S_ISREG(st.st_mode))
		snprintf(why, why_size, "expected a regular file, got %s, which is none", path);
	else
		return 0;
	return rc == -EACCES || rc == -EPERM ? JVPN_EPERM : JVPN_ECONFIG;
}

int jvpn_config_secret_check(const char *path, char *why, size_t why_size)
{
	struct stat st;

	if (jvpn_config_readable_check(path, why, why_size))
		return JVPN_EPERM;
	if (stat_readable(path, &st)) {
		snprintf(why, why_size, "expected a readable file, got %s, which is gone", path);
		return JVPN_EPERM;
	}
	return jvpn_config_mode_check(path, st.st_mode, why, why_size);
}

int jvpn_config_path_resolve(const char *base_file, const char *path,
			     char out[JVPN_CONFIG_PATH_MAX])
{
	const char *slash = path[0] == '/' || !base_file ? NULL : strrchr(base_file, '/');
	size_t dir = slash ? (size_t)(slash - base_file) + 1 : 0;
	size_t len = strlen(path);

	if (dir + len >= JVPN_CONFIG_PATH_MAX)
		return JVPN_ENOSPACE;
	if (dir)
		memcpy(out, base_file, dir);
	memcpy(out + dir, path, len + 1);
	return 0;
}
