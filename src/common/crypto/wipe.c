/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Overwrites memory; the barrier makes the compiler believe that somebody reads it afterwards.
 */
#include "crypto/wipe.h"

#include <string.h>

void jvpn_wipe(void *p, size_t len)
{
	if (len == 0)
		return;
	memset(p, 0, len);
	__asm__ __volatile__("" : : "r"(p) : "memory");
}
