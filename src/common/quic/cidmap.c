/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connection ID -> connection in O(1): open addressing with linear probing and backward-shift
 * deletion (no tombstones, so that years of churn cost nothing). Does not own the values.
 */
#include "quic/cidmap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define INITIAL_SLOTS 64

struct slot {
	void *value; /* NULL: empty */
	uint8_t len;
	uint8_t cid[JVPN_CIDMAP_CID_MAX];
};

struct jvpn_cidmap {
	uint8_t key[JVPN_CIDMAP_KEY_BYTES];
	struct slot *slots;
	size_t slot_count; /* a power of two */
	size_t count, max_entries;
};

static uint64_t load_le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static uint64_t rotl(uint64_t v, int bits)
{
	return v << bits | v >> (64 - bits);
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

uint64_t jvpn_cidmap_hash(const uint8_t key[JVPN_CIDMAP_KEY_BYTES], const uint8_t *data, size_t len)
{
	uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
			 k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL};
	uint8_t tail[8] = {0};
	size_t whole = len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		uint64_t m = load_le64(data + i);

		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	memcpy(tail, data + whole, len - whole);
	tail[7] = (uint8_t)len;
	v[3] ^= load_le64(tail);
	sip_round(v);
	sip_round(v);
	v[0] ^= load_le64(tail);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int jvpn_cidmap_new(const uint8_t key[JVPN_CIDMAP_KEY_BYTES], size_t max_entries,
		    struct jvpn_cidmap **out)
{
	struct jvpn_cidmap *map = calloc(1, sizeof(*map));

	if (!map)
		return JVPN_ENOMEM;
	map->slots = calloc(INITIAL_SLOTS, sizeof(*map->slots));
	if (!map->slots) {
		free(map);
		return JVPN_ENOMEM;
	}
	memcpy(map->key, key, sizeof(map->key));
	map->slot_count = INITIAL_SLOTS;
	map->max_entries = max_entries;
	*out = map;
	return 0;
}

void jvpn_cidmap_free(struct jvpn_cidmap *map)
{
	if (!map)
		return;
	free(map->slots);
	explicit_bzero(map->key, sizeof(map->key));
	free(map);
}

static size_t home(const struct jvpn_cidmap *map, const uint8_t *cid, size_t len)
{
	return (size_t)jvpn_cidmap_hash(map->key, cid, len) & (map->slot_count - 1);
}

/* The slot of this CID, or the empty one where it would go. */
static size_t find(const struct jvpn_cidmap *map, const uint8_t *cid, size_t len)
{
	size_t i = home(map, cid, len);

	while (map->slots[i].value &&
	       (map->slots[i].len != len || memcmp(map->slots[i].cid, cid, len) != 0))
		i = (i + 1) & (map->slot_count - 1);
	return i;
}

static bool is_valid_len(size_t len)
{
	return len >= 1 && len <= JVPN_CIDMAP_CID_MAX;
}

void *jvpn_cidmap_get(const struct jvpn_cidmap *map, const uint8_t *cid, size_t len)
{
	return is_valid_len(len) ? map->slots[find(map, cid, len)].value : NULL;
}

static int grow(struct jvpn_cidmap *map)
{
	struct slot *old = map->slots;
	size_t old_count = map->slot_count;
	struct slot *slots = calloc(old_count * 2, sizeof(*slots));

	if (!slots)
		return JVPN_ENOMEM;
	map->slots = slots;
	map->slot_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].value)
			map->slots[find(map, old[i].cid, old[i].len)] = old[i];
	free(old);
	return 0;
}

int jvpn_cidmap_add(struct jvpn_cidmap *map, const uint8_t *cid, size_t len, void *value)
{
	struct slot *s;

	if (!is_valid_len(len) || !value)
		return JVPN_EINVAL;
	if (map->slots[find(map, cid, len)].value)
		return JVPN_EEXISTS;
	if (map->count >= map->max_entries)
		return JVPN_EFULL;
	if ((map->count + 1) * 2 > map->slot_count && grow(map) != 0)
		return JVPN_ENOMEM;
	s = &map->slots[find(map, cid, len)];
	s->value = value;
	s->len = (uint8_t)len;
	memcpy(s->cid, cid, len);
	map->count++;
	return 0;
}

void jvpn_cidmap_remove(struct jvpn_cidmap *map, const uint8_t *cid, size_t len, const void *value)
{
	size_t mask = map->slot_count - 1, hole, i;

	if (!is_valid_len(len))
		return;
	hole = find(map, cid, len);
	if (!map->slots[hole].value || map->slots[hole].value != value)
		return;
	map->slots[hole].value = NULL;
	map->count--;
	/* Close the gap: whoever was pushed past the hole moves back into it. */
	for (i = (hole + 1) & mask; map->slots[i].value; i = (i + 1) & mask) {
		size_t want = home(map, map->slots[i].cid, map->slots[i].len);

		if (((i - want) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		map->slots[i].value = NULL;
		hole = i;
	}
}

size_t jvpn_cidmap_count(const struct jvpn_cidmap *map)
{
	return map->count;
}
