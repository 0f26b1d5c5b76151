/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The seeded hash map of map.h. Must not grow, and must not say in which order keys were put.
 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define CAPACITY_MAX ((size_t)1 << 24)

struct cell {
	uint32_t value;
	uint8_t len; /* 0: empty */
	uint8_t key[JVPN_MAP_KEY_MAX];
};

struct jvpn_map {
	uint8_t seed[JVPN_MAP_SEED_BYTES];
	size_t capacity; /* keys allowed */
	size_t count;
	size_t mask; /* cells - 1; at least twice the capacity, so that probe runs stay short */
	struct cell *cell;
};

static uint64_t load64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static uint64_t rotl(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

uint64_t jvpn_siphash(const uint8_t seed[JVPN_MAP_SEED_BYTES], const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t k0 = load64(seed), k1 = load64(seed + 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
			 k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL};
	uint8_t tail[8] = {0};
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		sip_word(v, load64(p));
	if (left > 0)
		memcpy(tail, p, left);
	tail[7] = (uint8_t)len;
	sip_word(v, load64(tail));
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int jvpn_map_new(size_t capacity, const uint8_t seed[JVPN_MAP_SEED_BYTES], struct jvpn_map **out)
{
	struct jvpn_map *map;
	size_t cells = 8;

	if (capacity == 0 || capacity > CAPACITY_MAX)
		return JVPN_EINVAL;
	while (cells < 2 * capacity)
		cells *= 2;
	map = calloc(1, sizeof(*map));
	if (map == NULL)
		return JVPN_ENOMEM;
	map->cell = calloc(cells, sizeof(*map->cell));
	if (map->cell == NULL) {
		free(map);
		return JVPN_ENOMEM;
	}
	memcpy(map->seed, seed, JVPN_MAP_SEED_BYTES);
	map->capacity = capacity;
	map->mask = cells - 1;
	*out = map;
	return 0;
}

void jvpn_map_free(struct jvpn_map *map)
{
	if (map == NULL)
		return;
	free(map->cell);
	free(map);
}

size_t jvpn_map_count(const struct jvpn_map *map)
{
	return map->count;
}

static size_t home_of(const struct jvpn_map *map, const void *key, size_t key_len)
{
	return (size_t)jvpn_siphash(map->seed, key, key_len) & map->mask;
}

/* The cell with the key, or the empty cell where it would go. There always is an empty one. */
static size_t probe(const struct jvpn_map *map, const void *key, size_t key_len)
{
	size_t i = home_of(map, key, key_len);

	while (map->cell[i].len != 0) {
		if (map->cell[i].len == key_len && memcmp(map->cell[i].key, key, key_len) == 0)
			break;
		i = (i + 1) & map->mask;
	}
	return i;
}

static int key_is_valid(size_t key_len)
{
	return key_len > 0 && key_len <= JVPN_MAP_KEY_MAX;
}

int jvpn_map_put(struct jvpn_map *map, const void *key, size_t key_len, uint32_t value)
{
	struct cell *cell;

	if (!key_is_valid(key_len))
		return JVPN_ERANGE;
	cell = &map->cell[probe(map, key, key_len)];
	if (cell->len != 0)
		return JVPN_EEXISTS;
	if (map->count == map->capacity)
		return JVPN_EFULL;
	memcpy(cell->key, key, key_len);
	cell->len = (uint8_t)key_len;
	cell->value = value;
	map->count++;
	return 0;
}

int jvpn_map_get(const struct jvpn_map *map, const void *key, size_t key_len, uint32_t *value)
{
	const struct cell *cell;

	if (!key_is_valid(key_len))
		return JVPN_ENOTFOUND;
	cell = &map->cell[probe(map, key, key_len)];
	if (cell->len == 0)
		return JVPN_ENOTFOUND;
	*value = cell->value;
	return 0;
}

/* Knuth 6.4 algorithm R: close the gap, so that no tombstones are needed. */
static void close_gap(struct jvpn_map *map, size_t gap)
{
	size_t i = gap;

	for (;;) {
		size_t home;

		i = (i + 1) & map->mask;
		if (map->cell[i].len == 0)
			break;
		home = home_of(map, map->cell[i].key, map->cell[i].len);
		if (((i - home) & map->mask) >= ((i - gap) & map->mask)) {
			map->cell[gap] = map->cell[i];
			gap = i;
		}
	}
	memset(&map->cell[gap], 0, sizeof(map->cell[gap]));
}

int jvpn_map_remove(struct jvpn_map *map, const void *key, size_t key_len)
{
	size_t i;

	if (!key_is_valid(key_len))
		return JVPN_ENOTFOUND;
	i = probe(map, key, key_len);
	if (map->cell[i].len == 0)
		return JVPN_ENOTFOUND;
	close_gap(map, i);
	map->count--;
	return 0;
}
