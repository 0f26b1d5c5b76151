/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The address pool: slot i is host address i + 2 of both prefixes. Free slots stand in a list in
 * the order they became free, so that an address is reused as late as possible.
 */
#include "server/lease.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"

#define SERVER_HOST     1u
#define FIRST_HOST      2u
#define NO_SLOT         UINT32_MAX
#define IPV4_LENGTH_MAX 30
#define IPV6_LENGTH_MAX 126

struct slot {
	void *owner; /* NULL: free */
	uint64_t released_ns;
	uint32_t prev, next; /* in the list of free slots */
	/* Whose thread may use 'owner' without a lock; set when it is there, gone before it is. */
	_Atomic uint32_t worker;
	bool was_used;
};

struct jvpn_lease_pool {
	struct jvpn_lease_config config;
	size_t capacity, count;
	uint32_t free_head, free_tail;
	struct slot slots[];
};

static bool prefix_has_host_bits(const struct jvpn_prefix *prefix)
{
	struct jvpn_prefix masked = *prefix;

	jvpn_prefix_mask(&masked);
	return !jvpn_prefix_equal(&masked, prefix);
}

/* How many clients fit: all host numbers but 0, 1 and, with IPv4, the last. */
static int prefix_room(const struct jvpn_prefix *prefix, uint8_t family, size_t *room)
{
	uint8_t length_max = family == 4 ? IPV4_LENGTH_MAX : IPV6_LENGTH_MAX;
	unsigned host_bits;

	if (prefix->family == 0)
		return 0;
	if (prefix->family != family || prefix->length > jvpn_prefix_bits(family) ||
	    prefix_has_host_bits(prefix))
		return JVPN_EINVAL;
	if (prefix->length > length_max)
		return JVPN_ERANGE;
	host_bits = (unsigned)jvpn_prefix_bits(family) - prefix->length;
	if (host_bits < 32) {
		size_t hosts = ((size_t)1 << host_bits) - FIRST_HOST - (family == 4 ? 1 : 0);

		if (hosts < *room)
			*room = hosts;
	}
	return 0;
}

static void free_append(struct jvpn_lease_pool *pool, uint32_t index)
{
	struct slot *slot = &pool->slots[index];

	slot->prev = pool->free_tail;
	slot->next = NO_SLOT;
	if (pool->free_tail != NO_SLOT)
		pool->slots[pool->free_tail].next = index;
	else
		pool->free_head = index;
	pool->free_tail = index;
}

static void free_remove(struct jvpn_lease_pool *pool, uint32_t index)
{
	struct slot *slot = &pool->slots[index];

	if (slot->prev != NO_SLOT)
		pool->slots[slot->prev].next = slot->next;
	else
		pool->free_head = slot->next;
	if (slot->next != NO_SLOT)
		pool->slots[slot->next].prev = slot->prev;
	else
		pool->free_tail = slot->prev;
}

int jvpn_lease_pool_new(const struct jvpn_lease_config *config, struct jvpn_lease_pool **out)
{
	size_t room = config->max_leases < NO_SLOT ? config->max_leases : NO_SLOT - 1;
	struct jvpn_lease_pool *pool;
	int err;

	if (room == 0 || (config->ipv4.family == 0 && config->ipv6.family == 0))
		return JVPN_EINVAL;
	err = prefix_room(&config->ipv4, 4, &room);
	if (err == 0)
		err = prefix_room(&config->ipv6, 6, &room);
	if (err != 0)
		return err;
	pool = calloc(1, sizeof(*pool) + room * sizeof(pool->slots[0]));
	if (pool == NULL)
		return JVPN_ENOMEM;
	pool->config = *config;
	pool->capacity = room;
	pool->free_head = pool->free_tail = NO_SLOT;
	for (size_t i = 0; i < room; i++) {
		atomic_init(&pool->slots[i].worker, JVPN_LEASE_NOBODY);
		free_append(pool, (uint32_t)i);
	}
	*out = pool;
	return 0;
}

