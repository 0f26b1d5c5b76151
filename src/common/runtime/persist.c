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

static void init_tickets(struct jvpn_persist *p)
{
	for (uint32_t i = 0; i < JVPN_STORE_QUEUE_MAX; i++)
		p->ticket[i].next_free = i + 1;
}

int jvpn_persist_open(const struct jvpn_persist_config *config, struct jvpn_persist **out,
		      char *error, size_t error_size)
{
	struct jvpn_persist *p = calloc(1, sizeof(*p));
	struct jvpn_store_config store = {.backend = config->backend,
					  .path = config->path,
					  .on_result = on_result,
					  .user = p,
					  .clock_ns = jvpn_clock_mono_ns,
					  .timeout_ms = config->timeout_ms,
					  .fault = config->fault};
	struct jvpn_stamp stamp;
	int rv = p ? jvpn_random(&p->incarnation, sizeof(p->incarnation)) : JVPN_ENOMEM;

	if (!rv)
		rv = jvpn_random(store.hash_seed, sizeof(store.hash_seed));
	if (rv) {
		snprintf(error, error_size, "store: %s", jvpn_err_text(rv));
		free(p);
		return rv;
	}
	p->incarnation &= INT64_MAX; /* SQLite's integers are signed */
	p->seal_key = *config->seal_key;
	p->health = JVPN_STORE_HEALTH_OK;
	init_tickets(p);
	jvpn_clock_stamp(&stamp);
	memcpy(p->boot_id, stamp.boot_id, sizeof(p->boot_id));
	rv = jvpn_store_open(&store, &p->store, error, error_size);
	if (rv) {
		jvpn_secret_clear(&p->seal_key);
		free(p);
		return rv;
	}
	*out = p;
	return 0;
}

/* True when everything has an answer. */
static bool drain(struct jvpn_persist *p)
{
	uint64_t now = jvpn_clock_mono_ns();
	uint64_t until = jvpn_time_add(now, jvpn_ms_to_ns(JVPN_PERSIST_CLOSE_MS));
	struct pollfd fd = {.fd = jvpn_store_fd(p->store), .events = POLLIN};

	while (jvpn_store_pending(p->store) && now < until) {
		(void)poll(&fd, 1, 50);
		now = jvpn_clock_mono_ns();
		jvpn_store_dispatch(p->store, now);
	}
	return jvpn_store_pending(p->store) == 0;
}

