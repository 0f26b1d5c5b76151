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

/* What one call of _send takes (the kernel's limit of UDP_SEGMENT, one IP packet's size). */
#define JVPN_ENDPOINT_SEGMENTS    64
#define JVPN_ENDPOINT_BATCH_BYTES 65000

/* Local and remote address of one datagram. */
struct jvpn_tuple {
	struct sockaddr_storage local;
	struct sockaddr_storage remote;
};

struct jvpn_datagram {
	uint8_t *data; /* borrowed from the endpoint until the next receive */
	size_t len;
	const struct jvpn_tuple *tuple; /* borrowed like data */
	bool follows;                   /* tuple and ECN are those of the one given out before it */
	uint8_t ecn;                    /* the two ECN bits */
};

struct jvpn_endpoint_config {
	struct sockaddr_storage local; /* family decides; port 0: any */
	const char *device;            /* SO_BINDTODEVICE, or NULL */
	uint32_t fwmark;               /* SO_MARK, 0: none */
	int buffer_bytes;              /* SO_RCVBUF / SO_SNDBUF wanted, 0: leave */
	bool disable_gso, disable_gro; /* for tests and broken drivers */
	bool want_hints;               /* hear of ICMP errors, see jvpn_endpoint_take_hint() */
	int handed_fd; /* a bound, non-blocking UDP socket at 'local', ours from now on; 0: open one */
	bool join;     /* SO_REUSEPORT: one more socket beside one of jvpn_endpoint_share() */
};

/* An ICMP error came back for something that was sent to 'remote'. Anybody can make one up: it is a
 * reason to ask, never an answer. */
struct jvpn_endpoint_hint {
	struct sockaddr_storage remote;
	bool port_closed; /* the host is there, and nobody listens; else: no way to the host */
};

/* JVPN_EBUSY (port in use), JVPN_EPERM (mark or device without CAP_NET_ADMIN), JVPN_ENOTFOUND (no
 * such device or address), JVPN_EIO; 'error' gets a sentence that says what to do. */
int jvpn_endpoint_open(const struct jvpn_endpoint_config *config, struct jvpn_endpoint **out,
		       char *error, size_t error_size);
void jvpn_endpoint_free(struct jvpn_endpoint *endpoint);
/* Lets further sockets (config.join, the same local address) share the port. Only from then on, so that
 * a second process finds the port in use. JVPN_EUNSUPPORTED. */
int jvpn_endpoint_share(struct jvpn_endpoint *endpoint);
/* With the whole group bound: datagrams go by their worker octet (steer.h), socket by socket in the
 * order of binding. JVPN_EUNSUPPORTED: the kernel goes by addresses and ports. */
int jvpn_endpoint_steer(struct jvpn_endpoint *endpoint, size_t server_id_len, unsigned workers);
int jvpn_endpoint_fd(const struct jvpn_endpoint *endpoint);
void jvpn_endpoint_local(const struct jvpn_endpoint *endpoint, struct sockaddr_storage *local);
/* Up to 'max' datagrams of one system call, GRO already split. Empty datagrams count. Returns how
 * many, 0 when nothing is waiting, JVPN_EIO. */
int jvpn_endpoint_receive(struct jvpn_endpoint *endpoint, struct jvpn_datagram *v, size_t max);
/* Did the last call bring one datagram alone? Then hardly another one waits, and asking for it costs as
 * much as this one; if there is one, or an error, the socket stays readable. */
bool jvpn_endpoint_was_alone(const struct jvpn_endpoint *endpoint);
/* Were datagrams read that _receive has not given out? The socket does not become readable for them. */
bool jvpn_endpoint_has_more(const struct jvpn_endpoint *endpoint);
/* Sends 'len' bytes as datagrams of 'segment' bytes (the last may be shorter) to tuple->remote from
 * tuple->local (family AF_UNSPEC: the kernel chooses). At most JVPN_ENDPOINT_BATCH_BYTES and
 * JVPN_ENDPOINT_SEGMENTS, else JVPN_ERANGE.
 * When the socket buffer is full, what could not be sent is copied and kept, and 0 is returned; until
 * jvpn_endpoint_retry() got rid of it every further call is refused with JVPN_EAGAIN and takes
 * nothing. Errors of single destinations (ICMP) are swallowed and counted: hints, not failures. */
int jvpn_endpoint_send(struct jvpn_endpoint *endpoint, const struct jvpn_tuple *tuple, uint8_t ecn,
		       const uint8_t *data, size_t len, size_t segment);
/* Takes out one hint that came since the last call; at most one for each remote is kept, and few
 * remotes. They are collected by jvpn_endpoint_receive(). */
bool jvpn_endpoint_take_hint(struct jvpn_endpoint *endpoint, struct jvpn_endpoint_hint *hint);
/* Tries to send what was kept. 0: nothing is kept any more. JVPN_EAGAIN: still full. */
int jvpn_endpoint_retry(struct jvpn_endpoint *endpoint);

struct jvpn_endpoint_stats {
	uint64_t datagrams_received, datagrams_sent;
	uint64_t receive_calls, send_calls; /* system calls that moved at least one datagram */
	uint64_t empty_received;            /* datagrams of no bytes */
	uint64_t truncated;                 /* larger than the buffer, dropped */
	uint64_t destination_errors;        /* ICMP, no route, too big for the link */
	uint64_t send_blocked;              /* the socket buffer was full */
	uint64_t hints;                     /* ICMP errors, taken note of or not */
	bool gso, gro;                      /* in use now */
	bool ecn, pktinfo;                  /* the kernel tells both of what it receives */
};
void jvpn_endpoint_get_stats(const struct jvpn_endpoint *endpoint,
			     struct jvpn_endpoint_stats *stats);
/* "GSO yes, GRO no, ...": what is in use. */
void jvpn_endpoint_describe(const struct jvpn_endpoint *endpoint, char *out, size_t size);

#endif
