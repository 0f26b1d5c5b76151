/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's UDP sockets: opens what `listen` names and hands readable ones to QUIC. Knows no
 * sessions.
 */
#ifndef JVPN_SERVER_LISTENER_H
#define JVPN_SERVER_LISTENER_H

#include <stddef.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct jvpn_loop;
struct jvpn_quic;

#define JVPN_LISTEN_MAX 16

struct jvpn_listener; /* owner: the server's main */

struct jvpn_listener_config {
	const struct sockaddr_storage *address; /* borrowed for the call */
	size_t count;
	int buffer_bytes; /* of the sockets; 0: the system's default */
	bool offload;     /* GSO and GRO */
};

/* Opens one socket per address and watches it. On failure nothing stays open: JVPN_EBUSY, JVPN_EPERM,
 * JVPN_ENOTFOUND, JVPN_EIO, JVPN_ENOMEM, with a sentence in 'error'. */
int jvpn_listener_open(struct jvpn_loop *loop, struct jvpn_quic *quic,
		       const struct jvpn_listener_config *config, struct jvpn_listener **out,
		       char *error, size_t error_size);
void jvpn_listener_free(struct jvpn_listener *listener);

#endif
