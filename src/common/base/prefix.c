/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * IPv4 and IPv6 prefixes as values.
 */
#include "base/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

uint8_t jvpn_prefix_bits(uint8_t family)
{
	if (family == 4)
		return 32;
	return family == 6 ? 128 : 0;
}

int jvpn_prefix_set(struct jvpn_prefix *out, uint8_t family, const uint8_t *address, uint8_t length)
{
	uint8_t bits = jvpn_prefix_bits(family);

	if (bits == 0 || length > bits)
		return JVPN_EINVAL;
	memset(out, 0, sizeof(*out));
	out->family = family;
	out->length = length;
	memcpy(out->address, address, bits / 8);
	return 0;
}

void jvpn_prefix_mask(struct jvpn_prefix *prefix)
{
	size_t whole = prefix->length / 8u;

	if (whole >= sizeof(prefix->address))
		return;
	prefix->address[whole] &= (uint8_t) ~(0xffu >> (prefix->length % 8u));
	memset(prefix->address + whole + 1, 0, sizeof(prefix->address) - whole - 1);
}

bool jvpn_prefix_equal(const struct jvpn_prefix *a, const struct jvpn_prefix *b)
{
	return a->family == b->family && a->length == b->length &&
	       memcmp(a->address, b->address, jvpn_prefix_bits(a->family) / 8u) == 0;
}

static bool bits_equal(const uint8_t *a, const uint8_t *b, size_t bits)
{
	size_t whole = bits / 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return bits % 8 == 0 || ((a[whole] ^ b[whole]) & ~(0xffu >> (bits % 8)) & 0xffu) == 0;
}

bool jvpn_prefix_contains(const struct jvpn_prefix *prefix, uint8_t family, const uint8_t *address)
{
	if (prefix->family != family || jvpn_prefix_bits(family) == 0)
		return false;
	return bits_equal(prefix->address, address, prefix->length);
}

bool jvpn_prefix_overlaps(const struct jvpn_prefix *a, const struct jvpn_prefix *b)
{
	if (a->family != b->family || jvpn_prefix_bits(a->family) == 0)
		return false;
	return bits_equal(a->address, b->address, a->length < b->length ? a->length : b->length);
}

void jvpn_prefix_format(const struct jvpn_prefix *prefix, char out[JVPN_PREFIX_FORMAT_MAX])
{
	char text[INET6_ADDRSTRLEN];

	out[0] = '\0';
	if (jvpn_prefix_bits(prefix->family) == 0 ||
	    inet_ntop(prefix->family == 4 ? AF_INET : AF_INET6, prefix->address, text,
		      sizeof(text)) == NULL)
		return;
	snprintf(out, JVPN_PREFIX_FORMAT_MAX, "%s/%u", text, prefix->length);
}

/* The largest prefix that starts at 'start' and ends by 'end'; *last is its last address. */
static void largest_within(struct jvpn_prefix *out, uint8_t family, const uint8_t *start,
			   const uint8_t *end, uint8_t *last)
{
	size_t octets = jvpn_prefix_bits(family) / 8u;
	unsigned length = jvpn_prefix_bits(family);
	uint8_t candidate[16];

	memcpy(last, start, octets);
	memcpy(candidate, start, octets);
	while (length > 0) {
		size_t octet = (length - 1) / 8;
		uint8_t bit = (uint8_t)(0x80u >> ((length - 1) % 8));

		if ((start[octet] & bit) != 0)
			break;
		candidate[octet] |= bit;
		if (memcmp(candidate, end, octets) > 0)
			break;
		memcpy(last, candidate, octets);
		length--;
	}
	(void)jvpn_prefix_set(out, family, start, (uint8_t)length);
}

/* Big-endian increment; false on wrap-around. */
static bool increment(uint8_t *address, size_t octets)
{
	for (size_t i = octets; i-- > 0;)
		if (++address[i] != 0)
			return true;
	return false;
}

int jvpn_prefix_cover(uint8_t family, const uint8_t *start, const uint8_t *end,
		      struct jvpn_prefix *out, size_t max)
{
	size_t octets = jvpn_prefix_bits(family) / 8u;
	uint8_t next[16], last[16];
	size_t count = 0;

	if (octets == 0 || memcmp(start, end, octets) > 0)
		return JVPN_EINVAL;
	memcpy(next, start, octets);
	for (;;) {
		struct jvpn_prefix piece;

		largest_within(&piece, family, next, end, last);
		if (count == max)
			return JVPN_EFULL;
		out[count++] = piece;
		if (memcmp(last, end, octets) == 0)
			return (int)count;
		memcpy(next, last, octets);
		(void)increment(next, octets); /* last < end: no wrap-around */
	}
}
