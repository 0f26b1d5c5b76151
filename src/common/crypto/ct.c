/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Constant-time comparison: every octet is looked at, no branch depends on one.
 */
#include "crypto/ct.h"

#include <stdint.h>

/* 1 for 0, 0 for 1..255, without a comparison the compiler could turn into a branch. */
static bool is_zero(uint8_t v)
{
	return ((uint32_t)v - 1) >> 31;
}

bool jvpn_ct_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff = (uint8_t)(diff | (x[i] ^ y[i]));
	return is_zero(diff);
}

bool jvpn_ct_is_zero(const void *p, size_t len)
{
	const volatile uint8_t *x = p;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any = (uint8_t)(any | x[i]);
	return is_zero(any);
}
