/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "audit export": the event stream as it stands in the store. Reads the file only; a server may run.
 */
#ifndef JVPN_SERVER_AUDIT_H
#define JVPN_SERVER_AUDIT_H

#include <stdio.h>

/* Prints every entry as a line, seq counted anew for each process of the server. An enum jvpn_exit;
 * errors are logged and name the file. */
int jvpn_server_audit_export(const char *path, FILE *out);

#endif
