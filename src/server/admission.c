/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CONNECT-IP requests to sessions: new ones (with a credential), attaches (with a proof), refusals
 * (with a reason). Decides about admission only; what a session may do is the core's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/time.h"
#include "core/reattach.h"
#include "crypto/random.h"
#include "proto/capsule.h"
#include "proto/dnsassign.h"
#include "proto/jvfield.h"
#include "quic/steer.h"
#include "runtime/clock.h"
#include "server/auth.h"
#include "server/lease.h"
#include "server/server.h"

#define RETRY_AFTER_FULL_S 30

/* ---- the index ---- */

int jvpn_server_index_init(struct jvpn_server_index *index, size_t capacity)
{
	uint8_t seed[JVPN_MAP_SEED_BYTES];
	int rv = jvpn_random(seed, sizeof(seed));

	if (!rv)
		rv = jvpn_map_new(capacity, seed, &index->by_id);
	if (!rv)
		rv = jvpn_map_new(capacity, seed, &index->by_user);
	if (rv)
		return rv;
	index->entry = calloc(capacity, sizeof(*index->entry));
	index->live = calloc(capacity, sizeof(*index->live));
	if (!index->entry || !index->live)
		return JVPN_ENOMEM;
	jvpn_table_init(&index->table, index->entry, capacity, index->by_id, index->by_user);
	return 0;
}

void jvpn_server_index_clear(struct jvpn_server_index *index)
{
	jvpn_map_free(index->by_id);
	jvpn_map_free(index->by_user);
	free(index->entry);
	free(index->live);
	memset(index, 0, sizeof(*index));
}

/* ---- answers ---- */

static void refuse(struct jvpn_transport *t, int status, enum jvpn_reason reason)
{
	struct jvpn_h3_response response = {.status = status};

	if (status == 503 || status == 429)
		response.retry_after_s = RETRY_AFTER_FULL_S;
	snprintf(response.body, sizeof(response.body), "{\"title\":\"%s\",\"status\":%d}",
		 jvpn_reason_name(reason), status);
	jvpn_conn_respond(t->conn, &response);
}

static void print_field(const struct jvpn_jvfield *field, struct jvpn_h3_response *response)
{
	if (jvpn_jvfield_print(field, response->jumping_session, sizeof(response->jumping_session)))
		response->jumping_session[0] = '\0';
}

/* A new session's transport is named by SESSION_CREATED, that of an attach here. */
static void answer_ok(struct jvpn_transport *t, bool plain)
{
	struct jvpn_h3_response response = {.status = 200};
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_OK};

	if (!plain && t->live->core.state != JVPN_STATE_BIRTH)
		jvpn_session_transport_id(&t->live->core, t->slot, field.transport_id);
	if (!plain)
		print_field(&field, &response);
	jvpn_conn_respond(t->conn, &response);
}

/* ADDRESS_ASSIGN and ROUTE_ADVERTISEMENT (RFC 9484 section 4.7), then DNS_ASSIGN: never before the routes
 * that lead to its servers. */
static void send_config(const struct jvpn_server *server, struct jvpn_transport *t)
{
	uint8_t value[JVPN_CAPSULE_BUFFER_BYTES];
	struct jvpn_writer w;

	jvpn_writer_init(&w, value, sizeof(value));
	if (!jvpn_connectip_assign_encode(t->live->addresses, &w))
		jvpn_conn_send_capsule(t->conn, JVPN_CAPSULE_ADDRESS_ASSIGN, value,
				       jvpn_writer_len(&w));
	jvpn_writer_init(&w, value, sizeof(value));
	if (!jvpn_connectip_routes_encode(&server->routes, &w))
		jvpn_conn_send_capsule(t->conn, JVPN_CAPSULE_ROUTE_ADVERTISEMENT, value,
				       jvpn_writer_len(&w));
	jvpn_writer_init(&w, value, sizeof(value));
	/* Also that there are none: a session may have heard of some before a restart. */
	if ((server->dns.server_count || !t->live->plain) &&
	    !jvpn_dnsassign_encode(&server->dns, &w))
		jvpn_conn_send_capsule(t->conn, JVPN_CAPSULE_DNS_ASSIGN, value,
				       jvpn_writer_len(&w));
}

