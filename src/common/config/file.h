/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads configuration files as hostile input: regular files only, bounded, never waiting on a FIFO,
 * and checks the modes of files that hold secrets. Parses nothing.
 */
#ifndef JVPN_CONFIG_FILE_H
#define JVPN_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/report.h"

#define JVPN_CONFIG_FILE_MAX (1024 * 1024)
#define JVPN_CONFIG_PATH_MAX 1024 /* with the final NUL */

struct jvpn_config_file {
	char *data; /* owned; size bytes and a NUL behind them */
	size_t size;
	unsigned mode; /* st_mode */
	unsigned uid;
};

/* Reads the whole file. Errors go to the report (missing, not a regular file, too large, a NUL
 * byte, not UTF-8, changed while it was read); then JVPN_ECONFIG or JVPN_EPERM; *out is empty. */
int jvpn_config_file_read(const char *path, struct jvpn_config_file *out,
			  struct jvpn_report *report);
/* Wipes and frees. */
void jvpn_config_file_clear(struct jvpn_config_file *file);

/* A file with a secret: it must be a regular file that this process can read and that nobody but
 * its owner can. 0, or JVPN_EPERM with a clause in 'why' that says what to do ("run chmod 600 FILE"). */
int jvpn_config_secret_check(const char *path, char *why, size_t why_size);
/* The same for a file that was read already, by its mode. */
int jvpn_config_mode_check(const char *path, unsigned mode, char *why, size_t why_size);
/* A file that must be there, but is no secret. 0, JVPN_EPERM or JVPN_ECONFIG with a clause in 'why'. */
int jvpn_config_readable_check(const char *path, char *why, size_t why_size);

/* Joins a path to the directory of base_file unless it is absolute. JVPN_ENOSPACE. */
int jvpn_config_path_resolve(const char *base_file, const char *path,
			     char out[JVPN_CONFIG_PATH_MAX]);

#endif
