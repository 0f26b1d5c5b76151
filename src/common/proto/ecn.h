/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Explicit congestion notification through a tunnel: what becomes of the inner packet's field when the
 * outer one has been marked on the way (RFC 6040 section 4.2).
 */
#ifndef JVPN_PROTO_ECN_H
#define JVPN_PROTO_ECN_H

#include <stdint.h>

/* The two bits of an IP header (RFC 3168 section 5). */
enum jvpn_ecn {
	JVPN_ECN_NOT_ECT = 0,
	JVPN_ECN_ECT1 = 1,
	JVPN_ECN_ECT0 = 2,
	JVPN_ECN_CE = 3,
	JVPN_ECN_DROP = 4 /* its ends do not speak ECN: a loss is the only sign they know */
};

/* RFC 6040 figure 4; two bits each. */
enum jvpn_ecn jvpn_ecn_decapsulate(uint8_t inner, uint8_t outer);

#endif
