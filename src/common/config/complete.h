/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Completion scripts for shells, from the tables of cli.h: what the program takes is what is completed.
 */
#ifndef JVPN_CONFIG_COMPLETE_H
#define JVPN_CONFIG_COMPLETE_H

#include <stdio.h>

#include "config/cli.h"

/* "bash", "zsh" or "fish". JVPN_EINVAL: another one; JVPN_EIO. */
int jvpn_complete_print(const struct jvpn_cli *cli, const char *shell, FILE *stream);

#endif
