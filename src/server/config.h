/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys of the server's configuration file as a table, and the checks between them. The table is
 * also what the tests compare jvpn.conf.5 with.
 */
#ifndef JVPN_SERVER_CONFIG_H
#define JVPN_SERVER_CONFIG_H

#include "config/report.h"
#include "config/schema.h"
#include "proto/dnsassign.h"
#include "server/options.h"

/* Static; *count is set. */
const struct jvpn_key *jvpn_server_config_keys(size_t *count);
/* Loads the file. with_secrets: also judge the files it names (key, tokens), as a start needs them.
 * 0, or JVPN_ECONFIG, JVPN_EPERM, JVPN_ENOMEM with every error in the report and *out untouched. */
int jvpn_server_config_load(const char *path, bool with_secrets, struct jvpn_server_config *out,
			    struct jvpn_report *report);
/* What clients are told (DNS_ASSIGN). */
void jvpn_server_make_dns(const struct jvpn_server_config *config, struct jvpn_dnsassign *out);

#endif
