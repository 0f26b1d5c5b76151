/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Operations and their answers, and what recurs: sign of life, trimming, health. Knows neither the
 * record's content nor the lines.
 */
#include "runtime/persist.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/random.h"
#include "crypto/wipe.h"
#include "runtime/clock.h"
#include "runtime/driver.h"
#include "runtime/persist_internal.h"

#define ALIVE_EVERY_NS JVPN_NS_PER_S
#define COUNT_EVERY_NS (60 * JVPN_NS_PER_S)
#define TRIM_EVERY_NS  (60 * JVPN_NS_PER_S)
#define TAG_ALIVE      UINT64_MAX
#define TAG_TRIM       (UINT64_MAX - 1)

static void on_result(void *user, const struct jvpn_store_result *result);

/* Tags of operations of sessions: the lane, and the ticket counted from 1. */
#define TAG_LANE_SHIFT 32
#define NO_TICKET      JVPN_STORE_QUEUE_MAX

static void init_tickets(struct jvpn_persist *p)
{
	for (uint32_t i = 0; i < JVPN_STORE_QUEUE_MAX; i++)
		p->ticket[i].next = i + 1;
	p->answers.first = NO_TICKET;
}

static void lock(const struct jvpn_persist *p)
{
	pthread_mutex_lock(&p->shared->lock);
}

static void unlock(const struct jvpn_persist *p)
{
	pthread_mutex_unlock(&p->shared->lock);
}

static bool is_root(const struct jvpn_persist *p)
{
	return p->id == 0;
}

static struct jvpn_persist *new_root(void)
{
	struct jvpn_persist *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->shared = calloc(1, sizeof(*p->shared));
	if (!p->shared) {
		free(p);
		return NULL;
	}
	pthread_mutex_init(&p->shared->lock, NULL);
	p->shared->lane[0] = p;
	return p;
}

static void free_root(struct jvpn_persist *p)
{
	jvpn_secret_clear(&p->seal_key);
	pthread_mutex_destroy(&p->shared->lock);
	free(p->shared);
	free(p);
}

int jvpn_persist_open(const struct jvpn_persist_config *config, struct jvpn_persist **out,
		      char *error, size_t error_size)
{
	struct jvpn_persist *p = new_root();
	struct jvpn_store_config store = {.backend = config->backend,
					  .path = config->path,
					  .on_result = on_result,
					  .user = p,
					  .clock_ns = jvpn_clock_mono_ns,
					  .timeout_ms = config->timeout_ms,
					  .queue_max = config->queue_max,
					  .fault = config->fault};
	struct jvpn_stamp stamp;
	int rv = p ? jvpn_random(&p->incarnation, sizeof(p->incarnation)) : JVPN_ENOMEM;

	if (!rv)
		rv = jvpn_random(store.hash_seed, sizeof(store.hash_seed));
	if (rv) {
		snprintf(error, error_size, "store: %s", jvpn_err_text(rv));
		if (p)
			free_root(p);
		return rv;
	}
	p->incarnation &= INT64_MAX; /* SQLite's integers are signed */
	p->seal_key = *config->seal_key;
	p->health = JVPN_STORE_HEALTH_OK;
	p->shared->queue_max = config->queue_max ? config->queue_max : JVPN_STORE_QUEUE_MAX;
	init_tickets(p);
	jvpn_clock_stamp(&stamp);
	memcpy(p->boot_id, stamp.boot_id, sizeof(p->boot_id));
	rv = jvpn_store_open(&store, &p->shared->store, error, error_size);
	if (rv) {
		free_root(p);
		return rv;
	}
	*out = p;
	return 0;
}

/* ---- lanes ---- */

int jvpn_persist_lane_new(struct jvpn_persist *root, struct jvpn_persist **out)
{
	struct jvpn_persist *p;
	size_t id = 1;

	while (id < JVPN_PERSIST_LANES_MAX && root->shared->lane[id])
		id++;
	if (id == JVPN_PERSIST_LANES_MAX)
		return JVPN_EFULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return JVPN_ENOMEM;
	p->shared = root->shared;
	p->id = id;
	p->seal_key = root->seal_key;
	p->incarnation = root->incarnation;
	memcpy(p->boot_id, root->boot_id, sizeof(p->boot_id));
	init_tickets(p);
	lock(p);
	p->shared->lane[id] = p;
	unlock(p);
	*out = p;
	return 0;
}