void jvpn_lease_pool_free(struct jvpn_lease_pool *pool)
{
	free(pool);
}

/* Host number 'host' of a prefix as an interface address with the given length. Host bits of a
 * valid prefix are 0 and at least 'host' needs, so there is nothing to carry beyond 32 bits. */
static void host_address(const struct jvpn_prefix *prefix, uint32_t host, uint8_t length,
			 struct jvpn_prefix *out)
{
	size_t octets = jvpn_prefix_bits(prefix->family) / 8u;

	memset(out, 0, sizeof(*out));
	if (octets == 0)
		return;
	*out = *prefix;
	out->length = length;
	for (size_t i = 0; i < 4; i++)
		out->address[octets - 1 - i] |= (uint8_t)(host >> (8 * i));
}

void jvpn_lease_pool_server(const struct jvpn_lease_pool *pool, uint8_t family,
			    struct jvpn_prefix *out)
{
	const struct jvpn_prefix *prefix = family == 4 ? &pool->config.ipv4 : &pool->config.ipv6;

	host_address(prefix, SERVER_HOST, prefix->length, out);
}

size_t jvpn_lease_pool_capacity(const struct jvpn_lease_pool *pool)
{
	return pool->capacity;
}

size_t jvpn_lease_pool_count(const struct jvpn_lease_pool *pool)
{
	return pool->count;
}

static void slot_lease(const struct jvpn_lease_pool *pool, uint32_t index, struct jvpn_lease *out)
{
	host_address(&pool->config.ipv4, index + FIRST_HOST, 32, &out->ipv4);
	host_address(&pool->config.ipv6, index + FIRST_HOST, 128, &out->ipv6);
}

static void set_worker(struct slot *slot, uint32_t worker)
{
	atomic_store_explicit(&slot->worker, worker, memory_order_release);
}

static void slot_take(struct jvpn_lease_pool *pool, uint32_t index, void *owner)
{
	free_remove(pool, index);
	pool->slots[index].owner = owner;
	pool->slots[index].was_used = true;
	pool->count++;
}

int jvpn_lease_allocate(struct jvpn_lease_pool *pool, void *owner, uint64_t now_ns,
			struct jvpn_lease *out)
{
	uint32_t index = pool->free_head;
	const struct slot *slot;

	if (owner == NULL)
		return JVPN_EINVAL;
	if (index == NO_SLOT)
		return JVPN_EFULL;
	slot = &pool->slots[index];
	/* The head has rested for longest: when it may not go yet, nobody may. */
	if (slot->was_used &&
	    jvpn_time_since(now_ns, slot->released_ns) < pool->config.quarantine_ns)
		return JVPN_EFULL;
	slot_take(pool, index, owner);
	slot_lease(pool, index, out);
	return 0;
}

/* The slot of an address; NO_SLOT when it is not one that is handed out. */
static uint32_t slot_of(const struct jvpn_lease_pool *pool, uint8_t family, const uint8_t *address)
{
	const struct jvpn_prefix *prefix = family == 4 ? &pool->config.ipv4 : &pool->config.ipv6;
	size_t octets = jvpn_prefix_bits(family) / 8u;
	struct jvpn_prefix back;
	uint32_t host = 0;

	if (!jvpn_prefix_contains(prefix, family, address))
		return NO_SLOT;
	for (size_t i = 0; i < 4; i++)
		host |= (uint32_t)(address[octets - 1 - i] ^ prefix->address[octets - 1 - i])
			<< (8 * i);
	if (host < FIRST_HOST || host - FIRST_HOST >= pool->capacity)
		return NO_SLOT;
	/* IPv6: nothing may be set between the prefix and the last 32 bits. */
	host_address(prefix, host, prefix->length, &back);
	return memcmp(back.address, address, octets) == 0 ? host - FIRST_HOST : NO_SLOT;
}

