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

struct jvpn_endpoint;
struct jvpn_handed;
struct jvpn_loop;
struct jvpn_quic;

#define JVPN_LISTEN_MAX 16

struct jvpn_listener; /* owner: its worker */

struct jvpn_listener_config {
	const struct sockaddr_storage *address; /* borrowed for the call */
	size_t count;
	int buffer_bytes; /* of the sockets; 0: the system's default */
	bool offload;     /* GSO and GRO */
	bool share;       /* the ports are shared with further listeners */
	/* Join that one's sockets: its addresses, in its order. NULL: open the addresses. */
	const struct jvpn_listener *join;
	/* What of the addresses the service manager has opened is taken from there; may be NULL. */
	struct jvpn_handed *handed;
};

/* Opens one socket per address and watches it. On failure nothing stays open: JVPN_EBUSY, JVPN_EPERM,
 * JVPN_ENOTFOUND, JVPN_EIO, JVPN_ENOMEM, with a sentence in 'error'. */
int jvpn_listener_open(struct jvpn_loop *loop, struct jvpn_quic *quic,
		       const struct jvpn_listener_config *config, struct jvpn_listener **out,
		       char *error, size_t error_size);
/* With all that share their ports open: the kernel gives each datagram to the worker that its connection
 * ID names, the first listener opened being worker 0. JVPN_EUNSUPPORTED. */
int jvpn_listener_steer(struct jvpn_listener *first, size_t server_id_len, unsigned workers);
/* Which of its sockets; of another listener: the same address there. */
size_t jvpn_listener_index(const struct jvpn_listener *listener,
			   const struct jvpn_endpoint *endpoint);
struct jvpn_endpoint *jvpn_listener_endpoint(const struct jvpn_listener *listener, size_t index);
void jvpn_listener_free(struct jvpn_listener *listener);

#endif
