/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys metrics.* that both configurations have.
 */
#ifndef JVPN_CONFIG_METRICS_H
#define JVPN_CONFIG_METRICS_H

#include <sys/socket.h>

#include "config/schema.h"

struct jvpn_config_metrics {
	struct sockaddr_storage listen; /* ss_family 0: off */
};

/* Elements of a program's table of keys. */
#define JVPN_METRICS_KEYS(type_, field_)                                                           \
	{                                                                                          \
		.path = "metrics.listen", .type = JVPN_KEY_LISTEN,                                 \
		.offset = offsetof(type_, field_.listen), .def = "off",                            \
		.help = "TCP address for /metrics, /healthz and /readyz; a port alone: of "        \
			"127.0.0.1. Whoever reaches it may read it."                               \
	}

#endif
