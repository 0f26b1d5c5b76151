/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the kernel, the processor and the libraries offer here, in words for --version -v and the log.
 */
#ifndef JVPN_RUNTIME_FEATURES_H
#define JVPN_RUNTIME_FEATURES_H

#include <stddef.h>

#define JVPN_FEATURES_TEXT_MAX 1024

/* Lines for --version -v, without the last newline. Probes each feature as a start does; for those of the
 * TUN the process moves into a network namespace of its own: not for one that goes on. */
void jvpn_features_describe(char *out, size_t size);
/* At a start: one line about the processor and the libraries. */
void jvpn_features_log(void);

#endif
