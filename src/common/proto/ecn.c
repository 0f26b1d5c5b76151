/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 6040 figure 4.
 */
#include "proto/ecn.h"

enum jvpn_ecn jvpn_ecn_decapsulate(uint8_t inner, uint8_t outer)
{
	enum jvpn_ecn in = (enum jvpn_ecn)(inner & 3), out = (enum jvpn_ecn)(outer & 3);

	if (in == JVPN_ECN_NOT_ECT)
		return out == JVPN_ECN_CE ? JVPN_ECN_DROP : JVPN_ECN_NOT_ECT;
	if (out == JVPN_ECN_CE)
		return JVPN_ECN_CE;
	/* ECT(1) may be a mark below CE (RFC 6660). */
	if (in == JVPN_ECN_ECT0 && out == JVPN_ECN_ECT1)
		return JVPN_ECN_ECT1;
	return in;
}