static void wipe_scratch(struct jvpn_persist *p)
{
	jvpn_wipe(&p->dry, sizeof(p->dry));
}

void jvpn_persist_lane_free(struct jvpn_persist *lane)
{
	if (!lane)
		return;
	lock(lane);
	lane->shared->lane[lane->id] = NULL;
	lane->shared->open_answers -= lane->answers.count;
	unlock(lane);
	jvpn_secret_clear(&lane->seal_key);
	wipe_scratch(lane);
	free(lane);
}

void jvpn_persist_set_wake(struct jvpn_persist *persist, void (*wake)(void *user), void *user)
{
	persist->wake = wake;
	persist->wake_user = user;
}

static void wake(const struct jvpn_persist *p)
{
	if (p->wake)
		p->wake(p->wake_user);
}

void jvpn_persist_lose(struct jvpn_persist *persist, uint64_t lines)
{
	lock(persist);
	persist->shared->lines_lost += lines;
	unlock(persist);
}

int jvpn_persist_give(struct jvpn_persist *persist, const struct jvpn_store_op *op)
{
	struct jvpn_store *store = persist->shared->store;
	bool is_first;
	int rv;

	lock(persist);
	rv = jvpn_store_submit(store, op, persist->driver->now_ns);
	is_first = jvpn_store_pending(store) == 1;
	unlock(persist);
	/* Its deadline is the root's next one. */
	if (is_first && !is_root(persist))
		wake(persist->shared->lane[0]);
	return rv;
}

/* True when everything has an answer. */
static bool drain(struct jvpn_persist *p)
{
	struct jvpn_store *store = p->shared->store;
	uint64_t now = jvpn_clock_mono_ns();
	uint64_t until = jvpn_time_add(now, jvpn_ms_to_ns(JVPN_PERSIST_CLOSE_MS));
	struct pollfd fd = {.fd = jvpn_store_fd(store), .events = POLLIN};

	while (jvpn_store_pending(store) && now < until) {
		(void)poll(&fd, 1, 50);
		now = jvpn_clock_mono_ns();
		jvpn_store_dispatch(store, now);
	}
	return jvpn_store_pending(store) == 0;
}

bool jvpn_persist_close(struct jvpn_persist *persist)
{
	bool all;

	if (!persist)
		return true;
	persist->driver = NULL;
	all = drain(persist);
	if (all)
		jvpn_store_close(persist->shared->store);
	else /* closing would wait for the disk: the end of the process does not */
		jvpn_log_error(JVPN_LOG_STORE,
			       "the store does not answer: the last changes may be lost");
	jvpn_secret_clear(&persist->seal_key);
	wipe_scratch(persist);
	if (all)
		free_root(persist);
	return all;
}

/* ---- loading ---- */

static int count_one(void *user, const struct jvpn_store_entry *entry)
{
	size_t *count = user;

	(void)entry;
	(*count)++;
	return 0;
}

int jvpn_persist_count(struct jvpn_persist *persist, size_t *count, char *error)
{
	*count = 0;
	return jvpn_store_load(persist->shared->store, count_one, count, error);
}

struct loading {
	struct jvpn_persist *persist;
	int (*each)(void *user, const struct jvpn_persist_entry *entry);
	void *user;
	struct jvpn_stamp alive;
	bool has_alive;
	int error; /* of a record */
};

static int load_one(void *user, const struct jvpn_store_entry *stored)
{
	struct loading *l = user;
	struct jvpn_persist_entry entry;
	int rv;

	memset(&entry, 0, sizeof(entry));
	l->error = jvpn_persist_decode(l->persist, stored, l->has_alive ? &l->alive : NULL, &entry);
	rv = l->error ? l->error : l->each(l->user, &entry);
	jvpn_wipe(&entry.keys, sizeof(entry.keys));
	return rv;
}

int jvpn_persist_load(struct jvpn_persist *persist,
		      int (*each)(void *user, const struct jvpn_persist_entry *entry), void *user,
		      char *error)
{
	struct loading l = {.persist = persist, .each = each, .user = user};
	int rv;

	l.has_alive = jvpn_store_alive(persist->shared->store, &l.alive) == 0;
	rv = jvpn_store_load(persist->shared->store, load_one, &l, error);
	if (l.error == JVPN_EUNSUPPORTED)
		snprintf(error, JVPN_STORE_ERROR_MAX,
			 "the store holds a session in a format of another version of jvpn: "
			 "start that version, or move the file and its -wal away to start without "
			 "its sessions; it was not changed");
	else if (l.error)
		snprintf(
			error, JVPN_STORE_ERROR_MAX,
			"the store holds a damaged session: restore a copy of the file, or move it "
			"and its -wal away to start without its sessions; it was not changed");
	return rv;
}

