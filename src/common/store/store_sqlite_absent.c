/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * In place of the SQLite store where the build has none (--without-store-sqlite): says so.
 */
#include <stdio.h>

#include "base/err.h"
#include "store/store_internal.h"

static int say(const char *path, char *error)
{
	snprintf(error, JVPN_STORE_ERROR_MAX,
		 "%s cannot be used: this build has no SQLite store"
		 " (configure --with-store-sqlite=yes)",
		 path ? path : "the store");
	return JVPN_EUNSUPPORTED;
}

int jvpn_store_sqlite_open(const struct jvpn_store_config *config, struct jvpn_store_sink *sink,
			   struct jvpn_store_backend **out, char *error)
{
	(void)sink;
	(void)out;
	return say(config->path, error);
}

int jvpn_store_sqlite_audit_file(const char *path, uint64_t after, jvpn_store_audit_each *each,
				 void *user, char *error)
{
	(void)after;
	(void)each;
	(void)user;
	return say(path, error);
}
