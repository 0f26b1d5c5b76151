/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * IPv4 and IPv6 prefixes as values: compare, contain, print, and cover a range of addresses.
 * Knows no sockets and no configuration syntax.
 */
#ifndef JVPN_BASE_PREFIX_H
#define JVPN_BASE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A prefix has no bits set beyond its length; an interface address (10.8.0.1/24) keeps them. */
struct jvpn_prefix {
	uint8_t family;      /* 4, 6; 0: not set */
	uint8_t length;      /* bits */
	uint8_t address[16]; /* network order; IPv4 uses the first four, the rest is zero */
};

#define JVPN_PREFIX_FORMAT_MAX 50 /* with the final NUL */

/* 32 or 128; 0 for any other family. */
uint8_t jvpn_prefix_bits(uint8_t family);
/* From 4 or 16 octets; keeps host bits. JVPN_EINVAL: family or length. */
int jvpn_prefix_set(struct jvpn_prefix *out, uint8_t family, const uint8_t *address,
		    uint8_t length);
/* Clears the bits beyond the length. */
void jvpn_prefix_mask(struct jvpn_prefix *prefix);
bool jvpn_prefix_equal(const struct jvpn_prefix *a, const struct jvpn_prefix *b);
/* Is this address (4 or 16 octets by family) inside? */
bool jvpn_prefix_contains(const struct jvpn_prefix *prefix, uint8_t family, const uint8_t *address);
/* Do they share an address? False across families and for a prefix that is not set. */
bool jvpn_prefix_overlaps(const struct jvpn_prefix *a, const struct jvpn_prefix *b);
/* "10.8.0.0/16"; "" when not set. */
void jvpn_prefix_format(const struct jvpn_prefix *prefix, char out[JVPN_PREFIX_FORMAT_MAX]);
/* The fewest prefixes that cover start..end (inclusive, 4 or 16 octets by family) exactly, in
 * ascending order (RFC 9484 section 4.7.3 has ranges, the kernel has prefixes). Returns how many
 * (at most 62 for IPv4, 254 for IPv6); JVPN_EINVAL (family, start > end), JVPN_EFULL (max). */
int jvpn_prefix_cover(uint8_t family, const uint8_t *start, const uint8_t *end,
		      struct jvpn_prefix *out, size_t max);

#endif
