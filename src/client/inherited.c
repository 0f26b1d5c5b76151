/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checks of inherited descriptors.
 */
#include "client/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "config/value.h"

int jvpn_inherited_parse(const char *text, int *fd)
{
	size_t len = strlen(JVPN_INHERITED_PREFIX);
	uint64_t v;
	int rv;

	if (strncmp(text, JVPN_INHERITED_PREFIX, len) != 0)
		return JVPN_EMALFORMED;
	rv = jvpn_value_uint(text + len, &v);
	if (rv)
		return rv;
	if (v < JVPN_INHERITED_MIN || v > JVPN_INHERITED_MAX)
		return JVPN_ERANGE;
	*fd = (int)v;
	return 0;
}

/* A device that is no terminal would take the lines for something else: packets, sound. */
static bool takes_lines(int fd, const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode) ||
	       (S_ISCHR(st->st_mode) && isatty(fd));
}

int jvpn_inherited_check_output(int fd, char *error, size_t error_size)
{
	const char *why = NULL;
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) != 0)
		why = "is not open: the parent has to leave it open without close-on-exec";
	else if (!takes_lines(fd, &st))
		why = "is no pipe, socket, file or terminal";
	else if ((flags & O_ACCMODE) == O_RDONLY)
		why = "is open for reading only: pass the writing end";
	else if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		why = strerror(errno);
	if (!why)
		return 0;
	snprintf(error, error_size, "descriptor %d %s", fd, why);
	return JVPN_EINVAL;
}
