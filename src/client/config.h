/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys of the client's configuration file as a table, and the checks between them. The table is
 * also what the tests compare jvpn.conf.5 with.
 */
#ifndef JVPN_CLIENT_CONFIG_H
#define JVPN_CLIENT_CONFIG_H

#include "client/options.h"
#include "config/report.h"
#include "config/schema.h"

/* Static; *count is set. */
const struct jvpn_key *jvpn_client_config_keys(size_t *count);
/* Loads the file and the token it names. 0, or JVPN_ECONFIG, JVPN_EPERM, JVPN_ENOMEM with every
 * error in the report and *out untouched. */
int jvpn_client_config_load(const char *path, struct jvpn_client_config *out,
			    struct jvpn_report *report);

#endif
