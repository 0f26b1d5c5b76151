/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Descriptors that the program was started with, by number: for programs that embed the client. To be
 * checked before anything else is opened, so that a number cannot mean something of our own.
 */
#ifndef JVPN_CLIENT_INHERITED_H
#define JVPN_CLIENT_INHERITED_H

#include <stdbool.h>
#include <stddef.h>

#define JVPN_INHERITED_MIN 3 /* below are the standard streams */
#define JVPN_INHERITED_MAX 65535
/* How such a descriptor is written. */
#define JVPN_INHERITED_PREFIX "fd:"

/* "fd:N": N, when it is a number in these bounds. JVPN_EMALFORMED (another text), JVPN_ERANGE. */
int jvpn_inherited_parse(const char *text, int *fd);
/* Is it open, and can an event stream be written to it (a pipe, a socket, a file, a terminal)? It is
 * close-on-exec from now on. JVPN_EINVAL with a sentence. */
int jvpn_inherited_check_output(int fd, char *error, size_t error_size);

#endif
