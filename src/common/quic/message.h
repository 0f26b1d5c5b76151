/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The HTTP messages of one CONNECT-IP tunnel as plain structs (RFC 9484, RFC 9220). Strings are
 * NUL-terminated and were checked to hold visible ASCII only; a field that did not fit or was not
 * there is "". No nghttp3 types, so that runtime can include it.
 */
#ifndef JVPN_QUIC_MESSAGE_H
#define JVPN_QUIC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_H3_FIELD_MAX 511
#define JVPN_H3_BODY_MAX  511

struct jvpn_h3_request {
	char method[16];
	char protocol[32];
	char scheme[16];
	char authority[256];
	char path[256];
	char authorization[JVPN_H3_FIELD_MAX + 1];   /* secret: wiped by the receiver after use */
	char jumping_session[JVPN_H3_FIELD_MAX + 1]; /* "" when the field is absent */
	bool capsule_protocol;                       /* capsule-protocol: ?1 */
};

struct jvpn_h3_response {
	int status; /* 200, 401, 403, 429, 503 ... */
	char jumping_session[JVPN_H3_FIELD_MAX + 1];
	uint32_t retry_after_s;          /* 0: no retry-after field */
	char body[JVPN_H3_BODY_MAX + 1]; /* problem details (RFC 9457) of a refusal, else "" */
};

#endif
