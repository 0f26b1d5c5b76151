/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which worker a datagram belongs to: the worker octet of its destination connection ID (wire.md
 * "Connection IDs") modulo the number of workers. The same rule twice: as a filter of the kernel, and
 * for what arrives elsewhere all the same. Every octet has exactly one owner, whatever the number.
 */
#ifndef JVPN_QUIC_STEER_H
#define JVPN_QUIC_STEER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_STEER_INSTRUCTIONS 7

/* The rule. 'workers' is not 0; what is too short belongs to worker 0. */
unsigned jvpn_steer_owner(const uint8_t *packet, size_t len, size_t server_id_len,
			  unsigned workers);
/* The rule as classic BPF for SO_ATTACH_REUSEPORT_CBPF: the index of a socket of the group, which is
 * the order in which they were bound. */
void jvpn_steer_program(size_t server_id_len, unsigned workers,
			struct sock_filter out[JVPN_STEER_INSTRUCTIONS]);
/* A worker octet of that worker, near 'random'. 'worker' is below 'workers', which is 1..256. */
uint8_t jvpn_steer_octet(uint8_t random, unsigned worker, unsigned workers);

#endif
