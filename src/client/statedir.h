/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's state directory: one file per server and node, its lock, and the way it is read,
 * replaced and removed. Knows nothing of what is in the file.
 *
 * Two files: NAME.session (mode 0600, replaced as a whole) and NAME.lock (empty, locked with
 * fcntl() by the client that runs; the kernel gives it back however that client ends).
 */
#ifndef JVPN_CLIENT_STATEDIR_H
#define JVPN_CLIENT_STATEDIR_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JVPN_STATEDIR_ERROR_MAX (PATH_MAX + 256)

/* Whose session it is. Borrowed for the call. */
struct jvpn_statedir_owner {
	const char *server_name;
	const uint8_t *ca_digest; /* JVPN_SHA256_BYTES */
	const char *node_id;
};

/* Owner: the client. At most one per process and name: fcntl() locks are the process's. */
struct jvpn_statedir {
	int lock_fd; /* -1: not open */
	char path[PATH_MAX];
	char lock_path[PATH_MAX];
};

/* Makes the directory (mode 0700, parents 0755) where it is missing, checks that nobody else can
 * look into it, and takes the lock. 'error' gets a sentence that names what is wrong and what to do.
 * JVPN_EBUSY: another client has it, *holder is its pid (0 unknown); JVPN_EPERM (mode, owner,
 * access), JVPN_EINVAL (path too long), JVPN_EIO. */
int jvpn_statedir_open(const char *dir, const struct jvpn_statedir_owner *owner,
		       struct jvpn_statedir *out, pid_t *holder,
		       char error[JVPN_STATEDIR_ERROR_MAX]);
/* Gives the lock back. Files stay. */
void jvpn_statedir_close(struct jvpn_statedir *state);
/* Reads the whole file. JVPN_ENOTFOUND: there is none; JVPN_EMALFORMED: no regular file, or larger
 * than 'size'; JVPN_EPERM: open to others or not ours; JVPN_EIO. */
int jvpn_statedir_read(const struct jvpn_statedir *state, uint8_t *data, size_t size, size_t *len,
		       char error[JVPN_STATEDIR_ERROR_MAX]);
/* Replaces the file: a temporary one beside it, synced, renamed, the directory synced. Killed at any
 * point, the old file or the new one is there. 0 or -errno. Blocks as long as the disk does. */
int jvpn_statedir_write(const char *path, const void *data, size_t len);
/* Removes the file and syncs the directory; none is fine. 0 or -errno. */
int jvpn_statedir_remove(const char *path);

#endif