/* No answer at all: its source or its connection has had enough of them. */
static void close_limited(struct jvpn_transport *t)
{
	jvpn_conn_close(t->conn, JVPN_APP_REFUSED, jvpn_reason_name(JVPN_REASON_RATE_LIMITED));
}

/* A request of nobody that we know: charged to its source, told, answered. */
static void turn_away(struct jvpn_worker *worker, struct jvpn_transport *t, int status,
		      enum jvpn_reason reason)
{
	if (!jvpn_driver_charge_refusal(t)) {
		close_limited(t);
		return;
	}
	jvpn_strangers_refused(&worker->strangers, t, reason);
	refuse(t, status, reason);
}

/* ---- new sessions ---- */

static void lock(const struct jvpn_worker *worker)
{
	pthread_mutex_lock(&worker->server->lock);
}

static void unlock(const struct jvpn_worker *worker)
{
	pthread_mutex_unlock(&worker->server->lock);
}

struct jvpn_worker *jvpn_server_owner(struct jvpn_server *server, const struct jvpn_id *id)
{
	return &server->worker[id->b[0] % server->worker_count];
}

/* Under the lock. Not if somebody else has taken it out before. */
static void leave_index(struct jvpn_server_index *index, const struct jvpn_live *live, size_t at)
{
	if (index->live[at] != live)
		return;
	index->live[at] = NULL;
	jvpn_table_remove(&index->table, at);
}

/* Its place is free already; the session itself ends on its own thread. */
static void evict(struct jvpn_worker *worker, struct jvpn_live *live, const struct jvpn_id *id)
{
	struct jvpn_worker *owner = jvpn_server_owner(worker->server, id);

	if (owner != worker)
		jvpn_worker_evict(owner, id);
	else if (live)
		jvpn_driver_terminate(live, JVPN_REASON_RESOURCE_EXHAUSTED);
}

static bool make_room(struct jvpn_worker *worker, uint64_t user_hash)
{
	struct jvpn_server_index *index = &worker->server->index;
	struct jvpn_live *live = NULL;
	struct jvpn_id id = {{0}};
	enum jvpn_admit admit;
	size_t victim;

	lock(worker);
	admit = jvpn_table_admit(&index->table, &worker->engine.driver->policy, user_hash, &victim);
	if (admit == JVPN_ADMIT_EVICT) {
		live = index->live[victim];
		id = index->entry[victim].id;
		leave_index(index, live, victim);
	}
	unlock(worker);
	if (admit == JVPN_ADMIT_EVICT)
		evict(worker, live, &id);
	return admit == JVPN_ADMIT_OK || admit == JVPN_ADMIT_EVICT;
}

static int lease_addresses(struct jvpn_worker *worker, struct jvpn_live *live)
{
	struct jvpn_lease_pool *leases = worker->server->leases;
	struct jvpn_connectip_addresses addresses;
	struct jvpn_lease lease;
	int rv;

	lock(worker);
	rv = jvpn_lease_allocate(leases, live, worker->engine.driver->now_ns, &lease);
	if (!rv) {
		jvpn_lease_to_addresses(&lease, &addresses);
		rv = jvpn_live_set_addresses(live, &addresses);
		if (rv)
			jvpn_lease_release(leases, &lease, worker->engine.driver->now_ns);
		else
			jvpn_lease_publish(leases, &lease, worker->id);
	}
	unlock(worker);
	return rv;
}

static void release_addresses(struct jvpn_worker *worker, const struct jvpn_live *live)
{
	struct jvpn_lease lease = {0};

	for (size_t i = 0; i < live->addresses->count; i++) {
		const struct jvpn_connectip_address *a = &live->addresses->address[i];

		jvpn_prefix_set(a->version == 4 ? &lease.ipv4 : &lease.ipv6, a->version, a->address,
				a->prefix_len);
	}
	if (live->addresses->count && worker->server->leases)
		jvpn_lease_release(worker->server->leases, &lease, worker->engine.driver->now_ns);
}

