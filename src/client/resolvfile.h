/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * /etc/resolv.conf as a thing that can be taken away and put back: a file, a link (systemd-resolved,
 * resolvconf), or nothing. What we write holds in comments what was there before, so that nothing else has
 * to survive a reboot; several clients stand one on another.
 */
#ifndef JVPN_CLIENT_RESOLVFILE_H
#define JVPN_CLIENT_RESOLVFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define JVPN_RESOLVFILE_TEXT_MAX   16383
#define JVPN_RESOLVFILE_DEVICE_MAX 15
/* The first line of what we write begins with it. */
#define JVPN_RESOLVFILE_MARK "# jvpn-client"

enum jvpn_resolvfile_kind {
	JVPN_RESOLVFILE_NONE = 0, /* there is none */
	JVPN_RESOLVFILE_FILE,
	JVPN_RESOLVFILE_LINK
};

struct jvpn_resolvfile {
	enum jvpn_resolvfile_kind kind;
	mode_t mode; /* FILE, like the owner */
	uid_t uid;
	gid_t gid;
	char text[JVPN_RESOLVFILE_TEXT_MAX + 1]; /* its text, or where the link leads */
};

/* JVPN_EIO with errno; JVPN_ERANGE: too long, or no text. */
int jvpn_resolvfile_read(const char *path, struct jvpn_resolvfile *out);
/* Did we write what is there now, and for which device? */
bool jvpn_resolvfile_is_ours(const struct jvpn_resolvfile *file,
			     char device[JVPN_RESOLVFILE_DEVICE_MAX + 1]);
/* A file of ours with these lines, and 'before' in it. JVPN_ERANGE: too long. */
int jvpn_resolvfile_wrap(const char *device, const char *lines,
			 const struct jvpn_resolvfile *before, struct jvpn_resolvfile *out);
/* From a file of ours to the one in it. JVPN_EMALFORMED: there is none, nothing is changed. */
int jvpn_resolvfile_unwrap(struct jvpn_resolvfile *file);
/* Puts this in its place, in one step where the file system can (not where the file itself is a mount, as in
 * containers). JVPN_EIO with errno. */
int jvpn_resolvfile_replace(const char *path, const struct jvpn_resolvfile *file);

#endif
