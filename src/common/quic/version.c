/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks the linked libraries for their versions; not the headers, which may differ.
 */
#include "quic/version.h"

#include <stdio.h>

#include <nghttp3/nghttp3.h>
#include <ngtcp2/ngtcp2.h>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

void jvpn_quic_library_versions(char *out, size_t size)
{
	snprintf(out, size, "ngtcp2 %s, nghttp3 %s, wolfSSL %s", ngtcp2_version(0)->version_str,
		 nghttp3_version(0)->version_str, wolfSSL_lib_version());
}