static int enter_index(struct jvpn_worker *worker, struct jvpn_live *live, const struct jvpn_id *id,
		       uint64_t user_hash)
{
	struct jvpn_server_index *index = &worker->server->index;
	size_t victim;
	int at = JVPN_EFULL;

	lock(worker);
	/* Since make_room() another worker may have taken the last place, or the user's last one. */
	if (jvpn_table_admit(&index->table, &worker->engine.driver->policy, user_hash, &victim) ==
	    JVPN_ADMIT_OK)
		at = jvpn_table_add(&index->table, id, user_hash, worker->engine.driver->now_ns);
	if (at >= 0)
		index->live[at] = live;
	unlock(worker);
	if (at < 0)
		return at;
	live->index = (uint32_t)at;
	live->indexed = true;
	return 0;
}

/* BIRTH: id, identity, addresses, keys and a place in the index, or nothing at all. JVPN_ECLOSED: it
 * ended at once, and 'live' is gone. */
static int give_birth(struct jvpn_worker *worker, struct jvpn_live *live, struct jvpn_transport *t,
		      const struct jvpn_auth_identity *identity)
{
	struct jvpn_event create = {.type = JVPN_EVENT_CREATE, .slot = JVPN_SLOT_NONE};
	int rv = jvpn_random(create.u.create.id.b, JVPN_ID_BYTES);
	uint8_t *octet = &create.u.create.id.b[0];

	if (rv)
		return rv;
	*octet = jvpn_steer_octet(*octet, worker->id, (unsigned)worker->server->worker_count);
	create.u.create.user_hash = identity->user_hash;
	create.u.create.plain = live->plain;
	snprintf(live->user, sizeof(live->user), "%s", identity->name);
	rv = jvpn_driver_derive_keys(live, t, &create.u.create.id);
	if (!rv)
		rv = lease_addresses(worker, live);
	if (!rv)
		rv = enter_index(worker, live, &create.u.create.id, identity->user_hash);
	if (rv)
		return rv;
	return jvpn_driver_step(live, &create) ? 0 : JVPN_ECLOSED;
}

static enum jvpn_reason birth_reason(int rv)
{
	return rv == JVPN_EFULL || rv == JVPN_ENOMEM ? JVPN_REASON_CAPACITY_EXCEEDED
						     : JVPN_REASON_INTERNAL_INVARIANT;
}

/* The answer waits for the store: jvpn_server_on_create_answer(). */
static void bind_first(struct jvpn_live *live, struct jvpn_transport *t)
{
	struct jvpn_event attached = {.type = JVPN_EVENT_TRANSPORT_ATTACHED, .slot = t->slot};

	snprintf(attached.u.attached.label, sizeof(attached.u.attached.label), "%s", t->label);
	live->unanswered = true;
	jvpn_driver_step(live, &attached);
}

void jvpn_server_on_create_answer(void *user, struct jvpn_transport *transport,
				  enum jvpn_reason reason)
{
	const struct jvpn_worker *worker = user;
	const struct jvpn_live *live = transport->live;

	if (reason != JVPN_REASON_NONE) {
		refuse(transport, 503, reason);
		return;
	}
	answer_ok(transport, live->plain);
	send_config(worker->server, transport);
	jvpn_log_info(JVPN_LOG_SESSION, "%s: session for %s, %s, %s", transport->peer, live->user,
		      jvpn_conn_cipher(transport->conn), jvpn_conn_group(transport->conn));
}

static void create_session(struct jvpn_worker *worker, struct jvpn_transport *t,
			   const struct jvpn_auth_identity *identity, const char *label, bool plain)
{
	struct jvpn_live *live;
	int rv;

	if (!make_room(worker, identity->user_hash)) {
		jvpn_strangers_refused(&worker->strangers, t, JVPN_REASON_CAPACITY_EXCEEDED);
		refuse(t, 503, JVPN_REASON_CAPACITY_EXCEEDED);
		return;
	}
	rv = jvpn_driver_session_new(worker->engine.driver, &live);
	if (rv) {
		refuse(t, 503, JVPN_REASON_CAPACITY_EXCEEDED);
		return;
	}
	live->plain = plain;
	rv = jvpn_driver_attach(live, t, label);
	if (!rv)
		rv = give_birth(worker, live, t, identity);
	if (rv) {
		jvpn_strangers_refused(&worker->strangers, t, birth_reason(rv));
		refuse(t, 503, birth_reason(rv));
		if (rv != JVPN_ECLOSED)
			jvpn_driver_abandon(live);
		return;
	}
	if (plain && worker->engine.driver->policy.plain_peers == JVPN_PLAIN_PEERS_STRICT)
		jvpn_conn_set_strict(t->conn, true);
	bind_first(live, t);
}

