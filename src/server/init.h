/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `jvpn-server init` and `jvpn-server add-client`: from nothing to a working tunnel. They write
 * files and print; they open no sockets and need no privileges.
 */
#ifndef JVPN_SERVER_INIT_H
#define JVPN_SERVER_INIT_H

#include "server/options.h"

/* Makes options->directory (0700) with a CA, a server certificate for options->server_name and
 * options->address, state keys, an empty token file, a configuration and a policy, and prints what
 * it made and the next command on stdout. Refuses when one of the files is there already, and takes
 * back what it made when it fails half-way. With options->force: CA, tokens and state keys stay as
 * they are; the server's certificate and key, configuration and policy are made anew, the old ones
 * kept as FILE.old. Returns the exit code; errors are on stderr. */
int jvpn_server_init(const struct jvpn_server_options *options);
/* Adds a fresh token for options->client_name to the token file (whole or not at all) and prints
 * the client's configuration, with the token and the CA in it, on stdout and nothing else there.
 * The CA is ca.crt beside the server's certificate. A name that is there already is an error;
 * with options->force its token is replaced. Returns the exit code; errors are on stderr. */
int jvpn_server_add_client(const struct jvpn_server_options *options);

#endif
