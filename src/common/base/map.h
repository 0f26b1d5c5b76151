/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hash map from short byte strings to 32-bit values, keyed with a secret (SipHash-2-4), bounded at
 * creation. Open addressing with backward-shift deletion. No growth, no tombstones.
 */
#ifndef JVPN_BASE_MAP_H
#define JVPN_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_MAP_KEY_MAX    20
#define JVPN_MAP_SEED_BYTES 16

struct jvpn_map;

/* For at most 'capacity' keys; 'seed' must be secret where keys come from a peer. JVPN_ENOMEM,
 * JVPN_EINVAL (capacity 0 or over 2^24). */
int jvpn_map_new(size_t capacity, const uint8_t seed[JVPN_MAP_SEED_BYTES], struct jvpn_map **out);
void jvpn_map_free(struct jvpn_map *map); /* NULL is fine */
size_t jvpn_map_count(const struct jvpn_map *map);
/* JVPN_EEXISTS, JVPN_EFULL, JVPN_ERANGE (key empty or over JVPN_MAP_KEY_MAX). The key is copied. */
int jvpn_map_put(struct jvpn_map *map, const void *key, size_t key_len, uint32_t value);
/* JVPN_ENOTFOUND. */
int jvpn_map_get(const struct jvpn_map *map, const void *key, size_t key_len, uint32_t *value);
int jvpn_map_remove(struct jvpn_map *map, const void *key, size_t key_len);
/* SipHash-2-4 (Aumasson, Bernstein 2012). */
uint64_t jvpn_siphash(const uint8_t seed[JVPN_MAP_SEED_BYTES], const void *data, size_t len);

#endif