/* ---- operations ---- */

void jvpn_persist_bind(struct jvpn_persist *persist, struct jvpn_driver *driver)
{
	persist->driver = driver;
}

void jvpn_persist_stamp(const struct jvpn_persist *persist, struct jvpn_stamp *stamp)
{
	if (!persist->driver) {
		jvpn_clock_stamp(stamp);
		return;
	}
	memcpy(stamp->boot_id, persist->boot_id, sizeof(stamp->boot_id));
	stamp->wall_ms = persist->driver->wall_ms;
	stamp->boottime_ms =
		jvpn_time_add(persist->driver->now_ns, jvpn_clock_slept_ns()) / JVPN_NS_PER_MS;
}

static struct jvpn_persist_ticket *take_ticket(struct jvpn_persist *p, struct jvpn_live *live,
					       uint64_t nonce)
{
	struct jvpn_persist_ticket *t;

	if (p->free_ticket == JVPN_STORE_QUEUE_MAX)
		return NULL;
	t = &p->ticket[p->free_ticket];
	p->free_ticket = t->next;
	t->live = live;
	t->nonce = nonce;
	live->ticket = t;
	return t;
}

static void put_ticket(struct jvpn_persist *p, struct jvpn_persist_ticket *t)
{
	if (t->live)
		t->live->ticket = NULL;
	t->live = NULL;
	t->next = p->free_ticket;
	p->free_ticket = (uint32_t)(t - p->ticket);
}

static enum jvpn_store_kind kind_of(enum jvpn_effect_type type)
{
	if (type == JVPN_EFFECT_STORE_CAS)
		return JVPN_STORE_OP_CAS;
	return type == JVPN_EFFECT_STORE_APPEND ? JVPN_STORE_OP_APPEND : JVPN_STORE_OP_REREAD;
}

/* Record and lines of a write. */
static int fill_write(struct jvpn_persist *p, const struct jvpn_live *live,
		      const struct jvpn_effect *effect, struct jvpn_store_op *op)
{
	int len;

	op->from_version = effect->u.store.from_version;
	op->to_version = effect->u.store.to_version;
	op->state = effect->u.store.state;
	jvpn_persist_rehearse(p, live, effect);
	jvpn_persist_collect(p, live, op->to_version);
	op->line = p->lines.line;
	op->line_count = p->lines.count;
	if (op->state == JVPN_STATE_TERMINATED)
		return 0;
	len = jvpn_persist_encode(p, live, effect);
	if (len < 0)
		return len;
	op->record = p->record;
	op->record_len = (size_t)len;
	return 0;
}

int jvpn_persist_submit(struct jvpn_persist *persist, struct jvpn_live *live,
			const struct jvpn_effect *effect)
{
	struct jvpn_store_op op = {.kind = kind_of(effect->type),
				   .id = live->core.id,
				   .nonce = {persist->incarnation, effect->u.store.nonce},
				   .wall_ms = persist->driver->wall_ms};
	struct jvpn_persist_ticket *t;
	int rv = 0;

	if (live->ticket) {
		jvpn_log_error(JVPN_LOG_STORE, "two operations of one session at once");
		return JVPN_EBUSY;
	}
	if (op.kind != JVPN_STORE_OP_REREAD)
		rv = fill_write(persist, live, effect, &op);
	t = rv ? NULL : take_ticket(persist, live, effect->u.store.nonce);
	if (!rv && !t)
		rv = JVPN_EFULL;
	if (!rv) {
		op.tag = (uint64_t)persist->id << TAG_LANE_SHIFT |
			 ((uint64_t)(t - persist->ticket) + 1);
		rv = jvpn_persist_give(persist, &op);
	}
	if (rv && t)
		put_ticket(persist, t);
	if (rv)
		jvpn_log_warn(JVPN_LOG_STORE, "nothing given to the store: %s", jvpn_err_text(rv));
	return rv;
}

void jvpn_persist_forget(struct jvpn_persist *persist, struct jvpn_live *live)
{
	(void)persist;
	if (live->ticket)
		live->ticket->live = NULL; /* free again when its answer is there */
	live->ticket = NULL;
}

