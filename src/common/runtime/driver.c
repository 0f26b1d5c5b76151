/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Live sessions: creating them, stepping the core, deadlines, the end. Reads no clock.
 */
#include "runtime/driver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "core/invariant.h"
#include "crypto/wipe.h"
#include "obs/events.h"
#include "runtime/clock.h"
#include "runtime/driver_internal.h"
#include "runtime/persist.h"

int jvpn_driver_new(const struct jvpn_driver_config *config, struct jvpn_driver **out)
{
	struct jvpn_driver *d = calloc(1, sizeof(*d));

	if (!d)
		return JVPN_ENOMEM;
	d->effects = calloc(1, sizeof(*d->effects));
	if (!d->effects || jvpn_heap_init(&d->timers, config->max_sessions)) {
		jvpn_driver_free(d);
		return JVPN_ENOMEM;
	}
	d->role = config->role;
	d->policy = *config->policy;
	d->events = config->events;
	d->persist = config->persist;
	d->ops = config->ops;
	d->user = config->user;
	d->queue = config->queue;
	d->queue.pool = &d->pool;
	d->queue.figures = &d->queues;
	memcpy(d->hash_seed, config->hash_seed, sizeof(d->hash_seed));
	if (config->challenge_key)
		d->challenge_key = *config->challenge_key;
	if (d->persist)
		jvpn_persist_bind(d->persist, d);
	*out = d;
	return 0;
}

/* The numbers for whoever asks how it is; nobody decides by them. */
static void count_state(struct jvpn_live *live, enum jvpn_state state)
{
	size_t *states = live->driver->states;

	if (live->counted == state)
		return;
	if (live->counted != JVPN_STATE_NONE)
		__atomic_sub_fetch(&states[live->counted], 1, __ATOMIC_RELAXED);
	if (state != JVPN_STATE_NONE)
		__atomic_add_fetch(&states[state], 1, __ATOMIC_RELAXED);
	live->counted = state;
}

static const struct jvpn_connectip_addresses no_addresses;

static void free_addresses(struct jvpn_live *live)
{
	if (live->addresses != &no_addresses)
		free((void *)(uintptr_t)live->addresses);
	live->addresses = &no_addresses;
}

int jvpn_live_set_addresses(struct jvpn_live *live,
			    const struct jvpn_connectip_addresses *addresses)
{
	/* Nobody looks beyond 'count', and 32 of them would be half of a session's memory. */
	size_t bytes = offsetof(struct jvpn_connectip_addresses, address) +
		       addresses->count * sizeof(addresses->address[0]);
	struct jvpn_connectip_addresses *copy = malloc(bytes);

	if (!copy)
		return JVPN_ENOMEM;
	memcpy(copy, addresses, bytes);
	free_addresses(live);
	live->addresses = copy;
	return 0;
}

/* Room for transports in the core, with the first one; gone with the last one. */
static int add_slots(struct jvpn_live *live)
{
	struct jvpn_slot *slots;

	if (jvpn_session_has_slots(&live->core))
		return 0;
	slots = malloc(JVPN_SLOTS * sizeof(*slots));
	if (!slots)
		return JVPN_ENOMEM;
	jvpn_session_set_slots(&live->core, slots);
	return 0;
}

static void drop_slots(struct jvpn_live *live, bool dying)
{
	struct jvpn_slot *slots = live->core.slot;

	for (size_t i = 0; i < JVPN_SLOTS && !dying; i++)
		if (live->slot[i])
			return;
	if (jvpn_session_has_slots(&live->core) &&
	    (jvpn_session_set_slots(&live->core, NULL) || dying))
		free(slots);
}

static void live_free(struct jvpn_live *live)
{
	*live->prev_next = live->next;
	if (live->next)
		live->next->prev_next = live->prev_next;
	jvpn_heap_remove(&live->driver->timers, &live->timer);
	for (size_t i = 0; i < JVPN_SLOTS; i++)
		if (live->slot[i]) {
			live->slot[i]->live = NULL;
			live->slot[i]->slot = JVPN_SLOT_NONE;
		}
	if (live->driver->persist)
		jvpn_persist_forget(live->driver->persist, live);
	count_state(live, JVPN_STATE_NONE);
	jvpn_driver_free_held(live);
	free(live->cause);
	jvpn_queue_clear(&live->queue);
	jvpn_session_keys_clear(&live->keys);
	drop_slots(live, true);
	free_addresses(live);
	jvpn_wipe(live, sizeof(*live));
	free(live);
}

void jvpn_driver_free(struct jvpn_driver *driver)
{
	if (!driver)
		return;
	while (driver->lives)
		live_free(driver->lives);
	while (driver->transports)
		jvpn_transport_free(driver->transports);
	if (driver->persist)
		jvpn_persist_bind(driver->persist, NULL);
	jvpn_heap_clear(&driver->timers);
	jvpn_pool_clear(&driver->pool);
	jvpn_secret_clear(&driver->challenge_key);
	free(driver->effects);
	free(driver);
}

