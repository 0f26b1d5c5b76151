/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The policy file (jvpn-policy.5): struct jvpn_policy from YAML by the core's own field table. The
 * rules themselves are the core's.
 */
#ifndef JVPN_CONFIG_POLICY_FILE_H
#define JVPN_CONFIG_POLICY_FILE_H

#include <stdio.h>

#include "config/report.h"
#include "config/schema.h"
#include "core/policy.h"

/* Loads and checks a whole policy: syntax, keys, bounds, the rules between keys. Keys that are not
 * in the file have their defaults. 0, or JVPN_ECONFIG, JVPN_EPERM, JVPN_ENOMEM with every error in
 * the report and *out untouched. The same call serves start, --check and reload. */
int jvpn_policy_file_load(const char *path, struct jvpn_policy *out, struct jvpn_report *report);
/* Writes the policy as YAML that _load reads back to the same values. */
void jvpn_policy_file_print(const struct jvpn_policy *policy, FILE *stream);
/* The keys of the file. Static, never NULL; *count is set to their number. */
const struct jvpn_key *jvpn_policy_file_keys(size_t *count);

#endif
