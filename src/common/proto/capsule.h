/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Capsules (RFC 9297 section 3.2): an incremental parser over a byte stream and a writer. Knows
 * which types exist, not what is in them. No allocation: the caller owns the buffer.
 */
#ifndef JVPN_PROTO_CAPSULE_H
#define JVPN_PROTO_CAPSULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* RFC 9297 section 3.5 and RFC 9484 section 4.7. */
#define JVPN_CAPSULE_DATAGRAM            UINT64_C(0x00)
#define JVPN_CAPSULE_ADDRESS_ASSIGN      UINT64_C(0x01)
#define JVPN_CAPSULE_ADDRESS_REQUEST     UINT64_C(0x02)
#define JVPN_CAPSULE_ROUTE_ADVERTISEMENT UINT64_C(0x03)
/* draft-ietf-masque-connect-ip-dns-06, provisional until it is an RFC. */
#define JVPN_CAPSULE_DNS_ASSIGN UINT64_C(0x1ace79ec)
/* The Jumping extension: base + enum jvpn_msg_type (docs/protocol.md). */
#define JVPN_CAPSULE_JVMSG_BASE UINT64_C(0x2a565000)

/* Size of the caller's buffer that every known type but DATAGRAM and DNS_ASSIGN fits in. */
#define JVPN_CAPSULE_BUFFER_BYTES 8192
/* No known capsule is taken beyond this, whatever the buffer. */
#define JVPN_CAPSULE_VALUE_MAX 65536
/* Longest type + length. */
#define JVPN_CAPSULE_HEAD_MAX 16

/* One complete capsule. The value lies in the parser's buffer and dies with the next _next(). */
struct jvpn_capsule {
	uint64_t type;
	const uint8_t *value;
	size_t len;
};

/* Owner: whoever owns the stream. The buffer is borrowed for the parser's whole life. */
struct jvpn_capsule_parser {
	uint8_t *buffer;
	size_t capacity;
	size_t have;            /* octets of the present value in the buffer */
	uint64_t type;          /* of the present capsule, once in_value */
	uint64_t left;          /* octets of the present value still to come */
	uint64_t skipped_count; /* capsules of unknown type, and DATAGRAMs larger than the buffer */
	bool in_value;
	bool skipping;
	uint8_t head[JVPN_CAPSULE_HEAD_MAX];
	uint8_t head_len;
	int err;
};

void jvpn_capsule_parser_init(struct jvpn_capsule_parser *p, uint8_t *buffer, size_t capacity);
/* Takes octets from 'in' until one capsule of a known type is complete. Call again until 0, with
 * the same reader; any chunking of the stream gives the same sequence of results.
 * Returns 1: *out is complete. 0: 'in' is used up. JVPN_ERANGE: a known type longer than the buffer
 * or JVPN_CAPSULE_VALUE_MAX (sticky: RFC 9297 section 3.3 ends the stream). A DATAGRAM capsule that
 * is too long is skipped like a lost datagram, and so is a DNS_ASSIGN; unknown types are skipped at any length. */
int jvpn_capsule_parser_next(struct jvpn_capsule_parser *p, struct jvpn_reader *in,
			     struct jvpn_capsule *out);
/* The stream ended: 0 between capsules, JVPN_ETRUNCATED inside one, or the sticky error. */
int jvpn_capsule_parser_finish(const struct jvpn_capsule_parser *p);
bool jvpn_capsule_is_known(uint64_t type);
/* Type, length, value. Errors in w->err: JVPN_ENOSPACE, JVPN_ERANGE (type beyond a varint). */
void jvpn_capsule_write(struct jvpn_writer *w, uint64_t type, const void *value, size_t len);

#endif
