/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Four lines, then resolv.conf as it was.
 */
#include "client/dnsjournal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define HEAD     "jvpn-dns-journal 1"
#define FILE_MAX (JVPN_RESOLVFILE_TEXT_MAX + 256)

static const char *const modes[JVPN_DNS_MODE_COUNT] = {
	[JVPN_DNS_OFF] = "off",
	[JVPN_DNS_AUTO] = "auto",
	[JVPN_DNS_RESOLVECTL] = "resolvectl",
	[JVPN_DNS_RESOLVCONF] = "resolvconf",
	[JVPN_DNS_FILE] = "file",
};
static const char *const kinds[] = {
	[JVPN_RESOLVFILE_NONE] = "none",
	[JVPN_RESOLVFILE_FILE] = "file",
	[JVPN_RESOLVFILE_LINK] = "link",
};

const char *jvpn_dns_mode_name(enum jvpn_dns_mode mode)
{
	return modes[mode];
}

static bool find(const char *const *words, size_t count, const char *word, unsigned *out)
{
	for (unsigned i = 0; word && i < count; i++)
		if (strcmp(words[i], word) == 0) {
			*out = i;
			return true;
		}
	return false;
}

/* A name that is put into commands. */
static bool device_is_valid(const char *name)
{
	return name && name[0] && name[0] != '-' && strlen(name) <= JVPN_DNSJOURNAL_DEVICE_MAX &&
	       name[strspn(name,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] ==
		       '\0';
}

static bool take_mode(const char *text, mode_t *out)
{
	char *end = NULL;
	unsigned long v = text ? strtoul(text, &end, 8) : 0;

	*out = (mode_t)v;
	return text && *text && *end == '\0' && v <= 0777;
}

static int decode(char *text, struct jvpn_dnsjournal *out)
{
	char *rest = text;
	const char *line;
	unsigned mode, kind;

	line = strsep(&rest, "\n");
	if (strcmp(line, HEAD) != 0 ||
	    !find(modes, JVPN_DNS_MODE_COUNT, strsep(&rest, "\n"), &mode) ||
	    mode < JVPN_DNS_RESOLVECTL)
		return JVPN_EMALFORMED;
	line = strsep(&rest, "\n");
	if (!device_is_valid(line))
		return JVPN_EMALFORMED;
	snprintf(out->device, sizeof(out->device), "%s", line);
	if (!find(kinds, sizeof(kinds) / sizeof(kinds[0]), strsep(&rest, "\n"), &kind) ||
	    !take_mode(strsep(&rest, "\n"), &out->before.mode) || !rest ||
	    strlen(rest) > JVPN_RESOLVFILE_TEXT_MAX)
		return JVPN_EMALFORMED;
	out->mode = (enum jvpn_dns_mode)mode;
	out->before.kind = (enum jvpn_resolvfile_kind)kind;
	memcpy(out->before.text, rest, strlen(rest) + 1);
	return 0;
}

/* It makes us run programs and write /etc/resolv.conf: it must be a file that only we can write. */
static int read_checked(int fd, char text[FILE_MAX + 1])
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return JVPN_EIO;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || st.st_size > FILE_MAX)
		return JVPN_EMALFORMED;
	n = read(fd, text, FILE_MAX);
	if (n < 0)
		return JVPN_EIO;
	text[n] = '\0';
	return strlen(text) == (size_t)n ? 0 : JVPN_EMALFORMED;
}

int jvpn_dnsjournal_load(const char *path, struct jvpn_dnsjournal *out)
{
	char text[FILE_MAX + 1];
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rv;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return errno == ENOENT ? 0 : errno == ELOOP ? JVPN_EMALFORMED : JVPN_EIO;
	rv = read_checked(fd, text);
	close(fd);
	if (!rv)
		rv = decode(text, out);
	if (rv)
		memset(out, 0, sizeof(*out));
	return rv;
}

int jvpn_dnsjournal_save(const char *path, const struct jvpn_dnsjournal *journal)
{
	char fresh[PATH_MAX], text[FILE_MAX + 1];
	int n, fd, err = 0;

	if (journal->mode == JVPN_DNS_OFF)
		return unlink(path) == 0 || errno == ENOENT ? 0 : JVPN_EIO;
	snprintf(fresh, sizeof(fresh), "%s.tmp", path);
	n = snprintf(text, sizeof(text), "%s\n%s\n%s\n%s\n%03o\n%s", HEAD, modes[journal->mode],
		     journal->device, kinds[journal->before.kind],
		     (unsigned)journal->before.mode & 0777, journal->before.text);
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return JVPN_EIO;
	if (write(fd, text, (size_t)n) != n)
		err = errno ? errno : ENOSPC;
	if (close(fd) != 0 && !err)
		err = errno;
	if (!err && rename(fresh, path) != 0)
		err = errno;
	if (err)
		(void)unlink(fresh);
	errno = err;
	return err ? JVPN_EIO : 0;
}