bool jvpn_persist_close(struct jvpn_persist *persist)
{
	bool all;

	if (!persist)
		return true;
	persist->driver = NULL;
	all = drain(persist);
	if (all)
		jvpn_store_close(persist->store);
	else /* closing would wait for the disk: the end of the process does not */
		jvpn_log_error(JVPN_LOG_STORE,
			       "the store does not answer: the last changes may be lost");
	jvpn_secret_clear(&persist->seal_key);
	jvpn_wipe(&persist->dry, sizeof(persist->dry));
	if (all)
		free(persist);
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
	return jvpn_store_load(persist->store, count_one, count, error);
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

	l.has_alive = jvpn_store_alive(persist->store, &l.alive) == 0;
	rv = jvpn_store_load(persist->store, load_one, &l, error);
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
	p->free_ticket = t->next_free;
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
	t->next_free = p->free_ticket;
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
		op.tag = (uint64_t)(t - persist->ticket) + 1;
		rv = jvpn_store_submit(persist->store, &op, persist->driver->now_ns);
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

static void on_trimmed(struct jvpn_persist *p, const struct jvpn_store_result *result)
{
	struct jvpn_audit audit = {
		.type = JVPN_AUDIT_AUDIT_TRIMMED, .has = JVPN_HAS_COUNT, .count = result->count};

	p->trim_pending = false;
	if (result->status != JVPN_STORE_OK || !p->driver)
		return;
	if (result->more)
		p->trim_ns = 0;
	if (result->count)
		jvpn_driver_emit(p->driver, &audit);
}

static void on_result(void *user, const struct jvpn_store_result *result)
{
	struct jvpn_persist *p = user;
	struct jvpn_persist_ticket *t;
	struct jvpn_live *live;

	if (result->tag == TAG_ALIVE) {
		p->alive_pending = false;
	} else if (result->tag == TAG_TRIM) {
		on_trimmed(p, result);
	} else if (result->tag == 0) {
		p->lines_lost += result->status != JVPN_STORE_OK;
	} else {
		t = &p->ticket[result->tag - 1];
		live = t->live;
		put_ticket(p, t);
		if (live && p->driver)
			jvpn_driver_store_result(live, result->nonce.counter, result->status);
	}
}

int jvpn_persist_fd(const struct jvpn_persist *persist)
{
	return jvpn_store_fd(persist->store);
}

void jvpn_persist_dispatch(struct jvpn_persist *persist, uint64_t now_ns)
{
	jvpn_store_dispatch(persist->store, now_ns);
}

size_t jvpn_persist_pending(const struct jvpn_persist *persist)
{
	return jvpn_store_pending(persist->store);
}

bool jvpn_persist_is_durable(const struct jvpn_persist *persist)
{
	return jvpn_store_is_durable(persist->store);
}

enum jvpn_store_health jvpn_persist_health(const struct jvpn_persist *persist)
{
	return persist->health;
}

/* ---- what recurs ---- */

static void say_alive(struct jvpn_persist *p)
{
	struct jvpn_store_op op = {.kind = JVPN_STORE_OP_ALIVE, .tag = TAG_ALIVE};

	if (p->alive_pending)
		return;
	jvpn_persist_stamp(p, &op.stamp);
	op.wall_ms = op.stamp.wall_ms;
	p->alive_pending = jvpn_store_submit(p->store, &op, p->driver->now_ns) == 0;
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
		p->trim_pending = jvpn_store_submit(p->store, &op, p->driver->now_ns) == 0;
}

static void watch_health(struct jvpn_persist *p)
{
	char text[JVPN_STORE_ERROR_MAX] = "";
	enum jvpn_store_health health = jvpn_store_health(p->store, text);

	if (health != p->health && health == JVPN_STORE_HEALTH_OK)
		jvpn_log_info(JVPN_LOG_STORE, "the store works again");
	else if (health != p->health)
		jvpn_log_error(JVPN_LOG_STORE, "%s", text[0] ? text : "the store fails");
	p->health = health;
	if (p->lines_lost != p->lines_lost_said)
		jvpn_log_warn(JVPN_LOG_STORE, "%llu audit entries were not stored",
			      (unsigned long long)(p->lines_lost - p->lines_lost_said));
	p->lines_lost_said = p->lines_lost;
}

static bool is_due(uint64_t *at_ns, uint64_t now_ns, uint64_t every_ns)
{
	if (now_ns < *at_ns)
		return false;
	*at_ns = jvpn_time_add(now_ns, every_ns);
	return true;
}

void jvpn_persist_poll(struct jvpn_persist *persist, uint64_t now_ns)
{
	if (jvpn_store_next_deadline(persist->store) <= now_ns)
		jvpn_store_dispatch(persist->store, now_ns);
	if (is_due(&persist->second_ns, now_ns, ALIVE_EVERY_NS)) {
		say_alive(persist);
		watch_health(persist);
	}
	if (is_due(&persist->trim_ns, now_ns, TRIM_EVERY_NS))
		trim(persist);
	if (is_due(&persist->minute_ns, now_ns, COUNT_EVERY_NS))
		jvpn_persist_write_denied(persist);
}

uint64_t jvpn_persist_next_deadline(const struct jvpn_persist *persist)
{
	uint64_t at = jvpn_store_next_deadline(persist->store);

	at = jvpn_time_min(at, persist->second_ns);
	return jvpn_time_min(at, jvpn_time_min(persist->trim_ns, persist->minute_ns));
}