static enum jvpn_reason check_token(const struct jvpn_worker *worker,
				    const struct jvpn_h3_request *request,
				    struct jvpn_auth_identity *identity)
{
	enum jvpn_reason reason;

	lock(worker);
	reason = jvpn_auth_check(worker->server->auth, request->authorization,
				 jvpn_clock_wall_ms() / JVPN_MS_PER_S, identity);
	unlock(worker);
	return reason;
}

static void on_create(struct jvpn_worker *worker, struct jvpn_transport *t,
		      const struct jvpn_h3_request *request, const struct jvpn_jvfield *field)
{
	struct jvpn_auth_identity identity;
	enum jvpn_reason reason = check_token(worker, request, &identity);

	if (reason != JVPN_REASON_NONE) {
		turn_away(worker, t, 401, reason);
		return;
	}
	create_session(worker, t, &identity, field->label[0] ? field->label : "path",
		       field->op != JVPN_JVFIELD_CREATE);
}

/* ---- attaches ---- */

static void refuse_attach(struct jvpn_transport *t, const struct jvpn_msg_reattach_deny *deny)
{
	struct jvpn_h3_response response = {.status = 403};
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_REFUSED};

	field.deny.reason = JVPN_REASON_REATTACH_REFUSED;
	if (deny) {
		field.deny = *deny;
		field.has_mac = deny->reason != JVPN_REASON_REATTACH_REFUSED;
	}
	print_field(&field, &response);
	snprintf(response.body, sizeof(response.body), "{\"title\":\"%s\",\"status\":403}",
		 jvpn_reason_name(field.deny.reason));
	jvpn_conn_respond(t->conn, &response);
}

void jvpn_server_on_attach_answer(void *user, struct jvpn_transport *transport, bool accepted,
				  const struct jvpn_msg_reattach_deny *deny)
{
	const struct jvpn_worker *worker = user;

	if (!accepted) {
		refuse_attach(transport, deny);
		return;
	}
	answer_ok(transport, false);
	send_config(worker->server, transport);
}

/* A credential that is presented must be the session's; none has to be. */
static bool identity_differs(const struct jvpn_worker *worker, const struct jvpn_live *live,
			     const struct jvpn_h3_request *request)
{
	struct jvpn_auth_identity identity;

	if (!request->authorization[0])
		return false;
	return check_token(worker, request, &identity) != JVPN_REASON_NONE ||
	       identity.user_hash != live->core.user_hash;
}

static void charge_stranger(struct jvpn_worker *worker, struct jvpn_transport *t,
			    enum jvpn_reason reason)
{
	if (!jvpn_driver_charge_refusal(t)) {
		close_limited(t);
		return;
	}
	jvpn_strangers_refused(&worker->strangers, t, reason);
	refuse_attach(t, NULL);
}

/* A request without a valid proof is charged before it is looked at any further. */
static bool may_try(struct jvpn_transport *t, bool proof_ok)
{
	if (proof_ok || jvpn_driver_charge_refusal(t))
		return true;
	close_limited(t);
	return false;
}

struct jvpn_live *jvpn_server_find(const struct jvpn_worker *worker, const struct jvpn_id *id)
{
	const struct jvpn_server_index *index = &worker->server->index;
	struct jvpn_live *live;
	int at;

	lock(worker);
	at = jvpn_table_find(&index->table, id);
	live = at < 0 ? NULL : index->live[at];
	if (live && live->driver != worker->engine.driver)
		live = NULL;
	unlock(worker);
	return live;
}

size_t jvpn_server_session_count(struct jvpn_server *server)
{
	size_t n;

	pthread_mutex_lock(&server->lock);
	n = server->index.table.count;
	pthread_mutex_unlock(&server->lock);
	return n;
}

/* No secret: the server id is in every connection ID, the rest in the session id that was sent. The
 * proof cannot be checked here, and is not. */
