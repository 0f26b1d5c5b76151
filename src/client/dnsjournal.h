/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was done to the system's resolver, on disk before it is done, so that the next start can undo it
 * after kill -9. One small file beside the journal of routes.
 */
#ifndef JVPN_CLIENT_DNSJOURNAL_H
#define JVPN_CLIENT_DNSJOURNAL_H

#include "client/resolvfile.h"

#define JVPN_DNSJOURNAL_DEVICE_MAX 15

/* How names are asked for in the tunnel (dns.mode). */
enum jvpn_dns_mode {
	JVPN_DNS_OFF = 0,
	JVPN_DNS_AUTO,
	JVPN_DNS_RESOLVECTL,
	JVPN_DNS_RESOLVCONF,
	JVPN_DNS_FILE,
	JVPN_DNS_MODE_COUNT
};

struct jvpn_dnsjournal {
	enum jvpn_dns_mode mode; /* OFF: nothing was done */
	char device[JVPN_DNSJOURNAL_DEVICE_MAX + 1];
	struct jvpn_resolvfile before; /* resolv.conf as it was */
};

/* "resolvectl" */
const char *jvpn_dns_mode_name(enum jvpn_dns_mode mode);
/* No file: mode OFF. JVPN_EMALFORMED (damaged, not ours, others can write it), JVPN_EIO with errno. */
int jvpn_dnsjournal_load(const char *path, struct jvpn_dnsjournal *out);
/* Replaces it; mode OFF: removes it. JVPN_EIO with errno. */
int jvpn_dnsjournal_save(const char *path, const struct jvpn_dnsjournal *journal);

#endif
