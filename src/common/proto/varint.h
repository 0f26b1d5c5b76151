/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Variable-length integers of QUIC (RFC 9000 section 16). No other encodings.
 */
#ifndef JVPN_PROTO_VARINT_H
#define JVPN_PROTO_VARINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JVPN_VARINT_MAX       ((UINT64_C(1) << 62) - 1)
#define JVPN_VARINT_BYTES_MAX 8

/* Octets of the shortest encoding: 1, 2, 4 or 8; 0 when v > JVPN_VARINT_MAX. */
size_t jvpn_varint_size(uint64_t v);
/* Reads one integer in any of its encodings (the shortest is not demanded, RFC 9000 section 16);
 * 0 and JVPN_ETRUNCATED in r->err when too little is left. */
uint64_t jvpn_varint_read(struct jvpn_reader *r);
/* Writes the shortest encoding; w->err becomes JVPN_ERANGE when v > JVPN_VARINT_MAX. */
void jvpn_varint_write(struct jvpn_writer *w, uint64_t v);

#endif