/* ---- answers ---- */

/* With the lock held: what comes of an answer may be the next operation. */
static void keep_answer(struct jvpn_persist *lane, uint32_t ticket, enum jvpn_store_status status)
{
	struct jvpn_persist_answers *a = &lane->answers;

	lane->ticket[ticket].status = status;
	lane->ticket[ticket].next = NO_TICKET;
	if (a->first == NO_TICKET)
		a->first = ticket;
	else
		lane->ticket[a->last].next = ticket;
	a->last = ticket;
	a->count++;
	lane->shared->open_answers++;
}

static void on_result(void *user, const struct jvpn_store_result *result)
{
	struct jvpn_persist *root = user;
	uint64_t lane = result->tag >> TAG_LANE_SHIFT;

	if (result->tag == TAG_ALIVE)
		root->alive_pending = false;
	else if (result->tag == TAG_TRIM)
		root->trimmed = *result;
	else if (result->tag == 0)
		root->shared->lines_lost += result->status != JVPN_STORE_OK;
	else if (root->shared->lane[lane])
		keep_answer(root->shared->lane[lane], (uint32_t)result->tag - 1, result->status);
}

static void take_trimmed(struct jvpn_persist *p)
{
	struct jvpn_store_result result = p->trimmed;
	struct jvpn_audit audit = {
		.type = JVPN_AUDIT_AUDIT_TRIMMED, .has = JVPN_HAS_COUNT, .count = result.count};

	if (result.kind == JVPN_STORE_OP_NONE)
		return;
	p->trimmed.kind = JVPN_STORE_OP_NONE;
	p->trim_pending = false;
	if (result.status != JVPN_STORE_OK || !p->driver)
		return;
	if (result.more)
		p->trim_ns = 0;
	if (result.count)
		jvpn_driver_emit(p->driver, &audit);
}

static struct jvpn_persist_answers take_answers(struct jvpn_persist *p)
{
	struct jvpn_persist_answers taken;

	lock(p);
	taken = p->answers;
	p->answers = (struct jvpn_persist_answers){.first = NO_TICKET};
	unlock(p);
	return taken;
}

static void tell_one(struct jvpn_persist *p, uint32_t ticket)
{
	struct jvpn_persist_ticket *t = &p->ticket[ticket];
	struct jvpn_live *live = t->live;
	enum jvpn_store_status status = t->status;
	uint64_t nonce = t->nonce;

	put_ticket(p, t);
	if (live && p->driver)
		jvpn_driver_store_result(live, nonce, status);
}

static void tell_answers(struct jvpn_persist *p)
{
	struct jvpn_persist_answers taken = take_answers(p);
	bool is_quiet;
	uint32_t next;

	for (uint32_t at = taken.first; at != NO_TICKET; at = next) {
		next = p->ticket[at].next;
		tell_one(p, at);
	}
	if (!taken.count)
		return;
	lock(p);
	p->shared->open_answers -= taken.count;
	is_quiet = !p->shared->open_answers && !jvpn_store_pending(p->shared->store);
	unlock(p);
	/* It may wait for that (jvpn_persist_pending). */
	if (is_quiet && !is_root(p))
		wake(p->shared->lane[0]);
}

/* Every lane that has answers; none can go away: that is the root's thread, too. */
static void wake_lanes(const struct jvpn_persist *root)
{
	bool waits[JVPN_PERSIST_LANES_MAX] = {false};

	lock(root);
	for (size_t i = 1; i < JVPN_PERSIST_LANES_MAX; i++)
		waits[i] = root->shared->lane[i] && root->shared->lane[i]->answers.count;
	unlock(root);
	for (size_t i = 1; i < JVPN_PERSIST_LANES_MAX; i++)
		if (waits[i])
			wake(root->shared->lane[i]);
}

int jvpn_persist_fd(const struct jvpn_persist *persist)
{
	return jvpn_store_fd(persist->shared->store);
}

void jvpn_persist_dispatch(struct jvpn_persist *persist, uint64_t now_ns)
{
	if (is_root(persist)) {
		lock(persist);
		jvpn_store_dispatch(persist->shared->store, now_ns);
		unlock(persist);
		take_trimmed(persist);
		wake_lanes(persist);
	}
	tell_answers(persist);
}

