/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The eight messages of core/msg.h as capsule values, and the octets their MACs cover
 * (docs/protocol.md). Fixed field order, big-endian. Computes no MAC: that is crypto/proof.
 */
#ifndef JVPN_PROTO_JVMSG_H
#define JVPN_PROTO_JVMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/msg.h"

/* Longest capsule value of any message. */
#define JVPN_JVMSG_VALUE_MAX 512
/* Longest MAC input of any message (without the exporter that may follow it). */
#define JVPN_JVMSG_AUTH_MAX 320

/* Capsule type of a message; 0 (which is DATAGRAM, never ours) for NONE or out of range. */
uint64_t jvpn_jvmsg_capsule_type(enum jvpn_msg_type type);
/* JVPN_MSG_NONE when the capsule type is not one of ours. */
enum jvpn_msg_type jvpn_jvmsg_type(uint64_t capsule_type);

/* Decodes one capsule's whole value. JVPN_ENOTFOUND: not one of our types (ignore it).
 * JVPN_ETRUNCATED, JVPN_ETRAILING, JVPN_EMALFORMED (unknown state, label or transport id out of its
 * alphabet, lengths, hint family). A reason number this version does not know becomes
 * JVPN_REASON_NONE and is no error. *out is untouched on error. */
int jvpn_jvmsg_decode(uint64_t capsule_type, struct jvpn_reader *r, struct jvpn_msg *out);
/* Writes the capsule's value (not its head). JVPN_EINVAL when the struct could not be decoded
 * again, JVPN_ENOSPACE. */
int jvpn_jvmsg_encode(const struct jvpn_msg *msg, struct jvpn_writer *w);

/* Which key authenticates a message. */
enum jvpn_jvmsg_auth {
	JVPN_JVMSG_AUTH_NONE = 0, /* SESSION_CREATED, TRANSPORT_HINT: TLS alone */
	JVPN_JVMSG_AUTH_COUNTER,  /* ACK, DENY: over the request's counter, no exporter */
	JVPN_JVMSG_AUTH_EXPORTER  /* the bind exporter of the connection follows the input */
};
enum jvpn_jvmsg_auth jvpn_jvmsg_auth(enum jvpn_msg_type type);
/* Writes the octets that the MAC covers: label || type || session id || fields. Works on the
 * encoded value (its MAC octets do not matter), so that a number this version cannot name is
 * covered as it was sent. The exporter, where jvpn_jvmsg_auth() asks for it, is appended by
 * crypto/proof. A REATTACH_REQUEST names its session itself: session_id may be NULL and is not
 * read. JVPN_EINVAL for messages without a MAC, decode errors, JVPN_ENOSPACE. */
int jvpn_jvmsg_auth_input(enum jvpn_msg_type type, const uint8_t *value, size_t len,
			  const struct jvpn_id *session_id, struct jvpn_writer *w);
/* Where the MAC is in the struct; NULL for messages without one. */
uint8_t *jvpn_jvmsg_mac(struct jvpn_msg *msg);

/* [a-z0-9._-]{1,15} */
bool jvpn_jvmsg_label_is_valid(const char *label);
/* At most JVPN_RANKING_MAX printable ASCII characters. */
bool jvpn_jvmsg_ranking_is_valid(const char *ranking);
/* label, or label#n with n in 1..4294967295 without leading zero */
bool jvpn_jvmsg_transport_id_is_valid(const char *id);

#endif
