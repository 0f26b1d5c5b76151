/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "audit": the event stream as it stands in the store, and what files of events prove and show. Reads
 * files only; a server may run.
 */
#ifndef JVPN_SERVER_AUDIT_H
#define JVPN_SERVER_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JVPN_AUDIT_POLICIES_MAX 32

/* What "audit verify" and its like were told. Texts are borrowed from argv. */
struct jvpn_server_audit {
	char *const *files;
	size_t file_count;
	const char *policy[JVPN_AUDIT_POLICIES_MAX];
	size_t policy_count;
	uint64_t early_ms, late_ms;
	bool json;
	bool from_start; /* verify */
	const char *id;  /* timeline: the beginning of a session's */
	uint64_t width;  /* timeline; 0: not given */
	bool svg, all;   /* timeline */
	bool html;       /* report */
};

/* Prints every entry as a line, seq counted anew for each process of the server. An enum jvpn_exit;
 * errors are logged and name the file. */
int jvpn_server_audit_export(const char *path, FILE *out);
/* Proves the invariants of the sessions. An enum jvpn_exit: OK when all of them hold. */
int jvpn_server_audit_verify(const struct jvpn_server_audit *audit);
/* Draws the life of the session whose id begins with audit->id. An enum jvpn_exit. */
int jvpn_server_audit_timeline(const struct jvpn_server_audit *audit);
/* Prints evaluation figures. An enum jvpn_exit. */
int jvpn_server_audit_report(const struct jvpn_server_audit *audit);
/* Whether the locale of whoever reads the output is one of UTF-8. */
bool jvpn_server_audit_utf8(void);
/* Logs why a file could not be read, and returns the exit code. */
int jvpn_server_audit_failed(int rv, const char *file);

#endif