static void send_elsewhere(struct jvpn_worker *worker, struct jvpn_transport *t,
			   const struct jvpn_id *id)
{
	struct jvpn_h3_response response = {.status = 421, .body = "{\"status\":421}"};
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_ELSEWHERE};

	if (!jvpn_driver_charge_refusal(t)) {
		close_limited(t);
		return;
	}
	field.prefix_len = jvpn_driver_route_prefix(worker->engine.driver, id, field.prefix);
	print_field(&field, &response);
	jvpn_conn_respond(t->conn, &response);
}

static void on_attach(struct jvpn_worker *worker, struct jvpn_transport *t,
		      const struct jvpn_h3_request *request,
		      const struct jvpn_msg_reattach_request *attach)
{
	struct jvpn_event event = {.type = JVPN_EVENT_ATTACH_REQUEST};
	struct jvpn_live *live = jvpn_server_find(worker, &attach->session_id);

	if (jvpn_server_owner(worker->server, &attach->session_id) != worker) {
		send_elsewhere(worker, t, &attach->session_id);
		return;
	}
	if (!live) {
		charge_stranger(worker, t, JVPN_REASON_UNKNOWN_SESSION);
		return;
	}
	if (jvpn_driver_attach(live, t, attach->label)) {
		charge_stranger(worker, t, JVPN_REASON_CAPACITY_EXCEEDED);
		return;
	}
	event.slot = t->slot;
	event.u.request.counter = attach->counter;
	event.u.request.server_version = attach->server_version;
	event.u.request.age_ms = attach->age_ms;
	snprintf(event.u.request.label, sizeof(event.u.request.label), "%s", attach->label);
	event.u.request.proof_ok = jvpn_control_verify_request(&t->control, &live->keys, attach);
	if (!may_try(t, event.u.request.proof_ok)) {
		jvpn_driver_detach(t);
		return;
	}
	event.u.request.identity_mismatch = identity_differs(worker, live, request);
	event.u.request.handshake_validated = true;
	jvpn_driver_step(live, &event);
}

void jvpn_server_on_request(void *user, struct jvpn_transport *transport,
			    const struct jvpn_h3_request *request)
{
	struct jvpn_worker *worker = user;
	struct jvpn_jvfield field = {.op = JVPN_JVFIELD_NONE};
	int rv = 0;

	if (worker->server->stopping || worker->server->draining) {
		refuse(transport, 503, JVPN_REASON_NODE_DRAINING);
		return;
	}
	if (request->jumping_session[0])
		rv = jvpn_jvfield_parse(request->jumping_session, strlen(request->jumping_session),
					&field);
	/* A version that we do not speak is a field that we ignore. */
	if (rv == JVPN_EUNSUPPORTED)
		rv = 0;
	else if (field.op == JVPN_JVFIELD_REFUSED || field.op == JVPN_JVFIELD_OK ||
		 field.op == JVPN_JVFIELD_ELSEWHERE)
		rv = JVPN_EMALFORMED;
	if (rv) {
		turn_away(worker, transport, 400, JVPN_REASON_MALFORMED_MESSAGE);
		return;
	}
	if (field.op == JVPN_JVFIELD_ATTACH)
		on_attach(worker, transport, request, &field.attach);
	else
		on_create(worker, transport, request, &field);
}

/* ---- the life of a session, as far as the index is concerned ---- */

void jvpn_server_on_stepped(void *user, struct jvpn_live *live, enum jvpn_state before)
{
	struct jvpn_worker *worker = user;
	struct jvpn_server_index *index = &worker->server->index;

	if (live->indexed) {
		lock(worker);
		if (index->live[live->index] == live)
			jvpn_table_update(&index->table, live->index, &live->core);
		unlock(worker);
	}
	if (before != live->core.state)
		jvpn_log_debug(JVPN_LOG_SESSION, "%s: %s -> %s", live->user,
			       jvpn_state_name(before), jvpn_state_name(live->core.state));
}

void jvpn_server_on_ended(void *user, struct jvpn_live *live, enum jvpn_reason reason)
{
	struct jvpn_worker *worker = user;

	if (reason != JVPN_REASON_NONE)
		jvpn_log_info(JVPN_LOG_SESSION, "session of %s ended: %s", live->user,
			      jvpn_reason_name(reason));
	lock(worker);
	release_addresses(worker, live);
	if (live->indexed)
		leave_index(&worker->server->index, live, live->index);
	unlock(worker);
}
