/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loads the server's secrets from one directory; all of them or none.
 */
#include "crypto/keyring.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "crypto/keyfile.h"
#include "crypto/wipe.h"

static int check_directory(const char *dir, char *error, size_t error_size)
{
	struct stat st;

	if (stat(dir, &st)) {
		int code = errno;

		snprintf(error, error_size, "%s: %s; create it: install -d -m 700 %s", dir,
			 strerror(code), dir);
		return code == ENOENT ? JVPN_ENOTFOUND : JVPN_EIO;
	}
	if (!S_ISDIR(st.st_mode)) {
		snprintf(error, error_size, "%s is not a directory", dir);
		return JVPN_EMALFORMED;
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		snprintf(error, error_size,
			 "%s can be written by other users, who could replace keys; run: "
			 "chmod go-w %s",
			 dir, dir);
		return JVPN_EPERM;
	}
	return 0;
}

struct entry {
	const char *file;
	size_t len;
	size_t offset;
};

static const struct entry entries[] = {
#define X(field, file, bytes) {(file), (bytes), offsetof(struct jvpn_keyring, field)},
	JVPN_KEYRING_MAP(X)
#undef X
};

static int load_entry(const char *dir, const struct entry *entry, struct jvpn_keyring *ring,
		      char *error, size_t error_size)
{
	struct jvpn_secret *secret = (struct jvpn_secret *)((char *)ring + entry->offset);
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, entry->file);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		snprintf(error, error_size, "the name of the state directory is too long");
		return JVPN_EINVAL;
	}
	return jvpn_keyfile_load_or_create(path, entry->len, secret, error, error_size);
}

int jvpn_keyring_load(const char *dir, struct jvpn_keyring *ring, char *error, size_t error_size)
{
	char unused[1];
	int err;

	if (!error || error_size == 0) {
		error = unused;
		error_size = sizeof(unused);
	}
	memset(ring, 0, sizeof(*ring));
	err = check_directory(dir, error, error_size);
	for (size_t i = 0; !err && i < sizeof(entries) / sizeof(entries[0]); i++)
		err = load_entry(dir, &entries[i], ring, error, error_size);
	if (err)
		jvpn_keyring_clear(ring);
	return err;
}

void jvpn_keyring_clear(struct jvpn_keyring *ring)
{
	jvpn_wipe(ring, sizeof(*ring));
}
