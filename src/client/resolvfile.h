/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * /etc/resolv.conf as a thing that can be taken away and put back: a file, a link (systemd-resolved,
 * resolvconf), or nothing. Knows nothing of tunnels.
 */
#ifndef JVPN_CLIENT_RESOLVFILE_H
#define JVPN_CLIENT_RESOLVFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define JVPN_RESOLVFILE_TEXT_MAX 16383
/* The first line of what we write begins with it. */
#define JVPN_RESOLVFILE_MARK "# jvpn-client"

enum jvpn_resolvfile_kind {
	JVPN_RESOLVFILE_NONE = 0, /* there is none */
	JVPN_RESOLVFILE_FILE,
	JVPN_RESOLVFILE_LINK
};

struct jvpn_resolvfile {
	enum jvpn_resolvfile_kind kind;
	mode_t mode;                             /* FILE */
	char text[JVPN_RESOLVFILE_TEXT_MAX + 1]; /* its text, or where the link leads */
};

/* JVPN_EIO with errno; JVPN_ERANGE: too long, or no text. */
int jvpn_resolvfile_read(const char *path, struct jvpn_resolvfile *out);
/* Did we write what is there now? */
bool jvpn_resolvfile_is_ours(const struct jvpn_resolvfile *file);
bool jvpn_resolvfile_is_ours_text(const char *text);
/* Puts this in its place, in one step where the file system can (not where the file itself is a mount, as in
 * containers). JVPN_EIO with errno. */
int jvpn_resolvfile_replace(const char *path, const struct jvpn_resolvfile *file);

#endif
