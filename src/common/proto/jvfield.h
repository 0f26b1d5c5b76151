/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The structured field "jumping-session" (a Dictionary of RFC 9651) of the CONNECT request and of
 * its refusal, as a struct. Computes no MAC and decides nothing.
 */
#ifndef JVPN_PROTO_JVFIELD_H
#define JVPN_PROTO_JVFIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msg.h"

#define JVPN_JVFIELD_NAME    "jumping-session"
#define JVPN_JVFIELD_VERSION 1
/* Longest text that is parsed, and what a buffer for _print needs at most (with the NUL). */
#define JVPN_JVFIELD_TEXT_MAX 511
/* Integers of a structured field end here (RFC 9651 section 3.3.1). */
#define JVPN_JVFIELD_INTEGER_MAX UINT64_C(999999999999999)

enum jvpn_jvfield_op {
	JVPN_JVFIELD_NONE = 0,
	JVPN_JVFIELD_CREATE, /* v, op, label */
	JVPN_JVFIELD_ATTACH, /* v, op, sid, ctr, ver, age, proof, label */
	JVPN_JVFIELD_REFUSED, /* v, op, reason; with a verified attach also ctr, ver, age, retry, mac */
	JVPN_JVFIELD_OK,      /* v, op: the server takes part; answer to an attach: id */
	JVPN_JVFIELD_ELSEWHERE, /* v, op, prefix: another worker has the session (answer to attach) */
	JVPN_JVFIELD_COUNT
};

struct jvpn_jvfield {
	enum jvpn_jvfield_op op;
	char label[JVPN_LABEL_MAX + 1];               /* CREATE: the transport's label */
	char transport_id[JVPN_TRANSPORT_ID_MAX + 1]; /* OK: how the server calls it; "" not said */
	/* ATTACH: a REATTACH_REQUEST without challenge; its label is in attach.label, its reason,
	 * which the field does not carry, is NONE. */
	struct jvpn_msg_reattach_request attach;
	/* REFUSED: a REATTACH_DENY; mac all zero when the refusal carries none. An unknown reason
	 * name is JVPN_REASON_NONE. */
	struct jvpn_msg_reattach_deny deny;
	bool has_mac; /* REFUSED */
	/* ELSEWHERE: what goes in front of the DCID of the next connection; 1..JVPN_ROUTE_PREFIX_MAX */
	uint8_t prefix[JVPN_ROUTE_PREFIX_MAX];
	uint8_t prefix_len;
};

/* Parses the field's text (several lines joined with ", " by the caller, RFC 9651 section 4.2).
 * Unknown members and all parameters are ignored; of a duplicate the last counts; a known member of
 * the wrong type, out of range, missing, or with a value out of its alphabet refuses the field.
 * JVPN_EMALFORMED; JVPN_EUNSUPPORTED (v is not 1, or op is none of ours); JVPN_ERANGE (text too
 * long). *out is untouched on error. */
int jvpn_jvfield_parse(const char *text, size_t len, struct jvpn_jvfield *out);
/* Prints with a final NUL. JVPN_EINVAL when the struct could not be parsed again (label, integer
 * beyond JVPN_JVFIELD_INTEGER_MAX, op); JVPN_ENOSPACE. */
int jvpn_jvfield_print(const struct jvpn_jvfield *field, char *out, size_t size);

#endif
