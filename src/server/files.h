/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Small files that the server's commands read and write as a whole. Not for the running server.
 */
#ifndef JVPN_SERVER_FILES_H
#define JVPN_SERVER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct jvpn_files_text {
	char *data; /* owned, NUL behind it */
	size_t len;
};

/* Reads a regular file of at most 'max' octets. JVPN_ENOTFOUND, JVPN_EPERM, JVPN_EIO, JVPN_ENOMEM,
 * JVPN_ERANGE; 'error' gets a sentence. */
int jvpn_files_read(const char *path, size_t max, struct jvpn_files_text *out, char *error,
		    size_t error_size);
/* Wipes and frees. */
void jvpn_files_clear(struct jvpn_files_text *text);
/* Writes it whole or not at all: a temporary file beside it, synced, renamed, the directory synced.
 * The mode is as given whatever the umask. Without 'replace' an existing file is left alone:
 * JVPN_EEXISTS. JVPN_EPERM, JVPN_EIO; 'error' gets a sentence. */
int jvpn_files_write(const char *path, const struct jvpn_files_text *text, mode_t mode,
		     bool replace, char *error, size_t error_size);

#endif