void jvpn_driver_set_now(struct jvpn_driver *driver, uint64_t now_ns)
{
	driver->now_ns = now_ns;
	driver->wall_ms = jvpn_clock_wall_ms();
}

void jvpn_driver_set_policy(struct jvpn_driver *driver, const struct jvpn_policy *policy)
{
	driver->policy = *policy;
	for (struct jvpn_live *live = driver->lives; live; live = live->next)
		jvpn_live_reschedule(live);
}

void jvpn_driver_emit(struct jvpn_driver *driver, const struct jvpn_audit *audit)
{
	jvpn_events_emit(driver->events, audit, driver->wall_ms);
	if (driver->persist)
		jvpn_persist_note(driver->persist, NULL, audit);
}

int jvpn_driver_session_new(struct jvpn_driver *driver, struct jvpn_live **out)
{
	struct jvpn_live *live = calloc(1, sizeof(*live));

	if (!live)
		return JVPN_ENOMEM;
	live->driver = driver;
	live->addresses = &no_addresses;
	live->note = "";
	live->counter_limit = UINT64_MAX;
	if (jvpn_heap_set(&driver->timers, &live->timer, JVPN_TIME_NEVER)) {
		free(live);
		return JVPN_EFULL;
	}
	jvpn_session_init(&live->core, driver->role);
	jvpn_queue_init(&live->queue, &driver->queue);
	jvpn_forward_limit_init(&live->icmp, JVPN_FORWARD_ICMP_PER_S, JVPN_FORWARD_ICMP_BURST);
	live->next = driver->lives;
	live->prev_next = &driver->lives;
	if (live->next)
		live->next->prev_next = &live->next;
	driver->lives = live;
	count_state(live, live->core.state);
	*out = live;
	return 0;
}

int jvpn_driver_derive_keys(struct jvpn_live *live, struct jvpn_transport *transport,
			    const struct jvpn_id *id)
{
	uint8_t key[JVPN_SESSION_KEY_BYTES];
	struct jvpn_secret secret = {0};
	int rv = jvpn_conn_export(transport->conn, JVPN_EXPORTER_SESSION, id->b, JVPN_ID_BYTES, key,
				  sizeof(key));

	if (!rv)
		rv = jvpn_secret_set(&secret, key, sizeof(key));
	if (!rv)
		rv = jvpn_session_keys_derive(&secret, id, &live->keys);
	live->has_keys = !rv;
	jvpn_secret_clear(&secret);
	jvpn_wipe(key, sizeof(key));
	return rv;
}

uint8_t jvpn_driver_route_prefix(const struct jvpn_driver *driver, const struct jvpn_id *id,
				 uint8_t out[JVPN_ROUTE_PREFIX_MAX])
{
	memcpy(out, driver->route_prefix, sizeof(driver->route_prefix));
	if (driver->route_prefix_len)
		out[driver->route_prefix_len - 1] = id->b[0];
	return driver->route_prefix_len;
}

int jvpn_driver_attach(struct jvpn_live *live, struct jvpn_transport *transport, const char *label)
{
	uint8_t slot = jvpn_session_free_slot(&live->core);

	if (slot == JVPN_SLOT_NONE)
		return JVPN_EFULL;
	if (add_slots(live))
		return JVPN_ENOMEM;
	if (!transport->has_control) {
		int rv = jvpn_control_init(&transport->control,
					   live->driver->role == JVPN_ROLE_SERVER, transport->conn);

		if (rv)
			return rv;
		transport->has_control = true;
	}
	snprintf(transport->label, sizeof(transport->label), "%s", label);
	transport->live = live;
	transport->slot = slot;
	live->slot[slot] = transport;
	return 0;
}

void jvpn_driver_detach(struct jvpn_transport *transport)
{
	struct jvpn_live *live = transport->live;

	if (live)
		jvpn_driver_drop_held(live, transport);
	if (live && live->slot[transport->slot] == transport)
		live->slot[transport->slot] = NULL;
	transport->live = NULL;
	transport->slot = JVPN_SLOT_NONE;
}

static bool is_durable_now(const struct jvpn_event *event)
{
	return event->type == JVPN_EVENT_STORE_RESULT &&
	       (event->u.store.status == JVPN_STORE_OK ||
		event->u.store.status == JVPN_STORE_FOUND);
}

