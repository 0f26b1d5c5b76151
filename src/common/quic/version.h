/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Versions of the libraries that are linked, for --version and metrics. Nothing else.
 */
#ifndef JVPN_QUIC_VERSION_H
#define JVPN_QUIC_VERSION_H

#include <stddef.h>

/* "ngtcp2 1.24.0, nghttp3 1.15.0, wolfSSL 5.9.2", cut to size. */
void jvpn_quic_library_versions(char *out, size_t size);

/* The three versions alone; static text. */
struct jvpn_quic_versions {
	const char *ngtcp2, *nghttp3, *wolfssl;
};
void jvpn_quic_get_versions(struct jvpn_quic_versions *out);

#endif