size_t jvpn_persist_pending(const struct jvpn_persist *persist)
{
	size_t n;

	lock(persist);
	n = jvpn_store_pending(persist->shared->store) + persist->shared->open_answers;
	unlock(persist);
	return n;
}

bool jvpn_persist_is_busy(const struct jvpn_persist *persist)
{
	return jvpn_persist_pending(persist) >= persist->shared->queue_max / 2;
}

bool jvpn_persist_is_durable(const struct jvpn_persist *persist)
{
	return jvpn_store_is_durable(persist->shared->store);
}

enum jvpn_store_health jvpn_persist_health(const struct jvpn_persist *persist)
{
	return persist->health;
}

void jvpn_persist_get_stats(const struct jvpn_persist *persist, struct jvpn_store_stats *stats,
			    uint64_t *lines_lost)
{
	lock(persist);
	jvpn_store_get_stats(persist->shared->store, stats);
	*lines_lost = persist->shared->lines_lost;
	unlock(persist);
}

/* ---- what recurs ---- */

static void say_alive(struct jvpn_persist *p)
{
	struct jvpn_store_op op = {.kind = JVPN_STORE_OP_ALIVE, .tag = TAG_ALIVE};

	if (p->alive_pending)
		return;
	jvpn_persist_stamp(p, &op.stamp);
	op.wall_ms = op.stamp.wall_ms;
	p->alive_pending = jvpn_persist_give(p, &op) == 0;
}

static void trim(struct jvpn_persist *p)
{
	const struct jvpn_policy *policy = &p->driver->policy;
	uint64_t wall = p->driver->wall_ms;
	struct jvpn_store_op op = {.kind = JVPN_STORE_OP_TRIM,
				   .tag = TAG_TRIM,
				   .wall_ms = wall,
				   .max_bytes = policy->audit_max_bytes,
				   .before_wall_ms = wall > policy->audit_max_age_ms
							     ? wall - policy->audit_max_age_ms
							     : 0};

	if (!p->trim_pending)
		p->trim_pending = jvpn_persist_give(p, &op) == 0;
}

static void watch_health(struct jvpn_persist *p)
{
	char text[JVPN_STORE_ERROR_MAX] = "";
	enum jvpn_store_health health;
	uint64_t lost;

	lock(p);
	health = jvpn_store_health(p->shared->store, text);
	lost = p->shared->lines_lost;
	unlock(p);
	if (health != p->health && health == JVPN_STORE_HEALTH_OK)
		jvpn_log_info(JVPN_LOG_STORE, "the store works again");
	else if (health != p->health)
		jvpn_log_error(JVPN_LOG_STORE, "%s", text[0] ? text : "the store fails");
	p->health = health;
	if (lost != p->lines_lost_said)
		jvpn_log_warn(JVPN_LOG_STORE, "%llu audit entries were not stored",
			      (unsigned long long)(lost - p->lines_lost_said));
	p->lines_lost_said = lost;
}

static bool is_due(uint64_t *at_ns, uint64_t now_ns, uint64_t every_ns)
{
	if (now_ns < *at_ns)
		return false;
	*at_ns = jvpn_time_add(now_ns, every_ns);
	return true;
}

static uint64_t store_deadline(const struct jvpn_persist *p)
{
	uint64_t at;

	lock(p);
	at = jvpn_store_next_deadline(p->shared->store);
	unlock(p);
	return at;
}

static void poll_root(struct jvpn_persist *p, uint64_t now_ns)
{
	if (store_deadline(p) <= now_ns)
		jvpn_persist_dispatch(p, now_ns);
	if (is_due(&p->second_ns, now_ns, ALIVE_EVERY_NS)) {
		say_alive(p);
		watch_health(p);
	}
	if (is_due(&p->trim_ns, now_ns, TRIM_EVERY_NS))
		trim(p);
}

void jvpn_persist_poll(struct jvpn_persist *persist, uint64_t now_ns)
{
	if (is_root(persist))
		poll_root(persist, now_ns);
	if (is_due(&persist->minute_ns, now_ns, COUNT_EVERY_NS))
		jvpn_persist_write_denied(persist);
}

uint64_t jvpn_persist_next_deadline(const struct jvpn_persist *persist)
{
	uint64_t at = persist->minute_ns;

	if (!is_root(persist))
		return at;
	at = jvpn_time_min(at, store_deadline(persist));
	at = jvpn_time_min(at, persist->second_ns);
	return jvpn_time_min(at, persist->trim_ns);
}
