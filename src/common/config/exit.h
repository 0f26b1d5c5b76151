/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Exit codes of both programs (jvpn-server.8, jvpn-client.8). A stable public contract: scripts and
 * unit files test them. Nothing is renumbered.
 */
#ifndef JVPN_CONFIG_EXIT_H
#define JVPN_CONFIG_EXIT_H

/* X(NAME, number, "meaning") */
#define JVPN_EXIT_MAP(X)                                                                             \
	X(OK, 0, "success")                                                                          \
	X(FAILURE, 1, "runtime failure")                                                             \
	X(CONFIG, 2, "wrong usage, configuration or policy")                                         \
	X(PERMISSION, 3, "permission: CAP_NET_ADMIN, TUN device, unreadable or exposed key")         \
	X(ENVIRONMENT, 4,                                                                            \
	  "environment: port in use, pool overlaps a local network, wrong clock, damaged or locked " \
	  "store")                                                                                   \
	X(AUTH_REFUSED, 5, "the server refused the token")                                           \
	X(CERTIFICATE, 6, "the server's certificate was refused")                                    \
	X(UNREACHABLE, 7, "the server does not answer")                                              \
	X(SESSION_ENDED, 8, "the server or the policy ended the session")                            \
	X(NO_DAEMON, 9, "nobody answers on the control socket")                                      \
	X(REFUSED, 10, "the running program refused the command")                                    \
	X(VOLATILE, 11, "status: the session is VOLATILE")                                           \
	X(DEGRADED, 12, "status: the session is DEGRADED")                                           \
	X(RECOVERING, 13, "status: the session is RECOVERING")                                       \
	X(NO_SESSION, 14, "status: there is no session, or it is being created")                     \
	X(DRAINING, 15, "status: the server takes no new sessions")

enum jvpn_exit {
#define X(name, number, meaning) JVPN_EXIT_##name = (number),
	JVPN_EXIT_MAP(X)
#undef X
};

#endif
