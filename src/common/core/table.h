/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bounded index of sessions by session_id. Finds (check 2) without allocating or touching the store,
 * and says which session to evict when there is no room. It holds no sessions: the owner keeps them
 * in an array of its own under the index that the table gives out.
 */
#ifndef JVPN_CORE_TABLE_H
#define JVPN_CORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/map.h"
#include "core/policy.h"
#include "core/session.h"

struct jvpn_table_entry {
	struct jvpn_id id;
	uint64_t user_hash;
	uint64_t transportless_since_ns; /* valid while !bound */
	bool used;
	bool terminated; /* a tombstone: kept until room is needed */
	bool bound;      /* |A| = 1: never evicted */
	bool candidate;  /* a living candidate is there: not evicted as long as others are */
};

/* Memory is the caller's: 'entry' has 'capacity' elements, the maps are initialised by the caller for
 * at least as many keys, with a secret seed. */
struct jvpn_table {
	struct jvpn_table_entry *entry;
	size_t capacity;
	size_t count;
	size_t tombstones; /* of them */
	size_t first_free; /* where to look for a free entry */
	struct jvpn_map *by_id;
	struct jvpn_map *by_user; /* user_hash: how many living sessions */
};

void jvpn_table_init(struct jvpn_table *t, struct jvpn_table_entry *entry, size_t capacity,
		     struct jvpn_map *by_id, struct jvpn_map *by_user);
/* Index of the session, or JVPN_ENOTFOUND. O(1), no allocation. */
int jvpn_table_find(const struct jvpn_table *t, const struct jvpn_id *id);

/* May a session for this user be added? */
enum jvpn_admit {
	JVPN_ADMIT_NONE = 0,
	JVPN_ADMIT_OK,
	JVPN_ADMIT_EVICT, /* after *evict was ended (TERMINATE resource_exhausted) and removed */
	JVPN_ADMIT_FULL   /* capacity_exceeded */
};
/* Eviction order, deterministic: TERMINATED tombstones, then the longest transportless session
 * without a candidate (ties: smallest index), never an attached one; at max_sessions_per_user the
 * same among that user's own sessions. O(1) while there is room. */
enum jvpn_admit jvpn_table_admit(const struct jvpn_table *t, const struct jvpn_policy *policy,
				 uint64_t user_hash, size_t *evict);
/* Index of the new entry, JVPN_EFULL, JVPN_EEXISTS. */
int jvpn_table_add(struct jvpn_table *t, const struct jvpn_id *id, uint64_t user_hash,
		   uint64_t now_ns);
/* Takes over what eviction needs to know; call after every step. */
void jvpn_table_update(struct jvpn_table *t, size_t index, const struct jvpn_session *s);
void jvpn_table_remove(struct jvpn_table *t, size_t index);
size_t jvpn_table_user_count(const struct jvpn_table *t, uint64_t user_hash);

#endif