/* The client hears of its session when it is there to stay. */
static void answer_create(struct jvpn_live *live)
{
	const struct jvpn_driver *d = live->driver;
	struct jvpn_transport *t = jvpn_live_binding(live);

	if (!live->unanswered || !live->learned || !t)
		return;
	live->unanswered = false;
	if (d->ops->on_create_answer)
		d->ops->on_create_answer(d->user, t, JVPN_REASON_NONE);
}

static int run_core(struct jvpn_live *live, struct jvpn_event *event)
{
	struct jvpn_driver *d = live->driver;
	struct jvpn_step_ctx ctx = {
		.policy = &d->policy,
		.global_reattach = d->role == JVPN_ROLE_SERVER ? &d->global_reattach : NULL};
	struct jvpn_witness before;

	event->now_ns = d->now_ns;
	live->generation = event->generation;
	live->learned = is_durable_now(event);
	jvpn_invariant_capture(&live->core, &before);
	jvpn_session_step(&live->core, &ctx, event, d->effects);
	if (d->effects->overflow)
		return -1;
	return jvpn_invariant_check(&before, &live->core, &ctx, event, d->effects);
}

static void execute_all(struct jvpn_live *live)
{
	struct jvpn_effects *fx = live->driver->effects;

	answer_create(live);
	for (size_t i = 0; i < fx->count && !live->over; i++)
		jvpn_driver_execute(live, &fx->v[i]);
}

/* Answers of the store that are there already, and the end of a session with a broken invariant, are events too. */
static bool next_event(struct jvpn_live *live, int broken, struct jvpn_event *event)
{
	memset(event, 0, sizeof(*event));
	event->slot = JVPN_SLOT_NONE;
	if (broken && live->core.state != JVPN_STATE_TERMINATED) {
		jvpn_log_error(JVPN_LOG_SESSION, "invariant %d broken: %s", broken,
			       jvpn_invariant_text(broken));
		event->type = JVPN_EVENT_TERMINATE;
		event->u.reason = JVPN_REASON_INTERNAL_INVARIANT;
		return true;
	}
	if (!live->store_pending)
		return false;
	live->store_pending = false;
	event->type = JVPN_EVENT_STORE_RESULT;
	event->u.store.nonce = live->store_nonce;
	event->u.store.status = live->store_status;
	return true;
}

/* Connections that the core never heard of end with the session they were made for. */
static void close_left_over(struct jvpn_live *live)
{
	for (size_t i = 0; i < JVPN_SLOTS; i++)
		if (live->slot[i])
			jvpn_conn_close(live->slot[i]->conn, JVPN_APP_NO_ERROR,
					jvpn_reason_name(live->over_reason));
}

bool jvpn_driver_step(struct jvpn_live *live, struct jvpn_event *event)
{
	struct jvpn_driver *d = live->driver;
	enum jvpn_state before = live->core.state;
	struct jvpn_event follow;
	enum jvpn_measured measured;
	int broken;

	if (live->in_step || live->over)
		return !live->over;
	measured = jvpn_live_measure_for(live, event);
	if (measured != JVPN_MEASURED)
		return measured != JVPN_MEASURED_OVER;
	before = live->core.state;
	live->in_step = true;
	broken = run_core(live, event);
	execute_all(live);
	while (!live->over && next_event(live, broken, &follow)) {
		broken = run_core(live, &follow);
		execute_all(live);
	}
	live->in_step = false;
	if (live->over) {
		close_left_over(live);
		d->ops->on_ended(d->user, live, live->over_reason);
		live_free(live);
		return false;
	}
	count_state(live, live->core.state);
	if (live->core.bound == JVPN_SLOT_NONE)
		drop_slots(live, false);
	if (d->ops->on_stepped)
		d->ops->on_stepped(d->user, live, before);
	jvpn_live_reschedule(live);
	return true;
}

void jvpn_driver_store_result(struct jvpn_live *live, uint64_t nonce, enum jvpn_store_status status)
{
	struct jvpn_event event = {.type = JVPN_EVENT_STORE_RESULT, .slot = JVPN_SLOT_NONE};

	event.u.store.nonce = nonce;
	event.u.store.status = status;
	jvpn_driver_step(live, &event);
}

void jvpn_driver_abandon(struct jvpn_live *live)
{
	live->driver->ops->on_ended(live->driver->user, live, JVPN_REASON_NONE);
	live_free(live);
}

void jvpn_driver_terminate(struct jvpn_live *live, enum jvpn_reason reason)
{
	struct jvpn_event event = {.type = JVPN_EVENT_TERMINATE, .slot = JVPN_SLOT_NONE};

	event.u.reason = reason;
	jvpn_driver_step(live, &event);
}

int jvpn_driver_operate(struct jvpn_live *live, struct jvpn_event *event, const char *who)
{
	uint64_t transitions = live->core.transitions;

	free(live->cause);
	live->cause = strdup(who); /* without memory the event says less */
	if (!jvpn_driver_step(live, event) || live->core.transitions != transitions ||
	    event->type == JVPN_EVENT_TERMINATE)
		return 0;
	free(live->cause);
	live->cause = NULL;
	return JVPN_EAGAIN;
}

