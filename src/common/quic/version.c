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

void jvpn_quic_get_versions(struct jvpn_quic_versions *out)
{
	out->ngtcp2 = ngtcp2_version(0)->version_str;
	out->nghttp3 = nghttp3_version(0)->version_str;
	out->wolfssl = wolfSSL_lib_version();
}

void jvpn_quic_library_versions(char *out, size_t size)
{
	struct jvpn_quic_versions v;

	jvpn_quic_get_versions(&v);
	snprintf(out, size, "ngtcp2 %s, nghttp3 %s, wolfSSL %s", v.ngtcp2, v.nghttp3, v.wolfssl);
}
