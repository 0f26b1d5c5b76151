/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The session index of table.h. Must not hold or free sessions.
 */
#include "core/table.h"

#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "core/prelude.h"

void jvpn_table_init(struct jvpn_table *t, struct jvpn_table_entry *entry, size_t capacity,
		     struct jvpn_map *by_id, struct jvpn_map *by_user)
{
	memset(entry, 0, capacity * sizeof(*entry));
	t->entry = entry;
	t->capacity = capacity;
	t->count = 0;
	t->tombstones = 0;
	t->first_free = 0;
	t->by_id = by_id;
	t->by_user = by_user;
}

int jvpn_table_find(const struct jvpn_table *t, const struct jvpn_id *id)
{
	uint32_t index;

	if (jvpn_map_get(t->by_id, id->b, JVPN_ID_BYTES, &index) != 0)
		return JVPN_ENOTFOUND;
	return (int)index;
}

size_t jvpn_table_user_count(const struct jvpn_table *t, uint64_t user_hash)
{
	uint32_t n;

	return jvpn_map_get(t->by_user, &user_hash, sizeof(user_hash), &n) == 0 ? n : 0;
}

/* There is room: a user who is counted has an entry. */
static void set_user_count(struct jvpn_table *t, uint64_t user_hash, size_t n)
{
	(void)jvpn_map_remove(t->by_user, &user_hash, sizeof(user_hash));
	if (n != 0)
		(void)jvpn_map_put(t->by_user, &user_hash, sizeof(user_hash), (uint32_t)n);
}

static void set_terminated(struct jvpn_table *t, struct jvpn_table_entry *e, bool terminated)
{
	size_t living;

	if (e->terminated == terminated)
		return;
	living = jvpn_table_user_count(t, e->user_hash);
	e->terminated = terminated;
	if (terminated) {
		t->tombstones++;
		set_user_count(t, e->user_hash, living - 1);
	} else {
		t->tombstones--;
		set_user_count(t, e->user_hash, living + 1);
	}
}

static bool is_evictable(const struct jvpn_table_entry *e)
{
	return e->used && !e->terminated && !e->bound && !e->candidate;
}

/* The one that has been without a transport for longest; 'user' NULL: of everybody. */
static bool find_victim(const struct jvpn_table *t, const uint64_t *user, size_t *victim)
{
	uint64_t oldest = JVPN_TIME_NEVER;
	bool found = false;

	for (size_t i = 0; i < t->capacity; i++) {
		const struct jvpn_table_entry *e = &t->entry[i];

		if (!is_evictable(e) || (user != NULL && e->user_hash != *user) ||
		    (found && e->transportless_since_ns >= oldest))
			continue;
		oldest = e->transportless_since_ns;
		*victim = i;
		found = true;
	}
	return found;
}

static bool find_tombstone(const struct jvpn_table *t, size_t *victim)
{
	for (size_t i = 0; i < t->capacity; i++) {
		if (t->entry[i].used && t->entry[i].terminated) {
			*victim = i;
			return true;
		}
	}
	return false;
}

enum jvpn_admit jvpn_table_admit(const struct jvpn_table *t, const struct jvpn_policy *policy,
				 uint64_t user_hash, size_t *evict)
{
	size_t living = t->count - t->tombstones;

	if (jvpn_table_user_count(t, user_hash) >= policy->max_sessions_per_user)
		return find_victim(t, &user_hash, evict) ? JVPN_ADMIT_EVICT : JVPN_ADMIT_FULL;
	if (living >= policy->max_sessions)
		return find_victim(t, NULL, evict) ? JVPN_ADMIT_EVICT : JVPN_ADMIT_FULL;
	if (t->count < t->capacity)
		return JVPN_ADMIT_OK;
	if (find_tombstone(t, evict) || find_victim(t, NULL, evict))
		return JVPN_ADMIT_EVICT;
	return JVPN_ADMIT_FULL;
}

int jvpn_table_add(struct jvpn_table *t, const struct jvpn_id *id, uint64_t user_hash,
		   uint64_t now_ns)
{
	size_t i = t->first_free;
	int err;

	if (jvpn_table_find(t, id) >= 0)
		return JVPN_EEXISTS;
	if (t->count == t->capacity)
		return JVPN_EFULL;
	while (t->entry[i].used)
		i = (i + 1) % t->capacity;
	err = jvpn_map_put(t->by_id, id->b, JVPN_ID_BYTES, (uint32_t)i);
	if (err != 0)
		return err;
	memset(&t->entry[i], 0, sizeof(t->entry[i]));
	t->entry[i].id = *id;
	t->entry[i].user_hash = user_hash;
	t->entry[i].transportless_since_ns = now_ns;
	t->entry[i].used = true;
	/* until the first update: being created, not to be evicted */
	t->entry[i].candidate = true;
	t->first_free = (i + 1) % t->capacity;
	t->count++;
	set_user_count(t, user_hash, jvpn_table_user_count(t, user_hash) + 1);
	return (int)i;
}

void jvpn_table_update(struct jvpn_table *t, size_t index, const struct jvpn_session *s)
{
	struct jvpn_table_entry *e = &t->entry[index];

	set_terminated(t, e, s->state == JVPN_STATE_TERMINATED);
	e->bound = s->bound != JVPN_SLOT_NONE;
	e->candidate = s->state == JVPN_STATE_BIRTH || jvpn_session_candidate_count(s) > 0;
	e->transportless_since_ns =
		jvpn_time_since(s->transportless_since_ns, jvpn_ms_to_ns(s->transportless_ref_ms));
}

void jvpn_table_remove(struct jvpn_table *t, size_t index)
{
	if (index >= t->capacity || !t->entry[index].used)
		return;
	set_terminated(t, &t->entry[index], true); /* counted for nobody */
	t->tombstones--;
	(void)jvpn_map_remove(t->by_id, t->entry[index].id.b, JVPN_ID_BYTES);
	memset(&t->entry[index], 0, sizeof(t->entry[index]));
	t->first_free = index;
	t->count--;
}