static uint64_t busy_until(const struct jvpn_live *live)
{
	uint64_t ms = live->driver->policy.heartbeat_interval_ms * JVPN_BUSY_HEARTBEATS;

	return jvpn_time_add(live->carried_ns, jvpn_ms_to_ns(ms));
}

void jvpn_live_carried(struct jvpn_live *live)
{
	live->carried_ns = live->driver->now_ns;
	if (live->busy)
		return;
	live->busy = true;
	jvpn_live_reschedule(live);
}

void jvpn_live_reschedule(struct jvpn_live *live)
{
	struct jvpn_driver *d = live->driver;
	uint64_t at = jvpn_session_next_deadline(&live->core, &d->policy);

	live->busy = live->busy && d->now_ns < busy_until(live);
	jvpn_queue_rest(&live->queue, d->now_ns);
	if (live->busy)
		at = jvpn_time_min(at, busy_until(live));
	at = jvpn_time_min(at, jvpn_live_compare_deadline(live));
	for (size_t i = 0; i < JVPN_SLOTS; i++) {
		if (!live->slot[i])
			continue;
		jvpn_transport_update_mode(live->slot[i]);
		at = jvpn_time_min(at, jvpn_transport_next_deadline(live->slot[i]));
	}
	/* Cannot be full: the node is in the heap since the session was made. */
	(void)jvpn_heap_set(&d->timers, &live->timer, at);
}

static void live_on_timer(struct jvpn_live *live)
{
	struct jvpn_driver *d = live->driver;
	struct jvpn_event event = {.type = JVPN_EVENT_TIMER, .slot = JVPN_SLOT_NONE};

	if (jvpn_session_next_deadline(&live->core, &d->policy) <= d->now_ns &&
	    !jvpn_driver_step(live, &event))
		return;
	if (!jvpn_live_compare(live))
		return;
	/* A fact of one transport may end the session: look it up anew each time. */
	for (size_t i = 0; i < JVPN_SLOTS; i++) {
		struct jvpn_transport *t = live->slot[i];

		if (t && jvpn_transport_next_deadline(t) <= d->now_ns) {
			jvpn_transport_poll(t);
			return;
		}
	}
	jvpn_live_reschedule(live);
}

/* Deadlines that stay due (a defect) must not spin the loop for ever. */
#define TIMERS_PER_TURN 100000

void jvpn_driver_on_timer(struct jvpn_driver *driver)
{
	struct jvpn_heap_node *node;

	for (size_t i = 0; i < TIMERS_PER_TURN; i++) {
		node = jvpn_heap_first(&driver->timers);
		if (!node || node->key_ns > driver->now_ns)
			return;
		live_on_timer(
			(struct jvpn_live *)((char *)node - offsetof(struct jvpn_live, timer)));
	}
}

uint64_t jvpn_driver_next_deadline(const struct jvpn_driver *driver)
{
	const struct jvpn_heap_node *node = jvpn_heap_first(&driver->timers);

	return node ? node->key_ns : JVPN_TIME_NEVER;
}

struct jvpn_transport *jvpn_live_binding(const struct jvpn_live *live)
{
	return live->core.bound == JVPN_SLOT_NONE ? NULL : live->slot[live->core.bound];
}

int jvpn_live_reserve(struct jvpn_live *live, uint32_t hash, size_t len, uint8_t **at)
{
	struct jvpn_transport *t = jvpn_live_binding(live);
	int rv = jvpn_queue_reserve(&live->queue, hash, len, live->driver->now_ns, at);

	if (!rv && t)
		jvpn_conn_want_write(t->conn);
	return rv;
}

int jvpn_live_give(struct jvpn_live *live, uint32_t hash, struct jvpn_super *super)
{
	struct jvpn_transport *t = jvpn_live_binding(live);
	int rv = jvpn_queue_put_super(&live->queue, hash, super, live->driver->now_ns);

	if (!rv && t)
		jvpn_conn_want_write(t->conn);
	return rv;
}

void jvpn_live_send(struct jvpn_live *live, const uint8_t *packet, size_t len)
{
	uint8_t *at;

	if (jvpn_live_reserve(live, jvpn_queue_hash(&live->queue, packet, len), len, &at) == 0)
		memcpy(at, packet, len);
}

void jvpn_driver_format_address(const struct sockaddr_storage *address, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(out, size, "%s:%u", text, ntohs(in->sin_port));
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		snprintf(out, size, "[%s]:%u", text, ntohs(in6->sin6_port));
	} else {
		snprintf(out, size, "unknown");
	}
}
