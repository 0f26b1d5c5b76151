/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who may create a session: bearer tokens (RFC 6750) against a file of hashes (jvpn.conf.5, "Token
 * file"). Reads the file, never writes it; knows no HTTP and no session.
 *
 * One line per token: name:sha256:expiry. name is 1 to 63 of A-Za-z0-9._-, sha256 the 64 lower-case
 * hex digits of the token's SHA-256 (tokens are random, so a plain hash is enough), expiry seconds
 * since 1970, an RFC 3339 date ("2027-01-31", "2027-01-31T12:00:00Z"), or "-" or 0 for never. Lines
 * that are empty or begin with '#' say nothing.
 */
#ifndef JVPN_SERVER_AUTH_H
#define JVPN_SERVER_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/report.h"
#include "core/fsm_table.h"

#define JVPN_AUTH_NAME_MAX    63
#define JVPN_AUTH_ENTRIES_MAX 100000
#define JVPN_AUTH_FILE_MAX    (16 * 1024 * 1024)

struct jvpn_auth; /* Immutable once loaded. Owner: the server; a reload makes a new one */

struct jvpn_auth_identity {
	char name[JVPN_AUTH_NAME_MAX + 1];
	/* Of the name, so that it stays when the token is replaced; never 0. Keyed by nothing:
	 * names are the operator's own. */
	uint64_t user_hash;
};

/* Reads the whole file. All errors are found in one pass and go to the report with line and column;
 * then JVPN_ECONFIG or JVPN_EPERM (readable by others, writable by the group) and *out is
 * untouched, so a reload with a bad file keeps the old tokens. JVPN_ENOMEM. */
int jvpn_auth_load(const char *path, struct jvpn_auth **out, struct jvpn_report *report);
void jvpn_auth_free(struct jvpn_auth *auth);
size_t jvpn_auth_count(const struct jvpn_auth *auth);
bool jvpn_auth_has_name(const struct jvpn_auth *auth, const char *name);
/* Is it a name that may stand in the file? */
bool jvpn_auth_name_is_valid(const char *name);

/* authorization: the field's value ("Bearer ..."), "" when there was none. JVPN_REASON_NONE:
 * accepted and *out is filled. JVPN_REASON_TOKEN_MISSING (no field, or another scheme),
 * JVPN_REASON_TOKEN_UNKNOWN, JVPN_REASON_TOKEN_EXPIRED: *out is zeroed. */
enum jvpn_reason jvpn_auth_check(const struct jvpn_auth *auth, const char *authorization,
				 uint64_t wall_s, struct jvpn_auth_identity *out);

#endif