/* Both addresses must name the same slot, and all of it. */
static int slot_of_lease(const struct jvpn_lease_pool *pool, const struct jvpn_lease *lease,
			 uint32_t *out)
{
	const struct jvpn_prefix *any = lease->ipv4.family != 0 ? &lease->ipv4 : &lease->ipv6;
	struct jvpn_lease whole;
	uint32_t index;

	if (any->family != 4 && any->family != 6)
		return JVPN_EINVAL;
	index = slot_of(pool, any->family, any->address);
	if (index == NO_SLOT)
		return JVPN_ERANGE;
	slot_lease(pool, index, &whole);
	if (!jvpn_prefix_equal(&whole.ipv4, &lease->ipv4) ||
	    !jvpn_prefix_equal(&whole.ipv6, &lease->ipv6))
		return JVPN_ERANGE;
	*out = index;
	return 0;
}

int jvpn_lease_restore(struct jvpn_lease_pool *pool, void *owner, const struct jvpn_lease *lease)
{
	uint32_t index = NO_SLOT;
	int err;

	if (owner == NULL)
		return JVPN_EINVAL;
	err = slot_of_lease(pool, lease, &index);
	if (err != 0)
		return err;
	if (pool->slots[index].owner != NULL)
		return JVPN_EEXISTS;
	slot_take(pool, index, owner);
	return 0;
}

int jvpn_lease_release(struct jvpn_lease_pool *pool, const struct jvpn_lease *lease,
		       uint64_t now_ns)
{
	uint32_t index = NO_SLOT;

	if (slot_of_lease(pool, lease, &index) != 0 || pool->slots[index].owner == NULL)
		return JVPN_ENOTFOUND;
	set_worker(&pool->slots[index], JVPN_LEASE_NOBODY);
	pool->slots[index].owner = NULL;
	pool->slots[index].released_ns = now_ns;
	pool->count--;
	free_append(pool, index);
	return 0;
}

void jvpn_lease_publish(struct jvpn_lease_pool *pool, const struct jvpn_lease *lease,
			uint32_t worker)
{
	uint32_t index = NO_SLOT;

	if (slot_of_lease(pool, lease, &index) == 0 && pool->slots[index].owner != NULL)
		set_worker(&pool->slots[index], worker);
}

void *jvpn_lease_find(const struct jvpn_lease_pool *pool, uint8_t family, const uint8_t *address,
		      uint32_t *worker)
{
	uint32_t index = slot_of(pool, family, address), asked = *worker;

	*worker = index == NO_SLOT
			  ? JVPN_LEASE_NOBODY
			  : atomic_load_explicit(&pool->slots[index].worker, memory_order_acquire);
	/* Only this very thread can take it back. */
	return *worker == asked && asked != JVPN_LEASE_NOBODY ? pool->slots[index].owner : NULL;
}

void *jvpn_lease_owner(const struct jvpn_lease_pool *pool, uint8_t family, const uint8_t *address)
{
	uint32_t index = slot_of(pool, family, address);

	return index == NO_SLOT ? NULL : pool->slots[index].owner;
}

static void append_address(const struct jvpn_prefix *prefix, struct jvpn_connectip_addresses *out)
{
	struct jvpn_connectip_address *address = &out->address[out->count];

	if (prefix->family == 0)
		return;
	address->version = prefix->family;
	address->prefix_len = prefix->length;
	memcpy(address->address, prefix->address, sizeof(address->address));
	out->count++;
}

void jvpn_lease_to_addresses(const struct jvpn_lease *lease, struct jvpn_connectip_addresses *out)
{
	memset(out, 0, sizeof(*out));
	append_address(&lease->ipv4, out);
	append_address(&lease->ipv6, out);
}

const struct jvpn_prefix *jvpn_lease_overlap(const struct jvpn_lease_config *config,
					     const struct jvpn_prefix *networks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jvpn_prefix_overlaps(&config->ipv4, &networks[i]) ||
		    jvpn_prefix_overlaps(&config->ipv6, &networks[i]))
			return &networks[i];
	return NULL;
}
