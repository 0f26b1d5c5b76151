/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks those who use a feature; knows none itself.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* unshare */
#endif
#include "runtime/features.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "crypto/cpu.h"
#include "quic/endpoint.h"
#include "quic/quic.h"
#include "quic/version.h"
#include "tun/tun.h"

#define LINE_MAX_BYTES 256

static void describe_kernel(char *out, size_t size)
{
	struct utsname name;

	if (uname(&name) == 0)
		snprintf(out, size, "%s %s", name.sysname, name.release);
	else
		snprintf(out, size, "not known");
}

static void describe_crypto(char *out, size_t size)
{
	char cpu[64];

	jvpn_cpu_describe(cpu, sizeof(cpu));
	snprintf(out, size, "%s; first choice %s; AES-GCM %s", cpu,
		 jvpn_cpu_has_aes() ? "AES-128-GCM" : "ChaCha20-Poly1305",
		 jvpn_quic_has_direct_aead() ? "straight to wolfCrypt" : "through wolfSSL's EVP");
}

/* A socket that is bound to nobody's port. */
static void describe_udp(char *out, size_t size)
{
	struct jvpn_endpoint_config config = {.local.ss_family = AF_INET};
	struct jvpn_endpoint *endpoint = NULL;

	if (jvpn_endpoint_open(&config, &endpoint, out, size) != 0)
		return;
	jvpn_endpoint_describe(endpoint, out, size);
	jvpn_endpoint_free(endpoint);
}

/* The kernel tells of TSO and USO only when there is a device. It is made where nobody sees it. */
static void describe_tun(char *out, size_t size)
{
	struct jvpn_tun_config config = {.offload = true};
	struct jvpn_tun *tun = NULL;

	if (unshare(CLONE_NEWNET) != 0) {
		snprintf(out, size, "asked as root only");
		return;
	}
	if (jvpn_tun_open(&config, &tun, out, size) != 0)
		return;
	jvpn_tun_describe(tun, out, size);
	jvpn_tun_free(tun);
}

static void describe_metrics(char *out, size_t size)
{
#ifdef JVPN_METRICS
	snprintf(out, size, "yes");
#else
	snprintf(out, size, "no, built without libmicrohttpd");
#endif
}

void jvpn_features_describe(char *out, size_t size)
{
	static const struct {
		const char *name;
		void (*describe)(char *out, size_t size);
	} lines[] = {
		{"libraries", jvpn_quic_library_versions},
		{"kernel", describe_kernel},
		{"crypto", describe_crypto},
		{"UDP", describe_udp},
		{"TUN", describe_tun},
		{"metrics", describe_metrics},
	};
	char text[LINE_MAX_BYTES];
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]) && used < size; i++) {
		lines[i].describe(text, sizeof(text));
		used += (size_t)snprintf(out + used, size - used, "%s%s: %s", i ? "\n" : "",
					 lines[i].name, text);
	}
}

void jvpn_features_log(void)
{
	char crypto[LINE_MAX_BYTES], libraries[LINE_MAX_BYTES];

	describe_crypto(crypto, sizeof(crypto));
	jvpn_quic_library_versions(libraries, sizeof(libraries));
	jvpn_log_info(JVPN_LOG_MAIN, "%s; %s", crypto, libraries);
}
