/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One secret in one file: raw octets, mode 0600, written so that a crash leaves the old file or the
 * new one. Never prints a secret; its error text names the file and what to do.
 */
#ifndef JVPN_CRYPTO_KEYFILE_H
#define JVPN_CRYPTO_KEYFILE_H

#include <stddef.h>

#include "crypto/secret.h"

#define JVPN_KEYFILE_ERROR_MAX 256

/* Reads exactly 'len' octets. Refused: not a regular file, readable or writable by group or others,
 * another owner than this process or root, another length, all zero. JVPN_ENOTFOUND, JVPN_EPERM,
 * JVPN_EMALFORMED, JVPN_EIO; 'error' (may be NULL) gets a sentence. */
int jvpn_keyfile_load(const char *path, size_t len, struct jvpn_secret *out, char *error,
		      size_t error_size);
/* Writes a temporary file beside it (O_EXCL, 0600), syncs it, renames it and syncs the directory.
 * Replaces an older file. JVPN_EPERM, JVPN_EIO, JVPN_EINVAL. */
int jvpn_keyfile_store(const char *path, const struct jvpn_secret *secret, char *error,
		       size_t error_size);
/* Loads it; creates it with fresh random octets when (and only when) it does not exist. Two
 * processes at once end up with the same key. */
int jvpn_keyfile_load_or_create(const char *path, size_t len, struct jvpn_secret *out, char *error,
				size_t error_size);

#endif
