/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One UDP socket: batches in and out, UDP_SEGMENT and UDP_GRO where the kernel has them, ECN and
 * the local address per datagram. Knows nothing about QUIC.
 */
#ifndef JVPN_QUIC_ENDPOINT_H
#define JVPN_QUIC_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct jvpn_endpoint;

/* Local and remote address of one datagram. */
struct jvpn_tuple {
	struct sockaddr_storage local;
	struct sockaddr_storage remote;
};

struct jvpn_datagram {
	uint8_t *data; /* borrowed from the endpoint until the next receive */
	size_t len;
	struct jvpn_tuple tuple;
	uint8_t ecn; /* the two ECN bits */
};

struct jvpn_endpoint_config {
	struct sockaddr_storage local; /* family decides; port 0: any */
	const char *device;            /* SO_BINDTODEVICE, or NULL */
	uint32_t fwmark;               /* SO_MARK, 0: none */
	int buffer_bytes;              /* SO_RCVBUF / SO_SNDBUF wanted, 0: leave */
	bool disable_gso, disable_gro; /* for tests and broken drivers */
};

/* JVPN_EBUSY (port in use), JVPN_EPERM (mark or device without CAP_NET_ADMIN), JVPN_ENOTFOUND (no
 * such device or address), JVPN_EIO; 'error' gets a sentence that says what to do. */
int jvpn_endpoint_open(const struct jvpn_endpoint_config *config, struct jvpn_endpoint **out,
		       char *error, size_t error_size);
void jvpn_endpoint_free(struct jvpn_endpoint *endpoint);
int jvpn_endpoint_fd(const struct jvpn_endpoint *endpoint);
void jvpn_endpoint_local(const struct jvpn_endpoint *endpoint, struct sockaddr_storage *local);
/* Up to 'max' datagrams of one system call, GRO already split. Empty datagrams count. Returns how
 * many, 0 when nothing is waiting, JVPN_EIO. */
int jvpn_endpoint_receive(struct jvpn_endpoint *endpoint, struct jvpn_datagram *v, size_t max);
/* Sends 'len' bytes as datagrams of 'segment' bytes (the last may be shorter) to tuple->remote from
 * tuple->local. JVPN_EAGAIN: socket buffer full, nothing sent. Errors of single destinations
 * (ICMP) are swallowed and counted: they are hints, not failures. */
int jvpn_endpoint_send(struct jvpn_endpoint *endpoint, const struct jvpn_tuple *tuple, uint8_t ecn,
		       const uint8_t *data, size_t len, size_t segment);

#endif
